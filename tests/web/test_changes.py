"""What events make worth looking at anew."""

from __future__ import annotations

from nbasset.events.facts import AssetMaterialized, InstigatorId
from nbasset.events.kinds import AssetWiped, Event, PartitionsAdded, RunStarted, StepSucceeded, TickMissed
from nbasset.keys import AssetKey, RunId
from nbasset.web.changes import Changed, changed_by

RUN = RunId("r1")


def made(name: str) -> AssetMaterialized:
    return AssetMaterialized(AssetKey(name))


def test_a_step_changes_its_run_and_what_it_made() -> None:
    events: list[Event] = [
        RunStarted(1, RUN),
        StepSucceeded(2, RUN, "orders", (made("orders"), made("sales"))),
        StepSucceeded(3, RUN, "orders", (made("orders"),)),
    ]
    assert changed_by(events) == Changed(("orders", "sales"), ("r1",))


def test_what_is_about_neither_run_nor_asset_is_told_by_its_kind() -> None:
    assert changed_by(
        [TickMissed(1, InstigatorId("flights", "schedule", "nightly"), 2, 0, 1), PartitionsAdded(2, "regions", ())]
    ).other == ("TickMissed", "PartitionsAdded")


def test_an_asset_that_was_wiped_is_named() -> None:
    assert changed_by([AssetWiped(1, AssetKey(["shop", "orders"]))]).assets == ("shop/orders",)


def test_so_many_that_a_list_is_worth_nothing_are_told_as_all() -> None:
    many = [StepSucceeded(1, RUN, "x", tuple(made(f"a{at}") for at in range(300)))]
    assert changed_by(many).to_json() == {"assets": ["*"], "runs": ["r1"], "other": []}
