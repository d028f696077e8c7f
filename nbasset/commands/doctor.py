"""``doctor``: is everything that nbasset leans on there and sound? Each finding says what to do."""

from __future__ import annotations

import os
import platform
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from nbasset import clock
from nbasset.arguments.options import DoctorArguments
from nbasset.commands.daemon_status import daemon_status
from nbasset.commands.scope import shown_path
from nbasset.commands.words import counted, size_text
from nbasset.dataclass import dataclass
from nbasset.errors import Error, InvalidConfigError
from nbasset.home import HOME_VARIABLE, find_home
from nbasset.instance import Instance, location_text
from nbasset.io_managers.versions import abandoned_stages
from nbasset.locations.job_file import job_files, read_job_file
from nbasset.promotion.drift import glance
from nbasset.serde import Json
from nbasset.storage.processes import is_alive

_LIBRARIES = ("pandas", "pyarrow", "pydantic", "papermill", "nbclient", "ipykernel", "polars", "duckdb", "jupyterlab", "pygraphviz")
_ABANDONED_AFTER_S = 3600


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    status: Literal["ok", "note", "warning", "failed"]
    text: str
    remedy: str = ""

    def to_json(self) -> Json:
        """Plain data."""
        return {"name": self.name, "status": self.status, "text": self.text, "remedy": self.remedy}


@dataclass(frozen=True, slots=True)
class DoctorResult:
    """All findings."""

    findings: tuple[Finding, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing failed."""
        return all(finding.status != "failed" for finding in self.findings)

    def to_json(self) -> Json:
        """Plain data."""
        return {"sound": self.is_sound, "findings": [finding.to_json() for finding in self.findings]}


def doctor(instance: Instance, arguments: DoctorArguments = DoctorArguments()) -> DoctorResult:  # noqa: B008 - frozen
    """Look at the home and its surroundings. Nothing is changed, unless the arguments say to fix what can be."""
    store = tuple(_store(instance))
    found = [*_versions(), *_home(instance), *store, *_warehouse(instance), *_drawing()]
    if all(finding.status != "failed" for finding in store):
        found += [*_lost_runs(instance, fix=arguments.fix), *_leftovers(instance, fix=arguments.fix), *_missing_files(instance)]
        found += _automation(instance)
    found += _promoted(instance)
    return DoctorResult(tuple(found))


def _versions() -> Iterator[Finding]:
    mine = f"nbasset {_version('nbasset')}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    yield Finding("versions", "ok", mine)
    found = [f"{name} {there}" for name in _LIBRARIES if (there := _version(name))]
    yield Finding("libraries", "ok", ", ".join(found))


def _home(instance: Instance) -> Iterator[Finding]:
    home = instance.home
    how = f"named by {HOME_VARIABLE}" if os.environ.get(HOME_VARIABLE) else "found from the current folder"
    how = how if find_home().root == home.root else "named, or found from the location"
    settings = f"with {home.settings_file.name}" if home.settings_file.exists() else "no nbasset.toml: defaults"
    yield Finding("home", "ok", f"{shown_path(home.root)} ({how}, {settings})")
    if not home.state.exists():
        yield Finding("state", "note", "nothing was written yet; the first run makes .nbasset")
        return
    mode = stat.S_IMODE(home.state.stat().st_mode)
    if os.name == "posix" and mode & 0o077:
        remedy = f"chmod 700 {home.state}"
        yield Finding("state", "warning", f"{shown_path(home.state)} can be read by others (mode {mode:o})", remedy)
    else:
        yield Finding("state", "ok", f"{shown_path(home.state)} is yours alone")


def _store(instance: Instance) -> Iterator[Finding]:
    try:
        reader = instance.reader
        entries = reader.last_seq()
    except Error as error:
        yield Finding("store", "failed", f"{location_text(instance.storage_url)}: {error}", "See the message; nothing was changed.")
        return
    database = Path(instance.storage_url) if "://" not in instance.storage_url else None
    if database is None:
        yield Finding("store", "ok", f"{location_text(instance.storage_url)}, {counted(entries, 'event')}")
        return
    if not database.exists():
        yield Finding("store", "note", "no events yet")
        return
    problem = _integrity(database)
    said = f"{shown_path(database)}, {counted(entries, 'event')}, {size_text(database.stat().st_size)}"
    if problem:
        yield Finding("store", "failed", f"{said}: {problem}", f"Copy {database} away first; then try: sqlite3 {database} .recover")
    else:
        yield Finding("store", "ok", f"{said}, sound")


def _integrity(database: Path) -> str:
    """What SQLite's own check says; empty when all is well."""
    try:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5) as connection:
            (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        connection.close()
    except sqlite3.Error as error:
        return str(error)
    return "" if said == "ok" else str(said)


def _warehouse(instance: Instance) -> Iterator[Finding]:
    try:
        place = instance.warehouse
    except Error as error:
        yield Finding("warehouse", "failed", str(error), "Set the variable, or change nbasset.toml.")
        return
    if "://" in place:
        yield Finding("warehouse", "ok", location_text(place))
        return
    folder = Path(place)
    there = next((path for path in (folder, *folder.parents) if path.exists()), folder)
    if not folder.exists():
        if os.access(there, os.W_OK):
            yield Finding("warehouse", "note", f"{shown_path(folder)} is made by the first run")
        else:
            yield Finding("warehouse", "failed", f"{shown_path(folder)} cannot be made: {there} is not writable", "Set [warehouse] url.")
        return
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        yield Finding("warehouse", "failed", f"{shown_path(folder)} is not writable: {error.strerror}", "Mend the disk, or move it.")
        return
    yield Finding("warehouse", "ok", f"{shown_path(folder)}, writable")
    if _is_case_blind(folder):
        text = "this file system does not tell upper from lower case; keys that differ only so get escaped file names"
        yield Finding("case", "note", text)


def _is_case_blind(folder: Path) -> bool:
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".nbasset-Case-") as probe:
        return folder.joinpath(Path(probe.name).name.swapcase()).exists()


