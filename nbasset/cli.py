"""The command line: ``nbasset VERB [LOCATION] ...``.

Verbs and options are those of `nbasset.arguments`; here each gets a location to act on, a face for people and one for machines
(``--json``), and an exit code: 0 done, 1 failed, 2 usage, 130 interrupted. Nothing heavy is loaded before a verb needs it.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nbasset import cli_pipe
from nbasset.arguments.parameters import Verb, Word, pairs
from nbasset.arguments.reading import KINDS, help_text, verb_at
from nbasset.arguments.verbs import VERBS
from nbasset.cli_apart import carried_out
from nbasset.cli_pipe import NOT_HERE
from nbasset.cli_scopes import Call, confirm, only_scope, open_home, selecting
from nbasset.errors import (
    Error,
    InvalidAssetName,
    InvalidConfigError,
    InvalidInvocationError,
    InvalidSelection,
    UnknownAsset,
    UnknownBackfill,
    UnknownJob,
    UnknownPartitionError,
    UnknownRun,
)

if TYPE_CHECKING:
    from nbasset.commands.run import RunResult

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
_USAGE_ERRORS = (
    UnknownAsset, InvalidAssetName, InvalidSelection, UnknownBackfill, UnknownJob, UnknownPartitionError, UnknownRun,
    InvalidInvocationError, InvalidConfigError,
)  # fmt: skip

_HELP = """Data assets in notebook cells: lineage, runs, Parquet tables.

A LOCATION is a notebook, a .py file or a package; without one, the whole project is meant (the nearest folder at or above this one with
nbasset.toml or .nbasset).

\b
nbasset list
nbasset plan notebooks/flights.ipynb
nbasset run notebooks/flights.ipynb delays+
nbasset graph notebooks/flights.ipynb --output flights.svg
"""


Face = Callable[[Call, Any], int]


def main(args: Sequence[str] | None = None) -> None:
    """The program. Ends the process with its exit code."""
    code = run_command(list(sys.argv[1:] if args is None else args))
    gc.freeze()  # what is left is not looked through once more: the system takes it all back
    sys.exit(code)


def run_command(args: Sequence[str]) -> int:
    """Run one command line; its exit code."""
    as_json = "--json" in args
    parent = cli_pipe.begin()
    try:
        code = group().main(list(args), prog_name="nbasset", standalone_mode=False, obj=list(args))
        return int(code) if isinstance(code, int) else DONE
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.exceptions.NoArgsIsHelpError as bare:  # no mistake, so nothing is said of an error
        click.echo(bare.format_message(), err=True)
        return USAGE
    except click.UsageError as error:
        return _told(error, error.format_message(), USAGE, as_json)
    except click.Abort as error:
        if isinstance(error.__cause__, KeyboardInterrupt):  # click turns one into the other
            return _told(None, "interrupted; what had finished is kept", INTERRUPTED, as_json)
        return _told(None, "not done", FAILED, as_json)
    except _USAGE_ERRORS as error:
        return NOT_HERE if parent is not None and parent.is_passed_on(error) else _said(error, USAGE, as_json)
    except Error as error:
        if parent is not None and parent.is_passed_on(error):
            return NOT_HERE
        return _said(error, FAILED, as_json)
    except KeyboardInterrupt:
        return _told(None, "interrupted; what had finished is kept", INTERRUPTED, as_json)
    except BrokenPipeError:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE


def group() -> click.Group:
    """The commands, made from the table of verbs."""
    made = _Group("nbasset", help=_HELP, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
    made.params.append(
        click.Option(["--version"], is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Say the version.")
    )
    for verb in VERBS.values():
        if verb.in_shell and verb.name in FACES:
            made.add_command(_command(verb, FACES[verb.name]))
    return made


class _Group(click.Group):
    """A group that lists its commands in the table's order and knows what somebody meant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-"):
            if args[0] in KINDS and args[0] not in VERBS and (len(args) == 1 or args[1] in ("-h", "--help")):
                click.echo(help_text(args[0], prog="nbasset"))
                ctx.exit(DONE if len(args) > 1 else USAGE)
            verb, rest = verb_at(args)
            if verb.name not in self.commands:
                raise click.UsageError(f"'{verb.name}' makes sense in a notebook only: %asset {verb.name}.", ctx)
            return verb.name, self.commands[verb.name], ["--help"] if rest == ["-h"] else rest  # also where -h takes a value
        return super().resolve_command(ctx, args)


