"""Following the log: one thread of a server waits for it to grow and wakes whoever listens; without listeners there is no thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from nbasset.instance import Instance

_WAIT_S = 0.5


class Listener:
    """Who waits on an event loop for the log to grow. `last` is the number of the last entry, as far as it was heard of."""

    def __init__(self, last: int) -> None:
        self.last = last
        self._loop = asyncio.get_running_loop()
        self._heard = asyncio.Event()

    async def grown(self, after: int) -> int:
        """Wait until there is an entry above `after`; the number of the last one."""
        while self.last <= after:
            self._heard.clear()
            await self._heard.wait()
        return self.last

    def tell(self, last: int) -> None:
        """The log has grown; said by another thread."""
        self.last = last
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._heard.set)


class Follower:
    """The log of one home, followed for any number of listeners."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()
        self._is_following = False

    @contextmanager
    def listening(self) -> Iterator[Listener]:
        """A listener for as long as one is inside."""
        listener = Listener(0)
        with self._lock:
            self._listeners.append(listener)
            starts = not self._is_following
            self._is_following = True
        if starts:
            threading.Thread(target=self._follow, name="nbasset-log", daemon=True).start()
        try:
            yield listener
        finally:
            with self._lock:
                self._listeners.remove(listener)

    def _follow(self) -> None:
        last = 0
        while True:
            with self._lock:
                if not self._listeners:
                    self._is_following = False
                    return
                listeners = tuple(self._listeners)
            last = self._wait(last)
            for one in listeners:
                if one.last < last:
                    one.tell(last)

    def _wait(self, after: int) -> int:
        """The number of the last entry, after it rose or a while passed. A store that can only be read is looked at now and then."""
        reader = self._instance.reader
        wait = getattr(reader, "wait", None)
        if wait is not None:
            return int(wait(after, _WAIT_S))
        threading.Event().wait(_WAIT_S)
        return reader.last_seq()
