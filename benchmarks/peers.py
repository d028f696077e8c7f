"""Import, definitions, materializing and Parquet: nbasset beside Dagster, Hamilton and the least a program could do, in turn, in one run.

    python benchmarks/peers.py [--assets 300] [--megabytes 100] [--rounds 5] [--write docs/performance.md]

CPU seconds (the best round of each: what else a machine does only adds) and the ratio to "raw". Each target runs in processes of its
own; the rounds go A B C A B C, so that a machine whose speed drifts treats all alike. A tool that is not installed is left out.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

LONG_S = 15
MODULES = {"nbasset": "nbasset", "dagster": "dagster", "hamilton": "hamilton"}
PACKAGES = {"dagster": "dagster", "hamilton": "sf-hamilton", "pyarrow": "pyarrow", "pandas": "pandas"}
TOOLS = ("raw", "nbasset", "hamilton", "dagster")
PAGE: list[tuple[str, dict[str, str]]] = []
"""What was measured: the title of each comparison, and a cell for each tool."""

IMPORT = {
    "raw": "pass",
    "nbasset": "import nbasset",
    "dagster": "import dagster",
    "hamilton": "import hamilton.driver",
}

# Each prints one number: CPU seconds of the work alone. What was loaded before is collected first, or a collection falls to some at random.
SOURCE = """
import gc, json, resource, sys
from time import process_time as clock
N = int(sys.argv[1])
def inputs(i):
    return ", ".join(f"a{j}: int" for j in (i - 1, i - 8, i - 15) if j >= 0)
def functions(header=""):
    names = {}
    text = "\\n".join(f"def a{i}({inputs(i)}) -> int:\\n    return {i}" for i in range(N))
    exec(header + text, names)
    return [names[f"a{i}"] for i in range(N)]
"""

DEFINE = {
    "raw": """
import inspect, graphlib
t = clock()
fns = functions()
graph = {fn.__name__: list(inspect.signature(fn).parameters) for fn in fns}
list(graphlib.TopologicalSorter(graph).static_order())
print(clock() - t)
""",
    "nbasset": """
from nbasset import asset, Definitions
t = clock()
fns = functions()
definitions = Definitions(assets=[asset(fn) for fn in fns])
assert not definitions.problems
print(clock() - t)
""",
    "dagster": """
from dagster import asset, Definitions
t = clock()
fns = functions()
definitions = Definitions(assets=[asset(fn) for fn in fns])
Definitions.validate_loadable(definitions)
print(clock() - t)
""",
    "hamilton": """
from hamilton import ad_hoc_utils, driver
t = clock()
module = ad_hoc_utils.create_temporary_module(*functions(), module_name="assets")
driver.Builder().with_modules(module).build()
print(clock() - t)
""",
}

# `define` is outside the clock; what a tool puts together when it is first asked to run something counts to that run.
MEMORY = {
    "raw": """
def define(fns):
    return fns
def run(fns):
    values = []
    for i, fn in enumerate(fns):
        values.append(fn(*(values[j] for j in (i - 1, i - 8, i - 15) if j >= 0)))
""",
    "nbasset": """
from nbasset import asset, materialize_to_memory
def define(fns):
    return [asset(fn) for fn in fns]
def run(assets):
    assert materialize_to_memory(assets).success
""",
    "hamilton": """
from hamilton import ad_hoc_utils, driver
def define(fns):
    module = ad_hoc_utils.create_temporary_module(*fns)
    return driver.Builder().with_modules(module).build()
def run(dr):
    dr.execute([f"a{i}" for i in range(N)])
""",
    "dagster": """
import logging
from dagster import asset, materialize_to_memory
logging.disable(logging.CRITICAL)
def define(fns):
    return [asset(fn) for fn in fns]
def run(assets):
    assert materialize_to_memory(assets).success
