"""The other end of a pipe: what a script calls that a step runs in a process of its own.

The script needs nothing of nbasset but this module, and this module nothing but the standard library::

    from nbasset.pipes import open_pipes

    with open_pipes() as pipes:
        pipes.log.info("reading %s", pipes.partition_key)
        pipes.report_asset_materialization(metadata={"rows": 3})

Run by hand, without a step around it, the script does the same and reports to nobody.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

CONTEXT_VARIABLE = "NBASSET_PIPES_CONTEXT"
MESSAGES_VARIABLE = "NBASSET_PIPES_MESSAGES"


class PipesContext:
    """What the script knows of its step, and what it tells it."""

    def __init__(self, data: Mapping[str, Any], write: Any) -> None:
        self._data = dict(data)
        self._write = write
        self.log = logging.getLogger("nbasset.pipes")

    @property
    def is_connected(self) -> bool:
        """Whether a step listens."""
        return bool(self._data)

    @property
    def asset_keys(self) -> Sequence[str]:
        """The assets that the step makes, as text."""
        return tuple(self._data.get("asset_keys") or ())

    @property
    def asset_key(self) -> str:
        """The one asset that the step makes.

        Raises
        ------
        ValueError
            If it makes none, or several.
        """
        if len(self.asset_keys) != 1:
            raise ValueError(f"the step makes {len(self.asset_keys)} assets, so asset_key means nothing. Use asset_keys.")
        return self.asset_keys[0]

    @property
    def has_partition_key(self) -> bool:
        """Whether the step is for exactly one partition."""
        return len(self.partition_keys) == 1

    @property
    def partition_keys(self) -> Sequence[str]:
        """The partitions that the step makes."""
        return tuple(self._data.get("partition_keys") or ())

    @property
    def partition_key(self) -> str:
        """The one partition that the step makes.

        Raises
        ------
        ValueError
            If it makes none, or several.
        """
        if not self.has_partition_key:
            raise ValueError(f"the step is for {len(self.partition_keys)} partitions. Ask has_partition_key, or use partition_keys.")
        return self.partition_keys[0]

    @property
    def run_id(self) -> str:
        """The run's id; empty when run by hand."""
        return str(self._data.get("run_id") or "")

    @property
    def job_name(self) -> str | None:
        """The job, if the run is of one."""
        return self._data.get("job_name")

    @property
    def retry_number(self) -> int:
        """0 at the first attempt, 1 at the first retry."""
        return int(self._data.get("retry_number") or 0)

    @property
    def extras(self) -> Mapping[str, Any]:
        """Whatever the step passed along."""
        return self._data.get("extras") or {}

    def get_extra(self, key: str) -> Any:
        """One thing that the step passed along.

        Raises
        ------
        KeyError
            If it did not.
        """
        if key not in self.extras:
            raise KeyError(f"the step passed no extra {key!r}; it passed {', '.join(map(repr, self.extras)) or 'none'}.")
        return self.extras[key]

    def report_asset_materialization(
        self, metadata: Mapping[str, Any] | None = None, data_version: str | None = None, asset_key: str | None = None
    ) -> None:
        """An asset was made. Metadata are plain values, or ``{"raw_value": ..., "type": "md"}``."""
        self._tell("report_asset_materialization", asset_key=asset_key, metadata=metadata, data_version=data_version)

    def report_asset_check(
        self,
        check_name: str,
        passed: bool,
        severity: str = "ERROR",
        metadata: Mapping[str, Any] | None = None,
        asset_key: str | None = None,
    ) -> None:
        """An asset was checked. Severity is ``ERROR`` or ``WARN``."""
        self._tell(
            "report_asset_check", check_name=check_name, passed=bool(passed), severity=severity, metadata=metadata, asset_key=asset_key
        )  # fmt: skip

    def report_custom_message(self, payload: Any) -> None:
        """Anything that JSON can hold, for whoever started the script."""
        self._tell("report_custom_message", payload=payload)

    def _tell(self, method: str, **params: Any) -> None:
        self._write(json.dumps({"method": method, "params": {key: value for key, value in params.items() if value is not None}}))


@contextmanager
def open_pipes() -> Iterator[PipesContext]:
    """Connect to the step that started this process; without one, reports go nowhere and the log to standard error.

    >>> with open_pipes() as pipes:
    ...     pipes.report_custom_message({"rows": 3})
    ...     pipes.is_connected
    False
    """
    place = os.environ.get(MESSAGES_VARIABLE)
    if place is None:
        handler: logging.Handler = logging.StreamHandler(sys.stderr)
        with _logging_to(handler):
            yield PipesContext({}, lambda line: None)
        return
    with Path(place).open("a", encoding="utf-8") as file:

        def write(line: str) -> None:
            file.write(line + "\n")
            file.flush()

        context = PipesContext(_context_data(), write)
        with _logging_to(_ToStep(file)):
            context._tell("opened")
            yield context
            context._tell("closed")


class _ToStep(logging.Handler):
    """Sends records to the step as messages."""

    def __init__(self, file: IO[str]) -> None:
        super().__init__()
        self._file = file

    def emit(self, record: logging.LogRecord) -> None:
        line = {"method": "log", "params": {"level": record.levelno, "message": record.getMessage()}}
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()


@contextmanager
def _logging_to(handler: logging.Handler) -> Iterator[None]:
    logger = logging.getLogger("nbasset.pipes")
    level, propagate = logger.level, logger.propagate
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate


def _context_data() -> dict[str, Any]:
    """What the step said of itself: JSON in the variable, or in the file that it names."""
    text = os.environ.get(CONTEXT_VARIABLE, "{}")
    if not text.lstrip().startswith("{"):
        text = Path(text).read_text(encoding="utf-8")
    data: dict[str, Any] = json.loads(text)
    return data
