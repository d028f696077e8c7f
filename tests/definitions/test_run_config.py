from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from nbasset.definitions.config import Config
from nbasset.definitions.config_files import config_from_files, config_from_pkg_resources, config_from_yaml_strings, parse_yaml
from nbasset.definitions.config_mapping import ConfigMapping, ConfiguredSchema, config_mapping, configured
from nbasset.definitions.config_ports import ConfigSchema
from nbasset.definitions.resources import ConfigurableResource, resource_schema
from nbasset.definitions.run_config import RunConfig, op_config, run_config_data
from nbasset.definitions.run_config_schema import NodeConfigSchema, RunConfigSchema
from nbasset.errors import InvalidConfigError, InvalidDefinitionError
from nbasset.secrets import EnvVar


class Delays(Config):
    n: int
    carrier: str = "UA"


class Size(Config):
    size: int


class Store(ConfigurableResource):
    url: str
    retries: int = 3


@config_mapping(config_schema={"size": int})
def mapping(config: Any) -> dict[str, Any]:
    return {"inner": {"config": {"n": config["size"]}}}


JOB = RunConfigSchema(
    ops={
        "delays": NodeConfigSchema(ConfigSchema(Delays)),
        "plain": NodeConfigSchema(),
        "graph": NodeConfigSchema(ops={"trim": NodeConfigSchema(ConfigSchema({"rows": int})), "sort": NodeConfigSchema()}),
        "mapped": NodeConfigSchema(ops={"inner": NodeConfigSchema(ConfigSchema(Delays))}, mapping=mapping),
        "loads": NodeConfigSchema(inputs={"size": ConfigSchema(int), "any": None}),
    },
    resources={"store": resource_schema(Store.configure_at_launch()), "given": resource_schema(Store(url="x")), "plain": None},
    loggers={"console": ConfigSchema({"log_level": str})},
    of="job 'flights'",
)
LEAST: dict[str, Any] = {
    "ops": {"delays": {"config": {"n": 1}}, "graph": {"ops": {"trim": {"config": {"rows": 1}}}}, "mapped": {"config": {"size": 1}}},
    "resources": {"store": {"config": {"url": "text"}}},
    "loggers": {"console": {"config": {"log_level": "text"}}},
}


def changed(section: str, name: str, entry: Any) -> dict[str, Any]:
    return {**LEAST, section: {**LEAST.get(section, {}), name: entry}}


def test_the_scaffold_is_the_least_config_that_fits() -> None:
    assert JOB.scaffold() == LEAST
    assert JOB.validate(LEAST) == LEAST
    assert JOB.validate(RunConfig.from_dict(LEAST)) == LEAST
    assert JOB.validate(json.dumps(LEAST)) == LEAST


def test_config_objects_stand_for_their_data() -> None:
    config = RunConfig(
        ops={"delays": Delays(n=3), "graph": {"ops": {"trim": {"config": {"rows": 1}}}}, "mapped": {"config": {"size": 1}}},
        resources={"store": Store(url=EnvVar("STORE_URL"))},
        loggers={"console": {"config": {"log_level": "INFO"}}},
    )
    data = JOB.validate(config)
    assert data["ops"]["delays"] == {"config": {"n": 3}}
    assert data["resources"] == {"store": {"config": {"url": {"env": "STORE_URL"}}}}
    assert run_config_data({"ops": {"delays": Delays(n=3)}}) == {"ops": {"delays": {"config": {"n": 3}}}}
    assert json.loads(json.dumps(data)) == data


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({**LEAST, "op": {}}, "op: unknown section. Did you mean 'ops'? Known here: execution, inputs, loggers, ops, resources."),
        ({**LEAST, "assets": {}}, "assets: unknown section. Assets are configured under 'ops', by the name of the asset."),
        (changed("ops", "delay", {}),
         "ops.delay: unknown op or asset. Did you mean 'delays'? Known here: delays, graph, loads, mapped, plain."),
        (changed("ops", "delays", {"n": 1, "config": {"n": 1}}),
         "ops.delays.n: unknown entry. What this op takes stands under 'config': delays: {config: {...}}."),
        (changed("ops", "delays", {"config": {"n": "a"}}), "ops.delays.config.n: expected int, got 'a' (str). Example: n: 1"),
        (changed("ops", "delays", 3), "ops.delays: expected {config: ...}, got 3 (int)"),
        (changed("ops", "plain", {"config": {"n": 1}}),
         "ops.plain.config: unknown entry. 'plain' takes no config: its function has no parameter 'config' and no config_schema."),
        (changed("ops", "graph", {"ops": {"trim": {"config": {}}}}),
         "ops.graph.ops.trim.config.rows: missing; int is required. Example: rows: 1"),
        (changed("ops", "graph", {"ops": {"trim": {"config": {"rows": 1}}, "trom": {}}}),
         "ops.graph.ops.trom: unknown op or asset. Did you mean 'trim'? Known here: sort, trim."),
        (changed("ops", "mapped", {"config": {"size": 1}, "ops": {}}),
         "ops.mapped.ops: the inside of this graph is not open to config. Its config mapping fills it; give 'config'."),
        (changed("ops", "mapped", {"config": {}}), "ops.mapped.config.size: missing; int is required. Example: size: 1"),
        (changed("ops", "loads", {"inputs": {"size": "a"}}), "ops.loads.inputs.size: expected int, got 'a' (str). Example: config: 1"),
        (changed("ops", "loads", {"inputs": {"sise": 1}}),
         "ops.loads.inputs.sise: unknown input. Did you mean 'size'? Known here: any, size."),
        (changed("resources", "stroe", {}), "resources.stroe: unknown resource. Did you mean 'store'? Known here: given, plain, store."),
        (changed("resources", "store", {"url": "x", "config": {"url": "x"}}), "resources.store.url: unknown entry. Known here: config."),
        (changed("resources", "store", {"config": {"url": 3}}),
         'resources.store.config.url: expected str, got 3 (int). Example: url: "text"'),
        (changed("resources", "given", {"config": {"retries": "x"}}),
         "resources.given.config.retries: expected int, got 'x' (str). Example: retries: 1"),
        (changed("resources", "plain", {"config": {"a": 1}}), "resources.plain.config: the resource 'plain' takes no config"),
        (changed("loggers", "consol", {}), "loggers.consol: unknown logger. Did you mean 'console'? Known here: console."),
        ({**LEAST, "ops": 3, "loggers": LEAST["loggers"]}, None),
        ({**LEAST, "inputs": {"a": 1}}, "inputs.a: unknown input. Nothing can be configured here."),
    ],
)  # fmt: skip
def test_a_wrong_run_config_says_where_and_how(config: dict[str, Any], text: str | None) -> None:
    with pytest.raises(InvalidConfigError) as error:
        JOB.validate(config)
    lines = str(error.value).splitlines()
    if text is None:
        assert lines[1] == "  ops: expected entries by name of an op or asset, got 3 (int)"
        return
    assert lines == ["1 error in the config of job 'flights':", f"  {text}"]


