"""What a person does in JupyterLab, in a real one: define, look, click, run, watch, cancel, come back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

Notebook = Callable[..., Any]

START = """%load_ext nbasset
import time
import pandas as pd
from nbasset import DailyPartitionsDefinition, asset
year = DailyPartitionsDefinition("2013-01-01", end_date="2014-01-01")"""
ORDERS = """%%asset orders --group sales
'''All orders.'''
pd.DataFrame({"delay": [1, 20, 30]})"""
LATE = """@asset(group_name="sales")
def late(orders: pd.DataFrame) -> pd.DataFrame:
    '''Orders that were late.'''
    WAIT
    return orders[orders.delay > 15]"""
DAYS = """@asset(partitions_def=year, group_name="days")
def days(context) -> pd.DataFrame:
    if context.partition_key == "2013-01-16":
        raise ValueError("no such day")
    return pd.DataFrame({"day": [context.partition_key]})"""
SLEEPER = """@asset
def sleeper():
    print("going to bed")
    WAIT"""


def late(door: Any) -> str:
    """The cell of `late`, which takes until the door is open."""
    return LATE.replace("WAIT", door.wait)


def sleeper(door: Any) -> str:
    """The cell of `sleeper`, which sleeps as long as the door is shut."""
    return SLEEPER.replace("WAIT", door.wait)


def node(output: Any, key: str, state: str = "") -> Any:
    """A node of the lineage, in a state."""
    return output.locator(f'g.node[data-key="{key}"]' + (f'[data-state="{state}"]' if state else ""))


def test_a_click_on_the_graph_shows_the_plan_runs_it_and_the_colours_follow(notebook: Notebook, door: Any) -> None:
    page = notebook(START, ORDERS, late(door), "%asset graph")
    page.run(0, 1, 2, 3)
    graph = page.output(3)
    node(graph, "late", "missing").click()
    graph.get_by_role("complementary", name="late").get_by_text("orders.delay >").wait_for()
    graph.get_by_role("button", name="Materialize", exact=True).click()
    plan = graph.get_by_role("group", name="Plan")
    plan.get_by_role("button", name=re.compile("Run 2 assets")).click()
    graph.get_by_text("started: 2 assets, 2 steps").wait_for()
    node(graph, "late", "running").wait_for()
    node(graph, "orders", "fresh").wait_for()
    door.open()
    node(graph, "late", "fresh").wait_for()
    graph.get_by_role("complementary", name="late").get_by_role("tab", name="Data").click()
    graph.get_by_role("complementary", name="late").get_by_text("2 rows").first.wait_for()


def test_the_graph_follows_a_cell_that_runs_and_cells_that_change_what_is_defined(notebook: Notebook, door: Any) -> None:
    page = notebook(START, ORDERS, late(door), "%asset graph", "%asset run late")
    page.run(0, 1, 2, 3)
    graph = page.output(3)
    node(graph, "late", "missing").wait_for()
    page.run(4, wait=False)
    node(graph, "late", "running").wait_for()
    assert page.is_busy(4)
    door.open()
    page.done(4)
    node(graph, "late", "fresh").wait_for()
    page.write(2, late(door).replace("delay > 15", "delay > 25").replace("def late", "def very_late"))
    page.run(2)
    node(graph, "very_late", "missing").wait_for()
    assert node(graph, "late").count() == 0


def test_a_drag_over_the_calendar_runs_these_days_while_another_cell_is_busy(notebook: Notebook, door: Any) -> None:
    page = notebook(START, DAYS, "%asset partitions days", door.wait)
    page.run(0, 1, 2)
    grid = page.output(2)
    box = grid.get_by_role("grid").bounding_box()
    page.run(3, wait=False)
    page.page.mouse.move(box["x"] + 26 + 24 + 5, box["y"] + 18 + 5)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + 26 + 24 + 5, box["y"] + 18 + 5 * 12 + 5, steps=4)
    page.page.mouse.up()
    assert grid.get_by_role("textbox", name="Selected partitions").input_value() == "[2013-01-14...2013-01-19]"
    grid.get_by_role("button", name="Materialize 6").click()
    grid.get_by_text("5 of 6 done").first.wait_for()
    grid.get_by_text("1 failed").first.wait_for()
    assert page.is_busy(3)
    grid.get_by_role("button", name="Run 1 again").wait_for()
    grid.get_by_role("button", name="Failed 1").click()
    assert grid.get_by_role("textbox", name="Selected partitions").input_value() == "2013-01-16"


def test_a_busy_cell_is_cancelled_from_its_card(notebook: Notebook, door: Any) -> None:
    page = notebook(START, sleeper(door), "%asset run sleeper")
    page.run(0, 1)
    page.run(2, wait=False)
    card = page.output(2)
    card.get_by_role("button", name="Cancel").click()
    page.done(2)
    card.get_by_role("heading", name="canceled").wait_for()
    assert "cancelled" in page.outputs(2).text_content()


def test_a_background_run_outlives_page_and_kernel_and_is_found_again(notebook: Notebook, door: Any) -> None:
    page = notebook(START, sleeper(door), "%asset run sleeper --bg", "%load_ext nbasset", "%asset runs --follow")
    page.run(0, 1, 2)
    page.save()
    card = page.output(2)
    card.get_by_text("going to bed").or_(card.get_by_role("tab", name="stdout")).first.click()
    card.get_by_text("going to bed").wait_for()
    page.reload()
    card = page.output(2)
    card.get_by_text("in the background").wait_for()
    card.get_by_role("button", name="Cancel").wait_for()
    page.restart_kernel()
    page.run(3, 4)
    found = page.output(4)
    found.get_by_text("in the background").wait_for()
    found.get_by_role("button", name="Cancel").click()
    found.get_by_role("heading", name="canceled").wait_for()


def test_dark_is_dark_at_once_and_nothing_needs_a_mouse(notebook: Notebook, door: Any) -> None:
    page = notebook(START, ORDERS, late(door), DAYS, "%asset graph", "%asset partitions days")
    page.run(0, 1, 2, 3, 4, 5)
    graph, grid = page.output(4), page.output(5)
    node(graph, "late", "missing").wait_for()
    page.theme("dark")
    graph.locator('.nb[data-theme="dark"]').wait_for()
    graph.get_by_role("tree").or_(graph.get_by_role("group", name=re.compile("Lineage"))).first.focus()
    press = page.page.keyboard.press
    graph.get_by_role("textbox").or_(graph.get_by_role("combobox")).first.focus()
    page.page.keyboard.type("late")
    press("Enter")
    press("Escape")
    node(graph, "late").focus()
    press("Enter")
    graph.get_by_role("complementary", name="late").wait_for()
    cells = grid.get_by_role("grid")
    cells.focus()
    press("Home")
    press("Shift+ArrowDown")
    press("Shift+ArrowDown")
    chosen = grid.get_by_role("textbox", name="Selected partitions").input_value()
    assert re.fullmatch(r"\[2013-\d\d-\d\d\.\.\.2013-\d\d-\d\d\]", chosen), chosen


def test_the_saved_file_has_the_pictures_and_no_widget_needs_a_kernel(notebook: Notebook, door: Any) -> None:
    page = notebook(START, ORDERS, late(door), "%asset graph", "%asset run late")
    door.open()
    page.run(0, 1, 2, 3, 4)
    page.output(4).get_by_role("heading", name="done").wait_for()
    saved = json.loads(page.save().read_text())
    graph, run = saved["cells"][3]["outputs"][0]["data"], saved["cells"][4]["outputs"][0]["data"]
    assert "orders" in "".join(graph["image/svg+xml"])
    assert "Lineage" in "".join(graph["text/plain"])
    assert "Run done" in "".join(run["text/plain"])
    assert "_esm" not in json.dumps(saved["metadata"])


def test_without_widgets_every_verb_shows_its_card(notebook: Notebook) -> None:
    page = notebook(
        START, ORDERS, DAYS, "%asset graph", "%asset partitions days", "%asset run orders", settings="notebook.widgets = false\n"
    )
    page.run(0, 1, 2, 3, 4, 5)
    assert page.output(3).locator("svg.nbasset-lineage").count() == 1
    assert page.output(4).locator("svg.nbasset-partitions").count() == 1
    page.output(5).get_by_text("Run done").wait_for()
    widgets = [
        output for cell in json.loads(page.save().read_text())["cells"] for output in cell["outputs"] if "widget-view" in json.dumps(output)
    ]
    assert widgets == []
