"""Versions of the installed packages that some code imports, as one line: ``numpy 2.4.1, pandas 3.1.0``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import cache


def packages_text(names: Iterable[str]) -> str:
    """The packages with their versions, by name. The standard library, nbasset and what has no version are left out."""
    found = ((name, version_of_package(name)) for name in sorted(names) if name not in sys.stdlib_module_names and name != "nbasset")
    return ", ".join(f"{name} {version}" for name, version in found if version)


@cache
def version_of_package(name: str) -> str:
    """The version of an importable package: what it says itself if it is loaded, else what its installation says; empty when unknown."""
    said = getattr(sys.modules.get(name), "__version__", None)
    if isinstance(said, str):
        return said
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        distributions = _distributions().get(name)
    return metadata.version(distributions[0]) if distributions else ""


@cache
def _distributions() -> dict[str, list[str]]:
    from importlib import metadata

    return dict(metadata.packages_distributions())
