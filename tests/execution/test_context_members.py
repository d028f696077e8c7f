"""What contexts and results answer under the names that users of the field know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nbasset import (
    AssetCheckKey,
    AssetCheckResult,
    AssetCheckSpec,
    AssetKey,
    AssetObservation,
    AssetSpec,
    Config,
    ConfigurableResource,
    DailyPartitionsDefinition,
    Definitions,
    FilesystemIOManager,
    InMemoryIOManager,
    Instance,
    InvariantViolationError,
    IOManager,
    MaterializeResult,
    Output,
    RunStatus,
    asset,
    asset_check,
    build_op_context,
    define_asset_job,
    job,
    materialize,
    mem_io_manager,
    multi_asset,
    op,
)
from nbasset.io_managers.protocol import InputContext, OutputContext

DAILY = DailyPartitionsDefinition("2024-01-01", "2024-02-01")


def test_an_op_knows_its_definition_its_job_and_its_run() -> None:
    seen: dict[str, Any] = {}

    @op
    def look(context: Any) -> None:
        seen.update(op=context.op_def, job=context.job_def, name=context.run.job_name, config=context.run.run_config)
        context.add_output_metadata({"rows": 1})
        seen["metadata"] = context.get_output_metadata()["rows"].value

    @job(tags={"team": "data"})
    def looking() -> None:
        look()

    looking.execute_in_process(instance=Instance.ephemeral())
    assert (seen["op"], seen["job"].name, seen["name"], seen["config"], seen["metadata"]) == (look, "looking", "looking", {}, 1)
    with pytest.raises(InvariantViolationError, match="belongs to no op yet"):
        _ = build_op_context().op_def


def test_an_asset_knows_its_checks_whether_it_makes_only_some_and_what_it_reads() -> None:
    seen: dict[str, Any] = {}

    @asset(partitions_def=DAILY)
    def up() -> int:
        return 1

    @asset(partitions_def=DAILY, check_specs=[AssetCheckSpec("small", asset="down")])
    def down(context: Any, up: int) -> Any:
        seen["checks"] = [spec.key for spec in context.check_specs]
        seen["subset"] = context.is_subset
        seen["reads"] = context.asset_key_for_input("up")
        seen["input"] = context.asset_partitions_def_for_input("up")
        seen["window"] = context.asset_partitions_time_window_for_input("up").start.day
        seen["range"] = context.asset_partition_key_range_for_input("up").start
        seen["output"] = context.asset_partitions_def_for_output()
        seen["latest"] = context.latest_materialization_for_upstream_asset("up").partition.key
        yield Output(up + 1)
        yield AssetCheckResult(passed=True)

    @multi_asset(specs=[AssetSpec("a", skippable=True), AssetSpec("b", skippable=True)], can_subset=True)
    def pair(context: Any) -> Any:
        seen["pair"] = (context.is_subset, context.asset_keys)
        for key in context.asset_keys:
            yield MaterializeResult(asset_key=key)

    with Instance.ephemeral() as instance:
        materialize([up, down], partition_key="2024-01-03", instance=instance)
        materialize([pair], selection=["b"], instance=instance)
    assert seen == {
        "checks": [AssetCheckKey(AssetKey("down"), "small")], "subset": False, "reads": AssetKey("up"), "input": DAILY, "window": 3,
        "range": "2024-01-03", "output": DAILY, "latest": "2024-01-03", "pair": (True, [AssetKey("b")]),
    }  # fmt: skip


def test_a_check_knows_what_is_said_of_it() -> None:
    seen: dict[str, Any] = {}

    @asset
    def orders() -> int:
        return 1

    @asset_check(asset=orders, description="few of them", blocking=True)
    def few(context: Any, orders: int) -> AssetCheckResult:
        seen["spec"] = context.asset_check_spec
        return AssetCheckResult(passed=True)

    result = materialize([orders, few], instance=Instance.ephemeral())
    assert (seen["spec"].name, seen["spec"].description, seen["spec"].blocking) == ("few", "few of them", True)
    verdict = result.get_asset_check_evaluations()[0]
    assert (verdict.asset_key, verdict.check_name, verdict.passed) == (AssetKey("orders"), "few", True)


def test_a_result_tells_how_the_run_ended_what_was_planned_and_what_was_left_alone() -> None:
    @op
    def first(context: Any) -> int:
        context.log_event(AssetObservation("seen"))
        return 1

    @op
    def second(first: int) -> int:
        raise ValueError("no")

    @job
    def both() -> None:
        second(first())

    result = both.execute_in_process(op_selection="first", instance=Instance.ephemeral())
    assert (result.is_node_untouched("second"), result.is_node_untouched("first")) == (True, False)
    assert result.get_run_success_event().run_id == result.run_id
    assert [fact.asset_key for fact in result.asset_observations_for_node("first")] == [AssetKey("seen")]
    with pytest.raises(InvariantViolationError, match="ended as success, so there is no RunFailed event"):
        result.get_run_failure_event()
    failed = both.execute_in_process(raise_on_error=False, instance=Instance.ephemeral())
    assert failed.get_job_failure_event().run_id == failed.run_id
    assert (failed.run.job_name, failed.run.status, failed.run.is_finished) == ("both", RunStatus.FAILURE, True)

    @asset
    def orders() -> int:
        return 1

    made = materialize([orders], instance=Instance.ephemeral())
    assert [target.asset for target in made.get_asset_materialization_planned_events()] == [AssetKey("orders")]


# -- values of managers that keep no file ------------------------------------------------------------------------------------------


class Forgetful(IOManager):
    """Takes everything and gives nothing back, as a stand-in of a test might."""

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Let it go."""

    def load_input(self, context: InputContext) -> Any:
        raise AssertionError("nothing is read")


