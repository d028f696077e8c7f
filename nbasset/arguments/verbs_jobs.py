"""Verbs of two words: what can be done with jobs, runs, schedules, sensors and the instance.

The first word says what, the second what is done with it: ``job run nightly``. Verbs about assets, which are meant most of the time,
stand alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from nbasset.arguments.options_jobs import (
    DefinitionsValidateArguments,
    InstanceInfoArguments,
    InstanceMigrateArguments,
    JobBackfillArguments,
    JobListArguments,
    JobRunArguments,
    JobShowArguments,
    RunsDeleteArguments,
    RunsReexecuteArguments,
    ScheduleEvaluateArguments,
    ScheduleListArguments,
    SchedulePreviewArguments,
    SensorEvaluateArguments,
    SensorListArguments,
)
from nbasset.arguments.parameters import (
    FILE,
    JOB,
    NAME,
    PAIR,
    PARTITION,
    SCHEDULE,
    SELECTION,
    SENSOR,
    Verb,
    pairs,
    partition_arguments,
    partitions,
)
from nbasset.arguments.verbs_automation import AUTOMATION_ALIASES, DAEMON_VERBS, SCHEDULE_SWITCHES, SENSOR_SWITCHES

ALIASES = {
    "materialize": "run",
    "wipe": "drop",
    "asset list": "list",
    "asset materialize": "run",
    "asset wipe": "drop",
    "runs list": "runs",
    "runs show": "runs",
    "runs cancel": "cancel",
    "job execute": "job run",
    "job launch": "job run",
    "job print": "job show",
    "job scaffold_config": "job show --config",
    "job scaffold-config": "job show --config",
    "runs wipe": "runs delete --all",
    "schedule tick": "schedule evaluate",
    "sensor preview": "sensor evaluate",
    "sensor tick": "sensor evaluate",
    **AUTOMATION_ALIASES,
}
"""Other words for verbs that there are, with options that they imply: all of a kind can be found under its name."""


def _config() -> click.Option:
    return click.Option(
        ["--config", "-c"], type=FILE, multiple=True, help="Run configuration: a YAML or JSON file, or ops.delays.config.n=3."
    )


def _tags() -> click.Option:
    return click.Option(["--tag", "-t"], type=PAIR, multiple=True, help="A tag of the run, key=value; may be repeated.")


def _quiet() -> click.Option:
    return click.Option(["--quiet", "-q"], is_flag=True, help="Show no progress.")


def _background() -> click.Option:
    return click.Option(["--bg", "background"], is_flag=True, help="Run in a process of its own; it goes on when this one ends.")


def _runs_delete(values: Mapping[str, Any]) -> RunsDeleteArguments:
    if bool(values["runs"]) == values["all"]:
        raise click.UsageError("name the runs, or say --all." if not values["all"] else "--all means every run. Leave out the others.")
    return RunsDeleteArguments(tuple(values["runs"]), values["yes"], values["all"])


def _listed(values: Any) -> tuple[str, ...]:
    return tuple(part.strip() for text in values for part in text.split(",") if part.strip())


def _job_run(values: Mapping[str, Any]) -> JobRunArguments:
    ops = _listed(values["op_selection"])
    if ops and values["asset_selection"]:
        raise click.UsageError("--op-selection is for jobs of ops, --asset-selection for jobs of assets. Keep one.")
    return JobRunArguments(
        values["job"], tuple(values["config"]), pairs(values["tag"], "--tag"), values["partition"], ops, values["asset_selection"],
        values["executor"] or "", values["quiet"], values["background"], pairs(values["param"], "--param"),
    )  # fmt: skip


def _job_backfill(values: Mapping[str, Any]) -> JobBackfillArguments:
    chosen = partition_arguments(values)
    if values["all"] and chosen.text:
        raise click.UsageError(f"--all means every partition, and {chosen.text} some. Keep one.")
    if not (values["all"] or values["only"] or chosen.text):
        raise click.UsageError("say which partitions: -s FIRST -e LAST, -p KEYS, --all, or --only missing, failed or stale.")
    return JobBackfillArguments(
        values["job"], chosen, values["all"], values["only"] or "", values["chunk"] or 0, values["workers"], values["concurrency"],
        tuple(values["config"]), pairs(values["tag"], "--tag"), values["dry_run"], values["quiet"],
    )  # fmt: skip


def _reexecute(values: Mapping[str, Any]) -> RunsReexecuteArguments:
    steps = _listed(values["step"])
    if steps and values["from_failure"]:
        raise click.UsageError("--from-failure and --step both say which steps run. Keep one.")
    return RunsReexecuteArguments(
        values["run"], values["from_failure"], steps, tuple(values["config"]), pairs(values["tag"], "--tag"), values["quiet"],
        values["background"],
    )  # fmt: skip


_JOB_LIST = Verb(
    "job list",
    """List the jobs: what each makes or runs, its partitions, what starts it.

    \b
    {asset} job list
    """,
    (),
    lambda values: JobListArguments(),
)

_JOB_SHOW = Verb(
    "job show",
    """Show one job: its assets or ops, partitions, configuration, schedules, last runs.

    \b
    {asset} job show nightly
    {asset} job show nightly --config
    """,
    (
        click.Argument(["job"], type=JOB),
        click.Option(["--config"], is_flag=True, help="Only a run configuration to fill in, as YAML."),
    ),
    lambda values: JobShowArguments(values["job"], values["config"]),
)

_JOB_RUN = Verb(
    "job run",
    """Run a job, with the executor that it names. Of several partitions each has a run, one after the other.

    \b
    {asset} job run nightly
    {asset} job run etl --config run.yaml --tag team=data
    {asset} job run etl -c ops.load.config.path=a.csv --op-selection load+
    {asset} job run daily -p 2013-06-01..2013-06-07
    {asset} job run delays --param year=2014 --bg
    """,
    (
        click.Argument(["job"], type=JOB),
        _config(),
        _tags(),
        click.Option(["--partition", "-p"], type=PARTITION, default="", help="Partitions: 2013-06-01, or 2013-06-01..2013-06-30."),
        click.Option(["--param", "--parameter", "-P"], type=PAIR, multiple=True, help="A parameter of a promoted notebook, name=value."),
        click.Option(["--op-selection", "--ops"], multiple=True, help="Only these ops: load, 'load+', '*report'; commas or repeated."),
        click.Option(["--asset-selection", "--assets"], type=SELECTION, default="", help="Only these of the job's assets."),
        click.Option(["--executor"], type=click.Choice(["inline", "threads", "processes"]), default=None, help="Where steps run."),
        _quiet(),
        _background(),
    ),
    _job_run,
)

_JOB_BACKFILL = Verb(
    "job backfill",
    """Make many partitions of a job's assets, as `backfill` does: resumable, by several runs. A job of ops has a run for each partition.

    \b
    {asset} job backfill daily -s 2013-01-01 -e 2013-12-31
    {asset} job backfill daily --only failed --workers 2
    {asset} job backfill daily --all --dry-run
    """,
    (
        click.Argument(["job"], type=JOB),
        *partitions(),
        click.Option(["--all"], is_flag=True, help="All partitions that there are."),
        click.Option(["--only"], type=click.Choice(["missing", "failed", "stale"]), default=None, help="Leave out all others."),
        click.Option(["--chunk"], type=click.IntRange(1), default=None, help="So many partitions in a run."),
        click.Option(["--workers"], type=click.IntRange(1), default=1, help="So many worker processes.", show_default=True),
        click.Option(["--concurrency"], type=click.IntRange(1), default=1, help="So many runs at a time.", show_default=True),
        _config(),
        _tags(),
        click.Option(["--dry-run"], is_flag=True, help="Say what would run and how long it takes. Nothing runs."),
        _quiet(),
    ),
    _job_backfill,
)

_RUNS_DELETE = Verb(
    "runs delete",
    """Forget runs and their logs. What they made stays; their run keys are free again.

    \b
    {asset} runs delete 8c41f2
    {asset} runs delete 8c41f2 77ab01 --yes
    {asset} runs delete --all
    """,
    (
        click.Argument(["runs"], type=NAME, nargs=-1, metavar="[RUN]..."),
        click.Option(["--all"], is_flag=True, help="All runs that are over."),
        click.Option(["--yes", "-y"], is_flag=True, help="Do not ask."),
    ),
    _runs_delete,
)

_RUNS_REEXECUTE = Verb(
    "runs reexecute",
    """Run again what a run ran, with its configuration and tags: all of it, what failed and what is after that, or some steps.

    \b
    {asset} runs reexecute last --from-failure
    {asset} runs reexecute 8c41f2
    {asset} runs reexecute 8c41f2 --step clean+
    """,
    (
        click.Argument(["run"], type=NAME),
        click.Option(["--from-failure"], is_flag=True, help="Only what failed, was cut off or never began, and what is after it."),
        click.Option(["--step"], multiple=True, metavar="STEP", help="Only these steps: clean, 'clean+'; commas or repeated."),
        _config(),
        _tags(),
        _quiet(),
        _background(),
    ),
    _reexecute,
)

_DEFINITIONS_VALIDATE = Verb(
    "definitions validate",
    """Load every location and say all that is wrong in it: definitions, jobs, schedules, sensors. Nothing runs.

    \b
    {asset} definitions validate
    """,
    (),
    lambda values: DefinitionsValidateArguments(),
)

_SCHEDULE_LIST = Verb(
    "schedule list",
    """List the schedules: cron, time zone, what each starts, its next tick.

    \b
    {asset} schedule list
    """,
    (),
    lambda values: ScheduleListArguments(),
)

_SCHEDULE_PREVIEW = Verb(
    "schedule preview",
    """Say what schedules would start in the next days, and why not. Their functions are called; nothing is started or written.

    \b
    {asset} schedule preview
    {asset} schedule preview nightly --days 30
    """,
    (
        click.Argument(["schedule"], type=SCHEDULE, required=False, default=""),
        click.Option(["--days", "-d"], type=click.FloatRange(0, 3660, min_open=True), default=7, help="How far ahead.", show_default=True),
        click.Option(["--limit", "-n"], type=click.IntRange(1, 1000), default=10, help="Ticks of each schedule.", show_default=True),
    ),
    lambda values: SchedulePreviewArguments(values["schedule"] or "", values["days"], values["limit"]),
)

_SCHEDULE_EVALUATE = Verb(
    "schedule evaluate",
    """Say what one tick of a schedule asks for: the next one, or that of a moment. Nothing is started or written.

    \b
    {asset} schedule evaluate nightly
    {asset} schedule evaluate nightly --at 2013-06-01T06:00
    """,
    (
        click.Argument(["schedule"], type=SCHEDULE),
        click.Option(["--at"], default="", metavar="TIME", help="The tick's moment, on the schedule's clock: 2013-06-01T06:00."),
    ),
    lambda values: ScheduleEvaluateArguments(values["schedule"], values["at"]),
)

_SENSOR_LIST = Verb(
    "sensor list",
    """List the sensors: kind, how often they look, what each starts.

    \b
    {asset} sensor list
    """,
    (),
    lambda values: SensorListArguments(),
)

_SENSOR_EVALUATE = Verb(
    "sensor evaluate",
    """Say what sensors ask for right now, and why not. Their functions are called; nothing is started, no cursor is kept.

    \b
    {asset} sensor evaluate
    {asset} sensor evaluate new_files --cursor b.csv
    """,
    (
        click.Argument(["sensor"], type=SENSOR, required=False, default=""),
        click.Option(["--cursor"], default=None, metavar="TEXT", help="Go on from here instead of its own cursor; '': as the first time."),
    ),
    lambda values: SensorEvaluateArguments(values["sensor"] or "", values["cursor"]),
)

_INSTANCE_INFO = Verb(
    "instance info",
    """Say what this home is: folder, settings, store, warehouse, how much is in it.

    \b
    {asset} instance info
    """,
    (),
    lambda values: InstanceInfoArguments(),
)

_INSTANCE_MIGRATE = Verb(
    "instance migrate",
    """Bring the store of this home up to date, if an older version wrote it. A copy of it is kept beside it.

    \b
    {asset} instance migrate
    """,
    (),
    lambda values: InstanceMigrateArguments(),
)

JOB_VERBS: tuple[Verb, ...] = (
    _JOB_LIST, _JOB_SHOW, _JOB_RUN, _JOB_BACKFILL, _RUNS_REEXECUTE, _RUNS_DELETE,
    _SCHEDULE_LIST, *SCHEDULE_SWITCHES, _SCHEDULE_PREVIEW, _SCHEDULE_EVALUATE, _SENSOR_LIST, *SENSOR_SWITCHES, _SENSOR_EVALUATE,
    *DAEMON_VERBS, _DEFINITIONS_VALIDATE, _INSTANCE_INFO, _INSTANCE_MIGRATE,
)  # fmt: skip
"""In the order in which help lists them."""
