"""The card of a run while it runs: a fold of its events, shown at most ten times a second and once at the end.

Events come from the run's own thread and from the thread beside it; a third one, which lives as long as the run, publishes. So a run is
never slowed down by who watches it, and a step that lasts shows that it does.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterable
from typing import Any
from uuid import uuid4

from nbasset import clock
from nbasset.commands.plan import PlanResult
from nbasset.commands.words import counted, size_text
from nbasset.drawing.picture import State
from nbasset.drawing.states import WORDS, in_order
from nbasset.events.facts import AssetMaterialized, CheckEvaluated, ErrorInfo
from nbasset.events.kinds import (
    Event,
    RunCancelled,
    RunFailed,
    RunStarted,
    RunSucceeded,
    StepFailed,
    StepRetried,
    StepReused,
    StepSkipped,
    StepStarted,
    StepSucceeded,
)
from nbasset.notebook.cards_run import NodeProgress, RunPicture, run_card
from nbasset.notebook.display import Bundle, can_update, show
from nbasset.planning.explain import notes_of
from nbasset.planning.plan import Reason, RunPlan

LEAST_PAUSE_S = 0.1
_SKIPPED: dict[str, State] = {"fresh": "external", "cancelled": "canceled"}


class RunFold:
    """What is known of a run, event by event. `nodes` are those of the plan in order, each with its name for people and its steps; of what
    is to be said of the plan, `why` its steps are in it tells.
    """

    def __init__(
        self, title: str, nodes: Iterable[tuple[str, str, int]], *, why: Iterable[Reason] = (), fresh: int = 0, timed: bool = True
    ) -> None:
        self._title = title
        self._nodes = {node: (name, steps) for node, name, steps in nodes}
        self._fresh = fresh
        self._timed = timed
        self._state: dict[str, dict[str, State]] = {}
        self._rows: dict[str, int] = {}
        self._bytes: dict[str, int] = {}
        self._seconds: dict[str, float] = {}
        self._checks: dict[str, dict[str, dict[str, None]]] = {}
        self._errors: list[tuple[str, ErrorInfo]] = []
        self._hidden: dict[str, None] = {}
        self._status: Any = "running"
        self._run_id = ""
        self._started_us = 0
        self._ended_us = 0
        notes = notes_of(why)
        self._messages = [note if timed else note.partition(";")[0] for note in notes]  # behind it stands the version of before

    def add(self, event: Event) -> None:
        """Take in what happened."""
        run_id = getattr(event, "run_id", None)
        self._run_id = self._run_id or str(run_id or "")
        if isinstance(event, RunStarted):
            self._started_us = event.at_us
        elif isinstance(event, (RunSucceeded, RunFailed, RunCancelled)):
            self._end(event)
        elif isinstance(event, (StepStarted, StepSucceeded, StepReused, StepFailed, StepRetried, StepSkipped)):
            self._started_us = self._started_us or getattr(event, "started_us", 0) or event.at_us
            self._step(event)

    def end(self, status: str, at_us: int) -> None:
        """The run is over, as somebody else recorded."""
        self._status, self._ended_us = status, self._ended_us or at_us

    def picture(self) -> RunPicture:
        """The run as it stands."""
        nodes = tuple(self._node(node, name, steps) for node, (name, steps) in self._nodes.items())
        return RunPicture(
            self._run_id, self._title, self._status, nodes, tuple(self._errors), tuple(self._hidden), self._fresh,
            self._started_us, self._ended_us, self._timed, tuple(self._messages),
        )  # fmt: skip

    def _end(self, event: RunSucceeded | RunFailed | RunCancelled) -> None:
        status = {"RunSucceeded": "success", "RunFailed": "failure", "RunCancelled": "canceled"}[type(event).__name__]
        self.end(status, event.at_us)
        if isinstance(event, RunFailed) and not self._errors and event.message:
            self._messages.append(event.message)

    def _step(self, event: StepStarted | StepSucceeded | StepReused | StepFailed | StepRetried | StepSkipped) -> None:
        node = self._node_of(event.step)
        states = self._state.setdefault(node, {})
        if isinstance(event, StepStarted):
            states[event.step] = "running"
        elif isinstance(event, StepSkipped):
            states[event.step] = _SKIPPED.get(event.reason, "skipped")
        elif isinstance(event, StepRetried):
            states[event.step] = "retrying"
        elif isinstance(event, StepFailed):
            states[event.step] = "canceled" if event.cancelled else "failed"
            if not event.cancelled:
                self._errors.append((event.step, event.error))
            self._took(node, event.started_us, event.at_us)
        else:
            states[event.step] = "fresh"
            self._took(node, getattr(event, "started_us", 0), event.at_us)
            self._note(node, event.facts)

    def _node_of(self, step: str) -> str:
        """The node of a step by its key: ``orders[2013-01-01]``, ``graph.op``."""
        handle = step.partition("[")[0]
        if handle in self._nodes:
            return handle
        head = handle.partition(".")[0]
        if head not in self._nodes:  # a step that a dynamic output brought
            self._nodes[head] = (head, 0)
        return head

    def _took(self, node: str, started_us: int, ended_us: int) -> None:
        if started_us:
            self._seconds[node] = self._seconds.get(node, 0.0) + (ended_us - started_us) / 1_000_000

    def _note(self, node: str, facts: tuple[Any, ...]) -> None:
        for fact in facts:
            if isinstance(fact, AssetMaterialized):
                if fact.rows is not None:
                    self._rows[node] = self._rows.get(node, 0) + fact.rows
                if fact.size_bytes is not None:
                    self._bytes[node] = self._bytes.get(node, 0) + fact.size_bytes
                self._hidden.update(dict.fromkeys(fact.hidden_state))
            elif isinstance(fact, CheckEvaluated) and not fact.passed:
                word = WORDS["warned" if fact.severity == "WARN" else "checkfailed"]
                self._checks.setdefault(node, {}).setdefault(word, {})[fact.check.name] = None

    def _node(self, node: str, name: str, steps: int) -> NodeProgress:
        parts = [counted(self._rows[node], "row")] if node in self._rows else []
        parts += [size_text(self._bytes[node])] if node in self._bytes else []
        failed = self._checks.get(node, {})
        parts += [f"{word}: {', '.join(names)}" for word, names in failed.items()]
        seen = list(self._state.get(node, {}).values())
        counts: dict[State, int] = {state: seen.count(state) for state in dict.fromkeys(seen)}
        total = max(steps, len(seen))
        counts["queued"] = counts.get("queued", 0) + total - len(seen)
        return NodeProgress(name, total, in_order(counts.items()), ", ".join(parts), self._seconds.get(node))


class RunDisplay:
    """Shows a run while it runs. Give `on_plan` and `on_event` to whoever carries it out, inside a ``with``.

    `live` False shows the end alone: nobody watches, or the display cannot be changed.
    """

    def __init__(self, shell: Any, title: str, *, live: bool = True, timed: bool = True, publish: Callable[..., None] = show) -> None:
        self._live = live and can_update(shell)
        self._title = title
        self._timed = timed
        self._publish = publish
        self._lock = threading.Lock()
        self._fold: RunFold | None = None
        self._display_id = f"nbasset-{uuid4().hex[:12]}" if self._live else None
        self._is_shown = False
        self._dirty = threading.Event()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> RunDisplay:
        return self

    def __exit__(self, *problem: Any) -> None:
        self._over.set()
        self._dirty.set()
        if self._thread is not None:
            self._thread.join()
        with self._lock:
            fold = self._fold
        if fold is not None:
            if fold.picture().status == "running":
                fold.end("canceled" if problem and problem[0] is KeyboardInterrupt else "failure", clock.now_us())
            self._show(run_card(fold.picture()))

    @property
    def picture(self) -> RunPicture | None:
        """The run as it stands; None while nothing was planned, or nothing was to do."""
        with self._lock:
            return self._fold.picture() if self._fold is not None else None

    def on_plan(self, planned: PlanResult) -> None:
        """The plan is there; of one with nothing in it nothing is shown."""
        if planned.nodes:
            nodes = [(node.node, node.name, node.steps) for node in planned.nodes]
            why = [reason for node in planned.nodes for reason in node.why]
            self.begin(RunFold(self._title, nodes, why=why, fresh=len(planned.fresh), timed=self._timed))

    def on_run(self, plan: RunPlan) -> None:
        """The plan of a job is there: its steps, by what they are steps of."""
        steps: dict[str, int] = {}
        for step in plan.steps:
            node = step.key.partition("[")[0].partition(".")[0]
            steps[node] = steps.get(node, 0) + 1
        if steps:
            why = [reason for step in plan.steps for reason in step.why]
            self.begin(RunFold(self._title, [(node, node, count) for node, count in steps.items()], why=why, timed=self._timed))

    def begin(self, fold: RunFold) -> None:
        """Start to show."""
        with self._lock:
            self._fold = fold
        if self._live:
            self._show(run_card(fold.picture()))
            run_in = contextvars.copy_context().run  # with the cell that runs: there the updates belong
            self._thread = threading.Thread(target=run_in, args=(self._watch,), name="nbasset-progress", daemon=True)
            self._thread.start()

    def on_event(self, event: Event) -> None:
        """Something happened."""
        with self._lock:
            if self._fold is not None:
                self._fold.add(event)
        self._dirty.set()

    def _watch(self) -> None:
        while not self._over.is_set():
            self._dirty.wait()
            self._dirty.clear()
            if self._over.wait(LEAST_PAUSE_S):
                return
            with self._lock:
                picture = self._fold.picture() if self._fold is not None else None
            if picture is not None:
                self._show(run_card(picture))

    def _show(self, bundle: Bundle) -> None:
        if self._display_id is None:
            self._publish(bundle)
        else:
            self._publish(bundle, display_id=self._display_id, update=self._is_shown)
        self._is_shown = True
