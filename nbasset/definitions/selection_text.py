"""Reading a selection as people type it. The grammar is told in `selection`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal

from nbasset.errors import InvalidSelection, did_you_mean

Attribute = Literal["key", "group", "tag", "owner", "kind", "is", "status", "code_location"]
ATTRIBUTES: tuple[Attribute, ...] = ("key", "group", "tag", "owner", "kind", "is", "status", "code_location")

_TOKEN = re.compile(r'\s*(?:(?P<string>"[^"]*")|(?P<mark>[()+,:])|(?P<word>[^\s()+,:"]+))')
_WORDS = {"and", "or", "not", "sinks", "roots"}


class SelectionReader:
    """Recursive descent over at most 10,000 characters; each rule reads one level of binding. `make` makes a node of the expression."""

    def __init__(self, text: str, make: Callable[..., Any]) -> None:
        self.make = make
        if len(text) > 10_000:
            raise InvalidSelection(f"a selection of {len(text)} characters is too long; 10000 is the limit. Use groups or wildcards.")
        self.text = text
        self.tokens: list[tuple[str, str, int]] = []
        at = 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None:
                raise self._error(at, "a closing quote")
            kind = match.lastgroup or ""
            self.tokens.append((kind, match.group(kind), match.start(kind)))
            at = match.end()
        self.at = 0
        self.depth = 0

    def selection(self) -> Any:
        """The whole expression.

        Raises
        ------
        InvalidSelection
            With the place where reading stopped, and what could stand there.
        """
        if not self.tokens:
            raise InvalidSelection("the selection is empty. Write a name, 'group:raw+', or '*' for everything.")
        found = self._union()
        if self.at < len(self.tokens):
            raise self._error(self.tokens[self.at][2], "'and', 'or', ',' or the end")
        return found

    def _union(self) -> Any:
        parts = [self._or()]
        while self._take(","):
            parts.append(self._or())
        return parts[0] if len(parts) == 1 else self.make("or", tuple(parts))

    def _or(self) -> Any:
        parts = [self._and()]
        while self._take_word("or"):
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else self.make("or", tuple(parts))

    def _and(self) -> Any:
        found = self._not()
        while self._take_word("and"):
            found = self.make("and", (found, self._not()))
        return found

    def _not(self) -> Any:
        negations = 0
        while self._take_word("not"):
            negations += 1
        found = self._walk()
        return self.make("not", (found,)) if negations % 2 else found

    def _walk(self) -> Any:
        up: int | None = -1
        kind, value, _ = self._peek()
        if kind == "mark" and value == "+":
            self.at += 1
            up = None
        elif kind == "word" and value.isdecimal() and self._peek(1)[:2] == ("mark", "+"):
            self.at += 2
            up = int(value)
        found = self._atom()
        down: int | None = -1
        if self._take("+"):
            kind, value, _ = self._peek()
            down = None
            if kind == "word" and value.isdecimal():
                self.at += 1
                down = int(value)
        parts = ([found.upstream(up)] if up != -1 else []) + ([found.downstream(down)] if down != -1 else [])
        if not parts:
            return found
        return parts[0] if len(parts) == 1 else parts[0] | parts[1]

    def _atom(self) -> Any:
        kind, value, place = self._peek()
        if not kind:
            raise self._error(len(self.text), "a name, 'group:...', '*' or '('")
        self.at += 1
        if kind == "mark" and value == "(":
            return self._inside(place)
        if kind == "string":
            return self.make("match", ("key", value[1:-1], False))
        if kind != "word":
            raise self._error(place, "a name, 'group:...', '*' or '('")
        if value.lower() in ("sinks", "roots") and self._take("("):
            inner = self._inside(place)
            return inner.sinks() if value.lower() == "sinks" else inner.roots()
        if self._take(":"):
            return self._attribute(value, place)
        if value == "*":
            return self.make("all", (False,))
        if value.lower() in _WORDS:
            raise self._error(place, f"a name before '{value}'; an asset of that name is written \"{value}\"")
        return self.make("match", ("key", value, False))

    def _inside(self, place: int) -> Any:
        self.depth += 1
        if self.depth > 100:
            raise self._error(place, "fewer than 100 parentheses inside each other")
        found = self._union()
        self.depth -= 1
        if not self._take(")"):
            raise self._error(self._peek()[2] if self._peek()[0] else len(self.text), "')'")
        return found

    def _attribute(self, name: str, place: int) -> Any:
        if name not in ATTRIBUTES:
            known = ", ".join(f"{attribute}:" for attribute in ATTRIBUTES)
            hint = did_you_mean(name, ATTRIBUTES)
            raise InvalidSelection(f"'{name}:' at character {place + 1} is nothing one can select by. {hint} There are {known}".strip())
        kind, value, at = self._peek()
        if kind not in ("string", "word"):
            raise self._error(at if kind else len(self.text), f"a value after '{name}:'")
        self.at += 1
        return self.make("match", (name, value[1:-1] if kind == "string" else self._with_colons(value, at), False))

    def _with_colons(self, value: str, at: int) -> str:
        """A value without quotes goes on over colons that nothing sets apart: shells take the quotes of ``owner:"team:data"`` away."""
        while self._peek() == ("mark", ":", at + len(value)) and self._peek(1)[0] == "word" and self._peek(1)[2] == at + len(value) + 1:
            value += f":{self._peek(1)[1]}"
            self.at += 2
        return value

    def _peek(self, ahead: int = 0) -> tuple[str, str, int]:
        at = self.at + ahead
        return self.tokens[at] if at < len(self.tokens) else ("", "", len(self.text))

    def _take(self, mark: str) -> bool:
        if self._peek()[:2] == ("mark", mark):
            self.at += 1
            return True
        return False

    def _take_word(self, word: str) -> bool:
        kind, value, _ = self._peek()
        if kind == "word" and value.lower() == word:
            self.at += 1
            return True
        return False

    def _error(self, at: int, expected: str) -> InvalidSelection:
        shown = self.text if len(self.text) <= 80 else self.text[max(0, at - 40) : at + 40]
        return InvalidSelection(f"cannot read the selection {shown!r} at character {at + 1}: expected {expected}.")
