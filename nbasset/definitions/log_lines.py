"""Handlers and formatters of `logging`: what the built-in loggers and the logs of ticks write with."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Mapping
from typing import Any

from nbasset.secrets import mask_secrets

_COLOURS = {"DEBUG": "34", "INFO": "34", "WARNING": "33", "ERROR": "31", "CRITICAL": "31;1"}
_TAKEN = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime", "taskName"}


class _Console(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to the terminal's or notebook's own stderr: never into the output that is captured of a step."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)

    @property
    def stream(self) -> Any:
        found = sys.stderr
        while hasattr(found, "original"):  # a stand-in that captures what steps print
            found = found.original
        return found

    @stream.setter
    def stream(self, value: Any) -> None:
        """Whatever is stderr when a line comes counts."""


class Coloured(logging.Formatter):
    """One line for each record, in the colour of its level where the stream is a terminal."""

    def __init__(self, handler: Callable[[], Any]) -> None:
        super().__init__("%(asctime)s", "%Y-%m-%d %H:%M:%S")
        self._stream = handler

    def format(self, record: logging.LogRecord) -> str:
        """Time, run, step, level and message; the traceback below."""
        step = getattr(record, "step", "")
        run = str(getattr(record, "run_id", ""))[:8]
        text = " - ".join(
            part for part in (self.formatTime(record, self.datefmt), run, step, record.levelname, record.getMessage()) if part
        )
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        text = mask_secrets(text)
        is_terminal = getattr(self._stream(), "isatty", bool)()
        return f"\033[{_COLOURS.get(record.levelname, '0')}m{text}\033[0m" if is_terminal else text


class JsonLogFormatter(logging.Formatter):
    """One line of JSON for each record: time, level, logger, message, and every field that was passed as ``extra``.

    >>> record = logging.LogRecord("sales", logging.INFO, "", 0, "loaded %d rows", (3,), None)
    >>> json.loads(JsonLogFormatter().format(record))["message"]
    'loaded 3 rows'
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        line: dict[str, Any] = {
            "at_us": int(record.created * 1_000_000),
            "level": record.levelname,
            "logger": record.name,
            "message": mask_secrets(record.getMessage()),
        }
        line.update((key, _plain(value)) for key, value in vars(record).items() if key not in _TAKEN and not key.startswith("_"))
        if record.exc_info:
            line["exception"] = mask_secrets(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def console_log(formatter: Callable[[Callable[[], Any]], logging.Formatter], config: Any) -> logging.Logger:
    """A logger of the config's name and level that writes to stderr; the formatter is told of the stream."""
    made = logging.Logger(config["name"], config["log_level"].upper())
    handler = _Console(logging.Formatter())
    handler.setFormatter(formatter(lambda: handler.stream))
    made.addHandler(handler)
    return made


class _Lines(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self.lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        text = f"{record.levelname}: {record.getMessage()}"
        if record.exc_info:
            text += "\n" + logging.Formatter().formatException(record.exc_info)
        self.lines.append(text)


def tick_log(name: str | None, lines: list[str]) -> logging.Logger:
    """The log of one tick: its lines are added to `lines`."""
    # Not registered with logging: a name can be used by many ticks, and each keeps its own lines.
    log = logging.Logger(f"nbasset.user.{name or 'tick'}", logging.DEBUG)
    log.parent = logging.getLogger("nbasset.user")
    log.addHandler(_Lines(lines))
    return log


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return mask_secrets(value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    return mask_secrets(str(value))
