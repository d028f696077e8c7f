"""A session at one moment, and what a cell changed in it: plain frozen values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

from nbasset.dataclass import dataclass
from nbasset.definitions.asset import AssetsDefinition
from nbasset.definitions.definitions import Definitions
from nbasset.definitions.specs import AssetSpec
from nbasset.errors import Problem
from nbasset.keys import AssetKey
from nbasset.locations.document import NotebookDocument, SessionDocument


@dataclass(frozen=True, slots=True)
class Made:
    """A definition and the cell that made it. `number` rises with the time it was first seen."""

    value: Any
    cell: str
    number: int


@dataclass(frozen=True, slots=True)
class SessionState:
    """Everything about the session at one moment.

    `made` are the definitions that are in force, each with its cell; `problems` those of ``%%asset`` cells that make none. `bound` tells
    which cell bound each name last, `files` under which file name a cell was compiled, `ran_us` when it last ran. `saved_ids` are cells
    that some saved file held.
    """

    document: SessionDocument
    made: tuple[Made, ...] = ()
    problems: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)
    bound: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    ran_us: Mapping[str, int] = field(default_factory=dict)
    saved: NotebookDocument | None = None
    saved_ids: frozenset[str] = frozenset()

    def label(self, cell_id: str) -> str:
        """What people call the cell."""
        found = next((cell.label for cell in self.document.cells() if cell.id == cell_id), None)
        return found or self.document.labels.get(cell_id) or cell_id


@dataclass(frozen=True, slots=True)
class Moved:
    """A key that two cells define: `cell` counts, since it ran last; `other` is what the other one is called."""

    key: AssetKey
    cell: str
    other: str

    def __str__(self) -> str:
        return f"'{self.key}' is defined in {self.other} and in {self.cell}; {self.cell} counts, since it ran last. Rename one of them."


@dataclass(frozen=True, slots=True)
class Change:
    """What running a cell did to the definitions: keys defined anew, keys given up, keys that two cells define."""

    cell: str
    defined: tuple[AssetKey, ...] = ()
    retired: tuple[AssetKey, ...] = ()
    moved: tuple[Moved, ...] = ()


def keys_of(value: Any) -> tuple[AssetKey, ...]:
    """Keys that a definition gives assets for; none for jobs, schedules and the like."""
    return tuple(key for key, _ in pairs_of(value))


def moved_keys(made: Sequence[Made], values: Iterable[Any], cell: str) -> Iterator[tuple[AssetKey, str]]:
    """Keys among the new `values` of a cell that another definition of another cell makes too, with that cell."""
    for value in values:
        for key, one in pairs_of(value):
            if isinstance(one, AssetSpec):
                continue
            for other in reversed(made):
                if other.cell != cell and any(
                    its == key and that is not one and not isinstance(that, AssetSpec) for its, that in pairs_of(other.value)
                ):
                    yield key, other.cell
                    break


def pairs_of(value: Any) -> list[tuple[AssetKey, Any]]:
    """Keys with the object that gives each: the definition itself, or the one inside a `Definitions`."""
    if isinstance(value, AssetsDefinition):
        return [(key, value) for key in value.specs_by_key]
    if isinstance(value, AssetSpec):
        return [(value.key, value)]
    if isinstance(value, Definitions):
        return [pair for one in value.assets for pair in pairs_of(one)]
    return []
