"""Carrying a backfill out: run after run, or several at a time, from wherever it stands to an end that is recorded.

One process drives one backfill, and holds its lock while it does: a dying process lets it go, and another one may then drive on from what
is recorded. One run at a time goes on in the thread that asked. Several at a time have a thread and worker processes of their own each;
the thread that asked decides alone what starts, and starts only what reads nothing that is still to be made.
"""

from __future__ import annotations

import contextvars
import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Any

from nbasset import clock
from nbasset.commands.backfill_records import (
    BackfillStatus,
    alone,
    backfill_of,
    lost_runs,
    number,
    plan_of_record,
    read_outcomes,
    status_of,
    view_of_record,
)
from nbasset.commands.carrying_out import DEFAULT, Manner, carry_out, executor_for
from nbasset.commands.scope import Scope
from nbasset.dataclass import dataclass
from nbasset.errors import HiddenState, InvalidConfigError, InvalidDefinitionError, ProblemsFound
from nbasset.events.kinds import BackfillEnded, BackfillProgressed, Event, RunStarted
from nbasset.events.records import BackfillRecord
from nbasset.execution.cancel import CancelToken
from nbasset.keys import AssetKey, RunId, new_run_id
from nbasset.ordinals import OrdinalSet
from nbasset.planning.backfill import BackfillPlan, Chunk, Outcomes, Sets, Standing, ending, is_over, next_chunks, standing, united
from nbasset.planning.backfill_outcomes import outcomes_of_events
from nbasset.planning.plan import PlanRequest, Reason
from nbasset.planning.run_plan import plan_run
from nbasset.storage.protocol import Storage

BACKFILL_TAG = "nbasset/backfill"
_WAIT_S = 1.0
_POLL_S = 0.5


def drive(
    scope: Scope,
    backfill_id: str,
    manner: Manner = DEFAULT,
    *,
    on_status: Callable[[BackfillStatus], None] | None = None,
    every_s: float = 0.0,
) -> BackfillStatus:
    """Carry a backfill out to its end, from wherever it stands.

    An interrupt cancels the runs that go on and is raised again; the backfill stays open, so that it can be driven on later. `on_status`
    hears how it stands at the beginning and after each run; and while a run lasts about each `every_s` seconds if that is not 0, then in
    any thread, but in the caller's context and one at a time.

    Raises
    ------
    UnknownBackfill
        If nobody asked for it.
    BackfillBusy
        If another process carries it out.
    """
    storage = scope.instance.storage
    backfill_of(storage, backfill_id)
    with alone(storage, backfill_id):
        record = backfill_of(storage, backfill_id)
        if record.ended_us:
            return status_of(scope, record)
        driver = _Driver(scope, record, manner, on_status or (lambda status: None), every_s)
        try:
            return driver.run()
        finally:
            driver.close()


@dataclass(frozen=True, slots=True, eq=False)
class _Going:
    """A run that goes on in a thread of its own."""

    chunk: Chunk
    cancel: CancelToken
    pools: frozenset[str]


