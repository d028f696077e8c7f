"""The run loop: asks what may start, submits it, publishes what was staged and records what happened, until everything has an end.

Steps stage, the run publishes: a file becomes visible and its event is appended under the asset's lock, so that files and events keep one
order over all runs of the home. The loop decides nothing itself; `RunProgress` does.
"""

from __future__ import annotations

import heapq
import logging
import random
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from nbasset import clock
from nbasset.errors import Error
from nbasset.events.facts import AssetMaterialized, ErrorInfo
from nbasset.events.kinds import (
    Event,
    RunCancelled,
    RunFailed,
    RunRequested,
    RunStarted,
    RunSucceeded,
    StepFailed,
    StepRetried,
    StepSkipped,
    StepSucceeded,
)
from nbasset.execution.cancel import CancelToken
from nbasset.execution.capture import capturing
from nbasset.execution.dynamic_keys import key_events
from nbasset.execution.executors import InlineExecutor
from nbasset.execution.failures import error_info
from nbasset.execution.pools import Pools
from nbasset.execution.provenance import Provenance
from nbasset.execution.run_log import QUICK_US, RunLog
from nbasset.execution.run_messages import blocked_text, failure_text
from nbasset.execution.run_options import RunOptions, RunOutcome, tell_nobody
from nbasset.execution.task import CodeRef, RunStep, StepReport, StepTask, TaskRun, report_failure
from nbasset.execution.versions_read import VersionsRead
from nbasset.execution.watch import Watch
from nbasset.keys import PartitionRef, RunId
from nbasset.planning.plan import RunPlan, Step
from nbasset.planning.progress import RunProgress, Skip
from nbasset.planning.retries import wait_before_retry
from nbasset.storage.protocol import Storage

LOCK_TIMEOUT_S = 60.0
_LOG = logging.getLogger("nbasset.run")
_POLL_S = 0.5