""",
}

# The first run in a process; then the median of many runs of the same assets, and of runs of assets that were defined anew for each. Many
# are as many as take half a second, between 3 and 300.
FIRST = """
defined = define(functions())
gc.collect()
t = clock()
run(defined)
print(clock() - t)
"""
AGAIN = """
from statistics import median
fns = functions()
defined = define(fns)
run(defined)
taken = []
while len(taken) < 3 or (sum(taken) < 0.5 and len(taken) < 300):
    t = clock()
    run(defined)
    taken.append(clock() - t)
print(median(taken))
"""
ANEW = AGAIN.replace("    t = clock()", "    defined = define(fns)\n    t = clock()")

DURABLE = {
    "raw": """
import sqlite3, tempfile
fns = functions()
with tempfile.TemporaryDirectory() as folder:
    db = sqlite3.connect(folder + "/x.db", isolation_level=None)
    db.execute("pragma journal_mode=wal"); db.execute("pragma synchronous=normal")
    db.execute("create table events(seq integer primary key, at integer, run text, payload text)")
    values = {}
    gc.collect()
    t = clock()
    for i, fn in enumerate(fns):
        values[fn.__name__] = fn(*(values[f"a{j}"] for j in (i - 1, i - 8, i - 15) if j >= 0))
        db.execute("insert into events(at, run, payload) values(?,?,?)", (i, "r", json.dumps({"asset": fn.__name__, "version": "x" * 60})))
    print(clock() - t)
""",
    "nbasset": """
import tempfile
from nbasset import asset, materialize, Instance
from nbasset.io_managers.memory import InMemoryIOManager
assets = [asset(fn) for fn in functions()]
with tempfile.TemporaryDirectory() as folder, Instance.open(folder) as instance:
    resources = {"io_manager": InMemoryIOManager()}
    materialize(assets[:1], instance=instance, resources=resources)
    gc.collect()
    t = clock()
    assert materialize(assets, instance=instance, resources=resources).success
    print(clock() - t)
""",
    "dagster": """
import logging, tempfile
from dagster import DagsterInstance, InMemoryIOManager, asset, materialize
logging.disable(logging.CRITICAL)
assets = [asset(fn) for fn in functions()]
with tempfile.TemporaryDirectory() as folder, DagsterInstance.local_temp(folder) as instance:
    gc.collect()
    t = clock()
    assert materialize(assets, instance=instance, resources={"io_manager": InMemoryIOManager()}).success
    print(clock() - t)
""",
}

PARQUET_HEAD = """
import os, sys, tempfile
from time import process_time as clock
import numpy as np, pandas as pd, pyarrow as pa, pyarrow.parquet as pq
MEGABYTES = int(sys.argv[1])
rows = MEGABYTES * 1024 * 1024 // 40
random = np.random.default_rng(1)
floats = {f"f{i}": random.normal(size=rows) for i in range(3)}
frame = pd.DataFrame(floats | {"n": random.integers(0, 1000, rows), "t": random.integers(0, 50, rows)})
"""

PARQUET = {
    "raw": """
with tempfile.TemporaryDirectory() as folder:
    path = folder + "/x.parquet"
    t = clock()
    pq.write_table(pa.Table.from_pandas(frame), path)
    fd = os.open(path, os.O_RDONLY); os.fsync(fd); os.close(fd)
    assert len(pq.read_table(path).to_pandas()) == rows
    print(clock() - t)
""",
    "nbasset": """
from nbasset.io_managers.parquet import ParquetIOManager
from nbasset import build_input_context, build_output_context
with tempfile.TemporaryDirectory() as folder:
    manager = ParquetIOManager(folder)
    manager.handle_output(build_output_context(asset_key="warm"), frame.head(10))
    t = clock()
    manager.handle_output(build_output_context(asset_key="x"), frame)
    assert len(manager.load_input(build_input_context(asset_key="x", annotation=pd.DataFrame))) == rows
    print(clock() - t)
""",
}

PARQUET_FIXED = {
    "raw": """
path = tempfile.mkdtemp() + "/x.parquet"
def trip():
    pq.write_table(pa.Table.from_pandas(frame.head(10)), path)
    fd = os.open(path, os.O_RDONLY); os.fsync(fd); os.close(fd)
    pq.read_table(path).to_pandas()
