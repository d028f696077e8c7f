"""Live panels: what `%asset graph`, `partitions` and `run` show where a front end runs widgets.

A `LivePanel` holds what one picture shows and the number of the last message it was sent; where the picture is, and how messages reach it,
it does not know. Whole once, then only what changed (`wire`). `showing` puts one below the running cell, together with its twin without
scripts; where nobody could run a widget it shows the twin alone.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, Protocol

from nbasset.errors import Error
from nbasset.keys import AssetKey, RunId
from nbasset.notebook import front_end
from nbasset.notebook.look import Look
from nbasset.notebook.panel_backfill import active_backfill, backfill_progress
from nbasset.notebook.panel_cards import asset_view
from nbasset.notebook.panel_grid import grid_changes, grid_view, run_progress
from nbasset.notebook.panel_lineage import Drawn, Wanted, lineage_changes, lineage_text, lineage_view
from nbasset.notebook.panel_run import RunSource
from nbasset.notebook.run_trace import RunTrace
from nbasset.notebook.wire import Message, Panel, Replaced, Told, View
from nbasset.notebook.wire_cards import AssetView
from nbasset.notebook.wire_json import to_wire
from nbasset.notebook.wire_views import GridView, LineageView, Progress, Spans
from nbasset.secrets import mask_secrets

STATIC = Path(__file__).parent / "static"
WIDGET_MIME = "application/vnd.jupyter.widget-view+json"


class Source(Protocol):
    """Where a panel's view comes from."""

    def view(self, at: Look) -> View:
        """All of it, now."""

    def changes(self, at: Look) -> list[Message] | None:
        """What changed since either was asked last; None when it has to be sent whole."""


class LineageSource:
    """The lineage, as it was asked for."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self._drawn: Drawn | None = None
        self._view: LineageView | None = None

    def view(self, at: Look) -> LineageView:
        """All of it, now."""
        self._view, self._drawn = self._made(at, self._drawn)
        return self._view

    def changes(self, at: Look) -> list[Message] | None:
        """What changed."""
        before, now = self._view, self.view(at)
        return None if before is None else lineage_changes(before, now, at.at)

    def drawn_as(self, wanted: Wanted) -> LineageSource:
        """The same, asked for in another way."""
        return LineageSource(wanted)

    def text(self, at: Look, form: Literal["dot", "mmd"]) -> str:
        """The same picture in a language for graphs."""
        return lineage_text(at, self.wanted, form)

    def _made(self, at: Look, drawn: Drawn | None) -> tuple[LineageView, Drawn]:
        return lineage_view(at, self.wanted, drawn)


class GridSource:
    """The partitions of one asset, and the run or the backfill that is changing them, or did last."""

    def __init__(self, key: AssetKey, selected: Spans = ()) -> None:
        self.key = key
        self._selected = selected
        self._run: RunTrace | None = None
        self._backfill = ""
        self._view: GridView | None = None

    def view(self, at: Look) -> GridView:
        """All of it, now."""
        self._view = grid_view(at, self.key, self._progress(at), self._selected)
        return self._view

    def changes(self, at: Look) -> list[Message] | None:
        """What changed."""
        before, now = self._view, self.view(at)
        return None if before is None else grid_changes(before, now, at.at)

    @property
    def awaits_process(self) -> bool:
        """Whether a process carries the backfill out; one that ends before its time says nothing of it."""
        progress = self._view.progress if self._view is not None else None
        return progress is not None and progress.can_pause

    def _progress(self, at: Look) -> Progress | None:
        """Of what goes on now, a backfill before its runs; else of what was last seen to go on."""
        backfill = active_backfill(at, self.key)
        active = at.traces.touching([self.key])
        if backfill is not None:
            self._backfill, self._run = backfill.backfill_id, None
        elif active:
            record = active[-1].record
            of = record.backfill_id or "" if record is not None else ""  # its end may be known before that of its last run
            self._backfill, self._run = of, None if of else active[-1]
        if self._backfill:
            return backfill_progress(at, self.key, self._backfill)
        if self._run is None:
            return None
        if not active and not self._run.is_over:
            self._run.read(at.scope.instance.reader, at.scope.catalog, at.now.view)
        return run_progress(at, self.key, self._run)


class AssetSource:
    """All about one asset."""

    def __init__(self, key: AssetKey) -> None:
        self.key = key
        self._view: AssetView | None = None

    def view(self, at: Look) -> AssetView:
        """All of it, now."""
        self._view = asset_view(at, self.key)
        return self._view

    def changes(self, at: Look) -> list[Message] | None:
        """Nothing, or it has to be sent whole."""
        before, now = self._view, self.view(at)
        return [] if before == now else None


class LivePanel:
    """One panel. `send` takes messages to the picture; whoever has it sets it. Used under the desk's lock only."""

    def __init__(self, source: Source, at: Look, *, link: str, notebook: str) -> None:
        self.source = source
        self.behind: list[Source] = []
        self.send: Callable[[object], None] = lambda message: None
        self.panel = Panel(source.view(at), 0, at.at, link=link, notebook=notebook)
        self._problem = ""
        self._at = at
        self._is_current = True

    def refresh(self, at: Look) -> None:
        """Send what changed since the last look. A view that cannot be made any more says why, once, and stays as it was."""
        self._at = at
        try:
            messages = self.source.changes(at)
            if messages is None:
                self.replace(self.source, at)
                return
        except Error as error:
            if str(error) != self._problem:
                self._problem = str(error)
                self._send(Told(0, mask_secrets(str(error)), "warning"))
            return
        self._problem = ""
        for message in messages:
            self._send(message)

    def replace(self, source: Source, at: Look) -> None:
        """Show something else in its place, or the same anew."""
        view = source.view(at)
        self.source, self._at, self._is_current = source, at, True
        self.panel = replace(self.panel, view=view, at=at.at, seq=self.panel.seq + 1)
        self.send(to_wire(Replaced(self.panel.seq, self.panel)))

    def resync(self, seq: int) -> None:
        """Send it whole to a picture that has not everything."""
        if seq != self.panel.seq:
            panel = self.whole()
            self.send(to_wire(Replaced(panel.seq, panel)))

    def whole(self) -> Panel:
        """Everything, as of the last message."""
        if not self._is_current:
            self.panel, self._is_current = replace(self.panel, view=self.source.view(self._at), at=self._at.at), True
        return self.panel

    def tell(self, text: str, level: Any = "warning") -> None:
        """Say a sentence."""
        self._send(Told(0, mask_secrets(text), level))

    def _send(self, message: Message) -> None:
        self.panel = replace(self.panel, seq=self.panel.seq + 1)
        self._is_current = isinstance(message, Told) and self._is_current
        numbered: Any = message
        self.send(to_wire(replace(numbered, seq=self.panel.seq)))


