"""Named locks on PostgreSQL: one session for all of a process, and free as soon as the process or its session is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from typing import Any

import psycopg
import pytest

from nbasset.errors import PartitionBusy
from nbasset.storage.opening import open_storage
from nbasset.storage.protocol import Storage

pytestmark = pytest.mark.postgres

HOLD = """
import sys
from contextlib import ExitStack
from nbasset.storage.opening import open_storage
store = open_storage(sys.argv[1])
with ExitStack() as stack:
    for name in range(20):
        stack.enter_context(store.lock(f"pool/slow/{name}", timeout_s=0))
    print("held", flush=True)
    sys.stdin.read()
"""


def sessions(url: str, query: str = "count(*)") -> int:
    """How many sessions for locks there are; or what else is asked of each."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            f"SELECT {query} FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'nbasset locks%'"
        ).fetchone()
    return int(found[0]) if found is not None else 0


def is_free(store: Storage, name: str) -> bool:
    try:
        with store.lock(name, timeout_s=0):
            return True
    except PartitionBusy:
        return False


def test_many_locks_take_one_session(server: Any) -> None:
    url = server.new_database()
    with closing(open_storage(url)) as store, ExitStack() as stack:
        for name in range(50):
            stack.enter_context(store.lock(str(name), timeout_s=0))
        assert sessions(url) == 1


def test_a_killed_process_holds_no_lock_in_the_database(server: Any) -> None:
    url = server.new_database()
    with closing(open_storage(url)) as store:
        with subprocess.Popen([sys.executable, "-c", HOLD, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "held\n"
            with pytest.raises(PartitionBusy, match=f"process {child.pid} on "), store.lock("pool/slow/7", timeout_s=0.01):
                pass
            child.send_signal(signal.SIGKILL)
        with ExitStack() as stack:
            for name in range(20):
                stack.enter_context(store.lock(f"pool/slow/{name}", timeout_s=10))


def test_threads_of_one_process_exclude_each_other(server: Any) -> None:
    with closing(open_storage(server.new_database())) as store:
        inside, most, together = 0, 0, threading.Lock()

        def visit(_: int) -> None:
            nonlocal inside, most
            with store.lock("a", timeout_s=60):
                with together:
                    inside += 1
                    most = max(most, inside)
                store.entries()
                with together:
                    inside -= 1

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(visit, range(40)))
        assert (inside, most) == (0, 1)
        with store.lock("a", timeout_s=0), pytest.raises(PartitionBusy, match=f"process {os.getpid()} on "), store.lock("a", timeout_s=0):
            pass


def test_a_lock_is_free_after_an_error_inside_it(server: Any) -> None:
    url = server.new_database()
    with closing(open_storage(url)) as store, closing(open_storage(url)) as other:
        with pytest.raises(ZeroDivisionError), store.lock("a", timeout_s=0), store.lock("b", timeout_s=0):
            print(1 / 0)
        assert is_free(other, "a")
        assert is_free(store, "b")


def test_a_session_that_breaks_is_made_anew_with_everything_held(server: Any) -> None:
    url = server.new_database()
    with closing(open_storage(url)) as store, closing(open_storage(url)) as other, store.lock("a", timeout_s=0):
        sessions(url, "pg_terminate_backend(pid)")
        with store.lock("b", timeout_s=0):
            assert (is_free(other, "a"), is_free(other, "b"), is_free(other, "c")) == (False, False, True)
        assert (is_free(other, "a"), is_free(other, "b")) == (False, True)


def test_a_lock_that_another_process_took_meanwhile_is_told(server: Any, caplog: pytest.LogCaptureFixture) -> None:
    url = server.new_database()
    with closing(open_storage(url)) as store, closing(open_storage(url)) as other, store.lock("a", timeout_s=0):
        sessions(url, "pg_terminate_backend(pid)")
        with other.lock("a", timeout_s=10), store.lock("b", timeout_s=0):
            assert "another process took the lock a" in caplog.text
            assert not is_free(other, "b")


def test_a_store_that_is_closed_keeps_the_locks_that_are_held_until_they_are_given_back(server: Any) -> None:
    url = server.new_database()
    store = open_storage(url)
    with closing(open_storage(url)) as other:
        with store.lock("a", timeout_s=0):
            store.close()
            assert not is_free(other, "a")
        assert is_free(other, "a")


def test_a_forked_child_leaves_the_locks_of_its_parent_alone(server: Any) -> None:
    url = server.new_database()
    with closing(open_storage(url)) as store, closing(open_storage(url)) as other:
        with store.lock("a", timeout_s=0):
            held = store.lock("b", timeout_s=0)
            held.__enter__()
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    held.__exit__(None, None, None)
                    code = 0 if not is_free(store, "a") and not is_free(store, "b") and is_free(store, "c") else 2
                finally:
                    os._exit(code)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            assert (is_free(other, "a"), is_free(other, "b")) == (False, False)
            held.__exit__(None, None, None)
        assert (is_free(other, "a"), is_free(other, "b")) == (True, True)
