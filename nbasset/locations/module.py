"""Locations of plain Python: a module file, a package, a dotted name.

A module is imported as it always would be. Its code is read besides, as text: each asset's slice and version come from the statement that
binds it. Assets that a module imports from another one of the project are found there.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from nbasset.definitions.resolved import ResolvedDefinitions
from nbasset.errors import Error, LocationError, did_you_mean
from nbasset.execution.failures import is_user_file
from nbasset.locations.code_index import CodePlace, code_index
from nbasset.locations.collecting import collect, definitions_of, inside, stands_around
from nbasset.locations.location import Location, could_not_load
from nbasset.locations.project_files import ProjectFiles, forget_modules, on_path, project_roots
from nbasset.source.program import Cell, Place, SliceSource
from nbasset.source.shapes import parse
from nbasset.source.slices import CodeReader


class ModuleSource:
    """A module as a document of one cell (`SliceSource`), as its file was when this was made."""

    def __init__(self, path: Path, dotted: str, files: ProjectFiles) -> None:
        self.path = path
        self.dotted = dotted
        self.files = files
        try:
            self._text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            self._text = ""

    @property
    def name(self) -> str:
        """The file, relative to where imports start: ``sales/assets.py``."""
        return self.dotted.replace(".", "/") + ("/__init__.py" if self.path.name == "__init__.py" else ".py")

    def cells(self) -> tuple[Cell, ...]:
        """The whole text as one cell."""
        return (Cell(id=self.name, index=0, text=self._text),)

    def module(self, dotted: str) -> str | None:
        """Text of another module of the project."""
        return self.files.text(dotted)


def load_module_file(path: Path, *, home: Path | None = None) -> Location:
    """The assets of a Python file, or of a package given by its folder.

    Raises
    ------
    LocationError
        If it is no Python file, or cannot be imported.
    """
    path = path.resolve()
    if path.is_dir():
        if not (path / "__init__.py").is_file():
            raise LocationError(f"{path} is no package: it has no __init__.py. Name a file in it, or the project with nbasset.toml.")
        root, dotted = _import_name(path / "__init__.py")
        return load_module(dotted, home=home, folder=root)
    if path.suffix != ".py" or not path.is_file():
        raise LocationError(f"{path} is no Python file. A location is a notebook, a .py file, a package or a folder with nbasset.toml.")
    root, dotted = _import_name(path)
    return load_module(dotted, home=home, folder=root, file=path)


def load_module(dotted: str, *, home: Path | None = None, folder: Path | None = None, file: Path | None = None) -> Location:
    """The assets of a module by its dotted name; of a package with all its modules.

    `folder` is where imports of it start, the current one by default.

    Raises
    ------
    LocationError
        If it cannot be found or raises when it is imported.
    """
    start = (folder or Path.cwd()).resolve()
    on_path(start)
    files = ProjectFiles(project_roots(start, home))

    def again() -> Location:
        forget_modules(files.roots)
        return load_module(dotted, home=home, folder=folder, file=file)

    main = _imported(dotted, file)
    modules = [main, *_below(main)]
    reader = CodeReader()
    try:
        found = collect(vars(module) for module in modules)
        definitions = definitions_of(found, name=dotted, only_definitions=True)
        resolved = definitions.resolve()
    except Error as error:
        raise could_not_load(dotted, error) from error
    finder = ModulePlaces(resolved, modules, files)
    main_file = getattr(main, "__file__", None)
    path = Path(main_file) if main_file else file
    return Location(
        dotted,
        "package" if hasattr(main, "__path__") else "module",
        definitions,
        code_index(resolved, finder.find, reader=reader),
        path=path,
        folder=start,
        module=dotted,
        source=ModuleSource(path, dotted, files) if path is not None else None,
        loader=again,
        namespace=vars(main),
    )


class ModulePlaces:
    """Finds the statement that defines a node: the last one at the top level that binds a name to it.

    Tried in order: the modules of the location, then the module of the node's function. A node that no name holds is where its function is
    written, if that is a file of the project.
    """

    def __init__(self, resolved: ResolvedDefinitions, modules: Sequence[ModuleType], files: ProjectFiles) -> None:
        self._resolved = resolved
        self._modules = modules
        self._files = files
        self._sources: dict[Path, ModuleSource] = {}
        self._lines: dict[int, dict[int, tuple[int, int]]] = {}
        self._of_module: dict[int, ModuleSource | None] = {}
        self._modules_by_id: dict[int, ModuleType] = {}
        for module in modules:
            self._source(module)

    def find(self, node: str) -> CodePlace | None:
        """Where a node is written."""
        definition = self._resolved.definition(node)
        if definition is None:
            return None
        fn = getattr(getattr(definition, "node", None), "fn", None)
        own = sys.modules.get(getattr(fn, "__module__", None) or "")
        for module in self._modules if own is None or own in self._modules else [*self._modules, own]:
            place = self._in_module(definition, module)
            if place is not None:
                return place
        return self._of_function(fn) if own is not None else None

    def around(self, source: SliceSource) -> tuple[Place, ...]:
        """The statements of a module that give resources, or jobs with hooks: a worker needs them beside the code of a node."""
        module = next((one for key, one in self._modules_by_id.items() if self._of_module.get(key) is source), None)
        if module is None:
            return ()
        lines = self._lines_in(module)
        found = [lines.get(id(value)) for value in list(vars(module).values()) if stands_around(value)]
        return tuple(Place(source.name, *one) for one in dict.fromkeys(found) if one is not None)

    def _lines_in(self, module: ModuleType) -> dict[int, tuple[int, int]]:
        if id(module) not in self._lines:
            self._lines[id(module)] = self._lines_of(module)
        return self._lines[id(module)]

    def _in_module(self, definition: Any, module: ModuleType) -> CodePlace | None:
        found = self._lines_in(module)
        lines = found.get(id(definition)) or found.get(id(getattr(definition, "node", None)))
        source = self._source(module)
        return CodePlace(source, (Place(source.name, *lines),)) if lines is not None and source is not None else None

    def _lines_of(self, module: ModuleType) -> dict[int, tuple[int, int]]:
        """Lines of the last statement that binds each definition of a module, by identity of the definition and of its node."""
        source = self._source(module)
        if source is None:
            return {}
        bindings = _bindings(source.cells()[0].text)
        found: dict[int, tuple[int, int]] = {}
        for name, value in list(vars(module).items()):
            lines = bindings.get(name)
            if lines is None or name.startswith("__"):
                continue
            for one in inside(value):
                for identity in (id(one), id(getattr(one, "node", None) or one)):
                    found[identity] = max(lines, found.get(identity, lines))
        return found

    def _of_function(self, fn: Any) -> CodePlace | None:
        """Where a function of a module that is loaded is written."""
        code = getattr(fn, "__code__", None)
        if code is None:
            return None
        source = self._source(sys.modules[fn.__module__])
        if source is None or str(source.path) != str(Path(code.co_filename).resolve()):
            return None
        return CodePlace(source, (Place(source.name, code.co_firstlineno, code.co_firstlineno),))

    def _source(self, module: ModuleType) -> ModuleSource | None:
        if id(module) not in self._of_module:
            self._of_module[id(module)] = self._read(module)
            self._modules_by_id[id(module)] = module
        return self._of_module[id(module)]

    def _read(self, module: ModuleType) -> ModuleSource | None:
        file = getattr(module, "__file__", None)
        if not file or not file.endswith(".py"):
            return None
        path = Path(file).resolve()
        if path not in self._sources:
            dotted = module.__name__ if self._files.find(module.__name__) == path else _dotted_below(path, self._files.roots)
            files = self._files
            if not dotted and is_user_file(str(path)):  # the user's, but of another project than this one
                root, dotted = _import_name(path)
                files = ProjectFiles(project_roots(root))
            if not dotted:
                return None
            self._sources[path] = ModuleSource(path, dotted, files)
        return self._sources[path]


def _imported(dotted: str, file: Path | None) -> ModuleType:
    """Import a module; one whose name is taken by another file is loaded under a name of its own."""
    known = sys.modules.get(dotted)
    taken = known is not None and file is not None and Path(getattr(known, "__file__", None) or "").resolve() != file
    try:
        if file is not None and (taken or dotted in sys.stdlib_module_names):
            return _from_file(f"nbasset_file_{dotted}", file)
        module = importlib.import_module(dotted)
    except ModuleNotFoundError as error:
        if error.name and (dotted == error.name or dotted.startswith(f"{error.name}.")):
            raise LocationError(f"no module '{dotted}' can be found. {_near(dotted)}".rstrip()) from None
        raise could_not_load(dotted, error) from error
    except LocationError:  # it says already what cannot be loaded
        raise
    except Exception as error:
        raise could_not_load(file.name if file is not None else dotted, error) from error
    if file is not None and Path(getattr(module, "__file__", None) or "").resolve() != file:
        return _from_file(f"nbasset_file_{dotted}", file)
    return module


def _from_file(name: str, file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise LocationError(f"{file} cannot be read as a Python module.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise could_not_load(file.name, error) from error
    return module


def _below(package: ModuleType) -> Iterator[ModuleType]:
    """Modules of a package, imported, by name; ``__main__`` modules and tests are left out."""
    for found in pkgutil.walk_packages(getattr(package, "__path__", []), package.__name__ + ".", onerror=_raise_again):
        last = found.name.rpartition(".")[2]
        if last != "__main__" and not last.startswith("test_") and last not in ("tests", "conftest"):
            yield _imported(found.name, None)


def _raise_again(name: str) -> None:
    error = sys.exc_info()[1]
    if isinstance(error, LocationError):
        raise error
    raise could_not_load(name, error or LocationError(name))


def _import_name(path: Path) -> tuple[Path, str]:
    """Where imports of a file start, and its dotted name from there: packages above it count in."""
    parts = [] if path.name == "__init__.py" else [path.stem]
    folder = path.parent
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    return folder, ".".join(parts)


def _dotted_below(path: Path, roots: Sequence[Path]) -> str:
    for root in roots:
        if path.is_relative_to(root):
            parts = list(path.relative_to(root).with_suffix("").parts)
            return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return ""


def _near(dotted: str) -> str:
    head, _, last = dotted.rpartition(".")
    path = getattr(sys.modules.get(head), "__path__", None) if head else [str(Path.cwd())]
    return did_you_mean(last, [found.name for found in pkgutil.iter_modules(path)]) if path else ""


@cache
def _bindings(text: str) -> dict[str, tuple[int, int]]:
    """Lines of the last top-level statement that binds each name."""
    try:
        tree = parse(text)
    except SyntaxError:
        return {}
    found: dict[str, tuple[int, int]] = {}
    for statement in tree.body:
        lines = (statement.lineno, statement.end_lineno or statement.lineno)
        found.update(dict.fromkeys(_bound(statement), lines))
    return found


def _bound(node: ast.AST) -> Iterator[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
        return
    if isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
        return
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.alias):
        yield node.asname or node.name.partition(".")[0]
    for child in ast.iter_child_nodes(node):
        yield from _bound(child)
