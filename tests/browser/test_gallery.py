"""Every view in a real browser, from recorded panels: no error on the console, nothing that axe-core finds, and quick at any size."""

from __future__ import annotations

import functools
import http.server
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lab_page import PATIENCE_S

pytestmark = pytest.mark.node
UI = Path(__file__).parents[2] / "extension" / "ui"
Open = Callable[..., Any]


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where the gallery is served, built from what is there now."""
    subprocess.run([sys.executable, "gallery/fixtures.py"], cwd=UI, check=True, timeout=PATIENCE_S)
    subprocess.run([shutil.which("node") or "node", "build.mjs", "--gallery"], cwd=UI, check=True, timeout=PATIENCE_S)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(UI / "gallery")))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/index.html"
    server.shutdown()
    server.server_close()


@pytest.fixture
def show(chromium: Any, address: str) -> Iterator[Open]:
    """Open views; at the end of the test the console must be clean."""
    found: list[str] = []
    pages: list[Any] = []

    def open_page(only: str, *, theme: str = "light", contrast: str = "", width: int = 700, host: str = "", motion: str = "reduce") -> Any:
        page = chromium.new_page(viewport={"width": width + 60, "height": 900}, reduced_motion=motion)
        page.set_default_timeout(PATIENCE_S * 1000)
        pages.append(page)
        page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: found.append(str(error)))
        page.goto(f"{address}?only={only}&theme={theme}&contrast={contrast}&width={width}&host={host}")
        page.wait_for_selector("html[data-ready]")
        return page

    yield open_page
    for page in pages:
        page.close()
    assert found == []


def axe(page: Any) -> list[str]:
    """What axe-core finds, one line each."""
    page.add_script_tag(path=UI / "node_modules" / "axe-core" / "axe.min.js")
    results = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{rule['id']}: {node['html'][:160]}" for rule in results["violations"] for node in rule["nodes"]]


ALL = (
    "lineage,grid,grid-progress,grid-backfill,grid-matrix,grid-list,run,run-failed,run-backfill,"
    "asset,plan,why,diff,history,preview,no-kernel"
)


@pytest.mark.parametrize(("theme", "contrast"), [("light", ""), ("dark", ""), ("light", "more"), ("dark", "more")])
def test_axe_finds_nothing_in_any_view_and_theme(show: Open, theme: str, contrast: str) -> None:
    assert axe(show(ALL, theme=theme, contrast=contrast)) == []


@pytest.mark.parametrize(("theme", "contrast"), [("light", ""), ("dark", ""), ("light", "more"), ("dark", "more")])
def test_views_take_the_colours_of_vs_code_and_axe_finds_nothing(show: Open, theme: str, contrast: str) -> None:
    page = show(ALL, theme=theme, contrast=contrast, host="vscode")
    assert axe(page) == []
    look = "(name) => getComputedStyle(document.querySelector('#grid > div').shadowRoot.querySelector(name)).backgroundColor"
    ground = {"light": "rgb(255, 255, 255)", "dark": "rgb(0, 0, 0)" if contrast else "rgb(31, 31, 31)"}[theme]
    assert page.evaluate(look, ".nb-card") == ground


@pytest.mark.parametrize("width", [480, 700, 1100])
def test_no_view_is_wider_than_its_cell(show: Open, width: int) -> None:
    page = show(ALL, width=width)
    wide = """() => [...document.querySelectorAll('section > div')].flatMap((place) => {
      const { right } = place.getBoundingClientRect();
      const inside = [...place.shadowRoot.querySelectorAll('.nb-card, .nb-head, .nb-body, .nb-action, .nb-foot, .nb-note, button')];
      const clipped = (one) => one.closest('.nb-scroll, .nb-split-view, [hidden], .nb-minimap') !== null;
      return inside.filter((one) => !clipped(one) && one.getBoundingClientRect().right > right + 1)
        .map((one) => `${place.parentElement.id}: ${one.className} ${one.textContent.slice(0, 40)}`);
    })"""
    assert page.evaluate(wide) == []


def test_with_reduced_motion_nothing_moves_and_else_what_runs_turns(show: Open) -> None:
    moving = """() => [...document.querySelectorAll('section > div')].flatMap((place) => place.shadowRoot.getAnimations())
      .filter((one) => one.playState === 'running' && one.effect.getComputedTiming().activeDuration > 0).length"""
    assert show("lineage,grid-progress,run").evaluate(moving) == 0
    assert show("lineage,grid-progress,run", motion="no-preference").evaluate(moving) > 0


def tab_to(page: Any, name: str, *, most: int = 80) -> None:
    """Press Tab until something with this name, or this role, has the focus."""
    focused = """() => {
      let at = document.activeElement;
      while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
      return `${at?.getAttribute('role') ?? ''}|${at?.getAttribute('aria-label') ?? ''}|${at?.textContent ?? ''}`;
    }"""
    seen = []
    for _ in range(most):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(focused))
        if name in seen[-1].split("|") or seen[-1].split("|")[2].startswith(name):
            return
    raise AssertionError(f"{name} is not reached by Tab: {seen}")


def test_partitions_are_chosen_and_run_without_a_mouse(show: Open) -> None:
    page = show("grid")
    tab_to(page, "grid")
    page.keyboard.press("Home")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    assert page.get_by_role("textbox", name="Selected partitions").input_value() == "[2013-01-01...2013-01-03]"
    tab_to(page, "Materialize 3")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Follow it").wait_for()
    sent = page.evaluate("window.gallery.sent.filter(({type}) => type === 'materialize').map(({command}) => command.target)")
    assert [(one["spans"], one["grouping"]) for one in sent] == [([[0, 3]], "per_key")]


def test_the_graph_is_searched_walked_and_opened_without_a_mouse(show: Open) -> None:
    page = show("lineage")
    page.get_by_role("combobox").or_(page.get_by_role("searchbox")).first.focus()
    page.keyboard.type("delay_model")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.locator('g.node[data-key="delay_model"]').focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.get_by_role("complementary").wait_for()
    tab_to(page, "tab")
    before = page.get_by_role("tab", selected=True).text_content()
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("tab", selected=True).text_content() != before


def test_a_run_is_stopped_and_its_steps_chosen_without_a_mouse(show: Open) -> None:
    page = show("run")
    tab_to(page, "Cancel")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Stopping").wait_for()
    assert page.evaluate("window.gallery.sent.some(({type}) => type === 'cancel_run')")


def test_axe_finds_nothing_when_panels_menus_and_plans_are_open(show: Open) -> None:
    page = show("lineage", theme="dark")
    page.locator('g.node[data-key="delays_by_carrier"]').click()
    for tab in ("Data", "History", "Checks 2", "Facts", "Overview"):
        page.get_by_role("tab", name=tab).click()
        assert axe(page) == []
    page.get_by_role("button", name="Stale (17)").click()
    page.get_by_role("button", name="Run 5 assets").wait_for()
    page.get_by_role("button", name="More ways to run").click()
    assert axe(page) == []


def test_the_lineage_is_live_while_it_is_looked_at(show: Open) -> None:
    page = show("lineage")
    node = page.locator('g.node[data-key="delay_model"]')
    assert "queued" in node.text_content()
    message = "{type: 'nodes', seq: 2, nodes: [{key: 'delay_model', name: 'delay_model', state: 'running', fact: '3 of 9'}]}"
    page.evaluate(f"window.gallery.says.get('lineage')({message})")
    page.locator('g.node[data-key="delay_model"][data-state="running"]').wait_for()
    assert "running, 3 of 9" in node.text_content()


def test_a_drag_over_the_calendar_is_a_range_in_the_field(show: Open) -> None:
    page = show("grid")
    box = page.get_by_role("grid").bounding_box()
    page.get_by_role("button", name="Stale 17").click()
    field = page.get_by_role("textbox", name="Selected partitions")
    assert field.input_value() == ""
    page.mouse.move(box["x"] + 26 + 24 + 5, box["y"] + 18 + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 26 + 36 + 5, box["y"] + 18 + 24 + 5, steps=4)
    page.mouse.up()
    assert field.input_value() == "[2013-01-14...2013-01-23]"
    page.get_by_role("button", name="Materialize 10").click()
    page.get_by_role("button", name="Follow it").wait_for()
    sent = page.evaluate("window.gallery.sent.filter(({type}) => type === 'materialize').map(({command}) => command.target.spans)")
    assert sent == [[[13, 23]]]


def test_a_page_of_a_hundred_thousand_keys_holds_few_elements(show: Open) -> None:
    page = show("grid-hourly")
    count = "document.querySelector('#grid-hourly > div').shadowRoot.querySelectorAll('*').length"
    assert page.evaluate(count) < 300
    page.get_by_role("button", name="Table").click()
    assert page.evaluate(count) < 800


def test_the_saved_picture_carries_its_colours_and_nothing_that_runs(show: Open, tmp_path: Path) -> None:
    page = show("lineage", theme="dark")
    with page.expect_download() as download:
        page.get_by_role("button", name="Direction, groups, export").click()
        page.get_by_role("menuitem", name="Save as SVG").click()
    download.value.save_as(tmp_path / "lineage.svg")
    text = (tmp_path / "lineage.svg").read_text()
    assert text.count("<svg") > 1
    assert "delays_by_carrier" in text
    assert "<script" not in text
    assert "var(--" not in text


def test_the_picture_is_saved_as_pixels_and_as_text_for_graphs(show: Open, tmp_path: Path) -> None:
    page = show("lineage")
    for item, name in (("Save as PNG", "lineage.png"), ("Save as DOT", "lineage.dot"), ("Save as Mermaid", "lineage.mmd")):
        with page.expect_download() as download:
            page.get_by_role("button", name="Direction, groups, export").click()
            page.get_by_role("menuitem", name=item).click()
        download.value.save_as(tmp_path / name)
    header = (tmp_path / "lineage.png").read_bytes()[:24]
    width, height = int.from_bytes(header[16:20], "big"), int.from_bytes(header[20:24], "big")
    assert (header[:8], width > 1000, height > 500) == (b"\x89PNG\r\n\x1a\n", True, True)


def test_an_earlier_version_shows_what_it_displayed(show: Open) -> None:
    page = show("history")
    page.get_by_role("button", name="2 displays").click()
    card = page.get_by_role("group", name="What delays_by_carrier displayed")
    card.get_by_role("img", name="late_pct by carrier").wait_for()
    assert card.locator("iframe").count() == 1
    assert axe(page) == []
