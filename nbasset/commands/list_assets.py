"""``list``: every asset with its state, age and size, in a table."""

from __future__ import annotations

from collections.abc import Collection

from nbasset.arguments.options import ListArguments
from nbasset.commands.facts import fact_of, shown_state
from nbasset.commands.scope import Scope
from nbasset.commands.states import Standing, standing
from nbasset.commands.switches import automation_text
from nbasset.dataclass import dataclass
from nbasset.definitions.selection import AssetSelection
from nbasset.drawing.picture import State
from nbasset.errors import Problem
from nbasset.keys import AssetKey
from nbasset.serde import Json


@dataclass(frozen=True, slots=True)
class AssetRow:
    """One asset. `at_us` is when it was last made, 0 for never; `partitions` counts those made and all there are, for a partitioned one."""

    key: AssetKey
    state: State
    fact: str
    group: str
    kinds: tuple[str, ...] = ()
    description: str = ""
    at_us: int = 0
    rows: int | None = None
    partitions: tuple[int, int] | None = None
    inputs: tuple[AssetKey, ...] = ()
    place: str = ""

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "key": str(self.key), "state": self.state, "fact": self.fact, "group": self.group, "kinds": list(self.kinds),
            "description": self.description, "materialized_at_us": self.at_us or None, "rows": self.rows,
            "partitions": None if self.partitions is None else {"made": self.partitions[0], "all": self.partitions[1]},
            "inputs": [str(key) for key in self.inputs], "place": self.place,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class AssetList:
    """The assets of a location in order of the lineage, what is wrong in it, and how many schedules and sensors of it are on."""

    location: str
    rows: tuple[AssetRow, ...]
    problems: tuple[Problem, ...] = ()
    now_us: int = 0
    automation: str = ""
    select: str = ""

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "location": self.location,
            "assets": [row.to_json() for row in self.rows],
            "problems": [problem_json(one) for one in self.problems],
            "automation": self.automation or None,
        }


def list_assets(
    scope: Scope,
    arguments: ListArguments = ListArguments(),  # noqa: B008 - frozen
    *,
    now: Standing | None = None,
    keys: Collection[AssetKey] | None = None,
) -> AssetList:
    """The assets of the scope, or those selected; of these the ones among `keys`, where that is given."""
    now = now or standing(scope)
    catalog = scope.catalog
    if arguments.select:
        chosen = AssetSelection.from_string(arguments.select).resolve(catalog, status=now.status)
    else:
        chosen = frozenset(catalog.by_key)
    rows = tuple(_row(scope, key, now) for key in catalog.order if key in chosen and (keys is None or key in keys))
    return AssetList(catalog.name, rows, catalog.problems, now.now_us, automation_text(scope), arguments.select or "")


def problem_json(problem: Problem) -> Json:
    """A problem as plain data."""
    return {
        "rule": problem.rule, "message": problem.message, "where": problem.where, "hint": problem.hint, "severity": problem.severity,
        "asset": problem.asset,
    }  # fmt: skip


def _row(scope: Scope, key: AssetKey, now: Standing) -> AssetRow:
    asset = scope.catalog.by_key[key]
    record = now.records.get(key)
    state = now.states[key]
    made = record.materialization if record is not None else None
    partitions = None
    if asset.partitions_def is not None:
        there = len(state.fresh) + len(state.stale)
        partitions = (there, len(asset.partitions_def.ordinals(now.view)))
    return AssetRow(
        key,
        shown_state(scope, key, now),
        fact_of(scope, key, now),
        asset.spec.group,
        tuple(sorted(asset.spec.kinds)),
        (asset.spec.description or "").partition("\n")[0],
        record.at_us if record is not None else 0,
        made.rows if made is not None and asset.partitions_def is None else None,
        partitions,
        scope.catalog.upstream[key],
        asset.place or "",
    )
