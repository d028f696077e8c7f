"""A code location in the place of a session: what the live panels need of one, for code that was loaded and not run cell by cell.

A `Desk` over it shows the same views in a page that a kernel shows under a cell. Nothing can be defined in it; code that changed is loaded
by making another one.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from nbasset.definitions.specs import AssetSpec
from nbasset.instance import Instance
from nbasset.keys import AssetKey
from nbasset.locations.code_index import CodePlace
from nbasset.locations.document import SessionDocument
from nbasset.locations.location import Location
from nbasset.notebook.session_state import Made, SessionState

_NOTEBOOK = ".ipynb"


class LoadedSession:
    """A location with its home, as `look.Surroundings`."""

    shell: Any = None

    def __init__(self, location: Location, instance: Instance) -> None:
        self._location = location
        self.instance = instance

    def location(self) -> Location:
        """The code, always the same."""
        return self._location

    @cached_property
    def state(self) -> SessionState:
        """Its assets with the cells that define them; none ever ran here."""
        name = self._location.path.name if self._location.path is not None else self._location.name
        made: list[Made] = []
        labels: dict[str, str] = {}
        for key, place in self._places.items():
            root = place.roots[0]
            cell = next((cell for cell in place.source.cells() if cell.id == root.cell), None)
            if cell is not None and place.source.name.endswith(_NOTEBOOK):
                labels[root.cell] = cell.label
                made.append(Made(AssetSpec(key), root.cell, len(made)))
        return SessionState(SessionDocument(name, labels=labels), tuple(made))

    def code_of(self, key: AssetKey) -> tuple[str, tuple[tuple[int, str], ...]] | None:
        """The statements that define an asset, as they were written: where they stand, and numbered lines."""
        place = self._places.get(key)
        if place is None:
            return None
        root = place.roots[0]
        cell = next((cell for cell in place.source.cells() if cell.id == root.cell), None)
        if cell is None:
            return None
        at = root.first_line - cell.first_line + 1
        first = min(root.first_line, _decorated(cell.text).get(at, at) + cell.first_line - 1)
        lines = cell.text.split("\n")[first - cell.first_line : root.last_line - cell.first_line + 1]
        label = cell.label if place.source.name.endswith(_NOTEBOOK) else Path(place.source.name).name
        if cell.role == "asset" and root.first_line > 1:
            return label, ((1, f"%%asset {cell.header}"), *enumerate(lines, start=root.first_line))
        if cell.role == "asset" and lines and not lines[0]:
            lines[0] = f"%%asset {cell.header}"
        return label, tuple(enumerate(lines, start=first))

    @cached_property
    def _places(self) -> dict[AssetKey, CodePlace]:
        """Where each asset is written, as far as its code can be read."""
        found: dict[AssetKey, CodePlace] = {}
        for asset in self._location.definitions.resolve().catalog.assets:
            place = self._location.code.place(asset.node) if asset.node is not None else None
            if place is not None and place.roots:
                found[asset.key] = place
        return found


@lru_cache(maxsize=64)
def _decorated(text: str) -> Mapping[int, int]:
    """The lines that functions with decorators begin on, by the line of their ``def``."""
    try:
        tree = ast.parse(text)
    except SyntaxError:  # a cell with magics
        return {}
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.lineno: node.decorator_list[0].lineno for node in ast.walk(tree) if isinstance(node, kinds) and node.decorator_list}
