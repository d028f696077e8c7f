"""Verbs about time and trust: why something is stale, what it was before, how two versions differ, what may go, what can be relied on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import click

from nbasset.arguments.options_time import (
    CheckArguments,
    DiffArguments,
    GcArguments,
    HistoryArguments,
    RenameArguments,
    RollbackArguments,
    WhyArguments,
)
from nbasset.arguments.parameters import ASSET, NAME, PARTITION, Verb, partition_arguments, partitions, select, selected

_AGES = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_SIZES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


def seconds_in(text: str) -> float | None:
    """An age such as ``30d`` in seconds; None for no text.

    >>> seconds_in("12h"), seconds_in("")
    (43200.0, None)
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhdw])\s*", text.lower())
    if text and not found:
        raise click.BadParameter(f"{text!r} is no age. Write a number and s, m, h, d or w: --older-than 30d.")
    return float(found[1]) * _AGES[found[2]] if found else None


def bytes_in(text: str) -> int | None:
    """A size such as ``10 GB`` in bytes; None for no text.

    >>> bytes_in("1.5 MB"), bytes_in("")
    (1500000, None)
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)b?\s*", text.lower())
    if text and not found:
        raise click.BadParameter(f"{text!r} is no size. Write a number and kB, MB, GB or TB: --max-size 10GB.")
    return round(float(found[1]) * _SIZES[found[2]]) if found else None


def _diff_arguments(values: Mapping[str, Any]) -> DiffArguments:
    versions, parts = tuple(values["versions"]), tuple(values["partition"])
    if len(versions) > 2 or len(parts) > 2:
        raise click.UsageError("a diff has two sides: name at most two versions, or -p twice for two partitions.")
    if len(parts) == 2 and versions:
        raise click.UsageError("-p twice compares two partitions as they are; leave the versions out, or -p once to compare its versions.")
    keys = tuple(name for text in values["key"] for name in text.split(",") if name)
    return DiffArguments(values["asset"], versions, parts, keys, values["examples"])


_WHY = Verb(
    "why",
    """Say why an asset is stale: the root cause, the code that changed, the partitions, the time it takes.

    \b
    {asset} why delays
    {asset} why delays -p 2013-06-01
    """,
    (
        click.Argument(["asset"], type=ASSET),
        click.Option(["--partition", "-p"], type=PARTITION, default="", help="One partition of it."),
        click.Option(["--direct"], is_flag=True, help="Only what it was made from itself; not whether that is stale too."),
    ),
    lambda values: WhyArguments(values["asset"], values["partition"], values["direct"]),
)

_HISTORY = Verb(
    "history",
    """List the versions of an asset: when, by which run and code, rows, size, whether it is kept.

    \b
    {asset} history delays
    {asset} history delays -p 2013-06-01 -n 50
    """,
    (
        click.Argument(["asset"], type=ASSET),
        click.Option(["--partition", "-p"], type=PARTITION, default="", help="One partition of it."),
        click.Option(["--limit", "-n"], type=click.IntRange(1), default=20, help="How many, newest first.", show_default=True),
        click.Option(["--before"], default="", metavar="VERSION", help="Go on from this version back."),
    ),
    lambda values: HistoryArguments(values["asset"], values["partition"], values["limit"], values["before"]),
)

_ROLLBACK = Verb(
    "rollback",
    """Make an earlier version current again. Nothing is destroyed: the present one stays in the history.

    \b
    {asset} rollback delays --to 3f2a
    {asset} rollback delays --to 2013-06-01T12:00 -p 2013-05-31
    """,
    (
        click.Argument(["asset"], type=ASSET),
        click.Option(["--to"], required=True, metavar="VERSION", help="A version id, a run id, or a moment."),
        *partitions(),
        click.Option(["--yes", "-y"], is_flag=True, help="Do not ask."),
    ),
    lambda values: RollbackArguments(values["asset"], values["to"], partition_arguments(values), values["yes"]),
)

_DIFF = Verb(
    "diff",
    """Compare two versions or two partitions of a table: schema, rows, keys, changed columns, drift.

    \b
    {asset} diff delays
    {asset} diff delays 3f2a
    {asset} diff delays 3f2a 9c01 --key carrier
    {asset} diff delays -p 2013-06-01 -p 2013-06-02
    """,
    (
        click.Argument(["asset"], type=ASSET),
        click.Argument(["versions"], nargs=-1, metavar="[VERSION]..."),
        click.Option(["--partition", "-p"], type=PARTITION, multiple=True, help="Once: versions of it. Twice: these two."),
        click.Option(["--key", "-k"], multiple=True, metavar="COLUMN", help="Columns that tell rows apart; otherwise they are guessed."),
        click.Option(["--examples", "-n"], type=click.IntRange(0), default=5, help="Rows to show of each kind.", show_default=True),
    ),
    _diff_arguments,
)

_RENAME = Verb(
    "rename",
    """Let an asset go on under another key, with its files and its history.

    \b
    {asset} rename delays delays_by_carrier
    """,
    (click.Argument(["asset"], type=ASSET), click.Argument(["new"], type=NAME, metavar="NEW")),
    lambda values: RenameArguments(values["asset"], values["new"]),
)

_GC = Verb(
    "gc",
    """Delete earlier versions and old runs that nobody keeps: never a current version, nor one that current data was made from.

    \b
    {asset} gc --dry-run
    {asset} gc --keep 3 --older-than 90d
    """,
    (
        click.Option(["--dry-run"], is_flag=True, help="Only say what would go."),
        click.Option(["--keep"], type=click.IntRange(0), default=None, help="Earlier versions of each partition; as the settings say."),
        click.Option(["--older-than"], default="", metavar="AGE", help="Also what is older than this: 90d, 12h."),
        click.Option(["--max-size"], default="", metavar="SIZE", help="At most so much of earlier versions in all: 10GB."),
    ),
    lambda values: GcArguments(values["dry_run"], values["keep"], seconds_in(values["older_than"]), bytes_in(values["max_size"])),
)

_CHECK = Verb(
    "check",
    """Say what an asset leans on that its cells do not say; with --clean-kernel prove that it comes out the same without it.

    \b
    {asset} check
    {asset} check delays --clean-kernel
    {asset} check delays --clean-kernel -p 2013-06-01
    """,
    (
        *select(),
        click.Option(["--clean-kernel"], is_flag=True, help="Make it again in a clean process and compare; nothing is stored."),
        click.Option(["--partition", "-p"], type=PARTITION, default="", help="The partition to make again; otherwise the newest."),
        click.Option(["--rows"], type=click.IntRange(0), default=0, help="Make it here and there from the first rows of its inputs only."),
    ),
    lambda values: CheckArguments(selected(values), values["clean_kernel"], values["partition"], values["rows"]),
)

TIME_VERBS: tuple[Verb, ...] = (_WHY, _HISTORY, _ROLLBACK, _DIFF, _RENAME, _GC, _CHECK)
"""The verbs of this file, in the order in which help lists them."""
