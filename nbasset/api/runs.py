"""Runs: which there are, what they were asked to do, what became of them.

A list of runs announces its members, so that steps, states and events of all of them are read together when a field first asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from nbasset import clock
from nbasset.api.assets import Asset
from nbasset.api.captured import log_key, read_logs
from nbasset.api.context import ApiContext
from nbasset.api.run_steps import RunStats, RunStepStats, entries_of_runs, step_counts, steps_of_run
from nbasset.api.run_tags import BACKFILL, FROM_RECORD, LOCATION, PARENT, ROOT, recorded_name, tags_of
from nbasset.api.wire import (
    ASSET_JOB,
    MOST_ROWS,
    RUN_STATUS,
    STATUSES_OF,
    Wire,
    key_of,
    micros,
    origin,
    page,
    plain,
    seconds,
    tags,
    typed,
    yaml_of,
)
from nbasset.commands.launching import why_waiting
from nbasset.commands.runs import find_run, title_of
from nbasset.dataclass import dataclass
from nbasset.errors import InvalidInvocationError, UnknownRun
from nbasset.events.records import RunQuery, RunRecord
from nbasset.keys import AssetKey, RunId
from nbasset.planning.plan import RunPlan
from nbasset.record_filters import RunsFilter
from nbasset.secrets import mask_secrets
from nbasset.serde import loads

DEFAULT_ROWS = 25
_BATCH = 500
_BEGINNING = re.compile(r"[0-9a-f]{6,31}")


class Run:
    """One run."""

    typename = "Run"

    def __init__(self, context: ApiContext, record: RunRecord) -> None:
        self.context = context
        self.record = record
        self.run_id = self.id = str(record.run_id)

    # -- what it is --------------------------------------------------------------------------------------------------------

    @property
    def job_name(self) -> str:
        """The job; the one of all assets where none was named."""
        return self.record.job or ASSET_JOB

    pipeline_name = job_name
    mode = "default"
    pipeline_snapshot_id = None
    solid_selection = None
    resolved_op_selection = None

    @property
    def title(self) -> str:
        """What it makes, in a few words."""
        return title_of(self.record)

    @property
    def repository_origin(self) -> Wire | None:
        """Where its code is."""
        return origin(self.record.location)

    @property
    def pipeline(self) -> Wire:
        """The job, by its name."""
        known = self.record.location is not None and self.context.snapshot.job(self.record.location, self.job_name) is not None
        return typed("PipelineSnapshot" if known else "UnknownPipeline", name=self.job_name, solidSelection=None)

    @property
    def tags(self) -> list[Wire]:
        """Its tags, as clients know them."""
        return tags(tags_of(self.record))

    @property
    def run_config(self) -> Any:
        """Its configuration, secrets as references."""
        return plain(self.record.config)

    @property
    def run_config_yaml(self) -> str:
        """The same as text."""
        return yaml_of(self.record.config)

    @property
    def root_run_id(self) -> str | None:
        """The first of a chain of runs."""
        return self.record.root_run_id

    @property
    def parent_run_id(self) -> str | None:
        """The run that it repeats."""
        return self.record.parent_run_id

    @property
    def user(self) -> str:
        """Who asked for it."""
        return self.record.user

    @property
    def started_by(self) -> str:
        """What asked for it."""
        named = self.record.tags
        for tag, word in (("nbasset/schedule_name", "schedule"), ("nbasset/sensor_name", "sensor")):
            if tag in named:
                return f"{word} {named[tag]}"
        return f"backfill {self.record.backfill_id[:8]}" if self.record.backfill_id else self.record.user

    @cached_property
    def _plan(self) -> RunPlan | None:
        text = self.context.reader.text(self.record.plan_id) if self.record.plan_id else None
        found = loads(text) if text is not None else None
        return found if isinstance(found, RunPlan) else None

    @property
    def step_keys_to_execute(self) -> list[str] | None:
        """The keys of its steps; None where its plan was not kept."""
        return [step.key for step in self._plan.steps] if self._plan is not None else None

    def asset_selection(self, info: Any, limit: int | None = None) -> list[AssetKey] | None:
        """What it was to make; None for a job of ops."""
        keys = [target.asset for target in self.record.targets]
        return keys[:limit] if keys else None

    def asset_check_selection(self, info: Any, limit: int | None = None) -> list[Wire] | None:
        """The checks that it was to evaluate; None where its plan was not kept."""
        if self._plan is None:
            return None
        checks = [check for step in self._plan.steps for check in step.checks]
        return [typed("AssetCheckhandle", name=check.name, assetKey=check.asset) for check in checks[:limit]]

    @property
    def asset_checks(self) -> list[Wire] | None:
        """The same."""
        return self.asset_check_selection(None)

    @property
    def assets(self) -> list[Asset]:
        """The assets that it was to make."""
        keys = [target.asset for target in self.record.targets]
        self.context.asset_records.expect(keys)
        return [Asset(self.context, key) for key in keys]

    # -- how it stands -----------------------------------------------------------------------------------------------------

    @property
    def status(self) -> str:
        """Its state."""
        return RUN_STATUS[str(self.record.status)]

    run_status = status

    @property
    def can_terminate(self) -> bool:
        """Whether it can be asked to stop."""
        return not self.record.is_over and self.record.status != "canceling"

    @property
    def has_terminate_permission(self) -> bool:
        """Whether this server lets it be stopped."""
        return not self.context.is_read_only

    has_delete_permission = has_re_execute_permission = has_terminate_permission

    @property
    def waits_for(self) -> str | None:
        """Why it is still in the queue."""
        if self.record.status != "queued":
            return None
        if "waiting" not in self.context.kept:
            self.context.kept["waiting"] = why_waiting(self.context.instance)
        found: Mapping[str, str] = self.context.kept["waiting"]
        return found.get(self.run_id)

    @property
    def failure_text(self) -> str | None:
        """Why it failed, on one line."""
        if self.record.status != "failure":
            return None
        error = self.record.error
        place = f"{error.place}: " if error is not None and error.place else ""
        said = f"{place}{error}" if error is not None else self.record.message
        return mask_secrets((said or self.record.reason).splitlines()[0]) if said or self.record.reason else None

    @property
    def creation_time(self) -> float:
        """When it was asked for."""
        return self.record.requested_us / 1_000_000

    @property
    def start_time(self) -> float | None:
        """When it began."""
        return seconds(self.record.started_us)

    @property
    def end_time(self) -> float | None:
        """When it ended."""
        return seconds(self.record.ended_us)

    @property
    def update_time(self) -> float | None:
        """When it was last heard of."""
        return seconds(max(self.record.requested_us, self.record.started_us, self.record.ended_us, self.record.heartbeat_us))

    @property
    def stats(self) -> RunStats:
        """It in numbers."""
        return RunStats(self.context, self.record)

    @property
    def step_stats(self) -> list[RunStepStats]:
        """Its steps."""
        return steps_of_run(self.context, self.run_id)

    @property
    def step_counts(self) -> list[Wire]:
        """Its steps by how they stand."""
        return step_counts(self.context, self.record)

    @property
    def asset_materializations(self) -> list[Any]:
        """What it made."""
        return [made for step in self.step_stats for made in step.materializations]

    def captured_logs(self, info: Any, file_key: str) -> Wire:
        """What a step of it printed."""
        return read_logs(self.context, log_key(self.run_id, file_key))


def runs_of(context: ApiContext, records: Sequence[RunRecord]) -> list[Run]:
    """Runs of a list: what is asked of one is read for all."""
    ids = [str(record.run_id) for record in records]
    entries_of_runs(context).expect(ids)
    return [Run(context, record) for record in records]


def run_named(context: ApiContext, run_id: str) -> Run | None:
    """One run, if it is known."""
    record = context.runs.get(run_id)
    return Run(context, record) if record is not None else None


def run_meant(context: ApiContext, text: str) -> Run | None:
    """One run by its id, or by a beginning of it that no other has: what the command line prints of one."""
    exact = run_named(context, text)
    if exact is not None or not _BEGINNING.fullmatch(text):
        return exact
    try:
        return Run(context, find_run(context.instance, text))
    except (UnknownRun, InvalidInvocationError):
        return None


def find_runs(context: ApiContext, asked: Mapping[str, Any] | None, cursor: str | None, limit: int | None) -> list[RunRecord]:
    """Runs that pass a filter, newest first; those after the run whose id the cursor is."""
    return list(matching(context, asked or {}, cursor, limit))


def matching(
    context: ApiContext, asked: Mapping[str, Any], cursor: str | None = None, limit: int | None = None
) -> Iterator[RunRecord]:  # fmt: skip
    """The same, read from the store as they are taken."""
    sought = _sought(context, asked, cursor, limit)
    found = 0
    while sought is not None and (limit is None or found < limit):
        given = context.reader.runs(sought.query)
        for record in given.items:
            if sought.admits(record):
                found += 1
                yield record
                if found == limit:
                    return
        if given.cursor is None:
            return
        sought = replace(sought, query=replace(sought.query, before=given.cursor))


def count_runs(context: ApiContext, asked: Mapping[str, Any] | None) -> int:
    """How many runs pass a filter; those that the store cannot tell by itself are read."""
    sought = _sought(context, asked or {}, None, None)
    if sought is None:
        return 0
    return context.reader.count_runs(sought.query) if sought.is_exact else sum(1 for _ in matching(context, asked or {}))


@dataclass(frozen=True)
class _Sought:
    """A filter of runs: what the store is asked, and what is looked at afterwards."""

    query: RunQuery
    later: RunsFilter
    job: str | None
    wanted: Mapping[str, Sequence[str]]

    @property
    def is_exact(self) -> bool:
        """Whether the query says it all."""
        return self.later == RunsFilter() and self.job != ASSET_JOB and not self.wanted.keys() & {PARENT, LOCATION}

    def admits(self, record: RunRecord) -> bool:
        """Whether a run that the query gave is meant."""
        if not self.later.admits(record) or (self.job == ASSET_JOB and record.job is not None):
            return False
        own = {PARENT: record.parent_run_id, LOCATION: record.location}
        return all(value in self.wanted[name] for name, value in own.items() if name in self.wanted)


def _sought(context: ApiContext, asked: Mapping[str, Any], cursor: str | None, limit: int | None) -> _Sought | None:
    """What a `RunsFilter` asks for; None if no run can be that."""
    statuses: list[Any] = [own for name in asked.get("statuses") or () for own in STATUSES_OF[name]]
    impossible = (asked.get("statuses") and not statuses) or asked.get("snapshot_id") or asked.get("run_ids") == []
    if impossible or (asked.get("mode") or "default") != "default":
        return None
    wanted = _tags(asked)
    job = asked.get("pipeline_name")
    query = RunQuery(
        tuple(RunId(one) for one in asked.get("run_ids") or () if one),
        tuple(statuses),
        None if job == ASSET_JOB else job,
        {key: values[0] for key, values in wanted.items() if len(values) == 1 and key not in FROM_RECORD},
        key_of(asked["asset_key"]) if asked.get("asset_key") else None,
        next(iter(wanted.get(BACKFILL, ())), None),
        RunId(wanted[ROOT][0]) if ROOT in wanted else None,
        micros(asked.get("created_after")),
        micros(asked.get("created_before")),
        _before(context, cursor),
        min(limit, _BATCH) if limit is not None else _BATCH,
    )
    later = RunsFilter(
        updated_after=_moment(asked.get("updated_after")), updated_before=_moment(asked.get("updated_before")),
        tags={key: values for key, values in wanted.items() if len(values) > 1 and key not in FROM_RECORD},
    )  # fmt: skip
    return _Sought(query, later, job, wanted)


def _tags(asked: Mapping[str, Any]) -> dict[str, list[str]]:
    """Values by the names under which they are looked for; a tag that is named twice may have either value."""
    found: dict[str, list[str]] = {}
    for one in asked.get("tags") or ():
        name = one["key"] if one["key"] in FROM_RECORD else recorded_name(one["key"])
        found.setdefault(name, []).append(one["value"])
    return found


def _moment(at: float | None) -> Any:
    return None if at is None else clock.from_us(round(at * 1_000_000))


def _before(context: ApiContext, cursor: str | None) -> str | None:
    record = context.runs.get(cursor) if cursor else None
    return str(record.first_seq) if record is not None else None


class Runs:
    """Runs that pass a filter; how many there are in all is counted when somebody asks."""

    typename = "Runs"

    def __init__(self, context: ApiContext, asked: Mapping[str, Any] | None, cursor: str | None, limit: int | None) -> None:
        self._context = context
        self._asked = asked
        self._records = find_runs(context, asked, cursor, page(limit, DEFAULT_ROWS))

    @property
    def results(self) -> list[Run]:
        """The page."""
        return runs_of(self._context, self._records)

    @property
    def count(self) -> int:
        """How many pass the filter."""
        return count_runs(self._context, self._asked)


def not_found(run_id: str) -> Wire:
    """That there is no such run."""
    return typed("RunNotFoundError", runId=run_id, message=f"no run {run_id!r} is recorded here.")


def _runs(parent: Any, info: Any, filter: Any = None, cursor: str | None = None, limit: int | None = None) -> Any:  # noqa: A002 - the schema's name
    return Runs(info.context, filter, cursor, limit)


def _run_ids(parent: Any, info: Any, filter: Any = None, cursor: str | None = None, limit: int | None = None) -> Wire:  # noqa: A002
    found = find_runs(info.context, filter, cursor, page(limit, MOST_ROWS))
    return typed("RunIds", results=[str(record.run_id) for record in found])


def _run(parent: Any, info: Any, run_id: str) -> Any:
    return run_meant(info.context, run_id) or not_found(run_id)


def _run_of_event(parent: Any, info: Any) -> Any:
    return run_named(info.context, parent.run_id) or not_found(parent.run_id)


def _step_of_event(parent: Any, info: Any) -> Any:
    steps = {step.step_key: step for step in steps_of_run(info.context, parent.run_id)} if parent.run_id else {}
    if parent.step_key in steps:
        return steps[parent.step_key]
    at = int(parent.timestamp) / 1000  # reported from outside: no step made it
    return typed(
        "RunStepStats", runId=parent.run_id, stepKey=parent.step_key or "", status="SUCCESS", startTime=at, endTime=at, materializations=[],
        expectationResults=[],
    )  # fmt: skip


def _tag_keys(parent: Any, info: Any) -> Wire:
    found = {key: None for record in _newest(info.context) for key in tags_of(record)}
    return typed("RunTagKeys", keys=sorted(found))


def _run_tags(
    parent: Any, info: Any, tag_keys: list[str] | None = None, value_prefix: str | None = None, limit: int | None = None
) -> Wire:  # fmt: skip
    found: dict[str, set[str]] = {}
    for record in _newest(info.context):
        for key, value in tags_of(record).items():
            if (tag_keys is None or key in tag_keys) and value.startswith(value_prefix or ""):
                found.setdefault(key, set()).add(value)
    rows = [typed("PipelineTagAndValues", key=key, values=sorted(values)[: page(limit)]) for key, values in sorted(found.items())]
    return typed("RunTags", tags=rows)


def _newest(context: ApiContext) -> list[RunRecord]:
    return find_runs(context, None, None, MOST_ROWS)


RESOLVERS = {
    "Query.runsOrError": _runs,
    "Query.pipelineRunsOrError": _runs,
    "Query.runIdsOrError": _run_ids,
    "Query.runOrError": _run,
    "Query.pipelineRunOrError": _run,
    "Query.runTagKeysOrError": _tag_keys,
    "Query.runTagsOrError": _run_tags,
    "MaterializationEvent.runOrError": _run_of_event,
    "ObservationEvent.runOrError": _run_of_event,
    "MaterializationEvent.stepStats": _step_of_event,
    "ObservationEvent.stepStats": _step_of_event,
}
