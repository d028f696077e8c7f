"""Which versions a run reads: the records as they were when first asked, and over them whatever the run itself has made since."""

from __future__ import annotations

from bisect import bisect_right

from nbasset.definitions.catalog import Catalog
from nbasset.definitions.partitions import PartitionsView
from nbasset.events.facts import AssetMaterialized, InputUsed
from nbasset.events.records import PartitionTable
from nbasset.events.reducers import data_version_of
from nbasset.execution.run_log import RunLog
from nbasset.execution.task import InputVersions
from nbasset.keys import AssetKey, PartitionRef
from nbasset.ordinals import OrdinalSet
from nbasset.planning.digests import counted
from nbasset.planning.plan import Step, StepInput
from nbasset.storage.protocol import StorageReader

Version = tuple[str, str, str]
"""(version id, data version, input digest) of one asset or partition."""


class Whole:
    """An asset without partitions as a run sees it until it makes it again. What its readers are told is made for the first, once for all.

    `inputs` is what a step reads by the `name` of its input, `used` what is recorded of the reading, `said` its part in the input digests
    of its readers, where the parts stand in the order of `text`, the user string. Without any version `version_id` is None.
    """

    __slots__ = ("data_version", "input_digest", "inputs", "is_cut", "name", "said", "text", "used", "version_id")
    inputs: InputVersions
    used: InputUsed
    text: str
    said: str

    def __init__(self, version_id: str | None, data_version: str, input_digest: str, *, is_cut: bool = False) -> None:
        self.version_id = version_id
        self.data_version = data_version
        self.input_digest = input_digest
        self.is_cut = is_cut
        self.name: str | None = None

    @property
    def version(self) -> Version | None:
        """The version; None without one."""
        return None if self.version_id is None else (self.version_id, self.data_version, self.input_digest)

    def read_as(self, name: str, asset: AssetKey) -> InputVersions:
        """What a step reads by this name."""
        if self.version_id is None:
            return InputVersions(name, asset, known=False, is_cut=self.is_cut)
        return InputVersions(name, asset, (), (self.version_id,), (self.data_version,), True, self.is_cut)


class VersionsRead:
    """One run's view of the versions of assets. Each asset's records are read once, when a step first needs them.

    `log` is that of the run: it knows the numbers of what the run itself wrote.
    """

    def __init__(self, storage: StorageReader, catalog: Catalog, view: PartitionsView, *, log: RunLog | None = None) -> None:
        self.storage = storage
        self.catalog = catalog
        self.view = view
        self.log = log
        self.wholes: dict[AssetKey, Whole] = {}
        """Assets that were looked at as they are without partitions; `whole` finds the others."""
        self._parts: dict[AssetKey, _Partitions] = {}
        self._seq: dict[AssetKey, int] = {}
        self._places: dict[AssetKey, int] = {}
        self._made: dict[tuple[AssetKey, int], Version] = {}
        self._refs: dict[tuple[int, OrdinalSet], tuple[PartitionRef, ...]] = {}  # by identity of the definition, which the catalog keeps

    def current(self, asset: AssetKey, ordinal: int | None) -> Version | None:
        """The newest version, or None when there is none."""
        if ordinal is None:
            return self.whole(asset).version
        return self._made.get((asset, ordinal)) or self._partitions(asset).get(ordinal)

    def whole(self, asset: AssetKey) -> Whole:
        """The asset without partitions as it is now."""
        return self.wholes.get(asset) or self._read_whole(asset)

    def as_of(self, asset: AssetKey, *, is_partitioned: bool) -> int:
        """The last entry about the asset that the run has seen; of one that has no number yet, its place (`RunLog.as_of`)."""
        place = self._places.get(asset)
        if place is not None and self.log is not None:
            return self.log.as_of(place)
        if is_partitioned:
            self._partitions(asset)
        else:
            self.whole(asset)
        return self._seq.get(asset, 0)

    def note(self, fact: AssetMaterialized, place: int) -> None:
        """The run made this version, with the event at a place of its log."""
        asset = fact.asset
        if fact.partition is None:
            self.wholes[asset] = Whole(fact.version_id, fact.data_version, fact.input_digest)
        else:
            self._made[asset, fact.partition.ordinal] = (fact.version_id, fact.data_version, fact.input_digest)
            whole = self.wholes.get(asset)
            if whole is not None:
                self.wholes[asset] = Whole(whole.version_id, whole.data_version, whole.input_digest, is_cut=whole.is_cut)
        self._places[asset] = place

    def used(self, asset: AssetKey, partitions: OrdinalSet | None, digest: str, as_of: int) -> InputUsed:
        """What is recorded of a reading; where only the place is known of what was read, the log puts the number in."""
        made = InputUsed(asset, partitions, digest, as_of)
        if as_of < 0 and self.log is not None:
            self.log.number_later(made)
        return made

    def tell(self, whole: Whole, asset: AssetKey, name: str) -> None:
        """Make what a reader of an asset without partitions is told, and what is recorded of it; `name` is that of its input."""
        whole.inputs = whole.read_as(name, asset)
        is_new, whole.name = whole.name is None, name
        if is_new:
            text = whole.text = asset.to_user_string()
            whole.used = self.used(asset, None, whole.data_version, self.as_of(asset, is_partitioned=False))
            whole.said = counted(f"{text}={whole.data_version}")

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
        return tuple([self._of_input(item, item.asset) for item in step.leaves() if item.kind == "asset" and item.asset is not None])

    def _of_input(self, item: StepInput, asset: AssetKey) -> InputVersions:
        if item.partitions is None:
            return self.whole(asset).read_as(item.name, asset)
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

    def _read_whole(self, asset: AssetKey) -> Whole:
        record = self.storage.latest([asset]).get(asset)
        made = record.materialization if record is not None else None
        data = data_version_of(record)
        self._seq[asset] = max(record.seq, record.changed_seq) if record is not None else 0
        if made is not None and made.partition is None:
            found = Whole(made.version_id, data, made.input_digest)
        else:
            found = Whole("" if data else None, data, "", is_cut=made is not None and bool(made.version_id))
        self.wholes[asset] = found
        return found

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
