"""Kill a process that materializes an asset, at random moments or at every system call of publishing, and look what is left.

After each kill: the database opens and is whole, the table that the record names is readable and has the recorded content hash, no entry
names a file that is not there, no Parquet file is torn, and the next run succeeds.

    python tests/faults/kill_materialize.py --kills 100 --seed 7     # SIGKILL at random moments
    python tests/faults/kill_materialize.py --sweep                  # at every write, link, rename, sync and removal (needs strace)
"""

from __future__ import annotations

import argparse
import collections
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq

from nbasset.commands.materialize import materialize
from nbasset.definitions.asset_decorators import asset
from nbasset.events.reducers import materialized_in
from nbasset.instance import Instance
from nbasset.io_managers.protocol import build_input_context
from nbasset.keys import AssetKey

CALLS = ("rename", "renameat2", "link", "linkat", "fsync", "fdatasync", "pwrite64", "write", "unlink")
KEY = AssetKey("orders")
ROWS = 2_000


def make(home: Path, number: int) -> None:
    """Materialize version `number` of the asset and say so on stdout before and after."""

    @asset
    def orders() -> list[dict[str, int]]:
        return [{"version": number, "n": n} for n in range(ROWS)]

    with Instance.open(home) as instance:
        os.write(1, b"start\n")
        materialize([orders], instance=instance)
        os.write(1, b"done\n")


def child(home: Path, number: int, trace: Sequence[str] = ()) -> subprocess.Popen[bytes]:
    command = [*trace, sys.executable, __file__, "--make", str(number), "--home", str(home)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)


def after_start(running: subprocess.Popen[bytes]) -> None:
    """Wait until the imports are over and the work begins."""
    assert running.stdout is not None
    assert running.stdout.readline() == b"start\n"


def check(home: Path, newest: int) -> None:
    """Nothing, when everything that was promised holds. The record is of version `newest` or of the one before.

    Raises
    ------
    AssertionError
        With what is broken.
    """
    with closing(sqlite3.connect(home / ".nbasset" / "nbasset.db")) as database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)
    for path in home.glob("warehouse/*.parquet"):
        pq.read_table(path)
    with Instance.open(home) as instance:
        storage, manager = instance.storage, instance.manager("io_manager")
        record = storage.latest([KEY])[KEY].materialization
        assert record is not None
        context = build_input_context(asset_key=KEY, version_ids=[record.version_id])
        rows = manager.load_input(context)
        assert len(rows) == ROWS
        assert rows[0]["version"] in (newest - 1, newest), rows[0]
        assert {row["version"] for row in rows} == {rows[0]["version"]}
        assert manager.verify(context) == record.data_version
        kept = {*manager.versions_of(KEY), manager.version_at(record.uri)}
        for entry in storage.materializations(KEY, None, limit=100):
            for fact in materialized_in(entry.event):
                assert fact.version_id in kept, f"no file of version {fact.version_id}"


def next_run_succeeds(home: Path, number: int) -> None:
    again = child(home, number)
    assert again.wait(120) == 0
    assert again.stdout is not None
    again.stdout.close()
    check(home, number)


def trial(template: Path, number: int, kill: int | float | tuple[str, int]) -> bool:
    """One kill on a copy of the home: after so many seconds, or at the n-th system call of a kind. Whether it hit the process alive."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        shutil.copytree(template, home, symlinks=True)
        if isinstance(kill, tuple):
            call, at = kill
            running = child(home, number, ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
                                           "-e", f"inject={call}:signal=KILL:when={at}"])  # fmt: skip
            running.wait(120)
        else:
            running = child(home, number)
            after_start(running)
            try:
                running.wait(kill)
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, signal.SIGKILL)
            running.wait(60)
        assert running.stdout is not None
        running.stdout.close()
        check(home, number)
        next_run_succeeds(home, number + 1)
        return running.returncode != 0


def template(folder: Path) -> Path:
    """A home with one materialized version."""
    home = folder / "template"
    home.mkdir()
    first = child(home, 1)
    assert first.wait(120) == 0
    assert first.stdout is not None
    first.stdout.close()
    check(home, 1)
    return home


def calls_of_one_run(home: Path, folder: Path) -> list[tuple[str, int]]:
    """Every system call that one materialization makes after its start, by kind and number (counted for each thread, as strace does)."""
    copy = folder / "traced"
    shutil.copytree(home, copy)
    log = folder / "trace"
    running = child(copy, 2, ["strace", "-f", "-qq", "-o", str(log), "-e", f"trace={','.join(CALLS)}"])
    assert running.wait(120) == 0
    assert running.stdout is not None
    running.stdout.close()
    counts: dict[tuple[str, str], int] = collections.Counter()
    found: set[tuple[str, int]] = set()
    started = False
    for line in log.read_text().splitlines():
        match = re.match(r"(\d+) +(\w+)\(", line)
        if match is None:
            continue
        thread, call = match.groups()
        counts[thread, call] += 1
        started = started or '"start\\n"' in line
        if started:
            found.add((call, counts[thread, call]))
    return sorted(found)


def points(options: argparse.Namespace, home: Path, folder: Path) -> Iterator[float | tuple[str, int]]:
    if options.sweep:
        yield from calls_of_one_run(home, folder)
    chance = random.Random(options.seed)
    for _ in range(options.kills):
        yield chance.uniform(0.0, options.longest)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=float, default=0.4, help="seconds after the start of the work")
    parser.add_argument("--sweep", action="store_true")
    parser.add_argument("--make", type=int)
    parser.add_argument("--home", type=Path)
    options = parser.parse_args()
    if options.make is not None:
        make(options.home, options.make)
        return 0
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        home = template(folder)
        done = hit = 0
        for point in points(options, home, folder):
            hit += trial(home, 2, point)
            done += 1
        print(f"{done} kills, {hit} of them while it worked: nothing lost, nothing torn, every next run succeeded")
    return 0


if __name__ == "__main__":
    sys.exit(main())
