"""Sensors that watch several assets at once and keep track of what they have taken in, asset by asset and partition by partition.

Automation conditions say most of this more directly.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from nbasset.dataclass import dataclass
from nbasset.definitions.asset_sensors import is_reused
from nbasset.definitions.catalog_instigators import CatalogSensor, DefaultSensorStatus, SensorExecutionData
from nbasset.definitions.evaluating import items_of
from nbasset.definitions.mappings import infer_mapping
from nbasset.definitions.partitions import PartitionsDefinition, PartitionsView
from nbasset.definitions.schedules import call_by_hand
from nbasset.definitions.selection import AssetSelection
from nbasset.definitions.sensors import SensorDefinition, SensorEvaluationContext
from nbasset.errors import InvalidDefinitionError, InvariantViolationError, did_you_mean
from nbasset.keys import AssetKey
from nbasset.metadata import RawMetadataValue

if TYPE_CHECKING:
    from nbasset.keys import CoercibleToAssetKey

_MOST = 1000


@dataclass(slots=True)
class _Taken:
    """What was taken in of one asset: everything up to `after`, but for the `left` partitions with the entries they were left at."""

    after: int = 0
    left: dict[str, int] = field(default_factory=dict)


class MultiAssetSensorEvaluationContext(SensorEvaluationContext):
    """What a multi-asset sensor's function gets: the records that it has not taken in yet, and ways to take them in.

    A record counts as taken in after `advance_cursor` or `advance_all_cursors`; until then each evaluation sees it again.

    >>> MultiAssetSensorEvaluationContext(monitored_assets=[AssetKey("a")]).asset_keys
    (AssetKey('a'),)
    """

    def __init__(
        self,
        *,
        monitored_assets: Sequence[AssetKey],
        instance: Any = None,
        cursor: str | None = None,
        resources: Mapping[str, Any] | None = None,
        definitions: Any = None,
        sensor_name: str | None = None,
        last_run_key: str | None = None,
        last_tick_completion_time: float | None = None,
        last_sensor_start_time: float | None = None,
        cursor_from_latest_materializations: bool = False,
    ) -> None:
        super().__init__(
            instance=instance, cursor=cursor, resources=resources, definitions=definitions, sensor_name=sensor_name,
            last_run_key=last_run_key, last_tick_completion_time=last_tick_completion_time, last_sensor_start_time=last_sensor_start_time,
        )  # fmt: skip
        self.asset_keys: tuple[AssetKey, ...] = tuple(monitored_assets)
        self._taken = _read_cursor(cursor)
        if cursor is None and cursor_from_latest_materializations:
            self.advance_all_cursors()

    # -- records -----------------------------------------------------------------------------------------------------------

    def latest_materialization_records_by_key(self, asset_keys: Sequence[CoercibleToAssetKey] | None = None) -> dict[AssetKey, Any]:
        """The newest record of each asset, None where there is none that was not taken in."""
        found: dict[AssetKey, Any] = {}
        for key in self._keys(asset_keys):
            records = self.materialization_records_for_key(key)
            found[key] = records[-1] if records else None
        return found

    def materialization_records_for_key(self, asset_key: CoercibleToAssetKey, limit: int | None = None) -> list[Any]:
        """The records of an asset that were not taken in, oldest first."""
        key = self._key(asset_key)
        taken = self._taken.get(key, _Taken())
        first = min([taken.after, *(seq - 1 for seq in taken.left.values())])
        page = self.instance.fetch_materializations(key, limit=_MOST, cursor=str(first), ascending=True).records
        open_ones = {(partition, seq) for partition, seq in taken.left.items()}
        records = [
            one
            for one in page
            if not is_reused(one) and (one.storage_id > taken.after or (one.partition_key or "", one.storage_id) in open_ones)
        ]
        return records if limit is None else records[:limit]

    def latest_materialization_records_by_partition(
        self, asset_key: CoercibleToAssetKey, after_cursor_partition: bool = False
    ) -> dict[str, Any]:
        """The newest record of each partition that was not taken in, oldest first; `after_cursor_partition` leaves out those left over."""
        key = self._key(asset_key)
        taken = self._taken.get(key, _Taken())
        found: dict[str, Any] = {}
        for record in self.materialization_records_for_key(key):
            if record.partition_key is not None and not (after_cursor_partition and record.storage_id <= taken.after):
                found.pop(record.partition_key, None)
                found[record.partition_key] = record
        return found

    def latest_materialization_records_by_partition_and_asset(self) -> dict[str, dict[AssetKey, Any]]:
        """The newest records that were not taken in: by partition, then by asset."""
        found: dict[str, dict[AssetKey, Any]] = {}
        for key in self.asset_keys:
            for partition, record in self.latest_materialization_records_by_partition(key).items():
                found.setdefault(partition, {})[key] = record
        return found

    def get_trailing_unconsumed_events(self, asset_key: CoercibleToAssetKey) -> list[Any]:
        """Records of partitions that were passed over when later ones were taken in."""
        key = self._key(asset_key)
        taken = self._taken.get(key, _Taken())
        return [one for one in self.materialization_records_for_key(key) if one.storage_id <= taken.after]

    # -- taking in ---------------------------------------------------------------------------------------------------------

    def advance_cursor(self, materialization_records_by_key: Mapping[Any, Any]) -> None:
        """These records are taken in. Of a partitioned asset, what lies before one and is of another partition is left open."""
        for asset, record in materialization_records_by_key.items():
            if record is None:
                continue
            key = self._key(asset)
            taken = self._taken.setdefault(key, _Taken())
            for one in self.materialization_records_for_key(key):
                partition = one.partition_key
                if one.storage_id > record.storage_id or partition is None:
                    continue
                if partition == record.partition_key:
                    taken.left.pop(partition, None)
                else:
                    taken.left[partition] = one.storage_id
            taken.after = max(taken.after, record.storage_id)
        self.update_cursor(_write_cursor(self._taken))

    def advance_all_cursors(self) -> None:
        """Everything there is now is taken in."""
        for key in self.asset_keys:
            newest = self.instance.fetch_materializations(key, limit=1).records
            if newest:
                self._taken[key] = _Taken(newest[0].storage_id)
        self.update_cursor(_write_cursor(self._taken))

    # -- partitions --------------------------------------------------------------------------------------------------------

    def all_partitions_materialized(self, asset_key: CoercibleToAssetKey, partitions: Sequence[str] | None = None) -> bool:
        """Whether every partition of an asset, or each of these, was ever made."""
        key = self._key(asset_key)
        definition = self._partitions_def(key)
        made = self.instance.get_materialized_partitions(key, partitions_def=definition)
        wanted = partitions if partitions is not None else definition.keys_of(definition.ordinals(self._view()), self.instance.key_table)
        return set(wanted) <= set(made)

    def get_downstream_partition_keys(
        self, partition_key: str, from_asset_key: CoercibleToAssetKey, to_asset_key: CoercibleToAssetKey
    ) -> list[str]:
        """The partitions of one asset that read a partition of another."""
        source, target = AssetKey.from_coercible(from_asset_key), AssetKey.from_coercible(to_asset_key)
        above, below = self._partitions_def(source), self._partitions_def(target)
        deps = self.definitions.catalog.asset(target).deps
        mapping = next((dep.partition_mapping for dep in deps if dep.asset == source), None) or infer_mapping(above, below)
        view = self._view()
        ordinals = mapping.downstream_of(above.ordinals_of([partition_key], view), above, below, view)
        return below.keys_of(ordinals, view.table)

    def _partitions_def(self, key: AssetKey) -> PartitionsDefinition:
        definition = self.instance.partitions_def_of(key)
        if definition is None and self.has_definitions:
            definition = self.definitions.catalog.asset(key).partitions_def
        if definition is None:
            raise InvariantViolationError(f"'{key}' has no partitions, or this context does not know its definition.")
        found: PartitionsDefinition = definition
        return found

    def _view(self) -> PartitionsView:
        found: PartitionsView = self.instance.partitions_view(None)
        return found

    def _keys(self, asset_keys: Sequence[CoercibleToAssetKey] | None) -> Iterable[AssetKey]:
        return self.asset_keys if asset_keys is None else [self._key(one) for one in asset_keys]

    def _key(self, asset_key: Any) -> AssetKey:
        key = AssetKey.from_coercible(asset_key)
        if key not in self.asset_keys:
            hint = did_you_mean(str(key), map(str, self.asset_keys)) or f"It watches {', '.join(map(str, self.asset_keys))}."
            raise InvariantViolationError(f"sensor '{self.sensor_name}' does not watch '{key}'. {hint}")
        return key


def build_multi_asset_sensor_context(
    *,
    monitored_assets: Sequence[CoercibleToAssetKey] | AssetSelection,
    repository_def: Any = None,
    instance: Any = None,
    cursor: str | None = None,
    repository_name: str | None = None,
    cursor_from_latest_materializations: bool = False,
    resources: Mapping[str, Any] | None = None,
    definitions: Any = None,
    last_sensor_start_time: float | None = None,
) -> MultiAssetSensorEvaluationContext:
    """A context for calling or evaluating a multi-asset sensor by hand.

    With `cursor_from_latest_materializations` everything that is there already counts as taken in.

    >>> build_multi_asset_sensor_context(monitored_assets=["a", "b"]).asset_keys
    (AssetKey('a'), AssetKey('b'))
    """
    known = definitions or repository_def
    return MultiAssetSensorEvaluationContext(
        monitored_assets=_monitored(monitored_assets, known), instance=instance, cursor=cursor, resources=resources, definitions=known,
        sensor_name=repository_name, last_sensor_start_time=last_sensor_start_time,
        cursor_from_latest_materializations=cursor_from_latest_materializations,
    )  # fmt: skip


class MultiAssetSensorDefinition(SensorDefinition):
    """A sensor over several assets; its function gets a `MultiAssetSensorEvaluationContext`.

    >>> MultiAssetSensorDefinition("both", ["a", "b"], asset_materialization_fn=lambda context: None).to_catalog().monitored
    (AssetKey('a'), AssetKey('b'))
    """

    monitored: Any

    def __init__(
        self,
        name: str | None,
        monitored_assets: Sequence[CoercibleToAssetKey] | AssetSelection,
        *,
        asset_materialization_fn: Callable[..., Any],
        request_assets: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(name, evaluation_fn=asset_materialization_fn, asset_selection=request_assets, kind="multi_asset", **options)
        object.__setattr__(self, "monitored", monitored_assets)

    def evaluate_tick(self, context: SensorEvaluationContext) -> SensorExecutionData:
        """What an evaluation asks for. An ordinary sensor context is taken too, and widened.

        Raises
        ------
        InvariantViolationError
            If runs are asked for and nothing was taken in, so that the next evaluation would ask for them again.
        """
        own = context if isinstance(context, MultiAssetSensorEvaluationContext) else self._widened(context)
        own.sensor_name = own.sensor_name or self.name
        items = items_of(self.function.call(own))
        data = self._data(items, own)
        if data.run_requests and not own.cursor_updated:
            raise InvariantViolationError(
                f"sensor '{self.name}' asks for runs and takes nothing in, so it would ask again and again. "
                "Call context.advance_cursor({key: record}) or context.advance_all_cursors()."
            )
        return data

    def _widened(self, context: SensorEvaluationContext) -> MultiAssetSensorEvaluationContext:
        known = context.definitions if context.has_definitions else None
        return MultiAssetSensorEvaluationContext(
            monitored_assets=_monitored(self.monitored, known), instance=context.instance, cursor=context.cursor,
            resources=context._given, definitions=known, sensor_name=self.name, last_run_key=context.last_run_key,
            last_tick_completion_time=context.last_tick_completion_time, last_sensor_start_time=context.last_sensor_start_time,
        )  # fmt: skip

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run its function on a context, as in a test, and give back what it gives back."""
        return call_by_hand(self.function, args, kwargs, "build_multi_asset_sensor_context")

    def to_catalog(self) -> CatalogSensor:
        """The same as data."""
        is_selection = isinstance(self.monitored, AssetSelection)
        monitored = () if is_selection else tuple(AssetKey.from_coercible(one) for one in self.monitored)
        return replace(super().to_catalog(), monitored=monitored, selection=self.monitored if is_selection else None)


