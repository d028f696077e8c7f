"""From an exception to data: the user's frames with their lines, named by cell, ours folded away."""

from __future__ import annotations

import linecache
import sysconfig
import traceback
from pathlib import Path
from types import TracebackType

from nbasset.errors import Failure
from nbasset.events.facts import ErrorInfo, Frame
from nbasset.metadata import normalize
from nbasset.places import cell_of, file_label, is_cell
from nbasset.secrets import mask_secrets

_OURS = str(Path(__file__).resolve().parent.parent)
_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
_COMPILED = (".pyx", ".pxi", ".pxd")
_LONGEST_MESSAGE = 8_000
_MOST_FRAMES = 50
_MOST_CAUSES = 5


def error_info(error: BaseException, *, depth: int = 0) -> ErrorInfo:
    """The exception with its frames and causes. Secret values that were read are masked in every text of it.

    Frames of nbasset itself are left out; library frames are kept but not counted as the user's. A cause that says the same and went
    through no line of the user is no news: pandas' `KeyError` for a missing column has one.
    """
    cause = _cause(error, depth)
    metadata = normalize(error.metadata, of="Failure") if isinstance(error, Failure) else {}
    return ErrorInfo(
        type(error).__name__,
        mask_secrets(_message(error)),
        frames_of(error.__traceback__, syntax=error if isinstance(error, SyntaxError) else None),
        None if cause is not None and _is_no_news(cause, error) else cause,
        metadata,
    )


def _cause(error: BaseException, depth: int) -> ErrorInfo | None:
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return error_info(cause, depth=depth + 1) if cause is not None and depth < _MOST_CAUSES else None


def _is_no_news(cause: ErrorInfo, error: BaseException) -> bool:
    if cause.cls != type(error).__name__ or cause.message != mask_secrets(_message(error)):
        return False
    return cause.cause is None and not any(frame.is_user for frame in cause.frames)


def frames_of(trace: TracebackType | None, *, syntax: SyntaxError | None = None) -> tuple[Frame, ...]:
    """Frames from the outermost to the one that raised, at most 50: the first and the last ones of a deep recursion."""
    frames = [
        _frame(frame.f_code.co_filename, line, frame.f_code.co_name)
        for frame, line in traceback.walk_tb(trace)
        if not frame.f_code.co_filename.startswith(_OURS)
    ]
    if syntax is not None and syntax.filename and syntax.lineno:
        frames.append(_frame(syntax.filename, syntax.lineno, "<module>"))
    if len(frames) > _MOST_FRAMES:
        frames = [*frames[:10], *frames[-(_MOST_FRAMES - 10) :]]
    return tuple(frames)


def _frame(filename: str, line: int, function: str) -> Frame:
    first = max(1, line - 2)
    lines = [(number, linecache.getline(filename, number).rstrip("\n")) for number in range(first, line + 2)]
    code = tuple((number, mask_secrets(text)) for number, text in lines if text)
    return Frame(file_label(filename), line, function, code, is_user_file(filename), cell_of(filename))


def is_user_file(filename: str) -> bool:
    """Whether a file is the user's: a cell, or a file outside the installed libraries and nbasset."""
    if is_cell(filename):
        return True
    if filename.endswith(_COMPILED) and not Path(filename).is_absolute():  # as the library was built: there is no such file here
        return False
    return not filename.startswith((_OURS, *_LIBRARIES, "<frozen", "<string>"))


def is_ours(filename: str) -> bool:
    """Whether a file is nbasset's own."""
    return filename.startswith(_OURS)


def _message(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception as broken:  # noqa: BLE001 - a broken __str__ must not hide the failure it belongs to
        text = f"(its message cannot be read: {type(broken).__name__})"
    return text if len(text) <= _LONGEST_MESSAGE else text[:_LONGEST_MESSAGE] + " …"


def text_of(info: ErrorInfo, *, color: bool = False) -> str:
    """The error for people: the place first, then the message, the user's lines, the cause."""
    bold, red, dim, end = ("\033[1m", "\033[31m", "\033[2m", "\033[0m") if color else ("", "", "", "")
    lines = [f"{bold}{info.place}{end}"] if info.place else []
    lines.append(f"{red}{info.cls}{end}: {info.message}" if info.message else f"{red}{info.cls}{end}")
    users = [frame for frame in info.frames if frame.is_user]
    for frame in users[-3:]:
        lines.append(f"{dim}  in {frame.function}, {frame.file}{end}")
        lines.extend(f"  {'>' if number == frame.line else ' '} {number:>4} | {text}" for number, text in frame.code)
    folded = len(info.frames) - len(users)
    if folded:
        lines.append(f"{dim}  ({folded} {'frame' if folded == 1 else 'frames'} of libraries not shown){end}")
    if info.cause is not None:
        lines.append("caused by")
        lines.append(text_of(info.cause, color=color))
    return "\n".join(lines)
