"""`Definitions`: all that a code location offers, and the loaders that collect it from modules."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field, replace
from types import ModuleType
from typing import TYPE_CHECKING, Any

from nbasset.cached import cached_property
from nbasset.dataclass import dataclass
from nbasset.definitions.asset import AssetsDefinition
from nbasset.definitions.asset_graph import AssetGraph
from nbasset.definitions.asset_job import define_asset_job
from nbasset.definitions.catalog import Catalog, CatalogJob
from nbasset.definitions.instigators import NO_INSTIGATORS, brought_along, checked_instigators, instigators
from nbasset.definitions.loggers import checked_loggers
from nbasset.definitions.resolve import Resolver
from nbasset.definitions.resolved import ResolvedDefinitions, ResolvedFunctions
from nbasset.definitions.runtime import runtime
from nbasset.definitions.specs import AssetSpec, parts_of
from nbasset.definitions.value_loader import AssetValueLoader
from nbasset.errors import InvalidDefinitionError, Problem, ProblemsFound, did_you_mean
from nbasset.events.facts import CheckKey
from nbasset.keys import AssetKey
from nbasset.metadata import MetadataValue, RawMetadataValue, normalize

if TYPE_CHECKING:
    from nbasset.keys import CoercibleToAssetKey

ALL_ASSETS_JOB = "__ASSET_JOB"


@dataclass(frozen=True, eq=False)
class Definitions:
    """Everything that a module, a notebook or a session defines.

    Assets may be definitions, specs (external assets) or lists of them. `loading_problems` are what was found before, by whoever read the
    code. Making one checks nothing that depends on the rest; `resolve` does,
    and `validate_loadable` raises all problems at once.

    >>> from nbasset.definitions.asset_decorators import asset
    >>> @asset
    ... def orders(): return [1, 2]
    >>> @asset
    ... def total(orders): return sum(orders)
    >>> Definitions(assets=[orders, total]).catalog.upstream[total.key]
    (AssetKey('orders'),)
    """

    assets: tuple[Any, ...] = ()
    schedules: tuple[Any, ...] = ()
    sensors: tuple[Any, ...] = ()
    jobs: tuple[Any, ...] = ()
    resources: Mapping[str, Any] = field(default_factory=dict)
    executor: Any = None
    loggers: Mapping[str, Any] = field(default_factory=dict)
    asset_checks: tuple[Any, ...] = ()
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)
    name: str = ""
    loading_problems: tuple[Problem, ...] = ()

    def __init__(
        self,
        assets: Iterable[Any] | None = None,
        schedules: Iterable[Any] | None = None,
        sensors: Iterable[Any] | None = None,
        jobs: Iterable[Any] | None = None,
        resources: Mapping[str, Any] | None = None,
        executor: Any = None,
        loggers: Mapping[str, Any] | None = None,
        asset_checks: Iterable[Any] | None = None,
        metadata: Mapping[str, RawMetadataValue] | None = None,
        *,
        name: str = "",
        loading_problems: Iterable[Problem] = (),
    ) -> None:
        checked_assets = tuple(_flat(assets))
        checked_schedules, checked_sensors = checked_instigators(schedules, sensors) if schedules or sensors else ((), ())
        vars(self).update(
            assets=checked_assets, schedules=checked_schedules, sensors=checked_sensors, jobs=tuple(jobs or ()),
            resources=dict(resources or {}), executor=executor, loggers=checked_loggers(loggers), asset_checks=tuple(_flat(asset_checks)),
            metadata=normalize(metadata, of="Definitions"), name=name, loading_problems=tuple(loading_problems),
        )  # fmt: skip

    @cached_property
    def _resolved(self) -> ResolvedDefinitions:
        more_jobs, more_assets = brought_along(self.schedules, self.sensors, self.jobs) if self.schedules or self.sensors else ([], [])
        known = {key for one in self.assets for key in one.keys} if more_assets else set()
        others = tuple([one for one in more_assets if known.isdisjoint(one.keys)])
        resolver = Resolver(self.assets + others + self.asset_checks, resources=self.resources, name=self.name)
        catalog = resolver.catalog()
        all_jobs = [*self.jobs, *more_jobs]
        jobs, more = _jobs(all_jobs, catalog)
        if jobs:
            catalog = replace(catalog, jobs=tuple(jobs))
        mismatched = _mapping_problems(catalog) if resolver.has_partitions else ()
        conditioned, driven = resolver.with_condition(), NO_INSTIGATORS
        if self.schedules or self.sensors or all_jobs or conditioned or catalog.checks:
            driven = instigators(self.schedules, self.sensors, catalog, self.resources, conditioned)
        problems = (*self.loading_problems, *catalog.problems, *mismatched, *more, *driven.problems)
        schedules, sensors = driven.catalog_schedules, driven.catalog_sensors
        if schedules or sensors or len(problems) > len(catalog.problems):
            catalog = replace(catalog, schedules=schedules, sensors=sensors, problems=problems)
        named = {job.name: job for job in all_jobs}
        return ResolvedDefinitions(
            catalog, ResolvedFunctions(resolver.bound), self.resources, named, self.loggers, self.executor, driven.schedules,
            driven.sensors,
        )  # fmt: skip

    def resolve(self) -> ResolvedDefinitions:
        """The catalog and the functions behind it; worked out once."""
        return self._resolved

    @property
    def catalog(self) -> Catalog:
        """Everything as plain data."""
        return self._resolved.catalog

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong, without raising."""
        return self._resolved.catalog.problems

    def get_assets_def(self, key: CoercibleToAssetKey) -> AssetsDefinition:
        """The definition that makes an asset."""
        return self._resolved.maker(AssetKey.from_coercible(key))

    def get_all_asset_specs(self) -> list[AssetSpec]:
        """What is said of every asset, in order of definition."""
        return [asset.spec for asset in self.catalog.assets]

    def get_all_asset_keys(self) -> list[AssetKey]:
        """Keys of every asset, in order of definition."""
        return list(self.catalog.by_key)

    def get_all_asset_check_keys(self) -> list[CheckKey]:
        """Keys of every check."""
        return list(self.catalog.checks_by_key)

    def get_all_job_defs(self) -> list[Any]:
        """Every job, ready to run."""
        return [job.bound_to(self) for job in self._resolved.jobs.values()]

    def get_job_def(self, name: str) -> Any:
        """A job by its name, ready to run with the assets and resources that are defined here.

        Raises
        ------
        InvalidDefinitionError
            If there is none; the nearest name is given.
        """
        if name == ALL_ASSETS_JOB and name not in self._resolved.jobs:
            return self.get_implicit_global_asset_job_def()
        return _named(tuple(self._resolved.jobs.values()), name, "job").bound_to(self)

    def get_implicit_global_asset_job_def(self) -> Any:
        """The job of every asset, which need not be defined: its name is ``__ASSET_JOB``."""
        return self.with_job(define_asset_job(ALL_ASSETS_JOB)).get_job_def(ALL_ASSETS_JOB)

    def with_job(self, job: Any) -> Definitions:
        """A copy in which this job stands for the one of its name, or joins the others. What is resolved already is not looked at again."""
        made = replace_definitions(self, jobs=[*(one for one in self.jobs if one.name != job.name), job])
        before = self._resolved
        entry, problems = job.to_catalog(before.catalog)
        kept = [one for one in before.catalog.problems if one.job != job.name]
        jobs = (*(one for one in before.catalog.jobs if one.name != job.name), entry)
        catalog = replace(before.catalog, jobs=jobs, problems=(*kept, *problems))
        made.__dict__["_resolved"] = replace(before, catalog=catalog, jobs={**before.jobs, job.name: job})
        return made

    def get_schedule_def(self, name: str) -> Any:
        """A schedule by its name."""
        return _named(tuple(self._resolved.schedules.values()), name, "schedule")

    def get_sensor_def(self, name: str) -> Any:
        """A sensor by its name."""
        return _named(tuple(self._resolved.sensors.values()), name, "sensor")

    def resolve_asset_graph(self) -> AssetGraph:
        """Who reads whom, as an object to ask."""
        return AssetGraph(self.catalog)

    # The names of the field for the same questions.
    resolve_assets_def = get_assets_def
    resolve_all_asset_specs = get_all_asset_specs
    resolve_all_asset_keys = get_all_asset_keys
    resolve_all_asset_check_keys = get_all_asset_check_keys
    resolve_all_job_defs = get_all_job_defs
    resolve_job_def = get_job_def
    resolve_implicit_global_asset_job_def = get_implicit_global_asset_job_def
    resolve_schedule_def = get_schedule_def
    resolve_sensor_def = get_sensor_def

    get_job = get_job_def

    def has_job(self, name: str) -> bool:
        """Whether there is a job of this name."""
        return name in self._resolved.jobs

    def get_repository_def(self) -> Definitions:
        """These definitions: the reference has another object for what a schedule or sensor sees of them."""
        return self

    def map_asset_specs(self, *, func: Callable[[AssetSpec], AssetSpec], selection: Any = None) -> Definitions:
        """A copy in which the spec of each asset, or of each selected one, went through `func`."""
        if selection is not None:
            return self.map_resolved_asset_specs(func=func, selection=selection)
        return replace_definitions(self, assets=[one.map_asset_specs(func) for one in self.assets])

    def map_resolved_asset_specs(self, *, func: Callable[[AssetSpec], AssetSpec], selection: Any = None) -> Definitions:
        """The same, for assets that are selected by anything that is known of them."""
        from nbasset.definitions.selection import AssetSelection

        chosen = AssetSelection.from_coercible(selection).resolve(self.catalog) if selection is not None else None
        return self.map_asset_specs(func=lambda spec: func(spec) if chosen is None or spec.key in chosen else spec)

    def load_asset_value(self, asset_key: CoercibleToAssetKey, *, python_type: type | None = None, instance: Any = None,
                         partition_key: str | None = None, metadata: Mapping[str, Any] | None = None) -> Any:  # fmt: skip
        """The stored value of an asset, loaded outside a run."""
        return runtime().load_asset_value(
            self,
            AssetKey.from_coercible(asset_key),
            python_type=python_type,
            instance=instance,
            partition_key=partition_key,
            metadata=metadata,
        )

    @contextmanager
    def get_asset_value_loader(self, instance: Any = None) -> Iterator[AssetValueLoader]:
        """What loads the values of several assets from one instance, for as long as the block lasts."""
        yield AssetValueLoader(self, instance if instance is not None else runtime().current_instance())

    @staticmethod
    def merge(*def_sets: Definitions) -> Definitions:
        """One from several. The same resource key with two different values is an error; so are two executors.

        Raises
        ------
        InvalidDefinitionError
            If two of them contradict each other.
        """
        resources: dict[str, Any] = {}
        loggers: dict[str, Any] = {}
        executors = [one.executor for one in def_sets if one.executor is not None]
        for one in def_sets:
            for what, into, given in (("resource", resources, one.resources), ("logger", loggers, one.loggers)):
                for key, value in given.items():
                    if key in into and into[key] is not value and into[key] != value:
                        raise InvalidDefinitionError(
                            f"two of the merged Definitions give different values for the {what} '{key}'. Keep one."
                        )
                    into[key] = value
        if len({id(one) for one in executors}) > 1:
            raise InvalidDefinitionError("two of the merged Definitions name different executors. Keep one.")
        return Definitions(
            [one for defs in def_sets for one in defs.assets],
            [one for defs in def_sets for one in defs.schedules],
            [one for defs in def_sets for one in defs.sensors],
            [one for defs in def_sets for one in defs.jobs],
            resources,
            executors[0] if executors else None,
            loggers,
            [one for defs in def_sets for one in defs.asset_checks],
            {key: value for defs in def_sets for key, value in defs.metadata.items()},
            loading_problems=[problem for defs in def_sets for problem in defs.loading_problems],
        )

    @staticmethod
    def validate_loadable(defs: Definitions) -> None:
        """Raise everything that is wrong, at once.

        Raises
        ------
        ProblemsFound
            With all problems of severity error.
        """
        errors = [problem for problem in defs.problems if problem.severity == "error"]
        if errors:
            raise ProblemsFound(errors)


