"""What each verb was told, as frozen values. Field names are those of the parameters in `verbs`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from nbasset.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class HelpArguments:
    """Somebody asked how a verb is used; `text` says it."""

    text: str
    verb: str = ""


@dataclass(frozen=True, slots=True)
class PartitionArguments:
    """Which partitions, as they were written: `partition` keys and ranges, or `start` and `end`, both included."""

    partition: str = ""
    start: str = ""
    end: str = ""

    @property
    def text(self) -> str:
        """One text for `partition_ranges.parse_ranges`; empty when no partition was named."""
        if self.partition:
            return self.partition
        return f"{self.start}..{self.end}" if self.start or self.end else ""


@dataclass(frozen=True, slots=True)
class ListArguments:
    """``list``."""

    select: str = ""


@dataclass(frozen=True, slots=True)
class GraphArguments:
    """``graph``. `output` is a file whose ending chooses the form; empty: show it."""

    select: str = ""
    output: str = ""
    direction: Literal["down", "right"] = "down"


@dataclass(frozen=True, slots=True)
class PlanArguments:
    """``plan``, and what ``run`` shares with it.

    Without a selection everything stale is meant. `stale` leaves out what is fresh, `only` adds nothing that was not selected, `force` runs
    also what is fresh. `config` is a file of run configuration or ``path=value`` pairs. With `days` schedules and sensors are meant.
    """

    select: str = ""
    partitions: PartitionArguments = PartitionArguments()
    stale: bool = False
    missing: bool = False
    failed: bool = False
    only: bool = False
    force: bool = False
    config: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    days: float = 0


@dataclass(frozen=True, slots=True)
class RunArguments(PlanArguments):
    """``run``. `executor` overrides the home's. `part_of` is the id of a run that others began: the steps of it that make the selection.

    With `background` the run has a process of its own.
    """

    executor: str = ""
    quiet: bool = False
    part_of: str = ""
    background: bool = False


@dataclass(frozen=True, slots=True)
class BackfillArguments:
    """``backfill``. One of `resume`, `cancel` and `status` names a backfill; with `list` all are meant; else one is asked for.

    `only` leaves out what is not ``missing``, ``failed`` or ``stale``; `chunk` partitions go into a run (0: as many as is good), of which
    `concurrency` go on at a time. With `background` a process of its own carries it out.
    """

    select: str = ""
    partitions: PartitionArguments = PartitionArguments()
    all: bool = False
    only: Literal["", "missing", "failed", "stale"] = ""
    upstream: bool = True
    chunk: int = 0
    workers: int = 1
    concurrency: int = 1
    newest_first: bool = False
    title: str = ""
    config: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False
    quiet: bool = False
    list: bool = False
    status: str = ""
    resume: str = ""
    cancel: str = ""
    background: bool = False


@dataclass(frozen=True, slots=True)
class ShowArguments:
    """``show``: facts about one asset, or one partition of it. `rows` of the preview."""

    asset: str
    partition: str = ""
    rows: int = 5


@dataclass(frozen=True, slots=True)
class LoadArguments:
    """``load``: a stored value. `into` is the name it gets in the notebook; `as_of` a run id, version id or moment."""

    asset: str
    into: str = ""
    partitions: PartitionArguments = PartitionArguments()
    as_of: str = ""
    type: str = ""


@dataclass(frozen=True, slots=True)
class DropArguments:
    """``drop``: give up the records of assets; with `data` also their files. `version` is the (start of the) id of one to give up."""

    select: str
    partitions: PartitionArguments = PartitionArguments()
    data: bool = False
    yes: bool = False
    version: str = ""


@dataclass(frozen=True, slots=True)
class DoctorArguments:
    """``doctor``."""

    fix: bool = False


@dataclass(frozen=True, slots=True)
class CellArguments:
    """What stands after ``%%asset``. `name` is the key as it is written, prefix included."""

    name: str
    group: str | None = None
    description: str | None = None
    deps: tuple[str, ...] = ()
    partitions: str = ""
    kinds: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    io_manager_key: str | None = None
    code_version: str | None = None
    key_prefix: str = ""
    no_value: bool = False
    optional: bool = False
    retries: int = 0
    retry_delay_s: float = 0.0
    backoff: Literal["constant", "linear", "exponential"] = "constant"
    pool: str | None = None
    resources: tuple[str, ...] = ()
    single_run: bool = False
