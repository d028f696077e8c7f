"""Kill processes that append, at random moments or at every system call, and look whether the store kept its word.

What is checked after each kill: the log opens and the database is whole, entries are numbered from one without gap or repetition, every
append that was acknowledged is there, and the records are the fold of the entries.

    python tests/faults/kill_append.py --kills 200 --seed 7                 # SIGKILL at random moments
    python tests/faults/kill_append.py --sweep                              # at every write, sync, truncation and removal (needs strace)
    python tests/faults/kill_append.py --kills 50 --url postgresql://...    # the same on an empty PostgreSQL database
"""

from __future__ import annotations

import argparse
import os
import random
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from nbasset.events.facts import AssetMaterialized
from nbasset.events.kinds import Event, RunRequested, RunStarted, StepSucceeded, Target
from nbasset.events.reducers import rows_of
from nbasset.keys import AssetKey, PartitionRef, RunId
from nbasset.ordinals import OrdinalSet
from nbasset.storage.memory import MemoryStorage
from nbasset.storage.opening import open_storage
from nbasset.storage.protocol import Storage

CALLS = ("pwrite64", "fdatasync", "fsync", "ftruncate", "unlink")
KEYS = [AssetKey(f"asset{number}") for number in range(3)]


def append_until_killed(url: str, writer: int, count: int) -> None:
    """Append `count` times, each with one to three steps, and write a line to stdout for each append that was acknowledged."""
    store = open_storage(url)
    run_id = RunId(f"{writer:016x}{os.getpid():016x}")
    store.append([RunRequested(1, run_id, (Target(KEYS[0], OrdinalSet.between(0, 500)),)), RunStarted(2, run_id)], flush=True)
    for number in range(count):
        events = [step(run_id, f"{number}.{part}", number) for part in range(1 + number % 3)]
        store.append(events, flush=number % 10 == 0)
        os.write(1, f"{run_id} {number}\n".encode())
    store.close()


def step(run_id: RunId, name: str, number: int) -> Event:
    fact = AssetMaterialized(
        KEYS[number % 3], PartitionRef(str(number), number % 500), version_id=f"{number:020x}", data_version=f"c1:{number // 2:064x}"
    )
    return StepSucceeded(number, run_id, name, (fact,), started_us=number)


def start(url: str, writer: int, count: int, trace: Sequence[str] = ()) -> subprocess.Popen[bytes]:
    command = [*trace, sys.executable, __file__, "--append", str(count), "--writer", str(writer), "--url", url]
    return subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)


def acknowledged(child: subprocess.Popen[bytes]) -> set[tuple[str, int]]:
    """Lines that the child wrote before it ended. A line that was cut off counts for nothing."""
    assert child.stdout is not None
    lines = child.stdout.read().split(b"\n")[:-1]
    child.stdout.close()
    assert child.wait() in (0, -signal.SIGKILL, 128 + signal.SIGKILL), "a writer ended in an error of its own"
    return {(run_id.decode(), int(number)) for run_id, number in (line.split() for line in lines)}


def check(url: str, promised: set[tuple[str, int]]) -> int:
    """Number of the last entry, when the store kept its word.

    Raises
    ------
    AssertionError
        If it did not.
    """
    if "://" not in url and Path(url).exists():
        with closing(sqlite3.connect(url)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    store = open_storage(url)
    entries = store.entries(limit=1_000_000)
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1)), "numbers with gaps"
    steps = [(event.run_id, event.step) for entry in entries if isinstance(event := entry.event, StepSucceeded)]
    assert len(steps) == len(set(steps)), "an event was written twice"
    written = {(run_id, int(name.split(".")[0])): 0 for run_id, name in steps}
    for run_id, name in steps:
        written[run_id, int(name.split(".")[0])] += 1
    assert promised <= set(written), "an acknowledged event was lost"
    assert all(parts == 1 + number % 3 for (_, number), parts in written.items()), "half of an append was written"
    folded = MemoryStorage()
    folded.append([entry.event for entry in entries])
    assert records(store) == records(folded), "records are not the fold of the entries"
    store.close()
    return len(entries)


def records(store: Storage) -> object:
    tables = {key: rows_of(table) for key, table in store.partition_tables(KEYS).items()}
    return store.latest(KEYS), tables, store.active_runs()


def kill_at_random(urls: Sequence[str], kills: int, seed: int, *, writers: int = 2) -> int:
    """Start several writers on one store, kill them after a while, check; again and again on the same stores, one after the other."""
    dice = random.Random(seed)
    total = 0
    for url in urls:
        promised: set[tuple[str, int]] = set()
        last = 0
        for _ in range(kills):
            children = [start(url, writer, 100_000) for writer in range(writers)]
            for child in children:  # until it has begun
                assert child.stdout is not None
                select.select([child.stdout], [], [], 30)
            select.select([], [], [], dice.random() * 0.2)
            for child in children:
                os.killpg(child.pid, signal.SIGKILL)
            for child in children:
                promised |= acknowledged(child)
            last = check(url, promised)
        total += last
    return total


def kill_at_calls(folder: Path, *, appends: int = 4, most: int = 400) -> int:
    """Kill a writer at its first, second, ... write, sync, truncation and removal, each time on a fresh store."""
    kills = 0
    for call in CALLS:
        for nth in range(1, most + 1):
            home = folder / f"{call}-{nth}" / "nbasset.db"
            files = [argument for end in ("", "-wal", "-shm") for argument in ("-P", f"{home}{end}")]
            trace = ["strace", "-f", "-qq", "-o", "/dev/null", *files, "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={nth}"]
            child = start(str(home), 0, appends, trace)
            promised = acknowledged(child)
            check(str(home), promised)
            shutil.rmtree(home.parent)
            if child.returncode == 0:
                break
            kills += 1
    return kills


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--url", default="")
    parser.add_argument("--sweep", action="store_true")
    parser.add_argument("--most", type=int, default=400, help="at how many calls of a kind to kill, at most")
    parser.add_argument("--append", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--writer", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.append:
        append_until_killed(options.url, options.writer, options.append)
        return
    with tempfile.TemporaryDirectory() as folder:
        if options.sweep:
            print(f"{kill_at_calls(Path(folder), most=options.most)} kills at system calls: the store kept its word")
            return
        print(f"seed {options.seed}", flush=True)
        urls = [options.url] if options.url else [f"{folder}/{number}/nbasset.db" for number in range(max(1, options.kills // 10))]
        total = kill_at_random(urls, max(1, options.kills // len(urls)), options.seed)
        print(f"{options.kills} kills of two writers, {total} entries: the store kept its word")


if __name__ == "__main__":
    main()
