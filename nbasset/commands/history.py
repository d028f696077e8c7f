"""``history``: the versions of an asset, with the run, the code, the size, and whether each can still be loaded."""

from __future__ import annotations

from itertools import islice

from nbasset.arguments.options_time import HistoryArguments
from nbasset.commands.managers import manager_of, place_of
from nbasset.commands.scope import Scope
from nbasset.commands.show import one_asset
from nbasset.commands.versions import Made, current_ids, history_of, one_partition
from nbasset.commands.words import ago, counted, moment, size_text
from nbasset.dataclass import dataclass
from nbasset.errors import MissingValue
from nbasset.events.facts import DisplayKept
from nbasset.io_managers.publishing import Folder
from nbasset.keys import AssetKey
from nbasset.serde import Json


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One version. `what` is ``made``, ``reported`` or ``brought back``; `is_same` tells that its data is that of the version before it.

    `is_kept` tells that it can be loaded; `by` is who ran or reported it; `displays` are what its step displayed. A given `run_id` may be
    gone already.
    """

    version_id: str
    at_us: int
    run_id: str
    what: str
    by: str
    partition: str | None
    rows: int | None
    size_bytes: int | None
    data_version: str
    code_version: str
    is_current: bool = False
    is_kept: bool = False
    is_same: bool = False
    seconds: float | None = None
    displays: tuple[DisplayKept, ...] = ()

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "version_id": self.version_id, "at_us": self.at_us, "run_id": self.run_id or None, "what": self.what, "by": self.by or None,
            "partition": self.partition, "rows": self.rows, "size_bytes": self.size_bytes, "data_version": self.data_version,
            "code_version": self.code_version, "current": self.is_current, "kept": self.is_kept, "same_data": self.is_same,
            "seconds": self.seconds, "displays": [{"type": one.mime, "bytes": one.size_bytes} for one in self.displays],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class HistoryResult:
    """Versions, newest first. `more` is the version to go on from (``--before``), empty at the end."""

    asset: AssetKey
    entries: tuple[HistoryEntry, ...]
    partition: str | None = None
    more: str = ""
    now_us: int = 0

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "asset": str(self.asset), "partition": self.partition, "versions": [one.to_json() for one in self.entries],
            "more": self.more or None,
        }  # fmt: skip


def history(scope: Scope, arguments: HistoryArguments) -> HistoryResult:
    """The newest versions of the asset that is named, or of one partition.

    Raises
    ------
    UnknownAsset, UnknownPartitionError
        If there is none.
    MissingValue
        If there is no version to go on from.
    """
    from nbasset import clock

    key = one_asset(scope, arguments.asset)
    ref = one_partition(scope, key, arguments.partition)
    reader = scope.instance.reader
    ordinal = ref.ordinal if ref is not None else None
    before = _seq_of(scope, key, ordinal, arguments.before) if arguments.before else None
    found = list(islice(history_of(reader, key, ordinal, before=before), arguments.limit + 1))
    current = current_ids(reader, key)
    kept = _Kept(scope, key)
    users: dict[str, str] = {}
    newest: set[tuple[int | None, str]] = set()
    entries = []
    for at, made in enumerate(found[: arguments.limit]):
        place = made.fact.partition.ordinal if made.fact.partition is not None else None
        version = made.fact.version_id
        is_current = bool(version) and current.get(place) == version and (place, version) not in newest
        newest.add((place, version))
        earlier = next((one for one in found[at + 1 :] if one.fact.partition == made.fact.partition), None)
        entries.append(_entry(scope, made, is_current, kept.has(made, is_current=is_current), earlier, users))
    more = found[arguments.limit - 1].fact.version_id if len(found) > arguments.limit else ""
    return HistoryResult(key, tuple(entries), ref.key if ref is not None else None, more, clock.now_us())


def _seq_of(scope: Scope, key: AssetKey, ordinal: int | None, version: str) -> int:
    for made in history_of(scope.instance.reader, key, ordinal):
        if made.fact.version_id.startswith(version):
            return made.seq
    raise MissingValue(f"asset '{key}' has no version {version!r} to go on from. Its versions: history {key}.")


def _entry(scope: Scope, made: Made, is_current: bool, is_kept: bool, earlier: Made | None, users: dict[str, str]) -> HistoryEntry:
    fact = made.fact
    is_same = earlier is not None and bool(fact.data_version) and earlier.fact.data_version == fact.data_version
    if made.run_id and made.run_id not in users:
        run = scope.instance.reader.run(made.run_id)  # type: ignore[arg-type]
        users[made.run_id] = run.user if run is not None else ""
    return HistoryEntry(
        fact.version_id, made.at_us, made.run_id, made.what, made.by or users.get(made.run_id, ""),
        fact.partition.key if fact.partition is not None else None, fact.rows, fact.size_bytes, fact.data_version, fact.code_version,
        is_current, is_kept, is_same, made.seconds, made.displays,
    )  # fmt: skip


class _Kept:
    """Tells which versions can be loaded, by asking the warehouse for their files."""

    def __init__(self, scope: Scope, key: AssetKey) -> None:
        self._manager = manager_of(scope, key)
        self._folder: Folder | None = getattr(self._manager, "folder", None)
        self._asset = scope.catalog.by_key[key]

    def has(self, made: Made, *, is_current: bool) -> bool:
        """Whether the file of a version is there."""
        if self._folder is None or not made.fact.version_id:
            return is_current
        if self._folder.exists(self._folder.version_place(made.fact.version_id)):
            return True
        place = place_of(self._manager, made.fact, self._asset.key, self._asset.partitions_def) if is_current else None
        return place is not None and self._folder.exists(place)


def history_text(result: HistoryResult) -> str:
    """The versions as plain text."""
    if not result.entries:
        return f"{result.asset} was never materialized."
    lines = [f"{result.asset}{f' {result.partition}' if result.partition else ''}: {counted(len(result.entries), 'version')}"]
    for one in result.entries:
        data = "same data" if one.is_same else f"data {short_data(one.data_version)}" if one.data_version else None
        mark = "*" if one.is_current else " " if one.is_kept else "-"
        facts = [
            one.what, one.partition if result.partition is None else None, counted(one.rows, "row") if one.rows is not None else None,
            size_text(one.size_bytes) if one.size_bytes is not None else None, data,
            counted(len(one.displays), "display") if one.displays else None, f"run {one.run_id[:8]}" if one.run_id else None,
            f"by {one.by}" if one.by else None, f"code {short_code(one.code_version)}",
        ]  # fmt: skip
        said = ", ".join(fact for fact in facts if fact)
        lines.append(f"{mark} {one.version_id[:8] or '-':<8}  {moment(one.at_us)}  {ago(one.at_us, result.now_us):<12}  {said}")
    lines.append("* current   - not kept any more")
    if result.more:
        lines.append(f"older ones: --before {result.more[:8]}")
    return "\n".join(lines)


def short_data(version: str) -> str:
    """A data version for people: seven digits of a hash, one given by hand as it is."""
    tag, colon, digits = version.partition(":")
    return digits[:7] if colon and len(tag) == 2 else version[:12]


def short_code(version: str) -> str:
    """A code version for people: seven digits of a computed one, one given by hand as it is."""
    tag, colon, digits = version.partition(":")
    return digits[:7] if colon and tag[:1] == "n" else version or "unknown"
