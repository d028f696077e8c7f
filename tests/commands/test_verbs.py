"""Verbs over a notebook and a home: plan, run, list, graph, show, load, drop, doctor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nbasset import AssetOut, DynamicPartitionsDefinition, asset, multi_asset
from nbasset.arguments import parse
from nbasset.arguments.options import DropArguments, GraphArguments, ListArguments, LoadArguments, PartitionArguments, ShowArguments
from nbasset.commands.configuration import merged_config
from nbasset.commands.doctor import doctor
from nbasset.commands.drop import drop
from nbasset.commands.lineage import joined, lineage, picture_json, rendered, write_picture
from nbasset.commands.list_assets import list_assets
from nbasset.commands.load import load
from nbasset.commands.plan import PlanResult, plan
from nbasset.commands.run import RunResult, run
from nbasset.commands.scope import Scope, scope_of
from nbasset.commands.show import facts_text, show
from nbasset.drawing.picture import Edge
from nbasset.errors import (
    HiddenState,
    InvalidConfigError,
    InvalidDefinitionError,
    InvalidInvocationError,
    InvalidSelection,
    MissingValue,
    ProblemsFound,
    UnknownAsset,
    UnknownPartitionError,
)
from nbasset.events.kinds import RunRequested, RunStarted, Target
from nbasset.instance import Instance, instance_for_test
from nbasset.keys import AssetKey, RunId
from nbasset.locations.notebook import load_notebook
from nbasset.planning.explain import notes_of
from nbasset.storage.processes import this_process

Write = Callable[..., Path]
CELLS = (
    "RATE = 2",
    "%%asset orders --group raw --kind csv\n'Three orders.'\n[1, 2, 3]",
    "%%asset doubled\n[RATE * x for x in orders]",
    "%%asset total --group report\nsum(doubled)",
)
PARTITIONED = (
    "%%asset days --partitions daily:2025-01-01..2025-01-05\n[int(context.partition_key[-2:])]",
    "%%asset doubled_days --partitions daily:2025-01-01..2025-01-05\n[2 * day for day in days]",
    "%%asset summary\nsum(len(day) for day in doubled_days.values())",
)


@pytest.fixture
def instance() -> Iterator[Instance]:
    """A home on disk for one test."""
    with instance_for_test() as made:
        yield made


@pytest.fixture
def scope_of_cells(instance: Instance, write_notebook: Write) -> Callable[..., Scope]:
    """A scope over a notebook of these cells, in the test's home."""
    return lambda *cells: Scope(load_notebook(write_notebook(*cells)), instance)


def _run(scope: Scope, text: str = "run") -> RunResult:
    return run(scope, parse(text)[1])


def _plan(scope: Scope, text: str = "plan") -> PlanResult:
    return plan(scope, parse(text)[1])


def _made(done: RunResult) -> list[str]:
    return [] if done.result is None else [str(fact.asset) for fact in done.result.get_asset_materialization_events()]


# -- plan and run -----------------------------------------------------------------------------------------------------------------


def test_without_a_name_everything_that_is_not_fresh_runs_once(scope_of_cells: Callable[..., Scope]) -> None:
    scope = scope_of_cells(*CELLS)
    assert _made(_run(scope)) == ["orders", "doubled", "total"]
    again = _run(scope)
    assert (again.result, again.success, again.planned.headline) == (None, True, "Nothing to do: 3 assets fresh.")


def test_a_plan_says_what_would_run_and_why_and_runs_nothing(scope_of_cells: Callable[..., Scope], instance: Instance) -> None:
    scope = scope_of_cells(*CELLS)
    planned = _plan(scope)
    assert [(node.name, [one.text for one in node.why]) for node in planned.nodes] == [
        ("orders", ["it was never materialized"]), ("doubled", ["it was never materialized"]), ("total", ["it was never materialized"]),
    ]  # fmt: skip
    assert planned.headline == "3 steps would make 3 assets."
    assert instance.get_runs() == []
    assert not instance.home.state.exists()


