"""A function and what it takes and gives: the part that ops, assets and checks share.

An `OpDefinition` knows how to call its function: which parameters are the context, the config, resources, and which are inputs. What
fills the inputs (an asset, another op) is decided by whoever uses the definition. Called in the body of a graph, an op is noted there
instead of run.
"""

from __future__ import annotations

import collections.abc
import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, TypeVar, get_args, get_origin

from nbasset.dataclass import NOTHING, Still, dataclass, seldom
from nbasset.definitions.composition import PendingCall, current_composer
from nbasset.definitions.invocation import call_directly
from nbasset.definitions.parameters import NO_DEFAULT, Parameters
from nbasset.definitions.policies import RetryPolicy
from nbasset.definitions.results import DEFAULT_OUTPUT, DynamicOutput, MaterializeResult, ObserveResult, Output
from nbasset.definitions.runtime import runtime
from nbasset.errors import InvalidDefinitionError
from nbasset.metadata import MetadataValue, RawMetadataValue, normalize
from nbasset.places import place_of

_NO_KEYS: frozenset[str] = frozenset()
NO_HOOKS: frozenset[Any] = frozenset()
_NAME = re.compile(r"[A-Za-z0-9_]+\Z")


@dataclass(frozen=True, slots=True)
class In:
    """An input of an op: its type, a default, how it is loaded.

    >>> from nbasset import Nothing, op
    >>> @op(ins={"rows": In(int, default_value=10), "after": In(Nothing)})
    ... def load(rows): return rows
    >>> load.ins["rows"].default_value, list(load.ins)
    (10, ['rows', 'after'])
    """

    value_type: Any = None
    description: str | None = None
    default_value: Any = NO_DEFAULT
    metadata: Mapping[str, MetadataValue] = NOTHING
    asset_key: Any = None
    asset_partitions: Any = None
    input_manager_key: str | None = None

    def __init__(
        self,
        value_type: Any = None,
        description: str | None = None,
        default_value: Any = NO_DEFAULT,
        metadata: Mapping[str, RawMetadataValue] | None = None,
        asset_key: Any = None,
        asset_partitions: Any = None,
        input_manager_key: str | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "value_type", value_type)
        put(self, "description", description)
        put(self, "default_value", default_value)
        put(self, "metadata", normalize(metadata, of="In") if metadata else NOTHING)
        put(self, "asset_key", asset_key)
        put(self, "asset_partitions", asset_partitions)
        put(self, "input_manager_key", input_manager_key)

    @property
    def has_default(self) -> bool:
        """Whether the input may stay unconnected."""
        return self.default_value is not NO_DEFAULT


@dataclass(frozen=True, slots=True)
class Out:
    """An output of an op: its type, whether it must come, how it is stored.

    >>> from nbasset import op
    >>> @op(out={"good": Out(int), "bad": Out(int, is_required=False)})
    ... def sort(): return 1, 2
    >>> list(sort.outs)
    ['good', 'bad']
    """

    value_type: Any = None
    description: str | None = None
    is_required: bool = True
    io_manager_key: str = "io_manager"
    metadata: Mapping[str, MetadataValue] = NOTHING
    code_version: str | None = None
    is_dynamic: bool = False

    def __init__(
        self,
        value_type: Any = None,
        description: str | None = None,
        is_required: bool = True,
        io_manager_key: str | None = None,
        metadata: Mapping[str, RawMetadataValue] | None = None,
        code_version: str | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "value_type", value_type)
        put(self, "description", description)
        put(self, "is_required", is_required)
        put(self, "io_manager_key", io_manager_key or "io_manager")
        put(self, "metadata", normalize(metadata, of="Out") if metadata else NOTHING)
        put(self, "code_version", code_version)
        put(self, "is_dynamic", isinstance(self, DynamicOut))


class DynamicOut(Out):
    """An output of which there are as many values as the op yields `DynamicOutput`s.

    >>> from nbasset import DynamicOutput, op
    >>> @op(out=DynamicOut(str))
    ... def files():
    ...     for name in ("a", "b"):
    ...         yield DynamicOutput(f"{name}.csv", mapping_key=name)
    >>> [output.mapping_key for output in files()]
    ['a', 'b']
    """

    __slots__ = ()


