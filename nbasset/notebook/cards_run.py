"""Cards of plans and runs: one line a node, however many partitions it has; failures with the user's lines first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Literal

from nbasset.commands.plan import PlannedNode, PlanResult
from nbasset.commands.words import counted, duration
from nbasset.dataclass import dataclass
from nbasset.drawing.picture import State
from nbasset.drawing.states import WORDS, in_order, say
from nbasset.events.facts import ErrorInfo
from nbasset.notebook.cards_parts import error_block, error_lines, mark, names, notice, number, prose, same_errors, when
from nbasset.notebook.display import Bundle
from nbasset.notebook.html import Html, card, code_text, element, glyph, joined, quiet, state_word, table
from nbasset.planning.plan import Reason

_MOST_ERRORS = 3
_MOST_ROWS = 60
_SHORTER = {"missing": "never run", "asked": "you asked for it", "failed": "failed last time"}
_OF_REASON: dict[str, State] = {"asked": "queued", "missing": "missing", "failed": "failed", "check": "checkfailed"}


def plan_card(planned: PlanResult, *, selection: str = "", command: str = "") -> Bundle:
    """``%asset plan``: what would run, in which order, reading what and why. `command` is what carries it out."""
    states: list[State] = ["stale", "missing", "failed", "queued", "fresh"]
    head = element(
        "header", element("b", "Plan"), code_text(selection) if selection else None, quiet("nothing runs yet"),
        element("span", element("b", _made(planned)), class_="end"),
    )  # fmt: skip
    rows = [_planned_row(at, node) for at, node in enumerate(planned.nodes, start=1)]
    shown = rows[:_MOST_ROWS]
    heads = ("", "Asset", "Partitions", "Why", "Reads", *(("Time",) if planned.cost else ()))
    body = table(heads, [row[: len(heads)] for row in shown], numbers=(0, 2, 5)) if rows else element(
        "div", glyph("fresh"), " ", planned.headline, class_="note"
    )  # fmt: skip
    more = element("div", quiet(f"and {counted(len(rows) - len(shown), 'node')} more"), class_="note") if len(rows) > len(shown) else None
    fresh = element("span", quiet("fresh and left out: "), names(planned.fresh, most=3)) if planned.fresh and rows else None
    cost = element("span", planned.cost) if planned.cost else None
    foot = element("footer", cost, fresh, element("span", code_text(command), class_="end") if command and rows else None)
    has_foot = fresh is not None or cost is not None or bool(command and rows)
    html = card(head, body, more, foot if has_foot else None, label="Plan", states=states)
    return Bundle(html, "\n".join(_plan_lines(planned, selection)))


def _made(planned: PlanResult) -> str:
    if not planned.nodes:
        return ""
    assets = sum(len(node.assets) for node in planned.nodes)
    steps = f", {counted(planned.steps, 'step')}" if planned.steps != assets else ""
    return f"{counted(assets, 'asset')}{steps}"


def _planned_row(at: int, node: PlannedNode) -> tuple[object, ...]:
    return (
        quiet(at),
        names(node.assets, most=3) if node.assets else code_text(node.name),
        joined(number(node.partition_count), element("div", quiet(_short(node.partitions)), class_="m")) if node.partition_count else "",
        _why(node),
        names(node.reads, most=3),
        _time(node),
    )


def _time(node: PlannedNode) -> str:
    found = node.estimate
    return duration(found.seconds) if found is not None and found.seconds is not None else ""


def _short(partitions: str) -> str:
    return partitions if len(partitions) <= 34 else partitions[:32] + " …"


def _why(node: PlannedNode) -> Html:
    text, state = _reason(node)
    return joined(element("span", glyph(state), " ", prose(text)))


def _reason(node: PlannedNode) -> tuple[str, State]:
    if node.perhaps:
        return "only if what it reads changes", "stale"
    if not node.why:
        return ("a check" if not node.assets else ""), "queued"
    first: Reason = node.why[0]
    more = f", and {counted(len(node.why) - 1, 'more reason')}" if len(node.why) > 1 else ""
    return f"{_SHORTER.get(first.kind) or first.text or first.kind}{more}", _OF_REASON.get(first.kind, "stale")


def _plan_lines(planned: PlanResult, selection: str) -> list[str]:
    lines = [f"Plan {selection}".rstrip() + f": {planned.headline}"]
    width = max((len(node.name) for node in planned.nodes), default=0)
    for at, node in enumerate(planned.nodes, start=1):
        text, state = _reason(node)
        partitions = f"  {counted(node.partition_count, 'partition')}" if node.partition_count else ""
        time = f"  {_time(node)}" if _time(node) else ""
        lines.append(f"  {at:>2}  {node.name:<{width}}  {mark(state)} {text}{partitions}{time}".rstrip())
    return [*lines, planned.cost] if planned.cost else lines


# -- runs ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NodeProgress:
    """How far the steps of one node are. `seconds` is what finished attempts took; `note` a fact about what was made."""

    name: str
    steps: int
    counts: tuple[tuple[State, int], ...] = ()
    note: str = ""
    seconds: float | None = None

    @property
    def state(self) -> State:
        """The one that matters most now."""
        return self.counts[0][0] if self.counts else "queued"


@dataclass(frozen=True, slots=True)
class RunPicture:
    """A run at one moment. `status` is that of the run; `errors` are by step; `fresh` counts assets left out of it.

    Without `timed` nothing is said that differs between two runs that did the same: no duration, no moment, no run id.
    """

    run_id: str
    title: str
    status: Literal["running", "success", "failure", "canceled"]
    nodes: tuple[NodeProgress, ...]
    errors: tuple[tuple[str, ErrorInfo], ...] = ()
    hidden_state: tuple[str, ...] = ()
    fresh: int = 0
    started_us: int = 0
    ended_us: int = 0
    timed: bool = True
    messages: tuple[str, ...] = field(default=())

    @property
    def counts(self) -> dict[State, int]:
        """Steps by state."""
        found: dict[State, int] = {}
        for node in self.nodes:
            for state, count in node.counts:
                found[state] = found.get(state, 0) + count
        return found


_RUN_STATES: dict[str, State] = {"running": "running", "success": "fresh", "failure": "failed", "canceled": "canceled"}
_RUN_WORDS = {"running": "running", "success": "done", "failure": "failed", "canceled": "canceled"}


def run_card(run: RunPicture) -> Bundle:
    """``%asset run``: how far it is, and in the end what came of it."""
    state = _RUN_STATES[run.status]
    steps = sum(node.steps for node in run.nodes)
    done = steps - run.counts.get("queued", 0) - run.counts.get("running", 0) - run.counts.get("retrying", 0)
    headline = f"Run {_RUN_WORDS[run.status]}"
    facts = [run.title, f"{number(done)} of {counted(steps, 'step')}" if run.status != "success" else ""]
    head = element(
        "header",
        glyph(state),
        element("b", headline),
        quiet(", ".join(fact for fact in facts if fact)),
        element("span", _moment(run), class_="end m"),
    )
    bar = _bar(run, steps)
    told_once = same_errors(run.errors)
    errors = [error_block(error, title=step) for step, error in told_once[:_MOST_ERRORS]]
    more = len(told_once) - len(errors)
    rows = [_node_row(node, timed=run.timed) for node in _worth_showing(run.nodes)]
    heads = ("Asset", "State", "Made", "Time") if run.timed else ("Asset", "State", "Made")
    body = table(heads, rows, numbers=(3,) if run.timed else ()) if rows else None
    left = len(run.nodes) - len(rows)
    told = [notice(text) for text in _told(run)]
    html = card(
        head,
        bar,
        body,
        element("div", quiet(f"and {counted(left, 'node')} more"), class_="note") if left > 0 else None,
        errors,
        element("div", quiet(f"{counted(more, 'more step')} failed otherwise"), class_="note") if more > 0 else None,
        told,
        element("footer", *_foot(run)),
        label=f"{headline}: {run.title}",
        states=[state, "fresh", "queued", "running", "retrying", "failed", "skipped", "canceled"],
    )
    return Bundle(html, "\n".join(_run_lines(run, headline, steps, done)))


def _moment(run: RunPicture) -> Html:
    if not run.timed:
        return Html("")
    seconds = (run.ended_us - run.started_us) / 1_000_000 if run.ended_us else None
    return joined(
        code_text(run.run_id[:8]), " / ", when(run.started_us), f" / {duration(seconds)}" if seconds is not None else None
    )  # fmt: skip


def _bar(run: RunPicture, steps: int) -> Html | None:
    if run.status != "running" or not steps:
        return None
    counts = in_order(run.counts.items())
    order: tuple[State, ...] = ("fresh", "skipped", "failed", "canceled", "running", "retrying")
    found = dict(counts)
    parts = [
        element("i", style=f"width:{100 * found[state] / steps:.4g}%;background:var(--{state}-f)") for state in order if state in found
    ]
    return element("div", *parts, class_="bar", role="img", aria_label=say(counts))


def _worth_showing(nodes: Sequence[NodeProgress]) -> list[NodeProgress]:
    """All lines of a small run; of a large one those where something happens or went wrong, then the first others."""
    if len(nodes) <= _MOST_ROWS:
        return list(nodes)
    urgent = [node for node in nodes if node.state in ("failed", "running", "retrying", "checkfailed")][:_MOST_ROWS]
    kept = {id(node) for node in [*urgent, *[node for node in nodes if node not in urgent][: _MOST_ROWS - len(urgent)]]}
    return [node for node in nodes if id(node) in kept]


def _node_row(node: NodeProgress, *, timed: bool) -> tuple[object, ...]:
    words = state_word(node.state, _words(node))
    cells: tuple[object, ...] = (code_text(node.name), words, quiet(node.note))
    return (*cells, duration(node.seconds) if node.seconds is not None else "") if timed else cells


def _words(node: NodeProgress) -> str:
    if node.steps == 1:
        return _STEP_WORDS.get(node.state, WORDS[node.state])
    return ", ".join(f"{number(count)} {_STEP_WORDS.get(state, WORDS[state])}" for state, count in node.counts)


_STEP_WORDS: dict[State, str] = {"fresh": "done", "queued": "waiting", "external": "unchanged"}


def _told(run: RunPicture) -> list[str]:
    found = (
        [f"This run leaned on hidden state: {'; '.join(run.hidden_state)}. Another kernel may give another result."]
        if run.hidden_state
        else []
    )
    return [*found, *run.messages]


def _foot(run: RunPicture) -> list[Html]:
    parts = [element("span", _ended(run))]
    if run.status in ("failure", "canceled"):
        parts.append(element("span", "what was stored before is kept", class_="end"))
    return parts


def _ended(run: RunPicture) -> str:
    """``12 fresh, 3 run, 2 unchanged``: what was left out, what ran, what did not have to after all."""
    found = dict(run.counts)
    words = [
        (run.fresh, "fresh"),
        (found.get("fresh", 0), "run"),
        (found.get("external", 0), "unchanged"),
        (found.get("failed", 0), "failed"),
        (found.get("skipped", 0), "skipped"),
        (found.get("canceled", 0), "canceled"),
        (found.get("queued", 0) + found.get("retrying", 0), "waiting"),
        (found.get("running", 0), "running"),
    ]
    return ", ".join(f"{number(count)} {word}" for count, word in words if count) or "nothing to do"


def _run_lines(run: RunPicture, headline: str, steps: int, done: int) -> list[str]:
    took = duration((run.ended_us - run.started_us) / 1_000_000) if run.timed and run.ended_us else ""
    said = [run.title, f"{number(done)} of {counted(steps, 'step')}" if run.status != "success" else "", _ended(run), took]
    lines = [f"{headline}: " + ", ".join(part for part in said if part)]
    width = max((len(node.name) for node in run.nodes), default=0)
    for node in _worth_showing(run.nodes):
        lines.append(f"  {mark(node.state)} {node.name:<{width}}  {_words(node):<8}  {node.note}".rstrip())
    for step, error in same_errors(run.errors)[:_MOST_ERRORS]:
        lines += ["", f"{step} failed:", *error_lines(error)]
    lines += [f"note: {text}" for text in _told(run)]
    return lines
