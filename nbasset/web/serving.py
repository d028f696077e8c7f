"""What all routes of one server share: the home, who may ask, the loaded workspace, and threads to work in.

Nothing that reads records or runs code of ours is done on the event loop but in a thread (`asyncio.to_thread`, which works in `Threads`),
so a slow question holds up no other. The API and the user's code, which lives in processes of its own, are loaded when they are first
asked for.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from nbasset.instance import Instance
from nbasset.locations.workspace import Place
from nbasset.secrets import remember_named
from nbasset.web.answers import Answers
from nbasset.web.security import Access

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

    from nbasset.api.context import ApiContext
    from nbasset.api.workspace import Workspace

P = ParamSpec("P")
T = TypeVar("T")

MOST_THREADS = 64
BUILT = Path(__file__).parent / "static"


class Served:
    """One home as it is served. `places` are its locations, none for those of the project; a `workspace` that is given has them already.

    `pages` is the folder of the pages, as the build of the front end leaves it.
    """

    def __init__(
        self, instance: Instance, access: Access, *, places: Sequence[Place] = (), workspace: Workspace | None = None, pages: Path = BUILT
    ) -> None:  # fmt: skip
        remember_named(os.environ)  # so that no answer has the value of a secret in it
        self.instance = instance
        self.access = access
        self.places = tuple(places)
        self.pages = pages
        self.answers = Answers()
        self._answered = asyncio.Event()
        self._opening = threading.RLock()
        self._workspace = workspace
        self._panels: Any = None

    def workspace(self) -> Workspace:
        """The locations. Takes its time when it is first asked for, as all that follows does: ask in a thread."""
        with self._opening:
            if self._workspace is None:
                from nbasset.api.workspace import Apart, Workspace
                from nbasset.commands.hosts import Host

                parts = [Apart(Host(place, self.instance.home, whole=True)) for place in self.places]
                self._workspace = Workspace(self.instance, parts or None)
            return self._workspace

    def context(self) -> ApiContext:
        """What the resolvers of one request share."""
        from nbasset.api.context import ApiContext

        access = self.access
        return ApiContext(self.instance, self.workspace(), is_read_only=access.read_only, user=access.user, prefix=access.prefix)

    def panels(self) -> Any:
        """What drives the live views."""
        with self._opening:
            if self._panels is None:
                from nbasset.web.panels import Panels

                self._panels = Panels(self.context())
            return self._panels

    def warm_up(self) -> None:
        """Load what the first question would have to wait for."""
        from nbasset.api import execute

        execute.warm_up()
        self.workspace().snapshot()

    async def wait_for_answer(self, at_most_s: float) -> None:
        """Wait until something was answered, but not for ever."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._answered.wait(), at_most_s)

    def has_answered(self) -> None:
        """Something was answered."""
        self._answered.set()

    def close(self) -> None:
        """End what was opened. Threads at work are not waited for."""
        with self._opening:
            for one in (self._panels, self._workspace):
                if one is not None:
                    one.close()
        self.instance.close()


def served_by(connection: HTTPConnection) -> Served:
    """What the server of a request or websocket serves."""
    return cast("Served", connection.app.state.served)


class Threads(ThreadPoolExecutor):
    """Threads for a loop to work in: started when there is work for them, and none keeps the program from ending, whatever it is at."""

    def __init__(self, most: int) -> None:
        super().__init__(1)  # which it never uses
        self._most = most
        self._work: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._count = 0
        self._idle = threading.Semaphore(0)
        self._starting = threading.Lock()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """The future of a call that runs in one of them, in turn."""
        future: Future[T] = Future()
        self._work.put((future, partial(fn, *args, **kwargs)))
        with self._starting:
            if not self._idle.acquire(blocking=False) and self._count < self._most:
                self._count += 1
                threading.Thread(target=self._serve, name=f"nbasset-web-{self._count}", daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nobody waits for what is still at work."""

    def _serve(self) -> None:
        while True:
            future, work = self._work.get()
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(work())
                except BaseException as error:  # noqa: BLE001 - the future carries it
                    future.set_exception(error)
            del future, work  # so that an idle thread keeps nothing alive
            self._idle.release()
