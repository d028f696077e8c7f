"""Documents that can be sliced: a notebook file as it was saved, and a live session as it was run.

Both are plain data: nothing is executed, and the file is read with `json` alone. A cell is called by its place among *all* cells of the
notebook, Markdown included, counted from one: ``cell 7``. A session is the newest executed source of each cell, in the order of the file
where the file is known. A module as a document is `module.ModuleSource`.

Tags give a cell its role: `setup`, `scratch` (and `skip-execution`), `parameters` (and papermill's `injected-parameters`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from nbasset.dataclass import dataclass
from nbasset.errors import InvalidNotebook, Problem
from nbasset.locations.project_files import ProjectFiles, project_roots
from nbasset.locations.syntax import MagicLine, PlainCell, plain_python
from nbasset.source.program import Cell, Role

_ROLE_OF_TAG: dict[str, Role] = {
    "scratch": "scratch",
    "skip-execution": "scratch",
    "parameters": "parameters",
    "injected-parameters": "parameters",
    "setup": "setup",
}
INJECTED = "injected-parameters"
"""Tag of the cell that gives a run its own values of the parameters, and the id of ours."""
_NO_FILES = ProjectFiles(())


@dataclass(frozen=True, slots=True)
class NotebookDocument:
    """A notebook file (`SliceSource`). `sha256` is of the file's bytes; `mtime_ns` and `size_bytes` tell cheaply whether it changed since.

    `tags` and `magics` are by cell id. `ids` are all code cells in order, opaque ones too.
    """

    path: Path
    ids: tuple[str, ...]
    tags: Mapping[str, frozenset[str]]
    magics: Mapping[str, tuple[MagicLine, ...]]
    problems: tuple[Problem, ...]
    sha256: str
    mtime_ns: int
    size_bytes: int
    files: ProjectFiles = _NO_FILES
    _cells: tuple[Cell, ...] = ()

    @staticmethod
    def read(path: Path | str, *, home: Path | None = None, folder: Path | None = None) -> NotebookDocument:
        """Read a file of nbformat 4. Modules of the project are looked for in the file's folder, or the `folder` that it runs in, and in
        `sys.path` inside `home`.

        Raises
        ------
        InvalidNotebook
            If the file is none: not there, not JSON (with the place where it breaks), of another format, for another language.
        """
        path = Path(path)
        try:
            stat = path.stat()
            data = path.read_bytes()
        except OSError as error:
            raise InvalidNotebook(f"cannot read the notebook {path}: {error.strerror or error}.") from error
        notebook = _notebook_of(data, path)
        cells, tags, magics, problems = _cells_of(notebook, path)
        return NotebookDocument(
            path=path,
            ids=tuple(cell.id for cell in cells),
            tags=tags,
            magics=magics,
            problems=tuple(problems),
            sha256=hashlib.sha256(data).hexdigest(),
            mtime_ns=stat.st_mtime_ns,
            size_bytes=stat.st_size,
            files=ProjectFiles(project_roots(folder or path.parent, home)),
            _cells=tuple(cells),
        )

    def with_parameters(self, text: str) -> NotebookDocument:
        """The document with the cell `text` behind its last `parameters` cell, as papermill injects one, or in place of one that is there.

        Cells below it move down; their labels stay those of the file.
        """
        there = next((cell for cell in self._cells if INJECTED in self.tags[cell.id]), None)
        if there is not None:
            return replace(self, _cells=tuple(replace(cell, text=text) if cell is there else cell for cell in self._cells))
        last = max((cell.index for cell in self._cells if cell.role == "parameters"), default=-1)
        cell = Cell(INJECTED, last + 1, text, "parameters", label="the parameters")
        above = [one for one in self._cells if one.index <= last]
        below = [replace(one, index=one.index + 1) for one in self._cells if one.index > last]
        cells = (*above, cell, *below)
        return replace(
            self, ids=tuple(one.id for one in cells), tags={**self.tags, INJECTED: frozenset({INJECTED})}, _cells=cells
        )  # fmt: skip

    @property
    def name(self) -> str:
        """The file's name: ``flights.ipynb``."""
        return self.path.name

    def cells(self) -> tuple[Cell, ...]:
        """The code cells in order."""
        return self._cells

    def module(self, dotted: str) -> str | None:
        """Text of a module of the project."""
        return self.files.text(dotted)

    def cell(self, cell_id: str) -> Cell | None:
        """The cell of an id."""
        return next((cell for cell in self._cells if cell.id == cell_id), None)

    @property
    def hidden_environment(self) -> tuple[str, ...]:
        """Lines that change what the code depends on without a trace in it, for people: ``%env A=1 (cell 2, line 1)``."""
        labels = {cell.id: cell.label for cell in self._cells if cell.role != "scratch"}
        return tuple(
            f"%{magic.name} {magic.argument}".rstrip() + f" ({labels[cell_id]}, line {magic.line})"
            for cell_id, magics in self.magics.items()
            for magic in magics
            if magic.is_hidden and cell_id in labels
        )

    def has_changed_on_disk(self) -> bool:
        """Whether the file is another one now, by its time and size; also when it is gone."""
        try:
            stat = self.path.stat()
        except OSError:
            return True
        return (stat.st_mtime_ns, stat.st_size) != (self.mtime_ns, self.size_bytes)


