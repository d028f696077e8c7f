"""Every statement, by name. Written the SQLite way; `dialects` translates. ``?`` stands for a value, nothing else is put in.

In the order of a life: the log, runs, assets, partitions, checks, backfills, schedules and sensors, keys, texts, leases.
"""

# ruff: noqa: S608 -- statements are put together from words of this file alone

from __future__ import annotations

from typing import Any

from nbasset.events.records import RunQuery
from nbasset.storage.codec import plain_text
from nbasset.storage.dialects import AMONG, Dialect

# -- The log ------------------------------------------------------------------------------------------------------------------

LAST_SEQ = """SELECT (SELECT max(seq) FROM events),
    (SELECT value FROM marks WHERE name = 'floor'), (SELECT value FROM marks WHERE name = 'deletions')"""
ADD_EVENT = "INSERT INTO events (seq, at_us, run_id, kind, payload) VALUES (?, ?, ?, ?, ?)"
ENTRY = "SELECT seq, at_us, run_id, kind, payload FROM events WHERE seq = ?"
ENTRIES = f"SELECT seq, at_us, run_id, kind, payload FROM events WHERE seq {AMONG}"
EVENTS_AFTER = "SELECT seq, at_us, run_id, kind, payload FROM events WHERE seq > ? ORDER BY seq LIMIT ?"
EVENTS_OF_RUN = "SELECT seq, at_us, run_id, kind, payload FROM events WHERE run_id = ? AND seq > ? ORDER BY seq LIMIT ?"
SEQS_OF_ASSET = """SELECT seq FROM (
    SELECT * FROM (SELECT seq FROM asset_events WHERE asset = ? AND made = 0 AND seq > ? ORDER BY seq LIMIT ?) AS told
    UNION SELECT * FROM (SELECT seq FROM asset_events WHERE asset = ? AND made = 1 AND seq > ? ORDER BY seq LIMIT ?) AS made
) AS found ORDER BY seq LIMIT ?"""
SEQS_OF_ASSET_AND_RUN = """SELECT seq FROM events WHERE run_id = ? AND seq > ?
    AND EXISTS (SELECT 1 FROM asset_events WHERE asset = ? AND made IN (0, 1) AND asset_events.seq = events.seq) ORDER BY seq LIMIT ?"""
SET_MARK = "INSERT INTO marks (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"

# -- Runs ---------------------------------------------------------------------------------------------------------------------

_RUN = """SELECT runs.seq, runs.run_id, runs.status, runs.started_us, runs.ended_us, runs.heartbeat_us,
    runs.succeeded, runs.failed, runs.skipped, runs.more, request.seq, request.at_us, request.payload,
    (SELECT max(events.seq) FROM events WHERE events.run_id = runs.run_id)
    FROM runs LEFT JOIN events AS request ON request.seq = runs.request_seq"""
RUN = f"{_RUN} WHERE runs.run_id = ?"
ACTIVE_RUNS = f"{_RUN} WHERE runs.status IN ('queued', 'not_started', 'starting', 'started', 'canceling') ORDER BY runs.seq DESC"
SET_RUN = """INSERT INTO runs
    (seq, run_id, status, request_seq, job, backfill_id, root_run_id, requested_us, started_us, ended_us, more)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (run_id) DO UPDATE SET status = excluded.status, request_seq = excluded.request_seq, job = excluded.job,
    backfill_id = excluded.backfill_id, root_run_id = excluded.root_run_id, requested_us = excluded.requested_us,
    started_us = excluded.started_us, ended_us = excluded.ended_us, more = excluded.more"""
COUNT_STEPS = "UPDATE runs SET succeeded = succeeded + ?, failed = failed + ?, skipped = skipped + ? WHERE run_id = ?"
HEARTBEAT = "UPDATE runs SET heartbeat_us = ? WHERE run_id = ?"
ADD_RUN_TAG = "INSERT INTO run_tags (name, value, run) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
DROP_RUN_TAGS = "DELETE FROM run_tags WHERE run = ?"
ADD_RUN_TARGET = "INSERT INTO run_targets (asset, run) VALUES (?, ?) ON CONFLICT DO NOTHING"

