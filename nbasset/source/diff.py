"""What changed between two slices, told by statement: the function, constant, import or asset body, with both texts.

Statements are matched by what they bind, not by where they stand, and compared by their normal form: a moved cell, a comment or other
quotes are no change. `changes_between` gives data, `unified_diff` the lines that people read.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator, Sequence
from typing import Literal

from nbasset.dataclass import dataclass
from nbasset.source.fingerprint import digest, normal_form
from nbasset.source.names import names_of
from nbasset.source.shapes import parse
from nbasset.source.statements import ASSET_DECORATORS
from nbasset.source.text import Piece, statements_of_text

Kind = Literal["asset", "function", "class", "value", "import", "statement"]


@dataclass(frozen=True, slots=True)
class Change:
    """One statement that differs. `before` is None when it was added, `after` when it was removed.

    `label` is the cell (``cell 4``) or the module's file, of the newer text where there is one.
    """

    kind: Kind
    name: str
    label: str
    before: str | None
    after: str | None

    @property
    def status(self) -> Literal["added", "removed", "changed"]:
        """What happened to it."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"

    @property
    def sentence(self) -> str:
        """For people: ``clean() in cell 4 changed``.

        >>> Change("function", "clean", "cell 4", "def clean(): ...", "def clean(): return 1").sentence
        '`clean()` in cell 4 changed'
        """
        name = f"{self.name}()" if self.kind == "function" else self.name
        verb = {"added": "is new", "removed": "is no longer used", "changed": "changed"}[self.status]
        subject = {"asset": f"the body of `{name}`", "statement": f"a statement (`{name}`)", "import": f"the import of `{name}`"}
        return f"{subject.get(self.kind, f'`{name}`')} in {self.label} {verb}"

    @property
    def diff(self) -> str:
        """The change as unified diff lines, without a header."""
        before = (self.before or "").split("\n") if self.before is not None else []
        after = (self.after or "").split("\n") if self.after is not None else []
        return "\n".join(line for line in list(difflib.unified_diff(before, after, lineterm="", n=2))[2:] if line)


@dataclass(frozen=True, slots=True)
class _Statement:
    kind: Kind
    name: str
    label: str
    text: str
    form: str
    counts: bool = True


def changes_between(before: str, after: str) -> tuple[Change, ...]:
    """Statements that differ between two slice texts, in the order of the newer one; removed ones last.

    Comments, formatting and docstrings are no change; neither are values of the `parameters` cell (they are config).
    """
    old, new = _statements(before), _statements(after)
    changes: list[Change] = []
    matched: set[int] = set()
    pairs = _pairs(old, new)
    for number, statement in enumerate(new):
        other = pairs.get(number)
        if other is None:
            changes.append(Change(statement.kind, statement.name, statement.label, None, statement.text))
            continue
        matched.add(other)
        if old[other].form != statement.form:
            changes.append(Change(statement.kind, statement.name, statement.label, old[other].text, statement.text))
    for number, statement in enumerate(old):
        if number not in matched:
            changes.append(Change(statement.kind, statement.name, statement.label, statement.text, None))
    return tuple(changes)


def unified_diff(before: str, after: str) -> str:
    """All changes as one text: a heading line for each, then its diff lines. Empty when nothing counts as changed."""
    return "\n\n".join(f"--- {change.sentence}\n{change.diff}" for change in changes_between(before, after))


def _pairs(old: Sequence[_Statement], new: Sequence[_Statement]) -> dict[int, int]:
    """Newer statement to older one: first those of equal form, then by kind and name in their order."""
    pairs: dict[int, int] = {}
    free = set(range(len(old)))
    for same_form in (True, False):
        waiting: dict[tuple[str, ...], list[int]] = {}
        for number in sorted(free):
            waiting.setdefault(_key(old[number], same_form=same_form), []).append(number)
        for number, statement in enumerate(new):
            if number in pairs:
                continue
            found = waiting.get(_key(statement, same_form=same_form))
            if found:
                pairs[number] = found.pop(0)
                free.discard(pairs[number])
    return pairs


def _key(statement: _Statement, *, same_form: bool) -> tuple[str, ...]:
    if same_form:
        return (statement.kind, statement.name, statement.form)
    return ("statement",) if statement.kind == "statement" else (statement.kind, statement.name)


def _statements(text: str) -> list[_Statement]:
    return [statement for piece in statements_of_text(text).pieces for statement in _statements_of(piece)]


def _statements_of(piece: Piece) -> Iterator[_Statement]:
    label = piece.label or piece.document
    if piece.kind == "asset":
        body = piece.text.strip("\n")
        yield _Statement("asset", piece.header.split(" ")[0] or "asset", label, body, _form(parse(piece.text)))
        return
    lines = piece.text.split("\n")
    for node in parse(piece.text).body:
        if piece.role == "parameters" or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            continue
        first = min([node.lineno, *(item.lineno for item in getattr(node, "decorator_list", []))])
        text = "\n".join(lines[first - 1 : node.end_lineno])
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from _imports(node, label)
        else:
            kind, name = _kind_and_name(node, text)
            yield _Statement(kind, name, label, text, _form(node))


def _imports(node: ast.Import | ast.ImportFrom, label: str) -> Iterator[_Statement]:
    """One statement a name: an import counts by the name."""
    for alias in node.names:
        one: ast.stmt = ast.Import([alias]) if isinstance(node, ast.Import) else ast.ImportFrom(node.module, [alias], node.level)
        yield _Statement("import", alias.asname or alias.name, label, ast.unparse(one), _form(one))


def _kind_and_name(node: ast.stmt, text: str) -> tuple[Kind, str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return "function", node.name
    if isinstance(node, ast.ClassDef):
        return "class", node.name
    bound = list(names_of([node]).binds)
    if bound and not isinstance(node, ast.AugAssign):
        return "value", ", ".join(bound)
    first = text.split("\n")[0]
    return "statement", first if len(first) <= 60 else f"{first[:57]}..."


def _form(node: ast.AST) -> str:
    return digest(normal_form(node, without_decorators=ASSET_DECORATORS))