def replace_definitions(defs: Definitions, **changes: Any) -> Definitions:
    """A copy with some arguments of `Definitions` given anew."""
    names = ("assets", "schedules", "sensors", "jobs", "resources", "executor", "loggers", "asset_checks", "metadata", "name",
             "loading_problems")  # fmt: skip
    return Definitions(**{**{name: getattr(defs, name) for name in names}, **changes})


def load_assets_from_modules(
    modules: Iterable[ModuleType],
    group_name: str | None = None,
    key_prefix: str | Sequence[str] | None = None,
    *,
    automation_condition: Any = None,
    backfill_policy: Any = None,
    source_key_prefix: str | Sequence[str] | None = None,
    include_specs: bool = False,
) -> list[Any]:
    """All assets that stand at the top level of the modules, in order; what is given here is set on each that does not say it itself.

    >>> from types import ModuleType
    >>> from nbasset import asset
    >>> @asset
    ... def orders(): ...
    >>> sales = ModuleType("sales")
    >>> sales.orders = orders
    >>> [str(one.key) for one in load_assets_from_modules([sales], key_prefix="raw")]
    ['raw/orders']
    """
    found: dict[int, Any] = {}
    for module in modules:
        for name, value in list(vars(module).items()):
            if not name.startswith("__"):
                found.update((id(one), asset) for one, asset in _assets_in(value, include_specs))
    return [
        _with_defaults(
            one, group_name, source_key_prefix if one.execution == "external" else key_prefix, automation_condition, backfill_policy
        )
        for one in found.values()
    ]