class _Driver:
    """One process that carries out one backfill."""

    def __init__(
        self, scope: Scope, record: BackfillRecord, manner: Manner, on_status: Callable[[BackfillStatus], None], every_s: float
    ) -> None:
        self.scope = scope
        self.storage: Storage = scope.instance.storage
        self.record = record
        self.manner = manner
        self.on_status = on_status
        self.view = view_of_record(scope, record)
        self.outcomes = Outcomes()
        self.plan: BackfillPlan
        self.at_once = max(1, number(record, "at_once"))
        self._left: deque[Chunk] = deque()
        self._going: dict[Future[Outcomes], _Going] = {}
        self._threads: ThreadPoolExecutor | None = None
        self._idle: list[Executor] = []
        self._own: list[Executor] = []
        self._hearing = threading.RLock()
        self._context = contextvars.copy_context()
        self._every_s = every_s
        self._said_at = 0.0
        self._heard: dict[RunId, tuple[Chunk, list[Event]]] = {}

    def run(self) -> BackfillStatus:
        storage = self.storage
        lost = lost_runs(storage, self.record, clock.now_us())
        if lost:
            storage.append(lost, flush=True)
        try:
            self.plan = plan_of_record(self.scope.catalog, self.record, self.view)
            self.outcomes = read_outcomes(storage, self.record, self.plan)
            self._left.extend(self.plan.chunks)
            self._say()
            while True:
                end = self._step()
                if end is not None:
                    return self._end(*end)
                self._say()
        except (InvalidDefinitionError, ProblemsFound, InvalidConfigError, HiddenState) as error:
            self._stop("error")
            self._end("failed", str(error))  # asked again, it would fail again; after any other error it can be resumed
            raise
        except BaseException:
            self._stop("interrupt")
            raise

    def close(self) -> None:
        """End the threads and the workers."""
        if self._threads is not None:
            self._threads.shutdown()
        for executor in self._own:
            executor.shutdown()

    # -- what comes next -----------------------------------------------------------------------------------------------------

    def _step(self) -> tuple[str, str] | None:
        """Start what may start and wait until a run has ended; the end of the backfill when it is there, with a word about it."""
        self.record = backfill_of(self.storage, self.record.backfill_id)
        if self.record.status == "canceling":
            self._stop("request")
            return "cancelled", "somebody asked"
        now = standing(self.plan, replace(self.outcomes, running=self._running()))
        end = ending(now, self.outcomes)
        if end is not None:
            return end, ""
        while self._left and is_over(self._left[0], now):
            self._left.popleft()
        if self.at_once == 1:
            chunks = next_chunks(self.plan, now, among=self._left)
            if chunks:
                self.outcomes |= self._carry_out(chunks[0], CancelToken())
                return None
        else:
            self._start(now)
            if self._going:
                self._await()
                return None
        self.storage.wait(self.storage.last_seq(), _WAIT_S)  # a run of another process goes on
        self.outcomes = read_outcomes(self.storage, self.record, self.plan)
        return None

    def _running(self) -> Sets:
        running = self.outcomes.running
        for going in self._going.values():
            running = united(running, going.chunk.sets)
        return running

    # -- several at a time ---------------------------------------------------------------------------------------------------

    def _start(self, now: Standing) -> None:
        """Hand chunks to threads as long as there is room. A pool whose steps are limited is in one run at a time, which keeps to it."""
        limited: set[str] = set().union(*(going.pools for going in self._going.values()))

        def fits(chunk: Chunk) -> bool:
            pools = self._pools_of(chunk.sets)
            if pools & limited:
                return False
            limited.update(pools)
            return True

        for chunk in next_chunks(self.plan, now, at_most=self.at_once - len(self._going), fits=fits, among=self._left):
            if self._threads is None:
                self._threads = ThreadPoolExecutor(self.at_once, "nbasset-backfill")
            cancel = CancelToken()
            run_in = contextvars.copy_context().run
            future = self._threads.submit(run_in, self._carry_out, chunk, cancel)
            self._going[future] = _Going(chunk, cancel, self._pools_of(chunk.sets))

    def _await(self) -> None:
        """Wait until a run has ended and take in what it came to, or until somebody wants the backfill to stop."""
        while True:
            ended = wait(self._going, timeout=_POLL_S, return_when=FIRST_COMPLETED).done
            for future in ended:
                del self._going[future]
            for future in ended:
                self.outcomes |= future.result()
            if ended or backfill_of(self.storage, self.record.backfill_id).status == "canceling":
                return

    def _stop(self, by: str) -> None:
        """Cancel the runs that go on, and wait until they have ended."""
        for going in self._going.values():
            going.cancel.cancel(by)
        for future in list(self._going):
            if future.exception() is None:
                self.outcomes |= future.result()
            del self._going[future]

    def _pools_of(self, sets: Mapping[AssetKey, OrdinalSet]) -> frozenset[str]:
        """The pools of its steps that have a limit."""
        queue, catalog = self.scope.instance.settings.queue, self.plan.catalog
        names = {str(catalog.by_key[key].node) for key in sets}
        pools = {step.pool for name in names for step in catalog.nodes_by_name[name].steps if step.pool}
        return frozenset(pool for pool in pools if queue.pools.get(pool, queue.default_pool_limit))

    # -- one run -------------------------------------------------------------------------------------------------------------

    def _carry_out(self, chunk: Chunk, cancel: CancelToken) -> Outcomes:
        catalog, record = self.plan.catalog, self.record
        run_id = new_run_id()
        partitions = {key: ordinals for key, ordinals in chunk.sets.items() if catalog.by_key[key].partitions_def is not None}
        given = record.options.get("config")
        config = dict(given) if isinstance(given, Mapping) else {}
        why = (Reason("asked", record.backfill_id, f"backfill {record.backfill_id[:8]} makes it"),)
        request = PlanRequest(
            run_id, frozenset(chunk.sets), partitions, why=dict.fromkeys(chunk.sets, why), config=config,
            tags={**record.tags, BACKFILL_TAG: record.backfill_id},
        )  # fmt: skip
        plan = plan_run(catalog, request, self.view)
        told = BackfillProgressed(clock.now_us(), record.backfill_id, run_id, self.plan.targets_of(chunk.sets))
        executor = self._executor()
        manner = replace(
            self.manner,
            executor=executor,
            cancel=cancel,
            backfill_id=record.backfill_id,
            along=(told,),
            on_event=self._watching(run_id, chunk, cancel),
        )
        try:
            result = carry_out(self.scope, plan, self.view, manner)
        finally:
            self._heard.pop(run_id, None)
        if isinstance(executor, Executor) and executor is not self.manner.executor and not cancel.is_set:
            self._idle.append(executor)  # one that was told to stop may be busy for a while yet
        stopping = result.status == "canceled" and (
            cancel.by == "interrupt" or backfill_of(self.storage, record.backfill_id).status == "canceling"
        )
        return outcomes_of_events(
            result.all_events, chunk.sets, is_over=not stopping, was_cancelled=result.status == "canceled" and not stopping
        )

    def _watching(self, run_id: RunId, chunk: Chunk, cancel: CancelToken) -> Callable[[Event], None]:
        """The listener, which also sees whether somebody cancelled the backfill just before the run was known."""
        on_event = self.manner.on_event
        heard: list[Event] = []
        self._heard[run_id] = chunk, heard

        def hear(event: Event) -> None:
            if isinstance(event, RunStarted) and backfill_of(self.storage, self.record.backfill_id).status == "canceling":
                cancel.cancel("request")
            with self._hearing:
                on_event(event)
            if self._every_s:
                heard.append(event)
                self._perhaps_say()

        return hear

    def _executor(self) -> str | Executor:
        """Where steps of a run go. Worker processes are started once for all runs that follow each other."""
        workers = number(self.record, "workers")
        if self.manner.executor or (workers <= 1 and self.at_once == 1):
            return self.manner.executor
        if self._idle:
            return self._idle.pop()
        executor, _ = executor_for(self.scope, "processes", max(1, workers // self.at_once))
        self._own.append(executor)
        return executor

    # -- what is said --------------------------------------------------------------------------------------------------------

    def _end(self, status: Any, message: str = "") -> BackfillStatus:
        event = BackfillEnded(clock.now_us(), self.record.backfill_id, status, message)
        self.storage.append([event], flush=True)
        self.manner.on_event(event)
        self.record = backfill_of(self.storage, self.record.backfill_id)
        said = status_of(self.scope, self.record)
        self.on_status(said)
        return said

    def _perhaps_say(self) -> None:
        with self._hearing:
            if self._every_s and clock.monotonic() - self._said_at >= self._every_s:
                self._context.copy().run(self._say)

    def _say(self) -> None:
        with self._hearing:
            self._said_at = clock.monotonic()
            outcomes, running = self.outcomes, self._running()
            for chunk, events in list(self._heard.values()) if self._every_s else ():
                outcomes |= outcomes_of_events(list(events), chunk.sets, is_over=False)
                running = united(running, chunk.sets)
            outcomes = replace(outcomes, running=running)
            self.on_status(status_of(self.scope, self.record, self.plan, outcomes, failures=False, is_driven=True))