def multi_asset_sensor(
    monitored_assets: Sequence[CoercibleToAssetKey] | AssetSelection,
    *,
    job_name: str | None = None,
    name: str | None = None,
    minimum_interval_seconds: int | None = None,
    description: str | None = None,
    job: Any = None,
    jobs: Sequence[Any] | None = None,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    request_assets: Any = None,
    required_resource_keys: set[str] | frozenset[str] | None = None,
    tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, RawMetadataValue] | None = None,
) -> Callable[[Callable[..., Any]], MultiAssetSensorDefinition]:
    """Make a sensor of a function that watches several assets.

    >>> from nbasset import AssetMaterialization, Instance, RunRequest
    >>> @multi_asset_sensor(["a", "b"], request_assets=["both"])
    ... def when_both(context):
    ...     records = context.latest_materialization_records_by_key()
    ...     if all(records.values()):
    ...         context.advance_all_cursors()
    ...         return RunRequest()
    >>> with Instance.ephemeral() as instance:
    ...     for key in ("a", "b"):
    ...         instance.report_runless_asset_event(AssetMaterialization(key))
    ...     context = build_multi_asset_sensor_context(monitored_assets=["a", "b"], instance=instance)
    ...     len(when_both.evaluate_tick(context).run_requests)
    1
    """

    def make(fn: Callable[..., Any]) -> MultiAssetSensorDefinition:
        return MultiAssetSensorDefinition(
            name or fn.__name__, monitored_assets, asset_materialization_fn=fn, request_assets=request_assets, job_name=job_name,
            minimum_interval_seconds=minimum_interval_seconds, description=description or (fn.__doc__ or "").strip() or None, job=job,
            jobs=jobs, default_status=default_status, required_resource_keys=required_resource_keys, tags=tags, metadata=metadata,
        )  # fmt: skip

    return make


def _monitored(monitored: Any, definitions: Any) -> tuple[AssetKey, ...]:
    if isinstance(monitored, AssetSelection):
        if definitions is None:
            raise InvalidDefinitionError("which assets a selection means is known only with the definitions: pass definitions=...")
        return tuple(sorted(monitored.resolve(definitions.catalog)))
    return tuple(AssetKey.from_coercible(one) for one in monitored)


def _read_cursor(cursor: str | None) -> dict[AssetKey, _Taken]:
    if cursor is None:
        return {}
    try:
        data = json.loads(cursor)
        return {AssetKey.from_user_string(key): _Taken(int(after), dict(left)) for key, (after, left) in data.items()}
    except (ValueError, TypeError, AttributeError):
        raise InvariantViolationError(f"the cursor {cursor!r:.60} of a multi-asset sensor cannot be read. Reset it.") from None


def _write_cursor(taken: Mapping[AssetKey, _Taken]) -> str:
    return json.dumps({str(key): [one.after, one.left] for key, one in sorted(taken.items())}, separators=(",", ":"))
