"""What a run that was carried out here came to: for tests, notebooks and scripts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from nbasset.dataclass import dataclass
from nbasset.definitions.asset_job import EPHEMERAL_JOB, define_asset_job
from nbasset.definitions.catalog import NodeOutput
from nbasset.definitions.composition import CollectedHandle
from nbasset.definitions.graph_body import inner_output
from nbasset.definitions.results import DEFAULT_OUTPUT
from nbasset.errors import InvariantViolationError, did_you_mean
from nbasset.events.facts import AssetMaterialized, AssetObserved, CheckEvaluated, ErrorInfo, Fact, HookRan, OutputStored
from nbasset.events.kinds import (
    Event,
    RunFailed,
    RunRequested,
    RunSucceeded,
    StepFailed,
    StepRetried,
    StepReused,
    StepSkipped,
    StepSucceeded,
    Target,
)
from nbasset.keys import AssetKey, RunId
from nbasset.planning.plan import RunPlan, Step
from nbasset.serde import Json

if TYPE_CHECKING:
    from nbasset.definitions.job import JobDefinition
    from nbasset.keys import CoercibleToAssetKey

E = TypeVar("E", RunSucceeded, RunFailed)
Load = Callable[[AssetKey, str | None], Any]
LoadOutput = Callable[[NodeOutput, RunId, str, str | None], Any]


def _load_nothing(key: AssetKey, partition_key: str | None) -> Any:
    raise InvariantViolationError(f"the value of '{key}' cannot be loaded here: the result has no home.")


def _load_no_output(output: NodeOutput, run_id: RunId, step: str, mapping_key: str | None) -> Any:
    raise InvariantViolationError(f"output '{output.name}' of '{step}' cannot be loaded here: the result has no home.")


def _with_versions(fact: AssetMaterialized) -> AssetMaterialized:
    """The fact with its versions as tags too, where scripts of the field look for them; they are stored once, as fields."""
    versions = {"nbasset/data_version": fact.data_version, "nbasset/code_version": fact.code_version}
    return replace(fact, tags={**fact.tags, **{name: version for name, version in versions.items() if version}})


@dataclass(frozen=True)
class ExecuteInProcessResult:
    """How a run ended, its events in order, and the values it made.

    `values` are outputs of ops, by step, output and mapping key; `steps` all steps that there were, those of dynamic outputs too; `errors`
    the exceptions of steps that failed in this process. `notebook` is the executed notebook of a run by papermill. Use it in a ``with``
    block where the reference wants one; nothing needs closing.

    >>> from nbasset import asset, materialize_to_memory
    >>> @asset
    ... def orders():
    ...     return [1, 2]
    >>> result = materialize_to_memory([orders])
    >>> result.success, result.asset_value("orders"), len(result.get_asset_materialization_events())
    (True, [1, 2], 1)
    """

    run_id: RunId
    status: str
    plan: RunPlan
    all_events: tuple[Event, ...]
    error: ErrorInfo | None = None
    load: Load = field(default=_load_nothing, repr=False)
    values: Mapping[tuple[str, str, str | None], Any] = field(default_factory=dict, repr=False)
    steps: tuple[Step, ...] = field(default=(), repr=False)
    errors: Mapping[str, BaseException] = field(default_factory=dict, repr=False)
    job: Any = field(default=None, repr=False)
    instance: Any = field(default=None, repr=False)
    load_output: LoadOutput = field(default=_load_no_output, repr=False)
    notebook: Path | None = None

    def __enter__(self) -> ExecuteInProcessResult:
        return self

    def __exit__(self, *problem: object) -> None:
        return None

    @property
    def run(self) -> Any:
        """The record of the run: its tags, config, times. None without an instance."""
        return self.instance.get_run_by_id(self.run_id) if self.instance is not None else None

    @property
    def success(self) -> bool:
        """Whether everything that was to run did, and ended well."""
        return self.status == "success"

    @property
    def job_name(self) -> str:
        """The job; ``__ephemeral_asset_job__`` of assets that were made without one."""
        return self.plan.job or EPHEMERAL_JOB

    @cached_property
    def job_def(self) -> JobDefinition:
        """The definition of the job; of assets that were made without one, a job that makes them again."""
        if self.job is not None:
            return self.job  # type: ignore[no-any-return]
        return define_asset_job(self.job_name, [key for step in self.plan.steps for key in step.assets])

    @property
    def all_node_events(self) -> list[Event]:
        """Events of steps, in order."""
        return [event for event in self.all_events if hasattr(event, "step")]

    # -- values --------------------------------------------------------------------------------------------------------------

    def asset_value(self, asset_key: CoercibleToAssetKey, partition_key: str | None = None) -> Any:
        """The value that the run made of an asset. Of a partitioned one `partition_key` says which; the only one is found by itself.

        Raises
        ------
        InvariantViolationError
            If the run did not make it.
        """
        key = AssetKey.from_coercible(asset_key)
        made = [fact for fact in self._facts(AssetMaterialized) if fact.asset == key]
        if not made:
            near = did_you_mean(str(key), {str(fact.asset) for fact in self._facts(AssetMaterialized)})
            raise InvariantViolationError(f"this run did not make '{key}'. {near}".rstrip())
        keys = [fact.partition.key for fact in made if fact.partition is not None]
        if keys and partition_key is None:
            if len(keys) > 1:
                raise InvariantViolationError(f"this run made {len(keys)} partitions of '{key}': say which, partition_key={keys[0]!r}.")
            partition_key = keys[0]
        return self.load(key, partition_key)

    def output_for_node(self, node_str: str, output_name: str | None = DEFAULT_OUTPUT) -> Any:
        """An output of an op, graph or asset, by the node's name (``graph.op`` inside a graph). Of a dynamic output, and of an op that was
        mapped over one, a dict by mapping key.

        Raises
        ------
        InvariantViolationError
            If there is no such node or output, or it gave nothing.
        """
        name = output_name or DEFAULT_OUTPUT
        found = [step for step in self._all_steps if node_str in (step.handle, step.key)]
        if not found and self.job is not None and self.job.graph is not None:
            inner = inner_output(self.job.graph, node_str, name)
            if inner is not None:
                return self.output_for_node(*inner)
        made = self._made_by(node_str, name) if not found else None
        if made is not None:
            return self.asset_value(made)
        if not found:
            near = did_you_mean(node_str, {step.handle for step in self._all_steps})
            raise InvariantViolationError(f"this run has no node '{node_str}'. {near}".rstrip())
        if found[0].mapped_over is not None and node_str == found[0].handle:
            return {step.mapping_key: self._output(step, name) for step in found if self._gave(step, name)}
        return self._output(found[0], name)

    def _made_by(self, graph: str, name: str) -> AssetKey | None:
        """The asset that an output of a graph is: the only one it makes, or the one that the output is called after."""
        steps = [step for step in self._all_steps if step.handle.startswith(f"{graph}.")]
        made = [output.asset for step in steps for output in step.outputs if output.asset is not None]
        if len(made) == 1:
            return made[0]
        return next((key for key in made if name in (key.last, key.to_python_identifier())), None)

    def output_value(self, output_name: str = DEFAULT_OUTPUT) -> Any:
        """An output of the job's graph.

        Raises
        ------
        InvariantViolationError
            If the graph has no such output, or it was not given.
        """
        graph = self.job.graph if self.job is not None else None
        if graph is None:
            raise InvariantViolationError("this run is of no graph, so it has no output of its own. Ask output_for_node or asset_value.")
        handle = graph.results.get(output_name)
        if handle is None:
            hint = did_you_mean(output_name, graph.results) or f"It has: {', '.join(graph.results) or 'none; return one in its body'}."
            raise InvariantViolationError(f"graph '{graph.name}' has no output '{output_name}'. {hint}")
        value = self.output_for_node(*graph.result_at(output_name))
        return list(value.values()) if isinstance(handle, CollectedHandle) and isinstance(value, dict) else value

    @property
    def _all_steps(self) -> tuple[Step, ...]:
        return self.steps or self.plan.steps

    def _gave(self, step: Step, name: str) -> bool:
        return any((at, out) == (step.key, name) for at, out, _ in self.values) or bool(self._stored(step, name))

    def _stored(self, step: Step, name: str) -> dict[str | None, tuple[RunId, OutputStored]]:
        """What was recorded of an output, by mapping key, and the run that stored it: another process, or an earlier run."""
        found: dict[str | None, tuple[RunId, OutputStored]] = {}
        for event in self.all_events:
            if isinstance(event, (StepSucceeded, StepReused)) and event.step == step.key:
                run_id = event.from_run_id if isinstance(event, StepReused) else event.run_id
                facts = [fact for fact in event.facts if isinstance(fact, OutputStored) and fact.output == name]
                found.update({fact.mapping_key: (run_id, fact) for fact in facts})
        return found

    def _read(self, step: Step, output: NodeOutput, run_id: RunId, fact: OutputStored) -> Any:
        key = (step.key, output.name, fact.mapping_key)
        if key in self.values:
            return self.values[key]
        if fact.kept == "not-storable":
            raise InvariantViolationError(
                f"output '{output.name}' of '{step.key}' cannot be stored, so it is known only in the process and run that made it."
            )
        return None if fact.kept == "nothing" else self.load_output(output, run_id, step.key, fact.mapping_key)

    def _output(self, step: Step, name: str) -> Any:
        output = next((one for one in step.outputs if one.name == name), None)
        if output is None:
            near = did_you_mean(name, [one.name for one in step.outputs])
            raise InvariantViolationError(f"'{step.key}' has no output '{name}'. {near}".rstrip())
        stored = self._stored(step, name)
        if output.is_dynamic:
            return {key: self._read(step, output, *found) for key, found in stored.items()}
        if (step.key, name, None) in self.values:
            return self.values[step.key, name, None]
        if output.asset is not None:
            return self.asset_value(output.asset)
        if None in stored:
            return self._read(step, output, *stored[None])
        raise InvariantViolationError(
            f"'{step.key}' gave no output '{name}' in this run: see failure_data_for_node and get_step_skipped_events."
        )

    # -- events --------------------------------------------------------------------------------------------------------------

    def filter_events(self, event_filter: Callable[[Event], bool]) -> list[Event]:
        """Events that pass."""
        return [event for event in self.all_events if event_filter(event)]

    def events_for_node(self, node_name: str) -> list[Event]:
        """Events of one node's steps."""
        steps = {
            step.key
            for step in (*self.plan.steps, *self.steps)
            if node_name in (step.handle, step.key, step.node) or step.handle.startswith(f"{node_name}.")
        }
        return [event for event in self.all_events if getattr(event, "step", None) in steps]

    def get_run_success_event(self) -> RunSucceeded:
        """The event that the run ended well.

        Raises
        ------
        InvariantViolationError
            If it did not.
        """
        return self._end(RunSucceeded)

    def get_run_failure_event(self) -> RunFailed:
        """The event that the run ended in failure; the error is the other way round."""
        return self._end(RunFailed)

    get_job_success_event = get_run_success_event
    get_job_failure_event = get_run_failure_event

    def get_asset_materialization_planned_events(self) -> list[Target]:
        """What the run was to make: each asset, with its partitions."""
        return [target for event in self.all_events if isinstance(event, RunRequested) for target in event.targets]

    def get_asset_materialization_events(self) -> list[AssetMaterialized]:
        """Every materialization, in order; its data and code version are among its tags."""
        return [_with_versions(fact) for fact in self._facts(AssetMaterialized)]

    def asset_materializations_for_node(self, node_name: str) -> list[AssetMaterialized]:
        """Materializations by one node."""
        facts = [fact for event in self.events_for_node(node_name) for fact in getattr(event, "facts", ())]
        return [_with_versions(fact) for fact in facts if isinstance(fact, AssetMaterialized)]

    def asset_observations_for_node(self, node_name: str) -> list[AssetObserved]:
        """Observations by one node."""
        facts = [fact for event in self.events_for_node(node_name) for fact in getattr(event, "facts", ())]
        return [fact for fact in facts if isinstance(fact, AssetObserved)]

    def get_asset_observation_events(self) -> list[AssetObserved]:
        """Every observation, in order."""
        return self._facts(AssetObserved)

    def get_asset_check_evaluations(self) -> list[CheckEvaluated]:
        """Every verdict of a check, in order."""
        return self._facts(CheckEvaluated)

    def get_step_success_events(self) -> list[StepSucceeded]:
        """Steps that ended well."""
        return [event for event in self.all_events if isinstance(event, StepSucceeded)]

    def get_step_failure_events(self) -> list[StepFailed]:
        """Steps that failed."""
        return [event for event in self.all_events if isinstance(event, StepFailed)]

    def get_step_skipped_events(self) -> list[StepSkipped]:
        """Steps that did not run, with the reason."""
        return [event for event in self.all_events if isinstance(event, StepSkipped)]

    def get_failed_step_keys(self) -> set[str]:
        """Keys of the steps that failed."""
        return {event.step for event in self.get_step_failure_events()}

    def get_skipped_step_keys(self) -> set[str]:
        """Keys of the steps that did not run."""
        return {event.step for event in self.get_step_skipped_events()}

    def get_step_reused_events(self) -> list[StepReused]:
        """Steps whose outputs were taken from an earlier run."""
        return [event for event in self.all_events if isinstance(event, StepReused)]

    def get_hook_events(self) -> list[HookRan]:
        """Every hook that ran, in order."""
        return self._facts(HookRan)

    def retry_attempts_for_node(self, node_name: str) -> int:
        """How many attempts of the node failed and were followed by another."""
        return sum(isinstance(event, StepRetried) for event in self.events_for_node(node_name))

    def failure_data_for_node(self, node_name: str) -> ErrorInfo | None:
        """The error of a node that failed; None for one that did not."""
        failures = [event.error for event in self.events_for_node(node_name) if isinstance(event, StepFailed)]
        return failures[-1] if failures else None

    def is_node_success(self, node_name: str) -> bool:
        """Whether every step of the node ended well."""
        events = self.events_for_node(node_name)
        return any(isinstance(event, (StepSucceeded, StepReused)) for event in events) and not self.is_node_failed(node_name)

    def is_node_failed(self, node_name: str) -> bool:
        """Whether a step of the node failed."""
        return any(isinstance(event, StepFailed) for event in self.events_for_node(node_name))

    def is_node_untouched(self, node_name: str) -> bool:
        """Whether no step of the node came to its turn, since it was not selected or the run ended before."""
        return not self.events_for_node(node_name)

    def is_node_skipped(self, node_name: str) -> bool:
        """Whether a step of the node was skipped and none ran."""
        events = self.events_for_node(node_name)
        return any(isinstance(event, StepSkipped) for event in events) and not self.is_node_success(node_name)

    def to_json(self) -> Json:
        """Facts about the run for machines: status, what was made, what failed, what was skipped."""
        return {
            "run_id": self.run_id,
            "status": self.status,
            "steps": len(self.plan.steps),
            "materialized": [
                {"asset": str(fact.asset), "partition": fact.partition.key if fact.partition else None, "rows": fact.rows, "uri": fact.uri,
                 "data_version": fact.data_version}
                for fact in self.get_asset_materialization_events()
            ],
            "failed": [
                {"step": event.step, "error": str(event.error), "place": event.error.place} for event in self.get_step_failure_events()
            ],
            "skipped": [{"step": event.step, "reason": event.reason, "because": event.because} for event in self.get_step_skipped_events()],
            **({"notebook": str(self.notebook)} if self.notebook is not None else {}),
        }  # fmt: skip

    def _end(self, kind: type[E]) -> E:
        found = [event for event in self.all_events if isinstance(event, kind)]
        if not found:
            raise InvariantViolationError(f"run {self.run_id[:8]} ended as {self.status}, so there is no {kind.__name__} event.")
        return found[-1]

    def _facts(self, kind: type[Any]) -> list[Any]:
        found: list[Fact] = []
        for event in self.all_events:
            found.extend(fact for fact in getattr(event, "facts", ()) if isinstance(fact, kind))
        return found
