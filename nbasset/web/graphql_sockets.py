"""GraphQL over a websocket, in both protocols that clients speak: ``graphql-transport-ws``, and the older ``graphql-ws``.

They differ in a few words (`_Words`). Operations of one connection go on beside each other; each ends when the client says so, or is gone.
Messages: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md and, of the older one,
https://github.com/apollographql/subscriptions-transport-ws/blob/master/PROTOCOL.md.
"""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import aclosing, suppress
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from nbasset.dataclass import dataclass
from nbasset.web.graphql_http import NotUnderstood, as_json, carried_out, operation_in
from nbasset.web.serving import Served, served_by

log = logging.getLogger("nbasset.web")

MOST_OPERATIONS = 100
_FIRST_WORD_S = 30.0


@dataclass(frozen=True, slots=True)
class _Words:
    """What a protocol calls things. `is_strict` is for one in which a breach of the rules ends the connection."""

    name: str
    start: str
    stop: str
    data: str
    is_strict: bool


_NEW = _Words("graphql-transport-ws", "subscribe", "complete", "next", is_strict=True)
_OLD = _Words("graphql-ws", "start", "stop", "data", is_strict=False)


class _Broken(Exception):
    """The client broke a rule: the connection ends with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


async def graphql(websocket: WebSocket) -> None:
    """Serve one connection. A client that names no protocol means the older one."""
    offered = websocket.scope.get("subprotocols") or [_OLD.name]
    words = next((words for words in (_NEW, _OLD) if words.name in offered), None)
    if words is None:
        await websocket.close(1002)
        return
    await websocket.accept(words.name if websocket.scope.get("subprotocols") else None)
    connection = _Connection(websocket, words, served_by(websocket))
    try:
        await connection.serve()
    except _Broken as breach:
        with suppress(RuntimeError):
            await websocket.close(breach.code, str(breach))
    except WebSocketDisconnect:
        pass
    finally:
        await connection.end()


class _Connection:
    def __init__(self, websocket: WebSocket, words: _Words, served: Served) -> None:
        self._websocket = websocket
        self._words = words
        self._served = served
        self._operations: dict[str, asyncio.Task[None]] = {}

    async def serve(self) -> None:
        """Hear one message after the other until the client goes."""
        await self._introduce()
        while True:
            message = await self._heard()
            kind = message.get("type")
            if kind == self._words.start:
                self._start(message)
            elif kind == self._words.stop:
                await self._stop(message.get("id"))
            elif kind == "connection_terminate" and not self._words.is_strict:
                await self._websocket.close()
                return
            elif kind == "ping":
                await self._say("pong")
            elif kind == "connection_init" and self._words.is_strict:
                raise _Broken(4429, "Too many initialisation requests")
            elif kind not in ("pong", "connection_init"):
                raise _Broken(4400, "Invalid message")

    async def end(self) -> None:
        """End all operations."""
        tasks = list(self._operations.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _introduce(self) -> None:
        try:
            message = await asyncio.wait_for(self._heard(), _FIRST_WORD_S)
        except TimeoutError:
            raise _Broken(4408, "Connection initialisation timeout") from None
        if message.get("type") != "connection_init":
            raise _Broken(4401, "Unauthorized")
        await self._say("connection_ack")

    async def _heard(self) -> dict[str, Any]:
        received = await self._websocket.receive()
        if received["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(received.get("code", 1005))
        try:
            message = json.loads(received.get("text") or received.get("bytes") or "")
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise _Broken(4400, "Invalid message")
        return message

    def _start(self, message: dict[str, Any]) -> None:
        name = message.get("id")
        if isinstance(name, int) and not self._words.is_strict:
            name = str(name)
        if not isinstance(name, str) or not name:
            raise _Broken(4400, "An operation needs an id")
        if name in self._operations:
            raise _Broken(4409, f"Subscriber for {name[:60]} already exists")
        if len(self._operations) >= MOST_OPERATIONS:
            raise _Broken(4429, f"More than {MOST_OPERATIONS} operations at once")
        self._operations[name] = asyncio.create_task(self._operate(name, message.get("payload")), name=f"operation {name}")

    async def _stop(self, name: object) -> None:
        task = self._operations.pop(str(name), None)
        if task is None:
            return
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if not self._words.is_strict:
            await self._say("complete", name)

    async def _operate(self, name: str, payload: object) -> None:
        try:
            refused = await self._carry_out(name, payload)
            if refused is not None:
                await self._say("error", name, refused if self._words.is_strict else refused[0])
            else:
                await self._say("complete", name)
        except (WebSocketDisconnect, RuntimeError):  # nobody hears it any more
            pass
        except Exception:
            log.exception("operation %s of a websocket", name[:60])
            with suppress(WebSocketDisconnect, RuntimeError):
                failed: list[dict[str, Any]] = [{"message": "something went wrong here; the log of the server says what."}]
                await self._say("error", name, failed if self._words.is_strict else failed[0])
        finally:
            if self._operations.get(name) is asyncio.current_task():
                del self._operations[name]

    async def _carry_out(self, name: str, payload: object) -> list[dict[str, Any]] | None:
        """Send all results. The errors, if it was refused before there was any."""
        try:
            asked = operation_in(payload)
        except NotUnderstood as error:
            return [{"message": str(error)}]
        from nbasset.api import execute

        if await asyncio.to_thread(execute.operation_kind, asked.query, asked.operation) != "subscription":
            result = await asyncio.to_thread(carried_out, self._served, asked)
            if "data" not in result:
                return list(result["errors"])
            await self._say(self._words.data, name, result)
            return None
        context = await asyncio.to_thread(self._served.context)
        async with aclosing(execute.subscribe(asked.query, asked.variables, asked.operation, context)) as results:
            async for result in results:
                if "data" not in result:
                    return list(result["errors"])
                await self._say(self._words.data, name, result)
        return None

    async def _say(self, kind: str, name: object = None, payload: object = None) -> None:
        message = {"type": kind}
        if name is not None:
            message["id"] = name  # type: ignore[assignment]
        if payload is not None:
            message["payload"] = payload  # type: ignore[assignment]
        await self._websocket.send_text(as_json(message))