# -- where it is seen -----------------------------------------------------------------------------------------------------------


def can_show_widgets(session: Any) -> bool:
    """Whether what is displayed now is looked at by a front end that runs widgets, as far as a kernel can know.

    JupyterLab, Notebook 7 and VS Code name the cell that they run; papermill, nbclient, consoles and terminals do not. The setting
    ``notebook.widgets`` and the variable ``NBASSET_WIDGETS`` (0 or 1) go before that.
    """
    if front_end.is_batch() or getattr(session.shell, "kernel", None) is None:
        return False
    wish = front_end.widgets_wish()
    if wish is False or (wish is None and not session.instance.settings.notebook.widgets):
        return False
    if wish is None and not front_end.names_cells(session.shell):
        return False
    return _library() is not None


@cache
def widget_class() -> Any:
    """The one widget class. Its `panel` is read when the front end asks for the state, so a page that is reloaded gets the newest."""
    import anywidget
    import traitlets

    class AssetPanel(anywidget.AnyWidget):
        """A live panel in a notebook page."""

        _esm = STATIC / "widget.js"
        _css = STATIC / "widget.css"
        panel = traitlets.Any().tag(
            sync=True, to_json=lambda value, widget: to_wire(widget.live.whole()), from_json=lambda value, widget: None
        )

        def __init__(self, live: LivePanel) -> None:
            self.live = live
            super().__init__(panel=0)

    return AssetPanel


@cache
def _library() -> Any:
    try:
        import anywidget
    except ImportError:
        return None
    return anywidget if (STATIC / "widget.js").is_file() else None


def in_context(act: Callable[[object], None]) -> Callable[[object], None]:
    """`act` as if the cell that runs now called it, from whatever thread: what it publishes belongs to that cell."""
    context = contextvars.copy_context()
    return lambda value: context.copy().run(act, value)


def run_source(run_id: RunId, *, title: str = "", note: str = "") -> Callable[[Look], Source]:
    """Makes the source of a run, which need not have begun; `note` is said of it."""
    return lambda at: RunSource(run_id, at, title=title, note=note, is_awaited=True)
