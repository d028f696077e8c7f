"""`nbasset.dataclass` against the standard decorator: the same classes, made the other way."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import json
import pickle
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbasset.dataclass import NOTHING, Still, dataclass, filled_by, layouts_of, seldom

T = TypeVar("T")
OPTIONS = [
    {},
    {"frozen": True},
    {"slots": True},
    {"frozen": True, "slots": True},
    {"frozen": True, "slots": True, "order": True},
    {"frozen": True, "eq": False},
    {"frozen": True, "slots": True, "repr": False},
    {"kw_only": True, "slots": True},
]


def pair(options: dict[str, Any]) -> tuple[Any, Any]:
    """The same class by the standard decorator and by ours."""

    def made(decorate: Callable[..., Any]) -> Any:
        @decorate(**options)
        class Window:
            """From here to there."""

            start: int
            end: int = 10
            tags: list[str] = dataclasses.field(default_factory=list)
            hidden: int = dataclasses.field(default=0, repr=False, compare=False)
            size: int = dataclasses.field(init=False, default=1)
            late: str = dataclasses.field(default="", kw_only=True)

        return Window

    return made(dataclasses.dataclass), made(dataclass)


def outcome(call: Callable[[], Any]) -> Any:
    """What a call gives, or the class and text of what it raises."""
    try:
        return call()
    except Exception as error:
        return type(error), str(error).replace("pair.<locals>.made.<locals>.", "")


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_a_class_shows_the_signature_fields_and_match_arguments_of_the_standard_one(options: dict[str, Any]) -> None:
    theirs, ours = pair(options)
    assert str(inspect.signature(ours)) == str(inspect.signature(theirs))
    assert [(one.name, one.kw_only, one.type) for one in dataclasses.fields(ours)] == [
        (one.name, one.kw_only, one.type) for one in dataclasses.fields(theirs)
    ]
    assert ours.__match_args__ == theirs.__match_args__
    assert ours.__doc__ == theirs.__doc__
    assert (ours.__hash__ is None) == (theirs.__hash__ is None)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@given(
    values=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    others=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    hidden=st.integers(0, 1),
)
def test_instances_compare_show_and_change_as_those_of_the_standard_class(
    options: dict[str, Any], values: tuple[int, int], others: tuple[int, int], hidden: int
) -> None:
    def facts(cls: Any) -> list[Any]:
        one = cls(start=values[0], end=values[1], hidden=hidden)
        two = cls(start=others[0], end=others[1])
        return [
            outcome(call)
            for call in (
                lambda: one == two,
                lambda: one != two,
                lambda: one == 3,
                lambda: one < two,
                lambda: one >= two,
                lambda: repr(one).rpartition("Window")[2] if options.get("repr", True) else "",
                lambda: options.get("eq", True) and hash(dataclasses.replace(one, tags=())) == hash(dataclasses.replace(one, tags=())),
                lambda: setattr(one, "start", 5),
                lambda: one.start,
                lambda: delattr(one, "end"),
                lambda: dataclasses.asdict(two),
                lambda: dataclasses.replace(two, start=7).start,
                lambda: cls(1, 2, [], 3, 4).start,
                lambda: vars(copy.copy(two)) if not options.get("slots") else dataclasses.asdict(copy.deepcopy(two)),
            )
        ]

    theirs, ours = pair(options)
    for mine, standard in zip(facts(ours), facts(theirs), strict=True):
        if isinstance(standard, tuple) and issubclass(standard[0], TypeError):
            assert mine[0] is standard[0]
        else:
            assert mine == standard


def test_each_instance_gets_a_default_of_its_own_from_a_factory() -> None:
    _, cls = pair({"frozen": True, "slots": True})
    assert cls(1).tags is not cls(1).tags


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: int = 0

    def __post_init__(self) -> None:
        if self.y < 0:
            raise ValueError("below")


@dataclass(frozen=True, slots=True)
class Named(Point, Generic[T]):
    name: T | None = None


def test_frozen_slots_can_be_pickled_and_copied() -> None:
    assert pickle.loads(pickle.dumps(Named(1, 2, "a"))) == copy.copy(Named(1, 2, "a")) == Named(1, 2, "a")


def test_a_subclass_inherits_fields_and_the_check_after_init() -> None:
    assert repr(Named(1, name="a")) == "Named(x=1, y=0, name='a')"
    assert Named(1) != Point(1)
    with pytest.raises(ValueError, match="below"):
        Named(1, -1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        Named(1).x = 2  # type: ignore[misc]


def test_a_standard_frozen_dataclass_can_be_made_of_one_of_ours() -> None:
    @dataclasses.dataclass(frozen=True)
    class Standard(Point):
        z: int = 3

    assert Standard(1) == Standard(1, 0, 3)


def test_methods_that_the_class_writes_itself_are_kept() -> None:
    @dataclass(frozen=True, slots=True)
    class Key:
        path: tuple[str, ...]

        def __init__(self, path: str) -> None:
            object.__setattr__(self, "path", tuple(path.split("/")))

        def __hash__(self) -> int:
            return 1

        def __eq__(self, other: object) -> bool:
            return True

        def __repr__(self) -> str:
            return "key"

    assert (repr(Key("a/b")), hash(Key("a")), Key("a") == Key("b"), Key("a/b").path) == ("key", 1, True, ("a", "b"))


def test_a_class_that_holds_itself_is_shown_without_end() -> None:
    @dataclass
    class Node:
        next: Any = None

    node = Node()
    node.next = node
    assert repr(node).endswith("Node(next=...)")


def test_init_is_compiled_when_the_class_is_first_called() -> None:
    @dataclass(slots=True)
    class Plain:
        x: int

    assert not inspect.isfunction(vars(Plain)["__init__"])
    assert Plain(1).x == 1
    assert inspect.isfunction(vars(Plain)["__init__"])


@pytest.mark.parametrize("options", [{}, {"frozen": True}, {"frozen": True, "slots": True}], ids=str)
@pytest.mark.parametrize("count", range(32))
@pytest.mark.parametrize("factories", [False, True])
def test_a_class_of_any_size_takes_the_arguments_of_the_standard_one(options: dict[str, Any], count: int, factories: bool) -> None:
    def made(decorate: Callable[..., Any]) -> Any:
        fields: list[tuple[str, Any, Any]] = [(f"f{place}", int, place) for place in range(count)]
        if factories:
            fields[1::3] = [(name, list, dataclasses.field(default_factory=lambda: [2])) for name, _, _ in fields[1::3]]
        names = {name: value for name, _, value in fields} | {"__annotations__": {name: kind for name, kind, _ in fields}}
        return decorate(**options)(type("Wide", (), names))

    theirs, ours = made(dataclasses.dataclass), made(dataclass)
    below = type("Below", (ours,), {})
    few = tuple(range(100, 100 + count // 2))
    for arguments, named in (
        ((), {}),
        (few, {}),
        (few, {f"f{count - 1}": 7} if count else {}),
        ((), {f"f{place}": 1 for place in range(count)}),
    ):
        expected = dataclasses.asdict(theirs(*arguments, **named))
        assert dataclasses.asdict(ours(*arguments, **named)) == dataclasses.asdict(below(*arguments, **named)) == expected
        assert type(ours(*arguments, **named)) is ours
    with pytest.raises(TypeError, match=r"Wide.__init__\(\) got an unexpected keyword argument 'other'"):
        ours(other=1)
    with pytest.raises(TypeError, match=r"Wide.__init__\(\) takes "):
        ours(*range(count + 1))


def test_the_mapping_that_stays_empty_is_an_empty_dict_to_everybody() -> None:
    assert NOTHING == {} == copy.deepcopy(NOTHING) == pickle.loads(pickle.dumps(NOTHING))
    assert (json.dumps(NOTHING), repr(NOTHING), {**NOTHING, "a": 1}) == ("{}", "{}", {"a": 1})
    with pytest.raises(TypeError, match="make one of your own"):
        NOTHING["a"] = 1  # type: ignore[index]


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads an asset."""

    name: str
    prefix: str = seldom("")
    tags: Any = seldom(NOTHING)
    kind: str = "plain"

    def full(self) -> str:
        return self.prefix + self.name


