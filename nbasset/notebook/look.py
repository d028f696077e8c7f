"""One look at everything: definitions, how they stand, what goes on. All panels of a kernel are drawn from the same one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from functools import cached_property
from typing import Any, Protocol

from nbasset import clock
from nbasset.commands.facts import shown_state
from nbasset.commands.scope import Scope
from nbasset.commands.states import Standing, has_no_partitions, standing
from nbasset.dataclass import dataclass
from nbasset.definitions.partitions import PartitionsDefinition
from nbasset.drawing.picture import State
from nbasset.drawing.states import in_order
from nbasset.instance import Instance
from nbasset.keys import AssetKey
from nbasset.locations.location import Location
from nbasset.notebook.run_trace import Overlay, Traces
from nbasset.notebook.session_state import SessionState, keys_of
from nbasset.notebook.wire_views import CellRef
from nbasset.ordinals import OrdinalSet

EMPTY = OrdinalSet()


class Surroundings(Protocol):
    """What panels are drawn of: the session of a kernel, or a location that was loaded."""

    @property
    def instance(self) -> Instance:
        """The home."""

    @property
    def state(self) -> SessionState:
        """The cells, and what they made."""

    def location(self) -> Location:
        """The definitions with their code."""

    def code_of(self, key: AssetKey) -> tuple[str, tuple[tuple[int, str], ...]] | None:
        """What people call the place of an asset's code, and its numbered lines."""


@dataclass(frozen=True, eq=False)
class Look:
    """Everything at one moment. `at` is that moment in seconds since 1970, `seq` the last entry of the log that was there."""

    session: Surroundings
    cells: SessionState
    scope: Scope
    now: Standing
    overlays: Mapping[AssetKey, Overlay]
    traces: Traces
    seq: int
    at: float
    kept: dict[Any, Any] = field(default_factory=dict)
    """What was worked out from records that do not change, by whoever did; handed on from look to look."""

    def state(self, key: AssetKey) -> State:
        """The state to show of an asset: what goes on goes before what is recorded."""
        state = shown_state(self.scope, key, self.now)
        if state == "problem":
            return state
        overlay = self.overlays.get(key, ())
        if overlay:
            return overlay[0][0]
        recorded = self.now.states.get(key)
        return "missing" if recorded is None or has_no_partitions(recorded) else recorded.status

    def counts(self, key: AssetKey) -> tuple[tuple[State, int], ...]:
        """How many partitions are in each state, most urgent first; empty for an asset without any."""
        return in_order((state, len(ordinals)) for state, ordinals in self.layers(key))

    def layers(self, key: AssetKey) -> list[tuple[State, OrdinalSet]]:
        """The partitions of an asset by state, each once: what goes on first, then what is recorded; the rest is missing."""
        definition = self.partitions(key)
        if definition is None:
            return []
        state = self.now.states[key]
        left = definition.ordinals(self.now.view)
        found: list[tuple[State, OrdinalSet]] = []
        recorded: list[tuple[State, OrdinalSet]] = [("failed", state.failed), ("stale", state.stale), ("fresh", state.fresh)]
        for name, ordinals in (*self.overlays.get(key, ()), *recorded, ("missing", None)):
            mine = left if ordinals is None else left & ordinals
            if mine:
                found.append((name, mine))
                left = left - mine
        return found

    def partitions(self, key: AssetKey) -> PartitionsDefinition | None:
        """The partitions definition of an asset, if it has one."""
        asset = self.scope.catalog.by_key.get(key)
        return asset.partitions_def if asset is not None else None

    def cell(self, key: AssetKey) -> CellRef | None:
        """Where an asset is defined in this notebook."""
        cell = self._cells_by_key.get(key)
        return self.cell_ref(cell) if cell is not None else None

    @cached_property
    def _cells_by_key(self) -> dict[AssetKey, str]:
        """The cell that makes each asset, found once for all of them."""
        return {key: made.cell for made in self.cells.made for key in keys_of(made.value)}

    def cell_ref(self, cell_id: str, line: int | None = None) -> CellRef:
        """A cell as the picture can find it: by its id, by the number people say, by its prompt."""
        entry = next((one for one in self.cells.document.entries if one.id == cell_id), None)
        label = self.cells.label(cell_id)
        digits = label.removeprefix("cell ")
        prompt = entry.number if entry is not None else None
        number = int(digits) if digits.isdigit() else prompt
        return CellRef(cell_id, number, line, None, prompt)


def look(session: Surroundings, traces: Traces, before: Look | None = None) -> Look:
    """Look at everything now. `traces` are read on; what `before` knows that cannot have changed is kept."""
    instance = session.instance
    reader = instance.reader
    cells = session.state
    seq = reader.last_seq()
    location = session.location()
    scope = before.scope if before is not None and before.scope.location is location and before.scope.instance is instance else None
    scope = scope or Scope(location, instance)
    now = standing(scope)
    traces.read(reader, scope.catalog, now.view)
    kept = before.kept if before is not None and before.scope is scope else {}
    return Look(session, cells, scope, now, traces.overlays(), traces, seq, clock.now_us() / 1e6, kept)
