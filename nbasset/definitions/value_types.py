"""Types of inputs and outputs: annotations, and checks with words and metadata.

Any annotation is a type (`resolve_type`); a `Type` adds a check of your own, a description, metadata and a loader. An annotation that
cannot be read (a name that exists for type checkers only) never stops a definition: it stands for `Any`, and its `problem` says so.
`Nothing` is the type of an input that only waits.

>>> from nbasset import In, Nothing, job, op
>>> @op
... def first(): ...
>>> @op(ins={"start": In(Nothing)})
... def second(): ...
>>> @job
... def in_order(): second(start=first())
>>> [step.handle for step in in_order.steps]
['first', 'second']
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Collection, Mapping
from dataclasses import field
from typing import Annotated, get_args

from nbasset.dataclass import dataclass
from nbasset.definitions.config_ports import ConfigSchema
from nbasset.definitions.value_annotations import Check, annotation_name, check_for, shown_value
from nbasset.errors import InvalidDefinitionError, TypeCheckDidNotPass
from nbasset.metadata import MetadataValue, RawMetadataValue, normalize
from nbasset.secrets import mask_secrets

TypeCheckFn = Callable[..., "bool | TypeCheck"]
_C = typing.TypeVar("_C", bound=type)
_USABLE: dict[type, Type] = {}


@dataclass(frozen=True)
class TypeCheck:
    """What a check found: whether the value fits, why not in a sentence, facts for people.

    >>> TypeCheck(False, "3 of 10 rows are negative", {"rows": 3}).success
    False
    """

    success: bool
    description: str | None = None
    metadata: Mapping[str, RawMetadataValue] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "metadata", normalize(self.metadata, of="a type check"))


@dataclass(frozen=True)
class TypeCheckContext:
    """What a check function may look at besides the value.

    >>> def is_positive(context: TypeCheckContext, value: object) -> bool:
    ...     return isinstance(value, int) and value > 0
    >>> Type(is_positive, name="Positive").check(3).success
    True
    """

    __nbasset_context__ = True

    log: typing.Any = None
    resources: typing.Any = None
    run_id: str | None = None


class TypeLoader:
    """Makes the value of an input from configuration: see `type_loader`."""

    def __init__(self, fn: Callable[..., typing.Any], config_schema: typing.Any, required_resource_keys: Collection[str] = ()) -> None:
        self.fn = fn
        self.config_schema = ConfigSchema(config_schema)
        self.required_resource_keys = frozenset(required_resource_keys)

    def load(self, context: typing.Any, data: typing.Any, *, of: str = "an input") -> typing.Any:
        """The value for `data` as it stands in the run config, checked against the loader's schema first."""
        return self.fn(context, self.config_schema.resolve(data, ("inputs",), of=of))


def type_loader(
    config_schema: typing.Any, required_resource_keys: Collection[str] | None = None
) -> Callable[[Callable[..., typing.Any]], TypeLoader]:
    """Decorator: a function ``(context, config)`` that makes an input's value from configuration.

    >>> @type_loader(config_schema={"size": int})
    ... def zeros(context, config):
    ...     return [0] * config["size"]
    >>> Type(lambda value: isinstance(value, list), name="Zeros", loader=zeros).loader.load(None, {"size": 2})
    [0, 0]
    """
    return lambda fn: TypeLoader(fn, config_schema, required_resource_keys or ())


class Type:
    """A type with a check of its own.

    `type_check_fn` takes the value, or a context and the value, and returns whether it fits: a bool or a `TypeCheck`.

    >>> even = Type(lambda value: value % 2 == 0, name="Even", description="a multiple of two")
    >>> even.check(3).success
    False
    """

    def __init__(
        self,
        type_check_fn: TypeCheckFn,
        key: str | None = None,
        name: str | None = None,
        is_builtin: bool = False,
        description: str | None = None,
        loader: TypeLoader | None = None,
        required_resource_keys: Collection[str] | None = None,
        kind: str = "regular",
        typing_type: typing.Any = typing.Any,
        metadata: Mapping[str, RawMetadataValue] | None = None,
    ) -> None:
        if name is None and key is None:
            raise InvalidDefinitionError("a Type needs a name: Type(check, name='Positive').")
        if not callable(type_check_fn):
            raise InvalidDefinitionError(f"the check of type '{name or key}' is {type_check_fn!r:.60}; give a function of the value.")
        self.key = key or str(name)
        self._name = name
        self.is_builtin = is_builtin
        self.description = description
        self.loader = loader
        self.required_resource_keys = frozenset(required_resource_keys or ())
        self.kind = kind
        self._typing_type = typing_type
        self.metadata: dict[str, MetadataValue] = normalize(metadata, of=f"type '{name or key}'")
        self.type_check_fn = type_check_fn
        self._takes_context: bool | None = None  # looked up with the first check

    @property
    def name(self) -> str:
        """The name shown to people."""
        return self._name or self.key

    display_name = name
    unique_name = name

    @property
    def typing_type(self) -> typing.Any:
        """The Python type behind it, as far as one is known: it chooses how an input is loaded."""
        return self._typing_type

    @property
    def problem(self) -> str | None:
        """Why nothing is checked, if an annotation could not be read."""
        return None

    def check(self, value: object, context: TypeCheckContext | None = None) -> TypeCheck:
        """Check a value. A check function that raises, or returns something else, is a failed check whose description says so."""
        return self._run(value, context)[0]

    type_check = check

    def _run(self, value: object, context: TypeCheckContext | None) -> tuple[TypeCheck, Exception | None]:
        if self._takes_context is None:
            self._takes_context = _takes_context(self.type_check_fn)
        try:
            found = self.type_check_fn(context or TypeCheckContext(), value) if self._takes_context else self.type_check_fn(value)
        except Exception as error:  # noqa: BLE001 - a check that breaks has not passed; the error is chained where it is raised
            return TypeCheck(False, f"its check function raised {type(error).__name__}: {mask_secrets(str(error))}"), error
        if isinstance(found, TypeCheck):
            return found, None
        if isinstance(found, bool) or type(found).__name__ in ("bool", "bool_"):
            return TypeCheck(bool(found)), None
        return TypeCheck(False, f"its check function returned {shown_value(found)}; return True, False or a TypeCheck"), None

    def __repr__(self) -> str:
        return f"Type({self.name})"


