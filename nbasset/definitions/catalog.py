"""The catalog: everything that definitions say, as plain data without a single function.

Planning, drawing, the API and staleness work on a `Catalog` alone, so the daemon and the web need no user code in their process. It goes
through JSON and back unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from nbasset.cached import cached_property
from nbasset.dataclass import NOTHING, dataclass, seldom
from nbasset.definitions.policies import BackfillPolicy, RetryPolicy
from nbasset.definitions.specs import AssetCheckSpec, AssetSpec
from nbasset.errors import Problem, UnknownAsset, did_you_mean
from nbasset.events.facts import CheckKey
from nbasset.keys import AssetKey
from nbasset.serde import Json, serializable

if TYPE_CHECKING:
    from nbasset.definitions.mappings import PartitionMapping
    from nbasset.definitions.partitions import PartitionsDefinition

T = TypeVar("T")
Execution = Literal["materialize", "observe", "external"]
InputKind = Literal["asset", "output", "fan_in", "mapped", "collected", "config", "default", "order"]

serializable(Problem)


@serializable
@dataclass(frozen=True, slots=True)
class CatalogDep:
    """One edge of the lineage. `input` is the parameter that loads the upstream; None when it only orders.

    With `missing_allowed` a reader of several partitions is content with those that are there.
    """

    asset: AssetKey
    input: str | None = None
    partition_mapping: PartitionMapping | None = seldom(None)
    missing_allowed: bool = seldom(False)


@serializable
@dataclass(frozen=True, slots=True)
class CatalogAsset:
    """One asset: what is said of it, what it reads, which node makes it.

    `node` is None for an external asset. `place` is where people find the definition. `metadata` of inputs is with the node's steps.
    """

    spec: AssetSpec
    deps: tuple[CatalogDep, ...] = ()
    node: str | None = None
    output: str | None = None
    execution: Execution = "materialize"
    place: str | None = None

    @property
    def key(self) -> AssetKey:
        """The asset's key."""
        return self.spec.key

    @property
    def partitions_def(self) -> PartitionsDefinition | None:
        """How it is partitioned; None when it is not."""
        return self.spec.partitions_def

    @property
    def is_executable(self) -> bool:
        """Whether nbasset can make it."""
        return self.execution == "materialize" and self.node is not None


@serializable
@dataclass(frozen=True, slots=True)
class OutputRef:
    """An output of a step inside a node: the step's handle (in a plan: its key) and the output's name.

    `manager` is how it is stored, `asset` the asset that it is, if any: with these it is found again in another process or run.
    """

    step: str
    output: str = "result"
    manager: str = "io_manager"
    asset: AssetKey | None = None


@serializable
@dataclass(frozen=True, slots=True)
class NodeInput:
    """What fills one input of a step.

    ``asset``: loaded from `asset`; ``output``: one output of another step; ``fan_in``: a list, of outputs alone or of any `parts`;
    ``mapped``: one value of a dynamic output; ``collected``: all values of one; ``config``: a value given at launch; ``default``: the
    function's default; ``order``: nothing, it only waits. `graph_input` is the input of a graph that it stands for, with its path.
    """

    name: str
    kind: InputKind
    asset: AssetKey | None = None
    outputs: tuple[OutputRef, ...] = ()
    partition_mapping: PartitionMapping | None = None
    manager: str | None = None
    graph_input: str | None = None
    parts: tuple[NodeInput, ...] = ()
    missing_allowed: bool = False


@serializable
@dataclass(frozen=True, slots=True)
class NodeOutput:
    """One output of a step: the asset or check it is, if any, and how it is stored."""

    name: str
    asset: AssetKey | None = None
    check: CheckKey | None = None
    is_required: bool = True
    is_dynamic: bool = False
    manager: str = "io_manager"


