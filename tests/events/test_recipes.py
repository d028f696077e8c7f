"""Recipes: what a version was made with, and whether something was overtaken while it was made."""

from __future__ import annotations

from nbasset.events.facts import AssetMaterialized, InputUsed
from nbasset.events.kinds import AssetReported
from nbasset.events.recipes import PACKAGES_TAG, Recipe, recipe_of, recipe_of_fact
from nbasset.keys import AssetKey, PartitionRef
from nbasset.ordinals import OrdinalSet
from nbasset.storage.memory import MemoryStorage

DAY = PartitionRef("2013-01-01", 15706)
NEXT = PartitionRef("2013-01-02", 15707)


def made(key: str, version: str, *, reads: int | None = None, day: PartitionRef = DAY) -> AssetMaterialized:
    inputs = () if reads is None else (InputUsed(AssetKey("flights"), OrdinalSet.of([day.ordinal]), "c1:aa", reads),)
    return AssetMaterialized(AssetKey(key), day, version, version, input_digest="i1:00", io_version="parquet", inputs=inputs)


def recipe_after(*facts: AssetMaterialized) -> Recipe:
    storage = MemoryStorage()
    storage.append([AssetReported(1, fact) for fact in facts])
    table = storage.partitions(AssetKey("delays"))
    return recipe_of(table.texts[table.recipe[0]])


def test_a_recipe_says_what_a_version_was_made_with() -> None:
    inputs = (InputUsed(AssetKey("b"), None, "c1:bb"), InputUsed(AssetKey(["raw", "a"]), None, "c1:aa"))
    fact = AssetMaterialized(
        AssetKey("x"), config_version="config=12", io_version="parquet", input_digest="i1:0", inputs=inputs, tags={PACKAGES_TAG: "numpy 2"}
    )
    assert recipe_of_fact(fact) == Recipe("config=12", "parquet", "numpy 2", ("b", "raw/a"))


def test_nothing_is_known_of_what_was_reported_from_outside() -> None:
    assert recipe_of_fact(AssetMaterialized(AssetKey("x"), io_version="parquet")) == Recipe()


def test_a_version_whose_input_was_replaced_meanwhile_remembers_what_it_saw() -> None:
    assert recipe_after(made("flights", "v1"), made("flights", "v2"), made("delays", "d1", reads=1)).as_of == 1


def test_another_partition_of_the_input_is_no_concern() -> None:
    assert recipe_after(made("flights", "v1"), made("flights", "v2", day=NEXT), made("delays", "d1", reads=1)).as_of == 0


def test_the_newest_input_is_the_usual_case() -> None:
    assert recipe_after(made("flights", "v1"), made("flights", "v2"), made("delays", "d1", reads=2)).as_of == 0
