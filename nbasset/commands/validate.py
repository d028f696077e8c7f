"""``definitions validate``: all that is wrong in a location, at once. Its code is loaded; nothing of it runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from nbasset.commands.list_assets import problem_json
from nbasset.commands.scope import shown_path
from nbasset.commands.words import counted
from nbasset.dataclass import dataclass
from nbasset.errors import Problem
from nbasset.locations.location import Location
from nbasset.serde import Json


@dataclass(frozen=True, slots=True)
class Validated:
    """A location with its problems, or the `error` for which it cannot be loaded; `counts` is what it defines, in words."""

    location: str
    problems: tuple[Problem, ...] = ()
    error: str = ""
    counts: str = ""

    @property
    def is_valid(self) -> bool:
        """Whether nothing in it is an error."""
        return not self.error and all(problem.severity != "error" for problem in self.problems)

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "location": self.location, "valid": self.is_valid, "error": self.error or None, "defines": self.counts,
            "problems": [problem_json(problem) for problem in self.problems],
        }  # fmt: skip


def validate(location: Location) -> Validated:
    """Look at everything that a location defines."""
    if location.error is not None:
        return Validated(location.name, error=f"{type(location.error).__name__}: {location.error}")
    catalog = location.definitions.catalog
    counted_words = [
        counted(len(found), word)
        for found, word in (
            (catalog.assets, "asset"), (catalog.checks, "check"), (catalog.jobs, "job"), (catalog.schedules, "schedule"),
            (catalog.sensors, "sensor"),
        )
        if found
    ]  # fmt: skip
    return Validated(location.name, tuple(location.definitions.problems), counts=", ".join(counted_words) or "nothing defined")


def validate_all(locations: Iterable[Location]) -> list[Validated]:
    """The same for each location of a project, and what is wrong between them: a promoted job with the name of another job."""
    known = list(locations)
    found = [(location, validate(location)) for location in known]
    return [replace(one, problems=(*one.problems, *_same_names(location, known))) for location, one in found]


def _same_names(location: Location, known: Iterable[Location]) -> Iterator[Problem]:
    own = location.promoted
    if own is None:
        return
    for other in known:
        if other is not location and other.error is None and own.job.name in other.definitions.resolve().jobs:
            where = shown_path(own.file)
            there = shown_path(other.path) if other.path is not None else other.name
            yield Problem(
                "duplicate-job", f"job '{own.job.name}' is defined in {where} and in {there}, so its name alone says neither", where,
                "Rename one: a promoted job has the name of its file.", job=own.job.name,
            )  # fmt: skip


def validated_text(found: Validated) -> str:
    """The same in lines, the location first."""
    if found.error:
        return f"✗ {found.location} cannot be loaded. {found.error}"
    lines = [f"{'✓' if found.is_valid else '✗'} {found.location}: {found.counts}"]
    for problem in found.problems:
        mark = "✗" if problem.severity == "error" else "·"
        lines += [f"  {mark} {line}" if at == 0 else f"    {line}" for at, line in enumerate(str(problem).splitlines())]
    return "\n".join(lines)
