"""Steps in processes of their own: a killed worker fails its own step only, and the next step gets a fresh one.

Each worker is ``python -m nbasset.worker --serve`` in a session of its own, spoken to in JSON lines over a pair of pipes. Functions go by
name, arguments and results as plain data; nothing is pickled and nothing of the parent's ``__main__`` is imported.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import IO, Any, ParamSpec, TypeVar

from nbasset import serde
from nbasset.errors import Error, WorkerLost
from nbasset.execution.executors import ThreadExecutor
from nbasset.execution.template import Process, started

P = ParamSpec("P")
T = TypeVar("T")
GRACE_S = 5.0


class Worker:
    """One worker process, with this Python or another one. `call` blocks until the answer is there; one call at a time.

    What it prints goes where this process's output goes, or to the file `output`. With `is_forked` it begins with the libraries loaded,
    where that can be.
    """

    def __init__(
        self, *, folder: str | None = None, environment: dict[str, str] | None = None, python: str = sys.executable,
        output: IO[bytes] | None = None, is_forked: bool = False,
    ) -> None:  # fmt: skip
        to_child, self._requests = _pipe()
        self._answers, from_child = _pipe()
        environment = worker_environment(environment or {})
        self.requests = to_child
        """The file descriptor on which the process reads: it closes there when this one is gone."""
        self._process = started(
            "nbasset.worker", "serve_on", (to_child, from_child), environment=environment, folder=folder, stdout=output, stderr=output,
            python=python, words=("--serve",), is_forked=is_forked,
        )  # fmt: skip
        os.close(to_child)
        os.close(from_child)
        self._out: IO[bytes] = os.fdopen(self._requests, "wb", buffering=0)
        self._in: IO[bytes] = os.fdopen(self._answers, "rb")

    @property
    def pid(self) -> int:
        """Its process id; also that of its process group."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it can take another call."""
        return self._process.poll() is None

    def call(self, function: str, argument: Any, *, within_s: float | None = None) -> Any:
        """The result of ``module:name`` in the worker, which is ended if it does not answer in time.

        Raises
        ------
        WorkerLost
            If the process ended before it answered: with its signal or exit code.
        TimeoutError
            If it was ended.
        """
        line = json.dumps({"do": function, "with": serde.to_json(argument)}).encode() + b"\n"
        try:
            self._out.write(line)
            if within_s is not None and not select.select([self._in], [], [], within_s)[0]:
                self.kill()
                raise TimeoutError(f"it did not answer within {within_s:g} s")
            answer = self._in.readline()
        except (BrokenPipeError, ValueError):
            answer = b""
        if not answer:
            raise WorkerLost(f"the worker process {self.pid} ended before the step did: {_ending(self._process)}.")
        data = json.loads(answer)
        if "error" in data:
            raise Error(str(data["error"]))
        return serde.from_json(data["result"])

    def interrupt(self) -> None:
        """Ctrl-C for whatever it runs."""
        self._signal(signal.SIGINT)

    def doom(self) -> None:
        """End it and everything it started, without waiting for that: the call that it carries out fails."""
        self._signal(signal.SIGKILL)

    def kill(self) -> None:
        """End it and everything it started, at once."""
        self.doom()
        self._process.wait()
        self._close()

    def close(self) -> None:
        """Let it end by itself: it stops when its requests end. After a grace period it is killed."""
        self._close()
        try:
            self._process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def _close(self) -> None:
        for file in (self._out, self._in):
            try:
                file.close()
            except OSError:
                continue

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return


class WorkerPool(ThreadExecutor):
    """An executor over worker processes. What is submitted must be a function of a module and take one plain-data argument."""

    def __init__(self, max_workers: int, *, folder: str | None = None, environment: dict[str, str] | None = None) -> None:
        super().__init__(max_workers)
        self._folder = folder
        self._environment = environment
        self._idle: list[Worker] = []
        self._busy: dict[Worker, int] = {}
        self._calls = 0
        self._guard = threading.Lock()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """The future of a call that runs in a worker."""
        name = f"{fn.__module__}:{fn.__qualname__}"
        call: Any = self._call
        return super().submit(call, name, *args)

    def stop(self) -> None:
        """Interrupt what runs; whatever of it has not ended after the grace period is killed. What begins later is left alone."""
        with self._guard:
            busy = dict(self._busy)
        for worker in busy:
            worker.interrupt()
        if busy:
            killer = threading.Timer(GRACE_S, self._doom, [busy])
            killer.daemon = True
            killer.start()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End all workers."""
        super().shutdown(wait, cancel_futures=cancel_futures)
        with self._guard:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.close()

    @property
    def pids(self) -> list[int]:
        """Process ids of all live workers."""
        with self._guard:
            return [worker.pid for worker in (*self._idle, *self._busy) if worker.is_alive]

    def _call(self, name: str, argument: Any) -> Any:
        worker = self._take()
        try:
            result = worker.call(name, argument)
        except BaseException:
            with self._guard:
                self._busy.pop(worker, None)
            worker.kill()
            raise
        with self._guard:
            self._busy.pop(worker, None)
            self._idle.append(worker)
        return result

    def _take(self) -> Worker:
        with self._guard:
            while self._idle:
                worker = self._idle.pop()
                if worker.is_alive:
                    return self._taken(worker)
        worker = Worker(folder=self._folder, environment=self._environment)
        with self._guard:
            return self._taken(worker)

    def _taken(self, worker: Worker) -> Worker:
        self._calls += 1
        self._busy[worker] = self._calls
        return worker

    def _doom(self, calls: dict[Worker, int]) -> None:
        """Kill the workers that still carry out the same call; no other can begin meanwhile."""
        with self._guard:
            for worker, call in calls.items():
                if self._busy.get(worker) == call:
                    worker.doom()


def worker_environment(more: Mapping[str, str]) -> dict[str, str]:
    """The environment of processes that work for this one."""
    return {**os.environ, **more, "PYTHONUNBUFFERED": "1", "MPLBACKEND": "Agg"}


def _pipe() -> tuple[int, int]:
    return os.pipe()


def _ending(process: Process) -> str:
    try:
        code = process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        return "it closed its pipe"
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = str(-code)
        hint = " (out of memory?)" if name == "SIGKILL" else ""
        return f"it was killed by {name}{hint}"
    return f"it exited with code {code}"
