"""The normal form of code and its digest: what makes two pieces of source the same code.

`ast.dump` of one function differs between Python versions, so an upgrade would make every asset stale. The normal form here is our own, tag
``n1``: the type of each node and its non-empty fields, in the grammar's order, without positions, type comments, the kind of quotes, or
docstrings. Text pieces of an f-string are joined, because versions split them differently. It is equal on Python 3.11 to 3.14, and must
never change under the same tag.

>>> digest(normal_form("x = 'a'  # a comment")) == digest(normal_form('x=( "a" )'))
True
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

TAG = "n1"
_LENGTH = 24
_SKIPPED = frozenset({"ctx", "type_comment", "kind", "type_ignores", "str", "interpolations"})
_BLOCKS = frozenset({"body", "orelse", "finalbody"})
_FIELDS: dict[type, tuple[str, ...]] = {}


def normal_form(
    code: str | ast.AST | Sequence[ast.AST], *, with_docstrings: bool = False, without_decorators: frozenset[str] = frozenset()
) -> str:
    """The normal form of source text, of a node or of statements.

    `without_decorators` names decorators (by their last part) whose arguments do not count.
    """
    nodes: Iterable[ast.AST]
    if isinstance(code, str):
        nodes = [ast.parse(code)]
    elif isinstance(code, ast.AST):
        nodes = [code]
    else:
        nodes = code
    writer = _Writer(with_docstrings=with_docstrings, without_decorators=without_decorators)
    for node in nodes:
        writer.write(node)
    return "".join(writer.out)


def digest(*texts: str) -> str:
    """A short SHA-256 over texts: 24 hexadecimal digits. Their borders count.

    >>> digest("ab", "c") == digest("a", "bc")
    False
    """
    found = hashlib.sha256()
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        found.update(b"%d:" % len(data))
        found.update(data)
    return found.hexdigest()[:_LENGTH]


def tag_of(version: str) -> str:
    """The normal form's tag in a code version; versions of different tags say nothing about each other.

    >>> tag_of("n1:0123"), tag_of("by hand")
    ('n1', '')
    """
    return version.partition(":")[0] if ":" in version else ""


class _Writer:
    """Writes one normal form into `out`."""

    __slots__ = ("out", "with_docstrings", "without_decorators")

    def __init__(self, *, with_docstrings: bool, without_decorators: frozenset[str]) -> None:
        self.out: list[str] = []
        self.with_docstrings = with_docstrings
        self.without_decorators = without_decorators

    def write(self, node: ast.AST) -> None:
        kind = type(node)
        out = self.out
        if kind is ast.Name:
            out.append(f"n'{node.id}'")  # type: ignore[attr-defined]
            return
        if kind is ast.Constant:
            out.append(_constant(node.value))  # type: ignore[attr-defined]
            return
        fields = _FIELDS.get(kind)
        if fields is None:
            fields = _FIELDS[kind] = tuple(name for name in kind._fields if name not in _SKIPPED)
        out.append(kind.__name__)
        out.append("(")
        for name in fields:
            value = getattr(node, name, None)
            if value is None:
                continue
            if isinstance(value, ast.AST):
                if name == "format_spec" and not getattr(value, "values", None):
                    continue
                out.append(name)
                out.append("=")
                self.write(value)
            elif type(value) is list:
                if value:
                    self._list(node, name, value)
            else:
                out.append(f"{name}={value!a}")
        out.append(")")

    def _list(self, node: ast.AST, name: str, items: list[Any]) -> None:
        out = self.out
        if name == "values" and isinstance(node, ast.JoinedStr):
            items = _joined(items)
        elif name == "decorator_list" and self.without_decorators:
            items = [_without_arguments(item, self.without_decorators) for item in items]
        elif name in _BLOCKS and not self.with_docstrings:
            items = [item for item in items if not _is_text(item)] or ([ast.Pass()] if name == "body" else [])
        if not items:
            return
        out.append(name)
        out.append("[")
        for item in items:
            if isinstance(item, ast.AST):
                self.write(item)
                out.append(",")
            else:
                out.append(f"{item!a},")
        out.append("]")


def _constant(value: object) -> str:
    kind = type(value)
    # ASCII, because what `repr` finds printable grows with each version's Unicode tables.
    return ascii(value) if kind is str else f"{kind.__name__}:{value!a}"


def _is_text(node: ast.AST) -> bool:
    """Whether a statement is only a text: a docstring, or a comment written as one."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _joined(items: list[Any]) -> list[Any]:
    """Parts of an f-string with neighbouring texts joined and empty ones dropped."""
    joined: list[Any] = []
    for item in items:
        text = item.value if isinstance(item, ast.Constant) else None
        if not isinstance(text, str):
            joined.append(item)
        elif text:
            last = joined[-1] if joined else None
            if isinstance(last, ast.Constant):
                joined[-1] = ast.Constant(f"{last.value}{text}")  # type: ignore[str-bytes-safe]
            else:
                joined.append(item)
    return joined


def _without_arguments(node: ast.expr, names: frozenset[str]) -> ast.expr:
    function = node.func if isinstance(node, ast.Call) else node
    last = function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    return function if last in names else node
