"""What an evaluation of automation conditions looks at, remembers and gives: values without logic.

Sets of partitions are `OrdinalSet`s throughout. An asset or check without partitions is the set `WHOLE` (one member) or the empty set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from datetime import datetime
from functools import cached_property
from typing import NamedTuple, TypeAlias

from nbasset.dataclass import dataclass
from nbasset.definitions.partitions import PartitionsView
from nbasset.events.facts import AssetMaterialized, AssetObserved, CheckEvaluated, CheckKey
from nbasset.events.kinds import StepReused
from nbasset.events.records import BackfillRecord, CheckRecord, Entry, RunRecord
from nbasset.events.reducers import facts_of
from nbasset.keys import AssetKey
from nbasset.ordinals import OrdinalSet
from nbasset.planning.states import StateView
from nbasset.serde import serializable


@serializable
@dataclass(frozen=True, slots=True, order=True)
class JobKey:
    """A job that carries a condition of its own."""

    name: str

    def __str__(self) -> str:
        return f"job:{self.name}"


Entity: TypeAlias = AssetKey | CheckKey | JobKey
WHOLE = OrdinalSet.between(0, 1)
NONE = OrdinalSet()


class News(NamedTuple):
    """That something happened to an asset or check: as a whole, and which of its partitions, with their times."""

    whole: bool
    partitions: OrdinalSet
    at_us: Mapping[int | None, int] = {}


@dataclass(frozen=True, slots=True)
class AutomationView:
    """The records of one moment. `news` is what was updated after the cursor's last entry (`news_of`), `seq` the last entry now.

    `code` gives the code version of an asset, empty where it is not known; `run_tags` the tags of a run; `verdicts` the newest verdict on
    each partition of what a check looks at, by ordinal.
    """

    view: PartitionsView
    state: StateView = field(default_factory=StateView)
    checks: Mapping[CheckKey, CheckRecord] = field(default_factory=dict)
    runs: tuple[RunRecord, ...] = ()
    backfills: tuple[BackfillRecord, ...] = ()
    news: Mapping[Entity, News] = field(default_factory=dict)
    seq: int = 0
    code: Callable[[AssetKey], str] = lambda key: ""
    run_tags: Callable[[str], Mapping[str, str]] = lambda run_id: {}
    verdicts: Callable[[CheckKey], Mapping[int, CheckRecord]] = lambda check: {}

    @property
    def now(self) -> datetime:
        """The time of the evaluation."""
        return self.view.now


@serializable
@dataclass(frozen=True, slots=True)
class EntityMemory:
    """What is remembered of one condition: its digest, what it requested, and for its parts with a memory the set they had last."""

    entity: Entity
    digest: str
    requested: OrdinalSet = NONE
    sets: Mapping[str, OrdinalSet] = field(default_factory=dict)


@serializable
@dataclass(frozen=True)
class AutomationCursor:
    """Where an evaluation left off: its number, time and last log entry, and the memory of each condition.

    `codes` are code versions by asset, kept if a condition asks whether code changed.
    """

    evaluation: int = 0
    seq: int = 0
    at: datetime | None = None
    entities: tuple[EntityMemory, ...] = ()
    codes: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def by_entity(self) -> dict[Entity, EntityMemory]:
        """The memories by asset or check."""
        return {one.entity: one for one in self.entities}


@serializable
@dataclass(frozen=True, slots=True)
class ConditionNode:
    """One part of a condition as it was evaluated: what it was true for, of which candidates. `entity` is set where it looks elsewhere."""

    name: str
    true: OrdinalSet
    candidates: OrdinalSet
    parts: tuple[ConditionNode, ...] = ()
    entity: Entity | None = None
    label: str | None = None


@dataclass(frozen=True)
class AutomationResult:
    """What one evaluation requests, why, and the cursor for the next. `left_out` cannot be made: what they read does not exist.

    `errors` are conditions that could not be evaluated; they request nothing and keep what they remembered.
    """

    requested: Mapping[Entity, OrdinalSet]
    nodes: Mapping[Entity, ConditionNode]
    cursor: AutomationCursor
    left_out: Mapping[Entity, OrdinalSet] = field(default_factory=dict)
    errors: Mapping[Entity, str] = field(default_factory=dict)

    @property
    def total_requested(self) -> int:
        """How many assets, partitions and checks are requested."""
        return sum(map(len, self.requested.values()))


def news_of(entries: Iterable[Entry]) -> dict[Entity, News]:
    """What these log entries tell was made, observed or evaluated. What a re-execution took over from its parent is not new."""
    times: dict[Entity, dict[int | None, int]] = {}
    for entry in entries:
        if isinstance(entry.event, StepReused):
            continue
        for fact in facts_of(entry.event):
            if not isinstance(fact, (AssetMaterialized, AssetObserved, CheckEvaluated)):
                continue
            entity: Entity = fact.check if isinstance(fact, CheckEvaluated) else fact.asset
            times.setdefault(entity, {})[None if fact.partition is None else fact.partition.ordinal] = entry.event.at_us
    return {entity: News(None in at_us, OrdinalSet.of(one for one in at_us if one is not None), at_us) for entity, at_us in times.items()}
