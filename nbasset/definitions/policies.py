"""Rules that definitions carry and others apply: retries, how a backfill is cut into runs, how fresh data should be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import islice, pairwise

from nbasset.dataclass import dataclass
from nbasset.definitions.cron import ticks
from nbasset.errors import InvalidDefinitionError
from nbasset.serde import serializable


@serializable
class Backoff(Enum):
    """How the wait grows from attempt to attempt.

    >>> RetryPolicy(max_retries=3, delay=1, backoff=Backoff.LINEAR).wait_s(3, 0.5)
    3.0
    """

    LINEAR = "LINEAR"
    EXPONENTIAL = "EXPONENTIAL"


@serializable
class Jitter(Enum):
    """How the wait is blurred: anywhere up to it, or by as much as one base delay either way.

    >>> RetryPolicy(max_retries=3, delay=10, jitter=Jitter.FULL).wait_s(1, chance=0.5)
    5.0
    """

    FULL = "FULL"
    PLUS_MINUS = "PLUS_MINUS"


@serializable
@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently a failed step is tried again.

    The wait before attempt n + 1 is ``n * delay`` seconds (linear) or ``(2 ** n - 1) * delay`` (exponential); without `backoff` always
    `delay`.

    >>> RetryPolicy(max_retries=3, delay=10, backoff=Backoff.EXPONENTIAL).wait_s(2, 0.5)
    30.0
    """

    max_retries: int = 1
    delay: float | None = None
    backoff: Backoff | None = None
    jitter: Jitter | None = None

    def __post_init__(self) -> None:
        if self.max_retries < 0:
            raise InvalidDefinitionError(f"RetryPolicy(max_retries={self.max_retries}): the number of retries cannot be negative.")
        if self.delay is not None and self.delay < 0:
            raise InvalidDefinitionError(f"RetryPolicy(delay={self.delay}): a delay is a number of seconds from 0 up.")
        if self.delay is None and (self.backoff is not None or self.jitter is not None):
            what = "backoff" if self.backoff is not None else "jitter"
            raise InvalidDefinitionError(f"RetryPolicy({what}=...) has nothing to work on: give a delay in seconds too, such as delay=1.")

    def wait_s(self, attempt: int, chance: float) -> float:
        """Seconds to wait after failed attempt number `attempt` (from 1); `chance` is a random number in [0, 1) for the jitter."""
        base = float(self.delay or 0.0)
        wait = base
        if self.backoff is Backoff.LINEAR:
            wait = attempt * base
        elif self.backoff is Backoff.EXPONENTIAL:
            wait = (2**attempt - 1) * base
        if self.jitter is Jitter.FULL:
            return chance * wait
        if self.jitter is Jitter.PLUS_MINUS:
            return max(0.0, wait + (2 * chance - 1) * base)
        return wait


@serializable
@dataclass(frozen=True, slots=True)
class BackfillPolicy:
    """How partitions are grouped into calls: all in one (`single_run`) or so many at a time (`multi_run`).

    `max_partitions_per_run` is None for a single run. The function returns a dict with a value for each of ``context.partition_keys``,
    also when it is asked for one of them.

    >>> BackfillPolicy.multi_run(max_partitions_per_run=10).max_partitions_per_run
    10
    """

    max_partitions_per_run: int | None = None

    def __post_init__(self) -> None:
        if self.max_partitions_per_run is not None and self.max_partitions_per_run < 1:
            raise InvalidDefinitionError(f"BackfillPolicy.multi_run({self.max_partitions_per_run}): at least 1 partition goes into a run.")

    @staticmethod
    def single_run() -> BackfillPolicy:
        """All asked partitions in one call of the function."""
        return BackfillPolicy(None)

    @staticmethod
    def multi_run(max_partitions_per_run: int = 1) -> BackfillPolicy:
        """At most so many partitions in one call."""
        return BackfillPolicy(max_partitions_per_run)


@serializable
@dataclass(frozen=True, slots=True)
class FreshnessPolicy:
    """How old the newest materialization may be: within a time window, or after each tick of a deadline.

    Make one with `time_window` or `cron`. Durations are kept in seconds.

    >>> FreshnessPolicy.time_window(fail_window=timedelta(hours=24)).fail_window_s
    86400.0
    """

    fail_window_s: float | None = None
    warn_window_s: float | None = None
    deadline_cron: str | None = None
    lower_bound_delta_s: float | None = None
    timezone: str = "UTC"

    @staticmethod
    def time_window(*, fail_window: timedelta, warn_window: timedelta | None = None) -> FreshnessPolicy:
        """Fails when the newest materialization is older than `fail_window`, warns from `warn_window` on."""
        if fail_window < timedelta(seconds=60):
            raise InvalidDefinitionError(f"FreshnessPolicy: fail_window {fail_window} is under a minute; nothing could be that fresh.")
        if warn_window is not None and warn_window >= fail_window:
            raise InvalidDefinitionError(
                f"FreshnessPolicy: warn_window {warn_window} must be shorter than fail_window {fail_window}, or it would never warn."
            )
        return FreshnessPolicy(fail_window.total_seconds(), warn_window.total_seconds() if warn_window is not None else None)

    @staticmethod
    def cron(*, deadline_cron: str, lower_bound_delta: timedelta, timezone: str = "UTC") -> FreshnessPolicy:
        """From each tick of the cron on, a materialization must be there that is from `lower_bound_delta` before that tick or later.

        >>> FreshnessPolicy.cron(deadline_cron="0 10 * * *", lower_bound_delta=timedelta(hours=1)).lower_bound_delta_s
        3600.0
        """
        delta_s = lower_bound_delta.total_seconds()
        first = list(islice(ticks(deadline_cron, timezone, datetime(2024, 1, 1, tzinfo=UTC)), 32))
        shortest = min(((later - earlier).total_seconds() for earlier, later in pairwise(first)), default=delta_s)
        if delta_s < 60:
            raise InvalidDefinitionError(f"FreshnessPolicy: lower_bound_delta {lower_bound_delta} is under a minute.")
        if delta_s > shortest:
            raise InvalidDefinitionError(
                f"FreshnessPolicy: lower_bound_delta {lower_bound_delta} is longer than the {timedelta(seconds=shortest)} between two "
                f"ticks of {deadline_cron!r}, so data from before the tick before would do. Make it shorter."
            )
        return FreshnessPolicy(deadline_cron=deadline_cron, lower_bound_delta_s=delta_s, timezone=timezone)
