"""The review sheet of a promotion, and what drifted since, as cards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nbasset.commands.promote import CheckedJob, PromoteResult
from nbasset.commands.promotion_review import Review
from nbasset.commands.promotion_words import checked_text, left_out_words, promote_text, sections, title, what_runs
from nbasset.commands.words import counted
from nbasset.drawing.picture import State
from nbasset.notebook.cards_parts import names, notice, prose
from nbasset.notebook.cards_time import changed_lines
from nbasset.notebook.display import Bundle
from nbasset.notebook.html import Html, card, code_text, element, glyph, joined, quiet, state_word, table
from nbasset.secrets import mask_secrets

_STATES: dict[str, State] = {"new": "queued", "changed": "stale", "unchanged": "fresh"}
_TYPED = frozenset({"Cron", "Packages", "Python", "Parameters", "Secrets", "Tags"})


def promote_card(result: PromoteResult) -> Bundle:
    """``%asset promote``: what runs, when, with what, what is left out, what changes, and the files to commit."""
    review = result.review
    head = element(
        "header", element("b", "Promote ", code_text(review.job.source.rpartition("/")[2])), quiet("as job "), code_text(review.job.name),
        element("span", state_word(_STATES[review.state], review.state), class_="end"),
    )  # fmt: skip
    when, *others = (_section(section, rows, review) for section, rows in sections(review))
    facts = [element("div", part, style="flex:1 1 280px;min-width:0") for part in (when, joined(*others))]
    html = card(
        head, _what_runs(review), element("div", *facts, class_="b", style="align-items:flex-start;gap:4px 32px"),
        [notice(text) for text in review.warnings], _changes(review), _left_out(review), _foot(result), label=f"Promote {title(review)}",
        states=[_STATES[review.state], "fresh", "stale", "failed"],
    )  # fmt: skip
    return Bundle(html, mask_secrets(promote_text(result)))


def drift_card(found: Sequence[CheckedJob]) -> Bundle:
    """``%asset promote --check``."""
    text = checked_text(found)
    if not found:
        return Bundle(card(element("div", text, class_="note"), label="Promoted jobs"), text)
    parts: list[Html] = []
    for job in found:
        said = f"{counted(len(job.found), 'difference')}" if job.found else "as it was promoted"
        parts.append(
            element("div", state_word("stale" if job.found else "fresh", said), " ", element("b", code_text(job.name)), class_="note")
        )
        for one in job.found:
            parts.append(element("div", prose(one.text), class_="note"))
            parts += [_lines(one.diff, one.text)] if one.diff else []
    drifted = sum(bool(job.found) for job in found)
    headline = f"{counted(len(found), 'promoted job')}, {drifted or 'none'} drifted"
    html = card(element("header", element("b", headline)), *parts, label=headline, states=["fresh", "stale", "failed"])
    return Bundle(html, mask_secrets(text))


def _what_runs(review: Review) -> Html:
    has_partitions = any(one.partitions for one in review.nodes)
    heads = ["Makes", "Cell", *(["Partitions now"] if has_partitions else []), "Reads"]
    rows = [
        [names(one.assets), one.cell, *([code_text(one.partitions) if one.partitions else ""] if has_partitions else []), names(one.reads)]
        for one in review.nodes
    ]
    return joined(element("div", element("b", "What runs "), quiet(what_runs(review)), class_="note"), table(heads, rows))


def _section(head: str, rows: Iterable[tuple[str, str]], review: Review) -> Html:
    listed = [joined(element("dt", name), element("dd", code_text_wrapped(text) if name in _TYPED else text)) for name, text in rows]
    if head == "When" and review.next_runs:
        times = [
            element("div", at, element("span", f" {keys}", class_="q", style="white-space:nowrap") if keys else None)
            for at, keys in review.next_runs
        ]
        listed.append(joined(element("dt", "Next five"), element("dd", *times)))
    return joined(element("b", head), element("dl", *listed, style="margin-bottom:6px;font-size:12px;line-height:18px"))


def code_text_wrapped(text: str) -> Html:
    """Something that is typed, and may be long."""
    return element("code", text, style="white-space:normal")


def _changes(review: Review) -> Html | None:
    if not (review.changes or review.diff):
        return None
    said = [element("div", glyph("stale"), " ", prose(text), class_="note") for text in review.changes]
    return joined(
        element("div", element("b", "Changes "), quiet("against the job that is there"), class_="note"), said,
        _lines(review.diff, f"{review.job.name}.toml") if review.diff else None,
        _lines(review.code_diff, "the code") if review.code_diff else None,
    )  # fmt: skip


def _lines(diff: str, what: str) -> Html:
    shown = [line for line in diff.split("\n") if line and not line.startswith(("@@", "---"))]
    return element("pre", *changed_lines(shown), class_="code", role="group", aria_label=f"{what}, line by line")


def _left_out(review: Review) -> Html | None:
    grouped = left_out_words(review)
    if not grouped:
        return None
    rows = [joined(element("dt", why), element("dd", places)) for why, places in grouped]
    count = len(review.left_out)
    return element("details", element("summary", f"Left out: {counted(count, 'place')}"), element("div", element("dl", *rows), class_="b"))


def _foot(result: PromoteResult) -> Html:
    said = element("span", glyph("fresh" if result.files else "skipped"), " ", result.sentence[0].upper() + result.sentence[1:])
    step = element("span", quiet("to be committed: "), code_text_wrapped(result.next_step)) if result.next_step else None
    return element("footer", said, step)
