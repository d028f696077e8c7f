"""Which versions may go: never a current or referenced one, the oldest first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from nbasset.io_managers.parquet import ParquetIOManager
from nbasset.io_managers.protocol import build_output_context
from nbasset.io_managers.publishing import StoredVersion
from nbasset.io_managers.versions import Retention, Version, abandoned_stages, plan_retention, unknown_versions, version_as_of
from nbasset.keys import AssetKey

A = AssetKey("a")
VERSIONS = st.lists(
    st.builds(
        Version,
        version_id=st.uuids().map(str),
        asset=st.sampled_from([A, AssetKey("b")]),
        partition=st.sampled_from([None, "x", "y"]),
        written_us=st.integers(0, 100_000_000),
        size_bytes=st.integers(0, 50),
        is_current=st.booleans(),
        is_referenced=st.booleans(),
    ),
    max_size=25,
)
RULES = st.builds(
    Retention,
    keep=st.none() | st.integers(0, 4),
    max_age_s=st.none() | st.floats(0, 100),
    max_bytes=st.none() | st.integers(0, 300),
)


@given(VERSIONS, RULES)
def test_current_and_referenced_versions_never_go(versions: list[Version], rule: Retention) -> None:
    going = plan_retention(versions, rule, now_us=100_000_000)
    assert not {one.version_id for one in versions if one.is_current or one.is_referenced} & set(going)
    assert len(set(going)) == len(going)


@given(VERSIONS, RULES)
def test_what_stays_keeps_the_rule_and_nothing_more_goes_afterwards(versions: list[Version], rule: Retention) -> None:
    going = set(plan_retention(versions, rule, now_us=100_000_000))
    staying = [one for one in versions if one.version_id not in going]
    free = [one for one in staying if not one.is_current and not one.is_referenced]
    if rule.max_age_s is not None:
        assert all(100_000_000 - one.written_us <= rule.max_age_s * 1_000_000 for one in free)
    if rule.max_bytes is not None:
        assert not free or sum(one.size_bytes for one in staying if not one.is_current) <= rule.max_bytes
    assert plan_retention(staying, rule, now_us=100_000_000) == ()


def test_five_earlier_versions_of_each_partition_are_kept_by_default() -> None:
    made = [Version(f"{part}{at}", A, part, at, 1, is_current=at == 9) for part in "xy" for at in range(10)]
    assert plan_retention(made, Retention(), now_us=10) == ("x0", "y0", "x1", "y1", "x2", "y2", "x3", "y3")


def test_a_size_limit_takes_the_oldest_of_all() -> None:
    made = [Version(f"v{at}", A, str(at), at, 10) for at in range(5)]
    assert plan_retention(made, Retention(max_bytes=25), now_us=0) == ("v0", "v1", "v2")
    assert plan_retention([replace(made[0], is_referenced=True), *made[1:]], Retention(max_bytes=25), now_us=0) == ("v1", "v2", "v3")


def test_the_version_of_a_moment_is_the_newest_by_then() -> None:
    made = [Version("v1", A, "x", 10, 1), Version("v2", A, "x", 20, 1), Version("other", A, "y", 15, 1)]
    assert [getattr(version_as_of(made, A, "x", at_us=at), "version_id", None) for at in (5, 10, 19, 20, 99)] == [
        None,
        "v1",
        "v1",
        "v2",
        "v2",
    ]


def test_what_a_crash_left_is_found_once_it_is_old_enough(tmp_path: Path) -> None:
    manager = ParquetIOManager(tmp_path)
    one, two = (manager.stage(build_output_context(asset_key="a"), [number]) for number in (1, 2))
    manager.publish(one, None)
    manager.publish(two, None)
    staged = manager.stage(build_output_context(asset_key="a"), [3])
    later = 10**18
    assert [found.version_id for found in unknown_versions(manager.folder.versions(), [], older_than_us=later)] == [one.version_id]
    assert unknown_versions(manager.folder.versions(), [one.version_id], older_than_us=later) == ()
    assert [found.version_id for found in abandoned_stages(manager.folder.leftovers(), [], older_than_us=later)] == [staged.version_id]
    assert abandoned_stages(manager.folder.leftovers(), [staged.version_id], older_than_us=later) == ()
    assert abandoned_stages([StoredVersion("v", 1, 50)], [], older_than_us=50) == ()
