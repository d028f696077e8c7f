"""Our own layered layout, for machines without Graphviz: ranks, order within ranks, places across.

Longest-path ranks, barycentre sweeps against crossings (Sugiyama, Tagawa and Toda 1981, sections 3 and 4), then places by medians
under separation constraints. Groups stay together: on every rank that a group spans its members stand side by side, groups keep one
order from left to right on all ranks, and nothing foreign stands inside the box of a group. Everything is a function of the order of
the input: no randomness.

The direction is downwards here; `layout` turns the result for graphs that run to the right.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from itertools import pairwise

from nbasset.dataclass import dataclass
from nbasset.drawing.graph import ranks_of

GAP = 16.0
"""Between two neighbours of a rank."""
_LANE = 10.0
"""Width kept for an edge that passes a rank."""
_MOST_LANES = 6000
_SWEEPS = 3
_EXCHANGES = 4
_PLACINGS = 5


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is to be placed: the extent of each node across, links from above to below, the group of each node (-1 for none), and the
    room that the box of a group keeps on its near and far side. `shelves` put one node below another and mean nothing else."""

    widths: Sequence[float]
    links: Sequence[tuple[int, int]]
    groups: Sequence[int]
    pad: tuple[float, float] = (8.0, 8.0)
    shelves: Sequence[tuple[int, int]] = ()


@dataclass(slots=True)
class _Grid:
    """Nodes and lanes by rank. Lanes are numbered after the nodes."""

    ranks: list[int]
    groups: list[int]
    widths: list[float]
    above: list[list[int]]
    below: list[list[int]]
    rows: list[list[int]]
    spans: dict[int, tuple[int, int]]


def arrange(sheet: Sheet) -> tuple[list[int], list[float]]:
    """Rank and left side of every node."""
    count = len(sheet.widths)
    if not count:
        return [], []
    ranks = ranks_of(count, [*sheet.links, *sheet.shelves])
    _settle_sources(ranks, sheet)
    grid = _with_lanes(ranks, sheet)
    _untangle(grid)
    lefts = _place(grid, sheet.pad)
    return ranks, lefts[:count]


def _settle_sources(ranks: list[int], sheet: Sheet) -> None:
    """Bring nodes that nothing feeds down to what they feed; those of a group no deeper than the group reaches anyway."""
    nearest: dict[int, int] = {}
    fed = set()
    for _, target in sheet.shelves:
        fed.add(target)
    for source, target in sheet.links:
        fed.add(target)
        nearest[source] = min(nearest.get(source, ranks[target]), ranks[target])
    deepest: dict[int, int] = {}
    for node, group in enumerate(sheet.groups):
        deepest[group] = max(deepest.get(group, 0), ranks[node])
    for node, rank in nearest.items():
        if node not in fed:
            group = sheet.groups[node]
            ranks[node] = rank - 1 if group < 0 else min(rank - 1, deepest[group])


def _with_lanes(ranks: list[int], sheet: Sheet) -> _Grid:
    """Add a lane for each rank that an edge passes; the edges of one node share theirs, as they share a trunk in the drawing."""
    count = len(ranks)
    grid = _Grid(
        ranks=list(ranks),
        groups=list(sheet.groups),
        widths=list(sheet.widths),
        above=[[] for _ in range(count)],
        below=[[] for _ in range(count)],
        rows=[[] for _ in range(max(ranks) + 1)],
        spans={},
    )
    for node, rank in enumerate(ranks):
        grid.rows[rank].append(node)
        group = grid.groups[node]
        if group >= 0:
            low, high = grid.spans.get(group, (rank, rank))
            grid.spans[group] = (min(low, rank), max(high, rank))
    targets: list[list[int]] = [[] for _ in range(count)]
    for source, target in sheet.links:
        targets[source].append(target)
    for source in range(count):
        if targets[source]:
            _lay_lane(grid, source, targets[source], count)
    _hold_open(grid)
    return grid


def _hold_open(grid: _Grid) -> None:
    """On a rank that a group spans without a member, a lane keeps the place of its box."""
    present: dict[tuple[int, int], int] = {}
    for node, group in enumerate(grid.groups):
        if group >= 0:
            present.setdefault((group, grid.ranks[node]), node)
    for group, (low, high) in grid.spans.items():
        for rank in range(low + 1, high):
            if (group, rank) not in present:
                lane = present[group, rank] = len(grid.ranks)
                over = present[group, rank - 1]
                grid.ranks.append(rank)
                grid.groups.append(group)
                grid.widths.append(_LANE)
                grid.above.append([over])
                grid.below.append([])
                grid.below[over].append(lane)
                grid.rows[rank].append(lane)


