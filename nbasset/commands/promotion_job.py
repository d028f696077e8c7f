"""What a promoted job is called, and what of it comes from options, from the file that is there, or from the notebook."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

from nbasset.arguments.options_promotion import PromoteArguments
from nbasset.definitions.catalog import Catalog
from nbasset.definitions.cron import parse_crons
from nbasset.definitions.local_time import zone_of
from nbasset.definitions.multi_partitions import MultiPartitionsDefinition
from nbasset.definitions.time_windows import TimeWindows
from nbasset.errors import InvalidConfigError, InvalidDefinitionError, InvalidInvocationError
from nbasset.home import Home
from nbasset.keys import AssetKey
from nbasset.locations.job_file import JOBS_FOLDER, JobFile, ScheduleEntry, beside, job_files, read_job_file

ALL = "*"


def name_of(arguments: PromoteArguments, home: Home, notebook: Path) -> tuple[str, str]:
    """The name and the selection of the job that is meant.

    Without a name it is the job of this notebook with this selection, if there is one; else it is called like the one thing selected, or
    like the notebook. Without a selection, it is that of the file; else everything.

    Raises
    ------
    InvalidInvocationError
        If the notebook has several jobs, and none was named.
    """
    mine = [job for _, job in jobs_of(home, notebook)]
    name, select = arguments.name, arguments.select
    if not name and not select and len(mine) > 1:
        names = ", ".join(job.name for job in mine)
        raise InvalidInvocationError(f"{notebook.name} has several jobs: {names}. Say which: --name {mine[0].name}")
    if not name:
        same = [job for job in mine if not select or job.select == select]
        name = same[0].name if len(same) == 1 else default_name(select, notebook)
    if not select:
        select = next((job.select for job in mine if job.name == name), ALL)
    return name, select


def default_name(select: str, notebook: Path) -> str:
    """The name of a job that was given none.

    >>> default_name("+raw/delays", Path("flights.ipynb")), default_name("a, b", Path("My flights-2.ipynb"))
    ('delays', 'My_flights_2')
    """
    words = re.findall(r"[^\s,()]+", select)
    if len(words) == 1 and (found := re.fullmatch(r"[+\d]*(?:[a-z_]+:)?\"?([\w/]+)\"?[+\d]*", words[0])):
        return found[1].rpartition("/")[2]
    return re.sub(r"[^A-Za-z0-9_]+", "_", notebook.stem)


def jobs_of(home: Home, notebook: Path) -> Iterator[tuple[Path, JobFile]]:
    """The jobs that were made of a notebook; files that cannot be read are passed over."""
    for file in job_files(home):
        try:
            job = read_job_file(file)
        except InvalidConfigError:
            continue
        if job.source and beside(file, job.source) == notebook:
            yield file, job


def existing_job(home: Home, name: str, notebook: Path) -> JobFile | None:
    """The job of a name that is there. One whose notebook is gone belongs to whichever is promoted under its name: it was moved.

    Raises
    ------
    InvalidConfigError
        If its file cannot be read: nothing is overwritten then.
    InvalidInvocationError
        If it is the job of another notebook.
    """
    file = home.root / JOBS_FOLDER / f"{name}.toml"
    if not file.exists():
        near = next((one for one in job_files(home) if one.stem.casefold() == name.casefold()), None)
        if near is not None:
            raise InvalidInvocationError(
                f"there is a job '{near.stem}', which some file systems cannot tell from '{name}'. Use another --name."
            )
        if file.with_suffix(".ipynb").exists():
            raise InvalidInvocationError(f"{JOBS_FOLDER}/{name}.ipynb is there, without a job file. Move it away, or use another --name.")
        return None
    try:
        job = read_job_file(file)
    except InvalidConfigError as error:
        raise InvalidConfigError(
            [*error.errors, "Nothing was overwritten: mend the file, or delete it and promote again."], of=f"{JOBS_FOLDER}/{file.name}"
        ) from error
    if job.name != name:
        raise InvalidConfigError(
            [f"name: is '{job.name}', but the file is called '{name}'. Give both one name."], of=f"{JOBS_FOLDER}/{file.name}"
        )
    was_moved = bool(job.source) and not beside(file, job.source).exists()
    if not was_moved and (not job.source or beside(file, job.source) != notebook):
        of = job.source or "something else"
        raise InvalidInvocationError(
            f"the name '{name}' is taken: {JOBS_FOLDER}/{name}.toml is a job of {of}. Give this one another --name."
        )
    return job


def schedule_for(arguments: PromoteArguments, base: JobFile) -> ScheduleEntry | None:
    """When the job runs.

    Raises
    ------
    InvalidInvocationError
        If a cron or a time zone cannot be (the nearest zone is named), or there is a clock and no cron.
    """
    before = base.schedule
    if not arguments.cron and before is None:
        option = "--tz" if arguments.timezone else "--stopped" if arguments.stopped else ""
        if option:
            raise InvalidInvocationError(f"{option} is about a schedule, and the job has none. Say when it runs: --cron '0 6 * * *'.")
        return None
    entry = before or ScheduleEntry(arguments.cron)
    entry = replace(entry, cron=arguments.cron or entry.cron, timezone=arguments.timezone or entry.timezone)
    entry = replace(entry, status="stopped") if arguments.stopped else entry
    try:
        parse_crons(entry.cron)
    except InvalidDefinitionError as error:
        raise InvalidInvocationError(f"--cron: {error}") from error
    try:
        return replace(entry, timezone=zone_of(entry.timezone).name)
    except InvalidDefinitionError as error:
        raise InvalidInvocationError(f"--tz: {error}") from error


def partitions_for(arguments: PromoteArguments, base: JobFile, catalog: Catalog, chosen: Collection[AssetKey]) -> str:
    """The rule for partitions: the latest where time parts the assets, else what is stale; none where nothing has partitions.

    Raises
    ------
    InvalidInvocationError
        If partitions were named and nothing has any.
    """
    definitions = [one for key in chosen if (one := catalog.by_key[key].partitions_def) is not None]
    if not definitions:
        if arguments.partitions:
            raise InvalidInvocationError(f"--partitions {arguments.partitions}: none of the job's assets has partitions. Leave it out.")
        return ""
    by_time = [one for one in definitions if isinstance(one, TimeWindows) or _has_time(one)]
    return arguments.partitions or base.partitions or ("latest" if len(by_time) == len(definitions) else "stale")


def _has_time(definition: object) -> bool:
    return isinstance(definition, MultiPartitionsDefinition) and definition.has_time_window_dimension
