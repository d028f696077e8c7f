"""What happened last to assets: their newest materializations, and the runs that are at them, read together for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nbasset.api.asset_events import latest_materialization
from nbasset.api.context import ApiContext
from nbasset.api.runs import Run
from nbasset.api.wire import Wire, asset_id, key_of
from nbasset.events.records import RunRecord

_NOT_BEGUN = frozenset({"queued", "not_started", "starting"})


def _latest(parent: Any, info: Any, asset_keys: Sequence[Wire]) -> list[Wire]:
    context: ApiContext = info.context
    keys = list(dict.fromkeys(map(key_of, asset_keys)))
    context.asset_records.expect(keys)
    found = []
    for key in keys:
        record = context.asset_records.get(key)
        active = [run for run in context.active_runs if any(target.asset == key for target in run.targets)]
        last = [one for one in (record.run_id, record.failed_run_id) if one] if record is not None else []
        context.runs.expect(map(str, last))
        found.append({
            "id": asset_id(key),
            "assetKey": key,
            "latestMaterialization": latest_materialization(context, record),
            "unstartedRunIds": [str(run.run_id) for run in active if run.status in _NOT_BEGUN],
            "inProgressRunIds": [str(run.run_id) for run in active if run.status not in _NOT_BEGUN],
            "latestRun": _latest_run(active, [str(one) for one in last]),
        })  # fmt: skip
    return found


def _latest_run(active: Sequence[RunRecord], ended: Sequence[str]) -> Any:
    """The newest run that was to make the asset: one that goes on, else the one that made it last or failed to."""

    def resolve(info: Any) -> Run | None:
        context: ApiContext = info.context
        known = [run for one in ended if (run := context.runs.get(one)) is not None]
        newest = max([*active, *known], key=lambda run: run.requested_us, default=None)
        return Run(context, newest) if newest is not None else None

    return resolve


RESOLVERS = {"Query.assetsLatestInfo": _latest}
