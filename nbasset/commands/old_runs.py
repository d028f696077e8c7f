"""What becomes of old runs: their records and logs, and what their ops gave to each other.

Outputs of ops are kept so that a run can be done again from where it failed. Those of a run that succeeded are of little use once newer
ones did as well, so of each job the newest few are kept, as many as versions of an asset; those of a run that failed stay until it is
forgotten. Runs are forgotten when they are older than the settings say; what they materialized stays, whatever becomes of them. So are
ticks of schedules and sensors, but never the newest of each.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence

from nbasset.dataclass import dataclass
from nbasset.events.facts import OutputStored
from nbasset.events.kinds import Event, RunRequested, StepSucceeded
from nbasset.events.records import RunQuery, RunRecord
from nbasset.instance import Instance
from nbasset.io_managers.publishing import StoredVersion
from nbasset.keys import RunId
from nbasset.storage.protocol import StorageReader

_DAY_US = 86_400 * 1_000_000
_PAGE = 500
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Forgettable:
    """Runs that go with all that is theirs, and outputs of ops that go while their runs stay."""

    runs: tuple[RunRecord, ...] = ()
    outputs: tuple[StoredVersion, ...] = ()


def forgettable(instance: Instance, now_us: int) -> Forgettable:
    """What the settings keep no longer. Nothing of a run that another one, which goes on, continues."""
    reader, rule = instance.reader, instance.settings.retention
    needed = {run_id for run in reader.active_runs() for run_id in (run.run_id, run.parent_run_id, run.root_run_id)}
    old = _runs_before(reader, now_us - rule.runs_days * _DAY_US) if rule.runs_days else []
    going = tuple(run for run in old if run.run_id not in needed)
    gone = {run.run_id for run in going}
    stored = [one for one in instance.manager("parquet").folder.outputs() if one.version_id not in gone and one.version_id not in needed]
    return Forgettable(going, tuple(surplus_outputs(stored, _records(reader, stored), keep=rule.versions)))


def surplus_outputs(stored: Iterable[StoredVersion], runs: Iterable[RunRecord], *, keep: int) -> list[StoredVersion]:
    """Outputs that nobody goes on from: of runs that succeeded, behind the newest `keep` + 1 of the same job.

    Those of a run that no record knows are left alone: another home may use the same warehouse.
    """
    of_job: dict[object, list[RunRecord]] = {}
    for run in runs:
        if run.status == "success":
            of_job.setdefault(run.job or tuple(target.asset for target in run.targets), []).append(run)
    surplus: set[str] = set()
    for found in of_job.values():
        newest_first = sorted(found, key=lambda run: run.requested_us, reverse=True)
        surplus.update(str(run.run_id) for run in newest_first[keep + 1 :])
    return [one for one in stored if one.version_id in surplus]


def forget_runs(instance: Instance, run_ids: Sequence[RunId]) -> None:
    """Forget runs: records, logs, kept notebooks, outputs of ops. What they materialized stays."""
    if not run_ids:
        return
    instance.storage.delete_runs(run_ids)
    folder = instance.manager("parquet").folder
    for run_id in run_ids:
        folder.remove_outputs(str(run_id))
        shutil.rmtree(instance.home.run_folder(run_id), ignore_errors=True)


def retain_outputs(instance: Instance, events: Sequence[Event]) -> int:
    """After a run of a job: remove outputs that its success made superfluous. How many runs' outputs went.

    Cheap: only the next few runs behind the newest ones are looked at, since earlier runs saw to the others.
    """
    request = next((event for event in events if isinstance(event, RunRequested)), None)
    if request is None or request.job is None or not any(_stores_output(event) for event in events):
        return 0
    reader, keep = instance.reader, instance.settings.retention.versions
    newest = reader.runs(RunQuery(job=request.job, statuses=("success",), limit=keep + 1 + _AT_ONCE)).items
    surplus = newest[keep + 1 :]
    if not surplus or any(run.run_id != request.run_id for run in reader.active_runs()):
        return 0  # a run under way may read them; the next run, or gc, finds them again
    folder = instance.manager("parquet").folder
    for run in surplus:
        folder.remove_outputs(str(run.run_id))
    return len(surplus)


def old_ticks(instance: Instance, now_us: int) -> int:
    """How many ticks the settings keep no longer: all of them are looked at."""
    until_us = _keeps_ticks_since(instance, now_us)
    ticks = (tick for one in instance.all_instigator_state() for tick in instance.get_ticks(one.instigator)[1:])
    return sum(tick.ended_us < until_us for tick in ticks) if until_us else 0


def forget_ticks(instance: Instance, now_us: int) -> int:
    """Forget the ticks that the settings keep no longer; how many. Cheap when there are none."""
    until_us = _keeps_ticks_since(instance, now_us)
    return instance.purge_ticks(until_us / 1e6) if until_us else 0


def _keeps_ticks_since(instance: Instance, now_us: int) -> int:
    days = instance.settings.retention.ticks_days
    return now_us - days * _DAY_US if days else 0


def _stores_output(event: Event) -> bool:
    return isinstance(event, StepSucceeded) and any(isinstance(fact, OutputStored) and fact.uri for fact in event.facts)


def _runs_before(reader: StorageReader, moment_us: int) -> list[RunRecord]:
    found: list[RunRecord] = []
    before = None
    while True:
        page = reader.runs(RunQuery(until_us=moment_us, before=before, limit=_PAGE))
        found += [run for run in page.items if run.is_over and (run.ended_us or run.requested_us) < moment_us]
        before = page.cursor
        if before is None:
            return found


def _records(reader: StorageReader, stored: Sequence[StoredVersion]) -> list[RunRecord]:
    found: list[RunRecord] = []
    ids = [RunId(one.version_id) for one in stored]
    for at in range(0, len(ids), _PAGE):
        found += reader.runs(RunQuery(run_ids=tuple(ids[at : at + _PAGE]), limit=_PAGE)).items
    return found
