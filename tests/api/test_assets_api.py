"""Assets over GraphQL: what is defined, what was made, how it stands; documents such as clients of the reference send."""

from __future__ import annotations

from typing import Any

DETAILS = """
query AssetDetails($keys: [AssetKeyInput!]) {
  assetNodes(assetKeys: $keys) {
    id assetKey { path } groupName description computeKind kinds isExecutable isMaterializable isObservable isPartitioned
    owners { ... on UserAssetOwner { email } ... on TeamAssetOwner { team } }
    tags { key value } jobNames opNames op { name } hasMaterializePermission: isExecutable
    dependencyKeys { path } dependedByKeys { path }
    metadataEntries { label description ... on TextMetadataEntry { text } }
    automationCondition { label expandedLabel }
    freshnessPolicy { maximumLagMinutes cronSchedule }
    freshnessInfo { currentLagMinutes currentMinutesLate }
    backfillPolicy { maxPartitionsPerRun }
    partitionDefinition { description type name dimensionTypes { name type } }
    partitionKeys
    assetMaterializations(limit: 1) {
      runId timestamp partition stepKey message label tags { key value }
      metadataEntries {
        __typename label
        ... on UrlMetadataEntry { url } ... on FloatMetadataEntry { floatValue } ... on IntMetadataEntry { intValue intRepr }
        ... on TableSchemaMetadataEntry { schema { columns { name type constraints { nullable } } } }
      }
    }
  }
}
"""


def keys(*names: str) -> list[dict[str, Any]]:
    return [{"path": [name]} for name in names]


def test_an_asset_says_what_is_defined_of_it_and_what_was_made_last(shop: Any) -> None:
    (found,) = shop.ask(DETAILS, keys=keys("orders"))["assetNodes"]
    assert found["assetKey"] == {"path": ["orders"]}
    assert (found["groupName"], found["description"], found["kinds"], found["computeKind"]) == ("raw", "What was ordered.", ["csv"], "csv")
    assert found["owners"] == [{"email": "ann@example.org"}, {"team": "data"}]
    assert (found["isExecutable"], found["isObservable"], found["isPartitioned"]) == (True, False, False)
    assert (found["jobNames"], found["opNames"], found["op"]) == (["__ASSET_JOB", "morning"], ["orders"], {"name": "orders"})
    assert (found["dependencyKeys"], found["dependedByKeys"]) == ([], [{"path": ["total"]}])
    assert found["tags"] == [{"key": "tier", "value": "1"}]
    assert found["metadataEntries"] == [{"label": "about", "description": None, "text": "money"}]
    (made,) = found["assetMaterializations"]
    run = shop.instance.get_run_by_id(made["runId"])
    assert (run.status, made["partition"], made["stepKey"]) == ("success", None, "orders")
    entries = {one["label"]: one for one in made["metadataEntries"]}
    assert entries["source"]["url"] == "https://x.org"
    assert (entries["share"]["floatValue"], entries["made"]["intValue"]) == (0.5, 3)
    assert entries["shape"]["schema"]["columns"] == [{"name": "id", "type": "int64", "constraints": {"nullable": True}}]


def test_an_asset_says_when_it_is_to_be_made_and_how_fresh_it_has_to_be(shop: Any) -> None:
    total, sales, upload = shop.ask(DETAILS, keys=keys("total", "sales", "upload"))["assetNodes"]
    assert total["automationCondition"]["label"] == "eager"
    assert total["automationCondition"]["expandedLabel"][:2] == ["in_latest_time_window", "AND"]
    assert total["freshnessPolicy"] == {"maximumLagMinutes": 1440.0, "cronSchedule": None}
    assert total["freshnessInfo"]["currentMinutesLate"] == 0
    assert sales["backfillPolicy"] == {"maxPartitionsPerRun": 2}
    assert (upload["isObservable"], upload["isMaterializable"], upload["isExecutable"]) == (True, False, True)


def test_without_keys_all_assets_are_told_and_a_group_or_job_chooses_among_them(shop: Any) -> None:
    names = "{ assetNodes { assetKey { path } } }"
    assert len(shop.ask(names)["assetNodes"]) == len(shop.scope.catalog.assets)
    place = {"repositoryName": "__repository__", "repositoryLocationName": shop.scope.location.name}
    group = "query ($group: AssetGroupSelector) { assetNodes(group: $group) { assetKey { path } } }"
    assert shop.ask(group, group={"groupName": "raw", **place})["assetNodes"] == [{"assetKey": {"path": ["orders"]}}]
    job = "query ($job: PipelineSelector) { assetNodes(pipeline: $job) { assetKey { path } } }"
    found = shop.ask(job, job={"pipelineName": "morning", **place})["assetNodes"]
    assert [one["assetKey"]["path"] for one in found] == [["orders"], ["total"]]


