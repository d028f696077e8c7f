"""What the roots of a slice reach: a worklist over needs, into project modules too, until nothing is added.

Besides what the roots read, these come in: cells tagged `setup`, the `parameters` cell, ``from __future__``, and statements that set how
a package behaves, when the slice uses that package. If anything in the slice can reach any name (`exec`, `globals`), all that stands
above comes in.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import field

from nbasset.dataclass import dataclass
from nbasset.errors import Problem
from nbasset.source.effects import only_shows
from nbasset.source.expressions import DEFINE, LATER, LAZY, NOW, SOFT, TYPE, WHOLE, Import
from nbasset.source.flow import Need, Program
from nbasset.source.modules import Modules
from nbasset.source.program import Place
from nbasset.source.units import Unit

_MODULE_NAMES = frozenset({"__name__", "__doc__", "__builtins__", "__spec__", "__package__", "__loader__", "__annotations__", "__dict__"})
_BUILTINS = frozenset(dir(builtins)) | _MODULE_NAMES
_SHELL = frozenset({"get_ipython", "display"})
_SESSION = frozenset({"In", "Out", "_", "__", "___", "_i", "_ii", "_iii", "_ih", "_oh", "_dh", "exit", "quit"})

Spot = tuple[Program, int]


@dataclass(slots=True)
class ImportUse:
    """One imported name that the slice uses, and what is behind it in project modules, by attribute: members, or whole modules."""

    found: Import
    absolute: str
    members: dict[str, tuple[Program, tuple[Need, ...]]] = field(default_factory=dict)
    whole: dict[str, tuple[Spot, ...]] = field(default_factory=dict)


class Reach:
    """The statements that roots reach; see the module's text. All attributes are results."""

    def __init__(self, program: Program, modules: Modules, roots: Sequence[int], assets: frozenset[str]) -> None:
        self.program = program
        self.modules = modules
        self.roots = tuple(roots)
        self.assets = assets
        self.limit = max(roots)
        self.included: dict[Spot, tuple[Need, ...]] = {}
        self.imports: dict[tuple[Program, int, str], ImportUse] = {}
        self.programs: dict[Program, None] = {program: None}
        self.packages: set[str] = set()
        self.installed: set[str] = set()
        self.reads: set[str] = set()
        self.unbound: dict[str, Place] = {}
        self.problems: dict[tuple[str, str], Problem] = {}
        self.settings: dict[tuple[Program, int], str] = {}
        self.is_open = False
        self.needs_shell = False
        self._packages_are_known = False
        self._uses: dict[tuple[Program, str], set[str]] = {}
        self._queue: list[Spot] = []
        self._checks: list[tuple[Callable[[Unit, Need], None], Unit, Need]] = []
        self._find()

    def _find(self) -> None:
        for root in self.roots:
            self._include(self.program, root)
        for position in (*self.program.always, *self.program.futures):
            self._include(self.program, position)
        self._grow()
        # What a setting itself uses is no use of the slice: `os.environ[...] = ...` does not bring in every bare call on `os`.
        self._packages_are_known = True
        self._add_settings()
        self._grow()
        for check, unit, need in self._checks:
            check(unit, need)

    def _grow(self) -> None:
        grows = True
        while grows:
            self._drain()
            before = len(self.included)
            self._follow_imports()
            self._add_everything_if_open()
            grows = len(self.included) > before or bool(self._queue)

    # -- the worklist -----------------------------------------------------------------------------------------------------

    def _include(self, program: Program, position: int) -> None:
        spot = (program, position)
        if spot in self.included:
            return
        self.included[spot] = ()
        self._queue.append(spot)
        if program not in self.programs:
            self.programs[program] = None
            for future in program.futures:
                self._include(program, future)

    def _drain(self) -> None:
        while self._queue:
            program, position = spot = self._queue.pop()
            unit = program.units[position]
            names = unit.names
            is_root = program is self.program and position in self.roots
            if is_root:
                needs = program.root_needs(position, self.assets | {"context"} if unit.is_asset_cell else frozenset())
                if unit.is_asset_cell:
                    self._read_assets(unit, position)
            else:
                needs = program.needs(position)
            self.included[spot] = needs
            for name, flags in names.reads.items():
                if flags & WHOLE:
                    self._uses.setdefault((program, name), set()).add("*")
                elif name in names.attributes:
                    self._uses.setdefault((program, name), set()).update(names.attributes[name])
            for need in needs:
                self._take(program, position, unit, need)
            for found in names.inner_imports:
                self._use_import(program, position, found)
            if names.opens:
                self.is_open = True
            if names.magics:
                self._note_magic(program, unit)
            if names.functions:
                self._note_state(program, unit)
            for found in (*names.imports, *names.inner_imports):
                self._note_installed(program, found)

    def _read_assets(self, unit: Unit, position: int) -> None:
        for name in self.program.body_names(position):
            if name not in self.assets:
                continue
            self.reads.add(name)
            plain = [at for at in self.program.active(name, position) if not self._defines(at, name)]
            if plain:
                other = self.program.units[plain[0]]
                self._problem(
                    "two-readings",
                    name,
                    f"'{name}' is an asset and also a plain variable ({other.where(self.program.name)}): the body can be read two ways.",
                    unit,
                    "Rename one of them; inside the body of an asset the asset wins.",
                )

    def _take(self, program: Program, position: int, unit: Unit, need: Need) -> None:
        """Bring in what one name needs, and remember to check it when all is in."""
        name = need.name
        for target in need.targets:
            self._include(program, target)
            for found in program.imports_of(target, name):
                self._use_import(program, target, found)
        if program is not self.program:
            return
        is_gone = bool(need.targets) and not need.is_below and program.is_gone(name, position)
        if not need.targets or is_gone:
            self._checks.append((self._missing, unit, need))
        elif name in self.assets:
            self._checks.append((self._check_asset_name, unit, need))
        if need.is_below:
            below = program.units[need.targets[0]]
            self._problem(
                "bound-below",
                name,
                f"'{name}' is bound only below, in {below.where(program.name)}.",
                unit,
                "It works once all cells have run; moving the cell up makes the order plain.",
                severity="note",
            )

    def _missing(self, unit: Unit, need: Need) -> None:
        name, flags = need.name, need.flags
        if flags & SOFT and not flags & (NOW | LATER | TYPE | DEFINE):
            return
        if name in _SHELL:
            self.needs_shell = True
        if name in _BUILTINS or name in _SHELL or _is_session_name(name):
            return
        if flags & TYPE and not flags & (NOW | LATER) and (flags & LAZY or name in self.program.type_only):
            message = f"the annotation '{name}' is not bound when the code runs, so it is read as `Any`."
            self._problem("annotation", name, message, unit, None, severity="note")
            return
        if name in self.assets:
            self._asset_read_by_helper(unit, name)
            return
        reader = self._reader_of(unit, name)
        if reader.names.may_bind_before(name):  # ``if late: fee = 5`` and then `fee`: Python says so itself when it comes to that
            return
        self.unbound.setdefault(name, reader.place)

    def _check_asset_name(self, unit: Unit, need: Need) -> None:
        """A name that is bound and is an asset's: fine where the asset's definition is meant, else ambiguous."""
        if not need.flags & LATER or need.flags & NOW:
            return
        name = need.name
        if all(self._defines(target, name) for target in need.targets):
            if self._reader_of(unit, name).names.reads.get(name, 0) & LATER:
                self._asset_read_by_helper(unit, name)
        else:
            other = self.program.units[need.targets[0]]
            self._problem(
                "two-readings",
                name,
                f"'{name}' is an asset and also a plain variable ({other.where(self.program.name)}); a function reads it.",
                self._reader_of(unit, name),
                f"Rename one of them, or pass '{name}' as an argument.",
            )

    def _asset_read_by_helper(self, unit: Unit, name: str) -> None:
        reader = self._reader_of(unit, name)
        what = next(iter(reader.names.functions), None)
        subject = f"the function '{what}'" if what else "a statement"
        self._problem(
            "asset-in-helper",
            name,
            f"{subject} reads the asset '{name}' as if it were a variable.",
            reader,
            f"Pass it as an argument: only the body of an asset, or its parameters, can name an asset ('{name}').",
        )

    def _reader_of(self, unit: Unit, name: str) -> Unit:
        """The unit whose code names `name`: `unit` itself, or a function that it reaches."""
        if name in unit.names.reads:
            return unit
        for program, position in self.included:
            if name in program.units[position].names.reads:
                return program.units[position]
        return unit

    def _defines(self, position: int, name: str) -> bool:
        """Whether the unit binds `name` to the definition of an asset rather than to a value."""
        return self.program.units[position].defines_asset(name)

    # -- imports ----------------------------------------------------------------------------------------------------------

    def _use_import(self, program: Program, position: int, found: Import) -> None:
        key = (program, position, found.name if found.name else f"={found.module}")
        if key in self.imports:
            return
        absolute = self.modules.absolute(found, program.dotted)
        self.imports[key] = ImportUse(found, absolute)
        package = absolute.partition(".")[0]
        if package == "__future__":
            return
        if not self._packages_are_known:
            self.packages.add(package)

    def _note_installed(self, program: Program, found: Import) -> None:
        package = found.package
        if found.level or not package or package in sys.stdlib_module_names or package in self.installed:
            return
        if all(self.modules.text(name) is None for name in (package, f"{package}.__init__", found.module)):
            self.installed.add(package)

    def _follow_imports(self) -> None:
        """Bring in the statements of project modules behind the imported names in use."""
        for (program, _, name), use in list(self.imports.items()):
            found = use.found
            if found.attribute is not None and found.name != "*":
                module = self.modules.program(use.absolute)
                if module is not None and (
                    found.attribute in module.binders or self.modules.text(f"{use.absolute}.{found.attribute}") is None
                ):
                    self._member(use, module, found.attribute, found.attribute)
                elif self.modules.text(f"{use.absolute}.{found.attribute}") is not None:
                    self._walk(use, f"{use.absolute}.{found.attribute}", self._uses.get((program, name), {"*"}))
            elif found.attribute is None:
                start = use.absolute.partition(".")[0] if found.is_dotted else use.absolute
                self._walk(use, start, self._uses.get((program, name), {"*"}))

    def _walk(self, use: ImportUse, dotted: str, paths: Iterable[str]) -> None:
        """Follow attribute paths from a module: through submodules to a member, or to all of a module used as a value."""
        for path in list(paths):
            parts = path.split(".") if path != "*" else []
            at = dotted
            while parts and self.modules.text(f"{at}.{parts[0]}") is not None:
                at = f"{at}.{parts.pop(0)}"
            module = self.modules.program(at)
            if module is None:
                continue
            if parts:
                self._member(use, module, parts[0], path)
            elif path not in use.whole:
                spots = tuple((module, position) for position, unit in enumerate(module.units) if not unit.guard)
                use.whole[path] = spots
                for spot in spots:
                    self._include(*spot)
                for name in sorted(module.binders):
                    self._member(use, module, name, f"{path} {name}")

    def _member(self, use: ImportUse, module: Program, name: str, label: str) -> None:
        if label in use.members:
            return
        needs = module.named(name)
        self.programs.setdefault(module)
        for need in needs:
            for target in need.targets:
                self._include(module, target)
                for found in module.imports_of(target, need.name):
                    self._use_import(module, target, found)
        use.members[label] = (module, needs)

    # -- what comes in besides --------------------------------------------------------------------------------------------

    def _add_settings(self) -> None:
        for program in list(self.programs):
            for setting in program.settings:
                if program is self.program and setting.position >= self.limit:
                    continue
                if setting.package in self.packages or (setting.is_process and self.packages):
                    self.settings.setdefault((program, setting.position), setting.package)
                    self._include(program, setting.position)

    def _add_everything_if_open(self) -> None:
        if not self.is_open:
            return
        for position in range(self.limit):
            unit = self.program.units[position]
            if not unit.is_inert and not unit.names.magics and not _shows_something(unit):
                self._include(self.program, position)

    # -- problems ---------------------------------------------------------------------------------------------------------

    def _note_magic(self, program: Program, unit: Unit) -> None:
        if unit.is_asset_cell or program is not self.program:
            return
        magic = unit.names.magics[0]
        what = f"`!{magic.argument}`" if magic.name == "!" else f"`%{magic.name}`"
        names = ", ".join(f"'{name}'" for name in unit.names.binds)
        subject = f"{names} comes from {what}" if names else f"a statement of the slice calls {what}"
        self._problem(
            "magic-value",
            names or magic.name,
            f"{subject}, which only runs in a notebook's kernel; a worker has none.",
            unit,
            "Compute it in plain Python, for instance with `subprocess.run`.",
        )

    def _note_state(self, program: Program, unit: Unit) -> None:
        for what, function in unit.names.functions.items():
            outside = (function.writes | function.changed) - set(function.parameters)
            state = sorted(name for name in outside if name in program.binders and program.imported(name, program.end) is None)
            if state and program is self.program:
                self._problem(
                    "global-state",
                    what,
                    f"the function '{what}' changes '{state[0]}' outside itself; what it leaves there is no part of the code version.",
                    unit,
                    "Give the value back instead, or pass it in.",
                    severity="note",
                )

    def _problem(self, rule: str, subject: str, message: str, unit: Unit, hint: str | None, *, severity: str = "error") -> None:
        if (rule, subject) not in self.problems:
            self.problems[(rule, subject)] = Problem(
                rule=rule,
                message=message,
                where=unit.where(self.program.name),
                hint=hint,
                severity="note" if severity == "note" else "error",
            )


def _is_session_name(name: str) -> bool:
    """Names that IPython keeps: ``Out``, ``_``, ``_12``, ``_i3``."""
    return name in _SESSION or (name.startswith("_") and name[1:].lstrip("i").isdigit())


def _shows_something(unit: Unit) -> bool:
    calls = unit.names.module_calls
    return unit.is_expression and bool(calls) and all(only_shows(path.rpartition(".")[2] or root) for root, path in calls)
