"""Two versions of a long table compared: time and peak memory, of nbasset and of pandas, which holds both.

    python benchmarks/diff.py [--rows 5000000]

The tables have a key, two texts, a day and six numbers; in the second one row in a thousand is gone, as many are new, one value in a
hundred is another, and the rows come in another order. Each comparison runs in a process of its own; "peak" is what that process took at
most (`ru_maxrss`), less what it takes with the libraries loaded and nothing done.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import process_time

WAYS = ("nothing", "nbasset", "nbasset, key guessed", "pandas")


def write(folder: Path, rows: int) -> None:
    """Both tables."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    chance = np.random.default_rng(1)
    names = np.array([f"carrier {at}" for at in range(20)])
    columns = {
        "id": np.arange(rows) * 7919 % (rows * 10 + 1), "carrier": names[chance.integers(0, 20, rows)],
        "tail": np.char.add("N", chance.integers(10_000, 99_999, rows).astype(str)), "day": chance.integers(15_000, 15_365, rows),
        **{f"x{at}": chance.normal(size=rows) for at in range(6)},
    }  # fmt: skip
    before = pa.table(columns)
    order = chance.permutation(rows)[rows // 1000 :]
    values = np.where(chance.random(rows) < 0.01, 0.0, columns["x3"])
    after = before.set_column(before.schema.get_field_index("x3"), "x3", pa.array(values)).take(pa.array(order))
    new = before.slice(0, rows // 1000).set_column(0, "id", pa.array(-1 - np.arange(rows // 1000)))
    pq.write_table(before, folder / "before.parquet")
    pq.write_table(pa.concat_tables([after, new]), folder / "after.parquet")


def compare(folder: Path, way: str) -> dict[str, object]:
    """One comparison in this process: what it found, the time it took and the most memory this process ever had."""
    import pandas as pd

    from nbasset.io_managers.compare import compare_files
    from nbasset.io_managers.parquet_files import open_file

    started = process_time()
    found: tuple[int, ...] = ()
    names = ("before.parquet", "after.parquet")
    if way.startswith("nbasset"):
        files = [open_file(str(folder / name)) for name in names]
        diff = compare_files(files[0], files[1], key=["id"] if way == "nbasset" else [])
        found = (diff.added, diff.removed, diff.changed)
    elif way == "pandas":
        left, right = (pd.read_parquet(folder / name).set_index("id") for name in names)
        both = left.index.intersection(right.index)
        changed = (left.loc[both] != right.loc[both]).any(axis=1).sum()
        found = (len(right) - len(both), len(left) - len(both), int(changed))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"found": found, "seconds": process_time() - started, "peak": peak * (1 if sys.platform == "darwin" else 1024)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--child", nargs=2, metavar=("FOLDER", "WAY"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        print(json.dumps(compare(Path(asked.child[0]), asked.child[1])))
        return
    with tempfile.TemporaryDirectory() as name:
        subprocess.run([sys.executable, "-c", f"import benchmarks.diff as d; d.write(d.Path({name!r}), {asked.rows})"], check=True)
        sizes = [(Path(name) / file).stat().st_size for file in ("before.parquet", "after.parquet")]
        print(f"two tables of {asked.rows:,} rows, files of {sizes[0] / 1e6:.0f} and {sizes[1] / 1e6:.0f} MB")
        print(f"{'':22}{'CPU s':>8}{'peak MB':>9}   added, removed, changed")
        floor = 0.0
        for way in WAYS:
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.diff", "--child", name, way], capture_output=True, text=True, check=True
            )
            told = json.loads(done.stdout)
            floor = floor or told["peak"]
            if told["found"]:
                print(f"{way:22}{told['seconds']:8.1f}{(told['peak'] - floor) / 1e6:9.0f}   {', '.join(map(str, told['found']))}")


if __name__ == "__main__":
    main()
