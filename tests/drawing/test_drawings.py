"""Drawings of known pictures: what a reader must find in them, engine by engine and surface by surface."""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from nbasset.drawing import engines
from nbasset.drawing.collapse import collapse
from nbasset.drawing.dot import to_dot
from nbasset.drawing.layout import NODE_HEIGHT, NODE_WIDTH, WIDEST_NODE, lay_out
from nbasset.drawing.measure import text_width
from nbasset.drawing.mermaid import to_mermaid
from nbasset.drawing.picture import Edge, Node, Picture
from nbasset.drawing.states import URGENCY, WORDS
from nbasset.drawing.style import neutral
from nbasset.drawing.svg import EMPTY, to_svg
from nbasset.drawing.text import to_text
from nbasset.drawing.tokens import CONTRAST_TONES, FILLS, GLYPHS, THEMES, TONES, mix

SVG = "{http://www.w3.org/2000/svg}"


def flights() -> Picture:
    nodes = (
        Node("raw_flights", "raw_flights", "fresh", "2 min", "raw", description="Every flight out of New York in 2013."),
        Node("airlines", "airlines", "fresh", "2 min", "raw"),
        Node("raw_weather", "raw_weather", "external", "", "raw"),
        Node("daily_flights", "daily_flights", "stale", "331 of 365 stale", "flights", counts=(("stale", 331), ("fresh", 34))),
        Node("delays", "delays", "failed", "3 of 365 failed", "flights", counts=(("fresh", 362), ("failed", 3))),
        Node("features", "features", "running", "42 %", "model"),
        Node("report", "report", "missing", "never run", "model"),
    )
    edges = (
        Edge("raw_flights", "daily_flights"),
        Edge("daily_flights", "delays"),
        Edge("airlines", "delays"),
        Edge("delays", "features"),
        Edge("raw_weather", "features"),
        Edge("features", "report"),
        Edge("raw_weather", "report", loads=False),
    )
    return Picture(nodes, edges, "Lineage of flights.ipynb", "As of 10:52.")


def layers(count: int, ranks: int, groups: int = 0) -> Picture:
    """`count` assets in `ranks` ranks, each reading two near it on the rank above."""
    wide = count // ranks
    nodes = tuple(
        Node(f"a{at:04d}", f"a{at:04d}", "fresh", "2 min ago", f"g{at % wide * groups // wide}" if groups else "default")
        for at in range(count)
    )
    edges = tuple(
        Edge(nodes[at - wide - (at % wide) + (at % wide + step) % wide].key, nodes[at].key) for at in range(wide, count) for step in (0, 3)
    )
    return Picture(nodes, edges)


def words_of(svg: str) -> str:
    return " ".join(ElementTree.fromstring(svg).itertext())


# -- Layout ---------------------------------------------------------------------------------------------------------------


def test_a_node_is_118_wide_widens_to_180_and_then_its_name_breaks_after_an_underscore():
    names = ("delays", "delays_by_carrier_x", "delays_by_carrier_and_month_of_the_year")
    boxes = lay_out(Picture(tuple(Node(name, name, "fresh") for name in names), ()), engine="layered").boxes
    assert (boxes[0].width, boxes[0].height) == (NODE_WIDTH, NODE_HEIGHT)
    assert NODE_WIDTH < boxes[1].width < WIDEST_NODE
    assert boxes[1].lines == (names[1],)
    assert boxes[2].width == WIDEST_NODE
    assert all(line.endswith("_") for line in boxes[2].lines[:-1])
    assert all(text_width(line, 11) <= WIDEST_NODE - 18 for line in boxes[2].lines)


@pytest.mark.parametrize("engine", ["layered", "pygraphviz"])
def test_groups_stand_apart_and_the_data_flows_down(engine):
    layout = lay_out(flights(), direction="down", engine=engine)
    assert (layout.engine, layout.direction) == (engine, "down")
    assert [group.name for group in layout.groups] == ["raw", "flights", "model"]
    assert {box.y for box in layout.boxes[:3]} == {layout.boxes[0].y}  # sources side by side


def test_a_narrow_graph_runs_down_and_a_wide_one_to_the_right():
    assert lay_out(flights()).direction == "down"
    assert lay_out(layers(200, 4), engine="layered").direction == "right"


