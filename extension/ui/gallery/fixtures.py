"""Write gallery/out/panels.json: one panel for each view, made of the kernel's own classes, with answers to what a reader may ask.

The panels pass through the same wire, the same drawing and the same JSON as in a notebook.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal, TypeAlias

from story import CODE, DAILY, DIFF, HISTORY, NOW, PLAN, ROWS_PLOT, TIME_PLOT, WHY, asset, large_lineage, lineage, preview, rng, runs

from nbasset.notebook.wire import ComparedStep, Comparison, Done, DotText, KeyFacts, LogPage, MetricColumn, OutputText, Panel, Started
from nbasset.notebook.wire_cards import (
    HistoryView,
    ShownView,
)
from nbasset.notebook.wire_json import pack_numbers, pack_runs, to_wire
from nbasset.notebook.wire_views import (
    STATES,
    Attempt,
    CellRef,
    CodeLine,
    Dimension,
    ErrorFacts,
    Frame,
    GridView,
    ListKeys,
    LogLine,
    Metric,
    Pick,
    Progress,
    Runs,
    RunView,
    State,
    StepFacts,
    TimeKeys,
    Variable,
    Word,
)

OUT = Path(__file__).parent / "out" / "panels.json"
Level: TypeAlias = Literal["debug", "info", "warning", "error", "event"]


def live_run() -> RunView:
    """A backfill half-way: eight rows of steps."""
    start = NOW - 52

    def tried(queued: float, began: float, loaded: float | None, worked: float | None, ended: float | None, state: State) -> Attempt:
        def at(moment: float | None) -> float | None:
            return None if moment is None else start + moment

        return Attempt(start + queued, start + began - 0.8, start + began, at(loaded), at(worked), at(ended), state)

    steps = (
        StepFacts("daily_flights", "daily_flights", "fresh", attempts=(tried(0, 1.5, 6, 18, 22.5, "fresh"),), critical=True),
        StepFacts("cancellations", "cancellations", "fresh", attempts=(tried(22.5, 23, 26, 32, 34, "fresh"),)),
        StepFacts("delays_by_carrier", "delays_by_carrier", "fresh", attempts=(tried(22.5, 23, 27, 38, 41, "fresh"),), critical=True),
        StepFacts(
            "route_stats",
            "route_stats",
            "retrying",
            attempts=(tried(34, 34.5, 35, None, 43, "failed"), tried(43, 48, None, None, None, "retrying")),
            note="2 of 3",
        ),
        StepFacts(
            "model_features", "model_features", "running", attempts=(tried(41, 42, 46, None, None, "running"),), expected_s=24, note="42 %"
        ),
        StepFacts("delay_model", "delay_model", "queued", expected_at=start + 66, expected_s=18),
        StepFacts("model_scores", "model_scores", "queued", expected_at=start + 84, expected_s=8),
        StepFacts("score_report", "score_report", "queued", expected_at=start + 91, expected_s=3),
    )
    lines: tuple[tuple[Level, str, str], ...] = (
        ("info", "route_stats", "2013-06-09: 218 routes"),
        ("error", "route_stats", "OSError: airports.parquet is locked by another process"),
        ("event", "route_stats", "attempt 2 of 3 in 5 s"),
        ("info", "model_features", "2013-06-07: joined 911 flights with weather, 4 without a match"),
        ("info", "model_features", "2013-06-08: wrote 754 rows, 61 kB"),
    )
    log = tuple(LogLine(i + 40, NOW - 12 + i * 2.2, level, text, step) for i, (level, step, text) in enumerate(lines))
    return RunView("8c41f2ab", "daily_flights+ for 17 partitions", "running", steps, start, None, 40, True, (), log, "5be017aa")


def failed_run() -> RunView:
    """One step that failed in the user's code."""
    lines = CODE.split("\n")
    frame = Frame(
        "cell 7, line 6",
        True,
        tuple(CodeLine(n, lines[n - 1], n == 6) for n in (5, 6, 7)),
        (
            Variable("late", "Series, 15 rows", "UA 61, B6 48, EV 40, DL 33, ... HA 0"),
            Variable("by", "GroupBy, 15 groups", "930 rows of daily_flights, 2013-02-08"),
        ),
        CellRef("cell-7", 7, 6),
    )
    message = "Cannot convert non-finite values (NA or inf) to integer"
    error = ErrorFacts(
        "delays_by_carrier[2013-02-08]",
        "IntCastingNaNError",
        message,
        (frame, *(Frame(f"pandas/core/generic.py, line {i}", False) for i in range(11))),
        "Traceback (most recent call last):\n  Cell 7, line 6\n    pct = (100 * late / ...).astype(int)\n\x1b[31mIntCastingNaNError\x1b[0m: "
        + message,
        "Fill or drop the missing values before astype(int), or use the nullable type Int64.",
    )
    attempt = Attempt(NOW - 300, NOW - 299.9, NOW - 299.8, NOW - 299.7, None, NOW - 299.5, "failed")
    step = StepFacts("delays_by_carrier[2013-02-08]", "delays_by_carrier", "failed", "2013-02-08", (attempt,))
    said: tuple[tuple[Level, str], ...] = (
        ("event", "started"),
        ("info", "930 rows read"),
        ("error", f"IntCastingNaNError: {message}"),
    )
    log = tuple(LogLine(i, NOW - 300 + i / 10, level, text, step.key) for i, (level, text) in enumerate(said))
    return RunView(
        "71d0e9cc",
        "delays_by_carrier, 2013-02-08",
        "failed",
        (step,),
        NOW - 300,
        NOW - 299.5,
        errors=(error,),
        log=log,
        previous="5be017aa",
        since=(Word("Changed since the last good run: "), Word("clean(), cell 4", cell=CellRef("c4", 4))),
        note="the earlier file is kept",
    )


