"""Config that stands for other config: `ConfigMapping` for graphs, `configured` for definitions.

Both put a small schema in front and a function behind it that makes the config underneath.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, overload

from nbasset.definitions.config_errors import ConfigError, Path
from nbasset.definitions.config_ports import Checked, ConfigSchema, config_parameter
from nbasset.definitions.run_config import RunConfig, run_config_data
from nbasset.errors import InvalidConfigError, InvalidDefinitionError, kind_of

T = TypeVar("T")


class ConfigMapping:
    """A graph's own config, and the function that turns it into config for the nodes inside.

    `config_fn` takes the config (an instance, if its parameter is annotated with a `Config` class; else a dict) and returns a `RunConfig`
    or a dict by node: ``{"clean": {"config": {"n": 1}}}``.

    >>> mapping = ConfigMapping(lambda config: {"clean": {"config": {"n": config["size"]}}}, {"size": int})
    >>> mapping.nodes({"size": 3})
    {'clean': {'config': {'n': 3}}}
    """

    def __init__(
        self, config_fn: Callable[[Any], Any], config_schema: Any = None, receive_processed_config_values: bool | None = None
    ) -> None:
        found = _sole_config_class(config_fn)
        if found is not None and config_schema is not None:
            raise InvalidDefinitionError(
                f"the config mapping {_name(config_fn)} has both a parameter annotated with a config class and config_schema: keep one."
            )
        self.config_fn = config_fn
        self.schema: ConfigSchema = found or ConfigSchema(config_schema if config_schema is not None else dict)
        self.receive_processed_config_values = receive_processed_config_values

    def nodes(self, data: Any, path: Path = ("config",), *, of: str = "the graph") -> dict[str, Any]:
        """Config of the nodes inside, as plain data, for the graph's config `data`. References to the environment are read here.

        Raises
        ------
        InvalidConfigError
            If the data does not fit the mapping's schema, or the function returned no config.
        """
        made = self.config_fn(self.schema.resolve(data, path, of=of))
        if isinstance(made, RunConfig):
            return made.to_config_dict().get("ops", {})  # type: ignore[no-any-return]
        if not isinstance(made, Mapping):
            message = f"the config mapping {_name(self.config_fn)} returned {kind_of(made)}; return a dict or a RunConfig"
            error = ConfigError(path, message)
            raise InvalidConfigError([error], of)
        return run_config_data({"ops": made}).get("ops", {})  # type: ignore[no-any-return]

    def run_config(self, data: Any, *, of: str = "the job") -> dict[str, Any]:
        """The whole run config, as plain data, for the config `data` of a job.

        Raises
        ------
        InvalidConfigError
            If the data does not fit the mapping's schema, or the function returned no run config.
        """
        made = self.config_fn(self.schema.resolve(data or None, (), of=of))
        if not isinstance(made, (RunConfig, Mapping)):
            what = f"the config mapping {_name(self.config_fn)} returned {kind_of(made)}"
            message = f"{what}; return a RunConfig, or {{'ops': {{...}}}}"
            raise InvalidConfigError([ConfigError((), message)], of)
        return run_config_data(made)


@overload
def config_mapping(config_fn: Callable[[Any], Any]) -> ConfigMapping: ...
@overload
def config_mapping(
    *, config_schema: Any = ..., receive_processed_config_values: bool | None = ...
) -> Callable[[Callable[[Any], Any]], ConfigMapping]: ...
def config_mapping(
    config_fn: Callable[[Any], Any] | None = None,
    *,
    config_schema: Any = None,
    receive_processed_config_values: bool | None = None,
) -> ConfigMapping | Callable[[Callable[[Any], Any]], ConfigMapping]:
    """Decorator that makes a `ConfigMapping` of a function.

    >>> @config_mapping(config_schema={"size": int})
    ... def simple(config):
    ...     return {"clean": {"config": {"n": config["size"]}}}
    >>> simple.nodes({"size": 1})
    {'clean': {'config': {'n': 1}}}
    """
    if config_fn is not None:
        return ConfigMapping(config_fn, config_schema, receive_processed_config_values)
    return lambda fn: ConfigMapping(fn, config_schema, receive_processed_config_values)


def mapping_of_job(mapping: ConfigMapping, default: Mapping[str, Any], what: str) -> ConfigMapping:
    """The run config of a job whose graph has a config of its own: ``ops: {config: ...}`` is opened into that of the ops inside, the rest
    is as it was given. `default` is what a run gets that names none.
    """

    def make(given: Any) -> dict[str, Any]:
        data = dict(given or default)
        entry = dict(data.get("ops") or {})
        of = f"the config of {what}"
        unknown = [str(name) for name in entry if name != "config"]
        if unknown:
            message = "unknown entry: the graph's own config hides that of the ops inside. Known here: config"
            raise InvalidConfigError([ConfigError(("ops", unknown[0]), message)], of)
        return {**data, "ops": mapping.nodes(entry.get("config"), ("ops", "config"), of=of)}

    return ConfigMapping(make)


class ConfiguredSchema(ConfigSchema):
    """A schema whose config is turned into that of an inner schema, by a function or by being fixed.

    `resolve` gives the inner value, so that the definition behind it notices nothing.
    """

    __slots__ = ("_make", "inner", "name")

    def __init__(self, inner: ConfigSchema, make: Any, config_schema: Any = None, *, name: str = "configured") -> None:
        self.inner = inner
        self.name = name
        if callable(make) and not isinstance(make, type):
            found = _sole_config_class(make)
            super().__init__(found.source if found is not None else config_schema if config_schema is not None else dict)
            self._make: Callable[[Any], Any] = make
            return
        super().__init__({})
        self._make = lambda _: make
        checked = inner.validate(make, ())
        if checked.errors:
            raise InvalidConfigError(checked.errors, f"the fixed config of '{name}'")

    def validate(self, data: Any, path: Path = ("config",)) -> Checked:
        """The outer config; the inner one is made, and checked, when a run starts."""
        return super().validate(data, path)

    def resolve(self, data: Any, path: Path = ("config",), *, of: str = "the config") -> Any:
        """The inner value made from the outer config."""
        made = self._make(super().resolve(data, path, of=of))
        return self.inner.resolve(made, path, of=f"what the configured '{self.name}' made for {of}")

    def digest(self, data: Any) -> str:
        """The digest of the outer config and of a fixed inner one."""
        outer = super().digest(data)
        if self.source != {}:
            return outer
        return self.inner.digest(self._make(None))


def configured(configurable: T, config_schema: Any = None, **kwargs: Any) -> Callable[[Any], T]:
    """A copy of a definition whose config is fixed, or made by a function from a simpler one.

    ``configured(op, name="daily")({"n": 1})`` fixes the config; as a decorator, the function's parameter is the new config and its
    result the old one. `kwargs` go to the copy: `name`, `description`.

    >>> from nbasset import build_op_context, op
    >>> @op(config_schema={"n": int})
    ... def twice(context):
    ...     return 2 * context.op_config["n"]
    >>> configured(twice, name="twice_three")({"n": 3})(build_op_context())
    6

    Raises
    ------
    InvalidDefinitionError
        If the definition has no config to fix.
    """

    def apply(config: Any) -> T:
        method = getattr(configurable, "configured", None)
        if method is None:
            raise InvalidDefinitionError(
                f"{kind_of(configurable)} has no config to fix. configured() takes an op, a graph, a job's graph, a resource or an "
                "I/O manager with a config_schema; a ConfigurableResource is simply constructed with its values."
            )
        options = dict(kwargs)
        if callable(config) and not isinstance(config, type):
            options.setdefault("name", getattr(config, "__name__", None))
        options = {key: value for key, value in options.items() if value is not None}
        made: T = method(config, config_schema=config_schema, **options)
        return made

    return apply


def _sole_config_class(fn: Callable[..., Any]) -> ConfigSchema | None:
    """The config class that annotates the only parameter, whatever its name."""
    found = config_parameter(fn)
    if found is not None:
        return found
    try:
        parameters = list(inspect.signature(fn).parameters.values())
    except (TypeError, ValueError):
        return None
    if len(parameters) != 1 or not isinstance(parameters[0].annotation, (str, type)):
        return None
    annotation: Any = parameters[0].annotation
    if isinstance(annotation, str):
        try:
            annotation = inspect.get_annotations(fn, eval_str=True).get(parameters[0].name)
        except Exception as error:
            raise InvalidDefinitionError(
                f"the annotation {annotation!r} of {_name(fn)} cannot be read ({error}). "
                "Define the config class at the top of a module or cell."
            ) from error
    return ConfigSchema(annotation) if getattr(annotation, "__nbasset_config__", False) else None


def _name(fn: Callable[..., Any]) -> str:
    return f"'{getattr(fn, '__name__', fn)}'"
