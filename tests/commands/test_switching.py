"""Whether schedules and sensors are on, who said so, where they go on from, and what their ticks came to."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbasset import DefaultScheduleStatus, Definitions, Instance, RunRequest, asset, schedule, sensor
from nbasset.arguments.options_automation import TicksArguments
from nbasset.commands.instigators import cursor_of, history_text, set_cursor, set_status, state_of, states, tick_history
from nbasset.commands.scope import Scope, scope_of
from nbasset.errors import UnknownJob
from nbasset.events.facts import ErrorInfo, Frame
from nbasset.events.kinds import TickEvaluated, TickMissed

SECOND = 10**6


@asset
def orders() -> list[int]:
    return [1, 2]


@schedule("0 6 * * *", target="orders", execution_timezone="Europe/Berlin")
def mornings() -> RunRequest:
    return RunRequest()


@schedule("0 * * * *", target="orders", default_status=DefaultScheduleStatus.RUNNING)
def hourly() -> RunRequest:
    return RunRequest()


@sensor(target="orders")
def files() -> RunRequest:
    return RunRequest("a.csv")


@pytest.fixture
def scope(tmp_path: Path) -> Scope:
    """Two schedules, one of which is on by its definition, and a sensor."""
    return scope_of(Definitions([orders], schedules=[mornings, hourly], sensors=[files]), instance=Instance.open(tmp_path))


def test_without_a_word_their_definition_says_whether_they_are_on(scope: Scope) -> None:
    found = states(scope, "schedule")
    assert {name: one.text for name, one in found.items()} == {"hourly": "on, by its definition", "mornings": "off, by its definition"}
    assert found["mornings"].next_at is not None
    assert (found["mornings"].next_at.hour, found["mornings"].next_at.tzname() in ("CET", "CEST")) == (6, True)


def test_what_is_switched_goes_before_the_definition_until_it_is_reset(scope: Scope) -> None:
    on = set_status(scope, "schedule", "mornings", "start")
    assert on.now.text.startswith("on, started")
    assert "its next tick is" in on.sentence
    off = set_status(scope, "schedule", "hourly", "stop")
    assert (off.before.is_on, off.is_on, off.now.is_switched) == (True, False, True)
    back = set_status(scope, "schedule", "hourly", "reset")
    assert (back.now.text, back.to_json()["was_on"], back.to_json()["by"]) == ("on, by its definition", False, "definition")


def test_ticks_count_from_when_it_was_switched_on_and_not_anew_when_it_was_on(scope: Scope) -> None:
    first = set_status(scope, "schedule", "mornings", "start").now.record.since_us
    again = set_status(scope, "schedule", "mornings", "start")
    assert (again.now.record.since_us, "as before" in again.sentence) == (first, True)
    set_status(scope, "schedule", "mornings", "stop")
    assert state_of(scope, "schedule", "mornings").record.since_us == first
    assert set_status(scope, "schedule", "mornings", "start").now.record.since_us > first


def test_a_name_that_nobody_defines_is_told_with_the_nearest(scope: Scope) -> None:
    with pytest.raises(UnknownJob, match="Did you mean 'mornings'"):
        set_status(scope, "schedule", "mornigns", "start")
    with pytest.raises(UnknownJob, match="no sensor 'mornings'"):
        set_cursor(scope, "mornings", "x")


def test_a_cursor_is_shown_set_and_forgotten(scope: Scope) -> None:
    assert "no cursor" in cursor_of(scope, "files").sentence
    assert set_cursor(scope, "files", "b.csv").sentence == "sensor files now goes on from cursor b.csv"
    assert cursor_of(scope, "files").cursor == "b.csv"
    assert set_cursor(scope, "files", None).cursor is None
    assert cursor_of(scope, "files").cursor is None


def test_the_history_has_each_tick_and_says_when_there_are_more(scope: Scope) -> None:
    one = state_of(scope, "schedule", "mornings").instigator
    at = 1_370_066_400 * SECOND
    error = ErrorInfo("ZeroDivisionError", "division by zero", (Frame("cell 4", 3, "mornings", ((3, "    return 1 / 0"),), True),))
    scope.instance.storage.append([
        TickMissed(at, one, 3, at - 300 * SECOND, at - 100 * SECOND),
        TickEvaluated(at + SECOND, one, "skipped", at, at, skip_message="saturday"),
        TickEvaluated(at + 2 * SECOND, one, "failure", at, at, error=error),
    ])  # fmt: skip
    whole = tick_history(scope, TicksArguments("schedule", "mornings"))
    assert [tick.status for tick in whole.ticks] == ["failure", "skipped", "missed"]
    assert (whole.more, whole.note) == (False, "")
    text = history_text(whole)
    assert text.splitlines()[0] == "schedule mornings: off, by its definition"
    assert "> " in text
    assert "return 1 / 0" in text
    assert whole.to_json()["ticks"][0]["error"] == {"text": "ZeroDivisionError: division by zero", "place": "cell 4, line 3"}
    some = tick_history(scope, TicksArguments("schedule", "mornings", 1, "skipped"))
    assert [tick.skip_message for tick in some.ticks] == ["saturday"]
    assert tick_history(scope, TicksArguments("schedule", "mornings", 2)).more
    assert history_text(tick_history(scope, TicksArguments("sensor", "files"))).endswith("no ticks yet")


def test_what_a_tick_logged_is_shown_with_it_and_a_log_that_is_gone_is_not(scope: Scope) -> None:
    one = state_of(scope, "sensor", "files").instigator
    (scope.instance.home.make_state() / "long.log").write_text("".join(f"line {number}\n" for number in range(9)))
    scope.instance.storage.append([
        TickEvaluated(2 * SECOND, one, "skipped", SECOND, log="long.log"),
        TickEvaluated(3 * SECOND, one, "skipped", SECOND, log="gone.log"),
    ])  # fmt: skip
    history = tick_history(scope, TicksArguments("sensor", "files"))
    assert history.to_json()["ticks"][1]["log_lines"] == ["line 0", "line 1", "line 2", "line 3", "line 4"]
    assert "    log: line 4\n    all of its log: .nbasset/long.log" in history_text(history)
    assert "gone" not in history_text(history)


def test_the_last_tick_is_told_with_the_state(scope: Scope) -> None:
    one = state_of(scope, "sensor", "files").instigator
    scope.instance.storage.append([TickEvaluated(2 * SECOND, one, "success", SECOND, cursor="b")])
    found = state_of(scope, "sensor", "files")
    assert found.last_text.startswith("done 1970-01-01")
    assert (found.record.cursor, found.to_json()["last_status"]) == ("b", "success")
