"""Processes that begin as the fork of one that has loaded the libraries already: in a twentieth of a second, sharing its memory.

A process that loads a location by itself takes about a second of a processor and 130 MB, nearly all of it for pandas, pyarrow and IPython.
Where a server or a daemon needs one for each location, the second of them starts a template (``python -m nbasset.execution.template FD``),
which has a single thread, knows nothing of the user's code and does nothing but fork; the first, often the only one, is started whole. The
forks are processes like any other: each has a session of its own, and one that dies or is killed takes nobody along.

Linux only, where a process of another parent can be waited for by its file descriptor. `started` starts a whole process wherever there is
no template to be had.
"""

from __future__ import annotations

import atexit
import fcntl
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Protocol

LIBRARIES = (
    "nbasset.commands.hosting", "nbasset.locations.notebook", "nbasset.public_names", "nbformat", "IPython.core.inputtransformer2",
    "pandas", "pyarrow.parquet",
)  # fmt: skip
"""What nearly every location loads."""

_MOST_BYTES = 1 << 17
_START_S = 60.0
_ASIDE = 512
_ALONE = ("LD_", "PYTHON", "OMP_", "OPENBLAS_", "MKL_", "ARROW_", "TZ", "LANG", "LC_")
"""Beginnings of names of variables that are read when a process starts, or a library is loaded."""


class Process(Protocol):
    """What a starter knows of a process: that of `subprocess.Popen`, as far as it is used here."""

    pid: int
    returncode: int | None

    def poll(self) -> int | None:
        """The exit code; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once there is one."""


def started(
    module: str, entry: str, fds: Sequence[int], *, environment: Mapping[str, str], folder: str | None, stdin: int = subprocess.DEVNULL,
    stdout: IO[bytes] | int | None = None, stderr: IO[bytes] | int | None = None, python: str = sys.executable, words: Sequence[str] = (),
    is_forked: bool = False,
) -> Process:  # fmt: skip
    """A process in a session of its own: ``python -m MODULE WORDS FDS``, or `entry` of that module in a fork of the template."""
    if is_forked and python == sys.executable:
        forked = _forked(f"{module}:{entry}", fds, environment, folder, (stdin, stdout, stderr))
        if forked is not None:
            return forked
    return subprocess.Popen(
        [python, "-m", module, *words, *map(str, fds)], stdin=stdin, stdout=stdout, stderr=stderr, pass_fds=tuple(fds),
        start_new_session=True, cwd=folder, env=dict(environment),
    )  # fmt: skip


# -- the side that asks -----------------------------------------------------------------------------------------------------------


