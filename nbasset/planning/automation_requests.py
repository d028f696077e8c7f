"""From what an automation evaluation requests to runs: what can be made together goes into one run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import Catalog
from nbasset.definitions.partitions import PartitionsDefinition
from nbasset.definitions.requests import SENSOR_TAG, RunRequest, partition_tags
from nbasset.events.facts import CheckKey
from nbasset.keys import AssetKey
from nbasset.ordinals import OrdinalSet
from nbasset.planning.automation_space import Space
from nbasset.planning.automation_state import AutomationResult, AutomationView, JobKey


@dataclass(frozen=True, slots=True)
class AutomationRequests:
    """Runs to start, and the partitions of a backfill where there are too many for runs of their own."""

    runs: tuple[RunRequest, ...] = ()
    backfill: Mapping[AssetKey, OrdinalSet] = field(default_factory=dict)


def automation_requests(
    catalog: Catalog,
    view: AutomationView,
    result: AutomationResult,
    *,
    sensor_name: str = "",
    run_tags: Mapping[str, str] | None = None,
    emit_backfills: bool = True,
) -> AutomationRequests:
    """The runs that make what is requested.

    Assets without partitions go into one run, with the checks that are requested; partitioned ones into one run for each partition, assets
    of the same partitions together. With `emit_backfills`, as soon as some asset needs more than one partition, all partitions go into
    one backfill.
    """
    space = Space(catalog, view.view)
    tags = {**({SENSOR_TAG: sensor_name} if sensor_name else {}), **(run_tags or {})}
    plain: list[AssetKey] = []
    checks: list[CheckKey] = []
    parts: dict[PartitionsDefinition, dict[AssetKey, OrdinalSet]] = {}
    checked: dict[PartitionsDefinition, dict[CheckKey, OrdinalSet]] = {}
    jobs: list[RunRequest] = []
    for entity, ordinals in result.requested.items():
        definition = space.partitions_def(entity)
        if isinstance(entity, JobKey):
            jobs.extend(_of_job(entity, ordinals, definition, view, tags))
        elif isinstance(entity, CheckKey):
            if definition is None:
                checks.append(entity)
            else:
                checked.setdefault(definition, {})[entity] = ordinals
        elif definition is None:
            plain.append(entity)
        else:
            parts.setdefault(definition, {})[entity] = ordinals
    runs = jobs
    if plain or checks:
        runs.append(RunRequest(tags=tags, asset_selection=plain, asset_check_keys=_also_of(catalog, plain, checks)))
    several = {key: ordinals for group in parts.values() for key, ordinals in group.items()}
    if emit_backfills and any(len(ordinals) > 1 for ordinals in several.values()):
        return AutomationRequests(tuple(runs), several)
    for definition in {**parts, **checked}:
        runs.extend(_by_partition(catalog, view, definition, parts.get(definition, {}), checked.get(definition, {}), tags))
    return AutomationRequests(tuple(runs))


def _of_job(
    job: JobKey, ordinals: OrdinalSet, definition: PartitionsDefinition | None, view: AutomationView, tags: Mapping[str, str]
) -> list[RunRequest]:
    if definition is None:
        return [RunRequest(job_name=job.name, tags=tags)]
    keys = definition.keys_of(ordinals, view.view.table)
    return [RunRequest(job_name=job.name, partition_key=key, tags={**partition_tags(key, definition), **tags}) for key in keys]


def _by_partition(
    catalog: Catalog,
    view: AutomationView,
    definition: PartitionsDefinition,
    assets: Mapping[AssetKey, OrdinalSet],
    checks: Mapping[CheckKey, OrdinalSet],
    tags: Mapping[str, str],
) -> list[RunRequest]:
    everything = OrdinalSet()
    for ordinals in (*assets.values(), *checks.values()):
        everything = everything | ordinals
    found = []
    for key in definition.keys_of(everything, view.view.table):
        ordinal = definition.ordinal_of(key, view.view.table)
        made = [asset for asset, ordinals in assets.items() if ordinal in ordinals]
        seen = [check for check, ordinals in checks.items() if ordinal in ordinals]
        found.append(
            RunRequest(
                partition_key=key,
                tags={**partition_tags(key, definition), **tags},
                asset_selection=made,
                asset_check_keys=_also_of(catalog, made, seen),
            )
        )
    return found


def _also_of(catalog: Catalog, assets: list[AssetKey], checks: list[CheckKey]) -> list[CheckKey] | None:
    """Checks of a run: all of its assets (None) where none was requested for itself, else these and those that have no condition."""
    if not checks:
        return None
    own = [
        check
        for key in assets
        for check in catalog.checks_by_asset.get(key, ())
        if catalog.checks_by_key[check].spec.automation_condition is None
    ]
    return [*dict.fromkeys([*checks, *own])]
