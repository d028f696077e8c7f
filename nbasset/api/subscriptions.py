"""What goes on: the log of a run, what its steps print, the newest runs, and what was written about at all.

Each is an async generator of the values of its field; whatever reads records works in a thread. They wake when the log grows (`follower`);
only what steps print and log is in files, which are looked at several times a second while a step goes on and somebody wants to see it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from nbasset.api.captured import read_logs
from nbasset.api.context import ApiContext
from nbasset.api.events import Attempt, Place, events_after, lines_of
from nbasset.api.runs import Runs, run_meant, run_named
from nbasset.api.wire import MOST_ROWS, Wire, typed
from nbasset.events.kinds import Event
from nbasset.events.records import Entry, RunRecord
from nbasset.events.reducers import facts_of

_LOOK_S = 0.25
_PAUSE_S = 0.2
HEAD = "HEAD"


def _now(context: ApiContext) -> ApiContext:
    """The same with nothing read yet."""
    return ApiContext(context.instance, context.workspace, context.is_read_only, context.user, context.prefix)


# -- one run ------------------------------------------------------------------------------------------------------------------


async def run_logs(parent: Any, info: Any, run_id: str, cursor: str | None = None) -> AsyncGenerator[Wire, None]:
    """Events of a run: all that there are from the cursor on, then each as it is written, and what steps log while they go on."""
    context: ApiContext = info.context
    with context.workspace.follower.listening() as listener:
        seen = await asyncio.to_thread(context.reader.last_seq) if cursor == HEAD else 0
        reading = _Reading(run_id, Place(seen) if cursor == HEAD else Place.of(cursor))
        while True:
            seen = max(seen, listener.last)
            told = await asyncio.to_thread(reading.more, _now(context))
            if told is not None:
                yield told
                if told["__typename"] != "PipelineRunLogsSubscriptionSuccess":
                    return
            if not reading.has_more:
                with suppress(TimeoutError):
                    await asyncio.wait_for(listener.grown(seen), _LOOK_S if reading.going else None)


class _Reading:
    """How far the log of a run was told, and of each attempt that goes on how many lines."""

    def __init__(self, run_id: str, place: Place) -> None:
        self._run_id = run_id
        self._place = place
        self._heard: dict[Attempt, int] = {}
        self._is_first = True
        self.has_more = False
        self.going: frozenset[Attempt] = frozenset()

    def more(self, context: ApiContext) -> Wire | None:
        """What is new, if anything is; the first time also if nothing is."""
        run = run_meant(context, self._run_id)
        if run is None:
            message = f"no run {self._run_id!r} is recorded here."
            return typed("PipelineRunLogsSubscriptionFailure", message=message, missingRunId=self._run_id)
        self._run_id = run.run_id
        found = events_after(context, run.record, self._place, MOST_ROWS, self._heard)
        self._place, self.has_more = found.place, found.has_more
        self.going = frozenset() if run.record.is_over else found.going
        events = [*found.events, *self._lines(context, run.record)]
        if not events and not self._is_first:
            return None
        self._is_first = False
        return typed(
            "PipelineRunLogsSubscriptionSuccess", run=run, messages=events, hasMorePastEvents=found.has_more, cursor=found.place.text
        )  # fmt: skip

    def _lines(self, context: ApiContext, run: RunRecord) -> Iterator[Wire]:
        for attempt in sorted(self.going):
            lines = lines_of(context, run, attempt, self._heard.get(attempt, 0))
            self._heard[attempt] = self._heard.get(attempt, 0) + len(lines)
            yield from lines


async def captured_logs(parent: Any, info: Any, log_key: Sequence[str], cursor: str | None = None) -> AsyncGenerator[Wire, None]:
    """What steps print under a key: what there is from the cursor on, then more as it comes, until the run is over."""
    context: ApiContext = info.context
    is_first = True
    while True:
        was_over = await asyncio.to_thread(_is_over, _now(context), log_key[0] if log_key else "")
        told = await asyncio.to_thread(read_logs, context, log_key, cursor)
        is_new = told["cursor"] != (cursor or "0:0")
        if is_new or is_first:
            yield told
        is_first = False
        cursor = told["cursor"]
        if not is_new:
            if was_over:
                return
            await asyncio.sleep(_LOOK_S)


def _is_over(context: ApiContext, run_id: str) -> bool:
    run = run_named(context, run_id)
    return run is None or run.record.is_over


# -- everything ---------------------------------------------------------------------------------------------------------------


async def newest_runs(
    parent: Any, info: Any, filter: Mapping[str, Any] | None = None, limit: int | None = None  # noqa: A002 - the schema's name
) -> AsyncGenerator[Runs, None]:  # fmt: skip
    """The newest runs that pass a filter: at once, and again after anything was recorded of a run."""
    context: ApiContext = info.context
    with context.workspace.follower.listening() as listener:
        seen = await asyncio.to_thread(context.reader.last_seq)
        while True:
            yield await asyncio.to_thread(Runs, _now(context), filter, None, limit)
            while True:
                await asyncio.sleep(_PAUSE_S)  # what comes together is told together
                await listener.grown(seen)
                told, seen = await asyncio.to_thread(_changes, context, seen)
                if told["runIds"]:
                    break


async def records_changed(parent: Any, info: Any, cursor: str | None = None) -> AsyncGenerator[Wire, None]:
    """After each change what it concerned; what comes together is told together."""
    context: ApiContext = info.context
    with context.workspace.follower.listening() as listener:
        seen = int(cursor) if cursor and cursor.isdigit() else await asyncio.to_thread(context.reader.last_seq)
        while True:
            await listener.grown(seen)
            told, seen = await asyncio.to_thread(_changes, context, seen)
            yield told
            await asyncio.sleep(_PAUSE_S)


def _changes(context: ApiContext, after: int) -> tuple[Wire, int]:
    """What was written about after an entry, and the number of the last one that was read."""
    reader = context.instance.reader
    entries: list[Entry] = []
    last = after
    while page := reader.entries(after=last, limit=MOST_ROWS):
        entries += page
        last = page[-1].seq
        if len(page) < MOST_ROWS or len(entries) >= 10 * MOST_ROWS:
            break
    events = [entry.event for entry in entries]
    last = max(last, reader.last_seq() if not entries else last)
    return typed(
        "RecordsChanged", cursor=str(last), runIds=_once(getattr(event, "run_id", None) for event in events),
        assetKeys=_assets(events),
        backfillIds=_once(getattr(event, "backfill_id", None) for event in events),
        instigators=_once(one.text for event in events if (one := getattr(event, "instigator", None)) is not None),
    ), last  # fmt: skip


def _once(values: Iterable[Any]) -> list[str]:
    return list(dict.fromkeys(str(value) for value in values if value))


def _assets(events: Iterable[Event]) -> list[Any]:
    """The assets whose records the events changed."""
    found: dict[Any, None] = {}
    for event in events:
        for fact in facts_of(event):
            key = getattr(fact, "asset", None) or getattr(getattr(fact, "check", None), "asset", None)
            if key is not None:
                found[key] = None
        named = [getattr(event, name, None) for name in ("asset", "old", "new")]
        found.update({key: None for key in [*(target.asset for target in getattr(event, "targets", ())), *named] if key is not None})
    return list(found)


RESOLVERS = {
    "Subscription.pipelineRunLogs": run_logs,
    "Subscription.capturedLogs": captured_logs,
    "Subscription.runs": newest_runs,
    "Subscription.recordsChanged": records_changed,
}
