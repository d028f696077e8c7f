"""Looking after what others left: runs and backfills whose process died, ticks that are too old to keep.

A run of a job that was cut off is tried again if its tags or the settings say so; the request of the next try is recorded at once with its
place in the chain, so nobody makes a second one. A backfill in the background goes on, with a longer rest after each time that its process
died.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial

from nbasset import clock
from nbasset.commands.background_backfill import is_abandoned
from nbasset.commands.run_rules import retry_of
from nbasset.daemon.duties import TICKS_FOLDER, Duties
from nbasset.daemon.telling import Tell
from nbasset.errors import Error, LeaseLost, StorageUnavailable
from nbasset.events.kinds import RunQueued, RunRequested
from nbasset.events.records import RunQuery, RunRecord
from nbasset.instance import Instance
from nbasset.storage.protocol import Fence

_LOOK_BACK_US = 86_400_000_000
_LOOK_S = 5.0
_OLD_S = 3600.0
_CALL_S = 60.0
_LONGEST_REST_S = 600.0
_MOST_FAILED = 100


class Monitor:
    """Looks every few seconds; `look` does nothing in between."""

    def __init__(self, instance: Instance, tell: Tell, fence: Callable[[], Fence]) -> None:
        self._instance = instance
        self._tell = tell
        self._fence = fence
        self._looked = self._tidied = float("-inf")
        self._seen: set[str] = set()
        self._rests: dict[str, tuple[float, float]] = {}

    def look(self, duties: Mapping[str, Duties]) -> None:
        """Close runs of dead processes, follow up on them, let backfills go on, forget old ticks. `duties` by the name of the location.

        Raises
        ------
        LeaseLost
            If another daemon took over.
        StorageUnavailable
            If the records cannot be read or written now.
        """
        now = clock.monotonic()
        if now - self._looked < _LOOK_S:
            return
        self._looked = now
        _ = self._instance.storage
        for run in self._instance.close_lost_runs():
            self._tell(f"run {run.run_id[:8]} has ended: its process is gone")
        self._retry(duties)
        self._resume(duties, now)
        if now - self._tidied > _OLD_S:
            self._tidied = now
            self._tidy()

    def _retry(self, duties: Mapping[str, Duties]) -> None:
        since_us = clock.now_us() - _LOOK_BACK_US
        for run in self._instance.reader.runs(RunQuery(statuses=("failure",), limit=_MOST_FAILED)).items:
            is_ours = run.reason == "worker-lost" and run.job is not None and run.kind in ("background", "scheduled")
            if not is_ours or run.ended_us < since_us or run.backfill_id or run.run_id in self._seen:
                continue
            if self._is_followed(run) or retry_of(self._instance, run, step_failed=False) is None:
                self._seen.add(run.run_id)
                continue
            duty = duties.get(run.location or "")
            if duty is not None and not duty.host.error:
                self._seen.add(run.run_id)
                duty.errands.append(partial(self._try_again, run, duty))

    def _try_again(self, run: RunRecord, duty: Duties) -> None:
        try:
            request: RunRequested = duty.host.call("retry", str(run.run_id), within_s=_CALL_S)
            self._instance.storage.append([request, RunQueued(clock.now_us(), request.run_id)], fence=self._fence(), flush=True)
        except StorageUnavailable:
            self._seen.discard(run.run_id)
            raise
        except LeaseLost:
            raise
        except (Error, TimeoutError) as error:
            self._tell(f"run {run.run_id[:8]} cannot be tried again: {error}")
            return
        self._tell(f"run {run.run_id[:8]} was cut off and is tried again as run {request.run_id[:8]}")

    def _is_followed(self, run: RunRecord) -> bool:
        chain = self._instance.reader.runs(RunQuery(root_run_id=run.root_run_id or run.run_id)).items
        return any(one.parent_run_id == run.run_id for one in chain)

    def _resume(self, duties: Mapping[str, Duties], now: float) -> None:
        for record in self._instance.reader.backfills(active=True):
            if not is_abandoned(self._instance, record):
                continue
            until, rest = self._rests.get(record.backfill_id, (0.0, _LOOK_S))
            duty = duties.get(record.location or "")
            if now < until or duty is None or duty.host.error:
                continue
            self._rests[record.backfill_id] = (now + rest, min(rest * 2, _LONGEST_REST_S))
            duty.errands.append(partial(self._go_on, record.backfill_id, duty))

    def _go_on(self, backfill_id: str, duty: Duties) -> None:
        record = self._instance.reader.backfill(backfill_id)
        if record is None or not is_abandoned(self._instance, record):  # it had only just been asked for
            return
        try:
            duty.host.call("resume", backfill_id, within_s=_CALL_S)
        except (Error, TimeoutError) as error:
            self._tell(f"backfill {backfill_id[:8]} cannot go on: {error}")
            return
        self._tell(f"backfill {backfill_id[:8]} goes on: its process was gone")

    def _tidy(self) -> None:
        days = self._instance.settings.retention.ticks_days
        if not days:
            return
        before_us = clock.now_us() - days * 86_400_000_000
        self._instance.storage.delete_ticks(before_us)
        for path in (self._instance.home.state / TICKS_FOLDER).glob("*.log"):
            with suppress(OSError, ValueError):
                if int(path.name.partition("-")[0]) < before_us:
                    path.unlink()
