"""Runs in one process: what they make, record and say when something goes wrong."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbasset.definitions.asset_decorators import asset, multi_asset
from nbasset.definitions.mappings import TimeWindowPartitionMapping
from nbasset.definitions.policies import BackfillPolicy, RetryPolicy
from nbasset.definitions.results import AssetCheckResult, MaterializeResult, Output
from nbasset.definitions.specs import AssetCheckSpec, AssetIn, AssetOut, AssetSpec
from nbasset.definitions.time_partitions import DailyPartitionsDefinition
from nbasset.errors import Failure, RetryRequested
from nbasset.events.facts import AssetMaterialized, CheckEvaluated, LogsCaptured
from nbasset.events.kinds import RunCancelled, RunFailed, RunRequested, RunStarted, StepFailed, StepRetried, StepSkipped, StepSucceeded
from nbasset.events.records import RunQuery
from nbasset.execution.executors import ThreadExecutor
from nbasset.execution.failures import text_of
from nbasset.io_managers.parquet import ParquetIOManager
from nbasset.keys import AssetKey

Bench = Any


def steps(outcome: Any, kind: type = StepSucceeded) -> list[str]:
    return [event.step for event in outcome.events if isinstance(event, kind)]


def materialized(outcome: Any) -> list[AssetMaterialized]:
    return [
        fact for event in outcome.events if isinstance(event, StepSucceeded) for fact in event.facts if isinstance(fact, AssetMaterialized)
    ]


def test_assets_run_in_order_and_read_what_was_stored(bench: Bench) -> None:
    @asset
    def total(orders: list[int]) -> int:
        return sum(orders)

    @asset
    def orders() -> list[int]:
        return [1, 2]

    outcome = bench.run([total, orders])
    assert outcome.success
    assert steps(outcome) == ["orders", "total"]
    assert bench.value("total") == 3


def test_a_failure_names_the_users_line_first_and_skips_only_what_depends_on_it(bench: Bench) -> None:
    @asset
    def broken() -> float:
        return 1 / 0

    @asset
    def after(broken: float) -> float:
        return broken

    @asset
    def aside() -> int:
        return 1

    outcome = bench.run([broken, after, aside])
    assert outcome.status == "failure"
    assert steps(outcome) == ["aside"]
    assert steps(outcome, StepFailed) == ["broken"]
    assert [(event.step, event.reason) for event in outcome.events if isinstance(event, StepSkipped)] == [("after", "upstream-failed")]
    assert outcome.error is not None
    text = text_of(outcome.error)
    assert text.splitlines()[0].startswith("test_run.py, line ")
    assert "return 1 / 0" in text
    assert "nbasset/" not in text
    (ended,) = [event for event in outcome.events if isinstance(event, RunFailed)]
    assert ended.message.startswith("1 of 3 steps failed. broken: test_run.py, line ")


def test_a_retry_policy_tries_again_and_records_each_attempt(bench: Bench) -> None:
    tries: list[int] = []

    @asset(retry_policy=RetryPolicy(max_retries=2))
    def flaky() -> int:
        tries.append(1)
        if len(tries) < 3:
            raise ValueError("not yet")
        return 7

    outcome = bench.run([flaky])
    assert outcome.success
    assert steps(outcome, StepRetried) == ["flaky", "flaky"]
    assert [event.attempt for event in outcome.events if isinstance(event, StepSucceeded)] == [3]


def test_a_failure_may_forbid_retries(bench: Bench) -> None:
    @asset(retry_policy=RetryPolicy(max_retries=5))
    def hopeless() -> int:
        raise Failure("no", allow_retries=False)

    outcome = bench.run([hopeless])
    assert steps(outcome, StepRetried) == []
    assert steps(outcome, StepFailed) == ["hopeless"]


def test_code_may_ask_for_a_retry_without_a_policy(bench: Bench) -> None:
    tries: list[int] = []

    @asset
    def asks() -> int:
        tries.append(1)
        if len(tries) == 1:
            raise RetryRequested(max_retries=1)
        return 1

    assert bench.run([asks]).success
    assert len(tries) == 2


def test_several_assets_of_one_function_come_as_tuple_dict_or_results(bench: Bench) -> None:
    @multi_asset(outs={"a": AssetOut(), "b": AssetOut()})
    def pair() -> tuple[int, int]:
        return 1, 2

    @multi_asset(outs={"c": AssetOut(), "d": AssetOut()})
    def named() -> dict[str, int]:
        return {"d": 4, "c": 3}

    @multi_asset(specs=[AssetSpec("e"), AssetSpec("f", deps=["a"])])
    def told() -> Iterator[MaterializeResult[Any]]:
        yield MaterializeResult("e", metadata={"n": 1}, value=5)
        yield MaterializeResult("f")

    outcome = bench.run([pair, named, told])
    assert outcome.success, outcome.error
    assert [bench.value(key) for key in "abcde"] == [1, 2, 3, 4, 5]
    facts = {str(fact.asset): fact for fact in materialized(outcome)}
    assert facts["e"].metadata["n"].value == 1
    assert facts["f"].version_id == ""


def test_a_subset_of_a_function_yields_only_what_was_asked(bench: Bench) -> None:
    @multi_asset(outs={"a": AssetOut(), "b": AssetOut()}, can_subset=True)
    def pair(context: Any) -> Iterator[Output[int]]:
        for name in sorted(context.selected_output_names):
            yield Output(1, name)

    outcome = bench.run([pair], select=["b"])
    assert [str(fact.asset) for fact in materialized(outcome)] == ["b"]


def test_async_and_generator_assets_work_inside_a_running_loop(bench: Bench) -> None:
    import asyncio

    @asset
    async def waits() -> int:
        await asyncio.sleep(0)
        return 1

    @asset
    async def streams(waits: int) -> AsyncIterator[Output[int]]:
        yield Output(waits + 1)

    async def in_jupyter() -> bool:
        return bench.run([waits, streams]).success

    assert asyncio.run(in_jupyter())
    assert bench.value("streams") == 2


def test_an_optional_output_that_does_not_come_skips_downstream_and_the_run_succeeds(bench: Bench) -> None:
    @asset(output_required=False)
    def maybe() -> Iterator[Output[int]]:
        yield from ()

    @asset
    def after(maybe: int) -> int:
        return maybe

    outcome = bench.run([maybe, after])
    assert outcome.success
    assert [(event.step, event.reason) for event in outcome.events if isinstance(event, StepSkipped)] == [("after", "not-yielded")]


def test_a_value_of_another_type_fails_its_step_and_names_both_types(bench: Bench) -> None:
    @asset
    def number() -> int:
        return "seven"  # type: ignore[return-value]

    outcome = bench.run([number])
    assert outcome.error is not None
    assert outcome.error.cls == "TypeCheckDidNotPass"
    assert "int" in outcome.error.message
    assert "'seven'" in outcome.error.message


def test_the_same_input_gives_the_same_digest_and_a_conditional_rerun_does_nothing(bench: Bench) -> None:
    @asset
    def orders() -> list[int]:
        return [1]

    @asset
    def total(orders: list[int]) -> int:
        return sum(orders)

    bench.run([orders, total])
    again = bench.run([orders, total], conditional=True)
    assert again.success
    assert [(event.step, event.reason) for event in again.events if isinstance(event, StepSkipped)] == [
        ("orders", "fresh"),
        ("total", "fresh"),
    ]


def test_unchanged_data_stops_the_work_there(tmp_path: Path, new_bench: Any) -> None:
    bench = new_bench(manager=ParquetIOManager(tmp_path))
    runs: list[str] = []

    @asset
    def orders() -> list[dict[str, int]]:
        runs.append("orders")
        return [{"n": 1}]

    @asset
    def total(orders: list[dict[str, int]]) -> int:
        runs.append("total")
        return len(orders)

    from nbasset.execution.task import CodeRef

    bench.run([orders, total])
    bench.code = lambda node: CodeRef(version="edited" if node == "orders" else f"code of {node}")
    bench.run([orders, total], conditional=True)
    assert runs == ["orders", "total", "orders"]


def test_a_blocking_check_that_fails_keeps_downstream_from_running(bench: Bench) -> None:
    @asset(check_specs=[AssetCheckSpec("full", asset="orders", blocking=True)])
    def orders() -> Iterator[Any]:
        yield Output([])
        yield AssetCheckResult(passed=False, description="no rows")

    @asset
    def total(orders: list[int]) -> int:
        return sum(orders)

    outcome = bench.run([orders, total])
    assert [(event.step, event.reason) for event in outcome.events if isinstance(event, StepSkipped)] == [("total", "check-failed")]
    (verdict,) = [
        fact for event in outcome.events if isinstance(event, StepSucceeded) for fact in event.facts if isinstance(fact, CheckEvaluated)
    ]
    assert (verdict.passed, verdict.blocking, verdict.version_id) == (False, True, materialized(outcome)[0].version_id)


def test_output_and_log_lines_of_a_step_are_kept_in_files_and_silent_steps_leave_none(tmp_path: Path, new_bench: Any) -> None:
    bench = new_bench(folder=tmp_path)

    @asset
    def talks(context: Any) -> int:
        print("hello")
        context.log.info("made %d", 3, extra={"rows": 3})
        return 1

    @asset
    def silent() -> int:
        return 1

    outcome = bench.run([talks, silent])
    (logs,) = [
        fact for event in outcome.events if isinstance(event, StepSucceeded) for fact in event.facts if isinstance(fact, LogsCaptured)
    ]
    assert (tmp_path / f"{logs.folder}.out").read_text() == "hello\n"
    assert '"message": "made 3"' in (tmp_path / f"{logs.folder}.log").read_text()
    assert '"rows": 3' in (tmp_path / f"{logs.folder}.log").read_text()
    assert len(list(tmp_path.rglob("*.out"))) == 1


def test_an_interrupt_cancels_the_run_records_it_and_is_raised_again(bench: Bench) -> None:
    @asset
    def stopped() -> int:
        raise KeyboardInterrupt

    @asset
    def after(stopped: int) -> int:
        return stopped

    with pytest.raises(KeyboardInterrupt):
        bench.run([stopped, after])
    (record,) = bench.storage.runs(RunQuery()).items
    assert record.status == "canceled"


@pytest.mark.parametrize("first", [RunRequested, RunStarted, StepSucceeded])
def test_a_run_that_is_interrupted_again_and_again_while_it_stops_is_recorded_as_stopped(bench: Bench, first: type) -> None:
    seen: list[type] = []

    def impatient(event: object) -> None:
        seen.append(type(event))
        if first in seen:
            raise KeyboardInterrupt

    many = [asset(name=f"one_{number}")(lambda: 1) for number in range(5)]
    with pytest.raises(KeyboardInterrupt):
        bench.run(many, executor=ThreadExecutor(3), on_event=impatient)
    (record,) = bench.storage.runs(RunQuery()).items
    assert record.status == "canceled"
    assert bench.storage.active_runs() == []


def test_a_run_in_threads_can_be_cancelled_and_what_had_not_started_is_told(bench: Bench) -> None:
    started = threading.Event()

    @asset
    def slow() -> int:
        started.set()
        bench.cancel.wait(60)
        return 1

    @asset
    def after(slow: int) -> int:
        return slow

    canceller = threading.Thread(target=lambda: (started.wait(60), bench.cancel.cancel("ann")))
    canceller.start()
    outcome = bench.run([slow, after], executor=ThreadExecutor(2))
    canceller.join()
    assert outcome.status == "canceled"
    assert [event.message for event in outcome.events if isinstance(event, RunCancelled)] == ["cancelled by ann"]
    assert ("after", "cancelled") in [(event.step, event.reason) for event in outcome.events if isinstance(event, StepSkipped)]


def test_each_partition_is_a_step_and_reads_its_own_upstream_partition(bench: Bench) -> None:
    daily = DailyPartitionsDefinition("2013-01-01")

    @asset(partitions_def=daily)
    def flights(context: Any) -> str:
        return f"flights of {context.partition_key}"

    @asset(partitions_def=daily)
    def delays(flights: str) -> str:
        return f"delays in {flights}"

    days = ["2013-01-02", "2013-01-03"]
    outcome = bench.run([flights, delays], partitions={"flights": days, "delays": days})
    assert outcome.success, outcome.error
    assert set(steps(outcome)) == {f"{name}[{day}]" for name in ("flights", "delays") for day in days}
    assert bench.value("delays", "2013-01-03") == "delays in flights of 2013-01-03"


def test_a_summary_reads_all_partitions_as_a_dict_by_key(bench: Bench) -> None:
    daily = DailyPartitionsDefinition("2013-01-01", end_date="2013-01-03")

    @asset(partitions_def=daily)
    def flights(context: Any) -> int:
        return int(context.partition_key[-1])

    @asset
    def total(flights: dict[str, int]) -> dict[str, int]:
        return dict(flights)

    outcome = bench.run([flights, total], partitions={"flights": ["2013-01-01", "2013-01-02"]})
    assert outcome.success, outcome.error
    assert bench.value("total") == {"2013-01-01": 1, "2013-01-02": 2}


def test_an_asset_that_reads_its_own_past_runs_in_order_and_starts_with_none(bench: Bench) -> None:
    daily = DailyPartitionsDefinition("2013-01-01")

    @asset(partitions_def=daily, ins={"running": AssetIn(partition_mapping=TimeWindowPartitionMapping(-1, -1))})
    def running(running: int | None) -> int:
        return (running or 0) + 1

    outcome = bench.run([running], partitions={"running": ["2013-01-01", "2013-01-02", "2013-01-03"]})
    assert outcome.success, outcome.error
    assert bench.value("running", "2013-01-03") == 3


def test_a_single_run_policy_gives_all_partitions_to_one_call(bench: Bench) -> None:
    daily = DailyPartitionsDefinition("2013-01-01")

    @asset(partitions_def=daily, backfill_policy=BackfillPolicy.single_run())
    def flights(context: Any) -> dict[str, str]:
        return {key: key[-2:] for key in context.partition_keys}

    outcome = bench.run([flights], partitions={"flights": ["2013-01-01", "2013-01-02"]})
    assert outcome.success, outcome.error
    assert steps(outcome) == ["flights[2013-01-01...2013-01-02]"]
    assert len(materialized(outcome)) == 2


def test_upstream_keys_with_prefixes_are_found_by_their_last_part(bench: Bench) -> None:
    @asset(key_prefix="raw")
    def orders() -> int:
        return 1

    @asset
    def total(orders: int) -> int:
        return orders

    assert bench.run([orders, total]).success
    assert bench.storage.latest([AssetKey(["raw", "orders"])])
