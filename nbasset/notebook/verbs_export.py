"""What ``%asset export`` does: the text in a card, or the sentence that it was written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nbasset.arguments.options_export import ExportArguments
from nbasset.commands.export import export
from nbasset.notebook.display import Bundle, show
from nbasset.notebook.html import card, element, glyph
from nbasset.notebook.session import Session, scope_of


def do_export(session: Session, arguments: ExportArguments) -> None:
    """``%asset export``: what this session has defined, for another program."""
    result = export(scope_of(session), arguments)
    notes = [element("div", glyph("stale"), " ", note, class_="note") for note in result.notes]
    head = element("div", glyph("fresh"), " ", result.sentence, class_="note") if result.output is not None else None
    body = head if head is not None else element("pre", result.text, class_="pre")
    text = "\n".join([result.sentence or result.text.rstrip("\n"), *(f"note: {note}" for note in result.notes)])
    show(Bundle(card(body, *notes, label=f"Export to {result.target}", states=["fresh", "stale"]), text))


EXPORT_FACES: dict[str, Callable[[Session, Any], Any]] = {"export": do_export}
"""What the verb does in a notebook."""
