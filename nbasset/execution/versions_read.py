"""Which versions a run reads: the records as they were when first asked, and over them whatever the run itself has made since."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

from nbasset.definitions.catalog import Catalog
from nbasset.definitions.partitions import PartitionsView
from nbasset.events.facts import AssetMaterialized, InputUsed
from nbasset.events.records import PartitionTable
from nbasset.events.reducers import data_version_of
from nbasset.execution.task import InputVersions
from nbasset.keys import AssetKey, PartitionRef
from nbasset.ordinals import OrdinalSet
from nbasset.planning.plan import Step, StepInput
from nbasset.storage.protocol import StorageReader

Version = tuple[str, str, str]
"""(version id, data version, input digest) of one asset or partition."""


class VersionsRead:
    """One run's view of the versions of assets. Each asset's records are read once, when a step first needs them.

    `number` gives the number of what the run itself wrote, by its place in the run's log.
    """

    def __init__(
        self, storage: StorageReader, catalog: Catalog, view: PartitionsView, *, number: Callable[[int], int] = lambda place: 0
    ) -> None:  # fmt: skip
        self.storage = storage
        self.catalog = catalog
        self.view = view
        self._whole: dict[AssetKey, Version | None] = {}
        self._cut: set[AssetKey] = set()
        self._parts: dict[AssetKey, _Partitions] = {}
        self._seq: dict[AssetKey, int] = {}
        self._places: dict[AssetKey, int] = {}
        self._number = number
        self._made: dict[tuple[AssetKey, int], Version] = {}
        self.known_used: dict[AssetKey, InputUsed] = {}
        self._inputs: dict[AssetKey, InputVersions] = {}
        self._refs: dict[tuple[int, OrdinalSet], tuple[PartitionRef, ...]] = {}  # by identity of the definition, which the catalog keeps

    def current(self, asset: AssetKey, ordinal: int | None) -> Version | None:
        """The newest version, or None when there is none."""
        if ordinal is None:
            if asset not in self._whole:
                self._read_whole(asset)
            return self._whole[asset]
        return self._made.get((asset, ordinal)) or self._partitions(asset).get(ordinal)

    def as_of(self, asset: AssetKey, *, is_partitioned: bool) -> int:
        """The last entry about the asset that the run has seen; of one that has no number yet, its place (`RunLog.as_of`)."""
        if asset in self._places:
            return self._number(self._places[asset])
        if is_partitioned:
            self._partitions(asset)
        else:
            self.current(asset, None)
        return self._seq.get(asset, 0)

    def note(self, fact: AssetMaterialized, place: int) -> None:
        """The run made this version, with the event at a place of its log."""
        version = (fact.version_id, fact.data_version, fact.input_digest)
        self.known_used.pop(fact.asset, None)
        if fact.partition is None:
            self._whole[fact.asset] = version
            self._cut.discard(fact.asset)
            self._inputs.pop(fact.asset, None)
        else:
            self._made[fact.asset, fact.partition.ordinal] = version
        self._places[fact.asset] = place

    def used(self, asset: AssetKey) -> InputUsed:
        """What is read of an asset without partitions as it is now: one object for all that read it until it is made again."""
        version = self.current(asset, None)
        place = self.as_of(asset, is_partitioned=False)
        found = self.known_used[asset] = InputUsed(asset, None, version[1] if version else "", place)
        return found

    def refs(self, asset: AssetKey, partitions: OrdinalSet | None) -> tuple[PartitionRef, ...]:
        """Keys and ordinals of some partitions of an asset, in the order of its definition."""
        if not partitions:
            return ()
        definition = self.catalog.asset(asset).partitions_def
        if definition is None:
            return ()
        place = (id(definition), partitions)
        found = self._refs.get(place)
        if found is None:
            found = self._refs[place] = definition.refs_of(partitions, self.view.table)
        return found

    def of_inputs(self, step: Step) -> tuple[InputVersions, ...]:
        """What each asset input of a step reads. Order-only dependencies are not inputs."""
        found, known = [], self._inputs
        for item in step.leaves():
            if item.kind == "asset" and item.asset is not None:
                one = known.get(item.asset) if item.partitions is None else None  # most readers of an asset call it by the same name
                found.append(one if one is not None and one.name == item.name else self._of_input(item))
        return tuple(found)

    def _of_input(self, item: StepInput) -> InputVersions:
        asset = item.asset
        assert asset is not None
        if item.partitions is None:
            found = self.current(asset, None)
            ids = (found[0],) if found else ()
            data = (found[1],) if found else ()
            made = self._inputs[asset] = InputVersions(item.name, asset, (), ids, data, found is not None, is_cut=asset in self._cut)
            return made
        refs = self.refs(asset, item.partitions)
        versions = [self.current(asset, ref.ordinal) for ref in refs]
        return InputVersions(
            item.name,
            asset,
            refs,
            tuple([version[0] if version else "" for version in versions]),
            tuple([version[1] if version else "" for version in versions]),
            any(versions),
        )

    def _read_whole(self, asset: AssetKey) -> None:
        record = self.storage.latest([asset]).get(asset)
        made = record.materialization if record is not None else None
        data = data_version_of(record)
        self._seq[asset] = max(record.seq, record.changed_seq) if record is not None else 0
        if made is not None and made.partition is not None and made.version_id:
            self._cut.add(asset)
        if made is not None and made.partition is None:
            self._whole[asset] = (made.version_id, data, made.input_digest)
        else:
            self._whole[asset] = ("", data, "") if data else None

    def _partitions(self, asset: AssetKey) -> _Partitions:
        found = self._parts.get(asset)
        if found is None:
            table = self.storage.partitions(asset)
            found = self._parts[asset] = _Partitions(table)
            self._seq[asset] = max(max(table.seq, default=0), max(table.changed_seq, default=0))
        return found


class _Partitions:
    """Versions of the partitions of one asset by a table, of which only the rows that are asked for are read."""

    __slots__ = ("_rows", "_starts", "_table")

    def __init__(self, table: PartitionTable) -> None:
        self._table = table
        self._starts = [start for start, _ in table.ordinals.runs]
        self._rows: list[int] = []
        row = 0
        for start, stop in table.ordinals.runs:
            self._rows.append(row)
            row += stop - start

    def get(self, ordinal: int) -> Version | None:
        """The newest version; None when nothing is known."""
        at = bisect_right(self._starts, ordinal) - 1
        table = self._table
        if at < 0 or ordinal >= table.ordinals.runs[at][1]:
            return None
        row = self._rows[at] + ordinal - self._starts[at]
        texts = table.texts
        version, data = texts[table.version_id[row]], texts[table.data_version[row]]
        return (version, data, texts[table.input_digest[row]]) if version or data or table.status[row] == 1 else None
