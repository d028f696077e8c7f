"""Records from database rows and back: the column order of `statements` is known here and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

from nbasset.events.facts import CheckKey
from nbasset.events.kinds import BackfillRequested, Owner, RunRequested, Target
from nbasset.events.records import AssetRecord, BackfillRecord, CheckRecord, InstigatorRecord, RunRecord, Status
from nbasset.events.reducers import backfill_after, launched, run_after
from nbasset.keys import AssetKey, RunId
from nbasset.serde import dumps, from_json, loads, to_json
from nbasset.storage.codec import decode_event, is_storable, json_text, plain_text

Row = tuple[Any, ...]


def text_of(value: object, known: Mapping[int, str] = MappingProxyType({})) -> str | None:
    """A serializable value for a column; None stays None. `known` has texts that were made before, by the identity of the value."""
    if value is None:
        return None
    text = known.get(id(value))
    return text if text is not None and is_storable(text) else json_text(to_json(value))


def asset_from_row(row: Row) -> AssetRecord:
    """An asset from the columns of `statements.ASSET`."""
    return AssetRecord(
        AssetKey.from_user_string(row[0]),
        Status(row[2]),
        row[3],
        row[4],
        row[5],
        row[6],
        None if row[14] is None else loads(row[14]),
        None if row[15] is None else loads(row[15]),
        row[7],
        row[8],
        row[9],
        None if row[10] is None else json.loads(row[10]),
        None if row[16] is None else loads(row[16]),
        bool(row[11]),
        row[12],
        row[13],
    )


def asset_to_row(record: AssetRecord, rev: int, number: int, known: Mapping[int, str] = MappingProxyType({})) -> Row:
    """Values for `statements.SET_ASSET`; `number` is the asset's id, `known` as for `text_of`."""
    return (
        rev,
        int(record.status),
        record.seq,
        record.changed_seq,
        record.at_us,
        record.run_id,
        record.observed_us,
        record.failed_us,
        record.failed_run_id,
        None if record.failed_step is None else json_text(record.failed_step),
        int(record.retired),
        record.first_us,
        record.materializations,
        text_of(record.materialization, known),
        text_of(record.observation),
        text_of(record.error),
        number,
    )


NO_ASSET = AssetRecord(AssetKey("_"))
"""What the columns of a mere name say."""


class RunRows:
    """Runs from rows. What a run was asked for never changes, so its decoded request is kept."""

    def __init__(self) -> None:
        self._asked: dict[int, RunRecord] = {}

    def record(self, row: Row) -> RunRecord:
        """A run from the columns of `statements.RUN`."""
        seq, run_id, status, started_us, ended_us, heartbeat_us, succeeded, failed, skipped, more, request_seq, at_us, payload, last_seq = (
            row
        )
        asked = self._asked.get(request_seq)
        if asked is None or asked.run_id != run_id:
            asked = RunRecord(RunId(run_id), "not_started")
            if request_seq is not None:
                asked = run_after(None, seq, decode_event(RunRequested.__name__, at_us, run_id, payload))
                if len(self._asked) > 2000:
                    self._asked.clear()
                self._asked[request_seq] = asked
        ending: Mapping[str, Any] = from_json(json.loads(more)) if more != "{}" else {}
        added: Mapping[str, str] = ending.get("added_tags", {})
        return replace(
            asked,
            tags={**asked.tags, **added} if added else asked.tags,
            status=status,
            started_us=started_us,
            ended_us=ended_us,
            heartbeat_us=heartbeat_us,
            succeeded=succeeded,
            failed=failed,
            skipped=skipped,
            first_seq=seq,
            last_seq=last_seq or seq,
            **ending,
        )


def run_to_row(record: RunRecord, request_seq: int) -> Row:
    """Values for `statements.SET_RUN`."""
    more = {name: value for name in ("owner", "reason", "message", "error", "added_tags") if (value := getattr(record, name))}
    return (
        record.first_seq,
        record.run_id,
        record.status,
        request_seq,
        record.job and plain_text(record.job),
        record.backfill_id and plain_text(record.backfill_id),
        record.root_run_id,
        record.requested_us,
        record.started_us,
        record.ended_us,
        json_text(to_json(more)),
    )


def check_from_row(row: Row) -> CheckRecord:
    """A verdict from the columns of `statements.CHECKS`."""
    evaluation = loads(row[5])
    check = CheckKey(AssetKey.from_user_string(row[0]), evaluation.check.name)
    if evaluation.check != check:
        evaluation = replace(evaluation, check=check)
    return CheckRecord(check, row[2], row[3], row[4], evaluation)


def check_to_row(record: CheckRecord, number: int) -> Row:
    """Values for `statements.SET_CHECK`."""
    return (number, plain_text(record.check.name), record.seq, record.at_us, record.run_id, text_of(record.evaluation))


class Launched(NamedTuple):
    """What went to runs of one backfill, up to an entry."""

    last_seq: int
    targets: tuple[Target, ...]
    run_ids: tuple[RunId, ...]

    def and_then(self, rows: Iterable[Row]) -> Launched:
        """This and what later rows of `statements.CHUNKS` say."""
        new = list(rows)
        targets = launched([self.targets, *(loads(text) for _, _, text in new)])
        return Launched(new[-1][0], targets, (*self.run_ids, *(RunId(name) for _, name, _ in new))) if new else self


NOTHING_LAUNCHED = Launched(0, (), ())


def backfill_from_row(row: Row, went: Launched = NOTHING_LAUNCHED) -> BackfillRecord:
    """A backfill from the columns of `statements.BACKFILL` and what went to runs."""
    _seq, _name, status, ended_us, message, at_us, run_id, kind, payload = row
    request: BackfillRequested = decode_event(kind, at_us, run_id, payload)
    asked = backfill_after(None, request)
    assert asked is not None
    return replace(asked, status=status, ended_us=ended_us, message=json.loads(message), launched=went.targets, run_ids=went.run_ids)


def instigator_from_row(row: Row) -> InstigatorRecord:
    """A schedule or sensor from the column of `statements.INSTIGATOR`."""
    record: InstigatorRecord = loads(row[0])
    return record


def targets_text(targets: tuple[Target, ...]) -> str:
    """What a chunk is to make, for its row."""
    return dumps(targets)


def owner_text(owner: Owner | None) -> str | None:
    """The holder of a lease, for its row."""
    return text_of(owner)


def owner_of(text: str | None) -> Owner | None:
    """The holder of a lease."""
    owner: Owner | None = None if text is None else loads(text)
    return owner
