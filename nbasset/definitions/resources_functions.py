"""Resources made by a function: `@resource`, and ready-made ones for tests.

A generator function cleans up after its ``yield``, always, also when a step failed.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, overload

from nbasset.definitions.config_ports import ConfigSchema
from nbasset.definitions.resources_context import InitResourceContext, OpensResource, config_path
from nbasset.errors import InvalidDefinitionError, InvalidInvocationError

ResourceFunction = Callable[..., Any]


class ResourceDefinition(OpensResource):
    """A resource made by a function of an `InitResourceContext` (or of nothing).

    >>> connection = ResourceDefinition(lambda context: f"to {context.resource_config['host']}", config_schema={"host": str})
    >>> from nbasset.definitions.resources_open import build_resources
    >>> with build_resources({"db": connection.configured({"host": "here"})}) as resources:
    ...     resources.db
    'to here'
    """

    def __init__(
        self,
        resource_fn: ResourceFunction,
        config_schema: Any = None,
        description: str | None = None,
        required_resource_keys: set[str] | frozenset[str] | None = None,
        version: str | None = None,
        *,
        name: str | None = None,
        fixed: Any = None,
    ) -> None:
        self.resource_fn = resource_fn
        self.name = str(name or getattr(resource_fn, "__name__", "resource"))
        if len(_positional(resource_fn)) > 1:
            raise InvalidDefinitionError(
                f"the resource function '{self.name}' takes {len(_positional(resource_fn))} arguments. It takes one, the context, or none."
            )
        self.config_schema = ConfigSchema.of(config_schema)
        self.description = description or inspect.getdoc(resource_fn) if getattr(resource_fn, "__name__", "") != "<lambda>" else description
        self.required_resource_keys = frozenset(required_resource_keys or ())
        self.version = version
        self._fixed = fixed
        functools.update_wrapper(self, resource_fn, updated=())

    def __call__(self, context: InitResourceContext | None = None) -> Any:
        """The function's own result: for unit tests. A generator function gives a context manager."""
        if _positional(self.resource_fn) and context is None:
            raise InvalidInvocationError(f"the resource '{self.name}' takes a context. Pass build_init_resource_context(config=...).")
        if context is not None and self.config_schema is not None:
            context = context.replace_config(self.config_schema.resolve(context.resource_config, ("config",), of=f"resource '{self.name}'"))
        arguments = (context,) if _positional(self.resource_fn) else ()
        if inspect.isgeneratorfunction(self.resource_fn):
            return _generated(self.resource_fn, arguments, self.name)
        return self.resource_fn(*arguments)

    def configured(
        self, config_or_config_fn: Any, config_schema: Any = None, *, name: str | None = None, description: str | None = None
    ) -> ResourceDefinition:
        """A copy whose config is fixed, or made by a function from another config."""
        from nbasset.definitions.config_mapping import ConfiguredSchema

        if self.config_schema is None:
            raise InvalidDefinitionError(f"the resource '{self.name}' has no config_schema, so nothing of it can be configured.")
        schema = ConfiguredSchema(self.config_schema, config_or_config_fn, config_schema, name=name or self.name)
        return ResourceDefinition(
            self.resource_fn, schema, description or self.description, self.required_resource_keys, self.version, name=name or self.name,
            fixed=None if callable(config_or_config_fn) else config_or_config_fn,
        )  # fmt: skip

    def required_keys(self) -> frozenset[str]:
        """Keys of other resources that the function asks for."""
        return self.required_resource_keys

    @contextmanager
    def open_resource(self, context: InitResourceContext, nested: Mapping[str, Any], config: Any) -> Iterator[Any]:
        """Call the function; run what follows its ``yield`` afterwards."""
        if self.config_schema is not None:
            path = config_path(context.resource_key or self.name)
            config = self.config_schema.resolve(config, path, of=f"resource '{context.resource_key or self.name}'")
        context = context.replace_config(config)
        arguments = (context,) if _positional(self.resource_fn) else ()
        if inspect.isgeneratorfunction(self.resource_fn):
            with _generated(self.resource_fn, arguments, self.name) as value:
                yield value
            return
        value = self.resource_fn(*arguments)
        # A function under @contextmanager; a plain result that happens to have __enter__ (a connection) is the value itself.
        if isinstance(value, AbstractContextManager) and inspect.isgeneratorfunction(inspect.unwrap(self.resource_fn)):
            with value as inner:
                yield inner
            return
        yield value

    def digest_data(self) -> Any:
        """The function by name, its version, its fixed config."""
        fixed = None
        if self.config_schema is not None and not self.config_schema.is_required:
            fixed = self.config_schema.digest(None)
        return ["function", f"{self.resource_fn.__module__}.{getattr(self.resource_fn, '__qualname__', self.name)}", self.version, fixed]

    def __repr__(self) -> str:
        return f"ResourceDefinition({self.name})"

    @staticmethod
    def hardcoded_resource(value: Any, description: str | None = None) -> ResourceDefinition:
        """A resource that is this value."""
        return ResourceDefinition(lambda: value, description=description, name="hardcoded")

    @staticmethod
    def none_resource(description: str | None = None) -> ResourceDefinition:
        """A resource that is None."""
        return ResourceDefinition.hardcoded_resource(None, description)

    @staticmethod
    def mock_resource(description: str | None = None) -> ResourceDefinition:
        """A resource that takes every call: a `unittest.mock.MagicMock`."""

        def make() -> Any:
            from unittest import mock

            return mock.MagicMock()

        return ResourceDefinition(make, description=description, name="mock")

    @staticmethod
    def string_resource(description: str | None = None) -> ResourceDefinition:
        """A resource that is the text of its config."""
        return ResourceDefinition(lambda context: context.resource_config, str, description, name="string")


