"""IPython syntax as plain Python: the same calls that IPython makes, on the same lines."""

from __future__ import annotations

import subprocess
import sys

import pytest

from nbasset.locations.syntax import MagicLine, PlainCell, plain_python

USUAL = [
    "%cd x",
    "  %cd  x  y ",
    "!ls -l {x}",
    "!!ls",
    "x = %timeit 1",
    "y = !ls -l",
    "a, b = !ls",
    "x.y = %env A",
    "x: int = %env A",
    "foo?",
    "foo??",
    "?foo",
    "??foo",
    "%foo?",
    "foo.bar?",
    "%load_ext nbasset",
    "%asset run a -p 'b\\'c'",
    "if 1:\n    %env A=1\n    !ls",
    "%time",
    "%matplotlib inline # c",
    "!cd x; ls # hi",
    "%env A=%B",
    "x = '''\n%time x\n'''\n%env A=1",
    "x = (1\n%2)\n!ls",
    "def f():\n    %cd a\n    return !ls",
]
RARE = ["?", ";f a b", ",f a b", "/f a", ">>> x = 1\n>>> %cd a", "In [1]: x = 1\n   ...: y = 2", "f(\n  1\n)\nx = 1 # what?\n%cd a"]


@pytest.mark.parametrize("text", USUAL + RARE)
def test_calls_are_those_of_ipython(text):
    from IPython.core.inputtransformer2 import TransformerManager

    assert plain_python(text).text == TransformerManager().transform_cell(text).removesuffix("\n")


def test_the_usual_magics_do_not_import_ipython():
    cells = [text for text in USUAL if "return" not in text and not text.startswith(("?", "  "))]
    code = f"""
import sys
from nbasset.locations.syntax import plain_python
for text in {cells!r}:
    plain_python(text)
assert "IPython" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "text",
    [
        *USUAL,
        *RARE,
        "\n\n%%asset a\n\nx = !ls \\\n  -l\ny = 1",
        "%a \\\n b \\\n c\nz = 1",
        "%%time\nx = 1\n%cd a",
        "x = (\n%time",
        ",f a \\\n  b\nx = 1",
    ],
)
def test_line_numbers_never_move(text):
    assert plain_python(text).text.count("\n") == text.count("\n")


def test_a_magic_ends_with_its_line_or_behind_a_backslash():
    assert plain_python("%cd a\nx = 1").text == "get_ipython().run_line_magic('cd', 'a')\nx = 1"
    assert plain_python("y = !ls \\\n  -l\nx = 1").text == "y = get_ipython().getoutput('ls    -l')\n\nx = 1"


def test_an_asset_cell_has_an_empty_line_for_its_header():
    assert plain_python("%%asset delays --group 'a b'\n%cd x\ndelays") == PlainCell(
        "\nget_ipython().run_line_magic('cd', 'x')\ndelays", "asset", "delays --group 'a b'", "asset", (MagicLine(2, "cd", "x"),)
    )


@pytest.mark.parametrize(
    ("text", "role", "plain"),
    [
        ("%%time\nx = 1", "code", "\nx = 1"),
        ("%%prun -l 3\nx = 1", "code", "\nx = 1"),
        ("%%capture\nx = 1", "code", "\nx = 1"),
        ("%%capture out\nx = 1", "code", "out = get_ipython().run_line_magic('capture', 'out')\nx = 1"),
        ("%%timeit\nx = 1", "scratch", "\nx = 1"),
        ("%%bash\nls", "opaque", ""),
        ("%%writefile a.py\nx = 1", "opaque", ""),
        ("%%asset?", "code", ""),
    ],
)
def test_cell_magics(text, role, plain):
    found = plain_python(text)
    assert (found.role, found.text) == (role, plain)


def test_a_timed_statement_is_the_statement():
    assert plain_python("%time df = load()\nif df:\n    %time y = 1").text == "df = load()\nif df:\n    y = 1"
    assert "run_line_magic('time', '-n df')" in plain_python("%time -n df").text


def test_magic_lines_are_recorded():
    magics = plain_python("%env A=1\nx = !ls\n%run other.py\n%matplotlib inline").magics
    assert magics == (
        MagicLine(1, "env", "A=1"),
        MagicLine(2, "!", "ls", assigns=True),
        MagicLine(3, "run", "other.py"),
        MagicLine(4, "matplotlib", "inline"),
    )
    assert [magic.is_hidden for magic in magics] == [True, False, True, False]
    assert plain_python(",f a\n%env A=1").magics == (MagicLine(2, "env", "A=1"),)


def test_the_mark_of_a_prepared_notebook_gives_the_cell_id():
    assert plain_python("# nbasset-cell: c12\nx = 1").cell_id == "c12"
    assert plain_python("%%asset a\n# nbasset-cell: c12\nx").cell_id == "c12"
    assert plain_python("x = 1\n# nbasset-cell: c12").cell_id is None


def test_line_ends_of_other_systems_are_read():
    assert plain_python("x = 1\r\ny = 2\rz = 3").text == "x = 1\ny = 2\nz = 3"
