"""The other end of a `panel_process`: starts it, writes lines to it, and hears what it says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from nbasset.execution.template import started
from nbasset.execution.worker_pool import worker_environment
from nbasset.home import Home
from nbasset.locations.interpreter import interpreter
from nbasset.locations.workspace import Place
from nbasset.storage.places import private_folder

_END_S = 3.0


class Pipe:
    """One process. `heard` gets its lines, `ended` why there are no more; both are called in a thread of the pipe."""

    def __init__(
        self,
        places: Sequence[Place],
        home: Home,
        heard: Callable[[dict[str, Any]], None],
        ended: Callable[[str], None],
        *,
        is_read_only: bool,
    ) -> None:
        self._heard = heard
        self._ended = ended
        self._lock = threading.Lock()
        folder = home.make_state() / "hosts"
        private_folder(folder)
        name = "".join(char if char.isalnum() else "_" for char in (places[0].label if len(places) == 1 else "project"))
        their_in, to_them = os.pipe()
        from_them, their_out = os.pipe()
        with (folder / f"{name}.panels.log").open("wb") as log:
            self._process = started(
                "nbasset.web.panel_process", "serve", (), environment=worker_environment({"PYTHONSAFEPATH": "1"}), folder=str(home.root),
                stdin=their_in, stdout=their_out, stderr=log, python=interpreter(places[0], home), is_forked=True,
            )  # fmt: skip
        os.close(their_in)
        os.close(their_out)
        self._to = os.fdopen(to_them, "wb")
        self._from = os.fdopen(from_them, "rb")
        given = [{"path": str(one.path or ""), "module": one.module, "name": one.name} for one in places]
        self.say({"home": str(home.root), "places": given, "read_only": is_read_only})
        threading.Thread(target=self._read, name="nbasset-panel-pipe", daemon=True).start()

    @property
    def is_alive(self) -> bool:
        """Whether it can still be asked."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def say(self, message: dict[str, Any]) -> None:
        """Write a line. One that has ended hears nothing."""
        line = json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
        with self._lock, suppress(BrokenPipeError, ValueError):
            self._to.write(line)
            self._to.flush()

    def close(self) -> None:
        """Let it end; what does not is ended."""
        with self._lock, suppress(BrokenPipeError, ValueError):
            self._to.close()
        threading.Thread(target=self._reap, name="nbasset-panel-end", daemon=True).start()

    def _reap(self) -> None:
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _read(self) -> None:
        why = ""
        with self._from:
            for line in self._from:
                message = json.loads(line)
                if "broken" in message:
                    why = str(message["broken"])
                else:
                    self._heard(message)
        code = self._process.wait()
        self._ended(why or f"the process that draws it ended (exit code {code}). Its log is in .nbasset/hosts.")
