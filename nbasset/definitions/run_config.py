"""`RunConfig`: what people write to configure a run, and the plain data it stands for.

Data is JSON with references to the environment by name, so that it can be recorded as it is. What a job expects, and whether the data
fits, is `run_config_schema`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, TypeAlias

from nbasset.dataclass import dataclass
from nbasset.definitions.config_errors import ConfigError, Path, shown, unknown_entry
from nbasset.definitions.config_files import parse_yaml
from nbasset.definitions.config_ports import ConfigSchema
from nbasset.errors import InvalidConfigError
from nbasset.secrets import EnvVar

RunConfigLike: TypeAlias = "RunConfig | Mapping[str, Any] | str | None"
SECTIONS = ("ops", "resources", "loggers", "execution", "inputs")
_ELSEWHERE = {"assets": "Assets are configured under 'ops', by the name of the asset.", "solids": "The section is called 'ops'."}


@dataclass(frozen=True)
class RunConfig:
    """Configuration for one run, with config objects where you have them.

    Each entry of `ops` and `resources` is a config object, or a dict as in YAML (``{"config": {...}}``). An asset is configured under
    its own name in `ops`.

    >>> RunConfig(ops={"delays": {"config": {"n": 1}}}).to_config_dict()
    {'ops': {'delays': {'config': {'n': 1}}}}
    >>> RunConfig.from_yaml("resources: {db: {config: {password: {env: DB_PASSWORD}}}}").resources
    {'db': {'config': {'password': {'env': 'DB_PASSWORD'}}}}
    """

    ops: Mapping[str, Any] = field(default_factory=dict)
    resources: Mapping[str, Any] = field(default_factory=dict)
    loggers: Mapping[str, Any] = field(default_factory=dict)
    execution: Any = None
    inputs: Mapping[str, Any] = field(default_factory=dict)

    def to_config_dict(self) -> dict[str, Any]:
        """The same as plain data, for YAML and JSON; empty sections are left out.

        Raises
        ------
        InvalidConfigError
            If a value has no form in JSON, or a secret was given as a value and not by the name of its variable.
        """
        out: dict[str, Any] = {}
        errors: list[ConfigError] = []
        for section in SECTIONS:
            value = getattr(self, section)
            if value is None or (isinstance(value, Mapping) and not value):
                continue
            out[section] = _entry(value, (section,), errors, config=section == "execution")
        if errors:
            raise InvalidConfigError(errors, "the run config")
        return out

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> RunConfig:
        """A run config from plain data.

        Raises
        ------
        InvalidConfigError
            If there is a section nobody knows.
        """
        errors = unknown_sections(data)
        if errors:
            raise InvalidConfigError(errors, "the run config")
        return RunConfig(**{section: data[section] for section in SECTIONS if data.get(section) is not None})

    @staticmethod
    def from_yaml(text: str) -> RunConfig:
        """A run config from YAML or JSON text."""
        data = parse_yaml(text, of="the run config")
        if not isinstance(data, Mapping):
            error = ConfigError((), f"expected the sections {', '.join(SECTIONS[:4])}, got {shown(data)}", "type")
            raise InvalidConfigError([error], "the run config")
        return RunConfig.from_dict(data)


def run_config_data(config: RunConfigLike) -> dict[str, Any]:
    """Whatever somebody gave as a run config, as plain data.

    >>> run_config_data("ops: {a: {config: {n: 1}}}")
    {'ops': {'a': {'config': {'n': 1}}}}
    """
    if config is None:
        return {}
    if isinstance(config, str):
        return RunConfig.from_yaml(config).to_config_dict()
    if isinstance(config, RunConfig):
        return config.to_config_dict()
    if not isinstance(config, Mapping):
        error = ConfigError((), f"expected a RunConfig, a dict or YAML text, got {shown(config)}", "type")
        raise InvalidConfigError([error], "the run config")
    errors: list[ConfigError] = []
    data = {str(key): _entry(value, (str(key),), errors, config=False) for key, value in config.items()}
    if errors:
        raise InvalidConfigError(errors, "the run config")
    return data


def _entry(value: Any, path: Path, errors: list[ConfigError], *, config: bool = True) -> Any:
    """Data for a section or an entry. A config object stands for ``{"config": ...}`` unless it already stands under that word."""
    if isinstance(value, EnvVar):
        return value.as_data()
    if isinstance(value, RunConfig):
        return _entry({section: getattr(value, section) for section in SECTIONS if getattr(value, section)}, path, errors)
    if isinstance(value, Mapping):
        return {str(key): _entry(item, (*path, str(key)), errors, config=key != "config") for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_entry(item, (*path, index), errors, config=False) for index, item in enumerate(value)]
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    from nbasset.definitions.config_written import written

    try:
        data = written(value)
    except InvalidConfigError as error:
        errors += [item.under(path) for item in error.errors if isinstance(item, ConfigError)]
        return None
    return {"config": data} if config and getattr(value, "__nbasset_fields__", False) else data


def op_config(run_config: Mapping[str, Any], handle: str, config_schema: Any) -> tuple[Any, Any]:
    """The config of one op for its run, references read: what `context.op_config` is, and the object for a parameter ``config``.

    `handle` is the op's name, or a path through graphs (``clean.trim``).

    Raises
    ------
    InvalidConfigError
        With every error at its path, also every variable that is not set.
    """
    schema = ConfigSchema.of(config_schema)
    if schema is None:
        return None, None
    data, path = _config_of(run_config, handle)
    value = schema.resolve(data, path, of=f"the config of '{handle}'")
    if isinstance(value, dict) or not hasattr(value, "model_dump"):
        return value, value
    from nbasset.definitions.config_compile import ResolvedConfig

    return ResolvedConfig(value.model_dump()), value


def _config_of(run_config: Mapping[str, Any], handle: str) -> tuple[Any, Path]:
    ops = run_config.get("ops") or {}
    parts = (handle,) if handle in ops else tuple(handle.split("."))
    path: Path = ()
    entry: Any = {"ops": ops}
    for part in parts:
        entry = (entry.get("ops") or {}).get(part) or {} if isinstance(entry, Mapping) else {}
        path = (*path, "ops", part)
    return (entry.get("config") if isinstance(entry, Mapping) else None), (*path, "config")


def unknown_sections(data: Mapping[str, Any]) -> list[ConfigError]:
    """An error for each section nobody knows."""
    errors = []
    for name in data:
        if name not in SECTIONS:
            error = unknown_entry((name,), SECTIONS, what="section")
            errors.append(ConfigError((name,), "unknown section", "unknown", hint=_ELSEWHERE.get(str(name), error.hint)))
    return errors
