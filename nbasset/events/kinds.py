"""Everything that can happen, as frozen facts in the past tense. The log is a list of these and nothing else.

Each event has `at_us`, microseconds since 1970 UTC. Log *lines* are no events: they are in files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal, TypeAlias

from nbasset.dataclass import dataclass
from nbasset.events.facts import AssetMaterialized, AssetObserved, CheckEvaluated, ErrorInfo, Fact, InstigatorId
from nbasset.keys import AssetKey, PartitionRef, RunId
from nbasset.ordinals import OrdinalSet
from nbasset.serde import Json, serializable

RunReason = Literal["error", "steps-failed", "worker-lost", "kernel-died", "cancelled", "interrupted", "timeout", "refused"]


@serializable
@dataclass(frozen=True, slots=True)
class Owner:
    """A process that can be told apart from a later one with the same number: host, pid and its start time (clock ticks since boot)."""

    host: str
    pid: int
    started: int


@serializable
@dataclass(frozen=True, slots=True)
class Target:
    """What a run means to make: an asset and its partitions (None: unpartitioned)."""

    asset: AssetKey
    partitions: OrdinalSet | None = None


# -- Runs -------------------------------------------------------------------------------------------------------------------


@serializable
@dataclass(frozen=True, slots=True)
class RunRequested:
    """Somebody asked for a run. `plan_id` finds the text of its plan among the stored texts.

    `kind` says how it executes: in the live kernel, in worker processes, through papermill. `parent_run_id` is set for a re-execution.
    `launch_id` finds the text that a worker carries out, for a run whose process somebody else starts.
    """

    at_us: int
    run_id: RunId
    targets: tuple[Target, ...] = ()
    steps: int = 0
    job: str | None = None
    kind: Literal["interactive", "background", "papermill", "command", "scheduled"] = "interactive"
    location: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, Json] = field(default_factory=dict)
    plan_id: str | None = None
    parent_run_id: RunId | None = None
    root_run_id: RunId | None = None
    backfill_id: str | None = None
    user: str = ""
    launch_id: str | None = None


@serializable
@dataclass(frozen=True, slots=True)
class RunQueued:
    """The run waits for its turn."""

    at_us: int
    run_id: RunId


@serializable
@dataclass(frozen=True, slots=True)
class RunStarting:
    """A process was started for the run, which it has not taken on yet. `owner` is that process."""

    at_us: int
    run_id: RunId
    owner: Owner | None = None


@serializable
@dataclass(frozen=True, slots=True)
class RunStarted:
    """A process took the run on."""

    at_us: int
    run_id: RunId
    owner: Owner | None = None


@serializable
@dataclass(frozen=True, slots=True)
class RunCancelRequested:
    """Somebody wants the run to stop."""

    at_us: int
    run_id: RunId
    by: str = ""


@serializable
@dataclass(frozen=True, slots=True)
class RunTagged:
    """Tags were added to the run, also after its end; one that it had has the new value."""

    at_us: int
    run_id: RunId
    tags: Mapping[str, str] = field(default_factory=dict)
    by: str = ""


@serializable
@dataclass(frozen=True, slots=True)
class RunSucceeded:
    """All steps ended well or were skipped on purpose."""

    at_us: int
    run_id: RunId


@serializable
@dataclass(frozen=True, slots=True)
class RunFailed:
    """The run ended without all it set out to make. `reason` is for programs, `message` for people."""

    at_us: int
    run_id: RunId
    reason: RunReason = "steps-failed"
    message: str = ""
    error: ErrorInfo | None = None


@serializable
@dataclass(frozen=True, slots=True)
class RunCancelled:
    """The run stopped because somebody asked."""

    at_us: int
    run_id: RunId
    message: str = ""


class _OfStep:
    """What every event of a step answers, whatever its fields."""

    __slots__ = ()
    step: str

    @property
    def step_key(self) -> str:
        """The step, as users of the field call it."""
        return self.step


# -- Steps ------------------------------------------------------------------------------------------------------------------


@serializable
@dataclass(frozen=True, slots=True)
class StepStarted(_OfStep):
    """Written only for steps that last, or run in another process; the end of a step carries its start anyway."""

    at_us: int
    run_id: RunId
    step: str
    attempt: int = 1
    pid: int | None = None


@serializable
@dataclass(frozen=True, slots=True)
class StepSucceeded(_OfStep):
    """A step ended well; its facts are all that it loaded, stored and found. Durations are of this attempt."""

    at_us: int
    run_id: RunId
    step: str
    facts: tuple[Fact, ...] = ()
    attempt: int = 1
    started_us: int = 0
    load_us: int = 0
    work_us: int = 0
    write_us: int = 0


@serializable
@dataclass(frozen=True, slots=True)
class StepFailed(_OfStep):
    """The last attempt of a step failed. `targets` are the assets and partitions that it leaves unmade."""

    at_us: int
    run_id: RunId
    step: str
    error: ErrorInfo
    targets: tuple[Target, ...] = ()
    facts: tuple[Fact, ...] = ()
    attempt: int = 1
    started_us: int = 0
    cancelled: bool = False


@serializable
@dataclass(frozen=True, slots=True)
class StepRetried(_OfStep):
    """An attempt failed and another follows after `wait_s` seconds. `attempt` is the one that failed."""

    at_us: int
    run_id: RunId
    step: str
    error: ErrorInfo | None = None
    attempt: int = 1
    wait_s: float = 0.0
    started_us: int = 0


@serializable
@dataclass(frozen=True, slots=True)
class StepSkipped(_OfStep):
    """A step did not run. `because` names the step or check that it waited for.

    `upstream-failed` is a consequence of a failure; `upstream-skipped` and `not-yielded` are deliberate; `fresh`: nothing to do.
    """

    at_us: int
    run_id: RunId
    step: str
    reason: Literal["upstream-failed", "upstream-skipped", "check-failed", "not-yielded", "fresh", "cancelled"]
    because: str = ""
    targets: tuple[Target, ...] = ()


@serializable
@dataclass(frozen=True, slots=True)
class StepReused(_OfStep):
    """A re-execution took the outputs that the parent run stored."""

    at_us: int
    run_id: RunId
    step: str
    from_run_id: RunId
    facts: tuple[Fact, ...] = ()


# -- Assets, outside a step ---------------------------------------------------------------------------------------------------


@serializable
@dataclass(frozen=True, slots=True)
class AssetReported:
    """Somebody outside tells of an asset: no run made it."""

    at_us: int
    fact: AssetMaterialized | AssetObserved | CheckEvaluated
    by: str = ""


@serializable
@dataclass(frozen=True, slots=True)
class AssetRolledBack:
    """An earlier version is current again: a new event with the facts of the old one, whose `version_id` it keeps."""

    at_us: int
    materialization: AssetMaterialized
    from_version_id: str = ""
    by: str = ""


@serializable
@dataclass(frozen=True, slots=True)
class AssetRenamed:
    """An asset goes on under another key, with its history."""

    at_us: int
    old: AssetKey
    new: AssetKey
    by: str = ""


@serializable
@dataclass(frozen=True, slots=True)
class AssetRetired:
    """The definition is gone; the data and the history stay."""

    at_us: int
    asset: AssetKey
    by: str = ""


@serializable
@dataclass(frozen=True, slots=True)
class AssetWiped:
    """Records of an asset were given up: all of it, some partitions, or one version."""

    at_us: int
    asset: AssetKey
    partitions: OrdinalSet | None = None
    version_id: str | None = None
    by: str = ""


@serializable
@dataclass(frozen=True, slots=True)
class PartitionsAdded:
    """Keys joined a dynamic partitions definition."""

    at_us: int
    name: str
    partitions: tuple[PartitionRef, ...]


@serializable
@dataclass(frozen=True, slots=True)
class PartitionsDeleted:
    """Keys left a dynamic partitions definition; data and history stay."""

    at_us: int
    name: str
    partitions: tuple[PartitionRef, ...]


@serializable
@dataclass(frozen=True, slots=True)
class FileOrphaned:
    """A file that no event names was found: never served, kept for people to look at."""

    at_us: int
    uri: str
    asset: AssetKey | None = None


# -- Backfills ----------------------------------------------------------------------------------------------------------------


@serializable
@dataclass(frozen=True, slots=True)
class BackfillRequested:
    """A set of partitions is to be made by several runs. The set and the time it was taken at are frozen here."""

    at_us: int
    backfill_id: str
    targets: tuple[Target, ...]
    location: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Json] = field(default_factory=dict)
    title: str = ""
    by: str = ""


@serializable
@dataclass(frozen=True, slots=True)
class BackfillProgressed:
    """A chunk of the backfill was handed to a run."""

    at_us: int
    backfill_id: str
    run_id: RunId
    targets: tuple[Target, ...]


@serializable
@dataclass(frozen=True, slots=True)
class BackfillCancelRequested:
    """Somebody wants the backfill to stop; runs that go on are cancelled too."""

    at_us: int
    backfill_id: str
    by: str = ""


@serializable
@dataclass(frozen=True, slots=True)
class BackfillEnded:
    """Every partition was made, failed, or was left out on purpose. ``failed`` is a failure of the backfill itself."""

    at_us: int
    backfill_id: str
    status: Literal["completed_success", "completed_failed", "cancelled", "failed"]
    message: str = ""


# -- Schedules and sensors ----------------------------------------------------------------------------------------------------


@serializable
@dataclass(frozen=True, slots=True)
class InstigatorSet:
    """A schedule or sensor was turned on or off, or is again as its definition says (`status` None).

    Ticks count from `since_us` on, where that is given; 0 leaves it as it was.
    """

    at_us: int
    instigator: InstigatorId
    status: Literal["RUNNING", "STOPPED"] | None = None
    since_us: int = 0
    by: str = ""


@serializable
@dataclass(frozen=True, slots=True)
class CursorSet:
    """Somebody gave a sensor another cursor, or none."""

    at_us: int
    instigator: InstigatorId
    cursor: str | None = None
    by: str = ""


@serializable
@dataclass(frozen=True, slots=True)
class TickEvaluated:
    """A schedule or sensor was asked, and what came of it. The runs it asked for are requested in the same append.

    `spent` has (run key, run) of requests whose key was used before, `also` says in words what else it did, `log`
    the file of its lines. A `cursor` or `last_run_key` of None leaves the one before in place; a failure leaves both, whatever it says.
    `will_retry` tells of a failure that the same tick is tried again; `attempt` counts the tries before this one.
    """

    at_us: int
    instigator: InstigatorId
    status: Literal["success", "skipped", "failure"]
    started_us: int
    scheduled_us: int | None = None
    run_ids: tuple[RunId, ...] = ()
    spent: tuple[tuple[str, str], ...] = ()
    skip_message: str | None = None
    error: ErrorInfo | None = None
    cursor: str | None = None
    last_run_key: str | None = None
    attempt: int = 0
    backfill_id: str | None = None
    also: tuple[str, ...] = ()
    log: str = ""
    will_retry: bool = False


@serializable
@dataclass(frozen=True, slots=True)
class TickMissed:
    """Ticks of a schedule passed while nobody was there to evaluate them, and are not made up for: `count`, from the first to the last."""

    at_us: int
    instigator: InstigatorId
    count: int
    first_us: int
    last_us: int


RunEvent: TypeAlias = (
    RunRequested | RunQueued | RunStarting | RunStarted | RunCancelRequested | RunTagged | RunSucceeded | RunFailed | RunCancelled
)
StepEvent: TypeAlias = StepStarted | StepSucceeded | StepFailed | StepRetried | StepSkipped | StepReused
AssetEvent: TypeAlias = AssetReported | AssetRolledBack | AssetRenamed | AssetRetired | AssetWiped | FileOrphaned
PartitionEvent: TypeAlias = PartitionsAdded | PartitionsDeleted
BackfillEvent: TypeAlias = BackfillRequested | BackfillProgressed | BackfillCancelRequested | BackfillEnded
TickEvent: TypeAlias = TickEvaluated | TickMissed
InstigatorEvent: TypeAlias = InstigatorSet | CursorSet | TickEvent
Event: TypeAlias = RunEvent | StepEvent | AssetEvent | PartitionEvent | BackfillEvent | InstigatorEvent
