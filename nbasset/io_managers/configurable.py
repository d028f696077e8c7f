"""I/O managers as resources: classes with typed configuration, and functions.

`ConfigurableIOManager` is the usual one: fields for configuration, two methods. The factory makes a manager of another class, for example
one derived from `UPathIOManager`. The decorators are the short forms for functions.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, overload

from nbasset.definitions.config_ports import ConfigSchema
from nbasset.definitions.resources import ConfigurableResource, ConfigurableResourceFactory
from nbasset.definitions.resources_context import InitResourceContext
from nbasset.definitions.resources_functions import ResourceDefinition
from nbasset.errors import InvalidDefinitionError
from nbasset.io_managers.memory import InMemoryIOManager
from nbasset.io_managers.pickled import CustomPathIOManager, FilesystemIOManager
from nbasset.io_managers.protocol import InputContext, InputManager, IOManager


class ConfigurableIOManager(ConfigurableResource, IOManager):
    """An I/O manager with fields for its configuration.

    >>> class Greetings(ConfigurableIOManager):
    ...     greeting: str = "hello"
    ...     def handle_output(self, context, obj):
    ...         print(self.greeting, context.asset_key, obj)
    ...     def load_input(self, context):
    ...         return self.greeting
    >>> from nbasset.io_managers.protocol import build_output_context
    >>> Greetings(greeting="good day").handle_output(build_output_context(asset_key="orders"), 1)
    good day orders 1
    """


class ConfigurableIOManagerFactory(ConfigurableResourceFactory[IOManager]):
    """Configuration that makes an I/O manager of another class: override `create_io_manager`.

    >>> from nbasset import InMemoryIOManager
    >>> class Remembering(ConfigurableIOManagerFactory):
    ...     label: str = "kept"
    ...     def create_io_manager(self, context):
    ...         return InMemoryIOManager()
    >>> Remembering(label="here").label
    'here'
    """

    def create_io_manager(self, context: InitResourceContext) -> IOManager:
        """The manager that steps get. Override it."""
        raise InvalidDefinitionError(f"{type(self).__name__} makes no I/O manager: override create_io_manager(self, context).")

    def create_resource(self, context: InitResourceContext) -> IOManager:
        """The manager that steps get."""
        return self.create_io_manager(context)


class _ManagerDefinition(ResourceDefinition):
    """What makes a manager that may take config for each single input and output."""

    def __init__(
        self,
        resource_fn: Callable[..., Any],
        config_schema: Any = None,
        description: str | None = None,
        required_resource_keys: set[str] | frozenset[str] | None = None,
        version: str | None = None,
        input_config_schema: Any = None,
        output_config_schema: Any = None,
        *,
        name: str | None = None,
        fixed: Any = None,
    ) -> None:
        super().__init__(resource_fn, config_schema, description, required_resource_keys, version, name=name, fixed=fixed)
        self.input_config_schema = ConfigSchema.of(input_config_schema)
        self.output_config_schema = ConfigSchema.of(output_config_schema)

    def configured(
        self, config_or_config_fn: Any, config_schema: Any = None, *, name: str | None = None, description: str | None = None
    ) -> ResourceDefinition:
        """A copy whose own config is fixed, or made by a function from another config; that of inputs and outputs stays open."""
        made = super().configured(config_or_config_fn, config_schema, name=name, description=description)
        return type(self)(
            made.resource_fn, made.config_schema, made.description, made.required_resource_keys, made.version,
            self.input_config_schema, self.output_config_schema, name=made.name,
            fixed=None if callable(config_or_config_fn) else config_or_config_fn,
        )  # fmt: skip


class IOManagerDefinition(_ManagerDefinition):
    """An I/O manager made by a function: see `io_manager`.

    >>> IOManagerDefinition.hardcoded_io_manager(InMemoryIOManager()).name
    'InMemoryIOManager'
    """

    @staticmethod
    def hardcoded_io_manager(value: IOManager, description: str | None = None) -> IOManagerDefinition:
        """A definition that gives this manager."""
        return IOManagerDefinition(lambda: value, description=description, name=type(value).__name__)


class InputManagerDefinition(_ManagerDefinition):
    """An input manager made by a function: see `input_manager`.

    >>> @input_manager
    ... def zeros():
    ...     return [0, 0]
    >>> isinstance(zeros, InputManagerDefinition)
    True
    """


class _FunctionInputManager(InputManager):
    """Loads inputs by calling a function."""

    def __init__(self, load: Callable[..., Any]) -> None:
        self._load = load

    def load_input(self, context: InputContext) -> Any:
        return self._load(context) if inspect.signature(self._load).parameters else self._load()


@overload
def io_manager(config_schema: Callable[..., Any]) -> IOManagerDefinition: ...
@overload
def io_manager(
    config_schema: Any = ...,
    description: str | None = ...,
    output_config_schema: Any = ...,
    input_config_schema: Any = ...,
    required_resource_keys: set[str] | frozenset[str] | None = ...,
    version: str | None = ...,
) -> Callable[[Callable[..., Any]], IOManagerDefinition]: ...
def io_manager(
    config_schema: Any = None,
    description: str | None = None,
    output_config_schema: Any = None,
    input_config_schema: Any = None,
    required_resource_keys: set[str] | frozenset[str] | None = None,
    version: str | None = None,
) -> IOManagerDefinition | Callable[[Callable[..., Any]], IOManagerDefinition]:
    """Decorator: the function makes an I/O manager, from an `InitResourceContext` or from nothing.

    A run configures single outputs and inputs by the two last schemas, ``ops: {clean: {outputs: {result: {...}}, inputs: {rows: {...}}}}``:
    `OutputContext.config`, and `InputContext.config` of an input that names the manager as its ``input_manager_key``.

    >>> @io_manager(config_schema={"base_dir": str})
    ... def models(context):
    ...     return FilesystemIOManager(context.resource_config["base_dir"])
    >>> models.name
    'models'
    """
    if inspect.isfunction(config_schema):
        return IOManagerDefinition(config_schema)
    return lambda fn: IOManagerDefinition(
        fn, config_schema, description, required_resource_keys, version, input_config_schema, output_config_schema
    )


@overload
def input_manager(config_schema: Callable[..., Any]) -> InputManagerDefinition: ...
@overload
def input_manager(
    config_schema: Any = ...,
    description: str | None = ...,
    input_config_schema: Any = ...,
    required_resource_keys: set[str] | frozenset[str] | None = ...,
    version: str | None = ...,
) -> Callable[[Callable[..., Any]], InputManagerDefinition]: ...
def input_manager(
    config_schema: Any = None,
    description: str | None = None,
    input_config_schema: Any = None,
    required_resource_keys: set[str] | frozenset[str] | None = None,
    version: str | None = None,
) -> InputManagerDefinition | Callable[[Callable[..., Any]], InputManagerDefinition]:
    """Decorator: the function loads inputs, from an `InputContext` or from nothing. Name it in ``AssetIn(input_manager_key=...)``.

    With an `input_config_schema` a run configures each input that it loads: ``ops: {clean: {inputs: {rows: {...}}}}``.

    >>> @input_manager
    ... def from_csv(context):
    ...     return f"{context.name}.csv"
    >>> from nbasset.io_managers.protocol import build_input_context
    >>> from_csv().load_input(build_input_context(asset_key="orders"))
    'orders.csv'
    """

    schema = None if inspect.isfunction(config_schema) else config_schema

    def define(load: Callable[..., Any]) -> InputManagerDefinition:
        return InputManagerDefinition(
            lambda: _FunctionInputManager(load), schema, description or inspect.getdoc(load), required_resource_keys, version,
            input_config_schema, name=load.__name__,
        )  # fmt: skip

    return define(config_schema) if inspect.isfunction(config_schema) else define


@io_manager
def mem_io_manager() -> InMemoryIOManager:
    """Values in memory: gone with the process.

    >>> from nbasset import Instance, asset, materialize
    >>> @asset
    ... def words():
    ...     return {"a"}
    >>> @asset
    ... def number(words):
    ...     return len(words)
    >>> with Instance.ephemeral() as instance:
    ...     materialize([words, number], instance=instance, resources={"io_manager": mem_io_manager}).success
    True
    """
    return InMemoryIOManager()


@io_manager(config_schema={"base_dir": str})
def fs_io_manager(context: InitResourceContext) -> FilesystemIOManager:
    """Values as pickles below ``base_dir``.

    >>> from nbasset import asset, materialize_to_memory
    >>> from tempfile import TemporaryDirectory
    >>> @asset
    ... def words():
    ...     return {"a", "b"}
    >>> with TemporaryDirectory() as folder:
    ...     kept = fs_io_manager.configured({"base_dir": folder})
    ...     sorted(materialize_to_memory([words], resources={"io_manager": kept}).asset_value("words"))
    ['a', 'b']
    """
    return FilesystemIOManager(context.resource_config["base_dir"])


@io_manager(config_schema={"base_dir": str})
def custom_path_fs_io_manager(context: InitResourceContext) -> CustomPathIOManager:
    """Values as pickles below ``base_dir``, each where the metadata ``path`` of its asset or output says.

    >>> from nbasset import asset, materialize_to_memory
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> @asset(metadata={"path": "words/of_today"})
    ... def words():
    ...     return {"a", "b"}
    >>> with TemporaryDirectory() as folder:
    ...     kept = custom_path_fs_io_manager.configured({"base_dir": folder})
    ...     _ = materialize_to_memory([words], resources={"io_manager": kept})
    ...     (Path(folder) / "words" / "of_today").is_file()
    True
    """
    return CustomPathIOManager(context.resource_config["base_dir"])