@serializable
@dataclass(frozen=True, slots=True)
class NodeStep:
    """One op inside a node. `handle` is its path (``graph.op``); for a plain asset it is the node's own name.

    A step with `mapped_over` stands for as many as that dynamic output has values.
    """

    handle: str
    inputs: tuple[NodeInput, ...] = ()
    outputs: tuple[NodeOutput, ...] = ()
    retry: RetryPolicy | None = None
    pool: str | None = None
    tags: Mapping[str, str] = NOTHING
    resources: frozenset[str] = frozenset()
    has_config: bool = False
    mapped_over: OutputRef | None = None


@serializable
@dataclass(frozen=True, slots=True)
class CatalogNode:
    """Something that runs: one function or a graph of ops, the assets and checks it makes, in one place or split into steps."""

    name: str
    steps: tuple[NodeStep, ...]
    assets: tuple[AssetKey, ...] = ()
    checks: tuple[CheckKey, ...] = ()
    kind: Literal["compute", "observe", "check"] = "compute"
    can_subset: bool = False
    partitions_def: PartitionsDefinition | None = None
    backfill_policy: BackfillPolicy | None = None
    place: str | None = None


class Lazy(Sequence[T]):
    """A sequence that is put together when somebody first asks: who only defines assets never does, and who lists them asks for no node."""

    def __init__(self, make: Callable[[], Iterable[T]]) -> None:
        self._make: Callable[[], Iterable[T]] | None = make
        self._made: tuple[T, ...] = ()

    @property
    def _items(self) -> tuple[T, ...]:
        make = self._make
        if make is not None:
            self._made = tuple(make())
            self._make = None  # whatever it was made from may go; another thread that is here makes the same
        return self._made

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter(self._items)

    def __eq__(self, other: object) -> bool:
        return self._items == tuple(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


@serializable
@dataclass(frozen=True, slots=True)
class CatalogCheck:
    """One asset check and the node that evaluates it."""

    spec: AssetCheckSpec
    node: str
    output: str
    place: str | None = None


@serializable
@dataclass(frozen=True, slots=True)
class CatalogJob:
    """A job: a selection of assets, or a graph of ops (`steps`)."""

    name: str
    selection: Any = None
    steps: tuple[NodeStep, ...] = ()
    description: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    run_tags: Mapping[str, str] | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    partitions_def: PartitionsDefinition | None = None
    retry: RetryPolicy | None = None
    executor: str | None = None
    owners: tuple[str, ...] = ()
    config: Mapping[str, Json] = field(default_factory=dict)
    place: str | None = None
    automation_condition: Any = None

    @property
    def is_asset_job(self) -> bool:
        """Whether it makes assets (else it runs ops)."""
        return self.selection is not None


def job_node(name: str) -> str:
    """What the steps of an op job name as their node: a job may have the name of an asset.

    >>> job_node("etl")
    'job:etl'
    """
    return f"job:{name}"


@serializable
@dataclass(frozen=True, eq=False)
class Catalog:
    """Everything defined in one code location, with the problems found in it."""

    assets: Sequence[CatalogAsset] = ()
    nodes: Sequence[CatalogNode] = ()
    checks: tuple[CatalogCheck, ...] = ()
    jobs: tuple[CatalogJob, ...] = ()
    schedules: tuple[Any, ...] = ()
    sensors: tuple[Any, ...] = ()
    resources: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    name: str = ""

    @cached_property
    def by_key(self) -> dict[AssetKey, CatalogAsset]:
        """Assets by key, in order of definition."""
        return {asset.spec.key: asset for asset in self.assets}

    @cached_property
    def partitions_defs(self) -> dict[AssetKey, PartitionsDefinition]:
        """How assets are partitioned, of those that are."""
        return {asset.spec.key: asset.spec.partitions_def for asset in self.assets if asset.spec.partitions_def is not None}

    @cached_property
    def nodes_by_name(self) -> dict[str, CatalogNode]:
        """Nodes by name."""
        return {node.name: node for node in self.nodes}

    @cached_property
    def jobs_by_name(self) -> dict[str, CatalogJob]:
        """Jobs by name."""
        return {job.name: job for job in self.jobs}

    @cached_property
    def checks_by_key(self) -> dict[CheckKey, CatalogCheck]:
        """Checks by key."""
        return {check.spec.key: check for check in self.checks}

    @cached_property
    def checks_by_asset(self) -> dict[AssetKey, tuple[CheckKey, ...]]:
        """The checks of each asset that has any."""
        found: dict[AssetKey, list[CheckKey]] = {}
        for check in self.checks:
            found.setdefault(check.spec.asset_key, []).append(check.spec.key)
        return {key: tuple(checks) for key, checks in found.items()}

    @cached_property
    def upstream(self) -> dict[AssetKey, tuple[AssetKey, ...]]:
        """What each asset reads or waits for, without itself."""
        return {asset.spec.key: tuple([dep.asset for dep in asset.deps if dep.asset != asset.spec.key]) for asset in self.assets}

    @cached_property
    def downstream(self) -> dict[AssetKey, tuple[AssetKey, ...]]:
        """What reads or waits for each asset, without itself."""
        found: dict[AssetKey, list[AssetKey]] = {asset.spec.key: [] for asset in self.assets}
        for key, upstream in self.upstream.items():
            for one in upstream:
                found.setdefault(one, []).append(key)
        return {key: tuple(keys) for key, keys in found.items()}

    @cached_property
    def order(self) -> tuple[AssetKey, ...]:
        """All keys, upstream before downstream, otherwise in order of definition; members of a ring come last."""
        by_key = self.by_key
        external = [key for key, asset in by_key.items() if asset.node is None and not asset.deps]
        found = dict.fromkeys(external)
        for key, asset in by_key.items():
            for dep in asset.deps:
                if dep.asset not in found and dep.asset in by_key and dep.asset is not key:
                    return self._sorted()
            found[key] = None
        return tuple(found)

    def _sorted(self) -> tuple[AssetKey, ...]:
        """The same where something reads what is defined below it."""
        by_key = self.by_key
        waiting: dict[AssetKey, int] = {}
        below: dict[AssetKey, list[AssetKey]] = {}
        for key, asset in by_key.items():
            above = [dep.asset for dep in asset.deps if dep.asset in by_key and dep.asset != key] if asset.deps else ()
            waiting[key] = len(above)
            for one in above:
                if one in below:
                    below[one].append(key)
                else:
                    below[one] = [key]
        found = [key for key, count in waiting.items() if not count]
        for key in found:
            for one in below.get(key, ()):
                waiting[one] -= 1
                if not waiting[one]:
                    found.append(one)
        if len(found) < len(waiting):
            placed = set(found)
            found.extend(key for key in waiting if key not in placed)
        return tuple(found)

    def asset(self, key: AssetKey) -> CatalogAsset:
        """One asset.

        Raises
        ------
        UnknownAsset
            If nobody defines it; the nearest key is named.
        """
        found = self.by_key.get(key)
        if found is None:
            hint = did_you_mean(str(key), map(str, self.by_key)) or (
                "Nothing is defined yet." if not self.by_key else "See what there is: %asset list."
            )
            raise UnknownAsset(f"no asset '{key}' is defined{f' in {self.name}' if self.name else ''}. {hint}")
        return found

    def problems_of(self, keys: frozenset[AssetKey]) -> tuple[Problem, ...]:
        """Problems that stop a plan with these assets: their own, and those that belong to no asset.

        A cell that says ``%%asset`` and no name (`usage`) spoils only what it would have defined.
        """
        if not self.problems:
            return ()
        names = {str(key) for key in keys}
        return tuple(
            problem
            for problem in self.problems
            if problem.severity == "error"
            and problem.job is None
            and (problem.asset in names or (problem.asset is None and problem.rule != "usage"))
        )

    def problems_of_job(self, name: str) -> tuple[Problem, ...]:
        """Problems of one job itself: those of its assets are theirs."""
        return tuple(problem for problem in self.problems if problem.severity == "error" and problem.job == name)
