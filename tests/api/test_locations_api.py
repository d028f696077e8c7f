"""Code locations, their jobs and the graphs of these over GraphQL, and configurations of runs."""

from __future__ import annotations

from typing import Any

import pytest

from nbasset.api.workspace import Here, Workspace
from nbasset.commands.scope import Scope
from nbasset.locations.module import load_module_file


@pytest.fixture(scope="module")
def place(shop: Any) -> dict[str, str]:
    return {"repositoryName": "__repository__", "repositoryLocationName": shop.scope.location.name}


def test_the_names_of_jobs_are_told_as_the_reference_client_asks_for_them(shop: Any, place: dict[str, str]) -> None:
    document = """
    query GetJobNames { repositoriesOrError { __typename ... on RepositoryConnection { nodes {
      name location { name } pipelines { name } } } ... on PythonError { message stack } } }
    """
    (found,) = shop.ask(document)["repositoriesOrError"]["nodes"]
    assert (found["name"], found["location"]) == ("__repository__", {"name": place["repositoryLocationName"]})
    assert [one["name"] for one in found["pipelines"]] == ["__ASSET_JOB", "days_job", "growth", "morning"]


def test_a_repository_tells_all_that_its_location_defines(shop: Any, place: dict[str, str]) -> None:
    document = """
    query ($selector: RepositorySelector!) { repositoryOrError(repositorySelector: $selector) { __typename
      ... on Repository { id name jobs { name description isJob isAssetJob
          tags { key value } schedules { name } sensors { name } modes { name } }
        schedules { name } sensors { name } assetGroups { groupName assetKeys { path } } assetNodes { assetKey { path } }
        usedSolids { definition { name __typename } invocations { pipeline { name } solidHandle { handleID } } } }
      ... on RepositoryNotFoundError { message } } }
    """
    found = shop.ask(document, selector=place)["repositoryOrError"]
    jobs = {one["name"]: one for one in found["jobs"]}
    assert jobs["growth"] == {
        "name": "growth", "description": "Grows a number.", "isJob": True, "isAssetJob": False, "tags": [{"key": "team", "value": "data"}],
        "schedules": [{"name": "hourly"}], "sensors": [{"name": "inbox"}], "modes": [{"name": "default"}],
    }  # fmt: skip
    assert (jobs["morning"]["isAssetJob"], jobs["morning"]["schedules"]) == (True, [{"name": "nightly"}])
    assert [one["name"] for one in found["sensors"]] == ["conditions", "inbox"]
    assert {one["groupName"] for one in found["assetGroups"]} == {"raw", "clean", "daily", "default"}
    used = {one["definition"]["name"]: one for one in found["usedSolids"]}
    assert used["grow"]["invocations"] == [{"pipeline": {"name": "growth"}, "solidHandle": {"handleID": "growing.grow"}}]
    assert used["growing"]["definition"]["__typename"] == "CompositeSolidDefinition"
    wrong = shop.ask(document, selector={**place, "repositoryLocationName": "corner_shops"})["repositoryOrError"]
    assert (wrong["__typename"], "Did you mean" in wrong["message"]) == ("RepositoryNotFoundError", True)


def test_a_job_tells_its_graph_handle_by_handle(shop: Any, place: dict[str, str]) -> None:
    document = """
    query Sidebar($params: PipelineSelector!, $id: String!) { pipelineOrError(params: $params) { __typename ... on Pipeline {
      id name pipelineSnapshotId solids { name inputs { dependsOn { solid { name } } } }
      solidHandle(handleID: $id) { handleID solid { name inputs { dependsOn { solid { name } } } }
        stepStats(limit: 1) { __typename ... on SolidStepStatsConnection { nodes { runId status } } } }
      solidHandles { handleID } } ... on PipelineNotFoundError { message pipelineName } ... on InvalidSubsetError { message } } }
    """
    found = shop.ask(document, params={"pipelineName": "growth", **place}, id="growing")["pipelineOrError"]
    assert found["solids"] == [
        {"name": "fetch", "inputs": []},
        {"name": "growing", "inputs": [{"dependsOn": [{"solid": {"name": "fetch"}}]}]},
        {"name": "tell", "inputs": [{"dependsOn": [{"solid": {"name": "growing"}}]}]},
    ]
    assert [one["handleID"] for one in found["solidHandles"]] == ["fetch", "growing", "growing.grow", "tell"]
    assert found["solidHandle"]["stepStats"]["__typename"] == "SolidStepStatusUnavailableError"
    assets = shop.ask(document, params={"pipelineName": "__ASSET_JOB", **place}, id="total")["pipelineOrError"]
    assert assets["solidHandle"]["solid"]["inputs"] == [{"dependsOn": [{"solid": {"name": "orders"}}]}]
    (stats,) = assets["solidHandle"]["stepStats"]["nodes"]
    assert (stats["status"], shop.instance.get_run_by_id(stats["runId"]).status) == ("SUCCESS", "success")
    missing = shop.ask(document, params={"pipelineName": "grwth", **place}, id="x")["pipelineOrError"]
    assert (missing["__typename"], "Did you mean 'growth'" in missing["message"]) == ("PipelineNotFoundError", True)
    subset = shop.ask(document, params={"pipelineName": "growth", "solidSelection": ["fetsch"], **place}, id="x")["pipelineOrError"]
    assert (subset["__typename"], "fetch" in subset["message"]) == ("InvalidSubsetError", True)


