"""The words that a panel in the kernel and its picture in the browser exchange.

A panel holds one `Panel`: what is shown, as of a sequence number. It is sent whole when the picture opens, when a page is reloaded and
when the picture asks for it (`Resync`); after that only `Message`s that change it, each with the next number. A picture that meets a gap
asks for the whole again, so nothing ever has to be sent twice on suspicion. What the picture wants comes as `Asked`, a command with an
id; `Answered` gives the id back, once.

The TypeScript twin is generated from here (``python extension/ui/generate_wire.py``); `wire_json` turns values into JSON and back.
`PROTOCOL` rises when an older picture could misread a newer panel.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from nbasset.dataclass import dataclass
from nbasset.notebook.wire_cards import AssetView, DiffView, HistoryView, PlanView, PreviewView, ShownView, WhyView
from nbasset.notebook.wire_views import (
    ErrorFacts,
    GridView,
    GroupFacts,
    LineageView,
    LogLine,
    NodeFacts,
    Progress,
    RunView,
    State,
    StepFacts,
)

PROTOCOL = 1

View: TypeAlias = LineageView | GridView | RunView | AssetView | PlanView | WhyView | DiffView | HistoryView | PreviewView


@dataclass(frozen=True, slots=True)
class Panel:
    """Everything a picture needs to draw itself, as of message number `seq` and the time `at`. `link` names the side channel."""

    view: View
    seq: int = 0
    at: float = 0.0
    protocol: int = PROTOCOL
    link: str = ""
    notebook: str = ""
    can_run: bool = True


# -- Kernel to picture: what changed -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Replaced:
    """The whole panel again: the answer to `Resync`, or another view in its place."""

    seq: int
    panel: Panel
    type: Literal["replaced"] = "replaced"


@dataclass(frozen=True, slots=True)
class NodesChanged:
    """Assets of the lineage that are different now, each with all its facts; `groups` if any count changed."""

    seq: int
    nodes: tuple[NodeFacts, ...]
    groups: tuple[GroupFacts, ...] = ()
    at: float = 0.0
    type: Literal["nodes"] = "nodes"


@dataclass(frozen=True, slots=True)
class LineageDrawn:
    """Another drawing: a group was folded, an asset defined, the direction turned."""

    seq: int
    lineage: LineageView
    at: float = 0.0
    type: Literal["drawn"] = "drawn"


@dataclass(frozen=True, slots=True)
class StatesChanged:
    """Partitions from `start` up to but not including `stop` are in `state` now; and how far the run is that does it."""

    seq: int
    changes: tuple[tuple[int, int, int], ...]
    progress: Progress | None = None
    at: float = 0.0
    type: Literal["states"] = "states"


@dataclass(frozen=True, slots=True)
class RunChanged:
    """Steps that are different now, errors that are new, lines that were written, and where the whole run is."""

    seq: int
    state: State
    steps: tuple[StepFacts, ...] = ()
    errors: tuple[ErrorFacts, ...] = ()
    lines: tuple[LogLine, ...] = ()
    started_at: float | None = None
    ended_at: float | None = None
    eta_s: float | None = None
    note: str = ""
    at: float = 0.0
    type: Literal["run_changed"] = "run_changed"


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence for the user that is no answer: a run that was lost, a link that was cut. It changes nothing."""

    seq: int
    text: str
    level: Literal["info", "warning", "error"] = "info"
    type: Literal["told"] = "told"


# -- Kernel to picture: answers ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What the tip over one partition says."""

    key: str
    state: State
    lines: tuple[str, ...] = ()
    run: str | None = None
    at: float | None = None
    can_why: bool = False
    type: Literal["key"] = "key"


@dataclass(frozen=True, slots=True)
class MetricColumn:
    """A number for each position from 0: little-endian float32 in base64, NaN where there is none."""

    metric: str
    values: str
    type: Literal["metric"] = "metric"


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines of a log, oldest first, and how many the same filter finds in all."""

    run: str
    lines: tuple[LogLine, ...]
    total: int
    type: Literal["log"] = "log"


@dataclass(frozen=True, slots=True)
class OutputText:
    """The end of what a step printed. `skipped` characters before it are on disk at `path`."""

    run: str
    step: str
    stream: Literal["stdout", "stderr"]
    text: str
    skipped: int = 0
    path: str = ""
    type: Literal["output"] = "output"


@dataclass(frozen=True, slots=True)
class ComparedStep:
    """One step in this run and in another: seconds, and what differs in words."""

    step: str
    before_s: float | None = None
    after_s: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs side by side: durations of steps, then configuration, tags and code that differ."""

    run: str
    other: str
    steps: tuple[ComparedStep, ...]
    differences: tuple[tuple[str, str, str], ...] = ()
    type: Literal["comparison"] = "comparison"


@dataclass(frozen=True, slots=True)
class DotText:
    """The lineage as DOT."""

    text: str
    type: Literal["dot"] = "dot"


@dataclass(frozen=True, slots=True)
class Started:
    """A run was started, or a backfill (then without a run so far); its steps arrive where the command came from."""

    run: str
    text: str = ""
    backfill: str | None = None
    type: Literal["started"] = "started"


@dataclass(frozen=True, slots=True)
class Done:
    """It was done, and there is nothing more to show than `text`."""

    text: str = ""
    type: Literal["done"] = "done"


@dataclass(frozen=True, slots=True)
class Refused:
    """It was not done: why, and the next step."""

    text: str
    type: Literal["refused"] = "refused"


Result: TypeAlias = (
    AssetView
    | PlanView
    | WhyView
    | DiffView
    | HistoryView
    | PreviewView
    | ShownView
    | KeyFacts
    | MetricColumn
    | LogPage
    | OutputText
    | Comparison
    | DotText
    | Started
    | Done
    | Refused
)


@dataclass(frozen=True, slots=True)
class Answered:
    """The result of the command with this id. It is outside the sequence: an answer never changes the panel."""

    to: int
    result: Result
    type: Literal["answered"] = "answered"


Message: TypeAlias = Replaced | NodesChanged | LineageDrawn | StatesChanged | RunChanged | Told | Answered
