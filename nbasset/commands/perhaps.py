"""What a run of everything stale takes along: what is fresh now and reads something that will be made. It runs if that comes out different.

So one run is enough: afterwards nothing is stale, however deep the graph, and nothing ran whose inputs did not change.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from nbasset.commands.states import Standing
from nbasset.definitions.catalog import Catalog
from nbasset.keys import AssetKey
from nbasset.ordinals import OrdinalSet
from nbasset.planning.plan import Reason
from nbasset.planning.reads import Read, reads_of
from nbasset.planning.states import EMPTY, AssetState

Wanted = dict[AssetKey, OrdinalSet | None]


def add_readers(
    catalog: Catalog, wanted: Wanted, chosen: Collection[AssetKey], given: Mapping[AssetKey, OrdinalSet], now: Standing
) -> None:
    """Add those of the chosen that are there and read something wanted, downstream of downstream too."""
    for key in catalog.order:
        state = now.states.get(key)
        asset = catalog.by_key[key]
        if key not in chosen or state is None or not asset.is_executable:
            continue
        for read in reads_of(asset, catalog):
            if read.asset not in wanted or read.asset == key:
                continue
            if not state.is_partitioned:
                if key not in wanted and state.status == "fresh":
                    wanted[key] = None
                continue
            readers = _readers(read, wanted[read.asset], state, catalog, now)
            readers = readers & given[key] if key in given else readers
            if readers:
                before = wanted.get(key)
                wanted[key] = readers if before is None else before | readers


def _readers(read: Read, made: OrdinalSet | None, state: AssetState, catalog: Catalog, now: Standing) -> OrdinalSet:
    there = state.fresh | state.stale
    if read.upstream is None or made is None:
        return there
    if read.is_identity:
        return made & there
    if read.mapping is None:
        return EMPTY
    return read.mapping.downstream_of(made, read.upstream, catalog.by_key[state.key].partitions_def, now.view) & there


def conditional(wanted: Wanted, now: Standing) -> tuple[frozenset[AssetKey], dict[AssetKey, OrdinalSet]]:
    """Assets that run only if something they read comes out different, and the partitions of them that run in any case."""
    found: set[AssetKey] = set()
    certain: dict[AssetKey, OrdinalSet] = {}
    for key, ordinals in wanted.items():
        state = now.states[key]
        if not state.is_partitioned:
            if state.status == "fresh" or (state.status == "stale" and not state.own_reasons):
                found.add(key)
            continue
        sure = state.missing | state.failed | state.direct
        if ordinals is not None and ordinals - sure:
            found.add(key)
            certain[key] = sure & ordinals
    return frozenset(found), certain


def why_reader(key: AssetKey, wanted: Wanted, catalog: Catalog) -> tuple[Reason, ...]:
    """Why something fresh is in the plan: what it reads will be made."""
    above = [read.asset for read in reads_of(catalog.by_key[key], catalog) if read.asset in wanted and read.asset != key]
    return tuple(Reason("upstream", str(one), f"'{one}' will be made") for one in dict.fromkeys(above))