@dataclass(frozen=True, eq=False, slots=True)
class OpDefinition:
    """A named function with typed inputs and outputs, its configuration, resources and rules.

    `config_schema` is whatever the user gave (a config class, a dict of fields, None). Calling it outside a graph runs the function;
    inside one, it is noted as a node.

    >>> from nbasset import op
    >>> @op
    ... def add(a: int, b: int) -> int: return a + b
    >>> add.name, list(add.ins), add(1, 2)
    ('add', ['a', 'b'], 3)
    """

    name: str
    fn: Callable[..., Any]
    outs: Mapping[str, Out]
    parameters: Parameters
    description: str | None = None
    given_ins: Mapping[str, In] | None = seldom(None)
    """The inputs, where more is said of them than the parameters say."""
    config_schema: Any = seldom(None)
    required_resource_keys: frozenset[str] = seldom(_NO_KEYS)
    tags: Mapping[str, str] = seldom(NOTHING)
    retry_policy: RetryPolicy | None = seldom(None)
    code_version: str | None = seldom(None)
    pool: str | None = seldom(None)
    hooks: frozenset[Any] = seldom(NO_HOOKS)

    @property
    def ins(self) -> Mapping[str, In]:
        """The inputs by name, in order. Made when asked: ask once for several."""
        if self.given_ins is not None:
            return self.given_ins
        return {item.name: plain_in(item.annotation, item.default) for item in self.parameters.takes}

    def input(self, name: str) -> In | None:
        """One of the inputs; None where there is none of that name."""
        if self.given_ins is not None:
            return self.given_ins.get(name)
        taken = self.parameters.input(name)
        return plain_in(taken.annotation, taken.default) if taken is not None else None

    @property
    def is_generator(self) -> bool:
        """Whether the function yields its results, one after the other."""
        return inspect.isgeneratorfunction(self.fn) or inspect.isasyncgenfunction(self.fn)

    @property
    def is_async(self) -> bool:
        """Whether the function needs an event loop."""
        return inspect.iscoroutinefunction(self.fn) or inspect.isasyncgenfunction(self.fn)

    @property
    def place(self) -> str | None:
        """Where it is written: ``cell 7 of flights.ipynb, line 2``."""
        return place_of(self.fn)

    @property
    def resource_keys(self) -> frozenset[str]:
        """Keys of all resources that a call needs: asked for by name and by parameter."""
        if not self.parameters.resources:
            return self.required_resource_keys
        return self.required_resource_keys.union(self.parameters.resources.values())

    def renamed(self, name: str) -> OpDefinition:
        """The same op under another name."""
        return replace(self, name=name)

    # -- used in a graph, and outside ------------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """In a graph's body: a handle of the output. Elsewhere: the function's own result, with nothing stored and no run made."""
        if current_composer() is not None:
            return PendingCall(self)(*args, **kwargs)
        return call_directly(self, args, kwargs, what=f"op '{self.name}'")

    def alias(self, name: str) -> PendingCall:
        """Call it by another name in the graph that is being composed."""
        return PendingCall(self).alias(name)

    def tag(self, tags: Mapping[str, Any]) -> PendingCall:
        """Add tags to the step of the next call."""
        return PendingCall(self).tag(tags)

    def with_hooks(self, hook_defs: Iterable[Any]) -> PendingCall:
        """Run these hooks after the step of the next call."""
        return PendingCall(self).with_hooks(hook_defs)

    def with_retry_policy(self, retry_policy: RetryPolicy) -> PendingCall:
        """Retry the step of the next call so."""
        return PendingCall(self).with_retry_policy(retry_policy)

    def configured(
        self, config_or_config_fn: Any, name: str | None = None, config_schema: Any = None, description: str | None = None
    ) -> OpDefinition:
        """A copy whose config is fixed, or made by a function from another config.

        Raises
        ------
        InvalidDefinitionError
            If the op takes no config.
        """
        from nbasset.definitions.config_mapping import ConfiguredSchema
        from nbasset.definitions.config_ports import ConfigSchema

        inner = ConfigSchema.of(self.config_schema)
        if inner is None:
            raise InvalidDefinitionError(
                f"op '{self.name}' takes no config, so nothing of it can be fixed. Give it a parameter config: SomeConfig."
            )
        schema = ConfiguredSchema(inner, config_or_config_fn, config_schema, name=name or self.name)
        return replace(self, name=name or self.name, config_schema=schema, description=description or self.description)

    def execute_in_process(
        self, run_config: Any = None, instance: Any = None, resources: Mapping[str, Any] | None = None, raise_on_error: bool = True,
        input_values: Mapping[str, Any] | None = None,
    ) -> Any:  # fmt: skip
        """Run it alone, as a job of one op: an `ExecuteInProcessResult`."""
        __tracebackhide__ = True  # IPython and pytest show the user's frames, not this one
        return runtime().execute_in_process(
            self, run_config=run_config, instance=instance, resources=resources, raise_on_error=raise_on_error, input_values=input_values
        )


