"""GraphQL over a websocket: both protocols, side by side where they are alike, and what a client may do wrong."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection

from .conftest import Running, heard

NEW, OLD = "graphql-transport-ws", "graphql-ws"
START = {NEW: "subscribe", OLD: "start"}
STOP = {NEW: "complete", OLD: "stop"}
DATA = {NEW: "next", OLD: "data"}
RUN_LOGS = """
subscription Logs($run: ID!) {
  pipelineRunLogs(runId: $run) {
    __typename
    ... on PipelineRunLogsSubscriptionSuccess { hasMorePastEvents messages { __typename } }
    ... on PipelineRunLogsSubscriptionFailure { message }
  }
}
"""
both = pytest.mark.parametrize("protocol", [NEW, OLD])


def _say(socket: ClientConnection, kind: str, **rest: Any) -> None:
    socket.send(json.dumps({"type": kind, **rest}))


def _begin(socket: ClientConnection) -> None:
    _say(socket, "connection_init", payload={})
    assert heard(socket) == {"type": "connection_ack"}


def _ask(socket: ClientConnection, protocol: str, query: str, name: str = "1", **rest: Any) -> None:
    _say(socket, START[protocol], id=name, payload={"query": query, **rest})


@both
def test_a_query_has_one_answer(server: Running, protocol: str) -> None:
    with server.socket(protocol) as socket:
        assert socket.subprotocol == protocol
        _begin(socket)
        _ask(socket, protocol, '{ __type(name: "Run") { name } }')
        assert heard(socket) == {"type": DATA[protocol], "id": "1", "payload": {"data": {"__type": {"name": "Run"}}}}
        assert heard(socket) == {"type": "complete", "id": "1"}


@both
def test_a_subscription_tells_what_happened_and_goes_on_until_it_is_stopped(server: Running, protocol: str) -> None:
    run_id = server.served.instance.get_run_ids()[-1]
    with server.socket(protocol) as socket:
        _begin(socket)
        _ask(socket, protocol, RUN_LOGS, variables={"run": run_id})
        kinds: list[str] = []
        while "RunSuccessEvent" not in kinds:
            message = heard(socket)
            assert (message["type"], message["id"]) == (DATA[protocol], "1")
            payload = message["payload"]["data"]["pipelineRunLogs"]
            assert payload["__typename"] == "PipelineRunLogsSubscriptionSuccess"
            kinds += [one["__typename"] for one in payload["messages"]]
        assert "MaterializationEvent" in kinds
        _ask(socket, protocol, "{ version }", "2")
        told = [heard(socket), heard(socket)]
        assert {message["id"] for message in told} >= {"2"}
        _say(socket, STOP[protocol], id="1")
        _ask(socket, protocol, "{ version }", "3")
        rest = []
        while not rest or (rest[-1]["type"], rest[-1].get("id")) != ("complete", "3"):
            rest.append(heard(socket))


@both
def test_a_client_that_goes_away_ends_its_subscriptions(server: Running, protocol: str) -> None:
    run_id = server.served.instance.get_run_ids()[-1]
    with server.socket(protocol) as socket:
        _begin(socket)
        _ask(socket, protocol, RUN_LOGS, "leaving", variables={"run": run_id})
        heard(socket)
        (task,) = [one for one in asyncio.all_tasks(server.loop) if one.get_name() == "operation leaving"]
    ended = threading.Event()
    server.loop.call_soon_threadsafe(task.add_done_callback, lambda _: ended.set())
    assert ended.wait(30)


@both
@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({"query": "{ nonsense }"}, "nonsense"),
        ({"query": "{"}, "Syntax Error"),
        ({"query": "subscription { nonsense }"}, "nonsense"),
        ({"query": "{ assetNodes " + "{ dependencies { asset " * 30 + "{ id }" + "}}" * 30 + "}"}, "levels"),
        ({}, "no query"),
        (None, "no JSON object"),
        ([{"query": "{ version }"}], "one by one"),
    ],
)
def test_a_document_that_is_refused_is_an_error_of_its_operation_alone(server: Running, protocol: str, payload: Any, said: str) -> None:
    with server.socket(protocol) as socket:
        _begin(socket)
        _say(socket, START[protocol], id="1", payload=payload)
        message = heard(socket)
        assert (message["type"], message["id"]) == ("error", "1")
        error = message["payload"][0] if protocol == NEW else message["payload"]
        assert said in error["message"]
        _ask(socket, protocol, "{ version }")
        assert heard(socket)["type"] == DATA[protocol]


@both
@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"type": 7}', '{"type": "nonsense"}', "[" * 10_000])
def test_a_message_that_is_none_ends_the_connection_and_nothing_else(server: Running, protocol: str, text: str) -> None:
    with server.socket(protocol) as socket:
        _begin(socket)
        socket.send(text)
        assert _code_at_end(socket) == 4400
    assert server.http.get("/server_info").status_code == 200


@both
def test_who_does_not_introduce_itself_is_told_so(server: Running, protocol: str) -> None:
    with server.socket(protocol) as socket:
        _ask(socket, protocol, "{ version }")
        assert _code_at_end(socket) == 4401


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([{"type": "connection_init"}], 4429),
        ([{"id": "a", "type": "subscribe", "payload": {"query": RUN_LOGS, "variables": {"run": "x"}}}] * 2, 4409),
        ([{"id": "", "type": "subscribe", "payload": {"query": "{ version }"}}], 4400),
        ([{"id": 7, "type": "subscribe", "payload": {"query": "{ version }"}}], 4400),
    ],
)
def test_rules_of_the_newer_protocol_are_kept(server: Running, messages: list[Any], code: int) -> None:
    with server.socket(NEW) as socket:
        _begin(socket)
        for message in messages:
            socket.send(json.dumps(message))
        assert _code_at_end(socket) == code


def _code_at_end(socket: ClientConnection) -> int:
    with suppress(ConnectionClosed):
        while True:
            socket.recv(timeout=30)
    assert socket.close_code is not None
    return socket.close_code


def test_words_that_only_one_protocol_has(server: Running) -> None:
    with server.socket(NEW) as socket:
        _begin(socket)
        _say(socket, "ping")
        assert heard(socket) == {"type": "pong"}
    with server.socket(OLD) as socket:
        _begin(socket)
        _say(socket, "connection_terminate")
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=30)


def test_a_client_that_names_no_protocol_speaks_the_older_one_and_an_unknown_one_is_refused(server: Running) -> None:
    with server.socket() as socket:
        _begin(socket)
        _ask(socket, OLD, "{ version }")
        assert heard(socket)["type"] == "data"
    with pytest.raises((InvalidHandshake, ConnectionClosed)), server.socket("graphql-nonsense") as socket:
        socket.recv(timeout=30)


def test_a_message_that_is_too_long_ends_the_connection(server: Running) -> None:
    with server.socket(NEW) as socket:
        _begin(socket)
        _ask(socket, NEW, "#" * (1 << 21))
        assert _code_at_end(socket) == 1009


def test_what_a_read_only_server_is_told_over_a_websocket_changes_nothing(read_only: Running) -> None:
    mutation = 'mutation { terminateRun(runId: "x") { __typename } }'
    with read_only.socket(NEW) as socket:
        _begin(socket)
        _ask(socket, NEW, mutation)
        assert heard(socket)["payload"]["data"]["terminateRun"]["__typename"] == "UnauthorizedError"
