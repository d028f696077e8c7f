"""The process of one location: its code is loaded there, with its own Python where it names one, and its functions are called there.

A function that does not come back in time is ended with its process, and so is code that does not load. The next call gets a new process;
so does code whose files have changed since it was loaded. What the process prints is kept in the home's folder of hosts.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from nbasset import clock
from nbasset.commands.hosting import HostCatalog, HostTask
from nbasset.dataclass import dataclass
from nbasset.errors import Error, LocationError, WorkerLost
from nbasset.execution.worker_pool import Worker
from nbasset.home import Home
from nbasset.locations.interpreter import interpreter
from nbasset.locations.workspace import Place
from nbasset.storage.places import private_folder

_HOSTING = "nbasset.commands.hosting"
_MOST_OUTPUT = 10_000_000
_REST_S = 5.0
_LONGEST_REST_S = 300.0


@dataclass(frozen=True, slots=True)
class _Mark:
    """A file as it was: another one has another mark."""

    mtime_ns: int = 0
    size: int = 0
    inode: int = 0


class Host:
    """A location in a process of its own. Calls come one at a time; `end` may come from another thread at any moment.

    A `whole` one tells all that is defined and keeps its process until it is told to `rest`; else it rests where there are neither
    schedules nor sensors.
    """

    def __init__(self, place: Place, home: Home, *, whole: bool = False) -> None:
        self.place = place
        self._whole = whole
        self.catalog: HostCatalog | None = None
        self._home = home
        self._worker: Worker | None = None
        self._marks: dict[str, _Mark] = {}
        self._is_ending = False
        self._again_at = float("inf")
        self._rest_s = _REST_S

    @property
    def label(self) -> str:
        """What people call the location."""
        return self.catalog.location if self.catalog is not None else self.place.label

    @property
    def error(self) -> str:
        """Why the code is not loaded; empty where it is."""
        return self.catalog.error if self.catalog is not None else ""

    @property
    def is_ending(self) -> bool:
        """Whether it was ended for good."""
        return self._is_ending

    @property
    def pid(self) -> int | None:
        """The process, if there is one."""
        worker = self._worker
        return worker.pid if worker is not None and worker.is_alive else None

    @property
    def is_outdated(self) -> bool:
        """Whether the code was never loaded, its files have changed since, or it is time to try again what could not be loaded."""
        if self.catalog is None or clock.monotonic() >= self._again_at:
            return True
        return any(_mark(name) != known for name, known in self._marks.items())

    def load(self) -> HostCatalog:
        """Load the code anew, in a new process. What is wrong with it is in the answer."""
        self.end()
        own = [str(self.place.path)] if self.place.path is not None else []
        before = _marks(own)
        try:
            found: HostCatalog = self._load()
        except (Error, OSError, TimeoutError) as error:
            self.end()
            found = HostCatalog(self.label, error=str(error))
        # A file that changed while it was read counts as it was before.
        names = {*found.files, *(self._marks if found.error else ())}
        self._marks = {**_marks(names), **before}
        self.catalog = found
        self._rest_s = min(self._rest_s * 2, _LONGEST_REST_S) if found.error else _REST_S
        self._again_at = clock.monotonic() + self._rest_s if found.error else float("inf")
        if found.error or not (self._whole or found.schedules or found.sensors):
            self.rest()
        return found

    def call(self, function: str, argument: Any, *, within_s: float) -> Any:
        """What a function of `nbasset.commands.hosting` gives.

        Raises
        ------
        WorkerLost
            If the process ended before it answered.
        TimeoutError
            If the function did not come back in time; its process was ended.
        Error
            If it failed.
        """
        worker = self._worker
        if worker is None or not worker.is_alive:
            found = self.load()
            if found.error:
                raise LocationError(found.error)
            if self._worker is None:  # without schedules and sensors, yet something is asked of it
                self._load()
            worker = self._worker
            assert worker is not None
        return worker.call(f"{_HOSTING}:{function}", argument, within_s=within_s)

    def rest(self) -> None:
        """Let the process end: nothing is asked of it for now."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()

    def doom(self) -> None:
        """End it for good without waiting, from any thread: a call that is going on fails, and so does each later one."""
        self._is_ending = True
        worker = self._worker
        if worker is not None:
            worker.doom()

    def end(self) -> None:
        """End the process with all it has started, whatever it is at."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.kill()

    def _load(self) -> HostCatalog:
        folder = self._home.make_state() / "hosts"
        private_folder(folder)
        python = interpreter(self.place, self._home)
        output = folder / f"{''.join(char if char.isalnum() else '_' for char in self.place.label)}.log"
        with suppress(OSError):
            if output.stat().st_size > _MOST_OUTPUT:
                output.unlink()
        with output.open("ab") as file:
            safe = {"PYTHONSAFEPATH": "1"}
            worker = Worker(folder=str(self._home.root), environment=safe, python=python, output=file, is_forked=True)
        self._worker = worker
        if self._is_ending:
            worker.doom()
        place = self.place
        task = HostTask(
            str(self._home.root), str(place.path or ""), place.module, place.name, requests=worker.requests, whole=self._whole
        )  # fmt: skip
        try:
            found: HostCatalog = worker.call(f"{_HOSTING}:load", task, within_s=self.place.load_seconds)
        except TimeoutError:
            raise LocationError(
                f"it did not load within {self.place.load_seconds:g} s. Move slow work out of its top level, or give it longer: "
                f"load_seconds of this location in {self._home.settings_file.name}."
            ) from None
        except WorkerLost as error:
            if self.place.python:
                raise LocationError(f"its Python {python} cannot run nbasset, or {error}") from error
            raise
        return found


def _marks(names: Iterable[str]) -> dict[str, _Mark]:
    return {name: _mark(name) for name in names}


def _mark(name: str) -> _Mark:
    try:
        found = os.stat(name)  # noqa: PTH116 - once a second for each file
    except OSError:
        return _Mark()
    # A folder changes with each cache that Python writes into it.
    return _Mark(0, 0, found.st_ino) if stat.S_ISDIR(found.st_mode) else _Mark(found.st_mtime_ns, found.st_size, found.st_ino)
