"""Scripts of the field that mean the same here: what people write in tests and pipelines, word for word."""

from __future__ import annotations

from json import JSONDecoder
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import Field

import nbasset as nb
from nbasset.serde import dumps, loads


@pytest.fixture(autouse=True)
def somewhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is nobody's project: scripts that name no instance write to the nearest home."""
    monkeypatch.chdir(tmp_path)


class Cat(nb.Config):
    kind: Literal["cat"] = "cat"
    meows: int


class Dog(nb.Config):
    kind: Literal["dog"] = "dog"
    barks: int


class Pets(nb.Config):
    pet: Cat | Dog = Field(discriminator="kind")


def test_a_function_of_specs_that_returns_nothing_has_made_them_all() -> None:
    stored: list[str] = []

    class Manager(nb.IOManager):
        def handle_output(self, context: Any, obj: Any) -> None:
            stored.append(context.name)

        def load_input(self, context: Any) -> Any: ...

    @nb.multi_asset(specs=[nb.AssetSpec("orders"), nb.AssetSpec("items", deps=["orders"])])
    def load_all() -> Any: ...

    @nb.multi_asset(specs=[nb.AssetSpec("alone")])
    def load_one() -> Any: ...

    result = nb.materialize([load_all, load_one], resources={"io_manager": Manager()})
    assert {str(event.asset_key) for event in result.get_asset_materialization_events()} == {"orders", "items", "alone"}
    assert stored == []
    assert load_all() is None


def test_a_function_of_specs_that_tells_of_one_asset_only_has_not_made_the_other() -> None:
    @nb.multi_asset(specs=[nb.AssetSpec("orders"), nb.AssetSpec("items")])
    def load_all() -> Any:
        yield nb.MaterializeResult(asset_key="orders")

    with pytest.raises(nb.InvariantViolationError, match="ended without giving output 'items'"):
        nb.materialize([load_all])


def test_a_choice_given_as_an_object_arrives_as_that_object() -> None:
    @nb.op
    def keep(config: Pets) -> str:
        return type(config.pet).__name__

    @nb.job
    def keeping() -> None:
        keep()

    assert keeping.execute_in_process(run_config=nb.RunConfig(ops={"keep": Pets(pet=Dog(barks=2))})).output_for_node("keep") == "Dog"


def test_a_constant_that_tells_classes_apart_is_written_and_other_defaults_are_not() -> None:
    class Reading(nb.Config):
        mode: Literal["fast", "slow"] = "fast"
        pets: tuple[Pets, ...] = ()

    config = nb.RunConfig(ops={"read": Reading(pets=(Pets(pet=Cat(meows=1)),))}).to_config_dict()["ops"]["read"]["config"]
    assert config == {"pets": [{"pet": {"kind": "cat", "meows": 1}}]}


def test_a_graph_of_an_asset_gives_the_value_of_the_asset_under_its_own_name() -> None:
    @nb.op
    def one() -> int:
        return 1

    @nb.op
    def add(x: int) -> int:
        return x + 1

    @nb.graph_asset
    def two() -> Any:
        return add(one())

    @nb.graph_multi_asset(outs={"first": nb.AssetOut(), "second": nb.AssetOut()})
    def both() -> Any:
        return {"first": one(), "second": add(one())}

    result = nb.materialize([two, both])
    assert result.output_for_node("two") == 2
    assert (result.output_for_node("both", "first"), result.output_for_node("both", "second")) == (1, 2)
    with pytest.raises(nb.InvariantViolationError, match="no node 'three'"):
        result.output_for_node("three")


def test_events_of_steps_and_materializations_answer_to_the_words_of_the_field() -> None:
    @nb.asset
    def orders() -> Any:
        return nb.MaterializeResult(metadata={"rows": 3})

    @nb.asset
    def broken() -> None:
        raise nb.Failure("no disk", metadata={"free": 0})

    @nb.asset(deps=[broken])
    def after() -> None: ...

    result = nb.materialize([orders, broken, after], raise_on_error=False)
    [event] = result.get_asset_materialization_events()
    assert event.materialization.metadata["rows"].value == 3
    assert [one.step_key for one in result.get_step_success_events()] == ["orders"]
    assert [one.step_key for one in result.get_step_skipped_events()] == ["after"]
    failure = result.failure_data_for_node("broken")
    assert failure is not None
    assert failure.error.cls_name == "Failure"
    assert failure.user_failure_data is not None
    assert failure.user_failure_data.description == "no disk"
    assert failure.user_failure_data.metadata["free"].value == 0


