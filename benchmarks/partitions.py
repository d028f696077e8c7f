"""Partitions against the least a program could do for the same, in turn, in one process.

    python benchmarks/partitions.py [--scale 0.2] [--wall]

CPU time; `--wall` measures by the clock on the wall. Prints medians and the ratio to raw. "Raw" is datetime arithmetic and strftime for
keys and windows, a bitmap for sets, and for a backfill three rows and one commit a partition in plain sqlite3. Where there is no raw
counterpart, the budget stands beside the figure.
"""

from __future__ import annotations

import argparse
import gc
import random
import sqlite3
import statistics
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time

from nbasset import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    Instance,
    PartitionKeyRange,
    StaticPartitionsDefinition,
    TimeWindowPartitionMapping,
    asset,
)
from nbasset.arguments.options import BackfillArguments, PartitionArguments, PlanArguments
from nbasset.commands.backfill import launch_backfill, plan_of
from nbasset.commands.backfill_driver import drive
from nbasset.commands.carrying_out import Manner
from nbasset.commands.plan import plan
from nbasset.commands.scope import Scope, scope_of
from nbasset.commands.states import standing
from nbasset.definitions.partitions import PartitionsDefinition, PartitionsView
from nbasset.events.facts import AssetMaterialized
from nbasset.events.kinds import RunRequested, StepSucceeded
from nbasset.events.records import Status
from nbasset.keys import AssetKey, PartitionRef, new_run_id
from nbasset.notebook.panel_keys import key_space
from nbasset.ordinals import OrdinalSet
from nbasset.planning.backfill import Outcomes, next_chunks
from nbasset.planning.backfill import standing as stand
from nbasset.storage.opening import open_reader


class Clock:
    """CPU time, or that on the wall."""

    now = staticmethod(process_time)


clock = Clock()
NOW = datetime(2025, 1, 1, tzinfo=UTC)
START, HOURS = datetime(2015, 1, 1, tzinfo=UTC), 43_848
FORMAT = "%Y-%m-%d-%H:%M"


def best(work: Callable[[], object], *, times: int = 5) -> float:
    """The median time of a call, in seconds. What is quick is called so often that the clock can tell."""
    found: list[float] = []
    often = 1
    for _ in range(times):
        gc.collect()
        begin = clock.now()
        for _ in range(often):
            work()
        took = clock.now() - begin
        if took < 0.01 and not found:
            often = max(1, round(0.02 / max(took, 1e-5)))
            begin = clock.now()
            for _ in range(often):
                work()
            took = clock.now() - begin
        found.append(took / often)
    return statistics.median(found)


def line(name: str, ours: float, raw: float | None = None, *, note: str = "") -> None:
    """One row of the table."""
    plain = f"{shown(raw):>10}  {ours / raw:6.2f}x" if raw else f"{'':>10}  {'':>7}"
    print(f"{name:<58} {shown(ours):>10} {plain}  {note}")


def shown(seconds: float) -> str:
    for size, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


# -- keys and windows ----------------------------------------------------------------------------------------------------------


def hourly() -> HourlyPartitionsDefinition:
    return HourlyPartitionsDefinition(START, START + timedelta(hours=HOURS))


