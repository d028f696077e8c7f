"""One SVG for every surface: saved notebooks, GitHub, nbconvert, JupyterLab.

It needs nothing but itself: no script, no font, no address. It has a ground of its own, follows light and dark, carries its text as
title and description, and tells every state by colour, glyph and word. The same picture gives the same bytes.

For a live view: each node is a ``<g class="node" data-key="...">``, each edge a ``<path data-e="3 12">`` with the positions of its
two nodes among ``.node``. Classes that the view may set: ``sel`` on nodes, ``on`` on edges, ``live`` on the root (turns the glyphs
of what is running). `Layout` holds the same geometry as numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final, Literal

from nbasset.dataclass import dataclass
from nbasset.drawing.graph import Graph, graph_of, reads
from nbasset.drawing.layout import (
    EDGE_OF_NODE,
    FACT_AT,
    FACT_SIZE,
    NAME_LINE,
    Box,
    GroupBox,
    Layout,
    Route,
    fact_of_group,
    lay_out,
    shown_counts,
)
from nbasset.drawing.measure import break_text, shorten, text_width
from nbasset.drawing.picture import Picture, State
from nbasset.drawing.states import WORDS, clean, counted, fact_of, in_order, number, say, tally
from nbasset.drawing.style import style
from nbasset.drawing.text import describe
from nbasset.drawing.tokens import GLYPHS

Theme = Literal["auto", "light", "dark"]

_RADIUS: Final = 6.0
_SIDE: Final = 12.0
_LINE: Final = 18.0
_LEAST_WIDTH: Final = 340.0
_MOST_PROBLEMS: Final = 8
_FULL_TITLES: Final = 200
EMPTY: Final = "No assets yet. Begin a cell with %%asset NAME, or decorate a function with @asset."


def to_svg(picture: Picture, layout: Layout | None = None, *, theme: Theme = "auto", interactive_ids: bool = True) -> str:
    """`picture` as SVG text.

    Parameters
    ----------
    layout
        From `lay_out` of the same picture; made here when not given.
    theme
        ``light`` and ``dark`` fix the colours, for print and for readers that do not switch.
    interactive_ids
        Without them the marks by which a live view finds nodes and edges are left out.
    """
    graph = graph_of(picture)
    placed = layout or lay_out(picture)
    states = _states(picture, graph)
    body = _Body(picture, graph, placed, interactive_ids)
    foot, foot_height = body.foot(placed.height)
    width, height = max(placed.width, _LEAST_WIDTH), placed.height + foot_height
    # Half a pixel, so that lines of one pixel fall on one.
    drawing = [body.groups(), body.edges(), body.group_names(), body.nodes()]
    parts = ['<g transform="translate(.5 .5)">', *drawing, "</g>", foot]
    title, about = _escape(_title(picture, graph)), _escape(describe(picture))
    size = f"{_num(width)} {_num(height)}"
    digest = hashlib.sha256("\0".join([title, about, size, theme, *parts]).encode()).hexdigest()
    root = f"nb{digest[:6]}"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" id="{root}" class="nbasset-lineage" width="{_num(width)}" height="{_num(height)}" '
        f'viewBox="0 0 {size}" role="img" aria-labelledby="{root}-title {root}-desc" style="max-width:100%;height:auto">'
        f'<title id="{root}-title">{title}</title><desc id="{root}-desc">{about}</desc>'
        f"<style>{style(root, states, theme)}</style><defs>{_defs(root, states, placed.routes)}</defs>"
        f'<rect class="ground" x=".5" y=".5" width="{_num(width - 1)}" height="{_num(height - 1)}" rx="6"/>'
    )
    return "".join([head, *(part.replace("\0", root) for part in parts), "</svg>\n"])


def _states(picture: Picture, graph: Graph) -> tuple[State, ...]:
    used = {node.state for node in graph.nodes} | {state for node in graph.nodes for state, _ in node.counts}
    if picture.problems:
        used.add("problem")
    return tuple(state for state in WORDS if state in used)


def _title(picture: Picture, graph: Graph) -> str:
    count = sum(len(node.members) or 1 for node in graph.nodes)
    return f"{clean(picture.title)}, {number(count)} asset{'' if count == 1 else 's'}"


def _defs(root: str, states: Sequence[State], routes: Sequence[Route]) -> str:
    symbols = "".join(f'<g id="{root}-{state}" transform="translate(9 21.5) scale(.917)">{GLYPHS[state]}</g>' for state in states)
    if not routes:
        return symbols
    tips = "".join(
        f'<marker id="{root}-{name}" viewBox="0 0 7 6" refX="5.5" refY="3" markerWidth="7" markerHeight="6" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path class="tip{kind}" d="M0 0L6 3L0 6z"/></marker>'
        for name, kind in (("t", ""), ("u", " on"), ("r", " r"))
    )
    return symbols + tips


@dataclass(frozen=True, slots=True)
class _Body:
    """The parts of one drawing, each as text. Where the id of the root belongs stands a NUL, which no text of a picture can hold."""

    picture: Picture
    graph: Graph
    layout: Layout
    marks: bool

    # -- Groups and edges -------------------------------------------------------------------------------------------------

    def groups(self) -> str:
        """The boxes behind groups."""
        return "".join(
            f'<rect class="group" x="{_num(group.x)}" y="{_num(group.y)}" {_size(group.width, group.height)} rx="6"/>'
            for group in self.layout.groups
        )

    def group_names(self) -> str:
        """Above the edges, with a rim in the colour of the box, so that an edge behind does not cross a name out."""
        return "".join(self._group_name(group) for group in self.layout.groups)

    def _group_name(self, group: GroupBox) -> str:
        name = clean(group.name)
        shown = shorten(name, 11, group.width - 16)
        full = f"<title>{_escape(name)}</title>" if shown != name else ""
        return f'<text class="gn" x="{_num(group.x + 8)}" y="{_num(group.y + 15)}">{_escape(shown)}{full}</text>'

    def edges(self) -> str:
        """All edges; those that are lit or part of a cycle above the others."""
        lit = self._lit()
        plain: list[str] = []
        above: list[str] = []
        for at, route in enumerate(self.layout.routes):
            kind = " ".join(name for name, holds in (("o", not route.loads), ("on", at in lit), ("r", route.cycle)) if holds)
            mark = f' data-e="{route.source} {route.target}"' if self.marks else ""
            path = _path(route.points)
            if route.far and at not in lit:
                plain.append(self._stub(route, path, mark))
            else:
                names = f' class="{kind}"' if kind else ""
                (above if kind and kind != "o" else plain).append(f'<path{mark}{names} d="{path}"/>')
        return f'<g class="e">{"".join(plain + above)}</g>' if plain or above else ""

    def _stub(self, route: Route, path: str, mark: str) -> str:
        """The last piece of a far edge with a ring at its end; the whole edge shows while somebody points at it."""
        (x, y), (from_x, from_y) = route.points[-1], route.points[-2]
        dx, dy = (0 if from_x == x else (1 if from_x < x else -1)), (0 if from_y == y else (1 if from_y < y else -1))
        ring = (x - 12 * dx, y - 12 * dy)
        source, target = (clean(self.graph.nodes[end].name) for end in (route.source, route.target))
        return (
            f'<g class="far"{mark}><title>{_escape(f"{source} feeds {target}")}</title><path class="w" d="{path}"/>'
            f'<path d="M{_num(ring[0])} {_num(ring[1])}L{_num(x)} {_num(y)}"/>'
            f'<circle cx="{_num(ring[0])}" cy="{_num(ring[1])}" r="2.5"/></g>'
        )

    def _lit(self) -> frozenset[int]:
        """Edges on a way into or out of what is selected."""
        selected = {at for at, node in enumerate(self.graph.nodes) if node.key in self.picture.selected}
        if not selected:
            return frozenset()
        routes = self.layout.routes
        into: dict[int, list[int]] = {}
        out: dict[int, list[int]] = {}
        for at, route in enumerate(routes):
            into.setdefault(route.target, []).append(at)
            out.setdefault(route.source, []).append(at)
        lit: set[int] = set()
        for reach, ahead in ((into, False), (out, True)):
            seen, work = set(selected), sorted(selected)
            while work:
                for at in reach.get(work.pop(), ()):
                    lit.add(at)
                    end = routes[at].target if ahead else routes[at].source
                    if end not in seen:
                        seen.add(end)
                        work.append(end)
        return frozenset(lit)

    # -- Nodes ------------------------------------------------------------------------------------------------------------

    def nodes(self) -> str:
        """All nodes, in the order of the layout's boxes, which the marks of edges count."""
        full = len(self.layout.boxes) <= _FULL_TITLES
        upstream = reads(self.graph) if full else []
        return "".join(self._node(box, upstream[at] if full else []) for at, box in enumerate(self.layout.boxes))

    def _node(self, box: Box, upstream: Sequence[int]) -> str:
        node = box.node
        chosen = " sel" if node.key in self.picture.selected else ""
        mark = f' data-key="{_escape(clean(node.key))}"' if self.marks else ""
        size = _size(box.width, box.height) + (' rx="5"' if len(self.layout.boxes) <= _FULL_TITLES else "")
        title = f"<title>{_escape(self._about(box, upstream))}</title>"
        inside = self._group_inside(box) if node.members else self._asset_inside(box)
        back = f'<rect class="b" x="3" y="3" {size} opacity=".6"/>' if node.members else ""
        return (
            f'<g class="node{chosen}"{mark} data-state="{node.state}" transform="translate({_num(box.x)} {_num(box.y)})">'
            f'{title}{back}<rect class="b" {size}/>{inside}</g>'
        )

    def _asset_inside(self, box: Box) -> str:
        below = (len(box.lines) - 1) * NAME_LINE
        fact = shorten(fact_of(box.node), FACT_SIZE, box.width - 2 * EDGE_OF_NODE - FACT_AT)
        turn = ' class="turn"' if box.node.state == "running" else ""
        down = f' y="{_num(below)}"' if below else ""
        return (
            f"{_name(box.lines, EDGE_OF_NODE)}"
            f'<use{turn} href="#\0-{box.node.state}"{down}/>'
            f'<text class="f" x="25" y="{_num(31 + below)}">{_escape(fact)}</text>{_bar(box)}'
        )

    def _group_inside(self, box: Box) -> str:
        below = (len(box.lines) - 1) * NAME_LINE
        counts, more = shown_counts(box.node)
        beside = f'<tspan class="q" dx="6">{_escape(fact_of_group(box.node))}</tspan>'
        parts = ['<path class="c" d="m10 8 4 4-4 4"/>', _name(box.lines, 21, beside)]
        x = EDGE_OF_NODE
        for state, words in counts:
            parts.append(
                f'<g data-state="{state}"><use href="#\0-{state}" x="{_num(x - 9)}" y="{_num(below)}"/>'
                f'<text class="f" x="{_num(x + FACT_AT)}" y="{_num(31 + below)}">{words}</text></g>'
            )
            x += FACT_AT + text_width(words, FACT_SIZE, bold=False) + 9
        if more:
            parts.append(f'<text class="q" x="{_num(x)}" y="{_num(31 + below)}">{more}</text>')
        return "".join(parts)

    def _about(self, box: Box, upstream: Sequence[int]) -> str:
        """What a pointer over the node tells: everything that does not fit in the box."""
        node = box.node
        if len(self.layout.boxes) > _FULL_TITLES:
            return clean(node.name)
        parts = [f"{clean(node.name)}: {fact_of(node)}"]
        if node.counts:
            parts.append(say(node.counts))
        if upstream:
            parts.append("reads " + _listed([clean(self.graph.nodes[other].name) for other in upstream]))
        if node.group != "default" and not node.members:
            parts.append(f"group {clean(node.group)}")
        if node.kinds:
            parts.append(", ".join(clean(kind) for kind in node.kinds))
        if node.description:
            parts.append(shorten(clean(node.description).strip(), 10, 1600))
        return ". ".join(parts)

    # -- Legend, caption, problems ----------------------------------------------------------------------------------------

    def foot(self, top: float) -> tuple[str, float]:
        """The lines below the drawing and their height."""
        room = max(self.layout.width, _LEAST_WIDTH) - 2 * _SIDE
        if not self.graph.nodes:
            lines = break_text(EMPTY, 11, room, bold=False)
            texts = [
                f'<text class="q" x="{_num(_SIDE)}" y="{_num(top + 24 + at * _LINE)}">{line.strip()}</text>'
                for at, line in enumerate(lines)
            ]
            extra, height = self._lines(top + 24 + len(lines) * _LINE, room)
            return "".join(texts) + extra, 24 + len(lines) * _LINE + height
        legend, y = self._legend(top + 12, room)
        lines_text, height = self._lines(y + _LINE, room)
        return legend + lines_text, y + _LINE - top + height - 4

    def _legend(self, top: float, room: float) -> tuple[str, float]:
        items: list[tuple[str, str, str]] = [
            (f'<use href="#\0-{state}" x="{{x}}" y="{{y}}"/>', counted(state, count), state) for state, count in tally(self.graph.nodes)
        ]
        if any(not route.loads for route in self.layout.routes):
            items.append(('<path class="o" d="M{x} {mid}h15"/>', "only orders", ""))
        if any(route.cycle for route in self.layout.routes):
            items.append(('<path class="r" d="M{x} {mid}h15"/>', "a cycle", ""))
        x, y = _SIDE, top
        parts: list[str] = []
        for drawn, words, state in items:
            width = (FACT_AT if state else 20) + text_width(words, FACT_SIZE, bold=False)
            if x > _SIDE and x + width > _SIDE + room:
                x, y = _SIDE, y + _LINE
            glyph = drawn.format(x=_num(x - 9 if state else x), y=_num(y - 21), mid=_num(y + 6))
            label = f'<text class="{"f" if state else "q"}" x="{_num(x + (FACT_AT if state else 20))}" y="{_num(y + 10)}">{words}</text>'
            parts.append(f'<g data-state="{state}">{glyph}{label}</g>' if state else f'<g class="e">{glyph}</g>{label}')
            x += width + 14
        return f'<g class="legend">{"".join(parts)}</g>', y

    def _lines(self, top: float, room: float) -> tuple[str, float]:
        """Problems, then the caption, each broken to the width."""
        parts: list[str] = []
        y = top + 10
        problems = self.picture.problems[:_MOST_PROBLEMS]
        left = len(self.picture.problems) - len(problems)
        for problem in problems:
            lines = break_text(clean(problem), 11, room - FACT_AT, bold=False)
            texts = "".join(
                f'<text class="f" x="{_num(_SIDE + FACT_AT)}" y="{_num(y + at * 15)}">{_escape(line)}</text>'
                for at, line in enumerate(lines)
            )
            glyph = f'<use href="#\0-problem" x="{_num(_SIDE - 9)}" y="{_num(y - 31)}"/>'
            parts.append(f'<g data-state="problem">{glyph}{texts}</g>')
            y += len(lines) * 15 + 3
        captions = [f"and {number(left)} more problems"] if left else []
        captions += [clean(self.picture.caption)] if self.picture.caption else []
        for caption in captions:
            for line in break_text(caption, 11, room, bold=False):
                parts.append(f'<text class="q" x="{_num(_SIDE)}" y="{_num(y)}">{_escape(line)}</text>')
                y += 16
        return "".join(parts), y - top if parts else 4.0


