"""What this kernel's cells define, as they ran.

A `Session` keeps the newest executed source of each cell as a document and every definition with the cell that made it. Running a cell
again replaces what it defined; a cell that no longer defines a key gives it up; of two cells that define one key the one that ran last
counts. Each change makes a new frozen `SessionState`, swapped in one assignment, so that a thread that draws never sees half a change.

Cells that were deleted are found by looking at the saved notebook (`sync`, asked for by every verb): a cell goes only if an earlier saved
file held it and one saved after its last run does not.
"""

from __future__ import annotations

import ast
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from nbasset import clock
from nbasset.commands.scope import Scope
from nbasset.dataclass import dataclass
from nbasset.definitions.asset import AssetsDefinition
from nbasset.errors import InvalidNotebook
from nbasset.instance import Instance
from nbasset.keys import AssetKey
from nbasset.locations.cells import CompiledCell, compile_cell, show_lines
from nbasset.locations.collecting import Collected, collect
from nbasset.locations.document import NotebookDocument, SessionDocument
from nbasset.locations.location import Location
from nbasset.notebook import front_end
from nbasset.notebook.session_definitions import fixed_places, location_of
from nbasset.notebook.session_state import Change, Made, Moved, SessionState, keys_of, moved_keys
from nbasset.places import name_file
from nbasset.source.program import Cell
from nbasset.source.shapes import parse
from nbasset.source.slices import CodeReader

_KINDS = ("assets", "checks", "specs", "jobs", "schedules", "sensors", "definitions")
_LARGEST = 10_000


@dataclass(slots=True)
class _Running:
    """A cell that is running: its source, and what the names stood for before it."""

    cell: str
    raw: str
    number: int
    before: dict[str, int]
    is_asset: bool = False
    defined: list[AssetKey] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    kept: set[int] = field(default_factory=set)


