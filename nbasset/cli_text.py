"""Results of commands as text for a terminal: tables, one line a step, errors. Whatever came from outside is made inert first."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from nbasset.events.facts import AssetMaterialized, ErrorInfo
from nbasset.events.kinds import Event, StepFailed, StepRetried, StepReused, StepSkipped, StepStarted, StepSucceeded

if TYPE_CHECKING:
    from rich.console import Console

    from nbasset.commands.doctor import DoctorResult
    from nbasset.commands.list_assets import AssetList
    from nbasset.commands.plan import PlanResult
    from nbasset.commands.run import RunResult
    from nbasset.errors import Problem
    from nbasset.execution.result import ExecuteInProcessResult

_BIDI = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C}
_COLORS = {"fresh": "green", "stale": "yellow", "missing": "bright_black", "failed": "red", "problem": "red", "running": "blue"}
_MARKS = {"ok": ("✓", "green"), "note": ("·", "bright_black"), "warning": ("▲", "yellow"), "failed": ("✗", "red")}


def inert(text: str) -> str:
    r"""The text with nothing in it that a terminal would act on: control characters and turns of direction are written out.

    >>> inert("a\x1b]8;;http://x\x07b"), inert("two\nlines")
    ('a\\x1b]8;;http://x\\x07b', 'two\nlines')
    """
    return "".join(char if not _acts(char) else _written_out(char) for char in text)


def console(*, to_stderr: bool = False) -> Console:
    """A terminal that shows texts as they are: no markup, no highlighting."""
    from rich.console import Console

    return Console(stderr=to_stderr, highlight=False, markup=False, emoji=False, soft_wrap=True)


def show_list(listed: AssetList, out: Console) -> None:
    """A table of assets."""
    from rich.table import Table
    from rich.text import Text

    if listed.location:
        out.print(Text(inert(listed.location), "bold"))
    if not listed.rows:
        out.print("  no assets")
    else:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=True, header_style="bright_black")
        for name in ("asset", "state", "", "group"):
            table.add_column(name, no_wrap=name != "")
        for row in listed.rows:
            table.add_row(Text(inert(str(row.key))), _state(row.state), Text(inert(row.fact)), Text(inert(row.group), "bright_black"))
        out.print(table)
    show_problems(listed.problems, out)


def show_problems(problems: Iterable[Problem], out: Console) -> None:
    """Problems below what they belong to."""
    from rich.text import Text

    for problem in problems:
        mark, color = _MARKS["failed" if problem.severity == "error" else "note"]
        out.print(Text(f"{mark} ", color) + Text(inert(str(problem))))


def show_plan(plan: PlanResult, out: Console) -> None:
    """A plan, one line a node."""
    from rich.text import Text

    for number, node in enumerate(plan.nodes, 1):
        line = Text(f"{number:>3}. ", "bright_black") + Text(inert(node.name), "bold")
        if node.partition_count:
            line += Text(f"  {node.partition_count:,} partitions: {inert(shortened(node.partitions))}")
        if node.perhaps:
            line += Text("  perhaps", "yellow")
        out.print(line)
        for reason in node.why[:3]:
            out.print(Text(f"       {inert(reason.text)}", "bright_black"))
    out.print(plan.headline)
    if plan.cost:
        out.print(plan.cost)


class StepLines:
    """Says each step as it ends, and on a terminal which ones are running. Use as the listener of a run."""

    def __init__(self, out: Console, *, quiet: bool = False) -> None:
        self.out = out
        self.quiet = quiet
        self._status: Any = None
        self._running: dict[str, None] = {}

    def __call__(self, event: Event) -> None:
        """Hear an event."""
        if self.quiet:
            return
        from rich.text import Text

        line: Text | None = None
        if isinstance(event, StepStarted):
            self._running[event.step] = None
        elif isinstance(event, StepSucceeded):
            line = Text("✓ ", "green") + Text(inert(event.step)) + Text(f"  {_made(event)}", "bright_black")
        elif isinstance(event, StepFailed):
            word = "cancelled" if event.cancelled else "failed"
            line = Text("✗ ", "red") + Text(inert(event.step)) + Text(f"  {word}", "red")
        elif isinstance(event, StepRetried):
            line = Text("↻ ", "yellow") + Text(f"{inert(event.step)}  attempt {event.attempt} failed, again in {event.wait_s:g} s")
        elif isinstance(event, StepSkipped):
            line = Text("» ", "bright_black") + Text(f"{inert(event.step)}  {_skipped(event)}", "bright_black")
        elif isinstance(event, StepReused):
            line = Text("✓ ", "green") + Text(f"{inert(event.step)}  taken from run {event.from_run_id[:8]}", "bright_black")
        if line is not None:
            self._running.pop(getattr(event, "step", ""), None)
            self.out.print(line)
        self._show_running()

    def _show_running(self) -> None:
        if not self.out.is_terminal:
            return
        text = inert(", ".join(self._running))
        if self._running and self._status is None:
            self._status = self.out.status(text, spinner="dots")
            self._status.start()
        elif self._running:
            self._status.update(text)
        elif self._status is not None:
            self.close()

    def close(self) -> None:
        """Take the line of running steps away."""
        if self._status is not None:
            self._status.stop()
            self._status = None


def show_run(done: RunResult, seconds: float, warehouse: str, out: Console) -> None:
    """How a run ended, in a few lines."""
    from rich.text import Text

    if done.result is None:
        out.print(done.planned.headline)
        return
    show_result(done.result, seconds, warehouse, out)
    layouts = dict.fromkeys(
        (reason.subject, reason.text) for step in done.result.plan.steps for reason in step.why if reason.kind == "layout"
    )
    for subject, text in layouts:
        out.print(Text(f"  {inert(subject)}: {inert(text)}", "bright_black"))
    if done.notebook is not None:
        out.print(Text(f"  notebook: {inert(str(done.notebook))}", "bright_black"))


def show_result(result: ExecuteInProcessResult, seconds: float, warehouse: str, out: Console) -> None:
    """What was made, what failed and why."""
    from rich.text import Text

    from nbasset.commands.words import counted, duration
    from nbasset.execution.failures import text_of

    for event in result.get_step_failure_events():
        if not event.cancelled:
            out.print()
            out.print(Text(inert(event.step), "bold red"))
            out.print(Text(inert(text_of(event.error))))
    made = result.get_asset_materialization_events()
    rows = sum(fact.rows or 0 for fact in made)
    assets = len({fact.asset for fact in made})
    is_of_ops = result.plan.job is not None and not any(step.assets for step in result.plan.steps)
    said = [counted(assets, "asset") + " made" if assets else counted(len(result.steps), "step") if is_of_ops else "nothing made"]
    if len(made) > assets:
        said.append(counted(len(made), "partition"))
    said += [counted(rows, "row")] if rows else []
    out.print()
    mark, color = ("✓", "green") if result.success else ("✗", "red")
    word = {"success": "done", "failure": "failed", "canceled": "cancelled"}.get(result.status, result.status)
    out.print(Text(f"{mark} {word}", color) + Text(f": {', '.join(said)} in {duration(seconds)} (run {result.run_id[:8]})"))
    if made:
        out.print(Text(f"  data:     {inert(warehouse)}", "bright_black"))


def show_doctor(result: DoctorResult, out: Console) -> None:
    """Findings, one a line, with what to do."""
    from rich.text import Text

    width = max(len(finding.name) for finding in result.findings)
    for finding in result.findings:
        mark, color = _MARKS[finding.status]
        out.print(Text(f"{mark} ", color) + Text(f"{finding.name:<{width}}  {inert(finding.text)}"))
        if finding.remedy:
            out.print(Text(f"{'':<{width + 4}}{inert(finding.remedy)}", "bright_black"))


def error_text(error: Exception) -> str:
    """An error for a terminal: its name and its message, the user's own lines if it came from their code."""
    from nbasset.errors import LocationError, RunFailure

    said = inert(str(error)) or type(error).__name__
    cause = error.__cause__
    if isinstance(error, (LocationError, RunFailure)) and isinstance(cause, Exception):
        from nbasset.execution.failures import error_info, text_of

        info: ErrorInfo = error_info(cause)
        if any(frame.is_user for frame in info.frames):
            return f"{said}\n{inert(text_of(info))}"
    return f"{type(error).__name__}: {said}"


