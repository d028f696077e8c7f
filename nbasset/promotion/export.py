"""What all exports have in common: what is exported, the answer, and the line by which a file says that it was made by one.

Each target is one pure function in a module of its own (`export_module`, `export_cron`, ...): data in, text out. `commands.export` finds
the data and writes the file.
"""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from nbasset.dataclass import dataclass
from nbasset.definitions.partitions import PartitionsDefinition
from nbasset.keys import AssetKey
from nbasset.locations.job_file import JobFile

_MARK = re.compile(r"# Made by `nbasset export`, digest ([0-9a-f]{12})\b")


@dataclass(frozen=True, slots=True)
class Exported:
    """The text for a target, and what it leaves out or does not map, a sentence each."""

    text: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Names:
    """What the code's variables hold, as expressions: ``delays``, or ``*daily`` for a list. `definitions` are `Definitions` objects.

    What a `Definitions` object holds already stands under no other kind.
    """

    assets: tuple[str, ...] = ()
    asset_checks: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    schedules: tuple[str, ...] = ()
    sensors: tuple[str, ...] = ()
    definitions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Code:
    """The code of some assets: the text of their slice, and what only a loaded document knows.

    `inputs` says for each asset, by its key as text, which assets the parameters of its function stand for. `assets` are all that the
    code makes, `selected` those that were asked for. `partitions` says how those are partitioned that are, `managers` by which keys I/O
    managers are asked for, `resources` which keys the code gives resources for.
    """

    text: str
    assets: tuple[AssetKey, ...]
    selected: tuple[AssetKey, ...]
    inputs: Mapping[str, Mapping[str, AssetKey]] = field(default_factory=dict)
    names: Names = Names()
    partitions: Mapping[AssetKey, PartitionsDefinition] = field(default_factory=dict)
    managers: frozenset[str] = frozenset()
    resources: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Launch:
    """How a job is started from outside: what `cron`, `github` and `airflow` need to know. One of a module is run without papermill.

    `source` is the notebook or job file as people write it below the project's folder `root`. Of a promoted job, `job` says everything and
    nbasset knows it by its name; else `job` is made of what was given, and the command says all of it.
    """

    job: JobFile
    source: str
    root: Path
    is_promoted: bool = False
    is_notebook: bool = True

    def command(self, *, output: str = "") -> str:
        """The command that makes the job's assets; `output` is where the executed notebook of one that is not promoted goes.

        >>> Launch(JobFile("daily", "daily.ipynb", "delays+", partitions="2013-06-01"), "notebooks/daily.ipynb", Path("/p")).command()
        'nbasset run notebooks/daily.ipynb --select delays+ --papermill -p 2013-06-01'
        """
        job = self.job
        if self.is_promoted:
            return f"nbasset job run {shlex.quote(job.name)}"
        words = ["nbasset", "run", self.source, *(["--select", job.select] if job.select else [])]
        words += ["--papermill"] if self.is_notebook else []
        words += ["-p", job.partitions] if job.partitions else []
        words += [word for name, value in job.parameters.items() for word in ("-P", f"{name}={value}")]
        words += [word for name, tag in job.tags.items() for word in ("--tag", f"{name}={tag}")]
        words += ["--output", output] if output and self.is_notebook else []
        return shlex.join(words)


def what_of(launch: Launch) -> str:
    """What a job is, in one line."""
    job = launch.job
    return " ".join(job.description.split()) or f"{job.select or 'all assets'} of {launch.source}"


def signed(text: str) -> str:
    """The text below a first line that says what made it, with a digest of the text.

    >>> signed("x = 1\\n").partition(",")[0]
    '# Made by `nbasset export`'
    """
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return f"# Made by `nbasset export`, digest {digest}: a file that was changed by hand is not overwritten.\n{text}"


def is_ours(text: str) -> bool:
    """Whether an export made the text and nobody changed it since.

    >>> is_ours(signed("x = 1\\n")), is_ours(signed("x = 1\\n") + "y = 2\\n"), is_ours("x = 1\\n")
    (True, False, False)
    """
    first, _, rest = text.partition("\n")
    mark = _MARK.match(first)
    return mark is not None and hashlib.sha256(rest.encode()).hexdigest()[:12] == mark[1]


def was_ours(text: str) -> bool:
    """Whether an export made the text, changed or not."""
    return _MARK.match(text.partition("\n")[0]) is not None
