"""What is said of a run that failed, in one sentence for people."""

from __future__ import annotations

from collections.abc import Sequence

from nbasset.events.facts import CheckEvaluated, ErrorInfo
from nbasset.events.kinds import Event, StepSkipped


def failure_text(errors: Sequence[tuple[str, ErrorInfo]], steps: int) -> str:
    """How many steps failed, and where the first one did."""
    key, error = errors[0]
    place = f"{error.place}: " if error.place else ""
    more = f" ({len(errors) - 1} more failed)" if len(errors) > 1 else ""
    return f"{len(errors)} of {steps} steps failed. {key}: {place}{error.cls}: {error.message}{more}"


def blocked_text(failures: Sequence[CheckEvaluated], events: Sequence[Event]) -> str:
    """Which blocking check failed, and what did not run because of it."""
    first = failures[0]
    said = f": {first.description}" if first.description else ""
    more = f" ({len(failures) - 1} more failed)" if len(failures) > 1 else ""
    skipped = sum(1 for event in events if isinstance(event, StepSkipped) and event.reason in ("check-failed", "upstream-failed"))
    kept = f" {skipped} downstream {'step' if skipped == 1 else 'steps'} did not run." if skipped else ""
    return f"the blocking check '{first.check}' failed{said}{more}.{kept}"
