"""Schedules and sensors over GraphQL: whether they are on, what their ticks came to, switching them, looking ahead."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from nbasset.events.facts import ErrorInfo, InstigatorId
from nbasset.events.kinds import TickEvaluated, TickMissed

PLACE = {"repositoryName": "__repository__", "repositoryLocationName": "corner_shop"}
STATE = "id selectorId name instigationType status typeSpecificData { __typename ... on SensorData { lastCursor lastRunKey } }"


def test_schedules_are_listed_with_when_they_run_and_what_they_start(shop: Any) -> None:
    document = f"""query ($selector: RepositorySelector!) {{ schedulesOrError(repositorySelector: $selector) {{
      __typename ... on Schedules {{
      results {{ id name cronSchedule cronText targetText pipelineName executionTimezone description scheduleState {{ {STATE} }}
        futureTicks(cursor: 1704067200, limit: 3) {{ results {{ timestamp }} }} }} }} ... on RepositoryNotFoundError {{ message }} }} }}"""
    hourly, nightly = shop.ask(document, selector=PLACE)["schedulesOrError"]["results"]
    assert (nightly["name"], nightly["cronSchedule"], nightly["executionTimezone"]) == ("nightly", "0 6 * * *", "Europe/Berlin")
    assert (nightly["pipelineName"], nightly["description"], hourly["pipelineName"]) == ("morning", "early", "growth")
    assert nightly["scheduleState"]["status"] == "STOPPED"
    assert (
        nightly["id"] == nightly["scheduleState"]["id"] == f"{nightly['id'].partition('::')[0]}::{nightly['scheduleState']['selectorId']}"
    )
    ticks = [datetime.fromtimestamp(one["timestamp"], UTC).hour for one in nightly["futureTicks"]["results"]]
    assert ticks == [5, 5, 5]
    wrong = shop.ask(document, selector={**PLACE, "repositoryLocationName": "nowhere"})["schedulesOrError"]
    assert wrong["__typename"] == "RepositoryNotFoundError"


def test_sensors_are_listed_with_their_kinds_and_targets(shop: Any) -> None:
    document = f"""query ($selector: RepositorySelector!) {{ sensorsOrError(repositorySelector: $selector) {{ ... on Sensors {{ results {{
      id name sensorType minIntervalSeconds targets {{ pipelineName }} targetText sensorState {{ {STATE} }}
      nextTick {{ timestamp }} }} }} }} }}"""
    conditions, inbox = shop.ask(document, selector=PLACE)["sensorsOrError"]["results"]
    assert (conditions["sensorType"], inbox["sensorType"]) == ("AUTOMATION", "STANDARD")
    assert (inbox["targets"], inbox["minIntervalSeconds"], inbox["nextTick"]) == ([{"pipelineName": "growth"}], 60, None)
    assert inbox["sensorState"]["typeSpecificData"] == {"__typename": "SensorData", "lastCursor": None, "lastRunKey": None}


def test_a_schedule_is_started_stopped_by_either_id_and_reset(new_shop: Any) -> None:
    result = "{ __typename ... on ScheduleStateResult { scheduleState { id selectorId status } } ... on Error { message } }"
    selector = {**PLACE, "scheduleName": "nightly"}
    start = f"mutation ($selector: ScheduleSelector!) {{ startSchedule(scheduleSelector: $selector) {result} }}"
    state = new_shop.ask(start, selector=selector)["startSchedule"]["scheduleState"]
    assert state["status"] == "RUNNING"
    stop = (
        "mutation ($origin: String, $selector: String, $id: String)"
        f"{{ stopRunningSchedule(scheduleOriginId: $origin, scheduleSelectorId: $selector, id: $id) {result} }}"
    )
    for ids in ({"origin": state["id"], "selector": state["selectorId"]}, {"id": state["id"]}):
        new_shop.ask(start, selector=selector)
        assert new_shop.ask(stop, **ids)["stopRunningSchedule"]["scheduleState"]["status"] == "STOPPED"
    assert new_shop.instance.get_instigator_state("nightly").status == "STOPPED"
    reset = f"mutation ($selector: ScheduleSelector!) {{ resetSchedule(scheduleSelector: $selector) {result} }}"
    assert new_shop.ask(reset, selector=selector)["resetSchedule"]["scheduleState"]["status"] == "STOPPED"
    assert new_shop.instance.get_instigator_state("nightly").status is None
    missing = new_shop.ask(start, selector={**PLACE, "scheduleName": "nightli"})["startSchedule"]
    assert (missing["__typename"], "Did you mean 'nightly'" in missing["message"]) == ("ScheduleNotFoundError", True)
    unknown = new_shop.ask(stop, id="nobody")["stopRunningSchedule"]
    assert unknown["__typename"] == "PythonError"
    refused = new_shop.ask(start, read_only=True, selector=selector)["startSchedule"]
    assert refused["__typename"] == "UnauthorizedError"


def test_a_sensor_is_started_moved_and_stopped(new_shop: Any) -> None:
    selector = {**PLACE, "sensorName": "inbox"}
    result = "{ __typename ... on Sensor { sensorState { id selectorId status typeSpecificData { ... on SensorData { lastCursor } } } } }"
    start = f"mutation ($selector: SensorSelector!) {{ startSensor(sensorSelector: $selector) {result} }}"
    state = new_shop.ask(start, selector=selector)["startSensor"]["sensorState"]
    assert state["status"] == "RUNNING"
    move = f'mutation ($selector: SensorSelector!) {{ setSensorCursor(sensorSelector: $selector, cursor: "7") {result} }}'
    assert new_shop.ask(move, selector=selector)["setSensorCursor"]["sensorState"]["typeSpecificData"] == {"lastCursor": "7"}
    stop = """mutation ($origin: String, $selector: String) { stopSensor(jobOriginId: $origin, jobSelectorId: $selector) { __typename
      ... on StopSensorMutationResult { instigationState { status } } ... on Error { message } } }"""
    found = new_shop.ask(stop, origin=state["id"], selector=state["selectorId"])["stopSensor"]
    assert found["instigationState"] == {"status": "STOPPED"}
    reset = f"mutation ($selector: SensorSelector!) {{ resetSensor(sensorSelector: $selector) {result} }}"
    assert new_shop.ask(reset, selector=selector)["resetSensor"]["sensorState"]["status"] == "STOPPED"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, project: Any) -> Any:
    """A project whose sensor was evaluated a few times, and whose schedule was missed."""
    made = project(tmp_path_factory.mktemp("ticks"))
    inbox, nightly = InstigatorId("corner_shop", "sensor", "inbox"), InstigatorId("corner_shop", "schedule", "nightly")
    second = 1_000_000
    made.instance.storage.append([
        TickEvaluated(11 * second, inbox, "skipped", 10 * second, skip_message="no new file"),
        TickEvaluated(21 * second, inbox, "failure", 20 * second, error=ErrorInfo("ValueError", "no such file")),
        TickEvaluated(31 * second, inbox, "success", 30 * second, run_ids=("r1",), spent=(("a.csv", "r0"),), cursor="9"),
        TickMissed(40 * second, nightly, 3, 36 * second, 39 * second),
    ])  # fmt: skip
    yield made
    made.close()


def test_ticks_are_told_newest_first_with_what_came_of_them(told: Any) -> None:
    document = """query ($selector: InstigationSelector!, $limit: Int, $cursor: String, $statuses: [InstigationTickStatus!]) {
      instigationStateOrError(instigationSelector: $selector) { __typename
      ... on InstigationState { name ticks(limit: $limit, cursor: $cursor, statuses: $statuses) {
        tickId status timestamp endTimestamp runIds runKeys skipReason cursor error { message className } missed lines } }
      ... on InstigationStateNotFoundError { message } } }"""
    inbox = {**PLACE, "name": "inbox"}
    ticks = told.ask(document, selector=inbox)["instigationStateOrError"]["ticks"]
    assert [(one["status"], one["timestamp"]) for one in ticks] == [("SUCCESS", 30.0), ("FAILURE", 20.0), ("SKIPPED", 10.0)]
    assert (ticks[0]["runIds"], ticks[0]["runKeys"], ticks[0]["cursor"], ticks[0]["endTimestamp"]) == (["r1"], ["a.csv"], "9", 31.0)
    assert (ticks[1]["error"]["className"], ticks[2]["skipReason"]) == ("ValueError", "no new file")
    page = told.ask(document, selector=inbox, limit=1, cursor=ticks[0]["tickId"])["instigationStateOrError"]["ticks"]
    assert [one["tickId"] for one in page] == [ticks[1]["tickId"]]
    skipped = told.ask(document, selector=inbox, statuses=["SKIPPED"])["instigationStateOrError"]["ticks"]
    assert [one["tickId"] for one in skipped] == [ticks[2]["tickId"]]
    (missed,) = told.ask(document, selector={**PLACE, "name": "nightly"})["instigationStateOrError"]["ticks"]
    assert (missed["missed"], "no daemon was there" in missed["skipReason"]) == (3, True)
    nobody = told.ask(document, selector={**PLACE, "name": "nobody"})["instigationStateOrError"]
    assert nobody["__typename"] == "InstigationStateNotFoundError"


def test_a_tick_can_be_looked_at_before_it_comes(shop: Any) -> None:
    tick = """{ __typename ... on DryRunInstigationTick { timestamp evaluationResult {
      runRequests { runKey tags { key value } runConfigYaml } skipReason cursor error { message stack place } } }
      ... on Error { message } }"""
    before = shop.instance.reader.last_seq()
    schedule = f"mutation ($selector: ScheduleSelector!, $at: Float) {{ scheduleDryRun(selectorData: $selector, timestamp: $at) {tick} }}"
    at = datetime(2024, 1, 5, 5, tzinfo=UTC).timestamp()
    found = shop.ask(schedule, selector={**PLACE, "scheduleName": "nightly"}, at=at)["scheduleDryRun"]
    assert found["timestamp"] == at
    (request,) = found["evaluationResult"]["runRequests"]
    assert (request["runKey"], {"key": "by", "value": "nightly"} in request["tags"]) == ("r", True)
    sensor = f"mutation ($selector: SensorSelector!, $cursor: String) {{ sensorDryRun(selectorData: $selector, cursor: $cursor) {tick} }}"
    inbox = {**PLACE, "sensorName": "inbox"}
    skipped = shop.ask(sensor, selector=inbox)["sensorDryRun"]["evaluationResult"]
    assert (skipped["runRequests"], skipped["skipReason"], skipped["cursor"]) == ([], "no new file", "7")
    asked = shop.ask(sensor, selector=inbox, cursor="go")["sensorDryRun"]["evaluationResult"]
    assert [one["runKey"] for one in asked["runRequests"]] == ["a"]
    failed = shop.ask(sensor, selector=inbox, cursor="bad")["sensorDryRun"]["evaluationResult"]
    assert (failed["runRequests"], "no such file" in failed["error"]["message"]) == (None, True)
    assert "corner_shop.py" in failed["error"]["place"]
    assert shop.ask(sensor, selector={**PLACE, "sensorName": "no"})["sensorDryRun"]["__typename"] == "SensorNotFoundError"
    assert shop.instance.reader.last_seq() == before


def test_a_condition_tells_which_of_its_parts_hold(shop: Any) -> None:
    document = """query ($key: AssetKeyInput) { assetConditionEvaluationRecordsOrError(assetKey: $key, limit: 5) { __typename
      ... on AssetConditionEvaluationRecords { records { evaluationId numRequested rootUniqueId timestamp runIds
        evaluationNodes { uniqueId userLabel expandedLabel numTrue numCandidates isPartitioned childUniqueIds operatorType } } } } }"""
    (record,) = shop.ask(document, key={"path": ["total"]})["assetConditionEvaluationRecordsOrError"]["records"]
    nodes = {one["uniqueId"]: one for one in record["evaluationNodes"]}
    root = nodes[record["rootUniqueId"]]
    assert (root["userLabel"], root["operatorType"], record["numRequested"]) == ("eager", "and", 0)
    assert set(root["childUniqueIds"]) <= set(nodes)
    assert shop.ask(document, key={"path": ["orders"]})["assetConditionEvaluationRecordsOrError"]["records"] == []
