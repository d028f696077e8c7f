"""Documents shaped like those of scripts, connectors and assistants: valid as a whole, and answered from a real home.

One field that the schema lacks refuses all of an operation, so each asks for all that its client asks for.
"""

from __future__ import annotations

from typing import Any

import pytest

METADATA = """fragment Metadata on MetadataEntry {
    __typename label description
    ... on FloatMetadataEntry {floatValue} ... on IntMetadataEntry {intValue intRepr} ... on BoolMetadataEntry {boolValue}
    ... on TextMetadataEntry {text} ... on JsonMetadataEntry {jsonString} ... on MarkdownMetadataEntry {mdStr}
    ... on PathMetadataEntry {path} ... on NotebookMetadataEntry {path} ... on UrlMetadataEntry {url}
    ... on PythonArtifactMetadataEntry {module name} ... on PipelineRunMetadataEntry {runId} ... on AssetMetadataEntry {assetKey {path}}
    ... on JobMetadataEntry {jobName repositoryName locationName}
    ... on TableMetadataEntry {table {records schema {
        columns {name type description constraints {nullable unique other}} constraints {other}
    }}}
    ... on TableSchemaMetadataEntry {schema {columns {name type}}}
}"""
LOG = (
    """query($run: ID!, $after: String, $limit: Int) {logsForRun(runId: $run, afterCursor: $after, limit: $limit) {
    ... on PythonError {message stack cause {message}}
    ... on RunNotFoundError {message runId}
    ... on EventConnection {cursor hasMore events {
        type: __typename
        ... on MessageEvent {runId message timestamp level stepKey eventType}
        ... on EngineEvent {metadataEntries {...Metadata} markerStart markerEnd engineError: error {message stack}}
        ... on ExecutionStepFailureEvent {
            error {message className stack causes {message}} failureMetadata {label description metadataEntries {...Metadata}}}
        ... on ExecutionStepUpForRetryEvent {retryError: error {message} secondsToWait}
        ... on ExecutionStepInputEvent {inputName typeCheck {label success metadataEntries {...Metadata}}}
        ... on ExecutionStepOutputEvent {outputName typeCheck {label success} metadataEntries {...Metadata}}
        ... on MaterializationEvent {label description assetKey {path} metadataEntries {...Metadata}}
        ... on ObjectStoreOperationEvent {operationResult {op metadataEntries {...Metadata}}}
        ... on StepExpectationResultEvent {expectationResult {success label metadataEntries {...Metadata}}}
        ... on LogsCapturedEvent {fileKey stepKeys logKey} ... on RunFailureEvent {failure: error {message}}
        ... on HandledOutputEvent {message} ... on LoadedInputEvent {message}
        ... on RunEnqueuedEvent {message} ... on RunCanceledEvent {message}
    }}
}} """
    + METADATA
)
REPOSITORY = {"repositoryName": "__repository__", "repositoryLocationName": "corner_shop"}


def test_the_whole_log_with_all_kinds_of_metadata(shop: Any) -> None:
    first = str(shop.instance.get_runs(ascending=True)[0].run_id)
    events = shop.ask(LOG, run=first, limit=100)["logsForRun"]["events"]
    made = next(event for event in events if event["type"] == "MaterializationEvent" and event["assetKey"] == {"path": ["orders"]})
    entries = {entry["label"]: entry for entry in made["metadataEntries"]}
    assert entries["source"]["url"] == "https://x.org"
    assert entries["shape"]["schema"]["columns"] == [{"name": "id", "type": "int64"}]


def test_jobs_are_found_and_one_is_picked_by_its_name(shop: Any) -> None:
    document = """query {repositoriesOrError {
        ... on PythonError {message} ... on RepositoryConnection {nodes {name location {name} pipelines {name}}}
    }}"""
    (node,) = shop.ask(document)["repositoriesOrError"]["nodes"]
    assert (node["name"], node["location"]["name"]) == ("__repository__", "corner_shop")
    assert {"growth", "morning", "__ASSET_JOB"} <= {job["name"] for job in node["pipelines"]}


