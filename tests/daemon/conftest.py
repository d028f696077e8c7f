"""Projects that a daemon serves, a clock that is given, and daemons in this process (for one pass) or in processes of their own."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import nbasset
from nbasset import clock
from nbasset.daemon.loop import run_daemon
from nbasset.events.facts import InstigatorId
from nbasset.events.records import RunQuery, RunRecord, TickRecord
from nbasset.instance import Instance

NO_RUNS = "[queue]\nmax_concurrent_runs = 0\n"
IMPORTS = """
import nbasset as nb
from nbasset import *
RUNNING, ON = DefaultScheduleStatus.RUNNING, DefaultSensorStatus.RUNNING

@asset
def numbers():
    return [1]

job = define_asset_job("nightly", ["numbers"])
"""
HOURLY = """
hourly = ScheduleDefinition(name="hourly", cron_schedule="0 * * * *", job=job, default_status=RUNNING)
defs = Definitions([numbers], jobs=[job], schedules=[hourly])
"""


def named(text: str) -> str:
    """`text` with the public names that it uses in place of a star, which would load all of the package in each process of a test."""
    names = sorted(set(re.findall(r"\w+", text)) & set(nbasset.__all__))
    return text.replace("from nbasset import *", f"from nbasset import {', '.join(names)}")


class Project:
    """A folder with modules and the records of what became of them. Only the modules given by name are written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self.configure(NO_RUNS)

    @property
    def instance(self) -> Instance:
        return Instance.open(self.folder)

    def configure(self, text: str) -> None:
        (self.folder / "nbasset.toml").write_text(text)

    def write(self, name: str, text: str, *, imports: str = IMPORTS) -> Path:
        path = self.folder / name
        path.write_text(named(imports + text))
        return path

    def once(self) -> int:
        """One pass of a daemon in this process."""
        return run_daemon(self.instance.home, once=True, on_line=self.lines.append)

    def ticks(self, name: str, *, location: str = "code", kind: Any = "schedule") -> list[TickRecord]:
        """Ticks, oldest first."""
        return self.instance.reader.ticks(InstigatorId(location, kind, name), limit=1000)[::-1]

    def runs(self) -> list[RunRecord]:
        """All runs, oldest first."""
        return list(self.instance.reader.runs(RunQuery(limit=1000)).items)[::-1]

    def wait(self, wanted: Callable[[], Any], seconds: float = 60.0) -> Any:
        """What `wanted` gives as soon as that is something: asked again whenever the log has grown."""
        until = clock.monotonic() + seconds
        seq = -1
        while not (found := wanted()):
            assert clock.monotonic() < until, f"it did not come; the log ends with {self.instance.storage.entries(after=seq - 5)}"
            seq = self.instance.storage.wait(max(seq, self.instance.storage.last_seq()), 0.2)
        return found


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    folder = tmp_path / "project"
    folder.mkdir()
    made = Project(folder)
    yield made
    made.instance.close()


class Clock:
    """The time that the daemon of this process is told."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch

    def set(self, text: str) -> None:
        at = datetime.fromisoformat(text).replace(tzinfo=UTC)
        self._patch.setattr(clock, "now", lambda: at)
        self._patch.setattr(clock, "now_us", lambda: round(at.timestamp() * 1_000_000))


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


class Process:
    """A daemon in a process of its own. What it tells is read line by line."""

    def __init__(self, folder: Path, *options: str) -> None:
        command = [sys.executable, "-P", "-m", "nbasset.cli", "daemon", "run", "--home", str(folder), *options]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        self.popen = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=folder, env=environment)
        self.said = ""

    def hears(self, text: str, seconds: float = 60.0) -> str:
        """Everything it told until it told this."""
        assert self.popen.stdout is not None
        until = clock.monotonic() + seconds
        while text not in self.said:
            left = until - clock.monotonic()
            ready = select.select([self.popen.stdout], [], [], max(left, 0))[0]
            piece = os.read(self.popen.stdout.fileno(), 65536).decode() if ready else ""
            assert piece, f"it never told {text!r}, but: {self.said}"
            self.said += piece
        return self.said

    def send(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    def end(self) -> int:
        """Ask it to end, and wait for that."""
        self.send(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        code = self.popen.wait(60)
        assert self.popen.stdout is not None
        if not self.popen.stdout.closed:
            self.said += self.popen.stdout.read().decode()
            self.popen.stdout.close()
        return code


@pytest.fixture
def start(project: Project) -> Iterator[Callable[..., Process]]:
    """Start a daemon of the project; those that still run at the end are killed."""
    running: list[Process] = []

    def begin(*options: str) -> Process:
        running.append(Process(project.folder, *options))
        return running[-1]

    yield begin
    for one in running:
        with suppress(ProcessLookupError):
            one.send(signal.SIGKILL)
        one.wait()
