"""A home on disk: what is created, what is refused, and what people are told to do."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from nbasset.errors import StorageCorrupt, StorageUnavailable
from nbasset.events.facts import AssetMaterialized, InstigatorId
from nbasset.events.kinds import AssetReported, FileOrphaned, InstigatorSet, StepStarted, StepSucceeded, TickMissed
from nbasset.events.records import Entry
from nbasset.keys import AssetKey, PartitionRef, RunId
from nbasset.storage import places, schema, upgrade
from nbasset.storage.opening import database_path, open_reader, open_storage
from nbasset.storage.sqlite import SqliteEngine

RUN = RunId("1" * 32)
A = AssetKey("a")
FACT = AssetMaterialized(A, PartitionRef("x", 5), data_version="v")


def filled(home: Path, steps: int = 300) -> None:
    store = open_storage(home)
    store.append([StepSucceeded(1, RUN, "s" * 100, (FACT,)) for _ in range(steps)])
    store.close()


def integrity(home: Path) -> str:
    with closing(sqlite3.connect(home)) as connection:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])


def test_a_home_is_for_its_owner_alone(home: Path) -> None:
    before = os.umask(0)
    try:
        store = open_storage(home)
        with store.lock("a", timeout_s=0):
            store.append([StepStarted(1, RUN, "x")])
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (home.parent, *home.parent.rglob("*"))}
        store.close()
    finally:
        os.umask(before)
    assert {name: mode for name, mode in modes.items() if mode & 0o077} == {}
    assert {"home", "nbasset.db", "nbasset.db-wal", "nbasset.db-shm", "locks"} <= set(modes)


def test_a_home_that_everybody_may_write_to_is_refused(home: Path) -> None:
    home.parent.mkdir()
    home.parent.chmod(0o777)
    with pytest.raises(StorageUnavailable, match="chmod 700"):
        open_storage(home)
    assert not home.exists()


def test_reading_a_home_that_is_not_there_creates_nothing(home: Path) -> None:
    reader = open_reader(home)
    assert (reader.last_seq(), reader.latest([A]), reader.entries()) == (0, {}, [])
    assert not home.parent.exists()
    filled(home, 2)
    assert reader.last_seq() == 2
    reader.close()


def test_a_reader_sees_every_commit_and_writes_nothing(home: Path) -> None:
    store = open_storage(home)
    reader = open_reader(home)
    for number in range(1, 4):
        store.append([StepSucceeded(number, RUN, "s", (FACT,))])
        assert reader.last_seq() == number
        assert reader.latest([A])[A].seq == reader.partitions(A).seq[0] == number
    assert reader.key_table.ordinals(["new"]) == [-1]
    assert reader.key_table.keys([-1]) == ["new"]
    assert store.key_table.ordinals(["other"]) == [0]
    reader.close()
    store.close()


def test_urls_and_paths_name_the_same_file(tmp_path: Path) -> None:
    home = tmp_path / "a b"
    home.mkdir()
    assert database_path(str(home)) == database_path(f"sqlite:///{home}") == home / "nbasset.db"
    assert database_path(f"sqlite:///{tmp_path}/a%20b/x.db") == home / "x.db"
    with pytest.raises(StorageUnavailable, match="no known kind") as refused:
        database_path("mysql://ada:secret@host/db")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("content", [b"this is a text, no database" * 40, b"PK\x03\x04"])
def test_a_file_that_is_no_database_is_refused_untouched(home: Path, content: bytes) -> None:
    home.parent.mkdir(mode=0o700)
    home.write_bytes(content)
    for opener in (open_storage, lambda path: open_reader(path).last_seq()):
        with pytest.raises(StorageCorrupt, match="integrity_check") as refused:
            opener(home)
        assert str(home) in str(refused.value)
    assert (home.read_bytes(), sorted(path.name for path in home.parent.iterdir())) == (content, [home.name])


def test_a_file_that_was_cut_off_is_refused_untouched(home: Path) -> None:
    filled(home)
    whole = home.read_bytes()
    home.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StorageCorrupt, match="cut off"):
        open_storage(home)
    with pytest.raises(StorageCorrupt, match="cut off"):
        open_reader(home).last_seq()
    assert home.read_bytes() == whole[: len(whole) // 2]


def test_after_damage_was_met_nothing_is_written_any_more(home: Path) -> None:
    filled(home)
    store = open_storage(home)
    store.close()
    whole = home.read_bytes()
    data = bytearray(whole)
    data[4096:] = b"\x5a" * (len(data) - 4096)
    home.write_bytes(data)
    with pytest.raises(StorageCorrupt):
        store.entries()
    home.write_bytes(whole)
    with pytest.raises(StorageCorrupt, match="nothing will be until you decide"):
        store.append([StepStarted(1, RUN, "x")])
    store.close()
    assert home.read_bytes() == whole


def test_a_home_of_a_newer_version_is_refused_untouched(home: Path) -> None:
    filled(home, 2)
    with closing(sqlite3.connect(home)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = home.read_bytes()
    for opener in (open_storage, lambda path: open_reader(path).last_seq()):
        with pytest.raises(StorageUnavailable, match=r"newer nbasset.*pip install --upgrade"):
            opener(home)
    assert home.read_bytes() == before


def test_an_older_home_is_copied_and_brought_up_to_date(home: Path) -> None:
    filled(home, 3)
    steps = (*schema.STEPS, ("CREATE TABLE fresh (id INTEGER)",), ("ALTER TABLE fresh ADD COLUMN more TEXT",))
    with closing(sqlite3.connect(home, isolation_level=None)) as connection:
        upgrade.upgrade_sqlite(connection, home, steps)
        assert connection.execute("PRAGMA user_version").fetchone() == (schema.LATEST + 2,)
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (3,)
        assert connection.execute("SELECT id, more FROM fresh").fetchall() == []
    copy = home.with_name(f"{home.name}.v{schema.LATEST}")
    assert integrity(copy) == "ok"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with pytest.raises(StorageUnavailable, match="newer"):
        open_storage(home)


def test_a_home_from_before_schedules_were_recorded_keeps_its_log_and_takes_ticks(home: Path) -> None:
    home.parent.mkdir(mode=0o700)
    with closing(sqlite3.connect(home, isolation_level=None)) as connection:
        upgrade.upgrade_sqlite(connection, home, schema.STEPS[:1])
        connection.execute("INSERT INTO events (seq, at_us, kind, payload) VALUES (1, 5, 'FileOrphaned', '{\"uri\":\"x\"}')")
    home.chmod(0o600)
    nightly = InstigatorId("flights", "schedule", "nightly")
    with closing(open_storage(home)) as store:
        assert (store.instigators(), store.ticks(nightly), store.lease("daemon")) == ({}, [], None)
        assert store.append([InstigatorSet(6, nightly, "RUNNING"), TickMissed(7, nightly, 1, 2, 2)]) == 3
        assert [tick.seq for tick in store.ticks(nightly)] == [3]
        assert store.entries(limit=1) == [Entry(1, FileOrphaned(5, "x"))]
    assert integrity(home.with_name(f"{home.name}.v1")) == "ok"


def test_a_step_that_breaks_leaves_the_home_at_the_old_version(home: Path) -> None:
    filled(home, 3)
    steps = (*schema.STEPS, ("CREATE TABLE fresh (id INTEGER)", "CREATE TABLE fresh (id INTEGER)"))
    with closing(sqlite3.connect(home, isolation_level=None)) as connection, pytest.raises(sqlite3.OperationalError):
        upgrade.upgrade_sqlite(connection, home, steps)
    store = open_storage(home)
    assert store.append([StepStarted(1, RUN, "x")]) == 4
    store.close()


def test_an_older_home_is_not_read_before_it_is_brought_up_to_date() -> None:
    with pytest.raises(StorageUnavailable, match="older nbasset"):
        upgrade.check_version(1, "home", 2)
    upgrade.check_version(0, "home", 2)


def test_network_file_systems_are_refused_with_the_way_out(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"1 0 0:1 / / rw - ext4 /dev/a rw\n2 1 0:9 / {tmp_path} rw shared:3 - nfs4 server:/x rw\n")
    monkeypatch.setattr(places, "_MOUNTS", mounts)
    with pytest.raises(StorageUnavailable, match=r"nfs4.*NBASSET_HOME.*PostgreSQL"):
        open_storage(home)
    assert not home.parent.exists()


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/", "ext4"), ("/home", "nfs"), ("/home/ada/x", "nfs"), ("/homes/ada", "ext4"), ("/mnt/a b/c", "cifs"), ("/tmp/x", "tmpfs")],
)
def test_the_file_system_of_a_path_is_that_of_its_nearest_mount(path: str, kind: str) -> None:
    mounts = "\n".join(
        [
            "1 0 0:1 / / rw - ext4 /dev/a rw",
            "2 1 0:2 / /home rw master:1 - nfs h:/ rw",
            r"3 1 0:3 / /mnt/a\040b rw - cifs //h/x rw",
            "4 1 0:4 / /tmp rw - ext4 /dev/b rw",
            "5 4 0:5 / /tmp rw - tmpfs none rw",
            "broken",
        ]
    )
    assert places.file_system_of(path, mounts) == kind


def test_a_database_that_stays_busy_is_an_error_and_not_a_hang(home: Path) -> None:
    filled(home, 1)
    engine = SqliteEngine(home, home.parent / "locks", busy_s=0.05)
    with closing(sqlite3.connect(home, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageUnavailable, match=r"another process for more than 0.05 s.*Try again"):
            engine.transact(lambda connection, _: connection.execute("DELETE FROM events"), flush=False)
        other.execute("ROLLBACK")
    engine.transact(lambda connection, _: connection.execute("SELECT 1"), flush=True)
    engine.close()


def test_a_row_takes_less_than_300_bytes(home: Path) -> None:
    store = open_storage(home)
    store.append([StepStarted(1_700_000_000_000_000 + number, RUN, f"orders_{number}") for number in range(2000)])
    store.close()
    assert home.stat().st_size / 2000 < 300


def test_a_closed_store_opens_again_when_used(home: Path) -> None:
    store = open_storage(home)
    store.append([AssetReported(1, FACT)])
    store.close()
    assert not home.with_name(home.name + "-wal").exists()
    assert store.append([AssetReported(2, FACT)]) == 2
    assert store.latest([A])[A].materializations == 2
    store.close()
    assert integrity(home) == "ok"


def test_a_process_that_ends_leaves_the_log_to_those_that_go_on(home: Path) -> None:
    """SQLite deletes the log with its last connection; ours still holds its lock, whatever was closed beside it."""
    store = open_storage(home)
    store.append([StepStarted(1, RUN, "before")])
    assert store.entries(run=RUN) != []
    open_reader(home).entries(run=RUN)
    other = open_storage(home)
    other.entries(run=RUN)
    other.close()
    script = "import sys; from nbasset.storage.opening import open_storage; s = open_storage(sys.argv[1]); s.entries(limit=1); s.close()"
    subprocess.run([sys.executable, "-c", script, str(home)], check=True)
    store.append([StepStarted(2, RUN, "after")])
    assert home.with_name(home.name + "-wal").exists()
    with closing(sqlite3.connect(home)) as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (2,)
    store.close()
