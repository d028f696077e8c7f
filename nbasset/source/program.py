"""The words of this package: a document of cells, a place in it, and the slice that an asset needs.

A document is a notebook, a live session or a module; `SliceSource` is what each gives. `slices.slice_of` answers with a `Slice`.
"""

from __future__ import annotations

from typing import Literal, Protocol

from nbasset.dataclass import dataclass
from nbasset.errors import Problem

Role = Literal["code", "asset", "setup", "scratch", "parameters", "opaque"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell as plain Python, or one module as a single cell.

    `text` keeps the line numbers of the original: the header of an `%%asset` cell is replaced by an empty line, and `first_line` is the
    number of its first line (1 but for pieces of a module). `label` is how people call it: ``cell 7``. `header` is the text after
    ``%%asset`` for role ``asset``, else empty. An ``opaque`` cell (``%%bash``...) has empty text.
    """

    id: str
    index: int
    text: str
    role: Role = "code"
    first_line: int = 1
    label: str = ""
    header: str = ""


class SliceSource(Protocol):
    """A document that can be sliced."""

    @property
    def name(self) -> str:
        """What people call the document: ``flights.ipynb``."""

    def cells(self) -> tuple[Cell, ...]:
        """Cells in document order."""

    def module(self, dotted: str) -> str | None:
        """Text of a module of the user's project; None when it is installed or unknown. Never imports it."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Some lines of a cell: the unit that slices are made of (a top-level statement, or a whole asset cell)."""

    cell: str
    first_line: int
    last_line: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A statement above the asset that its slice does not hold, and why."""

    place: Place
    reason: str


@dataclass(frozen=True, slots=True)
class Slice:
    """What an asset needs, and nothing else.

    `version` is the code version: a hash of the normalised syntax trees of what counts, tagged with the normal form (``n1:...``).
    `text` is the slice as a script in document order, runnable through `slices.statements_of_text`, stored content-addressed.
    `statements` are the places in document order. `packages` are the top-level installed packages it imports.
    `exact` is False when the code can reach names that reading cannot see (`exec`, `globals()`...).
    `reads` are the assets its root reads by free name (inputs of an `%%asset` body); `unbound` the names nothing binds, and `unbound_at`
    where each is read. `needs_shell` tells that it names `get_ipython` or `display`, so a worker starts a bare shell for it.
    """

    version: str
    text: str
    statements: tuple[Place, ...]
    packages: frozenset[str] = frozenset()
    left_out: tuple[LeftOut, ...] = ()
    exact: bool = True
    problems: tuple[Problem, ...] = ()
    reads: frozenset[str] = frozenset()
    unbound: frozenset[str] = frozenset()
    unbound_at: tuple[tuple[str, Place], ...] = ()
    needs_shell: bool = False
