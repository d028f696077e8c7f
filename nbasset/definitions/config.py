"""Configuration as pydantic classes: `Config` for what a run may change, with secrets as references to the environment.

A config is frozen and refuses unknown entries. ``EnvVar("X")`` may stand in any field: it is read when a run starts, or when the field
is used outside a run. Whichever, `repr`, JSON and pickles show the reference; only the attribute (and `model_dump()` in Python form,
for passing the values on) gives the value.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, ValidationError, model_serializer
from pydantic_core import to_jsonable_python

from nbasset.definitions.config_explain import explained
from nbasset.definitions.config_gate import ORIGIN, Origin, gated, is_deferred, origin_of, reading_environment, references_in
from nbasset.definitions.config_json import FormSchema
from nbasset.definitions.config_written import written
from nbasset.errors import InvalidConfigError, InvalidInvocationError
from nbasset.secrets import EnvVar, looks_secret


class ConfigFields(BaseModel):  # noqa: PLW1641 - pydantic makes the hash of a frozen class
    """What `Config` and configurable resources share: frozen fields, any of which may refer to the environment."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    __nbasset_fields__: ClassVar[bool] = True

    if not TYPE_CHECKING:  # type checkers make the signature from the fields

        def __init__(self, /, **data: Any) -> None:
            try:
                self.__pydantic_validator__.validate_python(data, self_instance=self)
            except ValidationError as error:
                errors = explained(type(self), error)
            else:
                return
            raise InvalidConfigError(errors, type(self).__name__)

        __init__.__pydantic_base_init__ = True  # nested models need not call it

        def __getattr__(self, name: str) -> Any:
            # Fields that refer to the environment are not in the instance until a run has read them.
            origin = self.__dict__.get(ORIGIN)
            if origin is not None and origin.deferred and not name.startswith("__"):
                if name in origin.references:
                    return getattr(self.__read_environment__(), name)
                if name in (type(self).__private_attributes__ or ()) and name not in (self.__pydantic_private__ or ()):
                    return getattr(self.__read_environment__(), name)
            return super().__getattr__(name)

        def __setattr__(self, name: str, value: Any) -> None:
            try:
                super().__setattr__(name, value)
            except ValidationError as error:
                if error.errors(include_input=False)[0]["type"] not in ("frozen_instance", "frozen_field"):
                    raise
            else:
                return
            raise InvalidInvocationError(
                f"{type(self).__name__} is frozen: '{name}' cannot be set. "
                f"Make a changed copy: {type(self).__name__.lower()}.model_copy(update={{{name!r}: ...}})."
            )

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> Any:
        """pydantic's own schema, with the gate for references before each field."""
        return gated(cls, handler(source), handler)

    def __after_fields__(self, context: Any) -> None:
        """Run `model_post_init`, unless fields wait for the environment: then it runs when they are read."""
        # Without a method of the user's, pydantic's own of this name only fills private attributes with their defaults.
        if is_deferred(self) and type(self).model_post_init.__name__ != "init_private_attributes":
            object.__setattr__(self, "__pydantic_private__", {})
            return
        self.model_post_init(context)

    def __read_environment__(self) -> Self:
        """The same config with every reference read; made again only when a variable has changed."""
        origin = origin_of(self)
        if origin is None or not origin.deferred:
            return self
        now = tuple(os.environ.get(reference.env_var_name) for reference in _all_references(self))
        if origin.twin is None or origin.twin[0] != now:
            origin.twin = (now, _read(type(self), origin.given))
        twin: Self = origin.twin[1]
        return twin

    @model_serializer(mode="wrap")
    def __write__(self, handler: Any, info: Any) -> Any:
        origin = origin_of(self)
        if origin is None:
            return handler(self)
        if info.mode != "json":
            return handler(self.__read_environment__())
        if type(self).model_computed_fields:  # what they compute may hold a secret
            present = {name: value for name, value in self.__dict__.items() if name in type(self).model_fields}
            out = {_written_name(type(self), name, info): to_jsonable_python(value) for name, value in present.items()}
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # pydantic counts the fields that wait
                out = handler(self)
        for name in origin.references:
            out[_written_name(type(self), name, info)] = written(origin.references[name])
        return out

    @classmethod
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
        """pydantic's, with enums by name and references as ``{"env": "NAME"}``."""
        options.setdefault("schema_generator", FormSchema)
        return super().model_json_schema(*args, **options)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with some fields changed. Changed fields are checked, if the config refers to the environment."""
        origin = origin_of(self)
        if origin is None or not origin.references or not update:
            return super().model_copy(update=update, deep=deep)
        return type(self)(**{**origin.given, **update})

    def __repr_args__(self) -> Generator[tuple[str | None, Any], None, None]:
        origin = origin_of(self)
        references = origin.references if origin is not None else {}
        for name in dict.fromkeys([*type(self).model_fields, *(self.__pydantic_extra__ or ()), *references]):
            field = type(self).model_fields.get(name)
            if field is not None and not field.repr:
                continue
            if name in references:
                yield name, references[name]
            elif name in self.__dict__ or name in (self.__pydantic_extra__ or ()):
                yield name, _shown(name, self.__dict__.get(name, (self.__pydantic_extra__ or {}).get(name)))

    def __iter__(self) -> Generator[tuple[str, Any], None, None]:
        yield from super(ConfigFields, self.__read_environment__()).__iter__()

    def __eq__(self, other: object) -> bool:
        return bool(super().__eq__(other)) and _reference_map(self) == _reference_map(other)

    def __getstate__(self) -> dict[Any, Any]:
        """Nothing read from the environment travels: the copy reads it anew."""
        state = super().__getstate__()
        origin = origin_of(self)
        if origin is None or not (origin.references or origin.deferred or _all_references(self)):
            return state
        hidden = set(origin.references)
        state["__dict__"] = {name: value for name, value in state["__dict__"].items() if name not in hidden}
        state["__dict__"][ORIGIN] = Origin(origin.given, origin.references, deferred=True)
        if state["__pydantic_extra__"]:
            state["__pydantic_extra__"] = {name: value for name, value in state["__pydantic_extra__"].items() if name not in hidden}
        state["__pydantic_private__"] = {} if state["__pydantic_private__"] is not None else None
        return state


class Config(ConfigFields):
    """The configuration of an asset, op, check or job: a class with typed fields.

    >>> class Delays(Config):
    ...     carrier: str
    ...     minutes: int = 15
    >>> Delays(carrier="UA")
    Delays(carrier='UA', minutes=15)
    >>> Delays(carrier="UA", minutes="soon")
    Traceback (most recent call last):
        ...
    nbasset.errors.InvalidConfigError: 1 error in Delays:
      minutes: expected int, got 'soon' (str). Example: minutes: 1
    """

    __nbasset_config__: ClassVar[bool] = True


class PermissiveConfig(Config):
    """A `Config` that also keeps entries it does not know.

    >>> class Extra(PermissiveConfig):
    ...     n: int = 1
    >>> Extra(colour="red").colour
    'red'
    """

    model_config = ConfigDict(extra="allow")


# -- Reading and writing ------------------------------------------------------------------------------------------------


def read_config(cls: type[ConfigFields], data: Mapping[str, Any], *, environment: bool) -> Any:
    """A config of class `cls` from data. With `environment`, references are read; without, they are kept.

    Raises
    ------
    pydantic.ValidationError
        As it comes from pydantic: `config_explain.explained` puts it into words.
    """
    if not environment:
        return cls.__pydantic_validator__.validate_python(dict(data), self_instance=cls.__new__(cls))
    with reading_environment():
        return cls.__pydantic_validator__.validate_python(dict(data), self_instance=cls.__new__(cls))


def _read(cls: type[ConfigFields], given: Mapping[str, Any]) -> Any:
    try:
        return read_config(cls, given, environment=True)
    except ValidationError as error:
        errors = explained(cls, error)
    raise InvalidConfigError(errors, cls.__name__)


def _all_references(config: ConfigFields) -> list[EnvVar]:
    """References of a config and of those inside it."""
    origin = origin_of(config)
    found = [reference for value in (origin.references.values() if origin else ()) for reference in references_in([value])]
    for value in config.__dict__.values():
        found += _inside(value)
    return found


def _inside(value: Any) -> list[EnvVar]:
    if isinstance(value, ConfigFields):
        return _all_references(value)
    if isinstance(value, (list, tuple, set, frozenset, dict)):
        return [found for item in (value.values() if isinstance(value, dict) else value) for found in _inside(item)]
    return []


def _reference_map(config: object) -> Mapping[str, Any]:
    origin = origin_of(config)
    return origin.references if origin is not None else {}


def _written_name(cls: type[BaseModel], name: str, info: Any) -> str:
    field = cls.model_fields.get(name)
    return field.serialization_alias or name if field is not None and info.by_alias else name


def _shown(name: str, value: Any) -> Any:
    return _Hidden() if looks_secret(name) and isinstance(value, (str, bytes)) and value else value


class _Hidden:
    def __repr__(self) -> str:
        return "'***'"
