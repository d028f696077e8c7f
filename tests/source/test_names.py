"""Names read and bound: Python's scopes kept exact, order kept where it counts."""

from __future__ import annotations

import argparse
import ast
import collections
import functools
import inspect
import json.decoder
import symtable
import sys
import textwrap
import typing

import pytest

from nbasset.source.names import free_names, names_of


def names(text, **options):
    return names_of(ast.parse(textwrap.dedent(text)).body, **options)


@pytest.mark.parametrize(
    ("text", "read", "bound"),
    [
        ("x = x + 1", {"x"}, {"x": True}),
        ("x += y", {"x", "y"}, {"x": True}),
        ("x: T = y", {"T", "y"}, {"x": True}),
        ("x: T", {"T"}, {}),
        ("a, (b, *c), d.e, f[g] = h", {"d", "f", "g", "h"}, {"a": True, "b": True, "c": True}),
        ("del x", {"x"}, {}),
        ("for i in i: y = i", {"i"}, {"i": False, "y": False}),
        ("while x: x = f(x)", {"x", "f"}, {"x": False}),
        ("if a: x = 1\nelse: x = 2", {"a"}, {"x": True}),
        ("if a: x = 1\nx", {"a", "x"}, {"x": False}),
        ("x = 1\nx", set(), {"x": True}),
        ("import a.b, c as d\nfrom . import e", set(), {"a": True, "d": True, "e": True}),
        ("try:\n  x = f()\nexcept E as e:\n  x = e", {"f", "E"}, {"x": True, "e": False}),
        ("with a as b, b.c as d: e", {"a", "e"}, {"b": True, "d": True}),
        ("assert (y := f(x)) and (z := y)", {"f", "x"}, {"y": True, "z": False}),
        ("a if (b := c) else d", {"a", "c", "d"}, {"b": True}),
        ("[x for x in x if (y := x)]", {"x"}, {"y": False}),
        ("[a for b in c for d in b if e]", {"a", "c", "e"}, {}),
        ("{k: v for k, v in d.items()}", {"d"}, {}),
        ("lambda a, b=c, *d, **e: a + b + d + e + f", {"c", "f"}, {}),
        ("f'{a!r:>{b}} {c=}'", {"a", "b", "c"}, {}),
        (
            "match a:\n  case C(b=[x, *y], c={'k': z, **w}) if x > u: v\n  case M.X | 1: pass",
            {"a", "C", "u", "v", "M"},
            dict.fromkeys("xyzw", False),
        ),
        ("global g\ng = 1", set(), {"g": True}),
        ("return_ = 1\nraise E(return_) from x", {"E", "x"}, {"return_": True}),
        ("df.query('a > @low and b < @high')", {"df", "low", "high"}, {}),
    ],
)
def test_reads_and_binds_of_statements(text, read, bound):
    found = names(text)
    assert (found.read, dict(found.binds)) == (read, bound)


def test_functions_read_their_globals_later_and_all_else_now():
    found = names(
        """
        @deco(arg)
        def f(a: A, b=default, *c: "C", **d) -> R:
            x = a + glob
            def inner(y):
                nonlocal x
                x = y + deep
                return x
            global put
            put = 1
            import os
            return inner(os)
        """
    )
    assert found.read_now == {"deco", "arg", "A", "default", "C", "R"}
    assert found.read == found.read_now | {"glob", "deep"}
    assert dict(found.binds) == {"f": True}
    assert found.functions["f"].writes == {"put"}


def test_a_class_body_runs_from_the_top_and_its_methods_do_not_see_it():
    found = names(
        """
        class K(Base, metaclass=Meta):
            size = size + 1
            double = size * 2
            items = [item for item in size if other]
            def method(self):
                return size + __class__ + self.double
        """
    )
    assert found.read_now == {"Base", "Meta", "size", "other"}
    assert found.read == {"Base", "Meta", "size", "other"}


def test_annotations_that_are_never_evaluated_still_count_as_read():
    text = "def f(a: 'pd.DataFrame', b: Literal['x'], c: Annotated[T, 'note'], d: list['U']): pass"
    assert names(text).read == {"pd", "Literal", "Annotated", "T", "list", "U"}
    assert names("def f(a: A): pass", is_lazy=True).read == {"A"}


def test_star_imports_are_reported():
    assert [(item.name, item.module) for item in names("from a.b import *").imports] == [("*", "a.b")]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="type parameters came with 3.12")
def test_type_parameters_are_names_of_their_definition():
    assert names("def f[T: Bound](a: T) -> list[T]: return T").read == {"Bound", "list"}
    assert names("class K[T](Base[T]): pass").read == {"Base"}
    found = names("type Pair[T] = tuple[T, Other]")
    assert (found.read, dict(found.binds)) == ({"tuple", "Other"}, {"Pair": True})


@pytest.mark.parametrize(
    ("body", "free"),
    [
        ("orders = orders.dropna()\norders", {"orders"}),
        ("orders = 1\norders", set()),
        ("if a: orders = 1\norders", {"a", "orders"}),
        ("clean = lambda row: row * limit + rate\nlimit = 1\nclean(orders)", {"rate", "orders"}),
        ("def f(n):\n  return n and g(n - 1)\ndef g(n):\n  return f(n)\ng(context)", {"context"}),
        ("for x in xs:\n  total = total + x\ntotal", {"xs", "total"}),
        ("while True:\n  try:\n    x = f()\n  except E:\n    continue\n  break\nx", {"f", "E", "x"}),
        ("if a:\n  return b\nelse:\n  c = 1\nc", {"a", "b"}),
        ("import os\nos.x", set()),
        ("yield a\nb = yield\nawait b", {"a"}),
    ],
)
def test_free_names_of_a_body(body, free):
    assert free_names(ast.parse(body).body) == free


@pytest.mark.parametrize(
    "module", [argparse, ast, collections, functools, inspect, json.decoder, textwrap, typing], ids=lambda module: module.__name__
)
def test_functions_of_the_standard_library_read_what_the_compiler_says(module):
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.FunctionDef):
            table = symtable.symtable(ast.unparse(node), "m", "exec")
            assert names_of([node]).read | {node.name} == (_reads_of(table) | {node.name}) - {"__class__"}, node.name


def _reads_of(table: symtable.SymbolTable) -> set[str]:
    if table.get_type() == "module":
        own = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced()}
    else:
        own = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global() and symbol.is_referenced()}
    return own.union(*(_reads_of(child) for child in table.get_children()))
