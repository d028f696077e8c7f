"""The copy of a notebook that a job runs."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nbasset.promotion.copied import cells_digest, copy_of, copy_text

from .conftest import code, notebook_of, text

TAGS = st.lists(st.sampled_from(["parameters", "scratch", "setup", "injected-parameters", "nbasset-generated", "hide"]), max_size=2)
CELLS = st.builds(
    lambda kind, source, tags, count: {
        "cell_type": kind, "metadata": {"tags": tags, "collapsed": True}, "source": source.splitlines(keepends=True),
        **({"outputs": [{"output_type": "stream", "text": "x"}], "execution_count": count} if kind == "code" else {}),
    },
    st.sampled_from(["code", "markdown", "raw"]), st.text(max_size=20), TAGS, st.none() | st.integers(1, 9),
)  # fmt: skip
NOTEBOOKS = st.builds(lambda cells: {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}, st.lists(CELLS, max_size=5))


@given(NOTEBOOKS)
def test_the_copy_of_a_copy_is_the_copy(notebook: dict[str, Any]) -> None:
    before = copy.deepcopy(notebook)
    once = copy_of(notebook)
    assert notebook == before
    assert copy_of(json.loads(copy_text(once))) == once
    assert copy_text(copy_of(once)) == copy_text(once)
    assert cells_digest(json.loads(copy_text(once))) == cells_digest(once)


@given(NOTEBOOKS)
def test_ids_are_there_and_differ(notebook: dict[str, Any]) -> None:
    ids = [cell["id"] for cell in copy_of(notebook)["cells"]]
    assert len(set(ids)) == len(ids)


def test_what_a_run_or_a_hand_put_in_for_itself_is_left_out() -> None:
    notebook = notebook_of(
        code("a = 1", "parameters"), code("a = 2", "injected-parameters"), code("%asset run x", "nbasset-generated"),
        code("look()", "scratch"), code("1 / 0", "skip-execution"), text("# Words"), code("b = a"),
    )  # fmt: skip
    assert [cell["source"] for cell in copy_of(notebook)["cells"]] == ["a = 1", "# Words", "b = a"]


def test_pictures_in_texts_are_kept() -> None:
    cell = {**text("![a](attachment:a.png)"), "attachments": {"a.png": {"image/png": "aGk="}}}
    assert copy_of(notebook_of(cell))["cells"][0]["attachments"] == {"a.png": {"image/png": "aGk="}}


def test_outputs_counts_and_notes_of_editors_do_not_change_the_copy() -> None:
    bare = {"cell_type": "code", "id": "c1", "metadata": {}, "source": "a = 1", "outputs": [], "execution_count": None}
    ran = {
        **bare,
        "metadata": {"collapsed": False, "execution": {"shell.execute_reply": "2026-11-25"}},
        "outputs": [1],
        "execution_count": 3,
    }
    assert copy_text(copy_of(notebook_of(bare))) == copy_text(copy_of(notebook_of(ran)))
    assert cells_digest(notebook_of(bare)) == cells_digest(notebook_of(ran))
    assert cells_digest(notebook_of(bare)) != cells_digest(notebook_of({**bare, "source": "a = 2"}))
