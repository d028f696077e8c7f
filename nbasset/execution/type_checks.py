"""Checking values against the types that inputs and outputs declare."""

from __future__ import annotations

from typing import Any

from nbasset.definitions.parameters import NO_DEFAULT
from nbasset.definitions.value_types import check_value, resolve_type
from nbasset.execution.calls import Call
from nbasset.execution.input_slots import SIMPLE
from nbasset.execution.task import InputVersions
from nbasset.io_managers.wanted import load_as, of_each_partition


def check_input(value: Any, name: str, call: Call, *, partitions: InputVersions | None) -> None:
    """Nothing, when the input's type allows the value. Of a dict by partition each entry is checked by the type of an entry.

    Raises
    ------
    TypeCheckDidNotPass
        With the input, the type that was expected and what came.
    """
    op = call.op
    known = op.input(name)
    declared = known.value_type if known is not None else None
    if type(value) is declared and declared in SIMPLE:
        return
    if partitions is not None and partitions.refs and isinstance(value, dict):
        taken = op.parameters.input(name)
        annotation = taken.annotation if taken is not None else None
        if load_as(annotation, several=True) == "dict":
            _check_each(call, value, of_each_partition(declared if declared is not None else annotation), f"input '{name}'")
            return
    if value is None and partitions is not None and not partitions.refs and not partitions.known:
        return
    if declared is not None:
        check_value(call.type_of(f"in {name}", declared), value, of=f"input '{name}' of {call.what}")


def check_output(value: Any, name: str, call: Call, *, by_partition: bool) -> None:
    """Nothing, when the output's type allows the value. Of a dict with an entry for each partition the entries are checked.

    Raises
    ------
    TypeCheckDidNotPass
        With the output, the type that was expected and what came.
    """
    out = call.op.outs.get(name)
    declared = out.value_type if out is not None else None
    if declared is None or declared is NO_DEFAULT or (type(value) is declared and declared in SIMPLE):
        return
    if by_partition and isinstance(value, dict):
        _check_each(call, value, of_each_partition(declared) or declared, f"output '{name}'")
        return
    of = f"output '{name}' of {call.what}" if name != "result" else f"the output of {call.what}"
    check_value(call.type_of(f"out {name}", declared), value, of=of)


def _check_each(call: Call, values: dict[Any, Any], declared: Any, place: str) -> None:
    if declared is None:
        return
    value_type = resolve_type(declared, getattr(call.op.fn, "__globals__", None))
    is_input = place.startswith("input")
    for key, one in values.items():
        if one is not None or not is_input:
            check_value(value_type, one, of=f"partition '{key}' of {place} of {call.what}")
