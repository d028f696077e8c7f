"""Code locations: what each defines, what is wrong with it, loading it anew, ending its process.

Each location has one repository, which is always called the same. A location that cannot be loaded is there with its error: what its code
raised, with the user's own lines, and the other locations work on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nbasset.api.assets import AssetNode, nodes_of
from nbasset.api.context import ApiContext
from nbasset.api.jobs import Job, jobs_of, used_solids
from nbasset.api.wire import REPOSITORY, Wire, python_error, repository_id, seconds, typed
from nbasset.api.workspace import LocationSnapshot
from nbasset.errors import LocationError, did_you_mean
from nbasset.keys import AssetKey


class Repository:
    """What a location defines. Schedules and sensors are of a higher module, which adds them."""

    typename = "Repository"
    name = REPOSITORY

    def __init__(self, context: ApiContext, snapshot: LocationSnapshot) -> None:
        self.context = context
        self.snapshot = snapshot

    @property
    def id(self) -> str:
        return repository_id(self.snapshot.name)

    @property
    def location(self) -> RepositoryLocation:
        return RepositoryLocation(self.context, self.snapshot)

    @property
    def pipelines(self) -> list[Job]:
        return jobs_of(self.context, self.snapshot, "Pipeline")

    @property
    def jobs(self) -> list[Job]:
        return jobs_of(self.context, self.snapshot)

    @property
    def used_solids(self) -> list[Wire]:
        return used_solids(self.context, self.snapshot)

    @property
    def asset_nodes(self) -> list[AssetNode]:
        """Its assets, each where it is made: one that it only reads is told by the location that makes it."""
        known = self.context.snapshot.assets
        own = [known[one.key] for one in self.snapshot.catalog.assets if one.key in known]
        return nodes_of(self.context, [one for one in own if one.location.name == self.snapshot.name])

    @property
    def asset_groups(self) -> list[Wire]:
        """The groups of its assets, by name."""
        found: dict[str, list[AssetKey]] = {}
        for asset in self.snapshot.catalog.assets:
            found.setdefault(asset.spec.group, []).append(asset.key)
        return [{"groupName": name, "assetKeys": found[name]} for name in sorted(found)]


class RepositoryLocation:
    """A location that was loaded."""

    typename = "RepositoryLocation"
    is_reload_supported = True

    def __init__(self, context: ApiContext, snapshot: LocationSnapshot) -> None:
        self.context = context
        self.snapshot = snapshot
        self.id = self.name = snapshot.name

    @property
    def repositories(self) -> list[Repository]:
        return [Repository(self.context, self.snapshot)]


class LocationEntry:
    """A location, whether or not it could be loaded."""

    typename = "WorkspaceLocationEntry"

    def __init__(self, context: ApiContext, snapshot: LocationSnapshot) -> None:
        self.context = context
        self.snapshot = snapshot
        self.id = self.name = snapshot.name

    @property
    def load_status(self) -> str:
        """Whether its code is there, or somebody waits for it."""
        return load_status(self.snapshot)

    @property
    def updated_timestamp(self) -> float:
        return seconds(self.snapshot.loaded_us) or 0.0

    @property
    def location_or_load_error(self) -> RepositoryLocation | Wire | None:
        """What was loaded, or what went wrong, the user's own code first; None while it is loaded."""
        if self.snapshot.is_loading:
            return None
        if not self.snapshot.error:
            return RepositoryLocation(self.context, self.snapshot)
        return load_error(self.snapshot)

    @property
    def display_metadata(self) -> list[Wire]:
        """Where its code is, and what kind of code it is."""
        place = self.snapshot.place
        known = {
            "kind": self.snapshot.kind,
            "path": self.snapshot.path,
            "module_name": place.module if place is not None else "",
            "executable_path": place.python if place is not None else "",
        }
        return [{"key": key, "value": value} for key, value in known.items() if value]

    @property
    def problems(self) -> list[Wire]:
        """What is wrong with what it defines, though it was loaded."""
        return [
            typed(
                "PythonError", message=str(one), className=one.rule, stack=[], cause=None, causes=[], errorChain=[], place=one.where or "",
                text=str(one),
            )
            for one in self.snapshot.catalog.problems
        ]  # fmt: skip


def load_status(snapshot: LocationSnapshot) -> str:
    """A `RepositoryLocationLoadStatus`."""
    return "LOADING" if snapshot.is_loading else "LOADED"


def load_error(snapshot: LocationSnapshot) -> Wire:
    """Why a location could not be loaded. How Python came to the user's first line is left out."""
    failure = snapshot.failure
    if failure is None:
        found = python_error(LocationError(snapshot.error))
    else:
        first = next((at for at, frame in enumerate(failure.frames) if frame.is_user), 0)
        found = python_error(replace(failure, frames=failure.frames[first:]))
    assert found is not None
    return found


