"""Selections: the grammar, its errors, and that text and object say the same."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbasset.definitions.asset_decorators import asset, multi_asset
from nbasset.definitions.definitions import Definitions
from nbasset.definitions.selection import AssetSelection
from nbasset.definitions.specs import AssetOut, AssetSpec
from nbasset.errors import InvalidSelection, UnknownAsset


@asset(key_prefix="raw", group_name="raw", kinds={"csv"}, owners=["team:data"])
def orders() -> int:
    return 1


@asset(group_name="sales", tags={"tier": "gold"})
def clean(orders: int) -> int:
    return orders


@multi_asset(outs={"daily": AssetOut(), "weekly": AssetOut()}, group_name="sales")
def totals(clean: int) -> tuple[int, int]:
    return clean, clean


@asset(deps=["rates"])
def report(daily: int, weekly: int) -> int:
    return daily + weekly


CATALOG = Definitions(assets=[orders, clean, totals, report, AssetSpec("rates")]).catalog
ALL = {"raw/orders", "clean", "daily", "weekly", "report"}


def selected(text: Any) -> set[str]:
    return {str(key) for key in AssetSelection.from_coercible(text).resolve(CATALOG)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*", ALL),
        ("clean", {"clean"}),
        ("orders", {"raw/orders"}),
        ("raw/orders", {"raw/orders"}),
        ('key:"raw/orders"', {"raw/orders"}),
        ("key:*ly", {"daily", "weekly"}),
        ("group:sales", {"clean", "daily", "weekly"}),
        ("kind:csv", {"raw/orders"}),
        ("owner:team*", {"raw/orders"}),
        ('owner:"team:data"', {"raw/orders"}),
        ("owner:team:data", {"raw/orders"}),
        ("(owner:team:data or owner:team:other)", {"raw/orders"}),
        ("tag:tier=gold", {"clean"}),
        ("tag:tier", set()),
        ("is:external", {"rates"}),
        ("clean+", {"clean", "daily", "weekly", "report"}),
        ("clean+1", {"clean", "daily", "weekly"}),
        ("+daily", {"daily", "clean", "raw/orders"}),
        ("1+daily", {"daily", "clean"}),
        ("1+clean+1", {"raw/orders", "clean", "daily", "weekly"}),
        ("group:sales and not daily", {"clean", "weekly"}),
        ("group:raw or report", {"raw/orders", "report"}),
        ("clean, report", {"clean", "report"}),
        ("not group:sales and is:materializable", {"raw/orders", "report"}),
        ("roots(group:sales)", {"clean"}),
        ("sinks(*)", {"report"}),
        ("(daily or weekly) and key:d*", {"daily"}),
        ("clean AND clean", {"clean"}),
        (["clean", "report"], {"clean", "report"}),
        ([], set()),
    ],
)
def test_a_selection_means_what_the_grammar_says(text: Any, expected: set[str]) -> None:
    assert selected(text) == expected


def test_a_key_prefix_selects_also_the_asset_that_is_named_just_so() -> None:
    def made() -> int:
        return 1

    keys: list[Any] = ["p", ["p", "a"], ["p", "a", "b"], "pq", ["q", "p"]]
    assets = [asset(key=key)(made) for key in keys]
    defined = [*assets, AssetSpec(["p", "source"])]

    def chosen(selection: AssetSelection) -> set[str]:
        return {str(key) for key in selection.resolve(defined)}

    assert chosen(AssetSelection.key_prefixes("p")) == {"p", "p/a", "p/a/b"}
    assert chosen(AssetSelection.key_prefixes(["p", "a"], "pq")) == {"p/a", "p/a/b", "pq"}
    assert chosen(AssetSelection.key_prefixes("p", include_sources=True)) == {"p", "p/a", "p/a/b", "p/source"}
    assert chosen(AssetSelection.key_prefixes("none")) == set()
    assert chosen(AssetSelection.key_substring("a")) == {"p/a", "p/a/b"}
    assert str(AssetSelection.key_prefixes(["p", "a"]) - AssetSelection.key_substring("b")) == 'key:"p/a/*" and not key:"*b*"'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the selection is empty"),
        ("clean and", "at character 10: expected a name"),
        ("(clean", "expected ')'"),
        ("clean report", "at character 7: expected 'and', 'or', ',' or the end"),
        ("grup:sales", "'grup:' at character 1 is nothing one can select by. Did you mean 'group'?"),
        ("group:", "a value after 'group:'"),
        ('"clean', "a closing quote"),
        ("and clean", "a name before 'and'"),
        ("(" * 200 + "a" + ")" * 200, "fewer than 100 parentheses"),
        ("a" * 20_000, "is too long"),
    ],
)
def test_a_selection_that_cannot_be_read_names_the_place(text: str, message: str) -> None:
    with pytest.raises(InvalidSelection) as caught:
        AssetSelection.from_string(text)
    assert message in str(caught.value)


def test_an_unknown_key_names_the_nearest_one() -> None:
    with pytest.raises(UnknownAsset, match=r"no asset 'cleen' is defined\. Did you mean 'clean'\?"):
        selected("cleen")


def test_a_status_needs_records() -> None:
    with pytest.raises(InvalidSelection, match="status: can be asked only where the records are at hand"):
        selected("status:stale")
    found = AssetSelection.from_string("status:stale").resolve(CATALOG, status=lambda key: "stale" if str(key) == "clean" else "fresh")
    assert {str(key) for key in found} == {"clean"}


def test_neighbors_are_what_one_function_makes_together() -> None:
    assert {str(key) for key in AssetSelection.assets("daily").required_multi_asset_neighbors().resolve(CATALOG)} == {"daily", "weekly"}


def selections() -> st.SearchStrategy[AssetSelection]:
    leaf = st.sampled_from(["clean", "daily", "weekly", "report", "raw/orders"]).map(AssetSelection.assets) | st.sampled_from(
        [AssetSelection.all(), AssetSelection.groups("sales"), AssetSelection.kind("csv"), AssetSelection.key_substring("ly")]
    )

    def grow(inner: st.SearchStrategy[AssetSelection]) -> st.SearchStrategy[AssetSelection]:
        depth = st.none() | st.integers(0, 2)
        return st.one_of(
            st.builds(lambda a, b: a | b, inner, inner),
            st.builds(lambda a, b: a & b, inner, inner),
            st.builds(lambda a, b: a - b, inner, inner),
            st.builds(lambda a, d: a.upstream(d), inner, depth),
            st.builds(lambda a, d: a.downstream(d), inner, depth),
            inner.map(AssetSelection.roots),
            inner.map(AssetSelection.sinks),
        )

    return st.recursive(leaf, grow, max_leaves=6)


@given(selections())
def test_writing_a_selection_and_reading_it_back_selects_the_same(selection: AssetSelection) -> None:
    assert AssetSelection.from_string(str(selection)).resolve(CATALOG) == selection.resolve(CATALOG)


@given(selections(), selections())
def test_selections_combine_as_sets_do(a: AssetSelection, b: AssetSelection) -> None:
    left, right = a.resolve(CATALOG), b.resolve(CATALOG)
    assert ((a | b).resolve(CATALOG), (a & b).resolve(CATALOG), (a - b).resolve(CATALOG)) == (left | right, left & right, left - right)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    with contextlib.suppress(InvalidSelection):
        AssetSelection.from_string(text)
