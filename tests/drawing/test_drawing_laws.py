"""What holds for every picture, however broken: laws of layout, SVG and text, searched for counter-examples by hypothesis."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbasset.drawing.collapse import collapse
from nbasset.drawing.dot import to_dot
from nbasset.drawing.graph import graph_of, sound
from nbasset.drawing.layout import Layout, lay_out
from nbasset.drawing.picture import Edge, Node, Picture
from nbasset.drawing.states import WORDS, clean
from nbasset.drawing.svg import to_svg
from nbasset.drawing.text import describe, to_text

SVG = "{http://www.w3.org/2000/svg}"
STATES = st.sampled_from(tuple(WORDS))
NAMES = st.text(st.characters(exclude_categories=()), max_size=60) | st.sampled_from(
    [
        "x" * 300,
        "a_name_" * 40,
        '<img src=x onerror="alert(1)">',
        "]]>",
        "&amp;",
        "\u202egpj",
        "\ud800",
        "نموذج",
        "🚀",
        "\x00",
        "a:b",
        "<b>",
    ]
)


def keys(count: int) -> list[str]:
    return [f"n{at}" for at in range(count)]


@st.composite
def pictures(draw: st.DrawFn, *, acyclic: bool = False, most: int = 14) -> Picture:
    count = draw(st.integers(0, most))
    groups = draw(st.lists(st.sampled_from(["default", "raw", "model", "mart"]), min_size=count, max_size=count))
    nodes = tuple(
        Node(key, f"{key}_{draw(st.sampled_from(['', 'of_all_the_carriers', 'daily']))}", draw(STATES), "2 min", group)
        for key, group in zip(keys(count), groups, strict=True)
    )
    ends = [(a, b) for a in range(count) for b in range(count) if a < b or not acyclic]
    pairs = draw(st.lists(st.sampled_from(ends), max_size=2 * count)) if ends else []
    edges = [Edge(f"n{a}", f"n{b}", draw(st.booleans())) for a, b in pairs]
    if count and not acyclic:
        edges += [Edge("ghost", "n0")] * draw(st.integers(0, 1))
    selected = frozenset(draw(st.sets(st.sampled_from(keys(count)), max_size=2))) if count else frozenset()
    return Picture(nodes, tuple(edges), problems=("broken",) * draw(st.integers(0, 1)), selected=selected)


@st.composite
def odd_pictures(draw: st.DrawFn) -> Picture:
    names = draw(st.lists(NAMES, max_size=8))
    node = st.builds(Node, key=NAMES, name=NAMES, state=STATES, fact=NAMES, group=NAMES, description=NAMES)
    nodes = draw(st.lists(node, max_size=6))
    ends = st.sampled_from([*names, *(node.key for node in nodes), "ghost"])
    edges = draw(st.lists(st.builds(Edge, ends, ends, st.booleans()), max_size=6))
    return Picture(tuple(nodes), tuple(edges), draw(NAMES), draw(NAMES), tuple(draw(st.lists(NAMES, max_size=2))))


DIRECTIONS = st.sampled_from(["down", "right"])
ENGINES = pytest.mark.parametrize("engine", ["layered", "pygraphviz"])


def overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]


def sides(box: object) -> tuple[float, float, float, float]:
    return (box.x, box.y, box.width, box.height)  # type: ignore[attr-defined]


def rank_axis(layout: Layout, at: int) -> float:
    return layout.boxes[at].y if layout.direction == "down" else layout.boxes[at].x


# -- Layout ---------------------------------------------------------------------------------------------------------------


@ENGINES
@given(picture=pictures(), direction=DIRECTIONS)
@settings(max_examples=60, deadline=None)
def test_no_two_nodes_overlap_and_all_lie_on_the_sheet(engine, picture, direction):
    layout = lay_out(picture, direction=direction, engine=engine)
    assert [box.node for box in layout.boxes] == list(graph_of(picture).nodes)
    for one, other in combinations(layout.boxes, 2):
        assert not overlap(sides(one), sides(other))
    for box in layout.boxes:
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= layout.width
        assert box.y + box.height <= layout.height


@ENGINES
@given(picture=pictures(), direction=DIRECTIONS)
@settings(max_examples=60, deadline=None)
def test_a_group_box_holds_its_own_nodes_and_no_other(engine, picture, direction):
    layout = lay_out(picture, direction=direction, engine=engine)
    for one, other in combinations(layout.groups, 2):
        assert not overlap(sides(one), sides(other))
    for group in layout.groups:
        for box in layout.boxes:
            assert overlap(sides(group), sides(box)) == (box.node.group == group.name)


@ENGINES
@given(picture=pictures(acyclic=True), direction=DIRECTIONS)
@settings(max_examples=60, deadline=None)
def test_edges_of_a_graph_without_cycles_go_forward(engine, picture, direction):
    layout = lay_out(picture, direction=direction, engine=engine)
    for route in layout.routes:
        assert not route.cycle
        assert layout.boxes[route.source].rank < layout.boxes[route.target].rank
        assert rank_axis(layout, route.source) < rank_axis(layout, route.target)


@ENGINES
@given(picture=pictures(), direction=DIRECTIONS)
@settings(max_examples=60, deadline=None)
def test_routes_run_at_right_angles_between_their_nodes_and_cross_no_node(engine, picture, direction):
    layout = lay_out(picture, direction=direction, engine=engine)
    for route in layout.routes:
        for (ax, ay), (bx, by) in pairwise(route.points):
            assert ax == bx or ay == by
            piece = (min(ax, bx), min(ay, by), abs(ax - bx), abs(ay - by))
            for box in layout.boxes:
                inner = (box.x + 0.5, box.y + 0.5, box.width - 1, box.height - 1)
                assert not overlap(piece, inner)
        for (x, y), end in ((route.points[0], route.source), (route.points[-1], route.target)):
            box = layout.boxes[end]
            assert box.x <= x <= box.x + box.width
            assert box.y <= y <= box.y + box.height


@given(picture=pictures())
@settings(max_examples=60, deadline=None)
def test_exactly_the_edges_inside_a_cycle_are_marked(picture):
    below: dict[str, set[str]] = {}
    for edge in picture.edges:
        below.setdefault(edge.source, set()).add(edge.target)

    def reaches(start: str, goal: str) -> bool:
        seen: set[str] = set()
        work = [start]
        while work:
            node = work.pop()
            if node == goal:
                return True
            if node not in seen:
                seen.add(node)
                work.extend(below.get(node, ()))
        return False

    layout = lay_out(picture, engine="layered")
    drawn = {(layout.boxes[r.source].node.key, layout.boxes[r.target].node.key): r.cycle for r in layout.routes}
    assert drawn == {(edge.source, edge.target): reaches(edge.target, edge.source) for edge in picture.edges}


# -- SVG ------------------------------------------------------------------------------------------------------------------


@given(picture=odd_pictures())
@settings(max_examples=150, deadline=None)
def test_the_svg_is_well_formed_xml_that_holds_every_node_once(picture):
    root = ElementTree.fromstring(to_svg(picture, lay_out(picture, engine="layered")).encode("utf-8"))
    drawn = [group.get("data-key") for group in root.iter(f"{SVG}g") if "node" in group.get("class", "").split()]
    assert drawn == [clean(node.key) for node in sound(picture).nodes]


@given(picture=odd_pictures())
@settings(max_examples=60, deadline=None)
def test_names_are_never_cut(picture):
    for box in lay_out(picture, engine="layered").boxes:
        assert "".join(box.lines) == (clean(box.node.name) or clean(box.node.key))


@given(picture=odd_pictures())
@settings(max_examples=60, deadline=None)
def test_the_svg_carries_no_script_and_no_address(picture):
    root = ElementTree.fromstring(to_svg(picture, lay_out(picture, engine="layered")))
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    allowed = {"svg", "title", "desc", "style", "defs", "g", "path", "circle", "rect", "text", "tspan", "use", "marker"}
    assert tags <= allowed
    for element in root.iter():
        for name, value in element.attrib.items():
            assert not name.startswith("on")
            assert name != "href" or value.startswith("#nb")


@given(picture=pictures(), theme=st.sampled_from(["auto", "light", "dark"]))
@settings(max_examples=40, deadline=None)
def test_the_same_picture_gives_the_same_bytes(picture, theme):
    assert to_svg(picture, theme=theme) == to_svg(picture, theme=theme)


# -- Words ----------------------------------------------------------------------------------------------------------------


@given(picture=odd_pictures(), width=st.integers(40, 140))
@settings(max_examples=100, deadline=None)
def test_text_keeps_its_width_and_can_be_encoded(picture, width):
    text = to_text(picture, width=width)
    text.encode("utf-8")
    describe(picture).encode("utf-8")
    assert all(len(line) <= width for line in text.splitlines())


@given(picture=pictures())
@settings(max_examples=60, deadline=None)
def test_text_and_description_name_every_asset_with_its_state(picture):
    for words in (to_text(picture, width=400), describe(picture)):
        for node in sound(picture).nodes:
            assert node.name in words
            assert WORDS[node.state] in words or "not defined" in words


# -- DOT and collapsing ---------------------------------------------------------------------------------------------------


@given(picture=odd_pictures())
@settings(max_examples=80, deadline=None)
def test_graphviz_reads_the_dot_text_with_all_nodes_and_edges(picture):
    pygraphviz = pytest.importorskip("pygraphviz")
    graph = graph_of(picture)
    read = pygraphviz.AGraph(string=to_dot(picture))
    assert read.number_of_nodes() == len(graph.nodes)
    assert read.number_of_edges() == len(graph.links) + len(graph.loops)


@given(picture=pictures(), closed=st.sets(st.sampled_from(["default", "raw", "model", "mart"])))
@settings(max_examples=80, deadline=None)
def test_collapsing_keeps_every_asset_once_and_every_link_between_what_is_left(picture, closed):
    whole = sound(picture)
    small = collapse(picture, closed=closed)
    stands = {key: node.key for node in small.nodes for key in (node.members or (node.key,))}
    assert sorted(stands) == sorted(node.key for node in whole.nodes)
    wanted = {(stands[e.source], stands[e.target]) for e in whole.edges}
    inner = {(node.key, node.key) for node in small.nodes if node.members}
    assert {(e.source, e.target) for e in small.edges} == wanted - inner
