"""What may be configured for a run, and what is wrong with a configuration, as the schema tells them.

The location's process gives a JSON schema; the config types are read from that, each under a key that is its place in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from nbasset.api.context import ApiContext
from nbasset.api.jobs import Job, find_job, not_found
from nbasset.api.wire import ASSET_JOB, Wire, key_of, python_error, typed, yaml_of
from nbasset.commands.answering import ConfigProblem, Refusal
from nbasset.commands.asked_config import ConfigFacts, JobConfig

_SCALARS = {"integer": "Int", "number": "Float", "string": "String", "boolean": "Bool"}
_REASONS = {"missing": "MISSING_REQUIRED_FIELD", "unknown": "FIELD_NOT_DEFINED", "choice": "SELECTOR_FIELD_ERROR"}
_NO_SUBSET = ("UnknownAsset", "InvalidSelection", "InvalidSubsetError")
_NO_JOB = ("UnknownJob",)


class ConfigType:
    """A type of configuration, read from a JSON schema; `key` is its place there."""

    def __init__(self, schema: Mapping[str, Any], key: str, root: Mapping[str, Any]) -> None:
        self.schema = _followed(schema, root)
        self.key = key
        self._root = root
        self.typename = f"{_kind(self.schema)}ConfigType"

    is_selector = False

    @property
    def description(self) -> str | None:
        return self.schema.get("description")

    @property
    def given_name(self) -> str:
        """What people call it: ``Int``, ``String``, ``Any``, the name of an enumeration."""
        kind = self.schema.get("type")
        return self.schema.get("title") or "Enum" if "enum" in self.schema else _SCALARS.get(str(kind), "Any")

    @property
    def parts(self) -> list[ConfigType]:
        """The types that it is made of."""
        if self.typename == "CompositeConfigType":
            return [one["configType"] for one in self.fields]
        if self.typename == "ScalarUnionConfigType":
            return [self.scalar_type, self.non_scalar_type]
        if self.typename == "MapConfigType":
            return [self.key_type, self.value_type]
        return [self.of_type] if self.typename in ("ArrayConfigType", "NullableConfigType") else []

    @property
    def type_param_keys(self) -> list[str]:
        return [one.key for one in self.parts] if self.typename != "CompositeConfigType" else []

    @property
    def recursive_config_types(self) -> list[ConfigType]:
        return [one for part in self.parts for one in all_types(part)]

    @property
    def fields(self) -> list[Wire]:
        """The entries of an object, in order."""
        required = set(self.schema.get("required", ()))
        return [
            config_field(self._part(one, name), name, is_required=name in required)
            for name, one in self.schema.get("properties", {}).items()
        ]

    @property
    def of_type(self) -> ConfigType:
        """What a list holds, or what may be null."""
        if self.typename == "NullableConfigType":
            others = [one for one in self.schema["anyOf"] if one.get("type") != "null"]
            return self._part(others[0] if len(others) == 1 else {**self.schema, "anyOf": others}, "?")
        return self._part(self.schema.get("items", {}), "[]")

    @property
    def key_type(self) -> ConfigType:
        return self._part({"type": "string"}, "<key>")

    @property
    def value_type(self) -> ConfigType:
        """What a mapping holds."""
        held = self.schema.get("additionalProperties")
        return self._part(held if isinstance(held, Mapping) else {}, "<value>")

    key_label_name = None

    @property
    def scalar_type(self) -> ConfigType:
        return self._part(_split(self.schema)[0], "<scalar>")

    @property
    def non_scalar_type(self) -> ConfigType:
        return self._part(_split(self.schema)[1], "<other>")

    @property
    def scalar_type_key(self) -> str:
        return self.scalar_type.key

    @property
    def non_scalar_type_key(self) -> str:
        return self.non_scalar_type.key

    @property
    def values(self) -> list[Wire]:
        """The values of an enumeration."""
        return [{"value": str(one), "description": None} for one in self.schema["enum"]]

    def _part(self, schema: Mapping[str, Any], name: str) -> ConfigType:
        return ConfigType(schema, f"{self.key}.{name}", self._root)


def config_field(kind: ConfigType, name: str, *, is_required: bool) -> Wire:
    """An entry of an object."""
    default = kind.schema.get("default")
    return typed(
        "ConfigTypeField", name=name, description=kind.description, configType=kind, configTypeKey=kind.key, isRequired=is_required,
        isSecret=kind.schema.get("format") == "password", defaultValueAsJson=None if default is None else json.dumps(default),
    )  # fmt: skip


def all_types(kind: ConfigType, depth: int = 12) -> Iterator[ConfigType]:
    """A type and all that it is made of; a schema that holds itself is not followed for ever."""
    yield kind
    for part in kind.parts if depth else ():
        yield from all_types(part, depth - 1)


def _followed(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema that a reference means."""
    for _ in range(20):
        name = schema.get("$ref")
        if not isinstance(name, str):
            break
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {**root.get("$defs", {}).get(name.rpartition("/")[2], {}), **rest}
    return schema


