"""``schedule list`` and ``sensor list``: what is defined and whether it is on, as data and as text. Nothing of the user's is called."""

from __future__ import annotations

from collections.abc import Sequence

from nbasset.commands.forecast_facts import target_text
from nbasset.commands.forecast_words import crons_text, moment_text
from nbasset.commands.instigators import InstigatorState, states
from nbasset.commands.scope import Scope
from nbasset.commands.words import columns
from nbasset.dataclass import dataclass
from nbasset.definitions.catalog_instigators import CatalogSchedule, CatalogSensor
from nbasset.serde import Json


@dataclass(frozen=True, slots=True)
class ListedSchedule:
    """A schedule as it is defined and as it stands."""

    schedule: CatalogSchedule
    state: InstigatorState

    def to_json(self) -> Json:
        """Plain data."""
        one = self.schedule
        return {
            "name": one.name, "crons": list(one.crons), "timezone": one.timezone, "default_status": one.default_status.value,
            "target": target_text([one.target]), "description": one.description, "tags": dict(one.tags), "owners": list(one.owners),
            "place": one.place, **self.state.to_json(),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class ListedSensor:
    """A sensor as it is defined and as it stands."""

    sensor: CatalogSensor
    state: InstigatorState

    def to_json(self) -> Json:
        """Plain data."""
        one = self.sensor
        return {
            **self.state.to_json(), "kind": one.kind, "interval_s": one.minimum_interval_s, "default_status": one.default_status.value,
            "target": target_text(one.targets), "monitored": [str(key) for key in one.monitored],
            "description": one.description, "tags": dict(one.tags), "owners": list(one.owners), "place": one.place,
        }  # fmt: skip


def list_schedules(scope: Scope) -> tuple[ListedSchedule, ...]:
    """The schedules of the scope, by name."""
    found = states(scope, "schedule")
    return tuple(ListedSchedule(one, found[one.name]) for one in sorted(scope.catalog.schedules, key=lambda one: one.name))


def list_sensors(scope: Scope) -> tuple[ListedSensor, ...]:
    """The sensors of the scope, by name; the one that evaluates conditions where no other does is among them."""
    found = states(scope, "sensor")
    return tuple(ListedSensor(one, found[one.name]) for one in sorted(scope.catalog.sensors, key=lambda one: one.name))


def schedule_rows(listed: Sequence[ListedSchedule]) -> list[tuple[str, ...]]:
    """Name, when, what it starts, whether it is on and who said so, last tick, next tick: the next one that counts, if it is on."""
    return [
        (
            one.schedule.name, crons_text(one.schedule), target_text([one.schedule.target]), one.state.text, one.state.last_text,
            "" if not one.state.is_on else moment_text(one.state.next_at) if one.state.next_at is not None else "never",
        )
        for one in listed
    ]  # fmt: skip


def sensor_rows(listed: Sequence[ListedSensor]) -> list[tuple[str, ...]]:
    """Name, kind, how often, what it starts, whether it is on and who said so, last evaluation."""
    return [
        (
            one.sensor.name, one.sensor.kind.replace("_", " "), f"every {one.sensor.minimum_interval_s} s", target_text(one.sensor.targets),
            one.state.text, one.state.last_text,
        )
        for one in listed
    ]  # fmt: skip


def schedules_text(listed: Sequence[ListedSchedule]) -> str:
    """The list as plain text."""
    return columns(schedule_rows(listed)) or "no schedules"


def sensors_text(listed: Sequence[ListedSensor]) -> str:
    """The list as plain text."""
    return columns(sensor_rows(listed)) or "no sensors"
