"""Which partitions a job means that runs again and again: a word, read anew at each run, or keys as people write them.

``latest`` is the newest partition, of several dimensions all keys of the newest window; ``all`` is every one. What is stale is no rule of
this kind: it follows from the records, and is asked for as such.
"""

from __future__ import annotations

from collections.abc import Collection

from nbasset.definitions.catalog import Catalog
from nbasset.definitions.multi_partitions import MultiPartitionsDefinition
from nbasset.definitions.partition_ranges import parse_ranges
from nbasset.definitions.partitions import PartitionsDefinition, PartitionsView
from nbasset.keys import AssetKey
from nbasset.ordinals import OrdinalSet
from nbasset.planning.asked_partitions import asked_partitions

RULES = ("latest", "stale", "all")


def partitions_by_rule(
    rule: str, catalog: Catalog, chosen: Collection[AssetKey], named: Collection[AssetKey], view: PartitionsView
) -> dict[AssetKey, OrdinalSet]:
    """The partitions of each partitioned asset among `chosen`. The rule is read by the `named` ones, the others follow by mapping.

    Raises
    ------
    UnknownPartitionError, InvalidPartitionRange
        If a key does not exist, or a range ends before it starts.
    UnknownPartitionError
        If none of the assets has partitions.
    """

    def read(definition: PartitionsDefinition) -> OrdinalSet:
        if rule == "all":
            return definition.ordinals(view)
        return latest_of(definition, view) if rule == "latest" else parse_ranges(rule, definition, view)

    return asked_partitions(catalog, chosen, named, read, view, words=repr(rule))


def latest_of(definition: PartitionsDefinition, view: PartitionsView) -> OrdinalSet:
    """The newest partition, as far as one exists; of a definition with a time dimension all keys of its newest window.

    >>> from datetime import UTC, datetime
    >>> from nbasset import DailyPartitionsDefinition
    >>> days, view = DailyPartitionsDefinition("2013-01-01"), PartitionsView(datetime(2013, 1, 5, 12, tzinfo=UTC))
    >>> days.keys_of(latest_of(days, view), view.table)
    ['2013-01-04']
    """
    if isinstance(definition, MultiPartitionsDefinition):
        name = definition.time_window_dimension
        if name is not None:
            inner = definition.partitions_defs[name]
            return definition.with_dimension(name, latest_of(inner, view), view)
    last = definition.last_ordinal(view)
    return OrdinalSet.between(last, last + 1) if last is not None else OrdinalSet()
