"""Cards about time and trust: why something is stale, its versions, two tables side by side, what a notebook leans on."""

from __future__ import annotations

from collections.abc import Iterable

from nbasset.commands.check import CheckResult, check_text
from nbasset.commands.diff import DiffResult, diff_text, number
from nbasset.commands.gc import GcResult
from nbasset.commands.history import HistoryEntry, HistoryResult, history_text, short_code
from nbasset.commands.why import Cause, Link, WhyResult, estimate_text, why_text
from nbasset.commands.words import counted, moment, size_text
from nbasset.drawing.picture import State
from nbasset.io_managers.compare import ColumnDiff, RowDiff, TableDiff
from nbasset.notebook.cards_parts import counts_line, when
from nbasset.notebook.display import Bundle
from nbasset.notebook.html import Html, card, code_text, element, glyph, joined, quiet, state_word, table
from nbasset.source.diff import Change

_ADDED = "background:color-mix(in srgb,var(--fresh) 12%,var(--s))"
_GONE = "background:color-mix(in srgb,var(--failed) 9%,var(--s))"
_MOST_LINES = 40
_MOST_COLUMNS = 20
_MARKS: dict[str, State] = {"problem": "failed", "warning": "stale", "note": "skipped"}
_VERDICTS: dict[str, State] = {"same": "fresh", "different": "failed", "fails": "failed", "random": "stale", "unknown": "skipped"}


# -- why ------------------------------------------------------------------------------------------------------------------------


def why_card(result: WhyResult) -> Bundle:
    """``%asset why``: the sentence, the chain from each root cause with the code that changed, what did not change, and the cost."""
    head = element("header", glyph(result.state), element("span", element("b", _sentence(result))))
    counts = element("div", counts_line(result.counts), class_="b") if result.counts else None
    chains = [_chain(cause, several=len(result.causes) > 1) for cause in result.causes]
    where = element("div", quiet("stale: "), code_text(result.partitions), class_="note") if result.partitions else None
    same = element("span", quiet("Same: "), ", ".join(result.same)) if result.same else None
    cost = element("span", estimate_text(result.estimate), class_="end") if result.estimate is not None else None
    foot = element("footer", same, cost) if same is not None or cost is not None else None
    states: list[State] = [result.state, "fresh", *(state for state, _ in result.counts)]
    states += [link.state for cause in result.causes for link in cause.links]
    html = card(head, counts, *chains, where, foot, label=result.sentence, states=states)
    return Bundle(html, why_text(result))


def _sentence(result: WhyResult) -> Html:
    rest = result.sentence.removeprefix(f"'{result.asset}'")
    return joined(code_text(result.asset), rest.rstrip("."))


def _chain(cause: Cause, *, several: bool) -> Html:
    links = [element("li", _link(link, first=at == 0), style="margin:2px 0") for at, link in enumerate(cause.links)]
    return element("ol", *links, style="margin:0;padding:7px 12px 7px 30px;border-top:1px solid var(--ls)" if several or links else None)


def _link(link: Link, *, first: bool) -> Html:
    where = (
        element("div", quiet(f"{counted(link.count, 'partition')}: "), code_text(link.partitions), class_="m") if link.partitions else None
    )
    name = joined(code_text(link.asset), " ")
    return joined(name if not first or not link.changes else None, link.text, *map(_change, link.changes), where)


def _change(change: Change) -> Html | None:
    """The lines of one statement that changed, with signs."""
    lines = [line for line in change.diff.split("\n") if not line.startswith("@@")]
    shown = [element("div", _signed(line), style=_line_style(line)) for line in lines[:_MOST_LINES]]
    more = element("div", quiet(f"and {len(lines) - len(shown)} more lines")) if len(lines) > len(shown) else None
    return element("div", *shown, more, class_="code", role="group", aria_label=f"{change.sentence}, line by line") if shown else None


