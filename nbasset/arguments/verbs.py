"""The table of verbs: for each its parameters, its help and the class of its options. A new verb is one more entry here.

Parameters have no callback: magics read them with `reading.parse`, `cli.py` gives each its function. What a value stands for
(`asset`, `selection`, `partition`...) is said by its type's name, which completion goes by.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from nbasset.arguments.options import (
    BackfillArguments,
    DoctorArguments,
    DropArguments,
    GraphArguments,
    ListArguments,
    LoadArguments,
    PlanArguments,
    RunArguments,
    ShowArguments,
)
from nbasset.arguments.parameters import (
    ASSET,
    FILE,
    NAME,
    PAIR,
    PARTITION,
    Verb,
    pairs,
    partition_arguments,
    partitions,
    select,
    selected,
)
from nbasset.arguments.verbs_export import EXPORT
from nbasset.arguments.verbs_jobs import JOB_VERBS
from nbasset.arguments.verbs_promotion import PROMOTION_VERBS
from nbasset.arguments.verbs_time import TIME_VERBS
from nbasset.arguments.verbs_watch import WATCH_VERBS
from nbasset.arguments.verbs_web import UI


def _wish() -> tuple[click.Parameter, ...]:
    return (
        click.Option(["--stale"], is_flag=True, help="Leave out what is fresh; bring along what is stale upstream."),
        click.Option(["--missing"], is_flag=True, help="Only partitions and assets that were never made."),
        click.Option(["--failed"], is_flag=True, help="Only partitions and assets that failed last."),
        click.Option(["--only"], is_flag=True, help="Nothing but the selection: do not make missing upstream assets first."),
        click.Option(["--force"], is_flag=True, help="Also what is fresh, when nothing is selected."),
        click.Option(
            ["--config", "-c"], type=FILE, multiple=True, help="Run configuration: a YAML or JSON file, or ops.delays.config.n=3."
        ),
        click.Option(["--tag", "-t"], type=PAIR, multiple=True, help="A tag of the run, key=value; may be repeated."),
    )


def _plan_values(values: Mapping[str, Any]) -> dict[str, Any]:
    wishes = {name: values[name] for name in ("stale", "missing", "failed", "only", "force")}
    if sum(wishes[name] for name in ("stale", "missing", "failed", "force")) > 1:
        raise click.UsageError("--stale, --missing, --failed and --force exclude each other. Keep one.")
    return {
        "select": selected(values),
        "partitions": partition_arguments(values),
        **wishes,
        "config": tuple(values["config"]),
        "tags": pairs(values["tag"], "--tag"),
    }


def _plan_arguments(values: Mapping[str, Any]) -> PlanArguments:
    found = PlanArguments(**_plan_values(values))
    if values["days"] is None:
        return found
    if found != PlanArguments():
        raise click.UsageError("--days is about schedules and sensors: leave out selection, partitions and wishes.")
    return PlanArguments(days=values["days"])


def _backfill_arguments(values: Mapping[str, Any]) -> BackfillArguments:
    acts = [name for name in ("list", "status", "resume", "cancel") if values[name]]
    select, partitions = selected(values), partition_arguments(values)
    if len(acts) > 1:
        raise click.UsageError(f"--{acts[0]} and --{acts[1]} are two things to do. Keep one.")
    if acts and (select or partitions.text or values["all"] or values["only"]):
        raise click.UsageError(f"--{acts[0]} is about a backfill that was asked for already: leave selection and partitions out.")
    if values["all"] and partitions.text:
        raise click.UsageError(f"--all means every partition, and {partitions.text} some. Keep one.")
    return BackfillArguments(
        select, partitions, values["all"], values["only"] or "", not values["no_upstream"], values["chunk"] or 0, values["workers"],
        values["concurrency"], values["newest_first"], values["title"], tuple(values["config"]), pairs(values["tag"], "--tag"),
        values["dry_run"], values["quiet"], values["list"], values["status"], values["resume"], values["cancel"],
        values["background"],
    )  # fmt: skip


# -- the verbs --------------------------------------------------------------------------------------------------------------------


_LIST = Verb(
    "list",
    """List assets: key, state, age, group.

    \b
    {asset} list
    {asset} list group:raw
    """,
    select(),
    lambda values: ListArguments(selected(values)),
)

_GRAPH = Verb(
    "graph",
    """Draw the lineage, with the state of each asset.

    \b
    {asset} graph
    {asset} graph +delays --output delays.svg
    """,
    (
        *select(),
        click.Option(["--output", "-o"], type=FILE, default="", help="Write it to a file: .svg, .png, .txt, .dot, .mmd, .json or .html."),
        click.Option(["--direction"], type=click.Choice(["down", "right"]), default="down", help="Which way data flows."),
    ),
    lambda values: GraphArguments(selected(values), values["output"], values["direction"]),
)

_PLAN = Verb(
    "plan",
    """Say what would run, in which order and why. Nothing runs.

    \b
    {asset} plan
    {asset} plan delays+
    {asset} plan delays -s 2013-06-01 -e 2013-06-30 --stale
    {asset} plan --days 7
    """,
    (
        *select(),
        *partitions(),
        *_wish(),
        click.Option(
            ["--days", "-d"],
            type=click.FloatRange(0, 3660, min_open=True),
            default=None,
            help="Instead: what schedules would start in so many days, and sensors now, and why not.",
        ),
    ),
    _plan_arguments,
)

_RUN = Verb(
    "run",
    """Materialize assets. Without a selection: everything that is stale, missing or failed.

    Named assets always run; what they read and what was never made runs first.

    \b
    {asset} run
    {asset} run delays -p 2013-06-01
    {asset} run delays -s 2013-01-01 -e 2013-12-31 --stale
    {asset} run group:raw and not planes
    {asset} run delays --bg
    """,
    (
        *select(),
        *partitions(),
        *_wish(),
        click.Option(["--executor"], type=click.Choice(["inline", "threads", "processes"]), default=None, help="Where steps run."),
        click.Option(["--quiet", "-q"], is_flag=True, help="Show no progress."),
        click.Option(["--bg", "background"], is_flag=True, help="Run in a process of its own; it goes on when this one ends."),
        click.Option(["--run", "part_of"], type=NAME, default="", hidden=True, help="Only the steps of this run that make the selection."),
    ),
    lambda values: RunArguments(
        **_plan_values(values),
        executor=values["executor"] or "",
        quiet=values["quiet"],
        part_of=values["part_of"],
        background=values["background"],
    ),
)

_BACKFILL = Verb(
    "backfill",
    """Make many partitions by several runs, and say how far it is.

    What is done stays done: a backfill that was killed goes on with --resume. Descendants of a failed partition are not run.

    \b
    {asset} backfill daily_flights+ -s 2013-01-01 -e 2013-12-31 --workers 2
    {asset} backfill daily_flights --only failed
    {asset} backfill delays --all --dry-run
    {asset} backfill delays --all --bg
    {asset} backfill --list
    {asset} backfill --resume 3fa8c1
    """,
    (
        *select(),
        *partitions(),
        click.Option(["--all"], is_flag=True, help="All partitions that there are."),
        click.Option(["--only"], type=click.Choice(["missing", "failed", "stale"]), default=None, help="Leave out all others."),
        click.Option(["--no-upstream"], is_flag=True, help="Nothing but the selection: do not make missing upstream partitions first."),
        click.Option(["--chunk"], type=click.IntRange(1), default=None, help="So many partitions in a run."),
        click.Option(["--workers"], type=click.IntRange(1), default=1, help="So many worker processes.", show_default=True),
        click.Option(
            ["--concurrency"],
            type=click.IntRange(1),
            default=1,
            show_default=True,
            help="So many runs at a time, each in worker processes of its own.",
        ),
        click.Option(["--newest-first"], is_flag=True, help="Begin with the newest partitions."),
        click.Option(["--title"], default="", help="What it is for."),
        click.Option(
            ["--config", "-c"], type=FILE, multiple=True, help="Run configuration: a YAML or JSON file, or ops.delays.config.n=3."
        ),
        click.Option(["--tag", "-t"], type=PAIR, multiple=True, help="A tag of its runs, key=value; may be repeated."),
        click.Option(["--dry-run"], is_flag=True, help="Say what would run and how long it takes. Nothing runs."),
        click.Option(["--quiet", "-q"], is_flag=True, help="Show no progress."),
        click.Option(["--bg", "background"], is_flag=True, help="In a process of its own; it goes on when this one ends."),
        click.Option(["--list"], is_flag=True, help="List the backfills of this home."),
        click.Option(["--status"], default="", metavar="ID", help="Say how one stands."),
        click.Option(["--resume"], default="", metavar="ID", help="Go on with one that was cut off."),
        click.Option(["--cancel"], default="", metavar="ID", help="Stop one."),
    ),
    _backfill_arguments,
)

_SHOW = Verb(
    "show",
    """Show one asset: description, columns, inputs, last run, versions, first rows.

    \b
    {asset} show delays
    {asset} show delays -p 2013-06-01
    """,
    (
        click.Argument(["asset"], type=ASSET),
        click.Option(["--partition", "-p"], type=PARTITION, default="", help="One partition of it."),
        click.Option(["--rows", "-n"], type=click.IntRange(0, 100), default=5, help="Rows of the preview.", show_default=True),
    ),
    lambda values: ShowArguments(values["asset"], values["partition"], values["rows"]),
)

_LOAD = Verb(
    "load",
    """Load a stored value into the notebook.

    \b
    {asset} load delays --into df
    {asset} load delays -p 2013-06-01 --into day
    {asset} load delays --as-of 2013-06-01T12:00 --into before
    """,
    (
        click.Argument(["asset"], type=ASSET),
        click.Option(["--into", "-i"], type=NAME, default="", help="The variable that gets the value; without it, it is shown."),
        *partitions(),
        click.Option(["--as-of"], default="", help="An earlier version: a run id, a version id, or a moment."),
        click.Option(["--type"], default="", help="How to load it: pandas, polars, arrow."),
    ),
    lambda values: LoadArguments(values["asset"], values["into"], partition_arguments(values), values["as_of"], values["type"]),
    in_shell=False,
)

_DROP = Verb(
    "drop",
    """Give up the records of assets, as if they had never been made; with --data their files too.

    \b
    {asset} drop delays
    {asset} drop delays -p 2013-06-01 --data
    """,
    (
        *select(required=True),
        *partitions(),
        click.Option(["--data"], is_flag=True, help="Delete the stored files as well, earlier versions included."),
        click.Option(["--version"], default="", metavar="VERSION", help="Only this version of it, by its id."),
        click.Option(["--yes", "-y"], is_flag=True, help="Do not ask."),
    ),
    lambda values: DropArguments(selected(values), partition_arguments(values), values["data"], values["yes"], values["version"]),
)

_DOCTOR = Verb(
    "doctor",
    """Check this home: settings, store, warehouse, drawing, leftovers.

    \b
    {asset} doctor
    {asset} doctor --fix
    """,
    (click.Option(["--fix"], is_flag=True, help="Close runs of dead processes and remove staged files that nobody will publish."),),
    lambda values: DoctorArguments(values["fix"]),
)

VERBS: dict[str, Verb] = {
    verb.name: verb
    for verb in (
        _LIST, _GRAPH, _PLAN, _RUN, _BACKFILL, _SHOW, *WATCH_VERBS, _LOAD, _DROP, _DOCTOR, *TIME_VERBS, *PROMOTION_VERBS, EXPORT,
        *JOB_VERBS, UI,
    )
}  # fmt: skip
"""All verbs, in the order in which help lists them."""
