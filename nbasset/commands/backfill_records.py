"""How a backfill stands, read from what is recorded: partition by partition with its run, and what to close after a process died."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby

from nbasset.commands.scope import Scope
from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import Catalog
from nbasset.definitions.partition_ranges import format_ranges
from nbasset.definitions.partitions import PartitionsView
from nbasset.errors import BackfillBusy, InvalidDefinitionError, PartitionBusy, UnknownBackfill, did_you_mean
from nbasset.events.kinds import Event, RunCancelled, RunFailed, StepFailed, StepSucceeded
from nbasset.events.records import BackfillRecord, RunRecord
from nbasset.instance import Instance
from nbasset.keys import AssetKey, RunId
from nbasset.ordinals import OrdinalSet
from nbasset.planning.backfill import (
    WHOLE,
    AssetStanding,
    BackfillOptions,
    BackfillPlan,
    Outcomes,
    Sets,
    plan_backfill,
    sets_of,
    standing,
    united,
    without,
)
from nbasset.planning.backfill_outcomes import BY_INTERRUPT, BY_ITSELF, interrupted, outcomes_of_run, recorded_outcomes
from nbasset.planning.plan import PlanRequest
from nbasset.planning.run_plan import plan_run
from nbasset.serde import Json
from nbasset.storage.processes import is_alive, this_process
from nbasset.storage.protocol import Storage, StorageReader

MOST_DEATHS = 5
"""So many processes may die at a partition, one after the other and with nothing made between; then it counts as failed: nobody begins it
for ever."""
_PAGE = 1000
_LOCK_S = 1.0
_PARTS = ("requested", "done", "failed", "blocked", "skipped", "running", "waiting")


@dataclass(frozen=True, eq=False)
class BackfillStatus:
    """One backfill: its record, how each asset stands, and what its runs that failed said (run, message).

    `is_driven` is whether some process carries it out right now.
    """

    record: BackfillRecord
    plan: BackfillPlan
    assets: Mapping[AssetKey, AssetStanding]
    failures: tuple[tuple[RunId, str], ...] = ()
    is_driven: bool = False

    @property
    def backfill_id(self) -> str:
        """Its id."""
        return self.record.backfill_id

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return bool(self.record.ended_us)

    @property
    def success(self) -> bool:
        """Whether everything was made, or left out on purpose."""
        return self.record.status == "completed_success"

    def count(self, what: str) -> int:
        """Partitions of all assets that are ``requested``, ``done``, ``failed``, ``blocked``, ``skipped``, ``running`` or ``waiting``."""
        return sum(len(getattr(one, what)) for one in self.assets.values())

    @property
    def total(self) -> int:
        """All partitions of all assets."""
        return self.count("requested")

    @property
    def ended(self) -> int:
        """Those that have an end."""
        return self.total - self.count("running") - self.count("waiting")

    def text(self, key: AssetKey, what: str) -> str:
        """The partitions of an asset that are ``failed`` (and so on), as keys and ranges; empty where there are none."""
        definition = self.plan.catalog.by_key[key].partitions_def
        ordinals: OrdinalSet = getattr(self.assets[key], what)
        return "" if definition is None or not ordinals else format_ranges(ordinals, definition, self.plan.view)

    def to_json(self) -> Json:
        """Plain data; partitions as texts of keys and ranges."""
        record = self.record
        assets: list[Json] = [
            {
                "asset": str(key), **{name: len(getattr(one, name)) for name in _PARTS},
                "partitions": {name: self.text(key, name) for name in ("failed", "blocked", "skipped") if getattr(one, name)},
            }
            for key, one in self.assets.items()
        ]  # fmt: skip
        return {
            "id": record.backfill_id, "status": record.status, "title": record.title, "location": record.location, "by": record.by,
            "requested_us": record.requested_us, "ended_us": record.ended_us or None, "message": record.message,
            "is_driven": self.is_driven, "runs": list(record.run_ids), "assets": assets,
            "failures": [{"run": run_id, "message": message} for run_id, message in self.failures],
        }  # fmt: skip


def backfill_of(reader: StorageReader, backfill_id: str) -> BackfillRecord:
    """The record of a backfill, found by its id or by the start of it.

    Raises
    ------
    UnknownBackfill
        If there is none, or several begin so.
    """
    found = reader.backfill(backfill_id)
    if found is not None:
        return found
    known = [one.backfill_id for one in reader.backfills(limit=1000)]
    matching = [one for one in known if len(backfill_id) >= 4 and one.startswith(backfill_id)]
    if len(matching) == 1 and (found := reader.backfill(matching[0])) is not None:
        return found
    if matching:
        raise UnknownBackfill(f"{len(matching)} backfills begin with '{backfill_id}'. Give more of the id.")
    hint = did_you_mean(backfill_id, known) or "See what there is: backfill --list."
    raise UnknownBackfill(f"there is no backfill '{backfill_id}' in this home. {hint}")


@contextmanager
def alone(storage: Storage, backfill_id: str, *, timeout_s: float = _LOCK_S) -> Iterator[None]:
    """Hold the lock of a backfill: whoever drives it has it.

    Raises
    ------
    BackfillBusy
        If another process has it.
    """
    try:
        with storage.lock(f"backfill/{backfill_id}", timeout_s=timeout_s):
            yield
    except PartitionBusy as error:
        if f"backfill/{backfill_id}" not in str(error):
            raise
        raise BackfillBusy(
            f"backfill {backfill_id[:8]} is carried out by another process right now. See how it stands: backfill --status "
            f"{backfill_id[:8]}; stop it: backfill --cancel {backfill_id[:8]}."
        ) from None


def is_carried_out(storage: Storage, record: BackfillRecord) -> bool:
    """Whether some process carries the backfill out right now."""
    if record.ended_us:
        return False
    try:
        with alone(storage, record.backfill_id, timeout_s=0.0):
            return False
    except BackfillBusy:
        return True


def plan_of_record(catalog: Catalog, record: BackfillRecord, view: PartitionsView) -> BackfillPlan:
    """The plan of a backfill that was asked for earlier. Partitions that no longer exist are left out.

    Raises
    ------
    InvalidDefinitionError
        If an asset is gone, or has become partitioned, or is so no longer.
    """
    sets: dict[AssetKey, OrdinalSet] = {}
    for key, ordinals in sets_of(record.targets).items():
        asset = catalog.by_key.get(key)
        was_partitioned = any(target.partitions is not None for target in record.targets if target.asset == key)
        changed = ""
        if asset is None:
            changed = "is no longer defined"
        elif not asset.is_executable:
            changed = "is no longer made here"
        elif (asset.partitions_def is not None) != was_partitioned:
            changed = "has no partitions any more" if was_partitioned else "has partitions now"
        if changed or asset is None:
            raise InvalidDefinitionError(f"the backfill was asked for asset '{key}', which {changed}. Ask again: backfill --only missing.")
        sets[key] = ordinals if asset.partitions_def is None else ordinals & asset.partitions_def.ordinals(view)
    return plan_backfill(catalog, sets, _options(record), view)


def view_of_record(scope: Scope, record: BackfillRecord) -> PartitionsView:
    """What exists is asked as of the moment at which the backfill was planned."""
    return _view_of(scope.instance, record)


def _view_of(instance: Instance, record: BackfillRecord) -> PartitionsView:
    now_us = record.options.get("now_us")
    at_us = now_us if isinstance(now_us, int) else record.requested_us
    return instance.partitions_view(datetime.fromtimestamp(at_us / 1_000_000, UTC))


def number(record: BackfillRecord, name: str) -> int:
    """A number among the options of a backfill; 0 when it has no such option."""
    found = record.options.get(name)
    return int(found) if isinstance(found, (int, float)) else 0


def status_of(
    scope: Scope,
    record: BackfillRecord,
    plan: BackfillPlan | None = None,
    outcomes: Outcomes | None = None,
    *,
    failures: bool = True,
    is_driven: bool | None = None,
) -> BackfillStatus:
    """How a backfill stands. Plan, outcomes and `is_driven` are read where they are not known; with `failures` also what the runs said."""
    return status_in(scope.instance, scope.catalog, record, plan, outcomes, failures=failures, is_driven=is_driven)


def status_in(
    instance: Instance,
    catalog: Catalog,
    record: BackfillRecord,
    plan: BackfillPlan | None = None,
    outcomes: Outcomes | None = None,
    *,
    failures: bool = True,
    is_driven: bool | None = None,
) -> BackfillStatus:
    """The same for whoever knows what is defined from a catalog alone."""
    reader = instance.reader
    the_plan = plan if plan is not None else plan_of_record(catalog, record, _view_of(instance, record))
    known = outcomes if outcomes is not None else read_outcomes(reader, record, the_plan)
    now = standing(the_plan, known)
    told = tuple(_failures(reader, record)) if failures and any(one.failed or one.blocked for one in now.values()) else ()
    driven = is_driven if is_driven is not None else is_carried_out(instance.storage, record)
    if not driven:  # a process that was killed left a run without an end: nothing of it goes on
        now = {key: replace(one, running=OrdinalSet(), waiting=one.open) for key, one in now.items()}
    return BackfillStatus(record, the_plan, now, told, driven)


def runs_by_partition(scope: Scope, status: BackfillStatus, key: AssetKey) -> dict[str, RunId]:
    """For each partition of an asset that a run of the backfill was to make: the last such run, by partition key."""
    return last_runs(scope.instance.reader, status, key)


def last_runs(reader: StorageReader, status: BackfillStatus, key: AssetKey) -> dict[str, RunId]:
    """The same for whoever has no scope."""
    definition = status.plan.catalog.by_key[key].partitions_def
    found: dict[int, RunId] = {}
    for run in _runs(reader, status.record):
        for ordinal in sets_of(run.targets).get(key, OrdinalSet()):
            found[ordinal] = run.run_id
    if definition is None:
        return {"": next(reversed(found.values()))} if found else {}
    refs = definition.refs_of(OrdinalSet.of(found), status.plan.view.table)
    return {ref.key: found[ref.ordinal] for ref in refs}


@dataclass(frozen=True, slots=True)
class BackfillRun:
    """A run of a backfill: how it ended, and the partitions that it was to make of each asset, as keys and ranges (empty: all of it)."""

    run_id: RunId
    status: str
    partitions: Mapping[AssetKey, str]

    def to_json(self) -> Json:
        """Plain data."""
        return {"run": self.run_id, "status": self.status, "partitions": {str(key): text for key, text in self.partitions.items()}}


def runs_of(scope: Scope, status: BackfillStatus) -> list[BackfillRun]:
    """The runs of a backfill, oldest first: which run made a partition is told here for all of them."""
    view, by_key = status.plan.view, scope.catalog.by_key
    found = []
    for run in _runs(scope.instance.reader, status.record):
        texts = {}
        for target in run.targets:
            definition = by_key[target.asset].partitions_def if target.asset in by_key else None
            is_cut = definition is not None and target.partitions is not None
            texts[target.asset] = format_ranges(target.partitions, definition, view) if is_cut else ""  # type: ignore[arg-type]
        found.append(BackfillRun(run.run_id, run.status, texts))
    return found


def read_outcomes(reader: StorageReader, record: BackfillRecord, plan: BackfillPlan) -> Outcomes:
    """What the runs of a backfill came to, from the newest state of its assets; logs of runs are read only where that does not tell."""
    runs = _runs(reader, record)
    keys = list(plan.wanted)
    known = recorded_outcomes(plan.wanted, record.run_ids, reader.partition_tables(keys), reader.latest(keys))
    running: Sets = {}
    for run in runs:
        if not run.is_over:
            running = united(running, without(without(sets_of(run.targets), known.done), known.failed))
    left = without(without(without(sets_of(record.launched), known.done), known.failed), running)
    for run in reversed(runs):
        targets = sets_of(run.targets)
        if run.is_over and any(ordinals & targets.get(key, OrdinalSet()) for key, ordinals in left.items()):
            told = outcomes_of_run(run, _events(reader, run.run_id), wants_to_stop=record.status in ("canceling", "cancelled"))
            known = known | told
            left = without(without(without(without(left, told.done), told.failed), told.blocked), told.skipped)
        is_spoilt = run.status == "failure" and run.reason in BY_ITSELF and not run.failed
        known = known | Outcomes(bad_checks=True) if is_spoilt else known
    return known | Outcomes(failed=_deadly(reader, plan, runs), running=running)


def lost_runs(reader: StorageReader, record: BackfillRecord, at_us: int) -> list[Event]:
    """Ends for runs of the backfill that nobody carries out any more. To be asked only by who holds the backfill's lock."""
    me = this_process()
    ends: list[Event] = []
    for run in reader.active_runs():
        if run.backfill_id != record.backfill_id or (run.owner is not None and run.owner != me and is_alive(run.owner) is not False):
            continue
        text = "its process is gone: it was killed, or the machine restarted. What had finished is kept."
        if run.status == "canceling":
            ends.append(RunCancelled(at_us, run.run_id, "its process is gone after it was asked to stop"))
        else:
            ends.append(RunFailed(at_us, run.run_id, "worker-lost", text))
    return ends


