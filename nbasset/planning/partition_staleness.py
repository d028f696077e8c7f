"""Staleness of the partitions of one asset, as sets: columns are compared, never keys listed.

A partition is suspect when something above changed after it was made; whether its content really is another than what was read (A to B and
back to A is none) is confirmed by the digest that it would have now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import Catalog, CatalogAsset
from nbasset.definitions.partitions import PartitionsView
from nbasset.events.recipes import recipe_of
from nbasset.events.records import PartitionTable, Status
from nbasset.keys import AssetKey
from nbasset.ordinals import OrdinalSet
from nbasset.planning import reasons as why
from nbasset.planning.data_now import DataNow, would_be
from nbasset.planning.plan import Reason
from nbasset.planning.reads import Read
from nbasset.planning.states import EMPTY, AssetState, StaleStatus, StateView, Touched, Versions

_UNTOUCHED = Touched()
_MOST_ROOTS = 8


@dataclass(slots=True)
class Surroundings:
    """What a state is worked out from. `found` are the states of assets above."""

    catalog: Catalog
    state: StateView
    versions: Versions
    view: PartitionsView
    data: DataNow
    found: dict[AssetKey, AssetState]
    direct: bool = False

    def present(self, name: str) -> AssetKey:
        """The key that an asset has now which was once called `name`."""
        return self.state.renamed.get(name) or AssetKey.from_user_string(name)

    def code_then(self, key: AssetKey, version: str) -> str:
        """A code version of the past, in today's normal form where that is another."""
        now = self.versions.code(key)
        same_form = version.partition(":")[0] == now.partition(":")[0]
        return version if same_form or not version or not now else self.versions.today(key, version)

    def roots(self, above: AssetState) -> list[Reason]:
        """What is wrong with an asset without partitions, as its readers see it: root causes."""
        return [one if one.kind == "upstream" else why.above(one, above.key) for one in above.reasons]

    def roots_by_partition(self, above: AssetState) -> list[tuple[Reason, OrdinalSet]]:
        """The same of a partitioned one, with the partitions that each cause touches. What was never made is no cause for others."""
        return [
            (one if one.kind == "upstream" else why.above(one, above.key), where)
            for one, where in above.causes
            if not why.is_not_there(one)
        ]


@dataclass(slots=True)
class _Rows:
    """The table of the asset, with what is asked of it again and again."""

    table: PartitionTable
    made: OrdinalSet
    seqs: Sequence[int]
    oldest: int

    def where(self, column: Sequence[int], is_meant: Callable[[int], bool]) -> OrdinalSet:
        """Ordinals whose index in a column is meant."""
        there = set(column)
        meant = {index for index in there if is_meant(index)}
        if not meant:
            return EMPTY
        if len(meant) == len(there):
            return self.made
        return OrdinalSet.of([ordinal for ordinal, index in zip(self.table.ordinals, column, strict=True) if index in meant]) & self.made


def partitioned_state(asset: CatalogAsset, reads: tuple[Read, ...], around: Surroundings) -> AssetState:
    """The state of a partitioned asset: which of its existing partitions are fresh, stale, missing, failed, and why."""
    assert asset.partitions_def is not None
    existing = asset.partitions_def.ordinals(around.view)
    table = around.state.partitions.get(asset.key)
    if table is None or not table.ordinals:
        causes = ((_nothing_made(asset, around), existing),) if existing else ()
        return _state(asset, EMPTY, EMPTY, existing, EMPTY, (), causes)
    made = table.with_status(Status.MATERIALIZED) & existing
    failed = table.with_status(Status.FAILED) & existing
    missing = existing - made - failed
    rows = _rows(table, made)
    own: list[tuple[Reason, OrdinalSet]] = [*_touched(asset, made, around), *_own(asset, reads, rows, around)]
    if made:
        own += [(reason, late) for read in reads for reason, late in _newer_data(asset, read, reads, rows, around)]
        if asset.key in around.state.expired:
            own.append((why.expired(asset.key, around.state.expired[asset.key]), made))
    direct = _union(where for _, where in own)
    above = [] if around.direct else _above(asset, reads, made, direct, around)
    record = around.state.records.get(asset.key)
    rest: list[tuple[Reason, OrdinalSet]] = []
    if failed and record is not None:
        rest.append((why.failed(record), failed))
    if missing:
        whole = not made and not failed
        rest.append((_nothing_made(asset, around) if whole else why.missing_partitions(asset.key, len(missing)), missing))
    return _state(asset, made, failed, missing, direct, above, (*own, *above, *rest))


def _nothing_made(asset: CatalogAsset, around: Surroundings) -> Reason:
    """Why none of the partitions is there: nothing was ever made, or it was before they were partitioned like this."""
    record = around.state.records.get(asset.key)
    made = record.materialization if record is not None else None
    return why.layout_changed(asset.key, made, asset.partitions_def) if made is not None else why.missing(asset.key)


