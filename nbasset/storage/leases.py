"""Leases with fencing tokens: who may act for the whole home, and how a write under an old lease is found out.

A process that was stopped and goes on after its lease was won by another still believes in it; its token tells.
"""

from __future__ import annotations

from nbasset.errors import LeaseLost
from nbasset.events.kinds import Owner
from nbasset.storage.protocol import Fence, Lease


def claimed(lease: Lease | None, owner: Owner, seconds: float, now_us: int) -> Lease | None:
    """The lease after `owner` asked for it; None when another holds it. The holder renews and keeps its token."""
    until_us = now_us + round(seconds * 1_000_000)
    if lease is None:
        return Lease(1, owner, until_us)
    if lease.owner == owner:
        return Lease(lease.token, owner, until_us)
    if lease.owner is not None and lease.until_us > now_us:
        return None
    return Lease(lease.token + 1, owner, until_us)


def holds(lease: Lease | None, fence: Fence) -> bool:
    """Whether the fence is the one that the lease was last won with."""
    return lease is not None and lease.owner == fence.owner and lease.token == fence.token


def lost(lease: Lease | None, fence: Fence) -> LeaseLost:
    """The error of a write that came too late."""
    if lease is None or lease.owner is None:
        now = "it was given back"
    else:
        now = f"process {lease.owner.pid} on {lease.owner.host} has won it since (token {lease.token})"
    return LeaseLost(
        f"nothing was written: the lease '{fence.name}' with token {fence.token} is no longer held; {now}. Claim it anew before acting."
    )
