"""Notebook files and live sessions as documents."""

from __future__ import annotations

import json

import pytest

from nbasset.errors import InvalidNotebook
from nbasset.locations.document import NotebookDocument, SessionDocument
from nbasset.source.program import Cell
from nbasset.source.slices import CodeReader


def write(path, *cells, **extra):
    """A notebook of code cells by text, or of ready cells."""
    made = [cell if isinstance(cell, dict) else code(cell, f"c{number}") for number, cell in enumerate(cells, start=1)]
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made} | extra), encoding="utf-8")
    return path


def code(source, cell_id, *tags):
    return {"cell_type": "code", "id": cell_id, "metadata": {"tags": list(tags)}, "source": source, "outputs": []}


def markdown(text):
    return {"cell_type": "markdown", "id": "m", "metadata": {}, "source": text}


def test_cells_are_called_by_their_place_among_all_cells(tmp_path):
    document = NotebookDocument.read(
        write(tmp_path / "flights.ipynb", markdown("# Flights"), code(["import os\n", "x = 1"], "a"), code("%%asset q -g x\nx", "b"))
    )
    assert document.name == "flights.ipynb"
    assert document.cells() == (
        Cell("a", 1, "import os\nx = 1", "code", 1, "cell 2"),
        Cell("b", 2, "\nx", "asset", 1, "cell 3", "q -g x"),
    )
    assert document.ids == ("a", "b")


def test_tags_give_roles(tmp_path):
    tagged = [code("x", tag, tag) for tag in ("setup", "scratch", "skip-execution", "parameters", "injected-parameters", "other")]
    cells = NotebookDocument.read(
        write(tmp_path / "a.ipynb", *tagged, code("%%asset q\n1", "s", "scratch"), code("%%asset p\n1", "t", "setup"))
    ).cells()
    assert [cell.role for cell in cells] == ["setup", "scratch", "scratch", "parameters", "parameters", "code", "scratch", "asset"]
    assert cells[6].header == ""


def test_hidden_environment_is_listed_with_its_place(tmp_path):
    document = NotebookDocument.read(
        write(tmp_path / "a.ipynb", "x = 1\n%env A=1", code("%cd x", "s", "scratch"), "%store -r y\n%matplotlib inline")
    )
    assert document.hidden_environment == ("%env A=1 (cell 1, line 2)", "%store -r y (cell 3, line 1)")


def test_a_notebook_is_sliced_with_the_modules_beside_it(tmp_path):
    (tmp_path / "helpers.py").write_text("RATE = 2\ndef clean(x):\n    return x * RATE\n", encoding="utf-8")
    path = write(tmp_path / "a.ipynb", "%load_ext nbasset", "from helpers import clean", "%%asset q\nclean(raw)")
    document = NotebookDocument.read(path)
    reader = CodeReader()
    found = reader.slice(document, reader.places(document, "c3"), assets=frozenset({"raw"}))
    assert found.reads == {"raw"}
    assert "RATE = 2" in found.text
    (tmp_path / "helpers.py").write_text("RATE = 33\ndef clean(x):\n    return x * RATE\n", encoding="utf-8")
    assert reader.slice(document, reader.places(document, "c3"), assets=frozenset({"raw"})).version != found.version


def test_a_changed_file_is_noticed(tmp_path):
    path = write(tmp_path / "a.ipynb", "x = 1")
    document = NotebookDocument.read(path)
    assert not document.has_changed_on_disk()
    write(path, "x = 22")
    assert document.has_changed_on_disk()
    assert NotebookDocument.read(path).sha256 != document.sha256
    path.unlink()
    assert document.has_changed_on_disk()


def test_a_cell_that_is_not_python_is_a_problem_of_the_reader_and_the_rest_loads(tmp_path):
    document = NotebookDocument.read(write(tmp_path / "a.ipynb", "x = (", "%env A=1\ny = )", "z = 1"))
    assert [(problem.rule, problem.where) for problem in CodeReader().problems(document)] == [
        ("syntax", "cell 1, line 1 (a.ipynb)"),
        ("syntax", "cell 2, line 2 (a.ipynb)"),
    ]


