"""The older way to describe configuration: dicts of types and `Field`s, given as ``config_schema=``.

These classes only describe; `config_compile` turns a description into a pydantic model, so that both ways are checked by one validator.
Values arrive as plain dicts: ``context.op_config["n"]``. New code reads better with a `Config` class.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, Final

from nbasset.dataclass import dataclass
from nbasset.errors import InvalidDefinitionError

NO_DEFAULT: Final[Any] = type("NoDefault", (), {"__repr__": lambda self: "no default"})()


class ConfigType:
    """Root of the descriptions below."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Source(ConfigType):
    """A scalar that is often given as ``{env: NAME}``: text from the environment is converted.

    >>> from nbasset import BoolSource, Field, IntSource, StringSource
    >>> [Field(one) for one in (StringSource, IntSource, BoolSource)]
    [Field(StringSource), Field(IntSource), Field(BoolSource)]
    """

    kind: type

    def __repr__(self) -> str:
        return {str: "StringSource", int: "IntSource", bool: "BoolSource"}[self.kind]


StringSource: Final = Source(str)
IntSource: Final = Source(int)
BoolSource: Final = Source(bool)


class Field:
    """One entry: its type, whether it may be left out, its default, what it means.

    >>> Field(int, default_value=3).is_required
    False
    >>> Field(str).is_required
    True
    """

    __slots__ = ("config_type", "default_value", "description", "examples", "is_required")

    def __init__(
        self,
        config: Any,
        default_value: Any = NO_DEFAULT,
        is_required: bool | None = None,
        description: str | None = None,
        examples: Sequence[Any] | None = None,
    ) -> None:
        if is_required and default_value is not NO_DEFAULT:
            raise InvalidDefinitionError(f"Field({config!r}) is required and has the default {default_value!r}: give one of them.")
        self.config_type = config_type(config)
        if isinstance(self.config_type, Noneable) and is_required is None and default_value is NO_DEFAULT:
            default_value = None
        self.default_value = default_value
        self.description = description
        self.examples = tuple(examples or ())
        optional = default_value is not NO_DEFAULT or _fills_itself(self.config_type)
        self.is_required = not optional if is_required is None else is_required

    def __repr__(self) -> str:
        default = "" if self.default_value is NO_DEFAULT else f", default_value={self.default_value!r}"
        return f"Field({self.config_type!r}{default})"


@dataclass(frozen=True, slots=True, repr=False)
class Shape(ConfigType):
    """A dict of exactly these entries. `field_aliases` maps an entry to the name it has in YAML.

    >>> Shape({"path": str, "rows": Field(int, default_value=10)})
    Shape(path, rows)
    """

    fields: Mapping[str, Any]
    description: str | None = None
    field_aliases: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", _fields(self.fields))
        object.__setattr__(self, "field_aliases", dict(self.field_aliases or {}))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self.fields)})"


