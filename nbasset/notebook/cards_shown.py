"""What an asset displayed while it ran, in its card: pictures as pictures; what could run something is named, not shown."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from nbasset.commands.history import HistoryResult
from nbasset.commands.scope import Scope
from nbasset.commands.show import AssetFacts
from nbasset.commands.shown import ShownFile, read_shown, shown_in
from nbasset.commands.words import counted
from nbasset.keys import AssetKey
from nbasset.notebook.html import Html, code_text, element, quiet

_PICTURES = ("image/png", "image/jpeg", "image/svg+xml")
_MOST_VERSIONS = 3


def shown_block(scope: Scope, facts: AssetFacts) -> Html | None:
    """The figures of the newest version; None when it displayed nothing."""
    definition = scope.catalog.by_key[facts.key].partitions_def
    ordinal = None
    if facts.partition is not None and definition is not None:
        ordinal = definition.ordinal_of(facts.partition, scope.instance.key_table)
    entries = scope.instance.reader.materializations(facts.key, ordinal, limit=1)
    shown = shown_in(scope.instance, entries[0] if entries else None)
    return figure_of(facts.key, shown, "shown while it ran") if shown else None


def shown_before(scope: Scope, result: HistoryResult) -> list[Html]:
    """What the versions of a history displayed, folded, the newest few; the current one's is open."""
    found = []
    for one in [entry for entry in result.entries if entry.displays][:_MOST_VERSIONS]:
        shown = read_shown(scope.instance, one.displays)
        summary = element(
            "summary", "Shown while ", code_text(one.version_id[:8]), " was made" + (f", {one.partition}" if one.partition else "")
        )
        said = figure_of(result.asset, shown, "") if shown else element("div", quiet("not kept any more"), class_="note")
        found.append(element("details", summary, said, open="" if one.is_current else None))
    return found


def figure_of(asset: AssetKey, shown: Sequence[ShownFile], caption: str) -> Html:
    """Pictures as pictures, with a word on what is left out."""
    pictures = [one for one in shown if one.mime in _PICTURES]
    others = len(shown) - len(pictures)
    images = [
        element(
            "img",
            src=f"data:{one.mime};base64,{base64.b64encode(one.data).decode()}",
            alt=f"Figure {at} that {asset} drew",
            style="display:block;max-width:100%;background:#fff",
        )
        for at, one in enumerate(pictures, start=1)
    ]
    more = quiet(f"{counted(others, 'table or text', 'tables or texts')} besides, in the live card") if others else None
    said = element("figcaption", quiet(caption), " " if more else None, more, class_="note") if caption or more else None
    return element("figure", *images, said)
