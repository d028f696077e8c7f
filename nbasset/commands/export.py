"""``export``: the text of some assets or of a promoted job for another program, shown or written to a file."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

from nbasset.arguments.options_export import ExportArguments, Target
from nbasset.commands.scope import Scope, shown_path
from nbasset.dataclass import dataclass
from nbasset.definitions.cron import parse_crons
from nbasset.definitions.local_time import zone_of
from nbasset.errors import InvalidConfigError, InvalidInvocationError, InvalidNotebook, StorageUnavailable
from nbasset.locations.job_file import JobFile, RetryEntry, ScheduleEntry
from nbasset.locations.location import Location
from nbasset.locations.workspace import places_of
from nbasset.promotion.environment import captured, python_version
from nbasset.promotion.export import Exported, Launch, is_ours, was_ours
from nbasset.promotion.export_airflow import airflow_text
from nbasset.promotion.export_code import code_of, selected_keys
from nbasset.promotion.export_cron import cron_text
from nbasset.promotion.export_dagster import dagster_text
from nbasset.promotion.export_github import github_text
from nbasset.promotion.export_module import module_text
from nbasset.promotion.notebook_run import with_parameters
from nbasset.promotion.written import write_whole
from nbasset.serde import Json
from nbasset.settings import load_settings

_CODE = frozenset({"module", "dagster"})
_FILES: dict[Target, str] = {
    "module": "{}.py", "cron": "{}.cron", "github": "{}.yml", "airflow": "{}_airflow.py", "dagster": "{}_dagster.py",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ExportResult:
    """The text, and the file it stands in, if it was written; `was_there` says that the file had it already."""

    target: Target
    text: str
    notes: tuple[str, ...] = ()
    output: Path | None = None
    was_there: bool = False

    @property
    def sentence(self) -> str:
        """What was written, for people."""
        if self.output is None:
            return ""
        return f"{shown_path(self.output)} is up to date." if self.was_there else f"Wrote {shown_path(self.output)}."

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "target": self.target, "text": self.text, "notes": list(self.notes), "output": str(self.output) if self.output else None,
            "changed": self.output is not None and not self.was_there,
        }  # fmt: skip


def export(scope: Scope, arguments: ExportArguments) -> ExportResult:
    """Make the text for the target, and write it if a file is named. Nothing of the assets runs.

    Raises
    ------
    UnknownAsset, InvalidSelection, ProblemsFound, InvalidConfigError
        If selection, code or values are wrong.
    InvalidDefinitionError
        If the target cannot have what the code or the schedule says; the message names the place.
    InvalidInvocationError
        If options do not fit the source, or the file is there and an export did not write it.
    StorageUnavailable
        If the file cannot be written.
    """
    location = scope.location.check()
    _refuse_options(location, arguments)
    if location.promoted is not None:
        job = location.promoted.job
        job = replace(job, select=arguments.select) if arguments.select else job
    else:
        if arguments.parameters:
            location, values = with_parameters(location, arguments.parameters)
            job = replace(_job(location, arguments), parameters=values)
        else:
            job = _job(location, arguments)
    made = _made(scope, location, job, arguments)
    if not arguments.output:
        return ExportResult(arguments.target, made.text, made.notes)
    output = _output(arguments, job.name)
    was_there = _write(output, made.text, force=arguments.force)
    return ExportResult(arguments.target, made.text, (*made.notes, *_twice(scope, output, arguments.target)), output, was_there)


def _made(scope: Scope, location: Location, job: JobFile, arguments: ExportArguments) -> Exported:
    if arguments.target in _CODE:
        code = code_of(location, job.select)
        own = job if location.promoted is not None or job.schedule is not None else None
        return module_text(code, own) if arguments.target == "module" else dagster_text(code, own)
    catalog = location.definitions.resolve().catalog
    selected_keys(catalog, job.select)
    launch = _launch(scope, location, job)
    if arguments.target == "cron":
        return cron_text(launch)
    if arguments.target == "airflow":
        return airflow_text(launch)
    if not job.environment.packages:
        launch = replace(launch, job=replace(job, environment=captured([code_of(location, job.select).text])))
    return github_text(launch, python=python_version())


def _launch(scope: Scope, location: Location, job: JobFile) -> Launch:
    """How the job is started in the project's folder."""
    root = scope.instance.home.root.resolve()
    if location.path is None or not location.path.is_file():
        raise InvalidNotebook(f"{location.name} is not saved, and another program runs the file. Save it, and say it again.")
    file = location.promoted.file if location.promoted is not None else location.path
    source = Path(os.path.relpath(file.resolve(), root)).as_posix()
    return Launch(job, source, root, is_promoted=location.promoted is not None, is_notebook=location.path.suffix == ".ipynb")


