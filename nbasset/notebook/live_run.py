"""A run that a cell carries out: a live panel while it goes on, and its card for the saved notebook when it has ended."""

from __future__ import annotations

from typing import Any

from nbasset.commands.plan import PlanResult
from nbasset.keys import RunId
from nbasset.notebook.cards_run import run_card
from nbasset.notebook.display import Bundle, show
from nbasset.notebook.panel import can_show_widgets, run_source
from nbasset.notebook.progress import RunDisplay
from nbasset.notebook.session import Session
from nbasset.notebook.showing import Shown, show_live
from nbasset.planning.plan import RunPlan


class LiveRun(RunDisplay):
    """`RunDisplay` with a live panel in front. Without widgets it is that alone."""

    def __init__(self, session: Session, title: str, *, live: bool = True) -> None:
        self._session = session
        self._is_live = live and can_show_widgets(session)
        self._panel: Shown | None = None
        super().__init__(session.shell, title, live=live and not self._is_live, publish=self._put)

    def on_plan(self, planned: PlanResult) -> None:
        """The plan is there: show the run, which begins now."""
        super().on_plan(planned)
        if planned.nodes:
            self._begin_live(RunId(planned.run_id))

    def on_run(self, plan: RunPlan) -> None:
        """The plan of a job is there."""
        super().on_run(plan)
        self._begin_live(plan.run_id)

    def _begin_live(self, run_id: RunId) -> None:
        picture = self.picture
        if self._is_live and picture is not None:
            source = run_source(run_id, title=self._title, note=". ".join(picture.messages))
            self._panel = show_live(self._session, source, run_card(picture), can_change=True)

    def _put(self, bundle: Bundle, **options: Any) -> None:
        if self._panel is not None:
            self._panel.update(bundle)
        else:
            show(bundle, **options)
