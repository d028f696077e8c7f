"""What a reader of a notebook should know before relying on it: order, changes across cells, files passed on beside the assets.

Only what is written in the cells is judged. Nothing of it stops a run; a run in a clean process is the proof.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from nbasset.dataclass import dataclass
from nbasset.source.names import names_of
from nbasset.source.program import Cell, Place, SliceSource
from nbasset.source.shapes import UNREADABLE, parse
from nbasset.source.slices import CodeReader

Kind = Literal["order", "change", "file"]
_WRITERS = frozenset(
    {"to_csv", "to_parquet", "to_json", "to_excel", "to_pickle", "to_feather", "write_csv", "write_parquet", "savetxt", "save"}
)  # fmt: skip
_READERS = frozenset(
    {
        "read_csv", "read_parquet", "read_json", "read_excel", "read_pickle", "read_feather", "read_table", "scan_csv", "scan_parquet",
        "loadtxt", "load",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing worth knowing, with the cell and line it stands in; `name` is the name or file that it is about."""

    kind: Kind
    name: str
    cell: str
    line: int
    text: str


def review(reader: CodeReader, source: SliceSource, roots: Sequence[Place], *, assets: Mapping[str, str]) -> tuple[Remark, ...]:
    """Remarks on the slice at `roots`. `assets` are the assets' names with the ids of the cells that define them."""
    cells = {cell.id: cell for cell in source.cells()}
    places = [place for place in reader.slice(source, roots, assets=frozenset(assets)).statements if place.cell in cells]
    found = [
        *_late(reader, source, roots, assets, cells),
        *_changes(places, cells),
        *_files(places, cells),
    ]
    return tuple(dict.fromkeys(found))


def _late(
    reader: CodeReader, source: SliceSource, roots: Sequence[Place], assets: Mapping[str, str], cells: Mapping[str, Cell]
) -> Iterator[Remark]:
    """Names and assets that the cell uses and that stand below it: a run from top to bottom meets them too late."""
    here = [cells[root.cell] for root in roots if root.cell in cells]
    if not here:
        return
    first = min(here, key=lambda cell: cell.index)
    binders = reader.binder_cells(source, roots, assets=frozenset(assets))
    read = {name: assets[name] for name in reader.slice(source, roots, assets=frozenset(assets)).reads if name in assets}
    for name, cell_id in sorted({**binders, **read}.items()):
        cell = cells.get(cell_id)
        if cell is not None and cell.index > first.index:
            what = "reads" if name in read else "uses"
            yield Remark(
                "order", name, cell.label, cell.first_line, f"{first.label} {what} `{name}`, which stands below it, in {cell.label}"
            )  # fmt: skip


def _changes(places: Sequence[Place], cells: Mapping[str, Cell]) -> Iterator[Remark]:
    """Statements that change an object of another cell: run alone or twice, a cell gives another result."""
    binder: dict[str, Cell] = {}
    for place in places:
        cell = cells[place.cell]
        for node in _nodes(cell, place):
            names = names_of([node])
            changed = {*names.effects.changed, *names.effects.augmented} if cell.role != "asset" else set()
            for name in sorted(changed):
                made = binder.get(name)
                if made is not None and made.id != cell.id:
                    yield Remark(
                        "change", name, cell.label, node.lineno, f"{cell.label} changes `{name}`, which {made.label} makes"
                    )  # fmt: skip
            if not isinstance(node, (ast.Import, ast.ImportFrom)):  # settings of a library are no object that a cell made
                binder.update(dict.fromkeys(names.binds, cell))


def _files(places: Sequence[Place], cells: Mapping[str, Cell]) -> Iterator[Remark]:
    """Files that the slice reads and that a cell outside it writes: they are there only if that cell ran."""
    inside = {(place.cell, line) for place in places for line in range(place.first_line, place.last_line + 1)}
    texts = _texts(cells.values())
    written: dict[str, tuple[Cell, int]] = {}
    for cell in cells.values():
        for node in _tree(cell):
            if (cell.id, node.lineno) not in inside:
                written.update((file, (cell, node.lineno)) for file in _named_files(node, texts, writes=True))
    for place in places:
        cell = cells[place.cell]
        for node in _nodes(cell, place):
            for file in _named_files(node, texts, writes=False):
                if file in written:
                    maker, line = written[file]
                    yield Remark(
                        "file", file, maker.label, line,
                        f"{cell.label} reads '{file}', which {maker.label} writes, and that is no part of what the asset needs",
                    )  # fmt: skip


def _tree(cell: Cell) -> list[ast.stmt]:
    try:
        return parse(cell.text).body
    except UNREADABLE:
        return []


def _nodes(cell: Cell, place: Place) -> list[ast.stmt]:
    nodes = _tree(cell)
    if cell.role == "asset":
        return nodes
    return [node for node in nodes if place.first_line <= node.lineno + cell.first_line - 1 <= place.last_line]


def _texts(cells: Iterable[Cell]) -> dict[str, str]:
    """Names that stand for one text throughout the notebook: ``PATH = "rates.csv"``, also ``Path("rates.csv")``."""
    found: dict[str, str] = {}
    bound: Counter[str] = Counter()
    for cell in cells:
        for node in _tree(cell):
            bound.update(names_of([node]).binds.keys())
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                found.update((node.targets[0].id, text) for text in _text([node.value], {}))
    return {name: text for name, text in found.items() if bound[name] == 1}


def _named_files(node: ast.stmt, texts: Mapping[str, str], *, writes: bool) -> Iterator[str]:
    """Files that calls in a statement name by a text, or by a name that stands for one, to write or to read."""
    for call in ast.walk(node):
        if not isinstance(call, ast.Call):
            continue
        name = call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id if isinstance(call.func, ast.Name) else ""
        if name in (_WRITERS if writes else _READERS):
            yield from _text(call.args[:1], texts)
        elif name == "open" and isinstance(call.func, ast.Name):
            mode = next(iter(_text(call.args[1:2], {})), "r")
            if any(letter in mode for letter in "wax") == writes:
                yield from _text(call.args[:1], texts)
        elif name in (("write_text", "write_bytes") if writes else ("read_text", "read_bytes")) and isinstance(call.func, ast.Attribute):
            yield from _text([call.func.value], texts)


def _text(arguments: Sequence[ast.expr], texts: Mapping[str, str]) -> Iterator[str]:
    """The texts that arguments are: written out, by a name, or as a path."""
    for argument in arguments:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield argument.value
        elif isinstance(argument, ast.Name) and argument.id in texts:
            yield texts[argument.id]
        elif isinstance(argument, ast.Call) and isinstance(argument.func, ast.Name) and argument.func.id == "Path":
            yield from _text(argument.args[:1], texts)
