"""One evaluation of a schedule or sensor: its function is called, what it asks for is read, and what it writes is kept aside.

Both who only looks (`forecast`) and who means it (`ticking`) come through here, so that what was shown is what happens. Nothing is started
and nothing is written: an `Evaluator` looks at the scope through an instance that keeps events to itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any

from nbasset.commands.automation import evaluate_sensor
from nbasset.commands.looking import looking_at
from nbasset.commands.scope import Scope
from nbasset.commands.switches import instigator_id
from nbasset.commands.words import counted
from nbasset.dataclass import dataclass
from nbasset.definitions.automation_sensors import AutomationConditionSensorDefinition
from nbasset.definitions.catalog_instigators import SensorExecutionData
from nbasset.definitions.listed_partitions import AddDynamicPartitionsRequest
from nbasset.definitions.partitions import PartitionsView
from nbasset.definitions.requests import RUN_KEY_TAG, RunRequest
from nbasset.definitions.schedules import ScheduleDefinition, ScheduleEvaluationContext
from nbasset.definitions.sensors import SensorEvaluationContext
from nbasset.definitions.targets import AutomationTarget
from nbasset.errors import InvariantViolationError
from nbasset.events.kinds import AssetReported, Event, PartitionsAdded, PartitionsDeleted
from nbasset.events.records import RunQuery, RunRecord
from nbasset.keys import AssetKey
from nbasset.ordinals import OrdinalSet
from nbasset.planning.automation_state import ConditionNode
from nbasset.planning.ticks import (
    Decided,
    decide_schedule_requests,
    decide_sensor_requests,
    last_run_key,
    run_keys_of,
    schedule_run_tags,
    sensor_run_tags,
)
from nbasset.secrets import mask_secrets, remember_named
from nbasset.serde import dumps

LONGEST_CURSOR = 1_000_000
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class SensorMoment:
    """What a sensor is told at an evaluation: its cursor, and what happened before, as far as that is known."""

    now: datetime
    cursor: str | None = None
    last_run_key: str | None = None
    since_us: int = 0
    last_started_us: int = 0


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one evaluation asks for. `view` are the partitions that there are for its runs, those that it added among them.

    `cursor` and `last_run_key` are what the next evaluation is told. `events` are what the function wrote, and facts that it reports.
    `backfill` are partitions that conditions want made together, under `tags`; `conditions` say of each asset with a condition whether it
    is asked for, or what does not hold. `also` are other effects in words.
    """

    view: PartitionsView
    decided: tuple[Decided, ...] = ()
    targets: tuple[AutomationTarget, ...] = ()
    skipped: str = ""
    cursor: str | None = None
    last_run_key: str | None = None
    events: tuple[Event, ...] = ()
    backfill: Mapping[AssetKey, OrdinalSet] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    conditions: tuple[tuple[str, bool, str], ...] = ()
    also: tuple[str, ...] = ()


