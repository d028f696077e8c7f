"""Pictures of every view, light, dark and high contrast, into a folder; with the checks that need a browser.

    python extension/ui/gallery/shots.py FOLDER [--only grid,run] [--check]

Build first: ``python gallery/fixtures.py && npm run gallery``. ``--check`` also runs axe-core over each page and fails on what it finds;
an error on the console fails always.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import sys
import threading
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
]
LOOKS = {"light": "theme=light", "dark": "theme=dark", "contrast": "theme=light&contrast=more", "contrast-dark": "theme=dark&contrast=more"}


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves the gallery without a line for each request."""

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


def main() -> int:
    """Take the pictures; 1 if anything was found."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--looks", default="light,dark,contrast")
    parser.add_argument("--width", default="700")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(HERE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found: list[str] = []
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        for look in options.looks.split(","):
            page = browser.new_page(viewport={"width": int(options.width) + 60, "height": 900})
            listen(page, found)
            only = f"&only={options.only}" if options.only else ""
            page.goto(f"http://127.0.0.1:{server.server_address[1]}/index.html?{LOOKS[look]}&width={options.width}{only}")
            page.wait_for_selector("html[data-ready]", timeout=30_000)
            page.wait_for_timeout(500)
            for section in page.locator("main > section").all():
                section.screenshot(path=options.folder / f"{section.get_attribute('id')}-{look}.png")
            if options.check:
                found += axe(page, look)
            print(look, page.evaluate("Object.fromEntries([...window.gallery.times].map(([k, v]) => [k, Math.round(v)]))"))  # noqa: T201
            page.close()
        browser.close()
    server.shutdown()
    for line in found:
        print(line, file=sys.stderr)  # noqa: T201
    return 1 if found else 0


def listen(page: Any, found: list[str]) -> None:
    """Keep what the page complains about."""
    page.on("console", lambda message: found.append(f"console: {message.text}") if message.type == "error" else None)
    page.on("pageerror", lambda error: found.append(f"page: {error}"))


def axe(page: Any, look: str) -> list[str]:
    """What axe-core finds on the page, one line each."""
    page.add_script_tag(path=HERE.parent / "node_modules" / "axe-core" / "axe.min.js")
    results = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{look}: {rule['id']}: {node['target']} {node['failureSummary'].splitlines()[-1].strip()[:200]} | {node['html'][:140]}"
        for rule in results["violations"]
        for node in rule["nodes"][:4]
    ]


if __name__ == "__main__":
    sys.exit(main())
