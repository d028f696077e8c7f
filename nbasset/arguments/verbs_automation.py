"""Verbs about what starts by itself: switching schedules and sensors, their ticks, the daemon, and the server for development."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from nbasset.arguments.options_automation import (
    Action,
    CursorArguments,
    DaemonRunArguments,
    DaemonStatusArguments,
    DaemonStopArguments,
    DevArguments,
    Kind,
    SwitchArguments,
    TicksArguments,
)
from nbasset.arguments.parameters import SCHEDULE, SENSOR, Verb, locations, log_format

_WORDS = {"schedule": SCHEDULE, "sensor": SENSOR}
_MANY = {"schedule": "schedules", "sensor": "sensors"}


def _switch(kind: Kind, action: Action, text: str) -> Verb:
    def made(values: Mapping[str, Any]) -> SwitchArguments:
        names = tuple(dict.fromkeys(values["names"]))
        if bool(names) == values["all"]:
            raise click.UsageError(
                f"--all means every {kind}. Leave out the others." if names else f"name the {_MANY[kind]}, or say --all."
            )
        return SwitchArguments(kind, action, names, values["all"])

    return Verb(
        f"{kind} {action}", text,
        (
            click.Argument(["names"], type=_WORDS[kind], nargs=-1, metavar=f"[{kind.upper()}]..."),
            click.Option(["--all"], is_flag=True, help=f"Every {kind} there is."),
        ),
        made,
    )  # fmt: skip


def _logs(kind: Kind, text: str) -> Verb:
    return Verb(
        f"{kind} logs", text,
        (
            click.Argument([kind], type=_WORDS[kind]),
            click.Option(["--limit", "-n"], type=click.IntRange(1, 1000), default=15, help="How many, newest first.", show_default=True),
            click.Option(
                ["--status"], type=click.Choice(["success", "skipped", "failure", "missed"]), default=None, help="Only ticks that ended so."
            ),
        ),
        lambda values: TicksArguments(kind, values[kind], values["limit"], values["status"] or ""),
    )  # fmt: skip


def _cursor(values: Mapping[str, Any]) -> CursorArguments:
    given = [text for text in (values["text"], values["set"]) if text is not None]
    if len(given) + values["clear"] > 1:
        raise click.UsageError("--clear forgets the cursor, and a text sets it. Keep one.")
    return CursorArguments(values["sensor"], given[0] if given else None, values["clear"])


_SCHEDULE_START = _switch(
    "schedule", "start",
    """Switch schedules on: the daemon starts their runs from now on. Ticks before now are not made up for.

    \b
    {asset} schedule start nightly
    {asset} schedule start --all
    """,
)  # fmt: skip

_SCHEDULE_STOP = _switch(
    "schedule", "stop",
    """Switch schedules off. What they have started goes on; it stays off, whatever the definition says, until it is started or reset.

    \b
    {asset} schedule stop nightly
    {asset} schedule stop --all
    """,
)  # fmt: skip

_SCHEDULE_RESET = _switch(
    "schedule", "reset",
    """Have schedules be on or off as their definition says again.

    \b
    {asset} schedule reset nightly
    {asset} schedule reset --all
    """,
)  # fmt: skip

_SCHEDULE_LOGS = _logs(
    "schedule",
    """Show the ticks of a schedule, newest first: what each started, why it was skipped, its error, what was missed.

    \b
    {asset} schedule logs nightly
    {asset} schedule logs nightly -n 50 --status failure
    """,
)

_SENSOR_START = _switch(
    "sensor", "start",
    """Switch sensors on: the daemon asks them from now on.

    \b
    {asset} sensor start new_files
    {asset} sensor start --all
    """,
)  # fmt: skip

_SENSOR_STOP = _switch(
    "sensor", "stop",
    """Switch sensors off. Each keeps its cursor and goes on from there when it is started again.

    \b
    {asset} sensor stop new_files
    {asset} sensor stop --all
    """,
)  # fmt: skip

_SENSOR_RESET = _switch(
    "sensor", "reset",
    """Have sensors be on or off as their definition says again.

    \b
    {asset} sensor reset new_files
    {asset} sensor reset --all
    """,
)  # fmt: skip

_SENSOR_LOGS = _logs(
    "sensor",
    """Show the ticks of a sensor, newest first: what each started, why it was skipped, its error, the cursor it left.

    \b
    {asset} sensor logs new_files
    {asset} sensor logs new_files -n 50 --status success
    """,
)

_SENSOR_CURSOR = Verb(
    "sensor cursor",
    """Show the cursor of a sensor, or set it: the next evaluation goes on from there.

    \b
    {asset} sensor cursor new_files
    {asset} sensor cursor new_files b.csv
    {asset} sensor cursor new_files --clear
    """,
    (
        click.Argument(["sensor"], type=SENSOR),
        click.Argument(["text"], type=click.STRING, required=False, default=None),
        click.Option(["--clear", "--delete"], is_flag=True, help="Forget it: the next evaluation is like the first."),
        click.Option(["--set"], default=None, hidden=True, help="The same as a text that stands alone."),
    ),
    _cursor,
)


_DAEMON_RUN = Verb(
    "daemon run",
    """Keep watch over this home: start the runs of schedules and sensors that are on, and those that wait in the queue. Ends with Ctrl-C.

    \b
    nbasset daemon run
    nbasset daemon run --once
    nbasset daemon run --standby
    """,
    (
        locations(),
        click.Option(["--once"], is_flag=True, help="One pass: do what is due, then end. For cron and systemd timers."),
        click.Option(["--standby"], is_flag=True, help="Where another daemon keeps watch already, wait and take over when it ends."),
        log_format(),
    ),
    lambda values: DaemonRunArguments(tuple(values["locations"]), values["once"], values["standby"], values["log_format"]),
    in_notebook=False,
)

_DAEMON_STATUS = Verb(
    "daemon status",
    """Say whether a daemon keeps watch over this home, which locations it has, what is wrong with them, what is due next.

    \b
    {asset} daemon status
    """,
    (),
    lambda values: DaemonStatusArguments(),
)

_DAEMON_STOP = Verb(
    "daemon stop",
    """Have the daemon of this home end. Runs that it has started go on.

    \b
    {asset} daemon stop
    """,
    (),
    lambda values: DaemonStopArguments(),
)

_DEV = Verb(
    "dev",
    """Work on this project: its daemon, JupyterLab and the pages, by one command. Code that changes is loaded anew. Ctrl-C ends all.

    \b
    nbasset dev
    nbasset dev notebooks/flights.ipynb --port 9000
    nbasset dev -m sales.assets --no-lab
    """,
    (
        locations(),
        click.Option(["--port", "-p"], type=click.IntRange(0, 65535), default=0, help="The port of JupyterLab; otherwise a free one."),
        click.Option(
            ["--host", "-h"], default="127.0.0.1", metavar="HOST", help="The address that JupyterLab listens on.", show_default=True
        ),
        click.Option(["--no-lab"], is_flag=True, help="Without JupyterLab."),
        click.Option(["--no-ui"], is_flag=True, help="Without the pages, which are served where nbasset[web] is installed."),
        log_format(),
    ),
    lambda values: DevArguments(
        tuple(values["locations"]), values["port"], values["host"], not values["no_lab"], values["log_format"], not values["no_ui"]
    ),
    in_notebook=False,
)  # fmt: skip

Verbs = tuple[Verb, ...]
SCHEDULE_SWITCHES: Verbs = (_SCHEDULE_START, _SCHEDULE_STOP, _SCHEDULE_RESET, _SCHEDULE_LOGS)
SENSOR_SWITCHES: Verbs = (_SENSOR_START, _SENSOR_STOP, _SENSOR_RESET, _SENSOR_LOGS, _SENSOR_CURSOR)
DAEMON_VERBS: Verbs = (_DAEMON_RUN, _DAEMON_STATUS, _DAEMON_STOP, _DEV)
"""In the order in which help lists them."""

AUTOMATION_ALIASES = {
    "schedule wipe": "schedule reset --all",
    "schedule restart": "schedule start",
    "schedule ticks": "schedule logs",
    "sensor ticks": "sensor logs",
    "daemon start": "daemon run",
    "daemon liveness-check": "daemon status",
}
"""Other words for these verbs."""
