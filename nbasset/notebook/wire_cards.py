"""What a panel shows, part two: the cards that answer a verb about one asset, a plan or two versions."""

from __future__ import annotations

from typing import Literal

from nbasset.dataclass import dataclass
from nbasset.notebook.wire_views import CheckFacts, Code, ColumnFacts, Count, MetadataFact, Runs, Series, Shown, State, Word


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An asset beside another."""

    key: str
    state: State


@dataclass(frozen=True, slots=True)
class PartitionStrip:
    """The partitions of an asset as one strip: states and a few keys along it."""

    unit: str
    count: int
    states: Runs
    axis: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PreviewView:
    """First rows of a stored table, as text (None is null), with the facts of its columns. `code` loads it."""

    asset: str
    columns: tuple[ColumnFacts, ...]
    rows: tuple[tuple[str | None, ...], ...]
    partition: str | None = None
    row_count: int | None = None
    size_bytes: int | None = None
    path: str = ""
    code: str = ""
    note: str = ""
    type: Literal["preview"] = "preview"


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One materialization (or observation, or roll-back) of an asset or partition. `shown` displays of it are kept: see `FetchShown`."""

    version: str
    at: float
    state: State
    what: str = "materialized"
    partition: str | None = None
    run: str | None = None
    rows: int | None = None
    size_bytes: int | None = None
    seconds: float | None = None
    data_version: str = ""
    code_version: str = ""
    by: str = ""
    is_current: bool = False
    is_kept: bool = True
    shown: int = 0


@dataclass(frozen=True, slots=True)
class ShownView:
    """What one version displayed while it was made."""

    asset: str
    version: str
    at: float
    shown: tuple[Shown, ...] = ()
    partition: str | None = None
    type: Literal["shown"] = "shown"


@dataclass(frozen=True, slots=True)
class HistoryView:
    """Materializations, newest first. `more` is the cursor of the next page."""

    asset: str
    entries: tuple[HistoryEntry, ...]
    partition: str | None = None
    plots: tuple[Series, ...] = ()
    more: str | None = None
    type: Literal["history"] = "history"


@dataclass(frozen=True, slots=True)
class AssetView:
    """All that one asset's panel shows."""

    key: str
    state: State
    counts: tuple[Count, ...] = ()
    fact: str = ""
    at: float | None = None
    group: str = "default"
    description: str = ""
    kinds: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    reads: tuple[Neighbour, ...] = ()
    read_by: tuple[Neighbour, ...] = ()
    code: Code | None = None
    partitions: PartitionStrip | None = None
    preview: PreviewView | None = None
    checks: tuple[CheckFacts, ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    metadata: tuple[MetadataFact, ...] = ()
    plots: tuple[Series, ...] = ()
    shown: tuple[Shown, ...] = ()
    path: str = ""
    last_run: str | None = None
    seconds: float | None = None
    problems: tuple[str, ...] = ()
    can_run: bool = True
    type: Literal["asset"] = "asset"


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One asset of a plan, in the order it would run."""

    asset: str
    state: State
    why: str
    partitions: int = 1
    keys: str = ""
    reads: tuple[str, ...] = ()
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class PlanView:
    """What would run, why and for how long. `digest` names the plan, so that what is started is what was shown."""

    selection: str
    rows: tuple[PlanRow, ...]
    runs: int = 1
    seconds: float | None = None
    at_once: int = 1
    files: int | None = None
    size_bytes: int | None = None
    command: str = ""
    notes: tuple[str, ...] = ()
    digest: str = ""
    type: Literal["plan"] = "plan"


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of a code diff; numbers are None on the side that lacks it."""

    sign: Literal["+", "-", " "]
    text: str
    before: int | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """A link of the chain from the root cause to the asset asked about."""

    words: tuple[Word, ...]
    state: State | None = None
    diff: tuple[DiffLine, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class WhyView:
    """Why an asset is what it is: root cause first. `same` lists what did not change."""

    asset: str
    state: State
    headline: str
    chain: tuple[Reason, ...] = ()
    same: tuple[Word, ...] = ()
    stale: int = 0
    seconds: float | None = None
    type: Literal["why"] = "why"


@dataclass(frozen=True, slots=True)
class DiffFact:
    """A fact of two versions. `sign` is ``+`` or ``-`` where the change is a gain or a loss."""

    label: str
    before: str
    after: str
    sign: Literal["+", "-", ""] = ""


@dataclass(frozen=True, slots=True)
class ColumnDiff:
    """A column of two versions: texts before and after, cells changed, shares of null from 0 to 1."""

    name: str
    type: str
    nulls: tuple[str, str] = ("", "")
    mean: tuple[str, str] = ("", "")
    changed: int | None = None
    null_share: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class RowDiff:
    """A row that came, went or changed, as one line of text."""

    sign: Literal["+", "-", "~"]
    text: str


@dataclass(frozen=True, slots=True)
class DiffView:
    """Two versions of an asset or partition side by side."""

    asset: str
    before: HistoryEntry
    after: HistoryEntry
    partition: str | None = None
    facts: tuple[DiffFact, ...] = ()
    columns: tuple[ColumnDiff, ...] = ()
    rows: tuple[RowDiff, ...] = ()
    note: str = ""
    type: Literal["diff"] = "diff"
