"""Events about assets as the schema tells them: what was materialized, what was observed, of which partition, by which run.

The run itself and how its step went are of a higher module, which adds them to these types.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, ClassVar

from nbasset.api.context import ApiContext
from nbasset.api.run_tags import told, told_name
from nbasset.api.wire import Wire, metadata_entries, millis, tags
from nbasset.errors import UnknownPartitionError
from nbasset.events.facts import AssetMaterialized, AssetObserved
from nbasset.events.kinds import Event
from nbasset.events.records import AssetRecord, Entry
from nbasset.events.reducers import facts_of
from nbasset.keys import AssetKey
from nbasset.metadata import MetadataValue
from nbasset.record_filters import AssetRecordsFilter

PAGE = 1000
"""So many events are given at most, whatever was asked for."""


class _AssetEvent:
    """What both have: where in the log it stands, when it was, whose it is. The step is looked up when somebody asks."""

    def __init__(
        self, context: ApiContext, seq: int, at_us: int, run_id: str | None, fact: AssetMaterialized | AssetObserved, event: Event | None
    ) -> None:
        self.context = context
        self.seq = seq
        self.at_us = at_us
        self.run_id = run_id or ""
        self.fact = fact
        self._event = event

    level = "INFO"
    solid_handle_id = None

    @property
    def timestamp(self) -> str:
        return millis(self.at_us)

    @property
    def asset_key(self) -> AssetKey:
        return self.fact.asset

    @property
    def label(self) -> str:
        return str(self.fact.asset)

    @property
    def description(self) -> str | None:
        return self.fact.description

    @property
    def partition(self) -> str | None:
        return self.fact.partition.key if self.fact.partition is not None else None

    @property
    def tags(self) -> list[Wire]:
        return tags(told(self.fact.tags), "EventTag")

    @cached_property
    def step_key(self) -> str | None:
        """The step, if a run told of it."""
        event = self._event
        if event is None and self.seq:
            entry = self.context.reader.entry(self.seq)
            event = entry.event if entry is not None else None
        return getattr(event, "step", None)


class MaterializationEvent(_AssetEvent):
    """That an asset, or a partition of one, was made."""

    typename: ClassVar[str] = "MaterializationEvent"
    event_type = "ASSET_MATERIALIZATION"
    fact: AssetMaterialized

    @property
    def message(self) -> str:
        return f"materialized {_named(self.fact)}"

    @property
    def metadata_entries(self) -> list[Wire]:
        return metadata_entries(facts_and_metadata(self.fact))


class ObservationEvent(_AssetEvent):
    """That something was learned of an asset."""

    typename: ClassVar[str] = "ObservationEvent"
    event_type = "ASSET_OBSERVATION"
    fact: AssetObserved

    @property
    def message(self) -> str:
        return f"observed {_named(self.fact)}"

    @property
    def metadata_entries(self) -> list[Wire]:
        return metadata_entries({told_name(name): value for name, value in self.fact.metadata.items()})


def facts_and_metadata(fact: AssetMaterialized) -> dict[str, Any]:
    """What the user said of a materialization, and what nbasset found out, where the user said nothing of that name.

    Facts have the names that clients know them by (``dagster/row_count``), as tags of runs do.
    """
    found: dict[str, Any] = {}
    if fact.rows is not None:
        found["nbasset/row_count"] = MetadataValue.int(fact.rows)
    if fact.size_bytes is not None:
        found["nbasset/size_bytes"] = MetadataValue.int(fact.size_bytes)
    if fact.uri:
        found["nbasset/uri"] = MetadataValue.url(fact.uri) if "://" in fact.uri else MetadataValue.path(fact.uri)
    return {told_name(name): value for name, value in {**found, **fact.metadata}.items()}


def materialization_of(context: ApiContext, seq: int, event: Event, fact: AssetMaterialized) -> MaterializationEvent:
    """A materialization that stands in an event of the log."""
    return MaterializationEvent(context, seq, event.at_us, getattr(event, "run_id", None), fact, event)


def observation_of(context: ApiContext, seq: int, event: Event, fact: AssetObserved) -> ObservationEvent:
    """An observation that stands in an event of the log."""
    return ObservationEvent(context, seq, event.at_us, getattr(event, "run_id", None), fact, event)


def latest_materialization(context: ApiContext, record: AssetRecord | None) -> MaterializationEvent | None:
    """The newest one, from the record of the asset alone."""
    if record is None or record.materialization is None:
        return None
    return MaterializationEvent(context, record.seq, record.at_us, record.run_id, record.materialization, None)


def materializations(
    context: ApiContext,
    key: AssetKey,
    *,
    partitions: Sequence[str] | None = None,
    before_us: int | None = None,
    after_us: int | None = None,
    limit: int | None = None,
) -> list[MaterializationEvent]:
    """The newest materializations of an asset, newest first; without other conditions one alone is read from its record."""
    most = PAGE if limit is None else max(0, min(limit, PAGE))
    record = context.asset_records.get(key)
    if most == 0 or record is None or record.materialization is None:
        return []
    if most == 1 and partitions is None and before_us is None and after_us is None:
        found = latest_materialization(context, record)
        return [found] if found is not None else []
    wanted = set(partitions) if partitions is not None else None
    told: list[MaterializationEvent] = []
    for entry in _entries(context, key, _only_ordinal(context, key, partitions)):
        if after_us is not None and entry.event.at_us <= after_us:
            break
        if before_us is not None and entry.event.at_us >= before_us:
            continue
        for fact in reversed(facts_of(entry.event)):
            if isinstance(fact, AssetMaterialized) and fact.asset == key and _is_of(fact, wanted):
                told.append(materialization_of(context, entry.seq, entry.event, fact))
                if len(told) == most:
                    return told
    return told


def observations(
    context: ApiContext,
    key: AssetKey,
    *,
    partitions: Sequence[str] | None = None,
    before_us: int | None = None,
    after_us: int | None = None,
    limit: int | None = None,
) -> list[ObservationEvent]:
    """The newest observations of an asset, newest first."""
    most = PAGE if limit is None else max(0, min(limit, PAGE))
    record = context.asset_records.get(key)
    if most == 0 or record is None or record.observation is None:
        return []
    asked = AssetRecordsFilter(
        key, after_timestamp=after_us / 1e6 if after_us is not None else None,
        before_timestamp=before_us / 1e6 if before_us is not None else None, asset_partitions=list(partitions) if partitions else None,
    )  # fmt: skip
    found = context.instance.fetch_observations(asked, limit=most).records
    return [observation_of(context, one.storage_id, one.event, one.fact) for one in found if isinstance(one.fact, AssetObserved)]


def newest_by_partition(context: ApiContext, key: AssetKey, ordinals: Sequence[int | None]) -> list[MaterializationEvent | None]:
    """For each of these partitions its newest materialization; None for one that was never made."""
    table = context.partition_tables.get(key)
    known = dict(zip(table.ordinals, table.version_id, strict=True)) if table is not None else {}
    return [
        _newest(context, key, ordinal) if ordinal in known and table is not None and table.texts[known[ordinal]] else None
        for ordinal in ordinals
    ]


def _newest(context: ApiContext, key: AssetKey, ordinal: int | None) -> MaterializationEvent | None:
    for entry in context.reader.materializations(key, ordinal, limit=1):
        for fact in facts_of(entry.event):
            at = getattr(fact, "partition", None)
            if isinstance(fact, AssetMaterialized) and fact.asset == key and at is not None and at.ordinal == ordinal:
                return materialization_of(context, entry.seq, entry.event, fact)
    return None


def _only_ordinal(context: ApiContext, key: AssetKey, partitions: Sequence[str] | None) -> int | None:
    """The ordinal of the one partition that is asked for: its history is found without that of the others."""
    defined = context.snapshot.assets.get(key)
    definition = defined.asset.partitions_def if defined is not None else None
    if definition is None or partitions is None or len(partitions) != 1:
        return None
    try:
        return definition.ordinal_of(partitions[0], context.view.table)
    except UnknownPartitionError:
        return None


def _entries(context: ApiContext, key: AssetKey, ordinal: int | None) -> Iterator[Entry]:
    before: int | None = None
    while page := context.reader.materializations(key, ordinal, before=before, limit=100):
        yield from page
        before = page[-1].seq


def _is_of(fact: AssetMaterialized, partitions: set[str] | None) -> bool:
    return partitions is None or (fact.partition is not None and fact.partition.key in partitions)


def _named(fact: AssetMaterialized | AssetObserved) -> str:
    return f"{fact.asset}[{fact.partition.key}]" if fact.partition is not None else str(fact.asset)
