"""The sensor that keeps freshness checks up to date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from nbasset.definitions.asset import AssetsDefinition
from nbasset.definitions.catalog_instigators import DefaultSensorStatus
from nbasset.definitions.cron import previous_tick
from nbasset.definitions.requests import RunRequest, SkipReason
from nbasset.definitions.selection import AssetSelection
from nbasset.definitions.sensors import SensorDefinition, SensorEvaluationContext
from nbasset.definitions.standard_checks import FRESHNESS_CHECK_METADATA, last_update
from nbasset.errors import InvalidDefinitionError
from nbasset.events.facts import CheckKey


def build_sensor_for_freshness_checks(
    *,
    freshness_checks: Sequence[AssetsDefinition],
    minimum_interval_seconds: int | None = None,
    name: str = "freshness_checks_sensor",
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    tags: Mapping[str, Any] | None = None,
) -> SensorDefinition:
    """A sensor that evaluates freshness checks again when their verdict may have changed, and only then.

    >>> from nbasset import build_last_update_freshness_checks
    >>> checks = build_last_update_freshness_checks(assets=["orders"], lower_bound_delta=timedelta(hours=1))
    >>> build_sensor_for_freshness_checks(freshness_checks=checks).name
    'freshness_checks_sensor'

    Raises
    ------
    InvalidDefinitionError
        If one of the checks is no freshness check.
    """
    params: dict[CheckKey, Mapping[str, Any]] = {}
    for check in freshness_checks:
        for spec in check.check_specs:
            found = spec.metadata.get(FRESHNESS_CHECK_METADATA)
            if found is None:
                raise InvalidDefinitionError(
                    f"check '{spec.key}' is no freshness check. Make one with build_last_update_freshness_checks or "
                    "build_time_partition_freshness_checks."
                )
            params[spec.key] = found

    def evaluate(context: SensorEvaluationContext) -> RunRequest | SkipReason:
        records = context.instance.reader.checks([key.asset for key in params])
        due = [key for key, each in params.items() if _is_due(each, records.get(key), context, key)]
        if not due:
            return SkipReason("no freshness check is due")
        return RunRequest(asset_check_keys=due, asset_selection=())

    target = AssetSelection.checks(*freshness_checks)
    return SensorDefinition(
        name, evaluation_fn=evaluate, minimum_interval_seconds=minimum_interval_seconds, default_status=default_status, tags=tags,
        description="Evaluates freshness checks when their verdict may have changed.", target=target, kind="freshness",
    )  # fmt: skip


def _is_due(params: Mapping[str, Any], record: Any, context: SensorEvaluationContext, key: CheckKey) -> bool:
    """Whether a verdict from the record's time may be another now: never evaluated, updated since, or the time for it has run out."""
    if record is None:
        return True
    evaluated = datetime.fromtimestamp(record.at_us / 1_000_000, context.now.tzinfo)
    updated = last_update(context.instance, key.asset)
    if not record.evaluation.passed:
        return updated is not None and updated > evaluated.timestamp()
    cron = params.get("deadline_cron")
    if cron is not None:
        return previous_tick(cron, params.get("timezone", "UTC"), context.now + timedelta(microseconds=1)) > evaluated
    return updated is None or updated + params["lower_bound_delta_s"] < context.now.timestamp()
