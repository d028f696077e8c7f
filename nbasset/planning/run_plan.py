"""From a wish to a plan: which steps, in which order, reading what.

`plan_run` is pure: catalog and wish in, a frozen `RunPlan` out. Explaining a plan and running it start from the same value, so what
`%asset plan` shows is what runs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import NamedTuple

from nbasset.definitions.catalog import Catalog, CatalogDep, CatalogNode, NodeInput, NodeOutput, NodeStep, OutputRef
from nbasset.definitions.graph_steps import needed_steps
from nbasset.definitions.mappings import PartitionMapping
from nbasset.definitions.partitions import PartitionsView
from nbasset.definitions.specs import AssetDep
from nbasset.errors import InvalidDefinitionError, ProblemsFound
from nbasset.events.facts import CheckKey
from nbasset.keys import AssetKey, keys_text
from nbasset.ordinals import OrdinalSet
from nbasset.planning.partition_steps import UpstreamRead, UpstreamReader, chunks_of, step_suffix
from nbasset.planning.plan import MADE_ALONG, PlanRequest, Reason, RunPlan, Step, StepInput

ASKED = (Reason("asked", text="you asked for it"),)


def plan_run(catalog: Catalog, request: PlanRequest, view: PartitionsView) -> RunPlan:
    """The plan that makes the wanted assets and evaluates their checks.

    Raises
    ------
    ProblemsFound
        If a wanted asset is spoilt by a problem of its definition.
    InvalidDefinitionError
        If something wanted cannot be made here, or functions of several assets wait for each other.
    """
    wanted = with_neighbors(catalog, request.assets)
    problems = catalog.problems_of(wanted)
    if problems:
        raise ProblemsFound(problems)
    checks = _wanted_checks(catalog, wanted, request.checks)
    nodes = _nodes(catalog, wanted, checks)
    if checks and not nodes:
        raise _only_with_their_assets(catalog, checks)
    builder = _Builder(catalog, request, view, wanted, checks)
    for node in nodes:
        builder.add(node)
    return RunPlan(request.run_id, tuple(builder.steps), request.config, request.tags, request.left_out, request.job)


def with_neighbors(catalog: Catalog, assets: Collection[AssetKey]) -> frozenset[AssetKey]:
    """These assets and those that one function makes with them and cannot leave out.

    Raises
    ------
    InvalidDefinitionError
        If one of them is external: nothing here makes it.
    """
    wanted = set(assets)
    by_key, nodes_by_name = catalog.by_key, catalog.nodes_by_name
    for key in assets:
        asset = by_key.get(key) or catalog.asset(key)
        if asset.node is None:
            raise InvalidDefinitionError(
                f"'{key}' is external: nothing here makes it. Select what is downstream of it, or define how it is made with @asset."
            )
        node = nodes_by_name[asset.node]
        if len(node.assets) > 1 and not node.can_subset:
            wanted.update(node.assets)
    return frozenset(wanted)


def _wanted_checks(catalog: Catalog, wanted: frozenset[AssetKey], checks: frozenset[CheckKey] | None) -> frozenset[CheckKey]:
    if checks is not None:
        return checks
    if not catalog.checks:
        return _NONE
    return frozenset(check for key in wanted for check in catalog.checks_by_asset.get(key, ()))


def _nodes(catalog: Catalog, wanted: frozenset[AssetKey], checks: frozenset[CheckKey]) -> list[CatalogNode]:
    """The nodes that run, each after those that make what it reads."""
    names = {catalog.by_key[key].node for key in wanted}
    if not checks and len(names) == len(wanted):  # no two of the assets are made together: the order of the catalog is theirs
        by_key, by_name = catalog.by_key, catalog.nodes_by_name
        return [by_name[by_key[key].node or ""] for key in catalog.order if key in wanted]
    for check in checks:
        entry = catalog.checks_by_key[check]
        node = catalog.nodes_by_name[entry.node]
        if not node.assets or node.name in names:
            names.add(node.name)
    return _in_order(catalog, [node for node in catalog.nodes if node.name in names], wanted)


def _place_of_check(node: CatalogNode, catalog: Catalog, at: Mapping[AssetKey, float]) -> float:
    specs = [catalog.checks_by_key[check].spec for check in node.checks]
    seen = {key for spec in specs for key in (spec.asset_key, *(dep.asset for dep in spec.additional_deps))}
    seen.update(item.asset for step in node.steps for item in step.inputs if item.asset is not None)
    return max((at[key] for key in seen if key in at), default=len(at)) + 0.5


def _only_with_their_assets(catalog: Catalog, checks: Collection[CheckKey]) -> InvalidDefinitionError:
    first = min(checks)
    node = catalog.checks_by_key[first].node
    return InvalidDefinitionError(
        f"the verdict of check '{first}' comes from the function '{node}' that makes the asset, so it cannot be had alone. "
        f"Select the asset '{first.asset}', or write the check as a function of its own: @asset_check(asset=\"{first.asset}\")."
    )


def _in_order(catalog: Catalog, nodes: list[CatalogNode], wanted: frozenset[AssetKey]) -> list[CatalogNode]:
    """Nodes, each after those that make what it reads; a check right after what it looks at, so that it can block what comes next."""
    at = {key: float(place) for place, key in enumerate(catalog.order)}
    place = {}
    for node in nodes:
        made = [at[key] for key in node.assets if key in wanted]
        place[node.name] = max(made) if made else _place_of_check(node, catalog, at)
    ordered = sorted(nodes, key=lambda node: place[node.name])
    if all(len(node.assets) <= 1 for node in nodes):
        return ordered  # the order of the catalog has each asset after what it reads
    done: set[AssetKey] = set()
    for node in ordered:
        mine = {key for key in node.assets if key in wanted}
        for key in mine:
            late = [one for one in catalog.upstream[key] if one in wanted and one not in done and one not in mine]
            if late:
                raise InvalidDefinitionError(
                    f"'{node.name}' makes {keys_text(sorted(mine))} in one call, but {keys_text(late)} comes in between: it is made from "
                    "one of them and feeds another. Split the function, so that each part can run in its turn."
                )
        done |= mine
    return ordered


class _Shape(NamedTuple):
    """What the steps of one part of a node have in common, whatever their partitions are."""

    part: NodeStep
    outputs: tuple[NodeOutput, ...]
    made: tuple[AssetKey, ...]
    verdicts: tuple[CheckKey, ...]
    deps: tuple[CatalogDep, ...]
    may_be_blocked: bool
    why: tuple[Reason, ...]


_NONE: frozenset[CheckKey] = frozenset()
_NO_STEPS: frozenset[str] = frozenset()
_UNPARTITIONED = UpstreamRead(None)


class _Builder:
    """Makes the steps of one node after the other, and remembers which step makes what."""

    def __init__(
        self, catalog: Catalog, request: PlanRequest, view: PartitionsView, wanted: frozenset[AssetKey], checks: frozenset[CheckKey]
    ) -> None:
        self.catalog = catalog
        self.request = request
        self.view = view
        self.wanted = wanted
        self.checks = checks
        self.steps: list[Step] = []
        self._whole: dict[AssetKey, str] = {}
        self._parts: dict[AssetKey, dict[int, str]] = {}
        self._readers: dict[tuple[int, int, int], UpstreamReader] = {}
        self._suffixes: dict[tuple[int, OrdinalSet], str] = {}
        self._blocking: dict[AssetKey, list[tuple[str, CheckKey, OrdinalSet | None]]] = {}
        self._plain_inputs: dict[int, StepInput] = {}  # of assets without partitions, by identity of what the catalog keeps

    def add(self, node: CatalogNode) -> None:
        if len(node.steps) == len(node.assets) == 1 and not node.checks and self._add_plain(node, node.steps[0], node.assets[0]):
            return
        wanted = self.wanted
        assets = tuple([key for key in node.assets if key in wanted])
        checks = frozenset([check for check in node.checks if check in self.checks]) if node.checks else _NONE
        shapes = [self._shape(node, part, assets, checks) for part in self._parts_of(node, assets, checks)]
        if node.partitions_def is None:
            for shape in shapes:
                self._add_step(node, shape, None, "")
            return
        for ordinals in chunks_of(node, assets, self.request, self.view, self.catalog):
            suffix = self._suffix(node, ordinals)
            for shape in shapes:
                self._add_step(node, shape, ordinals, suffix)

    def _suffix(self, node: CatalogNode, ordinals: OrdinalSet | None) -> str:
        """What tells the steps of some partitions apart, written once for all assets that are partitioned alike."""
        if not ordinals or node.partitions_def is None:
            return ""
        place = id(node.partitions_def), ordinals
        found = self._suffixes.get(place)
        if found is None:
            found = self._suffixes[place] = step_suffix(node, ordinals, self.view)
        return found

    def _parts_of(self, node: CatalogNode, assets: tuple[AssetKey, ...], checks: frozenset[CheckKey]) -> tuple[NodeStep, ...]:
        """The steps of a node that are needed: of a graph only those that something wanted comes from."""
        if len(node.steps) == 1:
            return node.steps
        everything = assets == node.assets
        wanted = [
            (step.handle, output.name)
            for step in node.steps
            for output in step.outputs
            if (output.asset in assets if output.asset is not None else output.check in checks if output.check is not None else everything)
        ]
        alone = [(step.handle, "") for step in node.steps if not step.outputs] if everything else []
        return needed_steps(node.steps, [*wanted, *alone])

    def _add_plain(self, node: CatalogNode, part: NodeStep, asset: AssetKey) -> bool:
        """Add the only step of a node that makes one asset: without partitions or checks, on no condition, waiting only for what it loads,
        as most do. False where there is more to it.
        """
        request = self.request
        if node.partitions_def is not None or self._blocking or request.conditional or len(part.outputs) != 1:
            return False
        for dep in self.catalog.by_key[asset].deps:
            if dep.input is None or dep.asset is asset:
                return False
        key = part.handle
        after: set[str] = set()
        inputs = self._inputs(node, part, None, "", after) if part.inputs else ()
        self.steps.append(
            Step(
                key, node.name, key, node.kind, node.assets, (), None, tuple(inputs), part.outputs,
                frozenset(after) if after else _NO_STEPS, _NONE, part.retry, part.pool, part.tags, None, None, False,
                request.why.get(asset, ASKED),
            )
        )  # fmt: skip
        self._whole[asset] = key
        return True

    def _shape(self, node: CatalogNode, part: NodeStep, assets: tuple[AssetKey, ...], checks: frozenset[CheckKey]) -> _Shape:
        """What the steps of all partitions have in common."""
        is_wanted = [(output, _is_wanted(output, assets, checks)) for output in part.outputs]
        outputs = tuple(
            [output if wanted else replace(output, asset=None, check=None) for output, wanted in is_wanted if wanted or len(node.steps) > 1]
        )
        made = tuple([output.asset for output in outputs if output.asset is not None])
        verdicts = tuple([output.check for output in outputs if output.check is not None]) if node.checks else ()
        of = made if len(node.steps) == 1 or verdicts else assets  # what a graph waits for, each of its steps waits for
        deps = [
            dep
            for one in of
            for dep in self.catalog.by_key[one].deps
            if (dep.input is None and dep.asset not in of) or (dep.asset == one and one in made)
        ]
        for check in verdicts:
            spec = self.catalog.checks_by_key[check].spec
            others = [one for one in (AssetDep(spec.asset_key), *spec.additional_deps) if one.asset not in made]
            deps.extend(CatalogDep(one.asset, None, one.partition_mapping) for one in others)
        return _Shape(part, outputs, made, verdicts, tuple(deps), bool(of), self._why(made))

    def _add_step(self, node: CatalogNode, shape: _Shape, ordinals: OrdinalSet | None, suffix: str) -> None:
        part = shape.part
        key = part.handle + suffix
        after: set[str] = set()
        inputs = self._inputs(node, part, ordinals, suffix, after)
        read = {one.asset: one.partitions for filled in inputs for one in filled.leaves() if one.asset is not None}
        for dep in shape.deps:
            if dep.asset not in read:
                found = self._upstream(node, dep.asset, dep.partition_mapping, ordinals)
                read[dep.asset] = found.ordinals
                after.update(self._makers(dep.asset, found.ordinals))
        blocked = self._blockers(after, read) if shape.may_be_blocked and self._blocking else _NONE
        if part.mapped_over is not None:
            after.add(part.mapped_over.step + suffix)
        after.discard(key)
        step = Step(
            key,
            node.name,
            part.handle,
            node.kind,
            shape.made,
            shape.verdicts,
            ordinals,
            tuple(inputs),
            shape.outputs,
            frozenset(after),
            frozenset(blocked) if blocked else _NONE,
            part.retry,
            part.pool,
            part.tags,
            suffixed(part.mapped_over, suffix) if part.mapped_over is not None else None,
            conditional=bool(self.request.conditional) and self._is_conditional(shape.made, ordinals),
            why=shape.why,
        )
        self.steps.append(step)
        self._remember(step)

    def _inputs(self, node: CatalogNode, part: NodeStep, ordinals: OrdinalSet | None, suffix: str, after: set[str]) -> list[StepInput]:
        """What fills the inputs of a step; the steps that give it are added to `after`."""
        inputs, known, whole = [], self._plain_inputs, self._whole
        for item in part.inputs:
            filled = known.get(id(item))
            if filled is None:
                filled = self._input(node, item, ordinals, suffix, after)
            elif filled.asset in whole:
                after.add(whole[filled.asset])
            inputs.append(filled)
        return inputs

    def _upstream(
        self, node: CatalogNode, asset: AssetKey, mapping: PartitionMapping | None, ordinals: OrdinalSet | None
    ) -> UpstreamRead:  # fmt: skip
        above = self.catalog.asset(asset).partitions_def
        if above is None:
            return _UNPARTITIONED
        place = id(mapping), id(above), id(node.partitions_def)  # the catalog keeps them; many edges share them
        reader = self._readers.get(place)
        if reader is None:
            reader = self._readers[place] = UpstreamReader(mapping, above, node.partitions_def, self.view)
        return reader.of(ordinals)

    def _input(self, node: CatalogNode, item: NodeInput, ordinals: OrdinalSet | None, suffix: str, after: set[str]) -> StepInput:
        if item.asset is not None:
            read = self._upstream(node, item.asset, item.partition_mapping, ordinals)
            after.update(self._makers(item.asset, read.ordinals))
            made = StepInput(
                item.name, "asset", item.asset, read.ordinals, (), read.nonexistent, read.several, graph_input=item.graph_input,
                manager=item.manager, missing_allowed=item.missing_allowed,
            )  # fmt: skip
            if read is _UNPARTITIONED:
                self._plain_inputs[id(item)] = made
            return made
        if item.parts:
            parts = tuple(self._input(node, one, ordinals, suffix, after) for one in item.parts)
            return StepInput(item.name, item.kind, parts=parts)
        outputs = tuple(suffixed(ref, suffix) for ref in item.outputs)
        after.update(ref.step for ref in outputs)
        return StepInput(item.name, item.kind, None, None, outputs, graph_input=item.graph_input, manager=item.manager)

    def _makers(self, asset: AssetKey, partitions: OrdinalSet | None) -> set[str]:
        """Steps of this plan that make the asset, or those of its partitions."""
        if asset in self._whole:
            return {self._whole[asset]}
        parts = self._parts.get(asset)
        if not parts:
            return set()
        if partitions is None:
            return set(parts.values())
        size = len(partitions)
        if size == 1:
            made = parts.get(partitions.runs[0][0])
            return {made} if made is not None else set()
        if size <= len(parts):
            return {parts[ordinal] for ordinal in partitions if ordinal in parts}
        return {key for ordinal, key in parts.items() if ordinal in partitions}

    def _blockers(self, after: set[str], read: Mapping[AssetKey, OrdinalSet | None]) -> Collection[CheckKey]:
        """Blocking checks of what the step reads (of those partitions that it reads): it waits for them too."""
        found: set[CheckKey] = set()
        for asset, partitions in read.items():
            for step, check, looked_at in self._blocking.get(asset, ()):
                if partitions is None or looked_at is None or partitions & looked_at:
                    after.add(step)
                    found.add(check)
        return found

    def _remember(self, step: Step) -> None:
        for key in step.assets:
            if step.partitions is None:
                self._whole[key] = step.key
            else:
                self._parts.setdefault(key, {}).update(dict.fromkeys(step.partitions, step.key))
        for check in step.checks:
            spec = self.catalog.checks_by_key[check].spec
            if spec.blocking:
                node, asset = self.catalog.nodes_by_name[step.node], self.catalog.by_key.get(spec.asset_key)
                same = asset is not None and node.partitions_def == asset.partitions_def
                self._blocking.setdefault(spec.asset_key, []).append((step.key, check, step.partitions if same else None))

    def _is_conditional(self, made: tuple[AssetKey, ...], ordinals: OrdinalSet | None) -> bool:
        """Whether all that the step makes may turn out to need no making."""
        request = self.request
        return bool(made) and all(
            key in request.conditional and not (ordinals is not None and ordinals & request.certain.get(key, OrdinalSet())) for key in made
        )

    def _why(self, made: tuple[AssetKey, ...]) -> tuple[Reason, ...]:
        if len(made) == 1 and made[0] in self.request.why:
            return self.request.why[made[0]]
        found: dict[Reason, None] = {}
        for key in made:
            found.update(
                dict.fromkeys(self.request.why.get(key, ASKED if key in self.request.assets else (Reason("asked", str(key), MADE_ALONG),)))
            )
        return tuple(found)


def suffixed(ref: OutputRef, suffix: str) -> OutputRef:
    """An output of a step of a node as one of a step of the plan."""
    return replace(ref, step=ref.step + suffix) if suffix else ref


def _is_wanted(output: NodeOutput, assets: tuple[AssetKey, ...], checks: frozenset[CheckKey]) -> bool:
    if output.asset is not None:
        return output.asset in assets
    return output.check is None or output.check in checks


def only_steps(plan: RunPlan, keys: Collection[str]) -> RunPlan:
    """The plan cut down to some of its steps; what they wait for outside is taken as done."""
    kept = frozenset(keys)
    return replace(plan, steps=tuple(replace(step, after=step.after & kept) for step in plan.steps if step.key in kept))
