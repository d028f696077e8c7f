"""The SDL is the published one as far as clients use it, and everything in it resolves against a real home."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLUnionType,
    build_schema,
    get_introspection_query,
    get_named_type,
    is_leaf_type,
    parse,
    validate_schema,
)

from nbasset.api.executing import run
from nbasset.api.types import SDL, all_resolvers, schema

PUBLISHED = Path(__file__).with_name("published.txt").read_text(encoding="utf-8").splitlines()[1:]


def test_the_contract_is_a_valid_schema() -> None:
    assert validate_schema(build_schema(SDL.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("kind", ["fields", "implements", "one of"])
def test_every_published_part_that_clients_use_is_in_the_contract(kind: str) -> None:
    lines = [line for line in PUBLISHED if (" implements " in line, " is one of " in line) == (kind == "implements", kind == "one of")]
    assert lines
    assert [line for line in lines if not _has(line)] == []


def _has(line: str) -> bool:
    types = schema().type_map
    if " implements " in line:
        name, _, said = line.partition(" implements ")
        given: Any = types[name]
        return said == "nothing" or {one.name for one in given.interfaces} >= set(said.split(", "))
    if " is one of " in line:
        name, _, said = line.partition(" is one of ")
        return set(said.split(", ")) <= _members(types[name])
    found = re.fullmatch(r"(\w+)\.(\w+)(?:\((.*)\))?: (\S+)", line)
    assert found is not None, line
    owner, field, arguments, result = found.groups()
    holder: Any = types[owner]
    if field not in holder.fields or str(holder.fields[field].type) != result:
        return False
    wanted = dict(one.split(": ") for one in (arguments or "").split(", ") if one)
    return all(name in holder.fields[field].args and str(holder.fields[field].args[name].type) == kind for name, kind in wanted.items())


def _members(kind: GraphQLNamedType) -> set[str]:
    if isinstance(kind, GraphQLEnumType):
        return set(kind.values)
    if isinstance(kind, GraphQLUnionType):
        return {one.name for one in kind.types}
    assert isinstance(kind, GraphQLInterfaceType)
    return {one.name for one in schema().get_implementations(kind).objects}


def test_every_resolver_belongs_to_a_field() -> None:
    types = schema().type_map
    assert [
        name for name in all_resolvers() if name.partition(".")[2] not in getattr(types.get(name.partition(".")[0]), "fields", {})
    ] == []


def test_every_root_field_has_a_resolver() -> None:
    roots = ("Query", "Mutation", "Subscription")
    known = all_resolvers()
    lacking = [f"{root}.{field}" for root in roots for field in schema().type_map[root].fields if f"{root}.{field}" not in known]  # type: ignore[attr-defined]
    assert lacking == []


def test_introspection_answers_what_tools_ask_before_they_begin(shop: Any) -> None:
    everything = shop.ask(get_introspection_query())
    assert len(everything["__schema"]["types"]) > 400
    told = shop.ask('{a: __type(name: "RunsFilter") {inputFields {name}} b: __type(name: "AssetNode") {fields {name}}}')
    assert "tags" in {one["name"] for one in told["a"]["inputFields"]}
    assert "staleCauses" in {one["name"] for one in told["b"]["fields"]}


# -- everything -------------------------------------------------------------------------------------------------------------------

KEY = '{path: ["orders"]}'
SALES = '{path: ["sales"]}'
REPOSITORY = 'repositoryName: "__repository__", repositoryLocationName: "corner_shop"'
ASKED = {
    "assetNodes": "(loadMaterializations: true)",
    "assetNodeOrError": f"(assetKey: {SALES})",
    "assetOrError": f"(assetKey: {KEY})",
    "assetsLatestInfo": f"(assetKeys: [{KEY}])",
    "allTopLevelResourceDetailsOrError": f"(repositorySelector: {{{REPOSITORY}}})",
    "topLevelResourceDetailsOrError": f'(resourceSelector: {{resourceName: "rates", {REPOSITORY}}})',
    "assetsOrError": "(limit: 20)",
    "assetRecordsOrError": "(limit: 20)",
    "assetCheckExecutions": f'(assetKey: {KEY}, checkName: "some_rows", limit: 5)',
    "assetConditionEvaluationRecordsOrError": f"(assetKey: {KEY}, limit: 5)",
    "assetNodeAdditionalRequiredKeys": '(assetKeys: [{path: ["left"]}])',
    "assetNodeDefinitionCollisions": f"(assetKeys: [{KEY}])",
    "capturedLogs": '(logKey: ["RUN", "compute_logs", "orders"])',
    "capturedLogsMetadata": '(logKey: ["RUN", "compute_logs", "orders"])',
    "graphOrError": f'(selector: {{graphName: "growth", {REPOSITORY}}})',
    "instigationStateOrError": f'(instigationSelector: {{name: "nightly", {REPOSITORY}}})',
    "isPipelineConfigValid": f'(pipeline: {{pipelineName: "growth", {REPOSITORY}}}, mode: "default", runConfigData: {{ops: 3}})',
    "logsForRun": '(runId: "RUN", limit: 100)',
    "partitionBackfillOrError": '(backfillId: "none")',
    "partitionSetsOrError": f'(repositorySelector: {{{REPOSITORY}}}, pipelineName: "days_job")',
    "pipelineOrError": f'(params: {{pipelineName: "growth", {REPOSITORY}}})',
    "pipelineRunOrError": '(runId: "RUN")',
    "repositoryOrError": f"(repositorySelector: {{{REPOSITORY}}})",
    "runConfigSchemaOrError": f'(selector: {{pipelineName: "growth", {REPOSITORY}}})',
    "runOrError": '(runId: "RUN")',
    "runsFeedOrError": "(limit: 5, view: ROOTS)",
    "scheduleOrError": f'(scheduleSelector: {{scheduleName: "nightly", {REPOSITORY}}})',
    "schedulesOrError": f"(repositorySelector: {{{REPOSITORY}}})",
    "sensorOrError": f'(sensorSelector: {{sensorName: "inbox", {REPOSITORY}}})',
    "sensorsOrError": f"(repositorySelector: {{{REPOSITORY}}})",
}
DEEPER = ("assetNodeOrError", "pipelineOrError", "runOrError", "scheduleOrError", "sensorOrError")
GIVEN = {
    "SolidContainer.solidHandle": '(handleID: "fetch")', "IPipelineSnapshot.solidHandle": '(handleID: "fetch")',
    "PipelineRun.capturedLogs": '(fileKey: "orders")',
}  # fmt: skip


@pytest.mark.parametrize("field", sorted(schema().type_map["Query"].fields))  # type: ignore[attr-defined]
def test_every_field_below_a_query_resolves(shop: Any, field: str) -> None:
    root: Any = schema().type_map["Query"]
    run_id = str(shop.instance.get_runs()[-1].run_id)
    selection = _selection(root.fields[field], 4 if field in DEEPER else 3)
    document = f"query {{ {field}{ASKED.get(field, '').replace('RUN', run_id)} {selection} }}"
    answer = run(schema(), parse(document, no_location=True), context=shop.context())
    assert [error.message for error in answer.errors or ()] == []
    assert answer.data is not None
    assert answer.data[field] is not None or field == "assetConditionEvaluationRecordsOrError"


def _selection(field: GraphQLField, depth: int) -> str:
    """Everything below a field, so deep; each name stands for itself only once, since types differ."""
    kind = get_named_type(field.type)
    if is_leaf_type(kind):
        return ""
    if depth == 0:
        return "{ __typename }"
    assert not isinstance(kind, GraphQLInputObjectType)
    members = [kind] if isinstance(kind, GraphQLObjectType) else sorted(schema().get_possible_types(kind), key=lambda one: one.name)  # type: ignore[arg-type]
    parts = [f"... on {one.name} {{ {_fields(one, depth)} }}" for one in members]
    return f"{{ __typename {' '.join(parts)} }}"


def _fields(kind: GraphQLObjectType, depth: int) -> str:
    found = []
    for name, field in kind.fields.items():
        given = next((GIVEN[f"{one.name}.{name}"] for one in (kind, *kind.interfaces) if f"{one.name}.{name}" in GIVEN), "")
        found.append(f"{kind.name}_{name}: {name}{given} {_selection(field, depth - 1)}")
    return " ".join(found)
