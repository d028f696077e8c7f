"""Who keeps watch over a home, what it says of itself, and how it is asked to end."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from nbasset import Instance, clock
from nbasset.commands.daemon_status import LEASE, DaemonReport, daemon_status, read_report, status_text, stop_daemon, write_report
from nbasset.commands.doctor import doctor
from nbasset.errors import InvalidInvocationError
from nbasset.events.facts import InstigatorId
from nbasset.events.kinds import InstigatorSet
from nbasset.storage.processes import this_process

_HOLDS = """
import signal, sys, threading
from nbasset import Instance, clock
from nbasset.commands.daemon_status import LEASE
from nbasset.storage.processes import this_process
ended = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: ended.set())
storage = Instance.open(sys.argv[1]).storage
fence = storage.claim(LEASE, this_process(), 60, now_us=clock.now_us())
print("here", flush=True)
ended.wait()
storage.release(fence)
"""


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    """A home of its own."""
    with Instance.open(tmp_path) as instance:
        yield instance


def test_without_a_lease_nobody_keeps_watch(instance: Instance) -> None:
    status = daemon_status(instance)
    assert (status.is_running, status.to_json()) == (False, {"is_running": False, "owner": None})
    assert status_text(status).endswith("Start one: nbasset daemon run")
    assert "none to stop" in stop_daemon(instance).sentence


def test_a_daemon_is_known_by_its_lease_and_told_with_its_locations(instance: Instance) -> None:
    me = this_process()
    instance.storage.claim(LEASE, me, 60, now_us=clock.now_us())
    assert status_text(daemon_status(instance)).startswith(f"a daemon (process {me.pid} on {me.host}) keeps watch over ")
    report = DaemonReport(me.pid, clock.now_us(), {"a.ipynb": "", "b.py": "ZeroDivisionError"}, clock.now_us() + 10**9, "schedule nightly")
    write_report(instance.home, report)
    text = status_text(daemon_status(instance)).splitlines()
    assert text[1:3] == ["  ✓ a.ipynb", "  ✗ b.py: ZeroDivisionError"]
    assert text[3].startswith("  next: schedule nightly ")
    assert daemon_status(instance).to_json()["locations"] == report.locations
    write_report(instance.home, replace(report, pid=1))
    assert daemon_status(instance).report is None


def test_a_lease_that_ran_out_or_whose_process_is_gone_is_nobodys(instance: Instance) -> None:
    me = this_process()
    instance.storage.claim(LEASE, me, 1, now_us=clock.now_us() - 2 * 10**6)
    assert not daemon_status(instance).is_running
    with Instance.ephemeral() as other:
        other.storage.claim(LEASE, replace(me, started=me.started + 1), 60, now_us=clock.now_us())
        assert not daemon_status(other).is_running


def test_a_file_that_cannot_be_read_is_no_report(instance: Instance) -> None:
    assert read_report(instance.home) is None
    (instance.home.make_state() / "daemon.json").write_text("{")
    assert read_report(instance.home) is None


def test_a_daemon_that_is_asked_to_end_gives_its_lease_back(instance: Instance) -> None:
    child = subprocess.Popen([sys.executable, "-c", _HOLDS, str(instance.home.root)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "here\n"
    assert daemon_status(instance).is_running
    done = stop_daemon(instance, timeout_s=60)
    assert (done.has_ended, "has ended" in done.sentence) == (True, True)
    child.wait(60)
    child.stdout.close()


def test_a_daemon_of_another_machine_is_stopped_there(instance: Instance) -> None:
    instance.storage.claim(LEASE, replace(this_process(), host="elsewhere"), 60, now_us=clock.now_us())
    with pytest.raises(InvalidInvocationError, match="on another machine"):
        stop_daemon(instance)


def test_doctor_tells_when_something_is_on_and_nobody_keeps_watch(instance: Instance) -> None:
    def found() -> tuple[str, str]:
        return next((one.status, one.text + one.remedy) for one in doctor(instance).findings if one.name == "automation")

    assert found() == ("ok", "nothing was switched on, and no daemon keeps watch")
    nightly = InstigatorId("flights.py", "schedule", "nightly")
    instance.storage.append([InstigatorSet(1, nightly, "RUNNING", since_us=1)])
    assert found() == ("warning", "no daemon keeps watch, and these are on: schedule nightlynbasset daemon run")
    instance.storage.claim(LEASE, this_process(), 60, now_us=clock.now_us())
    assert found()[0] == "ok"
    assert found()[1].endswith("; 1 schedule or sensor on")
