"""The parts of keys are used as lists and as tuples, and a reference to a partition is written as its key."""

from __future__ import annotations

import pickle

from nbasset.keys import AssetKey, PartitionRef


def test_the_parts_of_a_key_go_with_lists_and_with_tuples() -> None:
    path = AssetKey(["raw", "orders"]).path
    assert path == ["raw", "orders"]
    assert path == ("raw", "orders")
    assert path != ["raw"]
    assert ["data"] + path == ["data", "raw", "orders"]  # noqa: RUF005 - what is tested
    assert path + ["x"] == ["raw", "orders", "x"]  # noqa: RUF005
    assert path + ("x",) == ("raw", "orders", "x")  # noqa: RUF005
    by_parts: dict[tuple[str, ...], int] = {("raw", "orders"): 1}
    assert by_parts[path] == 1


def test_a_key_comes_back_from_another_process_as_the_same_key() -> None:
    key = AssetKey(["raw", "orders"])
    assert pickle.loads(pickle.dumps(key)) is key


def test_a_partition_in_a_text_is_its_key() -> None:
    assert f"{PartitionRef('2025-01-01', 3)}" == "2025-01-01"
