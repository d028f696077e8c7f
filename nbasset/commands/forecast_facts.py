"""What was found out of schedules and sensors by looking ahead, as data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from nbasset.dataclass import dataclass
from nbasset.definitions.catalog_instigators import CatalogSchedule, CatalogSensor
from nbasset.events.facts import ErrorInfo
from nbasset.keys import AssetKey, RunId
from nbasset.serde import Json

_PLAIN_KEY = re.compile(r'key:"([A-Za-z_][\w/]*)"')


@dataclass(frozen=True, slots=True)
class AskedRun:
    """One run that would be started: of a job, or of assets with the keys of their partitions.

    `ran` is the run that has spent its run key, so that this one would not start. `problem` is why it would not begin.
    """

    job: str | None = None
    partition: str | None = None
    assets: tuple[tuple[AssetKey, tuple[str, ...]], ...] = ()
    ops: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    run_key: str | None = None
    run_config: Json = None
    tags: Mapping[str, str] | None = None
    only_stale: bool = False
    ran: RunId | None = None
    problem: str = ""

    @property
    def starts(self) -> bool:
        """Whether a run would come of it."""
        return self.ran is None and not self.problem

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "job": self.job, "partition": self.partition, "assets": {str(key): list(keys) for key, keys in self.assets},
            "ops": list(self.ops), "checks": list(self.checks), "run_key": self.run_key, "run_config": self.run_config,
            "tags": dict(self.tags or {}), "only_stale": self.only_stale, "already_ran": self.ran and str(self.ran),
            "problem": self.problem or None,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What one evaluation asks for, or why nothing: `skipped` says it in words, `error` is that of the function.

    `also` are other effects in words: partitions added, facts reported. `cursor` is what it would leave.
    """

    at: datetime
    runs: tuple[AskedRun, ...] = ()
    skipped: str = ""
    error: ErrorInfo | None = None
    also: tuple[str, ...] = ()
    log_lines: tuple[str, ...] = ()
    cursor: str | None = None

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "at": self.at.isoformat(), "runs": [run.to_json() for run in self.runs], "skipped": self.skipped or None,
            "error": {"text": str(self.error), "place": self.error.place} if self.error is not None else None, "also": list(self.also),
            "log": list(self.log_lines), "cursor": self.cursor,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class ScheduleForecast:
    """The ticks of one schedule that are to come. `more` says that there are others within the time; `next_at` is the next one of all.

    `state` is whether it is on, and who said so.
    """

    schedule: CatalogSchedule
    ticks: tuple[Asked, ...] = ()
    more: bool = False
    next_at: datetime | None = None
    note: str = ""
    is_on: bool = False
    state: str = ""

    def to_json(self) -> Json:
        """Plain data."""
        one = self.schedule
        return {
            "name": one.name, "crons": list(one.crons), "timezone": one.timezone, "default_status": one.default_status.value,
            "is_on": self.is_on, "target": target_text([one.target]), "ticks": [tick.to_json() for tick in self.ticks], "more": self.more,
            "next": self.next_at.isoformat() if self.next_at is not None else None, "note": self.note or None,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class SensorForecast:
    """What one sensor asks for now. `conditions` say of each asset with a condition whether it is asked for, or what does not hold.

    `state` is whether it is on, and who said so.
    """

    sensor: CatalogSensor
    asked: Asked
    conditions: tuple[tuple[str, bool, str], ...] = ()
    is_on: bool = False
    state: str = ""

    def to_json(self) -> Json:
        """Plain data."""
        one = self.sensor
        return {
            "name": one.name, "kind": one.kind, "interval_s": one.minimum_interval_s, "default_status": one.default_status.value,
            "is_on": self.is_on, "target": target_text(one.targets), "evaluation": self.asked.to_json(),
            "conditions": [{"asset": name, "asked": asked, "why": why} for name, asked, why in self.conditions],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Forecast:
    """All of it for one location, as of `now`; schedules until `until`."""

    location: str
    now: datetime
    until: datetime
    schedules: tuple[ScheduleForecast, ...] = ()
    sensors: tuple[SensorForecast, ...] = ()

    @property
    def evaluations(self) -> tuple[Asked, ...]:
        """All ticks and evaluations."""
        return (*(tick for one in self.schedules for tick in one.ticks), *(one.asked for one in self.sensors))

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "location": self.location, "now": self.now.isoformat(), "until": self.until.isoformat(),
            "schedules": [one.to_json() for one in self.schedules], "sensors": [one.to_json() for one in self.sensors],
        }  # fmt: skip


def target_text(targets: Iterable[Any]) -> str:
    """What is started, in words, as it can be typed.

    >>> from nbasset import AssetSelection
    >>> from nbasset.definitions.catalog_instigators import CatalogTarget
    >>> target_text([CatalogTarget("nightly"), CatalogTarget(selection=AssetSelection.keys("orders").downstream())])
    'job nightly, orders+'
    """
    return ", ".join(f"job {one.job}" if one.job is not None else _PLAIN_KEY.sub(r"\1", str(one.selection)) for one in targets if one)
