"""Plain data as TOML."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbasset.errors import InvalidConfigError
from nbasset.locations.toml_text import toml_table

NAMES = st.text(st.characters(codec="utf-8"), max_size=8)
PLAIN = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | NAMES
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=12)


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_what_is_read_from_the_text_is_the_data(data: dict[str, object]) -> None:
    text = "\n".join(toml_table("a", data))
    assert tomllib.loads(text).get("a", {}) == data


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_the_order_of_names_does_not_matter(data: dict[str, object]) -> None:
    assert toml_table("a", data) == toml_table("a", dict(reversed(data.items())))


@pytest.mark.parametrize(("value", "said"), [(None, "TOML has no word for None"), ({1, 2}, "is a set, and has no form in TOML")])
def test_what_has_no_form_in_toml_is_refused_by_name(value: object, said: str) -> None:
    with pytest.raises(InvalidConfigError, match=rf"a\.b\[1\]: .*{said}"):
        toml_table("a", {"b": [1, value]})
