"""Sensors that are called for new materializations of one asset."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nbasset.definitions.catalog_instigators import CatalogSensor, DefaultSensorStatus
from nbasset.definitions.evaluating import items_of
from nbasset.definitions.requests import SkipReason
from nbasset.definitions.sensors import SensorDefinition, SensorEvaluationContext, SensorResult
from nbasset.errors import InvalidDefinitionError, InvariantViolationError
from nbasset.keys import AssetKey
from nbasset.metadata import RawMetadataValue

if TYPE_CHECKING:
    from nbasset.keys import CoercibleToAssetKey

EVENTS_PER_TICK = 100


class AssetSensorDefinition(SensorDefinition):
    """A sensor whose function is called with each new materialization of an asset, oldest first.

    None is left out: what comes between two evaluations is handed over one by one, at most `EVENTS_PER_TICK` at a time, and the cursor
    moves with each, so that ``run_key=context.cursor`` tells them apart. With `latest_only` several collapse into the newest. The first
    evaluation sees the newest that is there.

    >>> made = AssetSensorDefinition("on_orders", "orders", asset_materialization_fn=lambda context, asset_event: None)
    >>> made.to_catalog().monitored
    (AssetKey('orders'),)
    """

    asset_key: AssetKey
    latest_only: bool

    def __init__(
        self,
        name: str | None,
        asset_key: CoercibleToAssetKey,
        job_name: str | None = None,
        *,
        asset_materialization_fn: Callable[..., Any],
        latest_only: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(name, evaluation_fn=asset_materialization_fn, job_name=job_name, leading=("asset_event",), kind="asset", **options)
        object.__setattr__(self, "asset_key", AssetKey.from_coercible(asset_key))
        object.__setattr__(self, "latest_only", latest_only)

    def _evaluate(self, context: SensorEvaluationContext) -> Any:
        records = self._new(context)
        if not records:
            return SkipReason(f"there is no new materialization of '{self.asset_key}'")
        items: list[Any] = []
        before = context.cursor
        for mark, record in records:
            given = items_of(self.function.call(context, record))
            if context.cursor != before or any(isinstance(one, SensorResult) and one.cursor is not None for one in given):
                raise InvariantViolationError(f"sensor '{self.name}' moves its cursor itself, by the materializations it was called for.")
            items.extend(given)
            context.update_cursor(mark)
            before = mark
        return joined(items)

    def _new(self, context: SensorEvaluationContext) -> list[tuple[str, Any]]:
        """New records, oldest first, each with the cursor after it: the number of its entry, and its place there if more follow."""
        if context.cursor is None or self.latest_only:
            newest = context.instance.fetch_materializations(self.asset_key, limit=10).records
            made = [one for one in newest if not is_reused(one)][:1]
            seen, _ = _mark(context.cursor)
            return [(str(one.storage_id), one) for one in made if one.storage_id > seen]
        seq, taken = _mark(context.cursor)
        after = seq - 1 if taken else seq
        page = context.instance.fetch_materializations(self.asset_key, limit=EVENTS_PER_TICK + taken, cursor=str(after), ascending=True)
        found: list[tuple[str, Any]] = []
        place = 0
        for at, record in enumerate(page.records):
            place = place + 1 if at and page.records[at - 1].storage_id == record.storage_id else 1
            if is_reused(record) or (record.storage_id == seq and place <= taken):
                continue
            following = page.records[at + 1].storage_id if at + 1 < len(page.records) else None
            is_last = following != record.storage_id and not (following is None and page.has_more)
            found.append((str(record.storage_id) if is_last else f"{record.storage_id}:{place}", record))
        return found

    def to_catalog(self) -> CatalogSensor:
        """The same as data."""
        return replace(super().to_catalog(), monitored=(self.asset_key,))


def asset_sensor(
    asset_key: CoercibleToAssetKey,
    *,
    job_name: str | None = None,
    name: str | None = None,
    minimum_interval_seconds: int | None = None,
    description: str | None = None,
    job: Any = None,
    jobs: Sequence[Any] | None = None,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    required_resource_keys: set[str] | frozenset[str] | None = None,
    tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, RawMetadataValue] | None = None,
    target: Any = None,
    owners: Sequence[str] | None = None,
    latest_only: bool = False,
) -> Callable[[Callable[..., Any]], AssetSensorDefinition]:
    """Make a sensor of a function that is called with the context and each new materialization of an asset.

    >>> from nbasset import AssetMaterialization, Instance, RunRequest, build_sensor_context
    >>> @asset_sensor("orders", target="report")
    ... def on_orders(context, asset_event):
    ...     return RunRequest(run_key=f"orders {asset_event.storage_id}")
    >>> with Instance.ephemeral() as instance:
    ...     instance.report_runless_asset_event(AssetMaterialization("orders"))
    ...     len(on_orders.evaluate_tick(build_sensor_context(instance)).run_requests)
    1
    """
    if callable(asset_key) and not hasattr(asset_key, "key"):
        raise InvalidDefinitionError('@asset_sensor needs the asset that it watches: @asset_sensor("orders", target=...).')

    def make(fn: Callable[..., Any]) -> AssetSensorDefinition:
        return AssetSensorDefinition(
            name or fn.__name__, asset_key, job_name, asset_materialization_fn=fn, latest_only=latest_only,
            minimum_interval_seconds=minimum_interval_seconds, description=description or (fn.__doc__ or "").strip() or None, job=job,
            jobs=jobs, default_status=default_status, required_resource_keys=required_resource_keys, tags=tags, metadata=metadata,
            target=target, owners=owners,
        )  # fmt: skip

    return make


def joined(items: Sequence[Any]) -> list[Any]:
    """What several calls gave as what one would have: reasons to skip count only where nothing is to run."""
    results = [one for one in items if isinstance(one, SensorResult)]
    skips = [one for one in items if isinstance(one, SkipReason)]
    skips += [one.skip_reason for one in results if one.skip_reason is not None]
    requests = [one for one in items if not isinstance(one, (SensorResult, SkipReason))]
    requests += [request for one in results for request in one.run_requests]
    if not results:
        return requests or ([SkipReason("; ".join(str(one.skip_message) for one in skips))] if skips else [])
    reason = SkipReason("; ".join(str(one.skip_message) for one in skips)) if skips and not requests else None
    partitions = [one for result in results for one in result.dynamic_partitions_requests]
    events = [one for result in results for one in result.asset_events]
    return [SensorResult(requests, reason, None, partitions, events)]


def is_reused(record: Any) -> bool:
    """Whether a re-execution took the materialization over from its parent: then it is not new."""
    return type(record.event).__name__ == "StepReused"


def _mark(cursor: str | None) -> tuple[int, int]:
    """The log entry that a cursor names, and how many of its materializations were handed over; 0 are all."""
    if cursor is None:
        return 0, 0
    seq, _, taken = cursor.partition(":")
    if not seq.isdecimal() or (taken and not taken.isdecimal()):
        raise InvariantViolationError(f"the cursor {cursor!r} of an asset sensor is no number of a log entry. Reset it.")
    return int(seq), int(taken or 0)
