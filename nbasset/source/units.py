"""Cells cut into units: the statements that a slice takes or leaves.

A unit is one top-level statement, or several that share a line (``a = 1; b = 2``), or the whole body of an asset cell. It owns the comment
lines right above it. Parsing is the expensive part, so a `ParsedCell` is made once per text and kept by whoever re-reads the document.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Sequence
from dataclasses import field
from functools import cached_property

from nbasset.dataclass import dataclass
from nbasset.errors import Problem
from nbasset.source.fingerprint import digest, normal_form
from nbasset.source.names import Names, names_of
from nbasset.source.program import Cell, LeftOut, Place
from nbasset.source.shapes import UNREADABLE, dotted_path, parse
from nbasset.source.statements import ASSET_DECORATORS


@dataclass(slots=True)
class Unit:
    """Some statements of a cell, with their names. `start_line` is the first comment line above, `guard` tells a block that never runs.

    Lines are those of the cell. `guard` is ``main`` for ``if __name__ == "__main__"``, ``types`` for ``if TYPE_CHECKING``, ``text`` for a
    statement that is only a text, else empty. `left_out` is kept for whoever asks again why a slice does not hold it.
    """

    cell: Cell
    nodes: tuple[ast.stmt, ...]
    start_line: int
    first_line: int
    last_line: int
    names: Names
    guard: str = ""
    place: Place = field(init=False)
    left_out: LeftOut | None = None
    _digests: dict[tuple[bool, bool], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.place = Place(self.cell.id, self.first_line, self.last_line)

    @property
    def is_asset_cell(self) -> bool:
        """Whether it is the body of an asset."""
        return self.cell.role == "asset"

    @property
    def is_inert(self) -> bool:
        """Whether it binds nothing for other statements: a scratch cell, an asset's body, a block that never runs."""
        return self.cell.role in ("asset", "scratch") or bool(self.guard)

    @property
    def is_expression(self) -> bool:
        """Whether it only evaluates expressions."""
        return all(isinstance(node, ast.Expr) for node in self.nodes)

    @property
    def is_import(self) -> bool:
        """Whether it only imports."""
        return all(isinstance(node, (ast.Import, ast.ImportFrom)) for node in self.nodes)

    def defines_asset(self, name: str) -> bool:
        """Whether it binds `name` to the definition of an asset: a decorated function, or the result of a call named for one."""
        if self.names.is_asset and name in self.names.functions:
            return True
        node = self.nodes[0]
        value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
        if not isinstance(value, ast.Call):
            return False
        path = dotted_path(value.func)
        return path is not None and "asset" in (path[1] or path[0]).lower()

    def digest(self, *, with_docstrings: bool = False, without_name: bool = False) -> str:
        """Digest of the normal form; arguments of asset decorators and docstrings do not count.

        `without_name` is for an asset's own function: what it is called is the asset's name and no part of how it is made.
        """
        asked = (with_docstrings, without_name)
        found = self._digests.get(asked)
        if found is None:
            nodes = [_nameless(node) for node in self.nodes] if without_name else self.nodes
            form = normal_form(nodes, with_docstrings=with_docstrings, without_decorators=ASSET_DECORATORS)
            found = self._digests[asked] = digest(form)
        return found

    def text(self, *, first_line: int | None = None) -> str:
        """Its lines as they stand, from `first_line` (its first comment line when not given)."""
        offset = self.cell.first_line
        lines = self.cell.text.split("\n")
        return "\n".join(lines[(first_line or self.start_line) - offset : self.last_line - offset + 1])

    def where(self, document: str, line: int | None = None) -> str:
        """The place for people: ``cell 7, line 2 (flights.ipynb)``."""
        return where(self.cell, document, line or self.first_line)


def _nameless(node: ast.stmt) -> ast.stmt:
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return node
    bare = copy.copy(node)
    bare.name = "_"
    return bare


def where(cell: Cell, document: str, line: int) -> str:
    """A line of a cell for people: ``cell 7, line 2 (flights.ipynb)``; a module has no cells: ``line 2 (flights.py)``."""
    return f"{cell.label}, line {line} ({document})" if cell.label else f"line {line} ({document})"