def _runs(reader: StorageReader, record: BackfillRecord) -> list[RunRecord]:
    return [run for run_id in record.run_ids if (run := reader.run(run_id)) is not None]


def _deadly(reader: StorageReader, plan: BackfillPlan, runs: Sequence[RunRecord]) -> dict[AssetKey, OrdinalSet]:
    """Partitions at which so many processes died in a row, each before it had made anything. `runs` are all, the oldest first.

    What is made in between clears everybody: of several steps that a process was at, it is not known which one killed it, and those that
    did not are made in the end.
    """
    if sum(run.status == "failure" and run.reason not in BY_ITSELF for run in runs) < MOST_DEATHS:
        return {}
    deaths: dict[tuple[AssetKey, int], int] = {}
    found: dict[AssetKey, OrdinalSet] = {}
    for _, together in groupby(runs, lambda run: run.owner or run.run_id):
        deaths = {one: deaths.get(one, 0) + 1 for one in _begun_at_death(reader, plan, list(together))}
        for (key, ordinal), count in deaths.items():
            if count >= MOST_DEATHS:
                found[key] = found.get(key, OrdinalSet()) | OrdinalSet.between(ordinal, ordinal + 1)
    return found


def _begun_at_death(reader: StorageReader, plan: BackfillPlan, runs: Sequence[RunRecord]) -> set[tuple[AssetKey, int]]:
    """What a process was at when it died; nothing if it lives, or had made anything in its runs."""
    found: set[tuple[AssetKey, int]] = set()
    for run in runs:
        if run.status != "failure" or run.reason in BY_ITSELF:
            return set()
        events = list(_events(reader, run.run_id))
        if any(isinstance(event, (StepSucceeded, StepFailed)) for event in events):
            return set()
        found |= _partitions_of_steps(plan, run, interrupted(events))
    return found