def _command(verb: Verb, face: Face) -> click.Command:
    """A verb with a location and the options that all of them share."""
    options = [param for param in verb.params if isinstance(param, click.Option)]
    arguments = [param for param in verb.params if isinstance(param, click.Argument)]
    selects = any(param.name == "words" for param in arguments)
    metavar = _metavar(arguments, selects=selects)
    words = click.Argument(["words"], nargs=-1, type=Word("selection"), metavar=metavar)
    shared = [
        click.Option(["--module", "-m"], default="", metavar="NAME", help="The location as a dotted module name."),
        click.Option(["--home"], default="", metavar="FOLDER", help="The project; otherwise found from the location or this folder."),
        click.Option(["--json"], is_flag=True, help="Answer in JSON, for machines."),
    ]

    def call(**values: Any) -> int:
        own = {str(option.name): values.pop(str(option.name)) for option in _ONLY_HERE.get(verb.name, ())}
        given = Call(verb, tuple(values.pop("words")), values.pop("module"), values.pop("home"), values.pop("json"), own)

        def act(call: Call) -> int:
            named = {"words": call.rest} if selects else _named(verb, arguments, call.words if _serves(arguments) else call.rest)
            return face(call, verb.make({**values, **named}))

        return act(given) if _serves(arguments) else carried_out(given, click.get_current_context().obj, act)

    first, _, rest = verb.help.partition("\n")
    return click.Command(
        verb.name, params=[words, *options, *_ONLY_HERE.get(verb.name, ()), *shared], callback=call,
        help=f"{first}\n{rest}".replace("{asset}", "nbasset"), short_help=first,
        context_settings={"help_option_names": _help_names(verb), "max_content_width": 110},
    )  # fmt: skip


def _help_names(verb: Verb) -> list[str]:
    """How help of a verb is asked for; ``dev -h`` names a host."""
    return ["--help"] if any("-h" in param.opts for param in verb.params) else ["-h", "--help"]


def _metavar(arguments: list[click.Argument], *, selects: bool) -> str:
    if selects:
        return "[LOCATION] [SELECTION]..."
    if _serves(arguments):
        return "[LOCATION]..."
    return " ".join(("[LOCATION]", *map(_place, arguments))) if arguments else ""


def _serves(arguments: list[click.Argument]) -> bool:
    """Whether a verb is about any number of locations, so that its words are nothing else."""
    return any(param.name == "locations" for param in arguments)


def _place(param: click.Argument) -> str:
    """How an argument stands in the usage: ``ASSET``, ``[RUN]``, ``RUN...``."""
    name = str(param.metavar or param.name).upper()
    return name if param.required or name.startswith("[") else f"[{name}]"


def _named(verb: Verb, params: list[click.Argument], words: tuple[str, ...]) -> dict[str, Any]:
    """The words behind the location by the argument that they stand for: one word each, or all that are left."""
    rest = list(words)
    found: dict[str, Any] = {}
    for param in params:
        most = len(rest) if param.nargs == -1 else 1
        given, rest = rest[:most], rest[most:]
        if param.required and not given:
            raise click.UsageError(_usage_of(verb, params, len(words)))
        found[str(param.name)] = tuple(given) if param.nargs == -1 else given[0] if given else param.default
    if rest:
        raise click.UsageError(_usage_of(verb, params, len(words)))
    return found


def _usage_of(verb: Verb, params: list[click.Argument], count: int) -> str:
    if not params:
        return f"{verb.name} takes no selection, but was given {'a word' if count == 1 else f'{count} words'}."
    places = " ".join(map(_place, params))
    if len(params) > 1 or params[0].nargs == -1:
        return f"this is how it is used: nbasset {verb.name} [LOCATION] {places}."
    kind = str(params[0].name)
    hint = _LISTS.get(kind, "")
    return f"name one {kind}: nbasset {verb.name} [LOCATION] {places}. {count} were named. {hint}".rstrip()


_LISTS = {
    "run": "See them: nbasset runs.",
    "job": "See them: nbasset job list.",
    "schedule": "See them: nbasset schedule list.",
    "sensor": "See them: nbasset sensor list.",
}


