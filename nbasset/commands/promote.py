"""``promote``: a job of the saved notebook, shown before it is written; and what changed since.

The files are for people: they are read in a review, edited, committed. So what is equal is not written again, what somebody wrote into the
job file stays unless an option says otherwise, and nothing is overwritten that could not be read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbasset import errors
from nbasset.arguments.options_promotion import PromoteArguments
from nbasset.commands.promotion_review import Review, ReviewTask, review_of
from nbasset.dataclass import dataclass
from nbasset.errors import (
    Error,
    InvalidConfigError,
    InvalidInvocationError,
    Problem,
    ProblemsFound,
    StorageUnavailable,
    UnknownJob,
    did_you_mean,
)
from nbasset.execution.worker_pool import Worker
from nbasset.home import Home
from nbasset.locations.job_file import JOBS_FOLDER, beside, job_files, job_text, read_job_file
from nbasset.locations.notebook import load_notebook
from nbasset.promotion.drift import Drift, drift
from nbasset.promotion.written import write_whole
from nbasset.serde import Json, serializable

_WITHIN_S = 600.0
Ask = Callable[[str, Any], Any]


@dataclass(frozen=True, slots=True)
class PromoteResult:
    """What was reviewed, and the files that were written, relative to the project: none if nothing changed or nothing was to be.

    `seen_from` leads from the folder of whoever reads to the project, and stands before the files in what is said.
    """

    review: Review
    files: tuple[str, ...] = ()
    is_dry: bool = False
    seen_from: str = ""

    @property
    def sentence(self) -> str:
        """For people."""
        name = self.review.job.name
        if self.is_dry:
            return f"job {name}: nothing was written" + (", and nothing would change" if self.review.state == "unchanged" else "") + "."
        if not self.files:
            return f"job {name}: nothing changed."
        return f"job {name}: wrote {' and '.join(self._said)}."

    @property
    def next_step(self) -> str:
        """What to type then; empty when nothing was written."""
        return f"git add {' '.join(self._said)}" if self.files else ""

    @property
    def _said(self) -> list[str]:
        return [(Path(self.seen_from) / file).as_posix() for file in self.files]

    def to_json(self) -> Json:
        """Plain data."""
        return {**self.review.to_json(), "files": list(self.files), "dry_run": self.is_dry}


def promote(home: Home, notebook: Path, arguments: PromoteArguments = PromoteArguments(), *, apart: bool = True) -> PromoteResult:  # noqa: B008 - frozen
    """Make a job of the saved `notebook`: its file and its copy of the notebook, in the project's folder ``jobs``.

    The notebook is loaded in a process of its own, unless this one is (not `apart`). The notebook is never changed.

    Raises
    ------
    ProblemsFound
        With all that stands in the way: hidden state, problems, cells out of order, values in memory, secrets.
    InvalidConfigError, InvalidInvocationError, UnknownAsset, UnknownPartitionError
        If an option says what cannot be, or the file that is there is broken.
    StorageUnavailable
        If the files cannot be written; what was there is still there.
    """
    arguments = replace(arguments, config=tuple(str(Path(text).absolute()) if Path(text).is_file() else text for text in arguments.config))
    task = ReviewTask(str(home.root), str(notebook.resolve()), arguments)
    with _asking(notebook.resolve().parent, apart=apart) as ask:
        review: Review = ask("review_apart", task)
    if arguments.dry_run or review.state == "unchanged":
        return PromoteResult(review, is_dry=arguments.dry_run)
    return PromoteResult(review, _write(home, review))


def _write(home: Home, review: Review) -> tuple[str, ...]:
    """Both files, or none."""
    folder = home.root / JOBS_FOLDER
    job, before = review.job, review.before
    texts = {folder / job.notebook: review.copy}
    if job != before:
        texts[folder / f"{job.name}.toml"] = job_text(job)
    kept: dict[Path, bytes | None] = {}
    try:
        for path, text in texts.items():
            there = path.read_bytes() if path.exists() else None
            if there == text.encode():
                continue
            write_whole(path, text)
            kept[path] = there
    except OSError as error:
        for path, old in kept.items():
            with suppress(OSError):
                path.unlink() if old is None else write_whole(path, old.decode())
        where = error.filename or folder
        raise StorageUnavailable(f"{where} cannot be written: {error.strerror or error}. Nothing was promoted.") from error
    return tuple(sorted((path.relative_to(home.root).as_posix() for path in kept), key=lambda name: not name.endswith(".toml")))


# -- what changed since -------------------------------------------------------------------------------------------------------


@serializable
@dataclass(frozen=True, slots=True)
class CheckedJob:
    """One promoted job, and what is not as it was promoted."""

    name: str
    found: tuple[Drift, ...] = ()

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "name": self.name,
            "drifted": bool(self.found),
            "found": [{"kind": one.kind, "text": one.text, "diff": one.diff} for one in self.found],
        }


def check_promoted(home: Home, names: Sequence[str] = (), *, apart: bool = True) -> tuple[CheckedJob, ...]:
    """Compare promoted jobs with their notebooks as they are saved: those named, or all.

    Raises
    ------
    UnknownJob
        If there is no job of a name; the nearest is named.
    """
    files = {file.stem: file for file in job_files(home)}
    for name in names:
        if name not in files:
            near = did_you_mean(name, files) or (f"There are: {', '.join(files)}." if files else "None was promoted yet.")
            raise UnknownJob(f"there is no promoted job '{name}' in {home.root / JOBS_FOLDER}. {near}")
    found = []
    for name in names or files:
        with _asking(_folder_of(files[name]), apart=apart) as ask:  # one process each: what one notebook loads is nothing to the next
            found.append(ask("check_apart", (str(home.root), str(files[name]))))
    return tuple(found)


def _folder_of(file: Path) -> Path:
    with suppress(InvalidConfigError):
        job = read_job_file(file)
        folder = beside(file, job.folder)
        if folder.is_dir():
            return folder
    return file.parent


def _checked(home: Path, file: Path) -> CheckedJob:
    try:
        job = read_job_file(file)
    except InvalidConfigError as error:
        return CheckedJob(file.stem, (Drift("source", str(error)),))
    try:
        source: Any = load_notebook(beside(file, job.source), home=home) if job.source else InvalidInvocationError("its file names none")
    except Error as error:
        source = error
    return CheckedJob(job.name, drift(file, job, source))


# -- the other process --------------------------------------------------------------------------------------------------------


@serializable
@dataclass(frozen=True, slots=True)
class Refused:
    """An error that goes from one process to the other as what it is."""

    cls: str
    text: str
    problems: tuple[Problem, ...] = ()
    listed: tuple[str, ...] = ()
    of: str = ""

    def error(self) -> Error:
        """The error again."""
        if self.problems:
            return ProblemsFound(self.problems)
        if self.listed:
            return InvalidConfigError(self.listed, of=self.of)
        made: Error = getattr(errors, self.cls, Error)(self.text)
        return made


def review_apart(task: ReviewTask) -> Review | Refused:
    """What the worker does for `promote`."""
    found: Review | Refused = _or_refused(lambda: review_of(task))
    return found


def check_apart(task: Sequence[str]) -> CheckedJob | Refused:
    """What the worker does for `check_promoted`: the project, and the job's file."""
    found: CheckedJob | Refused = _or_refused(lambda: _checked(Path(task[0]), Path(task[1])))
    return found


def _or_refused(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except ProblemsFound as error:
        return Refused("ProblemsFound", str(error), error.problems)
    except InvalidConfigError as error:
        return Refused("InvalidConfigError", str(error), listed=tuple(map(str, error.errors)), of=error.of)
    except Error as error:
        return Refused(type(error).__name__, str(error))


@contextmanager
def _asking(folder: Path, *, apart: bool) -> Iterator[Ask]:
    """Asks a fresh process in `folder`, or this one."""
    if not apart:
        here: dict[str, Callable[[Any], Any]] = {"review_apart": review_apart, "check_apart": check_apart}
        yield lambda name, task: _answered(here[name](task))
        return
    with Path(os.devnull).open("wb") as nowhere:  # what a notebook prints while it is loaded is no part of the answer
        worker = Worker(folder=str(folder), output=nowhere)
    try:
        yield lambda name, task: _answered(worker.call(f"{__name__}:{name}", task, within_s=_WITHIN_S))
    finally:
        worker.kill()


def _answered(found: Any) -> Any:
    if isinstance(found, Refused):
        raise found.error()
    return found
