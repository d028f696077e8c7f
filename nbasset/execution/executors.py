"""Where steps run: in this thread, in threads of this process. All share the face of `concurrent.futures.Executor`."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class InlineExecutor(Executor):
    """Runs each call at once, in the caller's thread; an interrupt of that thread reaches the call."""

    max_workers = 1

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """The future of a call that has already ended."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - the future carries it
            future.set_exception(error)
        return future


class ThreadExecutor(ThreadPoolExecutor):
    """Runs calls in threads of this process, each in the caller's context, so that what steps print stays apart."""

    def __init__(self, max_workers: int) -> None:
        super().__init__(max_workers=max_workers, thread_name_prefix="nbasset-step")
        self.max_workers = max_workers

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """The future of a call that runs in a thread."""
        run_in: Any = contextvars.copy_context().run
        future: Future[T] = super().submit(run_in, fn, *args, **kwargs)
        return future