class Evaluator:
    """A scope that is only looked at. `log_lines` are what functions logged since they were last taken, whether they failed or not."""

    def __init__(self, scope: Scope, *, keeps_texts: bool = False) -> None:
        remember_named(os.environ)
        self.scope, self._store = looking_at(scope, keeps_texts=keeps_texts)
        self._definitions = self.scope.location.definitions
        self._names = (None, scope.location.name, instigator_id(scope, "schedule", "").location)
        self._taken = 0
        self._lines: list[str] = []

    def take_log_lines(self) -> tuple[str, ...]:
        """What was logged since, secrets masked."""
        lines, self._lines = self._lines, []
        return tuple(map(mask_secrets, lines))

    def schedule(self, definition: ScheduleDefinition, at: datetime, now: datetime) -> Evaluation:
        """One tick. What its function, or reading what it gave, raises is raised."""
        self._begin()
        context = ScheduleEvaluationContext(
            instance=self.scope.instance, scheduled_execution_time=at, resources=self.scope.resources, definitions=self._definitions,
            schedule_name=definition.name,
        )  # fmt: skip
        with context:
            try:
                data = definition.evaluate_tick(context)
            finally:
                self._lines += context.log_lines
        tick = context.scheduled_execution_time
        decided = decide_schedule_requests(data.run_requests, definition.name, tick, self._known_of_tick(definition.name, tick))
        return Evaluation(
            self.scope.instance.partitions_view(max(tick, now)),
            decided,
            (definition.target,) if definition.target is not None else (),
            mask_secrets(data.skip_message or ""),
            last_run_key=last_run_key(data.run_requests, None),
            events=self._events(),
        )

    def sensor(self, definition: Any, moment: SensorMoment) -> Evaluation:
        """One evaluation of a sensor of any kind. What its function, or reading what it gave, raises is raised."""
        self._begin()
        if isinstance(definition, AutomationConditionSensorDefinition):
            return self._automation(definition, moment)
        context = SensorEvaluationContext(
            instance=self.scope.instance, cursor=moment.cursor, resources=self.scope.resources, definitions=self._definitions,
            sensor_name=definition.name, last_run_key=moment.last_run_key, last_tick_completion_time=_seconds(moment.last_started_us),
            last_sensor_start_time=_seconds(moment.since_us),
        )  # fmt: skip
        lines = context.log_lines
        with context:
            try:
                data: SensorExecutionData = definition.evaluate_tick(context)
                lines = list(data.log_lines)  # those of its calls for single runs are among them
            finally:
                self._lines += lines
        if data.cursor is not None and len(data.cursor) > LONGEST_CURSOR:
            raise InvariantViolationError(
                f"sensor '{definition.name}' leaves a cursor of {len(data.cursor):,} characters; at most {LONGEST_CURSOR:,} are kept. Keep "
                "what is long elsewhere (an asset, a file) and leave its name."
            )
        self._note(data)
        reported = tuple(AssetReported(_us(moment.now), fact) for fact in data.asset_events)
        return Evaluation(
            self.scope.instance.partitions_view(moment.now),
            decide_sensor_requests(data.run_requests, definition.name, self._known_keys(definition.name, data.run_requests)),
            tuple(definition.targets),
            mask_secrets(data.skip_message or ""),
            data.cursor,
            last_run_key(data.run_requests, moment.last_run_key),
            (*self._events(), *reported),
            also=_reactions(data),
        )

    def _automation(self, definition: AutomationConditionSensorDefinition, moment: SensorMoment) -> Evaluation:
        result, asked, space = evaluate_sensor(self.scope, definition, moment.cursor, now=moment.now)
        conditions, also = [], []
        for entity, node in sorted(result.nodes.items(), key=lambda item: str(item[0])):
            ordinals = result.requested.get(entity)
            own = space.partitions_def(entity)
            keys = short_list(own.keys_of(ordinals, space.view.table)) if own is not None and ordinals else ""
            error = result.errors.get(entity)
            why = error or (keys or "asked for" if ordinals else unmet(node))
            conditions.append((str(entity), bool(ordinals), mask_secrets(why)))
        for entity, error in sorted(result.errors.items(), key=lambda item: str(item[0])):
            also.append(mask_secrets(f"the condition of {entity} could not be evaluated: {error}"))
        return Evaluation(
            space.view,
            tuple(Decided(request, "new") for request in asked.runs),
            (),
            "" if asked.runs or asked.backfill else "no condition is true",
            dumps(result.cursor),
            moment.last_run_key,
            self._events(),
            asked.backfill,
            {**definition.tags, **definition.run_tags},
            tuple(conditions),
            tuple(also),
        )

    # -- what is known -----------------------------------------------------------------------------------------------------

    def _known_of_tick(self, name: str, at: datetime) -> dict[str | None, RunRecord]:
        return {run.tags.get(RUN_KEY_TAG): run for run in self._runs(schedule_run_tags(name, at))}

    def _known_keys(self, name: str, requests: Sequence[RunRequest]) -> dict[str, RunRecord]:
        found: dict[str, RunRecord] = {}
        for key in run_keys_of(requests):
            run = next(self._runs(sensor_run_tags(name, key)), None)
            if run is not None:
                found[key] = run
        return found

    def _runs(self, tags: Mapping[str, str]) -> Iterator[RunRecord]:
        """All stored runs with these tags that are of this location: another one may have a schedule or sensor of the same name."""
        before: str | None = None
        while True:
            page = self.scope.instance.reader.runs(RunQuery(tags=tags, before=before, limit=_PAGE))
            yield from (run for run in page.items if run.location in self._names)
            before = page.cursor
            if before is None:
                return

    # -- what is written ---------------------------------------------------------------------------------------------------

    def _note(self, data: SensorExecutionData) -> None:
        """Let partitions that an evaluation adds and deletes be there for its runs."""
        for one in data.dynamic_partitions_requests:
            if isinstance(one, AddDynamicPartitionsRequest):
                self.scope.instance.add_dynamic_partitions(one.partitions_def_name, one.partition_keys)
                continue
            for key in one.partition_keys:
                self.scope.instance.delete_dynamic_partition(one.partitions_def_name, key)

    def _begin(self) -> None:
        """Forget what an evaluation that failed wrote."""
        del self._store.written[self._taken :]

    def _events(self) -> tuple[Event, ...]:
        """What was written since the evaluation before."""
        events, self._taken = self._store.written[self._taken :], len(self._store.written)
        return tuple(events)


