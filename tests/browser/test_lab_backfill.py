"""A backfill from the grid in a real JupyterLab: many days by several runs, held, set going, found again by another kernel, tried again."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

Notebook = Callable[..., Any]

START = """%load_ext nbasset
import os, time
from nbasset import DailyPartitionsDefinition, asset
year = DailyPartitionsDefinition("2013-01-01", end_date="2014-01-01")"""


def days(door: Any, mended: Path) -> str:
    """An asset of which one day fails until it is mended, and all later ones wait for the door."""
    return f"""@asset(partitions_def=year)
def days(context):
    if context.partition_key == "2013-01-03" and not os.path.exists({str(mended)!r}):
        raise ValueError("no such day")
    if context.partition_key > "2013-01-12":
        {door.wait}
    return context.partition_key"""


def test_a_backfill_is_held_found_again_by_a_new_kernel_and_its_failures_run_again(notebook: Notebook, door: Any, tmp_path: Path) -> None:
    mended = tmp_path / "mended"
    page = notebook(START, days(door, mended), "%asset partitions days", START, days(door, mended), "%asset partitions days")
    page.run(0, 1, 2)
    grid = page.output(2)
    grid.get_by_role("textbox", name="Selected partitions").fill("[2013-01-01...2013-01-20]")
    bar = grid.get_by_role("group", name="Run the selection")
    bar.get_by_role("button", name="Backfill").click()
    grid.get_by_role("menuitemradio", name=re.compile("runs of 10")).or_(
        grid.get_by_role("menuitem", name=re.compile("runs of 10"))
    ).first.click()
    grid.get_by_role("button", name="Materialize 20 · 2 runs").click()
    grid.get_by_text("20 partitions in 2 runs").wait_for()
    grid.get_by_text("11 of 20 done").first.wait_for()
    grid.get_by_text("1 failed").first.wait_for()
    grid.get_by_role("button", name="Pause").click()
    grid.get_by_role("button", name=re.compile("Resume")).wait_for()
    page.restart_kernel()
    page.run(3, 4, 5)
    grid = page.output(5)
    grid.get_by_text("paused").first.wait_for()
    door.open()
    grid.get_by_role("button", name="Resume (8)").click()
    grid.get_by_text("19 of 20 done").first.wait_for()
    mended.touch()
    grid.get_by_role("button", name="Run 1 again").click()
    grid.get_by_text("1 of 1 done").first.wait_for()
    assert grid.get_by_role("button", name="Failed").is_disabled()
