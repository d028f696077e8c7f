"""Runs in a process of their own: they record themselves, leave fresh assets behind, and can be stopped."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from nbasset.arguments.options import PartitionArguments, RunArguments
from nbasset.commands.background import cancel_run, start_background
from nbasset.commands.planning import make_plan, wish_of
from nbasset.commands.scope import Scope
from nbasset.commands.states import standing
from nbasset.errors import InvalidInvocationError, LocationError, UnknownRun
from nbasset.events.records import RunRecord
from nbasset.instance import Instance
from nbasset.keys import AssetKey, RunId
from nbasset.locations.notebook import load_notebook

HELPERS = (
    "import pandas as pd\nfrom nbasset import asset, DailyPartitionsDefinition, MetadataValue\nLATE = 15\n"
    "def late(delay):\n    return delay > LATE\n"
)
ORDERS = '%%asset orders --group sales\n"""All orders."""\npd.DataFrame({"delay": [1, 20, 30]})'
LATER = "@asset(group_name='sales')\ndef lates(orders: pd.DataFrame) -> pd.DataFrame:\n    return orders[late(orders.delay)]"
DAILY = (
    "@asset(partitions_def=DailyPartitionsDefinition('2013-01-01', end_date='2013-01-06'))\n"
    "def days(context):\n    print('day', context.partition_key)\n    context.log.info('working')\n"
    "    return pd.DataFrame({'d': [context.partition_key]})"
)
SLEEPS = "@asset\ndef sleeps():\n    import time\n    time.sleep(60)"


def scope_of(path: Path) -> Scope:
    instance = Instance.open(path.parent)
    return Scope(load_notebook(path, home=instance.home.root).check(), instance)


def start(scope: Scope, arguments: RunArguments) -> RunId:
    _ = scope.instance.storage
    planned = make_plan(scope, wish_of(arguments, {}))
    return start_background(scope, planned.plan, planned.standing.view)


def ended(instance: Instance, run_id: RunId, wanted: Callable[[RunRecord], bool] = lambda run: run.is_over) -> RunRecord:
    """Wait for what the log says of a run."""
    seq = 0
    for _ in range(600):
        record = instance.storage.run(run_id)
        if record is not None and wanted(record):
            return record
        seq = instance.storage.wait(max(seq, instance.storage.last_seq()), 0.1)
    raise AssertionError(f"the run is {record}")


def test_a_background_run_makes_assets_that_are_fresh_for_who_started_it(write_notebook: Callable[..., Path]) -> None:
    scope = scope_of(write_notebook(HELPERS, ORDERS, LATER, "raise ValueError('scratch')"))
    run_id = start(scope, RunArguments("lates"))
    record = ended(scope.instance, run_id)
    assert (record.status, record.kind, record.owner and record.owner.pid != os.getpid()) == ("success", "background", True)
    states = standing(scope).states
    assert {str(key): state.status for key, state in states.items()} == {"orders": "fresh", "lates": "fresh"}
    assert scope.instance.load_asset_value(scope.resolved, AssetKey("lates")).delay.tolist() == [20, 30]


def test_partitions_and_what_they_print_are_recorded_step_by_step(write_notebook: Callable[..., Path]) -> None:
    scope = scope_of(write_notebook(HELPERS, DAILY))
    run_id = start(scope, RunArguments("days", PartitionArguments("2013-01-02..2013-01-04")))
    record = ended(scope.instance, run_id)
    assert (record.status, record.succeeded) == ("success", 3)
    printed = sorted(path.read_text() for path in (scope.instance.home.runs / run_id / "steps").glob("*.out"))
    assert printed == ["day 2013-01-02\n", "day 2013-01-03\n", "day 2013-01-04\n"]


def test_a_cancelled_run_stops_while_its_step_is_busy(write_notebook: Callable[..., Path]) -> None:
    scope = scope_of(write_notebook(HELPERS, SLEEPS))
    run_id = start(scope, RunArguments("sleeps"))
    ended(scope.instance, run_id, lambda run: run.status == "started")
    assert cancel_run(scope.instance, run_id).status == "canceling"
    assert ended(scope.instance, run_id).status == "canceled"


def test_a_forced_cancel_ends_the_process_at_once(write_notebook: Callable[..., Path]) -> None:
    scope = scope_of(write_notebook(HELPERS, SLEEPS))
    run_id = start(scope, RunArguments("sleeps"))
    ended(scope.instance, run_id, lambda run: run.status == "started")
    cancel_run(scope.instance, run_id, force=True)
    assert ended(scope.instance, run_id).status == "canceled"


def test_a_killed_process_is_told_as_lost(write_notebook: Callable[..., Path]) -> None:
    scope = scope_of(write_notebook(HELPERS, SLEEPS))
    run_id = start(scope, RunArguments("sleeps"))
    record = ended(scope.instance, run_id, lambda run: run.status == "started")
    assert record.owner is not None
    os.killpg(record.owner.pid, signal.SIGKILL)
    assert ended(scope.instance, run_id).reason == "worker-lost"


def test_what_cannot_be_cancelled_says_why(write_notebook: Callable[..., Path]) -> None:
    scope = scope_of(write_notebook(HELPERS, ORDERS))
    with pytest.raises(UnknownRun, match="there is no run nothing"):
        cancel_run(scope.instance, RunId("nothing"))
    run_id = start(scope, RunArguments("orders"))
    ended(scope.instance, run_id)
    with pytest.raises(InvalidInvocationError, match="is over"):
        cancel_run(scope.instance, run_id)


def test_code_of_a_prompt_is_refused_before_anything_is_recorded(tmp_path: Path) -> None:
    from nbasset.commands.scope import scope_of as scope_of_assets

    made = _typed()
    instance = Instance.open(tmp_path)
    scope = scope_of_assets([made], instance=instance)
    with pytest.raises(LocationError, match="typed into a prompt"):
        start(scope, RunArguments("typed"))
    assert instance.storage.active_runs() == []


def _typed() -> object:
    space: dict[str, object] = {}
    exec("from nbasset import asset\n@asset\ndef typed():\n    return [1]\n", space)
    return space["typed"]