def workspace_of(context: ApiContext) -> Wire:
    """All locations."""
    entries = [LocationEntry(context, one) for one in context.snapshot.locations]
    return typed("Workspace", id=str(context.instance.home.root), locationEntries=entries)


def loaded(context: ApiContext) -> list[LocationSnapshot]:
    """The locations that could be loaded."""
    return [one for one in context.snapshot.locations if not one.error]


def no_repository(context: ApiContext, selector: Wire) -> Wire:
    """That there is no such repository, with what may be meant."""
    name = selector["repository_location_name"]
    there = context.snapshot.by_name.get(name)
    if there is not None and there.error:
        return typed("RepositoryNotFoundError", message=f"{name} cannot be loaded: {there.error}")
    near = did_you_mean(name, [one.name for one in loaded(context)])
    said = f"there is no code location '{name}'. {near}" if there is None else f"{name} has one repository, '{REPOSITORY}'."
    return typed("RepositoryNotFoundError", message=said.rstrip())


def find_location(context: ApiContext, selector: Wire) -> LocationSnapshot | None:
    """The location that a selector names, if it was loaded."""
    found = context.snapshot.by_name.get(selector["repository_location_name"])
    is_meant = selector.get("repository_name", REPOSITORY) == REPOSITORY
    return found if found is not None and not found.error and is_meant else None


# -- resolvers --------------------------------------------------------------------------------------------------------------------


def _repositories(parent: Any, info: Any, repository_selector: Wire | None = None) -> Any:
    context: ApiContext = info.context
    if repository_selector is None:
        return typed("RepositoryConnection", nodes=[Repository(context, one) for one in loaded(context)])
    found = find_location(context, repository_selector)
    if found is None:
        return no_repository(context, repository_selector)
    return typed("RepositoryConnection", nodes=[Repository(context, found)])


def _repository(parent: Any, info: Any, repository_selector: Wire) -> Any:
    found = find_location(info.context, repository_selector)
    return Repository(info.context, found) if found is not None else no_repository(info.context, repository_selector)


def _workspace(parent: Any, info: Any) -> Wire:
    return workspace_of(info.context)


def _statuses(parent: Any, info: Any) -> Wire:
    entries = [{"name": one.name, "loadStatus": load_status(one)} for one in info.context.snapshot.locations]
    return typed("WorkspaceLocationStatusEntries", entries=entries)


def _reload(parent: Any, info: Any, repository_location_name: str) -> Any:
    """Load a location anew. What is wrong with it is in the entry."""
    context: ApiContext = info.context
    if repository_location_name not in context.snapshot.by_name:
        return _no_location(context, repository_location_name)
    context.workspace.reload(repository_location_name)
    context.changed_locations()
    return LocationEntry(context, context.snapshot.by_name[repository_location_name])


def _reload_all(parent: Any, info: Any) -> Wire:
    context: ApiContext = info.context
    context.workspace.reload()
    context.changed_locations()
    return workspace_of(context)


def _shut_down(parent: Any, info: Any, repository_location_name: str) -> Wire:
    context: ApiContext = info.context
    if repository_location_name not in context.snapshot.by_name:
        return _no_location(context, repository_location_name)
    context.workspace.shut_down(repository_location_name)
    return typed("ShutdownRepositoryLocationSuccess", repositoryLocationName=repository_location_name)


def _no_location(context: ApiContext, name: str) -> Wire:
    near = did_you_mean(name, context.snapshot.by_name)
    return typed("RepositoryLocationNotFound", message=f"there is no code location '{name}'. {near}".rstrip())


def _repository_of_asset(parent: AssetNode, info: Any) -> Repository:
    return Repository(parent.context, parent.location)


def _repository_of_job(parent: Job, info: Any) -> Repository:
    return Repository(parent.context, parent.location)


def _repositories_of_collision(parent: Wire, info: Any) -> list[Repository]:
    return [Repository(info.context, one) for one in parent["locations"]]


RESOLVERS = {
    "Query.repositoriesOrError": _repositories,
    "Query.repositoryOrError": _repository,
    "Query.workspaceOrError": _workspace,
    "Query.locationStatusesOrError": _statuses,
    "Mutation.reloadRepositoryLocation": _reload,
    "Mutation.reloadWorkspace": _reload_all,
    "Mutation.shutdownRepositoryLocation": _shut_down,
    "AssetNode.repository": _repository_of_asset,
    "Pipeline.repository": _repository_of_job,
    "Job.repository": _repository_of_job,
    "AssetNodeDefinitionCollision.repositories": _repositories_of_collision,
}
