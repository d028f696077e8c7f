"""The store against plain sqlite3 doing the least that gives the same result, in turn, in one process.

    python benchmarks/storage.py [--scale 0.2] [--cpu]

Prints medians, and the ratio to raw. Times move with the machine; the ratio is what to look at. "Raw" writes the same JSON into one
table with the same index (appends), or reads the stored text without making objects of it (reads).
"""

from __future__ import annotations

import argparse
import json
import shutil
import sqlite3
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from nbasset.events.facts import AssetMaterialized, InputUsed
from nbasset.events.kinds import RunRequested, StepStarted, StepSucceeded
from nbasset.keys import AssetKey, PartitionRef, new_run_id
from nbasset.storage.opening import open_reader, open_storage
from nbasset.storage.protocol import StorageReader

T0 = 1_700_000_000_000_000
RUN = new_run_id()
clock = perf_counter


def hexes(number: int, width: int) -> str:
    """A text like a digest, another one for each number."""
    return ((number + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC834 % 2 ** (8 * width)).to_bytes(width, "big").hex()


def made(key: AssetKey, number: int, ordinal: int | None = None) -> AssetMaterialized:
    """A materialization with all that a run records."""
    return AssetMaterialized(
        key,
        None if ordinal is None else PartitionRef(f"2013-{ordinal}", ordinal),
        version_id=hexes(number, 10),
        data_version=f"c1:{hexes(number, 32)}",
        code_version=f"n1:{hexes(7, 20)}",
        input_digest=hexes(number, 32),
        source_id=hexes(7, 20),
        inputs=(InputUsed(AssetKey("raw"), None, hexes(number, 20), number),),
        rows=336_776,
        size_bytes=9_000_000,
        uri=f"warehouse/{key.to_user_string()}.parquet",
    )


def step(*facts: AssetMaterialized, name: str = "step") -> StepSucceeded:
    """A step that made these."""
    return StepSucceeded(T0, RUN, name, facts, started_us=T0 - 500)


class Raw:
    """The least that is as durable: one table, one index, WAL, NORMAL; for assets also an index and the newest row of each."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None, cached_statements=256)
        for statement in (
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = NORMAL",
            "CREATE TABLE events (seq INTEGER PRIMARY KEY, at_us INTEGER, run_id TEXT, kind TEXT, payload TEXT)",
            "CREATE INDEX by_run ON events (run_id, seq)",
            "CREATE TABLE latest (asset TEXT PRIMARY KEY, seq INTEGER, payload TEXT)",
            "CREATE TABLE by_asset (asset TEXT, seq INTEGER, PRIMARY KEY (asset, seq)) WITHOUT ROWID",
        ):
            self.connection.execute(statement)
        self.seq = 0

    def row(self, name: str, **more: Any) -> tuple[Any, ...]:
        """The next row of the log."""
        self.seq += 1
        return (self.seq, T0 + self.seq, RUN, "StepStarted", json.dumps({"step": name, **more}, separators=(",", ":")))

    def append(self, *rows: tuple[Any, ...]) -> None:
        """Write rows in one transaction."""
        execute = self.connection.execute
        execute("BEGIN IMMEDIATE")
        if len(rows) == 1:
            execute("INSERT INTO events VALUES (?, ?, ?, ?, ?)", rows[0])
        else:
            self.connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?)", rows)
        execute("COMMIT")

    def flushed(self, number: int) -> None:
        """Write a row that survives the loss of power."""
        self.connection.execute("PRAGMA synchronous = FULL")
        self.append(self.row(f"step{number}"))
        self.connection.execute("PRAGMA synchronous = NORMAL")

    def make(self, asset: str, number: int) -> None:
        """Write a row and make it the newest of its asset."""
        digest = hexes(number, 32)
        fact = {"asset": asset, "data": f"c1:{digest}", "inputs": digest, "code": hexes(7, 20), "source": hexes(7, 20), "rows": 336_776}
        row = self.row(asset, facts=[{**fact, "version": hexes(number, 10), "uri": f"warehouse/{asset}.parquet", "bytes": 9_000_000}])
        newest = "INSERT INTO latest VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET seq = excluded.seq, payload = excluded.payload"
        execute = self.connection.execute
        execute("BEGIN IMMEDIATE")
        execute("INSERT INTO events VALUES (?, ?, ?, ?, ?)", row)
        execute("INSERT INTO by_asset VALUES (?, ?)", (asset, row[0]))
        execute(newest, (asset, row[0], row[4]))
        execute("COMMIT")


def per_call(work: Callable[[int], object], calls: int, rounds: int = 5) -> float:
    """Median over rounds of the seconds that a call takes."""
    taken = []
    for turn in range(rounds):
        began = clock()
        for number in range(turn * calls, (turn + 1) * calls):
            work(number)
        taken.append((clock() - began) / calls)
    return statistics.median(taken)


@contextmanager
def folder() -> Iterator[Path]:
    """A scratch folder."""
    path = Path(tempfile.mkdtemp(prefix="nbasset-bench-"))
    try:
        yield path
    finally:
        shutil.rmtree(path)


def say(what: str, raw_s: float | None, ours_s: float, budget: str = "") -> None:
    """One line of the table."""
    ratio = f"{ours_s / raw_s:.1f}x" if raw_s else "-"
    print(f"{what:56} {figure(raw_s):>10} {figure(ours_s):>10} {ratio:>7}   {budget}", flush=True)


def figure(seconds: float | None) -> str:
    """A time for people."""
    if seconds is None:
        return "-"
    return f"{seconds * 1e6:.1f} us" if seconds < 1e-3 else f"{seconds * 1e3:.2f} ms"


def appends(scale: float) -> None:
    """One commit for each append, by what is in it."""
    calls = max(200, int(4000 * scale))
    key, days = AssetKey("asset1"), AssetKey("days")
    three = [AssetKey(f"part{number}") for number in range(3)]
    with folder() as path:
        raw, store = Raw(path / "raw.db"), open_storage(path / "home" / "nbasset.db")
        store.append([RunRequested(T0, RUN)])
        raw_s = per_call(lambda n: raw.append(raw.row(f"step{n}")), calls)
        say("append: a step started", raw_s, per_call(lambda n: store.append([StepStarted(T0, RUN, f"step{n}")]), calls), "<= 50 us")
        say(
            "append: a step succeeded, its run counted", raw_s, per_call(lambda n: store.append([step(name=f"step{n}")]), calls), "<= 50 us"
        )
        raw_s = per_call(lambda n: raw.make("asset1", n), calls)
        say("append: an asset made", raw_s, per_call(lambda n: store.append([step(made(key, n))]), calls), "<= 150 us")
        say("append: a partition made", raw_s, per_call(lambda n: store.append([step(made(days, n, n))]), calls), "<= 150 us")
        ours_s = per_call(lambda n: store.append([step(made(one, n, n)) for one in three]), calls // 2)
        say("append: 3 assets of a partition", 3 * raw_s, ours_s, "<= 500 us")
        raw_s = per_call(raw.flushed, calls // 10)
        say("append: flushed to disk", raw_s, per_call(lambda n: store.append([StepStarted(T0, RUN, f"step{n}")], flush=True), calls // 10))
        store.close()


def batched(scale: float) -> None:
    """Many rows in one commit."""
    rows = max(2000, int(50_000 * scale))
    with folder() as path:
        raw, store = Raw(path / "raw.db"), open_storage(path / "home" / "nbasset.db")
        store.append([RunRequested(T0, RUN)])
        raw_s = per_call(lambda _: raw.append(*[raw.row(f"step{n}") for n in range(rows)]), 1) / rows
        ours_s = per_call(lambda _: store.append([StepStarted(T0, RUN, f"step{n}") for n in range(rows)]), 1) / rows
        say(f"append: {rows:,} rows in one commit, a row", raw_s, ours_s, "<= 11.8 us")
        store.close()
        raw.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        sizes = [(path / name).stat().st_size / (5 * rows) for name in ("raw.db", "home/nbasset.db")]
        print(f"{'bytes a row':56} {sizes[0]:10.0f} {sizes[1]:10.0f} {sizes[1] / sizes[0]:6.1f}x   <= 300")


def reads(scale: float) -> None:
    """Of 1,000 assets with 100 events each."""
    keys = [AssetKey(f"asset{number}") for number in range(1000)]
    names = [str(key) for key in keys[100:200]]
    one = keys[5]
    turns = max(10, int(100 * scale))
    with folder() as path:
        raw, store = Raw(path / "raw.db"), open_storage(path / "home" / "nbasset.db")
        for turn in range(turns):
            store.append([step(made(key, turn)) for key in keys])
            for key in (one, *keys[100:200]):
                raw.make(str(key), turn)
        store.close()
        query = raw.connection.execute
        raw_one = per_call(lambda _: query("SELECT payload FROM latest WHERE asset = ?", (str(one),)).fetchone(), 2000)
        marks = ",".join("?" * 100)
        raw_many = per_call(lambda _: query(f"SELECT asset, payload FROM latest WHERE asset IN ({marks})", names).fetchall(), 200)
        last = "SELECT seq, payload FROM by_asset JOIN events USING (seq) WHERE asset = ? ORDER BY seq DESC LIMIT 100"
        raw_last = per_call(lambda _: query(last, (str(one),)).fetchall(), 200)
        reader = open_reader(path / "home")
        reader.latest([keys[999]])
        say("latest of one asset, first time", raw_one, per_call(lambda n: reader.latest([keys[600 + n]]), 50))
        say("latest of one asset, again", raw_one, per_call(lambda _: reader.latest([one]), 2000), "<= 25 us")
        say("latest of 100 assets, first time", raw_many, per_call(lambda n: reader.latest(keys[n * 100 : n * 100 + 100]), 1))
        say("latest of 100 assets, again", raw_many, per_call(lambda _: reader.latest(keys[100:200]), 200), "<= 800 us")
        say("last 100 of one asset, first time", raw_last, per_call(lambda n: reader.materializations(keys[n], None), 2))
        say("last 100 of one asset, again", raw_last, per_call(lambda _: reader.materializations(keys[3], None), 200), "<= 300 us")
        reader.close()


def tables(scale: float) -> None:
    """Partition tables: one of 100,000, and 1,000 of 365."""
    count, assets = max(5000, int(100_000 * scale)), max(50, int(1000 * scale))
    hours = AssetKey("hours")
    keys = [AssetKey(f"daily{number}") for number in range(assets)]
    with folder() as path:
        store = open_storage(path / "home" / "nbasset.db")
        store.append([step(*(made(hours, n, n) for n in range(count)))])
        for key in keys:
            store.append([step(*(made(key, n, 15_000 + n) for n in range(365)))])
        store.close()
        say(f"table of {count:,} partitions, first time", None, first(path, lambda reader: reader.partitions(hours)), "<= 25 ms")
        say(f"table of {count:,} partitions, again", None, again(path, lambda reader: reader.partitions(hours)), "<= 1 ms")
        say(f"{assets:,} tables of 365 partitions, first time", None, first(path, lambda reader: reader.partition_tables(keys)), "<= 50 ms")
        say(f"{assets:,} tables of 365 partitions, again", None, again(path, lambda reader: reader.partition_tables(keys)))
        connection = sqlite3.connect(path / "home" / "nbasset.db")
        (size,) = connection.execute("SELECT sum(length(data)) FROM partition_blocks").fetchone()
        connection.close()
        print(f"{'bytes a partition, two digests of 32 bytes in it':56} {'-':>10} {size / (count + 365 * assets):10.0f}")


def first(path: Path, work: Callable[[StorageReader], object]) -> float:
    """Median seconds of the work on a reader that knows nothing."""
    taken = []
    for _ in range(5):
        reader = open_reader(path / "home")
        reader.last_seq()
        began = clock()
        work(reader)
        taken.append(clock() - began)
        reader.close()
    return statistics.median(taken)


def again(path: Path, work: Callable[[StorageReader], object]) -> float:
    """Median seconds of the work on a reader that did it before."""
    reader = open_reader(path / "home")
    work(reader)
    taken = per_call(lambda _: work(reader), 5)
    reader.close()
    return taken


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0, help="a fraction of the usual sizes, for a quick look")
    parser.add_argument("--cpu", action="store_true", help="count CPU time: fairer on a shared machine, but blind to the disk")
    options = parser.parse_args()
    if options.cpu:
        globals()["clock"] = process_time
    print(f"{'':56} {'raw':>10} {'nbasset':>10} {'ratio':>7}   budget")
    for part in (appends, batched, reads, tables):
        part(options.scale)


if __name__ == "__main__":
    main()