def _partitions_of_steps(plan: BackfillPlan, run: RunRecord, begun: set[str]) -> set[tuple[AssetKey, int]]:
    if not begun:
        return set()
    targets = {key: ordinals for key, ordinals in sets_of(run.targets).items() if key in plan.wanted}
    partitions = {key: ordinals for key, ordinals in targets.items() if plan.catalog.by_key[key].partitions_def is not None}
    steps = plan_run(plan.catalog, PlanRequest(run.run_id, frozenset(targets), partitions), plan.view).by_key
    return {
        (asset, ordinal)
        for step in (steps[key] for key in begun if key in steps)
        for asset in step.assets
        for ordinal in (step.partitions if step.partitions is not None else WHOLE)
    }


def _failures(reader: StorageReader, record: BackfillRecord) -> Iterator[tuple[RunId, str]]:
    for run in _runs(reader, record):
        if run.status in ("failure", "canceled") and run.reason in (*BY_ITSELF, "cancelled") and run.message != BY_INTERRUPT:
            yield run.run_id, run.message


def _events(reader: StorageReader, run_id: RunId) -> Iterator[Event]:
    after = 0
    while page := reader.entries(after=after, run=run_id, limit=_PAGE):
        yield from (entry.event for entry in page)
        after = page[-1].seq


def _options(record: BackfillRecord) -> BackfillOptions:
    return BackfillOptions(number(record, "chunk"), max(1, number(record, "at_once")), bool(record.options.get("newest_first")))
