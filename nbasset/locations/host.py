"""User code in a process of its own: what a worker runs for each step.

A task names its code: a slice by the address of its text, or a module. It is loaded once and kept, and so are the resources of the run, for
as long as the worker serves it; a task of another run closes them.
"""

from __future__ import annotations

import atexit
import logging
from contextlib import ExitStack
from dataclasses import field
from pathlib import Path

from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import Catalog
from nbasset.definitions.resolved import ResolvedDefinitions
from nbasset.definitions.specs import AssetSpec
from nbasset.errors import LocationError
from nbasset.execution.capture import capturing
from nbasset.execution.displays import keep_displays
from nbasset.execution.environment import StepEnvironment
from nbasset.execution.run_resources import RunResources
from nbasset.execution.step import StepRunner
from nbasset.execution.task import StepReport, StepTask
from nbasset.instance import Instance
from nbasset.locations.location import Location
from nbasset.locations.module import load_module, load_module_file
from nbasset.locations.notebook import load_notebook
from nbasset.locations.shell import shell_in_use
from nbasset.locations.slice import load_slice_text
from nbasset.serde import loads


@dataclass(slots=True)
class _Host:
    """What this process has loaded, and the run that it serves."""

    run_id: str = ""
    runners: dict[str, StepRunner] = field(default_factory=dict)
    open: ExitStack = field(default_factory=ExitStack)
    locations: dict[str, Location] = field(default_factory=dict)

    def runner(self, task: StepTask) -> StepRunner:
        if task.run.run_id != self.run_id:
            self.close()
            self.run_id = task.run.run_id
        name = task.code.source_id or task.code.location
        if name not in self.runners:
            instance = Instance.open(task.run.home)
            location = self._location(task, instance)
            resolved = location.definitions.resolve()
            environment = _environment(resolved, instance)
            self.runners[name] = StepRunner(
                environment, self.open.enter_context(RunResources(environment, task.run.config, job=task.run.job))
            )
        return self.runners[name]

    def _location(self, task: StepTask, instance: Instance) -> Location:
        name = f"{task.code.kind}:{task.code.source_id or task.code.location}:{task.code.catalog_id}"
        if name not in self.locations:
            self.locations[name] = _load(task, instance)
        return self.locations[name]

    def close(self) -> None:
        """Close the resources of the run that was served."""
        self.runners.clear()
        self.open.close()


_HOST = _Host()
atexit.register(_HOST.close)


def run_step(task: StepTask) -> StepReport:
    """One attempt of one step, with code and inputs found by what the task says."""
    with capturing():
        return runner_of(task).run(task)


def runner_of(task: StepTask) -> StepRunner:
    """What runs steps with the code that a task names; kept for the next one."""
    return _HOST.runner(task)


def _load(task: StepTask, instance: Instance) -> Location:
    code = task.code
    if code.kind == "slice":
        text = instance.reader.text(code.source_id)
        if text is None:
            raise LocationError(
                f"the code of step '{task.step.key}' ({code.source_id[:12]}) is not among the stored texts of {instance.home.root}."
            )
        return load_slice_text(text, upstream=_upstream(task, instance), folder=Path.cwd())
    if code.kind == "module":
        if code.location.endswith(".py"):
            return load_module_file(Path(code.location), home=instance.home.root).check()
        return load_module(code.location, home=instance.home.root).check()
    if code.kind == "notebook":
        return load_notebook(Path(code.location), home=instance.home.root).check()
    raise LocationError(
        f"step '{task.step.key}' was defined in a prompt, so no other process can run it. Put it into a notebook cell or a module, "
        "or run it in this process: executor inline or threads."
    )


def _upstream(task: StepTask, instance: Instance) -> list[AssetSpec] | None:
    text = instance.reader.text(task.code.catalog_id) if task.code.catalog_id else None
    if text is None:
        return None
    catalog: Catalog = loads(text)
    made = set(task.step.assets)
    return [catalog.by_key[item.asset].spec for item in task.step.inputs if item.asset in catalog.by_key and item.asset not in made]


def _environment(resolved: ResolvedDefinitions, instance: Instance) -> StepEnvironment:
    def io_version(key: str) -> str:
        if key in resolved.resources:
            from nbasset.definitions.resources_open import resource_digest

            return f"{key}:{resource_digest(resolved.resources[key])}"
        return instance.io_version(key)

    logs, levels = instance.settings.logs, logging.getLevelNamesMapping()
    return StepEnvironment(
        resolved, instance.manager, io_version, instance, lambda: instance.home.runs, instance.key_table,
        keep_displays(shell_in_use, instance.home.runs), echo=False,
        log_level=levels[logs.level], python_loggers=logs.python_loggers, python_level=levels[logs.python_level],
    )  # fmt: skip
