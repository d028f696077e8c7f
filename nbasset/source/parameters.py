"""Values of a notebook's `parameters` cell that a slice reads: they are configuration, so they count apart from the code."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from nbasset.dataclass import dataclass
from nbasset.source.fingerprint import digest, normal_form
from nbasset.source.names import names_of
from nbasset.source.program import Cell, Place, SliceSource
from nbasset.source.shapes import parse
from nbasset.source.slices import CodeReader
from nbasset.source.text import SliceText

_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Parameter:
    """One name that a `parameters` cell (or papermill's injected one) gives a value. `label` is the cell, `text` the statement."""

    name: str
    label: str
    text: str
    digest: str


def parameters_of(reader: CodeReader, source: SliceSource, roots: Sequence[Place], *, assets: frozenset[str]) -> Mapping[str, Parameter]:
    """The parameters that the slice at `roots` reads, by name; the last value of each counts."""
    cells = {cell.id: cell for cell in source.cells() if cell.role == "parameters"}
    if not cells:
        return {}
    binders = reader.binder_cells(source, roots, assets=assets)
    return {name: found for name, cell in binders.items() if cell in cells and (found := _value(cells[cell], name)) is not None}


def parameters_in(text: SliceText) -> Mapping[str, Parameter]:
    """All parameters that the stored text of a slice holds."""
    found: dict[str, Parameter] = {}
    for cell in text.cells():
        if cell.role == "parameters":
            names = [name for node in parse(cell.text).body for name in names_of([node]).binds]
            found.update((name, value) for name in names if (value := _value(cell, name)) is not None)
    return found


def _value(cell: Cell, name: str) -> Parameter | None:
    """The last statement of a cell that binds a name."""
    try:
        body = parse(cell.text).body
    except SyntaxError:
        return None
    for node in reversed(body):
        if name in names_of([node]).binds:
            return Parameter(name, cell.label, ast.unparse(node), digest(normal_form(node))[:_LENGTH])
    return None