class PythonObjectType(Type):
    """The type of the instances of a Python class (or of one of several).

    >>> PythonObjectType(dict).check([]).description
    'expected dict, got a list of 0'
    """

    def __init__(
        self,
        python_type: type | tuple[type, ...],
        key: str | None = None,
        name: str | None = None,
        **kwargs: typing.Any,
    ) -> None:
        classes = python_type if isinstance(python_type, tuple) else (python_type,)
        if not classes or not all(isinstance(cls, type) for cls in classes):
            raise InvalidDefinitionError(f"PythonObjectType takes a class or a tuple of classes, not {python_type!r:.60}.")
        self.python_type = python_type
        written = " or ".join(cls.__name__ for cls in classes)

        def check(value: object) -> TypeCheck:
            return TypeCheck(
                isinstance(value, classes), None if isinstance(value, classes) else f"expected {written}, got {shown_value(value)}"
            )

        kwargs.setdefault("typing_type", python_type if isinstance(python_type, type) else typing.Union[python_type])  # noqa: UP007
        super().__init__(check, key, name or " | ".join(cls.__name__ for cls in classes), **kwargs)


class AnnotationType(Type):
    """The type that an annotation stands for. A text annotation is read in the globals of its function, when first needed."""

    def __init__(self, annotation: typing.Any, globals: Mapping[str, typing.Any] | None = None) -> None:  # noqa: A002 - the word of `eval`
        super().__init__(self._check_value, name="annotation")
        self._annotation = annotation
        self._globals = globals
        self._check: Check | None = None
        self._other: Type | None = None
        self._problem: str | None = None
        self._compiled = False

    @property
    def name(self) -> str:
        """The annotation as it is written."""
        return annotation_name(self._annotation)

    display_name = name
    unique_name = name

    @property
    def typing_type(self) -> typing.Any:
        """The annotation itself; for a text, what it stands for (`typing.Any` if it cannot be read)."""
        self._compile()
        return self._typing_type

    @property
    def problem(self) -> str | None:
        """Why nothing is checked: the annotation cannot be read here."""
        self._compile()
        return self._problem

    def _compile(self) -> None:
        if self._compiled:
            return
        annotation = self._annotation
        try:
            if isinstance(annotation, str):
                annotation = _evaluated(annotation, self._globals or {})
            self._typing_type = annotation
            self._other = _declared(annotation)
            self._check = check_for(annotation) if self._other is None else None
        except Exception as error:  # noqa: BLE001 - an annotation is the user's code and may raise anything; a definition stands all the same
            self._problem = f"the annotation {self.name!r} cannot be read ({error}), so values are not checked"
            self._typing_type = typing.Any
            return  # a name may still be defined later: try again next time
        self._problem = None
        self._compiled = True

    def _check_value(self, value: object) -> TypeCheck:
        self._compile()
        if self._other is not None:
            return self._other.check(value)
        problem = self._check(value) if self._check is not None else None
        return TypeCheck(problem is None, problem)


def _builtin(annotation: typing.Any, name: str, description: str) -> Type:
    check = check_for(annotation)
    return Type(
        lambda value: TypeCheck(True) if check is None or (problem := check(value)) is None else TypeCheck(False, problem),
        name=name, is_builtin=True, description=description, typing_type=annotation,
    )  # fmt: skip


