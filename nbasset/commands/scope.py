"""What a verb acts on: the code of one location and the home its records are in."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import datetime
from functools import cache
from operator import is_
from pathlib import Path
from typing import Any

from nbasset.dataclass import dataclass
from nbasset.definitions.asset import AssetsDefinition
from nbasset.definitions.catalog import Catalog
from nbasset.definitions.definitions import Definitions
from nbasset.definitions.partitions import PartitionsView
from nbasset.definitions.resolved import ResolvedDefinitions
from nbasset.execution.environment import Observe, StepEnvironment, observe_nothing
from nbasset.instance import Instance
from nbasset.locations.location import Location
from nbasset.locations.plain import location_of


@dataclass(frozen=True, eq=False)
class Scope:
    """A location and an instance. `resources` go before those of the definitions; they are for one call."""

    location: Location
    instance: Instance
    resources: Mapping[str, Any] = field(default_factory=dict)
    resolved: ResolvedDefinitions = field(init=False, repr=False)
    """The definitions with their inputs found."""
    catalog: Catalog = field(init=False, repr=False)
    """The definitions as data."""

    def __post_init__(self) -> None:
        resolved = self.location.check().definitions.resolve()
        object.__setattr__(self, "resolved", resolved)
        object.__setattr__(self, "catalog", resolved.catalog)
        self.instance.know(resolved.catalog)

    def view(self, now: datetime | None = None) -> PartitionsView:
        """Which partitions exist: as of `now`, by default the current time."""
        return self.instance.partitions_view(now)

    def manager(self, key: str) -> Any:
        """A built-in I/O manager."""
        return self.instance.manager(key)

    def io_version(self, key: str) -> str:
        """What identifies how a resource key stores: the built-in name, or a digest of the resource that took its place."""
        given = {**self.resolved.resources, **self.resources}
        if key in given:
            from nbasset.definitions.resources_open import resource_digest

            return f"{key}:{resource_digest(given[key])}"
        return self.instance.io_version(key)

    def environment(
        self,
        *,
        echo: bool = True,
        keeps_output: bool = True,
        observe: Observe = observe_nothing,
        io_version: Callable[[str], str] | None = None,
    ) -> StepEnvironment:
        """The surroundings of steps that run in this process; `io_version` is what answers in the place of the method of that name."""
        logs = self.instance.settings.logs
        return StepEnvironment(
            self.resolved,
            self.manager,
            io_version or self.io_version,
            self.instance,
            self._runs_folder if keeps_output else None,
            self.instance.key_table,
            observe,
            echo and logs.echo,
            resources=self.resources,
            hidden_state=self.location.hidden_state,
            log_level=_LEVELS[logs.level],
            python_loggers=logs.python_loggers,
            python_level=_LEVELS[logs.python_level],
        )

    def _runs_folder(self) -> Path:
        return self.instance.home.runs


_LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}


def scope_of(assets: Any, *, instance: Instance | None = None, resources: Mapping[str, Any] | None = None, checks: Any = ()) -> Scope:
    """The scope of assets that were passed in from Python. Without an instance, that of the nearest home."""
    home = instance if instance is not None else Instance.get()
    return Scope(location_with(assets, home, resources, checks), home, dict(resources or {}))


def location_with(assets: Any, instance: Instance, resources: Mapping[str, Any] | None = None, checks: Any = ()) -> Location:
    """The location of assets that were passed in from Python, or of a `Definitions`."""
    if isinstance(assets, Definitions):
        return location_of(assets, home=lambda: instance.home.root)
    given = [assets] if isinstance(assets, AssetsDefinition) else list(assets)
    definitions = _definitions(given, checks, resources) if resources or checks else _defined(given)
    return location_of(definitions, home=lambda: instance.home.root)


_LAST: list[tuple[list[Any], Definitions]] = []
"""The assets that were passed in last, and their definitions: many callers pass the same ones again, partition by partition."""


def _defined(given: list[Any]) -> Definitions:
    """The definitions of these assets, which are frozen: the very ones as last time need not be put together again."""
    for before, found in tuple(_LAST):
        if len(before) == len(given) and all(map(is_, before, given)):
            return found
    made = _definitions(given, (), None)
    _LAST[:] = [(given, made)] if all(issubclass(kind, AssetsDefinition) for kind in set(map(type, given))) else []
    return made


def _definitions(given: list[Any], checks: Any, resources: Mapping[str, Any] | None) -> Definitions:
    own_checks = [one for one in given if isinstance(one, AssetsDefinition) and not one.specs_by_key]
    assets = [one for one in given if one not in own_checks] if own_checks else given
    return Definitions(assets, asset_checks=[*own_checks, *checks], resources=resources)


@cache
def user_name() -> str:
    """Who runs this process, for the record of a run; empty where the system does not say."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def shown_path(path: Path) -> str:
    """A path for people: relative to the current folder where that is shorter."""
    try:
        relative = path.resolve().relative_to(Path.cwd())
    except ValueError:
        return str(path)
    return str(relative)