@pytest.mark.parametrize("manager", [mem_io_manager, InMemoryIOManager(), Forgetful()])
def test_the_result_knows_values_that_went_to_a_manager_without_files(manager: Any) -> None:
    @asset
    def words() -> set[int]:
        return {1, 2}

    @asset(partitions_def=DAILY)
    def day(context: Any) -> str:
        return str(context.partition_key)

    with Instance.ephemeral() as instance:
        result = materialize([words], resources={"io_manager": manager}, instance=instance)
        assert (result.asset_value("words"), result.output_for_node("words")) == ({1, 2}, {1, 2})
        assert materialize(
            [day], resources={"io_manager": manager}, partition_range=("2024-01-01", "2024-01-02"), instance=instance
        ).asset_value("day", "2024-01-02") == "2024-01-02"  # fmt: skip
        defined = Definitions(assets=[words], resources={"io_manager": manager}, jobs=[define_asset_job("j", [words])])
        assert defined.get_job_def("j").execute_in_process(instance=instance).asset_value("words") == {1, 2}


def test_an_asset_with_a_manager_of_its_own_is_stored_and_read_through_that_manager(tmp_path: Path) -> None:
    class Doubling(InMemoryIOManager):
        def load_input(self, context: InputContext) -> Any:
            return 2 * super().load_input(context)

    @asset(io_manager_def=Doubling())
    def mine() -> int:
        return 4

    @asset(resource_defs={"io_manager": Doubling()})
    def hidden() -> int:
        return 5

    @asset(io_manager_def=FilesystemIOManager(str(tmp_path)))
    def pickled() -> set[int]:
        return {1}

    @asset
    def after(mine: int, hidden: int, pickled: set[int]) -> int:
        return mine + hidden + len(pickled)

    assert materialize([mine, hidden, pickled, after], instance=Instance.ephemeral()).asset_value("after") == 19
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["pickled.pickle"]


def test_config_and_resources_of_a_direct_call_may_come_by_position() -> None:
    class Size(Config):
        n: int

    class Place(ConfigurableResource):
        name: str

    @asset
    def label(context: Any, rows: list[int], config: Size, place: Place) -> str:
        return f"{len(rows)} of {config.n} in {place.name}"

    from nbasset import build_asset_context

    assert label(build_asset_context(), [1, 2], Size(n=3), Place(name="Oslo")) == "2 of 3 in Oslo"
