"""Parameters of a notebook: the names that its cells tagged `parameters` bind, and the values that a run puts in their place."""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from pathlib import PurePath
from typing import Any

from nbasset.errors import InvalidConfigError, did_you_mean
from nbasset.serde import Json
from nbasset.source.program import Cell
from nbasset.source.shapes import parse

_UNKNOWN: Any = object()
_PLAIN = (str, int, float, bool, list, dict)


def defaults_of(cells: Iterable[Cell]) -> dict[str, Any]:
    """What the parameters are without a run's own values: the value where it is a literal, else a mark that stands for "something".

    >>> defaults_of([Cell("a", 0, "year = 2013\\nday = date.today()", role="parameters")])["year"]
    2013
    """
    found: dict[str, Any] = {}
    for cell in cells:
        if cell.role != "parameters":
            continue
        for node in parse(cell.text).body:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
            value = getattr(node, "value", None)
            for target in targets:
                if isinstance(target, ast.Name):
                    found[target.id] = _literal(value)
    return found


def parameters_of(cells: Iterable[Cell], given: Mapping[str, object]) -> dict[str, Json]:
    """The values of a run as plain data, checked against the notebook: known names, types like those of the defaults.

    A text for a parameter whose default is none is read as JSON where it can be (``3``, ``true``, ``[1, 2]``), so that values from a
    command line need no types. Dates and times become ISO texts.

    >>> parameters_of([Cell("a", 0, "year = 2013\\ncarrier = 'AA'", role="parameters")], {"year": "2014", "carrier": "9"})
    {'year': 2014, 'carrier': '9'}

    Raises
    ------
    InvalidConfigError
        With every name and value that does not fit.
    """
    known = defaults_of(cells)
    errors: list[str] = []
    found: dict[str, Json] = {}
    for name, value in given.items():
        if not known:
            errors.append(f"{name}: the notebook takes no parameters. Give the tag 'parameters' to the cell that sets them.")
        elif name not in known:
            near = did_you_mean(name, known) or f"It has: {', '.join(known)}."
            errors.append(f"{name}: the notebook has no such parameter. {near}")
        else:
            try:
                found[name] = _fitting(_plain(value), known[name])
            except ValueError as error:
                errors.append(f"{name}: {error}")
    if errors:
        raise InvalidConfigError(errors, of="the parameters")
    return found


def cell_of(values: Mapping[str, Json]) -> str:
    """The source of a cell that binds the values.

    >>> print(cell_of({"year": 2014, "rates": [0.5, float("inf")]}), end="")
    # Parameters
    year = 2014
    rates = [0.5, float('inf')]
    """
    return "".join(["# Parameters\n", *(f"{name} = {_written(value)}\n" for name, value in values.items())])


def _written(value: Json) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return f"float({str(value)!r})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {_written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_written(item) for item in value) + "]"
    return repr(value)


def _literal(node: ast.expr | None) -> Any:
    try:
        return ast.literal_eval(node) if node is not None else _UNKNOWN
    except (ValueError, TypeError, SyntaxError):
        return _UNKNOWN


def _fitting(value: Json, default: Any) -> Json:
    """The value, of the default's type where that is a plain one."""
    if isinstance(value, str) and not isinstance(default, str):
        value = _read(value)
    if value is None or default is None or default is _UNKNOWN or not isinstance(default, _PLAIN):
        return value
    wanted = type(default)
    if wanted is float and type(value) is int:
        return value
    if type(value) is not wanted:
        raise ValueError(f"{value!r} is a value of type {type(value).__name__}; the default {default!r} is of type {wanted.__name__}.")
    return value


def _read(text: str) -> Json:
    word = text.strip()
    if word in ("True", "False", "None"):
        return {"True": True, "False": False, "None": None}[word]
    try:
        return json.loads(word)
    except ValueError:
        return text


def _plain(value: object) -> Json:
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((_plain(item) for item in value), key=repr)
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    as_number = getattr(value, "item", None)
    if callable(as_number):
        return _plain(as_number())
    raise ValueError(f"a value of type {type(value).__name__} cannot stand in a notebook. Give numbers, texts, dates, lists or dicts.")
