"""What is due in one location: ticks of its schedules, evaluations of its sensors; each recorded in one transaction with what it caused.

A tick is evaluated in the location's process, which writes nothing; then its runs, its cursor, its partitions and the tick itself are
appended together under the fence of the daemon's lease. Whoever dies in between leaves nothing, and the tick is evaluated again; whoever
lost the lease meanwhile cannot append.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime

from nbasset import clock
from nbasset.commands.background_backfill import spawn_backfill
from nbasset.commands.hosting import Evaluated
from nbasset.commands.hosts import Host
from nbasset.commands.ticking import TickOutcome, TickTask
from nbasset.commands.words import counted
from nbasset.daemon.telling import Tell
from nbasset.dataclass import dataclass
from nbasset.definitions.catalog_instigators import CatalogSchedule, CatalogSensor
from nbasset.errors import Error, LocationError, StorageUnavailable, WorkerLost
from nbasset.events.facts import ErrorInfo, InstigatorId
from nbasset.events.kinds import Event, InstigatorSet, TickMissed
from nbasset.events.records import InstigatorRecord
from nbasset.instance import Instance
from nbasset.planning.ticks import due, next_due
from nbasset.storage.protocol import Fence

TICKS_FOLDER = "ticks"
_RETRY_US = 5_000_000
_NEVER = 1 << 62
_CLOCK = "%Y-%m-%d %H:%M %Z"

Records = Mapping[InstigatorId, InstigatorRecord]
Entry = CatalogSchedule | CatalogSensor


@dataclass(frozen=True, slots=True)
class Due:
    """One schedule or sensor with its record, and from when on it is to be looked at."""

    instigator: InstigatorId
    entry: Entry
    record: InstigatorRecord
    at_us: int


class Ending(Exception):
    """The location's process was ended because the daemon ends."""


