"""What the process of a location does for a daemon or a server: load the code once, then answer what is asked of it.

These functions are called by name over a pipe (``python -m nbasset.worker --serve``); arguments and answers are plain data. The process
ends with the daemon, also where a function of the user's hangs and the daemon was killed.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

from nbasset.commands.answering import Answer, Question, answered
from nbasset.commands.background import request_run
from nbasset.commands.background_backfill import resume_backfill
from nbasset.commands.carrying_out import DEFAULT
from nbasset.commands.job_verbs import job_named
from nbasset.commands.jobs import JobOptions, plan_of_job
from nbasset.commands.promoted_jobs import values_of
from nbasset.commands.run_rules import RETRY_NUMBER_TAG, tries_so_far, wanted_strategy
from nbasset.commands.scope import Scope
from nbasset.commands.ticking import TickOutcome, TickTask, evaluate_tick
from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import Catalog
from nbasset.definitions.catalog_instigators import CatalogSchedule, CatalogSensor
from nbasset.definitions.reexecution import ReexecutionOptions, ReexecutionStrategy
from nbasset.errors import LocationError, StorageCorrupt, StorageUnavailable, UnknownRun
from nbasset.events.facts import ErrorInfo
from nbasset.events.kinds import RunRequested
from nbasset.execution.failures import error_info
from nbasset.instance import Instance
from nbasset.keys import RunId
from nbasset.locations.location import Location
from nbasset.locations.workspace import Place, load_place
from nbasset.serde import serializable

_GRACE_S = 5.0
_SCOPE: list[Scope] = []


@serializable
@dataclass(frozen=True, slots=True)
class HostTask:
    """Which code to load, for which home. `requests` is the file descriptor that closes when the parent is gone.

    With `whole` all that is defined is told, not only schedules and sensors.
    """

    home: str
    path: str = ""
    module: str = ""
    name: str = ""
    requests: int = -1
    whole: bool = False


@serializable
@dataclass(frozen=True, slots=True)
class HostCatalog:
    """A location's schedules and sensors. `files` are those that it was made from; `error` says why it could not be loaded.

    `whole` is all that is defined, where that was asked for; `kind` and `path` are those of the location. `failure` is what its code
    raised.
    """

    location: str
    schedules: tuple[CatalogSchedule, ...] = ()
    sensors: tuple[CatalogSensor, ...] = ()
    files: tuple[str, ...] = ()
    error: str = ""
    whole: Catalog | None = None
    kind: str = ""
    path: str = ""
    failure: ErrorInfo | None = None


@serializable
@dataclass(frozen=True, slots=True)
class Evaluated:
    """What a tick came to; or, with an `outage`, why the records could not be read: then it is to be evaluated again."""

    outcome: TickOutcome = TickOutcome()
    outage: str = ""


def load(task: HostTask) -> HostCatalog:
    """Load the location. What is wrong with it is in the answer."""
    os.environ.pop("PYTHONSAFEPATH", None)  # for this process alone, not for what it starts
    if task.requests >= 0:
        threading.Thread(target=_end_with_the_daemon, args=(task.requests,), name="nbasset-parent", daemon=True).start()
    instance = Instance.open(task.home)
    place = Place(Path(task.path) if task.path else None, task.module, task.name)
    location = load_place(place, instance.home)
    files = tuple(_files(place, instance.home.root, location))
    if location.error is not None:
        failure = error_info(location.error.__cause__ or location.error)
        return HostCatalog(location.name, files=files, error=str(location.error), failure=failure)
    try:
        scope = Scope(location, instance)
        catalog = scope.catalog
    except Exception as error:  # noqa: BLE001 - whatever the user's definitions raise is what is wrong with the location
        return HostCatalog(location.name, files=files, error=f"{type(error).__name__}: {error}", failure=error_info(error))
    _SCOPE[:] = [scope]
    return HostCatalog(
        location.name, catalog.schedules, catalog.sensors, files, whole=catalog if task.whole else None, kind=location.kind,
        path=str(location.path or location.module),
    )  # fmt: skip


def answer(question: Question) -> Answer:
    """The answer to a question about the location; a refusal is in it."""
    return answered(_scope(), question)


def evaluate(task: TickTask) -> Evaluated:
    """What a tick comes to."""
    try:
        return Evaluated(evaluate_tick(_scope(), task))
    except (StorageUnavailable, StorageCorrupt) as error:
        return Evaluated(outage=str(error))


def retry(run_id: str) -> RunRequested:
    """The request of the run that follows one of a job whose process died. What that one made is kept: only the rest is made.

    Raises
    ------
    UnknownRun
        If there is no such run.
    InvalidInvocationError, LocationError
        If it cannot be done again.
    """
    parent = _scope().instance.get_run_by_id(RunId(run_id))
    if parent is None or parent.job is None:
        raise UnknownRun(f"there is no run {run_id[:8]} of a job.")
    scope = values_of(_scope(), parent)
    job = job_named(scope, parent.job)
    is_whole = not job.is_asset_job or wanted_strategy(parent.tags) is ReexecutionStrategy.ALL_STEPS
    strategy = ReexecutionStrategy.ALL_STEPS if is_whole else ReexecutionStrategy.FROM_ASSET_FAILURE
    options = JobOptions(tags={RETRY_NUMBER_TAG: str(tries_so_far(parent.tags) + 1)})
    plan, view, _ = plan_of_job(scope, job, options, DEFAULT, ReexecutionOptions(parent.run_id, strategy=strategy))
    return request_run(scope, plan, view, parent=parent, kind="scheduled" if parent.kind == "scheduled" else "background")


def resume(backfill_id: str) -> str:
    """Let a backfill go on whose process is gone; its id.

    Raises
    ------
    UnknownBackfill, InvalidInvocationError, LocationError
        If it cannot go on.
    """
    return resume_backfill(_scope(), backfill_id).backfill_id


def _scope() -> Scope:
    if not _SCOPE:
        raise LocationError("no location was loaded in this process.")
    return _SCOPE[0]


def _files(place: Place, home: Path, location: Location) -> Iterator[str]:
    """The files of the project that the code came from: those of loaded modules, and those that an error speaks of."""
    root = home.resolve()
    seen: set[Path] = set()

    def new(path: Path) -> bool:
        is_own = path.is_relative_to(root) and "site-packages" not in path.parts and path.is_file()
        if not is_own or path in seen:
            return False
        seen.add(path)
        return True

    given = [place.path] if place.path is not None else []
    given += sorted(place.path.rglob("*.py")) if place.path is not None and place.path.is_dir() else []
    if location.path is not None:
        given.append(location.path)
    given += [Path(file) for module in list(sys.modules.values()) if (file := getattr(module, "__file__", None))]
    given += _files_of_error(location.error)
    yield from (str(path) for one in given if new(path := Path(os.path.realpath(one))))


def _files_of_error(error: BaseException | None) -> list[Path]:
    found: list[Path] = []
    while error is not None and len(found) < 1000:
        found += [Path(frame.filename) for frame in traceback.extract_tb(error.__traceback__)]
        if isinstance(error, SyntaxError) and error.filename:
            found.append(Path(error.filename))
        error = error.__cause__
    return found


def _end_with_the_daemon(requests: int) -> None:
    """Wait until the other end is closed. Whatever is still at work after a time of grace is ended, with all it has started."""
    gone = select.poll()
    gone.register(requests, 0)
    gone.poll()
    threading.Event().wait(_GRACE_S)
    os.killpg(os.getpgrp(), signal.SIGKILL)
