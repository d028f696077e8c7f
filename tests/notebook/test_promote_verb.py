"""`%asset promote` in a cell: the review sheet, what the session alone knows, drift."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nbasset.errors import InvalidInvocationError, LocationError, ProblemsFound
from nbasset.locations.job_file import read_job_file

CELLS = (
    ("load", "import pandas as pd"),
    ("helper", "def late(minutes):\n    return minutes > 15"),
    ("flights", "%%asset flights\npd.DataFrame({'flight': [1, 2, 3], 'delay': [5, 20, 40]})"),
    ("delays", "%%asset delays\nflights[late(flights['delay'])]"),
    ("promote", "%asset promote delays"),
)


@pytest.fixture
def ran(notebook: Any) -> Any:
    """A notebook that ran and is saved."""
    for cell, source in CELLS[:-1]:
        notebook.ok(source, cell)
    notebook.save(*CELLS)
    return notebook


def job_of(notebook: Any, name: str = "delays") -> Path:
    return Path(notebook.folder) / "jobs" / f"{name}.toml"


def test_the_sheet_says_what_runs_when_and_what_to_commit(ran: Any) -> None:
    sheet = ran.ok('%asset promote +delays --cron "0 6 * * *" --tz Europe/Berlin --retries 2')
    assert "Promote flights.ipynb as job delays (new)" in sheet.text
    assert "What runs: 2 assets of 2 cells" in sheet.text
    assert "every day at 06:00 (Europe/Berlin)" in sheet.text
    assert "To be committed: git add jobs/delays.toml jobs/delays.ipynb" in sheet.text
    assert set(sheet.outputs[0]) == {"text/plain", "text/html"}
    for word in ("What runs", "Next five", "finished assets are not repeated", "Packages", "Left out", "git add jobs/delays.toml"):
        assert word in sheet.html
    assert read_job_file(job_of(ran)).select == "+delays"
    assert "Job delays: nothing changed." in ran.ok("%asset promote +delays").text


def test_nothing_comes_into_the_session(ran: Any) -> None:
    before = set(ran.shell.user_ns)
    ran.ok("%asset promote +delays")
    assert set(ran.shell.user_ns) - before <= {name for name in ran.shell.user_ns if name.startswith("_")}


def test_a_cell_that_ran_otherwise_than_it_is_saved_is_refused(ran: Any) -> None:
    ran.ok("def late(minutes):\n    return minutes > 30", "helper")
    refused = ran.run("%asset promote +delays")
    assert isinstance(refused.error, ProblemsFound)
    assert "cell 2 ran with another text than the saved notebook has, and 'delays' needs it: a job is made of what is saved" in refused.text
    assert "Save the notebook, or run the cell again as it is saved." in refused.text
    assert not job_of(ran).exists()
    ran.save(*CELLS[:1], ("helper", "def late(minutes):\n    return minutes > 30"), *CELLS[2:])
    ran.ok("%asset promote +delays")


def test_a_cell_that_is_not_saved_is_refused(ran: Any) -> None:
    ran.ok("%%asset more\n1", "new-cell")
    refused = ran.run("%asset promote more")
    assert isinstance(refused.error, ProblemsFound)
    assert "is not in the saved notebook, and 'more' needs it" in refused.text


def test_a_scratch_cell_that_is_not_saved_disturbs_nobody(ran: Any) -> None:
    ran.ok("x = 1", "new-cell")
    ran.ok("%asset promote +delays")


def test_a_name_that_only_the_session_has_is_hidden_state(ran: Any) -> None:
    ran.ok("limit = 15", "gone")
    ran.ok("def late(minutes):\n    return minutes > limit", "helper")
    ran.save(*CELLS[:1], ("helper", "def late(minutes):\n    return minutes > limit"), *CELLS[2:])
    refused = ran.run("%asset promote +delays")
    assert isinstance(refused.error, ProblemsFound)
    assert "is not in the saved notebook, and 'delays' needs it" in refused.text
    assert not job_of(ran).exists()


def test_without_a_file_nothing_can_be_promoted(notebook: Any) -> None:
    notebook.ok("%%asset one\n1", "one")
    refused = notebook.run("%asset promote one")
    assert isinstance(refused.error, InvalidInvocationError)
    assert "Save it, and type in a terminal: nbasset promote NOTEBOOK" in refused.text


def test_drift_stops_whoever_runs_all_cells(ran: Any) -> None:
    ran.ok("%asset promote +delays")
    checked = ran.ok("%asset promote --check")
    assert "delays: as it was promoted" in checked.text
    ran.save(*CELLS[:1], ("helper", "def late(minutes):\n    return minutes > 30"), *CELLS[2:])
    drifted = ran.run("%asset promote --check delays")
    assert isinstance(drifted.error, LocationError)
    assert "delays: `late()` in cell 2 changed" in drifted.text
    assert "1 promoted job, 1 drifted" in drifted.html


def test_help_has_examples(notebook: Any) -> None:
    said = notebook.ok("%asset promote?").text
    assert '%asset promote delays --cron "0 6 * * *" --tz Europe/Berlin --retries 2' in said
