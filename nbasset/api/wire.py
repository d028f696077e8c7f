"""Our words in the words of the wire: names, times, states, metadata, errors. Every value is a plain dict that names its type.

A moment is seconds since 1970 for runs, ticks and backfills, and text of milliseconds for events.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from nbasset.commands.answering import Refusal
from nbasset.errors import Error
from nbasset.events.facts import ErrorInfo, Frame
from nbasset.execution.failures import error_info, text_of
from nbasset.keys import AssetKey
from nbasset.metadata import MetadataValue, TableColumn, TableSchema
from nbasset.secrets import mask_secrets

REPOSITORY = "__repository__"
"""The one repository of each location."""
ASSET_JOB = "__ASSET_JOB"
"""The job that stands for all assets of a location."""
MOST_ROWS = 1000
"""No page is longer."""

RUN_STATUS = {
    "queued": "QUEUED", "not_started": "NOT_STARTED", "starting": "STARTING", "started": "STARTED", "canceling": "CANCELING",
    "success": "SUCCESS", "failure": "FAILURE", "canceled": "CANCELED",
}  # fmt: skip
STATUSES_OF = {
    **{name: (own,) for own, name in RUN_STATUS.items()}, "MANAGED": (), "SUSPENDED": (),
}  # fmt: skip
"""Our states of a run for each of the wire's; those of nothing here have none."""
Wire = dict[str, Any]
_LARGEST_INT = 2**31 - 1
_MOST_CAUSES = 20


def typed(name: str, /, **fields: Any) -> Wire:
    """A value of a type of the schema.

    >>> typed("RunNotFoundError", runId="a")
    {'__typename': 'RunNotFoundError', 'runId': 'a'}
    """
    return {"__typename": name, **fields}


@cache
def snake(name: str) -> str:
    """A name of the wire as Python writes it.

    >>> snake("runId"), snake("handleID"), snake("stdoutDownloadUrl")
    ('run_id', 'handle_id', 'stdout_download_url')
    """
    return re.sub(r"(?<=[a-z0-9])([A-Z])|(?<=[A-Z])([A-Z])(?=[a-z])", lambda found: f"_{found[0]}", name).lower()


def seconds(at_us: int | None) -> float | None:
    """Seconds since 1970; None for a moment that never was.

    >>> seconds(1_500_000), seconds(0)
    (1.5, None)
    """
    return at_us / 1_000_000 if at_us else None


