"""Schedules, sensors, their ticks and leases in a database: the part of `sql` that carries automation."""

from __future__ import annotations

from collections.abc import Collection

from nbasset.events.facts import InstigatorId
from nbasset.events.instigators import tick_of
from nbasset.events.records import InstigatorRecord, TickRecord, TickStatus
from nbasset.storage import statements as sql
from nbasset.storage.codec import decode_event, plain_text
from nbasset.storage.dialects import Connection
from nbasset.storage.engine import Engine
from nbasset.storage.protocol import Lease
from nbasset.storage.rows import Row, instigator_from_row, owner_of

_NEVER = 1 << 62
_AT_ONCE = 5_000


class SqlInstigators:
    """Reading what was recorded of schedules, sensors and leases."""

    _engine: Engine

    def instigators(self) -> dict[InstigatorId, InstigatorRecord]:
        """Schedules and sensors of which anything was recorded."""
        rows = self._engine.read(lambda connection: connection.execute(sql.INSTIGATORS).fetchall())
        return {record.instigator: record for record in map(instigator_from_row, rows)}

    def ticks(
        self, instigator: InstigatorId, *, before: int | None = None, limit: int = 25, statuses: Collection[TickStatus] = ()
    ) -> list[TickRecord]:
        """Ticks of one schedule or sensor, newest first."""
        below = _NEVER if before is None else before
        name = plain_text(instigator.text)

        def work(connection: Connection) -> list[Row]:
            if not statuses:
                return connection.execute(sql.TICKS, (name, below, limit)).fetchall()
            pages = [connection.execute(sql.TICKS_IN, (name, status, below, limit)).fetchall() for status in dict.fromkeys(statuses)]
            return sorted((row for page in pages for row in page), reverse=True)[:limit]  # each has its own number, in front

        rows = self._engine.read(work)
        return [tick_of(seq, decode_event(kind, at_us, None, payload)) for seq, at_us, kind, payload in rows]

    def lease(self, name: str) -> Lease | None:
        """A lease as it stands."""
        return self._engine.read(lambda connection: read_lease(connection, name))


def read_lease(connection: Connection, name: str) -> Lease | None:
    """A lease, inside a transaction."""
    row = connection.execute(sql.LEASE, (plain_text(name),)).fetchone()
    return None if row is None else Lease(row[0], owner_of(row[1]), row[2])


def drop_ticks(connection: Connection, older_than_us: int) -> int:
    """Forget some ticks that are old and not the newest of theirs; how many. None are left when it is 0."""
    found = connection.execute(sql.OLD_TICKS, (older_than_us, _AT_ONCE)).fetchall()
    connection.executemany(sql.DROP_TICK, found)
    connection.executemany(sql.DROP_EVENT, [(seq,) for _, seq in found])
    return len(found)
