"""The log of a run over GraphQL: one line of ours as the events that clients know, in pages."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import get_named_type, is_leaf_type

from nbasset.api.events import Place, events_after
from nbasset.api.execute import execute
from nbasset.api.limits import Limits
from nbasset.api.types import schema
from nbasset.commands.jobs import JobOptions, run_job
from nbasset.events.facts import (
    AssetMaterialized,
    AssetObserved,
    CheckEvaluated,
    CheckKey,
    DisplayKept,
    ErrorInfo,
    ExpectationEvaluated,
    Fact,
    Frame,
    HookRan,
    InputLoaded,
    LogsCaptured,
    OutputStored,
    ResourceOpened,
)
from nbasset.events.kinds import (
    Event,
    Owner,
    RunCancelled,
    RunCancelRequested,
    RunFailed,
    RunQueued,
    RunRequested,
    RunStarted,
    RunStarting,
    RunSucceeded,
    RunTagged,
    StepFailed,
    StepRetried,
    StepReused,
    StepSkipped,
    StepStarted,
    StepSucceeded,
    Target,
)
from nbasset.keys import AssetKey, RunId

LOGS = """query($id: ID!, $after: String, $limit: Int) {logsForRun(runId: $id, afterCursor: $after, limit: $limit) {
    __typename
    ... on Error {message}
    ... on EventConnection {cursor hasMore events {
        __typename
        ... on MessageEvent {message timestamp level stepKey eventType runId}
        ... on ErrorEvent {error {message className stack place}}
        ... on RunEvent {pipelineName}
        ... on DisplayableEvent {label metadataEntries {label}}
        ... on MaterializationEvent {assetKey {path} runOrError {... on Run {id}} stepStats {stepKey}}
        ... on HandledOutputEvent {outputName managerKey}
        ... on LoadedInputEvent {inputName upstreamOutputName upstreamStepKey}
        ... on LogsCapturedEvent {fileKey logKey stepKeys}
        ... on AssetCheckEvaluationEvent {evaluation {checkName success severity}}
    }}
}}"""


def log_of(project: Any, run_id: str, **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = project.ask(LOGS, id=run_id, **options)["logsForRun"]
    return found


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["__typename"] for event in events]


@pytest.fixture(scope="module")
def runs(shop: Any) -> list[str]:
    """The runs of the shop, oldest first."""
    return [str(run.run_id) for run in shop.instance.get_runs(ascending=True)]


def test_a_run_of_assets_reads_as_the_field_knows_it(shop: Any, runs: list[str]) -> None:
    events = log_of(shop, runs[0])["events"]
    assert kinds(events)[:5] == [
        "AssetMaterializationPlannedEvent", "AssetMaterializationPlannedEvent", "RunStartEvent", "EngineEvent", "ExecutionStepStartEvent",
    ]  # fmt: skip
    assert kinds(events)[-1] == "RunSuccessEvent"
    of_orders = [event for event in events if event["stepKey"] == "orders"]
    assert kinds(of_orders) == [
        "ExecutionStepStartEvent", "ExecutionStepOutputEvent", "MaterializationEvent", "HandledOutputEvent", "ExecutionStepSuccessEvent",
    ]  # fmt: skip
    made = of_orders[2]
    assert (made["assetKey"], made["stepStats"], made["runOrError"]) == ({"path": ["orders"]}, {"stepKey": "orders"}, {"id": runs[0]})
    assert {event["evaluation"]["checkName"] for event in events if "evaluation" in event} == {"some_rows", "many_rows", "not_run_yet"}
    assert all(event["timestamp"].isdigit() and event["runId"] == runs[0] for event in events)


def test_a_failure_says_what_was_raised_and_where(shop: Any, runs: list[str]) -> None:
    events = log_of(shop, runs[2])["events"]
    failed = next(event for event in events if event["__typename"] == "ExecutionStepFailureEvent")
    assert failed["level"] == "ERROR"
    assert (failed["error"]["className"], failed["error"]["message"]) == ("ValueError", "ValueError: no third\n")
    assert "corner_shop.py, line" in failed["error"]["place"]
    assert kinds(events)[-1] == "RunFailureEvent"


def test_a_job_of_ops_tells_its_inputs_outputs_and_lines(new_shop: Any) -> None:
    result = run_job(new_shop.scope, new_shop.scope.resolved.jobs["growth"], JobOptions())
    events = log_of(new_shop, str(result.run_id))["events"]
    loaded = [(event["inputName"], event["upstreamStepKey"]) for event in events if event["__typename"] == "LoadedInputEvent"]
    assert ("number", "growing.grow") in loaded
    of_tell = [event for event in events if event["stepKey"] == "tell"]
    assert [event["message"] for event in of_tell if event["__typename"] == "LogMessageEvent"] == ["4"]
    assert next(event for event in of_tell if event["__typename"] == "LogsCapturedEvent")["fileKey"] == "tell.1"


@pytest.mark.parametrize("limit", [1, 2, 7])
def test_pages_of_any_size_are_the_whole_log(shop: Any, runs: list[str], limit: int) -> None:
    whole = log_of(shop, runs[0])
    assert whole["hasMore"] is False
    pages, after = [], None
    while True:
        page = log_of(shop, runs[0], after=after, limit=limit)
        assert len(page["events"]) <= limit
        pages += page["events"]
        after = page["cursor"]
        if not page["hasMore"]:
            break
    assert pages == whole["events"]


def test_a_page_is_the_same_whoever_reads_it_first(shop: Any, runs: list[str]) -> None:
    run = shop.instance.reader.run(RunId(runs[0]))
    everything = events_after(shop.context(), run, Place(), 1000)
    first = events_after(shop.context(), run, Place(), 9)
    rest = events_after(shop.context(), run, Place.of(first.place.text), 1000)
    assert len(first.events) + len(rest.events) == len(everything.events)
    assert rest.place == everything.place


def everything(run: RunId) -> list[Event]:
    """A run in which all happens that can happen in one."""
    at, error = (
        1_700_000_000_000_000,
        ErrorInfo("Failure", "no", (Frame("shop.py", 3, "f", ((3, "raise Failure"),)),), ErrorInfo("OSError", "disk")),
    )
    orders = AssetKey("orders")
    facts: tuple[Fact, ...] = (
        ResourceOpened("db", 2_000), LogsCaptured(f"{run}/steps/load.1", 5, 0, 1), InputLoaded("rows", "fetch:result"),
        InputLoaded("n", "config"),
        AssetMaterialized(orders, uri="/data/orders.parquet"), AssetObserved(orders, data_version="7"), OutputStored("result", uri="/x"),
        OutputStored("other", kept="not-storable"), CheckEvaluated(CheckKey(orders, "some"), True), ExpectationEvaluated(True, "short"),
        HookRan("tell"), HookRan("shout", error), DisplayKept("image/png", "a.png"),
    )  # fmt: skip
    owner = Owner("host", 7, 8)
    return [
        RunRequested(at, run, (Target(orders),)), RunQueued(at, run), RunStarting(at, run, owner), RunStarted(at, run, owner),
        RunTagged(at, run, {"a": "b"}), StepStarted(at, run, "load"), StepRetried(at, run, "load", error, wait_s=2.0),
        StepSucceeded(at + 9, run, "load", facts, 2, started_us=at), StepFailed(at + 9, run, "spoil", error, facts=(), started_us=at),
        StepSkipped(at, run, "late", "upstream-failed", "spoil"), StepReused(at, run, "old", RunId("before")),
        RunCancelRequested(at, run, "ada"),
    ]  # fmt: skip


HAPPENS = """RunEnqueued RunDequeued RunStarting RunCanceling ResourceInitStarted ResourceInitSuccess ExecutionStepRestart
    ExecutionStepUpForRetry ExecutionStepSkipped ExecutionStepFailure HookCompleted HookErrored Observation StepExpectationResult
    AssetCheckEvaluation HandledOutput LogsCaptured Engine"""
ENDS = {
    "RunCanceledEvent": lambda run: RunCancelled(1, run, "asked"),
    "RunFailureEvent": lambda run: RunFailed(1, run, error=ErrorInfo("OSError", "disk")),
    "RunSuccessEvent": lambda run: RunSucceeded(1, run),
}


@pytest.mark.parametrize("end", sorted(ENDS))
def test_whatever_happens_in_a_run_is_told_with_all_its_fields(new_shop: Any, end: str) -> None:
    run = RunId("eventful")
    new_shop.instance.storage.append([*everything(run), ENDS[end](run)])
    kind: Any = schema().type_map["DagsterRunEvent"]
    fragments = " ".join(
        f"... on {one.name} {{{' '.join(_asked(one.name, name, field) for name, field in one.fields.items())}}}" for one in kind.types
    )
    document = f'{{logsForRun(runId: "{run}") {{... on EventConnection {{events {{__typename {fragments}}}}}}}}}'
    answer = execute(document, None, None, new_shop.context(), limits=Limits(aliases=10_000, tokens=50_000))
    assert answer.get("errors", []) == []
    told = kinds(answer["data"]["logsForRun"]["events"])
    assert told[-1] == end
    assert told.count("ExecutionStepStartEvent") == 2  # what was told to have begun is not told again
    assert set(told) >= {f"{name}Event" for name in HAPPENS.split()}


def _asked(owner: str, name: str, field: Any) -> str:
    """A field, under a name of its own since types differ, with the type of what it gives."""
    is_leaf = is_leaf_type(get_named_type(field.type))
    return f"{owner}_{name}: {name}{'' if is_leaf else ' {__typename}'}"


def test_the_log_of_an_unknown_run_is_told_as_such(shop: Any) -> None:
    assert log_of(shop, "nope") == {"__typename": "RunNotFoundError", "message": "no run 'nope' is recorded here."}


def test_a_fragment_on_what_cannot_be_there_is_refused_as_a_whole(shop: Any) -> None:
    answer = execute('{logsForRun(runId: "a") {... on AssetNode {id}}}', None, None, shop.context())
    assert "data" not in answer
    assert "can never be of type 'AssetNode'" in answer["errors"][0]["message"]
