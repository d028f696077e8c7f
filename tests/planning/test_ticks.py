"""Which ticks are due and which requests are new."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nbasset import DailyPartitionsDefinition, RunRequest, build_schedule_from_partitioned_job
from nbasset.definitions.asset_job import define_asset_job
from nbasset.definitions.catalog_instigators import CatalogSchedule, CatalogSensor
from nbasset.events.records import RunRecord
from nbasset.keys import RunId
from nbasset.planning.ticks import (
    decide_schedule_requests,
    decide_sensor_requests,
    due,
    is_sensor_due,
    last_run_key,
    next_due,
    run_keys_of,
    schedule_run_tags,
    sensor_run_tags,
)

START = datetime(2025, 3, 1, tzinfo=UTC)
HOURLY = CatalogSchedule("hourly", ("0 * * * *",))


def test_only_the_newest_missed_tick_of_an_ordinary_schedule_fires_and_the_others_are_told() -> None:
    found = due(HOURLY, START, START + timedelta(hours=5, minutes=1))
    assert found.fire == (START + timedelta(hours=5),)
    assert (found.missed, found.first_missed, found.last_missed) == (4, START + timedelta(hours=1), START + timedelta(hours=4))


def test_a_schedule_of_partitions_makes_up_for_five() -> None:
    job = define_asset_job("daily", ["days"], partitions_def=DailyPartitionsDefinition("2025-01-01"))
    made = build_schedule_from_partitioned_job(job).to_catalog()
    found = due(made, START, START + timedelta(days=8))
    assert [tick.day for tick in found.fire] == [5, 6, 7, 8, 9]
    assert found.missed == 3


@given(st.integers(0, 400), st.integers(0, 400), st.integers(1, 6))
def test_every_tick_fires_or_is_missed_and_none_twice(first: int, second: int, catch_up: int) -> None:
    begin, end = sorted((START + timedelta(minutes=17 * first), START + timedelta(minutes=17 * second)))
    found = due(CatalogSchedule("s", ("*/30 * * * *",), catch_up=catch_up), begin, end)
    ticks = [tick for tick in (START + timedelta(minutes=30 * n) for n in range(400)) if begin < tick <= end]
    assert list(found.fire) == ticks[max(len(ticks) - catch_up, 0) :]
    assert found.missed == max(len(ticks) - catch_up, 0)


def test_the_interval_of_a_sensor_counts_from_its_last_start() -> None:
    look = CatalogSensor("look", minimum_interval_s=30)
    assert is_sensor_due(look, None, START)
    assert not is_sensor_due(look, START, START + timedelta(seconds=29))
    assert is_sensor_due(look, START, START + timedelta(seconds=30))


def test_the_next_tick_is_on_the_clock_of_the_schedule() -> None:
    berlin = CatalogSchedule("s", ("0 6 * * *",), "Europe/Berlin")
    assert next_due(berlin, START) == datetime(2025, 3, 1, 5, tzinfo=UTC)


def run(status: Any = "failure") -> RunRecord:
    return RunRecord(RunId("r"), status)


def test_any_stored_run_spends_the_key_of_a_sensor_whatever_became_of_it() -> None:
    for status in ("success", "failure", "canceled", "started", "queued"):
        (one,) = decide_sensor_requests([RunRequest("k")], "look", {"k": run(status)})
        assert (one.what, one.run_id) == ("spent", "r")
    (new,) = decide_sensor_requests([RunRequest("k")], "look", {})
    assert (new.what, {**sensor_run_tags("look", "k")}.items() <= new.request.tags.items()) == ("new", True)


def test_a_run_that_never_started_is_taken_up() -> None:
    (one,) = decide_sensor_requests([RunRequest("k")], "look", {"k": run("not_started")})
    assert (one.what, one.run_id) == ("resume", "r")


def test_a_key_counts_once_in_a_tick_and_requests_without_one_always() -> None:
    found = decide_sensor_requests([RunRequest("k"), RunRequest("k"), RunRequest(), RunRequest()], "look", {})
    assert [one.what for one in found] == ["new", "spent", "new", "new"]


def test_a_schedules_key_is_spent_for_its_tick_alone() -> None:
    tick = START
    known: dict[str | None, RunRecord] = {"k": run("success")}
    (spent,) = decide_schedule_requests([RunRequest("k")], "s", tick, known)
    (later,) = decide_schedule_requests([RunRequest("k")], "s", tick + timedelta(days=1), {})
    assert (spent.what, later.what) == ("spent", "new")
    assert later.request.tags["nbasset/scheduled_time"] == "2025-03-02T00:00:00+00:00"


def test_a_tick_that_is_evaluated_twice_starts_its_one_run_once() -> None:
    (one,) = decide_schedule_requests([RunRequest()], "s", START, {None: run("not_started")})
    (two,) = decide_schedule_requests([RunRequest()], "s", START, {None: run("success")})
    assert (one.what, two.what) == ("resume", "spent")


def test_the_last_run_key_is_that_of_the_last_request_with_one() -> None:
    requests = [RunRequest("a"), RunRequest("b"), RunRequest()]
    assert (last_run_key(requests, "x"), last_run_key([], "x"), run_keys_of(requests)) == ("b", "x", ("a", "b"))


def test_the_rarest_tag_leads_where_the_runs_of_a_request_are_looked_up() -> None:
    assert next(iter(sensor_run_tags("files", "a.csv").items())) == ("nbasset/run_key", "a.csv")
    assert next(iter(schedule_run_tags("nightly", START))) == "nbasset/scheduled_time"
    assert next(iter(schedule_run_tags("nightly", START, "a"))) == "nbasset/run_key"
