"""Why something is out of date: one pure function for each reason, each giving `Reason`s or none.

A reason is a kind, its subject and a sentence that can stand alone. The texts here say what is known from the records; which helper it was
that changed is found when somebody asks why (`explain`), since that needs the stored code.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from nbasset.definitions.catalog import CatalogAsset
from nbasset.definitions.partitions import PartitionsDefinition
from nbasset.events.facts import AssetMaterialized
from nbasset.events.records import AssetRecord
from nbasset.keys import AssetKey
from nbasset.planning.plan import Reason


def missing(key: AssetKey) -> Reason:
    """It is not there."""
    return Reason("missing", str(key), "it was never materialized")


def layout_changed(key: AssetKey, made: AssetMaterialized, now: PartitionsDefinition | None) -> Reason:
    """It is cut into partitions otherwise than what is stored of it, so nothing of that counts; how that can still be read."""
    before = "the whole table of before" if made.partition is None else "what was made before"
    kept = f"; {before} can still be read: load {key} --as-of {made.version_id[:8]}" if made.version_id else ""
    if now is None:
        return Reason("layout", str(key), f"it has no partitions any more{kept}")
    again = " otherwise" if made.partition is not None else ""
    return Reason("layout", str(key), f"it is partitioned{again} now ({now.describe()}){kept}")


def input_layout_changed(upstream: AssetKey, *, is_partitioned: bool) -> Reason:
    """What it read was one table and is cut into partitions now, or the other way round."""
    return Reason("data", str(upstream), f"'{upstream}' {'is partitioned now' if is_partitioned else 'has no partitions any more'}")


def is_not_there(reason: Reason) -> bool:
    """Whether a reason says that there is nothing to read: never made, or made in another layout."""
    return reason.kind in ("missing", "layout")


def missing_partitions(key: AssetKey, count: int) -> Reason:
    """So many of its partitions are not there."""
    return Reason("missing", str(key), f"{_partitions(count)} {'was' if count == 1 else 'were'} never materialized")


def not_there(upstream: AssetKey, count: int) -> Reason:
    """So many partitions above, which were there when they were read, are not there any more."""
    return Reason("upstream", str(upstream), f"{_partitions(count)} of '{upstream}' {'is' if count == 1 else 'are'} not there any more")


def failed(record: AssetRecord) -> Reason:
    """Its last run failed: the error in a sentence."""
    error = record.error
    return Reason("failed", str(record.key), f"its last run failed: {error}" if error is not None else "its last run failed")


def expired(key: AssetKey, sentence: str) -> Reason:
    """It is older than its freshness policy allows; whoever measured it says by how much."""
    return Reason("expired", str(key), sentence)


def file_changed(key: AssetKey, *, count: int = 0) -> Reason:
    """Its file is not the one that was written: of so many partitions, if it has any."""
    return Reason("file", str(key), _files(key, count, "changed"))


def file_gone(key: AssetKey, *, count: int = 0) -> Reason:
    """Its file was deleted."""
    return Reason("file", str(key), _files(key, count, "deleted"))


def _files(key: AssetKey, count: int, what: str) -> str:
    if not count:
        return f"its file was {what} by hand"
    plural = "" if count == 1 else "s"
    return f"the file{plural} of {_partitions(count)} of '{key}' {'was' if count == 1 else 'were'} {what} by hand"


def code_changed(key: AssetKey, then: str, now: str) -> Reason | None:
    """Another code version. One that was given by hand is told, a computed one says nothing to people."""
    if not now or then == now:
        return None
    if _is_given(then) and _is_given(now):
        return Reason("code", str(key), f"its code_version changed from '{then}' to '{now}'")
    if _is_given(now):
        return Reason("code", str(key), f"its code_version is now given as '{now}'")
    if then and _is_given(then):
        return Reason("code", str(key), f"its code_version '{then}' is not given any more")
    return Reason("code", str(key), "its code changed")


def config_changed(key: AssetKey, then: str, now: str) -> list[Reason]:
    """Another configuration: of its own, of a resource it uses, or a parameter of the notebook. Versions are ``part=digest`` words."""
    if then == now:
        return []
    before, after = _parts(then), _parts(now)
    found = []
    for name in sorted({*before, *after}):
        if before.get(name) == after.get(name):
            continue
        kind, _, subject = name.partition(".")
        if kind == "resource":
            found.append(Reason("resource", subject, f"the resource '{subject}' is configured differently"))
        elif kind == "parameter":
            found.append(Reason("config", subject, f"the parameter `{subject}` changed"))
        else:
            found.append(Reason("config", str(key), "its configuration changed"))
    return found


def storage_changed(asset: CatalogAsset, then: str, now: str) -> Reason | None:
    """It would be stored by another I/O manager, or in another way."""
    if then in (now, "none", ""):
        return None
    was, is_now = then.partition(":")[0], now.partition(":")[0]
    text = f"it would be stored as {is_now}, not {was}" if was != is_now else f"the I/O manager '{is_now}' is configured differently"
    return Reason("io", asset.spec.io_manager_key, text)


def dependencies_changed(then: Collection[AssetKey], now: Iterable[AssetKey]) -> list[Reason]:
    """It reads something that it did not read, or the other way round."""
    before, after = set(then), set(now)
    added = [Reason("deps", str(key), f"it now reads '{key}'") for key in sorted(after - before)]
    return added + [Reason("deps", str(key), f"it no longer reads '{key}'") for key in sorted(before - after)]


def packages_changed(then: str, now: str) -> list[Reason]:
    """Another version of an installed package that its code imports. Texts are ``name version, name version``."""
    before, after = _packages(then), _packages(now)
    return [
        Reason("package", name, f"{name} was {before[name]}, now {after[name]}")
        for name in sorted(before.keys() & after.keys())
        if before[name] != after[name]
    ]


def data_changed(upstream: AssetKey, *, count: int = 0, of: int = 0) -> Reason:
    """What it read holds other data now: for `count` of its partitions, when it has partitions."""
    some = f" ({_partitions(count)})" if count and count != of else ""
    return Reason("data", str(upstream), f"the data of '{upstream}' changed{some}")


def above(root: Reason, at: AssetKey) -> Reason:
    """Something above is out of date: the root cause, and the asset where it lies."""
    if is_not_there(root):
        return Reason("upstream", str(at), f"'{at}' is not there")
    if root.kind == "failed":
        return Reason("upstream", str(at), f"'{at}' failed: {root.text.partition(': ')[2] or root.text}")
    return Reason("upstream", str(at), f"'{at}' is stale: {root.text}")


def _partitions(count: int) -> str:
    return "1 partition" if count == 1 else f"{count:,} partitions"


def _is_given(version: str) -> bool:
    """Whether somebody wrote the version by hand: a computed one has the tag of its normal form in front."""
    tag, colon, rest = version.partition(":")
    return not (colon and tag[:1] == "n" and tag[1:].isdigit() and len(rest) >= 16) and not version.startswith("given:")


def _parts(version: str) -> Mapping[str, str]:
    found = {}
    for word in version.split():
        name, _, digest = word.partition("=")
        found[name] = digest
    return found


def _packages(text: str) -> dict[str, str]:
    found = {}
    for one in text.split(", "):
        name, _, version = one.partition(" ")
        if version:
            found[name] = version
    return found
