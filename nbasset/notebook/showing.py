"""Putting a panel below the running cell, together with its twin for whoever runs no widgets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from nbasset.dataclass import dataclass
from nbasset.notebook import front_end
from nbasset.notebook.desk import desk_of
from nbasset.notebook.display import Bundle, can_update
from nbasset.notebook.look import Look
from nbasset.notebook.panel import WIDGET_MIME, Source, can_show_widgets, widget_class


@dataclass(frozen=True, slots=True)
class Shown:
    """Something that was displayed; `update` puts another twin in its place, and leaves the live view as it is."""

    view: dict[str, Any] | None = None
    display_id: str | None = None

    def update(self, twin: Bundle) -> None:
        """Show this now to who cannot run widgets, and in the saved notebook."""
        if self.display_id is not None:
            _display(self.view, twin, display_id=self.display_id, update=True)


def show_live(session: Any, make: Callable[[Look], Source], twin: Bundle, *, can_change: bool = False) -> Shown:
    """Display a panel with its twin below the running cell; the twin alone where no widget could run.

    With `can_change` the twin can be put in place later, as when a run has ended.
    """
    view: dict[str, Any] | None = None
    if can_show_widgets(session):
        desk = desk_of(session)
        live = desk.open(make, cell=front_end.running_cell(session.shell))
        widget = widget_class()(live)
        desk.connect(live, widget)
        view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    display_id = f"nbasset-{uuid4().hex[:12]}" if can_change and can_update(session.shell) else None
    _display(view, twin, display_id=display_id)
    return Shown(view, display_id)


def _display(view: dict[str, Any] | None, twin: Bundle, *, display_id: str | None, update: bool = False) -> None:
    from IPython import display as ipython_display

    display: Any = ipython_display.display
    data = {WIDGET_MIME: view, **twin.data()} if view is not None else twin.data()
    if display_id is None:
        display(data, raw=True)
    else:
        display(data, raw=True, display_id=display_id, update=update)
