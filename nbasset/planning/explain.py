"""Reading a state aloud: from the root cause, link by link, down to the asset that somebody asked about. Pure.

The other reader of a plan: where a run carries the steps out, `explained` sums them up, one line a node, with what each reads and writes
and what it will take by what it took before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import Catalog
from nbasset.definitions.partition_ranges import format_ranges
from nbasset.definitions.partitions import PartitionsView
from nbasset.keys import AssetKey
from nbasset.ordinals import OrdinalSet
from nbasset.planning.estimates import Cost, Estimate, estimate
from nbasset.planning.plan import MADE_ALONG, Reason, RunPlan, Step
from nbasset.planning.states import AssetState
from nbasset.serde import Json


@dataclass(frozen=True, slots=True)
class Root:
    """One cause, and the way from the asset where it lies down to the one asked about, both included.

    `where` are the partitions of the asset asked about that it touches; None without partitions.
    """

    reason: Reason
    path: tuple[AssetKey, ...]
    where: OrdinalSet | None = None

    @property
    def asset(self) -> AssetKey:
        """Where the cause lies."""
        return self.path[0]


def roots_of(
    key: AssetKey, states: Mapping[AssetKey, AssetState], catalog: Catalog, *, ordinal: int | None = None
) -> tuple[Root, ...]:  # fmt: skip
    """Everything that is wrong with an asset (or with one partition of it), its own causes first.

    Causes above are given as they are at their asset; one of kind ``upstream`` is left only where partitions above are gone.
    """
    state = states[key]
    wheres = dict(state.causes) if state.is_partitioned else {}
    if ordinal is not None:
        wheres = {reason: where for reason, where in wheres.items() if ordinal in where}
    found: dict[tuple[AssetKey, Reason], Root] = {}
    for reason in state.reasons:
        where = wheres.get(reason)
        if state.is_partitioned and where is None:
            continue
        if reason.kind != "upstream":
            found[key, reason] = Root(reason, (key,), where)
            continue
        at = AssetKey.from_user_string(reason.subject)
        path = path_between(at, key, states, catalog)
        for own in _told_by(reason, states.get(at)):
            found.setdefault((at, own), Root(own, path, where))
    return tuple(found.values())


def _told_by(reason: Reason, state: AssetState | None) -> Iterable[Reason]:
    """The reasons of the asset above that an ``upstream`` reason tells of."""
    own = [one for one in state.own_reasons if reason.text.endswith(one.text)] if state is not None else []
    if not own and state is not None and not reason.text.endswith(" any more"):
        own = [one for one in state.own_reasons if one.kind in ("missing", "layout", "failed")][:1]
    return own or [reason]


def path_between(
    start: AssetKey, end: AssetKey, states: Mapping[AssetKey, AssetState], catalog: Catalog
) -> tuple[AssetKey, ...]:  # fmt: skip
    """The shortest way down from `start` to `end` over assets that are not fresh; just both ends when there is none."""
    if start == end:
        return (start,)
    came_from: dict[AssetKey, AssetKey] = {}
    front = [end]
    for key in front:
        for above in sorted(catalog.upstream.get(key, ())):
            state = states.get(above)
            if above in came_from or state is None or state.status in ("fresh", "external"):
                continue
            came_from[above] = key
            if above == start:
                path = [start]
                while path[-1] != end:
                    path.append(came_from[path[-1]])
                return tuple(path)
            front.append(above)
    return (start, end)


# -- plans --------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlannedNode:
    """All steps of one node: `steps` of them, one a call. `perhaps` when it runs only if something above it comes out different.

    `reads` are the assets that it loads or waits for; `writes` how many files it stores. `estimate` is None when it never ran.
    """

    node: str
    assets: tuple[AssetKey, ...]
    steps: int
    partitions: str = ""
    partition_count: int = 0
    reads: tuple[AssetKey, ...] = ()
    checks: tuple[str, ...] = ()
    why: tuple[Reason, ...] = ()
    perhaps: bool = False
    writes: int = 0
    estimate: Estimate | None = None

    @property
    def name(self) -> str:
        """What is made, for people: an asset, or the first of several."""
        if not self.assets:
            return ", ".join(self.checks) or self.node
        return ", ".join(map(str, self.assets[:3])) + (f" and {len(self.assets) - 3} more" if len(self.assets) > 3 else "")

    @property
    def does(self) -> str:
        """What it reads and writes, in words: ``reads orders, rates and 2 more; writes 31 files``."""
        more = len(self.reads) - 3
        names = ", ".join(map(str, self.reads[:3])) + (f" and {more} more" if more > 0 else "")
        parts = [f"reads {names}"] if names else []
        parts += [f"writes {self.writes:,} {'file' if self.writes == 1 else 'files'}"] if self.writes else []
        return "; ".join(parts)

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "node": self.node, "assets": [str(key) for key in self.assets], "steps": self.steps, "partitions": self.partitions or None,
            "partition_count": self.partition_count, "reads": [str(key) for key in self.reads], "writes": self.writes,
            "checks": list(self.checks), "perhaps": self.perhaps,
            "why": [{"kind": one.kind, "subject": one.subject, "text": one.text} for one in self.why],
            "estimate": self.estimate.to_json() if self.estimate is not None else None,
        }  # fmt: skip


def notes_of(reasons: Iterable[Reason]) -> tuple[str, ...]:
    """What a run does that nobody may expect, each once: an asset is cut into partitions otherwise than before, or is made along.

    >>> notes_of([Reason("asked", "a", "you asked for it"), Reason("asked", "b", MADE_ALONG)])
    ('b: its function makes it together with one that you asked for',)
    """
    found = (f"{one.subject}: {one.text}" for one in reasons if one.kind == "layout" or one.text == MADE_ALONG)
    return tuple(dict.fromkeys(found))


def explained(
    plan: RunPlan, catalog: Catalog, view: PartitionsView, costs: Mapping[AssetKey, Cost], *, workers: int = 1
) -> tuple[PlannedNode, ...]:
    """The plan, summed up by node, in the order in which they would run."""
    by_node: dict[str, list[Step]] = {}
    for step in plan.steps:
        by_node.setdefault(step.node, []).append(step)
    targets = {target.asset: target.partitions for target in plan.targets}
    return tuple(_node(name, steps, targets, catalog, view, costs, workers) for name, steps in by_node.items())


def _node(
    name: str,
    steps: list[Step],
    targets: Mapping[AssetKey, OrdinalSet | None],
    catalog: Catalog,
    view: PartitionsView,
    costs: Mapping[AssetKey, Cost],
    workers: int,
) -> PlannedNode:
    assets = tuple(dict.fromkeys(key for step in steps for key in step.assets))
    counts = {key: len(found) if (found := targets.get(key)) is not None else 1 for key in assets}
    text, count = _partitions(assets, targets, catalog, view)
    loaded = dict.fromkeys(item.asset for step in steps for item in step.inputs if item.asset is not None)
    waited = dict.fromkeys(dep.asset for key in assets for dep in catalog.by_key[key].deps if dep.asset not in assets)
    known = {key: cost for key, cost in costs.items() if key in counts}
    return PlannedNode(
        name,
        assets,
        len(steps),
        text,
        count,
        tuple({**loaded, **waited}),
        tuple(dict.fromkeys(check.name for step in steps for check in step.checks)),
        tuple(dict.fromkeys(reason for step in steps for reason in step.why)),
        all(step.conditional for step in steps),
        sum(counts[key] for key in assets if catalog.by_key[key].execution == "materialize"),
        estimate(counts, known, workers=min(workers, len(steps))) if known else None,
    )


def _partitions(
    assets: tuple[AssetKey, ...], targets: Mapping[AssetKey, OrdinalSet | None], catalog: Catalog, view: PartitionsView
) -> tuple[str, int]:
    for key in assets:
        definition, partitions = catalog.by_key[key].partitions_def, targets.get(key)
        if definition is not None and partitions is not None:
            return format_ranges(partitions, definition, view), len(partitions)
    return "", 0
