"""What ``%asset promote`` does: the saved notebook becomes a job; what the session alone knows is no part of it, and is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from nbasset.arguments.options_promotion import PromoteArguments
from nbasset.errors import InvalidInvocationError, LocationError, Problem, ProblemsFound
from nbasset.notebook import front_end
from nbasset.notebook.display import show
from nbasset.notebook.session import Session
from nbasset.notebook.tracebacks import told
from nbasset.source.program import Cell


def do_promote(session: Session, arguments: PromoteArguments) -> None:
    """``%asset promote``. With ``--check`` it raises when a job drifted, so that whoever runs all cells stops here.

    Raises
    ------
    InvalidInvocationError
        If no front end tells which file the notebook is.
    ProblemsFound
        With what stands in the way, cells among it that are not saved as they ran.
    LocationError
        If a job is not as it was promoted.
    """
    from nbasset.commands.promote import check_promoted, promote
    from nbasset.notebook.cards_promotion import drift_card, promote_card

    home = session.instance.home
    if arguments.check:
        found = check_promoted(home, arguments.jobs)
        show(drift_card(found))
        drifted = [one.name for one in found if one.found]
        if drifted:
            raise told(LocationError(f"{', '.join(drifted)} drifted since the promotion."), is_shown=True)
        return
    path = session.path
    if path is None:
        raise InvalidInvocationError("nobody tells which file this notebook is. Save it, and type in a terminal: nbasset promote NOTEBOOK.")
    if problems := list(unsaved(session)):
        raise ProblemsFound(problems)
    show(promote_card(promote(home, path, arguments)))


def unsaved(session: Session) -> Iterator[Problem]:
    """Cells that assets of the session need and that the saved file does not have as they ran."""
    state, location = session.state, session.location()
    if state.saved is None:
        return
    saved = {cell.id: cell for cell in state.saved.cells()}
    texts = {_said(cell) for cell in saved.values()}
    needed: dict[str, str] = {}
    for name in location.definitions.catalog.nodes_by_name:
        found = location.code.slice(name)
        for place in found.statements if found is not None else ():
            needed.setdefault(place.cell, name)
    for cell in state.document.cells():
        if cell.id not in needed or (front_end.is_numbered(cell.id) and _said(cell) in texts):
            continue
        there = saved.get(cell.id)
        if there is not None and _said(there) == _said(cell):
            continue
        what = "ran with another text than the saved notebook has" if there is not None else "is not in the saved notebook"
        message = f"{cell.label} {what}, and '{needed[cell.id]}' needs it: a job is made of what is saved"
        yield Problem(
            "unsaved", message, state.saved.name, "Save the notebook, or run the cell again as it is saved.", asset=needed[cell.id]
        )


def _said(cell: Cell) -> tuple[str, str]:
    """What a cell says; IPython ends the body of a cell magic with a line break of its own."""
    return cell.header.strip(), cell.text.rstrip()


PROMOTION_FACES: dict[str, Callable[[Session, Any], Any]] = {"promote": do_promote}
"""What the verb does in a notebook."""