def _state(
    asset: CatalogAsset,
    made: OrdinalSet,
    failed: OrdinalSet,
    missing: OrdinalSet,
    direct: OrdinalSet,
    above: Sequence[tuple[Reason, OrdinalSet]],
    causes: tuple[tuple[Reason, OrdinalSet], ...],
) -> AssetState:
    stale = direct | _union(where for _, where in above) if above else direct
    status: StaleStatus = "failed" if failed else "stale" if stale else "missing" if missing else "fresh"
    reasons = tuple(dict.fromkeys(reason for reason, _ in causes))
    return AssetState(asset.key, status, reasons, stale, missing, failed, made - stale, True, direct, causes)


def _rows(table: PartitionTable, made: OrdinalSet) -> _Rows:
    """The table with the entry up to which each row had seen what is above: its own, but for one that was overtaken."""
    overtaken = {index: recipe.as_of for index in set(table.recipe) if (recipe := recipe_of(table.texts[index])).as_of}
    seqs: Sequence[int] = table.seq
    if overtaken:
        seqs = [overtaken.get(index, seq) for index, seq in zip(table.recipe, table.seq, strict=True)]
    return _Rows(table, made, seqs, min(seqs, default=0))


def _touched(asset: CatalogAsset, made: OrdinalSet, around: Surroundings) -> list[tuple[Reason, OrdinalSet]]:
    touched = around.state.touched.get(asset.key, _UNTOUCHED)
    changed, gone = touched.changed & made, touched.gone & made
    found = [(why.file_changed(asset.key, count=len(changed)), changed)] if changed else []
    return found + ([(why.file_gone(asset.key, count=len(gone)), gone)] if gone else [])


def _own(asset: CatalogAsset, reads: tuple[Read, ...], rows: _Rows, around: Surroundings) -> list[tuple[Reason, OrdinalSet]]:
    """Other dependencies, code, configuration, storage or packages than now."""
    table, texts, key = rows.table, rows.table.texts, asset.key
    versions = around.versions
    config, io, code = versions.config(key), versions.io(asset.spec.io_manager_key), versions.code(key)
    others = [read.asset for read in reads if read.asset != key]
    packages = versions.packages(key) if versions.packages is not None else None
    by_reason: dict[Reason, set[int]] = {}
    is_unknown = {index: not texts[index] for index in set(table.code)}
    for index in set(table.recipe):
        if not texts[index] and all(is_unknown.values()):
            continue
        recipe = recipe_of(texts[index])
        found = why.dependencies_changed([around.present(name) for name in recipe.inputs if name != str(key)], others)
        found += why.config_changed(key, recipe.config, config)
        stored = why.storage_changed(asset, recipe.io, io)
        found += [stored] if stored is not None else []
        found += why.packages_changed(recipe.packages, packages) if packages is not None else []
        for reason in found:
            by_reason.setdefault(reason, set()).add(index)
    known = rows.made
    if any(is_unknown.values()):
        known = known - _without_record(rows, is_unknown)
    causes = [(reason, rows.where(table.recipe, marked.__contains__) & known) for reason, marked in by_reason.items()]
    other_code: dict[Reason, set[int]] = {}
    for index in set(table.code):
        changed = why.code_changed(key, around.code_then(key, texts[index]), code)
        if changed is not None:
            other_code.setdefault(changed, set()).add(index)
    codes = [(reason, rows.where(table.code, marked.__contains__) & known) for reason, marked in other_code.items()]
    first = [one for one in causes if one[0].kind == "deps"]
    ordered = [*first, *codes, *(one for one in causes if one[0].kind != "deps")]
    return [(reason, where) for reason, where in ordered if where]


def _without_record(rows: _Rows, is_unknown: dict[int, bool]) -> OrdinalSet:
    """Partitions of which nobody recorded how they were made."""
    table = rows.table
    return OrdinalSet.of(
        ordinal
        for ordinal, code, recipe in zip(table.ordinals, table.code, table.recipe, strict=True)
        if is_unknown[code] and not table.texts[recipe]
    )


# -- data ---------------------------------------------------------------------------------------------------------------------


def _newer_data(
    asset: CatalogAsset, read: Read, reads: tuple[Read, ...], rows: _Rows, around: Surroundings
) -> list[tuple[Reason, OrdinalSet]]:
    """Partitions that read something of which the content is another now."""
    suspects = _suspects(asset, read, rows, around)
    if not suspects:
        return []
    late = _confirmed(asset, suspects, reads, rows, around)
    return [(why.data_changed(read.asset, count=len(late), of=len(rows.made)), late)] if late else []


