"""Libraries that somebody else has loaded: what is asked of them costs nobody an import."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType


def loaded(name: str) -> ModuleType | None:
    """The module of this name if it is loaded, else None. While another thread loads it, this one waits: half a module has no classes.

    >>> loaded("sys").__name__, loaded("a_module_that_nobody_loads")
    ('sys', None)
    """
    return importlib.import_module(name) if sys.modules.get(name) is not None else None
