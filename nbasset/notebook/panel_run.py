"""A run as a panel shows it: steps over time, why it failed, what it wrote, how it compares with another."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from nbasset.commands.promoted_jobs import kept_notebook
from nbasset.commands.runs import title_of
from nbasset.commands.words import counted
from nbasset.errors import UnknownRun
from nbasset.events.facts import AssetMaterialized, ErrorInfo
from nbasset.events.facts import Frame as ErrorFrame
from nbasset.events.records import RunQuery, RunRecord
from nbasset.execution.failures import text_of
from nbasset.keys import AssetKey, RunId
from nbasset.notebook.look import Look
from nbasset.notebook.panel_grid import at_once, usual_cost
from nbasset.notebook.run_log import RunLog
from nbasset.notebook.run_trace import OVER, RunTrace, StepTrace
from nbasset.notebook.wire import ComparedStep, Comparison, Message, RunChanged
from nbasset.notebook.wire_views import CellRef, CodeLine, ErrorFacts, Frame, LogLine, RunView, StepFacts, Word
from nbasset.secrets import mask_secrets

_MOST_STEPS = 3_000
_MOST_ERRORS = 20
_LOG_PAGE = 500
_CELL = re.compile(r"cell (\d+) of (.+)\Z")


class RunSource:
    """One run, followed. `view` is all of it now, `changes` what came since either was asked last."""

    def __init__(self, run_id: RunId, at: Look, *, title: str = "", note: str = "", is_awaited: bool = False) -> None:
        self.run_id = run_id
        self.trace = RunTrace(run_id, keeps_events=True)
        self.log = RunLog(at.scope.instance.home.run_folder(run_id))
        self._title = title
        self._note = note
        self._notebook = ""
        self._is_awaited = is_awaited
        self._previous: str | None = None
        self._since: tuple[Word, ...] = ()
        self._told: tuple[Any, ...] = ()
        self._told_errors: set[tuple[str, int]] = set()

    def view(self, at: Look) -> RunView:
        """The whole run.

        Raises
        ------
        UnknownRun
            If there is none.
        """
        self._read(at)
        record = self.trace.record
        if record is not None and not self._notebook and (path := kept_notebook(at.scope.instance, record)) is not None:
            self._notebook = f"executed notebook: {path}"
        if record is None and self._is_awaited:
            return RunView(str(self.run_id), self._title or "starting", "queued")
        if record is None:
            raise UnknownRun(f"there is no run {self.run_id[:12]} in {at.scope.instance.home.root}. See them: %asset runs.")
        self.trace.take_changed()
        if self._previous is None:
            self._previous = _previous(at, record) or ""
        if self.trace.is_over:
            self._since = _since(at, self.trace)
        steps = list(self.trace.steps.values())
        shown = _worth_showing(steps)
        critical = critical_path(self.trace) if self.trace.is_over else frozenset()
        note = f"{len(shown):,} of {counted(len(steps), 'step')} are drawn" if len(shown) < len(steps) else ""
        errors = tuple(_error(at, step) for step in steps if step.error is not None and step.state == "failed")[:_MOST_ERRORS]
        errors = errors or _run_error(at, record)
        self._told_errors = {(step.key, len(step.attempts)) for step in steps if step.state == "failed"}
        self._told = self._where(at)
        return RunView(
            str(self.run_id),
            self._title or title_of(record),
            self.trace.state,
            tuple(_step(at, step, step.key in critical) for step in shown),
            record.started_us / 1e6 or None,
            record.ended_us / 1e6 or None,
            self._eta(at),
            record.kind in ("background", "scheduled"),
            errors,
            tuple(self.log.lines[-_LOG_PAGE:]),
            self._previous or None,
            self._since,
            note or self._words(record),
        )

    def changes(self, at: Look) -> list[Message] | None:
        """What came since; None when it has begun, which shows its steps."""
        fresh = self._read(at)
        record = self.trace.record
        changed = self.trace.take_changed()
        where = self._where(at)
        if record is None or not (fresh or changed or where != self._told):
            return []
        if not self._told and self._is_awaited:
            return None
        was_over = bool(self._told) and self._told[2] is not None
        if self.trace.is_over and not was_over:
            return [self._ended(at, fresh)]
        self._told = where
        failed = [step for step in changed if step.state == "failed" and step.error is not None]
        new = [step for step in failed if (step.key, len(step.attempts)) not in self._told_errors][:_MOST_ERRORS]
        self._told_errors.update((step.key, len(step.attempts)) for step in new)
        return [
            RunChanged(
                0, self.trace.state, tuple(_step(at, step) for step in changed[:_MOST_STEPS]), tuple(_error(at, step) for step in new),
                tuple(fresh[-_LOG_PAGE:]), record.started_us / 1e6 or None, record.ended_us / 1e6 or None, self._eta(at),
                self._words(record), at.at,
            )
        ]  # fmt: skip

    def compared(self, at: Look, other: RunId) -> Comparison:
        """This run beside another."""
        before = RunTrace(other)
        before.read(at.scope.instance.reader, at.scope.catalog, at.now.view)
        self._read(at)
        if before.record is None or self.trace.record is None:
            raise UnknownRun(f"there is no run {other[:12]} in {at.scope.instance.home.root}. See them: %asset runs.")
        names = dict.fromkeys([*self.trace.steps, *before.steps])
        steps = tuple(
            ComparedStep(
                name, _seconds(before.steps.get(name)), _seconds(self.trace.steps.get(name)), _difference(before, self.trace, name)
            )
            for name in names
        )
        return Comparison(str(self.run_id), str(other), steps[:_MOST_STEPS], _differences(before.record, self.trace.record))

    # -- inside ------------------------------------------------------------------------------------------------------------

    def _read(self, at: Look) -> list[LogLine]:
        """Read on; the lines that are new."""
        trace = self.trace
        trace.read(at.scope.instance.reader, at.scope.catalog, at.now.view)
        for key in trace.changed:
            self.log.know(key, len(trace.steps[key].attempts))
        events, trace.events = trace.events, []
        return self.log.take(events)

    def _where(self, at: Look) -> tuple[Any, ...]:
        record = self.trace.record
        return (self.trace.state, record.started_us, record.ended_us or None) if record is not None else ()

    def _words(self, record: RunRecord) -> str:
        if record.status == "canceling":
            return "stopping: what runs is interrupted, what was stored before is kept"
        if record.status in ("failure", "canceled") and record.reason not in ("", "steps-failed"):
            return record.message
        return self._note or self._notebook

    def _ended(self, at: Look, fresh: list[LogLine]) -> RunChanged:
        """The end of a run: every step once more, since how they hang together is known now."""
        view = self.view(at)
        return RunChanged(
            0, view.state, view.steps, view.errors, tuple(fresh[-_LOG_PAGE:]), view.started_at, view.ended_at, None, view.note, at.at
        )

    def _eta(self, at: Look) -> float | None:
        if self.trace.is_over:
            return None
        total, known = 0.0, False
        for step in self.trace.steps.values():
            cost = usual_cost(at, step.assets[0]) if step.assets and step.state not in OVER else None
            if cost is None:
                continue
            known = True
            started = step.attempts[-1].started_at if step.attempts and step.state == "running" else None
            total += max(0.0, cost.seconds - (at.at - started if started is not None else 0.0))
        return round(total / max(1, at_once(at)), 1) if known else None


def critical_path(trace: RunTrace) -> frozenset[str]:
    """The steps that the run waited for: from the one that ended last back to what each waited for longest."""
    if not trace.has_plan or len(trace.steps) < 2:
        return frozenset()

    def end(key: str) -> float:
        step = trace.steps.get(key)
        return (step.attempts[-1].ended_at or 0.0) if step is not None and step.attempts else 0.0

    at = max(trace.steps, key=end)
    found = []
    while end(at):
        found.append(at)
        above = [key for key in trace.steps[at].waits if key in trace.steps and key not in found]
        if not above:
            break
        at = max(sorted(above), key=end)
    return frozenset(found) if len(found) > 1 else frozenset()


def error_facts(at: Look, step: str, info: ErrorInfo) -> ErrorFacts:
    """An error for the picture: the user's frames with their cells, the whole as text."""
    return ErrorFacts(
        step, info.cls, mask_secrets(info.message), tuple(_frame(at, frame) for frame in info.frames), mask_secrets(text_of(info))
    )


