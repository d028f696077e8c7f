"""Parts of a run that somebody else began."""

from __future__ import annotations

from typing import Any

from nbasset import AssetKey, DynamicOut, DynamicOutput, Instance, asset, clock, graph_asset, op
from nbasset.commands.part_run import run_part
from nbasset.commands.planning import Wish, make_plan
from nbasset.commands.scope import scope_of
from nbasset.events.kinds import RunRequested, RunStarted
from nbasset.serde import dumps


@asset
def orders() -> list[int]:
    return [1, 2]


@op(out=DynamicOut())
def pieces(orders: list[int]) -> list[DynamicOutput[int]]:
    return [DynamicOutput(one, f"k{one}") for one in orders]


@op
def double(x: int) -> int:
    return 2 * x


@op
def total(xs: list[int]) -> int:
    return sum(xs)


@graph_asset
def doubled(orders: Any) -> Any:
    return total(pieces(orders).map(double).collect())


def test_the_part_that_makes_a_graph_backed_asset_has_all_its_ops() -> None:
    with Instance.ephemeral() as instance:
        scope = scope_of([orders, doubled], instance=instance)
        plan = make_plan(scope, Wish()).plan
        at = clock.now_us()
        plan_id = instance.storage.put_text(dumps(plan))
        asked = RunRequested(at, plan.run_id, plan.targets, len(plan.steps), plan_id=plan_id)
        instance.storage.append([asked, RunStarted(at, plan.run_id)])
        assert [step.key for step in run_part(scope, plan.run_id, [AssetKey("orders")]).plan.steps] == ["orders"]
        result = run_part(scope, plan.run_id, [AssetKey("doubled")])
        assert (result.success, result.asset_value("doubled")) == (True, 6)
        assert run_part(scope, plan.run_id, [AssetKey("doubled")]).plan.steps == ()
