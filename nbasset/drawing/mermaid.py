"""Pictures as Mermaid text, which GitHub, GitLab and many wikis draw in a Markdown file."""

from __future__ import annotations

from typing import Literal

from nbasset.drawing.graph import graph_of
from nbasset.drawing.picture import Node, Picture, State
from nbasset.drawing.states import clean, fact_of
from nbasset.drawing.tokens import SURFACE, TONES

_ENTITIES = {'"': "#quot;", "<": "#lt;", ">": "#gt;", "#": "#35;", ";": "#59;"}


def to_mermaid(picture: Picture, *, direction: Literal["down", "right"] = "down") -> str:
    """`picture` as a Mermaid flowchart: groups as subgraphs, states as colour and word, an edge that only orders dotted.

    Nodes are called ``n0``, ``n1``, ...; the text is the same for the same picture.
    """
    graph = graph_of(picture)
    lines = [f"flowchart {'TB' if direction == 'down' else 'LR'}"]
    groups: dict[str, list[int]] = {}
    for at, node in enumerate(graph.nodes):
        groups.setdefault("" if node.members or node.group == "default" else node.group, []).append(at)
    for number, (group, members) in enumerate(groups.items()):
        drawn = [_node(at, graph.nodes[at]) for at in members]
        lines += [f'  subgraph g{number}["{_text(group)}"]', *(f"  {line}" for line in drawn), "  end"] if group else drawn
    lines += [f"  n{link.source} {'-->' if link.loads else '-.->'} n{link.target}" for link in graph.links]
    lines += [f"  n{loop} --> n{loop}" for loop in graph.loops]
    states: dict[State, list[int]] = {}
    for at, node in enumerate(graph.nodes):
        states.setdefault(node.state, []).append(at)
    for state, members in states.items():
        tone, ground = TONES[state][0], SURFACE["light"]
        dashes = ",stroke-dasharray:4 3" if state == "missing" else ""
        lines.append(f"  classDef {state} fill:{ground},color:{tone},stroke:{tone}{dashes}")
        lines.append(f"  class {','.join(f'n{at}' for at in members)} {state}")
    return "\n".join(lines)


def _node(at: int, node: Node) -> str:
    return f'  n{at}["{_text(node.name)}<br/>{_text(fact_of(node))}"]'


def _text(text: str) -> str:
    """A label that Mermaid takes literally."""
    return "".join(_ENTITIES.get(sign, sign) for sign in clean(text))
