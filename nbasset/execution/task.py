"""What goes to whoever runs a step, and what comes back. Both are plain data: they cross processes as JSON.

No function, no value and no secret is in a task; a worker finds the code by `CodeRef` and the inputs through their I/O managers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal, TypeAlias

from nbasset import clock
from nbasset.dataclass import NOTHING, dataclass
from nbasset.definitions.listed_partitions import AddDynamicPartitionsRequest, DeleteDynamicPartitionsRequest
from nbasset.events.facts import AssetMaterialized, ErrorInfo, Fact
from nbasset.events.kinds import StepFailed, StepSucceeded
from nbasset.io_managers.protocol import Staged
from nbasset.keys import AssetKey, PartitionRef, RunId
from nbasset.planning.plan import Step
from nbasset.serde import Json, serializable

NOT_TOLD = "i1:"
"""The input digest in the facts of a report: the run puts the real one in its place."""


@serializable
@dataclass(frozen=True, slots=True)
class CodeRef:
    """Where a worker finds the code of a node: the slice text (`source_id`), a module, or a notebook's path.

    `version` is the code version recorded with what the step makes. `catalog_id` finds the stored catalog of the run: a slice knows nothing
    of the assets that it reads.
    """

    kind: Literal["slice", "module", "notebook", "live"] = "live"
    location: str = ""
    source_id: str = ""
    version: str = ""
    catalog_id: str = ""


@serializable
@dataclass(frozen=True, slots=True)
class InputVersions:
    """Which versions one asset input reads, in order of ordinal; an empty version id means whatever is there.

    `refs` is empty for an unpartitioned upstream. `known` tells whether the asset has any record at all, `is_cut` that what was made last
    of an asset without partitions were partitions.
    """

    name: str
    asset: AssetKey
    refs: tuple[PartitionRef, ...] = ()
    version_ids: tuple[str, ...] = ()
    data_versions: tuple[str, ...] = ()
    known: bool = True
    is_cut: bool = False


@serializable
@dataclass(frozen=True, slots=True)
class TaskRun:
    """The run that tasks are of: what they all have in common."""

    run_id: RunId
    config: Mapping[str, Json] = NOTHING
    tags: Mapping[str, str] = NOTHING
    job: str | None = None
    home: str = ""


@serializable
@dataclass(frozen=True, slots=True)
class StepTask:
    """One attempt of one step. `origins` names the earlier run that stored the outputs of a step, where this run did not."""

    run: TaskRun
    step: Step
    attempt: int = 1
    code: CodeRef = CodeRef()
    inputs: tuple[InputVersions, ...] = ()
    refs: tuple[PartitionRef, ...] = ()
    origins: Mapping[str, RunId] = NOTHING


@serializable
@dataclass(frozen=True, slots=True)
class StepReport:
    """How an attempt went: the event that ends the step if nothing comes in between, at the time when the attempt was over.

    Its facts are complete but for what publishing adds; `staged` waits to be published. `wants_retry` is set when the user's code asked
    for another attempt: (how many at most, seconds to wait). `retries_allowed` is False when it forbade one. `keys` are dynamic partitions
    to add or delete.
    """

    ended: StepSucceeded | StepFailed
    staged: tuple[tuple[str, Staged], ...] = ()
    keys: tuple[AddDynamicPartitionsRequest | DeleteDynamicPartitionsRequest, ...] = ()
    wants_retry: tuple[int, float] | None = None
    retries_allowed: bool = True


def report_failure(
    task: StepTask, error: ErrorInfo, started_us: int = 0, *, facts: Iterable[Fact] = (), cancelled: bool = False
) -> StepReport:  # fmt: skip
    """The report of an attempt that failed, or was cancelled. Versions that it made before count for nothing."""
    left = tuple([fact for fact in facts if not isinstance(fact, AssetMaterialized)])
    step = task.step
    return StepReport(
        StepFailed(clock.now_us(), task.run.run_id, step.key, error, step.targets, left, task.attempt, started_us, cancelled)
    )  # fmt: skip


RunStep: TypeAlias = Callable[[StepTask], StepReport]
