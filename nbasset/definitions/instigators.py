"""Schedules and sensors of a code location, put together: what they bring along, their data, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from nbasset.dataclass import NOTHING, dataclass
from nbasset.definitions.asset import AssetsDefinition
from nbasset.definitions.asset_sensors import AssetSensorDefinition
from nbasset.definitions.automation_sensors import AutomationConditionSensorDefinition, default_automation_sensor
from nbasset.definitions.catalog import Catalog
from nbasset.definitions.catalog_instigators import CatalogSchedule, CatalogSensor
from nbasset.definitions.partitioned_schedules import UnresolvedPartitionedSchedule
from nbasset.definitions.schedules import ScheduleDefinition
from nbasset.definitions.sensors import SensorDefinition
from nbasset.definitions.targets import AutomationTarget
from nbasset.errors import Error, InvalidDefinitionError, Problem, did_you_mean
from nbasset.keys import AssetKey

_SENSORS = (SensorDefinition, AutomationConditionSensorDefinition)
_SCHEDULES = (ScheduleDefinition, UnresolvedPartitionedSchedule)


@dataclass(frozen=True, slots=True)
class Instigators:
    """All schedules and sensors by name, as definitions and as data, and the problems found."""

    schedules: Mapping[str, ScheduleDefinition]
    sensors: Mapping[str, Any]
    catalog_schedules: tuple[CatalogSchedule, ...]
    catalog_sensors: tuple[CatalogSensor, ...]
    problems: tuple[Problem, ...]


NO_INSTIGATORS = Instigators(NOTHING, NOTHING, (), (), ())


def checked_instigators(schedules: Iterable[Any] | None, sensors: Iterable[Any] | None) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """What was given as schedules and sensors, each in its place.

    Raises
    ------
    InvalidDefinitionError
        If something is neither, or stands under the other's name.
    """
    return tuple(_checked(schedules, _SCHEDULES, "schedules")), tuple(_checked(sensors, _SENSORS, "sensors"))


def brought_along(schedules: Sequence[Any], sensors: Sequence[Any], jobs: Sequence[Any]) -> tuple[list[Any], list[AssetsDefinition]]:
    """Jobs and assets that are given only as the target of a schedule or sensor."""
    names = {job.name for job in jobs}
    more: dict[str, Any] = {}
    assets: dict[int, AssetsDefinition] = {}
    for target in _targets([*schedules, *sensors]):
        if target.job is not None and target.job_name not in names:
            more.setdefault(str(target.job_name), target.job)
        assets.update({id(one): one for one in target.assets})
    return list(more.values()), list(assets.values())


def instigators(schedules: Sequence[Any], sensors: Sequence[Any], catalog: Catalog, resources: Mapping[str, Any],
                automatic_assets: Iterable[AssetKey]) -> Instigators:  # fmt: skip
    """Schedules and sensors against everything else that is defined; `automatic_assets` are those with a condition."""
    problems: list[Problem] = []
    found_schedules: dict[str, ScheduleDefinition] = {}
    for one in schedules:
        if _is_new(one, found_schedules, "schedule", problems):
            resolved = _resolved_schedule(one, catalog, problems)
            if resolved is not None:
                found_schedules[one.name] = resolved
                problems.extend(_problems(resolved, "schedule", catalog, resources))
    found_sensors: dict[str, Any] = {}
    for one in sensors:
        if _is_new(one, found_sensors, "sensor", problems):
            found_sensors[one.name] = one
            if one.name in found_schedules:
                also = _at(found_schedules[one.name])
                text = f"a schedule{also} and a sensor are both called '{one.name}', so a name alone says neither"
                problems.append(_problem("duplicate-name", text, "sensor", one, "Rename one."))
            problems.extend(_problems(one, "sensor", catalog, resources))
    try:
        automatic = default_automation_sensor(catalog, list(found_sensors.values()), automatic_assets)
    except Error:
        automatic = None  # a selection that cannot be resolved is among the problems already
    if automatic is not None and automatic.name not in found_sensors:
        found_sensors[automatic.name] = automatic
    return Instigators(
        found_schedules,
        found_sensors,
        tuple(one.to_catalog() for one in found_schedules.values()),
        tuple(one.to_catalog() for one in found_sensors.values()),
        tuple(problems),
    )


def _checked(given: Iterable[Any] | None, kinds: tuple[type, ...], argument: str) -> Iterator[Any]:
    for one in given or ():
        if isinstance(one, kinds):
            yield one
            continue
        other = "sensors" if argument == "schedules" else "schedules"
        if isinstance(one, (*_SCHEDULES, *_SENSORS)):
            raise InvalidDefinitionError(f"'{one.name}' is no {argument[:-1]}: give it in Definitions({other}=[...]).")
        hint = f" Decorate the function with @{argument[:-1]}." if callable(one) else ""
        raise InvalidDefinitionError(f"{one!r:.80} is no {argument[:-1]}.{hint}")


def _targets(values: Iterable[Any]) -> Iterator[AutomationTarget]:
    for value in values:
        if isinstance(value, SensorDefinition):
            yield from value.targets
        elif not isinstance(value, AutomationConditionSensorDefinition) and value.target is not None:
            yield value.target


def _is_new(one: Any, known: Mapping[str, Any], kind: str, problems: list[Problem]) -> bool:
    if one.name not in known:
        return True
    text = f"two {kind}s are called '{one.name}'; the first one{_at(known[one.name])} counts"
    problems.append(_problem(f"duplicate-{kind}", text, kind, one, "Rename one."))
    return False


def _at(one: Any) -> str:
    place = getattr(one, "place", None)
    return f" ({place})" if place else ""


def _resolved_schedule(one: Any, catalog: Catalog, problems: list[Problem]) -> ScheduleDefinition | None:
    if isinstance(one, ScheduleDefinition):
        return one
    try:
        found: ScheduleDefinition = one.resolve(catalog)
    except Error as error:
        problems.append(_problem("partitions", str(error), "schedule", one, ""))
        return None
    return found


def _problems(one: Any, kind: str, catalog: Catalog, resources: Mapping[str, Any]) -> Iterator[Problem]:
    what = f"{kind} '{one.name}'"
    jobs = {job.name for job in catalog.jobs}
    for target in _targets([one]):
        if target.job_name is not None and target.job_name not in jobs:
            near = did_you_mean(target.job_name, jobs) or (f"There are: {', '.join(sorted(jobs))}." if jobs else "None is defined.")
            hint = f"{near} Add it: Definitions(jobs=[...])."
            yield _problem("unknown-job", f"{what} starts the job '{target.job_name}', which is not defined", kind, one, hint)
    for selection in [*(target.selection for target in _targets([one])), getattr(one, "selection", None)]:
        if selection is not None:
            try:
                selection.resolve(catalog)
            except Error as error:
                yield _problem("unknown-asset", f"{what} selects what is not there: {error}", kind, one, "Mend its target.")
    for key in sorted(one.required_resource_keys - resources.keys()):
        near = did_you_mean(key, resources)
        hint = f'{near} Add it: Definitions(resources={{"{key}": ...}}).'.strip()
        yield _problem("missing-resource", f"{what} needs the resource '{key}', which is not among the resources", kind, one, hint)
    if isinstance(one, AssetSensorDefinition) and one.asset_key not in catalog.by_key:
        near = did_you_mean(str(one.asset_key), map(str, catalog.by_key))
        hint = f"{near} One that is made elsewhere may be watched too.".strip()
        yield _problem("unknown-asset", f"{what} watches '{one.asset_key}', which is not defined here", kind, one, hint, "note")


def _problem(rule: str, message: str, kind: str, one: Any, hint: str, severity: Any = "error") -> Problem:
    # The mark keeps it from stopping plans of assets and jobs that are fine by themselves.
    return Problem(rule, message, getattr(one, "place", None), hint or None, severity, job=f"{kind}:{one.name}")