def test_all_assets_are_a_job_that_nobody_has_to_define() -> None:
    @nb.asset
    def orders() -> int:
        return 1

    @nb.asset(deps=["elsewhere", orders])
    def daily() -> int:
        return 2

    definitions = nb.Definitions(assets=[nb.AssetSpec("elsewhere"), orders, daily])
    assert definitions.resolve_implicit_global_asset_job_def().execute_in_process().success
    one = definitions.resolve_job_def("__ASSET_JOB").execute_in_process(asset_selection=[nb.AssetKey("orders")])
    assert [str(event.asset_key) for event in one.get_asset_materialization_events()] == ["orders"]
    assert [job.name for job in definitions.get_all_job_defs()] == []


def test_a_selection_is_resolved_among_assets_as_well_as_in_a_catalog() -> None:
    @nb.asset(key_prefix="raw")
    def orders() -> None: ...

    @nb.asset(deps=[orders])
    def daily() -> None: ...

    among: list[nb.AssetsDefinition | nb.AssetSpec] = [orders, daily, nb.AssetSpec("elsewhere")]
    assert nb.AssetSelection.assets(daily).upstream().resolve(among) == {orders.key, daily.key}
    assert nb.AssetSelection.all(include_sources=True).resolve(among) == {orders.key, daily.key, nb.AssetKey("elsewhere")}


def test_types_of_the_older_kind_stand_in_schemas_and_ports() -> None:
    @nb.op(
        config_schema={"n": nb.Int, "s": nb.Field(nb.String, default_value="x"), "b": nb.Bool, "f": nb.Float}, out=nb.Out(nb.List[nb.Int])
    )
    def numbers(context: Any) -> list[int]:
        return [context.op_config["n"]]

    @nb.job
    def counting() -> None:
        numbers()

    config = {"ops": {"numbers": {"config": {"n": 1, "b": True, "f": 1.5}}}}
    assert counting.execute_in_process(run_config=config).output_for_node("numbers") == [1]


def test_a_definition_tells_its_inputs_outputs_and_resources_by_name() -> None:
    @nb.asset(ins={"rows": nb.AssetIn(key=["raw", "orders"])}, required_resource_keys={"db"})
    def daily(rows: Any, other: Any) -> None: ...

    assert daily.keys_by_input_name == {"rows": nb.AssetKey(["raw", "orders"]), "other": nb.AssetKey("other")}
    assert daily.keys_by_output_name == {"result": nb.AssetKey("daily")}
    assert daily.required_resource_keys == {"db"}


def test_metadata_of_a_definition_reaches_managers_and_functions_as_it_was_written() -> None:
    seen: list[Any] = []

    class Manager(nb.IOManager):
        def handle_output(self, context: Any, obj: Any) -> None:
            seen.append(dict(context.definition_metadata))

        def load_input(self, context: Any) -> Any:
            seen.extend([dict(context.definition_metadata), dict(context.upstream_output.definition_metadata)])

    written = {"table": "orders", "parts": {"by": ["day", "shop"]}, "keep": 3, "site": nb.MetadataValue.url("https://example.org")}

    @nb.asset(metadata=written)
    def orders(context: Any) -> int:
        seen.append(dict(context.assets_def.metadata_by_key[context.asset_key]))
        return 1

    @nb.asset(ins={"orders": nb.AssetIn(metadata={"columns": ["id"]})})
    def daily(orders: Any) -> None: ...

    nb.materialize([orders, daily], resources={"io_manager": Manager()})
    assert seen == [written, written, {**written, "columns": ["id"]}, written]


def test_a_check_is_named_by_the_key_of_its_asset_and_its_own_name() -> None:
    @nb.asset
    def orders() -> int:
        return 1

    @nb.asset_check(asset=orders)
    def positive() -> bool:
        return True

    key = nb.AssetCheckKey(asset_key=orders.key, name="positive")
    assert key == nb.AssetCheckKey(orders.key, "positive") == positive.check_keys[0]
    with pytest.raises(TypeError, match="the key of the asset and the name"):
        nb.AssetCheckKey(name="positive")
    result = nb.materialize([orders, positive], selection=nb.AssetSelection.checks(key))
    assert [str(found.check) for found in result.get_asset_check_evaluations()] == ["orders:positive"]


