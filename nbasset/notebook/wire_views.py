"""What a panel shows, part one: the pieces that several views share, the lineage, the partitions and the run.

Everything is plain, frozen and small: what can be long is columnar (states of partitions as runs, numbers as packed floats, steps as
they change). Times are seconds since 1970 UTC; a partition is its position in the order of its asset's keys, from 0. `wire` says how
these values travel.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from nbasset.dataclass import dataclass

State: TypeAlias = Literal[
    "fresh", "stale", "missing", "failed", "queued", "running", "retrying", "skipped", "canceled",
    "warned", "checkfailed", "checkpassed", "external", "problem",
]  # fmt: skip
# The order gives a state its number in `Runs`; numbers are only ever added at the end.
STATES: tuple[State, ...] = (
    "fresh", "stale", "missing", "failed", "queued", "running", "retrying", "skipped", "canceled",
    "warned", "checkfailed", "checkpassed", "external", "problem",
)  # fmt: skip
Spans: TypeAlias = tuple[tuple[int, int], ...]


# -- Parts that several views share ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CellRef:
    """A place in a notebook. `number` is what people say ("cell 7"), `line` counts from 1 in the cell, `prompt` is that of its last run."""

    id: str | None = None
    number: int | None = None
    line: int | None = None
    notebook: str | None = None
    prompt: int | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """A piece of a sentence; it may lead to an asset, a cell or a run. `mono` is for what can be typed."""

    text: str
    asset: str | None = None
    cell: CellRef | None = None
    run: str | None = None
    mono: bool = False


@dataclass(frozen=True, slots=True)
class Count:
    """How many assets or partitions are in one state."""

    state: State
    count: int


@dataclass(frozen=True, slots=True)
class Runs:
    """A state for each position from 0: run `i` ends before ``stops[i]`` and is in state ``STATES[states[i]]``."""

    stops: tuple[int, ...] = ()
    states: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Code:
    """Source text as the user wrote it, with the number of its first line."""

    text: str
    first_line: int = 1
    cell: CellRef | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """A number of one asset over its materializations, oldest first; `names` says which run or partition each point is."""

    label: str
    values: tuple[float | None, ...]
    names: tuple[str, ...] = ()
    unit: str = ""


@dataclass(frozen=True, slots=True)
class MetadataFact:
    """One fact of a user: `text` is ready to be shown; a `url` only when it is http, https or relative."""

    label: str
    text: str
    kind: Literal["text", "number", "md", "json", "url", "path", "time", "asset", "run"] = "text"
    url: str | None = None


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """A column of a stored table with what its profile knows. `bins` are heights of a histogram, `top` the commonest values."""

    name: str
    type: str
    description: str = ""
    nulls: int | None = None
    distinct: int | None = None
    low: str | None = None
    high: str | None = None
    bins: tuple[float, ...] = ()
    top: tuple[tuple[str, int], ...] = ()
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class CheckFacts:
    """The latest result of one check."""

    name: str
    state: State
    description: str = ""
    blocking: bool = False
    at: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """What an asset displayed while it ran. HTML is shown in a frame that can run nothing."""

    mime: Literal["image/png", "image/jpeg", "image/svg+xml", "text/html", "text/plain"]
    data: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """A run that is changing the partitions on the screen, or a backfill with its `runs`, of which `run` is the newest.

    A backfill that is not over may be held: about to stop, or stopped with nobody who carries it out. `skipped` partitions were left out.
    """

    run: str
    done: int
    total: int
    failed: int = 0
    eta_s: float | None = None
    state: State = "running"
    backfill: str | None = None
    runs: int = 1
    held: Literal["", "pausing", "paused", "canceling"] = ""
    can_pause: bool = False
    skipped: int = 0


# -- Lineage -------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What the picture of one asset says. `fact` is the most urgent thing without its age, which is told from `at`."""

    key: str
    name: str
    state: State
    fact: str = ""
    at: float | None = None
    group: str = "default"
    kinds: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    description: str = ""
    cell: CellRef | None = None
    rows: int | None = None
    last_error: str | None = None
    spark: Series | None = None
    counts: tuple[Count, ...] = ()
    can_run: bool = True


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """A group of assets in the picture; a folded one stands for all its assets."""

    name: str
    count: int
    folded: bool = False
    counts: tuple[Count, ...] = ()


@dataclass(frozen=True, slots=True)
class LineageView:
    """The lineage. `svg` is the drawing of the kernel; `edges` are positions in `nodes`. Assets in folded groups are in `nodes` too."""

    svg: str
    nodes: tuple[NodeFacts, ...]
    edges: tuple[tuple[int, int], ...]
    groups: tuple[GroupFacts, ...] = ()
    title: str = "Lineage"
    caption: str = ""
    selection: str = ""
    direction: Literal["down", "right"] = "down"
    problems: tuple[str, ...] = ()
    selected: str | None = None
    type: Literal["lineage"] = "lineage"


