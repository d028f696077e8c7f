"""Promotion: from the saved notebook to files that people commit."""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from nbasset.arguments.options import RunArguments
from nbasset.commands.notebook_run import run_by_papermill
from nbasset.commands.scope import Scope
from nbasset.errors import (
    InvalidConfigError,
    InvalidInvocationError,
    InvalidPartitionRange,
    InvalidSelection,
    PathOutsideHome,
    ProblemsFound,
    StorageUnavailable,
    UnknownAsset,
)
from nbasset.instance import Instance
from nbasset.locations.job_file import RetryEntry, ScheduleEntry, job_text
from nbasset.locations.notebook import load_notebook

from .promoting import CELLS, CLEAN, LOAD, ORDERS, PARAMETERS, TOTALS, Project, code


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def refused(project: Project, select: str = "totals", **options: Any) -> list[str]:
    with pytest.raises(ProblemsFound) as caught:
        project.promote(select, **options)
    assert not (project.root / "jobs").exists()
    return [str(problem) for problem in caught.value.problems]


# -- what is written ----------------------------------------------------------------------------------------------------------


def test_a_job_is_a_file_and_a_copy_of_the_notebook(project: Project) -> None:
    done = project.promote(cron=("0 6 * * *",), timezone="Europe/Berlin", retries=2, parameters={"year": "2014"}, tags={"team": "data"})
    assert done.files == ("jobs/totals.toml", "jobs/totals.ipynb")
    assert done.next_step == "git add jobs/totals.toml jobs/totals.ipynb"
    job = project.job()
    assert (job.name, job.notebook, job.source, job.folder, job.select) == (
        "totals", "totals.ipynb", "../notebooks/orders.ipynb", "../notebooks", "totals",
    )  # fmt: skip
    assert job.schedule == ScheduleEntry(("0 6 * * *",), "Europe/Berlin", "running")
    assert job.retries == RetryEntry(2)
    assert job.parameters == {"year": 2014}
    assert job.tags == {"team": "data"}
    assert list(job.code.assets) == ["totals"]


def test_the_notebook_is_not_changed(project: Project) -> None:
    before = hashlib.sha256(project.notebook.read_bytes()).hexdigest()
    project.promote()
    assert hashlib.sha256(project.notebook.read_bytes()).hexdigest() == before


def test_the_copy_has_text_and_code_and_neither_outputs_nor_scratch(project: Project) -> None:
    project.promote()
    copy = project.copy()
    assert [cell["id"] for cell in copy["cells"]] == ["c1", "c2", "c3", "c4", "c5", "c6", "c7"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in copy["cells"] if cell["cell_type"] == "code")
    assert [cell["metadata"] for cell in copy["cells"]] == [{}, {}, {"tags": ["parameters"]}, {}, {}, {}, {}]
    assert copy["metadata"]["language_info"] == {"name": "python"}


def test_promoting_twice_changes_no_byte(project: Project) -> None:
    options: dict[str, Any] = {"cron": ("@daily",), "parameters": {"year": "2014"}}
    project.promote(**options)
    before = project.bytes()
    again = project.promote(**options)
    assert again.sentence == "job totals: nothing changed."
    assert project.bytes() == before
    assert project.promote().review.state == "unchanged"
    assert project.bytes() == before


def test_nothing_is_written_for_a_look(project: Project) -> None:
    before = project.bytes()
    done = project.promote(cron=("@daily",), dry_run=True)
    assert done.sentence == "job totals: nothing was written."
    assert project.bytes() == before


def test_nothing_in_the_files_names_this_machine(project: Project) -> None:
    project.promote()
    text = b"".join(data for name, data in project.bytes().items() if name.startswith("jobs/")).decode()
    assert str(project.root) not in text
    assert str(Path.home()) not in text


def test_the_environment_has_what_the_part_imports_and_nothing_else(tmp_path: Path) -> None:
    project = Project(tmp_path, f"{LOAD}\nimport duckdb", "import pandas as pd\nimport json", "@asset\ndef totals() -> pd.DataFrame: ...")
    project.promote()
    assert set(project.job().environment.packages) == {"nbasset", "pandas"}
    assert not project.job().environment.strict


def test_the_copy_runs_by_papermill(project: Project) -> None:
    project.promote("orders, totals", name="nightly")
    with Instance.open(project.root) as instance:
        location = load_notebook(project.root / "jobs" / "nightly.ipynb", home=project.root)
        done = run_by_papermill(Scope(location, instance), RunArguments("orders, totals"))
        assert done.success
        assert sorted(map(str, instance.reader.assets())) == ["orders", "totals"]


