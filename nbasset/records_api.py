"""What happened, asked and told under the names that users of the field know: the reading and reporting half of `Instance`.

Everything here is a thin face over `storage.protocol`. Reading never creates a store: a home without one answers as an empty one does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from nbasset import clock
from nbasset.definitions.results import AssetCheckEvaluation, AssetCheckResult, AssetMaterialization, AssetObservation, DataVersion
from nbasset.errors import InvalidInvocationError, UnknownPartitionError
from nbasset.events.facts import AssetMaterialized, AssetObserved, CheckEvaluated, CheckKey, Fact
from nbasset.events.kinds import AssetReported, AssetRolledBack, AssetWiped, Event, PartitionsAdded, PartitionsDeleted
from nbasset.events.records import AssetRecord, CheckRecord, Entry, Status
from nbasset.keys import AssetKey, PartitionRef, RunId
from nbasset.ordinals import OrdinalSet
from nbasset.record_filters import (
    AssetPartitionStatus,
    AssetRecordsFilter,
    DataProvenance,
    EventRecord,
    EventRecordsFilter,
    EventRecordsResult,
    EventType,
)
from nbasset.runs_api import RunsApi
from nbasset.storage.protocol import StorageReader

if TYPE_CHECKING:
    from nbasset.definitions.catalog import Catalog
    from nbasset.definitions.partitions import PartitionsDefinition
    from nbasset.keys import CoercibleToAssetKey

_PAGE = 500


class RecordsApi(RunsApi):
    """Questions to the records of a home and reports from outside. `Instance` adds where they are kept."""

    def __init__(self) -> None:
        super().__init__()
        self._partitions_defs: dict[AssetKey, PartitionsDefinition] = {}

    def know(self, catalog: Catalog) -> None:
        """Remember how assets are partitioned, so that partitions can be named by their keys here."""
        self._partitions_defs.update(catalog.partitions_defs)

    def partitions_def_of(self, asset_key: CoercibleToAssetKey) -> PartitionsDefinition | None:
        """How an asset is partitioned, as far as its definition was loaded here; None without partitions or a definition."""
        return self._partitions_defs.get(AssetKey.from_coercible(asset_key))

    # -- events ------------------------------------------------------------------------------------------------------------

    def all_logs(self, run_id: str, of_type: EventType | str | type | Collection[EventType] | None = None) -> list[Event]:
        """All events of a run in order; those of a class, or with a fact of one, if asked; of several types, if a set of them is given."""
        several = isinstance(of_type, Collection) and not isinstance(of_type, str)
        wanted = {_type_name(one) for one in of_type} if several else {_type_name(of_type)}  # type: ignore[union-attr,arg-type]
        events = [entry.event for entry in self._entries(run=RunId(run_id))]
        return [event for event in events if of_type is None or wanted & {type(one).__name__ for one in (event, *_facts(event))}]

    def get_event_records(
        self, event_records_filter: EventRecordsFilter | None = None, limit: int | None = None, ascending: bool = False
    ) -> list[EventRecord]:
        """Events that pass the filter, newest first unless `ascending`."""
        asked = event_records_filter or EventRecordsFilter()
        wanted = _type_name(asked.event_type)
        found: list[EventRecord] = []
        for entry in self._entries(asset=asked.asset_key, after=asked.after_cursor or 0):
            if asked.before_cursor is not None and entry.seq >= asked.before_cursor:
                break
            facts = _facts(entry.event)
            if wanted is None or type(entry.event).__name__ == wanted:
                found.append(EventRecord(entry.seq, entry.event, facts[0] if len(facts) == 1 else None))
            else:
                found.extend(EventRecord(entry.seq, entry.event, fact) for fact in facts if type(fact).__name__ == wanted)
            if ascending and limit is not None and len(found) >= limit and not (asked.asset_partitions or asked.after_timestamp):
                break
        after, before = asked.after_timestamp or 0, asked.before_timestamp or float("inf")
        found = [one for one in found if after < one.timestamp < before and _concerns(one, asked.asset_key, asked.asset_partitions)]
        return _limited(found, limit, ascending)

    def fetch_materializations(
        self, records_filter: CoercibleToAssetKey | AssetRecordsFilter, limit: int = 100, cursor: str | None = None, ascending: bool = False
    ) -> EventRecordsResult:
        """Materializations of an asset, newest first unless `ascending`."""
        return self._fetch(records_filter, limit, cursor, ascending, AssetMaterialized)

    def fetch_observations(
        self, records_filter: CoercibleToAssetKey | AssetRecordsFilter, limit: int = 100, cursor: str | None = None, ascending: bool = False
    ) -> EventRecordsResult:
        """Observations of an asset, newest first unless `ascending`."""
        return self._fetch(records_filter, limit, cursor, ascending, AssetObserved)

    def get_latest_materialization_event(self, asset_key: CoercibleToAssetKey) -> EventRecord | None:
        """The newest materialization of the asset, of whatever partition."""
        records = self.fetch_materializations(AssetKey.from_coercible(asset_key), limit=1).records
        return records[0] if records else None

    def get_latest_check_evaluation(self, asset_check_key: CheckKey, partition_key: str | None = None) -> CheckRecord | None:
        """The newest verdict of a check, or that on one partition; None without one."""
        if partition_key is None:
            return self.reader.checks([asset_check_key.asset]).get(asset_check_key)
        found = verdicts_by_partition(self.reader, asset_check_key).values()
        return next((one for one in found if one.evaluation.partition and one.evaluation.partition.key == partition_key), None)

    def get_asset_check_execution_history(
        self, asset_check_key: CheckKey, limit: int = 100, cursor: int | None = None, partition_key: str | None = None
    ) -> list[CheckRecord]:
        """Verdicts of a check, newest first; on one partition, if it is named. `cursor` is the number of the verdict to go on after."""
        found: list[CheckRecord] = []
        for record in _verdicts(self.reader, asset_check_key, before=cursor):
            ref = record.evaluation.partition
            if partition_key is None or (ref is not None and ref.key == partition_key):
                found.append(record)
            if len(found) == limit:
                break
        return found

    # -- assets ------------------------------------------------------------------------------------------------------------

    def get_asset_keys(self, prefix: Sequence[str] | str = (), limit: int | None = None, cursor: str | None = None) -> list[AssetKey]:
        """Keys of all assets that had an event, in order; those of which all was given up are absent."""
        text = prefix if isinstance(prefix, str) else "/".join(prefix)
        keys = [key for key in self.reader.assets(prefix=text, limit=1_000_000) if cursor is None or str(key) > cursor]
        known = self.reader.latest(keys)
        return [key for key in keys if key in known and known[key].has_anything][:limit]

    def has_asset_key(self, asset_key: CoercibleToAssetKey) -> bool:
        """Whether the asset had an event, and not all was given up since."""
        return bool(self.get_asset_records([asset_key]))

    def get_asset_records(self, asset_keys: Iterable[CoercibleToAssetKey] | None = None) -> list[AssetRecord]:
        """The newest state of these assets, of all without a list; assets without events are absent."""
        keys = self.reader.assets(limit=1_000_000) if asset_keys is None else [AssetKey.from_coercible(key) for key in asset_keys]
        return [record for record in self.reader.latest(keys).values() if record.has_anything]

    def get_provenance(self, asset_key: CoercibleToAssetKey) -> DataProvenance | None:
        """What the newest version was made from; None without one."""
        key = AssetKey.from_coercible(asset_key)
        record = self.reader.latest([key]).get(key)
        made = record.materialization if record is not None else None
        if made is None:
            return None
        return DataProvenance(
            made.code_version,
            {used.asset: DataVersion(used.digest) for used in made.inputs},
            {used.asset: used.as_of_seq for used in made.inputs},
        )

    def get_materialized_partitions(
        self, asset_key: CoercibleToAssetKey, *, partitions_def: PartitionsDefinition | None = None
    ) -> set[str]:
        """Keys of the partitions that were made, also if the last attempt at one failed."""
        key = AssetKey.from_coercible(asset_key)
        table = self.reader.partitions(key)
        rows = zip(table.ordinals, table.status, table.version_id, strict=True)
        done = OrdinalSet.of(ordinal for ordinal, status, version in rows if status == Status.MATERIALIZED or table.texts[version])
        return set(self._keys_of(key, done, partitions_def))

    def get_status_by_partition(
        self, asset_key: CoercibleToAssetKey, partition_keys: Sequence[str], partitions_def: PartitionsDefinition | None = None
    ) -> dict[str, AssetPartitionStatus | None]:
        """What is known of each of these partitions; None for one that never ran. Runs that are not over count as in progress."""
        key = AssetKey.from_coercible(asset_key)
        table = self.reader.partitions(key)
        names = {Status.MATERIALIZED: AssetPartitionStatus.MATERIALIZED, Status.FAILED: AssetPartitionStatus.FAILED}
        known = {ordinal: names.get(Status(status)) for ordinal, status in zip(table.ordinals, table.status, strict=True)}
        running = [
            target.partitions for run in self.reader.active_runs() for target in run.targets if target.asset == key and target.partitions
        ]
        refs = self._refs(key, partition_keys, partitions_def)
        return {
            ref.key: AssetPartitionStatus.IN_PROGRESS if any(ref.ordinal in one for one in running) else known.get(ref.ordinal)
            for ref in refs
        }

    def wipe_assets(self, asset_keys: Iterable[CoercibleToAssetKey]) -> None:
        """Give up the records of these assets, as if they had never been made. The files stay."""
        self._report([AssetWiped(clock.now_us(), AssetKey.from_coercible(key)) for key in asset_keys])

    def wipe_asset_partitions(
        self, asset_key: CoercibleToAssetKey, partition_keys: Sequence[str], *, partitions_def: PartitionsDefinition | None = None
    ) -> None:
        """Give up the records of these partitions. The files stay."""
        key = AssetKey.from_coercible(asset_key)
        refs = self._refs(key, partition_keys, partitions_def)
        self._report([AssetWiped(clock.now_us(), key, OrdinalSet.of(ref.ordinal for ref in refs))])

    def report_runless_asset_event(
        self,
        asset_event: AssetMaterialization | AssetObservation | AssetCheckEvaluation | AssetCheckResult | CheckEvaluated,
        *,
        partitions_def: PartitionsDefinition | None = None,
    ) -> None:
        """Tell of an asset that something outside made, looked at or checked.

        Raises
        ------
        InvalidInvocationError
            If it is none of these, or a check result without asset and name.
        """
        self._report([AssetReported(clock.now_us(), self._reported(asset_event, partitions_def))])

    # -- dynamic partitions ------------------------------------------------------------------------------------------------

    def get_dynamic_partitions(self, partitions_def_name: str) -> list[str]:
        """All keys of this name, in the order they were added."""
        return [ref.key for ref in self.reader.dynamic_keys(partitions_def_name)]

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Whether the key is among them."""
        return partition_key in self.get_dynamic_partitions(partitions_def_name)

    def add_dynamic_partitions(self, partitions_def_name: str, partition_keys: Sequence[str]) -> None:
        """Add keys; those that are there already change nothing."""
        if isinstance(partition_keys, str):
            raise InvalidInvocationError(f"partition_keys={partition_keys!r}: give a list of keys, [{partition_keys!r}].")
        known = set(self.get_dynamic_partitions(partitions_def_name))
        new = [key for key in dict.fromkeys(partition_keys) if key not in known]
        if new:
            refs = [PartitionRef(key, ordinal) for key, ordinal in zip(new, self.storage.key_table.ordinals(new), strict=True)]
            self._report([PartitionsAdded(clock.now_us(), partitions_def_name, tuple(refs))])

    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        """Remove a key; data and history stay. A key that is not there changes nothing."""
        gone = tuple(ref for ref in self.reader.dynamic_keys(partitions_def_name) if ref.key == partition_key)
        if gone:
            self._report([PartitionsDeleted(clock.now_us(), partitions_def_name, gone)])

    # -- helpers -----------------------------------------------------------------------------------------------------------

    def _report(self, events: Sequence[Event]) -> None:
        if events:
            self.storage.append(events, flush=True)

    def _entries(self, *, run: RunId | None = None, asset: AssetKey | None = None, after: int = 0) -> Iterator[Entry]:
        while page := self.reader.entries(after=after, run=run, asset=asset, limit=_PAGE):
            yield from page
            after = page[-1].seq

    def _fetch(
        self, records_filter: Any, limit: int, cursor: str | None, ascending: bool, kind: type[AssetMaterialized] | type[AssetObserved]
    ) -> EventRecordsResult:
        asked = records_filter if isinstance(records_filter, AssetRecordsFilter) else AssetRecordsFilter(_key(records_filter))
        found: list[EventRecord] = []
        for entry in self._history(asked, kind, ascending, int(cursor) if cursor else None):
            matching = [fact for fact in _facts(entry.event) if isinstance(fact, kind)]
            records = [EventRecord(entry.seq, entry.event, fact) for fact in matching]
            found.extend(one for one in records if _passes(one, asked))
            if len(found) > limit:
                break
        more = len(found) > limit
        found = found[:limit]
        return EventRecordsResult(tuple(found), str(found[-1].storage_id) if found else cursor or "", more)

    def _history(self, asked: AssetRecordsFilter, kind: type, ascending: bool, cursor: int | None) -> Iterator[Entry]:
        if ascending or kind is AssetObserved:
            entries = list(self._entries(asset=asked.asset_key, after=cursor or 0 if ascending else 0))
            yield from entries if ascending else (one for one in reversed(entries) if cursor is None or one.seq < cursor)
            return
        before = cursor
        while page := self.reader.materializations(asked.asset_key, None, before=before, limit=100):
            yield from page
            before = page[-1].seq

    def _reported(self, event: Any, partitions_def: PartitionsDefinition | None) -> AssetMaterialized | AssetObserved | CheckEvaluated:
        if isinstance(event, CheckEvaluated):
            return event
        if isinstance(event, AssetCheckEvaluation):
            ref = self._refs(event.asset_key, [event.partition], partitions_def)[0] if event.partition is not None else None
            return CheckEvaluated(
                event.key, event.passed, event.severity, event.blocking, ref, metadata=event.metadata, description=event.description
            )  # fmt: skip
        if isinstance(event, AssetCheckResult):
            if event.key is None:
                raise InvalidInvocationError("a reported check result needs asset_key and check_name, since no check says them here.")
            return CheckEvaluated(
                event.key, event.passed, event.severity, metadata=event.metadata, description=event.description
            )  # fmt: skip
        if not isinstance(event, (AssetMaterialization, AssetObservation)):
            raise InvalidInvocationError(
                f"{event!r:.60} cannot be reported. Give an AssetMaterialization, an AssetObservation or an AssetCheckEvaluation."
            )
        ref = self._refs(event.asset_key, [event.partition], partitions_def)[0] if event.partition is not None else None
        version = event.tags.get("nbasset/data_version", "")
        kind = AssetMaterialized if isinstance(event, AssetMaterialization) else AssetObserved
        return kind(
            event.asset_key, ref, data_version=version, metadata=event.metadata, tags=event.tags, description=event.description
        )  # fmt: skip

    def _refs(self, key: AssetKey, partition_keys: Sequence[str], given: PartitionsDefinition | None) -> list[PartitionRef]:
        """Keys with their ordinals: by the definition if it is known, else by what was recorded under the keys."""
        partitions_def = given or self._partitions_defs.get(key)
        if partitions_def is not None:
            table = self.storage.key_table
            return [PartitionRef(one, partitions_def.ordinal_of(one, table)) for one in partition_keys]
        recorded = self._recorded(key, lambda ref: ref.key in partition_keys, len(set(partition_keys)))
        by_key = {ref.key: ref for ref in recorded}
        for one in partition_keys:
            if one not in by_key:
                raise UnknownPartitionError(
                    f"nothing was ever recorded for the partition {one!r} of '{key}', and its definition is not loaded here. "
                    "Say how it is partitioned: partitions_def=..."
                )
        return [by_key[one] for one in partition_keys]

    def _keys_of(self, key: AssetKey, ordinals: OrdinalSet, given: PartitionsDefinition | None) -> Collection[str]:
        partitions_def = given or self._partitions_defs.get(key)
        if partitions_def is not None:
            return partitions_def.keys_of(ordinals, self.storage.key_table) if ordinals else []
        return [ref.key for ref in self._recorded(key, lambda ref: ref.ordinal in ordinals, len(ordinals))]

    def _recorded(self, key: AssetKey, wanted: Any, at_most: int) -> set[PartitionRef]:
        found: set[PartitionRef] = set()
        for entry in self._entries(asset=key):
            for fact in _facts(entry.event):
                ref = getattr(fact, "partition", None)
                if ref is not None and getattr(fact, "asset", None) == key and wanted(ref):
                    found.add(ref)
            if len(found) >= at_most:
                break
        return found


