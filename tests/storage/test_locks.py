"""Lock files: names that can be no path, holders that died, children that inherit nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbasset.errors import PartitionBusy, StorageUnavailable
from nbasset.storage.locks import FileLocks, lock_file

HOLD = """
import sys
from pathlib import Path
from nbasset.storage.locks import FileLocks
with FileLocks(Path(sys.argv[1])).hold("a", timeout_s=0):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(folder: Path) -> subprocess.Popen[str]:
    child = subprocess.Popen([sys.executable, "-c", HOLD, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


@given(name=st.text(max_size=300))
def test_a_lock_file_is_a_plain_name(name: str) -> None:
    file = lock_file(name)
    assert Path(file).name == file
    assert file.isascii()
    assert len(file) < 100
    assert file.endswith(".lock")


def test_different_names_have_different_files() -> None:
    names = ["a/b", "a_b", "A_B", "../a", "..", "", " ", "a\x00b", "\ud800", "x" * 300, "x" * 301]
    assert len({lock_file(name) for name in names}) == len(names)


def test_the_process_that_holds_a_lock_is_named(tmp_path: Path) -> None:
    child = holder(tmp_path)
    with child, pytest.raises(PartitionBusy, match=f"process {child.pid} on "), FileLocks(tmp_path).hold("a", timeout_s=0.01):
        pass
    with FileLocks(tmp_path).hold("a", timeout_s=0):
        pass


def test_a_killed_process_holds_no_lock(tmp_path: Path) -> None:
    with holder(tmp_path) as child:
        child.send_signal(signal.SIGKILL)
    with FileLocks(tmp_path).hold("a", timeout_s=0):
        pass


def test_a_forked_child_does_not_keep_the_lock_of_its_parent(tmp_path: Path) -> None:
    locks = FileLocks(tmp_path)
    with locks.hold("a", timeout_s=0):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(writing)
            os.read(reading, 1)
            os._exit(0)
        os.close(reading)
    with FileLocks(tmp_path).hold("a", timeout_s=0):
        os.close(writing)
    assert os.waitpid(child, 0)[1] == 0


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageUnavailable, match="cannot be made"), FileLocks(tmp_path / "file" / "locks").hold("a", timeout_s=0):
        pass
