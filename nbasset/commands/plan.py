"""``plan``: what would run, in which order, why. Nothing runs."""

from __future__ import annotations

from dataclasses import dataclass

from nbasset.arguments.options import PlanArguments
from nbasset.commands.configuration import run_config_of
from nbasset.commands.planning import Planned, make_plan, wish_of
from nbasset.commands.scope import Scope
from nbasset.commands.words import counted
from nbasset.definitions.catalog import Catalog
from nbasset.definitions.partition_ranges import format_ranges
from nbasset.keys import AssetKey
from nbasset.planning.plan import Reason, RunPlan, Step
from nbasset.serde import Json


@dataclass(frozen=True, slots=True)
class PlannedNode:
    """All steps of one node: `steps` of them, one a call. `perhaps` when it runs only if something above it comes out different."""

    node: str
    assets: tuple[AssetKey, ...]
    steps: int
    partitions: str = ""
    partition_count: int = 0
    reads: tuple[AssetKey, ...] = ()
    checks: tuple[str, ...] = ()
    why: tuple[Reason, ...] = ()
    perhaps: bool = False

    @property
    def name(self) -> str:
        """What is made, for people: an asset, or the first of several."""
        if not self.assets:
            return ", ".join(self.checks) or self.node
        return ", ".join(map(str, self.assets[:3])) + (f" and {len(self.assets) - 3} more" if len(self.assets) > 3 else "")

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "node": self.node, "assets": [str(key) for key in self.assets], "steps": self.steps, "partitions": self.partitions or None,
            "reads": [str(key) for key in self.reads], "checks": list(self.checks), "perhaps": self.perhaps,
            "why": [{"kind": one.kind, "subject": one.subject, "text": one.text} for one in self.why],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class PlanResult:
    """A plan for people: nodes in order, and what was asked for and is fresh."""

    location: str
    nodes: tuple[PlannedNode, ...]
    fresh: tuple[AssetKey, ...] = ()
    steps: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.nodes

    @property
    def headline(self) -> str:
        """The plan in one sentence."""
        if not self.nodes:
            return f"Nothing to do: {counted(len(self.fresh), 'asset')} fresh." if self.fresh else "Nothing to do."
        perhaps = sum(node.perhaps for node in self.nodes)
        made = sum(len(node.assets) for node in self.nodes)
        said = f"{counted(self.steps, 'step')} would make {counted(made, 'asset')}"
        said += f", {perhaps} of them only if what they read changes" if perhaps else ""
        return f"{said}; {counted(len(self.fresh), 'asset')} fresh." if self.fresh else f"{said}."

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "location": self.location, "steps": self.steps, "nodes": [node.to_json() for node in self.nodes],
            "fresh": [str(key) for key in self.fresh],
        }  # fmt: skip


def plan(scope: Scope, arguments: PlanArguments = PlanArguments()) -> PlanResult:  # noqa: B008 - frozen
    """What the same words after ``run`` would do."""
    planned = make_plan(scope, wish_of(arguments, run_config_of(arguments.config, scope)))
    return plan_result(planned, scope.catalog)


def plan_result(planned: Planned, catalog: Catalog) -> PlanResult:
    """A plan, summed up by node."""
    by_node: dict[str, list[Step]] = {}
    for step in planned.plan.steps:
        by_node.setdefault(step.node, []).append(step)
    nodes = tuple(_node(name, steps, planned, catalog) for name, steps in by_node.items())
    return PlanResult(catalog.name, nodes, planned.plan.left_out, len(planned.plan.steps))


def _node(name: str, steps: list[Step], planned: Planned, catalog: Catalog) -> PlannedNode:
    assets = tuple(dict.fromkeys(key for step in steps for key in step.assets))
    text, count = _partitions(assets, planned.plan, planned, catalog)
    return PlannedNode(
        name,
        assets,
        len(steps),
        text,
        count,
        tuple(dict.fromkeys(item.asset for step in steps for item in step.inputs if item.asset is not None)),
        tuple(dict.fromkeys(check.name for step in steps for check in step.checks)),
        tuple(dict.fromkeys(reason for step in steps for reason in step.why)),
        all(step.conditional for step in steps),
    )


def _partitions(assets: tuple[AssetKey, ...], plan: RunPlan, planned: Planned, catalog: Catalog) -> tuple[str, int]:
    for target in plan.targets:
        definition = catalog.by_key[target.asset].partitions_def if target.asset in assets else None
        if definition is not None and target.partitions is not None:
            return format_ranges(target.partitions, definition, planned.standing.view), len(target.partitions)
    return "", 0
