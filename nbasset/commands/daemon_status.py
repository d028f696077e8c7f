"""Whether a daemon keeps watch over a home, what it says of itself, and how it is asked to end.

Who keeps watch is known by the lease ``daemon`` of the store: it ends by itself when nobody renews it. What a daemon does (its locations
and what is wrong with them, when something is due next) it writes to a small file beside the database, which is replaced as a whole;
without the lease the file means nothing.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, field
from pathlib import Path

from nbasset import clock
from nbasset.commands.words import moment
from nbasset.dataclass import dataclass
from nbasset.errors import InvalidInvocationError
from nbasset.events.kinds import Owner
from nbasset.home import Home
from nbasset.instance import Instance
from nbasset.serde import Json
from nbasset.storage.processes import host, is_alive

LEASE = "daemon"
"""The lease that a daemon holds."""

_FILE = "daemon.json"
_STOP_WAIT_S = 20.0
_LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class DaemonReport:
    """What a daemon says of itself. `locations` have what is wrong with each, empty where all is well; `next_us` is 0 if nothing is due."""

    pid: int
    started_us: int
    locations: Mapping[str, str] = field(default_factory=dict)
    next_us: int = 0
    next_what: str = ""


@dataclass(frozen=True, slots=True)
class DaemonStatus:
    """Who keeps watch over a home; nobody if there is no `owner`."""

    home: Path
    now_us: int
    owner: Owner | None = None
    report: DaemonReport | None = None

    @property
    def is_running(self) -> bool:
        """Whether somebody keeps watch."""
        return self.owner is not None

    @property
    def sentence(self) -> str:
        """Who it is, in a few words."""
        if self.owner is None:
            return "no daemon keeps watch here"
        since = f", since {moment(self.report.started_us)}" if self.report is not None else ""
        return f"a daemon (process {self.owner.pid} on {self.owner.host}{since})"

    def to_json(self) -> Json:
        """Plain data."""
        owner = {"host": self.owner.host, "pid": self.owner.pid} if self.owner is not None else None
        return {"is_running": self.is_running, "owner": owner, **(asdict(self.report) if self.report is not None else {})}


@dataclass(frozen=True, slots=True)
class Stopped:
    """What came of asking a daemon to end: whether there was one, and whether it has ended."""

    before: DaemonStatus
    has_ended: bool

    @property
    def sentence(self) -> str:
        """What was done."""
        if not self.before.is_running:
            return "no daemon keeps watch here, so there is none to stop"
        done = "has ended" if self.has_ended else "was asked to end, and is at it still"
        return f"{self.before.sentence} {done}; runs that it started go on"

    def to_json(self) -> Json:
        """Plain data."""
        return {"was_running": self.before.is_running, "has_ended": self.has_ended}


def daemon_status(instance: Instance) -> DaemonStatus:
    """Who keeps watch now. A lease of a process of this machine that is gone does not count, though it has not run out yet."""
    now_us = clock.now_us()
    lease = instance.reader.lease(LEASE)
    owner = lease.owner if lease is not None and lease.until_us > now_us else None
    if owner is None or is_alive(owner) is False:
        return DaemonStatus(instance.home.root, now_us)
    report = read_report(instance.home)
    return DaemonStatus(instance.home.root, now_us, owner, report if report is not None and report.pid == owner.pid else None)


def status_text(status: DaemonStatus) -> str:
    """The status as plain text: who, since when, each location, what is next."""
    if not status.is_running:
        return f"no daemon keeps watch over {status.home}. Start one: nbasset daemon run"
    lines = [f"{status.sentence} keeps watch over {status.home}"]
    report = status.report
    if report is not None:
        for name, wrong in sorted(report.locations.items()):
            lines.append(f"  ✗ {name}: {wrong}" if wrong else f"  ✓ {name}")
        if not report.locations:
            lines.append("  no location with schedules or sensors")
        if report.next_us:
            what = f"{report.next_what} " if report.next_what else ""
            lines.append(f"  next: {what}{moment(report.next_us)}" if report.next_us > status.now_us else f"  next: {what}now")
    return "\n".join(lines)


def stop_daemon(instance: Instance, *, timeout_s: float = _STOP_WAIT_S) -> Stopped:
    """Ask the daemon of a home to end, and wait until it has given its lease back.

    Raises
    ------
    InvalidInvocationError
        If it runs on another machine.
    """
    before = daemon_status(instance)
    if before.owner is None:
        return Stopped(before, has_ended=True)
    if before.owner.host != host():
        raise InvalidInvocationError(f"{before.sentence} is on another machine. Stop it there: nbasset daemon stop")
    with suppress(ProcessLookupError):
        os.kill(before.owner.pid, signal.SIGTERM)
    until = clock.monotonic() + timeout_s
    storage = instance.storage
    while daemon_status(instance).owner == before.owner and clock.monotonic() < until:
        storage.wait(storage.last_seq(), _LOOK_S)
    return Stopped(before, has_ended=daemon_status(instance).owner != before.owner)


def read_report(home: Home) -> DaemonReport | None:
    """What the daemon of a home last said of itself; None if there is nothing that can be read."""
    try:
        return DaemonReport(**json.loads((home.state / _FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write_report(home: Home, report: DaemonReport) -> None:
    """Say of oneself: the file is there as a whole or as it was before."""
    path = home.make_state() / _FILE
    new = path.with_name(f"{_FILE}.{os.getpid()}")
    new.write_text(json.dumps(asdict(report)), encoding="utf-8")
    new.replace(path)
