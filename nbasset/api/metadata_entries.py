"""Metadata as the schema tells it: an entry a fact, of the type of its kind."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from nbasset.metadata import MetadataValue, TableColumnLineage, TableRecord, TableSchema, normalize
from nbasset.secrets import mask_data

_DEFAULT_REPOSITORY = "__repository__"
_LARGEST_INT = 2**31 - 1


def entries_of(metadata: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One entry for each fact, in order. Plain Python values count as what they are.

    >>> entries_of({"rows": MetadataValue.int(3), "source": MetadataValue.url("https://x.org")})[1]
    {'__typename': 'UrlMetadataEntry', 'label': 'source', 'description': None, 'url': 'https://x.org'}
    """
    if not metadata:
        return []
    typed = metadata if all(isinstance(one, MetadataValue) for one in metadata.values()) else normalize(metadata, of="metadata")
    return [_entry(label, value) for label, value in typed.items()]


def fact_entries(rows: int | None, size_bytes: int | None, uri: str | None, metadata: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The entries of a materialization: what the user said, and what nbasset found out, where the user said nothing of that name."""
    found: dict[str, MetadataValue] = {}
    if rows is not None:
        found["nbasset/row_count"] = MetadataValue.int(rows)
    if size_bytes is not None:
        found["nbasset/size_bytes"] = MetadataValue.int(size_bytes)
    if uri:
        found["nbasset/uri"] = MetadataValue.url(uri) if "://" in uri else MetadataValue.path(uri)
    return entries_of({**metadata, **{name: value for name, value in found.items() if name not in metadata}})


def table_schema(schema: TableSchema | None) -> dict[str, Any]:
    """The columns of a table, and what it promises."""
    if schema is None:
        return {"constraints": None, "columns": []}
    return {
        "constraints": {"other": list(schema.constraints.other)},
        "columns": [
            {
                "name": one.name,
                "type": one.type,
                "description": one.description,
                "constraints": {
                    "nullable": one.constraints.nullable, "unique": one.constraints.unique, "other": list(one.constraints.other),
                },
                "tags": [{"key": key, "value": value} for key, value in one.tags],
            }
            for one in schema.columns
        ],
    }  # fmt: skip


def _entry(label: str, value: MetadataValue) -> dict[str, Any]:
    name, more = _KINDS[value.kind]
    return {"__typename": f"{name}MetadataEntry", "label": label, "description": None, **more(value.value)}


def _int(value: int) -> dict[str, Any]:
    """A number beyond 32 bits, which the schema has no whole number for, is told by its text alone."""
    return {"intValue": value if abs(value) <= _LARGEST_INT else None, "intRepr": str(value)}


def _float(value: Any) -> dict[str, Any]:
    number = float(value)
    return {"floatValue": number if math.isfinite(number) else None, "floatRepr": str(number)}


def _json(value: Any) -> dict[str, Any]:
    return {"jsonString": json.dumps(mask_data(value), default=str)}


def _table(value: Mapping[str, Any]) -> dict[str, Any]:
    records = [dict(one.data) if isinstance(one, TableRecord) else dict(one) for one in value["records"]]
    schema = value["schema"]
    if schema is None and records:
        schema = TableSchema.from_name_type_dict({str(name): _type_name(cell) for name, cell in records[0].items()})
    return {"table": {"schema": table_schema(schema), "records": [json.dumps(one, default=str) for one in records]}}


def _type_name(value: Any) -> str:
    return {bool: "bool", int: "int", float: "float"}.get(type(value), "string")


def _lineage(value: TableColumnLineage) -> dict[str, Any]:
    return {
        "lineage": [
            {"columnName": column, "columnDeps": [{"assetKey": dep.asset_key, "columnName": dep.column_name} for dep in deps]}
            for column, deps in value.deps_by_column.items()
        ]
    }


def _job(value: str) -> dict[str, Any]:
    location, _, job = value.rpartition(":")
    return {"jobName": job, "repositoryName": _DEFAULT_REPOSITORY if location else None, "locationName": location}


def _artifact(value: str) -> dict[str, Any]:
    module, _, name = value.partition(":")
    return {"module": module, "name": name}


def _as(field: str) -> Callable[[Any], dict[str, Any]]:
    return lambda value: {field: value}


def _nothing(value: Any) -> dict[str, Any]:
    return {}


_KINDS: dict[str, tuple[str, Callable[[Any], dict[str, Any]]]] = {
    "text": ("Text", _as("text")),
    "url": ("Url", _as("url")),
    "path": ("Path", _as("path")),
    "notebook": ("Notebook", _as("path")),
    "json": ("Json", _json),
    "md": ("Markdown", _as("mdStr")),
    "python_artifact": ("PythonArtifact", _artifact),
    "float": ("Float", _float),
    "int": ("Int", _int),
    "bool": ("Bool", _as("boolValue")),
    "timestamp": ("Timestamp", _as("timestamp")),
    "run": ("PipelineRun", _as("runId")),
    "job": ("Job", _job),
    "pool": ("Pool", _as("pool")),
    "asset": ("Asset", _as("assetKey")),
    "table": ("Table", _table),
    "table_schema": ("TableSchema", lambda value: {"schema": table_schema(value)}),
    "column_lineage": ("TableColumnLineage", _lineage),
    "null": ("Null", _nothing),
}
