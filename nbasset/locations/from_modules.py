"""`Definitions` of what stands in modules and packages: `load_definitions_from_module` and its siblings."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

from nbasset.definitions.definitions import Definitions, modules_of_package, replace_definitions
from nbasset.locations.collecting import collect, definitions_of


def load_definitions_from_modules(
    modules: Iterable[ModuleType],
    resources: Mapping[str, Any] | None = None,
    loggers: Mapping[str, Any] | None = None,
    executor: Any = None,
) -> Definitions:
    """Everything that stands at the top level of the modules: assets, checks, jobs, schedules, sensors, and `Definitions` objects.

    `resources` and `loggers` go before those of `Definitions` objects among them.

    >>> from types import ModuleType
    >>> from nbasset import asset, define_asset_job
    >>> @asset
    ... def orders(): ...
    >>> sales = ModuleType("sales")
    >>> sales.orders, sales.nightly = orders, define_asset_job("nightly", selection="orders")
    >>> defs = load_definitions_from_modules([sales])
    >>> [str(spec.key) for spec in defs.get_all_asset_specs()], defs.get_job_def("nightly").name
    (['orders'], 'nightly')

    Raises
    ------
    InvalidDefinitionError
        If two `Definitions` objects contradict each other.
    """
    listed = list(modules)
    name = listed[0].__name__ if listed else "definitions"
    found = definitions_of(collect(vars(module) for module in listed), name=name, only_definitions=False)
    return replace_definitions(
        found,
        resources={**found.resources, **(resources or {})},
        loggers={**found.loggers, **(loggers or {})},
        executor=executor if executor is not None else found.executor,
    )


def load_definitions_from_module(
    module: ModuleType, resources: Mapping[str, Any] | None = None, loggers: Mapping[str, Any] | None = None, executor: Any = None
) -> Definitions:
    """Everything that stands at the top level of one module.

    >>> from types import ModuleType
    >>> load_definitions_from_module(ModuleType("empty"), resources={"api": 1}).resources
    {'api': 1}
    """
    return load_definitions_from_modules([module], resources, loggers, executor)


def load_definitions_from_current_module(
    resources: Mapping[str, Any] | None = None, loggers: Mapping[str, Any] | None = None, executor: Any = None
) -> Definitions:
    """Everything that stands above this call in its module.

    >>> load_definitions_from_current_module().get_all_asset_specs()
    []
    """
    frame = inspect.currentframe()
    caller = frame.f_back if frame is not None else None
    name = caller.f_globals["__name__"] if caller is not None else "__main__"
    return load_definitions_from_modules([sys.modules[name]], resources, loggers, executor)


def load_definitions_from_package_module(
    package_module: ModuleType, resources: Mapping[str, Any] | None = None, loggers: Mapping[str, Any] | None = None, executor: Any = None
) -> Definitions:
    """Everything of a package and of every module below it.

    >>> import nbasset.arguments
    >>> load_definitions_from_package_module(nbasset.arguments).get_all_asset_specs()
    []
    """
    return load_definitions_from_modules(modules_of_package(package_module), resources, loggers, executor)


def load_definitions_from_package_name(
    package_name: str, resources: Mapping[str, Any] | None = None, loggers: Mapping[str, Any] | None = None, executor: Any = None
) -> Definitions:
    """Everything of the package with this name.

    >>> load_definitions_from_package_name("nbasset.arguments").get_all_asset_specs()
    []
    """
    return load_definitions_from_package_module(importlib.import_module(package_name), resources, loggers, executor)
