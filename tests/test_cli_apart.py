"""Locations in a process of their own, as the command line treats them: what is shared, what stays apart, what is left out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SHARED = "from nbasset import asset\n\n@asset\ndef shared():\n    return 1\n"
APART = "import os, sys\nfrom nbasset import asset\n\n@asset\ndef apart():\n    return [{'pid': os.getppid(), 'python': sys.prefix}]\n"


def call(folder: Path, *words: str) -> tuple[int, str, str]:
    """Run the command line as a program: its exit code and what it printed."""
    environment = {name: value for name, value in os.environ.items() if name != "NBASSET_HOME"}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "nbasset.cli", *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stdout, done.stderr


def project(folder: Path, *apart: str, **code: str) -> Path:
    """A project with one ordinary location and some apart, each a line of TOML."""
    for name, text in {"ordinary": SHARED, **code}.items():
        (folder / f"{name}.py").write_text(text)
    (folder / "nbasset.toml").write_text(f'locations = ["ordinary.py", {", ".join(apart)}]\n')
    return folder


def answer(printed: tuple[int, str, str]) -> Any:
    return json.loads(printed[1])


def test_a_project_is_one_thing_also_where_a_location_has_a_process_of_its_own(tmp_path: Path) -> None:
    home = project(tmp_path, '{ path = "own.py", isolated = true }', own=APART)
    listed = answer(call(home, "list", "--json"))
    assert [one["assets"][0]["key"] for one in listed["locations"]] == ["shared", "apart"]
    code, out, err = call(home, "run", "--json")
    assert code == 0, err
    assert [made["asset"] for run in json.loads(out)["runs"] for made in run["materialized"]] == ["shared", "apart"]
    assert (home / "warehouse" / "apart.parquet").exists()


def test_what_is_selected_is_found_in_whichever_process_it_is(tmp_path: Path) -> None:
    home = project(tmp_path, '{ path = "own.py", isolated = true }', own=APART)
    code, out, err = call(home, "asset", "materialize", "apart")
    assert (code, "1 asset made" in out) == (0, True), err
    assert "error" not in err
    code, out, err = call(home, "run", "shared")
    assert (code, "1 asset made" in out) == (0, True), err
    code, _, err = call(home, "show", "apartt")
    assert code == 2
    assert "no asset 'apartt' is defined" in err
    assert "'apart'" in err


def test_a_location_runs_with_the_python_it_names(tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    (environment / "bin").mkdir(parents=True)
    program = environment / "bin" / "python"
    program.write_text(f'#!/bin/sh\nCHOSEN=yes exec "{sys.executable}" "$@"\n')
    program.chmod(0o755)
    own = APART.replace("sys.prefix", "os.environ['CHOSEN']")
    home = project(tmp_path, '{ path = "own.py", python = "environment" }', own=own)
    code, _, err = call(home, "run", "own.py", "apart")
    assert code == 0, err
    shown = call(home, "show", "apart")
    assert "yes" in shown[1]


def test_code_that_does_not_load_in_time_is_left_out_and_the_rest_goes_on(tmp_path: Path) -> None:
    slow = "import threading\nthreading.Event().wait(600)\n"
    home = project(tmp_path, '{ path = "slow.py", isolated = true, load_seconds = 0.5 }', slow=slow)
    code, out, err = call(home, "list")
    assert code == 0
    assert "shared" in out
    assert "left out: slow.py did not load within 0.5 s" in err
    assert "load_seconds" in err
    code, _, err = call(home, "list", "slow.py")
    assert code == 1
    assert "did not load within 0.5 s" in err


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise ValueError('no such table')\n", "no such table"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n", "ended by signal 9"),
    ],
    ids=["raises", "kills its process"],
)
def test_code_that_breaks_its_process_breaks_no_other_location(tmp_path: Path, code: str, said: str) -> None:
    home = project(tmp_path, '{ path = "own.py", isolated = true }', own=code)
    ended, out, err = call(home, "run", "shared")
    assert (ended, "1 asset made" in out) == (0, True), err
    assert "left out" in err
    assert said in err


def test_a_python_that_is_not_there_or_lacks_nbasset_is_named_with_the_remedy(tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.write_text("#!/bin/sh\nexit 1\n")
    bare.chmod(0o755)
    home = project(tmp_path, '{ path = "own.py", python = "nowhere" }', '{ path = "other.py", python = "bare" }', own=APART, other=APART)
    _, out, err = call(home, "list")
    assert "shared" in out
    assert f"there is no Python {tmp_path / 'nowhere'}" in err
    assert f"{bare} -m pip install nbasset" in err


def test_verbs_about_the_home_start_no_process(tmp_path: Path) -> None:
    home = project(tmp_path, '{ path = "own.py", python = "nowhere" }', own=APART)
    for verb in ("runs", "doctor"):
        code, _, err = call(home, verb)
        assert (code, err) == (0, "")


def test_names_are_switched_in_whichever_process_they_are(tmp_path: Path) -> None:
    ordinary, own = (
        f'from nbasset import RunRequest, schedule\n\n@schedule("0 6 * * *", target="{name}")\ndef at_{name}():\n    return RunRequest()\n'
        for name in ("here", "apart")
    )
    home = project(tmp_path, '{ path = "own.py", isolated = true }', ordinary=SHARED + ordinary, own=APART + own)
    switched = answer(call(home, "schedule", "start", "at_here", "at_apart", "--json"))["schedules"]
    assert [(one["name"], one["location"], one["is_on"]) for one in switched] == [("at_here", "ordinary", True), ("at_apart", "own", True)]
    code, out, err = call(home, "schedule", "stop", "at_apart")
    assert (code, "schedule at_apart is off, stopped" in out) == (0, True), err
    assert [one["is_on"] for one in answer(call(home, "schedule", "reset", "--all", "--json"))["schedules"]] == [False, False]
    assert call(home, "schedule", "start", "at_here", "at_nowhere")[0] == 2