def _suspects(asset: CatalogAsset, read: Read, rows: _Rows, around: Surroundings) -> OrdinalSet:
    """Partitions that were made before something that they read changed."""
    table, seqs = rows.table, rows.seqs
    if read.upstream is None:
        record = around.state.records.get(read.asset)
        changed_at = record.changed_seq if record is not None else 0
        if changed_at <= rows.oldest:
            return EMPTY
        return OrdinalSet.of([ordinal for ordinal, seq in zip(table.ordinals, seqs, strict=True) if seq < changed_at]) & rows.made
    other = around.state.partitions.get(read.asset)
    if other is None or max(other.changed_seq, default=0) <= rows.oldest:
        return EMPTY
    if read.is_identity and other.ordinals == table.ordinals:
        late = [ordinal for ordinal, seq, at in zip(table.ordinals, seqs, other.changed_seq, strict=True) if at > seq]
        return OrdinalSet.of(late) & rows.made
    changed = {ordinal: at for ordinal, at in zip(other.ordinals, other.changed_seq, strict=True) if at > rows.oldest}
    by_ordinal = dict(zip(table.ordinals, seqs, strict=True))
    if read.is_identity:
        return OrdinalSet.of([one for one, at in changed.items() if at > by_ordinal.get(one, at)]) & rows.made
    if read.mapping is None:
        return EMPTY
    wide = read.mapping.downstream_of(OrdinalSet.of(changed), read.upstream, asset.partitions_def, around.view) & rows.made
    newest = max(changed.values())
    earlier = [(one, by_ordinal[one]) for one in wide if by_ordinal[one] < newest]
    return OrdinalSet.of([one for one, seq in earlier if _read_later(asset, read, one, seq, changed, around)])


def _read_later(asset: CatalogAsset, read: Read, ordinal: int, seq: int, changed: dict[int, int], around: Surroundings) -> bool:
    wanted = around.data.wanted(read, ordinal, asset.partitions_def) or EMPTY
    few = wanted if len(wanted) <= len(changed) else (one for one in changed if one in wanted)
    return any(changed.get(one, 0) > seq for one in few)


def _confirmed(asset: CatalogAsset, suspects: OrdinalSet, reads: tuple[Read, ...], rows: _Rows, around: Surroundings) -> OrdinalSet:
    """Those of the suspects whose inputs, taken together, are not what they were."""
    table, texts = rows.table, rows.table.texts
    places = around.data.places(table)
    named: dict[int, list[tuple[str, Read]] | None] = {}
    late = []
    for ordinal in suspects:
        row = places[ordinal]
        recipe = recipe_of(texts[table.recipe[row]])
        if table.recipe[row] not in named:
            named[table.recipe[row]] = _named(recipe.inputs, reads, around)
        pairs = named[table.recipe[row]]
        now = pairs and would_be(around.data, pairs, texts[table.code[row]], recipe, ordinal, asset.partitions_def)
        if not now or now != texts[table.input_digest[row]]:
            late.append(ordinal)
    return OrdinalSet.of(late)


def _named(names: tuple[str, ...], reads: tuple[Read, ...], around: Surroundings) -> list[tuple[str, Read]] | None:
    """What is read now by the names of then; None when it is not the same assets."""
    free = list(reads)
    pairs = []
    for name in names:
        read = next((one for one in free if one.asset == around.present(name)), None)
        if read is None:
            return None
        free.remove(read)
        pairs.append((name, read))
    return None if free else pairs


# -- above ----------------------------------------------------------------------------------------------------------------------


def _above(
    asset: CatalogAsset, reads: tuple[Read, ...], made: OrdinalSet, direct: OrdinalSet, around: Surroundings
) -> list[tuple[Reason, OrdinalSet]]:
    """Partitions that read something stale, with the root causes."""
    found: dict[Reason, OrdinalSet] = {}
    for read in reads:
        if read.asset == asset.key:
            continue
        above = around.found.get(read.asset)
        if above is None or above.status in ("fresh", "external"):
            continue
        if not above.is_partitioned:
            for root in around.roots(above):
                found[root] = made
            continue
        for root, where in around.roots_by_partition(above):
            late = _downstream(asset, read, where, made, around)
            if late:
                found[root] = found[root] | late if root in found else late
        if read.is_identity and above.missing & made:
            found[why.not_there(read.asset, len(above.missing & made))] = above.missing & made
    causes = list(found.items())[:_MOST_ROOTS]
    own = next((read for read in reads if read.asset == asset.key), None)
    if own is not None:
        begun = direct | _union(where for _, where in causes)
        later = _closure(asset, own, begun, made, around) - begun
        if later:
            causes.append((Reason("upstream", str(asset.key), f"earlier partitions of '{asset.key}' are stale"), later))
    return causes


def _closure(asset: CatalogAsset, own: Read, begun: OrdinalSet, made: OrdinalSet, around: Surroundings) -> OrdinalSet:
    """Everything that reads, over any number of its own partitions, one of those."""
    reached, front = begun, begun
    while front:
        front = _downstream(asset, own, front, made, around) - reached
        reached = reached | front
    return reached


def _downstream(asset: CatalogAsset, read: Read, changed: OrdinalSet, made: OrdinalSet, around: Surroundings) -> OrdinalSet:
    if read.is_identity:
        return changed & made
    if read.mapping is None:
        return EMPTY
    return read.mapping.downstream_of(changed, read.upstream, asset.partitions_def, around.view) & made


def _union(sets: Iterable[OrdinalSet]) -> OrdinalSet:
    found = EMPTY
    for one in sets:
        found = one if not found else found | one
    return found