def test_errors_and_classes_of_the_field_can_be_imported_and_caught() -> None:
    @nb.op
    def one() -> int:
        return 1

    @nb.op
    def asks(context: Any) -> Any:
        return context.resources.db

    @nb.job
    def counting() -> None:
        one()

    @nb.job
    def asking() -> None:
        asks()

    with pytest.raises(nb.InvalidSubsetError):
        counting.execute_in_process(op_selection=["two"])
    with pytest.raises(nb.UnknownResourceError):
        asking.execute_in_process()
    assert isinstance(counting.execute_in_process(), nb.JobExecutionResult)
    assert nb.AssetChecksDefinition is nb.AssetsDefinition
    assert issubclass(nb.RunNotFoundError, nb.Error)


def test_metadata_of_a_definition_is_what_was_written() -> None:
    url = nb.MetadataValue.url("https://example.org")
    written = {"rows": 3, "by": ["day"], "parts": {"a": [1]}, "of": nb.AssetKey("orders"), "none": None, "url": url}
    spec = nb.AssetSpec("orders", metadata=written)
    assert spec.metadata == written
    assert spec.merge_attributes(metadata={"rows": 4}).metadata == {**written, "rows": 4}
    assert nb.AssetCheckSpec("positive", asset="orders", metadata=written).metadata == written
    assert loads(dumps(spec)) == spec

    @nb.asset(metadata={"at": Path("data/orders.csv"), **written})
    def orders() -> nb.MaterializeResult[None]:
        return nb.MaterializeResult(metadata={"at": Path("data/orders.csv"), "columns": ["id", "day"]})

    assert orders.specs_by_key[orders.key].metadata["at"] == nb.MetadataValue.path("data/orders.csv")
    [made] = nb.materialize([orders]).get_asset_materialization_events()
    columns, at = made.metadata["columns"], made.metadata["at"]
    assert isinstance(columns, nb.JsonMetadataValue)
    assert columns.value == columns.data == ["id", "day"]
    assert isinstance(at, nb.PathMetadataValue)
    assert at.path == "data/orders.csv"


def test_each_kind_of_metadata_has_a_class_and_the_names_of_what_it_holds() -> None:
    schema, lineage, rows = nb.TableSchema.from_name_type_dict({"id": "int64"}), nb.TableColumnLineage({}), [nb.TableRecord({"id": 1})]
    make = nb.MetadataValue
    cases: list[tuple[nb.MetadataValue, Any, dict[str, Any]]] = [
        (make.text("a"), nb.TextMetadataValue, {"text": "a"}),
        (make.url("u"), nb.UrlMetadataValue, {"url": "u"}),
        (make.path("p"), nb.PathMetadataValue, {"path": "p", "fspath": "p"}),
        (make.notebook("n"), nb.NotebookMetadataValue, {"path": "n", "fspath": "n"}),
        (make.json({"a": [1]}), nb.JsonMetadataValue, {"data": {"a": [1]}}),
        (make.md("#"), nb.MarkdownMetadataValue, {"md_str": "#"}),
        (make.python_artifact(JSONDecoder), nb.PythonArtifactMetadataValue, {"module": "json.decoder", "name": "JSONDecoder"}),
        (make.float(0.5), nb.FloatMetadataValue, {"value": 0.5}),
        (make.int(3), nb.IntMetadataValue, {"value": 3}),
        (make.bool(True), nb.BoolMetadataValue, {"value": True}),
        (make.timestamp(1.0), nb.TimestampMetadataValue, {"value": 1.0}),
        (make.run("r"), nb.RunMetadataValue, {"run_id": "r"}),
        (make.job("j", "sales"), nb.JobMetadataValue, {"job_name": "j", "location_name": "sales"}),
        (make.asset(nb.AssetKey("a")), nb.AssetMetadataValue, {"asset_key": nb.AssetKey("a")}),
        (make.table(rows, schema), nb.TableMetadataValue, {"records": rows, "schema": schema}),
        (make.table_schema(schema), nb.TableSchemaMetadataValue, {"schema": schema}),
        (make.column_lineage(lineage), nb.TableColumnLineageMetadataValue, {"column_lineage": lineage}),
        (make.pool("p"), nb.PoolMetadataValue, {"pool": "p"}),
    ]
    for value, kind, held in cases:
        assert {name: getattr(value, name) for name in held} == held
        assert isinstance(value, kind)
        assert isinstance(value, nb.MetadataValue)
        assert not isinstance(value, nb.NullMetadataValue)
        arguments = {name: item for name, item in held.items() if name != "fspath"}
        assert kind(**arguments) == value
        assert loads(dumps(value)) == value
    with pytest.raises(AttributeError, match=r"metadata of kind 'md' has no 'data'\. What it holds is its \.value, \.md_str\."):
        _ = make.md("#").data  # type: ignore[attr-defined]