# Forgetting runs: entries that made something stay, and what is found by the others goes.
DELETE_RUNS = (
    f"DELETE FROM run_tags WHERE run IN (SELECT seq FROM runs WHERE run_id {AMONG})",
    f"DELETE FROM run_targets WHERE run IN (SELECT seq FROM runs WHERE run_id {AMONG})",
    f"""DELETE FROM asset_events WHERE made = 0
        AND seq IN (SELECT seq FROM events WHERE run_id {AMONG}) AND seq NOT IN (SELECT seq FROM asset_events WHERE made = 1)""",
    f"""DELETE FROM check_events
        WHERE seq IN (SELECT seq FROM events WHERE run_id {AMONG}) AND seq NOT IN (SELECT seq FROM asset_events WHERE made = 1)""",
    f"DELETE FROM events WHERE run_id {AMONG} AND seq NOT IN (SELECT seq FROM asset_events WHERE made = 1)",
    f"DELETE FROM runs WHERE run_id {AMONG}",
)


def runs_statement(query: RunQuery, asset: int | None, dialect: Dialect) -> tuple[str, list[Any]]:
    """The statement for a page of runs, newest first, and one more than the page holds; `asset` is the number of the query's asset."""
    which, order, values = _which_runs(query, asset, dialect)
    return f"{_RUN} {which} ORDER BY {order} DESC LIMIT ?", [*values, query.limit + 1]


def count_runs_statement(query: RunQuery, asset: int | None, dialect: Dialect) -> tuple[str, list[Any]]:
    """The statement that counts the runs of a query, from its cursor on."""
    which, _, values = _which_runs(query, asset, dialect)
    return f"SELECT count(*) FROM runs {which}", values


def _which_runs(query: RunQuery, asset: int | None, dialect: Dialect) -> tuple[str, str, list[Any]]:
    """Joins and conditions of a query, the column that has its runs in order, the values.

    A tag or an asset leads, where one is asked for: its index has the runs in order, so that a rare one is not looked for in all runs.
    """
    joins: list[str] = []
    where: list[str] = []
    values: list[Any] = []
    order = "runs.seq"
    for number, (name, value) in enumerate(query.tags.items()):
        joins.append(f"JOIN run_tags AS tag{number} ON tag{number}.run = runs.seq")
        where.append(f"tag{number}.name = ? AND tag{number}.value = ?")
        values += [plain_text(name), plain_text(value)]
        order = "tag0.run"
    if query.asset is not None:
        joins.append("JOIN run_targets AS target ON target.run = runs.seq")
        where.append("target.asset = ?")
        values.append(asset)
        order = "target.run" if order == "runs.seq" else order
    conditions: tuple[tuple[str, Any], ...] = (
        (f"runs.run_id {AMONG}", dialect.among(query.run_ids) if query.run_ids else None),
        (f"runs.status {AMONG}", dialect.among(query.statuses) if query.statuses else None),
        ("runs.job = ?", query.job and plain_text(query.job)),
        ("runs.backfill_id = ?", query.backfill_id and plain_text(query.backfill_id)),
        ("runs.requested_us >= ?", query.since_us),
        ("runs.requested_us < ?", query.until_us),
        (f"{order} < ?", None if query.before is None else int(query.before)),
    )
    for condition, wanted in conditions:
        if wanted is not None:
            where.append(condition)
            values.append(wanted)
    if query.root_run_id is not None:
        where.append("(runs.root_run_id = ? OR runs.run_id = ?)")
        values += [query.root_run_id, query.root_run_id]
    all_of = f"WHERE {' AND '.join(where)}" if where else ""
    return f"{' '.join(joins)} {all_of}", order, values


# -- Assets -------------------------------------------------------------------------------------------------------------------

ASSET_ID = "SELECT id FROM assets WHERE name = ?"
ASSET_IDS = f"SELECT id, name FROM assets WHERE name {AMONG}"
ADD_ASSET = "INSERT INTO assets (name) VALUES (?) ON CONFLICT DO NOTHING"
ASSET_REV = "SELECT name, rev FROM assets WHERE name = ? AND rev > 0"
ASSET_REVS = f"SELECT name, rev FROM assets WHERE name {AMONG} AND rev > 0"
_ASSET = """SELECT name, rev, status, seq, changed_seq, at_us, run_id, observed_us, failed_us, failed_run_id, failed_step,
    retired, first_us, materializations, materialization, observation, error, id FROM assets"""
ASSET = f"{_ASSET} WHERE name = ?"
ASSETS = f"{_ASSET} WHERE name {AMONG} AND rev > 0"
ASSET_NAMES = "SELECT name FROM assets WHERE name >= ? AND name < ? AND rev > 0 ORDER BY name LIMIT ?"
SET_ASSET = """UPDATE assets SET rev = ?, status = ?, seq = ?, changed_seq = ?, at_us = ?, run_id = ?, observed_us = ?, failed_us = ?,
    failed_run_id = ?, failed_step = ?, retired = ?, first_us = ?, materializations = ?, materialization = ?, observation = ?, error = ?
    WHERE id = ?"""
