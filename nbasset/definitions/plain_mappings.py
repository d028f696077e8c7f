"""The mappings between partitions of one dimension: the same key, all, the last, a table, overlapping time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from nbasset.dataclass import dataclass
from nbasset.definitions.listed_partitions import DynamicPartitionsDefinition, StaticPartitionsDefinition
from nbasset.definitions.partition_mapping import Edge, Mapped, PartitionMapping, keys_in
from nbasset.definitions.partitions import PartitionsDefinition, united
from nbasset.definitions.time_windows import TimeWindows
from nbasset.errors import InvalidPartitionMapping, UnknownPartitionError, did_you_mean
from nbasset.ordinals import OrdinalSet
from nbasset.serde import serializable


@serializable
@dataclass(frozen=True)
class IdentityPartitionMapping(PartitionMapping):
    """Each partition reads the one of the same key.

    >>> from nbasset import AssetIn
    >>> AssetIn(partition_mapping=IdentityPartitionMapping()).partition_mapping
    IdentityPartitionMapping()
    """

    def check(self, upstream: PartitionsDefinition | None, downstream: PartitionsDefinition | None) -> None:
        """Both sides have partitions of one kind."""
        if upstream is None or downstream is None:
            raise both_needed("Identity", upstream, downstream)
        ours, theirs = downstream.family, upstream.family
        if isinstance(upstream, StaticPartitionsDefinition) and isinstance(downstream, StaticPartitionsDefinition):
            if upstream.places and downstream.places and upstream.places.keys().isdisjoint(downstream.places):
                raise InvalidPartitionMapping(
                    f"no partition reads the one of the same key upstream, for they have no key in common: upstream is "
                    f"{upstream.describe()}, downstream {downstream.describe()}. Say which belong together: "
                    f"StaticPartitionMapping({{{upstream.partition_keys[0]!r}: {downstream.partition_keys[0]!r}}})."
                )
            return
        if ours == theirs or (ours[0] == theirs[0] == "dynamic"):
            return
        why = "Their keys are written in different ways." if ours[:2] == theirs[:2] else "Partitions of the same key are of one kind."
        raise InvalidPartitionMapping(
            f"no partition reads the one of the same key upstream: upstream is {upstream.describe()}, downstream {downstream.describe()}. "
            f"{why} Give a partition_mapping that says how they belong together."
        )

    def can_give_several(self, downstream: PartitionsDefinition | None, upstream: PartitionsDefinition | None) -> bool:
        """Never."""
        return False

    def _upstream_of(self, wanted: OrdinalSet, edge: Edge) -> Mapped:
        """The same ordinals."""
        return edge.mapped(wanted)

    def _downstream_of(self, changed: OrdinalSet, edge: Edge) -> OrdinalSet:
        """The same ordinals."""
        return changed & edge.existing_downstream()


@serializable
@dataclass(frozen=True)
class AllPartitionMapping(PartitionMapping):
    """Each partition reads all there are upstream.

    >>> from nbasset import AssetIn
    >>> AssetIn(partition_mapping=AllPartitionMapping()).partition_mapping
    AllPartitionMapping()
    """

    def _upstream_of(self, wanted: OrdinalSet, edge: Edge) -> Mapped:
        """All, if anything is wanted."""
        return Mapped(edge.existing_upstream()) if _is_wanted(wanted, edge) else Mapped()

    def _downstream_of(self, changed: OrdinalSet, edge: Edge) -> OrdinalSet:
        """All, if anything has changed."""
        has_changed = edge.upstream is None or bool(changed & edge.existing_upstream())
        return edge.existing_downstream() if has_changed else OrdinalSet()


@serializable
@dataclass(frozen=True)
class LastPartitionMapping(PartitionMapping):
    """Each partition reads the last there is upstream: the newest window that exists.

    >>> from nbasset import AssetIn
    >>> AssetIn(partition_mapping=LastPartitionMapping()).partition_mapping
    LastPartitionMapping()
    """

    def check(self, upstream: PartitionsDefinition | None, downstream: PartitionsDefinition | None) -> None:
        """Upstream has partitions."""
        if upstream is None:
            raise InvalidPartitionMapping("an upstream asset without partitions has no last one. Leave the partition_mapping out.")

    def can_give_several(self, downstream: PartitionsDefinition | None, upstream: PartitionsDefinition | None) -> bool:
        """Never."""
        return False

    def _upstream_of(self, wanted: OrdinalSet, edge: Edge) -> Mapped:
        """The last."""
        return Mapped(_last(edge)) if _is_wanted(wanted, edge) else Mapped()

    def _downstream_of(self, changed: OrdinalSet, edge: Edge) -> OrdinalSet:
        """All, if the last has changed."""
        return edge.existing_downstream() if changed & _last(edge) else OrdinalSet()


@serializable
@dataclass(frozen=True)
class SpecificPartitionsPartitionMapping(PartitionMapping):
    """Each partition reads the same few.

    >>> SpecificPartitionsPartitionMapping(["2013-01-01"])
    SpecificPartitionsPartitionMapping(partition_keys=('2013-01-01',))
    """

    partition_keys: Sequence[str]

    def __post_init__(self) -> None:
        if isinstance(self.partition_keys, str):
            raise InvalidPartitionMapping(f"specific partitions are a list of keys. Did you mean [{self.partition_keys!r}]?")
        object.__setattr__(self, "partition_keys", tuple(self.partition_keys))

    def check(self, upstream: PartitionsDefinition | None, downstream: PartitionsDefinition | None) -> None:
        """Upstream can have these keys."""
        if upstream is None:
            raise InvalidPartitionMapping("an upstream asset without partitions has no specific ones. Leave the partition_mapping out.")
        for key in self.partition_keys:
            _check_key(key, upstream, "upstream")

    def can_give_several(self, downstream: PartitionsDefinition | None, upstream: PartitionsDefinition | None) -> bool:
        """If several are named."""
        return len(set(self.partition_keys)) > 1

    def _upstream_of(self, wanted: OrdinalSet, edge: Edge) -> Mapped:
        """These."""
        return edge.mapped(self._ordinals(edge)) if _is_wanted(wanted, edge) else Mapped()

    def _downstream_of(self, changed: OrdinalSet, edge: Edge) -> OrdinalSet:
        """All, if one of these has changed."""
        return edge.existing_downstream() if changed & self._ordinals(edge) & edge.existing_upstream() else OrdinalSet()

    def _ordinals(self, edge: Edge) -> OrdinalSet:
        assert edge.upstream is not None
        return OrdinalSet.of(edge.upstream.ordinal_of(key, edge.view.table) for key in self.partition_keys)


@serializable
@dataclass(frozen=True)
class StaticPartitionMapping(PartitionMapping):
    """Upstream keys and the downstream keys that read them: ``{"EWR": "new_jersey", "JFK": ["queens", "new_york"]}``.

    >>> from nbasset import AssetDep
    >>> dep = AssetDep("airports", partition_mapping=StaticPartitionMapping({"EWR": "new_jersey", "JFK": "new_york"}))
    >>> dep.partition_mapping.downstream_partition_keys_by_upstream_partition_key["JFK"]
    ('new_york',)
    """

    downstream_partition_keys_by_upstream_partition_key: Mapping[str, str | Collection[str]]

    def __post_init__(self) -> None:
        given = self.downstream_partition_keys_by_upstream_partition_key
        plain = {key: (value,) if isinstance(value, str) else tuple(value) for key, value in given.items()}
        object.__setattr__(self, "downstream_partition_keys_by_upstream_partition_key", plain)

    def check(self, upstream: PartitionsDefinition | None, downstream: PartitionsDefinition | None) -> None:
        """Both sides are lists of keys, and have those that are named."""
        for definition, side in ((upstream, "upstream"), (downstream, "downstream")):
            if not isinstance(definition, (StaticPartitionsDefinition, DynamicPartitionsDefinition)):
                what = definition.describe() if definition is not None else "without partitions"
                raise InvalidPartitionMapping(f"a static mapping stands between lists of keys, but the {side} asset is {what}.")
        assert upstream is not None
        assert downstream is not None
        for key, readers in self._pairs().items():
            _check_key(key, upstream, "upstream")
            for reader in readers:
                _check_key(reader, downstream, "downstream")

    def can_give_several(self, downstream: PartitionsDefinition | None, upstream: PartitionsDefinition | None) -> bool:
        """If a downstream key is named by several."""
        readers = [reader for named in self._pairs().values() for reader in set(named)]
        return len(set(readers)) < len(readers)

    def _upstream_of(self, wanted: OrdinalSet, edge: Edge) -> Mapped:
        """The upstream keys that name a wanted one."""
        among = set(keys_in(wanted, edge.downstream, edge))
        keys = [key for key, readers in self._pairs().items() if not among.isdisjoint(readers)]
        return edge.mapped(OrdinalSet.of(edge.view.table.ordinals(keys)))

    def _downstream_of(self, changed: OrdinalSet, edge: Edge) -> OrdinalSet:
        """The downstream keys that are named by a changed one."""
        pairs = self._pairs()
        readers = [reader for key in keys_in(changed & edge.existing_upstream(), edge.upstream, edge) for reader in pairs.get(key, ())]
        return OrdinalSet.of(edge.view.table.ordinals(readers)) & edge.existing_downstream()

    def _pairs(self) -> Mapping[str, tuple[str, ...]]:
        return self.downstream_partition_keys_by_upstream_partition_key  # type: ignore[return-value]


@serializable
@dataclass(frozen=True)
class TimeWindowPartitionMapping(PartitionMapping):
    """Each window reads the upstream windows that it overlaps; offsets move its start and its end by so many downstream windows.

    ``TimeWindowPartitionMapping(-6, 0)`` over days reads a week, ``(-1, -1)`` the day before. What only an offset asks for, and what lies
    before the upstream start or after its end, is not asked for; what the window itself overlaps and upstream does not have is
    nonexistent, which is an error when it runs. With `allow_nonexistent_upstream_partitions` it is left out, and nothing is nonexistent.

    >>> day_before = TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)
    >>> day_before.start_offset, day_before.allow_nonexistent_upstream_partitions
    (-1, False)
    """

    start_offset: int = 0
    end_offset: int = 0
    allow_nonexistent_upstream_partitions: bool = False

    def __post_init__(self) -> None:
        if self.start_offset > self.end_offset:
            raise InvalidPartitionMapping(
                f"start_offset {self.start_offset} is after end_offset {self.end_offset}: nothing would be read. "
                f"Did you mean TimeWindowPartitionMapping({self.end_offset}, {self.start_offset})?"
            )

    def check(self, upstream: PartitionsDefinition | None, downstream: PartitionsDefinition | None) -> None:
        """Both sides are time windows of one zone."""
        if upstream is None or downstream is None:
            raise both_needed("A mapping of time windows", upstream, downstream)
        if not isinstance(upstream, TimeWindows) or not isinstance(downstream, TimeWindows):
            other = upstream if not isinstance(upstream, TimeWindows) else downstream
            raise InvalidPartitionMapping(f"a mapping of time windows cannot be: {other.describe()} is not time.")
        ours, theirs = downstream.calendar.zone.name, upstream.calendar.zone.name
        if ours != theirs:
            raise InvalidPartitionMapping(
                f"time windows of two zones do not fit: upstream is in {theirs}, downstream in {ours}. Give both one timezone."
            )

    def can_give_several(self, downstream: PartitionsDefinition | None, upstream: PartitionsDefinition | None) -> bool:
        """Unless each downstream window lies within one upstream."""
        if self.start_offset != self.end_offset or not isinstance(upstream, TimeWindows) or not isinstance(downstream, TimeWindows):
            return True
        return not downstream.fits_into(upstream)

    def _upstream_of(self, wanted: OrdinalSet, edge: Edge) -> Mapped:
        """The upstream windows that overlap."""
        up, down = _windows(edge)
        if self._is_same(up, down):
            return self._allowed(edge.mapped(wanted))
        calendar, table = up.calendar, edge.view.table
        runs: list[tuple[int, int]] = []
        for first, stop in down.spans(wanted, table):
            if self.start_offset <= 0 <= self.end_offset:
                runs += up.ordinals_between(calendar.at_or_before(first), calendar.at_or_after(stop), table).runs
            if self.start_offset or self.end_offset:
                low = calendar.at_or_before(down.calendar.shifted(first, self.start_offset))
                high = calendar.at_or_after(down.calendar.shifted(stop, self.end_offset))
                end = high if calendar.end is None else min(high, calendar.at_or_before(calendar.end))
                runs += up.ordinals_between(max(low, calendar.first), end, table).runs
        return self._allowed(edge.mapped(united(runs)))

    def _downstream_of(self, changed: OrdinalSet, edge: Edge) -> OrdinalSet:
        """The downstream windows that overlap one of these."""
        up, down = _windows(edge)
        changed &= edge.existing_upstream()
        if self._is_same(up, down):
            return changed & edge.existing_downstream()
        calendar, table = down.calendar, edge.view.table
        runs: list[tuple[int, int]] = []
        for first, stop in up.spans(changed, table):
            low = calendar.shifted(calendar.at_or_before(first), -self.end_offset)
            high = calendar.shifted(calendar.at_or_after(stop), -self.start_offset)
            runs += down.ordinals_between(low, high, table).runs
        return united(runs) & edge.existing_downstream()

    def _allowed(self, mapped: Mapped) -> Mapped:
        return Mapped(mapped.ordinals) if self.allow_nonexistent_upstream_partitions else mapped

    def _is_same(self, up: TimeWindows, down: TimeWindows) -> bool:
        """Whether a window reads just the one of the same ordinal."""
        is_plain = not self.start_offset and not self.end_offset and not up.calendar.exclusions
        return is_plain and up.family == down.family and up.calendar.cron == down.calendar.cron


def both_needed(what: str, upstream: PartitionsDefinition | None, downstream: PartitionsDefinition | None) -> InvalidPartitionMapping:
    """The error for a mapping that needs partitions on both sides."""
    side = "upstream" if upstream is None else "downstream"
    return InvalidPartitionMapping(
        f"{what} needs partitions on both sides, but the {side} asset has none. Leave the partition_mapping out."
    )


def _windows(edge: Edge) -> tuple[TimeWindows, TimeWindows]:
    assert isinstance(edge.upstream, TimeWindows)
    assert isinstance(edge.downstream, TimeWindows)
    return edge.upstream, edge.downstream


def _is_wanted(wanted: OrdinalSet, edge: Edge) -> bool:
    return edge.downstream is None or bool(wanted)


def _last(edge: Edge) -> OrdinalSet:
    assert edge.upstream is not None
    ordinal = edge.upstream.last_ordinal(edge.view)
    return OrdinalSet() if ordinal is None else OrdinalSet.between(ordinal, ordinal + 1)


def _check_key(key: Any, definition: PartitionsDefinition, side: str) -> None:
    try:
        definition.place_of(key)
    except UnknownPartitionError as error:
        hint = did_you_mean(str(key), getattr(definition, "partition_keys", ()))
        text = str(error) if not hint or hint in str(error) else f"{error} {hint}"
        raise InvalidPartitionMapping(f"the mapping names {key!r} {side}: {text}") from None