# Options that a verb has on the command line alone.
_ONLY_HERE: dict[str, tuple[click.Option, ...]] = {
    "run": (
        click.Option(["--papermill"], is_flag=True, help="Execute the notebook from top to bottom, and keep it with its outputs."),
        click.Option(["--parameter", "-P"], multiple=True, metavar="NAME=VALUE", help="A value for the notebook's parameters cell."),
        click.Option(["--kernel"], default="", help="The kernel for --papermill; otherwise the notebook's."),
        click.Option(["--output", "-o"], default="", metavar="FILE", help="Write the executed notebook there, too."),
    )
}


# -- the verbs --------------------------------------------------------------------------------------------------------------------


def _list(call: Call, arguments: Any) -> int:
    from nbasset.cli_text import console, show_list
    from nbasset.commands.list_assets import list_assets

    listed = [list_assets(scope, arguments) for scope in selecting(call, arguments.select)]
    if call.json:
        _json({"locations": [one.to_json() for one in listed]})
    else:
        out = console()
        for one in listed:
            show_list(one, out)
    return DONE


def _graph(call: Call, arguments: Any) -> int:
    from nbasset.commands.lineage import joined, lineage, picture_json, rendered, write_picture
    from nbasset.commands.words import counted

    output = Path(arguments.output).absolute() if arguments.output else None
    pictures = [lineage(scope, arguments) for scope in selecting(call, arguments.select)]
    picture = pictures[0] if len(pictures) == 1 else joined(pictures)
    if output is not None:
        write_picture(picture, output, direction=arguments.direction)
        if call.json:
            _json({"output": str(output)})
        else:
            click.echo(f"{arguments.output}: {counted(len(picture.nodes), 'asset')}")
    elif call.json:
        _json(picture_json(picture))
    else:
        click.echo(rendered(picture, "txt").decode(), nl=False)
    return DONE


def _plan(call: Call, arguments: Any) -> int:
    if arguments.days:
        return _in("cli_jobs", "plan_ahead")(call, arguments)
    from nbasset.cli_text import console, show_plan
    from nbasset.commands.plan import plan

    arguments = _absolute(arguments)
    results = [plan(scope, arguments) for scope in selecting(call, arguments.select)]
    if call.json:
        _json({"plans": [one.to_json() for one in results]})
        return DONE
    out = console()
    for one in results:
        if len(results) > 1:
            out.print(one.location)
        show_plan(one, out)
    return DONE


def _run(call: Call, arguments: Any) -> int:
    if arguments.background:
        return _start(call, _absolute(arguments))
    from nbasset import clock
    from nbasset.cli_text import StepLines, console, show_run
    from nbasset.commands.carrying_out import Manner

    carry = _runner(call)
    arguments = _absolute(arguments)
    out = console(to_stderr=call.json)
    results = []
    for scope in selecting(call, arguments.select):
        lines = StepLines(out, quiet=call.json or arguments.quiet)
        began = clock.monotonic()
        try:
            manner = Manner(kind="command", echo=not (call.json or arguments.quiet), on_event=lines)
            done = carry(scope, arguments, manner)
        finally:
            lines.close()
        results.append(done)
        if not call.json:
            show_run(done, clock.monotonic() - began, scope.instance.warehouse, out)
    if call.json:
        _json({"runs": [one.to_json() for one in results]})
    if any(one.result is not None and one.result.status == "canceled" for one in results):
        return INTERRUPTED
    return DONE if all(one.success for one in results) else FAILED


def _start(call: Call, arguments: Any) -> int:
    """``run --bg``."""
    if call.more.get("papermill"):
        raise click.UsageError("--bg and --papermill are two ways to run. Keep one.")
    from nbasset.cli_watch import run_in_background

    return _answered(call, run_in_background(call, arguments))


def _in(module: str, name: str) -> Face:
    """The face of this name in a module of the command line, which is loaded when it is called."""

    def face(call: Call, arguments: Any) -> int:
        return _answered(call, getattr(import_module(f"nbasset.{module}"), name.replace(" ", "_"))(call, _absolute(arguments)))

    return face


def _answered(call: Call, answer: tuple[int, Any]) -> int:
    code, data = answer
    if call.json and data is not None:
        _json(data)
    return code


