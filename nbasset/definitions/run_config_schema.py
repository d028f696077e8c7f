"""What may be configured for a run, and whether a run config fits: every error at once.

A job makes one `RunConfigSchema` from its nodes, resources and loggers; validating, scaffolding and the JSON schema for forms are its
methods. References to the environment are kept, not read: a variable need not be set where a config is checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from nbasset.dataclass import dataclass
from nbasset.definitions.config_errors import ConfigError, Path, shown, unknown_entry
from nbasset.definitions.config_mapping import ConfigMapping
from nbasset.definitions.config_ports import Checked, ConfigSchema
from nbasset.definitions.run_config import RunConfigLike, run_config_data, unknown_sections
from nbasset.errors import InvalidConfigError


@dataclass(frozen=True)
class NodeConfigSchema:
    """What may be configured for one op, asset or graph.

    `config` is its own schema; `ops` the nodes of a graph. A graph with a `mapping` hides its nodes: its config is the mapping's.
    `inputs` names inputs that take a value from config, each with the schema of its loader or None for any value; `outputs` and `managed`
    the outputs and inputs of which the I/O manager takes config.
    """

    config: ConfigSchema | None = None
    ops: Mapping[str, NodeConfigSchema] = field(default_factory=dict)
    inputs: Mapping[str, ConfigSchema | None] = field(default_factory=dict)
    mapping: ConfigMapping | None = None
    outputs: Mapping[str, ConfigSchema] = field(default_factory=dict)
    managed: Mapping[str, ConfigSchema] = field(default_factory=dict)


@dataclass(frozen=True)
class RunConfigSchema:
    """What may be configured for a run, section by section; `of` names it in errors (``job 'flights'``)."""

    ops: Mapping[str, NodeConfigSchema] = field(default_factory=dict)
    resources: Mapping[str, ConfigSchema | None] = field(default_factory=dict)
    loggers: Mapping[str, ConfigSchema | None] = field(default_factory=dict)
    execution: ConfigSchema | None = None
    inputs: Mapping[str, ConfigSchema | None] = field(default_factory=dict)
    of: str = "the run"

    def check(self, config: RunConfigLike) -> Checked:
        """The normalised data and every error. References are kept, not read: variables need not be set here."""
        try:
            given = run_config_data(config)
        except InvalidConfigError as error:
            return Checked(None, tuple(item for item in error.errors if isinstance(item, ConfigError)))
        errors = list(unknown_sections(given))
        out: dict[str, Any] = {
            "ops": _checked_nodes(self.ops, given.get("ops"), ("ops",), errors),
            "resources": _checked_section(self.resources, given.get("resources"), ("resources",), errors, what="resource"),
            "loggers": _checked_section(self.loggers, given.get("loggers"), ("loggers",), errors, what="logger"),
            "inputs": _checked_inputs(self.inputs, given.get("inputs"), ("inputs",), errors),
        }
        execution = given.get("execution")
        if execution is not None and self.execution is not None:
            inner = execution.get("config", execution) if isinstance(execution, Mapping) else execution
            out["execution"] = {"config": _checked(self.execution, inner, ("execution", "config"), errors)}
        elif execution is not None:
            out["execution"] = execution
        return Checked(None, tuple(errors)) if errors else Checked({name: value for name, value in out.items() if value})

    def validate(self, config: RunConfigLike) -> dict[str, Any]:
        """The normalised data, to be recorded with the run.

        Raises
        ------
        InvalidConfigError
            With every error at once.
        """
        checked = self.check(config)
        if checked.errors:
            raise InvalidConfigError(checked.errors, f"the config of {self.of}")
        data: dict[str, Any] = checked.data
        return data

    def scaffold(self) -> dict[str, Any]:
        """The least config that fits: every required entry, with an example in its place."""
        out: dict[str, Any] = {
            "ops": {name: made for name, node in self.ops.items() if (made := _scaffold_node(node))},
            "resources": {key: {"config": schema.example()} for key, schema in self.resources.items() if schema and schema.is_required},
            "loggers": {key: {"config": schema.example()} for key, schema in self.loggers.items() if schema and schema.is_required},
        }
        if self.execution is not None and self.execution.is_required:
            out["execution"] = {"config": self.execution.example()}
        return {section: value for section, value in out.items() if value}

    def json_schema(self) -> dict[str, Any]:
        """JSON schema of the whole, for editors and forms: names of the job's own ops and resources, with their own schemas."""
        definitions: dict[str, Any] = {}
        sections = {
            "ops": _object({name: _node_json(node, definitions) for name, node in self.ops.items()}),
            "resources": _object({key: _config_json(schema, definitions) for key, schema in self.resources.items()}),
            "loggers": _object({key: _config_json(schema, definitions) for key, schema in self.loggers.items()}),
            "execution": _config_json(self.execution, definitions) if self.execution else {"type": "object"},
            "inputs": {"type": "object"},
        }
        return {**_object(sections), "$defs": definitions} if definitions else _object(sections)


