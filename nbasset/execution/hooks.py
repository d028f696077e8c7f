"""Running hooks after an attempt of a step. A hook that fails is recorded with the step and changes nothing else."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from nbasset.dataclass import dataclass
from nbasset.definitions.hooks import HookDefinition
from nbasset.definitions.op import OpDefinition
from nbasset.definitions.resources_context import Resources
from nbasset.definitions.results import NO_VALUE
from nbasset.errors import Failure, InvariantViolationError, RetryRequested
from nbasset.events.facts import Fact, HookRan
from nbasset.execution.context import RunView
from nbasset.execution.environment import StepEnvironment
from nbasset.execution.failures import error_info
from nbasset.execution.results import Given
from nbasset.execution.task import StepTask
from nbasset.keys import RunId, new_run_id
from nbasset.metadata import MetadataValue
from nbasset.planning.retries import wait_before_retry

_LOG = logging.getLogger("nbasset.hooks")


@dataclass(slots=True)
class HookContext:
    """What a hook can ask: the step that ended, its op, what came of it, and the resources that the hook needs.

    `op_exception` is set for a failure hook, `op_output_values` for a success hook: by output, and by mapping key for a dynamic one.

    >>> from nbasset import build_hook_context, success_hook
    >>> @success_hook(required_resource_keys={"chat"})
    ... def tell(context: HookContext):
    ...     context.resources.chat.append("done")
    >>> said = []
    >>> tell(build_hook_context(resources={"chat": said}))
    >>> said
    ['done']
    """

    __nbasset_context__ = True

    op: OpDefinition | None = None
    step_key: str = ""
    run: RunView | None = None
    hook_def: HookDefinition | None = None
    resources: Any = field(default_factory=lambda: Resources({}))
    op_config: Any = None
    op_exception: BaseException | None = None
    op_output_values: Mapping[str, Any] = field(default_factory=dict)
    op_output_metadata: Mapping[str, Mapping[str, MetadataValue]] = field(default_factory=dict)
    log: Any = _LOG
    _instance: Any = None

    @property
    def run_id(self) -> RunId:
        """The run's id."""
        return self.run.run_id if self.run is not None else RunId("")

    @property
    def job_name(self) -> str | None:
        """The job, if the run is of one."""
        return self.run.job_name if self.run is not None else None

    @property
    def run_tags(self) -> Mapping[str, str]:
        """The run's tags."""
        return self.run.tags if self.run is not None else {}

    @property
    def required_resource_keys(self) -> frozenset[str]:
        """Keys of the resources that the hook asked for by name."""
        return self.hook_def.required_resource_keys if self.hook_def is not None else frozenset()

    @property
    def instance(self) -> Any:
        """The instance: records, runs.

        Raises
        ------
        InvariantViolationError
            If the context was built without one.
        """
        if self._instance is None:
            raise InvariantViolationError("this hook context has no instance. Pass one: build_hook_context(instance=Instance.ephemeral()).")
        return self._instance


def build_hook_context(
    resources: Mapping[str, Any] | None = None,
    op: Any = None,
    run_id: str | None = None,
    job_name: str | None = None,
    op_exception: BaseException | None = None,
    instance: Any = None,
    *,
    op_config: Any = None,
    op_output_values: Mapping[str, Any] | None = None,
    step_key: str | None = None,
) -> HookContext:
    """A context for testing a hook by hand. Resources given as definitions are opened.

    >>> from nbasset.definitions.hooks import failure_hook
    >>> @failure_hook
    ... def tell(context):
    ...     print(context.op_exception)
    >>> tell(build_hook_context(op_exception=ValueError("no rows")))
    no rows
    """
    from nbasset.definitions.resources_open import ResourceScope

    inner = getattr(op, "node", op)
    scope = ResourceScope(resources or {})
    return HookContext(
        inner,
        str(step_key or getattr(op, "name", None) or getattr(inner, "name", "")),
        RunView(RunId(run_id) if run_id is not None else new_run_id(), {}, job_name),
        None,
        scope.get(list(resources or {})),
        op_config,
        op_exception,
        dict(op_output_values or {}),
        _instance=instance,
    )


class StepHooks:
    """The hooks of one attempt of one step: those of its op and of the job. They run when nothing more will be tried."""

    def __init__(self, environment: StepEnvironment, task: StepTask, of_job: frozenset[HookDefinition] = frozenset()) -> None:
        self._environment = environment
        self._task = task
        self._hooks = of_job
        self._op: OpDefinition | None = None
        self._resources: Any = Resources({})
        self._config: Any = None
        self._log: Any = _LOG
        self._values: dict[str, Any] = {}
        self._metadata: dict[str, Mapping[str, MetadataValue]] = {}

    @property
    def resource_keys(self) -> frozenset[str]:
        """Resources that the hooks need."""
        return frozenset(key for hook in self._hooks for key in hook.resource_keys)

    def of(self, op: OpDefinition) -> None:
        """The op is known: its hooks join those of the job."""
        self._op = op
        self._hooks = self._hooks | op.hooks

    def with_surroundings(self, resources: Any, config: Any, log: Any) -> None:
        """Everything around the op is there."""
        self._resources, self._config, self._log = resources, config, log

    def gave(self, output: str, value: Any, said: Given) -> None:
        """The op gave a value, and said this of it."""
        if not self._hooks or value is NO_VALUE:
            return
        if said.mapping_key is None:
            self._values[output] = value
        else:
            self._values.setdefault(output, {})[said.mapping_key] = value
        self._metadata[output] = said.metadata

    def after_success(self) -> list[Fact]:
        """Run the success hooks; one fact each."""
        return [self._run(hook, None) for hook in self._in_order("success")]

    def after_failure(self, error: BaseException) -> list[Fact]:
        """Run the failure hooks, unless another attempt follows; one fact each."""
        if not self._hooks:
            return []
        asked = (error.max_retries, error.seconds_to_wait) if isinstance(error, RetryRequested) else None
        allowed = error.allow_retries if isinstance(error, Failure) else True
        again = wait_before_retry(self._task.step.retry, attempt=self._task.attempt, asked=asked, allowed=allowed, chance=0.0)
        return [] if again is not None else [self._run(hook, error) for hook in self._in_order("failure")]

    def _in_order(self, on: str) -> list[HookDefinition]:
        return sorted((hook for hook in self._hooks if hook.on == on), key=lambda hook: hook.name)

    def _run(self, hook: HookDefinition, error: BaseException | None) -> HookRan:
        task, run = self._task, self._task.run
        context = HookContext(
            self._op, task.step.key, RunView(run.run_id, run.tags, run.job, run.config), hook, self._resources, self._config, error,
            dict(self._values), dict(self._metadata), self._log, self._environment.instance,
        )  # fmt: skip
        try:
            hook.run(context)
        except Exception as problem:  # noqa: BLE001 - a hook that fails is told; the run goes on
            self._log.warning("hook %s after step %s failed: %s", hook.name, task.step.key, problem)
            return HookRan(hook.name, error_info(problem))
        return HookRan(hook.name)
