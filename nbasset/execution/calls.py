"""What all calls of one function have in common in a run, whatever their partition: found for the first step, used by all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from nbasset.definitions.asset import AssetsDefinition
from nbasset.definitions.catalog import NodeOutput
from nbasset.definitions.op import OpDefinition
from nbasset.definitions.results import NO_VALUE
from nbasset.definitions.value_types import Nothing, Type, resolve_type
from nbasset.execution.environment import StepEnvironment
from nbasset.execution.input_slots import InputSlot, simple_class, slot_of
from nbasset.keys import PartitionRef
from nbasset.planning.plan import Step, StepInput


class Shared:
    """What calls of one run have in common: their surroundings, I/O managers by key, and what is known of inputs of a name.

    `opens` gives the resources of a call.
    """

    __slots__ = ("environment", "managers", "opens", "slots")

    def __init__(self, environment: StepEnvironment, opens: Callable[[Call, Step, Collection[str]], Any]) -> None:
        self.environment = environment
        self.opens = opens
        self.managers: dict[str, Any] = {}
        self.slots: dict[str, InputSlot] = {}


class Call:
    """One function as the steps of one node call it.

    Nothing but the function is looked at before somebody asks: of a step that runs once, most is never asked. `shared` is what all calls of
    the run have in common.
    """

    __slots__ = (
        "_resources", "_shared", "_step", "_types", "is_bare", "managers", "node", "op", "outputs", "owner", "slots", "sole",
        "sole_exactly",
    )  # fmt: skip

    def __init__(self, owner: AssetsDefinition | None, op: OpDefinition, step: Step, shared: Shared) -> None:
        self.owner = owner
        self.op = op
        self.node = step.node
        self.outputs = step.outputs
        self.sole = _sole(step)
        """The output that a bare value is for; None where something else has to be said of it."""
        out = op.outs.get(self.sole.name) if self.sole is not None else None
        self.sole_exactly = simple_class(out.value_type) if out is not None else None
        """The class of its values that need no check."""
        self.is_bare = op.config_schema is None and not op.hooks and not op.required_resource_keys and not op.parameters.resources
        """Whether it takes nothing of its surroundings."""
        self._step = step
        self._resources: Any = None
        self.slots: dict[str, InputSlot] = _NO_SLOTS
        """What was found of its inputs; see `slot`."""
        self._types: dict[str, Type] | None = None
        self._shared = shared
        self.managers = shared.managers if owner is None or not owner.resource_defs else {}
        """I/O managers that were asked for, by key; `manager` finds the others."""

    @property
    def what(self) -> str:
        """How errors name it."""
        return _what(self._step, self.op)

    @property
    def annotated_none(self) -> bool:
        """Whether it says that it returns nothing."""
        if self.owner is not None and self.owner.returns_nothing:
            return True
        returns = self.op.parameters.returns
        return returns is None or returns is Nothing or returns is type(None)

    @property
    def manager_keys(self) -> set[str]:
        """The keys that its values go through, and of what else loads them."""
        found = {output.manager for output in self.outputs}
        for item in self._step.leaves():
            slot = self.slot(item)
            if item.asset is not None and slot.manager is not None:
                found.add(slot.manager)
            else:
                found |= slot.managers(item)
        return found

    @property
    def resources(self) -> Any:
        """The resources that it asks for and the I/O managers among them, opened when somebody first looks."""
        if self._resources is None:
            self.open(())
        return self._resources

    def open(self, also: Collection[str]) -> None:
        """Open its resources, and those `also` wanted by its hooks."""
        if self._resources is None:
            self._resources = self._shared.opens(self, self._step, also)

    def slot(self, item: StepInput) -> InputSlot:
        """What is known of an input."""
        return self.slots.get(item.name) or self.new_slot(item)

    def new_slot(self, item: StepInput) -> InputSlot:
        """The same of an input that is not among `slots` yet."""
        if self.slots is _NO_SLOTS:
            self.slots = {}
        found = self.slots[item.name] = self.looked_up(item)
        return found

    def looked_up(self, item: StepInput) -> InputSlot:
        """The same for once, not kept."""
        return slot_of(item, self.op, self.owner, self._shared.environment, self._shared.slots)

    def manager(self, key: str) -> Any:
        """The I/O manager under a key: the resource that was opened for the call, else the built-in one."""
        found = self.managers.get(key)
        if found is None:
            resources = self.resources
            found = self.managers[key] = resources[key] if key in resources else self._shared.environment.manager(key)
        return found

    def type_of(self, place: str, declared: Any) -> Type:
        """The type that is declared at a place."""
        if self._types is None:
            self._types = {}
        found = self._types.get(place)
        if found is None:
            found = self._types[place] = resolve_type(declared, getattr(self.op.fn, "__globals__", None))
        return found

    def staging_key(self, output: NodeOutput) -> str:
        """How the run finds the I/O manager that an output went to: by its key, or as ``node/key`` where the node has one for itself."""
        owner = self.owner
        return f"{owner.name}/{output.manager}" if owner is not None and output.manager in owner.resource_defs else output.manager

    def is_split(self, value: Any, output: NodeOutput, refs: tuple[PartitionRef, ...]) -> bool:
        """Whether a value has an entry for each partition: also for one, of a function that makes many and returned its dict by key."""
        if len(refs) != 1:
            return len(refs) > 1
        policy = self.owner.backfill_policy if self.owner is not None else None
        makes_many = policy is not None and policy.max_partitions_per_run != 1
        if not makes_many or output.asset is None or value is NO_VALUE:
            return False
        return isinstance(value, Mapping) and list(value) == [refs[0].key]


_NO_SLOTS: dict[str, InputSlot] = {}


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
