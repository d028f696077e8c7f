"""Where no kernel answers, no widgets run, or the page looks different: what people see in JupyterLab then."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lab_page import Page, lab_server, wait_for, write_notebook

Notebook = Callable[..., Any]

CELLS = (
    """%load_ext nbasset
import pandas as pd
from nbasset import DailyPartitionsDefinition, asset""",
    """%%asset orders --group sales
pd.DataFrame({"delay": [1, 20, 30]})""",
    """@asset(partitions_def=DailyPartitionsDefinition("2013-01-01", end_date="2013-03-01"))
def days(context):
    return context.partition_key""",
    "%asset run orders",
    "%asset graph",
    "%asset partitions days",
)
GRAPH, GRID, RUN = 4, 5, 3


def test_a_saved_notebook_opened_without_a_kernel_shows_its_pictures_with_their_time_and_comes_alive_again(notebook: Notebook) -> None:
    page = notebook(*CELLS)
    page.run(*range(len(CELLS)))
    page.output(GRAPH).locator("g.node").first.wait_for()
    assert not page.twin(GRAPH).is_visible()
    path = page.save()
    page.shut()
    page.open(path, kernel=False)
    page.twin(GRAPH).locator("svg.nbasset-lineage").wait_for()
    page.twin(GRAPH).get_by_text("as of 20").wait_for()
    page.twin(GRID).locator("svg.nbasset-partitions").wait_for()
    page.twin(RUN).get_by_text("Run done").wait_for()
    shown = page.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook").inner_text()
    assert "Loading widget" not in shown
    assert "Error displaying widget" not in shown
    page.shut()
    page.open(path)
    page.twin(GRAPH).locator("svg.nbasset-lineage").wait_for()
    for index in range(len(CELLS)):
        page.run(index, wait=False)
    page.output(GRAPH).locator('g.node[data-key="orders"][data-state="fresh"]').wait_for()
    assert not page.twin(GRAPH).is_visible()


def test_high_contrast_is_taken_over_at_once(notebook: Notebook) -> None:
    page = notebook(*CELLS)
    page.run(*range(len(CELLS)))
    page.theme("dark high contrast")
    for index in (GRAPH, GRID, RUN):
        page.output(index).locator('.nb[data-contrast="more"][data-theme="dark"]').wait_for()
    ground = page.output(GRID).locator(".nb-card").first.evaluate("(card) => getComputedStyle(card).backgroundColor")
    assert ground == "rgb(0, 0, 0)"
    page.theme("light")
    page.output(GRID).locator('.nb[data-contrast="normal"][data-theme="light"]').wait_for()


@pytest.fixture
def bare_page(tmp_path: Path, chromium: Any) -> Iterator[Page]:
    """A JupyterLab whose widget manager is switched off."""
    environment = {"JUPYTER_CONFIG_DIR": str(tmp_path / "config"), "JUPYTERLAB_SETTINGS_DIR": str(tmp_path / "settings")}
    labconfig = tmp_path / "config" / "labconfig"
    labconfig.mkdir(parents=True)
    disabled = {"disabledExtensions": {"@jupyter-widgets/jupyterlab-manager": True}}
    (labconfig / "page_config.json").write_text(json.dumps(disabled))
    with lab_server(tmp_path, environ=environment) as lab:
        page = Page.load(lab, chromium)
        yield page
        page.shut()
        page.page.close()


def test_with_the_widget_manager_switched_off_every_verb_still_shows_its_picture(bare_page: Page) -> None:
    page = bare_page
    page.open(write_notebook(page.lab.root / "plain" / "plain.ipynb", CELLS))
    page.run(*range(len(CELLS)))
    page.twin(GRAPH).locator("svg.nbasset-lineage").wait_for()
    page.twin(GRID).locator("svg.nbasset-partitions").wait_for()
    wait_for(lambda: "Run done" in page.twin(RUN).inner_text(), "the card of the run")
    assert [page.outputs(index).inner_text().count("AssetPanel") for index in (RUN, GRAPH, GRID)] == [0, 0, 0]
    assert [error for error in page.errors if "nbasset" in error] == []  # others miss the widget manager aloud


def test_the_saved_notebook_exported_by_nbconvert_has_each_picture_once_and_loads_nothing(notebook: Notebook) -> None:
    page = notebook(*CELLS)
    page.run(*range(len(CELLS)))
    page.output(RUN).get_by_role("heading", name="done").wait_for()
    path = page.save()
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--embed-images", "--log-level=ERROR", path.name]
    done = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    exported = path.with_suffix(".html").read_text()
    assert [exported.count(f'class="{name}"') for name in ("nbasset-lineage", "nbasset-partitions")] == [1, 1]
    plain = page.page.context.browser.new_context(java_script_enabled=False).new_page()
    asked: list[str] = []
    plain.on("request", lambda request: asked.append(request.url) if not request.url.startswith("file:") else None)
    plain.goto(path.with_suffix(".html").as_uri())
    plain.locator("svg.nbasset-lineage").wait_for()
    plain.get_by_text("Run done").wait_for()
    plain.context.close()
    ours = [url for url in asked if "mathjax" not in url.lower() and "require" not in url.lower() and not url.startswith("data:")]
    assert ours == []