def test_a_notebook_is_loaded_in_a_process_of_its_own(project: Project) -> None:
    project.save(*CELLS[:5], "import os\nPID = os.getpid()", "@asset(metadata={'pid': PID})\ndef totals(): ...")
    assert project.promote(apart=True).review.state == "new"


def test_errors_of_the_other_process_are_what_they_are(project: Project) -> None:
    project.save(LOAD, "@asset\ndef totals():\n    return hidden")
    with pytest.raises(ProblemsFound, match="cell 2 uses `hidden`, which no cell defines"):
        project.promote(apart=True)
    with pytest.raises(UnknownAsset, match="Did you mean 'totals'"):
        project.promote("total", apart=True)
    project.save(*CELLS)
    with pytest.raises(InvalidConfigError, match="Did you mean 'year'"):
        project.promote(apart=True, parameters={"yaer": "1"})


# -- what is called how -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("select", "name"),
    [("totals", "totals"), ("+totals", "totals"), ("group:default", "default"), ("orders, totals", "orders"), ("", "orders")],
)
def test_a_job_is_called_like_what_it_makes_or_like_the_notebook(project: Project, select: str, name: str) -> None:
    assert project.promote(select).review.job.name == name


def test_without_a_selection_everything_is_meant_or_what_was(project: Project) -> None:
    assert project.promote("").review.job.select == "*"
    (project.file("orders")).unlink()
    (project.file("orders")).with_suffix(".ipynb").unlink()
    project.promote("totals")
    assert project.promote("", cron=("@daily",)).review.job.select == "totals"
    project.promote("orders")
    with pytest.raises(InvalidInvocationError, match=r"has several jobs: orders, totals\. Say which: --name orders"):
        project.promote("")


def test_the_same_selection_is_the_same_job(project: Project) -> None:
    project.promote("totals", name="nightly")
    assert project.promote("totals", retries=1).files == ("jobs/nightly.toml",)


# -- what is shown ------------------------------------------------------------------------------------------------------------


def test_a_review_says_what_runs_in_which_order_and_what_does_not(project: Project) -> None:
    review = project.promote("orders, totals", name="all", dry_run=True).review
    assert [(one.assets, one.cell, one.reads) for one in review.nodes] == [
        (("orders",), "cell 5", ()), (("totals",), "cell 6", ("orders",)),
    ]  # fmt: skip
    assert review.left_out == (("cell 7", "not needed"), ("cell 8", "scratch, and not in the copy"))
    assert review.parameters == (("year", "2013", "2013"), ("carrier", '"AA"', '"AA"'))


def test_what_a_job_reads_and_does_not_make_is_told(project: Project) -> None:
    review = project.promote("totals", dry_run=True).review
    assert review.outside == ("orders",)
    assert review.left_out[0] == ("cell 7", "not needed")
    assert any("it reads 'orders', which was never made" in text for text in review.warnings)


def test_the_next_five_times_are_on_the_schedules_clock(project: Project) -> None:
    review = project.promote(cron=("30 9 * * MON",), timezone="America/New_York", dry_run=True).review
    assert review.when == "every Monday at 09:30 (America/New_York)"
    assert len(review.next_runs) == 5
    assert all(at.startswith("Mon ") and " 09:30 E" in at and not keys for at, keys in review.next_runs)


def test_the_next_times_name_the_partition_that_is_latest_then(project: Project) -> None:
    project.save(LOAD, "%%asset totals --partitions daily:2013-01-01..\n1")
    review = project.promote(cron=("0 6 * * *",), dry_run=True).review
    days = [date.fromisoformat(at[4:14]) for at, _ in review.next_runs]
    assert [keys for _, keys in review.next_runs] == [(day - timedelta(1)).isoformat() for day in days]


def test_a_change_is_shown_against_what_is_there(project: Project) -> None:
    project.promote(cron=("@daily",))
    cells = list(CELLS)
    cells[3] = CLEAN.replace("if row", "if row['n']")
    project.save(*cells)
    review = project.promote(cron=("@hourly",), dry_run=True).review
    assert review.changes[0] == "totals: `clean()` in cell 4 changed"
    assert '-cron = "@daily"\n+cron = "@hourly"' in review.diff
    assert "+    return [row for row in rows if row['n']]" in review.code_diff


