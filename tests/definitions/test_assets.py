"""Assets and definitions: how parameters find their assets, and what each mistake is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest

from nbasset import serde
from nbasset.definitions.asset_decorators import asset, multi_asset
from nbasset.definitions.definitions import Definitions, load_assets_from_modules, map_asset_specs
from nbasset.definitions.policies import Backoff, FreshnessPolicy, RetryPolicy
from nbasset.definitions.specs import AssetCheckSpec, AssetDep, AssetIn, AssetOut, AssetSpec
from nbasset.errors import Error, InvalidDefinitionError, InvalidInvocationError, ProblemsFound, UnknownAsset
from nbasset.keys import AssetKey


@asset(group_name="raw")
def orders() -> list[int]:
    """Orders of the day."""
    return [1, 2]


@asset
def total(orders: list[int]) -> int:
    return sum(orders)


def problems(*assets: Any, **options: Any) -> list[str]:
    return [str(problem) for problem in Definitions(assets=assets, **options).problems]


def make(name: str, *parameters: str, **options: Any) -> Any:
    names: dict[str, Any] = {}
    exec(f"def {name}({', '.join(parameters)}): return 1", names)
    return asset(**options)(names[name]) if options else asset(names[name])


def test_the_name_the_docstring_and_the_parameters_say_what_an_asset_is() -> None:
    (spec,) = orders.specs
    assert (str(spec.key), spec.description, spec.group) == ("orders", "Orders of the day.", "raw")
    assert Definitions(assets=[orders, total]).catalog.upstream[AssetKey("total")] == (AssetKey("orders"),)


def test_the_older_word_for_a_kind_is_understood() -> None:
    @multi_asset(specs=[AssetSpec("low"), AssetSpec("high", kinds={"csv"})], compute_kind="python")
    def by_specs() -> None: ...

    @multi_asset(outs={"left": AssetOut(), "right": AssetOut(kinds={"csv"})}, compute_kind="python")
    def by_outs() -> tuple[int, int]:
        return 1, 2

    assert make("rates", compute_kind="pandas").specs_by_key[AssetKey("rates")].kinds == ("pandas",)
    for made in (by_specs, by_outs):
        assert [spec.kinds for spec in made.specs] == [("python",), ("csv",)]
    with pytest.raises(Error, match="asset 'rates': compute_kind is one of kinds, so give kinds alone"):
        make("rates", compute_kind="pandas", kinds={"csv"})


def test_an_asset_is_called_like_the_function_it_is() -> None:
    assert total([1, 2, 3]) == 6
    assert total(orders=[4]) == 4
    with pytest.raises(InvalidInvocationError, match="called without 'orders'"):
        total()
    with pytest.raises(InvalidInvocationError, match="has no parameter 'order'"):
        total(order=[1], orders=[2])


def test_a_parameter_prefers_an_exact_key_then_its_own_prefix_then_the_only_match() -> None:
    plain, here, there = make("x"), make("x", key_prefix="a"), make("x", key_prefix="b")
    reader = make("y", "x", key_prefix="a")
    upstream = AssetKey(["a", "y"])
    assert Definitions(assets=[plain, here, reader]).catalog.upstream[upstream] == (AssetKey("x"),)
    assert Definitions(assets=[here, there, reader]).catalog.upstream[upstream] == (AssetKey(["a", "x"]),)
    assert Definitions(assets=[there, reader]).catalog.upstream[upstream] == (AssetKey(["b", "x"]),)


def test_a_default_lets_an_input_stay_without_an_asset() -> None:
    assert problems(make("y", "missing=3")) == []


def test_a_catalog_goes_through_json_unchanged() -> None:
    catalog = Definitions(assets=[orders, total, AssetSpec("rates", deps=["orders"])]).catalog
    again = serde.loads(serde.dumps(catalog))
    assert (again.assets, again.nodes, again.checks) == (catalog.assets, catalog.nodes, catalog.checks)


def test_loaders_collect_assets_of_modules_and_set_what_is_not_said() -> None:
    module = ModuleType("shop")
    module.orders, module.total = orders, total  # type: ignore[attr-defined]
    (first, second) = load_assets_from_modules([module], key_prefix="shop")
    assert [str(key) for one in (first, second) for key in one.keys] == ["shop/orders", "shop/total"]
    grouped = map_asset_specs(lambda spec: spec.replace_attributes(owners=["team:x"]), [first])
    assert grouped[0].specs[0].owners == ("team:x",)


def test_merging_definitions_keeps_everything_and_refuses_contradictions() -> None:
    merged = Definitions.merge(Definitions(assets=[orders], resources={"n": 1}), Definitions(assets=[total], resources={"n": 1}))
    assert [str(spec.key) for spec in merged.get_all_asset_specs()] == ["orders", "total"]
    with pytest.raises(Error, match="different values for the resource 'n'"):
        Definitions.merge(Definitions(resources={"n": 1}), Definitions(resources={"n": 2}))


@pytest.mark.parametrize(
    ("assets", "expected"),
    [
        ([make("y", "order"), orders], ["no asset 'order' for input 'order' of asset 'y'", "Did you mean 'orders'?", 'AssetSpec("order")']),
        ([make("a", "b"), make("b", "a")], ["these assets need each other in a ring: 'a' <- 'b' <- 'a'", "Break it"]),
        ([make("a"), make("a")], ["two definitions make the asset 'a'", "The first one counts"]),
        (
            [make("y", "x"), make("x", key_prefix="a"), make("x", key_prefix="b")],
            ["'x' of asset 'y' could be 'a/x', 'b/x'", "AssetIn("],
        ),
        ([make("a", "a")], ["asset 'a' reads itself", "TimeWindowPartitionMapping(-1, -1)"]),
        ([make("a", io_manager_key="warehous")], ["needs the resource 'warehous'", "Definitions(resources="]),
        ([make("y", "x", ins={"x": AssetIn("nowhere")})], ["no asset 'nowhere' for input 'x' of asset 'y'"]),
    ],
)
def test_a_wrong_set_of_assets_is_told_with_place_rule_and_remedy(assets: list[Any], expected: list[str]) -> None:
    text = "\n".join(problems(*assets))
    for part in expected:
        assert part in text


def test_all_problems_are_raised_at_once() -> None:
    with pytest.raises(ProblemsFound) as caught:
        Definitions.validate_loadable(Definitions(assets=[make("a", "nope"), make("b", "nada")]))
    assert "'nope'" in str(caught.value)
    assert "'nada'" in str(caught.value)


PAIR = multi_asset(outs={"a": AssetOut(), "b": AssetOut()})(lambda: (1, 2))
WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: AssetKey(""), "only letters (A to Z), digits"),
    (lambda: AssetKey("a b"), "Try 'a_b'"),
    (lambda: AssetKey("class"), "Try 'class_'"),
    (lambda: AssetKey([]), "has no part"),
    (lambda: AssetKey("x" * 300), "at most 200"),
    (lambda: AssetKey.from_coercible(3), "is no asset key"),  # type: ignore[arg-type]
    (lambda: AssetSpec("a", owners=["ann"]), "cannot be an owner. Give an address such as"),
    (lambda: AssetSpec("a", group_name="my group"), "cannot be a group"),
    (lambda: AssetSpec("a", tags={"a b": "1"}), "cannot be a tag"),
    (lambda: AssetSpec("a", tags={"a": 1}), "has an int as value; give text: '1'"),  # type: ignore[dict-item]
    (lambda: AssetSpec("a", metadata={"m": object()}), "cannot be recorded"),
    (lambda: AssetSpec("a", deps=["b", AssetDep("b", metadata={"x": 1})]), "twice in deps"),
    (lambda: AssetSpec("a").replace_attributes(group_nam="x"), "has no attribute 'group_nam'. Did you mean 'group_name'?"),
    (lambda: AssetIn("a", key_prefix="b"), "key or key_prefix, not both"),
    (lambda: AssetOut("a", key="b"), "key or key_prefix, not both"),
    (lambda: AssetCheckSpec("c"), "names no asset"),
    (lambda: make("a", key="x", key_prefix="y"), "give key, or name and key_prefix, not both"),
    (lambda: make("a", "*args"), "each input needs a name of its own"),
    (lambda: make("a", "x", ins={"y": AssetIn("z")}), "has no parameter 'y' that ins speaks of"),
    (lambda: make("a", io_manager_key="x", io_manager_def=object()), "io_manager_def or io_manager_key, not both"),
    (lambda: make("a", required_resource_keys="db"), "give a set of keys, {'db'}"),
    (lambda: make("a", check_specs=[AssetCheckSpec("c", asset="b")]), "is about 'b', which this function does not make"),
    (lambda: asset("orders"), "takes its settings by name: @asset(name='orders')"),  # type: ignore[call-overload]
    (lambda: multi_asset(), "exactly one of them"),
    (lambda: multi_asset(outs={})(lambda: None), "makes no asset"),
    (lambda: multi_asset(specs=[AssetSpec("a"), AssetSpec("a")])(lambda: None), "names one asset key twice"),
    (lambda: multi_asset(specs=[AssetSpec("a")], deps=["b"])(lambda: None), "deps= has no meaning"),
    (lambda: multi_asset(outs={"a": AssetOut()}, internal_asset_deps={"b": set()})(lambda: None), "which is no output"),
    (lambda: Definitions(assets=[len]), "Decorate the function with @asset"),
    (lambda: Definitions(assets=[3]), "is no asset"),
    (lambda: Definitions().get_job_def("daily"), "no job 'daily' is defined"),
    (lambda: Definitions(assets=[orders]).get_assets_def("order"), "Did you mean 'orders'?"),
    (lambda: orders.get_asset_spec("x"), "makes no asset 'x'"),
    (lambda: PAIR.key, "so it has no one key"),
    (
        lambda: PAIR.subset_for([AssetKey("a")]),
        "define it with can_subset=True",
    ),
    (lambda: RetryPolicy(max_retries=-1), "cannot be negative"),
    (lambda: RetryPolicy(delay=-1), "from 0 up"),
    (lambda: RetryPolicy(backoff=Backoff.LINEAR), "has nothing to work on"),
    (lambda: FreshnessPolicy.time_window(fail_window=timedelta(seconds=1)), "under a minute"),
]


@pytest.mark.parametrize(("define", "message"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_definition_says_what_the_rule_is_and_the_nearest_right_thing(define: Callable[[], Any], message: str) -> None:
    with pytest.raises(Error) as caught:
        define()
    assert message in str(caught.value)


def test_an_asset_nobody_defines_names_the_nearest() -> None:
    with pytest.raises(UnknownAsset, match="Did you mean 'orders'"):
        Definitions(assets=[orders]).catalog.asset(AssetKey("ordres"))


def test_a_definition_tells_by_key_what_is_said_of_its_assets() -> None:
    @asset(description="All orders.", metadata={"rows": 2}, tags={"team": "data"}, code_version="1")
    def told() -> int:
        return 1

    key = told.key
    assert told.descriptions_by_key == {key: "All orders."}
    assert told.metadata_by_key[key]["rows"] == 2
    assert (told.tags_by_key, told.code_versions_by_key) == ({key: {"team": "data"}}, {key: "1"})


def test_an_output_is_what_a_spec_says() -> None:
    said = AssetSpec(["raw", "a"], group_name="sales", metadata={"m": 1}, tags={"t": "1"}, kinds={"csv"}, owners=["team:data"])

    @multi_asset(outs={"x": AssetOut.from_spec(said), "y": AssetOut.from_spec(AssetSpec("b"), is_required=False)})
    def both() -> Any:
        return 1, 2

    assert both.specs_by_key[said.key] == said
    assert both.specs_by_key[AssetKey("b")].skippable
    with pytest.raises(InvalidDefinitionError, match="the spec of 'a' has deps"):
        AssetOut.from_spec(AssetSpec("a", deps=["b"]))


def test_a_subclass_of_a_spec_stays_one() -> None:
    class Priced(AssetSpec):
        def price(self) -> float:
            return float(self.metadata["price"])

    for options in ({}, {"tags": {"team": "x"}}):
        spec = Priced("a", metadata={"price": 2.5}, **options)
        assert (type(spec), spec.price(), spec.tags) == (Priced, 2.5, options.get("tags", {}))
        assert spec == AssetSpec("a", metadata={"price": 2.5}, **options)
