"""What goes over the wire arrives as it was sent, or is refused with the place that is wrong."""

from __future__ import annotations

import importlib.util
import json
import struct
from base64 import b64decode
from pathlib import Path

import pytest

from nbasset.notebook.wire import Answered, KeyFacts, Message, Panel, Refused, RunChanged, StatesChanged
from nbasset.notebook.wire_cards import AssetView, Neighbour, PreviewView
from nbasset.notebook.wire_commands import Asked, FetchLog, Materialize, Target
from nbasset.notebook.wire_json import WireError, pack_numbers, pack_runs, parse_asked, parse_message, parse_panel, to_wire
from nbasset.notebook.wire_views import (
    Attempt,
    CellRef,
    ColumnFacts,
    Dimension,
    GridView,
    LineageView,
    ListKeys,
    NodeFacts,
    Progress,
    Runs,
    RunView,
    StepFacts,
    TimeKeys,
)

PANELS = (
    Panel(
        LineageView("<svg/>", (NodeFacts("a", "a", "fresh"), NodeFacts("b", "b", "stale", cell=CellRef("x", 7))), ((0, 1),)),
        seq=4,
        at=1.5,
    ),
    Panel(
        GridView(
            "a", (Dimension("day", TimeKeys("2013-01-01T00:00", "day", 3)), Dimension("o", ListKeys(("x", "y")))), Runs((2, 6), (0, 2))
        )
    ),
    Panel(RunView("8c41f2", "a+", "running", (StepFacts("a", "a", "running", attempts=(Attempt(1.0, started_at=2.0),)),), 1.0)),
    Panel(PreviewView("a", (ColumnFacts("n", "int", top=(("1", 2),), numeric=True),), (("1",), (None,)))),
)
MESSAGES: tuple[Message, ...] = (
    StatesChanged(5, ((0, 3, 5),), Progress("r", 1, 3)),
    RunChanged(6, "failed", ended_at=3.0),
    Answered(1, Refused("the kernel is gone")),
    Answered(2, KeyFacts("2013-01-01", "fresh", ("842 rows",))),
    Answered(3, AssetView("a", "fresh", reads=(Neighbour("b", "stale"),))),
)


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.view.type)
def test_a_panel_comes_back_as_it_was_sent(panel: Panel) -> None:
    assert parse_panel(json.loads(json.dumps(to_wire(panel)))) == panel


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_a_message_comes_back_as_it_was_sent(message: Message) -> None:
    assert parse_message(json.loads(json.dumps(to_wire(message)))) == message


def test_a_command_comes_with_its_id_and_its_defaults() -> None:
    asked = {"id": 3, "command": {"type": "materialize", "target": {"selection": "a", "spans": [[0, 17]]}}}
    assert parse_asked(asked) == Asked(3, Materialize(Target("a", ((0, 17),))))


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({"id": "3", "command": {"type": "resync"}}, "asked.id"),
        ({"id": 1, "command": {"type": "format_disk"}}, "format_disk"),
        ({"id": 1, "command": {"type": "materialize"}}, "target"),
        ({"id": 1, "command": {"type": "materialize", "target": {"selection": "a", "spans": [[0]]}}}, r"spans\[0\]"),
        ({"id": 1, "command": {"type": "cancel_run", "run": "r", "force": 1}}, "force"),
        ({"id": True, "command": {"type": "resync"}}, "asked.id"),
        ([], "Asked"),
    ],
)
def test_what_is_no_command_is_refused_with_the_place(data: object, place: str) -> None:
    with pytest.raises(WireError, match=place):
        parse_asked(data)


def test_a_field_that_a_newer_front_end_added_is_ignored() -> None:
    assert parse_asked({"id": 1, "command": {"type": "fetch_log", "run": "r", "colour": "red"}}) == Asked(1, FetchLog("r"))


def test_numbers_are_packed_as_floats_with_nan_for_none() -> None:
    first, second = struct.unpack("<2f", b64decode(pack_numbers([1.5, None])))
    assert first == 1.5
    assert second != second


def test_runs_of_equal_states_are_packed() -> None:
    assert pack_runs([]) == ((), ())
    assert pack_runs([1, 1, 3]) == ((2, 3), (1, 3))


def test_the_typescript_twin_is_what_the_generator_writes() -> None:
    ui = Path(__file__).parents[2] / "extension" / "ui"
    spec = importlib.util.spec_from_file_location("generate_wire", ui / "generate_wire.py")
    assert spec is not None
    assert spec.loader is not None
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    assert (ui / "src/client/wire.gen.ts").read_text() == generator.generate(), "run: python extension/ui/generate_wire.py"
