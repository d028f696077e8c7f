"""The parameters of a function, sorted by what fills them: context, config, resources, inputs.

Assets, ops, checks, hooks, schedules and sensors all read their functions here. An ordinary function is read from its own attributes;
`inspect.signature`, which takes ten times as long, is for whatever else can be called.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Container, Iterable, Mapping
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any, TypeAlias

from nbasset.dataclass import NOTHING, dataclass, seldom
from nbasset.definitions.asset_input import NO_DEFAULT as NO_DEFAULT
from nbasset.definitions.asset_input import AssetInput, plain_input
from nbasset.definitions.config_markers import is_resource_annotation
from nbasset.definitions.config_value import value_schema
from nbasset.errors import InvalidDefinitionError
from nbasset.places import place_of

CONTEXT_NAMES = frozenset({"context", "_context", "_", "__"})
_Written: TypeAlias = tuple[str, Any, Any]
"""One parameter: name, annotation, default; `NO_DEFAULT` for what is not there."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of a function, sorted by what fills them.

    `takes` are the inputs, in order. `resources` maps a parameter to the key of its resource. `keywords` is True when any other name may be
    passed too (``**kwargs``).
    """

    takes: tuple[AssetInput, ...]
    returns: Any
    context: str | None = seldom(None)
    config: str | None = seldom(None)
    config_type: Any = seldom(None)
    resources: Mapping[str, str] = seldom(NOTHING)
    keywords: bool = seldom(False)

    def input(self, name: str) -> AssetInput | None:
        """One of the inputs; None where there is none of that name."""
        for item in self.takes:
            if item.name == name:
                return item
        return None

    @property
    def inputs(self) -> dict[str, Any]:
        """The annotation of each input; None for one that has none."""
        return {item.name: item.annotation for item in self.takes}

    @property
    def defaults(self) -> dict[str, Any]:
        """The defaults of the inputs that have one."""
        return {item.name: item.default for item in self.takes if item.default is not NO_DEFAULT}


def parameters_of(fn: Callable[..., Any], *, what: str, ins: Container[str] = ()) -> Parameters:
    """Sort the parameters of a function. `what` names the definition in errors: ``asset 'orders'``.

    The first parameter called ``context`` (or ``_context``, ``_``) or annotated with a context class is the context; ``config`` with a
    config class, or another annotation that describes configuration (``int``, ``list[str]``), the configuration; parameters annotated as
    resources are resources; all others are inputs, and so is what `ins` names. Text annotations are read in the function's own globals;
    one that cannot be read counts as an input's.
    """
    if type(fn) is FunctionType and not hasattr(fn, "__wrapped__") and not hasattr(fn, "__signature__"):
        written, packed, keywords, returns = _of_function(fn)
    else:
        written, packed, keywords, returns = _of_callable(fn, what)
    if packed is not None:
        raise InvalidDefinitionError(
            f"{what} takes *{packed}, but each input needs a name of its own ({place_of(fn)}). Name the inputs, or pass ins= with **kwargs."
        )
    context: str | None = None
    config: str | None = None
    config_type: Any = None
    resources: dict[str, str] = {}
    takes: list[AssetInput] = []
    first = True
    for name, annotation, default in written:
        if isinstance(annotation, str):
            annotation = _evaluated(annotation, fn)
        role = "" if annotation is NO_DEFAULT else _role_of(annotation)
        if first and (role == "context" or name in CONTEXT_NAMES):
            context = name
        elif (
            name == "config"
            and role != "resource"
            and "config" not in ins
            and (wanted := _config_of(annotation, default, role)) is not None
        ):
            config, config_type = name, wanted
        elif role == "resource":
            resources[name] = name
        else:
            takes.append(plain_input(name, None if annotation is NO_DEFAULT else annotation, default))
        first = False
    if isinstance(returns, str):
        returns = _evaluated(returns, fn)
    return Parameters(tuple(takes), returns, context, config, config_type, resources or NOTHING, keywords)


def _config_of(annotation: Any, default: Any, role: str) -> Any:
    """The schema of a parameter ``config``; None where its annotation describes no configuration, so that it is an input."""
    if role or annotation is NO_DEFAULT:
        return annotation if role == "config" else None
    return value_schema(annotation) if default is NO_DEFAULT else value_schema(annotation, default)


def schema_of(config_schema: Any, parameters: Parameters, what: str) -> Any:
    """The configuration that a function takes: as its parameter ``config`` says, or as ``config_schema=`` does.

    Raises
    ------
    InvalidDefinitionError
        If both say it.
    """
    if config_schema is None:
        return parameters.config_type
    if parameters.config is not None:
        raise InvalidDefinitionError(
            f"{what} says twice what its configuration is: by config_schema= and by its parameter 'config'. Keep the parameter; or leave "
            "it out and read context.op_config."
        )
    return config_schema


def _of_function(fn: FunctionType) -> tuple[Iterable[_Written], str | None, bool, Any]:
    """Parameters, the name of ``*args``, whether there is ``**kwargs``, and the return annotation of a plain function."""
    code, annotations = fn.__code__, fn.__annotations__
    count = code.co_argcount + code.co_kwonlyargcount
    names = code.co_varnames[:count]
    packed = code.co_varnames[count] if code.co_flags & inspect.CO_VARARGS else None
    keywords = bool(code.co_flags & inspect.CO_VARKEYWORDS)
    defaults = dict(fn.__kwdefaults__ or ())
    if fn.__defaults__:
        defaults.update(zip(names[code.co_argcount - len(fn.__defaults__) : code.co_argcount], fn.__defaults__, strict=True))
    written = [(name, annotations.get(name, NO_DEFAULT), defaults.get(name, NO_DEFAULT)) for name in names]
    return written, packed, keywords, annotations.get("return", NO_DEFAULT)


def _of_callable(fn: Callable[..., Any], what: str) -> tuple[Iterable[_Written], str | None, bool, Any]:
    """The same of anything that can be called: a class, a partial, a wrapped function."""
    try:
        signature = inspect.signature(fn)
    except (TypeError, ValueError) as error:
        raise InvalidDefinitionError(f"{what} is made from {fn!r:.60}, whose parameters cannot be read: {error}.") from None
    parameters = list(signature.parameters.values())
    packed = next((one.name for one in parameters if one.kind is one.VAR_POSITIONAL), None)
    keywords = any(one.kind is one.VAR_KEYWORD for one in parameters)
    written = [(one.name, one.annotation, one.default) for one in parameters if one.kind is not one.VAR_KEYWORD]
    return written, packed, keywords, signature.return_annotation


def _role_of(annotation: Any) -> str:
    try:
        return _known_role(annotation)
    except TypeError:  # not hashable, such as Annotated with a list
        return _role(annotation)


def _role(annotation: Any) -> str:
    """What a parameter annotated so may be; text that is not known yet, and all else, is an input."""
    if getattr(annotation, "__nbasset_context__", False):
        return "context"
    if getattr(annotation, "__nbasset_config__", False):
        return "config"
    return "resource" if is_resource_annotation(annotation) else ""


_known_role = lru_cache(maxsize=256)(_role)


def _evaluated(annotation: str, fn: Callable[..., Any]) -> Any:
    """The object a text annotation stands for, the text itself when it cannot be known yet (a class defined later, a type-only import)."""
    names = getattr(inspect.unwrap(fn), "__globals__", {})
    closed = _names_around(fn)
    closure = getattr(fn, "__closure__", None) or ()
    for name, cell in zip(fn.__code__.co_freevars if closure else (), closure, strict=True):
        try:
            closed[name] = cell.cell_contents
        except ValueError:
            continue
    try:
        return eval(_compiled(annotation), names, closed)  # noqa: S307 - the user's own annotation in the user's own module
    except Exception:  # noqa: BLE001 - whatever goes wrong in there, the annotation is just not known
        return annotation


def _names_around(fn: Callable[..., Any]) -> dict[str, Any]:
    """The local names of the function that is just defining `fn`, such as a test with a class of its own; else nothing."""
    code = getattr(inspect.unwrap(fn), "__code__", None)
    if code is None or "<locals>" not in getattr(fn, "__qualname__", ""):
        return {}
    frame = inspect.currentframe()
    while frame is not None:
        if code in frame.f_code.co_consts:
            return dict(frame.f_locals)
        frame = frame.f_back
    return {}


@lru_cache(maxsize=256)
def _compiled(annotation: str) -> CodeType:
    return compile(annotation, "<annotation>", "eval")
