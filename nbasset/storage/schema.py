"""Tables, as numbered steps. A home is brought up to date in one transaction: it is whole at the old number or whole at the new one.

Words in braces are the dialect's. To change the schema add a step; never change one that was published.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

Step: TypeAlias = tuple[str, ...]

_FIRST: Step = (
    # The log. What has a column is not repeated in the payload.
    """CREATE TABLE events (
        seq {key}, at_us {int} NOT NULL, run_id TEXT, kind TEXT NOT NULL, payload TEXT NOT NULL
    )""",
    "CREATE INDEX events_by_run ON events (run_id, seq) WHERE run_id IS NOT NULL",
    # Assets. `rev` is the entry that last changed the asset or a partition of it; 0: only a name so far, of something a run is to make.
    """CREATE TABLE assets (
        id {counted}, name {name} NOT NULL UNIQUE, rev {int} NOT NULL DEFAULT 0,
        status {int} NOT NULL DEFAULT 0, seq {int} NOT NULL DEFAULT 0, changed_seq {int} NOT NULL DEFAULT 0, at_us {int} NOT NULL DEFAULT 0,
        run_id TEXT, observed_us {int} NOT NULL DEFAULT 0, failed_us {int} NOT NULL DEFAULT 0, failed_run_id TEXT, failed_step TEXT,
        retired {int} NOT NULL DEFAULT 0, first_us {int} NOT NULL DEFAULT 0, materializations {int} NOT NULL DEFAULT 0,
        materialization TEXT, observation TEXT, error TEXT
    )""",
    "CREATE TABLE former_names (asset {int} NOT NULL, name {name} NOT NULL, PRIMARY KEY (asset, name)) {packed}",
    "CREATE TABLE asset_events (asset {int} NOT NULL, made {int} NOT NULL, seq {int} NOT NULL, PRIMARY KEY (asset, made, seq)) {packed}",
    """CREATE TABLE partition_events (
        asset {int} NOT NULL, ordinal {int} NOT NULL, seq {int} NOT NULL, PRIMARY KEY (asset, ordinal, seq)
    ) {packed}""",
    "CREATE TABLE partition_blocks (asset {int} NOT NULL, block {int} NOT NULL, data {blob} NOT NULL, PRIMARY KEY (asset, block))",
    """CREATE TABLE checks (
        asset {int} NOT NULL, name TEXT NOT NULL, seq {int} NOT NULL, at_us {int} NOT NULL, run_id TEXT, evaluation TEXT NOT NULL,
        PRIMARY KEY (asset, name)
    ) {packed}""",
    "CREATE TABLE check_events (asset {int} NOT NULL, name TEXT NOT NULL, seq {int} NOT NULL, PRIMARY KEY (asset, name, seq)) {packed}",
    # Runs are numbered by their first entry; what was asked for is read from the entry of the request.
    """CREATE TABLE runs (
        seq {key}, run_id TEXT NOT NULL UNIQUE, status TEXT NOT NULL, request_seq {int} NOT NULL,
        job TEXT, backfill_id TEXT, root_run_id TEXT,
        requested_us {int} NOT NULL, started_us {int} NOT NULL, ended_us {int} NOT NULL, heartbeat_us {int} NOT NULL DEFAULT 0,
        succeeded {int} NOT NULL DEFAULT 0, failed {int} NOT NULL DEFAULT 0, skipped {int} NOT NULL DEFAULT 0, more TEXT NOT NULL
    )""",
    "CREATE INDEX runs_by_status ON runs (status, seq)",
    "CREATE INDEX runs_by_job ON runs (job, seq) WHERE job IS NOT NULL",
    "CREATE INDEX runs_by_backfill ON runs (backfill_id, seq) WHERE backfill_id IS NOT NULL",
    "CREATE INDEX runs_by_root ON runs (root_run_id, seq) WHERE root_run_id IS NOT NULL",
    "CREATE TABLE run_tags (name TEXT NOT NULL, value TEXT NOT NULL, run {int} NOT NULL, PRIMARY KEY (name, value, run)) {packed}",
    "CREATE TABLE run_targets (asset {int} NOT NULL, run {int} NOT NULL, PRIMARY KEY (asset, run)) {packed}",
    # Backfills, numbered by the entry of their request, and the chunks that went to runs.
    """CREATE TABLE backfills (
        seq {key}, backfill_id TEXT NOT NULL UNIQUE, status TEXT NOT NULL, ended_us {int} NOT NULL, message TEXT NOT NULL
    )""",
    "CREATE INDEX backfills_active ON backfills (seq) WHERE ended_us = 0",
    """CREATE TABLE backfill_runs (
        backfill {int} NOT NULL, seq {int} NOT NULL, run_id TEXT NOT NULL, targets TEXT NOT NULL, PRIMARY KEY (backfill, seq)
    ) {packed}""",
    # Ordinals of partition keys without a calendar number, the same in every asset; keys of dynamic definitions in order of arrival.
    "CREATE TABLE partition_keys (ordinal {key}, name {name} NOT NULL UNIQUE)",
    """CREATE TABLE dynamic_keys (
        definition TEXT NOT NULL, name TEXT NOT NULL, ordinal {int} NOT NULL, seq {int} NOT NULL, place {int} NOT NULL,
        PRIMARY KEY (definition, name, ordinal)
    ) {packed}""",
    "CREATE TABLE texts (id TEXT PRIMARY KEY, data {blob} NOT NULL)",
    "CREATE TABLE leases (name TEXT PRIMARY KEY, token {int} NOT NULL, owner TEXT, until_us {int} NOT NULL)",
    # `floor`: the highest number ever given to an entry that was deleted since; `deletions`: how often runs were deleted.
    "CREATE TABLE marks (name TEXT PRIMARY KEY, value {int} NOT NULL)",
    # The last transaction of each process that writes over a network, to learn after a broken connection whether it was committed.
    "CREATE TABLE writers (id TEXT PRIMARY KEY, turn {int} NOT NULL, at_us {int} NOT NULL)",
)

_SECOND: Step = (
    # Schedules and sensors as they stand, and the entries that are ticks of theirs.
    "CREATE TABLE instigators (id {counted}, name {name} NOT NULL UNIQUE, record TEXT NOT NULL)",
    """CREATE TABLE ticks (
        instigator {int} NOT NULL, seq {int} NOT NULL, status TEXT NOT NULL, at_us {int} NOT NULL, PRIMARY KEY (instigator, seq)
    ) {packed}""",
    "CREATE INDEX ticks_by_status ON ticks (instigator, status, seq)",
    "CREATE INDEX ticks_by_time ON ticks (at_us)",
)

STEPS: Sequence[Step] = (_FIRST, _SECOND)
LATEST = len(STEPS)
