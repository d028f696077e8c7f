"""Values of which very many are stored travel short, and what was stored before is read as ever."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nbasset.events.facts import AssetMaterialized, InputLoaded, InputUsed
from nbasset.keys import AssetKey
from nbasset.metadata import MetadataValue
from nbasset.ordinals import OrdinalSet
from nbasset.serde import dumps, from_json, loads, to_json

USED = InputUsed(AssetKey("orders"), None, "i1:0", 7)


def test_a_packed_value_is_the_list_of_its_fields_up_to_the_last_that_is_not_at_its_default() -> None:
    assert to_json(USED) == {"$u": [{"$k": "orders"}, None, "i1:0", 7]}
    assert to_json(InputLoaded("rows", "orders")) == {"$l": ["rows", "orders"]}
    assert to_json(InputLoaded("rows", "orders", took_us=3)) == {"$l": ["rows", "orders", [], 3]}


def test_the_long_form_of_a_packed_value_is_still_read() -> None:
    stored = {"$": "InputUsed", "asset": {"$k": "orders"}, "partitions": None, "digest": "i1:0", "as_of_seq": 7}
    assert from_json(stored) == USED


@given(
    versions=st.lists(st.text()).map(tuple), took_us=st.integers(0, 9), digest=st.text(), partitions=st.none() | st.sets(st.integers(0, 99))
)
def test_packed_values_come_back_as_they_were(versions: tuple[str, ...], took_us: int, digest: str, partitions: set[int] | None) -> None:
    loaded = InputLoaded("rows", "orders", versions, took_us, {"rows": MetadataValue.int(took_us)} if took_us else {})
    used = InputUsed(AssetKey(["raw", "orders"]), None if partitions is None else OrdinalSet.of(partitions), digest, took_us)
    fact = AssetMaterialized(AssetKey("daily"), inputs=(used, USED))
    assert loads(dumps([loaded, fact])) == (loaded, fact)
