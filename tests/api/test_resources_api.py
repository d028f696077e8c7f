"""Resources over GraphQL: of what kind, how configured, who uses them; and no secret is told."""

from __future__ import annotations

from typing import Any

from nbasset.commands.asked_config import JobConfig, config_facts

PLACE = {"repositoryName": "__repository__", "repositoryLocationName": "corner_shop"}
DETAILS = """name resourceType description isTopLevel configFields { name isRequired configTypeKey defaultValueAsJson }
  configuredValues { key value type } assetKeysUsing { path } jobNamesUsing schedulesUsing sensorsUsing"""


def test_resources_are_told_with_how_they_are_configured_and_who_uses_them(shop: Any) -> None:
    document = f"""query ($place: RepositorySelector!, $one: ResourceSelector!) {{
      allTopLevelResourceDetailsOrError(repositorySelector: $place) {{ ... on ResourceDetailsList {{ results {{ {DETAILS} }} }} }}
      topLevelResourceDetailsOrError(resourceSelector: $one) {{ __typename ... on Error {{ message }} }} }}"""
    found = shop.ask(document, place=PLACE, one={**PLACE, "resourceName": "rate"})
    known = {one["name"]: one for one in found["allTopLevelResourceDetailsOrError"]["results"]}
    assert (known["rates"]["resourceType"], known["rates"]["assetKeysUsing"]) == ("Rates", [{"path": ["total"]}])
    archive = known["archive"]
    assert (archive["description"], archive["assetKeysUsing"]) == ("Where old orders are.", [])
    fields = {one["name"]: one for one in archive["configFields"]}
    assert (fields["url"]["defaultValueAsJson"], fields["password"]["defaultValueAsJson"]) == ('"https://archive.example.org"', '"***"')
    values = {one["key"]: (one["value"], one["type"]) for one in archive["configuredValues"]}
    assert values == {"token": ("ARCHIVE_TOKEN", "ENV_VAR"), "password": ('"***"', "VALUE")}
    wrong = found["topLevelResourceDetailsOrError"]
    assert (wrong["__typename"], "Did you mean 'rates'" in wrong["message"]) == ("ResourceNotFoundError", True)


def test_an_asset_names_the_resources_that_it_needs(shop: Any) -> None:
    (found,) = shop.ask('{ assetNodes(assetKeys: [{path: "total"}]) { requiredResources { resourceKey } } }')["assetNodes"]
    assert found["requiredResources"] == [{"resourceKey": "io_manager"}, {"resourceKey": "rates"}]


def test_no_secret_is_in_what_may_be_configured(shop: Any) -> None:
    assert "never-told" not in repr(config_facts(shop.scope, JobConfig()))
    document = """query ($job: PipelineSelector!) { runConfigSchemaOrError(selector: $job) {
      ... on RunConfigSchema { jsonSchema rootDefaultYaml } } }"""
    assert "never-told" not in repr(shop.ask(document, job={"pipelineName": "growth", **PLACE}))
