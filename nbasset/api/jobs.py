"""Jobs of the locations: what they make, how they are configured by default, what starts them, how they went."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from nbasset.api.assets import AssetNode, jobs_by_asset
from nbasset.api.context import ApiContext
from nbasset.api.graphs import Container, Handle, graph_of
from nbasset.api.partition_shapes import all_keys
from nbasset.api.run_tags import told
from nbasset.api.runs import Run, find_runs, runs_of
from nbasset.api.wire import ASSET_JOB, REPOSITORY, Wire, key_of, metadata_entries, tags, typed
from nbasset.api.workspace import LocationSnapshot
from nbasset.definitions.catalog import Catalog, CatalogJob
from nbasset.definitions.partitions import PartitionsDefinition
from nbasset.definitions.selection import AssetSelection
from nbasset.errors import Error, did_you_mean
from nbasset.keys import AssetKey
from nbasset.serde import dumps


class Job(Container):
    """A job, or the implicit one of all assets. Clients know it as ``Job``, ``Pipeline`` and ``PipelineSnapshot``."""

    solid_selection = None
    parent_snapshot_id = None
    is_job = True

    @property
    def graph_name(self) -> str:
        return self.job.name

    @property
    def is_asset_job(self) -> bool:
        return self.job.selection is not None

    @property
    def pipeline_snapshot_id(self) -> str:
        """What tells this state of its definition from another."""
        return hashlib.sha1(dumps(self.job).encode(), usedforsecurity=False).hexdigest()

    @property
    def tags(self) -> list[Wire]:
        return tags(told(self.job.tags))

    @property
    def run_tags(self) -> list[Wire]:
        return tags(told(self.job.run_tags if self.job.run_tags is not None else self.job.tags))

    @property
    def metadata_entries(self) -> list[Wire]:
        return metadata_entries(self.job.metadata)

    def runs(self, info: Any, cursor: str | None = None, limit: int | None = None) -> list[Run]:
        """Its runs, newest first."""
        found = find_runs(self.context, {"pipeline_name": self.job.name}, cursor, limit)
        return runs_of(self.context, [run for run in found if run.location in (None, self.location.name)])

    def partition_keys_or_error(
        self, info: Any, cursor: str | None = None, limit: int | None = None, reverse: bool | None = None,
        selected_asset_keys: Sequence[Wire] | None = None,
    ) -> Wire:  # fmt: skip
        """The keys of its partitions; of the implicit job those of the selected assets."""
        definition = partitions_of_job(self.location.catalog, self.job, list(map(key_of, selected_asset_keys or ())))
        keys = all_keys(definition, self.context.view) if definition is not None else []
        return typed("PartitionKeys", partitionKeys=paged_keys(keys, cursor, limit, is_reversed=bool(reverse)))


def jobs_of(context: ApiContext, location: LocationSnapshot, typename: str = "Job") -> list[Job]:
    """All jobs of a location, by name; the implicit one of all assets is among them where there is anything to make."""
    name = f"jobs of {location.name} as {typename}"
    known: list[Job] | None = context.kept.get(name)
    if known is None:
        entries = sorted(_entries(location), key=lambda one: one.name)
        known = context.kept[name] = [Job(context, location, entry, typename) for entry in entries]
    return known


def job_entry(location: LocationSnapshot, name: str) -> CatalogJob | None:
    """A job of a location by its name."""
    return next((one for one in _entries(location) if one.name == name), None)


def partitions_of_job(catalog: Catalog, job: CatalogJob, keys: Iterable[AssetKey] = ()) -> PartitionsDefinition | None:
    """How a job is partitioned: as it says, or as the one partitioned way of its assets, or of these among them, is."""
    if job.partitions_def is not None:
        return job.partitions_def
    if job.selection is None:
        return None
    wanted = set(keys) or AssetSelection.from_coercible(job.selection).resolve(catalog)
    found: list[PartitionsDefinition] = []
    for one in catalog.assets:
        definition = one.spec.partitions_def
        if one.key in wanted and definition is not None and definition not in found:
            found.append(definition)
    return found[0] if len(found) == 1 else None


def paged_keys(keys: Sequence[str], cursor: str | None, limit: int | None, *, is_reversed: bool = False) -> list[str]:
    """Partition keys after the key that the cursor is, the newest first if `is_reversed`.

    >>> paged_keys(["a", "b", "c"], "b", None), paged_keys(["a", "b", "c"], None, 2, is_reversed=True)
    (['c'], ['c', 'b'])
    """
    ordered = list(reversed(keys)) if is_reversed else list(keys)
    if cursor is not None and cursor in ordered:
        ordered = ordered[ordered.index(cursor) + 1 :]
    return ordered if limit is None else ordered[: max(0, limit)]


def not_found(context: ApiContext, location: str, name: str) -> Wire:
    """That there is no such job, with what may be meant."""
    there = context.snapshot.by_name.get(location)
    if there is None:
        near = did_you_mean(location, context.snapshot.by_name)
        message = f"there is no code location '{location}', so no job '{name}' of it. {near}".rstrip()
    else:
        near = did_you_mean(name, [one.name for one in _entries(there)])
        message = f"no job '{name}' is defined in {location}. {near}".rstrip()
    return typed("PipelineNotFoundError", message=message, pipelineName=name, repositoryName=REPOSITORY, repositoryLocationName=location)


def _entries(location: LocationSnapshot) -> Iterator[CatalogJob]:
    """The jobs of a location. That of all assets is among them, but for a promoted job, whose assets are those of its notebook."""
    catalog = location.catalog
    is_whole = not location.is_promoted and ASSET_JOB not in catalog.jobs_by_name
    if is_whole and any(asset.node is not None for asset in catalog.assets):
        yield CatalogJob(ASSET_JOB, AssetSelection.all())
    yield from catalog.jobs


def find_job(context: ApiContext, selector: Wire, typename: str = "Pipeline") -> Job | None:
    """The job that a selector names, by either of its names."""
    location = context.snapshot.by_name.get(selector["repository_location_name"])
    name = selector.get("pipeline_name") or selector.get("job_name") or ""
    entry = job_entry(location, name) if location is not None else None
    return Job(context, location, entry, typename) if location is not None and entry is not None else None


# -- resolvers --------------------------------------------------------------------------------------------------------------------


def _pipeline(parent: Any, info: Any, params: Wire) -> Any:
    found = find_job(info.context, params)
    if found is None:
        return not_found(info.context, params["repository_location_name"], params["pipeline_name"])
    wrong = _unknown(found, params.get("solid_selection") or (), params.get("asset_selection") or ())
    return typed("InvalidSubsetError", message=wrong) if wrong else found


def _unknown(job: Job, ops: Sequence[str], assets: Sequence[Wire]) -> str:
    """What is selected of a job and not in it; empty if all of it is."""
    known = job.graph.by_path
    for one in ops:
        name = one.strip("*+")
        if name and name not in known:
            return f"job '{job.name}' has no op '{name}'. {did_you_mean(name, known)}".rstrip()
    for given in assets:
        key = key_of(given)
        if job.name not in (ASSET_JOB, *jobs_by_asset(job.location.catalog).get(key, ())) or key not in job.location.catalog.by_key:
            return f"job '{job.name}' does not make asset '{key}'."
    return ""


def _graph(parent: Any, info: Any, selector: Wire | None = None) -> Any:
    """A graph by its name: that of a job, which is called as the job, or one inside of a job."""
    if selector is None:
        return typed("GraphNotFoundError", message="no graph is named.")
    context: ApiContext = info.context
    name = selector["graph_name"]
    job = find_job(context, {**selector, "pipeline_name": name}, "Graph")
    if job is not None:
        return Container(context, job.location, job.job, "Graph")
    location = context.snapshot.by_name.get(selector["repository_location_name"])
    for entry in _entries(location) if location is not None else ():
        assert location is not None
        for node in graph_of(context, location, entry).by_path.values():
            if node.is_graph and node.name == name:
                return Container(context, location, entry, "Graph", node.path)
    return typed("GraphNotFoundError", message=f"there is no graph '{name}' in {selector['repository_location_name']}.")


def used_solids(context: ApiContext, location: LocationSnapshot) -> list[Wire]:
    """Every op and graph that a job of the location calls, with where it is called."""
    names = _op_names(context, location)
    found: dict[str, Wire] = {}
    for job in jobs_of(context, location, "Pipeline"):
        for node in job.graph.by_path.values():
            name = names.get(job.name, {}).get(node.path, node.name)
            definition = Container(context, location, job.job, "CompositeSolidDefinition", node.path) if node.is_graph else None
            entry = found.setdefault(name, {"definition": definition or typed("SolidDefinition", name=name), "invocations": []})
            entry["invocations"].append({"pipeline": job, "solidHandle": Handle(job, node)})
    return [found[name] for name in sorted(found)]


def _op_names(context: ApiContext, location: LocationSnapshot) -> dict[str, dict[str, str]]:
    """What the calls of ops call, as the location's process says; where it does not, calls are called as what they call."""
    if not any(job.steps for job in location.catalog.jobs):
        return {}
    try:
        found: dict[str, dict[str, str]] | None = location.ask("asked_config:op_names").value
    except (Error, TimeoutError, OSError):
        return {}
    return found or {}


def _jobs_of_asset(parent: AssetNode, info: Any) -> list[Job]:
    names = set(parent.job_names)
    return [one for one in jobs_of(parent.context, parent.location, "Pipeline") if one.name in names]


def _job_of_run(parent: Run, info: Any) -> Any:
    """The job that a run is of, as it is defined now; its name alone where it is defined no more."""
    place = parent.record.location or ""
    found = find_job(parent.context, {"repository_location_name": place, "pipeline_name": parent.job_name}, "PipelineSnapshot")
    return found if found is not None else typed("UnknownPipeline", name=parent.job_name, solidSelection=None)


RESOLVERS = {
    "Query.pipelineOrError": _pipeline,
    "Query.graphOrError": _graph,
    "AssetNode.jobs": _jobs_of_asset,
    "Run.pipeline": _job_of_run,
}
