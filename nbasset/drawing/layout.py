"""Where everything of a picture stands: boxes of nodes and groups, and edges as corners.

One layout serves all surfaces: the saved SVG and the live views draw these numbers, so they show one drawing. Who places the
nodes (`engines`) is separate from how the boxes and edges follow from it (here and in `routing`).
"""

from __future__ import annotations

from collections import Counter
from typing import Final, Literal, NamedTuple

from nbasset.dataclass import dataclass
from nbasset.drawing.engines import Engine, place
from nbasset.drawing.graph import Graph, graph_of, ranks_of
from nbasset.drawing.layered import Sheet
from nbasset.drawing.measure import break_text, text_width
from nbasset.drawing.packing import ROOM, Packing, flush, pack
from nbasset.drawing.picture import Node, Picture
from nbasset.drawing.routing import Router, Row, Wire
from nbasset.drawing.states import clean, counted, fact_of, in_order, number

Direction = Literal["down", "right"]
_Shape = tuple[tuple[str, ...], float, float]

NODE_WIDTH: Final = 118.0
NODE_HEIGHT: Final = 40.0
WIDEST_NODE: Final = 180.0
WIDEST_GROUP: Final = 340.0
NARROW: Final = ROOM
"""Drawings run downwards as long as they are no wider."""
NAME_SIZE: Final = 11.0
FACT_SIZE: Final = 10.5
NAME_LINE: Final = 14.0
EDGE_OF_NODE: Final = 9.0
"""From the border of a node to its text."""
FACT_AT: Final = 16.0
"""From the glyph of a state to its word."""
HEAD: Final = 24.0
PAD: Final = 8.0
MARGIN: Final = 8.0
COUNTS_SHOWN: Final = 3


class Box(NamedTuple):
    """A node in its place. `lines` is the name as it is written; `rank` counts from the first rank of the drawing."""

    node: Node
    lines: tuple[str, ...]
    rank: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class GroupBox:
    """The box around the nodes of a group."""

    name: str
    x: float
    y: float
    width: float
    height: float


class Route(NamedTuple):
    """An edge as its corners, in drawing order from `source` to `target` (positions in `Layout.boxes`).

    `cycle`: part of a cycle of assets. `far`: from a collapsed group over more than two ranks; drawn as a stub until asked for.
    """

    source: int
    target: int
    points: tuple[tuple[float, float], ...]
    loads: bool = True
    cycle: bool = False
    far: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """A whole drawing in pixels. Boxes stand in the order of the picture's nodes, undefined ones last."""

    boxes: tuple[Box, ...]
    groups: tuple[GroupBox, ...]
    routes: tuple[Route, ...]
    width: float
    height: float
    direction: Direction = "down"
    engine: Engine = "layered"


def lay_out(picture: Picture, *, direction: Direction | Literal["auto"] = "auto", engine: Engine | None = None) -> Layout:
    """Place a picture. ``auto`` runs downwards while that stays within 900 pixels, else whichever way is narrower.

    The same picture gives the same layout with the same engine. Without a name the engine is pygraphviz, else `dot` on the PATH,
    else our own; our own also steps in when another one fails or takes more than four seconds.
    """
    graph = graph_of(picture)
    if not graph.nodes:
        return Layout((), (), (), 0.0, 0.0)
    shapes = [_shape(node) for node in graph.nodes]
    groups, names = _groups(graph.nodes)
    links = [(link.upper, link.lower) for link in graph.links]
    packing = pack([width for _, width, _ in shapes], links, groups)
    turned = (_way(links, shapes, packing) if direction == "auto" else direction) == "right"
    across = [height if turned else width for _, width, height in shapes]
    if turned:
        packing = pack(across, links, groups, fold=False)
    sheet = Sheet(across, links + packing.columns, groups, (HEAD, PAD) if turned else (PAD, PAD), packing.shelves)
    (ranks, near), engine_used = place(sheet, engine)
    near = flush(near, ranks, packing.shelf_of, [sheet.pad[0] if group >= 0 else 0.0 for group in groups])
    return _assemble(graph, shapes, _Placed(ranks, near, groups, names, turned), engine_used)


# -- Sizes ----------------------------------------------------------------------------------------------------------------


def shown_counts(node: Node) -> tuple[list[tuple[str, str]], str]:
    """What a collapsed group says on its second line: state and words of the most urgent counts, and how many states are left out."""
    counts = in_order(node.counts)
    shown = [(state, counted(state, count)) for state, count in counts[:COUNTS_SHOWN]]
    left = sum(count for _, count in counts[COUNTS_SHOWN:])
    return [(str(state), words) for state, words in shown], f"and {number(left)} more" if left else ""