def test_named_assets_run_again_and_bring_missing_upstream_along(scope_of_cells: Callable[..., Scope]) -> None:
    scope = scope_of_cells(*CELLS)
    assert _made(_run(scope, "run doubled")) == ["orders", "doubled"]
    assert _made(_run(scope, "run doubled")) == ["doubled"]
    assert _made(_run(scope, "run orders+")) == ["orders", "doubled", "total"]


def test_a_plan_and_its_run_say_what_a_function_makes_along(instance: Instance) -> None:
    @multi_asset(outs={"low": AssetOut(), "high": AssetOut()})
    def both() -> tuple[int, int]:
        return 1, 2

    scope = scope_of([both], instance=instance)
    said = ("low: its function makes it together with one that you asked for",)
    assert notes_of(_plan(scope, "plan high").nodes[0].why) == said
    done = _run(scope, "run high")
    assert _made(done) == ["low", "high"]
    assert done.result is not None
    assert notes_of(done.result.plan.steps[0].why) == said
    assert notes_of(_plan(scope, "plan low high").nodes[0].why) == ()


def test_only_means_nothing_but_the_selection(scope_of_cells: Callable[..., Scope]) -> None:
    done = _run(scope_of_cells(*CELLS), "run doubled --only")
    assert not done.success
    assert done.result is not None
    error = done.result.failure_data_for_node("doubled")
    assert error is not None
    assert error.cls == "MissingValue"


def test_a_changed_helper_makes_stale_what_uses_it_and_unchanged_data_stops_the_work(
    scope_of_cells: Callable[..., Scope], instance: Instance
) -> None:
    _run(scope_of_cells(*CELLS))
    changed = scope_of_cells("RATE = 1 + 1", *CELLS[1:])
    planned = _plan(changed)
    assert [(node.name, node.perhaps) for node in planned.nodes] == [("doubled", False), ("total", True)]
    assert "only if what they read changes" in planned.headline
    done = _run(changed)
    assert _made(done) == ["doubled"]
    assert done.result is not None
    assert [(event.step, event.reason) for event in done.result.get_step_skipped_events()] == [("total", "fresh")]
    assert _run(changed).result is None


def test_force_runs_everything_again(scope_of_cells: Callable[..., Scope]) -> None:
    scope = scope_of_cells(*CELLS)
    _run(scope)
    assert _made(_run(scope, "run --force")) == ["orders", "doubled", "total"]


def test_stale_and_failed_narrow_a_selection(scope_of_cells: Callable[..., Scope]) -> None:
    cells = (*CELLS, "%%asset broken\n1 / 0")
    scope = scope_of_cells(*cells)
    assert not _run(scope).success
    assert [node.name for node in _plan(scope, "plan --failed").nodes] == ["broken"]
    assert _plan(scope, "plan total --stale").is_empty
    assert [node.name for node in _plan(scope, "plan").nodes] == ["broken"]


def test_missing_partitions_upstream_are_made_first(scope_of_cells: Callable[..., Scope], instance: Instance) -> None:
    scope = scope_of_cells(*PARTITIONED)
    assert _made(_run(scope, "run doubled_days -p 2025-01-02")) == ["days", "doubled_days"]
    assert instance.get_materialized_partitions("days") == {"2025-01-02"}
    planned = _plan(scope, "plan doubled_days -s 2025-01-01 -e 2025-01-03")
    assert [(node.name, node.partitions) for node in planned.nodes] == [
        ("days", "2025-01-01, 2025-01-03"), ("doubled_days", "2025-01-01..2025-01-03"),
    ]  # fmt: skip


def test_an_unpartitioned_summary_brings_all_partitions_along(scope_of_cells: Callable[..., Scope], instance: Instance) -> None:
    scope = scope_of_cells(*PARTITIONED)
    done = _run(scope)
    assert len(_made(done)) == 11
    assert done.result is not None
    assert done.result.asset_value("summary") == 5
    assert _run(scope).result is None


