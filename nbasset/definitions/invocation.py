"""Calling a definition like the plain function it is made from: in tests, in cells, without a run.

What comes back is the function's own result, looked at in passing: its type, and whether every output is there. A context that was built
for tests takes on the op's name, config and outputs for the call, so that what the function told it can be asked afterwards.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Mapping, Sequence
from typing import Any, Protocol

from nbasset.definitions.config_ports import ConfigSchema
from nbasset.definitions.results import (
    AssetCheckResult,
    AssetMaterialization,
    AssetObservation,
    DynamicOutput,
    ExpectationResult,
    MaterializeResult,
    ObserveResult,
    Output,
)
from nbasset.definitions.value_types import check_value, resolve_type
from nbasset.errors import InvalidInvocationError, InvariantViolationError, did_you_mean, kind_of

_RESULTS = (
    Output, DynamicOutput, MaterializeResult, ObserveResult, AssetCheckResult, AssetMaterialization, AssetObservation, ExpectationResult,
)  # fmt: skip


class _Parameters(Protocol):
    context: str | None
    config: str | None
    config_type: Any
    resources: Mapping[str, str]
    inputs: Mapping[str, Any]
    defaults: Mapping[str, Any]
    keywords: bool


class Callee(Protocol):
    """What is asked of an op to call it: see `OpDefinition`."""

    name: str
    fn: Callable[..., Any]
    outs: Mapping[str, Any]
    config_schema: Any
    required_resource_keys: frozenset[str]
    parameters: Any


def call_directly(op: Any, args: Sequence[Any], kwargs: Mapping[str, Any], *, what: str, owner: Any = None) -> Any:
    """The function's own result for these values. A context may come first; resources and config that are not passed are taken from it.

    `owner` is the asset or check that the op belongs to. Coroutines are awaited by the caller, generators run as they are read.

    Raises
    ------
    InvalidInvocationError
        If the function needs a context, config or resource that was not given, or an argument does not fit.
    InvariantViolationError, TypeCheckDidNotPass
        If what it gives is not what it declares.
    """
    callee: Callee = op
    parameters: _Parameters = op.parameters
    given = list(args)
    context = _context(parameters, given, kwargs, what)
    values = {name: value for name, value in kwargs.items() if name != parameters.context}
    _place(callee, parameters, given, values, what)
    context = _bound(context, callee, owner, what)
    _fill_resources(callee, values, context, what)
    _fill_config(parameters, values, context, what)
    known = {*parameters.inputs, *parameters.resources, *([parameters.config] if parameters.config else [])}
    for name in values:
        if name not in known and not parameters.keywords:
            raise InvalidInvocationError(f"{what} has no parameter '{name}'. {did_you_mean(name, known)}".rstrip())
    missing = [name for name in parameters.inputs if name not in values and name not in parameters.defaults]
    if missing:
        raise InvalidInvocationError(f"{what} was called without {', '.join(repr(name) for name in missing)}. Pass a value for each.")
    first = (context,) if parameters.context is not None else ()
    several = len(getattr(context, "partition_refs", ())) > 1
    made = _Reading(callee, what, by_partition=several, may_be_nothing=getattr(owner, "returns_nothing", False))
    return made.read(callee.fn(*first, **values))


def _context(parameters: _Parameters, given: list[Any], kwargs: Mapping[str, Any], what: str) -> Any:
    if given and getattr(type(given[0]), "__nbasset_context__", False):
        return given.pop(0)
    if parameters.context is None:
        return None
    if parameters.context in kwargs:
        return kwargs[parameters.context]
    if given and given[0] is None:
        return given.pop(0)
    raise InvalidInvocationError(
        f"{what} takes a context, but none was passed. Pass one first: build_asset_context() or build_op_context(), with the partition, "
        "config or resources it uses."
    )


def _place(callee: Callee, parameters: _Parameters, given: list[Any], values: dict[str, Any], what: str) -> None:
    """Values that were passed by position, under their names: inputs, config and resources in the order they are written."""
    names = list(parameters.inputs)
    if given and (parameters.config is not None or parameters.resources):
        others = {parameters.config, *parameters.resources}
        names = [name for name in inspect.signature(callee.fn).parameters if name in parameters.inputs or name in others]
    if len(given) > len(names):
        raise InvalidInvocationError(
            f"{what} takes {len(names)} values by position ({', '.join(names) or 'none'}), but {len(given)} were passed."
        )
    for name, value in zip(names, given, strict=False):
        if name in values:
            raise InvalidInvocationError(f"{what} was given '{name}' twice, by position and by name.")
        values[name] = value


def _bound(context: Any, op: Callee, owner: Any, what: str) -> Any:
    """The context as it is for this call. Config of an older kind of schema is checked here."""
    bind = getattr(context, "bind", None)
    schema = ConfigSchema.of(op.config_schema) if op.parameters.config is None else None
    if schema is not None and context is None and schema.is_required:
        raise InvalidInvocationError(f"{what} needs config. Pass it in a context: build_op_context(config={schema.example()!r}).")
    if bind is None:
        return context
    given = getattr(context, "given_config", None)
    config = schema.resolve(given, of=f"the config of {what}") if schema is not None else given
    return bind(op, owner, config)


def _fill_resources(op: Callee, values: dict[str, Any], context: Any, what: str) -> None:
    opened = getattr(context, "resources", None)
    for parameter, key in op.parameters.resources.items():
        has = opened is not None and hasattr(opened, key)
        if parameter in values:
            if has:
                raise InvalidInvocationError(
                    f"{what} was given the resource '{key}' twice: by name and in the context. Leave one of them out."
                )
            continue
        if not has:
            raise InvalidInvocationError(
                f"{what} needs the resource '{key}'. Pass it by name ({parameter}=...), or in a context: "
                "build_asset_context(resources={...})."
            )
        values[parameter] = getattr(opened, key)
    for key in sorted(op.required_resource_keys):
        if opened is None or not hasattr(opened, key):
            raise InvalidInvocationError(
                f"{what} needs the resource '{key}'. Pass it in a context: build_op_context(resources={{'{key}': ...}})."
            )


def _fill_config(parameters: _Parameters, values: dict[str, Any], context: Any, what: str) -> None:
    name = parameters.config
    if name is None:
        return
    config = getattr(context, "given_config", None)
    if config is None:
        config = getattr(context, "config_value", None)
    is_class = isinstance(parameters.config_type, type)
    if name in values:
        if config is not None:
            raise InvalidInvocationError(f"{what} was given config twice: by name and in the context. Leave one of them out.")
        if not is_class:
            values[name] = ConfigSchema(parameters.config_type).resolve(values[name], of=f"the config of {what}")
        return
    if is_class and isinstance(config, parameters.config_type):
        values[name] = config
        return
    schema = ConfigSchema(parameters.config_type)
    if config is None and schema.is_required:
        raise InvalidInvocationError(
            f"{what} needs config. Pass it: {name}={f'{parameters.config_type.__name__}(...)' if is_class else repr(schema.example())}."
        )
    values[name] = schema.resolve(config, of=f"the config of {what}")


class _Reading:
    """Looks at what a function gives: types, names, and at the end whether everything came."""

    def __init__(self, op: Callee, what: str, *, by_partition: bool, may_be_nothing: bool = False) -> None:
        self.op = op
        self.what = what
        self.by_partition = by_partition
        self.may_be_nothing = may_be_nothing
        self.outs = op.outs
        self.came: set[str] = set()
        self.asset_results = False

    def read(self, result: Any) -> Any:
        if inspect.iscoroutine(result):
            return self._awaited(result)
        if inspect.isasyncgen(result):
            return self._async_items(result)
        if inspect.isgenerator(result):
            return self._items(result)
        self._returned(result)
        return result

    async def _awaited(self, result: Coroutine[Any, Any, Any]) -> Any:
        value = await result
        self._returned(value)
        return value

    async def _async_items(self, items: AsyncGenerator[Any, Any]) -> AsyncGenerator[Any, None]:
        async for item in items:
            self._item(item)
            yield item
        self._complete()

    def _items(self, items: Generator[Any, Any, Any]) -> Generator[Any, None, None]:
        for item in items:
            self._item(item)
            yield item
        self._complete()

    def _returned(self, result: Any) -> None:
        names = list(self.outs)
        if result is None and self.may_be_nothing:
            return
        if isinstance(result, _RESULTS):
            self._item(result, default=names[0] if len(names) == 1 else None)
        elif isinstance(result, (list, tuple)) and result and all(isinstance(item, _RESULTS) for item in result):
            for at, item in enumerate(result):
                self._item(item, default=names[at] if len(names) == len(result) else None)
        elif len(names) == 1:
            if not self.outs[names[0]].is_dynamic and not (result is None and not self.outs[names[0]].is_required):
                self._check(names[0], result)
            return
        elif isinstance(result, tuple) and names:
            if len(result) != len(names):
                raise InvariantViolationError(
                    f"{self.what} returned a tuple of {len(result)}, but has {len(names)} outputs: {', '.join(names)}. "
                    "Return one value for each."
                )
            for name, value in zip(names, result, strict=True):
                self._check(name, value)
            return
        elif isinstance(result, Mapping) and names:
            for name, value in result.items():
                self._check(self._name(str(name)), value)
        elif result is not None and names:
            raise InvariantViolationError(
                f"{self.what} returned {kind_of(result)}, but has {len(names)} outputs: {', '.join(names)}. "
                "Return a tuple in that order, or yield Output(value, output_name=...)."
            )
        self._complete()

    def _item(self, item: Any, default: str | None = None) -> None:
        if isinstance(item, (MaterializeResult, ObserveResult, AssetCheckResult)):
            self.asset_results = True
        if not isinstance(item, (Output, DynamicOutput)):
            return
        name = item.output_name
        if name not in self.outs and name == "result" and default is not None:
            name = default
        self._check(self._name(name), item.value)

    def _name(self, name: str) -> str:
        if name not in self.outs and not (name == "result" and len(self.outs) == 1):
            hint = did_you_mean(name, self.outs) or f"Its outputs: {', '.join(self.outs) or 'none'}."
            raise InvariantViolationError(f"{self.what} gave a value for '{name}', which is none of its outputs. {hint}")
        return name if name in self.outs else next(iter(self.outs))

    def _check(self, name: str, value: Any) -> None:
        self.came.add(name)
        if isinstance(value, (Output, DynamicOutput)):
            value = value.value
        elif isinstance(value, _RESULTS):
            return
        out = self.outs.get(name)
        if out is None or out.value_type is None or (self.by_partition and isinstance(value, dict)):
            return
        of = f"output '{name}' of {self.what}" if name != "result" else f"the output of {self.what}"
        check_value(resolve_type(out.value_type, getattr(self.op.fn, "__globals__", None)), value, of=of)

    def _complete(self) -> None:
        if self.asset_results:
            return
        for name, out in self.outs.items():
            if out.is_required and not out.is_dynamic and name not in self.came:
                raise InvariantViolationError(
                    f"{self.what} ended without giving output '{name}'. Mark it optional (Out(is_required=False)) if that is meant."
                )
