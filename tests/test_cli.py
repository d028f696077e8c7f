"""The command line: what it prints, its JSON, its exit codes."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbasset.cli import DONE, FAILED, USAGE
from nbasset.cli_text import inert
from nbasset.instance import Instance

Write = Callable[..., Path]
CELLS = ("%%asset orders --group raw\n[1, 2, 3]", "%%asset total\nprint('adding up')\nsum(orders)")


@pytest.fixture(autouse=True)
def home(own_folder: Path) -> Path:
    """Each test works in a folder of its own, which is its home."""
    return own_folder


Call = Callable[..., tuple[int, str, str]]


def _json(printed: tuple[int, str, str]) -> Any:
    return json.loads(printed[1])


def test_help_lists_the_verbs_and_shows_examples(call: Call) -> None:
    code, out, _ = call("--help")
    assert code == DONE
    assert all(verb in out for verb in ("list", "graph", "plan", "run", "show", "drop", "doctor"))
    assert "nbasset run notebooks/flights.ipynb delays+" in out


@pytest.mark.parametrize("verb", ["list", "graph", "plan", "run", "show", "drop", "doctor"])
def test_each_verb_has_help_with_an_example_and_the_shared_options(call: Call, verb: str) -> None:
    code, out, _ = call(verb, "--help")
    assert code == DONE
    assert f"nbasset {verb}" in out
    assert "--home" in out
    assert "--json" in out


def test_the_version_is_said(call: Call) -> None:
    assert call("--version")[:2] == (DONE, "nbasset 0.1.0\n")


def test_a_notebook_is_run_and_a_second_run_finds_nothing_to_do(call: Call, write_notebook: Write, home: Path) -> None:
    notebook = str(write_notebook(*CELLS, name="notebooks/n.ipynb"))
    code, out, _ = call("run", notebook)
    assert code == DONE
    assert "✓ orders" in out
    assert "2 assets made, 4 rows" in out
    assert str(home / "notebooks" / "warehouse") in out
    code, out, _ = call("run", notebook)
    assert (code, out) == (DONE, "Nothing to do: 2 assets fresh.\n")


def test_many_partitions_are_one_line_and_what_fails_among_them_is_told(call: Call, write_notebook: Write, home: Path) -> None:
    days = "%%asset days --partitions daily:2013-01-01..2013-01-31\nif context.partition_key == BAD:\n    1 / 0\n[context.partition_key]"
    few = "%%asset few --partitions static:a,b\n[1]"
    notebook = write_notebook("BAD = '2013-01-09'", days, "%%asset report\nlen(days)", few)
    _, out, _ = call("run", str(notebook))
    assert re.sub(r"\d+(\.\d)? (ms|s|kB|B)\b", "_", out).splitlines()[:5] == [
        "✗ days[2013-01-09]  failed",
        "» report  skipped: upstream 'days[2013-01-09]' failed",
        "✗ days  30 of 31 partitions, 1 failed, _, 30 rows, _",
        "✓ few[a]  _, 1 row, _",
        "✓ few[b]  _, 1 row, _",
    ]
    assert "✗ failed: 2 assets made, 32 partitions, 32 rows" in out
    write_notebook("BAD = ''", days, "%%asset report\nlen(days)", few)
    _, out, _ = call("run", str(notebook))
    assert "✓ days  31 partitions, " in out
    assert "✓ done: 2 assets made, 31 partitions, 32 rows" in out


def test_the_home_can_be_named(call: Call, write_notebook: Write, home: Path) -> None:
    notebook = str(write_notebook(*CELLS))
    assert call("run", notebook, "--home", "elsewhere")[0] == DONE
    assert (home / "elsewhere" / "warehouse" / "orders.parquet").exists()
    assert not (home / ".nbasset").exists()


def test_machines_get_json_and_nothing_else(call: Call, write_notebook: Write) -> None:
    notebook = str(write_notebook(*CELLS))
    planned = _json(call("plan", notebook, "--json"))
    assert [node["assets"] for node in planned["plans"][0]["nodes"]] == [["orders"], ["total"]]
    done = _json(call("run", notebook, "--json"))
    assert [made["asset"] for made in done["runs"][0]["materialized"]] == ["orders", "total"]
    listed = _json(call("list", notebook, "--json"))
    assert [(row["key"], row["state"]) for row in listed["locations"][0]["assets"]] == [("orders", "fresh"), ("total", "fresh")]
    assert _json(call("show", notebook, "orders", "--json"))["rows"] == 3
    assert len(_json(call("graph", notebook, "--json"))["edges"]) == 1
    assert _json(call("doctor", "--json"))["sound"] is True
    assert _json(call("drop", notebook, "total", "--json", "--yes"))["dropped"][0]["assets"] == ["total"]


def test_a_failed_step_ends_with_1_and_the_users_line(call: Call, write_notebook: Write) -> None:
    notebook = str(write_notebook("%%asset broken\n\n1 / 0", "%%asset after\nbroken"))
    code, out, _ = call("run", notebook)
    assert code == FAILED
    assert "cell 1 of notebook.ipynb, line 3" in out
    assert ">    3 | 1 / 0" in out
    assert "after  skipped: upstream 'broken' failed" in out
    failed = _json(call("run", notebook, "--json"))["runs"][0]
    assert (failed["status"], failed["failed"][0]["place"]) == ("failure", "cell 1 of notebook.ipynb, line 3")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("rnu",), "Did you mean 'run'?"),
        (("run", "--stael"), "--stale"),
        (("run", "notebok.ipynb"), "Did you mean 'notebook.ipynb'?"),
        (("run", "notebook.ipynb", "totl"), "Did you mean 'total'?"),
        (("show", "notebook.ipynb"), "name one asset"),
        (("show", "notebook.ipynb", "a", "b"), "2 were named"),
        (("doctor", "notebook.ipynb", "x"), "takes no selection"),
        (("run", "notebook.ipynb", "total", "-p", "2025-01-01"), "has no partitions"),
        (("graph", "notebook.ipynb", "--output", "x.sgv"), "Did you mean 'svg'?"),
    ],
)
def test_usage_mistakes_end_with_2_and_the_nearest_right_thing(
    call: Call, write_notebook: Write, words: tuple[str, ...], message: str
) -> None:
    write_notebook(*CELLS)
    code, _, err = call(*words)
    assert message in err
    assert code == USAGE


def test_errors_are_json_too_when_asked(call: Call, write_notebook: Write) -> None:
    notebook = str(write_notebook(*CELLS))
    printed = call("run", notebook, "totl", "--json")
    assert printed[0] == USAGE
    assert _json(printed)["error"]["type"] == "UnknownAsset"


def test_hidden_state_is_refused_with_cell_and_name(call: Call, write_notebook: Write) -> None:
    code, _, err = call("run", str(write_notebook("%%asset a\nfx")))
    assert code == FAILED
    assert "HiddenState: cell 1 uses `fx`, which no cell defines" in err


def test_a_scratch_cell_that_raises_does_not_disturb(call: Call, write_notebook: Write) -> None:
    assert call("run", str(write_notebook(CELLS[0], "raise RuntimeError", CELLS[1])))[0] == DONE


@pytest.mark.parametrize(("text", "message"), [("{", "JSON breaks"), ('{"nbformat": 4, "cells": []}', "")])
def test_files_that_are_no_notebooks_and_empty_ones_are_told(call: Call, home: Path, text: str, message: str) -> None:
    (home / "x.ipynb").write_text(text)
    code, out, err = call("list", "x.ipynb")
    assert code == (FAILED if message else DONE)
    assert message in err
    assert message or "no assets" in out


def test_code_runs_in_the_folder_of_its_notebook_and_files_are_found_from_where_one_is(
    call: Call, write_notebook: Write, home: Path
) -> None:
    write_notebook("SIZE = len(open('data.txt').read())", "%%asset size\n[SIZE, open('data.txt').read()]", name="notebooks/n.ipynb")
    (home / "notebooks" / "data.txt").write_text("abc")
    assert call("run", "notebooks/n.ipynb")[0] == DONE
    assert call("graph", "notebooks/n.ipynb", "--output", "out/x.svg")[:2] == (DONE, "out/x.svg: 1 asset\n")
    drawn = (home / "out" / "x.svg").read_text()
    assert drawn.startswith("<svg")
    assert "max-width" not in drawn.partition("<style>")[0]
    assert Path.cwd() == home


def test_a_project_is_all_its_locations_and_a_broken_one_breaks_no_other(call: Call, write_notebook: Write, home: Path) -> None:
    (home / "nbasset.toml").write_text("")
    write_notebook(*CELLS, name="notebooks/a.ipynb")
    write_notebook("%%asset other\n[1]", name="notebooks/b.ipynb")
    (home / "notebooks" / "c.ipynb").write_text('{"%%asset')
    code, out, err = call("list")
    assert code == DONE
    assert ("a.ipynb" in out, "other" in out) == (True, True)
    assert "c.ipynb is left out" in err
    code, out, _ = call("run", "--select", "other")
    assert code == DONE
    assert "1 asset made" in out
    assert "Did you mean 'total'?" in call("run", "totl")[2]
    assert call("show", "orders")[0] == DONE
    assert [node["key"] for node in _json(call("graph", "--json"))["nodes"]] == ["orders", "total", "other"]


def test_a_folder_without_anything_says_what_to_name(call: Call) -> None:
    code, _, err = call("run")
    assert code == USAGE
    assert "no notebook or module with assets was found" in err


def test_settings_that_are_wrong_are_told(call: Call, write_notebook: Write, home: Path) -> None:
    (home / "nbasset.toml").write_text("warehose = 'x'")
    code, _, err = call("list", str(write_notebook(*CELLS)))
    assert code == USAGE
    assert "Did you mean 'warehouse'?" in err


def test_a_module_can_be_named_by_its_dotted_name(call: Call, home: Path) -> None:
    (home / "cli_shop.py").write_text("from nbasset import asset\n\n\n@asset\ndef cli_orders():\n    return [1]\n")
    code, out, _ = call("list", "-m", "cli_shop")
    assert code == DONE
    assert "cli_orders" in out
    del sys.modules["cli_shop"]


def test_what_code_prints_while_it_is_loaded_is_no_part_of_the_answer(call: Call, home: Path) -> None:
    (home / "talkative.py").write_text("from nbasset import asset\n\nprint('hello')\n\n\n@asset\ndef spoken():\n    return [1]\n")
    code, out, err = call("list", "talkative.py", "--json")
    assert (code, "hello" in err) == (DONE, True)
    assert [one["key"] for one in json.loads(out)["locations"][0]["assets"]] == ["spoken"]


def test_dropping_asks_first(call: Call, write_notebook: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = str(write_notebook(*CELLS))
    call("run", notebook)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert call("drop", notebook, "orders")[0] == FAILED
    said = call("drop", notebook, "nothing")[2]  # nobody is asked about what is not there
    assert "no asset 'nothing' is defined. See what there is: nbasset list." in said
    assert call("drop", notebook, "orders", "--yes")[:2] == (DONE, "orders dropped, 0 files deleted\n")


def test_control_characters_are_inert(call: Call, write_notebook: Write) -> None:
    notebook = str(write_notebook("%%asset a --description 'red \x1b[31m and \x07'\n1 / 0", "raise ValueError", "%%asset b\n[1]"))
    for words in (("list",), ("show", "a"), ("run",)):
        printed = call(words[0], notebook, *words[1:])
        assert "\x1b[31m" not in printed[1] + printed[2]
    assert inert("a\x1b]8;;x\u202eb\u009b") == "a\\x1b]8;;x\\u202eb\\x9b"


def test_an_interrupt_ends_with_130_and_keeps_what_was_finished(write_notebook: Write, home: Path) -> None:
    notebook = write_notebook(
        "%%asset first\n[1]",
        "%%asset second --deps first\nimport os, signal\nos.kill(os.getpid(), signal.SIGINT)\n" + "x = [0] * 10\n" * 3 + "x",
    )
    done = subprocess.run(
        [sys.executable, "-m", "nbasset.cli", "run", str(notebook)], capture_output=True, text=True, check=False, cwd=home
    )  # fmt: skip
    assert done.returncode == 130, done.stdout + done.stderr
    assert "what had finished is kept" in done.stderr
    with Instance.open(home) as instance:
        assert [run.status for run in instance.get_runs()] == ["canceled"]
        assert [str(record.key) for record in instance.get_asset_records() if record.materialization] == ["first"]


def test_help_and_version_load_nothing_heavy() -> None:
    program = (
        "import sys\nfrom nbasset.cli import run_command\nrun_command(['--help'])\nprint('|' + ' '.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.rpartition("|")[2].split())
    assert loaded.isdisjoint({"pandas", "pyarrow", "pydantic", "IPython", "rich", "sqlite3", "nbformat", "numpy"})
    assert len(loaded) <= 250


def test_listing_a_notebook_loads_no_tables_of_its_own(write_notebook: Write) -> None:
    program = (
        "import sys\nfrom nbasset.cli import run_command\n"
        f"run_command(['list', {str(write_notebook(*CELLS))!r}, '--json'])\nprint('|' + ' '.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.rpartition("|")[2].split())
    assert loaded.isdisjoint({"pandas", "pyarrow", "pydantic", "IPython", "rich", "nbformat", "numpy"})


def test_without_words_the_help_is_shown_and_no_error_said(call: Call) -> None:
    code, out, err = call()
    assert (code, out) == (USAGE, "")
    assert err.startswith("Usage: nbasset")


def test_a_kind_with_options_alone_is_asked_for_its_action(call: Call) -> None:
    code, _, err = call("sensor", "--json")
    assert code == USAGE
    assert "say what to do with the sensor: sensor list" in err


def test_a_location_without_assets_says_that_it_has_none(call: Call, write_notebook: Write) -> None:
    notebook = str(write_notebook("x = 1"))
    for verb in ("plan", "run"):
        assert call(verb, notebook)[:2] == (DONE, "Nothing to do: no assets are defined here.\n")


def test_a_ring_is_told_once_with_all_its_places(call: Call, write_notebook: Write) -> None:
    notebook = str(write_notebook("%%asset aa --deps bb\n1", "%%asset bb --deps aa\n1"))
    code, _, err = call("run", notebook)
    assert code == FAILED
    assert err.count("need each other in a ring") == 1
    assert "(cell 1 of notebook.ipynb, cell 2 of notebook.ipynb)" in err


def test_a_cell_that_is_no_python_is_told_with_its_line_and_what_still_runs(call: Call, write_notebook: Write) -> None:
    notebook = str(write_notebook("%%asset bad\n1 +", "%%asset other\n[1]"))
    code, _, err = call("run", notebook)
    assert code == FAILED
    assert "`1 +` (cell 1, line 2 of notebook.ipynb)" in err
    assert "what does not need it can be named and run" in err
    assert call("run", notebook, "other", "-q")[0] == DONE


def test_a_file_that_cannot_be_read_is_shown_in_words_of_the_terminal(call: Call, write_notebook: Write, home: Path) -> None:
    notebook = str(write_notebook(*CELLS))
    call("run", notebook, "-q")
    for file in (home / "warehouse").rglob("orders*.parquet"):
        file.chmod(0o644)
        file.write_bytes(b"no Parquet at all")
    out = call("show", notebook, "orders")[1]
    assert "CorruptData" in out
    assert "nbasset run orders" in out
    assert "%asset" not in out


def test_the_runs_of_an_unknown_asset_are_refused_with_the_nearest(call: Call, write_notebook: Write) -> None:
    notebook = str(write_notebook(*CELLS))
    call("run", notebook, "-q")
    code, _, err = call("runs", "--asset", "ordres")
    assert code == USAGE
    assert "Did you mean 'orders'?" in err
    assert call("runs", "--asset", "orders")[0] == DONE


def test_a_new_name_that_cannot_be_a_key_is_a_usage_mistake(call: Call, write_notebook: Write) -> None:
    notebook = str(write_notebook(*CELLS))
    code, _, err = call("rename", notebook, "orders", "a b!")
    assert code == USAGE
    assert "Try 'a_b'" in err


def test_the_doctor_says_that_a_home_was_named(call: Call, write_notebook: Write, tmp_path: Path) -> None:
    notebook = str(write_notebook(*CELLS))
    assert "named, or found from the location" in call("doctor", notebook, "--home", str(tmp_path / "elsewhere"))[1]
    assert "found from the current folder" in call("doctor", notebook)[1]


def test_a_folder_without_code_that_is_named_is_a_usage_mistake(call: Call, home: Path) -> None:
    (home / "empty").mkdir()
    for verb in ("list", "plan", "run"):
        code, _, err = call(verb, "empty/")
        assert code == USAGE
        assert f"no notebook or module with assets was found in {home / 'empty'}" in err
    assert call("gc", "empty/")[0] == DONE


def test_an_error_without_words_is_told_by_its_name(call: Call, write_notebook: Write) -> None:
    notebook = str(write_notebook("%%asset bad\nraise ValueError()"))
    call("run", notebook, "-q")
    assert "ValueError:" not in call("list", notebook)[1]
    assert "ValueError" in call("why", notebook, "bad")[1]


def test_errors_in_json_say_what_to_type_in_a_terminal(call: Call, write_notebook: Write) -> None:
    notebook = str(write_notebook(*CELLS))
    assert "See what there is: nbasset list." in _json(call("show", notebook, "zzzzzz", "--json"))["error"]["message"]


def test_a_selection_that_nothing_meets_is_named_by_the_list(call: Call, write_notebook: Write) -> None:
    notebook = str(write_notebook(*CELLS))
    assert "no assets meet 'group:rw'" in call("list", notebook, "group:rw")[1]
