"""What ``%asset partitions``, ``runs`` and ``cancel`` do, and a run in the background: shown live, and never in the kernel's way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from nbasset.arguments.options import RunArguments
from nbasset.arguments.options_watch import CancelArguments, PartitionsArguments, RunsArguments
from nbasset.commands.background import start_background
from nbasset.commands.carrying_out import checked_config
from nbasset.commands.configuration import run_config_of
from nbasset.commands.launching import why_waiting
from nbasset.commands.partitions import partitions
from nbasset.commands.planning import make_plan, wish_of
from nbasset.commands.promoted_jobs import kept_notebook
from nbasset.commands.run_rules import ENVIRONMENT_TAG
from nbasset.commands.runs import cancel, find_run, runs, title_of
from nbasset.commands.states import standing
from nbasset.events.records import RunRecord
from nbasset.instance import Instance
from nbasset.keys import RunId
from nbasset.notebook import front_end
from nbasset.notebook.cards import as_saved
from nbasset.notebook.cards_run import run_card
from nbasset.notebook.cards_watch import partitions_card, runs_card
from nbasset.notebook.display import Bundle, show
from nbasset.notebook.html import card, element, glyph
from nbasset.notebook.panel import GridSource, can_show_widgets, run_source
from nbasset.notebook.panel_grid import space_of
from nbasset.notebook.progress import RunFold
from nbasset.notebook.run_trace import RunTrace
from nbasset.notebook.session import Session, scope_of
from nbasset.notebook.showing import Shown, show_live

_WAIT_S = 0.5


def do_partitions(session: Session, arguments: PartitionsArguments) -> None:
    """``%asset partitions``."""
    scope = scope_of(session)
    now = as_saved(standing(scope))
    result = partitions(scope, arguments, now=now)
    chosen = result.chosen if arguments.partitions.text else None

    def source(at: Any) -> GridSource:
        return GridSource(result.asset, space_of(at, result.asset).spans(chosen) if chosen is not None else ())

    show_live(session, source, partitions_card(result, now.view))


def do_runs(session: Session, arguments: RunsArguments) -> None:
    """``%asset runs``: the list, or one run, followed as long as it goes on."""
    if not arguments.run and not arguments.follow:
        show(runs_card(runs(session.instance, arguments)))
        return
    record = find_run(session.instance, arguments.run, active=arguments.follow)
    follow(session, record.run_id, title_of(record), waits=arguments.follow and not can_show_widgets(session))


def do_cancel(session: Session, arguments: CancelArguments) -> None:
    """``%asset cancel``."""
    record = cancel(session.instance, arguments)
    said = f"Run {record.run_id[:8]} " + ("was stopped." if record.is_over else "was asked to stop.")
    text = f"{said} What was stored before is kept."
    show(Bundle(card(element("div", glyph("canceled"), " ", text, class_="note"), label=text, states=["canceled"]), text))


def run_in_background(session: Session, arguments: RunArguments, title: str) -> RunId | None:
    """``%asset run --bg``: start it and show it. The cell is done at once; whatever comes after it does not touch the run."""
    scope = scope_of(session)
    _ = scope.instance.storage  # the store gives partition keys their numbers, so it is there before they are asked for
    config = run_config_of(arguments.config, scope)
    planned = make_plan(scope, wish_of(arguments, config))
    checked_config(scope, frozenset(step.node for step in planned.plan.steps), config)
    if not planned.plan.steps:
        text = f"Nothing to do: {title} is fresh."
        show(Bundle(card(element("div", glyph("fresh"), " ", text, class_="note"), label=text, states=["fresh"]), text))
        return None
    run_id = start_background(scope, planned.plan, planned.standing.view, executor=arguments.executor)
    follow(session, run_id, title, waits=False)
    return run_id


def follow(session: Session, run_id: RunId, title: str, *, waits: bool) -> None:
    """Show a run, live where widgets run. With `waits` stay until it ends; an interrupt then stops the watching, not the run."""
    source = run_source(run_id, title=title)
    trace = RunTrace(run_id)
    bundle = _run_bundle(session, trace, title)
    if front_end.is_batch() and waits:
        _await_end(session, trace, None, title)
        show(_run_bundle(session, trace, title))
        return
    shown = show_live(session, source, bundle, can_change=True)
    if waits and not trace.is_over:
        _await_end(session, trace, shown, title)


def _await_end(session: Session, trace: RunTrace, shown: Shown | None, title: str) -> None:
    try:
        seq = 0
        while not trace.is_over:
            seq = session.instance.storage.wait(seq, _WAIT_S)
            bundle = _run_bundle(session, trace, title)
            if shown is not None:
                shown.update(bundle)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"stopped following run {trace.run_id[:8]}, which goes on. To stop it: %asset cancel {trace.run_id[:8]}"
        ) from None


def _run_bundle(session: Session, trace: RunTrace, title: str) -> Bundle:
    """The card of a run as it stands, for who cannot run widgets."""
    scope = scope_of(session)
    trace.keeps_events = True
    trace.read(scope.instance.reader, scope.catalog, scope.view())
    nodes: dict[str, int] = {}
    for step in trace.steps.values():
        handle = step.key.partition("[")[0].partition(".")[0]
        nodes[handle] = nodes.get(handle, 0) + 1
    fold = RunFold(title, [(node, node, steps) for node, steps in nodes.items()])
    for event in trace.events:
        fold.add(event)
    picture = fold.picture()
    record = trace.record
    said = (*picture.messages, *_how_to_follow(record, trace, why_waiting(scope.instance)), *_of_notebook(scope.instance, record))
    return run_card(replace(picture, run_id=str(trace.run_id), messages=said))


def _of_notebook(instance: Instance, record: RunRecord | None) -> tuple[str, ...]:
    """Where the executed notebook is, and in which way it ran elsewhere than it was promoted."""
    notebook = kept_notebook(instance, record) if record is not None else None
    if record is None or notebook is None:
        return ()
    told = record.tags.get(ENVIRONMENT_TAG)
    return (f"Executed notebook: {notebook}", *([f"Another environment: {told}"] if told else []))


def _how_to_follow(record: RunRecord | None, trace: RunTrace, waiting: Mapping[RunId, str]) -> tuple[str, ...]:
    if trace.is_over or record is None or record.kind not in ("background", "scheduled"):
        return ()
    short = trace.run_id[:8]
    if why := waiting.get(trace.run_id):
        return (f"It waits: {why}. It starts by itself. Look again: %asset runs {short}. Give it up: %asset cancel {short}.",)
    return (
        f"It has a process of its own and goes on without this notebook. Look again: %asset runs {short}. Stop it: %asset cancel {short}.",
    )


WATCH_FACES: dict[str, Callable[[Session, Any], Any]] = {"partitions": do_partitions, "runs": do_runs, "cancel": do_cancel}
"""What these verbs do in a notebook."""
