"""Telling one process from another that got its number."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

from nbasset.storage.processes import is_alive, this_process


def test_this_process_is_alive_and_a_later_one_with_its_number_is_another() -> None:
    me = this_process()
    assert is_alive(me) is True
    assert is_alive(replace(me, started=me.started + 1)) is False


def test_a_process_that_ended_is_dead_also_before_anybody_waited_for_it() -> None:
    child = subprocess.Popen([sys.executable, "-c", "from nbasset.storage.processes import this_process as t; print(t().started)"],
                             stdout=subprocess.PIPE, text=True)  # fmt: skip
    assert child.stdout is not None
    started = int(child.stdout.read())
    owner = replace(this_process(), pid=child.pid, started=started)
    child.wait()
    child.stdout.close()
    assert is_alive(owner) is False


def test_a_process_of_another_machine_is_neither_alive_nor_dead() -> None:
    assert is_alive(replace(this_process(), host="elsewhere.example.org")) is None
