"""What assets took before, read from their history."""

from __future__ import annotations

from collections.abc import Iterable

from nbasset.commands.scope import Scope
from nbasset.keys import AssetKey
from nbasset.planning.estimates import Cost, cost_of

_SAMPLES = 10
_MOST_ASSETS = 500


def costs_of(scope: Scope, keys: Iterable[AssetKey]) -> dict[AssetKey, Cost]:
    """The cost of each asset that was ever made by a run, from its last ten materializations. Of very many only the first are asked."""
    reader = scope.instance.reader
    found = {}
    for key in list(keys)[:_MOST_ASSETS]:
        cost = cost_of(key, reader.materializations(key, None, limit=_SAMPLES))
        if cost is not None:
            found[key] = cost
    return found


def workers_of(scope: Scope) -> int:
    """How many steps of a run go at once here."""
    import os

    settings = scope.instance.settings.executor
    return 1 if settings.kind == "inline" else settings.max_workers or os.cpu_count() or 1
