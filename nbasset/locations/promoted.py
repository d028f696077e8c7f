"""A promoted job as a location of its own: its copy of a notebook, with the values of its job file in place.

It defines the assets of the copy, one job and, if the file says when, one schedule; both have the name of the file. What else the notebook
defines to be started (its jobs, schedules, sensors, conditions) belongs to the notebook, which stands beside as a location of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import chdir
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbasset.definitions.asset import AssetsDefinition
from nbasset.definitions.asset_job import define_asset_job
from nbasset.definitions.catalog import Catalog
from nbasset.definitions.catalog_instigators import DefaultScheduleStatus
from nbasset.definitions.definitions import Definitions, replace_definitions
from nbasset.definitions.job import JobDefinition
from nbasset.definitions.partitioned_schedules import PARTITIONED_CATCH_UP, asks_for_latest
from nbasset.definitions.requests import MAX_RETRIES_TAG, ON_STEP_FAILURE_TAG, STRATEGY_TAG
from nbasset.definitions.schedules import ScheduleDefinition
from nbasset.definitions.targets import AutomationTarget
from nbasset.errors import InvalidConfigError, InvalidDefinitionError, LocationError
from nbasset.locations.document import NotebookDocument
from nbasset.locations.job_file import JobFile, beside, read_job_file
from nbasset.locations.location import Location, Promoted
from nbasset.locations.notebook import load_document
from nbasset.locations.parameters import cell_of, parameters_of
from nbasset.locations.project_files import forget_modules, on_path

LATEST, STALE, ALL = "latest", "stale", "all"


def load_promoted(path: Path, *, home: Path | None = None) -> Location:
    """The location of a job file.

    Raises
    ------
    InvalidConfigError
        If the file is wrong, or its parameters are not those of the notebook.
    InvalidNotebook
        If the notebook beside it is none, or not there.
    LocationError
        If the folder that it is to run in is not there.
    """
    path = path.resolve()
    job = read_job_file(path)
    if job.name != path.stem:
        raise InvalidConfigError([f"name: is '{job.name}', but the file is called '{path.stem}'. Give both one name."], of=str(path))
    return located(path, job, beside(path, job.notebook), home=home)


def located(path: Path, job: JobFile, notebook: Path, *, home: Path | None = None, values: Mapping[str, object] | None = None) -> Location:
    """The location of a job whose notebook is in the file `notebook`; paths in the job count from `path`, the job's own file.

    `values` go before the parameters of the job.

    Raises
    ------
    InvalidConfigError, InvalidNotebook, LocationError
        As for `load_promoted`.
    """
    folder = beside(path, job.folder)
    if not folder.is_dir():
        raise LocationError(f"{path.name} runs in {folder}, which is no folder. Mend 'folder' in it: it is relative to the file.")
    on_path(folder)
    document = NotebookDocument.read(notebook, home=home, folder=folder)
    given = parameters_of(document.cells(), {**job.parameters, **(values or {})})
    if given:
        document = document.with_parameters(cell_of(given))
    with chdir(folder):  # as in the kernel
        made = load_document(document, module=f"nbasset_job_{job.name}", folder=folder, problems=document.problems)

    def again() -> Location:
        forget_modules(document.files.roots)
        return load_promoted(path, home=home)

    return replace(
        made,
        name=promoted_name(path),
        definitions=_definitions(made.definitions, job, path),
        path=notebook,
        loader=again,
        promoted=Promoted(job, path, given, {name: given[name] for name in values or ()}, home),
    )


def promoted_name(path: Path) -> str:
    """What the location of a job file is called.

    >>> promoted_name(Path("/srv/flights/jobs/delays.toml"))
    'jobs/delays'
    """
    return f"{path.parent.name}/{path.stem}"


def with_values(location: Location, values: Mapping[str, object]) -> Location:
    """The location of a promoted job with a run's own values for some of its parameters.

    Raises
    ------
    InvalidConfigError
        If the notebook has no such parameters, or they are of another type.
    """
    own = location.promoted
    if own is None or location.path is None:
        raise InvalidConfigError([f"{location.name} is no promoted job, so it takes no parameters."], of="the parameters")
    return located(own.file, own.job, location.path, home=own.home, values=values) if values else location


# -- what it defines ----------------------------------------------------------------------------------------------------------


def _definitions(before: Definitions, job: JobFile, path: Path) -> Definitions:
    made = replace_definitions(
        before, assets=[_started_by_nothing(one) for one in before.assets], schedules=(), sensors=(), jobs=(),
        asset_checks=[_started_by_nothing(one) for one in before.asset_checks], name=promoted_name(path),
    )  # fmt: skip
    definition = _job(job)
    known = replace_definitions(made, jobs=[definition])
    schedules = [_schedule(job, definition, known.catalog)] if job.schedule is not None else []
    return replace_definitions(known, schedules=schedules)


def _started_by_nothing(one: Any) -> Any:
    """An asset without the condition that makes it by itself."""
    if not isinstance(one, AssetsDefinition):
        return one
    if one.automation_conditions_by_key:
        one = one.map_asset_specs(lambda spec: spec.replace_attributes(automation_condition=None))
    if any(check.automation_condition is not None for check in one.check_specs_by_output.values()):
        checks = {name: replace(check, automation_condition=None) for name, check in one.check_specs_by_output.items()}
        one = replace(one, check_specs_by_output=checks)
    return one


def _job(job: JobFile) -> JobDefinition:
    return define_asset_job(
        job.name, job.select, config=dict(job.config) or None, description=job.description or None, tags=job.tags, run_tags=_run_tags(job)
    )


def _run_tags(job: JobFile) -> dict[str, str]:
    """The tags of each run: those of the file, and how it is tried again. What is finished is never made a second time."""
    if not job.retries.max_retries:
        return dict(job.tags)
    rule = {MAX_RETRIES_TAG: str(job.retries.max_retries), ON_STEP_FAILURE_TAG: str(job.retries.on_failure).lower()}
    return {**rule, STRATEGY_TAG: "FROM_ASSET_FAILURE", **job.tags}


def _schedule(job: JobFile, definition: JobDefinition, catalog: Catalog) -> ScheduleDefinition:
    assert job.schedule is not None
    target = AutomationTarget(definition.name, definition)
    parted = _partitions(target, catalog) if job.partitions in ("", LATEST) else None
    running = job.schedule.status == "running"
    return ScheduleDefinition(
        job.name,
        cron_schedule=job.schedule.cron,
        job=definition,
        execution_timezone=job.schedule.timezone,
        default_status=DefaultScheduleStatus.RUNNING if running else DefaultScheduleStatus.STOPPED,
        description=job.description or None,
        execution_fn=asks_for_latest(target, parted) if parted is not None else None,
        catch_up=PARTITIONED_CATCH_UP if parted is not None else 1,
    )


def _partitions(target: AutomationTarget, catalog: Catalog) -> Any:
    try:
        return target.partitions_def(catalog)
    except InvalidDefinitionError:
        return None  # of assets that are partitioned in different ways each gets its own latest
