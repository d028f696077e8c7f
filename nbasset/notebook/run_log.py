"""What a run wrote, as numbered lines: its events in words, and what its steps logged.

Events are in the store, lines in one file a step below the run's folder. They are read on from where they were left, so that following a
run costs what it writes. A line gets its number when it is first read and keeps it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from nbasset.commands.run_rules import ENVIRONMENT_TAG
from nbasset.commands.words import counted, duration
from nbasset.drawing.states import WORDS
from nbasset.events.facts import AssetMaterialized, CheckEvaluated
from nbasset.events.kinds import (
    Event,
    RunCancelled,
    RunCancelRequested,
    RunFailed,
    RunQueued,
    RunRequested,
    RunStarted,
    RunStarting,
    RunSucceeded,
    RunTagged,
    StepFailed,
    StepRetried,
    StepReused,
    StepSkipped,
    StepStarted,
    StepSucceeded,
)
from nbasset.execution.capture import stem_of
from nbasset.notebook.wire import LogPage, OutputText
from nbasset.notebook.wire_commands import FetchLog
from nbasset.notebook.wire_views import LogLine
from nbasset.secrets import mask_secrets

Level = Literal["debug", "info", "warning", "error", "event"]
_LEVELS: dict[str, Level] = {"DEBUG": "debug", "INFO": "info", "WARNING": "warning", "ERROR": "error", "CRITICAL": "error"}
_MOST_LINES = 200_000
_LARGEST_READ = 4_000_000
_OUTPUT_TAIL = 100_000
_ENDINGS = {"stdout": "out", "stderr": "err"}


class RunLog:
    """The lines of one run. `folder` is that of the run; it need not exist yet."""

    def __init__(self, folder: Path) -> None:
        self._steps = folder / "steps"
        self.lines: list[LogLine] = []
        self._stems: dict[str, str] = {}
        self._read: dict[str, int] = {}

    def know(self, step: str, attempts: int) -> None:
        """A step that may have written."""
        for attempt in range(1, max(1, attempts) + 1):
            self._stems.setdefault(stem_of(step, attempt), step)

    def take(self, events: Iterable[Event]) -> list[LogLine]:
        """Take in events that were not seen yet and what the files have more; the new lines, in order."""
        found = [line for event in events if (line := line_of(event)) is not None]
        found += self._from_files()
        found.sort(key=lambda line: line.at)
        room = max(0, _MOST_LINES - len(self.lines))
        first = len(self.lines)
        fresh = [LogLine(first + at, one.at, one.level, one.text, one.step) for at, one in enumerate(found[:room])]
        self.lines += fresh
        return fresh

    def page(self, run: str, asked: FetchLog) -> LogPage:
        """The newest lines before a number that pass a filter, and how many pass it in all."""
        text = asked.text.lower()
        passing = [
            line
            for line in self.lines
            if (not asked.levels or line.level in asked.levels)
            and (asked.step is None or line.step == asked.step)
            and (not text or text in line.text.lower())
        ]
        before = [line for line in passing if asked.before is None or line.number < asked.before]
        return LogPage(run, tuple(before[-min(max(asked.limit, 1), 5_000) :]), len(passing))

    def output(self, run: str, step: str, stream: Literal["stdout", "stderr"], attempts: int) -> OutputText:
        """The end of what the last try of a step printed."""
        for attempt in range(max(1, attempts), 0, -1):
            path = self._steps / f"{stem_of(step, attempt)}.{_ENDINGS[stream]}"
            try:
                size = path.stat().st_size
                with path.open("rb") as file:
                    file.seek(max(0, size - _OUTPUT_TAIL))
                    text = file.read().decode("utf-8", "replace")
            except OSError:
                continue
            return OutputText(run, step, stream, mask_secrets(text), max(0, size - _OUTPUT_TAIL), str(path))
        return OutputText(run, step, stream, "")

    def _from_files(self) -> list[LogLine]:
        found: list[LogLine] = []
        try:
            names = sorted(path.name for path in self._steps.iterdir() if path.suffix == ".log")
        except OSError:
            return found
        for name in names:
            step = self._stems.get(name.removesuffix(".log"))
            found += self._more(name, step)
        return found

    def _more(self, name: str, step: str | None) -> list[LogLine]:
        at = self._read.get(name, 0)
        path = self._steps / name
        try:
            if path.stat().st_size <= at:
                return []
            with path.open("rb") as file:
                file.seek(at)
                data = file.read(_LARGEST_READ)
        except OSError:
            return []
        whole = data.rfind(b"\n") + 1
        self._read[name] = at + whole
        return [line for one in data[:whole].splitlines() if (line := _logged(one, step)) is not None]


def line_of(event: Event) -> LogLine | None:
    """An event in words; None for one that says nothing to a reader."""
    said = _words(event)
    if said is None:
        return None
    level, text = said
    return LogLine(0, event.at_us / 1e6, level, mask_secrets(text), getattr(event, "step", None))


def _words(event: Event) -> tuple[Level, str] | None:
    if isinstance(event, RunRequested):
        by = f" by {event.user}" if event.user else ""
        return "event", f"run asked for{by}: {counted(event.steps, 'step')}"
    if isinstance(event, RunQueued):
        return "event", "run waits for its turn"
    if isinstance(event, RunStarting):
        return "event", f"process {event.owner.pid} on {event.owner.host} starts for the run" if event.owner is not None else "run starts"
    if isinstance(event, RunStarted):
        owner = event.owner
        return "event", f"run started in process {owner.pid} on {owner.host}" if owner is not None else "run started"
    if isinstance(event, RunCancelRequested):
        return "event", f"cancel asked for{f' by {event.by}' if event.by else ''}"
    if isinstance(event, RunSucceeded):
        return "event", "run succeeded"
    if isinstance(event, RunFailed):
        return "error", f"run failed: {event.message}" if event.message else "run failed"
    if isinstance(event, RunCancelled):
        return "event", f"run cancelled: {event.message}" if event.message else "run cancelled"
    if isinstance(event, RunTagged):
        said = "; ".join(f"{name.removeprefix('nbasset/')}: {value}" for name, value in event.tags.items())
        return ("warning", f"another {said}") if ENVIRONMENT_TAG in event.tags else ("event", f"tagged {said}")
    return _step_words(event)


def _step_words(event: Event) -> tuple[Level, str] | None:
    if isinstance(event, StepStarted):
        return "event", "started" if event.attempt == 1 else f"started, try {event.attempt}"
    if isinstance(event, StepSucceeded):
        return _success(event)
    if isinstance(event, StepFailed):
        if event.cancelled:
            return "event", "cancelled"
        place = f"{event.error.place}: " if event.error.place else ""
        return "error", f"failed: {place}{event.error}"
    if isinstance(event, StepRetried):
        wait = f" in {duration(event.wait_s)}" if event.wait_s else ""
        return "warning", f"try {event.attempt} failed, another follows{wait}: {event.error}"
    if isinstance(event, StepSkipped):
        because = f" ({event.because})" if event.because else ""
        return "event", f"skipped: {event.reason.replace('-', ' ')}{because}"
    if isinstance(event, StepReused):
        return "event", f"taken from run {event.from_run_id[:8]}"
    return None


def _success(event: StepSucceeded) -> tuple[Level, str]:
    took = duration((event.at_us - event.started_us) / 1e6) if event.started_us else ""
    rows = [fact.rows for fact in event.facts if isinstance(fact, AssetMaterialized) and fact.rows is not None]
    checks = [fact for fact in event.facts if isinstance(fact, CheckEvaluated) and not fact.passed]
    named = {
        WORDS["checkfailed"]: [one.check.name for one in checks if one.severity != "WARN"],
        WORDS["warned"]: [one.check.name for one in checks if one.severity == "WARN"],
    }
    said = ", ".join(part for part in ("made" if rows else "done", counted(sum(rows), "row") if rows else "", took) if part)
    if checks:
        return "warning", "; ".join([said, *(f"{word}: {', '.join(names)}" for word, names in named.items() if names)])
    return "event", said


def _logged(data: bytes, step: str | None) -> LogLine | None:
    try:
        line = json.loads(data)
        text = str(line["message"])
        trace = str(line.get("exception", "")).rstrip()
        return LogLine(0, int(line["at_us"]) / 1e6, _LEVELS.get(str(line["level"]), "info"), f"{text}\n{trace}" if trace else text, step)
    except (ValueError, KeyError, TypeError):
        return None
