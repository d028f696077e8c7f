"""What the verbs about time and trust were told: why, history, rollback, diff, gc, rename, check."""

from __future__ import annotations

from nbasset.arguments.options import PartitionArguments
from nbasset.dataclass import dataclass

NO_PARTITIONS = PartitionArguments()


@dataclass(frozen=True, slots=True)
class WhyArguments:
    """``why``. `direct` leaves out what is stale only because of something above."""

    asset: str
    partition: str = ""
    direct: bool = False


@dataclass(frozen=True, slots=True)
class HistoryArguments:
    """``history``: the newest `limit` versions of an asset or a partition, from before version `before` if that is given."""

    asset: str
    partition: str = ""
    limit: int = 20
    before: str = ""


@dataclass(frozen=True, slots=True)
class RollbackArguments:
    """``rollback``: make an earlier version current again; `to` is a version id, a run id or a moment."""

    asset: str
    to: str
    partitions: PartitionArguments = NO_PARTITIONS
    yes: bool = False


@dataclass(frozen=True, slots=True)
class DiffArguments:
    """``diff``: two versions of an asset (`versions`: none, one or two; by default the current one and the one before), or two partitions.

    `key` are columns that tell rows apart; empty: guessed. `examples` rows are shown of each kind of change.
    """

    asset: str
    versions: tuple[str, ...] = ()
    partitions: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    examples: int = 5


@dataclass(frozen=True, slots=True)
class GcArguments:
    """``gc``. What is None is as the settings say. `older_than_s` and `max_bytes` limit age and size besides the number kept."""

    dry_run: bool = False
    keep: int | None = None
    older_than_s: float | None = None
    max_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class RenameArguments:
    """``rename``: the asset goes on under another key."""

    asset: str
    new: str


@dataclass(frozen=True, slots=True)
class CheckArguments:
    """``check``: is the notebook what its cells say? With `clean_kernel` also the proof, on one partition or the first `rows` of inputs."""

    select: str = ""
    clean_kernel: bool = False
    partition: str = ""
    rows: int = 0
