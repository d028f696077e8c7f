"""What the picture asks of the panel: run this, plan that, fetch more. Values only; the panel decides what is done."""

from __future__ import annotations

from typing import Literal, TypeAlias

from nbasset.dataclass import dataclass
from nbasset.notebook.wire_views import Spans


@dataclass(frozen=True, slots=True)
class Target:
    """What is to run. `selection` is in the selection language; `spans` are positions of its partitions, none for all that `only` names.

    `grouping` says whether each partition is a step of the run, all of them are one, or a backfill makes them by several runs of `chunk`
    partitions (0: as many as is good).
    """

    selection: str
    spans: Spans = ()
    keys: str = ""
    only: Literal["all", "stale", "missing", "failed", "failed_or_missing"] = "all"
    grouping: Literal["per_key", "at_once", "backfill"] = "per_key"
    chunk: int = 0


@dataclass(frozen=True, slots=True)
class Resync:
    """Send the panel whole, unless its number is still `seq`."""

    seq: int = -1
    type: Literal["resync"] = "resync"


@dataclass(frozen=True, slots=True)
class MakePlan:
    """Say what would run. Answered by `PlanView`."""

    target: Target
    type: Literal["make_plan"] = "make_plan"


@dataclass(frozen=True, slots=True)
class Materialize:
    """Run it. With the digest of a shown plan it is refused when the plan would be another one now. Answered by `Started`."""

    target: Target
    digest: str = ""
    type: Literal["materialize"] = "materialize"


@dataclass(frozen=True, slots=True)
class CancelRun:
    """Stop a run. `force` ends its processes at once; `here` tells that it goes on in the kernel itself, which may be interrupted."""

    run: str
    force: bool = False
    here: bool = False
    type: Literal["cancel_run"] = "cancel_run"


@dataclass(frozen=True, slots=True)
class RunAgain:
    """Run the same again: all of it, what failed and what comes after, or some steps. Answered by `Started`."""

    run: str
    what: Literal["all", "failed", "steps"] = "failed"
    steps: tuple[str, ...] = ()
    type: Literal["run_again"] = "run_again"


@dataclass(frozen=True, slots=True)
class PauseBackfill:
    """Stop carrying it out for now."""

    backfill: str
    type: Literal["pause_backfill"] = "pause_backfill"


@dataclass(frozen=True, slots=True)
class ResumeBackfill:
    """Go on with one that nobody carries out."""

    backfill: str
    type: Literal["resume_backfill"] = "resume_backfill"


@dataclass(frozen=True, slots=True)
class CancelBackfill:
    """End it as it stands."""

    backfill: str
    type: Literal["cancel_backfill"] = "cancel_backfill"


@dataclass(frozen=True, slots=True)
class RetryBackfill:
    """Another backfill of what failed in this one, or of all that it left undone. Answered by `Started`."""

    backfill: str
    what: Literal["failed", "left"] = "failed"
    type: Literal["retry_backfill"] = "retry_backfill"


@dataclass(frozen=True, slots=True)
class DrawLineage:
    """Draw the lineage anew: another selection, folding or direction. A `LineageDrawn` follows the `Done`."""

    selection: str = ""
    folded: tuple[str, ...] = ()
    direction: Literal["down", "right"] = "down"
    type: Literal["draw"] = "draw"


@dataclass(frozen=True, slots=True)
class FetchAsset:
    """Answered by `AssetView`."""

    asset: str
    type: Literal["fetch_asset"] = "fetch_asset"


@dataclass(frozen=True, slots=True)
class FetchKey:
    """The facts of one partition. Answered by `KeyFacts`."""

    asset: str
    position: int
    type: Literal["fetch_key"] = "fetch_key"


@dataclass(frozen=True, slots=True)
class FetchMetric:
    """Answered by `MetricColumn`."""

    asset: str
    metric: str
    type: Literal["fetch_metric"] = "fetch_metric"


@dataclass(frozen=True, slots=True)
class FetchWhy:
    """Answered by `WhyView`."""

    asset: str
    partition: str | None = None
    type: Literal["fetch_why"] = "fetch_why"


@dataclass(frozen=True, slots=True)
class FetchHistory:
    """Answered by `HistoryView`; `after` is the cursor `more` of the page before."""

    asset: str
    partition: str | None = None
    after: str | None = None
    type: Literal["fetch_history"] = "fetch_history"


@dataclass(frozen=True, slots=True)
class FetchDiff:
    """Answered by `DiffView`."""

    asset: str
    before: str
    after: str
    partition: str | None = None
    type: Literal["fetch_diff"] = "fetch_diff"


@dataclass(frozen=True, slots=True)
class FetchPreview:
    """Answered by `PreviewView`. `version` None is the current one."""

    asset: str
    partition: str | None = None
    version: str | None = None
    type: Literal["fetch_preview"] = "fetch_preview"


@dataclass(frozen=True, slots=True)
class FetchShown:
    """What a version displayed while it was made. Answered by `ShownView`."""

    asset: str
    version: str
    partition: str | None = None
    type: Literal["fetch_shown"] = "fetch_shown"


@dataclass(frozen=True, slots=True)
class FetchLog:
    """Lines before number `before` (None: the newest) that pass the filter. Answered by `LogPage`."""

    run: str
    before: int | None = None
    step: str | None = None
    levels: tuple[str, ...] = ()
    text: str = ""
    limit: int = 500
    type: Literal["fetch_log"] = "fetch_log"


@dataclass(frozen=True, slots=True)
class FetchOutput:
    """Answered by `OutputText`."""

    run: str
    step: str
    stream: Literal["stdout", "stderr"] = "stdout"
    type: Literal["fetch_output"] = "fetch_output"


@dataclass(frozen=True, slots=True)
class CompareRuns:
    """Answered by `Comparison`."""

    run: str
    other: str
    type: Literal["compare_runs"] = "compare_runs"


@dataclass(frozen=True, slots=True)
class FetchDot:
    """The lineage that is shown, in a language for graphs. Answered by `DotText`."""

    form: Literal["dot", "mmd"] = "dot"
    type: Literal["fetch_dot"] = "fetch_dot"


@dataclass(frozen=True, slots=True)
class RollBack:
    """Make an earlier version the current one again. Answered by `Done`."""

    asset: str
    version: str
    partition: str | None = None
    type: Literal["roll_back"] = "roll_back"


@dataclass(frozen=True, slots=True)
class OpenRun:
    """Show a run in place of this view. A `Replaced` follows the `Done`."""

    run: str
    type: Literal["open_run"] = "open_run"


@dataclass(frozen=True, slots=True)
class OpenGrid:
    """Show the partitions of an asset in place of this view. A `Replaced` follows the `Done`."""

    asset: str
    type: Literal["open_grid"] = "open_grid"


@dataclass(frozen=True, slots=True)
class GoBack:
    """Show what was shown before `OpenRun` or `OpenGrid`. A `Replaced` follows the `Done`."""

    type: Literal["go_back"] = "go_back"


Command: TypeAlias = (
    Resync
    | MakePlan
    | Materialize
    | CancelRun
    | RunAgain
    | PauseBackfill
    | ResumeBackfill
    | CancelBackfill
    | RetryBackfill
    | DrawLineage
    | FetchAsset
    | FetchKey
    | FetchMetric
    | FetchWhy
    | FetchHistory
    | FetchDiff
    | FetchPreview
    | FetchShown
    | FetchLog
    | FetchOutput
    | CompareRuns
    | FetchDot
    | RollBack
    | OpenRun
    | OpenGrid
    | GoBack
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A command with the id that its answer gives back."""

    id: int
    command: Command
