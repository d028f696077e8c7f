"""What a document may ask for is bounded, whatever its fragments are called."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import get_introspection_query, parse

from nbasset.api.execute import LIMITS, execute, operation_kind
from nbasset.api.limits import Limits, TooMuch, check_document


def deep(levels: int) -> str:
    return "{repositoriesOrError {... on RepositoryConnection {nodes {" + "jobs {schedules {" * levels + "id" + "}}" * levels + "}}}}"


BOMBS = {
    "depth": deep(30),
    "aliases": "{" + " ".join(f"a{index}: version" for index in range(1000)) + "}",
    "repeated fields": "{" + "version " * 10_000 + "}",
    "a ring of fragments": "query {...a} fragment a on Query {...b} fragment b on Query {...a}",
    "a fragment that is called as introspection is": "query {...__schema} fragment __schema on Query " + deep(30),
    "fragments in fragments": "query {...f0} "
    + " ".join(f"fragment f{index} on Query {{...f{index + 1} a: version ...f{index + 1}}}" for index in range(30))
    + " fragment f30 on Query {version}",
    "deep introspection": "{__schema {types {" + "fields {type {" * 20 + "name" + "}}" * 20 + "}}}",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_it_is_carried_out(shop: Any, name: str) -> None:
    answer = execute(BOMBS[name], None, None, shop.context())
    assert "data" not in answer
    assert answer["errors"]


def test_the_question_that_tools_begin_with_is_within_the_limits() -> None:
    check_document(parse(get_introspection_query(descriptions=True, schema_description=True, input_value_deprecation=True)), LIMITS)


def test_fragments_count_as_what_they_stand_for() -> None:
    document = parse("{...f} fragment f on Query {instance {daemonHealth {id}}}")
    check_document(document, Limits(depth=3))
    with pytest.raises(TooMuch, match="3 levels; 2 are allowed"):
        check_document(document, Limits(depth=2))


def test_an_operation_that_takes_too_long_ends_with_a_word(shop: Any) -> None:
    answer = execute("{version}", None, None, shop.context(), limits=Limits(seconds=-1))
    assert "took longer" in answer["errors"][0]["message"]


def test_what_a_document_does_is_known_before_it_is_carried_out() -> None:
    document = "query a {version} mutation b {reloadWorkspace {__typename}} subscription c {recordsChanged {cursor}}"
    assert [operation_kind(document, name) for name in ("a", "b", "c", "d", None)] == ["query", "mutation", "subscription", "", ""]
    assert operation_kind("{nonsense", None) == ""


def test_a_server_for_reading_refuses_every_mutation(shop: Any) -> None:
    from nbasset.api.types import schema

    before = shop.instance.reader.last_seq()
    fields: Any = schema().type_map["Mutation"]
    for name, field in fields.fields.items():
        given = ", ".join(f"{key}: {_value(argument.type)}" for key, argument in field.args.items() if str(argument.type).endswith("!"))
        selection = "" if str(field.type) == "Boolean!" else "{__typename}"
        answer = execute(f"mutation {{{name}{f'({given})' if given else ''} {selection}}}", None, None, shop.context(is_read_only=True))
        if answer.get("data"):
            assert answer["data"][name]["__typename"] in ("UnauthorizedError", "PythonError"), name
        else:
            assert "read-only" in answer["errors"][0]["message"], (name, answer)
    assert shop.instance.reader.last_seq() == before


def _value(kind: Any) -> str:
    """The least value of an input type."""
    from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLList, GraphQLNonNull

    if isinstance(kind, GraphQLNonNull):
        kind = kind.of_type
    if isinstance(kind, GraphQLList):
        return f"[{_value(kind.of_type)}]"
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        fields = {name: field for name, field in kind.fields.items() if str(field.type).endswith("!")}
        return "{" + ", ".join(f"{name}: {_value(field.type)}" for name, field in fields.items()) + "}"
    return {"Int": "1", "Float": "1.0", "Boolean": "true"}.get(str(kind), '"a"')
