"""``jobs/NAME.toml``: a promoted job as frozen values, read from a file that people review and edit, and written for them.

Paths in it are relative to the file, so that it means the same in every checkout. Secrets stand in it by the name of their environment
variable. Text is made from a job one way only: equal jobs have equal bytes, and what is read from the text is the job again.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace
from datetime import date, datetime, time
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Literal

from nbasset.dataclass import dataclass
from nbasset.definitions.cron import parse_crons
from nbasset.definitions.local_time import zone_of
from nbasset.errors import InvalidConfigError, InvalidDefinitionError
from nbasset.home import Home
from nbasset.locations.toml_text import toml_table, toml_value
from nbasset.serde import Json, serializable
from nbasset.settings import table_from

JOBS_FOLDER = "jobs"
_NAME = re.compile(r"[A-Za-z0-9_]+\Z")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


@serializable
@dataclass(frozen=True, slots=True)
class ScheduleEntry:
    """When the job runs: one cron text or several, on the clock of a time zone. A ``stopped`` one waits for ``schedule start``."""

    cron: tuple[str, ...]
    timezone: str = "UTC"
    status: Literal["running", "stopped"] = "running"


@serializable
@dataclass(frozen=True, slots=True)
class RetryEntry:
    """How often a run that fails is tried again. Without `on_failure` only one that was cut off is, not one in which a cell raised."""

    max_retries: int = 0
    on_failure: bool = True


@serializable
@dataclass(frozen=True, slots=True)
class EnvironmentEntry:
    """What the job was promoted with: the Python ("3.11") and the exact versions of the distributions that its part imports.

    With `strict` a run elsewhere is refused; else the differences are recorded with the run.
    """

    python: str = ""
    strict: bool = False
    packages: Mapping[str, str] = field(default_factory=dict)


@serializable
@dataclass(frozen=True, slots=True)
class CodeEntry:
    """What was promoted, to see later what changed: the digest of the copy's cells, the code version of each asset by its key."""

    notebook: str = ""
    assets: Mapping[str, str] = field(default_factory=dict)


@serializable
@dataclass(frozen=True, slots=True)
class JobFile:
    """All of a job file. `notebook` is the copy that runs, `source` the notebook it was made from, `folder` where it runs.

    `select` says which assets are made, as after ``run``; `partitions` which partitions of those that have some: ``latest``, ``stale``,
    ``all``, or keys and ranges as after ``-p``. `config` is a run configuration, `secrets` are names of environment variables.
    """

    name: str
    notebook: str
    select: str
    source: str = ""
    folder: str = "."
    description: str = ""
    kernel: str = "python3"
    partitions: str = ""
    secrets: tuple[str, ...] = ()
    parameters: Mapping[str, object] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, object] = field(default_factory=dict)
    schedule: ScheduleEntry | None = None
    retries: RetryEntry = RetryEntry()
    environment: EnvironmentEntry = EnvironmentEntry()
    code: CodeEntry = CodeEntry()


def read_job_file(path: Path) -> JobFile:
    """The job that a file describes.

    Raises
    ------
    InvalidConfigError
        With everything that is wrong in it: syntax, unknown names, values of another type, crons and time zones that there are not.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidConfigError([f"it is not TOML: {error}"], of=str(path)) from None
    except OSError as error:
        raise InvalidConfigError([f"it cannot be read: {error.strerror or error}"], of=str(path)) from error
    return job_from(text, of=str(path))


def job_from(text: str, *, of: str) -> JobFile:
    """The job of a file's text; errors call it `of`.

    Raises
    ------
    InvalidConfigError
        As for `read_job_file`.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidConfigError([f"it is not TOML: {error}"], of=of) from None
    job = table_from(JobFile, data, of=of)
    if errors := wrong_in(job):
        raise InvalidConfigError(errors, of=of)
    return replace(job, parameters=_plain(job.parameters), config=_plain(job.config))


def wrong_in(job: JobFile) -> list[str]:
    """What of a job's values cannot be, each as ``field: what and what to write``; empty when all can."""
    return list(_wrong(job))


def job_text(job: JobFile) -> str:
    """The text of a job's file.

    >>> print(job_text(JobFile("daily", "daily.ipynb", "delays", schedule=ScheduleEntry(("0 6 * * *",)))))
    # Made by `nbasset promote`, to be committed with daily.ipynb. Edit it, or promote again: what you changed here stays.
    name = "daily"
    notebook = "daily.ipynb"
    folder = "."
    select = "delays"
    kernel = "python3"
    <BLANKLINE>
    # When it runs. Try it: nbasset schedule preview daily
    [schedule]
    cron = "0 6 * * *"
    timezone = "UTC"
    status = "running"
    <BLANKLINE>

    Raises
    ------
    InvalidConfigError
        If a parameter or a configured value has no form in TOML.
    """
    return "\n\n".join("\n".join(section) for section in _sections(job) if section) + "\n"