ADD_ASSET_EVENT = "INSERT INTO asset_events (asset, made, seq) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
MADE = "SELECT seq FROM asset_events WHERE asset = ? AND made = 1 AND seq < ? ORDER BY seq DESC LIMIT ?"
ALL_FORMER_NAMES = "SELECT former_names.name, assets.name FROM former_names JOIN assets ON id = asset"
FORMER_NAMES = "SELECT name FROM former_names WHERE asset = ?"
UNMAKE = (
    """INSERT INTO asset_events (asset, made, seq) SELECT asset, 0, seq FROM asset_events WHERE asset = ? AND made = 1
        ON CONFLICT DO NOTHING""",
    "DELETE FROM asset_events WHERE asset = ? AND made = 1",
    "DELETE FROM partition_events WHERE asset = ?",
)
UNMAKE_ONE = "DELETE FROM asset_events WHERE asset = ? AND made = 1 AND seq = ?"

# An asset that goes on under another key: (new, old) in each.
MOVE = (
    "INSERT INTO asset_events (asset, made, seq) SELECT ?, made, seq FROM asset_events WHERE asset = ? ON CONFLICT DO NOTHING",
    """INSERT INTO partition_events (asset, ordinal, seq) SELECT ?, ordinal, seq FROM partition_events WHERE asset = ?
        ON CONFLICT DO NOTHING""",
    "INSERT INTO check_events (asset, name, seq) SELECT ?, name, seq FROM check_events WHERE asset = ? ON CONFLICT DO NOTHING",
    "INSERT INTO run_targets (asset, run) SELECT ?, run FROM run_targets WHERE asset = ? ON CONFLICT DO NOTHING",
    "INSERT INTO former_names (asset, name) SELECT ?, name FROM former_names WHERE asset = ? ON CONFLICT DO NOTHING",
    "INSERT INTO former_names (asset, name) SELECT ?, name FROM assets WHERE id = ? ON CONFLICT DO NOTHING",
)
MOVED = (
    "DELETE FROM asset_events WHERE asset = ?",
    "DELETE FROM partition_events WHERE asset = ?",
    "DELETE FROM check_events WHERE asset = ?",
    "DELETE FROM checks WHERE asset = ?",
    "DELETE FROM run_targets WHERE asset = ?",
    "DELETE FROM former_names WHERE asset = ?",
)

# -- Partitions ---------------------------------------------------------------------------------------------------------------

BLOCK = "SELECT data FROM partition_blocks WHERE asset = ? AND block = ?"
BLOCKS_OF_ASSET = "SELECT block, data FROM partition_blocks WHERE asset = ? ORDER BY block"
BLOCKS = f"SELECT name, rev, block, data FROM assets JOIN partition_blocks ON asset = id WHERE name {AMONG}"  # sorting would copy them
SET_BLOCK = """INSERT INTO partition_blocks (asset, block, data) VALUES (?, ?, ?)
    ON CONFLICT (asset, block) DO UPDATE SET data = excluded.data"""
DROP_BLOCK = "DELETE FROM partition_blocks WHERE asset = ? AND block = ?"
ADD_PARTITION_EVENT = "INSERT INTO partition_events (asset, ordinal, seq) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
MADE_PARTITION = "SELECT seq FROM partition_events WHERE asset = ? AND ordinal = ? AND seq < ? ORDER BY seq DESC LIMIT ?"
MADE_BETWEEN = "SELECT DISTINCT seq FROM partition_events WHERE asset = ? AND ordinal >= ? AND ordinal < ?"
UNMAKE_BETWEEN = "DELETE FROM partition_events WHERE asset = ? AND ordinal >= ? AND ordinal < ?"
MADE_PARTITIONS = "SELECT DISTINCT seq FROM partition_events WHERE asset = ?"

# -- Checks -------------------------------------------------------------------------------------------------------------------

_CHECK = "SELECT assets.name, checks.name, checks.seq, checks.at_us, checks.run_id, evaluation FROM checks JOIN assets ON assets.id = asset"
CHECKS = f"{_CHECK} WHERE assets.name {AMONG}"
CHECKS_OF_ASSET = f"{_CHECK} WHERE asset = ?"
SET_CHECK = """INSERT INTO checks (asset, name, seq, at_us, run_id, evaluation) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (asset, name) DO UPDATE
    SET seq = excluded.seq, at_us = excluded.at_us, run_id = excluded.run_id, evaluation = excluded.evaluation"""
