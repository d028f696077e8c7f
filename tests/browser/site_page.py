"""What tests of the stand-alone pages share: a project that `nbasset ui` serves, and what axe-core finds on a page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbasset.web

AXE = Path(__file__).parents[2] / "extension" / "ui" / "node_modules" / "axe-core" / "axe.min.js"
IS_BUILT = (Path(nbasset.web.__file__).parent / "static" / "index.html").is_file()
Open = Callable[..., Any]


@contextmanager
def served(folder: Path, *words: str) -> Iterator[str]:
    """The address at which `nbasset ui` serves a project."""
    command = [sys.executable, "-m", "nbasset.cli", "ui", "--port", "0", "--no-open", *words]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}) as server:
        assert server.stdout is not None
        said = ""
        while (found := re.search(r"http://\S+?(?=/?\s)", said)) is None:
            line = server.stdout.readline()
            assert line, said
            said += line
        yield found[0]
        server.terminate()
        server.wait(30)


def axe(page: Any) -> list[str]:
    """What axe-core finds, one line each. A name of a node that is cut to fit into it is said in full, which is no other name."""
    page.add_script_tag(path=AXE)
    cut = "{'label-content-name-mismatch': {enabled: !document.querySelector('.node')}}"
    results = page.evaluate(f"axe.run(document, {{resultTypes: ['violations'], rules: {cut}}})")
    return [f"{rule['id']}: {node['html'][:160]}" for rule in results["violations"] for node in rule["nodes"]]


def wrong_with(page: Any, loaded: dict[str, str]) -> dict[str, list[str]]:
    """What is wrong with pages, by their paths: what axe-core finds, and a page that is wider than its window. Each waits for its text."""
    found = {}
    for path, sign in loaded.items():
        page.evaluate("(path) => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')); }", path)
        page.wait_for_selector(sign)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        found[path] = [*axe(page), *([f"{wide} px too wide"] if wide > 0 else [])]
    return {path: seen for path, seen in found.items() if seen}
