"""Annotations of configuration fields: how they read, an example of them, and the forms they accept beyond pydantic's.

Two forms are ours: an enum is given by the *name* of its member, and one of several config classes told apart by a literal field is
given as a selector, ``{dog: {breed: pug}}``, as well as in pydantic's own form, ``{kind: dog, breed: pug}``.
"""

from __future__ import annotations

import collections.abc
import types
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

NO_EXAMPLE: Any = object()
_NONE = type(None)
_LISTS = (list, set, frozenset, tuple, collections.abc.Sequence, collections.abc.Set, collections.abc.Iterable)
_DICTS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)
_EXAMPLES: tuple[tuple[type, Any], ...] = (
    (bool, True), (int, 1), (float, 0.5), (str, "text"), (datetime, "2024-01-31T06:00:00"), (date, "2024-01-31"), (time, "06:00:00"),
    (timedelta, "PT1H"), (Decimal, "1.50"), (UUID, "123e4567-e89b-12d3-a456-426614174000"), (PurePath, "data/file.csv"), (bytes, "text"),
)  # fmt: skip
Prepare = Callable[[Any], Any]


class NotAMember:
    """Stands for a text that names no member of an enum, so that the error is found at its own place."""

    def __init__(self, given: object) -> None:
        self.given = given

    def __repr__(self) -> str:
        return repr(self.given)