def test_an_empty_notebook_says_what_to_write(tmp_path):
    document = NotebookDocument.read(write(tmp_path / "a.ipynb", markdown("only text"), code("", "a")))
    assert [problem.rule for problem in document.problems] == ["empty-notebook"]
    assert "%%asset NAME" in (document.problems[0].hint or "")


def test_ids_are_made_where_a_file_has_none_or_has_them_twice(tmp_path):
    bare = {"cell_type": "code", "source": "x"}
    document = NotebookDocument.read(
        write(tmp_path / "a.ipynb", bare, code("y", "a"), code("z", "a"), code("# nbasset-cell: mine\nz", "b"))
    )
    assert document.ids == ("cell-1", "a", "a-3", "mine")
    assert [problem.rule for problem in document.problems] == ["duplicate-cell-id"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty: no notebook was ever saved there"),
        (b'{"nbformat": 4, "cells": [}', r"its JSON breaks at line 1, column 27 \(offset 26\)"),
        (b'{"cells": "\xff"}', "byte 11 is not UTF-8"),
        (b"[1]", "is JSON but no notebook"),
        (b'{"nbformat": 3, "worksheets": []}', "jupyter nbconvert --to notebook --nbformat 4 --inplace a.ipynb"),
        (b'{"nbformat": 5, "cells": []}', "Install a newer nbasset"),
        (b'{"nbformat": 4}', "'cells' is missing"),
        (b'{"nbformat": 4, "cells": [], "metadata": {"language_info": {"name": "R"}}}', "is a notebook for R"),
    ],
)
def test_what_is_no_notebook_is_refused_with_file_place_and_remedy(tmp_path, content, said):
    path = tmp_path / "a.ipynb"
    path.write_bytes(content)
    with pytest.raises(InvalidNotebook, match=said) as caught:
        NotebookDocument.read(path)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InvalidNotebook, match="No such file"):
        NotebookDocument.read(tmp_path / "a.ipynb")


def test_a_session_keeps_the_newest_source_of_each_cell():
    session = SessionDocument("a.ipynb").executed("a", "x = 1", 1).executed("b", "y = 2", 2)
    again = session.executed("a", "%%asset q\nx", 3)
    assert [(cell.id, cell.text, cell.role, cell.label) for cell in again.cells()] == [
        ("a", "\nx", "asset", "In[3]"),
        ("b", "y = 2", "code", "In[2]"),
    ]
    assert [cell.id for cell in again.without("a").cells()] == ["b"]
    assert [cell.text for cell in session.cells()] == ["x = 1", "y = 2"]


def test_a_session_takes_order_tags_and_labels_of_the_saved_file(tmp_path):
    notebook = NotebookDocument.read(write(tmp_path / "a.ipynb", code("x = 1", "a", "setup"), markdown("text"), code("y = 2", "b")))
    session = (
        SessionDocument("a.ipynb")
        .executed("new", "n = 0", 1)
        .executed("b", "y = 3", 2)
        .executed("fresh", "z = 4", 3)
        .executed("a", "x = 1", 4)
    )
    placed = session.placed(notebook)
    assert [(cell.id, cell.role, cell.label) for cell in placed.cells()] == [
        ("new", "code", "In[1]"),
        ("a", "setup", "cell 1"),
        ("b", "code", "cell 3"),
        ("fresh", "code", "In[3]"),
    ]
    assert placed.executed("late", "q = 1", 5).cells()[2].id == "late"


def test_a_session_re_reads_only_the_cell_that_ran():
    session = SessionDocument("a.ipynb").executed("a", "x = 1", 1).executed("b", "y = 2", 2)
    again = session.executed("b", "y = 3", 3)
    assert again.cells()[0] is session.cells()[0]
