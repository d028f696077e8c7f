"""A notebook as a location: loaded by slice.

What defines something for nbasset is found by reading; only those statements run, and what they need, in document order, in one
namespace. A scratch cell never runs, so one that raises disturbs nobody. A cell that is needed and raises spoils the assets that need it;
the others load. An asset cell that needs another binding of a helper than the last one in the notebook gets a namespace of its own.

A cell may bind a `Definitions` object: its resources, jobs and schedules join the assets of the other cells.
"""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import click

from nbasset.arguments import parse_cell
from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import job_node
from nbasset.definitions.definitions import Definitions, replace_definitions
from nbasset.definitions.job import JobDefinition
from nbasset.definitions.specs import AssetSpec
from nbasset.errors import HiddenState, InvalidNotebook, Problem
from nbasset.execution.failures import error_info
from nbasset.locations.cells import compile_cell, show_lines
from nbasset.locations.code_index import CodePlace, asset_names, code_index
from nbasset.locations.collecting import Collected, collect, definitions_of, stands_around
from nbasset.locations.document import NotebookDocument
from nbasset.locations.location import Kind, Location
from nbasset.locations.project_files import forget_modules, on_path
from nbasset.places import own_filename
from nbasset.source.program import Cell, Place, Slice, SliceSource
from nbasset.source.shapes import parse
from nbasset.source.slices import CodeReader
from nbasset.source.text import Piece, filename, future_flags, futures_of

_ROUNDS = 3
_DEFINITION = re.compile(r"^@[\w.]*asset\b.*?^(?:async )?def (\w+)", re.MULTILINE | re.DOTALL)
Rewrite = Callable[[ast.Module, bytes], None]
_KINDS = ("assets", "checks", "specs", "jobs", "schedules", "sensors", "definitions")


def _as_it_is(tree: ast.Module, text: bytes) -> None:
    """Nothing is changed."""


def load_notebook(path: Path, *, home: Path | None = None) -> Location:
    """The assets of a notebook.

    What is wrong in it (hidden state, a cell that raises or is no Python) is among the problems of its definitions.

    Raises
    ------
    InvalidNotebook
        If the file is no notebook.
    """
    path = path.resolve()
    folder = path.parent
    on_path(folder)
    os.environ.setdefault("MPLBACKEND", "Agg")
    document = NotebookDocument.read(path, home=home)

    def again() -> Location:
        forget_modules(document.files.roots)
        return load_notebook(path, home=home)

    return replace(_loaded(document), path=path, loader=again)


@dataclass(frozen=True, slots=True)
class NotebookTests:
    """A notebook with its tests: the module that holds them, and of those that could not be made why, by the cell's place in words."""

    location: Location
    module: ModuleType
    failed: Mapping[str, str]


def load_tests(path: Path, *, rewrite: Rewrite = _as_it_is) -> NotebookTests:
    """A notebook with what its cells define for pytest, and what that needs. `rewrite` may change the tree of a statement before it runs.

    Assets of ``%%asset`` cells are there by their names, to be called with values.

    Raises
    ------
    InvalidNotebook
        If the file is no notebook.
    """
    path = path.resolve()
    on_path(path.parent)
    os.environ.setdefault("MPLBACKEND", "Agg")
    document = NotebookDocument.read(path)
    reader = CodeReader()
    loading = _Loading(document, reader, f"nbasset_tests_{_identifier(path.stem)}", also=frozenset(reader.tests(document)), rewrite=rewrite)
    location = replace(_location(loading, "notebook", path.parent, document.problems), path=path)
    module = sys.modules[loading.module]
    for key, maker in location.definitions.resolve().makers.items():
        loading.namespace.setdefault(key.last, maker)
    return NotebookTests(location, module, loading.not_made())


def load_with_parameters(location: Location, text: str) -> Location:
    """A notebook loaded anew with the cell `text` behind its `parameters` cell: what its assets are with these values.

    Raises
    ------
    InvalidNotebook
        If the location is no notebook.
    """
    if not isinstance(location.source, NotebookDocument):
        raise InvalidNotebook(f"{location.name} is no notebook, so it takes no parameters.")
    return replace(_loaded(location.source.with_parameters(text)), path=location.path, loader=location.loader)


def _loaded(document: NotebookDocument) -> Location:
    module = f"nbasset_notebook_{_identifier(document.path.stem)}"
    return load_document(document, module=module, folder=document.path.parent, problems=document.problems)


def load_document(
    source: SliceSource,
    *,
    module: str,
    folder: Path | None = None,
    kind: Kind = "notebook",
    problems: Iterable[Problem] = (),
    upstream: Iterable[AssetSpec] = (),
) -> Location:
    """The assets of any document of cells, by slice.

    `module` is the name that its functions and classes belong to. `upstream` are assets that are made elsewhere and may be read here.
    """
    return _location(_Loading(source, CodeReader(), module, tuple(upstream)), kind, folder, problems)


