"""What a step prints and logs, kept in files below the run's folder. A step that is silent leaves no file.

In a process that runs several steps at once (threads, a live kernel) the step that prints is known by a context variable; writes of anybody
else pass through untouched.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar, Token
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from nbasset.errors import InvalidInvocationError
from nbasset.events.facts import LogsCaptured
from nbasset.execution.environment import StepEnvironment
from nbasset.execution.task import StepTask
from nbasset.secrets import StreamMask, mask_secrets

_CURRENT: ContextVar[Capture | None] = ContextVar("nbasset_capture", default=None)
_INSTALL = threading.Lock()
_MAKING = threading.RLock()
_INSTALLED: list[int] = [0]
_LARGEST_BYTES = 64 * 1024 * 1024
USER_LOG = "nbasset.user"


class Capture:
    """Captures one attempt of one step, inside `capturing()`.

    `log` is what `context.log` is; `fact()` says where everything is, None when there was nothing.
    """

    loggers: tuple[logging.Logger, ...] = ()
    context: Any = None
    """What the function that runs was given as its context, or has asked for."""
    maker: Callable[[], Any] | None = None
    """Makes the context of a function that takes none, if it asks."""
    has_spoken = False  # most steps are silent, so what keeps lines is made when there is one
    _lines = 0
    _token: Token[Capture | None] | None = None
    _files: dict[str, IO[str]]
    _masks: dict[str, StreamMask]
    _sizes: dict[str, int]

    def __init__(self, environment: StepEnvironment, task: StepTask) -> None:
        self._environment = environment
        self._task = task

    def __enter__(self) -> Capture:
        self._token = _CURRENT.set(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._token is not None:
            _CURRENT.reset(self._token)
        self.maker = None
        if self.has_spoken:
            self.close()

    @property
    def echo(self) -> bool:
        """Whether what is printed is shown, too."""
        return self._environment.echo

    @property
    def level(self) -> int:
        """From which level on records are kept."""
        return self._environment.log_level

    @property
    def _root(self) -> Path | None:
        folder = self._environment.runs_folder
        return folder() if folder is not None else None

    def _speak(self) -> None:
        if not self.has_spoken:
            with _INSTALL:  # threads of the step may speak at once
                if not self.has_spoken:
                    self._files, self._masks, self._sizes = {}, {}, {"out": 0, "err": 0}
                    self.has_spoken = True

    @property
    def marks(self) -> dict[str, Any]:
        """What each record says of where it comes from."""
        return {"run_id": self._task.run.run_id, "step": self._task.step.key, "attempt": self._task.attempt}

    @cached_property
    def log(self) -> logging.LoggerAdapter[Any]:
        """The log of the step."""
        return _Adapter(_logger(), self.marks)

    def write(self, stream: str, text: str) -> None:
        """Keep a piece of output; past 64 MB the rest is dropped and said so."""
        if self._root is None or not text:
            return
        self._speak()
        size = self._sizes[stream]
        if size > _LARGEST_BYTES:
            return
        if stream not in self._masks:
            self._masks[stream] = StreamMask(lambda data: self._put(stream, data))
        self._masks[stream].write(text)

    def _put(self, stream: str, data: str) -> None:
        self._sizes[stream] += len(data.encode("utf-8", "replace"))
        if self._sizes[stream] > _LARGEST_BYTES:
            data += "\n[output beyond 64 MB was dropped]\n"
        self._file(stream).write(data)
        self._file(stream).flush()

    def record(self, record: logging.LogRecord) -> None:
        """Keep a log record as one JSON line."""
        if self._root is None:
            return
        self._speak()
        extra = {key: value for key, value in vars(record).items() if key not in _STANDARD and isinstance(value, (str, int, float, bool))}
        line = {
            "at_us": int(record.created * 1_000_000),
            "level": record.levelname,
            "logger": record.name if record.name != USER_LOG else "",
            "message": mask_secrets(record.getMessage()),
            **({"extra": extra} if extra else {}),
            **({"exception": mask_secrets(logging.Formatter().formatException(record.exc_info))} if record.exc_info else {}),
        }
        self._file("log").write(json.dumps(line, ensure_ascii=False) + "\n")
        self._file("log").flush()
        self._lines += 1

    def close(self) -> None:
        """Close the files; what a mask held back is written."""
        for mask in self._masks.values():
            mask.flush()
        self._masks.clear()
        for file in self._files.values():
            file.close()

    def fact(self) -> LogsCaptured | None:
        """Where the lines are, relative to the folder of all runs."""
        if self._root is None or not self.has_spoken or not (self._files or self._lines):
            return None
        return LogsCaptured(self._base(self._root).relative_to(self._root).as_posix(), self._sizes["out"], self._sizes["err"], self._lines)

    def _base(self, root: Path) -> Path:
        """What the names of all files of the step begin with. Most steps are silent, so nobody works it out before it is needed."""
        return root / self._task.run.run_id / "steps" / file_stem(self._task)

    def _file(self, kind: str) -> IO[str]:
        found = self._files.get(kind)
        if found is None or found.closed:
            assert self._root is not None
            base = self._base(self._root)
            base.parent.mkdir(parents=True, exist_ok=True)
            found = self._files[kind] = base.with_name(f"{base.name}.{kind}").open("a", encoding="utf-8", errors="replace")
        return found


class _Adapter(logging.LoggerAdapter):  # type: ignore[type-arg]
    """Adds run and step to each record and keeps what the caller adds, which the standard adapter drops before Python 3.13."""

    def process(self, msg: Any, kwargs: Any) -> tuple[Any, Any]:
        kwargs["extra"] = {**(self.extra or {}), **(kwargs.get("extra") or {})}
        return msg, kwargs

    def log(self, level: Any, msg: object, *args: object, **kwargs: Any) -> None:
        """Log at a level given as a number or by its name."""
        number = logging.getLevelNamesMapping().get(level.upper()) if isinstance(level, str) else level
        if number is None:
            raise InvalidInvocationError(f"there is no log level {level!r}. Give one of: DEBUG, INFO, WARNING, ERROR, CRITICAL.")
        super().log(number, msg, *args, **{"stacklevel": 2, **kwargs})


def file_stem(task: StepTask) -> str:
    """The name of a step's files: readable, safe, and unique by attempt."""
    return stem_of(task.step.key, task.attempt)