# -- what a hand wrote --------------------------------------------------------------------------------------------------------


def test_what_was_written_into_the_file_by_hand_stays(project: Project) -> None:
    project.promote(cron=("@daily",), retries=2)
    text = project.file().read_text()
    text = text.replace("max_retries = 2", "max_retries = 5").replace("[schedule]", '[tags]\nteam = "data"\n\n[schedule]')
    text = text.replace('select = "totals"', 'select = "totals"\ndescription = "By hand"\nsecrets = ["DB_PASSWORD"]')
    project.file().write_text(text)
    job = project.promote(cron=("@hourly",)).review.job
    assert (job.retries.max_retries, job.tags, job.description, job.secrets) == (5, {"team": "data"}, "By hand", ("DB_PASSWORD",))
    assert project.job() == job
    assert job.schedule == ScheduleEntry(("@hourly",))


def test_a_file_that_says_the_same_in_another_layout_is_left_alone(project: Project) -> None:
    project.promote()
    text = "# Ours, see the wiki.\n" + project.file().read_text()
    project.file().write_text(text)
    assert project.promote().files == ()
    assert project.file().read_text() == text
    review = project.promote(retries=1).review
    assert any("comments and layout of totals.toml that were written by hand are not kept" in one for one in review.changes)


def test_a_copy_that_was_edited_is_overwritten_and_that_is_told(project: Project) -> None:
    project.promote()
    copy = project.copy()
    copy["cells"][4]["source"] = "1 / 0"
    (project.root / "jobs" / "totals.ipynb").write_text(json.dumps(copy))
    done = project.promote()
    assert "totals.ipynb was edited by hand, and is overwritten" in done.review.changes
    assert done.files == ("jobs/totals.ipynb",)
    assert project.promote().files == ()


def test_a_parameter_that_the_notebook_lost_goes_and_that_is_told(project: Project) -> None:
    project.promote(parameters={"year": "2014", "carrier": "UA"})
    cells = [*CELLS]
    cells[2] = code("year = 2013", "parameters")
    project.save(*cells)
    review = project.promote().review
    assert review.job.parameters == {"year": 2014}
    assert "the notebook no longer has the parameter carrier, so it is left out" in review.changes


# -- what is refused ----------------------------------------------------------------------------------------------------------


def test_hidden_state_is_refused_with_cell_and_name(project: Project) -> None:
    project.save(LOAD, "@asset\ndef totals():\n    return hidden")
    assert refused(project) == [
        (
            "cell 2 uses `hidden`, which no cell defines: it exists at most in a running session (cell 2, line 1 of orders.ipynb)\n"
            "Define `hidden` in a cell, or import it."
        )
    ]


def test_a_problem_in_the_part_is_refused_and_one_beside_it_is_not(project: Project) -> None:
    broken = "@asset\ndef broken(nothing): ..."
    project.save(*CELLS, broken)
    assert project.promote().review.state == "new"
    project.save(LOAD, "@asset\ndef totals(nothing): ...")
    (project.file()).unlink()
    (project.file()).with_suffix(".ipynb").unlink()
    with pytest.raises(ProblemsFound, match="no asset 'nothing'"):
        project.promote()


def test_cells_against_the_order_of_the_graph_are_refused(project: Project) -> None:
    project.save(LOAD, code(PARAMETERS, "parameters"), CLEAN, TOTALS, ORDERS)
    assert refused(project, "orders, totals") == [
        (
            "'totals' in cell 4 reads 'orders', which stands below it, in cell 5: a run from the top is too early "
            "(cell 4, line 1 of orders.ipynb)\n"
            "Move cell 5 above cell 4, and save."
        )
    ]


def test_what_is_kept_in_memory_is_refused(project: Project) -> None:
    project.save(LOAD, "@asset(io_manager_key='memory')\ndef totals(): ...")
    assert refused(project) == [
        (
            "'totals' is kept by the I/O manager 'memory' in memory, which ends with the process that made it "
            "(cell 2, line 1 of orders.ipynb)\n"
            "Take the io_manager_key away, so that it is stored as Parquet, or name a manager that lasts."
        )
    ]


def test_a_manager_of_the_notebook_that_keeps_values_in_memory_is_refused_too(project: Project) -> None:
    project.save(
        f"{LOAD}, Definitions, InMemoryIOManager", "@asset\ndef totals(): ...",
        "defs = Definitions(assets=[totals], resources={'io_manager': InMemoryIOManager()})",
    )  # fmt: skip
    assert "in memory, which ends with the process" in refused(project)[0]


