"""Words and order of states: the word and the text glyph of each, which is more urgent, and how counts are said.

No state is told by colour alone or by a glyph alone: `fact_of` makes sure that the word stands there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from nbasset.drawing.picture import Node, State

URGENCY: Final[tuple[State, ...]] = (
    "failed",
    "problem",
    "checkfailed",
    "running",
    "retrying",
    "queued",
    "warned",
    "stale",
    "missing",
    "canceled",
    "skipped",
    "fresh",
    "external",
)
"""Most urgent first."""

WORDS: Final[Mapping[State, str]] = {
    "failed": "failed",
    "problem": "problem",
    "checkfailed": "check failed",
    "running": "running",
    "retrying": "retrying",
    "queued": "queued",
    "warned": "check warned",
    "stale": "stale",
    "missing": "missing",
    "canceled": "canceled",
    "skipped": "skipped",
    "fresh": "fresh",
    "external": "external",
}

MARKS: Final[Mapping[State, str]] = {
    "failed": "✗",
    "problem": "!",
    "checkfailed": "✗",
    "running": "▶",
    "retrying": "↻",
    "queued": "…",
    "warned": "▲",
    "stale": "◐",
    "missing": "○",
    "canceled": "⊘",
    "skipped": "»",
    "fresh": "✓",
    "external": "↗",
}
"""One character of the basic plane each, for plain text; the word stands beside it."""

NEEDS_A_LOOK: Final[frozenset[State]] = frozenset({"failed", "problem", "checkfailed"})
"""States that keep a group open."""

_SAID_OTHERWISE: Final[Mapping[State, tuple[str, ...]]] = {"missing": ("never run", "never made"), "problem": ("not defined", "cycle")}
_NO_BIDI = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C])
_TO_SPACE = dict.fromkeys([0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x85, 0x2028, 0x2029], " ")
_UNPRINTABLE = dict.fromkeys([*range(0x09), *range(0x0E, 0x20), *range(0x7F, 0x85), *range(0x86, 0xA0), 0xFFFE, 0xFFFF, 0xFEFF], "\ufffd")
_CLEAN = {**_NO_BIDI, **_TO_SPACE, **_UNPRINTABLE}


def clean(text: str) -> str:
    r"""`text` as one line that every reader can carry: no control character, no half of a pair, nothing that turns the direction.

    >>> clean("a\x00b\nc")
    'a�b c'
    """
    if text.isascii() and text.isprintable():
        return text
    return text.translate(_CLEAN).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def fact_of(node: Node) -> str:
    """The fact with the word of the state in it: ``fresh, 2 min ago``; only the word when there is no fact.

    >>> fact_of(Node("a", "a", "stale", "331 of 365 stale"))
    '331 of 365 stale'
    >>> fact_of(Node("a", "a", "fresh", "6 min"))
    'fresh, 6 min'
    """
    word = WORDS[node.state]
    fact = clean(node.fact).strip()
    if not fact:
        return word
    said = fact.lower()
    if word in said or any(other in said for other in _SAID_OTHERWISE.get(node.state, ())):
        return fact
    return f"{word}, {fact}"


def most_urgent(states: Iterable[State]) -> State:
    """The state that speaks for several; ``missing`` when there is none."""
    return min(states, key=URGENCY.index, default="missing")


def tally(nodes: Iterable[Node]) -> tuple[tuple[State, int], ...]:
    """How many assets are in each state, most urgent first; a collapsed group counts its members."""
    counter: Counter[State] = Counter()
    for node in nodes:
        if node.members:
            counter.update(dict(node.counts))
        else:
            counter[node.state] += 1
    return in_order(counter.items())


def in_order(counts: Iterable[tuple[State, int]]) -> tuple[tuple[State, int], ...]:
    """Counts that are not zero, most urgent first."""
    return tuple(sorted(((state, count) for state, count in counts if count > 0), key=lambda pair: URGENCY.index(pair[0])))


def say(counts: Iterable[tuple[State, int]]) -> str:
    """Counts in words.

    >>> say([("fresh", 12), ("failed", 3)])
    '3 failed, 12 fresh'
    """
    return ", ".join(counted(state, count) for state, count in in_order(counts))


def counted(state: State, count: int) -> str:
    """How many are in a state: ``3 failed``, ``2 problems``."""
    return f"{number(count)} {WORDS[state]}{'s' if state == 'problem' and count != 1 else ''}"


def number(count: int) -> str:
    """`count` with its thousands parted by a thin space."""
    return f"{count:,}".replace(",", "\u2009")


def assets(count: int) -> str:
    """``1 asset``, ``12 assets``."""
    return f"{number(count)} asset{'' if count == 1 else 's'}"
