"""Runs over GraphQL: lists, single ones, steps, what they printed."""

from __future__ import annotations

from typing import Any

import pytest

from nbasset.api.execute import execute

NAMED = "query($id: ID!) {runOrError(runId: $id) {__typename ... on Run {RUN} ... on Error {message}}}"


def one(project: Any, run_id: str, fields: str) -> dict[str, Any]:
    found: dict[str, Any] = project.ask(NAMED.replace("{RUN}", f"{{{fields}}}"), id=run_id)["runOrError"]
    return found


def newest(project: Any, fields: str, arguments: str = "(limit: 10)") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = project.ask(f"{{runsOrError{arguments} {{... on Runs {{results {{{fields}}}}}}}}}")["runsOrError"][
        "results"
    ]
    return found


def test_runs_come_newest_first_in_pages_that_begin_after_a_run(shop: Any) -> None:
    every = [run["id"] for run in newest(shop, "id")]
    assert len(every) == 4
    assert [run["id"] for run in newest(shop, "id", f'(limit: 2, cursor: "{every[1]}")')] == every[2:4]
    assert [run["id"] for run in newest(shop, "id", f'(cursor: "{every[-1]}")')] == []


def test_a_run_tells_what_it_made_and_how_it_ended(shop: Any) -> None:
    failed = newest(shop, "id status", "(filter: {statuses: [FAILURE]})")
    assert [run["status"] for run in failed] == ["FAILURE"]
    told = one(
        shop,
        failed[0]["id"],
        "runId jobName pipelineName mode title failureText canTerminate assetSelection {path} stepCounts {status count}",
    )
    assert told == {
        "__typename": "Run", "runId": failed[0]["id"], "jobName": "__ASSET_JOB", "pipelineName": "__ASSET_JOB", "mode": "default",
        "title": "sales, 1 partition", "failureText": told["failureText"], "canTerminate": False, "assetSelection": [{"path": ["sales"]}],
        "stepCounts": [{"status": "FAILURE", "count": 1}],
    }  # fmt: skip
    assert told["failureText"].endswith("ValueError: no third")


def test_the_steps_of_a_run_have_times_and_what_they_made(shop: Any) -> None:
    first = newest(shop, "id")[-1]["id"]
    told = one(
        shop,
        first,
        "stats {... on RunStatsSnapshot {stepsSucceeded materializations}} "
        "stepStats {stepKey status startTime endTime materializations {assetKey {path}}}",
    )
    assert told["stats"] == {"stepsSucceeded": 5, "materializations": 2}
    steps = {step["stepKey"]: step for step in told["stepStats"]}
    assert steps["orders"]["status"] == "SUCCESS"
    assert steps["orders"]["startTime"] <= steps["orders"]["endTime"]
    assert steps["orders"]["materializations"] == [{"assetKey": {"path": ["orders"]}}]


