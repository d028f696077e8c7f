"""What events make worth looking at anew: ids only, so that a page asks again for what it shows and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nbasset.dataclass import dataclass
from nbasset.events.facts import AssetMaterialized, AssetObserved, CheckEvaluated
from nbasset.events.kinds import AssetReported, AssetRolledBack, Event, StepFailed, StepReused, StepSkipped, StepSucceeded
from nbasset.keys import AssetKey

_MOST = 200


@dataclass(frozen=True, slots=True)
class Changed:
    """Assets and runs by name; `other` are kinds of events that are about neither: ticks, switches, backfills, partitions, locations.

    >>> bool(Changed()), bool(Changed(runs=("a",)))
    (False, True)
    """

    assets: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    other: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.assets or self.runs or self.other)

    def to_json(self) -> dict[str, list[str]]:
        """As pages read it; more than some hundreds of a kind are told as all of them."""
        return {name: _few(getattr(self, name)) for name in ("assets", "runs", "other")}


def changed_by(events: Iterable[Event]) -> Changed:
    """What these events concern, each once, in their order."""
    assets: dict[str, None] = {}
    runs: dict[str, None] = {}
    other: dict[str, None] = {}
    for event in events:
        run = getattr(event, "run_id", None)
        if run:
            runs[str(run)] = None
        for key in _assets_of(event):
            assets[str(key)] = None
        if not run or getattr(event, "backfill_id", None):
            other[type(event).__name__] = None
    return Changed(tuple(assets), tuple(runs), tuple(other))


def _assets_of(event: Event) -> Iterator[AssetKey]:
    for name in ("asset", "old", "new"):
        if (key := getattr(event, name, None)) is not None:
            yield key
    if isinstance(event, AssetRolledBack):
        yield event.materialization.asset
    if isinstance(event, AssetReported):
        yield from _in_fact(event.fact)
    if isinstance(event, (StepSucceeded, StepFailed, StepReused)):
        for fact in event.facts:
            yield from _in_fact(fact)
    if isinstance(event, (StepFailed, StepSkipped)):
        yield from (target.asset for target in event.targets)


def _in_fact(fact: object) -> Iterator[AssetKey]:
    if isinstance(fact, (AssetMaterialized, AssetObserved)):
        yield fact.asset
    elif isinstance(fact, CheckEvaluated):
        yield fact.check.asset


def _few(names: tuple[str, ...]) -> list[str]:
    return list(names) if len(names) <= _MOST else ["*"]
