"""The locations of a project as the API knows them: a catalog each, while the code lives in a process of its own.

`Workspace.snapshot()` is what all resolvers of one request look at: it never changes, and the next one may be another. Code is loaded when
it is first asked for, all locations at once; where files have changed since, it is loaded anew behind the reader, who goes on with
what there was. A location that cannot be loaded, hangs or dies is there with its error and disturbs no other; one that takes long is there
as loading.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import field
from functools import cached_property
from typing import Any, Protocol

from nbasset import clock
from nbasset.api.follower import Follower
from nbasset.commands.answering import Answer, Question, answered
from nbasset.commands.hosting import HostCatalog
from nbasset.commands.hosts import Host
from nbasset.commands.launching import start_queued
from nbasset.commands.scope import Scope
from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import Catalog, CatalogAsset, CatalogJob
from nbasset.definitions.catalog_instigators import CatalogSchedule, CatalogSensor
from nbasset.errors import Error, LocationError, did_you_mean
from nbasset.events.facts import ErrorInfo
from nbasset.execution.failures import error_info
from nbasset.instance import Instance
from nbasset.keys import AssetKey
from nbasset.locations.workspace import Place, places_of, promoted_places
from nbasset.settings import load_settings

ANSWER_S = 60.0
_LOOK_S = 1.0
_PATIENCE_S = 15.0
_FIND_S = 10.0
_LOST_S = 5.0
_IDLE_S = 120.0
_AT_ONCE = 4


class Part(Protocol):
    """Where the code of one location is: in a process of its own, or here."""

    @property
    def label(self) -> str:
        """What people call the location."""

    @property
    def is_outdated(self) -> bool:
        """Whether the code was never loaded or has changed since."""

    def load(self) -> HostCatalog:
        """Load the code anew; what is wrong with it is in the answer."""

    def answer(self, question: Question, *, within_s: float) -> Answer:
        """What a function of the commands says of the location."""

    def rest(self) -> None:
        """Nothing is asked of it for now."""

    def end(self) -> None:
        """End whatever it is at."""


class Apart:
    """A location in a process of its own."""

    def __init__(self, host: Host) -> None:
        self._host = host

    @property
    def label(self) -> str:
        """What people call the location."""
        return self._host.label

    @property
    def is_outdated(self) -> bool:
        """Whether the code was never loaded or has changed since."""
        return self._host.is_outdated

    def load(self) -> HostCatalog:
        """Load the code anew, in a new process."""
        return self._host.load()

    def answer(self, question: Question, *, within_s: float) -> Answer:
        """What the process says."""
        found: Answer = self._host.call("answer", question, within_s=within_s)
        return found

    def rest(self) -> None:
        """Let the process end by itself."""
        self._host.rest()

    def end(self) -> None:
        """End the process."""
        self._host.end()


class Here:
    """A location whose code is in this process: that of a live session, or of a test."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._is_loaded = False

    @property
    def is_outdated(self) -> bool:
        """Only before it is told of: code here is loaded anew when somebody says so."""
        return not self._is_loaded

    @property
    def label(self) -> str:
        """What people call the location."""
        return self._scope.location.name

    def load(self) -> HostCatalog:
        """What is defined; from the second time on, of code that was loaded anew."""
        if self._is_loaded:
            self._scope = Scope(self._scope.location.reload(), self._scope.instance, self._scope.resources)
        self._is_loaded = True
        location, catalog = self._scope.location, self._scope.catalog
        path = str(location.path or "")
        return HostCatalog(location.name, catalog.schedules, catalog.sensors, whole=catalog, kind=location.kind, path=path)

    def answer(self, question: Question, *, within_s: float) -> Answer:
        """The answer, however long it takes."""
        return answered(self._scope, question)

    def rest(self) -> None:
        """There is no process to end."""

    def end(self) -> None:
        """There is no process to end."""


