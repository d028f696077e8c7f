"""Kill a process that runs a chain of small assets, whose ends are written many at a time, and look what the log says.

After each kill: the database is whole, everything that was told is in the log, in that order, and each version names the very entry that
made what it read.

    python tests/faults/kill_chain.py --kills 40 --seed 3
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from nbasset.commands.carrying_out import Manner
from nbasset.commands.materialize import materialize_in
from nbasset.commands.scope import scope_of
from nbasset.definitions.asset_decorators import asset
from nbasset.events.kinds import Event, StepStarted
from nbasset.events.reducers import materialized_in
from nbasset.instance import Instance
from nbasset.io_managers.memory import InMemoryIOManager
from nbasset.keys import AssetKey

LONG = 300


def make(home: Path) -> None:
    """Run the chain over and over, and say on stdout what was told, a line each."""
    names: dict[str, object] = {"asset": asset}
    for number in range(LONG):
        inputs = ", ".join(f"a{one}" for one in (number - 1, number - 8) if one >= 0)
        exec(f"@asset\ndef a{number}({inputs}):\n    return {number}", names)
    assets = [names[f"a{number}"] for number in range(LONG)]
    with Instance.open(home) as instance:
        scope = scope_of(assets, instance=instance, resources={"io_manager": InMemoryIOManager()})
        _ = instance.storage  # from now on there is something to look at
        os.write(1, b"start\n")
        while True:
            materialize_in(scope, manner=Manner(on_event=lambda event: print(line_of(event), flush=True)))


def line_of(event: Event) -> str:
    return f"{type(event).__name__} {getattr(event, 'run_id', '')} {getattr(event, 'step', '')}"


def check(home: Path, told: list[str]) -> int:
    """How many inputs were looked at, when everything that was promised holds.

    Raises
    ------
    AssertionError
        With what is broken.
    """
    with closing(sqlite3.connect(home / ".nbasset" / "nbasset.db")) as database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)
    with Instance.open(home) as instance:
        entries = instance.storage.entries(limit=1_000_000)
    # That a step lasts is told by a thread of its own, at a moment of its own.
    logged = [line_of(entry.event) for entry in entries if not isinstance(entry.event, StepStarted)]
    assert logged[: len(told)] == told
    made: dict[AssetKey, int] = {}
    looked_at = 0
    for entry in entries:
        for fact in materialized_in(entry.event):
            for used in fact.inputs:
                assert used.as_of_seq == made[used.asset], f"entry {entry.seq} read '{used.asset}' as of {used.as_of_seq}"
                looked_at += 1
            made[fact.asset] = entry.seq
    return looked_at


def trial(seconds: float) -> int:
    """One kill, so many seconds after the work began."""
    with tempfile.TemporaryDirectory() as folder:
        home, out = Path(folder) / "home", Path(folder) / "out"
        with out.open("wb") as file:
            command = [sys.executable, __file__, "--home", str(home)]
            running = subprocess.Popen(command, stdout=file, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            while not out.stat().st_size and running.poll() is None:
                _wait(running, 0.02)
            _wait(running, seconds)
        finally:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait(60)
        lines = out.read_text().split("\n")[:-1]  # the last one may be cut off
        assert lines[:1] == ["start"]
        return check(home, [line for line in lines[1:] if not line.startswith(StepStarted.__name__)])


def _wait(running: subprocess.Popen[bytes], seconds: float) -> None:
    try:
        running.wait(seconds)
    except subprocess.TimeoutExpired:
        return
    raise AssertionError(f"the chain ended by itself with {running.returncode}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--home", type=Path)
    options = parser.parse_args()
    if options.home is not None:
        make(options.home)
        return
    moments = random.Random(options.seed)
    looked_at = sum(trial(moments.uniform(0.0, 1.0)) for _ in range(options.kills))
    print(f"{options.kills} kills: everything that was told is in the log; {looked_at} inputs name the entry that made them")


if __name__ == "__main__":
    main()
