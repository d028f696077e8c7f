"""Slices: the exact statements that an asset needs, its code version and its inputs, from the text of a document.

`slice_of` answers once; a `CodeReader` answers often: it parses each cell once, re-reads only what changed, and keeps the slices of a
document that did not change. Nothing is executed and nothing is imported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from nbasset.errors import Problem
from nbasset.source.flow import Program
from nbasset.source.left_out import LeftOuts
from nbasset.source.modules import Modules
from nbasset.source.program import Cell, Place, Slice, SliceSource
from nbasset.source.reach import Reach
from nbasset.source.text import Piece, statements_of_text, text_of_slice
from nbasset.source.units import ParsedCell, Unit
from nbasset.source.version import version_of

__all__ = ["CodeReader", "alone", "slice_of", "statements_of_text", "version_of_text"]

_DEFINERS = re.compile(
    r"(asset|multi_asset|graph_asset|graph_multi_asset|observable_source_asset|multi_observable_source_asset|asset_check|multi_asset_check|"
    r"op|graph|job|schedule|sensor|asset_sensor|multi_asset_sensor|run_status_sensor|run_failure_sensor|"
    r"Definitions|AssetSpec|SourceAsset|define_asset_job|ScheduleDefinition|\w*SensorDefinition|JobDefinition|GraphDefinition|OpDefinition|"
    r"AssetsDefinition|build_\w+|load_assets_from_\w+|repository|freshness_\w+|success_hook|failure_hook|resource|io_manager|logger)\Z"
)
_TEST = re.compile(r"test|Test|pytestmark\Z")


def slice_of(source: SliceSource, roots: Sequence[Place], *, assets: frozenset[str]) -> Slice:
    """The slice of the statements at `roots`; `assets` are the names by which the known assets can be read.

    A root is any line range that touches the statement; for an asset cell any line of the cell. Roots that stand in no statement (a cell
    with a syntax error) give an empty slice with the problem.
    """
    return CodeReader().slice(source, roots, assets=assets)


def version_of_text(text: str) -> str:
    """The code version of a slice from its stored text alone, in today's normal form."""
    taken = statements_of_text(text)
    return slice_of(taken, taken.own_roots, assets=taken.reads).version


def alone(text: str) -> str:
    """A stored text without what a worker needs besides: to be compared with the slice as it is now."""
    taken = statements_of_text(text)
    return slice_of(taken, taken.own_roots, assets=taken.reads).text if taken.also else text


class CodeReader:
    """Reads documents again and again; one instance serves one session or location.

    After a cell changed only that cell is parsed; the order of the others and what flows between them is worked out anew.
    """

    def __init__(self) -> None:
        self._documents: dict[tuple[str, object], _Document] = {}

    def slice(self, source: SliceSource, roots: Sequence[Place], *, assets: frozenset[str]) -> Slice:
        """See `slice_of`."""
        return self._document(source).slice(tuple(roots), assets)

    def slices(self, source: SliceSource, roots: Mapping[str, Sequence[Place]], *, assets: frozenset[str]) -> dict[str, Slice]:
        """Several slices of one document, by the caller's names."""
        document = self._document(source)
        return {name: document.slice(tuple(places), assets) for name, places in roots.items()}

    def problems(self, source: SliceSource) -> tuple[Problem, ...]:
        """What cannot be read in the document: cells that are not Python."""
        return tuple(cell.problem for cell in self._document(source).parsed if cell.problem is not None and cell.cell.role != "scratch")

    def definitions(self, source: SliceSource) -> tuple[Place, ...]:
        """Statements that define something for nbasset, asset cells included: what loading the document has to run, with their slices.

        A statement defines when it uses a definer (`asset`, `op`, `Definitions`...) that was imported from nbasset, at its top level or by
        calling a function of the document that does.
        """
        return tuple(unit.place for unit in self._document(source).definitions())

    def tests(self, source: SliceSource) -> tuple[Place, ...]:
        """Statements that define something for pytest: functions named ``test...``, classes named ``Test...``, fixtures, ``pytestmark``."""
        return tuple(unit.place for unit in self._document(source).tests())

    def places(self, source: SliceSource, cell: str) -> tuple[Place, ...]:
        """All statements of a cell."""
        return tuple(unit.place for unit in self._document(source).program.units if unit.cell.id == cell)

    def binds(self, source: SliceSource, cell: str) -> frozenset[str]:
        """Names that running a cell binds, perhaps."""
        units = (
            unit for unit in self._document(source).program.units if unit.cell.id == cell and not unit.is_asset_cell and not unit.guard
        )
        return frozenset(name for unit in units for name in (*unit.names.binds, *unit.names.gone))

    def binder_cells(self, source: SliceSource, roots: Sequence[Place], *, assets: frozenset[str]) -> dict[str, str]:
        """For each name that the slice takes from the document the id of the cell that bound it last; compare a live session with it."""
        return self._document(source).binder_cells(tuple(roots), assets)

    def leaned_on(
        self, source: SliceSource, roots: Sequence[Place], last_bound: Mapping[str, str], *, assets: frozenset[str]
    ) -> tuple[str, ...]:
        """Hidden state that running `roots` in a live session would lean on, one sentence each: ``'x' from cell 9, not cell 4``.

        `last_bound` tells which cell bound each name last in the session. A name that the session has and the document does not bind
        counts too.
        """
        return self._document(source).leaned_on(tuple(roots), assets, last_bound)

    def _document(self, source: SliceSource) -> _Document:
        key = (source.name, getattr(source, "path", None))
        document = self._documents.get(key)
        if document is None:
            document = self._documents[key] = _Document(source)
        document.update(source)
        return document


