"""What the verbs about automation print on the command line, and what they give as JSON: switches, ticks, cursors, the daemon, ``dev``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nbasset import clock
from nbasset.cli_scopes import Call, naming, open_home, places_of_folder, scopes_and_jobs
from nbasset.cli_text import inert
from nbasset.errors import InvalidInvocationError
from nbasset.serde import Json

if TYPE_CHECKING:
    from nbasset.arguments.options_automation import (
        CursorArguments,
        DaemonRunArguments,
        DevArguments,
        LogFormat,
        SwitchArguments,
        TicksArguments,
    )
    from nbasset.commands.scope import Scope
    from nbasset.home import Home
    from nbasset.locations.workspace import Place

DONE, FAILED = 0, 1
Answer = tuple[int, Json]
_COLORS = {"daemon": "cyan", "lab": "yellow", "ui": "magenta", "nbasset": "bright_black"}


# -- on and off, and what happened -------------------------------------------------------------------------------------------------


def switch(call: Call, arguments: SwitchArguments) -> Answer:
    """Switch schedules or sensors, all that were named or none."""
    from nbasset.commands.instigators import set_status

    done = [set_status(scope, arguments.kind, name, arguments.action) for scope, name in _meant(call, arguments)]
    if not call.json:
        for one in done:
            click.echo(inert(one.sentence))
        if not done:
            click.echo(f"no {arguments.kind}s")
        elif any(one.is_on for one in done):
            _tell_of_daemon(call)
    return DONE, {f"{arguments.kind}s": [one.to_json() for one in done]}


def logs(call: Call, arguments: TicksArguments) -> Answer:
    """The ticks of a schedule or sensor."""
    from nbasset.commands.instigators import history_text, tick_history

    found = tick_history(naming(call, arguments.kind, arguments.name), arguments)
    if not call.json:
        click.echo(inert(history_text(found)))
    return DONE, found.to_json()


def sensor_cursor(call: Call, arguments: CursorArguments) -> Answer:
    """The cursor of a sensor: shown, set, or forgotten."""
    from nbasset.commands.instigators import cursor_of, set_cursor

    scope = naming(call, "sensor", arguments.sensor)
    changes = arguments.clear or arguments.text is not None
    found = set_cursor(scope, arguments.sensor, arguments.text) if changes else cursor_of(scope, arguments.sensor)
    if not call.json:
        click.echo(inert(found.sentence))
    return DONE, found.to_json()


def _meant(call: Call, arguments: SwitchArguments) -> list[tuple[Scope, str]]:
    """Each that is meant, with its scope.

    Raises
    ------
    UnknownJob
        If one that was named is not there.
    InvalidInvocationError
        If several locations have it.
    """
    from nbasset.commands.job_verbs import names_of, unknown

    every = [(scope, name) for scope in scopes_and_jobs(call) for name in sorted(names_of(scope, arguments.kind))]
    if arguments.all:
        return every
    known = [name for _, name in every]
    for name in arguments.names:
        if name not in known:
            raise unknown(arguments.kind, name, known)
        if known.count(name) > 1:
            places = " and ".join(scope.location.name for scope, one in every if one == name)
            raise InvalidInvocationError(
                f"{arguments.kind} '{name}' is defined in {places}. Name one: nbasset {call.verb.name} LOCATION {name}"
            )
    return [next(one for one in every if one[1] == name) for name in arguments.names]


def _tell_of_daemon(call: Call) -> None:
    from nbasset.commands.daemon_status import daemon_status

    if not daemon_status(open_home(call)[1]).is_running:
        click.echo("no daemon keeps watch here, so nothing starts yet. Start one: nbasset daemon run")


# -- what keeps watch -------------------------------------------------------------------------------------------------------------


def daemon_run(call: Call, arguments: DaemonRunArguments) -> Answer:
    """Keep watch over the home until somebody ends it."""
    from nbasset.daemon.loop import run_daemon

    home = open_home(call)[0]
    lines = Lines("json" if call.json else arguments.log_format)
    places = places_of_call(call, home, arguments.locations)
    return run_daemon(
        home, places=places, once=arguments.once, standby=arguments.standby, on_line=lambda text: lines("daemon", text)
    ), None  # fmt: skip


def daemon_status(call: Call, arguments: Any) -> Answer:
    """Whether a daemon keeps watch; 1 if none does."""
    from nbasset.commands.daemon_status import daemon_status, status_text

    status = daemon_status(open_home(call)[1])
    if not call.json:
        click.echo(inert(status_text(status)))
    return DONE if status.is_running else FAILED, status.to_json()


def daemon_stop(call: Call, arguments: Any) -> Answer:
    """Have the daemon end."""
    from nbasset.commands.daemon_status import stop_daemon

    done = stop_daemon(open_home(call)[1])
    if not call.json:
        click.echo(inert(done.sentence))
    return DONE, done.to_json()


def dev(call: Call, arguments: DevArguments) -> Answer:
    """The daemon, JupyterLab and the pages, until one of them ends or somebody ends all."""
    from nbasset.commands.daemon_status import daemon_status
    from nbasset.dev.serve import DevOptions, absolute, serve
    from nbasset.web.extra import has_web_extra

    locations = absolute(arguments.locations)
    home, instance = open_home(call)
    status = daemon_status(instance)
    instance.close()
    options = DevOptions(
        locations, call.module, arguments.lab, arguments.host, arguments.port, status.sentence if status.is_running else "",
        arguments.ui and has_web_extra(),
    )  # fmt: skip
    return serve(home, options, Lines("json" if call.json else arguments.log_format, named=True)), None


class Lines:
    """Writes lines of several programs, each with the time and, if `named`, who says it; or as a JSON object each."""

    def __init__(self, log_format: LogFormat, *, named: bool = False) -> None:
        self.log_format = log_format
        self.named = named

    def __call__(self, source: str, text: str) -> None:
        """Write what one says; of several lines all but the first are indented."""
        now = clock.now().astimezone()
        if self.log_format == "json":
            click.echo(json.dumps({"at": now.isoformat(timespec="milliseconds"), "source": source, "text": text}))
            return
        name = click.style(f"{source:<8}", fg=_COLORS.get(source)) if self.named else ""
        first, *others = inert(text).split("\n")
        click.echo(f"{click.style(f'{now:%H:%M:%S}', fg='bright_black')} {name}{first}")
        for line in others:
            click.echo(f"{'':9}{name}{line}")


def places_of_call(call: Call, home: Home, locations: Sequence[str]) -> list[Place]:
    """The places that were named, as the project knows them where it does; none: all of the project."""
    from nbasset.dev.serve import absolute
    from nbasset.locations.workspace import Place, places_of
    from nbasset.settings import load_settings

    if not (locations or call.module):
        return []
    known = places_of(home, load_settings(home.settings_file))
    found: list[Place] = []
    for path in map(Path, absolute(locations)):
        if path.is_dir() and not (path / "__init__.py").exists():
            found += places_of_folder(path, home)
            continue
        found.append(next((one for one in known if one.path is not None and one.path.resolve() == path), Place(path)))
    if call.module:
        found.append(next((one for one in known if one.module == call.module), Place(module=call.module)))
    return found
