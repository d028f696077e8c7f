"""The text of a slice: a script that people read, and that a worker takes apart again without losing a line number.

Each piece stands below a mark that names its cell and says how many lines follow, so nothing inside a piece can be taken for a mark::

    # nbasset slice 1 of "flights.ipynb"
    # root [c7] lines 1-4
    # reads daily_flights
    # %% [c2] cell 2, lines 1-1
    import pandas as pd
    # %% [c7] cell 7, lines 1-4 (asset)
    # %%asset delays --group flights
    ...

`statements_of_text` gives the pieces back. `Piece.compiled` compiles one with the name of its cell and the cell's own line numbers, so
that a traceback points into the notebook. `SliceText` is a document made of a text: slicing it again gives the same version, which is how
a version of an older normal form is recomputed. Text of project modules is there to be read, compared and replayed; a worker imports the
module itself.
"""

from __future__ import annotations
import __future__ as futures_module

import ast
import json
import re
from collections.abc import Iterable, Sequence
from types import CodeType
from typing import Literal, cast

from nbasset.dataclass import dataclass
from nbasset.errors import LocationError
from nbasset.source.program import Cell, Place, Role
from nbasset.source.shapes import parse

FORMAT = 1
_TITLE = re.compile(r"# nbasset slice (\d+) of (\".*\")\Z")
_ROOT = re.compile(r"# root \[(.*)\] lines (\d+)-(\d+)( \(also\))?\Z")
_MARK = re.compile(r"# %% (?:\[(.*?)\] (.*)|module (\S+)), lines (\d+)-(-?\d+)(?: \((\w+)\))?\Z")
_HEADER = "# %%asset "


@dataclass(frozen=True, slots=True)
class Piece:
    """Some consecutive lines of one cell or project module.

    `text` keeps its lines; in the piece of an asset cell the line of the header is empty and `header` holds what it said.
    """

    kind: Literal["code", "asset", "module"]
    document: str
    cell: str
    label: str
    first_line: int
    text: str
    role: Role = "code"
    header: str = ""

    @property
    def filename(self) -> str:
        """What a traceback calls the place: ``<cell 7 of flights.ipynb>``."""
        return filename(self.label, self.document)

    def compiled(self, futures: Iterable[str] = ()) -> CodeType:
        """The piece as code with its own file name and line numbers; `futures` are those of the whole text (`futures_of`).

        Not for an asset cell: `body.asset_function` makes the function of it.
        """
        text = "\n" * (self.first_line - 1) + self.text
        code: CodeType = compile(text, self.filename, "exec", flags=future_flags(futures), dont_inherit=True)
        return code


def filename(label: str, document: str) -> str:
    """What a traceback calls a cell: ``<cell 7 of flights.ipynb>``; a document without cells: ``<flights.py>``."""
    return f"<{label} of {document}>" if label else f"<{document}>"


def future_flags(futures: Iterable[str]) -> int:
    """Compiler flags of ``from __future__`` features; unknown names count for nothing."""
    flags = 0
    for name in futures:
        feature = getattr(futures_module, name, None)
        flags |= getattr(feature, "compiler_flag", 0)
    return flags


@dataclass(frozen=True, slots=True)
class SliceText:
    """A slice's text taken apart, and a document of its own (`SliceSource`) holding nothing but the slice.

    `also` are those of the roots that a worker needs besides what the slice is of.
    """

    name: str
    roots: tuple[Place, ...]
    reads: frozenset[str]
    pieces: tuple[Piece, ...]
    also: frozenset[Place] = frozenset()

    @property
    def own_roots(self) -> tuple[Place, ...]:
        """What the slice is of."""
        return tuple(root for root in self.roots if root not in self.also)

    def cells(self) -> tuple[Cell, ...]:
        """The cells, each with empty lines where the slice leaves something out."""
        texts: dict[str, list[str]] = {}
        first: dict[str, Piece] = {}
        for piece in self.pieces:
            if piece.kind != "module":
                _lay(texts.setdefault(piece.cell, []), piece)
                first.setdefault(piece.cell, piece)
        return tuple(
            Cell(id=cell, index=number, text="\n".join(lines), role=first[cell].role, label=first[cell].label, header=first[cell].header)
            for number, (cell, lines) in enumerate(texts.items())
        )

    def module(self, dotted: str) -> str | None:
        """What the slice holds of a project module."""
        lines: list[str] = []
        pieces = [piece for piece in self.pieces if piece.kind == "module" and piece.cell == dotted]
        for piece in pieces:
            _lay(lines, piece)
        return "\n".join(lines) if pieces else None

    @property
    def futures(self) -> frozenset[str]:
        """Features of ``from __future__`` that apply to every piece of the document."""
        return futures_of(piece for piece in self.pieces if piece.kind == "code")

    def traceback_lines(self) -> dict[str, str]:
        """Text by file name, for `linecache`: a traceback in a worker shows the lines of the notebook."""
        found = {filename(cell.label, self.name): cell.text for cell in self.cells()}
        for piece in self.pieces:
            if piece.kind == "module":
                found[piece.filename] = self.module(piece.cell) or ""
        return found


