"""``job list``, ``job show`` and ``job run``: the jobs of a location by their names."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import field, replace
from typing import Any

from nbasset.arguments.options import BackfillArguments
from nbasset.arguments.options_jobs import JobBackfillArguments, JobRunArguments, JobShowArguments
from nbasset.commands.background import start_background
from nbasset.commands.carrying_out import DEFAULT, Manner, executor_for
from nbasset.commands.configuration import merged_config
from nbasset.commands.jobs import JobOptions, plan_of_job, run_with_executor
from nbasset.commands.promoted_jobs import given_values, promoted_of
from nbasset.commands.runs import run_json
from nbasset.commands.scope import Scope, shown_path
from nbasset.commands.switches import Records, is_on
from nbasset.commands.words import columns, counted
from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import CatalogJob
from nbasset.definitions.catalog_instigators import CatalogTarget
from nbasset.definitions.io_config import asset_schemas
from nbasset.definitions.job import JobDefinition
from nbasset.definitions.partition_ranges import parse_ranges
from nbasset.definitions.selection import AssetSelection
from nbasset.errors import InvalidInvocationError, InvalidSelection, UnknownJob, did_you_mean
from nbasset.events.records import RunQuery, RunRecord
from nbasset.execution.result import ExecuteInProcessResult
from nbasset.keys import AssetKey, RunId
from nbasset.locations.promoted import ALL
from nbasset.planning.partition_rule import RULES
from nbasset.planning.plan import RunPlan
from nbasset.serde import Json

_LAST_RUNS = 5


@dataclass(frozen=True, slots=True)
class JobFacts:
    """One job: the assets that it makes, or the handles of its ops; what starts it."""

    name: str
    assets: tuple[AssetKey, ...] = ()
    ops: tuple[str, ...] = ()
    partitions: str = ""
    started_by: tuple[str, ...] = ()
    description: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    executor: str = ""
    place: str = ""
    off: tuple[str, ...] = ()

    @property
    def starters(self) -> str:
        """What starts it, with what is off marked as such."""
        return ", ".join(f"{one} (off)" if one in self.off else one for one in self.started_by)

    @property
    def makes(self) -> str:
        """What it does, in a few words."""
        if self.ops:
            return counted(len(self.ops), "op")
        names = ", ".join(map(str, self.assets[:3]))
        return f"{names} and {len(self.assets) - 3} more" if len(self.assets) > 3 else names or "nothing"

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "name": self.name, "assets": [str(key) for key in self.assets], "ops": list(self.ops), "partitions": self.partitions or None,
            "started_by": list(self.started_by), "off": list(self.off), "description": self.description, "tags": dict(self.tags),
            "executor": self.executor or None, "place": self.place or None,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class JobDetail:
    """One job with what can be configured, as a run configuration to fill in, and its newest runs."""

    facts: JobFacts
    config: Json = field(default_factory=dict)
    runs: tuple[RunRecord, ...] = ()

    def to_json(self) -> Json:
        """Plain data."""
        return {**self.facts.to_json(), "config": self.config, "runs": [run_json(run) for run in self.runs]}


def list_jobs(scope: Scope) -> tuple[JobFacts, ...]:
    """All jobs of the scope, by name."""
    records = scope.instance.reader.instigators()
    return tuple(_facts(scope, job, records) for job in sorted(scope.catalog.jobs, key=lambda job: job.name))


def show_job(scope: Scope, arguments: JobShowArguments) -> JobDetail:
    """One job.

    Raises
    ------
    UnknownJob
        If there is none of this name.
    """
    job = job_named(scope, arguments.job)
    runs = scope.instance.reader.runs(RunQuery(job=job.name, limit=_LAST_RUNS)).items
    facts = _facts(scope, scope.catalog.jobs_by_name[job.name], scope.instance.reader.instigators())
    return JobDetail(facts, _scaffold(scope, job), runs)


def run_job_verb(
    scope: Scope,
    arguments: JobRunArguments,
    manner: Manner = DEFAULT,
    *,
    on_plan: Callable[[RunPlan], None] = lambda plan: None,
) -> list[ExecuteInProcessResult]:
    """Run a job: once, or once for each partition that was named. A failed step is in the result; the first failed run is the last one.

    `on_plan` hears each plan before it is carried out.

    Raises
    ------
    UnknownJob, InvalidConfigError, UnknownPartitionError
        Before anything runs.
    """
    scope = given_values(scope, arguments.job, arguments.parameters)
    job = job_named(scope, arguments.job)
    results: list[ExecuteInProcessResult] = []
    for options in _options(scope, job, arguments):
        chosen = replace(manner, executor=arguments.executor or manner.executor, keeps_plan=True)
        results.append(run_with_executor(scope, job, options, chosen, on_plan=on_plan))
        if not results[-1].success:
            break
    return results


def start_job(scope: Scope, arguments: JobRunArguments) -> list[RunId]:
    """Start a job in a process of its own; the id of its run.

    Raises
    ------
    UnknownJob, InvalidConfigError, UnknownPartitionError, LocationError
        Before anything runs.
    InvalidInvocationError
        If several partitions were named: each run would be a process, all at once.
    """
    scope = given_values(scope, arguments.job, arguments.parameters)
    job = job_named(scope, arguments.job)
    executor_for(scope, arguments.executor or "inline", 1)[0].shutdown()
    options = _options(scope, job, arguments)
    if len(options) > 1:
        raise InvalidInvocationError(
            f"-p {arguments.partition} names {counted(len(options), 'partition')}, and each would be a process of its own. Leave out --bg, "
            "or ask for a backfill of the job's assets: backfill."
        )
    plan, view, _ = plan_of_job(scope, job, options[0])
    return [start_background(scope, plan, view, executor=arguments.executor)]


def backfill_of_job(scope: Scope, arguments: JobBackfillArguments) -> BackfillArguments | JobRunArguments:
    """What a backfill of a job comes to: one of its assets, and nothing else; or, where each partition has a configuration of its own or
    the job runs ops, a run for each partition; of a promoted job, one run.

    Raises
    ------
    UnknownJob
        If there is no such job.
    InvalidInvocationError
        If it has no partitions, or is asked for what only a backfill of assets can do.
    """
    job = job_named(scope, arguments.job)
    entry = scope.catalog.jobs_by_name[job.name]
    if promoted_of(scope, job.name) is not None:
        return _promoted_backfill(arguments)
    if job.selection is not None and job.partitioned_config is None:
        given = [f"{section}={json.dumps(value)}" for section, value in job.config_for(None).items()]
        own = job.run_tags if job.run_tags is not None else job.tags
        return BackfillArguments(
            ", ".join(f'key:"{key}"' for key in sorted(job.selection.resolve(scope.catalog))), arguments.partitions, arguments.all,
            arguments.only, False, arguments.chunk, arguments.workers, arguments.concurrency, title=f"job {job.name}",
            config=(*given, *arguments.config), tags={**own, **arguments.tags}, dry_run=arguments.dry_run, quiet=arguments.quiet,
        )  # fmt: skip
    if entry.partitions_def is None:
        raise InvalidInvocationError(f"job '{job.name}' has no partitions, so there is nothing to fill. Run it: job run {job.name}.")
    if arguments.only or arguments.chunk or arguments.dry_run or arguments.workers > 1 or arguments.concurrency > 1:
        raise InvalidInvocationError(
            f"job '{job.name}' has a run for each partition, one after the other; which are missing nobody knows. Name partitions alone."
        )
    _ = scope.instance.storage  # the store gives partition keys their numbers, so it is there before they are asked for
    view = scope.view()
    keys = list(entry.partitions_def.keys_of(entry.partitions_def.ordinals(view), view.table)) if arguments.all else []
    text = f"{keys[0]}..{keys[-1]}" if keys else arguments.partitions.text
    return JobRunArguments(job.name, arguments.config, arguments.tags, text, quiet=arguments.quiet)


def _promoted_backfill(arguments: JobBackfillArguments) -> JobRunArguments:
    if arguments.chunk or arguments.dry_run or arguments.workers > 1 or arguments.concurrency > 1:
        raise InvalidInvocationError(
            f"job '{arguments.job}' is a promoted notebook, which makes all the partitions in one run: "
            "--chunk, --workers, --concurrency and --dry-run have no say. Leave them out."
        )
    text = ALL if arguments.all else arguments.partitions.text
    return JobRunArguments(arguments.job, arguments.config, arguments.tags, text, quiet=arguments.quiet, only=arguments.only)


def job_named(scope: Scope, name: str) -> JobDefinition:
    """The job of this name.

    Raises
    ------
    UnknownJob
        With the nearest name.
    """
    found: JobDefinition = named(scope, "job", name)
    return found


def named(scope: Scope, kind: str, name: str) -> Any:
    """A job, schedule or sensor of the scope.

    Raises
    ------
    UnknownJob
        With the nearest name of its kind.
    """
    found = names_of(scope, kind).get(name)
    if found is None:
        raise unknown(kind, name, names_of(scope, kind))
    return found


def names_of(scope: Scope, kind: str) -> dict[str, Any]:
    """The definitions of a kind by name."""
    return dict(getattr(scope.resolved, f"{kind}s"))


def unknown(kind: str, name: str, known: Iterable[str]) -> UnknownJob:
    """The error for a name that nobody defines."""
    names = sorted(known)
    hint = did_you_mean(name, names) or (f"There are: {', '.join(names[:8])}." if names else "")
    return UnknownJob(f"no {kind} '{name}' is defined here. {hint}".rstrip())


def _options(scope: Scope, job: JobDefinition, arguments: JobRunArguments) -> list[JobOptions]:
    """One for each run."""
    ops: Any = list(arguments.ops) or None
    assets = None
    if arguments.assets:
        assets = AssetSelection.from_string(arguments.assets)
        if not assets.resolve(scope.catalog):
            raise InvalidSelection(f"{arguments.assets!r} selects no asset.")
    config = merged_config(arguments.config) if arguments.config else None
    options = JobOptions(run_config=config, op_selection=ops, asset_selection=assets, tags=dict(arguments.tags))
    if promoted_of(scope, job.name) is not None and _is_together(scope, job, arguments):
        return [replace(options, which=arguments.only or "all", partitions=arguments.partition)]
    return [replace(options, partition_key=key) for key in _partition_keys(scope, job, arguments.partition)]


def _is_together(scope: Scope, job: JobDefinition, arguments: JobRunArguments) -> bool:
    """Whether one run of a promoted job is asked to make several partitions, or those of a word such as ``stale``."""
    if arguments.only or arguments.partition in RULES:
        return True
    return len(_partition_keys(scope, job, arguments.partition)) > 1


def _partition_keys(scope: Scope, job: JobDefinition, text: str) -> Sequence[str | None]:
    if not text:
        return [None]
    _ = scope.instance.storage  # the store gives partition keys their numbers, so it is there before they are asked for
    definition = scope.catalog.jobs_by_name[job.name].partitions_def
    if definition is None:
        if not job.is_asset_job:
            raise InvalidInvocationError(f"job '{job.name}' has no partitions, so -p {text} names none. Leave it out.")
        return [text]  # its assets are partitioned in different ways: the key is read by each of them
    view = scope.view()
    return list(definition.keys_of(parse_ranges(text, definition, view), view.table))


def _facts(scope: Scope, job: CatalogJob, records: Records) -> JobFacts:
    starters = _starters(scope, job.name, records)
    assets: tuple[AssetKey, ...] = ()
    if job.is_asset_job:
        chosen = AssetSelection.from_coercible(job.selection).resolve(scope.catalog)
        assets = tuple(key for key in scope.catalog.order if key in chosen)
    partitions = job.partitions_def.describe() if job.partitions_def is not None else ""
    ops = tuple(step.handle for step in job.steps)
    return JobFacts(
        job.name, assets, ops, partitions, tuple(starters), job.description or "", tuple(sorted(job.tags.items())),
        job.executor or "", job.place or _file_of(scope, job.name), tuple(name for name, is_on in starters.items() if not is_on),
    )  # fmt: skip


def _file_of(scope: Scope, job: str) -> str:
    own = promoted_of(scope, job)
    return shown_path(own.file) if own is not None else ""


def _starters(scope: Scope, job: str, records: Records) -> dict[str, bool]:
    """What starts a job, each with whether it is on."""

    def starts(target: CatalogTarget | None) -> bool:
        return target is not None and target.job == job

    found = {f"schedule {one.name}": is_on(scope, one, records) for one in scope.catalog.schedules if starts(one.target)}
    return found | {f"sensor {one.name}": is_on(scope, one, records) for one in scope.catalog.sensors if any(map(starts, one.targets))}


def _scaffold(scope: Scope, job: JobDefinition) -> dict[str, Any]:
    """A run configuration with an example in each place."""
    resolved = scope.resolved
    nodes = {}
    if job.is_asset_job and job.selection is not None:
        made = {resolved.catalog.by_key[key].node for key in job.selection.resolve(resolved.catalog)}
        nodes = asset_schemas(resolved.nodes, made, {**resolved.resources, **job.resource_defs, **scope.resources})
    return job.run_config_schema({**resolved.resources, **scope.resources}, nodes).scaffold()


def jobs_text(jobs: Sequence[JobFacts]) -> str:
    """The list as plain text."""
    if not jobs:
        return "no jobs"
    return columns([(job.name, job.makes, job.partitions, job.starters) for job in jobs])


def job_text(detail: JobDetail) -> str:
    """One job as plain text."""
    job = detail.facts
    lines = [f"job {job.name}"]
    if job.description:
        lines.append(f"  {job.description}")
    lines.append(f"  assets: {', '.join(map(str, job.assets))}" if not job.ops else f"  ops: {', '.join(job.ops)}")
    facts = {
        "partitions": job.partitions, "started by": job.starters, "executor": job.executor,
        "tags": ", ".join(f"{key}={value}" for key, value in job.tags), "defined in": job.place,
    }  # fmt: skip
    lines += [f"  {name}: {text}" for name, text in facts.items() if text]
    if detail.config:
        lines += ["  configuration:", *(f"    {line}" for line in config_text(detail.config).splitlines())]
    if detail.runs:
        said = ", ".join(f"{run.run_id[:8]} {run.status}" for run in detail.runs)
        lines.append(f"  last runs: {said}")
    return "\n".join(lines)


def config_text(config: Json) -> str:
    """A run configuration as YAML."""
    import yaml

    return str(yaml.safe_dump(config, sort_keys=False, allow_unicode=True)) if config else "{}\n"
