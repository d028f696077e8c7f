"""The application behind Jupyter Server: a real one, in a thread of the test, with its own sign-in."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from .conftest import heard

pytest.importorskip("jupyter_server")

TOKEN = {"Authorization": "token of-jupyter"}
PAGE = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A Jupyter Server with the extension, whose folder is a project; asked without a token."""
    from jupyter_server.auth import Authorizer
    from jupyter_server.serverapp import ServerApp
    from tornado.httpserver import HTTPServer
    from tornado.netutil import bind_sockets

    class ByHeader(Authorizer):
        def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
            return action == "read" or "X-Only-Look" not in handler.request.headers

    folder = tmp_path_factory.mktemp("lab")
    (folder / "nbasset.toml").write_text("")
    started: SimpleQueue[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = SimpleQueue()

    async def serve() -> None:
        with pytest.MonkeyPatch.context() as patch:
            for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
                patch.setenv(name, str(folder / ".jupyter"))
            app = ServerApp(authorizer_class=ByHeader, allow_root=True, open_browser=False)
            app.init_signal = lambda: None  # it is not the main thread
            words = ["--IdentityProvider.token=of-jupyter", "--ServerApp.base_url=/user/ada/", f"--ServerApp.root_dir={folder}"]
            words += ["--ServerApp.jpserver_extensions=nbasset.web.jupyter=True"]
            app.initialize(words, find_extensions=False, new_httpserver=False)
            sockets = bind_sockets(0, "127.0.0.1")
            server = HTTPServer(app.web_app)
            server.add_sockets(sockets)
            stop = asyncio.Event()
            started.put((sockets[0].getsockname()[1], asyncio.get_running_loop(), stop))
            await stop.wait()
            server.stop()
            await server.close_all_connections()
            await app._cleanup()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    port, loop, stop = started.get(timeout=60)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/user/ada/nbasset", trust_env=False, timeout=60) as client:
        yield client
    loop.call_soon_threadsafe(stop.set)
    thread.join(60)
    assert not thread.is_alive()


def test_a_page_leads_to_the_login_and_all_else_is_refused(lab: httpx.Client) -> None:
    answer = lab.get("/runs", headers=PAGE)
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("/user/ada/login?next=")
    assert lab.get("/server_info").status_code == 403
    assert lab.post("/graphql", json={"query": "{ version }"}).status_code == 403
    for path in ("graphql", "panels"):
        with pytest.raises(InvalidStatus) as refused, _connect(lab, path):
            pass
        assert refused.value.response.status_code == 403


def _connect(lab: httpx.Client, path: str, **options: Any) -> Any:
    return connect(f"{str(lab.base_url).replace('http', 'ws')}{path}", proxy=None, **options)


def test_with_the_token_of_jupyter_all_of_it_is_there(lab: httpx.Client) -> None:
    page = lab.get("/assets/orders", headers={**TOKEN, **PAGE})
    assert page.status_code == 200
    assert "frame-ancestors 'self'" in page.headers["content-security-policy"]
    console = lab.get("/graphql", headers={**TOKEN, **PAGE})
    assert "/user/ada/nbasset/_console/console.js" in console.text
    answer = lab.post("/graphql", json={"query": '{ __type(name: "Run") { name } }'}, headers=TOKEN)
    assert answer.json() == {"data": {"__type": {"name": "Run"}}}
    assert lab.post("/report_asset_materialization/orders", json={"data_version": "1"}, headers=TOKEN).json() == {}
    large = lab.post("/graphql", content=b" " * (1 << 21), headers=TOKEN)
    assert large.status_code == 413
    assert lab.put("/graphql", headers=TOKEN).status_code == 405


def test_a_page_has_to_show_that_it_is_one_of_the_server(lab: httpx.Client) -> None:
    with httpx.Client(base_url=lab.base_url, trust_env=False, timeout=60, follow_redirects=True) as browser:
        browser.get("/runs?token=of-jupyter", headers=PAGE)
        body = {"query": "{ version }"}
        assert browser.post("/graphql", json=body).status_code == 403
        proof = {"X-XSRFToken": str(browser.cookies["_xsrf"])}
        assert browser.post("/graphql", json=body, headers=proof).status_code == 200
        foreign = {**proof, "Origin": "http://evil.example"}
        assert browser.post("/graphql", json=body, headers=foreign).status_code in (403, 404)


def test_a_websocket_is_carried_in_both_directions_and_ends_with_its_client(lab: httpx.Client) -> None:
    with _connect(lab, "graphql", additional_headers=TOKEN, subprotocols=["other", "graphql-transport-ws"]) as socket:
        assert socket.subprotocol == "graphql-transport-ws"
        socket.send('{"type": "connection_init"}')
        assert heard(socket) == {"type": "connection_ack"}
        socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": "subscription { runs(limit: 1) { __typename } }"}}))
        assert heard(socket)["payload"] == {"data": {"runs": {"__typename": "Runs"}}}
        socket.send("nonsense")
        with pytest.raises(Exception, match="4400"):
            socket.recv(timeout=30)


def test_whom_jupyter_lets_only_look_changes_nothing(lab: httpx.Client) -> None:
    headers = {**TOKEN, "X-Only-Look": "yes"}
    assert lab.get("/server_info", headers=headers).json()["read_only"] is True
    assert lab.post("/report_asset_materialization/orders", json={}, headers=headers).status_code == 403
    mutation = 'mutation { terminateRun(runId: "x") { __typename } }'
    answer = lab.post("/graphql", json={"query": mutation}, headers=headers)
    assert answer.json()["data"]["terminateRun"]["__typename"] == "UnauthorizedError"
