"""Collecting assets from modules and packages, as they are: among other things, in lists, in modules below."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from nbasset import (
    AssetSpec,
    AutomationCondition,
    Definitions,
    SourceAsset,
    asset,
    load_assets_from_modules,
    load_assets_from_package_module,
    load_assets_from_package_name,
)


def _module(**names: Any) -> ModuleType:
    module = ModuleType("sales")
    vars(module).update(names)
    return module


@asset
def orders(): ...


@asset
def customers(): ...


def _keys(found: list[Any]) -> list[str]:
    return [str(one.key) for one in found]


def test_a_module_may_hold_lists_of_anything_beside_its_assets() -> None:
    assert _keys(load_assets_from_modules([_module(NAMES=["a", "b"], made=[orders, (customers, 3)], orders=orders)])) == [
        "orders",
        "customers",
    ]


def test_specs_come_along_when_asked_for() -> None:
    module = _module(outside=AssetSpec("outside"), more=[AssetSpec("more")])
    assert _keys(load_assets_from_modules([module])) == []
    assert _keys(load_assets_from_modules([module], include_specs=True)) == ["outside", "more"]


def test_source_assets_are_assets() -> None:
    assert _keys(load_assets_from_modules([_module(outside=SourceAsset("outside"))], source_key_prefix="raw")) == ["raw/outside"]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package with an asset in itself and one in a module below."""
    folder = tmp_path / "shop_of_load_assets"
    folder.mkdir()
    (folder / "__init__.py").write_text("from nbasset import asset\n\n@asset\ndef orders(): ...\n")
    (folder / "people.py").write_text("from nbasset import asset\n\n@asset\ndef customers(): ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield folder.name
    for name in [name for name in sys.modules if name.startswith(folder.name)]:
        del sys.modules[name]


def test_a_package_gives_the_assets_of_all_its_modules(package: str) -> None:
    found = load_assets_from_package_name(package, group_name="shop")
    assert (_keys(found), {spec.group_name for one in found for spec in one.specs_by_key.values()}) == (["orders", "customers"], {"shop"})
    assert _keys(load_assets_from_package_module(sys.modules[package], key_prefix="eu")) == ["eu/orders", "eu/customers"]


def test_the_specs_of_selected_assets_alone_are_changed() -> None:
    defs = Definitions([AssetSpec("a"), AssetSpec("b")])
    changed = defs.map_asset_specs(func=lambda spec: spec.replace_attributes(group_name="sales"), selection="a")
    assert {str(spec.key): spec.group_name == "sales" for spec in changed.resolve_all_asset_specs()} == {"a": True, "b": False}


def test_assets_tell_the_conditions_that_were_set_on_them_all() -> None:
    eager = AutomationCondition.eager()
    found = load_assets_from_modules([_module(orders=orders)], automation_condition=eager)
    assert [one.automation_conditions_by_key for one in found] == [{orders.key: eager}]
    assert orders.automation_conditions_by_key == {}
