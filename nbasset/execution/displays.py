"""What an asset displays while it runs is kept with the run: figures, HTML, tables, as files below the run's folder.

Where there is a shell its publisher is wrapped for as long as steps run; each step knows its own by a context variable, so that two that
run at once keep apart. What is displayed is shown as ever. Figures that are open when a step ends belong to it, with a shell or without.
"""

from __future__ import annotations

import base64
import io
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from nbasset.events.facts import DisplayKept, Fact
from nbasset.execution.capture import file_stem
from nbasset.execution.environment import Observe
from nbasset.execution.task import StepTask
from nbasset.loaded import loaded
from nbasset.secrets import mask_secrets

_MOST = 30
_LARGEST_BYTES = 5_000_000
_FORMS = {"image/png": "png", "image/jpeg": "jpg", "image/svg+xml": "svg", "text/html": "html", "text/plain": "txt"}
_CURRENT: ContextVar[_Kept | None] = ContextVar("nbasset_kept", default=None)
_LOCK = threading.Lock()


class _Kept:
    """What one step has displayed."""

    def __init__(self, runs: Path, task: StepTask) -> None:
        self._runs = runs
        self._task = task
        self._facts: list[DisplayKept] = []

    def take(self, data: Mapping[str, Any]) -> None:
        """Keep a bundle in its best form; a widget, or what is too large, is not kept."""
        mime = next((form for form in _FORMS if form in data), None)
        if mime is None or len(self._facts) >= _MOST:
            return
        content = data[mime]
        if mime in ("image/png", "image/jpeg"):
            raw = base64.b64decode(content) if isinstance(content, str) else bytes(content)
        else:
            raw = mask_secrets("".join(content) if isinstance(content, (list, tuple)) else str(content)).encode("utf-8", "replace")
        if not raw or len(raw) > _LARGEST_BYTES:
            return
        name = f"{file_stem(self._task)}.{len(self._facts) + 1}.{_FORMS[mime]}"
        path = self._runs / self._task.run.run_id / "shown" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
        self._facts.append(DisplayKept(mime, path.relative_to(self._runs).as_posix(), len(raw)))

    def facts(self) -> tuple[Fact, ...]:
        """Where everything is, relative to the folder of all runs."""
        return tuple(self._facts)


def keep_displays(find_shell: Callable[[], Any], runs: Path) -> Observe:
    """An observer of steps that keeps what they display below `runs`. `find_shell` gives the shell through which code displays, or None."""
    return lambda task: _Keeping(_Kept(runs, task), find_shell)


class _Keeping:
    """Keeps displays for as long as a step runs. Steps are many and most show nothing, so this is no generator."""

    def __init__(self, kept: _Kept, find_shell: Callable[[], Any]) -> None:
        self._kept = kept
        self._find_shell = find_shell

    def __enter__(self) -> _Kept:
        shell = self._find_shell()
        self._token = _CURRENT.set(self._kept)
        self._open_before = _open_figures() if _PYPLOT in sys.modules else _NO_FIGURES
        self._listening = _listening(shell) if shell is not None else None
        if self._listening is not None:
            self._listening.__enter__()
        return self._kept

    def __exit__(self, kind: type[BaseException] | None, *problem: Any) -> None:
        if self._listening is None and _PYPLOT not in sys.modules:
            _CURRENT.reset(self._token)
            return
        try:
            if self._listening is not None:
                try:
                    if kind is None:
                        _show_figures()
                finally:
                    self._listening.__exit__(None, None, None)
            if kind is None:
                _keep_figures(self._kept, self._open_before)
        finally:
            _CURRENT.reset(self._token)
            _close_figures(self._open_before)


_PYPLOT = "matplotlib.pyplot"
_NO_FIGURES: frozenset[int] = frozenset()
_COUNT: dict[int, int] = {}


@contextmanager
def _listening(shell: Any) -> Iterator[None]:
    """Hear what the shell's publisher shows, for as long as at least one step runs."""
    publisher = shell.display_pub
    with _LOCK:
        _COUNT[id(publisher)] = _COUNT.get(id(publisher), 0) + 1
        if _COUNT[id(publisher)] == 1:
            _wrap(publisher)
    try:
        yield
    finally:
        with _LOCK:
            _COUNT[id(publisher)] -= 1
            if not _COUNT[id(publisher)]:
                vars(publisher).pop("publish", None)


def _wrap(publisher: Any) -> None:
    publish = publisher.publish

    def publish_and_keep(data: Any, *args: Any, **kwargs: Any) -> Any:
        kept = _CURRENT.get()
        if kept is not None and isinstance(data, Mapping) and not kwargs.get("update"):
            kept.take(data)
        return publish(data, *args, **kwargs)

    publisher.publish = publish_and_keep


def _show_figures() -> None:
    """Show the figures that are open now, so that they belong to the step that drew them and not to the end of the cell."""
    pyplot = loaded(_PYPLOT)
    inline = loaded("matplotlib_inline.backend_inline")
    if pyplot is None or inline is None or not pyplot.get_fignums():
        return
    if "inline" in str(pyplot.get_backend()).lower():
        inline.flush_figures()


def _open_figures() -> frozenset[int]:
    """Numbers of the figures that are open where nobody shows any: in a worker, a script, a test."""
    pyplot = loaded(_PYPLOT)
    if pyplot is None or not pyplot.get_fignums() or str(pyplot.get_backend()).lower() != "agg":
        return _NO_FIGURES
    return frozenset(pyplot.get_fignums())


def _keep_figures(kept: _Kept, before: frozenset[int]) -> None:
    """Keep the figures of the step that nobody shows: they would be lost."""
    for number in sorted(_open_figures() - before):
        data = io.BytesIO()
        sys.modules[_PYPLOT].figure(number).savefig(data, format="png", bbox_inches="tight")
        kept.take({"image/png": data.getvalue()})


def _close_figures(before: frozenset[int]) -> None:
    """Close the figures of the step, so that the next one begins with none."""
    for number in _open_figures() - before:
        sys.modules[_PYPLOT].close(number)
