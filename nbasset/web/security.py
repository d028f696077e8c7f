"""Who may ask for what: stands before every route, also those that do not exist.

A request gets through if it names a host that this server is known by (a page elsewhere that made its name mean this machine is refused),
if what it changes is not asked for by a page of another origin, and if it brings the token, where there is one. No answer is readable by
other origins, is framed by them, runs code that is not a file of ours, or says more of a failure than its number.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import logging
import secrets
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import field
from html import escape
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from starlette.exceptions import HTTPException

from nbasset.dataclass import dataclass
from nbasset.errors import InvalidInvocationError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("nbasset.web")

MOST_BODY_BYTES = 1 << 20
TOO_LARGE = f"more than {MOST_BODY_BYTES} bytes cannot be sent at once."
SHORTEST_TOKEN = 8
_BODY_WAIT_S = 20.0
_SAFE_METHODS = frozenset({"GET", "HEAD"})
_TOKEN_HEADERS = ("token", "dagster-cloud-api-token")
_PLAIN = "/?&=%+-._~"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'none'"
)
"""What a page of ours may do: load and ask this server, nothing else."""

RENDERED_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; frame-ancestors 'self'"
"""What a page made from a notebook may do: be looked at."""

_HEADERS = {
    "content-security-policy": PAGE_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_FRAMED = {
    **_HEADERS,
    "content-security-policy": PAGE_POLICY.replace("frame-ancestors 'none'", "frame-ancestors 'self'"),
    "x-frame-options": "SAMEORIGIN",
}


@dataclass(frozen=True, slots=True)
class Access:
    """Who may ask. `hosts` are the names this server is known by, None for any; without a `token` everybody who reaches it may.

    `known_as` are further names, of a proxy before it; `prefix` is the path below which it is reached, without a slash at its end;
    `cookie` is the name of what a browser keeps. `is_behind_sign_in` where another server has let in whoever asks: nothing
    more is asked of them then, and its pages may frame ours.
    """

    token: str = field(default="", repr=False)
    hosts: frozenset[str] | None = frozenset(_LOOPBACK)
    known_as: frozenset[str] = frozenset()
    prefix: str = ""
    read_only: bool = False
    cookie: str = "nbasset-token"
    user: str = ""
    is_behind_sign_in: bool = False

    @property
    def proof(self) -> str:
        """What the cookie holds: made from the token, so that an old one is worth nothing when the token is another."""
        return hmac.new(self.token.encode(), self.cookie.encode(), hashlib.sha256).hexdigest()

    def knows(self, token: str) -> bool:
        """Whether this is the token, found out in a time that says nothing of it."""
        return hmac.compare_digest(hashlib.sha256(token.encode()).digest(), hashlib.sha256(self.token.encode()).digest())


def access_for(
    host: str, port: int, *, token: str = "", prefix: str = "", read_only: bool = False, known_as: Iterable[str] = (), user: str = ""
) -> Access:
    """The access of a server that listens at an address: from other machines with a token alone, one of its own if none is given.

    `token` may be ``auto``, for one that is made here; `known_as` are further names of this server, with their port if it is no usual one.

    Raises
    ------
    InvalidInvocationError
        If the token is short enough to be guessed, or the prefix is none.
    """
    if token == "auto" or (not token and not is_loopback(host)):  # noqa: S105 - the word for one that is made
        token = secrets.token_urlsafe(24)
    if token and len(token) < SHORTEST_TOKEN:
        raise InvalidInvocationError(f"a token of {len(token)} characters can be guessed. Give at least {SHORTEST_TOKEN}, or --token auto")
    if not token.isascii() or any(letter.isspace() or not letter.isprintable() for letter in token):
        raise InvalidInvocationError("a token has letters, digits and signs of ASCII, without blanks. One that is made: --token auto")
    more = frozenset(one.lower() for one in known_as)
    hosts = None if token else frozenset((*_LOOPBACK, host.lower().strip("[]"), *map(host_name, more)))
    return Access(token, hosts, more, checked_prefix(prefix), read_only, f"nbasset-token-{port}", user)


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone.

    >>> [is_loopback(one) for one in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "::", "10.0.0.4", "lab.example")]
    [True, True, True, False, False, False, False]
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def checked_prefix(text: str) -> str:
    """A path prefix in one form: a slash before, none behind.

    >>> checked_prefix("team/nbasset/"), checked_prefix("/")
    ('/team/nbasset', '')

    Raises
    ------
    InvalidInvocationError
        If it is no plain path.
    """
    parts = [part for part in text.split("/") if part]
    if any(part in (".", "..") or not part.replace("-", "").replace("_", "").replace(".", "").replace("~", "").isalnum() for part in parts):
        raise InvalidInvocationError(
            f"{text!r} cannot be a path prefix: letters, digits, '-', '_', '.', '~' between slashes. --prefix /nbasset"
        )
    return "".join(f"/{part}" for part in parts)


def host_name(header: str) -> str:
    """The name in a Host header, without its port; empty for what is none.

    >>> [host_name(one) for one in ("LocalHost:3000", "[::1]:80", "10.0.0.4", "::1", "a@b:1", "")]
    ['localhost', '::1', '10.0.0.4', '', '', '']
    """
    if any(letter in header for letter in "@/\\?# \t") or (header.count(":") > 1 and not header.startswith("[")):
        return ""
    try:
        return (urlsplit(f"//{header}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_same_origin(origin: str, hosts: Iterable[str]) -> bool:
    """Whether an Origin header is that of a page at one of these hosts.

    >>> is_same_origin("http://localhost:3000", ["localhost:3000"]), is_same_origin("https://lab.example", ["lab.example:443"])
    (True, True)
    >>> is_same_origin("http://localhost:4000", ["localhost:3000"]), is_same_origin("null", ["null"])
    (False, False)
    """
    scheme, _, netloc = origin.lower().partition("://")
    if scheme not in ("http", "https") or not netloc:
        return False
    usual = ":443" if scheme == "https" else ":80"
    return any(netloc.removesuffix(usual) == host.lower().removesuffix(usual) for host in hosts if host)


class Guard:
    """The first of all: an ASGI application before another."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = _headers(scope)
        scope = _below(scope, self._access.prefix)
        if scope["type"] == "http":
            send = _hardened(send, _FRAMED if self._access.is_behind_sign_in else _HEADERS)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await refusal.send(scope, send, self._access)
        elif scope["type"] == "http" and (link := self._signs_in(scope, headers)) is not None:
            await _Refusal(200, _going_on(link), {"set-cookie": self._cookie(headers)}, is_page=True).send(scope, send, self._access)
        else:
            await self._let_through(scope, _Limited(receive, headers) if scope["type"] == "http" else receive, send)

    async def _let_through(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def begin(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, begin)
        except asyncio.CancelledError:  # the server ends, and waits for nobody
            if scope["type"] == "http" and not has_begun:
                await _Refusal(503, "the server is ending.", {"connection": "close"}).send(scope, send, self._access)
        except Exception:
            if scope["type"] == "http":  # the application has answered, and has written down why
                return
            log.exception("websocket %s", scope["path"])
            with suppress(RuntimeError):  # it is closed already
                await send({"type": "websocket.close", "code": 1011, "reason": ""})

    # -- what is asked of a request ------------------------------------------------------------------------------------------------

    def _refusal(self, scope: Scope, headers: Mapping[str, str]) -> _Refusal | None:
        refusal = None if self._access.is_behind_sign_in else self._stranger(scope, headers)
        if refusal is not None:
            return refusal
        length = headers.get("content-length", "0") if scope["type"] == "http" else "0"
        return _Refusal(413, TOO_LARGE) if not length.isdigit() or int(length) > MOST_BODY_BYTES else None

    def _stranger(self, scope: Scope, headers: Mapping[str, str]) -> _Refusal | None:
        """Why somebody is not let in."""
        host = headers.get("host", "")
        if self._access.hosts is not None and not self._is_known(host_name(host)):
            return _Refusal(
                403, f"this server is not known as {host[:200]!r}. If it is to be reached by that name: nbasset ui --known-as NAME"
            )  # fmt: skip
        changes = scope["type"] == "websocket" or scope["method"] not in _SAFE_METHODS
        if changes:
            site = headers.get("sec-fetch-site", "")
            origin = headers.get("origin")
            ours = (host, headers.get("x-forwarded-host", ""), *self._access.known_as)
            if site in ("cross-site", "same-site") or (origin is not None and not is_same_origin(origin, ours)):
                return _Refusal(403, "a page of another origin may not ask for this. A proxy in between has to pass on the Host header.")
        if self._access.token and not self._is_signed_in(scope, headers):
            return _Refusal(401, "the token is missing or is not the one of this server.")
        return None

    def _is_known(self, name: str) -> bool:
        assert self._access.hosts is not None
        return name in self._access.hosts or name.endswith(".localhost")

    def _is_signed_in(self, scope: Scope, headers: Mapping[str, str]) -> bool:
        cookie = _cookie_of(headers.get("cookie", ""), self._access.cookie)
        if cookie and hmac.compare_digest(cookie.encode(), self._access.proof.encode()):
            return True
        return any(self._access.knows(token) for token in _tokens(scope, headers))

    def _signs_in(self, scope: Scope, headers: Mapping[str, str]) -> str | None:
        """Where a browser goes that brought the token in the address, which is not to stay there."""
        query = _query(scope)
        is_page = scope["method"] in _SAFE_METHODS and "text/html" in headers.get("accept", "")
        if not self._access.token or not is_page or not any(name == "token" for name, _ in query):
            return None
        return _link(scope, [(name, value) for name, value in query if name != "token"])

    def _cookie(self, headers: Mapping[str, str]) -> str:
        secure = "; Secure" if headers.get("x-forwarded-proto", "") == "https" else ""
        return f"{self._access.cookie}={self._access.proof}; Path={self._access.prefix or '/'}; HttpOnly; SameSite=Strict{secure}"


# -- helpers ----------------------------------------------------------------------------------------------------------------------


class _Limited:
    """The body of a request: so much, and not slower than that."""

    def __init__(self, receive: Receive, headers: Mapping[str, str]) -> None:
        self._receive = receive
        self._left = MOST_BODY_BYTES
        self._is_whole = headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers

    async def __call__(self) -> Message:
        if self._is_whole:  # what comes now is the end of the connection
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), _BODY_WAIT_S)
        except TimeoutError:
            raise HTTPException(408, "the rest of the request did not come.", {"connection": "close"}) from None
        self._left -= len(message.get("body", b""))
        self._is_whole = not message.get("more_body", False)
        if self._left < 0:
            raise HTTPException(413, TOO_LARGE, {"connection": "close"})
        return message


