"""What the verb `export` was told, as a frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from nbasset.dataclass import dataclass

Target = Literal["module", "cron", "github", "airflow", "dagster"]


@dataclass(frozen=True, slots=True)
class ExportArguments:
    """``export``. `output` is a file or a folder; without one the text is the answer. `force` writes over a file of anybody.

    What a job is, where a notebook is exported and no promoted job: `name`, `cron` on the clock of `timezone`, `retries`, `parameters` of
    the notebook, `partitions` as after ``run -p``.
    """

    target: Target
    select: str = ""
    output: str = ""
    force: bool = False
    name: str = ""
    cron: tuple[str, ...] = ()
    timezone: str = ""
    retries: int | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    partitions: str = ""
