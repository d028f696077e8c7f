"""The partitions of an asset as a panel shows them: states by position, what runs, what a number of each partition is."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nbasset.commands.words import counted, duration, size_text
from nbasset.definitions.catalog import CatalogAsset
from nbasset.definitions.partitions import PartitionsDefinition
from nbasset.drawing.picture import State
from nbasset.drawing.states import WORDS
from nbasset.errors import InvalidInvocationError, UnknownAsset
from nbasset.events.facts import AssetMaterialized
from nbasset.events.kinds import StepSucceeded
from nbasset.events.reducers import materialized_in
from nbasset.keys import AssetKey
from nbasset.notebook.look import Look
from nbasset.notebook.panel_keys import KeySpace, changes_between, key_space
from nbasset.notebook.run_trace import OVER, RunTrace
from nbasset.notebook.wire import KeyFacts, Message, MetricColumn, StatesChanged
from nbasset.notebook.wire_json import pack_numbers
from nbasset.notebook.wire_views import GridView, Metric, Pick, Progress, Spans
from nbasset.ordinals import OrdinalSet
from nbasset.planning.estimates import Cost, cost_of
from nbasset.planning.partition_steps import reads_itself
from nbasset.secrets import mask_secrets

_MOST_ENTRIES = 20_000
_BUILT_IN = {"rows": ("rows", ""), "seconds": ("time", "s"), "size_bytes": ("size", "B")}


def space_of(at: Look, key: AssetKey) -> KeySpace:
    """The positions of an asset's partitions; kept until others exist.

    Raises
    ------
    InvalidInvocationError
        If the asset has no partitions.
    """
    definition = partitions_def(at, key)
    ordinals = definition.ordinals(at.now.view)
    known: KeySpace | None = at.kept.get(("space", key))
    if known is None or known.ordinals != ordinals:
        known = at.kept["space", key] = key_space(definition, at.now.view)
    return known


def partitions_def(at: Look, key: AssetKey) -> PartitionsDefinition:
    """The partitions definition of an asset that has one."""
    asset = asset_of(at, key)
    if asset.partitions_def is None:
        raise InvalidInvocationError(
            f"'{key}' has no partitions. Define it with partitions_def=..., or %%asset {key} --partitions daily:2013-01-01."
        )
    return asset.partitions_def


def asset_of(at: Look, key: AssetKey) -> CatalogAsset:
    """The asset, if it is still defined."""
    asset = at.scope.catalog.by_key.get(key)
    if asset is None:
        raise UnknownAsset(
            f"asset '{key}' is no longer defined in {at.scope.catalog.name or 'this notebook'}. Run the cell that defines it."
        )
    return asset


def grid_view(at: Look, key: AssetKey, progress: Progress | None = None, selected: Spans = ()) -> GridView:
    """The grid now, with the progress of what changes it."""
    space = space_of(at, key)
    cost = usual_cost(at, key)
    asset = asset_of(at, key)
    node = at.scope.catalog.nodes_by_name.get(asset.node or "")
    return GridView(
        str(key),
        space.dimensions,
        space.runs(at.layers(key)),
        space.unit,
        _metrics(at, key),
        _picks(at, key, space),
        cost.seconds if cost is not None else None,
        at_once(at),
        node is not None and not reads_itself(node, at.scope.catalog),
        at.cell(key),
        progress,
        selected,
    )


def grid_changes(before: GridView, now: GridView, at: float) -> list[Message] | None:
    """What turns one view into the other; None when it has to be sent whole."""
    changes = changes_between(before.states, now.states)
    same = replace(
        before, states=now.states, progress=now.progress, seconds_per_key=now.seconds_per_key, picks=now.picks, metrics=now.metrics
    )
    if same != now:
        return None
    # Numbers that only make estimates better travel when a run has ended.
    ended = before.progress is not None and before.progress != now.progress and now.progress is not None and now.progress.state in OVER
    if ended or (not changes and before.progress == now.progress and before != now):
        return None
    return [StatesChanged(0, changes, now.progress, at)] if changes or before.progress != now.progress else []


def run_progress(at: Look, key: AssetKey, run: RunTrace) -> Progress | None:
    """How far a run is with the partitions of an asset."""
    cost, workers = usual_cost(at, key), at_once(at)
    mine = [step for step in run.steps.values() if key in step.assets]
    if not mine:
        return None
    sizes = [len(step.partitions) if step.partitions else 1 for step in mine]
    total = sum(sizes)
    done = sum(size for step, size in zip(mine, sizes, strict=True) if step.state == "fresh")
    failed = sum(size for step, size in zip(mine, sizes, strict=True) if step.state == "failed")
    left = sum(size for step, size in zip(mine, sizes, strict=True) if step.state not in OVER)
    eta = cost.seconds * math.ceil(left / max(1, workers)) if cost is not None and left and not run.is_over else None
    return Progress(str(run.run_id), done, total, failed, None if eta is None else round(eta, 1), run.state)


def at_once(at: Look) -> int:
    """How many steps of a background run go on at the same time."""
    settings = at.scope.instance.settings.executor
    return (settings.max_workers or os.cpu_count() or 1) if settings.kind == "processes" else 1


def usual_cost(at: Look, key: AssetKey) -> Cost | None:
    """What one partition took, from the last ones."""
    record = at.now.records.get(key)
    if record is None or record.materialization is None:
        return None
    known = at.kept.get(("cost", key))
    if known is None or record.seq - known[0] > 50 or record.seq < known[0]:
        known = at.kept["cost", key] = (record.seq, cost_of(key, at.scope.instance.reader.materializations(key, None, limit=25)))
    found: Cost | None = known[1]
    return found


# -- one partition, one number --------------------------------------------------------------------------------------------------


def key_facts(at: Look, key: AssetKey, position: int) -> KeyFacts:
    """What the tip over one cell says."""
    space = space_of(at, key)
    if not 0 <= position < len(space):
        raise InvalidInvocationError(f"'{key}' has {counted(len(space), 'partition')}; there is none at position {position}.")
    definition = partitions_def(at, key)
    ordinal = space.ordinal(position)
    name = definition.key_of(ordinal, at.now.view.table)
    state: State = next((one for one, ordinals in at.layers(key) if ordinal in ordinals), "missing")
    entries = at.scope.instance.reader.materializations(key, ordinal, limit=1)
    made = [fact for entry in entries for fact in materialized_in(entry.event) if fact.asset == key and _is(fact, ordinal)]
    lines = []
    moment: float | None = None
    run: str | None = None
    if made:
        fact, event = made[0], entries[0].event
        moment, run = event.at_us / 1e6, getattr(event, "run_id", None)
        parts = [counted(fact.rows, "row")] if fact.rows is not None else []
        parts += [size_text(fact.size_bytes)] if fact.size_bytes is not None else []
        parts += [duration((event.at_us - event.started_us) / 1e6)] if isinstance(event, StepSucceeded) and event.started_us else []
        lines += [", ".join(parts)] if parts else []
        lines += [f"{label}: {value:g}" for label, value in numbers_in(fact.metadata).items()][:3]
    record = at.now.records.get(key)
    if state == "failed" and record is not None and record.error is not None:
        lines.insert(0, _failure(at, key, ordinal) or WORDS["failed"])
    return KeyFacts(name, state, tuple(map(mask_secrets, lines)), run, moment, state in ("stale", "failed", "missing"))


def metric_column(at: Look, key: AssetKey, metric: str) -> MetricColumn:
    """A number of each partition's newest materialization, by position."""
    space = space_of(at, key)
    values: dict[int, float] = {}
    before: int | None = None
    reader = at.scope.instance.reader
    seen = 0
    while len(values) < len(space) and seen < _MOST_ENTRIES:
        entries = reader.materializations(key, None, before=before, limit=2_000)
        for entry in entries:
            for fact in materialized_in(entry.event):
                if fact.asset == key and fact.partition is not None and fact.partition.ordinal not in values:
                    value = _number(fact, entry.event, metric)
                    if value is not None:
                        values[fact.partition.ordinal] = value
        seen += len(entries)
        if len(entries) < 2_000:
            break
        before = entries[-1].seq
    return MetricColumn(metric, pack_numbers(values.get(space.ordinal(at_)) for at_ in range(len(space))))


