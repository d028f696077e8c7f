"""Documents are carried out as graphql-core does it: the same data, the same errors at the same places."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import ExecutionResult, build_schema, execute_sync, get_introspection_query, parse

from nbasset import clock
from nbasset.api.executing import run

SCHEMA = build_schema(
    """
    interface Named { name: String! }
    type Cat implements Named {
        name: String! lives: Int mate: Cat kittens: [Cat!] toys: [String]! kind: Kind broken: String worse: String!
    }
    type Dog implements Named { name: String! barks: Boolean }
    union Pet = Cat | Dog
    enum Kind { HOUSE WILD }
    input Wish { name: String! count: Int = 2 }
    type Query { pets: [Pet!]! named: [Named] cat(name: String = "Tom"): Cat echo(wish: Wish, words: [String!]): String far: Cat! }
    """
)


class Cat:
    typename = "Cat"

    def __init__(self, name: str, kittens: list[Cat] | None = None) -> None:
        self.name, self.lives, self.mate, self.kittens, self.toys, self.kind = name, 9, None, kittens, ["ball", None], "HOUSE"

    @property
    def broken(self) -> str:
        raise ValueError(f"{self.name} is broken")

    worse = broken


class Dog:
    typename = "Dog"
    name, barks = "Rex", True


def bind() -> None:
    query = SCHEMA.query_type
    assert query is not None
    tom = Cat("Tom", [Cat("Tim"), Cat("Kit")])
    query.fields["pets"].resolve = lambda parent, info: [tom, Dog()]
    query.fields["named"].resolve = lambda parent, info: [tom, None, Dog()]
    query.fields["cat"].resolve = lambda parent, info, name: Cat(name)
    query.fields["far"].resolve = lambda parent, info: tom
    query.fields["echo"].resolve = lambda parent, info, wish=None, words=(): f"{wish} {list(words or ())}"
    for abstract in ("Pet", "Named"):
        SCHEMA.type_map[abstract].resolve_type = lambda value, info, kind: value.typename  # type: ignore[attr-defined]


bind()

DOCUMENTS = [
    "{ pets { __typename ... on Cat { name lives } ... on Dog { name barks } } }",
    "{ named { name ... on Cat { kind toys } } }",
    "{ a: cat { name } b: cat(name: \"Ada\") { name mate { name } kittens { name } } }",
    ("query Q($n: String!, $all: Boolean!) { cat(name: $n) { name lives @include(if: $all) kind @skip(if: $all) ...F } } "
    "fragment F on Named { x: name }"),
    "{ cat { broken name } }",
    "{ cat { worse name } }",
    "{ pets { ... on Cat { kittens { worse } } } }",
    "{ pets { ... on Cat { kittens { broken } } } }",
    "{ far { worse } }",
    "{ named { ... on Cat { worse } } }",
    "query Q($w: Wish, $s: [String!]) { echo(wish: $w, words: $s) }",
    "{ echo(wish: {name: \"x\"}, words: \"one\") }",
    "{ cat { name ...A ...A } } fragment A on Cat { mate { name } kittens { name } } ",
    "{ __type(name: \"Cat\") { fields { name type { kind name ofType { name } } } } }",
    get_introspection_query(),
]  # fmt: skip
VARIABLES: dict[str, Any] = {"n": "Eva", "all": True, "w": {"name": "y"}, "s": ["a"]}


@pytest.mark.parametrize("text", DOCUMENTS)
def test_an_answer_is_that_of_graphql_core(text: str) -> None:
    document = parse(text)
    expected = execute_sync(SCHEMA, document, variable_values=VARIABLES).formatted
    assert run(SCHEMA, document, variables=VARIABLES).formatted == expected


def test_an_operation_is_found_by_its_name_and_must_be_told_where_there_are_several() -> None:
    document = parse("query A { cat { name } } query B { cat { lives } }")
    assert run(SCHEMA, document, operation="B").data == {"cat": {"lives": 9}}
    assert "several operations" in told(run(SCHEMA, document))
    assert "no operation 'C'" in told(run(SCHEMA, document, operation="C"))


def test_a_variable_that_does_not_fit_stops_everything() -> None:
    result = run(SCHEMA, parse("query Q($n: String!) { cat(name: $n) { name } }"), variables={"n": 3})
    assert (result.data, "$n" in told(result), result.errors and result.errors[0].path) == (None, True, None)


def test_long_lists_end_at_the_deadline() -> None:
    query = SCHEMA.query_type
    assert query is not None
    before, query.fields["named"].resolve = query.fields["named"].resolve, lambda parent, info: [Dog()] * 300
    try:
        result = run(SCHEMA, parse("{ named { name } }"), deadline=clock.monotonic() - 1)
    finally:
        query.fields["named"].resolve = before
    assert (result.data, "longer than" in told(result)) == ({"named": None}, True)


def told(result: ExecutionResult) -> str:
    return "; ".join(error.message for error in result.errors or ())


def test_the_fields_asked_for_are_told_to_a_resolver() -> None:
    query = SCHEMA.query_type
    assert query is not None
    before, asked = query.fields["far"].resolve, []
    query.fields["far"].resolve = lambda parent, info: asked.append(info.asked) or Cat("Tom")
    try:
        run(SCHEMA, parse("{ far { name ... on Named { name } ...F } } fragment F on Cat { lives toys }"))
    finally:
        query.fields["far"].resolve = before
    assert asked == [{"name", "lives", "toys"}]
