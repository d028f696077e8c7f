"""What a panel answers about one asset: its card, its first rows, its versions, two of them side by side, why it is what it is."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from nbasset.arguments.options import LoadArguments, PartitionArguments, ShowArguments
from nbasset.commands.load import load
from nbasset.commands.show import AssetFacts, Column
from nbasset.commands.show import show as facts_of
from nbasset.commands.shown import count_shown, shown_in
from nbasset.commands.words import moment, size_text
from nbasset.drawing.states import number
from nbasset.errors import InvalidInvocationError, UnknownPartitionError
from nbasset.events.facts import AssetMaterialized
from nbasset.events.kinds import AssetReported, AssetRolledBack, StepSucceeded
from nbasset.events.records import Entry
from nbasset.events.reducers import materialized_in
from nbasset.keys import AssetKey
from nbasset.metadata import normalize
from nbasset.notebook.look import Look
from nbasset.notebook.panel_grid import asset_of, numbers_in, space_of
from nbasset.notebook.panel_keys import axis_labels
from nbasset.notebook.panel_lineage import fact, made_at, tags_of
from nbasset.notebook.wire_cards import (
    AssetView,
    DiffFact,
    DiffView,
    HistoryEntry,
    HistoryView,
    Neighbour,
    PartitionStrip,
    PreviewView,
    ShownView,
)
from nbasset.notebook.wire_views import CheckFacts, Code, ColumnFacts, Count, MetadataFact, Series, Shown
from nbasset.notebook.wire_views import State as AnyState
from nbasset.secrets import mask_secrets
from nbasset.serde import to_json

_HISTORY_SHOWN = 8
_HISTORY_PAGE = 50
_PLOT_POINTS = 60
_PREVIEW_ROWS = 10
_MOST_SEARCHED = 2_000


def asset_view(at: Look, key: AssetKey) -> AssetView:
    """Everything about an asset."""
    asset = asset_of(at, key)
    facts = facts_of(at.scope, ShowArguments(f'key:"{key}"', "", _PREVIEW_ROWS), now=replace(at.now, now_us=0))
    entries = _entries(at, key, None, _PLOT_POINTS)
    state = at.state(key)
    newest = entries[0] if entries else None
    return AssetView(
        str(key),
        state,
        tuple(Count(one, count) for one, count in at.counts(key)),
        mask_secrets(fact(at, key, state)),
        made_at(at, key),
        asset.spec.group,
        mask_secrets(asset.spec.description or ""),
        tuple(sorted(asset.spec.kinds)),
        tuple(asset.spec.owners),
        tags_of(asset),
        tuple(Neighbour(str(one), at.state(one)) for one in facts.upstream),
        tuple(Neighbour(str(one), at.state(one)) for one in facts.downstream),
        _code(at, key),
        _strip(at, key),
        preview_of(facts, at),
        _checks(facts),
        tuple(_history_entry(at, key, entry, made) for entry, made in _made(entries, key))[:_HISTORY_SHOWN],
        _metadata(at, asset.spec.metadata, newest, key),
        _plots(entries, key),
        _shown(at, newest),
        facts.versions[0].uri or "" if facts.versions else "",
        facts.versions[0].run_id or None if facts.versions else None,
        _seconds(newest) if newest is not None else None,
        tuple(mask_secrets(str(problem)) for problem in facts.problems),
        asset.is_executable,
    )


def preview_view(at: Look, key: AssetKey, partition: str | None, version: str | None) -> PreviewView:
    """First rows of what is stored.

    Raises
    ------
    InvalidInvocationError
        If nothing is stored, or an earlier version cannot be looked into.
    """
    facts = facts_of(at.scope, ShowArguments(f'key:"{key}"', partition or "", _PREVIEW_ROWS), now=at.now)
    if version is not None and facts.versions and version != facts.versions[0].version_id:
        return _earlier_rows(at, key, partition, version)
    found = preview_of(facts, at)
    if found is None:
        raise InvalidInvocationError(facts.note or f"nothing of '{key}' can be shown: {_why_no_rows(facts)}")
    return found


def preview_of(facts: AssetFacts, at: Look) -> PreviewView | None:
    """The first rows that the facts hold, with their columns; None when there are none."""
    if not facts.columns:
        return None
    newest = facts.versions[0] if facts.versions else None
    partition = facts.partition or (newest.partition if newest is not None else None)
    call = f'assets["{facts.key}"].load({partition!r})' if partition else f'assets["{facts.key}"].load()'
    more = f"rows 1 to {len(facts.preview)} of {number(facts.rows)}" if facts.rows is not None and facts.rows > len(facts.preview) else ""
    return PreviewView(
        str(facts.key),
        tuple(_column(one, facts.rows) for one in facts.columns),
        tuple(tuple(_cell(value) for value in row) for row in facts.preview),
        partition,
        facts.rows,
        newest.size_bytes if newest is not None else None,
        newest.uri or "" if newest is not None else "",
        call,
        more or facts.note,
    )


def shown_view(at: Look, key: AssetKey, partition: str | None, version: str) -> ShownView:
    """What one version displayed while it was made.

    Raises
    ------
    InvalidInvocationError
        If it is not in the history.
    """
    pairs = _made(_entries(at, key, partition, _MOST_SEARCHED), key)
    found = next(((entry, made) for entry, made in pairs if made.version_id == version), None)
    if found is None:
        raise InvalidInvocationError(_no_version(key, version))
    entry, made = found
    return ShownView(
        str(key), version, entry.event.at_us / 1e6, _shown(at, entry), made.partition.key if made.partition is not None else None
    )


def history_view(at: Look, key: AssetKey, partition: str | None, after: str | None) -> HistoryView:
    """Versions, newest first, a page at a time."""
    asset_of(at, key)
    before = int(after) if after is not None and after.isdigit() else None
    entries = _entries(at, key, partition, _HISTORY_PAGE, before=before)
    own = _ordinal(at, key, partition)
    pairs = [
        (entry, made)
        for entry, made in _made(entries, key)
        if own is None or (made.partition is not None and made.partition.ordinal == own)
    ]
    more = str(entries[-1].seq) if len(entries) == _HISTORY_PAGE else None
    listed = tuple(_history_entry(at, key, entry, made) for entry, made in pairs)
    return HistoryView(str(key), listed, partition, _plots(entries, key) if before is None else (), more)


def diff_view(at: Look, key: AssetKey, partition: str | None, before: str, after: str) -> DiffView:
    """Two versions side by side, by what their records say.

    Raises
    ------
    InvalidInvocationError
        If one of them is not in the history.
    """
    found: dict[str, tuple[Entry, AssetMaterialized]] = {}
    for entry, made in _made(_entries(at, key, partition, _MOST_SEARCHED), key):
        found.setdefault(made.version_id, (entry, made))
    for version in (before, after):
        if version not in found:
            raise InvalidInvocationError(_no_version(key, version))
    (_, old), (_, new) = found[before], found[after]
    facts = [_fact("rows", old.rows, new.rows), _fact("size", old.size_bytes, new.size_bytes, size_text)]
    facts += (
        [DiffFact("data", old.data_version[:14], new.data_version[:14])]
        if old.data_version != new.data_version
        else [DiffFact("data", "", "the same")]
    )
    facts += [DiffFact("code", "", "the same" if old.code_version == new.code_version else "changed")]
    inputs = {one.asset: one.digest for one in old.inputs}
    changed = [str(one.asset) for one in new.inputs if inputs.get(one.asset) != one.digest]
    facts.append(DiffFact("inputs", "", ", ".join(changed) + " changed" if changed else "the same"))
    numbers, then = numbers_in(new.metadata), numbers_in(old.metadata)
    facts += [_fact(label, then.get(label), value) for label, value in numbers.items() if then.get(label) != value]
    sides = (_history_entry(at, key, *found[before]), _history_entry(at, key, *found[after]))
    return DiffView(str(key), *sides, partition, tuple(one for one in facts if one.after))


def _earlier_rows(at: Look, key: AssetKey, partition: str | None, version: str) -> PreviewView:
    """First rows of a version that is no longer the current one, read from its own file."""
    arguments = LoadArguments(f'key:"{key}"', partitions=PartitionArguments(partition or ""), as_of=version)
    value = load(at.scope, arguments)
    if not (hasattr(value, "head") and hasattr(value, "columns")):
        raise InvalidInvocationError(f"that version is no table. Load it: %asset load {key} --as-of {version} --into before.")
    first = value.head(_PREVIEW_ROWS)
    rows = first.rows() if hasattr(first, "rows") else first.itertuples(index=False, name=None)
    columns = tuple(ColumnFacts(str(name), str(kind)) for name, kind in zip(first.columns, first.dtypes, strict=True))
    call = f"%asset load {key}" + (f' -p "{partition}"' if partition else "") + f" --as-of {version[:12]} --into before"
    note = f"rows 1 to {len(first)} of {number(len(value))}, version {version[:6]}"
    return PreviewView(str(key), columns, tuple(tuple(map(_cell, row)) for row in rows), partition, len(value), None, "", call, note)


def _no_version(key: AssetKey, version: str) -> str:
    return f"'{key}' has no version {version[:8]} in its newest {_MOST_SEARCHED:,} materializations. See them: history."


# -- pieces -------------------------------------------------------------------------------------------------------------------


def _code(at: Look, key: AssetKey) -> Code | None:
    found = at.session.code_of(key)
    if found is None:
        return None
    _, lines = found
    return Code(mask_secrets("\n".join(text for _, text in lines)), lines[0][0] if lines else 1, at.cell(key))


def _strip(at: Look, key: AssetKey) -> PartitionStrip | None:
    definition = at.partitions(key)
    if definition is None:
        return None
    space = space_of(at, key)
    return PartitionStrip(space.unit, len(space), space.runs(at.layers(key)), axis_labels(definition, space, at.now.view))


def _checks(facts: AssetFacts) -> tuple[CheckFacts, ...]:
    found = []
    for one in facts.checks:
        state: AnyState = (
            "missing" if one.passed is None else "checkpassed" if one.passed else "warned" if one.severity == "WARN" else "checkfailed"
        )
        found.append(CheckFacts(one.name, state, mask_secrets(one.description), one.blocking, one.at_us / 1e6 or None))
    return tuple(found)


def _entries(at: Look, key: AssetKey, partition: str | None, limit: int, *, before: int | None = None) -> list[Entry]:
    return at.scope.instance.reader.materializations(key, _ordinal(at, key, partition), before=before, limit=limit)


def _ordinal(at: Look, key: AssetKey, partition: str | None) -> int | None:
    if not partition:
        return None
    definition = at.partitions(key)
    if definition is None:
        raise UnknownPartitionError(f"asset '{key}' has no partitions, so {partition!r} names none.")
    return definition.ordinal_of(partition, at.now.view.table)


def _made(entries: Iterable[Entry], key: AssetKey) -> list[tuple[Entry, AssetMaterialized]]:
    return [(entry, made) for entry in entries for made in materialized_in(entry.event) if made.asset == key]


def _history_entry(at: Look, key: AssetKey, entry: Entry, made: AssetMaterialized) -> HistoryEntry:
    event = entry.event
    what = "reported" if isinstance(event, AssetReported) else "rolled back" if isinstance(event, AssetRolledBack) else "materialized"
    run = getattr(event, "run_id", None)
    record = at.now.records.get(key)
    current = record.materialization if record is not None else None
    is_current = current is not None and current.version_id == made.version_id and bool(made.version_id)
    partition = made.partition.key if made.partition is not None else None
    by_run = str(run) if run else None
    return HistoryEntry(
        made.version_id, event.at_us / 1e6, "fresh", what, partition, by_run, made.rows, made.size_bytes, _seconds(entry),
        made.data_version, made.code_version, getattr(event, "by", ""), is_current, shown=count_shown(event),
    )  # fmt: skip


def _seconds(entry: Entry) -> float | None:
    event = entry.event
    return (event.load_us + event.work_us + event.write_us) / 1e6 if isinstance(event, StepSucceeded) else None


def _plots(entries: Sequence[Entry], key: AssetKey) -> tuple[Series, ...]:
    """Numbers over the last materializations, oldest first; points are named by their run."""
    pairs = _made(entries, key)[:_PLOT_POINTS][::-1]
    if len(pairs) < 2:
        return ()
    names = tuple(str(getattr(entry.event, "run_id", "") or "") for entry, _ in pairs)
    found = [
        Series("rows", tuple(None if made.rows is None else float(made.rows) for _, made in pairs), names),
        Series("seconds", tuple(_seconds(entry) for entry, _ in pairs), names, "s"),
    ]
    for label in dict.fromkeys(label for _, made in pairs for label in numbers_in(made.metadata)):
        found.append(Series(label, tuple(numbers_in(made.metadata).get(label) for _, made in pairs), names))
    return tuple(series for series in found if any(value is not None for value in series.values))[:8]


def _metadata(at: Look, given: Mapping[str, Any], newest: Entry | None, key: AssetKey) -> tuple[MetadataFact, ...]:
    made = _made([newest], key) if newest is not None else []
    values = {**normalize(given, of=f"asset '{key}'"), **(made[0][1].metadata if made else {})}
    return tuple(_metadata_fact(label, value) for label, value in values.items())


def _metadata_fact(label: str, value: Any) -> MetadataFact:
    kind, inner = getattr(value, "kind", ""), getattr(value, "value", value)
    text = mask_secrets(str(inner))[:2_000]
    if kind == "url":
        return MetadataFact(label, text, "url", text if urlsplit(text).scheme.lower() in ("http", "https", "") else None)
    if kind in ("md", "path", "run", "asset"):
        known: Any = kind
        return MetadataFact(label, text, known)
    if kind == "timestamp":
        return MetadataFact(label, moment(round(float(inner) * 1_000_000)), "time")
    if kind in ("json", "table", "table_schema", "column_lineage"):
        return MetadataFact(label, mask_secrets(json.dumps(to_json(inner), ensure_ascii=False))[:4_000], "json")
    if isinstance(inner, (int, float)) and not isinstance(inner, bool):
        return MetadataFact(label, number(inner) if isinstance(inner, int) else f"{inner:g}", "number")
    return MetadataFact(label, text)


def _shown(at: Look, newest: Entry | None) -> tuple[Shown, ...]:
    """What was displayed by the run that made the newest version."""
    found = []
    for one in shown_in(at.scope.instance, newest):
        text = base64.b64encode(one.data).decode() if one.mime in ("image/png", "image/jpeg") else one.data.decode("utf-8", "replace")
        if one.mime in ("image/png", "image/jpeg", "image/svg+xml", "text/html", "text/plain"):
            found.append(Shown(one.mime, text))  # type: ignore[arg-type]
    return tuple(found)


def _column(one: Column, rows: int | None) -> ColumnFacts:
    is_number = one.type.startswith(("int", "uint", "float", "double", "halffloat", "decimal"))
    top = tuple((_cell(value) or "null", round(share * ((rows or 0) - (one.nulls or 0)))) for value, share in one.top)
    return ColumnFacts(
        one.name, one.type, "", one.nulls, one.distinct, _cell(one.low), _cell(one.high), tuple(map(float, one.counts)), top, is_number
    )  # fmt: skip


def _cell(value: Any) -> str | None:
    if value is None:
        return None
    return mask_secrets(f"{value:.6g}" if isinstance(value, float) else str(value)[:200])


def _why_no_rows(facts: AssetFacts) -> str:
    if not facts.versions:
        return "it was never made."
    return "its values are not tables in Parquet. Load it: %asset load " + f"{facts.key} --into value."


def _fact(label: str, old: float | None, new: float | None, say: Any = None) -> DiffFact:
    words = say or (lambda value: number(value) if isinstance(value, int) else f"{value:g}")
    before, after = "" if old is None else words(old), "" if new is None else words(new)
    sign: Any = "" if old is None or new is None or old == new else "+" if new > old else "-"
    return DiffFact(label, before, after, sign)
