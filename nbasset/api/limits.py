"""What a document may ask for: so deep, so many fields under other names, so many words. Fragments count as what they stand for.

Introspection may go deeper, since the query that tools send does; it is told by the root field alone, whatever fragments are called.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nbasset.dataclass import dataclass
from nbasset.errors import Error

if TYPE_CHECKING:
    from graphql import DocumentNode

_INTROSPECTION = frozenset({"__schema", "__type"})


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one operation. `tokens` are the words and signs of the text, `fields` counts every field with its fragments written out."""

    depth: int = 15
    introspection_depth: int = 24
    aliases: int = 50
    tokens: int = 5000
    fields: int = 10_000
    seconds: float = 30.0


class TooMuch(Error):
    """A document asks for more than the server allows."""


def check_document(document: DocumentNode, limits: Limits) -> None:
    """Refuse a document that asks for too much, before it is validated: that, too, takes time.

    Raises
    ------
    TooMuch
        With the limit.
    """
    from graphql import FragmentDefinitionNode, OperationDefinitionNode

    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    measure = _Measure(fragments)
    for one in document.definitions:
        if not isinstance(one, OperationDefinitionNode):
            continue
        found = measure.of(one.selection_set)
        _refuse("fields under another name", found.aliases, limits.aliases)
        _refuse("fields", found.fields, limits.fields)
        _refuse("levels", found.depth, limits.depth)
        _refuse("levels of introspection", found.introspection, limits.introspection_depth)


def _refuse(what: str, found: int, most: int) -> None:
    if found > most:
        raise TooMuch(f"the document asks for {found} {what}; {most} are allowed.")


@dataclass(frozen=True, slots=True)
class _Size:
    depth: int = 0
    fields: int = 0
    aliases: int = 0
    introspection: int = 0


class _Measure:
    """Sizes of selections, each fragment measured once. A fragment in itself counts nothing: validation refuses it."""

    def __init__(self, fragments: Mapping[str, Any]) -> None:
        self._fragments = fragments
        self._known: dict[tuple[str, bool], _Size] = {}

    def of(self, selections: Any, *, is_root: bool = True) -> _Size:
        depth = fields = aliases = introspection = 0
        for one in selections.selections if selections is not None else ():
            kind = one.kind
            if kind == "field":
                below = self.of(one.selection_set, is_root=False)
                if is_root and one.name.value in _INTROSPECTION:
                    introspection = max(introspection, below.depth + 1)
                else:
                    depth = max(depth, below.depth + 1)
                own = _Size(0, below.fields + 1, below.aliases + (one.alias is not None and one.alias.value != one.name.value))
            else:
                own = self._fragment(one, is_root)
                depth, introspection = max(depth, own.depth), max(introspection, own.introspection)
            fields += own.fields
            aliases += own.aliases
        return _Size(depth, fields, aliases, introspection)

    def _fragment(self, one: Any, is_root: bool) -> _Size:
        if one.kind == "inline_fragment":
            return self.of(one.selection_set, is_root=is_root)
        mark = (one.name.value, is_root)
        if mark not in self._known:
            self._known[mark] = _Size()
            found = self._fragments.get(one.name.value)
            self._known[mark] = self.of(found.selection_set if found is not None else None, is_root=is_root)
        return self._known[mark]
