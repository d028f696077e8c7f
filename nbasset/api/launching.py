"""Mutations of runs: asked for, done again, stopped, forgotten. Each calls the function that the verb of the same name calls.

A run is planned and queued in the process of its location, and carried out in a process of its own. What is wrong with the request comes
back as the type that the schema has for it (`refusal`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from nbasset.api.config_types import invalid
from nbasset.api.context import ApiContext
from nbasset.api.run_tags import PARENT, taken
from nbasset.api.runs import Run, not_found, run_named
from nbasset.api.wire import ASSET_JOB, Wire, key_of, python_error, tags_in, typed
from nbasset.api.workspace import LocationSnapshot
from nbasset.arguments.options_jobs import RunsDeleteArguments
from nbasset.commands.answering import Answer, Refusal
from nbasset.commands.background import cancel_run
from nbasset.commands.launch_requests import AgainRequest, LaunchRequest
from nbasset.commands.run_verbs import delete_runs
from nbasset.dataclass import dataclass
from nbasset.definitions.reexecution import ReexecutionOptions, ReexecutionStrategy
from nbasset.errors import Error, InvalidConfigError, InvalidInvocationError, did_you_mean
from nbasset.events.facts import CheckKey
from nbasset.keys import AssetKey, RunId

_MOST_RUNS = 100


class Refused(Exception):
    """The request comes to nothing; `answer` is what to say."""

    def __init__(self, answer: Wire) -> None:
        super().__init__()
        self.answer = answer


@dataclass(frozen=True)
class Asked:
    """What a selector names: a location, and a job of it or all its assets (an empty name)."""

    location: LocationSnapshot
    job: str
    selector: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The job as clients call it."""
        return self.job or ASSET_JOB


def asked_of(context: ApiContext, selector: Mapping[str, Any]) -> Asked:
    """What a `JobOrPipelineSelector` or `PipelineSelector` names.

    Raises
    ------
    Refused
        With a `PipelineNotFoundError`, if there is no such location or job.
    """
    name = selector.get("job_name") or selector.get("pipeline_name") or ""
    where = selector["repository_location_name"]
    location = context.snapshot.by_name.get(where)
    job = "" if name == ASSET_JOB else name
    if location is None:
        raise Refused(_no_job(selector, name, f"there is no location '{where}'. {did_you_mean(where, context.snapshot.by_name)}".rstrip()))
    if not name:
        raise Refused(_no_job(selector, name, "the selector names no job: give jobName."))
    if job and not location.error and job not in location.catalog.jobs_by_name:
        near = did_you_mean(job, location.catalog.jobs_by_name)
        raise Refused(_no_job(selector, name, f"location '{where}' has no job '{job}'. {near}".rstrip()))
    return Asked(location, job, selector)


def _no_job(selector: Mapping[str, Any], name: str, message: str) -> Wire:
    return typed(
        "PipelineNotFoundError", message=message, pipelineName=name, repositoryName=selector["repository_name"],
        repositoryLocationName=selector["repository_location_name"],
    )  # fmt: skip


# -- launching ----------------------------------------------------------------------------------------------------------------


def _launch(parent: Any, info: Any, execution_params: Mapping[str, Any]) -> Wire:
    return launch(info.context, execution_params)


def launch(context: ApiContext, given: Mapping[str, Any]) -> Wire:
    """Ask for a run: a `LaunchRunResult`."""
    try:
        if given.get("preset"):
            raise Refused(typed("PresetNotFoundError", preset=given["preset"], message="there are no presets here. Give runConfigData."))
        asked = asked_of(context, given["selector"])
        request = _request(context, asked, given)
        return started(context, asked.location.ask("launch_requests:launch", request), asked.name)
    except Refused as refused:
        return refused.answer


def _launch_many(parent: Any, info: Any, execution_params_list: Sequence[Mapping[str, Any]]) -> Wire:
    if len(execution_params_list) > _MOST_RUNS:
        raise InvalidInvocationError(f"{len(execution_params_list)} runs are asked for at once; {_MOST_RUNS} are allowed.")
    results = [_one_of_many(info.context, given) for given in execution_params_list]
    return typed("LaunchMultipleRunsResult", launchMultipleRunsResult=results)