def load_assets_from_package_module(
    package_module: ModuleType, group_name: str | None = None, key_prefix: Any = None, **attributes: Any
) -> list[Any]:
    """All assets of a package and of every module below it.

    >>> import nbasset.arguments
    >>> load_assets_from_package_module(nbasset.arguments)
    []
    """
    return load_assets_from_modules(modules_of_package(package_module), group_name, key_prefix, **attributes)


def load_assets_from_package_name(package_name: str, group_name: str | None = None, key_prefix: Any = None, **attributes: Any) -> list[Any]:
    """All assets of the package with this name.

    >>> load_assets_from_package_name("nbasset.arguments")
    []
    """
    return load_assets_from_package_module(importlib.import_module(package_name), group_name, key_prefix, **attributes)


def load_assets_from_current_module(group_name: str | None = None, key_prefix: Any = None, **attributes: Any) -> list[Any]:
    """All assets of the module that calls this.

    >>> load_assets_from_current_module(group_name="sales")
    []
    """
    import inspect

    frame = inspect.currentframe()
    caller = frame.f_back if frame is not None else None
    name = caller.f_globals.get("__name__") if caller is not None else None
    module = importlib.import_module(name) if name and name != "__main__" else _as_module(caller.f_globals if caller else {})
    return load_assets_from_modules([module], group_name, key_prefix, **attributes)


