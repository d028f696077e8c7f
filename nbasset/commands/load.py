"""``load``: a stored value, now or as it was."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from nbasset.arguments.options import LoadArguments
from nbasset.commands.scope import Scope
from nbasset.commands.show import facts_in, one_asset
from nbasset.definitions.partition_ranges import parse_ranges
from nbasset.errors import InvalidInvocationError, MissingValue, UnknownPartitionError, did_you_mean
from nbasset.events.facts import AssetMaterialized
from nbasset.execution.loading import load_stored
from nbasset.keys import AssetKey
from nbasset.ordinals import OrdinalSet

_TYPES = {"pandas": "pd.DataFrame", "polars": "pl.DataFrame", "arrow": "pa.Table", "records": "list[dict]"}


def load(scope: Scope, arguments: LoadArguments) -> Any:
    """The value of the asset; of several partitions what the type asks for, by default a dict by partition key.

    Raises
    ------
    MissingValue
        If it was never materialized, or not yet at the moment asked for.
    UnknownAsset, UnknownPartitionError
        If there is no such asset or partition.
    """
    key = one_asset(scope, arguments.asset)
    wanted = _type(arguments.type)
    view = scope.view()
    definition = scope.catalog.by_key[key].partitions_def
    text = arguments.partitions.text
    partitions: OrdinalSet | None = None
    if definition is not None:
        partitions = parse_ranges(text, definition, view) if text else _made(scope, key) & definition.ordinals(view)
        if not partitions:
            raise MissingValue(f"no partition of asset '{key}' was ever materialized. Run some first: run {key} -s FIRST -e LAST.")
    elif text:
        raise UnknownPartitionError(f"asset '{key}' has no partitions, so {text!r} names none. Leave -p out.")
    versions = None
    if arguments.as_of:
        refs = definition.refs_of(partitions, view.table) if definition is not None and partitions is not None else ()
        ordinals: list[int | None] = [ref.ordinal for ref in refs] if definition is not None else [None]
        versions = [version_as_of(scope, key, ordinal, arguments.as_of) for ordinal in ordinals]
    return load_stored(
        scope.resolved, key, reader=scope.instance.reader, view=view, manager=scope.manager, resources=scope.resources, python_type=wanted,
        partitions=partitions, version_ids=versions,
    )  # fmt: skip


def version_as_of(scope: Scope, key: AssetKey, ordinal: int | None, as_of: str) -> str:
    """The version id that `as_of` means: a version or run by (the start of) its id, or the newest one at a moment.

    A moment is ISO text; one without a zone is in the machine's own.

    Raises
    ------
    MissingValue
        If there was none.
    InvalidInvocationError
        If `as_of` is none of these.
    """
    moment_us = _moment_us(as_of)
    oldest = ""
    for at_us, run_id, fact in _history(scope, key, ordinal):
        oldest = fact.version_id
        if moment_us is not None and at_us <= moment_us:
            return fact.version_id
        if moment_us is None and len(as_of) >= 4 and (fact.version_id.startswith(as_of) or run_id.startswith(as_of)):
            return fact.version_id
    if moment_us is None and not oldest:
        raise MissingValue(f"asset '{key}' was never materialized, so there is no version {as_of!r} of it.")
    if moment_us is None:
        raise InvalidInvocationError(
            f"{as_of!r} is no version, run or moment of asset '{key}'. Its versions: show {key}. A moment is written 2013-06-01T12:00."
        )
    raise MissingValue(f"asset '{key}' was not materialized yet at {as_of}. Its versions: show {key}.")


def _history(scope: Scope, key: AssetKey, ordinal: int | None) -> Iterator[tuple[int, str, AssetMaterialized]]:
    before: int | None = None
    while page := scope.instance.reader.materializations(key, ordinal, before=before, limit=100):
        for entry in page:
            event = entry.event
            for fact in facts_in(event):
                if isinstance(fact, AssetMaterialized) and fact.asset == key:
                    at = fact.partition.ordinal if fact.partition is not None else None
                    if at == ordinal:
                        yield event.at_us, str(getattr(event, "run_id", "") or ""), fact
        before = page[-1].seq


def _made(scope: Scope, key: AssetKey) -> OrdinalSet:
    table = scope.instance.reader.partitions(key)
    return OrdinalSet.of(ordinal for ordinal, version in zip(table.ordinals, table.version_id, strict=True) if table.texts[version])


def _moment_us(text: str) -> int | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if len(text) < 10:
        return None
    return round(found.astimezone().timestamp() * 1_000_000)


def _type(name: str) -> Any:
    if not name:
        return None
    if name not in _TYPES:
        near = did_you_mean(name, _TYPES) or f"There are: {', '.join(_TYPES)}."
        raise InvalidInvocationError(f"there is no type '{name}' to load as. {near}")
    return _TYPES[name]
