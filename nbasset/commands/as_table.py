"""Stored values as open Parquet files, however they are stored: what is compared with `compare_files`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from nbasset.commands.scope import Scope
from nbasset.errors import InvalidInvocationError, UnstorableValue
from nbasset.events.facts import AssetMaterialized
from nbasset.execution.loading import load_stored
from nbasset.io_managers import parquet_files
from nbasset.io_managers.frames import to_arrow
from nbasset.io_managers.parquet import ParquetIOManager
from nbasset.keys import AssetKey
from nbasset.ordinals import OrdinalSet

if TYPE_CHECKING:
    import pyarrow.parquet as pq


@contextmanager
def opened_version(scope: Scope, key: AssetKey, manager: Any, fact: AssetMaterialized) -> Iterator[pq.ParquetFile]:
    """A version, open to read: its own file where a Parquet manager keeps it, else its value loaded and written as one.

    Raises
    ------
    MissingValue, ChangedByHand, CorruptData
        As loading it does.
    InvalidInvocationError
        If its value is no table.
    """
    definition = scope.catalog.by_key[key].partitions_def
    if isinstance(manager, ParquetIOManager):
        with manager.opened(key, fact.partition, fact.version_id or None, partitions_def=definition) as file:
            yield file
        return
    value = load_stored(
        scope.resolved, key, reader=scope.instance.reader, view=scope.view(), manager=scope.manager, resources=scope.resources,
        partitions=OrdinalSet.of([fact.partition.ordinal]) if fact.partition is not None else None, version_ids=[fact.version_id],
    )  # fmt: skip
    with closing(as_file(value, label=f"asset '{key}'")) as file:
        yield file


def as_file(value: Any, *, label: str) -> pq.ParquetFile:
    """A value as a Parquet file in memory.

    >>> as_file([{"n": 1}, {"n": 2}], label="asset 'numbers'").metadata.num_rows
    2
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows = to_arrow(value, label=label).rows
    except UnstorableValue as error:
        raise InvalidInvocationError(f"{label} holds a {type(value).__name__}, which is no table, so it cannot be compared.") from error
    # Buffers of Arrow's own: a thread of its that lets go of a Python object while Python ends would end the process with an abort.
    sink = pa.BufferOutputStream()
    pq.write_table(rows if isinstance(rows, pa.Table) else rows.read_all(), sink)
    return parquet_files.open_file(pa.BufferReader(sink.getvalue()))