""",
    "nbasset": """
from nbasset.io_managers.parquet import ParquetIOManager
from nbasset import build_input_context, build_output_context
manager = ParquetIOManager(tempfile.mkdtemp())
def trip():
    manager.handle_output(build_output_context(asset_key="x"), frame.head(10))
    manager.load_input(build_input_context(asset_key="x", annotation=pd.DataFrame))
""",
}
TRIPS = """
import shutil
taken = []
for _ in range(100):
    t = clock()
    trip()
    taken.append(clock() - t)
print(min(taken))
shutil.rmtree(manager.folder.base if "manager" in globals() else os.path.dirname(path))
"""
PEAK = """
import resource
def clock():  # memory in place of time
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
"""


TRACED = {  # all names are known before, and some more: Python's table of them grows in steps, which would fall to one or the other
    "t = clock()": "import tracemalloc; known = functions(), [sys.intern(f'{i} more') for i in range(1000)]; gc.collect(); "
    "tracemalloc.start(); t = 0",
    "clock() - t": "(gc.collect(), tracemalloc.get_traced_memory()[0])[1]",
}
WHOLE_PEAK = {
    TRACED["t = clock()"]: "t = 0",
    TRACED["clock() - t"]: "resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024",
}
SIZE = "\ndef size(top):\n    return sum(os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(top) for name in names)\n"
ON_DISK = {
    "    t = clock()": "    t = size(folder)",
    "    assert": "    for _ in range(10): assert",
    "clock() - t": "(getattr(instance, 'close', None) or instance.dispose)() or (size(folder) - t) / 10",
}


def changed(targets: dict[str, str], changes: dict[str, str], *names: str) -> dict[str, str]:
    """The targets, or those of these names, with some of their text replaced."""
    found = {name: code for name, code in targets.items() if name in (names or targets)}
    for old, new in changes.items():
        found = {name: code.replace(old, new) for name, code in found.items()}
    return found


def run(code: str, argument: int) -> float:
    """The number that the code prints."""
    done = subprocess.run([sys.executable, "-c", code, str(argument)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return float(done.stdout.split()[-1])


def import_cost(code: str) -> tuple[float, int]:
    """CPU seconds of a whole process, and the modules it loaded."""
    probe = f"import sys, resource\n{code}\nu = resource.getrusage(resource.RUSAGE_SELF)\nprint(u.ru_utime + u.ru_stime, len(sys.modules))"
    seconds, modules = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout.split()
    return float(seconds), int(modules)


def compare(title: str, targets: dict[str, str], head: str, argument: int, rounds: int, *, per: int = 1, unit: str = "s") -> None:
    """Run the targets in turn and print the best round of each: what else the machine does only adds. A long round is not repeated."""
    wanted = [name for name in targets if name == "raw" or find_spec(MODULES[name])]
    taken: dict[str, list[float]] = {name: [] for name in wanted}
    enough: set[str] = set()
    for _ in range(rounds):
        for name in wanted:
            if name not in enough:
                began = time.monotonic()
                taken[name].append(run(head + targets[name], argument))
                if time.monotonic() - began > LONG_S:
                    enough.add(name)
    raw = min(taken.get("raw", [0.0]))
    factor = {"s": 1, "ms": 1e3, "us": 1e6, "MB": 1, "kB": 1e-3}[unit]
    show(title, {name: min(values) / per * factor for name, values in taken.items()}, unit, raw / per * factor)


def show(title: str, values: dict[str, float], unit: str, raw: float, said: dict[str, str] | None = None) -> None:
    """Print a row for each target, and keep them for the page. `said` is what else there is to say of one."""
    print(f"\n{title}")
    cells = {}
    for name, value in values.items():
        beside = f"{value / raw:>10,.2f} x raw" if raw else ""
        print(f"  {name:<10} {value:>12,.3f} {unit:<3} {beside} {(said or {}).get(name, '')}".rstrip())
        times = "" if name == "raw" or not raw else f" ({short(value / raw)} x)"
        cells[name] = f"{short(value)} {unit}{times}" + (f", {said[name]}" if said else "")
    PAGE.append((title, cells))


def short(value: float) -> str:
    """A number with as many digits as mean something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def page(options: argparse.Namespace) -> str:
    """What was measured, as a table."""
    versions = ", ".join(f"{name} {version(PACKAGES[name])}" for name in ("dagster", "hamilton", "pyarrow", "pandas") if known(name))
    rows = "\n".join(f"| {title} | " + " | ".join(cells.get(name, "-") for name in TOOLS) + " |" for title, cells in PAGE)
    return f"""# What it costs

Written by `python benchmarks/peers.py --rounds {options.rounds} --write docs/performance.md`: CPU seconds, the best round of each, all
tools in turn on one machine with {os.cpu_count()} cores, Python {platform.python_version()}, {versions}.
Times move with the machine; the ratio to "raw", the least that a program could do for the same result, does not. A dash: the tool has no
such thing, takes minutes for it, or is not measured.

| | {" | ".join(TOOLS)} |
|---|{"---:|" * len(TOOLS)}
{rows}
"""