def test_forty_tables_without_edges_stand_in_rows_no_wider_than_a_cell():
    tables = tuple(Node(f"t{at}", f"t{at}", "fresh") for at in range(40))
    layout = lay_out(Picture(tables, ()))
    assert layout.width <= 916
    assert layout.height <= 500


def test_separate_parts_are_folded_into_shelves():
    chains = [(f"a{at}", f"b{at}") for at in range(20)]
    nodes = tuple(Node(key, key, "fresh") for pair in chains for key in pair)
    layout = lay_out(Picture(nodes, tuple(Edge(*pair) for pair in chains)), engine="layered")
    assert layout.width <= 916
    assert all(layout.boxes[r.source].rank + 1 == layout.boxes[r.target].rank for r in layout.routes)


def test_edges_of_one_node_share_their_trunk():
    star = Picture(tuple(Node(key, key, "fresh") for key in "abcde"), tuple(Edge("a", key) for key in "bcde"))
    layout = lay_out(star, engine="layered")
    assert len({route.points[0] for route in layout.routes}) == 1
    assert len({route.points[1] for route in layout.routes if len(route.points) > 2}) == 1


def test_a_far_edge_from_a_collapsed_group_is_marked_as_one():
    nodes = (Node("group:raw", "raw", "fresh", "2 assets", "raw", members=("x", "y")), *(Node(key, key, "fresh") for key in "abcd"))
    edges = (*(Edge(*pair) for pair in ("ab", "bc", "cd")), Edge("group:raw", "a"), Edge("group:raw", "d"))
    layout = lay_out(Picture(nodes, edges), engine="layered")
    assert [route.far for route in layout.routes] == [False, False, False, False, True]
    assert to_svg(Picture(nodes, edges), layout).count('class="far"') == 1


# -- Engines --------------------------------------------------------------------------------------------------------------


def test_a_large_graph_is_laid_out_by_graphviz_in_a_child_process():
    picture = layers(engines.IN_PROCESS + 50, 10)
    assert lay_out(picture, engine="pygraphviz").engine == "pygraphviz"


def test_a_graph_that_graphviz_would_not_finish_is_drawn_at_once():
    nodes = tuple(Node(f"n{at}", f"n{at}", "fresh") for at in range(70))
    every = tuple(Edge(one.key, other.key) for at, one in enumerate(nodes) for other in nodes[at + 1 :])
    assert lay_out(Picture(nodes, every)).engine == "layered"


def test_our_own_layout_steps_in_when_the_program_is_missing(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert lay_out(flights(), engine="dot").engine == "layered"


def test_a_program_that_takes_too_long_or_fails_gives_nothing():
    assert engines._run([sys.executable, "-c", "import threading; threading.Event().wait()"], "", 0.05) is None
    assert engines._run([sys.executable, "-c", "raise SystemExit(3)"], "", 30) is None
    assert engines._run(["/no/such/program"], "", 1) is None


def test_positions_that_contradict_the_graph_are_turned_down():
    sheet = engines.Sheet([10.0, 10.0], [(0, 1)], [-1, -1])
    upside_down = "node n0 1 1 1 .5\nnode n1 1 2 1 .5\nstop"
    assert engines._from_plain(upside_down, sheet) is None
    assert engines._from_plain("node n0 1 1 1 .5", sheet) is None
    assert engines._from_plain("node n0 1 2 1 .5\nnode n1 1 1 1 .5\nstop", sheet) == ([0, 1], [67.0, 67.0])


# -- SVG ------------------------------------------------------------------------------------------------------------------


def test_an_empty_picture_says_what_to_do_next():
    assert " ".join(words_of(to_svg(Picture((), ()))).split()).count("%%asset NAME") == 2  # drawn and described
    assert to_text(Picture((), ())) == EMPTY


def test_every_state_has_colour_glyph_and_word_in_the_drawing_and_in_the_legend():
    nodes = tuple(Node(f"n{at}", f"n{at}", state) for at, state in enumerate(URGENCY))
    svg = to_svg(Picture(nodes, ()))
    root = re.search(r'id="(nb\w+)"', svg)
    assert root is not None
    for state in URGENCY:
        assert f'id="{root[1]}-{state}"' in svg
        assert svg.count(f'href="#{root[1]}-{state}"') == 2
        assert f'[data-state="{state}"]{{color:{TONES[state][0]};color:var(--{state})}}' in svg
        assert svg.count(f">{WORDS[state]}</text>") == 1
        assert f"1 {WORDS[state]}" in svg


def test_ids_differ_between_pictures_and_every_reference_has_its_target():
    one, other = to_svg(flights()), to_svg(layers(12, 3))
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in (one, other)]
    assert not ids[0] & ids[1]
    for svg, known in zip((one, other), ids, strict=True):
        assert set(re.findall(r'href="#([^"]+)"', svg)) | set(re.findall(r"url\(#([^)]+)\)", svg)) <= known


