"""One operation: text in, plain data out. `execute` for queries and mutations, `subscribe` for what goes on.

Documents that do not parse, do not validate or ask for too much answer with status 400; everything else with 200, errors of fields beside
the data. Documents are parsed and checked once and kept.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from nbasset import clock
from nbasset.api.context import ApiContext
from nbasset.api.limits import Limits, TooMuch, check_document
from nbasset.api.types import schema
from nbasset.dataclass import dataclass
from nbasset.errors import Error
from nbasset.secrets import mask_secrets

if TYPE_CHECKING:
    from graphql import DocumentNode, ExecutionResult, GraphQLError

LIMITS = Limits()
_LONGEST_KEPT = 50_000


@dataclass(frozen=True, slots=True)
class Response:
    """What is answered: `body` is the JSON object, `status` that of HTTP."""

    body: dict[str, Any]
    status: int = 200


@dataclass(frozen=True, slots=True)
class _Checked:
    """A document, or why it is refused."""

    document: DocumentNode | None
    errors: tuple[dict[str, Any], ...] = ()


def execute(
    context: ApiContext, query: str, variables: Mapping[str, Any] | None = None, operation_name: str | None = None, *,
    only_queries: bool = False, limits: Limits = LIMITS,
) -> Response:  # fmt: skip
    """Carry out a query or mutation; blocks, so an event loop calls it in a thread. With `only_queries` mutations are refused, which is
    for requests that must not change anything."""
    from nbasset.api.executing import run

    checked = _checked(query, limits)
    if checked.document is None:
        return Response({"data": None, "errors": list(checked.errors)}, 400)
    operation, problem = _operation(checked.document, operation_name)
    if problem:
        return _refused(problem)
    if operation == "subscription":
        return _refused("a subscription goes over a websocket, not over a request.")
    if only_queries and operation != "query":
        return Response({"data": None, "errors": [{"message": "a mutation is sent with POST."}]}, 405)
    deadline = context.kept["deadline"] = clock.monotonic() + limits.seconds
    result = run(schema(), checked.document, operation=operation_name, variables=variables, context=context, deadline=deadline)
    bad_variables = result.data is None and result.errors and all(error.path is None for error in result.errors)
    return Response(_body(result), 400 if bad_variables else 200)


async def subscribe(
    context: ApiContext, query: str, variables: Mapping[str, Any] | None = None, operation_name: str | None = None, *,
    limits: Limits = LIMITS,
) -> AsyncIterator[dict[str, Any]]:  # fmt: skip
    """The answers of a subscription, one after the other, each as `execute` would give it. A query or mutation has one answer."""
    from graphql import ExecutionResult, Executor, create_source_event_stream

    checked = await asyncio.to_thread(_checked, query, limits)
    document = checked.document
    if document is None:
        yield {"data": None, "errors": list(checked.errors)}
        return
    operation, problem = _operation(document, operation_name)
    if problem or operation != "subscription":
        said = _refused(problem) if problem else await asyncio.to_thread(execute, context, query, variables, operation_name, limits=limits)
        yield said.body
        return
    given = dict(variables or {})
    executor = Executor.build(schema(), document, None, context, given, operation_name)
    if isinstance(executor, list):
        yield _body(ExecutionResult(None, executor))
        return
    stream: Any = create_source_event_stream(executor)
    if inspect.isawaitable(stream):
        stream = await stream
    if isinstance(stream, ExecutionResult):
        yield _body(stream)
        return
    try:
        async for event in stream:
            yield await asyncio.to_thread(_answer, context, document, given, operation_name, event)
    finally:
        close = getattr(stream, "aclose", None)
        if close is not None:
            await close()


def _answer(
    context: ApiContext, document: DocumentNode, variables: dict[str, Any], operation_name: str | None, event: Any
) -> dict[str, Any]:  # fmt: skip
    """One event of a subscription, which is the value of its one field, resolved against what is recorded by now."""
    from nbasset.api.executing import run

    now = ApiContext(context.instance, context.workspace, context.is_read_only, context.user, context.prefix)
    return _body(run(schema(), document, operation=operation_name, variables=variables, context=now, root=event))


def _operation(document: DocumentNode, name: str | None) -> tuple[str, str]:
    """The kind of the operation that is asked for, or what is wrong with asking for it."""
    from graphql import OperationDefinitionNode

    found = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    named = [one for one in found if name is None or (one.name is not None and one.name.value == name)]
    if not named:
        return "", f"the document has no operation {name!r}." if name else "the document has no operation."
    if len(named) > 1:
        return "", "the document has several operations: say which one, by operationName."
    return str(named[0].operation.value), ""


def _refused(message: str) -> Response:
    return Response({"data": None, "errors": [{"message": message}]}, 400)


def _checked(query: str, limits: Limits) -> _Checked:
    return _kept(query, limits) if len(query) <= _LONGEST_KEPT else _check(query, limits)


@lru_cache(maxsize=200)
def _kept(query: str, limits: Limits) -> _Checked:
    return _check(query, limits)


def _check(query: str, limits: Limits) -> _Checked:
    from graphql import GraphQLError, parse, validate

    try:
        document = parse(query, max_tokens=limits.tokens)
    except GraphQLError as error:
        return _Checked(None, (_told(error),))
    try:
        check_document(document, limits)
    except TooMuch as error:
        return _Checked(None, ({"message": str(error)},))
    errors = validate(schema(), document, max_errors=20)
    return _Checked(None, tuple(map(_told, errors))) if errors else _Checked(document)


def _body(result: ExecutionResult) -> dict[str, Any]:
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = [_told(error) for error in result.errors]
    return body


def _told(error: GraphQLError) -> dict[str, Any]:
    """An error as it goes out: with its place in the document, without secrets; of an error that is not ours its class, too."""
    told: dict[str, Any] = {**error.formatted}
    original = error.original_error
    message = error.message
    if original is not None and not isinstance(original, Error) and type(original).__name__ != "GraphQLError":
        message = f"{type(original).__name__}: {message}"
    told["message"] = mask_secrets(message)
    return told


__all__: Sequence[str] = ("LIMITS", "Response", "execute", "subscribe")
