"""Each event of ours as the events that the schema has for it, with a sentence for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from nbasset.api.asset_events import materialization_of, observation_of
from nbasset.api.checks import evaluation_of
from nbasset.api.context import ApiContext
from nbasset.api.run_steps import expectation
from nbasset.api.wire import ASSET_JOB, Wire, metadata_entries, millis, python_error, typed
from nbasset.dataclass import dataclass
from nbasset.events import facts as f
from nbasset.events import kinds as k
from nbasset.events.records import Entry, RunRecord
from nbasset.secrets import mask_secrets

_LEVELS = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}


@dataclass(frozen=True)
class Told:
    """An entry of the log and what is told along with it. `is_started`: that its step has begun was told before. `lines` are its log."""

    context: ApiContext
    run: RunRecord
    entry: Entry
    is_started: bool
    lines: Iterable[dict[str, Any]]

    def event(
        self, name: str, kind: str | None, message: str, *, at_us: int = 0, level: str = "DEBUG", step: str | None = None, **fields: Any
    ) -> Wire:  # fmt: skip
        """An event of the wire."""
        return typed(
            name, runId=str(self.run.run_id), message=mask_secrets(message), timestamp=millis(at_us or self.entry.event.at_us), level=level,
            stepKey=step, solidHandleID=handle_of(step), eventType=kind, **fields,
        )  # fmt: skip

    def of_run(self, name: str, kind: str, message: str, **fields: Any) -> Wire:
        """An event of the run as a whole."""
        return self.event(name, kind, message, pipelineName=self.run.job or ASSET_JOB, **fields)


def handle_of(step: str | None) -> str | None:
    """The op of a step: its key without the partition or the key of a dynamic output.

    >>> handle_of("orders[2024-01-01]"), handle_of(None)
    ('orders', None)
    """
    return step.partition("[")[0] if step is not None else None


def told(about: Told) -> list[Any]:
    """The events that an entry stands for; none for one that says nothing of a run."""
    words = _WORDS.get(type(about.entry.event))
    return list(words(about, about.entry.event)) if words is not None else []


def line_told(context: ApiContext, run: RunRecord, step: str, line: dict[str, Any]) -> Wire:
    """A line that a step has logged which goes on."""
    return _logged(Told(context, run, Entry(0, k.StepStarted(0, run.run_id, step)), is_started=True, lines=()), step, line)


# -- the run ------------------------------------------------------------------------------------------------------------------


def _requested(about: Told, event: k.RunRequested) -> Iterator[Any]:
    for target in event.targets:
        yield about.of_run(
            "AssetMaterializationPlannedEvent", "ASSET_MATERIALIZATION_PLANNED", f"{target.asset} is to be made.", assetKey=target.asset,
            runOrError=lambda info, **_: _run(about),
        )  # fmt: skip


def _run(about: Told) -> Any:
    from nbasset.api.runs import Run

    return Run(about.context, about.run)


def _queued(about: Told, event: k.RunQueued) -> Iterator[Any]:
    yield about.of_run("RunEnqueuedEvent", "PIPELINE_ENQUEUED", "The run waits in the queue.")


def _starting(about: Told, event: k.RunStarting) -> Iterator[Any]:
    yield about.of_run("RunDequeuedEvent", "PIPELINE_DEQUEUED", "The run leaves the queue.")
    who = f" {event.owner.pid} on {event.owner.host}" if event.owner is not None else ""
    yield about.of_run("RunStartingEvent", "PIPELINE_STARTING", f"Process{who} was started for the run.")


def _started(about: Told, event: k.RunStarted) -> Iterator[Any]:
    yield about.of_run("RunStartEvent", "PIPELINE_START", f"The run of {_target(about.run)} began.")
    if event.owner is not None:
        message = f"It goes on in process {event.owner.pid} on {event.owner.host}."
        yield _engine(about, message, metadata=metadata_entries({"pid": event.owner.pid, "host": event.owner.host}))


def _canceling(about: Told, event: k.RunCancelRequested) -> Iterator[Any]:
    yield about.of_run("RunCancelingEvent", "PIPELINE_CANCELING", f"The run was asked to stop{f' by {event.by}' if event.by else ''}.")


def _tagged(about: Told, event: k.RunTagged) -> Iterator[Any]:
    yield _engine(about, "Tags were added: " + ", ".join(f"{name}={value}" for name, value in event.tags.items()))


def _succeeded(about: Told, event: k.RunSucceeded) -> Iterator[Any]:
    yield about.of_run("RunSuccessEvent", "PIPELINE_SUCCESS", f"The run of {_target(about.run)} ended well.")


def _failed(about: Told, event: k.RunFailed) -> Iterator[Any]:
    message = event.message or f"The run of {_target(about.run)} failed."
    yield about.of_run("RunFailureEvent", "PIPELINE_FAILURE", message, level="ERROR", error=python_error(event.error))


def _cancelled(about: Told, event: k.RunCancelled) -> Iterator[Any]:
    message = f"The run was stopped{f': {event.message}' if event.message else ''}."
    yield about.of_run("RunCanceledEvent", "PIPELINE_CANCELED", message, level="ERROR", error=None)


def _engine(about: Told, message: str, *, step: str | None = None, metadata: Iterable[Wire] = (), error: Wire | None = None) -> Wire:
    return about.event(
        "EngineEvent", "ENGINE_EVENT", message, step=step, label=None, description=None, metadataEntries=list(metadata), markerStart=None,
        markerEnd=None, error=error,
    )  # fmt: skip


def _target(run: RunRecord) -> str:
    return f"job {run.job}" if run.job else f"{len(run.targets)} {'asset' if len(run.targets) == 1 else 'assets'}"


# -- steps --------------------------------------------------------------------------------------------------------------------


def _step_started(about: Told, event: k.StepStarted) -> Iterator[Any]:
    yield _begin(about, event.step, event.attempt, event.at_us)


def _begin(about: Told, step: str, attempt: int, at_us: int) -> Wire:
    if attempt > 1:
        return about.event(
            "ExecutionStepRestartEvent", "STEP_RESTARTED", f"Step {step} began its attempt {attempt}.", at_us=at_us, step=step
        )
    return about.event("ExecutionStepStartEvent", "STEP_START", f"Step {step} began.", at_us=at_us, step=step)


def _step_succeeded(about: Told, event: k.StepSucceeded) -> Iterator[Any]:
    yield from _until_end(about, event.step, event.attempt, event.started_us or event.at_us, event.facts)
    took = f" in {(event.at_us - event.started_us) / 1000:.0f} ms" if event.started_us else ""
    yield about.event("ExecutionStepSuccessEvent", "STEP_SUCCESS", f"Step {event.step} ended well{took}.", step=event.step)
    yield from _hooks(about, event.step, event.facts)


def _step_failed(about: Told, event: k.StepFailed) -> Iterator[Any]:
    yield from _until_end(about, event.step, event.attempt, event.started_us or event.at_us, event.facts)
    by_user = event.error.user_failure_data
    failure = None
    if by_user is not None:
        entries = metadata_entries(by_user.metadata)
        failure = typed("FailureMetadata", label="intentional-failure", description=by_user.description, metadataEntries=entries)
    said = "was stopped" if event.cancelled else "failed"
    yield about.event(
        "ExecutionStepFailureEvent", "STEP_FAILURE", f"Step {event.step} {said}.", level="ERROR", step=event.step,
        error=python_error(event.error), failureMetadata=failure,
    )  # fmt: skip
    yield from _hooks(about, event.step, event.facts)


def _step_retried(about: Told, event: k.StepRetried) -> Iterator[Any]:
    if not about.is_started:
        yield _begin(about, event.step, event.attempt, event.started_us or event.at_us)
    yield about.event(
        "ExecutionStepUpForRetryEvent", "STEP_UP_FOR_RETRY", f"Step {event.step} failed in its attempt {event.attempt}; another follows.",
        level="WARNING", step=event.step, error=python_error(event.error), secondsToWait=event.wait_s or None,
    )  # fmt: skip


def _step_skipped(about: Told, event: k.StepSkipped) -> Iterator[Any]:
    because = f" ({event.because})" if event.because else ""
    message = f"Step {event.step} was left out: {event.reason.replace('-', ' ')}{because}."
    yield about.event("ExecutionStepSkippedEvent", "STEP_SKIPPED", message, step=event.step)


def _step_reused(about: Told, event: k.StepReused) -> Iterator[Any]:
    yield _engine(about, f"The outputs of step {event.step} are those of run {event.from_run_id}.", step=event.step)


def _until_end(about: Told, step: str, attempt: int, started_us: int, facts: tuple[f.Fact, ...]) -> Iterator[Any]:
    """What happened in a step, in the order in which it does: resources, inputs, the user's own lines, outputs, what was found out."""
    at = about.entry.event.at_us
    for fact in facts:
        if isinstance(fact, f.ResourceOpened):
            yield from _resource(about, step, started_us, fact)
    for fact in facts:
        if isinstance(fact, f.LogsCaptured):
            yield _captured(about, step, started_us, fact)
    if not about.is_started:
        yield _begin(about, step, attempt, started_us)
    for fact in facts:
        if isinstance(fact, f.InputLoaded):
            yield from _input(about, step, started_us, fact)
    for line in about.lines:
        yield _logged(about, step, line)
    for fact in facts:
        yield from _found(about, step, at, fact)