@dataclass(frozen=True, slots=True)
class _Refusal:
    """An answer instead of that of a route."""

    status: int
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)
    is_page: bool = False

    async def send(self, scope: Scope, send: Send, access: Access) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        asks_to_sign_in = self.status == 401 and "text/html" in _headers(scope).get("accept", "")
        is_page = self.is_page or asks_to_sign_in
        body = (_sign_in_page(self.text, scope, access) if asks_to_sign_in else self.text).encode()
        kind = "text/html" if is_page else "text/plain"
        headers = {"content-type": f"{kind}; charset=utf-8", "content-length": str(len(body)), "cache-control": "no-store", **self.headers}
        if self.status == 413:
            headers["connection"] = "close"
        if self.status == 401:
            headers["www-authenticate"] = "Bearer"
        await send({"type": "http.response.start", "status": self.status, "headers": _raw(headers)})
        await send({"type": "http.response.body", "body": body})


def _going_on(link: str) -> str:
    """A page that goes on to another: a browser sends the new cookie from here, wherever it came from."""
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>nbasset</title>"
        f"<meta http-equiv='refresh' content='0;url={escape(quote(link, safe=_PLAIN))}'><p>Signed in."
    )


def _sign_in_page(text: str, scope: Scope, access: Access) -> str:
    here = escape(quote(_link(scope, _query(scope)), safe=_PLAIN))
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>nbasset: sign in</title>"
        "<meta name='viewport' content='width=device-width'><style>:root{color-scheme:light dark}"
        "body{font:16px system-ui;max-width:34rem;margin:4rem auto;padding:0 1rem}input,button{font:inherit;padding:.4rem}</style>"
        f"<h1>Sign in to nbasset</h1><p>{escape(text)} It is in the address that the program printed when it started.</p>"
        f"<form method='get' action='{escape(access.prefix)}/'><label>Token "
        "<input name='token' type='password' autocomplete='off' autofocus></label> <button>Sign in</button></form>"
        f"<p>Signed in already, and sent here by a page elsewhere? <a href='{here}'>Go on</a>.</p>"
    )


