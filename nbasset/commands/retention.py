"""Which earlier versions may go: by number, age and size, but never one that is current or that somebody refers to.

A version is referred to when a run that is under way may read it, and when it is what a reader's current version was made from (for a
reader with partitions: the reader's partition of the same key, or its newest one). So what is there now can be compared with what it came
from, however often that was made anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nbasset.commands.code_story import facts_in
from nbasset.commands.managers import ready_manager
from nbasset.commands.scope import Scope
from nbasset.commands.versions import Made, current_ids, history_of
from nbasset.dataclass import dataclass
from nbasset.events.facts import AssetMaterialized
from nbasset.events.kinds import Event, StepSucceeded
from nbasset.events.recipes import recipe_of
from nbasset.events.records import RunRecord
from nbasset.io_managers.publishing import Folder
from nbasset.io_managers.versions import Version
from nbasset.keys import AssetKey
from nbasset.storage.protocol import StorageReader

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Seen:
    """Up to which entry something had seen an asset when it read it; `ordinal` None: any partition."""

    ordinal: int | None
    seq: int


def versions_in(
    reader: StorageReader, stored: Mapping[str, int], *, keys: Iterable[AssetKey] | None = None
) -> list[Version]:  # fmt: skip
    """The stored version files (sizes by id) as the records know them, of all assets or of some."""
    assets = list(reader.assets() if keys is None else keys)
    seen = readings(reader, list(reader.assets()))
    started = min((run.started_us for run in reader.active_runs() if run.started_us), default=None)
    found: dict[str, Version] = {}
    for key in assets:
        current = set(current_ids(reader, key).values())
        newer: dict[int | None, tuple[int, int]] = {}
        for made in history_of(reader, key):
            at = made.fact.partition.ordinal if made.fact.partition is not None else None
            until = newer.get(at)
            newer[at] = (made.seq, made.at_us)
            version = made.fact.version_id
            if version not in stored:
                continue
            is_referenced = _is_referenced(made, at, until, seen.get(key, ()), started)
            known = found.get(version)
            if known is not None:  # brought back once: it counts by its newest day
                found[version] = _referenced(known) if is_referenced else known
                continue
            found[version] = Version(
                version, key, made.fact.partition.key if made.fact.partition is not None else None, made.at_us, stored[version],
                version in current, is_referenced,
            )  # fmt: skip
    return list(found.values())


def _is_referenced(made: Made, at: int | None, until: tuple[int, int] | None, seen: Iterable[Seen], started: int | None) -> bool:
    """Whether a version that was current up to entry and time `until` was read by something that counts."""
    if until is None:
        return False
    if started is not None and until[1] >= started:
        return True
    return any(one.ordinal in (None, at) and made.seq <= one.seq < until[0] for one in seen)


def _referenced(version: Version) -> Version:
    from dataclasses import replace

    return replace(version, is_referenced=True)


def readings(reader: StorageReader, keys: Iterable[AssetKey]) -> dict[AssetKey, list[Seen]]:
    """What the current versions of assets had seen of what they read."""
    found: dict[AssetKey, list[Seen]] = {}
    listed = list(keys)
    tables = reader.partition_tables(listed)
    for key, record in reader.latest(listed).items():
        made = record.materialization
        for used in made.inputs if made is not None else ():
            whole = used.partitions is None or not used.partitions
            seen = [Seen(None, used.as_of_seq)] if whole else [Seen(one, used.as_of_seq) for one in used.partitions or ()]
            found.setdefault(used.asset, []).extend(seen)
        table = tables.get(key)
        if table is None:
            continue
        inputs = {index: recipe_of(table.texts[index]).inputs for index in set(table.recipe)}
        for ordinal, seq, recipe in zip(table.ordinals, table.seq, table.recipe, strict=True):
            for name in inputs[recipe]:
                above = AssetKey.from_user_string(name)
                if above in tables:
                    found.setdefault(above, []).append(Seen(ordinal, seq))
    return found


def retain(scope: Scope, events: Iterable[Event]) -> int:
    """After a run: remove what the settings keep no longer of exactly what it made. How many files went.

    Cheap: a version is looked for only behind the newest ones of its partition, and nothing is asked when there are no earlier versions.
    """
    keep = scope.instance.settings.retention.versions
    known = scope.catalog.by_key
    made: dict[AssetKey, set[int | None]] = {}
    for event in events:
        if isinstance(event, StepSucceeded):
            for fact in event.facts:
                if type(fact) is AssetMaterialized and fact.uri and fact.asset in known:
                    made.setdefault(fact.asset, set()).add(fact.partition.ordinal if fact.partition is not None else None)
    if not made:
        return 0
    reader = scope.instance.reader
    records = reader.latest(list(made))
    count = 0
    others: list[RunRecord] | None = None
    for key, ordinals in made.items():
        record = records.get(key)
        folder: Folder | None = getattr(ready_manager(scope, key), "folder", None)
        if record is None or record.materializations <= keep + 1 or folder is None or not folder.exists(folder.version_place("")):
            continue
        candidates = {version: at for at in ordinals for version in _surplus(reader, key, at, keep)}
        if not candidates:
            continue
        others = reader.active_runs() if others is None else others
        if others:
            break  # a run under way may read them; the next run, or gc, finds them again
        seen = readings(reader, [key, *scope.catalog.downstream.get(key, ())]).get(key, [])
        for version, at in candidates.items():
            if not _is_read(reader, key, at, version, seen):
                folder.remove_version(version)
                count += 1
    return count


def _surplus(reader: StorageReader, key: AssetKey, ordinal: int | None, keep: int) -> list[str]:
    """Versions behind the current one and the `keep` before it; only the next few, since earlier runs saw to the others."""
    found: dict[str, None] = {}
    for entry in reader.materializations(key, ordinal, limit=keep + 1 + _AT_ONCE):
        for fact in facts_in(entry.event):
            at = fact.partition.ordinal if fact.partition is not None else None
            if fact.asset == key and at == ordinal and fact.version_id:
                found[fact.version_id] = None
    current = current_ids(reader, key).get(ordinal)
    return [version for version in list(found)[keep + 1 :] if version != current]


def _is_read(reader: StorageReader, key: AssetKey, ordinal: int | None, version: str, seen: Iterable[Seen]) -> bool:
    until: tuple[int, int] | None = None
    for made in history_of(reader, key, ordinal):
        if made.fact.version_id == version and _is_referenced(made, ordinal, until, seen, None):
            return True
        until = (made.seq, made.at_us)
        if made.seq < min((one.seq for one in seen), default=0):
            break
    return False
