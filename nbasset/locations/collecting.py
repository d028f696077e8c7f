"""From a namespace to `Definitions`: what stands at the top level of a module or notebook."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from typing import Any

from nbasset.dataclass import dataclass
from nbasset.definitions.asset import AssetsDefinition
from nbasset.definitions.definitions import Definitions
from nbasset.definitions.specs import AssetSpec
from nbasset.errors import InvalidDefinitionError, Problem

_DEEPEST = 3


@dataclass(slots=True)
class Collected:
    """Definitions by kind, each object once, in order of their names' appearance."""

    assets: list[AssetsDefinition] = field(default_factory=list)
    checks: list[AssetsDefinition] = field(default_factory=list)
    specs: list[AssetSpec] = field(default_factory=list)
    jobs: list[Any] = field(default_factory=list)
    schedules: list[Any] = field(default_factory=list)
    sensors: list[Any] = field(default_factory=list)
    definitions: list[Definitions] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing."""
        return not (self.assets or self.checks or self.specs or self.jobs or self.schedules or self.sensors or self.definitions)


def collect(namespaces: Iterable[Mapping[str, Any]]) -> Collected:
    """All definitions that names of the namespaces stand for, also inside lists, tuples and dicts."""
    found = Collected()
    seen: set[int] = set()
    for namespace in namespaces:
        for name, value in list(namespace.items()):
            if name.startswith("__"):
                continue
            for one in inside(value):
                if id(one) not in seen:
                    seen.add(id(one))
                    _sort_in(one, found)
    return found


def definitions_of(found: Collected, *, name: str, only_definitions: bool, problems: Iterable[Problem] = ()) -> Definitions:
    """One `Definitions` of all that was collected.

    With `only_definitions` (a module) a `Definitions` object at the top level says all there is, and single assets beside it do not count;
    without (a notebook) both count.

    Raises
    ------
    InvalidDefinitionError
        If two `Definitions` objects contradict each other.
    """
    if found.definitions and only_definitions:
        return _renamed(Definitions.merge(*found.definitions), name, problems)
    held = {id(one) for defs in found.definitions for one in (*defs.assets, *defs.asset_checks, *defs.jobs, *defs.schedules, *defs.sensors)}
    keys = {key for defs in found.definitions for one in defs.assets for key in one.specs_by_key}
    loose_assets = [one for one in found.assets if id(one) not in held and not keys.issuperset(one.specs_by_key)]
    keys |= {key for one in loose_assets for key in one.specs_by_key}
    loose = Definitions(
        loose_assets + [spec for spec in found.specs if spec.key not in keys],
        [one for one in found.schedules if id(one) not in held],
        [one for one in found.sensors if id(one) not in held],
        [one for one in found.jobs if id(one) not in held],
        asset_checks=[one for one in found.checks if id(one) not in held],
    )
    return _renamed(Definitions.merge(*found.definitions, loose), name, problems)


def stands_around(value: Any) -> bool:
    """Whether a worker needs it beside the code of an asset or op: it gives resources, or hooks of a job."""
    if isinstance(value, Definitions):
        return bool(value.resources) or any(job.hook_defs for job in value.jobs)
    return _kind(value) == "job" and bool(value.hook_defs)


def contains(value: Any, wanted: Any) -> bool:
    """Whether a value is, or holds, a definition: the same object, or one made of the same node."""
    node = getattr(wanted, "node", None)
    return any(one is wanted or (node is not None and getattr(one, "node", None) is node) for one in inside(value))


def _renamed(defs: Definitions, name: str, problems: Iterable[Problem]) -> Definitions:
    return Definitions(
        defs.assets, defs.schedules, defs.sensors, defs.jobs, defs.resources, defs.executor, defs.loggers, defs.asset_checks, defs.metadata,
        name=name, loading_problems=[*problems, *defs.loading_problems],
    )  # fmt: skip


def inside(value: Any, depth: int = 0) -> Iterator[Any]:
    """The definitions that a value is, or holds in lists, tuples, sets and dicts."""
    if depth < _DEEPEST and isinstance(value, (list, tuple, set, frozenset)):
        for one in value:
            yield from inside(one, depth + 1)
    elif depth < _DEEPEST and type(value) is dict:
        for one in value.values():
            yield from inside(one, depth + 1)
    elif isinstance(value, (AssetsDefinition, AssetSpec, Definitions)) or _kind(value) or _can_become_assets(value):
        yield value


def _can_become_assets(value: Any) -> bool:
    return not isinstance(value, type) and callable(getattr(type(value), "to_assets_definition", None))


def _sort_in(value: Any, found: Collected) -> None:
    if isinstance(value, AssetsDefinition):
        (found.assets if value.specs_by_key else found.checks).append(value)
    elif isinstance(value, AssetSpec):
        found.specs.append(value)
    elif isinstance(value, Definitions):
        found.definitions.append(value)
    elif _can_become_assets(value):
        made = value.to_assets_definition()
        if not isinstance(made, AssetsDefinition):
            raise InvalidDefinitionError(f"{value!r:.60} gives no asset definition.")
        found.assets.append(made)
    else:
        {"job": found.jobs, "schedule": found.schedules, "sensor": found.sensors}[_kind(value)].append(value)


_KINDS = {
    "JobDefinition": "job",
    "UnresolvedAssetJobDefinition": "job",
    "ScheduleDefinition": "schedule",
    "UnresolvedPartitionedSchedule": "schedule",
    "SensorDefinition": "sensor",
    "AutomationConditionSensorDefinition": "sensor",
}


def _kind(value: Any) -> str:
    """What a job, schedule or sensor is, by the names of its classes: their modules need not be loaded to tell that a value is none."""
    for cls in type(value).__mro__:
        if cls.__module__.startswith("nbasset.") and cls.__name__ in _KINDS:
            return _KINDS[cls.__name__]
    return ""