class Template:
    """The process that forks, as its parent knows it. Requests come one at a time, from whatever thread."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.mark = _mark(environment)
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "nbasset.execution.template", str(theirs.fileno()), *LIBRARIES], stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=(theirs.fileno(),), start_new_session=True,
                env=dict(environment),
            )  # fmt: skip
        self._socket.settimeout(_START_S)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def fork(
        self, entry: str, fds: Sequence[int], environment: Mapping[str, str], folder: str | None, stdio: Sequence[int]
    ) -> Forked:  # fmt: skip
        """A new process that runs ``module:function``, whose arguments are the `fds`: they have the same numbers there.

        Raises
        ------
        OSError
            If there is no template any more, or the environment is too long to be told.
        """
        request = {"entry": entry, "folder": folder, "environment": dict(environment), "fds": [0, 1, 2, *fds]}
        return Forked(self, int(self._ask(request, [*stdio, *fds])["pid"]))

    def exit_code(self, pid: int) -> int | None:
        """How a process ended that did; None where nobody knows any more."""
        with suppress(OSError):
            return int(self._ask({"ended": pid})["code"])
        return None

    def close(self) -> None:
        """End it. What it has forked lives on."""
        self._socket.close()
        self._process.kill()
        self._process.wait()

    def _ask(self, request: Mapping[str, Any], fds: Sequence[int] = ()) -> dict[str, Any]:
        with self._lock:
            line = json.dumps(request).encode()
            if len(line) > _MOST_BYTES:
                raise OSError("the environment is too long to be told")
            socket.send_fds(self._socket, [line], list(fds))
            answer = self._socket.recv(_MOST_BYTES)
        if not answer:
            raise OSError("the template has ended")
        found: dict[str, Any] = json.loads(answer)
        return found


class Forked:
    """One process that a template has forked."""

    def __init__(self, template: Template, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._template = template
        self._lock = threading.Lock()
        self._pidfd = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """The exit code; None while it runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once there is one; that of a killed process where the template went before it.

        Raises
        ------
        subprocess.TimeoutExpired
            If it still runs.
        """
        if self.returncode is None:
            waiting = select.poll()
            waiting.register(self._pidfd, select.POLLIN)
            if not waiting.poll(None if timeout is None else timeout * 1000):
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        with self._lock:
            if self.returncode is None:
                code = self._template.exit_code(self.pid)
                self.returncode = -signal.SIGKILL if code is None else code
            return self.returncode

    def __del__(self) -> None:
        os.close(self._pidfd)


_CURRENT: list[Template] = []
_FIRST = ["is still to come"]
_MAKING = threading.Lock()


def _forked(
    entry: str, fds: Sequence[int], environment: Mapping[str, str], folder: str | None, stdio: Sequence[IO[bytes] | int | None]
) -> Forked | None:  # fmt: skip
    if not hasattr(os, "pidfd_open"):
        return None
    if _FIRST:
        _FIRST.clear()
        return None
    with open(os.devnull, "r+b") as nothing:  # noqa: PTH123 - a device
        numbers = [_number(given, own, nothing.fileno()) for own, given in enumerate(stdio)]
        for _ in range(2):  # a template that was killed is made again, once
            try:
                return _template(environment).fork(entry, fds, environment, folder, numbers)
            except TimeoutError:
                _forget()
                return None
            except OSError:
                _forget()
    return None


def _template(environment: Mapping[str, str]) -> Template:
    """The template of this process; another one where libraries were installed meanwhile, or the environment that they read is another."""
    with _MAKING:
        if _CURRENT and _CURRENT[0].mark != _mark(environment):
            _CURRENT.pop().close()
        if not _CURRENT:
            _CURRENT.append(Template(environment))
            atexit.register(_forget)
        return _CURRENT[0]


def _forget() -> None:
    with _MAKING:
        if _CURRENT:
            _CURRENT.pop().close()


def _mark(environment: Mapping[str, str]) -> object:
    """What a fork takes over and cannot change. A folder of packages changes when one is installed."""
    folders = [path for path in map(Path, sys.path) if path.name == "site-packages" and path.is_dir()]
    return sorted(item for item in environment.items() if item[0].startswith(_ALONE)), [path.stat().st_mtime_ns for path in folders]


def _number(given: IO[bytes] | int | None, own: int, nothing: int) -> int:
    if given is None:
        return own
    if isinstance(given, int):
        return nothing if given == subprocess.DEVNULL else given
    return given.fileno()


# -- the template -----------------------------------------------------------------------------------------------------------------


def serve(fd: int, libraries: Sequence[str]) -> None:
    """Load the libraries, then fork whenever that is asked for, until nobody can ask any more."""
    for name in libraries:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # so that a collection in a fork writes on none of the pages that are shared
    with socket.socket(fileno=fd) as requests:
        while True:
            line, fds, _, _ = socket.recv_fds(requests, _MOST_BYTES, 16)
            if not line:
                return
            request = json.loads(line)
            if "ended" in request:
                answer = {"code": _code(int(request["ended"]))}
            else:
                answer = {"pid": _fork(request, fds, requests)}
                for one in fds:
                    os.close(one)
            requests.send(json.dumps(answer).encode())


def _code(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _fork(request: Mapping[str, Any], fds: Sequence[int], requests: socket.socket) -> int:
    """The process id, once the process has a session of its own, so that its whole group can be signalled."""
    is_ready, ready = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that of threads: those of numpy end and begin again around a fork
        pid = os.fork()
    if pid:
        os.close(ready)
        os.read(is_ready, 1)  # ends when the other end is closed
        os.close(is_ready)
        return pid
    code = 1
    try:
        requests.close()
        os.close(is_ready)
        os.setsid()
        os.close(ready)
        code = _become(request, fds)
    except BaseException:  # noqa: BLE001 - a fork must never go on as the template
        sys.excepthook(*sys.exc_info())
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)


def _become(request: Mapping[str, Any], fds: Sequence[int]) -> int:
    """What a process that was started for this alone would be."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    aside = [fcntl.fcntl(one, fcntl.F_DUPFD, _ASIDE) for one in fds]
    for one in fds:
        os.close(one)
    for one, number in zip(aside, request["fds"], strict=True):
        os.dup2(one, number)
        os.close(one)
    os.environ.clear()
    os.environ.update(request["environment"])
    if request["folder"]:
        os.chdir(request["folder"])
    _new_chance()
    module, _, function = request["entry"].partition(":")
    if module.partition(".")[0] != "nbasset":
        raise ValueError(f"only functions of nbasset are run here, not {module}")
    return int(getattr(importlib.import_module(module), function)(*request["fds"][3:]) or 0)


def _new_chance() -> None:
    """Each process draws random numbers of its own; those of Python do so by themselves."""
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2:])
    os._exit(0)  # at once: there is nothing to be put away