def _state(state: str) -> Any:
    from rich.text import Text

    from nbasset.drawing.states import MARKS, WORDS

    return Text(f"{MARKS[state]} {WORDS[state]}", _COLORS.get(state, ""))  # type: ignore[index]


def _made(event: StepSucceeded) -> str:
    from nbasset.commands.words import counted, duration, size_text

    facts = [fact for fact in event.facts if isinstance(fact, AssetMaterialized)]
    parts = [duration((event.load_us + event.work_us + event.write_us) / 1_000_000)]
    rows = [fact.rows for fact in facts if fact.rows is not None]
    if rows:
        parts.append(counted(sum(rows), "row"))
    sizes = [fact.size_bytes for fact in facts if fact.size_bytes is not None]
    if sizes:
        parts.append(size_text(sum(sizes)))
    return ", ".join(parts)


def _skipped(event: StepSkipped) -> str:
    because = f" '{inert(event.because)}'" if event.because else ""
    return {
        "upstream-failed": f"skipped: upstream{because} failed",
        "upstream-skipped": f"skipped: upstream{because} was skipped",
        "check-failed": f"skipped: check{because} failed",
        "not-yielded": f"skipped: upstream{because} gave nothing",
        "fresh": "fresh: what it reads did not change",
        "cancelled": "not started",
    }[event.reason]


def shortened(text: str, most: int = 80) -> str:
    """The text, cut with an ellipsis where it is longer."""
    return text if len(text) <= most else text[: most - 2] + " …"


def _acts(char: str) -> bool:
    code = ord(char)
    return (code < 0x20 and char not in "\n\t") or 0x7F <= code < 0xA0 or code in _BIDI or 0xD800 <= code < 0xE000


def _written_out(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def is_terminal() -> bool:
    """Whether somebody reads standard output as it comes."""
    return bool(getattr(sys.stdout, "isatty", bool)())