def _location(loading: _Loading, kind: Kind, folder: Path | None, problems: Iterable[Problem]) -> Location:
    source = loading.source
    names = loading.guessed_names()
    for _ in range(_ROUNDS):
        loading.run(names)
        definitions = loading.definitions()
        found = asset_names(definitions.catalog)
        if found == names:
            break
        names = found
    definitions = loading.definitions(names)
    definitions = replace_definitions(definitions, loading_problems=[*problems, *definitions.loading_problems])
    resolved = definitions.resolve()
    also = loading.resource_places()
    places = {name: CodePlace(source, (place,), also) for name, place in loading.place_of_node.items()}
    return Location(
        source.name,
        kind,
        definitions,
        code_index(resolved, places.get, reader=loading.reader),
        folder=folder,
        source=source,
        namespace=loading.namespace,
    )


def _node_name(definition: Any) -> str:
    """What the steps of a definition name as their node."""
    name: str = getattr(definition, "name", "")
    return job_node(name) if isinstance(definition, JobDefinition) else name


def refuse_hidden_state(problems: Iterable[Problem]) -> None:
    """Raise what a document leans on and no cell defines.

    Raises
    ------
    HiddenState
        With each name and its cell.
    """
    hidden = [problem for problem in problems if problem.rule == "hidden-state"]
    if hidden:
        raise HiddenState("\n".join(str(problem) for problem in dict.fromkeys(replace(one, asset=None) for one in hidden)))


