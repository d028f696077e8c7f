"""Where a project lives: the folder with `nbasset.toml` or `.nbasset/`, found from below as git finds a repository.

Finding creates nothing. The state folder comes into being with the first thing that is written (`make_state`): private to its owner, and
with a `.gitignore` of its own, so that it is committed by nobody.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from nbasset.dataclass import dataclass
from nbasset.errors import PathOutsideHome
from nbasset.storage.places import private_folder

SETTINGS_NAME = "nbasset.toml"
STATE_NAME = ".nbasset"
HOME_VARIABLE = "NBASSET_HOME"


@dataclass(frozen=True, slots=True)
class Home:
    """A project's folder. `state` holds the database, logs and runs; `settings_file` need not exist."""

    root: Path

    @property
    def state(self) -> Path:
        """The folder for everything that is not the user's: ``.nbasset``."""
        return self.root / STATE_NAME

    @property
    def settings_file(self) -> Path:
        """Where settings would be written."""
        return self.root / SETTINGS_NAME

    @property
    def database(self) -> Path:
        """The SQLite file, where settings name no other storage."""
        return self.state / "nbasset.db"

    @property
    def runs(self) -> Path:
        """One folder a run: captured output, executed notebook."""
        return self.root.joinpath(STATE_NAME, "runs")

    def run_folder(self, run_id: str) -> Path:
        """The folder of one run.

        Raises
        ------
        PathOutsideHome
            If the id would lead anywhere else.
        """
        if not run_id or not run_id.replace("-", "").replace("_", "").isalnum():
            raise PathOutsideHome(f"{run_id!r} cannot be the id of a run: an id has letters, digits, '-' and '_'. See them: nbasset runs.")
        return self.runs / run_id

    def make_state(self) -> Path:
        """Make the state folder, mode 0700, if it is not there yet.

        Raises
        ------
        StorageUnavailable
            If the folder cannot be made, or anybody could write to it.
        """
        is_new = not self.state.is_dir()
        private_folder(self.state)
        ignore = self.state / ".gitignore"
        if is_new and not ignore.exists():
            with suppress(OSError):
                ignore.write_text("*\n", encoding="utf-8")
        return self.state


def find_home(start: Path | None = None, *, named: str | Path | None = None, environ: Mapping[str, str] | None = None) -> Home:
    """The home of a notebook or folder.

    `named` wins, then the variable ``NBASSET_HOME``, then the nearest folder at or above `start` (default: the current one) that holds
    `nbasset.toml` or `.nbasset`; without any, the folder of `start` itself. A folder above that everybody may write to is never a home.
    """
    given = named or (os.environ if environ is None else environ).get(HOME_VARIABLE)
    if given:
        return Home(Path(given).expanduser().resolve())
    at = (start or Path.cwd()).expanduser().resolve()
    folder = at if at.is_dir() else at.parent
    for candidate in (folder, *folder.parents):
        marked = (candidate / SETTINGS_NAME).is_file() or (candidate / STATE_NAME).is_dir()
        if marked and (candidate == folder or not _anybody_writes(candidate)):
            return Home(candidate)
    return Home(folder)


def _anybody_writes(folder: Path) -> bool:
    try:
        return bool(folder.stat().st_mode & stat.S_IWOTH)
    except OSError:
        return True
