"""Environment references inside pydantic models: kept as references when a config is written, read when a run starts.

`gated` takes the core schema pydantic built for a config class and puts a gate before each field. While a config is written, a
reference passes the gate unread: the field stays out of the instance, and validators of the whole model wait. While a run starts
(inside `reading_environment`), the gate reads the variable and hands its value to the field's own validator. What was given, and which
fields are references, is kept beside the values as an `Origin`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, get_args

from pydantic import GetCoreSchemaHandler, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError, core_schema

from nbasset.definitions.config_annotations import Prepare, preparation
from nbasset.definitions.config_markers import is_resource_annotation
from nbasset.definitions.config_strict import Look, look_of, settled
from nbasset.secrets import EnvVar, mask_secrets

ORIGIN = "__origin__"
UNSET, MISFIT = "env_unset", "env_misfit"

_reading: ContextVar[bool] = ContextVar("nbasset_reading_environment", default=False)
_from_data: ContextVar[bool] = ContextVar("nbasset_config_from_data", default=False)
_frame: ContextVar[_Frame | None] = ContextVar("nbasset_references", default=None)
_CONTAINERS = (dict, list, tuple, set, frozenset)


@contextmanager
def reading_environment() -> Iterator[None]:
    """References met inside are read."""
    token = _reading.set(True)
    try:
        yield
    finally:
        _reading.reset(token)


@contextmanager
def reading_data() -> Iterator[None]:
    """Fields are filled from data that somebody wrote (a dict, YAML): ``n: true`` is a slip there, where n is an int.

    Python code that makes the config itself keeps pydantic's own leniency: ``Delays(n=flag)``.
    """
    token = _from_data.set(True)
    try:
        yield
    finally:
        _from_data.reset(token)


class Origin:
    """What an instance was made from: the data given, and the fields that refer to the environment.

    `deferred` says that the references were not read: the instance is what somebody wrote, not yet what a run uses.
    """

    __slots__ = ("deferred", "given", "references", "twin")

    def __init__(self, given: Mapping[str, Any], references: Mapping[str, Any], *, deferred: bool) -> None:
        self.given = dict(given)
        self.references = dict(references)
        self.deferred = deferred
        self.twin: tuple[tuple[str | None, ...], Any] | None = None

    def __repr__(self) -> str:
        return f"Origin({', '.join(self.given)})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Origin) and self.given == other.given

    def __hash__(self) -> int:
        return hash(tuple(self.given))

    def __deepcopy__(self, memo: object) -> Origin:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _origin, (self.given, self.references)


def _origin(given: Mapping[str, Any], references: Mapping[str, Any]) -> Origin:
    return Origin(given, references, deferred=True)


def origin_of(instance: object) -> Origin | None:
    """The origin of a config, None for one whose values are just what was given."""
    values = getattr(instance, "__dict__", None)
    return values.get(ORIGIN) if values else None


def is_deferred(value: object) -> bool:
    """Whether a config, or one inside a container, still waits for the environment."""
    if isinstance(value, _CONTAINERS):
        return any(is_deferred(item) for item in (value.values() if isinstance(value, dict) else value))
    origin = origin_of(value) if getattr(value, "__nbasset_fields__", False) else None
    return origin is not None and origin.deferred


def references_in(data: Any) -> list[EnvVar]:
    """Every `EnvVar` object inside nested data."""
    if isinstance(data, EnvVar):
        return [data]
    if isinstance(data, _CONTAINERS):
        return [found for item in (data.values() if isinstance(data, dict) else data) for found in references_in(item)]
    return []


# -- The schema ---------------------------------------------------------------------------------------------------------


def gated(cls: type, schema: Any, handler: GetCoreSchemaHandler) -> Any:
    """The core schema of `cls` with the gates in place. Doing it twice changes nothing."""
    node: Any = handler.resolve_ref_schema(schema)
    while node["type"] != "model":
        if "schema" not in node:
            return schema
        if node["type"] == "function-after":
            _wait_for_environment(node["function"])
        node = handler.resolve_ref_schema(node["schema"])
    if node.get("post_init"):
        node["post_init"] = "__after_fields__"
    inner = node["schema"]
    if isinstance(inner.get("function", {}).get("function"), _ModelGate):
        return schema
    fields_node = inner
    while fields_node["type"] != "model-fields":
        fields_node = fields_node["schema"]
    for name, field in fields_node["fields"].items():
        _gate_field(cls, name, field)
    node["schema"] = core_schema.no_info_wrap_validator_function(_ModelGate(), inner)
    return schema


def _wait_for_environment(function: dict[str, Any]) -> None:
    check = function["function"]
    if getattr(check, "waits_for_environment", False):
        return

    def check_once_read(instance: Any, *info: Any) -> Any:
        origin = origin_of(instance)
        return instance if origin is not None and origin.deferred else check(instance, *info)

    check_once_read.waits_for_environment = True  # type: ignore[attr-defined]
    function["function"] = check_once_read


def _gate_field(cls: type, name: str, field: Any) -> None:
    holder, inner = field, field["schema"]
    if inner["type"] == "default":
        if references_in(inner.get("default")) or is_deferred(inner.get("default")):
            inner["validate_default"] = True
        holder, inner = inner, inner["schema"]
    # A literal tells config classes apart; pydantic must find it bare, and no environment chooses a class.
    if inner["type"] != "literal":
        holder["schema"] = core_schema.no_info_wrap_validator_function(_FieldGate(cls, name), inner)


class _Frame:
    """What the gates of one model's fields tell while they are validated: references, and values of Python code as data."""

    __slots__ = ("references", "settled")

    def __init__(self) -> None:
        self.references: dict[str, Any] = {}
        self.settled: dict[str, Any] = {}


