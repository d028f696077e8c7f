"""The files of promoted jobs: what is read, what is written, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbasset.errors import InvalidConfigError
from nbasset.home import Home
from nbasset.locations.job_file import (
    CodeEntry,
    EnvironmentEntry,
    JobFile,
    RetryEntry,
    ScheduleEntry,
    beside,
    job_files,
    job_text,
    read_job_file,
)

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
PLAIN = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | TEXT
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=8)
WORDS = st.text("abcxyz_019", min_size=1, max_size=8)
NAMES = WORDS.map(lambda word: f"n{word}")
SCHEDULES = st.builds(
    ScheduleEntry,
    st.lists(st.sampled_from(["0 6 * * *", "*/5 * * * 1-5", "@daily"]), min_size=1, max_size=2).map(tuple),
    st.sampled_from(["UTC", "Europe/Berlin"]),
    st.sampled_from(["running", "stopped"]),
)
JOBS = st.builds(
    JobFile,
    name=WORDS,
    notebook=TEXT.filter(lambda text: not text.startswith(("/", "\\", "~")) and ":" not in text).map(lambda text: f"{text}.ipynb"),
    select=TEXT.map(lambda text: f"a{text}"),
    source=st.sampled_from(["", "../notebooks/a.ipynb"]),
    folder=st.sampled_from([".", "../notebooks"]),
    description=TEXT,
    kernel=TEXT,
    partitions=TEXT,
    secrets=st.lists(NAMES, max_size=2).map(tuple),
    parameters=st.dictionaries(NAMES, VALUES, max_size=3),
    tags=st.dictionaries(TEXT, TEXT, max_size=3),
    config=st.dictionaries(TEXT, VALUES, max_size=3),
    schedule=st.none() | SCHEDULES,
    retries=st.builds(RetryEntry, st.integers(0, 9), st.booleans()),
    environment=st.builds(EnvironmentEntry, TEXT, st.booleans(), st.dictionaries(TEXT, TEXT, max_size=3)),
    code=st.builds(CodeEntry, TEXT, st.dictionaries(TEXT, TEXT, max_size=3)),
)


def written(folder: Path, text: str, name: str = "daily") -> Path:
    file = folder / f"{name}.toml"
    file.write_text(text, encoding="utf-8")
    return file


@given(job=JOBS)
def test_what_is_read_from_the_text_of_a_job_is_the_job(job: JobFile, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = written(tmp_path_factory.mktemp("jobs"), job_text(job))
    assert read_job_file(file) == job
    assert job_text(read_job_file(file)) == job_text(job)


def test_a_small_file_by_hand_is_enough(tmp_path: Path) -> None:
    file = written(tmp_path, 'name = "daily"\nnotebook = "daily.ipynb"\nselect = "delays"\nschedule = "@daily"\n')
    assert read_job_file(file) == JobFile("daily", "daily.ipynb", "delays", schedule=ScheduleEntry(("@daily",)))


def test_dates_of_toml_are_texts_in_a_job(tmp_path: Path) -> None:
    file = written(
        tmp_path, 'name = "a"\nnotebook = "a.ipynb"\nselect = "a"\n[parameters]\nday = 2013-01-01\nall = [2013-01-01T06:00:00]\n'
    )
    assert read_job_file(file).parameters == {"day": "2013-01-01", "all": ["2013-01-01T06:00:00"]}


def test_all_that_is_wrong_in_its_names_and_types_is_said_at_once(tmp_path: Path) -> None:
    file = written(
        tmp_path, 'nmae = "a"\nnotebook = 3\nselect = "a"\n[schedule]\ncron = "@daily"\nstatus = "runing"\n[retries]\nmax_retries = -1\n'
    )
    with pytest.raises(InvalidConfigError) as caught:
        read_job_file(file)
    text = str(caught.value)
    assert text.startswith(f"5 errors in {file}:")
    assert "nmae: there is no such setting. Did you mean 'name'?" in text
    assert "notebook: 3 is an int; it takes text." in text
    assert "schedule.status: 'runing' is not one of running, stopped. Did you mean 'running'?" in text
    assert "retries.max_retries: -1 is less than 0." in text
    assert "name: is missing." in text


def test_all_that_is_wrong_in_its_values_is_said_at_once_with_the_nearest_right_one(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        'name = "a b"\nnotebook = "/home/ada/a.py"\nselect = " "\nsecrets = ["s3cr3t-value!"]\nparameters = { "a b" = 1 }\n'
        '[schedule]\ncron = "0 25 * * *"\ntimezone = "Europe/Brlin"\n',
    )
    with pytest.raises(InvalidConfigError) as caught:
        read_job_file(file)
    text = str(caught.value)
    assert text.startswith(f"8 errors in {file}:")
    assert "name: 'a b' cannot be the name of a job" in text
    assert "select: is empty" in text
    assert "its name ends in .ipynb" in text
    assert "notebook: '/home/ada/a.py' exists on one machine only" in text
    assert "Values of secrets never stand here" in text
    assert "parameters: 'a b'" in text
    assert "schedule.cron: " in text
    assert "Did you mean 'Europe/Berlin'?" in text


@pytest.mark.parametrize("text", ["name = 1 2\n", "name = 'a'\nname = 'b'\n", "\udcff"])
def test_a_file_that_is_not_toml_says_where(tmp_path: Path, text: str) -> None:
    file = tmp_path / "daily.toml"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InvalidConfigError, match=r"it is not TOML: .*(line \d|byte 0xff)"):
        read_job_file(file)


def test_a_file_that_is_not_there_is_told_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfigError, match=r"daily\.toml:\n  it cannot be read: No such file"):
        read_job_file(tmp_path / "daily.toml")


def test_none_among_the_parameters_is_refused() -> None:
    with pytest.raises(InvalidConfigError, match=r"parameters\.day: TOML has no word for None"):
        job_text(JobFile("a", "a.ipynb", "a", parameters={"day": None}))


def test_the_job_files_of_a_project_are_those_in_its_jobs_folder(tmp_path: Path) -> None:
    assert job_files(Home(tmp_path)) == []
    folder = tmp_path / "jobs"
    folder.mkdir()
    (folder / "a.ipynb").touch()
    (folder / ".b.toml").touch()
    assert job_files(Home(tmp_path)) == []
    files = [written(folder, "", name) for name in ("b", "a")]
    assert job_files(Home(tmp_path)) == sorted(files)


def test_paths_in_a_file_lead_from_where_it_stands(tmp_path: Path) -> None:
    assert beside(tmp_path / "jobs" / "a.toml", "../notebooks/a.ipynb") == tmp_path / "notebooks" / "a.ipynb"
