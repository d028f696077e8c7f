"""Annotations as checks of values: ``list[int]`` becomes a function that says what does not fit, or nothing.

A check is compiled on first use. Containers are looked through item by item; what cannot be looked at without using it up (an iterator)
is checked by its kind only. NumPy's scalars count as Python's numbers, and a whole number fits where a real one is wanted.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import inspect
import numbers
import types
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from nbasset.loaded import loaded

Check = Callable[[Any], "str | None"]
_NONE = type(None)
_UNIONS = (typing.Union, types.UnionType)
_ONE_PASS = (collections.abc.Iterator, collections.abc.Generator, collections.abc.AsyncIterator, collections.abc.AsyncGenerator)
_PRESENCE = (typing.Required, typing.NotRequired)
_LONGEST = 60


def annotation_name(annotation: Any) -> str:
    """The annotation as it is written.

    >>> annotation_name(dict[str, list[int]]), annotation_name(int | None), annotation_name(None)
    ('dict[str, list[int]]', 'int | None', 'None')
    """
    if annotation in (None, _NONE):
        return "None"
    if isinstance(annotation, str):
        return annotation
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return annotation_name(args[0])
    if origin in _UNIONS:
        return " | ".join(annotation_name(arg) for arg in args)
    if origin is Literal:
        return f"Literal[{', '.join(map(repr, args))}]"
    if isinstance(origin, type) and args:
        inner = (
            f"[{', '.join(map(annotation_name, arg))}]" if isinstance(arg, list) else "..." if arg is Ellipsis else annotation_name(arg)
            for arg in args
        )
        return f"{origin.__name__}[{', '.join(inner)}]"
    return getattr(annotation, "__name__", None) or str(annotation).replace("typing.", "")


def shown_value(value: object) -> str:
    """A value for a message: its type, and what it is if that is short.

    >>> shown_value("a"), shown_value([1] * 100)
    ("'a' (str)", 'a list of 100')
    """
    from nbasset.secrets import mask_secrets

    kind = type(value)
    name = kind.__qualname__ if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__.split('.')[0]}.{kind.__qualname__}"
    if value is None:
        return "None"
    if isinstance(value, (str, int, float, bool)):
        text = mask_secrets(repr(value))
        return f"{text if len(text) <= _LONGEST else text[: _LONGEST - 3] + '...'} ({name})"
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and len(shape) == 2:
        return f"a {name} with {shape[0]} rows and {shape[1]} columns"
    if isinstance(value, (list, tuple, dict, set, frozenset)):
        return f"a {name} of {len(value)}"
    return f"a {name}"


def check_for(annotation: Any) -> Check | None:
    """The check of an annotation; None if everything fits."""
    if annotation is Any:
        return None
    if annotation in (None, _NONE):
        return _is_none
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return check_for(args[0])
    if isinstance(annotation, TypeVar):
        return check_for(annotation.__bound__) if annotation.__bound__ is not None else None
    if hasattr(annotation, "__supertype__"):
        return check_for(annotation.__supertype__)
    if hasattr(annotation, "__value__") and type(annotation).__name__ == "TypeAliasType":
        return check_for(annotation.__value__)
    if origin in _UNIONS:
        return _union(annotation, args)
    if origin is Literal:
        return _literal(args)
    if origin is not None:
        return _generic(annotation, origin, args)
    if typing.is_typeddict(annotation):
        return _typed_dict(annotation)
    return _instance(annotation) if isinstance(annotation, type) else None


def _is_none(value: Any) -> str | None:
    return None if value is None else f"expected None, got {shown_value(value)}"


def _instance(cls: type) -> Check | None:
    if cls is object:
        return None
    if getattr(cls, "_is_protocol", False) and not getattr(cls, "_is_runtime_protocol", False):
        return None  # a protocol that cannot be asked
    accepted = _ACCEPTED.get(cls, (cls,))
    name = annotation_name(cls)

    def check(value: Any) -> str | None:
        if isinstance(value, accepted) or (cls is bool and _is_numpy_bool(value)):
            return None
        if dataclasses.is_dataclass(cls) and isinstance(value, Mapping):
            return f"expected {name}, got {shown_value(value)}: make it with {name}(**value)"
        return f"expected {name}, got {shown_value(value)}"

    return check


_ACCEPTED: dict[type, tuple[type, ...]] = {int: (int, numbers.Integral), float: (float, numbers.Real), complex: (complex, numbers.Complex)}


def _is_numpy_bool(value: Any) -> bool:
    numpy = loaded("numpy")
    return numpy is not None and isinstance(value, numpy.bool_)


def _union(annotation: Any, members: tuple[Any, ...]) -> Check | None:
    checks = [check_for(member) for member in members]
    if any(check is None for check in checks):
        return None
    name = annotation_name(annotation)
    sole = [check for member, check in zip(members, checks, strict=True) if member is not _NONE]

    def check(value: Any) -> str | None:
        if any(inner is not None and inner(value) is None for inner in checks):
            return None
        if len(sole) == 1 and isinstance(value, (list, tuple, dict, set)) and sole[0] is not None:
            return sole[0](value)
        return f"expected {name}, got {shown_value(value)}"

    return check


def _literal(values: tuple[Any, ...]) -> Check:
    def check(value: Any) -> str | None:
        if any(value is item or (type(value) is type(item) and value == item) for item in values):
            return None
        return f"expected {' or '.join(map(repr, values))}, got {shown_value(value)}"

    return check


def _generic(annotation: Any, origin: Any, args: tuple[Any, ...]) -> Check | None:
    if origin is type or origin is typing.ClassVar or origin is typing.Final:
        return _subclass(annotation, args[0]) if origin is type else check_for(args[0]) if args else None
    if origin is collections.abc.Callable:
        return lambda value: None if callable(value) else f"expected something to call, got {shown_value(value)}"
    if not isinstance(origin, type):
        return None
    kind = _instance(origin)
    if issubclass(origin, tuple) and args:
        return _tuple(annotation, args)
    if issubclass(origin, collections.abc.Mapping) and len(args) == 2:
        return _mapping(annotation, origin, args)
    if issubclass(origin, collections.abc.Collection) and len(args) == 1 and not issubclass(origin, _ONE_PASS):
        return _collection(annotation, origin, args[0])
    return kind


def _subclass(annotation: Any, wanted: Any) -> Check:
    def check(value: Any) -> str | None:
        if isinstance(value, type) and (not isinstance(wanted, type) or issubclass(value, wanted)):
            return None
        return f"expected {annotation_name(annotation)}, got {shown_value(value) if not isinstance(value, type) else value.__qualname__}"

    return check


def _tuple(annotation: Any, args: tuple[Any, ...]) -> Check:
    if len(args) == 2 and args[1] is Ellipsis:
        return _collection(annotation, tuple, args[0])
    checks = [] if args == ((),) else [check_for(arg) for arg in args]

    def check(value: Any) -> str | None:
        if not isinstance(value, tuple) or len(value) != len(checks):
            return f"expected {annotation_name(annotation)}, got {shown_value(value)}"
        for index, (inner, item) in enumerate(zip(checks, value, strict=True)):
            problem = inner(item) if inner is not None else None
            if problem:
                return f"item {index}: {problem}"
        return None

    return check


def _collection(annotation: Any, origin: type, arg: Any) -> Check:
    inner = check_for(arg)
    plain = arg if inspect.isclass(arg) and arg in (int, float, str, bool) else None

    def check(value: Any) -> str | None:
        if not isinstance(value, origin):
            return f"expected {annotation_name(annotation)}, got {shown_value(value)}"
        if inner is None or (isinstance(value, str) and arg is str):
            return None
        for index, item in enumerate(typing.cast("collections.abc.Iterable[Any]", value)):
            if type(item) is plain:
                continue
            problem = inner(item)
            if problem:
                return f"item {index}: {problem}" if isinstance(value, (list, tuple)) else f"an item: {problem}"
        return None

    return check


def _mapping(annotation: Any, origin: type, args: tuple[Any, ...]) -> Check:
    key_check, value_check = check_for(args[0]), check_for(args[1])

    def check(value: Any) -> str | None:
        if not isinstance(value, origin):
            return f"expected {annotation_name(annotation)}, got {shown_value(value)}"
        for key, item in typing.cast("Mapping[Any, Any]", value).items():
            problem = key_check(key) if key_check is not None else None
            if problem:
                return f"a key: {problem}"
            problem = value_check(item) if value_check is not None else None
            if problem:
                return f"[{key!r:.40}]: {problem}"
        return None

    return check


def _typed_dict(cls: Any) -> Check:
    try:
        hints = typing.get_type_hints(cls, include_extras=True)
    except Exception:  # noqa: BLE001 - annotations are the user's code; keys are checked all the same
        hints = dict.fromkeys(cls.__annotations__, Any)
    # Under `from __future__ import annotations` Python itself does not see Required and NotRequired.
    said = {name: get_origin(hint) for name, hint in hints.items()}
    required = {
        name for name, word in said.items() if word is typing.Required or (name in cls.__required_keys__ and word is not typing.NotRequired)
    }
    checks = {name: check_for(get_args(hint)[0] if said[name] in _PRESENCE else hint) for name, hint in hints.items()}

    def check(value: Any) -> str | None:
        if not isinstance(value, dict):
            return f"expected {cls.__name__}, got {shown_value(value)}"
        missing = sorted(required - value.keys())
        if missing:
            return f"expected {cls.__name__}, whose key {missing[0]!r} is missing"
        unknown = [key for key in value if key not in checks]
        if unknown:
            return f"expected {cls.__name__}, which has no key {unknown[0]!r}"
        for key, item in value.items():
            inner = checks[key]
            problem = inner(item) if inner is not None else None
            if problem:
                return f"[{key!r}]: {problem}"
        return None

    return check
