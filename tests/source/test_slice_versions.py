"""Tags, versions and what else a slice says of itself."""

from __future__ import annotations

import pytest

from nbasset.source.slices import CodeReader

# -- tags -------------------------------------------------------------------------------------------------------------------


def test_a_setup_cell_is_always_in_and_a_scratch_cell_never(doc):
    document = doc(["#| setup\nimport os\nos.umask(0)\ninit()", "#| scratch\nx = 1", "%%asset a\nx"])
    assert document.kept() == ["import os", "os.umask(0)", "init()"]
    assert document.slice().unbound == {"x", "init"}


def test_a_parameters_cell_is_always_in_and_its_values_are_not_code(doc):
    def document(value):
        return doc([f"#| parameters\nday = {value}\nother = 1", "%%asset a\nday"])

    assert document("'x'").kept() == ["day = 'x'", "other = 1"]
    assert document("'x'").slice().version == document("'y'").slice().version
    assert document("'x'").slice().version != doc(["day = 'x'", "%%asset a\nday"]).slice().version


# -- code that reading cannot follow ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call", ["exec('x = 1')", "eval('x')", "globals()['x']", "locals()", "vars()", "__import__(name)", "import_module(name)"]
)
def test_code_that_can_reach_any_name_opens_the_slice(doc, call):
    document = doc(["name = 'os'\nfrom importlib import import_module", "y = 1\nprint(y)", "#| scratch\nz = 1", f"%%asset a\n{call}"])
    found = document.slice()
    assert not found.exact
    assert document.kept() == ["name = 'os'", "from importlib import import_module", "y = 1"]


@pytest.mark.parametrize("call", ["df.eval('a + b')", "vars(df)", "getattr(df, 'x')", "import_module('os')"])
def test_calls_that_only_look_open_do_not_open_it(doc, call):
    assert doc(["df = 1\nfrom importlib import import_module", "y = 1", f"%%asset a\n{call}"]).slice().exact


def test_a_value_from_a_magic_is_a_problem_when_it_is_needed(doc):
    document = doc(["files = get_ipython().getoutput('ls')", "%%asset a\nfiles"])
    assert document.rules() == ["magic-value"]
    assert "'files' comes from `!ls`" in document.slice().problems[0].message
    assert doc(["files = get_ipython().getoutput('ls')", "%%asset a\n1"]).rules() == []


def test_a_cell_that_is_not_python_is_a_problem_and_the_rest_is_read(doc):
    document = doc(["x = (", "y = 1", "%%asset a\ny"])
    problem = CodeReader().problems(document)[0]
    assert (problem.rule, problem.where) == ("syntax", "cell 1, line 1 (flights.ipynb)")
    assert "`x = (`" in problem.message
    assert document.kept() == ["y = 1"]
    assert document.rules() == []
    assert doc(["x = (", "%%asset a\nx"]).rules() == ["syntax"]


def test_a_root_in_a_broken_cell_gives_an_empty_slice_with_the_problem(doc):
    found = doc(["%%asset a\nx = ("]).slice()
    assert (found.version, found.text, found.statements) == ("", "", ())
    assert [problem.rule for problem in found.problems] == ["syntax"]


def test_a_cell_nested_beyond_all_measure_is_a_problem_and_no_crash(doc):
    document = doc(["x = " + " + ".join(["1"] * 5000), "y = " + "(" * 300 + ")" * 300, "%%asset a\n1"])
    assert [problem.rule for problem in CodeReader().problems(document)] == ["syntax", "syntax"]
    assert document.slice().version


def test_doubtful_escapes_do_not_warn(doc):
    assert doc(["pattern = '\\d'", "%%asset a\n'\\d' in pattern"]).kept() == ["pattern = '\\d'"]


# -- the version ------------------------------------------------------------------------------------------------------------


def test_the_version_is_the_same_on_every_python(doc):
    cells = [
        "import pandas as pd\npd.set_option('a', 1)",
        "RATE = 2",
        "def clean(df, *, by='x'):\n    return f'{df!r:>{RATE}}' 'b'",
        "%%asset a\nclean(pd.DataFrame(raw))",
    ]
    assert doc(cells).slice(assets=["raw"]).version == "n1:c28767fc534d1e16e24f60e3"


def test_docstrings_count_only_when_the_slice_reads_them(doc):
    def version(text, body):
        return doc([f"def f():\n    '''{text}'''\n    return 1", f"%%asset a\n{body}"]).slice().version

    assert version("one", "f()") == version("two", "f()")
    assert version("one", "f.__doc__") != version("two", "f.__doc__")


def test_swapping_two_binders_changes_the_version_and_moving_a_cell_does_not(doc):
    assert doc(["k = 1", "a = k", "k = 2", "a + k"]).slice().version != doc(["k = 2", "a = k", "k = 1", "a + k"]).slice().version
    assert doc(["a = 1", "b = 2", "a + b"]).slice().version == doc(["b = 2", "a = 1", "a + b"]).slice().version


def test_a_default_that_keeps_state_counts_by_its_code_only(doc):
    document = doc(
        ["from functools import lru_cache", "@lru_cache\ndef f(x, seen=[]):\n    seen.append(x)\n    return x", "f(1)", "%%asset a\nf(2)"]
    )
    assert document.kept() == ["from functools import lru_cache", "@lru_cache\ndef f(x, seen=[]):\n    seen.append(x)\n    return x"]


# -- reading again ----------------------------------------------------------------------------------------------------------


def test_a_reader_answers_anew_after_a_cell_or_a_module_changed(doc):
    reader = CodeReader()
    modules = {"m": "x = 1"}
    first = doc(["from m import x", "k = 1", "%%asset a\nx + k"], modules)
    before = reader.slice(first, [first.root()], assets=frozenset())
    assert reader.slice(first, [first.root()], assets=frozenset()) is before
    second = doc([first.texts[0], "k = 2", first.texts[2]], modules)
    third = doc(second.texts, {"m": "x = 2"})
    versions = [reader.slice(document, [document.root()], assets=frozenset()).version for document in (first, second, third)]
    assert len(set(versions)) == 3
    assert versions == [document.slice().version for document in (first, second, third)]


def test_hidden_state_of_a_live_session_is_named(doc):
    document = doc(["x = 1", "y = 2", "%%asset a\nx + y + fx"])
    reader = CodeReader()
    root = [document.root()]
    assert reader.binder_cells(document, root, assets=frozenset()) == {"x": "c1", "y": "c2"}
    last_bound = {"x": "c2", "y": "c2", "fx": "c9", "other": "c1"}
    assert reader.leaned_on(document, root, last_bound, assets=frozenset()) == (
        "'fx' from c9, which is gone, which no cell in force binds",
        "'x' from cell 2, not cell 1",
    )
    assert reader.binds(document, "c1") == {"x"}