def keys_and_windows() -> None:
    def raw_keys() -> list[str]:
        return [(START + timedelta(hours=hour)).strftime(FORMAT) for hour in range(HOURS)]

    raw = best(raw_keys)
    line(f"{HOURS:,} hourly keys, cold", best(lambda: hourly().get_partition_keys(NOW)), raw, note="budget 1x")
    known = hourly()
    known.get_partition_keys(NOW)
    line(f"{HOURS:,} hourly keys, warm", best(lambda: known.get_partition_keys(NOW)), note="budget 5 ms")
    keys = random.Random(1).sample(raw_keys(), 2000)

    def raw_windows() -> None:
        for key in keys:
            start = datetime.strptime(key, FORMAT).replace(tzinfo=UTC)
            _ = start, start + timedelta(hours=1)

    def windows() -> None:
        for key in keys:
            known.time_window_for_partition_key(key)

    line("all 43,848 windows by their keys", best(lambda: [known.time_window_for_partition_key(key) for key in raw_keys()], times=3))
    line("window of a key", best(windows) / len(keys), best(raw_windows) / len(keys), note="budget 2x of 0.8 us")
    view = PartitionsView(NOW)
    wanted = PartitionKeyRange("2016-01-01-00:00", "2018-01-01-00:00")
    ends = datetime(2016, 1, 1), datetime(2018, 1, 1)

    def raw_range() -> range:
        first, last = (round((end.replace(tzinfo=UTC) - START).total_seconds()) // 3600 for end in ends)
        return range(first, last + 1)

    line("a range of two years as a set", best(lambda: known.ordinals_in_range(wanted, view)), best(raw_range), note="budget 10 us")
    days = DailyPartitionsDefinition("2015-01-01", "2020-01-01")
    one = days.ordinals_of(["2017-06-01"], view)
    mapping = TimeWindowPartitionMapping()
    known.ordinals(view)
    line("a day to its hours", best(lambda: mapping.upstream_of(one, days, known, view), times=50), note="budget 10 us")


# -- states ----------------------------------------------------------------------------------------------------------------------


def done_of(instance: Instance, key: AssetKey) -> OrdinalSet:
    """Read by a process that knows nothing yet, but for its connection."""
    store = open_reader(str(instance.home.database))
    store.last_seq()
    begin = clock.now()
    done = store.partitions(key).with_status(Status.MATERIALIZED)
    COLD.append(clock.now() - begin)
    store.close()
    return done


COLD: list[float] = []


def cold(instance: Instance, key: AssetKey) -> float:
    COLD.clear()
    for _ in range(7):
        done_of(instance, key)
    return statistics.median(COLD)


def fill(instance: Instance, key: AssetKey, refs: list[PartitionRef]) -> None:
    """Record a materialization of each partition, a thousand in a step."""
    run_id = new_run_id()
    instance.storage.append([RunRequested(1, run_id)])
    for at in range(0, len(refs), 1000):
        facts = tuple(AssetMaterialized(key, ref, f"v{ref.ordinal}", f"d{ref.ordinal}", "code") for ref in refs[at : at + 1000])
        instance.storage.append([StepSucceeded(at, run_id, f"step{at}", facts)])


def states() -> None:
    definition, view = hourly(), PartitionsView(NOW)
    ordinals = list(definition.ordinals(view))
    some = OrdinalSet.of(random.Random(2).sample(ordinals, 10_000))
    with Instance.local_temp() as instance:
        key = AssetKey("hourly")
        fill(instance, key, list(definition.refs_of(some, view.table)))
        line("which of 43,848 are done (10,000 scattered), cold", cold(instance, key), note="budget 10 ms")
        table = instance.storage.partitions(key)
        line("the same, from what was read", best(lambda: table.with_status(Status.MATERIALIZED)), note="budget 1 ms")
        print(f"   as a set {len(some.to_bytes()):,} B (budget 8,000); a bitmap {HOURS // 8:,} B")
    many_partitions(DailyPartitionsDefinition("1750-01-01", "2023-10-17"), "daily")
    many_partitions(StaticPartitionsDefinition([f"customer {number}" for number in range(100_000)]), "listed")
    scattered()


def grid(definition: PartitionsDefinition, view: PartitionsView, done: OrdinalSet) -> object:
    """What a panel sends of an asset: the positions of its partitions, and the states as runs over them."""
    space = key_space(definition, view)
    left = definition.ordinals(view)
    return space.runs([("fresh", left & done), ("missing", left - done)])


def many_partitions(many: PartitionsDefinition, kind: str) -> None:
    @asset(partitions_def=many)
    def long() -> int:
        return 1

    with Instance.local_temp() as instance:
        scope, now = scope_of([long], instance=instance), instance.partitions_view(NOW)
        existing = many.ordinals(now)
        key = AssetKey("long")
        fill(instance, key, [PartitionRef(name, ordinal) for name, ordinal in many.refs_of(existing, now.table)][::2])
        print(f"-- one asset with {len(existing):,} {kind} partitions, every second one made")
        line("which are done", cold(instance, key), note="budget 25 ms")
        done = instance.storage.partitions(key).with_status(Status.MATERIALIZED)
        line("grid data: positions and states", best(lambda: grid(many, instance.partitions_view(NOW), done), times=3))
        line("state: fresh, stale, missing, failed", best(lambda: standing(scope, view=instance.partitions_view(NOW), files=0)))
        asked = BackfillArguments("long", only="missing", chunk=100)
        line("a backfill of what is missing, planned", best(lambda: plan_of(scope, asked)))
        planned = plan_of(scope, asked).plan
        at = stand(planned, Outcomes())
        line("how it stands, and what comes next", best(lambda: next_chunks(planned, stand(planned, Outcomes()))) or 1e-9)
        assert at[key].waiting
        keys = many.keys_of(existing, now.table)
        some = PlanArguments("long", PartitionArguments(f"{keys[90_000]}..{keys[90_364]}"))
        line("plan of 365 of them", best(lambda: plan(scope, some)))
        line("plan of all that is missing", best(lambda: plan(scope, PlanArguments("long", missing=True)), times=2))


def scattered() -> None:
    """Sets of 100,000, half of them here and there."""
    chance = random.Random(3)
    one, other = (OrdinalSet.of(chance.sample(range(100_000), 50_000)) for _ in range(2))
    few = OrdinalSet.of(range(40_000, 40_100, 3))
    print("-- two sets of 50,000 scattered among 100,000")
    line("what is in both", best(lambda: one & other))
    line("what is in the one and not in the other", best(lambda: one - other))
    line("what is in either", best(lambda: one | other))
    line("which of 34 are in one", best(lambda: few & one))
    line("to bytes and back", best(lambda: OrdinalSet.from_bytes(one.to_bytes()), times=3))


# -- backfills ---------------------------------------------------------------------------------------------------------------------


def backfill(partitions: int, *, chunk: int = 0) -> None:
    daily = DailyPartitionsDefinition("1990-01-01", "2020-01-01")

    @asset(partitions_def=daily, io_manager_key="memory")
    def first() -> int:
        return 1

    @asset(partitions_def=daily, io_manager_key="memory")
    def second(first: int) -> int:
        return first

    @asset(partitions_def=daily, io_manager_key="memory")
    def third(second: int) -> int:
        return second

    def ours(instance: Instance) -> float:
        scope: Scope = scope_of([first, second, third], instance=instance)
        keys = daily.get_partition_keys(NOW)
        asked = BackfillArguments("first+", PartitionArguments(f"{keys[0]}..{keys[partitions - 1]}"), chunk=chunk)
        begin = clock.now()
        status = drive(scope, launch_backfill(scope, plan_of(scope, asked)), Manner(echo=False))
        took = clock.now() - begin
        assert status.success
        return took

    def plain(folder: Path) -> float:
        connection = sqlite3.connect(folder / "raw.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY, at INTEGER, run TEXT, kind TEXT, payload TEXT)")
        begin = clock.now()
        for number in range(partitions):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "INSERT INTO events VALUES (NULL, ?, ?, ?, ?)", [(number, "run", "step", f'{{"asset":"{name}"}}') for name in "abc"]
            )
            connection.execute("COMMIT")
        took = clock.now() - begin
        connection.close()
        return took

    how = f", {chunk} a run" if chunk else ""
    print(f"-- a backfill of {partitions:,} partitions of 3 assets{how}, in memory, recorded in SQLite")
    times, raws = [], []
    for _ in range(3):
        with Instance.local_temp() as instance, tempfile.TemporaryDirectory() as folder:
            _ = instance.storage
            before = size(instance)
            times.append(ours(instance) / partitions)
            raws.append(plain(Path(folder)) / partitions)
            rows, grown = instance.storage.last_seq() / partitions, (size(instance) - before) / partitions
            files = sum(1 for path in instance.home.root.rglob("*") if path.is_file())
    line("a partition", statistics.median(times), statistics.median(raws), note="" if chunk else "budget 0.5 ms")
    told = "" if chunk else " (budgets 5 and 3,000)"
    print(f"   {rows:.2f} rows and {grown:,.0f} B{told} a partition; {files} files in all")


def size(instance: Instance) -> int:
    """Bytes of the database once its log is folded in."""
    connection = sqlite3.connect(instance.home.database)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return instance.home.database.stat().st_size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0, help="how many partitions of a backfill, of 2,000")
    parser.add_argument("--wall", action="store_true")
    given = parser.parse_args()
    Clock.now = staticmethod(perf_counter if given.wall else process_time)
    print(f"{'':<58} {'nbasset':>10} {'raw':>10} {'ratio':>7}")
    keys_and_windows()
    states()
    backfill(max(100, round(2000 * given.scale)))
    backfill(max(50, round(300 * given.scale)), chunk=1)


if __name__ == "__main__":
    main()
