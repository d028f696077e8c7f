"""The pages of runs, jobs, automation and launches over a real server: what a person does there, and what comes of it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from site_page import Open, wrong_with

CODE = """
import nbasset as nb

days = nb.DailyPartitionsDefinition("2026-01-01", end_date="2026-01-11")

@nb.asset(partitions_def=days)
def visits(context):
    return [context.partition_key]

class Copy(nb.Config):
    target: str
    tries: int = 1

@nb.op
def fetch():
    return 1

@nb.op
def copy_out(rows: int, config: Copy):
    if config.target == "nowhere":
        raise FileNotFoundError(config.target)

@nb.job
def nightly():
    copy_out(fetch())

daily = nb.define_asset_job("daily", [visits], partitions_def=days)

@nb.schedule(cron_schedule="0 6 * * *", job=nightly, execution_timezone="Europe/Berlin")
def every_morning():
    return nb.RunRequest(run_config={"ops": {"copy_out": {"config": {"target": "share"}}}}, tags={"asked": "morning"})

@nb.sensor(job=nightly)
def inbox(context):
    return nb.SkipReason(f"nothing after {context.cursor}")

defs = nb.Definitions(assets=[visits], jobs=[nightly, daily], schedules=[every_morning], sensors=[inbox])
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with jobs, of which one failed, a schedule, a sensor, and a location that cannot be loaded."""
    folder = tmp_path_factory.mktemp("work")
    (folder / "nbasset.toml").write_text('[[locations]]\npath = "shop.py"\n[[locations]]\npath = "broken.py"\n')
    (folder / "shop.py").write_text(CODE)
    (folder / "broken.py").write_text("stations = {}\nhere = stations['EWR']\n")
    command = [sys.executable, "-m", "nbasset.cli", "job", "run", "shop.py", "nightly", "-q", "-c", "ops.copy_out.config.target=nowhere"]
    subprocess.run(command, cwd=folder, capture_output=True, check=False)
    return folder


LOADED = {
    "/runs": "[role=row] >> text=FileNotFoundError",
    "/jobs/nightly": ".nb-op >> nth=1",
    "/automation": "text=every_morning",
    "/timeline": ".nb-tl-bar",
    "/launchpad?job=nightly": "text=copy_out",
    "/locations": "text=here = stations",
}


@pytest.mark.node
def test_axe_finds_nothing_on_the_pages_of_work_and_none_is_wider_than_its_window(show: Open) -> None:
    assert wrong_with(show("/runs", theme="dark", width=900), LOADED) == {}


def test_a_failed_run_says_why_in_the_list_and_is_done_again_from_the_failure_after_a_question(show: Open) -> None:
    page = show("/runs?state=failed")
    page.get_by_text(re.compile(r"shop.py, line \d+: FileNotFoundError: nowhere")).wait_for()
    page.get_by_label(re.compile("^Run again ")).click()
    dialog = page.get_by_role("dialog")
    assert dialog.get_by_label("From the failure").is_checked()
    dialog.get_by_role("button", name="Run again").click()
    page.wait_for_url(re.compile("/runs/[0-9a-f]{32}$"))
    page.get_by_text("raise FileNotFoundError(config.target)").wait_for()
    page.get_by_role("tab", name="Configuration and tags").click()
    page.get_by_text("dagster/parent_run_id").wait_for()
    page.goto(page.url[: page.url.rindex("/") + 9])
    page.wait_for_url(re.compile("/runs/[0-9a-f]{32}$"))


def test_the_launchpad_says_what_is_wrong_at_its_line_and_its_field_and_starts_what_is_right(show: Open, address: str) -> None:
    page = show("/launchpad?job=nightly")
    page.get_by_role("alert").get_by_text("missing").wait_for()
    page.get_by_label("tries").fill("six")
    page.get_by_text(re.compile("^Line 4: ")).wait_for()
    assert page.get_by_role("button", name="Launch", exact=True).is_disabled()
    page.get_by_label("tries").fill("2")
    page.get_by_label("target").fill("share")
    assert page.get_by_label("Run config as YAML").input_value() == "ops:\n  copy_out:\n    config:\n      tries: 2\n      target: share\n"
    page.get_by_label("Tags").fill("ticket: DATA-1")
    page.locator("button:enabled", has_text="Launch").click()
    page.wait_for_url(re.compile("/runs/[0-9a-f]{32}$"))
    page.goto(f"{address}/runs?q=tag:ticket=DATA-1")
    page.locator(".nb-dt-row").first.wait_for()
    page.goto(f"{address}/launchpad?job=daily&partitions=[2026-01-02...2026-01-04]")
    page.get_by_role("button", name="Launch 3").click()
    page.get_by_text("0 of 3 partitions").wait_for()


def test_a_schedule_is_turned_on_and_previewed_and_the_cursor_of_a_sensor_is_set(show: Open, address: str) -> None:
    page = show("/automation")
    page.get_by_role("switch", name="every_morning on").click()
    page.get_by_text("every_morning is on.").wait_for()
    page.get_by_role("link", name="every_morning").click()
    page.get_by_role("button", name="Preview a tick").click()
    page.get_by_role("dialog").get_by_role("button", name="Preview").click()
    page.get_by_text("It would start 1 run").wait_for()
    page.get_by_text("asked: morning").wait_for()
    page.goto(f"{address}/sensors/inbox")
    page.get_by_role("button", name="Edit the cursor").click()
    page.get_by_role("textbox", name="Cursor").fill("a-7")
    page.get_by_role("button", name="Set the cursor").click()
    page.locator(".nb-cursor-fact", has_text="a-7").wait_for()
    page.get_by_role("button", name="Preview a tick").click()
    page.get_by_role("dialog").get_by_role("button", name="Preview").click()
    page.get_by_text("nothing after a-7").wait_for()
