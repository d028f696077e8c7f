"""From the definitions of single cells to one location: which count, where their code is, what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbasset.definitions.asset import AssetsDefinition
from nbasset.definitions.definitions import Definitions, replace_definitions
from nbasset.definitions.resolved import ResolvedDefinitions
from nbasset.definitions.specs import AssetSpec
from nbasset.errors import Problem, did_you_mean
from nbasset.keys import AssetKey
from nbasset.locations.code_index import CodePlace, asset_names, code_index
from nbasset.locations.collecting import contains, stands_around
from nbasset.locations.document import SessionDocument
from nbasset.locations.location import Location
from nbasset.locations.module import ModulePlaces
from nbasset.notebook.session_state import Made, SessionState, keys_of, pairs_of
from nbasset.places import cell_of
from nbasset.source.program import Place, Slice
from nbasset.source.shapes import parse
from nbasset.source.slices import CodeReader

_LIVE = frozenset({"magic-value", "annotation"})
"""Rules that hold for workers and saved notebooks; in the kernel the value is there."""


def fixed_places(made: Iterable[Made], document: SessionDocument) -> tuple[Made, ...]:
    """The same definitions with places that name their cells by the labels of the document."""
    labels = {cell.id: cell.label for cell in document.cells()}
    return tuple(_placed_anew(one, labels.get(one.cell, ""), document.name) for one in made)


def location_of(
    state: SessionState, reader: CodeReader, *, namespace: dict[str, Any], path: Path | None, folder: Path
) -> Location:  # fmt: skip
    """The session as a location. Problems of reading the code are among those of its definitions."""
    document = state.document
    definitions = _definitions(state)
    resolved = definitions.resolve()
    places = SessionPlaces(state, reader, resolved, namespace)
    names = asset_names(resolved.catalog)
    found = [problem for problems in state.problems.values() for problem in problems]
    roots = {node: place.roots for node in resolved.nodes if (place := places.find(node)) is not None and place.source is document}
    for node, piece in reader.slices(document, roots, assets=names).items():
        found.extend(_problems(piece, state, [str(key) for key in resolved.nodes[node].keys], namespace, names))
    if found:
        definitions = replace_definitions(definitions, loading_problems=[*definitions.loading_problems, *dict.fromkeys(found)])
        resolved = definitions.resolve()

    def hidden_state(node: str) -> tuple[str, ...]:
        place = places.find(node)
        if place is None or place.source is not document:
            return ()
        return reader.leaned_on(document, place.roots, state.bound, assets=names)

    return Location(
        document.name,
        "session",
        definitions,
        code_index(resolved, places.find, reader=reader),
        path=path,
        folder=folder,
        source=document,
        namespace=namespace,
        hidden_state=hidden_state,
    )


class SessionPlaces:
    """Finds the statements of a cell that define a node, or those of a module for one that was imported."""

    def __init__(self, state: SessionState, reader: CodeReader, resolved: ResolvedDefinitions, namespace: Mapping[str, Any]) -> None:
        self._document = state.document
        self._namespace = namespace
        self._resolved = resolved
        self._roots: dict[str, list[Place]] = {}
        for root in reader.definitions(state.document):
            self._roots.setdefault(root.cell, []).append(root)
        self._reader = reader
        self._cells: dict[int, str] = {}
        for made in sorted(state.made, key=lambda made: isinstance(made.value, Definitions)):  # what those list belongs to who made it
            for one in (made.value, *(one for _, one in pairs_of(made.value))):
                self._cells.setdefault(id(one), made.cell)
        self._by_name = {one.name: made.cell for made in state.made for _, one in pairs_of(made.value) if isinstance(one, AssetsDefinition)}
        self._by_name.update({made.value.name: made.cell for made in state.made if isinstance(made.value, AssetsDefinition)})
        self._modules = ModulePlaces(resolved, [], state.document.files)
        around = [made for made in state.made if stands_around(made.value)]
        self._also = tuple(dict.fromkeys(root for made in around for root in self._narrowed(self._roots.get(made.cell, []), made.value)))

    def find(self, node: str) -> CodePlace | None:
        """Where a node is written."""
        definition = self._resolved.definition(node)
        fn = getattr(getattr(definition, "node", None), "fn", None)
        code = getattr(fn, "__code__", None)
        cell = self._cells.get(id(definition)) or self._by_name.get(node)
        of_code = cell_of(code.co_filename) if code is not None else None
        roots = self._roots.get(cell or "", [])
        if not roots:
            return self._modules.find(node) if of_code is None else None
        if code is not None and of_code == cell:
            line = code.co_firstlineno
            exact = [root for root in roots if root.first_line <= line <= root.last_line]
            if exact:
                return self._place(exact)
        return self._place(self._narrowed(roots, definition))

    def _place(self, roots: list[Place]) -> CodePlace:
        return CodePlace(self._document, tuple(roots), tuple(one for one in self._also if one not in roots))

    def _narrowed(self, roots: list[Place], definition: Any) -> list[Place]:
        return self._binding(roots, definition) or roots if len(roots) > 1 and definition is not None else roots

    def _binding(self, roots: list[Place], definition: Any) -> list[Place]:
        """Those of the statements that bind a name which holds the definition."""
        texts = {cell.id: cell for cell in self._document.cells()}
        found = []
        for root in roots:
            cell = texts[root.cell]
            lines = cell.text.split("\n")[root.first_line - cell.first_line : root.last_line - cell.first_line + 1]
            if any(contains(self._namespace.get(name), definition) for name in _bound_names("\n".join(lines))):
                found.append(root)
        return found


def _bound_names(text: str) -> frozenset[str]:
    import ast

    try:
        tree = parse(text)
    except (SyntaxError, ValueError):
        return frozenset()
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return frozenset(names | {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))})


# -- which definitions count --------------------------------------------------------------------------------------------------


def _definitions(state: SessionState) -> Definitions:
    """One `Definitions` of everything in force: of two for one key, name or resource the one that was made last counts."""
    order = {cell.id: cell.index for cell in state.document.cells()}
    live = sorted(state.made, key=lambda made: (order.get(made.cell, len(order)), made.number))
    numbers: dict[int, int] = {}
    for made in live:
        if not isinstance(made.value, Definitions):
            numbers.setdefault(id(made.value), made.number)
    for made in live:
        for _, one in pairs_of(made.value):
            numbers.setdefault(id(one), made.number)
    winners: dict[AssetKey, tuple[bool, int]] = {}
    for made in live:
        for key, one in pairs_of(made.value):
            rank = (not _is_external(one), numbers[id(one)])
            winners[key] = max(winners.get(key, rank), rank)
    assets: dict[int, Any] = {}
    notes: list[Problem] = []
    for made in live:
        for key, one in pairs_of(made.value):
            if id(one) in assets:
                continue
            lost = [its for its, that in pairs_of(one) if winners[its] != (not _is_external(that), numbers[id(one)])]
            if not lost:
                assets[id(one)] = one
            elif len(keys_of(one)) > 1:
                notes.append(_shadowed(key, lost, made, state))
    return _joined(live, list(assets.values()), notes, state.document.name)


def _joined(live: Sequence[Made], assets: list[Any], notes: list[Problem], name: str) -> Definitions:
    values = [made.value for made in sorted(live, key=lambda made: made.number)]
    whole = [value for value in values if isinstance(value, Definitions)]
    loose = [made.value for made in live if not isinstance(made.value, (Definitions, AssetSpec))]
    checks = [one for one in loose if isinstance(one, AssetsDefinition) and not one.specs_by_key]
    others = [one for one in loose if not isinstance(one, AssetsDefinition)]
    named: dict[str, dict[str, Any]] = {"job": {}, "schedule": {}, "sensor": {}}
    for value in [*(one for defs in whole for one in (*defs.jobs, *defs.schedules, *defs.sensors)), *others]:
        named[_kind(value)][value.name] = value
    all_checks = {id(one): one for one in [*(one for defs in whole for one in defs.asset_checks), *checks]}
    return Definitions(
        assets,
        list(named["schedule"].values()),
        list(named["sensor"].values()),
        list(named["job"].values()),
        {key: value for defs in whole for key, value in defs.resources.items()},
        next((defs.executor for defs in reversed(whole) if defs.executor is not None), None),
        {key: value for defs in whole for key, value in defs.loggers.items()},
        list({getattr(one, "name", id(one)): one for one in all_checks.values()}.values()),
        {key: value for defs in whole for key, value in defs.metadata.items()},
        name=name,
        loading_problems=[*(problem for defs in whole for problem in defs.loading_problems), *notes],
    )


def _kind(value: Any) -> str:
    for word in ("schedule", "sensor"):
        if any(word in cls.__name__.lower() for cls in type(value).__mro__):
            return word
    return "job"


def _is_external(value: Any) -> bool:
    return isinstance(value, AssetSpec) or value.execution == "external"


def _shadowed(key: AssetKey, lost: list[AssetKey], made: Made, state: SessionState) -> Problem:
    text = ", ".join(f"'{one}'" for one in lost)
    return Problem(
        "shadowed",
        f"{state.label(made.cell)} makes several assets in one function, and {text} of them is defined anew elsewhere: none of them counts",
        state.label(made.cell),
        "Take it out of one of the two.",
        asset=str(key),
    )


# -- problems and places ------------------------------------------------------------------------------------------------------


def _problems(piece: Slice, state: SessionState, keys: list[str], namespace: Mapping[str, Any], names: frozenset[str]) -> Iterator[Problem]:
    for problem in piece.problems:
        if problem.rule not in _LIVE:
            yield from (replace(problem, asset=key) for key in keys)
    for name, place in piece.unbound_at:
        if name in namespace:
            continue
        near = did_you_mean(name, [*names, *(one for one in namespace if not one.startswith("_"))])
        where = f"{state.label(place.cell)}, line {place.first_line} ({state.document.name})"
        hint = f"{near} Define it in a cell, or run the cell that does.".strip()
        message = f"{state.label(place.cell)} uses `{name}`, which is neither an asset nor defined by a cell that ran"
        yield from (Problem("unknown-name", message, where, hint, asset=key) for key in keys)


def _placed_anew(made: Made, label: str, document: str) -> Made:
    value = made.value
    if isinstance(value, AssetsDefinition) and value.rebuild is not None and label:  # a function says by itself where it is
        # In place: another object would be another definition to whoever holds this one (a list, a `Definitions`).
        object.__setattr__(value, "place_given", f"{label} of {document}")
    return made
