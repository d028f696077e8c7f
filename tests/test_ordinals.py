"""Sets of ordinals behave as Python's sets do, and survive their byte and JSON forms."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbasset import serde
from nbasset.definitions.partitions import united
from nbasset.ordinals import MemoryKeyTable, OrdinalSet

numbers = st.integers(-200, 200) | st.integers(-(2**45), 2**45)
plain_sets = st.frozensets(st.integers(0, 60), max_size=40) | st.frozensets(numbers, max_size=20)


@given(plain_sets, plain_sets)
def test_union_intersection_and_difference_are_those_of_sets(ours: frozenset[int], theirs: frozenset[int]) -> None:
    a, b = OrdinalSet.of(ours), OrdinalSet.of(theirs)
    assert (set(a | b), set(a & b), set(a - b)) == (ours | theirs, ours & theirs, ours - theirs)


@given(plain_sets, plain_sets)
def test_equal_sets_have_equal_runs(ours: frozenset[int], theirs: frozenset[int]) -> None:
    a, b = OrdinalSet.of(ours), OrdinalSet.of(theirs)
    assert (a | b) - b == OrdinalSet.of(ours - theirs)
    assert (a == b) == (ours == theirs)


@given(plain_sets)
def test_runs_are_sorted_disjoint_and_do_not_touch(members: frozenset[int]) -> None:
    runs = OrdinalSet.of(members).runs
    assert all(start < stop for start, stop in runs)
    assert all(left[1] < right[0] for left, right in pairwise(runs))


@given(plain_sets, numbers)
def test_length_truth_order_and_membership_are_those_of_the_members(members: frozenset[int], probe: int) -> None:
    ordinals = OrdinalSet.of(members)
    assert (len(ordinals), bool(ordinals), list(ordinals)) == (len(members), bool(members), sorted(members))
    assert (probe in ordinals) == (probe in members)
    assert all(member in ordinals for member in members)


@given(plain_sets)
def test_a_set_comes_back_from_its_bytes_and_its_json(members: frozenset[int]) -> None:
    ordinals = OrdinalSet.of(members)
    assert OrdinalSet.from_bytes(ordinals.to_bytes()) == ordinals
    assert serde.loads(serde.dumps(ordinals)) == ordinals


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(1, 20))))
def test_runs_in_any_order_are_united(pairs: list[tuple[int, int]]) -> None:
    runs = [(start, start + length) for start, length in pairs]
    assert united(runs) == OrdinalSet.of(number for start, stop in runs for number in range(start, stop))


def test_a_year_of_days_takes_a_few_bytes() -> None:
    assert len(OrdinalSet.between(15_706, 16_071).to_bytes()) <= 6


def test_ten_thousand_scattered_hours_take_less_than_eight_kilobytes() -> None:
    scattered = OrdinalSet.of(438_000 + (at * 7919) % 43_848 for at in range(10_000))
    assert len(scattered.to_bytes()) <= 8_000
    assert OrdinalSet.from_bytes(scattered.to_bytes()) == scattered


def test_an_ordinal_that_was_never_given_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        MemoryKeyTable().keys([3])


def test_something_that_is_no_number_is_in_no_set() -> None:
    assert "1" not in OrdinalSet.of([1])