@dataclass(frozen=True, slots=True)
class FullReader:
    """Reads an asset."""

    name: str
    prefix: str = ""
    tags: Any = NOTHING
    kind: str = "plain"


def test_a_field_that_is_seldom_set_takes_no_room_at_its_default() -> None:
    assert Reader("a").__slots__ == ("name", "kind")  # type: ignore[comparison-overlap]
    assert Reader("a").__sizeof__() < Reader("a", "raw").__sizeof__() <= FullReader("a").__sizeof__()


readers = st.tuples(st.sampled_from("ab"), st.sampled_from(["", "raw"]), st.sampled_from([NOTHING, {"a": 1}]), st.sampled_from(["plain"]))


@given(values=readers, others=readers)
def test_instances_with_and_without_room_for_seldom_fields_are_of_one_class(values: tuple[Any, ...], others: tuple[Any, ...]) -> None:
    one, other, full, other_full = Reader(*values), Reader(*others), FullReader(*values), FullReader(*others)
    assert isinstance(one, Reader)
    assert type(one) in layouts_of(Reader)
    assert repr(one) == repr(full).replace("FullReader", "Reader")
    assert (one == other) == (full == other_full)
    assert dataclasses.astuple(one) == values
    assert dataclasses.replace(one, prefix=others[1]) == Reader(values[0], others[1], *values[2:])
    assert copy.copy(one) == one
    assert copy.deepcopy(one) == one
    assert pickle.loads(pickle.dumps(one)) == one
    assert one.full() == values[1] + values[0]
    assert filled_by(Reader)(*values) == one
    if values[2] is others[2] is NOTHING:
        assert (hash(one) == hash(other)) == (one == other)