class Duties:
    """The schedules and sensors of one location. One call of `fulfil` at a time."""

    def __init__(self, host: Host, instance: Instance, tell: Tell, fence: Callable[[], Fence]) -> None:
        self.host = host
        self._instance = instance
        self._tell = tell
        self._fence = fence
        self.errands: deque[Callable[[], None]] = deque()
        """What else is to be done in the location's process, in its turn."""
        self._said = ""
        self._next: dict[str, tuple[int, int]] = {}

    @property
    def label(self) -> str:
        """What people call the location."""
        return self.host.label

    def refresh(self) -> None:
        """Load the code if it was not loaded yet or has changed, and tell what is wrong with it, once."""
        was_there = self.host.catalog is not None
        if not self.host.is_outdated:
            return
        found = self.host.load()
        if self.host.is_ending:
            raise Ending
        if found.error:
            if found.error != self._said:
                self._tell(f"{self.label} is left out until it is mended: {found.error}")
        elif self._said or was_there:
            self._tell(f"{self.label} was loaded anew")
        self._said = found.error
        self._next.clear()

    def due(self, records: Records, now_us: int) -> Iterator[Due]:
        """Everything that is on, with the moment at which it is due; one that has passed is due now."""
        catalog = self.host.catalog
        if catalog is None or catalog.error:
            return
        entries: tuple[Entry, ...] = (*catalog.schedules, *catalog.sensors)
        for entry in entries:
            is_schedule = isinstance(entry, CatalogSchedule)
            instigator = InstigatorId(catalog.location, "schedule" if is_schedule else "sensor", entry.name)
            record = records.get(instigator) or InstigatorRecord(instigator)
            if (record.status or entry.default_status.value) != "RUNNING":
                continue
            if not record.since_us:
                yield Due(instigator, entry, record, 0)
            elif isinstance(entry, CatalogSchedule):
                yield Due(instigator, entry, record, self._schedule_due(entry, record, now_us))
            else:
                yield Due(instigator, entry, record, _sensor_due(entry, record, now_us, self._instance.settings.daemon.poll_seconds))

    def fulfil(self, records: Records) -> None:
        """Load what has changed, then do everything that is due, then the errands.

        Raises
        ------
        LeaseLost
            If another daemon took over: nothing was written.
        StorageUnavailable
            If the records cannot be read or written now; what was not recorded will be due again.
        """
        self.refresh()
        known = list(self.due(records, clock.now_us()))
        for one in known:
            if self.host.is_ending:
                raise Ending
            if one.at_us > clock.now_us():
                continue
            if not one.record.since_us:
                self._begin(one)
            elif isinstance(one.entry, CatalogSchedule):
                self._schedule(one, one.entry)
            else:
                self._evaluate(one, None, ())
        while self.errands:
            self.errands.popleft()()
        if not known:
            self.host.rest()  # all is off

    def _begin(self, one: Due) -> None:
        """A schedule or sensor that is on by its definition is seen for the first time: from now on its ticks count."""
        now_us = clock.now_us()
        self._append([InstigatorSet(now_us, one.instigator, one.record.status, now_us)])
        if isinstance(one.entry, CatalogSensor):
            self._evaluate(one, None, ())

    def _schedule_due(self, entry: CatalogSchedule, record: InstigatorRecord, now_us: int) -> int:
        if record.failures and record.last_started_us <= now_us:
            return record.last_started_us + _RETRY_US * (1 << min(record.failures - 1, 8))
        since_us = max(record.since_us, record.last_tick_us)
        known = self._next.get(entry.name)
        if known is None or known[0] != since_us:
            found = next_due(entry, clock.from_us(since_us))
            known = self._next[entry.name] = (since_us, _us(found) if found is not None else _NEVER)
        return known[1]

    def _schedule(self, one: Due, entry: CatalogSchedule) -> None:
        now = clock.now()
        since = clock.from_us(max(one.record.since_us, one.record.last_tick_us))
        found = due(entry, since, now)
        before: tuple[Event, ...] = ()
        if found.missed and found.first_missed is not None and found.last_missed is not None:
            first, last = found.first_missed, found.last_missed
            before = (TickMissed(clock.now_us(), one.instigator, found.missed, _us(first), _us(last)),)
            span = f"from {first:{_CLOCK}} to {last:{_CLOCK}}" if found.missed > 1 else f"at {first:{_CLOCK}}"
            self._tell(f"{one.instigator}: missed {counted(found.missed, 'tick')} {span}")
        for tick in found.fire:
            if not self._evaluate(one, _us(tick), before):
                return
            before = ()

    def _evaluate(self, one: Due, scheduled_us: int | None, before: tuple[Event, ...]) -> bool:
        """One tick from its function to its record; False if the same tick is to be tried again."""
        record = self._instance.reader.instigators().get(one.instigator, one.record)
        started_us = clock.now_us()
        task = TickTask(
            one.instigator, started_us, scheduled_us, record.cursor, record.last_run_key, record.since_us, record.last_started_us
        )
        outcome = self._asked(task)
        if outcome.error is not None and self.host.is_ending:  # what was cut off is evaluated again by whoever comes next
            raise Ending
        attempt = record.failures if scheduled_us is not None and not before else 0
        retries = outcome.error is not None and scheduled_us is not None and attempt < self._instance.settings.daemon.max_tick_retries
        log = self._kept(task, outcome)
        events = outcome.events_of_tick(task, started_us=started_us, at_us=clock.now_us(), attempt=attempt, log=log, will_retry=retries)
        self._append([*before, *events])
        self._say(one.instigator, outcome, retries)
        if outcome.backfill is not None:
            try:
                spawn_backfill(self._instance, outcome.backfill_text)
            except LocationError as error:
                self._tell(f"{one.instigator}: {error}")
        return not retries

    def _asked(self, task: TickTask) -> TickOutcome:
        seconds = self._instance.settings.daemon.tick_seconds
        try:
            answer: Evaluated = self.host.call("evaluate", task, within_s=seconds)
        except TimeoutError:
            rule = f"its function did not come back within {seconds:g} s and was ended. Give it longer: tick_seconds of [daemon]."
            return TickOutcome(error=ErrorInfo("TickTimeout", rule))
        except WorkerLost as error:
            return TickOutcome(error=ErrorInfo("WorkerLost", str(error)))
        except Error as error:
            return TickOutcome(error=ErrorInfo(type(error).__name__, str(error)))
        if answer.outage:
            raise StorageUnavailable(answer.outage)
        return answer.outcome

    def _append(self, events: list[Event]) -> None:
        self._instance.storage.append(events, fence=self._fence(), flush=True)

    def _kept(self, task: TickTask, outcome: TickOutcome) -> str:
        """The file of the tick's lines, below the home's state; empty where there are none, or no room for them."""
        if not outcome.log_lines:
            return ""
        name = f"{TICKS_FOLDER}/{task.now_us}-{''.join(char if char.isalnum() else '_' for char in task.instigator.text)[:100]}.log"
        path = self._instance.home.state / name
        with suppress(OSError):
            path.parent.mkdir(mode=0o700, exist_ok=True)
            path.write_text("\n".join(outcome.log_lines) + "\n", encoding="utf-8")
            return name
        return ""

    def _say(self, instigator: InstigatorId, outcome: TickOutcome, will_retry: bool) -> None:
        if outcome.error is not None:
            place = f" ({outcome.error.place})" if outcome.error.place else ""
            then = "it is tried again" if will_retry else "it is not tried again"
            self._tell(f"{instigator}: failed: {outcome.error}{place}{f'; {then}' if instigator.kind == 'schedule' else ''}")
            return
        ids = [*(run.run_id for run in outcome.runs), *outcome.resumed]
        if ids:
            names = ", ".join(run_id[:8] for run_id in ids[:5])
            more = f" and {len(ids) - 5} more" if len(ids) > 5 else ""
            self._tell(f"{instigator}: asks for {'run' if len(ids) == 1 else 'runs'} {names}{more}")
        if outcome.backfill is not None:
            self._tell(f"{instigator}: asks for backfill {outcome.backfill.backfill_id[:8]}")
        if instigator.kind == "schedule" and not ids and outcome.skip_message:
            self._tell(f"{instigator}: skipped: {outcome.skip_message}")


def _sensor_due(sensor: CatalogSensor, record: InstigatorRecord, now_us: int, least_s: float) -> int:
    """Its interval counts from the start of the last evaluation, unless the clock was set back to before that."""
    interval_us = round(max(sensor.minimum_interval_s, least_s) * 1_000_000)
    return 0 if record.last_started_us > now_us + interval_us else record.last_started_us + interval_us


def _us(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)