def modules_of_package(package: ModuleType) -> Iterator[ModuleType]:
    """The package and its modules, imported, by name."""
    import pkgutil  # 1 MB with what it imports

    yield package
    for found in pkgutil.walk_packages(getattr(package, "__path__", []), package.__name__ + "."):
        yield importlib.import_module(found.name)


def map_asset_specs(func: Callable[[AssetSpec], AssetSpec], iterable: Iterable[AssetsDefinition | AssetSpec]) -> list[Any]:
    """Each asset or spec with its spec changed by `func`.

    >>> from nbasset import AssetSpec
    >>> specs = [AssetSpec("orders"), AssetSpec("customers")]
    >>> [spec.owners for spec in map_asset_specs(lambda spec: spec.replace_attributes(owners=["team:data"]), specs)]
    [('team:data',), ('team:data',)]
    """
    return [func(one) if isinstance(one, AssetSpec) else one.map_asset_specs(func) for one in iterable]


def _as_module(namespace: Mapping[str, Any]) -> ModuleType:
    module = ModuleType("__main__")
    vars(module).update(namespace)
    return module


def _with_defaults(one: AssetsDefinition, group: str | None, prefix: Any, condition: Any, backfill_policy: Any) -> AssetsDefinition:
    def change(spec: AssetSpec) -> AssetSpec:
        changes: dict[str, Any] = {}
        if group is not None:
            if spec.group_name not in (None, group):
                raise InvalidDefinitionError(f"asset '{spec.key}' is in group '{spec.group_name}' and cannot also be put into '{group}'.")
            changes["group_name"] = group
        if prefix is not None:
            changes["key"] = spec.key.with_prefix(parts_of(prefix))
        if condition is not None and spec.automation_condition is None:
            changes["automation_condition"] = condition
        return spec.replace_attributes(**changes) if changes else spec

    changed = one.map_asset_specs(change)
    if backfill_policy is not None and one.backfill_policy is None:
        return replace(changed, backfill_policy=backfill_policy)
    return changed


