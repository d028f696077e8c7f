"""Reading a command: words, verb, options. Mistakes are `click.UsageError`s with the nearest right word."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

import click

from nbasset.arguments.options import HelpArguments
from nbasset.arguments.parameters import Verb
from nbasset.arguments.verbs import VERBS
from nbasset.errors import did_you_mean

_HELP = frozenset({"--help", "-h", "-?"})


def parse(text: str | Sequence[str], *, prog: str = "%asset") -> tuple[str, Any]:
    """The verb and the options of a command; ``("help", HelpArguments)`` when help was asked for, or nothing.

    >>> parse("run delays -p 2013-06-01")[1].partitions.partition
    '2013-06-01'

    Raises
    ------
    click.UsageError
        If the command cannot be read.
    """
    words = split(text) if isinstance(text, str) else list(text)
    if not words or words[0] in _HELP or words[0] == "help":
        about = words[1] if len(words) > 1 and words[1] not in _HELP else ""
        return "help", HelpArguments(help_text(about, prog=prog), about)
    verb = find_verb(words[0])
    if _HELP.intersection(words[1:]):
        return "help", HelpArguments(help_text(verb.name, prog=prog), verb.name)
    return verb.name, read(verb, words[1:], prog=prog)


def read(verb: Verb, words: Sequence[str], *, prog: str) -> Any:
    """The options of one verb."""
    command = verb.command(prog=prog)
    try:
        with command.make_context(f"{prog} {verb.name}", list(words)) as context:
            return verb.make(context.params)
    except click.UsageError as error:
        raise with_hint(error, verb, prog) from None


def find_verb(name: str) -> Verb:
    """The verb of this name.

    Raises
    ------
    click.UsageError
        With the nearest verb, or all of them.
    """
    verb = VERBS.get(name)
    if verb is None:
        near = did_you_mean(name, VERBS) or f"Verbs are: {', '.join(VERBS)}."
        raise click.UsageError(f"there is no verb '{name}'. {near}")
    return verb


def with_hint(error: click.UsageError, verb: Verb, prog: str) -> click.UsageError:
    """The error with one line that says how the verb is used."""
    return click.UsageError(f"{error.format_message()} See: {prog} {verb.name} --help")


def split(text: str) -> list[str]:
    """The words of a line as a shell would read them; a quote that is not closed is a usage error."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError:
        raise click.UsageError(f"a quote is opened and not closed in: {text}") from None


def help_text(verb: str = "", *, prog: str = "%asset") -> str:
    """How a verb is used; without one, all verbs with a line each."""
    if verb:
        command = find_verb(verb).command(prog=prog)
        context = click.Context(command, info_name=f"{prog} {verb}", max_content_width=100, terminal_width=100)
        return command.get_help(context)
    width = max(map(len, VERBS)) + 2
    lines = [f"{prog} VERB ...", "", "Verbs:"]
    lines += [f"  {name:<{width}}{verb.help.partition(chr(10))[0]}" for name, verb in VERBS.items()]
    return "\n".join([*lines, "", f"More about one: {prog} VERB --help"])
