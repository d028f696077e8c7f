"""What a schedule or sensor starts: a job, or a selection of assets. One way of giving it for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from nbasset.dataclass import dataclass
from nbasset.definitions.asset import AssetsDefinition
from nbasset.definitions.catalog import Catalog
from nbasset.definitions.catalog_instigators import CatalogTarget
from nbasset.definitions.partitions import PartitionsDefinition
from nbasset.definitions.selection import AssetSelection
from nbasset.definitions.specs import AssetSpec
from nbasset.errors import InvalidDefinitionError
from nbasset.keys import AssetKey


@dataclass(frozen=True, eq=False)
class AutomationTarget:
    """A job (the object, or its name alone), or a selection of assets. `assets` are definitions that were given as target."""

    job_name: str | None = None
    job: Any = None
    selection: AssetSelection | None = None
    assets: tuple[AssetsDefinition, ...] = ()

    @property
    def text(self) -> str:
        """For sentences: ``job 'nightly'``, ``assets group:"raw"``."""
        return f"job '{self.job_name}'" if self.job_name is not None else f"assets {self.selection}"

    def to_catalog(self) -> CatalogTarget:
        """The same as data."""
        return CatalogTarget(self.job_name, self.selection)

    def partitions_def(self, catalog: Catalog | None) -> PartitionsDefinition | None:
        """How what it starts is partitioned; None where it is not, or where only a catalog could tell and there is none.

        Raises
        ------
        InvalidDefinitionError
            If the selected assets are partitioned in different ways, so that one partition key means nothing.
        """
        if self.job is not None and getattr(self.job, "partitions_def", None) is not None:
            found: PartitionsDefinition = self.job.partitions_def
            return found
        if catalog is None:
            return None
        if self.job_name is not None:
            entry = next((one for one in catalog.jobs if one.name == self.job_name), None)
            if entry is None or entry.partitions_def is not None or entry.selection is None:
                return entry.partitions_def if entry is not None else None
            return shared_partitions(AssetSelection.from_coercible(entry.selection).resolve(catalog), catalog, self.text)
        assert self.selection is not None
        return shared_partitions(self.selection.resolve(catalog), catalog, self.text)


def shared_partitions(keys: Iterable[AssetKey], catalog: Catalog, what: str) -> PartitionsDefinition | None:
    """The one partitions definition of those of these assets that have any."""
    found: dict[PartitionsDefinition, AssetKey] = {}
    for key in sorted(keys):
        definition = catalog.by_key[key].partitions_def
        if definition is not None and catalog.by_key[key].execution != "external":
            found.setdefault(definition, key)
    if len(found) > 1:
        (one, first), (other, second) = list(found.items())[:2]
        raise InvalidDefinitionError(
            f"{what} has '{first}' partitioned {one.describe()} and '{second}' partitioned {other.describe()}, so one partition key cannot "
            "be for both. Start them by two schedules or sensors."
        )
    return next(iter(found), None)


def one_target(what: str, *, job_name: str | None, job: Any, target: Any) -> AutomationTarget | None:
    """The target of a schedule: at most one of these says it.

    Raises
    ------
    InvalidDefinitionError
        If several do.
    """
    found = _given(what, (("job_name", job_name), ("job", job), ("target", target)))
    return _target(what, found[0], found[1]) if found is not None else None


def several_targets(
    what: str, *, job_name: str | None, job: Any, jobs: Sequence[Any] | None, asset_selection: Any, target: Any
) -> tuple[AutomationTarget, ...]:
    """The targets of a sensor: one of these says them; `jobs` and a `target` that is a list of jobs give several."""
    given = (("job_name", job_name), ("job", job), ("jobs", jobs), ("asset_selection", asset_selection), ("target", target))
    found = _given(what, given)
    if found is None:
        return ()
    name, value = found
    if name == "jobs" or (name == "target" and isinstance(value, (list, tuple)) and value and all(map(_is_job, value))):
        if not isinstance(value, (list, tuple)) or not all(map(_is_job, value)):
            raise InvalidDefinitionError(f"{what}: jobs is a list of jobs, not {value!r:.60}.")
        return tuple(_of_job(one) for one in value)
    return (_target(what, name, value),)


def _given(what: str, arguments: Sequence[tuple[str, Any]]) -> tuple[str, Any] | None:
    found = [(name, value) for name, value in arguments if value is not None]
    if len(found) > 1:
        raise InvalidDefinitionError(f"{what} was given {' and '.join(name for name, _ in found)}. Keep one: each says what to start.")
    return found[0] if found else None


def _target(what: str, name: str, value: Any) -> AutomationTarget:
    if name == "job_name":
        if not isinstance(value, str):
            raise InvalidDefinitionError(f"{what}: job_name is a name, not {value!r:.60}. Give a job as job=...")
        return AutomationTarget(value)
    if _is_job(value):
        return _of_job(value)
    if name == "job":
        raise InvalidDefinitionError(f"{what}: job={value!r:.60} is no job. Make one with define_asset_job or @job, or give target=...")
    if callable(value) and not isinstance(value, AssetsDefinition):
        raise InvalidDefinitionError(f"{what}: {value!r:.60} is a function. Decorate it with @asset, @graph or @job.")
    given = list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]
    definitions = tuple(one for one in given if isinstance(one, AssetsDefinition))
    keyed = [AssetSelection.assets(one) if isinstance(one, (AssetsDefinition, AssetSpec)) else one for one in given]
    return AutomationTarget(selection=AssetSelection.from_coercible(keyed[0] if len(keyed) == 1 else keyed), assets=definitions)


def _is_job(value: Any) -> bool:
    return callable(getattr(value, "run_request_for_partition", None)) or callable(getattr(value, "to_job", None))


def _of_job(value: Any) -> AutomationTarget:
    job = value if callable(getattr(value, "run_request_for_partition", None)) else value.to_job()
    return AutomationTarget(job.name, job)
