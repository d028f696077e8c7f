"""``plan``: what would run, in which order, why, reading and writing what, for how long. Nothing runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from nbasset.arguments.options import PlanArguments
from nbasset.commands.code_story import CodeStory, named, story_of
from nbasset.commands.configuration import run_config_of
from nbasset.commands.costs import costs_of, workers_of
from nbasset.commands.planning import Planned, make_plan, wish_of
from nbasset.commands.scope import Scope
from nbasset.commands.words import counted, duration, size_text
from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import Catalog
from nbasset.errors import InvalidAssetName
from nbasset.keys import AssetKey
from nbasset.planning.estimates import Cost, Estimate, estimate
from nbasset.planning.explain import PlannedNode, explained
from nbasset.planning.plan import Reason
from nbasset.serde import Json

__all__ = ["PlanResult", "PlannedNode", "plan", "plan_result"]

_MOST_STORIES = 20


@dataclass(frozen=True, slots=True)
class PlanResult:
    """A plan for people: nodes in order, and what was asked for and is fresh. `run_id` is what its run would be called.

    `estimate` is None where nobody asked for one. `files` counts what would be written.
    """

    location: str
    nodes: tuple[PlannedNode, ...]
    fresh: tuple[AssetKey, ...] = ()
    steps: int = 0
    run_id: str = ""
    estimate: Estimate | None = None
    files: int = 0
    is_bare: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.nodes

    @property
    def headline(self) -> str:
        """The plan in one sentence."""
        if not self.nodes:
            why = f": {counted(len(self.fresh), 'asset')} fresh" if self.fresh else ": no assets are defined here" if self.is_bare else ""
            return f"Nothing to do{why}."
        perhaps = sum(node.perhaps for node in self.nodes)
        made = sum(len(node.assets) for node in self.nodes)
        said = f"{counted(self.steps, 'step')} would make {counted(made, 'asset')}"
        said += f", {perhaps} of them only if what they read changes" if perhaps else ""
        return f"{said}; {counted(len(self.fresh), 'asset')} fresh." if self.fresh else f"{said}."

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "location": self.location, "steps": self.steps, "nodes": [node.to_json() for node in self.nodes],
            "fresh": [str(key) for key in self.fresh], "writes": self.files,
            "estimate": self.estimate.to_json() if self.estimate is not None else None,
        }  # fmt: skip

    @property
    def cost(self) -> str:
        """What it takes, in words; empty when that is not known.

        Times are medians; in brackets what it would be if everything took as short, or as long, as it ever did.
        """
        found = self.estimate
        if not self.nodes or found is None or found.seconds is None:
            return ""
        spread = ""
        if found.samples > 1 and found.low is not None and found.high is not None and found.high > 1.2 * found.low:
            spread = f" ({duration(found.low)} to {duration(found.high)})"
        said = f"About {duration(found.seconds)}{spread}"
        said += f", {counted(self.files, 'file')}" + (f" of about {size_text(round(found.bytes))}" if found.bytes else "")
        return said + (f"; {counted(len(found.unknown), 'asset')} never ran here and may add to that." if found.unknown else ".")


def plan(scope: Scope, arguments: PlanArguments = PlanArguments()) -> PlanResult:  # noqa: B008 - frozen
    """What the same words after ``run`` would do, with the code that changed by name, and what it takes by what it took before."""
    planned = make_plan(scope, wish_of(arguments, run_config_of(arguments.config, scope)))
    keys = [target.asset for target in planned.plan.targets]
    result = plan_result(planned, scope.catalog, costs=costs_of(scope, keys), workers=workers_of(scope))
    stories = _Stories(scope)
    return replace(result, nodes=tuple(replace(node, why=stories.told(node.why)) for node in result.nodes))


def plan_result(planned: Planned, catalog: Catalog, *, costs: Mapping[AssetKey, Cost] | None = None, workers: int = 1) -> PlanResult:
    """A plan, summed up by node; with `costs` also what it takes."""
    nodes = explained(planned.plan, catalog, planned.standing.view, costs or {}, workers=workers)
    counts = {target.asset: len(target.partitions) if target.partitions is not None else 1 for target in planned.plan.targets}
    cost = None if costs is None else estimate(counts, costs, workers=workers)
    files = sum(node.writes for node in nodes)
    left_out, steps, run_id = planned.plan.left_out, len(planned.plan.steps), str(planned.plan.run_id)
    return PlanResult(catalog.name, nodes, left_out, steps, run_id, cost, files, is_bare=not catalog.by_key)


class _Stories:
    """Names what changed in the code, for the first few assets of a plan: each costs reading its stored code."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._found: dict[AssetKey, CodeStory | None] = {}

    def told(self, reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
        """The reasons, those about code with the helper or constant and its cell."""
        return tuple(dict.fromkeys(one for reason in reasons for one in self._named(reason)))

    def _named(self, reason: Reason) -> tuple[Reason, ...]:
        if reason.kind not in ("code", "upstream") or not reason.text.endswith("its code changed"):
            return (reason,)
        story = self._story(reason.subject)
        if story is None:
            return (reason,)
        found = named(Reason("code", reason.subject, "its code changed"), story)
        if reason.kind == "code":
            return found
        return (replace(reason, text=reason.text.removesuffix("its code changed") + found[0].text),)

    def _story(self, name: str) -> CodeStory | None:
        try:
            key = AssetKey.from_user_string(name)
        except InvalidAssetName:
            return None
        if key not in self._found:
            asset = self._scope.catalog.by_key.get(key)
            is_enough = len(self._found) >= _MOST_STORIES or asset is None
            self._found[key] = None if is_enough else story_of(self._scope, key, ordinal=self._newest(key))
        return self._found[key]

    def _newest(self, key: AssetKey) -> int | None:
        """The partition that was made last of those there are; None without partitions."""
        record = self._scope.instance.reader.latest([key]).get(key)
        made = record.materialization if record is not None else None
        return made.partition.ordinal if made is not None and made.partition is not None else None
