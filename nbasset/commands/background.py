"""Runs that outlive whoever asked for them: a process of their own, in a session of its own, made from text alone.

`start_background` records the request with its plan, stores the code (the text of a slice, or where a module is), and starts
``python -m nbasset.worker --run``. That process loads the code, carries the plan out as any other run, and records everything; a closed
notebook, a restarted kernel or a signal to the kernel's group does not touch it. `cancel_run` stops a run of any kind, from anywhere.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any, Literal

from nbasset import clock, serde
from nbasset.commands.carrying_out import Manner, carry_out
from nbasset.commands.jobs import carry_out_job, tried_again
from nbasset.commands.launching import BackgroundRun, CodeSource, run_lock, start_queued
from nbasset.commands.scope import Scope, user_name
from nbasset.definitions.definitions import Definitions
from nbasset.definitions.partitions import PartitionsView
from nbasset.definitions.specs import AssetSpec
from nbasset.errors import InvalidInvocationError, LocationError, PartitionBusy, UnknownRun
from nbasset.events.kinds import RunCancelled, RunCancelRequested, RunFailed, RunQueued, RunRequested, StepReused
from nbasset.events.records import RunRecord
from nbasset.execution.failures import error_info
from nbasset.instance import Instance
from nbasset.keys import AssetKey, RunId
from nbasset.locations.code_index import code_index
from nbasset.locations.job_file import job_from, job_text
from nbasset.locations.location import Location
from nbasset.locations.module import load_module, load_module_file
from nbasset.locations.promoted import located
from nbasset.locations.slice import load_slice_text
from nbasset.planning.plan import RunPlan
from nbasset.promotion.written import write_whole
from nbasset.storage.processes import host, is_alive


def start_background(
    scope: Scope, plan: RunPlan, view: PartitionsView, *, executor: str = "", parent: RunRecord | None = None,
    reused: tuple[StepReused, ...] = (), user: str | None = None,
) -> RunId:  # fmt: skip
    """Start a plan in a process of its own. Returns as soon as the process is there, or at once where the limits of ``[queue]`` let it
    wait (`launching.why_waiting`); `parent` is the run that this one repeats, `reused` what is taken over from it.

    Raises
    ------
    InvalidInvocationError
        If there is nothing to do, or the home lives in this process only.
    LocationError
        If some of the code exists in this process only, or no process can be started.
    """
    instance = scope.instance
    if not plan.steps:
        raise InvalidInvocationError("there is nothing to do, so no run was started.")
    request = request_run(scope, plan, view, executor=executor, parent=parent, reused=reused, user=user)
    instance.storage.append([request, RunQueued(clock.now_us(), plan.run_id)], flush=True)
    start_queued(instance)
    record = instance.reader.run(plan.run_id)
    if record is not None and record.status == "failure":
        raise LocationError(f"run {plan.run_id[:8]}: {record.message}.")
    return plan.run_id


def request_run(
    scope: Scope, plan: RunPlan, view: PartitionsView, *, executor: str = "", parent: RunRecord | None = None,
    kind: Literal["background", "scheduled"] = "background", user: str | None = None, reused: tuple[StepReused, ...] = (),
) -> RunRequested:  # fmt: skip
    """The request of a run that a worker can carry out: its texts are stored, nothing is recorded. `user` is by default this process's.

    Raises
    ------
    InvalidInvocationError
        If the home lives in this process only.
    LocationError
        If some of the code exists in this process only.
    """
    if scope.instance.is_ephemeral or scope.resources:
        raise InvalidInvocationError(
            "a run in the background needs a home on disk and resources that the definitions give; this one has some that live in this "
            "process only. Run it here: leave out --bg."
        )
    keep = scope.instance.storage.put_text
    code = code_source(scope, [step.node for step in plan.steps], keep)
    plan_id = keep(serde.dumps(plan))
    root = (parent.root_run_id or parent.run_id) if parent is not None else None
    parent_id = parent.run_id if parent is not None else None
    spec = BackgroundRun(plan_id, code, round(view.now.timestamp() * 1e6), executor, parent_id, root, reused=reused)
    return RunRequested(
        clock.now_us(), plan.run_id, plan.targets, len(plan.steps), plan.job, kind, scope.location.name or None, plan.tags,
        plan.config, plan_id, parent_id, root, None, user_name() if user is None else user, keep(serde.dumps(spec)),
    )  # fmt: skip


def code_source(scope: Scope, nodes: list[str], keep: Any) -> CodeSource:
    """Where another process finds the code of these nodes.

    Raises
    ------
    LocationError
        If the code of one of them cannot be read.
    """
    location = scope.location
    folder = _folder(scope)
    if location.promoted is not None and location.path is not None:
        own = location.promoted
        texts = (keep(job_text(own.job)), keep(location.path.read_text(encoding="utf-8-sig")))
        return CodeSource(location.name, "", texts, (), folder, sys.executable, str(own.file), own.given)
    if location.kind in ("module", "package") or (location.kind == "definitions" and location.module):
        return CodeSource(location.name, location.module or str(location.path), folder=folder, python=sys.executable)
    wanted = list(dict.fromkeys(nodes))
    lacking = [node for node in wanted if location.code.slice(node) is None]
    if lacking:
        raise LocationError(
            f"the code of '{lacking[0]}' was typed into a prompt or made on the fly, so no other process can run it. Put it into a cell or "
            "a module, or run it here: leave out --bg."
        )
    texts = tuple(keep(text) for text in location.code.texts(wanted))
    nodes_by_name = scope.catalog.nodes_by_name  # a job of ops is no node, and makes no assets
    made = {key for node in wanted if node in nodes_by_name for key in nodes_by_name[node].assets}
    upstream = tuple(asset.spec for asset in scope.catalog.assets if asset.key not in made)
    return CodeSource(location.name, "", texts, upstream, folder, sys.executable)


def _folder(scope: Scope) -> str:
    return str(scope.location.folder) if scope.location.folder is not None else ""


def run_background(spec_id: str, home: str) -> int:
    """What the process does: load the code, carry the plan out, start what waited for it to end; the exit code.

    Whatever goes wrong ends the run in the records. A run that another process has, or that is over, is left alone.
    """
    instance = Instance.open(home)
    text = instance.reader.text(spec_id)
    if text is None:
        sys.stderr.write(f"nbasset: {home} has no run with the text {spec_id[:16]}\n")
        return 2
    spec: BackgroundRun = serde.loads(text)
    plan_text = instance.reader.text(spec.plan_id)
    assert plan_text is not None
    plan: RunPlan = serde.loads(plan_text)
    try:
        with instance.storage.lock(run_lock(plan.run_id), timeout_s=0):
            return _carried_out(instance, spec, plan) if _is_to_begin(instance, plan.run_id) else 0
    except PartitionBusy:
        return 0
    finally:
        start_queued(instance)


def _is_to_begin(instance: Instance, run_id: RunId) -> bool:
    """Whether a run waits for the process that holds its lock; one that was cancelled meanwhile is ended."""
    record = instance.reader.run(run_id)
    if record is None or record.is_over or record.status == "started":
        return False
    if record.status == "canceling":
        _end(instance, run_id, None)
        return False
    return True


def _carried_out(instance: Instance, spec: BackgroundRun, plan: RunPlan) -> int:
    try:
        scope = Scope(load_code(spec.code, instance, instance.home.run_folder(plan.run_id)), instance)
        view = scope.view(clock.from_us(spec.now_us))
        record = instance.reader.run(plan.run_id)
        kind: Literal["background", "scheduled"] = "scheduled" if record is not None and record.kind == "scheduled" else "background"
        job = scope.resolved.jobs.get(plan.job) if plan.job is not None else None
        given = dict(job.input_values) if job is not None else {}
        manner = Manner(
            kind, spec.executor, echo=False, parent_run_id=spec.parent_run_id, root_run_id=spec.root_run_id, is_requested=True, given=given,
            reused=spec.reused,
        )  # fmt: skip
        if job is None:
            result = carry_out(scope, plan, view, manner)
        else:
            result = carry_out_job(scope, job, plan, view, manner, run_config=plan.config or None)
            result = tried_again(scope, job, result, manner=Manner(kind, spec.executor, echo=False, keeps_plan=True))
    except KeyboardInterrupt:
        _end(instance, plan.run_id, None)
        return 130
    except BaseException as error:
        _end(instance, plan.run_id, error)
        raise
    return 0 if result.success else 1


def load_code(code: CodeSource, instance: Instance, own: Path | None = None) -> Location:
    """The definitions that a source names. The notebook of a promoted job is put into the folder of the run, `own`.

    Raises
    ------
    LocationError
        If they cannot be loaded.
    """
    if code.job_file and own is not None:
        return _promoted(code, instance, own)
    if code.module:
        if code.module.endswith(".py"):
            return load_module_file(Path(code.module), home=instance.home.root).check()
        return load_module(code.module, home=instance.home.root).check()
    folder = Path(code.folder) if code.folder else None
    loaded = []
    for text_id in code.texts:
        text = _text(text_id, instance)
        loaded.append(load_slice_text(text, upstream=code.upstream, folder=folder).check())
    return loaded[0] if len(loaded) == 1 else _merged(loaded, code, folder)


def _promoted(code: CodeSource, instance: Instance, own: Path) -> Location:
    """A promoted job as it was when the run was asked for, whatever its files hold by now."""
    job_id, notebook_id = code.texts
    job = job_from(_text(job_id, instance), of=code.job_file)
    notebook = own / "source" / Path(job.notebook).name
    write_whole(notebook, _text(notebook_id, instance), durable=False)
    return located(Path(code.job_file), job, notebook, home=instance.home.root, values=code.values)


def _text(text_id: str, instance: Instance) -> str:
    text = instance.reader.text(text_id)
    if text is None:
        raise LocationError(f"the code {text_id[:12]} is not among the stored texts of {instance.home.root}.")
    return text


def cancel_run(instance: Instance, run_id: RunId, *, force: bool = False, by: str = "") -> RunRecord:
    """Ask a run to stop; with `force` end the process of a background run at once. What was stored before is kept.

    Raises
    ------
    UnknownRun
        If there is no such run.
    InvalidInvocationError
        If it is over, or cannot be forced.
    """
    storage = instance.storage
    record = storage.run(run_id)
    if record is None:
        raise UnknownRun(f"there is no run {run_id[:12]} in {instance.home.root}. See them: runs.")
    if record.is_over:
        raise InvalidInvocationError(f"run {run_id[:8]} is over ({record.status}); there is nothing to stop.")
    events: list[Any] = [] if record.status == "canceling" else [RunCancelRequested(clock.now_us(), run_id, by or user_name())]
    if record.owner is None and record.status == "queued":
        events.append(RunCancelled(clock.now_us(), run_id, "it had not started"))
        force = False
    if events:
        storage.append(events, flush=True)
    if force:
        _kill(instance, record)
    return storage.run(run_id) or record


def _kill(instance: Instance, record: RunRecord) -> None:
    owner = record.owner
    if record.kind not in ("background", "scheduled") or owner is None:
        raise InvalidInvocationError(
            f"run {record.run_id[:8]} runs in a live kernel, which is not killed. It was asked to stop; if it does not, interrupt the "
            "kernel."
        )
    if owner.host != host():
        raise InvalidInvocationError(
            f"run {record.run_id[:8]} runs on {owner.host}; it was asked to stop, and can be killed from there only."
        )
    if is_alive(owner):
        try:
            os.killpg(owner.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        except PermissionError as error:
            raise InvalidInvocationError(f"run {record.run_id[:8]} belongs to somebody else; it was asked to stop.") from error
        for _ in range(100):
            if not is_alive(owner) or is_zombie(owner.pid):
                break
            threading.Event().wait(0.02)
    instance.close_lost_runs()


def is_zombie(pid: int) -> bool:
    """Whether a process has ended and only its parent has not taken note of it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    except (OSError, IndexError):
        return False


