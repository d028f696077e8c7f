"""What is known of the inputs of a function whatever is read for them: what the op and the asset say, and where it comes from."""

from __future__ import annotations

from typing import Any, NamedTuple, get_args, get_origin

from nbasset.definitions.asset import AssetInput, AssetsDefinition
from nbasset.definitions.op import In, OpDefinition, plain_in
from nbasset.definitions.specs import AssetSpec
from nbasset.definitions.value_types import resolve_type
from nbasset.execution.environment import StepEnvironment
from nbasset.planning.plan import StepInput

SIMPLE = frozenset((int, float, str, bool))
"""Classes that mean nothing but themselves: a value that is of the very class needs no looking into. Most are."""


def simple_class(value_type: Any) -> type | None:
    """The type if it is such a class; None for any other."""
    return value_type if type(value_type) is type and value_type in SIMPLE else None


class InputSlot(NamedTuple):
    """What is known of an input whatever is read for it: what the op and the asset say of it, and where it comes from.

    `spec` is of the asset that it reads, `manager` the key that loads it; for an input that other steps give, the key of each output goes
    before. `is_own` tells that the asset has a manager of its own under that key. Of a list, each is about one item.
    """

    declared: In
    annotation: Any
    value_type: Any
    wanted: AssetInput | None
    spec: AssetSpec | None
    manager: str | None
    is_own: bool
    is_nothing: bool

    def managers(self, item: StepInput) -> set[str]:
        """Keys of the I/O managers, and of what else is needed, to load it."""
        found = {ref.manager for ref in item.outputs}
        if self.manager is not None:
            found.add(self.manager)
        elif item.kind == "config" and self.declared.value_type is not None:
            loader = resolve_type(self.declared.value_type).loader
            found.update(loader.required_resource_keys if loader is not None else ())
        return found


def slot_of(
    item: StepInput, op: OpDefinition, owner: AssetsDefinition | None, environment: StepEnvironment, known: dict[str, InputSlot]
) -> InputSlot:
    """What op, asset and definitions say of one input. `known` has what was found for others: those who read an asset alike share it."""
    name = item.name if "[" not in item.name else base_name(item)
    wanted = owner.input(item.graph_input or item.name) if owner is not None and item.asset is not None else None
    same = known.get(item.name)
    if (
        same is not None and same.spec is not None and same.spec.key is item.asset and item.kind == "asset" and item.manager is None
        and same.wanted is wanted and item.graph_input is None
    ):  # fmt: skip
        return same
    is_plain = wanted is not None and owner is not None and owner.given_inputs is None  # then it is the parameter that wants it
    taken = wanted if is_plain else op.parameters.input(name)
    if op.given_ins is not None:
        declared = op.given_ins.get(name, _UNDECLARED)
    else:
        declared = plain_in(taken.annotation, taken.default) if taken is not None else _UNDECLARED
    annotation, value_type = taken.annotation if taken is not None else None, declared.value_type
    if name is not item.name or item.kind in _LISTS:
        annotation, value_type = each_of(annotation), each_of(value_type)
    manager = item.manager or declared.input_manager_key
    spec, is_own = None, False
    if item.asset is not None:
        maker = environment.definitions.makers.get(item.asset)
        spec = (maker.spec_of(item.asset) if maker is not None else None) or environment.definitions.catalog.asset(item.asset).spec
        manager = (wanted.input_manager_key if wanted is not None else None) or manager or spec.io_manager_key
        is_own = maker is not None and manager in maker.resource_defs
    is_only_order = getattr(declared.value_type, "kind", "") == "nothing"
    found = InputSlot(declared, annotation, value_type, wanted, spec, manager, is_own, is_only_order)
    if item.kind == "asset" and item.manager is None and item.graph_input is None:
        known[item.name] = found
    return found


_UNDECLARED = In()

_LISTS = frozenset({"fan_in", "collected"})
"""Kinds of inputs of which each thing that is loaded becomes an item of a list, as it does where the name says so: ``rows[1]``."""


def each_of(annotation: Any) -> Any:
    """The type of the items of a list type; None where it does not say.

    >>> each_of(list[int]), each_of(list)
    (<class 'int'>, None)
    """
    arguments = get_args(annotation)
    return arguments[0] if len(arguments) == 1 and isinstance(get_origin(annotation), type) else None


def base_name(item: StepInput) -> str:
    """The input that something is, or is a part of: ``rows`` for ``rows[1]``."""
    return item.name.partition("[")[0]