ADD_CHECK_EVENT = "INSERT INTO check_events (asset, name, seq) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
CHECK_HISTORY = "SELECT seq FROM check_events WHERE asset = ? AND name = ? AND seq < ? ORDER BY seq DESC LIMIT ?"

# -- Backfills ----------------------------------------------------------------------------------------------------------------

_BACKFILL = """SELECT backfills.seq, backfill_id, status, ended_us, message, request.at_us, request.run_id, request.kind, request.payload
    FROM backfills JOIN events AS request ON request.seq = backfills.seq"""
BACKFILL = f"{_BACKFILL} WHERE backfill_id = ?"
BACKFILLS = f"{_BACKFILL} ORDER BY backfills.seq DESC LIMIT ?"
ACTIVE_BACKFILLS = f"{_BACKFILL} WHERE ended_us = 0 ORDER BY backfills.seq DESC LIMIT ?"
SET_BACKFILL = """INSERT INTO backfills (seq, backfill_id, status, ended_us, message) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (backfill_id) DO UPDATE SET status = excluded.status, ended_us = excluded.ended_us, message = excluded.message"""
ADD_CHUNK = """INSERT INTO backfill_runs (backfill, seq, run_id, targets) SELECT seq, ?, ?, ? FROM backfills WHERE backfill_id = ?"""
CHUNKS = "SELECT seq, run_id, targets FROM backfill_runs WHERE backfill = ? AND seq > ? ORDER BY seq"

# -- Schedules and sensors ----------------------------------------------------------------------------------------------------

INSTIGATORS = "SELECT record FROM instigators ORDER BY id"
INSTIGATOR = "SELECT record FROM instigators WHERE name = ?"
SET_INSTIGATOR = """INSERT INTO instigators (name, record) VALUES (?, ?)
    ON CONFLICT (name) DO UPDATE SET record = excluded.record"""
ADD_TICK = "INSERT INTO ticks (instigator, seq, status, at_us) SELECT id, ?, ?, ? FROM instigators WHERE name = ?"
_TICK = """SELECT events.seq, events.at_us, events.kind, events.payload FROM ticks JOIN events ON events.seq = ticks.seq
    WHERE instigator = (SELECT id FROM instigators WHERE name = ?)"""
TICKS = f"{_TICK} AND ticks.seq < ? ORDER BY ticks.seq DESC LIMIT ?"
TICKS_IN = f"{_TICK} AND status = ? AND ticks.seq < ? ORDER BY ticks.seq DESC LIMIT ?"
OLD_TICKS = """SELECT instigator, seq FROM ticks
    WHERE at_us < ? AND EXISTS (SELECT 1 FROM ticks AS later WHERE later.instigator = ticks.instigator AND later.seq > ticks.seq)
    ORDER BY at_us LIMIT ?"""
DROP_TICK = "DELETE FROM ticks WHERE instigator = ? AND seq = ?"
DROP_EVENT = "DELETE FROM events WHERE seq = ?"

# -- Keys of partitions -------------------------------------------------------------------------------------------------------

PARTITION_KEYS = "SELECT name FROM partition_keys WHERE ordinal >= ? ORDER BY ordinal"
ADD_PARTITION_KEY = "INSERT INTO partition_keys (ordinal, name) VALUES (?, ?)"
DYNAMIC_KEYS = "SELECT name, ordinal FROM dynamic_keys WHERE definition = ? ORDER BY seq, place"
ADD_DYNAMIC_KEY = "INSERT INTO dynamic_keys (definition, name, ordinal, seq, place) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
DROP_DYNAMIC_KEY = "DELETE FROM dynamic_keys WHERE definition = ? AND name = ? AND ordinal = ?"

# -- Texts and leases ---------------------------------------------------------------------------------------------------------

TEXT = "SELECT data FROM texts WHERE id = ?"
ADD_TEXT = "INSERT INTO texts (id, data) VALUES (?, ?) ON CONFLICT DO NOTHING"
LEASE = "SELECT token, owner, until_us FROM leases WHERE name = ?"
SET_LEASE = """INSERT INTO leases (name, token, owner, until_us) VALUES (?, ?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET token = excluded.token, owner = excluded.owner, until_us = excluded.until_us"""
