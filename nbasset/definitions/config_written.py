"""Configuration as plain JSON data, to be recorded, sent to a worker and digested: never with the value of a secret."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any, Literal, get_args, get_origin
from uuid import UUID

from nbasset.definitions.config_digest import data_digest
from nbasset.definitions.config_errors import ConfigError
from nbasset.definitions.config_gate import origin_of
from nbasset.errors import InvalidConfigError, kind_of
from nbasset.secrets import EnvVar, looks_secret

_HIDDEN = "***"
_UNEQUAL = object()
Other = Callable[[Any], Any]


def config_data(config: Any) -> dict[str, Any]:
    """What was given to a config, as JSON data that makes the same config again.

    References and enums stand by name, defaults are left out, values are those given, before any validator of the user's changed them.

    Raises
    ------
    InvalidConfigError
        If a secret was given as a value, or a value has no form in JSON: it cannot be recorded.
    """
    return _given(config, _refuse_secret, _refuse_other)


def written(value: Any) -> Any:
    """JSON data for one value, as in `config_data`."""
    return _plain(value, _refuse_secret, _refuse_other)


def shown_data(config: Any) -> dict[str, Any]:
    """All fields of a config for people to see: references by name, secrets as ``***``, objects by their type."""
    return {
        name: _HIDDEN if looks_secret(name) and isinstance(value, (str, bytes)) and value else _plain(value, _hide_secret, _type_name)
        for name, value in _fields(config)
    }


def digest_of(config: Any) -> str:
    """A stable digest of what is configured: equal for a field at its default and one left out, without the value of any secret.

    References count by name, literal secrets not at all, so that no digest can be tried against guesses.
    """
    return data_digest(_effective(config))


def digestible(value: Any) -> Any:
    """JSON data that stands for any value in a digest; objects without a form in JSON count by their type only."""
    if getattr(value, "__nbasset_fields__", False):
        return {"$": type(value).__name__, **_effective(value)}
    return _plain(value, _hide_secret, _type_name, nested=digestible)


def _effective(config: Any) -> dict[str, Any]:
    out = {}
    for name, value in _fields(config):
        field = type(config).model_fields.get(name)
        literal_secret = looks_secret(name) and isinstance(value, (str, bytes))
        if literal_secret or (field is not None and _is_default(field, value, given=name in config.model_fields_set)):
            continue
        out[name] = digestible(value)
    return out


def _is_default(field: Any, value: Any, *, given: bool) -> bool:
    if field.default_factory is not None:
        return not given
    try:
        return type(field.default) is type(value) and bool(field.default == value)
    except (TypeError, ValueError):  # arrays and tables do not say whether they are equal
        return False


def _fields(config: Any) -> list[tuple[str, Any]]:
    """Names and values in order; where a field refers to the environment, the reference."""
    origin = origin_of(config)
    references: Mapping[str, Any] = origin.references if origin is not None else {}
    extra = config.__pydantic_extra__ or {}
    names = dict.fromkeys([*type(config).model_fields, *extra, *references])
    return [
        (name, references[name] if name in references else config.__dict__.get(name, extra.get(name)))
        for name in names
        if name in references or name in config.__dict__ or name in extra
    ]


def _given(config: Any, secret: Other, other: Other) -> dict[str, Any]:
    origin = origin_of(config)
    if origin is not None:
        given: Mapping[str, Any] = origin.given
    else:
        entries = hasattr(config, "__nbasset_made__")  # their names stand for entries that may be no Python names
        names = [(name, field) for name, field in type(config).model_fields.items() if name in config.model_fields_set]
        given = {(field.alias or name) if entries else name: config.__dict__[name] for name, field in names}
        given = {**given, **(config.__pydantic_extra__ or {})}
    return {str(name): _plain(value, secret, other) for name, value in {**_told_apart(config, given), **given}.items()}


def _told_apart(config: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Constant fields that nobody gave: among the classes of a choice they say which one this is."""
    fields = {name: field for name, field in type(config).model_fields.items() if name not in given and not field.is_required()}
    constant = [name for name, field in fields.items() if get_origin(field.annotation) is Literal and len(get_args(field.annotation)) == 1]
    return {name: fields[name].default for name in constant}


def _plain(value: Any, secret: Other, other: Other, nested: Other | None = None) -> Any:
    again = nested or (lambda item: _plain(item, secret, other))
    if isinstance(value, Enum):
        return value.name
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, EnvVar):
        return value.as_data()
    if getattr(value, "__nbasset_fields__", False):
        return _given(value, secret, other)
    if isinstance(value, Mapping):
        return {key if isinstance(key, str) else str(again(key)): again(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [again(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((again(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    if hasattr(value, "get_secret_value"):
        return secret(value)
    return _rare(value, again, other)


def _rare(value: Any, again: Other, other: Other) -> Any:
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"P{value.days}DT{value.seconds}.{value.microseconds:06d}S" if value >= timedelta(0) else value.total_seconds()
    if isinstance(value, (PurePath, Decimal, UUID)):
        return str(value)
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: again(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:  # a NumPy scalar
        return value.item()
    if hasattr(value, "unicode_string") or type(value).__module__.startswith(("pydantic", "pydantic_core")):
        return str(value)
    return other(value)


def _refuse_secret(value: Any) -> Any:
    raise InvalidConfigError(
        [ConfigError((), f'{kind_of(value)} was given as a value, which cannot be recorded. Give its name: EnvVar("NAME_OF_VARIABLE")')]
    )


def _refuse_other(value: Any) -> Any:
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    raise InvalidConfigError([ConfigError((), f"a {kind} has no form in JSON, so it cannot be configuration. Make it a resource instead")])


def _hide_secret(value: Any) -> Any:
    return _HIDDEN


def _type_name(value: Any) -> Any:
    kind = value if isinstance(value, type) else type(value)
    return f"<{kind.__module__}.{kind.__qualname__}>"
