"""The states of a run, as an enumeration for users; each is the text that records hold."""

from __future__ import annotations

from enum import StrEnum


class RunStatus(StrEnum):
    """Where a run stands, which is also its text. SUCCESS, FAILURE and CANCELED are ends; no run is ever SUSPENDED or MANAGED here.

    >>> RunStatus.SUCCESS == "success", RunStatus.FAILURE.is_finished
    (True, True)
    """

    QUEUED = "queued"
    NOT_STARTED = "not_started"
    STARTING = "starting"
    STARTED = "started"
    SUSPENDED = "suspended"
    MANAGED = "managed"
    CANCELING = "canceling"
    SUCCESS = "success"
    FAILURE = "failure"
    CANCELED = "canceled"

    def __repr__(self) -> str:
        return repr(self.value)

    @property
    def is_finished(self) -> bool:
        """Whether the run is over."""
        return self in (RunStatus.SUCCESS, RunStatus.FAILURE, RunStatus.CANCELED)


STATUS_OF_EVENT = {
    "RunQueued": RunStatus.QUEUED,
    "RunRequested": RunStatus.NOT_STARTED,
    "RunStarting": RunStatus.STARTING,
    "RunStarted": RunStatus.STARTED,
    "RunCancelRequested": RunStatus.CANCELING,
    "RunSucceeded": RunStatus.SUCCESS,
    "RunFailed": RunStatus.FAILURE,
    "RunCancelled": RunStatus.CANCELED,
}
"""The state that each event of a run brings about."""
