"""The command line: ``nbasset VERB [LOCATION] ...``.

Verbs and options are those of `nbasset.arguments`; here each gets a location to act on, a face for people and one for machines
(``--json``), and an exit code: 0 done, 1 failed, 2 usage, 130 interrupted. Nothing heavy is loaded before a verb needs it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nbasset.arguments.verbs import VERBS, Verb, Word, pairs
from nbasset.errors import (
    Error,
    InvalidConfigError,
    InvalidInvocationError,
    InvalidSelection,
    UnknownAsset,
    UnknownPartitionError,
    did_you_mean,
)

if TYPE_CHECKING:
    from nbasset.commands.run import RunResult
    from nbasset.commands.scope import Scope
    from nbasset.home import Home
    from nbasset.instance import Instance
    from nbasset.locations.location import Location

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
_USAGE_ERRORS = (UnknownAsset, InvalidSelection, UnknownPartitionError, InvalidInvocationError, InvalidConfigError)

_HELP = """Data assets in notebook cells: lineage, runs, Parquet tables.

A LOCATION is a notebook, a .py file or a package; without one, the whole project is meant (the nearest folder at or above this one with
nbasset.toml or .nbasset).

\b
nbasset list
nbasset plan notebooks/flights.ipynb
nbasset run notebooks/flights.ipynb delays+
nbasset graph notebooks/flights.ipynb --output flights.svg
"""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the command line: where, on what, how to answer."""

    verb: Verb
    words: tuple[str, ...]
    module: str
    home: str
    json: bool
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """The location that was named, as it was written; empty for the project."""
        from nbasset.locations.workspace import is_place

        if self.module:
            return self.module
        return self.words[0] if self.words and is_place(self.words[0]) else ""

    @property
    def rest(self) -> tuple[str, ...]:
        """The words after the location."""
        return self.words[1:] if self.place and not self.module else self.words


Face = Callable[[Call, Any], int]


def main(args: Sequence[str] | None = None) -> None:
    """The program. Ends the process with its exit code."""
    sys.exit(run_command(list(sys.argv[1:] if args is None else args)))


def run_command(args: Sequence[str]) -> int:
    """Run one command line; its exit code."""
    as_json = "--json" in args
    try:
        code = group().main(list(args), prog_name="nbasset", standalone_mode=False)
        return int(code) if isinstance(code, int) else DONE
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.UsageError as error:
        return _told(error, error.format_message(), USAGE, as_json)
    except click.Abort as error:
        if isinstance(error.__cause__, KeyboardInterrupt):  # click turns one into the other
            return _told(None, "interrupted; what had finished is kept", INTERRUPTED, as_json)
        return _told(None, "not done", FAILED, as_json)
    except _USAGE_ERRORS as error:
        return _said(error, USAGE, as_json)
    except Error as error:
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
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            near = did_you_mean(args[0], self.commands) or f"Verbs are: {', '.join(self.commands)}."
            raise click.UsageError(f"there is no verb '{args[0]}'. {near}", ctx)
        return super().resolve_command(ctx, args)


def _command(verb: Verb, face: Face) -> click.Command:
    """A verb with a location and the options that all of them share."""
    options = [param for param in verb.params if isinstance(param, click.Option)]
    takes_words = len(options) < len(verb.params)
    asset = any(param.name == "asset" for param in verb.params)
    words = click.Argument(
        ["words"], nargs=-1, type=Word("selection"), metavar="[LOCATION] ASSET" if asset else "[LOCATION] [SELECTION]..."
    )
    if not takes_words:
        words = click.Argument(["words"], nargs=-1, metavar="")
    shared = [
        click.Option(["--module", "-m"], default="", metavar="NAME", help="The location as a dotted module name."),
        click.Option(["--home"], default="", metavar="FOLDER", help="The project; otherwise found from the location or this folder."),
        click.Option(["--json"], is_flag=True, help="Answer in JSON, for machines."),
    ]

    def call(**values: Any) -> int:
        own = {str(option.name): values.pop(str(option.name)) for option in _ONLY_HERE.get(verb.name, ())}
        given = Call(verb, tuple(values.pop("words")), values.pop("module"), values.pop("home"), values.pop("json"), own)
        if not takes_words and given.rest:
            raise click.UsageError(f"{verb.name} takes no selection, but was given {' '.join(given.rest)}.")
        if asset and len(given.rest) != 1:
            raise click.UsageError(f"name one asset: nbasset {verb.name} [LOCATION] ASSET. {len(given.rest)} were named.")
        named: dict[str, Any] = {"asset": given.rest[0]} if asset else {"words": given.rest}
        return face(given, verb.make({**values, **named}))

    first, _, rest = verb.help.partition("\n")
    return click.Command(
        verb.name, params=[words, *options, *_ONLY_HERE.get(verb.name, ()), *shared], callback=call,
        help=f"{first}\n{rest}".replace("{asset}", "nbasset"), short_help=first,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    )  # fmt: skip


