"""The proof that an asset is what its cells say: it is made here and in a clean process from the same inputs, and the results compared.

Nothing is published and no event is written; what is staged is compared and removed. Where the asset is fresh its stored version stands for
the run here. With `rows` both sides get only the first rows of each input, so that a large asset is proved in no time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any, Literal

from nbasset.commands.as_table import as_file, opened_version
from nbasset.commands.scope import Scope
from nbasset.commands.states import Standing
from nbasset.dataclass import dataclass
from nbasset.errors import InvalidInvocationError
from nbasset.events.facts import AssetMaterialized, ErrorInfo
from nbasset.events.kinds import StepFailed
from nbasset.execution.capture import capturing
from nbasset.execution.run_resources import RunResources
from nbasset.execution.step import StepRunner
from nbasset.execution.task import StepReport, StepTask, TaskRun
from nbasset.execution.versions_read import VersionsRead
from nbasset.execution.worker_pool import Worker
from nbasset.io_managers.compare import compare_files
from nbasset.io_managers.parquet import ParquetIOManager
from nbasset.io_managers.protocol import InputContext, Staged
from nbasset.keys import AssetKey, new_run_id
from nbasset.locations import host
from nbasset.ordinals import OrdinalSet
from nbasset.planning.plan import PlanRequest, RunPlan
from nbasset.planning.run_plan import plan_run
from nbasset.serde import Json, dumps, serializable

Verdict = Literal["same", "different", "fails", "random", "unknown"]


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of one asset. `text` says it for people; `first` names the first difference."""

    asset: AssetKey
    verdict: Verdict
    text: str
    partition: str | None = None
    first: str = ""

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "asset": str(self.asset), "partition": self.partition, "verdict": self.verdict, "text": self.text,
            "first": self.first or None,
        }  # fmt: skip


@serializable
@dataclass(frozen=True, slots=True)
class SampledTask:
    """A task whose inputs are cut to their first rows; 0 leaves them whole."""

    task: StepTask
    rows: int = 0


