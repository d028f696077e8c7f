"""Partitions in a plan: how the wanted ones are cut into calls, and what each call reads upstream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from nbasset.definitions.catalog import Catalog, CatalogNode
from nbasset.definitions.mappings import IdentityPartitionMapping, PartitionMapping, TimeWindowPartitionMapping, infer_mapping
from nbasset.definitions.partitions import PartitionsDefinition, PartitionsView
from nbasset.definitions.time_windows import TimeWindows
from nbasset.errors import InvalidDefinitionError
from nbasset.keys import AssetKey
from nbasset.ordinals import OrdinalSet
from nbasset.planning.plan import PlanRequest


class UpstreamRead(NamedTuple):
    """What a call reads of one upstream asset: which partitions (None: it has none), how many do not exist, whether it can be several."""

    ordinals: OrdinalSet | None
    nonexistent: int = 0
    several: bool = False


def chunks_of(
    node: CatalogNode, assets: Iterable[AssetKey], request: PlanRequest, view: PartitionsView, catalog: Catalog
) -> Iterator[OrdinalSet | None]:
    """The calls of a node, by the partitions that each makes; one call without partitions when it has none.

    By default a partition a call; the node's backfill policy or the request may ask for more at a time. An asset that reads its own
    earlier partitions is always made one by one, oldest first.

    Raises
    ------
    InvalidDefinitionError
        If a partitioned node is wanted and nobody said which partitions.
    """
    if node.partitions_def is None:
        yield None
        return
    wanted = OrdinalSet()
    for key in (*assets, *(check.asset for check in node.checks if not node.assets)):
        more = request.partitions.get(key)
        wanted = wanted if more is None else more if not wanted else wanted | more
    if not wanted and node.kind == "observe":
        yield None  # an observation may tell of any partitions, or of the asset as a whole
        return
    if not wanted:
        name = str(next(iter(assets), node.name))
        keys = node.partitions_def.describe()
        raise InvalidDefinitionError(
            f"'{name}' is partitioned ({keys}): say which partitions. In a notebook or on the command line -p KEY, -s FIRST -e LAST, or "
            "--stale for all that are not fresh; in Python partition_key=... or partition_keys=[...]."
        )
    policy = node.backfill_policy
    if reads_itself(node, catalog):
        size: int | None = 1
    elif request.single_run or (policy is not None and policy.max_partitions_per_run is None):
        size = None
    else:
        size = policy.max_partitions_per_run if policy is not None else 1
    if size is None:
        yield wanted
        return
    ordered = in_order(wanted, node.partitions_def, view)
    if size == 1:
        for ordinal in ordered:
            yield OrdinalSet(((ordinal, ordinal + 1),))
    else:
        yield from _in_chunks(ordered, size)


def in_order(ordinals: OrdinalSet, definition: PartitionsDefinition, view: PartitionsView) -> Iterable[int]:
    """The ordinals in the order of the definition: for calendar numbers nearly always their own."""
    if isinstance(definition, TimeWindows) and definition.is_numbered_in_order(ordinals):
        return ordinals
    return [ref.ordinal for ref in definition.refs_of(ordinals, view.table)]


def step_suffix(node: CatalogNode, ordinals: OrdinalSet | None, view: PartitionsView) -> str:
    """What tells the step of some partitions from its siblings: ``[2013-01-01]``, ``[2013-01-01...2013-01-31]``."""
    if not ordinals or node.partitions_def is None:
        return ""
    definition = node.partitions_def
    if len(ordinals) == 1:
        return f"[{definition.key_of(ordinals.runs[0][0], view.table)}]"
    keys = definition.keys_of(ordinals, view.table)
    return f"[{keys[0]}...{keys[-1]}]"


def upstream_partitions(
    node: CatalogNode,
    asset: AssetKey,
    mapping: PartitionMapping | None,
    ordinals: OrdinalSet | None,
    catalog: Catalog,
    view: PartitionsView,
) -> UpstreamRead:
    """Which partitions of `asset` a call of `node` reads when it makes these ordinals."""
    upstream = catalog.asset(asset).partitions_def
    if upstream is None:
        return UpstreamRead(None)
    return read_of(mapping, upstream, node.partitions_def, ordinals, view)


def read_of(
    mapping: PartitionMapping | None,
    upstream: PartitionsDefinition,
    downstream: PartitionsDefinition | None,
    ordinals: OrdinalSet | None,
    view: PartitionsView,
) -> UpstreamRead:
    """The same for two definitions; `mapping` None is inferred from them."""
    return UpstreamReader(mapping, upstream, downstream, view).of(ordinals)


class UpstreamReader:
    """What calls for one partition after the other read of one upstream asset: the mapping is found and checked once."""

    def __init__(
        self,
        mapping: PartitionMapping | None,
        upstream: PartitionsDefinition,
        downstream: PartitionsDefinition | None,
        view: PartitionsView,
    ) -> None:
        self._mapping = mapping if mapping is not None else infer_mapping(upstream, downstream)
        self._upstream, self._downstream, self._view = upstream, downstream, view
        self._several = self._mapping.can_give_several(downstream, upstream)
        self._same = upstream.ordinals(view) if is_same_key(self._mapping) and upstream == downstream else None
        self._last: tuple[OrdinalSet, UpstreamRead] | None = None

    def of(self, ordinals: OrdinalSet | None) -> UpstreamRead:
        """What a call that makes these ordinals reads."""
        if ordinals is None:
            return self._read(None)
        if self._last is None or self._last[0] != ordinals:
            self._last = ordinals, self._read(ordinals)
        return self._last[1]

    def _read(self, ordinals: OrdinalSet | None) -> UpstreamRead:
        if self._same is not None and ordinals and not ordinals - self._same:
            return UpstreamRead(ordinals, 0, self._several or len(ordinals) > 1)
        found = self._mapping.upstream_of(ordinals, self._downstream, self._upstream, self._view)
        return UpstreamRead(found.ordinals, len(found.nonexistent), self._several or len(found.ordinals) > 1)


def is_same_key(mapping: PartitionMapping | None) -> bool:
    """Whether a partition reads, of an asset partitioned alike, the partition of the same key and no other."""
    if isinstance(mapping, TimeWindowPartitionMapping):
        return mapping.start_offset == mapping.end_offset == 0
    return isinstance(mapping, IdentityPartitionMapping)


def reads_itself(node: CatalogNode, catalog: Catalog) -> bool:
    """Whether one of its assets reads other partitions of itself."""
    return any(dep.asset == key for key in node.assets for dep in catalog.asset(key).deps)


def _in_chunks(wanted: Iterable[int], size: int) -> Iterator[OrdinalSet]:
    chunk: list[int] = []
    for ordinal in wanted:
        chunk.append(ordinal)
        if len(chunk) == size:
            yield OrdinalSet.of(chunk)
            chunk = []
    if chunk:
        yield OrdinalSet.of(chunk)
