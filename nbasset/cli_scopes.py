"""What a call of the command line acts on: its home, and one location after the other, each in the folder of its code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nbasset import cli_pipe
from nbasset.arguments.parameters import Verb
from nbasset.dataclass import dataclass
from nbasset.errors import InvalidInvocationError, UnknownAsset, did_you_mean

if TYPE_CHECKING:
    from nbasset.commands.scope import Scope
    from nbasset.home import Home
    from nbasset.instance import Instance
    from nbasset.locations.location import Location


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the command line: where, on what, how to answer."""

    verb: Verb
    words: tuple[str, ...]
    module: str
    home: str
    json: bool
    more: Mapping[str, Any] = field(default_factory=dict)
    looked: list[str] = field(default_factory=list)  # at the code of which locations, while it is carried out

    @property
    def place(self) -> str:
        """The location that was named, as it was written; empty for the project."""
        from nbasset.locations.workspace import is_place

        if self.module:
            return self.module
        return self.words[0] if self.words and is_place(self.words[0]) else ""

    @property
    def rest(self) -> tuple[str, ...]:
        """The words after the location."""
        return self.words[1:] if self.place and not self.module else self.words


def open_home(call: Call) -> tuple[Home, Instance]:
    """The home of the call: named, or found from the location."""
    from nbasset.home import find_home
    from nbasset.instance import Instance

    start = Path(call.place) if call.place and not call.module else None
    if start is not None and not start.exists():
        raise InvalidInvocationError(f"there is no {call.place}. {_near_file(start)}".rstrip())
    home = find_home(start, named=call.home or None)
    return home, Instance.open(home.root)


def _near_file(path: Path) -> str:
    folder = path.parent
    return did_you_mean(path.name, [one.name for one in folder.iterdir()]) if folder.is_dir() else ""


def scopes(call: Call) -> Iterator[Scope]:
    """Each location of the call with its home, one after the other; the current folder is that of its code while it is used.

    A broken location of a project is told and passed over; one that was named raises.
    """
    home, instance = open_home(call)
    yield from _scopes(_locations(call, home), instance)


def scopes_and_jobs(call: Call) -> Iterator[Scope]:
    """The same with the promoted jobs of the project, for a verb about what is run and started."""
    home, instance = open_home(call)
    yield from _scopes(_locations(call, home, with_jobs=True), instance)


def _scopes(locations: Iterable[Location], instance: Instance) -> Iterator[Scope]:
    from nbasset.commands.scope import Scope

    for location in locations:
        with _inside(location.folder):
            yield Scope(location, instance)


def every_scope(call: Call) -> Iterator[Scope]:
    """The same for a verb about the home, which may have no code at all."""
    from nbasset.locations.workspace import places_of
    from nbasset.settings import load_settings

    home, instance = open_home(call)
    if call.place or places_of(home, load_settings(home.settings_file)):
        yield from _scopes(_locations(call, home, may_be_empty=True), instance)


def confirm(question: str, call: Call) -> None:
    """Ask; whoever says no ends the command. An answer in JSON is for machines, which say --yes or are refused."""
    if call.json:
        raise click.UsageError(f"{question} With --json nobody is asked: add --yes.")
    click.confirm(question, abort=True)


def project_locations(call: Call) -> Iterator[Location]:
    """Each location of the call and each promoted job, also those that cannot be loaded."""
    yield from _locations(call, open_home(call)[0], keeps_broken=True, with_jobs=True)


def _locations(
    call: Call, home: Home, *, keeps_broken: bool = False, with_jobs: bool = False, may_be_empty: bool = False
) -> Iterator[Location]:
    from nbasset.locations.workspace import Place, load_location, load_place, place_named, places_of, promoted_places

    call.looked.append(call.place)
    jobs = promoted_places(home) if with_jobs else []
    if call.place:
        place = Place(module=call.module) if call.module else place_named(call.place)
        path = place.path.resolve() if place.path is not None else None
        if path is not None and path.is_dir() and not (path / "__init__.py").exists():
            inside = [place for place in jobs if place.path is not None and place.path.resolve().is_relative_to(path)]
            there = [*places_of_folder(path, home), *inside]
            if not there and not may_be_empty:
                raise _nothing_in(path, call)
            yield from _project(there, home, load_place, keeps_broken)
            return
        with _loading(path):
            location = load_location(Place(path) if path is not None else place, home)
        cli_pipe.loaded()
        yield location
        return
    from nbasset.settings import load_settings

    places = [*places_of(home, load_settings(home.settings_file)), *jobs]
    if not places:
        raise _nothing_in(home.root, call)
    yield from _project(places, home, load_place, keeps_broken)


