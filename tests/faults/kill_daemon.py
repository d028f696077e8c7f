"""Kill a daemon again and again, at random moments or at every write to the store, and look whether any tick was doubled or lost.

    python tests/faults/kill_daemon.py --kills 60 --seed 7      # SIGKILL at random moments
    python tests/faults/kill_daemon.py --sweep                  # at every write and sync of one evaluation (needs strace)

A sensor asks for a run with the next number at each evaluation, and keeps that number as its cursor; a schedule has an old tick to fire.
What is checked at the end: the numbers of the runs are 1, 2, 3, ... without gap or repetition, as many as the cursor says; each tick names
the runs it asked for, and nothing of an evaluation is there in part; the schedule's tick fired once.
"""

from __future__ import annotations

import argparse
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from nbasset import clock
from nbasset.events.facts import InstigatorId
from nbasset.events.kinds import InstigatorSet, RunQueued, RunRequested, TickEvaluated
from nbasset.instance import Instance

CALLS = ("pwrite64", "fdatasync", "fsync")
SENSOR, SCHEDULE = InstigatorId("code", "sensor", "counting"), InstigatorId("code", "schedule", "yearly")
CODE = """
from nbasset import DefaultSensorStatus, Definitions, RunRequest, ScheduleDefinition, asset, define_asset_job, sensor

@asset
def numbers():
    return [1]

job = define_asset_job("job", ["numbers"])

@sensor(job=job, minimum_interval_seconds=0, default_status=DefaultSensorStatus.RUNNING)
def counting(context):
    number = int(context.cursor or 0) + 1
    context.update_cursor(str(number))
    return RunRequest(run_key=str(number))

yearly = ScheduleDefinition(name="yearly", cron_schedule="0 0 1 1 *", job=job)
defs = Definitions([numbers], jobs=[job], schedules=[yearly], sensors=[counting])
"""


def project(folder: Path) -> Instance:
    """A home with the code, and a schedule that was switched on a year ago. Nothing is started: the queue is closed."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "code.py").write_text(CODE)
    (folder / "nbasset.toml").write_text("[queue]\nmax_concurrent_runs = 0\n[daemon]\npoll_seconds = 0.01\n")
    instance = Instance(Instance.open(folder).home)  # a store of its own, which another process changes all the time
    now_us = clock.now_us()
    instance.storage.append([InstigatorSet(now_us, SCHEDULE, "RUNNING", now_us - 366 * 86_400_000_000)], flush=True)
    return instance


def start(folder: Path, *options: str, trace: Sequence[str] = ()) -> subprocess.Popen[bytes]:
    command = [*trace, sys.executable, "-P", "-m", "nbasset.cli", "daemon", "run", "--home", str(folder), *options]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def check(instance: Instance) -> int:
    """How many runs there are, when everything is as it must be.

    Raises
    ------
    AssertionError
        If it is not.
    """
    events = [entry.event for entry in instance.storage.entries(limit=1_000_000)]
    requested = [one for one in events if isinstance(one, RunRequested)]
    numbers = [int(one.tags["nbasset/run_key"]) for one in requested if one.tags.get("nbasset/sensor_name") == "counting"]
    assert numbers == list(range(1, len(numbers) + 1)), f"doubled or lost: {numbers}"
    record = instance.storage.instigators().get(SENSOR)
    assert int(record.cursor or 0 if record is not None else 0) == len(numbers), "the cursor moved without its runs"
    named = Counter(run_id for one in events if isinstance(one, TickEvaluated) for run_id in one.run_ids)
    assert named == Counter(one.run_id for one in requested) == Counter(one.run_id for one in events if isinstance(one, RunQueued))
    assert not [one for one in events if isinstance(one, TickEvaluated) and one.status == "failure"]
    fired = [one for one in events if isinstance(one, TickEvaluated) and one.instigator == SCHEDULE]
    assert len(fired) <= 1, "one tick fired twice"
    assert len([one for one in requested if one.tags.get("nbasset/schedule_name") == "yearly"]) == len(fired)
    return len(requested)


def kill_at_random(folder: Path, *, kills: int, seed: int) -> int:
    """Kill after a random number of entries, or a random moment later, and start another one; at the end one ends by itself."""
    chance = random.Random(seed)
    instance = project(folder)
    for _ in range(kills):
        running = start(folder)
        target = instance.storage.last_seq() + chance.randrange(1, 12)
        while running.poll() is None and instance.storage.wait(target, 1.0) <= target:
            continue
        select.select([], [], [], chance.random() * 0.02)
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        check(instance)
    last = start(folder, "--once")
    assert last.wait(60) == 0
    ticks = instance.storage.ticks(SCHEDULE)
    assert [tick.status for tick in ticks] == ["success"], "a tick was lost"
    total = check(instance)
    instance.close()
    return total


def kill_at_calls(folder: Path, *, most: int = 400) -> int:
    """Kill a daemon at its first, second, ... write and sync of the store, each time on a fresh home; another one must go on well."""
    kills = 0
    for call in CALLS:
        for nth in range(1, most + 1):
            own = folder / f"{call}-{nth}"
            instance = project(own)
            files = [argument for end in ("", "-wal", "-shm") for argument in ("-P", f"{own}/.nbasset/nbasset.db{end}")]
            trace = ["strace", "-f", "-qq", "-o", "/dev/null", *files, "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={nth}"]
            code = start(own, "--once", trace=trace).wait(120)
            check(instance)
            assert start(own, "--once").wait(60) == 0
            assert check(instance) >= 2, "a tick was lost"
            instance.close()
            if code == 0:
                break
            kills += 1
    return kills


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--sweep", action="store_true")
    parser.add_argument("--most", type=int, default=400, help="at how many calls of a kind to kill, at most")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.sweep:
            kills = kill_at_calls(Path(folder), most=options.most)
            print(f"{kills} kills at system calls: no tick was doubled, none was lost")
            return
        print(f"seed {options.seed}", flush=True)
        total = kill_at_random(Path(folder) / "home", kills=options.kills, seed=options.seed)
        print(f"{options.kills} kills, {total} runs asked for: no tick was doubled, none was lost")


if __name__ == "__main__":
    main()
