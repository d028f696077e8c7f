"""``nbasset dev``: a daemon and JupyterLab as one program, with real processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from nbasset.dev.lab import LabLines, missing_lab
from nbasset.errors import InvalidInvocationError

CODE = """
from nbasset import RunRequest, asset, schedule

@asset
def orders():
    return [1, 2]

@schedule("0 6 * * *", target="orders")
def mornings():
    return RunRequest()
"""
PATIENCE_S = 120


@dataclass
class Program:
    """A running command, whose lines can be waited for, and whose descendants are known."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    def until(self, text: str) -> str:
        """Read until a line has a text in it; that line."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if text in line:
                return self.lines[-1]
        raise AssertionError(f"ended without {text!r}: {self.lines}")

    def end(self, number: signal.Signals) -> int:
        """Send a signal and wait for the end; its exit code."""
        self.process.send_signal(number)
        return self.rest()

    def rest(self) -> int:
        """Read on until it ends; its exit code."""
        assert self.process.stdout is not None
        self.lines += [line.rstrip("\n") for line in self.process.stdout]
        return self.process.wait(PATIENCE_S)

    def descendants(self) -> list[int]:
        """Processes that it has started, and theirs."""
        found = _children(self.process.pid)
        for pid in found:
            found += _children(pid)
        return found


Start = Callable[..., Program]
Watch = Callable[[list[int]], Callable[[], None]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one module."""
    (tmp_path / "nbasset.toml").write_text("")
    (tmp_path / "orders.py").write_text(CODE)
    return tmp_path


@pytest.fixture
def start(project: Path) -> Iterator[Start]:
    """Starts ``nbasset`` in the project; what still runs at the end of a test is killed with all it has started."""
    started: list[Program] = []

    def begin(*words: str) -> Program:
        environ = {**os.environ, "PYTHONUNBUFFERED": "1"}
        environ.pop("NBASSET_HOME", None)
        process = subprocess.Popen(
            [sys.executable, "-m", "nbasset.cli", *words], cwd=project, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, start_new_session=True,
        )  # fmt: skip
        started.append(Program(process))
        return started[-1]

    yield begin
    for one in started:
        left = one.descendants()
        for pid in (one.process.pid, *left):
            if one.process.poll() is None or pid != one.process.pid:
                _kill(pid)
        one.process.wait(PATIENCE_S)
        assert one.process.stdout is not None
        one.process.stdout.close()


@pytest.mark.parametrize(("number", "words"), [(signal.SIGINT, ()), (signal.SIGTERM, ("--no-ui",))])
def test_one_signal_ends_all_of_it_and_leaves_nothing_behind(
    start: Start, watch: Watch, number: signal.Signals, words: tuple[str, ...]
) -> None:
    dev = start("dev", "--no-lab", *words)
    dev.until("watching over")
    dev.until("daemon" if words else "serving")
    pids = dev.descendants()
    assert len(pids) >= (2 if words else 4)
    await_end = watch(pids)
    assert dev.end(number) == 0
    await_end()
    assert dev.lines[-1].endswith("ended")


def test_a_daemon_that_dies_is_told_and_ends_the_program(start: Start) -> None:
    dev = start("dev", "--no-lab", "--no-ui", "--log-format", "json")
    dev.until("watching over")
    dev.until('"daemon"')
    guard = _children(dev.process.pid)[0]
    _kill(_children(guard)[0])
    assert dev.rest() == 1
    last = json.loads(dev.lines[-1])
    assert (last["source"], last["text"]) == ("daemon", "was killed")


def test_nothing_outlives_a_program_that_is_killed(start: Start, watch: Watch) -> None:
    dev = start("dev", "--no-lab", "--no-ui")
    dev.until("daemon")
    await_end = watch(dev.descendants())
    dev.end(signal.SIGKILL)
    await_end()


