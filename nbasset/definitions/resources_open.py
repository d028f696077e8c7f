"""Opening resources: in order of need, each once, and closing them in reverse, whatever happened in between.

`ResourceScope` opens more as more is asked for and serves a whole run in one process; `open_resources` and `build_resources` are scopes
for one `with` block.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import cached_property, lru_cache
from types import TracebackType
from typing import Any

from nbasset.definitions.config_digest import data_digest
from nbasset.definitions.resources_context import InitResourceContext, OpensResource, Resources
from nbasset.errors import InvalidDefinitionError, UnknownResource, did_you_mean
from nbasset.secrets import mask_secrets

log = logging.getLogger(__name__)


class ResourceScope:
    """Opens resources of `definitions` as they are asked for, each once; leaving the scope closes them in reverse order.

    `config` is the section ``resources`` of a run config, `context` makes what each is opened with, but for its config and what it needs. A
    definition nested in another one is opened first; one object that stands in several places is opened once. Not thread-safe: whoever
    shares a scope between threads holds a lock around `get`.
    """

    def __init__(
        self,
        definitions: Mapping[str, Any],
        config: Mapping[str, Any] | None = None,
        *,
        context: Callable[[], InitResourceContext] = InitResourceContext,
    ) -> None:
        self._definitions = dict(definitions)
        self._config = dict(config or {})
        self._make_context = context
        self._values: dict[int, Any] = {}  # by id of the definition, which self._definitions or a parent keeps alive
        self._keep: list[Any] = []
        self._closers: list[tuple[str, AbstractContextManager[Any]]] = []

    @cached_property
    def _context(self) -> InitResourceContext:
        """What resources are opened with; not made where all are values."""
        return self._make_context()

    def __enter__(self) -> ResourceScope:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close(error)

    def get(self, keys: Collection[str], *, needed_by: str | None = None) -> Resources:
        """The resources of these keys, opened. `needed_by` names who asks, for errors.

        Raises
        ------
        UnknownResource
            If a key has no definition.
        """
        return Resources(self.values(keys, needed_by=needed_by), needed_by)

    def values(self, keys: Collection[str], *, needed_by: str | None = None) -> dict[str, Any]:
        """The same as a plain dict."""
        for key in keys:
            self._check_known(key, needed_by)
        return {key: self._opened(key, self._definitions[key], (), needed_by) for key in keys}

    def close(self, error: BaseException | None = None) -> None:
        """Close everything in reverse. One that cannot be closed keeps no other from it; the first such error is raised at the end.

        With `error`, what failed before is the error to be seen: failures to close are logged and noted on it.
        """
        first: BaseException | None = None
        while self._closers:
            key, closer = self._closers.pop()
            try:
                closer.__exit__(type(error) if error else None, error, error.__traceback__ if error else None)
            except BaseException as failure:  # noqa: BLE001 - every resource must be closed; the failure is raised or noted below
                if failure is error:  # a context manager that passes on what happened inside it
                    continue
                log.warning("resource %s could not be closed: %s", key, mask_secrets(repr(failure)))
                failure.add_note(f"while closing the resource '{key}'")
                first = first or failure
        self._values.clear()
        self._keep.clear()
        if first is None:
            return
        if error is None:
            raise first
        error.add_note(f"Afterwards a resource could not be closed: {mask_secrets(repr(first))}")

    def _opened(self, key: str, definition: Any, above: tuple[str, ...], needed_by: str | None) -> Any:
        if id(definition) in self._values:
            return self._values[id(definition)]
        if not isinstance(definition, OpensResource):
            _check_value(key, definition)
            return definition
        if key in above:
            ring = " -> ".join((*above[above.index(key) :], key))
            raise InvalidDefinitionError(f"resources that need each other cannot be opened: {ring}.")
        chain = (*above, key)
        needed = {}
        for name in sorted(definition.required_keys()):
            self._check_known(name, f"resource '{key}'")
            needed[name] = self._opened(name, self._definitions[name], chain, needed_by)
        nested = {name: self._nested(key, name, inner, chain, needed_by) for name, inner in definition.nested_resources().items()}
        context = replace(
            self._context, resources=Resources(needed, f"resource '{key}'"), resource_key=key, all_resource_defs=self._definitions
        )
        config = self._config.get(key)
        if isinstance(config, Mapping) and set(config) <= {"config"}:
            config = config.get("config")
        closer = definition.open_resource(context, nested, config)
        try:
            value = closer.__enter__()
        except Exception as error:
            error.add_note(f"while opening the resource '{key}'" + (f", needed by {needed_by}" if needed_by else ""))
            raise
        self._closers.append((key, closer))
        self._values[id(definition)] = value
        self._keep.append(definition)
        return value

    def _nested(self, key: str, name: str, inner: Any, chain: tuple[str, ...], needed_by: str | None) -> Any:
        """A nested definition goes by its own key, if it has one: then a run can configure it, and both places share it."""
        own = next((other for other, definition in self._definitions.items() if definition is inner), f"{key}.{name}")
        return self._opened(own, inner, chain, needed_by)

    def _check_known(self, key: str, needed_by: str | None) -> None:
        if key in self._definitions:
            return
        whom = f", needed by {needed_by}," if needed_by else ""
        have = f"There are: {', '.join(sorted(self._definitions))}." if self._definitions else "No resources are given."
        hint = f"{did_you_mean(key, self._definitions)} {have}".strip()
        raise UnknownResource(
            f"no resource '{key}'{whom} is given. {hint} Give it: Definitions(resources={{'{key}': ...}}) or resources={{'{key}': ...}}."
        )


@contextmanager
def open_resources(
    definitions: Mapping[str, Any],
    wanted: Collection[str],
    config: Mapping[str, Any] | None = None,
    *,
    context: InitResourceContext | None = None,
    needed_by: str | None = None,
) -> Iterator[Resources]:
    """The wanted resources, opened in order of need and closed in reverse.

    `config` is the section ``resources`` of a run config: ``{"db": {"config": {...}}}``. What was opened before a failure is closed.
    """
    with ResourceScope(definitions, config, context=lambda: context or InitResourceContext()) as scope:
        yield scope.get(wanted, needed_by=needed_by)


@contextmanager
def build_resources(
    resources: Mapping[str, Any],
    instance: Any = None,
    resource_config: Mapping[str, Any] | None = None,
    run: Any = None,
    log_manager: Any = None,
) -> Iterator[Resources]:
    """Resources outside a run, for cells, scripts and tests.

    >>> with build_resources({"answer": 42}) as resources:
    ...     resources.answer
    42
    """
    context = InitResourceContext(instance=instance, run=run, **({"log": log_manager} if log_manager is not None else {}))
    with open_resources(resources, list(resources), resource_config, context=context) as opened:
        yield opened


def build_init_resource_context(
    config: Any = None, resources: Mapping[str, Any] | None = None, instance: Any = None, run: Any = None, log: Any = None
) -> InitResourceContext:
    """A context for opening or testing a resource by hand. Resources given as definitions are opened; use it in a ``with`` to close them.

    >>> build_init_resource_context(config={"n": 1}).resource_config
    {'n': 1}
    """
    scope = ResourceScope(resources or {}, context=lambda: InitResourceContext(instance=instance, run=run))
    opened = scope.get(list(resources or {}))
    options = {"log": log} if log is not None else {}
    return InitResourceContext(config, opened, instance, run, all_resource_defs=dict(resources or {}), _close=scope.close, **options)


def resource_digest(resource: Any) -> str:
    """A stable digest of how a resource is configured, for staleness: its class or function and its values, without secrets.

    References to the environment count by name, values of fields that look like secrets not at all. A plain object counts by its type,
    a plain number or date by its value; a plain text by its type, since it may be a password.
    """
    if isinstance(resource, OpensResource):
        return data_digest(resource.digest_data())
    if resource is None or isinstance(resource, (bool, int, float)):
        return data_digest(["value", repr(resource)])
    kind = resource if isinstance(resource, type) else type(resource)
    return _object_digest(f"{kind.__module__}.{kind.__qualname__}")


@lru_cache(maxsize=256)
def _object_digest(kind: str) -> str:
    return data_digest(["object", kind])


def _check_value(key: str, value: Any) -> None:
    """Refuse a resource class that stands where an object is wanted."""
    if isinstance(value, type) and getattr(value, "__nbasset_resource__", False):
        raise InvalidDefinitionError(
            f"the resource '{key}' is the class {value.__name__}. Give an object: "
            f"{value.__name__}(...), or {value.__name__}.configure_at_launch()."
        )
