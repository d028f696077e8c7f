"""How things stand: staleness of every asset, with what runs now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nbasset import clock
from nbasset.commands.scope import Scope
from nbasset.definitions.partitions import PartitionsView
from nbasset.drawing.picture import State
from nbasset.events.records import AssetRecord, RunRecord
from nbasset.execution.run_resources import config_digest
from nbasset.keys import AssetKey
from nbasset.ordinals import OrdinalSet
from nbasset.planning.staleness import staleness
from nbasset.planning.states import AssetState, StateView, Versions

_ACTIVE: dict[str, State] = {"queued": "queued", "not_started": "queued", "started": "running", "canceling": "running"}


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
        return state.status if state is not None else "missing"

    def status(self, key: AssetKey) -> str:
        """The same as text: what ``status:`` in a selection asks for."""
        return self.shown(key)


def standing(
    scope: Scope, *, keys: Iterable[AssetKey] | None = None, run_config: Mapping[str, Any] | None = None, view: PartitionsView | None = None
) -> Standing:
    """How the assets (those upstream of and including `keys`) stand."""
    reader = scope.instance.reader
    catalog = scope.catalog
    wanted = list(catalog.by_key)
    partitioned = [key for key in wanted if catalog.by_key[key].partitions_def is not None]
    state = StateView(reader.latest(wanted), reader.partition_tables(partitioned) if partitioned else {})
    at = view if view is not None else scope.view()
    found = staleness(catalog, state, versions_now(scope, run_config or {}), at, keys=keys)
    return Standing(found, state.records, _running(reader.active_runs()), at, clock.now_us())


def versions_now(scope: Scope, run_config: Mapping[str, Any]) -> Versions:
    """Code, configuration and storage as they are now."""
    environment = scope.environment(keeps_output=False)
    catalog = scope.catalog
    known: dict[str, str] = {}

    def config(key: AssetKey) -> str:
        node = catalog.by_key[key].node
        if node is None:
            return ""
        if node not in known:
            steps = catalog.nodes_by_name[node].steps
            known[node] = config_digest(environment, run_config, node, steps[0].handle) if len(steps) == 1 else ""
        return known[node]

    code: Callable[[AssetKey], str] = scope.location.code.version_of
    return Versions(code, config, scope.io_version)


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
