"""The server as a program: ``nbasset ui``. One process, one port; it ends within two seconds of a signal, whoever is still connected.

The port is taken before anything heavy is loaded, so an address that cannot be had is told at once; the API and the user's code are loaded
behind the first answer.
"""

from __future__ import annotations

import asyncio
import errno
import getpass
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from nbasset.dataclass import dataclass
from nbasset.errors import InvalidInvocationError
from nbasset.home import Home
from nbasset.instance import Instance
from nbasset.web.extra import HOW, has_web_extra

if TYPE_CHECKING:
    import uvicorn

    from nbasset.locations.workspace import Place
    from nbasset.web.security import Access
    from nbasset.web.serving import Served

USUAL_PORT = 3000

_GRACE_S = 1
_WARM_S = 0.5
_HEAD_S = 20.0
_MOST_HEAD_BYTES = 64 * 1024

Tell = Callable[[str], None]
"""Says one line to whoever started the server."""


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """What is served, and to whom. A `port` of 0 is a free one; `token` is as `security.access_for` takes it."""

    places: Sequence[Place] = ()
    host: str = "127.0.0.1"
    port: int = USUAL_PORT
    token: str = ""
    prefix: str = ""
    known_as: Sequence[str] = ()
    read_only: bool = False
    opens_browser: bool = False


def serve(home: Home, options: ServerOptions, tell: Tell) -> int:
    """Serve a home until SIGTERM or Ctrl-C; the exit code.

    Raises
    ------
    InvalidInvocationError
        If the extra is not installed, or the address cannot be had.
    """
    if not has_web_extra():
        raise InvalidInvocationError(f"the server of nbasset is not installed here. Install it: {HOW}")
    listening = listen(options.host, options.port)
    try:
        from nbasset.web.security import access_for

        port = int(listening.getsockname()[1])
        access = access_for(
            options.host, port, token=options.token, prefix=options.prefix, read_only=options.read_only, known_as=options.known_as,
            user=_user(),
        )  # fmt: skip
        instance = Instance.open(home.root)
        _ = instance.reader  # a damaged or unreadable store is told now, not to the first who asks
        from nbasset.web.serving import Served

        served = Served(instance, access, places=options.places)
        with _logging(tell):
            asyncio.run(run(make_server(served), served, listening, lambda: _announce(home, options, access, port, tell)))
        tell("ended")
        return 0
    finally:
        listening.close()


def listen(host: str, port: int) -> socket.socket:
    """A socket at an address.

    Raises
    ------
    InvalidInvocationError
        If it cannot be had. For a port that is taken the next free one is named.
    """
    try:
        return _bound(host, port)
    except socket.gaierror as error:
        reason = error.strerror
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            reason = error.strerror
        else:
            free = _next_free(host, max(port, 1023))
            then = f"The next that is free: --port {free}" if free else "Any that is free: --port 0"
            why = "is taken by another program" if error.errno == errno.EADDRINUSE else "may be used by the administrator alone"
            raise InvalidInvocationError(f"port {port} of {host} {why}. {then}") from None
    raise InvalidInvocationError(f"nothing can listen on {host}: {reason}. Name an address of this machine: --host 127.0.0.1")


