from __future__ import annotations

import enum
import json
from typing import Any

import pytest

from nbasset.definitions.config import Config
from nbasset.definitions.config_legacy import (
    Array,
    BoolSource,
    Enum,
    EnumValue,
    Field,
    IntSource,
    Map,
    Noneable,
    Permissive,
    ScalarUnion,
    Selector,
    Shape,
    StringSource,
)
from nbasset.definitions.config_ports import ConfigSchema
from nbasset.definitions.value_types import Int, String
from nbasset.errors import InvalidConfigError, InvalidDefinitionError


class Size(enum.Enum):
    SMALL = "s"
    LARGE = "l"


NO_CONFIG = (
    "'int' describes no configuration. Give int, str, float, bool, a dict of entries, [item], Field(...), Shape, Permissive, Selector, "
    "Noneable, Array, Map, Enum, ScalarUnion, or a Config class."
)
SCHEMA = ConfigSchema(
    {
        "n": int,
        "name": Field(str, default_value="text", description="what it is called"),
        "opt": Field(int, is_required=False),
        "store": Selector({"csv": {"path": StringSource}, "db": Shape({"url": str, "port": Field(IntSource, default_value=1)})}),
        "list": [int],
        "map": Map(str, float),
        "enum": Enum("Letters", [EnumValue("A", 1), EnumValue("B", 2)]),
        "union": ScalarUnion(str, {"q": int}),
        "none": Noneable(int),
        "deep": {"a": Field(int, default_value=3)},
        "a key": Field(bool, default_value=True),
        "loose": Permissive({"z": Field(int, default_value=1)}),
    }
)
GOOD: dict[str, Any] = {
    "n": 1, "store": {"db": {"url": "here"}}, "list": [1, 2], "map": {"a": 1}, "enum": "B", "union": {"q": 3}, "none": None,
    "loose": {"free": [1]},
}  # fmt: skip


def test_values_arrive_as_plain_dicts_with_defaults_filled_in() -> None:
    assert SCHEMA.resolve(GOOD) == {
        "n": 1, "name": "text", "store": {"db": {"url": "here", "port": 1}}, "list": [1, 2], "map": {"a": 1}, "enum": 2, "union": {"q": 3},
        "none": None, "deep": {"a": 3}, "a key": True, "loose": {"z": 1, "free": [1]},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"n": "1"}, "n: expected int, got '1' (str). Example: n: 1"),
        ({"n": True}, "n: expected int, got True (bool). Example: n: 1"),
        ({"store": {}}, 'store: expected exactly one of csv, db, got none. Example: store: {csv: {path: "text"}}'),
        ({"store": {"csv": {"path": "a"}, "db": {"url": "b"}}},
         'store: expected exactly one of csv, db, got csv, db. Example: store: {csv: {path: "text"}}'),
        ({"store": {"cvs": {}}}, "store.cvs: unknown entry. Did you mean 'csv'? Known here: csv, db."),
        ({"store": {"csv": {}}}, 'store.csv.path: missing; str is required. Example: path: "text"'),
        ({"list": ["a"]}, "list[0]: expected int, got 'a' (str). Example: 1"),
        ({"map": {"a": "b"}}, "map.a: expected float or int, got 'b' (str). Example: 0.5"),
        ({"enum": "C"}, "enum: expected 'A' or 'B', got 'C' (str)"),
        ({"union": 1.5}, "union: expected str or a dict with q, got 1.5 (float). Example: union: \"text\""),
        ({"none": "q"}, "none: expected int or None, got 'q' (str). Example: none: 1"),
        ({"deep": {"b": 1}}, "deep.b: unknown entry. Known here: a."),
        ({"a key": 1}, '["a key"]: expected bool, got 1 (int). Example: "a key": true'),
        ({"loose": 3}, "loose: expected a dict with z, got 3 (int). Example: loose: {}"),
        ({"m": 1}, "m: unknown entry. Known here: a key, deep, enum, list, loose, map, n, name, none, opt, store, union."),
    ],
)  # fmt: skip
def test_a_wrong_entry_reads_like_that_of_a_config_class(change: dict[str, Any], text: str) -> None:
    errors = SCHEMA.validate({**GOOD, **change}, ("ops", "x", "config")).errors
    assert [str(error) for error in errors] == [f"ops.x.config{'' if text.startswith('[') else '.'}{text}"]


@pytest.mark.parametrize(
    ("schema", "good", "bad", "text"),
    [
        ([int], [1], "a", "expected list of int, got 'a' (str). Example: config: [1]"),
        (int, 1, "a", "expected int, got 'a' (str). Example: config: 1"),
        (Array(str), ["a"], [1], None),
        (Noneable(str), None, 3, "expected str or None, got 3 (int). Example: config: \"text\""),
        (dict, {"a": 1}, 3, "expected a dict, got 3 (int)"),
        (Enum.from_python_enum(Size), "SMALL", "s", "expected 'SMALL' or 'LARGE', got 's' (str)"),
        (Int, 1, "a", "expected int, got 'a' (str). Example: config: 1"),
        (String, "a", 1, "expected str, got 1 (int). Example: config: \"text\""),
    ],
)  # fmt: skip
def test_a_schema_may_be_a_single_type(schema: Any, good: Any, bad: Any, text: str | None) -> None:
    made = ConfigSchema(schema)
    assert made.validate(good).ok
    assert made.validate(good).data == good
    (error,) = made.validate(bad).errors
    assert text is None or str(error) == f"config: {text}"


