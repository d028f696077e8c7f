"""What the verbs of two words print on the command line, and what they give as JSON: jobs, runs, schedules, sensors, the instance."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, Any

import click

from nbasset.cli_scopes import Call, confirm, naming, open_home, project_locations, scopes_and_jobs
from nbasset.cli_text import StepLines, console, inert, show_result
from nbasset.serde import Json

if TYPE_CHECKING:
    from nbasset.arguments.options import PlanArguments
    from nbasset.arguments.options_jobs import (
        JobBackfillArguments,
        JobRunArguments,
        JobShowArguments,
        RunsDeleteArguments,
        RunsReexecuteArguments,
        ScheduleEvaluateArguments,
        SchedulePreviewArguments,
        SensorEvaluateArguments,
    )
    from nbasset.commands.carrying_out import Manner
    from nbasset.commands.scope import Scope
    from nbasset.execution.result import ExecuteInProcessResult

DONE, FAILED, INTERRUPTED = 0, 1, 130
Answer = tuple[int, Json]


# -- jobs -------------------------------------------------------------------------------------------------------------------------


def job_list(call: Call, arguments: Any) -> Answer:
    """The jobs of each location."""
    from nbasset.commands.job_verbs import jobs_text, list_jobs

    return _each(call, "jobs", list_jobs, jobs_text)


def job_show(call: Call, arguments: JobShowArguments) -> Answer:
    """One job, or a configuration of it to fill in."""
    from nbasset.commands.job_verbs import config_text, job_text, show_job

    detail = show_job(naming(call, "job", arguments.job), arguments)
    if not call.json:
        click.echo(inert(config_text(detail.config).rstrip() if arguments.config else job_text(detail)))
    return DONE, detail.config if arguments.config else detail.to_json()


def job_run(call: Call, arguments: JobRunArguments) -> Answer:
    """Run a job here, or start it in the background."""
    from nbasset.commands.job_verbs import run_job_verb, start_job

    scope = naming(call, "job", arguments.job)
    if arguments.background:
        return _started(call, start_job(scope, arguments))
    return _carried_out(call, scope, arguments.quiet, lambda manner: run_job_verb(scope, arguments, manner))


def job_backfill(call: Call, arguments: JobBackfillArguments) -> Answer:
    """Many partitions of a job."""
    from nbasset.arguments.options_jobs import JobRunArguments
    from nbasset.cli_backfill import backfill
    from nbasset.commands.job_verbs import backfill_of_job, run_job_verb

    scope = naming(call, "job", arguments.job)
    asked = backfill_of_job(scope, arguments)
    if isinstance(asked, JobRunArguments):
        return _carried_out(call, scope, asked.quiet, lambda manner: run_job_verb(scope, asked, manner))
    return backfill(call, asked)


# -- runs -------------------------------------------------------------------------------------------------------------------------


def runs_delete(call: Call, arguments: RunsDeleteArguments) -> Answer:
    """Forget runs, when that was confirmed."""
    from nbasset.commands.run_verbs import delete_runs, runs_to_delete, short_ids
    from nbasset.commands.words import counted

    instance = open_home(call)[1]
    found = runs_to_delete(instance, arguments)
    if found and not arguments.yes:
        confirm(f"Forget {counted(len(found), 'run')} ({short_ids(found)}) and their logs?", call)
    result = delete_runs(instance, arguments)
    if not call.json:
        click.echo(f"{counted(len(result.runs), 'run')} forgotten; what they made is kept")
    return DONE, result.to_json()


def runs_reexecute(call: Call, arguments: RunsReexecuteArguments) -> Answer:
    """Run again what a run ran, with the code of the location that it was of."""
    from nbasset.commands.run_verbs import reexecute, start_again
    from nbasset.commands.runs import find_run

    parent = find_run(open_home(call)[1], arguments.run)
    for scope in scopes_and_jobs(call):
        if not call.place and parent.location not in (None, scope.location.name):
            continue
        if arguments.background:
            return _started(call, [start_again(scope, arguments)])
        own = scope
        return _carried_out(call, own, arguments.quiet, lambda manner: [reexecute(own, arguments, manner)])  # noqa: B023 - at once
    raise click.UsageError(
        f"run {parent.run_id[:8]} is of {parent.location}, which is not here. Name it: nbasset {call.verb.name} LOCATION."
    )


# -- schedules and sensors --------------------------------------------------------------------------------------------------------


def schedule_list(call: Call, arguments: Any) -> Answer:
    """The schedules of each location."""
    from nbasset.commands.instigator_lists import list_schedules, schedules_text

    return _each(call, "schedules", list_schedules, schedules_text)


def schedule_preview(call: Call, arguments: SchedulePreviewArguments) -> Answer:
    """The ticks to come of one schedule, or of all."""
    from nbasset.commands.forecast import schedule_forecast
    from nbasset.commands.forecast_words import schedule_text

    def ahead(scope: Scope, name: str) -> Any:
        return schedule_forecast(scope, name, days=arguments.days, limit=arguments.limit)

    return _instigators(call, "schedule", arguments.schedule, ahead, schedule_text)


def schedule_evaluate(call: Call, arguments: ScheduleEvaluateArguments) -> Answer:
    """One tick of a schedule."""
    from nbasset.commands.forecast import evaluate_schedule
    from nbasset.commands.forecast_words import schedule_text

    def one(scope: Scope, name: str) -> Any:
        return evaluate_schedule(scope, name, at=arguments.at)

    code, data = _instigators(call, "schedule", arguments.schedule, one, schedule_text)
    return code, data["schedules"][0]


def sensor_list(call: Call, arguments: Any) -> Answer:
    """The sensors of each location."""
    from nbasset.commands.instigator_lists import list_sensors, sensors_text

    return _each(call, "sensors", list_sensors, sensors_text)


def sensor_evaluate(call: Call, arguments: SensorEvaluateArguments) -> Answer:
    """What one sensor asks for now, or all of them."""
    from nbasset.commands.forecast import sensor_forecast
    from nbasset.commands.forecast_words import sensor_text

    if arguments.cursor is not None and not arguments.sensor:
        raise click.UsageError("--cursor is that of one sensor. Name it: nbasset sensor evaluate NAME --cursor TEXT.")

    def now(scope: Scope, name: str) -> Any:
        return sensor_forecast(scope, name, cursor=arguments.cursor)

    return _instigators(call, "sensor", arguments.sensor, now, sensor_text)


def plan_ahead(call: Call, arguments: PlanArguments) -> Answer:
    """``plan --days``: all schedules and sensors."""
    from nbasset.commands.forecast import forecast
    from nbasset.commands.forecast_words import forecast_text

    found = []
    failed = False
    for scope in scopes_and_jobs(call):
        with _quiet_for_machines(call):
            one = forecast(scope, days=arguments.days)
        found.append(one)
        failed = failed or any(asked.error is not None for asked in one.evaluations)
        if not call.json:
            click.echo(inert(f"{one.location}: {forecast_text(one, arguments.days)}"))
    return FAILED if failed else DONE, {"forecasts": [one.to_json() for one in found]}


def definitions_validate(call: Call, arguments: Any) -> Answer:
    """What is wrong in each location; 1 if something is an error."""
    from nbasset.commands.validate import validate_all, validated_text

    found = validate_all(project_locations(call))
    if not call.json:
        for one in found:
            click.echo(inert(validated_text(one)))
    data: Json = {"valid": all(one.is_valid for one in found), "locations": [one.to_json() for one in found]}
    return DONE if all(one.is_valid for one in found) else FAILED, data


# -- the instance -----------------------------------------------------------------------------------------------------------------


def instance_info(call: Call, arguments: Any) -> Answer:
    """What the home is."""
    from nbasset.commands.instance_info import info_text
    from nbasset.commands.instance_info import instance_info as found

    info = found(open_home(call)[1])
    if not call.json:
        click.echo(inert(info_text(info)))
    return DONE, info.to_json()


def instance_migrate(call: Call, arguments: Any) -> Answer:
    """Bring the store up to date."""
    from nbasset.commands.instance_info import migrate

    done = migrate(open_home(call)[1])
    if not call.json:
        click.echo(inert(f"{done.store} is up to date (schema {done.schema})"))
    return DONE, done.to_json()


# -- helpers ----------------------------------------------------------------------------------------------------------------------


def _each(call: Call, name: str, found: Callable[[Scope], Sequence[Any]], text: Callable[[Any], str]) -> Answer:
    """A list of each location, one below the other."""
    listed = [(scope.location.name, found(scope)) for scope in scopes_and_jobs(call)]
    if not call.json:
        filled = [(location, rows) for location, rows in listed if rows]
        for location, rows in filled:
            if len(listed) > 1:
                click.echo(inert(location))
            click.echo(inert(text(rows)))
        if not filled:
            click.echo(f"no {name}")
    return DONE, {"locations": [{"location": location, name: [row.to_json() for row in rows]} for location, rows in listed]}


def _instigators(call: Call, kind: str, name: str, found: Callable[[Scope, str], Any], text: Callable[[Any], str]) -> Answer:
    """One schedule or sensor, or all; an evaluation that failed makes the exit code 1 and hides no other."""
    from nbasset.commands.job_verbs import names_of

    told: list[Json] = []
    failed = False
    for scope in [naming(call, kind, name)] if name else scopes_and_jobs(call):
        for one in [name] if name else sorted(names_of(scope, kind)):
            with _quiet_for_machines(call):
                result = found(scope, one)
            told.append(result.to_json())
            evaluations = (result.asked,) if kind == "sensor" else result.ticks
            failed = failed or any(asked.error is not None for asked in evaluations)
            if not call.json:
                click.echo(inert(text(result)))
    if not told and not call.json:
        click.echo(f"no {kind}s")
    return FAILED if failed else DONE, {f"{kind}s": told}


@contextmanager
def _quiet_for_machines(call: Call) -> Iterator[None]:
    """What functions of the user print does not get between the JSON."""
    if not call.json:
        yield
        return
    with redirect_stdout(sys.stderr):
        yield


def _started(call: Call, run_ids: Sequence[Any]) -> Answer:
    from nbasset.cli_watch import in_background

    if not call.json:
        for run_id in run_ids:
            click.echo(in_background(open_home(call)[1], run_id))
    return DONE, {"started": [str(run_id) for run_id in run_ids]}


def _carried_out(call: Call, scope: Scope, is_quiet: bool, act: Callable[[Manner], list[ExecuteInProcessResult]]) -> Answer:
    """Runs with a line for each step that ends; the exit code says how they ended."""
    from nbasset import clock
    from nbasset.commands.carrying_out import Manner

    quiet = call.json or is_quiet
    out = console(to_stderr=call.json)
    lines = StepLines(out, quiet=quiet)
    began = clock.monotonic()
    try:
        results = act(Manner(kind="command", echo=not quiet, on_event=lines))
    finally:
        lines.close()
    if not call.json:
        for result in results:
            show_result(result, clock.monotonic() - began, scope.instance.warehouse, out)
    if any(result.status == "canceled" for result in results):
        return INTERRUPTED, {"runs": [result.to_json() for result in results]}
    return DONE if all(result.success for result in results) else FAILED, {"runs": [result.to_json() for result in results]}
