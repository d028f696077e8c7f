"""``nbasset backfill``: what it prints, its JSON, its exit codes, and that Ctrl-C leaves it to be gone on with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from nbasset.cli import DONE, FAILED, USAGE
from nbasset.events.kinds import BackfillRequested
from nbasset.instance import Instance

CODE = """
import threading
from pathlib import Path

from nbasset import DailyPartitionsDefinition, MonthlyPartitionsDefinition, asset

HOLD = Path(__file__).with_name("hold")


@asset(partitions_def=DailyPartitionsDefinition("2013-01-01", "2013-03-01"))
def day(context) -> list[str]:
    if context.partition_key == "2013-02-05":
        raise ValueError("no data")
    if context.partition_key == "2013-01-25" and HOLD.exists():
        threading.Event().wait()
    return [context.partition_key]


@asset(partitions_def=MonthlyPartitionsDefinition("2013-01-01", "2013-03-01"))
def month(day: dict[str, list[str]]) -> int:
    return len(day)
"""
INTERRUPTED = 130
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def home(own_folder: Path) -> Path:
    """Each test works in a folder of its own, which is its home."""
    (own_folder / "days.py").write_text(CODE)
    (own_folder / "nbasset.toml").touch()
    return own_folder


@pytest.fixture
def call(call: Call) -> Call:
    """Run `backfill` in this process: its exit code and what it printed."""
    return partial(call, "backfill")


def _json(printed: tuple[int, str, str]) -> Any:
    return json.loads(printed[1])


def test_a_dry_run_says_what_would_run_and_records_nothing(call: Call, home: Path) -> None:
    assert call("days.py", "day+", "--all", "--dry-run")[:2] == (DONE, "day, month: 61 partitions of 2 assets in 2 runs.\n")
    assert call("--list")[:2] == (DONE, "no backfills\n")
    assert not (home / "warehouse").exists()


def test_partitions_that_failed_are_named_with_what_to_do_and_the_exit_code_tells(call: Call) -> None:
    code, out, _ = call("days.py", "day+", "--all", "--chunk", "40")
    assert code == FAILED
    lines = out.splitlines()
    assert lines[0] == "day, month: 61 partitions of 2 assets in 3 runs."
    assert lines[1] == "  0 of 61 partitions"
    assert "  61 of 61 partitions, 1 failed" in lines
    ends = [line for line in lines if line.startswith("backfill ")]
    assert ends[0].endswith(": done, with failures, 61 of 61 partitions")
    assert "  day: 58 of 59 done, 1 failed" in lines
    assert "    failed: 2013-02-05" in lines
    assert "  month: 1 of 2 done, 1 not run after a failure" in lines
    assert lines[-1] == "  again, what failed: the same command with --only failed"
    assert "ValueError: no data" in out
    assert call("days.py", "day", "--only", "failed", "--dry-run")[1].startswith("day: 1 partition of 1 asset in 1 run, about ")
    assert call("days.py", "day", "--only", "missing")[:2] == (DONE, "Nothing to do: no partition of day is missing.\n")


def test_a_backfill_is_listed_and_shown_with_its_runs(call: Call) -> None:
    made = _json(call("days.py", "day", "-s", "2013-01-01", "-e", "2013-01-04", "--chunk", "2", "--title", "first days", "--json"))
    (backfill,) = made["backfills"]
    assert (backfill["status"], len(backfill["runs"])) == ("completed_success", 2)
    code, out, _ = call("--list")
    assert code == DONE
    assert out.startswith(f"{backfill['id'][:8]}  done ")
    assert out.rstrip().endswith("first days")
    out = call("--status", backfill["id"][:6])[1]
    assert f"backfill {backfill['id'][:8]}, first days: done, 4 of 4 partitions" in out
    assert f"run {backfill['runs'][1][:8]}  success   day 2013-01-03..2013-01-04" in out
    told = _json(call("--status", backfill["id"][:6], "--json"))
    assert [run["partitions"] for run in told["partitions_by_run"]] == [
        {"day": "2013-01-01..2013-01-02"},
        {"day": "2013-01-03..2013-01-04"},
    ]
    assert told["assets"][0]["done"] == 4
    assert call("--resume", backfill["id"][:6])[1].startswith("It is over, so there is nothing to go on with.\n")


def test_what_is_asked_for_wrongly_is_said(call: Call) -> None:
    for words, said in (
        ((), "say what to make: a selection such as 'daily_flights+', or -s FIRST"),
        (("days.py", "day"), "say which partitions: -s FIRST -e LAST, -p KEYS, --all, or --only missing, failed or stale."),
        (("days.py", "day", "-s", "2013-02-01", "-e", "2013-01-01"), "Did you mean 2013-01-01...2013-02-01?"),
        (("days.py", "day", "-p", "2013-1-1"), "Did you mean '2013-01-01'?"),
        (("days.py", "day", "--all", "-p", "2013-01-01"), "--all means every partition, and 2013-01-01 some. Keep one."),
        (("days.py", "day", "--status", "abcd"), "leave selection and partitions out."),
        (("--resume", "abcd"), "there is no backfill 'abcd' in this home."),
    ):
        code, _, err = call(*words)
        assert (code in (FAILED, USAGE), said in err) == (True, True), (words, err)


@pytest.mark.parametrize("how", [(), ("--concurrency", "2")])
def test_an_interrupted_backfill_says_how_to_go_on_and_does(call: Call, home: Path, how: tuple[str, ...]) -> None:
    (home / "hold").touch()
    command = [sys.executable, "-m", "nbasset.cli", "backfill", "days.py", "day", "--all", "--chunk", "10", *how]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    with Instance(Instance.open(home).home) as watching:
        storage, after = watching.storage, 0
        while not any(run.status == "started" and "25]" in str(_begun(watching, run.run_id)) for run in storage.active_runs()):
            after = storage.wait(after, 60.0)
        os.kill(child.pid, signal.SIGINT)
        _, err = child.communicate(timeout=60)
        (record,) = storage.backfills()
        assert child.returncode == INTERRUPTED
        assert f"backfill {record.backfill_id[:8]} has stopped; what was made is kept." in err
        assert f"Go on: nbasset backfill --resume {record.backfill_id[:8]}; give it up: nbasset backfill --cancel" in err
        assert (record.status, storage.active_runs()) == ("requested", [])
    assert "  stopped  " in call("--list")[1]
    assert f"go on: nbasset backfill --resume {record.backfill_id[:8]}" in call("days.py", "--status", record.backfill_id)[1]
    (home / "hold").unlink()
    if how:
        assert "goes on by itself" in call("days.py", "--resume", record.backfill_id, "--bg")[1]
        storage, after = Instance.open(home).storage, 0
        while not storage.backfills()[0].ended_us:
            after = storage.wait(after, 60.0)
    else:
        code, out, _ = call("days.py", "--resume", record.backfill_id)
        assert (code, "  day: 58 of 59 done, 1 failed" in out) == (FAILED, True)
    made = [entry for entry in Instance.open(home).storage.entries(after=0, limit=10_000) if type(entry.event).__name__ == "StepSucceeded"]
    assert len(made) == 58


def test_a_backfill_in_the_background_goes_on_by_itself(call: Call, home: Path) -> None:
    code, out, _ = call("days.py", "day", "-s", "2013-01-01", "-e", "2013-01-10", "--bg", "--title", "by itself", "--tag", "team=x")
    with Instance(Instance.open(home).home) as watching:
        storage = watching.storage
        (record,) = storage.backfills()
        name = record.backfill_id[:8]
        assert code == DONE
        assert f"backfill {name} goes on by itself. How it stands: nbasset backfill --status {name}; stop it: nbasset backfill " in out
        after = 0
        while not storage.backfills()[0].ended_us:
            after = storage.wait(after, 60.0)
        ended = storage.backfills()[0]
    assert (ended.status, ended.title, ended.tags) == ("completed_success", "by itself", {"team": "x"})


def test_a_backfill_whose_assets_changed_ends_and_says_why(call: Call, home: Path) -> None:
    made = _json(call("days.py", "day", "-p", "2013-01-01", "--json"))["backfills"][0]
    storage = Instance.open(home).storage
    asked = next(entry.event for entry in storage.entries(after=0) if isinstance(entry.event, BackfillRequested))
    storage.append([replace(asked, backfill_id="again")])
    (home / "days.py").write_text(CODE.replace("def day(", "def days(").replace("day: dict", "days: dict").replace("len(day)", "len(days)"))
    code, _, err = call("days.py", "--resume", "again")
    assert code == FAILED
    assert "'day', which is no longer defined. Ask again: backfill --only missing." in err
    assert "Go on" not in err
    assert [record.status for record in storage.backfills()] == ["failed", made["status"]]


def test_a_stopped_backfill_can_be_given_up(call: Call, home: Path) -> None:
    call("days.py", "day", "-p", "2013-01-01")
    (first,) = Instance.open(home).storage.backfills()
    assert call("--cancel", first.backfill_id)[:2] == (DONE, f"backfill {first.backfill_id[:8]}: done\n")


def _begun(instance: Instance, run_id: Any) -> list[str]:
    return [entry.event.step for entry in instance.storage.entries(run=run_id, limit=5000) if type(entry.event).__name__ == "StepStarted"]  # type: ignore[union-attr]
