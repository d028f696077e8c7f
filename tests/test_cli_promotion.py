"""`nbasset promote` as a terminal and a machine see it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nbasset.cli import run_command

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
CELLS = (
    "%load_ext nbasset",
    "def clean(rows):\n    return rows",
    "%%asset totals --partitions daily:2013-01-01..2013-01-31\nclean([{'n': 1}])",
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "nbasset.toml").touch()
    save(tmp_path, *CELLS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def save(project: Path, *cells: str) -> None:
    made: list[dict[str, Any]] = [
        {"cell_type": "code", "id": f"c{number}", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        for number, source in enumerate(cells, 1)
    ]
    text = json.dumps({"cells": made, "metadata": {"kernelspec": KERNEL}, "nbformat": 4, "nbformat_minor": 5})
    (project / "flights.ipynb").write_text(text)


def test_a_notebook_is_promoted_shown_and_compared(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["promote", "flights.ipynb", "totals", "--cron", "@daily", "--tz", "Europe/Berlin"]) == 0
    said = capsys.readouterr().out
    assert "Promote flights.ipynb as job totals (new)" in said
    assert "Job totals: wrote jobs/totals.toml and jobs/totals.ipynb." in said
    assert run_command(["promote", "flights.ipynb", "totals"]) == 0
    assert "Job totals: nothing changed." in capsys.readouterr().out
    assert run_command(["promote", "--check"]) == 0
    assert capsys.readouterr().out == "totals: as it was promoted\n"
    save(project, CELLS[0], CELLS[1].replace("return rows", "return rows[:1]"), CELLS[2])
    assert run_command(["promote", "--check", "totals"]) == 1
    said = capsys.readouterr().out
    assert "totals: `clean()` in cell 2 changed" in said
    assert "Bring it up to date: nbasset promote --name totals" in said
    (project / "other.ipynb").write_text((project / "flights.ipynb").read_text())
    assert run_command(["promote", "--name", "totals"]) == 0
    assert "Promote flights.ipynb as job totals (changed)" in capsys.readouterr().out
    assert run_command(["promote", "totals", "--dry-run"]) == 2
    assert "flights.ipynb, other.ipynb could be meant" in capsys.readouterr().err


def test_files_are_named_as_they_are_found_from_here_and_a_project_elsewhere_is_told(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_command(["promote", "--check"]) == 0
    assert capsys.readouterr().out == f"No notebook was promoted yet in {project}.\n"
    inside = project / "notebooks"
    inside.mkdir()
    monkeypatch.chdir(inside)
    assert run_command(["promote", "../flights.ipynb", "totals"]) == 0
    assert capsys.readouterr().out.endswith("To be committed: git add ../jobs/totals.toml ../jobs/totals.ipynb\n")
    monkeypatch.chdir(project.parent)
    (project / "nbasset.toml").unlink()
    (project / "jobs" / "totals.toml").unlink()
    (project / "jobs" / "totals.ipynb").unlink()
    assert run_command(["promote", f"{project.name}/flights.ipynb", "totals"]) == 0
    said = capsys.readouterr().out
    assert f"git add {project.name}/jobs/totals.toml {project.name}/jobs/totals.ipynb" in said
    assert f"nbasset daemon run --home {project.name}. Or make this folder the project with an empty nbasset.toml" in said


def test_a_machine_gets_all_of_it(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["promote", "flights.ipynb", "totals", "--cron", "@daily", "--dry-run", "--json"]) == 0
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (said["name"], said["state"], said["files"], said["dry_run"]) == ("totals", "new", [], True)
    assert said["nodes"] == [{"assets": ["totals"], "cell": "cell 3", "reads": [], "partitions": "2013-01-31"}]
    assert len(said["next_runs"]) == 5
    assert not (project / "jobs").exists()
    assert run_command(["promote", "flights.ipynb", "totals", "--json"]) == 0
    capsys.readouterr()
    save(project, CELLS[0], CELLS[2].replace("clean([{'n': 1}])", "[]"))
    assert run_command(["promote", "--check", "--json"]) == 1
    (job,) = json.loads(capsys.readouterr().out)["jobs"]
    assert (job["name"], job["drifted"], [one["kind"] for one in job["found"]]) == ("totals", True, ["code"])


def test_without_a_notebook_the_one_that_has_the_asset_is_meant(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["promote", "totals", "--dry-run"]) == 0
    assert "Promote flights.ipynb as job totals" in capsys.readouterr().out
    (project / "module.py").write_text("from nbasset import asset\n\n@asset\ndef other(): ...\n")
    assert run_command(["promote", "other"]) == 2
    assert "no notebook could be meant" in capsys.readouterr().err
    assert run_command(["promote", "module.py", "other"]) == 2
    assert "module.py is no notebook, and a job is made of one" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["flights.ipynb", "total"], 2, "Did you mean 'totals'"),
        (["flights.ipynb", "totals", "--cron", "0 25 * * *"], 2, "--cron: "),
        (["flights.ipynb", "totals", "--cron", "@daily", "--tz", "Europe/Brlin"], 2, "Did you mean 'Europe/Berlin'"),
        (["flights.ipynb", "totals", "--tz", "UTC"], 2, "the job has none"),
        (["flights.ipynb", "totals", "--retries", "-1"], 2, "--retries"),
        (["flights.ipynb", "totals", "-P", "year"], 2, "no key=value pair"),
        (["flights.ipynb", "totals", "-P", "year=1"], 2, "the notebook takes no parameters"),
        (["flights.ipynb", "totals", "-p", "2013-01-31..2013-01-01"], 2, "2013-01-31"),
        (["nowhere.ipynb", "totals"], 2, "there is no nowhere.ipynb"),
        (["--check", "total"], 2, "None was promoted yet"),
        (["--check", "--cron", "@daily"], 2, "--check looks at jobs that there are and changes none. Leave out --cron."),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_written(
    project: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, said: str
) -> None:
    assert run_command(["promote", *words]) == code
    assert said in capsys.readouterr().err
    assert not (project / "jobs").exists()


def test_what_stands_in_the_way_is_told_with_cell_and_remedy(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(project, CELLS[0], "%%asset totals\nrows")
    assert run_command(["promote", "flights.ipynb", "totals"]) == 1
    said = capsys.readouterr().err
    assert "cell 2 uses `rows`, which no cell defines" in said
    assert "Define `rows` in a cell, or import it." in said
