"""What a lineage picture shows, as data: nodes with a state and a fact, edges, groups.

Callers (cards, command line, reports) make a `Picture` from the catalog and the records; `dot`, `layout`, `svg` and `text` draw it.
"""

from __future__ import annotations

from typing import Literal

from nbasset.dataclass import dataclass

State = Literal[
    "fresh",
    "stale",
    "missing",
    "failed",
    "queued",
    "running",
    "retrying",
    "skipped",
    "canceled",
    "external",
    "problem",
    "warned",
    "checkfailed",
]


@dataclass(frozen=True, slots=True)
class Node:
    """One asset. `name` is what is written, `key` the user string of its key; `fact` the most urgent fact ("2 min ago, 842 rows").

    `counts` are the states of its partitions. `members` are the keys that a collapsed group stands for; empty for an asset.
    """

    key: str
    name: str
    state: State
    fact: str = ""
    group: str = "default"
    kinds: tuple[str, ...] = ()
    description: str = ""
    counts: tuple[tuple[State, int], ...] = ()
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Edge:
    """`source` feeds `target`; dashed when it only orders (`deps`) and loads nothing."""

    source: str
    target: str
    loads: bool = True


@dataclass(frozen=True, slots=True)
class Picture:
    """A whole lineage picture. `caption` says what was left out or when it was drawn; `problems` are shown below it."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    title: str = "Lineage"
    caption: str = ""
    problems: tuple[str, ...] = ()
    selected: frozenset[str] = frozenset()