@dataclass(frozen=True)
class LocationSnapshot:
    """One location as it was loaded. `catalog` is empty where there is an `error`, whose code is in the `failure`; `loaded_us` is when.

    `ask` puts a question to its process: the name of a function as ``module:name`` of `nbasset.commands`, and one argument of plain data.
    """

    name: str
    catalog: Catalog
    ask: Callable[..., Answer] = field(repr=False)
    error: str = ""
    loaded_us: int = 0
    kind: str = ""
    path: str = ""
    place: Place | None = None
    number: int = 0
    failure: ErrorInfo | None = None
    is_loading: bool = False

    @property
    def is_promoted(self) -> bool:
        """Whether it is a promoted job: its assets are those of the notebook that it was made from."""
        return self.path.endswith(".toml") or (self.place is not None and self.place.path is not None and self.place.path.suffix == ".toml")


@dataclass(frozen=True, slots=True)
class Defined:
    """An asset and the location that defines it."""

    asset: CatalogAsset
    location: LocationSnapshot


@dataclass(frozen=True)
class Snapshot:
    """All locations at one moment, in the order of the project. `number` rises with each change."""

    locations: tuple[LocationSnapshot, ...]
    number: int = 0

    @cached_property
    def by_name(self) -> Mapping[str, LocationSnapshot]:
        """Locations by name."""
        return {one.name: one for one in self.locations}

    @cached_property
    def assets(self) -> Mapping[AssetKey, Defined]:
        """Each asset with the location that makes it; where several do, the first. One that nobody makes is external.

        Assets of promoted jobs are those of the notebook they were made from, and are left out where that is a location, too.
        """
        found: dict[AssetKey, Defined] = {}
        for location in sorted(self.locations, key=lambda one: one.is_promoted):
            for asset in location.catalog.assets:
                known = found.get(asset.key)
                if known is None or (known.asset.execution == "external" and asset.execution != "external"):
                    found[asset.key] = Defined(asset, location)
        return found

    @cached_property
    def downstream(self) -> Mapping[AssetKey, tuple[AssetKey, ...]]:
        """What reads or waits for each asset, over all locations."""
        found: dict[AssetKey, dict[AssetKey, None]] = {}
        for key, one in self.assets.items():
            for dep in one.asset.deps:
                if dep.asset != key:
                    found.setdefault(dep.asset, {})[key] = None
        return {key: tuple(keys) for key, keys in found.items()}

    @cached_property
    def collisions(self) -> Mapping[AssetKey, tuple[LocationSnapshot, ...]]:
        """Assets that several locations make, with these; promoted jobs do not count."""
        makers: dict[AssetKey, list[LocationSnapshot]] = {}
        for location in self.locations:
            for asset in () if location.is_promoted else location.catalog.assets:
                if asset.execution != "external":
                    makers.setdefault(asset.key, []).append(location)
        return {key: tuple(found) for key, found in makers.items() if len(found) > 1}

    def job(self, location: str, name: str) -> CatalogJob | None:
        """A job of a location."""
        found = self.by_name.get(location)
        return found.catalog.jobs_by_name.get(name) if found is not None else None

    def jobs(self) -> Iterable[tuple[LocationSnapshot, CatalogJob]]:
        """All jobs, each with its location."""
        return ((location, job) for location in self.locations for job in location.catalog.jobs)

    def schedules(self) -> Iterable[tuple[LocationSnapshot, CatalogSchedule]]:
        """All schedules, each with its location."""
        return ((location, one) for location in self.locations for one in location.catalog.schedules)

    def sensors(self) -> Iterable[tuple[LocationSnapshot, CatalogSensor]]:
        """All sensors, each with its location."""
        return ((location, one) for location in self.locations for one in location.catalog.sensors)


class _Entry:
    """One part, what it told last, and the lock that lets one call at a time into it."""

    def __init__(self, part: Part, place: Place | None) -> None:
        self.part = part
        self.place = place
        self.lock = threading.Lock()
        self.told: LocationSnapshot | None = None
        self.awaited: LocationSnapshot | None = None
        self.is_loading = False
        self.used_at = clock.monotonic()

    @property
    def is_idle(self) -> bool:
        """Whether nothing was asked of it for long."""
        return clock.monotonic() - self.used_at > _IDLE_S


