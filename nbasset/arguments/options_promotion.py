"""What ``promote`` was told, as a frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from nbasset.dataclass import dataclass
from nbasset.serde import serializable


@serializable
@dataclass(frozen=True, slots=True)
class PromoteArguments:
    """``promote``. What is not said stays as the job's file says it, where there is one.

    `timezone` is the clock of `cron`; a `stopped` job has a schedule that is off. `retries` is how often a run that fails is tried again.
    `partitions` is ``latest``, ``stale``, ``all``, or keys and ranges. `strict` refuses runs in another environment. `dry_run` writes
    nothing. With `check` the `jobs` of these names, or all, are compared with their notebooks, and nothing is promoted.
    """

    select: str = ""
    name: str = ""
    cron: tuple[str, ...] = ()
    timezone: str = ""
    stopped: bool = False
    retries: int | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    partitions: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    config: tuple[str, ...] = ()
    description: str = ""
    kernel: str = ""
    strict: bool = False
    dry_run: bool = False
    check: bool = False
    jobs: tuple[str, ...] = ()
