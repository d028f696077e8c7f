"""Names of files: readable, reversible, and never outside the warehouse."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbasset.io_managers.paths import asset_path, decode, encode, op_path, without_clash
from nbasset.keys import AssetKey

HOSTILE = [
    "../x", "..", ".", "/etc/x", "%2e%2e%2f", "..%5c", "a/../../b", "C:\\x", "file:///x", "", " ", " x", "x ", "x.", ".x", "a\0b",
    "a\nb", "a\tb",
    "\x1b[31m", "x" * 255, "x" * 256, "x" * 4096, "x" * 65536, "é" * 300, "e\u0301", "\u00e9", "\u202eabc", "a\u200bb", "😀",
    "\ud800", "con",
    "nul.txt", "COM1", "a,b", "a|b", "a...b", "[a]", "*", "?", "'; DROP TABLE", "{{7*7}}", "${HOME}", "$(id)", "-rf", "__proto__",
    "<img src=x onerror=alert(1)>", "%", "%41", "%h", "%h00", "_hidden", "a=b", "2013-01-01-05:00", "JFK", "jfk", "Ünïcode", "東京",
]  # fmt: skip
ANY_TEXT = (
    st.text(st.characters(), max_size=40) | st.text(st.sampled_from("ab./\\%_ =-:*\0\ud800é"), max_size=12) | st.sampled_from(HOSTILE)
)


@given(ANY_TEXT)
def test_a_name_reads_back_as_the_text_it_was_made_from(text: str) -> None:
    found = decode(encode(text))
    assert found == text or (found is None and len(text.encode("utf-8", "surrogatepass")) > 50)


@given(ANY_TEXT, ANY_TEXT)
def test_different_texts_have_different_names(one: str, other: str) -> None:
    assert (encode(one) == encode(other)) is (one == other)


@given(ANY_TEXT)
def test_a_name_is_one_component_that_every_file_system_takes(text: str) -> None:
    name = encode(text)
    assert name not in ("", ".", "..")
    assert not set(name) & set('/\\:*?"<>|\0')
    assert name[0] not in ". _"
    assert name[-1] not in ". "
    assert len(name.encode()) <= 255 - len(".parquet")
    assert all(char >= " " for char in name)


@given(ANY_TEXT)
def test_no_partition_leads_out_of_the_folder_of_its_asset(text: str) -> None:
    path = PurePosixPath(asset_path(AssetKey(["raw", "orders"]), text))
    assert path.parts[:2] == ("raw", "orders")
    assert len(path.parts) == 3


@given(st.dictionaries(ANY_TEXT, ANY_TEXT, min_size=2, max_size=3))
def test_dimensions_are_folders_by_name(keys: dict[str, str]) -> None:
    parts = PurePosixPath(asset_path(AssetKey("orders"), keys)).parts
    assert len(parts) == 1 + len(keys)
    assert [part.removesuffix(".parquet").partition("=")[2] for part in parts[1:]] == [
        encode(keys[name], is_key=True) for name in sorted(keys)
    ]


@pytest.mark.parametrize("text", ["2013-01-01", "JFK", "a.b", "x+y", "São Paulo", "東京", "under_score", "me@home"])
def test_ordinary_keys_stay_as_they_are(text: str) -> None:
    assert encode(text) == text


def test_an_asset_and_a_partition_have_different_places() -> None:
    assert asset_path(AssetKey(["a", "b"])) == "a/b.parquet"
    assert asset_path(AssetKey("a"), {"day": "2013-01-01", "a": "x=y"}) == "a/a=x=y/day=2013-01-01.parquet"
    assert op_path(["run", "../step", "result"], extension=".pickle") == ".ops/run/%2E.%2Fstep/result.pickle"


def test_composed_and_decomposed_letters_are_two_names_also_where_a_file_system_joins_them() -> None:
    assert encode("\u00e9") == "\u00e9"
    assert encode("e\u0301") == "e%CC%81"


@given(st.lists(st.sampled_from(["Jan", "jan", "JAN", "jAn", "feb"]), max_size=6))
def test_names_that_differ_in_case_do_not_meet_on_a_file_system_without_case(keys: list[str]) -> None:
    taken: dict[str, str] = {}
    for key in keys:
        name = without_clash(encode(key), list(taken))
        assert taken.setdefault(name, key) == key
        assert decode(name) == key
    assert len({name.casefold() for name in taken}) == len(taken)
