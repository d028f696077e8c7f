"""Dynamic partition keys that a run adds, wherever its steps run, and the partitions that are made of them afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nbasset.arguments.options import BackfillArguments
from nbasset.commands.backfill import launch_backfill, plan_of
from nbasset.commands.backfill_driver import drive
from nbasset.commands.carrying_out import Manner, carry_out
from nbasset.commands.planning import Wish, make_plan
from nbasset.commands.scope import Scope
from nbasset.events.kinds import PartitionsAdded
from nbasset.instance import Instance
from nbasset.keys import AssetKey
from nbasset.locations.module import load_module_file

CODE = """
import os

from nbasset import DynamicPartitionsDefinition, asset

CUSTOMERS = DynamicPartitionsDefinition(name="customers")


@asset
def found(context) -> int:
    context.add_dynamic_partitions("customers", ["acme", "b/c", "a,b"])
    return os.getpid()


@asset
def told_to_the_instance(context) -> bool:
    context.instance.add_dynamic_partitions("customers", ["direct"])
    return context.instance.has_dynamic_partition("customers", "direct")


@asset
def broken(context):
    context.add_dynamic_partitions("customers", ["never"])
    raise ValueError("no")


@asset(partitions_def=CUSTOMERS)
def orders(context) -> list[str]:
    return [context.partition_key]


@asset
def summary(orders: dict[str, list[str]]) -> list[str]:
    return sorted(orders)
"""


@pytest.fixture
def scope(tmp_path: Path) -> Iterator[Scope]:
    """A module that finds customers, in a home of its own."""
    (tmp_path / "customers.py").write_text(CODE)
    (tmp_path / "nbasset.toml").touch()
    with Instance.open(tmp_path) as instance:
        yield Scope(load_module_file(tmp_path / "customers.py", home=tmp_path), instance)


def run(scope: Scope, selection: str, executor: str) -> bool:
    planned = make_plan(scope, Wish(selection))
    return carry_out(scope, planned.plan, planned.standing.view, Manner(executor=executor, echo=False)).success


@pytest.mark.parametrize("executor", ["inline", "processes"])
def test_keys_that_a_step_adds_are_there_when_it_has_ended_and_can_be_made(scope: Scope, executor: str) -> None:
    assert run(scope, "found", executor)
    assert scope.instance.get_dynamic_partitions("customers") == ["acme", "b/c", "a,b"]
    planned = plan_of(scope, BackfillArguments("orders+", all=True))
    status = drive(scope, launch_backfill(scope, planned), Manner(executor=executor, echo=False))
    assert (status.success, status.text(AssetKey("orders"), "done")) == (True, 'acme.."a,b"')
    assert scope.instance.load_asset_value(scope.resolved, AssetKey("summary")) == ["a,b", "acme", "b/c"]


def test_a_step_in_a_worker_process_may_tell_the_instance_itself(scope: Scope) -> None:
    assert run(scope, "told_to_the_instance", "processes")
    assert scope.instance.has_dynamic_partition("customers", "direct")


def test_keys_of_a_step_that_failed_in_a_worker_process_are_not_added(scope: Scope) -> None:
    assert not run(scope, "broken", "processes")
    assert scope.instance.get_dynamic_partitions("customers") == []


def test_keys_are_added_by_the_event_that_ends_the_step_and_deleted_by_the_instance(scope: Scope) -> None:
    assert run(scope, "found", "processes")
    added = [entry.event for entry in scope.instance.storage.entries(after=0) if isinstance(entry.event, PartitionsAdded)]
    assert [[ref.key for ref in event.partitions] for event in added] == [["acme", "b/c", "a,b"]]
    scope.instance.delete_dynamic_partition("customers", "b/c")
    assert plan_of(scope, BackfillArguments("orders", all=True)).estimate.partitions == 2


def test_a_backfill_keeps_to_the_keys_that_there_were_when_it_was_asked_for(scope: Scope) -> None:
    assert run(scope, "found", "inline")
    backfill_id = launch_backfill(scope, plan_of(scope, BackfillArguments("orders", all=True)))
    scope.instance.add_dynamic_partitions("customers", ["later"])
    status = drive(scope, backfill_id, Manner(echo=False))
    assert (status.success, status.total) == (True, 3)