def _lay_lane(grid: _Grid, source: int, targets: list[int], count: int) -> None:
    ranks = grid.ranks
    start = ranks[source]
    home = grid.groups[source]
    trunk = [source]
    # A lane is inside a group only when everything it serves is.
    inside = home >= 0 and all(grid.groups[target] == home for target in targets)
    for target in sorted(targets, key=ranks.__getitem__):
        steps = ranks[target] - start - 1
        if len(grid.ranks) - count + steps - len(trunk) + 1 > _MOST_LANES:
            continue
        while len(trunk) <= steps:
            lane = len(grid.ranks)
            grid.ranks.append(start + len(trunk))
            grid.groups.append(home if inside else -1)
            grid.widths.append(_LANE)
            grid.above.append([trunk[-1]])
            grid.below.append([])
            grid.below[trunk[-1]].append(lane)
            grid.rows[start + len(trunk)].append(lane)
            trunk.append(lane)
        grid.below[trunk[steps]].append(target)
        grid.above[target].append(trunk[steps])


# -- Order ----------------------------------------------------------------------------------------------------------------


def _untangle(grid: _Grid) -> None:
    """Order the ranks: by barycentres, down and up in turn, then by exchanging neighbours as long as that helps."""
    place = [0.0] * len(grid.ranks)
    _start_order(grid, place)
    group_place = _group_places(grid, place)
    best = [row[:] for row in grid.rows]
    fewest = -1 if grid.spans else _crossings(grid, place)
    for sweep in range(_SWEEPS):
        downwards = sweep % 2 == 0
        neighbours = grid.above if downwards else grid.below
        for rank in range(len(grid.rows)) if downwards else range(len(grid.rows) - 1, -1, -1):
            _sort_row(grid, rank, neighbours, place, group_place)
        if grid.spans:
            group_place = _group_places(grid, place)
        crossings = _crossings(grid, place)
        if fewest < 0 or crossings < fewest:
            fewest, best = crossings, [row[:] for row in grid.rows]
        if not fewest:
            break
    grid.rows[:] = best
    for row in grid.rows:
        _number(row, place)
    if grid.spans:
        # One order of groups on all ranks: the last word before places are given.
        group_place = _group_places(grid, place)
        for rank in range(len(grid.rows)):
            _sort_row(grid, rank, None, place, group_place)
    if fewest:
        _exchange(grid, place)


def _exchange(grid: _Grid, place: list[float]) -> None:
    """Swap neighbours on a rank where that saves crossings (Gansner et al. 1993, section 3); groups stay together."""
    for turn in range(_EXCHANGES):
        swapped = False
        for row in grid.rows if turn % 2 == 0 else reversed(grid.rows):
            ups = {node: sorted([place[other] for other in grid.above[node]]) for node in row}
            downs = {node: sorted([place[other] for other in grid.below[node]]) for node in row}
            for at in range(len(row) - 1):
                first, second = row[at], row[at + 1]
                if grid.groups[first] != grid.groups[second]:
                    continue
                if _saving(ups[first], ups[second]) + _saving(downs[first], downs[second]) > 0:
                    row[at], row[at + 1] = second, first
                    place[first], place[second] = place[second], place[first]
                    swapped = True
        if not swapped:
            break


def _saving(first: list[float], second: list[float]) -> int:
    """Crossings that two neighbours lose by an exchange, from the places of what they are linked to."""
    if not first or not second or first[-1] <= second[0]:
        return -1 if first and second and first[0] < second[-1] else 0
    saved = 0
    for one in first:
        for other in second:
            if one > other:
                saved += 1
            elif one < other:
                saved -= 1
    return saved


def _start_order(grid: _Grid, place: list[float]) -> None:
    """Breadth first from one end of each component, both ways along the edges, so that what hangs together starts together.

    The end is found as for a band matrix: the last node reached from the first, and again (Cuthill and McKee 1969).
    """
    near = [up + down for up, down in zip(grid.above, grid.below, strict=True)]
    number_of: dict[int, int] = {}
    for root in range(len(grid.ranks)):
        if root not in number_of:
            end = _reached(near, _reached(near, root)[-1])[-1]
            for node in _reached(near, end):
                number_of[node] = len(number_of)
    for row in grid.rows:
        row.sort(key=number_of.__getitem__)
        _number(row, place)


def _reached(near: list[list[int]], root: int) -> list[int]:
    seen = {root}
    found = [root]
    for node in found:
        for other in near[node]:
            if other not in seen:
                seen.add(other)
                found.append(other)
    return found


