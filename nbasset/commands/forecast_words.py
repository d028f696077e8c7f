"""What schedules and sensors would start, in words: one wording for every face."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from nbasset.commands.forecast_facts import Asked, AskedRun, Forecast, ScheduleForecast, SensorForecast, target_text
from nbasset.commands.words import counted, days_text
from nbasset.definitions.catalog_instigators import CatalogSchedule
from nbasset.execution.failures import text_of
from nbasset.keys import AssetKey

_MOST_ASSETS, _MOST_KEYS = 4, 4


def moment_text(moment: datetime) -> str:
    """A tick on its schedule's clock.

    >>> from datetime import UTC
    >>> moment_text(datetime(2026, 11, 26, 2, 30, tzinfo=UTC))
    'Thu 2026-11-26 02:30 UTC'
    """
    return f"{moment:%a %Y-%m-%d %H:%M} {moment.tzname() or ''}".rstrip()


def crons_text(schedule: CatalogSchedule) -> str:
    """When a schedule fires: its crons and zone."""
    return f"{' or '.join(schedule.crons)} ({schedule.timezone})"


def headline(found: Forecast, days: float) -> str:
    """All of it in one sentence."""
    runs = [run for asked in found.evaluations for run in asked.runs]
    starting = sum(run.starts for run in runs)
    failed = sum(asked.error is not None for asked in found.evaluations)
    ticks = sum(len(one.ticks) for one in found.schedules)
    said = []
    if found.schedules:
        more = " or more" if any(one.more for one in found.schedules) else ""
        said.append(f"{counted(len(found.schedules), 'schedule')} with {counted(ticks, 'tick')}{more} in the next {days_text(days)}")
    if found.sensors:
        said.append(f"{counted(len(found.sensors), 'sensor')} looked at now")
    if not said:
        return "No schedules and no sensors are defined."
    known: tuple[ScheduleForecast | SensorForecast, ...] = (*found.schedules, *found.sensors)
    of_what_is_on = sum(run.starts for one in known if one.is_on for run in _runs_of(one))
    end = f"{counted(starting, 'run')} would start"
    if of_what_is_on < starting:
        end += f" if all of them were on, {of_what_is_on or 'none'} as it is"
    end += f", {counted(failed, 'evaluation')} failed" if failed else ""
    return f"{', '.join(said)}: {end}. Nothing was started."


def _runs_of(one: ScheduleForecast | SensorForecast) -> Iterator[AskedRun]:
    for asked in one.ticks if isinstance(one, ScheduleForecast) else (one.asked,):
        yield from asked.runs


def run_text(run: AskedRun) -> str:
    """One run that is asked for: what it would make."""
    what = f"job {run.job}" if run.job else "assets"
    if run.assets:
        what += ": " + _short([_asset_text(key, keys) for key, keys in run.assets], _MOST_ASSETS)
    elif run.ops:
        what += f": {counted(len(run.ops), 'op')}" + (f", partition {run.partition}" if run.partition else "")
    elif run.partition:
        what += f", partition {run.partition}"
    if run.checks:
        what += f"; checks {_short(list(run.checks), _MOST_ASSETS)}"
    if run.only_stale:
        what += "; only what is stale then"
    return what


def why_not(run: AskedRun) -> str:
    """Why the run would not start; empty if it would."""
    if run.ran is not None:
        return f"not again: its run key {run.run_key!r} was run as {run.ran[:8]}"
    return f"would not begin: {run.problem}" if run.problem else ""


def outcome_lines(asked: Asked) -> Iterator[tuple[str, str]]:
    """What an evaluation comes to, line by line, each with its state: ``run``, ``skipped``, ``failed`` or ``note``."""
    if asked.error is not None:
        yield "failed", text_of(asked.error)
    for run in asked.runs:
        why = why_not(run)
        yield ("failed" if run.problem else "skipped" if why else "run"), run_text(run) + (f"; {why}" if why else "")
    if asked.skipped:
        yield "skipped", f"skipped: {asked.skipped}"
    for text in asked.also:
        yield "note", text
    if asked.error is None and not (asked.runs or asked.skipped or asked.also):
        yield "skipped", "asks for nothing"
    for text in asked.log_lines:
        yield "note", f"log: {text}"


def schedule_title(one: ScheduleForecast) -> str:
    """A schedule in one line."""
    target = target_text([one.schedule.target])
    starts = f" starts {target}" if target else ""
    return f"schedule {one.schedule.name}: {crons_text(one.schedule)}{starts}; {one.state}"


def sensor_title(one: SensorForecast) -> str:
    """A sensor in one line."""
    target = target_text(one.sensor.targets)
    starts = f" starts {target}" if target else ""
    kind = "" if one.sensor.kind == "sensor" else f"{one.sensor.kind.replace('_', ' ')}, "
    return f"sensor {one.sensor.name}: {kind}every {one.sensor.minimum_interval_s} s{starts}; {one.state}"


def schedule_text(one: ScheduleForecast) -> str:
    """A schedule and its ticks as plain text."""
    lines = [schedule_title(one)]
    lines += [f"  {one.note}"] if one.note else []
    for tick in one.ticks:
        lines.append(f"  {moment_text(tick.at)}")
        lines += _outcomes(tick)
    lines += ["  and more ticks: --limit shows them"] if one.more else []
    return "\n".join(lines)


def sensor_text(one: SensorForecast) -> str:
    """A sensor and what it asks for now as plain text."""
    lines = [sensor_title(one), *_outcomes(one.asked)]
    for name, asked, why in one.conditions:
        lines.append(f"    {name}: {'asked for' + ('' if why == 'asked for' else f' ({why})') if asked else why}")
    if one.asked.cursor is not None:
        lines.append(f"    cursor: {_cut(one.asked.cursor)}")
    return "\n".join(lines)


def forecast_text(found: Forecast, days: float) -> str:
    """All of it as plain text."""
    parts = [*(schedule_text(one) for one in found.schedules), *(sensor_text(one) for one in found.sensors)]
    return "\n".join([headline(found, days), *parts])


def _outcomes(asked: Asked) -> list[str]:
    return [f"    {line}" for _, text in outcome_lines(asked) for line in text.splitlines()]


def _asset_text(key: AssetKey, keys: Sequence[str]) -> str:
    return f"{key} [{_short(keys, _MOST_KEYS)}]" if keys else str(key)


def _short(words: Sequence[str], most: int) -> str:
    return ", ".join(words[:most]) + (f" and {len(words) - most} more" if len(words) > most else "")


def _cut(text: str, most: int = 100) -> str:
    return text if len(text) <= most else f"{text[:most]} ..."