def _frame(at: Look, frame: ErrorFrame) -> Frame:
    lines = tuple(CodeLine(number, mask_secrets(text), number == frame.line) for number, text in frame.code) if frame.is_user else ()
    return Frame(f"{frame.file}, line {frame.line}, in {frame.function}", frame.is_user, lines, (), _cell(at, frame))


def _cell(at: Look, frame: ErrorFrame) -> CellRef | None:
    if frame.cell is not None and any(entry.id == frame.cell for entry in at.cells.document.entries):
        return at.cell_ref(frame.cell, frame.line)
    named = _CELL.match(frame.file)
    if named is None:
        return None
    notebook = named[2] if named[2] != at.cells.document.name else None
    return CellRef(frame.cell, int(named[1]), frame.line, notebook)


def _error(at: Look, step: StepTrace) -> ErrorFacts:
    assert step.error is not None
    return error_facts(at, step.key, step.error)


def _run_error(at: Look, record: RunRecord) -> tuple[ErrorFacts, ...]:
    """The error of a run that has none of a step: it could not begin, or could not go on."""
    if record.status != "failure" or record.error is None:
        return ()
    return (error_facts(at, "the run", record.error),)


def _step(at: Look, step: StepTrace, critical: bool = False) -> StepFacts:
    cost = usual_cost(at, step.assets[0]) if step.assets and step.state not in OVER else None
    size = len(step.partitions) if step.partitions else 1
    return StepFacts(
        step.key, step.name, step.state, step.label, step.attempts, round(cost.seconds * size, 3) if cost is not None else None, None,
        step.note, critical, at.cell(step.assets[0]) if step.assets else None,
    )  # fmt: skip


