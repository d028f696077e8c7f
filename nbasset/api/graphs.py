"""Graphs of ops: nodes, what they read from each other, and how the newest runs of a job went at each.

Everything is told from the steps of a catalog: a step's handle is its path, so the nodes of a graph are the names before its first dot.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from nbasset.api.context import ApiContext
from nbasset.api.run_steps import RunStepStats, step_records
from nbasset.api.wire import ASSET_JOB, Wire, page, typed
from nbasset.api.workspace import LocationSnapshot
from nbasset.definitions.catalog import Catalog, CatalogJob, NodeInput, NodeStep
from nbasset.definitions.selection import AssetSelection
from nbasset.events.records import RunQuery, RunRecord
from nbasset.keys import AssetKey

_LATEST_RUNS = 10
_MOST_RUNS = 50


class Node:
    """A node of a graph: an op, or a graph with nodes of its own. `inputs` has by name the paths of what is read."""

    typename = "Solid"

    def __init__(self, path: str) -> None:
        self.path = path
        self.name = path.rpartition(".")[2]
        self.children: dict[str, Node] = {}
        self.sources: dict[str, dict[str, None]] = {}
        self.siblings: Mapping[str, Node] = {}

    @property
    def is_graph(self) -> bool:
        return bool(self.children)

    @property
    def inputs(self) -> list[Wire]:
        """What it reads, by input; of each the nodes beside it that it comes from."""
        return [
            {"name": name, "dependsOn": [{"solid": self.siblings[path]} for path in paths if path in self.siblings]}
            for name, paths in self.sources.items()
        ]


class NodeGraph:
    """All nodes of a job or graph, by path."""

    def __init__(self, steps: Sequence[NodeStep], producers: Mapping[AssetKey, str]) -> None:
        self.by_path: dict[str, Node] = {}
        self.top: dict[str, Node] = {}
        for step in steps:
            self._add(step.handle)
        for step in steps:
            for one in step.inputs:
                for source in _sources(one, producers):
                    if source in self.by_path:
                        self._connect(step.handle, one, source)
        self._let_know(self.top)

    def below(self, path: str | None) -> list[Node]:
        """The nodes of a graph inside, or of the whole; an empty path is the whole."""
        if not path:
            return list(self.top.values())
        return list(self.by_path[path].children.values()) if path in self.by_path else []

    def _add(self, handle: str) -> None:
        level, path = self.top, ""
        for name in handle.split("."):
            path = f"{path}.{name}" if path else name
            node = self.by_path.get(path)
            if node is None:
                node = self.by_path[path] = level[name] = Node(path)
            level = node.children

    def _connect(self, handle: str, given: NodeInput, source: str) -> None:
        """An input of a step reads a source: so does each graph around the step that the source is not in."""
        parts, others = handle.split("."), source.split(".")
        shared = next((at for at, (own, other) in enumerate(zip(parts, others, strict=False)) if own != other), 0)
        beside = ".".join(others[: shared + 1])
        for depth in range(shared, len(parts)):
            node = self.by_path[".".join(parts[: depth + 1])]
            is_step = depth == len(parts) - 1
            name = given.name if is_step else (given.graph_input or given.name).rpartition(".")[2]
            node.sources.setdefault(name, {})
            if depth == shared:
                node.sources[name][beside] = None

    def _let_know(self, level: Mapping[str, Node]) -> None:
        siblings = {node.path: node for node in level.values()}
        for node in level.values():
            node.siblings = siblings
            self._let_know(node.children)


class Container:
    """What holds nodes: a job, a graph, a graph inside. `path` is where in the job it is."""

    def __init__(self, context: ApiContext, location: LocationSnapshot, job: CatalogJob, typename: str, path: str = "") -> None:
        self.context = context
        self.location = location
        self.job = job
        self.typename = typename
        self.path = path

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2] if self.path else self.job.name

    @property
    def id(self) -> str:
        return ":".join(filter(None, (self.location.name, self.job.name, self.path)))

    @property
    def description(self) -> str | None:
        return self.job.description if not self.path else None

    @property
    def modes(self) -> list[Wire]:
        return [{"name": "default"}]

    @cached_property
    def graph(self) -> NodeGraph:
        """Its nodes."""
        return graph_of(self.context, self.location, self.job)

    @property
    def solids(self) -> list[Node]:
        return self.graph.below(self.path)

    def solid_handles(self, info: Any, parent_handle_id: str | None = None) -> list[Handle]:
        """All handles, those of graphs inside among them; or those of one graph, ``""`` for the outermost."""
        if parent_handle_id is None:
            return [Handle(self, node) for node in self.graph.by_path.values() if node.path.startswith(self.path)]
        return [Handle(self, node) for node in self.graph.below(parent_handle_id or self.path)]

    def solid_handle(self, info: Any, handle_id: str) -> Handle | None:
        """One of them."""
        node = self.graph.by_path.get(handle_id)
        return Handle(self, node) if node is not None else None


class Handle:
    """A node at its path."""

    typename = "SolidHandle"

    def __init__(self, container: Container, node: Node) -> None:
        self.container = container
        self.solid = node
        self.handle_id = node.path

    def step_stats(self, info: Any, limit: int | None = None) -> Wire:
        """How the newest runs of the job went at this op; a graph is no step, so it has none."""
        if self.solid.is_graph:
            return typed("SolidStepStatusUnavailableError", message=f"'{self.handle_id}' is a graph: its ops have steps, it has none.")
        context, most = self.container.context, page(limit, _LATEST_RUNS)
        found: list[RunStepStats] = []
        for run in newest_runs(context, self.container.location, self.container.job.name):
            if len(found) >= most:
                break
            steps = step_records(context, str(run.run_id)).items()
            found += [RunStepStats(context, str(run.run_id), record) for step, record in steps if self._is_step(step)]
        return typed("SolidStepStatsConnection", nodes=found[:most])

    def _is_step(self, step: str) -> bool:
        """Whether a step of a run is this op, for whatever partitions or mapping key."""
        return step == self.handle_id or step.startswith(f"{self.handle_id}[")


def graph_of(context: ApiContext, location: LocationSnapshot, job: CatalogJob) -> NodeGraph:
    """The nodes of a job: its ops, or the functions that make its assets and evaluate their checks."""
    name = f"graph of {job.name} in {location.name}"
    known: NodeGraph | None = context.kept.get(name)
    if known is None:
        known = context.kept[name] = NodeGraph(*_steps(location.catalog, job))
    return known


def newest_runs(context: ApiContext, location: LocationSnapshot, job: str) -> list[RunRecord]:
    """The newest runs of a job of a location; runs without a job are those of all assets."""
    key = f"newest runs of {job} in {location.name}"
    known: list[RunRecord] | None = context.kept.get(key)
    if known is None:
        wanted = None if job == ASSET_JOB else job
        found = context.reader.runs(RunQuery(job=wanted, limit=_MOST_RUNS)).items
        known = context.kept[key] = [run for run in found if run.location in (None, location.name) and run.job == wanted]
    return known


def _steps(catalog: Catalog, job: CatalogJob) -> tuple[Sequence[NodeStep], Mapping[AssetKey, str]]:
    if job.selection is None:
        return job.steps, {}
    selection = AssetSelection.from_coercible(job.selection)
    keys, checks = selection.resolve(catalog), selection.resolve_checks(catalog)
    nodes = [node for node in catalog.nodes if any(key in keys for key in node.assets) or any(check in checks for check in node.checks)]
    producers = {output.asset: step.handle for node in nodes for step in node.steps for output in step.outputs if output.asset is not None}
    producers.update({key: node.steps[-1].handle for node in nodes for key in node.assets if key not in producers})
    return [step for node in nodes for step in node.steps], producers


def _sources(one: NodeInput, producers: Mapping[AssetKey, str]) -> Iterator[str]:
    if one.asset is not None and one.asset in producers:
        yield producers[one.asset]
    for output in one.outputs:
        yield output.step
    for part in one.parts:
        yield from _sources(part, producers)
