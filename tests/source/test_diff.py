"""What changed between two slices, by statement."""

from __future__ import annotations

from nbasset.source.diff import Change, changes_between, unified_diff


def slices(doc, before, after):
    return doc(before).slice().text, doc(after).slice().text


def test_a_changed_helper_is_named_with_its_cell_and_both_texts(doc):
    before, after = slices(
        doc,
        ["RATE = 1\ndef clean(x):\n    return x * RATE", "%%asset a\nclean(1)"],
        ["", "RATE = 1\ndef clean(x):\n    return x + RATE", "%%asset a\nclean(1)"],
    )
    change = Change("function", "clean", "cell 2", "def clean(x):\n    return x * RATE", "def clean(x):\n    return x + RATE")
    assert changes_between(before, after) == (change,)
    assert change.sentence == "`clean()` in cell 2 changed"
    assert change.diff == "@@ -1,2 +1,2 @@\n def clean(x):\n-    return x * RATE\n+    return x + RATE"
    assert unified_diff(before, after) == f"--- {change.sentence}\n{change.diff}"


def test_moves_comments_formatting_and_docstrings_are_no_change(doc):
    before, after = slices(
        doc,
        ["x = 'a'", "def f():\n    'one'\n    return x", "%%asset a\nf()"],
        ["def f():\n    'two'\n    return x\nx = \"a\"  # note", "%%asset a --group g\nf()  # all"],
    )
    assert changes_between(before, after) == ()
    assert unified_diff(before, after) == ""


def test_values_imports_and_the_body_are_told_apart(doc):
    before, after = slices(
        doc,
        ["import pandas as pd\nfrom m import a, b", "RATE = 1", "x = []", "x.append(1)", "%%asset q\npd, a, b, RATE, x"],
        ["import polars as pd\nfrom m import a, b", "RATE = 2", "x = []", "x.append(2)", "y = 3", "%%asset q\npd, a, RATE, x, y"],
    )
    found = {(change.kind, change.name): change.status for change in changes_between(before, after)}
    assert found == {
        ("import", "pd"): "changed",
        ("value", "RATE"): "changed",
        ("statement", "x.append(2)"): "changed",
        ("value", "y"): "added",
        ("asset", "q"): "changed",
    }


def test_what_is_no_longer_used_is_told(doc):
    before, after = slices(doc, ["RATE = 1", "def f():\n    return RATE", "%%asset a\nf()"], ["def f():\n    return 1", "%%asset a\nf()"])
    assert [change.sentence for change in changes_between(before, after)] == [
        "`f()` in cell 1 changed",
        "`RATE` in cell 1 is no longer used",
    ]


def test_values_of_parameters_are_no_change_of_code(doc):
    before, after = slices(doc, ["#| parameters\nday = 1", "%%asset a\nday"], ["#| parameters\nday = 2", "%%asset a\nday"])
    assert changes_between(before, after) == ()


def test_a_change_in_a_project_module_is_named_with_its_file(doc):
    cells = ["from pkg.helpers import clean", "%%asset a\nclean(1)"]
    before = doc(cells, {"pkg.helpers": "def clean(x):\n    return x"}).slice().text
    after = doc(cells, {"pkg.helpers": "def clean(x):\n    return -x"}).slice().text
    assert [change.sentence for change in changes_between(before, after)] == ["`clean()` in pkg/helpers.py changed"]


def test_the_version_changes_exactly_when_something_is_told_to_have_changed(doc):
    cells = ["k = 1\ndef f(x):\n    return x + k", "y = f(2)", "%%asset a\ny"]
    variants = [cells, ["k = 1  # one", *cells[1:]], [cells[0].replace("+ k", "- k"), *cells[1:]], [cells[0], "y = f(3)", cells[2]]]
    for one in variants[:1] + variants[2:]:
        for other in variants[2:]:
            first, second = doc(one).slice(), doc(other).slice()
            assert (first.version == second.version) == (changes_between(first.text, second.text) == ())
