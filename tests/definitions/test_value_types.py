from __future__ import annotations

import collections.abc
import dataclasses
import typing
from typing import Annotated, Any, Literal, NewType, Protocol, TypedDict, TypeVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbasset.definitions import value_types as types
from nbasset.definitions.value_types import (
    Nothing,
    PythonObjectType,
    Type,
    TypeCheck,
    TypeCheckContext,
    check_type,
    check_value,
    make_python_type_usable_as_type,
    resolve_type,
    type_loader,
    usable_as_type,
)
from nbasset.errors import InvalidConfigError, InvalidDefinitionError, TypeCheckDidNotPass


@dataclasses.dataclass
class Point:
    x: int


class Trip(TypedDict, total=False):
    fare: typing.Required[float]
    stops: list[str]


class Closes(Protocol):
    def close(self) -> None: ...


Meters = NewType("Meters", int)
Number = TypeVar("Number", bound=int)


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (int, 1),
        (int, np.int64(1)),
        (float, 1.5),
        (float, 1),
        (float, np.float32(1)),
        (bool, np.True_),
        (str, "a"),
        (None, 3),  # no annotation
        (type(None), None),
        (Any, object()),
        (object, object()),
        (int | None, None),
        (typing.Optional[str], "a"),  # noqa: UP045
        (list[int], [1, 2]),
        (list, ["anything"]),
        (tuple[int, str], (1, "a")),
        (tuple[int, ...], (1, 2, 3)),
        (tuple[()], ()),
        (set[str], {"a"}),
        (dict[str, list[int]], {"a": [1]}),
        (collections.abc.Mapping[str, int], {"a": 1}),
        (collections.abc.Sequence[str], "text is a sequence of texts"),
        (collections.abc.Iterator[int], iter([1])),
        (collections.abc.Callable[[int], str], str),
        (Literal["a", 1], "a"),
        (type[int], bool),
        (Trip, {"fare": 1.0}),
        (Point, Point(1)),
        (Closes, object()),  # a protocol that cannot be asked
        (Meters, 3),
        (Number, 3),
        (Annotated[int, "metres"], 1),
        (pd.DataFrame, pd.DataFrame()),
    ],
)
def test_a_value_that_fits_its_annotation_passes(annotation: Any, value: Any) -> None:
    assert check_type(annotation, value) == TypeCheck(True)


@pytest.mark.parametrize(
    ("annotation", "value", "text"),
    [
        (int, "a", "expected int, got 'a' (str)"),
        (int, 1.5, "expected int, got 1.5 (float)"),
        (str, None, "expected str, got None"),
        (type(None), 3, "expected None, got 3 (int)"),
        (int | None, "a", "expected int | None, got 'a' (str)"),
        (list[int] | None, [1, "a"], "item 1: expected int, got 'a' (str)"),
        (int | str, [], "expected int | str, got a list of 0"),
        (list[int], (1,), "expected list[int], got a tuple of 1"),
        (list[list[int]], [[1], [2, "b"]], "item 1: item 1: expected int, got 'b' (str)"),
        (tuple[int, str], (1,), "expected tuple[int, str], got a tuple of 1"),
        (tuple[int, str], (1, 2), "item 1: expected str, got 2 (int)"),
        (set[int], {"a"}, "an item: expected int, got 'a' (str)"),
        (dict[str, int], {"a": "b"}, "['a']: expected int, got 'b' (str)"),
        (dict[str, int], {1: 1}, "a key: expected str, got 1 (int)"),
        (dict[str, int], [1], "expected dict[str, int], got a list of 1"),
        (Literal["red", "green"], "blue", "expected 'red' or 'green', got 'blue' (str)"),
        (Literal[1], True, "expected 1, got True (bool)"),
        (type[int], str, "expected type[int], got str"),
        (type[int], 3, "expected type[int], got 3 (int)"),
        (collections.abc.Callable[..., int], 3, "expected something to call, got 3 (int)"),
        (collections.abc.Iterator[int], [1], "expected Iterator, got a list of 1"),
        (Trip, {}, "expected Trip, whose key 'fare' is missing"),
        (Trip, {"fare": 1.0, "tip": 2}, "expected Trip, which has no key 'tip'"),
        (Trip, {"fare": 1.0, "stops": [1]}, "['stops']: item 0: expected str, got 1 (int)"),
        (Point, {"x": 1}, "expected Point, got a dict of 1: make it with Point(**value)"),
        (Meters, "far", "expected int, got 'far' (str)"),
        (Number, "a", "expected int, got 'a' (str)"),
        (pd.DataFrame, [1], "expected DataFrame, got a list of 1"),
        (pd.Series, pd.DataFrame({"a": [1]}), "expected Series, got a pandas.DataFrame with 1 rows and 1 columns"),
        (str, 10**80, "expected str, got 100000000000000000000000000000000000000000000000000000000... (int)"),
    ],
)
def test_a_value_that_does_not_fit_is_described(annotation: Any, value: Any, text: str) -> None:
    assert check_type(annotation, value) == TypeCheck(False, text)


