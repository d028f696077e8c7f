"""How long a connection may take to say what it wants: one that never finishes its head would hold a file descriptor for ever.

Of bodies `security.Guard` says the same, of answered connections that are kept open the server's own time for that.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


def patient_for(seconds: float) -> type[H11Protocol]:
    """The protocol of a connection that is given so many seconds for the head of each request."""

    class Patient(H11Protocol):
        _giving_up: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def handle_websocket_upgrade(self, event: h11.Request) -> None:
            self._heard_out()
            super().handle_websocket_upgrade(event)

        def connection_lost(self, exc: Exception | None) -> None:
            self._heard_out()
            super().connection_lost(exc)

        def _watch(self) -> None:
            cycle: Any = self.cycle
            is_waiting = cycle is None or cycle.response_complete
            if not is_waiting or self.transport.get_protocol() is not self or self.transport.is_closing():
                self._heard_out()
            elif self._giving_up is None:
                self._giving_up = self.loop.call_later(seconds, self.transport.close)

        def _heard_out(self) -> None:
            if self._giving_up is not None:
                self._giving_up.cancel()
                self._giving_up = None

    return Patient