def test_partitions_of_an_asset_are_told_as_ranges_and_counted(shop: Any) -> None:
    document = """
    query ($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { __typename ... on AssetNode {
      partitionStats { numMaterialized numPartitions numFailed numMaterializing }
      assetPartitionStatuses { __typename ... on TimePartitionStatuses { ranges { startKey endKey status startTime endTime } } }
      partitionKeysByDimension { name partitionKeys type }
      latestMaterializationByPartition(partitions: ["2013-01-02", "2013-01-05"]) { partition runId }
    } ... on AssetNotFoundError { message } } }
    """
    found = shop.ask(document, key={"path": ["sales"]})["assetNodeOrError"]
    assert found["partitionStats"] == {"numMaterialized": 2, "numPartitions": 7, "numFailed": 1, "numMaterializing": 0}
    assert [(one["startKey"], one["endKey"], one["status"]) for one in found["assetPartitionStatuses"]["ranges"]] == [
        ("2013-01-01", "2013-01-02", "MATERIALIZED"), ("2013-01-03", "2013-01-03", "FAILED"),
    ]  # fmt: skip
    assert found["partitionKeysByDimension"][0]["partitionKeys"][0] == "2013-01-01"
    first, second = found["latestMaterializationByPartition"]
    assert (first["partition"], second) == ("2013-01-02", None)
    assert shop.ask(document, key={"path": ["nothing"]})["assetNodeOrError"]["__typename"] == "AssetNotFoundError"


def test_dependencies_are_told_with_how_partitions_belong_together(shop: Any) -> None:
    document = """
    query ($keys: [AssetKeyInput!]) { assetNodes(assetKeys: $keys) {
      dependencies { asset { assetKey { path } partitionStats { numMaterialized } } partitionMapping { className description } }
      partitionDefinition { type dimensionTypes { name type dynamicPartitionsDefinitionName } }
    } }
    """
    by_shop, letters = shop.ask(document, keys=keys("by_shop", "letters"))["assetNodes"]
    assert by_shop["dependencies"][0]["asset"] == {"assetKey": {"path": ["sales"]}, "partitionStats": {"numMaterialized": 2}}
    assert [one["name"] for one in by_shop["partitionDefinition"]["dimensionTypes"]] == ["day", "shop"]
    assert letters["partitionDefinition"]["dimensionTypes"] == [
        {"name": "default", "type": "DYNAMIC", "dynamicPartitionsDefinitionName": "customers"}
    ]


def test_staleness_is_told_with_its_causes(shop: Any) -> None:
    document = """
    query ($keys: [AssetKeyInput!]) { assetNodes(assetKeys: $keys) {
      staleStatus staleCauses { key { path } category reason dependency { path } }
    } }
    """
    orders, picky, sales, upload = shop.ask(document, keys=keys("orders", "picky", "sales", "upload"))["assetNodes"]
    assert (orders["staleStatus"], orders["staleCauses"]) == ("FRESH", [])
    assert (picky["staleStatus"], sales["staleStatus"], upload["staleStatus"]) == ("MISSING", "MISSING", None)
    day = shop.ask(
        '{ assetNodes(assetKeys: [{path: "sales"}]) { a: staleStatus(partition: "2013-01-01") b: staleStatus(partition: "2013-01-05") } }'
    )
    assert day["assetNodes"] == [{"a": "FRESH", "b": "MISSING"}]


def test_a_changed_input_is_the_cause_of_staleness(new_shop: Any) -> None:
    new_shop.materialize("orders, total")
    new_shop.file.write_text(new_shop.file.read_text(encoding="utf-8").replace("[1, 2, 3]", "[1, 2, 4]"), encoding="utf-8")
    new_shop.workspace.reload()
    document = """
    { assetNodes(assetKeys: [{path: "orders"}, {path: "total"}]) {
      staleStatus staleCauses { key { path } category reason dependency { path } }
    } }
    """
    orders, total = new_shop.ask(document)["assetNodes"]
    assert (orders["staleStatus"], total["staleStatus"]) == ("STALE", "STALE")
    assert (orders["staleCauses"][0]["category"], orders["staleCauses"][0]["key"]) == ("CODE", {"path": ["orders"]})
    assert (total["staleCauses"][0]["category"], total["staleCauses"][0]["dependency"]) == ("CODE", {"path": ["orders"]})