def test_a_run_without_a_job_has_the_name_that_the_field_gives_it() -> None:
    names: list[str] = []

    @nb.asset
    def orders(context: nb.AssetExecutionContext) -> list[int]:
        names.append(context.job_name)
        return [1, 2]

    result = nb.materialize([orders])
    assert (names, result.job_name, result.job_def.name) == (["__ephemeral_asset_job__"], *["__ephemeral_asset_job__"] * 2)
    assert result.job_def.selection == nb.AssetSelection.keys("orders")


def test_versions_of_what_was_made_are_among_its_tags() -> None:
    @nb.asset(code_version="7")
    def orders() -> nb.MaterializeResult[int]:
        return nb.MaterializeResult(value=1, data_version=nb.DataVersion("v3"), tags={"of": "day"})

    result = nb.materialize([orders])
    for [made] in (result.get_asset_materialization_events(), result.asset_materializations_for_node("orders")):
        assert made.tags["of"] == "day"
        assert made.tags["nbasset/data_version"] == made.data_version == "v3"
        assert made.tags["nbasset/code_version"] == made.code_version


def test_a_job_tells_of_its_nodes() -> None:
    @nb.op
    def one() -> int:
        return 1

    @nb.job
    def counting() -> None:
        one()
        one.alias("other")()

    @nb.asset
    def orders() -> int:
        return 1

    assert [(node.name, node.definition) for node in counting.nodes] == [("one", one), ("other", one)]
    assert (counting.has_node_named("other"), counting.has_node_named("two")) == (True, False)
    assert counting.get_node_named("other").definition is one
    with pytest.raises(nb.InvariantViolationError, match=r"job 'counting' has no node 'othr'\. Did you mean 'other'"):
        counting.get_node_named("othr")
    nightly = nb.define_asset_job("nightly", "orders")
    with pytest.raises(nb.InvariantViolationError, match="does not know its assets yet"):
        nightly.has_node_named("orders")
    assert nb.Definitions(assets=[orders], jobs=[nightly]).get_job_def("nightly").has_node_named("orders")


def test_attributes_are_changed_by_key_and_keys_are_replaced_wherever_they_stand() -> None:
    @nb.asset(deps=["rates"], check_specs=[nb.AssetCheckSpec("positive", asset="total")])
    def total(orders: int) -> nb.MaterializeResult[int]:
        return nb.MaterializeResult(value=orders, check_results=[nb.AssetCheckResult(passed=True)])

    key, check = total.key, total.check_keys[0]
    changed = total.with_attributes(
        asset_key_replacements={nb.AssetKey(name): nb.AssetKey(["shop", name]) for name in ("orders", "rates", "total")},
        group_names_by_key={key: "sales"},
        tags_by_key={key: {"tier": "gold"}},
        automation_condition={key: nb.AutomationCondition.eager()},
        backfill_policy=nb.BackfillPolicy.single_run(),
        metadata_by_key={key: {"rows": 3}, check: {"least": 0}},
        owners=["team:data"],
    )
    spec = changed.get_asset_spec()
    assert (spec.key, [str(dep.asset) for dep in spec.deps]) == (nb.AssetKey(["shop", "total"]), ["shop/rates"])
    assert (spec.group_name, spec.tags, spec.metadata, spec.owners) == ("sales", {"tier": "gold"}, {"rows": 3}, ("team:data",))
    assert (spec.automation_condition, changed.backfill_policy) == (nb.AutomationCondition.eager(), nb.BackfillPolicy.single_run())
    assert changed.keys_by_input_name == {"orders": nb.AssetKey(["shop", "orders"])}
    assert [(str(one.key), one.metadata) for one in changed.check_specs] == [("shop/total:positive", {"least": 0})]

    @nb.asset(key=["shop", "orders"])
    def orders() -> int:
        return 2

    assert nb.materialize([orders, nb.AssetSpec(["shop", "rates"]), changed]).asset_value(["shop", "total"]) == 2