def job_files(home: Home) -> list[Path]:
    """The job files of a project, by name."""
    return sorted(path for path in (home.root / JOBS_FOLDER).glob("*.toml") if path.is_file() and not path.name.startswith("."))


def beside(file: Path, text: str) -> Path:
    """Where a path that stands in a job file leads."""
    return (file.parent / text).resolve()


# -- reading ------------------------------------------------------------------------------------------------------------------


def _wrong(job: JobFile) -> Iterator[str]:
    if not _NAME.match(job.name):
        yield f"name: {job.name!r} cannot be the name of a job. Use letters, digits and '_'."
    if not job.select.strip():
        yield 'select: is empty. Write the assets that the job makes, as after \'run\': "delays", "group:daily".'
    if not job.notebook.endswith(".ipynb"):
        yield f"notebook: {job.notebook!r} is no notebook; its name ends in .ipynb."
    for name, text in (("notebook", job.notebook), ("source", job.source), ("folder", job.folder)):
        if PurePosixPath(text).is_absolute() or PureWindowsPath(text).drive or text.startswith("~"):
            yield f"{name}: {text!r} exists on one machine only. Write it relative to this file, such as '../notebooks'."
    for name in job.secrets:
        if not _VARIABLE.match(name):
            yield f"secrets: {name!r:.24} is no name of an environment variable. Values of secrets never stand here."
    for name in job.parameters:
        if not name.isidentifier():
            yield f"parameters: {name!r} cannot be a name in a notebook."
    if job.schedule is not None:
        yield from _refused("schedule.cron", parse_crons, job.schedule.cron)
        yield from _refused("schedule.timezone", zone_of, job.schedule.timezone)


def _refused(name: str, ask: Callable[[Any], object], value: object) -> Iterator[str]:
    try:
        ask(value)
    except InvalidDefinitionError as error:
        yield f"{name}: {error}"


def _plain(value: Any) -> Any:
    """Dates, which TOML has and JSON has not, as ISO texts."""
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


# -- writing ------------------------------------------------------------------------------------------------------------------


def _sections(job: JobFile) -> Iterator[list[str]]:
    made = f"# Made by `nbasset promote`, to be committed with {_in_comment(job.notebook)}."
    head = f"{made} Edit it, or promote again: what you changed here stays."
    names = ("name", "description", "notebook", "source", "folder", "select", "partitions", "kernel")
    always = ("folder", "kernel")
    yield [head, *_pairs({name: getattr(job, name) for name in names if getattr(job, name) or name in always})]
    if job.secrets:
        yield ["# Environment variables it needs: names, never values.", f"secrets = {toml_value(job.secrets)}"]
    if job.parameters:
        yield ["# Values for the notebook's cell tagged `parameters`.", *toml_table("parameters", job.parameters)]
    yield toml_table("tags", job.tags)
    yield toml_table("config", job.config)
    if job.schedule is not None:
        entry = job.schedule
        cron = entry.cron[0] if len(entry.cron) == 1 else entry.cron
        lines = _pairs({"cron": cron, "timezone": entry.timezone, "status": entry.status})
        yield [f"# When it runs. Try it: nbasset schedule preview {_in_comment(job.name)}", "[schedule]", *lines]
    if job.retries != RetryEntry():
        lines = _pairs({"max_retries": job.retries.max_retries, "on_failure": job.retries.on_failure})
        yield ["# A run that fails is tried again; finished assets are not repeated.", "[retries]", *lines]
    if job.environment != EnvironmentEntry():
        about = job.environment
        lines = _pairs({"python": about.python, "strict": about.strict})
        yield ["# What it was promoted with. strict = true refuses to run with anything else.", "[environment]", *lines]
        yield toml_table("environment.packages", about.packages)
    if job.code != CodeEntry():
        yield [
            "# What was promoted; `nbasset promote --check` says what changed since.",
            "[code]",
            *_pairs({"notebook": job.code.notebook}),
        ]
        yield toml_table("code.assets", job.code.assets)


def _pairs(values: Mapping[str, Json | tuple[str, ...]]) -> list[str]:
    return [f"{name} = {toml_value(value, name)}" for name, value in values.items()]


def _in_comment(text: str) -> str:
    return " ".join(text.split()) if text.isprintable() else "its notebook"
