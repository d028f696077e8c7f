"""What a picture may ask of its panel, one function a command. Every answer comes from the same commands that magics and the shell use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from nbasset.commands.background import cancel_run
from nbasset.errors import InvalidInvocationError
from nbasset.keys import AssetKey, RunId
from nbasset.notebook import panel_backfill
from nbasset.notebook.look import Look, Surroundings
from nbasset.notebook.panel import GridSource, LineageSource, LivePanel, Source
from nbasset.notebook.panel_cards import asset_view, diff_view, history_view, preview_view, shown_view
from nbasset.notebook.panel_grid import key_facts, metric_column
from nbasset.notebook.panel_lineage import Wanted
from nbasset.notebook.panel_plan import materialize, plan_view, run_again
from nbasset.notebook.panel_run import RunSource
from nbasset.notebook.wire import Done, DotText, Result
from nbasset.notebook.wire_commands import (
    CancelBackfill,
    CancelRun,
    Command,
    CompareRuns,
    DrawLineage,
    FetchAsset,
    FetchDiff,
    FetchDot,
    FetchHistory,
    FetchKey,
    FetchLog,
    FetchMetric,
    FetchOutput,
    FetchPreview,
    FetchShown,
    FetchWhy,
    GoBack,
    MakePlan,
    Materialize,
    OpenGrid,
    OpenRun,
    PauseBackfill,
    ResumeBackfill,
    Resync,
    RetryBackfill,
    RollBack,
    RunAgain,
)

After = list[Callable[[], None]]


class Desk(Protocol):
    """Who owns the panels: a lock around them, and how things stand."""

    lock: Any

    def look(self) -> Look:
        """How things stand now."""


def answer(desk: Desk, live: LivePanel, command: Command, after: After) -> Result | None:
    """Do what is asked; the answer, None when there is none to give. What has to follow the answer is added to `after`.

    Raises
    ------
    Error
        When it cannot be done, with the reason.
    """
    with desk.lock:
        at = desk.look()
        if isinstance(command, Resync):
            live.resync(command.seq)
            return None
        if isinstance(command, (DrawLineage, OpenRun, OpenGrid, GoBack)):
            return _move(live, command, at, after)
        if isinstance(command, (FetchLog, FetchOutput, CompareRuns)):
            return _of_run(live, command, at)
        if isinstance(command, FetchDot):
            source = live.source if isinstance(live.source, LineageSource) else LineageSource(Wanted())
            return DotText(source.text(at, command.form))
        return _of_asset(command, at)


def cancel(session: Surroundings, command: CancelRun | CancelBackfill) -> Result:
    """Stop a run or a backfill; called in whatever thread the message came in."""
    if isinstance(command, CancelBackfill):
        return panel_backfill.cancel(session.instance, command)
    known = session.instance.reader.run(RunId(command.run))
    if command.here and known is not None and known.is_over:
        return Done()  # the interrupt of the kernel was faster
    record = cancel_run(session.instance, RunId(command.run), force=command.force)
    if record.is_over:
        return Done(f"Run {command.run[:8]} was stopped.")
    return Done(f"Run {command.run[:8]} was asked to stop. What was stored before is kept.")


def _of_asset(command: Command, at: Look) -> Result:
    if isinstance(command, MakePlan):
        return plan_view(at, command.target)
    if isinstance(command, Materialize):
        return materialize(at, command.target, command.digest)
    if isinstance(command, RunAgain):
        return run_again(at, command)
    if isinstance(command, (PauseBackfill, ResumeBackfill, RetryBackfill)):
        return panel_backfill.act(at, command)
    if isinstance(command, FetchAsset):
        return asset_view(at, _key(command.asset))
    if isinstance(command, FetchKey):
        return key_facts(at, _key(command.asset), command.position)
    if isinstance(command, FetchMetric):
        return metric_column(at, _key(command.asset), command.metric)
    if isinstance(command, FetchWhy):
        from nbasset.notebook.panel_why import why_view

        return why_view(at, _key(command.asset), command.partition)
    if isinstance(command, FetchHistory):
        return history_view(at, _key(command.asset), command.partition, command.after)
    if isinstance(command, FetchDiff):
        return diff_view(at, _key(command.asset), command.partition, command.before, command.after)
    if isinstance(command, FetchPreview):
        return preview_view(at, _key(command.asset), command.partition, command.version)
    if isinstance(command, FetchShown):
        return shown_view(at, _key(command.asset), command.partition, command.version)
    if isinstance(command, RollBack):
        return roll_back(at, _key(command.asset), command.version, command.partition)
    raise InvalidInvocationError(f"a panel does not know '{command.type}'.")


def _of_run(live: LivePanel, command: FetchLog | FetchOutput | CompareRuns, at: Look) -> Result:
    source = _run_source(live, command.run, at)
    if isinstance(command, CompareRuns):
        return source.compared(at, RunId(command.other))
    if isinstance(command, FetchLog):
        return source.log.page(command.run, command)
    step = source.trace.steps.get(command.step)
    return source.log.output(command.run, command.step, command.stream, len(step.attempts) if step is not None else 1)


def _run_source(live: LivePanel, run: str, at: Look) -> RunSource:
    """The run that the panel shows, or another one read for this once."""
    if isinstance(live.source, RunSource) and live.source.run_id == run:
        return live.source
    source = RunSource(RunId(run), at)
    source.view(at)
    return source


def _move(live: LivePanel, command: DrawLineage | OpenRun | OpenGrid | GoBack, at: Look, after: After) -> Result:
    """Show something else. It is made before the answer, so that a refusal is one, and sent after it."""
    source: Source
    if isinstance(command, DrawLineage):
        if not isinstance(live.source, LineageSource):
            raise InvalidInvocationError("the panel does not show a lineage now.")
        wanted = Wanted(command.selection, command.folded, command.direction)
        if command.selection != live.source.wanted.selection and not command.folded:
            wanted = replace(wanted, folded=None)
        source = live.source.drawn_as(wanted)
        source.view(at)
    elif isinstance(command, GoBack):
        if not live.behind:
            raise InvalidInvocationError("there is nothing to go back to.")
        source = live.behind.pop()
    else:
        source = RunSource(RunId(command.run), at) if isinstance(command, OpenRun) else GridSource(_key(command.asset))
        source.view(at)
        live.behind.append(live.source)
    after.append(lambda: live.replace(source, at))
    return Done()


def roll_back(at: Look, key: AssetKey, version: str, partition: str | None) -> Result:
    """Make an earlier version the current one."""
    from nbasset.arguments.options import PartitionArguments
    from nbasset.arguments.options_time import RollbackArguments
    from nbasset.commands.rollback import rollback

    rollback(at.scope, RollbackArguments(f'key:"{key}"', version, PartitionArguments(partition or ""), True))
    return Done(f"{key} is as it was in version {version[:8]}. The version it had is kept.")


def _key(text: str) -> AssetKey:
    return AssetKey.from_user_string(text)


def known_commands() -> tuple[Any, ...]:
    """All commands, for who wants to see that each has an answer."""
    from typing import get_args

    return get_args(Command)
