"""Which process this is, and whether another one still lives: host, pid and start time together name one process for ever.

A pid alone is given to somebody else sooner or later; the start time tells the two apart.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path

from nbasset.events.kinds import Owner

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_UNKNOWN = 0
_PR_SET_PDEATHSIG = 1


def this_process() -> Owner:
    """The process that calls, also right after a fork."""
    return _owner(os.getpid())


def is_alive(owner: Owner) -> bool | None:
    """Whether the process still runs; None if that cannot be told from here, since it is on another machine.

    Where no start time can be read, a process with the same number counts as the same.
    """
    if owner.host != host():
        return None
    if not _exists(owner.pid):
        return False
    started = start_time(owner.pid)
    return started == owner.started or _UNKNOWN in (started, owner.started)


@cache
def host() -> str:
    """The machine's name."""
    return socket.gethostname()


@cache
def _owner(pid: int) -> Owner:
    return Owner(host(), pid, start_time(pid))


def start_time(pid: int) -> int:
    """When the process began, in a unit of the system's own that only equality means something for; 0 if it cannot be known."""
    if sys.platform == "linux":
        return _linux_start(pid)
    if sys.platform == "win32":
        return _windows_start(pid)
    return _ps_start(pid)


def end_with_parent() -> None:
    """Have the system kill this process when its parent dies, whatever it is at. Only Linux can; elsewhere nothing happens.

    A kernel looks after its parent by itself, but once a second and not while it is busy outside of Python.
    """
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _exists(pid: int) -> bool:
    if sys.platform == "win32":
        return _windows_start(pid) != _UNKNOWN
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _linux_start(pid: int) -> int:
    """Clock ticks from boot to the start of the process, with some bits that name the boot: the same number after a reboot is another."""
    fields = _linux_stat(pid)
    return (_boot() << 32) | (int(fields[19]) & 0xFFFFFFFF) if fields else _UNKNOWN


def _linux_stat(pid: int) -> list[str]:
    """Fields of ``/proc/PID/stat`` from the third on: the name before them stands in brackets and may hold anything."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return stat.rpartition(")")[2].split()


@cache
def _boot() -> int:
    try:
        return int(_BOOT.read_text(encoding="utf-8")[:5], 16)
    except (OSError, ValueError):
        return 0


def _is_zombie(pid: int) -> bool:
    fields = _linux_stat(pid) if sys.platform == "linux" else []
    return bool(fields) and fields[0] == "Z"


def _ps_start(pid: int) -> int:
    """The start time that ``ps`` prints, as a number."""
    try:
        done = subprocess.run(
            ["ps", "-o", "lstart=", "-p", str(pid)],  # noqa: S607 - ps is where the system keeps it
            capture_output=True, text=True, timeout=5, check=False, env={"LC_ALL": "C", "PATH": os.environ.get("PATH", os.defpath)},
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return _UNKNOWN
    text = done.stdout.strip()
    return int.from_bytes(text.encode()[:32], "big") % (1 << 61) if text else _UNKNOWN


def _windows_start(pid: int) -> int:
    if sys.platform != "win32":
        return _UNKNOWN
    import ctypes

    kernel = ctypes.windll.kernel32
    handle = kernel.OpenProcess(0x1000, False, pid)
    if not handle:
        return _UNKNOWN
    times = [ctypes.c_ulonglong() for _ in range(4)]
    code = ctypes.c_ulong()
    try:
        kernel.GetProcessTimes(handle, *(ctypes.byref(time) for time in times))
        kernel.GetExitCodeProcess(handle, ctypes.byref(code))
    finally:
        kernel.CloseHandle(handle)
    return times[0].value if code.value == 259 else _UNKNOWN