def _number(row: list[int], place: list[float]) -> None:
    middle = (len(row) - 1) / 2
    for at, node in enumerate(row):
        place[node] = at - middle


def _group_places(grid: _Grid, place: list[float]) -> dict[int, float]:
    """Mean place of the members of each group."""
    total: dict[int, float] = {}
    number: dict[int, int] = {}
    for node, group in enumerate(grid.groups):
        if group >= 0:
            total[group] = total.get(group, 0.0) + place[node]
            number[group] = number.get(group, 0) + 1
    return {group: total[group] / number[group] for group in total}


def _sort_row(grid: _Grid, rank: int, neighbours: list[list[int]] | None, place: list[float], group_place: dict[int, float]) -> None:
    """Sort one rank by the mean place of the neighbours; a group is one unit in it, and units of groups keep the order of groups."""
    row = grid.rows[rank]
    key: dict[int, float] = {}
    for node in row:
        near = neighbours[node] if neighbours else None
        if near:
            key[node] = place[near[0]] if len(near) == 1 else sum([place[other] for other in near]) / len(near)
        else:
            key[node] = place[node]
    if not grid.spans:
        row.sort(key=key.__getitem__)
        _number(row, place)
        return
    inside: dict[int, list[int]] = {}
    units: list[tuple[float, int, list[int]]] = []
    for node in row:
        group = grid.groups[node]
        if group < 0:
            units.append((key[node], -1, [node]))
        else:
            inside.setdefault(group, []).append(node)
    for group, nodes in inside.items():
        nodes.sort(key=key.__getitem__)
        units.append((sum([key[node] for node in nodes]) / len(nodes), group, nodes))
    units.sort(key=lambda unit: unit[0])
    slots = [at for at, unit in enumerate(units) if unit[1] >= 0]
    groups = sorted((units[at] for at in slots), key=lambda unit: (group_place[unit[1]], unit[1]))
    for at, unit in zip(slots, groups, strict=True):
        units[at] = unit
    row[:] = [node for unit in units for node in unit[2]]
    _number(row, place)


def _crossings(grid: _Grid, place: list[float]) -> int:
    """Crossings between neighbouring ranks: for each edge the edges before it that end beyond it."""
    crossings = 0
    for upper in grid.rows[:-1]:
        ends: list[float] = []
        for node in upper:
            places = sorted([place[other] for other in grid.below[node]])
            for end in places:
                crossings += len(ends) - bisect_right(ends, end)
            for end in places:
                insort(ends, end)
    return crossings


# -- Places ---------------------------------------------------------------------------------------------------------------


def _place(grid: _Grid, pad: tuple[float, float]) -> list[float]:
    """Near sides: every node near the median of its neighbours, as far as separation allows.

    Each rank is the least-squares fit to those medians (pooling adjacent violators, as in isotonic regression). Where groups are,
    two passes follow, one pushing to the far side and one to the near; both keep all separations, hence so does their mean.
    """
    count = len(grid.ranks)
    half = [width / 2 for width in grid.widths]
    near = [grid.above[node] + grid.below[node] for node in range(count)]
    offsets = [_offsets(grid, row, pad) for row in grid.rows]
    left = [0.0] * count
    for row, offset in zip(grid.rows, offsets, strict=True):
        middle = (offset[-1] + grid.widths[row[-1]]) / 2
        for node, place in zip(row, offset, strict=True):
            left[node] = place - middle
    for _ in range(_PLACINGS):
        middles = [place + side for place, side in zip(left, half, strict=True)]
        for row, offset in zip(grid.rows, offsets, strict=True):
            # Half the way: ranks that all moved the whole way at once would swing.
            wanted = [(left[node] + _median([middles[other] for other in near[node]], middles[node]) - half[node]) / 2 for node in row]
            for node, place in zip(row, _fit(wanted, offset), strict=True):
                left[node] = place
    return _apart(grid, left, pad) if grid.spans else left


