"""Backfills of real assets in a home on disk: what is made, what stops one, how it goes on, what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from nbasset import (
    AssetDep,
    AssetIn,
    DailyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    Output,
    StaticPartitionsDefinition,
    TimeWindowPartitionMapping,
    asset,
)
from nbasset.arguments.options import BackfillArguments, LoadArguments, PartitionArguments
from nbasset.commands.backfill import backfill_status, cancel_backfill, launch_backfill, plan_of
from nbasset.commands.backfill_driver import drive
from nbasset.commands.backfill_records import MOST_DEATHS, BackfillStatus, runs_by_partition, runs_of
from nbasset.commands.backfill_words import headline, next_step, planned_text, progress_text
from nbasset.commands.carrying_out import Manner
from nbasset.commands.load import load
from nbasset.commands.scope import Scope, scope_of
from nbasset.errors import (
    BackfillBusy,
    InvalidDefinitionError,
    InvalidInvocationError,
    InvalidPartitionRange,
    UnknownBackfill,
    UnknownPartitionError,
)
from nbasset.events.facts import ErrorInfo
from nbasset.events.kinds import (
    BackfillCancelRequested,
    BackfillProgressed,
    Event,
    Owner,
    RunFailed,
    RunRequested,
    RunStarted,
    RunSucceeded,
    StepFailed,
    StepStarted,
    StepSucceeded,
)
from nbasset.instance import Instance, instance_for_test
from nbasset.keys import AssetKey, new_run_id
from nbasset.planning.backfill_outcomes import BY_INTERRUPT

DAILY = DailyPartitionsDefinition("2013-01-01", "2013-03-01")
BAD = {"2013-01-10", "2013-02-20"}
DAY, REPORT, MONTH = map(AssetKey, ("day", "report", "month"))


@asset(partitions_def=DAILY)
def day(context: Any) -> list[str]:
    if context.partition_key in BAD:
        raise ValueError(f"no {context.partition_key}")
    return [context.partition_key]


@asset(partitions_def=DAILY)
def report(day: list[str]) -> list[str]:
    return day * 2


@asset(partitions_def=MonthlyPartitionsDefinition("2013-01-01", "2013-03-01"))
def month(report: dict[str, list[str]]) -> int:
    return sum(map(len, report.values()))


@pytest.fixture
def instance() -> Iterator[Instance]:
    """A home on disk for one test."""
    with instance_for_test() as made:
        yield made


@pytest.fixture
def scope(instance: Instance) -> Scope:
    return scope_of([day, report, month], instance=instance)


Make = Callable[..., BackfillStatus]


def wish(select: str = "", **more: Any) -> BackfillArguments:
    text = more.pop("partitions", "")
    return replace(BackfillArguments(select, PartitionArguments(text), all=not text and "only" not in more), **more)


def make(scope: Scope, arguments: BackfillArguments, manner: Manner = Manner(echo=False)) -> BackfillStatus:  # noqa: B008
    return drive(scope, launch_backfill(scope, plan_of(scope, arguments), title=arguments.title, tags=arguments.tags), manner)


def keys(status: BackfillStatus, key: AssetKey, what: str) -> str:
    return status.text(key, what)


def test_descendants_of_a_failed_partition_are_told_apart_and_everything_else_is_made(scope: Scope) -> None:
    status = make(scope, wish("day+", chunk=20, title="first go", tags={"team": "x"}))
    assert (status.record.status, status.record.title, status.record.tags) == ("completed_failed", "first go", {"team": "x"})
    assert {str(key): (len(one.done), len(one.failed), len(one.blocked)) for key, one in status.assets.items()} == {
        "day": (57, 2, 0), "report": (57, 0, 2), "month": (0, 0, 2),
    }  # fmt: skip
    assert (keys(status, DAY, "failed"), keys(status, REPORT, "blocked")) == ("2013-01-10, 2013-02-20", "2013-01-10, 2013-02-20")
    assert "ValueError: no 2013-01-10" in status.failures[0][1]
    again = backfill_status(scope, status.backfill_id[:6])
    assert again.assets == status.assets


def test_each_partition_is_known_with_its_run(scope: Scope, instance: Instance) -> None:
    status = make(scope, wish("report", partitions="2013-01-01..2013-01-04", chunk=2))
    runs = runs_by_partition(scope, status, REPORT)
    assert list(runs) == ["2013-01-01", "2013-01-02", "2013-01-03", "2013-01-04"]
    assert [runs["2013-01-01"], runs["2013-01-04"]] == list(status.record.run_ids)
    run = instance.get_run_by_id(runs["2013-01-01"])
    assert run is not None
    assert (run.backfill_id, run.tags["nbasset/backfill"]) == (status.backfill_id, status.backfill_id)
    assert [(each.run_id, each.status, each.partitions) for each in runs_of(scope, status)] == [
        (status.record.run_ids[0], "success", {DAY: "2013-01-01..2013-01-02", REPORT: "2013-01-01..2013-01-02"}),
        (status.record.run_ids[1], "success", {DAY: "2013-01-03..2013-01-04", REPORT: "2013-01-03..2013-01-04"}),
    ]


def test_only_what_failed_or_is_missing_is_asked_for_again(scope: Scope) -> None:
    make(scope, wish("day+"))
    BAD.discard("2013-01-10")
    try:
        status = make(scope, wish("day", only="failed"))
        assert (keys(status, DAY, "requested"), keys(status, DAY, "done")) == ("2013-01-10, 2013-02-20", "2013-01-10")
        status = make(scope, wish("report+", only="missing"))
        assert (keys(status, REPORT, "done"), keys(status, MONTH, "done")) == ("2013-01-10", "2013-01-01")
        assert (keys(status, DAY, "failed"), keys(status, MONTH, "blocked")) == ("2013-02-20", "2013-02-01")
    finally:
        BAD.add("2013-01-10")


def test_nothing_out_of_date_is_nothing_to_do(scope: Scope) -> None:
    make(scope, wish("day", partitions="2013-01-01..2013-01-03"))
    planned = plan_of(scope, wish("day", partitions="2013-01-01..2013-01-03", only="stale"))
    assert (planned.is_empty, planned.fresh) == (True, (DAY,))


def test_upstream_partitions_that_were_never_made_come_along_unless_told_otherwise(scope: Scope) -> None:
    planned = plan_of(scope, wish("report", partitions="2013-01-01..2013-01-05"))
    assert {str(key): len(found) for key, found in planned.plan.wanted.items()} == {"day": 5, "report": 5}
    alone = plan_of(scope, wish("report", partitions="2013-01-01..2013-01-05", upstream=False))
    assert list(alone.plan.wanted) == [REPORT]


def test_what_is_left_out_is_said(scope: Scope) -> None:
    make(scope, wish("day"))
    assert planned_text(plan_of(scope, wish("day", only="missing"))) == "Nothing to do: no partition of day is missing."
    assert planned_text(plan_of(scope, wish("report", only="failed"))) == "Nothing to do: no partition of report failed last."
    said = planned_text(plan_of(scope, wish("day", only="failed", concurrency=2)))
    assert said.startswith("day: 2 partitions of 1 asset in 2 runs, 2 at a time, about ")


def test_how_long_the_rest_takes_is_told_from_the_pace_so_far() -> None:
    assert progress_text(0, 20, 0, since=0, seconds=0.0) == "0 of 20 partitions"
    assert progress_text(1_010, 2_020, 1, since=10, seconds=2.0) == "1,010 of 2,020 partitions, 1 failed, about 2.0 s left"
    assert progress_text(20, 20, 1, since=0, seconds=9.0) == "20 of 20 partitions, 1 failed"


def test_the_first_run_does_not_tell_how_long_the_rest_takes() -> None:
    assert [progress_text(ended, 21, 0, since=0, seconds=60.0) for ended in (0, 1, 2)] == [
        f"{ended} of 21 partitions" for ended in (0, 1, 2)
    ]
    assert progress_text(3, 21, 0, since=0, seconds=6.0) == "3 of 21 partitions, about 36.0 s left"
    assert progress_text(3, 2_000, 0, since=0, seconds=5.0) == "3 of 2,000 partitions"
    assert progress_text(3, 2_000, 0, since=0, seconds=60.0).startswith("3 of 2,000 partitions, about ")


def test_an_estimate_comes_from_what_was_made_before(scope: Scope) -> None:
    assert plan_of(scope, wish("day")).estimate.seconds is None
    make(scope, wish("day", partitions="2013-01-01..2013-01-05"))
    told = plan_of(scope, wish("day+", chunk=10)).estimate
    assert (told.runs, told.partitions, told.unknown) == (7, 59 * 2 + 2, (REPORT, MONTH))
    assert told.seconds is not None
    assert told.seconds > 0
    assert told.bytes is not None
    assert told.bytes > 59 * 500


class PowerFailure(BaseException):
    """The process is gone from one moment to the next."""


def test_a_backfill_that_was_cut_off_goes_on_where_it_stood(scope: Scope, instance: Instance) -> None:
    backfill_id = launch_backfill(scope, plan_of(scope, wish("day+", chunk=10)))
    seen = 0

    def cut(event: Event) -> None:
        nonlocal seen
        seen += isinstance(event, StepSucceeded)
        if seen == 27:
            raise PowerFailure

    with pytest.raises(PowerFailure):
        drive(scope, backfill_id, Manner(echo=False, on_event=cut))
    assert backfill_status(scope, backfill_id).count("done") == 27
    status = drive(scope, backfill_id, Manner(echo=False))
    assert (status.count("done"), status.count("failed"), status.record.status) == (57 * 2, 2, "completed_failed")
    made = instance.storage.materializations(DAY, None, limit=1000)
    assert len(made) == 57


def test_an_interrupt_stops_the_run_and_leaves_the_backfill_to_be_gone_on_with(scope: Scope, instance: Instance) -> None:
    backfill_id = launch_backfill(scope, plan_of(scope, wish("day", chunk=10)))

    def stop(event: Event) -> None:
        if isinstance(event, StepSucceeded):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drive(scope, backfill_id, Manner(echo=False, on_event=stop))
    status = backfill_status(scope, backfill_id)
    assert (status.record.status, status.is_driven, status.count("failed"), status.count("waiting")) == ("requested", False, 0, 58)
    run = instance.get_run_by_id(status.record.run_ids[0])
    assert run is not None
    assert (run.status, run.message) == ("canceled", BY_INTERRUPT)
    assert next_step(status) == f"go on: backfill --resume {backfill_id[:8]}"
    assert ": stopped, 1 of 59 partitions" in headline(status)
    status = drive(scope, backfill_id, Manner(echo=False))
    assert (status.count("done"), status.count("failed")) == (57, 2)
    assert len(instance.storage.materializations(DAY, None, limit=1000)) == 57


def test_a_cancel_between_two_runs_starts_no_other(scope: Scope, instance: Instance) -> None:
    backfill_id = launch_backfill(scope, plan_of(scope, wish("day", partitions="2013-01-01..2013-01-09", chunk=3)))

    def stop(event: Event) -> None:
        if isinstance(event, RunSucceeded):
            instance.storage.append([BackfillCancelRequested(event.at_us, backfill_id, "ada")])

    status = drive(scope, backfill_id, Manner(echo=False, on_event=stop))
    assert (status.record.status, len(status.record.run_ids), status.count("done"), status.count("waiting")) == ("cancelled", 1, 3, 6)


def test_a_cancel_that_came_just_before_a_run_stops_it(scope: Scope, instance: Instance) -> None:
    backfill_id = launch_backfill(scope, plan_of(scope, wish("day", partitions="2013-01-01..2013-01-09", chunk=3)))

    def late(status: BackfillStatus) -> None:
        if not status.record.run_ids and status.record.status == "requested" and status.count("done") == 0:
            cancels.append(BackfillCancelRequested(1, backfill_id, "ada"))

    cancels: list[Event] = []

    def first(event: Event) -> None:
        if isinstance(event, BackfillProgressed) and cancels:
            instance.storage.append([cancels.pop()])

    status = drive(scope, backfill_id, Manner(echo=False, on_event=first), on_status=late)
    assert (status.record.status, status.count("done")) == ("cancelled", 0)


def test_a_backfill_that_nobody_drives_is_cancelled_at_once(scope: Scope, instance: Instance) -> None:
    backfill_id = launch_backfill(scope, plan_of(scope, wish("day")))
    assert cancel_backfill(instance, backfill_id, by="ada").status == "cancelled"
    assert cancel_backfill(instance, backfill_id).message == "by ada"


def test_two_processes_do_not_carry_out_one_backfill(scope: Scope, instance: Instance) -> None:
    backfill_id = launch_backfill(scope, plan_of(scope, wish("day")))
    with instance.storage.lock(f"backfill/{backfill_id}", timeout_s=1), pytest.raises(BackfillBusy, match="carried out by another process"):
        drive(scope, backfill_id)


def test_a_run_without_a_process_is_closed_and_its_partitions_are_made(scope: Scope, instance: Instance) -> None:
    planned = plan_of(scope, wish("day", partitions="2013-01-01..2013-01-04"))
    backfill_id = launch_backfill(scope, planned)
    run_id, targets = new_run_id(), planned.plan.targets_of(planned.plan.wanted)
    instance.storage.append(
        [BackfillProgressed(1, backfill_id, run_id, targets), RunRequested(1, run_id, targets, backfill_id=backfill_id)]
    )
    status = drive(scope, backfill_id, Manner(echo=False))
    assert (status.record.status, len(status.record.run_ids)) == ("completed_success", 2)
    run = instance.get_run_by_id(run_id)
    assert run is not None
    assert (run.status, run.reason) == ("failure", "worker-lost")


def test_a_partition_during_which_processes_die_again_and_again_counts_as_failed(scope: Scope, instance: Instance) -> None:
    planned = plan_of(scope, wish("day", partitions="2013-01-01..2013-01-03"))
    backfill_id = launch_backfill(scope, planned)
    targets = planned.plan.targets_of(planned.plan.wanted)
    for _ in range(MOST_DEATHS):
        run_id = new_run_id()
        instance.storage.append(
            [
                BackfillProgressed(1, backfill_id, run_id, targets), RunRequested(1, run_id, targets, backfill_id=backfill_id),
                RunStarted(1, run_id), StepStarted(2, run_id, "day[2013-01-01]"), RunFailed(3, run_id, "worker-lost"),
            ]
        )  # fmt: skip
    status = drive(scope, backfill_id, Manner(echo=False))
    assert (keys(status, DAY, "failed"), keys(status, DAY, "done")) == ("2013-01-01", "2013-01-02..2013-01-03")
    assert status.record.status == "completed_failed"


def test_a_partition_that_was_only_begun_beside_others_is_not_blamed_for_the_death_of_its_process(scope: Scope, instance: Instance) -> None:
    planned = plan_of(scope, wish("day", partitions="2013-01-01..2013-01-06", chunk=3))
    backfill_id = launch_backfill(scope, planned)
    for death in range(MOST_DEATHS):
        owner = Owner("elsewhere", 100 + death, 1.0)
        for chunk in planned.plan.chunks:
            run_id, targets = new_run_id(), planned.plan.targets_of(chunk.sets)
            instance.storage.append(
                [
                    BackfillProgressed(1, backfill_id, run_id, targets), RunRequested(1, run_id, targets, backfill_id=backfill_id),
                    RunStarted(1, run_id, owner),
                ]
            )  # fmt: skip
            first = chunk is planned.plan.chunks[0]
            events: list[Event] = [StepStarted(2, run_id, f"day[2013-01-0{1 if first else 4}]")]
            if first and death == MOST_DEATHS - 1:
                events.append(StepFailed(2, run_id, "day[2013-01-01]", ErrorInfo("ValueError", "no"), ()))
            instance.storage.append([*events, RunFailed(3, run_id, "worker-lost")])
    status = drive(scope, backfill_id, Manner(echo=False))
    assert (keys(status, DAY, "failed"), keys(status, DAY, "done")) == ("", "2013-01-01..2013-01-06")


def test_what_an_asset_leaves_out_on_purpose_is_no_failure(instance: Instance) -> None:
    @asset(partitions_def=DAILY, output_required=False)
    def odd(context: Any) -> Iterator[Output[int]]:
        if int(context.partition_key[-2:]) % 2:
            yield Output(1)

    @asset(partitions_def=DAILY)
    def after(odd: int) -> int:
        return odd

    status = make(scope_of([odd, after], instance=instance), wish("odd+", partitions="2013-01-01..2013-01-04"))
    assert status.record.status == "completed_success"
    for key in map(AssetKey, ("odd", "after")):
        assert (keys(status, key, "done"), keys(status, key, "skipped")) == ("2013-01-01, 2013-01-03", "2013-01-02, 2013-01-04")


def test_a_month_with_a_day_left_out_on_purpose_is_made_if_it_allows_missing_days(instance: Instance) -> None:
    @asset(partitions_def=DAILY, output_required=False)
    def odd(context: Any) -> Iterator[Output[int]]:
        if int(context.partition_key[-2:]) % 2 and context.partition_key < "2013-02-01":
            yield Output(1)

    @asset(partitions_def=DAILY)
    def after(odd: int) -> int:
        return odd

    @asset(partitions_def=MonthlyPartitionsDefinition("2013-01-01", "2013-03-01"))
    def strict(odd: dict[str, int]) -> int:
        return len(odd)

    allowed = AssetIn(metadata={"allow_missing_partitions": True})

    @asset(partitions_def=MonthlyPartitionsDefinition("2013-01-01", "2013-03-01"), ins={"odd": allowed, "after": allowed})
    def lenient(odd: dict[str, int], after: dict[str, int]) -> int:
        return len(odd) + len(after)

    scope = scope_of([odd, after, strict, lenient], instance=instance)
    status = make(scope, wish("odd+"))
    assert (status.record.status, status.count("failed"), status.count("blocked")) == ("completed_success", 0, 0)
    assert keys(status, AssetKey("strict"), "skipped") == "2013-01-01..2013-02-01"
    assert (keys(status, AssetKey("lenient"), "done"), keys(status, AssetKey("lenient"), "skipped")) == ("2013-01-01", "2013-02-01")
    assert load(scope, LoadArguments("lenient", partitions=PartitionArguments("2013-01-01"))) == 32


def test_an_asset_that_reads_itself_is_made_in_order(instance: Instance) -> None:
    seen = []

    @asset(partitions_def=DAILY, deps=[AssetDep("running", partition_mapping=TimeWindowPartitionMapping(-1, -1))])
    def running(context: Any) -> int:
        seen.append(context.partition_key)
        return 1

    status = make(scope_of([running], instance=instance), wish("running", partitions="2013-01-01..2013-01-09", chunk=4, newest_first=True))
    assert (seen, status.success) == (DAILY.get_partition_keys()[:9], True)


def test_a_backfill_of_an_asset_that_is_gone_or_cut_otherwise_cannot_go_on(scope: Scope, instance: Instance) -> None:
    backfill_id = launch_backfill(scope, plan_of(scope, wish("day+")))
    with pytest.raises(InvalidDefinitionError, match="'month', which is no longer defined"):
        drive(scope_of([day, report], instance=instance), backfill_id)
    assert instance.storage.backfills()[0].status == "failed"

    @asset(name="day")
    def whole() -> int:
        return 1

    backfill_id = launch_backfill(scope, plan_of(scope, wish("day")))
    with pytest.raises(InvalidDefinitionError, match="'day', which has no partitions any more"):
        drive(scope_of([whole], instance=instance), backfill_id)


def test_partitions_that_are_gone_meanwhile_are_left_alone(scope: Scope, instance: Instance) -> None:
    backfill_id = launch_backfill(scope, plan_of(scope, wish("day", partitions="2013-01-01..2013-01-06")))

    @asset(name="day", partitions_def=DailyPartitionsDefinition("2013-01-03", "2013-03-01"))
    def shorter() -> int:
        return 1

    status = drive(scope_of([shorter], instance=instance), backfill_id, Manner(echo=False))
    assert (keys(status, DAY, "done"), status.record.status) == ("2013-01-03..2013-01-06", "completed_success")


def test_bad_wishes_are_refused_with_what_is_right(scope: Scope, instance: Instance) -> None:
    for arguments, error, words in (
        (BackfillArguments("day"), InvalidInvocationError, "say which partitions: -s FIRST"),
        (wish("day", partitions="2013-04-01"), UnknownPartitionError, "It lies after the end"),
        (wish("day", partitions="2013-02-01..2013-01-01"), InvalidPartitionRange, "Did you mean 2013-01-01...2013-02-01"),
        (wish("day", partitions="EWR"), UnknownPartitionError, "'EWR' is no partition key of daily"),
    ):
        with pytest.raises(error, match=words):
            plan_of(scope, arguments)
    with pytest.raises(UnknownBackfill, match="no backfill 'abcd'"):
        backfill_status(scope, "abcd")
    with pytest.raises(UnknownBackfill, match="no backfill"):
        cancel_backfill(instance, "abcd")


def test_lists_are_backfilled_in_their_own_order(instance: Instance) -> None:
    seen = []

    @asset(partitions_def=StaticPartitionsDefinition(["zulu", "alfa", "mike"]))
    def letter(context: Any) -> int:
        seen.append(context.partition_key)
        return 1

    instance.storage.key_table.ordinals(["alfa", "mike", "zulu"])
    assert make(scope_of([letter], instance=instance), wish("letter", chunk=2)).success
    assert seen == ["zulu", "alfa", "mike"]
