"""The server as a program: it is started, told to end, and cannot be started in wrong ways."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from nbasset.errors import InvalidInvocationError
from nbasset.web import extra
from nbasset.web.server import listen
from nbasset.web.serving import Threads

PATIENCE_S = 120
CODE = "import nbasset as nb\n\n@nb.asset\ndef orders():\n    return [1]\n"

Start = Callable[..., "Program"]


class Program:
    """``nbasset ui`` as a process of its own."""

    def __init__(self, folder: Path, *words: str) -> None:
        environ = {name: value for name, value in os.environ.items() if name not in ("NBASSET_HOME", "NBASSET_TOKEN")}
        command = [sys.executable, "-m", "nbasset.cli", "ui", *words, "--port", "0", "--log-format", "json"]
        self.process = subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert self.process.stdout is not None
        self.first = json.loads(self.process.stdout.readline())["text"]
        self.address = re.search(r"http://\S+", self.first)[0]  # type: ignore[index]

    def end(self, number: signal.Signals) -> tuple[int, list[str]]:
        """Send a signal; the exit code and what was still said."""
        self.process.send_signal(number)
        assert self.process.stdout is not None
        said = [json.loads(line)["text"] for line in self.process.stdout]
        return self.process.wait(PATIENCE_S), said


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the program in a project; what still runs at the end is killed."""
    (tmp_path / "nbasset.toml").write_text("")
    (tmp_path / "orders_code.py").write_text(CODE)
    started: list[Program] = []

    def begin(*words: str) -> Program:
        started.append(Program(tmp_path, *words))
        return started[-1]

    yield begin
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.wait(PATIENCE_S)
        assert one.process.stdout is not None
        one.process.stdout.close()


def test_it_serves_code_of_another_process_and_ends_with_a_signal_whoever_is_connected(start: Start) -> None:
    program = start("--read-only")
    assert "(read-only)" in program.first
    assert httpx.get(f"{program.address}server_info", trust_env=False).json()["read_only"] is True
    answer = httpx.post(
        f"{program.address}graphql", json={"query": "{ assetNodes { assetKey { path } } }"}, trust_env=False, timeout=PATIENCE_S
    )
    assert answer.json() == {"data": {"assetNodes": [{"assetKey": {"path": ["orders"]}}]}}
    modules = Path(f"/proc/{program.process.pid}/maps").read_text()
    assert "pandas" not in modules
    with connect(f"{program.address.replace('http', 'ws')}graphql", proxy=None) as listening:
        listening.send('{"type": "connection_init"}')
        listening.recv(timeout=PATIENCE_S)
        code, said = program.end(signal.SIGTERM)
        assert (code, said) == (0, ["ended"])
        with pytest.raises(ConnectionClosed):
            listening.recv(timeout=PATIENCE_S)


def test_to_other_machines_it_says_an_address_with_a_token_that_is_needed(start: Start) -> None:
    program = start("--host", "0.0.0.0", "--prefix", "nb")
    address, _, token = program.address.partition("?token=")
    assert address.endswith("/nb/")
    assert httpx.get(f"{address}server_info", trust_env=False).status_code == 401
    assert httpx.get(f"{address}server_info", headers={"Authorization": f"Bearer {token}"}, trust_env=False).status_code == 200
    assert program.end(signal.SIGINT) == (0, ["ended"])


def test_a_port_that_is_taken_is_told_with_the_next_that_is_free() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InvalidInvocationError, match=rf"port {port} of 127.0.0.1 is taken.*--port \d+") as told:
            listen("127.0.0.1", port)
    free = int(str(told.value).rpartition(" ")[2])
    listen("127.0.0.1", free).close()


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_that_is_none_of_this_machine_is_told(host: str) -> None:
    with pytest.raises(InvalidInvocationError, match=r"--host 127\.0\.0\.1"):
        listen(host, 0)


def test_without_the_extra_the_error_names_what_to_install(monkeypatch: pytest.MonkeyPatch, call: Any, own_folder: Path) -> None:
    monkeypatch.setattr(extra, "NEEDED", ("a_module_that_nobody_has",))
    code, _, error = call("ui", "--port", "0")
    assert code == 2
    assert "pip install 'nbasset[web]'" in error


@pytest.mark.parametrize(
    ("words", "said"), [(("--token", "short"), "--token auto"), (("--prefix", "a/../b"), "--prefix"), (("nothing.py",), "nothing.py")]
)
def test_wrong_words_are_told(call: Any, own_folder: Path, words: tuple[str, ...], said: str) -> None:
    code, _, error = call("ui", "--port", "0", *words)
    assert code == 2
    assert said in error


# -- threads ------------------------------------------------------------------------------------------------------------------------


def test_what_takes_long_holds_up_nothing_else_and_not_the_end() -> None:
    never = threading.Event()

    async def ask() -> str:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(Threads(2))
        waiting = asyncio.create_task(asyncio.to_thread(never.wait))
        answer = await asyncio.to_thread(lambda: "an answer")
        waiting.cancel()
        return answer

    try:
        assert asyncio.run(ask()) == "an answer"
    finally:
        never.set()


def test_threads_are_started_when_there_is_work_and_no_more_than_are_allowed() -> None:
    threads = Threads(2)
    gate, begun = threading.Event(), threading.Semaphore(0)
    names: set[str] = set()

    def work(number: int) -> int:
        names.add(threading.current_thread().name)
        begun.release()
        gate.wait()
        return number

    futures = [threads.submit(work, number) for number in range(5)]
    assert begun.acquire(timeout=PATIENCE_S)
    assert begun.acquire(timeout=PATIENCE_S)
    assert len(names) == 2
    gate.set()
    assert [future.result(PATIENCE_S) for future in futures] == [0, 1, 2, 3, 4]
    assert len(names) == 2
    failed = threads.submit(lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        failed.result(PATIENCE_S)
