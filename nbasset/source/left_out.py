"""What stands above an asset and is not in its slice, and why: listed always, so that nothing is dropped silently.

A reason depends on the statement alone, but for a bare call: it says more when it touches a name that the slice uses.
"""

from __future__ import annotations

from collections.abc import Iterable

from nbasset.source.effects import only_shows
from nbasset.source.flow import Program
from nbasset.source.program import Cell, LeftOut, Place
from nbasset.source.reach import Reach
from nbasset.source.units import Unit

_HIDDEN_ENVIRONMENT = frozenset(
    {"env", "set_env", "cd", "pushd", "popd", "run", "store", "dotenv", "load_dotenv", "reload_ext", "autoreload"}
)
_NOT_USED = "not used"


class LeftOuts:
    """Reasons for all units of a program, worked out once."""

    def __init__(self, program: Program, cells: Iterable[Cell]) -> None:
        self._program = program
        self._opaque = [cell for cell in cells if cell.role == "opaque"]
        self._plain = [_plain(unit) for unit in program.units]
        self._touched: dict[int, LeftOut] = {}
        for position, unit in enumerate(program.units):
            if self._plain[position].reason == _NOT_USED and unit.is_expression and unit.names.module_calls:
                self._bare_call(position, unit)

    def of(self, reach: Reach, included: set[int]) -> tuple[LeftOut, ...]:
        """What `reach` leaves out of the units above its last root, in order; cells of other languages last."""
        program, plain = self._program, self._plain
        used = {need.name for (owner, _), needs in reach.included.items() if owner is program for need in needs}
        touched = {
            position: item
            for position, item in self._touched.items()
            if position < reach.limit and not used.isdisjoint(program.units[position].names.reads)
        }
        positions = [position for position in range(reach.limit) if position not in included]
        left = [touched.get(position) or plain[position] for position in positions] if touched else [plain[at] for at in positions]
        last = program.units[reach.limit].cell.index
        reason = "not Python (a cell magic of another language)"
        left += [LeftOut(Place(cell.id, cell.first_line, cell.first_line), reason) for cell in self._opaque if cell.index < last]
        return tuple(left)

    def _bare_call(self, position: int, unit: Unit) -> None:
        subject = unit.names.module_calls[0][0]
        found = self._program.imported(subject, position)
        if found is not None and found.package == "nbasset":
            self._plain[position] = LeftOut(unit.place, "acts on assets; no part of one")
        else:
            self._touched[position] = LeftOut(unit.place, f"a bare call; not a known change of '{subject}'")


def _plain(unit: Unit) -> LeftOut:
    if unit.left_out is None:
        unit.left_out = LeftOut(unit.place, _reason(unit))
    return unit.left_out


def _reason(unit: Unit) -> str:
    if unit.cell.role == "scratch":
        return "in a cell tagged `scratch`"
    if unit.is_asset_cell:
        return "another asset"
    if unit.guard:
        return {"main": "runs only as a script", "types": "for type checkers only", "text": "only a text"}[unit.guard]
    names = unit.names
    if names.magics:
        magic = names.magics[0]
        if magic.name == "!":
            return f"a shell command (`!{magic.argument}`)"
        if magic.name in _HIDDEN_ENVIRONMENT:
            return f"hidden environment (`{f'%{magic.name} {magic.argument}'.rstrip()}`)"
        return f"a line magic (`%{magic.name}`)"
    if unit.is_expression and names.module_calls:
        root, path = names.module_calls[0]
        if only_shows(path.rpartition(".")[2] or root):
            return "only shows something"
    return _NOT_USED