Any = _builtin(typing.Any, "Any", "anything")
Int = _builtin(int, "Int", "a whole number")
Float = _builtin(float, "Float", "a real number")
String = _builtin(str, "String", "a text")
Bool = _builtin(bool, "Bool", "yes or no")
#: Orders two ops without passing a value: ``ins={"start": In(Nothing)}``.
Nothing = Type(
    lambda value: TypeCheck(value is None, None if value is None else f"expected nothing, got {shown_value(value)}"),
    name="Nothing", is_builtin=True, description="no value, only order", kind="nothing", typing_type=type(None),
)  # fmt: skip
_BUILTIN: dict[typing.Any, Type] = {int: Int, float: Float, str: String, bool: Bool, typing.Any: Any}


def usable_as_type(name: str | type | None = None, description: str | None = None, loader: TypeLoader | None = None) -> typing.Any:
    """Class decorator: annotations with the class carry its name, description and loader.

    >>> @usable_as_type(description="a point on the map")
    ... class Place: ...
    >>> resolve_type(Place).description
    'a point on the map'
    """

    def register(cls: _C) -> _C:
        shown = name if isinstance(name, str) else cls.__name__
        make_python_type_usable_as_type(
            cls, PythonObjectType(cls, name=shown, description=description or inspect.getdoc(cls), loader=loader)
        )
        return cls

    return register(name) if isinstance(name, type) else register


def make_python_type_usable_as_type(python_type: type, value_type: Type) -> None:
    """Have annotations with `python_type`, a class of somebody else's, mean `value_type`.

    >>> class Kilograms(float): ...
    >>> make_python_type_usable_as_type(Kilograms, PythonObjectType(Kilograms, name="Mass"))
    >>> resolve_type(Kilograms).name
    'Mass'

    Raises
    ------
    InvalidDefinitionError
        If the class means another type already, or is one of Python's own.
    """
    if python_type in _BUILTIN:
        raise InvalidDefinitionError(f"{python_type.__name__} keeps its own meaning. Make a Type and name it where it is wanted.")
    before = _USABLE.get(python_type)
    if before is not None and before is not value_type and before.name != value_type.name:
        raise InvalidDefinitionError(
            f"{python_type.__name__} means the type '{before.name}' already, so it cannot mean '{value_type.name}'."
        )
    _USABLE[python_type] = value_type


def resolve_type(annotation: typing.Any, globals: Mapping[str, typing.Any] | None = None) -> Type:  # noqa: A002 - the word of `eval`
    """The type that an annotation, a class or a `Type` means. None (no annotation) means `Any`. Never raises.

    >>> resolve_type(list[int]).check([1, "a"]).description
    "item 1: expected int, got 'a' (str)"
    >>> resolve_type("DataFrame", {}).problem
    "the annotation 'DataFrame' cannot be read (name 'DataFrame' is not defined), so values are not checked"
    """
    if annotation is None or annotation is inspect.Parameter.empty:
        return Any
    return _declared(annotation) or AnnotationType(annotation, globals)


def check_type(value_type: typing.Any, value: object) -> TypeCheck:
    """Check a value against a type or annotation, for tests.

    >>> check_type(int | None, "a").description
    "expected int | None, got 'a' (str)"
    """
    return resolve_type(value_type).check(value)


def check_value(value_type: Type, value: object, *, of: str, context: TypeCheckContext | None = None) -> TypeCheck:
    """Check a value in a run. `of` names its place: ``input 'orders' of asset 'daily_sales'``.

    Raises
    ------
    TypeCheckDidNotPass
        With the type expected, the type of the value, the reason, and the metadata of the check.
    """
    found, cause = value_type._run(value, context)
    if found.success:
        return found
    reason = mask_secrets(found.description) if found.description else f"got {shown_value(value)}"
    message = f"{of} is not of type {value_type.name}: {reason}."
    if value_type.description and not value_type.is_builtin:
        message += f" {value_type.name} is {value_type.description.splitlines()[0].rstrip('.')}."
    raise TypeCheckDidNotPass(message, type_name=value_type.name, description=found.description, metadata=found.metadata) from cause


def _declared(annotation: typing.Any) -> Type | None:
    if isinstance(annotation, Type):
        return annotation
    try:
        known = _BUILTIN.get(annotation) or _USABLE.get(annotation)
    except TypeError:  # not hashable, such as Literal of a list
        known = None
    if known is None and typing.get_origin(annotation) is Annotated:
        known = next((item for item in get_args(annotation)[1:] if isinstance(item, Type)), None)
    return known


def _evaluated(text: str, names: Mapping[str, typing.Any]) -> typing.Any:
    return eval(text, dict(names))  # noqa: S307 - an annotation is the user's own code, like the function it stands on


def _takes_context(fn: Callable[..., typing.Any]) -> bool:
    try:
        parameters = inspect.signature(fn).parameters.values()
    except (TypeError, ValueError):
        return False
    needed = [item for item in parameters if item.kind in (item.POSITIONAL_ONLY, item.POSITIONAL_OR_KEYWORD) and item.default is item.empty]
    return len(needed) >= 2