def _signed(line: str) -> Html:
    sign = line[:1] if line[:1] in ("+", "-") else " "
    return joined(element("i", sign), line[1:])


def _line_style(line: str) -> str | None:
    return _ADDED if line.startswith("+") else _GONE if line.startswith("-") else None


# -- history ----------------------------------------------------------------------------------------------------------------------


def history_card(result: HistoryResult) -> Bundle:
    """``%asset history``: the versions, newest first."""
    name = f"{result.asset} {result.partition}" if result.partition else str(result.asset)
    if not result.entries:
        text = f"{name} was never materialized."
        return Bundle(card(element("div", text, class_="note"), label=text), text)
    is_partitioned = result.partition is None and any(one.partition for one in result.entries)
    rows = [_version(one, is_partitioned) for one in result.entries]
    heads = ["Version", "", "When", *(["Partition"] if is_partitioned else []), "Rows", "Size", "Data", "Code", "Run", "By"]
    right = (4, 5) if is_partitioned else (3, 4)
    head = element("header", element("b", code_text(name)), quiet(counted(len(result.entries), "version")))
    more = element("footer", quiet("older ones: "), code_text(f"--before {result.more[:8]}")) if result.more else None
    body = element("div", table(heads, rows, numbers=right), class_="scroll")
    return Bundle(card(head, body, more, label=f"Versions of {name}", states=["fresh", "missing", "queued"]), history_text(result))


def _version(one: HistoryEntry, is_partitioned: bool) -> list[object]:
    state = state_word("fresh", "current") if one.is_current else quiet("kept") if one.is_kept else state_word("missing", "not kept")
    row: list[object] = [code_text(one.version_id[:8] or "-"), state, when(one.at_us)]
    row += [code_text(one.partition or "")] if is_partitioned else []
    row += [f"{one.rows:,}" if one.rows is not None else "", size_text(one.size_bytes) if one.size_bytes is not None else ""]
    data = quiet("the same") if one.is_same else code_text(one.data_version.rpartition(":")[2][:7])
    return [*row, data, code_text(short_code(one.code_version)[:12]), code_text(one.run_id[:8]) if one.run_id else quiet(one.what), one.by]


# -- diff -------------------------------------------------------------------------------------------------------------------------


def diff_card(result: DiffResult) -> Bundle:
    """``%asset diff``: counts, schema, columns that changed, examples."""
    found, before, after = result.table, result.before, result.after
    same_partition = before.partition == after.partition
    sides = [one.title if same_partition else f"{one.partition}, {one.title}" for one in (before, after)]
    title = [element("b", code_text(result.asset)), code_text(before.partition) if same_partition and before.partition else None]
    head = element("header", *title, quiet(f"{sides[0]} to {sides[1]}"))
    if found.is_same:
        body: list[Html | None] = [element("div", glyph("fresh"), " The data is the same.", class_="note")]
    else:
        body = [_facts(found, result), _schema(found), _columns(found), _examples(found.examples)]
        body += [element("div", quiet(note), class_="note") for note in found.notes]
    return Bundle(card(head, *body, label=f"Differences of {result.asset}", states=["fresh", "failed"]), diff_text(result))


def _facts(found: TableDiff, result: DiffResult) -> Html:
    key = (", ".join(found.key) + (" (guessed)" if found.is_guessed else "")) if found.key else "position"
    pairs: list[tuple[str, object]] = [
        ("Rows", f"{found.rows[0]:,} to {found.rows[1]:,}"), ("Added", f"{found.added:,}"), ("Removed", f"{found.removed:,}"),
        ("Changed", f"{found.changed:,}"), ("Matched by", code_text(key)),
    ]  # fmt: skip
    sizes = (result.before.size_bytes, result.after.size_bytes)
    if sizes[0] is not None and sizes[1] is not None:
        pairs.append(("Size", f"{size_text(sizes[0])} to {size_text(sizes[1])}"))
    cells = [element("span", quiet(f"{name} "), value) for name, value in pairs]
    return element("div", *cells, class_="b", style="border-top:1px solid var(--ls)")