def test_a_graph_is_found_by_the_name_of_its_job_or_its_own(shop: Any, place: dict[str, str]) -> None:
    document = """query ($selector: GraphSelector) { graphOrError(selector: $selector) { __typename
      ... on Graph { id name description solidHandles { handleID solid { name } } } ... on GraphNotFoundError { message } } }"""
    whole = shop.ask(document, selector={"graphName": "growth", **place})["graphOrError"]
    assert (whole["name"], len(whole["solidHandles"])) == ("growth", 4)
    inner = shop.ask(document, selector={"graphName": "growing", **place})["graphOrError"]
    assert (inner["name"], inner["solidHandles"][-1]["handleID"]) == ("growing", "growing.grow")
    assert shop.ask(document, selector={"graphName": "no", **place})["graphOrError"]["__typename"] == "GraphNotFoundError"


def test_what_may_be_configured_is_told_as_types_as_a_schema_and_as_text(shop: Any, place: dict[str, str]) -> None:
    document = """query ($selector: PipelineSelector!) { runConfigSchemaOrError(selector: $selector, mode: "default") { __typename
      ... on RunConfigSchema { rootDefaultYaml jsonSchema allConfigTypes { key }
        rootConfigType { key ... on CompositeConfigType { fields { name isRequired configType { __typename key
          ... on CompositeConfigType { fields { name configType { key } } } } } } } }
      ... on PipelineNotFoundError { message } } }"""
    found = shop.ask(document, selector={"pipelineName": "growth", **place})["runConfigSchemaOrError"]
    assert "times: 2" in found["rootDefaultYaml"]
    assert [one["name"] for one in found["rootConfigType"]["fields"]] == ["ops", "resources", "loggers", "execution", "inputs"]
    assert found["jsonSchema"]["properties"]["ops"]["properties"]["growing"]["type"] == "object"
    picky = {"pipelineName": "__ASSET_JOB", "assetSelection": [{"path": ["picky"]}], **place}
    chosen = shop.ask(document, selector=picky)["runConfigSchemaOrError"]
    assert list(chosen["jsonSchema"]["properties"]["ops"]["properties"]) == ["picky"]
    assert "growth.ops.growing.ops.grow.config.times" in [one["key"] for one in found["allConfigTypes"]]


@pytest.mark.parametrize(
    ("job", "config", "told"),
    [
        ("growth", {}, "PipelineConfigValidationValid"),
        ("growth", {"ops": {"growing": {"ops": {"grow": {"config": {"times": "x"}}}}}}, "RuntimeMismatchConfigError"),
        ("growth", {"ops": {"growing": {"ops": {"grow": {"config": {"tims": 1}}}}}}, "FieldNotDefinedConfigError"),
        ("growth", {"ops": {"growing": {"ops": {"grow": {"config": {}}}}}}, "MissingFieldConfigError"),
        ("morning", {}, "PipelineConfigValidationValid"),
        ("nothing", {}, "PipelineNotFoundError"),
    ],
)
def test_a_configuration_is_checked_and_each_error_has_its_place(
    shop: Any, place: dict[str, str], job: str, config: Any, told: str
) -> None:
    document = """query ($job: PipelineSelector!, $config: RunConfigData) {
      isPipelineConfigValid(pipeline: $job, mode: "default", runConfigData: $config) {
        __typename ... on RunConfigValidationInvalid { pipelineName errors { __typename message path reason } }
        ... on Error { message } } }"""
    found = shop.ask(document, job={"pipelineName": job, **place}, config=config)["isPipelineConfigValid"]
    if found["__typename"] != "RunConfigValidationInvalid":
        assert found["__typename"] == told
        return
    names = {one["__typename"]: one for one in found["errors"]}
    assert names[told]["path"][:4] == ["ops", "growing", "ops", "grow"]


