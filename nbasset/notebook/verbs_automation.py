"""What ``%asset schedule start``, ``stop``, ``reset`` and ``logs`` do, those of sensors, ``sensor cursor`` and ``daemon``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from nbasset.arguments.options_automation import CursorArguments, SwitchArguments, TicksArguments
from nbasset.arguments.verbs import VERBS
from nbasset.commands.daemon_status import daemon_status, status_text, stop_daemon
from nbasset.commands.instigators import cursor_of, set_cursor, set_status, tick_history
from nbasset.commands.job_verbs import names_of
from nbasset.drawing.picture import State
from nbasset.errors import InvalidInvocationError
from nbasset.notebook.cards_ticks import ticks_card
from nbasset.notebook.display import Bundle, show
from nbasset.notebook.html import card, element, glyph
from nbasset.notebook.promoted import scope_with, scopes_with_jobs
from nbasset.notebook.session import Session, scope_of

_NO_DAEMON = "No daemon keeps watch here, so nothing starts yet. Start one in a terminal: nbasset daemon run"


def do_switch(session: Session, arguments: SwitchArguments) -> None:
    """``%asset schedule start`` and the like."""
    if arguments.all:
        scopes = scopes_with_jobs(session)[0] if arguments.kind == "schedule" else [scope_of(session)]
        meant = [(scope, name) for scope in scopes for name in sorted(names_of(scope, arguments.kind))]
    else:
        meant = [(scope_with(session, arguments.kind, name), name) for name in arguments.names]
    done = [set_status(scope, arguments.kind, name, arguments.action) for scope, name in meant]
    lines: list[tuple[State, str]] = [("fresh" if one.is_on else "skipped", one.sentence) for one in done]
    lines = lines or [("skipped", f"no {arguments.kind}s")]
    if any(one.is_on for one in done) and not daemon_status(session.instance).is_running:
        lines.append(("warned", _NO_DAEMON))
    _say(lines)


def do_logs(session: Session, arguments: TicksArguments) -> None:
    """``%asset schedule logs`` and ``sensor logs``."""
    show(ticks_card(tick_history(scope_with(session, arguments.kind, arguments.name), arguments)))


def do_cursor(session: Session, arguments: CursorArguments) -> None:
    """``%asset sensor cursor``."""
    scope = scope_of(session)
    changes = arguments.clear or arguments.text is not None
    found = set_cursor(scope, arguments.sensor, arguments.text) if changes else cursor_of(scope, arguments.sensor)
    _say([("fresh" if changes else "external", found.sentence)])


def do_daemon_status(session: Session, arguments: Any) -> None:
    """``%asset daemon status``."""
    status = daemon_status(session.instance)
    _say([("fresh" if status.is_running else "skipped", status_text(status))])


def do_daemon_stop(session: Session, arguments: Any) -> None:
    """``%asset daemon stop``."""
    _say([("fresh", stop_daemon(session.instance).sentence)])


def _only_in_terminal(verb: str) -> Callable[[Session, Any], NoReturn]:
    def refuse(session: Session, arguments: Any) -> NoReturn:
        where = session.instance.home.root
        raise InvalidInvocationError(
            f"{verb} goes on until it is stopped, which no cell waits for. In a terminal: cd {where} && nbasset {verb}"
        )

    return refuse


def _say(lines: list[tuple[State, str]]) -> None:
    parts = [element("div", glyph(state), " ", text, class_="note") for state, text in lines]
    text = "\n".join(text for _, text in lines)
    show(Bundle(card(*parts, label=lines[0][1].partition("\n")[0], states=[state for state, _ in lines]), text))


AUTOMATION_FACES: dict[str, Callable[[Session, Any], Any]] = {
    **{f"{kind} {action}": do_switch for kind in ("schedule", "sensor") for action in ("start", "stop", "reset")},
    **{f"{kind} logs": do_logs for kind in ("schedule", "sensor")},
    "sensor cursor": do_cursor, "daemon status": do_daemon_status, "daemon stop": do_daemon_stop,
    **{name: _only_in_terminal(name) for name, verb in VERBS.items() if not verb.in_notebook},
}  # fmt: skip
"""What each of these verbs does in a notebook."""
