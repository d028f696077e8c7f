"""How parts that are not linked stand to each other: nodes without edges in a grid, separate parts in shelves about as wide as a cell.

Both are said as links that the engines keep and nobody draws. Without them every engine puts all of these side by side, and a
notebook with forty tables is one endless row.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from nbasset.dataclass import dataclass
from nbasset.drawing.graph import ranks_of
from nbasset.drawing.layered import GAP

ROOM = 900.0
"""Width that a drawing may take before it is folded into shelves."""


@dataclass(frozen=True, slots=True)
class Packing:
    """Links that set nodes in columns (and align them), links that only put a part below another, the shelf of every node, and the
    width that results."""

    columns: list[tuple[int, int]]
    shelves: list[tuple[int, int]]
    shelf_of: list[int]
    width: float


def pack(widths: Sequence[float], links: Sequence[tuple[int, int]], groups: Sequence[int], *, fold: bool = True) -> Packing:
    """Pack the parts of a drawing. With `fold` off parts are left side by side, and grids become short rows along the ranks."""
    columns = _columns(widths, links, groups, fold)
    ranks = ranks_of(len(widths), [*links, *columns])
    parts = _parts(len(widths), links, groups)
    linked = {node for pair in links for node in pair}
    shelves: list[tuple[int, int]] = []
    shelf_of = [0] * len(widths)
    shelf = 0
    total = 0.0
    used, deepest, floor = 0.0, -1, -1
    for part in sorted(parts, key=lambda part: (linked.isdisjoint(part), -len(part) if len(part) > 1 else 0, part[0])):
        width = _width(part, ranks, widths)
        if used and used + width > ROOM and fold:
            used, floor, shelf = 0.0, deepest, shelf + 1
        if floor >= 0:
            shelves.extend((floor, node) for node in part if not ranks[node])
        for node in part:
            shelf_of[node] = shelf
        used += width
        total = max(total, used)
        bottom = max(part, key=lambda node: (ranks[node], -node))
        if deepest < 0 or deepest == floor or ranks[bottom] > ranks[deepest]:
            deepest = bottom
    return Packing(columns, shelves, shelf_of, total)


def flush(near: Sequence[float], ranks: Sequence[int], shelf_of: Sequence[int], insets: Sequence[float]) -> list[float]:
    """The near sides with every shelf begun at the same place; `insets` is the room before each node that belongs to its group's box."""
    if not any(shelf_of):
        return list(near)
    starts: dict[int, float] = {}
    bands: dict[int, tuple[int, int]] = {}
    for node, shelf in enumerate(shelf_of):
        start = near[node] - insets[node]
        starts[shelf] = min(starts.get(shelf, start), start)
        low, high = bands.get(shelf, (ranks[node], ranks[node]))
        bands[shelf] = (min(low, ranks[node]), max(high, ranks[node]))
    order = sorted(bands.values())
    if any(above[1] >= below[0] for above, below in pairwise(order)):
        return list(near)  # shelves that share a rank cannot move past each other
    return [place - starts[shelf] for place, shelf in zip(near, shelf_of, strict=True)]


def _columns(widths: Sequence[float], links: Sequence[tuple[int, int]], groups: Sequence[int], fold: bool) -> list[tuple[int, int]]:
    linked = {node for pair in links for node in pair}
    alone: dict[int, list[int]] = {}
    for node, group in enumerate(groups):
        if node not in linked:
            alone.setdefault(group, []).append(node)
    pairs: list[tuple[int, int]] = []
    for nodes in alone.values():
        count = len(nodes)
        if fold:
            widest = max(widths[node] for node in nodes) + GAP
            across = max(1, min(round((1.6 * count) ** 0.5), int(ROOM // widest)))
        else:
            across = -(-count // min(6, max(1, round((count / 3) ** 0.5))))
        pairs.extend((nodes[at], nodes[at + across]) for at in range(count - across))
    return pairs


def _parts(count: int, links: Sequence[tuple[int, int]], groups: Sequence[int]) -> list[list[int]]:
    """Nodes that hang together by links or groups; all single ones outside groups are one part, which is a grid."""
    above = list(range(count))

    def top(node: int) -> int:
        while above[node] != node:
            above[node] = above[above[node]]
            node = above[node]
        return node

    for source, target in links:
        above[top(source)] = top(target)
    first: dict[int, int] = {}
    linked = {node for pair in links for node in pair}
    for node, group in enumerate(groups):
        if group >= 0 or node not in linked:
            above[top(node)] = top(first.setdefault(group, node))
    parts: dict[int, list[int]] = {}
    for node in range(count):
        parts.setdefault(top(node), []).append(node)
    return list(parts.values())


def _width(part: list[int], ranks: list[int], widths: Sequence[float]) -> float:
    rows: dict[int, float] = {}
    for node in part:
        rows[ranks[node]] = rows.get(ranks[node], 0.0) + widths[node] + GAP
    return max(rows.values())
