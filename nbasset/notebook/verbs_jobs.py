"""What ``%asset job``, ``schedule``, ``sensor``, ``instance``, ``runs delete`` and ``runs reexecute`` do."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

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
from nbasset.commands.carrying_out import Manner, raise_failure
from nbasset.commands.forecast import evaluate_schedule, schedule_forecast, sensor_forecast
from nbasset.commands.forecast_facts import Asked
from nbasset.commands.instance_info import info_text, instance_info, migrate
from nbasset.commands.instigator_lists import list_schedules, list_sensors
from nbasset.commands.job_verbs import backfill_of_job, list_jobs, names_of, run_job_verb, show_job, start_job
from nbasset.commands.run_verbs import delete_runs, reexecute, runs_to_delete, short_ids, start_again
from nbasset.commands.runs import find_run, title_of
from nbasset.commands.scope import Scope
from nbasset.commands.validate import validate, validated_text
from nbasset.commands.words import counted, days_text
from nbasset.drawing.picture import State
from nbasset.errors import InvalidInvocationError, ProblemsFound, RunFailure
from nbasset.execution.cancel import CancelToken
from nbasset.execution.displays import keep_displays
from nbasset.execution.result import ExecuteInProcessResult
from nbasset.keys import RunId
from nbasset.notebook import front_end
from nbasset.notebook.cards_automation import job_card, jobs_card, schedules_ahead_card, schedules_card, sensors_card, sensors_now_card
from nbasset.notebook.display import Bundle, show
from nbasset.notebook.html import card, element, glyph
from nbasset.notebook.live_run import LiveRun
from nbasset.notebook.progress import RunDisplay
from nbasset.notebook.promoted import scope_with, scopes_with_jobs
from nbasset.notebook.session import Session, scope_of
from nbasset.notebook.tracebacks import told
from nbasset.notebook.verbs_backfill import do_backfill
from nbasset.notebook.verbs_watch import follow
from nbasset.planning.plan import RunPlan

# -- jobs and runs ------------------------------------------------------------------------------------------------------------


def do_job_list(session: Session, arguments: Any) -> None:
    """``%asset job list``."""
    scopes, broken = scopes_with_jobs(session)
    show(jobs_card([job for scope in scopes for job in list_jobs(scope)]))
    _warn(broken)


def do_job_show(session: Session, arguments: JobShowArguments) -> None:
    """``%asset job show``."""
    show(job_card(show_job(scope_with(session, "job", arguments.job), arguments), only_config=arguments.config))


def do_job_run(session: Session, arguments: JobRunArguments) -> None:
    """``%asset job run``. Raises when a step fails, so that whoever runs all cells stops here. A promoted job runs in a process of its own.

    Raises
    ------
    RunFailure
        If a step failed.
    """
    scope = scope_with(session, "job", arguments.job)
    if arguments.background or scope.location.promoted is not None:
        for run_id in start_job(scope, arguments):
            follow(session, run_id, arguments.job, waits=not arguments.background)
            if not arguments.background:
                _raise_if_bad(session, run_id)
        return
    _carry_out(session, arguments.job, arguments.quiet, lambda manner, on_plan: run_job_verb(scope, arguments, manner, on_plan=on_plan))


def do_job_backfill(session: Session, arguments: JobBackfillArguments) -> None:
    """``%asset job backfill``. Raises when partitions failed."""
    asked = backfill_of_job(scope_with(session, "job", arguments.job), arguments)
    if isinstance(asked, JobRunArguments):
        do_job_run(session, asked)
    else:
        do_backfill(session, asked)


def do_runs_delete(session: Session, arguments: RunsDeleteArguments) -> None:
    """``%asset runs delete``; asks first, unless told not to."""
    found = runs_to_delete(session.instance, arguments)
    names = short_ids(found)
    if found and not (arguments.yes or front_end.confirmed(f"Forget {counted(len(found), 'run')} ({names})?")):
        _say("Nothing was forgotten.")
        return
    result = delete_runs(session.instance, arguments)
    _say(f"Forgot {counted(len(result.runs), 'run')}{f': {names}' if names else ''}. What they made is kept.")


def do_runs_reexecute(session: Session, arguments: RunsReexecuteArguments) -> None:
    """``%asset runs reexecute``. Raises when a step fails.

    Raises
    ------
    RunFailure
        If a step failed.
    """
    scope = scope_of(session)
    title = title_of(find_run(session.instance, arguments.run))
    if arguments.background:
        follow(session, start_again(scope, arguments), title, waits=False)
        return
    _carry_out(session, title, arguments.quiet, lambda manner, on_plan: [reexecute(scope, arguments, manner, on_plan=on_plan)])


Act = Callable[[Manner, Callable[[RunPlan], None]], list[ExecuteInProcessResult]]


def _carry_out(session: Session, title: str, is_quiet: bool, act: Act) -> None:
    """Runs with a card each, which moves while it goes on."""
    displays: list[RunDisplay] = []

    def on_plan(plan: RunPlan) -> None:
        close()
        display = LiveRun(session, title, live=not is_quiet)
        displays.append(display)
        display.on_run(plan)

    def close() -> None:
        if displays:
            displays.pop().__exit__(*sys.exc_info())

    observe = keep_displays(lambda: session.shell, session.instance.home.runs)

    def on_event(event: Any) -> None:
        if displays:
            displays[-1].on_event(event)

    try:
        results = act(Manner(on_event=on_event, cancel=CancelToken(), observe=observe), on_plan)
    finally:
        close()
    for result in results:
        try:
            raise_failure(result)
        except RunFailure as error:
            raise told(error, is_shown=True) from None


# -- schedules and sensors ------------------------------------------------------------------------------------------------------


def do_schedule_list(session: Session, arguments: Any) -> None:
    """``%asset schedule list``."""
    scopes, broken = scopes_with_jobs(session)
    show(schedules_card([schedule for scope in scopes for schedule in list_schedules(scope)]))
    _warn(broken)


def do_schedule_preview(session: Session, arguments: SchedulePreviewArguments) -> None:
    """``%asset schedule preview``."""
    scopes, broken = ([scope_with(session, "schedule", arguments.schedule)], []) if arguments.schedule else scopes_with_jobs(session)
    meant = [(scope, name) for scope in scopes for name in ([arguments.schedule] if arguments.schedule else names_of(scope, "schedule"))]
    found = [schedule_forecast(scope, name, days=arguments.days, limit=arguments.limit) for scope, name in sorted(meant, key=_name)]
    title = f"{counted(len(found), 'schedule')}, the next {days_text(arguments.days)}. Nothing was started."
    show(schedules_ahead_card(found, title))
    _warn(broken)


def do_schedule_evaluate(session: Session, arguments: ScheduleEvaluateArguments) -> None:
    """``%asset schedule evaluate``."""
    found = evaluate_schedule(scope_with(session, "schedule", arguments.schedule), arguments.schedule, at=arguments.at)
    show(schedules_ahead_card([found], f"One tick of {arguments.schedule}. Nothing was started."))
    _raise_if_failed(found.ticks)


def do_sensor_list(session: Session, arguments: Any) -> None:
    """``%asset sensor list``."""
    show(sensors_card(list_sensors(scope_of(session))))


def do_sensor_evaluate(session: Session, arguments: SensorEvaluateArguments) -> None:
    """``%asset sensor evaluate``."""
    scope = scope_of(session)
    if arguments.cursor is not None and not arguments.sensor:
        raise InvalidInvocationError("--cursor is that of one sensor. Name it: %asset sensor evaluate NAME --cursor TEXT.")
    names = [arguments.sensor] if arguments.sensor else sorted(names_of(scope, "sensor"))
    found = [sensor_forecast(scope, name, cursor=arguments.cursor) for name in names]
    show(sensors_now_card(found, f"{counted(len(found), 'sensor')} looked at now. Nothing was started, no cursor was kept."))
    if arguments.sensor:
        _raise_if_failed([one.asked for one in found])


def _raise_if_failed(asked: Sequence[Asked]) -> None:
    """One that was named and failed stops the notebook, as the run that it would have started would."""
    for one in asked:
        if one.error is not None:
            raise told(RunFailure(f"{one.error.place}: {one.error}" if one.error.place else str(one.error)), is_shown=True)


# -- the instance ---------------------------------------------------------------------------------------------------------------


def do_definitions_validate(session: Session, arguments: Any) -> None:
    """``%asset definitions validate``. Raises when something is an error, so that whoever runs all cells stops here.

    Raises
    ------
    ProblemsFound
        With all errors at once.
    """
    found = validate(session.location())
    text = validated_text(found)
    state: State = "fresh" if found.is_valid else "failed"
    show(Bundle(card(element("div", glyph(state), " ", element("pre", text, class_="pre")), label="Definitions", states=[state]), text))
    errors = [problem for problem in found.problems if problem.severity == "error"]
    if errors:
        raise told(ProblemsFound(errors), is_shown=True)


def do_instance_info(session: Session, arguments: Any) -> None:
    """``%asset instance info``."""
    text = info_text(instance_info(session.instance))
    show(Bundle(card(element("pre", text, class_="pre"), label="Instance"), text))


def do_instance_migrate(session: Session, arguments: Any) -> None:
    """``%asset instance migrate``."""
    done = migrate(session.instance)
    _say(f"{done.store} is up to date (schema {done.schema}).")


def _name(meant: tuple[Scope, str]) -> str:
    return meant[1]


def _raise_if_bad(session: Session, run_id: RunId) -> None:
    record = session.instance.get_run_by_id(run_id)
    if record is not None and record.status in ("failure", "canceled"):
        raise told(RunFailure(record.message or f"run {run_id[:8]}: {record.status}"), is_shown=True)


def _warn(texts: Sequence[str]) -> None:
    for text in texts:
        show(Bundle(card(element("div", glyph("warned"), " ", text, class_="note"), label=text, states=["warned"]), text))


def _say(text: str) -> None:
    show(Bundle(card(element("div", glyph("fresh"), " ", text, class_="note"), label=text, states=["fresh"]), text))


JOB_FACES: dict[str, Callable[[Session, Any], Any]] = {
    "job list": do_job_list, "job show": do_job_show, "job run": do_job_run, "job backfill": do_job_backfill, "runs delete": do_runs_delete,
    "runs reexecute": do_runs_reexecute, "schedule list": do_schedule_list, "schedule preview": do_schedule_preview,
    "schedule evaluate": do_schedule_evaluate, "sensor list": do_sensor_list, "sensor evaluate": do_sensor_evaluate,
    "definitions validate": do_definitions_validate, "instance info": do_instance_info, "instance migrate": do_instance_migrate,
}  # fmt: skip
"""What each of these verbs does in a notebook."""