def test_a_recorded_asset_tells_its_history_its_observations_and_its_health(shop: Any) -> None:
    document = """
    query ($keys: [AssetKeyInput!]) { assetsOrError(assetKeys: $keys) { __typename ... on AssetConnection { nodes {
      id key { path } definition { groupName }
      latestMaterializationTimestamp latestFailedToMaterializeTimestamp
      assetMaterializations(limit: 5) { runId partition timestamp } assetObservations(limit: 5) { runId timestamp partition }
      assetHealth {
        assetHealth materializationStatus assetChecksStatus freshnessStatus
        materializationStatusMetadata { __typename
          ... on AssetHealthMaterializationDegradedPartitionedMeta { numFailedPartitions numMissingPartitions totalNumPartitions } }
        assetChecksStatusMetadata { __typename ... on AssetHealthCheckWarningMeta { numWarningChecks totalNumChecks } }
        freshnessStatusMetadata { lastMaterializedTimestamp }
      }
    } cursor } ... on PythonError { message } } }
    """
    found = shop.ask(document, keys=keys("orders", "sales", "upload", "picky"))["assetsOrError"]["nodes"]
    orders, sales, upload, picky = found
    assert orders["id"] == '["orders"]'
    assert float(orders["assetMaterializations"][0]["timestamp"]) == float(int(orders["latestMaterializationTimestamp"]))
    assert orders["assetHealth"]["assetHealth"] == "WARNING"
    assert orders["assetHealth"]["assetChecksStatusMetadata"] == {
        "__typename": "AssetHealthCheckWarningMeta", "numWarningChecks": 1, "totalNumChecks": 2,
    }  # fmt: skip
    assert [one["partition"] for one in sales["assetMaterializations"]] == ["2013-01-02", "2013-01-01"]
    assert sales["assetHealth"]["materializationStatusMetadata"] == {
        "__typename": "AssetHealthMaterializationDegradedPartitionedMeta", "numFailedPartitions": 1, "numMissingPartitions": 4,
        "totalNumPartitions": 7,
    }  # fmt: skip
    assert (len(upload["assetObservations"]), upload["assetMaterializations"]) == (1, [])
    assert (picky["assetHealth"]["assetHealth"], picky["latestMaterializationTimestamp"]) == ("UNKNOWN", None)


def test_assets_are_paged_by_the_key_of_the_last_one(shop: Any) -> None:
    document = """query ($cursor: String, $prefix: [String!]) {
      assetRecordsOrError(cursor: $cursor, limit: 4, prefix: $prefix) { ... on AssetRecordConnection { assets { id key { path } } cursor } }
      assetsOrError(cursor: $cursor, limit: 4, prefix: $prefix) { ... on AssetConnection { nodes { key { path } } cursor } }
    }"""
    names, cursor = [], None
    while True:
        page = shop.ask(document, cursor=cursor)
        assert [one["key"] for one in page["assetsOrError"]["nodes"]] == [one["key"] for one in page["assetRecordsOrError"]["assets"]]
        if not page["assetRecordsOrError"]["assets"]:
            break
        names += [one["key"]["path"][0] for one in page["assetRecordsOrError"]["assets"]]
        cursor = page["assetRecordsOrError"]["cursor"]
    assert names == sorted(str(key) for key in shop.scope.catalog.by_key)
    assert shop.ask(document, prefix=["orders"])["assetsOrError"]["nodes"] == [{"key": {"path": ["orders"]}}]


def test_checks_of_an_asset_are_told_with_what_they_came_to(shop: Any) -> None:
    document = """
    query ($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode { assetChecksOrError(limit: 10) { __typename
      ... on AssetChecks { checks { name assetKey { path } description blocking jobNames canExecuteIndividually
        executionForLatestMaterialization { id runId status timestamp stepKey
          evaluation { severity success metadataEntries { label } } } } }
    } } } }
    """
    checks = shop.ask(document, key={"path": ["orders"]})["assetNodeOrError"]["assetChecksOrError"]["checks"]
    by_name = {one["name"]: one for one in checks}
    assert (by_name["many_rows"]["blocking"], by_name["many_rows"]["description"]) == (True, "never true")
    assert by_name["some_rows"]["jobNames"] == ["__ASSET_JOB", "morning"]
    last = by_name["some_rows"]["executionForLatestMaterialization"]
    assert (last["status"], last["evaluation"]["metadataEntries"]) == ("SUCCEEDED", [{"label": "rows"}])
    failed = by_name["many_rows"]["executionForLatestMaterialization"]
    assert (failed["status"], failed["evaluation"]["severity"]) == ("FAILED", "WARN")
    history = shop.ask(
        """query ($key: AssetKeyInput!) { assetCheckExecutions(assetKey: $key, checkName: "many_rows", limit: 5) {
             id runId status timestamp partition evaluation { success severity description } } }""",
        key={"path": ["orders"]},
    )["assetCheckExecutions"]
    assert [(one["id"], one["status"]) for one in history] == [(failed["id"], "FAILED")]


