"""A picture as a sound graph: every end of an edge exists, no edge stands twice, cycles are known.

Pictures come from notebooks that are half written: an input that nobody defines becomes a node that says so, and of each cycle
one edge is turned round for the layout, so that what follows works on a graph without cycles.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from nbasset.dataclass import dataclass
from nbasset.drawing.picture import Node, Picture


class Link(NamedTuple):
    """An edge between the nodes at two positions. `turned` when the layout must see it the other way round; `cycle` when it is part of
    a cycle of assets, which is a problem."""

    source: int
    target: int
    loads: bool = True
    turned: bool = False
    cycle: bool = False

    @property
    def upper(self) -> int:
        """The end that the layout places first."""
        return self.target if self.turned else self.source

    @property
    def lower(self) -> int:
        """The end that the layout places after `upper`."""
        return self.source if self.turned else self.target


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes with those that edges name and nobody defines, links between two nodes, and nodes that read themselves."""

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    loops: tuple[int, ...] = ()


def graph_of(picture: Picture) -> Graph:
    """The graph of a picture, in the order of its nodes. The first node of a key counts; unknown ends are appended as problems."""
    nodes: dict[str, Node] = {}
    for node in picture.nodes:
        nodes.setdefault(node.key, node)
    for edge in picture.edges:
        for key in (edge.source, edge.target):
            if key not in nodes:
                nodes[key] = Node(key, key, "problem", "not defined")
    at = {key: position for position, key in enumerate(nodes)}
    loads: dict[tuple[int, int], bool] = {}
    for edge in picture.edges:
        pair = (at[edge.source], at[edge.target])
        loads[pair] = loads.get(pair, False) or edge.loads
    loops = tuple(source for source, target in loads if source == target)
    pairs = {pair: kind for pair, kind in loads.items() if pair[0] != pair[1]}
    listed = tuple(nodes.values())
    turned, cycle = _cycles(len(listed), list(pairs))
    if cycle:
        # Groups drawn as one node may feed each other without any cycle of assets.
        cycle = {pair for pair in cycle if not listed[pair[0]].members and not listed[pair[1]].members}
    links = tuple(Link(*pair, kind, pair in turned, pair in cycle) for pair, kind in pairs.items())
    return Graph(listed, links, loops)


def sound(picture: Picture) -> Picture:
    """`picture` with each node once and with the unknown ends of edges as nodes that say they are not defined."""
    nodes = graph_of(picture).nodes
    return picture if nodes == picture.nodes else replace(picture, nodes=nodes)


def reads(graph: Graph) -> list[list[int]]:
    """For each node the nodes that it reads, in the order of the edges."""
    upstream: list[list[int]] = [[] for _ in graph.nodes]
    for link in graph.links:
        upstream[link.target].append(link.source)
    for loop in graph.loops:
        upstream[loop].append(loop)
    return upstream


def ranks_of(count: int, links: list[tuple[int, int]]) -> list[int]:
    """Longest path from a node that nothing feeds: 0 for such a node, else one more than the deepest upstream. Links hold no cycle."""
    below, waiting = _below(count, links)
    ranks = [0] * count
    ready = [node for node in range(count) if not waiting[node]]
    for node in ready:
        rank = ranks[node] + 1
        for target in below[node]:
            if ranks[target] < rank:
                ranks[target] = rank
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    return ranks


def _below(count: int, links: list[tuple[int, int]]) -> tuple[list[list[int]], list[int]]:
    below: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for source, target in links:
        below[source].append(target)
        waiting[target] += 1
    return below, waiting


def _cycles(count: int, pairs: list[tuple[int, int]]) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """Edges to turn round so that no cycle is left, and all edges of cycles. Both empty at once for a graph without cycles."""
    below, waiting = _below(count, pairs)
    ready = [node for node in range(count) if not waiting[node]]
    for node in ready:
        for target in below[node]:
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    if len(ready) == count:
        return set(), set()
    left = set(range(count)).difference(ready)
    turned, component = _depth_first(left, below)
    cycle = {(s, t) for s in left for t in below[s] if t in left and component[s] == component[t]}
    return turned, cycle


def _depth_first(left: set[int], below: list[list[int]]) -> tuple[set[tuple[int, int]], dict[int, int]]:
    """Edges that lead back to a node still open, and the strongly connected component of each node (Tarjan 1972), without recursion."""
    number: dict[int, int] = {}
    low: dict[int, int] = {}
    component: dict[int, int] = {}
    open_nodes: set[int] = set()
    stack: list[int] = []
    turned: set[tuple[int, int]] = set()
    for root in sorted(left):
        if root in number:
            continue
        number[root] = low[root] = len(number)
        stack.append(root)
        open_nodes.add(root)
        work = [(root, iter(below[root]))]
        while work:
            node, targets = work[-1]
            for target in targets:
                if target not in left:
                    continue
                if target not in number:
                    number[target] = low[target] = len(number)
                    stack.append(target)
                    open_nodes.add(target)
                    work.append((target, iter(below[target])))
                    break
                if target in open_nodes:
                    turned.add((node, target))
                if target not in component:
                    low[node] = min(low[node], number[target])
            else:
                work.pop()
                open_nodes.discard(node)
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == number[node]:
                    while node not in component:
                        component[stack.pop()] = number[node]
    return turned, component