@dataclass(slots=True)
class _Loading:
    """One loading of a document: what has run, what it defined, what went wrong.

    `also` are statements that run with what they need, though they define nothing for nbasset; `rewrite` may change what runs.
    """

    source: SliceSource
    reader: CodeReader
    module: str
    upstream: tuple[AssetSpec, ...] = ()
    also: frozenset[Place] = frozenset()
    rewrite: Rewrite = _as_it_is
    namespace: dict[str, Any] = field(default_factory=dict)
    place_of_node: dict[str, Place] = field(default_factory=dict)
    _slices: dict[Place, Slice] = field(default_factory=dict)
    _ran: set[Place] = field(default_factory=set)
    _failed: dict[Place, Problem] = field(default_factory=dict)
    _problems: dict[Place, tuple[Problem, ...]] = field(default_factory=dict)
    _found: dict[Place, Collected] = field(default_factory=dict)
    _seen: dict[int, Any] = field(default_factory=dict)

    @property
    def cells(self) -> dict[str, Cell]:
        """Cells by id."""
        return {cell.id: cell for cell in self.source.cells()}

    def roots(self) -> list[Place]:
        """Everything that defines something, in document order."""
        order = {cell.id: cell.index for cell in self.source.cells()}
        found = {*self.reader.definitions(self.source), *self.also}
        return sorted(found, key=lambda place: (order[place.cell], place.first_line))

    def guessed_names(self) -> frozenset[str]:
        """Names of assets as far as headers tell; the rest is known once the definitions have run."""
        found = {spec.key.last for spec in self.upstream}
        for cell in self.source.cells():
            if cell.role == "asset":
                with suppress(click.UsageError):  # a wrong header is reported when the cell is compiled
                    found.add(parse_cell(cell.header).name.rpartition("/")[2])
        return frozenset(found)

    # -- running -------------------------------------------------------------------------------------------------------------

    def run(self, names: frozenset[str]) -> None:
        """Run what the definitions need, given the names of assets, and take note of what they define."""
        self._make_namespace()
        cells = self.cells
        roots = self.roots()
        self._slices = {root: self.reader.slice(self.source, [root], assets=names) for root in roots}
        order = {cell.id: cell.index for cell in cells.values()}
        needed = {place for one in self._slices.values() for place in one.statements} - {
            place for place in roots if cells[place.cell].role == "asset"
        }
        self._shell()
        futures = self._futures(needed, cells)
        apart = self._apart(roots, names)
        for place in sorted({*needed, *roots}, key=lambda place: (order[place.cell], place.first_line)):
            cell = cells[place.cell]
            if cell.role == "asset":
                self._compile(place, cell, futures, apart)
            elif place not in self._ran:
                self._execute(place, cell, futures, place in self._slices)

    def _make_namespace(self) -> None:
        if not self.namespace:
            module = ModuleType(self.module)
            sys.modules[self.module] = module
            self.namespace = vars(module)

    def _shell(self) -> None:
        if any(one.needs_shell for one in self._slices.values()):
            from nbasset.locations.shell import shell_names

            for name, value in shell_names().items():
                self.namespace.setdefault(name, value)

    def _execute(self, place: Place, cell: Cell, futures: frozenset[str], is_root: bool) -> None:
        self._ran.add(place)
        because = next((one for one in self._slices[place].statements if one in self._failed), None) if is_root else None
        if because is not None and because != place:
            self._problems[place] = (self._needs_failed(place, cell, because),)
            return
        file = self._file(cell)
        show_lines(file, cell, self.source.name)
        try:
            exec(_code(cell, place, file, futures, self.rewrite), self.namespace)  # noqa: S102 - loading the user's code is the task
        except Exception as error:  # noqa: BLE001 - whatever the user's code raises is told with its place
            self._failed[place] = self._raised(place, cell, error)
            if is_root:
                self._problems[place] = (self._failed[place],)
            return
        if is_root:
            self._take(place)

    def _file(self, cell: Cell) -> str:
        """The file name that tracebacks know the cell by; another notebook of the same name in another folder has others."""
        return own_filename(filename(cell.label, self.source.name), str(getattr(self.source, "path", "")))

    def _take(self, place: Place) -> None:
        """Note the definitions that came into being with a statement."""
        found = collect([self.namespace])
        for kind in _KINDS:
            fresh = [one for one in getattr(found, kind) if id(one) not in self._seen]
            setattr(found, kind, fresh)
            self._seen.update({id(one): one for one in fresh})
            for one in fresh:
                inside = (*one.assets, *one.asset_checks, *one.jobs) if isinstance(one, Definitions) else (one,)
                for each in inside:
                    self.place_of_node.setdefault(_node_name(each), place)
        self._found[place] = found

    def _compile(self, place: Place, cell: Cell, futures: frozenset[str], apart: frozenset[Place]) -> None:
        namespace = self.namespace
        failed = next((one for one in self._slices[place].statements if one in self._failed), None)
        if place in apart:
            namespace = self._own_namespace(place, futures)
        compiled = compile_cell(
            cell, document=self.source.name, namespace=namespace, file=self._file(cell), futures=sorted(futures)
        )  # fmt: skip
        problems = compiled.problems
        if failed is not None:
            problems = (*problems, replace(self._needs_failed(place, cell, failed), asset=compiled.key or None))
        self._problems[place] = problems
        if compiled.definition is not None:
            self._found[place] = Collected(assets=[compiled.definition])
            self.place_of_node[compiled.definition.name] = place

    # -- bindings that differ ------------------------------------------------------------------------------------------------

    def _apart(self, roots: Sequence[Place], names: frozenset[str]) -> frozenset[Place]:
        """Asset cells that need another cell's binding of a name than the one that is last when everything has run."""
        order = {cell.id: cell.index for cell in self.source.cells()}
        binders = {root: self.reader.binder_cells(self.source, [root], assets=names) for root in roots}
        last: dict[str, int] = {}
        for found in binders.values():
            for name, cell in found.items():
                last[name] = max(last.get(name, -1), order[cell])
        cells = self.cells
        return frozenset(
            root
            for root, found in binders.items()
            if cells[root.cell].role == "asset" and any(order[cell] < last[name] for name, cell in found.items())
        )

    def _own_namespace(self, root: Place, futures: frozenset[str]) -> dict[str, Any]:
        namespace: dict[str, Any] = {"__name__": self.module, "__builtins__": __builtins__}
        cells = self.cells
        for place in self._slices[root].statements:
            cell = cells[place.cell]
            if cell.role != "asset" and place not in self._failed:
                exec(_code(cell, place, self._file(cell), futures), namespace)  # noqa: S102
        return namespace

    def _futures(self, places: Iterable[Place], cells: dict[str, Cell]) -> frozenset[str]:
        return futures_of(Piece("code", self.source.name, place.cell, "", 1, _lines(cells[place.cell], place)) for place in places)

    # -- the result ----------------------------------------------------------------------------------------------------------

    def definitions(self, names: frozenset[str] | None = None) -> Definitions:
        """All that was defined. With `names`, the final ones, also what reading found: hidden state, two readings, broken cells."""
        found = Collected()
        order = {cell.id: cell.index for cell in self.source.cells()}
        for _, one in sorted(self._found.items(), key=lambda item: (order[item[0].cell], item[0].first_line)):
            for kind in _KINDS:
                getattr(found, kind).extend(getattr(one, kind))
        found.specs.extend(self.upstream)
        made = definitions_of(found, name=self.source.name, only_definitions=False)
        return made if names is None else replace_definitions(made, loading_problems=[*made.loading_problems, *self._all(made, names)])

    def not_made(self) -> dict[str, str]:
        """Those of `also` that could not run: where they stand, and why."""
        return {
            self._where(place): str(found[0].message)
            for place in self.roots()
            if place in self.also and (found := self._problems.get(place))
        }

    def resource_places(self) -> tuple[Place, ...]:
        """The statements that give resources, or jobs with hooks: a worker needs them beside the asset's own slice."""
        return tuple(place for place, found in self._found.items() if any(map(stands_around, (*found.definitions, *found.jobs))))

    def _all(self, definitions: Definitions, names: frozenset[str]) -> list[Problem]:
        found: dict[Problem, None] = {}
        keys = self._keys(definitions)
        for root in self.roots():
            if root in self.also and root not in keys:
                continue
            one = self.reader.slice(self.source, [root], assets=names)
            for key in keys.get(root) or [_defined_name(self.cells[root.cell], root)]:
                found.update((replace(problem, asset=key), None) for problem in one.problems)
                found.update((self._hidden(name, place, key), None) for name, place in one.unbound_at)
            raised = self._failed.get(root)
            said = [problem for problem in self._problems.get(root, ()) if not (one.unbound and problem is raised)]
            found.update((problem, None) for problem in said)
        told = {(problem.message, problem.where) for problem in found}
        broken = [problem for problem in self.reader.problems(self.source) if (problem.message, problem.where) not in told]
        return [*found, *(self._broken(problem) for problem in broken)]

    def _broken(self, problem: Problem) -> Problem:
        """What a cell that is no Python comes to: an error of the asset that it seems to define, else something worth knowing."""
        label = (problem.where or "").partition(",")[0].partition(" (")[0]
        cell = next((one for one in self.source.cells() if one.label == label), None)
        if cell is not None and cell.role == "asset":
            return replace(problem, asset=cell.header.split(" ")[0] or None)
        defined = _DEFINITION.search(cell.text) if cell is not None else None
        return replace(problem, asset=defined[1]) if defined is not None else replace(problem, severity="note")

    def _keys(self, definitions: Definitions) -> dict[Place, list[str | None]]:
        found: dict[Place, list[str | None]] = {}
        for one in (*definitions.assets, *definitions.asset_checks):
            place = self.place_of_node.get(one.name)
            if place is not None:
                keys = one.keys or tuple(spec.asset_key for spec in one.check_specs)
                found.setdefault(place, []).extend(str(key) for key in keys)
        return found

    def _hidden(self, name: str, place: Place, asset: str | None) -> Problem:
        where = self._where(place)
        return Problem(
            "hidden-state",
            f"{where.partition(',')[0]} uses `{name}`, which no cell defines: it exists at most in a running session",
            where,
            f"Define `{name}` in a cell, or import it." if asset else None,
            asset=asset,
        )

    def _raised(self, place: Place, cell: Cell, error: Exception) -> Problem:
        info = error_info(error)
        where = f"{info.place}: " if info.place else ""
        return Problem("cell-raises", f"{where}{info.cls}: {info.message}", self._where(place), asset=_defined_name(cell, place))

    def _needs_failed(self, place: Place, cell: Cell, failed: Place) -> Problem:
        cause = self._failed[failed]
        return Problem(
            "needs-failed-cell",
            f"{cell.label} needs {self.cells[failed.cell].label}, which raises: {cause.message}",
            self._where(place),
            "Mend that cell.",
            asset=_defined_name(cell, place),
        )

    def _where(self, place: Place) -> str:
        cell = self.cells.get(place.cell)
        label = cell.label if cell is not None and cell.label else place.cell
        return f"{label}, line {place.first_line} ({self.source.name})"


def _lines(cell: Cell, place: Place) -> str:
    first = place.first_line - cell.first_line
    return "\n".join(cell.text.split("\n")[first : place.last_line - cell.first_line + 1])


def _code(cell: Cell, place: Place, file: str, futures: frozenset[str], rewrite: Rewrite = _as_it_is) -> Any:
    text = "\n" * (place.first_line - 1) + _lines(cell, place)
    flags = future_flags(futures)
    if rewrite is _as_it_is:
        return compile(text, file, "exec", flags=flags, dont_inherit=True)
    tree = compile(text, file, "exec", flags=flags | ast.PyCF_ONLY_AST, dont_inherit=True)
    rewrite(tree, text.encode())
    return compile(tree, file, "exec", flags=flags, dont_inherit=True)


def _defined_name(cell: Cell, place: Place) -> str | None:
    """The name of the function that a statement defines, or that of an asset cell: in all likelihood the asset's."""
    if cell.role == "asset":
        return cell.header.split(" ")[0] or None
    try:
        tree = parse(_lines(cell, place))
    except SyntaxError:
        return None
    names = [node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    return names[0] if names else None


def _identifier(text: str) -> str:
    return "".join(char if char.isalnum() else "_" for char in text)