class ParsedCell:
    """One cell as syntax trees. A cell that cannot be parsed has a `problem` and no statement."""

    def __init__(self, cell: Cell, document: str) -> None:
        self.cell = cell
        self._document = document
        self.problem: Problem | None = None
        self._statements: list[ast.stmt] = []
        self._units: dict[bool, tuple[Unit, ...]] = {}
        if cell.role == "opaque":
            return
        try:
            self._statements = parse(cell.text).body
        except UNREADABLE as error:
            self.problem = _syntax_problem(cell, document, error)

    @cached_property
    def futures(self) -> frozenset[str]:
        """Features of ``from __future__ import ...`` in the cell."""
        return frozenset(
            alias.name
            for node in self._statements
            if isinstance(node, ast.ImportFrom) and node.module == "__future__" and not node.level
            for alias in node.names
        )

    def units(self, *, is_lazy: bool) -> tuple[Unit, ...]:
        """The units in order; `is_lazy` when the document's annotations are never evaluated."""
        found = self._units.get(is_lazy)
        if found is None:
            found = self._units[is_lazy] = () if self.problem is not None else self._read(is_lazy=is_lazy)
        return found

    def _read(self, *, is_lazy: bool) -> tuple[Unit, ...]:
        try:
            return tuple(_units(self.cell, self._statements, is_lazy=is_lazy))
        except RecursionError:
            self.problem = _syntax_problem(self.cell, self._document, RecursionError("nested too deeply to be read"))
            return ()


def _units(cell: Cell, statements: Sequence[ast.stmt], *, is_lazy: bool) -> list[Unit]:
    offset = cell.first_line - 1
    lines = cell.text.split("\n")
    if cell.role == "asset":
        names = names_of(statements, is_lazy=is_lazy, is_body=True)
        return [Unit(cell, tuple(statements), offset + 1, offset + 1, offset + len(lines), names)]
    units: list[Unit] = []
    groups: list[list[ast.stmt]] = []
    last = -1
    for node in statements:
        if groups and first_line_of(node) <= last:
            groups[-1].append(node)
        else:
            groups.append([node])
        last = node.end_lineno or node.lineno
    before = 0
    for group in groups:
        first, last = first_line_of(group[0]), group[-1].end_lineno or group[-1].lineno
        start = _first_comment(lines, before, first)
        names = names_of(group, is_lazy=is_lazy)
        units.append(Unit(cell, tuple(group), offset + start, offset + first, offset + last, names, _guard(group)))
        before = last
    return units


def first_line_of(node: ast.stmt) -> int:
    """The first line of a statement, its decorators included."""
    decorators = getattr(node, "decorator_list", None)
    return min([node.lineno, *(item.lineno for item in decorators)]) if decorators else node.lineno


def _first_comment(lines: Sequence[str], before: int, first: int) -> int:
    """The first line after `before` (1-based) that belongs to the statement at `first`: the comments above it, blank lines cut off."""
    start = before + 1
    while start < first and not lines[start - 1].strip():
        start += 1
    return start


def _guard(group: Sequence[ast.stmt]) -> str:
    node = group[0]
    if len(group) > 1:
        return ""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return "text"
    if not isinstance(node, ast.If):
        return ""
    test = node.test
    if isinstance(test, ast.Compare) and len(test.comparators) == 1 and isinstance(test.ops[0], ast.Eq):
        sides = [test.left, test.comparators[0]]
        names = [side.id for side in sides if isinstance(side, ast.Name)]
        texts = [side.value for side in sides if isinstance(side, ast.Constant)]
        if names == ["__name__"] and texts == ["__main__"]:
            return "main"
    last = test.attr if isinstance(test, ast.Attribute) else test.id if isinstance(test, ast.Name) else ""
    return "types" if last == "TYPE_CHECKING" and not node.orelse else ""


def _syntax_problem(cell: Cell, document: str, error: BaseException) -> Problem:
    line = cell.first_line - 1 + (getattr(error, "lineno", None) or 1)
    lines = cell.text.split("\n")
    text = lines[line - cell.first_line].strip() if 0 <= line - cell.first_line < len(lines) else ""
    message = getattr(error, "msg", None) or str(error)
    return Problem(
        rule="syntax",
        message=f"this is not Python: {message}" + (f": `{text[:120]}`" if text else ""),
        where=where(cell, document, line),
        hint="Mend it. Until then it is left out; what does not need it can be named and run.",
    )
