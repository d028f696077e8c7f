"""A document of cells made of plain texts, and both ways to run it: everything, or only a slice."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from nbasset.source.program import Cell, Place, Slice
from nbasset.source.slices import CodeReader, statements_of_text


@dataclass
class Doc:
    """Cells by text; ``%%asset NAME`` on the first line makes an asset cell, ``#| setup`` (scratch, parameters) gives the role."""

    texts: Sequence[str]
    modules: Mapping[str, str] = field(default_factory=dict)
    name: str = "flights.ipynb"

    def cells(self) -> tuple[Cell, ...]:
        return tuple(self._cell(number, text) for number, text in enumerate(self.texts, start=1))

    def module(self, dotted: str) -> str | None:
        return self.modules.get(dotted)

    def _cell(self, number: int, text: str) -> Cell:
        first, _, rest = text.partition("\n")
        label, cell = f"cell {number}", f"c{number}"
        if first.startswith("%%asset"):
            return Cell(cell, number - 1, "\n" + rest, "asset", 1, label, first.removeprefix("%%asset").strip())
        if first.startswith("%%"):
            return Cell(cell, number - 1, "", "opaque", 1, label)
        if first.startswith("#| "):
            return Cell(cell, number - 1, text, first[3:], 1, label)
        return Cell(cell, number - 1, text, "code", 1, label)

    def root(self, number: int | None = None) -> Place:
        """The whole of a cell (the last one when no number is given)."""
        number = number or len(self.texts)
        return Place(f"c{number}", 1, self.texts[number - 1].count("\n") + 1)

    def slice(self, number: int | None = None, *, assets: Sequence[str] = ()) -> Slice:
        return CodeReader().slice(self, [self.root(number)], assets=frozenset(assets))

    def kept(self, number: int | None = None, *, assets: Sequence[str] = ()) -> list[str]:
        """Source of the statements in the slice, in order, the root left away."""
        found = self.slice(number, assets=assets)
        root = self.root(number)
        texts = {f"c{at}": text.split("\n") for at, text in enumerate(self.texts, start=1)}
        return [
            "\n".join(texts[place.cell][place.first_line - 1 : place.last_line]) for place in found.statements if place.cell != root.cell
        ]

    def left_out(self, number: int | None = None, *, assets: Sequence[str] = ()) -> dict[str, str]:
        """Reasons by the first line of each statement that was left out."""
        texts = {f"c{at}": text.split("\n") for at, text in enumerate(self.texts, start=1)}
        return {texts[item.place.cell][item.place.first_line - 1]: item.reason for item in self.slice(number, assets=assets).left_out}

    def rules(self, number: int | None = None, *, assets: Sequence[str] = ()) -> list[str]:
        return sorted(problem.rule for problem in self.slice(number, assets=assets).problems)

    def value_of_everything(self, number: int | None = None) -> object:
        """Run all code cells above the root, then the root; the value of the root's last expression."""
        number = number or len(self.texts)
        namespace: dict[str, object] = {"__name__": "doc"}
        for cell in self.cells()[: number - 1]:
            if cell.role not in ("asset", "opaque", "scratch"):
                exec(compile(cell.text, cell.id, "exec"), namespace)
        return last_value(self.cells()[number - 1].text, namespace)

    def value_of_slice(self, number: int | None = None) -> object:
        """Run the slice's text, then the root."""
        taken = statements_of_text(self.slice(number).text)
        namespace: dict[str, object] = {"__name__": "doc"}
        for piece in taken.pieces:
            if piece.kind == "code" and piece.cell != self.root(number).cell:
                exec(piece.compiled(taken.futures), namespace)
        return last_value(self.cells()[(number or len(self.texts)) - 1].text, namespace)


def last_value(text: str, namespace: dict[str, object]) -> object:
    tree = ast.parse(text)
    last = tree.body.pop()
    assert isinstance(last, ast.Expr)
    exec(compile(tree, "root", "exec"), namespace)
    return eval(compile(ast.Expression(last.value), "root", "eval"), namespace)


@pytest.fixture(scope="session")
def doc() -> type[Doc]:
    return Doc
