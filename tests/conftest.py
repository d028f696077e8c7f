"""What every test may count on: long tests start first, and a missing program is a skip at home and a failure in CI."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says nothing of the code on a machine that is busy; `CI` in the environment makes hypothesis repeat itself.
settings.register_profile("patient", settings(deadline=None, suppress_health_check=[HealthCheck.too_slow]))
settings.load_profile("patient")

UI = Path(__file__).parents[1] / "extension" / "ui"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the tests marked `slow` first, so that parallel workers do not end on one of them."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Hold back what needs a program that this machine lacks."""
    if item.get_closest_marker("browser") and chromium_program() is None:
        _lacks("Chromium (apt-get install chromium, or name the program in CHROMIUM)")
    if item.get_closest_marker("node") and not has_front_end_packages():
        _lacks("Node and the packages of the front end (npm ci --ignore-scripts in extension/ui)")
    if item.get_closest_marker("postgres") and postgres_programs() is None:
        _lacks("a PostgreSQL server's programs (apt-get install postgresql)")


def chromium_program() -> str | None:
    """Path of the Chromium that browser tests drive; the environment variable CHROMIUM goes before what is on PATH."""
    named = os.environ.get("CHROMIUM")
    return named or next((found for name in CHROMIUM if (found := shutil.which(name))), None)


def has_front_end_packages() -> bool:
    """Whether the front end can be checked and built here: Node, and what its lock file names."""
    return shutil.which("npm") is not None and (UI / "node_modules" / "vitest").is_dir()


def postgres_programs() -> Path | None:
    """Folder of the newest `initdb` and `pg_ctl`: on PATH, or where Debian keeps them."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    kept = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return kept[-1].parent if kept else None


def _lacks(what: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"needs {what}", pytrace=False)
    pytest.skip(f"needs {what}")


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder that the test works in, and nobody else: what it opened there is closed behind it."""
    from nbasset.instance import _OPEN

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NBASSET_HOME", raising=False)
    yield tmp_path
    for instance in [one for root, one in _OPEN.items() if root.is_relative_to(tmp_path)]:
        instance.close()


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run a command line in this process, reading the folder's modules anew as a new process would: exit code and what it printed."""
    from nbasset.cli import run_command
    from nbasset.locations.project_files import forget_modules

    def run(*words: str) -> tuple[int, str, str]:
        forget_modules([Path.cwd()])
        code = run_command(words)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.fixture
def write_notebook(tmp_path: Path) -> Callable[..., Path]:
    """Write a notebook of code cells to a file in `tmp_path`; a cell is its text, or its text with tags."""

    def write(*cells: str | tuple[str, list[str]], name: str = "notebook.ipynb") -> Path:
        pairs = [(cell, []) if isinstance(cell, str) else cell for cell in cells]
        code = [
            {"cell_type": "code", "id": f"c{number}", "metadata": {"tags": tags} if tags else {}, "source": text, "outputs": [],
             "execution_count": None}
            for number, (text, tags) in enumerate(pairs, 1)
        ]  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"cells": code, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")
        return path

    return write