def first_rows(value: Any, rows: int) -> Any:
    """The first rows of a table, the first entries of a list; each value of a dict of tables; anything else as it is.

    >>> first_rows([1, 2, 3], 2), first_rows("text", 2)
    ([1, 2], 'text')
    """
    if isinstance(value, dict):
        return {key: first_rows(one, rows) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return value[:rows]
    if hasattr(value, "head") and hasattr(value, "columns"):
        return value.head(rows)
    if hasattr(value, "slice") and hasattr(value, "schema"):
        return value.slice(0, rows)
    return value


def run_sampled(asked: SampledTask) -> StepReport:
    """What the worker does: one step with the code that the task names. What it stages stays for the parent to compare and remove."""
    return _run(host.runner_of(asked.task), asked)


def prove(scope: Scope, key: AssetKey, now: Standing, *, ordinal: int | None = None, rows: int = 0) -> Proof:
    """Make the asset (one partition of it) in a clean process, and say whether it is what it is here."""
    catalog = scope.catalog
    asset = catalog.by_key[key]
    name = None
    if asset.partitions_def is not None and ordinal is not None:
        name = asset.partitions_def.key_of(ordinal, now.view.table)
    partitions = {key: OrdinalSet.between(ordinal, ordinal + 1)} if ordinal is not None else {}
    plan = plan_run(catalog, PlanRequest(new_run_id(), frozenset([key]), partitions, checks=frozenset()), now.view)
    if not scope.location.code.slice(asset.node or ""):
        return Proof(key, "unknown", "its code cannot be read, so no other process can make it", name)
    proving = _Proving(scope, key, now, ordinal, rows, plan, name)
    return proving.proof()


@dataclass(slots=True)
class _Proving:
    scope: Scope
    key: AssetKey
    now: Standing
    ordinal: int | None
    rows: int
    plan: RunPlan
    partition: str | None

    def proof(self) -> Proof:
        clean, staged = self._clean()
        try:
            if isinstance(clean, ErrorInfo):
                place = f" at {clean.place}" if clean.place else ""
                return self._said("fails", f"in a clean process it fails{place}: {clean}")
            here, staged_here = self._here()
            staged += staged_here
            if isinstance(here, ErrorInfo):
                return self._said("fails", f"here it fails, in a clean process it does not: {here}")
            if here.data_version == clean.data_version:
                cut = f", from the first {self.rows:,} rows of its inputs" if self.rows else ""
                return self._said("same", f"in a clean process it is the same{cut}")
            again, more = self._clean()
            staged += more
            if isinstance(again, ErrorInfo) or again.data_version != clean.data_version:
                return self._said("random", "it comes out differently each time, so nothing can be proved: a random number, or the time")
            first = self._first(here, clean, staged)
            return self._said("different", "in a clean process it is different" + (f": {first}" if first else ""), first)
        finally:
            for one in staged:
                self._manager().discard(one)

    def _said(self, verdict: Verdict, text: str, first: str = "") -> Proof:
        return Proof(self.key, verdict, text, self.partition, first)

    def _clean(self) -> tuple[AssetMaterialized | ErrorInfo, list[Staged]]:
        folder = str(self.scope.location.folder) if self.scope.location.folder is not None else None
        with closing(Worker(folder=folder)) as worker:
            return self._through(lambda asked: worker.call("nbasset.commands.clean_run:run_sampled", asked), elsewhere=True)

    def _here(self) -> tuple[AssetMaterialized | ErrorInfo, list[Staged]]:
        stored = self._stored()
        if stored is not None:
            return stored, []
        environment = self.scope.environment(echo=False, keeps_output=False)
        with RunResources(environment, self.plan.config) as resources:
            runner = StepRunner(environment, resources)
            return self._through(lambda asked: _run(runner, asked), elsewhere=False)

    def _stored(self) -> AssetMaterialized | None:
        """The stored version, if it is fresh and whole inputs are compared."""
        state = self.now.states[self.key]
        is_fresh = self.ordinal in state.fresh if self.ordinal is not None else state.status == "fresh"
        if not is_fresh or self.rows:
            return None
        from nbasset.commands.code_story import version_of

        return version_of(self.scope, self.key, self.ordinal)

    def _through(self, run_step: Any, *, elsewhere: bool) -> tuple[AssetMaterialized | ErrorInfo, list[Staged]]:
        """All steps of the plan; the fact of the asset, and everything that was staged on the way."""
        storage = self.scope.instance.storage
        versions = VersionsRead(storage, self.scope.catalog, self.now.view)
        catalog_id = storage.put_text(dumps(self.scope.catalog)) if elsewhere else ""
        staged: list[Staged] = []
        made: AssetMaterialized | None = None
        run = TaskRun(self.plan.run_id, self.plan.config, self.plan.tags, None, str(self.scope.instance.home.root))
        for step in self.plan.steps:
            code = replace(self.scope.location.code_ref(step.node, storage.put_text), catalog_id=catalog_id)
            refs = versions.refs(step.assets[0], step.partitions) if step.assets and step.partitions else ()
            task = StepTask(run, step, 1, code, versions.of_inputs(step), refs)
            report: StepReport = run_step(SampledTask(task, self.rows))
            staged += [one for _, one in report.staged]
            if isinstance(report.ended, StepFailed):
                return report.ended.error, staged
            made = next((one for one in report.ended.facts if isinstance(one, AssetMaterialized) and one.asset == self.key), made)
        return made if made is not None else ErrorInfo("NothingMade", "no step made it"), staged

    def _manager(self) -> Any:
        from nbasset.commands.managers import manager_of

        return manager_of(self.scope, self.key)

    def _first(self, here: AssetMaterialized, clean: AssetMaterialized, staged: list[Staged]) -> str:
        manager = self._manager()
        try:
            with self._file(manager, here, staged) as before, self._file(manager, clean, staged) as after:
                return compare_files(before, after).first
        except InvalidInvocationError:  # no tables
            return ""

    @contextmanager
    def _file(self, manager: Any, fact: AssetMaterialized, staged: list[Staged]) -> Iterator[Any]:
        from nbasset.io_managers import parquet_files

        place = next((one.staged_uri for one in staged if one.version_id == fact.version_id), None)
        if place is None:
            with opened_version(self.scope, self.key, manager, fact) as file:
                yield file
        elif isinstance(manager, ParquetIOManager):
            with closing(manager.folder.open_to_read(place)) as source:
                yield parquet_files.open_file(source)
        else:
            partitions = (fact.partition,) if fact.partition is not None else ()
            context = InputContext(
                key=self.key, partitions=partitions, asset_partitions_def=self.scope.catalog.by_key[self.key].partitions_def
            )  # fmt: skip
            yield as_file(manager.load_at(context, place), label=f"asset '{self.key}'")


def _run(runner: StepRunner, asked: SampledTask) -> StepReport:
    with capturing():
        return runner.run(asked.task) if not asked.rows else _run_sampled(runner, asked)


def _run_sampled(runner: StepRunner, asked: SampledTask) -> StepReport:
    whole = runner.environment
    cut = replace(whole, manager=lambda key: _Cut(whole.manager(key), asked.rows))
    sampled = StepRunner(cut, RunResources(cut, asked.task.run.config))
    sampled.values.update(runner.values)
    report = sampled.run(asked.task)
    runner.values.update(sampled.values)
    return report


class _Cut:
    """An I/O manager that loads first rows only, and is the other one in everything else."""

    def __init__(self, inner: Any, rows: int) -> None:
        self._inner = inner
        self._rows = rows

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def load_input(self, context: InputContext) -> object:
        """The first rows."""
        return first_rows(self._inner.load_input(context), self._rows)