def test_two_cells_of_parameters_are_refused(project: Project) -> None:
    project.save(LOAD, code("year = 2013", "parameters"), code("carrier = 'AA'", "parameters"), CLEAN, ORDERS, TOTALS)
    assert refused(project) == [
        (
            "cell 2 and cell 3 have the tag `parameters`, so it is not clear where the values of a run go (orders.ipynb)\n"
            "Keep the tag at one of them, put all parameters there, and save. cell 2 is the first."
        )
    ]


def test_all_that_stands_in_the_way_is_told_at_once(project: Project) -> None:
    project.save(
        LOAD,
        code("year = 2013", "parameters"),
        code("carrier = 'AA'", "parameters"),
        "@asset(io_manager_key='memory')\ndef totals(): return gone",
    )
    assert len(refused(project)) == 3


def test_an_unknown_selection_is_told_with_the_nearest(project: Project) -> None:
    with pytest.raises(UnknownAsset, match=r"no asset 'total' is defined.* Did you mean 'totals'"):
        project.promote("total")
    with pytest.raises(InvalidSelection, match="depends on how things stand"):
        project.promote("status:stale")
    with pytest.raises(InvalidSelection, match="is met by no asset"):
        project.promote("group:nothing")


def test_a_name_that_another_notebook_has_is_refused(project: Project) -> None:
    project.promote()
    other = Project(project.root, *CELLS, name="other.ipynb")
    with pytest.raises(
        InvalidInvocationError, match=r"the name 'totals' is taken: jobs/totals\.toml is a job of \.\./notebooks/orders\.ipynb"
    ):
        other.promote()
    with pytest.raises(InvalidInvocationError, match="there is a job 'totals', which some file systems cannot tell from 'TOTALS'"):
        other.promote(name="TOTALS")
    assert other.promote(name="others").files == ("jobs/others.toml", "jobs/others.ipynb")


def test_a_name_that_the_notebook_defines_itself_is_refused(project: Project) -> None:
    project.save(*CELLS, "from nbasset import define_asset_job\njob = define_asset_job('totals', 'totals')")
    with pytest.raises(InvalidInvocationError, match="defines a job 'totals' itself"):
        project.promote()


def test_a_name_that_cannot_be_one_is_refused(project: Project) -> None:
    with pytest.raises(InvalidConfigError, match=r"'a/\.\./b' cannot be the name of a job"):
        project.promote(name="a/../b")
    assert not (project.root / "jobs").exists()


