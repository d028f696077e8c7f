"""Small questions about syntax trees: what a target binds, what a loop hands out, where a dotted name starts."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable

UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What parsing raises for a text that is not Python, or nested beyond what Python can hold."""


def parse(text: str, filename: str = "<unknown>") -> ast.Module:
    """`ast.parse` without the warnings: reading a cell is no time to complain about its escapes. Raises one of `UNREADABLE`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text, filename)
        except SystemError:
            # CPython counts the depth of trees for all threads together: a parse that another one interrupts fails now and then.
            return ast.parse(text, filename)


def parameter_names(arguments: ast.arguments) -> list[str]:
    """Names of all parameters, in order."""
    names = [item.arg for item in (*arguments.posonlyargs, *arguments.args)]
    if arguments.vararg:
        names.append(arguments.vararg.arg)
    names += [item.arg for item in arguments.kwonlyargs]
    if arguments.kwarg:
        names.append(arguments.kwarg.arg)
    return names


def target_names(node: ast.expr) -> list[str]:
    """Plain names that an assignment target binds."""
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Starred):
        return target_names(node.value)
    if isinstance(node, (ast.Tuple, ast.List)):
        return [name for item in node.elts for name in target_names(item)]
    return []


def element_sources(node: ast.expr) -> Iterable[str]:
    """Names whose elements a loop over `node` hands out: ``rows``, ``enumerate(rows)``, ``table.values()``."""
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id in ("enumerate", "zip", "reversed", "sorted", "list", "tuple", "iter"):
            return [argument.id for argument in node.args if isinstance(argument, ast.Name)]
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("values", "items") and isinstance(node.func.value, ast.Name):
            return [node.func.value.id]
    return []


def dotted_path(node: ast.expr) -> tuple[str, str] | None:
    """The start and the rest of a plain dotted name: ``np``, ``random.seed``; None for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return node.id, ".".join(reversed(parts))


def root_name(node: ast.expr) -> str | None:
    """The name that an attribute or subscript chain starts from: ``cfg`` for ``cfg.paths["raw"]``; None behind a call or a literal."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def dropped_calls(node: ast.expr) -> list[ast.Call]:
    """Calls whose value a bare expression drops."""
    if isinstance(node, ast.Call):
        return [node]
    if isinstance(node, ast.Await):
        return dropped_calls(node.value)
    if isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp)):
        return dropped_calls(node.elt)
    parts = node.values if isinstance(node, ast.BoolOp) else node.elts if isinstance(node, ast.Tuple) else []
    if isinstance(node, ast.IfExp):
        parts = [node.body, node.orelse]
    return [call for part in parts for call in dropped_calls(part)]


def is_constant(node: ast.expr) -> bool:
    """Whether the expression gives a number or a text, which nothing can change in place."""
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.operand, ast.Constant)
    return isinstance(node, (ast.Constant, ast.JoinedStr))
