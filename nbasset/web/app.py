"""The routes, one application for whoever serves it: a program of its own, or another server behind its own sign-in."""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from nbasset import __version__
from nbasset.web import graphql_http, graphql_sockets, records, reports, static_files
from nbasset.web.security import Guard
from nbasset.web.serving import Served, served_by

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

log = logging.getLogger("nbasset.web")

SPOKEN_VERSION = "1.13.27"
"""The version of the interface that clients know: what a script that asks for a version may count on."""

_SMALLEST_PACKED = 1000


def routes() -> list[BaseRoute]:
    """All routes. The last one takes every address that the others leave."""
    return [
        Route("/graphql", graphql_http.graphql, methods=["GET", "POST"]),
        WebSocketRoute("/graphql", graphql_sockets.graphql),
        WebSocketRoute("/panels", _panels),
        Route("/server_info", _server_info),
        Route("/dagit_info", _server_info),
        *(Route(f"/report_asset_{kind}/{{key:path}}", answer, methods=["POST"]) for kind, answer in reports.REPORTS.items()),
        Route("/logs/{path:path}", records.logs),
        Route("/download_debug/{run_id}", records.download_debug),
        Route("/notebook", records.notebook),
        Route("/_static/{name}", static_files.built_file),
        Route("/_console/{name}", static_files.console_file),
        Route("/{path:path}", static_files.page),
    ]


def make_app(served: Served) -> ASGIApp:
    """The application of a home, with the guard before it."""
    packing = Middleware(GZipMiddleware, minimum_size=_SMALLEST_PACKED, compresslevel=5)
    app = Starlette(routes=routes(), middleware=[packing], exception_handlers={Exception: _failed})
    app.state.served = served
    return Guard(_Noticed(app, served), served.access)


class _Noticed:
    """Tells of the first answer, after which there is time for what takes long."""

    def __init__(self, app: ASGIApp, served: Served) -> None:
        self._app = app
        self._served = served

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)
        self._served.has_answered()


async def _server_info(request: Request) -> Response:
    spoken = dict.fromkeys(("dagster_webserver_version", "dagster_version", "dagster_graphql_version"), SPOKEN_VERSION)
    return JSONResponse({**spoken, "nbasset_version": __version__, "read_only": served_by(request).access.read_only})


async def _panels(websocket: WebSocket) -> None:
    served = served_by(websocket)
    panels = await asyncio.to_thread(served.panels)
    await panels.endpoint(websocket)


async def _failed(request: Request, error: Exception) -> Response:
    number = secrets.token_hex(4)
    log.error("error %s of %s %s", number, request.method, request.url.path, exc_info=error)
    return PlainTextResponse(f"something went wrong here. What it was stands in the log of the server as error {number}.", 500)
