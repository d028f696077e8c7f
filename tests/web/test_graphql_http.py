"""GraphQL over HTTP, in every way that clients send it, and in wrong ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nbasset.web.graphql_http import as_json

from .conftest import Running

VERSION = "{ version }"
NAMED = "query First { version } query Second($name: String!) { __type(name: $name) { name } }"


@pytest.mark.parametrize(
    "body",
    [
        {"query": NAMED, "operationName": "Second", "variables": {"name": "Run"}},
        {"query": NAMED, "operationName": "Second", "variables": '{"name": "Run"}'},
        {"query": '{ __type(name: "Run") { name } }', "variables": None, "operationName": None},
        {"query": '{ __type(name: "Run") { name } }', "variables": ""},
    ],
)
def test_json_is_posted(server: Running, body: dict[str, Any]) -> None:
    answer = server.http.post("/graphql", json=body)
    assert (answer.status_code, answer.json()) == (200, {"data": {"__type": {"name": "Run"}}})
    assert answer.headers["content-type"] == "application/json"


def test_a_bare_document_is_posted(server: Running) -> None:
    headers = {"Content-Type": "application/graphql"}
    answer = server.http.post("/graphql?operationName=First", content=NAMED, headers=headers)
    assert list(answer.json()["data"]) == ["version"]


def test_a_query_is_in_the_address(server: Running) -> None:
    parameters = {"query": NAMED, "operationName": "Second", "variables": '{"name": "Run"}'}
    expected = {"data": {"__type": {"name": "Run"}}}
    assert server.http.get("/graphql", params=parameters).json() == expected
    as_text = server.http.post("/graphql", params=parameters, content="{ nonsense }", headers={"Content-Type": "text/plain"})
    assert as_text.json() == expected


def test_a_browser_gets_a_page_with_nothing_from_elsewhere(server: Running) -> None:
    answer = server.http.get("/graphql", headers={"Accept": "text/html,*/*"})
    assert answer.headers["content-type"].startswith("text/html")
    assert "http" not in answer.text
    for name in ("console.js", "console.css"):
        assert f"/_console/{name}" in answer.text
        assert server.http.get(f"/_console/{name}").status_code == 200


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "JSON"),
        (b"{", "JSON"),
        (b"\xff\xfe", "JSON"),
        (b"[" * 100_000, "JSON"),
        (b'"x"', "no JSON object"),
        (b"{}", "no query"),
        (b'{"query": ""}', "no query"),
        (b'{"query": 7}', "no query"),
        (b'{"query": "{ version }", "variables": [1]}', "variables"),
        (b'{"query": "{ version }", "variables": "[1"}', "variables"),
        (b'{"query": "{ version }", "operationName": 1}', "operationName"),
        (b'[{"query": "{ version }"}]', "one by one"),
        (b'{"query": "{ version"}', "Syntax Error"),
        (b'{"query": "{ nonsense }"}', "nonsense"),
        (b'{"query": "query Q($a: Int!) { version }"}', "$a"),
        (b'{"query": "query A { version } query B { version }"}', "operation"),
        (b'{"query": "{ version }", "operationName": "Other"}', "Other"),
        (json.dumps({"query": "{" + "assetNodes { dependencies { asset " * 50}).encode(), "Syntax Error"),
        (json.dumps({"query": "{ assetNodes " + "{ dependencies { asset " * 30 + "{ id }" + "}}" * 30 + "}"}).encode(), "levels"),
        (json.dumps({"query": "{" + " ".join(f"a{number}: version" for number in range(1000)) + "}"}).encode(), ""),
    ],
)
def test_what_cannot_be_carried_out_is_refused_with_400(server: Running, content: bytes, said: str) -> None:
    answer = server.http.post("/graphql", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    body = answer.json()
    assert body["data"] is None
    assert said in body["errors"][0]["message"]


def test_reading_changes_nothing(server: Running) -> None:
    mutation = 'mutation { reloadRepositoryLocation(repositoryLocationName: "kiosk") { __typename } }'
    for answer in (
        server.http.get("/graphql", params={"query": mutation}),
        server.http.post("/graphql", params={"query": mutation}, headers={"Content-Type": "text/plain"}),
        server.http.post("/graphql", data={"query": mutation}),
    ):
        assert answer.status_code == 400
    assert "by POST" in server.http.get("/graphql", params={"query": mutation}).json()["errors"][0]["message"]


def test_other_methods_are_none(server: Running) -> None:
    assert server.http.put("/graphql", json={"query": VERSION}).status_code == 405


def test_long_answers_are_packed(server: Running) -> None:
    query = "{ __schema { types { name description fields { name description } } } }"
    answer = server.http.post("/graphql", json={"query": query})
    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.json()["data"]["__schema"]["types"]) > 100


def test_a_server_that_only_shows_carries_out_no_mutation(read_only: Running) -> None:
    mutation = (
        "mutation Launch($params: ExecutionParams!) { launchRun(executionParams: $params) "
        "{ __typename ... on UnauthorizedError { message } } }"
    )
    selector = {"repositoryLocationName": "kiosk", "repositoryName": "__repository__", "jobName": "nightly"}
    answer = read_only.graphql(mutation, variables={"params": {"selector": selector, "runConfigData": {}}})
    assert answer["data"]["launchRun"]["__typename"] == "UnauthorizedError"
    assert len(read_only.served.instance.get_run_ids()) == 1
    assert read_only.http.get("/server_info").json()["read_only"] is True


def test_numbers_that_are_none_become_null() -> None:
    data = {"a": [1.5, float("nan"), {"b": float("inf")}], "c": (2, None)}
    assert json.loads(as_json(data)) == {"a": [1.5, None, {"b": None}], "c": [2, None]}
