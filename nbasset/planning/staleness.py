"""What is out of date, and why.

An asset (or one of its partitions) is compared with how it was last made: its code, configuration and storage, what it reads, and the
*content* of what it read. What reads something stale is stale too, with the root cause as its reason; the direct view leaves that out. All
of it is pure: catalog, versions and records in, statuses and reasons out.

A version that came from outside (a report, a rollback to one) has no record of how it was made: only newer data above makes it stale.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field

from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import Catalog, CatalogAsset
from nbasset.definitions.partitions import PartitionsView
from nbasset.events.facts import AssetMaterialized, InputUsed
from nbasset.events.recipes import recipe_of_fact
from nbasset.events.records import AssetRecord, Status
from nbasset.keys import AssetKey
from nbasset.planning import reasons as why
from nbasset.planning.data_now import DataNow
from nbasset.planning.partition_staleness import Surroundings, partitioned_state
from nbasset.planning.plan import Reason
from nbasset.planning.reads import Read, reads_of
from nbasset.planning.states import AssetState, StateView, Touched, Versions

MOST_ROOTS = 8
_UNTOUCHED = Touched()


@dataclass(slots=True)
class Memo:
    """What was worked out before, for the same catalog: states with all that they followed from. Keep one and pass it in again."""

    catalog: Catalog | None = None
    direct: bool = False
    renamed: Mapping[str, AssetKey] = field(default_factory=dict)
    reads: dict[AssetKey, tuple[Read, ...]] = field(default_factory=dict)
    causes: dict[AssetKey, tuple[object, ...]] = field(default_factory=dict)
    states: dict[AssetKey, AssetState] = field(default_factory=dict)

    def of(self, catalog: Catalog, state: StateView, *, direct: bool) -> Memo:
        """This memo if it is about the same; emptied if not."""
        if self.catalog is not catalog:
            self.reads = {}
        if self.catalog is not catalog or self.direct is not direct or self.renamed != state.renamed:
            self.causes, self.states = {}, {}
        self.catalog, self.direct, self.renamed = catalog, direct, state.renamed
        return self

    def reads_of(self, asset: CatalogAsset, catalog: Catalog) -> tuple[Read, ...]:
        """What the asset reads."""
        found = self.reads.get(asset.key)
        if found is None:
            found = self.reads[asset.key] = reads_of(asset, catalog)
        return found


def staleness(
    catalog: Catalog,
    state: StateView,
    versions: Versions,
    view: PartitionsView,
    *,
    keys: Iterable[AssetKey] | None = None,
    direct: bool = False,
    memo: Memo | None = None,
) -> dict[AssetKey, AssetState]:
    """The state of every asset upstream of (and including) `keys`, upstream first; of all assets when none are named.

    `direct` asks only what each asset was made from, not whether that is stale itself.
    """
    wanted = None if keys is None else with_upstream(catalog, keys)
    kept = (memo if memo is not None else Memo()).of(catalog, state, direct=direct)
    around = Surroundings(catalog, state, versions, view, DataNow(state, view), {}, direct=direct)
    for key in catalog.order:
        if wanted is None or key in wanted:
            asset = catalog.by_key[key]
            reads = kept.reads_of(asset, catalog)
            follows_from = _follows_from(asset, reads, around)
            if kept.causes.get(key) != follows_from:
                kept.states[key] = _state_of(asset, reads, around)
                kept.causes[key] = follows_from
            around.found[key] = kept.states[key]
    return around.found


def with_upstream(catalog: Catalog, keys: Iterable[AssetKey]) -> set[AssetKey]:
    """The keys and everything that they depend on."""
    found = set(keys)
    front = list(found)
    while front:
        for one in catalog.upstream.get(front.pop(), ()):
            if one not in found:
                found.add(one)
                front.append(one)
    return found


def _follows_from(asset: CatalogAsset, reads: tuple[Read, ...], around: Surroundings) -> tuple[object, ...]:
    """Everything that the state of an asset depends on. Parts that did not change are the same objects, so comparing costs little."""
    key, state, versions = asset.key, around.state, around.versions
    if asset.node is None or asset.execution != "materialize":
        return ("external",)
    own = (
        state.records.get(key),
        state.partitions.get(key),
        asset.partitions_def.ordinals(around.view) if asset.partitions_def is not None else None,
        versions.code(key),
        versions.config(key),
        versions.io(asset.spec.io_manager_key),
        versions.packages(key) if versions.packages is not None else None,
        state.touched.get(key),
        state.expired.get(key),
    )
    above: list[object] = []
    for read in reads:
        above += (
            around.found.get(read.asset),
            state.records.get(read.asset),
            state.partitions.get(read.asset),
            read.upstream.ordinals(around.view) if read.upstream is not None else None,
        )
    return (*own, *above)


def _state_of(asset: CatalogAsset, reads: tuple[Read, ...], around: Surroundings) -> AssetState:
    if asset.node is None or asset.execution != "materialize":
        return AssetState(asset.key, "external")
    if asset.partitions_def is not None:
        return partitioned_state(asset, reads, around)
    key = asset.key
    record = around.state.records.get(key)
    made = record.materialization if record is not None else None
    if record is None or made is None or made.partition is not None:
        if record is not None and record.status is Status.FAILED:
            return AssetState(key, "failed", (why.failed(record),))
        return AssetState(key, "missing", (why.layout_changed(key, made, None) if made is not None else why.missing(key),))
    found = _own_reasons(asset, reads, made, around)
    found += _data_reasons(asset, reads, record, made, around)
    found += [why.expired(key, around.state.expired[key])] if key in around.state.expired else []
    if not around.direct:
        found += _reasons_above(asset, reads, around)
    if record.status is Status.FAILED:
        return AssetState(key, "failed", (why.failed(record), *found))
    return AssetState(key, "stale" if found else "fresh", tuple(found))


def _own_reasons(asset: CatalogAsset, reads: tuple[Read, ...], made: AssetMaterialized, around: Surroundings) -> list[Reason]:
    key, versions = asset.key, around.versions
    touched = around.state.touched.get(key, _UNTOUCHED)
    found: list[Reason] = []
    if touched.is_gone:
        found.append(why.file_gone(key))
    elif touched.is_changed:
        found.append(why.file_changed(key))
    if not made.input_digest:
        return found
    recipe = recipe_of_fact(made)
    found += why.dependencies_changed([around.present(name) for name in recipe.inputs if name != str(key)], _others(reads, key))
    code = why.code_changed(key, around.code_then(key, made.code_version), versions.code(key))
    found += [code] if code is not None else []
    found += why.config_changed(key, recipe.config, versions.config(key))
    stored = why.storage_changed(asset, recipe.io, versions.io(asset.spec.io_manager_key))
    found += [stored] if stored is not None else []
    if versions.packages is not None:
        found += why.packages_changed(recipe.packages, versions.packages(key))
    return found


def _others(reads: Iterable[Read], key: AssetKey) -> list[AssetKey]:
    return [read.asset for read in reads if read.asset != key]


def _data_reasons(
    asset: CatalogAsset, reads: tuple[Read, ...], record: AssetRecord, made: AssetMaterialized, around: Surroundings
) -> list[Reason]:
    """Assets above whose content is not what was read."""
    used: dict[AssetKey, list[InputUsed]] = {}
    for one in made.inputs:
        used.setdefault(around.present(one.asset.to_user_string()), []).append(one)
    found: dict[Reason, None] = {}
    for read in reads:
        then = used[read.asset].pop(0) if used.get(read.asset) else None
        if then is None and made.input_digest:
            continue  # it did not read it: that is a reason of its own
        reason = _data_reason(read, then, record.seq, around)
        if reason is not None:
            found[reason] = None
    return list(found)


def _data_reason(read: Read, then: InputUsed | None, seq: int, around: Surroundings) -> Reason | None:
    if then is None:  # from outside: only whether something came later can be told
        above = around.state.records.get(read.asset)
        return why.data_changed(read.asset) if above is not None and above.changed_seq > seq else None
    if (then.partitions is None) != (read.upstream is None):
        return why.input_layout_changed(read.asset, is_partitioned=read.upstream is not None)
    now = around.data.read(read, None, None)
    if not now or now == then.digest:
        return None
    table = around.state.partitions.get(read.asset) if read.upstream is not None else None
    if table is None:
        return why.data_changed(read.asset)
    count = sum(1 for changed in table.changed_seq if changed > then.as_of_seq)
    return why.data_changed(read.asset, count=count, of=len(table))


def _reasons_above(asset: CatalogAsset, reads: tuple[Read, ...], around: Surroundings) -> list[Reason]:
    """Root causes above, each once."""
    found: dict[Reason, None] = {}
    for read in reads:
        above = around.found.get(read.asset)
        if above is None or above.status in ("fresh", "external"):
            continue
        if not above.is_partitioned:
            found.update(dict.fromkeys(around.roots(above)))
            continue
        wanted = around.data.wanted(read, None, None)
        if wanted is not None:
            found.update((root, None) for root, where in around.roots_by_partition(above) if where & wanted)
    return list(found)[:MOST_ROOTS]