def _assets_in(value: Any, include_specs: bool) -> Iterator[tuple[Any, AssetsDefinition]]:
    """What a name of a module stands for, as assets: itself, or what is in its list. Whatever else modules hold is passed over."""
    if isinstance(value, AssetsDefinition):
        if value.specs_by_key:
            yield value, value
    elif isinstance(value, AssetSpec):
        if include_specs:
            yield value, AssetsDefinition.external(value)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _assets_in(one, include_specs)
    elif not isinstance(value, type) and callable(getattr(type(value), "to_assets_definition", None)):
        yield value, value.to_assets_definition()


def _flat(values: Any) -> Iterator[Any]:
    """Definitions from a nested list; specs become external assets."""
    for value in values or ():
        if isinstance(value, AssetsDefinition):
            yield value
        elif isinstance(value, AssetSpec):
            yield AssetsDefinition.external(value)
        elif isinstance(value, (list, tuple, set, frozenset)):
            yield from _flat(value)
        elif callable(getattr(value, "to_assets_definition", None)):
            yield value.to_assets_definition()
        else:
            hint = " Decorate the function with @asset." if callable(value) else ""
            raise InvalidDefinitionError(
                f"{value!r:.80} is no asset.{hint} Definitions(assets=...) takes assets, specs, and lists of them."
            )


def _mapping_problems(catalog: Catalog) -> Sequence[Problem]:
    from nbasset.definitions.mapping_problems import mapping_problems

    return mapping_problems(catalog)


def _jobs(jobs: Sequence[Any], catalog: Catalog) -> tuple[list[CatalogJob], list[Problem]]:
    found: dict[str, CatalogJob] = {}
    problems: list[Problem] = []
    for job in jobs:
        if job.name in found:
            problems.append(Problem("duplicate-job", f"two jobs are called '{job.name}'; the first one counts", None, "Rename one."))
            continue
        entry, more = job.to_catalog(catalog)
        found[job.name] = entry
        problems.extend(more)
    return list(found.values()), problems


def _named(values: Sequence[Any], name: str, what: str) -> Any:
    for value in values:
        if value.name == name:
            return value
    near = did_you_mean(name, [value.name for value in values])
    raise InvalidDefinitionError(f"no {what} '{name}' is defined. {near}".rstrip())
