"""Runs asked for over GraphQL: carried out in processes of their own, refused in the schema's words, repeated, stopped, forgotten.

The documents are shaped like those of the reference's own client, of its command line and of assistants that speak to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

import pytest

from nbasset import clock
from nbasset.api.context import ApiContext
from nbasset.api.execute import execute, subscribe
from nbasset.api.workspace import Workspace
from nbasset.events.facts import LogsCaptured
from nbasset.events.kinds import RunQueued, RunRequested, RunStarted, RunSucceeded, StepStarted, StepSucceeded, Target
from nbasset.home import Home
from nbasset.instance import Instance
from nbasset.keys import AssetKey, RunId, new_run_id

CODE = """
from pathlib import Path
import nbasset as nb

class Rows(nb.Config):
    n: int = 3

@nb.asset
def orders(config: Rows):
    print("making", config.n)
    return list(range(config.n))

@nb.asset(partitions_def=nb.StaticPartitionsDefinition(["a", "b", "c"]))
def letters(context):
    return [context.partition_key]

@nb.op
def one():
    return 1

@nb.op
def half(context, number):
    if not Path(__file__).with_name("ready").exists():
        raise ValueError("not yet")
    return number / 2

@nb.job
def halving():
    half(one())
"""
SELECTOR = {"repositoryName": "__repository__", "repositoryLocationName": "desk"}
LAUNCH = """mutation GraphQLClientSubmitRun($executionParams: ExecutionParams!) {
    launchPipelineExecution(executionParams: $executionParams) {
        __typename
        ... on InvalidStepError {invalidStepKey}
        ... on InvalidOutputError {stepKey invalidOutputName}
        ... on LaunchPipelineRunSuccess {run {runId}}
        ... on ConflictingExecutionParamsError {message}
        ... on PresetNotFoundError {preset message}
        ... on PipelineConfigValidationInvalid {errors {__typename message path reason}}
        ... on PipelineNotFoundError {message pipelineName}
        ... on PipelineRunConflict {message}
        ... on PythonError {message}
        ... on UnauthorizedError {message}
        ... on InvalidSubsetError {message}
    }
}"""
STATUS = """query GraphQLClientGetRunStatus($runId: ID!) {
    pipelineRunOrError(runId: $runId) {
        __typename
        ... on PipelineRun {status}
        ... on PipelineRunNotFoundError {message}
        ... on PythonError {message}
    }
}"""

STEPS = """query($id: ID!) {
    runOrError(runId: $id) {... on Run {stepStats {stepKey status}}}
    logsForRun(runId: $id) {... on EventConnection {events {__typename ... on MessageEvent {message}}}}
}"""


class Desk:
    """A project whose code is in processes of its own, and a way to ask about it."""

    def __init__(self, home: Home) -> None:
        self.instance = Instance(home)
        self.workspace = Workspace(self.instance)

    def context(self) -> ApiContext:
        return ApiContext(self.instance, self.workspace, user="ada")

    def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        answer = execute(document, variables, None, self.context())
        assert "errors" not in answer, answer["errors"]
        found: dict[str, Any] = answer["data"]
        return found

    def launch(self, job: str = "__ASSET_JOB", /, *, assets: list[str] | None = None, **params: Any) -> dict[str, Any]:
        selection = [{"path": [name]} for name in assets] if assets is not None else None
        selector = {**SELECTOR, "pipelineName": job, "solidSelection": None, "assetSelection": selection}
        given = {"selector": selector, "mode": "default", "runConfigData": {}, "executionMetadata": {}, **params}
        found: dict[str, Any] = self.ask(LAUNCH, executionParams=given)["launchPipelineExecution"]
        return found

    def ended(self, run_id: str) -> str:
        """Wait until a run is over; how it ended."""
        storage = self.instance.storage
        while not (run := storage.run(RunId(run_id))) or not run.is_over:
            storage.wait(storage.last_seq(), 1.0)
        return run.status


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    (folder / "desk.py").write_text(CODE, encoding="utf-8")
    (folder / "nbasset.toml").write_text("", encoding="utf-8")
    desk = Desk(Home(folder))
    yield desk
    desk.workspace.close()
    desk.instance.close()


SEVERAL = """mutation($list: [ExecutionParams!]!) {launchMultipleRuns(executionParamsList: $list) {
    __typename ... on LaunchMultipleRunsResult {launchMultipleRunsResult {
        __typename ... on LaunchRunSuccess {run {runId tags {key value}}} ... on Error {message}
    }}
}}"""


@pytest.fixture(scope="module")
def launched(desk: Desk) -> list[dict[str, Any]]:
    """What came of asking at once for an asset, one partition of another, a job whose second op fails, and a job that is not there."""

    def asked(job: str, asset: str | None = None, *, config: Any = None, **tags: str) -> dict[str, Any]:
        selection = [{"path": [asset]}] if asset is not None else None
        told = [{"key": key.replace("_", "/"), "value": value} for key, value in tags.items()]
        selector = {**SELECTOR, "jobName": job, "assetSelection": selection}
        return {"selector": selector, "runConfigData": config, "executionMetadata": {"tags": told}}

    runs = [
        asked("__ASSET_JOB", "orders", config={"ops": {"orders": {"config": {"n": 5}}}}, team="data"),
        asked("__ASSET_JOB", "letters", dagster_partition="b"),
        asked("halving"),
        asked("none"),
    ]
    results: list[dict[str, Any]] = desk.ask(SEVERAL, list=runs)["launchMultipleRuns"]["launchMultipleRunsResult"]
    ends = [desk.ended(one["run"]["runId"]) for one in results[:3]]
    assert ends == ["success", "success", "failure"]
    return results


@pytest.fixture(scope="module")
def failed_run(launched: list[dict[str, Any]]) -> str:
    """A run of the job, whose first op succeeded and whose second failed."""
    return str(launched[2]["run"]["runId"])


@pytest.fixture(scope="module")
def made_run(launched: list[dict[str, Any]]) -> str:
    """A run of an asset with a configuration and tags."""
    return str(launched[0]["run"]["runId"])


def test_the_code_of_a_project_is_known_without_being_loaded_here(desk: Desk) -> None:
    import sys

    document = "{repositoriesOrError {... on RepositoryConnection {nodes {name location {name} jobs {name}}}}}"
    nodes = desk.ask(document)["repositoriesOrError"]["nodes"]
    assert [(node["name"], node["location"]["name"], {job["name"] for job in node["jobs"]}) for node in nodes] == [
        ("__repository__", "desk", {"__ASSET_JOB", "halving"})
    ]
    assert "desk" not in sys.modules


def test_an_asset_is_made_with_the_configuration_and_tags_of_the_request(desk: Desk, made_run: str) -> None:
    document = """query($id: ID!) {runOrError(runId: $id) {... on Run {
        status user runConfigYaml tags {key value} assetSelection {path} stepStats {stepKey status}
    }}}"""
    assert desk.ask(STATUS, runId=made_run)["pipelineRunOrError"] == {"__typename": "Run", "status": "SUCCESS"}
    assert desk.ask(document, id=made_run)["runOrError"] == {
        "status": "SUCCESS", "user": "ada", "runConfigYaml": "ops:\n  orders:\n    config:\n      n: 5\n",
        "tags": [{"key": "dagster/code_location", "value": "desk"}, {"key": "team", "value": "data"}],
        "assetSelection": [{"path": ["orders"]}], "stepStats": [{"stepKey": "orders", "status": "SUCCESS"}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("job", "params", "kind", "says"),
    [
        ("nothing", {}, "PipelineNotFoundError", "no job 'nothing'"),
        ("__ASSET_JOB", {"assets": ["order"]}, "InvalidSubsetError", "Did you mean 'orders'"),
        ("__ASSET_JOB", {"assets": ["letters"]}, "PythonError", "launch a backfill"),
        ("halving", {"preset": "p"}, "PresetNotFoundError", "no presets"),
        ("halving", {"stepKeys": ["three"]}, "InvalidStepError", "three"),
        ("__ASSET_JOB", {"stepKeys": ["three"]}, "InvalidStepError", "three"),
        ("__ASSET_JOB", {"assets": ["orders"], "runConfigData": "a: [b"}, "RunConfigValidationInvalid", "cannot be read as YAML"),
        ("__ASSET_JOB", {"assets": ["orders"], "runConfigData": "text"}, "RunConfigValidationInvalid", "no mapping"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused_in_the_schemas_words(
    desk: Desk, job: str, params: dict[str, Any], kind: str, says: str
) -> None:
    before = desk.instance.reader.last_seq()
    told = desk.launch(job, **params)
    assert told["__typename"] == kind
    assert says in str(told)
    assert desk.instance.reader.last_seq() == before


def test_everything_that_is_wrong_with_a_configuration_is_said_with_its_place(desk: Desk) -> None:
    told = desk.launch(assets=["orders"], runConfigData={"ops": {"orders": {"config": {"n": "many", "m": 1}}}})
    assert told["__typename"] == "RunConfigValidationInvalid"
    assert [(error["__typename"], error["path"], error["reason"]) for error in told["errors"]] == [
        ("RuntimeMismatchConfigError", ["ops", "orders", "config", "n"], "RUNTIME_TYPE_MISMATCH"),
        ("FieldNotDefinedConfigError", ["ops", "orders", "config", "m"], "FIELD_NOT_DEFINED"),
    ]


def test_several_runs_are_asked_for_at_once_and_each_has_its_own_answer(launched: list[dict[str, Any]]) -> None:
    assert [one["__typename"] for one in launched] == [*["LaunchRunSuccess"] * 3, "PipelineNotFoundError"]
    assert {"key": "dagster/partition", "value": "b"} in launched[1]["run"]["tags"]


def test_a_job_goes_on_from_its_failure_with_what_was_stored(desk: Desk, failed_run: str) -> None:
    document = """mutation($params: ReexecutionParams) {launchRunReexecution(reexecutionParams: $params) {
        __typename ... on LaunchRunSuccess {run {runId parentRunId rootRunId}} ... on Error {message}
    }}"""
    (desk.instance.home.root / "ready").touch()
    told = desk.ask(document, params={"parentRunId": failed_run, "strategy": "FROM_FAILURE"})["launchRunReexecution"]
    assert told["__typename"] == "LaunchRunSuccess", told
    run = told["run"]
    assert (run["parentRunId"], run["rootRunId"]) == (failed_run, failed_run)
    assert desk.ended(run["runId"]) == "success"
    told = desk.ask(STEPS, id=run["runId"])
    assert {step["stepKey"]: step["status"] for step in told["runOrError"]["stepStats"]} == {"one": "SUCCESS", "half": "SUCCESS"}
    said = [event.get("message") for event in told["logsForRun"]["events"]]
    assert f"The outputs of step one are those of run {failed_run}." in said


def test_a_run_that_is_over_is_not_stopped_but_can_be_forgotten(desk: Desk) -> None:
    terminate = """mutation($id: String!) {terminateRun(runId: $id) {
        __typename ... on TerminateRunFailure {message} ... on RunNotFoundError {message} ... on TerminateRunSuccess {run {status}}
    }}"""
    several = """mutation($ids: [String!]!) {terminateRuns(runIds: $ids) {
        ... on TerminateRunsResult {terminateRunResults {__typename}} ... on PythonError {message}
    }}"""
    delete = "mutation($id: String!) {deleteRun(runId: $id) {__typename ... on DeletePipelineRunSuccess {runId} ... on Error {message}}}"
    run = new_run_id()
    desk.instance.storage.append([RunRequested(clock.now_us(), run), RunQueued(clock.now_us(), run)])
    assert "Stop it first" in desk.ask(delete, id=run)["deleteRun"]["message"]
    assert desk.ask(terminate, id=run)["terminateRun"] == {"__typename": "TerminateRunSuccess", "run": {"status": "CANCELED"}}
    assert "is over (canceled)" in desk.ask(terminate, id=run)["terminateRun"]["message"]
    assert desk.ask(terminate, id="x")["terminateRun"]["__typename"] == "RunNotFoundError"
    results = desk.ask(several, ids=[run, "x"])["terminateRuns"]["terminateRunResults"]
    assert [one["__typename"] for one in results] == ["TerminateRunFailure", "RunNotFoundError"]
    assert desk.ask(delete, id=run)["deleteRun"] == {"__typename": "DeletePipelineRunSuccess", "runId": run}
    assert desk.ask(delete, id=run)["deleteRun"]["__typename"] == "RunNotFoundError"


def test_a_subscription_tells_a_run_from_its_request_to_its_end(desk: Desk) -> None:
    document = """subscription($id: ID!) {pipelineRunLogs(runId: $id) {
        __typename ... on PipelineRunLogsSubscriptionSuccess {run {runId status} hasMorePastEvents messages {__typename}}
    }}"""
    run = new_run_id()
    write = desk.instance.storage.append
    write([RunRequested(clock.now_us(), run, (Target(AssetKey("orders")),)), RunQueued(clock.now_us(), run)])

    async def follow() -> list[tuple[str, list[str]]]:
        found: list[tuple[str, list[str]]] = []
        async with aclosing(subscribe(document, {"id": run}, None, desk.context())) as answers:
            for more in (RunStarted(clock.now_us(), run), RunSucceeded(clock.now_us(), run), None):
                told = (await anext(answers))["data"]["pipelineRunLogs"]
                found.append((told["run"]["status"], [one["__typename"] for one in told["messages"]]))
                if more is not None:
                    await asyncio.to_thread(write, [more])
        return found

    assert asyncio.run(follow()) == [
        ("QUEUED", ["AssetMaterializationPlannedEvent", "RunEnqueuedEvent"]), ("STARTED", ["RunStartEvent"]),
        ("SUCCESS", ["RunSuccessEvent"]),
    ]  # fmt: skip


def test_what_a_step_logs_is_told_while_it_goes_on_and_not_again(desk: Desk) -> None:
    document = """subscription($id: ID!) {pipelineRunLogs(runId: $id) {
        ... on PipelineRunLogsSubscriptionSuccess {messages {__typename ... on MessageEvent {message stepKey}}}
    }}"""
    run = new_run_id()
    write = desk.instance.storage.append
    write([RunRequested(clock.now_us(), run), RunStarted(clock.now_us(), run), StepStarted(clock.now_us(), run, "load")])
    folder = desk.instance.home.run_folder(run) / "steps"
    folder.mkdir(parents=True)
    log = folder / "load.1.log"

    def say(*lines: str) -> None:
        with log.open("a", encoding="utf-8") as file:
            file.writelines(f'{{"at_us": 1, "level": "INFO", "message": "{line}"}}\n' for line in lines)

    async def follow() -> list[list[str]]:
        found: list[list[str]] = []
        async with aclosing(subscribe(document, {"id": run}, None, desk.context())) as answers:
            for step in ("start", "one", "end"):
                if step == "one":
                    say("one", "two")
                if step == "end":
                    say("three")
                    captured = LogsCaptured(f"{run}/steps/load.1", 0, 0, 3)
                    await asyncio.to_thread(
                        write, [StepSucceeded(clock.now_us(), run, "load", (captured,)), RunSucceeded(clock.now_us(), run)]
                    )
                messages: list[dict[str, Any]] = []
                while not messages or (step == "end" and messages[-1]["__typename"] != "RunSuccessEvent"):
                    messages += (await anext(answers))["data"]["pipelineRunLogs"]["messages"]
                found.append([one["message"] for one in messages if one["__typename"] == "LogMessageEvent"])
        return found

    assert asyncio.run(follow()) == [[], ["one", "two"], ["three"]]


def test_what_steps_print_is_followed_until_the_run_is_over(desk: Desk, made_run: str) -> None:
    document = "subscription($key: [String!]!) {capturedLogs(logKey: $key) {stdout}}"

    async def follow() -> list[Any]:
        return [answer async for answer in subscribe(document, {"key": [made_run, "compute_logs", "orders"]}, None, desk.context())]

    assert asyncio.run(follow()) == [{"data": {"capturedLogs": {"stdout": "making 5\n"}}}]


def test_a_change_of_the_records_is_told_with_what_it_concerned(desk: Desk) -> None:
    from nbasset import AssetMaterialization

    async def follow() -> dict[str, Any]:
        seq = desk.instance.reader.last_seq()
        document = "subscription($after: String) {recordsChanged(cursor: $after) {cursor assetKeys {path} runIds}}"
        async with aclosing(subscribe(document, {"after": str(seq)}, None, desk.context())) as answers:
            waiting = asyncio.ensure_future(anext(answers))
            await asyncio.to_thread(desk.instance.report_runless_asset_event, AssetMaterialization("outside"))
            return await waiting

    told = asyncio.run(follow())["data"]["recordsChanged"]
    assert (told["assetKeys"], told["runIds"]) == ([{"path": ["outside"]}], [])


def test_a_subscription_that_is_wrong_says_so_and_ends(desk: Desk) -> None:
    async def answers(document: str) -> list[dict[str, Any]]:
        return [answer async for answer in subscribe(document, None, None, desk.context())]

    unknown = 'subscription {pipelineRunLogs(runId: "x") {... on PipelineRunLogsSubscriptionFailure {missingRunId message}}}'
    assert asyncio.run(answers(unknown))[0]["data"]["pipelineRunLogs"]["missingRunId"] == "x"
    assert "Cannot query field" in asyncio.run(answers("subscription {nothing}"))[0]["errors"][0]["message"]
    assert asyncio.run(answers("{__typename}")) == [{"data": {"__typename": "Query"}}]