def test_missing_runs_only_what_was_never_made(scope_of_cells: Callable[..., Scope]) -> None:
    scope = scope_of_cells(*PARTITIONED)
    _run(scope, "run days -p 2025-01-01..2025-01-04")
    planned = _plan(scope, "plan days --missing")
    assert [(node.name, node.partitions) for node in planned.nodes] == [("days", "2025-01-05")]


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("plan totl", UnknownAsset, "Did you mean 'total'"),
        ("plan group:nothing", InvalidSelection, "met by no asset"),
        ("plan total or", InvalidSelection, "or"),
        ("plan total -p 2025-01-01", UnknownPartitionError, "has no partitions"),
        ("plan -c nothing.yaml", InvalidConfigError, "neither a file nor a pair"),
        ("plan -c ops.totl.config.n=1", InvalidConfigError, "totl"),
    ],
)
def test_wishes_that_cannot_be_met_are_refused(
    scope_of_cells: Callable[..., Scope], text: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        _plan(scope_of_cells(*CELLS), text)


def test_a_partition_that_is_none_is_refused(scope_of_cells: Callable[..., Scope]) -> None:
    scope = scope_of_cells(*PARTITIONED)
    with pytest.raises(UnknownPartitionError, match="2025-01-05"):
        _plan(scope, "plan days -p 2025-01-06")
    with pytest.raises(InvalidDefinitionError, match="say which partitions"):
        _plan(scope, "plan days")


def test_hidden_state_stops_a_run_of_everything_but_not_of_other_assets(scope_of_cells: Callable[..., Scope], instance: Instance) -> None:
    scope = scope_of_cells(*CELLS, "%%asset leaning\nfx * 2")
    with pytest.raises(HiddenState, match="cell 5 uses `fx`"):
        _run(scope)
    with pytest.raises(HiddenState, match="cell 5 uses `fx`"):
        _run(scope, "run leaning")
    assert instance.get_runs() == []
    assert _made(_run(scope, "run total")) == ["orders", "doubled", "total"]


def test_other_problems_stop_what_they_spoil(scope_of_cells: Callable[..., Scope]) -> None:
    scope = scope_of_cells(*CELLS, "%%asset ending\nx = orders")
    with pytest.raises(ProblemsFound, match="--no-value"):
        _run(scope, "run ending")
    assert _run(scope, "run orders").success


def test_run_configuration_from_pairs_reaches_the_asset(scope_of_cells: Callable[..., Scope]) -> None:
    scope = scope_of_cells(
        "from nbasset import Config, asset\n\nclass Size(Config):\n    n: int = 1",
        "@asset\ndef sized(config: Size) -> int:\n    return config.n",
    )
    done = _run(scope, "run sized -c ops.sized.config.n=3")
    assert done.result is not None
    assert done.result.asset_value("sized") == 3
    assert _run(scope, "run sized --stale -c ops.sized.config.n=3").result is None
    assert _run(scope, "run sized --stale -c ops.sized.config.n=4").result is not None


def test_pairs_win_over_files(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("ops: {a: {config: {n: 1, word: x}}}")
    assert merged_config([str(file), "ops.a.config.n=2"]) == {"ops": {"a": {"config": {"n": 2, "word": "x"}}}}


# -- looking ----------------------------------------------------------------------------------------------------------------------


def test_the_list_tells_state_age_and_size(scope_of_cells: Callable[..., Scope]) -> None:
    scope = scope_of_cells(*CELLS, "%%asset leaning\nfx")
    _run(scope, "run orders")
    listed = list_assets(scope)
    assert [(str(row.key), row.state) for row in listed.rows] == [
        ("orders", "fresh"), ("doubled", "missing"), ("total", "missing"), ("leaning", "problem"),
    ]  # fmt: skip
    orders = listed.rows[0]
    assert (orders.group, orders.kinds, orders.description, orders.rows, orders.fact) == (
        "raw", ("csv",), "Three orders.", 3, "just now, 3 rows",
    )  # fmt: skip
    assert [str(row.key) for row in list_assets(scope, ListArguments("status:fresh")).rows] == ["orders"]
    assert listed.to_json()["assets"][0]["key"] == "orders"
    assert [problem.rule for problem in listed.problems] == ["hidden-state"]


def test_partitions_are_counted(scope_of_cells: Callable[..., Scope]) -> None:
    scope = scope_of_cells(*PARTITIONED)
    _run(scope, "run days -p 2025-01-01..2025-01-02")
    row = list_assets(scope, ListArguments("days")).rows[0]
    assert (row.partitions, row.fact, row.state) == ((2, 5), "2 of 5 partitions", "missing")


def test_a_partitioned_asset_without_partitions_is_missing(instance: Instance) -> None:
    cities = DynamicPartitionsDefinition(name="cities")

    @asset(partitions_def=cities)
    def towns(context: Any) -> str:
        return str(context.partition_key)

    scope = scope_of([towns], instance=instance)
    row = list_assets(scope).rows[0]
    assert (row.state, row.fact, row.partitions) == ("missing", "no partitions yet", (0, 0))
    assert [str(one.key) for one in list_assets(scope, ListArguments("status:missing")).rows] == ["towns"]
    instance.add_dynamic_partitions("cities", ["Oslo"])
    row = list_assets(scope).rows[0]
    assert (row.state, row.fact) == ("missing", "0 of 1 partition")


def test_what_runs_now_is_shown_as_running(scope_of_cells: Callable[..., Scope], instance: Instance) -> None:
    scope = scope_of_cells(*CELLS)
    run_id = RunId("r1")
    instance.storage.append([RunRequested(1, run_id, (Target(AssetKey("orders")),)), RunStarted(1, run_id, this_process())])
    assert list_assets(scope, ListArguments("orders")).rows[0].state == "running"


def test_the_lineage_is_a_picture_with_states(scope_of_cells: Callable[..., Scope]) -> None:
    scope = scope_of_cells(*CELLS)
    _run(scope, "run orders")
    picture = lineage(scope)
    assert [(node.key, node.state, node.group) for node in picture.nodes] == [
        ("orders", "fresh", "raw"), ("doubled", "missing", "default"), ("total", "missing", "report"),
    ]  # fmt: skip
    assert picture.edges == (Edge("orders", "doubled"), Edge("doubled", "total"))
    assert [node.key for node in lineage(scope, GraphArguments("+doubled")).nodes] == ["orders", "doubled"]
    assert picture_json(picture)["edges"][0] == {"source": "orders", "target": "doubled", "loads": True}


@pytest.mark.parametrize(
    ("form", "start"),
    [("svg", b"<svg"), ("txt", b"Lineage"), ("dot", b"digraph"), ("json", b"{"), ("html", b"<!doctype"), ("png", b"\x89PNG")],
)
def test_a_picture_is_written_in_the_form_of_its_ending(
    scope_of_cells: Callable[..., Scope], tmp_path: Path, form: str, start: bytes
) -> None:
    picture = lineage(scope_of_cells(*CELLS))
    written = write_picture(picture, tmp_path / "out" / f"x.{form}")
    assert start in written.read_bytes()[:400]


def test_an_ending_that_is_no_form_is_refused(scope_of_cells: Callable[..., Scope], tmp_path: Path) -> None:
    with pytest.raises(InvalidInvocationError, match="Did you mean 'svg'"):
        write_picture(lineage(scope_of_cells(*CELLS)), tmp_path / "x.sgv")


def test_pictures_of_several_locations_are_joined_at_what_one_makes_and_another_reads(scope_of_cells: Callable[..., Scope]) -> None:
    makes = lineage(scope_of_cells("%%asset orders\n[1]"))
    reads = lineage(scope_of_cells("from nbasset import AssetSpec\norders = AssetSpec('orders')", "%%asset total --deps orders\n1"))
    picture = joined([reads, makes])
    assert {node.key: node.state for node in picture.nodes} == {"orders": "missing", "total": "missing"}
    assert rendered(picture, "txt")


def test_everything_about_one_asset(scope_of_cells: Callable[..., Scope]) -> None:
    scope = scope_of_cells(*CELLS)
    _run(scope)
    _run(scope, "run doubled")
    facts = show(scope, ShowArguments("doubled"))
    assert (facts.state, facts.upstream, facts.downstream, facts.rows) == ("fresh", (AssetKey("orders"),), (AssetKey("total"),), 3)
    assert (len(facts.versions), facts.columns[0].type, facts.place) == (2, "int64", "cell 3 of notebook.ipynb")
    assert "[RATE * x for x in orders]" in facts.code
    text = facts_text(facts)
    assert "reads:       orders" in text
    assert "3 rows, 1 column:" in text
    assert facts.to_json()["versions"][0]["rows"] == 3
    with pytest.raises(UnknownAsset, match="Did you mean 'doubled'"):
        show(scope, ShowArguments("dobled"))
    with pytest.raises(InvalidSelection, match="names 2 assets"):
        show(scope, ShowArguments("doubled+"))


def test_a_failed_asset_shows_its_error_with_the_users_line(scope_of_cells: Callable[..., Scope]) -> None:
    scope = scope_of_cells("%%asset broken\n\n1 / 0")
    _run(scope)
    facts = show(scope, ShowArguments("broken"))
    assert facts.state == "failed"
    assert "cell 1 of notebook.ipynb, line 3" in facts_text(facts)
    assert "ZeroDivisionError" in facts_text(facts)


def test_one_partition_is_shown_on_its_own(scope_of_cells: Callable[..., Scope]) -> None:
    scope = scope_of_cells(*PARTITIONED)
    _run(scope, "run days -p 2025-01-01..2025-01-02")
    facts = show(scope, ShowArguments("days", "2025-01-02"))
    assert ([one.partition for one in facts.versions], dict(facts.counts)) == (["2025-01-02"], {"fresh": 2, "missing": 3})
    with pytest.raises(UnknownPartitionError, match="has no partitions"):
        show(scope, ShowArguments("summary", "2025-01-02"))


def test_of_a_batch_of_partitions_the_newest_is_shown(scope_of_cells: Callable[..., Scope]) -> None:
    scope = scope_of_cells(
        "%%asset days --partitions daily:2025-01-01..2025-01-05 --single-run\n{key: [int(key[-2:])] for key in context.partition_keys}"
    )
    _run(scope, "run days -p 2025-01-01..2025-01-03")
    facts = show(scope, ShowArguments("days"))
    assert [one.partition for one in facts.versions] == ["2025-01-03", "2025-01-02", "2025-01-01"]
    assert facts.preview == ((3,),)


# -- loading and dropping ---------------------------------------------------------------------------------------------------------


def test_a_value_is_loaded_now_or_as_it_was(scope_of_cells: Callable[..., Scope], instance: Instance) -> None:
    _run(scope_of_cells("%%asset a\n[1]"))
    first = instance.get_latest_materialization_event("a")
    assert first is not None
    assert first.asset_materialization is not None
    scope = scope_of_cells("%%asset a\n[2]")
    _run(scope)
    assert load(scope, LoadArguments("a")) == [2]
    for as_of in (first.asset_materialization.version_id, str(first.run_id)[:8]):
        assert load(scope, LoadArguments("a", as_of=as_of)) == [1]
    with pytest.raises(MissingValue, match="not materialized yet at 2001-01-01"):
        load(scope, LoadArguments("a", as_of="2001-01-01"))
    with pytest.raises(InvalidInvocationError, match="no version, run or moment"):
        load(scope, LoadArguments("a", as_of="nothing"))


def test_partitions_are_loaded_one_by_key_and_several_as_a_dict(scope_of_cells: Callable[..., Scope]) -> None:
    scope = scope_of_cells(*PARTITIONED)
    with pytest.raises(MissingValue, match="no partition of asset 'days'"):
        load(scope, LoadArguments("days"))
    _run(scope, "run days -p 2025-01-01..2025-01-02")
    assert load(scope, LoadArguments("days", partitions=PartitionArguments("2025-01-02"))) == [2]
    assert load(scope, LoadArguments("days")) == {"2025-01-01": [1], "2025-01-02": [2]}


def test_the_type_to_load_as_can_be_named(scope_of_cells: Callable[..., Scope]) -> None:
    scope = scope_of_cells("%%asset table\n[{'x': 1}]")
    _run(scope)
    assert load(scope, LoadArguments("table", type="pandas")).shape == (1, 1)
    with pytest.raises(InvalidInvocationError, match="Did you mean 'pandas'"):
        load(scope, LoadArguments("table", type="panda"))


def test_dropping_gives_up_records_and_files_if_asked(scope_of_cells: Callable[..., Scope], instance: Instance) -> None:
    scope = scope_of_cells(*CELLS)
    _run(scope)
    file = Path(instance.warehouse) / "orders.parquet"
    assert drop(scope, DropArguments("orders")).keys == (AssetKey("orders"),)
    assert file.exists()
    assert _plan(scope).nodes[0].name == "orders"
    _run(scope)
    assert drop(scope, DropArguments("orders, total", data=True)).files == 2
    assert not file.exists()


def test_dropping_one_partition_leaves_the_others(scope_of_cells: Callable[..., Scope], instance: Instance) -> None:
    scope = scope_of_cells(*PARTITIONED)
    _run(scope, "run days -p 2025-01-01..2025-01-03")
    result = drop(scope, DropArguments("days", PartitionArguments("2025-01-02"), data=True))
    assert (result.partitions, result.files) == (1, 1)
    assert instance.get_materialized_partitions("days") == {"2025-01-01", "2025-01-03"}


# -- doctor -----------------------------------------------------------------------------------------------------------------------


def test_a_new_home_is_sound_and_looking_makes_nothing(tmp_path: Path) -> None:
    with Instance.local_temp(str(tmp_path)) as instance:
        result = doctor(instance)
        assert result.is_sound
        assert list(tmp_path.iterdir()) == []


def test_the_doctor_finds_dead_runs_lost_files_and_open_folders(scope_of_cells: Callable[..., Scope], instance: Instance) -> None:
    scope = scope_of_cells(*CELLS)
    _run(scope)
    (Path(instance.warehouse) / "total.parquet").unlink()
    instance.home.state.chmod(0o755)
    dead = replace(this_process(), started=this_process().started + 1)
    instance.storage.append([RunRequested(1, RunId("dead")), RunStarted(1, RunId("dead"), dead)])
    found = {finding.name: finding for finding in doctor(instance).findings}
    assert {name for name, finding in found.items() if finding.status == "warning"} == {"state", "runs", "files"}
    assert found["files"].remedy == "nbasset run total"
    fixed = {finding.name: finding.status for finding in doctor(instance, parse("doctor --fix")[1]).findings}
    assert fixed["runs"] == "ok"
    assert instance.get_run_by_id("dead").status == "failure"  # type: ignore[union-attr]


def test_the_doctor_finds_a_damaged_store(tmp_path: Path) -> None:
    with Instance.local_temp(str(tmp_path)) as instance:
        instance.add_dynamic_partitions("x", ["a"])
    database = tmp_path / ".nbasset" / "nbasset.db"
    database.write_bytes(b"not a database at all" * 100)
    with Instance.local_temp(str(tmp_path)) as instance:
        result = doctor(instance)
    assert not result.is_sound
    assert {finding.name for finding in result.findings if finding.status == "failed"} == {"store"}
