"""What an interface without the user's code asks the location's process: its assets as they are listed for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from nbasset.commands.facts import counts_of, shown_state
from nbasset.commands.scope import Scope
from nbasset.commands.states import Standing, standing
from nbasset.dataclass import dataclass
from nbasset.drawing.picture import State
from nbasset.drawing.states import in_order
from nbasset.events.facts import AssetMaterialized
from nbasset.events.kinds import StepSucceeded
from nbasset.events.reducers import materialized_in
from nbasset.keys import AssetKey
from nbasset.ordinals import OrdinalSet
from nbasset.secrets import mask_secrets
from nbasset.serde import serializable

_PIECES = 120
_MADE = 12
_MOST_TIMED = 400
_URGENT = ("failed", "running", "queued", "stale", "missing", "fresh")


@serializable
@dataclass(frozen=True, slots=True)
class StripPiece:
    """Neighbouring partitions in one state; a partial piece stands for several unequal ones, in the state of the most urgent."""

    state: str
    length: int
    is_partial: bool = False


@serializable
@dataclass(frozen=True, slots=True)
class ShownAsset:
    """One asset in a list.

    `counts` are of its partitions, most urgent first, or one of the asset itself. `reason` is why it is stale, failed, or a problem.
    `rows` and `size_bytes` are of an asset without partitions; `seconds` those of the last twelve, oldest first.
    """

    key: AssetKey
    state: str
    counts: tuple[tuple[str, int], ...]
    reason: str = ""
    place: str = ""
    strip: tuple[StripPiece, ...] = ()
    rows: int | None = None
    size_bytes: int | None = None
    at_us: int = 0
    run_id: str = ""
    seconds: tuple[float, ...] = ()


def shown_assets(scope: Scope, keys: Sequence[AssetKey] | None = None) -> tuple[ShownAsset, ...]:
    """The assets of the location, or those among these keys that it defines, in order of the lineage."""
    now = _without_done(scope, standing(scope))
    wanted = [key for key in scope.catalog.order if keys is None or key in keys]
    is_timed = len(wanted) <= _MOST_TIMED
    return tuple(_shown(scope, key, now, is_timed=is_timed) for key in wanted)


def _without_done(scope: Scope, now: Standing) -> Standing:
    """The same, where what a run has already made of its partitions no longer counts as running."""
    parted = [key for key, (_, ordinals) in now.running.items() if ordinals is not None and key in scope.catalog.by_key]
    if not parted:
        return now
    reader = scope.instance.reader
    runs = {str(run.run_id) for run in reader.active_runs()}
    running = dict(now.running)
    for key, table in reader.partition_tables(parted).items():
        ours = {at for at, text in enumerate(table.texts) if text in runs}
        state, ordinals = running[key]
        if ours and ordinals is not None:
            done = OrdinalSet.of(ordinal for ordinal, run in zip(table.ordinals, table.run, strict=True) if run in ours)
            running[key] = (state, ordinals - done)
    return replace(now, running=running)


def _shown(scope: Scope, key: AssetKey, now: Standing, *, is_timed: bool) -> ShownAsset:
    asset = scope.catalog.by_key[key]
    record = now.records.get(key)
    made = record.materialization if record is not None else None
    state = shown_state(scope, key, now)
    counts = in_order(_without_running(key, now)) if asset.partitions_def is not None and state != "problem" else ()
    failed = record is not None and now.states[key].status == "failed" and record.failed_us
    return ShownAsset(
        key,
        state,
        tuple((name, count) for name, count in counts) or ((state, 1),),
        mask_secrets(_reason(scope, key, now, state)),
        asset.place or "",
        tuple(_strip(scope, key, now)),
        made.rows if made is not None and asset.partitions_def is None else None,
        made.size_bytes if made is not None and asset.partitions_def is None else None,
        (record.failed_us if failed else record.at_us or record.observed_us) if record is not None else 0,
        str(record.run_id or "") if record is not None else "",
        _seconds(scope, key) if is_timed and made is not None else (),
    )


def _without_running(key: AssetKey, now: Standing) -> list[tuple[State, int]]:
    """Each partition once: what is being made is in no other state meanwhile."""
    running = now.running.get(key)
    at = running[1] if running is not None else None
    if running is None or at is None:
        return list(counts_of(key, now))
    state = now.states[key]
    layers: list[tuple[State, OrdinalSet]] = [
        ("failed", state.failed), ("stale", state.stale), ("missing", state.missing), ("fresh", state.fresh),
    ]  # fmt: skip
    return [(running[0], len(at)), *((name, left) for name, ordinals in layers if (left := len(ordinals - at)))]


def _reason(scope: Scope, key: AssetKey, now: Standing, state: str) -> str:
    if state == "problem":
        name = str(key)
        return next((one.message.partition("\n")[0] for one in scope.catalog.problems if one.asset == name and one.severity == "error"), "")
    record, standing_of = now.records.get(key), now.states[key]
    if standing_of.status == "failed" and record is not None and record.error is not None:
        error = record.error
        return (f"{error.place}: {error}" if error.place else str(error)).partition("\n")[0]
    return standing_of.reasons[0].text if standing_of.status == "stale" and standing_of.reasons else ""


def _strip(scope: Scope, key: AssetKey, now: Standing) -> Iterator[StripPiece]:
    """The partitions in their order, equal neighbours as one piece; at most some hundred pieces, however many partitions there are."""
    definition = scope.catalog.by_key[key].partitions_def
    existing = definition.ordinals(now.view) if definition is not None else OrdinalSet()
    if not existing:
        return
    state = now.states[key]
    running = now.running.get(key)
    layers = [(running[0], running[1])] if running is not None and running[1] is not None else []
    layers += [("failed", state.failed), ("stale", state.stale), ("missing", state.missing), ("fresh", state.fresh)]
    first, last = existing.runs[0][0], existing.runs[-1][1] - 1
    width = max(1, -(-(last - first + 1) // _PIECES))
    before: StripPiece | None = None
    for start in range(first, last + 1, width):
        piece = _piece(existing & OrdinalSet.between(start, start + width), layers)
        if piece is None:
            continue
        if before is not None and before.state == piece.state and before.is_partial == piece.is_partial:
            before = StripPiece(piece.state, before.length + piece.length, piece.is_partial)
            continue
        if before is not None:
            yield before
        before = piece
    if before is not None:
        yield before


def _piece(there: OrdinalSet, layers: Sequence[tuple[str, OrdinalSet | None]]) -> StripPiece | None:
    left = there
    found: list[str] = []
    for name, ordinals in layers:
        mine = left & ordinals if ordinals is not None else left
        if mine:
            found.append(name)
            left = left - mine
    if not there:
        return None
    states = found + (["missing"] if left and "missing" not in found else [])
    return StripPiece(min(states, key=_URGENT.index), len(there), len(states) > 1)


def _seconds(scope: Scope, key: AssetKey) -> tuple[float, ...]:
    """How long each of the last took that were computed, oldest first."""
    found: list[float] = []
    for entry in scope.instance.reader.materializations(key, None, limit=_MADE):
        event = entry.event
        made: Sequence[AssetMaterialized] = materialized_in(event)
        if isinstance(event, StepSucceeded) and made:
            found.append(round((event.load_us + event.work_us + event.write_us) / 1e6, 4))
    return tuple(found[::-1])
