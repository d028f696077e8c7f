"""The words of a plan: steps, what fills their inputs, why they run. A plan is data; running it and explaining it are two readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Literal

from nbasset.cached import cached_property
from nbasset.dataclass import NOTHING, dataclass
from nbasset.definitions.catalog import NodeOutput, OutputRef
from nbasset.definitions.policies import RetryPolicy
from nbasset.events.facts import CheckKey
from nbasset.events.kinds import Target
from nbasset.keys import AssetKey, RunId
from nbasset.ordinals import OrdinalSet
from nbasset.serde import Json, serializable

ReasonKind = Literal[
    "asked", "missing", "failed", "code", "helper", "data", "config", "resource", "io", "deps", "expired", "file", "package", "upstream",
    "downstream", "check", "layout",
]  # fmt: skip
InputKind = Literal["asset", "output", "fan_in", "mapped", "collected", "config", "default", "order"]


MADE_ALONG = "its function makes it together with one that you asked for"


@serializable
@dataclass(frozen=True, slots=True)
class Reason:
    """Why a step is in the plan. `subject` names the root (a helper, an upstream asset, a config path); `text` is a sentence for people."""

    kind: ReasonKind
    subject: str = ""
    text: str = ""


@serializable
@dataclass(frozen=True, slots=True)
class StepInput:
    """What fills one input of one step.

    `partitions` are those of the upstream `asset` that this step reads (None: unpartitioned); `nonexistent` how many it would need that the
    upstream does not define. `outputs` are outputs of other steps of the plan, in order; `mapping_keys` are those of a collected dynamic
    output, known once it is there. `parts` make up a list that is not of outputs alone. `graph_input` is the input of a graph that it
    stands for. With `missing_allowed` partitions that are not there are left out.
    """

    name: str
    kind: InputKind
    asset: AssetKey | None = None
    partitions: OrdinalSet | None = None
    outputs: tuple[OutputRef, ...] = ()
    nonexistent: int = 0
    several: bool = False
    mapping_keys: tuple[str, ...] = ()
    parts: tuple[StepInput, ...] = ()
    graph_input: str | None = None
    manager: str | None = None
    missing_allowed: bool = False

    def leaves(self) -> Sequence[StepInput]:
        """The input itself, or what it is made up of."""
        return [leaf for part in self.parts for leaf in part.leaves()] if self.parts else (self,)


@serializable
@dataclass(frozen=True, slots=True)
class Step:
    """One call of one function, for all, one or some partitions.

    `key` is unique in the plan (``orders``, ``orders[2013-01-01]``, ``graph.op``), `node` the node of the catalog (or the job), `handle`
    the op in it. `after` are steps that must end well before; `blocked_by` are checks whose failure keeps it from running. A
    `conditional` step is left out as fresh when, once its inputs are there, nothing that it depends on has changed.

    A step with `mapped_over` and no `mapping_key` is a template: once that dynamic output is there, as many steps take its place as it has
    values, each with the `mapping_key` of its own.
    """

    key: str
    node: str
    handle: str
    kind: Literal["compute", "observe", "check"] = "compute"
    assets: tuple[AssetKey, ...] = ()
    checks: tuple[CheckKey, ...] = ()
    partitions: OrdinalSet | None = None
    inputs: tuple[StepInput, ...] = ()
    outputs: tuple[NodeOutput, ...] = ()
    after: frozenset[str] = frozenset()
    blocked_by: frozenset[CheckKey] = frozenset()
    retry: RetryPolicy | None = None
    pool: str | None = None
    tags: Mapping[str, str] = NOTHING
    mapped_over: OutputRef | None = None
    mapping_key: str | None = None
    conditional: bool = False
    why: tuple[Reason, ...] = ()

    @property
    def targets(self) -> tuple[Target, ...]:
        """What it means to make."""
        return tuple([Target(key, self.partitions) for key in self.assets])

    @property
    def is_template(self) -> bool:
        """Whether it stands for steps that are not known yet."""
        return self.mapped_over is not None and self.mapping_key is None

    def leaves(self) -> Sequence[StepInput]:
        """Every single thing that fills an input, lists taken apart."""
        for item in self.inputs:
            if item.parts:
                return [leaf for one in self.inputs for leaf in one.leaves()]
        return self.inputs


@serializable
@dataclass(frozen=True, eq=False)
class RunPlan:
    """All steps of a run, each after the steps it waits for. `left_out` says what was asked for and is fresh."""

    run_id: RunId
    steps: tuple[Step, ...]
    config: Mapping[str, Json] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[AssetKey, ...] = ()
    job: str | None = None

    @cached_property
    def by_key(self) -> dict[str, Step]:
        """Steps by key."""
        return {step.key: step for step in self.steps}

    @cached_property
    def dependents(self) -> dict[str, tuple[str, ...]]:
        """Which steps wait for each step."""
        found: dict[str, list[str]] = {step.key: [] for step in self.steps}
        for step in self.steps:
            for one in step.after:
                found[one].append(step.key)
        return {key: tuple(steps) for key, steps in found.items()}

    @property
    def targets(self) -> tuple[Target, ...]:
        """What the run means to make: one target an asset."""
        found: dict[AssetKey, OrdinalSet | None] = {}
        runs: dict[AssetKey, list[OrdinalSet]] = {}
        for step in self.steps:
            for key in step.assets:
                if step.partitions is None:
                    found[key] = None
                else:
                    runs.setdefault(key, []).append(step.partitions)
        for key, sets in runs.items():
            found[key] = OrdinalSet.of(ordinal for one in sets for ordinal in one) if len(sets) > 1 else sets[0]
        return tuple([Target(key, partitions) for key, partitions in found.items()])


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What somebody wants. `partitions` are the wanted ones of each partitioned asset.

    `why` says for each asset why it is in; assets in `conditional` run only if, once their inputs are there, something did change, but for
    their partitions in `certain`. `checks` None means all checks of the wanted assets.
    """

    run_id: RunId
    assets: frozenset[AssetKey]
    partitions: Mapping[AssetKey, OrdinalSet] = field(default_factory=dict)
    checks: frozenset[CheckKey] | None = None
    conditional: frozenset[AssetKey] = frozenset()
    why: Mapping[AssetKey, tuple[Reason, ...]] = field(default_factory=dict)
    left_out: tuple[AssetKey, ...] = ()
    config: Mapping[str, Json] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    job: str | None = None
    single_run: bool = False
    certain: Mapping[AssetKey, OrdinalSet] = field(default_factory=dict)
