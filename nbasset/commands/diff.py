"""``diff``: what differs between two versions of a table, or between two of its partitions."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from nbasset.arguments.options_time import DiffArguments
from nbasset.commands.as_table import opened_version
from nbasset.commands.managers import manager_of
from nbasset.commands.scope import Scope
from nbasset.commands.show import one_asset
from nbasset.commands.versions import Made, history_of, one_partition
from nbasset.commands.words import counted, moment, size_text
from nbasset.dataclass import dataclass
from nbasset.errors import InvalidInvocationError, MissingValue
from nbasset.io_managers.compare import TableDiff, compare_files
from nbasset.keys import AssetKey, PartitionRef
from nbasset.serde import Json


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two tables."""

    version_id: str
    at_us: int
    partition: str | None = None
    run_id: str = ""
    rows: int | None = None
    size_bytes: int | None = None

    @property
    def title(self) -> str:
        """What it is called, for people."""
        return f"{self.version_id[:8]}, {moment(self.at_us)}"

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "version_id": self.version_id, "at_us": self.at_us, "partition": self.partition, "run_id": self.run_id or None,
            "rows": self.rows, "size_bytes": self.size_bytes,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class DiffResult:
    """Both sides and their differences."""

    asset: AssetKey
    before: Side
    after: Side
    table: TableDiff

    def to_json(self) -> Json:
        """Plain data."""
        return {"asset": str(self.asset), "before": self.before.to_json(), "after": self.after.to_json(), "table": self.table.to_json()}


def diff(scope: Scope, arguments: DiffArguments) -> DiffResult:
    """Compare the sides that are named: by default the current version with the newest one before it that has other data.

    Raises
    ------
    MissingValue
        If there is nothing to compare with, or a version is not kept any more.
    InvalidInvocationError
        If the value is no table, or the key does not fit.
    """
    key = one_asset(scope, arguments.asset)
    manager = manager_of(scope, key)
    definition = scope.catalog.by_key[key].partitions_def
    if len(arguments.partitions) == 2:
        refs = [one_partition(scope, key, text) for text in arguments.partitions]
        sides = [(ref, _newest(scope, key, ref)) for ref in refs]
    else:
        ref = one_partition(scope, key, arguments.partitions[0] if arguments.partitions else "")
        if ref is None and definition is not None:
            raise InvalidInvocationError(f"asset '{key}' is partitioned: say which one, -p KEY, or two to compare them, -p A -p B.")
        sides = [(ref, made) for made in _versions(scope, key, ref, arguments.versions)]
    with ExitStack() as stack:
        files = [stack.enter_context(opened_version(scope, key, manager, made.fact)) for _, made in sides]
        table = compare_files(files[0], files[1], key=arguments.key, examples=arguments.examples)
    return DiffResult(key, _side(*sides[0]), _side(*sides[1]), table)


def _newest(scope: Scope, key: AssetKey, ref: PartitionRef | None) -> Made:
    found = next(history_of(scope.instance.reader, key, ref.ordinal if ref is not None else None), None)
    if found is None:
        name = f"partition {ref.key!r} of asset '{key}'" if ref is not None else f"asset '{key}'"
        raise MissingValue(f"{name} was never materialized, so there is nothing to compare.")
    return found


def _versions(scope: Scope, key: AssetKey, ref: PartitionRef | None, wanted: tuple[str, ...]) -> tuple[Made, Made]:
    ordinal = ref.ordinal if ref is not None else None
    newest = _newest(scope, key, ref)
    if not wanted:
        for made in history_of(scope.instance.reader, key, ordinal):
            if made.fact.version_id != newest.fact.version_id and made.fact.data_version != newest.fact.data_version:
                return made, newest
        raise MissingValue(
            f"'{key}' has never had other data than it has now, so there is nothing to compare. Its versions: history {key}."
        )
    from nbasset.commands.load import version_as_of

    found = []
    for text in wanted:
        version = version_as_of(scope, key, ordinal, text)
        found.append(next(made for made in history_of(scope.instance.reader, key, ordinal) if made.fact.version_id == version))
    return (found[0], found[1]) if len(found) == 2 else (found[0], newest)


def _side(ref: PartitionRef | None, made: Made) -> Side:
    fact = made.fact
    return Side(fact.version_id, made.at_us, ref.key if ref is not None else None, made.run_id, fact.rows, fact.size_bytes)


def diff_text(result: DiffResult) -> str:
    """The differences as plain text."""
    table, before, after = result.table, result.before, result.after
    same_partition = before.partition == after.partition
    names = [one.title if same_partition else f"{one.partition} ({one.title})" for one in (before, after)]
    lines = [f"{result.asset}{f' {before.partition}' if before.partition and same_partition else ''}: {names[0]} and {names[1]}"]
    if table.is_same:
        return "\n".join([*lines, "The data is the same."])
    sizes = f", {size_text(before.size_bytes)} and {size_text(after.size_bytes)}" if before.size_bytes and after.size_bytes else ""
    lines.append(f"{table.rows[0]:,} and {counted(table.rows[1], 'row')}{sizes}")
    by = f"by {', '.join(table.key)}{' (guessed)' if table.is_guessed else ''}" if table.key else "by position"
    lines.append(f"{table.added:,} added, {table.removed:,} removed, {table.changed:,} changed, matched {by}")
    for change in table.schema:
        lines.append(f"  column {change.name}: {change.before or 'not there'} -> {change.after or 'not there'}")
    touched = [one for one in table.columns if one.changed or one.nulls[0] != one.nulls[1] or _moved(one.mean)]
    if touched:
        width = max(len(one.name) for one in touched)
        for one in touched:
            facts = [f"{counted(one.changed, 'cell')} changed" if one.changed else "", *_facts(one)]
            lines.append(f"  {one.name:<{width}}  {one.type:<10}  {', '.join(fact for fact in facts if fact)}".rstrip())
    for example in table.examples:
        values = ", ".join(_change(*value) for value in example.values[:6])
        lines.append(f"  {example.sign} {example.key}: {values}")
    return "\n".join([*lines, *table.notes])


def _facts(one: Any) -> list[str]:
    found = []
    if one.nulls[0] != one.nulls[1]:
        found.append(f"null {one.nulls[0]:,} -> {one.nulls[1]:,}")
    if _moved(one.mean):
        found.append(f"mean {number(one.mean[0])} -> {number(one.mean[1])}")
    if one.drift is not None and abs(one.drift) >= 0.01:
        found.append(f"moved by {one.drift:+.2f} standard deviations")
    return found


def _moved(mean: tuple[float | None, float | None]) -> bool:
    return mean[0] != mean[1]


def _change(name: str, before: str | None, after: str | None) -> str:
    return f"{name} {before} -> {after}" if before is not None and after is not None else f"{name} {before if after is None else after}"


def number(value: float | None) -> str:
    """A figure for people."""
    return "-" if value is None else f"{value:,.4g}"
