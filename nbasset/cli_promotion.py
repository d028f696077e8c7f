"""What ``nbasset promote`` prints, and what it gives as JSON."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nbasset.cli_scopes import Call, open_home, selecting
from nbasset.cli_text import in_terminal_words
from nbasset.errors import InvalidInvocationError
from nbasset.home import SETTINGS_NAME, find_home
from nbasset.serde import Json

if TYPE_CHECKING:
    from nbasset.arguments.options_promotion import PromoteArguments
    from nbasset.home import Home

DONE, FAILED = 0, 1


def promote(call: Call, arguments: PromoteArguments) -> tuple[int, Json]:
    """Make a job of a notebook; with ``--check`` 1 if a job is not as it was promoted."""
    from nbasset.commands.promote import promote as make
    from nbasset.commands.promotion_words import promote_text

    home = open_home(call)[0]
    if arguments.check:
        return _check(call, home, arguments)
    result = make(home, _notebook(call, home, arguments), arguments)
    if not call.json:
        from_here = os.path.relpath(home.root)
        click.echo(in_terminal_words(promote_text(replace(result, seen_from=from_here))))
        if find_home().root != home.root:
            click.echo(_elsewhere(home, from_here))
    return DONE, result.to_json()


def _elsewhere(home: Home, from_here: str) -> str:
    """What to do where the project is not at or above the current folder: other commands would not find the job from here."""
    said = f"The project is {from_here}, not this folder: say so to the daemon, nbasset daemon run --home {from_here}."
    return (
        said
        if home.settings_file.is_file()
        else f"{said} Or make this folder the project with an empty {SETTINGS_NAME}, and promote again."
    )


def _check(call: Call, home: Home, arguments: PromoteArguments) -> tuple[int, Json]:
    from nbasset.commands.promote import check_promoted
    from nbasset.commands.promotion_words import checked_text

    found = check_promoted(home, arguments.jobs)
    if not call.json:
        click.echo(in_terminal_words(checked_text(found)) if found else f"No notebook was promoted yet in {home.root}.")
    return FAILED if any(one.found for one in found) else DONE, {"jobs": [one.to_json() for one in found]}


def _notebook(call: Call, home: Home, arguments: PromoteArguments) -> Path:
    """The notebook that was named, that of the job that was named, or the only one that has what was selected."""
    from nbasset.locations.job_file import beside, job_files, read_job_file

    if call.place and not call.module:
        path = Path(call.place).resolve()
        if path.suffix == ".ipynb":
            return path
        if not path.is_dir():
            raise InvalidInvocationError(f"{call.place} is no notebook, and a job is made of one. Write @job and @schedule in a module.")
    file = next((one for one in job_files(home) if one.stem == arguments.name), None) if not call.place else None
    if file is not None and (source := read_job_file(file).source):
        return beside(file, source)
    names = [scope.location.path for scope in selecting(call, arguments.select) if scope.location.kind == "notebook"]
    found = [path for path in names if path is not None]
    if len(found) != 1:
        which = ", ".join(path.name for path in found) or "no notebook"
        raise InvalidInvocationError(
            f"{which} could be meant. Name the notebook: nbasset promote notebooks/flights.ipynb {arguments.select}"
        )
    return found[0]
