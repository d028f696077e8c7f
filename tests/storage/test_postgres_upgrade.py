"""A database that an older version wrote: brought up to date with everything in it, once, or refused untouched."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier
from typing import Any

import psycopg
import pytest

from nbasset.errors import StorageUnavailable
from nbasset.events.facts import AssetMaterialized, AssetObserved, CheckEvaluated, CheckKey, ErrorInfo, InstigatorId, OutputStored
from nbasset.events.kinds import (
    BackfillRequested,
    InstigatorSet,
    PartitionsAdded,
    RunFailed,
    RunRequested,
    RunStarted,
    StepFailed,
    StepStarted,
    StepSucceeded,
    TickMissed,
)
from nbasset.events.records import RunQuery
from nbasset.events.reducers import rows_of
from nbasset.keys import AssetKey, PartitionRef, RunId
from nbasset.storage.opening import open_reader, open_storage
from nbasset.storage.postgres import PostgresConnection
from nbasset.storage.protocol import StorageReader
from nbasset.storage.schema import LATEST, STEPS
from nbasset.storage.upgrade import upgrade_postgres

pytestmark = pytest.mark.postgres
RUN = RunId("1" * 32)
ORDERS, TOTAL = AssetKey("orders"), AssetKey(["sums", "total"])
ENOUGH = CheckKey(TOTAL, "enough")
NIGHTLY = InstigatorId("flights", "schedule", "nightly")
EVENTS = (
    BackfillRequested(1, "b" * 32, ()),
    RunRequested(2, RUN, tags={"team": "sales"}, job="daily", backfill_id="b" * 32),
    RunStarted(3, RUN),
    StepStarted(4, RUN, "orders"),
    StepSucceeded(5, RUN, "orders", tuple(AssetMaterialized(ORDERS, PartitionRef(str(day), day), data_version="v") for day in range(40))),
    StepSucceeded(6, RUN, "total", (AssetMaterialized(TOTAL), CheckEvaluated(ENOUGH, passed=False), OutputStored("result"))),
    StepSucceeded(7, RUN, "seen", (AssetObserved(TOTAL, data_version="w"),)),
    StepFailed(8, RUN, "bad", ErrorInfo("ValueError", "no rows")),
    PartitionsAdded(9, "customers", (PartitionRef("ada", 1 << 40),)),
    RunFailed(10, RUN),
)


@pytest.fixture
def url(server: Any) -> str:
    """A database as the first version left it: that step's tables with rows of every kind, and none of those that came later."""
    url: str = server.new_database()
    with closing(open_storage(url)) as store:
        store.append(EVENTS)
        store.put_text("def orders(): ...")
        store.heartbeat(RUN, 11)
    with psycopg.connect(url) as connection:
        connection.execute("DROP TABLE instigators, ticks")
        connection.execute("UPDATE nbasset_schema SET version = 1")
    return url


def everything(store: StorageReader) -> Any:
    return (
        store.entries(), store.assets(), store.latest([ORDERS, TOTAL]), rows_of(store.partitions(ORDERS)), store.checks([TOTAL]),
        store.check_history(ENOUGH), store.materializations(ORDERS, 7), store.run(RUN), store.runs(RunQuery(job="daily")),
        store.backfills(), store.dynamic_keys("customers"), store.lease("daemon"), store.last_seq(),
    )  # fmt: skip


def version(url: str) -> int:
    with psycopg.connect(url) as connection:
        return int(connection.execute("SELECT max(version) FROM nbasset_schema").fetchone()[0])  # type: ignore[index]


def test_everything_in_it_is_kept_and_what_is_new_works(url: str, server: Any) -> None:
    with closing(open_storage(server.new_database())) as fresh:
        fresh.append(EVENTS)
        text = fresh.put_text("def orders(): ...")
        fresh.heartbeat(RUN, 11)
        with closing(open_storage(url)) as store:
            assert everything(store) == everything(fresh)
            assert store.text(text) == "def orders(): ..."
            assert (store.instigators(), store.ticks(NIGHTLY)) == ({}, [])
            assert store.append([InstigatorSet(12, NIGHTLY, "RUNNING"), TickMissed(13, NIGHTLY, 1, 2, 2)]) == len(EVENTS) + 2
            assert [tick.seq for tick in store.ticks(NIGHTLY)] == [len(EVENTS) + 2]
            assert store.append([StepSucceeded(14, RUN, "again", (AssetMaterialized(AssetKey("new")),))]) == len(EVENTS) + 3
    assert version(url) == LATEST


def test_a_reader_refuses_it_untouched_and_says_what_brings_it_up_to_date(url: str) -> None:
    with pytest.raises(StorageUnavailable, match=r"older nbasset \(schema 1; this one reads .*nbasset doctor"):
        open_reader(url).entries()
    assert version(url) == 1


def test_processes_that_come_at_once_bring_it_up_to_date_once(url: str) -> None:
    start = Barrier(6)

    def open_and_write(number: int) -> int:
        start.wait(60)
        with closing(open_storage(url)) as store:
            return store.append([InstigatorSet(20 + number, NIGHTLY, "RUNNING")])

    with ThreadPoolExecutor(6) as pool:
        seqs = sorted(pool.map(open_and_write, range(6)))
    assert seqs == [len(EVENTS) + 1 + at for at in range(6)]
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT version FROM nbasset_schema ORDER BY version").fetchall() == [(1,), (LATEST,)]


def test_a_step_that_breaks_leaves_it_whole_at_the_old_version(url: str) -> None:
    steps = (*STEPS, ("CREATE TABLE fresh (id {int})", "INSERT INTO nowhere VALUES (1)"))
    with psycopg.connect(url, autocommit=True) as raw:
        with pytest.raises(psycopg.errors.UndefinedTable):
            upgrade_postgres(PostgresConnection(raw), url, 1, steps)
        assert raw.execute("SELECT to_regclass('ticks'), to_regclass('fresh')").fetchone() == (None, None)
    assert version(url) == 1
    with closing(open_storage(url)) as store:
        assert store.last_seq() == len(EVENTS)


def test_a_role_that_may_make_no_tables_is_told_and_nothing_is_touched(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS clerk")
        connection.execute("CREATE ROLE clerk LOGIN")
        connection.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO clerk")
    with pytest.raises(StorageUnavailable, match=r"permission denied for schema public.*the rights of the role"):
        open_storage(url.replace("postgres@", "clerk@"))
    assert version(url) == 1
