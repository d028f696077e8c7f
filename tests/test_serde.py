"""Values of which very many are stored travel short, and what was stored before is read as ever."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nbasset.events.facts import AssetMaterialized, ErrorInfo, InputLoaded, InputUsed
from nbasset.events.kinds import StepFailed, StepSucceeded, Target
from nbasset.keys import AssetKey, PartitionRef, RunId
from nbasset.metadata import MetadataValue
from nbasset.ordinals import OrdinalSet
from nbasset.serde import Texts, dumps, from_json, loads, to_json

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


plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
metadata = st.dictionaries(st.text(max_size=3), st.builds(MetadataValue.json, st.recursive(plain, st.lists)), max_size=2)
used = st.builds(InputUsed, st.just(AssetKey(["raw", "orders"])), st.none() | st.sets(st.integers(0, 9)).map(OrdinalSet.of), st.text())
made = st.builds(
    AssetMaterialized,
    st.just(AssetKey("daily")),
    st.none() | st.builds(PartitionRef, st.text(), st.integers(0, 9)),
    st.text(),
    inputs=st.lists(used, max_size=2).map(tuple),
    rows=st.none() | st.integers(),
    metadata=metadata,
    tags=st.dictionaries(st.text(), st.text(), max_size=2),
)
loaded_facts = st.builds(InputLoaded, st.text(), st.text(), st.lists(st.text(), max_size=2).map(tuple), st.integers(0, 9), metadata)
ends = st.builds(
    StepSucceeded, st.just(1), st.just(RunId("r")), st.text(), st.lists(made | loaded_facts, max_size=3).map(tuple)
) | st.builds(
    StepFailed,
    st.just(1),
    st.just(RunId("r")),
    st.text(),
    st.builds(ErrorInfo, st.text(), st.text()),
    st.just((Target(AssetKey("daily")),)),
)


@given(values=st.lists(ends | plain, max_size=4).map(tuple))
def test_values_written_at_once_read_as_those_that_were_made_plain_first(values: tuple[object, ...]) -> None:
    assert Texts().of(values) == dumps(values)