def test_what_has_to_be_made_together_and_what_two_locations_define_is_told(shop: Any) -> None:
    document = """query ($keys: [AssetKeyInput!]!) {
      assetNodeAdditionalRequiredKeys(assetKeys: $keys) { path } assetNodeDefinitionCollisions(assetKeys: $keys) { assetKey { path } }
    }"""
    assert shop.ask(document, keys=keys("left")) == {
        "assetNodeAdditionalRequiredKeys": [{"path": ["right"]}], "assetNodeDefinitionCollisions": [],
    }  # fmt: skip


def test_records_are_given_up_by_ranges_of_partitions_or_whole(new_shop: Any) -> None:
    new_shop.materialize("orders")
    new_shop.materialize("sales", partition_keys=["2013-01-01", "2013-01-02"])
    document = """mutation ($ranges: [PartitionsByAssetSelector!]!) { wipeAssets(assetPartitionRanges: $ranges) { __typename
      ... on AssetWipeSuccess { assetPartitionRanges { assetKey { path } partitionRange { start end } } } ... on Error { message } } }"""
    days = {"range": {"start": "2013-01-01", "end": "2013-01-01"}}
    found = new_shop.ask(document, ranges=[{"assetKey": {"path": ["sales"]}, "partitions": days}, {"assetKey": {"path": ["orders"]}}])
    assert found["wipeAssets"]["assetPartitionRanges"] == [
        {"assetKey": {"path": ["sales"]}, "partitionRange": {"start": "2013-01-01", "end": "2013-01-01"}},
        {"assetKey": {"path": ["orders"]}, "partitionRange": None},
    ]
    assert new_shop.instance.get_materialized_partitions("sales") == {"2013-01-02"}
    assert not new_shop.instance.has_asset_key("orders")
    assert new_shop.ask(document, ranges=[{"assetKey": {"path": ["nothing"]}}])["wipeAssets"]["__typename"] == "AssetNotFoundError"
    refused = new_shop.ask(document, read_only=True, ranges=[{"assetKey": {"path": ["sales"]}}])["wipeAssets"]
    assert (refused["__typename"], "read-only" in refused["message"]) == ("UnauthorizedError", True)


def test_what_something_outside_made_is_told_for_each_partition(new_shop: Any) -> None:
    document = """mutation ($params: ReportRunlessAssetEventsParams!) { reportRunlessAssetEvents(eventParams: $params) { __typename
      ... on ReportRunlessAssetEventsSuccess { assetKey { path } } ... on PythonError { message } } }"""
    params = {"eventType": "ASSET_MATERIALIZATION", "assetKey": {"path": ["sales"]}, "partitionKeys": ["2013-01-01", "2013-01-02"],
              "description": "by hand"}  # fmt: skip
    assert new_shop.ask(document, params=params)["reportRunlessAssetEvents"]["assetKey"] == {"path": ["sales"]}
    found = new_shop.ask(
        '{ assetOrError(assetKey: {path: "sales"}) { ... on Asset { assetMaterializations { partition description runId stepKey } } } }'
    )["assetOrError"]["assetMaterializations"]
    assert found == [
        {"partition": day, "description": "by hand", "runId": "", "stepKey": None} for day in ("2013-01-02", "2013-01-01")
    ]  # fmt: skip
    wrong = {**params, "partitionKeys": ["2013-01-04", "no day"]}
    assert "no day" in new_shop.ask(document, params=wrong)["reportRunlessAssetEvents"]["message"]
    assert new_shop.instance.get_materialized_partitions("sales") == {"2013-01-01", "2013-01-02"}


def test_what_happened_last_to_assets_is_told_for_all_of_them(shop: Any) -> None:
    document = """query ($keys: [AssetKeyInput!]!) { assetsLatestInfo(assetKeys: $keys) { id assetKey { path }
      latestMaterialization { timestamp runId partition } unstartedRunIds inProgressRunIds latestRun { runId status } } }"""
    orders, sales, picky = shop.ask(document, keys=keys("orders", "sales", "picky"))["assetsLatestInfo"]
    assert orders["latestMaterialization"]["runId"] == orders["latestRun"]["runId"]
    assert (sales["latestMaterialization"]["partition"], sales["latestRun"]["status"]) == ("2013-01-02", "FAILURE")
    assert (picky["latestMaterialization"], picky["latestRun"], picky["inProgressRunIds"]) == (None, None, [])


def test_the_history_of_one_partition_is_read_alone(shop: Any) -> None:
    document = """{ assetOrError(assetKey: {path: "sales"}) { ... on Asset {
      one: assetMaterializations(partitions: ["2013-01-01"]) { partition }
      none: assetMaterializations(partitions: ["2013-01-05"]) { partition }
      wrong: assetMaterializations(partitions: ["x"]) { partition } } } }"""
    assert shop.ask(document)["assetOrError"] == {"one": [{"partition": "2013-01-01"}], "none": [], "wrong": []}
