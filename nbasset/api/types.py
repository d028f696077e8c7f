"""The schema with what resolves its fields: the SDL is the contract, `RESOLVERS` of the modules below fill it.

A resolver is a function of (parent, info, arguments), the arguments under Python's names (``run_id`` for ``runId``). A field without one
is the key of that name of a dict, or the attribute under Python's name of an object; what can be called there is called with (info,
arguments). A dict names its type by ``__typename``, an object by its attribute `typename`.

What goes wrong in a field whose result may be a `PythonError` is one. A change that this server does not allow is an
`UnauthorizedError` where the result may be one, else an error of the answer.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbasset import clock
from nbasset.api.context import NotAllowed
from nbasset.api.wire import python_error, snake, typed
from nbasset.errors import Error

if TYPE_CHECKING:
    from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema

Resolver = Callable[..., Any]

MODULES = (
    "instance", "runs", "captured", "events", "launching", "subscriptions", "feed",
    "asset_queries", "asset_shown", "checks", "health", "jobs", "locations", "config_types", "instigators", "instigator_verbs",
    "partition_sets", "backfills", "evaluations", "resources", "latest_info",
)  # fmt: skip
"""The modules of this package that have `RESOLVERS`, by ``Type.field``; for an interface, they serve all its types."""

SDL = Path(__file__).with_name("schema.graphql")


TOO_LONG = "the operation took longer than this server allows. Ask for less, or in pages: limit, cursor."


class TookTooLong(Error):
    """An operation was not done in its time."""


@cache
def schema() -> GraphQLSchema:
    """The schema, made once: 0.2 s."""
    from graphql import build_schema, is_abstract_type, is_input_object_type, is_interface_type, is_object_type

    made = build_schema(SDL.read_text(encoding="utf-8"), assume_valid=True, no_location=True)
    resolvers = all_resolvers()
    for kind in made.type_map.values():
        if kind.name.startswith("__"):  # those of introspection are shared by all schemas of a process
            continue
        if is_abstract_type(kind):
            kind.resolve_type = _type_of
        if is_input_object_type(kind):
            for name, given in kind.fields.items():
                given.out_name = snake(name)
        if is_object_type(kind):
            _bind(kind, resolvers)
        if is_object_type(kind) or is_interface_type(kind):
            for field in kind.fields.values():
                for name, argument in field.args.items():
                    argument.out_name = snake(name)
    for name in ("RunConfigData", "GenericScalar", "JsonSchema"):
        _any_json(made, name)
    return made


def all_resolvers() -> dict[str, Resolver]:
    """Every resolver of the modules, by ``Type.field``."""
    found: dict[str, Resolver] = {}
    for name in MODULES:
        found.update(importlib.import_module(f"nbasset.api.{name}").RESOLVERS)
    return found


def resolver_of(kind: GraphQLObjectType, name: str, resolvers: Mapping[str, Resolver]) -> Resolver | None:
    """What resolves a field: what is given for the type, else for one of its interfaces."""
    for owner in (kind, *kind.interfaces):
        if f"{owner.name}.{name}" in resolvers:
            return resolvers[f"{owner.name}.{name}"]
    return None


def _bind(kind: GraphQLObjectType, resolvers: Mapping[str, Resolver]) -> None:
    for name, field in kind.fields.items():
        given = resolver_of(kind, name, resolvers)
        if kind.name == "Subscription":
            field.subscribe = given
            field.resolve = _itself
        elif given is not None:
            field.resolve = _guarded(given, kind.name, name, _members(field))


def _members(field: GraphQLField) -> frozenset[str]:
    """The types that a field may give, where it is one of several."""
    from graphql import get_named_type, is_union_type

    result: Any = get_named_type(field.type)
    return frozenset(member.name for member in result.types) if is_union_type(result) else frozenset()


def _itself(parent: Any, info: Any, **arguments: Any) -> Any:
    return parent


def _guarded(resolver: Resolver, kind: str, name: str, members: frozenset[str]) -> Resolver:
    changes = kind == "Mutation"

    def resolve(parent: Any, info: Any, **arguments: Any) -> Any:
        deadline = info.context.kept.get("deadline")
        if deadline is not None and clock.monotonic() > deadline:
            raise TookTooLong(TOO_LONG)
        try:
            if changes:
                info.context.check_may(name)
            return resolver(parent, info, **arguments)
        except NotAllowed as error:
            if "UnauthorizedError" in members:
                return typed("UnauthorizedError", message=str(error))
            if "PythonError" in members:
                return python_error(error)
            raise
        except TookTooLong:
            raise
        except Exception as error:
            if "PythonError" in members:
                return python_error(error)
            raise

    return resolve


def _type_of(value: Any, info: Any, kind: Any) -> str:
    return str(value["__typename"] if isinstance(value, dict) else value.typename)


def _any_json(made: GraphQLSchema, name: str) -> None:
    """A scalar for any JSON value. Given as text, it is read as JSON, where that is what it is."""
    from graphql import value_from_ast_untyped

    kind: Any = made.type_map.get(name)
    if kind is None:
        return
    kind.serialize = lambda value: value
    kind.parse_value = _read_json
    kind.parse_literal = lambda node, variables=None: _read_json(value_from_ast_untyped(node, variables))


def _read_json(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
