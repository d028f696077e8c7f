"""Programs that a step runs: what they are told, and what they tell."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from nbasset import (
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetOut,
    Instance,
    OpExecutionContext,
    PipesEnvContextInjector,
    PipesExecutionError,
    PipesFileContextInjector,
    PipesFileMessageReader,
    PipesSubprocessClient,
    StaticPartitionsDefinition,
    asset,
    job,
    materialize,
    materialize_to_memory,
    multi_asset,
    op,
    open_pipes_session,
)
from nbasset.events.facts import AssetMaterialized, LogsCaptured
from nbasset.events.kinds import StepSucceeded

CLIENT = PipesSubprocessClient()


def script(body: str) -> list[str]:
    """A command that runs a program with open pipes."""
    lines = textwrap.indent(textwrap.dedent(body).strip(), "    ")
    return [sys.executable, "-c", f"from nbasset.pipes import open_pipes\nwith open_pipes() as pipes:\n{lines}"]


def made(result: Any) -> Mapping[str, AssetMaterialized]:
    return {str(fact.asset): fact for fact in result.get_asset_materialization_events()}


def test_a_program_knows_its_step_and_tells_what_it_made_and_checked() -> None:
    @asset(partitions_def=StaticPartitionsDefinition(["de"]), check_specs=[AssetCheckSpec("full", asset="table")])
    def table(context: AssetExecutionContext, pipes: PipesSubprocessClient) -> Any:
        command = script(
            """
            pipes.report_asset_materialization(
                {"key": pipes.asset_key, "partition": pipes.partition_key, "factor": pipes.get_extra("factor"),
                 "page": {"raw_value": "# hi", "type": "md"}, "retry": pipes.retry_number},
                data_version="v7",
            )
            pipes.report_asset_check("full", passed=False, severity="WARN", metadata={"rows": 0})
            """
        )
        return pipes.run(command, context=context, extras={"factor": 3}).get_materialize_result()

    result = materialize_to_memory([table], partition_key="de", resources={"pipes": CLIENT})
    fact = made(result)["table"]
    assert {key: value.value for key, value in fact.metadata.items()} == {
        "key": "table", "partition": "de", "factor": 3, "page": "# hi", "retry": 0,
    }  # fmt: skip
    assert (fact.metadata["page"].kind, fact.data_version) == ("md", "v7")
    (verdict,) = result.get_asset_check_evaluations()
    assert (verdict.passed, verdict.severity, verdict.metadata["rows"].value) == (False, "WARN", 0)


def test_what_a_program_prints_and_logs_is_kept_with_the_step(tmp_path: Path) -> None:
    @asset
    def talks(context: AssetExecutionContext) -> Any:
        command = script("import sys; print('hello'); print('oh', file=sys.stderr); pipes.log.warning('%d rows', 3)")
        return CLIENT.run(command, context=context).get_materialize_result()

    with Instance.ephemeral(str(tmp_path)) as instance:
        result = materialize([talks], instance=instance)
        (logs,) = [
            fact
            for event in result.all_events
            if isinstance(event, StepSucceeded)
            for fact in event.facts
            if isinstance(fact, LogsCaptured)
        ]
        base = instance.home.runs / logs.folder
        assert base.with_name(f"{base.name}.out").read_text() == "hello\n"
        assert "oh\n" in base.with_name(f"{base.name}.err").read_text()
        lines = base.with_name(f"{base.name}.log").read_text()
        assert '"level": "WARNING"' in lines
        assert '"message": "3 rows"' in lines


def test_a_program_that_fails_fails_the_step() -> None:
    @asset
    def fails(context: AssetExecutionContext) -> Any:
        return CLIENT.run([sys.executable, "-c", "raise SystemExit(3)"], context=context).get_results()

    @asset
    def absent(context: AssetExecutionContext) -> Any:
        return CLIENT.run(["no-such-program-here"], context=context).get_results()

    result = materialize_to_memory([fails, absent], raise_on_error=False)
    messages = {event.step: event.error.message for event in result.get_step_failure_events()}
    assert "ended with code 3. What it printed is among the step's output." in messages["fails"]
    assert "'no-such-program-here' cannot be started" in messages["absent"]


def test_an_asset_that_a_program_says_nothing_of_counts_as_made() -> None:
    @multi_asset(outs={"a": AssetOut(), "b": AssetOut()})
    def both(context: AssetExecutionContext) -> Any:
        command = script("pipes.report_asset_materialization({'n': 1}, asset_key='a')")
        return CLIENT.run(command, context=context).get_results()

    found = made(materialize_to_memory([both]))
    assert {key: sorted(fact.metadata) for key, fact in found.items()} == {"a": ["n"], "b": []}


def test_a_report_that_makes_no_sense_is_told_at_the_end() -> None:
    @asset
    def odd(context: AssetExecutionContext) -> Any:
        command = script("pipes.report_asset_materialization({'x': {'raw_value': 1, 'type': 'markdown'}}); pipes._tell('shout')")
        return CLIENT.run(command, context=context).get_materialize_result()

    with pytest.raises(Exception, match="metadata 'x' is of the type 'markdown', which there is not") as caught:
        materialize_to_memory([odd])
    assert "shout: there is no such message" in str(caught.value)


def test_an_op_may_run_a_program_and_hear_its_own_words() -> None:
    @op
    def runs(context: OpExecutionContext) -> Any:
        command = script("pipes.report_custom_message({'rows': 3}); pipes.report_asset_materialization(asset_key='elsewhere')")
        return list(CLIENT.run(command, context=context).get_custom_messages())

    @job
    def small() -> None:
        runs()

    result = small.execute_in_process()
    assert result.output_for_node("runs") == [{"rows": 3}]
    assert list(made(result)) == ["elsewhere"]


def test_data_and_messages_may_go_other_ways(tmp_path: Path) -> None:
    client = PipesSubprocessClient(
        env={"GREETING": "hello"}, cwd=tmp_path, context_injector=PipesEnvContextInjector(),
        message_reader=PipesFileMessageReader(tmp_path / "messages"),
    )  # fmt: skip

    @asset
    def told(context: AssetExecutionContext) -> Any:
        command = script("import os; pipes.report_asset_materialization({'said': os.environ['GREETING'], 'in': os.getcwd()})")
        return client.run(command, context=context).get_materialize_result()

    fact = made(materialize_to_memory([told]))["told"]
    assert {key: value.value for key, value in fact.metadata.items()} == {"said": "hello", "in": str(tmp_path)}


def test_a_session_serves_a_program_that_something_else_starts(tmp_path: Path) -> None:
    import subprocess

    @asset
    def started(context: AssetExecutionContext) -> Any:
        with open_pipes_session(context, PipesFileContextInjector(tmp_path / "context"), extras={"n": 2}) as session:
            command = script("pipes.report_asset_materialization({'n': pipes.extras['n']})")
            subprocess.run(command, env={**session.get_bootstrap_env_vars(), "PYTHONPATH": ":".join(sys.path)}, check=True)
        return session.get_results()[0]

    assert made(materialize_to_memory([started]))["started"].metadata["n"].value == 2
    assert not (tmp_path / "context").exists()


def test_a_program_that_never_connects_is_told_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    @asset
    def mute(context: AssetExecutionContext) -> Any:
        return CLIENT.run([sys.executable, "-c", "pass"], context=context).get_materialize_result()

    assert set(made(materialize_to_memory([mute]))) == {"mute"}
    assert any("the program never connected" in record.getMessage() for record in caplog.records)


def test_extras_that_cannot_be_passed_are_refused() -> None:
    @asset
    def wrong(context: AssetExecutionContext) -> Any:
        return CLIENT.run(script("pass"), context=context, extras={"x": AssetKey("a")}).get_results()

    with pytest.raises(Exception, match="extras cannot be passed to another process"):
        materialize_to_memory([wrong])


def test_errors_of_programs_are_of_one_class() -> None:
    @op
    def fails(context: OpExecutionContext) -> Any:
        return CLIENT.run(f"{sys.executable} -c 'raise SystemExit(1)'", context=context)

    @job
    def small() -> None:
        fails()

    with pytest.raises(PipesExecutionError, match="ended with code 1"):
        small.execute_in_process()
