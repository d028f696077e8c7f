"""Edges at right angles, in the channels between ranks and the gaps between nodes; they never cross a node.

The edges of one node share a trunk. An edge that passes ranks takes a gap in each, straight ahead where it can; in every channel
the trunks that turn get tracks, ordered so that few cross and none lie on each other. The number of tracks decides how high a
channel is, so ranks get their places here and not from the engine that ordered them.

Everything is in two axes: `across` runs along a rank, `along` from rank to rank.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Sequence
from dataclasses import field
from typing import NamedTuple

from nbasset.dataclass import dataclass

TRACK = 6.0
"""Between two parallel pieces of edges."""
CHANNEL = 26.0
"""Least room between two ranks."""
_CLEAR = 5.0
_CORNER = 10.0
_MOST_ROOM = 320.0
_GAPS_TRIED = 12

Way = tuple[tuple[float, float], ...]
"""Corners of a wire as (across, along), from the border of the upper node to that of the lower."""


@dataclass(frozen=True, slots=True)
class Row:
    """One rank: its nodes from near to far, and how much room the boxes of groups that begin or end here take."""

    nodes: Sequence[int]
    height: float
    opens: float = 0.0
    closes: float = 0.0


class Wire(NamedTuple):
    """One edge to route, from a node on an earlier rank to one on a later. Wires with the same `trunk` share their way."""

    upper: int
    lower: int
    trunk: int
    shift: float = 0.0


@dataclass(slots=True)
class _Net:
    """A trunk: where it leaves its node, its way through the ranks it passes, and what happens in each channel."""

    port: float
    lanes: dict[int, float] = field(default_factory=dict)
    tracks: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Turn:
    """One trunk in one channel: where it comes in and all places where it goes out."""

    net: int
    top: float
    outs: list[float]
    low: float = 0.0
    high: float = 0.0


class Router:
    """Routes all wires of one drawing. `near` and `far` are the two sides of each node across."""

    def __init__(self, rows: Sequence[Row], row_of: Sequence[int], near: Sequence[float], far: Sequence[float]) -> None:
        self.rows, self.row_of, self.near, self.far = rows, row_of, near, far
        self._nears = [[near[node] for node in row.nodes] for row in rows]
        self._fars = [[far[node] for node in row.nodes] for row in rows]
        self._used: list[list[tuple[float, int]]] = [[] for _ in range(len(rows) + 1)]
        self._nets: dict[int, _Net] = {}
        self._crowd: list[int] = [0] * len(rows)

    def route(self, wires: Sequence[Wire], heights: Sequence[float]) -> tuple[list[tuple[float, float]], list[Way]]:
        """The band (begin, end) of every row along, and the way of every wire. `heights` are those of the nodes."""
        self._leave(wires)
        self._pass_ranks(wires)
        ports = self._enter(wires)
        self._take_tracks(wires, ports)
        bands, steps = self._bands()
        return bands, [self._way(wire, port, bands, steps, heights) for wire, port in zip(wires, ports, strict=True)]

    # -- Trunks -----------------------------------------------------------------------------------------------------------

    def _leave(self, wires: Sequence[Wire]) -> None:
        """Every trunk leaves in the middle of its node, or beside it when the wire says so."""
        for wire in wires:
            if wire.trunk not in self._nets:
                node = wire.upper
                port = (self.near[node] + self.far[node]) / 2 + wire.shift
                self._nets[wire.trunk] = _Net(port)
                self._used[self.row_of[node] + 1].append((port, wire.trunk))
        for used in self._used:
            used.sort()

    def _pass_ranks(self, wires: Sequence[Wire]) -> None:
        """Give each trunk a gap on every rank it passes, for its farthest wire; nearer ones branch off it."""
        row_of = self.row_of
        farthest: dict[int, Wire] = {}
        for wire in wires:
            if row_of[wire.lower] - row_of[wire.upper] > 1:
                known = farthest.get(wire.trunk)
                if known is None or row_of[wire.lower] > row_of[known.lower]:
                    farthest[wire.trunk] = wire
        # Short trunks first: they have the fewest ways to go.
        for wire in sorted(farthest.values(), key=lambda wire: row_of[wire.lower] - row_of[wire.upper]):
            net = self._nets[wire.trunk]
            passed = range(row_of[wire.upper] + 1, row_of[wire.lower])
            goal = (self.near[wire.lower] + self.far[wire.lower]) / 2
            for row, place in zip(passed, self._lanes(passed, net.port, goal, wire.trunk), strict=True):
                place = float(round(place))
                net.lanes[row] = place
                insort(self._used[row], (place, wire.trunk))
                insort(self._used[row + 1], (place, wire.trunk))

    def _lanes(self, passed: range, start: float, goal: float, trunk: int) -> list[float]:
        """Places on the ranks passed: all in one line where there is one, else dodging only where something stands in the way."""
        for place in (start, goal):
            if all(self._is_free(row, place, trunk) for row in passed):
                return [place] * len(passed)
        lanes: list[float] = []
        place = start
        for row in passed:
            if lanes and place != goal and self._is_free(row, goal, trunk) and self._is_free(min(row + 1, passed[-1]), goal, trunk):
                place = goal
            elif not self._is_free(row, place, trunk):
                place = self._nearest(row, place, goal, trunk)
            lanes.append(place)
        return lanes

    def _is_free(self, row: int, place: float, trunk: int) -> bool:
        at = bisect_right(self._nears[row], place) - 1
        if at >= 0 and place < self._fars[row][at] + _CLEAR:
            return False
        if at + 1 < len(self._nears[row]) and place > self._nears[row][at + 1] - _CLEAR:
            return False
        return not self._is_taken(row, place, trunk)

    def _is_taken(self, row: int, place: float, trunk: int) -> bool:
        used = self._used[row]
        at = bisect_left(used, (place - TRACK + 1, -1))
        while at < len(used) and used[at][0] < place + TRACK - 1:
            if used[at][1] != trunk:
                return True
            at += 1
        return False

    def _nearest(self, row: int, place: float, goal: float, trunk: int) -> float:
        """The free place on a rank with the least way to it and from there to the goal; a shared one when all gaps are full."""
        nears, fars = self._nears[row], self._fars[row]
        at = bisect_right(nears, place)
        best, least = 0.0, -1.0
        spare, spare_cost = 0.0, -1.0
        for gap in range(max(0, at - _GAPS_TRIED), min(len(nears), at + _GAPS_TRIED) + 1):
            low = fars[gap - 1] + _CLEAR if gap > 0 else -1e9
            high = nears[gap] - _CLEAR if gap < len(nears) else 1e9
            if low > high:
                continue
            for spot in self._spots(row, low, high, min(max(place, low), high), trunk):
                cost = abs(spot - place) + abs(spot - goal)
                if least < 0 or cost < least:
                    best, least = spot, cost
            ideal = min(max(place, low), high)
            cost = abs(ideal - place) + abs(ideal - goal)
            if spare_cost < 0 or cost < spare_cost:
                spare, spare_cost = ideal, cost
        return best if least >= 0 else spare

    def _spots(self, row: int, low: float, high: float, ideal: float, trunk: int) -> Iterable[float]:
        """The free place nearest to `ideal` on either side within one gap."""
        for direction in (1, -1):
            place = ideal
            for _ in range(40):
                if not low <= place <= high:
                    break
                if not self._is_taken(row, place, trunk):
                    yield place
                    break
                place += direction * TRACK

    # -- Ports ------------------------------------------------------------------------------------------------------------

    def _enter(self, wires: Sequence[Wire]) -> list[float]:
        """Where each wire meets its lower node: straight from above where possible, the others spread so that they stay apart."""
        incoming: dict[int, dict[int, list[int]]] = {}
        for at, wire in enumerate(wires):
            incoming.setdefault(wire.lower, {}).setdefault(wire.trunk, []).append(at)
        ports = [0.0] * len(wires)
        for node, trunks in incoming.items():
            above = self.row_of[node] - 1
            sources = sorted((self._nets[trunk].lanes.get(above, self._nets[trunk].port), trunk) for trunk in trunks)
            for (_, trunk), port in zip(sources, self._spread(node, sources), strict=True):
                for at in trunks[trunk]:
                    ports[at] = float(round(port))
        return ports

    def _spread(self, node: int, sources: list[tuple[float, int]]) -> list[float]:
        low, high = self.near[node] + _CORNER, self.far[node] - _CORNER
        if len(sources) == 1 and low <= sources[0][0] <= high:
            return [sources[0][0]]
        middle = (low + high) / 2
        count = len(sources)
        apart = min(24.0, (high - low) / max(1, count - 1)) if count > 1 else 0.0
        used = self._used[self.row_of[node]]
        ports: list[float] = []
        for at, (source, trunk) in enumerate(sources):
            place = middle + (at - (count - 1) / 2) * apart
            if low <= source <= high and (count == 1 or abs(source - place) <= max(apart, 8.0)):
                ports.append(source)
                continue
            # A port right below the trunk of another node would look as if that one came in.
            for moved in (place, place + TRACK, place - TRACK):
                if low <= moved <= high and not any(other != trunk and abs(used_at - moved) < 4 for used_at, other in _around(used, moved)):
                    place = moved
                    break
            ports.append(place)
        least = min(8.0, apart) if count > 1 else 0.0
        for at in range(1, count):
            ports[at] = max(ports[at], ports[at - 1] + least)
        for at in range(count - 1, -1, -1):
            ports[at] = min(ports[at], high - (count - 1 - at) * least)
        for at, (source, _) in enumerate(sources):
            # Rather a little closer than a kink of some pixels.
            if (
                abs(ports[at] - source) < 4
                and low <= source <= high
                and all(abs(source - ports[beside]) >= 5 for beside in (at - 1, at + 1) if 0 <= beside < count)
            ):
                ports[at] = source
        return ports

    # -- Tracks -----------------------------------------------------------------------------------------------------------

    def _take_tracks(self, wires: Sequence[Wire], ports: Sequence[float]) -> None:
        channels: list[dict[int, _Turn]] = [{} for _ in self.rows]
        for wire, port in zip(wires, ports, strict=True):
            net = self._nets[wire.trunk]
            place = net.port
            last = self.row_of[wire.lower] - 1
            for channel in range(self.row_of[wire.upper], last):
                out = net.lanes[channel + 1]
                channels[channel].setdefault(wire.trunk, _Turn(wire.trunk, place, [])).outs.append(out)
                place = out
            channels[last].setdefault(wire.trunk, _Turn(wire.trunk, place, [])).outs.append(port)
        for channel, turns in enumerate(channels):
            bent: list[_Turn] = []
            for turn in turns.values():
                turn.low, turn.high = min(turn.top, *turn.outs), max(turn.top, *turn.outs)
                if turn.high - turn.low > 0.5:
                    bent.append(turn)
            for turn, track in _tracks(bent):
                self._nets[turn.net].tracks[channel] = track
                self._crowd[channel] = max(self._crowd[channel], track + 1)

    # -- Places along -----------------------------------------------------------------------------------------------------

    def _bands(self) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
        """The band of every row, and for every channel where its first track lies and how far apart tracks are."""
        bands: list[tuple[float, float]] = []
        steps: list[tuple[float, float]] = []
        place = self.rows[0].opens if self.rows else 0.0
        for at, row in enumerate(self.rows):
            end = place + row.height
            bands.append((place, end))
            opens = self.rows[at + 1].opens if at + 1 < len(self.rows) else 0.0
            crowd = self._crowd[at]
            step = min(TRACK, _MOST_ROOM / max(1, crowd))
            room = max(CHANNEL, round((crowd - 1) * step) + 20)
            steps.append((end + row.closes + (room - max(0, crowd - 1) * step) / 2, step))
            place = end + row.closes + room + opens
        return bands, steps

    def _way(
        self, wire: Wire, port: float, bands: list[tuple[float, float]], steps: list[tuple[float, float]], heights: Sequence[float]
    ) -> Way:
        net = self._nets[wire.trunk]
        first, last = self.row_of[wire.upper], self.row_of[wire.lower]
        place = net.port
        points = [(place, bands[first][0] + heights[wire.upper])]
        for channel in range(first, last):
            out = port if channel == last - 1 else net.lanes[channel + 1]
            if abs(out - place) > 0.5:
                start, step = steps[channel]
                level = float(round(start + net.tracks[channel] * step))
                points.append((place, level))
                points.append((out, level))
                place = out
        points.append((place, bands[last][0]))
        return tuple(points)


def _around(used: list[tuple[float, int]], place: float) -> list[tuple[float, int]]:
    return used[bisect_left(used, (place - 4, -1)) : bisect_right(used, (place + 4, 1 << 60))]


def _tracks(turns: list[_Turn]) -> list[tuple[_Turn, int]]:
    """A track for each turn so that none overlap on one. Trunks that run the same way never cross for it: of two that run to the far
    side the one that starts farther takes the earlier track, and the other way round."""
    far = sorted((turn for turn in turns if turn.high - turn.top >= turn.top - turn.low), key=lambda turn: (-turn.top, turn.net))
    near = sorted((turn for turn in turns if turn.high - turn.top < turn.top - turn.low), key=lambda turn: (turn.top, turn.net))
    taken: list[list[tuple[float, float]]] = []
    placed: list[tuple[_Turn, int]] = []
    for run in (far, near):
        own: list[list[tuple[float, float]]] = []
        for turn in run:
            low, high = turn.low - TRACK, turn.high + TRACK
            track = len(own) - 1
            while track >= 0 and not _meets(own[track], low, high):
                track -= 1
            track += 1
            while track < len(taken) and _meets(taken[track], low, high):
                track += 1
            while len(taken) <= track:
                taken.append([])
            while len(own) <= track:
                own.append([])
            taken[track].append((turn.low, turn.high))
            own[track].append((turn.low, turn.high))
            placed.append((turn, track))
    return placed


def _meets(spans: list[tuple[float, float]], low: float, high: float) -> bool:
    return any(low < end and high > begin for begin, end in spans)