@overload
def resource(config_schema: ResourceFunction) -> ResourceDefinition: ...
@overload
def resource(
    config_schema: Any = ...,
    description: str | None = ...,
    required_resource_keys: set[str] | frozenset[str] | None = ...,
    version: str | None = ...,
) -> Callable[[ResourceFunction], ResourceDefinition]: ...
def resource(
    config_schema: Any = None,
    description: str | None = None,
    required_resource_keys: set[str] | frozenset[str] | None = None,
    version: str | None = None,
) -> ResourceDefinition | Callable[[ResourceFunction], ResourceDefinition]:
    """Decorator: the function makes a resource. If it yields, what follows the ``yield`` is the cleanup.

    >>> @resource(config_schema={"path": str})
    ... def store(context):
    ...     yield context.resource_config["path"]
    ...     print("closed")
    >>> from nbasset.definitions.resources_open import build_resources
    >>> with build_resources({"store": store}, resource_config={"store": {"config": {"path": "here"}}}) as resources:
    ...     print(resources.store)
    here
    closed
    """
    if inspect.isfunction(config_schema):
        return ResourceDefinition(config_schema)
    return lambda fn: ResourceDefinition(fn, config_schema, description, required_resource_keys, version)


def make_values_resource(**kwargs: Any) -> ResourceDefinition:
    """A resource that is a dict of values given by config, such as values that several ops share.

    >>> make_values_resource(country=str, year=int).config_schema.example()
    {'country': 'text', 'year': 1}
    """
    return ResourceDefinition(lambda context: context.resource_config, kwargs or dict, name="values")


@contextmanager
def _generated(fn: ResourceFunction, arguments: tuple[Any, ...], name: str) -> Iterator[Any]:
    """The value a generator yields. The rest of it runs whatever happened, so that no try/finally is needed for the cleanup to run."""
    generator = fn(*arguments)
    try:
        value = next(generator)
    except StopIteration:
        raise InvalidDefinitionError(f"the resource function '{name}' ended without yielding its value.") from None
    try:
        yield value
    finally:
        try:
            next(generator)
        except StopIteration:
            pass
        else:
            generator.close()
            raise InvalidDefinitionError(
                f"the resource function '{name}' yields more than once: the first is the value, the rest cleans up."
            )


def _positional(fn: ResourceFunction) -> list[str]:
    try:
        parameters = inspect.signature(fn).parameters.values()
    except (TypeError, ValueError):
        return []
    return [
        item.name for item in parameters if item.kind in (item.POSITIONAL_ONLY, item.POSITIONAL_OR_KEYWORD) and item.default is item.empty
    ]
