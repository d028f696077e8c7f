"""What the verbs about partitions and runs were told, as frozen values."""

from __future__ import annotations

from nbasset.arguments.options import PartitionArguments
from nbasset.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class PartitionsArguments:
    """``partitions``: those of one asset; `partitions` chooses some of them."""

    asset: str
    partitions: PartitionArguments = PartitionArguments()


@dataclass(frozen=True, slots=True)
class RunsArguments:
    """``runs``: the newest ones, or one: `run` is (the start of) its id, or ``last``. With `follow` it is watched to its end."""

    run: str = ""
    follow: bool = False
    asset: str = ""
    limit: int = 15


@dataclass(frozen=True, slots=True)
class CancelArguments:
    """``cancel``: a run by (the start of) its id, or ``last``; with `force` its process is ended at once."""

    run: str
    force: bool = False
