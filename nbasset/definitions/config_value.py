"""Configuration that is one value: ``config: int``, ``config: list[str]``, a parameter with an annotation and no class.

Nothing of pydantic is loaded here: `config_compile` checks the value against its annotation as it checks the field of a config class.
"""

from __future__ import annotations

import collections.abc
import types
from enum import Enum
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from nbasset.dataclass import dataclass
from nbasset.definitions.config_legacy import ConfigType, Field, is_legacy_schema

NO_DEFAULT: Final[Any] = type("NoDefault", (), {"__repr__": lambda self: "no default"})()
_SCALARS = frozenset((int, float, str, bool, type(None)))
_CONTAINERS = (
    list, dict, tuple, set, frozenset, collections.abc.Sequence, collections.abc.Mapping, collections.abc.Iterable, collections.abc.Set,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ConfigValue(ConfigType):
    """A value of the annotated type, with the default that the parameter has.

    >>> from nbasset import materialize_to_memory, asset
    >>> @asset
    ... def delays(config: list[int]): return sum(config)
    >>> materialize_to_memory([delays], run_config={"ops": {"delays": {"config": [1, 2]}}}).asset_value("delays")
    3
    """

    annotation: Any
    default: Any = NO_DEFAULT

    @property
    def takes_none(self) -> bool:
        """Whether None is a value of it."""
        return _takes_none(self.annotation)


def value_schema(annotation: Any, default: Any = NO_DEFAULT) -> Any:
    """What a parameter ``config`` with this annotation asks for; None where the annotation describes no configuration.

    >>> value_schema(int, 3), value_schema(Exception)
    (ConfigValue(annotation=<class 'int'>, default=3), None)
    """
    if annotation is dict and default is NO_DEFAULT:
        return ConfigValue(dict, {})
    if _describes(annotation):
        return ConfigValue(annotation, default)
    if isinstance(annotation, type) or annotation is None or not is_legacy_schema(annotation):
        return None
    return annotation if default is NO_DEFAULT else Field(annotation, default_value=default)


def _describes(annotation: Any) -> bool:
    if annotation is Any:
        return True
    if isinstance(annotation, type) and get_origin(annotation) is None:
        is_class = getattr(annotation, "__nbasset_config__", False) or issubclass(annotation, Enum)
        return is_class or annotation in _SCALARS or annotation in _CONTAINERS
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return True
    if origin is Annotated:
        return _describes(arguments[0])
    if origin in (Union, types.UnionType) or origin in _CONTAINERS:
        return all(one is Ellipsis or _describes(one) for one in arguments)
    return False


def _takes_none(annotation: Any) -> bool:
    if get_origin(annotation) is Annotated:
        return _takes_none(get_args(annotation)[0])
    return annotation is type(None) or (get_origin(annotation) in (Union, types.UnionType) and type(None) in get_args(annotation))