def numbers_in(metadata: Mapping[str, Any]) -> dict[str, float]:
    """The numeric entries of metadata."""
    found = {}
    for label, value in metadata.items():
        inner = getattr(value, "value", value)
        if isinstance(inner, (int, float)) and not isinstance(inner, bool) and math.isfinite(inner):
            found[label] = float(inner)
    return found


def _number(fact: AssetMaterialized, event: Any, metric: str) -> float | None:
    if metric == "seconds":
        return (event.load_us + event.work_us + event.write_us) / 1e6 if isinstance(event, StepSucceeded) else None
    if metric in ("rows", "size_bytes"):
        value: int | None = getattr(fact, metric)
        return None if value is None else float(value)
    return numbers_in(fact.metadata).get(metric)


def _metrics(at: Look, key: AssetKey) -> tuple[Metric, ...]:
    record = at.now.records.get(key)
    made = record.materialization if record is not None else None
    if made is None:
        return ()
    names = ["rows"] if made.rows is not None else []
    names += ["seconds"]
    names += ["size_bytes"] if made.size_bytes is not None else []
    built_in = tuple(Metric(name, *_BUILT_IN[name]) for name in names)
    return (*built_in, *(Metric(label, label) for label in numbers_in(made.metadata) if label not in _BUILT_IN))


def _picks(at: Look, key: AssetKey, space: KeySpace) -> tuple[Pick, ...]:
    """Partitions made by other code than there is now."""
    version = at.scope.location.code.version_of(key)
    table = at.scope.instance.reader.partitions(key) if version else None
    if table is None or not len(table):
        return ()
    old = {place for place, text in enumerate(table.texts) if text and text != version}
    changed = OrdinalSet.of(
        ordinal for ordinal, code, status in zip(table.ordinals, table.code, table.status, strict=True) if status and code in old
    )
    spans = space.spans(changed)
    return (Pick("Changed code", spans),) if spans else ()


def _is(fact: AssetMaterialized, ordinal: int) -> bool:
    return fact.partition is not None and fact.partition.ordinal == ordinal


def _failure(at: Look, key: AssetKey, ordinal: int) -> str:
    """The error that the last failed run of a partition left."""
    from nbasset.events.kinds import StepFailed

    table = at.scope.instance.reader.partitions(key)
    row = next((place for place, one in enumerate(table.ordinals) if one == ordinal), None)
    run = table.texts[table.run[row]] if row is not None else ""
    if not run:
        return ""
    for entry in at.scope.instance.reader.entries(run=run, limit=_MOST_ENTRIES):  # type: ignore[arg-type]
        event = entry.event
        if isinstance(event, StepFailed) and any(
            target.asset == key and target.partitions is not None and ordinal in target.partitions for target in event.targets
        ):
            return f"{event.error.place}: {event.error}" if event.error.place else str(event.error)
    return ""
