"""The body of an asset cell as a function."""

from __future__ import annotations

import asyncio
import traceback

import pytest

from nbasset.source.body import asset_function


def build(text, inputs=(), **options):
    return asset_function("\n" + text, "delays", list(inputs), filename="<cell 7 of f.ipynb>", where="cell 7 (f.ipynb)", **options)


def function(text, inputs=(), namespace=None, **options):
    body = build(text, inputs, **options)
    assert body.problems == ()
    names: dict = {}
    exec(body.code, {} if namespace is None else namespace, names)
    return names["delays"]


def test_the_last_expression_is_the_value():
    assert function("x = 1\nx + 1")() == 2
    assert function("x = 1\nx + 1;")() == 2
    assert function("if flag:\n    return 1\nreturn 2", namespace={"flag": True})() == 1
    assert function("for x in [1, 2]:\n    if x > 1:\n        return x")() == 2


def test_inputs_are_parameters_and_context_goes_first():
    made = function("context, orders, rate", ["orders"], {"rate": 3})
    assert made.__code__.co_varnames == ("context", "orders")
    assert made("c", orders=1) == ("c", 1, 3)
    assert not build("1").has_context


def test_the_namespace_of_the_user_stays_clean():
    namespace: dict = {}
    function("1", namespace=namespace)
    assert "delays" not in namespace


def test_reading_before_binding_takes_the_input_or_the_global_or_the_builtin():
    assert function("orders = orders + 1\norders", ["orders"])(1) == 2
    namespace = {"rate": 3}
    assert function("rate = rate + 1\nrate", namespace=namespace)() == 4
    assert namespace["rate"] == 3
    assert function("sum = sum([1, 2])\nsum")() == 3
    with pytest.raises(UnboundLocalError):
        function("if nothing:\n    y = 1\ny", namespace={"nothing": 0})()


def test_texts_over_several_lines_are_not_altered():
    assert function("x = '''\n  a\nb\n'''\nx")() == "\n  a\nb\n"


def test_a_traceback_points_to_the_line_of_the_cell():
    made = function("x = 1\n\nx / 0")
    try:
        made()
    except ZeroDivisionError as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
    assert (frame.filename, frame.lineno, frame.name) == ("<cell 7 of f.ipynb>", 4, "delays")


def test_the_first_text_is_the_docstring_and_a_lone_text_the_value():
    assert function('"""Mean delay."""\nlimit = limit + 1\nlimit', namespace={"limit": 1}).__doc__ == "Mean delay."
    assert build('"""Mean delay."""\n1').docstring == "Mean delay."
    assert function('"a text"')() == "a text"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("1", "function"),
        ("yield 1", "generator"),
        ("x = yield\nx", "generator"),
        ("await f()", "async"),
        ("[x async for x in y]", "async"),
        ("async with a: pass\n1", "async"),
        ("for x in y:\n    await x\n    yield x", "async generator"),
        ("def g():\n    yield 1\ng()", "function"),
        ("async def g():\n    await x\ng", "function"),
        ("lambda: (yield)", "function"),
    ],
)
def test_yield_and_await_make_generators_and_async_assets(text, kind):
    assert build(text).kind == kind


def test_generators_and_async_bodies_run():
    assert list(function("yield 1\nyield 2")()) == [1, 2]

    async def number():
        return 3

    assert asyncio.run(function("await number()", namespace={"number": number})()) == 3


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        ("x = 1", "no-value", 2),
        ("1\nfor x in y:\n    pass", "no-value", 3),
        ("", "empty-body", 1),
        ("# only a comment", "empty-body", 1),
        ("global x\nx", "global-in-body", 2),
        ("def f():\n    global x\n    x = 1\nf()", "global-in-body", 3),
        ("nonlocal x\nx", "nonlocal-in-body", 2),
        ("from m import *\n1", "star-in-body", 2),
        ("from __future__ import annotations\n1", "future-in-body", 2),
        ("x = (", "syntax", 2),
        ("1\nbreak\n1", "syntax", 3),
    ],
)
def test_what_cannot_be_a_body_is_a_problem_with_its_place(text, rule, line):
    body = build(text)
    assert body.code is None
    assert [problem.rule for problem in body.problems] == [rule]
    assert body.problems[0].where == f"cell 7, line {line} (f.ipynb)"


def test_a_body_without_value_is_asked_for_the_name():
    assert build("x = 1").problems[0].hint == "End with the name (`x`), or say --no-value."
    assert function("x = 1", has_value=False)() is None
    assert function("1", has_value=False)() is None


def test_nested_functions_may_say_nonlocal_and_see_the_names_of_the_body():
    assert function("n = 1\ndef f():\n    nonlocal n\n    n += 1\nf()\nn")() == 2
    assert function("def f():\n    return n\nn = 5\nf()")() == 5


def test_future_imports_of_the_document_apply():
    made = function("def f(x: Missing): pass\nf", futures=["annotations"])
    assert made().__annotations__ == {"x": "Missing"}
