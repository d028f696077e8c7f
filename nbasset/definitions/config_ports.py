"""`ConfigSchema`: what the rest of nbasset knows of configuration. Nothing of pydantic is loaded until a schema is used.

Data is what stands under ``config:``, as JSON (references as ``{"env": NAME}``) or as an instance of the config class.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nbasset.dataclass import dataclass
from nbasset.definitions.config_errors import ConfigError, Path
from nbasset.definitions.config_markers import ResourceDependency, ResourceParam, is_config_class, is_resource_annotation
from nbasset.errors import InvalidConfigError, InvalidDefinitionError

if TYPE_CHECKING:
    from nbasset.definitions.config_compile import Compiled

__all__ = [
    "Checked",
    "ConfigSchema",
    "ResourceDependency",
    "ResourceParam",
    "config_parameter",
    "is_config_class",
    "is_resource_annotation",
]


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of a check: normalised JSON data, or every error."""

    data: Any
    errors: tuple[ConfigError, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.errors


class ConfigSchema:
    """A config class, or a description of the older kind, behind one face.

    >>> schema = ConfigSchema({"n": int})
    >>> schema.validate({"n": 1}).ok
    True
    >>> print(*schema.validate({"m": 1}, ("ops", "clean", "config")).errors, sep="\\n")
    ops.clean.config.n: missing; int is required. Example: n: 1
    ops.clean.config.m: unknown entry. Known here: n.
    """

    __slots__ = ("_compiled", "source")

    def __init__(self, source: Any) -> None:
        from nbasset.definitions.config_legacy import config_type, is_legacy_schema

        if not is_config_class(source) and not getattr(source, "__nbasset_fields__", False):
            if not is_legacy_schema(source):
                raise InvalidDefinitionError(
                    f"config_schema is {source!r:.60}, which describes no configuration. "
                    "Give a Config class, or a dict of entries: {'n': int}."
                )
            config_type(source)
        self.source = source
        self._compiled: Compiled | None = None

    @classmethod
    def of(cls, source: Any) -> ConfigSchema | None:
        """The schema for whatever a user gave as ``config_schema``; None for None."""
        return source if source is None or isinstance(source, ConfigSchema) else cls(source)

    @property
    def compiled(self) -> Compiled:
        """The pydantic side. Loads pydantic."""
        if self._compiled is None:
            from nbasset.definitions.config_compile import Compiled

            self._compiled = Compiled(self.source)
        return self._compiled

    def validate(self, data: Any, path: Path = ("config",)) -> Checked:
        """Check without reading the environment. The data that comes back is what to record: the same config, normalised."""
        instance, errors = self.compiled.check(data, path, environment=False)
        if errors:
            return Checked(None, errors)
        try:
            return Checked(self.compiled.data(instance))
        except InvalidConfigError as error:
            found = error.errors
        return Checked(None, tuple(item.under(path) for item in found if isinstance(item, ConfigError)))

    def resolve(self, data: Any, path: Path = ("config",), *, of: str = "the config") -> Any:
        """The value for the function, with every reference read: an instance of the config class, or a dict.

        Raises
        ------
        InvalidConfigError
            With every error, also every variable that is not set.
        """
        instance, errors = self.compiled.check(data, path, environment=True)
        if errors:
            raise InvalidConfigError(errors, of)
        return self.compiled.finished(instance)

    def digest(self, data: Any) -> str:
        """A stable digest: references by name, entries at their default as if left out.

        Raises
        ------
        InvalidConfigError
            If the data does not fit.
        """
        instance, errors = self.compiled.check(data, ("config",), environment=False)
        if errors:
            raise InvalidConfigError(errors)
        return self.compiled.digest(instance)

    def json_schema(self) -> dict[str, Any]:
        """JSON schema as plain data, for catalogs and forms."""
        return self.compiled.json_schema()

    def defaults(self) -> Any:
        """The default of each entry that has one, as JSON data."""
        return self.compiled.defaults()

    def example(self) -> Any:
        """The required entries, each with a value that fits: where a form or a file begins."""
        return self.compiled.example()

    @property
    def is_required(self) -> bool:
        """Whether something must be given."""
        return self.compiled.is_required

    def __repr__(self) -> str:
        return f"ConfigSchema({getattr(self.source, '__name__', self.source)!r})"


def config_parameter(fn: Callable[..., Any]) -> ConfigSchema | None:
    """The schema that a function asks for by a parameter ``config: SomeConfig``; None if it has none.

    An annotation that is text is read in the function's own globals; one that cannot be read asks for nothing.
    """
    parameter = inspect.signature(fn).parameters.get("config")
    if parameter is None:
        return None
    annotation = parameter.annotation
    if isinstance(annotation, str):
        try:
            annotation = inspect.get_annotations(fn, eval_str=True).get("config")
        except Exception:  # noqa: BLE001 - an annotation is the user's code: whatever it raises, it names no config class
            return None
    return ConfigSchema(annotation) if is_config_class(annotation) else None
