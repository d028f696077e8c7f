"""Errors as a notebook shows them: the user's cell and line first, frames of nbasset and IPython folded away.

An error carries its own picture: IPython asks an exception for `_render_traceback_`. What a magic raises gets one (`told`); what a cell
raises by calling nbasset itself gets one from the handler that `install` sets, if nobody else has set one. The type of the exception stays
what it was, so "Run all", papermill and tests see the same error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from nbasset.errors import Error, ProblemsFound, RunFailure
from nbasset.events.facts import ErrorInfo
from nbasset.events.kinds import StepFailed
from nbasset.execution.failures import error_info, text_of
from nbasset.notebook.cards_parts import same_errors
from nbasset.secrets import mask_secrets

E = TypeVar("E", bound=BaseException)
_MOST_FAILURES = 3
_RED, _BOLD, _DIM, _END = "\033[31m", "\033[1m", "\033[2m", "\033[0m"


def told(error: E, *, with_frames: bool = False, is_shown: bool = False) -> E:
    """The same error, which from now on is shown in our way.

    `with_frames` shows where in the user's code it came from. `is_shown` tells that a card above shows the failing lines already.
    """
    info = error_info(error) if with_frames else None

    def render() -> list[str]:
        return rendered(error, info, is_shown=is_shown)

    error._render_traceback_ = render  # type: ignore[attr-defined]
    return error


def rendered(error: BaseException, info: ErrorInfo | None = None, *, is_shown: bool = False) -> list[str]:
    """The lines of an error; the last one is what Python would say of it."""
    lines: list[str] = []
    for step, failure in same_errors(_failures(error))[:_MOST_FAILURES]:
        if is_shown:
            lines.append(f"{_BOLD}{failure.place}{_END}" if failure.place else f"step {step}")
        else:
            lines += [*text_of(failure, color=True).split("\n"), f"{_DIM}  in step {step}{_END}", ""]
    if not lines and info is not None:
        lines += _frames(info)
    message = mask_secrets(str(error))
    if is_shown and isinstance(error, ProblemsFound):
        message = message.partition("\n")[0]
    if isinstance(error, KeyboardInterrupt):
        return [f"{_RED}KeyboardInterrupt{_END}: {message}" if message else f"{_RED}KeyboardInterrupt{_END}"]
    return [*lines, f"{_RED}{_BOLD}{type(error).__name__}{_END}: {message}"]


def _failures(error: BaseException) -> list[tuple[str, ErrorInfo]]:
    result = getattr(error, "result", None)
    if not isinstance(error, RunFailure) or result is None:
        return []
    return [(event.step, event.error) for event in result.all_events if isinstance(event, StepFailed) and not event.cancelled]


def _frames(info: ErrorInfo) -> list[str]:
    """Where the user's code called what raised; a cell's own frame is folded when it is the only one and the cell is one line."""
    users = [frame for frame in info.frames if frame.is_user][-2:]
    lines = [f"{_BOLD}{info.place}{_END}"] if users else []
    for frame in users:
        lines.append(f"{_DIM}  in {frame.function}, {frame.file}{_END}")
        lines += [f"  {'>' if number == frame.line else ' '} {number:>4} | {text}" for number, text in frame.code]
    return lines


def install(shell: Any) -> Callable[[], None]:
    """Have errors of nbasset shown in our way; the function that takes it back. Does nothing when somebody else shows errors."""
    if shell.custom_exceptions:
        return _nothing

    def handler(shell: Any, etype: type[BaseException], error: BaseException, trace: Any, tb_offset: int | None = None) -> list[str]:
        if not hasattr(error, "_render_traceback_"):
            told(error, with_frames=True)
        shell.showtraceback((etype, error, trace), tb_offset=tb_offset)
        return rendered(error)

    shell.set_custom_exc((Error,), handler)

    def remove() -> None:
        if shell.custom_exceptions == (Error,):
            shell.custom_exceptions = ()

    return remove


def _nothing() -> None:
    return None
