"""Ticks of schedules and sensors in words: when, how it ended, what was started or why nothing was. One wording for every face."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from nbasset.commands.forecast_words import moment_text
from nbasset.commands.runs import WORDS as RUN_WORDS
from nbasset.commands.runs import title_of
from nbasset.commands.words import counted, duration, moment
from nbasset.definitions.local_time import zone_of
from nbasset.drawing.picture import State
from nbasset.drawing.states import MARKS
from nbasset.events.records import RunRecord, TickRecord, TickStatus
from nbasset.execution.failures import text_of
from nbasset.keys import RunId

STATES: Mapping[TickStatus, State] = {"success": "fresh", "skipped": "skipped", "failure": "failed", "missed": "warned"}
"""The state whose glyph and colour stand for how a tick ended."""

WORDS: Mapping[TickStatus, str] = {"success": "done", "skipped": "skipped", "failure": "failed", "missed": "missed"}
"""How a tick ended, in a word."""

_MOST_RUNS = 10
_LONGEST_CURSOR = 100
_NO_RUNS: Mapping[RunId, RunRecord] = {}
_NO_LOGS: Mapping[int, Sequence[str]] = {}
LOG_LINES = 5
"""So many lines of a tick's log are shown with it; the file has them all."""


def when_text(tick: TickRecord, zone: str = "") -> str:
    """When a tick was, on the clock of its schedule: of one that was missed with others, the first. A sensor's has the machine's clock.

    >>> from nbasset.events.facts import InstigatorId
    >>> hour = 3600 * 10**6
    >>> tick = TickRecord(1, InstigatorId("a", "schedule", "nightly"), "success", scheduled_us=24 * hour)
    >>> when_text(tick, "Europe/Berlin")
    'Fri 1970-01-02 01:00 CET'
    """
    at_us = tick.scheduled_us or tick.first_us
    return on_clock(at_us, zone) if at_us and zone else moment(at_us or tick.started_us)


def on_clock(at_us: int, zone: str) -> str:
    """A moment on the clock of a schedule."""
    return moment_text(zone_of(zone).datetime(at_us // 1_000_000))


def took_text(tick: TickRecord) -> str:
    """How long the evaluation took; nothing of ticks that were missed."""
    return duration((tick.ended_us - tick.started_us) / 1e6) if tick.started_us else ""


def word_text(tick: TickRecord) -> str:
    """How it ended."""
    return "failed, tried again" if tick.will_retry else WORDS[tick.status]


def what_lines(
    tick: TickRecord, runs: Mapping[RunId, RunRecord] = _NO_RUNS, zone: str = "", *, log: Sequence[str] = (), is_short: bool = False
) -> Iterator[str]:
    """What came of a tick, line by line. `runs` are records of the runs that it started, as far as they are there still.

    A short error is its place and its message, without the lines of code. `log` are lines that its function logged.

    >>> from nbasset.events.facts import InstigatorId
    >>> list(what_lines(TickRecord(1, InstigatorId("a", "sensor", "files"), "skipped", skip_message="no new files")))
    ['no new files']
    """
    if tick.missed:
        until = f" until {on_clock(tick.last_us, zone) if zone else moment(tick.last_us)}" if tick.missed > 1 else ""
        yield f"{counted(tick.missed, 'tick')} passed{until}, and no daemon was there"
        return
    if tick.error is not None:
        yield f"{tick.error.place}: {tick.error}".removeprefix(": ") if is_short else text_of(tick.error)
        if tick.attempt:
            yield f"this was try {tick.attempt + 1} of the same tick"
    yield from (_run_text(run_id, runs.get(run_id)) for run_id in tick.run_ids[:_MOST_RUNS])
    if len(tick.run_ids) > _MOST_RUNS:
        yield f"and {len(tick.run_ids) - _MOST_RUNS} more runs"
    if tick.backfill_id is not None:
        yield f"backfill {tick.backfill_id[:8]}"
    for key, run_id in tick.spent:
        yield f"not again: run key {key!r} was run as {run_id[:8]}"
    yield from tick.also
    if tick.skip_message:
        yield tick.skip_message
    if tick.cursor is not None:
        yield f"cursor: {tick.cursor[:_LONGEST_CURSOR]}{' ...' if len(tick.cursor) > _LONGEST_CURSOR else ''}"
    yield from (f"log: {line}" for line in log)
    if tick.log and len(log) >= LOG_LINES:
        yield f"all of its log: .nbasset/{tick.log}"


def ticks_text(
    ticks: Sequence[TickRecord], runs: Mapping[RunId, RunRecord] = _NO_RUNS, zone: str = "", logs: Mapping[int, Sequence[str]] = _NO_LOGS
) -> str:
    """Ticks as plain text, newest first, each with its glyph and word. `logs` are lines of their logs by the tick's number."""
    rows = [(f"{MARKS[STATES[one.status]]} {word_text(one)}", when_text(one, zone), took_text(one)) for one in ticks]
    widths = [max(len(row[at]) for row in rows) for at in range(3)] if rows else []
    lines: list[str] = []
    for tick, row in zip(ticks, rows, strict=True):
        head = "  ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=True))
        what = [line for text in what_lines(tick, runs, zone, log=logs.get(tick.seq, ())) for line in text.splitlines()]
        is_long = tick.error is not None
        lines.append(f"{head}  {what[0] if what and not is_long else ''}".rstrip())
        lines += [f"    {line}".rstrip() for line in (what if is_long else what[1:])]
    return "\n".join(lines)


def _run_text(run_id: RunId, run: RunRecord | None) -> str:
    if run is None:
        return f"run {run_id[:8]}, forgotten since"
    return f"run {run_id[:8]} {title_of(run)}: {RUN_WORDS.get(run.status, run.status)}"