def test_definitions_of_the_older_kind_are_put_together() -> None:
    @nb.op
    def one() -> int:
        return 1

    @nb.graph
    def counting() -> None:
        one()

    @nb.resource(config_schema={"name": str})
    def shop(context: Any) -> str:
        return str(context.resource_config["name"])

    @nb.asset(required_resource_keys={"shop"})
    def orders(context: nb.AssetExecutionContext) -> str:
        return str(context.resources.shop)

    @nb.asset_check(asset=orders)
    def named(orders: str) -> bool:
        return bool(orders)

    @nb.sensor(job_name="nightly")
    def watching() -> None: ...

    nightly = nb.define_asset_job("nightly", "orders")

    @nb.repository(name="sales", default_executor_def=nb.in_process_executor)
    def listed() -> list[Any]:
        bound = nb.with_resources([orders, nb.AssetSpec("rates")], {"shop": shop}, {"shop": {"config": {"name": "corner"}}})
        return [bound, named, counting, nightly, nb.ScheduleDefinition("daily", cron_schedule="@daily", job=nightly), watching]

    @nb.repository
    def by_kind() -> dict[str, Any]:
        return {"jobs": {"counting": lambda: counting.to_job()}}

    assert (listed.name, listed.executor) == ("sales", nb.in_process_executor)
    assert listed.get_job("nightly").execute_in_process().asset_value("orders") == "corner"
    assert [job.name for job in listed.get_all_job_defs()] == ["nightly", "counting"]
    assert (listed.get_schedule_def("daily").name, listed.get_sensor_def("watching").name) == ("daily", "watching")
    assert listed.get_all_asset_check_keys() == [nb.AssetCheckKey(orders.key, "named")]
    assert by_kind.get_job("counting").execute_in_process().success
    with pytest.raises(nb.InvalidDefinitionError, match=r"repository 'wrong' holds an? int, which is no definition"):
        nb.repository(name="wrong")(lambda: [3])
    with pytest.raises(nb.UnknownResource, match=r"speaks of 'shp', which is no key here\. Did you mean 'shop'"):
        nb.with_resources([orders], {"shop": shop}, {"shp": {"config": {}}})


def test_a_job_is_made_again_by_a_function_of_a_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path.parent))
    (tmp_path / "making_of_jobs.py").write_text(
        "import nbasset as nb\n@nb.op\ndef one(): return 1\n"
        "def make(name, tags=None):\n    @nb.job(name=name, tags=tags)\n    def made(): one()\n    return made\n"
    )
    made = nb.build_reconstructable_job("making_of_jobs", "make", ("counting",), {"tags": {"a": "b"}}, str(tmp_path))
    assert (made.name, made.tags, made.execute_in_process().output_for_node("one")) == ("counting", {"a": "b"}, 1)
    with pytest.raises(nb.InvalidInvocationError, match=r"module 'making_of_jobs' has no function 'mak'\. Did you mean 'make'"):
        nb.build_reconstructable_job("making_of_jobs", "mak")


def test_the_graph_of_the_assets_can_be_asked() -> None:
    @nb.asset(group_name="raw")
    def orders(rates: int) -> int:
        return rates

    @nb.asset(check_specs=[nb.AssetCheckSpec("positive", asset="total")])
    def total(orders: int) -> Any: ...

    keys = rates, raw, made = nb.AssetKey("rates"), orders.key, total.key
    graph = nb.Definitions(assets=[nb.AssetSpec("rates"), orders, total]).resolve_asset_graph()
    assert (graph.get_all_asset_keys(), graph.toposorted_asset_keys) == (set(keys), list(keys))
    assert (graph.external_asset_keys, graph.materializable_asset_keys, graph.executable_asset_keys) == ({rates}, {raw, made}, {raw, made})
    assert (graph.root_materializable_asset_keys, graph.asset_keys_for_group("raw")) == ({raw}, {raw})
    assert (graph.all_group_names, graph.asset_check_keys) == ({"raw", "default"}, set(total.check_keys))
    node = graph.get(raw)
    assert (node.key, node.parent_keys, node.child_keys, node.group_name) == (raw, {rates}, {made}, "raw")
    assert (node.is_materializable, graph.get(rates).is_materializable, node.is_partitioned) == (True, False, False)
    assert (graph.has(made), graph.has(nb.AssetKey("none"))) == (True, False)
    assert graph.get_check_keys_for_assets([raw, made]) == set(total.check_keys)


def test_names_that_older_scripts_import_are_there() -> None:
    assert nb.MAX_RUNTIME_SECONDS_TAG == "nbasset/max_runtime"
    assert nb.RunRecord is nb.Run