def _drawing() -> Iterator[Finding]:
    from shutil import which

    if _version("pygraphviz"):
        yield Finding("drawing", "ok", "Graphviz, by pygraphviz")
    elif which("dot"):
        yield Finding("drawing", "ok", "Graphviz, by the program dot")
    else:
        yield Finding("drawing", "note", "no Graphviz here: lineage is laid out by nbasset itself", "pip install pygraphviz")


def _lost_runs(instance: Instance, *, fix: bool) -> Iterator[Finding]:
    if fix:
        closed = instance.close_lost_runs()
        if closed:
            yield Finding("runs", "ok", f"closed {counted(len(closed), 'run')} of dead processes")
            return
    lost = [run for run in instance.reader.active_runs() if run.owner is not None and is_alive(run.owner) is False]
    going = len(instance.reader.active_runs()) - len(lost)
    if lost:
        names = ", ".join(run.run_id[:8] for run in lost)
        yield Finding("runs", "warning", f"{counted(len(lost), 'run')} of dead processes still open: {names}", "nbasset doctor --fix")
    else:
        yield Finding("runs", "ok", f"{going} going on" if going else "none going on")


def _automation(instance: Instance) -> Iterator[Finding]:
    """What is on, and whether anybody keeps watch. On by its definition alone is known from the daemon that saw it first."""
    records = instance.reader.instigators().values()
    on = [one.instigator for one in records if one.status == "RUNNING" or (one.status is None and one.since_us)]
    status = daemon_status(instance)
    if status.is_running:
        yield Finding("automation", "ok", f"{status.sentence}; {counted(len(on), 'schedule or sensor', 'schedules and sensors')} on")
    elif on:
        names = ", ".join(f"{one.kind} {one.name}" for one in on[:5]) + (f" and {len(on) - 5} more" if len(on) > 5 else "")
        yield Finding("automation", "warning", f"no daemon keeps watch, and these are on: {names}", "nbasset daemon run")
    else:
        yield Finding("automation", "ok", "nothing was switched on, and no daemon keeps watch")


def _promoted(instance: Instance) -> Iterator[Finding]:
    """Promoted jobs whose files are broken, or whose notebook was edited since; what that means is for `promote --check` to say."""
    sound, told = 0, []
    for file in job_files(instance.home):
        try:
            seen = glance(file, read_job_file(file))
        except InvalidConfigError as error:
            yield Finding("jobs", "warning", str(error), f"Mend {shown_path(file)}, or promote again.")
            continue
        sound += not seen
        told += [f"{file.stem}: {seen}"] if seen else []
    if told:
        yield Finding("jobs", "note", "; ".join(told), "nbasset promote --check")
    elif sound:
        yield Finding("jobs", "ok", f"{counted(sound, 'promoted job')}, as promoted")


def _leftovers(instance: Instance, *, fix: bool) -> Iterator[Finding]:
    if "://" in instance.warehouse or not Path(instance.warehouse).exists():
        return
    folder = instance.manager("parquet").folder
    running = {run.run_id for run in instance.reader.active_runs()}
    old = clock.now_us() - _ABANDONED_AFTER_S * 1_000_000
    found = () if running else abandoned_stages(folder.leftovers(), (), older_than_us=old)
    if not found:
        yield Finding("leftovers", "ok", "no staged file was left behind")
        return
    size = size_text(sum(one.size_bytes for one in found))
    if fix:
        for one in found:
            folder.discard(folder.staging_place(one.version_id))
        yield Finding("leftovers", "ok", f"removed {counted(len(found), 'staged file')} ({size})")
    else:
        text = f"{counted(len(found), 'staged file')} ({size}) of steps that were killed; nobody reads them"
        yield Finding("leftovers", "warning", text, "nbasset doctor --fix")


def _missing_files(instance: Instance) -> Iterator[Finding]:
    """Newest versions whose file is not where the record says."""
    gone = []
    for record in instance.get_asset_records():
        made = record.materialization
        if made is not None and made.uri and "://" not in made.uri and not Path(made.uri).exists():
            gone.append(str(record.key))
    if gone:
        names = ", ".join(gone[:5]) + (f" and {len(gone) - 5} more" if len(gone) > 5 else "")
        yield Finding("files", "warning", f"the file is gone of: {names}", f"nbasset run {gone[0]}")
    else:
        yield Finding("files", "ok", "every newest version has its file")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