def address_of(host: str, port: int, prefix: str = "", token: str = "") -> str:
    """The address to give to a browser on this machine.

    >>> address_of("0.0.0.0", 3000, "/nb", "s3cret-token"), address_of("::1", 80)
    ('http://127.0.0.1:3000/nb/?token=s3cret-token', 'http://[::1]:80/')
    """
    from urllib.parse import quote

    near = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host) or (f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{near}:{port}{prefix}/" + (f"?token={quote(token, safe='')}" if token else "")


# -- the program ------------------------------------------------------------------------------------------------------------------


def make_server(served: Served, *, head_s: float = _HEAD_S) -> uvicorn.Server:
    """A server that ends by itself when it is told to (``should_exit``, or a signal), and passes no signal on.

    `head_s` is how long a connection may take for the head of a request.
    """
    import uvicorn

    from nbasset.web.app import make_app
    from nbasset.web.patience import patient_for

    class Server(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            if threading.current_thread() is not threading.main_thread():
                yield
                return
            before = {one: signal.signal(one, self.handle_exit) for one in (signal.SIGINT, signal.SIGTERM)}
            try:
                yield
            finally:
                for one, handler in before.items():
                    signal.signal(one, handler)

    config = uvicorn.Config(
        make_app(served), lifespan="off", http=patient_for(head_s), ws="websockets-sansio", loop="asyncio", log_config=None,
        log_level="critical", access_log=False, server_header=False, proxy_headers=False, timeout_graceful_shutdown=_GRACE_S,
        ws_max_size=1 << 20, ws_ping_interval=20.0, ws_ping_timeout=20.0, h11_max_incomplete_event_size=_MOST_HEAD_BYTES,
    )  # fmt: skip
    return Server(config)


async def run(server: uvicorn.Server, served: Served, listening: socket.socket, announce: Callable[[], None]) -> None:
    """Serve until the server is told to end; what was opened is closed then."""
    from nbasset.web.serving import MOST_THREADS, Threads

    asyncio.get_running_loop().set_default_executor(Threads(MOST_THREADS))
    announced = asyncio.get_running_loop().call_soon(announce)
    warming = asyncio.create_task(_warm_up(served))
    try:
        await server.serve(sockets=[listening])
    finally:
        announced.cancel()
        warming.cancel()
        closing = threading.Thread(target=served.close, name="nbasset-web-close", daemon=True)
        closing.start()
        await asyncio.to_thread(closing.join, _GRACE_S)


async def _warm_up(served: Served) -> None:
    """Load what the first question needs, once the first page is out."""
    await served.wait_for_answer(_WARM_S)
    with suppress(Exception):  # whoever asks is told
        await asyncio.to_thread(served.warm_up)


def _announce(home: Home, options: ServerOptions, access: Access, port: int, tell: Tell) -> None:
    address = address_of(options.host, port, access.prefix, access.token)
    mode = " (read-only)" if access.read_only else ""
    tell(f"serving {home.root}{mode} at {address}")
    if options.opens_browser:
        threading.Thread(target=_open_browser, args=(address, bool(access.token)), name="nbasset-browser", daemon=True).start()


def _open_browser(address: str, is_secret: bool) -> None:
    """Open it. An address with a token goes by a file for its owner alone, since everybody sees how programs were started."""
    import atexit
    import tempfile
    import webbrowser
    from html import escape

    with suppress(webbrowser.Error, OSError):
        if not is_secret:
            webbrowser.open(address)
            return
        number, name = tempfile.mkstemp(prefix="nbasset-", suffix=".html")
        atexit.register(lambda: Path(name).unlink(missing_ok=True))
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(f"<!doctype html><meta http-equiv='refresh' content='0;url={escape(address)}'>")
        webbrowser.open(Path(name).as_uri())


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


@contextmanager
def _logging(tell: Tell) -> Iterator[None]:
    """What the server and the routes log is told, too; of the libraries only what is an error."""
    handler = _Telling(tell)
    loggers = [logging.getLogger("nbasset.web"), logging.getLogger("uvicorn.error")]
    before = [(one, one.level, one.propagate) for one in loggers]
    for one in loggers:
        one.addHandler(handler)
        one.propagate = False
    loggers[1].setLevel(logging.CRITICAL)  # of a client that speaks no HTTP nobody has to hear
    try:
        yield
    finally:
        for one, level, propagate in before:
            one.removeHandler(handler)
            one.setLevel(level)
            one.propagate = propagate


class _Telling(logging.Handler):
    def __init__(self, tell: Tell) -> None:
        super().__init__(logging.INFO)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        from nbasset.secrets import mask_secrets

        self._tell(mask_secrets(self.format(record)))


def _bound(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    made = socket.socket(family, kind, protocol)  # only of a socket that says it is TCP the loop sends small pieces at once
    try:
        if sys.platform != "win32":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(2048)  # so that a taken port is known now
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made


def _next_free(host: str, port: int) -> int:
    for candidate in range(port + 1, min(port + 100, 65536)):
        with suppress(OSError):
            _bound(host, candidate).close()
            return candidate
    return 0
