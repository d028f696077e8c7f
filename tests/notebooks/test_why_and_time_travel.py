"""What the notebook about why and time travel shows when it runs, cell by cell: the words that its text promises."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "why_and_time_travel.ipynb"
SHOWN = {
    "show-month": ("26,483 rows", "15 values", "false 81%"),
    "why-punctuality": ("which 'monthly_departures' needs.", "+    return flights[\"dep_delay\"] >= LATE_MINUTES", "to make it fresh"),
    "plan-edit": ("7 steps would make 2 assets, 1 of them only if what they read changes", "6 partitions", "7 files"),
    "second-run": ("1 fresh, 7 run",),
    "plan-comment": ("Nothing to do: 3 assets fresh.",),
    "third-run": ("1 fresh, 6 run, 1 unchanged",),
    "history-punctuality": ("punctuality: 2 versions",),
    "diff-punctuality": ("matched by carrier (guessed)", "~ carrier=AA: late_pct 17.3 -> 17.8"),
    "diff-months": ("matched by day, carrier, flight, origin", "month 1 -> 2"),
    "first-version": ("late_pct_before",),
    "rollback-punctuality": ("is current again",),
    "history-rolled-back": ("brought back",),
    "why-rolled-back": ("'punctuality' is stale: the data of 'monthly_departures' changed.",),
    "why-file": ("stale for 1 of 6 partitions: the file of 1 partition of 'monthly_departures' was changed by hand.",),
    "fourth-run": ("1 fresh, 2 run",),
    "gc": ("would go",),
    "drop-version": ("dropped, 1 file deleted",),
    "history-dropped": ("punctuality: 3 versions",),
    "rename": ("punctuality goes on as carriers",),
    "history-renamed": ("carriers: 2 versions",),
    "plan-renamed": ("Nothing to do: 3 assets fresh.",),
    "check": ("clean.",),
    "check-clean": ("monthly_departures 2013-03-01: in a clean process it is the same",),
}  # fmt: skip


@pytest.mark.slow
def test_each_cell_shows_what_the_text_beside_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nbasset.toml").touch()
    shutil.copy(NOTEBOOK, tmp_path)
    monkeypatch.delenv("NBASSET_HOME", raising=False)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = nbformat.read(tmp_path / NOTEBOOK.name, as_version=4)
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = {
        cell["id"]: "\n".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.get("outputs", ()))
        for cell in notebook["cells"]
    }
    missing = {cell: [word for word in words if word not in shown[cell]] for cell, words in SHOWN.items()}
    assert {cell: words for cell, words in missing.items() if words} == {}
