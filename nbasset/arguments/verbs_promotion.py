"""The verb that makes a scheduled job of a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from nbasset.arguments.options_promotion import PromoteArguments
from nbasset.arguments.parameters import FILE, JOB, NAME, PAIR, PARTITION, Verb, pairs, select, selected


def _promote_arguments(values: Mapping[str, Any]) -> PromoteArguments:
    if values["check"]:
        given = [name for name in _SAY_HOW if values[name] not in ("", (), None, False)]
        if given:
            raise click.UsageError(f"--check looks at jobs that there are and changes none. Leave out --{given[0].replace('_', '-')}.")
        return PromoteArguments(check=True, jobs=tuple(values["words"]))
    return PromoteArguments(
        selected(values), values["name"], tuple(values["cron"]), values["tz"], values["stopped"], values["retries"],
        pairs(values["param"], "--param"), values["partitions"], pairs(values["tag"], "--tag"), tuple(values["config"]),
        values["description"], values["kernel"], values["strict"], values["dry_run"],
    )  # fmt: skip


_SAY_HOW = (
    "select", "name", "cron", "tz", "stopped", "retries", "param", "partitions", "tag", "config", "description", "kernel", "strict",
    "dry_run",
)  # fmt: skip

_PROMOTE = Verb(
    "promote",
    """Make a job of the saved notebook: `jobs/NAME.toml` and `jobs/NAME.ipynb`, to be committed. What it will do is shown first.

    \b
    {asset} promote delays --cron "0 6 * * *" --tz Europe/Berlin --retries 2
    {asset} promote group:daily --name daily --partitions latest --param year=2013
    {asset} promote delays --dry-run
    {asset} promote --check
    """,
    (
        *select(),
        click.Option(["--name"], type=JOB, default="", help="The job's name; otherwise that of the asset, or of the notebook."),
        click.Option(["--cron"], multiple=True, metavar="CRON", help="When it runs: '0 6 * * *', '@daily'; may be repeated."),
        click.Option(["--tz", "--timezone"], type=NAME, default="", help="The clock of the cron: Europe/Berlin. Otherwise UTC."),
        click.Option(["--stopped"], is_flag=True, help="The schedule is off until `schedule start`."),
        click.Option(["--retries"], type=click.IntRange(0, 100), default=None, help="A run that fails is tried again so often."),
        click.Option(["--param", "-P"], type=PAIR, multiple=True, help="A value for the notebook's parameters cell, NAME=VALUE."),
        click.Option(["--partitions", "-p"], type=PARTITION, default="", help="Which ones a run makes: latest, stale, all, or keys."),
        click.Option(["--tag", "-t"], type=PAIR, multiple=True, help="A tag of the runs, key=value; may be repeated."),
        click.Option(["--config", "-c"], type=FILE, multiple=True, help="Run configuration: a file, or ops.delays.config.n=3."),
        click.Option(["--description"], default="", help="What the job is for."),
        click.Option(["--kernel"], type=NAME, default="", help="The kernel that runs it; otherwise the notebook's."),
        click.Option(["--strict"], is_flag=True, help="Refuse to run with other versions of packages than it was promoted with."),
        click.Option(["--dry-run"], is_flag=True, help="Show what would be written. Nothing is."),
        click.Option(["--check"], is_flag=True, help="Say what changed since jobs were promoted: those named, or all."),
    ),
    _promote_arguments,
)

PROMOTION_VERBS = (_PROMOTE,)