def _resource(about: Told, step: str, at_us: int, fact: f.ResourceOpened) -> Iterator[Any]:
    took = metadata_entries({"seconds": fact.took_us / 1e6})
    for name, kind, what, entries in (
        ("ResourceInitStartedEvent", "RESOURCE_INIT_STARTED", "is set up", []),
        ("ResourceInitSuccessEvent", "RESOURCE_INIT_SUCCESS", "is set up by now", took),
    ):
        yield about.event(
            name, kind, f"Resource {fact.resource} {what}.", at_us=at_us, step=step, label=fact.resource, description=None,
            metadataEntries=entries, markerStart=None, markerEnd=None,
        )  # fmt: skip


def _captured(about: Told, step: str, at_us: int, fact: f.LogsCaptured) -> Wire:
    file_key = fact.folder.rpartition("/")[2]
    message = f"What step {step} prints is kept."
    return about.event(
        "LogsCapturedEvent", "LOGS_CAPTURED", message, at_us=at_us, step=step, fileKey=file_key, logKey=file_key,
        stepKeys=[step], externalUrl=None, externalStdoutUrl=None, externalStderrUrl=None, pid=None,
    )  # fmt: skip


def _input(about: Told, step: str, at_us: int, fact: f.InputLoaded) -> Iterator[Any]:
    if fact.source not in ("config", "default"):
        upstream, _, output = fact.source.partition(":")
        yield about.event(
            "LoadedInputEvent", "LOADED_INPUT", f"Input {fact.name} of step {step} was loaded from {fact.source}.", at_us=at_us, step=step,
            inputName=fact.name, managerKey="io_manager", upstreamOutputName=output or None, upstreamStepKey=upstream if output else None,
            label=None, description=None, metadataEntries=metadata_entries(fact.metadata),
        )  # fmt: skip
    yield about.event(
        "ExecutionStepInputEvent", "STEP_INPUT", f"Input {fact.name} of step {step} was passed in.", at_us=at_us, step=step,
        inputName=fact.name, typeCheck=_type_check(fact.name),
    )  # fmt: skip


