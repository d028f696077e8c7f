"""Verbs that look at what goes on: partitions of an asset, runs, and how a run is stopped."""

from __future__ import annotations

import click

from nbasset.arguments.options_watch import CancelArguments, PartitionsArguments, RunsArguments
from nbasset.arguments.parameters import ASSET, NAME, Verb, partition_arguments, partitions

_PARTITIONS = Verb(
    "partitions",
    """Show the partitions of an asset: which are fresh, stale, missing, failed, running.

    \b
    {asset} partitions delays
    {asset} partitions delays -s 2013-06-01 -e 2013-06-30
    """,
    (click.Argument(["asset"], type=ASSET), *partitions()),
    lambda values: PartitionsArguments(values["asset"], partition_arguments(values)),
)

_RUNS = Verb(
    "runs",
    """List runs, newest first; or show one: its steps, errors and log.

    \b
    {asset} runs
    {asset} runs last
    {asset} runs 8c41f2 --follow
    """,
    (
        click.Argument(["run"], type=NAME, required=False, default=""),
        click.Option(["--follow", "-f"], is_flag=True, help="Watch the run (without an id: the newest that goes on) until it ends."),
        click.Option(["--asset", "-a", "of"], type=ASSET, default="", help="Only runs that make this asset."),
        click.Option(["--limit", "-n"], type=click.IntRange(1, 1000), default=15, help="How many, newest first.", show_default=True),
    ),
    lambda values: RunsArguments(values["run"] or "", values["follow"], values["of"], values["limit"]),
)

_CANCEL = Verb(
    "cancel",
    """Stop a run, wherever it runs. What was stored before is kept.

    \b
    {asset} cancel last
    {asset} cancel 8c41f2 --force
    """,
    (
        click.Argument(["run"], type=NAME),
        click.Option(["--force"], is_flag=True, help="End the process of a background run at once."),
    ),
    lambda values: CancelArguments(values["run"], values["force"]),
)

WATCH_VERBS: tuple[Verb, ...] = (_PARTITIONS, _RUNS, _CANCEL)
"""In the order in which help lists them."""
