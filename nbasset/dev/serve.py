"""What ``nbasset dev`` does: start the daemon of a home, JupyterLab in its folder and the pages, pass on what they say, end all together.

A daemon that keeps watch over the home already is used and left alone. When one part ends, for whatever reason, it is told and the others
are ended, too; a second Ctrl-C does not wait for that. Nothing outlives the program, even if it is killed (`guard`); runs that were
started in the background do, since they belong to nobody.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from importlib.util import find_spec
from pathlib import Path
from queue import SimpleQueue
from types import FrameType

from nbasset.dataclass import dataclass
from nbasset.dev.guard import KILLED
from nbasset.dev.lab import LabLines, lab_command, missing_lab
from nbasset.dev.part import Asked, News, Part, Said
from nbasset.errors import InvalidInvocationError
from nbasset.home import HOME_VARIABLE, Home

DAEMON, LAB, UI, SELF = "daemon", "lab", "ui", "nbasset"
_TITLES = {DAEMON: "the daemon", LAB: "JupyterLab", UI: "the server of the pages"}
_UI_HOST, _UI_PORT = "127.0.0.1", 3000
DONE, FAILED = 0, 1
_GRACE_S = 15.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Tell = Callable[[str, str], None]
"""Says a line of one part: its name, the text."""


@dataclass(frozen=True, slots=True)
class DevOptions:
    """What is served: `locations` and a `module`, else all of the project's; with `lab` JupyterLab at `host` and `port` (0: a free one).

    `other_daemon` says, if one keeps watch already, how it is called to people. With `ui` the pages are served, too, to this machine
    alone.
    """

    locations: tuple[str, ...] = ()
    module: str = ""
    lab: bool = True
    host: str = "127.0.0.1"
    port: int = 0
    other_daemon: str = ""
    ui: bool = False
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)


def serve(home: Home, options: DevOptions, tell: Tell) -> int:
    """Serve a home until somebody ends it, or a part of it ends. The exit code: 1 if a part failed.

    Raises
    ------
    InvalidInvocationError
        If JupyterLab is wanted and cannot be had: it is not installed, or its port is taken.
    """
    if options.lab:
        missing_lab(find_spec("jupyterlab") is not None)
    port = _port(options.host, options.port) if options.lab else 0
    news: SimpleQueue[News] = SimpleQueue()
    with _signals(news):
        parts = [
            Part(name, command, news, folder=home.root, environ={**options.environ, HOME_VARIABLE: str(home.root)}, grace_s=_GRACE_S)
            for name, command in _commands(home, options, port)
        ]
        tell(SELF, _headline(home, options))
        try:
            return _follow(parts, news, tell)
        finally:
            for part in parts:
                if not part.is_over:
                    part.kill()


def _commands(home: Home, options: DevOptions, port: int) -> Iterator[tuple[str, list[str]]]:
    """Each part by its name, in the order in which they are started."""
    if not options.other_daemon:
        places = [*options.locations, *(["--module", options.module] if options.module else [])]
        program = [sys.executable, "-P", "-m", "nbasset.cli", "daemon", "run"]
        yield DAEMON, [*program, *places, "--home", str(home.root), "--log-format", "json"]
    if options.lab:
        yield LAB, [sys.executable, "-P", *lab_command(home.root, options.host, port)]
    if options.ui:
        places = [*options.locations, *(["--module", options.module] if options.module else [])]
        program = [sys.executable, "-P", "-m", "nbasset.cli", "ui", *places, "--home", str(home.root), "--host", _UI_HOST]
        yield UI, [*program, "--port", str(_port(_UI_HOST, 0, usual=_UI_PORT)), "--no-open", "--log-format", "json"]


def _headline(home: Home, options: DevOptions) -> str:
    if options.other_daemon:
        said = f"{options.other_daemon} keeps watch over {home.root} already; it is used, and left alone at the end."
        if options.locations or options.module:
            said += " It has its own locations, whatever was named here."
        return said if options.lab or options.ui else f"{said} There is nothing else to do."
    others = [*(["JupyterLab"] if options.lab else []), *(["the pages"] if options.ui else [])]
    starting = f", {' and '.join(others)} {'are' if len(others) > 1 or options.ui else 'is'} starting" if others else ""
    return f"watching over {home.root}{starting}. Ctrl-C ends {'all' if len(others) > 1 else 'both' if others else 'it'}."


def _follow(parts: Sequence[Part], news: SimpleQueue[News], tell: Tell) -> int:
    """Pass on what happens until all parts have ended. They are asked in turn, the last one started first."""
    code = DONE
    lab = LabLines()
    is_ending = False
    while any(not part.is_over for part in parts) or not news.empty():
        happened = news.get()
        if isinstance(happened, Said):
            for text in _lines(happened, lab):
                tell(happened.part, text)
        elif isinstance(happened, Asked):
            if is_ending:
                tell(SELF, "ending at once")
                for part in parts:
                    part.kill()
            else:
                is_ending = True
                tell(SELF, "ending; what is stored is kept")
                _end_next(parts)
        else:
            others = [part.name for part in parts if not part.is_over]
            if not is_ending:
                is_ending = True
                code = FAILED if happened.code else code
                tell(happened.part, f"{happened.how}{f', so {_TITLES[others[-1]]} is ended, too' if others else ''}")
            else:
                tell(happened.part, "had to be killed" if happened.code == KILLED else "ended")
            _end_next(parts)
    return code


def _end_next(parts: Sequence[Part]) -> None:
    for part in reversed(parts):
        if not part.is_over:
            part.end()
            return


def _lines(said: Said, lab: LabLines) -> Iterator[str]:
    if said.part == LAB:
        yield from lab.shown(said.text)
        return
    try:
        written = json.loads(said.text)
        yield str(written["text"])
    except (ValueError, TypeError, KeyError):
        yield said.text  # of the user's code, or of Python itself


@contextmanager
def _signals(news: SimpleQueue[News]) -> Iterator[None]:
    """Signals that mean an end are news like others."""

    def hear(number: int, frame: FrameType | None) -> None:
        news.put(Asked(number))

    heard = [one for one in _SIGNALS if one != signal.SIGHUP or signal.getsignal(one) != signal.SIG_IGN]  # nohup means it
    before = {one: signal.signal(one, hear) for one in heard}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _port(host: str, wanted: int, *, usual: int = 8888) -> int:
    """The port that was asked for, if it is free; without one the usual or, if that is taken, any.

    Raises
    ------
    InvalidInvocationError
        If it is not free, or there is no such address here.
    """
    for port in [wanted] if wanted else [usual, 0]:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            with socket.socket(found[0], found[1]) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(found[4])
                return int(probe.getsockname()[1])
        except OSError as error:
            reason = error
    if wanted and not isinstance(reason, socket.gaierror):
        raise InvalidInvocationError(f"port {wanted} of {host} cannot be used: {reason.strerror}. Name another: --port {wanted + 1}")
    raise InvalidInvocationError(
        f"JupyterLab cannot listen on {host}: {reason.strerror}. Name an address of this machine: --host 127.0.0.1"
    )


def absolute(locations: Sequence[str]) -> tuple[str, ...]:
    """Locations as they are found from anywhere.

    Raises
    ------
    InvalidInvocationError
        If there is no such file or folder.
    """
    for text in locations:
        if not Path(text).expanduser().exists():
            raise InvalidInvocationError(f"there is no {text}. A module by its dotted name: --module {text}")
    return tuple(str(Path(text).expanduser().resolve()) for text in locations)
