"""The loggers of one run in one process: made when its first step starts, from the run config and what is defined."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Any

from nbasset.definitions.loggers import BUILT_IN_LOGGERS, InitLoggerContext
from nbasset.errors import InvalidConfigError, did_you_mean
from nbasset.execution.environment import StepEnvironment
from nbasset.execution.task import StepTask

_MAKING = threading.Lock()


class RunLoggers:
    """Makes the loggers of a run once. Those that the run config names count; without names, all that are defined."""

    def __init__(self, environment: StepEnvironment) -> None:
        self.environment = environment
        self.made: tuple[logging.Logger, ...] | None = None
        """None before the first step."""

    def for_step(self, task: StepTask) -> tuple[logging.Logger, ...]:
        """The loggers of the run that a step belongs to.

        Raises
        ------
        InvalidConfigError
            If the run config names a logger that nobody defines, or its config does not fit.
        """
        if self.made is None:
            with _MAKING:
                if self.made is None:
                    self.made = (*self.environment.loggers, *self._open(task))
        return self.made

    def _open(self, task: StepTask) -> list[logging.Logger]:
        definitions = self.environment.definitions
        job = definitions.jobs.get(task.run.job) if task.run.job is not None else None
        defined: dict[str, Any] = {**definitions.loggers, **(getattr(job, "logger_defs", None) or {})}
        section = task.run.config.get("loggers") or {}
        names = list(section) if section else list(defined)
        if not names:
            return []
        known = {**BUILT_IN_LOGGERS, **defined}
        context = InitLoggerContext(run_id=task.run.run_id, job_name=task.run.job, job_def=job)
        found = []
        for name in names:
            if name not in known:
                hint = did_you_mean(name, known) or f"There are: {', '.join(sorted(known))}."
                raise InvalidConfigError([f"loggers.{name}: no logger of this name is defined. {hint}"], of="the run config")
            found.append(known[name].open(_config(section.get(name)), context, name))
        return found


def _config(entry: Any) -> Any:
    return entry.get("config") if isinstance(entry, Mapping) else entry