def test_an_overview_is_one_question(shop: Any) -> None:
    document = """query($filter: RunsFilter) {
        instance {daemonHealth {allDaemonStatuses {daemonType healthy required lastHeartbeatTime}}}
        runsOrError(limit: 1, filter: $filter) {... on Runs {count results {runId}} ... on PythonError {message}}
        workspaceOrError {... on PythonError {message} ... on Workspace {locationEntries {
            name loadStatus updatedTimestamp displayMetadata {key value}
            locationOrLoadError {__typename ... on RepositoryLocation {name isReloadSupported repositories {
                name
                schedules {name cronSchedule pipelineName scheduleState {id selectorId status}
                    futureTicks(limit: 1) {results {timestamp}}}
                sensors {name targets {pipelineName} sensorState {id selectorId status}}
                jobs {name description}
            }} ... on PythonError {message stack}}
        }}}
    }"""
    told = shop.ask(document, filter={"statuses": ["FAILURE"]})
    assert told["runsOrError"]["count"] == 1
    (entry,) = told["workspaceOrError"]["locationEntries"]
    (repository,) = entry["locationOrLoadError"]["repositories"]
    nightly = next(one for one in repository["schedules"] if one["name"] == "nightly")
    assert (nightly["cronSchedule"], nightly["pipelineName"], len(nightly["futureTicks"]["results"])) == ("0 6 * * *", "morning", 1)


def test_assets_with_their_health_and_their_place_in_the_graph(shop: Any) -> None:
    document = """query($keys: [AssetKeyInput!]) {assetNodes(assetKeys: $keys) {
        id assetKey {path} description groupName kinds isPartitioned isExecutable isObservable isMaterializable jobNames
        op {name} owners {... on UserAssetOwner {email} ... on TeamAssetOwner {team}} tags {key value}
        dependencyKeys {path} dependedByKeys {path} repository {name location {name}}
        partitionDefinition {description} partitionKeys staleStatus staleCauses {key {path} reason dependency {path}}
        freshnessPolicy {maximumLagMinutes cronSchedule} assetMaterializations(limit: 1) {runId timestamp}
        assetChecksOrError {... on AssetChecks {checks {name jobNames}}}
    }}"""
    (total,) = shop.ask(document, keys=[{"path": ["total"]}])["assetNodes"]
    assert total["dependencyKeys"] == [{"path": ["orders"]}]
    assert total["repository"] == {"name": "__repository__", "location": {"name": "corner_shop"}}
    assert len(total["assetMaterializations"]) == 1
    assert len(shop.ask(document)["assetNodes"]) > 5


def test_the_history_of_an_asset_by_its_key(shop: Any) -> None:
    document = (
        """query($key: AssetKeyInput!) {assetOrError(assetKey: $key) {
        ... on Error {message}
        ... on Asset {id key {path} assetMaterializations(limit: 5) {
            runId timestamp partition metadataEntries {...Metadata} runOrError {... on Run {mode status}} stepStats {startTime endTime}
        }}
    }} """
        + METADATA
    )
    told = shop.ask(document, key={"path": ["sales"]})["assetOrError"]
    assert {made["partition"] for made in told["assetMaterializations"]} == {"2013-01-01", "2013-01-02"}
    assert "message" in shop.ask(document, key={"path": ["none"]})["assetOrError"]


@pytest.mark.parametrize(
    ("document", "variables", "path", "expected"),
    [
        (
            "query($id: ID!) {runOrError(runId: $id) {... on Error {message}}}", {"id": "x"},
            ("runOrError", "message"), "no run 'x' is recorded here.",
        ),
        ("{version}", {}, ("version",), "0.1.0"),
        (
            """query($s: InstigationSelector!) {
                instigationStateOrError(instigationSelector: $s) {... on InstigationState {name status ticks(limit: 5) {id}}}
            }""",
            {"s": {**REPOSITORY, "name": "nightly"}}, ("instigationStateOrError", "name"), "nightly",
        ),
        (
            "{partitionBackfillsOrError(limit: 3) {... on PartitionBackfills {results {id status}}}}", {},
            ("partitionBackfillsOrError", "results"), [],
        ),
        (
            "query($s: ScheduleSelector!) {scheduleOrError(scheduleSelector: $s) {... on Schedule {name executionTimezone}}}",
            {"s": {**REPOSITORY, "scheduleName": "nightly"}}, ("scheduleOrError", "executionTimezone"), "Europe/Berlin",
        ),
        (
            '{assetNodeAdditionalRequiredKeys(assetKeys: [{path: ["left"]}]) {path}}', {}, ("assetNodeAdditionalRequiredKeys",),
            [{"path": ["right"]}],
        ),
        ("{graphOrError(selector: null) {__typename}}", {}, ("graphOrError", "__typename"), "GraphNotFoundError"),
    ],
)  # fmt: skip
def test_a_script_asks_for_one_thing(shop: Any, document: str, variables: dict[str, Any], path: tuple[str, ...], expected: Any) -> None:
    told: Any = shop.ask(document, **variables)
    for name in path:
        told = told[name]
    assert told == expected
