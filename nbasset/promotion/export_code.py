"""The code of some assets as `export` needs it: the text of their slice and what only loaded definitions know. Nothing runs.

With a selection the assets are taken, all that they are made from, their checks, and what gives resources. Without one everything that the
document defines is, jobs, schedules and sensors too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from nbasset.definitions.catalog import Catalog
from nbasset.definitions.definitions import Definitions
from nbasset.definitions.selection import AssetSelection
from nbasset.definitions.specs import AssetSpec
from nbasset.errors import InvalidInvocationError, InvalidSelection, Problem, ProblemsFound
from nbasset.keys import AssetKey
from nbasset.locations.collecting import Collected, collect, inside
from nbasset.locations.document import NotebookDocument
from nbasset.locations.location import Location
from nbasset.promotion.export import Code, Names
from nbasset.source.names import names_of
from nbasset.source.program import Place, Slice, SliceSource
from nbasset.source.shapes import parse
from nbasset.source.slices import CodeReader
from nbasset.source.text import statements_of_text

_TOLD = ("a shell command", "hidden environment", "a line magic", "not Python")
_QUIET = ("(`%load_ext`)", "(`%matplotlib`)", "(`%config`)", "(`%autoreload`)", "(`%asset`)", "`%reload_ext")
_KINDS = {"assets": "assets", "asset_checks": "checks", "jobs": "jobs", "schedules": "schedules", "sensors": "sensors"}


def selected_keys(catalog: Catalog, select: str) -> list[AssetKey]:
    """The assets that a selection means, in the order in which they are made; all that can be made without one.

    Raises
    ------
    UnknownAsset, InvalidSelection
        If it names what is not there, or nothing.
    """
    chosen = AssetSelection.from_string(select).resolve(catalog) if select else frozenset(catalog.by_key)
    keys = [key for key in catalog.order if key in chosen and catalog.by_key[key].node is not None]
    if not keys:
        about = f"'{select}' selects nothing that can be made" if select else "no asset is defined"
        raise InvalidSelection(f"{about}, so there is nothing to export. See them: nbasset list.")
    return keys


def code_of(location: Location, select: str = "") -> Code:
    """The code of the selected assets of a location.

    Raises
    ------
    UnknownAsset, InvalidSelection
        If the selection names what is not there, or nothing.
    ProblemsFound
        If something is wrong with an asset that is exported; hidden state too.
    InvalidInvocationError
        If the code stands in several files, or cannot be read.
    """
    location.check()
    catalog = location.definitions.resolve().catalog
    selected = selected_keys(catalog, select)
    needed = _with_upstream(catalog, selected)
    _refuse_problems(catalog.problems, None if not select else needed)
    source, roots = _roots(location, catalog, needed, takes_all=not select)
    found = CodeReader().slice(source, tuple(roots), assets=location.code.asset_names)
    if found.problems:
        raise ProblemsFound(list(found.problems))
    bound = _bound(found.text)
    made = [key for key in catalog.order if key in needed and catalog.by_key[key].node is not None]
    return Code(
        text=found.text,
        assets=tuple(made),
        selected=tuple(selected),
        inputs={str(key): inputs for key in made if (inputs := _inputs(catalog, key))},
        names=names_in(location.namespace, bound),
        partitions={key: definition for key in made if (definition := catalog.by_key[key].partitions_def) is not None},
        managers=frozenset(catalog.by_key[key].spec.io_manager_key for key in made),
        resources=frozenset(location.definitions.resources),
        notes=tuple(_left_out(source, found)),
    )


def names_in(namespace: Mapping[str, Any], bound: Iterable[str]) -> Names:
    """Of the names that code binds those that hold definitions, by kind; what a `Definitions` object holds is left to it."""
    values = {name: namespace[name] for name in bound if name in namespace}
    definitions = {name: value for name, value in values.items() if isinstance(value, Definitions)}
    held = {id(part) for one in definitions.values() for part in (*one.assets, *one.asset_checks, *one.jobs, *one.schedules, *one.sensors)}
    keys = {key for one in definitions.values() for part in one.assets for key in getattr(part, "specs_by_key", ())}
    found: dict[str, list[str]] = {kind: [] for kind in _KINDS}
    seen = set(held)
    for name, value in values.items():
        if name in definitions:
            continue
        fresh = [
            one for one in inside(value) if id(one) not in seen and not (keys and keys.issuperset(getattr(one, "specs_by_key", (None,))))
        ]
        seen.update(id(one) for one in fresh)
        parts = collect([{"one": fresh}]) if fresh else Collected()
        for kind, attribute in _KINDS.items():
            if getattr(parts, attribute) or (kind == "assets" and parts.specs):
                found[kind].append(name if len(fresh) == 1 and not isinstance(value, (list, tuple, set, dict)) else _spread(name, value))
    return Names(**{kind: tuple(names) for kind, names in found.items()}, definitions=tuple(definitions))


def _spread(name: str, value: object) -> str:
    return f"*{name}.values()" if isinstance(value, dict) else f"*{name}"


def _with_upstream(catalog: Catalog, keys: Iterable[AssetKey]) -> frozenset[AssetKey]:
    """The keys, what they are made from, and what is made together with them."""
    found: set[AssetKey] = set()
    front = list(keys)
    while front:
        key = front.pop()
        asset = catalog.by_key.get(key)
        if key in found or asset is None:
            continue
        found.add(key)
        together = catalog.nodes_by_name[asset.node].assets if asset.node in catalog.nodes_by_name else ()
        front += [*catalog.upstream.get(key, ()), *together]
    return frozenset(found)


def _refuse_problems(problems: Iterable[Problem], needed: Collection[AssetKey] | None) -> None:
    names = None if needed is None else {str(key) for key in needed}
    errors = [one for one in problems if one.severity == "error" and (names is None or one.asset is None or one.asset in names)]
    if errors:
        raise ProblemsFound(list(dict.fromkeys(errors)))


def _roots(location: Location, catalog: Catalog, needed: frozenset[AssetKey], *, takes_all: bool) -> tuple[SliceSource, list[Place]]:
    """The statements that define what is exported, and the document that they stand in."""
    nodes = [node.name for node in catalog.nodes if not needed.isdisjoint((*node.assets, *(check.asset for check in node.checks)))]
    places = {node: location.code.place(node) for node in nodes}
    unread = [node for node, place in places.items() if place is None or location.code.slice(node) is None]
    if unread:
        raise InvalidInvocationError(
            f"the code of {', '.join(unread)} cannot be read: exec, a prompt or an installed package made it. Write it in a cell."
        )
    found = [place for place in places.values() if place is not None]
    sources = {id(place.source): place.source for place in found}
    if len(sources) != 1:
        names = ", ".join(sorted(one.name for one in sources.values())) or "no file"
        raise InvalidInvocationError(f"the assets are defined in {names}; a notebook or one module is exported. Name one of these files.")
    source = next(iter(sources.values()))
    roots = dict.fromkeys(root for place in found for root in (*place.roots, *place.also))
    reader = CodeReader()
    for root in reader.definitions(source):
        found_here = _defined_at(location, source, root)
        if not any(takes_all or (isinstance(one, AssetSpec) and one.key in needed) for one in found_here):
            continue
        whole = reader.slice(source, [root], assets=location.code.asset_names)
        if not whole.unbound and not whole.problems:
            roots.setdefault(root)
    return source, sorted(roots)


def _defined_at(location: Location, source: SliceSource, root: Place) -> list[Any]:
    """The definitions that a statement binds names to."""
    cell = next(cell for cell in source.cells() if cell.id == root.cell)
    if cell.role == "asset":
        return []
    lines = cell.text.split("\n")[root.first_line - cell.first_line : root.last_line - cell.first_line + 1]
    names = dict.fromkeys(name for node in parse("\n".join(lines)).body for name in names_of([node]).binds)
    return [one for name in names for one in inside(location.namespace.get(name))]


def _bound(text: str) -> list[str]:
    pieces = [piece for piece in statements_of_text(text).pieces if piece.kind == "code"]
    return list(dict.fromkeys(name for piece in pieces for node in parse(piece.text).body for name in names_of([node]).binds))


def _inputs(catalog: Catalog, key: AssetKey) -> dict[str, AssetKey]:
    """What the parameters of an asset's function read; nothing for a graph of ops."""
    node = catalog.by_key[key].node
    steps = catalog.nodes_by_name[node].steps if node is not None else ()
    if len(steps) != 1:
        return {}
    return {one.name: one.asset for one in steps[0].inputs if one.kind == "asset" and one.asset is not None}


def _left_out(source: SliceSource, found: Slice) -> Iterator[str]:
    """What stands in the document and acts on its surroundings, and does not come along."""
    labels = {cell.id: cell.label for cell in source.cells()}
    told: dict[str, None] = {}
    for item in found.left_out:
        if item.reason.startswith(_TOLD) and not any(word in item.reason for word in _QUIET):
            told.setdefault(f"{labels.get(item.place.cell) or source.name}, line {item.place.first_line} is left out: {item.reason}.")
    if isinstance(source, NotebookDocument):
        for line in source.hidden_environment:
            if not any(line.partition(" (")[0] in one for one in told):
                told.setdefault(f"{line} is left out: it changes what the code depends on.")
    if not found.exact:
        told.setdefault("the code can reach names that reading cannot see (exec, globals...), so everything above it is in.")
    yield from told
