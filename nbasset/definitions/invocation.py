"""Calling a definition like the plain function it is made from: in tests, in cells, without a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nbasset.definitions.op import OpDefinition
from nbasset.errors import InvalidInvocationError, did_you_mean


def call_directly(op: OpDefinition, args: Sequence[Any], kwargs: Mapping[str, Any], *, what: str) -> Any:
    """The function's own result for these values. A context may come first; resources and config that are not passed are taken from it.

    Raises
    ------
    InvalidInvocationError
        If the function needs a context, config or resource that was not given, or an argument does not fit.
    """
    parameters = op.parameters
    given = list(args)
    context: Any = None
    if given and getattr(type(given[0]), "__nbasset_context__", False):
        context = given.pop(0)
    elif parameters.context is not None and parameters.context in kwargs:
        context = kwargs[parameters.context]
    elif parameters.context is not None and given and given[0] is None:
        given.pop(0)
    elif parameters.context is not None:
        raise InvalidInvocationError(
            f"{what} takes a context. Pass one first: build_asset_context() or build_op_context(), with the partition, config or "
            "resources it uses."
        )
    values = {name: value for name, value in kwargs.items() if name != parameters.context}
    names = list(parameters.inputs)
    if len(given) > len(names):
        raise InvalidInvocationError(
            f"{what} takes {len(names)} inputs ({', '.join(names) or 'none'}), but {len(given)} values were passed."
        )
    for name, value in zip(names, given, strict=False):
        if name in values:
            raise InvalidInvocationError(f"{what} was given '{name}' twice, by position and by name.")
        values[name] = value
    _fill_from_context(op, values, context, what)
    known = {*names, *parameters.resources, *([parameters.config] if parameters.config else [])}
    for name in values:
        if name not in known and not parameters.keywords:
            raise InvalidInvocationError(f"{what} has no parameter '{name}'. {did_you_mean(name, known)}".rstrip())
    missing = [name for name in names if name not in values and name not in parameters.defaults]
    if missing:
        raise InvalidInvocationError(f"{what} was called without {', '.join(repr(name) for name in missing)}.")
    if parameters.context is not None:
        return op.fn(context, **values)
    return op.fn(**values)


def _fill_from_context(op: OpDefinition, values: dict[str, Any], context: Any, what: str) -> None:
    for parameter, key in op.parameters.resources.items():
        if parameter in values:
            continue
        resources = getattr(context, "resources", None)
        if resources is None or not hasattr(resources, key):
            raise InvalidInvocationError(
                f"{what} needs the resource '{key}'. Pass it by name ({parameter}=...), or in a context: "
                "build_asset_context(resources=...)."
            )
        values[parameter] = getattr(resources, key)
    if op.parameters.config and op.parameters.config not in values:
        config = getattr(context, "config_value", None)
        if config is None:
            try:
                config = op.parameters.config_type()
            except Exception as error:
                raise InvalidInvocationError(
                    f"{what} needs config. Pass it: {op.parameters.config}={op.parameters.config_type.__name__}(...)."
                ) from error
        values[op.parameters.config] = config
