"""What the process says that draws the views of a location; its classes are those that a kernel draws with."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from nbasset.commands.materialize import materialize_in
from nbasset.commands.scope import Scope
from nbasset.home import Home
from nbasset.instance import Instance
from nbasset.keys import AssetKey
from nbasset.locations.location import Location
from nbasset.locations.module import load_module_file
from nbasset.locations.notebook import load_notebook
from nbasset.notebook.desk import Desk
from nbasset.notebook.loaded_session import LoadedSession
from nbasset.notebook.project_desk import ProjectDesk
from nbasset.web.panel_process import Panels, main

CODE = """
import nbasset as nb

@nb.asset(group_name="shop")
def orders():
    return [1, 2, 3]

@nb.asset
def sales(orders):
    return orders

@nb.asset(partitions_def=nb.MultiPartitionsDefinition({
    "day": nb.DailyPartitionsDefinition("2026-01-01", end_date="2026-01-03"), "shop": nb.StaticPartitionsDefinition(["north", "south"]),
}))
def stock():
    return 1
"""


class Drawn:
    """Panels over a module in a home of its own, and what they say."""

    def __init__(self, folder: Path, *, is_read_only: bool = False) -> None:
        (folder / "nbasset.toml").write_text("")
        (folder / "sold.py").write_text(CODE)
        self.location: Location = load_module_file(folder / "sold.py", home=folder)
        self.instance = Instance(Home(folder))
        self.said: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self.panels = Panels(
            Desk(LoadedSession(self.location, self.instance)), lambda message: self.said.put(dict(message)), is_read_only=is_read_only
        )

    def ask(self, panel: int, command: dict[str, Any]) -> Any:
        """The answer to a command, past what changed meanwhile."""
        self.panels.hear({"panel": panel, "asked": {"id": 5, "command": command}})
        while (message := self.next()["message"])["type"] != "answered":
            pass
        return message["result"]

    def next(self) -> dict[str, Any]:
        """The next thing it says."""
        return self.said.get(timeout=30)


@pytest.fixture
def drawn(tmp_path: Path) -> Iterator[Drawn]:
    made = Drawn(tmp_path)
    yield made
    made.panels.desk.close()
    made.instance.close()


def test_a_view_is_sent_whole_with_the_number_after_the_last_one_that_the_page_has(drawn: Drawn) -> None:
    drawn.panels.hear({"open": 3, "view": {"type": "lineage"}, "seq": 41})
    said = drawn.next()
    message = said["message"]
    assert (said["panel"], message["type"], message["seq"]) == (3, "replaced", 42)
    assert [node["key"] for node in message["panel"]["view"]["nodes"]] == ["orders", "sales", "stock"]


def test_partitions_of_several_dimensions_are_sent_as_plain_text(drawn: Drawn) -> None:
    drawn.panels.hear({"open": 1, "view": {"type": "grid", "asset": "stock"}, "seq": 0})
    view = drawn.next()["message"]["panel"]["view"]
    assert json.loads(json.dumps(view)) == view
    assert [dimension["name"] for dimension in view["dimensions"]] == ["day", "shop"]


def test_what_a_run_changes_reaches_the_page_as_a_change(drawn: Drawn) -> None:
    drawn.panels.hear({"open": 1, "view": {"type": "lineage"}, "seq": 0})
    drawn.next()
    materialize_in(Scope(drawn.location, drawn.instance), selection="orders")
    states: dict[str, str] = {}
    while states.get("orders") != "fresh":
        states |= {node["key"]: node["state"] for node in drawn.next()["message"].get("nodes", ())}
    assert states["orders"] == "fresh"


def test_commands_are_answered_as_a_kernel_answers_them(drawn: Drawn) -> None:
    drawn.panels.hear({"open": 1, "view": {"type": "asset", "asset": "sales"}, "seq": 0})
    assert drawn.next()["message"]["panel"]["view"]["code"]["text"].startswith("@nb.asset\ndef sales")
    plan = drawn.ask(1, {"type": "make_plan", "target": {"selection": "+sales"}})
    assert [row["asset"] for row in plan["rows"]] == ["orders", "sales"]


def test_a_server_for_reading_only_refuses_what_changes_something_and_answers_the_rest(tmp_path: Path) -> None:
    drawn = Drawn(tmp_path, is_read_only=True)
    drawn.panels.hear({"open": 1, "view": {"type": "asset", "asset": "orders"}, "seq": 0})
    assert drawn.next()["message"]["panel"]["can_run"] is False
    assert drawn.ask(1, {"type": "materialize", "target": {"selection": "orders"}}) == {
        "text": "This server is for reading only.",
        "type": "refused",
    }
    assert drawn.ask(1, {"type": "make_plan", "target": {"selection": "orders"}})["type"] == "plan"
    drawn.panels.desk.close()
    drawn.instance.close()


@pytest.mark.parametrize(
    ("view", "why"),
    [
        ({"type": "asset", "asset": "order"}, "no longer defined"),
        ({"type": "picture"}, "there is no view"),
        ({"type": "lineage", "selection": "("}, ""),
    ],
)
def test_a_view_that_cannot_be_drawn_is_refused_with_the_reason(drawn: Drawn, view: dict[str, str], why: str) -> None:
    drawn.panels.hear({"open": 1, "view": view, "seq": 0})
    said = drawn.next()
    assert said["panel"] == 1
    assert why in said["refused"]


def test_a_closed_panel_says_nothing_more(drawn: Drawn) -> None:
    drawn.panels.hear({"open": 1, "view": {"type": "lineage"}, "seq": 0})
    drawn.next()
    drawn.panels.hear({"close": 1})
    drawn.panels.hear({"panel": 1, "asked": {"id": 5, "command": {"type": "fetch_asset", "asset": "orders"}}})
    assert drawn.said.empty()


def test_code_that_cannot_be_loaded_is_the_one_thing_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "nbasset.toml").write_text("")
    (tmp_path / "torn.py").write_text("import nbasset\nx = = 1\n")
    out = io.StringIO()
    main(io.StringIO(), out, {"home": str(tmp_path), "places": [{"path": str(tmp_path / "torn.py")}]})
    (said,) = map(json.loads, out.getvalue().splitlines())
    assert "torn.py" in said["broken"]


def test_a_loaded_notebook_tells_its_cells_as_a_session_does(tmp_path: Path) -> None:
    cells: list[dict[str, Any]] = [{"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Counting"}]
    cells += [
        {
            "cell_type": "code",
            "id": "b",
            "metadata": {},
            "source": "%%asset counted --group few\n[1]",
            "outputs": [],
            "execution_count": None,
        }
    ]
    (tmp_path / "counting.ipynb").write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}))
    with Instance.ephemeral() as instance:
        session = LoadedSession(load_notebook(tmp_path / "counting.ipynb"), instance)
        assert session.code_of(AssetKey("counted")) == ("cell 2", ((1, "%%asset counted --group few"), (2, "[1]")))
        assert [(made.cell, session.state.label(made.cell)) for made in session.state.made] == [("b", "cell 2")]
        assert session.code_of(AssetKey("other")) is None


SHOP = """
import nbasset as nb

