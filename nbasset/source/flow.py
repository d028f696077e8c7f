"""What flows from statement to statement: which binder a name has at a place, and who changed the object since.

A `Program` is a document, or one project module, as a list of units in order. One pass over it finds, for every unit, the objects that it
changes and the functions that its value carries; `needs` then answers what one unit takes from the others. Answers are kept, so that fifty
assets over the same helpers cost little more than one.

Objects are followed through plain copies only (``y = x``), loops over a plain name, and functions of the document that change a parameter
or a global. An object is a *node*: the position that bound it and the name. Everything else is left to the proof in a clean kernel.
"""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from nbasset.dataclass import dataclass
from nbasset.source.effects import is_setting
from nbasset.source.expressions import DEFINE, LATER, LAZY, NOW, RESULT, RETURNED, SOFT, TYPE, VALUE, Import
from nbasset.source.names import body_reads
from nbasset.source.statements import Function
from nbasset.source.units import Unit

CERTAIN, PERHAPS, DOTTED, GONE = range(4)

_NOTHING: frozenset[str] = frozenset()
_PROCESS_STATE = {"os": ("environ", "putenv", "chdir"), "sys": ("path", "setrecursionlimit"), "locale": ("setlocale",)}
Node = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Need:
    """One name that a unit takes: the positions of the units that bind it and change its object, in order; none when it is missing.

    `is_below` tells that only a later unit binds it.
    """

    name: str
    flags: int
    targets: tuple[int, ...]
    is_below: bool = False

    @property
    def counts(self) -> bool:
        """Whether it is part of the code and not only said about an asset."""
        return bool(self.flags & (NOW | LATER | TYPE | SOFT))


@dataclass(frozen=True, slots=True)
class Setting:
    """A unit that changes how a package behaves for everybody; `is_process` when it changes the whole process (``sys.path``)."""

    position: int
    package: str
    is_process: bool