def test_an_enum_gives_members_or_their_values() -> None:
    assert ConfigSchema(Enum.from_python_enum(Size)).resolve("LARGE") is Size.LARGE
    assert ConfigSchema(Enum.from_python_enum_direct_values(Size)).resolve("LARGE") == "l"
    assert ConfigSchema({"e": Field(Enum.from_python_enum(Size), default_value="SMALL")}).resolve({}) == {"e": Size.SMALL}


def test_sources_read_the_environment_and_convert_its_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBASSET_TEST_TEXT", "canary-text")
    monkeypatch.setenv("NBASSET_TEST_NUMBER", "7")
    monkeypatch.setenv("NBASSET_TEST_FLAG", "true")
    schema = ConfigSchema({"s": StringSource, "i": IntSource, "b": BoolSource, "p": str})
    data = {"s": {"env": "NBASSET_TEST_TEXT"}, "i": {"env": "NBASSET_TEST_NUMBER"}, "b": {"env": "NBASSET_TEST_FLAG"}, "p": "x"}
    resolved = schema.resolve(data)
    assert resolved == {"s": "canary-text", "i": 7, "b": True, "p": "x"}
    assert "canary-text" not in repr(resolved)
    assert schema.validate(data).data == data
    monkeypatch.delenv("NBASSET_TEST_NUMBER")
    with pytest.raises(InvalidConfigError, match=r"config.i: environment variable NBASSET_TEST_NUMBER is not set"):
        schema.resolve(data)


def test_an_entry_whose_parts_are_all_optional_fills_itself() -> None:
    schema = ConfigSchema({"a": {"b": {"c": Field(int, default_value=1)}}})
    assert schema.resolve({}) == {"a": {"b": {"c": 1}}}
    assert not schema.is_required


def test_defaults_example_digest_and_json_schema() -> None:
    assert SCHEMA.defaults() == {"name": "text", "a key": True, "none": None}
    assert SCHEMA.validate(SCHEMA.example()).ok
    assert SCHEMA.digest(GOOD) == SCHEMA.digest({**GOOD, "name": "text"}) != SCHEMA.digest({**GOOD, "name": "other"})
    schema = SCHEMA.json_schema()
    assert json.loads(json.dumps(schema)) == schema
    assert schema["properties"]["name"] == {"default": "text", "description": "what it is called", "title": "Name", "type": "string"}
    assert ConfigSchema([int]).json_schema() == {"items": {"type": "integer"}, "title": "Config", "type": "array"}


def test_a_config_class_may_stand_inside() -> None:
    class Inner(Config):
        n: int

    schema = ConfigSchema({"inner": Inner})
    assert schema.resolve({"inner": {"n": 1}})["inner"] == Inner(n=1)
    (error,) = schema.validate({"inner": {"n": "a"}}).errors
    assert str(error) == "config.inner.n: expected int, got 'a' (str). Example: n: 1"


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Field(int, default_value=1, is_required=True),
         "Field(<class 'int'>) is required and has the default 1: give one of them."),
        (lambda: Field("int"), NO_CONFIG),
        (lambda: Selector({}), "A Selector needs at least one entry to choose."),
        (lambda: Enum("E", []), "Enum 'E' has no values to choose from."),
        (lambda: Map(list, int), "Map has keys of <class 'list'>; keys are str, int, float or bool."),
        (lambda: Shape({1: int}), "the entry 1 of a config schema is no text."),  # type: ignore[dict-item]
    ],
)  # fmt: skip
def test_a_wrong_description_is_refused_where_it_is_written(make: Any, text: str) -> None:
    with pytest.raises(InvalidDefinitionError) as error:
        make()
    assert str(error.value) == text


def test_what_may_be_none_may_be_left_out() -> None:
    schema = ConfigSchema({"outer": {"a key": Noneable(int)}, "needed": Field(Noneable(int), is_required=True)})
    for data in ({"needed": None}, {"outer": {"a key": None}, "needed": None}):
        recorded = schema.validate(data)
        assert recorded.data == data
        assert schema.resolve(recorded.data) == {"outer": {"a key": None}, "needed": None}
    assert [str(error) for error in schema.validate({}).errors] == ["config.needed: missing; int or None is required. Example: needed: 1"]
    assert ConfigSchema(Selector({"x": int, "y": Noneable(int)})).resolve({"x": 1}) == {"x": 1}