orders = nb.AssetSpec("orders")

@nb.asset(deps=[orders])
def shelves():
    return 1
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Drawn]:
    """Two locations as one; the second waits for an asset of the first."""
    made = Drawn(tmp_path)
    (tmp_path / "kept.py").write_text(SHOP)
    other = Desk(LoadedSession(load_module_file(tmp_path / "kept.py", home=tmp_path), made.instance))
    made.panels = Panels(ProjectDesk([made.panels.desk, other]), lambda message: made.said.put(dict(message)))
    yield made
    made.panels.desk.close()
    made.instance.close()


def drawn_lineage(project: Drawn, **view: str) -> dict[str, Any]:
    """The lineage as it is sent first."""
    project.panels.hear({"open": 1, "view": {"type": "lineage", **view}, "seq": 0})
    found: dict[str, Any] = project.next()["message"]["panel"]["view"]
    return found


def test_several_locations_are_one_lineage_in_which_an_asset_stands_once_as_it_is_made(project: Drawn) -> None:
    view = drawn_lineage(project)
    nodes = [node["key"] for node in view["nodes"]]
    assert sorted(nodes) == ["orders", "sales", "shelves", "stock"]
    assert {node["key"]: node["state"] for node in view["nodes"]}["orders"] == "missing"
    assert {(nodes[a], nodes[b]) for a, b in view["edges"]} == {("orders", "sales"), ("orders", "shelves")}


def test_an_asset_is_told_by_the_location_that_makes_it(project: Drawn) -> None:
    drawn_lineage(project)
    assert project.ask(1, {"type": "fetch_asset", "asset": "orders"})["code"]["text"].startswith("@nb.asset(group_name=")
    assert "shelves" in project.ask(1, {"type": "fetch_asset", "asset": "shelves"})["code"]["text"]


def test_a_plan_of_a_project_is_that_of_one_location(project: Drawn) -> None:
    drawn_lineage(project)
    plan = project.ask(1, {"type": "make_plan", "target": {"selection": "shelves"}})
    assert [row["asset"] for row in plan["rows"]] == ["shelves"]
    refused = project.ask(1, {"type": "make_plan", "target": {"selection": "sales or shelves"}})
    assert refused["text"].startswith("this selects assets of sold and kept")


def test_a_selection_that_no_location_knows_is_refused(project: Drawn) -> None:
    assert [node["key"] for node in drawn_lineage(project, selection="sales or +shelves")["nodes"]] == ["orders", "sales", "shelves"]
    project.panels.hear({"open": 2, "view": {"type": "lineage", "selection": "shelve"}, "seq": 0})
    assert "shelve" in project.next()["refused"]
