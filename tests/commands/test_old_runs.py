"""Old runs, and what ops gave to each other: what goes by itself, what gc removes, what stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbasset import Config, Instance, RunConfig, asset, execute_job, instance_for_test, job, materialize, op
from nbasset.arguments.options_jobs import RunsDeleteArguments
from nbasset.arguments.options_time import GcArguments
from nbasset.commands.gc import gc
from nbasset.commands.old_runs import forgettable
from nbasset.commands.run_verbs import delete_runs
from nbasset.definitions.reexecution import ReexecutionOptions
from nbasset.settings import RetentionSettings, Settings

DAY_US = 86_400 * 1_000_000


class Wish(Config):
    fails: bool = False


@op
def load() -> list[int]:
    return [1, 2]


@op
def total(config: Wish, rows: list[int]) -> int:
    if config.fails:
        raise ValueError("no")
    return sum(rows)


@job
def etl() -> None:
    total(load())


@asset
def orders() -> list[int]:
    return [1]


@pytest.fixture
def instance() -> Iterator[Instance]:
    with instance_for_test(Settings(retention=RetentionSettings(versions=1, runs_days=30))) as made:
        yield made


def _run(instance: Instance, *, fails: bool = False) -> str:
    config = RunConfig(ops={"total": Wish(fails=fails)})
    return str(execute_job(etl, instance, run_config=config).run_id)


def _outputs(instance: Instance) -> set[str]:
    return {one.version_id for one in instance.manager("parquet").folder.outputs()}


def test_of_a_job_that_succeeds_the_newest_outputs_are_kept_and_those_of_failures(instance: Instance) -> None:
    failed = _run(instance, fails=True)
    runs = [_run(instance) for _ in range(4)]
    assert _outputs(instance) == {failed, *runs[-2:]}
    assert len(instance.get_runs()) == 5
    again = execute_job(
        etl, instance, run_config=RunConfig(ops={"total": Wish()}), reexecution_options=ReexecutionOptions.from_failure(failed, instance)
    )
    assert again.success


def test_old_runs_go_with_all_that_is_theirs_and_what_they_made_stays(instance: Instance) -> None:
    made = materialize([orders], instance=instance).run_id
    old = _run(instance)
    folder = instance.home.run_folder(old)
    folder.mkdir(parents=True, exist_ok=True)
    now = max(run.ended_us for run in instance.get_runs())
    assert forgettable(instance, now).runs == ()
    assert {run.run_id for run in forgettable(instance, now + 31 * DAY_US).runs} == {made, old}
    delete_runs(instance, RunsDeleteArguments((old, made)))
    assert instance.get_runs() == []
    assert not folder.exists()
    assert _outputs(instance) == set()
    assert [str(one.key) for one in instance.get_asset_records() if one.materialization] == ["orders"]


def test_gc_says_first_and_removes_then(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [_run(instance) for _ in range(2)]
    base = Path(instance.warehouse) / ".ops"
    (base / "of-another-home").mkdir()
    monkeypatch.setattr("nbasset.commands.gc.clock.now_us", lambda: max(run.ended_us for run in instance.get_runs()) + 31 * DAY_US)
    said = gc(instance, GcArguments(dry_run=True))
    assert set(said.runs) == set(runs)
    assert "2 old runs would go" in said.sentence
    assert _outputs(instance) == {*runs, "of-another-home"}
    done = gc(instance, GcArguments())
    assert set(done.to_json()["runs"]) == set(runs)
    assert _outputs(instance) == {"of-another-home"}
    assert instance.get_runs() == []


def test_outputs_behind_the_rule_go_with_gc_while_their_runs_stay(instance: Instance) -> None:
    runs = [_run(instance) for _ in range(2)]
    base = Path(instance.warehouse) / ".ops"
    with Instance(instance.home, Settings(retention=RetentionSettings(versions=0))) as strict:
        said = gc(strict, GcArguments())
        assert said.outputs == (runs[0],)
        assert "with what the ops of 1 run gave to each other" in said.sentence
        assert len(strict.get_runs()) == 2
    assert [one.name for one in base.iterdir()] == [runs[1]]


def test_an_object_store_lists_and_removes_outputs_too() -> None:
    from nbasset.io_managers.publishing import open_folder

    folder: Any = open_folder("memory://old-runs/warehouse")
    with folder.writing(folder.place(".ops/r1/load/result.parquet")) as file:
        file.write(b"x")
    assert [one.version_id for one in folder.outputs()] == ["r1"]
    folder.remove_outputs("r1")
    folder.remove_outputs("r1")
    assert folder.outputs() == []
