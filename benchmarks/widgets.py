"""Live panels in a real JupyterLab: first paint of large ones, and how long a change takes from the log to the page.

    python benchmarks/widgets.py

First paint: from starting the cell until the drawing can be seen, kernel and page together. Latency: from the moment that an event was
written (its own time) until the page shows it, on one clock, since both are on this machine.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "browser"))

from lab_page import CHROMIUM_ARGUMENTS, Page, lab_server, write_notebook

LINEAGE = """%load_ext nbasset
from nbasset import AssetSpec, Definitions, asset


def made(number):
    @asset(name=f"asset_{number:04}", group_name=f"group_{number // 50:02}", deps=[f"asset_{number - 50:04}"] if number >= 50 else [])
    def one():
        return number

    return one


thousand = [made(number) for number in range(1000)]"""
GRID = """from nbasset import HourlyPartitionsDefinition


@asset(partitions_def=HourlyPartitionsDefinition("2013-01-01-00:00", end_date="2024-06-01-00:00"))
def hours():
    return 1"""
SMALL = """%load_ext nbasset
import time
from nbasset import asset, DailyPartitionsDefinition


@asset(partitions_def=DailyPartitionsDefinition("2013-01-01", end_date="2014-01-01"))
def days():
    time.sleep(0.05)
    return 1"""
# Calls back with the time at which the count of finished partitions that the page shows rises.
WATCH = """() => {
  window.seen = [];
  const roots = [...document.querySelectorAll('.jp-OutputArea *')].map((one) => one.shadowRoot).filter(Boolean);
  let last = '';
  const look = () => {
    for (const root of roots) {
      const text = /(\\d+) of \\d+ done/.exec(root.textContent)?.[1] ?? '';
      if (text !== '' && text !== last) { last = text; window.seen.push([Number(text), Date.now()]); }
    }
    requestAnimationFrame(look);
  };
  look();
}"""


def main() -> None:
    """Measure, and print a line for each."""
    from playwright.sync_api import sync_playwright

    program = next(found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name)))
    with tempfile.TemporaryDirectory() as base, lab_server(Path(base)) as lab, sync_playwright() as player:
        browser = player.chromium.launch(executable_path=program, args=CHROMIUM_ARGUMENTS)
        page = Page.load(lab, browser)
        cells = [LINEAGE, "%asset graph", "%asset graph", GRID, "%asset partitions hours", "%asset partitions hours"]
        page.open(write_notebook(lab.root / "large" / "large.ipynb", cells))
        page.run(0)
        paint(page, "1,000-asset lineage", (1, 2), "g.node")
        page.run(3)
        paint(page, "100,000-key grid", (4, 5), "canvas")
        page.shut()
        page.open(
            write_notebook(
                lab.root / "small" / "small.ipynb", [SMALL, "%asset partitions days", "%asset run days -s 2013-01-01 -e 2013-03-01 -q"]
            )
        )
        page.run(0, 1)
        latency(page, Path(lab.root) / "small")
        page.shut()
        browser.close()


def paint(page: Page, what: str, cells: tuple[int, ...], drawn: str) -> None:
    """The first time brings the libraries along; after that it is the panel alone."""
    for index, which in zip(cells, ("first", "again"), strict=True):
        began = perf_counter()
        page.run(index, wait=False)
        page.output(index).locator(drawn).first.wait_for()
        say(f"{what}, {which}: first paint", perf_counter() - began)


def latency(page: Page, home: Path) -> None:
    """A run in the kernel finishes a partition every 50 ms; the page says how many it knows of."""
    page.output(1).locator("canvas").first.wait_for()
    page.page.evaluate(WATCH)
    page.run(2)
    page.page.wait_for_timeout(1_500)
    seen = page.page.evaluate("() => window.seen")
    from nbasset.events.kinds import StepSucceeded
    from nbasset.instance import Instance

    with Instance.open(home) as instance:
        ends = [entry.event.at_us / 1000 for entry in instance.reader.entries(limit=10_000) if isinstance(entry.event, StepSucceeded)]
    delays = [(at - ends[count - 1]) / 1000 for count, at in seen if 0 < count <= len(ends)]
    say("event to pixel, median", statistics.median(delays))
    say("event to pixel, slowest", max(delays))


def say(what: str, seconds: float) -> None:
    """One line."""
    print(f"{what:<44} {1000 * seconds:8.0f} ms")


if __name__ == "__main__":
    main()
