"""``schedule list`` and ``sensor list``: what is defined, as data and as text. Nothing of the user's is called."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from nbasset.commands.forecast_facts import target_text
from nbasset.commands.forecast_words import crons_text, moment_text, status_text
from nbasset.commands.scope import Scope
from nbasset.commands.words import columns
from nbasset.dataclass import dataclass
from nbasset.definitions.catalog_instigators import CatalogSchedule, CatalogSensor
from nbasset.definitions.local_time import zone_of
from nbasset.planning.ticks import next_due
from nbasset.serde import Json


@dataclass(frozen=True, slots=True)
class ListedSchedule:
    """A schedule and its next tick, on its clock."""

    schedule: CatalogSchedule
    next_at: datetime | None = None

    def to_json(self) -> Json:
        """Plain data."""
        one = self.schedule
        return {
            "name": one.name, "crons": list(one.crons), "timezone": one.timezone, "default_status": one.default_status.value,
            "target": target_text([one.target]), "next": self.next_at.isoformat() if self.next_at is not None else None,
            "description": one.description, "tags": dict(one.tags), "owners": list(one.owners), "place": one.place,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class ListedSensor:
    """A sensor."""

    sensor: CatalogSensor

    def to_json(self) -> Json:
        """Plain data."""
        one = self.sensor
        return {
            "name": one.name, "kind": one.kind, "interval_s": one.minimum_interval_s, "default_status": one.default_status.value,
            "target": target_text(one.targets), "monitored": [str(key) for key in one.monitored],
            "description": one.description, "tags": dict(one.tags), "owners": list(one.owners), "place": one.place,
        }  # fmt: skip


def list_schedules(scope: Scope) -> tuple[ListedSchedule, ...]:
    """The schedules of the scope, by name."""
    now = scope.view().now
    found = []
    for schedule in sorted(scope.catalog.schedules, key=lambda one: one.name):
        following = next_due(schedule, now)
        at = zone_of(schedule.timezone).datetime(int(following.timestamp())) if following is not None else None
        found.append(ListedSchedule(schedule, at))
    return tuple(found)


def list_sensors(scope: Scope) -> tuple[ListedSensor, ...]:
    """The sensors of the scope, by name; the one that evaluates conditions where no other does is among them."""
    return tuple(ListedSensor(sensor) for sensor in sorted(scope.catalog.sensors, key=lambda one: one.name))


def schedule_rows(listed: Sequence[ListedSchedule]) -> list[tuple[str, ...]]:
    """Name, when, what it starts, next tick, whether it is on."""
    return [
        (
            one.schedule.name, crons_text(one.schedule), target_text([one.schedule.target]),
            moment_text(one.next_at) if one.next_at is not None else "never", status_text(one.schedule.default_status.value == "RUNNING"),
        )
        for one in listed
    ]  # fmt: skip


def sensor_rows(listed: Sequence[ListedSensor]) -> list[tuple[str, ...]]:
    """Name, kind, how often, what it starts, whether it is on."""
    return [
        (
            one.sensor.name, one.sensor.kind.replace("_", " "), f"every {one.sensor.minimum_interval_s} s", target_text(one.sensor.targets),
            status_text(one.sensor.default_status.value == "RUNNING"),
        )
        for one in listed
    ]  # fmt: skip


def schedules_text(listed: Sequence[ListedSchedule]) -> str:
    """The list as plain text."""
    return columns(schedule_rows(listed)) or "no schedules"


def sensors_text(listed: Sequence[ListedSensor]) -> str:
    """The list as plain text."""
    return columns(sensor_rows(listed)) or "no sensors"
