"""Versions of an asset, newest first, as the log tells them; and where their files are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nbasset.commands.code_story import facts_in
from nbasset.commands.load import version_as_of
from nbasset.commands.scope import Scope
from nbasset.commands.shown import kept_of
from nbasset.dataclass import dataclass
from nbasset.definitions.partition_ranges import parse_ranges
from nbasset.errors import InvalidInvocationError, MissingValue, UnknownPartitionError
from nbasset.events.facts import AssetMaterialized, DisplayKept
from nbasset.events.kinds import AssetReported, AssetRolledBack
from nbasset.keys import AssetKey, PartitionRef
from nbasset.storage.protocol import StorageReader

_PAGE = 100


@dataclass(frozen=True, slots=True)
class Made:
    """A version when it was made, reported or brought back, and what its step displayed."""

    seq: int
    at_us: int
    run_id: str
    what: str
    by: str
    fact: AssetMaterialized
    seconds: float | None = None
    displays: tuple[DisplayKept, ...] = ()


def history_of(reader: StorageReader, key: AssetKey, ordinal: int | None = None, *, before: int | None = None) -> Iterator[Made]:
    """Everything that was ever current of an asset (of one partition), newest first, read page by page."""
    while page := reader.materializations(key, ordinal, before=before, limit=_PAGE):
        for entry in page:
            event: Any = entry.event
            what = "brought back" if isinstance(event, AssetRolledBack) else "reported" if isinstance(event, AssetReported) else "made"
            started = getattr(event, "started_us", 0)
            seconds = (event.at_us - started) / 1_000_000 if started else None
            for fact in facts_in(event):
                at = fact.partition.ordinal if fact.partition is not None else None
                if fact.asset == key and ordinal in (None, at):
                    run_id, by = str(getattr(event, "run_id", "") or ""), str(getattr(event, "by", "") or "")
                    yield Made(entry.seq, event.at_us, run_id, what, by, fact, seconds, kept_of(event))
        before = page[-1].seq


def current_ids(reader: StorageReader, key: AssetKey) -> dict[int | None, str]:
    """Version ids of an asset that are current: by ordinal, None for an asset without partitions."""
    table = reader.partitions(key)
    found: dict[int | None, str] = {
        ordinal: table.texts[version] for ordinal, version in zip(table.ordinals, table.version_id, strict=True)
    }  # fmt: skip
    record = reader.latest([key]).get(key)
    made = record.materialization if record is not None else None
    if made is not None and made.partition is None:
        found[None] = made.version_id
    return found


def one_partition(scope: Scope, key: AssetKey, text: str) -> PartitionRef | None:
    """The one partition that a text names; None for no text.

    Raises
    ------
    UnknownPartitionError
        If it names none, or several.
    """
    definition = scope.catalog.by_key[key].partitions_def
    if not text:
        return None
    if definition is None:
        raise UnknownPartitionError(f"asset '{key}' has no partitions, so {text!r} names none. Leave -p out.")
    view = scope.view()
    refs = definition.refs_of(parse_ranges(text, definition, view), view.table)
    if len(refs) != 1:
        raise UnknownPartitionError(f"{text!r} names {len(refs)} partitions of '{key}'. Name one.")
    return PartitionRef(*refs[0])


def fact_of(scope: Scope, key: AssetKey, ordinal: int | None, version: str) -> AssetMaterialized:
    """What was made as the version that a text means; see `made_of`."""
    return made_of(scope, key, ordinal, version).fact


def made_of(scope: Scope, key: AssetKey, ordinal: int | None, version: str) -> Made:
    """The version that a text means: (the start of) a version or run id, or a moment.

    Raises
    ------
    MissingValue, InvalidInvocationError
        If it means none.
    """
    if ordinal is None and scope.catalog.by_key[key].partitions_def is not None:
        raise InvalidInvocationError(f"asset '{key}' is partitioned: say which partition's versions are meant, -p KEY.")
    found = version_as_of(scope, key, ordinal, version)
    for made in history_of(scope.instance.reader, key, ordinal):
        if made.fact.version_id == found:
            return made
    raise MissingValue(f"asset '{key}' has no version {version!r}.")
