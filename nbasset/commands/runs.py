"""``runs`` and ``cancel``: what ran, what runs, and how one of them is stopped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from nbasset import clock
from nbasset.arguments.options_watch import CancelArguments, RunsArguments
from nbasset.commands.background import cancel_run
from nbasset.commands.launching import why_waiting
from nbasset.commands.promoted_jobs import kept_notebook
from nbasset.commands.words import ago, counted, duration
from nbasset.dataclass import dataclass
from nbasset.drawing.picture import State
from nbasset.errors import InvalidInvocationError, UnknownAsset, UnknownRun, did_you_mean
from nbasset.events.records import RunQuery, RunRecord
from nbasset.instance import Instance
from nbasset.keys import AssetKey, RunId
from nbasset.serde import Json

STATES: dict[str, State] = {
    "queued": "queued", "not_started": "queued", "starting": "queued", "started": "running", "canceling": "running", "success": "fresh",
    "failure": "failed", "canceled": "canceled",
}  # fmt: skip
WORDS = {
    "queued": "waiting",
    "not_started": "starting",
    "starting": "starting",
    "started": "running",
    "canceling": "stopping",
    "success": "done",
    "failure": "failed",
}
_NEWEST = ("last", "latest")
_MOST = 200


@dataclass(frozen=True, slots=True)
class RunsResult:
    """Runs, newest first, and how many of them go on. `waiting` says of those in the queue what holds each back, `notebooks` where the
    executed notebook of one is.
    """

    runs: tuple[RunRecord, ...]
    now_us: int
    waiting: Mapping[RunId, str] = field(default_factory=dict)
    notebooks: Mapping[RunId, Path] = field(default_factory=dict)

    @property
    def active(self) -> int:
        """How many are not over."""
        return sum(not run.is_over for run in self.runs)

    def about(self, run: RunRecord) -> str:
        """What a run makes, and what it waits for."""
        why = self.waiting.get(run.run_id)
        return f"{title_of(run)} ({why})" if why else title_of(run)

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "runs": [
                {**run_json(run, self.notebooks.get(run.run_id)), "waits_for": self.waiting.get(run.run_id) or None} for run in self.runs
            ]
        }


def runs(instance: Instance, arguments: RunsArguments) -> RunsResult:
    """The newest runs of the home, or those that make an asset.

    Raises
    ------
    UnknownAsset
        If no run ever made that asset; the nearest that is recorded is named.
    """
    asset = AssetKey.from_user_string(arguments.asset) if arguments.asset else None
    found = instance.reader.runs(RunQuery(asset=asset, limit=arguments.limit)).items
    if asset is not None and not found:
        near = did_you_mean(str(asset), map(str, instance.reader.assets())) or "See what ran: runs."
        raise UnknownAsset(f"no run of {instance.home.root} makes asset '{asset}'. {near}")
    notebooks = {run.run_id: path for run in found if (path := kept_notebook(instance, run)) is not None}
    return RunsResult(found, clock.now_us(), why_waiting(instance), notebooks)


def started_sentence(instance: Instance, run_id: RunId) -> str:
    """What became of a run that was asked for in the background: it was started, or it waits, and for what."""
    why = why_waiting(instance).get(run_id)
    return f"run {run_id[:8]} was started" if why is None else f"run {run_id[:8]} is queued{': ' if why else ''}{why}"


def find_run(instance: Instance, text: str, *, active: bool = False) -> RunRecord:
    """The run that a text names: its id, the start of it, or ``last``. With `active`, ``last`` is the newest that goes on, if any does.

    Raises
    ------
    UnknownRun
        If there is none such.
    InvalidInvocationError
        If it could be several.
    """
    reader = instance.reader
    if text in ("", *_NEWEST):
        going = sorted(reader.active_runs(), key=lambda run: run.requested_us, reverse=True) if active else []
        newest = going or reader.runs(RunQuery(limit=1)).items
        if not newest:
            raise UnknownRun(f"nothing ever ran in {instance.home.root}.")
        return newest[0]
    exact = reader.run(text)  # type: ignore[arg-type]
    if exact is not None:
        return exact
    found = [run for run in reader.runs(RunQuery(limit=_MOST)).items if run.run_id.startswith(text)]
    if len(found) == 1:
        return found[0]
    if found:
        raise InvalidInvocationError(
            f"{text!r} begins the ids of {len(found)} runs: {', '.join(run.run_id[:12] for run in found[:4])}. Give more of it."
        )
    raise UnknownRun(f"no run of {instance.home.root} begins with {text!r} (of the newest {_MOST}). See them: runs.")


def cancel(instance: Instance, arguments: CancelArguments) -> RunRecord:
    """Stop the run that is named; its record right after that.

    Raises
    ------
    UnknownRun, InvalidInvocationError
        If there is none, or it is over.
    """
    record = find_run(instance, arguments.run, active=True)
    return cancel_run(instance, record.run_id, force=arguments.force)


def title_of(record: RunRecord) -> str:
    """What a run makes, in a few words."""
    if record.job:
        return record.job
    names = [
        f"{target.asset}, {counted(len(target.partitions), 'partition')}" if target.partitions is not None else str(target.asset)
        for target in record.targets[:3]
    ]
    more = f" and {len(record.targets) - 3} more" if len(record.targets) > 3 else ""
    return "; ".join(names) + more if any("," in name for name in names) else ", ".join(names) + more


def run_json(run: RunRecord, notebook: Path | None = None) -> Json:
    """One run as plain data, with the path of its executed notebook where there is one."""
    return {
        "run_id": str(run.run_id), "status": run.status, "kind": run.kind, "title": title_of(run), "job": run.job, "user": run.user,
        "requested_us": run.requested_us, "started_us": run.started_us, "ended_us": run.ended_us, "steps": run.steps,
        "succeeded": run.succeeded, "failed": run.failed, "skipped": run.skipped, "reason": run.reason, "message": run.message,
        "tags": dict(run.tags), "parent_run_id": run.parent_run_id, "notebook": str(notebook) if notebook is not None else None,
    }  # fmt: skip


def took(run: RunRecord, now_us: int) -> str:
    """How long it took, or has taken so far."""
    if not run.started_us:
        return ""
    return duration(max(0, (run.ended_us or now_us) - run.started_us) / 1e6)


def runs_text(result: RunsResult, *, now_us: int | None = None) -> str:
    """The list as plain text; with ``now_us=0`` moments stand for ages."""
    if not result.runs:
        return "Nothing ran yet."
    now = result.now_us if now_us is None else now_us
    rows = [
        (
            run.run_id[:8],
            WORDS.get(run.status, run.status),
            ago(run.requested_us, now),
            took(run, result.now_us) if run.is_over or now else "",
            f"{run.succeeded + run.failed + run.skipped} of {run.steps}" if run.steps else "",
            result.about(run),
        )
        for run in result.runs
    ]
    widths = [max(len(row[at]) for row in rows) for at in range(5)]
    return "\n".join("  ".join([*(f"{row[at]:<{widths[at]}}" for at in range(5)), row[5]]).rstrip() for row in rows)