def test_a_text_annotation_is_read_in_the_globals_of_its_function() -> None:
    assert resolve_type("list[Point] | None", globals()).check([Point(1)]).success
    assert resolve_type("Point", globals()).check(3).description == "expected Point, got 3 (int)"
    assert resolve_type("Point", globals()).typing_type is Point


def test_an_annotation_that_cannot_be_read_checks_nothing_and_says_why() -> None:
    found = resolve_type("pl.DataFrame", {})
    assert found.check(3).success
    assert found.problem == "the annotation 'pl.DataFrame' cannot be read (name 'pl' is not defined), so values are not checked"
    assert found.typing_type is Any
    assert found.name == "pl.DataFrame"


def test_an_annotation_can_be_read_once_its_name_is_defined() -> None:
    names: dict[str, Any] = {}
    found = resolve_type("Later", names)
    assert found.problem is not None
    names["Later"] = int
    assert found.problem is None
    assert not found.check("a").success


@pytest.mark.parametrize("annotation", ["1 +", "Point[", "None.x", 3, ["a"], ...])
def test_no_annotation_whatever_stops_a_definition(annotation: Any) -> None:
    found = resolve_type(annotation, globals())
    assert found.check(1).success
    assert isinstance(found.name, str)


def test_builtin_types_are_the_same_objects_for_their_annotations() -> None:
    assert resolve_type(int) is types.Int
    assert resolve_type(str) is types.String
    assert resolve_type(Any) is types.Any
    assert resolve_type(None) is types.Any
    assert types.Int.is_builtin
    assert not types.Float.check("a").success


def test_nothing_takes_no_value() -> None:
    assert Nothing.check(None).success
    assert Nothing.check(3).description == "expected nothing, got 3 (int)"
    assert resolve_type(Nothing) is Nothing
    assert Nothing.kind == "nothing"


def test_a_type_of_ones_own_takes_the_value_or_a_context_and_the_value() -> None:
    context = TypeCheckContext(run_id="r1")
    assert Type(lambda value: value > 0, name="Positive").check(1).success
    assert Type(lambda _, value: value > 0, name="Positive").check(1).success
    assert Type(lambda context, value: context.run_id == "r1", name="InRun").check(1, context).success


def test_a_check_may_say_why_and_give_facts() -> None:
    kind = Type(lambda value: TypeCheck(False, "2 of 3 are negative", {"negative": 2}), name="Positive", metadata={"unit": "km"})
    found = kind.check([1])
    assert (found.description, found.metadata["negative"].value) == ("2 of 3 are negative", 2)
    assert kind.metadata["unit"].value == "km"


def test_a_numpy_bool_is_an_answer() -> None:
    assert Type(lambda value: np.True_, name="T").check(1).success


def test_an_answer_that_is_no_answer_fails_the_check() -> None:
    found = Type(lambda value: "yes", name="T").check(1)
    assert found.description == "its check function returned 'yes' (str); return True, False or a TypeCheck"


def test_a_check_that_raises_has_not_passed_and_the_cause_is_kept() -> None:
    def check(value: Any) -> bool:
        raise ValueError("no column 'x'")

    with pytest.raises(TypeCheckDidNotPass) as error:
        check_value(Type(check, name="Flights"), 3, of="input 'flights' of asset 'delays'")
    assert str(error.value) == (
        "input 'flights' of asset 'delays' is not of type Flights: its check function raised ValueError: no column 'x'."
    )
    assert isinstance(error.value.__cause__, ValueError)