def _name(lines: Sequence[str], x: float, beside: str = "") -> str:
    """The lines of a name, with something beside the first."""
    return "".join(
        f'<text x="{_num(x)}" y="{_num(16 + at * NAME_LINE)}">{_escape(line)}{"" if at else beside}</text>' for at, line in enumerate(lines)
    )


def _bar(box: Box) -> str:
    """Proportions of the partitions' states at the foot of a node; the smallest part can still be seen."""
    counts = in_order(box.node.counts)
    total = sum(count for _, count in counts)
    if not total:
        return ""
    room = box.width - 12
    least = min(2.0, room / len(counts))
    widths = [max(least, room * count / total) for _, count in counts]
    over = sum(widths) - room
    widest = widths.index(max(widths))
    widths[widest] -= over
    parts = []
    x = 6.0
    for (state, _), width in zip(counts, widths, strict=True):
        parts.append(f'<rect class="k-{state}" x="{_num(x)}" y="{_num(box.height - 5)}" width="{_num(width)}" height="2.5"/>')
        x += width
    return "".join(parts)


def _listed(names: Sequence[str], most: int = 8) -> str:
    shown = ", ".join(names[:most])
    return f"{shown} and {number(len(names) - most)} more" if len(names) > most else shown


def _path(points: Sequence[tuple[float, float]]) -> str:
    """Corners as a path with round bends, in relative steps."""
    x, y = points[0]
    parts = [f"M{_num(x)} {_num(y)}"]
    last = len(points) - 1
    for at in range(1, last + 1):
        to_x, to_y = points[at]
        if at == last:
            parts.append(_step(to_x - x, to_y - y))
            break
        next_x, next_y = points[at + 1]
        before = abs(to_x - points[at - 1][0]) + abs(to_y - points[at - 1][1])
        after = abs(next_x - to_x) + abs(next_y - to_y)
        radius = min(_RADIUS, before / 2, after / 2)
        in_x, in_y = _sign(to_x - points[at - 1][0]) * radius, _sign(to_y - points[at - 1][1]) * radius
        out_x, out_y = _sign(next_x - to_x) * radius, _sign(next_y - to_y) * radius
        parts.append(_step(to_x - in_x - x, to_y - in_y - y))
        parts.append("q" + _steps(in_x, in_y, in_x + out_x, in_y + out_y))
        x, y = to_x + out_x, to_y + out_y
    return "".join(parts)


def _step(dx: float, dy: float) -> str:
    if abs(dx) < 0.05:
        return f"v{_num(dy)}" if abs(dy) >= 0.05 else ""
    return f"h{_num(dx)}" if abs(dy) < 0.05 else "l" + _steps(dx, dy)


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _steps(*values: float) -> str:
    """Numbers of a path, without the blanks that it does not need."""
    return " ".join(map(_num, values)).replace(" -", "-")


def _num(value: float) -> str:
    """A number with at most one decimal and none that says nothing."""
    if value == int(value):
        return str(int(value))
    text = f"{value:.1f}"
    return text[:-2] if text.endswith(".0") else text


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _size(width: float, height: float) -> str:
    return f'width="{_num(width)}" height="{_num(height)}"'