def test_every_rule_of_the_style_is_bound_to_its_picture():
    svg = to_svg(flights())
    style = re.search(r"<style>(.*?)</style>", svg)
    root = re.search(r'id="(nb\w+)"', svg)
    assert style is not None
    assert root is not None
    inner = re.sub(r"@keyframes[^{]+\{[^{}]*\{[^{}]*\}\}|@media[^{]+\{|@supports[^{]+\{", "", style[1])
    for selector in re.findall(r"([^{}]+)\{", inner):
        assert all(f"#{root[1]}" in part for part in selector.split(",")), selector


def test_a_fixed_theme_needs_neither_variables_nor_media_queries():
    for theme, ground in (("light", "#ffffff"), ("dark", "#14171b")):
        svg = to_svg(flights(), theme=theme)
        assert "var(" not in svg
        assert "prefers-color-scheme" not in svg
        assert f".ground{{fill:{ground}" in svg


def test_selection_lights_what_leads_in_and_out_and_nothing_else():
    picture = Picture(flights().nodes, flights().edges, selected=frozenset({"delays"}))
    lit = re.findall(r'data-e="(\d+) (\d+)" class="on"', to_svg(picture))
    keys = [node.key for node in picture.nodes]
    assert {(keys[int(a)], keys[int(b)]) for a, b in lit} == {
        ("raw_flights", "daily_flights"),
        ("daily_flights", "delays"),
        ("airlines", "delays"),
        ("delays", "features"),
        ("features", "report"),
    }


def test_cycles_self_reads_and_unknown_inputs_are_drawn_as_problems():
    nodes = tuple(Node(key, key, "fresh") for key in "abc")
    edges = tuple(Edge(*pair) for pair in ("ab", "ba", "cc", "xc"))
    layout = lay_out(Picture(nodes, edges))
    assert [route.cycle for route in layout.routes] == [True, True, False, True]
    assert [(box.node.key, box.node.state) for box in layout.boxes[3:]] == [("x", "problem")]
    svg = to_svg(Picture(nodes, edges, problems=("no asset 'x'",)), layout)
    assert svg.count('class="r"/>') == 0
    assert svg.count('class="r" d=') == 4  # three edges and the legend
    assert "no asset 'x'" in svg


def test_without_marks_the_drawing_is_the_same_for_a_reader():
    marked, plain = to_svg(flights()), to_svg(flights(), interactive_ids=False)
    assert "data-key" not in plain
    assert "data-e=" not in plain
    bare = [re.sub(r"nb[0-9a-f]{6}", "", words_of(svg)) for svg in (marked, plain)]
    assert bare[0] == bare[1]


def test_the_svg_names_itself_and_describes_the_graph_in_words():
    root = ElementTree.fromstring(to_svg(flights()))
    title, desc = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert root.get("role") == "img"
    assert title is not None
    assert desc is not None
    assert root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
    assert title.text == "Lineage of flights.ipynb, 7 assets"
    assert desc.text is not None
    assert "delays: 3 of 365 failed, reads daily_flights, airlines." in desc.text


def test_a_thousand_assets_stay_below_four_hundred_kilobytes():
    picture = layers(1000, 10, 20)
    svg = to_svg(picture, lay_out(picture, engine="layered"))
    assert svg.count('class="node"') == 1000
    assert len(svg.encode()) <= 440_000  # 1 800 edges; 400 kB with the 1 650 of the measured graph
    assert len(to_svg(collapse(picture)).encode()) <= 40_000


# -- Colours --------------------------------------------------------------------------------------------------------------


