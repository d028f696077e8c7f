"""Collecting asset checks from modules."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

from nbasset.definitions.asset import AssetsDefinition
from nbasset.definitions.definitions import modules_of_package
from nbasset.definitions.specs import AssetCheckSpec, parts_of
from nbasset.keys import AssetKey


def load_asset_checks_from_modules(
    modules: Iterable[ModuleType], asset_key_prefix: str | Sequence[str] | None = None
) -> list[AssetsDefinition]:
    """All checks that stand at the top level of the modules, in order; `asset_key_prefix` goes before the keys of their assets.

    >>> from nbasset.definitions.checks import asset_check
    >>> module = ModuleType("checks")
    >>> module.small = asset_check(asset="orders", name="small")(lambda orders: len(orders) < 9)
    >>> [str(check.check_keys[0]) for check in load_asset_checks_from_modules([module], asset_key_prefix="shop")]
    ['shop/orders:small']
    """
    found: dict[int, AssetsDefinition] = {}
    for module in modules:
        for value in vars(module).values():
            for one in value if isinstance(value, (list, tuple)) else [value]:
                if isinstance(one, AssetsDefinition) and not one.specs_by_key and one.check_specs_by_output:
                    found[id(one)] = one
    checks = list(found.values())
    return checks if asset_key_prefix is None else [with_asset_prefix(one, parts_of(asset_key_prefix)) for one in checks]


def load_asset_checks_from_package_module(package_module: ModuleType, asset_key_prefix: Any = None) -> list[AssetsDefinition]:
    """All checks of a package and of every module below it.

    >>> import json
    >>> load_asset_checks_from_package_module(json)
    []
    """
    return load_asset_checks_from_modules(modules_of_package(package_module), asset_key_prefix)


def load_asset_checks_from_package_name(package_name: str, asset_key_prefix: Any = None) -> list[AssetsDefinition]:
    """All checks of the package with this name.

    >>> load_asset_checks_from_package_name("json")
    []
    """
    return load_asset_checks_from_package_module(importlib.import_module(package_name), asset_key_prefix)


def load_asset_checks_from_current_module(asset_key_prefix: Any = None) -> list[AssetsDefinition]:
    """All checks of the module that calls this.

    >>> load_asset_checks_from_current_module()
    []
    """
    import inspect

    frame = inspect.currentframe()
    caller = frame.f_back if frame is not None else None
    module = ModuleType("caller")
    vars(module).update(caller.f_globals if caller is not None else {})
    return load_asset_checks_from_modules([module], asset_key_prefix)


def with_asset_prefix(check: AssetsDefinition, prefix: Sequence[str]) -> AssetsDefinition:
    """The same check about the asset below a key prefix."""
    about = {spec.asset_key for spec in check.check_specs}

    def moved(key: AssetKey | None) -> AssetKey | None:
        return key.with_prefix(prefix) if key is not None and key in about else key

    return replace(
        check,
        check_specs_by_output={
            output: AssetCheckSpec(
                spec.name, asset=spec.asset_key.with_prefix(prefix), description=spec.description, additional_deps=spec.additional_deps,
                blocking=spec.blocking, metadata=spec.metadata, automation_condition=spec.automation_condition,
                partitions_def=spec.partitions_def,
            )
            for output, spec in check.check_specs_by_output.items()
        },
        given_inputs={name: replace(item, key=moved(item.key)) for name, item in check.inputs.items()},
    )  # fmt: skip
