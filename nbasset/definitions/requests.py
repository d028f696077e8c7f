"""What a schedule or sensor asks for: runs, or the reason why there is nothing to run. Plain data, whoever made it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from nbasset.dataclass import dataclass
from nbasset.definitions.run_config import RunConfigLike, run_config_data
from nbasset.errors import InvalidDefinitionError, kind_of
from nbasset.events.facts import CheckKey
from nbasset.keys import AssetKey
from nbasset.serde import Json, serializable

if TYPE_CHECKING:
    from nbasset.definitions.partitions import PartitionsDefinition
    from nbasset.keys import CoercibleToAssetKey

SCHEDULE_TAG = "nbasset/schedule_name"
SENSOR_TAG = "nbasset/sensor_name"
RUN_KEY_TAG = "nbasset/run_key"
SCHEDULED_TIME_TAG = "nbasset/scheduled_time"
PARTITION_TAG = "nbasset/partition"
RANGE_START_TAG = "nbasset/asset_partition_range_start"
RANGE_END_TAG = "nbasset/asset_partition_range_end"
MAX_RETRIES_TAG = "nbasset/max_retries"
STRATEGY_TAG = "nbasset/retry_strategy"
ON_STEP_FAILURE_TAG = "nbasset/retry_on_asset_or_op_failure"


def partition_tags(key: str, definition: PartitionsDefinition | None) -> dict[str, str]:
    """The tags of a run for one partition: its key, and of several dimensions the key of each."""
    read = getattr(definition, "key_from_text", None)
    by_dimension = read(key).keys_by_dimension if read is not None else {}
    return {PARTITION_TAG: key, **{f"{PARTITION_TAG}/{name}": part for name, part in by_dimension.items()}}


@serializable
@dataclass(frozen=True, slots=True)
class RunRequest:
    """A run that a schedule or sensor asks for.

    `run_key` names it among all requests: what was asked for under the same key before is not run again (by a sensor ever, by a schedule
    for the same tick). `asset_selection` and `asset_check_keys` narrow the target; with `stale_assets_only` only what is not fresh of it
    runs. `job_name` is needed where there are several targets.

    >>> RunRequest(run_key="a.csv", run_config={"ops": {"load": {"config": {"path": "a.csv"}}}}).run_key
    'a.csv'
    """

    run_key: str | None = None
    run_config: Mapping[str, Json] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    job_name: str | None = None
    asset_selection: tuple[AssetKey, ...] | None = None
    stale_assets_only: bool = False
    partition_key: str | None = None
    asset_check_keys: tuple[CheckKey, ...] | None = None

    def __init__(
        self,
        run_key: str | None = None,
        run_config: RunConfigLike = None,
        tags: Mapping[str, Any] | None = None,
        job_name: str | None = None,
        asset_selection: Iterable[CoercibleToAssetKey] | None = None,
        stale_assets_only: bool = False,
        partition_key: str | None = None,
        asset_check_keys: Iterable[CheckKey] | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "run_key", _text(run_key, "run_key"))
        put(self, "run_config", run_config_data(run_config))
        put(self, "tags", checked_tags(tags, "RunRequest"))
        put(self, "job_name", _text(job_name, "job_name"))
        put(self, "asset_selection", _keys(asset_selection))
        put(self, "stale_assets_only", bool(stale_assets_only))
        put(self, "partition_key", _text(partition_key, "partition_key"))
        put(self, "asset_check_keys", None if asset_check_keys is None else tuple(asset_check_keys))

    def with_tags(self, tags: Mapping[str, str]) -> RunRequest:
        """The same request with these tags added; the request's own win."""
        return self.with_changes(tags={**tags, **self.tags})

    def with_changes(self, **changes: Any) -> RunRequest:
        """The same request with other attributes.

        >>> RunRequest("a").with_changes(job_name="load").job_name
        'load'
        """
        return replace(self, **changes)


@serializable
@dataclass(frozen=True, slots=True)
class SkipReason:
    """Why a schedule or sensor asks for no run this time, for people.

    >>> SkipReason("no new files").skip_message
    'no new files'
    """

    skip_message: str | None = None


def checked_tags(tags: Mapping[str, Any] | None, what: str) -> dict[str, str]:
    """Tags with text values: numbers and truth values become text, anything else is an error.

    >>> checked_tags({"size": 3}, "RunRequest")
    {'size': '3'}

    Raises
    ------
    InvalidDefinitionError
        If a key or a value cannot be a tag's.
    """
    found: dict[str, str] = {}
    for key, value in (tags or {}).items():
        if not isinstance(key, str) or not key:
            raise InvalidDefinitionError(f"{what}: a tag has a name of text, not {key!r}.")
        if isinstance(value, bool):
            found[key] = "true" if value else "false"
        elif isinstance(value, (str, int, float)):
            found[key] = str(value)
        else:
            raise InvalidDefinitionError(f"{what}: the tag '{key}' has {kind_of(value)} as value; give text, for example JSON.")
    return found


def _text(value: Any, name: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise InvalidDefinitionError(f"RunRequest({name}={value!r:.60}): give text, such as {str(value)!r:.60}.")


def _keys(selection: Any) -> tuple[AssetKey, ...] | None:
    if selection is None:
        return None
    if isinstance(selection, (str, AssetKey)):
        raise InvalidDefinitionError(f"RunRequest(asset_selection={selection!r}): give a list of keys, [{selection!r}].")
    return tuple(dict.fromkeys(AssetKey.from_coercible(one) for one in selection))