def _hardened(send: Send, headers: Mapping[str, str]) -> Send:
    """Answers with the headers that all of them have; a route may say its own."""

    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message.get("headers", ())}
            more = {name: value for name, value in headers.items() if name.encode() not in given}
            message = {**message, "headers": [*message.get("headers", ()), *_raw(more)]}
        await send(message)

    return with_headers


def _below(scope: Scope, prefix: str) -> Scope:
    """The request as one below the prefix, whether or not a proxy in between has taken it away."""
    path = scope["path"]
    is_below = bool(prefix) and (path == prefix or path.startswith(f"{prefix}/"))
    return {**scope, "root_path": prefix, "path": path if is_below or not prefix else prefix + path}


def _link(scope: Scope, query: Sequence[tuple[str, str]]) -> str:
    """The address of a request within this server, never that of another one."""
    path = "/" + str(scope["path"]).lstrip("/\\")
    return path + (f"?{urlencode(query)}" if query else "")


def _headers(scope: Scope) -> dict[str, str]:
    """Headers by their name in small letters. A Host or Origin that comes twice is none that is known."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key = name.decode("latin-1").lower()
        text = value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def _raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


def _query(scope: Scope) -> list[tuple[str, str]]:
    return parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)


def _tokens(scope: Scope, headers: Mapping[str, str]) -> Iterable[str]:
    kind, _, value = headers.get("authorization", "").partition(" ")
    if kind.lower() in ("bearer", "token"):
        yield value.strip()
    yield from (headers[name] for name in _TOKEN_HEADERS if name in headers)
    yield from (value for name, value in _query(scope) if name == "token")


def _cookie_of(header: str, name: str) -> str:
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(header)
    except CookieError:
        return ""
    return unquote(jar[name].value) if name in jar else ""
