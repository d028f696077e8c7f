"""Which statements of a notebook a run needs: those of the planned assets, of what they read, and what belongs to no asset."""

from __future__ import annotations

from collections.abc import Iterable

from nbasset.definitions.catalog import Catalog
from nbasset.keys import AssetKey
from nbasset.locations.document import NotebookDocument
from nbasset.locations.location import Location
from nbasset.planning.plan import RunPlan
from nbasset.promotion.prepare import Part
from nbasset.source.program import Place
from nbasset.source.slices import CodeReader


def part_of(location: Location, catalog: Catalog, plan: RunPlan) -> Part:
    """The part of a notebook location that `plan` needs."""
    keys = [key for step in plan.steps for key in (*step.assets, *(check.asset for check in step.checks))]
    return part_for(location, catalog, nodes=[step.node for step in plan.steps], keys=keys)


def part_for(location: Location, catalog: Catalog, *, nodes: Iterable[str], keys: Iterable[AssetKey]) -> Part:
    """The part of a notebook location that these nodes need, which make or check these assets.

    A definition upstream is needed, too, though it does not run: what it says of its data decides how the data is read. `Definitions`
    objects and specs are kept, unless they raise.
    """
    document = location.source
    assert isinstance(document, NotebookDocument)
    code = location.code
    needed: dict[str, tuple[Place, ...]] = {}
    for node in _nodes(catalog, nodes, keys):
        piece = code.slice(node)
        needed[node] = piece.statements if piece is not None else ()
    written = {place for name in catalog.nodes_by_name if (found := code.place(name)) is not None for place in found.roots}
    reader = CodeReader()
    broken = {problem.where for problem in catalog.problems if problem.where and problem.severity == "error"}
    labels = {cell.id: cell.label for cell in document.cells()}
    always: list[Place] = []
    for root in reader.definitions(document):
        if root in written or f"{labels[root.cell]}, line {root.first_line} ({document.name})" in broken:
            continue
        whole = reader.slice(document, [root], assets=code.asset_names)
        if not whole.unbound and not whole.problems:
            always += whole.statements
    magics = {cell: {magic.line: magic.name for magic in lines if not magic.assigns} for cell, lines in document.magics.items()}
    assets = {name: [str(key) for key in catalog.nodes_by_name[name].assets] for name in needed}
    return Part(needed, tuple(dict.fromkeys(always)), magics, assets)


def _nodes(catalog: Catalog, given: Iterable[str], keys: Iterable[AssetKey]) -> Iterable[str]:
    """The nodes and those of everything upstream of them."""
    nodes = dict.fromkeys(given)
    front: list[AssetKey] = list(keys)
    seen = set(front)
    while front:
        key = front.pop()
        asset = catalog.by_key.get(key)
        if asset is None:
            continue
        if asset.node is not None and asset.node in catalog.nodes_by_name:
            nodes.setdefault(asset.node)
            others = catalog.nodes_by_name[asset.node].assets
        else:
            others = ()
        for one in (*catalog.upstream.get(key, ()), *others):
            if one not in seen:
                seen.add(one)
                front.append(one)
    return nodes
