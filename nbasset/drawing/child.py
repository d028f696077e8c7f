"""Lay out one graph and end: DOT on standard input, Graphviz's plain form on standard output.

Graphviz holds the interpreter while it works and knows no time limit, so a large graph is laid out in a process that can be
ended. Run as a file, it needs nothing but pygraphviz.
"""

from __future__ import annotations

import sys
import warnings


def main() -> int:
    """Read, lay out, write; 1 when Graphviz makes nothing of it."""
    import pygraphviz

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode("utf-8"))
        plain = graph.draw(format="plain", prog="dot")
    if not plain:
        return 1
    sys.stdout.buffer.write(plain if isinstance(plain, bytes) else plain.encode("utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
