"""What tests in a browser share: one JupyterLab, one Chromium, one page for all notebooks. All of them run on one worker."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from lab_page import CHROMIUM_ARGUMENTS, PATIENCE_S, Lab, Page, lab_server, write_notebook
from site_page import IS_BUILT, Open, served

OpenNotebook = Callable[..., Page]
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these need Chromium and stay together; they wait for what is to be seen, as long as a busy machine takes."""
    for item in items:
        if item.path.is_relative_to(HERE):
            for mark in (pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser"), pytest.mark.timeout(400)):
                item.add_marker(mark)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Keep a picture of what was on the screen when a test failed, and say where it is."""
    report: Any = yield
    page = getattr(item, "funcargs", {}).get("lab_page")
    if page is not None and report.failed and report.when == "call":
        path = Path(item.funcargs["lab"].root).parent / f"{item.name[:60]}.png"  # type: ignore[attr-defined]
        page.page.screenshot(path=path)
        report.sections.append(("what was on the screen", str(path)))
    return report  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab that serves an empty folder."""
    pytest.importorskip("jupyterlab")
    with lab_server(tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """One Chromium."""
    playwright = pytest.importorskip("playwright.sync_api")
    named = os.environ.get("CHROMIUM")
    program = named or next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
    with playwright.sync_playwright() as player:
        browser = player.chromium.launch(executable_path=program, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab_page(lab: Lab, chromium: Any) -> Page:
    """JupyterLab, loaded once."""
    return Page.load(lab, chromium)


@pytest.fixture
def notebook(lab_page: Page, request: pytest.FixtureRequest) -> Iterator[OpenNotebook]:
    """Opens a notebook of these cells, in a folder and home of its own. At the end the console must have stayed clean."""
    folder = lab_page.lab.root / request.node.name[:60]
    lab_page.errors.clear()

    def open_cells(*cells: str, settings: str = "") -> Page:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "nbasset.toml").write_text(settings)
        lab_page.open(write_notebook(folder / "notebook.ipynb", cells))
        return lab_page

    yield open_cells
    lab_page.shut()
    lab_page.theme("light")
    assert lab_page.errors == []


@pytest.fixture(scope="module")
def address(project: Path) -> Iterator[str]:
    """Where `nbasset ui` serves the project of this module."""
    if not IS_BUILT:
        pytest.skip("the pages were not built")
    with served(project) as found:
        yield found


@pytest.fixture
def show(chromium: Any, address: str) -> Iterator[Open]:
    """Open a page; at the end of the test the console must be clean."""
    found: list[str] = []
    pages: list[Any] = []

    def open_page(path: str, *, theme: str = "light", width: int = 1440) -> Any:
        page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion="reduce", bypass_csp=True)
        page.set_default_timeout(PATIENCE_S * 1000)
        pages.append(page)
        page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: found.append(str(error)))
        page.goto(f"{address}{path}")
        return page

    yield open_page
    for page in pages:
        page.close()
    assert found == []


class Door:
    """A file that a cell waits for: how long something takes is up to the test, not to the clock."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def wait(self) -> str:
        """A statement that lasts until the door is open."""
        return f"while not __import__('os').path.exists({str(self._path)!r}): time.sleep(0.02)"

    def open(self) -> None:
        """Let it go on."""
        self._path.touch()


@pytest.fixture
def door(tmp_path: Path) -> Door:
    """Something in a notebook goes on only when the test says so."""
    return Door(tmp_path / "open")