def _worth_showing(steps: list[StepTrace]) -> list[StepTrace]:
    """All steps of an ordinary run; of a huge one first those where something happens or went wrong."""
    if len(steps) <= _MOST_STEPS:
        return steps
    urgent = [step for step in steps if step.state in ("running", "retrying", "failed")][:_MOST_STEPS]
    kept = {step.key for step in urgent}
    for step in steps:
        if len(kept) >= _MOST_STEPS:
            break
        kept.add(step.key)
    return [step for step in steps if step.key in kept]


def _previous(at: Look, record: RunRecord) -> str | None:
    """The run before this one that made the same asset."""
    if not record.targets:
        return None
    runs = at.scope.instance.reader.runs(RunQuery(asset=record.targets[0].asset, until_us=record.requested_us or None, limit=5)).items
    return next((str(one.run_id) for one in runs if one.run_id != record.run_id and one.requested_us < record.requested_us), None)


def _since(at: Look, trace: RunTrace) -> tuple[Word, ...]:
    """Whose code has changed since the run."""
    then: dict[AssetKey, str] = {}
    for step in trace.steps.values():
        then.update({fact.asset: fact.code_version for fact in step.facts if isinstance(fact, AssetMaterialized) and fact.code_version})
    version = at.scope.location.code.version_of
    changed = [key for key, old in then.items() if key in at.scope.catalog.by_key and version(key) not in ("", old)]
    if not changed:
        return ()
    words: list[Word] = [Word("with the code as it is now. Changed since: ")]
    for place, key in enumerate(changed[:4]):
        words += [Word(", ")] if place else []
        words.append(Word(str(key), asset=str(key), mono=True))
    return (*words, Word(f" and {len(changed) - 4} more." if len(changed) > 4 else "."))


def _seconds(step: StepTrace | None) -> float | None:
    if step is None or not step.attempts:
        return None
    first, last = step.attempts[0].started_at, step.attempts[-1].ended_at
    return round(last - first, 4) if first is not None and last is not None else None


def _difference(before: RunTrace, now: RunTrace, name: str) -> str:
    then, here = before.steps.get(name), now.steps.get(name)
    if then is None:
        return "only in this run"
    if here is None:
        return "only in the other run"
    said = [f"{then.state} then, {here.state} now"] if then.state != here.state else []
    old, new = _made(then.facts), _made(here.facts)
    for key in old.keys() & new.keys():
        said += ["code changed"] if old[key].code_version != new[key].code_version else []
        said += ["data changed"] if old[key].data_version != new[key].data_version else []
        if old[key].rows != new[key].rows:
            said.append(f"{old[key].rows} rows then, {new[key].rows} now")
    return ", ".join(dict.fromkeys(said))


def _made(facts: Iterable[object]) -> Mapping[AssetKey, AssetMaterialized]:
    return {fact.asset: fact for fact in facts if isinstance(fact, AssetMaterialized)}


def _differences(before: RunRecord, now: RunRecord) -> tuple[tuple[str, str, str], ...]:
    """Configuration, tags and circumstances that differ: what, then, now."""
    found = [
        (label, str(old), str(new)) for label, old, new in (("kind", before.kind, now.kind), ("user", before.user, now.user)) if old != new
    ]
    for title, old, new in (("tag", before.tags, now.tags), ("config", _flat(before.config), _flat(now.config))):
        for name in sorted({*old, *new}):
            if old.get(name) != new.get(name):
                found.append((f"{title} {name}", str(old.get(name, "")), str(new.get(name, ""))))
    return tuple((mask_secrets(label), mask_secrets(one), mask_secrets(other)) for label, one, other in found)


def _flat(config: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in config.items():
        where = f"{path}.{name}" if path else name
        found.update(_flat(value, where) if isinstance(value, Mapping) else {where: value})
    return found