def test_all_errors_of_all_sections_come_at_once() -> None:
    errors = JOB.check({"ops": {"delays": {"config": {"m": 1}}}, "resources": {"x": {}}}).errors
    assert [error.where for error in errors] == [
        "ops.delays.config.n", "ops.delays.config.m", "ops.graph.ops.trim.config.rows", "ops.mapped.config.size", "resources.x",
        "resources.store.config.url", "loggers.console.config.log_level",
    ]  # fmt: skip


def test_a_run_config_reads_yaml_and_refuses_what_is_none() -> None:
    assert RunConfig.from_yaml("ops:\n  a: {config: {n: 1}}").ops == {"a": {"config": {"n": 1}}}
    assert RunConfig.from_yaml("") == RunConfig()
    with pytest.raises(InvalidConfigError) as error:
        RunConfig.from_yaml("ops: [1\nb: 2")
    assert str(error.value).startswith("1 error in the run config:\n  not readable as YAML: line 2, column ")
    with pytest.raises(InvalidConfigError, match=r"expected the sections ops, resources, loggers, execution, got 'text' \(str\)"):
        RunConfig.from_yaml("text")
    with pytest.raises(InvalidConfigError, match="line 2, column 1: 'ops' is given twice"):
        parse_yaml("ops: {}\nops: {}")
    with pytest.raises(InvalidConfigError, match="expected a RunConfig, a dict or YAML text, got 3"):
        run_config_data(3)  # type: ignore[arg-type]


def test_yaml_runs_no_code() -> None:
    with pytest.raises(InvalidConfigError, match="not readable as YAML"):
        parse_yaml("a: !!python/object/apply:os.getcwd []")


def test_a_secret_or_an_object_in_a_run_config_is_named_at_its_path() -> None:
    class Secretive(Config):
        token: SecretStr

    with pytest.raises(InvalidConfigError) as error:
        RunConfig(ops={"a": Secretive(token=SecretStr("hunter22")), "b": {"config": {"x": object()}}}).to_config_dict()
    assert "hunter22" not in str(error.value)
    assert [item.where for item in error.value.errors] == ["ops.a", "ops.b.config.x"]
    assert "a builtins.object has no form in JSON, so it cannot be configuration. Make it a resource instead" in str(error.value)


