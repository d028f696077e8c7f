"""One event loop thread a process for async functions, so that a running loop (Jupyter's) is never nested."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Coroutine, Generator
from typing import Any

_LOCK = threading.Lock()
_LOOP: list[asyncio.AbstractEventLoop] = []


def run_coroutine(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """The coroutine's result. An interrupt of the waiting thread cancels the task and is raised when that has ended."""
    future = asyncio.run_coroutine_threadsafe(coroutine, _loop())
    try:
        return future.result()
    except KeyboardInterrupt:
        future.cancel()
        raise


def iterate(generator: AsyncGenerator[Any, None]) -> Generator[Any, None, None]:
    """The items of an async generator, one after the other; closed at the end also when the reader stops early."""
    try:
        while True:
            try:
                yield run_coroutine(_next(generator))
            except _Ended:
                return
    finally:
        run_coroutine(generator.aclose())


class _Ended(Exception):
    """An async generator has no more items (`StopAsyncIteration` cannot cross a future)."""


async def _next(generator: AsyncGenerator[Any, None]) -> Any:
    try:
        return await generator.__anext__()
    except StopAsyncIteration:
        raise _Ended from None


def _loop() -> asyncio.AbstractEventLoop:
    with _LOCK:
        if not _LOOP or _LOOP[0].is_closed():
            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="nbasset-loop", daemon=True).start()
            _LOOP[:] = [loop]
        return _LOOP[0]