class _ModelGate:
    """Collects the references of one model's fields while they are validated, and takes them out of the instance."""

    def __call__(self, given: Any, validate: Callable[[Any], Any]) -> Any:
        frame = _Frame()
        references = frame.references
        token = _frame.set(frame)
        try:
            values, extra, names = validate(given)
        finally:
            _frame.reset(token)
        read = _reading.get()
        if extra:
            extra = _gate_extra(extra, references, read=read)
        waiting = not read and (bool(references) or any(is_deferred(value) for value in values.values()))
        if waiting:
            for name in references:
                values.pop(name, None)
        if isinstance(given, Mapping) and (references or waiting or any(values.get(name) is not value for name, value in given.items())):
            # Text or a flag that Python code gave for a number is one from here on: in the data of a run it would be refused.
            said = {name: frame.settled.get(name, value) for name, value in given.items()}
            values[ORIGIN] = Origin(said, references, deferred=waiting)
        return values, extra, names


def _gate_extra(extra: dict[str, Any], references: dict[str, Any], *, read: bool) -> dict[str, Any]:
    out = {}
    for name, value in extra.items():
        reference = EnvVar.from_data(value)
        if reference is None and not references_in(value):
            out[name] = value
            continue
        references[name] = reference or value
        if read:
            out[name] = _read(references[name])
    return out


class _FieldGate:
    """Stands before one field: prepares our own forms, keeps references or reads them."""

    def __init__(self, cls: type, name: str) -> None:
        self._cls = cls
        self._name = name
        self._prepare: Prepare | bool | None = True  # True: not looked at yet; annotations may be unresolved when the class is made
        self._alias = name
        self._look: Look | None = None

    def __call__(self, value: Any, validate: Callable[[Any], Any]) -> Any:
        if self._prepare is True:
            field = self._cls.model_fields[self._name]  # type: ignore[attr-defined]
            self._prepare = preparation(field.annotation, field)
            self._alias, self._look = field.alias or self._name, look_of(self._cls, self._name)
        prepare = self._prepare or (lambda data: data)
        if isinstance(value, EnvVar):
            return self._reference(value, prepare, validate)
        if self._stands_for_resource(value):
            return value
        wrong = self._look(value) if self._look is not None else None
        if wrong and _from_data.get():
            details = [InitErrorDetails(type=f"{kind.__name__}_type", loc=place, input=_at(value, place)[1]) for place, kind in wrong]
            raise ValidationError.from_exception_data(self._cls.__name__, details)
        checked = self._checked(value, prepare, validate)
        frame = _frame.get()
        if wrong and frame is not None:
            frame.settled[self._name] = frame.settled[self._alias] = settled(value, wrong)
        return checked

    def _checked(self, value: Any, prepare: Any, validate: Callable[[Any], Any]) -> Any:
        if isinstance(value, (str, int, float)) or value is None:
            return validate(prepare(value))
        if _reading.get() and is_deferred(value):
            value = _resolved(value)
        if not _may_hold_references(value):
            return validate(prepare(value))
        return self._searched(value, prepare, validate)

    def _stands_for_resource(self, value: Any) -> bool:
        """Whether it is the definition of a resource, in a field for one: what it makes is put there when a run opens it."""
        if not hasattr(value, "open_resource") or isinstance(value, type):
            return False
        field = self._cls.model_fields[self._name]  # type: ignore[attr-defined]
        return is_resource_annotation(field.annotation) or any(hasattr(item, "__nbasset_resource__") for item in field.metadata)

    def _searched(self, value: Any, prepare: Any, validate: Callable[[Any], Any]) -> Any:
        try:
            checked = validate(prepare(value))
        except ValidationError as error:
            failed = error
        except Exception:
            if EnvVar.from_data(value) is None:  # a validator of the user's that met a reference, not a value
                raise
            return self._reference(EnvVar.from_data(value), prepare, validate)
        else:
            return self._reference(value, prepare, validate) if references_in(checked) else checked
        places, others = _split(failed, value)
        if others:
            raise ValidationError.from_exception_data(failed.title, others)
        return self._reference(_with_references(value, places), prepare, validate)

    def _reference(self, value: Any, prepare: Any, validate: Callable[[Any], Any]) -> Any:
        frame = _frame.get()
        if frame is not None:
            frame.references[self._name] = value
        if not _reading.get():
            return value
        real = prepare(_read(value))
        try:
            return validate(real)
        except ValidationError as error:
            reason = _without_values(
                "; ".join(_reason(item["msg"]) for item in error.errors(include_url=False, include_input=False)), value
            )
        raise PydanticCustomError(MISFIT, "{names}: {reason}", {"names": _names(value), "reason": reason})


