"""How fresh data is, measured against a freshness policy: a pure function of policy, newest update and time."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import CatalogAsset
from nbasset.definitions.cron import next_tick, previous_tick
from nbasset.definitions.policies import FreshnessPolicy
from nbasset.events.records import AssetRecord
from nbasset.serde import serializable

LAST_UPDATED = "nbasset/last_updated_timestamp"
"""Observation metadata by which an outside asset tells when it was last updated: seconds since 1970."""


@serializable
class FreshnessState(Enum):
    """The verdict of a freshness policy. UNKNOWN: never updated; NOT_APPLICABLE: no policy.

    >>> FreshnessState("WARN")
    <FreshnessState.WARN: 'WARN'>
    """

    PASS = "PASS"  # noqa: S105 - a verdict, no password
    WARN = "WARN"
    FAIL = "FAIL"
    UNKNOWN = "UNKNOWN"
    NOT_APPLICABLE = "NOT_APPLICABLE"


@dataclass(frozen=True, slots=True)
class Freshness:
    """How fresh an asset is. `changes_at` is when it gets worse if nothing is updated until then; `overdue_s` how long it has failed."""

    state: FreshnessState
    updated_at: datetime | None = None
    changes_at: datetime | None = None
    overdue_s: float = 0.0


def freshness(policy: FreshnessPolicy | None, updated_at: datetime | None, now: datetime) -> Freshness:
    """The verdict of a policy at `now`, for data last updated at `updated_at`.

    Within a time window the age decides; exactly as old as the window is still within it. With a deadline the last tick of its cron
    decides: data from `lower_bound_delta` before it, or later, passes until the next tick.

    >>> from datetime import UTC
    >>> policy = FreshnessPolicy.time_window(fail_window=timedelta(hours=24), warn_window=timedelta(hours=12))
    >>> freshness(policy, datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, 13, tzinfo=UTC)).state
    <FreshnessState.WARN: 'WARN'>
    """
    if policy is None:
        return Freshness(FreshnessState.NOT_APPLICABLE, updated_at)
    if updated_at is None:
        return Freshness(FreshnessState.UNKNOWN)
    if policy.deadline_cron is not None:
        return _by_deadline(policy, policy.deadline_cron, updated_at, now)
    return _by_age(policy, updated_at, now)


def freshness_of(asset: CatalogAsset, record: AssetRecord | None, now: datetime) -> Freshness:
    """The verdict of an asset's own policy on its record."""
    return freshness(asset.spec.freshness_policy, updated_at(record, now), now)


def updated_at(record: AssetRecord | None, now: datetime) -> datetime | None:
    """When an asset was last made, or last seen from outside; what it tells of itself (`LAST_UPDATED`) goes before when it was seen."""
    moments = []
    if record is not None and record.materialization is not None:
        moments.append(record.at_us / 1_000_000)
    if record is not None and record.observation is not None:
        told = record.observation.metadata.get(LAST_UPDATED)
        seen = record.observed_us / 1_000_000
        moments.append(float(told.value) if told is not None and isinstance(told.value, (int, float)) else seen)
    return datetime.fromtimestamp(max(moments), now.tzinfo) if moments else None


def _by_age(policy: FreshnessPolicy, updated: datetime, now: datetime) -> Freshness:
    fails = updated + timedelta(seconds=policy.fail_window_s or 0.0)
    warns = updated + timedelta(seconds=policy.warn_window_s) if policy.warn_window_s is not None else None
    if now > fails:
        return Freshness(FreshnessState.FAIL, updated, None, (now - fails).total_seconds())
    if warns is not None and now > warns:
        return Freshness(FreshnessState.WARN, updated, fails)
    return Freshness(FreshnessState.PASS, updated, warns or fails)


def _by_deadline(policy: FreshnessPolicy, cron: str, updated: datetime, now: datetime) -> Freshness:
    deadline = previous_tick(cron, policy.timezone, now + timedelta(microseconds=1))
    if updated < deadline - timedelta(seconds=policy.lower_bound_delta_s or 0.0):
        return Freshness(FreshnessState.FAIL, updated, None, (now - deadline).total_seconds())
    at = next_tick(cron, policy.timezone, now)
    while updated >= at - timedelta(seconds=policy.lower_bound_delta_s or 0.0):
        at = next_tick(cron, policy.timezone, at)
    return Freshness(FreshnessState.PASS, updated, at)