def _entries(data: Any, path: Path, errors: list[ConfigError], expected: str) -> Mapping[str, Any]:
    if data is None:
        return {}
    if isinstance(data, Mapping):
        return data
    errors.append(ConfigError(path, f"expected {expected}, got {shown(data)}", "type", expected))
    return {}


def _checked_nodes(nodes: Mapping[str, NodeConfigSchema], data: Any, path: Path, errors: list[ConfigError]) -> dict[str, Any]:
    before = len(errors)
    given = _entries(data, path, errors, "entries by name of an op or asset")
    if len(errors) > before:
        return {}
    for name in given:
        if name not in nodes:
            errors.append(unknown_entry((*path, name), list(nodes), what="op or asset"))
    out = {}
    for name, node in nodes.items():
        made = _checked_node(node, given.get(name), (*path, name), errors)
        if made:
            out[name] = made
    return out


def _checked_node(node: NodeConfigSchema, data: Any, path: Path, errors: list[ConfigError]) -> dict[str, Any]:
    before = len(errors)
    given = _entries(data, path, errors, "{config: ...}")
    if len(errors) > before:
        return {}
    schema = node.mapping.schema if node.mapping is not None else node.config
    known = [*(["config"] if schema else []), *(["ops"] if node.ops and node.mapping is None else [])]
    known += [*(["inputs"] if node.inputs or node.managed else []), *(["outputs"] if node.outputs else [])]
    for name in given:
        if name not in known and not (name == "config" and not given[name]):
            errors.append(_misplaced(name, (*path, name), known, schema, node))
    out: dict[str, Any] = {}
    if schema is not None:
        out["config"] = _checked(schema, given.get("config"), (*path, "config"), errors)
    if node.mapping is None and node.ops:
        out["ops"] = _checked_nodes(node.ops, given.get("ops"), (*path, "ops"), errors)
    if node.inputs or node.managed:
        out["inputs"] = _checked_inputs(node.inputs, given.get("inputs"), (*path, "inputs"), errors, node.managed)
    if node.outputs:
        out["outputs"] = _checked_inputs({}, given.get("outputs"), (*path, "outputs"), errors, node.outputs, what="output")
    return {name: value for name, value in out.items() if value or name == "config"}


def _misplaced(name: str, path: Path, known: list[str], schema: ConfigSchema | None, node: NodeConfigSchema) -> ConfigError:
    if name == "ops" and node.mapping is not None:
        return ConfigError(
            path, "the inside of this graph is not open to config", "unknown", hint="Its config mapping fills it; give 'config'."
        )
    if schema is not None and "config" in known:
        return ConfigError(
            path, "unknown entry", "unknown", hint=f"What this op takes stands under 'config': {path[-2]}: {{config: {{...}}}}."
        )
    return unknown_entry(path, known, instead=f"'{path[-2]}' takes no config: its function has no parameter 'config' and no config_schema.")


def _checked_section(
    schemas: Mapping[str, ConfigSchema | None], data: Any, path: Path, errors: list[ConfigError], *, what: str
) -> dict[str, Any]:
    given = _entries(data, path, errors, f"entries by name of a {what}")
    for name in given:
        if name not in schemas:
            errors.append(unknown_entry((*path, name), list(schemas), what=what))
    out = {}
    for name, schema in schemas.items():
        here = (*path, name)
        before = len(errors)
        entry = _entries(given.get(name), here, errors, "{config: ...}")
        if len(errors) > before:
            continue
        errors += [unknown_entry((*here, key), ["config"], what="entry") for key in entry if key != "config"]
        if schema is None:
            if entry.get("config"):
                errors.append(ConfigError((*here, "config"), f"the {what} '{name}' takes no config", "unknown"))
        elif name in given or schema.is_required:
            out[name] = {"config": _checked(schema, entry.get("config"), (*here, "config"), errors)}
    return out


