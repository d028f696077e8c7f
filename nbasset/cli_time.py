"""What ``nbasset why``, ``history``, ``rollback``, ``diff``, ``rename``, ``gc`` and ``check`` print, and what they give as JSON."""

from __future__ import annotations

from typing import Any

import click

from nbasset.cli_scopes import Call, confirm, every_scope, only_scope, open_home, scopes, selecting
from nbasset.cli_text import inert
from nbasset.serde import Json


def why(call: Call, arguments: Any) -> tuple[int, Json]:
    """Why an asset is stale."""
    from nbasset.commands.why import why as found
    from nbasset.commands.why import why_text

    result = found(only_scope(call, arguments.asset), arguments)
    if not call.json:
        click.echo(inert(why_text(result)))
    return 0, result.to_json()


def history(call: Call, arguments: Any) -> tuple[int, Json]:
    """The versions of an asset."""
    from nbasset.commands.history import history as found
    from nbasset.commands.history import history_text

    result = found(only_scope(call, arguments.asset), arguments)
    if not call.json:
        click.echo(inert(history_text(result)))
    return 0, result.to_json()


def rollback(call: Call, arguments: Any) -> tuple[int, Json]:
    """Bring an earlier version back, when that was confirmed."""
    from nbasset.commands.rollback import question
    from nbasset.commands.rollback import rollback as bring_back

    scope = only_scope(call, arguments.asset)
    if not arguments.yes:
        confirm(question(scope, arguments), call)
    result = bring_back(scope, arguments)
    if not call.json:
        for one in result.done:
            of = f" for {one.partition}" if one.partition else ""
            click.echo(inert(f"{result.asset}{of}: {one.now[:8]} is current again; {one.before[:8] or 'nothing'} was, and is kept"))
        if not result.done:
            click.echo("nothing to do: it is at that version already")
    return 0, result.to_json()


def diff(call: Call, arguments: Any) -> tuple[int, Json]:
    """Two versions or partitions side by side."""
    from nbasset.commands.diff import diff as found
    from nbasset.commands.diff import diff_text

    result = found(only_scope(call, arguments.asset), arguments)
    if not call.json:
        click.echo(inert(diff_text(result)))
    return 0, result.to_json()


def rename(call: Call, arguments: Any) -> tuple[int, Json]:
    """An asset goes on under another key. The old key need not be defined any more."""
    from nbasset.commands.rename import rename as go_on
    from nbasset.commands.words import counted
    from nbasset.keys import AssetKey

    wanted = {AssetKey.from_user_string(arguments.asset), AssetKey.from_user_string(arguments.new)}
    found = list(scopes(call))
    if not found:
        raise click.UsageError("no notebook or module with assets was found here.")
    scope = next((one for one in found if wanted & one.catalog.by_key.keys()), found[0])
    result = go_on(scope, arguments)
    if not call.json:
        rest = "" if result.is_defined else f" Now change the name in the code, too: '{result.old}' becomes '{result.new}'."
        click.echo(f"{result.old} goes on as {result.new}, {counted(result.files, 'file')} moved.{rest}")
    return 0, result.to_json()


def gc(call: Call, arguments: Any) -> tuple[int, Json]:
    """Delete earlier versions that the rule does not keep."""
    from nbasset.commands.gc import gc as collect
    from nbasset.commands.managers import managers_in
    from nbasset.commands.words import moment, size_text

    instance = open_home(call)[1]
    result = collect(instance, arguments, [managers_in(scope) for scope in every_scope(call)])
    if not call.json:
        for one in result.gone if result.is_dry else ():
            of = f" {one.partition}" if one.partition else ""
            click.echo(inert(f"{one.asset}{of}  {one.version_id[:8]}  {moment(one.written_us)}  {size_text(one.size_bytes)}"))
        click.echo(result.sentence)
        for note in result.notes:
            click.echo(inert(f"{note}; its versions are left alone"))
    return 0, result.to_json()


def check(call: Call, arguments: Any) -> tuple[int, Json]:
    """Whether notebooks are what their cells say; 1 if a clean process could not make something, or made something else."""
    from nbasset.commands.check import check as look
    from nbasset.commands.check import check_text

    results = [look(scope, arguments) for scope in selecting(call, arguments.select)]
    if not call.json:
        for result in results:
            click.echo(inert(check_text(result)))
    return 0 if all(one.is_clean for one in results) else 1, {"checks": [one.to_json() for one in results]}