class Counted:
    """A reader that keeps in mind which runs' events were read."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader
        self.reads: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    def entries(self, **options: Any) -> Any:
        self.reads.append(str(options.get("run")))
        return self._reader.entries(**options)


def test_a_list_reads_the_runs_once_whatever_is_asked_of_each(shop: Any) -> None:
    document = "{runsOrError(limit: 10) {... on Runs {results {FIELDS}}}}"
    for fields, reads in (
        ("id stats {... on RunStatsSnapshot {materializations}} stepStats {stepKey status} stepCounts {count}", 4),
        ("id status tags {key value} startTime", 0),
    ):
        context = shop.context()
        context.__dict__["reader"] = counted = Counted(context.reader)
        assert "errors" not in execute(document.replace("FIELDS", fields), None, None, context)
        assert len(counted.reads) == len(set(counted.reads)) == reads


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({"statuses": ["SUCCESS"]}, 3), ({"statuses": ["MANAGED"]}, 0), ({"pipelineName": "__ASSET_JOB"}, 4),
        ({"pipelineName": "growth"}, 0), ({"tags": [{"key": "dagster/backfill", "value": "none"}]}, 0), ({"mode": "default"}, 4),
        ({"snapshotId": "x"}, 0), ({"runIds": []}, 0),
        ({"createdAfter": 1.0, "createdBefore": 9e9}, 4), ({"updatedBefore": 1.0}, 0), ({"assetKey": {"path": ["orders"]}}, 1),
    ],
)  # fmt: skip
def test_a_filter_names_what_all_runs_of_the_answer_have(shop: Any, asked: dict[str, Any], count: int) -> None:
    document = """query($filter: RunsFilter) {
        runsOrError(filter: $filter) {... on Runs {count results {id}}} runIdsOrError(filter: $filter) {... on RunIds {results}}
    }"""
    told = shop.ask(document, filter=asked)
    assert (told["runsOrError"]["count"], len(told["runIdsOrError"]["results"])) == (count, count)


def test_an_unknown_run_is_told_as_one(shop: Any) -> None:
    document = """{
        runOrError(runId: "x") {__typename ... on Error {message}}
        pipelineRunOrError(runId: "x") {... on PipelineRunNotFoundError {runId message}}
    }"""
    told = shop.ask(document)
    assert told["runOrError"] == {"__typename": "RunNotFoundError", "message": "no run 'x' is recorded here."}
    assert told["pipelineRunOrError"]["runId"] == "x"


def test_a_run_is_found_by_the_beginning_of_its_id(shop: Any) -> None:
    run = newest(shop, "id")[0]["id"]
    assert one(shop, run[:8], "id") == {"__typename": "Run", "id": run}
    assert one(shop, "0" * 8, "id")["__typename"] == "RunNotFoundError"
    assert "last" not in run
    assert one(shop, "last", "id")["__typename"] == "RunNotFoundError"


def test_tags_have_the_names_that_clients_know(shop: Any) -> None:
    keys = shop.ask("{runTagKeysOrError {... on RunTagKeys {keys}}}")["runTagKeysOrError"]["keys"]
    assert "dagster/code_location" in keys
    new = shop.ask('{runTagsOrError(tagKeys: ["dagster/code_location"]) {... on RunTags {tags {key values}}}}')
    assert new["runTagsOrError"]["tags"] == [{"key": "dagster/code_location", "values": ["corner_shop"]}]


def test_what_steps_print_is_read_in_pieces(new_shop: Any) -> None:
    folder = new_shop.instance.home.run_folder("r1") / "steps"
    folder.mkdir(parents=True)
    (folder / "orders.2.out").write_text("grün\nmehr", encoding="utf-8")
    (folder / "orders.1.out").write_text("one", encoding="utf-8")
    document = "query($cursor: String, $key: [String!]!) {capturedLogs(logKey: $key, cursor: $cursor, limit: 3) {stdout stderr cursor}}"
    key = ["r1", "compute_logs", "orders"]
    pieces, cursor = [], None
    while True:
        told = new_shop.ask(document, cursor=cursor, key=key)["capturedLogs"]
        if not told["stdout"]:
            break
        pieces.append(told["stdout"])
        cursor = told["cursor"]
    assert "".join(pieces) == "grün\nmehr"
    assert pieces[0] == "gr"  # a character is never cut
    assert new_shop.ask(document, key=["r1", "compute_logs", "orders.1"])["capturedLogs"]["stdout"] == "one"
    where = new_shop.ask(
        "query($key: [String!]!) {capturedLogsMetadata(logKey: $key) {stdoutLocation stdoutDownloadUrl stderrLocation}}", key=key
    )
    assert where["capturedLogsMetadata"] == {
        "stdoutLocation": str(folder / "orders.2.out"), "stdoutDownloadUrl": "/logs/r1/steps/orders.2.out", "stderrLocation": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    "key", [["../..", "compute_logs", "x"], ["r1", "compute_logs", "../../../etc/passwd"], ["r1", "other", "x"], ["r1"], []]
)
def test_a_log_key_never_leads_out_of_the_folder_of_runs(new_shop: Any, key: list[str]) -> None:
    document = "query($key: [String!]!) {capturedLogs(logKey: $key) {stdout}}"
    answer = execute(document, {"key": key}, None, new_shop.context())
    assert answer.get("data") is None or answer["data"]["capturedLogs"]["stdout"] is None


def test_the_instance_tells_of_its_daemon_and_what_callers_may_do(shop: Any) -> None:
    document = """{
        version instance {id hasInfo runQueuingSupported daemonHealth {allDaemonStatuses {daemonType healthy required}}}
        permissions {value}
    }"""
    told = shop.ask(document)
    assert {one["daemonType"]: one["healthy"] for one in told["instance"]["daemonHealth"]["allDaemonStatuses"]}["SCHEDULER"] is False
    assert {one["value"] for one in told["permissions"]} == {True}
    assert {one["value"] for one in shop.ask("{permissions {value}}", read_only=True)["permissions"]} == {False}
