"""Switching, ticks, cursors and the daemon on the command line: what is printed, JSON, exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbasset.cli import DONE, FAILED, USAGE
from nbasset.cli_automation import Lines
from nbasset.events.facts import InstigatorId
from nbasset.events.kinds import TickEvaluated
from nbasset.instance import Instance

CODE = """
from nbasset import *

@asset
def orders():
    return [1, 2]

@schedule("30 6 * * *", target="orders", execution_timezone="Europe/Berlin")
def mornings(context):
    return RunRequest()

@schedule("0 * * * *", target="orders", default_status=DefaultScheduleStatus.RUNNING)
def hourly(context):
    return RunRequest()

@sensor(target="orders")
def files(context):
    return RunRequest("a.csv")
"""
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def home(own_folder: Path) -> Path:
    """A project with one module."""
    (own_folder / "nbasset.toml").write_text("")
    (own_folder / "shop_ticks.py").write_text(CODE)
    return own_folder


def _json(printed: tuple[int, str, str]) -> Any:
    return json.loads(printed[1])


def test_schedules_are_switched_by_name_or_all_at_once(call: Call) -> None:
    code, out, _ = call("schedule", "start", "mornings")
    assert code == DONE
    assert "schedule mornings is on, started" in out
    assert "its next tick is" in out
    assert "nbasset daemon run" in out
    stopped = _json(call("schedule", "stop", "--all", "--json"))["schedules"]
    assert [(one["name"], one["is_on"], one["was_on"]) for one in stopped] == [("hourly", False, True), ("mornings", False, True)]
    code, out, _ = call("schedule", "reset", "mornings", "hourly")
    assert (code, "schedule mornings is off, by its definition" in out, "schedule hourly is on, by its definition" in out) == (
        0,
        True,
        True,
    )


def test_the_words_of_dagster_switch_too(call: Call) -> None:
    call("sensor", "start", "files")
    assert "sensor files is off, stopped" in call("sensor", "stop", "files")[1]
    call("schedule", "start", "mornings")
    assert "schedule mornings is off, by its definition" in call("schedule", "wipe")[1]


def test_of_several_names_none_is_switched_when_one_is_unknown(call: Call) -> None:
    code, _, err = call("schedule", "start", "mornings", "evenigs")
    assert (code, "no schedule 'evenigs'" in err) == (USAGE, True)
    assert "off, by its definition" in call("schedule", "logs", "mornings")[1]


def test_a_name_in_two_locations_has_to_be_told_apart(call: Call, home: Path) -> None:
    (home / "other_ticks.py").write_text(CODE)
    code, _, err = call("schedule", "start", "mornings")
    assert (code, "nbasset schedule start LOCATION mornings" in err) == (USAGE, True)
    assert call("schedule", "start", "other_ticks.py", "mornings")[0] == DONE
    assert "off, by its definition" in call("schedule", "logs", "shop_ticks.py", "mornings")[1]


def test_ticks_are_listed_with_what_they_came_to(call: Call, home: Path) -> None:
    at = 1_370_066_400 * 10**6
    with Instance.open(home) as instance:
        one = InstigatorId("shop_ticks", "schedule", "mornings")
        instance.storage.append([TickEvaluated(at + 10**6, one, "skipped", at, at, skip_message="\x1b]8;;no orders")])
    code, out, _ = call("schedule", "logs", "mornings")
    assert code == DONE
    assert "» skipped  Sat 2013-06-01 08:00 CEST  1.0 s" in out
    assert "\x1b" not in out
    data = _json(call("schedule", "logs", "mornings", "--json", "-n", "1"))
    assert (data["name"], data["ticks"][0]["status"]) == ("mornings", "skipped")
    assert "no ticks yet" in call("sensor", "logs", "files")[1]
    assert call("schedule", "logs", "mornigns")[0] == USAGE


def test_a_cursor_is_shown_set_and_forgotten(call: Call) -> None:
    assert "has no cursor" in call("sensor", "cursor", "files")[1]
    assert "goes on from cursor b c" in call("sensor", "cursor", "files", "b c")[1]
    assert _json(call("sensor", "cursor", "files", "--json")) == {"name": "files", "cursor": "b c"}
    assert _json(call("sensor", "cursor", "files", "--clear", "--json")) == {"name": "files", "cursor": None}


def test_lists_and_looks_ahead_say_what_is_off(call: Call) -> None:
    assert "1 schedule on, 1 schedule and 1 sensor off" in call("list")[1]
    assert _json(call("list", "--json"))["locations"][0]["automation"] == "1 schedule on, 1 schedule and 1 sensor off"
    out = call("plan", "--days", "1")[1]
    assert "12 runs would start if all of them were on, 10 as it is. Nothing was started." in out
    assert "schedule mornings: 30 6 * * * (Europe/Berlin) starts orders; off, by its definition" in out
    listed = _json(call("schedule", "list", "--json"))["locations"][0]["schedules"]
    assert [(one["name"], one["is_on"], one["by"]) for one in listed] == [("hourly", True, "definition"), ("mornings", False, "definition")]
    call("schedule", "start", "mornings")
    assert "on, started" in call("schedule", "list")[1]


def test_without_a_daemon_its_status_ends_with_1(call: Call) -> None:
    code, out, _ = call("daemon", "status")
    assert (code, "nbasset daemon run" in out) == (FAILED, True)
    assert _json(call("daemon", "status", "--json"))["is_running"] is False


def test_lines_are_for_people_or_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    Lines("text", named=True)("daemon", "one\ntwo\x1b[31m")
    first, second = capsys.readouterr().out.splitlines()
    assert first[8:] == " daemon  one"
    assert second == f"{'':9}daemon  two\\x1b[31m"
    Lines("json")("daemon", "one\ntwo")
    written = json.loads(capsys.readouterr().out)
    assert (written["source"], written["text"], "T" in written["at"]) == ("daemon", "one\ntwo", True)


@pytest.mark.parametrize(
    ("words", "message"), [(("dev", "--help"), "--host"), (("dev", "-h"), "--no-lab"), (("daemon", "run", "--help"), "--standby")]
)
def test_programs_that_last_say_how_they_are_used(call: Call, words: tuple[str, ...], message: str) -> None:
    code, out, _ = call(*words)
    assert (code, message in out) == (DONE, True)
    assert f"nbasset {' '.join(words[:-1])} [OPTIONS] [LOCATION]..." in out
