"""`export` from a terminal: text or file, what is never overwritten, options that do not fit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from nbasset.cli import DONE, FAILED, USAGE
from nbasset.locations.job_file import JobFile, ScheduleEntry, job_text

Write = Callable[..., Path]
Call = Callable[..., tuple[int, str, str]]
CELLS = ("%%asset orders\n[1, 2]", "%%asset total\nsum(orders)")


@pytest.fixture(autouse=True)
def home(own_folder: Path) -> Path:
    """Each test works in a project of its own."""
    (own_folder / "nbasset.toml").touch()
    return own_folder


def test_without_a_file_the_text_is_printed(call: Call, write_notebook: Write) -> None:
    code, out, err = call("export", str(write_notebook(*CELLS, name="notebooks/n.ipynb")), "total", "--to", "module")
    assert (code, err) == (DONE, "")
    assert "def total(orders):" in out


def test_a_file_is_written_under_its_own_name_and_can_be_run(call: Call, write_notebook: Write) -> None:
    notebook = str(write_notebook(*CELLS, name="notebooks/n.ipynb"))
    assert call("export", notebook, "total", "--to", "module", "-o", "made/")[:2] == (DONE, "Wrote made/total.py.\n")
    assert call("export", notebook, "total", "--to", "module", "-o", "made/")[1] == "made/total.py is up to date.\n"
    assert call("run", "made/total.py", "--quiet")[0] == DONE


def test_what_somebody_wrote_is_not_overwritten_unless_that_is_said(call: Call, write_notebook: Write, home: Path) -> None:
    words = ("export", str(write_notebook(*CELLS, name="notebooks/n.ipynb")), "--to", "module", "--output", "made.py")
    (home / "made.py").write_text("mine = 1\n", encoding="utf-8")
    code, _, err = call(*words)
    assert code == USAGE
    assert "export did not write it" in err
    assert "--force" in err
    assert call(*words, "--force")[0] == DONE
    with (home / "made.py").open("a", encoding="utf-8") as file:
        file.write("mine = 1\n")
    assert "was changed since export wrote it" in call(*words)[2]


def test_a_module_among_the_locations_is_told_to_be_a_second_one(call: Call, write_notebook: Write) -> None:
    notebook = str(write_notebook(*CELLS, name="notebooks/n.ipynb"))
    assert "a second time" in call("export", notebook, "--to", "module", "--output", "notebooks/made.py")[2]


def test_a_promoted_job_brings_its_schedule_and_is_called_by_name(call: Call, write_notebook: Write, home: Path) -> None:
    write_notebook(*CELLS, name="jobs/daily.ipynb")
    job = JobFile("daily", "daily.ipynb", "total", schedule=ScheduleEntry(("0 6 * * *",), "Europe/Berlin"))
    (home / "jobs" / "daily.toml").write_text(job_text(job), encoding="utf-8")
    code, out, _ = call("export", "jobs/daily.toml", "--to", "cron")
    assert code == DONE
    assert out.endswith(f"CRON_TZ=Europe/Berlin\n0 6 * * * cd {home} && nbasset job run daily\n")
    assert "daily_schedule = ScheduleDefinition(" in call("export", "jobs/daily.toml", "--to", "module")[1]
    code, _, err = call("export", "jobs/daily.toml", "--to", "cron", "--cron", "@daily")
    assert code == USAGE
    assert "--cron: the job's file says that" in err


def test_a_notebook_gets_its_schedule_from_the_options(call: Call, write_notebook: Write, home: Path) -> None:
    notebook = str(write_notebook(("rate = 1", ["parameters"]), "%%asset one\nrate", name="notebooks/n.ipynb"))
    words = ("export", notebook, "one", "--to", "cron")
    assert call(*words)[0] == USAGE
    out = call(*words, "--cron", "@hourly", "--tz", "europe/berlin", "-P", "rate=3")[1]
    assert "CRON_TZ=Europe/Berlin" in out
    assert f"0 * * * * cd {home} && nbasset run notebooks/n.ipynb --select one --papermill -P rate=3\n" in out
    assert "no such parameter" in call(*words, "--cron", "@hourly", "-P", "rat=3")[2]


def test_json_has_text_notes_and_file(call: Call, write_notebook: Write, home: Path) -> None:
    notebook = str(write_notebook("!ls", *CELLS, name="notebooks/n.ipynb"))
    made = json.loads(call("export", notebook, "--to", "module", "-o", "made.py", "--json")[1])
    assert (made["output"], made["changed"]) == (str(home / "made.py"), True)
    assert made["text"] == (home / "made.py").read_text(encoding="utf-8")
    assert any("!ls" in note for note in made["notes"])


def test_hidden_state_is_an_error_that_names_the_cell(call: Call, write_notebook: Write) -> None:
    code, _, err = call("export", str(write_notebook("%%asset one\nfx + 1")), "--to", "dagster")
    assert code == FAILED
    assert "cell 1 uses `fx`" in err
