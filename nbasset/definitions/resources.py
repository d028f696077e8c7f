"""Resources as classes: `ConfigurableResource`, a connection or client with typed configuration.

The object works anywhere: in a cell (``Database(url="...").query("...")``), in a test, and as the resource of a run, where references
to the environment are read and `setup_for_execution` is called first. Fields that are resources themselves are opened before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Generic, Self, TypeVar, cast

from pydantic import ConfigDict, ValidationError

from nbasset.definitions.config import ConfigFields, read_config
from nbasset.definitions.config_errors import ConfigError, Path, unknown_entry
from nbasset.definitions.config_explain import explained
from nbasset.definitions.config_files import merged
from nbasset.definitions.config_gate import origin_of
from nbasset.definitions.config_markers import ResourceDependency, ResourceParam, is_resource_annotation
from nbasset.definitions.config_ports import Checked, ConfigSchema
from nbasset.definitions.config_written import digestible, written
from nbasset.definitions.resources_context import InitResourceContext, OpensResource, config_path
from nbasset.definitions.resources_open import build_init_resource_context, build_resources, open_resources, resource_digest
from nbasset.errors import InvalidConfigError, InvalidDefinitionError, InvariantViolationError
from nbasset.secrets import EnvVar, looks_secret, mask_secrets, remember_secret

__all__ = [
    "ConfigurableResource",
    "ConfigurableResourceFactory",
    "PartialResource",
    "ResourceDependency",
    "ResourceParam",
    "build_init_resource_context",
    "build_resources",
    "open_resources",
    "resource_digest",
    "resource_schema",
]

T = TypeVar("T")
_CONTEXT = "__resource_context__"


class ConfigurableResourceFactory(ConfigFields, OpensResource, Generic[T]):
    """Configuration that makes a value of another type: override `create_resource`.

    Take it with ``client: ResourceParam[Client]``, the type it makes.

    >>> class Greeting(ConfigurableResourceFactory[str]):
    ...     name: str
    ...     def create_resource(self, context):
    ...         return f"hello {self.name}"
    >>> with Greeting(name="Ada").yield_for_execution(InitResourceContext()) as greeting:
    ...     greeting
    'hello Ada'
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    __nbasset_resource__: ClassVar[bool] = True

    def create_resource(self, context: InitResourceContext) -> T:
        """The value that others get. Override it."""
        raise InvalidDefinitionError(f"{type(self).__name__} makes no resource: override create_resource(self, context).")

    def setup_for_execution(self, context: InitResourceContext) -> None:
        """Called before the value is made, once a process and run. Override it to connect; keep state in private attributes."""

    def teardown_after_execution(self, context: InitResourceContext) -> None:
        """Called at the end, also when a step failed. Override it to disconnect."""

    @contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Iterator[T]:
        """Set up, give the value, tear down. Override it to hold a context manager open meanwhile.

        References to the environment are read first; ``with Database(...).yield_for_execution(build_init_resource_context()) as db``
        is a resource without a run.
        """
        ready = self if getattr(self, _CONTEXT, None) is context else self._ready(context, {}, None)
        try:
            ready.setup_for_execution(context)
            value = ready.create_resource(context)
        except BaseException as error:
            try:
                ready.teardown_after_execution(context)
            except Exception as second:  # noqa: BLE001 - what went wrong first is what the user needs to see
                error.add_note(f"{type(self).__name__}.teardown_after_execution failed as well: {mask_secrets(repr(second))}")
            raise
        try:
            yield value
        finally:
            ready.teardown_after_execution(context)

    @classmethod
    def configure_at_launch(cls, **kwargs: Any) -> PartialResource[T]:
        """The resource with some fields given now and the rest when a run is launched, under ``resources: {KEY: {config: ...}}``."""
        return PartialResource(cls, kwargs)

    def get_resource_context(self) -> InitResourceContext:
        """The context this resource was opened with.

        Raises
        ------
        InvariantViolationError
            If it was not opened.
        """
        context = getattr(self, _CONTEXT, None)
        if context is None:
            raise InvariantViolationError(
                f"{type(self).__name__} was not opened, so it has no context. Use `with build_resources(...)`, "
                "or with_resource_context(build_init_resource_context())."
            )
        return cast("InitResourceContext", context)

    def with_resource_context(self, resource_context: InitResourceContext) -> Self:
        """A copy that has a context, for tests."""
        return self._ready(resource_context, {}, None)

    @contextmanager
    def process_config_and_initialize_cm(self) -> Iterator[T]:
        """The value, with references read and nested resources opened, for one ``with`` block outside a run."""
        with build_resources({"resource": self}) as resources:
            yield resources["resource"]

    def process_config_and_initialize(self) -> T:
        """The value, for a test, with nothing to close: a resource that tears down wants `process_config_and_initialize_cm`."""
        with self.process_config_and_initialize_cm() as value:
            return value

    def nested_resources(self) -> Mapping[str, Any]:
        """The fields that hold resources: they are opened before this one."""
        fields = type(self).model_fields
        return {
            name: self.__dict__[name]
            for name, field in fields.items()
            if name in self.__dict__ and self.__dict__[name] is not None
            and (isinstance(self.__dict__[name], OpensResource) or is_resource_annotation(field.annotation) or _marked(field))
        }  # fmt: skip

    @contextmanager
    def open_resource(self, context: InitResourceContext, nested: Mapping[str, Any], config: Any) -> Iterator[Any]:
        """Read references, put opened resources in the place of nested ones, set up, give the value, tear down."""
        ready = self._ready(context, nested, config)
        _remember_literal_secrets(ready)
        with ready.yield_for_execution(ready.get_resource_context()) as value:
            yield value

    def digest_data(self) -> Any:
        """The class and what is configured, references by name."""
        return ["class", f"{type(self).__module__}.{type(self).__qualname__}", digestible(self)]

    def _ready(self, context: InitResourceContext, nested: Mapping[str, Any], config: Any) -> Self:
        path = config_path(context.resource_key) if context.resource_key else ()
        ready: Self = _with_values(self, nested, config, path)
        context = context.replace_config({name: getattr(ready, name) for name in type(self).model_fields if name not in nested})
        ready.__dict__[_CONTEXT] = context
        return ready

    def __getstate__(self) -> dict[Any, Any]:
        state = super().__getstate__()
        state["__dict__"].pop(_CONTEXT, None)
        return state


