"""The file of an executed notebook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from nbasset.promotion.written import saved_text, write_whole

TEXTS = st.text(st.characters(codec="utf-8"), max_size=60)
OUTPUTS = st.one_of(
    st.builds(lambda text: new_output("stream", name="stdout", text=text), TEXTS),
    st.builds(
        lambda text: new_output("display_data", data={"text/plain": text, "image/png": "aGk=", "application/json": {"a": [1]}}), TEXTS
    ),
    st.builds(lambda text: new_output("error", ename="E", evalue=text, traceback=[text]), TEXTS),
)
CELLS = st.one_of(
    st.builds(new_markdown_cell, TEXTS),
    st.builds(lambda text, outputs: new_code_cell(text, outputs=outputs), TEXTS, st.lists(OUTPUTS, max_size=3)),
)


@given(st.lists(CELLS, max_size=4))
def test_what_is_written_is_read_back_as_it_was(cells: list[Any]) -> None:
    notebook = new_notebook(cells=cells)
    assert nbformat.reads(saved_text(notebook, str), as_version=4) == notebook


def test_the_form_is_jupyters_own() -> None:
    notebook = new_notebook(cells=[new_code_cell("a\nb", id="x", outputs=[new_output("stream", text="1\n2\n")])], metadata={"b": 1, "a": 2})
    assert saved_text(notebook, str) == nbformat.writes(notebook) + "\n"


@given(st.lists(CELLS, max_size=4), st.lists(CELLS, max_size=2))
def test_what_is_known_of_an_earlier_writing_changes_nothing(cells: list[Any], more: list[Any]) -> None:
    known: dict[str, str] = {}
    for shown in (cells, [*cells, *more, *cells], more):
        notebook = {"cells": shown, "metadata": {"b": 1}, "nbformat": 4, "nbformat_minor": 5}
        assert saved_text(notebook, str, known) == saved_text(notebook, str)
    assert len(known) <= len(more)


def test_sources_are_rewritten_on_their_way() -> None:
    notebook = new_notebook(cells=[new_code_cell("token", id="x")])
    assert json.loads(saved_text(notebook, lambda source: f"# {source}"))["cells"][0]["source"] == ["# token"]
    assert notebook.cells[0].source == "token"


def test_a_file_that_cannot_be_written_leaves_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "notebook.ipynb"
    write_whole(path, "first")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "second \ud800")
    assert [(one.name, one.read_text()) for one in path.parent.iterdir()] == [("notebook.ipynb", "first")]
