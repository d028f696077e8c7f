"""Assets as pages list them: their states as people are told them, what was made last, how long that takes.

Asked of the process of each location, once for all of its assets and a request.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbasset.api.assets import AssetNode
from nbasset.api.context import ApiContext
from nbasset.api.workspace import LocationSnapshot
from nbasset.commands.asked_shown import ShownAsset
from nbasset.errors import Error
from nbasset.keys import AssetKey


def shown(node: AssetNode, info: Any) -> dict[str, Any] | None:
    """One of them; null where the process of its location does not answer."""
    found = _all(node.context, node.location).get(node.asset_key)
    if found is None:
        return None
    return {
        "state": found.state,
        "counts": [{"state": state, "count": count} for state, count in found.counts],
        "reason": found.reason,
        "definedIn": found.place,
        "strip": [{"state": one.state, "length": one.length, "isPartial": one.is_partial} for one in found.strip],
        "rows": found.rows,
        "sizeBytes": found.size_bytes,
        "madeAt": found.at_us / 1e6 if found.at_us else None,
        "runId": found.run_id or None,
        "seconds": list(found.seconds),
    }


def _all(context: ApiContext, location: LocationSnapshot) -> Mapping[AssetKey, ShownAsset]:
    name = f"shown of {location.name}"
    found: Mapping[AssetKey, ShownAsset] | None = context.kept.get(name)
    if found is None:
        try:
            answer = location.ask("asked_shown:shown_assets")
            found = {one.key: one for one in answer.value or ()}
        except (Error, TimeoutError, OSError):  # its process is gone or hangs: what else is known of its assets is told still
            found = {}
        context.kept[name] = found
    return found


RESOLVERS = {"AssetNode.shown": shown}
