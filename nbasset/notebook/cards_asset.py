"""The card of one asset with all there is: facts, columns and first rows, versions, checks, code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from nbasset.commands.scope import Scope
from nbasset.commands.show import AssetFacts, Column, VersionFacts, facts_text
from nbasset.commands.states import Standing
from nbasset.commands.words import counted, size_text
from nbasset.dataclass import dataclass
from nbasset.drawing.picture import State
from nbasset.notebook.cards_parts import code_block, counts_line, error_block, names, number, problems_block, strip, when
from nbasset.notebook.cards_shown import shown_block
from nbasset.notebook.display import Bundle
from nbasset.notebook.html import Html, card, code_text, element, joined, quiet, state_word, table

_MOST_COLUMNS = 60
_PREVIEW_COLUMNS = 16
_NUMBERS = ("int", "uint", "float", "double", "halffloat", "decimal")


@dataclass(frozen=True, slots=True)
class CodeText:
    """The code of an asset as its user wrote it: lines with their numbers, and what people call the place."""

    place: str
    lines: tuple[tuple[int, str], ...] = ()


def asset_card(scope: Scope, facts: AssetFacts, now: Standing, code: CodeText | None = None) -> Bundle:
    """``%asset show``."""
    stored = facts.versions[0] if facts.versions else None
    head = element(
        "header",
        element("b", code_text(facts.key)),
        code_text(facts.partition) if facts.partition else None,
        quiet(_size(facts, stored)),
        element("span", state_word(facts.state) if not facts.counts else None, class_="end"),
    )
    counts: Html | None = None
    definition = scope.catalog.by_key[facts.key].partitions_def
    if facts.counts and definition is not None and facts.partition is None:
        counts = element(
            "div", counts_line(facts.counts), strip(definition, now.states[facts.key], now.running.get(facts.key), now.view), class_="b"
        )
    parts = [
        head,
        element("div", facts.description, class_="note") if facts.description else None,
        counts,
        element("div", _facts(facts), class_="b"),
        error_block(facts.error) if facts.error is not None else None,
        problems_block(facts.problems),
        element("div", quiet(facts.note), class_="note") if facts.note else None,
        preview(facts),
        shown_block(scope, facts),
        _columns(facts),
        _checks(facts),
        _versions(facts),
        _code(facts, code),
        element("footer", element("span", code_text(_load_call(facts)), class_="end")) if stored is not None else None,
    ]
    states: list[State] = [facts.state, *(state for state, _ in facts.counts), "fresh", "missing", "problem", "failed", "warned", "stale"]
    html = card(*parts, label=f"Asset {facts.key}", states=states)
    return Bundle(html, facts_text(replace(facts, now_us=0)))


def _size(facts: AssetFacts, stored: VersionFacts | None) -> str:
    if stored is None or (facts.partition is None and facts.partitions):
        return ""
    parts = [counted(stored.rows, "row")] if stored.rows is not None else []
    return ", ".join([*parts, *([size_text(stored.size_bytes)] if stored.size_bytes is not None else [])])


def _facts(facts: AssetFacts) -> Html:
    stored = facts.versions[0] if facts.versions else None
    why = facts.reasons[0].text if facts.state == "stale" and facts.reasons else ""
    rows: list[tuple[str, object]] = [
        (
            "stale because",
            why + (f", and {counted(len(facts.reasons) - 1, 'more reason')}" if len(facts.reasons) > 1 else "") if why else "",
        ),
        ("last made", joined(when(stored.at_us), quiet(" by run "), code_text(stored.run_id[:8])) if stored is not None else ""),
        ("defined in", facts.place),
        ("partitions", facts.partitions),
        ("reads", names(facts.upstream, most=8) if facts.upstream else ""),
        ("read by", names(facts.downstream, most=8) if facts.downstream else ""),
        ("group", facts.group if facts.group != "default" else ""),
        ("kinds", ", ".join(facts.kinds)),
        ("owners", ", ".join(facts.owners)),
        ("tags", ", ".join(f"{key}={value}" if value else key for key, value in facts.tags.items())),
        *((name, _metadata(value)) for name, value in facts.metadata.items()),
        ("code version", code_text(_short_version(facts.code_version)) if facts.code_version else ""),
        ("stored at", code_text(stored.uri) if stored is not None and stored.uri else ""),
    ]
    return element("dl", *(joined(element("dt", name), element("dd", value)) for name, value in rows if value not in ("", None)))


def _metadata(value: Any) -> str:
    text = value if isinstance(value, str) else number(value) if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return text if len(text) <= 200 else text[:199] + "…"


def _short_version(version: str) -> str:
    tag, colon, digest = version.partition(":")
    return f"{tag}:{digest[:12]}" if colon and tag.startswith("n") else version[:40]


def _load_call(facts: AssetFacts) -> str:
    partition = f'"{facts.partition}"' if facts.partition else ""
    return f'assets["{facts.key}"].load({partition})'


# -- data ---------------------------------------------------------------------------------------------------------------------


def preview(facts: AssetFacts) -> Html | None:
    """The first rows as a table, with how the values of each column spread; None when nothing can be shown."""
    if not facts.preview:
        return None
    columns = facts.columns[: min(_PREVIEW_COLUMNS, len(facts.preview[0]))]
    right = {at for at, column in enumerate(columns) if _is_number(column)}
    heads = [joined(code_text(column.name), " ", column.type) for column in columns]
    spread = [_spread(column) for column in columns]
    rows = [[_cell(value) for value in row[: len(columns)]] for row in facts.preview]
    body = table(heads, [spread, *rows], numbers=right)
    said = f"first {counted(len(rows), 'row')}"
    if facts.rows is not None and facts.rows > len(rows):
        said += f" of {number(facts.rows)}"
    if len(facts.columns) > len(columns):
        said += f", {len(columns)} of {len(facts.columns)} columns"
    return joined(element("div", body, class_="scroll"), element("div", said, class_="note m"))


def _cell(value: Any) -> Html:
    if value is None:
        return element("span", "null", class_="nul")
    if isinstance(value, bool):
        return joined(str(value).lower())
    if isinstance(value, int):
        return joined(number(value))
    return joined(f"{value:.6g}" if isinstance(value, float) else str(value))


def _spread(column: Column) -> Html:
    """How the values spread, in little: bars for numbers and times, the commonest for texts."""
    lines: list[object] = []
    if any(column.counts):
        lines.append(_bars(column.counts))
        lines.append(element("div", f"{_short(column.low)} to {_short(column.high)}", class_="m"))
    elif column.top:
        lines += [element("div", f"{_short(value)} {share:.0%}", class_="m") for value, share in column.top[:2] if share >= 0.02]
        if column.distinct is not None:
            lines.append(element("div", counted(column.distinct, "value"), class_="m"))
    if column.nulls:
        lines.append(element("div", f"{number(column.nulls)} null", class_="m", style="color:var(--stale)"))
    return joined(*lines)


def _bars(counts: Sequence[int]) -> Html:
    most = max(counts)
    width = 5.5 * len(counts)
    bars = "".join(
        f'<rect x="{5.5 * at:g}" y="{24 - height:g}" width="4.5" height="{height:g}"/>'
        for at, height in enumerate(max(1.0, round(23 * count / most, 1)) if count else 0.0 for count in counts)
        if height
    )
    svg = f'<svg class="hist" width="{width:g}" height="24" viewBox="0 0 {width:g} 24" aria-hidden="true" fill="var(--bar)">{bars}</svg>'
    return Html(svg)


def _short(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.4g}"
    return number(value) if isinstance(value, int) else str(value)[:24]


def _is_number(column: Column) -> bool:
    return column.type.startswith(_NUMBERS)


def _columns(facts: AssetFacts) -> Html | None:
    if not facts.columns:
        return None
    rows = [
        (
            code_text(column.name),
            quiet(column.type),
            joined(number(column.nulls), quiet(f" {column.nulls / facts.rows:.1%}") if facts.rows else "") if column.nulls else "",
            _short(column.low) if column.low is not None else "",
            _short(column.high) if column.high is not None else "",
            number(column.distinct) if column.distinct is not None else "",
        )
        for column in facts.columns[:_MOST_COLUMNS]
    ]
    heads = ("Column", "Type", "Null", "Lowest", "Highest", "Different")
    more = len(facts.columns) - len(rows)
    return element(
        "details",
        element("summary", counted(len(facts.columns), "column")),
        table(heads, rows, numbers=(2, 3, 4, 5)),
        element("div", f"and {more} more", class_="note q") if more > 0 else None,
    )


# -- checks, versions, code ---------------------------------------------------------------------------------------------------


def _checks(facts: AssetFacts) -> Html | None:
    if not facts.checks:
        return None
    rows = []
    for check in facts.checks:
        if check.passed is None:
            verdict = state_word("missing", "never evaluated")
        elif check.passed:
            verdict = state_word("fresh", "passed")
        else:
            verdict = state_word(
                "warned" if check.severity == "WARN" else "checkfailed", "warned" if check.severity == "WARN" else "failed"
            )
        rows.append((code_text(check.name), verdict, quiet(check.description), when(check.at_us), "blocking" if check.blocking else ""))
    return table(("Check", "Verdict", "", "Evaluated", ""), rows)


def _versions(facts: AssetFacts) -> Html | None:
    if not facts.versions:
        return None
    is_partitioned = any(version.partition for version in facts.versions)
    rows = []
    for at, version in enumerate(facts.versions):
        row: list[object] = [code_text(version.version_id[:8] or "-"), joined(when(version.at_us), quiet(" current") if at == 0 else None)]
        row += [code_text(version.partition or "")] if is_partitioned else []
        row += [number(version.rows) if version.rows is not None else "", size_text(version.size_bytes) if version.size_bytes else ""]
        rows.append([*row, code_text(version.run_id[:8])])
    heads = ["Version", "Made", *(["Partition"] if is_partitioned else []), "Rows", "Size", "Run"]
    right = (3, 4) if is_partitioned else (2, 3)
    summary = element("summary", counted(len(facts.versions), "version"))
    return element("details", summary, table(heads, rows, numbers=right))


def _code(facts: AssetFacts, code: CodeText | None) -> Html | None:
    own = (
        element("details", element("summary", f"Code in {code.place}"), code_block(code.lines)) if code is not None and code.lines else None
    )
    if not facts.code:
        return own
    lines = facts.code.rstrip("\n").split("\n")
    slice_lines = list(enumerate(lines, start=1))
    whole = element("details", element("summary", f"Everything it needs, {counted(len(lines), 'line')}"), code_block(slice_lines))
    return joined(own, whole)
