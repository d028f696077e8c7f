"""`materialize`: run assets from Python, here and now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nbasset.commands.carrying_out import DEFAULT, Manner, carry_out, checked_config, raise_error
from nbasset.commands.planning import Wish, make_plan
from nbasset.commands.scope import Scope, location_with, scope_of
from nbasset.definitions.definitions import Definitions
from nbasset.definitions.partitions import PartitionKeyRange, PartitionsView
from nbasset.definitions.requests import PARTITION_TAG, RANGE_END_TAG, RANGE_START_TAG, partition_tags
from nbasset.definitions.selection import AssetSelection
from nbasset.errors import InvalidDefinitionError, InvalidInvocationError
from nbasset.execution.result import ExecuteInProcessResult
from nbasset.instance import Instance
from nbasset.keys import AssetKey
from nbasset.ordinals import OrdinalSet
from nbasset.planning.asked_partitions import asked_partitions, named_in

if TYPE_CHECKING:
    from nbasset.definitions.run_config import RunConfig


def materialize(
    assets: Any,
    run_config: RunConfig | Mapping[str, Any] | str | None = None,
    instance: Instance | None = None,
    resources: Mapping[str, Any] | None = None,
    partition_key: str | None = None,
    raise_on_error: bool = True,
    tags: Mapping[str, str] | None = None,
    selection: Any = None,
    *,
    partition_keys: Sequence[str] | None = None,
    partition_range: PartitionKeyRange | tuple[str, str] | None = None,
    executor: str = "inline",
) -> ExecuteInProcessResult:
    """Make assets in this process and record the run.

    `assets` are definitions, specs of external assets, lists of these, or a `Definitions`; `selection` says which of them run, all without
    it. Of partitioned assets `partition_key`, `partition_keys` or a range (both ends included) says which partitions. Without an `instance`
    the run is recorded in the home of the current folder.

    >>> from nbasset import Instance, asset
    >>> @asset
    ... def orders():
    ...     return [1, 2, 3]
    >>> with Instance.ephemeral() as instance:
    ...     result = materialize([orders], instance=instance)
    ...     result.success, result.asset_value("orders")
    (True, [1, 2, 3])

    Raises
    ------
    Exception
        Of a step that fails its own error, as the function raised it (a `RunFailure` if it was raised in another process); with
        ``raise_on_error=False`` the result tells.
    ProblemsFound, InvalidConfigError, UnknownPartitionError
        Before anything runs.
    """
    __tracebackhide__ = True  # IPython and pytest show the user's frames, not this one
    return materialize_in(
        scope_of(assets, instance=instance, resources=resources),
        run_config, partition_keys=_keys(partition_key, partition_keys, partition_range), raise_on_error=raise_on_error, tags=tags,
        selection=selection, partition_range=partition_range, manner=Manner(executor=executor, keeps_values=True),
    )  # fmt: skip


def materialize_to_memory(
    assets: Any,
    run_config: RunConfig | Mapping[str, Any] | str | None = None,
    instance: Instance | None = None,
    resources: Mapping[str, Any] | None = None,
    partition_key: str | None = None,
    raise_on_error: bool = True,
    tags: Mapping[str, str] | None = None,
    selection: Any = None,
) -> ExecuteInProcessResult:
    """Make assets without leaving a trace: values stay in memory, the run is recorded nowhere. For tests.

    Values pass through whatever I/O manager `resources` give for a key; all other keys get one that keeps the very objects.

    >>> from nbasset import asset
    >>> @asset
    ... def orders():
    ...     return {1, 2}
    >>> materialize_to_memory([orders]).asset_value("orders")
    {1, 2}
    """
    from nbasset.io_managers.memory import InMemoryIOManager

    __tracebackhide__ = True  # IPython and pytest show the user's frames, not this one
    home = instance if instance is not None else Instance.ephemeral()
    location = location_with(assets, home, resources)
    keys = {"io_manager", *[asset.spec.io_manager_key for asset in location.definitions.catalog.assets]}
    return materialize_in(
        Scope(location, home, {**dict.fromkeys(keys, InMemoryIOManager()), **(resources or {})}),
        run_config, partition_keys=_keys(partition_key, None, None), raise_on_error=raise_on_error, tags=tags, selection=selection,
    )  # fmt: skip


def materialize_in(
    scope: Scope,
    run_config: Any = None,
    *,
    partition_keys: Sequence[str] | None = None,
    partition_range: PartitionKeyRange | tuple[str, str] | None = None,
    raise_on_error: bool = True,
    tags: Mapping[str, str] | None = None,
    selection: Any = None,
    manner: Manner = DEFAULT,
) -> ExecuteInProcessResult:
    """The same in a scope."""
    __tracebackhide__ = True  # IPython and pytest show the user's frames, not this one
    if tags and partition_keys is None and partition_range is None and any(one.partitions_def is not None for one in scope.catalog.assets):
        partition_keys, partition_range = _tagged(tags)
    _ = scope.instance.storage  # the store gives partition keys their numbers, so it is there before they are asked for
    view = scope.view()
    catalog = scope.catalog
    chosen = AssetSelection.from_coercible(selection) if selection is not None else _everything(scope)
    resolved = frozenset(chosen.args) if selection is None and chosen.op == "keys" else chosen.resolve(catalog)
    checks = chosen.resolve_checks(catalog) if chosen.says_checks else None
    partitions: dict[AssetKey, OrdinalSet] = {}
    if partition_keys is not None or partition_range is not None:
        looked_at = frozenset(check.asset for check in checks or ())
        named = named_in(chosen, catalog) | looked_at
        partitions = _partitions(scope, resolved | looked_at, partition_keys, partition_range, view, named)
    nodes = frozenset([*[catalog.by_key[key].node for key in resolved], *[catalog.checks_by_key[check].node for check in checks or ()]])
    config = checked_config(scope, nodes, run_config)
    said: dict[str, str] = {}
    if partition_keys is not None and len(partition_keys) == 1 and partitions:
        said = partition_tags(partition_keys[0], catalog.by_key[next(iter(partitions))].partitions_def)
    if partition_range is not None:
        ends = _range(partition_range)
        said = {RANGE_START_TAG: ends.start, RANGE_END_TAG: ends.end}
    meant = chosen if selection is not None else resolved
    wish = Wish(meant, partitions, with_upstream=False, run_config=config, tags={**said, **(tags or {})}, checks=checks)
    planned = make_plan(scope, wish, view=view)
    result = carry_out(scope, planned.plan, view, manner)
    if raise_on_error:
        raise_error(result)
    return result


def _everything(scope: Scope) -> AssetSelection:
    """The keys of all that can be made; where that is nothing, the checks."""
    catalog = scope.catalog
    keys = [asset.spec.key for asset in catalog.assets if asset.execution == "materialize" and asset.node is not None]
    if not keys and not catalog.checks:
        errors = [problem for problem in catalog.problems if problem.severity == "error"]
        if not errors:
            raise InvalidDefinitionError(
                "there is nothing to make: none of the assets is made by a function. Pass assets made with @asset; "
                "those that are only looked at go to observe()."
            )
    if not keys:
        return AssetSelection("checks", tuple(check.spec.key for check in catalog.checks), "only")
    return AssetSelection("keys", tuple(keys))


def _keys(
    partition_key: str | None, partition_keys: Sequence[str] | None, partition_range: PartitionKeyRange | tuple[str, str] | None
) -> Sequence[str] | None:
    given = [
        name
        for name, value in (("partition_key", partition_key), ("partition_keys", partition_keys), ("partition_range", partition_range))
        if value is not None
    ]
    if len(given) > 1:
        raise InvalidInvocationError(f"materialize() was given {' and '.join(given)}. Keep one: each says which partitions.")
    if isinstance(partition_keys, str):
        raise InvalidInvocationError(f"partition_keys={partition_keys!r}: give a list of keys, [{partition_keys!r}].")
    return [partition_key] if partition_key is not None else partition_keys


def _partitions(
    scope: Scope,
    keys: Iterable[AssetKey],
    partition_keys: Sequence[str] | None,
    partition_range: PartitionKeyRange | tuple[str, str] | None,
    view: PartitionsView,
    named: frozenset[AssetKey],
) -> dict[AssetKey, OrdinalSet]:
    wanted = frozenset(keys)
    if not wanted:
        return {}
    if partition_range is None:
        words = ", ".join(map(repr, partition_keys or ()))
        return asked_partitions(scope.catalog, wanted, named, lambda one: one.ordinals_of(partition_keys or (), view), view, words=words)
    ends = _range(partition_range)
    return asked_partitions(scope.catalog, wanted, named, lambda one: one.ordinals_in_range(ends, view), view, words=str(ends))


def _range(given: PartitionKeyRange | tuple[str, str]) -> PartitionKeyRange:
    return given if isinstance(given, PartitionKeyRange) else PartitionKeyRange(*given)


def _tagged(tags: Mapping[str, str]) -> tuple[Sequence[str] | None, PartitionKeyRange | None]:
    """Partitions that tags of the run name: how a range is asked for where only tags can be given."""
    start, end = tags.get(RANGE_START_TAG), tags.get(RANGE_END_TAG)
    if (start is None) != (end is None):
        raise InvalidInvocationError(f"a range has two ends: give the tags {RANGE_START_TAG} and {RANGE_END_TAG}, both ends are included.")
    if start is not None and end is not None:
        return None, PartitionKeyRange(start, end)
    return ([tags[PARTITION_TAG]] if PARTITION_TAG in tags else None), None


def load_asset_value(
    definitions: Definitions,
    key: AssetKey,
    *,
    python_type: type | None = None,
    instance: Instance | None = None,
    partition_key: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Any:
    """The stored value of an asset of these definitions."""
    home = instance if instance is not None else Instance.get()
    return home.load_asset_value(definitions.resolve(), key, python_type=python_type, partition_key=partition_key, metadata=metadata)
