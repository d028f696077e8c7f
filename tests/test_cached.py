"""Properties that are worked out when they are first asked for."""

from __future__ import annotations

from nbasset.cached import cached_property


class _Shop:
    def __init__(self) -> None:
        self.asked = 0

    @cached_property
    def total(self) -> int:
        """All orders."""
        self.asked += 1
        return 60


def test_it_is_worked_out_once_and_may_be_given_beforehand() -> None:
    shop, other = _Shop(), _Shop()
    vars(other)["total"] = 5
    assert (shop.total, shop.total, shop.asked, other.total, other.asked) == (60, 60, 1, 5, 0)
    assert isinstance(_Shop.total, cached_property)
    assert _Shop.total.__doc__ == "All orders."
