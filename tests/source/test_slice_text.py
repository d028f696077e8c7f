"""The text of a slice can be read, taken apart and run, and its tracebacks point into the notebook."""

from __future__ import annotations

import linecache
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbasset.errors import LocationError
from nbasset.source.program import Place
from nbasset.source.slices import slice_of, version_of_text
from nbasset.source.text import Piece, statements_of_text, text_of_slice


def test_the_text_is_a_script_in_document_order(doc):
    cells = [
        "import re\nimport os\n\n# the rate\nRATE = 2",
        "x = 1\n\ndef clean(x):\n    '''\n# %% [c9] cell 9, lines 1-1\n'''\n    return re, RATE",
        "%%asset a --group g\nclean(raw)\n",
    ]
    assert doc(cells).slice(assets=["raw"]).text == (
        '# nbasset slice 1 of "flights.ipynb"\n'
        "# root [c3] lines 1-3\n"
        "# reads raw\n"
        "# %% [c1] cell 1, lines 1-1\n"
        "import re\n"
        "# %% [c1] cell 1, lines 4-5\n"
        "# the rate\n"
        "RATE = 2\n"
        "# %% [c2] cell 2, lines 3-7\n"
        "def clean(x):\n    '''\n# %% [c9] cell 9, lines 1-1\n'''\n    return re, RATE\n"
        "# %% [c3] cell 3, lines 1-3 (asset)\n"
        "# %%asset a --group g\n"
        "clean(raw)\n\n"
    )


def test_pieces_come_back_as_they_went_in(doc):
    taken = statements_of_text(doc(["x = 1\ny = 2", "#| setup\nz = 3", "%%asset a --group g\nx\n"]).slice().text)
    assert taken.roots == (Place("c3", 1, 3),)
    assert taken.pieces == (
        Piece("code", "flights.ipynb", "c1", "cell 1", 1, "x = 1"),
        Piece("code", "flights.ipynb", "c2", "cell 2", 1, "#| setup\nz = 3", "setup"),
        Piece("asset", "flights.ipynb", "c3", "cell 3", 1, "\nx\n", "asset", "a --group g"),
    )


texts = st.lists(st.text(st.characters(blacklist_characters="\n\r", blacklist_categories=["Cs"]), max_size=12), min_size=1, max_size=4).map(
    "\n".join
)
ids = st.from_regex(r"[a-zA-Z0-9_\[\]-]{1,8}", fullmatch=True)
pieces = st.builds(
    Piece,
    st.just("code"),
    st.just("d.ipynb"),
    ids,
    st.sampled_from(["cell 7", "In[3]", ""]),
    st.integers(1, 50),
    texts,
    st.sampled_from(["code", "setup", "parameters"]),
)


@given(st.lists(pieces, max_size=5), st.frozensets(st.from_regex(r"[a-z_]{1,5}", fullmatch=True)))
def test_whatever_stands_in_a_piece_it_is_not_taken_for_a_mark(given_pieces, reads):
    taken = statements_of_text(text_of_slice("d.ipynb", [Place("c[1]", 1, 2)], reads, given_pieces))
    assert taken.pieces == tuple(given_pieces)
    assert taken.reads == reads
    assert taken.roots == (Place("c[1]", 1, 2),)


def test_a_piece_runs_under_its_cell_and_line(doc):
    taken = statements_of_text(doc(["unused = 1\n\ndef f():\n    return 1 / 0\n", "%%asset a\nf()"]).slice().text)
    piece = taken.pieces[0]
    assert piece.filename == "<cell 1 of flights.ipynb>"
    namespace: dict = {}
    exec(piece.compiled(taken.futures), namespace)
    for name, text in taken.traceback_lines().items():
        linecache.cache[name] = (len(text), None, [f"{line}\n" for line in text.split("\n")], name)
    try:
        namespace["f"]()
    except ZeroDivisionError as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        assert (frame.filename, frame.lineno, frame.line) == ("<cell 1 of flights.ipynb>", 4, "return 1 / 0")
    for name in taken.traceback_lines():
        del linecache.cache[name]


def test_future_imports_of_the_document_apply_to_every_piece(doc):
    taken = statements_of_text(
        doc(["from __future__ import annotations", "def f(x: Missing):\n    return x", "%%asset a\nf(1)"]).slice().text
    )
    assert taken.futures == {"annotations"}
    namespace: dict = {}
    exec(taken.pieces[1].compiled(taken.futures), namespace)
    assert namespace["f"].__annotations__ == {"x": "Missing"}


def test_text_of_project_modules_stands_above(doc):
    document = doc(["from pkg.helpers import clean", "%%asset a\nclean(1)"], {"pkg.helpers": "import re\n\ndef clean(x):\n    return x"})
    taken = statements_of_text(document.slice().text)
    assert [(piece.kind, piece.cell, piece.first_line) for piece in taken.pieces] == [
        ("module", "pkg.helpers", 3),
        ("code", "c1", 1),
        ("asset", "c2", 1),
    ]
    assert taken.module("pkg.helpers") == "\n\ndef clean(x):\n    return x"
    assert taken.module("other") is None
    assert version_of_text(document.slice().text) == document.slice().version


def test_a_text_is_a_document_of_its_own(doc):
    document = doc(["#| parameters\nday = 1", "x = day\nz = 1", "#| setup\nimport os", "%%asset a --group g\nx + raw"])
    found = document.slice(assets=["raw"])
    taken = statements_of_text(found.text)
    again = slice_of(taken, taken.roots, assets=taken.reads)
    assert (again.version, again.reads, again.text) == (found.version, found.reads, found.text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1", "this is not the text of a slice"),
        ('# nbasset slice 9 of "a.ipynb"\n', "Install a newer nbasset"),
        ('# nbasset slice 1 of "a.ipynb"\nx = 1\n', "belongs to no piece"),
    ],
)
def test_a_text_of_another_kind_is_refused(text, said):
    with pytest.raises(LocationError, match=said):
        statements_of_text(text)
