"""Wire values to JSON and back.

A field at its default is left out, a tuple is a list, and the class of a value in a union is told by its `type`. Reading is strict:
what comes from a browser is checked field by field against the annotations before any of it is used.
"""

from __future__ import annotations

import base64
import dataclasses
import struct
import types
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from nbasset.errors import Error
from nbasset.notebook.wire import Message, Panel
from nbasset.notebook.wire_commands import Asked

_PLAIN = (str, int, float, bool, type(None))


class WireError(Error):
    """JSON that is no message of this protocol, with the place in it."""


def to_wire(value: object) -> Any:
    """Plain lists, dicts, texts and numbers.

    >>> from nbasset.notebook.wire import Told
    >>> to_wire(Told(3, "the run was lost"))
    {'seq': 3, 'text': 'the run was lost', 'type': 'told'}
    """
    if type(value) in _PLAIN:
        return value
    if isinstance(value, str):  # such as the name of a dimension
        return str(value)
    if isinstance(value, (tuple, list)):
        return [to_wire(item) for item in value]
    out: dict[str, Any] = {}
    kind: Any = type(value)
    for name, default in _defaults(kind):
        item = getattr(value, name)
        if name == "type" or (item is not default and item != default):
            out[name] = to_wire(item)
    return out


def parse_asked(data: object) -> Asked:
    """A command and its id, from the JSON a browser sent.

    >>> parse_asked({"id": 1, "command": {"type": "fetch_asset", "asset": "orders"}}).command
    FetchAsset(asset='orders', type='fetch_asset')

    Raises
    ------
    WireError
        If it is not one, with the field that is wrong.
    """
    asked: Asked = _read(Asked, data, "asked")
    return asked


def parse_panel(data: object) -> Panel:
    """A whole panel, as `to_wire` wrote it."""
    panel: Panel = _read(Panel, data, "panel")
    return panel


def parse_message(data: object) -> Message:
    """A message, as `to_wire` wrote it."""
    message: Message = _read(Message, data, "message")
    return message


def pack_numbers(numbers: Iterable[float | None]) -> str:
    """Numbers for `MetricColumn`: little-endian float32 in base64; None becomes NaN."""
    plain = [float("nan") if number is None else number for number in numbers]
    return base64.b64encode(struct.pack(f"<{len(plain)}f", *plain)).decode()


def pack_runs(states: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Ends and states of the runs of equal neighbours: the fields of `Runs`.

    >>> pack_runs([0, 0, 2, 2, 2, 0])
    ((2, 5, 6), (0, 2, 0))
    """
    stops: list[int] = []
    kept: list[int] = []
    for position, state in enumerate(states, 1):
        if kept and kept[-1] == state:
            stops[-1] = position
        else:
            stops.append(position)
            kept.append(state)
    return tuple(stops), tuple(kept)


@cache
def _defaults(cls: Any) -> tuple[tuple[str, object], ...]:
    return tuple((field.name, field.default) for field in dataclasses.fields(cls))


@cache
def _hints(cls: Any) -> dict[str, Any]:
    return get_type_hints(cls)


def _read(kind: Any, data: object, where: str) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _read_union(get_args(kind), data, where)
    if origin is Literal:
        if data not in get_args(kind):
            raise WireError(f"{where}: {data!r:.60} is none of {', '.join(map(repr, get_args(kind)))}.")
        return data
    if origin is tuple:
        return _read_tuple(get_args(kind), data, where)
    if dataclasses.is_dataclass(kind):
        return _read_class(kind, data, where)
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    if not isinstance(data, kind) or (isinstance(data, bool) and kind is not bool):
        raise WireError(f"{where}: wants {kind.__name__}, got {data!r:.60}.")
    return data


def _read_union(kinds: tuple[Any, ...], data: object, where: str) -> Any:
    if data is None and type(None) in kinds:
        return None
    classes: list[Any] = [kind for kind in kinds if dataclasses.is_dataclass(kind)]
    if len(classes) > 1:
        name = data.get("type") if isinstance(data, dict) else None
        for cls in classes:
            if get_args(_hints(cls)["type"]) == (name,):
                return _read_class(cls, data, where)
        raise WireError(f"{where}: no message is of type {name!r:.60}.")
    rest = [kind for kind in kinds if kind is not type(None)]
    return _read(rest[0], data, where)


def _read_tuple(kinds: tuple[Any, ...], data: object, where: str) -> tuple[Any, ...]:
    if not isinstance(data, (list, tuple)):
        raise WireError(f"{where}: wants a list, got {data!r:.60}.")
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return tuple(_read(kinds[0], item, f"{where}[{at}]") for at, item in enumerate(data))
    if len(kinds) != len(data):
        raise WireError(f"{where}: wants {len(kinds)} items, got {len(data)}.")
    return tuple(_read(kind, item, f"{where}[{at}]") for at, (kind, item) in enumerate(zip(kinds, data, strict=True)))


def _read_class(cls: Any, data: object, where: str) -> Any:
    if not isinstance(data, dict):
        raise WireError(f"{where}: wants {cls.__name__}, got {data!r:.60}.")
    hints = _hints(cls)
    values = {}
    for field in dataclasses.fields(cls):
        if field.name in data:
            values[field.name] = _read(hints[field.name], data[field.name], f"{where}.{field.name}")
        elif field.default is dataclasses.MISSING:
            raise WireError(f"{where}: {cls.__name__} lacks '{field.name}'.")
    return cls(**values)
