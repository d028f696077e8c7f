"""Which partitions of each selected asset somebody means who names some: one text, or one list of keys, for assets that differ.

The words are read by the assets that were named; what is selected around them follows by mapping. So ``daily+ -p 2013-06-05`` means that
day of `daily`, the days that read it, and June of a monthly roll-up, while ``+monthly -p 2013-06-01`` means June and the days in it.

1. Assets named in the selection take the words, if their definition has these keys. Are none of these partitioned, those at the top do.
2. Downstream of them an asset gets the partitions that read what is already meant.
3. Upstream of them it gets the partitions that are read.
4. An asset that hangs together with none of these takes the words itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from nbasset.definitions.catalog import Catalog
from nbasset.definitions.mappings import PartitionMapping, infer_mapping
from nbasset.definitions.partitions import PartitionsDefinition, PartitionsView
from nbasset.definitions.selection import AssetSelection
from nbasset.errors import InvalidPartitionRange, UnknownPartitionError
from nbasset.keys import AssetKey, keys_text
from nbasset.ordinals import OrdinalSet

Read = Callable[[PartitionsDefinition], OrdinalSet]
_UNREADABLE = (UnknownPartitionError, InvalidPartitionRange)


def asked_partitions(
    catalog: Catalog, chosen: Collection[AssetKey], named: Collection[AssetKey], read: Read, view: PartitionsView, *, words: str
) -> dict[AssetKey, OrdinalSet]:
    """The partitions of each partitioned asset among `chosen`; an empty set for one of which none is meant.

    `read` reads the words against a definition and raises if its keys are others; `words` are they, for errors.

    Raises
    ------
    UnknownPartitionError, InvalidPartitionRange
        If no asset has these keys, or one that hangs together with none of the others; or if none of the assets has partitions.
    """
    ordered = [key for key in catalog.order if key in chosen and catalog.by_key[key].partitions_def is not None]
    if not ordered:
        none = f"{keys_text(chosen)} has no" if len(chosen) == 1 else f"none of {keys_text(sorted(chosen))} has"
        raise UnknownPartitionError(f"the partition {words} was named, but {none} partitions. Leave it out.")
    heads = [key for key in ordered if key in named] or _top(catalog, ordered)
    found: dict[AssetKey, OrdinalSet] = {}
    troubles: dict[AssetKey, Exception] = {}
    for key in heads:
        try:
            found[key] = read(_definition(catalog, key))
        except _UNREADABLE as error:
            troubles[key] = error
    if not found:
        raise next(iter(troubles.values()))
    _follow(catalog, ordered, found, view)
    for key in ordered:
        if key in troubles and not found.get(key):
            raise troubles[key]  # it was named, and neither has these keys nor reads what they mean
        if key not in found:
            found[key] = read(_definition(catalog, key))
    return {key: found[key] for key in ordered}


def named_in(selection: AssetSelection, catalog: Catalog) -> frozenset[AssetKey]:
    """The assets that a selection starts from, before it walks up or down: ``orders`` in ``orders+``.

    >>> named_in(AssetSelection.keys("orders").downstream(), Catalog())
    Traceback (most recent call last):
    ...
    nbasset.errors.UnknownAsset: no asset 'orders' is defined. Nothing is defined yet.
    """
    return _standing(selection).resolve(catalog, status=lambda key: "")


def _standing(node: AssetSelection) -> AssetSelection:
    if node.op == "walk":
        return _standing(node.args[0])
    if node.op == "keys":
        return node
    parts = tuple(_standing(part) if isinstance(part, AssetSelection) else part for part in node.args)
    return AssetSelection(node.op, parts, node.with_checks)


def _follow(catalog: Catalog, ordered: list[AssetKey], found: dict[AssetKey, OrdinalSet], view: PartitionsView) -> None:
    """Down from what is known, then up."""
    edges = _Edges(catalog, view)
    for key in ordered:
        read = [edges.downstream(found[upstream], mapping, upstream, key) for upstream, mapping in edges.of(key) if upstream in found]
        if key not in found and read:
            found[key] = _union(read)
    needed: dict[AssetKey, list[OrdinalSet]] = {}
    for key in reversed(ordered):
        if key not in found and key in needed:
            found[key] = _union(needed[key])
        if key in found:
            for upstream, mapping in edges.of(key):
                needed.setdefault(upstream, []).append(edges.upstream(found[key], mapping, upstream, key))


class _Edges:
    """Mappings between partitioned assets. Many edges connect the same definitions, and the same sets go over them: each is mapped once.

    Definitions and mappings are known by identity: the catalog keeps them, or this does.
    """

    def __init__(self, catalog: Catalog, view: PartitionsView) -> None:
        self._catalog = catalog
        self._view = view
        self._inferred: dict[tuple[int, int], PartitionMapping] = {}
        self._mapped: dict[tuple[str, int, int, int, OrdinalSet], OrdinalSet] = {}

    def of(self, key: AssetKey) -> Iterator[tuple[AssetKey, PartitionMapping]]:
        """Partitioned assets that one reads, with the mapping of each."""
        mine = _definition(self._catalog, key)
        for dep in self._catalog.by_key[key].deps:
            above = self._catalog.by_key.get(dep.asset)
            definition = above.partitions_def if above is not None else None
            if definition is None or dep.asset == key:
                continue
            mapping = dep.partition_mapping
            if mapping is None:
                mapping = self._inferred.get((id(definition), id(mine)))
            if mapping is None:
                mapping = self._inferred[id(definition), id(mine)] = infer_mapping(definition, mine)
            yield dep.asset, mapping

    def downstream(self, ordinals: OrdinalSet, mapping: PartitionMapping, upstream: AssetKey, key: AssetKey) -> OrdinalSet:
        """What reads these partitions of the upstream asset."""
        here, there = _definition(self._catalog, key), _definition(self._catalog, upstream)
        place = ("down", id(mapping), id(there), id(here), ordinals)
        if place not in self._mapped:
            self._mapped[place] = mapping.downstream_of(ordinals, there, here, self._view)
        return self._mapped[place]

    def upstream(self, ordinals: OrdinalSet, mapping: PartitionMapping, upstream: AssetKey, key: AssetKey) -> OrdinalSet:
        """What these partitions of an asset read of the upstream one."""
        here, there = _definition(self._catalog, key), _definition(self._catalog, upstream)
        place = ("up", id(mapping), id(there), id(here), ordinals)
        if place not in self._mapped:
            self._mapped[place] = mapping.upstream_of(ordinals, here, there, self._view).ordinals
        return self._mapped[place]


def _top(catalog: Catalog, ordered: list[AssetKey]) -> list[AssetKey]:
    """Those that read none of the others, directly or through assets without partitions."""
    among = frozenset(ordered)
    below: set[AssetKey] = set()
    for key in catalog.order:
        if any(upstream in among or upstream in below for upstream in catalog.upstream[key]):
            below.add(key)
    return [key for key in ordered if key not in below]


def _definition(catalog: Catalog, key: AssetKey) -> PartitionsDefinition:
    definition = catalog.by_key[key].partitions_def
    assert definition is not None
    return definition


def _union(sets: Collection[OrdinalSet]) -> OrdinalSet:
    found = OrdinalSet()
    for one in sets:
        found = found | one if found and one is not found else one or found
    return found
