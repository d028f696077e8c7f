"""How long something takes and how much it writes, told from what the same assets took before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import median

from nbasset.dataclass import dataclass
from nbasset.events.facts import AssetMaterialized
from nbasset.events.kinds import StepSucceeded
from nbasset.events.records import Entry
from nbasset.keys import AssetKey
from nbasset.serde import Json


@dataclass(frozen=True, slots=True)
class Cost:
    """What one partition of an asset (or the asset, without any) took: medians of what is known. `bytes` is None when nobody told.

    `low` and `high` are the shortest and the longest of the `samples`, in seconds.
    """

    seconds: float
    bytes: float | None = None
    samples: int = 0
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is to come: so many runs and partitions, so long, so much.

    `unknown` are assets that were never made; they count as nothing, so the true figures are higher. `seconds` and `bytes` are None when
    there is no history at all. `low` and `high` are what it would be if everything took as short or as long as it ever did; `samples` how
    many times the least known of the assets was made.
    """

    runs: int
    partitions: int
    seconds: float | None = None
    bytes: float | None = None
    unknown: tuple[AssetKey, ...] = ()
    low: float | None = None
    high: float | None = None
    samples: int = 0

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "runs": self.runs, "partitions": self.partitions, "seconds": None if self.seconds is None else round(self.seconds, 3),
            "bytes": None if self.bytes is None else round(self.bytes), "unknown": [str(key) for key in self.unknown],
            "low": None if self.low is None else round(self.low, 3), "high": None if self.high is None else round(self.high, 3),
            "samples": self.samples,
        }  # fmt: skip


def cost_of(key: AssetKey, history: Iterable[Entry]) -> Cost | None:
    """The cost of one asset from its materializations; None when none of them tells.

    The time of a step that made several assets or partitions is shared among them evenly.
    """
    seconds: list[float] = []
    sizes: list[float] = []
    for entry in history:
        event = entry.event
        if not isinstance(event, StepSucceeded):
            continue
        made = [fact for fact in event.facts if isinstance(fact, AssetMaterialized)]
        mine = [fact for fact in made if fact.asset == key]
        if not mine:
            continue
        seconds.append((event.load_us + event.work_us + event.write_us) / len(made) / 1_000_000)
        sizes.extend(fact.size_bytes for fact in mine if fact.size_bytes is not None)
    if not seconds:
        return None
    return Cost(median(seconds), median(sizes) if sizes else None, len(seconds), min(seconds), max(seconds))


def estimate(partitions: Mapping[AssetKey, int], costs: Mapping[AssetKey, Cost], *, runs: int = 1, workers: int = 1) -> Estimate:
    """What so many partitions of each asset take, spread over so many workers.

    >>> orders = AssetKey("orders")
    >>> estimate({orders: 10}, {orders: Cost(2.0, 1_000.0)}, workers=2).seconds
    10.0
    """
    unknown = tuple(key for key in partitions if key not in costs)
    total = sum(partitions.values())
    if len(unknown) == len(partitions):
        return Estimate(runs, total, unknown=unknown)
    known = {key: count for key, count in partitions.items() if key in costs}
    share = max(1, min(workers, total))
    seconds = sum(costs[key].seconds * count for key, count in known.items()) / share
    low = sum((costs[key].low or costs[key].seconds) * count for key, count in known.items()) / share
    high = sum((costs[key].high or costs[key].seconds) * count for key, count in known.items()) / share
    sizes = [size * count for key, count in known.items() if (size := costs[key].bytes) is not None]
    samples = min(costs[key].samples for key in known)
    return Estimate(runs, total, seconds, sum(sizes) if sizes else None, unknown, low, high, samples)
