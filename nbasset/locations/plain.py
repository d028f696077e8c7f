"""Definitions that somebody passes in from Python: whose code they are is found by the module of each function.

Functions of a notebook's cells are known to the session that runs them; it says so with `provide_code`. In a plain prompt there is no text
to read: the version is then empty, and code is never a reason to run.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from nbasset.definitions.definitions import Definitions
from nbasset.locations.code_index import CodeIndex, CodePlace, code_index
from nbasset.locations.location import Location
from nbasset.locations.module import ModulePlaces
from nbasset.locations.project_files import ProjectFiles, project_roots
from nbasset.source.slices import CodeReader

LiveCode = Callable[[Any], CodePlace | None]
_LIVE: list[LiveCode] = []


def provide_code(find: LiveCode | None) -> None:
    """Let a live session say where the definitions of its cells are written; None takes it back."""
    _LIVE[:] = [] if find is None else [find]


def location_of(definitions: Definitions, *, home: Callable[[], Path | None] = lambda: None) -> Location:
    """The location of definitions that were made in this process; `home` says, if it is asked, where their project is."""
    resolved = definitions.resolve()
    main = sys.modules.get("__main__")
    main_file = getattr(main, "__file__", None)
    folder = _folder_of(main_file, os.getcwd())  # noqa: PTH109 - a path is only made for the first that asks
    places = ModulePlaces(resolved, [], ProjectFiles(lambda: project_roots(folder, home())))

    def find(node: str) -> CodePlace | None:
        for live in _LIVE:
            place = live(resolved.definition(node))
            if place is not None:
                return place
        place = places.find(node)
        if place is None:
            return None
        return replace(place, also=tuple(one for one in places.around(place.source) if one not in place.roots))

    code: CodeIndex = code_index(resolved, find, reader=_READER)
    return Location(definitions.name, "definitions", definitions, code, folder=folder)


@cache
def _folder_of(main_file: str | None, start: str) -> Path:
    return Path(start) if main_file is None else (Path(start) / main_file).resolve().parent


_READER = CodeReader()
