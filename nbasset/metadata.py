"""Facts that users attach to assets and results: typed values that every surface knows how to show.

Plain Python values are taken as they are (`normalize`); a `MetadataValue` says more (a url, a path, markdown, a table). All of it is
data: text is shown as text, never run.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from nbasset.dataclass import dataclass
from nbasset.errors import InvalidMetadata, kind_of
from nbasset.keys import AssetKey
from nbasset.secrets import mask_data, mask_secrets
from nbasset.serde import serializable

Kind = Literal[
    "text", "url", "path", "notebook", "json", "md", "python_artifact", "float", "int", "bool", "timestamp", "run", "job", "pool", "asset",
    "table", "table_schema", "column_lineage", "null",
]  # fmt: skip
RawMetadataValue: TypeAlias = Any
_LARGEST_TEXT = 64_000
_BARE = frozenset({"text", "int", "float", "bool", "null", "json"})
_WORDED = frozenset({"text", "url", "path", "notebook", "json", "md", "table"})


def _self(value: Any) -> Any:
    return value


# By kind, the names under which a value gives what it holds; those of constructors are `_constructor`'s.
_HELD: dict[str, dict[str, Callable[[Any], Any]]] = {
    "path": {"fspath": _self}, "notebook": {"fspath": _self}, "json": {"data": _self}, "md": {"md_str": _self}, "run": {"run_id": _self},
    "asset": {"asset_key": _self}, "pool": {"name": _self}, "table_schema": {"schema": _self}, "column_lineage": {"lineage": _self},
    "table": {"records": lambda value: list(value["records"]), "schema": lambda value: value["schema"]},
    "python_artifact": {"module": lambda value: value.partition(":")[0], "name": lambda value: value.partition(":")[2]},
    "job": {"job_name": lambda value: value.rpartition(":")[2], "location_name": lambda value: value.rpartition(":")[0] or None},
}  # fmt: skip
# Inside `MetadataValue` the constructors hide the built-in names.
_Float: TypeAlias = float
_Int: TypeAlias = int
_Bool: TypeAlias = bool
T = TypeVar("T")


@serializable
@dataclass(frozen=True, slots=True)
class TableColumnConstraints:
    """What a column promises: no nulls, no repeats, anything else in words.

    >>> TableColumnConstraints(unique=True, other=("even",)).nullable
    True
    """

    nullable: bool = True
    unique: bool = False
    other: tuple[str, ...] = ()


@serializable
@dataclass(frozen=True, slots=True)
class TableColumn:
    """One column: its name, its type in words (Arrow's, where nbasset finds it), what it means.

    >>> TableColumn("id", "int64", constraints=TableColumnConstraints(nullable=False, unique=True)).name
    'id'
    """

    name: str
    type: str = "string"
    description: str | None = None
    constraints: TableColumnConstraints = TableColumnConstraints()
    tags: tuple[tuple[str, str], ...] = ()


@serializable
@dataclass(frozen=True, slots=True)
class TableConstraints:
    """What a whole table promises, in words.

    >>> TableConstraints(("at least 10 rows",)).other
    ('at least 10 rows',)
    """

    other: tuple[str, ...] = ()


@serializable
@dataclass(frozen=True, slots=True)
class TableSchema:
    """The columns of a table, in order.

    >>> schema = TableSchema([TableColumn("id", "int64"), TableColumn("name")])
    >>> MetadataValue.table_schema(schema).value.columns[1].type
    'string'
    """

    columns: tuple[TableColumn, ...] = ()
    constraints: TableConstraints = TableConstraints()

    def __init__(self, columns: Sequence[TableColumn] = (), constraints: TableConstraints | None = None) -> None:
        object.__setattr__(self, "columns", tuple(columns))
        object.__setattr__(self, "constraints", constraints or TableConstraints())

    @staticmethod
    def from_name_type_dict(name_type_dict: Mapping[str, str]) -> TableSchema:
        """The columns of these names and types.

        >>> TableSchema.from_name_type_dict({"id": "int64"}).columns[0].type
        'int64'
        """
        return TableSchema([TableColumn(name, kind) for name, kind in name_type_dict.items()])


@serializable
@dataclass(frozen=True, slots=True)
class TableRecord:
    """One row of a small table shown to people.

    >>> MetadataValue.table([TableRecord({"id": 1})], TableSchema([TableColumn("id", "int64")])).kind
    'table'
    """

    data: Mapping[str, str | int | float | bool | None]


@serializable
@dataclass(frozen=True, slots=True)
class TableColumnDep:
    """A column of an upstream asset.

    >>> from nbasset import AssetKey
    >>> TableColumnDep(AssetKey("orders"), "price").column_name
    'price'
    """

    asset_key: AssetKey
    column_name: str


@serializable
@dataclass(frozen=True, slots=True)
class TableColumnLineage:
    """For each column, the upstream columns it is made from.

    >>> from nbasset import AssetKey
    >>> lineage = TableColumnLineage({"total": (TableColumnDep(AssetKey("orders"), "price"),)})
    >>> MetadataValue.column_lineage(lineage).kind
    'column_lineage'
    """

    deps_by_column: Mapping[str, tuple[TableColumnDep, ...]]


if TYPE_CHECKING:

    def _constructor(make: T) -> T: ...

else:

    class _constructor:  # noqa: N801 - a decorator
        """A constructor of the class; on a value of one of its kinds, what the value holds: ``MetadataValue.url("x").url``."""

        def __init__(self, make: staticmethod[..., MetadataValue]) -> None:
            self.kinds = ("path", "notebook") if make.__name__ == "path" else (make.__name__,)
            update_wrapper(self, make.__func__)

        def __get__(self, instance: MetadataValue | None, owner: type) -> Any:
            return self.__wrapped__ if instance is None or instance.kind not in self.kinds else instance.value


@serializable
@dataclass(frozen=True, slots=True)
class MetadataValue:
    """One typed fact. Make it with the constructors: ``MetadataValue.url("https://...")``.

    `value` is what it holds; so is the name that the field uses for its kind: `text`, `url`, `path`, `data` (JSON), `md_str`, `schema`,
    `records`, `asset_key`, `run_id`, ... The classes of `metadata_kinds` tell the kinds apart with `isinstance`.

    >>> said = MetadataValue.md("**ok**")
    >>> said.kind, said.value, said.md_str, MetadataValue.url("https://x.org").url
    ('md', '**ok**', '**ok**', 'https://x.org')
    """

    kind: Kind
    value: Any

    def __post_init__(self) -> None:
        if self.kind == "json":  # stored data comes back with tuples
            object.__setattr__(self, "value", _thawed(self.value))

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            kind = self.kind if name not in ("kind", "value") else ""
            held = _HELD.get(kind, {})
            if name in held:
                return held[name](self.value)
            others = "".join(f", .{one}" for one in held)
            raise AttributeError(f"metadata of kind '{kind}' has no '{name}'. What it holds is its .value{others}.")

    @_constructor
    @staticmethod
    def text(text: str) -> MetadataValue:
        """Plain text."""
        return MetadataValue("text", str(text))

    @_constructor
    @staticmethod
    def url(url: str) -> MetadataValue:
        """A link. Only http, https and relative links are made clickable."""
        return MetadataValue("url", str(url))

    @_constructor
    @staticmethod
    def path(path: object) -> MetadataValue:
        """A file or folder."""
        return MetadataValue("path", str(path))

    @staticmethod
    def notebook(path: object) -> MetadataValue:
        """A notebook file."""
        return MetadataValue("notebook", str(path))

    @staticmethod
    def json(data: Sequence[Any] | Mapping[str, Any] | None) -> MetadataValue:
        """Nested lists and dicts."""
        return MetadataValue("json", _plain_json(data, "json"))

    @staticmethod
    def md(data: str) -> MetadataValue:
        """Markdown."""
        return MetadataValue("md", str(data))

    @staticmethod
    def python_artifact(python_artifact: Any) -> MetadataValue:
        """A class or function, by module and name."""
        return MetadataValue("python_artifact", f"{python_artifact.__module__}:{python_artifact.__qualname__}")

    @staticmethod
    def float(value: _Float) -> MetadataValue:
        """A real number; plotted over time."""
        return MetadataValue("float", _number(value))

    @staticmethod
    def int(value: _Int) -> MetadataValue:
        """A whole number; plotted over time."""
        return MetadataValue("int", _Int(value))

    @staticmethod
    def bool(value: _Bool) -> MetadataValue:
        """Yes or no."""
        return MetadataValue("bool", _Bool(value))

    @staticmethod
    def timestamp(value: _Float | datetime) -> MetadataValue:
        """A moment: seconds since 1970 UTC, or an aware datetime."""
        if isinstance(value, datetime):
            if value.tzinfo is None:
                raise InvalidMetadata(f"the timestamp {value} carries no time zone. Give one: value.replace(tzinfo=...).")
            return MetadataValue("timestamp", value.timestamp())
        return MetadataValue("timestamp", _number(value))

    @staticmethod
    def run(run_id: str) -> MetadataValue:
        """A run of nbasset."""
        return MetadataValue("run", str(run_id))

    @staticmethod
    def job(job_name: str, location_name: str | None = None) -> MetadataValue:
        """A job, by its name; with its location where two have one of that name."""
        return MetadataValue("job", f"{location_name}:{job_name}" if location_name else str(job_name))

    @_constructor
    @staticmethod
    def pool(pool: str) -> MetadataValue:
        """A pool that limits steps."""
        return MetadataValue("pool", str(pool))

    @staticmethod
    def asset(asset_key: AssetKey) -> MetadataValue:
        """Another asset."""
        return MetadataValue("asset", asset_key)

    @staticmethod
    def table(records: Sequence[TableRecord], schema: TableSchema | None = None) -> MetadataValue:
        """A small table, shown as one."""
        return MetadataValue("table", {"records": tuple(records), "schema": schema})

    @staticmethod
    def table_schema(schema: TableSchema) -> MetadataValue:
        """Columns and their types."""
        return MetadataValue("table_schema", schema)

    @_constructor
    @staticmethod
    def column_lineage(lineage: TableColumnLineage) -> MetadataValue:
        """Where each column comes from."""
        return MetadataValue("column_lineage", lineage)

    @staticmethod
    def null() -> MetadataValue:
        """Nothing."""
        return MetadataValue("null", None)


_KEPT = (AssetKey, TableSchema, TableColumnLineage, datetime)


def normalize(metadata: Mapping[str, RawMetadataValue] | None, *, of: str) -> dict[str, MetadataValue]:
    """Metadata as given by a user, each value typed, secrets that were read masked. `of` names the owner in errors.

    Raises
    ------
    InvalidMetadata
        If a key is no text or a value has a type that cannot be shown: the key, the type and what is possible are named.
    """
    return {_key(key, of): _masked(_typed(key, value, of)) for key, value in (metadata or {}).items()}


def as_written(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata as code wants it back: numbers, text, flags, lists and dicts are themselves, what was given as a `MetadataValue` stays one.

    >>> as_written(normalize({"table": "orders", "by": ["day"], "site": MetadataValue.url("https://x.org")}, of="orders"))
    {'table': 'orders', 'by': ['day'], 'site': MetadataValue(kind='url', value='https://x.org')}
    """
    return {key: _as_written(value) for key, value in metadata.items()}


def written(metadata: Mapping[str, RawMetadataValue], *, of: str) -> dict[str, Any]:
    """Metadata of a definition: checked and masked as `normalize` does it, kept as it was written.

    >>> written({"rows": 3, "by": ("day",), "table": AssetKey("orders")}, of="orders")
    {'rows': 3, 'by': ['day'], 'table': AssetKey('orders')}
    """
    typed = normalize(metadata, of=of)
    return {key: value if isinstance(value := metadata[key], _KEPT) else _as_written(typed[key]) for key in typed}


def _as_written(value: Any) -> Any:
    return value.value if isinstance(value, MetadataValue) and value.kind in _BARE else value


def _thawed(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {key: _thawed(item) for key, item in data.items()}
    return [_thawed(item) for item in data] if isinstance(data, (list, tuple)) else data


def _key(key: object, of: str) -> str:
    if not isinstance(key, str):
        raise InvalidMetadata(f"metadata of {of}: the key {key!r} is no text.")
    return key


def _masked(value: MetadataValue) -> MetadataValue:
    """The same without secrets: what is recorded is read by others."""
    if value.kind not in _WORDED:
        return value
    if isinstance(value.value, str):
        masked: Any = mask_secrets(value.value)
    elif value.kind == "table":
        masked = {**value.value, "records": tuple(TableRecord(mask_data(record.data)) for record in value.value["records"])}
    else:
        masked = _plain_json(mask_data(value.value), "json")
    return value if masked == value.value else MetadataValue(value.kind, masked)


def _typed(key: str, value: RawMetadataValue, of: str) -> MetadataValue:
    if isinstance(value, MetadataValue):
        return value
    if value is None:
        return MetadataValue.null()
    if isinstance(value, bool):
        return MetadataValue.bool(value)
    if isinstance(value, str):
        return MetadataValue.text(value if len(value) <= _LARGEST_TEXT else value[:_LARGEST_TEXT] + "…")
    if isinstance(value, int):
        return MetadataValue.int(value)
    if isinstance(value, float):
        return MetadataValue.float(value)
    if isinstance(value, AssetKey):
        return MetadataValue.asset(value)
    if isinstance(value, TableSchema):
        return MetadataValue.table_schema(value)
    if isinstance(value, TableColumnLineage):
        return MetadataValue.column_lineage(value)
    if isinstance(value, datetime):
        return MetadataValue.timestamp(value)
    if isinstance(value, os.PathLike):
        return MetadataValue.path(value)
    if isinstance(value, (list, tuple, dict)):
        return MetadataValue("json", _plain_json(value, f"metadata '{key}' of {of}"))
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:  # a NumPy scalar
        return _typed(key, value.item(), of)
    raise InvalidMetadata(
        f"metadata '{key}' of {of} is a {type(value).__module__}.{type(value).__name__}, which cannot be recorded. Give text, a number, "
        "a bool, None, a datetime, a path, a list, a dict, an AssetKey or a MetadataValue, for example MetadataValue.md(...)."
    )


def _plain_json(value: Any, what: str, depth: int = 0) -> Any:
    if depth > 50:
        raise InvalidMetadata(f"{what} is nested more than 50 deep.")
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, (list, tuple)):
        return tuple(_plain_json(item, what, depth + 1) for item in value)
    if isinstance(value, Mapping):
        return {str(key): _plain_json(item, what, depth + 1) for key, item in value.items()}
    raise InvalidMetadata(f"{what} holds {kind_of(value)}, which JSON has no form for.")


def _number(value: float) -> Any:
    """The number, or its name where JSON has none (NaN, infinity)."""
    number = float(value)
    return number if math.isfinite(number) else repr(number)