# Options that a verb has on the command line alone.
_ONLY_HERE: dict[str, tuple[click.Option, ...]] = {
    "run": (
        click.Option(["--papermill"], is_flag=True, help="Execute the notebook from top to bottom, and keep it with its outputs."),
        click.Option(["--parameter", "-P"], multiple=True, metavar="NAME=VALUE", help="A value for the notebook's parameters cell."),
        click.Option(["--kernel"], default="", help="The kernel for --papermill; otherwise the notebook's."),
    )
}


# -- what a call acts on ----------------------------------------------------------------------------------------------------------


def open_home(call: Call) -> tuple[Home, Instance]:
    """The home of the call: named, or found from the location."""
    from nbasset.home import find_home
    from nbasset.instance import Instance

    start = Path(call.place) if call.place and not call.module else None
    if start is not None and not start.exists():
        raise InvalidInvocationError(f"there is no {call.place}. {_near_file(start)}".rstrip())
    home = find_home(start, named=call.home or None)
    return home, Instance.open(home.root)


def _near_file(path: Path) -> str:
    folder = path.parent
    return did_you_mean(path.name, [one.name for one in folder.iterdir()]) if folder.is_dir() else ""


def scopes(call: Call) -> Iterator[Scope]:
    """Each location of the call with its home, one after the other; the current folder is that of its code while it is used.

    A broken location of a project is told and passed over; one that was named raises.
    """
    from nbasset.commands.scope import Scope

    home, instance = open_home(call)
    for location in _locations(call, home):
        with _inside(location.folder):
            yield Scope(location, instance)


def _locations(call: Call, home: Home) -> Iterator[Location]:
    from nbasset.locations.workspace import Place, load_location, load_place, place_named, places_of

    if call.place:
        place = Place(module=call.module) if call.module else place_named(call.place)
        path = place.path.resolve() if place.path is not None else None
        if path is not None and path.is_dir() and not (path / "__init__.py").exists():
            yield from _project(places_of_folder(path, home), home, load_place)
            return
        with _inside(path.parent if path is not None and path.suffix == ".ipynb" else None):
            yield load_location(Place(path) if path is not None else place, home)
        return
    from nbasset.settings import load_settings

    places = places_of(home, load_settings(home.settings_file))
    if not places:
        raise InvalidInvocationError(
            f"no notebook or module with assets was found in {home.root}. Name one: nbasset {call.verb.name} notebooks/flights.ipynb"
        )
    yield from _project(places, home, load_place)


def places_of_folder(folder: Path, home: Home) -> list[Any]:
    """The locations of a folder: those of the project that are inside, or those found in it by convention."""
    from nbasset.home import Home as AnyHome
    from nbasset.locations.workspace import places_of
    from nbasset.settings import Settings, load_settings

    inside = [
        place
        for place in places_of(home, load_settings(home.settings_file))
        if place.path is not None and place.path.resolve().is_relative_to(folder)
    ]
    return inside or places_of(AnyHome(folder), Settings())


def _project(places: Sequence[Any], home: Home, load: Callable[[Any, Home], Location]) -> Iterator[Location]:
    for place in places:
        with _inside(place.path.parent if place.path is not None and place.path.suffix == ".ipynb" else None):
            location = load(place, home)
        if location.error is None:
            yield location
        else:
            _tell(f"{location.name} is left out: {location.error}")


@contextmanager
def _inside(folder: Path | None) -> Iterator[None]:
    """Work in a folder for a while: code of a notebook expects to run where the notebook is."""
    if folder is None:
        yield
        return
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


# -- the verbs --------------------------------------------------------------------------------------------------------------------


def _list(call: Call, arguments: Any) -> int:
    from nbasset.cli_text import console, show_list
    from nbasset.commands.list_assets import list_assets

    listed = [list_assets(scope, arguments) for scope in _selecting(call, arguments.select)]
    if call.json:
        _json({"locations": [one.to_json() for one in listed]})
    else:
        out = console()
        for one in listed:
            show_list(one, out)
    return DONE


def _graph(call: Call, arguments: Any) -> int:
    from nbasset.commands.lineage import joined, lineage, picture_json, rendered, write_picture

    output = Path(arguments.output).absolute() if arguments.output else None
    pictures = [lineage(scope, arguments) for scope in _selecting(call, arguments.select)]
    picture = pictures[0] if len(pictures) == 1 else joined(pictures)
    if output is not None:
        write_picture(picture, output, direction=arguments.direction)
        if call.json:
            _json({"output": str(output)})
        else:
            click.echo(f"{arguments.output}: {len(picture.nodes)} assets")
    elif call.json:
        _json(picture_json(picture))
    else:
        click.echo(rendered(picture, "txt").decode(), nl=False)
    return DONE


