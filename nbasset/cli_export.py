"""What ``nbasset export`` prints: the text, or that it was written; what it leaves out goes to the error stream."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nbasset.cli_scopes import Call, selecting
from nbasset.cli_text import inert
from nbasset.errors import InvalidInvocationError
from nbasset.serde import Json

if TYPE_CHECKING:
    from nbasset.arguments.options_export import ExportArguments
    from nbasset.commands.scope import Scope


def export(call: Call, arguments: ExportArguments) -> tuple[int, Json]:
    """Write assets or a promoted job for another program."""
    from nbasset.commands.export import export as make

    if arguments.output:
        folder = "/" if arguments.output.endswith("/") else ""
        arguments = replace(arguments, output=str(Path(arguments.output).expanduser().absolute()) + folder)
    result = make(_one_scope(call, arguments), arguments)
    if not call.json:
        click.echo(inert(result.sentence) if result.output is not None else result.text, nl=result.output is not None)
        for note in result.notes:
            click.echo(inert(f"note: {note}"), err=True)
    return 0, result.to_json()


def _one_scope(call: Call, arguments: ExportArguments) -> Scope:
    """The location that was named, or the only one of the project that has the selection."""
    chosen = list(selecting(call, arguments.select))
    if len(chosen) == 1:
        return chosen[0]
    names = ", ".join(scope.location.name for scope in chosen)
    where = str(chosen[0].location.path or "notebooks/flights.ipynb") if chosen else "notebooks/flights.ipynb"
    raise InvalidInvocationError(
        f"one notebook, module or promoted job is exported, and several fit: {names}. "
        f"Name one: nbasset export {where} --to {arguments.target}"
    )