class ConfigurableResource(ConfigurableResourceFactory[Self]):  # type: ignore[misc]
    """A resource that is its own value: typed fields, and methods that use them.

    >>> class Database(ConfigurableResource):
    ...     url: str
    ...     def query(self, text: str) -> str:
    ...         return f"{text} at {self.url}"
    >>> Database(url="here").query("select 1")
    'select 1 at here'
    """

    def create_resource(self, context: InitResourceContext) -> Self:
        """This object itself."""
        return self


class PartialResource(OpensResource, Generic[T]):
    """A resource class with some fields still to be given when a run is launched: see `configure_at_launch`."""

    __nbasset_resource__ = True

    def __init__(self, resource_cls: type[ConfigurableResourceFactory[T]], given: Mapping[str, Any]) -> None:
        unknown = [name for name in given if name not in resource_cls.model_fields]
        if unknown:
            errors = [unknown_entry((name,), list(resource_cls.model_fields)) for name in unknown]
            raise InvalidConfigError(errors, f"{resource_cls.__name__}.configure_at_launch")
        self.resource_cls = resource_cls
        self.given = dict(given)

    @property
    def config_schema(self) -> LaunchSchema:
        """What may be given at launch."""
        return LaunchSchema(self.resource_cls, self.given)

    def nested_resources(self) -> Mapping[str, Any]:
        """The resources among the fields given now."""
        return {name: value for name, value in self.given.items() if isinstance(value, OpensResource)}

    @contextmanager
    def open_resource(self, context: InitResourceContext, nested: Mapping[str, Any], config: Any) -> Iterator[Any]:
        """Make the resource from what was given now and at launch, then open it."""
        key = context.resource_key or self.resource_cls.__name__
        whole = self.config_schema.instance(config, config_path(key), of=f"resource '{key}'")
        with whole.open_resource(context, nested, None) as value:
            yield value

    def digest_data(self) -> Any:
        """The class and the fields given now."""
        hidden = {name: digestible(value) for name, value in self.given.items() if not (looks_secret(name) and isinstance(value, str))}
        return ["partial", f"{self.resource_cls.__module__}.{self.resource_cls.__qualname__}", hidden]

    def __repr__(self) -> str:
        return f"{self.resource_cls.__name__}.configure_at_launch({', '.join(self.given)})"


