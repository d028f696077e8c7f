"""Runs and assets of an instance under the names of the field."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nbasset import AssetKey, Instance, InvalidInvocationError, RunsFilter, asset, materialize
from nbasset.errors import UnknownRun


@asset
def orders():
    return [1]


@pytest.fixture(params=["memory", "disk"])
def instance(request: pytest.FixtureRequest) -> Iterator[Instance]:
    made = Instance.ephemeral() if request.param == "memory" else Instance.local_temp()
    with made as one:
        yield one


def test_tags_are_added_to_a_run_that_is_over(instance: Instance) -> None:
    run_id = materialize([orders], instance=instance, tags={"team": "a", "kept": "yes"}).run_id

    instance.add_run_tags(run_id, {"team": "b"})
    instance.add_run_tags(run_id, {"seen": "1"})

    run = instance.get_run_by_id(run_id)
    assert run is not None
    assert {key: run.tags[key] for key in ("team", "kept", "seen")} == {"team": "b", "kept": "yes", "seen": "1"}
    assert run.status == "success"
    counts = [instance.get_runs_count(RunsFilter(tags=tags)) for tags in ({"team": "a"}, {"team": "b"}, {"seen": "1", "kept": "yes"})]
    assert counts == [0, 1, 1]


def test_added_tags_are_there_when_the_store_is_opened_again() -> None:
    with Instance.local_temp() as instance:
        run_id = materialize([orders], instance=instance).run_id
        instance.add_run_tags(run_id, {"seen": "1"})
        instance.storage.close()
        run = Instance(instance.home).get_run_by_id(run_id)

    assert run is not None
    assert run.tags["seen"] == "1"


def test_a_run_that_nobody_knows_cannot_be_tagged(instance: Instance) -> None:
    with pytest.raises(UnknownRun, match="nope"):
        instance.add_run_tags("nope", {"a": "b"})
    with pytest.raises(UnknownRun, match="nope"):
        instance.get_run_stats("nope")


def test_statistics_of_a_run(instance: Instance) -> None:
    @asset
    def bad():
        raise ValueError("no")

    run_id = materialize([orders, bad], instance=instance, raise_on_error=False).run_id
    stats = instance.get_run_stats(run_id)

    assert (stats.run_id, stats.steps_succeeded, stats.steps_failed, stats.materializations, stats.expectations) == (run_id, 1, 1, 1, 0)
    assert stats.start_time is not None
    assert stats.end_time is not None
    assert stats.launch_time is not None
    assert stats.launch_time <= stats.start_time <= stats.end_time
    assert stats.enqueued_time is None


def test_runs_come_in_the_order_that_is_asked_for(instance: Instance) -> None:
    ids = [materialize([orders], instance=instance).run_id for _ in range(3)]

    assert [run.run_id for run in instance.get_runs(ascending=True)] == ids
    assert [run.run_id for run in instance.get_runs()] == ids[::-1]
    assert [run.run_id for run in instance.get_run_records(order_by="start_time", ascending=True, limit=2)] == ids[:2]
    assert [run.run_id for run in instance.get_run_records(order_by="end_time")] == ids[::-1]
    assert [run.run_id for run in instance.get_runs(cursor=ids[0], ascending=True)] == ids[1:]
    with pytest.raises(InvalidInvocationError, match="start_time"):
        instance.get_run_records(order_by="start_tim")  # type: ignore[arg-type]


def test_the_entry_of_an_asset_tells_its_newest_events(instance: Instance) -> None:
    run_id = materialize([orders], instance=instance).run_id

    entry = instance.get_asset_records(["orders"])[0].asset_entry

    assert (entry.asset_key, entry.last_run_id, entry.last_observation) == (AssetKey("orders"), run_id, None)
    made = entry.last_materialization
    assert made is not None
    assert made.asset_materialization is not None
    assert made.asset_materialization.asset_key == AssetKey("orders")
    assert made.timestamp > 0


def test_an_asset_of_which_all_was_given_up_is_not_known_until_it_is_made_again(instance: Instance) -> None:
    materialize([orders], instance=instance)
    instance.wipe_assets(["orders"])

    assert (instance.has_asset_key("orders"), instance.get_asset_keys(), instance.get_asset_records()) == (False, [], [])

    materialize([orders], instance=instance)
    assert (instance.has_asset_key("orders"), instance.get_asset_keys()) == (True, [AssetKey("orders")])
