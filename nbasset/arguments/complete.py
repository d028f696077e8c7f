"""What could stand next in a command: verbs, options, choices, and names of what is defined."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import click

from nbasset.arguments.cell import cell_command
from nbasset.arguments.reading import KINDS, other_name
from nbasset.arguments.verbs import VERBS
from nbasset.dataclass import dataclass

_SELECTORS = ("key:", "group:", "tag:", "owner:", "kind:", "status:", "is:")
_KINDS = ("daily:", "hourly:", "weekly:", "monthly:", "cron:", "static:", "dynamic:", "multi:")
_STATES = ("fresh", "stale", "missing", "failed")


@dataclass(frozen=True, slots=True)
class Known:
    """Names that completion may offer. `partitions` gives the partition keys of an asset, the likeliest first."""

    keys: Sequence[str] = ()
    groups: Sequence[str] = ()
    kinds: Sequence[str] = ()
    owners: Sequence[str] = ()
    tags: Sequence[str] = ()
    partitions: Callable[[str], Sequence[str]] = lambda asset: ()
    jobs: Sequence[str] = ()
    schedules: Sequence[str] = ()
    sensors: Sequence[str] = ()


NOTHING_KNOWN = Known()


def complete(text: str, known: Known = NOTHING_KNOWN, *, is_cell: bool = False) -> list[str]:
    """Candidates for the last word of `text` (what follows ``%asset`` up to the cursor), each a whole word in its place.

    >>> complete("ru"), complete("run --st")
    (['run', 'runs'], ['--stale', '--start'])
    """
    words = text.split(" ")
    last = words[-1]
    before = [word for word in words[:-1] if word]
    if not is_cell and not before:
        return [
            name
            for name in dict.fromkeys(verb.name.partition(" ")[0] for verb in VERBS.values() if verb.in_notebook)
            if name.startswith(last)
        ]
    verb, given = ("", before) if is_cell else _verb(before)
    if not is_cell and not given and before[0] in KINDS and before[0] == verb and not last.startswith("-"):
        kind = before[0]
        actions = [action for action in KINDS[kind] if action.startswith(last) and VERBS[f"{kind} {action}"].in_notebook]
        if actions or verb not in VERBS:
            return actions
    params = cell_command().params if is_cell else list(VERBS[verb].params) if verb in VERBS else []
    owner = _option(params, given[-1]) if given else None
    if owner is not None and not getattr(owner, "is_flag", False):
        return _values(owner, last, given, known)
    if last.startswith("-"):
        return sorted(name for param in params for name in param.opts if isinstance(param, click.Option) and name.startswith(last))
    argument = _argument(params, given)
    return [] if argument is None or is_cell else _values(argument, last, given, known)


def _verb(words: Sequence[str]) -> tuple[str, list[str]]:
    """The verb that these words begin with, and what was given to it."""
    two, also = other_name(words)
    return (two, [*also, *words[2:]]) if len(words) > 1 and two in VERBS else (words[0], list(words[1:]))


def _option(params: Sequence[click.Parameter], word: str) -> click.Option | None:
    return next((param for param in params if isinstance(param, click.Option) and word in param.opts), None)


def _argument(params: Sequence[click.Parameter], given: Sequence[str]) -> click.Argument | None:
    """The argument that the next word would be."""
    owners = (_option(params, word) for word in given)
    values = sum(owner is not None and not getattr(owner, "is_flag", False) for owner in owners)
    count = sum(not word.startswith("-") for word in given) - values
    for param in params:
        if isinstance(param, click.Argument):
            if count < 1 or param.nargs == -1:
                return param
            count -= 1
    return None


def _values(param: click.Parameter, last: str, given: Sequence[str], known: Known) -> list[str]:
    if isinstance(param.type, click.Choice):
        return [choice for choice in param.type.choices if choice.startswith(last)]
    kind = param.type.name
    if kind == "selection":
        return _selections(last, known)
    if kind == "asset":
        return _starting(known.keys, last)
    if kind == "partition":
        asset = next((word.strip("+") for word in given if word.strip("+") in known.keys), "")
        return _after_last(last, ",", known.partitions(asset)) if asset else []
    names = {"group": known.groups, "job": known.jobs, "schedule": known.schedules, "sensor": known.sensors}
    if kind in names:
        return _starting(names[kind], last)
    if kind == "partitions":
        return _starting(_KINDS, last)
    return []


def _selections(last: str, known: Known) -> list[str]:
    head = last[: len(last) - len(last.lstrip("+("))]
    word = last[len(head) :]
    attribute, colon, value = word.partition(":")
    by_attribute = {
        "key": known.keys, "group": known.groups, "kind": known.kinds, "owner": known.owners, "tag": known.tags, "status": _STATES,
        "is": ("materializable", "external", "partitioned"),
    }  # fmt: skip
    if colon:
        return [f"{head}{attribute}:{one}" for one in _starting(by_attribute.get(attribute, ()), value)]
    return [head + one for one in (*_starting(known.keys, word), *(_starting(_SELECTORS, word) if word else ()))]


def _starting(names: Sequence[str], start: str) -> list[str]:
    """Names that start so; else those with a part that does."""
    found = [name for name in names if name.startswith(start)]
    return found or [name for name in names if any(part.startswith(start) for part in name.split("/"))]


def _after_last(last: str, separator: str, names: Sequence[str]) -> list[str]:
    head, found, tail = last.rpartition(separator)
    lead = head + found
    if ".." in tail:
        start, dots, tail = tail.rpartition("..")
        lead += start + dots
    return [lead + name for name in names if name.startswith(tail)][:200]