class Workspace:
    """The locations of a home. `parts` stand for them where they are not what the project lists. Whether code has changed is looked at when
    somebody asks, at most every `look_s` seconds. Who waits for code waits `patience_s` seconds, then goes on without what is not there.
    """

    def __init__(
        self, instance: Instance, parts: Sequence[Part] | None = None, *, look_s: float = _LOOK_S, patience_s: float = _PATIENCE_S
    ) -> None:  # fmt: skip
        self.instance = instance
        self.follower = Follower(instance)
        self._given = parts is not None
        self._entries: dict[object, _Entry] = {index: _Entry(part, None) for index, part in enumerate(parts or ())}
        self._lock = threading.RLock()
        self._loading = threading.Lock()
        self._current: Snapshot | None = None
        self._look_s = look_s
        self._patience_s = patience_s
        self._turns = threading.Semaphore(_AT_ONCE)
        self._looked_at = 0.0
        self._found_at = 0.0
        self._settled_at = 0.0
        self._is_looking = False

    @property
    def number(self) -> int:
        """The number of the newest snapshot; 0 before the first one."""
        current = self._current
        return current.number if current is not None else 0

    def snapshot(self) -> Snapshot:
        """The locations as they are known; the first call waits until they are loaded. Changed code is loaded anew behind the caller."""
        current = self._current
        if current is None:
            with self._loading:
                return self._current or self._load()
        with self._lock:
            if self._is_looking or clock.monotonic() - self._looked_at < self._look_s:
                return current
            self._is_looking = True
        threading.Thread(target=self._look, name="nbasset-locations", daemon=True).start()
        return current

    def reload(self, name: str = "") -> Snapshot:
        """Load a location anew, or all of them; wait for that.

        Raises
        ------
        LocationError
            If there is no location of that name.
        """
        if self._current is None:
            self.snapshot()
        if name:
            self._load_entry(self._entry(name))
            return self._publish()
        with self._loading:
            return self._load(anew=True)

    def shut_down(self, name: str) -> None:
        """End the process of a location; the next question to it starts another.

        Raises
        ------
        LocationError
            If there is no location of that name.
        """
        self._entry(name).part.end()

    def close(self) -> None:
        """End all processes."""
        for entry in self._entries.values():
            entry.part.end()

    # -- inside ----------------------------------------------------------------------------------------------------------------

    def _entry(self, name: str) -> _Entry:
        for entry in self._entries.values():
            if entry.told is not None and entry.told.name == name:
                return entry
        known = [entry.told.name for entry in self._entries.values() if entry.told is not None]
        raise LocationError(f"there is no location '{name}' in {self.instance.home.root}. {did_you_mean(name, known)}".rstrip())

    def _load(self, *, anew: bool = False) -> Snapshot:
        """Load what is new, or everything, several at once."""
        if anew or clock.monotonic() - self._found_at > _FIND_S or self._current is None:
            self._find_places()
        waiting = [entry for entry in self._entries.values() if (anew or entry.told is None) and not entry.is_loading]
        threads = [threading.Thread(target=self._load_in_turn, args=(entry,), name="nbasset-location", daemon=True) for entry in waiting]
        for entry, thread in zip(waiting, threads, strict=True):
            entry.is_loading = True
            thread.start()
        until = clock.monotonic() + self._patience_s
        for thread in threads:
            thread.join(max(0.0, until - clock.monotonic()))
        return self._publish()

    def _load_in_turn(self, entry: _Entry) -> None:
        """Load a location when few others are being loaded, and tell of it if nobody waits any more."""
        try:
            with self._turns:
                self._load_entry(entry)
        finally:
            entry.is_loading = False
        if self._current is not None:
            self._publish()

    def _find_places(self) -> None:
        """Take in what was added to the project, and let go of what was taken out."""
        if self._given:
            return
        home = self.instance.home
        places = {_mark(place): place for place in [*places_of(home, load_settings(home.settings_file)), *promoted_places(home)]}
        with self._lock:
            gone = [entry for mark, entry in self._entries.items() if mark not in places]
            self._entries = {
                mark: self._entries.get(mark) or _Entry(Apart(Host(place, home, whole=True)), place) for mark, place in places.items()
            }  # fmt: skip
        for entry in gone:
            entry.part.end()
        self._found_at = clock.monotonic()

    def _load_entry(self, entry: _Entry, *, if_outdated: bool = False) -> None:
        with entry.lock:
            if if_outdated and entry.told is not None and not entry.part.is_outdated:
                return  # somebody else was here
            try:
                found = entry.part.load()
            except Exception as error:  # noqa: BLE001 - whatever code in this process raises is what is wrong with the location
                found = HostCatalog(entry.part.label, error=str(error), failure=error_info(error.__cause__ or error))
            number = entry.told.number + 1 if entry.told is not None else 1
            entry.used_at = clock.monotonic()
            entry.told = LocationSnapshot(
                found.location, found.whole or Catalog(name=found.location), self._asker(entry), found.error, clock.now_us(), found.kind,
                found.path, entry.place, number, found.failure,
            )  # fmt: skip
            self.instance.know(entry.told.catalog)
            if entry.told.is_promoted:
                entry.part.rest()  # its assets are those of its notebook: little is asked of it but to run

    def _asker(self, entry: _Entry) -> Callable[..., Answer]:
        def ask(function: str, argument: Any = None, *, within_s: float = ANSWER_S) -> Answer:
            if entry.part.is_outdated:
                self._load_entry(entry, if_outdated=True)
                self._publish()
            told = entry.told
            if told is not None and told.error:
                raise LocationError(told.error)
            with entry.lock:
                entry.used_at = clock.monotonic()
                return entry.part.answer(Question.of(function, argument), within_s=within_s)

        return ask

    def _publish(self) -> Snapshot:
        with self._lock:
            told = tuple(entry.told or self._awaited(entry) for entry in self._entries.values())
            before = self._current
            if before is None or before.locations != told:
                self._current = Snapshot(told, before.number + 1 if before is not None else 1)
            assert self._current is not None
            return self._current

    def _awaited(self, entry: _Entry) -> LocationSnapshot:
        """What stands for a location whose code is not loaded yet."""
        if entry.awaited is None:
            name = entry.part.label
            entry.awaited = LocationSnapshot(
                name, Catalog(name=name), self._asker(entry), f"{name} is still being loaded.", place=entry.place, is_loading=True
            )  # fmt: skip
        return entry.awaited

    def _look(self) -> None:
        """Load anew what has changed, let processes rest of which nothing was asked for long, and end the runs whose process is gone."""
        try:
            with suppress(Error, OSError):
                self._end_lost_runs()
            with suppress(Error, OSError), self._loading:
                self._load()
                for entry in tuple(self._entries.values()):
                    if entry.part.is_outdated:
                        self._load_entry(entry, if_outdated=True)
                        self._publish()
                    elif entry.is_idle and entry.lock.acquire(blocking=False):
                        try:
                            entry.part.rest()
                        finally:
                            entry.lock.release()
        finally:
            with self._lock:
                self._looked_at = clock.monotonic()
                self._is_looking = False

    def _end_lost_runs(self) -> None:
        """What starts a process mourns it; but the process of a location, which starts runs, may rest by the time a run is killed."""
        if clock.monotonic() - self._settled_at < _LOST_S:
            return
        self._settled_at = clock.monotonic()
        if self.instance.close_lost_runs():
            start_queued(self.instance)  # their places are free


def _mark(place: Place) -> object:
    return (place.path.resolve() if place.path is not None else None, place.module, place.python, place.isolated)
