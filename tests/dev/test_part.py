"""Programs under guard: what they say is heard, and none outlives whoever started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

import pytest

from nbasset.dev.guard import KILLED
from nbasset.dev.part import Ended, News, Part, Said

Watch = Callable[[list[int]], Callable[[], None]]
_ECHO = "import signal, sys, threading\ndef bye(*_):\n    print('bye', flush=True)\n    sys.exit(3)\nsignal.signal(signal.SIGTERM, bye)\n"
_WAITS = "print('here', flush=True)\nthreading.Event().wait()\n"


def _part(tmp_path: Path, program: str, *, grace_s: float = 60) -> tuple[Part, SimpleQueue[News]]:
    news: SimpleQueue[News] = SimpleQueue()
    return Part("one", [sys.executable, "-c", program], news, folder=tmp_path, environ=os.environ, grace_s=grace_s), news


def test_what_a_part_says_is_heard_before_its_end(tmp_path: Path) -> None:
    _, news = _part(tmp_path, "import sys; print('a'); print('b', file=sys.stderr); sys.exit(4)")
    heard = [news.get() for _ in range(3)]
    assert sorted(heard[:2], key=str) == [Said("one", "a"), Said("one", "b")]
    assert heard[2] == Ended("one", 4)


def test_a_part_that_is_asked_to_end_ends_in_its_own_way(tmp_path: Path) -> None:
    part, news = _part(tmp_path, _ECHO + _WAITS)
    assert news.get() == Said("one", "here")
    part.end()
    part.end()
    assert (news.get(), news.get()) == (Said("one", "bye"), Ended("one", 3))


def test_a_part_that_does_not_end_in_its_time_is_killed(tmp_path: Path) -> None:
    part, news = _part(tmp_path, "import signal, threading\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + _WAITS, grace_s=0.1)
    assert news.get() == Said("one", "here")
    part.end()
    ended = news.get()
    assert (ended, ended.how) == (Ended("one", KILLED), "was killed")  # type: ignore[union-attr]


def test_an_end_is_told_though_something_that_it_started_holds_its_output(tmp_path: Path) -> None:
    inner = "import sys; sys.stdin.read()"
    door = tmp_path / "door"
    os.mkfifo(door)
    inner = f"open({str(door)!r}).read()"
    program = f"import subprocess, sys\nprint('started', flush=True)\nsubprocess.Popen([sys.executable, '-c', {inner!r}])"
    part, news = _part(tmp_path, program)
    assert news.get() == Said("one", "started")
    assert news.get() == Ended("one", 0)
    assert part.is_over
    door.open("w").close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_part_does_not_outlive_whoever_started_it(tmp_path: Path, watch: Watch, number: signal.Signals) -> None:
    program = """
import os, sys
from pathlib import Path
from queue import SimpleQueue
from nbasset.dev.part import Part
news = SimpleQueue()
part = Part("one", [sys.executable, "-c", "import os, threading; print(os.getpid(), flush=True); threading.Event().wait()"], news,
            folder=Path.cwd(), environ=os.environ, grace_s=60)
print(part._guard.pid, news.get().text, flush=True)
news.get()
"""
    owner = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    assert owner.stdout is not None
    pids = [int(word) for word in owner.stdout.readline().split()]
    await_end = watch(pids)
    owner.send_signal(number)
    owner.wait(60)
    await_end()
    owner.stdout.close()
