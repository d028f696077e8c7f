"""What ``%asset VERB`` does: one function a verb, each a thin face over `nbasset.commands` that displays what it gives."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from nbasset.arguments.options import (
    DoctorArguments,
    DropArguments,
    GraphArguments,
    ListArguments,
    LoadArguments,
    PlanArguments,
    RunArguments,
    ShowArguments,
)
from nbasset.commands.carrying_out import Manner, raise_failure
from nbasset.commands.forecast import forecast
from nbasset.commands.lineage import lineage, write_picture
from nbasset.commands.plan import plan
from nbasset.commands.run import run
from nbasset.commands.scope import Scope, shown_path
from nbasset.commands.show import show as facts_of
from nbasset.commands.states import standing
from nbasset.commands.words import counted
from nbasset.definitions.definitions import Definitions
from nbasset.drawing.picture import State
from nbasset.errors import InvalidInvocationError, RunFailure
from nbasset.execution.cancel import CancelToken
from nbasset.execution.displays import keep_displays
from nbasset.keys import AssetKey
from nbasset.locations.plain import location_of
from nbasset.notebook import front_end
from nbasset.notebook.cards import as_saved, defining_card, graph_bundle, list_bundle, problems_card
from nbasset.notebook.cards_asset import CodeText, asset_card
from nbasset.notebook.cards_automation import forecast_card
from nbasset.notebook.cards_run import plan_card
from nbasset.notebook.display import Bundle, show
from nbasset.notebook.html import card, element, glyph
from nbasset.notebook.live_run import LiveRun
from nbasset.notebook.panel import LineageSource
from nbasset.notebook.panel_lineage import Wanted
from nbasset.notebook.progress import RunDisplay
from nbasset.notebook.session import Session, scope_of
from nbasset.notebook.session_state import Change
from nbasset.notebook.showing import show_live
from nbasset.notebook.tracebacks import told
from nbasset.notebook.verbs_automation import AUTOMATION_FACES
from nbasset.notebook.verbs_backfill import BACKFILL_FACES
from nbasset.notebook.verbs_export import EXPORT_FACES
from nbasset.notebook.verbs_jobs import JOB_FACES
from nbasset.notebook.verbs_promotion import PROMOTION_FACES
from nbasset.notebook.verbs_time import TIME_FACES
from nbasset.notebook.verbs_watch import WATCH_FACES, run_in_background

__all__ = ["VERB_FACES", "changed_bundle", "defined_bundle", "definitions_bundle", "problems_card", "scope_of"]


def do_list(session: Session, arguments: ListArguments) -> None:
    """``%asset list``."""
    show(list_bundle(scope_of(session), arguments))


def do_graph(session: Session, arguments: GraphArguments) -> None:
    """``%asset graph``, shown or written to a file."""
    scope = scope_of(session)
    if arguments.output:
        path = write_picture(lineage(scope, arguments), Path(arguments.output).expanduser(), direction=arguments.direction)
        show(sentence(f"Wrote {shown_path(path)}."))
        return
    wanted = Wanted(arguments.select, None, arguments.direction)
    show_live(session, lambda at: LineageSource(wanted), graph_bundle(scope, arguments))


def do_plan(session: Session, arguments: PlanArguments) -> None:
    """``%asset plan``."""
    if arguments.days:
        show(forecast_card(forecast(scope_of(session), days=arguments.days), arguments.days))
        return
    show(plan_card(plan(scope_of(session), arguments), selection=arguments.select, command=run_command(arguments)))


def run_command(arguments: PlanArguments) -> str:
    """The line that would carry a plan out.

    >>> run_command(PlanArguments("delays+", stale=True))
    '%asset run delays+ --stale'
    """
    partitions = arguments.partitions
    ends = f"-s {partitions.start} -e {partitions.end}" if partitions.start else ""
    flags = [f"--{name}" for name in ("stale", "missing", "failed", "only", "force") if getattr(arguments, name)]
    words = ["%asset run", arguments.select, f"-p {partitions.partition}" if partitions.partition else ends, *flags]
    words += [f"-c {text}" for text in arguments.config] + [f"-t {key}={value}" for key, value in arguments.tags.items()]
    return " ".join(word for word in words if word)


def do_run(session: Session, arguments: RunArguments) -> None:
    """``%asset run``. Raises when a step fails, so that whoever runs all cells stops here.

    Raises
    ------
    RunFailure
        If a step failed.
    KeyboardInterrupt
        If it was interrupted; the run is recorded as cancelled.
    """
    scope = scope_of(session)
    title = arguments.select or "everything out of date"
    partitions = arguments.partitions.text
    cancel = CancelToken()
    shown_as = f"{title}, {partitions}" if partitions else title
    if arguments.background:
        run_in_background(session, arguments, shown_as)
        return
    with LiveRun(session, shown_as, live=not arguments.quiet) as display:
        observe = keep_displays(lambda: session.shell, session.instance.home.runs)
        manner = Manner(on_event=display.on_event, cancel=cancel, observe=observe, keeps_plan=True)
        result = _interruptible(lambda: run(scope, arguments, manner, on_plan=display.on_plan), display)
    if result.result is None:
        show(sentence(result.planned.headline))
        return
    try:
        raise_failure(result.result)
    except RunFailure as error:
        raise told(error, is_shown=True) from None


def _interruptible(act: Callable[[], Any], display: RunDisplay) -> Any:
    try:
        return act()
    except KeyboardInterrupt:
        picture = display.picture
        if picture is None:
            raise
        done = picture.counts.get("fresh", 0)
        steps = sum(node.steps for node in picture.nodes)
        raise KeyboardInterrupt(
            f"the run was cancelled; {done} of {counted(steps, 'step')} had finished, and what was stored before is kept."
        ) from None


def do_show(session: Session, arguments: ShowArguments) -> None:
    """``%asset show``."""
    show(asset_bundle(session, arguments.asset, arguments.partition, arguments.rows))


def asset_bundle(session: Session, asset: str, partition: str = "", rows: int = 5) -> Bundle:
    """The card of one asset with all there is."""
    scope = scope_of(session)
    now = as_saved(standing(scope))
    facts = facts_of(scope, ShowArguments(asset, partition, rows), now=now)
    code = session.code_of(facts.key)
    return asset_card(scope, facts, now, CodeText(*code) if code is not None else None)


def do_load(session: Session, arguments: LoadArguments) -> Any:
    """``%asset load``: the value into a name, or as the result of the line."""
    from nbasset.commands.load import load

    name = arguments.into
    if name and (not name.isidentifier() or keyword.iskeyword(name)):
        raise InvalidInvocationError(f"--into {name!r}: that is no name a variable can have. Write --into df.")
    value = load(scope_of(session), arguments)
    if not name:
        return value
    session.shell.user_ns[name] = value
    show(sentence(f"{name} = {_about(value)}"))
    return None


def _about(value: Any) -> str:
    kind = type(value).__name__
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and len(shape) == 2:
        return f"{kind}, {counted(shape[0], 'row')}, {counted(shape[1], 'column')}"
    try:
        return f"{kind}, {counted(len(value), 'entry', 'entries')}"
    except TypeError:
        return kind


def do_drop(session: Session, arguments: DropArguments) -> None:
    """``%asset drop``; asks first, unless told not to."""
    from nbasset.commands.drop import drop, question

    scope = scope_of(session)
    if not (arguments.yes or front_end.confirmed(question([scope], arguments))):
        show(sentence("Nothing was dropped.", state="skipped"))
        return
    result = drop(scope, arguments)
    show(sentence(f"{result.sentence}."))


def do_doctor(session: Session, arguments: DoctorArguments) -> None:
    """``%asset doctor``."""
    from nbasset.commands.doctor import doctor

    found = doctor(session.instance, arguments)
    marks: dict[str, State] = {"ok": "fresh", "note": "skipped", "warning": "stale", "failed": "failed"}
    rows = [
        element("div", glyph(marks[one.status]), " ", element("b", one.name), f" {one.text}", f"\n{one.remedy}".rstrip(), class_="note")
        for one in found.findings
    ]
    text = "\n".join(f"{one.status:<8} {one.name}: {one.text}" + (f" {one.remedy}" if one.remedy else "") for one in found.findings)
    show(Bundle(card(*rows, label="Doctor", states=["fresh", "skipped", "stale", "failed"]), text))


def sentence(text: str, *, state: State = "fresh") -> Bundle:
    """One line that says what was done."""
    return Bundle(card(element("div", glyph(state), " ", text, class_="note"), label=text, states=[state]), text)


# -- what cells define --------------------------------------------------------------------------------------------------------


def changed_bundle(session: Session, change: Change, label: str) -> Bundle:
    """What a cell has just defined or given up."""
    return defining_card(scope_of(session), change.defined, cell=label, retired=change.retired, notices=[str(one) for one in change.moved])


def defined_bundle(session: Session, keys: Sequence[AssetKey]) -> Bundle:
    """The card of assets that the session has, as below their cell."""
    cell = next((cell for key in keys if (cell := session.cell_of(key))), "")
    return defining_card(scope_of(session), keys, cell=session.state.label(cell) if cell else "")


def definitions_bundle(session: Session, definitions: Definitions) -> Bundle:
    """The list of what a `Definitions` object holds."""
    location = location_of(definitions, home=lambda: session.instance.home.root)
    return list_bundle(Scope(location, session.instance), ListArguments())


VERB_FACES: dict[str, Callable[[Session, Any], Any]] = {
    "list": do_list,
    "graph": do_graph,
    "plan": do_plan,
    "run": do_run,
    "show": do_show,
    "load": do_load,
    "drop": do_drop,
    "doctor": do_doctor,
    **BACKFILL_FACES,
    **WATCH_FACES,
    **TIME_FACES,
    **JOB_FACES,
    **AUTOMATION_FACES,
    **PROMOTION_FACES,
    **EXPORT_FACES,
}
"""What each verb of `arguments.VERBS` does in a notebook."""
