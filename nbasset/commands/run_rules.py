"""What the tags of a run ask of it: that it is tried again as a whole when it fails, and how long it may take.

``nbasset/max_retries`` says how many runs may follow a failed one, those that somebody starts by hand counted in;
``nbasset/retry_strategy`` where they go on (FROM_FAILURE, unless it says ALL_STEPS or FROM_ASSET_FAILURE). With
``nbasset/retry_on_asset_or_op_failure`` "false" a failed step is no reason, only a run that was cut off is. ``nbasset/max_runtime`` are
seconds. A step's own retries come before all of these. What the tags leave open stands in the settings (``[run_retries]``).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext

from nbasset.definitions.reexecution import ReexecutionOptions, ReexecutionStrategy
from nbasset.definitions.requests import MAX_RETRIES_TAG, ON_STEP_FAILURE_TAG, STRATEGY_TAG
from nbasset.errors import InvalidInvocationError, did_you_mean
from nbasset.events.records import RunQuery, RunRecord
from nbasset.execution.cancel import CancelToken
from nbasset.execution.result import ExecuteInProcessResult
from nbasset.instance import Instance

RETRY_NUMBER_TAG = "nbasset/retry_number"
MAX_RUNTIME_TAG = "nbasset/max_runtime"
ENVIRONMENT_TAG = "nbasset/environment"
"""Says of a run in which way its environment is another one than its job was promoted with."""


def next_try(instance: Instance, result: ExecuteInProcessResult) -> ReexecutionOptions | None:
    """How to go on after a run: None where it went well, was cancelled, or may not be tried again."""
    if result.status != "failure":
        return None
    run = instance.get_run_by_id(result.run_id)
    return retry_of(instance, run, step_failed=_failed_by_code(run, result)) if run is not None else None


def _failed_by_code(run: RunRecord, result: ExecuteInProcessResult) -> bool:
    """Whether the user's code raised; a kernel that died cut the run off, whatever step it was at."""
    if result.notebook is not None:
        return run.reason != "kernel-died"
    return bool(result.get_failed_step_keys())


def retry_of(instance: Instance, run: RunRecord, *, step_failed: bool) -> ReexecutionOptions | None:
    """How to go on after a run that failed in a step, or was cut off; None where it may not be tried again."""
    said = instance.settings.run_retries
    most = max_retries(run.tags) if MAX_RETRIES_TAG in run.tags else said.max_retries
    on_step_failure = run.tags.get(ON_STEP_FAILURE_TAG, str(said.retry_on_asset_or_op_failure)).lower() != "false"
    if not most or (step_failed and not on_step_failure):
        return None
    chain = instance.reader.runs(RunQuery(root_run_id=run.root_run_id or run.run_id, limit=most + 2)).items
    tried = sum(one.run_id != (run.root_run_id or run.run_id) for one in chain)
    return ReexecutionOptions(run.run_id, strategy=wanted_strategy(run.tags)) if tried < most else None


def tries_so_far(tags: Mapping[str, str]) -> int:
    """The number of the retry that a run with these tags is; 0 for a first one."""
    return int(tags.get(RETRY_NUMBER_TAG, "0"))


def max_retries(tags: Mapping[str, str]) -> int:
    """How often a run with these tags is tried again as a whole.

    Raises
    ------
    InvalidInvocationError
        If the tag is no whole number.
    """
    text = tags.get(MAX_RETRIES_TAG, "0")
    if not text.isdecimal():
        raise InvalidInvocationError(f"tag {MAX_RETRIES_TAG} is {text!r}. Give a whole number, such as '2'.")
    return int(text)


def check_rules(tags: Mapping[str, str]) -> None:
    """Refuse tags that ask for what cannot be, before anything runs.

    Raises
    ------
    InvalidInvocationError
        With the tag and what it may be.
    """
    if tags:
        max_retries(tags)
        wanted_strategy(tags)
        _max_runtime_s(tags)


def time_limit(tags: Mapping[str, str], cancel: CancelToken) -> AbstractContextManager[None]:
    """While inside, the run is cancelled when the time is over that its tags give it."""
    seconds = _max_runtime_s(tags)
    return _cancelling_after(seconds, cancel) if seconds is not None else nullcontext()


@contextmanager
def _cancelling_after(seconds: float, cancel: CancelToken) -> Iterator[None]:
    timer = threading.Timer(seconds, cancel.cancel, [f"the time limit of {seconds:g} s ({MAX_RUNTIME_TAG})"])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _max_runtime_s(tags: Mapping[str, str]) -> float | None:
    text = tags.get(MAX_RUNTIME_TAG)
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < threading.TIMEOUT_MAX:
        raise InvalidInvocationError(f"tag {MAX_RUNTIME_TAG} is {text!r}. Give the seconds that the run may take, such as '3600'.")
    return seconds


def wanted_strategy(tags: Mapping[str, str]) -> ReexecutionStrategy:
    """Where a run that follows one with these tags goes on.

    Raises
    ------
    InvalidInvocationError
        If the tag is no such place.
    """
    text = tags.get(STRATEGY_TAG, ReexecutionStrategy.FROM_FAILURE.value)
    if text not in ReexecutionStrategy.__members__:
        hint = did_you_mean(text, ReexecutionStrategy.__members__) or f"Give one of: {', '.join(ReexecutionStrategy.__members__)}."
        raise InvalidInvocationError(f"tag {STRATEGY_TAG} is {text!r}, which is no way to go on. {hint}")
    return ReexecutionStrategy[text]
