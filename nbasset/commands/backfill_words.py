"""Backfills in words, the same on the command line and in a notebook."""

from __future__ import annotations

from collections.abc import Sequence

from nbasset.commands.backfill import PlannedBackfill
from nbasset.commands.backfill_records import BackfillStatus, is_carried_out
from nbasset.commands.words import ago, counted, duration, size_text
from nbasset.events.records import BackfillRecord
from nbasset.keys import AssetKey
from nbasset.storage.protocol import Storage

WORDS = {
    "requested": "goes on", "canceling": "is being cancelled", "completed_success": "done", "completed_failed": "done, with failures",
    "cancelled": "cancelled", "failed": "could not go on",
}  # fmt: skip
_ENOUGH, _ENOUGH_S, _ENOUGH_OF = 3, 10.0, 10


def state_text(record: BackfillRecord, *, is_driven: bool) -> str:
    """How a backfill stands, in a word: one that is open and that nobody carries out has stopped."""
    return "stopped" if record.status == "requested" and not is_driven else WORDS[record.status]


def next_step(status: BackfillStatus) -> str:
    """What can be done about a backfill that is not done: go on with one that has stopped, make again what failed. Else empty."""
    record = status.record
    if not status.is_over:
        return "" if status.is_driven else f"go on: backfill --resume {record.backfill_id[:8]}"
    if record.status == "cancelled" and (status.count("waiting") or status.count("running")):
        return "the rest: the same command with --only missing"
    return "again, what failed: the same command with --only failed" if status.count("failed") or status.count("blocked") else ""


def planned_text(planned: PlannedBackfill) -> str:
    """What is to be done, how much it is and how long it takes, in a sentence."""
    if planned.is_empty:
        if planned.only in ("missing", "failed") and planned.fresh:
            why = "is missing" if planned.only == "missing" else "failed last"
            return f"Nothing to do: no partition of {names_text(planned.fresh)} {why}."
        return "Nothing to do: " + (f"{counted(len(planned.fresh), 'asset')} fresh." if planned.fresh else "no partitions are meant.")
    told = planned.estimate
    names = names_text(list(planned.plan.wanted))
    said = f"{counted(told.partitions, 'partition')} of {counted(len(planned.plan.wanted), 'asset')} in {counted(told.runs, 'run')}"
    said += f", {planned.plan.options.at_once} at a time" if planned.plan.options.at_once > 1 else ""
    if told.seconds is not None:
        said += f", about {duration(told.seconds)}"
        said += f" and {size_text(round(told.bytes))}" if told.bytes else ""
        said += f" (without {counted(len(told.unknown), 'asset')} never made before)" if told.unknown else ""
    return f"{names}: {said}."


def going_on(backfill_id: str, verb: str) -> str:
    """What is said of a backfill that a process of its own carries out."""
    name = backfill_id[:8]
    return f"backfill {name} goes on by itself. How it stands: {verb} backfill --status {name}; stop it: {verb} backfill --cancel {name}"


def names_text(keys: Sequence[AssetKey]) -> str:
    """The first assets of a list by name."""
    return ", ".join(map(str, keys[:3])) + (" and more" if len(keys) > 3 else "")


def progress_text(ended: int, total: int, failed: int, *, since: int, seconds: float) -> str:
    """How far it is, and how long the rest takes at the pace of the last `seconds`, in which it came here from `since` partitions.

    Nothing is said of the rest before enough has ended to tell: the first run also starts workers and loads libraries, and what is still
    going on is not counted. Enough is three partitions that took ten seconds or are a tenth of all. Nor is anything of less than a second.

    >>> progress_text(30, 90, 1, since=10, seconds=10.0)
    '30 of 90 partitions, 1 failed, about 30.0 s left'
    >>> progress_text(11, 90, 0, since=10, seconds=17.0)
    '11 of 90 partitions'
    """
    said = f"{ended:,} of {counted(total, 'partition')}" + (f", {failed:,} failed" if failed else "")
    left = _left(ended, total, since, seconds)
    return f"{said}, {left}" if left else said


def rest_text(status: BackfillStatus, *, since: int, seconds: float) -> str:
    """How long the rest of a backfill takes, as `progress_text` says it; empty where nothing is said."""
    return _left(status.ended, status.total, since, seconds)


def _left(ended: int, total: int, since: int, seconds: float) -> str:
    done = ended - since
    is_known = done >= _ENOUGH and (seconds >= _ENOUGH_S or done * _ENOUGH_OF >= total - since)
    rest = (total - ended) * seconds / done if is_known else 0.0
    return f"about {duration(rest)} left" if rest >= 1.0 else ""


def headline(status: BackfillStatus) -> str:
    """Which backfill, how it stands, how far it is."""
    record = status.record
    title = f"backfill {record.backfill_id[:8]}" + (f", {record.title}" if record.title else "")
    return f"{title}: {state_text(record, is_driven=status.is_driven)}, {status.ended:,} of {counted(status.total, 'partition')}"


def asset_text(status: BackfillStatus, key: AssetKey) -> str:
    """How one asset of a backfill stands: ``3 of 5 done, 1 failed, 1 not run after a failure``."""
    one = status.assets[key]
    others = (
        ("failed", one.failed), ("not run after a failure", one.blocked), ("left out", one.skipped), ("running", one.running),
        ("to do", one.waiting),
    )  # fmt: skip
    return ", ".join([f"{len(one.done):,} of {len(one.requested):,} done", *(f"{len(found):,} {word}" for word, found in others if found)])


def listed_text(storage: Storage, records: Sequence[BackfillRecord], now_us: int) -> list[str]:
    """A line a backfill."""
    lines = []
    for record in records:
        wanted = sum(1 if target.partitions is None else len(target.partitions) for target in record.targets)
        what = record.title or ", ".join(str(target.asset) for target in record.targets[:3])
        size = f"{counted(wanted, 'partition')} in {counted(len(record.run_ids), 'run')}"
        state = state_text(record, is_driven=is_carried_out(storage, record))
        lines.append(f"{record.backfill_id[:8]}  {state:<20}  {size}  {ago(record.requested_us, now_us)}  {what}")
    return lines
