"""What an interface without the user's code asks the location's process of schedules and sensors: what one tick would come to.

Nothing is started and nothing is written: these are the evaluations of `forecast`, as plain data.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from nbasset.commands.automation import evaluate_sensor
from nbasset.commands.evaluations import Evaluator
from nbasset.commands.forecast import evaluate_schedule, sensor_forecast
from nbasset.commands.forecast_facts import Asked
from nbasset.commands.scope import Scope
from nbasset.dataclass import dataclass
from nbasset.definitions.automation_sensors import AutomationConditionSensorDefinition
from nbasset.events.facts import CheckKey, ErrorInfo
from nbasset.keys import AssetKey
from nbasset.planning.automation_state import ConditionNode, JobKey
from nbasset.serde import Json, serializable


@serializable
@dataclass(frozen=True, slots=True)
class AskedTick:
    """A tick to evaluate: of a schedule at a moment (0: its next one), or of a sensor at a cursor (None: where its ticks have got to)."""

    name: str
    at_us: int = 0
    cursor: str | None = None


@serializable
@dataclass(frozen=True, slots=True)
class WouldRun:
    """A run that would be asked for. `problem` is why it could not begin, `ran` the run that has spent its key."""

    run_key: str | None
    tags: Mapping[str, str]
    config: Json
    job: str | None = None
    partition: str | None = None
    assets: tuple[AssetKey, ...] = ()
    ran: str | None = None
    problem: str = ""


@serializable
@dataclass(frozen=True, slots=True)
class WouldBe:
    """What a tick would come to."""

    at_us: int
    runs: tuple[WouldRun, ...] = ()
    skipped: str = ""
    error: ErrorInfo | None = None
    cursor: str | None = None
    also: tuple[str, ...] = ()
    log_lines: tuple[str, ...] = ()


@serializable
@dataclass(frozen=True, slots=True)
class ConditionStanding:
    """How the condition of one asset, check or job stands: its parts as they were evaluated, and how many are asked for.

    `evaluation` is the number of the sensor's last evaluation.
    """

    entity: AssetKey | CheckKey | JobKey
    node: ConditionNode
    requested: int
    evaluation: int
    at_us: int
    is_partitioned: bool = False


def schedule_tick(scope: Scope, asked: AskedTick) -> WouldBe:
    """What a tick of a schedule would ask for.

    Raises
    ------
    UnknownJob
        If there is no such schedule.
    InvalidInvocationError
        If it has no next tick.
    """
    at = datetime.fromtimestamp(asked.at_us / 1_000_000, UTC).isoformat() if asked.at_us else ""
    return _told(evaluate_schedule(scope, asked.name, at=at).ticks[0])


def sensor_tick(scope: Scope, asked: AskedTick) -> WouldBe:
    """What an evaluation of a sensor would ask for now.

    Raises
    ------
    UnknownJob
        If there is no such sensor.
    """
    return _told(sensor_forecast(scope, asked.name, cursor=asked.cursor).asked)


def conditions(scope: Scope, sensor: AskedTick) -> tuple[ConditionStanding, ...]:
    """How the conditions of an automation sensor stand now, at its cursor.

    Raises
    ------
    InvariantViolationError
        If the cursor is none of an automation sensor.
    """
    definition = scope.resolved.sensors.get(sensor.name)
    if not isinstance(definition, AutomationConditionSensorDefinition):
        return ()
    looked_at = Evaluator(scope).scope
    result, _, space = evaluate_sensor(looked_at, definition, sensor.cursor, now=scope.view().now)
    at = result.cursor.at or space.view.now
    return tuple(
        ConditionStanding(
            entity, node, len(result.requested.get(entity, ())), result.cursor.evaluation, round(at.timestamp() * 1_000_000),
            space.partitions_def(entity) is not None,
        )
        for entity, node in result.nodes.items()
    )  # fmt: skip


def _told(asked: Asked) -> WouldBe:
    runs = tuple(
        WouldRun(
            one.run_key, dict(one.tags or {}), one.run_config, one.job, one.partition, tuple(key for key, _ in one.assets),
            str(one.ran) if one.ran is not None else None, one.problem,
        )
        for one in asked.runs
    )  # fmt: skip
    return WouldBe(
        round(asked.at.timestamp() * 1_000_000), runs, asked.skipped, asked.error, asked.cursor, tuple(asked.also), tuple(asked.log_lines)
    )