def known(name: str) -> bool:
    """Whether a tool is installed."""
    return find_spec(MODULES.get(name, name)) is not None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--assets", type=int, default=300)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", type=Path, help="a page with the table")
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # the first round compiles, the others run from bytecode, as everywhere
    costs = {
        name: [import_cost(code) for _ in range(options.rounds + 1)][1:] for name, code in IMPORT.items() if name == "raw" or known(name)
    }
    middle = {name: statistics.median(cost for cost, _ in found) * 1e3 for name, found in costs.items()}
    show("import, a whole process", middle, "ms", middle["raw"], {name: f"{found[0][1]:,} modules" for name, found in costs.items()})
    n = options.assets
    compare(f"write {n} functions, define and resolve them as assets (each)", DEFINE, SOURCE, n, options.rounds, per=n, unit="us")
    for many in (1_000, 10_000):  # the same in every round; Dagster takes a minute for the larger
        compared = changed(DEFINE, TRACED, *(("raw", "nbasset") if many > 1_000 else ()))
        compare(f"memory that {many:,} of them hold, functions included (each)", compared, SOURCE, many, 1, per=many, unit="kB")
        compare(f"peak of a whole process with {many:,} of them", changed(compared, WHOLE_PEAK), SOURCE, many, 1, unit="MB")
    for count in (10, n):
        for when, how in (("first in the process", FIRST), ("again and again", AGAIN), ("defined anew for each run", ANEW)):
            targets = {name: code + how for name, code in MEMORY.items()}
            title = f"materialize {count} trivial assets in memory, {when} (each)"
            compare(title, targets, SOURCE, count, options.rounds, per=count, unit="us")
    compare(f"materialize {n} trivial assets, recorded durably in SQLite (each)", DURABLE, SOURCE, n, options.rounds, per=n, unit="ms")
    compare("the same of one asset", DURABLE, SOURCE, 1, options.rounds, unit="ms")
    disk = changed(DURABLE, ON_DISK, "nbasset", "dagster")
    few = min(n, 100)  # ten runs of each, which take Dagster a minute; a second round writes the same bytes
    compare("disk for each asset and run", disk, "import os" + SIZE + SOURCE, few, 1, per=few, unit="kB")
    compare(f"{options.megabytes} MB through Parquet: write, sync, read", PARQUET, PARQUET_HEAD, options.megabytes, options.rounds)
    compare("10 MB through Parquet", PARQUET, PARQUET_HEAD, 10, options.rounds, unit="ms")
    fixed = {name: code + TRIPS for name, code in PARQUET_FIXED.items()}
    compare("ten rows through Parquet", fixed, PARQUET_HEAD, 1, options.rounds, unit="ms")
    title = f"peak memory of {options.megabytes} MB through Parquet, beside the frame"
    compare(title, PARQUET, PARQUET_HEAD + PEAK, options.megabytes, options.rounds, unit="MB")
    if options.write is not None:
        options.write.write_text(page(options), encoding="utf-8")


if __name__ == "__main__":
    main()
