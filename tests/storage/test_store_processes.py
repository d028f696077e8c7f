"""Several processes on one store: appends side by side, forks, kills."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbasset.events.facts import AssetMaterialized
from nbasset.events.kinds import RunRequested, RunSucceeded, StepStarted, StepSucceeded, Target
from nbasset.events.records import RunQuery
from nbasset.keys import AssetKey, RunId
from nbasset.storage.opening import open_reader, open_storage
from nbasset.storage.protocol import Storage

KILLS = Path(__file__).parents[1] / "faults" / "kill_append.py"
RUN = RunId("1" * 32)

Open = Callable[[], Storage]


def run_kills(*arguments: str) -> str:
    done = subprocess.run([sys.executable, KILLS, *arguments], capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_killed_writers_lose_nothing_that_was_acknowledged() -> None:
    assert "kept its word" in run_kills("--kills", "4", "--seed", "1")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_a_writer_killed_at_its_first_writes_and_syncs_leaves_a_whole_store() -> None:
    assert "kept its word" in run_kills("--sweep", "--most", "3")


@pytest.mark.slow
@pytest.mark.postgres
def test_killed_writers_lose_nothing_in_postgres(server: Any) -> None:
    assert "kept its word" in run_kills("--kills", "2", "--seed", "1", "--url", server.new_database())


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_two_processes_append_without_loss_or_repetition(kind: str, home: Path, request: pytest.FixtureRequest) -> None:
    url = str(home) if kind == "sqlite" else request.getfixturevalue("server").new_database()
    kill_append = _module(KILLS)
    children = [kill_append.start(url, writer, 40) for writer in range(2)]
    promised = set().union(*map(kill_append.acknowledged, children))
    assert (len(promised), [child.returncode for child in children]) == (80, [0, 0])
    assert kill_append.check(url, promised) == 2 * (2 + sum(1 + number % 3 for number in range(40)))


def test_many_can_make_a_home_at_once(tmp_path: Path) -> None:
    barrier = threading.Barrier(6)
    failures: list[BaseException] = []

    def open_and_append(home: Path, number: int) -> None:
        barrier.wait(60)
        try:
            store = open_storage(home)
            store.append([StepStarted(number, RUN, "x")])
            store.close()
        except BaseException as error:
            failures.append(error)

    for turn in range(10):
        home = tmp_path / str(turn) / "nbasset.db"
        threads = [threading.Thread(target=open_and_append, args=(home, number)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert failures == []
        assert open_reader(home).last_seq() == 6


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_records_that_another_writer_changed_are_read_anew(shared: Open) -> None:
    mine, yours = shared(), shared()
    key = AssetKey("a")
    for number in range(3):
        for store in (mine, yours):
            store.append([StepSucceeded(number, RUN, "s", (AssetMaterialized(key, data_version="same"),))])
    assert mine.latest([key]) == yours.latest([key])
    record = mine.latest([key])[key]
    assert (record.seq, record.changed_seq, record.materializations) == (6, 1, 6)
    mine.append([RunRequested(1, RUN, (Target(key),))])
    yours.delete_runs([RUN])
    mine.append([RunSucceeded(2, RUN)])
    run = mine.run(RUN)
    assert run is not None
    assert (run.requested_us, run.status, yours.runs(RunQuery(asset=key)).items) == (0, "success", ())
    assert mine.append([StepStarted(3, RUN, "x")]) == 9


def test_ordinals_are_the_same_in_all_processes(shared: Open) -> None:
    mine, yours = shared(), shared()
    assert mine.key_table.ordinals(["b", "a"]) == [0, 1]
    assert yours.key_table.ordinals(["c", "a"]) == [2, 1]
    assert mine.key_table.ordinals(["d", "c"]) == [3, 2]
    assert yours.key_table.keys([3, 0]) == ["d", "b"]


def test_a_waiter_hears_of_appends_of_another_process(shared: Open) -> None:
    mine, yours = shared(), shared()
    yours.append([StepStarted(1, RUN, "x")])
    assert mine.wait(0, 60) == 1


def test_a_forked_child_writes_on_connections_of_its_own(shared: Open) -> None:
    store = shared()
    store.append([StepStarted(1, RUN, "parent")])
    store.entries()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            store.append([StepStarted(2, RUN, "child")])
            code = 0 if len(store.entries()) == 2 else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert store.append([StepStarted(3, RUN, "parent again")]) == 3
    assert [entry.seq for entry in store.entries()] == [1, 2, 3]


FILL = """
import sys
from pathlib import Path
from nbasset.errors import StorageUnavailable
from nbasset.events.kinds import StepStarted
from nbasset.storage.opening import open_storage, open_reader
folder = Path(sys.argv[1])
store = open_storage(folder / "home" / "nbasset.db")
(folder / "ballast").write_bytes(b"x" * 300_000)
written = 0
try:
    while True:
        store.append([StepStarted(written, "1" * 32, "s" * 200)], flush=True)
        written += 1
except StorageUnavailable as error:
    print(error)
reader = open_reader(folder / "home" / "nbasset.db")
assert store.last_seq() == reader.last_seq() == written > 10, (store.last_seq(), written)
(folder / "ballast").unlink()
for _ in range(20):
    written = store.append([StepStarted(written, "1" * 32, "after")])
assert store.last_seq() == written
store.close()
"""

READ_ONLY = """
import subprocess, sys
from pathlib import Path
from nbasset.errors import StorageUnavailable
from nbasset.events.kinds import StepStarted
from nbasset.storage.opening import open_storage, open_reader
folder = Path(sys.argv[1])
store = open_storage(folder / "home" / "nbasset.db")
store.append([StepStarted(1, "1" * 32, "s")])
store.close()
subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
reader = open_reader(folder / "home" / "nbasset.db")
assert len(reader.entries()) == 1
try:
    open_storage(folder / "home" / "nbasset.db").append([StepStarted(1, "1" * 32, "s")])
except StorageUnavailable as error:
    print(error)
"""


def in_small_disk(code: str, folder: Path) -> str:
    """What the code prints when it runs with `folder` on a file system of one megabyte."""
    script = f'mount -t tmpfs -o size=1m,mode=700 none "{folder}" && exec "{sys.executable}" -c "$CODE" "{folder}"'
    command = ["unshare", "--mount", *([] if os.getuid() == 0 else ["--map-root-user"]), "sh", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "CODE": code}, timeout=60)
    if "Operation not permitted" in done.stderr or "permission denied" in done.stderr:
        pytest.skip("needs mount namespaces")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare (util-linux)")
def test_a_full_disk_is_told_and_the_next_write_works_without_repair(tmp_path: Path) -> None:
    told = in_small_disk(FILL, tmp_path)
    assert "nbasset.db" in told
    assert "the disk is full" in told
    assert "works without repair" in told


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare (util-linux)")
def test_a_read_only_home_can_be_read_and_says_why_it_cannot_be_written(tmp_path: Path) -> None:
    assert "read-only" in in_small_disk(READ_ONLY, tmp_path)
