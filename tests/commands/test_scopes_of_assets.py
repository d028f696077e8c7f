"""Scopes of assets that are passed in from Python."""

from __future__ import annotations

from nbasset import AssetSpec, Instance, asset, materialize_to_memory
from nbasset.commands.scope import scope_of


@asset
def orders() -> list[int]:
    return [1, 2]


@asset
def total(orders: list[int]) -> int:
    return sum(orders)


def test_the_same_assets_passed_in_again_are_not_put_together_again() -> None:
    with Instance.ephemeral() as one, Instance.ephemeral() as other:
        assert scope_of([orders, total], instance=one).resolved is scope_of((orders, total), instance=other).resolved
        assert scope_of([total, orders], instance=one).resolved is not scope_of([orders, total], instance=one).resolved


def test_an_asset_that_is_defined_anew_under_its_name_is_another_one() -> None:
    def version(value: int) -> object:
        @asset(name="level")
        def level() -> int:
            return value

        return level

    assert [materialize_to_memory([version(value)]).asset_value("level") for value in (1, 2, 1)] == [1, 2, 1]


def test_a_list_of_assets_that_grew_is_looked_at_anew() -> None:
    nested = [orders]
    given = [nested, AssetSpec("prices")]
    with Instance.ephemeral() as instance:
        before = len(scope_of(given, instance=instance).catalog.assets)
        nested.append(total)
        assert (before, len(scope_of(given, instance=instance).catalog.assets)) == (2, 3)


def test_resources_of_one_call_are_not_those_of_the_next() -> None:
    with Instance.ephemeral() as instance:
        first = scope_of([orders], instance=instance, resources={"level": 1})
        assert (dict(first.resolved.resources), dict(scope_of([orders], instance=instance).resolved.resources)) == ({"level": 1}, {})
