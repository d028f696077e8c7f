"""Metadata of every kind has an entry of its own type, with the value under the name that clients ask for."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from nbasset import AssetKey, MetadataValue, TableColumn, TableColumnConstraints, TableRecord, TableSchema
from nbasset.api.wire import asset_key, metadata_entries
from nbasset.metadata import Kind, TableColumnDep, TableColumnLineage

SCHEMA = TableSchema([TableColumn("id", "int64", "the number", TableColumnConstraints(nullable=False, unique=True, other=("even",)))])
LINEAGE = TableColumnLineage({"price": (TableColumnDep(AssetKey("orders"), "price"),)})
COLUMN = {
    "name": "id", "type": "int64", "description": "the number", "tags": [],
    "constraints": {"nullable": False, "unique": True, "other": ["even"]},
}  # fmt: skip
TABLE = {"__typename": "TableSchema", "constraints": {"other": []}, "columns": [COLUMN]}
CASES: dict[str, tuple[MetadataValue, str, dict[str, Any]]] = {
    "text": (MetadataValue.text("a"), "TextMetadataEntry", {"text": "a"}),
    "url": (MetadataValue.url("https://x.org"), "UrlMetadataEntry", {"url": "https://x.org"}),
    "path": (MetadataValue.path("/tmp/a"), "PathMetadataEntry", {"path": "/tmp/a"}),
    "notebook": (MetadataValue.notebook("a.ipynb"), "NotebookMetadataEntry", {"path": "a.ipynb"}),
    "json": (MetadataValue.json({"a": [1]}), "JsonMetadataEntry", {"jsonString": '{"a": [1]}'}),
    "md": (MetadataValue.md("**b**"), "MarkdownMetadataEntry", {"mdStr": "**b**"}),
    "python_artifact": (
        MetadataValue.python_artifact(AssetKey), "PythonArtifactMetadataEntry", {"module": "nbasset.keys", "name": "AssetKey"},
    ),
    "float": (MetadataValue.float(0.5), "FloatMetadataEntry", {"floatValue": 0.5, "floatRepr": "0.5"}),
    "int": (MetadataValue.int(2**40), "IntMetadataEntry", {"intValue": None, "intRepr": "1099511627776"}),
    "bool": (MetadataValue.bool(True), "BoolMetadataEntry", {"boolValue": True}),
    "timestamp": (MetadataValue.timestamp(1.5), "TimestampMetadataEntry", {"timestamp": 1.5}),
    "run": (MetadataValue.run("abc"), "PipelineRunMetadataEntry", {"runId": "abc"}),
    "job": (
        MetadataValue.job("etl", "sales"), "JobMetadataEntry",
        {"jobName": "etl", "repositoryName": "__repository__", "locationName": "sales"},
    ),
    "pool": (MetadataValue.pool("gpu"), "PoolMetadataEntry", {"pool": "gpu"}),
    "asset": (MetadataValue.asset(AssetKey("orders")), "AssetMetadataEntry", {"assetKey": asset_key(AssetKey("orders"))}),
    "table": (
        MetadataValue.table([TableRecord({"id": 1})], SCHEMA), "TableMetadataEntry",
        {"table": {"__typename": "Table", "schema": TABLE, "records": ['{"id": 1}']}},
    ),
    "table_schema": (
        MetadataValue.table_schema(SCHEMA), "TableSchemaMetadataEntry", {"schema": TABLE},
    ),
    "column_lineage": (
        MetadataValue.column_lineage(LINEAGE), "TableColumnLineageMetadataEntry",
        {"lineage": [{"columnName": "price", "columnDeps": [{"assetKey": asset_key(AssetKey("orders")), "columnName": "price"}]}]},
    ),
    "null": (MetadataValue.null(), "NullMetadataEntry", {}),
}  # fmt: skip


def test_there_is_a_case_for_every_kind() -> None:
    assert set(CASES) == set(get_args(Kind))


@pytest.mark.parametrize("kind", sorted(CASES))
def test_an_entry_has_the_type_of_its_kind(kind: str) -> None:
    value, name, fields = CASES[kind]
    assert metadata_entries({"it": value}) == [{"__typename": name, "label": "it", "description": None, **fields}]


def test_plain_values_count_as_what_they_are() -> None:
    assert [one["__typename"] for one in metadata_entries({"a": 1, "b": "x", "c": [1]})] == [
        "IntMetadataEntry", "TextMetadataEntry", "JsonMetadataEntry",
    ]  # fmt: skip


def test_a_table_without_a_schema_has_the_columns_of_its_first_row() -> None:
    (entry,) = metadata_entries({"t": MetadataValue.table([TableRecord({"id": 1, "name": "a"})])})
    assert [one["name"] for one in entry["table"]["schema"]["columns"]] == ["id", "name"]
