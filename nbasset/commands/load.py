"""``load``: a stored value, now or as it was."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from nbasset.arguments.options import LoadArguments
from nbasset.commands.scope import Scope
from nbasset.commands.show import facts_in, one_asset
from nbasset.dataclass import dataclass
from nbasset.definitions.multi_partitions import MultiPartitionKey
from nbasset.definitions.partition_ranges import parse_ranges, read_ranges
from nbasset.definitions.partitions import PartitionKeyRange
from nbasset.errors import InvalidInvocationError, MissingValue, UnknownPartitionError, did_you_mean
from nbasset.events.facts import AssetMaterialized
from nbasset.execution.loading import load_stored
from nbasset.io_managers.paths import decode
from nbasset.keys import AssetKey, PartitionRef
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
    then = layout_as_of(scope, key, arguments.as_of) if arguments.as_of and (definition is None or not text) else None
    if then is not None:
        made = then.made if not text else _named(then, text, key)
        return load_stored(
            scope.resolved, key, reader=scope.instance.reader, view=view, manager=scope.manager, resources=scope.resources,
            python_type=wanted, refs=tuple(ref for ref, _ in made if ref is not None), version_ids=[version for _, version in made],
        )  # fmt: skip
    partitions: OrdinalSet | None = None
    if definition is not None:
        partitions = parse_ranges(text, definition, view) if text else _made(scope, key) & definition.ordinals(view)
        if not partitions:
            raise MissingValue(
                f"no partition of asset '{key}' was ever materialized. Run some first: run {key} -s FIRST -e LAST.{_before(scope, key)}"
            )
    elif text:
        raise UnknownPartitionError(f"asset '{key}' has no partitions, so {text!r} names none. Leave -p out.")
    elif not arguments.as_of and (before := _before(scope, key)):
        raise MissingValue(f"asset '{key}' was not materialized since it has no partitions any more. Run it first: run {key}.{before}")
    versions = None
    if arguments.as_of:
        refs = definition.refs_of(partitions, view.table) if definition is not None and partitions is not None else ()
        ordinals: list[int | None] = [ref.ordinal for ref in refs] if definition is not None else [None]
        versions = [version_as_of(scope, key, ordinal, arguments.as_of) for ordinal in ordinals]
    return load_stored(
        scope.resolved, key, reader=scope.instance.reader, view=view, manager=scope.manager, resources=scope.resources, python_type=wanted,
        partitions=partitions, version_ids=versions,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class LayoutThen:
    """What was stored of an asset at an earlier time: the partitions with a version id each, or the whole of it (no partition)."""

    made: tuple[tuple[PartitionRef | None, str], ...]

    @property
    def is_partitioned(self) -> bool:
        """Whether it had partitions then."""
        return bool(self.made) and self.made[0][0] is not None


def layout_as_of(scope: Scope, key: AssetKey, as_of: str) -> LayoutThen:
    """How the asset stood at a moment, or right after (the newest version of) a run or version was made; partitioned or not as it was then.

    Raises
    ------
    MissingValue, InvalidInvocationError
        As `version_as_of`.
    """
    moment_us = _moment_us(as_of)
    found: dict[int | None, tuple[PartitionRef | None, str]] = {}
    newest: AssetMaterialized | None = None
    for at_us, run_id, fact in _history(scope, key, everything=True):
        if newest is None and not _is_meant(as_of, moment_us, at_us, run_id, fact):
            continue
        newest = newest or fact
        if (fact.partition is None) != (newest.partition is None):
            break  # it was stored in another way before
        if fact.partition is None:
            return LayoutThen(((None, fact.version_id),))
        found.setdefault(fact.partition.ordinal, (PartitionRef(_key_then(fact), fact.partition.ordinal), fact.version_id))
    if newest is None:
        version_as_of(scope, key, None, as_of)  # says what is wrong
        raise MissingValue(f"asset '{key}' has no version {as_of!r}.")
    return LayoutThen(tuple(found[ordinal] for ordinal in sorted(found, key=lambda one: one or 0)))


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
        if _is_meant(as_of, moment_us, at_us, run_id, fact):
            return fact.version_id
    if moment_us is None and not oldest:
        raise MissingValue(f"asset '{key}' was never materialized, so there is no version {as_of!r} of it.")
    if moment_us is None:
        raise InvalidInvocationError(
            f"{as_of!r} is no version, run or moment of asset '{key}'. Its versions: show {key}. A moment is written 2013-06-01T12:00."
        )
    raise MissingValue(f"asset '{key}' was not materialized yet at {as_of}. Its versions: show {key}.")


def _is_meant(as_of: str, moment_us: int | None, at_us: int, run_id: str, fact: AssetMaterialized) -> bool:
    if moment_us is not None:
        return at_us <= moment_us
    return len(as_of) >= 4 and (fact.version_id.startswith(as_of) or run_id.startswith(as_of))


def _key_then(fact: AssetMaterialized) -> str:
    """The key of a partition, with its dimensions if the folders of its file tell them: nobody else may know them any more."""
    assert fact.partition is not None
    folders = (fact.uri or "").rpartition(".")[0].split("/")
    parts = [part.partition("=") for part in folders if "=" in part]
    dimensions = {name: value for name, _, text in parts if (value := decode(text)) is not None}
    key = fact.partition.key
    return MultiPartitionKey(dimensions) if dimensions and MultiPartitionKey(dimensions) == key else key


def _named(then: LayoutThen, text: str, key: AssetKey) -> tuple[tuple[PartitionRef | None, str], ...]:
    """Those of the partitions there were that a text names: keys, and ranges over what there was."""
    keys = [ref.key for ref, _ in then.made if ref is not None]
    places: list[int] = []
    for item in read_ranges(text):
        first, last = (item.start, item.end) if isinstance(item, PartitionKeyRange) else (item, item)
        unknown = next((one for one in (first, last) if one not in keys), None)
        if unknown is not None:
            near = did_you_mean(unknown, keys) or (f"There were {keys[0]} to {keys[-1]}." if keys else "")
            raise UnknownPartitionError(f"asset '{key}' had no partition {unknown!r} then. {near}")
        places.extend(range(keys.index(first), keys.index(last) + 1))
    return tuple(then.made[place] for place in dict.fromkeys(places))


def _before(scope: Scope, key: AssetKey) -> str:
    """How to read what was made of an asset when it was partitioned otherwise; empty when it was not."""
    record = scope.instance.reader.latest([key]).get(key)
    made = record.materialization if record is not None else None
    is_partitioned = scope.catalog.by_key[key].partitions_def is not None
    if made is None or not made.version_id or (made.partition is not None) == is_partitioned:
        return ""
    return f" What was made before can still be read: load {key} --as-of {made.version_id[:8]}."


def _history(
    scope: Scope, key: AssetKey, ordinal: int | None = None, *, everything: bool = False
) -> Iterator[tuple[int, str, AssetMaterialized]]:
    """Versions of the asset or of one partition, or of all partitions, the newest first."""
    before: int | None = None
    while page := scope.instance.reader.materializations(key, ordinal, before=before, limit=100):
        for entry in page:
            event = entry.event
            for fact in facts_in(event):
                if isinstance(fact, AssetMaterialized) and fact.asset == key:
                    at = fact.partition.ordinal if fact.partition is not None else None
                    if everything or at == ordinal:
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
