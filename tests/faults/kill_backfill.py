"""Kill a backfill again and again, go on with it each time, and look whether every partition was made once or named as failed.

    python tests/faults/kill_backfill.py --kills 10 --partitions 200 --seed 7
    python tests/faults/kill_backfill.py --kills 10 --partitions 200 --seed 7 --workers 2
    python tests/faults/kill_backfill.py --kills 10 --partitions 200 --seed 7 --concurrency 2

A module with days, a report on each day and a roll-up by month is backfilled by the command line in a process of its own, which gets
SIGKILL after random numbers of written events; its workers end with it. Every twentieth day fails. What is checked at the end: the backfill
has ended, each wanted partition has exactly one materialization in the log or is known as failed or as descendant of a failed one, exactly
the days that always fail are named, and each file on disk is the version that was recorded.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from nbasset.commands.backfill import backfill_status
from nbasset.commands.backfill_records import BackfillStatus
from nbasset.commands.scope import Scope
from nbasset.events.facts import AssetMaterialized
from nbasset.events.kinds import StepSucceeded
from nbasset.instance import Instance
from nbasset.io_managers.parquet import ParquetIOManager
from nbasset.keys import AssetKey
from nbasset.locations.module import load_module_file

FIRST = date(2013, 1, 1)
CODE = """
from datetime import date, timedelta

from nbasset import DailyPartitionsDefinition, MonthlyPartitionsDefinition, asset

FIRST, COUNT = date(2013, 1, 1), {count}
END = FIRST + timedelta(days=COUNT)
DAILY = DailyPartitionsDefinition(FIRST.isoformat(), END.isoformat())
MONTHLY = MonthlyPartitionsDefinition("2013-01-01", END.replace(day=1).isoformat())  # whole months only


@asset(partitions_def=DAILY)
def day(context):
    at = (date.fromisoformat(context.partition_key) - FIRST).days
    if at % 20 == 7:
        raise ValueError("this day never works")
    return [at]


@asset(partitions_def=DAILY)
def report(day: list[int]):
    return [number * 2 for number in day]


@asset(partitions_def=MONTHLY)
def month(report: dict[str, list[int]]):
    return [sum(number for numbers in report.values() for number in numbers)]
"""


def campaign(folder: Path, *, kills: int, partitions: int, seed: int, workers: int = 1, concurrency: int = 1) -> BackfillStatus:
    """Kill and go on; the status at the end, when everything was as it must be.

    Raises
    ------
    AssertionError
        If it was not.
    """
    chance = random.Random(seed)
    module = folder / "days.py"
    module.write_text(CODE.format(count=partitions))
    (folder / "nbasset.toml").touch()
    instance = Instance(Instance.open(folder).home)  # a store of its own, which another process changes all the time
    _ = instance.storage
    total = partitions * 2 + 12
    backfill_id = ""
    cut = ["--workers", str(workers), "--concurrency", str(concurrency)]
    for at in range(kills + 1):
        asked = ["--resume", backfill_id] if backfill_id else ["day+", "--all", "--chunk", "16", *cut]
        child = start(folder, *asked)
        if at < kills:
            target = instance.storage.last_seq() + chance.randrange(0, max(2, 3 * total // (2 * kills)))
            while child.poll() is None and instance.storage.wait(target, 0.2) <= target:
                continue
            with suppress(ProcessLookupError):  # it may be done before
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        else:
            assert child.wait() in (0, 1), "the backfill ended in an error of its own"
        known = instance.storage.backfills()
        assert len(known) <= 1
        backfill_id = known[0].backfill_id if known else ""
    return check(folder, instance, backfill_id, partitions)


def start(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "nbasset.cli", "backfill", "days.py", *arguments, "--quiet"]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def check(folder: Path, instance: Instance, backfill_id: str, partitions: int) -> BackfillStatus:
    scope = Scope(load_module_file(folder / "days.py", home=folder), instance)
    status = backfill_status(scope, backfill_id)
    bad = {(FIRST + timedelta(days=at)).isoformat() for at in range(partitions) if at % 20 == 7}
    months = {key[:7] + "-01" for key in bad} - {(FIRST + timedelta(days=partitions)).replace(day=1).isoformat()}
    view, day = status.plan.view, AssetKey("day")
    assert status.record.status == "completed_failed"
    assert not status.count("waiting") + status.count("running") + status.count("skipped")
    for name, failed, blocked in (("day", bad, set()), ("report", set(), bad), ("month", set(), months)):
        definition = scope.catalog.by_key[AssetKey(name)].partitions_def
        assert definition is not None
        one = status.assets[AssetKey(name)]
        assert set(definition.keys_of(one.failed, view.table)) == failed, (name, status.text(AssetKey(name), "failed"), status.failures)
        assert set(definition.keys_of(one.blocked, view.table)) == blocked, (name, status.text(AssetKey(name), "blocked"))
    made: Counter[tuple[AssetKey, int]] = Counter()
    after = 0
    while page := instance.storage.entries(after=after):
        for entry in page:
            if isinstance(entry.event, StepSucceeded):
                made.update((fact.asset, fact.partition.ordinal) for fact in entry.event.facts
                            if isinstance(fact, AssetMaterialized) and fact.partition is not None)  # fmt: skip
        after = page[-1].seq
    wanted = {(key, ordinal) for key, one in status.assets.items() for ordinal in one.done}
    assert set(made) == wanted
    assert set(made.values()) == {1}, f"made more than once: {[key for key, count in made.items() if count > 1][:5]}"
    _check_files(instance, day)
    return status


def _check_files(instance: Instance, key: AssetKey) -> None:
    manager: ParquetIOManager = instance.manager("io_manager")
    table = instance.storage.partitions(key)
    for ordinal, version in zip(table.ordinals, table.version_id, strict=True):
        if table.texts[version]:
            name = datetime.fromtimestamp(ordinal * 86_400, UTC).date().isoformat()
            assert manager.version_at(f"{instance.warehouse}/{key}/{name}.parquet") == table.texts[version]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--partitions", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--concurrency", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        status = campaign(
            Path(folder), kills=given.kills, partitions=given.partitions, seed=given.seed, workers=given.workers,
            concurrency=given.concurrency,
        )  # fmt: skip
    runs = len(status.record.run_ids)
    sys.stdout.write(f"{given.kills} kills, {status.total} partitions in {runs} runs: each made once, or named as failed\n")


if __name__ == "__main__":
    main()
