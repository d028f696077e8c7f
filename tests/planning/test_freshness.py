"""Freshness policies: verdicts at every edge."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbasset import AssetSpec, FreshnessPolicy, FreshnessState, InvalidDefinitionError, apply_freshness_policy, asset
from nbasset.definitions.catalog import CatalogAsset
from nbasset.events.facts import AssetMaterialized, AssetObserved
from nbasset.events.records import AssetRecord
from nbasset.keys import AssetKey
from nbasset.metadata import MetadataValue
from nbasset.planning.freshness import freshness, freshness_of

HOUR = timedelta(hours=1)
NOW = datetime(2024, 1, 10, 12, tzinfo=UTC)
WINDOW = FreshnessPolicy.time_window(fail_window=24 * HOUR, warn_window=12 * HOUR)
BY_TEN = FreshnessPolicy.cron(deadline_cron="0 10 * * *", lower_bound_delta=HOUR)


@pytest.mark.parametrize(
    ("age", "state"),
    [
        (0 * HOUR, "PASS"),
        (12 * HOUR, "PASS"),
        (12 * HOUR + timedelta(microseconds=1), "WARN"),
        (24 * HOUR, "WARN"),
        (24 * HOUR + timedelta(microseconds=1), "FAIL"),
    ],
)
def test_the_age_decides_within_a_time_window_and_the_ends_belong_to_it(age: timedelta, state: str) -> None:
    assert freshness(WINDOW, NOW - age, NOW).state is FreshnessState[state]


def test_without_a_policy_or_an_update_there_is_no_verdict() -> None:
    assert freshness(None, NOW, NOW).state is FreshnessState.NOT_APPLICABLE
    assert freshness(WINDOW, None, NOW).state is FreshnessState.UNKNOWN


@pytest.mark.parametrize(
    ("updated", "state"),
    [("2024-01-10T09:00", "PASS"), ("2024-01-10T08:59", "FAIL"), ("2024-01-10T11:59", "PASS"), ("2024-01-09T10:00", "FAIL")],
)
def test_at_a_deadline_data_of_the_span_before_it_must_be_there(updated: str, state: str) -> None:
    found = freshness(BY_TEN, datetime.fromisoformat(updated).replace(tzinfo=UTC), NOW)
    assert found.state is FreshnessState[state]


def test_before_the_deadline_yesterdays_data_still_passes_until_it() -> None:
    found = freshness(BY_TEN, NOW.replace(day=9, hour=9, minute=30), NOW.replace(hour=9, minute=59))
    assert (found.state, found.changes_at) == (FreshnessState.PASS, NOW.replace(hour=10))


def test_a_deadline_is_on_the_clock_of_its_zone() -> None:
    policy = FreshnessPolicy.cron(deadline_cron="0 10 * * *", lower_bound_delta=HOUR, timezone="America/New_York")
    updated = datetime(2024, 1, 10, 14, 30, tzinfo=UTC)
    assert freshness(policy, updated, datetime(2024, 1, 10, 15, 1, tzinfo=UTC)).state is FreshnessState.PASS
    assert freshness(policy, updated, datetime(2024, 1, 11, 15, 1, tzinfo=UTC)).state is FreshnessState.FAIL


def test_how_long_it_has_failed_is_known() -> None:
    assert freshness(WINDOW, NOW - 30 * HOUR, NOW).overdue_s == 6 * 3600
    assert freshness(BY_TEN, NOW - 30 * HOUR, NOW).overdue_s == 2 * 3600


@given(st.timedeltas(timedelta(0), timedelta(days=3)), st.timedeltas(timedelta(0), timedelta(days=3)), st.sampled_from([WINDOW, BY_TEN]))
def test_the_verdict_changes_exactly_when_it_is_said_to(age: timedelta, later: timedelta, policy: FreshnessPolicy) -> None:
    updated = NOW - age
    found = freshness(policy, updated, NOW)
    then = freshness(policy, updated, NOW + later)
    if found.changes_at is None or NOW + later < found.changes_at:
        assert then.state is found.state
    elif NOW + later > found.changes_at:
        assert then.state is not found.state


def test_an_assets_own_record_and_policy_are_measured() -> None:
    spec = AssetSpec("a", freshness_policy=WINDOW)
    made = AssetRecord(AssetKey("a"), at_us=round((NOW - HOUR).timestamp() * 1e6), materialization=AssetMaterialized(AssetKey("a")))
    assert freshness_of(CatalogAsset(spec), made, NOW).state is FreshnessState.PASS
    told = {"nbasset/last_updated_timestamp": MetadataValue.timestamp((NOW - 13 * HOUR).timestamp())}
    seen = AssetRecord(AssetKey("a"), observed_us=round(NOW.timestamp() * 1e6), observation=AssetObserved(AssetKey("a"), metadata=told))
    assert freshness_of(CatalogAsset(spec), seen, NOW).state is FreshnessState.WARN
    assert freshness_of(CatalogAsset(spec), None, NOW).state is FreshnessState.UNKNOWN


def test_a_policy_is_given_to_many_assets_at_once_or_only_where_there_is_none() -> None:
    @asset(freshness_policy=BY_TEN)
    def own() -> int:
        return 1

    assert apply_freshness_policy(own, WINDOW).get_asset_spec().freshness_policy is WINDOW  # type: ignore[union-attr]
    kept = apply_freshness_policy(own.get_asset_spec(), WINDOW, overwrite_existing=False)
    assert isinstance(kept, AssetSpec)
    assert kept.freshness_policy is BY_TEN


def test_policies_that_cannot_be_kept_are_refused() -> None:
    for text, make in (
        ("under a minute", lambda: FreshnessPolicy.time_window(fail_window=timedelta(seconds=1))),
        ("must be shorter than fail_window", lambda: FreshnessPolicy.time_window(fail_window=HOUR, warn_window=HOUR)),
        ("longer than the 1:00:00 between two ticks", lambda: FreshnessPolicy.cron(deadline_cron="@hourly", lower_bound_delta=2 * HOUR)),
        ("does not fire|cannot be read|minute", lambda: FreshnessPolicy.cron(deadline_cron="x", lower_bound_delta=HOUR)),
    ):
        with pytest.raises(InvalidDefinitionError, match=text):
            make()
