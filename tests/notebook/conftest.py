"""A notebook without a browser: an IPython shell in this process, cells with ids, what each of them displayed."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_FUTURE_NS = 4_000_000_000_000_000_000


@dataclass
class Ran:
    """What running one cell gave."""

    result: Any
    outputs: list[dict[str, str]]
    printed: str

    @property
    def error(self) -> BaseException | None:
        return self.result.error_in_exec or self.result.error_before_exec

    @property
    def text(self) -> str:
        """Everything a reader without HTML sees."""
        shown = [output.get("text/plain", "") for output in self.outputs]
        return "\n".join([*shown, self.printed])

    @property
    def html(self) -> str:
        return "\n".join(output.get("text/html", "") for output in self.outputs)


@dataclass
class Notebook:
    """Runs cells, and can be saved as a file the session finds."""

    shell: Any
    folder: Path
    cells: dict[str, str] = field(default_factory=dict)

    def run(self, source: str, cell: str | None = None) -> Ran:
        """Run a cell; without an id the front end gives none."""
        from IPython.utils.capture import capture_output

        with capture_output() as captured:
            result = self.shell.run_cell(source, store_history=True, cell_id=cell)
        return Ran(result, [output.data for output in captured.outputs], _COLOUR.sub("", captured.stdout + captured.stderr))

    def ok(self, source: str, cell: str | None = None) -> Ran:
        """Run a cell that must not fail."""
        ran = self.run(source, cell)
        assert ran.error is None, ran.text
        return ran

    def save(self, *cells: tuple[str, str], name: str = "flights.ipynb", newer: bool = True) -> Path:
        """Save the notebook with these cells (id, source), later than everything that ran."""
        path = self.folder / name
        made = [
            {"cell_type": "code", "id": cell, "metadata": {}, "source": source, "outputs": [], "execution_count": None}
            for cell, source in cells
        ]
        path.write_text(json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
        self._saves = getattr(self, "_saves", 0) + 1
        stamp = _FUTURE_NS + self._saves if newer else 1_000 + self._saves
        os.utime(path, ns=(stamp, stamp))
        os.environ["NBASSET_NOTEBOOK"] = str(path)
        return path

    @property
    def session(self) -> Any:
        from nbasset.notebook.magics import current_session

        session = current_session(self.shell)
        assert session is not None
        return session

    @property
    def keys(self) -> list[str]:
        """What the session defines now."""
        return [str(key) for key in self.session.location().definitions.catalog.by_key]


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notebook]:
    """A notebook in which nbasset is not loaded yet."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    from nbasset.notebook.magics import unload_ipython_extension

    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("NBASSET_HOME", "NBASSET_NOTEBOOK", "NBASSET_PAPERMILL", "JPY_SESSION_NAME"):
        monkeypatch.setenv(name, "")
    config = Config()
    config.HistoryManager.enabled = False
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=config, colors="nocolor")
    yield Notebook(shell, folder)
    unload_ipython_extension(shell)
    InteractiveShell.clear_instance()
    from nbasset.instance import Instance

    Instance.open(folder).close()


@pytest.fixture
def notebook(bare: Notebook) -> Notebook:
    """A notebook that has loaded nbasset and imported what most cells need."""
    bare.ok("%load_ext nbasset", "load")
    bare.ok("import pandas as pd\nfrom nbasset import asset, assets", "imports")
    return bare
