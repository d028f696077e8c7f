"""Named locks over all processes of a home, as locked files: the system frees them when a process dies, however it dies."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nbasset import clock
from nbasset.errors import PartitionBusy, StorageUnavailable
from nbasset.storage.forks import watch_forks
from nbasset.storage.places import private_folder

_SHORTEST_S = 0.002
_LONGEST_S = 0.05


class FileLocks:
    """Locks in one folder, made with the first lock. Threads of one process exclude each other too."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: set[int] = set()
        self._is_ready = False
        watch_forks(self)

    @contextmanager
    def hold(self, name: str, *, timeout_s: float) -> Iterator[None]:
        """Hold the lock.

        Raises
        ------
        PartitionBusy
            After the time-out, with the process that holds it.
        StorageUnavailable
            If the folder cannot be written to.
        """
        handle = self._acquire(name, timeout_s)
        pid = os.getpid()
        try:
            yield
        finally:
            if os.getpid() == pid:  # a forked child has no part in it: `after_fork` closed its copy
                self._held.discard(handle)
                fcntl.flock(handle, fcntl.LOCK_UN)  # also where a child that was just forked has not closed its copy yet
                os.close(handle)

    def after_fork(self) -> None:
        """Close the copies that a child inherits: otherwise it would hold the parent's locks beyond the parent's life."""
        for handle in self._held:
            os.close(handle)
        self._held = set()

    def _acquire(self, name: str, timeout_s: float) -> int:
        path = self._folder / lock_file(name)
        try:
            if not self._is_ready:
                private_folder(self._folder)
                self._is_ready = True
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise StorageUnavailable(f"the lock {path} cannot be opened: {error.strerror}. Check the folder and its rights.") from error
        try:
            _wait_for(handle, name, path, timeout_s)
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{socket.gethostname()} {os.getpid()}\n".encode(), 0)
        except BaseException:
            os.close(handle)
            raise
        self._held.add(handle)
        return handle


def lock_file(name: str) -> str:
    """A file name for any text: readable where it can be, never two texts with one name, never a path.

    >>> lock_file("raw/orders")
    'raw_orders-b079e0b04f.lock'
    """
    readable = re.sub(r"[^A-Za-z0-9_-]+", "_", name)[:60]
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=5).hexdigest()
    return f"{readable}-{digest}.lock"


def _wait_for(handle: int, name: str, path: Path, timeout_s: float) -> None:
    deadline = clock.monotonic() + timeout_s
    pause_s = _SHORTEST_S
    nap = threading.Event()
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            left_s = deadline - clock.monotonic()
            if left_s <= 0:
                raise busy(name, _holder(handle), timeout_s, str(path)) from None
            nap.wait(min(pause_s, left_s))
            pause_s = min(pause_s * 1.5, _LONGEST_S)
        else:
            return


def _holder(handle: int) -> str:
    words = os.pread(handle, 400, 0).decode(errors="replace").split()
    return f"process {words[1]} on {words[0]}" if len(words) == 2 else "another process"


def busy(name: str, holder: str, timeout_s: float, where: str) -> PartitionBusy:
    """The error for a lock that somebody else holds."""
    return PartitionBusy(
        f"'{name}' is being written by {holder}, for more than {timeout_s:g} s (lock {where}). "
        "Wait for it, or cancel the run that holds it; the lock is free as soon as that process ends."
    )
