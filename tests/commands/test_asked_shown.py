"""Assets as lists of an interface show them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import nbasset as nb
from nbasset.commands.asked_shown import ShownAsset, StripPiece, shown_assets
from nbasset.commands.materialize import materialize_in
from nbasset.commands.scope import Scope, scope_of
from nbasset.events.facts import AssetMaterialized
from nbasset.events.kinds import RunRequested, RunStarted, StepStarted, StepSucceeded, Target
from nbasset.keys import AssetKey, RunId

DAYS = nb.DailyPartitionsDefinition("2026-01-01", end_date="2026-01-11")
LONG = nb.StaticPartitionsDefinition([f"k{at:04}" for at in range(1000)])


@nb.asset
def orders() -> list[int]:
    return [1, 2, 3]


@nb.asset
def broken() -> int:
    raise ValueError("no money")


@nb.asset(partitions_def=DAYS)
def by_day() -> int:
    return 1


@nb.asset(partitions_def=LONG)
def long() -> int:
    return 1


@pytest.fixture
def scope() -> Iterator[Scope]:
    with nb.Instance.ephemeral() as instance:
        yield scope_of(nb.Definitions([orders, broken, by_day, long]), instance=instance)


def shown(scope: Scope, name: str) -> ShownAsset:
    (found,) = shown_assets(scope, [AssetKey(name)])
    return found


def test_an_asset_that_never_ran_counts_as_one_that_is_missing(scope: Scope) -> None:
    found = shown(scope, "orders")
    assert (found.state, found.counts, found.at_us, found.seconds, found.strip) == ("missing", (("missing", 1),), 0, (), ())


def test_what_was_made_says_how_long_it_took_and_by_which_run(scope: Scope) -> None:
    run = materialize_in(scope, selection="orders")
    found = shown(scope, "orders")
    assert (found.state, found.run_id, len(found.seconds)) == ("fresh", str(run.run_id), 1)


def test_a_failure_is_told_with_its_place_and_reason(scope: Scope) -> None:
    materialize_in(scope, selection="broken", raise_on_error=False)
    found = shown(scope, "broken")
    assert (found.state, found.counts) == ("failed", (("failed", 1),))
    assert "no money" in found.reason


def test_partitions_are_counted_most_urgent_first_and_drawn_in_their_order(scope: Scope) -> None:
    materialize_in(scope, selection="by_day", partition_keys=["2026-01-03", "2026-01-04"])
    found = shown(scope, "by_day")
    assert found.counts == (("missing", 8), ("fresh", 2))
    assert found.strip == (StripPiece("missing", 2), StripPiece("fresh", 2), StripPiece("missing", 6))


def test_a_piece_of_unequal_partitions_is_partial_and_in_the_state_of_the_most_urgent(scope: Scope) -> None:
    materialize_in(scope, selection="long", partition_keys=["k0001"])
    found = shown(scope, "long")
    assert found.strip[0] == StripPiece("missing", 9, True)
    assert sum(piece.length for piece in found.strip) == 1000
    assert len(found.strip) <= 120


def test_what_a_run_has_made_already_is_no_longer_running(scope: Scope) -> None:
    ordinals = DAYS.ordinals(scope.view())
    run, key = RunId("r1"), AssetKey("by_day")
    made = AssetMaterialized(key, DAYS.refs_of(ordinals, scope.view().table)[0], version_id="v1")
    scope.instance.storage.append(
        [
            RunRequested(1, run, targets=(Target(key, ordinals),)),
            RunStarted(2, run),
            StepStarted(3, run, "by_day"),
            StepSucceeded(4, run, "by_day", (made,)),
        ]
    )
    assert dict(shown(scope, "by_day").counts)["running"] == 9
