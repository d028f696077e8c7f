"""Every kind of config schema as one pydantic model, and what its values become for the function that asked.

A config class is checked as it is. A description of the older kind becomes a model made here, whose values turn into plain dicts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar, Literal, Union

from pydantic import ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr, ValidationError, create_model, model_validator
from pydantic_core import PydanticCustomError

from nbasset.definitions import config_legacy as legacy
from nbasset.definitions.config import ConfigFields, read_config
from nbasset.definitions.config_annotations import describe, model_example
from nbasset.definitions.config_errors import ConfigError, Path, shown
from nbasset.definitions.config_explain import explained
from nbasset.definitions.config_gate import reading_data
from nbasset.definitions.config_value import NO_DEFAULT, ConfigValue
from nbasset.definitions.config_written import config_data, digest_of, digestible
from nbasset.errors import InvalidConfigError
from nbasset.secrets import mask_secrets

_SCALARS: dict[Any, Any] = {int: StrictInt, float: StrictFloat | StrictInt, bool: StrictBool, str: StrictStr, Any: Any}
_HOLDER = "config"


class ResolvedConfig(dict[str, Any]):
    """A dict of configuration as the function sees it. Its `repr` masks what was read from the environment; its values are real."""

    def __repr__(self) -> str:
        return mask_secrets(super().__repr__())

    __str__ = __repr__


class Compiled:
    """One schema, compiled: checks data, reads it, describes it."""

    def __init__(self, source: Any) -> None:
        self.model: type[ConfigFields] = source
        self._held = False
        self._takes_none = False
        self._without: Any = source.default_value if isinstance(source, legacy.Field) else legacy.NO_DEFAULT
        self._finish: Callable[[Any], Any] = lambda value: value
        if legacy.is_legacy_schema(source):
            kind = legacy.config_type(source)
            if isinstance(kind, ConfigValue):
                default = None if kind.default is NO_DEFAULT else kind.default
                needed = kind.default is NO_DEFAULT and not kind.takes_none
                self.model, self._held = _model("Config", _Made, {_HOLDER: (kind.annotation, ... if needed else default)}), True
                return
            annotation, self._finish = _compiled(kind, "Config")
            if isinstance(annotation, type) and issubclass(annotation, ConfigFields):
                self.model = annotation
            else:  # a bare list, scalar, ...: checked as the single field of a model
                needed = source.is_required if isinstance(source, legacy.Field) else True
                default = ... if needed else getattr(source, "default_value", None)
                self.model, self._held = _model("Config", _Made, {_HOLDER: (annotation, default)}), True
                self._takes_none = isinstance(kind, legacy.Noneable)

    def check(self, data: Any, path: Path, *, environment: bool) -> tuple[Any, tuple[ConfigError, ...]]:
        """The checked instance and no errors, or None and all errors."""
        if isinstance(data, self.model):
            return self._checked_instance(data, path, environment=environment)
        if self._held:
            data = {} if data is None and not self._takes_none else {_HOLDER: data}
        elif data is None:
            data = {} if self._without is legacy.NO_DEFAULT else self._without
        if not isinstance(data, Mapping):
            expected = describe(self.model) if hasattr(self.model, "__nbasset_made__") else f"entries for {self.model.__name__}"
            return None, (ConfigError(path, f"expected {expected}, got {shown(data)}", "type", expected),)
        try:
            with reading_data():
                return read_config(self.model, data, environment=environment), ()
        except ValidationError as error:
            errors = explained(self.model, error, path)
        return None, tuple(self._unheld(item, path) for item in errors)

    def finished(self, instance: Any) -> Any:
        """What the function gets: the instance of its class, or plain dicts."""
        return self._finish(getattr(instance, _HOLDER) if self._held else instance)

    def data(self, instance: Any) -> Any:
        """JSON data that makes the same config again."""
        data = config_data(instance)
        return data.get(_HOLDER) if self._held else data

    def digest(self, instance: Any) -> str:
        """See `config_written.digest_of`."""
        return digest_of(instance)

    def json_schema(self) -> dict[str, Any]:
        """JSON schema for forms; the data is that of the schema itself, without any holder."""
        schema = self.model.model_json_schema()
        if not self._held:
            return schema
        inner = dict(schema["properties"][_HOLDER])
        return {**inner, **({"$defs": schema["$defs"]} if "$defs" in schema else {})}

    def defaults(self) -> Any:
        """What an empty config stands for, as JSON data; required fields are left out."""
        out = {}
        for name, field in self.model.model_fields.items():
            if not field.is_required() and field.default_factory is None and field.default is not _ABSENT:
                out[field.alias or name] = _plain(digestible(field.default))
        return out.get(_HOLDER) if self._held else out

    def example(self) -> Any:
        """Required entries with examples, as JSON data."""
        data = model_example(self.model)
        return data.get(_HOLDER) if self._held else data

    @cached_property
    def is_required(self) -> bool:
        """Whether leaving the config out is an error."""
        return bool(self.check(None, (), environment=False)[1])

    def _unheld(self, error: ConfigError, path: Path) -> ConfigError:
        if not self._held:
            return error
        return replace(error, path=(*path, *error.path[len(path) + 1 :]))

    def _checked_instance(self, instance: Any, path: Path, *, environment: bool) -> tuple[Any, tuple[ConfigError, ...]]:
        if not environment:
            return instance, ()
        try:
            return instance.__read_environment__(), ()
        except InvalidConfigError as error:
            found = error.errors
        return None, tuple(item.under(path) for item in found if isinstance(item, ConfigError))


class _Made(ConfigFields):
    """Base of models made from descriptions: entries go by their own names, which may be no Python names."""

    __nbasset_made__: ClassVar[bool] = True

    model_config = ConfigDict(populate_by_name=False, arbitrary_types_allowed=True)


class _MadePermissive(_Made):
    model_config = ConfigDict(extra="allow")


class _MadeSelector(_Made):
    __nbasset_selector__: ClassVar[bool] = True

    @model_validator(mode="before")
    @classmethod
    def _exactly_one(cls, data: Any) -> Any:
        names = [field.alias or name for name, field in cls.model_fields.items()]
        if isinstance(data, Mapping) and len(data) != 1 and not (not data and len(names) == 1):
            got = ", ".join(map(str, data)) or "none"
            raise PydanticCustomError("selector", "expected exactly one of {names}, got {got}", {"names": ", ".join(names), "got": got})
        return data


class _Absent:
    def __repr__(self) -> str:
        return "absent"


_ABSENT: Any = _Absent()


def _compiled(kind: Any, name: str) -> tuple[Any, Callable[[Any], Any]]:
    """The annotation that checks a description, and the function that turns checked values into what the user's function gets."""
    if isinstance(kind, legacy.Source):
        return kind.kind, _same
    if isinstance(kind, (legacy.Shape, legacy.Permissive, legacy.Selector)):
        return _compiled_fields(kind, name)
    if isinstance(kind, legacy.Noneable):
        inner, finish = _compiled(kind.inner_type, name)
        return inner | None if inner is not Any else Any, lambda value: None if value is None else finish(value)
    if isinstance(kind, legacy.Array):
        inner, finish = _compiled(kind.inner_type, name)
        return list[inner], lambda value: [finish(item) for item in value]  # type: ignore[valid-type]
    if isinstance(kind, legacy.Map):
        inner, finish = _compiled(kind.inner_type, name)
        entries: Any = dict.__class_getitem__((kind.key_type, inner))
        return entries, lambda value: ResolvedConfig({key: finish(item) for key, item in value.items()})
    if isinstance(kind, legacy.Enum):
        by_text = {value.config_value: value.python_value for value in kind.enum_values}
        return Literal[kind.config_values], lambda value: by_text.get(value, value)
    if isinstance(kind, legacy.ScalarUnion):
        scalar, _ = _compiled(kind.scalar_type, name)
        other, finish = _compiled(kind.non_scalar_schema, name)
        return Union[scalar, other], lambda value: value if isinstance(value, (str, int, float)) else finish(value)  # noqa: UP007
    return _SCALARS.get(kind, kind), _same


