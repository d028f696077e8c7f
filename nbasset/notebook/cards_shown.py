"""What an asset displayed while it ran, in its card: pictures as pictures; what could run something is named, not shown."""

from __future__ import annotations

import base64

from nbasset.commands.scope import Scope
from nbasset.commands.show import AssetFacts
from nbasset.commands.shown import shown_in
from nbasset.commands.words import counted
from nbasset.notebook.html import Html, element, quiet

_PICTURES = ("image/png", "image/jpeg", "image/svg+xml")


def shown_block(scope: Scope, facts: AssetFacts) -> Html | None:
    """The figures of the newest version; None when it displayed nothing."""
    definition = scope.catalog.by_key[facts.key].partitions_def
    ordinal = None
    if facts.partition is not None and definition is not None:
        ordinal = definition.ordinal_of(facts.partition, scope.instance.key_table)
    entries = scope.instance.reader.materializations(facts.key, ordinal, limit=1)
    shown = shown_in(scope.instance, entries[0] if entries else None)
    if not shown:
        return None
    pictures = [one for one in shown if one.mime in _PICTURES]
    others = len(shown) - len(pictures)
    images = [
        element(
            "img",
            src=f"data:{one.mime};base64,{base64.b64encode(one.data).decode()}",
            alt=f"Figure {at} that {facts.key} drew",
            style="display:block;max-width:100%;background:#fff",
        )
        for at, one in enumerate(pictures, start=1)
    ]
    more = quiet(f"{counted(others, 'table or text', 'tables or texts')} besides, in the live card") if others else None
    return element("figure", *images, element("figcaption", quiet("shown while it ran"), " " if more else None, more, class_="note"))
