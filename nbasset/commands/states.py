"""How things stand: staleness of every asset, with what runs now."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from typing import Any

from nbasset import clock
from nbasset.commands.made_with import made_with
from nbasset.commands.scope import Scope
from nbasset.commands.touched import MOST_FILES, touched_files
from nbasset.commands.words import duration
from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import Catalog
from nbasset.definitions.partitions import PartitionsView
from nbasset.drawing.picture import State
from nbasset.events.records import AssetRecord, RunRecord
from nbasset.instance import Instance
from nbasset.keys import AssetKey
from nbasset.ordinals import OrdinalSet
from nbasset.planning.freshness import FreshnessState, freshness_of
from nbasset.planning.staleness import Memo, staleness, with_upstream
from nbasset.planning.states import AssetState, StateView

_ACTIVE: dict[str, State] = {
    "queued": "queued", "not_started": "queued", "starting": "queued", "started": "running", "canceling": "running",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Standing:
    """The states of assets with the records they follow from, all read at one moment."""

    states: Mapping[AssetKey, AssetState]
    records: Mapping[AssetKey, AssetRecord]
    running: Mapping[AssetKey, tuple[State, OrdinalSet | None]]
    view: PartitionsView
    now_us: int

    def shown(self, key: AssetKey) -> State:
        """The state to show: what runs now goes before what is recorded."""
        if key in self.running:
            return self.running[key][0]
        state = self.states.get(key)
        return "missing" if state is None or has_no_partitions(state) else state.status

    def status(self, key: AssetKey) -> str:
        """The same as text: what ``status:`` in a selection asks for."""
        return self.shown(key)


def standing(
    scope: Scope,
    *,
    keys: Iterable[AssetKey] | None = None,
    run_config: Mapping[str, Any] | None = None,
    view: PartitionsView | None = None,
    direct: bool = False,
    files: int = MOST_FILES,
) -> Standing:
    """How the assets (those upstream of and including `keys`) stand. `files` of the warehouse are looked at for changes by hand."""
    reader = scope.instance.reader
    catalog = scope.catalog
    wanted = list(catalog.by_key)
    partitioned = [key for key in wanted if catalog.by_key[key].partitions_def is not None]
    at = view if view is not None else scope.view()
    records = reader.latest(wanted)
    tables = reader.partition_tables(partitioned) if partitioned else {}
    state = StateView(
        records,
        tables,
        touched_files(scope, wanted if keys is None else with_upstream(catalog, keys), records, tables, at, at_most=files) if files else {},
        _expired(catalog, records, at),
        {name: key for name, key in reader.former_names().items() if AssetKey.from_user_string(name) not in catalog.by_key},
    )
    memo = _MEMOS.setdefault(scope.instance, Memo()) if keys is None and not direct else None
    found = staleness(catalog, state, made_with(scope, run_config).versions(), at, keys=keys, direct=direct, memo=memo)
    return Standing(found, state.records, _running(reader.active_runs()), at, clock.now_us())


_MEMOS: weakref.WeakKeyDictionary[Instance, Memo] = weakref.WeakKeyDictionary()


def has_no_partitions(state: AssetState) -> bool:
    """Whether a partitioned asset has no partitions yet, so that nothing of it can have been made: a dynamic definition without keys."""
    return state.is_partitioned and not any((state.fresh, state.stale, state.missing, state.failed))


def _expired(catalog: Catalog, records: Mapping[AssetKey, AssetRecord], view: PartitionsView) -> dict[AssetKey, str]:
    """Assets that are older than their freshness policies allow, with a sentence each."""
    found = {}
    for asset in catalog.assets:
        if asset.spec.freshness_policy is None or not asset.is_executable:
            continue
        verdict = freshness_of(asset, records.get(asset.key), view.now)
        if verdict.state is FreshnessState.FAIL:
            found[asset.key] = f"it is older than its freshness policy allows, by {duration(verdict.overdue_s)}"
    return found


def _running(runs: Iterable[RunRecord]) -> dict[AssetKey, tuple[State, OrdinalSet | None]]:
    found: dict[AssetKey, tuple[State, OrdinalSet | None]] = {}
    for run in runs:
        state = _ACTIVE.get(run.status)
        if state is None:
            continue
        for target in run.targets:
            before = found.get(target.asset)
            ordinals = target.partitions if before is None or before[1] is None else (target.partitions or OrdinalSet()) | before[1]
            found[target.asset] = (state if before is None or before[0] == "queued" else before[0], ordinals)
    return found
