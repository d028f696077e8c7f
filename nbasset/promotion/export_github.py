"""A job as a workflow of GitHub Actions: install, run the notebook by papermill, keep the executed notebook as an artifact.

Facts about workflows (``on.schedule`` with ``timezone``, five plain fields of cron, at most every five minutes, only on the default branch;
uploads leave hidden files out unless told not to) are those of GitHub's documentation.
"""

from __future__ import annotations

import json
from itertools import pairwise

from nbasset.definitions.cron_fields import parse_cron
from nbasset.locations.job_file import JobFile
from nbasset.promotion.export import Exported, Launch, signed, what_of
from nbasset.promotion.export_cron import plain_cron

_SHORTEST_S = 300
_EXECUTED = ".nbasset/runs/*/notebook.ipynb"


def github_text(launch: Launch, *, python: str) -> Exported:
    """The workflow as YAML. `python` is the version to set up when the job names none.

    Raises
    ------
    InvalidDefinitionError
        If the schedule says what GitHub cannot.
    """
    job = launch.job
    executed = _EXECUTED if launch.is_promoted else f"executed/{job.name}.ipynb"
    command = launch.command(output="" if launch.is_promoted else executed)
    lines = [
        f"# {job.name}: {what_of(launch)}",
        f"# Save it as .github/workflows/{job.name}.yml on the default branch: schedules count there only, and may be some minutes late.",
        "# Each run begins with what git has. What earlier runs made is there only if storage and warehouse of nbasset.toml are somewhere",
        "# that a runner can reach, such as PostgreSQL and S3; else everything that the assets are made from is made anew.",
        f"name: {_text(job.name)}",
        "",
        *_triggers(job),
        "",
        "permissions:",
        "  contents: read",
        "",
        "concurrency:  # a run waits for the one before",
        f"  group: {_text(f'nbasset-{job.name}')}",
        "  cancel-in-progress: false",
        "",
        "jobs:",
        f"  {_identifier(job.name)}:",
        "    runs-on: ubuntu-latest",
        "    steps:",
        "      - uses: actions/checkout@v6",
        "      - uses: actions/setup-python@v6",
        "        with:",
        f"          python-version: {_text(job.environment.python or python)}",
        "      - name: Install",
        f"        run: {_text(_install(job))}",
        "      - name: Run",
        *(["        env:", *(f"          {name}: ${{{{ secrets.{name} }}}}" for name in job.secrets)] if job.secrets else []),
        f"        run: {_text(_inert(command))}",
        *(_kept(launch, executed) if launch.is_notebook else []),
    ]
    return Exported(signed("\n".join(lines) + "\n"), tuple(_notes(job)))


def _kept(launch: Launch, executed: str) -> list[str]:
    """The step that keeps the executed notebook, also that of a run that failed."""
    return [
        "      - name: Keep the executed notebook",
        "        if: ${{ !cancelled() }}",
        "        uses: actions/upload-artifact@v7",
        "        with:",
        f"          name: {_text(launch.job.name)}",
        f"          path: {_text(executed)}",
        *(["          include-hidden-files: true"] if launch.is_promoted else []),
    ]


def _triggers(job: JobFile) -> list[str]:
    lines = ["on:", "  workflow_dispatch: {}  # the button 'Run workflow'"]
    if job.schedule is None:
        return lines
    entries = ["  schedule:"]
    for text in job.schedule.cron:
        entries.append(f"    - cron: {_text(plain_cron(text, 'GitHub'))}")
        entries += [f"      timezone: {_text(job.schedule.timezone)}"] if job.schedule.timezone != "UTC" else []
    if job.schedule.status == "stopped":
        entries = ["  # The schedule is stopped: take the # away to start it.", *(f"  #{line[1:]}" for line in entries)]
    return lines + entries


def _notes(job: JobFile) -> list[str]:
    notes = []
    if job.schedule is not None and any(_shortest_s(text) < _SHORTEST_S for text in job.schedule.cron):
        notes.append("GitHub starts a workflow at most every 5 minutes; the schedule asks for more.")
    if job.secrets:
        notes.append(f"add the secrets to the repository's settings under Actions: {', '.join(job.secrets)}.")
    return notes


def _shortest_s(cron: str) -> int:
    """The shortest time between two ticks of one day and the next."""
    times = parse_cron(cron).times
    return min(later - sooner for sooner, later in pairwise((*times, times[0] + 86_400)))


def _install(job: JobFile) -> str:
    packages = {"nbasset": "", **job.environment.packages}
    return "python -m pip install " + " ".join(f"{name}=={version}" if version else name for name, version in packages.items())


def _text(text: str) -> str:
    """A text of YAML in double quotes, which are those of JSON."""
    return json.dumps(text, ensure_ascii=False)


def _inert(command: str) -> str:
    """A command in which GitHub finds no expression of its own."""
    return command.replace("${{", "${{ '${{' }}")


def _identifier(name: str) -> str:
    """An id of a job: letters, digits, ``-`` and ``_``, a letter or ``_`` first."""
    made = "".join(one if one.isascii() and (one.isalnum() or one in "-_") else "_" for one in name)
    return made if made[:1].isalpha() or made[:1] == "_" else f"_{made}"
