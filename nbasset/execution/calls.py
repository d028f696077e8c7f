"""What all calls of one function have in common in a run, whatever their partition: found for the first step, used by all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbasset.definitions.asset import AssetsDefinition
from nbasset.definitions.catalog import NodeOutput
from nbasset.definitions.op import OpDefinition
from nbasset.definitions.results import NO_VALUE
from nbasset.definitions.value_types import Nothing, Type, resolve_type
from nbasset.execution.environment import StepEnvironment
from nbasset.execution.inputs import InputSlot, slot_of
from nbasset.execution.results import is_plain
from nbasset.keys import PartitionRef
from nbasset.planning.plan import Step, StepInput


class Call:
    """One function as the steps of one node call it. `what` names it in errors; `managers` are the keys that its values go through.

    `sole` is the output that a bare value is for; None where something else has to be said of it.
    """

    __slots__ = (
        "_environment", "_makes_many", "_managers", "_types", "annotated_none", "assets", "inputs", "managers", "op", "outputs", "owner",
        "resources", "sole", "what",
    )  # fmt: skip

    def __init__(self, owner: AssetsDefinition | None, op: OpDefinition, step: Step, environment: StepEnvironment) -> None:
        returns = op.parameters.returns
        self.owner = owner
        self.op = op
        self.outputs = step.outputs
        self.assets = step.assets
        self.what = _what(step, op)
        self.annotated_none = returns is None or returns is Nothing or returns is type(None)
        self.sole = _sole(step)
        self.resources: Any = None
        self.inputs: dict[str, InputSlot] = {}
        self._environment = environment
        self._types: dict[str, Type] = {}
        self._managers: dict[str, Any] = {}
        policy = owner.backfill_policy if owner is not None else None
        self._makes_many = policy is not None and policy.max_partitions_per_run != 1
        self.managers = {output.manager for output in step.outputs}
        for item in step.leaves():
            slot = self.slot(item)
            if item.asset is not None and slot.manager is not None:
                self.managers.add(slot.manager)
            else:
                self.managers |= slot.managers(item)

    def slot(self, item: StepInput) -> InputSlot:
        """What is known of an input."""
        found = self.inputs.get(item.name)
        if found is None:
            found = self.inputs[item.name] = slot_of(item, self.op, self.owner, self._environment)
        return found

    def manager(self, key: str) -> Any:
        """The I/O manager under a key: the resource that was opened for the call, else the built-in one."""
        found = self._managers.get(key)
        if found is None:
            found = self.resources[key] if key in self.resources else self._environment.manager(key)
            self._managers[key] = found
        return found

    def type_of(self, place: str, declared: Any) -> Type:
        """The type that is declared at a place."""
        found = self._types.get(place)
        if found is None:
            found = self._types[place] = resolve_type(declared, getattr(self.op.fn, "__globals__", None))
        return found

    def staging_key(self, output: NodeOutput) -> str:
        """How the run finds the I/O manager that an output went to: by its key, or as ``node/key`` where the node has one for itself."""
        owner = self.owner
        return f"{owner.name}/{output.manager}" if owner is not None and output.manager in owner.resource_defs else output.manager

    def is_bare(self, result: Any) -> bool:
        """Whether what the function returned is the value of its only output, and says nothing else."""
        return self.sole is not None and is_plain(result)

    def is_split(self, value: Any, output: NodeOutput, refs: tuple[PartitionRef, ...]) -> bool:
        """Whether a value has an entry for each partition: also for one, of a function that makes many and returned its dict by key."""
        if len(refs) != 1:
            return len(refs) > 1
        if not self._makes_many or output.asset is None or value is NO_VALUE:
            return False
        return isinstance(value, Mapping) and list(value) == [refs[0].key]


def _what(step: Step, op: OpDefinition) -> str:
    if step.kind == "check":
        return f"check '{op.name}'"
    if len(step.assets) == 1 and step.kind == "observe":
        return f"observation of '{step.assets[0]}'"
    if len(step.assets) == 1:
        return f"asset '{step.assets[0]}'"
    return f"multi-asset '{op.name}'" if step.assets else f"op '{op.name}'"


def _sole(step: Step) -> NodeOutput | None:
    if len(step.outputs) != 1 or step.kind == "check":
        return None
    only = step.outputs[0]
    return only if only.check is None and not only.is_dynamic else None
