"""The normal form: what counts as the same code, on every Python."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbasset.source.fingerprint import digest, normal_form, tag_of

EVERYTHING = '''
import a.b as c, d
from . import x
from ..p import q as r
@deco(1, k=2)
async def f(a, /, b: int = 3, *args, c=None, **kw) -> "str":
    """doc"""
    async with a as b, c: pass
    async for i in b: yield i
    return
class C(B, metaclass=M):
    """doc only"""
def g(): "doc"
x = {**a, 'k': 1, None: 2}
y = f"a{x!r:>{w}}b" "c" f"{z}" f"{x=}" f"{x:}" f"{q:%Y-%m-%d} {{}}" 'tail'
z = x[1:2, ::3, ...], -1, 1j, 1.5e300, b"x\\x00", True, "\\ud800", u"u"
match v:
    case {"a": 1, **rest} | [1, *_] if x: pass
    case C(a=1, b=None): pass
    case _: pass
try: pass
except* E as e: pass
w = lambda *a, k=1: (yield)
print(*a, **k)
t: int = 5
(s): int
del a, b[1]
f"{a!s:{b}{c}}"
f"abc"
f""
x = 'a' f'' 'b'
f"""{
 x + 1 } multi
line"""
'''


def test_the_form_is_the_same_on_every_python():
    # Written on 3.11, 3.12 and 3.13; a change here makes every asset stale and needs a new tag.
    assert digest(normal_form(EVERYTHING)) == "06e43660047bd503cd6ecdec"
    assert digest(normal_form(EVERYTHING, with_docstrings=True)) == "cbf23dbfe28c264fd01ec366"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 'a'", 'x  =  ("a")  # note'),
        ("f(a, b)", "f(\n    a,\n    b,\n)"),
        ("x = 1000", "x = 1_000"),
        ("def f():\n    'one'\n    return 1", "def f():\n    return 1"),
        ("def f():\n    'only'", "def f():\n    pass"),
        ("class C:\n    'one'\n    x = 1", "class C:\n    'two'\n    x = 1"),
        ("if a:\n    'a comment in quotes'\n    b()", "if a:\n    b()"),
        ("x = 'a' 'b'", "x = 'ab'"),
        ("x = f'{a}' 'b' 'c'", "x = f'{a}bc'"),
        ("x = f'{a:}'", "x = f'{a}'"),
        ("x = u'a'", "x = 'a'"),
        ("if a: pass\nelif b: pass", "if a:\n    pass\nelse:\n    if b:\n        pass"),
    ],
)
def test_formatting_comments_and_docstrings_do_not_count(one, other):
    assert normal_form(one) == normal_form(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1", "x = 1.0"),
        ("x = 1", "x = True"),
        ("x = '1'", "x = b'1'"),
        ("f(a, b)", "f(b, a)"),
        ("x = a", "x = b"),
        ("x[a:]", "x[:a]"),
        ("{a: b}", "{**b}"),
        ("x < y", "x <= y"),
        ("from . import a", "from .. import a"),
        ("def f(a: A): pass", "def f(a: B): pass"),
        ("f'{a}'", "f'{a!r}'"),
        ("f'{a:x}'", "f'{a:y}'"),
        ("return_ = 1\nreturn_", "return_ = 1"),
        ("async def f(): pass", "def f(): pass"),
    ],
)
def test_everything_else_counts(one, other):
    assert normal_form(one) != normal_form(other)


def test_docstrings_count_when_asked_for():
    one, other = "def f():\n    'one'", "def f():\n    'two'"
    assert normal_form(one, with_docstrings=True) != normal_form(other, with_docstrings=True)


def test_arguments_of_named_decorators_do_not_count():
    def form(decorator):
        return normal_form(f"{decorator}\ndef f(): pass", without_decorators=frozenset({"asset"}))

    assert form("@asset") == form("@asset(group_name='x')")
    assert form("@nb.asset") == form("@nb.asset(1)")
    assert form("@other") != form("@other(1)")


@given(st.text(), st.binary(), st.integers(), st.floats(allow_nan=False, allow_infinity=False))
def test_the_form_of_constants_tells_values_apart(text, data, number, ratio):
    forms = {normal_form(ast.Constant(value)) for value in (text, data, number, ratio)}
    assert len(forms) == 4


@given(st.lists(st.text()), st.lists(st.text()))
def test_a_digest_tells_lists_of_texts_apart(one, other):
    assert (digest(*one) == digest(*other)) == (one == other)


def test_versions_of_other_forms_are_told_by_their_tag():
    assert (tag_of("n1:00"), tag_of("n2:00"), tag_of("")) == ("n1", "n2", "")