def _job(location: Location, arguments: ExportArguments) -> JobFile:
    """The job that the options describe."""
    select = arguments.select
    name = arguments.name or _identifier(select if re.fullmatch(r"[\w/-]+", select) else Path(location.name).stem)
    if not re.fullmatch(r"[A-Za-z0-9_]+", name):
        raise InvalidInvocationError(f"--name {name!r} cannot be the name of a job. Use letters, digits and '_'.")
    if arguments.timezone and not arguments.cron:
        raise InvalidInvocationError("--tz is the clock of a cron: give --cron too, such as --cron '0 6 * * *'.")
    schedule = None
    if arguments.cron:
        parse_crons(arguments.cron)
        schedule = ScheduleEntry(arguments.cron, zone_of(arguments.timezone or "UTC").name)
    return JobFile(
        name, location.path.name if location.path is not None else "", select, partitions=arguments.partitions, schedule=schedule,
        retries=RetryEntry(arguments.retries or 0),
    )  # fmt: skip


def _refuse_options(location: Location, arguments: ExportArguments) -> None:
    """Options that the source or the target has no use for."""
    given = {
        "--name": arguments.name, "--cron": arguments.cron, "--tz": arguments.timezone, "--param": arguments.parameters,
        "--partitions": arguments.partitions, "--retries": arguments.retries is not None,
    }  # fmt: skip
    told = [option for option, value in given.items() if value]
    if location.promoted is not None and told:
        raise InvalidInvocationError(
            f"{', '.join(told)}: the job's file says that. Edit {shown_path(location.promoted.file)}, or promote again."
        )
    if location.promoted is not None and arguments.select and arguments.target not in _CODE:
        raise InvalidInvocationError(
            f"a promoted job runs as a whole; its file says what it makes ({location.promoted.job.select}). Leave the selection out, "
            "or export the notebook."
        )
    if arguments.target in _CODE and (arguments.partitions or (arguments.retries is not None and not arguments.cron)):
        option = "--partitions" if arguments.partitions else "--retries"
        raise InvalidInvocationError(f"{option} is about a run, and --to {arguments.target} writes code. Leave it out.")
    if location.path is not None and location.path.suffix != ".ipynb" and arguments.parameters:
        raise InvalidConfigError([f"{location.name} is no notebook, so it takes no parameters."], of="--param")


def _identifier(text: str) -> str:
    return re.sub(r"\W+", "_", text.encode("ascii", "replace").decode()).strip("_") or "assets"


# -- the file -----------------------------------------------------------------------------------------------------------------


def _output(arguments: ExportArguments, name: str) -> Path:
    path = Path(arguments.output).expanduser()
    if path.is_dir() or arguments.output.endswith(("/", os.sep)):
        return path / _FILES[arguments.target].format(name)
    return path


def _write(output: Path, text: str, *, force: bool) -> bool:
    """Write the file; whether it had the text already."""
    try:
        before = output.read_text(encoding="utf-8") if output.exists() else None
    except (OSError, UnicodeDecodeError):
        before = ""
    if before == text:
        return True
    if before is not None and not force and not is_ours(before):
        why = "was changed since export wrote it" if was_ours(before) else "is there, and export did not write it"
        raise InvalidInvocationError(f"{shown_path(output)} {why}. Name another file with --output, or write over it with --force.")
    try:
        write_whole(output, text)
    except OSError as error:
        raise StorageUnavailable(f"{output} cannot be written: {error.strerror or error}.") from error
    return False


def _twice(scope: Scope, output: Path, target: Target) -> list[str]:
    """That a project now has its assets twice: the file is where locations are looked for."""
    home = scope.instance.home
    if target != "module" or not any(
        place.path is not None and place.path.resolve() == output.resolve() for place in places_of(home, load_settings(home.settings_file))
    ):
        return []
    told = (
        f"{shown_path(output)} is a location of this project now, and defines the assets of {scope.location.name} a second time. "
        "Keep it in another folder, or list the locations in nbasset.toml."
    )
    return [told]
