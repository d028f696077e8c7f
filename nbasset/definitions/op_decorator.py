"""`@op`: from a function to an `OpDefinition`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, overload

from nbasset.dataclass import NOTHING
from nbasset.definitions.op import (
    In,
    OpDefinition,
    Out,
    check_resource_keys,
    checked_name,
    first_paragraph,
    is_nothing,
    out_from_annotation,
    output_annotation,
    plain_in,
    types_of_outputs,
)
from nbasset.definitions.parameters import Parameters, parameters_of, schema_of
from nbasset.definitions.policies import RetryPolicy
from nbasset.definitions.results import DEFAULT_OUTPUT
from nbasset.errors import InvalidDefinitionError, did_you_mean


@overload
def op(compute_fn: Callable[..., Any], /) -> OpDefinition: ...
@overload
def op(
    *, name: str | None = ..., description: str | None = ..., ins: Mapping[str, In] | None = ...,
    out: Out | Mapping[str, Out] | None = ..., config_schema: Any = ..., required_resource_keys: set[str] | None = ...,
    tags: Mapping[str, Any] | None = ..., version: str | None = ..., retry_policy: RetryPolicy | None = ...,
    code_version: str | None = ..., pool: str | None = ...,
) -> Callable[[Callable[..., Any]], OpDefinition]: ...  # fmt: skip
def op(
    compute_fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    ins: Mapping[str, In] | None = None,
    out: Out | Mapping[str, Out] | None = None,
    config_schema: Any = None,
    required_resource_keys: set[str] | None = None,
    tags: Mapping[str, Any] | None = None,
    version: str | None = None,
    retry_policy: RetryPolicy | None = None,
    code_version: str | None = None,
    pool: str | None = None,
) -> OpDefinition | Callable[[Callable[..., Any]], OpDefinition]:
    """Make an op of a function: its parameters are inputs, its result is the output. Types come from annotations.

    Several outputs are declared by ``out={"a": Out(), "b": Out()}`` and returned as a tuple or yielded as `Output`s.

    >>> @op
    ... def add(a: int, b: int = 1) -> int: return a + b
    >>> add(2), list(add.ins)
    (3, ['a', 'b'])

    Raises
    ------
    InvalidDefinitionError
        If `ins` names a parameter that the function does not have.
    """

    def make(fn: Callable[..., Any]) -> OpDefinition:
        op_name = checked_name(name or fn.__name__, "op")
        what = f"op '{op_name}'"
        parameters = parameters_of(fn, what=what, ins=ins or ())
        text = description or first_paragraph(fn.__doc__)
        return OpDefinition(
            op_name,
            fn,
            _outs(out, parameters),
            parameters,
            text,
            _ins(parameters, ins, what) if ins else None,
            schema_of(config_schema, parameters, what),
            check_resource_keys(required_resource_keys),
            {key: str(value) for key, value in tags.items()} if tags else NOTHING,
            retry_policy,
            code_version or version,
            pool,
        )

    if compute_fn is None:
        return make
    if not callable(compute_fn):
        raise InvalidDefinitionError(f"@op takes its settings by name: @op(name={compute_fn!r}).")
    return make(compute_fn)


def _ins(parameters: Parameters, given: Mapping[str, In], what: str) -> dict[str, In]:
    found: dict[str, In] = {}
    for item in parameters.takes:
        said = given.get(item.name)
        if said is None:
            found[item.name] = plain_in(item.annotation, item.default)
        else:
            found[item.name] = In(
                said.value_type if said.value_type is not None else item.annotation, said.description,
                said.default_value if said.has_default else item.default, said.metadata, said.asset_key, said.asset_partitions,
                said.input_manager_key,
            )  # fmt: skip
    for name, said in given.items():
        if name in found:
            continue
        if parameters.keywords or is_nothing(said.value_type):
            found[name] = said
            continue
        hint = did_you_mean(name, parameters.inputs) or "An input that only orders has the type Nothing: In(Nothing)."
        raise InvalidDefinitionError(f"{what} has no parameter '{name}' that ins speaks of. {hint}")
    return found


def _outs(out: Out | Mapping[str, Out] | None, parameters: Parameters) -> Mapping[str, Out]:
    if out is None:
        return out_from_annotation(parameters.returns)
    if isinstance(out, Out):
        return {DEFAULT_OUTPUT: _typed(out, output_annotation(parameters.returns))}
    types = types_of_outputs(parameters.returns, list(out))
    return {name: _typed(one, types.get(name)) for name, one in out.items()}


def _typed(out: Out, value_type: Any) -> Out:
    """An output with this type, unless it says one itself."""
    if out.value_type is not None or value_type is None:
        return out
    return type(out)(value_type, out.description, out.is_required, out.io_manager_key, out.metadata, out.code_version)
