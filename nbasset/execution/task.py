"""What goes to whoever runs a step, and what comes back. Both are plain data: they cross processes as JSON.

No function, no value and no secret is in a task; a worker finds the code by `CodeRef` and the inputs through their I/O managers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from nbasset.dataclass import NOTHING, dataclass
from nbasset.definitions.listed_partitions import AddDynamicPartitionsRequest, DeleteDynamicPartitionsRequest
from nbasset.events.facts import ErrorInfo, Fact
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
class StepTask:
    """One attempt of one step. `origins` names the earlier run that stored the outputs of a step, where this run did not."""

    run_id: RunId
    step: Step
    attempt: int = 1
    code: CodeRef = CodeRef()
    inputs: tuple[InputVersions, ...] = ()
    refs: tuple[PartitionRef, ...] = ()
    config: Mapping[str, Json] = NOTHING
    tags: Mapping[str, str] = NOTHING
    job: str | None = None
    home: str = ""
    place: str = ""
    mapping_key: str | None = None
    origins: Mapping[str, RunId] = NOTHING
    deadline_us: int | None = None


@serializable
@dataclass(frozen=True, slots=True)
class StepReport:
    """How an attempt went. `facts` are complete but for what publishing adds; `staged` waits to be published.

    `wants_retry` is set when the user's code asked for another attempt: (how many at most, seconds to wait). `retries_allowed` is False
    when it forbade one. `unchanged` tells that a conditional step found nothing to do. `keys` are dynamic partitions to add or delete.
    """

    step: str
    facts: tuple[Fact, ...] = ()
    staged: tuple[tuple[str, Staged], ...] = ()
    error: ErrorInfo | None = None
    started_us: int = 0
    load_us: int = 0
    work_us: int = 0
    write_us: int = 0
    cancelled: bool = False
    wants_retry: tuple[int, float] | None = None
    retries_allowed: bool = True
    unchanged: bool = False
    keys: tuple[AddDynamicPartitionsRequest | DeleteDynamicPartitionsRequest, ...] = ()


RunStep: TypeAlias = Callable[[StepTask], StepReport]
