"""PostgreSQL that goes away: nothing is lost, nothing is written twice, and the wait has an end."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import psycopg
import pytest

from nbasset.errors import StorageUnavailable
from nbasset.events.kinds import StepStarted
from nbasset.keys import RunId
from nbasset.storage.dialects import Cursor
from nbasset.storage.opening import open_reader, open_storage
from nbasset.storage.postgres import PostgresConnection, PostgresEngine
from nbasset.storage.schema import STEPS
from nbasset.storage.sql import SqlStorage
from nbasset.storage.upgrade import upgrade_postgres

pytestmark = pytest.mark.postgres
RUN = RunId("1" * 32)


class Breaking(PostgresConnection):
    """A connection that breaks at a commit: before it reached the server, or after."""

    breaks: list[str]

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Cursor:
        if statement == "COMMIT" and self.breaks:
            when = self.breaks.pop()
            if when == "after":
                super().execute(statement)
            self.raw.close()
            raise psycopg.OperationalError("the connection was lost")
        return super().execute(statement, values)


class BreakingEngine(PostgresEngine):
    def __init__(self, url: str) -> None:
        self.breaks: list[str] = []
        super().__init__(url)

    def _connect(self, purpose: str) -> PostgresConnection:
        connection = Breaking(super()._connect(purpose).raw)
        connection.breaks = self.breaks
        return connection


@pytest.mark.parametrize("when", [["before"], ["after"], ["before", "before"], ["after", "before"]])
def test_a_connection_that_breaks_at_the_commit_leaves_the_event_once(server: Any, when: list[str]) -> None:
    engine = BreakingEngine(server.new_database())
    engine.create()
    store = SqlStorage(engine)
    store.append([StepStarted(1, RUN, "before")])
    engine.breaks += when
    assert store.append([StepStarted(2, RUN, "struck")]) == 2
    assert engine.breaks == []
    assert store.append([StepStarted(3, RUN, "after")]) == 3
    steps = [(entry.seq, entry.event.step) for entry in store.entries() if isinstance(entry.event, StepStarted)]
    assert steps == [(1, "before"), (2, "struck"), (3, "after")]
    store.close()


def test_appends_wait_for_a_server_that_comes_back(server: Any) -> None:
    store = open_storage(server.new_database())
    store.append([StepStarted(1, RUN, "x")])
    server.stop()
    try:
        appended: list[int] = []
        waiting = threading.Thread(target=lambda: appended.append(store.append([StepStarted(2, RUN, "y")])))
        waiting.start()
    finally:
        server.start()
    waiting.join(60)
    assert (appended, store.last_seq()) == ([2], 2)
    store.close()


def test_the_wait_for_a_server_has_an_end_and_an_error_without_password(server: Any) -> None:
    url = server.new_database().replace("postgres@", "postgres:hunter2@")
    engine = PostgresEngine(url, retry_s=0.1)
    engine.create()
    store = SqlStorage(engine)
    store.append([StepStarted(1, RUN, "x")])
    server.stop()
    try:
        with pytest.raises(StorageUnavailable, match="Check that the server runs") as away:
            store.append([StepStarted(2, RUN, "y")])
        with pytest.raises(StorageUnavailable):
            store.entries()
    finally:
        server.start()
    assert "hunter2" not in str(away.value)
    assert store.append([StepStarted(3, RUN, "z")]) == 2
    store.close()


def test_a_database_that_does_not_exist_is_told_at_once(server: Any) -> None:
    with pytest.raises(StorageUnavailable, match="does not exist"):
        open_storage(server.new_database() + "x")


def test_a_newer_schema_is_refused_and_a_broken_step_undone(server: Any) -> None:
    url = server.new_database()
    open_storage(url).close()
    with psycopg.connect(url, autocommit=True) as raw:
        connection = PostgresConnection(raw)
        with pytest.raises(psycopg.errors.DuplicateTable):
            upgrade_postgres(connection, url, 1, (*STEPS, ("CREATE TABLE fresh (id {int})", "CREATE TABLE fresh (id {int})")))
        upgrade_postgres(connection, url, 1, (*STEPS, ("CREATE TABLE fresh (id {int})",)))
    with pytest.raises(StorageUnavailable, match="newer nbasset"):
        open_storage(url)


def test_a_reader_of_an_empty_database_makes_no_tables(server: Any) -> None:
    url = server.new_database()
    reader = open_reader(url)
    assert (reader.last_seq(), reader.entries()) == (0, [])
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
    open_storage(url).append([StepStarted(1, RUN, "x")])
    assert reader.last_seq() == 1