def _shape(node: Node) -> _Shape:
    """Lines of the name, width and height. A node is 118 wide and widens to 180 before its name is broken."""
    name = clean(node.name) or clean(node.key)
    if node.members:
        counts, more = shown_counts(node)
        words = sum(FACT_AT + text_width(text, FACT_SIZE, bold=False) + 9 for _, text in counts)
        words += text_width(more, FACT_SIZE, bold=False) if more else -9
        head = 12 + text_width(name, NAME_SIZE) + 8 + text_width(fact_of_group(node), FACT_SIZE, bold=False)
        width = _even(max(NODE_WIDTH, words + 2 * EDGE_OF_NODE, min(head, WIDEST_GROUP - 2 * EDGE_OF_NODE) + 2 * EDGE_OF_NODE))
        room = width - 2 * EDGE_OF_NODE - 20 - text_width(fact_of_group(node), FACT_SIZE, bold=False)
        lines = break_text(name, NAME_SIZE, max(60.0, room))
    else:
        fact = FACT_AT + text_width(fact_of(node), FACT_SIZE, bold=False)
        wanted = max(text_width(name, NAME_SIZE), fact) + 2 * EDGE_OF_NODE
        width = _even(min(max(NODE_WIDTH, wanted), WIDEST_NODE))
        lines = break_text(name, NAME_SIZE, width - 2 * EDGE_OF_NODE)
    return lines, width, NODE_HEIGHT + (len(lines) - 1) * NAME_LINE


def fact_of_group(node: Node) -> str:
    """The number of assets that a collapsed group stands for, as its fact says it."""
    return clean(node.fact) or f"{number(len(node.members))} assets"


