"""What a context of an I/O manager knows of the step around it: looked up when it is asked for, so that a step pays nothing for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from nbasset.definitions.value_types import resolve_type
from nbasset.errors import InvariantViolationError

if TYPE_CHECKING:
    from nbasset.definitions.op import OpDefinition
    from nbasset.definitions.specs import AssetSpec
    from nbasset.definitions.value_types import Type


class StepFacts(NamedTuple):
    """The op that is called, the job and the instance of the run, the asset that is written or read. None where there is none."""

    op_def: Any = None
    job_name: str | None = None
    instance: Any = None
    asset_spec: AssetSpec | None = None
    version: str | None = None


class AroundStep:
    """The properties of a context that answer from its `around`."""

    __slots__ = ()
    around: StepFacts
    declared_type: Any

    @property
    def value_type(self) -> Type:
        """The type that the function says the value has; `Any` where it says none."""
        return resolve_type(self.declared_type, getattr(getattr(self.around.op_def, "fn", None), "__globals__", None))

    @property
    def op_def(self) -> OpDefinition:
        """The op that writes or reads; an error where no run made the context and none was given."""
        found: OpDefinition = self._of_run("op_def")
        return found

    @property
    def job_name(self) -> str | None:
        """The job; None for a run of assets without one."""
        if self.around.op_def is None:
            self._of_run("job_name")
        return self.around.job_name

    @property
    def instance(self) -> Any:
        """The instance of the run."""
        return self._of_run("instance")

    @property
    def asset_spec(self) -> AssetSpec:
        """The spec of the asset that is written or read; an error for the output of an op."""
        found: AssetSpec = self._of_run("asset_spec")
        return found

    @property
    def version(self) -> str | None:
        """The version that `build_output_context` was given; a run gives none (see `version_id` and `data_version`)."""
        return self.around.version

    def _of_run(self, name: str) -> Any:
        found = getattr(self.around, name)
        if found is None:
            hint = f"Give it: build_output_context({name}=...)." if name in ("op_def", "instance") else "A run tells it where there is one."
            raise InvariantViolationError(f"{name} is not known in this context. {hint}")
        return found


NOTHING_AROUND = StepFacts()
"""Of a context that no run made."""
