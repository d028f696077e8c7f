"""GraphQL over HTTP, as clients of the reference send it: POST of JSON or of a bare document, GET with a query; a browser gets a page.

The answer is 200 with `data`, errors of resolvers among it; 400 where nothing was carried out: no JSON, no document, or one that does not
parse or breaks a rule of the schema or a limit. A mutation has to be posted, since pages elsewhere can have a browser GET anything.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from nbasset.dataclass import dataclass
from nbasset.web.answers import Answer, packed
from nbasset.web.serving import Served, served_by
from nbasset.web.static_files import console_page

_JSON = "application/json"
_DOCUMENT = "application/graphql"


@dataclass(frozen=True, slots=True)
class Asked:
    """One operation as it was sent. `may_change` is False where only reading is allowed."""

    query: str
    variables: Mapping[str, Any] | None = None
    operation: str | None = None
    may_change: bool = True


class NotUnderstood(Exception):
    """The request is none that this answers; the text says what is wrong."""


async def graphql(request: Request) -> Response:
    """Answer one operation."""
    if request.method in ("GET", "HEAD") and "text/html" in request.headers.get("accept", ""):
        return await console_page(request)
    served = served_by(request)
    packs = "gzip" in request.headers.get("accept-encoding", "")
    try:
        answer = await asyncio.to_thread(_answered, served, await _asked(request), packs)
    except NotUnderstood as error:
        answer = Answer(400, as_json({"data": None, "errors": [{"message": str(error)}]}).encode())
    headers = {"content-encoding": "gzip", "vary": "Accept-Encoding"} if answer.is_packed else {}
    return Response(answer.body, answer.status, headers, _JSON)


def operation_in(data: object, *, may_change: bool = True) -> Asked:
    """The operation in a decoded body or message.

    >>> operation_in({"query": "{ version }", "variables": "{}"})
    Asked(query='{ version }', variables={}, operation=None, may_change=True)

    Raises
    ------
    NotUnderstood
        If there is none in it.
    """
    if isinstance(data, list):
        raise NotUnderstood("a list of operations is not answered here. Send them one by one, or as fields of one document.")
    if not isinstance(data, Mapping):
        raise NotUnderstood('the body is no JSON object. Send {"query": "{ version }"}.')
    query, variables, operation = data.get("query"), data.get("variables"), data.get("operationName")
    if not isinstance(query, str) or not query.strip():
        raise NotUnderstood('no query was sent. Send {"query": "{ version }"}.')
    if isinstance(variables, str):
        variables = _parsed(variables, "variables") if variables.strip() else None
    if variables is not None and not isinstance(variables, Mapping):
        raise NotUnderstood("variables are no JSON object.")
    if operation is not None and not isinstance(operation, str):
        raise NotUnderstood("operationName is no text.")
    return Asked(query, variables, operation or None, may_change)


def carried_out(served: Served, asked: Asked) -> dict[str, Any]:
    """The result of an operation; without ``data`` where it was refused before anything was done. Takes its time: ask in a thread."""
    from nbasset.api import execute

    if not asked.may_change and execute.operation_kind(asked.query, asked.operation) == "mutation":
        return {"errors": [{"message": "a mutation has to be sent by POST, with a JSON body."}]}
    return execute.execute(asked.query, asked.variables, asked.operation, served.context())


def _answered(served: Served, asked: Asked, packs: bool) -> Answer:
    """The answer, packed where that is wanted: that, too, takes its time."""

    def make() -> Answer:
        result = carried_out(served, asked)
        body = as_json(result if "data" in result else {"data": None, **result})
        answer = Answer(200 if "data" in result else 400, body.encode())
        return packed(answer) if packs else answer

    from nbasset.api import execute

    workspace = served.workspace()
    if not workspace.number or execute.operation_kind(asked.query, asked.operation) != "query":
        return make()
    question = (asked.query, json.dumps(asked.variables), asked.operation, packs)
    return served.answers.find(question, (served.instance.reader.last_seq(), workspace.number), make)


async def _asked(request: Request) -> Asked:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method == "POST" and kind == _JSON:
        return operation_in(_parsed(await request.body(), "the body"))
    if request.method == "POST" and kind == _DOCUMENT:
        try:
            return operation_in({**request.query_params, "query": (await request.body()).decode("utf-8")})
        except UnicodeDecodeError:
            raise NotUnderstood("the body is no UTF-8.") from None
    return operation_in(dict(request.query_params), may_change=False)


def _parsed(text: bytes | str, what: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise NotUnderstood(f"{what} cannot be read as JSON.") from None


def as_json(data: object) -> str:
    """JSON that every client can read: a number that is none becomes null."""
    try:
        return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError:
        return json.dumps(_finite(data), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _finite(data: object) -> object:
    if isinstance(data, float):
        return data if math.isfinite(data) else None
    if isinstance(data, Mapping):
        return {key: _finite(value) for key, value in data.items()}
    return [_finite(item) for item in data] if isinstance(data, (list, tuple)) else data
