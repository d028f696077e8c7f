"""The stand-alone pages in a real Chromium: what the first one costs, what one seen before costs, how soon large ones are there.

    python benchmarks/pages.py

A project of 1,000 assets and one with 100,056 hourly partitions, served by `nbasset ui`. "fetched" are requests that the browser's cache
did not answer, with the bytes that came over the network; "paint" is the browser's own first contentful paint, "there" the time from the
request until the content that was asked for can be seen. The code of the project is loaded before the clock starts, as after the first
visit of somebody.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "browser"))

from lab_page import CHROMIUM_ARGUMENTS

CODE = """
import nbasset as nb

hours = nb.HourlyPartitionsDefinition("2015-01-01-00:00", end_date="2026-06-01-00:00")

@nb.asset(partitions_def=hours, group_name="hourly")
def hourly():
    return 1

def made(number):
    @nb.asset(name=f"asset_{number:04}", group_name=f"group_{number // 50:02}", deps=[f"asset_{number - 50:04}"] if number >= 50 else [])
    def one():
        return number
    return one

defs = nb.Definitions([hourly, *map(made, range(1000))])
"""
PAGES = (
    ("catalogue, 1,001 assets", "/assets", "[role=row] >> nth=3"),
    ("lineage, 1,001 assets", "/lineage", ".node >> nth=3"),
    ("partitions, 100,056 keys", "/assets/hourly?view=partitions", ".nb-grid canvas"),
)


def main() -> None:
    """Measure, and print a line for each page."""
    from playwright.sync_api import sync_playwright

    program = next(found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name)))
    with tempfile.TemporaryDirectory() as base, sync_playwright() as player:
        home = Path(base)
        (home / "nbasset.toml").write_text("")
        (home / "large.py").write_text(CODE)
        command = [sys.executable, "-m", "nbasset.cli", "ui", "--port", "0", "--no-open"]
        with subprocess.Popen(command, cwd=home, stdout=subprocess.PIPE, text=True) as server:
            try:
                address = address_of(server)
                browser = player.chromium.launch(executable_path=program, args=CHROMIUM_ARGUMENTS)
                warm_up(browser, address)
                context = browser.new_context(viewport={"width": 1440, "height": 900})
                for round_ in ("first", "again"):
                    for name, path, there in PAGES:
                        sys.stdout.write(f"{round_:6} {name:26} {measured(context, address + path, there)}\n")
                browser.close()
            finally:
                server.terminate()


def address_of(server: subprocess.Popen[str]) -> str:
    """Where it serves, as it says itself."""
    assert server.stdout is not None
    for line in server.stdout:
        found = re.search(r"http://\S+?(?=/?\s)", line)
        if found is not None:
            return found[0]
    raise RuntimeError("the server ended before it served")


def warm_up(browser: Any, address: str) -> None:
    """Have the code loaded, by a visitor of another browser."""
    page = browser.new_page()
    for _, path, there in PAGES:
        page.goto(address + path)
        page.wait_for_selector(there, timeout=120_000)
    page.close()


def measured(context: Any, address: str, there: str) -> str:
    """Open a page in a new tab: requests and bytes that were fetched, first paint, and when its content was there."""
    page = context.new_page()
    client = context.new_cdp_session(page)
    client.send("Network.enable")
    asked: set[str] = set()
    kept: set[str] = set()
    size = [0]
    client.on("Network.requestWillBeSent", lambda event: asked.add(event["requestId"]))
    client.on("Network.requestServedFromCache", lambda event: kept.add(event["requestId"]))
    client.on("Network.responseReceived", lambda event: kept.add(event["requestId"]) if event["response"].get("fromDiskCache") else None)
    client.on("Network.loadingFinished", lambda event: size.append(event["encodedDataLength"]))
    began = perf_counter()
    page.goto(address)
    page.wait_for_selector(there)
    taken = perf_counter() - began
    page.wait_for_timeout(500)
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    page.close()
    return f"fetched {len(asked - kept):2} in {sum(size) / 1000:6.1f} kB   paint {paint / 1000:.2f} s   there {taken:.2f} s"


if __name__ == "__main__":
    main()
