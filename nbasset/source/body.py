"""The body of an asset cell as a function, built as a syntax tree.

Indenting the text would alter every text over several lines inside it; a tree keeps the code, its line numbers and its file name as the
cell has them. The last expression, or `return`, is the value. Inputs become parameters; a global that the body reads and then binds anew
(``rate = rate + 1``) is fetched at the start, as a cell would see it; every other free name is a global of the module.

    body = asset_function(text, "delays", ["daily_flights"], filename="<cell 7 of flights.ipynb>")
    names: dict[str, object] = {}
    exec(body.code, module_globals, names)      # defines it in `names`, so the user's namespace stays clean
    function = names[body.name]
"""

from __future__ import annotations

import ast
import builtins
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import CodeType
from typing import Literal

from nbasset.dataclass import dataclass
from nbasset.errors import Problem
from nbasset.source.names import body_reads, names_of
from nbasset.source.shapes import UNREADABLE, parse
from nbasset.source.text import future_flags

_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
Kind = Literal["function", "generator", "async", "async generator"]


@dataclass(frozen=True, slots=True)
class AssetBody:
    """The function of an asset cell. `code` defines `name`, and is None when a problem (severity ``error``) forbids it.

    `kind` tells how to call it. `free` are the names it takes from outside, inputs and `context` included. `docstring` is the text that the
    body starts with.
    """

    name: str
    code: CodeType | None
    tree: ast.Module | None
    kind: Kind = "function"
    inputs: tuple[str, ...] = ()
    free: frozenset[str] = frozenset()
    has_context: bool = False
    has_value: bool = True
    docstring: str | None = None
    problems: tuple[Problem, ...] = ()


def asset_function(
    text: str,
    name: str,
    inputs: Sequence[str],
    *,
    filename: str,
    first_line: int = 1,
    has_value: bool = True,
    where: str | None = None,
    futures: Sequence[str] = (),
) -> AssetBody:
    """Build the function of an asset cell.

    `text` is the cell with an empty line for its header, `first_line` the number of its first line, `name` a Python name for the function.
    `has_value=False` says that the asset gives nothing back (``--no-value``). `context` becomes the first parameter when the body reads it.
    `where` is the place for people, without the line: ``cell 7 (flights.ipynb)``.

    >>> body = asset_function("\\norders = orders.dropna()\\norders", "clean", ["orders"], filename="<cell 2>")
    >>> names = {}
    >>> exec(body.code, {}, names)
    >>> body.kind, names["clean"].__code__.co_varnames
    ('function', ('orders',))
    """
    place = _Where(where or filename, first_line)
    try:
        tree = parse(text, filename)
    except UNREADABLE as error:
        line = getattr(error, "lineno", None) or 1
        problem = Problem("syntax", f"the body is not Python: {getattr(error, 'msg', error)}", place.line(line), None)
        return AssetBody(name, None, None, problems=(problem,))
    names = names_of(tree.body, is_lazy="annotations" in futures, is_body=True)
    free = frozenset(body_reads(names))
    kind = _kind_of(tree.body)
    docstring = ast.get_docstring(tree) if len(tree.body) > 1 else None
    problems = [*_forbidden(tree.body, place), *_value_problems(tree.body, kind, place, has_value=has_value)]
    has_context = "context" in free
    facts = AssetBody(
        name, None, None, kind, tuple(inputs), free, has_context, has_value=has_value, docstring=docstring, problems=tuple(problems)
    )
    if problems:
        return facts
    fetched = sorted(name for name in free & set(names.binds) if name not in inputs and name != "context")
    module = _module(tree.body, name, inputs, fetched, kind, has_context=has_context, has_value=has_value)
    ast.increment_lineno(module, first_line - 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code: CodeType = compile(module, filename, "exec", flags=future_flags(futures), dont_inherit=True)
    except SyntaxError as error:
        problem = Problem("syntax", f"the body is not Python: {error.msg}", place.text(error.lineno or first_line), None)
        return replace(facts, problems=(problem,))
    return replace(facts, code=code, tree=module)


@dataclass(frozen=True, slots=True)
class _Where:
    """Says places of the body for people."""

    place: str
    first_line: int

    def line(self, line: int) -> str:
        return self.text(line + self.first_line - 1)

    def text(self, line: int) -> str:
        head, bracket, tail = self.place.partition(" (")
        return f"{head}, line {line}{bracket}{tail}"


def _module(
    body: Sequence[ast.stmt], name: str, inputs: Sequence[str], fetched: Sequence[str], kind: Kind, *, has_context: bool, has_value: bool
) -> ast.Module:
    statements = list(body)
    last = statements[-1]
    if has_value and kind in ("function", "async") and isinstance(last, ast.Expr):
        statements[-1] = ast.copy_location(ast.Return(last.value), last)
    # A docstring has to stay first; what is fetched comes after it.
    start = 1 if isinstance(statements[0], ast.Expr) and isinstance(statements[0].value, ast.Constant) else 0
    statements[start:start] = [statement for item in fetched for statement in _fetch(item)]
    parameters = [*(["context"] if has_context else []), *inputs]
    arguments = ast.arguments(posonlyargs=[], args=[ast.arg(item) for item in parameters], kwonlyargs=[], kw_defaults=[], defaults=[])
    make = ast.AsyncFunctionDef if kind.startswith("async") else ast.FunctionDef
    function = make(name=name, args=arguments, body=statements, decorator_list=[])
    if "type_params" in function._fields:  # 3.12 and later
        vars(function)["type_params"] = []
    function.lineno, function.col_offset = 1, 0
    function.end_lineno, function.end_col_offset = last.end_lineno, last.end_col_offset
    return ast.fix_missing_locations(ast.Module([function], []))


def _fetch(name: str) -> list[ast.stmt]:
    """Bind a local name to the global of that name, or to the builtin; to nothing where there is neither."""
    text = f"if {name!r} in globals():\n {name} = globals()[{name!r}]"
    if hasattr(builtins, name):
        text += f"\nelse:\n {name} = __import__('builtins').{name}"
    return ast.parse(text).body


def _kind_of(body: Sequence[ast.stmt]) -> Kind:
    nodes = list(_own_nodes(body))
    is_async = any(
        isinstance(node, (ast.Await, ast.AsyncFor, ast.AsyncWith)) or (isinstance(node, ast.comprehension) and node.is_async)
        for node in nodes
    )
    is_generator = any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in nodes)
    if is_async:
        return "async generator" if is_generator else "async"
    return "generator" if is_generator else "function"


