"""One asset check, evaluated on what is stored, for whoever tests data: nothing is recorded.

The value is read as a run would read it, with resources and configuration of the definitions; for an asset with partitions, its partition
that was made last. The verdict is kept by whoever asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from pathlib import Path
from typing import Any, Literal

from nbasset.commands.carrying_out import DEFAULT, Manner, carry_out
from nbasset.commands.looking import looking_at
from nbasset.commands.planning import Wish, make_plan
from nbasset.commands.scope import Scope
from nbasset.dataclass import dataclass
from nbasset.definitions.selection import AssetSelection
from nbasset.events.facts import CheckEvaluated, CheckKey, ErrorInfo
from nbasset.events.kinds import Event, StepFailed, StepSucceeded
from nbasset.execution.failures import text_of
from nbasset.ordinals import OrdinalSet

_ONLY_HERE = "MissingValue"


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """What a check said: it ``passed`` or ``failed``, it could not be evaluated (``error``), or it was not (``skipped``), and why."""

    check: CheckKey
    status: Literal["passed", "failed", "error", "skipped"]
    text: str = ""
    is_warning: bool = False
    partition: str | None = None
    error: ErrorInfo | None = field(default=None, repr=False)


def check_stored(scope: Scope, check: CheckKey, folder: Path) -> CheckOutcome:
    """Evaluate one check on the stored value of its asset. What its step prints is kept in `folder`, and nothing anywhere else."""
    entry = scope.catalog.checks_by_key[check]
    node = scope.catalog.nodes_by_name[entry.node]
    if node.assets:
        return CheckOutcome(check, "skipped", f"it is evaluated while '{check.asset}' is made")
    record = scope.instance.reader.latest([check.asset]).get(check.asset)
    made = record.materialization if record is not None else None
    if made is None:
        return CheckOutcome(check, "skipped", f"'{check.asset}' was never materialized in {scope.instance.home.root}")
    looking, _ = looking_at(scope, folder=folder)
    partition = made.partition if scope.catalog.by_key[check.asset].partitions_def is not None else None
    partitions = {check.asset: OrdinalSet(((partition.ordinal, partition.ordinal + 1),))} if partition is not None else {}
    wish = Wish(AssetSelection.checks(check), partitions, with_upstream=False, checks=frozenset({check}))
    planned = make_plan(looking, wish)
    result = carry_out(looking, planned.plan, planned.standing.view, Manner(executor="inline", echo=True))
    return outcome_of(check, result.all_events, partition.key if partition is not None else None)


def check_fresh(scope: Scope, check: CheckKey) -> CheckOutcome:
    """Make the asset and what it needs, as far as that is not fresh in this home, and give the verdict of its check."""
    from nbasset.arguments.options import PartitionArguments, RunArguments
    from nbasset.commands.run import run

    definition = scope.catalog.by_key[check.asset].partitions_def
    partition = ""
    if definition is not None:
        view = scope.view()
        keys = definition.keys_of(definition.ordinals(view), view.table)
        if not keys:
            return CheckOutcome(check, "skipped", f"'{check.asset}' has no partitions yet")
        partition = keys[-1]
    done = run(scope, RunArguments(f'+key:"{check.asset}"', PartitionArguments(partition), stale=True), DEFAULT)
    if done.result is not None:
        said = outcome_of(check, done.result.all_events, partition or None)
        if said.status != "skipped" or not done.result.success:
            return said
    record = scope.instance.reader.checks([check.asset]).get(check)
    if record is None:
        return CheckOutcome(check, "skipped", "it gave no result")
    return _verdict(check, record.evaluation, partition or None)


def outcome_of(check: CheckKey, events: Sequence[Event], partition: str | None) -> CheckOutcome:
    """What the events of a run say of a check."""
    for event in events:
        if isinstance(event, (StepSucceeded, StepFailed)):
            for fact in event.facts:
                if isinstance(fact, CheckEvaluated) and fact.check == check:
                    return _verdict(check, fact, partition)
    for event in events:
        if isinstance(event, StepFailed):
            if event.error.cls == _ONLY_HERE:
                return CheckOutcome(check, "skipped", event.error.message, partition=partition, error=event.error)
            return CheckOutcome(check, "error", text_of(event.error), partition=partition, error=event.error)
    return CheckOutcome(check, "skipped", "it gave no result", partition=partition)


def _verdict(check: CheckKey, fact: CheckEvaluated, partition: str | None) -> CheckOutcome:
    of = f" of {check.asset}" + (f", partition {partition}" if partition else "")
    said = [f"check '{check.name}'{of} {'passed' if fact.passed else 'did not pass'}"]
    if fact.description:
        said[0] += f": {fact.description}"
    said += [f"  {name}: {_value(value)}" for name, value in fact.metadata.items()]
    return CheckOutcome(check, "passed" if fact.passed else "failed", "\n".join(said), fact.severity == "WARN", partition)


def _value(value: Any) -> str:
    found = getattr(value, "value", value)
    text = str(found)
    return text if len(text) <= 500 else f"{text[:500]} ..."
