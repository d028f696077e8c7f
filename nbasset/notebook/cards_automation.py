"""Cards of what starts by itself: jobs, schedules, sensors, and what they would start in the days to come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from nbasset.commands.forecast_facts import Asked, Forecast, ScheduleForecast, SensorForecast
from nbasset.commands.forecast_words import (
    forecast_text,
    headline,
    moment_text,
    outcome_lines,
    schedule_text,
    schedule_title,
    sensor_text,
    sensor_title,
)
from nbasset.commands.instigator_lists import (
    ListedSchedule,
    ListedSensor,
    schedule_rows,
    schedules_text,
    sensor_rows,
    sensors_text,
)
from nbasset.commands.instigators import InstigatorState
from nbasset.commands.job_verbs import JobDetail, JobFacts, config_text, job_text, jobs_text
from nbasset.commands.tick_words import STATES as TICK_STATES
from nbasset.commands.tick_words import word_text
from nbasset.commands.words import counted
from nbasset.drawing.picture import State
from nbasset.notebook.display import Bundle
from nbasset.notebook.html import Html, card, code_text, element, glyph, joined, quiet, state_word, table
from nbasset.secrets import mask_secrets

_STATES: dict[str, State] = {"run": "queued", "skipped": "skipped", "failed": "failed"}
_USED: tuple[State, ...] = ("queued", "skipped", "failed")
_STANDING: tuple[State, ...] = ("fresh", "skipped", "failed", "warned")


def jobs_card(jobs: Sequence[JobFacts]) -> Bundle:
    """``%asset job list``."""
    rows = [(code_text(job.name), job.makes, job.partitions, job.starters) for job in jobs]
    return _listed(("Job", "Makes", "Partitions", "Started by"), rows, counted(len(jobs), "job"), jobs_text(jobs))


def job_card(detail: JobDetail, *, only_config: bool = False) -> Bundle:
    """``%asset job show``."""
    job = detail.facts
    if only_config:
        text = config_text(detail.config)
        return Bundle(card(element("pre", text, class_="pre"), label=f"configuration of job {job.name}"), text)
    facts = [
        ("Ops" if job.ops else "Assets", ", ".join(job.ops or map(str, job.assets))), ("Partitions", job.partitions),
        ("Started by", job.starters), ("Executor", job.executor),
        ("Tags", ", ".join(f"{key}={value}" for key, value in job.tags)), ("Defined in", job.place),
        ("Last runs", ", ".join(f"{run.run_id[:8]} {run.status}" for run in detail.runs)),
    ]  # fmt: skip
    rows = [(quiet(name), code_text(text)) for name, text in facts if text]
    head = element("header", element("b", f"job {job.name}"), quiet(job.description) if job.description else None)
    config = element("pre", config_text(detail.config), class_="pre") if detail.config else None
    return Bundle(card(head, table(("", ""), rows), config, label=f"job {job.name}"), mask_secrets(job_text(detail)))


def schedules_card(listed: Sequence[ListedSchedule]) -> Bundle:
    """``%asset schedule list``."""
    rows = _as_they_stand(schedule_rows(listed), [one.state for one in listed], 3)
    heads = ("Schedule", "When", "Starts", "State", "Last tick", "Next tick")
    return _listed(heads, rows, counted(len(listed), "schedule"), schedules_text(listed), states=_STANDING)


def sensors_card(listed: Sequence[ListedSensor]) -> Bundle:
    """``%asset sensor list``."""
    rows = _as_they_stand(sensor_rows(listed), [one.state for one in listed], 4)
    heads = ("Sensor", "Kind", "Looks", "Starts", "State", "Last tick")
    return _listed(heads, rows, counted(len(listed), "sensor"), sensors_text(listed), states=_STANDING)


def schedules_ahead_card(found: Sequence[ScheduleForecast], title: str) -> Bundle:
    """``%asset schedule preview`` and ``schedule evaluate``."""
    text = "\n".join(map(schedule_text, found)) or "no schedules"
    return _card(title, [part for one in found for part in _schedule(one)], text)


def sensors_now_card(found: Sequence[SensorForecast], title: str) -> Bundle:
    """``%asset sensor evaluate``."""
    text = "\n".join(map(sensor_text, found)) or "no sensors"
    return _card(title, [part for one in found for part in _sensor(one)], text)


def forecast_card(found: Forecast, days: float) -> Bundle:
    """``%asset plan --days N``."""
    parts = [part for schedule in found.schedules for part in _schedule(schedule)]
    parts += [part for sensor in found.sensors for part in _sensor(sensor)]
    return _card(headline(found, days), parts, forecast_text(found, days))


def _schedule(one: ScheduleForecast) -> Iterable[Html]:
    yield element("div", element("b", schedule_title(one)), class_="note")
    if one.note:
        yield element("div", quiet(one.note), class_="note")
    rows = [(code_text(moment_text(tick.at)), _outcome(tick)) for tick in one.ticks]
    if rows:
        yield table(("Tick", "Would start"), rows)
    if one.more:
        yield element("div", quiet("There are more ticks: --limit shows them."), class_="note")


def _sensor(one: SensorForecast) -> Iterable[Html]:
    yield element("div", element("b", sensor_title(one)), class_="note")
    yield element("div", _outcome(one.asked), class_="note")
    if one.conditions:
        rows = [(code_text(name), glyph("queued" if asked else "skipped"), why) for name, asked, why in one.conditions]
        yield table(("Asset", "", "Condition"), rows)


def _outcome(asked: Asked) -> Html:
    lines = []
    for kind, text in outcome_lines(asked):
        shown = element("pre", text, class_="pre") if "\n" in text else text
        lines.append(element("div", glyph(_STATES[kind]), " ", shown) if kind in _STATES else element("div", quiet(shown)))
    return element("div", *lines)


def _card(title: str, parts: Sequence[Html], text: str) -> Bundle:
    html = card(element("header", element("b", title)), *parts, label=title, states=_USED)
    return Bundle(html, mask_secrets(text))


def _listed(heads: Sequence[str], rows: Sequence[Sequence[Any]], title: str, text: str, states: Iterable[State] = ()) -> Bundle:
    body = table(heads, rows) if rows else None
    return Bundle(card(element("header", element("b", title)), body, label=title, states=states), mask_secrets(text))


def _as_they_stand(rows: Sequence[Sequence[str]], states: Sequence[InstigatorState], at: int) -> list[list[Any]]:
    """Rows with the name as something to type; in column `at` the glyph of whether it is on, in the next one that of its last tick."""
    found: list[list[Any]] = [[code_text(row[0]), *row[1:]] for row in rows]
    for cells, state in zip(found, states, strict=True):
        word, comma, why = cells[at].partition(",")
        cells[at] = joined(state_word("fresh" if state.is_on else "skipped", word), comma, why)
        if state.last is not None:
            word = word_text(state.last)
            cells[at + 1] = joined(state_word(TICK_STATES[state.last.status], word), cells[at + 1].removeprefix(word))
    return found
