"""Tags of runs under the names that clients know: ``dagster/partition`` is ``nbasset/partition`` here, and some are fields of a record.

Clients set, filter and read such names; on the wire nothing else is ever seen, while records keep our own names.
"""

from __future__ import annotations

from collections.abc import Mapping

from nbasset.events.records import RunRecord

_OURS, _THEIRS = "nbasset/", "dagster/"
PARTITION = "dagster/partition"
BACKFILL = "dagster/backfill"
PARENT = "dagster/parent_run_id"
ROOT = "dagster/root_run_id"
LOCATION = "dagster/code_location"
FROM_RECORD = frozenset({BACKFILL, PARENT, ROOT, LOCATION})
"""Tags that are no tags here: the record of a run says them itself."""


def told(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags as they go out.

    >>> told({"nbasset/partition": "2024-01-01", "team": "data"})
    {'dagster/partition': '2024-01-01', 'team': 'data'}
    """
    return {_swapped(key, _OURS, _THEIRS): value for key, value in tags.items()}


def taken(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags as they are recorded; what the record says itself is left out.

    >>> taken({"dagster/partition": "2024-01-01", "dagster/backfill": "abc", "team": "data"})
    {'nbasset/partition': '2024-01-01', 'team': 'data'}
    """
    return {_swapped(key, _THEIRS, _OURS): value for key, value in tags.items() if key not in FROM_RECORD}


def told_name(name: str) -> str:
    """The name of one tag, or of one fact of metadata, as it goes out."""
    return _swapped(name, _OURS, _THEIRS)


def recorded_name(name: str) -> str:
    """The name of one tag as it is recorded."""
    return _swapped(name, _THEIRS, _OURS)


def tags_of(run: RunRecord) -> dict[str, str]:
    """All tags of a run, those first that its record says itself."""
    own = {BACKFILL: run.backfill_id, PARENT: run.parent_run_id, ROOT: run.root_run_id, LOCATION: run.location}
    return {**{key: str(value) for key, value in own.items() if value}, **told(run.tags)}


def _swapped(name: str, old: str, new: str) -> str:
    return new + name.removeprefix(old) if name.startswith(old) else name
