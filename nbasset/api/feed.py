"""Runs and backfills in one list, newest first: what a page of activity shows."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from nbasset.api.backfills import PartitionBackfill, find_backfills
from nbasset.api.context import ApiContext
from nbasset.api.runs import Run, matching, runs_of
from nbasset.api.wire import Wire, page, tags_in, typed

_MOST_BACKFILLS = 1000
_UNKNOWN_TO_BACKFILLS = ("run_ids", "snapshot_id", "updated_after", "updated_before")


def _feed(
    parent: Any, info: Any, limit: int, view: str, cursor: str | None = None, filter: Mapping[str, Any] | None = None  # noqa: A002 - the schema's name
) -> Wire:  # fmt: skip
    context: ApiContext = info.context
    most = page(limit)
    last_run, last_backfill = _places(cursor)
    runs = [] if view == "BACKFILLS" else list(islice(_runs(context, view, filter or {}, last_run), most + 1))
    backfills = [] if view == "RUNS" else list(islice(_backfills(context, filter or {}, last_backfill), most + 1))
    rows: list[Run | PartitionBackfill] = [*runs_of(context, runs), *backfills]
    rows.sort(key=lambda row: row.creation_time, reverse=True)
    given = rows[:most]
    for row in given:
        if isinstance(row, Run):
            last_run = row.id
        else:
            last_backfill = row.id
    text = base64.urlsafe_b64encode(json.dumps([last_run, last_backfill]).encode()).decode()
    return typed("RunsFeedConnection", results=given, cursor=text, hasMore=len(rows) > most)


def _runs(context: ApiContext, view: str, asked: Mapping[str, Any], after: str | None) -> Iterator[Any]:
    """Runs after one; those of backfills are left out where the backfill itself is in the list."""
    return (record for record in matching(context, asked, after) if view == "RUNS" or record.backfill_id is None)


def _backfills(context: ApiContext, asked: Mapping[str, Any], after: str | None) -> Iterator[PartitionBackfill]:
    """Backfills after one that pass what a filter of runs can say of them."""
    if any(asked.get(name) for name in _UNKNOWN_TO_BACKFILLS):
        return
    wanted = tags_in(asked.get("tags"))
    key = asked.get("asset_key")
    records = find_backfills(
        context, None, after, _MOST_BACKFILLS, before=asked.get("created_before"), after=asked.get("created_after")
    )  # fmt: skip
    for one in (PartitionBackfill(context, record) for record in records):
        own = {tag["key"]: tag["value"] for tag in one.tags}
        if (
            (not asked.get("statuses") or one.run_status in asked["statuses"])
            and (not asked.get("pipeline_name") or one.job_name == asked["pipeline_name"])
            and (key is None or list(key["path"]) in [list(asset.path) for asset in one.asset_selection])
            and wanted.items() <= own.items()
        ):
            yield one


def _places(cursor: str | None) -> tuple[str | None, str | None]:
    """The last run and the last backfill that were given; none for a cursor that is none."""
    try:
        run, backfill = json.loads(base64.urlsafe_b64decode((cursor or "").encode()))
        return run, backfill
    except (ValueError, TypeError):
        return None, None


RESOLVERS = {"Query.runsFeedOrError": _feed}
