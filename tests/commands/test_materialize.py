"""Materializing from Python: values, partitions, failures, config, resources, executors."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbasset.commands.carrying_out import Manner
from nbasset.commands.materialize import materialize, materialize_in, materialize_to_memory
from nbasset.commands.scope import Scope
from nbasset.definitions.asset_decorators import asset, multi_asset
from nbasset.definitions.config import Config
from nbasset.definitions.definitions import Definitions
from nbasset.definitions.listed_partitions import StaticPartitionsDefinition
from nbasset.definitions.partitions import PartitionKeyRange
from nbasset.definitions.specs import AssetOut, AssetSpec
from nbasset.definitions.time_partitions import DailyPartitionsDefinition
from nbasset.errors import (
    InvalidConfigError,
    InvalidDefinitionError,
    InvalidInvocationError,
    InvariantViolationError,
    ProblemsFound,
    UnknownPartitionError,
)
from nbasset.instance import Instance, instance_for_test
from nbasset.keys import AssetKey
from nbasset.locations.notebook import load_notebook


@pytest.fixture
def instance() -> Iterator[Instance]:
    """A home on disk for one test."""
    with instance_for_test() as made:
        yield made


@asset
def orders() -> list[int]:
    """Three orders."""
    return [1, 2, 3]


@asset
def total(orders: list[int]) -> int:
    """Their sum."""
    return sum(orders)


def test_values_are_stored_as_parquet_and_the_run_is_recorded(instance: Instance) -> None:
    result = materialize([orders, total], instance=instance, tags={"team": "x"})
    assert (result.success, result.asset_value("total"), result.output_for_node("orders")) == (True, 6, [1, 2, 3])
    assert sorted(path.name for path in Path(instance.warehouse).glob("*.parquet")) == ["orders.parquet", "total.parquet"]
    run = instance.get_run_by_id(result.run_id)
    assert run is not None
    assert (run.status, run.tags, run.steps, run.succeeded) == ("success", {"team": "x"}, 2, 2)
    assert [fact.asset for fact in result.get_asset_materialization_events()] == [AssetKey("orders"), AssetKey("total")]


def test_the_code_version_of_a_module_asset_is_recorded(instance: Instance) -> None:
    result = materialize([orders], instance=instance)
    (fact,) = result.get_asset_materialization_events()
    assert fact.code_version.startswith("n1:")
    text = instance.reader.text(fact.source_id)
    assert text is not None
    assert "def orders" in text


def test_a_home_is_that_of_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NBASSET_HOME", raising=False)
    assert materialize([orders]).success
    assert (tmp_path / "warehouse" / "orders.parquet").exists()
    with Instance.open(tmp_path) as here:
        assert Definitions([orders]).load_asset_value("orders") == [1, 2, 3]
        assert len(here.get_runs()) == 1


def test_what_a_run_kept_in_memory_goes_with_its_result_and_not_with_the_next_collection() -> None:
    class Table:
        """Something large."""

    @asset
    def orders() -> Table:
        return Table()

    @asset
    def report(orders: Table) -> int:
        return 1

    gc.disable()  # nothing of a run may hold itself in a ring
    try:
        table = weakref.ref(materialize_to_memory([orders, report]).asset_value("orders"))
        assert table() is None
    finally:
        gc.enable()


def test_to_memory_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    @asset
    def unstorable() -> Any:
        return object

    result = materialize_to_memory([unstorable])
    assert result.asset_value("unstorable") is object
    assert list(tmp_path.iterdir()) == []


def test_only_what_is_selected_runs(instance: Instance) -> None:
    materialize([orders, total], instance=instance)
    result = materialize([orders, total], instance=instance, selection="total")
    assert [fact.asset for fact in result.get_asset_materialization_events()] == [AssetKey("total")]


def test_a_failing_step_raises_with_its_place_and_skips_what_reads_it(instance: Instance) -> None:
    @asset
    def broken() -> int:
        return {"a": 1}["b"]

    @asset
    def after(broken: int) -> int:
        return broken

    with pytest.raises(KeyError, match="b") as raised:
        materialize([broken, after], instance=instance)
    assert raised.value.__notes__[0].startswith("Step 'broken' of run ")
    result = materialize([broken, after, orders], instance=instance, raise_on_error=False)
    assert (result.success, result.is_node_failed("broken"), result.is_node_skipped("after"), result.is_node_success("orders")) == (
        False, True, True, True,
    )  # fmt: skip
    error = result.failure_data_for_node("broken")
    assert error is not None
    assert (error.cls, error.message) == ("KeyError", "'b'")
    assert [event.reason for event in result.get_step_skipped_events()] == ["upstream-failed"]
    with pytest.raises(InvariantViolationError, match="did not make 'after'"):
        result.asset_value("after")


def test_problems_of_definitions_stop_it_before_anything_runs(instance: Instance) -> None:
    @asset
    def lost(ordres: list[int]) -> int:
        return 1

    with pytest.raises(ProblemsFound, match="Did you mean 'orders'"):
        materialize([orders, lost], instance=instance)
    assert instance.get_runs() == []


def test_nothing_that_can_be_made_is_an_error_that_says_so(instance: Instance) -> None:
    with pytest.raises(InvalidDefinitionError, match="nothing to make"):
        materialize([AssetSpec("elsewhere")], instance=instance)


def test_an_external_asset_among_the_assets_is_read_not_made(instance: Instance) -> None:
    materialize([orders], instance=instance)
    result = materialize([AssetSpec("orders"), total], instance=instance)
    assert (len(result.plan.steps), result.asset_value("total")) == (1, 6)


# -- partitions -------------------------------------------------------------------------------------------------------------------

DAILY = DailyPartitionsDefinition("2025-01-01", "2025-01-06")


@asset(partitions_def=DAILY)
def daily(context: Any) -> list[str]:
    """The day."""
    return [context.partition_key]


def test_one_partition_several_or_a_range_are_made(instance: Instance) -> None:
    assert materialize([daily], instance=instance, partition_key="2025-01-02").asset_value("daily") == ["2025-01-02"]
    several = materialize([daily], instance=instance, partition_keys=["2025-01-01", "2025-01-03"])
    assert several.asset_value("daily", "2025-01-03") == ["2025-01-03"]
    with pytest.raises(InvariantViolationError, match="say which, partition_key='2025-01-01'"):
        several.asset_value("daily")
    ranged = materialize([daily], instance=instance, partition_range=PartitionKeyRange("2025-01-04", "2025-01-05"))
    assert len(ranged.plan.steps) == 2
    assert instance.get_materialized_partitions("daily") == {f"2025-01-0{day}" for day in range(1, 6)}
    assert instance.get_runs()[-1].tags == {"nbasset/partition": "2025-01-02"}


def test_tags_of_the_run_may_name_partitions_and_tell_them_afterwards(instance: Instance) -> None:
    start, end = "nbasset/asset_partition_range_start", "nbasset/asset_partition_range_end"
    tags = {start: "2025-01-02", end: "2025-01-03"}
    assert len(materialize([daily], instance=instance, tags=tags).plan.steps) == 2
    assert materialize([daily], instance=instance, tags={"nbasset/partition": "2025-01-05"}).asset_value("daily") == ["2025-01-05"]
    assert instance.get_materialized_partitions("daily") == {"2025-01-02", "2025-01-03", "2025-01-05"}
    materialize([daily], instance=instance, partition_range=("2025-01-02", "2025-01-03"))
    assert instance.get_runs()[0].tags == tags
    with pytest.raises(InvalidInvocationError, match="a range has two ends"):
        materialize([daily], instance=instance, tags={start: "2025-01-02"})


def test_partitions_that_do_not_fit_are_refused_with_the_nearest(instance: Instance) -> None:
    with pytest.raises(UnknownPartitionError, match="2025-01-05"):
        materialize([daily], instance=instance, partition_key="2025-01-09")
    with pytest.raises(InvalidDefinitionError, match="say which partitions"):
        materialize([daily], instance=instance)
    with pytest.raises(UnknownPartitionError, match="has no partitions"):
        materialize([orders], instance=instance, partition_key="2025-01-01")
    with pytest.raises(InvalidInvocationError, match="Keep one"):
        materialize([daily], instance=instance, partition_key="2025-01-01", partition_keys=["2025-01-01"])
    with pytest.raises(InvalidInvocationError, match="list of keys"):
        materialize([daily], instance=instance, partition_keys="2025-01-01")


def test_listed_partitions_keep_their_numbers_from_the_first_run_on(tmp_path: Path) -> None:
    @asset(partitions_def=StaticPartitionsDefinition(["x", "y"]))
    def letters(context: Any) -> list[str]:
        return [context.partition_key]

    with Instance.local_temp(str(tmp_path)) as first:
        materialize([letters], instance=first, partition_key="y")
    with Instance.local_temp(str(tmp_path)) as second:
        materialize([letters], instance=second, partition_key="x")
        assert second.get_materialized_partitions("letters", partitions_def=letters.partitions_def) == {"x", "y"}
        value = second.load_asset_value(Definitions([letters]).resolve(), AssetKey("letters"), partition_key="y")
        assert value == ["y"]


# -- config and resources -------------------------------------------------------------------------------------------------------


class Size(Config):
    """How many."""

    n: int


def test_config_is_checked_before_anything_runs_and_reaches_the_function(instance: Instance) -> None:
    @asset
    def sized(config: Size) -> int:
        return config.n

    result = materialize([orders, sized], {"ops": {"sized": {"config": {"n": 3}}}}, instance)
    assert result.asset_value("sized") == 3
    with pytest.raises(InvalidConfigError, match=r"n.*many"):
        materialize([orders, sized], {"ops": {"sized": {"config": {"n": "many"}}}}, instance)
    with pytest.raises(InvalidConfigError):
        materialize([orders, sized], instance=instance)
    assert len(instance.get_runs()) == 1
    assert materialize([orders, sized], instance=instance, selection="orders").success


def test_resources_given_to_the_call_reach_the_function(instance: Instance) -> None:
    @asset(required_resource_keys={"db"})
    def read(context: Any) -> list[str]:
        return [context.resources.db]

    assert materialize([read], instance=instance, resources={"db": "given"}).asset_value("read") == ["given"]


def test_a_multi_asset_is_made_at_once(instance: Instance) -> None:
    @multi_asset(outs={"low": AssetOut(), "high": AssetOut()})
    def both() -> tuple[int, int]:
        return 1, 9

    result = materialize([both], instance=instance)
    assert (result.asset_value("low"), result.output_for_node("both", "high")) == (1, 9)


@pytest.mark.parametrize("executor", ["inline", "threads"])
def test_executors_come_to_the_same(instance: Instance, executor: str) -> None:
    assert materialize([orders, total], instance=instance, executor=executor).asset_value("total") == 6


def test_worker_processes_run_a_notebook_from_its_slices(instance: Instance, write_notebook: Callable[..., Path]) -> None:
    location = load_notebook(
        write_notebook(
            "import os\nfrom nbasset import Definitions, asset\nRATE = 2\ndefs = Definitions(resources={'db': 5})",
            "%%asset rows --resource db\nprint('in a worker')\n[os.getpid(), context.resources.db]",
            "@asset\ndef total(rows) -> int:\n    return RATE * rows[1]",
            "%%asset bad\n\n1 / 0",
        )
    )
    result = materialize_in(Scope(location, instance), raise_on_error=False, manner=Manner(executor="processes"))
    import os

    pid, five = result.asset_value("rows")
    assert (pid != os.getpid(), five, result.asset_value("total")) == (True, 5, 10)
    error = result.failure_data_for_node("bad")
    assert error is not None
    assert (error.cls, error.place) == ("ZeroDivisionError", "cell 4 of notebook.ipynb, line 3")
    assert [path.read_text() for path in instance.home.runs.rglob("rows.1.out")] == ["in a worker\n"]


def test_code_that_lives_in_this_process_cannot_go_to_workers(instance: Instance) -> None:
    with pytest.raises(InvalidConfigError, match="live in this process"):
        materialize([orders], instance=instance, executor="processes", resources={"db": 1})
    with pytest.raises(InvalidConfigError, match="Choose inline, threads or processes"):
        materialize([orders], instance=instance, executor="proceses")


def test_the_result_speaks_json(instance: Instance) -> None:
    said = materialize([orders], instance=instance).to_json()
    assert (said["status"], said["steps"], said["materialized"][0]["asset"], said["materialized"][0]["rows"]) == ("success", 1, "orders", 3)