def test_a_location_that_cannot_be_loaded_tells_the_users_line_and_the_others_work_on(new_shop: Any) -> None:
    document = """{ workspaceOrError { __typename ... on Workspace { id locationEntries { id name loadStatus updatedTimestamp
      displayMetadata { key value } problems { message }
      locationOrLoadError { __typename ... on RepositoryLocation { name isReloadSupported repositories { name } }
        ... on PythonError { message className stack place } } } } } locationStatusesOrError { ... on WorkspaceLocationStatusEntries {
      entries { name loadStatus } } } }"""
    (entry,) = new_shop.ask(document)["workspaceOrError"]["locationEntries"]
    assert (entry["loadStatus"], entry["locationOrLoadError"]["__typename"]) == ("LOADED", "RepositoryLocation")
    assert {"key": "kind", "value": "module"} in entry["displayMetadata"]
    new_shop.file.write_text("import nbasset\nraise ValueError('no rates today')\n", encoding="utf-8")
    reload = """mutation ($name: String!) { reloadRepositoryLocation(repositoryLocationName: $name) { __typename
      ... on WorkspaceLocationEntry { name locationOrLoadError { __typename ... on PythonError { message className stack place } } }
      ... on RepositoryLocationNotFound { message } } }"""
    error = new_shop.ask(reload, name=entry["name"])["reloadRepositoryLocation"]["locationOrLoadError"]
    assert (error["className"], "no rates today" in error["message"]) == ("ValueError", True)
    assert "corner_shop.py" in error["stack"][0]
    assert new_shop.ask("{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }")["repositoriesOrError"]["nodes"] == []
    missing = new_shop.ask(reload, name="corner_shops")["reloadRepositoryLocation"]
    assert missing["__typename"] == "RepositoryLocationNotFound"


def test_a_server_that_only_reads_reloads_nothing(shop: Any, place: dict[str, str]) -> None:
    document = """mutation ($name: String!) {
      reloadRepositoryLocation(repositoryLocationName: $name) { __typename } reloadWorkspace { __typename }
      shutdownRepositoryLocation(repositoryLocationName: $name) { __typename } }"""
    found = shop.ask(document, read_only=True, name=place["repositoryLocationName"])
    assert {one["__typename"] for one in found.values()} == {"UnauthorizedError"}


def test_an_asset_that_two_locations_make_is_told_with_both(new_shop: Any) -> None:
    second = new_shop.folder / "second_shop.py"
    second.write_text("import nbasset as nb\n\n@nb.asset\ndef orders(): return [1]\n\n@nb.asset\ndef extra(): return 1\n", encoding="utf-8")
    scope = Scope(load_module_file(second, home=new_shop.folder).check(), new_shop.instance)
    new_shop.workspace = Workspace(new_shop.instance, [Here(new_shop.scope), Here(scope)])
    found = new_shop.ask(
        """{ assetNodeDefinitionCollisions(assetKeys: [{path: "orders"}, {path: "extra"}]) {
             assetKey { path } repositories { name location { name } } }
           assetNodes(assetKeys: [{path: "orders"}, {path: "extra"}]) { repository { location { name } } } }"""
    )
    assert found["assetNodeDefinitionCollisions"] == [
        {
            "assetKey": {"path": ["orders"]},
            "repositories": [{"name": "__repository__", "location": {"name": name}} for name in ("corner_shop", "second_shop")],
        }
    ]
    assert [one["repository"]["location"]["name"] for one in found["assetNodes"]] == ["corner_shop", "second_shop"]
    refused = new_shop.ask(
        """mutation { launchPartitionBackfill(backfillParams: {assetSelection: [{path: "total"}, {path: "extra"}]}) {
             __typename ... on InvalidSubsetError { message } } }"""
    )["launchPartitionBackfill"]
    assert (refused["__typename"], "corner_shop, second_shop" in refused["message"]) == ("InvalidSubsetError", True)
