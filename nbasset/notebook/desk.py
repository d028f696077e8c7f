"""Behind the live panels of one kernel: a thread that watches the log, and one that does what pictures ask for.

Nothing is done in the thread that a message comes in on: the main one may be busy with a cell, that of a subshell is borrowed. Commands are
put into a queue and done in order. Only a cancel is done at once. Both threads are there only while a panel is.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4
from weakref import WeakKeyDictionary

from nbasset import clock
from nbasset.errors import Error
from nbasset.notebook.look import Look, Surroundings, look
from nbasset.notebook.panel import LivePanel, Source, in_context
from nbasset.notebook.panel_commands import After, answer, cancel
from nbasset.notebook.run_trace import Traces
from nbasset.notebook.session import Session
from nbasset.notebook.wire import Answered, Refused, Result
from nbasset.notebook.wire_commands import Asked, CancelBackfill, CancelRun, Command
from nbasset.notebook.wire_json import WireError, parse_asked, to_wire
from nbasset.secrets import mask_secrets

_LOG = logging.getLogger("nbasset.panel")
_WAIT_S = 0.2
_LEAST_PAUSE_S = 0.05
_AT_LEAST_EVERY_S = 30.0
_PROCESS_EVERY_S = 1.0
_MOST_PANELS = 30
_TARGET = "nbasset"


class Desk:
    """The panels of one session."""

    def __init__(self, session: Surroundings) -> None:
        self.session = session
        self.traces = Traces()
        self.lock = threading.RLock()
        self._panels: list[tuple[LivePanel, str, Any]] = []
        self._look: Look | None = None
        self._queue: queue.SimpleQueue[tuple[LivePanel, Asked] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()

    # -- panels ------------------------------------------------------------------------------------------------------------

    def look(self) -> Look:
        """Everything as it is now."""
        with self.lock:
            self._look = look(self.session, self.traces, self._look)
            return self._look

    def open(self, make: Callable[[Look], Source], *, cell: str) -> LivePanel:
        """A panel for the running cell; those that an earlier run of the cell showed are gone from the page, and closed."""
        with self.lock:
            at = self.look()
            for old in [entry for entry in self._panels if entry[1].rpartition("#")[0] == cell.rpartition("#")[0] and entry[1] != cell]:
                self._close(old)
            while len(self._panels) >= _MOST_PANELS:
                self._close(self._panels[0])
            live = LivePanel(make(at), at, link=f"nbasset-{uuid4().hex[:16]}", notebook=at.cells.document.name)
            self._panels.append((live, cell, None))
            return live

    def connect(self, live: LivePanel, widget: Any) -> None:
        """Let a panel and its widget talk. Commands, which shall not wait for a running cell, come by a comm of their own."""
        with self.lock:
            live.send = in_context(widget.send)
            widget.on_msg(lambda _, content, buffers: self.hear(live, content))
            self._panels = [(one, cell, widget if one is live else that) for one, cell, that in self._panels]
            manager = _comms(getattr(self.session, "shell", None))
            if manager is not None:
                manager.register_target(_TARGET, self._hear_beside)
            self._start()

    def attach(self, live: LivePanel, send: Callable[[object], None]) -> None:
        """Let a panel talk to a picture that is no widget; what the picture says comes by `hear`."""
        with self.lock:
            live.send = send
            self._start()

    def detach(self, live: LivePanel) -> None:
        """The picture of a panel is gone."""
        with self.lock:
            for entry in [entry for entry in self._panels if entry[0] is live]:
                self._close(entry)

    def _hear_beside(self, comm: Any, message: Any) -> None:
        """A front end opened a comm beside that of a widget; it says for which panel. JupyterLab lets a subshell hear it."""
        link = message["content"]["data"].get("panel")
        live = next((one for one, _, _ in list(self._panels) if one.panel.link == link), None)
        if live is not None:
            comm.on_msg(lambda sent: self.hear(live, sent["content"]["data"]))

    def hear(self, live: LivePanel, content: object) -> None:
        """A message from a picture, in whatever thread it came in."""
        try:
            asked = parse_asked(content)
        except WireError as error:
            _LOG.warning("a panel was sent something else than a command: %s", error)
            return
        if isinstance(asked.command, (CancelRun, CancelBackfill)):
            self._reply(live, asked, self._guarded(lambda: cancel(self.session, asked.command)))  # type: ignore[arg-type]
            return
        self._queue.put((live, asked))

    def close(self) -> None:
        """Close all panels and end the threads."""
        with self.lock:
            self._stopping.set()
            self._queue.put(None)
            for entry in list(self._panels):
                self._close(entry)

    # -- threads -----------------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        if not self._threads and not self._stopping.is_set():
            self._threads = [
                threading.Thread(target=self._watch, name="nbasset-panels", daemon=True),
                threading.Thread(target=self._work, name="nbasset-commands", daemon=True),
            ]
            for thread in self._threads:
                thread.start()

    def _watch(self) -> None:
        """Refresh the panels when the log grew, a cell changed what is defined, or a run may have written lines."""
        refreshed = clock.monotonic()
        while not self._stopping.is_set():
            before = self._look
            try:
                seq = before.seq if before is not None else 0
                last = self._wait(seq)
                began = clock.monotonic()
                is_due = last > seq or before is None or self.session.state is not before.cells or began - refreshed > self._patience()
                if not is_due and not self._follows_a_run():
                    continue
                refreshed = began if is_due else refreshed
                self.refresh(anew=is_due)
            except Exception:  # noqa: BLE001 - a panel that cannot be drawn must not end the others
                _LOG.warning("panels could not be refreshed", exc_info=True)
                began = clock.monotonic() - 1.0
            # At most a third of the time goes into drawing, however large the graph: what is drawn runs in this process too.
            self._stopping.wait(max(_LEAST_PAUSE_S, 2 * (clock.monotonic() - began)))

    def refresh(self, *, anew: bool = True) -> None:
        """Send every panel what changed; without `anew` only runs are read on, since nothing else did."""
        with self.lock:
            at = self.look() if anew or self._look is None else self._look
            for live, _, _ in list(self._panels):
                if anew or _is_running(live):
                    live.refresh(at)

    def _wait(self, seq: int) -> int:
        reader = self.session.instance.reader
        wait = getattr(reader, "wait", None)
        if wait is None:
            self._stopping.wait(_WAIT_S)
            return reader.last_seq()
        last: int = wait(seq, _WAIT_S)
        return last

    def _patience(self) -> float:
        """Seconds after which to look even if nothing was written: the end of a process that carries a backfill out writes nothing."""
        with self.lock:
            awaits = any(getattr(live.source, "awaits_process", False) for live, _, _ in self._panels)
        return _PROCESS_EVERY_S if awaits else _AT_LEAST_EVERY_S

    def _follows_a_run(self) -> bool:
        with self.lock:
            return any(_is_running(live) for live, _, _ in self._panels)

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            live, asked = item
            after: list[Callable[[], None]] = []
            self._reply(live, asked, self._guarded(lambda live=live, asked=asked, after=after: self.answer(live, asked.command, after)))  # type: ignore[misc]
            with self.lock:
                for act in after:
                    self._guarded(act)

    def answer(self, live: LivePanel, command: Command, after: After) -> Result | None:
        """Do what a picture asks for; what has to follow the answer is added to `after`."""
        return answer(self, live, command, after)

    def _guarded(self, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except Error as error:
            return Refused(mask_secrets(str(error)))
        except Exception as error:  # noqa: BLE001 - the picture is told; the kernel goes on
            _LOG.warning("a command of a panel failed", exc_info=True)
            return Refused(mask_secrets(f"{type(error).__name__}: {error}"))

    def _reply(self, live: LivePanel, asked: Asked, result: Result | None) -> None:
        if result is not None and asked.id:
            live.send(to_wire(Answered(asked.id, result)))

    def _close(self, entry: tuple[LivePanel, str, Any]) -> None:
        live, _, widget = entry
        self._panels.remove(entry)
        live.send = lambda message: None
        if widget is not None:
            widget.close()


_DESKS: WeakKeyDictionary[Session, Desk] = WeakKeyDictionary()


def desk_of(session: Session) -> Desk:
    """The desk of a session, made with its first panel."""
    return _DESKS.setdefault(session, Desk(session)) if session not in _DESKS else _DESKS[session]


def close_desk(session: Session) -> None:
    """Close the panels of a session, if it has any."""
    desk = _DESKS.pop(session, None)
    if desk is not None:
        desk.close()


def _is_running(live: LivePanel) -> bool:
    trace = getattr(live.source, "trace", None)
    return trace is not None and not trace.is_over


def _comms(shell: Any) -> Any:
    return getattr(getattr(shell, "kernel", None), "comm_manager", None)
