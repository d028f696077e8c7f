"""The kinds of metadata as classes: what scripts of the field make values with, and tell them apart by.

Every value is a `MetadataValue`, one class that is stored under one name; the classes here are its kinds seen by `isinstance`, and
calling one makes a value of its kind. No value is an instance of one of them in any other sense: ``type(value)`` is `MetadataValue`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from nbasset.metadata import Kind, MetadataValue, TableColumnLineage, TableRecord, TableSchema

if TYPE_CHECKING:
    from datetime import datetime

    from nbasset.keys import AssetKey


class _OfKind(type):
    """Whether a value is of the kind: asked of the value, for there is one class of values."""

    __nbasset_kind__: Kind

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, MetadataValue) and instance.kind == cls.__nbasset_kind__


class TextMetadataValue(MetadataValue, metaclass=_OfKind):
    """Plain text.

    >>> TextMetadataValue("ok").text
    'ok'
    """

    __nbasset_kind__: ClassVar[Kind] = "text"
    if TYPE_CHECKING:
        text: str  # type: ignore[assignment]

    def __new__(cls, text: str | None = "") -> MetadataValue:  # type: ignore[misc]
        return MetadataValue.text(text or "")


class UrlMetadataValue(MetadataValue, metaclass=_OfKind):
    """A link.

    >>> UrlMetadataValue("https://x.org").url
    'https://x.org'
    """

    __nbasset_kind__: ClassVar[Kind] = "url"
    if TYPE_CHECKING:
        url: str  # type: ignore[assignment]

    def __new__(cls, url: str | None = "") -> MetadataValue:  # type: ignore[misc]
        return MetadataValue.url(url or "")


class PathMetadataValue(MetadataValue, metaclass=_OfKind):
    """A file or folder.

    >>> PathMetadataValue("data/orders.csv").path
    'data/orders.csv'
    """

    __nbasset_kind__: ClassVar[Kind] = "path"
    if TYPE_CHECKING:
        path: str  # type: ignore[assignment]
        fspath: str

    def __new__(cls, path: object) -> MetadataValue:  # type: ignore[misc]
        return MetadataValue.path(path)


class NotebookMetadataValue(MetadataValue, metaclass=_OfKind):
    """A notebook file.

    >>> NotebookMetadataValue("sales.ipynb").path
    'sales.ipynb'
    """

    __nbasset_kind__: ClassVar[Kind] = "notebook"
    if TYPE_CHECKING:
        path: str  # type: ignore[assignment]
        fspath: str

    def __new__(cls, path: object) -> MetadataValue:  # type: ignore[misc]
        return MetadataValue.notebook(path)


class JsonMetadataValue(MetadataValue, metaclass=_OfKind):
    """Nested lists and dicts.

    >>> JsonMetadataValue({"columns": ["id"]}).data
    {'columns': ['id']}
    """

    __nbasset_kind__: ClassVar[Kind] = "json"
    if TYPE_CHECKING:
        data: Any

    def __new__(cls, data: Sequence[Any] | Mapping[str, Any] | None) -> MetadataValue:  # type: ignore[misc]
        return MetadataValue.json(data)


class MarkdownMetadataValue(MetadataValue, metaclass=_OfKind):
    """Markdown.

    >>> MarkdownMetadataValue("**ok**").md_str
    '**ok**'
    """

    __nbasset_kind__: ClassVar[Kind] = "md"
    if TYPE_CHECKING:
        md_str: str

    def __new__(cls, md_str: str | None = "") -> MetadataValue:  # type: ignore[misc]
        return MetadataValue.md(md_str or "")


class PythonArtifactMetadataValue(MetadataValue, metaclass=_OfKind):
    """A class or function, by module and name.

    >>> PythonArtifactMetadataValue("pathlib", "Path").name
    'Path'
    """

    __nbasset_kind__: ClassVar[Kind] = "python_artifact"
    if TYPE_CHECKING:
        module: str
        name: str

    def __new__(cls, module: str, name: str) -> MetadataValue:  # type: ignore[misc]
        return MetadataValue("python_artifact", f"{module}:{name}")


class FloatMetadataValue(MetadataValue, metaclass=_OfKind):
    """A real number.

    >>> FloatMetadataValue(0.5).value
    0.5
    """

    __nbasset_kind__: ClassVar[Kind] = "float"

    def __new__(cls, value: float) -> MetadataValue:  # type: ignore[misc]
        return MetadataValue.float(value)


class IntMetadataValue(MetadataValue, metaclass=_OfKind):
    """A whole number.

    >>> IntMetadataValue(3).value
    3
    """

    __nbasset_kind__: ClassVar[Kind] = "int"

    def __new__(cls, value: int) -> MetadataValue:  # type: ignore[misc]
        return MetadataValue.int(value)


class BoolMetadataValue(MetadataValue, metaclass=_OfKind):
    """Yes or no.

    >>> BoolMetadataValue(True).value
    True
    """

    __nbasset_kind__: ClassVar[Kind] = "bool"

    def __new__(cls, value: bool) -> MetadataValue:  # type: ignore[misc]
        return MetadataValue.bool(value)


class TimestampMetadataValue(MetadataValue, metaclass=_OfKind):
    """A moment: seconds since 1970 UTC, or an aware datetime.

    >>> TimestampMetadataValue(1357020000.0).value
    1357020000.0
    """

    __nbasset_kind__: ClassVar[Kind] = "timestamp"

    def __new__(cls, value: float | datetime) -> MetadataValue:  # type: ignore[misc]
        return MetadataValue.timestamp(value)


class RunMetadataValue(MetadataValue, metaclass=_OfKind):
    """A run.

    >>> RunMetadataValue("6ba0").run_id
    '6ba0'
    """

    __nbasset_kind__: ClassVar[Kind] = "run"
    if TYPE_CHECKING:
        run_id: str

    def __new__(cls, run_id: str) -> MetadataValue:  # type: ignore[misc]
        return MetadataValue.run(run_id)


class JobMetadataValue(MetadataValue, metaclass=_OfKind):
    """A job, by its name and perhaps its location.

    >>> JobMetadataValue("nightly", "sales").job_name
    'nightly'
    """

    __nbasset_kind__: ClassVar[Kind] = "job"
    if TYPE_CHECKING:
        job_name: str
        location_name: str | None

    def __new__(cls, job_name: str, location_name: str | None = None) -> MetadataValue:  # type: ignore[misc]
        return MetadataValue.job(job_name, location_name)


class AssetMetadataValue(MetadataValue, metaclass=_OfKind):
    """Another asset.

    >>> from nbasset import AssetKey
    >>> AssetMetadataValue(AssetKey("orders")).asset_key
    AssetKey('orders')
    """

    __nbasset_kind__: ClassVar[Kind] = "asset"
    if TYPE_CHECKING:
        asset_key: AssetKey

    def __new__(cls, asset_key: AssetKey) -> MetadataValue:  # type: ignore[misc]
        return MetadataValue.asset(asset_key)


class TableMetadataValue(MetadataValue, metaclass=_OfKind):
    """A small table.

    >>> TableMetadataValue([TableRecord({"id": 1})]).records
    [TableRecord(data={'id': 1})]
    """

    __nbasset_kind__: ClassVar[Kind] = "table"
    if TYPE_CHECKING:
        records: list[TableRecord]
        schema: TableSchema | None

    def __new__(cls, records: Sequence[TableRecord], schema: TableSchema | None = None) -> MetadataValue:  # type: ignore[misc]
        return MetadataValue.table(records, schema)


class TableSchemaMetadataValue(MetadataValue, metaclass=_OfKind):
    """Columns and their types.

    >>> TableSchemaMetadataValue(TableSchema.from_name_type_dict({"id": "int64"})).schema.columns[0].name
    'id'
    """

    __nbasset_kind__: ClassVar[Kind] = "table_schema"
    if TYPE_CHECKING:
        schema: TableSchema

    def __new__(cls, schema: TableSchema) -> MetadataValue:  # type: ignore[misc]
        return MetadataValue.table_schema(schema)


class TableColumnLineageMetadataValue(MetadataValue, metaclass=_OfKind):
    """Where each column comes from.

    >>> TableColumnLineageMetadataValue(TableColumnLineage({})).column_lineage
    TableColumnLineage(deps_by_column={})
    """

    __nbasset_kind__: ClassVar[Kind] = "column_lineage"
    if TYPE_CHECKING:
        column_lineage: TableColumnLineage  # type: ignore[assignment]
        lineage: TableColumnLineage

    def __new__(cls, column_lineage: TableColumnLineage) -> MetadataValue:  # type: ignore[misc]
        return MetadataValue.column_lineage(column_lineage)


class PoolMetadataValue(MetadataValue, metaclass=_OfKind):
    """A pool that limits steps.

    >>> PoolMetadataValue("database").pool
    'database'
    """

    __nbasset_kind__: ClassVar[Kind] = "pool"
    if TYPE_CHECKING:
        pool: str  # type: ignore[assignment]
        name: str

    def __new__(cls, pool: str) -> MetadataValue:  # type: ignore[misc]
        return MetadataValue.pool(pool)


class NullMetadataValue(MetadataValue, metaclass=_OfKind):
    """Nothing.

    >>> isinstance(MetadataValue.null(), NullMetadataValue), NullMetadataValue().value
    (True, None)
    """

    __nbasset_kind__: ClassVar[Kind] = "null"

    def __new__(cls) -> MetadataValue:  # type: ignore[misc]
        return MetadataValue.null()