@dataclass(frozen=True, slots=True)
class ExecutedCell:
    """The newest source of one cell that a session ran. `number` is its execution, ``In[number]``."""

    id: str
    plain: PlainCell
    number: int


@dataclass(frozen=True, slots=True)
class SessionDocument:
    """What a live session ran, as a document (`SliceSource`). A change makes a new one; cells that did not change keep their identity.

    `entries` are the cells in document order. A cell that the file does not know yet stands behind the cell that was run before it.
    """

    name: str
    files: ProjectFiles = _NO_FILES
    entries: tuple[ExecutedCell, ...] = ()
    tags: Mapping[str, frozenset[str]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    _last: str | None = None
    _cells: tuple[Cell, ...] = ()

    def executed(self, cell_id: str, text: str, number: int) -> SessionDocument:
        """The session after cell `cell_id` ran `text`; it replaces what the cell ran before."""
        entry = ExecutedCell(cell_id, plain_python(text), number)
        known = [at for at, other in enumerate(self.entries) if other.id == cell_id]
        entries = list(self.entries)
        if known:
            entries[known[0]] = entry
        else:
            before = next((at + 1 for at, other in enumerate(entries) if other.id == self._last), len(entries))
            entries.insert(before, entry)
        return self._with(tuple(entries), last=cell_id)

    def without(self, cell_id: str) -> SessionDocument:
        """The session without a cell that was deleted."""
        return self._with(tuple(entry for entry in self.entries if entry.id != cell_id), last=self._last)

    def placed(self, notebook: NotebookDocument) -> SessionDocument:
        """The session in the order of a saved notebook, with its tags and labels; cells it does not hold stay behind their neighbours."""
        labels = {cell.id: cell.label for cell in notebook.cells()}
        session = replace(self, tags=notebook.tags, labels=labels, files=notebook.files)
        return session._with(tuple(_placed(self.entries, notebook.ids)), last=self._last)

    def cells(self) -> tuple[Cell, ...]:
        """The cells in order."""
        return self._cells

    def module(self, dotted: str) -> str | None:
        """Text of a module of the project."""
        return self.files.text(dotted)

    @property
    def magics(self) -> Mapping[str, tuple[MagicLine, ...]]:
        """Line magics by cell id."""
        return {entry.id: entry.plain.magics for entry in self.entries if entry.plain.magics}

    def _with(self, entries: tuple[ExecutedCell, ...], *, last: str | None) -> SessionDocument:
        kept = {cell.id: cell for cell in self._cells}
        cells: list[Cell] = []
        for index, entry in enumerate(entries):
            label = self.labels.get(entry.id) or f"In[{entry.number}]"
            made = _cell(entry.id, index, entry.plain, label, self.tags.get(entry.id, frozenset()))
            cells.append(kept[entry.id] if kept.get(entry.id) == made else made)
        return replace(self, entries=entries, _last=last, _cells=tuple(cells))


def _placed(entries: Sequence[ExecutedCell], order: Sequence[str]) -> Iterator[ExecutedCell]:
    """Entries in `order`; those that it does not know follow the one they followed before."""
    known = {cell_id: number for number, cell_id in enumerate(order)}
    followers: dict[str | None, list[ExecutedCell]] = {}
    anchor: str | None = None
    for entry in entries:
        if entry.id in known:
            anchor = entry.id
        else:
            followers.setdefault(anchor, []).append(entry)
    yield from followers.get(None, ())
    for entry in sorted((entry for entry in entries if entry.id in known), key=lambda entry: known[entry.id]):
        yield entry
        yield from followers.get(entry.id, ())


# -- the file ---------------------------------------------------------------------------------------------------------------


def _notebook_of(data: bytes, path: Path) -> dict[str, Any]:
    """The file's JSON, checked to be a notebook of nbformat 4 for Python."""
    if not data.strip():
        raise InvalidNotebook(f"{path} is empty: no notebook was ever saved there. Save it from Jupyter, or delete it.")
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InvalidNotebook(f"{path} is no notebook: byte {error.start} is not UTF-8 text.") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno} (offset {error.pos})"
        raise InvalidNotebook(
            f"{path} is no notebook: its JSON breaks at {place}: {error.msg}. Restore it from a checkpoint or git."
        ) from error
    if not isinstance(notebook, dict) or not isinstance(notebook.get("nbformat"), int):
        raise InvalidNotebook(f"{path} is JSON but no notebook: it has no 'nbformat'.")
    major = notebook["nbformat"]
    if major < 4:
        fix = f"jupyter nbconvert --to notebook --nbformat 4 --inplace {path.name}"
        raise InvalidNotebook(f"{path} is of nbformat {major}, older than 4. Convert it once: {fix}")
    if major > 4:
        raise InvalidNotebook(f"{path} is of nbformat {major}; this nbasset reads nbformat 4. Install a newer nbasset.")
    if not isinstance(notebook.get("cells"), list):
        raise InvalidNotebook(f"{path} is no notebook: 'cells' is missing or no list.")
    language = _language_of(notebook.get("metadata"))
    if language and language.lower() not in ("python", "python3", "ipython"):
        raise InvalidNotebook(f"{path} is a notebook for {language}; nbasset reads Python.")
    return notebook