def _schema(found: TableDiff) -> Html | None:
    if not found.schema:
        return None
    rows = [(code_text(one.name), one.before or quiet("not there"), one.after or quiet("not there")) for one in found.schema]
    return table(("Column", "Type before", "Type after"), rows)


def _columns(found: TableDiff) -> Html | None:
    touched = [one for one in found.columns if one.changed or one.nulls[0] != one.nulls[1] or one.mean[0] != one.mean[1]]
    if not touched:
        return None
    rows = [_column(one) for one in touched[:_MOST_COLUMNS]]
    same = len(found.columns) - len(touched)
    rest = element("div", quiet(f"{counted(same, 'column')} without change"), class_="note") if same else None
    heads = ("Column", "Type", "Cells changed", "Null before", "after", "Mean before", "after", "Moved by")
    return joined(element("div", table(heads, rows, numbers=(2, 3, 4, 5, 6, 7)), class_="scroll"), rest)


def _column(one: ColumnDiff) -> tuple[object, ...]:
    mean = [number(value) if value is not None else "" for value in one.mean]
    drift = f"{one.drift:+.2f} sd" if one.drift is not None and abs(one.drift) >= 0.005 else ""
    nulls = [f"{count:,}" for count in one.nulls] if any(one.nulls) else ["", ""]
    return (code_text(one.name), quiet(one.type), f"{one.changed:,}" if one.changed is not None else "?", *nulls, *mean, drift)


def _examples(examples: Iterable[RowDiff]) -> Html | None:
    lines = [_example(one) for one in examples]
    return element("div", *lines, class_="code", role="group", aria_label="Examples") if lines else None


def _example(one: RowDiff) -> Html:
    values = []
    for name, before, after in one.values[:8]:
        both = before is not None and after is not None
        values.append(f"{name} {before} -> {after}" if both else f"{name} {before if after is None else after}")
    style = _ADDED if one.sign == "+" else _GONE if one.sign == "-" else None
    return element("div", element("i", one.sign), f"{one.key}: {', '.join(values)}", style=style)


# -- gc and check -------------------------------------------------------------------------------------------------------------------


def gc_card(result: GcResult) -> Bundle:
    """``%asset gc``: what went or would go."""
    rows = [
        (
            code_text(one.asset),
            code_text(one.partition or ""),
            code_text(one.version_id[:8]),
            when(one.written_us),
            size_text(one.size_bytes),
        )
        for one in result.gone[:_MOST_LINES]
    ]
    body = table(("Asset", "Partition", "Version", "Made", "Size"), rows, numbers=(4,)) if rows else None
    lines = [
        result.sentence,
        *(f"  {one.asset} {one.partition or ''} {one.version_id[:8]} {moment(one.written_us)}" for one in result.gone),
    ]
    head = element("header", element("b", result.sentence))
    return Bundle(card(head, body, label=result.sentence), "\n".join(lines))


def check_card(result: CheckResult) -> Bundle:
    """``%asset check``: remarks with their cells, proofs with their verdicts."""
    state: State = "fresh" if result.is_clean else "failed"
    head = element("header", glyph(state), element("b", result.sentence))
    remarks = [
        element("div", glyph(_MARKS[one.weight]), " ", one.text, quiet(f" ({one.where})") if one.where else None, class_="note")
        for one in result.remarks
    ]
    proofs = [
        (code_text(one.asset), code_text(one.partition or ""), state_word(_VERDICTS[one.verdict], one.verdict), one.text)
        for one in result.proofs
    ]
    proved = table(("Asset", "Partition", "Clean process", ""), proofs) if proofs else None
    return Bundle(card(head, *remarks, proved, label=result.sentence, states=["fresh", "failed", "stale", "skipped"]), check_text(result))
