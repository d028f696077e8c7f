"""What schedule and sensor functions give back, read into requests: the rules that both share."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nbasset.definitions.catalog import Catalog
from nbasset.definitions.instigator_context import InstigatorContext
from nbasset.definitions.partitions import PartitionsDefinition, PartitionsView
from nbasset.definitions.requests import RunRequest, SkipReason, partition_tags
from nbasset.definitions.targets import AutomationTarget
from nbasset.errors import InvalidDefinitionError, InvariantViolationError, UnknownPartitionError, did_you_mean, kind_of


def items_of(result: Any) -> list[Any]:
    """What was returned or yielded, as a list; None is nothing."""
    if result is None:
        return []
    if inspect.isgenerator(result) or isinstance(result, (list, tuple)):
        found: list[Any] = []
        for one in result:
            found.extend(one if isinstance(one, (list, tuple)) else [one])
        return [one for one in found if one is not None]
    return [result]


def requests_or_skip(items: Sequence[Any], what: str) -> tuple[list[RunRequest], str | None]:
    """Run requests, or the message of the one skip reason.

    Raises
    ------
    InvariantViolationError
        If something else was given, both were, or several reasons.
    """
    for one in items:
        if not isinstance(one, (RunRequest, SkipReason)):
            raise InvariantViolationError(
                f"{what} gave {kind_of(one)}, which says neither what to run nor why not. Give RunRequest(...) or SkipReason(...)."
            )
    skips = [one for one in items if isinstance(one, SkipReason)]
    requests = [one for one in items if isinstance(one, RunRequest)]
    if skips and requests:
        raise InvariantViolationError(
            f"{what} gave {len(requests)} run requests and the reason to skip {skips[0].skip_message!r}. Give one or the other."
        )
    if len(skips) > 1:
        raise InvariantViolationError(f"{what} gave {len(skips)} reasons to skip. Give one.")
    return requests, (skips[0].skip_message or "no reason was given") if skips else None


def resolved_requests(
    requests: Iterable[RunRequest],
    targets: Sequence[AutomationTarget],
    context: InstigatorContext,
    what: str,
    *,
    tags: Mapping[str, str],
    view: PartitionsView | None,
) -> tuple[RunRequest, ...]:
    """Requests with their target, tags and, for a partition, the job's configuration of it.

    Raises
    ------
    InvariantViolationError
        If a request names no target or one that is not among them.
    UnknownPartitionError
        If it names a partition that its target does not have.
    """
    catalog = context.definitions.catalog if context.has_definitions else None
    return tuple(_resolved(request, _target_of(request, targets, what), catalog, what, tags, view) for request in requests)


def _target_of(request: RunRequest, targets: Sequence[AutomationTarget], what: str) -> AutomationTarget:
    if not targets:
        raise InvariantViolationError(f"{what} asks for a run, but has no target. Give it one: target=..., job=... or job_name=...")
    if request.job_name is not None:
        found = next((one for one in targets if one.job_name == request.job_name), None)
        if found is None:
            names = [one.job_name for one in targets if one.job_name is not None]
            hint = did_you_mean(request.job_name, names) or f"Its jobs: {', '.join(names) or 'none'}."
            raise InvariantViolationError(f"{what} asks for a run of job '{request.job_name}', which is not among its targets. {hint}")
        return found
    if len(targets) > 1:
        several = ", ".join(str(one.job_name) for one in targets)
        raise InvariantViolationError(f"{what} has several targets ({several}), so a request says which: RunRequest(job_name=...).")
    return targets[0]


def _resolved(
    request: RunRequest, target: AutomationTarget, catalog: Catalog | None, what: str, tags: Mapping[str, str], view: PartitionsView | None
) -> RunRequest:
    changes: dict[str, Any] = {"job_name": target.job_name}
    own: dict[str, str] = {}
    if target.selection is not None and catalog is not None:
        changes["asset_selection"] = _narrowed(request, target, catalog, what)
    if request.partition_key is not None:
        definition = target.partitions_def(catalog)
        _check_partition(request.partition_key, definition, target, catalog, what, view)
        own.update(partition_tags(request.partition_key, definition))
        own.update(_asked(target.job, "get_tags_for_partition_key", request.partition_key))
        if not request.run_config:
            changes["run_config"] = _asked(target.job, "get_run_config_for_partition_key", request.partition_key)
    changes["tags"] = {**tags, **own, **request.tags}
    return request.with_changes(**changes)


def _narrowed(request: RunRequest, target: AutomationTarget, catalog: Catalog, what: str) -> Any:
    """The assets of a request to a selection: those it names, which have to be of the selection."""
    if request.asset_selection is None:
        return None
    assert target.selection is not None
    allowed = target.selection.resolve(catalog)
    for key in request.asset_selection:
        if key not in allowed:
            hint = did_you_mean(str(key), map(str, allowed))
            raise InvariantViolationError(
                f"{what} asks for a run of '{key}', which is not among its assets ({target.selection}). {hint}".rstrip()
            )
    return request.asset_selection


def _check_partition(
    key: str,
    definition: PartitionsDefinition | None,
    target: AutomationTarget,
    catalog: Catalog | None,
    what: str,
    view: PartitionsView | None,
) -> None:
    if definition is None:
        runs_ops = target.job is not None and getattr(target.job, "selection", None) is None
        if catalog is not None or runs_ops:
            raise InvalidDefinitionError(f"{what} asks for the partition {key!r}, but {target.text} has no partitions.")
        return
    if view is None:
        return
    try:
        definition.ordinals_of([key], view)
    except UnknownPartitionError as error:
        raise UnknownPartitionError(f"{what} asks for a partition that {target.text} does not have: {error}") from None


def _asked(job: Any, name: str, key: str) -> dict[str, Any]:
    """What a job says of one of its partitions; nothing if it says nothing."""
    ask = getattr(job, name, None)
    if not callable(ask) or getattr(job, "partitions_def", None) is None:
        return {}
    return dict(ask(key) or {})
