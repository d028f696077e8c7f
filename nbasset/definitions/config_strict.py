"""Which data passes for a number: where somebody writes data (YAML, JSON, a dict), ``n: "3"`` and ``n: 3.0`` are slips, where n is an int.

pydantic reads text as numbers. That is right for Python code that makes a config itself, and for the environment, which knows nothing but
text; data says what it means. Only ints, floats and flags are looked at: pydantic itself is strict about text, and what has no form in
JSON (dates, paths) has to be given as text. The keys of a dict are not looked at either, since in JSON they are always text.
"""

from __future__ import annotations

import collections.abc
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from typing import Annotated, Any, TypeAlias, get_args, get_origin

from nbasset.definitions.config_annotations import bare, is_union

Place: TypeAlias = tuple[int | str, ...]
Misfits: TypeAlias = tuple[tuple[Place, type], ...]
"""Where something else stands than the class that is wanted there."""
Look: TypeAlias = Callable[[Any], Misfits | None]
"""What is wrong with a value; None if it is of another kind altogether, which is not for this module to say."""

_REFUSED: Mapping[type, tuple[type, ...]] = {int: (str, float, bool), float: (str,), bool: (str, int, float)}
_LISTS = (list, set, frozenset, collections.abc.Sequence, collections.abc.Set, collections.abc.Iterable)
_DICTS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)


def look_of(cls: Any, name: str) -> Look | None:
    """The function that finds the places in a value for a field where text, a flag or a fraction stands for a number, or anything else
    for a flag; None where there is nothing to look for, or a function of the user's reads the value first.

    >>> from nbasset import Config
    >>> class Delays(Config):
    ...     days: dict[str, list[int]] = {}
    >>> look_of(Delays, "days")({"monday": [1, "2"]})
    ((('monday', 1), <class 'int'>),)
    """
    field = cls.model_fields[name]
    if any(hasattr(item, "__get_pydantic_core_schema__") for item in field.metadata):
        return None
    for one in cls.__pydantic_decorators__.field_validators.values():
        if one.info.mode != "after" and (name in one.info.fields or "*" in one.info.fields):
            return None
    return _look(field.annotation)


def settled(value: Any, wrong: Misfits) -> Any:
    """The value with what pydantic makes of it where it does not fit: what Python code meant by it, as data.

    >>> settled({"days": ["1", 2]}, ((("days", 0), int),))
    {'days': [1, 2]}
    """
    for place, kind in wrong:
        value = _replaced(value, place, kind)
    return value


def _replaced(value: Any, place: Place, kind: type) -> Any:
    if not place:
        return _adapter(kind).validate_python(value)
    first, rest = place[0], place[1:]
    if isinstance(value, Mapping):
        return {key: _replaced(item, rest, kind) if key == first else item for key, item in value.items()}
    items = [_replaced(item, rest, kind) if at == first else item for at, item in enumerate(value)]
    return items if isinstance(value, list) else type(value)(items)


@lru_cache(maxsize=8)
def _adapter(kind: type) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def _look(annotation: Any) -> Look | None:
    """The function that looks at values for an annotation; None where there is nothing to look for."""
    if get_origin(annotation) is Annotated and any(hasattr(item, "__get_pydantic_core_schema__") for item in annotation.__metadata__):
        return None
    annotation = bare(annotation)
    if annotation in (int, float, bool):
        return partial(_at_scalar, annotation)
    origin, args = get_origin(annotation), get_args(annotation)
    if is_union(annotation):
        looks = [_look(member) for member in args if member is not type(None)]
        return partial(_at_union, [one for one in looks if one is not None]) if None not in looks else None
    if origin is tuple and Ellipsis not in args:
        each = [_look(one) for one in args]
        return partial(_at_tuple, each) if any(each) else None
    if (origin in _LISTS or origin is tuple) and args:
        one = _look(args[0])
        return partial(_at_items, one) if one is not None else None
    if origin in _DICTS and len(args) == 2:
        one = _look(args[1])
        return partial(_at_entries, one) if one is not None else None
    if getattr(annotation, "__nbasset_fields__", False) and not any(
        one.info.mode != "after" for one in annotation.__pydantic_decorators__.model_validators.values()
    ):
        return partial(_at_fields, annotation, {})
    return None


def _at_scalar(kind: type, value: Any) -> Misfits | None:
    if isinstance(value, _REFUSED[kind]) and not (kind is bool and isinstance(value, bool)):
        return (((), kind),)
    return () if isinstance(value, (int, float)) else None


def _at_union(looks: list[Look], value: Any) -> Misfits | None:
    found = [one(value) for one in looks]
    return () if () in found else next((one for one in found if one), None)


def _at_tuple(each: list[Look | None], value: Any) -> Misfits | None:
    if not isinstance(value, (list, tuple)):
        return None
    return tuple(_under((at, look, item) for at, (look, item) in enumerate(zip(each, value, strict=False))))


def _at_items(look: Look, value: Any) -> Misfits | None:
    if not isinstance(value, (list, tuple, set, frozenset)):
        return None
    return tuple(_under((at, look, item) for at, item in enumerate(value)))


def _at_entries(look: Look, value: Any) -> Misfits | None:
    return tuple(_under((key, look, item) for key, item in value.items())) if isinstance(value, Mapping) else None


def _at_fields(cls: Any, known: dict[str, Look | None], value: Any) -> Misfits | None:
    if not isinstance(value, Mapping):
        return None
    if not known:  # not when the class around was read: a class may hold itself
        known |= {key: look_of(cls, name) for name, field in cls.model_fields.items() for key in (name, field.alias or name)}
    return tuple(_under((key, known.get(key), item) for key, item in value.items()))


def _under(parts: collections.abc.Iterable[tuple[Any, Look | None, Any]]) -> Iterator[tuple[Place, type]]:
    for key, look, item in parts:
        for place, kind in (look(item) or ()) if look is not None else ():
            yield (key, *place), kind
