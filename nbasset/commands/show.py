"""``show``: everything about one asset, or one partition of it, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from nbasset.arguments.options import ShowArguments
from nbasset.commands.facts import counts_of, fact_of, shown_state
from nbasset.commands.list_assets import problem_json
from nbasset.commands.managers import ready_manager
from nbasset.commands.scope import Scope
from nbasset.commands.states import Standing, standing
from nbasset.commands.words import ago, counted, moment
from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import CatalogAsset
from nbasset.definitions.selection import AssetSelection
from nbasset.drawing.picture import State
from nbasset.errors import Error, InvalidSelection, Problem, UnknownPartitionError
from nbasset.events.facts import AssetMaterialized, ErrorInfo
from nbasset.io_managers.parquet import ParquetIOManager
from nbasset.keys import AssetKey, PartitionRef, keys_text
from nbasset.planning.plan import Reason
from nbasset.records_api import verdicts_by_partition
from nbasset.serde import Json

_MOST_VERSIONS = 10


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the stored table, from the profile in its footer: `counts` of equal bins from `low` to `high`, or the `top` values."""

    name: str
    type: str
    nulls: int = 0
    low: Any = None
    high: Any = None
    distinct: int | None = None
    counts: tuple[int, ...] = ()
    top: tuple[tuple[Any, float], ...] = ()

    def to_json(self, rows: int | None = None) -> dict[str, Json]:
        """Plain data. `null_share` is that of `rows`."""
        share = round(self.nulls / rows, 6) if rows else None
        return {
            "name": self.name, "type": self.type, "nulls": self.nulls, "null_share": share, "low": self.low, "high": self.high,
            "distinct": self.distinct, "histogram": list(self.counts),
            "top": [{"value": value, "share": round(part, 6)} for value, part in self.top],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """One version of the asset (of one partition), newest first in a list."""

    version_id: str
    at_us: int
    run_id: str
    data_version: str = ""
    code_version: str = ""
    partition: str | None = None
    rows: int | None = None
    size_bytes: int | None = None
    uri: str | None = None


@dataclass(frozen=True, slots=True)
class CheckFacts:
    """A check of the asset with its newest verdict; None: never evaluated."""

    name: str
    passed: bool | None = None
    severity: str = "ERROR"
    blocking: bool = False
    at_us: int = 0
    description: str = ""


@dataclass(frozen=True, slots=True)
class AssetFacts:
    """What is known of an asset. `versions` are its newest ones; `columns` and `preview` are of the newest stored value."""

    key: AssetKey
    state: State
    fact: str
    description: str = ""
    group: str = "default"
    kinds: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    place: str = ""
    partition: str | None = None
    partitions: str = ""
    counts: tuple[tuple[State, int], ...] = ()
    upstream: tuple[AssetKey, ...] = ()
    downstream: tuple[AssetKey, ...] = ()
    reasons: tuple[Reason, ...] = ()
    versions: tuple[VersionFacts, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    columns: tuple[Column, ...] = ()
    preview: tuple[tuple[Any, ...], ...] = ()
    rows: int | None = None
    checks: tuple[CheckFacts, ...] = ()
    error: ErrorInfo | None = None
    problems: tuple[Problem, ...] = ()
    code: str = ""
    code_version: str = ""
    now_us: int = 0
    note: str = ""

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "key": str(self.key), "state": self.state, "fact": self.fact, "description": self.description, "group": self.group,
            "kinds": list(self.kinds), "owners": list(self.owners), "tags": dict(self.tags), "place": self.place,
            "partition": self.partition, "partitions": self.partitions or None, "partition_counts": dict(self.counts),
            "upstream": [str(key) for key in self.upstream], "downstream": [str(key) for key in self.downstream],
            "reasons": [one.text for one in self.reasons], "code_version": self.code_version, "rows": self.rows,
            "versions": [
                {"version_id": one.version_id, "at_us": one.at_us, "run_id": one.run_id, "partition": one.partition, "rows": one.rows,
                 "size_bytes": one.size_bytes, "data_version": one.data_version, "uri": one.uri}
                for one in self.versions
            ],
            "columns": [one.to_json(self.rows) for one in self.columns],
            "preview": [list(row) for row in self.preview], "metadata": dict(self.metadata),
            "checks": [{"name": one.name, "passed": one.passed, "severity": one.severity, "blocking": one.blocking} for one in self.checks],
            "error": None if self.error is None else {"text": str(self.error), "place": self.error.place},
            "problems": [problem_json(one) for one in self.problems],
        }  # fmt: skip


def show(scope: Scope, arguments: ShowArguments, *, now: Standing | None = None) -> AssetFacts:
    """The facts of the asset that is named.

    Raises
    ------
    UnknownAsset
        If there is none; the nearest is named.
    UnknownPartitionError
        If it has no such partition.
    """
    key = one_asset(scope, arguments.asset)
    now = now or standing(scope)
    asset = scope.catalog.by_key[key]
    ref = _ref(asset, arguments.partition, now)
    versions = _versions(scope, key, ref)
    newest = now.records[key].materialization if key in now.records else None
    columns, preview, rows, note = _stored(scope, asset, ref, versions, arguments.rows)
    record = now.records.get(key)
    spec = asset.spec
    state = now.states[key]
    found = scope.location.code.slice(asset.node) if asset.node is not None else None
    return AssetFacts(
        key,
        shown_state(scope, key, now),
        fact_of(scope, key, now),
        spec.description or "",
        spec.group,
        tuple(sorted(spec.kinds)),
        tuple(spec.owners),
        dict(spec.tags),
        asset.place or "",
        ref.key if ref is not None else None,
        asset.partitions_def.describe() if asset.partitions_def is not None else "",
        counts_of(key, now),
        scope.catalog.upstream[key],
        scope.catalog.downstream[key],
        state.reasons,
        versions,
        _plain_metadata({**spec.metadata, **(newest.metadata if newest is not None else {})}),
        columns,
        preview,
        rows,
        _checks(scope, key),
        record.error if record is not None and state.status == "failed" else None,
        tuple(problem for problem in scope.catalog.problems if problem.asset == str(key)),
        found.text if found is not None else "",
        scope.location.code.version_of(key),
        now.now_us,
        note,
    )


def one_asset(scope: Scope, text: str) -> AssetKey:
    """The one asset that a text names.

    Raises
    ------
    InvalidSelection
        If it names several.
    """
    keys = AssetSelection.from_string(text).resolve(scope.catalog)
    if len(keys) != 1:
        raise InvalidSelection(f"{text!r} names {len(keys)} assets ({keys_text(sorted(keys))}). Name one.")
    return next(iter(keys))


def facts_text(facts: AssetFacts) -> str:
    """The facts as plain text: for a terminal without colours, a screen reader, a saved notebook."""
    lines = [f"{facts.key}: {facts.state}, {facts.fact}"]
    if facts.description:
        lines += ["", facts.description]
    rows = [
        ("group", facts.group), ("kinds", ", ".join(facts.kinds)), ("owners", ", ".join(facts.owners)), ("defined in", facts.place),
        ("partitions", facts.partitions), ("reads", ", ".join(map(str, facts.upstream))),
        ("read by", ", ".join(map(str, facts.downstream))),
    ]  # fmt: skip
    lines += ["", *(f"{name + ':':<12} {value}" for name, value in rows if value)]
    if facts.reasons and facts.state == "stale":
        lines += ["", "stale because:", *(f"  {reason.text}" for reason in facts.reasons)]
    if facts.error is not None:
        from nbasset.execution.failures import text_of

        lines += ["", text_of(facts.error)]
    lines += [f"problem: {problem}" for problem in facts.problems]
    if facts.columns:
        lines += ["", f"{counted(facts.rows, 'row')}, {counted(len(facts.columns), 'column')}:" if facts.rows is not None else "columns:"]
        width = max(len(column.name) for column in facts.columns)
        lines += [f"  {column.name:<{width}}  {column.type:<14} {_spread(column, facts.rows)}".rstrip() for column in facts.columns]
    if facts.preview:
        lines += ["", *_table([column.name for column in facts.columns], facts.preview)]
    if facts.versions:
        lines += ["", "versions:"]
        lines += [
            f"  {one.version_id[:8]}  {moment(one.at_us)}  {_ago(one, facts)}run {one.run_id[:8]}"
            + (f"  {one.partition}" if one.partition else "")
            for one in facts.versions
        ]
        if facts.versions[0].uri:
            lines.append(f"stored at: {facts.versions[0].uri}")
    for check in facts.checks:
        verdict = "never evaluated" if check.passed is None else "passed" if check.passed else f"failed ({check.severity.lower()})"
        lines.append(f"check {check.name}: {verdict}")
    if facts.note:
        lines += ["", facts.note]
    return "\n".join(lines)


def _ago(version: VersionFacts, facts: AssetFacts) -> str:
    """How long ago a version was made; nothing in what is saved, where the moment has to do."""
    return f"{ago(version.at_us, facts.now_us):<12}  " if facts.now_us else ""


def _table(names: Sequence[str], rows: Sequence[Sequence[Any]], *, width: int = 110) -> list[str]:
    """First rows, as many columns as fit."""
    columns: list[list[str]] = []
    used = 2
    for place, name in enumerate(names[: len(rows[0])]):
        texts = [name, *(_short(row[place]) for row in rows)]
        wide = min(max(map(len, texts)), 40)
        if columns and used + wide + 2 > width:
            columns.append([f"+{len(names) - place} more", *("" for _ in rows)])
            break
        used += wide + 2
        numeric = all(isinstance(row[place], (int, float)) for row in rows)
        columns.append([(text[:wide].rjust(wide) if numeric else text[:wide].ljust(wide)) for text in texts])
    return ["  " + "  ".join(parts).rstrip() for parts in zip(*columns, strict=True)]


def _short(value: Any) -> str:
    """A value in few characters: midnight and whole seconds need not be said."""
    return "" if value is None else str(value).removesuffix(".000000").removesuffix(" 00:00:00")


def _spread(column: Column, rows: int | None) -> str:
    """How the values of a column spread: extremes with a histogram, or the commonest; how many differ; how many are null."""
    parts: list[str] = []
    if any(column.counts):
        most = max(column.counts)
        parts.append("".join(_BARS[-(-count * (len(_BARS) - 1) // most)] for count in column.counts))
    if column.top and not parts:
        parts.append(", ".join(f"{_figure(value)} {share:.0%}" for value, share in column.top[:2]))
    elif column.low is not None:
        parts.append(f"{_figure(column.low)} to {_figure(column.high)}")
    if column.distinct is not None:
        parts.append(counted(column.distinct, "value"))
    if column.nulls:
        parts.append(f"{column.nulls:,} null" + (f" ({column.nulls / rows:.1%})" if rows else ""))
    return ", ".join(parts)


_BARS = " ▁▂▃▄▅▆▇█"


def _figure(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else f"{value:,}" if type(value) is int else _short(value)


def _ref(asset: CatalogAsset, partition: str, now: Standing) -> PartitionRef | None:
    if not partition:
        return None
    definition = asset.partitions_def
    if definition is None:
        raise UnknownPartitionError(f"asset '{asset.key}' has no partitions, so {partition!r} names none. Leave -p out.")
    (ordinal,) = definition.ordinals_of([partition], now.view)
    return PartitionRef(partition, ordinal)


def _versions(scope: Scope, key: AssetKey, ref: PartitionRef | None) -> tuple[VersionFacts, ...]:
    found: list[VersionFacts] = []
    for entry in scope.instance.reader.materializations(key, ref.ordinal if ref is not None else None, limit=_MOST_VERSIONS):
        for fact in reversed(facts_in(entry.event)):  # a batch makes its partitions in order: the last one is the newest
            if not isinstance(fact, AssetMaterialized) or fact.asset != key:
                continue
            if ref is not None and (fact.partition is None or fact.partition.ordinal != ref.ordinal):
                continue
            found.append(
                VersionFacts(
                    fact.version_id, entry.event.at_us, str(getattr(entry.event, "run_id", "") or ""), fact.data_version, fact.code_version,
                    fact.partition.key if fact.partition is not None else None, fact.rows, fact.size_bytes, fact.uri,
                )
            )  # fmt: skip
    return tuple(found[:_MOST_VERSIONS])


def facts_in(event: Any) -> tuple[Any, ...]:
    """The facts of an event: those of a step, the one that was reported, the version that was brought back."""
    return getattr(event, "facts", None) or (getattr(event, "fact", None) or getattr(event, "materialization", None),)


def _stored(
    scope: Scope, asset: CatalogAsset, ref: PartitionRef | None, versions: tuple[VersionFacts, ...], rows: int
) -> tuple[tuple[Column, ...], tuple[tuple[Any, ...], ...], int | None, str]:
    """Columns and first rows from the footer of the newest file, where a Parquet manager stored it."""
    manager = ready_manager(scope, asset.key) if asset.is_executable else None
    if not versions or not isinstance(manager, ParquetIOManager):
        return (), (), versions[0].rows if versions else None, ""
    if asset.partitions_def is not None and ref is None:
        name = versions[0].partition
        if name is None:
            return (), (), None, ""
        ref = PartitionRef(name, asset.partitions_def.ordinal_of(name, scope.instance.key_table))
    try:
        profile = manager.profile(asset.key, ref, versions[0].version_id or None, asset.partitions_def)
    except Error as error:
        return (), (), versions[0].rows, f"{type(error).__name__}: {error}"
    columns = tuple(
        Column(one.name, one.type, one.nulls, one.low, one.high, one.distinct, one.counts, one.top) for one in profile.columns
    )  # fmt: skip
    return columns, profile.preview[:rows], profile.rows, ""


def _checks(scope: Scope, key: AssetKey) -> tuple[CheckFacts, ...]:
    names = scope.catalog.checks_by_asset.get(key, ())
    if not names:
        return ()
    records = scope.instance.reader.checks([key])
    found = []
    for name in names:
        spec = scope.catalog.checks_by_key[name].spec
        record = records.get(name)
        if record is not None and record.evaluation.partition is not None:  # a partition that fails says how the whole stands
            each = verdicts_by_partition(scope.instance.reader, name).values()
            record = next((one for one in each if not one.evaluation.passed), record)
        verdict = record.evaluation if record is not None else None
        found.append(
            CheckFacts(
                name.name, verdict.passed if verdict is not None else None, verdict.severity if verdict is not None else "ERROR",
                spec.blocking, record.at_us if record is not None else 0, spec.description or "",
            )
        )  # fmt: skip
    return tuple(found)


def _plain_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for name, value in metadata.items():
        inner = getattr(value, "value", value)
        found[name] = inner if isinstance(inner, (str, int, float, bool, type(None), list, dict)) else str(inner)
    return found