class Session:
    """The definitions of one kernel. `shell` is the IPython shell; `home` overrides the home that the notebook's folder has."""

    def __init__(self, shell: Any, *, home: Path | None = None) -> None:
        self.shell = shell
        self._home = home
        self._lock = threading.RLock()
        self._reader = CodeReader()
        self._seen: dict[int, tuple[Any, int]] = {}
        self._running: _Running | None = None
        self._location: tuple[SessionState, Location] | None = None
        path = front_end.notebook_path(shell)
        self._state = SessionState(SessionDocument(path.name if path is not None else "this session"))
        with self._lock:
            self.sync()
            self._take_in_history()

    # -- what there is -----------------------------------------------------------------------------------------------------

    @property
    def state(self) -> SessionState:
        """The session as it is now."""
        return self._state

    @property
    def path(self) -> Path | None:
        """The saved notebook, if the front end tells which."""
        return front_end.notebook_path(self.shell)

    @property
    def folder(self) -> Path:
        """Where the notebook runs; the working directory when no front end tells."""
        return front_end.notebook_folder(self.path)

    @property
    def instance(self) -> Instance:
        """The home of this notebook, opened; nothing is created by it."""
        return Instance.open(self._home, start=self.folder)

    def location(self) -> Location:
        """The session as a code location, made anew after each change."""
        with self._lock:
            state = self._state
            if self._location is None or self._location[0] is not state:
                made = location_of(state, self._reader, namespace=self.shell.user_ns, path=self.path, folder=self.folder)
                self._location = (state, made)
            return self._location[1]

    def code_of(self, key: AssetKey) -> tuple[str, tuple[tuple[int, str], ...]] | None:
        """The statements that define an asset, as they were written: what people call their cell, and numbered lines."""
        location = self.location()
        asset = location.definitions.catalog.by_key.get(key)
        place = location.code.place(asset.node) if asset is not None and asset.node is not None else None
        if place is None or place.source is not self._state.document:
            return None
        root = place.roots[0]
        cell = next(cell for cell in self._state.document.cells() if cell.id == root.cell)
        lines = cell.text.split("\n")[root.first_line - cell.first_line : root.last_line - cell.first_line + 1]
        if cell.role == "asset" and root.first_line > 1:
            return cell.label, ((1, f"%%asset {cell.header}"), *enumerate(lines, start=root.first_line))
        if cell.role == "asset" and lines and not lines[0]:
            lines[0] = f"%%asset {cell.header}"
        return cell.label, tuple(enumerate(lines, start=root.first_line))

    def cell_of(self, key: AssetKey) -> str | None:
        """The id of the cell that makes an asset; None for one that comes from elsewhere."""
        return next((made.cell for made in reversed(self._state.made) if key in keys_of(made.value)), None)

    # -- cells that run ----------------------------------------------------------------------------------------------------

    def before_cell(self, info: Any) -> None:
        """A cell is about to run: note what the names stand for, and let tracebacks call it by its name."""
        if not info.store_history and self._running is not None:
            return
        cell_id = front_end.cell_id_of(self.shell, info)
        number = front_end.execution_number(self.shell)
        with self._lock:
            self._running = _Running(cell_id, info.raw_cell, number, self._identities(), info.raw_cell.lstrip().startswith("%%asset"))
            self._name_cell(cell_id, info.raw_cell, number)

    def after_cell(self, result: Any) -> Change | None:
        """The cell has run; what it changed, None when it defined and gave up nothing."""
        with self._lock:
            running = self._running
            if running is None or result.info.raw_cell != running.raw:
                return None
            self._running = None
            if result.error_before_exec is not None:
                return None
            if running.is_asset:
                return None
            self._take(running)
            retired = self._give_up(running)
            if not (running.defined or retired or running.moved):
                return None
            return Change(running.cell, tuple(dict.fromkeys(running.defined)), retired, tuple(dict.fromkeys(running.moved)))

    def begin_late(self) -> None:
        """The cell that loads the extension has begun before anybody looked: what it defines from now on counts too."""
        with self._lock:
            history = getattr(self.shell, "history_manager", None)
            raw = getattr(history, "input_hist_raw", [""])[-1]
            number = len(getattr(history, "input_hist_raw", [""])) - 1
            if self._running is None and "load_ext" in raw and "\n" in raw.strip():
                cell = front_end.parent_id(self.shell) or front_end.numbered(number)
                self._name_cell(cell, raw, number)
                self._running = _Running(cell, raw, number, self._identities())

    def resume(self) -> None:
        """The extension was unloaded and is loaded again: what was defined counts on, and so do the cells that ran in between."""
        with self._lock:
            self._running = None
            self.sync()
            self._take_in_history(since=max((entry.number for entry in self._state.document.entries), default=0) + 1)

    def catch_up(self) -> None:
        """Take in what the running cell has defined so far, for a verb that stands below a definition."""
        with self._lock:
            if self._running is not None and not self._running.is_asset:
                self._take(self._running)

    def define(self, raw: str) -> tuple[CompiledCell, Change]:
        """Take in the ``%%asset`` cell that is running, whose whole source is `raw`. Its body does not run.

        What the cell made before is given up, also when it cannot make anything now.
        """
        with self._lock:
            number = front_end.execution_number(self.shell)
            running = self._running or _Running(front_end.numbered(number), raw, number, {})
            running.is_asset = True
            self._execute_in_document(running.cell, raw, running.number)
            cell = next(cell for cell in self._state.document.cells() if cell.id == running.cell)
            compiled = self._compile(cell)
            before = self._keys_in(running.cell)
            made = [compiled.definition] if compiled.definition is not None else []
            problems = dict(self._state.problems)
            problems.pop(cell.id, None)
            if compiled.definition is None:
                problems[cell.id] = compiled.problems
            running.moved = self._moved(made, cell.id)
            self._state = replace(self._state, made=(*self._others(cell.id), *self._new(made, cell.id)), problems=problems)
            defined = tuple(key for one in made for key in keys_of(one))
            retired = tuple(key for key in before if key not in self._all_keys())
            return compiled, Change(cell.id, defined, retired, tuple(running.moved))

    # -- the saved notebook ------------------------------------------------------------------------------------------------

    def sync(self) -> tuple[AssetKey, ...]:
        """Look at the saved notebook: order, labels, tags, deleted cells. Keys of assets that went with their cells."""
        path = self.path
        with self._lock:
            saved = self._state.saved
            if path is None or (saved is not None and saved.path == path and not saved.has_changed_on_disk()):
                return ()
            try:
                notebook = NotebookDocument.read(path, home=self.instance.home.root, folder=self.folder)
            except (InvalidNotebook, RecursionError):  # half written by an editor, or by hand: the next verb looks again
                return ()
            ids = frozenset(notebook.ids)
            gone = {
                cell
                for cell, ran_us in self._state.ran_us.items()
                if cell in self._state.saved_ids - ids and notebook.mtime_ns // 1000 > ran_us
            }
            before = self._all_keys()
            self._forget(gone)
            document = self._state.document
            if document.name != notebook.name:
                document = replace(document, name=notebook.name)
            self._state = replace(
                self._state, document=document.placed(notebook), saved=notebook, saved_ids=self._state.saved_ids | frozenset(notebook.ids)
            )
            self._rename_cells()
            return tuple(key for key in before if key not in self._all_keys())

    def deleted(self, cell_id: str) -> tuple[AssetKey, ...]:
        """A front end that knows tells of a deleted cell at once; the keys that nobody defines any more."""
        with self._lock:
            before = self._all_keys()
            self._forget({cell_id})
            return tuple(key for key in before if key not in self._all_keys())

    def _forget(self, cells: Collection[str]) -> None:
        """Drop what cells defined, and their sources. What names they bound stays known: the kernel still has the values."""
        state = self._state
        document = state.document
        for cell in cells:
            document = document.without(cell)
        self._state = replace(
            state,
            document=document,
            made=tuple(made for made in state.made if made.cell not in cells),
            problems={cell: found for cell, found in state.problems.items() if cell not in cells},
            ran_us={cell: at for cell, at in state.ran_us.items() if cell not in cells},
        )

    def _rename_cells(self) -> None:
        """Places people read follow the labels of the saved notebook."""
        state = self._state
        for cell in state.document.cells():
            if cell.id in state.files:
                name_file(state.files[cell.id], f"{cell.label} of {state.document.name}", cell=cell.id)
        self._state = replace(state, made=fixed_places(state.made, state.document))

    # -- inside ------------------------------------------------------------------------------------------------------------

    def _take(self, running: _Running) -> None:
        """Take in what a running cell bound and defined."""
        self._execute_in_document(running.cell, running.raw, running.number)
        state = self._state
        namespace = self.shell.user_ns
        bound = {name for name, value in namespace.items() if running.before.get(name) != id(value) and not self._is_shells(name)}
        bound |= {name for name in self._reader.binds(state.document, running.cell) if name in namespace}
        state = replace(state, bound={**state.bound, **dict.fromkeys(bound, running.cell)})
        text = next((cell.text for cell in state.document.cells() if cell.id == running.cell), "")
        near = bound | _mentioned(text)
        found = _collected({name: value for name, value in namespace.items() if name in near})
        held = {id(one) for one in _collected({name: namespace[name] for name in bound})}
        fresh = sorted((one for one in found if id(one) not in self._seen), key=_line)
        known = {id(made.value) for made in state.made}
        again = [one for one in found if id(one) in self._seen and id(one) in held and id(one) not in known and is_imported(one)]
        running.kept |= held | {id(one) for one in fresh}
        running.moved += self._moved(fresh, running.cell)
        running.defined += [key for one in fresh if not is_imported(one) for key in keys_of(one)]
        self._state = replace(state, made=(*state.made, *self._new([*fresh, *again], running.cell)))

    def _give_up(self, running: _Running) -> tuple[AssetKey, ...]:
        """Drop what the cell defined before and has not defined again; the keys that nobody defines any more."""
        before = self._all_keys()
        state = self._state
        kept = tuple(made for made in state.made if made.cell != running.cell or id(made.value) in running.kept)
        problems = {cell: found for cell, found in state.problems.items() if cell != running.cell}
        self._state = replace(state, made=kept, problems=problems)
        return tuple(key for key in before if key not in self._all_keys())

    def _new(self, values: Iterable[Any], cell: str) -> list[Made]:
        made = []
        for value in values:
            _, number = self._seen.setdefault(id(value), (value, len(self._seen)))
            made.append(Made(value, cell, number))
        return made

    def _moved(self, values: Iterable[Any], cell: str) -> list[Moved]:
        """Keys among the values that another cell defines too. A terminal has no cells, so there nothing moves."""
        if front_end.has_prompt(self.shell):
            return []
        label = self._state.label
        return [Moved(key, label(cell), label(other)) for key, other in moved_keys(self._state.made, values, cell)]

    def _others(self, cell: str) -> tuple[Made, ...]:
        return tuple(made for made in self._state.made if made.cell != cell)

    def _keys_in(self, cell: str) -> tuple[AssetKey, ...]:
        return tuple(key for made in self._state.made if made.cell == cell for key in keys_of(made.value))

    def _all_keys(self) -> dict[AssetKey, None]:
        return {key: None for made in self._state.made for key in keys_of(made.value)}

    def _execute_in_document(self, cell_id: str, raw: str, number: int) -> None:
        state = self._state
        document = state.document
        if not front_end.is_numbered(cell_id):
            for entry in document.entries:  # what was read from the history gives way to the cell itself
                if front_end.is_numbered(entry.id) and entry.plain.text == _plain_text(raw):
                    document = document.without(entry.id)
        document = document.executed(cell_id, raw, number)
        self._state = replace(state, document=document, ran_us={**state.ran_us, cell_id: clock.now_us()})

    def _compile(self, cell: Cell) -> CompiledCell:
        state = self._state
        file = state.files.get(cell.id)
        if file is None:
            return compile_cell(cell, document=state.document.name, namespace=self.shell.user_ns)
        compiled = compile_cell(cell, document=state.document.name, namespace=self.shell.user_ns, file=file)
        show_lines(file, replace(cell, text=f"%%asset {cell.header}" + cell.text), state.document.name)
        return compiled

    def _name_cell(self, cell_id: str, raw: str, number: int) -> None:
        """Tell tracebacks what the cell is called that IPython compiles under a made-up file name."""
        compiler = self.shell.compile
        try:
            file = compiler.get_code_name(raw, self.shell.transform_cell(raw), number)
        except Exception:  # noqa: BLE001 - a cell that cannot be transformed does not run either
            return
        label = self._state.document.labels.get(cell_id) or front_end.numbered(number)
        name_file(file, f"{label} of {self._state.document.name}", cell=cell_id)
        self._state = replace(self._state, files={**self._state.files, cell_id: file})

    def _identities(self) -> dict[str, int]:
        return {name: id(value) for name, value in self.shell.user_ns.items()}

    def _is_shells(self, name: str) -> bool:
        return name in self.shell.user_ns_hidden or (name.startswith("_") and not name.strip("_io0123456789"))

    def _take_in_history(self, *, since: int = 0) -> None:
        """Cells that ran before the extension was loaded: their sources are in the history, their ids in the saved notebook."""
        history = list(getattr(getattr(self.shell, "history_manager", None), "input_hist_raw", []))
        by_text = {cell.text: cell.id for cell in (self._state.saved.cells() if self._state.saved is not None else ())}
        namespace = self.shell.user_ns
        owners: dict[int, tuple[Any, str]] = {}
        for number, raw in enumerate(history[: self.shell.execution_count]):
            if number < since or not raw.strip() or raw.lstrip().startswith(("%%", "%load_ext")):
                continue
            cell = by_text.get(_plain_text(raw), front_end.numbered(number))
            self._name_cell(cell, raw, number)
            self._execute_in_document(cell, raw, number)
            names = [name for name in self._reader.binds(self._state.document, cell) if name in namespace]
            self._state = replace(self._state, bound={**self._state.bound, **dict.fromkeys(names, cell)})
            owners.update({id(one): (one, cell) for one in _collected({name: namespace[name] for name in names})})
        new = (made for one, cell in owners.values() for made in self._new([one], cell))
        self._state = replace(self._state, made=(*self._state.made, *new))