def test_configs_from_files_and_texts_are_joined_entry_by_entry(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("ops: {a: {config: {n: 1, password: {env: A}}}}")
    (tmp_path / "b.yaml").write_text("ops: {a: {config: {m: 2, password: {env: B}}}}")
    joined = {"ops": {"a": {"config": {"n": 1, "m": 2, "password": {"env": "B"}}}}}
    assert config_from_files([str(tmp_path / "*.yaml")]) == joined
    assert config_from_files([str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml")]) == joined
    assert config_from_yaml_strings(["a: 1", "b: 2"]) == {"a": 1, "b": 2}
    with pytest.raises(InvalidDefinitionError, match="no config file matches"):
        config_from_files([str(tmp_path / "c.yaml")])
    with pytest.raises(InvalidConfigError, match="1 error in YAML text 1"):
        config_from_yaml_strings(["[1]"])


def test_configs_from_packages_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "nbasset_test_configs"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "a.yaml").write_text("a: 1")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert config_from_pkg_resources([("nbasset_test_configs", "a.yaml")]) == {"a": 1}
    with pytest.raises(InvalidDefinitionError, match=r"no config file 'b.yaml' in package 'nbasset_test_configs'"):
        config_from_pkg_resources([("nbasset_test_configs", "b.yaml")])


def test_the_config_of_an_op_is_read_for_its_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBASSET_TEST_CARRIER", "canary-carrier")
    data = {"ops": {"delays": {"config": {"n": 1, "carrier": {"env": "NBASSET_TEST_CARRIER"}}}}}
    plain, value = op_config(data, "delays", Delays)
    assert (value.n, value.carrier) == (1, "canary-carrier")
    assert plain == {"n": 1, "carrier": "canary-carrier"}
    assert "canary" not in repr(plain) + repr(value)
    assert op_config({"ops": {"graph": {"ops": {"trim": {"config": {"rows": 2}}}}}}, "graph.trim", {"rows": int}) == (
        {"rows": 2},
        {"rows": 2},
    )
    assert op_config({}, "x", None) == (None, None)
    with pytest.raises(InvalidConfigError, match=r"ops.graph.ops.trim.config.rows: missing; int is required"):
        op_config({}, "graph.trim", {"rows": int})


def test_a_mapping_makes_the_config_of_the_nodes_inside() -> None:
    @config_mapping
    def typed(config: Size) -> RunConfig:
        return RunConfig(ops={"inner": Delays(n=config.size)})

    assert mapping.nodes({"size": 3}) == {"inner": {"config": {"n": 3}}}
    assert typed.nodes({"size": 3}) == {"inner": {"config": {"n": 3}}}
    assert typed.schema.source is Size
    with pytest.raises(InvalidConfigError, match=r"config.size: missing; int is required"):
        typed.nodes({})
    with pytest.raises(InvalidConfigError, match="returned an int; return a dict or a RunConfig"):
        ConfigMapping(lambda config: 3).nodes({})
    with pytest.raises(InvalidDefinitionError, match="the annotation 'NotThere' of 'odd' cannot be read"):

        @config_mapping
        def odd(config: NotThere) -> None: ...  # type: ignore[name-defined] # noqa: F821

    with pytest.raises(InvalidDefinitionError, match="both a parameter annotated with a config class and config_schema"):
        ConfigMapping(typed.config_fn, {"size": int})


def test_a_configured_schema_hides_the_inner_one() -> None:
    inner = ConfigSchema(Delays)
    fixed = ConfiguredSchema(inner, {"n": 3})
    assert fixed.resolve({}) == Delays(n=3)
    assert not fixed.is_required
    assert fixed.digest({}) != ConfiguredSchema(inner, {"n": 4}).digest({})
    made = ConfiguredSchema(inner, lambda config: {"n": config["size"]}, {"size": int})
    assert made.resolve({"size": 5}) == Delays(n=5)
    assert [str(error) for error in made.validate({"n": 1}).errors] == [
        "config.size: missing; int is required. Example: size: 1", "config.n: unknown entry. Known here: size.",
    ]  # fmt: skip
    with pytest.raises(InvalidConfigError, match="1 error in the fixed config of 'daily'"):
        ConfiguredSchema(inner, {"n": "a"}, name="daily")


def test_configured_asks_the_definition_itself() -> None:
    class Definition:
        def configured(self, config: Any, config_schema: Any = None, **options: Any) -> Any:
            return config, config_schema, options

    assert configured(Definition(), name="daily")({"n": 1}) == ({"n": 1}, None, {"name": "daily"})

    @configured(Definition(), {"size": int})
    def sized(config: Any) -> Any:
        return {"n": config["size"]}

    assert sized[1:] == ({"size": int}, {"name": "sized"})
    with pytest.raises(InvalidDefinitionError, match="an int has no config to fix"):
        configured(3)({})


def test_the_json_schema_covers_the_whole_run() -> None:
    schema = JOB.json_schema()
    assert json.loads(json.dumps(schema)) == schema
    assert set(schema["properties"]) == {"ops", "resources", "loggers", "execution", "inputs"}
    assert schema["properties"]["ops"]["properties"]["delays"]["properties"]["config"]["required"] == ["n"]


def test_inner_definitions_of_the_same_name_do_not_clash() -> None:
    inner_int = ConfigSchema({"inner": {"n": int}})
    job = RunConfigSchema(ops={"a": NodeConfigSchema(inner_int), "b": NodeConfigSchema(ConfigSchema({"inner": {"n": str}}))})
    schema = job.json_schema()
    ops = schema["properties"]["ops"]["properties"]
    kinds = []
    for name in ("a", "b"):
        reference = ops[name]["properties"]["config"]["properties"]["inner"]["$ref"].removeprefix("#/$defs/")
        kinds.append(schema["$defs"][reference]["properties"]["n"]["type"])
    assert kinds == ["integer", "string"]