def _type_check(name: str) -> Wire:
    """A value that reached the step has passed: what does not pass fails the step."""
    return typed("TypeCheck", label=name, description=None, metadataEntries=[], success=True)


def _logged(about: Told, step: str, line: dict[str, Any]) -> Wire:
    level = str(line.get("level", "INFO"))
    trace = str(line.get("exception", "")).rstrip()
    text = f"{line.get('message', '')}\n{trace}" if trace else str(line.get("message", ""))
    at_us = int(line.get("at_us", 0) or 0)
    return about.event("LogMessageEvent", None, text, at_us=at_us, level=level if level in _LEVELS else "INFO", step=step)


def _found(about: Told, step: str, at_us: int, fact: f.Fact) -> Iterator[Any]:
    if isinstance(fact, f.AssetMaterialized):
        yield _output(about, step, "result")
        yield materialization_of(about.context, about.entry.seq, about.entry.event, fact)
        yield _handled(about, step, "result", fact.uri, metadata_entries({}))
    elif isinstance(fact, f.AssetObserved):
        yield observation_of(about.context, about.entry.seq, about.entry.event, fact)
    elif isinstance(fact, f.OutputStored):
        yield _output(about, step, fact.output, metadata_entries(fact.metadata))
        if fact.kept == "stored":
            yield _handled(about, step, fact.output, fact.uri, metadata_entries(fact.metadata))
    elif isinstance(fact, f.CheckEvaluated):
        verdict = "passed" if fact.passed else "did not pass"
        yield about.event(
            "AssetCheckEvaluationEvent", "ASSET_CHECK_EVALUATION", f"Check {fact.check} {verdict}.", step=step,
            evaluation=evaluation_of(fact, at_us),
        )  # fmt: skip
    elif isinstance(fact, f.ExpectationEvaluated):
        held = "holds" if fact.success else "does not hold"
        message = f"Expectation {fact.label or ''} of step {step} {held}.".replace("  ", " ")
        yield about.event("StepExpectationResultEvent", "STEP_EXPECTATION_RESULT", message, step=step, expectationResult=expectation(fact))


