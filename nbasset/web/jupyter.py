"""The same application behind Jupyter Server's sign-in: ``<base>/nbasset/`` serves the project of the server's folder.

Jupyter says who may enter (its login, its tokens, its check of names, origins and forms) and, by its authorizer, who may change something:
whoever may not write to the resource ``nbasset`` finds it read-only. Loading the extension adds one handler; all else is loaded when the
first page is asked for. Requests and websockets are handed to the application in its own terms (ASGI), on the server's event loop.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
from collections.abc import Awaitable, Mapping, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from jupyter_server.utils import ensure_async, url_path_join
from tornado.web import HTTPError, authenticated
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from nbasset.web.extra import HOW, has_web_extra

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message

log = logging.getLogger("nbasset.web")

RESOURCE = "nbasset"
_PROTOCOLS = ("graphql-transport-ws", "graphql-ws")
_LARGEST_MESSAGE = 1 << 20
_TOO_LARGE = 1009


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "nbasset.web.jupyter"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Called by Jupyter Server when it starts."""
    if not has_web_extra():
        server.log.info("nbasset: without its pages, which need more than is installed: %s", HOW)
        return
    base = url_path_join(server.web_app.settings["base_url"], RESOURCE)
    behind = Behind(Path(server.root_dir), base)
    server.web_app.add_handlers(".*$", [(rf"{base}(/.*)?", NbassetHandler, {"behind": behind})])


class Behind:
    """The application as it is behind a sign-in: for those who may change something, and for those who may look."""

    def __init__(self, root: Path, base: str) -> None:
        self._root = root
        self._base = base
        self._made: dict[bool, ASGIApp] = {}

    def application(self, *, read_only: bool) -> ASGIApp:
        """The application, made when it is first asked for. Called on the event loop."""
        if not self._made:
            self._made = self._both()
        return self._made[read_only]

    def _both(self) -> dict[bool, ASGIApp]:
        from nbasset.api.workspace import Workspace
        from nbasset.home import find_home
        from nbasset.instance import Instance
        from nbasset.web.app import make_app
        from nbasset.web.security import Access
        from nbasset.web.serving import MOST_THREADS, Served, Threads

        asyncio.get_running_loop().set_default_executor(Threads(MOST_THREADS))
        instance = Instance.open(find_home(self._root).root)
        workspace = Workspace(instance)
        atexit.register(workspace.close)
        return {
            read_only: make_app(
                Served(instance, Access(hosts=None, prefix=self._base, read_only=read_only, is_behind_sign_in=True), workspace=workspace)
            )
            for read_only in (False, True)
        }


class NbassetHandler(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """Hands what is asked for to the application, once Jupyter has let it in."""

    auth_resource = RESOURCE

    def initialize(self, behind: Behind) -> None:
        """Take what the extension was loaded with."""
        self._behind = behind
        self._heard: asyncio.Queue[Message] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def prepare(self, *, _redirect_to_login: bool = True) -> Awaitable[None] | None:  # type: ignore[override]
        """Have Jupyter say who asks. A page leads to its login; all else is refused."""
        return await JupyterHandler.prepare(self, _redirect_to_login=self._is_page)

    async def get(self, path: str | None = None) -> None:
        """Answer a request, or begin a websocket."""
        if self.current_user is None and self._is_page:
            authenticated(lambda _: None)(self)  # leads to the login, and from there back
            return
        self._application = self._behind.application(read_only=not await self._may("write"))
        if self._is_websocket:
            await WebSocketHandler.get(self)
            return
        if self._is_page:
            _ = self.xsrf_token  # which gives the page the cookie that it has to show again
        await self._answer()

    async def head(self, path: str | None = None) -> None:
        """Answer as to GET."""
        await self.get(path)

    async def post(self, path: str | None = None) -> None:
        """Answer a request."""
        await self.get(path)

    # -- requests ------------------------------------------------------------------------------------------------------------------

    @property
    def _is_websocket(self) -> bool:
        return str(self.request.headers.get("Upgrade", "")).lower() == "websocket"

    @property
    def _is_page(self) -> bool:
        return not self._is_websocket and "text/html" in self.request.headers.get("Accept", "")

    async def _may(self, action: str) -> bool:
        """Whether the authorizer lets this user do it. Whoever may not even read is refused."""
        user = self.current_user
        if user is None or not await ensure_async(self.authorizer.is_authorized(self, user, "read", RESOURCE)):
            raise HTTPError(403)
        return bool(await ensure_async(self.authorizer.is_authorized(self, user, action, RESOURCE)))

    async def _answer(self) -> None:
        body: list[Message] = [{"type": "http.request", "body": self.request.body, "more_body": False}]

        async def receive() -> Message:
            if body:
                return body.pop()
            await asyncio.get_running_loop().create_future()  # the end of the connection, which cancels this
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._begin_answer(message)
                return
            if message.get("body"):
                self.write(message["body"])
            if message.get("more_body"):
                await self.flush()

        await self._application(self._scope("http"), receive, send)
        await self.finish()

    def _begin_answer(self, message: Message) -> None:
        for name in list(dict(self._headers.get_all())):
            self.clear_header(name)
        self.set_status(message["status"])
        for name, value in message["headers"]:
            self.add_header(name.decode("latin-1"), value.decode("latin-1"))

    def compute_etag(self) -> str | None:
        """The application says its own."""
        return None

    def _scope(self, kind: str) -> MutableMapping[str, Any]:
        request = self.request
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in request.headers.get_all()]
        scope: dict[str, Any] = {
            "type": kind, "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "scheme": request.protocol,
            "path": unquote(request.path), "raw_path": request.path.encode(), "query_string": request.query.encode("latin-1"),
            "root_path": "", "headers": headers, "client": (request.remote_ip, 0), "server": None, "state": {},
        }  # fmt: skip
        return {**scope, "method": request.method} if kind == "http" else {**scope, "subprotocols": self._subprotocols()}

    # -- websockets ----------------------------------------------------------------------------------------------------------------

    def _subprotocols(self) -> list[str]:
        offered = [one.strip() for one in self.request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        return [one for one in _PROTOCOLS if one in offered][:1]

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        """The one that the application takes, too."""
        return next(iter(self._subprotocols()), None)

    def open(self, *args: str, **options: str) -> None:
        """The websocket is there: begin."""
        super().open(*args, **options)
        self._heard.put_nowait({"type": "websocket.connect"})
        self._task = asyncio.create_task(self._converse())

    def on_message(self, message: str | bytes) -> None:
        """Pass on what is said."""
        if len(message) > _LARGEST_MESSAGE:
            self.close(_TOO_LARGE)
            return
        self._heard.put_nowait({"type": "websocket.receive", "text" if isinstance(message, str) else "bytes": message})

    def on_close(self) -> None:
        """Nobody hears the application any more: end it."""
        super().on_close()
        if self._task is not None:
            self._task.cancel()

    async def _converse(self) -> None:
        async def send(message: Mapping[str, Any]) -> None:
            if message["type"] == "websocket.send":
                text = message.get("text")
                with suppress(WebSocketClosedError):
                    await _ended(self.write_message(text if text is not None else message["bytes"], binary=text is None))
            elif message["type"] == "websocket.close":
                self.close(message.get("code", 1000), message.get("reason") or None)

        with suppress(asyncio.CancelledError):
            await self._application(self._scope("websocket"), self._heard.get, send)
        self.close()


async def _ended(what: Awaitable[None]) -> None:
    await what