def test_a_failed_check_names_place_type_value_and_description() -> None:
    kind = Type(lambda value: value > 0, name="Positive", description="a number above zero.\nMore words.")
    with pytest.raises(TypeCheckDidNotPass) as error:
        check_value(kind, -1, of="output 'result' of asset 'orders'")
    assert str(error.value) == ("output 'result' of asset 'orders' is not of type Positive: got -1 (int). Positive is a number above zero.")
    assert (error.value.type_name, error.value.description, dict(error.value.metadata)) == ("Positive", None, {})


def test_classes_of_ones_own_carry_their_description() -> None:
    @usable_as_type(name="Place", description="a point on the map")
    class Spot: ...

    @usable_as_type
    class Plain:
        """A plain one."""

    assert (resolve_type(Spot).name, resolve_type(Spot).description) == ("Place", "a point on the map")
    assert resolve_type(Plain).description == "A plain one."
    assert resolve_type("Spot", {"Spot": Spot}).check(3).description == "expected Spot, got 3 (int)"
    assert resolve_type(Spot).check(Spot()).success


def test_a_class_of_somebody_elses_can_mean_a_type() -> None:
    class Theirs: ...

    kind = Type(lambda value: False, name="Never")
    make_python_type_usable_as_type(Theirs, kind)
    assert resolve_type(Theirs) is kind
    with pytest.raises(InvalidDefinitionError, match=r"Theirs means the type 'Never' already, so it cannot mean 'Other'."):
        make_python_type_usable_as_type(Theirs, Type(lambda value: True, name="Other"))
    with pytest.raises(InvalidDefinitionError, match="int keeps its own meaning"):
        make_python_type_usable_as_type(int, kind)


def test_an_object_type_takes_one_class_or_several() -> None:
    assert PythonObjectType((int, str)).check("a").success
    assert PythonObjectType((int, str)).check(1.5).description == "expected int or str, got 1.5 (float)"
    assert PythonObjectType((int, str)).typing_type == int | str
    assert PythonObjectType(int, name="Count").name == "Count"
    with pytest.raises(InvalidDefinitionError, match="takes a class or a tuple of classes, not 3"):
        PythonObjectType(3)  # type: ignore[arg-type]


def test_a_type_inside_annotated_is_the_type() -> None:
    positive = Type(lambda value: value > 0, name="Positive")
    assert resolve_type(Annotated[int, positive]) is positive


def test_a_loader_checks_its_config_first() -> None:
    @type_loader(config_schema={"size": int}, required_resource_keys={"store"})
    def zeros(context: Any, config: Any) -> list[int]:
        return [0] * config["size"]

    kind = Type(lambda value: isinstance(value, list), name="Zeros", loader=zeros)
    assert kind.loader is not None
    assert kind.loader.load(None, {"size": 2}) == [0, 0]
    assert kind.loader.required_resource_keys == {"store"}
    with pytest.raises(InvalidConfigError) as error:
        kind.loader.load(None, {"size": "two"}, of="input 'zeros' of op 'sum'")
    assert str(error.value) == ("1 error in input 'zeros' of op 'sum':\n  inputs.size: expected int, got 'two' (str). Example: size: 1")


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Type(lambda value: True), "a Type needs a name: Type(check, name='Positive')."),
        (lambda: Type(3, name="T"), "the check of type 'T' is 3; give a function of the value."),
    ],
)
def test_a_wrong_type_is_refused_with_the_remedy(make: Any, text: str) -> None:
    with pytest.raises(InvalidDefinitionError) as error:
        make()
    assert str(error.value) == text


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


def annotation_of(value: Any) -> Any:
    if isinstance(value, list):
        return list[typing.Union[tuple({annotation_of(item): None for item in value}) or (int,)]]  # noqa: UP007
    if isinstance(value, dict):
        return dict[str, typing.Union[tuple({annotation_of(item): None for item in value.values()}) or (int,)]]  # noqa: UP007
    return type(value)


@given(json_values)
def test_every_value_fits_the_annotation_made_from_it(value: Any) -> None:
    annotation = annotation_of(value)
    assert check_type(annotation, value).success
    assert check_type(annotation | None, None).success


@given(st.lists(st.integers(), max_size=20), st.integers(0, 20))
def test_the_first_wrong_item_is_named(values: list[int], place: int) -> None:
    wrong: list[Any] = [*values[:place], "x", *values[place:], "y"]
    assert check_type(list[int], wrong).description == f"item {min(place, len(values))}: expected int, got 'x' (str)"
