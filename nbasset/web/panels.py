"""The one WebSocket of a page: it tells what changed, and carries the live views that the page shows.

    page to server    {"open": 1, "view": {...}, "seq": 0}   {"panel": 1, "asked": {...}}     {"close": 1}
    server to page    {"changed": {"assets": [...], "runs": [...], "other": [...]}}
                      {"panel": 1, "message": {...}}         {"panel": 1, "refused": "..."}

Views are drawn in a process of their location (`panel_process`), which is started when one is first asked for, ended when none was for a
while, and started anew when the code changed: its panels then go on from the number of the last message that the page had.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from nbasset import clock
from nbasset.dataclass import dataclass
from nbasset.errors import Error, InvalidInvocationError, UnknownAsset, did_you_mean
from nbasset.keys import AssetKey, RunId
from nbasset.locations.workspace import Place
from nbasset.web.changes import Changed, changed_by
from nbasset.web.panel_pipe import Pipe

if TYPE_CHECKING:
    from starlette.websockets import WebSocket

    from nbasset.api.context import ApiContext
    from nbasset.api.workspace import LocationSnapshot, Snapshot

_LOG = logging.getLogger("nbasset.web.panels")
_WAIT_S = 0.5
_PAUSE_S = 0.1
_LOOK_EVERY_S = 1.0
_IDLE_S = 90.0
_MOST_WAITING = 5_000
_MOST_PANELS = 20
_PROJECT = ""
_AHEAD = 3
"""So few locations are loaded as soon as a page is there, and kept while one is: its first view need not wait."""


class Panels:
    """The pages that are open, and the processes that draw for them."""

    def __init__(self, context: ApiContext) -> None:
        self._instance = context.instance
        self._workspace = context.workspace
        self._is_read_only = context.is_read_only
        self._lock = threading.RLock()
        self._pages: set[_Page] = set()
        self._drawing: dict[str, _Drawing] = {}
        self._watcher: threading.Thread | None = None
        self._stopping = threading.Event()

    async def endpoint(self, websocket: WebSocket) -> None:
        """Serve one page until it is gone."""
        await websocket.accept()
        page = _Page(asyncio.get_running_loop())
        sending = asyncio.create_task(page.send_all(websocket))
        self._join(page)
        try:
            async for text in websocket.iter_text():
                with suppress(ValueError):
                    await asyncio.to_thread(self._hear, page, json.loads(text))
        finally:
            sending.cancel()
            await asyncio.to_thread(self._leave, page)

    def close(self) -> None:
        """End all processes; pages are told by their sockets."""
        self._stopping.set()
        with self._lock:
            for drawing in self._drawing.values():
                drawing.pipe.close()
            self._drawing.clear()

    # -- pages -----------------------------------------------------------------------------------------------------------------

    def _join(self, page: _Page) -> None:
        with self._lock:
            self._pages.add(page)
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, name="nbasset-pages", daemon=True)
                self._watcher.start()

    def _leave(self, page: _Page) -> None:
        with self._lock:
            self._pages.discard(page)
            if not self._pages:
                for drawing in self._drawing.values():
                    drawing.is_kept = False
            for number in list(page.panels):
                self._close(page, number)

    def _hear(self, page: _Page, message: Any) -> None:
        if not isinstance(message, dict):
            return
        number = next((message[name] for name in ("open", "panel", "close") if isinstance(message.get(name), int)), None)
        if number is None:
            return
        if "open" in message:
            try:
                self._open(page, number, message.get("view"), message.get("seq"))
            except Error as error:
                page.tell({"panel": number, "refused": str(error)})
        elif "close" in message:
            self._close(page, number)
        else:
            shown = page.panels.get(number)
            if shown is not None:
                shown.drawing.pipe.say({"panel": shown.number, "asked": message.get("asked")})

    def _open(self, page: _Page, number: int, view: Any, seq: Any) -> None:
        code = self._code_of(view)
        if len(page.panels) >= _MOST_PANELS:
            raise InvalidInvocationError(f"a page shows at most {_MOST_PANELS} live views.")
        with self._lock:
            drawing = self._drawing_of(code)
            shown = _Shown(page, number, view, seq if isinstance(seq, int) else 0, drawing)
            page.panels[number] = shown
            drawing.add(shown)

    def _close(self, page: _Page, number: int) -> None:
        with self._lock:
            shown = page.panels.pop(number, None)
            if shown is not None:
                shown.drawing.remove(shown)

    # -- locations -------------------------------------------------------------------------------------------------------------

    def _location_of(self, view: Any) -> LocationSnapshot:
        """The location that a view is drawn by: the one it names, the one of its asset or run, else the first with assets."""
        snapshot = self._workspace.snapshot()
        given = view if isinstance(view, dict) else {}
        if given.get("location"):
            found = snapshot.by_name.get(str(given["location"]))
            if found is None:
                raise InvalidInvocationError(
                    f"there is no location '{given['location']}'. {did_you_mean(str(given['location']), snapshot.by_name)}"
                )
            return found
        for key in self._keys_of(given):
            if key in snapshot.assets:
                return snapshot.assets[key].location
        if given.get("asset"):
            known = [str(key) for key in snapshot.assets]
            raise UnknownAsset(
                f"no asset '{given['asset']}' is defined in this project. {did_you_mean(str(given['asset']), known)}".rstrip()
            )
        loaded = [one for one in snapshot.locations if not one.error]
        if not loaded:
            broken = next((one for one in snapshot.locations if one.error), None)
            raise InvalidInvocationError(
                broken.error if broken is not None else "no notebook or module with assets was found in this project."
            )
        return next((one for one in loaded if one.catalog.assets), loaded[0])

    def _code_of(self, view: Any) -> _Code:
        """The code that a view is drawn with: that of its location, or of all of them for a lineage that names none."""
        if isinstance(view, dict) and view.get("type") == "lineage" and not view.get("location") and not view.get("asset"):
            whole = _whole(self._workspace.snapshot())
            if len(whole.places) > 1:
                return whole
        return _code(self._location_of(view))

    def _keys_of(self, view: dict[str, Any]) -> list[AssetKey]:
        if view.get("asset"):
            return [AssetKey.from_user_string(str(view["asset"]))]
        if view.get("run"):
            record = self._instance.reader.run(RunId(str(view["run"])))
            if record is None:
                raise InvalidInvocationError(f"there is no run {str(view['run'])[:12]} in this project.")
            return [target.asset for target in record.targets]
        return []

    def _drawing_of(self, code: _Code) -> _Drawing:
        drawing = self._drawing.get(code.name)
        if drawing is None or not drawing.pipe.is_alive:
            drawing = self._drawing[code.name] = _Drawing(code, self._pipe(code))
        return drawing

    def _pipe(self, code: _Code) -> Callable[[_Drawing], Pipe]:
        if not code.places:
            raise InvalidInvocationError(f"the code of {code.name} lives in another process, which shows its own views.")
        return lambda drawing: Pipe(code.places, self._instance.home, drawing.heard, drawing.ended, is_read_only=self._is_read_only)

    # -- what changes ----------------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Tell the pages what is written to the log and what of the code is another; runs while there are pages."""
        seq = self._instance.reader.last_seq()
        number = 0
        looked = 0.0
        while self._goes_on():
            try:
                last = self._wait(seq)
                if last > seq:
                    self._tell(changed_by(entry.event for entry in self._instance.reader.entries(after=seq, limit=5_000)))
                    seq = last
                if clock.monotonic() - looked > _LOOK_EVERY_S:
                    looked = clock.monotonic()
                    snapshot = self._workspace.snapshot()
                    if number and snapshot.number != number:
                        self._tell(Changed(other=("locations",)))
                    self._renew(snapshot)
                    if snapshot.number != number:
                        self._begin_early(snapshot)
                    number = snapshot.number
            except Exception:  # noqa: BLE001 - a look that failed is taken again
                _LOG.warning("pages could not be told what changed", exc_info=True)
                self._stopping.wait(_LOOK_EVERY_S)
            self._stopping.wait(_PAUSE_S)

    def _goes_on(self) -> bool:
        """Whether there is anybody to tell, or a process to end."""
        with self._lock:
            if (self._pages or self._drawing) and not self._stopping.is_set():
                return True
            self._watcher = None
            return False

    def _begin_early(self, snapshot: Snapshot) -> None:
        """Load the code before the first view is asked for, where that is little: the one location, or a few as one."""
        whole = _whole(snapshot)
        if 0 < len(whole.places) <= _AHEAD:
            one = next((one for one in snapshot.locations if one.place in whole.places), None)
            with self._lock:
                if self._pages and not self._stopping.is_set():
                    self._drawing_of(_code(one) if one is not None and len(whole.places) == 1 else whole).is_kept = True

    def _wait(self, seq: int) -> int:
        reader: Any = self._instance.reader
        if hasattr(reader, "wait"):
            return int(reader.wait(seq, _WAIT_S))
        self._stopping.wait(_WAIT_S)
        return int(reader.last_seq())

    def _tell(self, changed: Changed) -> None:
        if changed:
            with self._lock:
                for page in self._pages:
                    page.tell({"changed": changed.to_json()})

    def _renew(self, snapshot: Snapshot) -> None:
        """Draw anew what the code of has changed; end what draws for nobody."""
        with self._lock:
            for name, drawing in list(self._drawing.items()):
                location = snapshot.by_name.get(name)
                code = _whole(snapshot) if name == _PROJECT else _code(location) if location is not None else None
                if code is None or not code.places or drawing.is_idle or (not drawing.shown and code != drawing.code):
                    drawing.end("this location is no longer part of the project." if code is None else "")
                    del self._drawing[name]
                elif code != drawing.code:
                    before = list(drawing.shown.values())
                    drawing.end("")
                    self._drawing[name] = after = _Drawing(code, self._pipe(code))
                    for shown in before:
                        shown.drawing = after
                        after.add(shown)


