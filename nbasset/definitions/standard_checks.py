"""Checks that everybody needs, made for many assets at once: freshness, changes of columns, bounds of metadata, rows, uniqueness, nulls.

Each factory gives a list of checks, one an asset. The first four look at records only; those that look at values load the asset.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from nbasset.definitions.asset import AssetsDefinition
from nbasset.definitions.checks import asset_check
from nbasset.definitions.cron import previous_tick, ticks_of
from nbasset.definitions.partitions import PartitionsDefinition, PartitionsView
from nbasset.definitions.results import AssetCheckResult
from nbasset.definitions.specs import AssetSpec
from nbasset.definitions.table_frames import Frame, frame_of, records_of
from nbasset.definitions.time_windows import TimeWindows
from nbasset.errors import InvalidDefinitionError, kind_of
from nbasset.events.facts import AssetCheckSeverity, AssetMaterialized
from nbasset.keys import AssetKey
from nbasset.metadata import MetadataValue, TableSchema

LAST_UPDATED = "nbasset/last_updated_timestamp"
COLUMN_SCHEMA_KEYS = ("nbasset/column_schema", "column_schema")
ROW_COUNT_KEYS = ("nbasset/row_count", "nbasset/partition_row_count", "row_count")
FRESHNESS_CHECK_METADATA = "nbasset/freshness_params"
_SHOWN_ROWS = 10
_ERROR = AssetCheckSeverity.ERROR
_WARN = AssetCheckSeverity.WARN


def build_last_update_freshness_checks(
    *,
    assets: Sequence[Any],
    lower_bound_delta: timedelta,
    deadline_cron: str | None = None,
    timezone: str = "UTC",
    severity: AssetCheckSeverity = _WARN,
    blocking: bool = False,
) -> list[AssetsDefinition]:
    """Checks that each asset was updated (made, or observed) within the last `lower_bound_delta`.

    With a `deadline_cron` it counts from the last tick: data from `lower_bound_delta` before it, or later, passes.

    >>> [str(check.check_keys[0]) for check in build_last_update_freshness_checks(assets=["a"], lower_bound_delta=timedelta(hours=1))]
    ['a:freshness_check']
    """
    if lower_bound_delta <= timedelta(0):
        raise InvalidDefinitionError(f"build_last_update_freshness_checks: lower_bound_delta {lower_bound_delta} is no span of time.")
    if deadline_cron is not None:
        ticks_of(deadline_cron, timezone)
    params = {"timezone": timezone, "lower_bound_delta_s": lower_bound_delta.total_seconds(), "deadline_cron": deadline_cron}

    def evaluate(context: Any, key: AssetKey) -> AssetCheckResult:
        now: datetime = context.started_at
        deadline = now if deadline_cron is None else _last_tick(deadline_cron, timezone, now)
        bound = deadline - lower_bound_delta
        updated = last_update(context.instance, key)
        passed = updated is not None and updated >= bound.timestamp()
        metadata: dict[str, Any] = {"nbasset/freshness_lower_bound_timestamp": MetadataValue.timestamp(bound)}
        if updated is not None:
            metadata[LAST_UPDATED] = MetadataValue.timestamp(updated)
        if not passed:
            metadata["nbasset/overdue_seconds"] = (now - (deadline if deadline_cron else bound)).total_seconds()
        when = "never" if updated is None else f"last at {datetime.fromtimestamp(updated, now.tzinfo):%Y-%m-%d %H:%M:%S %Z}"
        said = f"updated {when}; expected at {bound:%Y-%m-%d %H:%M:%S %Z} or later"
        return AssetCheckResult(passed, metadata=metadata, severity=severity, description=said)

    return _each(assets, "freshness_check", evaluate, "Whether the asset was updated recently enough.", blocking, params)


def build_time_partition_freshness_checks(
    *,
    assets: Sequence[Any],
    deadline_cron: str,
    timezone: str = "UTC",
    severity: AssetCheckSeverity = _WARN,
    blocking: bool = False,
) -> list[AssetsDefinition]:
    """Checks that at each tick of the cron the newest partition that had ended by then was made.

    >>> build_time_partition_freshness_checks(assets=["flights"], deadline_cron="0 6 * * *")[0].name
    'flights_freshness_check'

    Raises
    ------
    InvalidDefinitionError
        If an asset is given with its definition and is not partitioned by time.
    """
    ticks_of(deadline_cron, timezone)
    known = dict(map(_named, assets))
    for key, definition in known.items():
        if definition is not None and not isinstance(definition, TimeWindows):
            raise InvalidDefinitionError(f"build_time_partition_freshness_checks: '{key}' is partitioned, but not by time.")
    params = {"timezone": timezone, "deadline_cron": deadline_cron}

    def evaluate(context: Any, key: AssetKey) -> AssetCheckResult:
        definition = known[key] or context.instance.partitions_def_of(key)
        if not isinstance(definition, TimeWindows):
            return AssetCheckResult(False, severity=severity, description=f"'{key}' is not partitioned by time")
        deadline = _last_tick(deadline_cron, timezone, context.started_at)
        expected = definition.last_ordinal(PartitionsView(deadline, context.instance.key_table))
        if expected is None:
            return AssetCheckResult(True, severity=severity, description="no partition had ended by the last deadline")
        partition = definition.key_of(expected, context.instance.key_table)
        passed = partition in context.instance.get_materialized_partitions(key, partitions_def=definition)
        metadata: dict[str, Any] = {"nbasset/latest_complete_partition": partition, "nbasset/deadline": MetadataValue.timestamp(deadline)}
        if not passed:
            metadata["nbasset/overdue_seconds"] = (context.started_at - deadline).total_seconds()
        said = f"partition {partition} was {'made' if passed else 'expected'} by {deadline:%Y-%m-%d %H:%M:%S %Z}"
        return AssetCheckResult(passed, metadata=metadata, severity=severity, description=said)

    return _each(assets, "freshness_check", evaluate, "Whether the newest partition that should be there is.", blocking, params)


def build_column_schema_change_checks(
    *, assets: Sequence[Any], severity: AssetCheckSeverity = _WARN, blocking: bool = False
) -> list[AssetsDefinition]:
    """Checks that the columns of each asset are those of the materialization before.

    Columns are compared by name and type where ``column_schema`` metadata tells them, else by the recorded id of the schema.

    >>> build_column_schema_change_checks(assets=["flights"])[0].name
    'flights_column_schema_change'
    """

    def evaluate(context: Any, key: AssetKey) -> AssetCheckResult:
        made = _made(context, key, 2)
        if len(made) < 2:
            return AssetCheckResult(True, severity=severity, description="it was materialized less than twice, so there is no change")
        now, before = made
        new, old = _schema(now), _schema(before)
        if new is not None and old is not None:
            changes = _schema_changes(old, new)
            said = "; ".join(changes) if changes else "the columns are as before"
            return AssetCheckResult(not changes, severity=severity, description=said, metadata={"changes": changes})
        if now.schema_id and before.schema_id:
            same = now.schema_id == before.schema_id
            said = f"the columns {'are as' if same else 'differ from'} before"
            return AssetCheckResult(same, severity=severity, description=said)
        return AssetCheckResult(False, severity=severity, description="its columns are not recorded: add metadata 'nbasset/column_schema'")

    return _each(assets, "column_schema_change", evaluate, "Whether columns appeared, went away or changed their type.", blocking)


def build_metadata_bounds_checks(
    *,
    assets: Sequence[Any],
    metadata_key: str,
    severity: AssetCheckSeverity = _WARN,
    min_value: float | None = None,
    max_value: float | None = None,
    exclusive_min: bool = False,
    exclusive_max: bool = False,
    blocking: bool = False,
) -> list[AssetsDefinition]:
    """Checks that a number in the metadata of the newest materialization lies within bounds.

    >>> build_metadata_bounds_checks(assets=["model"], metadata_key="score", min_value=0.9)[0].name
    'model_score_bounds'

    Raises
    ------
    InvalidDefinitionError
        If there is no bound, or no number can lie between them.
    """
    _check_bounds("build_metadata_bounds_checks", min_value, max_value)
    name = "".join(one if one.isalnum() else "_" for one in metadata_key).strip("_") + "_bounds"

    def evaluate(context: Any, key: AssetKey) -> AssetCheckResult:
        made = _made(context, key, 1)
        if not made:
            return AssetCheckResult(True, severity=severity, description="it was never materialized")
        found = made[0].metadata.get(metadata_key)
        if found is None or not isinstance(found.value, (int, float)):
            said = f"metadata '{metadata_key}' is {'not there' if found is None else f'no number but {found.kind}'}"
            return AssetCheckResult(False, severity=severity, description=said)
        return _within(found.value, min_value, max_value, exclusive_min, exclusive_max, metadata_key, severity)

    return _each(assets, name, evaluate, f"Whether metadata '{metadata_key}' lies within its bounds.", blocking)


def build_row_count_checks(
    *,
    assets: Sequence[Any],
    min_rows: int | None = None,
    max_rows: int | None = None,
    severity: AssetCheckSeverity = _ERROR,
    blocking: bool = False,
) -> list[AssetsDefinition]:
    """Checks that the newest materialization has at least `min_rows` and at most `max_rows` rows, as recorded: nothing is loaded.

    >>> build_row_count_checks(assets=["orders"], min_rows=1)[0].name
    'orders_row_count'
    """
    _check_bounds("build_row_count_checks", min_rows, max_rows)

    def evaluate(context: Any, key: AssetKey) -> AssetCheckResult:
        made = _made(context, key, 1)
        if not made:
            return AssetCheckResult(False, severity=severity, description="it was never materialized")
        told = [made[0].metadata[name].value for name in ROW_COUNT_KEYS if name in made[0].metadata]
        rows = made[0].rows if made[0].rows is not None else told[0] if told else None
        if not isinstance(rows, int):
            return AssetCheckResult(False, severity=severity, description="its number of rows is not recorded: store a table")
        return _within(rows, min_rows, max_rows, False, False, "rows", severity)

    return _each(assets, "row_count", evaluate, "Whether it has as many rows as expected.", blocking)


def build_unique_checks(
    *,
    assets: Sequence[Any],
    columns: Sequence[str],
    together: bool = False,
    severity: AssetCheckSeverity = _ERROR,
    blocking: bool = False,
) -> list[AssetsDefinition]:
    """Checks of tables: no value of these columns repeats; with `together` no combination of their values does. Nulls do not count.

    >>> class Flights(list): ...
    >>> (check,) = build_unique_checks(assets=["flights"], columns=["id"])
    >>> check(Flights()).description
    'it is no pandas or Polars table but a Flights'
    """
    names = _columns(columns, "build_unique_checks")

    def evaluate(frame: Frame) -> list[int]:
        if together:
            rows = list(zip(*(frame.values(name) for name in names), strict=True))
            counts = Counter(rows)
            return [at for at, row in enumerate(rows) if counts[row] > 1 and None not in row]
        return sorted({row for name in names for row in frame.repeated(name, ignore_missing=True)})

    said = f"values of {', '.join(names)}" + (" together" if together else "")
    return _tables(assets, "unique_" + "_".join(names), evaluate, names, f"repeated {said}", severity, blocking)


def build_not_null_checks(
    *, assets: Sequence[Any], columns: Sequence[str], severity: AssetCheckSeverity = _ERROR, blocking: bool = False
) -> list[AssetsDefinition]:
    """Checks of tables: no value of these columns is missing.

    >>> import pandas as pd
    >>> (check,) = build_not_null_checks(assets=["flights"], columns=["delay"])
    >>> check(pd.DataFrame({"delay": [1.0, None]})).description
    '1 of 2 rows have missing values of delay'
    """
    names = _columns(columns, "build_not_null_checks")

    def evaluate(frame: Frame) -> list[int]:
        return sorted({row for name in names for row in frame.missing(name)})

    return _tables(assets, "not_null_" + "_".join(names), evaluate, names, f"missing values of {', '.join(names)}", severity, blocking)


def last_update(instance: Any, key: AssetKey) -> float | None:
    """When an asset was last made or observed, in seconds; what an observation tells of the last update goes before its own time."""
    records = instance.get_asset_records([key])
    if not records:
        return None
    record = records[0]
    moments = [record.at_us / 1_000_000] if record.materialization is not None else []
    if record.observation is not None:
        told = record.observation.metadata.get(LAST_UPDATED)
        moments.append(told.value if told is not None else record.observed_us / 1_000_000)
    return max(moments, default=None)


def _each(
    assets: Iterable[Any],
    name: str,
    evaluate: Callable[[Any, AssetKey], AssetCheckResult],
    description: str,
    blocking: bool,
    params: dict[str, Any] | None = None,
) -> list[AssetsDefinition]:
    metadata = {FRESHNESS_CHECK_METADATA: params} if params is not None else None
    by_partition = params is None

    def make(key: AssetKey, partitions_def: PartitionsDefinition | None) -> AssetsDefinition:
        @asset_check(
            asset=key, name=name, description=description, blocking=blocking, metadata=metadata,
            partitions_def=partitions_def if by_partition else None,
        )  # fmt: skip
        def check(context: Any) -> AssetCheckResult:
            return evaluate(context, key)

        return check

    return [make(*_named(one)) for one in assets]


def _tables(
    assets: Iterable[Any],
    name: str,
    wrong_rows: Callable[[Frame], list[int]],
    columns: Sequence[str],
    what: str,
    severity: AssetCheckSeverity,
    blocking: bool,
) -> list[AssetsDefinition]:
    def verdict(value: Any) -> AssetCheckResult:
        frame = frame_of(value)
        if frame is None:
            return AssetCheckResult(False, severity=severity, description=f"it is no pandas or Polars table but {kind_of(value)}")
        absent = [column for column in columns if column not in frame.columns]
        if absent:
            has = ", ".join(map(str, frame.columns))
            return AssetCheckResult(False, severity=severity, description=f"it has no column {', '.join(absent)}; it has {has}")
        rows = wrong_rows(frame)
        metadata: dict[str, Any] = {"rows": frame.row_count, "wrong_rows": len(rows)}
        if rows:
            metadata["examples"] = MetadataValue.table(records_of(frame, rows[:_SHOWN_ROWS]))
        return AssetCheckResult(
            not rows, severity=severity, metadata=metadata, description=f"{len(rows)} of {frame.row_count} rows have {what}"
        )

    def make(key: AssetKey) -> AssetsDefinition:
        @asset_check(asset=key, name="".join(one if one.isalnum() else "_" for one in name), blocking=blocking)
        def check(table: Any) -> AssetCheckResult:
            return verdict(table)

        return check

    return [make(_named(one)[0]) for one in assets]


def _named(asset: Any) -> tuple[AssetKey, PartitionsDefinition | None]:
    if isinstance(asset, AssetsDefinition):
        return asset.key, asset.partitions_def
    return AssetKey.from_coercible(asset), asset.partitions_def if isinstance(asset, AssetSpec) else None


def _columns(columns: Sequence[str], what: str) -> tuple[str, ...]:
    if isinstance(columns, str):
        raise InvalidDefinitionError(f"{what}: give a list of columns, [{columns!r}].")
    if not columns:
        raise InvalidDefinitionError(f"{what} needs at least one column.")
    return tuple(columns)


def _check_bounds(what: str, low: float | None, high: float | None) -> None:
    if low is None and high is None:
        raise InvalidDefinitionError(f"{what} has no bound: give a least value, a greatest, or both.")
    if low is not None and high is not None and low > high:
        raise InvalidDefinitionError(f"{what}: nothing lies between {low} and {high}. The least value comes first.")


def _within(
    value: float, low: float | None, high: float | None, above: bool, below: bool, name: str, severity: AssetCheckSeverity
) -> AssetCheckResult:
    too_low = low is not None and (value < low or (above and value == low))
    too_high = high is not None and (value > high or (below and value == high))
    bounds = " and ".join(
        part
        for part in (
            f"{'above' if above else 'at least'} {low}" if low is not None else "",
            f"{'below' if below else 'at most'} {high}" if high is not None else "",
        )
        if part
    )
    return AssetCheckResult(
        not (too_low or too_high), severity=severity, metadata={"value": value}, description=f"{name} is {value}; expected {bounds}"
    )


def _last_tick(cron: str, timezone: str, now: datetime) -> datetime:
    return previous_tick(cron, timezone, now + timedelta(microseconds=1))


def _made(context: Any, key: AssetKey, limit: int) -> list[AssetMaterialized]:
    """The newest materializations, newest first: of the partition that the check is evaluated for, if it is for one."""
    partitions = context.partition_refs
    ordinal = partitions[0].ordinal if len(partitions) == 1 else None
    found: list[AssetMaterialized] = []
    for entry in context.instance.reader.materializations(key, ordinal, limit=limit):
        event = entry.event
        single = getattr(event, "fact", None) or getattr(event, "materialization", None)
        for fact in getattr(event, "facts", (single,)):
            if isinstance(fact, AssetMaterialized) and fact.asset == key and (ordinal is None or _ordinal(fact) == ordinal):
                found.append(fact)
    return found[:limit]


def _ordinal(fact: AssetMaterialized) -> int | None:
    return fact.partition.ordinal if fact.partition is not None else None


def _schema(made: AssetMaterialized) -> TableSchema | None:
    for name in COLUMN_SCHEMA_KEYS:
        value = made.metadata.get(name)
        if value is not None and isinstance(value.value, TableSchema):
            return value.value
    return None


def _schema_changes(old: TableSchema, new: TableSchema) -> list[str]:
    before, after = ({column.name: column.type for column in one.columns} for one in (old, new))
    added = [f"new column {name}" for name in after if name not in before]
    removed = [f"column {name} is gone" for name in before if name not in after]
    changed = [f"{name} is now {after[name]}, was {kind}" for name, kind in before.items() if name in after and after[name] != kind]
    return [*added, *removed, *changed]
