"""What a running function can ask of its partitions, and of those that its inputs were read from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nbasset.definitions.results import DEFAULT_OUTPUT
from nbasset.errors import InvariantViolationError, did_you_mean
from nbasset.keys import AssetKey, PartitionRef
from nbasset.ordinals import OrdinalSet
from nbasset.planning.partition_steps import read_of

if TYPE_CHECKING:
    from nbasset.definitions.partitions import PartitionKeyRange, PartitionsDefinition, TimeWindow
    from nbasset.definitions.specs import AssetDep


class PartitionQuestions:
    """The half of a context that knows partitions.

    Members raise `InvariantViolationError` where there are none, naming what to ask first.
    """

    op_name: str
    instance: Any
    assets_def: Any
    _partitions_def: PartitionsDefinition | None
    _partitions: tuple[PartitionRef, ...]
    _input_partitions: Mapping[str, Any]

    def asset_key_for_input(self, input_name: str) -> AssetKey:
        """The asset that an input is read from; the context knows it."""
        raise InvariantViolationError(f"'{self.op_name}' reads no asset for an input '{input_name}'.")

    @property
    def partition_refs(self) -> tuple[PartitionRef, ...]:
        """The partitions of this call, with their ordinals; empty without."""
        return self._partitions

    @property
    def has_partition_key(self) -> bool:
        """Whether the call is for exactly one partition."""
        return len(self._partitions) == 1

    @property
    def has_partition_key_range(self) -> bool:
        """Whether the call is for several partitions; of one there is `partition_key`, and `partition_key_range` from it to itself."""
        return len(self._partitions) > 1

    @property
    def partition_key(self) -> str:
        """The partition that is being made; for several dimensions it has ``keys_by_dimension``."""
        if len(self._partitions) == 1:
            return self._key(self._partitions[0])
        if not self._partitions:
            raise InvariantViolationError(f"'{self.op_name}' runs without a partition. Ask context.has_partition_key first.")
        raise InvariantViolationError(f"'{self.op_name}' runs for {len(self._partitions)} partitions at once. Use context.partition_keys.")

    @property
    def partition_keys(self) -> list[str]:
        """The partitions that this call makes, in order."""
        if not self._partitions:
            raise InvariantViolationError(f"'{self.op_name}' runs without a partition. Ask context.has_partition_key first.")
        return [self._key(ref) for ref in self._partitions]

    @property
    def partition_key_range(self) -> PartitionKeyRange:
        """First and last of the partitions, both included."""
        from nbasset.definitions.partitions import PartitionKeyRange

        keys = self.partition_keys
        return PartitionKeyRange(keys[0], keys[-1])

    @property
    def partition_time_window(self) -> TimeWindow:
        """From the start of the first partition to the end of the last."""
        return self._window(self._partitions_def, self.partition_keys)

    @property
    def multi_partition_key(self) -> Any:
        """The partition key of several dimensions."""
        key = self.partition_key
        if not hasattr(key, "keys_by_dimension"):
            raise InvariantViolationError(f"'{self.op_name}' is not partitioned by several dimensions; its key is {key!r}.")
        return key

    def asset_partition_key_for_output(self, output_name: str = DEFAULT_OUTPUT) -> str:
        """The partition of the asset that the output is."""
        return self.partition_key

    def asset_partition_keys_for_output(self, output_name: str = DEFAULT_OUTPUT) -> list[str]:
        """The partitions of the asset that the output is."""
        return self.partition_keys

    def asset_partitions_time_window_for_output(self, output_name: str = DEFAULT_OUTPUT) -> TimeWindow:
        """The time window of the asset that the output is."""
        return self.partition_time_window

    def asset_partition_key_range_for_output(self, output_name: str = DEFAULT_OUTPUT) -> PartitionKeyRange:
        """First and last partition of the asset that the output is."""
        return self.partition_key_range

    def asset_partitions_def_for_output(self, output_name: str = DEFAULT_OUTPUT) -> PartitionsDefinition:
        """How the asset that the output is is partitioned."""
        if self._partitions_def is None:
            raise InvariantViolationError(f"'{self.op_name}' is not partitioned. Ask context.has_partition_key first.")
        return self._partitions_def

    def asset_partition_key_range_for_input(self, input_name: str) -> PartitionKeyRange:
        """First and last of the upstream partitions that an input was loaded from."""
        from nbasset.definitions.partitions import PartitionKeyRange

        keys = self.asset_partition_keys_for_input(input_name)
        return PartitionKeyRange(keys[0], keys[-1])

    def asset_partition_keys_for_input(self, input_name: str) -> list[str]:
        """The upstream partitions that an input was loaded from, or, for an asset in `deps`, that belong to this call."""
        if input_name in self._input_partitions:
            return [ref.key for ref in self._input_partitions[input_name]]
        dep = self._dep(input_name)
        upstream = self.instance.partitions_def_of(dep.asset) if dep is not None and self.instance is not None else None
        if dep is None or upstream is None:
            hint = did_you_mean(input_name, self._input_partitions)
            raise InvariantViolationError(f"'{self.op_name}' has no partitioned input '{input_name}'. {hint}".rstrip())
        view = self.instance.partitions_view()
        wanted = OrdinalSet.of(ref.ordinal for ref in self._partitions) if self._partitions_def is not None else None
        read = read_of(dep.partition_mapping, upstream, self._partitions_def, wanted, view)
        keys: list[str] = upstream.keys_of(read.ordinals, view.table)
        return keys

    def _dep(self, input_name: str) -> AssetDep | None:
        """The asset in `deps` that is called so in Python: it orders, and is no input that is loaded."""
        specs = self.assets_def.specs if self.assets_def is not None else ()
        return next((dep for spec in specs for dep in spec.deps if dep.asset.to_python_identifier() == input_name), None)

    def asset_partition_key_for_input(self, input_name: str) -> str:
        """The one upstream partition that an input was loaded from."""
        keys = self.asset_partition_keys_for_input(input_name)
        if len(keys) != 1:
            raise InvariantViolationError(
                f"input '{input_name}' was loaded from {len(keys)} partitions. Use asset_partition_keys_for_input."
            )
        return keys[0]

    def asset_partitions_def_for_input(self, input_name: str) -> PartitionsDefinition:
        """How the asset that an input is read from is partitioned."""
        key = self.asset_key_for_input(input_name)
        found: PartitionsDefinition | None = self.instance.partitions_def_of(key) if self.instance is not None else None
        if found is None:
            raise InvariantViolationError(f"asset '{key}', input '{input_name}' of '{self.op_name}', is not partitioned.")
        return found

    def asset_partitions_time_window_for_input(self, input_name: str) -> TimeWindow:
        """From the start of the first to the end of the last upstream partition that an input was loaded from."""
        return self._window(self.asset_partitions_def_for_input(input_name), self.asset_partition_keys_for_input(input_name))

    def _key(self, ref: PartitionRef) -> str:
        rich = getattr(self._partitions_def, "key_from_text", None)
        return rich(ref.key) if rich is not None else ref.key

    def _window(self, partitions_def: Any, keys: list[str]) -> TimeWindow:
        find = getattr(partitions_def, "time_window_for_partition_key", None)
        if find is None:
            raise InvariantViolationError(f"'{self.op_name}' is not partitioned by time, so there is no time window.")
        first, last = find(keys[0]), find(keys[-1])
        window: TimeWindow = type(first)(first.start, last.end)
        return window
