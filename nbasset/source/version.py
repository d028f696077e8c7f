"""The code version of a slice: a digest of its statements and of how they hang together, wherever they stand.

The statements form a graph: each points, by name, to those that bind the name and change its object, in the order they run. Walking it from
the roots numbers the statements the same way whatever cell they are in, so moving a helper to another cell changes nothing, and swapping
two bindings of one name does. An imported name counts by itself (module and attribute), not with the other names of its line.

What does not count: values of the `parameters` cell (they are config), arguments of asset decorators (said *about* the asset), bodies of
other assets' definitions, docstrings unless the slice reads `__doc__`.
"""

from __future__ import annotations

from collections.abc import Sequence

from nbasset.dataclass import dataclass
from nbasset.source.fingerprint import TAG, digest
from nbasset.source.flow import Need, Program
from nbasset.source.reach import Reach, Spot

Key = tuple[Program, int, str]
Edges = list[tuple[str, list[Key]]]


@dataclass(frozen=True, slots=True)
class _Graph:
    """Reads a reach as a graph of keys: (program, position, imported name or empty)."""

    reach: Reach
    with_docstrings: bool

    def node(self, key: Key) -> tuple[str, Edges]:
        """What stands at a key and where it points."""
        program, position, name = key
        if name:
            return self._import(key)
        unit = program.units[position]
        is_root = program is self.reach.program and position in self.reach.roots
        if unit.cell.role == "parameters":
            return f"parameters {' '.join(sorted(unit.names.binds))}", []
        if unit.names.is_asset and not is_root:
            return f"asset {' '.join(sorted(unit.names.binds))}", []
        edges = [(need.name, self.keys(program, need)) for need in self.reach.included.get((program, position), ()) if need.counts]
        inner: Edges = [
            (f"={found.module}", [(program, position, f"={found.module}")]) for found in unit.names.inner_imports if not found.name
        ]
        inner += [(f"={found.name}", [(program, position, found.name)]) for found in unit.names.inner_imports if found.name]
        label = unit.digest(with_docstrings=self.with_docstrings, without_name=is_root and unit.names.is_asset)
        return label, [edge for edge in edges if edge[1]] + inner

    def _import(self, key: Key) -> tuple[str, Edges]:
        use = self.reach.imports.get(key)
        if use is None:
            return f"import {key[2]}", []
        label = f"import {use.absolute}:{use.found.attribute or ''}"
        edges: Edges = []
        for path in sorted(use.members):
            module, needs = use.members[path]
            edges += [(f"{path} {need.name}", self.keys(module, need)) for need in needs if need.targets]
        edges += [(path, [(*spot, "") for spot in use.whole[path]]) for path in sorted(use.whole)]
        return label, edges

    def keys(self, program: Program, need: Need) -> list[Key]:
        """The keys that a need points to; a plain import counts by the one name. What setup cells do counts anyway, wherever they stand."""
        keys: list[Key] = []
        for target in need.targets:
            unit = program.units[target]
            if unit.cell.role == "setup" and not unit.is_import and need.name not in unit.names.binds:
                continue
            if program.units[target].is_import:
                keys += [(program, target, found.name) for found in program.imports_of(target, need.name)]
            else:
                keys.append((program, target, ""))
        return keys


def version_of(reach: Reach) -> str:
    """The version: the tag of the normal form and a digest."""
    with_docstrings = any(program.units[position].names.reads_doc for program, position in reach.included)
    graph = _Graph(reach, with_docstrings)
    numbers: dict[Key, int] = {}
    nodes: list[tuple[str, Edges]] = []
    starts = _starts(reach, graph)
    stack = [key for _, keys in reversed(starts) for key in reversed(keys)]
    while stack:
        key = stack.pop()
        if key in numbers:
            continue
        numbers[key] = len(numbers)
        node = graph.node(key)
        nodes.append(node)
        stack += [target for _, keys in reversed(node[1]) for target in reversed(keys)]
    lines = [_line(label, [("", keys)], numbers) for label, keys in starts]
    lines += [_line(base, edges, numbers) for base, edges in nodes]
    return f"{TAG}:{digest(*lines)}"


def _starts(reach: Reach, graph: _Graph) -> Edges:
    """Where the walk begins: the roots, then what is in without being read by them."""
    program = reach.program
    starts: Edges = [("root", [(program, root, "") for root in reach.roots])]
    setup = [position for position in program.always if program.units[position].cell.role == "setup"]
    setup.sort(key=lambda position: (graph.node((program, position, ""))[0], position))
    starts.append(("setup", [(program, position, "") for position in setup]))
    for package in sorted(set(reach.settings.values())):
        spots: list[Spot] = [
            spot for spot, of in reach.settings.items() if of == package and spot[0].units[spot[1]].cell.role != "setup"
        ]  # fmt: skip
        spots.sort(key=lambda spot: (spot[0].dotted, spot[1]))
        if spots:
            starts.append((f"settings {package}", [(*spot, "") for spot in spots]))
    futures = {
        alias
        for owner, position in reach.included
        if owner is program
        for alias in (found.attribute or "" for found in owner.units[position].names.imports if found.module == "__future__")
    }
    starts.append((f"future {' '.join(sorted(futures))}", []))
    if reach.is_open:
        everything = sorted(position for owner, position in reach.included if owner is program)
        starts.append(("open", [(program, position, "") for position in everything]))
    return starts


def _line(base: str, edges: Sequence[tuple[str, list[Key]]], numbers: dict[Key, int]) -> str:
    return base + "".join(f" {name}={','.join(str(numbers[key]) for key in keys)}" for name, keys in edges)
