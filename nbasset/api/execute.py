"""One operation: text in, plain data out. `execute` for queries and mutations, `subscribe` for what goes on.

An answer without ``data`` is a refusal: the document does not parse, does not validate, or asks for too much. All others have data, beside
it the errors of fields. Documents are parsed and checked once and kept.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Mapping
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


Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Checked:
    """A document, or why it is refused."""

    document: DocumentNode | None
    errors: tuple[dict[str, Any], ...] = ()


def execute(
    query: str, variables: Mapping[str, Any] | None, operation_name: str | None, context: ApiContext, *, limits: Limits = LIMITS
) -> Body:  # fmt: skip
    """Carry out a query or mutation: the JSON object of the answer. It blocks, so an event loop calls it in a thread."""
    from nbasset.api.executing import run

    checked = _checked(query, limits)
    if checked.document is None:
        return {"errors": list(checked.errors)}
    kind, problem = _operation(checked.document, operation_name)
    if problem or kind == "subscription":
        return {"errors": [{"message": problem or "a subscription goes over a websocket, not over a request."}]}
    deadline = context.kept["deadline"] = clock.monotonic() + limits.seconds
    result = run(schema(), checked.document, operation=operation_name, variables=variables, context=context, deadline=deadline)
    if result.data is None and result.errors and all(error.path is None for error in result.errors):  # the variables do not fit
        return {"errors": [_told(error) for error in result.errors]}
    return _body(result)


def operation_kind(query: str, operation_name: str | None, *, limits: Limits = LIMITS) -> str:
    """``query``, ``mutation`` or ``subscription``; empty for what `execute` would refuse."""
    document = _checked(query, limits).document
    return _operation(document, operation_name)[0] if document is not None else ""


def warm_up() -> None:
    """Make what the first operation would make: the schema, and the modules that resolve it."""
    schema()


async def subscribe(
    query: str, variables: Mapping[str, Any] | None, operation_name: str | None, context: ApiContext, *, limits: Limits = LIMITS
) -> AsyncGenerator[Body, None]:  # fmt: skip
    """The answers of a subscription, one after the other, each as `execute` would give it. A query or mutation has one answer."""
    from graphql import ExecutionResult, Executor, create_source_event_stream

    checked = await asyncio.to_thread(_checked, query, limits)
    document = checked.document
    if document is None:
        yield {"errors": list(checked.errors)}
        return
    if _operation(document, operation_name)[0] != "subscription":
        yield await asyncio.to_thread(execute, query, variables, operation_name, context, limits=limits)
        return
    given = dict(variables or {})
    executor = Executor.build(schema(), document, None, context, given, operation_name)
    if isinstance(executor, list):
        yield {"errors": [_told(error) for error in executor]}
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
) -> Body:  # fmt: skip
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


def _body(result: ExecutionResult) -> Body:
    body: Body = {"data": result.data}
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
