"""Evaluating automation conditions: catalog, records and cursor in; what to make now, why, and the next cursor out.

Conditions are evaluated upstream first, so that one can count on what another requests at the same evaluation. A part of a condition is
true for a *set* of partitions. Parts with a memory (`newly_true`, `since`) are evaluated over all partitions, the others among the
candidates that are left. Rules of the parts: `nbasset.definitions.conditions`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import field, replace

from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import Catalog
from nbasset.definitions.conditions import AutomationCondition, parts_of
from nbasset.definitions.selection import AssetSelection
from nbasset.errors import Error
from nbasset.events.facts import CheckKey
from nbasset.keys import AssetKey
from nbasset.ordinals import OrdinalSet
from nbasset.planning.automation_operands import Operands
from nbasset.planning.automation_space import EntityDep, Space
from nbasset.planning.automation_state import (
    NONE,
    AutomationCursor,
    AutomationResult,
    AutomationView,
    ConditionNode,
    Entity,
    EntityMemory,
    JobKey,
)


def evaluate_automation(
    catalog: Catalog,
    view: AutomationView,
    cursor: AutomationCursor | None = None,
    *,
    keys: Collection[AssetKey] | None = None,
    default_condition: AutomationCondition | None = None,
) -> AutomationResult:
    """One evaluation of the conditions of `keys` (None: of all assets) and their checks.

    Assets without a condition get `default_condition`, if there is one. What was requested is taken as handled by the next evaluation, so
    whoever keeps the cursor has to start what is requested.
    """
    before = cursor or AutomationCursor()
    conditions = conditions_of(catalog, keys, default_condition)
    space = Space(catalog, view.view)
    tick = _Tick(catalog, view, before, conditions, space, Operands(catalog, view, before, space))
    kept = [memory for entity, condition in conditions.items() if (memory := tick.evaluate(entity, condition)) is not None]
    entities = [replace(one, requested=tick.requested.get(one.entity, NONE)) for one in kept]
    return AutomationResult(
        {entity: ordinals for entity, ordinals in tick.requested.items() if ordinals},
        tick.nodes,
        AutomationCursor(before.evaluation + 1, view.seq, view.now, tuple(entities), _codes(catalog, view, conditions)),
        {entity: ordinals for entity, ordinals in tick.left_out.items() if ordinals},
        tick.errors,
    )


def conditions_of(
    catalog: Catalog, keys: Collection[AssetKey] | None = None, default_condition: AutomationCondition | None = None
) -> dict[Entity, AutomationCondition]:
    """The conditions of assets that can be made or observed, of their checks, and of jobs that make only them.

    Upstream first, a check after what it looks at, a job after its assets.
    """
    place = {key: at for at, key in enumerate(catalog.order)}
    found: list[tuple[tuple[int, int, str], Entity, AutomationCondition]] = []
    for key, at in place.items():
        asset = catalog.by_key[key]
        condition = asset.spec.automation_condition or default_condition
        if condition is not None and asset.node is not None and (keys is None or key in keys):
            found.append(((at, 0, ""), key, condition))
    for check in catalog.checks:
        spec = check.spec
        if spec.automation_condition is not None and (keys is None or spec.asset_key in keys):
            seen = [place[one] for one in (spec.asset_key, *(dep.asset for dep in spec.additional_deps)) if one in place]
            found.append(((max(seen, default=0), 1, spec.name), spec.key, spec.automation_condition))
    for job in catalog.jobs:
        if job.automation_condition is not None and job.selection is not None:
            made = AssetSelection.from_coercible(job.selection).resolve(catalog)
            if keys is None or made <= set(keys):
                found.append(((max((place[key] for key in made), default=0), 2, job.name), JobKey(job.name), job.automation_condition))
    return {entity: condition for _, entity, condition in sorted(found, key=lambda one: one[0])}


@dataclass(frozen=True, slots=True)
class _Root:
    """The asset or check whose condition is evaluated, what it remembered, and what it will remember."""

    entity: Entity
    is_initial: bool
    sets: Mapping[str, OrdinalSet]
    kept: dict[str, OrdinalSet] = field(default_factory=dict)


class _Tick:
    def __init__(
        self,
        catalog: Catalog,
        view: AutomationView,
        cursor: AutomationCursor,
        conditions: Mapping[Entity, AutomationCondition],
        space: Space,
        operands: Operands,
    ) -> None:
        self.catalog = catalog
        self.view = view
        self.cursor = cursor
        self.conditions = conditions
        self.space = space
        self.operands = operands
        self.requested: dict[Entity, OrdinalSet] = {}
        self.left_out: dict[Entity, OrdinalSet] = {}
        self.nodes: dict[Entity, ConditionNode] = {}
        self.errors: dict[Entity, str] = {}
        self._selected: dict[AssetSelection, frozenset[AssetKey]] = {}

    def evaluate(self, entity: Entity, condition: AutomationCondition) -> EntityMemory | None:
        """Evaluate the condition of one asset or check; what is to be remembered of it."""
        digest = f"{condition.digest}:{'/'.join(_family(self.space, entity))}"
        known = self.cursor.by_entity.get(entity)
        is_initial = known is None or known.digest != digest
        root = _Root(entity, is_initial, {} if is_initial or known is None else known.sets)
        try:
            node = self._node(condition, entity, self.space.universe(entity), "", root)
            left_out = self.space.unreadable(node.true, entity)
        except Error as error:
            self.errors[entity] = str(error)
            return known
        self.nodes[entity] = node
        self.left_out[entity] = left_out
        wanted = node.true - left_out
        for one in (entity, *self.space.neighbours(entity)) if wanted else (entity,):
            self.requested[one] = self.requested.get(one, NONE) | wanted
        return EntityMemory(entity, digest, wanted, root.kept)

    def _node(self, condition: AutomationCondition, entity: Entity, candidates: OrdinalSet, path: str, root: _Root) -> ConditionNode:
        evaluate = _RULES.get(condition.op)
        if evaluate is not None:
            true, parts = evaluate(self, condition, entity, candidates, path, root)
        elif condition.op == "will_be_requested":
            requested = self.requested.get(entity, NONE) if self.space.alike(entity, root.entity) else NONE
            true, parts = requested & candidates, ()
        elif condition.op == "initial_evaluation":
            true, parts = candidates if root.is_initial else NONE, ()
        else:
            true, parts = self.operands.true_for(condition, entity) & candidates, ()
        return ConditionNode(str(condition), true, candidates, parts, None if entity == root.entity else entity, condition.label)

    # -- operators ---------------------------------------------------------------------------------------------------------

    def _and(self, condition: AutomationCondition, entity: Entity, candidates: OrdinalSet, path: str, root: _Root) -> _Outcome:
        parts = []
        left = candidates
        for at, one in enumerate(condition.operands):
            parts.append(self._node(one, entity, left, f"{path}.{at}", root))
            left = parts[-1].true
        return left, tuple(parts)

    def _or(self, condition: AutomationCondition, entity: Entity, candidates: OrdinalSet, path: str, root: _Root) -> _Outcome:
        parts = tuple(self._node(one, entity, candidates, f"{path}.{at}", root) for at, one in enumerate(condition.operands))
        return _united([part.true for part in parts]), parts

    def _not(self, condition: AutomationCondition, entity: Entity, candidates: OrdinalSet, path: str, root: _Root) -> _Outcome:
        part = self._node(condition.operands[0], entity, candidates, f"{path}.0", root)
        return candidates - part.true, (part,)

    def _newly_true(self, condition: AutomationCondition, entity: Entity, candidates: OrdinalSet, path: str, root: _Root) -> _Outcome:
        part = self._node(condition.operands[0], entity, self.space.universe(entity), f"{path}.0", root)
        root.kept[path] = part.true
        return (part.true - root.sets.get(path, NONE)) & candidates, (part,)

    def _since(self, condition: AutomationCondition, entity: Entity, candidates: OrdinalSet, path: str, root: _Root) -> _Outcome:
        everything = self.space.universe(entity)
        trigger, reset = (self._node(one, entity, everything, f"{path}.{at}", root) for at, one in enumerate(condition.operands))
        after = trigger.true & reset.true & self.operands.updated_after_tick(condition, entity)
        now = (((root.sets.get(path, NONE) & everything) | trigger.true) - reset.true) | after
        root.kept[path] = now
        return now & candidates, (trigger, reset)

    # -- looking elsewhere -------------------------------------------------------------------------------------------------

    def _any_deps(self, condition: AutomationCondition, entity: Entity, candidates: OrdinalSet, path: str, root: _Root) -> _Outcome:
        true, parts = NONE, []
        for dep in self._deps(condition, entity):
            part = self._elsewhere(condition, entity, dep, candidates, path, root)
            parts.append(part)
            true = true | self.space.downstream(part.true, entity, dep)
        return true & candidates, tuple(parts)

    def _all_deps(self, condition: AutomationCondition, entity: Entity, candidates: OrdinalSet, path: str, root: _Root) -> _Outcome:
        true, parts = candidates, []
        for dep in self._deps(condition, entity):
            if dep.entity == entity:
                continue  # its own earlier partitions would have to be newer than themselves
            part = self._elsewhere(condition, entity, dep, candidates, path, root)
            parts.append(part)
            true = true & self.space.downstream(part.true, entity, dep)
        return true, tuple(parts)

    def _any_checks(self, condition: AutomationCondition, entity: Entity, candidates: OrdinalSet, path: str, root: _Root) -> _Outcome:
        true, parts = NONE, []
        for check in self._checks(condition, entity):
            part = self._at_check(condition, entity, check, candidates, path, root)
            parts.append(part)
            true = true | self._from_check(part.true, entity, check)
        return true & candidates, tuple(parts)

    def _all_checks(self, condition: AutomationCondition, entity: Entity, candidates: OrdinalSet, path: str, root: _Root) -> _Outcome:
        true, parts = candidates, []
        for check in self._checks(condition, entity):
            part = self._at_check(condition, entity, check, candidates, path, root)
            parts.append(part)
            true = true & self._from_check(part.true, entity, check)
        return true, tuple(parts)

    def _any_downstream(self, condition: AutomationCondition, entity: Entity, candidates: OrdinalSet, path: str, root: _Root) -> _Outcome:
        true, parts = NONE, []
        for key in self.catalog.downstream.get(entity, ()) if isinstance(entity, AssetKey) else ():
            below = self.conditions.get(key) or self.catalog.by_key[key].spec.automation_condition
            dep = next((one for one in self.space.deps(key) if one.entity == entity), None)
            if below is None or dep is None:
                continue
            part = self._node(below, key, self.space.universe(key), f"{path}.v{key}", root)
            parts.append(part)
            true = true | self.space.upstream(part.true, key, dep)
        return true & candidates, tuple(parts)

    def _asset_matches(self, condition: AutomationCondition, entity: Entity, candidates: OrdinalSet, path: str, root: _Root) -> _Outcome:
        key: AssetKey = condition.args[0]
        self.catalog.asset(key)
        own = next((one for one in self.space.deps(entity) if one.entity == key), EntityDep(key))
        part = self._elsewhere(condition, entity, own, candidates, path, root)
        return self.space.downstream(part.true, entity, own) & candidates, (part,)

    def _elsewhere(
        self, condition: AutomationCondition, entity: Entity, dep: EntityDep, candidates: OrdinalSet, path: str, root: _Root
    ) -> ConditionNode:
        read = self.space.upstream(candidates, entity, dep)
        return self._node(condition.operands[0], dep.entity, read, f"{path}.@{dep.entity}", root)

    def _at_check(
        self, condition: AutomationCondition, entity: Entity, check: CheckKey, candidates: OrdinalSet, path: str, root: _Root
    ) -> ConditionNode:
        among = candidates if self.space.alike(check, entity) else self.space.universe(check)
        return self._node(condition.operands[0], check, among, f"{path}.@{check}", root)

    def _from_check(self, true: OrdinalSet, entity: Entity, check: CheckKey) -> OrdinalSet:
        if self.space.alike(check, entity):
            return true
        return self.space.universe(entity) if true else NONE

    def _deps(self, condition: AutomationCondition, entity: Entity) -> list[EntityDep]:
        return [dep for dep in self.space.deps(entity) if not isinstance(dep.entity, AssetKey) or self._counts(condition, dep.entity)]

    def _checks(self, condition: AutomationCondition, entity: Entity) -> list[CheckKey]:
        if not isinstance(entity, AssetKey):
            return []
        checks = self.catalog.checks_by_asset.get(entity, ())
        blocking_only = condition.args[0]
        wanted = [one for one in checks if not blocking_only or self.catalog.checks_by_key[one].spec.blocking]
        if condition.allowed is not None and condition.allowed.says_checks:
            allowed = condition.allowed.resolve_checks(self.catalog)
            wanted = [one for one in wanted if one in allowed]
        if condition.ignored is not None and condition.ignored.says_checks:
            ignored = condition.ignored.resolve_checks(self.catalog)
            wanted = [one for one in wanted if one not in ignored]
        return wanted

    def _counts(self, condition: AutomationCondition, key: AssetKey) -> bool:
        if condition.allowed is not None and key not in self._resolved(condition.allowed):
            return False
        return condition.ignored is None or key not in self._resolved(condition.ignored)

    def _resolved(self, selection: AssetSelection) -> frozenset[AssetKey]:
        if selection not in self._selected:
            self._selected[selection] = selection.resolve(self.catalog)
        return self._selected[selection]


_Outcome = tuple[OrdinalSet, tuple[ConditionNode, ...]]
_Rule = Callable[[_Tick, AutomationCondition, Entity, OrdinalSet, str, _Root], _Outcome]
_RULES: dict[str, _Rule] = {
    "and": _Tick._and,
    "or": _Tick._or,
    "not": _Tick._not,
    "newly_true": _Tick._newly_true,
    "since": _Tick._since,
    "any_deps": _Tick._any_deps,
    "all_deps": _Tick._all_deps,
    "any_checks": _Tick._any_checks,
    "all_checks": _Tick._all_checks,
    "any_downstream": _Tick._any_downstream,
    "asset_matches": _Tick._asset_matches,
}


def _united(sets: list[OrdinalSet]) -> OrdinalSet:
    found = NONE
    for one in sets:
        found = found | one
    return found


def _family(space: Space, entity: Entity) -> tuple[str, ...]:
    definition = space.partitions_def(entity)
    return definition.family if definition is not None else ()


def _codes(catalog: Catalog, view: AutomationView, conditions: Mapping[Entity, AutomationCondition]) -> dict[str, str]:
    if not any(part.op == "code_version_changed" for condition in conditions.values() for part in parts_of(condition)):
        return {}
    return {str(key): code for key in catalog.by_key if (code := view.code(key))}