def _output(about: Told, step: str, name: str, entries: Iterable[Wire] = ()) -> Wire:
    return about.event(
        "ExecutionStepOutputEvent", "STEP_OUTPUT", f"Step {step} gave its output {name}.", step=step, outputName=name,
        typeCheck=_type_check(name), label=None, description=None, metadataEntries=list(entries),
    )  # fmt: skip


def _handled(about: Told, step: str, name: str, uri: str | None, entries: list[Wire]) -> Wire:
    where = metadata_entries({"path": uri}) if uri else []
    return about.event(
        "HandledOutputEvent", "HANDLED_OUTPUT", f"Output {name} of step {step} was stored.", step=step, outputName=name,
        managerKey="io_manager", label=None, description=None, metadataEntries=[*where, *entries],
    )  # fmt: skip


def _hooks(about: Told, step: str, facts: tuple[f.Fact, ...]) -> Iterator[Any]:
    for fact in facts:
        if not isinstance(fact, f.HookRan):
            continue
        if fact.error is None:
            yield about.event("HookCompletedEvent", "HOOK_COMPLETED", f"Hook {fact.hook} ran after step {step}.", step=step)
        else:
            message = f"Hook {fact.hook} failed after step {step}."
            yield about.event("HookErroredEvent", "HOOK_ERRORED", message, level="ERROR", step=step, error=python_error(fact.error))


_WORDS: dict[type, Callable[[Told, Any], Iterator[Any]]] = {
    k.RunRequested: _requested, k.RunQueued: _queued, k.RunStarting: _starting, k.RunStarted: _started, k.RunCancelRequested: _canceling,
    k.RunTagged: _tagged, k.RunSucceeded: _succeeded, k.RunFailed: _failed, k.RunCancelled: _cancelled, k.StepStarted: _step_started,
    k.StepSucceeded: _step_succeeded, k.StepFailed: _step_failed, k.StepRetried: _step_retried, k.StepSkipped: _step_skipped,
    k.StepReused: _step_reused,
}  # fmt: skip
