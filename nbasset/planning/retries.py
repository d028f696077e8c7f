"""Whether a failed attempt is followed by another one, and when."""

from __future__ import annotations

from nbasset.definitions.policies import RetryPolicy


def wait_before_retry(
    policy: RetryPolicy | None, *, attempt: int, asked: tuple[int, float] | None, allowed: bool, chance: float
) -> float | None:
    """Seconds until the attempt after failed attempt number `attempt` (from 1); None when there is none.

    `asked` is what the code itself asked for (how many retries at most, seconds to wait) and goes before the policy; with `allowed` False
    it forbade any. `chance` is a random number in [0, 1) for the jitter.

    >>> wait_before_retry(RetryPolicy(max_retries=1, delay=5), attempt=1, asked=None, allowed=True, chance=0.0)
    5.0
    """
    if not allowed:
        return None
    if asked is not None:
        most, seconds = asked
        return seconds if attempt <= most else None
    if policy is None or attempt > policy.max_retries:
        return None
    return policy.wait_s(attempt, chance)
