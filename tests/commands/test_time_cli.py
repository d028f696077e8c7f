"""The verbs about time and trust on the command line: words, JSON, exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.exceptions import Abort

from nbasset.cli import run_command
from nbasset.instance import Instance

Write = Callable[..., Path]
CELLS = [
    "import pandas as pd",
    "LIMIT = 2",
    "%%asset raw\npd.DataFrame({'id': [1, 2, 3]})",
    "%%asset small\nraw[raw['id'] <= LIMIT]",
]


@pytest.fixture
def project(tmp_path: Path, write_notebook: Write, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A notebook whose assets were made, in a home of its own."""
    path = write_notebook(*CELLS)
    monkeypatch.chdir(path.parent)
    monkeypatch.setenv("NBASSET_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir(exist_ok=True)
    assert run_command(["run", str(path), "--quiet"]) == 0
    yield path
    Instance.open(tmp_path / "home").close()


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    capsys.readouterr()
    code = run_command([*words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    capsys.readouterr()
    code = run_command(list(words))
    found = capsys.readouterr()
    return code, found.out + found.err


def test_why_history_and_plan_answer_in_words_and_json(project: Path, capsys: pytest.CaptureFixture[str], write_notebook: Write) -> None:
    write_notebook(*[cell.replace("LIMIT = 2", "LIMIT = 1") for cell in CELLS])
    code, text = said(capsys, "why", str(project), "small")
    assert (code, text.split("\n")[0]) == (0, "'small' is stale: `LIMIT` in cell 2 changed.")
    assert answer(capsys, "why", str(project), "small")[1]["causes"][0]["reasons"][0]["kind"] == "helper"
    assert "small: 1 version" in said(capsys, "history", str(project), "small")[1]
    assert answer(capsys, "history", str(project), "small")[1]["versions"][0]["current"] is True
    (planned,) = answer(capsys, "plan", str(project))[1]["plans"]
    assert (planned["nodes"][0]["why"][0]["text"], planned["writes"]) == ("`LIMIT` in cell 2 changed", 1)


def test_diff_and_rollback_take_versions(project: Path, capsys: pytest.CaptureFixture[str], write_notebook: Write) -> None:
    write_notebook(*[cell.replace("LIMIT = 2", "LIMIT = 1") for cell in CELLS])
    run_command(["run", str(project), "--quiet"])
    _, data = answer(capsys, "diff", str(project), "small")
    assert (data["table"]["removed"], data["table"]["key"]) == (1, ["id"])
    older = data["before"]["version_id"]
    assert answer(capsys, "diff", str(project), "small", older, data["after"]["version_id"])[1]["table"]["rows"] == [2, 1]
    assert answer(capsys, "rollback", str(project), "small", "--to", older, "--yes")[1]["brought_back"][0]["now"] == older
    assert "nothing to do" in said(capsys, "rollback", str(project), "small", "--to", older, "--yes")[1]


def test_nothing_is_given_up_or_brought_back_that_nobody_confirmed(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    version = answer(capsys, "history", str(project), "small")[1]["versions"][0]["version_id"]
    questions = {
        ("drop", "small", "--data"): "Give up the records and files of small?",
        ("drop", "small", "--version", version[:8]): f"Give up version {version[:8]} of small, with its file?",
        ("rollback", "small", "--to", version): f"Make version {version[:8]} of 'small' (made ",
    }
    for (verb, *words), question in questions.items():
        code, data = answer(capsys, verb, str(project), *words)
        assert (code, question in data["error"]["message"], "add --yes" in data["error"]["message"]) == (2, True, True)
        asked: list[str] = []
        monkeypatch.setattr("click.confirm", lambda text, abort, asked=asked: asked.append(text) or (_ for _ in ()).throw(Abort()))
        said(capsys, verb, str(project), *words)
        assert [text.startswith(question) for text in asked] == [True]
    assert answer(capsys, "history", str(project), "small")[1]["versions"][0]["current"] is True


def test_rename_and_gc_say_what_they_did(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = said(capsys, "rename", str(project), "small", "little")
    assert code == 0
    assert "small goes on as little, 1 file moved. Now change the name in the code, too" in text
    assert "0 versions, 0 B would go" in said(capsys, "gc", "--dry-run")[1]


def test_check_ends_with_one_when_a_name_is_defined_nowhere(
    project: Path, capsys: pytest.CaptureFixture[str], write_notebook: Write
) -> None:  # fmt: skip
    assert said(capsys, "check", str(project))[0] == 0
    write_notebook(*CELLS, "%%asset lost\n[fx]")
    code, text = said(capsys, "check", str(project))
    assert (code, "`fx`" in text) == (1, True)


def test_words_that_do_not_fit_are_refused_with_the_usage(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = said(capsys, "rename", str(project), "small")
    assert (code, "nbasset rename [LOCATION] ASSET NEW" in text) == (2, True)
    assert said(capsys, "gc", "--older-than", "soon")[0] == 2
    assert said(capsys, "diff", str(project), "small", "a", "b", "c")[0] == 2