def _runner(call: Call) -> Callable[..., RunResult]:
    """How the steps of a run are carried out: in this process, or by papermill."""
    given, kernel, output = (call.more.get(name) for name in ("parameter", "kernel", "output"))
    if not call.more.get("papermill"):
        if given or kernel or output:
            raise click.UsageError("-P, --kernel and --output say how papermill runs a notebook. Add --papermill, or leave them out.")
        from nbasset.commands.run import run

        return run
    from nbasset.commands.notebook_run import run_by_papermill

    wanted = Path(output).absolute() if output else None
    return partial(run_by_papermill, parameters=pairs(given or (), "-P"), kernel_name=kernel or None, output=wanted)


def _show(call: Call, arguments: Any) -> int:
    from nbasset.cli_text import in_terminal_words
    from nbasset.commands.show import facts_text, show

    facts = show(only_scope(call, arguments.asset), arguments)
    if call.json:
        _json(facts.to_json())
    else:
        click.echo(in_terminal_words(facts_text(facts)))
    return DONE


def _drop(call: Call, arguments: Any) -> int:
    from nbasset.commands.drop import drop, question

    chosen = list(selecting(call, arguments.select))
    if not arguments.yes:
        confirm(question(chosen, arguments), call)
    results = [drop(scope, arguments) for scope in chosen]
    if call.json:
        _json({"dropped": [one.to_json() for one in results]})
    else:
        for one in results:
            click.echo(one.sentence)
    return DONE


def _doctor(call: Call, arguments: Any) -> int:
    from nbasset.cli_text import console, show_doctor
    from nbasset.commands.doctor import doctor

    result = doctor(open_home(call)[1], arguments)
    if call.json:
        _json(result.to_json())
    else:
        show_doctor(result, console())
    return DONE if result.is_sound else FAILED


FACES: dict[str, Face] = {
    "list": _list, "graph": _graph, "plan": _plan, "run": _run, "show": _show, "drop": _drop, "doctor": _doctor,
    **{name: _in("cli_jobs", name) for name in VERBS if " " in name},
    **{f"{kind} {action}": _in("cli_automation", "switch") for kind in ("schedule", "sensor") for action in ("start", "stop", "reset")},
    **{f"{kind} logs": _in("cli_automation", "logs") for kind in ("schedule", "sensor")},
    **{name: _in("cli_automation", name) for name in ("sensor cursor", "daemon run", "daemon status", "daemon stop", "dev")},
    "backfill": _in("cli_backfill", "backfill"), "promote": _in("cli_promotion", "promote"), "export": _in("cli_export", "export"),
    "ui": _in("cli_ui", "ui"),
    **{name: _in("cli_watch", name) for name in ("partitions", "runs", "cancel")},
    **{name: _in("cli_time", name) for name in ("why", "history", "rollback", "diff", "rename", "gc", "check")},
}  # fmt: skip
"""The face of each verb; one without is not offered."""


# -- helpers ----------------------------------------------------------------------------------------------------------------------


def _absolute(arguments: Any) -> Any:
    """The arguments with files of run configuration found before the folder changes."""
    from dataclasses import replace

    given = getattr(arguments, "config", ())
    if not isinstance(given, tuple):
        return arguments
    return (
        replace(arguments, config=tuple(str(Path(text).absolute()) if Path(text).is_file() else text for text in given))
        if given
        else arguments
    )


def _json(data: Any) -> None:
    click.echo(json.dumps(data, ensure_ascii=True, indent=2 if sys.stdout.isatty() else None, default=str))


def _said(error: Error, code: int, as_json: bool) -> int:
    from nbasset.cli_text import error_text

    return _told(error, error_text(error), code, as_json)


def _told(error: Exception | None, text: str, code: int, as_json: bool) -> int:
    from nbasset.cli_text import in_terminal_words, inert

    if as_json:
        name = type(error).__name__ if error is not None else "Interrupted"
        _json({"error": {"type": name, "message": in_terminal_words(str(error)) if error is not None else text}})
    click.echo(click.style("error: ", fg="red", bold=True) + inert(text), err=True)
    return code


def _version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        from nbasset import __version__

        click.echo(f"nbasset {__version__}")
        ctx.exit()


if __name__ == "__main__":
    main()