def test_a_daemon_that_is_there_is_used_and_left_alone(start: Start) -> None:
    daemon = start("daemon", "run")
    daemon.until("")
    dev = start("dev", "--no-lab", "--no-ui")
    assert dev.rest() == 0
    assert "keeps watch over" in dev.lines[0]
    assert daemon.process.poll() is None
    assert daemon.end(signal.SIGINT) == 0


def test_a_port_that_is_taken_and_an_address_that_is_none_of_this_machine_are_told(start: Start) -> None:
    pytest.importorskip("jupyterlab")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        dev = start("dev", "-p", str(port))
        assert dev.rest() == 2
    assert f"port {port} of 127.0.0.1 cannot be used" in dev.lines[-1]
    other = start("dev", "-h", "192.0.2.1")
    assert other.rest() == 2
    assert "--host 127.0.0.1" in other.lines[-1]


def test_a_location_that_is_not_there_is_told(start: Start) -> None:
    dev = start("dev", "ordres.py", "--no-lab", "--no-ui")
    assert dev.rest() == 2
    assert "there is no ordres.py" in dev.lines[-1]


def test_without_jupyterlab_the_error_names_what_to_install() -> None:
    with pytest.raises(InvalidInvocationError, match=r"pip install 'nbasset\[lab\]'.*--no-lab"):
        missing_lab(is_there=False)


def test_of_jupyterlabs_lines_its_address_and_what_is_wrong_is_shown() -> None:
    written = """\
[I 2026-11-25 08:08:20.716 ServerApp] jupyterlab | extension was successfully linked.
[W 2026-11-25 08:08:20.719 ServerApp] A thing is odd
    and goes on
[I 2026-11-25 08:08:20.804 ServerApp] http://localhost:18999/lab?token=a1
[I 2026-11-25 08:08:20.804 ServerApp]     http://127.0.0.1:18999/lab?token=a1
[I 2026-11-25 08:08:20.804 ServerApp] Use Control-C to stop this server and shut down all kernels (twice to skip confirmation).
[C 2026-11-25 08:08:20.807 ServerApp]

    To access the server, open this file in a browser:
        http://127.0.0.1:18999/lab?token=a1
[E 2026-11-25 08:09:20.716 LabApp] It broke
Traceback: here"""
    lines = LabLines()
    assert [text for line in written.splitlines() for text in lines.shown(line)] == [
        "A thing is odd", "    and goes on", "JupyterLab: http://localhost:18999/lab?token=a1", "It broke", "Traceback: here",
    ]  # fmt: skip


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.xdist_group("browser")
@pytest.mark.timeout(400)
def test_jupyterlab_serves_the_folder_and_ends_with_its_kernels(start: Start, watch: Watch, project: Path) -> None:
    pytest.importorskip("jupyterlab")
    dev = start("dev", "--no-ui")
    address, token = dev.until("JupyterLab: http").rpartition(" ")[2].split("/lab?token=")

    def ask(path: str, body: bytes | None = None) -> object:
        request = urllib.request.Request(f"{address}/api/{path}", body, {"Authorization": f"token {token}"})
        while True:
            try:
                with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                    return json.load(answer)
            except urllib.error.URLError as error:  # it says its address some milliseconds before it listens
                if not isinstance(error.reason, ConnectionRefusedError) or dev.process.poll() is not None:
                    raise

    listed = ask("contents?content=1")
    assert isinstance(listed, dict)
    assert "orders.py" in [one["name"] for one in listed["content"]]
    ask("kernels", b'{"name": "python3"}')
    pids = dev.descendants()
    assert len(pids) >= 5  # two guards, the daemon, JupyterLab, the kernel
    await_end = watch(pids)
    assert dev.end(signal.SIGINT) == 0
    await_end()
    ended = [line.split()[1] for line in dev.lines if line.endswith(" ended")]
    assert ended == ["lab", "daemon"]


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += map(int, task.read_text().split())
    return found


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
