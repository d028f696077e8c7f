"""A promoted job as a location: what it defines, what it leaves to its notebook, and what is told when its files are wrong."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from nbasset.commands.validate import validate_all
from nbasset.definitions.catalog_instigators import DefaultScheduleStatus
from nbasset.definitions.schedules import build_schedule_context
from nbasset.errors import Error, InvalidConfigError, InvalidNotebook
from nbasset.home import Home
from nbasset.keys import AssetKey
from nbasset.locations.notebook import load_notebook
from nbasset.locations.promoted import load_promoted, with_values
from nbasset.locations.workspace import load_place, load_workspace, place_named, places_of, promoted_places
from nbasset.settings import Settings

CELLS = (
    "%load_ext nbasset\nimport helper\nfrom nbasset import *",
    ("year = 2013", "parameters"),
    "%%asset flights\n[year]",
    "@asset(automation_condition=AutomationCondition.eager())\ndef delays(flights) -> list:\n    return helper.twice(flights)",
    "@asset(partitions_def=DailyPartitionsDefinition('2013-01-01'))\ndef days(context):\n    return context.partition_key",
    "own = define_asset_job('own', 'flights')\nnightly = ScheduleDefinition('nightly', cron_schedule='@daily', job=own)",
    "raise ValueError('scratch')",
)
JOB = 'name = "delays"\nnotebook = "delays.ipynb"\nfolder = "../notebooks"\nselect = "+delays"\n'


class Project:
    """A notebook, and the files of jobs promoted from it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("notebooks", "jobs"):
            (folder / name).mkdir(parents=True)
        (folder / "notebooks" / "helper.py").write_text("def twice(x):\n    return 2 * x\n")
        self.notebook("notebooks/flights.ipynb")

    @property
    def home(self) -> Home:
        return Home(self.folder)

    def notebook(self, name: str, *cells: str | tuple[str, str]) -> Path:
        made: list[dict[str, Any]] = []
        for number, cell in enumerate(cells or CELLS, 1):
            source, tags = (cell, []) if isinstance(cell, str) else (cell[0], [cell[1]])
            metadata: dict[str, Any] = {"tags": tags} if tags else {}
            made.append(
                {"cell_type": "code", "id": f"c{number}", "metadata": metadata, "source": source, "outputs": [], "execution_count": None}
            )
        path = self.folder / name
        path.write_text(json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
        return path

    def job(self, more: str = "", *, head: str = JOB, name: str = "delays") -> Path:
        self.notebook(f"jobs/{name}.ipynb")
        path = self.folder / "jobs" / f"{name}.toml"
        path.write_text(head + more)
        return path


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project")


def test_it_defines_the_assets_one_job_and_one_schedule_and_nothing_that_starts_by_itself(project: Project) -> None:
    location = load_promoted(project.job('[schedule]\ncron = "0 6 * * *"\ntimezone = "Europe/Berlin"\n'), home=project.folder).check()
    resolved = location.definitions.resolve()
    assert location.name == "jobs/delays"
    assert {str(key) for key in resolved.catalog.by_key} == {"flights", "delays", "days"}
    assert list(resolved.jobs) == ["delays"]
    assert {name: (one.cron_schedule, one.execution_timezone, one.default_status) for name, one in resolved.schedules.items()} == {
        "delays": (("0 6 * * *",), "Europe/Berlin", DefaultScheduleStatus.RUNNING)
    }
    assert not resolved.sensors
    assert not resolved.catalog.problems


def test_its_code_is_that_of_the_notebook_in_whose_folder_it_runs(project: Project) -> None:
    copy = load_promoted(project.job(), home=project.folder)
    source = load_notebook(project.folder / "notebooks" / "flights.ipynb", home=project.folder)
    assert copy.folder == source.folder
    assert copy.code.version_of(AssetKey("delays")) == source.code.version_of(AssetKey("delays")) != ""


def test_parameters_of_the_file_stand_in_the_notebook_and_a_run_may_bring_others(project: Project) -> None:
    location = load_promoted(project.job("[parameters]\nyear = 2014\n"), home=project.folder)
    assert location.promoted is not None
    assert location.namespace["year"] == 2014
    other = with_values(location, {"year": "2015"})
    assert other.namespace["year"] == 2015
    assert other.promoted is not None
    assert (other.promoted.values, other.promoted.given) == ({"year": 2015}, {"year": 2015})


def test_runs_carry_the_rules_of_retries_and_make_nothing_twice(project: Project) -> None:
    location = load_promoted(project.job('[tags]\nteam = "data"\n[retries]\nmax_retries = 2\non_failure = false\n'), home=project.folder)
    (job,) = location.definitions.resolve().jobs.values()
    assert job.tags == {"team": "data"}
    assert job.run_tags == {
        "nbasset/max_retries": "2", "nbasset/retry_on_asset_or_op_failure": "false", "nbasset/retry_strategy": "FROM_ASSET_FAILURE",
        "team": "data",
    }  # fmt: skip


def test_the_latest_partition_is_that_of_the_tick(project: Project) -> None:
    head = JOB.replace("+delays", "days") + 'partitions = "latest"\n'
    location = load_promoted(project.job('[schedule]\ncron = "0 6 * * *"\n', head=head), home=project.folder)
    (schedule,) = location.definitions.resolve().schedules.values()
    found = schedule.evaluate_tick(build_schedule_context(scheduled_execution_time=datetime(2013, 1, 5, 6, tzinfo=UTC)))
    assert [(one.job_name, one.partition_key, one.run_key) for one in found.run_requests] == [("delays", "2013-01-04", "2013-01-04")]


@pytest.mark.parametrize("rule", ["stale", "all", "2013-01-01..2013-01-03"])
def test_another_rule_asks_for_one_run_that_follows_it(project: Project, rule: str) -> None:
    head = JOB.replace("+delays", "days") + f'partitions = "{rule}"\n'
    location = load_promoted(project.job('[schedule]\ncron = "0 6 * * *"\n', head=head), home=project.folder)
    (schedule,) = location.definitions.resolve().schedules.values()
    (found,) = schedule.evaluate_tick(build_schedule_context()).run_requests
    assert (found.job_name, found.partition_key) == ("delays", None)


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        (JOB.replace('"delays"', '"other"', 1), InvalidConfigError, "the file is called 'delays'"),
        (JOB + "[parameters]\nyaer = 2014\n", InvalidConfigError, "Did you mean 'year'?"),
        (JOB + '[parameters]\nyear = "x"\n', InvalidConfigError, "the default 2013 is of type int"),
        (JOB.replace("../notebooks", "../nowhere"), Error, "which is no folder"),
        (JOB.replace("delays.ipynb", "gone.ipynb"), InvalidNotebook, "gone.ipynb"),
        ("name = \n", InvalidConfigError, "it is not TOML"),
    ],
)
def test_what_is_wrong_in_its_files_is_told(project: Project, text: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        load_promoted(project.job(head=text), home=project.folder)


def test_values_for_a_notebook_without_a_parameters_cell_are_refused(project: Project) -> None:
    path = project.job("[parameters]\nyear = 2014\n")
    project.notebook("jobs/delays.ipynb", "%%asset delays\n1")
    with pytest.raises(InvalidConfigError, match="Give the tag 'parameters'"):
        load_promoted(path, home=project.folder)


def test_a_selection_of_what_is_not_there_is_a_problem(project: Project) -> None:
    location = load_promoted(project.job(head=JOB.replace("+delays", "dealys")), home=project.folder)
    (problem,) = location.definitions.problems
    assert "job 'delays' selects what is not there" in problem.message
    assert "Did you mean 'delays'?" in problem.message


def test_one_broken_job_breaks_no_other_and_none_adds_assets_to_the_project(project: Project) -> None:
    project.job()
    (project.folder / "jobs" / "broken.toml").write_text("name = ")
    places = promoted_places(project.home)
    assert [place.label for place in places] == ["jobs/broken", "jobs/delays"]
    assert [load_place(place, project.home).is_broken for place in places] == [True, False]
    assert [place.label for place in places_of(project.home, Settings())] == ["flights.ipynb"]
    assert [one.name for one in load_workspace(project.home, Settings()).locations] == ["flights.ipynb"]


def test_a_job_is_named_by_its_file(project: Project) -> None:
    path = project.job()
    location = load_place(place_named(str(path)), project.home)
    assert location.name == "jobs/delays"
    assert location.reload().name == "jobs/delays"


def test_a_job_with_the_name_of_another_one_is_a_problem_that_names_both_files(project: Project) -> None:
    head = JOB.replace('"delays"', '"own"', 1).replace("delays.ipynb", "own.ipynb")
    path = project.job(head=head, name="own")
    source = load_notebook(project.folder / "notebooks" / "flights.ipynb", home=project.folder)
    found = validate_all([source, load_promoted(path, home=project.folder)])
    assert [one.is_valid for one in found] == [True, False]
    (problem,) = found[1].problems
    assert "own.toml" in problem.message
    assert "flights.ipynb" in problem.message
