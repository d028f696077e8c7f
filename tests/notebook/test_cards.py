"""Cards: the same facts for every reader, nothing that can run, the same bytes for the same facts."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbasset import StaticPartitionsDefinition, asset
from nbasset.arguments.options import BackfillArguments
from nbasset.commands.backfill import launch_backfill, plan_of
from nbasset.commands.backfill_driver import drive
from nbasset.commands.carrying_out import Manner
from nbasset.commands.plan import PlannedNode, PlanResult
from nbasset.commands.scope import scope_of
from nbasset.drawing.picture import State
from nbasset.drawing.states import WORDS
from nbasset.events.facts import ErrorInfo, Frame
from nbasset.instance import Instance
from nbasset.keys import AssetKey
from nbasset.notebook.cards_parts import code_block, merged, same_errors
from nbasset.notebook.cards_run import NodeProgress, RunPicture, plan_card, run_card
from nbasset.notebook.html import card, element, escaped, state_word
from nbasset.notebook.verbs_backfill import status_card
from nbasset.ordinals import OrdinalSet

_HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)"> \x1b[31m\u202e ]]> </style>'


class _Tags(HTMLParser):
    """Names and attributes of all elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def _assert_inert(html: str) -> None:
    for tag, attributes in _Tags(html).found:
        assert tag not in ("script", "iframe", "object", "embed", "link", "form", "base", "img", "meta", "foreignobject")
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name == "xmlns":
                continue
            assert not re.match(r"\s*(javascript|data|https?):", value or "", re.IGNORECASE)
    assert "@import" not in html
    assert not re.search(r"url\((?!#|nb)", html)
    assert "http://" not in html.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in html


# -- building -----------------------------------------------------------------------------------------------------------------


@given(st.text())
def test_no_text_becomes_markup(text: str) -> None:
    html = element("p", text, title=text)
    tags = _Tags(html).found
    assert [tag for tag, _ in tags] == ["p"]


@given(st.text(alphabet=st.characters(blacklist_categories=("Cs",)), max_size=60))
def test_an_element_is_well_formed_whatever_stands_in_it(text: str) -> None:
    ET.fromstring(element("p", text, class_=text))


def test_a_state_is_told_by_glyph_and_word_and_colour() -> None:
    for state, word in WORDS.items():
        html = state_word(state)
        assert "<svg" in html
        assert word in html
        assert f"var(--{state})" in html


def test_the_style_sheet_has_only_the_rules_that_the_card_needs() -> None:
    small, large = card(element("p", "x"), label="x"), card(code_block([(1, "x = 'y'")]), label="x", states=["fresh"])
    assert ".code" not in small
    assert "table" not in small
    assert ".code" in large
    assert "--fresh" in large
    assert len(small) < 2_500


def test_a_card_follows_the_host_and_the_system() -> None:
    html = card(element("p", "x"), label="x")
    for mark in ("--jp-layout-color0", "--vscode-editor-background", "prefers-color-scheme:dark", "data-jp-theme-light", "vscode-dark"):
        assert mark in html


def test_control_characters_and_directions_are_taken_out() -> None:
    assert "\x1b" not in escaped(_HOSTILE)
    assert "\u202e" not in escaped(_HOSTILE)


# -- strips -------------------------------------------------------------------------------------------------------------------


@given(st.sets(st.integers(0, 300)), st.sets(st.integers(0, 300)), st.sets(st.integers(0, 300)))
def test_a_strip_counts_every_partition_once_and_in_order(every: set[int], fresh: set[int], failed: set[int]) -> None:
    layers: list[tuple[State, OrdinalSet]] = [("failed", OrdinalSet.of(failed)), ("fresh", OrdinalSet.of(fresh))]
    runs = merged(OrdinalSet.of(every), layers)
    said = [state for state, count in runs for _ in range(count)]
    assert len(said) == len(every)
    if len(runs) < 240:
        assert said == ["failed" if at in failed else "fresh" if at in fresh else "missing" for at in sorted(every)]


def test_a_long_strip_is_drawn_with_few_segments() -> None:
    every = OrdinalSet.between(0, 100_000)
    odd = OrdinalSet.of(range(1, 100_000, 2))
    runs = merged(every, [("fresh", odd)])
    assert len(runs) <= 250
    assert sum(count for _, count in runs) == 100_000


# -- plans and runs -----------------------------------------------------------------------------------------------------------


def _error(message: str = "boom", line: int = 6) -> ErrorInfo:
    frame = Frame("cell 7 of flights.ipynb", line, "delays", ((line - 1, "x = 1"), (line, "x / 0"), (line + 1, "y = 2")), True, "c7")
    return ErrorInfo("ZeroDivisionError", message, (frame, Frame("pandas/core.py", 3, "agg", (), False)))


