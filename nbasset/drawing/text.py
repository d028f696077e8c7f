"""Pictures in words: for terminals, for screen readers, and as the description inside an SVG.

The counts come first, then the assets by group in the order of the data's flow, each with its state as glyph and word and with
what it reads.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from nbasset.drawing.graph import Graph, graph_of, ranks_of, reads
from nbasset.drawing.picture import Node, Picture
from nbasset.drawing.states import MARKS, URGENCY, assets, clean, fact_of, number, say, tally

_MOST_DESCRIBED: Final = 60
_WIDEST: Final = 46
NOTHING: Final = "No assets yet. Begin a cell with %%asset NAME, or decorate a function with @asset."


def to_text(picture: Picture, *, width: int = 100) -> str:
    """`picture` as plain text of at most `width` columns; no line is cut, long ones are folded.

    >>> from nbasset.drawing.picture import Edge
    >>> nodes = (Node("raw", "raw", "fresh", "2 h", "flights"), Node("delays", "delays", "stale", "", "flights"))
    >>> print(to_text(Picture(nodes, (Edge("raw", "delays"),))))
    Lineage: 2 assets. 1 stale, 1 fresh
    <BLANKLINE>
    flights
      ✓ raw     fresh, 2 h
      ◐ delays  stale       reads raw
    """
    graph = graph_of(picture)
    # Folded between counts, not between a number and its word.
    headline = _headline(picture, graph).replace(" ", "\N{NO-BREAK SPACE}").replace(",\N{NO-BREAK SPACE}", ", ")
    lines = [line.replace("\N{NO-BREAK SPACE}", " ") for line in _folded(headline, width, 2)]
    if not graph.nodes:
        return "\n".join([*_folded(NOTHING, width, 2), *_endings(picture, width)])
    upstream = reads(graph)
    order = _flow(graph)
    names = {at: clean(graph.nodes[at].name) or clean(graph.nodes[at].key) for at in order}
    facts = {at: _fact(graph.nodes[at]) for at in order}
    name_width, fact_width = _common_width(names.values()), _common_width(facts.values())
    groups: dict[str, list[int]] = {}
    for at in order:
        groups.setdefault("" if graph.nodes[at].members else graph.nodes[at].group, []).append(at)
    for group, members in groups.items():
        lines.append("")
        if group and (len(groups) > 1 or group != "default"):
            lines += _folded(clean(group) if group != "default" else "no group", width, 2)
        for at in members:
            mark = MARKS[graph.nodes[at].state]
            line = f"  {mark} {_padded(names[at], name_width)}  {_padded(facts[at], fact_width)}"
            if upstream[at]:
                line += "  reads " + ", ".join(names[other] for other in upstream[at])
            lines += _folded(line.rstrip(), width, 6)
    return "\n".join([*lines, *_endings(picture, width)])


def describe(picture: Picture) -> str:
    """`picture` as one paragraph: counts, then every asset with its state and what it reads; beyond sixty only what needs a look."""
    graph = graph_of(picture)
    if not graph.nodes:
        return NOTHING
    upstream = reads(graph)
    order = _flow(graph)
    parts = [_headline(picture, graph) + "."]
    shown = order
    if len(order) > _MOST_DESCRIBED:
        urgent = sorted(order, key=lambda at: URGENCY.index(graph.nodes[at].state))
        shown = [at for at in urgent if graph.nodes[at].state not in {"fresh", "external"}][:_MOST_DESCRIBED]
    for at in shown:
        node = graph.nodes[at]
        sentence = f"{clean(node.name) or clean(node.key)}: {_fact(node)}"
        if upstream[at]:
            names = [clean(graph.nodes[other].name) for other in upstream[at][:12]]
            more = len(upstream[at]) - len(names)
            sentence += f", reads {', '.join(names)}{f' and {number(more)} more' if more else ''}"
        parts.append(sentence + ".")
    if len(shown) < len(order):
        parts.append(f"{assets(len(order) - len(shown))} not named here.")
    parts += [clean(problem) for problem in picture.problems]
    return " ".join(parts)


def _headline(picture: Picture, graph: Graph) -> str:
    count = sum(len(node.members) or 1 for node in graph.nodes)
    return f"{clean(picture.title)}: {assets(count)}. {say(tally(graph.nodes))}".rstrip(". ")


def _fact(node: Node) -> str:
    return f"{clean(node.fact)}: {say(node.counts)}" if node.members else fact_of(node)


def _endings(picture: Picture, width: int) -> list[str]:
    lines: list[str] = []
    if picture.problems:
        lines.append("")
        for problem in picture.problems:
            lines += _folded(f"{MARKS['problem']} {clean(problem)}", width, 2)
    if picture.caption:
        lines += ["", *_folded(clean(picture.caption), width, 0)]
    return lines


def _flow(graph: Graph) -> list[int]:
    """Nodes in the order of the data's flow, those of one rank as they were given."""
    ranks = ranks_of(len(graph.nodes), [(link.upper, link.lower) for link in graph.links])
    return sorted(range(len(graph.nodes)), key=lambda at: (ranks[at], at))


def _common_width(texts: Iterable[str]) -> int:
    """Width of a column: that of the widest text which is not out of all proportion."""
    return max((width for width in map(_columns, texts) if width <= _WIDEST), default=0)


def _columns(text: str) -> int:
    """Columns of a terminal that `text` takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _padded(text: str, width: int) -> str:
    return text + " " * max(0, width - _columns(text))


def _folded(text: str, width: int, indent: int) -> Sequence[str]:
    """`text` in lines of at most `width` columns, broken at spaces, inside a word only when that alone is too long."""
    room = max(width, indent + 10)
    if _columns(text) <= room:
        return [text]
    lines: list[str] = []
    start = len(text) - len(text.lstrip(" "))
    if text[start + 1 : start + 2] == " ":
        start += 2  # a mark stays with what follows it
    line = text[:start]
    blank = True
    for word in text[start:].split(" "):
        joined = line + word if blank else f"{line} {word}"
        if not blank and _columns(joined) > room:
            lines.append(line.rstrip())
            joined = " " * indent + word
        while _columns(joined) > room:
            cut = len(joined)
            while _columns(joined[:cut]) > room:
                cut -= 1
            lines.append(joined[:cut])
            joined = " " * indent + joined[cut:]
        line, blank = joined, False
    lines.append(line.rstrip())
    return lines
