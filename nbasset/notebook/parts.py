"""A generated cell: makes assets as a part of a run, and shows what came of each, with its first rows.

The same data gives the same bytes. Each cell of a prepared notebook pays for what is imported here, in a kernel of its own: nothing that
only people at a screen need.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nbasset.arguments.options import ShowArguments
from nbasset.commands.carrying_out import Manner, raise_failure
from nbasset.commands.part_run import run_part
from nbasset.commands.scope import Scope
from nbasset.commands.show import show as facts_of
from nbasset.commands.states import Standing, standing
from nbasset.commands.words import counted, size_text
from nbasset.drawing.picture import State
from nbasset.events.facts import AssetMaterialized, CheckEvaluated
from nbasset.events.kinds import StepSkipped
from nbasset.execution.displays import keep_displays
from nbasset.execution.result import ExecuteInProcessResult
from nbasset.keys import AssetKey, RunId
from nbasset.notebook.cards_asset import preview
from nbasset.notebook.display import Bundle, show
from nbasset.notebook.html import Html, card, code_text, element, quiet, state_word
from nbasset.notebook.session import Session

PREVIEW_ROWS = 5


def do_part(session: Session, run_id: RunId, keys: Sequence[AssetKey]) -> None:
    """Carry out those steps of a run that make `keys` or check them. Others began the run and will end it.

    Raises
    ------
    InvalidInvocationError
        If the run is not in this home, or over.
    RunFailure
        If a step failed.
    """
    scope = Scope(session.location(), session.instance)
    manner = Manner("papermill", "inline", observe=keep_displays(lambda: session.shell, session.instance.home.runs))
    result = run_part(scope, run_id, keys, manner)
    show_part(scope, result, keys)
    raise_failure(result)


def show_part(scope: Scope, result: ExecuteInProcessResult, keys: Sequence[AssetKey]) -> None:
    """Display a card for each asset that was to be made."""
    now = replace(standing(scope, keys=keys), now_us=0)  # no ages: "2 min ago" would be wrong when the notebook is opened again
    for key in keys:
        show(part_card(scope, result, key, now))


def part_card(scope: Scope, result: ExecuteInProcessResult, key: AssetKey, now: Standing) -> Bundle:
    """One asset: how it went, how large it is, its first rows, its checks."""
    made = [fact for fact in result.get_asset_materialization_events() if fact.asset == key]
    verdicts = [fact for fact in result.get_asset_check_evaluations() if fact.check.asset == key]
    state, words = _outcome(result, key, made)
    facts = _size(made)
    head = element(
        "header", element("b", code_text(key)), quiet(", ".join(facts)), element("span", state_word(state, words), class_="end")
    )  # fmt: skip
    table, lines = _table(scope, key, made, now)
    checks = [element("div", state_word(*_verdict(one)), class_="note") for one in verdicts]
    text = [f"{key}: {words}" + (f", {', '.join(facts)}" if facts else "")]
    text += [f"  {_verdict(one)[1]}" for one in verdicts]
    html = card(head, checks, table, label=f"Asset {key}", states=[state, "fresh", "checkfailed", "warned"])
    return Bundle(html, "\n".join([*text, *lines]))


def _outcome(result: ExecuteInProcessResult, key: AssetKey, made: Sequence[AssetMaterialized]) -> tuple[State, str]:
    targets = {step.key for step in result.plan.steps if key in step.assets}
    if any(failure.step in targets for failure in result.get_step_failure_events()):
        return "failed", "failed"
    if made:
        return "fresh", "made"
    skipped = [event for event in result.all_events if isinstance(event, StepSkipped) and event.step in targets]
    if skipped and all(event.reason == "fresh" for event in skipped):
        return "fresh", "unchanged"
    return ("skipped", f"skipped: {skipped[0].reason}") if skipped else ("fresh", "done")


def _size(made: Sequence[AssetMaterialized]) -> list[str]:
    rows = [fact.rows for fact in made if fact.rows is not None]
    sizes = [fact.size_bytes for fact in made if fact.size_bytes is not None]
    parts = [counted(len(made), "partition")] if made and made[0].partition is not None and len(made) > 1 else []
    if len(made) == 1 and made[0].partition is not None:
        parts.append(made[0].partition.key)
    parts += [counted(sum(rows), "row")] if rows else []
    return [*parts, *([size_text(sum(sizes))] if sizes else [])]


def _verdict(fact: CheckEvaluated) -> tuple[State, str]:
    if fact.passed:
        return "fresh", f"check {fact.check.name} passed"
    return ("warned" if fact.severity == "WARN" else "checkfailed"), f"check {fact.check.name} failed"


def _table(scope: Scope, key: AssetKey, made: Sequence[AssetMaterialized], now: Standing) -> tuple[Html | None, list[str]]:
    if not made:
        return None, []
    ref = made[-1].partition
    facts = facts_of(scope, ShowArguments(f'key:"{key}"', ref.key if ref is not None else "", PREVIEW_ROWS), now=now)
    if not facts.preview:
        return None, []
    names = [column.name for column in facts.columns[: len(facts.preview[0])]]
    rows = [names, *([_text(value) for value in row] for row in facts.preview)]
    shown = min(len(names), 8)
    widths = [max(len(row[at]) for row in rows) for at in range(shown)]
    return preview(facts), ["  " + "  ".join(f"{row[at]:<{widths[at]}}" for at in range(shown)).rstrip() for row in rows]


def _text(value: object) -> str:
    return "null" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)[:40]
