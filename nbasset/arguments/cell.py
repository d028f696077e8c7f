"""What stands after ``%%asset``: the asset's name and what is said about it."""

from __future__ import annotations

import json
from typing import Any

import click

from nbasset.arguments.options import CellArguments
from nbasset.arguments.parameters import ASSET, NAME, PAIR, Word, pairs
from nbasset.arguments.reading import split

_USAGE = "%%asset NAME [OPTIONS]"
_PARTITIONS = Word("partitions")
_HELP = """Define an asset: the cell's body makes it.

Names of other assets that the body reads become its inputs; `context` is at hand; the last expression is the value.

\b
%%asset daily_flights --partitions daily:2013-01-01..2013-12-31 --group flights
raw_flights[raw_flights.date == context.partition_key]
"""


def cell_command() -> click.Command:
    """The parameters of an ``%%asset`` line."""
    return click.Command("asset", params=_params(), help=_HELP, add_help_option=False)


def cell_help() -> str:
    """How an ``%%asset`` line is written."""
    command = cell_command()
    return command.get_help(click.Context(command, info_name="%%asset", max_content_width=100, terminal_width=100))


def parse_cell(header: str) -> CellArguments:
    """The options of an ``%%asset`` line, without the magic itself.

    >>> parse_cell("raw/orders --group sales --kind csv").kinds
    ('csv',)

    Raises
    ------
    click.UsageError
        If it cannot be read.
    """
    words = split(header)
    if not words:
        raise click.UsageError(f"an asset needs a name: {_USAGE}. See: %%asset --help")
    try:
        with cell_command().make_context("%%asset", words) as context:
            return _arguments(context.params)
    except click.UsageError as error:
        raise click.UsageError(f"{error.format_message()} See: %%asset --help") from None


def _params() -> list[click.Parameter]:
    return [
        click.Argument(["name"], type=ASSET),
        click.Option(["--group", "-g"], type=Word("group"), help="The group it is shown in."),
        click.Option(["--description"], help="What it is, in a sentence. Without it, a text that the body begins with."),
        click.Option(["--deps"], type=ASSET, multiple=True, help="Assets to run after, without loading them; commas or repeated."),
        click.Option(["--partitions"], type=_PARTITIONS, default="", help="daily:2013-01-01..2013-12-31, static:EWR,JFK, ..."),
        click.Option(["--kind", "-k"], multiple=True, help="What it is made of: csv, sql, plot; may be repeated."),
        click.Option(["--owner"], multiple=True, help="Who answers for it: ann@example.org or team:data."),
        click.Option(["--tag", "-t"], type=PAIR, multiple=True, help="key=value; may be repeated."),
        click.Option(["--metadata", "-m"], type=PAIR, multiple=True, help="key=value; a value that is JSON is read as such."),
        click.Option(["--io-manager-key"], type=NAME, help="What stores it: parquet (default), pickle, memory, or a resource of yours."),
        click.Option(["--code-version"], help="A version by hand, in place of the one read from the code."),
        click.Option(["--key-prefix"], default="", help="First parts of the key: raw/sales."),
        click.Option(["--no-value"], is_flag=True, help="The body stores its result itself; nothing is kept."),
        click.Option(["--optional"], is_flag=True, help="The body may give None: then nothing is stored and nothing after it runs."),
        click.Option(["--retries"], type=click.IntRange(0), default=0, help="How often to try again after a failure."),
        click.Option(["--retry-delay", "retry_delay_s"], type=click.FloatRange(0), default=0.0, help="Seconds before the next attempt."),
        click.Option(["--backoff"], type=click.Choice(["constant", "linear", "exponential"]), default="constant", help="How it grows."),
        click.Option(["--pool"], help="The pool whose limit it counts against."),
        click.Option(["--resource", "-r"], multiple=True, help="A resource that the body uses as context.resources.NAME."),
        click.Option(["--single-run"], is_flag=True, help="Make all partitions of a range in one call."),
    ]  # fmt: skip


def _arguments(values: dict[str, Any]) -> CellArguments:
    return CellArguments(
        values["name"],
        values["group"],
        values["description"],
        tuple(part.strip() for text in values["deps"] for part in text.split(",") if part.strip()),
        values["partitions"],
        tuple(values["kind"]),
        tuple(values["owner"]),
        pairs(values["tag"], "--tag"),
        {key: _json_or_text(value) for key, value in pairs(values["metadata"], "--metadata").items()},
        values["io_manager_key"],
        values["code_version"],
        values["key_prefix"],
        values["no_value"],
        values["optional"],
        values["retries"],
        values["retry_delay_s"],
        values["backoff"],
        values["pool"],
        tuple(values["resource"]),
        values["single_run"],
    )


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
