"""Runs, asked for and told of under the names that users of the field know: a part of `Instance`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal, cast

from nbasset import clock
from nbasset.dataclass import dataclass
from nbasset.definitions.requests import checked_tags
from nbasset.definitions.run_status import RunStatus
from nbasset.errors import InvalidInvocationError, UnknownRun, did_you_mean
from nbasset.events.facts import AssetMaterialized, ExpectationEvaluated
from nbasset.events.kinds import RunQueued, RunTagged
from nbasset.events.records import RunRecord
from nbasset.keys import RunId
from nbasset.record_filters import RunsFilter
from nbasset.storage.protocol import Storage, StorageReader

_PAGE = 500
RunOrder = Literal["id", "create_timestamp", "start_time", "end_time", "update_timestamp"]


@dataclass(frozen=True, slots=True)
class RunStats:
    """What became of a run in numbers; times are seconds since 1970, None where it did not come to that.

    >>> from nbasset import Instance, asset, materialize
    >>> @asset
    ... def orders():
    ...     return [1]
    >>> with Instance.ephemeral() as instance:
    ...     stats = instance.get_run_stats(materialize([orders], instance=instance).run_id)
    ...     stats.steps_succeeded, stats.steps_failed, stats.materializations
    (1, 0, 1)
    """

    run_id: RunId
    steps_succeeded: int
    steps_failed: int
    materializations: int
    expectations: int
    enqueued_time: float | None
    launch_time: float | None
    start_time: float | None
    end_time: float | None


class RunsApi:
    """What was recorded of runs."""

    @property
    def reader(self) -> StorageReader:
        """The store, or an empty one where nothing was written yet."""
        raise InvalidInvocationError("ask an Instance: Instance.get()")

    @property
    def storage(self) -> Storage:
        """The store, made if need be."""
        raise InvalidInvocationError("ask an Instance: Instance.get()")

    def get_runs(
        self, filters: RunsFilter | None = None, cursor: str | None = None, limit: int | None = None, *, ascending: bool = False
    ) -> list[RunRecord]:
        """Runs, newest first unless `ascending`; all of them without a limit. `cursor` is the id of the run to go on after.

        >>> from nbasset import Instance, asset, materialize
        >>> @asset
        ... def orders():
        ...     return [1]
        >>> with Instance.ephemeral() as instance:
        ...     first, second = [materialize([orders], instance=instance).run_id for _ in range(2)]
        ...     [run.run_id for run in instance.get_runs(ascending=True)] == [first, second]
        True
        """
        if ascending:
            return self.get_run_records(filters, limit, "id", True, cursor)
        found: list[RunRecord] = []
        asked = filters or RunsFilter()
        last = self.get_run_by_id(cursor) if cursor is not None else None
        before = str(last.first_seq) if last is not None else None
        while limit is None or len(found) < limit:
            size = _PAGE if limit is None else min(_PAGE, limit - len(found))
            page = self.reader.runs(asked.query(before=before, limit=size))
            found.extend(_told(run) for run in page.items if asked.admits(run))
            before = page.cursor
            if before is None:
                break
        return found

    def get_run_records(
        self,
        filters: RunsFilter | None = None,
        limit: int | None = None,
        order_by: RunOrder | None = None,
        ascending: bool = False,
        cursor: str | None = None,
    ) -> list[RunRecord]:
        """The same as `get_runs`, in the order of a time, if asked: runs without that time count as oldest. A record has all times."""
        if order_by is None and not ascending:
            return self.get_runs(filters, cursor, limit)
        if order_by not in (None, *_ORDERS):
            hint = did_you_mean(str(order_by), _ORDERS) or f"Give one of: {', '.join(_ORDERS)}."
            raise InvalidInvocationError(f"runs cannot be put in the order of {order_by!r}. {hint}")
        found = sorted(self.get_runs(filters), key=_ORDERS[order_by or "id"], reverse=not ascending)
        ids = [run.run_id for run in found]
        start = ids.index(RunId(cursor)) + 1 if cursor in ids else 0
        return found[start:] if limit is None else found[start : start + limit]

    def get_run_ids(self, filters: RunsFilter | None = None, cursor: str | None = None, limit: int | None = None) -> list[RunId]:
        """The ids of the runs that `get_runs` gives."""
        return [run.run_id for run in self.get_runs(filters, cursor, limit)]

    def get_runs_count(self, filters: RunsFilter | None = None) -> int:
        """How many runs `get_runs` gives."""
        return len(self.get_runs(filters))

    def has_run(self, run_id: str) -> bool:
        """Whether a run is known."""
        return self.get_run_by_id(run_id) is not None

    def get_run_by_id(self, run_id: str) -> RunRecord | None:
        """One run."""
        found = self.reader.run(RunId(run_id))
        return _told(found) if found is not None else None

    def delete_run(self, run_id: str) -> None:
        """Forget a run and its log; what it materialized stays."""
        self.storage.delete_runs([RunId(run_id)])

    def add_run_tags(self, run_id: str, new_tags: Mapping[str, str]) -> None:
        """Add tags to a run, also after its end; one that it has gets the new value.

        >>> from nbasset import Instance, RunsFilter, asset, materialize
        >>> @asset
        ... def orders():
        ...     return [1]
        >>> with Instance.ephemeral() as instance:
        ...     instance.add_run_tags(materialize([orders], instance=instance).run_id, {"seen": "yes"})
        ...     instance.get_runs_count(RunsFilter(tags={"seen": "yes"}))
        1

        Raises
        ------
        UnknownRun
            If there is no such run.
        """
        self._known(run_id)
        tags = checked_tags(new_tags, "add_run_tags")
        if tags:
            self.storage.append([RunTagged(clock.now_us(), RunId(run_id), tags)], flush=True)

    def get_run_stats(self, run_id: str) -> RunStats:
        """How many steps of a run ended how, what it made, and when.

        Raises
        ------
        UnknownRun
            If there is no such run.
        """
        run = self._known(run_id)
        made = expected = 0
        queued: float | None = None
        after = 0
        while page := self.reader.entries(after=after, run=run.run_id, limit=_PAGE):
            for entry in page:
                facts = getattr(entry.event, "facts", ())
                made += sum(isinstance(fact, AssetMaterialized) for fact in facts)
                expected += sum(isinstance(fact, ExpectationEvaluated) for fact in facts)
                if isinstance(entry.event, RunQueued):
                    queued = entry.event.at_us / 1_000_000
            after = page[-1].seq
        return RunStats(
            run.run_id, run.succeeded, run.failed, made, expected, queued, run.create_timestamp.timestamp(), run.start_time, run.end_time
        )  # fmt: skip

    def _known(self, run_id: str) -> RunRecord:
        run = self.get_run_by_id(run_id)
        if run is None:
            raise UnknownRun(f"no run {run_id!r} is recorded here. See them: instance.get_run_ids().")
        return run


_ORDERS: Mapping[str, Callable[[RunRecord], float]] = {
    "id": lambda run: run.first_seq,
    "create_timestamp": lambda run: run.requested_us,
    "start_time": lambda run: run.started_us,
    "end_time": lambda run: run.ended_us,
    "update_timestamp": lambda run: max(run.requested_us, run.started_us, run.ended_us, run.heartbeat_us),
}


def _told(run: RunRecord) -> RunRecord:
    """A run as users get it: its status is a member of the enumeration, which is the same text."""
    return replace(run, status=cast("Any", RunStatus(run.status)))