def futures_of(pieces: Iterable[Piece]) -> frozenset[str]:
    """Features that ``from __future__ import ...`` asks for in any of the pieces."""
    return frozenset(
        alias.name
        for piece in pieces
        if "__future__" in piece.text and piece.kind == "code"
        for node in parse(piece.text).body
        if isinstance(node, ast.ImportFrom) and node.module == "__future__"
        for alias in node.names
    )


def text_of_slice(document: str, roots: Sequence[Place], reads: Iterable[str], pieces: Iterable[Piece]) -> str:
    """Write pieces as one text; the other way round from `statements_of_text`."""
    lines = [f"# nbasset slice {FORMAT} of {json.dumps(document)}"]
    lines += [f"# root [{root.cell}] lines {root.first_line}-{root.last_line}" for root in roots]
    names = sorted(reads)
    if names:
        lines.append("# reads " + " ".join(names))
    for piece in pieces:
        content = piece.text.split("\n") if piece.text or piece.kind != "module" else []
        last = piece.first_line + len(content) - 1
        role = f" ({piece.role})" if piece.role != "code" else ""
        place = f"module {piece.cell}" if piece.kind == "module" else f"[{piece.cell}] {piece.label}"
        lines.append(f"# %% {place}, lines {piece.first_line}-{last}{role}")
        if piece.kind == "asset":
            content[0] = f"{_HEADER}{piece.header}"
        lines += content
    return "\n".join(lines) + "\n"


def marked(text: str, roots: Sequence[Place]) -> str:
    """The text with those of its roots marked that stand outside `roots`: a worker needs them, and the slice is not of them."""
    lines = text.split("\n")
    for number, line in enumerate(lines[1:], 1):
        root = _ROOT.match(line)
        if root is None:
            break
        first, last = int(root[2]), int(root[3])
        if not any(one.cell == root[1] and one.first_line <= last and one.last_line >= first for one in roots):
            lines[number] = f"{line} (also)" if not root[4] else line
    return "\n".join(lines)


def statements_of_text(text: str) -> SliceText:
    r"""Take the text of a slice apart.

    >>> piece = Piece("code", "flights.ipynb", "c2", "cell 2", 3, "x = 1\ny = '''\n# %% [c9] cell 9, lines 1-1\n'''")
    >>> statements_of_text(text_of_slice("flights.ipynb", [], [], [piece])).pieces == (piece,)
    True

    Raises
    ------
    LocationError
        If the text was not written by `text_of_slice`, or by a newer one.
    """
    lines = text.split("\n")
    title = _TITLE.match(lines[0])
    if title is None:
        raise LocationError(f"this is not the text of a slice: it starts with {lines[0][:60]!r}, not with '# nbasset slice'.")
    if int(title[1]) > FORMAT:
        raise LocationError(
            f"the slice was written in format {title[1]}, this nbasset reads up to {FORMAT}. Install a newer nbasset to read it."
        )
    document = str(json.loads(title[2]))
    roots: list[Place] = []
    also: set[Place] = set()
    reads: frozenset[str] = frozenset()
    pieces: list[Piece] = []
    number = 1
    while number < len(lines):
        line = lines[number]
        number += 1
        if mark := _MARK.match(line):
            count = int(mark[5]) - int(mark[4]) + 1
            pieces.append(_piece(document, mark, lines[number : number + count]))
            number += count
        elif root := _ROOT.match(line):
            roots.append(Place(root[1], int(root[2]), int(root[3])))
            also.update(roots[-1:] if root[4] else ())
        elif line.startswith("# reads "):
            reads = frozenset(line.split()[2:])
        elif line:
            raise LocationError(f"line {number} of the slice's text belongs to no piece: {line[:60]!r}. The text was changed by hand.")
    return SliceText(document, tuple(roots), reads, tuple(pieces), frozenset(also))


def _piece(document: str, mark: re.Match[str], lines: list[str]) -> Piece:
    cell, label, module, first, _, role = mark.groups()
    if module is not None:
        return Piece("module", f"{module.replace('.', '/')}.py", module, "", int(first), "\n".join(lines))
    if role != "asset":
        return Piece("code", document, cell, label, int(first), "\n".join(lines), cast("Role", role or "code"))
    header = lines[0].removeprefix(_HEADER).strip() if lines else ""
    return Piece("asset", document, cell, label, int(first), "\n".join(["", *lines[1:]]), "asset", header)


def _lay(lines: list[str], piece: Piece) -> None:
    """Put a piece where its line numbers say."""
    content = piece.text.split("\n")
    lines += [""] * (piece.first_line - 1 + len(content) - len(lines))
    lines[piece.first_line - 1 : piece.first_line - 1 + len(content)] = content
