"""What verbs are made of: the words of their parameters, parameters that several share, and how their values are read.

The table of verbs is in `verbs`; verbs about time and trust are in `verbs_time`, those of two words in `verbs_jobs`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from nbasset.arguments.options import PartitionArguments
from nbasset.dataclass import dataclass

if TYPE_CHECKING:
    _ParamType = click.ParamType[Any]
else:
    _ParamType = click.ParamType
_OPERATORS = frozenset({"and", "or", "not"})


class Word(_ParamType):
    """Text that names something: completion offers what there is."""

    def __init__(self, name: str) -> None:
        self.name = name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The text as it is; `commands` says what is wrong with it, since they know what is defined."""
        return value


ASSET, SELECTION, PARTITION, FILE, PAIR, NAME = map(Word, ("asset", "selection", "partition", "file", "key=value", "name"))
JOB, SCHEDULE, SENSOR = map(Word, ("job", "schedule", "sensor"))


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb, of one word or two (``job run``).

    `make` builds its options from the parameters' values; `in_shell` is False for one that has sense in a notebook only, `in_notebook`
    for one that lasts until somebody stops it, which is a program of its own.
    """

    name: str
    help: str
    params: tuple[click.Parameter, ...]
    make: Callable[[Mapping[str, Any]], Any]
    in_shell: bool = True
    in_notebook: bool = True

    def command(self, *, prog: str = "%asset") -> click.Command:
        """The verb as a command that only has parameters. Examples of its help are written for `prog`."""
        return click.Command(
            self.name,
            params=list(self.params),
            help=self.help.replace("{asset}", prog),
            add_help_option=False,
            context_settings={"help_option_names": []},
        )


def selection_text(words: Sequence[str]) -> str:
    """Words of a selection as one text: with ``and``, ``or``, ``not`` or brackets they are one expression, else a list.

    >>> selection_text(["a", "b+"]), selection_text(["group:raw", "and", "not", "a"])
    ('a, b+', 'group:raw and not a')
    """
    if any(word.lower() in _OPERATORS or "(" in word or ")" in word for word in words):
        return " ".join(words)
    return ", ".join(words)


# -- parameters that several verbs share ----------------------------------------------------------------------------------------


def select(*, required: bool = False) -> tuple[click.Parameter, ...]:
    """A selection, as words or with ``--select``."""
    return (
        click.Argument(["words"], type=SELECTION, nargs=-1, required=required, metavar="[SELECTION]..."),
        click.Option(["--select"], type=SELECTION, default="", help="Which assets: 'delays+', 'group:raw', 'a,b', 'tag:team=x and not b'."),
    )


def partitions() -> tuple[click.Parameter, ...]:
    """Partitions, as keys or as a range."""
    return (
        click.Option(["--partition", "-p"], type=PARTITION, default="", help="Partitions: 2013-06-01, or 2013-06-01..2013-06-30,JFK."),
        click.Option(["--start", "-s"], type=PARTITION, default="", help="First partition of a range."),
        click.Option(["--end", "-e"], type=PARTITION, default="", help="Last partition of the range, included."),
    )  # fmt: skip


def locations() -> click.Argument:
    """Any number of locations, for a verb that is about nothing else."""
    return click.Argument(["locations"], type=FILE, nargs=-1, metavar="[LOCATION]...")


def log_format() -> click.Option:
    """How a program that goes on writes its lines."""
    return click.Option(
        ["--log-format"], type=click.Choice(["text", "json"]), default="text", show_default=True,
        help="How lines are written: for people, or a JSON object each.",
    )  # fmt: skip


def pairs(values: Sequence[str], option: str) -> dict[str, str]:
    """``key=value`` texts as a dict; one without ``=`` is a usage error."""
    found = {}
    for text in values:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise click.BadParameter(f"{text!r} is no key=value pair. Write {option} team=data.")
        found[key.strip()] = value
    return found


def selected(values: Mapping[str, Any]) -> str:
    """The selection that was written."""
    words = tuple(values.get("words") or ())
    if words and values.get("select"):
        raise click.UsageError("the selection stands there twice: as words and with --select. Keep one.")
    return str(values.get("select") or selection_text(words))


def partition_arguments(values: Mapping[str, Any]) -> PartitionArguments:
    """The partitions that were written."""
    partition, start, end = values["partition"], values["start"], values["end"]
    if partition and (start or end):
        raise click.UsageError("-p and -s/-e both name partitions. Keep one: -p 2013-06-01, or -s 2013-06-01 -e 2013-06-30.")
    if bool(start) != bool(end):
        given, other = ("-s", "-e") if start else ("-e", "-s")
        raise click.UsageError(
            f"{given} {start or end} is half a range. Give {other} too; both ends are included. For one partition: -p KEY."
        )
    return PartitionArguments(partition, start, end)
