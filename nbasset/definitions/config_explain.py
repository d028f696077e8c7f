"""pydantic's errors in our words: where, what was given, what is expected, the nearest name, an example that is known to fit.

Errors that pydantic reports once for each member of a union are one error here. A value read from the environment never appears.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from nbasset.definitions.config_annotations import (
    NO_EXAMPLE,
    NotAMember,
    bare,
    describe,
    discriminator_of,
    example,
    is_model,
    is_union,
    members_of,
    tags_of,
)
from nbasset.definitions.config_errors import ConfigError, Path, entry_key, flow, hidden, shown, unknown_entry
from nbasset.definitions.config_gate import MISFIT, UNSET
from nbasset.errors import did_you_mean
from nbasset.secrets import mask_secrets

_TYPE_ENDINGS = ("_type", "_parsing", "_from_float", "_attributes_type", "is_instance_of")
_SHOULD = re.compile(r"^[A-Z]\w*( input)? should ")
_LISTS = (list, tuple, set, frozenset)


def explained(cls: Any, error: ValidationError, path: Path = ()) -> tuple[ConfigError, ...]:
    """The errors of validating data for the config class `cls` that stands at `path`, in the order of its fields."""
    found: dict[tuple[Path, str], ConfigError] = {}
    for item in error.errors(include_url=False):
        spot = _Spot(cls).down(item["loc"])
        made = _explain(spot, item, path)
        found.setdefault((made.path, made.message if made.rule == "value" else made.rule), made)
    order = list(cls.model_fields)
    return tuple(sorted(found.values(), key=lambda made: _position(made.path[len(path) :], order)))


def _position(path: Path, order: list[str]) -> tuple[int, int]:
    first = path[0] if path else ""
    return (order.index(first), 0) if first in order else (len(order), 0)


class _Spot:
    """The place of an error: its path, and the annotation and field that stand there."""

    def __init__(self, cls: Any) -> None:
        self.path: Path = ()
        self.annotation: Any = cls
        self.field: Any = None
        self.owner: Any = None  # the model whose field this is
        self.known = True
        self.in_union = False

    def down(self, loc: tuple[int | str, ...]) -> _Spot:
        for part in loc:
            if not self._step(part):
                break
        return self

    def _step(self, part: int | str) -> bool:
        annotation = bare(self.annotation)
        discriminator = discriminator_of(self.annotation, self.field)
        if discriminator:
            tags = tags_of(self.annotation, discriminator)
            self.path, self.annotation, self.field = (*self.path, part), tags.get(str(part), Any), None
            return True
        if is_union(annotation):
            members = members_of(annotation)
            if len(members) > 1:  # pydantic names the member it tried; the whole union is what we talk about
                self.in_union = True
                return False
            self.annotation = members[0]
            return self._step(part)
        if is_model(annotation):
            return self._into_model(annotation, part)
        return self._into_container(annotation, part)

    def _into_model(self, model: Any, part: int | str) -> bool:
        self.path = (*self.path, part)
        for name, field in model.model_fields.items():
            if part in (name, field.alias) or part == getattr(field, "validation_alias", None):
                self.annotation, self.field, self.owner = field.annotation, field, model
                return True
        self.owner, self.annotation, self.field, self.known = model, Any, None, False
        return True

    def _into_container(self, annotation: Any, part: int | str) -> bool:
        origin, args = get_origin(annotation), get_args(annotation)
        if part == "[key]":
            self.annotation = args[0] if args else Any
            return True
        if isinstance(part, int) or (isinstance(origin, type) and issubclass(origin, Mapping)):
            inside = [arg for arg in args if arg is not Ellipsis]
            if isinstance(part, int) and origin is tuple and len(inside) > part and Ellipsis not in args:
                self.annotation = inside[part]
            else:
                self.annotation = inside[-1] if inside else Any
            self.path, self.field = (*self.path, part), None
            return True
        return True  # a kind of validator pydantic names on the way


def _explain(spot: _Spot, item: Mapping[str, Any], path: Path) -> ConfigError:
    where: Path = (*path, *spot.path)
    kind, context = item["type"], item.get("ctx", {})
    name = str(where[-1]) if where else ""
    if kind == "missing":
        return _missing(spot, where, name)
    if kind == "extra_forbidden":
        known = [field.alias or field_name for field_name, field in spot.owner.model_fields.items()] if spot.owner else []
        return unknown_entry(where, known, instead=f"{spot.owner.__name__} has no fields." if spot.owner else None)
    if kind == "selector":
        return ConfigError(where, str(item["msg"]), "choice", _expected(spot), _example(spot, name))
    if kind == UNSET:
        return _unset(where, str(context["names"]), spot)
    if kind == MISFIT:
        names = str(context["names"])
        whose, reason = f"the value of environment variable {names}", _must_be(str(context["reason"])).strip()
        reason = f"expected {_expected(spot)}" if reason.startswith("must be a valid ") else reason.removeprefix(f"{whose} ")
        return ConfigError(where, f"{whose} does not fit: {reason}", "env-value", _expected(spot))
    if kind in ("union_tag_not_found", "union_tag_invalid", "model_attributes_type") and discriminator_of(spot.annotation, spot.field):
        return _choice(spot, where, item)
    return _misfit(spot, where, name, item)


def _missing(spot: _Spot, where: Path, name: str) -> ConfigError:
    description = getattr(spot.field, "description", None)
    message = f"missing; {_expected(spot)} is required" + (f" ({description.rstrip('.')})" if description else "")
    return ConfigError(where, message, "missing", _expected(spot), _example(spot, name))


def _unset(where: Path, names: str, spot: _Spot) -> ConfigError:
    plural = "," in names
    message = f"environment variable{'s' if plural else ''} {names} {'are' if plural else 'is'} not set"
    hint = f"Set {'them' if plural else 'it'} where the run starts, or give a value."
    return ConfigError(where, message, "env-unset", _expected(spot), hint=hint)


def _choice(spot: _Spot, where: Path, item: Mapping[str, Any]) -> ConfigError:
    discriminator = discriminator_of(spot.annotation, spot.field) or ""
    tags = tags_of(spot.annotation, discriminator)
    given = item["input"]
    chosen = given.get(discriminator) if isinstance(given, Mapping) and discriminator in given else None
    if chosen is None and isinstance(given, Mapping) and len(given) == 1:
        chosen = next(iter(given))
    if isinstance(given, Mapping) and len([key for key in given if key in tags]) > 1:
        message = f"expected exactly one of {', '.join(tags)}, got {', '.join(map(str, given))}"
    elif chosen is not None:
        message = f"expected one of {', '.join(tags)}, got {shown(chosen)}"
    else:
        message = f"expected one of {', '.join(tags)}, got {shown(given)}"
    hint = did_you_mean(str(chosen), tags) if chosen is not None else ""
    expected, shape = describe(spot.annotation, spot.field), _example(spot, str(where[-1]) if where else "")
    return ConfigError(where, message, "choice", expected, shape, hint or None)


def _misfit(spot: _Spot, where: Path, name: str, item: Mapping[str, Any]) -> ConfigError:
    kind, given = item["type"], item.get("input")
    expected = _expected(spot)
    secret = _holds_secret(spot.annotation)
    given_text = hidden(given) if secret else shown(given, name=name)
    if isinstance(given, NotAMember):
        names = tuple(getattr(bare(members_of(spot.annotation)[0]), "__members__", ()))
        hint = did_you_mean(str(given.given), names) or None
        return ConfigError(where, f"expected {expected}, got {shown(given.given, name=name)}", "choice", expected, hint=hint)
    if kind in ("literal_error", "enum") and not spot.in_union:
        options = [str(value) for value in get_args(members_of(spot.annotation)[0])]
        hint = did_you_mean(str(given), options) or None
        return ConfigError(where, f"expected {expected}, got {given_text}", "choice", expected, hint=hint)
    if kind in ("value_error", "assertion_error"):
        return ConfigError(where, _safe(str(item["msg"]), given, secret), "value", expected)
    if spot.in_union or kind.endswith(_TYPE_ENDINGS):
        return ConfigError(where, f"expected {expected}, got {given_text}", "type", expected, _example(spot, name))
    return ConfigError(where, f"{_safe(str(item['msg']), given, secret)}, got {given_text}", "value", expected, _example(spot, name))


def _safe(message: str, given: Any, secret: bool) -> str:
    text = _must_be(message)
    if secret:
        text = text.replace(str(given), "***")
    return mask_secrets(text)


def _must_be(message: str) -> str:
    message = str(message).removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return _SHOULD.sub("must ", message)


def _expected(spot: _Spot) -> str:
    if is_model(bare(spot.annotation)):
        model = bare(spot.annotation)
        return describe(model) if hasattr(model, "__nbasset_made__") else f"entries for {model.__name__}"
    return describe(spot.annotation, spot.field)


def _example(spot: _Spot, name: str) -> str | None:
    """An example, if one can be made that passes."""
    value = example(spot.annotation, spot.field)
    if value is NO_EXAMPLE or not _fits(spot, name, value):
        return None
    return f"{entry_key(name)}: {flow(value)}" if name and spot.field is not None else flow(value)


def _fits(spot: _Spot, name: str, value: Any) -> bool:
    if spot.field is None or spot.owner is None or not hasattr(spot.owner, "__nbasset_fields__"):
        return True
    if isinstance(value, (Mapping, *_LISTS)):
        return True
    metadata = tuple(spot.field.metadata)
    if not metadata:
        return True
    try:
        adapter: Any = TypeAdapter(Annotated[(spot.annotation, *metadata)])  # type: ignore[arg-type]
        adapter.validate_python(value)
    except Exception:  # noqa: BLE001 - an annotation that cannot stand alone only costs the example
        return False
    return True


def _holds_secret(annotation: Any) -> bool:
    annotation = bare(annotation)
    return any(hasattr(member, "get_secret_value") for member in (*members_of(annotation), *get_args(annotation)))
