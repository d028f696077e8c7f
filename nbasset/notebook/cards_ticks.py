"""Cards of what happened by itself: the ticks of a schedule or sensor, with what each started, or why nothing."""

from __future__ import annotations

from nbasset.commands.instigators import TickHistory, history_text
from nbasset.commands.tick_words import STATES, took_text, what_lines, when_text, word_text
from nbasset.commands.words import counted
from nbasset.drawing.picture import State
from nbasset.events.records import TickRecord
from nbasset.notebook.cards_parts import error_block, same_errors
from nbasset.notebook.display import Bundle
from nbasset.notebook.html import Html, card, element, quiet, state_word, table
from nbasset.secrets import mask_secrets

_MOST_ERRORS = 3
"""Of so many different errors the lines of code are shown, newest first."""


def ticks_card(history: TickHistory) -> Bundle:
    """``%asset schedule logs`` and ``sensor logs``."""
    zone = history.state.timezone
    rows = [
        (
            state_word(STATES[one.status], word_text(one)), element("span", when_text(one, zone), class_="st"), took_text(one),
            _what(history, one),
        )
        for one in history.ticks
    ]  # fmt: skip
    head = element("header", element("b", history.title), quiet(history.facts))
    body = table(("State", "Tick", "Time", "What came of it"), rows, numbers=(2,)) if rows else None
    states: list[State] = [STATES[one.status] for one in history.ticks]
    note = element("div", quiet(history.note), class_="note") if history.note else None
    errors = same_errors((f"the tick of {when_text(one, zone)}", one.error) for one in history.ticks if one.error is not None)
    details = [error_block(error, title=title) for title, error in errors[:_MOST_ERRORS]]
    label = f"{history.title}: {counted(len(history.ticks), 'tick')}"
    return Bundle(card(head, body, details, note, label=label, states=states), mask_secrets(history_text(history)))


def _what(history: TickHistory, tick: TickRecord) -> Html:
    lines = what_lines(tick, history.runs, history.state.timezone, log=history.logs.get(tick.seq, ()), is_short=True)
    return element("div", *(element("div", line) for line in lines))