def _run(**changes: Any) -> RunPicture:
    nodes = (
        NodeProgress("orders", 1, (("fresh", 1),), "3 rows", 0.5),
        NodeProgress("total", 4, (("failed", 1), ("queued", 1), ("fresh", 2))),
    )
    return RunPicture(**{"run_id": "8c41f2aa", "title": "total+", "status": "running", "nodes": nodes, "started_us": 1_000_000, **changes})


def test_a_run_that_goes_on_says_how_far_it_is() -> None:
    bundle = run_card(_run())
    assert bundle.text.splitlines()[0] == "Run running: total+, 4 of 5 steps, 3 run, 1 failed, 1 waiting"
    assert "4 of 5 steps" in bundle.html


def test_a_run_that_is_over_counts_what_was_fresh_what_ran_and_what_did_not_change() -> None:
    nodes = (NodeProgress("a", 5, (("fresh", 3), ("external", 2))),)
    bundle = run_card(_run(status="success", nodes=nodes, fresh=12, ended_us=3_000_000))
    assert "12 fresh, 3 run, 2 unchanged" in bundle.text
    assert "12 fresh, 3 run, 2 unchanged" in bundle.html


def test_a_failure_shows_the_cell_and_the_line_before_the_message() -> None:
    html = run_card(_run(status="failure", errors=(("total", _error()),))).html
    assert html.index("Cell 7 of flights.ipynb, line 6") < html.index("boom")
    assert 'class="hit"' in html
    assert "1 frame of libraries" in html


def test_the_same_error_of_many_partitions_is_told_once() -> None:
    errors = [(f"total[{at}]", _error()) for at in range(50)] + [("other", _error("else"))]
    assert [step for step, _ in same_errors(errors)] == ["total[0] and 49 more", "other"]


def test_a_run_under_papermill_says_nothing_that_differs_between_two_runs() -> None:
    first = run_card(_run(status="success", run_id="aaaa", started_us=1, ended_us=5_000_000, timed=False))
    nodes = tuple(NodeProgress(node.name, node.steps, node.counts, node.note, 99.0) for node in _run().nodes)
    second = run_card(_run(status="success", run_id="bbbb", started_us=7, ended_us=9_000_000, timed=False, nodes=nodes))
    assert first == second


def test_hidden_state_is_told_below_the_run() -> None:
    assert "leaned on hidden state: 'x' from cell 9, not cell 4" in run_card(_run(hidden_state=("'x' from cell 9, not cell 4",))).text


def test_a_run_of_many_nodes_shows_those_where_something_happens() -> None:
    nodes = tuple(NodeProgress(f"n{at}", 1, (("failed" if at == 400 else "fresh", 1),)) for at in range(500))
    bundle = run_card(_run(nodes=nodes))
    assert "n400" in bundle.html
    assert "and 440 nodes more" in bundle.html
    assert len(bundle.html) < 60_000


def test_a_plan_says_what_would_run_and_what_is_left_out() -> None:
    from nbasset.planning.plan import Reason

    a, b, c = (AssetKey(name) for name in "abc")
    nodes = (
        PlannedNode("a", (a,), 1, why=(Reason("code", "a", "its code changed"),)),
        PlannedNode("b", (b,), 365, "2013-01-01..2013-12-31", 365, (a,), perhaps=True),
    )
    bundle = plan_card(PlanResult("flights.ipynb", nodes, (c,), 366), selection="a+", command="%asset run a+")
    assert "its code changed" in bundle.text
    assert "only if what it reads changes" in bundle.text
    assert "fresh and left out" in bundle.html
    assert "%asset run a+" in bundle.html


def test_a_plan_with_nothing_in_it_says_so() -> None:
    assert "Nothing to do: 1 asset fresh." in plan_card(PlanResult("x", (), (AssetKey("a"),), 0)).text


# -- whole notebooks ----------------------------------------------------------------------------------------------------------

STORY = (
    ("raw", '%%asset raw --group sales --description "All orders"\npd.DataFrame({"n": [1, 2, None], "word": ["a", "b", "b"]})'),
    ("days", "%%asset days --partitions static:a,b,c\nraw.assign(day=context.partition_key)"),
    ("total", "@asset\ndef total(raw: pd.DataFrame) -> int:\n    return 3"),
    ("run", "%asset run raw days -p a"),
)


@pytest.fixture
def story(notebook: Any) -> Any:
    for cell, source in STORY:
        notebook.run(source, cell)
    return notebook


@pytest.mark.parametrize("line", ["%asset list", "%asset graph", "%asset plan", "%asset show raw", "%asset show days", "assets", "total"])
def test_every_card_has_html_and_text_and_nothing_that_runs(story: Any, line: str) -> None:
    ran = story.ok(line, "x")
    assert len(ran.outputs) == 1 or line in ("assets", "total")
    for output in ran.outputs:
        assert {"text/html", "text/plain"} <= set(output)
        assert "application/vnd.jupyter.widget-view+json" not in output
        _assert_inert(output["text/html"])


