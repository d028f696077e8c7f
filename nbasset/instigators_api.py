"""Schedules, sensors and their ticks, asked under the names that users of the field know: a part of `Instance`.

Nothing is decided here: what is on, and what comes next, depends on definitions too (`commands.instigators`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Literal

from nbasset.errors import InvalidInvocationError
from nbasset.events.facts import InstigatorId
from nbasset.events.records import InstigatorRecord, TickRecord, TickStatus
from nbasset.records_api import RecordsApi

_PAGE = 500


class InstigatorsApi(RecordsApi):
    """What was recorded of schedules and sensors."""

    def all_instigator_state(
        self,
        instigator_type: Literal["schedule", "sensor"] | None = None,
        instigator_statuses: Collection[Literal["RUNNING", "STOPPED"]] | None = None,
    ) -> list[InstigatorRecord]:
        """Schedules and sensors of which anything was recorded, in order; of one kind, or turned on or off by somebody, if asked.

        >>> from nbasset import Instance
        >>> from nbasset.events.kinds import InstigatorSet
        >>> nightly = InstigatorId("flights", "schedule", "nightly")
        >>> with Instance.ephemeral() as instance:
        ...     _ = instance.storage.append([InstigatorSet(1, nightly, "RUNNING", by="ada")])
        ...     [(str(one.instigator), one.status, one.set_by) for one in instance.all_instigator_state("schedule")]
        [('nightly (schedule of flights)', 'RUNNING', 'ada')]
        """
        found = self.reader.instigators()
        return [
            found[one]
            for one in sorted(found)
            if instigator_type in (None, one.kind) and (instigator_statuses is None or found[one].status in instigator_statuses)
        ]

    def get_instigator_state(self, instigator: InstigatorId | str) -> InstigatorRecord | None:
        """What was recorded of one schedule or sensor; a name alone will do where only one has it.

        Raises
        ------
        InvalidInvocationError
            If more than one has this name.
        """
        found = self.reader.instigators()
        if isinstance(instigator, InstigatorId):
            return found.get(instigator)
        named = [one for one in sorted(found) if one.name == instigator]
        if len(named) > 1:
            alike = ", ".join(map(str, named))
            raise InvalidInvocationError(f"{instigator!r} is the name of {alike}. Say which: InstigatorId({named[0].location!r}, ...).")
        return found[named[0]] if named else None

    def get_ticks(
        self,
        instigator: InstigatorId | str,
        before: float | None = None,
        after: float | None = None,
        limit: int | None = None,
        statuses: Collection[TickStatus] | None = None,
    ) -> list[TickRecord]:
        """Ticks of one schedule or sensor, newest first; all of them without a limit. `before` and `after` are seconds since 1970 UTC.

        >>> from nbasset import Instance
        >>> from nbasset.events.kinds import TickEvaluated
        >>> inbox = InstigatorId("flights", "sensor", "inbox")
        >>> with Instance.ephemeral() as instance:
        ...     _ = instance.storage.append([TickEvaluated(2_000_000, inbox, "skipped", 1_000_000, skip_message="no new file")])
        ...     [(tick.status, tick.skip_message) for tick in instance.get_ticks("inbox")]
        [('skipped', 'no new file')]
        """
        record = self.get_instigator_state(instigator)
        found: list[TickRecord] = []
        for tick in self._ticks(record.instigator, statuses or ()) if record is not None and limit != 0 else ():
            seconds = tick.ended_us / 1e6
            if after is not None and seconds <= after:
                break
            if before is None or seconds < before:
                found.append(tick)
            if limit is not None and len(found) >= limit:
                break
        return found

    def purge_ticks(self, before: float) -> int:
        """Forget ticks from before a moment (seconds since 1970 UTC), but never the newest of each; how many went."""
        return self.storage.delete_ticks(round(before * 1e6)) if self.reader.instigators() else 0

    def _ticks(self, instigator: InstigatorId, statuses: Collection[TickStatus]) -> Iterator[TickRecord]:
        before = None
        while page := self.reader.ticks(instigator, before=before, limit=_PAGE, statuses=statuses):
            yield from page
            before = page[-1].seq