def bare(annotation: Any) -> Any:
    """The annotation without `Annotated` and `NewType`."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif hasattr(annotation, "__supertype__"):
            annotation = annotation.__supertype__
        else:
            return annotation


def is_union(annotation: Any) -> bool:
    """Whether it is ``A | B`` or ``Optional[A]``."""
    return get_origin(annotation) in (Union, types.UnionType)


def is_model(annotation: Any) -> bool:
    """Whether it is a class with fields: a config class or another pydantic model."""
    return isinstance(annotation, type) and hasattr(annotation, "model_fields")


def members_of(annotation: Any) -> tuple[Any, ...]:
    """The members of a union without None; a single annotation is its own only member."""
    annotation = bare(annotation)
    if not is_union(annotation):
        return (annotation,)
    return tuple(inner for member in get_args(annotation) if member is not _NONE for inner in members_of(member))


def discriminator_of(annotation: Any, field: Any = None) -> str | None:
    """The name of the field that tells the members of a union apart, if one was declared."""
    found = getattr(field, "discriminator", None)
    if get_origin(annotation) is Annotated:
        for item in annotation.__metadata__:
            found = getattr(item, "discriminator", None) or found
    if found is None and is_union(bare(annotation)):
        inner = [member for member in get_args(bare(annotation)) if member is not _NONE]
        return discriminator_of(inner[0]) if len(inner) == 1 else None
    return found if isinstance(found, str) else None


def tags_of(annotation: Any, discriminator: str) -> dict[str, type]:
    """For each value of the discriminator, the class it chooses."""
    tags: dict[str, type] = {}
    for member in members_of(annotation):
        field = member.model_fields.get(discriminator) if is_model(member) else None
        for value in get_args(bare(field.annotation)) if field is not None else ():
            tags[value.name if isinstance(value, Enum) else str(value)] = member
    return tags


# -- In words -----------------------------------------------------------------------------------------------------------


def describe(annotation: Any, field: Any = None) -> str:
    """The annotation as people read it.

    >>> describe(int | None), describe(list[str]), describe(Literal["a", "b"]), describe(dict[str, float])
    ('int or None', 'list of str', "'a' or 'b'", 'dict of str to float')
    """
    discriminator = discriminator_of(annotation, field)
    if discriminator:
        return "one of " + ", ".join(f"{{{tag}: ...}}" for tag in tags_of(annotation, discriminator))
    annotation = bare(annotation)
    if annotation is Any:
        return "anything"
    if annotation in (None, _NONE):
        return "None"
    origin, args = get_origin(annotation), get_args(annotation)
    if is_union(annotation):
        return " or ".join(dict.fromkeys(describe(member) for member in args))
    if origin is Literal:
        return " or ".join(repr(value) for value in args)
    if origin in _LISTS:
        inner = [arg for arg in args if arg is not Ellipsis]
        if origin is tuple and Ellipsis not in args:
            return "tuple of (" + ", ".join(describe(arg) for arg in inner) + ")"
        return f"{_class_name(origin)} of {describe(inner[0])}"
    if origin in _DICTS and len(args) == 2:
        return f"{_class_name(origin)} of {describe(args[0])} to {describe(args[1])}"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return "one of " + ", ".join(annotation.__members__)
    if hasattr(annotation, "__nbasset_made__"):
        entries = [field.alias or name for name, field in annotation.model_fields.items()]
        return f"a dict with {', '.join(entries)}" if entries else "a dict"
    if isinstance(annotation, type):
        return _class_name(annotation)
    return str(annotation).replace("typing.", "")


def example(annotation: Any, field: Any = None, depth: int = 0) -> Any:
    """A value that fits, as JSON data; `NO_EXAMPLE` when none can be guessed."""
    given = getattr(field, "examples", None)
    if given:
        return given[0]
    discriminator = discriminator_of(annotation, field)
    if discriminator:
        for tag, member in tags_of(annotation, discriminator).items():
            return {tag: model_example(member, depth + 1, without=discriminator)}
    annotation = bare(annotation)
    origin, args = get_origin(annotation), get_args(annotation)
    if is_union(annotation):
        found = (example(member, depth=depth + 1) for member in args if member is not _NONE)
        return next((value for value in found if value is not NO_EXAMPLE), None)
    if origin is Literal:
        return args[0].name if isinstance(args[0], Enum) else args[0]
    if origin in _LISTS and args and depth < 6:
        inner = [example(arg, depth=depth + 1) for arg in args if arg is not Ellipsis]
        return NO_EXAMPLE if NO_EXAMPLE in inner else inner
    if origin in _DICTS and len(args) == 2 and depth < 6:
        inner = example(args[1], depth=depth + 1)
        return NO_EXAMPLE if inner is NO_EXAMPLE else {_dict_key(args[0]): inner}
    if isinstance(annotation, type) and origin is None:
        return _class_example(annotation, field, depth)
    return NO_EXAMPLE


def model_example(model: Any, depth: int = 0, *, without: str | None = None) -> dict[str, Any]:
    """The required fields of a config class, each with an example."""
    out: dict[str, Any] = {}
    if hasattr(model, "__nbasset_selector__") and depth < 6:
        chosen = next(iter(model.model_fields.values()))
        value = example(chosen.annotation, chosen, depth + 1)
        return {chosen.alias: "..." if value is NO_EXAMPLE else value}
    for name, field in model.model_fields.items():
        if field.is_required() and name != without and depth < 6:
            value = example(field.annotation, field, depth + 1)
            out[field.alias or name] = "..." if value is NO_EXAMPLE else value
    return out


def _class_example(annotation: type, field: Any, depth: int) -> Any:
    if issubclass(annotation, Enum):
        return next(iter(annotation.__members__), NO_EXAMPLE)
    if is_model(annotation):
        return model_example(annotation, depth + 1)
    if hasattr(annotation, "get_secret_value"):
        return {"env": "NAME_OF_VARIABLE"}
    if annotation is list:
        return []
    if annotation is dict:
        return {}
    for kind, value in _EXAMPLES:
        if issubclass(annotation, kind):
            return _within(value, field) if kind in (int, float) else _long_enough(value, field) if kind is str else value
    return NO_EXAMPLE


def _within(value: Any, field: Any) -> Any:
    """The number moved into the field's bounds."""
    bounds = {
        name: getattr(item, name)
        for item in getattr(field, "metadata", ())
        for name in ("gt", "ge", "lt", "le", "multiple_of")
        if getattr(item, name, None) is not None
    }
    step = bounds.get("multiple_of")
    if step:
        value = step
    if "ge" in bounds and value < bounds["ge"]:
        value = bounds["ge"]
    if "gt" in bounds and value <= bounds["gt"]:
        value = bounds["gt"] + 1
    if "le" in bounds and value > bounds["le"]:
        value = bounds["le"]
    if "lt" in bounds and value >= bounds["lt"]:
        value = bounds["lt"] - 1
    return value


