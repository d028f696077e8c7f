"""Going on from an earlier run: what runs again, what is taken over, and where from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import nbasset as nb
from nbasset import (
    AssetKey,
    Definitions,
    DynamicOut,
    DynamicOutput,
    ExecuteInProcessResult,
    InMemoryIOManager,
    Instance,
    InvalidInvocationError,
    Out,
    Output,
    ReexecutionOptions,
    RetryPolicy,
    StaticPartitionsDefinition,
    asset,
    define_asset_job,
    execute_job,
    job,
    op,
)
from nbasset.errors import InvalidSelection
from nbasset.events.kinds import StepRetried

from_failure = ReexecutionOptions.from_failure


class Switch:
    """What is to fail, and what ran."""

    def __init__(self) -> None:
        self.broken: set[str] = set()
        self.ran: list[str] = []

    def at(self, name: str) -> None:
        self.ran.append(name)
        if name in self.broken:
            raise ValueError(f"{name} is broken")

    def again(self) -> list[str]:
        found, self.ran = self.ran, []
        return found


@pytest.fixture
def switch() -> Switch:
    return Switch()


@pytest.fixture
def instance() -> Iterator[Instance]:
    with Instance.ephemeral() as made:
        yield made


def reused(result: ExecuteInProcessResult) -> list[str]:
    return [event.step for event in result.get_step_reused_events()]


def chain_of(switch: Switch) -> Any:
    @op
    def o1() -> int:
        switch.at("o1")
        return 1

    @op
    def o2(x: int) -> int:
        switch.at("o2")
        return x + 1

    @op
    def o3(x: int) -> int:
        switch.at("o3")
        return x + 1

    @op
    def aside() -> int:
        switch.at("aside")
        return 5

    @job
    def chain() -> None:
        o3(o2(o1()))
        aside()

    return chain


def test_from_failure_runs_what_failed_and_everything_downstream_of_it(switch: Switch, instance: Instance) -> None:
    chain = chain_of(switch)
    switch.broken = {"o2"}
    failed = execute_job(chain, instance)
    assert (failed.success, switch.again()) == (False, ["o1", "o2", "aside"])
    switch.broken = set()
    result = execute_job(chain, instance, reexecution_options=from_failure(failed.run_id, instance))
    assert (result.success, switch.again(), reused(result)) == (True, ["o2", "o3"], ["o1", "aside"])
    assert result.output_for_node("o3") == 3
    assert (result.run.parent_run_id, result.run.root_run_id) == (failed.run_id, failed.run_id)


def test_a_third_run_reads_through_the_chain_of_runs_before_it(switch: Switch, instance: Instance) -> None:
    chain = chain_of(switch)
    switch.broken = {"o2", "o3"}
    first = execute_job(chain, instance)
    switch.broken = {"o3"}
    second = execute_job(chain, instance, reexecution_options=from_failure(first.run_id, instance))
    switch.broken = set()
    switch.again()
    third = execute_job(chain, instance, reexecution_options=from_failure(second.run_id, instance))
    assert (third.success, switch.again(), third.output_for_node("o3")) == (True, ["o3"], 3)
    assert {event.step: event.from_run_id for event in third.get_step_reused_events()} == {
        "o1": first.run_id, "o2": second.run_id, "aside": first.run_id,
    }  # fmt: skip
    assert third.run.root_run_id == first.run_id


def test_a_cancelled_run_goes_on_with_what_was_cut_off_and_what_never_began(switch: Switch, instance: Instance) -> None:
    stop = [True]

    @op
    def cut(x: int) -> int:
        switch.at("cut")
        if stop[0]:
            raise KeyboardInterrupt
        return x

    @op
    def first() -> int:
        switch.at("first")
        return 1

    @op
    def never(x: int) -> int:
        switch.at("never")
        return x

    @job
    def interrupted() -> None:
        never(cut(first()))

    with pytest.raises(KeyboardInterrupt):
        execute_job(interrupted, instance)
    (record,) = instance.get_runs()
    assert (record.status, switch.again()) == ("canceled", ["first", "cut"])
    stop[0] = False
    result = execute_job(interrupted, instance, reexecution_options=from_failure(record.run_id, instance))
    assert (result.success, switch.again()) == (True, ["cut", "never"])


def test_only_a_run_that_failed_or_was_cancelled_can_be_gone_on_from(switch: Switch, instance: Instance) -> None:
    result = execute_job(chain_of(switch), instance)
    with pytest.raises(InvalidInvocationError, match="succeeded, so there is nothing to go on from"):
        from_failure(result.run_id, instance)
    with pytest.raises(InvalidInvocationError, match="there is no run 'nowhere'"):
        from_failure("nowhere", instance)


def test_all_steps_run_again_with_config_and_tags_of_the_earlier_run(instance: Instance) -> None:
    @op(config_schema={"n": int})
    def count(context: Any) -> int:
        return int(context.op_config["n"])

    @job
    def counting() -> None:
        count()

    first = execute_job(counting, instance, {"ops": {"count": {"config": {"n": 3}}}}, tags={"who": "ada"})
    again = execute_job(counting, instance, reexecution_options=ReexecutionOptions(first.run_id))
    assert (again.output_for_node("count"), again.run.tags, reused(again)) == (3, {"who": "ada"}, [])
    other = execute_job(
        counting, instance, {"ops": {"count": {"config": {"n": 4}}}},
        reexecution_options=ReexecutionOptions(first.run_id, use_parent_run_tags=False),
    )  # fmt: skip
    assert (other.output_for_node("count"), other.run.tags) == (4, {})


def test_selected_steps_run_alone_and_read_the_outputs_of_the_earlier_run(switch: Switch, instance: Instance) -> None:
    chain = chain_of(switch)
    first = execute_job(chain, instance)
    switch.again()
    result = execute_job(chain, instance, reexecution_options=ReexecutionOptions(first.run_id, ["o3"]))
    assert (switch.again(), reused(result), result.output_for_node("o3")) == (["o3"], ["o1", "o2"], 3)
    execute_job(chain, instance, reexecution_options=ReexecutionOptions(first.run_id, "o2+"))
    assert switch.again() == ["o2", "o3"]


def test_selected_steps_need_what_they_read(switch: Switch, instance: Instance) -> None:
    chain = chain_of(switch)
    switch.broken = {"o2"}
    failed = execute_job(chain, instance)
    with pytest.raises(InvalidSelection, match="step 'o3' reads 'o2', which did not end well in the earlier run"):
        execute_job(chain, instance, reexecution_options=ReexecutionOptions(failed.run_id, ["o3"]))
    with pytest.raises(InvalidSelection, match="has no op 'o9'"):
        execute_job(chain, instance, reexecution_options=ReexecutionOptions(failed.run_id, ["o9"]))


def test_what_was_skipped_on_purpose_stays_skipped(switch: Switch, instance: Instance) -> None:
    @op(out={"left": Out(is_required=False), "right": Out(is_required=False)})
    def choose() -> Iterator[Output[int]]:
        switch.at("choose")
        yield Output(1, "right")

    @op
    def on_left(x: int) -> int:
        switch.at("on_left")
        return x

    @op
    def on_right(x: int) -> int:
        switch.at("on_right")
        return x

    @job
    def branches() -> None:
        left, right = choose()
        on_left(left)
        on_right(right)

    switch.broken = {"on_right"}
    failed = execute_job(branches, instance)
    switch.broken = set()
    switch.again()
    result = execute_job(branches, instance, reexecution_options=from_failure(failed.run_id, instance))
    assert (result.success, switch.again(), result.get_skipped_step_keys()) == (True, ["on_right"], {"on_left"})


def test_only_the_failed_values_of_a_dynamic_output_run_again_and_keys_are_kept(switch: Switch, instance: Instance) -> None:
    @op(out=DynamicOut(int))
    def several() -> Iterator[DynamicOutput[int]]:
        switch.at("several")
        for at in range(3):
            yield DynamicOutput(at, f"k{at}")

    @op
    def double(x: int) -> int:
        switch.at(f"double {x}")
        return 2 * x

    @op
    def total(xs: list[int]) -> int:
        switch.at("total")
        return sum(xs)

    @job
    def dynamic() -> None:
        total(several().map(double).collect())

    switch.broken = {"double 1"}
    failed = execute_job(dynamic, instance)
    switch.broken = set()
    switch.again()
    result = execute_job(dynamic, instance, reexecution_options=from_failure(failed.run_id, instance))
    assert (switch.again(), result.output_for_node("total")) == (["double 1", "total"], 6)
    assert reused(result) == ["several", "double[k0]", "double[k2]"]
    one = execute_job(dynamic, instance, reexecution_options=ReexecutionOptions(result.run_id, ["double[k1]"]))
    assert (switch.again(), one.success) == (["double 1"], True)


def test_a_resource_that_cannot_be_opened_counts_as_a_failed_step(switch: Switch, instance: Instance) -> None:
    @nb.resource
    def shaky() -> int:
        switch.at("resource")
        return 1

    @op(required_resource_keys={"shaky"})
    def uses() -> int:
        switch.at("uses")
        return 1

    @op
    def before() -> int:
        switch.at("before")
        return 1

    @job(resource_defs={"shaky": shaky})
    def resourced() -> None:
        before()
        uses()

    switch.broken = {"resource"}
    failed = execute_job(resourced, instance)
    assert failed.get_failed_step_keys() == {"uses"}
    switch.broken = set()
    switch.again()
    assert execute_job(resourced, instance, reexecution_options=from_failure(failed.run_id, instance)).success
    assert switch.again() == ["resource", "uses"]


def test_retries_begin_anew(switch: Switch, instance: Instance) -> None:
    @op(retry_policy=RetryPolicy(max_retries=1))
    def flaky() -> int:
        switch.at("flaky")
        return 1

    @job
    def retried() -> None:
        flaky()

    switch.broken = {"flaky"}
    failed = execute_job(retried, instance)
    again = execute_job(retried, instance, reexecution_options=from_failure(failed.run_id, instance))
    assert [sum(isinstance(event, StepRetried) for event in one.all_events) for one in (failed, again)] == [1, 1]


def test_an_output_that_nobody_can_store_is_made_again(switch: Switch, instance: Instance) -> None:
    @op
    def connect() -> Any:
        switch.at("connect")
        return lambda: 3

    @op
    def use(connection: Any) -> int:
        switch.at("use")
        return int(connection())

    @job
    def connected() -> None:
        use(connect())

    switch.broken = {"use"}
    failed = execute_job(connected, instance)
    switch.broken = set()
    switch.again()
    result = execute_job(connected, instance, reexecution_options=from_failure(failed.run_id, instance))
    assert (switch.again(), result.output_for_node("use")) == (["connect", "use"], 3)


def test_a_manager_that_keeps_nothing_between_runs_cannot_serve_them(switch: Switch, instance: Instance) -> None:
    @op
    def make() -> int:
        switch.at("make")
        return 1

    @op
    def use(x: int) -> int:
        switch.at("use")
        return x

    def made_with(manager: InMemoryIOManager) -> Any:
        @job(resource_defs={"io_manager": manager})
        def in_memory() -> None:
            use(make())

        return in_memory

    switch.broken = {"use"}
    failed = execute_job(made_with(InMemoryIOManager()), instance)
    switch.broken = set()
    result = execute_job(made_with(InMemoryIOManager()), instance, reexecution_options=from_failure(failed.run_id, instance))
    failure = result.failure_data_for_node("use")
    assert failure is not None
    assert "output 'result' of step 'make' was not stored" in failure.message


# -- assets ------------------------------------------------------------------------------------------------------------------


def assets_of(switch: Switch) -> Definitions:
    @asset
    def orders() -> int:
        switch.at("orders")
        return 1

    @asset
    def total(orders: int) -> int:
        switch.at("total")
        return orders + 1

    @asset
    def report(total: int) -> int:
        switch.at("report")
        return total + 1

    return Definitions([orders, total, report], jobs=[define_asset_job("nightly")])


def test_assets_that_were_made_are_not_made_again(switch: Switch, instance: Instance) -> None:
    nightly = assets_of(switch).get_job_def("nightly")
    switch.broken = {"total"}
    failed = execute_job(nightly, instance)
    switch.broken = set()
    switch.again()
    result = execute_job(nightly, instance, reexecution_options=from_failure(failed.run_id, instance))
    assert (result.success, switch.again(), reused(result)) == (True, ["total", "report"], ["orders"])
    assert result.asset_value("report") == 3


def test_from_asset_failure_makes_the_assets_that_are_missing(switch: Switch, instance: Instance) -> None:
    nightly = assets_of(switch).get_job_def("nightly")
    switch.broken = {"total"}
    failed = execute_job(nightly, instance)
    switch.broken = set()
    switch.again()
    options = ReexecutionOptions.from_asset_failure(failed.run_id, instance)
    result = execute_job(nightly, instance, reexecution_options=options)
    assert (result.success, switch.again(), reused(result)) == (True, ["total", "report"], [])
    assert {target.asset for target in result.run.targets} == {AssetKey("total"), AssetKey("report")}


def test_only_the_partitions_that_failed_are_made_again(switch: Switch, instance: Instance) -> None:
    @asset(partitions_def=StaticPartitionsDefinition(["de", "fr", "it"]))
    def sales(context: nb.AssetExecutionContext) -> str:
        switch.at(context.partition_key)
        return context.partition_key

    switch.broken = {"fr"}
    failed = nb.materialize([sales], instance=instance, partition_keys=["de", "fr", "it"], raise_on_error=False)
    switch.broken = set()
    switch.again()
    sell = Definitions([sales], jobs=[define_asset_job("sell")]).get_job_def("sell")
    result = execute_job(sell, instance, reexecution_options=ReexecutionOptions.from_asset_failure(failed.run_id, instance))
    assert (result.success, switch.again()) == (True, ["fr"])
    failed = nb.materialize([sales], instance=instance, partition_keys=["de", "fr"], raise_on_error=False)


def test_a_failed_blocking_check_runs_again_with_what_it_kept_back(switch: Switch, instance: Instance) -> None:
    good = [False]

    @asset(check_specs=[nb.AssetCheckSpec("full", asset="orders", blocking=True)])
    def orders() -> Iterator[Any]:
        switch.at("orders")
        yield Output([1])
        yield nb.AssetCheckResult(passed=good[0])

    @asset
    def total(orders: list[int]) -> int:
        switch.at("total")
        return sum(orders)

    nightly = Definitions([orders, total], jobs=[define_asset_job("nightly")]).get_job_def("nightly")
    failed = execute_job(nightly, instance)
    assert (failed.status, switch.again()) == ("failure", ["orders"])
    good[0] = True
    result = execute_job(nightly, instance, reexecution_options=from_failure(failed.run_id, instance))
    assert (result.success, switch.again()) == (True, ["orders", "total"])


def test_ops_of_a_graph_backed_asset_whose_input_changed_meanwhile_run_again(switch: Switch, instance: Instance) -> None:
    value = [1]

    @asset
    def orders() -> int:
        return value[0]

    @op
    def clean(orders: int) -> int:
        switch.at("clean")
        return orders

    @op
    def store(x: int) -> int:
        switch.at("store")
        return x * 10

    @nb.graph_asset
    def table(orders: Any) -> Any:
        return store(clean(orders))

    nightly = Definitions([orders, table], jobs=[define_asset_job("nightly", ["table"])]).get_job_def("nightly")
    nb.materialize([orders], instance=instance)
    switch.broken = {"store"}
    failed = execute_job(nightly, instance)
    switch.broken = set()
    switch.again()
    assert execute_job(nightly, instance, reexecution_options=from_failure(failed.run_id, instance)).asset_value("table") == 10
    assert switch.again() == ["store"]
    switch.broken = {"store"}
    failed = execute_job(nightly, instance)
    value[0] = 2
    nb.materialize([orders], instance=instance)
    switch.broken = set()
    switch.again()
    assert execute_job(nightly, instance, reexecution_options=from_failure(failed.run_id, instance)).asset_value("table") == 20
    assert switch.again() == ["clean", "store"]
