"""Pictures in Graphviz's language: readable, to keep or to draw elsewhere, and bare, to have nodes placed."""

from __future__ import annotations

import re
from typing import Literal

from nbasset.drawing.graph import graph_of
from nbasset.drawing.layered import GAP, Sheet
from nbasset.drawing.picture import Node, Picture
from nbasset.drawing.states import clean, fact_of
from nbasset.drawing.tokens import FILLS, SURFACE, TEXT, TONES, mix

_SIDE_BY_SIDE = 8
_PLAIN_ID = re.compile(r"[\w/.\- ]+")


def to_dot(picture: Picture, *, direction: Literal["down", "right"] = "down") -> str:
    """`picture` as DOT text: groups as clusters, states as colour and word, an edge that only orders dashed.

    Nodes are called by their keys. It needs no Graphviz on the machine; the text is the same for the same picture.
    """
    import graphviz

    graph = graph_of(picture)
    ids = [node.key if _PLAIN_ID.fullmatch(node.key) else f"#{at}" for at, node in enumerate(graph.nodes)]
    line = mix(TEXT["light"], SURFACE["light"], 15)
    edge = mix(TEXT["light"], SURFACE["light"], 50)
    drawing = graphviz.Digraph(
        name="lineage",
        graph_attr={
            "rankdir": "TB" if direction == "down" else "LR",
            "fontname": "Helvetica",
            "fontsize": "11",
            "bgcolor": SURFACE["light"],
        },
        node_attr={"shape": "box", "style": "rounded,filled", "fontname": "Helvetica", "fontsize": "11", "fillcolor": SURFACE["light"]},
        edge_attr={"color": edge, "arrowsize": "0.6"},
    )
    clusters: dict[str, list[int]] = {}
    for at, node in enumerate(graph.nodes):
        clusters.setdefault("" if node.members or node.group == "default" else node.group, []).append(at)
    for number, (group, members) in enumerate(clusters.items()):
        if not group:
            for at in members:
                _add_node(drawing, ids[at], graph.nodes[at], line)
            continue
        with drawing.subgraph(name=f"cluster_{number}") as cluster:
            cluster.attr(label=graphviz.escape(clean(group)), style="rounded,filled", color=line, fillcolor="#f6f6f7", labeljust="l")
            for at in members:
                _add_node(cluster, ids[at], graph.nodes[at], line)
    for link in graph.links:
        style = {} if link.loads else {"style": "dashed"}
        colour = {"color": FILLS["problem"][0]} if link.cycle else {}
        drawing.edge(ids[link.source], ids[link.target], **style, **colour)
    for loop in graph.loops:
        drawing.edge(ids[loop], ids[loop], color=FILLS["problem"][0])
    text: str = drawing.source
    return text


def _add_node(drawing: object, name: str, node: Node, line: str) -> None:
    import graphviz

    assert isinstance(drawing, graphviz.Digraph)
    tone = TONES[node.state][0]
    alarm = node.state in {"failed", "problem", "running", "retrying"}
    drawing.node(
        name,
        label=graphviz.nohtml(f"{graphviz.escape(clean(node.name))}\\n{graphviz.escape(fact_of(node))}"),
        fontcolor=tone,
        color=tone if alarm else line,
        style="rounded,filled,dashed" if node.state == "missing" else "rounded,filled",
        tooltip=graphviz.escape(clean(node.description) or clean(node.key)),
    )


def skeleton(sheet: Sheet) -> str:
    """The bare graph of a layout: nodes ``n0``, ``n1``, ... with their extent across, links, clusters; no labels, no edge routes."""
    import graphviz

    # The near and the far side of a group may differ; a cluster has one margin, so each side gets half of both.
    margin = f"{(sheet.pad[0] + sheet.pad[1]) / 2:g}"
    drawing = graphviz.Digraph(
        graph_attr={"nodesep": f"{GAP / 72:.4f}", "ranksep": "0.5", "splines": "false", "newrank": "true"},
        node_attr={"shape": "box", "fixedsize": "true", "label": "", "height": "0.5"},
    )
    fed = {target for _, target in sheet.links}
    clusters: dict[int, list[int]] = {}
    for node, group in enumerate(sheet.groups):
        clusters.setdefault(group, []).append(node)
    for group, members in clusters.items():
        lines = [(f"n{node}", f"{sheet.widths[node] / 72:.4f}") for node in members]
        if group < 0:
            for name, width in lines:
                drawing.node(name, width=width)
            continue
        with drawing.subgraph(name=f"cluster_{group}", graph_attr={"margin": margin}) as cluster:
            for name, width in lines:
                cluster.node(name, width=width)
            if 1 < len(members) <= _SIDE_BY_SIDE and fed.isdisjoint(members):
                # A group of sources reads as one: it is not pulled apart to shorten its edges.
                with cluster.subgraph(graph_attr={"rank": "same"}) as level:
                    for name, _ in lines:
                        level.node(name)
    drawing.edges([(f"n{source}", f"n{target}") for source, target in sheet.links])
    for source, target in sheet.shelves:
        drawing.edge(f"n{source}", f"n{target}", weight="0")
    text: str = drawing.source
    return text
