"""A backfill as a plan: which partitions go to which run, what may start now, how it stands, how it ends.

A backfill makes the partitions of some assets by several runs. `plan_backfill` cuts what is wanted into chunks, each of them one run; the
chunks are disjoint, together they are exactly what is wanted, and whatever a chunk reads of it stands in the chunk itself or in an earlier
group. Assets share a chunk when each partition reads the partition of the same key; an asset that reads itself goes alone, oldest first.

Nothing here runs anything. Whoever drives a backfill keeps an `Outcomes`, asks `standing` how things are and `next_chunks` what may start.
An asset without partitions counts as one that has the single partition 0 (`WHOLE`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import cached_property
from typing import Literal

from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import Catalog, CatalogNode
from nbasset.definitions.mappings import PartitionMapping, infer_mapping
from nbasset.definitions.partitions import PartitionsDefinition, PartitionsView
from nbasset.errors import InvalidDefinitionError
from nbasset.events.kinds import Target
from nbasset.keys import AssetKey
from nbasset.ordinals import OrdinalSet
from nbasset.planning.partition_steps import UpstreamReader, in_order, is_same_key, reads_itself
from nbasset.planning.run_plan import with_neighbors
from nbasset.serde import serializable

EMPTY = OrdinalSet()
WHOLE = OrdinalSet.between(0, 1)
GOOD_CHUNK = 100
"""So many partitions in a run cost a sixth less each than half as many; twice as many would save hardly more (benchmarks/partitions.py)."""
MANY_RUNS = 200
"""Chunks are larger where there would be more runs than so many."""
Sets = Mapping[AssetKey, OrdinalSet]


@serializable
@dataclass(frozen=True, slots=True)
class BackfillOptions:
    """How a backfill is cut: `chunk` partitions a run (0: chosen by their number), `at_once` runs at a time, oldest or newest first."""

    chunk: int = 0
    at_once: int = 1
    newest_first: bool = False

    def __post_init__(self) -> None:
        if self.chunk < 0 or self.at_once < 1:
            raise InvalidDefinitionError(
                f"a backfill takes at least 1 partition a run and 1 run at a time, not {self.chunk}, {self.at_once}."
            )


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one run is to make. Chunks of a higher `group` may read what lower ones make; within a chunk the run's plan keeps the order."""

    group: int
    sets: Sets


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What is known of partitions: made, failed, kept from running by a failure, left out on purpose, in a run that goes on.

    `bad_checks` tells that a blocking check failed, which spoils a backfill even if everything was made.
    """

    done: Sets = field(default_factory=dict)
    failed: Sets = field(default_factory=dict)
    blocked: Sets = field(default_factory=dict)
    skipped: Sets = field(default_factory=dict)
    running: Sets = field(default_factory=dict)
    bad_checks: bool = False

    def __or__(self, other: Outcomes) -> Outcomes:
        """Both together."""
        return Outcomes(
            united(self.done, other.done), united(self.failed, other.failed), united(self.blocked, other.blocked),
            united(self.skipped, other.skipped), united(self.running, other.running), self.bad_checks or other.bad_checks,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class AssetStanding:
    """The wanted partitions of one asset, each in exactly one of the other sets.

    `blocked` are descendants of what failed: nobody will run them. `skipped` were left out on purpose, or read what was.
    """

    requested: OrdinalSet
    done: OrdinalSet = EMPTY
    failed: OrdinalSet = EMPTY
    blocked: OrdinalSet = EMPTY
    skipped: OrdinalSet = EMPTY
    running: OrdinalSet = EMPTY
    waiting: OrdinalSet = EMPTY

    @property
    def open(self) -> OrdinalSet:
        """Those without an end."""
        return self.running | self.waiting


Standing = Mapping[AssetKey, AssetStanding]


@dataclass(frozen=True, eq=False)
class BackfillPlan:
    """The wanted partitions, upstream assets first, and the chunks they are made in."""

    catalog: Catalog
    view: PartitionsView
    options: BackfillOptions
    wanted: Sets
    chunks: tuple[Chunk, ...]

    @cached_property
    def edges(self) -> Mapping[AssetKey, tuple[tuple[AssetKey, PartitionMapping | None], ...]]:
        """For each wanted asset the wanted ones that it reads (itself too), with the mapping; None where one of both has no partitions."""
        return {key: tuple(_edges(self.catalog, key, self.wanted)) for key in self.wanted}

    def reads(self, upstream: AssetKey, key: AssetKey, mapping: PartitionMapping | None, ordinals: OrdinalSet) -> OrdinalSet:
        """The wanted partitions of `upstream` that these partitions read."""
        if not ordinals:
            return EMPTY
        above, mine = self._definition(upstream), self._definition(key)
        if mapping is None or above is None or mine is None:
            return self.wanted[upstream] if above is None else self._from_whole(above, mapping) & self.wanted[upstream]
        return mapping.upstream_of(ordinals, mine, above, self.view).ordinals & self.wanted[upstream]

    def readers(self, upstream: AssetKey, key: AssetKey, mapping: PartitionMapping | None, ordinals: OrdinalSet) -> OrdinalSet:
        """The wanted partitions of `key` that read any of these partitions of `upstream`."""
        if not ordinals:
            return EMPTY
        above, mine = self._definition(upstream), self._definition(key)
        if above is None:
            return self.wanted[key]
        if mine is None or mapping is None:
            return self.wanted[key] if self._from_whole(above, mapping) & ordinals else EMPTY
        return mapping.downstream_of(ordinals, above, mine, self.view) & self.wanted[key]

    def starved(
        self, upstream: AssetKey, key: AssetKey, mapping: PartitionMapping | None, left_out: OrdinalSet, among: OrdinalSet
    ) -> OrdinalSet:
        """Those of `key` that cannot be made since these partitions of `upstream` were left out.

        A reader of several partitions that allows some to be missing is starved when none is left.
        """
        touched = self.readers(upstream, key, mapping, left_out) & among
        above, mine = self._definition(upstream), self._definition(key)
        if not touched or above is None or not any(dep.asset == upstream and dep.missing_allowed for dep in self.catalog.by_key[key].deps):
            return touched
        reader = UpstreamReader(mapping, above, mine, self.view)
        left = []
        for ordinal in touched:
            read = reader.of(None if mine is None else OrdinalSet.between(ordinal, ordinal + 1))
            if not read.several or not (read.ordinals or EMPTY) - left_out:
                left.append(ordinal)
        return OrdinalSet.of(left)

    def targets_of(self, sets: Sets) -> tuple[Target, ...]:
        """Sets as targets: None for an asset without partitions."""
        return tuple(Target(key, ordinals if self._definition(key) is not None else None) for key, ordinals in sets.items())

    def _from_whole(self, above: PartitionsDefinition, mapping: PartitionMapping | None) -> OrdinalSet:
        """What an asset without partitions reads."""
        chosen = mapping if mapping is not None else infer_mapping(above, None)
        return chosen.upstream_of(None, None, above, self.view).ordinals

    def _definition(self, key: AssetKey) -> PartitionsDefinition | None:
        return self.catalog.by_key[key].partitions_def


def plan_backfill(catalog: Catalog, wanted: Sets, options: BackfillOptions, view: PartitionsView) -> BackfillPlan:
    """Cut what is wanted into chunks. Assets that a function makes only together come along, with the same partitions.

    Raises
    ------
    InvalidDefinitionError
        If something wanted cannot be made here.
    UnknownAsset
        If it is not defined.
    """
    full = _with_neighbors(catalog, {key: ordinals for key, ordinals in wanted.items() if ordinals})
    groups = _groups(catalog, full)
    chunks: list[Chunk] = []
    for number, group in enumerate(groups):
        chunks.extend(_chunks(number, group, catalog, full, options, view))
    return BackfillPlan(catalog, view, options, full, tuple(chunks))


def sets_of(targets: Iterable[Target]) -> dict[AssetKey, OrdinalSet]:
    """Targets as sets; one without partitions is `WHOLE`."""
    found: dict[AssetKey, OrdinalSet] = {}
    for target in targets:
        ordinals = WHOLE if target.partitions is None else target.partitions
        found[target.asset] = found[target.asset] | ordinals if target.asset in found else ordinals
    return found


def united(one: Sets, other: Sets) -> Sets:
    """The union, asset by asset."""
    if not other:
        return one
    return {**one, **{key: one[key] | ordinals if key in one else ordinals for key, ordinals in other.items()}}


def without(one: Sets, other: Sets) -> Sets:
    """What is in the one and not in the other; assets of which nothing is left are absent."""
    left = {key: ordinals - other.get(key, EMPTY) for key, ordinals in one.items()}
    return {key: ordinals for key, ordinals in left.items() if ordinals}


def standing(plan: BackfillPlan, outcomes: Outcomes) -> dict[AssetKey, AssetStanding]:
    """How each wanted asset stands. What reads a failed partition is blocked, what reads one that was left out is left out too."""
    found: dict[AssetKey, AssetStanding] = {}
    for key, requested in plan.wanted.items():
        done = outcomes.done.get(key, EMPTY) & requested
        failed = outcomes.failed.get(key, EMPTY) & requested - done
        free = requested - done - failed
        running = outcomes.running.get(key, EMPTY) & free
        free = free - running
        blocked, skipped = outcomes.blocked.get(key, EMPTY) & free, outcomes.skipped.get(key, EMPTY) & free
        itself: PartitionMapping | None = None
        for upstream, mapping in plan.edges[key]:
            if upstream == key:
                itself = mapping
                continue
            above = found[upstream]
            blocked = blocked | (plan.readers(upstream, key, mapping, above.failed | above.blocked) & free)
            skipped = skipped | plan.starved(upstream, key, mapping, above.skipped, free)
        if itself is not None:
            blocked = _along(plan, key, itself, failed | blocked, free) | blocked
            skipped = _along(plan, key, itself, skipped, free) | skipped
        skipped = skipped - blocked
        found[key] = AssetStanding(requested, done, failed, blocked, skipped, running, free - blocked - skipped)
    return found


def next_chunks(
    plan: BackfillPlan,
    now: Standing,
    *,
    at_most: int = 1,
    fits: Callable[[Chunk], bool] = lambda chunk: True,
    among: Iterable[Chunk] | None = None,
) -> list[Chunk]:
    """Chunks that may start now, in order: all that they read has ended well or is in the chunk. What is done or blocked is cut out.

    Those that do not fit beside what goes on are passed over. `among` are the chunks to look at, if those that are over are known.
    """
    found: list[Chunk] = []
    for chunk in plan.chunks if among is None else among:
        if len(found) >= at_most:
            break
        sets = {key: left for key, ordinals in chunk.sets.items() if (left := ordinals & now[key].waiting)}
        if sets and _may_start(plan, sets, now) and fits(chunk):
            found.append(Chunk(chunk.group, sets))
    return found


def is_over(chunk: Chunk, now: Standing) -> bool:
    """Whether everything in a chunk has an end, whichever."""
    return not any(ordinals & now[key].open for key, ordinals in chunk.sets.items())


def ending(now: Standing, outcomes: Outcomes) -> Literal["completed_success", "completed_failed"] | None:
    """How the backfill ends; None while something is open. What was skipped on purpose is no failure."""
    if any(asset.running or asset.waiting for asset in now.values()):
        return None
    failed = outcomes.bad_checks or any(asset.failed or asset.blocked for asset in now.values())
    return "completed_failed" if failed else "completed_success"


# -- cutting ------------------------------------------------------------------------------------------------------------------


def _with_neighbors(catalog: Catalog, wanted: Sets) -> dict[AssetKey, OrdinalSet]:
    """All that has to be made together, in the order of the lineage."""
    full = dict(wanted)
    for key in with_neighbors(catalog, frozenset(wanted)):
        node = catalog.nodes_by_name[str(catalog.by_key[key].node)]
        together = [wanted[one] for one in node.assets if one in wanted]
        if key not in full or not node.can_subset:
            union = EMPTY
            for ordinals in together:
                union = union | ordinals
            full[key] = union
    return {key: full[key] for key in catalog.order if key in full}


@dataclass(slots=True)
class _Unit:
    """What one function makes of what is wanted."""

    node: CatalogNode
    assets: list[AssetKey]
    is_alone: bool
    level: int = 0

    @property
    def kind(self) -> tuple[object, ...]:
        """Units of one kind and level go to the same runs."""
        policy = self.node.backfill_policy
        alone = self.node.name if self.is_alone else ""
        return self.level, self.node.partitions_def, policy.max_partitions_per_run if policy is not None else 1, alone


def _groups(catalog: Catalog, wanted: Sets) -> list[list[_Unit]]:
    """Units by level: the number of times that partitions change their meaning on the way from the top. Groups read lower ones only."""
    units: dict[str, _Unit] = {}
    for key in wanted:
        node = catalog.nodes_by_name[str(catalog.by_key[key].node)]
        if node.name not in units:
            units[node.name] = _Unit(node, [], reads_itself(node, catalog))
        units[node.name].assets.append(key)
    edges = [
        (units[str(catalog.by_key[upstream].node)], unit, mapping)
        for unit in units.values()
        for key in unit.assets
        for upstream, mapping in _edges(catalog, key, wanted)
    ]
    for _ in units:  # a function that makes several assets may rise after its readers were placed
        if not _raised(edges):
            break
    groups: dict[tuple[object, ...], list[_Unit]] = {}
    for unit in sorted(units.values(), key=lambda one: one.level):
        groups.setdefault(unit.kind, []).append(unit)
    return list(groups.values())


def _raised(edges: Sequence[tuple[_Unit, _Unit, PartitionMapping | None]]) -> bool:
    """Lift each unit to the level that what it reads asks for; whether any was."""
    was_raised = False
    for above, unit, mapping in edges:
        level = above.level + (0 if above is unit or _can_share(above, unit, mapping) else 1)
        if level > unit.level:
            unit.level, was_raised = level, True
    return was_raised


def _edges(catalog: Catalog, key: AssetKey, wanted: Sets) -> Iterator[tuple[AssetKey, PartitionMapping | None]]:
    mine = catalog.by_key[key].partitions_def
    for dep in catalog.by_key[key].deps:
        if dep.asset in wanted:
            above = catalog.by_key[dep.asset].partitions_def
            if above is None or mine is None:
                yield dep.asset, dep.partition_mapping
            else:
                yield dep.asset, dep.partition_mapping if dep.partition_mapping is not None else infer_mapping(above, mine)


def _can_share(above: _Unit, unit: _Unit, mapping: PartitionMapping | None) -> bool:
    if above.is_alone or unit.is_alone or above.kind[1:] != unit.kind[1:]:
        return False
    return unit.node.partitions_def is None or is_same_key(mapping)


def _chunks(
    number: int, units: Sequence[_Unit], catalog: Catalog, wanted: Sets, options: BackfillOptions, view: PartitionsView
) -> Iterator[Chunk]:
    keys = [key for key in wanted if any(key in unit.assets for unit in units)]
    definition, policy = units[0].node.partitions_def, units[0].node.backfill_policy
    union = EMPTY
    for key in keys:
        union = union | wanted[key]
    if definition is None:
        yield Chunk(number, {key: wanted[key] for key in keys})
        return
    call = policy.max_partitions_per_run if policy is not None else 1
    parts: Iterable[OrdinalSet]
    if call is None and not units[0].is_alone:
        parts = [union]
    else:
        size = options.chunk or min(max(GOOD_CHUNK, -(-len(union) // MANY_RUNS)), -(-len(union) // options.at_once))
        call = 1 if call is None else call
        parts = sliced(union, max(call, size // call * call), definition, view, newest_first=options.newest_first and not units[0].is_alone)
    for part in parts:
        sets = {key: mine for key in keys if (mine := wanted[key] & part)}
        yield Chunk(number, sets)


def sliced(
    ordinals: OrdinalSet, size: int, definition: PartitionsDefinition, view: PartitionsView, *, newest_first: bool = False
) -> Iterator[OrdinalSet]:
    """Sets of at most `size`, in the order of the definition or backwards."""
    ordered = in_order(ordinals, definition, view)
    if newest_first:
        ordered = list(ordered)[::-1]
    part: list[int] = []
    for ordinal in ordered:
        part.append(ordinal)
        if len(part) == size:
            yield OrdinalSet.of(part)
            part = []
    if part:
        yield OrdinalSet.of(part)


# -- standing -----------------------------------------------------------------------------------------------------------------


def _may_start(plan: BackfillPlan, sets: Sets, now: Standing) -> bool:
    for key, ordinals in sets.items():
        for upstream, mapping in plan.edges[key]:
            is_open = now[upstream].open - sets.get(upstream, EMPTY)
            if is_open and plan.reads(upstream, key, mapping, ordinals) & is_open:
                return False
    return True


def _along(plan: BackfillPlan, key: AssetKey, mapping: PartitionMapping, bad: OrdinalSet, free: OrdinalSet) -> OrdinalSet:
    """What follows from bad partitions of an asset that reads itself: its later ones among `free`, as far as they hang together."""
    found = front = bad
    while front := plan.readers(key, key, mapping, front) & free - found:
        found = found | front
    return found & free