def _median(places: list[float], otherwise: float) -> float:
    size = len(places)
    if size < 3:
        return (places[0] + places[-1]) / 2 if size else otherwise
    places.sort()
    return places[size // 2] if size & 1 else (places[size // 2 - 1] + places[size // 2]) / 2


def _offsets(grid: _Grid, row: list[int], pad: tuple[float, float]) -> list[float]:
    """Near sides of a rank packed as tightly as it may be."""
    offsets = [pad[0] if grid.groups[row[0]] >= 0 else 0.0]
    for first, second in pairwise(row):
        apart = grid.widths[first] + GAP
        if grid.groups[first] != grid.groups[second]:
            apart += (pad[1] if grid.groups[first] >= 0 else 0.0) + (pad[0] if grid.groups[second] >= 0 else 0.0)
        offsets.append(offsets[-1] + apart)
    return offsets


def _fit(wanted: list[float], offsets: list[float]) -> list[float]:
    """The places nearest to those wanted, in the sense of least squares, that are at least as far apart as the offsets."""
    means: list[float] = []
    sizes: list[int] = []
    for place, offset in zip(wanted, offsets, strict=True):
        mean, size = place - offset, 1
        while means and means[-1] > mean:
            last, number = means.pop(), sizes.pop()
            mean = (mean * size + last * number) / (size + number)
            size += number
        means.append(mean)
        sizes.append(size)
    level = [mean for mean, size in zip(means, sizes, strict=True) for _ in range(size)]
    return [base + offset for base, offset in zip(level, offsets, strict=True)]


def _apart(grid: _Grid, left: list[float], pad: tuple[float, float]) -> list[float]:
    """The places with the boxes of groups kept apart."""
    order, before, after = _separations(grid, pad)
    sides: list[float] = []
    reach: dict[int, list[float]] = {group: [] for group in grid.spans}
    for node, group in enumerate(grid.groups):
        if group >= 0:
            reach[group] += (left[node], left[node] + grid.widths[node])
    for ends in reach.values():
        sides += (min(ends) - pad[0], max(ends) + pad[1])
    far, near = left + sides, left + sides
    _push_right(far, order, before)
    _push_left(near, order, after)
    return [(a + b) / 2 for a, b in zip(far, near, strict=True)][: len(left)]


def _push_right(place: list[float], order: list[int], before: list[list[tuple[int, float]]]) -> None:
    for item in order:
        least = place[item]
        for other, distance in before[item]:
            reach = place[other] + distance
            if reach > least:
                least = reach
        place[item] = least


def _push_left(place: list[float], order: list[int], after: list[list[tuple[int, float]]]) -> None:
    for item in reversed(order):
        most = place[item]
        for other, distance in after[item]:
            reach = place[other] - distance
            if reach < most:
                most = reach
        place[item] = most


def _separations(grid: _Grid, pad: tuple[float, float]) -> tuple[list[int], list[list[tuple[int, float]]], list[list[tuple[int, float]]]]:
    """Least distances between left sides, as a graph without rings: its order, and for each item what precedes and what follows it.

    Besides nodes and lanes each group has two items, its near and its far side, which hold on all the ranks that it spans.
    """
    count = len(grid.ranks)
    near_side = {group: count + 2 * at for at, group in enumerate(grid.spans)}
    pairs: dict[tuple[int, int], float] = {}
    for row in grid.rows:
        units = _units(grid, row)
        tail = -1
        reach = 0.0
        for group, nodes in units:
            head = near_side[group] if group >= 0 else nodes[0]
            if tail >= 0:
                pairs[tail, head] = max(pairs.get((tail, head), 0.0), reach + GAP)
            previous, distance = (head, pad[0]) if group >= 0 else (-1, 0.0)
            for node in nodes:
                if previous >= 0:
                    pairs[previous, node] = distance
                previous, distance = node, grid.widths[node] + GAP
            if group >= 0:
                tail, reach = near_side[group] + 1, 0.0
                pairs[previous, tail] = grid.widths[nodes[-1]] + pad[1]
            else:
                tail, reach = nodes[-1], grid.widths[nodes[-1]]
    total = count + 2 * len(near_side)
    before: list[list[tuple[int, float]]] = [[] for _ in range(total)]
    after: list[list[tuple[int, float]]] = [[] for _ in range(total)]
    for (first, second), distance in pairs.items():
        before[second].append((first, distance))
        after[first].append((second, distance))
    return _topological(before, after), before, after


def _units(grid: _Grid, row: list[int]) -> list[tuple[int, list[int]]]:
    """The rank as single nodes and runs of a group."""
    units: list[tuple[int, list[int]]] = []
    for node in row:
        group = grid.groups[node]
        if group >= 0 and units and units[-1][0] == group:
            units[-1][1].append(node)
        else:
            units.append((group, [node]))
    return units


def _topological(before: list[list[tuple[int, float]]], after: list[list[tuple[int, float]]]) -> list[int]:
    waiting = [len(others) for others in before]
    order = [item for item, number in enumerate(waiting) if not number]
    for item in order:
        for other, _ in after[item]:
            waiting[other] -= 1
            if not waiting[other]:
                order.append(other)
    return order
