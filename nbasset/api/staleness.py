"""Whether assets are up to date, asked of the processes that have their code: once for each location and request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nbasset.api.context import ApiContext
from nbasset.api.workspace import LocationSnapshot
from nbasset.commands.asked_states import AssetStaleness
from nbasset.definitions.catalog import CatalogAsset
from nbasset.errors import Error
from nbasset.keys import AssetKey
from nbasset.planning.plan import Reason

_FEW = 50
"""Of so many assets the states are asked for one by one, of more with all of the location."""
_CATEGORY = {"deps": "DEPENDENCIES", "data": "DATA", "file": "DATA", "expired": "DATA", "layout": "DATA"}
"""What is neither is a matter of code: the function, its helpers, configuration, storage, packages."""


def stale_status(context: ApiContext, location: LocationSnapshot, asset: CatalogAsset, partition: str | None) -> str | None:
    """``MISSING``, ``STALE`` or ``FRESH``; None for what is made elsewhere, or where the location's process does not answer."""
    state = _states(context, location, asset.key).get(asset.key)
    if state is None or state.status == "external":
        return None
    if state.is_partitioned and partition is not None:
        ordinal = _ordinal(context, asset, partition)
        return "STALE" if ordinal in state.stale else "FRESH" if ordinal in state.fresh else "MISSING"
    if state.is_partitioned:
        return "STALE" if state.stale else "MISSING" if state.missing or state.failed or not state.fresh else "FRESH"
    if state.status == "failed":
        return _beside_failure(context, state)
    return state.status.upper()


def stale_causes(context: ApiContext, location: LocationSnapshot, asset: CatalogAsset, partition: str | None) -> list[dict[str, Any]]:
    """Why it is stale: each root cause, with the asset where it lies."""
    states = _states(context, location, asset.key)
    state = states.get(asset.key)
    if state is None:
        return []
    reasons = state.reasons
    if state.is_partitioned and partition is not None:
        ordinal = _ordinal(context, asset, partition)
        reasons = tuple(reason for reason, ordinals in state.causes if ordinal in ordinals)
    return [_cause(asset.key, reason, states) for reason in reasons if reason.kind not in ("missing", "failed", "asked")]


def will_tell(context: ApiContext, location: str, keys: Iterable[AssetKey]) -> None:
    """These assets of a location are told: what is asked of one is asked of all of them."""
    context.kept.setdefault(f"told of {location}", set()).update(keys)


def _states(context: ApiContext, location: LocationSnapshot, key: AssetKey) -> Mapping[AssetKey, AssetStaleness]:
    """The states of the assets that are told, and of what is upstream of them. Of many all of the location are asked for: what was worked
    out before is remembered there."""
    name = f"staleness of {location.name}"
    found: Mapping[AssetKey, AssetStaleness] | None = context.kept.get(name)
    if found is None or (key not in found and key in location.catalog.by_key):
        wanted = {key, *context.kept.get(f"told of {location.name}", ())}
        asked = sorted(wanted) if found is None and len(wanted) <= _FEW else None
        found = context.kept[name] = _asked(location, asked)
    return found


def _asked(location: LocationSnapshot, keys: Sequence[AssetKey] | None) -> Mapping[AssetKey, AssetStaleness]:
    unknown = {key: AssetStaleness(key, "external") for key in location.catalog.by_key}
    try:
        answer = location.ask("asked_states:staleness_of", keys)
    except (Error, TimeoutError, OSError):  # its process is gone or hangs: what else is known of its assets is told still
        return unknown
    return {one.key: one for one in answer.value} if answer.refusal is None else unknown


def _ordinal(context: ApiContext, asset: CatalogAsset, partition: str) -> int:
    definition = asset.spec.partitions_def
    assert definition is not None
    return definition.ordinal_of(partition, context.view.table)


def _beside_failure(context: ApiContext, state: AssetStaleness) -> str:
    """The last try failed: how the version stands that there was before, if there was one."""
    record = context.asset_records.get(state.key)
    if record is None or record.materialization is None:
        return "MISSING"
    return "STALE" if any(one.kind != "failed" for one in state.reasons) else "FRESH"


def _cause(key: AssetKey, reason: Reason, states: Mapping[AssetKey, AssetStaleness]) -> dict[str, Any]:
    kind, at = reason.kind, key
    if kind == "upstream":
        at = AssetKey.from_user_string(reason.subject)
        above = states.get(at)
        roots = [one.kind for one in above.reasons if one.kind != "upstream"] if above is not None else []
        kind = roots[0] if roots else "data"
        category = "DATA" if kind in ("missing", "failed") else _CATEGORY.get(kind, "CODE")
        return {"key": at, "category": category, "reason": reason.text, "dependency": at}
    dependency = AssetKey.from_user_string(reason.subject) if kind in ("data", "deps") and reason.subject else None
    return {"key": at, "category": _CATEGORY.get(kind, "CODE"), "reason": reason.text, "dependency": dependency}
