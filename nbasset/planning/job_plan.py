"""The plan of a job that runs ops. Jobs that make assets are planned by `run_plan`.

Pure as that: the job as data and a wish in, a frozen `RunPlan` out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field, replace

from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import Catalog, CatalogJob, NodeInput, NodeStep, job_node
from nbasset.definitions.partitions import PartitionsView
from nbasset.errors import InvalidSelection, ProblemsFound
from nbasset.keys import RunId
from nbasset.ordinals import OrdinalSet
from nbasset.planning.partition_steps import read_of
from nbasset.planning.plan import RunPlan, Step, StepInput
from nbasset.serde import Json


@dataclass(frozen=True, slots=True)
class JobRequest:
    """How a job is to run. `partition` is the ordinal of its partition; `selected` the handles of the steps that run, None for all."""

    run_id: RunId
    config: Mapping[str, Json] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    partition: int | None = None
    selected: frozenset[str] | None = None


def plan_job(catalog: Catalog, job: CatalogJob, request: JobRequest, view: PartitionsView) -> RunPlan:
    """The plan that runs the ops of a job, or the selected ones.

    Raises
    ------
    ProblemsFound
        If the job is spoilt by a problem of its definition.
    InvalidSelection
        If a selected op reads one that is not selected and nothing else can fill its input.
    """
    problems = [one for one in catalog.problems_of_job(job.name) if one.rule != "invalid-config"]  # a run may come with another config
    if problems:
        raise ProblemsFound(problems)
    kept = frozenset(step.handle for step in job.steps) if request.selected is None else request.selected
    ordinals = OrdinalSet.of([request.partition]) if request.partition is not None else None
    steps = tuple(_step(catalog, job, part, kept, ordinals, view) for part in job.steps if part.handle in kept)
    return RunPlan(request.run_id, steps, request.config, request.tags, (), job.name)


def _step(
    catalog: Catalog, job: CatalogJob, part: NodeStep, kept: Collection[str], ordinals: OrdinalSet | None, view: PartitionsView
) -> Step:
    inputs = tuple(_input(catalog, job, part, item, kept, ordinals, view) for item in part.inputs)
    after = {ref.step for item in inputs for leaf in item.leaves() for ref in leaf.outputs}
    over = part.mapped_over if part.mapped_over is not None and part.mapped_over.step in kept else None
    if over is not None:
        after.add(over.step)
    return Step(
        part.handle, job_node(job.name), part.handle, partitions=ordinals, inputs=inputs, outputs=part.outputs, after=frozenset(after),
        retry=part.retry, pool=part.pool, tags=part.tags, mapped_over=over,
    )  # fmt: skip


def _input(
    catalog: Catalog,
    job: CatalogJob,
    part: NodeStep,
    item: NodeInput,
    kept: Collection[str],
    ordinals: OrdinalSet | None,
    view: PartitionsView,
) -> StepInput:
    if item.asset is not None:
        upstream = catalog.asset(item.asset).partitions_def
        if upstream is None:
            return StepInput(item.name, "asset", item.asset, graph_input=item.graph_input, manager=item.manager)
        read = read_of(item.partition_mapping, upstream, job.partitions_def, ordinals, view)
        return StepInput(
            item.name, "asset", item.asset, read.ordinals, (), read.nonexistent, read.several, graph_input=item.graph_input,
            manager=item.manager,
        )  # fmt: skip
    if item.parts:
        return StepInput(
            item.name, item.kind, parts=tuple(_input(catalog, job, part, one, kept, ordinals, view) for one in item.parts)
        )  # fmt: skip
    outside = [ref.step for ref in item.outputs if ref.step not in kept]
    if not outside:
        return StepInput(item.name, item.kind, None, None, item.outputs, graph_input=item.graph_input, manager=item.manager)
    if item.kind == "order":
        return StepInput(item.name, "order", outputs=tuple(ref for ref in item.outputs if ref.step in kept))
    if item.kind == "mapped":
        raise InvalidSelection(
            f"op '{part.handle}' of job '{job.name}' is mapped over the dynamic output of '{outside[0]}', which is not selected. "
            f"Select it too: '*{part.handle}'."
        )
    return StepInput(item.name, "config", graph_input=item.graph_input)


def selected_without(plan: RunPlan, known: Collection[str]) -> RunPlan:
    """The plan in which steps outside it that `known` names count as done: their outputs were stored by another run."""
    keys = frozenset(step.key for step in plan.steps)
    return replace(plan, steps=tuple(replace(step, after=step.after & (keys | frozenset(known))) for step in plan.steps))