def _compiled_fields(kind: Any, name: str) -> tuple[Any, Callable[[Any], Any]]:
    aliases = getattr(kind, "field_aliases", {})
    selector = isinstance(kind, legacy.Selector)
    specs: dict[str, Any] = {}
    finishers: dict[str, tuple[str, Callable[[Any], Any]]] = {}
    for position, (entry, item) in enumerate(kind.fields.items()):
        annotation, finish = _compiled(item.config_type, entry)
        specs[f"entry_{position}"] = (annotation, _field(item, aliases.get(entry, entry), annotation, selector=selector))
        finishers[f"entry_{position}"] = (entry, finish)
    base = _MadeSelector if selector else _MadePermissive if isinstance(kind, legacy.Permissive) else _Made
    model = _model(name, base, specs, kind.description)

    def finished(instance: Any) -> Any:
        if not isinstance(instance, ConfigFields):  # a default, given in Python
            return instance
        out = ResolvedConfig()
        for field, (entry, finish) in finishers.items():
            value = getattr(instance, field)
            if value is not _ABSENT:
                out[entry] = finish(value)
        out.update(instance.__pydantic_extra__ or {})
        return out

    return model, finished


def _model(name: str, base: type[ConfigFields], fields: dict[str, Any], description: str | None = None) -> Any:
    return create_model(name, __base__=base, __doc__=description, **fields)


def _field(item: legacy.Field, alias: str, annotation: Any, *, selector: bool) -> Any:
    options: dict[str, Any] = {"alias": alias, "description": item.description, "examples": list(item.examples) or None}
    if selector and (item.default_value is legacy.NO_DEFAULT or isinstance(item.config_type, legacy.Noneable)):
        return Field(default=_ABSENT, **options)
    if item.default_value is not legacy.NO_DEFAULT:
        return Field(default=item.default_value, validate_default=item.default_value is not None, **options)
    if item.is_required:
        return Field(**options)
    if isinstance(annotation, type) and issubclass(annotation, ConfigFields) and _all_optional(annotation):
        return Field(default_factory=annotation, **options)
    return Field(default=_ABSENT, **options)


def _all_optional(model: type[ConfigFields]) -> bool:
    return not any(field.is_required() for field in model.model_fields.values())


def _same(value: Any) -> Any:
    return value


def _plain(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _plain(value) for key, value in data.items() if key != "$"}
    return [_plain(item) for item in data] if isinstance(data, list) else data
