"""How a run is carried out, and how it ended: what goes into a `RunLoop` and what comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import Catalog
from nbasset.definitions.executors import TagLimit
from nbasset.definitions.partitions import PartitionsView
from nbasset.events.facts import ErrorInfo
from nbasset.events.kinds import (
    Event,
    Owner,
    StepReused,
)
from nbasset.execution.task import CodeRef
from nbasset.keys import RunId
from nbasset.planning.plan import Step


def tell_nobody(event: Event) -> None:
    """The null listener."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run is carried out. `kind`, `location`, `user` and the ids go into the record of the run.

    `requested` means that somebody recorded the request already; with `is_part` others record the start and the end too, and the plan
    is a part of theirs. `reused` are steps whose outputs an earlier run stored, each after those it reads. `along` are events to write
    together with the request. `config_digest`, `io_version` and `packages` say what staleness compares; `manager` gives the staging I/O
    managers to publish with.
    """

    catalog: Catalog
    view: PartitionsView
    manager: Callable[[str], Any]
    code: Callable[[str], CodeRef] = lambda node: CodeRef()
    config_digest: Callable[[str], str] = lambda node: ""
    io_version: Callable[[str], str] = lambda key: key
    packages: Callable[[str], str] = lambda node: ""
    kind: Any = "interactive"
    location: str | None = None
    user: str = ""
    owner: Owner | None = None
    parent_run_id: RunId | None = None
    root_run_id: RunId | None = None
    backfill_id: str | None = None
    plan_id: str | None = None
    home: str = ""
    pool_limits: Mapping[str, int] = field(default_factory=dict)
    tag_limits: tuple[TagLimit, ...] = ()
    reused: tuple[StepReused, ...] = ()
    requested: bool = False
    is_part: bool = False
    along: tuple[Event, ...] = ()
    on_event: Callable[[Event], None] = tell_nobody


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a run ended. `events` are all that it wrote, in order; `steps` all that there were, also those of dynamic outputs.

    `has_published` is whether I/O managers made anything visible that steps had staged.
    """

    run_id: RunId
    status: str
    events: tuple[Event, ...]
    error: ErrorInfo | None = None
    cancelled: bool = False
    steps: tuple[Step, ...] = ()
    has_published: bool = False

    @property
    def success(self) -> bool:
        """Whether everything that was to run did."""
        return self.status == "success"
