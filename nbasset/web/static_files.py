"""The pages and their files, as they were built: names with a hash are kept by browsers for good, the one page is asked for anew.

A file is found in the list of those that there are, so no name leads anywhere else. Beside ``NAME`` may stand ``NAME.br`` and ``NAME.gz``.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Mapping
from html import escape
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from nbasset.dataclass import dataclass
from nbasset.web.serving import served_by

_OWN = Path(__file__).parent / "console"
_PACKED = {"br": ".br", "gzip": ".gz"}
_FOR_EVER = "public, max-age=31536000, immutable"
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2"}
_TEXTS = ("text/", "image/svg", "application/json")
_NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>nbasset</title>
<h1>nbasset is serving</h1><p>The pages of this installation were not built. The API is there:
<a href="{{base}}/graphql">graphql</a>.</p>"""


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    tag: str
    kind: str


async def page(request: Request) -> Response:
    """The one page, for every address that nothing else answers; who asks for no page is told that there is nothing."""
    if "text/html" not in request.headers.get("accept", ""):
        return PlainTextResponse("there is nothing at this address.", 404)
    served = served_by(request)
    file = served.pages / "index.html"
    text = file.read_text("utf-8") if file.is_file() else _NOT_BUILT
    base = escape(served.access.prefix)
    return _answer(request, _file(text.replace("{{base}}", base).encode(), "page.html"), "no-cache")


async def built_file(request: Request) -> Response:
    """A file of the pages, packed as the browser can have it."""
    return _listed(request, served_by(request).pages / "assets", _FOR_EVER)


async def console_page(request: Request) -> Response:
    """The page to try GraphQL on, without anything from elsewhere."""
    base = escape(served_by(request).access.prefix)
    text = (_OWN / "console.html").read_text("utf-8").replace("{{base}}", base)
    return _answer(request, _file(text.encode(), "console.html"), "no-cache")


async def console_file(request: Request) -> Response:
    """A file of that page."""
    return _listed(request, _OWN, "no-cache")


def _listed(request: Request, folder: Path, caching: str) -> Response:
    name = request.path_params["name"]
    there: Mapping[str, Path] = {path.name: path for path in folder.iterdir() if path.is_file()} if folder.is_dir() else {}
    if name not in there:
        return PlainTextResponse("there is no such file.", 404)
    wanted = request.headers.get("accept-encoding", "")
    for encoding, ending in _PACKED.items():
        if encoding in wanted and f"{name}{ending}" in there:
            packed = _file(there[f"{name}{ending}"].read_bytes(), name)
            return _answer(request, packed, caching, {"content-encoding": encoding, "vary": "Accept-Encoding"})
    return _answer(request, _file(there[name].read_bytes(), name), caching)


def _file(body: bytes, name: str) -> _File:
    kind = _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    tag = hashlib.sha256(body).hexdigest()[:20]
    return _File(body, f'"{tag}"', f"{kind}; charset=utf-8" if kind.startswith(_TEXTS) else kind)


def _answer(request: Request, file: _File, caching: str, more: Mapping[str, str] | None = None) -> Response:
    headers = {"cache-control": caching, "etag": file.tag, **(more or {})}
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if file.tag in known:
        return Response(status_code=304, headers=headers)
    return Response(file.body, headers={**headers, "content-type": file.kind})
