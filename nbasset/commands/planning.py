"""From a wish to a plan: which assets, which of their partitions, what has to be made before.

Pure decisions over what `states` read; `plan_run` does the rest. What is named always runs. Without a name, everything that is not fresh
runs; with `stale`, so does what is not fresh upstream of the selection. What was never made, or failed last, is made before what reads it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from nbasset import clock
from nbasset.arguments.options import PlanArguments
from nbasset.commands.perhaps import add_readers, conditional, why_reader
from nbasset.commands.scope import Scope
from nbasset.commands.states import Standing, standing
from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import Catalog
from nbasset.definitions.partition_ranges import parse_ranges
from nbasset.definitions.partitions import PartitionsView
from nbasset.definitions.selection import AssetSelection
from nbasset.errors import InvalidDefinitionError, InvalidSelection, Problem, ProblemsFound, UnknownAsset
from nbasset.events.facts import CheckKey
from nbasset.keys import AssetKey, RunId, keys_text, new_run_id
from nbasset.locations.notebook import refuse_hidden_state
from nbasset.ordinals import OrdinalSet
from nbasset.planning.asked_partitions import asked_partitions, named_in
from nbasset.planning.partition_steps import upstream_partitions
from nbasset.planning.plan import PlanRequest, Reason, RunPlan
from nbasset.planning.run_plan import plan_run
from nbasset.planning.states import AssetState

Which = Literal["all", "stale", "missing", "failed"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants made.

    `selection` None means everything, a frozenset keys of what can be made here. `partitions` is text (``2013-06-01..2013-06-30``) or
    ordinals by asset. `which` narrows the wish to what is not fresh, missing or failed. `with_upstream` brings along what has to be made
    first.
    """

    selection: Any = None
    partitions: str | Mapping[AssetKey, OrdinalSet] = ""
    which: Which = "all"
    with_upstream: bool = True
    run_config: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    job: str | None = None
    single_run: bool = False
    checks: frozenset[CheckKey] | None = None
    run_id: RunId | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with the standing that it was made on."""

    plan: RunPlan
    standing: Standing


def wish_of(arguments: PlanArguments, run_config: Mapping[str, Any]) -> Wish:
    """The wish of a command line or magic."""
    which: Which = "missing" if arguments.missing else "failed" if arguments.failed else "stale" if arguments.stale else "all"
    if which == "all" and not arguments.select and not arguments.force and not arguments.partitions.text:
        which = "stale"
    return Wish(
        arguments.select or None, arguments.partitions.text, which, not arguments.only, run_config, dict(arguments.tags)
    )  # fmt: skip


def make_plan(scope: Scope, wish: Wish, *, view: PartitionsView | None = None) -> Planned:
    """The plan of a wish. Nothing runs and nothing is written.

    Raises
    ------
    HiddenState
        If something wanted leans on a name that no cell defines.
    ProblemsFound
        If something wanted is spoilt by another problem.
    UnknownAsset, InvalidSelection, UnknownPartitionError
        If the wish names what is not there.
    """
    catalog = scope.catalog
    now = _standing(scope, wish, view)
    chosen = select(scope, wish.selection, now)
    _refuse(catalog, chosen if wish.selection is not None else None)
    looked_at = frozenset(check.asset for check in wish.checks or ())
    if not wish.partitions:
        given = {}
    elif isinstance(wish.partitions, str):
        named = named_assets(wish.selection, catalog) | looked_at
        given = partitions_of(catalog, chosen | looked_at, wish.partitions, now.view, named=named)
    else:
        given = dict(wish.partitions)
    wanted, left_out = wanted_of(catalog, chosen, given, wish, now)
    perhaps, certain = conditional(wanted, now) if wish.which == "stale" else (frozenset(), {})
    request = PlanRequest(
        wish.run_id or new_run_id(),
        frozenset(wanted),
        {key: given[key] for key in looked_at & given.keys()} | {key: one for key, one in wanted.items() if one is not None},
        wish.checks,
        perhaps,
        _whys(wanted, chosen, wish, now, catalog),
        left_out,
        dict(wish.run_config),
        dict(wish.tags),
        wish.job,
        wish.single_run,
        certain,
    )
    return Planned(plan_run(catalog, request, now.view), now)


def _standing(scope: Scope, wish: Wish, view: PartitionsView | None) -> Standing:
    """How things stand, as far as the wish depends on it: what is named and brings nothing along runs however it stands."""
    if wish.which == "all" and not wish.with_upstream and not _asks_status(wish.selection):
        at = view if view is not None else scope.view()
        return Standing({}, {}, {}, at, clock.now_us())
    return standing(scope, run_config=wish.run_config, view=view)


def _asks_status(selection: Any) -> bool:
    """Whether a selection may depend on how things stand: one that lists keys does not, whatever they are called."""
    lists_keys = isinstance(selection, frozenset) or (isinstance(selection, AssetSelection) and selection.op == "keys")
    return not lists_keys and "status" in str(selection or "")


def select(scope: Scope, selection: Any, now: Standing) -> frozenset[AssetKey]:
    """The assets that are meant and can be made here; everything when `selection` is None.

    Raises
    ------
    InvalidSelection
        If it is met by nothing that can be made.
    """
    catalog = scope.catalog
    if selection is None:
        return frozenset(asset.key for asset in catalog.assets if asset.is_executable or asset.execution == "observe")
    if isinstance(selection, frozenset):
        return selection
    meant = AssetSelection.from_coercible(selection)
    try:
        keys = meant.resolve(catalog, status=now.status)
    except UnknownAsset:
        _refuse_spoilt(catalog, str(meant))
        raise
    found = frozenset([key for key in keys if catalog.by_key[key].node is not None])
    if keys and not found:
        raise InvalidDefinitionError(
            f"{keys_text(sorted(keys))} cannot be made here: nothing in {catalog.name or 'these definitions'} makes it. "
            "Select what is downstream of it."
        )
    if not keys and meant.op not in ("keys", "checks") and "status" not in str(meant):
        raise InvalidSelection(f"the selection {str(meant)!r} is met by no asset of {catalog.name or 'these definitions'}. See: list.")
    return found


def partitions_of(
    catalog: Catalog, keys: frozenset[AssetKey], partitions: str, view: PartitionsView, *, named: frozenset[AssetKey] | None = None
) -> dict[AssetKey, OrdinalSet]:
    """The partitions that were named, for each partitioned asset among `keys`; those of assets that are not `named` follow by mapping.

    Raises
    ------
    UnknownPartitionError
        If one of the assets does not have them, or none of them has any.
    """
    if not partitions:
        return {}
    return asked_partitions(
        catalog, keys, keys if named is None else named, lambda one: parse_ranges(partitions, one, view), view, words=repr(partitions)
    )  # fmt: skip


def wanted_of(
    catalog: Catalog, chosen: frozenset[AssetKey], given: Mapping[AssetKey, OrdinalSet], wish: Wish, now: Standing
) -> tuple[dict[AssetKey, OrdinalSet | None], tuple[AssetKey, ...]]:
    """What is to be made, with what has to be made first; and what of the chosen is left out since it is fresh.

    Raises
    ------
    HiddenState, ProblemsFound
        If something of it is spoilt by a problem.
    """
    wanted, left_out = _narrowed(catalog, chosen, given, wish, now)
    if wish.with_upstream:
        _add_upstream(catalog, wanted, now, not_fresh=wish.which == "stale")
    if wish.which == "stale":
        add_readers(catalog, wanted, chosen, given, now)
        left_out = tuple(key for key in left_out if key not in wanted)
    _refuse(catalog, frozenset(wanted))
    return wanted, left_out


def named_assets(selection: Any, catalog: Catalog) -> frozenset[AssetKey]:
    """The assets that a selection starts from; none when it is everything."""
    return frozenset() if selection is None else named_in(AssetSelection.from_coercible(selection), catalog)


def _narrowed(
    catalog: Catalog, chosen: frozenset[AssetKey], given: Mapping[AssetKey, OrdinalSet], wish: Wish, now: Standing
) -> tuple[dict[AssetKey, OrdinalSet | None], tuple[AssetKey, ...]]:
    """What of the chosen is wanted, with its partitions; and what is left out since it is fresh."""
    wanted: dict[AssetKey, OrdinalSet | None] = {}
    left_out = []
    for key in catalog.order:
        if key not in chosen:
            continue
        definition = catalog.by_key[key].spec.partitions_def
        if definition is None:
            if wish.which == "all" or _is_meant(now.states[key], wish.which):
                wanted[key] = None
            else:
                left_out.append(key)
            continue
        asked = given.get(key)
        if asked is not None and not asked:
            continue  # nothing of it has to do with the partitions that were named
        if wish.which == "all":
            wanted[key] = asked if asked is not None else (definition.ordinals(now.view) if wish.selection is None else OrdinalSet())
            continue
        meant = _ordinals(now.states[key], wish.which)
        meant = meant & asked if asked is not None else meant
        if meant:
            wanted[key] = meant
        else:
            left_out.append(key)
    return wanted, tuple(left_out)


def _is_meant(state: AssetState, which: Which) -> bool:
    return state.status not in ("fresh", "external") if which == "stale" else state.status == which


def _ordinals(state: AssetState, which: Which) -> OrdinalSet:
    if which == "missing":
        return state.missing
    return state.failed if which == "failed" else state.stale | state.missing | state.failed


def _add_upstream(catalog: Catalog, wanted: dict[AssetKey, OrdinalSet | None], now: Standing, *, not_fresh: bool) -> None:
    """Add what the wanted reads and is not there (or, with `not_fresh`, not fresh), upstream of upstream too."""
    for key in reversed(catalog.order):
        if key not in wanted:
            continue
        asset = catalog.by_key[key]
        node = catalog.nodes_by_name[asset.node] if asset.node is not None else None
        if node is None:
            continue
        for dep in asset.deps:
            above = catalog.by_key.get(dep.asset)
            if above is None or dep.asset == key or dep.asset in node.assets or not above.is_executable:
                continue
            state = now.states[dep.asset]
            if above.partitions_def is None:
                if dep.asset not in wanted and (state.status in ("missing", "failed") or (not_fresh and state.status == "stale")):
                    wanted[dep.asset] = None
                continue
            read = upstream_partitions(node, dep.asset, dep.partition_mapping, wanted[key], catalog, now.view).ordinals or OrdinalSet()
            lacking = read & (state.missing | state.failed | (state.stale if not_fresh else OrdinalSet()))
            if lacking:
                before = wanted.get(dep.asset)
                wanted[dep.asset] = lacking if before is None else before | lacking


def _whys(
    wanted: dict[AssetKey, OrdinalSet | None], chosen: frozenset[AssetKey], wish: Wish, now: Standing, catalog: Catalog
) -> dict[AssetKey, tuple[Reason, ...]]:
    """Why each asset is wanted."""
    if not now.states:  # nothing was looked at: what is named runs however it stands, which goes without saying
        return {}
    return {key: _why(now.states.get(key), key, key in chosen, wish.which) or why_reader(key, wanted, catalog) for key in wanted}


def _why(state: AssetState | None, key: AssetKey, is_chosen: bool, which: Which) -> tuple[Reason, ...]:
    if state is None or (is_chosen and which == "all"):
        layout = [reason for reason in state.reasons if reason.kind == "layout"] if state is not None else []
        return (Reason("asked", str(key), "you asked for it"), *layout)
    if state.reasons:
        return state.reasons
    if state.status == "missing":
        return (Reason("missing", str(key), "it was never materialized"),)
    if state.status == "failed":
        return (Reason("failed", str(key), "its last run failed"),)
    return () if state.status == "fresh" else (Reason("asked", str(key), "you asked for it"),)


def _refuse_spoilt(catalog: Catalog, selection: str) -> None:
    """Raise the problems of assets that a selection names and that could not be defined."""
    named = set(re.findall(r"[\w/-]+", selection))
    problems = [one for one in catalog.problems if one.severity == "error" and one.asset in named]
    if problems:
        refuse_hidden_state(problems)
        raise ProblemsFound(problems)


def _refuse(catalog: Catalog, keys: frozenset[AssetKey] | None) -> None:
    """Raise the problems that stop a plan with these assets; None means all problems there are."""
    problems: tuple[Problem, ...] = (
        tuple(one for one in catalog.problems if one.severity == "error") if keys is None else catalog.problems_of(keys)
    )
    if problems:
        refuse_hidden_state(problems)
        raise ProblemsFound(problems)