class RunLoop:
    """Carries out one plan. `run_step` is called by the executor with plain data; `executor` decides where."""

    def __init__(
        self,
        plan: RunPlan,
        *,
        storage: Storage,
        run_step: RunStep,
        options: RunOptions,
        executor: Executor | None = None,
        cancel: CancelToken | None = None,
    ) -> None:
        self.plan = plan
        self.storage = storage
        self.run_step = run_step
        self.options = options
        self.executor = executor or InlineExecutor()
        self.cancel = cancel or CancelToken()
        self.progress = RunProgress(plan)
        self.log = RunLog(storage, options.on_event if options.on_event is not tell_nobody else None)
        self.versions = VersionsRead(storage, options.catalog, options.view, log=self.log)
        self.provenance = Provenance(options.catalog, options.view, self.versions, options.config_digest, options.packages)
        self._capacity = int(getattr(self.executor, "max_workers", None) or getattr(self.executor, "_max_workers", None) or 1)
        self._of_run = TaskRun(plan.run_id, plan.config, plan.tags, plan.job, options.home)
        self._running: dict[Future[StepReport], StepTask] = {}
        self._later: list[tuple[float, int, StepTask]] = []
        self._pools = Pools(options.pool_limits, lambda name, wait_s: storage.lock(name, timeout_s=wait_s))
        self._errors: list[tuple[str, ErrorInfo]] = []
        self._origins: dict[str, RunId] = {}
        self._publisher: ThreadPoolExecutor | None = None
        self._interrupted = False
        self._has_published = False
        self._is_inline = type(self.executor) is InlineExecutor
        self._watch = Watch(
            plan.run_id,
            storage,
            self.cancel,
            on_event=options.on_event,
            interrupts=self._is_inline,
            settle=self.log.settle,
        )

    def run(self) -> RunOutcome:
        """Everything from the request to the end state. An interrupt cancels what runs, records the end and is raised again.

        Raises
        ------
        KeyboardInterrupt
            After the run was recorded as cancelled.
        """
        run_id = self.plan.run_id
        with self._watch, capturing():
            try:
                self._begin()
                self._loop()
            except KeyboardInterrupt:
                if not self._is_begun:
                    raise
                self._interrupted = self._interrupted or not self.cancel.is_set
                self.cancel.cancel("interrupt")
                while not self._is_drained():
                    pass
            except BaseException as error:
                if self._is_begun:
                    self._give_up(error)
                raise
            finally:
                self._pools.close()
        outcome = self._end(run_id)
        if self._interrupted:
            raise KeyboardInterrupt
        return outcome

    # -- the loop ------------------------------------------------------------------------------------------------------------

    def _loop(self) -> None:
        while not self.progress.is_over:
            if self.cancel.is_set:
                self._drain()
                return
            started = self._start_ready()
            if self._running:
                for future in wait(self._running, timeout=self._pause(), return_when=FIRST_COMPLETED).done:
                    self._take(future)
            elif self._later or self._pools.is_waiting:  # to be tried again, or runs of other processes have all places
                self.cancel.wait(self._pause())
            elif not started:
                raise Error(f"the run is stuck: {', '.join(step.key for step in self.progress.unfinished()[:5])} never became ready")

    def _pause(self) -> float:
        """How long nothing new can start, unless a step ends."""
        now = clock.monotonic()
        due = [at - now for at, _, _ in self._later[:1] if at > now]
        if self._pools.is_waiting:
            due.append(self._pools.pause_s)
        return min([_POLL_S, *due])

    def _start_ready(self) -> bool:
        started = False
        while self._later and len(self._running) < self._capacity and self._later[0][0] <= clock.monotonic():
            at, number, again = heapq.heappop(self._later)
            if again.step.pool and not self._pools.take(again.step.key, again.step.pool):
                heapq.heappush(self._later, (at, number, again))
                break
            self._submit(again)
            started = True
        held: list[Step] = []
        while len(self._running) < self._capacity and not self.cancel.is_set:
            step = self.progress.ready()
            if step is None:
                break
            if (step.pool or self.options.tag_limits) and self._is_full(step):
                held.append(step)
                continue
            started = True
            task = self._task(step)
            if task is not None:
                self._submit(task)
            elif step.pool:
                self._pools.give(step.key)
        for step in held:
            self.progress.put_back(step)
        return started

    def _is_full(self, step: Step) -> bool:
        """Whether a limit on the tags of the step, or its pool, has no room now. If there is room, the step has its place in the pool."""
        for limit in self.options.tag_limits:
            if limit.counts(step.tags) and sum(limit.counts(task.step.tags) for task in self._running.values()) >= limit.limit:
                return True
        return bool(step.pool) and not self._pools.take(step.key, step.pool or "")

    def _settle(self) -> None:
        """Take in calls that ended at once: their successors may start in the same round."""
        for future in tuple(self._running):
            if future.done():
                self._take(future)

    def _take(self, future: Future[StepReport]) -> None:
        """Finish the step of a call that has ended."""
        task = self._running.pop(future)
        self._finish(task, _report_of(task, future))

    def _task(self, step: Step) -> StepTask | None:
        inputs = self.provenance.begin(step)
        code = self.options.code(step.node)
        refs = self._refs(step) if step.partitions else ()
        if step.conditional and self._is_unchanged(step, code):
            self._append_one(StepSkipped(clock.now_us(), self.plan.run_id, step.key, "fresh", "", step.targets))
            return None
        return StepTask(self._of_run, step, 1, code, inputs, refs, self._origins_of(step) if self._origins else _NO_ORIGINS)

    def _origins_of(self, step: Step) -> dict[str, RunId]:
        """Which earlier run stored what the step reads of steps that were not run again."""
        return {ref.step: self._origins[ref.step] for leaf in step.leaves() for ref in leaf.outputs if ref.step in self._origins}

    def _refs(self, step: Step) -> tuple[PartitionRef, ...]:
        """Keys of the step's partitions: those of what it makes or checks, else of the node or job that it is a part of."""
        about = [*step.assets, *(check.asset for check in step.checks)]
        assert step.partitions is not None
        refs = self.versions.refs(about[0], step.partitions) if about else ()
        if refs:
            return refs
        catalog = self.options.catalog
        node = catalog.nodes_by_name.get(step.node)
        job = catalog.jobs_by_name.get(self.plan.job or "")
        definition = node.partitions_def if node is not None else job.partitions_def if job is not None else None
        return definition.refs_of(step.partitions, self.options.view.table) if definition is not None else ()

    def _is_unchanged(self, step: Step, code: CodeRef) -> bool:
        """Whether every version that the step would make is there and came from exactly this."""
        for output in step.outputs:
            if output.asset is None:
                continue
            io = self.options.io_version(output.manager)
            for ordinal in step.partitions or (None,):
                current = self.versions.current(output.asset, ordinal)
                if current is None or current[2] != self.provenance.digest(step, output.asset, ordinal, code=code.version, io=io):
                    return False
        return True

    def _submit(self, task: StepTask) -> None:
        self._watch.started(task)
        try:
            if self._is_inline:  # as the executor would do it, without a future that nobody waits for
                report = self.run_step(task)
            else:
                future = self.executor.submit(self.run_step, task)
        except KeyboardInterrupt:
            future = Future()
            future.set_result(report_failure(task, ErrorInfo("KeyboardInterrupt", "interrupted"), cancelled=True))
            self._running[future] = task
            raise
        except Exception as error:
            if not self._is_inline:
                raise
            report = report_failure(task, error_info(error), clock.now_us())
        if self._is_inline:
            self._finish(task, report)
            return
        self._running[future] = task
        self._settle()

    def _finish(self, task: StepTask, report: StepReport) -> None:
        self._watch.ended(task)
        if task.step.pool:
            self._pools.give(task.step.key)
        ended = report.ended
        if not self._is_inline:
            _put(ended, "at_us", clock.now_us())  # the log goes by the time of this process
        if type(ended) is StepSucceeded:
            publish = self._publish_shielded if report.staged else self._publish
            problem = publish(task, ended, report)
            if problem is None:
                return
            report = report_failure(task, problem, ended.started_us, facts=ended.facts)
        else:
            self._discard(report)
        assert isinstance(report.ended, StepFailed)
        self._failed(task, report, report.ended)
        if report.ended.cancelled and not self.cancel.is_set:
            self._interrupted = True
            self.cancel.cancel("interrupt")

    def _failed(self, task: StepTask, report: StepReport, ended: StepFailed) -> None:
        again = None
        if not ended.cancelled and not self.cancel.is_set:
            chance = random.random()  # noqa: S311 - spreads retries, guards nothing
            again = wait_before_retry(
                task.step.retry, attempt=task.attempt, asked=report.wants_retry, allowed=report.retries_allowed, chance=chance
            )
        if again is not None:
            at, error = clock.now_us(), ended.error
            self._append_one(StepRetried(at, self.plan.run_id, task.step.key, error, task.attempt, again, ended.started_us))
            heapq.heappush(self._later, (clock.monotonic() + again, len(self.log.events), replace(task, attempt=task.attempt + 1)))
            return
        if not ended.cancelled:
            self._errors.append((task.step.key, ended.error))
        self._append_one(ended)

    # -- publishing and recording --------------------------------------------------------------------------------------------

    def _publish(self, task: StepTask, ended: StepSucceeded, report: StepReport) -> ErrorInfo | None:
        """Make what the step staged visible and record its end, under the locks of its assets; the error when that fails."""
        made = self.provenance.told(task.step, task.code, ended.facts)
        if not report.staged and not report.keys and self._is_inline and ended.at_us - ended.started_us <= QUICK_US:
            self._hold(ended, made)
            return None
        told = [*key_events(self.storage, report.keys, ended.at_us), ended] if report.keys else [ended]
        if not report.staged:
            self._append(told, made)
            return None
        waiting = list(report.staged)
        try:
            with ExitStack() as stack:
                for name in sorted({f"asset/{staged.asset}" for _, staged in waiting if staged.asset is not None}):
                    stack.enter_context(self.storage.lock(name, timeout_s=LOCK_TIMEOUT_S))
                while waiting:
                    key, staged = waiting[0]
                    ordinal = staged.partition.ordinal if staged.partition is not None else None
                    before = self._recorded(staged.asset, ordinal) if staged.asset is not None else None
                    self.options.manager(key).publish(staged, before)
                    self._has_published = True
                    waiting.pop(0)
                self._append(told, made)
        except Exception as error:  # noqa: BLE001 - a full disk or a busy partition is this step's failure
            self._discard(replace(report, staged=tuple(waiting)))
            return error_info(error)
        return None

    def _recorded(self, asset: Any, ordinal: int | None) -> str | None:
        found = self.versions.current(asset, ordinal)
        return found[0] or None if found else None

    def _discard(self, report: StepReport) -> None:
        for key, staged in report.staged:
            try:
                self.options.manager(key).discard(staged)
            except Exception:  # noqa: BLE001 - what cannot be removed now is a staged file nobody reads; doctor finds it
                _LOG.warning("run %s: a staged file of step %s could not be removed", self.plan.run_id, report.ended.step, exc_info=True)

    def _publish_shielded(self, task: StepTask, ended: StepSucceeded, report: StepReport) -> ErrorInfo | None:
        """The same where an interrupt must not cut it in two: in a thread that no interrupt reaches; it is raised when that is done."""
        if self._publisher is None:
            self._publisher = ThreadPoolExecutor(1, "nbasset-publish")
        future = self._publisher.submit(self._publish, task, ended, report)
        interrupt: KeyboardInterrupt | None = None
        while True:
            try:
                result = future.result()
                break
            except KeyboardInterrupt as error:
                if future.done() and future.exception() is error:
                    raise  # of the act itself: a listener stops the run
                interrupt = error
        if interrupt is not None:
            raise interrupt
        return result

    def _append_one(self, event: Event) -> None:
        self._append([event])

    def _append(self, events: Sequence[Event], made: Sequence[AssetMaterialized] = (), *, flush: bool = False) -> None:
        """Write events; when this returns or raises KeyboardInterrupt they are written, and the loop knows it.

        `made` are versions that the last one tells of.
        """
        interrupt = self.log.write(events, flush=flush)
        for fact in made:
            self.versions.note(fact, self.log.next_place - 1)
        skips = [skip for event in events for skip in self.progress.apply(event)]
        self.log.tell()
        if skips:
            self._skip(skips)
        if interrupt is not None:
            raise interrupt

    def _hold(self, event: StepSucceeded, made: Sequence[AssetMaterialized]) -> None:
        """Take in the end of a quick step at once; it is written with others."""
        place = self.log.next_place
        for fact in made:
            self.versions.note(fact, place)
        skips = self.progress.apply(event)
        try:
            self.log.hold(event)
        finally:
            if skips:
                self._skip(skips)

    def _skip(self, skips: list[Skip]) -> None:
        """Record what can no longer run; `progress` has it already."""
        at = clock.now_us()
        events = [StepSkipped(at, self.plan.run_id, skip.step.key, skip.reason, skip.because, skip.step.targets) for skip in skips]
        interrupt = self.log.write(events)
        self.log.tell()
        if interrupt is not None:
            raise interrupt

    # -- beginning and end ---------------------------------------------------------------------------------------------------

    @property
    def _is_begun(self) -> bool:
        """Whether anything was recorded that has to come to an end."""
        return bool(self.log.events) or self.options.is_part

    def _begin(self) -> None:
        options, plan = self.options, self.plan
        if options.is_part:
            return
        at = clock.now_us()
        events: list[Event] = [*options.along]
        if not options.requested:
            events.append(
                RunRequested(
                    at, plan.run_id, plan.targets, len(plan.steps), plan.job, options.kind, options.location, plan.tags, plan.config,
                    options.plan_id, options.parent_run_id, options.root_run_id, options.backfill_id, options.user,
                )
            )  # fmt: skip
        events.append(RunStarted(at, plan.run_id, options.owner))
        self._append(events)
        self._origins.update({event.step: event.from_run_id for event in options.reused})
        if options.reused:
            self._append(options.reused)

    def _is_drained(self) -> bool:
        """Whether `_drain` came to its end. An interrupt in it cuts one wait short: what was waited for is left, and the rest goes on."""
        try:
            self._drain()
        except KeyboardInterrupt:
            return False
        return True

    def _drain(self) -> None:
        """Stop what runs, wait for it, and say of the rest that it was cancelled."""
        stop = getattr(self.executor, "stop", None)
        if stop is not None:
            stop()
        for future in list(self._running):
            future.cancel()
        for future, task in list(self._running.items()):
            del self._running[future]
            if future.cancelled():
                report = report_failure(task, ErrorInfo("Cancelled", "cancelled before it started"), cancelled=True)
            else:
                report = _report_of(task, future)
            self._finish(task, report)
        self._later.clear()
        at = clock.now_us()
        rest = [StepSkipped(at, self.plan.run_id, step.key, "cancelled", "", step.targets) for step in self.progress.unfinished()]
        if rest:
            self._append(rest)

    def _end(self, run_id: RunId) -> RunOutcome:
        at = clock.now_us()
        event: Event
        error = self._errors[0][1] if self._errors else None
        if self.cancel.is_set:
            event, status = RunCancelled(at, run_id, f"cancelled by {self.cancel.by or 'somebody'}"), "canceled"
        elif self._errors:
            event, status = RunFailed(at, run_id, "steps-failed", failure_text(self._errors, len(self.plan.steps)), error), "failure"
        elif self.progress.blocking_failures:
            event, status = RunFailed(at, run_id, "steps-failed", blocked_text(self.progress.blocking_failures, self.log.events)), "failure"
        else:
            event, status = RunSucceeded(at, run_id), "success"
        if self.options.is_part:
            self.log.settle()
        else:
            self._append([event], flush=True)
        if self._publisher is not None:
            self._publisher.shutdown(wait=False)
        return RunOutcome(
            run_id, status, tuple(self.log.events), error, self.cancel.is_set, self.progress.steps, self._has_published
        )  # fmt: skip

    def _give_up(self, error: BaseException) -> None:
        """The loop itself failed (state cannot be written, a bug): say so if that can still be said."""
        event = RunFailed(clock.now_us(), self.plan.run_id, "error", f"the run could not go on: {error}", error_info(error))
        try:
            self.log.write([event], flush=True)
        except Error:
            return
        self.log.tell()


def _report_of(task: StepTask, future: Future[StepReport]) -> StepReport:
    """What a call gave; a worker that died, or a report that could not be made, fails this step alone."""
    try:
        return future.result()
    except Exception as error:  # noqa: BLE001 - whatever it is, the other steps go on
        return report_failure(task, error_info(error), clock.now_us())


_NO_ORIGINS: dict[str, RunId] = {}
_put = object.__setattr__  # past the guard of what is frozen, of an event that nobody has seen yet
