"""Places in pools: how many steps of a pool go on at once, over all runs of a home.

Each place is a named lock of the store, held while the step runs. The system frees it when the process dies, however it dies, so there is
nothing to clean up and nobody to ask.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack

from nbasset import clock
from nbasset.errors import PartitionBusy

_SHORTEST_S = 0.01
_LONGEST_S = 0.25


class Pools:
    """The places that the steps of one run hold. `limits` are those of pools that have one; `lock` is that of the store."""

    def __init__(self, limits: Mapping[str, int], lock: Callable[[str, float], AbstractContextManager[None]]) -> None:
        self._limits = limits
        self._lock = lock
        self._held: dict[str, tuple[str, int, ExitStack]] = {}
        self._again: dict[str, tuple[float, float]] = {}

    @property
    def is_waiting(self) -> bool:
        """Whether a place was asked for in vain since it could last be had."""
        return bool(self._again)

    @property
    def pause_s(self) -> float:
        """How long it makes no sense to ask again: until somebody else may have given a place back."""
        return max(0.0, min((at for at, _ in self._again.values()), default=0.0) - clock.monotonic())

    def take(self, step: str, pool: str) -> bool:
        """Take a place for a step; False if all are taken. A pool without a limit has always one."""
        limit = self._limits.get(pool)
        if limit is None:
            return True
        at, pause_s = self._again.get(pool, (0.0, _SHORTEST_S))
        if clock.monotonic() < at:
            return False
        own = {place for name, place, _ in self._held.values() if name == pool}
        for place in range(limit):
            if place in own:
                continue
            stack = ExitStack()
            try:
                stack.enter_context(self._lock(f"pool/{pool}/{place}", 0.0))
            except PartitionBusy:
                continue
            self._held[step] = (pool, place, stack)
            self._again.pop(pool, None)
            return True
        self._again[pool] = (clock.monotonic() + pause_s, min(2 * pause_s, _LONGEST_S))
        return False

    def give(self, step: str) -> None:
        """Give back the place of a step, if it has one."""
        held = self._held.pop(step, None)
        if held is not None:
            self._again.pop(held[0], None)
            held[2].close()

    def close(self) -> None:
        """Give everything back."""
        for step in tuple(self._held):
            self.give(step)