def _checked_inputs(
    inputs: Mapping[str, ConfigSchema | None], data: Any, path: Path, errors: list[ConfigError],
    managed: Mapping[str, ConfigSchema] | None = None, *, what: str = "input",
) -> dict[str, Any]:  # fmt: skip
    """Values of inputs, and what I/O managers take for the `managed` ones: that is missed where it is not given but must be."""
    before = len(errors)
    given = _entries(data, path, errors, f"entries by name of an {what}")
    if len(errors) > before:
        return {}
    schemas = {**inputs, **(managed or {})}
    missed = [name for name, schema in (managed or {}).items() if name not in given and schema.is_required]
    out = {}
    for name, value in [*given.items(), *((name, None) for name in missed)]:
        if name not in schemas:
            errors.append(unknown_entry((*path, name), list(schemas), what=what))
            continue
        schema = schemas[name]
        out[name] = value if schema is None else _checked(schema, value, (*path, name), errors)
    return out


def _checked(schema: ConfigSchema, data: Any, path: Path, errors: list[ConfigError]) -> Any:
    checked = schema.validate(data, path)
    errors += checked.errors
    return checked.data


def _scaffold_node(node: NodeConfigSchema) -> dict[str, Any]:
    schema = node.mapping.schema if node.mapping is not None else node.config
    out: dict[str, Any] = {"config": schema.example()} if schema is not None and schema.is_required else {}
    if node.mapping is None:
        inner = {name: made for name, item in node.ops.items() if (made := _scaffold_node(item))}
        out |= {"ops": inner} if inner else {}
    for section, schemas in (("inputs", node.managed), ("outputs", node.outputs)):
        wanted = {name: one.example() for name, one in schemas.items() if one.is_required}
        out |= {section: wanted} if wanted else {}
    return out


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "additionalProperties": False}


def _node_json(node: NodeConfigSchema, definitions: dict[str, Any]) -> dict[str, Any]:
    schema = node.mapping.schema if node.mapping is not None else node.config
    properties: dict[str, Any] = {"config": _hoisted(schema.json_schema(), definitions)} if schema is not None else {}
    if node.ops and node.mapping is None:
        properties["ops"] = _object({name: _node_json(item, definitions) for name, item in node.ops.items()})
    if node.inputs or node.managed:
        properties["inputs"] = {"type": "object"}
    if node.outputs:
        properties["outputs"] = _object({name: _hoisted(one.json_schema(), definitions) for name, one in node.outputs.items()})
    return _object(properties)


def _config_json(schema: ConfigSchema | None, definitions: dict[str, Any]) -> dict[str, Any]:
    return _object({"config": _hoisted(schema.json_schema(), definitions)} if schema is not None else {})


def _hoisted(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema with its inner definitions moved to the one table at the root; clashing names get a number."""
    inner = schema.get("$defs", {})
    names: dict[str, str] = {}
    for name, definition in inner.items():
        free, number = name, 2
        while free in definitions and definitions[free] != definition:
            free, number = f"{name}_{number}", number + 1
        names[name] = free
        definitions.setdefault(free, definition)
    for old, new in names.items():
        if old != new:
            definitions[new] = _renamed(definitions[new], names)
    return _renamed({key: value for key, value in schema.items() if key != "$defs"}, names)  # type: ignore[no-any-return]


def _renamed(data: Any, names: Mapping[str, str]) -> Any:
    if isinstance(data, dict):
        out = {key: _renamed(value, names) for key, value in data.items()}
        reference = out.get("$ref")
        if isinstance(reference, str) and reference.startswith("#/$defs/"):
            name = reference.removeprefix("#/$defs/")
            out["$ref"] = f"#/$defs/{names.get(name, name)}"
        return out
    return [_renamed(item, names) for item in data] if isinstance(data, list) else data
