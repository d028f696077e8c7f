"""Why an asset is what it is, as a panel shows it: the chain from each root cause, with the code that changed."""

from __future__ import annotations

import re
from collections.abc import Iterable

from nbasset.arguments.options_time import WhyArguments
from nbasset.commands.why import Cause, Link, why
from nbasset.commands.words import counted
from nbasset.keys import AssetKey
from nbasset.notebook.look import Look
from nbasset.notebook.panel_grid import asset_of
from nbasset.notebook.wire_cards import DiffLine, Reason, WhyView
from nbasset.notebook.wire_views import Word
from nbasset.secrets import mask_secrets
from nbasset.source.diff import Change

_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
_MOST_CAUSES = 4


def why_view(at: Look, key: AssetKey, partition: str | None) -> WhyView:
    """The answer to why."""
    asset_of(at, key)
    result = why(at.scope, WhyArguments(f'key:"{key}"', partition or ""), now=at.now)
    chain: list[Reason] = []
    for cause in result.causes[:_MOST_CAUSES]:
        chain += _chain(cause, key)
    headline = result.sentence.removeprefix(f"'{key}' ").rstrip(".")
    found = result.estimate
    stale = len(at.now.states[key].stale) if at.now.states[key].is_partitioned else int(result.state == "stale")
    return WhyView(
        str(key),
        result.state,
        mask_secrets(headline),
        tuple(chain),
        tuple(_listed(result.same)),
        stale if partition is None else 0,
        round(found.seconds, 3) if found is not None and found.seconds is not None else None,
    )


def _chain(cause: Cause, asked: AssetKey) -> list[Reason]:
    return [_reason(link, asked, at) for at, link in enumerate(cause.links)]


def _reason(link: Link, asked: AssetKey, place: int) -> Reason:
    words = [] if link.asset == asked and place == 0 else [Word(str(link.asset), asset=str(link.asset), mono=True), Word(" ")]
    words.append(Word(mask_secrets(link.text)))
    lines = [line for change in link.changes for line in diff_lines(change)]
    note = f"{counted(link.count, 'partition')}: {link.partitions}" if link.count else ""
    return Reason(tuple(words), None if link.changes else link.state, tuple(lines), note)


def diff_lines(change: Change) -> list[DiffLine]:
    """A change of code as numbered lines."""
    found: list[DiffLine] = []
    before = after = 1
    for line in change.diff.split("\n"):
        if hunk := _HUNK.match(line):
            before, after = int(hunk[1]), int(hunk[2])
            continue
        sign, text = line[:1], mask_secrets(line[1:])
        if sign == "+":
            found.append(DiffLine("+", text, None, after))
            after += 1
        elif sign == "-":
            found.append(DiffLine("-", text, before, None))
            before += 1
        elif sign == " ":
            found.append(DiffLine(" ", text, before, after))
            before, after = before + 1, after + 1
    return found


def _listed(texts: Iterable[str]) -> list[Word]:
    words: list[Word] = []
    for text in texts:
        words += [Word(", ")] if words else []
        key = text.strip("'")
        words.append(Word(key, asset=key, mono=True) if text.startswith("'") else Word(text))
    return words