def backfill_run(partitions: int = 400) -> RunView:
    """A run with many steps: rows fold by asset."""
    start = NOW - 600
    steps = []
    for a, asset_key in enumerate(("daily_flights", "delays_by_carrier", "model_features")):
        for p in range(partitions):
            begin = start + a * 60 + p * 0.9 + rng.random() * 3
            state: State = "fresh" if begin < NOW - 150 else "running" if begin < NOW - 145 else "queued"
            if rng.random() < 0.01 and state == "fresh":
                state = "failed"
            over = state in ("fresh", "failed")
            tries = (
                ()
                if state == "queued"
                else (Attempt(start, begin - 0.2, begin, begin + 0.3, begin + 1.5 if over else None, begin + 2 if over else None, state),)
            )
            key = f"2013-{1 + p // 31:02}-{1 + p % 31:02}"
            steps.append(StepFacts(f"{asset_key}[{key}]", asset_key, state, key, tries))
    return RunView("b17f00aa", f"daily_flights+ for {partitions} partitions", "running", tuple(steps), start, None, 130, True)


def hourly() -> GridView:
    """A hundred thousand hours, most of them fresh, with gaps."""
    count = 100_000
    states = [0] * count
    for _ in range(900):
        at = rng.randrange(count)
        for i in range(at, min(count, at + rng.randrange(1, 30))):
            states[i] = rng.choice((1, 1, 2, 3))
    for i in range(count - 400, count):
        states[i] = 2
    keys = TimeKeys("2013-01-01T00:00", "hour", count, "%Y-%m-%d-%H:%M")
    return GridView(
        "sensor_readings",
        (Dimension("hour", keys),),
        Runs(*pack_runs(states)),
        "hourly partitions",
        seconds_per_key=0.05,
        at_once=4,
        metrics=(Metric("rows", "Rows", "rows"),),
    )


def matrix() -> GridView:
    """Sixteen carriers by twelve months."""
    names = (
        "UA United",
        "B6 JetBlue",
        "EV ExpressJet",
        "DL Delta",
        "AA American",
        "MQ Envoy",
        "US US Airways",
        "9E Endeavor",
        "WN Southwest",
        "VX Virgin America",
        "FL AirTran",
        "AS Alaska",
        "F9 Frontier",
        "YV Mesa",
        "HA Hawaiian",
        "OO SkyWest",
    )
    carriers = ListKeys(tuple(name.split(" ")[0] for name in names), tuple(name.split(" ", 1)[1] for name in names))
    states = []
    for row in range(16):
        for month in range(12):
            state: State = "fresh"
            if month == 5:
                state = "stale"
            elif month == 11:
                state = "missing"
            elif month == 10 and row >= 8:
                state = "running" if row == 8 else "queued"
            elif month == 1 and row in (2, 14):
                state = "failed"
            if row == 15 and month in (1, 2, 3, 4, 6, 9, 11):
                state = "skipped"
            states.append(STATES.index(state))
    months = TimeKeys("2013-01-01T00:00", "month", 12, "%Y-%m")
    return GridView(
        "route_stats",
        (Dimension("carrier", carriers), Dimension("month", months)),
        Runs(*pack_runs(states)),
        seconds_per_key=2.5,
        at_once=1,
        metrics=(Metric("rows", "Rows", "rows"), Metric("seconds", "Duration", "s")),
        selected=tuple((row * 12 + 5, row * 12 + 6) for row in range(16)),
    )


def daily(**more: Any) -> GridView:
    """A year of days."""
    facts: dict[str, Any] = {
        "unit": "daily partitions",
        "metrics": (Metric("rows", "Rows", "rows"), Metric("seconds", "Duration", "s")),
        "picks": (Pick("Changed code", ((140, 168),)),),
        "seconds_per_key": 7.0,
        "cell": CellRef("cell-7", 7),
        "selected": ((151, 168),),
    }
    return GridView("delays_by_carrier", (Dimension("day", TimeKeys("2013-01-01T00:00", "day", 365)),), DAILY, **{**facts, **more})


