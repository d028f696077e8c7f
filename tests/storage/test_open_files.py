"""A process that looks at its database file must not lose the locks by which others know that it is there."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path

from nbasset.events.kinds import RunQueued
from nbasset.keys import RunId
from nbasset.storage.open_files import connect, if_closed
from nbasset.storage.opening import open_storage

APPEND = """
import sys
from nbasset.events.kinds import RunQueued
from nbasset.keys import RunId
from nbasset.storage.opening import open_storage

store = open_storage(sys.argv[1])
for number in range(20):
    store.append([RunQueued(number, RunId(sys.argv[2]))])
store.close()
"""


def test_a_process_that_closes_last_does_not_take_the_log_away_from_one_that_has_it_open(tmp_path: Path) -> None:
    place = str(tmp_path / "nbasset.db")
    store = open_storage(place)
    store.append([RunQueued(0, RunId("a" * 32))])
    assert store.last_seq() == 1  # a connection that reads beside the one that writes: the file was looked at again
    for turn in range(3):
        subprocess.run([sys.executable, "-c", APPEND, place, f"{turn}" * 32], check=True)
        store.append([RunQueued(turn, RunId("a" * 32))])
    assert [entry.seq for entry in store.entries(limit=1000)] == list(range(1, 65))
    store.close()
    again = open_storage(place)
    assert again.last_seq() == 64
    again.close()


def test_a_file_counts_as_open_until_its_last_connection_is_closed_or_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "some.db"

    def is_closed() -> bool:
        with if_closed(path) as answer:
            return answer

    one, other = (connect(path, f"file:{path}") for _ in range(2))
    assert not is_closed()
    one.close()
    one.close()
    assert not is_closed()
    del other
    gc.collect()  # a connection and its cache of statements hold each other
    assert is_closed()