def _even(width: float) -> float:
    return float(-(-int(width + 0.999) // 2) * 2)


def _groups(nodes: tuple[Node, ...]) -> tuple[list[int], list[str]]:
    """The group of each node by number, -1 for none, and their names. The default group has no box; a collapsed one is its own."""
    numbers: dict[str, int] = {}
    groups = [-1 if node.members or node.group in {"", "default"} else numbers.setdefault(node.group, len(numbers)) for node in nodes]
    return groups, list(numbers)


def _way(links: list[tuple[int, int]], shapes: list[_Shape], packing: Packing) -> Direction:
    """Downwards unless that is too wide and running to the right is narrower."""
    if packing.width <= NARROW:
        return "down"
    widest: dict[int, float] = {}
    for rank, (_, width, _) in zip(ranks_of(len(shapes), links), shapes, strict=True):
        widest[rank] = max(widest.get(rank, 0.0), width)
    return "down" if packing.width <= sum(widest.values()) + 40 * (len(widest) - 1) else "right"


# -- From places to a drawing -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Placed:
    ranks: list[int]
    near: list[float]
    groups: list[int]
    names: list[str]
    turned: bool


def _assemble(graph: Graph, shapes: list[_Shape], placed: _Placed, engine: Engine) -> Layout:
    turned, ranks = placed.turned, _dense(placed.ranks)
    across = [height if turned else width for _, width, height in shapes]
    along = [width if turned else height for _, width, height in shapes]
    near = [float(round(value)) for value in placed.near]
    far = [start + size for start, size in zip(near, across, strict=True)]
    rows = _rows(ranks, near, along, placed)
    router = Router(rows, ranks, near, far)
    bands, corners = router.route(_wires(graph), along)
    first = [bands[rank][0] for rank in ranks]
    spans = _spans(placed, ranks, near, far, bands)
    loops = [_loop(near[node], far[node], first[node], first[node] + along[node], turned) for node in graph.loops]
    across_all = [*near, *far, *(p[0] for points in (*corners, *loops) for p in points), *(side for span in spans for side in span[1:3])]
    along_all = [*first, *(a + b for a, b in zip(first, along, strict=True)), *(side for span in spans for side in span[3:])]
    along_all += [p[1] for points in loops for p in points]
    shift = (MARGIN - min(across_all), MARGIN - min(along_all))
    boxes = []
    for node, (lines, width, height) in enumerate(shapes):
        x, y = _turn(near[node] + shift[0], first[node] + shift[1], turned)
        boxes.append(Box(graph.nodes[node], lines, ranks[node], x, y, width, height))
    groups = [_group_box(span, shift, turned) for span in spans]
    routes = [
        Route(
            link.source,
            link.target,
            _moved(points, shift, turned, link.turned),
            link.loads,
            link.cycle,
            _is_far(graph, link.source, link.target, ranks),
        )
        for link, points in zip(graph.links, corners, strict=True)
    ]
    routes += [Route(node, node, _moved(points, shift, turned, False), True, True) for node, points in zip(graph.loops, loops, strict=True)]
    width, height = _turn(max(across_all) + shift[0] + MARGIN, max(along_all) + shift[1] + MARGIN, turned)
    return Layout(tuple(boxes), tuple(groups), tuple(routes), width, height, "right" if turned else "down", engine)


def _dense(ranks: list[int]) -> list[int]:
    """Ranks without gaps: one that no node stands on is not drawn."""
    number_of = {rank: at for at, rank in enumerate(sorted(set(ranks)))}
    return [number_of[rank] for rank in ranks]


def _rows(ranks: list[int], near: list[float], along: list[float], placed: _Placed) -> list[Row]:
    nodes: list[list[int]] = [[] for _ in range(max(ranks) + 1)]
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for node, rank in enumerate(ranks):
        nodes[rank].append(node)
        group = placed.groups[node]
        if group >= 0:
            first[group] = min(first.get(group, rank), rank)
            last[group] = max(last.get(group, rank), rank)
    opens, closes = set(first.values()), set(last.values())
    head = PAD if placed.turned else HEAD
    return [
        Row(
            sorted(row, key=near.__getitem__),
            max(along[node] for node in row),
            head if rank in opens else 0.0,
            PAD if rank in closes else 0.0,
        )
        for rank, row in enumerate(nodes)
    ]


def _wires(graph: Graph) -> list[Wire]:
    """Wires of all links. What is turned round gets a trunk of its own beside the middle, so that it is not taken for the other way."""
    wires = []
    beside: dict[int, int] = {}
    total = Counter(link.upper for link in graph.links if link.turned)
    for at, link in enumerate(graph.links):
        if not link.turned:
            wires.append(Wire(link.upper, link.lower, link.upper))
            continue
        side = beside[link.upper] = beside.get(link.upper, 0) + 1
        step = min(12.0, 16.0 / ((total[link.upper] + 1) // 2))
        wires.append(Wire(link.upper, link.lower, len(graph.nodes) + at, float(round(step * ((side + 1) // 2) * (-1 if side % 2 else 1)))))
    return wires


def _is_far(graph: Graph, source: int, target: int, ranks: list[int]) -> bool:
    return bool(graph.nodes[source].members) and abs(ranks[target] - ranks[source]) > 2


def _spans(
    placed: _Placed, ranks: list[int], near: list[float], far: list[float], bands: list[tuple[float, float]]
) -> list[tuple[str, float, float, float, float]]:
    """Name and four sides of every group: near, far, begin, end."""
    pads = (HEAD, PAD, PAD, PAD) if placed.turned else (PAD, PAD, HEAD, PAD)
    sides: dict[int, list[float]] = {}
    for node, group in enumerate(placed.groups):
        if group < 0:
            continue
        begin, end = bands[ranks[node]]
        box = sides.setdefault(group, [near[node], far[node], begin, end])
        box[0], box[1] = min(box[0], near[node]), max(box[1], far[node])
        box[2], box[3] = min(box[2], begin), max(box[3], end)
    return [
        (placed.names[group], box[0] - pads[0], box[1] + pads[1], box[2] - pads[2], box[3] + pads[3])
        for group, box in sorted(sides.items())
    ]


def _group_box(span: tuple[str, float, float, float, float], shift: tuple[float, float], turned: bool) -> GroupBox:
    name, near, far, begin, end = span
    x, y = _turn(near + shift[0], begin + shift[1], turned)
    width, height = _turn(far - near, end - begin, turned)
    return GroupBox(name, x, y, width, height)


def _loop(near: float, far: float, begin: float, end: float, turned: bool) -> tuple[tuple[float, float], ...]:
    """A small hook on the far side of a node that reads itself."""
    if turned:
        low, high = end - 30, end - 12
        return ((far, low), (far + 9, low), (far + 9, high), (far, high))
    low, high = begin + 11, end - 11
    return ((far, low), (far + 9, low), (far + 9, high), (far, high))


def _turn(across: float, along: float, turned: bool) -> tuple[float, float]:
    return (along, across) if turned else (across, along)


def _moved(
    points: tuple[tuple[float, float], ...], shift: tuple[float, float], turned: bool, back: bool
) -> tuple[tuple[float, float], ...]:
    dx, dy = shift
    if turned:
        moved = tuple([(along + dy, across + dx) for across, along in points])
    else:
        moved = tuple([(across + dx, along + dy) for across, along in points])
    return moved[::-1] if back else moved
