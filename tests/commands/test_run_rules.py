"""Tags that a run obeys: tried again as a whole, and stopped when its time is over."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from nbasset import Instance, InvalidInvocationError, RunCancelled, asset, execute_job, job, materialize, op
from nbasset.arguments.options_jobs import JobRunArguments
from nbasset.commands.job_verbs import start_job
from nbasset.commands.run_rules import MAX_RUNTIME_TAG, RETRY_NUMBER_TAG
from nbasset.commands.scope import Scope
from nbasset.definitions.requests import MAX_RETRIES_TAG, ON_STEP_FAILURE_TAG, STRATEGY_TAG
from nbasset.locations.module import load_module_file
from nbasset.settings import RunRetrySettings, Settings


class Flaky:
    """A job of two steps, of which the second fails as often as it is told."""

    def __init__(self, failures: int, **tags: str) -> None:
        self.ran: list[str] = []

        @op
        def first() -> int:
            self.ran.append("first")
            return 1

        @op
        def second(first: int) -> int:
            self.ran.append("second")
            if self.ran.count("second") <= failures:
                raise ConnectionError("no answer")
            return first + 1

        @job(tags=tags)
        def flaky() -> None:
            second(first())

        self.job = flaky


def test_a_failed_run_is_followed_by_others_that_go_on_from_the_failure() -> None:
    flaky = Flaky(2, **{MAX_RETRIES_TAG: "3"})
    with Instance.ephemeral() as instance:
        result = execute_job(flaky.job, instance)
        assert (result.success, result.output_for_node("second")) == (True, 2)
        assert flaky.ran == ["first", "second", "second", "second"]
        runs = instance.get_runs()[::-1]
        assert [run.status for run in runs] == ["failure", "failure", "success"]
        assert [run.parent_run_id for run in runs] == [None, runs[0].run_id, runs[1].run_id]
        assert [run.root_run_id for run in runs[1:]] == [runs[0].run_id] * 2
        assert [run.tags.get(RETRY_NUMBER_TAG) for run in runs] == [None, "1", "2"]


def test_no_more_runs_follow_than_the_tag_allows_those_by_hand_counted_in() -> None:
    from nbasset import ReexecutionOptions

    flaky = Flaky(9, **{MAX_RETRIES_TAG: "2"})
    with Instance.ephemeral() as instance:
        result = execute_job(flaky.job, instance)
        assert not result.success
        assert len(instance.get_runs()) == 3
        execute_job(flaky.job, instance, reexecution_options=ReexecutionOptions.from_failure(result.run_id, instance))
        assert len(instance.get_runs()) == 4


def test_the_strategy_may_be_to_begin_again() -> None:
    flaky = Flaky(1, **{MAX_RETRIES_TAG: "1", STRATEGY_TAG: "ALL_STEPS"})
    with Instance.ephemeral() as instance:
        assert execute_job(flaky.job, instance).success
    assert flaky.ran == ["first", "second"] * 2


def test_failed_steps_may_be_no_reason() -> None:
    flaky = Flaky(1, **{MAX_RETRIES_TAG: "1", ON_STEP_FAILURE_TAG: "false"})
    with Instance.ephemeral() as instance:
        assert not execute_job(flaky.job, instance).success
        assert len(instance.get_runs()) == 1


def test_the_settings_may_ask_for_it_and_tags_go_before() -> None:
    asked = Settings(run_retries=RunRetrySettings(max_retries=1))
    with Instance.ephemeral(settings=asked) as instance:
        assert execute_job(Flaky(1).job, instance).success
        assert not execute_job(Flaky(1, **{MAX_RETRIES_TAG: "0"}).job, instance).success
    with Instance.ephemeral(settings=Settings(run_retries=RunRetrySettings(1, retry_on_asset_or_op_failure=False))) as instance:
        assert not execute_job(Flaky(1).job, instance).success


def test_a_run_is_stopped_when_its_time_is_over() -> None:
    never = threading.Event()

    @asset
    def endless() -> Any:
        while not never.wait(0.01):
            pass

    with Instance.ephemeral() as instance:
        with pytest.raises(RunCancelled):
            materialize([endless], instance=instance, tags={MAX_RUNTIME_TAG: "0.2"})
        run = instance.get_runs()[0]
        assert (run.status, run.message) == ("canceled", "cancelled by the time limit of 0.2 s (nbasset/max_runtime)")


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ({MAX_RETRIES_TAG: "often"}, "tag nbasset/max_retries is 'often'. Give a whole number"),
        ({STRATEGY_TAG: "FROM_FAILUR"}, "is no way to go on. Did you mean 'FROM_FAILURE'"),
        ({MAX_RUNTIME_TAG: "an hour"}, "Give the seconds that the run may take"),
        ({MAX_RUNTIME_TAG: "0"}, "Give the seconds that the run may take"),
    ],
)
def test_tags_that_ask_for_what_cannot_be_are_refused_before_anything_runs(tags: dict[str, str], said: str) -> None:
    flaky = Flaky(0, **tags)
    with Instance.ephemeral() as instance, pytest.raises(InvalidInvocationError) as raised:
        execute_job(flaky.job, instance)
    assert said in str(raised.value)
    assert flaky.ran == []


def test_a_run_in_the_background_is_followed_by_others_too(tmp_path: Path) -> None:
    (tmp_path / "nbasset.toml").write_text("")
    (tmp_path / "retried.py").write_text(
        "from pathlib import Path\nfrom nbasset import job, op\nHERE = Path(__file__).parent\n\n"
        "@op\ndef shaky():\n    mark = HERE / 'tried'\n    if not mark.exists():\n        mark.touch()\n"
        "        raise ConnectionError('no')\n\n"
        f"@job(tags={{'{MAX_RETRIES_TAG}': '2'}})\ndef retried():\n    shaky()\n"
    )
    instance = Instance.open(tmp_path)
    with instance:
        scope = Scope(load_module_file(tmp_path / "retried.py", home=tmp_path), instance)
        start_job(scope, JobRunArguments("retried"))
        seq = 0
        for _ in range(600):
            runs = instance.get_runs()
            if len(runs) == 2 and runs[0].is_over:
                break
            seq = instance.storage.wait(max(seq, instance.storage.last_seq()), 0.1)
        assert [run.status for run in runs] == ["success", "failure"]
        assert runs[0].kind == "background"