@dataclass(frozen=True, slots=True)
class _Code:
    """What one process draws: the code of a location, or of several. `state` is another one when it was loaded anew."""

    name: str
    places: tuple[Place, ...]
    state: tuple[int, ...]


def _code(location: LocationSnapshot) -> _Code:
    return _Code(location.name, (location.place,) if location.place is not None else (), (location.number,))


def _whole(snapshot: Snapshot) -> _Code:
    """All locations that have assets and run with the Python of this server, as one."""
    wanted = [
        (one, one.place)
        for one in snapshot.locations
        if not one.is_promoted and not one.error and one.catalog.assets and one.place is not None and not one.place.is_apart
    ]
    return _Code(_PROJECT, tuple(place for _, place in wanted), tuple(one.number for one, _ in wanted))


class _Shown:
    """One view on one page. `number` is what its process calls it, `on_page` what the page does."""

    def __init__(self, page: _Page, on_page: int, view: Any, seq: int, drawing: _Drawing) -> None:
        self.page = page
        self.on_page = on_page
        self.view = view
        self.seq = seq
        self.drawing = drawing
        self.number = 0


class _Drawing:
    """The process of a location and what it draws."""

    def __init__(self, code: _Code, start: Callable[[_Drawing], Pipe]) -> None:
        self.code = code
        self.shown: dict[int, _Shown] = {}
        self.is_kept = False
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._idle_since = clock.monotonic()
        self._is_ended = False
        self.pipe = start(self)

    @property
    def is_idle(self) -> bool:
        """Whether it has drawn for nobody for a while."""
        return not self.is_kept and not self.shown and clock.monotonic() - self._idle_since > _IDLE_S

    def add(self, shown: _Shown) -> None:
        """Draw a view."""
        with self._lock:
            shown.number = next(self._numbers)
            self.shown[shown.number] = shown
        self.pipe.say({"open": shown.number, "view": shown.view, "seq": shown.seq})

    def remove(self, shown: _Shown) -> None:
        """Draw it no longer."""
        with self._lock:
            self.shown.pop(shown.number, None)
            self._idle_since = clock.monotonic()
        self.pipe.say({"close": shown.number})

    def heard(self, line: dict[str, Any]) -> None:
        """A line of the process: to the page it is for."""
        shown = self.shown.get(line.get("panel", 0))
        if shown is None:
            return
        message = line.get("message")
        if isinstance(message, dict) and isinstance(message.get("seq"), int):
            shown.seq = max(shown.seq, message["seq"])
        shown.page.tell({**line, "panel": shown.on_page})

    def ended(self, why: str) -> None:
        """The process is gone: pages are told, unless it was ended by us."""
        if not self._is_ended:
            self.end(why)

    def end(self, why: str) -> None:
        """End it; `why` is told to the pages."""
        self._is_ended = True
        with self._lock:
            left, self.shown = self.shown, {}
        self.pipe.close()
        for shown in left.values() if why else ():
            shown.page.tell({"panel": shown.on_page, "refused": why})


class _Page:
    """One page: what is to be sent to it, in order, from whatever thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.panels: dict[int, _Shown] = {}
        self._loop = loop
        self._waiting: asyncio.Queue[str | None] = asyncio.Queue(_MOST_WAITING)

    def tell(self, message: dict[str, Any]) -> None:
        """Send it, in its turn."""
        text = json.dumps(message, separators=(",", ":"), ensure_ascii=False)
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._put, text)

    def _put(self, text: str) -> None:
        if self._waiting.full():  # a page that does not read: it is let go and comes back
            while not self._waiting.empty():
                self._waiting.get_nowait()
            self._waiting.put_nowait(None)
        else:
            self._waiting.put_nowait(text)

    async def send_all(self, websocket: WebSocket) -> None:
        """Send what there is to send until the page is gone."""
        while (text := await self._waiting.get()) is not None:
            await websocket.send_text(text)
        await websocket.close(1013)