# -- Partitions ------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TimeKeys:
    """Keys that are counted: `start` is the local time of position 0 (``2013-01-01T00:00``), `pattern` names a key by strftime fields.

    At a change of the clocks `shifts` adds minutes from a position on; `renamed` gives the keys that the pattern gets wrong.
    """

    start: str
    step: Literal["hour", "day", "week", "month"]
    count: int
    pattern: str = "%Y-%m-%d"
    shifts: tuple[tuple[int, int], ...] = ()
    renamed: tuple[tuple[int, str], ...] = ()
    type: Literal["time"] = "time"


@dataclass(frozen=True, slots=True)
class ListKeys:
    """Keys that are listed, with longer names where they have some."""

    keys: tuple[str, ...]
    labels: tuple[str, ...] = ()
    type: Literal["list"] = "list"


@dataclass(frozen=True, slots=True)
class Dimension:
    """One dimension of a partitioning. Positions of several run as digits do: the last dimension fastest."""

    name: str
    keys: TimeKeys | ListKeys


@dataclass(frozen=True, slots=True)
class Metric:
    """A number that every partition may have, by which cells can be coloured."""

    name: str
    label: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Pick:
    """A ready choice of partitions which states alone do not tell, such as "changed code"."""

    label: str
    spans: Spans


@dataclass(frozen=True, slots=True)
class GridView:
    """The partitions of one asset. `seconds_per_key` (from history) and `at_once` make the estimate on the button."""

    asset: str
    dimensions: tuple[Dimension, ...]
    states: Runs
    unit: str = "partitions"
    metrics: tuple[Metric, ...] = ()
    picks: tuple[Pick, ...] = ()
    seconds_per_key: float | None = None
    at_once: int = 1
    single_run: bool = True
    cell: CellRef | None = None
    progress: Progress | None = None
    selected: Spans = ()
    type: Literal["grid"] = "grid"


# -- Runs --------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a step. It waits until `launched_at`, starts up, loads until `loaded_at`, works until `worked_at`, writes to the end."""

    queued_at: float | None = None
    launched_at: float | None = None
    started_at: float | None = None
    loaded_at: float | None = None
    worked_at: float | None = None
    ended_at: float | None = None
    state: State = "running"


@dataclass(frozen=True, slots=True)
class StepFacts:
    """One step of a run. `note` is the short fact beside its bar ("42 %", "2 of 3"); `critical` if the run waited for it longest.

    `expected_at` and `expected_s`, from earlier runs, draw what has not begun yet.
    """

    key: str
    asset: str
    state: State
    partition: str | None = None
    attempts: tuple[Attempt, ...] = ()
    expected_s: float | None = None
    expected_at: float | None = None
    note: str = ""
    critical: bool = False
    cell: CellRef | None = None


@dataclass(frozen=True, slots=True)
class CodeLine:
    """A numbered line of code at a failure; `hit` is the one that failed."""

    number: int
    text: str
    hit: bool = False


@dataclass(frozen=True, slots=True)
class Variable:
    """A name in the failing frame, with its type and a short value."""

    name: str
    type: str
    value: str


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a traceback. Those that are not the user's are folded."""

    where: str
    user: bool
    lines: tuple[CodeLine, ...] = ()
    variables: tuple[Variable, ...] = ()
    cell: CellRef | None = None


@dataclass(frozen=True, slots=True)
class ErrorFacts:
    """Why a step failed: the user's own frames first. `text` is the whole traceback as Python prints it."""

    step: str
    name: str
    message: str
    frames: tuple[Frame, ...] = ()
    text: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line that the run or a step wrote. `number` counts from 0 within the run."""

    number: int
    at: float
    level: Literal["debug", "info", "warning", "error", "event"]
    text: str
    step: str | None = None


@dataclass(frozen=True, slots=True)
class RunView:
    """A run. `state` is ``fresh`` when it ended well. `log` is the newest page; older lines are asked for with `FetchLog`."""

    run: str
    title: str
    state: State
    steps: tuple[StepFacts, ...] = ()
    started_at: float | None = None
    ended_at: float | None = None
    eta_s: float | None = None
    background: bool = False
    errors: tuple[ErrorFacts, ...] = ()
    log: tuple[LogLine, ...] = ()
    previous: str | None = None
    since: tuple[Word, ...] = ()
    note: str = ""
    type: Literal["run"] = "run"
