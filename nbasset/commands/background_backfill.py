"""Backfills that outlive whoever asked for them: carried out by a process of their own, which can be held and set going again.

`start_backfill` records the wish and starts ``python -m nbasset.worker --backfill``; `pause_backfill` ends that process, `resume_backfill`
starts another one, with the code as it is then. What is left to do is told by the records alone, so a process that was killed is only
another way to be paused. `held_state` says which of these it is.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeAlias

from nbasset import clock, serde
from nbasset.commands.backfill import PlannedBackfill, launch_backfill
from nbasset.commands.backfill_driver import drive
from nbasset.commands.backfill_records import BackfillStatus, backfill_of, is_carried_out
from nbasset.commands.background import code_source, is_zombie, load_code
from nbasset.commands.carrying_out import Manner
from nbasset.commands.launching import CodeSource, spawn_worker
from nbasset.commands.scope import Scope
from nbasset.dataclass import dataclass
from nbasset.definitions.requests import SENSOR_TAG
from nbasset.errors import Error, InvalidInvocationError, LocationError
from nbasset.events.kinds import BackfillEnded, Owner
from nbasset.events.records import BackfillRecord
from nbasset.instance import Instance
from nbasset.planning.backfill import BackfillPlan
from nbasset.serde import serializable
from nbasset.storage.processes import host, is_alive, start_time

_DRIVER = "driver.json"
_PAUSE = "pause"
Held: TypeAlias = Literal["", "pausing", "paused"]
"""Whether a backfill that is not over goes on: it does, it is about to stop, nobody carries it out."""


@serializable
@dataclass(frozen=True, slots=True)
class BackgroundBackfill:
    """What the process needs, as plain data."""

    backfill_id: str
    code: CodeSource


class _Paused(Exception):
    """Somebody wants the backfill to stop here."""


def start_backfill(
    scope: Scope, planned: PlannedBackfill, *, title: str = "", tags: Mapping[str, str] | None = None, by: str | None = None
) -> str:
    """Record the wish and start a process that carries it out; the id of the backfill. `by` is who wishes, by default this process's user.

    Raises
    ------
    InvalidInvocationError
        If there is nothing to do, or the home lives in this process only.
    LocationError
        If some of the code exists in this process only.
    """
    if planned.is_empty:
        raise InvalidInvocationError("there is nothing to do, so no backfill was started.")
    code = _code(scope, [str(scope.catalog.by_key[key].node) for key in planned.plan.wanted])
    backfill_id = launch_backfill(scope, planned, title=title, tags=tags, by=by)
    _spawn(scope.instance, _stored(scope.instance, BackgroundBackfill(backfill_id, code)))
    return backfill_id


def backfill_text(scope: Scope, backfill_id: str, plan: BackfillPlan) -> str:
    """Store what a process needs that carries a backfill out, and nothing else: `spawn_backfill` starts it once the wish is recorded.

    Raises
    ------
    InvalidInvocationError
        If the home lives in this process only.
    LocationError
        If some of the code exists in this process only.
    """
    code = _code(scope, [str(scope.catalog.by_key[key].node) for key in plan.wanted])
    return _stored(scope.instance, BackgroundBackfill(backfill_id, code))


def spawn_backfill(instance: Instance, text_id: str) -> None:
    """Start the process that carries out a recorded backfill, from what `backfill_text` stored.

    Raises
    ------
    LocationError
        If the text is not there, or the process cannot be started; that is recorded as the end of the backfill.
    """
    _spawn(instance, text_id)


def resume_backfill(scope: Scope, backfill_id: str) -> BackfillRecord:
    """Let a backfill go on that was paused, or whose process is gone. One that goes on anyway goes on.

    Raises
    ------
    UnknownBackfill
        If nobody asked for it.
    InvalidInvocationError
        If it is over.
    LocationError
        If its assets are no longer defined here, or their code exists in this process only.
    """
    instance = scope.instance
    record = backfill_of(instance.reader, backfill_id)
    if record.ended_us:
        raise InvalidInvocationError(f"backfill {record.backfill_id[:8]} is over; run again what is left of it.")
    folder = instance.home.run_folder(record.backfill_id)
    (folder / _PAUSE).unlink(missing_ok=True)
    driver = _driver(folder)
    if driver is not None and _lives(driver):
        return record
    gone = [target.asset for target in record.targets if target.asset not in scope.catalog.by_key]
    if gone:
        raise LocationError(f"'{gone[0]}' is no longer defined here. Run the cell that defines it.")
    code = _code(scope, [str(scope.catalog.by_key[target.asset].node) for target in record.targets])
    (folder / _DRIVER).unlink(missing_ok=True)
    _spawn(instance, _stored(instance, BackgroundBackfill(record.backfill_id, code)))
    return record


def pause_backfill(instance: Instance, backfill_id: str) -> BackfillRecord:
    """Stop the process that carries a backfill out; the backfill stays open. Partitions that were made are kept, what it was at is not.

    Raises
    ------
    UnknownBackfill
        If nobody asked for it.
    InvalidInvocationError
        If it is over, or carried out by a cell or a command, which are interrupted instead.
    """
    record = backfill_of(instance.reader, backfill_id)
    if record.ended_us:
        raise InvalidInvocationError(f"backfill {record.backfill_id[:8]} is over; there is nothing to pause.")
    folder = instance.home.run_folder(record.backfill_id)
    driver = _driver(folder)
    if driver is None:
        raise InvalidInvocationError(
            f"backfill {record.backfill_id[:8]} is carried out by a cell or a command: interrupt that, and go on with it later by "
            f"%asset backfill --resume {record.backfill_id[:8]}."
        )
    (folder / _PAUSE).touch()
    if is_alive(driver):  # on another machine the mark has to do: it stops after its next run
        os.kill(driver.pid, signal.SIGTERM)
    return record


def held_state(instance: Instance, record: BackfillRecord) -> Held:
    """Whether a backfill that is not over goes on, whoever carries it out."""
    folder = instance.home.run_folder(record.backfill_id)
    if can_pause(instance, record):
        return "pausing" if (folder / _PAUSE).exists() else ""
    return "" if is_carried_out(instance.storage, record) else "paused"


def is_abandoned(instance: Instance, record: BackfillRecord) -> bool:
    """Whether a backfill in the background is to go on, and nobody carries it out: its process died, or whoever asked did before it began.

    One that was paused is not, nor is one of a cell or a command, which somebody may go on with.
    """
    folder = instance.home.run_folder(record.backfill_id)
    driver = _driver(folder)
    if record.ended_us or (folder / _PAUSE).exists() or (driver is not None and _lives(driver)):
        return False
    if driver is None and SENSOR_TAG not in record.tags:
        return False
    return not is_carried_out(instance.storage, record)


def can_pause(instance: Instance, record: BackfillRecord) -> bool:
    """Whether a process of its own carries it out now, or begins to."""
    driver = _driver(instance.home.run_folder(record.backfill_id))
    return not record.ended_us and driver is not None and _lives(driver)


def run_backfill(spec_id: str, home: str) -> int:
    """What the process does: load the code and carry the backfill out until it is over or paused; the exit code."""
    instance = Instance.open(home)
    text = instance.reader.text(spec_id)
    if text is None:
        sys.stderr.write(f"nbasset: {home} has no backfill with the text {spec_id[:16]}\n")
        return 2
    spec: BackgroundBackfill = serde.loads(text)
    folder = instance.home.run_folder(spec.backfill_id)

    def on_status(status: BackfillStatus) -> None:
        if not status.is_over and (folder / _PAUSE).exists():
            raise _Paused

    try:
        scope = Scope(load_code(spec.code, instance), instance)
    except LocationError as error:
        instance.storage.append([BackfillEnded(clock.now_us(), spec.backfill_id, "failed", str(error))], flush=True)
        raise
    try:
        status = drive(scope, spec.backfill_id, Manner("background", echo=False, keeps_plan=True), on_status=on_status)
    except _Paused:
        return 0
    except KeyboardInterrupt:
        return 130
    return 0 if status.success else 1


def _lives(driver: Owner) -> bool:
    """Whether it may still be at work; one on another machine may."""
    known = is_alive(driver)
    return known is None or (known and not is_zombie(driver.pid))


def _code(scope: Scope, nodes: list[str]) -> CodeSource:
    instance = scope.instance
    if instance.is_ephemeral or scope.resources:
        raise InvalidInvocationError(
            "a backfill in the background needs a home on disk and resources that the definitions give; this one has some that live in "
            "this process only. Run it here: %asset backfill."
        )
    return code_source(scope, nodes, instance.storage.put_text)


def _stored(instance: Instance, work: BackgroundBackfill) -> str:
    return instance.storage.put_text(serde.dumps(work))


def _spawn(instance: Instance, text_id: str) -> None:
    text = instance.reader.text(text_id)
    if text is None:
        raise LocationError(f"{instance.home.root} has no backfill with the text {text_id[:16]}.")
    work: BackgroundBackfill = serde.loads(text)
    backfill_id = work.backfill_id
    try:
        process = spawn_worker(instance, backfill_id, ("--backfill", text_id), work.code)
    except OSError as error:
        message = f"its process could not be started: {error.strerror or error}"
        instance.storage.append([BackfillEnded(clock.now_us(), backfill_id, "failed", message)], flush=True)
        raise LocationError(f"backfill {backfill_id[:8]}: {message}.") from error
    (instance.home.run_folder(backfill_id) / _DRIVER).write_text(serde.dumps(Owner(host(), process.pid, start_time(process.pid))))
    # As its parent somebody has to take note of its end, or it would seem to live for ever.
    threading.Thread(target=_reap, args=(process,), name="nbasset-backfill", daemon=True).start()


def _reap(process: subprocess.Popen[bytes]) -> None:
    process.wait()


def _driver(folder: Path) -> Owner | None:
    try:
        found: Owner = serde.loads((folder / _DRIVER).read_text(encoding="utf-8"))
    except (OSError, ValueError, Error):
        return None
    return found
