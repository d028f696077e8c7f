"""Older ways to put definitions together: a function that returns them all, and resources given to each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, overload

from nbasset.definitions.asset import AssetsDefinition
from nbasset.definitions.definitions import Definitions
from nbasset.definitions.graph_body import GraphBody
from nbasset.definitions.job import JobDefinition
from nbasset.definitions.schedules import ScheduleDefinition
from nbasset.definitions.sensors import SensorDefinition
from nbasset.errors import InvalidDefinitionError, UnknownResource, did_you_mean, kind_of
from nbasset.metadata import RawMetadataValue


@overload
def repository(definitions_fn: Callable[[], Any], /) -> Definitions: ...
@overload
def repository(
    *, name: str | None = ..., description: str | None = ..., metadata: Mapping[str, RawMetadataValue] | None = ...,
    default_executor_def: Any = ..., default_logger_defs: Mapping[str, Any] | None = ...,
) -> Callable[[Callable[[], Any]], Definitions]: ...  # fmt: skip
def repository(
    definitions_fn: Callable[[], Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    metadata: Mapping[str, RawMetadataValue] | None = None,
    default_executor_def: Any = None,
    default_logger_defs: Mapping[str, Any] | None = None,
) -> Definitions | Callable[[Callable[[], Any]], Definitions]:
    """The `Definitions` of everything that the function returns: a list, or a dict of kinds to dicts by name. New code makes them itself.

    The function is called once, here. `description` is taken and shown nowhere: definitions have none.

    >>> from nbasset import asset, define_asset_job
    >>> @asset
    ... def orders(): ...
    >>> @repository
    ... def shop():
    ...     return [orders, define_asset_job("nightly", "orders")]
    >>> shop.name, shop.get_job_def("nightly").name
    ('shop', 'nightly')

    Raises
    ------
    InvalidDefinitionError
        If it returns anything that is no definition.
    """

    def make(fn: Callable[[], Any]) -> Definitions:
        label = name or fn.__name__
        given = list(_each(fn()))
        groups = {kind: [one for one in given if isinstance(one, kind)] for kind in (JobDefinition, ScheduleDefinition, SensorDefinition)}
        graphs = [JobDefinition(one) for one in given if isinstance(one, GraphBody)]
        others = [one for one in given if not isinstance(one, (*groups, GraphBody))]
        for one in others:
            if not isinstance(one, AssetsDefinition) and not hasattr(one, "key"):
                raise InvalidDefinitionError(
                    f"repository '{label}' holds {kind_of(one)}, which is no definition: assets, checks, jobs, graphs, schedules and "
                    "sensors can stand in its list."
                )
        return Definitions(
            [one for one in others if not _is_check(one)], groups[ScheduleDefinition], groups[SensorDefinition],
            [*groups[JobDefinition], *graphs], None, default_executor_def, default_logger_defs, filter(_is_check, others), metadata,
            name=label,
        )  # fmt: skip

    return make if definitions_fn is None else make(definitions_fn)


def with_resources(
    definitions: Iterable[Any], resource_defs: Mapping[str, Any], resource_config_by_key: Mapping[str, Any] | None = None
) -> list[Any]:
    """The definitions, each with these resources; assets that are made elsewhere have none. New code gives them to `Definitions`.

    `resource_config_by_key` configures resources that are functions: ``{"db": {"config": {...}}}``.

    >>> from nbasset import ResourceParam, asset, materialize
    >>> @asset
    ... def orders(shop: ResourceParam[str]): return shop
    >>> materialize(with_resources([orders], {"shop": "corner"})).asset_value("orders")
    'corner'

    Raises
    ------
    UnknownResource
        If one is configured that is not given.
    """
    given = dict(resource_defs)
    for key, said in (resource_config_by_key or {}).items():
        if key not in given:
            raise UnknownResource(f"resource_config_by_key speaks of '{key}', which is no key here. {did_you_mean(key, given)}".rstrip())
        given[key] = given[key].configured(said["config"] if isinstance(said, Mapping) and set(said) == {"config"} else said)
    return [one.with_resources(given) if hasattr(one, "with_resources") else one for one in definitions]


def _each(given: Any) -> Iterator[Any]:
    """The definitions in lists and dicts however deep; in a dict also functions that make one."""
    for one in given.values() if isinstance(given, Mapping) else given:
        if isinstance(one, (list, tuple, Mapping)):
            yield from _each(one)
        else:
            makes = isinstance(given, Mapping) and type(one).__name__ == "function"
            yield one() if makes else one


def _is_check(one: Any) -> bool:
    return isinstance(one, AssetsDefinition) and not one.specs_by_key and bool(one.check_specs)