def stem_of(step: str, attempt: int) -> str:
    """The same from the key of the step, for who reads the files.

    >>> stem_of("orders", 1)
    'orders.1'
    """
    safe = re.sub(r"[^A-Za-z0-9_.-]+", "_", step).strip("._")[:80] or "step"
    if safe != step:
        import zlib

        safe = f"{safe}-{zlib.crc32(step.encode('utf-8', 'surrogatepass')):08x}"
    return f"{safe}.{attempt}"


class _Tee(io.TextIOBase):
    """Stands for sys.stdout or sys.stderr while steps run."""

    def __init__(self, original: Any, stream: str) -> None:
        self.original = original
        self.stream = stream
        self.is_over = False

    def close(self) -> None:
        self.is_over = True
        super().close()

    def write(self, text: str) -> int:
        capture = _CURRENT.get()
        if capture is None:
            return int(self.original.write(text) or len(text))
        capture.write(self.stream, text)
        if capture.echo:
            self.original.write(mask_secrets(text))
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(ValueError):
            self.original.flush()

    def isatty(self) -> bool:
        return bool(getattr(self.original, "isatty", bool)())

    def fileno(self) -> int:
        return int(self.original.fileno())

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return str(getattr(self.original, "encoding", "utf-8"))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.original, name)


_TEES: dict[str, _Tee] = {}


def _tee(original: Any, stream: str) -> _Tee:
    """What stands for a stream: the same object while the stream is the same, since making and ending one costs as much as a small step."""
    found = _TEES.get(stream)
    if found is None or found.original is not original or found.is_over:
        found = _TEES[stream] = _Tee(original, stream)
    return found


