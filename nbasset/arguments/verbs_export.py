"""The verb `export`: the same assets for another program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import click

from nbasset.arguments.options_export import ExportArguments, Target
from nbasset.arguments.parameters import FILE, NAME, PAIR, PARTITION, Verb, pairs, select, selected


def _arguments(values: Mapping[str, Any]) -> ExportArguments:
    return ExportArguments(
        values["to"], selected(values), values["output"], values["force"], values["name"], tuple(values["cron"]), values["tz"],
        values["retries"], pairs(values["param"], "--param"), values["partitions"],
    )  # fmt: skip


EXPORT = Verb(
    "export",
    """Write assets, or a promoted job, for another program: a Python module, cron, GitHub Actions, Airflow, Dagster.

    Without --output the text is shown. A promoted job (jobs/NAME.toml) brings its schedule along; for a notebook, --cron gives one.

    \b
    {asset} export notebooks/flights.ipynb delays --to module --output delays.py
    {asset} export notebooks/flights.ipynb delays --to cron --cron '0 6 * * *' --tz Europe/Berlin
    {asset} export jobs/flights.toml --to github --output .github/workflows/
    {asset} export jobs/flights.toml --to airflow --output dags/
    {asset} export notebooks/flights.ipynb --to dagster --output flights_dagster.py
    """,
    (
        *select(),
        click.Option(["--to"], type=click.Choice(get_args(Target)), required=True, help="For which program."),
        click.Option(["--output", "-o"], type=FILE, default="", help="Write it to a file, or under its own name to a folder."),
        click.Option(["--force"], is_flag=True, help="Write over a file that export did not make, or that was changed since."),
        click.Option(["--name"], type=NAME, default="", help="The job's name; otherwise that of the asset, or of the notebook."),
        click.Option(["--cron"], multiple=True, metavar="CRON", help="When it runs: '0 6 * * *', '@daily'; may be repeated."),
        click.Option(["--tz", "--timezone", "tz"], type=NAME, default="", help="The clock of the cron: Europe/Berlin. Otherwise UTC."),
        click.Option(["--retries"], type=click.IntRange(0, 100), default=None, help="A run that fails is tried again so often."),
        click.Option(["--param", "-P"], type=PAIR, multiple=True, help="A value for the notebook's parameters cell, NAME=VALUE."),
        click.Option(["--partitions", "-p"], type=PARTITION, default="", help="Which ones a run makes, as after run: keys, a range."),
    ),
    _arguments,
)
