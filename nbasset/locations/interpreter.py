"""The Python that the code of a location runs with."""

from __future__ import annotations

import sys
from pathlib import Path

from nbasset.errors import LocationError
from nbasset.home import Home
from nbasset.locations.workspace import Place


def interpreter(place: Place, home: Home) -> str:
    """The Python of a location: the one it names (relative to the home; the folder of an environment will do), else this one.

    Raises
    ------
    LocationError
        If there is none.
    """
    if not place.python:
        return sys.executable
    path = home.root / Path(place.python).expanduser()
    found = next((one for one in (path / "bin" / "python", path / "Scripts" / "python.exe", path) if one.is_file()), None)
    if found is None:
        raise LocationError(f"{place.label}: there is no Python {path}. Set python of this location in {home.settings_file.name}.")
    return str(found)