def _merged(loaded: list[Location], code: CodeSource, folder: Path | None) -> Location:
    """Several slices (code of cells and of modules that they import from) as one location."""
    assets: dict[AssetKey, Any] = {}
    for location in loaded:
        for one in location.definitions.assets:
            for key in getattr(one, "keys", ()) or (one.key,):
                known = assets.get(key)
                if known is None or isinstance(known, AssetSpec) or getattr(known, "execution", "") == "external":
                    assets[key] = one
    checks = [check for location in loaded for check in location.definitions.asset_checks]
    resources = {key: value for location in loaded for key, value in location.definitions.resources.items()}
    jobs = [job for location in loaded for job in location.definitions.resolve().jobs.values()]
    definitions = Definitions(
        list({id(one): one for one in assets.values()}.values()), asset_checks=checks, resources=resources,
        jobs=list({job.name: job for job in jobs}.values()),
    )  # fmt: skip
    indexes = [location.code for location in loaded]

    def find(node: str) -> Any:
        return next((place for index in indexes if (place := index.place(node)) is not None), None)

    return Location(code.name, "slice", definitions, code_index(definitions.resolve(), find), folder=folder)


def _end(instance: Instance, run_id: RunId, error: BaseException | None) -> None:
    record = instance.reader.run(run_id)
    if record is not None and record.is_over:
        return
    at = clock.now_us()
    if error is None:
        instance.storage.append([RunCancelled(at, run_id, "interrupted before it began")], flush=True)
    else:
        instance.storage.append([RunFailed(at, run_id, "error", f"the run could not begin: {error}", error_info(error))], flush=True)
