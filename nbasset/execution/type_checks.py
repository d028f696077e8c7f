"""Checking values against the types that inputs and outputs declare."""

from __future__ import annotations

from typing import Any

from nbasset.definitions.op import NO_DEFAULT, OpDefinition
from nbasset.definitions.value_types import check_value, resolve_type
from nbasset.execution.task import InputVersions
from nbasset.io_managers.wanted import load_as, of_each_partition


def check_input(value: Any, name: str, op: OpDefinition, what: str, *, partitions: InputVersions | None) -> Any:
    """The value, when its type allows it. Of a dict by partition each entry is checked by the type of an entry.

    Raises
    ------
    TypeCheckDidNotPass
        With the input, the type that was expected and what came.
    """
    declared = op.ins[name].value_type if name in op.ins else None
    annotation = op.parameters.inputs.get(name)
    if partitions is not None and partitions.refs and isinstance(value, dict) and load_as(annotation, several=True) == "dict":
        inner = of_each_partition(declared if declared is not None else annotation)
        for key, one in value.items():
            if one is not None:
                _check(inner, one, op, f"partition '{key}' of input '{name}' of {what}")
        return value
    if value is None and partitions is not None and not partitions.refs and not partitions.known:
        return value
    _check(declared, value, op, f"input '{name}' of {what}")
    return value


def check_output(value: Any, name: str, op: OpDefinition, what: str, *, by_partition: bool) -> None:
    """Nothing, when the output's type allows the value. Of a dict with an entry for each partition the entries are checked.

    Raises
    ------
    TypeCheckDidNotPass
        With the output, the type that was expected and what came.
    """
    out = op.outs.get(name)
    declared = out.value_type if out is not None else None
    if declared is None or declared is NO_DEFAULT:
        return
    if by_partition and isinstance(value, dict):
        inner = of_each_partition(declared) or declared
        for key, one in value.items():
            _check(inner, one, op, f"partition '{key}' of output '{name}' of {what}")
        return
    _check(declared, value, op, f"output '{name}' of {what}" if name != "result" else f"the output of {what}")


def _check(declared: Any, value: Any, op: OpDefinition, of: str) -> None:
    if declared is not None:
        check_value(resolve_type(declared, getattr(op.fn, "__globals__", None)), value, of=of)