def is_imported(value: Any) -> bool:
    """Whether a definition stands in a module of its own, so that a cell that names it only imports it."""
    import sys

    fn = getattr(getattr(value, "node", None), "fn", None)
    module = sys.modules.get(getattr(fn, "__module__", None) or "")
    if module is None or module.__name__ == "__main__":
        return False
    return any(one is value for one in vars(module).values())


def _collected(names: Mapping[str, Any]) -> list[Any]:
    found: Collected = collect([{name: value for name, value in names.items() if _is_small(value)}])
    return [one for kind in _KINDS for one in getattr(found, kind)]


def _is_small(value: Any, depth: int = 0) -> bool:
    """Whether a value is worth looking into: nobody keeps definitions in a list of a million entries."""
    if isinstance(value, (list, tuple, set, frozenset, dict)):
        if len(value) > _LARGEST:
            return False
        inside = value.values() if isinstance(value, dict) else value
        return depth >= 2 or len(value) > 100 or all(_is_small(one, depth + 1) for one in inside)
    return True


def _mentioned(text: str) -> frozenset[str]:
    try:
        tree = parse(text)
    except (SyntaxError, ValueError):
        return frozenset()
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


def _line(value: Any) -> int:
    fn: Callable[..., Any] | None = getattr(getattr(value, "node", None), "fn", None) if isinstance(value, AssetsDefinition) else None
    code = getattr(fn, "__code__", None)
    return code.co_firstlineno if code is not None else 0


def _plain_text(raw: str) -> str:
    from nbasset.locations.syntax import plain_python

    return plain_python(raw).text


def scope_of(session: Session) -> Scope:
    """The session and its home, for the commands."""
    return Scope(session.location(), session.instance)