def verdicts_by_partition(reader: StorageReader, check: CheckKey) -> dict[int, CheckRecord]:
    """The newest verdict of a check on each partition, by ordinal: read from its history, so as costly as that is long."""
    found: dict[int, CheckRecord] = {}
    for record in _verdicts(reader, check):
        ref = record.evaluation.partition
        if ref is not None:
            found.setdefault(ref.ordinal, record)
    return found


def _verdicts(reader: StorageReader, check: CheckKey, *, before: int | None = None) -> Iterator[CheckRecord]:
    while page := reader.check_history(check, before=before, limit=_PAGE):
        for entry in page:
            run_id = getattr(entry.event, "run_id", None)
            for fact in reversed(_facts(entry.event)):
                if isinstance(fact, CheckEvaluated) and fact.check == check:
                    yield CheckRecord(check, entry.seq, entry.event.at_us, run_id, fact)
        before = page[-1].seq


def _facts(event: Event) -> tuple[Fact, ...]:
    if isinstance(event, AssetReported):
        return (event.fact,)
    if isinstance(event, AssetRolledBack):
        return (event.materialization,)
    facts: tuple[Fact, ...] = getattr(event, "facts", ())
    return facts


def _passes(record: EventRecord, asked: AssetRecordsFilter) -> bool:
    after, before = asked.after_timestamp, asked.before_timestamp
    return (
        _concerns(record, asked.asset_key, asked.asset_partitions)
        and (after is None or record.timestamp > after)
        and (before is None or record.timestamp < before)
        and (asked.after_storage_id is None or record.storage_id > asked.after_storage_id)
        and (asked.before_storage_id is None or record.storage_id < asked.before_storage_id)
    )


def _concerns(record: EventRecord, key: AssetKey | None, partitions: Sequence[str] | None) -> bool:
    if record.fact is None:
        return partitions is None
    about = record.asset_key
    return (key is None or about is None or about == key) and (partitions is None or record.partition_key in partitions)


def _limited(found: list[EventRecord], limit: int | None, ascending: bool) -> list[EventRecord]:
    ordered = found if ascending else found[::-1]
    return ordered if limit is None else ordered[:limit]


def _type_name(kind: EventType | str | type | None) -> str | None:
    if isinstance(kind, EventType):
        return kind.recorded
    return kind.__name__ if isinstance(kind, type) else kind


def _key(value: Any) -> AssetKey:
    return AssetKey.from_coercible(value)
