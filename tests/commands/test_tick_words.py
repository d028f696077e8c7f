"""Ticks in words."""

from __future__ import annotations

from typing import Any

from nbasset.commands.tick_words import ticks_text, what_lines
from nbasset.events.facts import ErrorInfo, Frame, InstigatorId
from nbasset.events.records import TickRecord
from nbasset.keys import RunId

NIGHTLY = InstigatorId("flights.py", "schedule", "nightly")
SECOND = 10**6
SIX = 1_370_066_400 * SECOND  # 2013-06-01 06:00 UTC


def _tick(status: Any, hours: int = 0, **more: Any) -> TickRecord:
    at = SIX + hours * 3600 * SECOND
    return TickRecord(1, NIGHTLY, status, scheduled_us=at, started_us=at + SECOND, ended_us=at + 3 * SECOND, **more)


def test_each_tick_has_a_glyph_a_word_the_schedules_clock_and_what_came_of_it() -> None:
    error = ErrorInfo("ZeroDivisionError", "division by zero", (Frame("cell 4", 3, "nightly", ((3, "    return 1 / 0"),), True),))
    ticks = [
        _tick("failure", 3, error=error, attempt=1),
        TickRecord(2, NIGHTLY, "missed", missed=2, first_us=SIX + 3600 * SECOND, last_us=SIX + 7200 * SECOND),
        _tick("skipped", skip_message="saturday"),
        _tick("success", -1, run_ids=(RunId("8c41f2ab01"),), spent=(("a.csv", "77ab01cd23"),), cursor="x"),
    ]
    assert ticks_text(ticks, zone="Europe/Berlin").splitlines() == [
        "✗ failed   Sat 2013-06-01 11:00 CEST  2.0 s",
        "    cell 4, line 3",
        "    ZeroDivisionError: division by zero",
        "      in nightly, cell 4",
        "      >    3 |     return 1 / 0",
        "    this was try 2 of the same tick",
        "▲ missed   Sat 2013-06-01 09:00 CEST         2 ticks passed until Sat 2013-06-01 10:00 CEST, and no daemon was there",
        "» skipped  Sat 2013-06-01 08:00 CEST  2.0 s  saturday",
        "✓ done     Sat 2013-06-01 07:00 CEST  2.0 s  run 8c41f2ab, forgotten since",
        "    not again: run key 'a.csv' was run as 77ab01cd",
        "    cursor: x",
    ]


def test_of_many_runs_the_first_ones_are_named() -> None:
    tick = _tick("success", run_ids=tuple(RunId(f"{number:08}") for number in range(12)))
    assert list(what_lines(tick))[-2:] == ["run 00000009, forgotten since", "and 2 more runs"]