def millis(at_us: int) -> str:
    """Milliseconds since 1970 as text.

    >>> millis(1_500_900)
    '1500'
    """
    return str(at_us // 1000)


def micros(at: float | None) -> int | None:
    """Microseconds of seconds since 1970."""
    return None if at is None else round(at * 1_000_000)


def page(limit: int | None, default: int = MOST_ROWS) -> int:
    """How many rows to give: as many as asked for, within reason.

    >>> page(5), page(None, 25), page(10**9), page(-1)
    (5, 25, 1000, 0)
    """
    return max(0, min(default if limit is None else limit, MOST_ROWS))


def key_of(given: Mapping[str, Any]) -> AssetKey:
    """The asset that an `AssetKeyInput` names."""
    return AssetKey(list(given["path"]))


def asset_key(key: AssetKey) -> Wire:
    """An `AssetKey` of the wire."""
    return {"__typename": "AssetKey", "path": list(key.path)}


def asset_id(key: AssetKey) -> str:
    """The id and cursor of an asset: its path as JSON text. Parts of a key hold nothing that JSON would write otherwise.

    >>> asset_id(AssetKey(["raw", "orders"]))
    '["raw", "orders"]'
    """
    return '["' + '", "'.join(key.path) + '"]'


def tags(given: Mapping[str, str], typename: str = "PipelineTag") -> list[Wire]:
    """Tags as pairs."""
    return [{"__typename": typename, "key": key, "value": str(value)} for key, value in given.items()]


def tags_in(given: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """Tags that were passed in."""
    return {one["key"]: one["value"] for one in given or ()}


def cursor(position: int) -> str:
    """An opaque cursor for a place in the log.

    >>> position_of(cursor(42)), position_of(""), position_of("nonsense")
    (42, 0, 0)
    """
    return base64.urlsafe_b64encode(f"after:{position}".encode()).decode()


def position_of(text: str | None) -> int:
    """The place that a cursor stands for; the beginning for what is none."""
    try:
        word, _, number = base64.urlsafe_b64decode((text or "").encode()).decode().partition(":")
        return int(number) if word == "after" else 0
    except ValueError:
        return 0


# -- errors -------------------------------------------------------------------------------------------------------------------


def python_error(error: ErrorInfo | BaseException | Refusal | None) -> Wire | None:
    """An exception with its causes, secrets masked. An error of ours says itself where and what, so it has no lines."""
    if error is None:
        return None
    if isinstance(error, Refusal):
        return _one_error(error.cls, error.message, error.message)
    if isinstance(error, Error):
        return python_error(Refusal(type(error).__name__, str(error)))
    info = error if isinstance(error, ErrorInfo) else error_info(error)
    errors = [_of_info(info)]
    cause = info.cause
    while cause is not None and len(errors) < _MOST_CAUSES:
        errors.append(_of_info(cause))
        cause = cause.cause
    for index, one in enumerate(errors):
        one["causes"] = errors[index + 1 :]
        one["cause"] = next(iter(one["causes"]), None)
        one["errorChain"] = [typed("ErrorChainLink", message=of["message"], error=of, isExplicitLink=True) for of in one["causes"]]
    return errors[0]


def _of_info(info: ErrorInfo) -> Wire:
    return _one_error(info.cls, f"{info}\n", text_of(info), [_frame(frame) for frame in info.frames], info.place)


def _one_error(cls: str, message: str, text: str, stack: Sequence[str] = (), place: str = "") -> Wire:
    return typed(
        "PythonError", message=mask_secrets(message), className=cls, stack=list(stack), cause=None, causes=[], errorChain=[], place=place,
        text=mask_secrets(text),
    )  # fmt: skip


def _frame(frame: Frame) -> str:
    code = dict(frame.code).get(frame.line, "").strip()
    return mask_secrets(f'  File "{frame.file}", line {frame.line}, in {frame.function}\n' + (f"    {code}\n" if code else ""))


def refused(error: Error | Refusal) -> Refusal:
    """An error of ours as data."""
    return error if isinstance(error, Refusal) else Refusal.of(error)


# -- metadata -----------------------------------------------------------------------------------------------------------------


def metadata_entries(metadata: Mapping[str, Any]) -> list[Wire]:
    """Metadata as the wire's entries, in its order."""
    return [_entry(label, value) for label, value in metadata.items()]


def _entry(label: str, value: Any) -> Wire:
    if not isinstance(value, MetadataValue):
        from nbasset.metadata import normalize

        value = normalize({label: value}, of="a definition")[label]
    name, fields = _MAKERS[value.kind](value.value)
    return {"__typename": f"{name}MetadataEntry", "label": label, "description": None, **fields}


def _int(value: int) -> tuple[str, Wire]:
    return "Int", {"intValue": value if -_LARGEST_INT <= value <= _LARGEST_INT else None, "intRepr": str(value)}


def _float(value: Any) -> tuple[str, Wire]:
    number = value if isinstance(value, float) else float(value)
    is_finite = number - number == 0
    return "Float", {"floatValue": number if is_finite else None, "floatRepr": str(value)}


def _artifact(value: str) -> tuple[str, Wire]:
    module, _, name = value.partition(":")
    return "PythonArtifact", {"module": module, "name": name}


def _job(value: str) -> tuple[str, Wire]:
    location, _, name = value.rpartition(":")
    return "Job", {"jobName": name, "repositoryName": REPOSITORY if location else None, "locationName": location}


def _table(value: Mapping[str, Any]) -> tuple[str, Wire]:
    records = [dict(record.data) for record in value["records"]]
    schema = value["schema"] or TableSchema([TableColumn(name, "") for name in (records[0] if records else ())])
    rows = [json.dumps(record, ensure_ascii=False, default=str) for record in records]
    return "Table", {"table": {"__typename": "Table", "schema": table_schema(schema), "records": rows}}


def _lineage(value: Any) -> tuple[str, Wire]:
    entries = [
        {"columnName": column, "columnDeps": [{"assetKey": asset_key(dep.asset_key), "columnName": dep.column_name} for dep in deps]}
        for column, deps in value.deps_by_column.items()
    ]
    return "TableColumnLineage", {"lineage": entries}


def table_schema(schema: TableSchema) -> Wire:
    """A `TableSchema` of the wire."""
    columns = [
        {
            "name": column.name, "type": column.type, "description": column.description,
            "constraints": {
                "nullable": column.constraints.nullable, "unique": column.constraints.unique, "other": list(column.constraints.other),
            },
            "tags": tags(dict(column.tags), "DefinitionTag"),
        }
        for column in schema.columns
    ]  # fmt: skip
    return {"__typename": "TableSchema", "columns": columns, "constraints": {"other": list(schema.constraints.other)}}


_MAKERS: dict[str, Any] = {
    "text": lambda value: ("Text", {"text": value}),
    "url": lambda value: ("Url", {"url": value}),
    "path": lambda value: ("Path", {"path": value}),
    "notebook": lambda value: ("Notebook", {"path": value}),
    "json": lambda value: ("Json", {"jsonString": json.dumps(value, ensure_ascii=False, default=str)}),
    "md": lambda value: ("Markdown", {"mdStr": value}),
    "python_artifact": _artifact,
    "float": _float,
    "int": _int,
    "bool": lambda value: ("Bool", {"boolValue": value}),
    "timestamp": lambda value: ("Timestamp", {"timestamp": value}),
    "run": lambda value: ("PipelineRun", {"runId": value}),
    "job": _job,
    "pool": lambda value: ("Pool", {"pool": value}),
    "asset": lambda value: ("Asset", {"assetKey": asset_key(value)}),
    "table": _table,
    "table_schema": lambda value: ("TableSchema", {"schema": table_schema(value)}),
    "column_lineage": _lineage,
    "null": lambda value: ("Null", {}),
}


def repository_id(location: str) -> str:
    """The id of a location's repository.

    >>> repository_id("flights.ipynb")
    '__repository__@flights.ipynb'
    """
    return f"{REPOSITORY}@{location}"


def origin(location: str | None) -> Wire | None:
    """Where a run comes from, as the wire says it."""
    return {"repositoryLocationName": location, "repositoryName": REPOSITORY} if location else None


def plain(value: Any) -> Any:
    """Lists for tuples and dicts for mappings, for the wire's own kinds of JSON."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)) and not isinstance(value, str):
        return [plain(item) for item in value]
    return value


def yaml_of(config: Mapping[str, Any]) -> str:
    """Configuration as YAML text, as people write it."""
    import yaml

    return str(yaml.safe_dump(plain(config), sort_keys=False, allow_unicode=True, default_flow_style=False))


Rows = Sequence[Wire]