def test_a_notebook_without_a_job_file_is_not_overwritten(project: Project) -> None:
    project.file().parent.mkdir()
    mine = project.file().with_suffix(".ipynb")
    mine.write_text("mine")
    with pytest.raises(InvalidInvocationError, match=r"jobs/totals\.ipynb is there, without a job file"):
        project.promote()
    assert mine.read_text() == "mine"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"cron": ("0 25 * * *",)}, "--cron: .*hour"),
        ({"cron": ("0 6 * *",)}, "--cron: "),
        ({"cron": ("@daily",), "timezone": "Europe/Berln"}, "--tz: no time zone 'Europe/Berln'.*Did you mean 'Europe/Berlin'"),
        ({"timezone": "Europe/Berlin"}, "--tz is about a schedule, and the job has none"),
        ({"stopped": True}, "--stopped is about a schedule, and the job has none"),
        ({"partitions": "latest"}, "none of the job's assets has partitions"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(project: Project, options: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInvocationError, match=said):
        project.promote(**options)
    assert not (project.root / "jobs").exists()


def test_partitions_are_a_rule_or_keys_that_exist(project: Project) -> None:
    project.save(LOAD, "%%asset totals --partitions daily:2013-01-01..2013-02-01\n1")
    assert project.promote(dry_run=True).review.job.partitions == "latest"
    assert [one.partitions for one in project.promote(dry_run=True).review.nodes] == ["2013-02-01"]
    assert project.promote(partitions="2013-01-01..2013-01-03", dry_run=True).review.nodes[0].partitions == "2013-01-01..2013-01-03"
    assert project.promote(partitions="stale", dry_run=True).review.nodes[0].partitions == "what is missing or stale then"
    with pytest.raises(InvalidPartitionRange):
        project.promote(partitions="2013-01-03..2013-01-01")


def test_a_notebook_outside_the_project_is_refused(project: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = Project(tmp_path_factory.mktemp("elsewhere"))
    elsewhere.home = project.home
    with pytest.raises(PathOutsideHome, match="is not in the project"):
        elsewhere.promote()


def test_the_copy_of_a_job_is_not_promoted(project: Project) -> None:
    project.promote()
    project.notebook = project.root / "jobs" / "totals.ipynb"
    with pytest.raises(InvalidInvocationError, match="is the copy that a job runs"):
        project.promote(name="again")


def test_a_job_file_that_is_broken_is_told_and_not_overwritten(project: Project) -> None:
    project.promote()
    project.file().write_text("name = totals\n")
    before = project.bytes()
    with pytest.raises(
        InvalidConfigError, match=r"jobs/totals\.toml:\n  it is not TOML: .*\n  Nothing was overwritten: mend the file, or delete it"
    ):
        project.promote()
    assert project.bytes() == before


def test_a_folder_that_cannot_be_written_is_told_and_nothing_is_left(project: Project) -> None:
    (project.root / "jobs").write_text("a file where the folder should be")
    with pytest.raises(StorageUnavailable, match=r"cannot be written: .*Nothing was promoted"):
        project.promote()
    assert (project.root / "jobs").read_text() == "a file where the folder should be"


def test_when_the_second_file_cannot_be_written_the_first_is_as_before(project: Project) -> None:
    project.promote()
    before = project.bytes()
    cells = [*CELLS]
    cells[3] = CLEAN.replace("if row", "")
    project.save(*cells)
    source = project.notebook.read_bytes()
    text = project.file().read_bytes()
    project.file().unlink()
    project.file().mkdir()
    (project.file() / "keep").touch()
    with pytest.raises((StorageUnavailable, InvalidConfigError)):
        project.promote()
    (project.file() / "keep").unlink()
    project.file().rmdir()
    project.file().write_bytes(text)
    assert {**before, "notebooks/orders.ipynb": source} == project.bytes()


# -- secrets ------------------------------------------------------------------------------------------------------------------


def test_variables_that_the_code_refers_to_are_written_by_name(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", "correct-horse")
    project.save(
        LOAD,
        "from nbasset import EnvVar\nimport os",
        "@asset\ndef totals():\n    return EnvVar('DB_PASSWORD').get_value(), os.environ['API']",
    )
    review = project.promote().review
    assert review.secrets == (("API", False), ("DB_PASSWORD", True))
    assert "the variable API is not set here; it has to be where the job runs" in review.warnings
    assert project.job().secrets == ("API", "DB_PASSWORD")
    assert b"correct-horse" not in b"".join(project.bytes().values())
    project.save(LOAD, "@asset\ndef totals(): ...")
    assert project.promote().review.job.secrets == ()


def test_a_value_of_a_secret_in_the_notebook_is_refused(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", "correct-horse")
    project.save(LOAD, "@asset\ndef totals():\n    return 'correct-horse'")
    assert refused(project) == [
        (
            "cell 2, line 3 holds the value of the environment variable DB_PASSWORD, and a job is committed "
            "(cell 2, line 3 of orders.ipynb)\n"
            'Put it into an environment variable, and write EnvVar("DB_PASSWORD") in its place; then save.'
        )
    ]
    project.save(LOAD, "%env API_TOKEN=abc", "@asset\ndef totals(): ...")
    assert refused(project)[0].startswith("cell 2, line 1 sets API_TOKEN, and a job is committed")


def test_a_value_of_a_secret_among_parameters_and_tags_is_refused(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", "correct-horse")
    project.save(LOAD, code("word = ''\napi_key = ''", "parameters"), "@asset\ndef totals(): return word")
    with pytest.raises(InvalidConfigError) as caught:
        project.promote(parameters={"word": "correct-horse", "api_key": "k"}, tags={"of": "correct-horse"})
    text = str(caught.value)
    assert "parameter word: its value is that of DB_PASSWORD" in text
    assert "parameter api_key: by its name it is a secret" in text
    assert "tag of: its value is that of DB_PASSWORD" in text
    assert "correct-horse" not in text
    assert not (project.root / "jobs").exists()


def test_a_job_file_says_nothing_of_what_it_does_not_need(project: Project) -> None:
    project.promote()
    text = project.file().read_text()
    assert text == job_text(project.job())
    assert [word for word in ("[schedule]", "[retries]", "secrets", "partitions", "[parameters]") if word in text] == []