def _reason(message: str) -> str:
    return message.removeprefix("Value error, ").removeprefix("Assertion failed, ")


def _without_values(reason: str, value: Any) -> str:
    """The reason without the values read, however short they are."""
    for reference in references_in(value):
        text = os.environ.get(reference.env_var_name, "")
        if text and text in reason:
            reason = reason.replace(text, "***") if len(text) > 2 else "its value was refused"
    return mask_secrets(reason)


def _names(value: Any) -> str:
    return ", ".join(dict.fromkeys(reference.env_var_name for reference in references_in(value)))


def _read(value: Any) -> Any:
    unset = list(dict.fromkeys(reference.env_var_name for reference in references_in(value) if not reference.is_set))
    if unset:
        raise PydanticCustomError(UNSET, "{names}", {"names": ", ".join(unset)})
    try:
        return _replaced(value)
    except ValueError as error:
        reason = str(error)
    raise PydanticCustomError(MISFIT, "{names}: {reason}", {"names": _names(value), "reason": reason})


def _replaced(value: Any) -> Any:
    if isinstance(value, EnvVar):
        return value.get_value()
    if isinstance(value, dict):
        return {key: _replaced(item) for key, item in value.items()}
    if type(value) in (list, tuple, set, frozenset):
        return type(value)(_replaced(item) for item in value)
    return value


def _resolved(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _resolved(item) for key, item in value.items()}
    if type(value) in (list, tuple, set, frozenset):
        return type(value)(_resolved(item) for item in value)
    origin = origin_of(value) if is_deferred(value) else None
    if origin is None:
        return value
    # Not by `__read_environment__`: pydantic's own error takes its place among those of the config around it.
    cls: Any = type(value)
    return cls.__pydantic_validator__.validate_python(dict(origin.given), self_instance=cls.__new__(cls))


def _may_hold_references(value: Any) -> bool:
    if isinstance(value, _CONTAINERS):
        return EnvVar.from_data(value) is not None or any(
            _may_hold_references(item) for item in (value.values() if isinstance(value, dict) else value)
        )
    return isinstance(value, EnvVar)


def _split(error: ValidationError, value: Any) -> tuple[list[tuple[Any, ...]], list[InitErrorDetails]]:
    """Places where validation failed only because a reference stands there, and all other errors."""
    places: list[tuple[Any, ...]] = []
    others: list[InitErrorDetails] = []
    for item in error.errors(include_url=False):
        place, found = _at(value, item["loc"])
        if item["type"] not in (UNSET, MISFIT) and EnvVar.from_data(found) is not None:
            places.append(place)
            continue
        context = item.get("ctx", {})
        kind: Any = item["type"]
        if "error" in context or kind not in _known_types():
            kind = PydanticCustomError(kind, "{message}", {**context, "message": item["msg"]})
        others.append(InitErrorDetails(type=kind, loc=item["loc"], input=item.get("input"), ctx=context))
    return places, others


@cache
def _known_types() -> frozenset[str]:
    return frozenset(get_args(core_schema.ErrorType))


def _at(value: Any, loc: tuple[int | str, ...]) -> tuple[tuple[Any, ...], Any]:
    """What stands at a location of an error. Parts that name no entry (members of unions, kinds of validators) are passed over."""
    place: list[Any] = []
    for part in loc:
        if EnvVar.from_data(value) is not None:
            break
        if _has(value, part):
            value = value[part]
            place.append(part)
    return tuple(place), value


def _has(value: Any, part: int | str) -> bool:
    if isinstance(value, Mapping):
        return part in value
    return isinstance(value, (list, tuple)) and isinstance(part, int) and part < len(value)


def _with_references(value: Any, places: list[tuple[Any, ...]]) -> Any:
    """The data with `EnvVar` objects where references were found."""
    if not places:
        return value
    if () in places:
        return EnvVar.from_data(value)
    if isinstance(value, Mapping):
        return {key: _with_references(item, [place[1:] for place in places if place[0] == key]) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_with_references(item, [place[1:] for place in places if place[0] == index]) for index, item in enumerate(value))
    return value
