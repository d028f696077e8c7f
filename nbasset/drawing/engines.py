"""Who places the nodes: Graphviz within this process, in a child process, as `dot` on the PATH, or our own layout.

All of them answer the same question, a rank and a place across for every node, so whatever follows (routes, boxes, SVG) is one
code. An engine that is missing, fails or takes too long gives way to the next; our own always answers.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal

from nbasset.drawing.dot import skeleton
from nbasset.drawing.graph import ranks_of
from nbasset.drawing.layered import Sheet, arrange

Engine = Literal["pygraphviz", "dot", "layered"]

IN_PROCESS: Final = 150
"""Nodes that pygraphviz lays out in this process; more go to a child process with a time limit."""
_REACH_IN_PROCESS: Final = 1000
"""Ranks that all edges together may span in this process: Graphviz's time follows them rather than the nodes (0.1 s here)."""
_MOST_REACH: Final = 40_000
"""Beyond this Graphviz would not be done in time: our own layout draws at once instead of after a wait."""
TIME_LIMIT_S: Final = 4.0

# Graphviz's libraries keep global state.
_GRAPHVIZ = threading.Lock()

Placed = tuple[list[int], list[float]]


def place(sheet: Sheet, engine: Engine | None = None) -> tuple[Placed, Engine]:
    """Ranks and near sides of all nodes, and the engine that gave them. A named engine is tried first, then our own layout."""
    order: tuple[Engine, ...] = ("pygraphviz", "dot") if engine is None else (engine,)
    if any(name != "layered" for name in order) and sheet.widths and (reach := _reach(sheet)) <= _MOST_REACH:
        text = skeleton(sheet)
        here = len(sheet.widths) <= IN_PROCESS and reach <= _REACH_IN_PROCESS
        for name in order:
            plain = _with_pygraphviz(text, here) if name == "pygraphviz" else _with_dot(text) if name == "dot" else None
            placed = _from_plain(plain, sheet) if plain else None
            if placed is not None:
                return placed, name
    return arrange(sheet), "layered"


def _reach(sheet: Sheet) -> int:
    ranks = ranks_of(len(sheet.widths), list(sheet.links))
    return sum(ranks[target] - ranks[source] for source, target in sheet.links)


def _with_pygraphviz(text: str, here: bool) -> str | None:
    if find_spec("pygraphviz") is None:
        return None
    if not here:
        # -P: nothing that lies in the working directory may stand in for a module.
        return _run([sys.executable, "-P", str(Path(__file__).with_name("child.py"))], text) if sys.executable else None
    try:
        import pygraphviz
    except (ImportError, OSError):  # a wheel for another machine
        return None
    with _GRAPHVIZ, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            plain = pygraphviz.AGraph(string=text).draw(format="plain", prog="dot")
        except (OSError, ValueError, RuntimeError, pygraphviz.DotError):
            return None
    return plain.decode("utf-8") if isinstance(plain, bytes) else plain


def _with_dot(text: str) -> str | None:
    program = shutil.which("dot")
    return _run([program, "-Tplain"], text) if program else None


def _run(command: list[str], text: str, limit_s: float = TIME_LIMIT_S) -> str | None:
    """What a program makes of `text`; nothing when it cannot start, fails or takes longer than `limit_s` (it is ended then)."""
    try:
        done = subprocess.run(command, input=text.encode("utf-8"), capture_output=True, timeout=limit_s, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def _from_plain(plain: str, sheet: Sheet) -> Placed | None:
    """Ranks and near sides from Graphviz's plain form; nothing when it is cut off, or breaks what the drawing relies on."""
    count = len(sheet.widths)
    middles: list[float] = [0.0] * count
    heights: list[float] = [0.0] * count
    seen = 0
    for line in plain.splitlines():
        if line.startswith("node n"):
            parts = line.split(" ", 4)
            node = int(parts[1][1:])
            middles[node], heights[node] = float(parts[2]) * 72, float(parts[3])
            seen += 1
    if seen != count:
        return None
    levels = {level: rank for rank, level in enumerate(sorted({round(height, 2) for height in heights}, reverse=True))}
    ranks = [levels[round(height, 2)] for height in heights]
    if any(ranks[source] >= ranks[target] for source, target in sheet.links):
        return None
    return ranks, [middle - width / 2 for middle, width in zip(middles, sheet.widths, strict=True)]