def _contrast(one: str, other: str) -> float:
    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, bright = sorted((light(one), light(other)))
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES)
def test_text_has_a_contrast_of_four_and_a_half_and_marks_of_three(theme):
    at = THEMES.index(theme)
    ground, group = neutral("surface", theme), neutral("group", theme)
    for state in URGENCY:
        assert _contrast(TONES[state][at], ground) >= 4.5
        assert _contrast(CONTRAST_TONES[state][at], {"light": "#ffffff", "dark": "#000000"}[theme]) >= 7
    for name in ("text", "quiet"):
        assert _contrast(neutral(name, theme), ground) >= 4.5
        assert _contrast(neutral(name, theme), group) >= 4.5
    assert _contrast(neutral("edge", theme), ground) >= 3


def test_every_state_has_all_its_tokens():
    assert set(TONES) == set(FILLS) == set(GLYPHS) == set(CONTRAST_TONES) == set(WORDS) == set(URGENCY)
    assert mix("#1c2127", "#ffffff", 15) == "#dddedf"


# -- DOT, text, overview --------------------------------------------------------------------------------------------------


def test_dot_text_has_clusters_states_and_dashes_and_is_always_the_same():
    text = to_dot(flights())
    assert text == to_dot(flights())
    assert text.count("subgraph cluster_") == 3
    assert 'label="delays\\n3 of 365 failed"' in text
    assert "raw_weather -> report [style=dashed]" in text


def test_text_begins_with_the_counts_most_urgent_first():
    lines = to_text(flights()).splitlines()
    assert lines[0] == "Lineage of flights.ipynb: 7 assets. 1 failed, 1 running, 1 stale, 1 missing, 2 fresh, 1 external"
    assert "  ✗ delays         3 of 365 failed   reads daily_flights, airlines" in lines
    assert lines[-1] == "As of 10:52."


def test_above_forty_nodes_groups_collapse_except_those_with_a_failure_or_a_selection():
    nodes = tuple(
        Node(f"{group}{at}", f"{group}{at}", "failed" if (group, at) == ("b", 3) else "fresh", group=group)
        for group in ("a", "b", "c", "d")
        for at in range(12)
    )
    edges = (Edge("a1", "b1"), Edge("a2", "b1"), Edge("b1", "c1", False), Edge("c1", "d1"), Edge("d1", "d2"))
    small = collapse(Picture(nodes, edges, selected=frozenset({"c5"})))
    assert [node.key for node in small.nodes if node.members] == ["group:a", "group:d"]
    assert small.nodes[0] == Node(
        "group:a", "a", "fresh", "12 assets", "a", counts=(("fresh", 12),), members=tuple(f"a{at}" for at in range(12))
    )
    assert small.edges == (Edge("group:a", "b1"), Edge("b1", "c1", False), Edge("c1", "group:d"))
    assert collapse(Picture(nodes[:24], ())).nodes == nodes[:24]


def test_a_large_group_with_a_failure_stays_collapsed_and_says_so():
    nodes = tuple(Node(f"n{at}", f"n{at}", "failed" if at == 5 else "fresh", group="big" if at < 50 else "small") for at in range(60))
    small = collapse(Picture(nodes, ()))
    assert [(node.key, node.state) for node in small.nodes] == [("group:big", "failed"), ("group:small", "fresh")]
    assert "1 failed" in words_of(to_svg(small))
    assert len(collapse(Picture(nodes, ()), opened=("big",)).nodes) == 51


def test_mermaid_has_groups_states_and_edges_and_no_sign_that_it_would_take_for_its_own() -> None:
    nodes = (Node("a", "a", "failed", "2 of 3 <failed>", "raw"), Node("b", "b", "missing", 'never "run"'))
    lines = to_mermaid(Picture(nodes, (Edge("a", "b"), Edge("b", "a", loads=False))), direction="right").split("\n")
    assert lines[:6] == [
        "flowchart LR",
        '  subgraph g0["raw"]',
        '    n0["a<br/>2 of 3 #lt;failed#gt;"]',
        "  end",
        '  n1["b<br/>missing, never #quot;run#quot;"]',
        "  n0 --> n1",
    ]
    assert "  n1 -.-> n0" in lines
    assert "  class n1 missing" in lines
    assert to_mermaid(flights()) == to_mermaid(flights())
