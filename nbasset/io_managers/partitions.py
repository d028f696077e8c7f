"""What several partitions become for one consumer: a dict by partition key, one frame with a column that says which, or a bare value.

Used by every manager that comes with nbasset and by the class to derive from, so that they all mean the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nbasset.errors import MissingValue, SchemaMismatch
from nbasset.io_managers.frames import ArrowForm, from_arrow
from nbasset.io_managers.paths import dimensions
from nbasset.io_managers.protocol import InputContext, plain
from nbasset.io_managers.wanted import FRAMES, of_each_partition, wanted
from nbasset.keys import PartitionRef

if TYPE_CHECKING:
    import pyarrow as pa

COLUMN = "partition"


def load_partitions(context: InputContext, load_one: Callable[[InputContext], Any], load_table: Callable[[InputContext], ArrowForm]) -> Any:
    """Load an input of a partitioned asset as its context asks.

    ``dict``: one entry a partition, also for one, also when its value is None. ``frame``: all rows in one table, in the order of
    partitions, with a column ``partition`` (metadata ``partition_column`` names it otherwise; one column a dimension where there are
    several). ``single``: the bare value; None when the consumer has no upstream partition.

    Raises
    ------
    MissingValue
        If a partition was never materialized and ``allow_missing_partitions`` is not set.
    SchemaMismatch
        If partitions that shall be one frame have columns of types that do not fit together.
    """
    if not context.partitions:
        return {} if context.load_as == "dict" else None
    if context.load_as == "single" and len(context.partitions) == 1:
        return load_one(context)
    if context.load_as == "frame" and wanted(context.annotation).form in FRAMES | {"any"}:
        return one_frame(context, _each(context, load_table))
    inner = of_each_partition(context.annotation)
    return {ref.key: value for ref, value in _each(context, lambda one: load_one(replace(one, annotation=inner)))}


def one_frame(context: InputContext, parts: Sequence[tuple[PartitionRef, ArrowForm]]) -> Any:
    """Tables of partitions put together, as the annotation asks; None when there is none."""
    import pyarrow as pa

    if not parts:
        return None
    tables = []
    for ref, form in parts:
        table = form.rows if isinstance(form.rows, pa.Table) else form.rows.read_all()
        tables.append(_with_columns(table, _named_dimensions(context, ref)))
    joined = _joined(context, [ref for ref, _ in parts], tables)
    value = {name: note for name, note in parts[0][1].value.items() if name not in ("freq", "range", "shape")}
    return from_arrow(joined, value, context.annotation, label=context.label)


def missing(context: InputContext, place: str) -> MissingValue:
    """The error for a value that was never made, or is gone: what, where, and how to make it."""
    partition = f", partition '{context.asset_partition_key}'" if context.partitions else ""
    if not context.has_asset_key:
        return MissingValue(f"{context.label} was never stored, or its file is gone: there is nothing at {place}.")
    key = context.asset_key.to_user_string()
    option = f" -p {context.asset_partition_key}" if context.partitions else ""
    allowed = " Or let the input leave it out: metadata={'allow_missing_partitions': True}." if context.partitions else ""
    return MissingValue(
        f"asset '{key}'{partition} was never materialized, or its file is gone: there is nothing at {place}.\n"
        f"Make it: %asset run {key}{option}.{allowed}"
    )


def _each(context: InputContext, load: Callable[[InputContext], Any]) -> list[tuple[PartitionRef, Any]]:
    found = []
    for at, ref in enumerate(context.partitions):
        try:
            found.append((ref, load(context.for_partition(at))))
        except MissingValue:
            if not context.missing_allowed:
                raise
    return found


def _named_dimensions(context: InputContext, ref: PartitionRef) -> Mapping[str, str]:
    found = dimensions(ref.key, context.asset_partitions_def)
    if isinstance(found, Mapping):
        return dict(sorted(found.items()))
    return {str(plain(context.definition_metadata.get("partition_column", COLUMN))): str(found)}


def _with_columns(table: pa.Table, columns: Mapping[str, str]) -> pa.Table:
    """The table with a constant column for each name that it does not have itself."""
    import pyarrow as pa

    for name, value in columns.items():
        if name not in table.column_names:
            table = table.append_column(name, pa.repeat(pa.scalar(value), table.num_rows))
    return table


def _joined(context: InputContext, refs: Sequence[PartitionRef], tables: Sequence[pa.Table]) -> pa.Table:
    import pyarrow as pa

    try:
        return pa.concat_tables(tables, promote_options="permissive").unify_dictionaries()
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise _mismatch(context, refs, tables) from error


def _mismatch(context: InputContext, refs: Sequence[PartitionRef], tables: Sequence[pa.Table]) -> SchemaMismatch:
    """The error that names the first column whose types differ, and two partitions that show it."""
    seen: dict[str, tuple[Any, str]] = {}
    for ref, table in zip(refs, tables, strict=True):
        for field in table.schema:
            kind, where = seen.setdefault(field.name, (field.type, ref.key))
            if kind != field.type:
                return SchemaMismatch(
                    f"the partitions of {context.label} do not fit into one frame: column '{field.name}' is {kind} in partition '{where}' "
                    f"and {field.type} in '{ref.key}'.\nMaterialize the older one again, or annotate the input as a dict of frames."
                )
    return SchemaMismatch(f"the partitions of {context.label} do not fit into one frame. Annotate the input as a dict of frames.")