class Louder(Reader):
    def shout(self) -> str:
        return self.full().upper()


@given(values=readers)
def test_a_subclass_that_somebody_writes_is_kept(values: tuple[Any, ...]) -> None:
    one = Louder(*values)
    assert one.shout() == (values[1] + values[0]).upper()
    assert one == Reader(*values)
    assert dataclasses.astuple(one) == values
    for again in (copy.copy(one), pickle.loads(pickle.dumps(one)), dataclasses.replace(one)):
        assert (type(again), again) == (Louder, one)
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.prefix = "b"  # type: ignore[misc]


@pytest.mark.parametrize("reader", [Reader("a"), Reader("a", "raw")], ids=str)
def test_neither_kind_of_instance_can_be_changed(reader: Any) -> None:
    for name in ("name", "prefix", "kind"):
        with pytest.raises(dataclasses.FrozenInstanceError, match=f"cannot assign to field '{name}'"):
            setattr(reader, name, "b")
        with pytest.raises(dataclasses.FrozenInstanceError, match=f"cannot delete field '{name}'"):
            delattr(reader, name)
    with pytest.raises((AttributeError, dataclasses.FrozenInstanceError)):
        reader.other = 1


def test_a_class_with_seldom_fields_is_called_and_refuses_calls_as_any() -> None:
    assert str(inspect.signature(Reader)) == str(inspect.signature(FullReader))
    assert Reader.__match_args__ == FullReader.__match_args__
    assert Reader(name="a", kind="x") == Reader("a", "", NOTHING, "x")
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'name'"):
        Reader()  # type: ignore[call-arg]


def test_a_still_mapping_refuses_every_change_and_is_copied_as_an_ordinary_one() -> None:
    still: Any = Still({"a": 1})
    changes: list[Callable[[], Any]] = [
        lambda: still.update(b=2), lambda: still.pop("a"), still.clear, still.popitem, lambda: still.setdefault("b", 2),
        lambda: still.__setitem__("b", 2), lambda: still.__delitem__("a"), lambda: still.__ior__({"b": 2}),
    ]  # fmt: skip
    for change in changes:
        with pytest.raises(TypeError, match="shared by many values"):
            change()
    assert still == {"a": 1}
    assert type(copy.copy(still)) is type(pickle.loads(pickle.dumps(still))) is dict
