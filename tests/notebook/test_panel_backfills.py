"""Backfills from the grid: planned by asset, started in a process of their own, watched, held, set going, ended, tried again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbasset import clock
from nbasset.events import kinds
from nbasset.events.kinds import Target as Made
from nbasset.keys import AssetKey, new_run_id
from nbasset.notebook.desk import Desk
from nbasset.notebook.panel import GridSource
from nbasset.notebook.wire_commands import Target
from nbasset.notebook.wire_json import parse_message, parse_panel, to_wire
from nbasset.ordinals import OrdinalSet
from nbasset.storage.processes import this_process

START = "import os, time\nfrom nbasset import DailyPartitionsDefinition\nDOOR = {door!r}"
DAYS = """@asset(partitions_def=DailyPartitionsDefinition('2013-01-01', end_date='2013-01-11'))
def days(context):
    if context.partition_key == '2013-01-02' and not os.path.exists(DOOR + '-mended'):
        raise ValueError('no such day')
    while context.partition_key > '2013-01-06' and not os.path.exists(DOOR):
        time.sleep(0.02)
    return [context.partition_key]"""
TEN = to_wire(Target('key:"days"', ((0, 10),), grouping="backfill", chunk=3))


class Grid:
    """The grid of `days`: its panel, and what it is asked."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.live = desk.open(lambda at: GridSource(AssetKey("days")), cell="c9#1")
        self.messages: list[Any] = []
        self.live.send = lambda message: self.messages.append(parse_message(message))

    @property
    def view(self) -> Any:
        """All of it, now."""
        self.desk.refresh()
        return parse_panel(to_wire(self.live.whole())).view

    @property
    def progress(self) -> Any:
        return self.view.progress

    def ask(self, type_: str, **given: Any) -> Any:
        self.messages.clear()
        self.desk.hear(self.live, {"id": 7, "command": {"type": type_, **given}})
        if type_ != "cancel_backfill":
            self.desk._queue.put(None)
            self.desk._work()
        return next(message.result for message in self.messages if message.type == "answered")

    def when(self, wanted: Callable[[Any], bool]) -> Any:
        """Refresh until the progress is as wanted, as the watching thread does."""
        storage = self.desk.session.instance.storage
        for _ in range(600):
            progress = self.progress
            if progress is not None and wanted(progress):
                return progress
            storage.wait(storage.last_seq(), 0.1)
        raise AssertionError(f"the progress is {progress}")


@pytest.fixture
def door(tmp_path: Path) -> Path:
    return tmp_path / "open"


@pytest.fixture
def grid(notebook: Any, door: Path) -> Iterator[Grid]:
    notebook.ok(START.format(door=str(door)), "c1")
    notebook.ok(DAYS, "c2")
    desk = Desk(notebook.session)
    yield Grid(desk)
    desk.close()


def test_the_plan_of_a_backfill_has_a_row_an_asset_and_is_what_is_started(grid: Grid, door: Path) -> None:
    plan = grid.ask("make_plan", target=TEN)
    assert [(row.asset, row.state, row.why, row.partitions, row.keys) for row in plan.rows] == [
        ("days", "missing", "10 missing", 10, "2013-01-01..2013-01-10")
    ]
    assert (plan.runs, plan.command) == (4, "%asset backfill --select 'key:\"days\"' --chunk 3")
    started = grid.ask("materialize", target=TEN, digest="other")
    assert (started.type, "something has changed" in started.text) == ("refused", True)
    door.touch()
    started = grid.ask("materialize", target=TEN, digest=plan.digest)
    assert (started.run, started.text, bool(started.backfill)) == ("", "10 partitions in 4 runs", True)
    over = grid.when(lambda progress: progress.state == "failed")
    assert (over.done, over.total, over.failed, over.runs, over.backfill) == (9, 10, 1, 4, started.backfill)


def test_a_run_whose_end_is_heard_late_does_not_stand_for_its_backfill(grid: Grid, door: Path) -> None:
    door.touch()
    backfill = grid.ask("materialize", target=TEN).backfill
    over = grid.when(lambda progress: progress.state == "failed")
    days = [Made(AssetKey("days"), OrdinalSet.of([15706]))]
    late = kinds.RunRequested(clock.now_us(), new_run_id(), tuple(days), 1, backfill_id=backfill)
    grid.desk.session.instance.storage.append([late, kinds.RunStarted(clock.now_us(), late.run_id, this_process())])
    assert [record.run_id for record in grid.desk.session.instance.storage.active_runs()] == [late.run_id]
    assert (grid.progress.backfill, grid.progress.total, grid.progress.state) == (backfill, over.total, "failed")


def test_what_failed_is_tried_again_as_another_backfill(grid: Grid, door: Path) -> None:
    door.touch()
    first = grid.ask("materialize", target=TEN).backfill
    grid.when(lambda progress: progress.state == "failed")
    door.with_name("open-mended").touch()
    again = grid.ask("retry_backfill", backfill=first)
    assert (again.text, again.backfill != first) == ("1 partition in 1 run", True)
    over = grid.when(lambda progress: progress.state == "fresh")
    assert (over.done, over.total, over.backfill) == (1, 1, again.backfill)


def test_it_is_paused_found_by_another_grid_and_goes_on(grid: Grid, door: Path) -> None:
    backfill = grid.ask("materialize", target=TEN).backfill
    assert grid.when(lambda progress: progress.runs == 3 and progress.done >= 5).can_pause
    assert "pauses" in grid.ask("pause_backfill", backfill=backfill).text
    held = grid.when(lambda progress: progress.held == "paused")
    assert (held.failed, held.state, held.can_pause, held.eta_s) == (1, "queued", False, None)
    later = Grid(grid.desk)
    assert later.progress == held
    door.touch()
    assert "goes on" in later.ask("resume_backfill", backfill=backfill).text
    over = later.when(lambda progress: progress.state == "failed")
    assert (over.done, over.failed, over.backfill) == (9, 1, backfill)


def test_it_is_cancelled_and_the_rest_can_be_made_later(grid: Grid, door: Path) -> None:
    backfill = grid.ask("materialize", target=TEN).backfill
    grid.when(lambda progress: progress.runs == 3 and progress.done >= 5)
    assert "What was made is kept" in grid.ask("cancel_backfill", backfill=backfill).text
    over = grid.when(lambda progress: progress.state == "canceled")
    assert over.done >= 5
    refused = grid.ask("resume_backfill", backfill=backfill)
    assert (refused.type, "is over" in refused.text) == ("refused", True)
    for name in ("open", "open-mended"):
        door.with_name(name).touch()
    again = grid.ask("retry_backfill", backfill=backfill, what="left")
    assert again.text.startswith(f"{10 - over.done} partitions")
    grid.when(lambda progress: progress.state == "fresh" and progress.backfill == again.backfill)


def test_a_backfill_is_of_chosen_partitions_of_one_asset(grid: Grid) -> None:
    refused = grid.ask("materialize", target=to_wire(Target('key:"days"', grouping="backfill")))
    assert (refused.type, "chosen partitions of one asset" in refused.text) == ("refused", True)
