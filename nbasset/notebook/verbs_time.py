"""What ``%asset why``, ``history``, ``rollback``, ``diff``, ``rename``, ``gc`` and ``check`` do: each shows a card."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nbasset.arguments.options_time import (
    CheckArguments,
    DiffArguments,
    GcArguments,
    HistoryArguments,
    RenameArguments,
    RollbackArguments,
    WhyArguments,
)
from nbasset.notebook import front_end
from nbasset.notebook.cards_time import check_card, diff_card, gc_card, history_card, why_card
from nbasset.notebook.display import Bundle, show
from nbasset.notebook.html import card, element, glyph
from nbasset.notebook.session import Session, scope_of


def do_why(session: Session, arguments: WhyArguments) -> None:
    """``%asset why``."""
    from nbasset.commands.why import why

    show(why_card(why(scope_of(session), arguments)))


def do_history(session: Session, arguments: HistoryArguments) -> None:
    """``%asset history``."""
    from nbasset.commands.history import history

    scope = scope_of(session)
    show(history_card(scope, history(scope, arguments)))


def do_diff(session: Session, arguments: DiffArguments) -> None:
    """``%asset diff``."""
    from nbasset.commands.diff import diff

    show(diff_card(diff(scope_of(session), arguments)))


def do_rollback(session: Session, arguments: RollbackArguments) -> None:
    """``%asset rollback``; asks first, unless told not to."""
    from nbasset.commands.rollback import question, rollback

    if not arguments.yes and not front_end.confirmed(question(scope_of(session), arguments)):
        _say("Nothing was changed.")
        return
    result = rollback(scope_of(session), arguments)
    for one in result.done:
        of = f" for {one.partition}" if one.partition else ""
        _say(f"{result.asset}{of}: {one.now[:8]} is current again; {one.before[:8] or 'nothing'} was, and is kept.")
    if not result.done:
        _say(f"{result.asset} is at that version already.")


def do_rename(session: Session, arguments: RenameArguments) -> None:
    """``%asset rename``."""
    from nbasset.commands.rename import rename

    result = rename(scope_of(session), arguments)
    rest = "" if result.is_defined else f" Now change the name in its cell, and where it is read: {result.old} becomes {result.new}."
    _say(f"{result.old} goes on as {result.new}, with its files and its history.{rest}")


def do_gc(session: Session, arguments: GcArguments) -> None:
    """``%asset gc``."""
    from nbasset.commands.gc import gc
    from nbasset.commands.managers import managers_in

    show(gc_card(gc(session.instance, arguments, [managers_in(scope_of(session))])))


def do_check(session: Session, arguments: CheckArguments) -> None:
    """``%asset check``."""
    from nbasset.commands.check import check

    show(check_card(check(scope_of(session), arguments)))


def _say(text: str) -> None:
    show(Bundle(card(element("div", glyph("fresh"), " ", text, class_="note"), label=text, states=["fresh"]), text))


TIME_FACES: dict[str, Callable[[Session, Any], Any]] = {
    "why": do_why, "history": do_history, "rollback": do_rollback, "diff": do_diff, "rename": do_rename, "gc": do_gc, "check": do_check,
}  # fmt: skip
"""What each of these verbs does in a notebook."""
