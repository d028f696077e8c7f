"""Which ops of a job run: the older clause grammar, over names of ops and the edges between them.

``clean`` is that op; ``*clean`` it and everything upstream, ``clean*`` everything downstream; each ``+`` is one level: ``++clean`` has two
levels of what is upstream. The name of a nested graph stands for all its ops. Clauses in a list are united.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from nbasset.errors import InvalidSelection, did_you_mean

_CLAUSE = re.compile(r"\s*(?P<up>\*|\+*)(?P<name>[A-Za-z0-9_.\[\]]+)(?P<down>\*|\+*)\s*\Z")


def select_ops(selection: str | Iterable[str], upstream: Mapping[str, Iterable[str]], *, of: str) -> frozenset[str]:
    """The keys that the clauses name. `upstream` gives for each key those it reads; `of` names the job in errors.

    >>> sorted(select_ops("+b", {"a": [], "b": ["a"], "c": ["b"]}, of="job 'x'"))
    ['a', 'b']
    >>> sorted(select_ops(["a*"], {"a": [], "b": ["a"], "c": ["b"]}, of="job 'x'"))
    ['a', 'b', 'c']

    Raises
    ------
    InvalidSelection
        If a clause cannot be read, or names no op.
    """
    above = {key: set(keys) for key, keys in upstream.items()}
    below: dict[str, set[str]] = {key: set() for key in above}
    for key, keys in above.items():
        for one in keys:
            below.setdefault(one, set()).add(key)
    found: set[str] = set()
    for clause in [selection] if isinstance(selection, str) else selection:
        found |= _of_clause(clause, above, below, of)
    return frozenset(found)


def _of_clause(clause: str, above: Mapping[str, set[str]], below: Mapping[str, set[str]], of: str) -> set[str]:
    if clause.strip() == "*":
        return set(above)
    match = _CLAUSE.match(clause)
    if match is None:
        raise InvalidSelection(
            f"{clause!r} selects no ops of {of}. Write a name, with * or + before it for upstream, after it for downstream."
        )
    name = match["name"]
    start = {key for key in above if key == name or key.startswith((f"{name}.", f"{name}["))}
    if not start:
        hint = did_you_mean(name, above) or f"It has: {', '.join(above)}."
        raise InvalidSelection(f"{of} has no op '{name}'. {hint}")
    return start | _walk(start, above, match["up"]) | _walk(start, below, match["down"])


def _walk(start: set[str], edges: Mapping[str, set[str]], how: str) -> set[str]:
    found: set[str] = set()
    front = set(start)
    levels = len(how) if how != "*" else len(edges) + 1
    for _ in range(levels):
        front = {one for key in front for one in edges.get(key, ())} - found
        if not front:
            break
        found |= front
    return found