def _nothing_in(folder: Path, call: Call) -> InvalidInvocationError:
    return InvalidInvocationError(
        f"no notebook or module with assets was found in {folder}. Name one: nbasset {call.verb.name} notebooks/flights.ipynb"
    )


def places_of_folder(folder: Path, home: Home) -> list[Any]:
    """The locations of a folder: those of the project that are inside, or those found in it by convention."""
    from nbasset.home import Home as AnyHome
    from nbasset.locations.workspace import places_of
    from nbasset.settings import Settings, load_settings

    inside = [
        place
        for place in places_of(home, load_settings(home.settings_file))
        if place.path is not None and place.path.resolve().is_relative_to(folder)
    ]
    return inside or places_of(AnyHome(folder), Settings())


def _project(places: Sequence[Any], home: Home, load: Callable[[Any, Home], Location], keeps_broken: bool) -> Iterator[Location]:
    for place in places:
        if place.is_apart and cli_pipe.telling() is None:
            continue  # a process of its own does its part
        with _loading(place.path):
            location = load(place, home)
        if location.error is None or keeps_broken:
            yield location
        else:
            _tell(f"{location.name} is left out: {location.error}")


@contextmanager
def _loading(path: Path | None) -> Iterator[None]:
    """Load code: that of a notebook in its folder. What it prints is no part of the answer, which a program may read."""
    with redirect_stdout(sys.stderr), _inside(path.parent if path is not None and path.suffix == ".ipynb" else None):
        yield


@contextmanager
def _inside(folder: Path | None) -> Iterator[None]:
    """Work in a folder for a while: code of a notebook expects to run where the notebook is."""
    if folder is None:
        yield
        return
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def selecting(call: Call, text: str) -> Iterator[Scope]:
    """The scopes of the call. In a project, locations that do not have what was selected are passed over, if another one does."""
    if call.place or not text:
        yield from scopes(call)
        return
    from nbasset.definitions.selection import AssetSelection

    missing: list[UnknownAsset] = []
    found = False
    for scope in scopes(call):
        try:
            AssetSelection.from_string(text).resolve(scope.catalog, status=lambda key: "")
        except UnknownAsset as error:
            missing.append(error)
            continue
        found = True
        yield scope
    if not found and missing:
        raise _nearest(missing)


def only_scope(call: Call, asset: str) -> Scope:
    """The one scope that has an asset."""
    from nbasset.definitions.selection import AssetSelection

    missing: list[UnknownAsset] = []
    for scope in scopes(call):
        try:
            AssetSelection.from_string(asset).resolve(scope.catalog)
        except UnknownAsset as error:
            missing.append(error)
            continue
        return scope
    raise _nearest(missing) if missing else UnknownAsset(f"no asset '{asset}' is defined here.")


def naming(call: Call, kind: str, name: str) -> Scope:
    """The one scope that has a job, schedule or sensor of this name.

    Raises
    ------
    UnknownJob
        With the nearest name of all scopes.
    InvalidInvocationError
        If several have one.
    """
    from nbasset.commands.job_verbs import names_of, unknown

    known: list[str] = []
    found: list[Scope] = []
    for scope in scopes_and_jobs(call):
        names = names_of(scope, kind)
        known += names
        if name in names:
            found.append(scope)
    if len(found) > 1:
        places = " and ".join(scope.location.name for scope in found)
        raise InvalidInvocationError(f"{kind} '{name}' is defined in {places}. Name one: nbasset {call.verb.name} LOCATION {name}")
    if not found:
        raise unknown(kind, name, known)
    return found[0]


def _nearest(missing: Sequence[UnknownAsset]) -> UnknownAsset:
    """Of what several locations said of an unknown name, what says a near one."""
    return next((error for error in missing if "Did you mean" in str(error)), missing[0])


def _tell(text: str) -> None:
    from nbasset.cli_text import inert

    click.echo(inert(text), err=True)