class Program:
    """A document or module as units in order; see the module's text.

    `resolve` answers an import of this program with the program of a project module, or None for an installed one.
    """

    def __init__(self, name: str, units: Sequence[Unit], resolve: Callable[[Import], Program | None], *, dotted: str = "") -> None:
        self.name = name
        self.dotted = dotted
        self.units = tuple(units)
        self.end = len(self.units)
        self.resolve = resolve
        self.binders: dict[str, list[tuple[int, int]]] = {}
        self.type_only: set[str] = set()
        self.carried: list[frozenset[str]] = []
        self.settings: list[Setting] = []
        self.futures: list[int] = []
        self.always: list[int] = []
        self.of_cell: dict[str, list[int]] = {}
        self.self_changing: set[str] = set()
        self._stars: list[int] = []
        self._from_project: set[str] = set()
        self._copied: dict[Node, frozenset[Node]] = {}
        self._constants: set[Node] = set()
        self._changes: dict[Node, list[int]] = {}
        self._needs: dict[int, tuple[Need, ...]] = {}
        self._root_needs: dict[tuple[int, bool | frozenset[str]], tuple[Need, ...]] = {}
        self._read()

    # -- one pass ---------------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        functions = {name for unit in self.units for name in unit.names.functions}
        for unit in self.units:
            self.self_changing |= unit.names.self_changing
        for position, unit in enumerate(self.units):
            self.of_cell.setdefault(unit.cell.id, []).append(position)
            if unit.is_inert:
                self.carried.append(_NOTHING)
                if unit.guard == "types":
                    self.type_only.update(unit.names.binds)
                continue
            if unit.cell.role in ("setup", "parameters"):
                self.always.append(position)
            if any(found.module == "__future__" for found in unit.names.imports):
                self.futures.append(position)
            self.carried.append(self._carries(position, unit))
            writes = self._record_changes(position, unit, functions)
            if unit.names.module_calls or unit.names.effects.changed:
                self._record_settings(position, unit)
            self._bind(position, unit, writes)

    def _carries(self, position: int, unit: Unit) -> frozenset[str]:
        """Names that functions reachable from the unit's values read when they are called."""
        names = unit.names
        if names.is_asset:
            return _NOTHING
        found: set[str] | None = None
        for name, flags in names.reads.items():
            if flags & (LATER | SOFT):
                found = found or set()
                found.add(name)
            if flags & (NOW | TYPE) and name in self.binders:
                for binder in self.active(name, position):
                    more = self.carried[binder] if flags & VALUE else self._given_back(binder, name, position)
                    if more:
                        found = found or set()
                        found |= more
        return frozenset(found) if found else _NOTHING

    def _given_back(self, binder: int, name: str, position: int) -> frozenset[str]:
        """What calling `name` gives back carries: of a plain function what inner functions read, and what values it names carry."""
        if not self.carried[binder]:
            return _NOTHING
        unit = self.units[binder]
        function = unit.names.functions.get(name)
        if function is None or not function.is_plain:
            return self.carried[binder]
        found = {other for other, flags in unit.names.reads.items() if flags & RESULT}
        for other, flags in unit.names.reads.items():
            if flags & RETURNED and other != name:
                for at in self.active(other, position):
                    found |= self.carried[at]
        return frozenset(found)

    def _record_changes(self, position: int, unit: Unit, functions: set[str]) -> set[str]:
        """Note which objects the unit changes; gives the globals that functions it calls bind."""
        effects = unit.names.effects
        changed = set(effects.changed)
        writes = set(effects.writes)
        for call in effects.calls:
            if call[0] in functions or call[0] in self._from_project:
                more, written = self._changes_of_call(call, position, frozenset())
                changed |= more
                writes |= written
        if not (changed or effects.augmented or effects.copies or effects.together or (self.self_changing and effects.methods)):
            self._constants.update((position, name) for name in unit.names.constants)
            return writes
        if self.self_changing:
            methods = {root for root, method in effects.methods if method in self.self_changing}
            changed |= {root for root in methods if self.imported(root, position) is None}
        augmented = {name for name in effects.augmented if not self._is_constant(name, position)}
        changed |= augmented
        self._record_copies(position, unit)
        for name in augmented:
            if name in unit.names.binds:
                self._copy(position, name, self._nodes_at(name, position))
        constants = unit.names.constants | (effects.augmented - augmented)
        self._constants.update((position, name) for name in constants)
        pairs = [*effects.copies, *effects.together]
        grows = bool(pairs) and bool(changed)
        while grows:
            sources = {source for target, source in pairs if target in changed} - changed
            changed |= sources
            grows = bool(sources)
        for name in changed:
            for node in self._nodes_at(name, position):
                self._changes.setdefault(node, []).append(position)
        return writes

    def _record_copies(self, position: int, unit: Unit) -> None:
        effects, binds = unit.names.effects, unit.names.binds
        for target, source in effects.copies:
            if target in binds:
                self._copy(position, target, self._nodes_at(source, position))
                if self._is_constant(source, position):
                    self._constants.add((position, target))
        for target, source in effects.together:  # `a = b = []`: what stood in them before is of no account
            self._copy(position, target, frozenset(((position, source),)))

    def _copy(self, position: int, target: str, nodes: frozenset[Node]) -> None:
        node = (position, target)
        self._copied[node] = self._copied.get(node, frozenset((node,))) | nodes

    def _is_constant(self, name: str, position: int) -> bool:
        binders = self.active(name, position)
        return bool(binders) and all((binder, name) in self._constants for binder in binders)

    def _functions(self, name: str, position: int) -> Iterator[tuple[Program, Function]]:
        for binder in self.active(name, position):
            unit = self.units[binder]
            function = unit.names.functions.get(name)
            if function is not None:
                yield self, function
            for found in unit.names.imports:
                if found.name == name and found.attribute is not None:
                    module = self.resolve(found)
                    if module is not None and module is not self:
                        yield from ((owner, inner) for owner, inner in module._functions(found.attribute, module.end))

    def _changes_of_call(
        self, call: tuple[str, tuple[str | None, ...], tuple[tuple[str, str], ...]], position: int, seen: frozenset[int]
    ) -> tuple[set[str], set[str]]:
        """Names (of the caller) whose objects a call changes, and globals that it binds."""
        callee, given, words = call
        changed: set[str] = set()
        writes: set[str] = set()
        for owner, function in self._functions(callee, position):
            if id(function) in seen:
                continue
            inner = set(function.changed)
            at = position if owner is self else owner.end
            for deeper in function.calls:
                more, written = owner._changes_of_call(deeper, at, seen | {id(function)})
                inner |= more
                writes |= written if owner is self else set()
            inner |= {root for root, method in function.methods if method in owner.self_changing}
            if owner is self:
                writes |= function.writes
            by_word = dict(words)
            for name in inner:
                if name in function.parameters:
                    number = function.parameters.index(name)
                    argument = by_word.get(name) or (given[number] if number < len(given) else None)
                    if argument is not None:
                        changed.add(argument)
                elif owner is self:
                    changed.add(name)
        return changed, writes

    def _record_settings(self, position: int, unit: Unit) -> None:
        names = unit.names
        for root, path in names.module_calls:
            found = self.imported(root, position)
            if found is None or found.package == "nbasset" or found.level:
                continue
            full = ".".join(part for part in (found.module.partition(".")[2], found.attribute, path) if part)
            if full and is_setting(found.package, full):
                state = _PROCESS_STATE.get(found.package, ())
                self.settings.append(Setting(position, found.package, full.split(".")[0] in state))
        for root in names.effects.changed:
            found = self.imported(root, position)
            if found is not None and found.package != "nbasset":
                state = _PROCESS_STATE.get(found.package, ())
                parts = {path.partition(".")[0] for path in names.attributes.get(root, ())} | {found.attribute}
                self.settings.append(Setting(position, found.package, any(part in state for part in parts)))

    def _bind(self, position: int, unit: Unit, writes: Iterable[str]) -> None:
        names = unit.names
        dotted = {found.name for found in names.imports if found.is_dotted} if names.imports else _NOTHING
        binders = self.binders
        for name, is_certain in names.binds.items():
            mode = DOTTED if name in dotted and is_certain else CERTAIN if is_certain else PERHAPS
            if name in binders:
                binders[name].append((position, mode))
            else:
                binders[name] = [(position, mode)]
        for name in names.gone:
            self.binders.setdefault(name, []).append((position, GONE))
        for name in writes:
            if name not in names.binds:
                self.binders.setdefault(name, []).append((position, PERHAPS))
        for found in names.imports:
            if found.attribute is None:
                continue
            module = self.resolve(found)
            if found.name != "*":
                if module is not None:
                    self._from_project.add(found.name)
            elif module is None:
                self._stars.append(position)
            else:
                for name in module.public_names():
                    self.binders.setdefault(name, []).append((position, CERTAIN))

    # -- questions --------------------------------------------------------------------------------------------------------

    def active(self, name: str, position: int) -> tuple[int, ...]:
        """Positions before `position` whose binding of `name` may be the one in force, newest first; up to the last certain one."""
        entries = self.binders.get(name)
        found: list[int] = []
        lowest = -1
        if entries:
            number = bisect_left(entries, (position, -1))
            was_dotted = False
            while number:
                number -= 1
                at, mode = entries[number]
                if was_dotted and mode != DOTTED:
                    lowest = found[-1]
                    break
                found.append(at)
                if mode in (CERTAIN, GONE):
                    lowest = at
                    break
                was_dotted = mode == DOTTED
        if self._stars and not name.startswith("_"):
            found += [at for at in self._stars if lowest < at < position and at not in found]
        return tuple(found)

    def is_gone(self, name: str, position: int) -> bool:
        """Whether `del` was the last to speak about `name` before `position`."""
        entries = self.binders.get(name, ())
        number = bisect_left(entries, (position, -1))
        return bool(number) and entries[number - 1][1] == GONE

    def imported(self, name: str, position: int) -> Import | None:
        """The import that binds `name` at `position`, if one does."""
        for binder in self.active(name, position):
            for found in self.units[binder].names.imports:
                if found.name == name:
                    return found
        return None

    def imports_of(self, position: int, name: str) -> tuple[Import, ...]:
        """Imports by which the unit at `position` binds `name`; behind a star the one name is meant, where that is known."""
        imports = self.units[position].names.imports
        if not imports:
            return ()
        found = tuple(item for item in imports if item.name == name)
        if found:
            return found
        return tuple(
            item if self.resolve(item) is None else replace(item, name=name, attribute=name) for item in imports if item.name == "*"
        )

    def public_names(self) -> list[str]:
        """Names that ``from module import *`` gives: `__all__` when it is a plain list of texts, else all without a leading underscore."""
        listed = _listed_names(self.units)
        return listed if listed is not None else [name for name in self.binders if not name.startswith("_")]

    def targets(self, name: str, position: int) -> tuple[int, ...]:
        """Positions of the units that bind `name` as seen from `position` and of those that change its object, in order."""
        binders = self.active(name, position)
        if not binders:
            return ()
        found = set(binders)
        for binder in binders:
            node = (binder, name)
            for origin in self._copied.get(node, (node,)):
                found.update(at for at in self._changes.get(origin, ()) if at < position)
        return tuple(sorted(found))

    def needs(self, position: int) -> tuple[Need, ...]:
        """What the unit at `position` takes from the others when it runs, by name."""
        found = self._needs.get(position)
        if found is None:
            reads = self.units[position].names.reads
            now = {name: flags for name, flags in reads.items() if flags & (NOW | TYPE | DEFINE | SOFT)}
            found = self._needs[position] = self._closure(now, position)
        return found

    def root_needs(self, position: int, without: frozenset[str] = _NOTHING) -> tuple[Need, ...]:
        """What the unit takes when it runs and when the functions it makes are called from right below it; names of `without` excepted."""
        unit = self.units[position]
        reads = body_reads(unit.names) if unit.is_asset_cell else unit.names.reads
        if unit.is_asset_cell:  # all of a body runs later, when everything has been bound
            reads = {name: flags if flags == SOFT else flags | LATER for name, flags in reads.items()}
        left = {name: flags for name, flags in reads.items() if name not in without}
        key = (position, len(left) == len(reads) or frozenset(left))
        found = self._root_needs.get(key)
        if found is None:
            found = self._root_needs[key] = self._closure(left, position)
        return found

    def body_names(self, position: int) -> frozenset[str]:
        """Names that the asset cell at `position` takes from outside."""
        return frozenset(body_reads(self.units[position].names))

    def named(self, name: str) -> tuple[Need, ...]:
        """What somebody takes who reads `name` of this module from outside."""
        return self._closure({name: NOW | VALUE}, self.end)

    def _closure(self, reads: dict[str, int], position: int) -> tuple[Need, ...]:
        """`reads` resolved, and with them what the functions among their values read when called here."""
        found: dict[str, Need] = {}
        about = {name: flags for name, flags in reads.items() if flags & DEFINE and not flags & (NOW | LATER | TYPE)}
        for names, later in (({name: flags for name, flags in reads.items() if name not in about}, LATER), (about, DEFINE)):
            stack = list(names.items())
            for name, flags in stack:  # grows while it is read, so that what is read here comes before what is only carried
                if name in found:
                    continue
                need = found[name] = self._resolve(name, flags, position)
                for target in need.targets:
                    if self.carried[target]:
                        stack += [(carried, later) for carried in self.carried[target] if carried not in found]
        return tuple(found[name] for name in sorted(found))

    def _resolve(self, name: str, flags: int, position: int) -> Need:
        targets = self.targets(name, position)
        if targets or not flags & (LATER | TYPE | LAZY):
            return Need(name, flags, targets)
        below = self.targets(name, self.end)
        return Need(name, flags, below, is_below=bool(below))

    def _nodes_at(self, name: str, position: int) -> frozenset[Node]:
        """Nodes of the object that `name` stands for at a unit: before it, and as the unit itself binds it."""
        nodes: set[Node] = set()
        for binder in self.active(name, position):
            node = (binder, name)
            copied = self._copied.get(node)
            if copied is None:
                nodes.add(node)
            else:
                nodes |= copied
        if name in self.units[position].names.binds:
            nodes.add((position, name))
            nodes |= self._copied.get((position, name), frozenset())
        return frozenset(nodes)


def _listed_names(units: Sequence[Unit]) -> list[str] | None:
    for unit in units:
        for node in unit.nodes:
            if isinstance(node, ast.Assign) and any(isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets):
                try:
                    return [str(name) for name in ast.literal_eval(node.value)]
                except (ValueError, TypeError):
                    return None
    return None