def _kind(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return "Enum"
    choices = schema.get("anyOf", ())
    if any(one.get("type") == "null" for one in choices):
        return "Nullable"
    if len(choices) == 2 and sum(one.get("type") in _SCALARS for one in choices) == 1:
        return "ScalarUnion"
    if schema.get("type") == "array":
        return "Array"
    if schema.get("type") == "object" or "properties" in schema:
        held = schema.get("additionalProperties")
        return "Map" if not schema.get("properties") and held not in (False, None) else "Composite"
    return "Regular"


def _split(schema: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    first, second = schema["anyOf"]
    return (first, second) if first.get("type") in _SCALARS else (second, first)


# -- what is wrong ----------------------------------------------------------------------------------------------------------------


def invalid(refusal: Refusal, pipeline_name: str) -> Wire:
    """A configuration that does not fit, error by error."""
    problems = refusal.problems or (ConfigProblem((), refusal.message),)
    return typed("RunConfigValidationInvalid", pipelineName=pipeline_name, errors=[_config_error(one) for one in problems])


def _config_error(problem: ConfigProblem) -> Wire:
    name = problem.path[-1] if problem.path else ""
    known: Wire = {"message": problem.message, "path": list(problem.path), "reason": _REASONS.get(problem.rule, "RUNTIME_TYPE_MISMATCH")}
    if problem.rule == "missing":
        kind = ConfigType({}, ".".join(problem.path), {})
        return typed("MissingFieldConfigError", field=config_field(kind, name, is_required=True), **known)
    if problem.rule == "unknown":
        return typed("FieldNotDefinedConfigError", fieldName=name, **known)
    if problem.rule == "choice":
        return typed("SelectorTypeConfigError", incomingFields=[name], **known)
    return typed("RuntimeMismatchConfigError", valueRep=None, **known)


def refusal_of_job(refusal: Refusal, context: ApiContext, selector: Wire, pipeline_name: str) -> Any:
    """Why a job with this configuration is refused, as the type that says it."""
    if refusal.cls in _NO_JOB:
        return not_found(context, selector["repository_location_name"], pipeline_name)
    if refusal.cls in _NO_SUBSET:
        return typed("InvalidSubsetError", message=refusal.message)
    return invalid(refusal, pipeline_name) if refusal.cls == "InvalidConfigError" else python_error(refusal)


# -- resolvers --------------------------------------------------------------------------------------------------------------------


class RunConfigSchema:
    """What may be configured for a run of a job."""

    typename = "RunConfigSchema"

    def __init__(self, context: ApiContext, job: Job, selector: Wire, facts: ConfigFacts) -> None:
        self.context = context
        self.job = job
        self.selector = selector
        self.facts = facts

    @property
    def root_config_type(self) -> ConfigType:
        """The type of the whole configuration."""
        schema = self.facts.json_schema
        assert isinstance(schema, Mapping)
        return ConfigType(schema, self.job.name, schema)

    @property
    def all_config_types(self) -> list[ConfigType]:
        return list({one.key: one for one in all_types(self.root_config_type)}.values())

    @property
    def root_default_yaml(self) -> str:
        """The job's own configuration, else the least that fits."""
        found = self.facts.own or self.facts.scaffold
        return yaml_of(found) if isinstance(found, Mapping) and found else "{}\n"

    @property
    def json_schema(self) -> Any:
        return self.facts.json_schema

    def is_run_config_valid(self, info: Any, run_config_data: Any = None) -> Any:
        """Whether a configuration would be accepted."""
        return check(self.context, self.job, self.selector, run_config_data)


def check(context: ApiContext, job: Job, selector: Wire, config: Any) -> Any:
    """Whether a configuration would be accepted for a run of a job, or of the assets that are selected of it."""
    answer = job.location.ask("asked_config:check_config", asked_of(job, selector, config))
    if answer.refusal is not None:
        return refusal_of_job(answer.refusal, context, selector, job.name)
    return typed("PipelineConfigValidationValid", pipelineName=job.name)


def asked_of(job: Job, selector: Wire, config: Any = None) -> JobConfig:
    """What the process is asked."""
    chosen = selector.get("asset_selection")
    assets = tuple(map(key_of, chosen)) if chosen else None
    return JobConfig("" if job.name == ASSET_JOB else job.name, assets, config)


def _schema(parent: Any, info: Any, selector: Wire, mode: str | None = None) -> Any:
    context: ApiContext = info.context
    job = find_job(context, selector)
    if job is None:
        return not_found(context, selector["repository_location_name"], selector["pipeline_name"])
    if mode not in (None, "", "default"):
        return typed("ModeNotFoundError", message=f"job '{job.name}' has no mode '{mode}': there is one, 'default'.")
    answer = job.location.ask("asked_config:config_facts", asked_of(job, selector))
    if answer.refusal is not None:
        return refusal_of_job(answer.refusal, context, selector, job.name)
    return RunConfigSchema(context, job, selector, answer.value)


def _is_valid(parent: Any, info: Any, pipeline: Wire, mode: str, run_config_data: Any = None) -> Any:
    context: ApiContext = info.context
    job = find_job(context, pipeline)
    if job is None:
        return not_found(context, pipeline["repository_location_name"], pipeline["pipeline_name"])
    return check(context, job, pipeline, run_config_data)


RESOLVERS = {
    "Query.runConfigSchemaOrError": _schema,
    "Query.isPipelineConfigValid": _is_valid,
}
