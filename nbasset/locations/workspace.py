"""All locations of a project: those that `nbasset.toml` lists, or those found by convention.

By convention a location is a notebook or module of the project's folder or its `notebooks`, or a package in the folder or in `src`, whose
text mentions nbasset; no other file is loaded. One broken location never breaks another: it stands there with its error. A promoted job
(``jobs/NAME.toml``) is a location, too, but its assets are those of the notebook it was made from: who lists assets leaves it out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from nbasset.dataclass import dataclass
from nbasset.errors import Error, LocationError, did_you_mean
from nbasset.home import Home
from nbasset.locations.job_file import job_files
from nbasset.locations.location import Location, broken
from nbasset.locations.module import load_module, load_module_file
from nbasset.locations.notebook import load_notebook
from nbasset.locations.promoted import load_promoted, promoted_name
from nbasset.settings import LOAD_SECONDS, LocationSettings, Settings

_MENTIONS = re.compile(rb"(?:^[ \t]*\\?[\"']?|\"|\\n)[ \t]*(?:from|import)[ \t]+nbasset\b|%%asset\b|load_ext nbasset\b", re.MULTILINE)
_LEFT_OUT = frozenset({"tests", "test", "jobs", "build", "dist", "node_modules", "venv", "env", "site-packages", "__pycache__"})
_CODE = (".ipynb", ".py", ".toml")
_NO_MODULES = frozenset({"setup.py", "conftest.py", "noxfile.py"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a location's code is, before it is loaded: a path, or the dotted name of a module.

    With a `python` of its own, or `isolated`, it is loaded in a process of its own, which is given `load_seconds`.
    """

    path: Path | None = None
    module: str = ""
    name: str = ""
    python: str = ""
    isolated: bool = False
    load_seconds: float = LOAD_SECONDS

    @property
    def is_apart(self) -> bool:
        """Whether it has a process of its own."""
        return self.isolated or bool(self.python)

    @property
    def label(self) -> str:
        """What people call it."""
        return self.name or self.module or (self.path.name if self.path is not None else "")


@dataclass(frozen=True, slots=True)
class Workspace:
    """A project's locations, loaded."""

    home: Home
    locations: tuple[Location, ...]

    def location(self, name: str) -> Location:
        """A location by its name.

        Raises
        ------
        LocationError
            If there is none; the nearest is named.
        """
        for one in self.locations:
            if one.name == name:
                return one
        near = did_you_mean(name, [one.name for one in self.locations])
        raise LocationError(f"there is no location '{name}' in {self.home.root}. {near}".rstrip())


def load_workspace(home: Home, settings: Settings) -> Workspace:
    """Load every location of a project; those that cannot be loaded are broken ones."""
    return Workspace(home, tuple(load_place(place, home) for place in places_of(home, settings)))


def load_place(place: Place, home: Home) -> Location:
    """Load one location; a broken one if it cannot be."""

    def again() -> Location:
        return load_place(place, home)

    try:
        return load_location(place, home)
    except Error as error:
        return broken(place.label, error, path=place.path, loader=again)


def load_location(place: Place | Path | str, home: Home) -> Location:
    """Load a notebook, a module file, a package folder, a promoted job, or a module by its dotted name.

    Raises
    ------
    LocationError
        If there is none, or it cannot be loaded.
    """
    if isinstance(place, str):
        place = place_named(place)
    if isinstance(place, Path):
        place = Place(place)
    if place.path is None:
        return load_module(
            place.module, home=home.root, folder=home.root if (home.root / place.module.partition(".")[0]).exists() else None
        )
    if place.path.suffix == ".toml":
        return load_promoted(place.path, home=home.root)
    if place.path.suffix == ".ipynb":
        return load_notebook(place.path, home=home.root)
    return load_module_file(place.path, home=home.root)


def place_named(text: str) -> Place:
    """The place that somebody wrote: a path, or a dotted name."""
    path = Path(text).expanduser()
    if path.exists() or path.suffix in _CODE or "/" in text or "\\" in text:
        return Place(path)
    return Place(module=text)


def is_place(text: str) -> bool:
    """Whether a word on the command line means a location, not an asset: a file or folder with code in it.

    A folder of data that is called like an asset is none.
    """
    path = Path(text).expanduser()
    if path.suffix in _CODE:
        return True
    if not path.is_dir():
        return False
    return text.endswith(("/", "\\")) or text in (".", "..") or (path / "nbasset.toml").exists() or any(_code_in(path))


def places_of(home: Home, settings: Settings) -> list[Place]:
    """The locations of a project in order, without loading any."""
    found = [place for one in settings.locations for place in _listed(one, home)] if settings.locations else list(_by_convention(home))
    return _named(found)


def promoted_places(home: Home) -> list[Place]:
    """The promoted jobs of a project, by name, without loading any."""
    return [Place(path, name=promoted_name(path)) for path in job_files(home)]


def _listed(one: LocationSettings, home: Home) -> Iterator[Place]:
    def place(path: Path | None = None, *, module: str = "", name: str = one.name) -> Place:
        return Place(path, module, name, one.python, one.isolated, one.load_seconds)

    if one.module:
        yield place(module=one.module)
        return
    if any(char in one.path for char in "*?["):
        matching = sorted(path for path in home.root.glob(one.path) if _is_code(path))
        yield from (place(path, name="") for path in matching if ".ipynb_checkpoints" not in path.parts)
        return
    path = home.root / one.path
    if not path.exists() and re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", one.path) and not one.path.endswith((".py", ".ipynb")):
        yield place(module=one.path)
        return
    yield place(path)


def _by_convention(home: Home) -> Iterator[Place]:
    root = home.root
    files = [*_code_in(root), *_code_below(root / "notebooks")]
    yield from (Place(path) for path in files if _mentions_nbasset(path))
    for folder in (root, root / "src"):
        for package in sorted(path.parent for path in folder.glob("*/__init__.py")):
            if (
                package.name not in _LEFT_OUT
                and not package.name.startswith((".", "_"))
                and any(map(_mentions_nbasset, _code_below(package)))
            ):
                yield Place(package)


def _code_in(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_file() and _is_code(path):
            yield path


def _code_below(folder: Path) -> Iterator[Path]:
    yield from _code_in(folder)
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_dir() and path.name not in _LEFT_OUT and not path.name.startswith((".", "_")):
            yield from _code_below(path)


def _is_code(path: Path) -> bool:
    if path.suffix == ".ipynb":
        return not path.name.startswith(".")
    return path.suffix == ".py" and path.name not in _NO_MODULES and not path.name.startswith(("test_", "_", "."))


def _mentions_nbasset(path: Path) -> bool:
    try:
        return bool(_MENTIONS.search(path.read_bytes()))
    except OSError:
        return False


def _named(places: Iterable[Place]) -> list[Place]:
    """Each place once."""
    seen: dict[object, Place] = {}
    for place in places:
        seen.setdefault(place.path.resolve() if place.path is not None else place.module, place)
    return list(seen.values())
