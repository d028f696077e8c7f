"""The data versions that assets hold now, for comparing with what was read; and what a version made now would come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from nbasset.dataclass import dataclass
from nbasset.definitions.partitions import PartitionsDefinition, PartitionsView
from nbasset.events.recipes import Recipe
from nbasset.events.records import PartitionTable
from nbasset.events.reducers import data_version_of
from nbasset.keys import AssetKey
from nbasset.ordinals import OrdinalSet
from nbasset.planning.digests import input_digest_of, versions_digest
from nbasset.planning.reads import Read
from nbasset.planning.states import StateView


@dataclass(slots=True)
class DataNow:
    """Answers from records and tables; what was worked out once is kept for as long as this lives."""

    state: StateView
    view: PartitionsView
    _places: dict[int, dict[int, int]] = field(default_factory=dict)
    _digests: dict[tuple[AssetKey, OrdinalSet], str] = field(default_factory=dict)
    _whole: dict[AssetKey, str] = field(default_factory=dict)

    def whole(self, key: AssetKey) -> str:
        """The data version of an asset without partitions; empty when there is none."""
        found = self._whole.get(key)
        if found is None:
            found = self._whole[key] = data_version_of(self.state.records.get(key))
        return found

    def part(self, key: AssetKey, ordinal: int) -> str:
        """The data version of one partition; empty when there is none."""
        table = self.state.partitions.get(key)
        if table is None:
            return ""
        place = self.places(table).get(ordinal)
        return "" if place is None else table.texts[table.data_version[place]]

    def several(self, key: AssetKey, ordinals: OrdinalSet) -> str:
        """The digest of what reading these partitions would give now."""
        if len(ordinals) == 1:
            return self.part(key, ordinals.runs[0][0])
        asked = (key, ordinals)
        found = self._digests.get(asked)
        if found is None:
            found = self._digests[asked] = versions_digest([self.part(key, one) for one in ordinals], ordinals)
        return found

    def read(self, read: Read, ordinal: int | None, downstream: PartitionsDefinition | None) -> str | None:
        """The digest of what one partition (None: the asset) would read now; None when nobody can tell."""
        if read.upstream is None:
            return self.whole(read.asset)
        if read.is_identity and ordinal is not None:
            return self.part(read.asset, ordinal)
        wanted = self.wanted(read, ordinal, downstream)
        return None if wanted is None else self.several(read.asset, wanted)

    def wanted(self, read: Read, ordinal: int | None, downstream: PartitionsDefinition | None) -> OrdinalSet | None:
        """The partitions that one partition reads of a partitioned asset."""
        if read.mapping is None:
            return None
        mine = None if ordinal is None else OrdinalSet.between(ordinal, ordinal + 1)
        return read.mapping.upstream_of(mine, downstream, read.upstream, self.view).ordinals

    def places(self, table: PartitionTable) -> dict[int, int]:
        """The row of each ordinal."""
        found = self._places.get(id(table))
        if found is None:
            found = self._places[id(table)] = {ordinal: row for row, ordinal in enumerate(table.ordinals)}
        return found


def would_be(
    data: DataNow,
    reads: Sequence[tuple[str, Read]],
    code: str,
    recipe: Recipe,
    ordinal: int | None,
    downstream: PartitionsDefinition | None,
) -> str | None:
    """The input digest of a version made now with the code, configuration and storage of then; None when nobody can tell.

    `reads` come with the names that their assets had then.
    """
    parts = []
    for name, read in reads:
        digest = data.read(read, ordinal, downstream)
        if digest is None:
            return None
        parts.append((name, digest))
    return input_digest_of(code, recipe.config, recipe.io, parts)