class LaunchSchema(ConfigSchema):
    """What may be given at launch for a resource: any of its fields, the required ones among those not given before."""

    __slots__ = ("given",)

    def __init__(self, resource_cls: type[ConfigFields], given: Mapping[str, Any]) -> None:
        super().__init__(resource_cls)
        self.given = dict(given)

    def instance(self, data: Any, path: Path = ("config",), *, of: str = "the config") -> Any:
        """The resource object, with references kept.

        Raises
        ------
        InvalidConfigError
            With every error, also of required fields that neither side gave.
        """
        if data is not None and not isinstance(data, Mapping):
            errors = self.compiled.check(data, path, environment=False)[1]
            raise InvalidConfigError(errors, of)
        made, errors = self.compiled.check({**self.given, **(data or {})}, path, environment=False)
        if errors:
            raise InvalidConfigError(errors, of)
        return made

    def validate(self, data: Any, path: Path = ("config",)) -> Checked:
        """Check what is given at launch together with what was given before; only the former comes back."""
        try:
            self.instance(data, path)
            return Checked({name: written(value) for name, value in (data or {}).items()})
        except InvalidConfigError as error:
            return Checked(None, tuple(item for item in error.errors if isinstance(item, ConfigError)))

    def json_schema(self) -> dict[str, Any]:
        """Fields given before are no longer required."""
        schema = super().json_schema()
        required = [name for name in schema.get("required", ()) if name not in self.given]
        return {**schema, "required": required}

    def example(self) -> Any:
        """Required fields that were not given before."""
        return {name: value for name, value in super().example().items() if name not in self.given}

    @property
    def is_required(self) -> bool:
        """Whether something must be given at launch."""
        return bool(self.example())


def resource_schema(definition: Any) -> ConfigSchema | None:
    """What a run may configure of a resource; None if nothing."""
    if isinstance(definition, ConfigurableResourceFactory):
        return LaunchSchema(type(definition), _given(definition))
    schema = getattr(definition, "config_schema", None)
    return schema if isinstance(schema, ConfigSchema) else None


def _given(config: ConfigFields) -> dict[str, Any]:
    origin = origin_of(config)
    if origin is not None:
        return dict(origin.given)
    return {name: config.__dict__[name] for name in config.model_fields_set if name in config.__dict__}


def _with_values(resource: Any, nested: Mapping[str, Any], config: Any, path: Path) -> Any:
    """A new object of the same class: what a run changes on top, opened resources in their fields, references read."""
    changes = dict(config) if config else {}
    origin = origin_of(resource)
    waiting = origin is not None and origin.deferred
    if not changes and not waiting:
        ready = resource.__copy__()
        ready.__dict__.update(nested)
        return ready
    given = {**merged(_given(resource), changes), **nested}
    try:
        return read_config(type(resource), given, environment=True)
    except ValidationError as error:
        errors = explained(type(resource), error, path)
    raise InvalidConfigError(errors, f"resource '{'.'.join(map(str, path[1:2] + path[3:]))}'" if path else type(resource).__name__)


def _marked(field: Any) -> bool:
    return any(getattr(item, "__nbasset_resource__", False) for item in field.metadata)


def _remember_literal_secrets(resource: ConfigFields) -> None:
    """Have secrets that were given as values masked in text."""
    for name in type(resource).model_fields:
        value: Any = resource.__dict__.get(name)
        if hasattr(value, "get_secret_value"):
            value = value.get_secret_value()
            remember_secret(name, value if isinstance(value, str) else "")
        elif looks_secret(name) and isinstance(value, str) and not isinstance(value, EnvVar):
            remember_secret(name, value)
