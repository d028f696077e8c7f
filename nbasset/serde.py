"""Frozen values to JSON and back, for events, plans and whatever crosses a process.

Only classes marked with `serializable` travel, by their name; nothing that is read can name code to run. Fields at their default are
not written, so a field added later reads old data. Sequences come back as tuples, sets as frozensets, mappings as dicts.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import Enum, StrEnum
from operator import attrgetter
from typing import Any, TypeAlias, TypeVar

from nbasset.dataclass import layouts_of
from nbasset.keys import AssetKey, PartitionRef
from nbasset.ordinals import OrdinalSet

Json: TypeAlias = Any
T = TypeVar("T")

_CLASSES: dict[str, type] = {}
_NAMES: dict[type, str] = {}
_FIELDS: dict[type, tuple[tuple[str, Any], ...]] = {}
_VALUES: dict[type, Callable[[Any], tuple[Any, ...]]] = {}
_KNOWN: dict[type, frozenset[str]] = {}
_PACKED: dict[type, str] = {}
_REQUIRED = dataclasses.MISSING
_PLAIN = frozenset({str, int, float, bool, type(None)})


def serializable(cls: type[T]) -> type[T]:
    """Class decorator: let this frozen dataclass or Enum travel under its own name."""
    if cls.__name__ in _CLASSES:
        raise TypeError(f"two serializable classes are called {cls.__name__}")
    _CLASSES[cls.__name__] = cls
    for kind in layouts_of(cls):
        _NAMES[kind] = cls.__name__
        if dataclasses.is_dataclass(cls):
            _FIELDS[kind] = tuple((field.name, _default(field)) for field in dataclasses.fields(cls))
            _KNOWN[kind] = frozenset(field.name for field in dataclasses.fields(cls))
            _VALUES[kind] = _getter([field.name for field in dataclasses.fields(cls)])
    return cls


def _getter(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    return attrgetter(*names) if len(names) > 1 else lambda value: tuple([getattr(value, name) for name in names])


def packed(mark: str) -> Callable[[type[T]], type[T]]:
    """Class decorator: the same for a small class of which very many are stored. An instance is the list of its values under a mark, cut
    off where the rest is at its default; so a field can only ever be added at the end.
    """

    def register(cls: type[T]) -> type[T]:
        serializable(cls)
        _PACKED[cls] = mark
        _MARKS[mark] = lambda items: cls(*[item if type(item) in _PLAIN else from_json(item) for item in items])
        return cls

    return register


def to_json(value: object) -> Json:
    """Plain lists, dicts, texts and numbers for `value`.

    Raises
    ------
    TypeError
        If something inside is of a class that is not serializable.
    """
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is tuple or kind is list:
        return [item if type(item) in _PLAIN else to_json(item) for item in value]  # type: ignore[attr-defined]
    if kind is AssetKey:
        text = str(value)
        return {"$k": text.split("/") if "/" in text else text}
    fields = _FIELDS.get(kind)
    if fields is not None:
        if kind in _PACKED:
            return {_PACKED[kind]: _packed(fields, _VALUES[kind](value))}
        out: dict[str, Json] = {"$": _NAMES[kind]}
        for (name, default), item in zip(fields, _VALUES[kind](value), strict=True):
            if item is not default and (default is _REQUIRED or item != default):
                out[name] = item if type(item) in _PLAIN else to_json(item)
        return out
    return _rare_to_json(value)


def from_json(data: Json) -> Any:
    """The value that `to_json` wrote.

    Raises
    ------
    ValueError
        If the data names a class this version does not know.
    """
    if isinstance(data, list):
        return tuple(from_json(item) for item in data)
    if not isinstance(data, dict):
        return data
    if "$" in data:
        name = data["$"]
        cls = _CLASSES.get(name)
        if cls is None:
            raise ValueError(f"stored data names {name!r}, which this version of nbasset does not know. Was it written by a newer one?")
        if issubclass(cls, Enum):
            return cls(data["value"])
        known = _KNOWN[cls]
        return cls(**{key: item if type(item) in _PLAIN else from_json(item) for key, item in data.items() if key in known})
    if len(data) == 1:
        ((mark, inner),) = data.items()
        if mark in _MARKS:
            return _MARKS[mark](inner)
    return {key: from_json(item) for key, item in data.items()}


def dumps(value: object) -> str:
    """`to_json` as compact text."""
    return _ENCODER.encode(to_json(value))


def loads(text: str | bytes) -> Any:
    """The value that `dumps` wrote."""
    return from_json(json.loads(text))


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)


class Texts:
    """Writes values as `dumps` does, one after the other: without making the plain data in between, and what comes twice only once.

    `known` has the text of each instance by its identity, so a writer lives no longer than what it wrote.

    >>> Texts().of((AssetKey("orders"), 1, None))
    '[{"$k":"orders"},1,null]'
    """

    __slots__ = ("known",)

    def __init__(self) -> None:
        self.known: dict[int, str] = {}

    def of(self, value: object) -> str:
        """The text of `to_json(value)`."""
        kind = type(value)
        if kind is str:
            return _quoted(value)  # type: ignore[arg-type]
        if kind is int:
            return int.__repr__(value)
        if kind is tuple or kind is list:
            return f"[{','.join([self.of(item) for item in value])}]"  # type: ignore[attr-defined]
        if kind not in _FIELDS:
            return _ENCODER.encode(to_json(value))
        found = self.known.get(id(value))
        if found is None:
            found = self.known[id(value)] = self._instance(kind, value)
        return found

    def fields(self, value: object, *, without: frozenset[str]) -> str:
        """The text of an instance but for its class and some of its fields.

        Raises
        ------
        TypeError
            If it, or something inside, is of a class that is not serializable.
        """
        if type(value) not in _FIELDS:
            raise TypeError(f"a {type(value).__name__} cannot be stored as JSON: {value!r:.80}")
        return "{" + ",".join(self._members(type(value), value, without)) + "}"

    def _instance(self, kind: type, value: object) -> str:
        if kind in _PACKED:
            fields, values = _FIELDS[kind], _VALUES[kind](value)
            end = _end(fields, values)
            return f'{{"{_PACKED[kind]}":[{",".join([self.of(item) for item in values[:end]])}]}}'
        return "{" + ",".join([f'"$":"{_NAMES[kind]}"', *self._members(kind, value, frozenset())]) + "}"

    def _members(self, kind: type, value: object, without: frozenset[str]) -> list[str]:
        found = []
        for (name, default), item in zip(_FIELDS[kind], _VALUES[kind](value), strict=True):
            if item is not default and (default is _REQUIRED or item != default) and name not in without:
                found.append(f'"{name}":{_quoted(item) if type(item) is str else self.of(item)}')
        return found


_quoted = json.encoder.encode_basestring


def _end(fields: tuple[tuple[str, Any], ...], values: tuple[Any, ...]) -> int:
    """Where the values at their default begin."""
    end = len(fields)
    while end and values[end - 1] == fields[end - 1][1]:
        end -= 1
    return end


def _packed(fields: tuple[tuple[str, Any], ...], values: tuple[Any, ...]) -> list[Json]:
    return [item if type(item) in _PLAIN else to_json(item) for item in values[: _end(fields, values)]]


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return dataclasses.MISSING


def _rare_to_json(value: object) -> Json:
    if isinstance(value, PartitionRef):
        return {"$p": [value.key, value.ordinal]}
    if isinstance(value, StrEnum) and type(value) not in _NAMES:  # it is the text that whoever reads it makes a member of
        return value.value
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return [to_json(item) for item in value]
    if isinstance(value, Mapping):
        if any(not isinstance(key, str) for key in value):
            raise TypeError("only mappings with text keys can be stored")
        plain = {key: to_json(item) for key, item in value.items()}
        return {"$m": plain} if any(key.startswith("$") for key in plain) else plain
    if isinstance(value, OrdinalSet):
        return {"$o": [list(run) for run in value.runs]}
    if isinstance(value, (frozenset, set)):
        return {"$s": [to_json(item) for item in sorted(value)]}
    if isinstance(value, datetime):
        return {"$d": value.isoformat()}
    if isinstance(value, Enum) and type(value) in _NAMES:
        return {"$": _NAMES[type(value)], "value": value.value}
    if isinstance(value, (str, int, float)):
        return value
    raise TypeError(f"a {type(value).__name__} cannot be stored as JSON: {value!r:.80}")


_MARKS: dict[str, Any] = {
    "$k": AssetKey,
    "$p": lambda pair: PartitionRef(*pair),
    "$m": lambda plain: {key: from_json(item) for key, item in plain.items()},
    "$o": lambda runs: OrdinalSet(tuple((start, stop) for start, stop in runs)),
    "$s": lambda items: frozenset(from_json(item) for item in items),
    "$d": datetime.fromisoformat,
}