def _plan(call: Call, arguments: Any) -> int:
    from nbasset.cli_text import console, show_plan
    from nbasset.commands.plan import plan

    arguments = _absolute(arguments)
    results = [plan(scope, arguments) for scope in _selecting(call, arguments.select)]
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
    from nbasset import clock
    from nbasset.cli_text import StepLines, console, show_run
    from nbasset.commands.carrying_out import Manner

    carry = _runner(call)
    arguments = _absolute(arguments)
    out = console(to_stderr=call.json)
    results = []
    for scope in _selecting(call, arguments.select):
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


def _runner(call: Call) -> Callable[..., RunResult]:
    """How the steps of a run are carried out: in this process, or by papermill."""
    given, kernel = call.more.get("parameter", ()), call.more.get("kernel", "")
    if not call.more.get("papermill"):
        if given or kernel:
            raise click.UsageError("-P and --kernel say how papermill runs a notebook. Add --papermill, or leave them out.")
        from nbasset.commands.run import run

        return run
    from nbasset.commands.notebook_run import run_by_papermill

    return partial(run_by_papermill, parameters=pairs(given, "-P"), kernel_name=kernel or None)


def _show(call: Call, arguments: Any) -> int:
    from nbasset.cli_text import inert
    from nbasset.commands.show import facts_text, show

    facts = show(_only(call, arguments.asset), arguments)
    if call.json:
        _json(facts.to_json())
    else:
        click.echo(inert(facts_text(facts)))
    return DONE


def _drop(call: Call, arguments: Any) -> int:
    from nbasset.commands.drop import drop

    what = "records and files" if arguments.data else "records"
    if not arguments.yes and not call.json:
        click.confirm(f"Give up the {what} of {arguments.select}?", abort=True)
    results = [drop(scope, arguments) for scope in _selecting(call, arguments.select)]
    if call.json:
        _json({"dropped": [one.to_json() for one in results]})
    else:
        count = sum(len(one.keys) for one in results)
        click.echo(f"{count} assets dropped, {sum(one.files for one in results)} files deleted")
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
}  # fmt: skip
"""The face of each verb; one without is not offered."""


# -- helpers ----------------------------------------------------------------------------------------------------------------------


def _selecting(call: Call, text: str) -> Iterator[Scope]:
    """The scopes of the call. In a project, locations that do not have what was selected are passed over, if another one does."""
    if call.place or not text:
        yield from scopes(call)
        return
    from nbasset.definitions.selection import AssetSelection

    missing: list[UnknownAsset] = []
    found = False
    for scope in scopes(call):
        try:
            AssetSelection.from_string(text).resolve(scope.catalog, status=lambda key: "")
        except UnknownAsset as error:
            missing.append(error)
            continue
        found = True
        yield scope
    if not found and missing:
        raise _nearest(missing)


def _only(call: Call, asset: str) -> Scope:
    """The one scope that has an asset."""
    from nbasset.definitions.selection import AssetSelection

    missing: list[UnknownAsset] = []
    for scope in scopes(call):
        try:
            AssetSelection.from_string(asset).resolve(scope.catalog)
        except UnknownAsset as error:
            missing.append(error)
            continue
        return scope
    raise _nearest(missing) if missing else UnknownAsset(f"no asset '{asset}' is defined here.")


def _nearest(missing: Sequence[UnknownAsset]) -> UnknownAsset:
    """Of what several locations said of an unknown name, what says a near one."""
    return next((error for error in missing if "Did you mean" in str(error)), missing[0])


def _absolute(arguments: Any) -> Any:
    """The arguments with files of run configuration found before the folder changes."""
    from dataclasses import replace

    return replace(arguments, config=tuple(str(Path(text).absolute()) if Path(text).is_file() else text for text in arguments.config))


def _json(data: Any) -> None:
    click.echo(json.dumps(data, ensure_ascii=True, indent=2 if sys.stdout.isatty() else None, default=str))


def _tell(text: str) -> None:
    from nbasset.cli_text import inert

    click.echo(inert(text), err=True)


def _said(error: Error, code: int, as_json: bool) -> int:
    from nbasset.cli_text import error_text

    return _told(error, error_text(error), code, as_json)


def _told(error: Exception | None, text: str, code: int, as_json: bool) -> int:
    from nbasset.cli_text import inert

    if as_json:
        name = type(error).__name__ if error is not None else "Interrupted"
        _json({"error": {"type": name, "message": str(error) if error is not None else text}})
    click.echo(click.style("error: ", fg="red", bold=True) + inert(text), err=True)
    return code


def _version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        from nbasset import __version__

        click.echo(f"nbasset {__version__}")
        ctx.exit()


if __name__ == "__main__":
    main()