def plain_in(value_type: Any, default: Any = NO_DEFAULT) -> In:
    """The input that says no more than its type. Equal ones without a default are one object."""
    shared = default is NO_DEFAULT and (value_type is None or type(value_type) is type)
    return _shared_in(value_type) if shared else In(value_type, None, default)


@lru_cache(maxsize=256)
def _shared_in(value_type: Any) -> In:
    return In(value_type)


def only_out(
    value_type: Any, description: str | None = None, is_required: bool = True, io_manager_key: str = "io_manager"
) -> Mapping[str, Out]:
    """The only output of a function. Equal ones without a description are one object."""
    shared = description is None and is_required and (value_type is None or type(value_type) is type)
    make = _shared_out if shared else _only_out
    return make(value_type, description, is_required, io_manager_key)


def _only_out(value_type: Any, description: str | None, is_required: bool, io_manager_key: str) -> Mapping[str, Out]:
    return Still({DEFAULT_OUTPUT: Out(value_type, description, is_required, io_manager_key)})


_shared_out = lru_cache(maxsize=256)(_only_out)


def out_from_annotation(returns: Any) -> Mapping[str, Out]:
    """The only output of a function that declares none: its type is the return annotation."""
    return only_out(output_annotation(returns))


def output_annotation(returns: Any) -> Any:
    """The type of the value in a return annotation: of ``Output[T]``, ``MaterializeResult[T]`` and iterators of them it is T.

    None where the annotation does not say: no annotation, ``Iterator[Any]``, a result class alone.

    >>> output_annotation(Output[int]), output_annotation(MaterializeResult), output_annotation(str)
    (<class 'int'>, None, <class 'str'>)
    """
    if returns is NO_DEFAULT or returns is None:
        return None
    if type(returns) is type and returns not in _RESULTS:
        return returns
    origin = get_origin(returns)
    inner = get_args(returns)
    if origin in _YIELDING:
        return output_annotation(inner[0]) if inner and _is_result(inner[0]) else None
    if origin is list and inner and (get_origin(inner[0]) or inner[0]) is DynamicOutput:
        return output_annotation(inner[0])
    if _is_result(returns):
        arguments = get_args(returns)
        return arguments[0] if arguments and not isinstance(arguments[0], TypeVar) else None
    return returns


def types_of_outputs(returns: Any, outputs: Sequence[str]) -> dict[str, Any]:
    """What a return annotation says of several outputs: the types in a tuple with one for each; nothing otherwise.

    >>> types_of_outputs(tuple[int, Output[str]], ["rows", "name"])
    {'rows': <class 'int'>, 'name': <class 'str'>}
    """
    arguments = get_args(returns) if get_origin(returns) is tuple else ()
    if len(arguments) != len(outputs) or Ellipsis in arguments:
        return {}
    return {name: output_annotation(one) for name, one in zip(outputs, arguments, strict=True)}


_RESULTS = (Output, DynamicOutput, MaterializeResult, ObserveResult)
_YIELDING = (
    collections.abc.Iterator,
    collections.abc.Iterable,
    collections.abc.Generator,
    collections.abc.AsyncIterator,
    collections.abc.AsyncGenerator,
)


def _is_result(annotation: Any) -> bool:
    kind = get_origin(annotation) or annotation
    return kind in _RESULTS


def is_nothing(value_type: Any) -> bool:
    """Whether a declared type is `Nothing`: the input only orders, the output is no value."""
    return getattr(value_type, "kind", "") == "nothing"


def checked_name(name: Any, what: str) -> str:
    """A name that can stand in a step's key and in config.

    Raises
    ------
    InvalidDefinitionError
        If it has anything but letters, digits and ``_``.
    """
    if isinstance(name, str) and _NAME.match(name):
        return name
    better = re.sub(r"[^A-Za-z0-9_]+", "_", str(name)).strip("_") or f"my_{what}"
    raise InvalidDefinitionError(
        f"{name!r} cannot be the name of {'an' if what[0] in 'aeiou' else 'a'} {what}: it becomes part of step keys and config, so it has "
        f"letters, digits and '_' only. Use {better!r}."
    )


def first_paragraph(doc: str | None) -> str | None:
    """A docstring without its indentation; None when there is none."""
    return inspect.cleandoc(doc) if doc else None


def check_resource_keys(keys: Iterable[str] | None) -> frozenset[str]:
    """Resource keys as a set, or an error that shows the form."""
    if isinstance(keys, str):
        raise InvalidDefinitionError(f"required_resource_keys={keys!r}: give a set of keys, {{{keys!r}}}.")
    return frozenset(keys) if keys else _NO_KEYS
