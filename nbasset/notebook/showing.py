"""Putting a panel below the running cell, together with its twin for whoever runs no widgets.

They are two outputs, the twin first. In one bundle JupyterLab would always take the widget, and where its kernel is gone show nothing but
"Loading widget...". The live view hides its twin while it is there; a style in the twin hides a widget that came to nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

from nbasset.dataclass import dataclass
from nbasset.notebook import front_end
from nbasset.notebook.desk import desk_of
from nbasset.notebook.display import Bundle, can_update, show
from nbasset.notebook.html import Html
from nbasset.notebook.look import Look
from nbasset.notebook.panel import WIDGET_MIME, Source, can_show_widgets, widget_class

_OUTPUT = ".jp-OutputArea-child"
_STYLE = (
    f"<style>{_OUTPUT}:has(.nbasset-twin)+{_OUTPUT}:has(>.lm-Panel):not(:has(.nbasset-live)),"
    f"{_OUTPUT}:has(.nbasset-twin):has(+{_OUTPUT} .nbasset-live){{display:none}}</style>"
)


@dataclass(frozen=True, slots=True)
class Shown:
    """Something that was displayed; `update` puts another twin in its place, and leaves the live view as it is."""

    is_live: bool = False
    display_id: str | None = None

    def update(self, twin: Bundle) -> None:
        """Show this now to who cannot run widgets, and in the saved notebook."""
        if self.display_id is not None:
            show(_beside(twin) if self.is_live else twin, display_id=self.display_id, update=True)


def show_live(session: Any, make: Callable[[Look], Source], twin: Bundle, *, can_change: bool = False) -> Shown:
    """Display a panel with its twin below the running cell; the twin alone where no widget could run.

    With `can_change` the twin can be put in place later, as when a run has ended.
    """
    is_live = can_show_widgets(session)
    display_id = f"nbasset-{uuid4().hex[:12]}" if can_change and can_update(session.shell) else None
    show(_beside(twin) if is_live else twin, display_id=display_id)
    if is_live:
        desk = desk_of(session)
        live = desk.open(make, cell=front_end.running_cell(session.shell))
        widget = widget_class()(live)
        desk.connect(live, widget)
        view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
        from IPython import display as ipython_display

        display: Any = ipython_display.display
        display({WIDGET_MIME: view, "text/plain": ""}, raw=True)
    return Shown(is_live, display_id)


def _beside(twin: Bundle) -> Bundle:
    """A twin that steps back while the live view after it is there."""
    return replace(twin, html=Html(f'<div class="nbasset-twin">{_STYLE}{twin.html}</div>'))
