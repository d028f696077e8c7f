"""The log of a run as the schema tells it: one line of ours, a finished step with all its facts, is many events of the wire.

They come in the order of the log; those of one step in the order in which they happened. What a step logged is in a file and is told where
the step ends. A cursor is a place between two events: the entry, and how many of its events were told. Since whether a step's start was
told on its own decides what its end tells, who goes on from a cursor knows the steps that have started by then (`_Started`).
"""

from __future__ import annotations

import base64
import json
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any

from nbasset.api import event_words
from nbasset.api.context import ApiContext
from nbasset.api.event_words import Told
from nbasset.api.runs import Run, not_found, run_meant
from nbasset.api.wire import MOST_ROWS, Wire, page, typed
from nbasset.dataclass import dataclass
from nbasset.events.kinds import StepFailed, StepRetried, StepStarted, StepSucceeded
from nbasset.events.records import Entry, RunRecord
from nbasset.execution.capture import stem_of
from nbasset.keys import RunId

_READ = 200
_NONE_HEARD: Mapping[tuple[str, int], int] = {}
_KEPT = 64


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the log of a run: after the first `told` events of the entry `seq`, or after all of it if `told` is None."""

    seq: int = 0
    told: int | None = None

    @property
    def text(self) -> str:
        """As a cursor.

        >>> Place.of(Place(7, 2).text), Place.of(None), Place.of("nonsense")
        (Place(seq=7, told=2), Place(seq=0, told=None), Place(seq=0, told=None))
        """
        return base64.urlsafe_b64encode(json.dumps([self.seq, self.told]).encode()).decode()

    @staticmethod
    def of(cursor: str | None) -> Place:
        """The place of a cursor; the beginning for what is none."""
        try:
            seq, told = json.loads(base64.urlsafe_b64decode((cursor or "").encode()))
            return Place(int(seq), None if told is None else int(told))
        except (ValueError, TypeError):
            return Place()


Attempt = tuple[str, int]
"""A step and the number of its attempt."""


@dataclass(frozen=True, slots=True)
class Events:
    """A page of the log of a run. `going` are the attempts that have begun and not ended at its end."""

    events: list[Wire]
    place: Place
    has_more: bool
    going: frozenset[Attempt] = frozenset()


def events_after(context: ApiContext, run: RunRecord, place: Place, limit: int, heard: Mapping[Attempt, int] = _NONE_HEARD) -> Events:
    """The events of a run after a place, at most so many. `heard` says how many lines of an attempt were told before it ended."""
    started = _STARTED.upto(context, run.run_id, place)
    found: list[Wire] = []
    seq = place.seq - 1 if place.told is not None else place.seq
    skip = place.told or 0
    while True:
        entries = context.reader.entries(after=seq, run=run.run_id, limit=_READ)
        for entry in entries:
            told = _told(context, run, entry, started, heard)
            for index in range(skip, len(told)):
                if len(found) == limit:
                    _STARTED.keep(run.run_id, entry.seq - 1, started)
                    return Events(found, Place(entry.seq, index), has_more=True)
                found.append(told[index])
            skip = 0
            seq = entry.seq
            _note(started, entry)
        if len(entries) < _READ:
            _STARTED.keep(run.run_id, seq, started)
            return Events(found, Place(seq), has_more=False, going=frozenset(started))


def lines_of(context: ApiContext, run: RunRecord, attempt: Attempt, heard: int) -> list[Wire]:
    """What an attempt that goes on has logged after so many lines."""
    file = context.instance.home.run_folder(run.run_id) / "steps" / f"{stem_of(*attempt)}.log"
    return [event_words.line_told(context, run, attempt[0], line) for line in islice(_read(file), heard, None)]


def _told(context: ApiContext, run: RunRecord, entry: Entry, started: set[Attempt], heard: Mapping[Attempt, int]) -> list[Wire]:
    event = entry.event
    attempt = (getattr(event, "step", ""), getattr(event, "attempt", 1))
    lines = islice(_lines(context.instance.home.runs, event), heard.get(attempt, 0), None)
    return event_words.told(Told(context, run, entry, attempt in started, lines))


def _note(started: set[Attempt], entry: Entry) -> None:
    """Keep in mind which steps have started and not ended."""
    event = entry.event
    if isinstance(event, StepStarted):
        started.add((event.step, event.attempt))
    elif isinstance(event, (StepSucceeded, StepFailed, StepRetried)):
        started.discard((event.step, event.attempt))


class _Started:
    """Which steps of a run have started and not ended at places in its log that were read up to: the newest ones are kept."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[RunId, int], frozenset[Attempt]] = OrderedDict()
        self._lock = Lock()

    def upto(self, context: ApiContext, run_id: RunId, place: Place) -> set[Attempt]:
        """Those at a place; read from the log where nobody was there before."""
        last = place.seq - 1 if place.told is not None else place.seq
        if last <= 0:
            return set()
        with self._lock:
            known = self._known.get((run_id, last))
        if known is not None:
            return set(known)
        found: set[Attempt] = set()
        after = 0
        while entries := context.reader.entries(after=after, run=run_id, limit=MOST_ROWS):
            for entry in entries:
                if entry.seq > last:
                    return found
                _note(found, entry)
            after = entries[-1].seq
        return found

    def keep(self, run_id: RunId, seq: int, started: set[Attempt]) -> None:
        """Know it for who comes next."""
        with self._lock:
            self._known[run_id, seq] = frozenset(started)
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)


_STARTED = _Started()


def _lines(runs: Path, event: Any) -> Iterator[dict[str, Any]]:
    """What a finished attempt of a step logged; read when it is told."""
    for fact in getattr(event, "facts", ()):
        folder = getattr(fact, "folder", None)
        if folder is None or not getattr(fact, "log_lines", 0):
            continue
        yield from _read(runs / f"{folder}.log")


def _read(file: Path) -> Iterator[dict[str, Any]]:
    """The lines of a log file, those that are whole."""
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if not line.endswith("\n"):
                    return
                try:
                    yield json.loads(line)
                except ValueError:
                    continue
    except OSError:
        return


def connection(context: ApiContext, run: RunRecord, after_cursor: str | None, limit: int | None) -> Wire:
    """A page of the log as the schema has it."""
    found = events_after(context, run, Place.of(after_cursor), page(limit))
    return typed("EventConnection", events=found.events, cursor=found.place.text, hasMore=found.has_more)


def _logs(parent: Any, info: Any, run_id: str, after_cursor: str | None = None, limit: int | None = None) -> Wire:
    run = run_meant(info.context, run_id)
    return connection(info.context, run.record, after_cursor, limit) if run is not None else not_found(run_id)


def _of_run(parent: Run, info: Any, after_cursor: str | None = None, limit: int | None = None) -> Wire:
    return connection(info.context, parent.record, after_cursor, limit)


RESOLVERS = {"Query.logsForRun": _logs, "Run.eventConnection": _of_run}