def effects_text(events: Sequence[Event]) -> tuple[str, ...]:
    """What an evaluation writes beside its runs, in words."""
    said = [f"adds {_keys(event)} to '{event.name}'" for event in events if isinstance(event, PartitionsAdded)]
    said += [f"deletes {_keys(event)} from '{event.name}'" for event in events if isinstance(event, PartitionsDeleted)]
    reported = sum(isinstance(event, AssetReported) for event in events)
    said += [f"reports {counted(reported, 'fact')} about assets"] if reported else []
    others = sum(not isinstance(event, (PartitionsAdded, PartitionsDeleted, AssetReported)) for event in events)
    return (*said, *([f"records {counted(others, 'more fact')}"] if others else []))


def short_list(words: Sequence[str], most: int = 5) -> str:
    """The first of many words.

    >>> short_list(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    return ", ".join(words[:most]) + (f" and {len(words) - most} more" if len(words) > most else "")


def unmet(node: ConditionNode, *, is_whole: bool = True) -> str:
    """The part of a condition that does not hold and keeps it from asking, in words. A part with a label is named by it."""
    if not node.parts or (node.label is not None and not is_whole):
        return f"not: {node.label or node.name}"
    false = [part for part in node.parts if not part.true]
    if _is_or(node) and len(false) > 1:
        return "none of: " + "; ".join(part.label or part.name for part in false)
    return unmet(false[0], is_whole=False) if false else f"not: {node.label or node.name}"


def _is_or(node: ConditionNode) -> bool:
    return len(node.parts) > 1 and f"{node.parts[0].name} | " in node.name


def _reactions(data: SensorExecutionData) -> tuple[str, ...]:
    failed = next((one for one in data.run_reactions if one.error), None)
    also = [f"its function was called for {counted(len(data.run_reactions), 'run')}"] if data.run_reactions else []
    also += [f"it failed for run {failed.run_id[:8]}: {mask_secrets(failed.error or '')}"] if failed is not None else []
    return tuple(also)


def _keys(event: PartitionsAdded | PartitionsDeleted) -> str:
    return short_list([ref.key for ref in event.partitions])


def _seconds(at_us: int) -> float | None:
    return at_us / 1_000_000 if at_us else None


def _us(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)
