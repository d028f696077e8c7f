"""Groups drawn as one node each, so that a large graph is an overview first.

Above forty nodes every group starts collapsed, except those that hold something failed or selected. A collapsed group is a node
whose key is the selection that names its assets (``group:raw``), with their number and their states.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from nbasset.drawing.graph import sound
from nbasset.drawing.picture import Edge, Node, Picture
from nbasset.drawing.states import NEEDS_A_LOOK, assets, most_urgent, tally

MOST_OPEN: Final = 40
"""Nodes that are drawn one by one without collapsing anything; also the largest group that a failure keeps open."""


def collapse(picture: Picture, *, above: int = MOST_OPEN, opened: Collection[str] = (), closed: Collection[str] | None = None) -> Picture:
    """`picture` with its groups as single nodes, when it has more than `above` nodes.

    Groups named in `opened`, with a selected asset, or with something failed stay open; of the latter only those of at most
    `above` assets, since a large open group would bury the rest. `closed` names the groups to collapse exactly, whatever the size.
    A picture with a single group is left as it is: there would be nothing to see.

    >>> nodes = tuple(Node(f"a{i}", f"a{i}", "fresh", group="raw" if i < 30 else "model") for i in range(60))
    >>> [(node.key, node.fact) for node in collapse(Picture(nodes, ())).nodes]
    [('group:raw', '30 assets'), ('group:model', '30 assets')]
    """
    whole = sound(picture)
    members: dict[str, list[Node]] = {}
    for node in whole.nodes:
        members.setdefault(node.group, []).append(node)
    if closed is not None:
        shut = {group for group in members if group in closed}
    elif len(whole.nodes) <= above or len(members) < 2:
        return whole
    else:
        shut = {group for group, nodes in members.items() if _may_close(group, nodes, picture.selected, opened, above)}
    if not shut:
        return whole
    stands_for = {node.key: f"group:{group}" for group in shut for node in members[group]}
    nodes: dict[str, Node] = {}
    for node in whole.nodes:
        key = stands_for.get(node.key, node.key)
        if key not in nodes:
            nodes[key] = node if key == node.key else _as_one(key, node.group, members[node.group])
    return replace(
        whole,
        nodes=tuple(nodes.values()),
        edges=_between(whole.edges, stands_for),
        selected=frozenset(stands_for.get(key, key) for key in picture.selected),
    )


def _may_close(group: str, nodes: list[Node], selected: frozenset[str], opened: Collection[str], above: int) -> bool:
    if group in opened or len(nodes) < 2 or any(node.key in selected for node in nodes):
        return False
    return len(nodes) > above or not any(node.state in NEEDS_A_LOOK for node in nodes)


def _as_one(key: str, group: str, nodes: list[Node]) -> Node:
    counts = tally(nodes)
    keys = tuple(member for node in nodes for member in (node.members or (node.key,)))
    state = most_urgent(state for state, _ in counts)
    return Node(key, group, state, assets(len(keys)), group, counts=counts, members=keys)


def _between(edges: tuple[Edge, ...], stands_for: dict[str, str]) -> tuple[Edge, ...]:
    """Edges between what is drawn, each pair once; it loads when one of those it stands for does."""
    loads: dict[tuple[str, str], bool] = {}
    for edge in edges:
        source, target = stands_for.get(edge.source, edge.source), stands_for.get(edge.target, edge.target)
        if source == target and edge.source in stands_for:
            continue
        loads[source, target] = loads.get((source, target), False) or edge.loads
    return tuple(Edge(*pair, kind) for pair, kind in loads.items())
