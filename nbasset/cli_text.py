"""Results of commands as text for a terminal: tables, one line a step, errors. Whatever came from outside is made inert first."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from nbasset.dataclass import dataclass
from nbasset.events.facts import AssetMaterialized, ErrorInfo
from nbasset.events.kinds import Event, RunRequested, StepFailed, StepRetried, StepReused, StepSkipped, StepStarted, StepSucceeded

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from nbasset.commands.doctor import DoctorResult
    from nbasset.commands.list_assets import AssetList
    from nbasset.commands.plan import PlanResult
    from nbasset.commands.run import RunResult
    from nbasset.errors import Problem
    from nbasset.execution.result import ExecuteInProcessResult
    from nbasset.keys import AssetKey

_BIDI = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C}
_COLORS = {"fresh": "green", "stale": "yellow", "missing": "bright_black", "failed": "red", "problem": "red", "running": "blue"}
_MARKS = {"ok": ("✓", "green"), "note": ("·", "bright_black"), "warning": ("▲", "yellow"), "failed": ("✗", "red")}
_MAGIC = re.compile(r"(?<!%)%asset (?=[a-z])")
_MANY = 10
"""Of more partitions of an asset than so many, one line tells how all of them went."""


def inert(text: str) -> str:
    r"""The text with nothing in it that a terminal would act on: control characters and turns of direction are written out.

    >>> inert("a\x1b]8;;http://x\x07b"), inert("two\nlines")
    ('a\\x1b]8;;http://x\\x07b', 'two\nlines')
    """
    return "".join(char if not _acts(char) else _written_out(char) for char in text)


def in_terminal_words(text: str) -> str:
    """The text made inert, with what it says to type as it is typed in a terminal.

    >>> in_terminal_words("Make it first: %asset run orders.")
    'Make it first: nbasset run orders.'
    """
    return inert(_MAGIC.sub("nbasset ", text))


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
        out.print(f"  no assets meet {inert(listed.select)!r}" if listed.select else "  no assets")
    else:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=True, header_style="bright_black")
        for name in ("asset", "state", "", "group"):
            table.add_column(name, no_wrap=name != "")
        for row in listed.rows:
            table.add_row(Text(inert(str(row.key))), _state(row.state), Text(inert(row.fact)), Text(inert(row.group), "bright_black"))
        out.print(table)
    if listed.automation:
        out.print(Text(inert(listed.automation), "bright_black"))
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

    from nbasset.commands.words import counted

    for number, node in enumerate(plan.nodes, 1):
        line = Text(f"{number:>3}. ", "bright_black") + Text(inert(node.name), "bold")
        if node.partition_count:
            line += Text(f"  {counted(node.partition_count, 'partition')}: {inert(shortened(node.partitions))}")
        if node.perhaps:
            line += Text("  perhaps", "yellow")
        out.print(line)
        for reason in node.why[:3]:
            out.print(Text(f"       {inert(reason.text)}", "bright_black"))
        if node.does:
            out.print(Text(f"       {inert(node.does)}", "bright_black"))
    out.print(plan.headline)
    if plan.cost:
        out.print(plan.cost)


class StepLines:
    """Says each step as it ends, and on a terminal which ones are running. Use as the listener of a run.

    Of an asset with many partitions there is one line, when the last of them has ended; what fails is told at once.
    """

    def __init__(self, out: Console, *, quiet: bool = False) -> None:
        self.out = out
        self.quiet = quiet
        self._status: Any = None
        self._running: dict[str, None] = {}
        self._many: dict[AssetKey, _Partitions] = {}

    def _say_try(self, tags: Mapping[str, str]) -> None:
        """Why steps that failed are there once more: the run is tried again as its tags ask."""
        from rich.text import Text

        from nbasset.commands.run_rules import max_retries, tries_so_far

        if number := tries_so_far(tags):
            self.out.print(Text("↻ ", "yellow") + Text(f"the run failed, and is tried again ({number} of {max_retries(tags)})"))

    def __call__(self, event: Event) -> None:
        """Hear an event."""
        if self.quiet:
            return
        if isinstance(event, RunRequested):
            counts = {target.asset: len(target.partitions) for target in event.targets if target.partitions is not None}
            self._many = {asset: _Partitions(count) for asset, count in counts.items() if count > _MANY}
            self._say_try(event.tags)
            return
        if isinstance(event, StepStarted):
            self._running[event.step] = None
        elif isinstance(event, (StepSucceeded, StepFailed, StepSkipped, StepReused, StepRetried)):
            self._running.pop(event.step, None)
            many = self._among_many(event)
            if many is None or isinstance(event, (StepFailed, StepRetried)):
                self.out.print(_step_line(event))
            if many is not None and many.is_over:
                self._tell(many)
        self._show_running()

    def _among_many(self, event: Event) -> _Partitions | None:
        """The many partitions that the step is one or some of, with the step counted among them."""
        assets = [fact.asset for fact in event.facts if isinstance(fact, AssetMaterialized)] if isinstance(event, StepSucceeded) else []
        if isinstance(event, (StepFailed, StepSkipped)):
            assets = [target.asset for target in event.targets]
        many = next((self._many[asset] for asset in assets if asset in self._many), None)
        if many is not None:
            many.add(event, next(asset for asset in assets if asset in self._many))
        return many

    def _tell(self, many: _Partitions) -> None:
        from rich.text import Text

        mark, color = ("✗", "red") if many.failed else ("✓", "green") if many.made or many.unchanged else ("»", "bright_black")
        self.out.print(Text(f"{mark} ", color) + Text(inert(many.name)) + Text(f"  {many.text}", "bright_black"))
        many.is_told = True

    def _show_running(self) -> None:
        if not self.out.is_terminal:
            return
        under_way = [f"{many.name} {many.ended:,} of {many.count:,}" for many in self._many.values() if many.is_under_way]
        text = inert(", ".join([*under_way, *self._running]))
        if text and self._status is None:
            self._status = self.out.status(text, spinner="dots")
            self._status.start()
        elif text:
            self._status.update(text)
        elif self._status is not None:
            self._hide()

    def close(self) -> None:
        """Take the line of running steps away, and tell of partitions that were cut off."""
        self._hide()
        for many in self._many.values():
            if many.is_under_way:
                self._tell(many)

    def _hide(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None


@dataclass(slots=True)
class _Partitions:
    """What became of the many partitions of one asset so far."""

    count: int
    name: str = ""
    made: int = 0
    failed: int = 0
    unchanged: int = 0
    skipped: int = 0
    rows: int = 0
    size_bytes: int = 0
    took_us: int = 0
    is_told: bool = False

    @property
    def ended(self) -> int:
        return self.made + self.failed + self.unchanged + self.skipped

    @property
    def is_over(self) -> bool:
        return self.ended >= self.count and not self.is_told

    @property
    def is_under_way(self) -> bool:
        return self.ended > 0 and not self.is_told

    @property
    def text(self) -> str:
        from nbasset.commands.words import counted, duration, size_text

        said = [counted(self.made, "partition") if self.ended == self.made == self.count else f"{self.made:,} of {self.count:,} partitions"]
        said += [f"{self.failed:,} failed"] if self.failed else []
        said += [f"{self.unchanged:,} unchanged"] if self.unchanged else []
        said += [f"{self.skipped:,} not run"] if self.skipped else []
        said += [duration(self.took_us / 1_000_000)] if self.made else []
        said += [counted(self.rows, "row")] if self.rows else []
        return ", ".join([*said, size_text(self.size_bytes)] if self.size_bytes else said)

    def add(self, event: Event, asset: AssetKey) -> None:
        """Count a step."""
        if isinstance(event, StepSucceeded):
            facts = [fact for fact in event.facts if isinstance(fact, AssetMaterialized)]
            self.made += sum(1 for fact in facts if fact.asset == asset)
            self.rows += sum(fact.rows or 0 for fact in facts)
            self.size_bytes += sum(fact.size_bytes or 0 for fact in facts)
            self.took_us += event.load_us + event.work_us + event.write_us
        elif isinstance(event, (StepFailed, StepSkipped)):
            count = sum(len(target.partitions or "1") for target in event.targets if target.asset == asset)
            if isinstance(event, StepFailed):
                self.failed += count
            elif event.reason == "fresh":
                self.unchanged += count
            else:
                self.skipped += count
        else:
            return
        self.name = event.step.partition("[")[0]


def _step_line(event: StepSucceeded | StepFailed | StepSkipped | StepReused | StepRetried) -> Text:
    from rich.text import Text

    step = inert(event.step)
    if isinstance(event, StepSucceeded):
        return Text("✓ ", "green") + Text(step) + Text(f"  {_made(event)}", "bright_black")
    if isinstance(event, StepFailed):
        return Text("✗ ", "red") + Text(step) + Text(f"  {'cancelled' if event.cancelled else 'failed'}", "red")
    if isinstance(event, StepRetried):
        return Text("↻ ", "yellow") + Text(f"{step}  attempt {event.attempt} failed, again in {event.wait_s:g} s")
    if isinstance(event, StepSkipped):
        return Text("» ", "bright_black") + Text(f"{step}  {_skipped(event)}", "bright_black")
    return Text("✓ ", "green") + Text(step) + Text(f"  taken from run {event.from_run_id[:8]}", "bright_black")


def show_run(done: RunResult, seconds: float, warehouse: str, out: Console) -> None:
    """How a run ended, in a few lines."""
    from rich.text import Text

    from nbasset.planning.explain import notes_of

    if done.result is None:
        out.print(done.planned.headline)
        return
    show_result(done.result, seconds, warehouse, out)
    for note in notes_of(reason for step in done.result.plan.steps for reason in step.why):
        out.print(Text(f"  {inert(note)}", "bright_black"))
    if done.notebook is not None:
        out.print(Text(f"  notebook: {inert(str(done.notebook))}", "bright_black"))


def show_result(result: ExecuteInProcessResult, seconds: float, warehouse: str, out: Console) -> None:
    """What was made, what failed and why."""
    from rich.text import Text

    from nbasset.commands.run_rules import ENVIRONMENT_TAG
    from nbasset.commands.words import counted, duration
    from nbasset.events.kinds import RunTagged
    from nbasset.execution.failures import text_of

    for event in result.get_step_failure_events():
        if not event.cancelled:
            out.print()
            out.print(Text(inert(event.step), "bold red"))
            out.print(Text(in_terminal_words(text_of(event.error))))
    made = result.get_asset_materialization_events()
    rows = sum(fact.rows or 0 for fact in made)
    assets = len({fact.asset for fact in made})
    is_of_ops = result.plan.job is not None and not any(step.assets for step in result.plan.steps)
    said = [counted(assets, "asset") + " made" if assets else counted(len(result.steps), "step") if is_of_ops else "nothing made"]
    partitions = sum(1 for fact in made if fact.partition is not None)
    if partitions:
        said.append(counted(partitions, "partition"))
    said += [counted(rows, "row")] if rows else []
    out.print()
    mark, color = ("✓", "green") if result.success else ("✗", "red")
    word = {"success": "done", "failure": "failed", "canceled": "cancelled"}.get(result.status, result.status)
    out.print(Text(f"{mark} {word}", color) + Text(f": {', '.join(said)} in {duration(seconds)} (run {result.run_id[:8]})"))
    if made:
        out.print(Text(f"  data:     {inert(warehouse)}", "bright_black"))
    if result.notebook is not None:
        out.print(Text(f"  notebook: {inert(str(result.notebook))}", "bright_black"))
    for tagged in result.all_events:
        if isinstance(tagged, RunTagged) and ENVIRONMENT_TAG in tagged.tags:
            out.print(Text(f"  another environment: {inert(tagged.tags[ENVIRONMENT_TAG])}", "yellow"))


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

    said = in_terminal_words(str(error)) or type(error).__name__
    cause = error.__cause__
    if isinstance(error, (LocationError, RunFailure)) and isinstance(cause, Exception):
        from nbasset.execution.failures import error_info, text_of

        info: ErrorInfo = error_info(cause)
        if any(frame.is_user for frame in info.frames):
            return f"{said}\n{in_terminal_words(text_of(info))}"
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