def _language_of(metadata: object) -> str:
    if not isinstance(metadata, dict):
        return ""
    for part, key in (("language_info", "name"), ("kernelspec", "language")):
        found = metadata.get(part)
        if isinstance(found, dict) and isinstance(found.get(key), str):
            return str(found[key])
    return ""


def _cells_of(
    notebook: Mapping[str, Any], path: Path
) -> tuple[list[Cell], dict[str, frozenset[str]], dict[str, tuple[MagicLine, ...]], list[Problem]]:
    cells: list[Cell] = []
    tags: dict[str, frozenset[str]] = {}
    magics: dict[str, tuple[MagicLine, ...]] = {}
    problems: list[Problem] = []
    for number, item in enumerate(notebook["cells"], start=1):
        if not isinstance(item, dict) or item.get("cell_type") != "code":
            continue
        label = f"cell {number}"
        plain = plain_python(_source_of(item.get("source")))
        cell_id = plain.cell_id or str(item.get("id") or f"cell-{number}")
        if cell_id in tags:
            where = f"{label} ({path.name})"
            hint = "Copying cells by hand can do that; Jupyter gives it a new id when the notebook is saved."
            problems.append(Problem("duplicate-cell-id", f"two cells have the id '{cell_id}'.", where, hint, severity="note"))
            cell_id = f"{cell_id}-{number}"
        metadata = item.get("metadata")
        given = metadata.get("tags") if isinstance(metadata, dict) else None
        tags[cell_id] = frozenset(str(tag) for tag in given) if isinstance(given, list) else frozenset()
        if plain.magics:
            magics[cell_id] = plain.magics
        cells.append(_cell(cell_id, number - 1, plain, label, tags[cell_id]))
    if not any(cell.text.strip() or cell.role == "opaque" for cell in cells):
        hint = "Write a cell that defines an asset: `%%asset NAME` on its first line, or a function under `@asset`."
        problems.append(Problem("empty-notebook", "the notebook has no code.", path.name, hint, severity="note"))
    return cells, tags, magics, problems


def _source_of(source: object) -> str:
    if isinstance(source, list):
        return "".join(str(part) for part in source)
    return source if isinstance(source, str) else ""


def _cell(cell_id: str, index: int, plain: PlainCell, label: str, tags: frozenset[str]) -> Cell:
    role = plain.role
    if cell_id == INJECTED:  # the saved file, which gives a session its tags, does not hold it
        tags = tags | {INJECTED}
    tagged = next((_ROLE_OF_TAG[tag] for tag in _ROLE_OF_TAG if tag in tags), None)
    if tagged == "scratch" or (tagged is not None and role == "code"):
        role = tagged
    return Cell(
        id=cell_id, index=index, text=plain.text, role=role, first_line=1, label=label, header=plain.header if role == "asset" else ""
    )
