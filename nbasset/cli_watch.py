"""What ``nbasset partitions``, ``runs``, ``cancel`` and ``run --bg`` print."""

from __future__ import annotations

from typing import Any

import click

from nbasset.cli_scopes import Call, only_scope, open_home, selecting
from nbasset.cli_text import inert
from nbasset.serde import Json

_WAIT_S = 1.0


def partitions(call: Call, arguments: Any) -> tuple[int, Json]:
    """The partitions of an asset by state."""
    from nbasset.commands.partitions import partitions as found
    from nbasset.commands.partitions import partitions_text

    result = found(only_scope(call, arguments.asset), arguments)
    if not call.json:
        click.echo(inert(partitions_text(result)))
    return 0, result.to_json()


def runs(call: Call, arguments: Any) -> tuple[int, Json]:
    """Runs, or one of them; with ``--follow`` until it ends. An interrupt stops the watching only."""
    from nbasset.commands.promoted_jobs import kept_notebook
    from nbasset.commands.runs import find_run, run_json, runs_text
    from nbasset.commands.runs import runs as found

    instance = open_home(call)[1]
    if not arguments.run and not arguments.follow:
        result = found(instance, arguments)
        if not call.json:
            click.echo(inert(runs_text(result)))
        return 0, result.to_json()
    record = find_run(instance, arguments.run, active=arguments.follow)
    seq = 0
    while True:
        seq = _tell(call, instance, record.run_id, seq)
        record = instance.reader.run(record.run_id) or record
        if record.is_over or not arguments.follow:
            break
        instance.storage.wait(seq, _WAIT_S)
    code = 0 if record.status not in ("failure", "canceled") or not arguments.follow else 1
    notebook = kept_notebook(instance, record)
    if notebook is not None and not call.json:
        click.echo(inert(f"notebook: {notebook}"))
    return code, {"runs": [run_json(record, notebook)]}


def cancel(call: Call, arguments: Any) -> tuple[int, Json]:
    """Stop a run."""
    from nbasset.commands.runs import cancel as stop
    from nbasset.commands.runs import run_json

    record = stop(open_home(call)[1], arguments)
    if not call.json:
        said = "was stopped" if record.is_over else "was asked to stop"
        click.echo(f"run {record.run_id[:8]} {said}; what was stored before is kept")
    return 0, {"runs": [run_json(record)]}


def run_in_background(call: Call, arguments: Any) -> tuple[int, Json]:
    """Start runs in processes of their own."""
    from nbasset.commands.background import start_background
    from nbasset.commands.carrying_out import checked_config
    from nbasset.commands.configuration import run_config_of
    from nbasset.commands.planning import make_plan, wish_of

    started: list[Json] = []
    for scope in selecting(call, arguments.select):
        _ = scope.instance.storage  # the store gives partition keys their numbers, so it is there before they are asked for
        config = run_config_of(arguments.config, scope)
        planned = make_plan(scope, wish_of(arguments, config))
        checked_config(scope, frozenset(step.node for step in planned.plan.steps), config)
        if not planned.plan.steps:
            if not call.json:
                click.echo(f"{scope.catalog.name}: nothing to do")
            continue
        run_id = start_background(scope, planned.plan, planned.standing.view, executor=arguments.executor)
        started.append(str(run_id))
        if not call.json:
            click.echo(in_background(scope.instance, run_id))
    return 0, {"started": started}


def in_background(instance: Any, run_id: Any) -> str:
    """What became of a run that was asked for, and how it is looked after."""
    from nbasset.commands.runs import started_sentence

    short = run_id[:8]
    return f"{started_sentence(instance, run_id)}. Watch it: nbasset runs {short} --follow. Stop it: nbasset cancel {short}"


def _tell(call: Call, instance: Any, run_id: Any, after: int) -> int:
    """Print what a run has written since entry `after`; the number of its last."""
    from nbasset.notebook.run_log import line_of

    while entries := instance.reader.entries(after=after, run=run_id, limit=500):
        after = entries[-1].seq
        for entry in entries:
            line = line_of(entry.event)
            if line is not None and not call.json:
                step = f"{line.step}: " if line.step else ""
                click.echo(inert(f"{step}{line.text}"))
    return int(after)