def _one_of_many(context: ApiContext, given: Mapping[str, Any]) -> Wire:
    try:
        return launch(context, given)
    except Error as error:
        return python_error(error) or {}


def _request(context: ApiContext, asked: Asked, given: Mapping[str, Any]) -> LaunchRequest:
    selector = given["selector"]
    metadata = given.get("execution_metadata") or {}
    assets = [key_of(one) for one in selector.get("asset_selection") or ()]
    checks = [CheckKey(key_of(one["asset_key"]), one["name"]) for one in selector.get("asset_check_selection") or ()]
    request = LaunchRequest(
        asked.job, config_of(given.get("run_config_data"), asked.name), taken(tags_in(metadata.get("tags"))),
        tuple(assets) if assets or checks else None, tuple(checks) or None, tuple(selector.get("solid_selection") or ()) or None,
        context.user,
    )  # fmt: skip
    steps = given.get("step_keys")
    return _narrowed(asked, request, steps) if steps else request


def _narrowed(asked: Asked, request: LaunchRequest, steps: Sequence[str]) -> LaunchRequest:
    """The request for some steps alone: ops of a job, or the assets that they make."""
    catalog = asked.location.catalog
    job = catalog.jobs_by_name.get(asked.job)
    if job is not None and not job.is_asset_job:
        _refuse_unknown_step(steps, {step.handle for step in job.steps} | {step.handle.partition(".")[0] for step in job.steps})
        return replace(request, ops=tuple(steps))
    made: dict[str, tuple[AssetKey, ...]] = {node.name: node.assets for node in catalog.nodes}
    names = [step.partition("[")[0] for step in steps]
    _refuse_unknown_step(names, made)
    return replace(request, assets=tuple(dict.fromkeys(key for name in names for key in made[name])))


def _refuse_unknown_step(steps: Sequence[str], known: Any) -> None:
    for step in steps:
        if step not in known:
            raise Refused(typed("InvalidStepError", invalidStepKey=step))


def config_of(given: Any, job: str) -> Any:
    """Configuration as an object, from text if need be.

    Raises
    ------
    Refused
        With a `RunConfigValidationInvalid`, if the text cannot be read.
    """
    if not isinstance(given, str):
        return given or None
    import yaml

    try:
        found = yaml.safe_load(given)
    except yaml.YAMLError as error:
        raise Refused(invalid(Refusal.of(InvalidConfigError([f"it cannot be read as YAML: {error}"])), job)) from error
    if found is not None and not isinstance(found, dict):
        raise Refused(invalid(Refusal.of(InvalidConfigError([f"it is no mapping but {given!r:.60}"])), job))
    return found or None


def started(context: ApiContext, answer: Answer, job: str) -> Wire:
    """The run that was asked for, or why there is none."""
    if answer.refusal is not None:
        return refusal(answer.refusal, job)
    run = run_named(context, str(answer.value))
    return typed("LaunchRunSuccess", run=run)


def refusal(refused: Refusal, job: str) -> Wire:
    """Why a run was not asked for, as the schema says it."""
    if refused.cls == "InvalidConfigError":
        return invalid(refused, job)
    if refused.cls in ("InvalidSelection", "UnknownAsset"):
        return typed("InvalidSubsetError", message=refused.message)
    if refused.cls == "UnknownJob":
        return typed("PipelineNotFoundError", message=refused.message, pipelineName=job, repositoryName="", repositoryLocationName="")
    return python_error(refused) or {}


# -- doing again --------------------------------------------------------------------------------------------------------------


