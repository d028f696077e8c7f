"""Static, dynamic and several dimensions; partitions written as text; bad input."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbasset import serde
from nbasset.definitions.listed_partitions import AddDynamicPartitionsRequest, DynamicPartitionsDefinition, StaticPartitionsDefinition
from nbasset.definitions.multi_partitions import MultiPartitionKey, MultiPartitionsDefinition, join_keys, split_keys
from nbasset.definitions.partition_ranges import format_ranges, parse_ranges, ranges_of, read_ranges
from nbasset.definitions.partition_text import partitions_from_text
from nbasset.definitions.partitions import PartitionKeyRange, PartitionsDefinition, PartitionsView
from nbasset.definitions.time_partitions import DailyPartitionsDefinition, HourlyPartitionsDefinition, TimeWindowPartitionsDefinition
from nbasset.errors import InvalidDefinitionError, InvalidPartitionRange, UnknownPartitionError
from nbasset.ordinals import MemoryKeyTable, OrdinalSet

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ORIGINS = StaticPartitionsDefinition(["EWR", "JFK", "LGA"])
DAYS = DailyPartitionsDefinition("2013-01-01", "2013-01-05")
FLIGHTS = MultiPartitionsDefinition({"origin": ORIGINS, "day": DAYS})
HOSTILE = ["../x", "a/b", "a,b", "a|b", "[a]", "-rf", " a", "\n", "'; DROP TABLE", "a\\", '"', "..", "é", "e\u0301", "\u202e", "x" * 5000]


def view(**dynamic: Sequence[str]) -> PartitionsView:
    return PartitionsView(NOW, MemoryKeyTable(), dynamic)


# -- static and dynamic -------------------------------------------------------------------------------------------------


def test_static_keys_keep_their_order_and_their_ordinals_are_shared_by_key() -> None:
    asked = view()
    ours, theirs = StaticPartitionsDefinition(["b", "a"]), StaticPartitionsDefinition(["a", "c", "b"])
    assert ours.get_partition_keys(NOW) == ["b", "a"]
    assert ours.ordinals(asked) - theirs.ordinals(asked) == OrdinalSet()
    assert theirs.keys_of(theirs.ordinals(asked), asked.table) == ["a", "c", "b"]
    assert (ours.get_first_partition_key(), ours.get_last_partition_key(), ours.get_num_partitions()) == ("b", "a", 2)
    assert (ours.get_next_partition_key("b"), ours.get_next_partition_key("a"), ours.get_prev_partition_key("a")) == ("a", None, "b")


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        (["a", "a"], "'a' is given twice"),
        (["a", 1], "is text, not int"),
        ([""], "is empty"),
        (["a...b"], "holds '...'"),
        (["a\0"], "NUL"),
        (["\ud800"], "surrogate"),
        ("abc", "not one text"),
    ],
)
def test_static_keys_that_cannot_be_are_refused(keys: Sequence[str], says: str) -> None:
    with pytest.raises(InvalidDefinitionError, match=says):
        StaticPartitionsDefinition(keys)


def test_an_unknown_static_key_names_the_nearest() -> None:
    with pytest.raises(UnknownPartitionError, match=r"no partition 'JFX' in static: EWR, JFK, LGA\. There are 3 .* Did you mean 'JFK'"):
        ORIGINS.validate_partition_key("JFX")


def test_a_range_of_static_keys_includes_both_ends_and_may_not_be_reversed() -> None:
    assert ORIGINS.get_partition_keys_in_range(PartitionKeyRange("EWR", "JFK")) == ["EWR", "JFK"]
    with pytest.raises(InvalidPartitionRange, match=r"Did you mean EWR\.\.\.LGA"):
        ORIGINS.get_partition_keys_in_range(PartitionKeyRange("LGA", "EWR"))


def test_dynamic_keys_come_from_the_view_or_the_store() -> None:
    customers = DynamicPartitionsDefinition("customers")
    asked = view(customers=["ada", "bob"])

    class Store:
        def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
            return {"customers": ["ada"]}[partitions_def_name]

    assert customers.keys_of(customers.ordinals(asked), asked.table) == ["ada", "bob"]
    assert customers.get_partition_keys(dynamic_partitions_store=Store()) == ["ada"]
    assert customers.has_partition_key("ada", dynamic_partitions_store=Store())
    assert not DynamicPartitionsDefinition("others").ordinals(asked)
    with pytest.raises(UnknownPartitionError, match="kept by an instance"):
        customers.get_partition_keys()


def test_requests_to_change_dynamic_keys_check_them() -> None:
    customers = DynamicPartitionsDefinition("customers")
    assert customers.build_add_request(["ada"]) == AddDynamicPartitionsRequest("customers", ("ada",))
    assert customers.build_delete_request(["ada"]).partition_keys == ("ada",)
    with pytest.raises(InvalidDefinitionError, match="empty"):
        customers.build_add_request([""])
    with pytest.raises(InvalidDefinitionError, match="need a name"):
        DynamicPartitionsDefinition(" ")


def test_the_same_view_is_answered_once_and_a_new_one_anew() -> None:
    customers = DynamicPartitionsDefinition("customers")
    table = MemoryKeyTable()
    first, second = (PartitionsView(NOW, table, {"customers": keys}) for keys in (["ada"], ["ada", "bob"]))
    assert [len(customers.ordinals(one)) for one in (first, second, first)] == [1, 2, 1]


# -- several dimensions -----------------------------------------------------------------------------------------------------


def test_keys_of_several_dimensions_stand_in_the_order_of_the_names() -> None:
    key = FLIGHTS.get_partition_keys(NOW)[1]
    assert key == "2013-01-01|JFK"
    assert isinstance(key, MultiPartitionKey)
    assert key.keys_by_dimension == {"day": "2013-01-01", "origin": "JFK"}
    assert FLIGHTS.partition_dimension_names == ["day", "origin"]
    assert FLIGHTS.get_num_partitions(NOW) == 12
    assert FLIGHTS.time_window_for_partition_key(key) == DAYS.time_window_for_partition_key("2013-01-01")


def test_a_range_goes_from_key_to_key_in_each_dimension() -> None:
    asked = PartitionKeyRange("2013-01-02|EWR", "2013-01-03|JFK")
    assert FLIGHTS.get_partition_keys_in_range(asked, NOW) == ["2013-01-02|EWR", "2013-01-02|JFK", "2013-01-03|EWR", "2013-01-03|JFK"]
    with pytest.raises(InvalidPartitionRange):
        FLIGHTS.get_partition_keys_in_range(PartitionKeyRange("2013-01-02|JFK", "2013-01-03|EWR"), NOW)


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("EWR|2013-01-01", "dimension 'day' .*day|origin"),
        ("2013-01-01", "has 1 parts, a key here has 2: day|origin"),
        ("2013-01-01|EWR|x", "has 3 parts"),
        ("2013-01-01|XXX", "dimension 'origin'"),
        ("2013-02-01|EWR", "dimension 'day': .*after the end"),
        ("2013-01-01|E\\WR", "Did you mean"),
    ],
)
def test_a_key_that_is_none_is_told_by_its_dimension(key: str, says: str) -> None:
    assert not FLIGHTS.has_partition_key(key, NOW)
    with pytest.raises(UnknownPartitionError, match=says):
        FLIGHTS.validate_partition_key(key, NOW)


def test_three_dimensions_of_which_only_some_combinations_exist() -> None:
    carriers = StaticPartitionsDefinition(["AA", "UA"])
    sparse = MultiPartitionsDefinition(
        {"day": DAYS, "origin": ORIGINS, "carrier": carriers},
        keys=[{"origin": "EWR", "carrier": "UA"}, {"origin": "JFK", "day": "2013-01-02"}, "AA|2013-01-01|LGA"],
    )
    keys = sparse.get_partition_keys(NOW)
    assert keys == [
        "AA|2013-01-01|LGA",
        "AA|2013-01-02|JFK",
        "UA|2013-01-01|EWR",
        "UA|2013-01-02|EWR",
        "UA|2013-01-02|JFK",
        "UA|2013-01-03|EWR",
        "UA|2013-01-04|EWR",
    ]
    assert sparse.get_multipartition_keys_with_dimension_value("origin", "JFK", NOW) == ["AA|2013-01-02|JFK", "UA|2013-01-02|JFK"]
    with pytest.raises(UnknownPartitionError, match="this combination is none"):
        sparse.validate_partition_key("AA|2013-01-03|EWR", NOW)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: MultiPartitionsDefinition({"a": ORIGINS}), "two or more"),
        (lambda: MultiPartitionsDefinition({"a": ORIGINS, "b|c": DAYS}), "named by letters"),
        (lambda: MultiPartitionsDefinition({"a": ORIGINS, "b": FLIGHTS}), "of one dimension"),
        (lambda: MultiPartitionsDefinition({"a": ORIGINS, "b": ["x"]}), "no partitions definition"),  # type: ignore[dict-item]
        (lambda: MultiPartitionsDefinition({"a": ORIGINS, "b": DAYS}, [{"c": "x"}]), "no dimension 'c'"),
        (lambda: MultiPartitionsDefinition({"a": ORIGINS, "b": DAYS}, [{"a": "XXX"}]), "dimension 'a': no partition 'XXX'"),
        (lambda: MultiPartitionsDefinition({"a": ORIGINS, "b": DAYS}, ["EWR"]), "1 parts"),
        (lambda: MultiPartitionsDefinition({"a": ORIGINS, "b": DAYS}, [5]), "an entry of keys is"),  # type: ignore[list-item]
    ],
)
def test_dimensions_that_cannot_be_are_refused(make: Callable[[], object], says: str) -> None:
    with pytest.raises(InvalidDefinitionError, match=says):
        make()


@given(st.lists(st.text(max_size=8) | st.sampled_from(["|", "\\", "\\|", "|\\"]), min_size=1, max_size=4))
def test_keys_that_are_put_together_come_apart_again(keys: list[str]) -> None:
    assert split_keys(join_keys(keys)) == keys


def test_hostile_keys_keep_apart_in_several_dimensions() -> None:
    odd = [key for key in HOSTILE if key]
    both = MultiPartitionsDefinition({"a": StaticPartitionsDefinition(odd), "b": StaticPartitionsDefinition(odd)})
    keys = both.get_partition_keys(NOW)
    assert len(set(keys)) == len(odd) ** 2
    assert [both.parts_of(str(key)) for key in keys] == [
        tuple(key.keys_by_dimension.values()) for key in keys if isinstance(key, MultiPartitionKey)
    ]


@pytest.mark.parametrize(
    "definition",
    [ORIGINS, DynamicPartitionsDefinition("x"), FLIGHTS, MultiPartitionsDefinition({"origin": ORIGINS, "day": DAYS}, [{"origin": "EWR"}])],
)
def test_a_definition_comes_back_from_json_and_pickle(definition: PartitionsDefinition) -> None:
    definition.ordinals(view())
    copies = [serde.loads(serde.dumps(definition)), pickle.loads(pickle.dumps(definition))]
    assert copies == [definition] * 2
    assert [hash(copy) for copy in copies] == [hash(definition)] * 2
    assert copies[0].ordinals(asked := view()) == definition.ordinals(asked)


def test_a_multi_key_survives_a_pickle() -> None:
    key = MultiPartitionKey({"b": "x", "a": "1|2"})
    copy = pickle.loads(pickle.dumps(key))
    assert (copy, copy.keys_by_dimension) == ("1\\|2|x", {"a": "1|2", "b": "x"})


# -- text of partitions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("2013-01-02", ["2013-01-02"]),
        ("2013-01-02..2013-01-03", ["2013-01-02", "2013-01-03"]),
        ("2013-01-02...2013-01-03", ["2013-01-02", "2013-01-03"]),
        ("[2013-01-02...2013-01-03]", ["2013-01-02", "2013-01-03"]),
        (" 2013-01-04 , [2013-01-01 .. 2013-01-02]", ["2013-01-01", "2013-01-02", "2013-01-04"]),
        ("2013-01-01..2013-01-03,2013-01-02..2013-01-04", ["2013-01-01", "2013-01-02", "2013-01-03", "2013-01-04"]),
    ],
)
def test_a_text_names_keys_and_ranges(text: str, keys: list[str]) -> None:
    asked = view()
    assert DAYS.keys_of(parse_ranges(text, DAYS, asked), asked.table) == keys


@pytest.mark.parametrize(
    "text", ["", ",", "a,,b", "a..", "..b", "[a]", "[a..b", "a..b..c", "a....b", '"a', '"a"b', 'a"b', "[]", "..", "[..]"]
)
def test_a_text_that_cannot_be_read_is_refused(text: str) -> None:
    letters = StaticPartitionsDefinition(["a", "b", "c"])
    with pytest.raises(UnknownPartitionError):
        parse_ranges(text, letters, view())


def test_a_reversed_range_in_a_text_is_an_error() -> None:
    with pytest.raises(InvalidPartitionRange, match="ends before it starts"):
        parse_ranges("2013-01-03..2013-01-01", DAYS, view())


DEFINITIONS = [
    DAYS,
    DailyPartitionsDefinition("2013-01-01", "2013-03-01", exclusions=["0 0 * * 6,0"]),
    HourlyPartitionsDefinition("2006-04-13", "2006-04-17", timezone="Asia/Colombo"),
    TimeWindowPartitionsDefinition("2013-01-01", "%Y-%m-%d", end="2013-02-01", cron_schedule="0 9 * * 1-5"),
    StaticPartitionsDefinition([key for key in HOSTILE if len(key) < 99]),
    DynamicPartitionsDefinition("names"),
    FLIGHTS,
    MultiPartitionsDefinition({"a": StaticPartitionsDefinition(["x|y", "z", "q,r"]), "b": ORIGINS}, [{"a": "z"}, {"a": "x|y", "b": "EWR"}]),
]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(DEFINITIONS), st.data())
def test_any_set_of_partitions_is_written_and_read_back(definition: PartitionsDefinition, data: st.DataObject) -> None:
    asked = view(names=["ada", "bob", "a..b", "x, y"])
    existing = list(definition.ordinals(asked))
    chosen = OrdinalSet.of(data.draw(st.lists(st.sampled_from(existing), max_size=12)))
    text = format_ranges(chosen, definition, asked)
    assert (parse_ranges(text, definition, asked) if text else OrdinalSet()) == chosen


def test_no_range_goes_over_the_second_window_of_an_hour_that_is_not_meant() -> None:
    colombo, asked = DEFINITIONS[2], view()
    day = list(colombo.ordinals(asked))
    for at in range(len(day) - 3):
        chosen = OrdinalSet.of(day[at : at + 3])
        assert parse_ranges(format_ranges(chosen, colombo, asked), colombo, asked) == chosen
    midnight = OrdinalSet.of([colombo.ordinal_of(key, asked.table) for key in ("2006-04-15-00:00", "2006-04-15-01:00")])
    assert format_ranges(midnight, colombo, asked) == "2006-04-15-00:00, 2006-04-15-01:00"


def test_ranges_reach_over_what_does_not_exist() -> None:
    weekdays, asked = DEFINITIONS[1], view()
    january = parse_ranges("2013-01-02..2013-01-31", weekdays, asked)
    assert format_ranges(january, weekdays, asked) == "2013-01-02..2013-01-31"
    assert ranges_of(FLIGHTS.ordinals(asked), FLIGHTS, asked)[0] == PartitionKeyRange("2013-01-01|EWR", "2013-01-04|EWR")
    assert read_ranges('"a,b"..c') == [PartitionKeyRange("a,b", "c")]


# -- definitions in one line ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "count", "first", "last"),
    [
        ("daily:2013-01-01..2014-01-01", 366, "2013-01-01", "2014-01-01"),
        ("daily:2013-01-01...2013-12-31@Europe/Berlin", 365, "2013-01-01", "2013-12-31"),
        ("daily:2013-01..2013-12", 365, "2013-01-01", "2013-12-31"),
        ("Hourly: 2013-01-01 .. 2013-01-31", 744, "2013-01-01-00:00", "2013-01-31-23:00"),
        ("hourly:2013-01-01-05:00..2013-01-01-07:00", 3, "2013-01-01-05:00", "2013-01-01-07:00"),
        ("hourly:2013-03-10..2013-03-10@America/New_York", 23, "2013-03-10-00:00", "2013-03-10-23:00"),
        ("weekly:2013-01-01..2013-02", 8, "2013-01-06", "2013-02-24"),
        ("monthly:2013-01..2013-12", 12, "2013-01-01", "2013-12-01"),
        ("cron:0 9 * * 1-5:2013-01-01..2013-01-31", 23, "2013-01-01", "2013-01-31"),
        ("cron:0 9,17 * * 1-5:2013-01-01..2013-01-31", 46, "2013-01-01-09:00", "2013-01-31-17:00"),
        ("cron:@daily:2013-01-01..2013-01-02@Europe/Berlin", 2, "2013-01-01", "2013-01-02"),
        ('static:"a,b", c,"d;e"', 3, "a,b", "d;e"),
        ("multi:day=daily:2013-01-01..2013-01-03;origin=static:EWR,JFK", 6, "2013-01-01|EWR", "2013-01-03|JFK"),
    ],
)
def test_a_definition_is_read_from_one_line(text: str, count: int, first: str, last: str) -> None:
    keys = partitions_from_text(text).get_partition_keys(NOW)
    assert (len(keys), keys[0], keys[-1]) == (count, first, last)


def test_without_an_end_partitions_go_on() -> None:
    assert partitions_from_text("daily:2013-01-01..") == partitions_from_text("daily:2013-01-01") == DailyPartitionsDefinition("2013-01-01")
    assert partitions_from_text("dynamic:customers") == DynamicPartitionsDefinition("customers")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("dayly:2013-01-01", "Did you mean 'daily'"),
        ("", "names no kind"),
        ("daily", "ends after the kind. Say which: 'daily:"),
        ("daily:", "ends after the kind"),
        ("daily:..2013-01-01", "START..END@ZONE"),
        ("daily:2013-01-01@", "START..END@ZONE"),
        ("daily:2013-13-01", "cannot be read"),
        ("daily:2013-01-01..2013-13", "cannot be read"),
        ("daily:2013-01-01..soon", "cannot be read"),
        ("daily:2013-01-01..2012-01-01", "no window"),
        ("daily:2013-01-01@Europe/Berlim", "Did you mean 'Europe/Berlin'"),
        ("cron:0 0 31 4 *:2013-01-01", "never fires"),
        ("cron:0 0 * * *", "has no start"),
        ("static:a,a", "twice"),
        ("static:a,,b", "empty"),
        ('static:"a', "not closed"),
        ("multi:foo", "is no dimension"),
        ("multi:a=static:x", "two or more"),
        ("multi:a=static:x;a=static:y", "stands twice"),
        ("multi:a=static:x;b=multi:c=static:y;d=static:z", "two or more|of one dimension"),
    ],
)
def test_a_line_that_cannot_be_read_is_refused_with_an_example(text: str, says: str) -> None:
    with pytest.raises(InvalidDefinitionError, match=says):
        partitions_from_text(text)


@given(
    st.text(max_size=30)
    | st.lists(st.sampled_from(["daily:", "static:", "2013-01-01", "..", "@", ":", ";", "=", "x", '"', ","])).map("".join)
)
def test_any_text_is_a_definition_or_is_refused(text: str) -> None:
    try:
        found = partitions_from_text(text)
    except InvalidDefinitionError:
        return
    assert isinstance(found, PartitionsDefinition)


def test_several_dimensions_tell_which_one_is_time_and_read_a_key_from_its_text() -> None:
    days = DailyPartitionsDefinition("2025-01-01")
    some = MultiPartitionsDefinition({"origin": StaticPartitionsDefinition(["EWR", "JFK"]), "day": days})
    assert (some.has_time_window_dimension, some.time_window_partitions_def) == (True, days)
    assert some.get_partition_key_from_str("2025-01-02|JFK").keys_by_dimension == {"day": "2025-01-02", "origin": "JFK"}
    none = MultiPartitionsDefinition({"a": StaticPartitionsDefinition(["x"]), "b": StaticPartitionsDefinition(["y"])})
    assert (none.has_time_window_dimension, none.time_window_partitions_def) == (False, None)
