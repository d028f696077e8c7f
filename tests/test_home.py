"""Finding a home, and making its state folder."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from nbasset.errors import PathOutsideHome, StorageUnavailable
from nbasset.home import Home, find_home


def test_a_home_is_found_upward_from_the_notebook(tmp_path: Path) -> None:
    (tmp_path / "nbasset.toml").touch()
    below = tmp_path / "notebooks" / "deep"
    below.mkdir(parents=True)
    assert find_home(below / "flights.ipynb", environ={}) == Home(tmp_path)


def test_a_state_folder_marks_a_home_too_and_the_nearest_one_wins(tmp_path: Path) -> None:
    (tmp_path / "nbasset.toml").touch()
    (tmp_path / "inner" / ".nbasset").mkdir(parents=True)
    assert find_home(tmp_path / "inner", environ={}).root == tmp_path / "inner"


def test_without_a_mark_the_folder_of_the_notebook_is_the_home_and_nothing_is_made(tmp_path: Path) -> None:
    notebook = tmp_path / "flights.ipynb"
    notebook.touch()
    assert find_home(notebook, environ={}) == Home(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["flights.ipynb"]


def test_a_named_home_wins_over_the_variable_and_the_variable_over_the_mark(tmp_path: Path) -> None:
    (tmp_path / "nbasset.toml").touch()
    environ = {"NBASSET_HOME": str(tmp_path / "other")}
    assert find_home(tmp_path, environ=environ).root == tmp_path / "other"
    assert find_home(tmp_path, named=tmp_path / "third", environ=environ).root == tmp_path / "third"


@pytest.mark.skipif(os.name != "posix", reason="POSIX modes")
def test_a_folder_above_that_everybody_may_write_to_is_no_home(tmp_path: Path) -> None:
    (tmp_path / "nbasset.toml").touch()
    tmp_path.chmod(0o777)
    mine = tmp_path / "mine"
    mine.mkdir(mode=0o755)
    assert find_home(mine, environ={}).root == mine


@pytest.mark.skipif(os.name != "posix", reason="POSIX modes")
def test_the_state_folder_is_private_whatever_the_umask_and_ignored_by_git(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        state = Home(tmp_path).make_state()
    finally:
        os.umask(before)
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert (state / ".gitignore").read_text() == "*\n"


@pytest.mark.skipif(os.name != "posix", reason="POSIX modes")
def test_a_state_folder_that_everybody_may_write_to_is_refused_with_the_remedy(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.make_state().chmod(0o777)
    with pytest.raises(StorageUnavailable, match="chmod 700"):
        home.make_state()


def test_a_home_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageUnavailable, match="NBASSET_HOME"):
        Home(tmp_path / "file").make_state()


@pytest.mark.parametrize("run_id", ["../x", "a/b", "", "..", "a\0b"])
def test_a_run_id_never_leads_out_of_the_home(tmp_path: Path, run_id: str) -> None:
    with pytest.raises(PathOutsideHome):
        Home(tmp_path).run_folder(run_id)
