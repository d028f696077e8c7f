"""Reading a command: words, verb, options. Mistakes are `click.UsageError`s with the nearest right word."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import Any

import click

from nbasset.arguments.options import HelpArguments
from nbasset.arguments.parameters import Verb
from nbasset.arguments.verbs import VERBS
from nbasset.arguments.verbs_jobs import ALIASES
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
        about = " ".join(word for word in words[1:3] if word not in _HELP)
        return "help", HelpArguments(help_text(about, prog=prog), about)
    if words[0] in KINDS and words[0] not in VERBS and (len(words) == 1 or _HELP.intersection(words[:2])):
        return "help", HelpArguments(help_text(words[0], prog=prog), words[0])
    verb, rest = verb_at(words)
    if _HELP.intersection(rest):
        return "help", HelpArguments(help_text(verb.name, prog=prog), verb.name)
    return verb.name, read(verb, rest, prog=prog)


def read(verb: Verb, words: Sequence[str], *, prog: str) -> Any:
    """The options of one verb."""
    command = verb.command(prog=prog)
    try:
        with command.make_context(f"{prog} {verb.name}", list(words)) as context:
            return verb.make(context.params)
    except click.UsageError as error:
        raise with_hint(error, verb, prog) from None


def verb_at(words: Sequence[str]) -> tuple[Verb, list[str]]:
    """The verb that some words begin with, and the words after it.

    Raises
    ------
    click.UsageError
        With the nearest verb, or all of them.
    """
    two, also = other_name(words)
    if len(words) > 1 and two in VERBS:
        return VERBS[two], [*also, *words[2:]]
    if words[0] in VERBS:
        return VERBS[words[0]], list(words[1:])
    if words[0] in ALIASES:
        return VERBS[ALIASES[words[0]]], list(words[1:])
    if words[0] in KINDS:
        raise click.UsageError(_no_action(words))
    near = did_you_mean(words[0], [*VERBS, *KINDS]) or f"Verbs are: {', '.join(VERBS)}."
    raise click.UsageError(f"there is no verb '{words[0]}'. {near}")


def other_name(words: Sequence[str]) -> tuple[str, list[str]]:
    """The verb that two words mean, also under another name, and the options that the other name implies.

    >>> other_name(["job", "scaffold-config", "etl"]), other_name(["job", "run"])
    (('job show', ['--config']), ('job run', []))
    """
    two = " ".join(words[:2])
    verb, dashes, options = ALIASES.get(two, two).partition(" --")
    return verb, [f"--{options}"] if dashes else []


def _no_action(words: Sequence[str]) -> str:
    kind, actions = words[0], KINDS[words[0]]
    if len(words) == 1 or words[1].startswith("-"):
        return f"say what to do with the {kind}: {', '.join(f'{kind} {one}' for one in actions)}."
    near = did_you_mean(" ".join(words[:2]), [f"{kind} {one}" for one in actions]) or f"There are: {', '.join(actions)}."
    return f"there is no verb '{kind} {words[1]}'. {near}"


def with_hint(error: click.UsageError, verb: Verb, prog: str) -> click.UsageError:
    """The error with one line that says how the verb is used."""
    return click.UsageError(f"{error.format_message()} See: {prog} {verb.name} --help")


# What is quoted as a whole stands as it is; a value in a selection keeps its quotes.
_QUOTED = re.compile(r"""\\.|'[^']*'|(?P<attribute>[a-z_]+:)(?P<value>"[^"\n]*")|"(?:[^"\\]|\\.)*\"""")


def split(text: str) -> list[str]:
    """The words of a line as a shell would read them; a quote that is not closed is a usage error.

    The quotes of a value in a selection stay, since they belong to it.

    >>> split("run 'two words' owner:\\"team:data\\"")
    ['run', 'two words', 'owner:"team:data"']
    """
    text = _QUOTED.sub(lambda found: found["attribute"] + shlex.quote(found["value"]) if found["attribute"] else found[0], text)
    lexer = shlex.shlex(text, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError:
        raise click.UsageError(f"a quote is opened and not closed in: {text}") from None


def help_text(verb: str = "", *, prog: str = "%asset") -> str:
    """How a verb is used; without one, all verbs with a line each."""
    if verb in KINDS and verb not in VERBS:
        return _lines(f"{prog} {verb} ...", [name for name in VERBS if name.startswith(f"{verb} ")], f"{prog} {verb} {KINDS[verb][0]}")
    if verb:
        found = verb_at(verb.split())[0]
        command, verb = found.command(prog=prog), found.name
        context = click.Context(command, info_name=f"{prog} {verb}", max_content_width=100, terminal_width=100)
        return command.get_help(context)
    return _lines(f"{prog} VERB ...", list(VERBS), f"{prog} VERB")


def _lines(usage: str, names: Sequence[str], example: str) -> str:
    width = max(map(len, names)) + 2
    lines = [usage, "", "Verbs:", *(f"  {name:<{width}}{VERBS[name].help.partition(chr(10))[0]}" for name in names)]
    return "\n".join([*lines, "", f"More about one: {example} --help"])


def _kinds() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in VERBS:
        kind, space, action = name.partition(" ")
        if space:
            found.setdefault(kind, []).append(action)
    return found


KINDS: dict[str, list[str]] = _kinds()
"""The first words of verbs of two words, each with the second words that it may have."""
