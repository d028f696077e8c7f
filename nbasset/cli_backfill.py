"""``nbasset backfill``: ask for one, watch it, look at it, go on with it, stop it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from nbasset import clock
from nbasset.cli_scopes import Call, open_home, scopes, selecting
from nbasset.errors import BackfillBusy, Error
from nbasset.events.facts import AssetMaterialized
from nbasset.events.kinds import Event, StepFailed, StepSkipped, StepSucceeded

if TYPE_CHECKING:
    from rich.console import Console

    from nbasset.arguments.options import BackfillArguments
    from nbasset.commands.backfill import PlannedBackfill
    from nbasset.commands.backfill_records import BackfillRun, BackfillStatus
    from nbasset.commands.scope import Scope
    from nbasset.events.records import BackfillRecord

DONE, FAILED, INTERRUPTED = 0, 1, 130
_PAUSE_S = 10.0
_MOST_RUNS = 10
_COLORS = {"completed_success": "green", "completed_failed": "red", "failed": "red", "cancelled": "yellow"}


def backfill(call: Call, arguments: BackfillArguments) -> tuple[int, Any]:
    """Do what was asked; the exit code and what to say to machines."""
    if arguments.list:
        return _list(call)
    if arguments.cancel:
        return _cancel(call, arguments.cancel)
    if arguments.status or arguments.resume:
        return _known(call, arguments)
    return _new(call, arguments)


def _new(call: Call, arguments: BackfillArguments) -> tuple[int, Any]:
    from nbasset.cli_text import console
    from nbasset.commands.backfill import launch_backfill, plan_of
    from nbasset.commands.backfill_words import going_on
    from nbasset.commands.background_backfill import start_backfill

    out = console(to_stderr=call.json)
    told: list[Any] = []
    code = DONE
    for scope in selecting(call, arguments.select):
        planned = plan_of(scope, arguments)
        if not call.json:
            show_planned(planned, out)
        if planned.is_empty or arguments.dry_run:
            told.append(planned.to_json())
            continue
        if arguments.background:
            backfill_id = start_backfill(scope, planned, title=arguments.title, tags=arguments.tags)
            told.append({"id": backfill_id, **planned.to_json()})
            if not call.json:
                click.echo(going_on(backfill_id, "nbasset"))
            continue
        backfill_id = launch_backfill(scope, planned, title=arguments.title, tags=arguments.tags)
        status = _drive(call, scope, backfill_id, out, quiet=call.json or arguments.quiet)
        told.append(status.to_json())
        code = max(code, _code(status))
    return code, {"backfills": told}


def _known(call: Call, arguments: BackfillArguments) -> tuple[int, Any]:
    from nbasset.cli_text import console
    from nbasset.commands.backfill import backfill_status
    from nbasset.commands.backfill_records import backfill_of, runs_of
    from nbasset.commands.backfill_words import going_on
    from nbasset.commands.background_backfill import resume_backfill

    record = backfill_of(open_home(call)[1].reader, arguments.status or arguments.resume)
    out = console(to_stderr=call.json)
    for scope in _of_location(call, record):
        if arguments.status:
            status = backfill_status(scope, record.backfill_id)
            runs = runs_of(scope, status)
            if not call.json:
                show_status(status, out)
                show_runs(runs, out)
            return DONE, {**status.to_json(), "partitions_by_run": [run.to_json() for run in runs]}
        if record.ended_us and not call.json:
            click.echo("It is over, so there is nothing to go on with.")
        elif arguments.background and not record.ended_us:
            resume_backfill(scope, record.backfill_id)
            if not call.json:
                click.echo(going_on(record.backfill_id, "nbasset"))
            return DONE, {"id": record.backfill_id, "status": record.status}
        status = _drive(call, scope, record.backfill_id, out, quiet=call.json or arguments.quiet)
        return _code(status), status.to_json()
    raise click.UsageError(
        f"backfill {record.backfill_id[:8]} is of {record.location}, which is not here. Name it: nbasset backfill LOCATION."
    )


def _of_location(call: Call, record: BackfillRecord) -> Iterator[Scope]:
    for scope in scopes(call):
        if call.place or record.location in (None, scope.location.name):
            yield scope


def _cancel(call: Call, backfill_id: str) -> tuple[int, Any]:
    from nbasset.commands.backfill import cancel_backfill
    from nbasset.commands.backfill_words import WORDS

    record = cancel_backfill(open_home(call)[1], backfill_id)
    if not call.json:
        click.echo(f"backfill {record.backfill_id[:8]}: {WORDS[record.status]}")
    return DONE, {"id": record.backfill_id, "status": record.status}


def _list(call: Call) -> tuple[int, Any]:
    from nbasset.cli_text import inert
    from nbasset.commands.backfill_words import listed_text

    instance = open_home(call)[1]
    records = instance.reader.backfills(limit=100)
    if not call.json:
        for line in listed_text(instance.storage, records, clock.now_us()) if records else ():
            click.echo(inert(line))
        if not records:
            click.echo("no backfills")
    return DONE, {
        "backfills": [
            {"id": one.backfill_id, "status": one.status, "title": one.title, "location": one.location, "runs": list(one.run_ids)}
            for one in records
        ]
    }


def _drive(call: Call, scope: Scope, backfill_id: str, out: Console, *, quiet: bool) -> BackfillStatus:
    from nbasset.commands.backfill_driver import drive
    from nbasset.commands.carrying_out import Manner

    watcher = ProgressLines(out, quiet=quiet)
    try:
        manner = Manner(kind="command", echo=False, on_event=watcher.hear)
        status = drive(scope, backfill_id, manner, on_status=watcher.stand)
    except BaseException as error:
        watcher.close()
        if not call.json and not isinstance(error, BackfillBusy) and _is_open(scope, backfill_id):
            click.echo(
                f"\nbackfill {backfill_id[:8]} has stopped; what was made is kept. Go on: nbasset backfill --resume {backfill_id[:8]}; "
                f"give it up: nbasset backfill --cancel {backfill_id[:8]}",
                err=True,
            )
        raise
    watcher.close()
    if not call.json:
        show_status(status, out)
    return status


def _is_open(scope: Scope, backfill_id: str) -> bool:
    from nbasset.commands.backfill_records import backfill_of

    try:
        return not backfill_of(scope.instance.reader, backfill_id).ended_us
    except Error:  # the store is gone: the error that is raised says it
        return False


def _code(status: BackfillStatus) -> int:
    if status.record.status == "cancelled":
        return INTERRUPTED
    return DONE if status.success else FAILED


class ProgressLines:
    """A bar that moves with each partition on a terminal; elsewhere a line after each run, and every ten seconds while one lasts."""

    def __init__(self, out: Console, *, quiet: bool = False) -> None:
        self.out = out
        self.quiet = quiet
        self._bar: Any = None
        self._task: Any = None
        self._ended = 0
        self._failed = 0
        self._total = 0
        self._since: tuple[float, int] | None = None
        self._said_at = 0.0

    def hear(self, event: Event) -> None:
        """Count what an event ends."""
        if isinstance(event, StepSucceeded):
            self._ended += sum(1 for fact in event.facts if isinstance(fact, AssetMaterialized))
        elif isinstance(event, (StepFailed, StepSkipped)):
            count = sum(1 if target.partitions is None else len(target.partitions) for target in event.targets)
            self._ended += count
            self._failed += count if isinstance(event, StepFailed) else 0
        else:
            return
        if self._bar is not None:
            self._bar.update(self._task, completed=self._ended, failed=f"{self._failed} failed" if self._failed else "")
        elif self._total and clock.monotonic() - self._said_at >= _PAUSE_S:
            self._say()

    def stand(self, status: BackfillStatus) -> None:
        """Take over the true figures."""
        self._ended, self._failed = status.ended, status.count("failed")
        if self.quiet or status.is_over:
            return
        if self.out.is_terminal:
            if self._bar is None:
                self._start(status)
            self._bar.update(self._task, completed=self._ended)
        else:
            self._total = status.total
            self._say()

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _say(self) -> None:
        from nbasset.commands.backfill_words import progress_text

        self._said_at = now = clock.monotonic()
        self._since = self._since or (now, self._ended)
        said = progress_text(self._ended, self._total, self._failed, since=self._since[1], seconds=now - self._since[0])
        self.out.print(f"  {said}")

    def _start(self, status: BackfillStatus) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(bar_width=40), MofNCompleteColumn(), TextColumn("[red]{task.fields[failed]}"),
            TimeElapsedColumn(), TextColumn("left:"), TimeRemainingColumn(), console=self.out, transient=True,
        )  # fmt: skip
        self._task = self._bar.add_task("partitions", total=status.total, completed=self._ended, failed="")
        self._bar.start()


def show_planned(planned: PlannedBackfill, out: Console) -> None:
    """What is to be done, how much it is and how long it takes."""
    from nbasset.cli_text import inert
    from nbasset.commands.backfill_words import planned_text

    out.print(inert(planned_text(planned)))


def show_runs(runs: Sequence[BackfillRun], out: Console) -> None:
    """The last runs of a backfill, with the partitions that each was to make."""
    from rich.text import Text

    from nbasset.cli_text import inert, shortened

    if len(runs) > _MOST_RUNS:
        out.print(Text(f"  the last {_MOST_RUNS} of {len(runs)} runs (all: --json)", "bright_black"))
    for run in runs[-_MOST_RUNS:]:
        what = "; ".join(f"{key} {text}".strip() for key, text in run.partitions.items())
        out.print(Text(f"  run {run.run_id[:8]}  {run.status:<8}  {inert(shortened(what))}", "bright_black"))


def show_status(status: BackfillStatus, out: Console) -> None:
    """How a backfill stands: a line an asset, then what failed."""
    from rich.text import Text

    from nbasset.cli_text import inert, shortened
    from nbasset.commands.backfill_words import asset_text, headline, next_step

    record = status.record
    out.print(Text(inert(headline(status)), _COLORS.get(record.status, "")))
    if record.message:
        out.print(Text(f"  {inert(record.message)}", "bright_black"))
    for key in status.assets:
        out.print(f"  {inert(str(key))}: {asset_text(status, key)}")
        for name, word in (("failed", "failed"), ("blocked", "not run")):
            text = status.text(key, name)
            if text:
                out.print(Text(f"    {word}: {inert(shortened(text))}", "bright_black"))
    for run_id, message in status.failures[:3]:
        out.print(Text(f"  run {run_id[:8]}: {inert(shortened(message, 200))}", "red"))
    said = next_step(status)
    if said:
        out.print(Text(f"  {said.replace(': backfill', ': nbasset backfill')}", "bright_black"))
