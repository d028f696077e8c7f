"""Cards about time and trust: why something is stale, its versions, two tables side by side, what a notebook leans on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nbasset.commands.check import CheckResult, check_text
from nbasset.commands.diff import DiffResult, diff_text, number
from nbasset.commands.gc import GcResult
from nbasset.commands.history import HistoryEntry, HistoryResult, history_text, short_code, short_data
from nbasset.commands.scope import Scope
from nbasset.commands.why import Cause, Link, WhyResult, estimate_text, why_text
from nbasset.commands.words import counted, moment, size_text
from nbasset.drawing.picture import State
from nbasset.io_managers.compare import ColumnDiff, RowDiff, TableDiff
from nbasset.notebook.cards_parts import coloured, counts_line, prose, when
from nbasset.notebook.cards_shown import shown_before
from nbasset.notebook.display import Bundle
from nbasset.notebook.html import Html, card, code_text, element, glyph, joined, quiet, state_word, table
from nbasset.source.diff import Change

_SIGNS = {
    "+": ("color:var(--fresh);font-weight:600", "background:color-mix(in srgb,var(--fresh) 12%,var(--s))"),
    "-": ("color:var(--failed);font-weight:600", "background:color-mix(in srgb,var(--failed) 9%,var(--s))"),
}
"""How a line that came or went is marked: its sign, and its ground."""
_MOST_LINES = 40
_MOST_COLUMNS = 20
_MARKS: dict[str, State] = {"problem": "failed", "warning": "stale", "note": "skipped"}
_VERDICTS: dict[str, State] = {"same": "fresh", "different": "failed", "fails": "failed", "random": "stale", "unknown": "skipped"}


# -- why ------------------------------------------------------------------------------------------------------------------------


def why_card(result: WhyResult) -> Bundle:
    """``%asset why``: the sentence, the chain from each root cause with the code that changed, what did not change, and the cost."""
    head = element("header", glyph(result.state), element("span", _sentence(result), style="flex:1 1 0"))
    counts = element("div", counts_line(result.counts), class_="b") if result.counts else None
    chains = [_chain(cause) for cause in result.causes]
    told = {link.partitions for cause in result.causes for link in cause.links}
    is_news = result.partitions and told != {result.partitions}
    where = element("div", quiet("stale: "), code_text(result.partitions), class_="note") if is_news else None
    same = element("span", quiet("Same: "), spaced_names(result.same)) if result.same else None
    cost = element("span", estimate_text(result.estimate), class_="end") if result.estimate is not None else None
    foot = element("footer", same, cost) if same is not None or cost is not None else None
    states: list[State] = [result.state, "fresh", "failed", *(state for state, _ in result.counts)]
    states += [link.state for cause in result.causes for link in cause.links]
    html = card(head, counts, *chains, where, foot, label=result.sentence, states=states)
    return Bundle(html, why_text(result))


def spaced_names(names: Iterable[str]) -> Html:
    """Names and words with commas."""
    return joined(*(joined(", " if at else "", prose(name)) for at, name in enumerate(names)))


def _sentence(result: WhyResult) -> Html:
    rest = result.sentence.removeprefix(f"'{result.asset}'")
    return joined(element("b", code_text(result.asset)), prose(rest.rstrip(".")))


def _chain(cause: Cause) -> Html:
    links = [element("li", glyph(link.state), _link(link, first=at == 0)) for at, link in enumerate(cause.links)]
    return element("ol", *links, class_="chain")


def _link(link: Link, *, first: bool) -> Html:
    where = (
        element("div", quiet(f"{counted(link.count, 'partition')}: "), code_text(link.partitions), class_="m") if link.partitions else None
    )
    name = joined(element("b", code_text(link.asset)), ": " if first else " ")
    return joined(name, prose(link.text), *map(_change, link.changes), where)


def _change(change: Change) -> Html | None:
    """The lines of one statement that changed, with signs."""
    lines = [line for line in change.diff.split("\n") if not line.startswith("@@")]
    shown = changed_lines(lines)
    return element("pre", *shown, class_="code", role="group", aria_label=f"{change.sentence}, line by line") if shown else None


def changed_lines(lines: Sequence[str]) -> list[Html]:
    """Lines of a comparison with their signs, in colour; of many the first, and how many more."""
    words = coloured([line[1:] for line in lines])
    shown = [_signed(line[:1], text) for line, text in zip(lines[:_MOST_LINES], words, strict=False)]
    return [*shown, element("div", quiet(f"and {len(lines) - len(shown)} more lines"))] if len(lines) > len(shown) else shown


def _signed(sign: str, *text: object) -> Html:
    """A line of a comparison, its sign in front and in the colour of what happened to it."""
    mark = element("i", sign, style=_SIGNS.get(sign, (None, None))[0])
    return element("div", mark, *text, style=_SIGNS.get(sign, (None, None))[1])


# -- history ----------------------------------------------------------------------------------------------------------------------


def history_card(scope: Scope, result: HistoryResult) -> Bundle:
    """``%asset history``: the versions, newest first, and what the newest of them displayed."""
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
    return Bundle(
        card(head, body, more, *shown_before(scope, result), label=f"Versions of {name}", states=["fresh", "missing", "queued"]),
        history_text(result),
    )


def _version(one: HistoryEntry, is_partitioned: bool) -> list[object]:
    state = state_word("fresh", "current") if one.is_current else quiet("kept") if one.is_kept else state_word("missing", "not kept")
    row: list[object] = [code_text(one.version_id[:8] or "-"), state, when(one.at_us)]
    row += [code_text(one.partition or "")] if is_partitioned else []
    row += [f"{one.rows:,}" if one.rows is not None else "", size_text(one.size_bytes) if one.size_bytes is not None else ""]
    data = quiet("the same") if one.is_same else code_text(short_data(one.data_version))
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
    key = (joined(code_text(", ".join(found.key)), quiet(" guessed") if found.is_guessed else "")) if found.key else "position"
    pairs: list[tuple[str, object]] = [
        ("Rows", _from_to(f"{found.rows[0]:,}", f"{found.rows[1]:,}")),
        ("Added", _count_of("+", found.added)), ("Removed", _count_of("-", found.removed)), ("Changed in place", f"{found.changed:,}"),
        ("Matched by", key),
    ]  # fmt: skip
    sizes = (result.before.size_bytes, result.after.size_bytes)
    if sizes[0] is not None and sizes[1] is not None:
        pairs.append(("Size", _from_to(size_text(sizes[0]), size_text(sizes[1]))))
    return element("div", *(element("div", element("div", name, class_="m"), value) for name, value in pairs), class_="sum")


def _from_to(before: str, after: str) -> Html:
    return joined(before) if before == after else joined(quiet(before, " to "), after)


def _count_of(sign: str, count: int) -> Html:
    return element("b", f"{sign}{count:,}", style=_SIGNS[sign][0]) if count else joined("0")


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
    used = [at for at in range(len(heads)) if at < 3 or any(row[at] for row in rows)]
    body = table([heads[at] for at in used], [[row[at] for at in used] for row in rows], numbers=range(2, len(used)))
    return joined(element("div", body, class_="scroll"), rest)


def _column(one: ColumnDiff) -> tuple[object, ...]:
    mean = [number(value) if value is not None else "" for value in one.mean]
    drift = f"{one.drift:+.2f} sd" if one.drift is not None and abs(one.drift) >= 0.005 else ""
    nulls = [f"{count:,}" for count in one.nulls] if any(one.nulls) else ["", ""]
    changed = f"{one.changed:,}" if one.changed is not None else "?"
    before, earlier = (quiet(text) if text else "" for text in (nulls[0], mean[0]))
    return (code_text(one.name), quiet(one.type), changed, before, nulls[1], earlier, mean[1], drift)


def _examples(examples: Iterable[RowDiff]) -> Html | None:
    lines = [_example(one) for one in examples]
    return element("pre", *lines, class_="code", role="group", aria_label="Examples") if lines else None


def _example(one: RowDiff) -> Html:
    values: list[object] = []
    for name, before, after in one.values[:8]:
        values += [", " if values else "", quiet(f"{name} ")]
        both = before is not None and after is not None
        values += [quiet(before, " → "), after] if both else [before if after is None else after]
    rest = quiet(f" and {counted(len(one.values) - 8, 'more value')}") if len(one.values) > 8 else None
    return _signed(one.sign, element("b", one.key), "  ", *values, rest)


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
    more = element("div", quiet(f"and {len(result.gone) - _MOST_LINES} more"), class_="note") if len(result.gone) > _MOST_LINES else None
    notes = [element("div", glyph("stale"), " ", f"{note}; its versions are left alone", class_="note warn") for note in result.notes]
    lines += [f"{note}; its versions are left alone" for note in result.notes]
    return Bundle(card(head, body, more, *notes, label=result.sentence), "\n".join(lines))


def check_card(result: CheckResult) -> Bundle:
    """``%asset check``: remarks with their cells, proofs with their verdicts."""
    state: State = "fresh" if result.is_clean else "failed"
    head = element("header", glyph(state), element("b", result.sentence))
    remarks = [
        element("div", glyph(_MARKS[one.weight]), " ", prose(one.text), quiet(f" ({one.where})") if one.where else None, class_="note")
        for one in result.remarks
    ]
    proofs = [
        (code_text(one.asset), code_text(one.partition or ""), state_word(_VERDICTS[one.verdict], one.verdict), prose(one.text))
        for one in result.proofs
    ]
    proved = table(("Asset", "Partition", "Clean process", ""), proofs) if proofs else None
    return Bundle(card(head, *remarks, proved, label=result.sentence, states=["fresh", "failed", "stale", "skipped"]), check_text(result))