@dataclass(frozen=True, slots=True, repr=False)
class Permissive(ConfigType):
    """A dict of these entries and any others.

    >>> Permissive({"path": str})
    Permissive(path)
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    description: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", _fields(self.fields or {}))

    def __repr__(self) -> str:
        return f"Permissive({', '.join(self.fields)})"


@dataclass(frozen=True, slots=True, repr=False)
class Selector(ConfigType):
    """A dict of exactly one of these entries.

    >>> Selector({"file": {"path": str}, "table": {"name": str}})
    Selector(file, table)
    """

    fields: Mapping[str, Any]
    description: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", _fields(self.fields))
        if not self.fields:
            raise InvalidDefinitionError("A Selector needs at least one entry to choose.")

    def __repr__(self) -> str:
        return f"Selector({', '.join(self.fields)})"


@dataclass(frozen=True, slots=True)
class Noneable(ConfigType):
    """The inner type, or None.

    >>> Noneable(int)
    Noneable(inner_type=<class 'int'>)
    """

    inner_type: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "inner_type", config_type(self.inner_type))


@dataclass(frozen=True, slots=True)
class Array(ConfigType):
    """A list of the inner type. ``[int]`` means the same.

    >>> Array(int) == config_type([int])
    True
    """

    inner_type: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "inner_type", config_type(self.inner_type))


@dataclass(frozen=True, slots=True)
class Map(ConfigType):
    """A dict with any keys, all values of one type.

    >>> Map(str, int)
    Map(key_type=<class 'str'>, inner_type=<class 'int'>, key_label_name=None)
    """

    key_type: Any
    inner_type: Any
    key_label_name: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "inner_type", config_type(self.inner_type))
        if self.key_type not in (str, int, float, bool):
            raise InvalidDefinitionError(f"Map has keys of {self.key_type!r}; keys are str, int, float or bool.")


@dataclass(frozen=True, slots=True)
class ScalarUnion(ConfigType):
    """A scalar, or something with entries.

    >>> ScalarUnion(str, {"path": str})
    ScalarUnion(scalar_type=<class 'str'>, non_scalar_schema=Shape(path))
    """

    scalar_type: Any
    non_scalar_schema: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "scalar_type", config_type(self.scalar_type))
        object.__setattr__(self, "non_scalar_schema", config_type(self.non_scalar_schema))


class EnumValue:
    """One choice of an `Enum`: the text in the config, and the Python value it stands for (the text itself, if none is given).

    >>> EnumValue("red", python_value=0xFF0000).python_value
    16711680
    """

    __slots__ = ("config_value", "description", "python_value")

    def __init__(self, config_value: str, python_value: Any = None, description: str | None = None) -> None:
        self.config_value = config_value
        self.python_value = config_value if python_value is None else python_value
        self.description = description

    def __repr__(self) -> str:
        return f"EnumValue({self.config_value!r})"


class Enum(ConfigType):
    """A choice of texts.

    >>> Enum("Colour", [EnumValue("red"), EnumValue("green")]).config_values
    ('red', 'green')
    """

    __slots__ = ("enum_values", "name")

    def __init__(self, name: str, enum_values: Sequence[EnumValue]) -> None:
        self.name = name
        self.enum_values = tuple(enum_values)
        if not self.enum_values:
            raise InvalidDefinitionError(f"Enum {name!r} has no values to choose from.")

    @property
    def config_values(self) -> tuple[str, ...]:
        """The texts that may be given."""
        return tuple(value.config_value for value in self.enum_values)

    @classmethod
    def from_python_enum(cls, enum: type[enum.Enum], name: str | None = None) -> Enum:
        """Members by name; the value is the member."""
        return cls(name or enum.__name__, [EnumValue(member.name, member) for member in enum])

    @classmethod
    def from_python_enum_direct_values(cls, enum: type[enum.Enum], name: str | None = None) -> Enum:
        """Members by name; the value is the member's value."""
        return cls(name or enum.__name__, [EnumValue(member.name, member.value) for member in enum])

    def __repr__(self) -> str:
        return f"Enum({self.name}: {', '.join(self.config_values)})"


_SCALARS = (int, str, float, bool)


def config_type(given: Any) -> Any:
    """What a user wrote where a type is wanted, as a description: ``{...}`` is a `Shape`, ``[int]`` an `Array`, ``dict`` anything.

    Raises
    ------
    InvalidDefinitionError
        If it describes no configuration.
    """
    if given in _SCALARS if isinstance(given, type) else False:
        return given
    if isinstance(given, ConfigType) or given is Any:
        return given
    if isinstance(given, Field):
        return given.config_type
    if given is dict:
        return Permissive()
    if given is list:
        return Array(Any)
    if isinstance(given, Mapping):
        return Shape(given)
    if isinstance(given, list) and len(given) == 1:
        return Array(given[0])
    if isinstance(given, type) and getattr(given, "__nbasset_config__", False):
        return given
    typing_type = getattr(given, "typing_type", None)  # a type of nbasset's: Int, String, ...
    if typing_type in _SCALARS or typing_type is Any:
        return typing_type
    raise InvalidDefinitionError(
        f"{given!r:.60} describes no configuration. Give int, str, float, bool, a dict of entries, [item], Field(...), Shape, Permissive, "
        "Selector, Noneable, Array, Map, Enum, ScalarUnion, or a Config class."
    )


def is_legacy_schema(given: Any) -> bool:
    """Whether it is a description of the older kind, and no config class."""
    if isinstance(given, type):
        return given in (*_SCALARS, dict, list)
    return isinstance(given, (ConfigType, Field, Mapping, list)) or given is Any or getattr(given, "typing_type", None) in _SCALARS


def _fields(fields: Mapping[str, Any]) -> dict[str, Field]:
    for name in fields:
        if not isinstance(name, str):
            raise InvalidDefinitionError(f"the entry {name!r} of a config schema is no text.")
    return {name: value if isinstance(value, Field) else Field(value) for name, value in fields.items()}


def _fills_itself(kind: Any) -> bool:
    """Whether an entry of this type may be left out because everything in it may be."""
    if isinstance(kind, (Shape, Permissive)):
        return not any(item.is_required for item in kind.fields.values())
    return isinstance(kind, Selector) and len(kind.fields) == 1 and not any(item.is_required for item in kind.fields.values())
