"""Which earlier versions are kept, and which files nobody needs.

`plan_retention` is pure: from what the records say, and the time, it names the version files that may go. A version that is current, or
that somebody refers to, never goes. `unknown_versions` and `abandoned_stages` find what a crash left behind.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from nbasset.dataclass import dataclass
from nbasset.io_managers.publishing import StoredVersion
from nbasset.keys import AssetKey
from nbasset.serde import serializable


@serializable
@dataclass(frozen=True, slots=True)
class Retention:
    """How many earlier versions are kept. A limit of None does not limit.

    `keep` counts versions of one partition besides the current one; `max_age_s` is since they were written; `max_bytes` is for all earlier
    versions of the warehouse together, oldest going first.
    """

    keep: int | None = 5
    max_age_s: float | None = None
    max_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """One stored version as the records know it. `written_us` counts microseconds since 1970."""

    version_id: str
    asset: AssetKey
    partition: str | None
    written_us: int
    size_bytes: int
    is_current: bool = False
    is_referenced: bool = False


def plan_retention(versions: Iterable[Version], retention: Retention, *, now_us: int) -> tuple[str, ...]:
    """Ids of the versions that may go, oldest first.

    >>> made = [Version(f"v{at}", AssetKey("a"), None, at, 10, is_current=at == 9) for at in range(10)]
    >>> plan_retention(made, Retention(keep=7), now_us=10)
    ('v0', 'v1')
    """
    groups: dict[tuple[AssetKey, str | None], list[Version]] = defaultdict(list)
    for version in versions:
        if not version.is_current:
            groups[version.asset, version.partition].append(version)
    going: set[str] = set()
    staying: list[Version] = []
    for group in groups.values():
        group.sort(key=_age, reverse=True)
        for at, version in enumerate(group):
            is_surplus = retention.keep is not None and at >= retention.keep
            is_old = retention.max_age_s is not None and now_us - version.written_us > retention.max_age_s * 1_000_000
            if (is_surplus or is_old) and not version.is_referenced:
                going.add(version.version_id)
            else:
                staying.append(version)
    going.update(_over_size(staying, retention.max_bytes))
    everything = [version for group in groups.values() for version in group]
    return tuple(version.version_id for version in sorted(everything, key=_age) if version.version_id in going)


def version_as_of(versions: Iterable[Version], asset: AssetKey, partition: str | None, *, at_us: int) -> Version | None:
    """The version that was current at a moment: the newest one written by then; None when there was none.

    >>> made = [Version("v1", AssetKey("a"), None, 10, 1), Version("v2", AssetKey("a"), None, 20, 1)]
    >>> version_as_of(made, AssetKey("a"), None, at_us=15).version_id
    'v1'
    """
    then = [one for one in versions if one.asset == asset and one.partition == partition and one.written_us <= at_us]
    return max(then, key=_age, default=None)


def unknown_versions(stored: Iterable[StoredVersion], known: Collection[str], *, older_than_us: int) -> tuple[StoredVersion, ...]:
    """Version files that no record names, written before a moment: a newer one may belong to a write that is about to be recorded."""
    names = set(known)
    return tuple(one for one in stored if one.version_id not in names and one.modified_us < older_than_us)


def abandoned_stages(leftovers: Iterable[StoredVersion], running: Collection[str], *, older_than_us: int) -> tuple[StoredVersion, ...]:
    """Staged files whose write is not under way any more and that are older than a moment."""
    names = set(running)
    return tuple(one for one in leftovers if one.version_id not in names and one.modified_us < older_than_us)


def _over_size(staying: Sequence[Version], limit: int | None) -> set[str]:
    if limit is None:
        return set()
    over = sum(version.size_bytes for version in staying) - limit
    going = set()
    for version in sorted(staying, key=_age):
        if over <= 0:
            break
        if not version.is_referenced:
            going.add(version.version_id)
            over -= version.size_bytes
    return going


def _age(version: Version) -> tuple[int, str]:
    return version.written_us, version.version_id
