"""`observe`: look at external assets and record which versions are there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nbasset.commands.materialize import materialize_in
from nbasset.commands.scope import scope_of
from nbasset.definitions.selection import AssetSelection
from nbasset.errors import InvalidDefinitionError
from nbasset.execution.result import ExecuteInProcessResult
from nbasset.instance import Instance
from nbasset.keys import keys_text

if TYPE_CHECKING:
    from nbasset.definitions.run_config import RunConfig


def observe(
    assets: Any,
    run_config: RunConfig | Mapping[str, Any] | str | None = None,
    instance: Instance | None = None,
    resources: Mapping[str, Any] | None = None,
    partition_key: str | None = None,
    raise_on_error: bool = True,
    tags: Mapping[str, str] | None = None,
    selection: Any = None,
) -> ExecuteInProcessResult:
    """Run the functions of observable assets in this process and record what they saw; nothing is materialized.

    >>> from nbasset import DataVersion, Instance, observable_source_asset
    >>> @observable_source_asset
    ... def upload():
    ...     return DataVersion("7")
    >>> with Instance.ephemeral() as instance:
    ...     [seen.data_version for seen in observe([upload], instance=instance).get_asset_observation_events()]
    ['7']

    Raises
    ------
    InvalidDefinitionError
        If nothing among the assets can be observed.
    """
    scope = scope_of(assets, instance=instance, resources=resources)
    catalog = scope.catalog
    wanted = AssetSelection.from_coercible(selection).resolve(catalog) if selection is not None else frozenset(catalog.by_key)
    keys = [key for key in catalog.by_key if key in wanted and catalog.by_key[key].execution == "observe"]
    if not keys:
        raise InvalidDefinitionError(
            f"nothing of {keys_text(sorted(wanted)) or 'this'} can be observed. Define what looks at it: @observable_source_asset."
        )
    return materialize_in(
        scope,
        run_config,
        partition_keys=None if partition_key is None else [partition_key],
        raise_on_error=raise_on_error,
        tags=tags,
        selection=AssetSelection.keys(*keys),
    )
