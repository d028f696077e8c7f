"""A notebook with ten assets through papermill, against a plain papermill run whose cells write the same ten tables.

    python benchmarks/notebook_run.py [--repeat 7] [--rows 1000]

Both run in turn, in fresh kernels, in one process that has imported papermill before the clock starts. Prints medians and the ratio to raw,
of wall time and of CPU time of this process with its kernels: on a busy machine the latter is the fairer one. "nbasset" counts everything
after the import: reading the notebook, planning, the kernel with its recorded run, the kept notebook. Kernels run from compiled bytecode.
Memory is the peak of the kernel, in a process of its own for each.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

warnings.simplefilter("ignore")

COLUMNS = "key = np.arange({rows})\ntable = pd.DataFrame({{'key': key, 'value': key * {number} / 7, 'word': (key % 50).astype(str)}})"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
ASSETS = 10


def cell(number: int, source: str) -> dict[str, Any]:
    """A code cell."""
    return {"cell_type": "code", "id": f"c{number}", "metadata": {}, "source": source, "outputs": [], "execution_count": None}


def write(path: Path, sources: list[str]) -> Path:
    """A notebook of these cells."""
    cells = [cell(number, source) for number, source in enumerate(sources)]
    path.write_text(json.dumps({"cells": cells, "metadata": {"kernelspec": KERNEL}, "nbformat": 4, "nbformat_minor": 5}))
    return path


def raw_notebook(folder: Path, rows: int) -> Path:
    """Ten cells that write ten Parquet files with what pandas offers."""
    made = [f"{COLUMNS.format(rows=rows, number=number)}\ntable.to_parquet('out/t{number}.parquet')" for number in range(ASSETS)]
    return write(folder / "raw.ipynb", ["import os\nimport numpy as np\nimport pandas as pd\nos.makedirs('out', exist_ok=True)", *made])


def asset_notebook(folder: Path, rows: int) -> Path:
    """Ten cells that define ten assets."""
    made = [f"%%asset t{number}\n{COLUMNS.format(rows=rows, number=number)}\ntable" for number in range(ASSETS)]
    return write(folder / "assets.ipynb", ["%load_ext nbasset", "import numpy as np\nimport pandas as pd", *made])


def run_raw(folder: Path, rows: int) -> None:
    """Papermill alone."""
    import papermill

    papermill.execute_notebook(
        str(raw_notebook(folder, rows)), str(folder / "executed.ipynb"), cwd=str(folder), progress_bar=False, log_output=False
    )
    assert len(list((folder / "out").glob("*.parquet"))) == ASSETS


def run_nbasset(folder: Path, rows: int) -> None:
    """The same through nbasset."""
    from nbasset.arguments.options import RunArguments
    from nbasset.commands.notebook_run import run_by_papermill
    from nbasset.commands.scope import Scope
    from nbasset.instance import Instance
    from nbasset.locations.notebook import load_notebook

    with Instance.open(folder) as instance:
        done = run_by_papermill(Scope(load_notebook(asset_notebook(folder, rows), home=folder), instance), RunArguments())
        assert done.success, done.to_json()
    assert len(list((folder / "warehouse").glob("*.parquet"))) == ASSETS


def timed(run: Callable[[Path, int], None], rows: int) -> tuple[float, float]:
    """Wall and CPU seconds of one run in a folder of its own; kernels count."""
    folder = Path(tempfile.mkdtemp(prefix="nbasset-bench-"))
    try:
        before, began = os.times(), perf_counter()
        run(folder, rows)
        after = os.times()
        wall = perf_counter() - began
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return wall, sum(after[:4]) - sum(before[:4])


def peak_mb(target: str, rows: int) -> float:
    """Peak memory of the kernel of one run, in a process of its own."""
    command = [sys.executable, __file__, "--rows", str(rows), "--peak-of", target]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1])


def main() -> None:
    """Run both in turn and print the table."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--repeat", type=int, default=7)
    reader.add_argument("--rows", type=int, default=1000)
    reader.add_argument("--peak-of", default="", help=argparse.SUPPRESS)
    given = reader.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

    import papermill

    import nbasset.commands.notebook_run

    _ = papermill, nbasset.commands.notebook_run
    targets: dict[str, Callable[[Path, int], None]] = {"raw papermill": run_raw, "nbasset": run_nbasset}
    if given.peak_of:
        timed(targets[given.peak_of], given.rows)
        print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
        return
    for run in targets.values():
        timed(run, given.rows)  # once outside the table, for caches of the system
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in targets}
    for _ in range(given.repeat):
        for name, run in targets.items():
            found[name].append(timed(run, given.rows))
    print(f"{ASSETS} assets of {given.rows} rows, median of {given.repeat}; Python {sys.version.split()[0]}")
    peaks = {name: peak_mb(name, given.rows) for name in targets}
    print(f"{'target':<14} {'wall s':>8} {'ratio':>6} {'CPU s':>8} {'ratio':>6} {'MB':>8} {'ratio':>6}")
    raw_wall, raw_cpu = (statistics.median(column) for column in zip(*found["raw papermill"], strict=True))
    for name, times in found.items():
        wall, cpu = (statistics.median(column) for column in zip(*times, strict=True))
        print(
            f"{name:<14} {wall:>8.2f} {wall / raw_wall:>6.2f} {cpu:>8.2f} {cpu / raw_cpu:>6.2f} "
            f"{peaks[name]:>8.0f} {peaks[name] / peaks['raw papermill']:>6.2f}"
        )


if __name__ == "__main__":
    main()
