"""Who gets through the guard: every route and both websockets, asked in every wrong way."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import Route, WebSocketRoute
from websockets.exceptions import InvalidStatus

from nbasset.errors import InvalidInvocationError
from nbasset.web.app import routes
from nbasset.web.security import Access, Guard, access_for, checked_prefix, host_name, is_loopback, is_same_origin

from .conftest import Project, Running, heard, serving

TOKEN = "a-long-token"


def _paths() -> Iterator[str]:
    for route in routes():
        assert isinstance(route, (Route, WebSocketRoute))
        if isinstance(route, Route):
            yield re.sub(r"\{[^}]*\}", "x", route.path)


PATHS = sorted(set(_paths()))
SOCKETS = sorted(route.path for route in routes() if isinstance(route, WebSocketRoute))


def test_the_routes_were_found() -> None:
    assert {"/graphql", "/server_info", "/logs/x", "/notebook", "/report_asset_check/x", "/x"} <= set(PATHS)
    assert SOCKETS == ["/graphql", "/panels"]


# -- the token --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong-token"}, {"Cookie": "nbasset-token=x"}, {"token": ""}])
def test_without_the_token_no_route_answers(guarded: Running, path: str, headers: dict[str, str]) -> None:
    for method in ("GET", "POST", "DELETE", "OPTIONS"):
        answer = guarded.http.request(method, f"/team/nb{path}", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("path", SOCKETS)
def test_without_the_token_no_websocket_opens(guarded: Running, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong-token"}):
        with pytest.raises(InvalidStatus) as refused, guarded.socket(path=path, additional_headers=headers):
            pass
        assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    "headers",
    [{"Authorization": f"Bearer {TOKEN}"}, {"authorization": f"token {TOKEN}"}, {"token": TOKEN}, {"Dagster-Cloud-Api-Token": TOKEN}],
)
def test_scripts_bring_the_token_in_a_header(guarded: Running, headers: dict[str, str]) -> None:
    assert guarded.http.get("/team/nb/server_info", headers=headers).status_code == 200
    with guarded.socket("graphql-ws", additional_headers=headers) as opened:
        assert opened.subprotocol == "graphql-ws"


def test_a_browser_keeps_a_cookie_instead_of_the_token_and_the_token_leaves_the_address(guarded: Running) -> None:
    page = {"Accept": "text/html"}
    with httpx.Client(base_url=guarded.address, trust_env=False, headers=page) as browser:
        assert "name='token'" in browser.get("/team/nb/runs").text
        first = browser.get(f"/team/nb/runs?view=list&token={TOKEN}")
        assert "url=/team/nb/runs?view=list'" in first.text
        cookie = SimpleCookie(first.headers["set-cookie"])[f"nbasset-token-{guarded.port}"]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/team/nb")
        assert TOKEN not in first.text + str(first.headers)
        assert browser.get("/team/nb/runs").status_code == 200
        headers = {"Cookie": f"nbasset-token-{guarded.port}={cookie.value}"}
    with guarded.socket("graphql-ws", additional_headers=headers):
        pass


def test_a_cookie_is_worth_nothing_when_the_token_is_another(guarded: Running) -> None:
    old = access_for("127.0.0.1", guarded.port, token="another-token")
    answer = guarded.http.get("/team/nb/server_info", headers={"Cookie": f"{old.cookie}={old.proof}"})
    assert answer.status_code == 401


def test_the_page_that_asks_to_sign_in_leads_nowhere_else(guarded: Running) -> None:
    answer = guarded.http.get("//evil.example/%22%3E%3Cscript%3E?x=%22%3E", headers={"Accept": "text/html"})
    assert answer.status_code == 401
    assert "<script" not in answer.text
    assert "href='/" in answer.text
    assert "href='//" not in answer.text


def test_other_machines_need_a_token_which_is_made() -> None:
    access = access_for("0.0.0.0", 3000)
    assert len(access.token) >= 32
    assert access.token != access_for("0.0.0.0", 3000).token
    assert access_for("127.0.0.1", 3000).token == ""
    assert access.token not in repr(access)


@pytest.mark.parametrize("token", ["short", "with blank in it", "passwört-passwört"])
def test_a_token_that_is_none_is_refused(token: str) -> None:
    with pytest.raises(InvalidInvocationError, match="--token auto"):
        access_for("127.0.0.1", 3000, token=token)


# -- names and origins ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
def test_a_name_that_this_server_is_not_known_by_is_refused(server: Running, path: str) -> None:
    for host in ("evil.example", "127.0.0.1.evil.example:80", "localhost@evil.example", "evil.example#localhost", ""):
        answer = server.http.get(path, headers={"Host": host})
        assert answer.status_code in (400, 403)  # of several hosts or none the protocol's own layer knows already


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "file://", "https://localhost.evil.example"])
def test_a_page_of_another_origin_changes_nothing_and_opens_no_websocket(server: Running, origin: str) -> None:
    answer = server.http.post("/graphql", json={"query": "{ version }"}, headers={"Origin": origin})
    assert answer.status_code == 403
    assert server.http.post("/report_asset_materialization/orders", headers={"Origin": origin}).status_code == 403
    for path in SOCKETS:
        with pytest.raises(InvalidStatus) as refused, server.socket(path=path, origin=origin):  # type: ignore[arg-type]
            pass
        assert refused.value.response.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_a_form_on_a_page_elsewhere_is_refused_by_what_the_browser_says_of_it(server: Running) -> None:
    answer = server.http.post("/graphql", json={"query": "{ version }"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_a_page_of_this_server_may_ask(server: Running) -> None:
    for host in (f"127.0.0.1:{server.port}", f"localhost:{server.port}"):
        headers = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
        assert server.http.post("/graphql", json={"query": "{ version }"}, headers=headers).status_code == 200
    with server.socket("graphql-transport-ws", origin=f"http://127.0.0.1:{server.port}"):  # type: ignore[arg-type]
        pass


def test_behind_a_proxy_its_name_is_one_of_the_server(shop: Project) -> None:
    with serving(shop, known_as=["data.example.org"]) as running:
        headers = {"Host": "data.example.org", "Origin": "https://data.example.org"}
        assert running.http.post("/graphql", json={"query": "{ version }"}, headers=headers).status_code == 200
        by_proxy = {"Origin": "https://data.example.org"}  # which names this machine to the server, not itself
        assert running.http.post("/graphql", json={"query": "{ version }"}, headers=by_proxy).status_code == 200
        forwarded = {"Origin": "https://other.example.org", "X-Forwarded-Host": "other.example.org"}
        assert running.http.post("/graphql", json={"query": "{ version }"}, headers=forwarded).status_code == 200


# -- what is sent, and how much -----------------------------------------------------------------------------------------------------


def test_more_than_a_mebibyte_is_refused_before_it_is_read(server: Running) -> None:
    answer = server.http.post("/graphql", content=b" " * (1 << 20) + b"{}", headers={"Content-Type": "application/json"})
    assert answer.status_code == 413

    def pieces() -> Iterator[bytes]:
        for _ in range(20):
            yield b" " * (1 << 16)

    answer = server.http.post("/graphql", content=pieces(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert server.http.get("/server_info").status_code == 200


def test_two_hundred_that_never_finish_asking_hold_up_nobody(server: Running) -> None:
    slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(200)]
    try:
        for one in slow:
            one.sendall(b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n")
        assert server.http.get("/server_info").status_code == 200
    finally:
        for one in slow:
            one.close()


def test_who_does_not_say_what_it_wants_is_hung_up_on_and_who_does_is_not(shop: Project) -> None:
    with serving(shop, head_s=0.05) as running, running.socket("graphql-ws") as opened:
        for said in (b"", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n", b"GET /server_info HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET"):
            with socket.create_connection(("127.0.0.1", running.port)) as slow:
                slow.sendall(said)
                while slow.recv(4096):  # until it is closed
                    pass
        opened.send('{"type": "connection_init"}')
        assert heard(opened) == {"type": "connection_ack"}


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_the_headers_that_keep_it_harmless(server: Running, path: str) -> None:
    for accept in ("*/*", "text/html"):
        headers = server.http.get(path, headers={"Accept": accept}).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors" in policy
        assert "unsafe-inline" not in policy.partition("style-src")[0]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "server" not in headers


def test_an_error_has_a_number_and_tells_nothing_else(shop: Project, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with serving(shop) as running:
        running.served.pages = tmp_path
        (tmp_path / "index.html").write_bytes(b"\xff")
        answer = running.http.get("/runs", headers={"Accept": "text/html"})
    assert answer.status_code == 500
    number = answer.text.split()[-1].rstrip(".")
    assert str(tmp_path) not in answer.text
    assert "decode" not in answer.text
    assert number in caplog.text
    assert "can't decode byte" in caplog.text


# -- pure ---------------------------------------------------------------------------------------------------------------------------


@given(st.text(max_size=60))
def test_the_name_in_a_host_header_is_plain_or_none(text: str) -> None:
    name = host_name(text)
    assert not set(name) & set("@/\\?# \t")


@given(st.text(max_size=40), st.lists(st.text(max_size=40), max_size=3))
def test_an_origin_is_ours_only_if_its_host_is(origin: str, hosts: list[str]) -> None:
    assert not is_same_origin(origin, hosts) or any(host and host.lower() in origin.lower() + ":80:443" for host in hosts)


@given(st.text(max_size=30))
def test_a_prefix_is_plain_or_refused(text: str) -> None:
    try:
        prefix = checked_prefix(text)
    except InvalidInvocationError:
        return
    assert prefix == "" or (prefix.startswith("/") and not prefix.endswith("/") and ".." not in prefix.split("/"))
    assert checked_prefix(prefix) == prefix


@given(st.text(max_size=30), st.text(min_size=1, max_size=30))
def test_only_the_token_is_the_token(token: str, other: str) -> None:
    access = Access(token)
    assert access.knows(other) == (token == other)


def test_names_of_other_machines_are_no_loopback() -> None:
    assert not any(map(is_loopback, ("localhost.example", "127.0.0.1.example", "0", "", "192.168.0.1", "fe80::1")))


def test_who_is_not_answered_when_the_server_ends_is_told_so() -> None:
    begun = asyncio.Event()
    sent: list[dict[str, object]] = []

    async def endless(scope: object, receive: object, send: object) -> None:
        begun.set()
        await asyncio.get_running_loop().create_future()

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    async def ask() -> None:
        scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"host", b"localhost")], "query_string": b""}
        task = asyncio.create_task(Guard(endless, Access())(scope, send, send))  # type: ignore[arg-type]
        await begun.wait()
        task.cancel()
        await task

    asyncio.run(ask())
    assert [message.get("status") for message in sent] == [503, None]
    assert sent[1]["body"] == b"the server is ending."
