"""Backfills, partition sets and dynamic partitions over GraphQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from nbasset.arguments.options import BackfillArguments, PartitionArguments
from nbasset.commands.asked_backfill import AskedBackfill, launch_asked
from nbasset.commands.backfill import launch_backfill, plan_of
from nbasset.commands.backfill_driver import drive
from nbasset.commands.carrying_out import Manner

PLACE = {"repositoryName": "__repository__", "repositoryLocationName": "corner_shop"}
PICKY = {"ops": {"picky": {"config": {"rows": "x"}}}}
LAUNCH = """mutation ($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) { __typename
  ... on LaunchBackfillSuccess { backfillId launchedRunIds } ... on PartitionKeysNotFoundError { message partitionKeys }
  ... on PartitionSetNotFoundError { message } ... on InvalidSubsetError { message } ... on PythonError { message }
  ... on RunConfigValidationInvalid { errors { message path } } } }"""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, project: Any) -> Iterator[Any]:
    """A project in which a backfill of days ended, with one that failed, and another one was asked for and never begun."""
    made = project(tmp_path_factory.mktemp("filled"))
    days = plan_of(made.scope, BackfillArguments("sales", PartitionArguments("2013-01-01..2013-01-04"), upstream=False))
    made.ended = launch_backfill(made.scope, days, title="first days", tags={"team": "data"})
    drive(made.scope, made.ended, Manner("background", echo=False, keeps_plan=True))
    rest = plan_of(made.scope, BackfillArguments("sales", PartitionArguments("2013-01-05..2013-01-06"), upstream=False))
    made.waiting = launch_backfill(made.scope, rest, title="job days_job")
    yield made
    made.close()


def test_backfills_are_listed_newest_first_and_by_their_state(filled: Any) -> None:
    document = """query Backfills($cursor: String, $limit: Int, $status: BulkActionStatus) {
      partitionBackfillsOrError(cursor: $cursor, limit: $limit, status: $status) { __typename ... on PartitionBackfills { results {
        id status timestamp endTimestamp numPartitions partitionNames partitionSetName jobName title tags { key value }
        isValidSerialization isAssetBackfill hasCancelPermission assetSelection { path } error { message } } }
      ... on PythonError { message } } }"""
    waiting, ended = filled.ask(document)["partitionBackfillsOrError"]["results"]
    assert (waiting["id"], ended["id"]) == (filled.waiting, filled.ended)
    assert (ended["status"], waiting["status"]) == ("COMPLETED_FAILED", "REQUESTED")
    assert (ended["partitionNames"], ended["numPartitions"]) == (["2013-01-01", "2013-01-02", "2013-01-03", "2013-01-04"], 4)
    assert (ended["title"], ended["tags"], ended["assetSelection"]) == (
        "first days",
        [{"key": "team", "value": "data"}],
        [{"path": ["sales"]}],
    )
    assert (waiting["jobName"], waiting["partitionSetName"], waiting["endTimestamp"]) == ("days_job", "days_job_partition_set", None)
    page = filled.ask(document, cursor=waiting["id"], limit=5)["partitionBackfillsOrError"]["results"]
    assert [one["id"] for one in page] == [ended["id"]]
    assert [one["id"] for one in filled.ask(document, status="REQUESTED")["partitionBackfillsOrError"]["results"]] == [waiting["id"]]


def test_a_backfill_tells_partition_by_partition_how_it_stands(filled: Any) -> None:
    document = """query ($id: String!) { partitionBackfillOrError(backfillId: $id) { __typename ... on PartitionBackfill {
      id status numCancelable isPaused canPause etaSeconds partitionStatusCounts { runStatus count } runs(limit: 10) { runId status }
      assetBackfillData { assetBackfillStatuses { __typename ... on AssetPartitionsStatusCounts { assetKey { path }
        numPartitionsTargeted numPartitionsInProgress numPartitionsMaterialized numPartitionsFailed } } }
      partitionStatuses { results { partitionName runId runStatus } } }
      ... on BackfillNotFoundError { message } } }"""
    ended = filled.ask(document, id=filled.ended)["partitionBackfillOrError"]
    (counts,) = ended["assetBackfillData"]["assetBackfillStatuses"]
    assert counts == {
        "__typename": "AssetPartitionsStatusCounts", "assetKey": {"path": ["sales"]}, "numPartitionsTargeted": 4,
        "numPartitionsInProgress": 0, "numPartitionsMaterialized": 2, "numPartitionsFailed": 2,
    }  # fmt: skip
    assert {one["runStatus"]: one["count"] for one in ended["partitionStatusCounts"]} == {"SUCCESS": 2, "FAILURE": 2}
    statuses = {one["partitionName"]: one for one in ended["partitionStatuses"]["results"]}
    assert (statuses["2013-01-01"]["runStatus"], statuses["2013-01-03"]["runStatus"]) == ("SUCCESS", "FAILURE")
    runs = {one["runId"]: one["status"] for one in ended["runs"]}
    assert statuses["2013-01-01"]["runId"] in runs
    assert (ended["isPaused"], ended["canPause"], ended["numCancelable"]) == (False, False, 0)
    waiting = filled.ask(document, id=filled.waiting[:8])["partitionBackfillOrError"]
    assert (waiting["id"], waiting["isPaused"], waiting["runs"]) == (filled.waiting, True, [])
    assert {one["runStatus"] for one in waiting["partitionStatuses"]["results"]} == {"NOT_STARTED"}
    assert filled.ask(document, id="nothing")["partitionBackfillOrError"]["__typename"] == "BackfillNotFoundError"


def test_the_partitions_of_a_job_are_told_with_their_newest_runs(filled: Any) -> None:
    document = """query ($selector: RepositorySelector!, $job: String!) {
      partitionSetsOrError(repositorySelector: $selector, pipelineName: $job) { __typename
      ... on PartitionSets { results { id name pipelineName
        partitionsOrError(limit: 2, reverse: true) { ... on Partitions { results { name } } }
        partitionStatusesOrError { ... on PartitionStatuses { results { partitionName runId runStatus } } } } }
      ... on PipelineNotFoundError { message } } }"""
    (found,) = filled.ask(document, selector=PLACE, job="days_job")["partitionSetsOrError"]["results"]
    assert (found["name"], found["pipelineName"]) == ("days_job_partition_set", "days_job")
    assert [one["name"] for one in found["partitionsOrError"]["results"]] == ["2013-01-07", "2013-01-06"]
    statuses = {one["partitionName"]: one["runStatus"] for one in found["partitionStatusesOrError"]["results"]}
    assert (statuses["2013-01-01"], statuses["2013-01-03"], statuses["2013-01-07"]) == ("SUCCESS", "FAILURE", None)
    assert filled.ask(document, selector=PLACE, job="growth")["partitionSetsOrError"]["results"] == []
    assert filled.ask(document, selector=PLACE, job="no")["partitionSetsOrError"]["__typename"] == "PipelineNotFoundError"


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"assetSelection": [{"path": ["sales"]}], "partitionNames": ["2013-02-01"]}, "PartitionKeysNotFoundError"),
        ({"assetSelection": [{"path": ["sales"]}]}, "PythonError"),
        ({"assetSelection": [{"path": ["nothing"]}], "allPartitions": True}, "InvalidSubsetError"),
        ({"selector": {"partitionSetName": "no_set", "repositorySelector": PLACE}, "partitionNames": ["a"]}, "PartitionSetNotFoundError"),
        ({}, "PythonError"),
        ({"assetSelection": [{"path": ["picky"]}], "runConfigData": PICKY}, "RunConfigValidationInvalid"),
    ],
)  # fmt: skip
def test_a_backfill_that_cannot_be_is_refused_before_anything_is_recorded(filled: Any, params: dict[str, Any], told: str) -> None:
    before = filled.instance.reader.last_seq()
    assert filled.ask(LAUNCH, params=params)["launchPartitionBackfill"]["__typename"] == told
    assert filled.ask(LAUNCH, read_only=True, params=params)["launchPartitionBackfill"]["__typename"] == "UnauthorizedError"
    assert filled.instance.reader.last_seq() == before


def test_a_backfill_of_assets_is_started_and_stopped(new_shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr("nbasset.commands.background_backfill._spawn", lambda instance, text: started.append(text))
    ranges = {"assetKey": {"path": ["sales"]}, "partitions": {"range": {"start": "2013-01-01", "end": "2013-01-02"}}}
    params = {"partitionsByAssets": [ranges], "title": "two days", "tags": [{"key": "dagster/team", "value": "data"}]}
    found = new_shop.ask(LAUNCH, params=params)["launchPartitionBackfill"]
    record = new_shop.instance.reader.backfill(found["backfillId"])
    assert (record.title, dict(record.tags), len(record.targets[0].partitions)) == ("two days", {"nbasset/team": "data"}, 2)
    cancel = """mutation ($id: String!) { cancelPartitionBackfill(backfillId: $id) { __typename
      ... on CancelBackfillSuccess { backfillId } ... on PythonError { message } } }"""
    assert new_shop.ask(cancel, id=found["backfillId"])["cancelPartitionBackfill"] == {
        "__typename": "CancelBackfillSuccess", "backfillId": found["backfillId"],
    }  # fmt: skip
    assert (new_shop.instance.reader.backfill(found["backfillId"]).status, len(started)) == ("cancelled", 1)
    for mutation in ("resume", "pause"):
        document = (
            f"""mutation {{ {mutation}PartitionBackfill(backfillId: "nothing") {{ __typename ... on PythonError {{ className }} }} }}"""
        )
        assert new_shop.ask(document)[f"{mutation}PartitionBackfill"]["className"] == "UnknownBackfill"


def test_a_job_of_ops_has_a_queued_run_for_each_partition(new_shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    new_shop.file.write_text(
        new_shop.file.read_text(encoding="utf-8").replace("def growth(): tell", "def plain(): tell").replace(
            "morning = ", "growth = plain.changed(name=\"growth\", partitions_def=days)\nmorning = "
        ),
        encoding="utf-8",
    )  # fmt: skip
    new_shop.workspace.reload()
    monkeypatch.setattr("nbasset.commands.background.start_queued", lambda instance: ())  # whoever looks next starts them
    selector = {"partitionSetName": "growth_partition_set", "repositorySelector": PLACE}
    params = {"selector": selector, "partitionNames": ["2013-01-01", "2013-01-02"]}
    found = new_shop.ask(LAUNCH, params=params)["launchPartitionBackfill"]
    runs = [new_shop.instance.get_run_by_id(one) for one in found["launchedRunIds"]]
    assert [(run.job, run.status, run.tags["nbasset/partition"]) for run in runs] == [
        ("growth", "queued", "2013-01-01"), ("growth", "queued", "2013-01-02"),
    ]  # fmt: skip
    assert {run.tags["nbasset/backfill"] for run in runs} == {found["backfillId"]}


def test_the_rest_of_a_backfill_is_asked_for_again(filled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    monkeypatch.setattr("nbasset.commands.background_backfill._spawn", lambda instance, text: started.append(text))
    document = """mutation ($params: ReexecutionParams) { reexecutePartitionBackfill(reexecutionParams: $params) { __typename
      ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
    params = {"parentRunId": filled.ended, "strategy": "FROM_FAILURE"}
    again = filled.ask(document, params=params)["reexecutePartitionBackfill"]["backfillId"]
    record = filled.instance.reader.backfill(again)
    definition = filled.scope.catalog.by_key[record.targets[0].asset].partitions_def
    assert definition.keys_of(record.targets[0].partitions, filled.instance.key_table) == ["2013-01-03", "2013-01-04"]
    assert len(started) == 1
    filled.ask("mutation ($id: String!) { cancelPartitionBackfill(backfillId: $id) { __typename } }", id=again)


def test_all_partitions_and_a_job_are_read_as_the_command_line_reads_them(filled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nbasset.commands.background_backfill._spawn", lambda instance, text: None)
    key = filled.scope.catalog.assets[2].key
    everything = launch_asked(filled.scope, AskedBackfill((key,), everything=True, title="all"))
    failed = launch_asked(filled.scope, AskedBackfill((key,), everything=True, only_failed=True))
    job = launch_asked(filled.scope, AskedBackfill(job="days_job", partitions=("2013-01-05",)))
    sizes = [filled.instance.reader.backfill(one.backfill_id) for one in (everything, failed, job)]
    assert [len(record.targets[0].partitions) for record in sizes] == [7, 2, 1]
    assert sizes[2].title == "job days_job"
    for one in (everything, failed, job):
        filled.ask("mutation ($id: String!) { cancelPartitionBackfill(backfillId: $id) { __typename } }", id=one.backfill_id)


def test_dynamic_partitions_are_added_once_and_deleted_with_their_records(new_shop: Any) -> None:
    add = """mutation ($place: RepositorySelector!, $key: String!) {
      addDynamicPartition(partitionKey: $key, partitionsDefName: "customers", repositorySelector: $place) { __typename
        ... on AddDynamicPartitionSuccess { partitionsDefName partitionKey } ... on Error { message } } }"""
    assert new_shop.ask(add, place=PLACE, key="ada")["addDynamicPartition"]["partitionKey"] == "ada"
    assert new_shop.ask(add, place=PLACE, key="ada")["addDynamicPartition"]["__typename"] == "DuplicateDynamicPartitionError"
    wrong = add.replace("customers", "customer")
    assert "Did you mean 'customers'" in new_shop.ask(wrong, place=PLACE, key="bob")["addDynamicPartition"]["message"]
    new_shop.materialize("letters", partition_keys=["ada"])
    delete = """mutation ($place: RepositorySelector!) { deleteDynamicPartitions(partitionKeys: ["ada"], partitionsDefName: "customers",
      repositorySelector: $place, wipeMaterializations: true) { ... on DeleteDynamicPartitionsSuccess { partitionsDefName } } }"""
    assert new_shop.ask(delete, place=PLACE)["deleteDynamicPartitions"]["partitionsDefName"] == "customers"
    assert new_shop.instance.get_dynamic_partitions("customers") == []
    assert not new_shop.instance.get_materialized_partitions("letters")
