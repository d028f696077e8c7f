"""Starting what runs in a process of its own: what such a process is given, and how runs come from the queue into one.

`start_queued` starts what waits and may: whoever asks for a run in the background calls it, each worker when its run is over, each run in
the foreground when it ends, and the daemon. So the limits of ``[queue]`` hold over all processes of a home, with a daemon or without one.

A run is never carried out twice. A worker holds the lock `run_lock` of its run for as long as it lives, and leaves when somebody else has
it, or the run has begun or is over. Who starts workers may die at any point: the run is still in the queue then, and is started by the
next one that looks.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from nbasset import clock, serde
from nbasset.commands.looking import LookingStore
from nbasset.dataclass import dataclass
from nbasset.definitions.specs import AssetSpec
from nbasset.errors import PartitionBusy
from nbasset.events.kinds import Owner, RunFailed, RunStarting, StepReused
from nbasset.events.records import RunRecord
from nbasset.execution.failures import error_info
from nbasset.instance import Instance
from nbasset.keys import RunId
from nbasset.planning.run_queue import Dequeued, decide
from nbasset.serde import Json, serializable
from nbasset.storage.processes import host, start_time
from nbasset.storage.protocol import Fence

_OUTPUT = "worker.log"
_LOCK = "run-queue"
_WAIT_S = 30.0
_OF_A_KERNEL = ("JPY_PARENT_PID", "JPY_SESSION_NAME", "NBASSET_PAPERMILL", "NBASSET_NOTEBOOK", "NBASSET_NOTEBOOK_FOLDER", "NBASSET_SECRETS")


@serializable
@dataclass(frozen=True, slots=True)
class CodeSource:
    """Where the process finds code: stored texts of slices, or a module by its name or file. `upstream` are specs of what it reads.

    Of a promoted job `job_file` is the path of its file, and the texts are what stood in it and in its notebook when the run was asked for;
    `values` are the run's own parameters. `python` is the interpreter that the code was read with: a location may have its own.
    """

    name: str
    module: str = ""
    texts: tuple[str, ...] = ()
    upstream: tuple[AssetSpec, ...] = ()
    folder: str = ""
    python: str = ""
    job_file: str = ""
    values: Mapping[str, Json] = field(default_factory=dict)


@serializable
@dataclass(frozen=True, slots=True)
class BackgroundRun:
    """Everything that the process needs, as plain data. `now_us` is the moment that the plan was made for, `reused` are steps whose outputs
    an earlier run stored.
    """

    plan_id: str
    code: CodeSource
    now_us: int
    executor: str = ""
    parent_run_id: RunId | None = None
    root_run_id: RunId | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    reused: tuple[StepReused, ...] = ()


def run_lock(run_id: RunId) -> str:
    """The name of the lock that the process of a run holds."""
    return f"run/{run_id}"


def start_queued(instance: Instance, *, fence: Fence | None = None) -> tuple[RunId, ...]:
    """Start the runs of the queue that may start now; their ids. Those that cannot be started are recorded as failed.

    Raises
    ------
    LeaseLost
        If a fence is given that is no longer held.
    """
    storage = instance.storage
    if isinstance(storage, LookingStore) or not _queued(storage.active_runs()):
        return ()
    with storage.lock(_LOCK, timeout_s=_WAIT_S):
        decided = _decided(instance)
        if decided.waiting and instance.close_lost_runs():  # a process that died gives its place back
            decided = _decided(instance)
        return tuple(run.run_id for run in decided.start if _start(instance, run, fence))


def why_waiting(instance: Instance) -> dict[RunId, str]:
    """What holds back each run of the queue; empty for one that may start, which then happens when somebody looks next."""
    if not _queued(instance.reader.active_runs()):
        return {}
    decided = _decided(instance)
    return {**{run.run_id: "" for run in decided.start}, **{one.run.run_id: one.why for one in decided.waiting}}


def _queued(active: list[RunRecord]) -> list[RunRecord]:
    return sorted((run for run in active if run.status == "queued"), key=lambda run: run.requested_us)


def _decided(instance: Instance) -> Dequeued:
    active = instance.reader.active_runs()
    return decide(_queued(active), [run for run in active if run.status != "queued"], instance.settings.queue)


def _start(instance: Instance, run: RunRecord, fence: Fence | None) -> bool:
    """Start the process of a run. False if it has one already, or cannot have one."""
    storage = instance.storage
    try:
        with storage.lock(run_lock(run.run_id), timeout_s=0):
            pass
    except PartitionBusy:  # whoever started it died before it could say so
        return False
    text = storage.text(run.launch_id) if run.launch_id else None
    if text is None:
        message = "it was recorded without what a process needs to carry it out"
        storage.append([RunFailed(clock.now_us(), run.run_id, "refused", message)], fence=fence, flush=True)
        return False
    spec: BackgroundRun = serde.loads(text)
    try:
        process = spawn_worker(instance, run.run_id, ("--run", run.launch_id or ""), spec.code)
    except OSError as error:
        message = f"its process could not be started: {error.strerror or error}"
        storage.append([RunFailed(clock.now_us(), run.run_id, "error", message, error_info(error))], fence=fence, flush=True)
        return False
    owner = Owner(host(), process.pid, start_time(process.pid))
    threading.Thread(target=_mourn, args=(instance, process, owner, run.run_id), name="nbasset-background", daemon=True).start()
    storage.append([RunStarting(clock.now_us(), run.run_id, owner)], fence=fence, flush=True)
    return True


def spawn_worker(instance: Instance, own_id: str, work: tuple[str, str], code: CodeSource) -> subprocess.Popen[bytes]:
    """Start a worker in a session of its own, with the Python of its code, or this one where that is gone (or on another machine).

    What it prints is kept in the folder of the run (or backfill) `own_id`.

    Raises
    ------
    OSError
        If it cannot be started.
    """
    instance.home.make_state()
    own = instance.home.run_folder(own_id)
    own.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "MPLBACKEND": "Agg", "PYTHONUNBUFFERED": "1"}
    for name in _OF_A_KERNEL:
        environment.pop(name, None)
    python = code.python if code.python and Path(code.python).is_file() else sys.executable
    with (own / _OUTPUT).open("ab") as output:
        return subprocess.Popen(
            [python, "-m", "nbasset.worker", *work, str(instance.home.root)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd=code.folder or None,
            env=environment,
        )


def _mourn(instance: Instance, process: subprocess.Popen[bytes], owner: Owner, run_id: RunId) -> None:
    """Wait for the process as its parent, and end a run that it left open. A run that somebody else has, or will have, is not its."""
    code = process.wait()
    record = instance.reader.run(run_id)
    if record is None or record.is_over or record.owner != owner:
        return
    if record.status != "starting":
        instance.close_lost_runs()
        return
    message = f"its process ended with {code} before it began; what it said is in {instance.home.run_folder(run_id) / _OUTPUT}"
    instance.storage.append([RunFailed(clock.now_us(), run_id, "worker-lost", message)], flush=True)
