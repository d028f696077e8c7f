"""What a step needs of its surroundings, passed in as one frozen value: definitions, I/O managers, where state is, who is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import field
from pathlib import Path
from typing import Any, Protocol

from nbasset.dataclass import dataclass
from nbasset.definitions.resolved import ResolvedDefinitions
from nbasset.events.facts import Fact
from nbasset.execution.task import StepTask
from nbasset.ordinals import KeyTable, MemoryKeyTable


class Observed(Protocol):
    """What was noticed while a step ran, such as figures that it displayed."""

    def facts(self) -> tuple[Fact, ...]:
        """Facts to record with the step."""


class NothingObserved:
    """Nobody watched."""

    def facts(self) -> tuple[Fact, ...]:
        """None."""
        return ()


Observe = Callable[[StepTask], AbstractContextManager[Observed]]


def observe_nothing(task: StepTask) -> AbstractContextManager[Observed]:
    """The null observer."""
    return nullcontext(NothingObserved())


@dataclass(frozen=True, slots=True)
class StepEnvironment:
    """Surroundings of the steps of one run in one process.

    `manager` gives the I/O manager of a resource key. `runs_folder` says where captured output goes; None captures nothing. `echo` is
    whether what a step prints is shown as well as kept. `hidden_state` answers, for a node, which names of the live session it leans on.
    `loggers` get the lines of every step besides those that the run config names; records of `python_loggers` from `python_level` on are
    kept with the step that they come from.
    """

    definitions: ResolvedDefinitions
    manager: Callable[[str], Any]
    io_version: Callable[[str], str] = lambda key: key
    instance: Any = None
    runs_folder: Callable[[], Path] | None = None
    key_table: KeyTable = field(default_factory=MemoryKeyTable)
    observe: Observe = observe_nothing
    echo: bool = True
    resources: Mapping[str, Any] = field(default_factory=dict)
    hidden_state: Callable[[str], tuple[str, ...]] = lambda node: ()
    log_level: int = 10
    loggers: tuple[Any, ...] = ()
    python_loggers: tuple[str, ...] = ()
    python_level: int = 20
