"""The loop: one daemon a home, passes until it is asked to end.

A daemon holds the lease ``daemon`` of the store and renews it; everything it writes carries the lease's fence, so one that was stopped for
a while and lost the lease writes nothing when it goes on. Each location is served by a thread of its own, so that a function which hangs
holds up nobody else. Between passes the daemon sleeps until something is due, and looks once in `poll_seconds` whether the log has grown or
code has changed. When the store cannot be reached or the disk is full it says so once, and tries again after a longer and longer while.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FuturesTimeout
from contextlib import contextmanager, suppress
from dataclasses import replace
from queue import Empty, SimpleQueue

from nbasset import clock
from nbasset.commands.daemon_status import LEASE, DaemonReport, write_report
from nbasset.commands.hosts import Host
from nbasset.commands.launching import start_queued
from nbasset.daemon.duties import Due, Duties, Ending
from nbasset.daemon.monitor import Monitor
from nbasset.daemon.telling import Tell, one_line
from nbasset.errors import Error, LeaseLost, PartitionBusy, StorageUnavailable
from nbasset.execution.executors import ThreadExecutor
from nbasset.home import Home
from nbasset.instance import Instance
from nbasset.locations.workspace import Place, places_of, promoted_places
from nbasset.settings import Settings, load_settings
from nbasset.storage.processes import is_alive, this_process
from nbasset.storage.protocol import Fence

LEASE_S = 45.0
_RENEW_S = 15.0
_STANDBY_S = 5.0
_LIST_S = 5.0
_LONGEST_REST_S = 30.0
_MOST_THREADS = 64


class _Ended(Exception):
    """The daemon was asked to end."""


class Daemon:
    """One daemon. `run` returns when it was asked to `stop`, or after one pass."""

    def __init__(self, home: Home, *, places: Sequence[Place] = (), on_line: Tell) -> None:
        self._instance = Instance.open(home.root)
        self._settings = self._instance.settings
        self._given = tuple(places)
        self._on_line = on_line
        self._lines = threading.Lock()
        self._wake: SimpleQueue[None] = SimpleQueue()  # an event deadlocks if a signal sets it just when its own thread holds its lock
        self._is_stopping = False
        self._fence: Fence | None = None
        self._renewed = float("-inf")
        self._duties: dict[Place, Duties] = {}
        self._busy: dict[Place, Future[None]] = {}
        self._pool = ThreadExecutor(_MOST_THREADS)
        self._resting: dict[Place, float] = {}
        self._monitor = Monitor(self._instance, self.tell, self._held)
        self._report: DaemonReport | None = None
        self._started_us = clock.now_us()
        self._settings_mark: tuple[int, int] | None = None
        self._list_again = 0.0
        self._listed_for: Settings | None = None

    def tell(self, text: str) -> None:
        """Tell one fact."""
        with self._lines:
            self._on_line(one_line(text))

    def stop(self) -> None:
        """Ask it to end: from a signal or another thread."""
        self._is_stopping = True
        self._wake.put(None)

    def run(self, *, once: bool = False, standby: bool = False) -> int:
        """Keep watch until it is asked to end, or for one pass; the exit code."""
        try:
            while True:
                if not self._claimed(standby, once):
                    return 1
                try:
                    self._keep_watch(once=once)
                    return 0
                except LeaseLost as error:
                    self._fence = None
                    self.tell(f"another daemon took over: {error}")
                    if not standby:
                        return 1
                finally:
                    self._let_go()
        except _Ended:
            return 0

    # -- the lease -----------------------------------------------------------------------------------------------------------

    def _claimed(self, standby: bool, once: bool) -> bool:
        rest = 1.0
        is_told = False
        while True:
            try:
                if self._renew():
                    return True
                lease = self._instance.storage.lease(LEASE)
                if lease is not None and lease.owner is not None and is_alive(lease.owner) is False:
                    self._instance.storage.release(Fence(LEASE, lease.token, lease.owner))  # nobody is left to renew it
                    continue
            except StorageUnavailable as error:
                if once:
                    raise
                self.tell(f"the home cannot be opened now: {error}")
                self._sleep(rest)
                rest = min(rest * 2, _LONGEST_REST_S)
                continue
            owner = lease.owner if lease is not None else None
            if owner is not None and not is_told:
                then = "This one waits and takes over when it ends." if standby else "Stop it: nbasset daemon stop"
                self.tell(f"process {owner.pid} on {owner.host} keeps watch over {self._instance.home.root} already. {then}")
                is_told = True
            if not standby:
                return False
            self._sleep(_STANDBY_S)

    def _renew(self) -> bool:
        fence = self._instance.storage.claim(LEASE, this_process(), LEASE_S, now_us=clock.now_us())
        if fence is None:
            return False
        if self._fence is not None and fence.token != self._fence.token:  # somebody else had it in between
            self._instance.storage.release(fence)
            return False
        self._fence = fence
        self._renewed = clock.monotonic()
        return True

    def _held(self) -> Fence:
        """The fence to write with.

        Raises
        ------
        LeaseLost
            If there is none.
        """
        if self._fence is None:
            raise LeaseLost("nothing was written: the lease 'daemon' is not held.")
        return self._fence

    # -- passes ---------------------------------------------------------------------------------------------------------------

    def _keep_watch(self, *, once: bool) -> None:
        self.tell(f"keeps watch over {self._instance.home.root} (process {this_process().pid})")
        rest = self._settings.daemon.poll_seconds
        is_out = False
        while not self._is_stopping:
            try:
                next_us = self._pass()
                if once:
                    self._finish()
                else:
                    self._look_after()
                if is_out:
                    self.tell("the records can be read and written again")
                rest, is_out = self._settings.daemon.poll_seconds, False
                if once:
                    return
            except PartitionBusy:  # somebody else starts what is queued; there is always a next pass
                next_us = 0
            except (StorageUnavailable, OSError) as error:
                if once:
                    raise
                if not is_out:
                    self.tell(f"waits, and tries again: {error}")
                next_us, is_out = 0, True
                rest = min(max(rest, 1.0) * 2, _LONGEST_REST_S)
            self._rest(rest if is_out else self._until(next_us))

    def _pass(self) -> int:
        """Set going whatever is due; the moment at which something is due next, 0 if nothing ever is."""
        if clock.monotonic() - self._renewed >= _RENEW_S and not self._renew():
            raise LeaseLost("nothing was written: the lease 'daemon' has been won by another since.")
        self._take_settings()
        for place, future in list(self._busy.items()):
            if future.done():
                del self._busy[place]
                future.result()
        records = self._instance.reader.instigators()
        now_us = clock.now_us()
        upcoming: list[Due] = []
        for place, duties in self._duties.items():
            if place in self._busy or clock.monotonic() < self._resting.get(place, 0.0):
                continue
            known = list(duties.due(records, now_us))
            if duties.host.is_outdated or duties.errands or any(one.at_us <= now_us for one in known):
                self._busy[place] = self._pool.submit(self._fulfil, place, duties)
            upcoming += known
        following = min((one for one in upcoming if one.at_us > now_us), key=lambda one: one.at_us, default=None)
        self._say_of_itself(following)
        return following.at_us if following is not None else 0

    def _look_after(self) -> None:
        """Start what is queued, and follow up on what died."""
        start_queued(self._instance, fence=self._held())
        self._monitor.look({duties.label: duties for duties in self._duties.values()})

    def _fulfil(self, place: Place, duties: Duties) -> None:
        try:
            duties.fulfil(self._instance.reader.instigators())
        except (LeaseLost, StorageUnavailable, OSError):
            raise
        except Ending:
            return
        except Exception as error:  # noqa: BLE001 - one location never ends the daemon
            self.tell(f"{duties.label}: {type(error).__name__}: {error}. It is looked at again in {_LONGEST_REST_S:g} s.")
            self._resting[place] = clock.monotonic() + _LONGEST_REST_S
        finally:
            self._wake.put(None)

    def _finish(self) -> None:
        """For a single pass: wait for what it set going, and start what that asked for."""
        self._wait_for_all()
        self._look_after()
        for place, duties in self._duties.items():
            if duties.errands:
                self._busy[place] = self._pool.submit(self._fulfil, place, duties)
        self._wait_for_all()
        start_queued(self._instance, fence=self._held())
        self._say_of_itself(None)

    def _wait_for_all(self) -> None:
        busy, self._busy = self._busy, {}
        for future in busy.values():
            while not self._is_stopping:
                with suppress(FuturesTimeout):
                    future.result(_RENEW_S)
                    break
                if not self._renew():
                    raise LeaseLost("nothing was written: the lease 'daemon' has been won by another since.")

    def _until(self, next_us: int) -> float:
        poll = self._settings.daemon.poll_seconds or 1.0
        return min(poll, max(0.0, (next_us - clock.now_us()) / 1e6)) if next_us else poll

    def _rest(self, seconds: float) -> None:
        with suppress(Empty):
            self._wake.get(timeout=seconds)
            for _ in range(self._wake.qsize()):  # whatever else happened meanwhile: one look takes it all in
                self._wake.get_nowait()

    def _sleep(self, seconds: float) -> None:
        until = clock.monotonic() + seconds
        while not self._is_stopping and (left := until - clock.monotonic()) > 0:
            self._rest(left)
        if self._is_stopping:
            raise _Ended

    # -- what it serves -----------------------------------------------------------------------------------------------------

    def _take_settings(self) -> None:
        """Read the settings when their file has changed, and see which locations there are."""
        file = self._instance.home.settings_file
        try:
            found = file.stat()
            mark = (found.st_mtime_ns, found.st_size)
        except OSError:
            mark = (0, 0)
        if mark != self._settings_mark:
            self._settings_mark = mark
            try:
                self._settings = load_settings(file)
                self._instance.settings = replace(self._settings, storage=self._instance.settings.storage)
            except Error as error:
                self.tell(f"goes on with the settings of before: {error}")
        self._take_places(self._settings)

    def _take_places(self, settings: Settings) -> None:
        now = clock.monotonic()
        if self._duties and now < self._list_again and self._listed_for is settings:
            return
        places = self._given or (*places_of(self._instance.home, settings), *promoted_places(self._instance.home))
        # Files are read to find locations by convention, so that is done as seldom as it is slow.
        self._list_again = clock.monotonic() + max(_LIST_S, 200 * (clock.monotonic() - now))
        self._listed_for = settings
        for place in [one for one in self._duties if one not in places and one not in self._busy]:
            self._duties.pop(place).host.end()
        for place in places:
            if place not in self._duties:
                self._duties[place] = Duties(Host(place, self._instance.home), self._instance, self.tell, self._held)

    def _say_of_itself(self, following: Due | None) -> None:
        locations = {duties.label: duties.host.error for duties in self._duties.values() if duties.host.catalog is not None}
        at_us = following.at_us if following is not None else 0
        what = following.instigator.name if following is not None else ""
        report = DaemonReport(this_process().pid, self._started_us, locations, at_us, what)
        if report != self._report:
            with suppress(OSError):
                write_report(self._instance.home, report)
                self._report = report

    def _let_go(self) -> None:
        """End the locations' processes and give the lease back. Runs go on: they are nobody's children."""
        for duties in self._duties.values():
            duties.host.doom()
        self._pool.shutdown(wait=True)
        self._pool = ThreadExecutor(_MOST_THREADS)
        for duties in self._duties.values():
            duties.host.end()
        self._busy.clear()
        self._duties.clear()
        if self._fence is not None:
            with suppress(StorageUnavailable, LeaseLost):
                self._instance.storage.release(self._fence)
            self._fence = None


def run_daemon(home: Home, *, places: Sequence[Place] = (), once: bool = False, standby: bool = False, on_line: Tell) -> int:
    """Keep watch over a home until SIGTERM or Ctrl-C, or for one pass; the exit code.

    `places` are the locations to serve, by default those of the project. A second daemon says who is there and ends with 1; with `standby`
    it waits and takes over. `on_line` gets whole sentences without a time.

    Raises
    ------
    StorageCorrupt, StorageUnavailable
        If the records are damaged, or, for one pass, cannot be read or written now.
    """
    daemon = Daemon(home, places=places, on_line=on_line)
    with _signals(daemon.stop):
        return daemon.run(once=once, standby=standby)


@contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    """SIGTERM and SIGINT ask the daemon to end, where this is the main thread; another thread gets no signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {one: signal.signal(one, lambda *_: stop()) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