def _own_nodes(body: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Nodes of the body itself, not of functions inside it."""
    stack: list[ast.AST] = list(reversed(body))
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, _INNER):
            outer = [*getattr(node, "decorator_list", []), *getattr(node, "bases", [])]
            arguments = getattr(node, "args", None)
            if isinstance(arguments, ast.arguments):
                outer += [default for default in (*arguments.defaults, *arguments.kw_defaults) if default is not None]
            stack += reversed(outer)
        else:
            stack += reversed(list(ast.iter_child_nodes(node)))


def _forbidden(body: Sequence[ast.stmt], place: _Where) -> Iterator[Problem]:
    """Statements that mean something else inside a function than in a cell."""
    own = {id(node) for node in _own_nodes(body)}
    for root in body:
        for node in ast.walk(root):
            is_own = id(node) in own
            if isinstance(node, ast.Global):
                what, rule, hint = (
                    f"`global {', '.join(node.names)}`",
                    "global-in-body",
                    "Give the value back instead; an asset changes no globals.",
                )
            elif isinstance(node, ast.Nonlocal) and is_own:
                what, rule, hint = (
                    f"`nonlocal {', '.join(node.names)}`",
                    "nonlocal-in-body",
                    "Leave the line out; the name is the body's own.",
                )
            elif isinstance(node, ast.ImportFrom) and node.module == "__future__":
                what, rule, hint = (
                    "`from __future__ import`",
                    "future-in-body",
                    "Move it to a cell above; it applies to the whole document.",
                )
            elif isinstance(node, ast.ImportFrom) and is_own and any(alias.name == "*" for alias in node.names):
                what, rule, hint = (
                    f"`from {node.module or '.'} import *`",
                    "star-in-body",
                    "Import the names you use, or import it in a cell above.",
                )
            else:
                continue
            yield Problem(rule, f"{what} cannot stand in the body of an asset.", place.line(node.lineno), hint)


def _value_problems(body: Sequence[ast.stmt], kind: Kind, place: _Where, *, has_value: bool) -> Iterator[Problem]:
    if not body:
        yield Problem(
            "empty-body", "the asset has no body.", place.line(1), "Write the code below the `%%asset` line; its last line is the value."
        )
        return
    last = body[-1]
    if not has_value or kind in ("generator", "async generator") or isinstance(last, (ast.Expr, ast.Return, ast.Raise)):
        return
    if any(isinstance(node, ast.Return) and node.value is not None for node in _own_nodes(body)):
        return
    bound = sorted(names_of([last]).binds)
    name = bound[0] if len(bound) == 1 else None
    hint = f"End with the name (`{name}`), or say --no-value." if name else "End with the value's name, or say --no-value."
    yield Problem("no-value", "the last line of the body is no expression, so the asset has no value.", place.line(last.lineno), hint)
