"""Contexts for calling ops, assets and checks like plain functions: `build_op_context` and its like.

A context takes on the op for each call (`bind`): its name, outputs, assets and config. What the function told it can be asked afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nbasset import clock
from nbasset.definitions.asset import AssetsDefinition
from nbasset.definitions.op import OpDefinition
from nbasset.definitions.partitions import PartitionKeyRange, PartitionsDefinition
from nbasset.definitions.resources_context import InitResourceContext
from nbasset.errors import InvalidInvocationError, InvariantViolationError
from nbasset.execution.capture import get_logger
from nbasset.execution.context import AssetCheckExecutionContext, AssetExecutionContext, OpExecutionContext, RunView, Told
from nbasset.keys import PartitionRef, RunId, new_run_id


class _Direct(OpExecutionContext):
    """What the contexts of direct calls share. Use it in a ``with`` block where resources are to be closed at its end."""

    def __init__(
        self,
        *,
        resources: Mapping[str, Any] | None,
        resources_config: Mapping[str, Any] | None,
        config: Any,
        instance: Any,
        partition_keys: Sequence[str],
        partition_key_range: PartitionKeyRange | None,
        partitions_def: PartitionsDefinition | None,
        mapping_key: str | None,
        run_tags: Mapping[str, str] | None,
        run_id: str | None,
        retry_number: int,
        name: str,
    ) -> None:
        self._given_instance: Any = None
        run = RunView(RunId(run_id) if run_id else new_run_id(), dict(run_tags or {}))
        refs = tuple(PartitionRef(str(key), -1) for key in partition_keys)
        super().__init__(
            name=name, run=run, partitions_def=partitions_def, partitions=refs, config=config, config_value=config, log=get_logger(),
            instance=instance, attempt=retry_number + 1, mapping_key=mapping_key,
        )  # fmt: skip
        self.given_config = config
        self._range = partition_key_range
        self._given_def = partitions_def
        self._scope: Any = None
        self.resources = self._opened(resources, resources_config)
        if partition_key_range is not None and partitions_def is not None:
            self._take_range(partitions_def)

    @property
    def instance(self) -> Any:
        """The instance that the context was built with.

        Raises
        ------
        InvariantViolationError
            If it was built without one.
        """
        if self._given_instance is None:
            raise InvariantViolationError("this context has no instance. Pass one: build_op_context(instance=Instance.ephemeral()).")
        return self._given_instance

    @instance.setter
    def instance(self, value: Any) -> None:
        self._given_instance = value

    def bind(self, op: OpDefinition, owner: AssetsDefinition | None, config: Any) -> _Direct:
        """Take on the op that is about to be called, and forget what was told before."""
        self.op_name = self.step_key = op.name
        self._op = op
        self.told = Told()
        self.started_at = clock.now()
        self.op_config = self.config_value = config
        self.assets_def = owner
        self._outputs = tuple(op.outs)
        if owner is not None:
            self._assets = {output: key for output, key in owner.keys_by_output.items() if owner.selected is None or key in owner.selected}
            self._outputs = tuple(self._assets) or self._outputs
            self.selected_asset_check_keys = frozenset(owner.check_keys)
            self._partitions_def = self._given_def if self._given_def is not None else owner.partitions_def
            if self._range is not None and self._partitions_def is not None:
                self._take_range(self._partitions_def)
            if self._partitions and self._partitions_def is None:
                raise InvalidInvocationError(
                    f"'{op.name}' is not partitioned, but the context was built for partition {self._partitions[0].key!r}. Leave it out."
                )
        return self

    def get_events(self) -> list[Any]:
        """What the last call logged with `log_event`."""
        return list(self.told.events)

    def close(self) -> None:
        """Close the resources that were opened for the context."""
        if self._scope is not None:
            self._scope.close()
            self._scope = None

    def __enter__(self) -> _Direct:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    def _opened(self, resources: Mapping[str, Any] | None, config: Mapping[str, Any] | None) -> Any:
        from nbasset.definitions.resources_open import ResourceScope

        context = InitResourceContext(instance=self._given_instance, run=self.run, log=self.log)
        self._scope = ResourceScope(resources or {}, config, context=lambda: context)
        return self._scope.get(list(resources or {}))

    def _take_range(self, partitions_def: PartitionsDefinition) -> None:
        assert self._range is not None
        keys = partitions_def.get_partition_keys_in_range(self._range)
        self._partitions = tuple(PartitionRef(key, -1) for key in keys)


class DirectOpContext(_Direct):
    """The context of an op that is called directly."""


class DirectAssetContext(_Direct, AssetExecutionContext):
    """The context of an asset that is called directly."""


class DirectAssetCheckContext(_Direct, AssetCheckExecutionContext):
    """The context of an asset check that is called directly."""


def build_op_context(
    resources: Mapping[str, Any] | None = None,
    op_config: Any = None,
    resources_config: Mapping[str, Any] | None = None,
    instance: Any = None,
    config: Any = None,
    partition_key: str | None = None,
    partition_key_range: PartitionKeyRange | None = None,
    mapping_key: str | None = None,
    run_tags: Mapping[str, str] | None = None,
    *,
    partition_keys: Sequence[str] | None = None,
    partitions_def: PartitionsDefinition | None = None,
    run_id: str | None = None,
    retry_number: int = 0,
) -> DirectOpContext:
    """A context for calling an op as a function. Resources given as definitions are opened.

    >>> from nbasset.definitions.op_decorator import op
    >>> @op
    ... def count(context, rows):
    ...     context.add_output_metadata({"rows": len(rows)})
    ...     return len(rows)
    >>> context = build_op_context()
    >>> count(context, [1, 2]), context.get_output_metadata()["rows"].value
    (2, 2)

    Raises
    ------
    InvalidInvocationError
        If arguments contradict each other.
    """
    if config is not None and op_config is not None:
        raise InvalidInvocationError("build_op_context() was given config and op_config. Keep one: they are the same.")
    return DirectOpContext(
        resources=resources, resources_config=resources_config, config=config if config is not None else op_config, instance=instance,
        partition_keys=_keys(partition_key, partition_keys, partition_key_range), partition_key_range=partition_key_range,
        partitions_def=partitions_def, mapping_key=mapping_key, run_tags=run_tags, run_id=run_id, retry_number=retry_number, name="op",
    )  # fmt: skip


def build_asset_context(
    resources: Mapping[str, Any] | None = None,
    resources_config: Mapping[str, Any] | None = None,
    asset_config: Any = None,
    instance: Any = None,
    partition_key: str | None = None,
    partition_key_range: PartitionKeyRange | None = None,
    run_tags: Mapping[str, str] | None = None,
    *,
    config: Any = None,
    partition_keys: Sequence[str] | None = None,
    partitions_def: PartitionsDefinition | None = None,
    run_id: str | None = None,
    retry_number: int = 0,
) -> DirectAssetContext:
    """A context for calling an asset as a function. Its partitions are named here; how it is partitioned, the asset says itself.

    >>> from nbasset.definitions.asset_decorators import asset
    >>> from nbasset.definitions.listed_partitions import StaticPartitionsDefinition
    >>> @asset(partitions_def=StaticPartitionsDefinition(["de", "fr"]))
    ... def sales(context):
    ...     return f"sales of {context.partition_key}"
    >>> sales(build_asset_context(partition_key="fr"))
    'sales of fr'

    Raises
    ------
    InvalidInvocationError
        If arguments contradict each other.
    """
    if config is not None and asset_config is not None:
        raise InvalidInvocationError("build_asset_context() was given config and asset_config. Keep one: they are the same.")
    return DirectAssetContext(
        resources=resources, resources_config=resources_config, config=config if config is not None else asset_config, instance=instance,
        partition_keys=_keys(partition_key, partition_keys, partition_key_range), partition_key_range=partition_key_range,
        partitions_def=partitions_def, mapping_key=None, run_tags=run_tags, run_id=run_id, retry_number=retry_number, name="asset",
    )  # fmt: skip


def build_asset_check_context(
    resources: Mapping[str, Any] | None = None,
    instance: Any = None,
    *,
    config: Any = None,
    partition_key: str | None = None,
    run_tags: Mapping[str, str] | None = None,
) -> DirectAssetCheckContext:
    """A context for calling an asset check as a function.

    >>> from nbasset.definitions.checks import asset_check
    >>> from nbasset.definitions.results import AssetCheckResult
    >>> @asset_check(asset="orders")
    ... def enough(context, orders):
    ...     return AssetCheckResult(len(orders) >= context.resources.least)
    >>> enough(build_asset_check_context(resources={"least": 2}), [1]).passed
    False
    """
    return DirectAssetCheckContext(
        resources=resources, resources_config=None, config=config, instance=instance, partition_keys=_keys(partition_key, None, None),
        partition_key_range=None, partitions_def=None, mapping_key=None, run_tags=run_tags, run_id=None, retry_number=0, name="check",
    )  # fmt: skip


def _keys(key: str | None, keys: Sequence[str] | None, key_range: PartitionKeyRange | None) -> Sequence[str]:
    given = [
        name for name, value in (("partition_key", key), ("partition_keys", keys), ("partition_key_range", key_range)) if value is not None
    ]
    if len(given) > 1:
        raise InvalidInvocationError(f"the context was given {' and '.join(given)}. Keep one: each says which partitions.")
    if isinstance(keys, str):
        raise InvalidInvocationError(f"partition_keys={keys!r}: give a list of keys, [{keys!r}].")
    return [key] if key is not None else list(keys or ())
