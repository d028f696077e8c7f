"""The process that draws the live views of a location, or the lineage of several (``python -m nbasset.web.panel_process``).

Views need the user's code: to say what is stale, to plan, to look into a table. So they are drawn beside it, in a process of its own that
the server starts when a page first shows one, by the very classes that draw them in a kernel. Lines of JSON come in and go out:

    in    {"open": 1, "view": {"type": "lineage"}, "seq": 0}    {"panel": 1, "asked": {...}}    {"close": 1}
    out   {"loaded": true}    {"broken": "..."}    {"panel": 1, "message": {...}}    {"panel": 1, "refused": "..."}

What the code prints goes to the standard error, never into an answer. The process ends with the pipe it reads from.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from nbasset.errors import Error, InvalidInvocationError
from nbasset.instance import Instance
from nbasset.keys import AssetKey, RunId
from nbasset.locations.workspace import Place, load_place
from nbasset.notebook.desk import Desk
from nbasset.notebook.loaded_session import LoadedSession
from nbasset.notebook.look import Look
from nbasset.notebook.panel import AssetSource, GridSource, LineageSource, LivePanel, Source, run_source
from nbasset.notebook.panel_lineage import Wanted
from nbasset.notebook.project_desk import ProjectDesk
from nbasset.notebook.wire import Answered, Refused, Replaced
from nbasset.notebook.wire_commands import (
    CancelBackfill,
    CancelRun,
    Materialize,
    PauseBackfill,
    ResumeBackfill,
    RetryBackfill,
    RollBack,
    RunAgain,
)
from nbasset.notebook.wire_json import WireError, parse_asked, to_wire
from nbasset.secrets import mask_secrets

_LOG = logging.getLogger("nbasset.web.panels")
_ACTS = (CancelBackfill, CancelRun, Materialize, PauseBackfill, ResumeBackfill, RetryBackfill, RollBack, RunAgain)
"""Commands that change something: a server for reading only refuses them."""


def main(lines: IO[str], out: IO[str], task: Mapping[str, Any]) -> None:
    """Load the location, then answer line after line until there is no more."""
    tell = _teller(out)
    os.environ.pop("PYTHONSAFEPATH", None)  # for this process alone, not for the runs that it starts
    instance = Instance.open(task["home"])
    try:
        panels = Panels(_desk([_place(one) for one in task["places"]], instance), tell, is_read_only=bool(task.get("read_only")))
        panels.desk.look()
    except Exception as error:  # noqa: BLE001 - whatever the user's code raises is why there are no views
        tell({"broken": mask_secrets(str(error) if isinstance(error, Error) else f"{type(error).__name__}: {error}")})
        return
    tell({"loaded": True})
    try:
        for line in lines:
            panels.hear(json.loads(line))
    finally:
        panels.desk.close()


def _desk(places: Sequence[Place], instance: Instance) -> Desk:
    """The desk of a location, in the folder of its code; or one of several locations, of which those that can be loaded are shown."""
    locations = []
    for place in places:
        location = load_place(place, instance.home)
        if len(places) == 1:
            location.check()
            if location.folder is not None and location.folder.is_dir():
                os.chdir(location.folder)
        if location.error is None:
            locations.append(location)
    desks = [Desk(LoadedSession(location, instance)) for location in locations]
    if not desks:
        raise InvalidInvocationError("none of the locations could be loaded.")
    return desks[0] if len(places) == 1 else ProjectDesk(desks)


def _place(given: Mapping[str, Any]) -> Place:
    path = str(given.get("path", ""))
    return Place(Path(path) if path else None, str(given.get("module", "")), str(given.get("name", "")))


class Panels:
    """The panels that pages show, by the numbers that the server gave them."""

    def __init__(self, desk: Desk, tell: Callable[[Mapping[str, Any]], None], *, is_read_only: bool = False) -> None:
        self.desk = desk
        self._tell = tell
        self._is_read_only = is_read_only
        self._open: dict[int, LivePanel] = {}

    def hear(self, message: Mapping[str, Any]) -> None:
        """Do what a line says."""
        if "open" in message:
            self._start(int(message["open"]), message.get("view"), int(message.get("seq", 0)))
        elif "close" in message:
            live = self._open.pop(int(message["close"]), None)
            if live is not None:
                self.desk.detach(live)
        else:
            live = self._open.get(int(message.get("panel", 0)))
            if live is not None:
                self._ask(live, message.get("asked"))

    def _start(self, number: int, view: Any, seq: int) -> None:
        """Draw a view and send it whole. One that cannot be drawn is told why, and disturbs no other."""
        try:
            live = self.desk.open(self._source_of(view), cell=f"page-{number}#1")
            with self.desk.lock:
                live.panel = replace(live.panel, seq=seq + 1, can_run=not self._is_read_only)
                whole = to_wire(Replaced(live.panel.seq, live.panel))
                self._open[number] = live
                self.desk.attach(live, lambda content: self._tell({"panel": number, "message": content}))
                live.send(whole)
        except Exception as error:  # noqa: BLE001 - whatever the user's code raises is why there is no picture
            _LOG.warning("a view could not be drawn: %s", view, exc_info=True)
            why = str(error) if isinstance(error, Error) else f"{type(error).__name__}: {error}"
            self._tell({"panel": number, "refused": mask_secrets(why)})

    def _source_of(self, view: Any) -> Callable[[Look], Source]:
        return source_of(view, self.desk.lineage if isinstance(self.desk, ProjectDesk) else LineageSource)

    def _ask(self, live: LivePanel, asked: object) -> None:
        if self._is_read_only:
            try:
                parsed = parse_asked(asked)
            except WireError:
                return
            if isinstance(parsed.command, _ACTS):
                live.send(to_wire(Answered(parsed.id, Refused("This server is for reading only."))))
                return
        self.desk.hear(live, asked)


def source_of(view: Any, lineage: Callable[[Wanted], LineageSource] = LineageSource) -> Callable[[Look], Source]:
    """Makes the source of the view that a page asks for.

    Raises
    ------
    InvalidInvocationError
        If it is none that there is.
    """
    given = view if isinstance(view, dict) else {}
    kind = given.get("type")
    if kind == "lineage":
        wanted = Wanted(
            str(given.get("selection") or ""),
            direction="right" if given.get("direction") == "right" else "down",
            selected=str(given["selected"]) if given.get("selected") else None,
        )
        return lambda at: lineage(wanted)
    if kind in ("asset", "grid") and given.get("asset"):
        key = AssetKey.from_user_string(str(given["asset"]))
        return lambda at: GridSource(key) if kind == "grid" else AssetSource(key)
    if kind == "run" and given.get("run"):
        return run_source(RunId(str(given["run"])))
    raise InvalidInvocationError(f"there is no view {json.dumps(view)[:80]}.")


def _teller(out: IO[str]) -> Callable[[Mapping[str, Any]], None]:
    """Writes one line at a time, from whatever thread. When nobody reads any more, there is nothing left to do."""
    lock = threading.Lock()

    def tell(message: Mapping[str, Any]) -> None:
        line = json.dumps(message, separators=(",", ":"), ensure_ascii=False)
        with lock:
            try:
                out.write(line + "\n")
                out.flush()
            except (BrokenPipeError, ValueError):
                os._exit(0)

    return tell


def serve() -> None:
    """Speak over the standard streams, until there is nobody to speak to."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    requests = os.fdopen(os.dup(0), "r", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    main(requests, answers, json.loads(requests.readline()))
    answers.flush()
    os._exit(0)  # threads of the user's code may hang


if __name__ == "__main__":
    serve()
