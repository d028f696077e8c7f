"""Cards: what a cell says after it defined something, or was asked for a list or a picture.

A card says what stands now, with absolute times, so that the same facts give the same bytes. The number that decides comes first; no
state is told by colour alone; every name leads to its cell. `cards_asset` has the card of one asset with all there is, `cards_run` those
of plans and runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from nbasset.arguments.options import GraphArguments, ListArguments
from nbasset.commands.facts import counts_of, fact_of, shown_state
from nbasset.commands.lineage import lineage
from nbasset.commands.list_assets import AssetList, AssetRow, list_assets
from nbasset.commands.scope import Scope
from nbasset.commands.states import Standing, standing
from nbasset.commands.words import counted, moment, size_text
from nbasset.drawing.collapse import collapse
from nbasset.drawing.layout import lay_out
from nbasset.drawing.picture import Picture, State
from nbasset.drawing.states import WORDS, in_order, say
from nbasset.drawing.svg import to_svg
from nbasset.drawing.text import to_text
from nbasset.errors import Problem
from nbasset.keys import AssetKey
from nbasset.notebook.cards_parts import (
    code_block,
    counts_line,
    day_and_time,
    mark,
    names,
    notice,
    problem_lines,
    problems_block,
    strip,
    when,
)
from nbasset.notebook.display import Bundle
from nbasset.notebook.html import Html, card, code_text, drawing, element, joined, quiet, state_word, table
from nbasset.secrets import mask_secrets

MOST_CARDS = 4
"""A cell that defines more assets than this gets one list in place of a card for each."""


def as_saved(now: Standing) -> Standing:
    """The same standing with moments for ages: "2 min ago" would be wrong when the notebook is opened again."""
    return replace(now, now_us=0)


# -- below a cell that defines ------------------------------------------------------------------------------------------------


def defining_card(
    scope: Scope, keys: Sequence[AssetKey], *, cell: str, retired: Sequence[AssetKey] = (), notices: Iterable[str] = ()
) -> Bundle:
    """What a cell has just defined. `notices` are sentences such as that another cell defines the same key."""
    there = [key for key in keys if key in scope.catalog.by_key]
    now = as_saved(standing(scope, keys=there))
    renamed = scope.instance.reader.former_names() if retired else {}
    told = [*notices, *_retired_text([key for key in retired if str(key) not in renamed], cell)]
    states: list[State] = ["stale"]
    if len(there) > MOST_CARDS:
        listed = list_assets(scope, now=as_saved(standing(scope)), keys=frozenset(there))
        return list_card(listed, title=f"{cell} defines {counted(len(there), 'asset')}", notices=told)
    parts: list[Html] = []
    lines: list[str] = []
    for key in there:
        html, text, used = _one(scope, key, now, cell)
        parts.append(html)
        lines += text
        states += used
    parts += [notice(text) for text in told]
    lines += [f"note: {text}" for text in told]
    label = f"Asset {', '.join(map(str, there))}" if there else "Assets"
    return Bundle(card(*parts, label=label, states=states), "\n".join(lines))


def _one(scope: Scope, key: AssetKey, now: Standing, cell: str) -> tuple[Html, list[str], list[State]]:
    asset = scope.catalog.by_key[key]
    state = shown_state(scope, key, now)
    fact = fact_of(scope, key, now)
    counts = counts_of(key, now)
    record = now.records.get(key)
    made = record.materialization if record is not None else None
    definition = asset.partitions_def
    where = [asset.spec.group, cell, definition.describe() if definition is not None else ""]
    size = size_text(made.size_bytes) if made is not None and made.size_bytes is not None and definition is None else ""
    head = element(
        "header",
        element("b", code_text(key)),
        element("span", " / ".join(part for part in where if part), class_="m"),
        element("span", state_word(state) if not counts else None, class_="end"),
    )
    description = (asset.spec.description or "").strip().partition("\n")[0]
    problems = [one for one in scope.catalog.problems if one.asset == str(key)]
    body: list[Html] = []
    if counts and definition is not None:
        said = element("div", description, style="flex:1 0 100%") if description else None
        body.append(
            element("div", said, counts_line(counts), strip(definition, now.states[key], now.running.get(key), now.view), class_="b")
        )
    elif state not in ("missing", "problem") or description:
        fact_end = "end" if description else None
        said = joined(description, element("span", quiet(fact), class_=fact_end) if state not in ("missing", "problem") else None)
        body.append(element("div", said, class_="b"))
    reads, read_by = scope.catalog.upstream.get(key, ()), scope.catalog.downstream.get(key, ())
    foot = [element("span", quiet("reads "), names(reads))] if reads else []
    foot += [element("span", quiet("read by "), names(read_by))] if read_by else []
    checks = scope.catalog.checks_by_asset.get(key, ())
    right = ", ".join(part for part in (counted(len(checks), "check") if checks else "", size) if part)
    foot += [element("span", right, class_="end")] if right else []
    html = joined(head, body, problems_block(problems), element("footer", *foot) if foot else None)
    lines = [f"{mark(state)} {key}: {_said(state, counts, fact)}  ({', '.join(part for part in where if part)})"]
    lines += [f"  {description}"] if description else []
    lines += [f"  reads {', '.join(map(str, reads))}"] if reads else []
    lines += [f"  read by {', '.join(map(str, read_by))}"] if read_by else []
    lines += problem_lines(problems)
    return html, lines, [state, *(one for one, _ in counts), "problem", "missing"]


def _said(state: State, counts: Sequence[tuple[State, int]], fact: str) -> str:
    if counts:
        return say(counts)
    return WORDS[state] if state in ("missing", "problem") else f"{WORDS[state]}, {fact}"


def _retired_text(retired: Sequence[AssetKey], cell: str) -> list[str]:
    if not retired:
        return []
    listed = ", ".join(f"'{key}'" for key in retired)
    word, pronoun = ("is", "its") if len(retired) == 1 else ("are", "their")
    return [f"{listed} {word} no longer defined by {cell}; {pronoun} data and history stay."]


# -- lists --------------------------------------------------------------------------------------------------------------------


def list_bundle(scope: Scope, arguments: ListArguments) -> Bundle:
    """``%asset list``."""
    return list_card(list_assets(scope, arguments, now=as_saved(standing(scope))))


def list_card(listed: AssetList, *, title: str = "", notices: Iterable[str] = ()) -> Bundle:
    """Assets in a table."""
    told = list(notices)
    counts = _tally(listed)
    headline = title or counted(len(listed.rows), "asset")
    head = element(
        "header",
        element("b", headline),
        quiet(listed.location),
        element("span", counts_line(counts), class_="end", style="display:flex;gap:12px"),
    )
    rows = [
        (
            joined(code_text(row.key), element("div", quiet(row.description), class_="m") if row.description else None),
            state_word(row.state),
            _last_made(row),
            names(row.inputs, most=3),
            quiet(row.group),
        )
        for row in listed.rows
    ]
    stray = [problem for problem in listed.problems if problem.asset is None or all(problem.asset != str(row.key) for row in listed.rows)]
    body = table(("Asset", "State", "Last made", "Reads", "Group"), rows) if rows else _empty()
    states: list[State] = [row.state for row in listed.rows]
    foot = element("footer", listed.automation) if listed.automation and not title else None
    notes = [notice(text) for text in told]
    html = card(head, body, problems_block(stray), notes, foot, label=headline, states=[*states, "problem", "stale"])
    lines = [*_list_lines(listed, headline), *problem_lines(stray, indent=""), *(f"note: {text}" for text in told)]
    return Bundle(html, "\n".join([*lines, listed.automation] if foot else lines))


def _last_made(row: AssetRow) -> object:
    """When it was made and how large it is; what is wrong, where something is."""
    if row.state == "missing":
        return ""
    if row.state != "fresh":
        return row.fact
    size = counted(row.rows, "row") if row.rows is not None else counted(row.partitions[0], "partition") if row.partitions else ""
    return joined(when(row.at_us), element("div", size, class_="m") if size else None)


def _tally(listed: AssetList) -> tuple[tuple[State, int], ...]:
    found: dict[State, int] = {}
    for row in listed.rows:
        found[row.state] = found.get(row.state, 0) + 1
    return in_order(found.items())


def _list_lines(listed: AssetList, headline: str) -> list[str]:
    if not listed.rows:
        return [_EMPTY]
    width = max(len(str(row.key)) for row in listed.rows)
    words = max(len(WORDS[row.state]) for row in listed.rows)
    lines = [f"{headline}: {say(_tally(listed))}"]
    for row in listed.rows:
        fact = "" if row.state == "missing" else row.fact
        lines.append(f"  {mark(row.state)} {row.key!s:<{width}}  {WORDS[row.state]:<{words}}  {fact}".rstrip())
    return lines


_EMPTY = "No asset yet. Begin a cell with %%asset NAME, or write @asset above a function, and run the cell."


def _empty() -> Html:
    return element(
        "div",
        "No asset yet. Begin a cell with ",
        code_text("%%asset NAME"),
        ", or write ",
        code_text("@asset"),
        " above a function, and run the cell.",
        class_="note",
    )


# -- the picture --------------------------------------------------------------------------------------------------------------


def graph_bundle(scope: Scope, arguments: GraphArguments, *, selected: Iterable[AssetKey] = ()) -> Bundle:
    """``%asset graph``: the lineage as SVG with a ground of its own, in a figure with a table for whoever cannot see it, and as text."""
    now = as_saved(standing(scope))
    picture = masked(saved_picture(scope, lineage(scope, arguments, selected=selected, now=now), now))
    folded = collapse(picture)
    svg = to_svg(folded, lay_out(folded, direction=arguments.direction))
    listed = list_assets(scope, ListArguments(arguments.select), now=now)
    rows = [(code_text(row.key), state_word(row.state), _last_made(row), names(row.inputs, most=3)) for row in listed.rows]
    states: list[State] = [row.state for row in listed.rows]
    twin = element(
        "details",
        element("summary", f"The same as a table: {counted(len(rows), 'asset')}"),
        table(("Asset", "State", "Last made", "Reads"), rows),
    )
    html = card(element("figure", drawing(svg)), twin if rows else None, label=picture.title, states=states, is_bare=True)
    return Bundle(html, to_text(picture), svg)


def saved_picture(scope: Scope, picture: Picture, now: Standing) -> Picture:
    """The picture with facts that are short and stay true: moments, not ages; and below it the time of the newest thing that it shows."""
    facts = {str(key): short_fact(scope, key, now) for key in scope.catalog.by_key}
    nodes = tuple(replace(node, fact=facts.get(node.key, node.fact)) for node in picture.nodes)
    newest = max((max(record.at_us, record.failed_us, record.observed_us) for record in now.records.values()), default=0)
    caption = [picture.caption, f"as of {moment(newest)[:-3]}" if newest else ""]
    return replace(picture, nodes=nodes, caption=", ".join(part for part in caption if part))


def short_fact(scope: Scope, key: AssetKey, now: Standing) -> str:
    """What fits into a node: how many partitions are in the most urgent state, why it is stale, or when it was made."""
    state = shown_state(scope, key, now)
    counts = in_order(counts_of(key, now))
    if counts and state != "problem":
        worst, count = counts[0]
        total = sum(one for _, one in counts)
        return f"{count:,} {WORDS[worst]}" if len(counts) == 1 else f"{count:,} of {total:,} {WORDS[worst]}"
    record = now.records.get(key)
    if state == "fresh" and record is not None:
        return day_and_time(record.at_us)
    if state == "failed" and record is not None:
        return f"failed {day_and_time(record.failed_us)}"
    if state == "stale":
        reasons = now.states[key].reasons
        return _WHY.get(reasons[0].kind, "") if reasons else ""
    return fact_of(scope, key, now)


_WHY = {
    "code": "code changed", "helper": "code changed", "data": "input changed", "upstream": "input is stale", "config": "config changed",
    "deps": "other inputs", "io": "stored otherwise", "resource": "resource changed",
}  # fmt: skip


def masked(picture: Picture) -> Picture:
    """The picture without secrets: errors of users' code stand in its facts."""
    nodes = tuple(replace(node, fact=mask_secrets(node.fact), description=mask_secrets(node.description)) for node in picture.nodes)
    return replace(picture, nodes=nodes, problems=tuple(map(mask_secrets, picture.problems)))


def problems_card(problems: Sequence[Problem], *, title: str, lines: Sequence[str] = ()) -> Bundle:
    """Problems of a cell that makes no asset, with the `lines` of the cell around the first of them."""
    found = re.search(r"\bline (\d+)", problems[0].where or "") if problems else None
    hit = int(found[1]) if found is not None else 0
    near = [(at, text) for at, text in enumerate(lines, start=1) if hit and abs(at - hit) <= 2]
    code = code_block(near, hits=frozenset({hit})) if near else None
    html = card(element("header", element("b", title)), problems_block(problems), code, label=title, states=["problem", "stale"])
    shown = [f"  {'>' if at == hit else ' '} {at:>4} | {text}" for at, text in near]
    return Bundle(html, "\n".join([title, *problem_lines(problems), *shown]))