def metric(count: int, holes: int = 0) -> MetricColumn:
    """Made-up numbers with a weekly rhythm and two outliers."""
    values: list[float | None] = [900 - (180 if i % 7 >= 4 else 0) + rng.randrange(140) for i in range(count - holes)] + [None] * holes
    for at in (38, 39):
        if at < count:
            values[at] = 120
    return MetricColumn("rows", pack_numbers(values))


def panel(view: Any, answers: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A panel and what the kernel would answer, by type of command."""
    told = {name: to_wire(result) for name, result in {**ANSWERS, **(answers or {})}.items()}
    return {"panel": to_wire(Panel(view, 1, NOW, link="nbasset", notebook="flights.ipynb", **more)), "answers": told}


ANSWERS: dict[str, Any] = {
    "make_plan": PLAN,
    "materialize": Started("5be017aa", "17 steps"),
    "fetch_why": WHY,
    "fetch_history": HistoryView("delays_by_carrier", HISTORY, None, (ROWS_PLOT,)),
    "fetch_diff": DIFF,
    "fetch_preview": preview(),
    "fetch_asset": asset(),
    "fetch_key": KeyFacts(
        "2013-06-11", "stale", ("made 19 Nov 14:20 in 0.4 s, 16 rows", "daily_flights changed since: +12 rows"), "5be017aa", NOW, True
    ),
    "fetch_log": LogPage("8c41f2ab", tuple(LogLine(i, NOW - 60 + i, "info", f"older line {i}", "daily_flights") for i in range(40)), 45),
    "fetch_output": OutputText(
        "71d0e9cc",
        "delays_by_carrier",
        "stdout",
        "reading 930 rows\n\x1b[32mok\x1b[0m 15 carriers\n  0%|  | 0/15\r100%|##| 15/15\n",
        1200,
        ".nbasset/runs/71d0e9/stdout.txt",
    ),
    "compare_runs": Comparison(
        "71d0e9cc",
        "5be017aa",
        (ComparedStep("delays_by_carrier[2013-02-08]", 0.42, 0.3, "failed here, done there"),),
        (("code of clean()", "n1:7f03", "n1:a410"), ("pandas", "2.3.2", "2.3.3")),
    ),
    "fetch_dot": DotText("digraph lineage {}"),
    "fetch_shown": ShownView("delays_by_carrier", "c09e41", NOW - 260, asset().shown, "2013-12-13"),
    "run_again": Started("91aa20ff", "1 step"),
    "cancel_run": Done("The run stops after its running steps."),
    "roll_back": Done("daily_flights, 2013-06-01 is a1f3d0 again."),
}


def main() -> None:
    """Write the file."""
    OUT.parent.mkdir(exist_ok=True)
    panels = {
        "lineage": panel(lineage(("sources",))),
        "lineage-right": panel(lineage((), "right")),
        "lineage-large": panel(large_lineage()),
        "grid": panel(daily(), {"fetch_metric": metric(365, 14)}),
        "grid-backfill": panel(
            daily(selected=(), progress=Progress("8c41f2ab", 71, 119, 2, None, "queued", "5be017aa", 3, "paused", False, 1)),
            {"fetch_metric": metric(365, 14)},
        ),
        "grid-progress": panel(daily(selected=(), progress=Progress("8c41f2ab", 71, 119, 2, 40)), {"fetch_metric": metric(365, 14)}),
        "grid-matrix": panel(matrix(), {"fetch_metric": metric(192)}),
        "grid-hourly": panel(hourly(), {"fetch_metric": metric(100_000)}),
        "grid-list": panel(
            GridView(
                "regional_sales",
                (Dimension("region", ListKeys(tuple(f"region-{chr(97 + i)}" for i in range(14)))),),
                runs(("fresh", 8), ("stale", 2), ("failed", 1), ("missing", 3)),
                "regions",
                seconds_per_key=3,
            )
        ),
        "run": panel(live_run()),
        "run-failed": panel(failed_run()),
        "run-backfill": panel(backfill_run()),
        "asset": panel(asset()),
        "plan": panel(PLAN),
        "why": panel(WHY),
        "diff": panel(DIFF),
        "history": panel(HistoryView("delays_by_carrier", HISTORY, None, (ROWS_PLOT, TIME_PLOT), "more")),
        "preview": panel(preview()),
        "no-kernel": panel(PLAN, can_run=False),
    }
    OUT.write_text(json.dumps({"now": NOW, "panels": panels}))


if __name__ == "__main__":
    main()