def test_the_graph_is_svg_html_and_text(story: Any) -> None:
    (bundle,) = story.ok("%asset graph", "x").outputs
    assert set(bundle) == {"image/svg+xml", "text/html", "text/plain"}
    ET.fromstring(bundle["image/svg+xml"])
    assert "The same as a table" in bundle["text/html"]
    for key in ("raw", "days", "total"):
        assert key in bundle["text/plain"]


@pytest.mark.parametrize("line", ["%asset list", "%asset graph", "%asset show raw", "total"])
def test_the_same_facts_give_the_same_bytes(story: Any, line: str) -> None:
    assert story.ok(line, "x").outputs == story.ok(line, "x").outputs


def test_no_card_tells_an_age_that_grows_wrong(story: Any) -> None:
    for line in ("%asset list", "%asset graph", "%asset show raw", "raw_again = 1"):
        ran = story.ok(line, "x")
        assert " ago" not in ran.text
        assert "just now" not in ran.text + ran.html


def test_a_reader_that_drops_styles_and_pictures_still_finds_words_apart(story: Any) -> None:
    for (cell, line), words in (
        (STORY[2], "total default / In[7] missing"),
        (("x", "%asset list"), "3 assets this session 2 missing 1 fresh"),
    ):
        html = story.ok(line, cell).html
        bare = re.sub(r"<(style|svg).*?</\1>", "", html, flags=re.DOTALL)
        assert words in " ".join(re.sub(r"<[^>]+>", "", bare).split())


def test_hostile_names_and_texts_stay_text(notebook: Any) -> None:
    notebook.shell.user_ns["hostile"] = _HOSTILE
    notebook.ok(
        "@asset(description=hostile, metadata={'m': hostile}, owners=['team:x'], tags={'t': 'v'}, group_name='g')\n"
        "def bad() -> pd.DataFrame:\n    print(hostile)\n    return pd.DataFrame({hostile: [hostile], 'b': ['<b>x</b>']})",
        "a",
    )
    ran = [notebook.run(line, "x") for line in ("%asset run bad", "%asset list", "%asset graph", "%asset show bad", "bad")]
    notebook.ok("@asset(description=hostile)\ndef bad2():\n    raise ValueError(hostile)", "b")
    ran += [notebook.run(line, "x") for line in ("%asset run bad2", "%asset show bad2", "%asset graph")]
    for one in ran:
        for output in one.outputs:
            _assert_inert(output.get("text/html", ""))
            if "image/svg+xml" in output:
                _assert_inert(output["image/svg+xml"])


def test_an_empty_notebook_says_what_to_write(notebook: Any) -> None:
    assert "Begin a cell with" in notebook.ok("%asset list", "l").html
    notebook.ok("%asset graph", "g")
    assert "Nothing to do" in notebook.ok("%asset plan", "p").text


def test_a_cell_with_many_assets_gets_one_list(notebook: Any) -> None:
    ran = notebook.ok(
        "def make(n):\n    @asset(name=n)\n    def one():\n        return 1\n    return one\nmany = [make(f'a{i}') for i in range(9)]", "m"
    )
    assert len(ran.outputs) == 1
    assert "defines 9 assets" in ran.text


def test_a_table_of_a_thousand_assets_stays_small_enough_to_save(notebook: Any) -> None:
    ran = notebook.ok(
        "def make(n):\n    @asset(name=n)\n    def one():\n        return 1\n    return one\nmany = [make(f'a{i}') for i in range(1000)]",
        "m",
    )
    assert "defines 1,000 assets" in ran.text
    assert len(notebook.ok("%asset list", "l").html) < 1_000_000


def test_the_card_of_a_backfill_has_a_bar_until_it_is_over() -> None:
    @asset(partitions_def=StaticPartitionsDefinition(["a", "b", "c"]))
    def parts(context: Any) -> list[str]:
        if context.partition_key == "b":
            raise ValueError("no b")
        return [context.partition_key]

    cards: list[str] = []
    with Instance.ephemeral() as instance:
        scope = scope_of([parts], instance=instance)
        backfill_id = launch_backfill(scope, plan_of(scope, BackfillArguments("parts", all=True, chunk=1)))
        drive(scope, backfill_id, Manner(echo=False), on_status=lambda status: cards.append(status_card(status).html))
    bars = [re.findall(r'class="bar"[^>]*aria-label="([^"]*)"', card) for card in cards]
    assert bars == [["nothing made yet"], ["1 fresh"], ["1 failed, 1 fresh"], ["1 failed, 2 fresh"], []]