class _ToFile(logging.Handler):
    """Hands records of a running step to its capture and to the loggers of its run, each once however many loggers it came through."""

    def emit(self, record: logging.LogRecord) -> None:
        capture = _CURRENT.get()
        if capture is None or getattr(record, "_nbasset_kept", False):
            return
        record._nbasset_kept = True
        for name, value in capture.marks.items():
            if not hasattr(record, name):
                setattr(record, name, value)
        if record.levelno >= capture.level:
            capture.record(record)
        for logger in capture.loggers:
            if logger.isEnabledFor(record.levelno):
                logger.handle(record)


_HANDLER = _ToFile()
_OURS = logging.getLogger("nbasset")
_STANDARD = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {
    "message",
    "asctime",
    "taskName",
    "run_id",
    "step",
    "attempt",
    "_nbasset_kept",
}


def _logger() -> logging.Logger:
    logger = logging.getLogger(USER_LOG)
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.DEBUG)
    return logger


def _install() -> None:
    with _INSTALL:
        _INSTALLED[0] += 1
        if _INSTALLED[0] == 1:
            sys.stdout = _tee(sys.stdout, "out")
            sys.stderr = _tee(sys.stderr, "err")
            _OURS.addHandler(_HANDLER)


def _uninstall() -> None:
    with _INSTALL:
        _INSTALLED[0] -= 1
        if _INSTALLED[0] == 0:
            for name in ("stdout", "stderr"):
                current = getattr(sys, name)
                if isinstance(current, _Tee):
                    setattr(sys, name, current.original)
            _OURS.removeHandler(_HANDLER)


class _Capturing:
    """Stands ready while anybody is inside."""

    def __enter__(self) -> None:
        _install()

    def __exit__(self, *problem: object) -> None:
        _uninstall()


_CAPTURING = _Capturing()


def capturing() -> contextlib.AbstractContextManager[None]:
    """Stand ready for captures, each of which only says that it is the one that speaks: what runs steps does so around them."""
    return _CAPTURING


@contextlib.contextmanager
def capturing_python(level: int, names: tuple[str, ...]) -> Iterator[None]:
    """While inside, records of these Python loggers (``root``: all) that come from a running step are kept with it, from `level` on."""
    for name in names:
        _listen(name, level)
    try:
        yield
    finally:
        for name in names:
            _stop_listening(name)


_LISTENING: dict[str, tuple[int, int]] = {}


def _listen(name: str, level: int) -> None:
    logger = logging.getLogger(None if name == "root" else name)
    with _INSTALL:
        count, before = _LISTENING.get(name, (0, logger.level))
        _LISTENING[name] = (count + 1, before)
        if count == 0:
            logger.addHandler(_HANDLER)
        if logger.getEffectiveLevel() > level:
            logger.setLevel(level)


def _stop_listening(name: str) -> None:
    logger = logging.getLogger(None if name == "root" else name)
    with _INSTALL:
        count, before = _LISTENING[name]
        if count > 1:
            _LISTENING[name] = (count - 1, before)
            return
        del _LISTENING[name]
        logger.removeHandler(_HANDLER)
        logger.setLevel(before)


def current_context() -> Any:
    """The context of the function that runs here, made now if the function took none; None outside."""
    capture = _CURRENT.get()
    if capture is None:
        return None
    if capture.context is None and capture.maker is not None:
        with _MAKING:  # threads of the step may ask at once
            if capture.context is None:
                capture.context = capture.maker()
    return capture.context


def get_logger(name: str | None = None) -> logging.Logger:
    """A logger whose records go with the run when a step is running, and to Python's logging otherwise.

    >>> get_logger("sales").name
    'nbasset.user.sales'
    """
    _logger()
    return logging.getLogger(f"{USER_LOG}.{name}" if name else USER_LOG)