def _again(
    parent: Any, info: Any, execution_params: Mapping[str, Any] | None = None, reexecution_params: Mapping[str, Any] | None = None
) -> Wire:  # fmt: skip
    context: ApiContext = info.context
    given = execution_params or {}
    metadata = given.get("execution_metadata") or {}
    again = reexecution_params or {}
    parent_id = again.get("parent_run_id") or metadata.get("parent_run_id") or tags_in(metadata.get("tags")).get(PARENT)
    if not parent_id:
        if execution_params is None:
            raise InvalidInvocationError("nothing says which run to do again: give reexecutionParams, or parentRunId in executionMetadata.")
        return launch(context, execution_params)
    run = run_named(context, parent_id)
    if run is None:
        raise InvalidInvocationError(f"there is no run {parent_id!r} to do again.")
    try:
        request = AgainRequest(
            _options(run, given, again),
            config_of(given.get("run_config_data"), run.job_name),
            taken(tags_in([*(metadata.get("tags") or ()), *(again.get("extra_tags") or ())])),
            context.user,
        )
        answer = _location_of(context, run).ask("launch_requests:launch_again", request)
    except Refused as refused:
        return refused.answer
    return started(context, answer, run.job_name)


def _options(run: Run, given: Mapping[str, Any], again: Mapping[str, Any]) -> ReexecutionOptions:
    if given.get("step_keys"):
        return ReexecutionOptions(run.run_id, tuple(given["step_keys"]))
    strategy = ReexecutionStrategy[again.get("strategy") or "ALL_STEPS"]
    return ReexecutionOptions(run.run_id, use_parent_run_tags=again.get("use_parent_run_tags"), strategy=strategy)


def _location_of(context: ApiContext, run: Run) -> LocationSnapshot:
    """The location that a run is done again with: its own, or where that is not known the one that makes what it made.

    Raises
    ------
    Refused
        With a `PipelineNotFoundError`, if its code is not here.
    """
    snapshot = context.snapshot
    own = snapshot.by_name.get(run.record.location or "")
    if own is not None:
        return own
    for target in run.record.targets:
        if target.asset in snapshot.assets:
            return snapshot.assets[target.asset].location
    for location, job in snapshot.jobs():
        if job.name == run.record.job:
            return location
    message = f"the code of run {run.run_id[:8]} ({run.title}, of {run.record.location or 'a session'}) is in no location of this project."
    raise Refused(
        typed("PipelineNotFoundError", message=message, pipelineName=run.job_name, repositoryName="", repositoryLocationName="")
    )  # fmt: skip


# -- stopping and forgetting --------------------------------------------------------------------------------------------------


def _terminate(parent: Any, info: Any, run_id: str, terminate_policy: str | None = None) -> Wire:
    return terminate(info.context, run_id, force=terminate_policy == "MARK_AS_CANCELED_IMMEDIATELY")


def terminate(context: ApiContext, run_id: str, *, force: bool = False) -> Wire:
    """Ask a run to stop: a `TerminateRunResult`."""
    run = run_named(context, run_id)
    if run is None:
        return not_found(run_id)
    try:
        record = cancel_run(context.instance, RunId(run_id), force=force, by=context.user)
    except InvalidInvocationError as error:
        return typed("TerminateRunFailure", run=run, message=str(error))
    return typed("TerminateRunSuccess", run=Run(context, record))


def _terminate_many(parent: Any, info: Any, run_ids: Sequence[str], terminate_policy: str | None = None) -> Wire:
    if len(run_ids) > _MOST_RUNS:
        raise InvalidInvocationError(f"{len(run_ids)} runs are named; {_MOST_RUNS} are allowed at once.")
    force = terminate_policy == "MARK_AS_CANCELED_IMMEDIATELY"
    info.context.runs.expect(run_ids)
    return typed("TerminateRunsResult", terminateRunResults=[terminate(info.context, run_id, force=force) for run_id in run_ids])


def _delete(parent: Any, info: Any, run_id: str) -> Wire:
    context: ApiContext = info.context
    if run_named(context, run_id) is None:
        return not_found(run_id)
    delete_runs(context.instance, RunsDeleteArguments((run_id,)))
    return typed("DeletePipelineRunSuccess", runId=run_id)


RESOLVERS = {
    "Mutation.launchRun": _launch,
    "Mutation.launchPipelineExecution": _launch,
    "Mutation.launchMultipleRuns": _launch_many,
    "Mutation.launchRunReexecution": _again,
    "Mutation.launchPipelineReexecution": _again,
    "Mutation.terminateRun": _terminate,
    "Mutation.terminateRuns": _terminate_many,
    "Mutation.deleteRun": _delete,
}