class _Document:
    """One document as it was last read."""

    def __init__(self, source: SliceSource) -> None:
        self.name = source.name
        self.parsed: list[ParsedCell] = []
        self.modules = Modules(source)
        self.program = Program(source.name, (), self.modules.resolver(""))
        self._cells: tuple[Cell, ...] | None = None
        self._slices: dict[tuple[tuple[Place, ...], frozenset[str]], Slice] = {}
        self._left_out: LeftOuts | None = None

    def update(self, source: SliceSource) -> None:
        """Read what changed since the last time."""
        cells = source.cells()
        if not self.modules.has_changed(source) and cells == self._cells:
            return
        kept = {cell.cell: cell for cell in self.parsed}
        self.parsed = [kept.get(cell) or ParsedCell(cell, source.name) for cell in cells]
        is_lazy = any("annotations" in cell.futures for cell in self.parsed if cell.cell.role not in ("asset", "scratch"))
        units = [unit for cell in self.parsed for unit in cell.units(is_lazy=is_lazy)]
        within = getattr(source, "dotted", "")
        self.program = Program(source.name, units, self.modules.resolver(within), dotted=within)
        self._cells = cells
        self._slices = {}
        self._left_out = None

    def slice(self, roots: tuple[Place, ...], assets: frozenset[str]) -> Slice:
        key = (roots, assets)
        found = self._slices.get(key)
        if found is None:
            found = self._slices[key] = self._slice(roots, assets)
        return found

    def _slice(self, roots: tuple[Place, ...], assets: frozenset[str]) -> Slice:
        positions = self._positions(roots)
        if not positions:
            return Slice(version="", text="", statements=(), problems=self._no_root(roots))
        reach = Reach(self.program, self.modules, positions, assets)
        included = sorted(position for program, position in reach.included if program is self.program)
        units = [self.program.units[position] for position in included]
        root_places = [self.program.units[position].place for position in positions]
        reads = reach.reads | {problem_name for rule, problem_name in reach.problems if rule in ("asset-in-helper", "two-readings")}
        pieces = [*self._module_pieces(reach), *_pieces(self.name, units, self.program.units, included)]
        return Slice(
            version=version_of(reach),
            text=text_of_slice(self.name, root_places, reads, pieces),
            statements=tuple(unit.place for unit in units),
            packages=frozenset(reach.installed),
            left_out=self._left_outs().of(reach, set(included)),
            exact=not reach.is_open,
            problems=(*reach.problems.values(), *self._broken_cells(reach)),
            reads=frozenset(reach.reads),
            unbound=frozenset(reach.unbound),
            unbound_at=tuple(sorted(reach.unbound.items())),
            needs_shell=reach.needs_shell,
        )

    def _left_outs(self) -> LeftOuts:
        if self._left_out is None:
            self._left_out = LeftOuts(self.program, self._cells or ())
        return self._left_out

    def _positions(self, roots: Sequence[Place]) -> list[int]:
        units = self.program.units
        found = {
            position
            for root in roots
            for position in self.program.of_cell.get(root.cell, ())
            if root.first_line <= units[position].last_line and root.last_line >= units[position].first_line
        }
        return sorted(found)

    def _no_root(self, roots: Sequence[Place]) -> tuple[Problem, ...]:
        cells = {root.cell for root in roots}
        broken = tuple(cell.problem for cell in self.parsed if cell.cell.id in cells and cell.problem is not None)
        if broken:
            return broken
        where = ", ".join(f"{root.cell}, lines {root.first_line}-{root.last_line}" for root in roots)
        return (
            Problem(
                "no-statement",
                f"no statement stands at {where} of {self.name}.",
                None,
                "Read the document again; the cell changed or went.",
            ),
        )

    def _broken_cells(self, reach: Reach) -> Iterator[Problem]:
        """Cells that are not Python, would bind names for others, and mention a name that nothing else binds."""
        for cell in self.parsed:
            if cell.problem is None or cell.cell.role in ("asset", "scratch"):
                continue
            if any(re.search(rf"\b{re.escape(name)}\b", cell.cell.text) for name in reach.unbound):
                yield cell.problem

    # -- text -------------------------------------------------------------------------------------------------------------

    def _module_pieces(self, reach: Reach) -> Iterator[Piece]:
        for program in sorted((item for item in reach.programs if item is not self.program), key=lambda item: item.dotted):
            included = sorted(position for owner, position in reach.included if owner is program)
            if not included:
                yield Piece("module", program.name, program.dotted, "", 1, "")
            for piece in _pieces(program.name, [program.units[position] for position in included], program.units, included):
                yield replace(piece, kind="module")

    # -- definitions and the live session ---------------------------------------------------------------------------------

    def definitions(self) -> list[Unit]:
        makers: set[str] = set()
        found: list[Unit] = []
        for position, unit in enumerate(self.program.units):
            if unit.is_asset_cell:
                found.append(unit)
            if unit.is_inert or unit.is_import:
                continue
            if self._uses_definer(position, unit, now=True) or any(call[0] in makers for call in unit.names.effects.calls):
                found.append(unit)
            elif self._uses_definer(position, unit, now=False):
                makers.update(unit.names.functions)
        return found

    def tests(self) -> Iterator[Unit]:
        for position, unit in enumerate(self.program.units):
            if unit.is_inert or unit.is_import:
                continue
            imported = [self.program.imported(name, position) for name in unit.names.read_now]
            if any(_TEST.match(name) for name in unit.names.binds) or any(one and one.package == "pytest" for one in imported):
                yield unit

    def _uses_definer(self, position: int, unit: Unit, *, now: bool) -> bool:
        names = unit.names
        candidates = names.read_now if now else names.read
        for name in candidates:
            imported = self.program.imported(name, position)
            if imported is None and _DEFINERS.match(name) and self._is_behind_star(name, position):
                return True
            if imported is None or imported.package != "nbasset":
                continue
            last = [imported.attribute] if imported.attribute else [path.rpartition(".")[2] for path in names.attributes.get(name, ())]
            if any(_DEFINERS.match(item) for item in last if item):
                return True
        return False

    def _is_behind_star(self, name: str, position: int) -> bool:
        """Whether ``from nbasset import *`` stands above and nothing else binds the name."""
        units = self.program.units
        if any(name in units[at].names.binds for at in self.program.active(name, position)):
            return False
        return any(found.name == "*" and found.package == "nbasset" for unit in units[:position] for found in unit.names.imports)

    def binder_cells(self, roots: tuple[Place, ...], assets: frozenset[str]) -> dict[str, str]:
        positions = self._positions(roots)
        if not positions:
            return {}
        reach = Reach(self.program, self.modules, positions, assets)
        found: dict[str, int] = {}
        for (program, _), needs in reach.included.items():
            if program is self.program:
                for need in needs:
                    binders = [at for at in need.targets if need.name in self.program.units[at].names.binds]
                    if binders:
                        found[need.name] = max(found.get(need.name, -1), *binders)
        return {name: self.program.units[position].cell.id for name, position in found.items()}

    def leaned_on(self, roots: tuple[Place, ...], assets: frozenset[str], last_bound: Mapping[str, str]) -> tuple[str, ...]:
        labels = {cell.cell.id: cell.cell.label or cell.cell.id for cell in self.parsed}
        sentences: dict[str, str] = {}
        for name, cell in self.binder_cells(roots, assets).items():
            last = last_bound.get(name)
            if last is not None and last != cell:
                sentences[name] = f"'{name}' from {labels.get(last, last)}, not {labels.get(cell, cell)}"
        for name in self.slice(roots, assets).unbound:
            last = last_bound.get(name)
            if last is not None:
                sentences[name] = f"'{name}' from {labels.get(last, f'{last}, which is gone')}, which no cell in force binds"
        return tuple(sentences[name] for name in sorted(sentences))


def _pieces(document: str, units: Sequence[Unit], everything: Sequence[Unit], included: Sequence[int]) -> Iterator[Piece]:
    """Units as pieces; neighbours in one cell make one piece, with the comments between them."""
    number = 0
    while number < len(units):
        first = units[number]
        last = number
        while (
            last + 1 < len(units)
            and units[last + 1].cell is first.cell
            and included[last + 1] == included[last] + 1
            and not first.is_asset_cell
        ):
            last += 1
        cell = first.cell
        start = first.start_line
        lines = cell.text.split("\n")[start - cell.first_line : units[last].last_line - cell.first_line + 1]
        yield Piece(
            kind="asset" if first.is_asset_cell else "code",
            document=document,
            cell=cell.id,
            label=cell.label,
            first_line=start,
            text="\n".join(lines),
            role=cell.role,
            header=cell.header,
        )
        number = last + 1
