"""What verbs that switch, look back and keep watch were told, as frozen values: ``schedule start``, ``sensor cursor``, ``dev``."""

from __future__ import annotations

from typing import Literal

from nbasset.dataclass import dataclass

Kind = Literal["schedule", "sensor"]
Action = Literal["start", "stop", "reset"]
LogFormat = Literal["text", "json"]


@dataclass(frozen=True, slots=True)
class SwitchArguments:
    """``schedule start``, ``stop`` and ``reset``, and those of sensors: some by their `names`, or `all` of the kind."""

    kind: Kind
    action: Action
    names: tuple[str, ...] = ()
    all: bool = False


@dataclass(frozen=True, slots=True)
class TicksArguments:
    """``schedule logs`` and ``sensor logs``: the newest `limit` ticks of one, of all states or of one `status`."""

    kind: Kind
    name: str
    limit: int = 15
    status: Literal["", "success", "skipped", "failure", "missed"] = ""


@dataclass(frozen=True, slots=True)
class CursorArguments:
    """``sensor cursor``: shown, or set to `text`, or with `clear` forgotten."""

    sensor: str
    text: str | None = None
    clear: bool = False


@dataclass(frozen=True, slots=True)
class DaemonRunArguments:
    """``daemon run``. `once` makes one pass; with `standby` it waits while another daemon serves the home."""

    locations: tuple[str, ...] = ()
    once: bool = False
    standby: bool = False
    log_format: LogFormat = "text"


@dataclass(frozen=True, slots=True)
class DaemonStatusArguments:
    """``daemon status``."""


@dataclass(frozen=True, slots=True)
class DaemonStopArguments:
    """``daemon stop``."""


@dataclass(frozen=True, slots=True)
class DevArguments:
    """``dev``: a daemon and, with `lab`, JupyterLab; with `ui` the pages. A `port` of 0 is a free one, 8888 if it is."""

    locations: tuple[str, ...] = ()
    port: int = 0
    host: str = "127.0.0.1"
    lab: bool = True
    log_format: LogFormat = "text"
    ui: bool = True