def _long_enough(value: str, field: Any) -> str:
    for item in getattr(field, "metadata", ()):
        least, most = getattr(item, "min_length", None), getattr(item, "max_length", None)
        value = value.ljust(least, "x") if least else value
        value = value[:most] if most else value
    return value


def _dict_key(annotation: Any) -> Any:
    value = example(annotation)
    return "key" if value in ("text", NO_EXAMPLE) else value


def _class_name(cls: Any) -> str:
    return getattr(cls, "__name__", str(cls))


# -- Forms beyond pydantic's --------------------------------------------------------------------------------------------


def preparation(annotation: Any, field: Any = None) -> Prepare | None:
    """A function that turns names of enum members into members and selectors into pydantic's form; None when neither can occur."""
    discriminator = discriminator_of(annotation, field)
    if discriminator:
        return _selector(tags_of(annotation, discriminator), discriminator)
    annotation = bare(annotation)
    origin, args = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and origin is None and issubclass(annotation, Enum):
        return _by_name(annotation)
    if is_union(annotation):
        return _union(args)
    if origin in _LISTS:
        return _items(args)
    if origin in _DICTS and len(args) == 2:
        key, value = preparation(args[0]), preparation(args[1])
        return _entries(key or _same, value or _same) if key or value else None
    return None


def _same(value: Any) -> Any:
    return value


def _by_name(enum: type[Enum]) -> Prepare:
    def prepare(value: Any) -> Any:
        if isinstance(value, enum):
            return value
        # isinstance with str also holds for members of text enums of another class: they name nothing here.
        return enum.__members__.get(value, NotAMember(value)) if isinstance(value, str) else NotAMember(value)

    return prepare


def _selector(tags: Mapping[str, type], discriminator: str) -> Prepare:
    def prepare(value: Any) -> Any:
        if isinstance(value, Mapping) and discriminator not in value and len(value) == 1:
            ((tag, inner),) = value.items()
            if tag in tags and (inner is None or isinstance(inner, Mapping)):
                literals = get_args(bare(tags[tag].model_fields[discriminator].annotation))  # type: ignore[attr-defined]
                chosen = next(value for value in literals if tag == (value.name if isinstance(value, Enum) else str(value)))
                return {discriminator: chosen, **(inner or {})}
        return value

    return prepare


def _union(members: tuple[Any, ...]) -> Prepare | None:
    inner = [(member, preparation(member)) for member in members if member is not _NONE]
    if not any(prepare for _, prepare in inner):
        return None
    if len(inner) == 1:
        only = inner[0][1] or _same
        return lambda value: None if value is None else only(value)

    def prepare(value: Any) -> Any:
        for _, member in inner:
            made = member(value) if member else value
            if made is not value and not isinstance(made, NotAMember):
                return made
        return value

    return prepare


def _items(args: tuple[Any, ...]) -> Prepare | None:
    each = [preparation(arg) or _same for arg in args if arg is not Ellipsis]
    if all(prepare is _same for prepare in each):
        return None

    def prepare(value: Any) -> Any:
        if not isinstance(value, (list, tuple, set, frozenset)):
            return value
        made = [(each[index] if index < len(each) else each[-1])(item) for index, item in enumerate(value)]
        return made if not isinstance(value, tuple) else tuple(made)

    return prepare


def _entries(key: Prepare, inner: Prepare) -> Prepare:
    def prepare(value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {key(name): inner(item) for name, item in value.items()}

    return prepare
