"""The story that the gallery tells: flights out of New York in 2013, one helper edited at 10:42. The data is made up."""

from __future__ import annotations

import math
import random
from typing import Any

from nbasset.drawing.collapse import collapse
from nbasset.drawing.layout import Direction, lay_out
from nbasset.drawing.picture import Edge, Node, Picture
from nbasset.drawing.picture import State as Drawn
from nbasset.drawing.svg import to_svg
from nbasset.notebook.wire_cards import (
    AssetView,
    ColumnDiff,
    DiffFact,
    DiffLine,
    DiffView,
    HistoryEntry,
    Neighbour,
    PartitionStrip,
    PlanRow,
    PlanView,
    PreviewView,
    Reason,
    RowDiff,
    WhyView,
)
from nbasset.notebook.wire_json import pack_runs
from nbasset.notebook.wire_views import (
    STATES,
    CellRef,
    CheckFacts,
    Code,
    ColumnFacts,
    Count,
    GroupFacts,
    LineageView,
    MetadataFact,
    NodeFacts,
    Runs,
    Series,
    Shown,
    State,
    Word,
)

NOW = 1385113920.0
rng = random.Random(2013)  # noqa: S311  made-up data, the same each time


def runs(*parts: tuple[State, int]) -> Runs:
    """Runs from (state, how many)."""
    states = [STATES.index(state) for state, count in parts for _ in range(count)]
    return Runs(*pack_runs(states))


DAILY = runs(
    ("fresh", 38),
    ("failed", 2),
    ("fresh", 26),
    ("failed", 1),
    ("fresh", 84),
    ("stale", 17),
    ("fresh", 179),
    ("running", 1),
    ("queued", 3),
    ("missing", 14),
)
COUNTS = (Count("failed", 3), Count("running", 1), Count("queued", 3), Count("stale", 17), Count("missing", 14), Count("fresh", 327))

ASSETS: tuple[tuple[str, str, Drawn, str, float | None, tuple[str, ...]], ...] = (
    ("raw_flights", "sources", "fresh", "336 776 rows", 7200, ()),
    ("airlines", "sources", "fresh", "16 rows", 7200, ()),
    ("airports", "sources", "checkfailed", "", 7200, ()),
    ("raw_planes", "sources", "fresh", "", 7200, ()),
    ("raw_weather", "sources", "warned", "", 7200, ()),
    ("daily_flights", "flights", "stale", "331 of 365 stale", None, ("raw_flights",)),
    ("cancellations", "flights", "fresh", "", 360, ("daily_flights",)),
    ("delays_by_carrier", "flights", "failed", "3 of 365 failed", None, ("daily_flights", "airlines")),
    ("route_stats", "flights", "retrying", "2 of 3", None, ("cancellations", "airports")),
    ("weather_hourly", "weather", "fresh", "", 7300, ("raw_weather",)),
    ("weather_daily", "weather", "warned", "", None, ("weather_hourly",)),
    ("storm_days", "weather", "fresh", "", 7400, ("weather_daily",)),
    ("model_features", "model", "running", "42 %", None, ("delays_by_carrier", "weather_daily", "raw_planes")),
    ("delay_model", "model", "queued", "", None, ("model_features",)),
    ("model_scores", "model", "canceled", "", 3700, ("delay_model",)),
    ("score_report", "model", "missing", "never run", None, ("delay_model", "storm_days")),
)


def lineage(folded: tuple[str, ...] = (), direction: Direction = "down") -> LineageView:
    """The sixteen assets of the story."""
    counts: dict[str, tuple[tuple[Drawn, int], ...]] = {
        "daily_flights": (("stale", 331), ("fresh", 34)),
        "delays_by_carrier": tuple((c.state, c.count) for c in COUNTS if c.state != "checkpassed"),
        "model_features": (("running", 153), ("missing", 212)),
    }
    picture = Picture(
        tuple(Node(key, key, state, fact, group, counts=counts.get(key, ())) for key, group, state, fact, _, _ in ASSETS),
        tuple(Edge(source, key) for key, *_, upstream in ASSETS for source in upstream),
        caption="flights.ipynb",
    )
    drawn = collapse(picture, closed=folded)
    at = {key: position for position, (key, *_) in enumerate(ASSETS)}
    nodes = tuple(
        NodeFacts(
            key,
            key,
            state,
            fact,
            None if age is None else NOW - age,
            group,
            kinds=("table",) if group != "model" else ("model",),
            owners=("team:flights",),
            description="Departure delay and share of late flights, by carrier." if key == "delays_by_carrier" else "",
            cell=CellRef(f"cell-{position}", position + 2),
            rows=16 if key == "delays_by_carrier" else 842,
            last_error="cell 7, line 6: IntCastingNaNError: Cannot convert non-finite values (NA or inf) to integer"
            if state == "failed"
            else None,
            spark=Series("rows", tuple(float(700 + 120 * math.sin(i / 3) + rng.randrange(60)) for i in range(30))),
            counts=tuple(Count(s, n) for s, n in counts.get(key, ())),
        )
        for position, (key, group, state, fact, age, _) in enumerate(ASSETS)
    )
    groups = tuple(
        GroupFacts(name, sum(1 for _, group, *_ in ASSETS if group == name), name in folded)
        for name in ("sources", "flights", "weather", "model")
    )
    edges = tuple((at[source], at[key]) for key, *_, upstream in ASSETS for source in upstream)
    layout = lay_out(drawn, direction=direction)
    return LineageView(to_svg(drawn, layout), nodes, edges, groups, "Lineage", "as of 10:52", "", direction)


def large_lineage(count: int = 1000) -> LineageView:
    """A thousand assets in layers of fifty, all open."""
    fresh: Drawn = "fresh"
    states: tuple[Drawn, ...] = (*(fresh,) * 14, "stale", "stale", "missing", "failed", "running", "fresh")
    keys = [f"asset_{i:04}" for i in range(count)]
    edges = [(j, i) for i in range(50, count) for j in {(i // 50 - 1) * 50 + rng.randrange(50) for _ in range(1 + rng.randrange(2))}]
    kinds = [rng.choice(states) for _ in keys]
    picture = Picture(
        tuple(Node(key, key, kinds[i], "", f"group_{i // 50:02}") for i, key in enumerate(keys)),
        tuple(Edge(keys[a], keys[b]) for a, b in edges),
    )
    nodes = tuple(
        NodeFacts(key, key, kinds[i], at=NOW - rng.randrange(80000), group=f"group_{i // 50:02}", cell=CellRef(None, i))
        for i, key in enumerate(keys)
    )
    groups = tuple(GroupFacts(f"group_{i:02}", 50) for i in range(count // 50))
    return LineageView(
        to_svg(picture, lay_out(picture, direction="down", engine="layered")), nodes, tuple(edges), groups, "A thousand assets"
    )


CODE = '''@asset(partitions_def=daily, group_name="flights")
def delays_by_carrier(daily_flights: pd.DataFrame, airlines: pd.DataFrame):
    """Departure delay and share of late flights, by carrier."""
    by = daily_flights.groupby("carrier")
    late = by["dep_delay"].agg(lambda d: (d > 15).sum())
    pct = (100 * late / by["dep_time"].count()).round().astype(int)
    table = pd.DataFrame({"flights": by.size(), "late_pct": pct})
    return table.reset_index().merge(airlines, on="carrier")
'''


def bins(count: int = 12) -> tuple[float, ...]:
    """Heights of a made-up histogram."""
    return tuple(float(round(100 * math.exp(-((i - 4) ** 2) / 9) + rng.randrange(12))) for i in range(count))


FIGURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="240" height="90">'
    + "".join(
        f'<rect x="{10 + i * 22}" y="{80 - h}" width="16" height="{h}" fill="#5a8ea6"/>'
        for i, h in enumerate((20, 46, 62, 40, 33, 28, 52, 18, 12, 30))
    )
    + "</svg>"
)


def entry(version: str, days_ago: float, **more: Any) -> HistoryEntry:
    """A line of a history."""
    facts: dict[str, Any] = {
        "state": "fresh",
        "run": f"{version}c2",
        "rows": 16,
        "size_bytes": 3100,
        "seconds": 0.4,
        "partition": "2013-12-13",
        "data_version": "c1:" + version,
        "code_version": "n1:7f",
    }
    return HistoryEntry(version, NOW - 86400 * days_ago, **{**facts, **more})


HISTORY = (
    entry("c09e41", 0.003, is_current=True, shown=2),
    entry("a1f3d0", 2.8),
    entry("71d0e9", 3.1, state="failed", what="failed", rows=None, size_bytes=None, partition="2013-02-08", is_kept=False),
    entry("5be017", 5.0, rows=15),
    entry("338af2", 12.2, is_kept=False),
)
ROWS_PLOT = Series(
    "rows",
    tuple(float(15 + (i % 7 == 0) + rng.randrange(2)) if i != 20 else None for i in range(48)),
    tuple(f"2013-{1 + i // 28:02}-{1 + i % 28:02}" for i in range(48)),
)
TIME_PLOT = Series("seconds", tuple(0.3 + 0.2 * rng.random() for _ in range(48)), ROWS_PLOT.names, "s")


def preview() -> PreviewView:
    """First rows of a day of flights."""
    columns = (
        ColumnFacts("dep_time", "float", nulls=4, low="517", high="2356", bins=bins(), numeric=True),
        ColumnFacts("dep_delay", "float", nulls=4, low="-15", high="853", bins=(5, 100, 52, 25, 12, 7, 4, 3, 2, 1, 1, 1), numeric=True),
        ColumnFacts("carrier", "str", distinct=14, top=(("UA", 165), ("B6", 163))),
        ColumnFacts("tailnum", "str", distinct=700, top=(("N37420", 4), ("N14228", 3))),
        ColumnFacts("origin", "str", distinct=3, top=(("EWR", 305), ("JFK", 297))),
        ColumnFacts("dest", "str", distinct=94, top=(("FLL", 44), ("MCO", 43))),
        ColumnFacts("air_time", "float", nulls=11, low="22", high="656", bins=bins(), numeric=True),
        ColumnFacts("distance", "int", low="94", high="4 983", bins=bins(), numeric=True),
        ColumnFacts("hour", "int", low="5", high="23", bins=bins(), numeric=True),
        ColumnFacts("time_hour", "timestamp", low="2013-01-01 05:00", high="2013-01-01 23:00"),
    )
    rows: tuple[tuple[str | None, ...], ...] = tuple(
        (
            str(517 + i * 11),
            str(2 - i),
            rng.choice(("UA", "AA", "B6")),
            f"N{14228 + i * 977}",
            rng.choice(("EWR", "LGA", "JFK")),
            rng.choice(("IAH", "MIA", "BQN")),
            str(227 - i),
            f"{1400 + i * 16:,}".replace(",", "\u2009"),
            "5",
            "2013-01-01 05:00",
        )
        for i in range(8)
    )
    rows = (*rows, (None, None, "EV", "N18120", "EWR", "RDU", None, "416", "15", "2013-01-01 15:00"))
    return PreviewView(
        "daily_flights",
        columns,
        rows,
        "2013-01-01",
        842,
        66_000,
        "warehouse/daily_flights/2013-01-01.parquet",
        'assets["daily_flights"].load("2013-01-01")',
        "rows 1 to 8 and the last of 842",
    )


def asset() -> AssetView:
    """The asset that most of the story is about."""
    columns = (
        ColumnFacts("carrier", "str", distinct=16),
        ColumnFacts("flights", "int", bins=bins(10), numeric=True),
        ColumnFacts("late_pct", "int", bins=bins(10), numeric=True),
        ColumnFacts("name", "str", distinct=16),
    )
    rows = (("UA", "169", "24", "United"), ("B6", "158", "27", "JetBlue"), ("EV", "141", "38", "ExpressJet"), ("DL", "120", "19", "Delta"))
    return AssetView(
        "delays_by_carrier",
        "failed",
        COUNTS,
        "3 of 365 failed",
        NOW - 240,
        "flights",
        "Departure delay and share of late flights, by carrier.\n\n**Late** is more than 15 minutes. See `airlines` for the names.",
        ("table", "pandas"),
        ("team:flights",),
        ("tier=gold",),
        (Neighbour("daily_flights", "stale"), Neighbour("airlines", "fresh")),
        (Neighbour("model_features", "running"),),
        Code(CODE, 1, CellRef("cell-7", 7)),
        PartitionStrip("daily partitions", 365, DAILY, ("Jan", "Apr", "Jul", "Oct", "Dec")),
        PreviewView("delays_by_carrier", columns, rows, "2013-12-13", 16),
        (
            CheckFacts("one_row_a_carrier", "checkpassed", "Every carrier once.", True, NOW - 240),
            CheckFacts("late_share_in_range", "warned", "late_pct between 0 and 60.", False, NOW - 240, "max 64 on 2013-12-05"),
        ),
        HISTORY,
        (
            MetadataFact("dagster/row_count".replace("dagster/", ""), "16", "number"),
            MetadataFact("source", "github.com/example/flights", "url", "https://github.com/example/flights"),
            MetadataFact("note", "Carriers with fewer than *ten* flights stay in.", "md"),
        ),
        (ROWS_PLOT, TIME_PLOT),
        (
            Shown("image/svg+xml", FIGURE, "late_pct by carrier"),
            Shown("text/html", "<table border=1><tr><th>carrier</th><th>late</th></tr><tr><td>UA</td><td>24</td></tr></table>", ""),
        ),
        "warehouse/delays_by_carrier/2013-12-13.parquet",
        "8c41f2ab",
        0.4,
    )


PLAN = PlanView(
    "delays_by_carrier+",
    (
        PlanRow(
            "delays_by_carrier",
            "stale",
            "17 stale, 3 failed, 14 missing",
            34,
            "[2013-06-01...2013-06-17], ...",
            ("daily_flights", "airlines"),
            36,
        ),
        PlanRow("model_features", "stale", "input will change", 34, "", ("delays_by_carrier", "weather_daily", "raw_planes"), 48),
        PlanRow("delay_model", "stale", "input will change", 1, "", ("model_features",), 18),
        PlanRow("model_scores", "canceled", "canceled before", 1, "", ("delay_model",), 8),
        PlanRow("score_report", "missing", "never run", 1, "", ("delay_model", "storm_days"), 9),
    ),
    1,
    119,
    4,
    71,
    38_000_000,
    "%asset run delays_by_carrier+ --stale",
    ("Stops early where data does not change.",),
    "d1",
)
WHY = WhyView(
    "delays_by_carrier",
    "stale",
    "is stale for 17 of 365 partitions",
    (
        Reason(
            (Word("clean() in cell 4", cell=CellRef("c4", 4)), Word(" changed, 3 lines, today 10:42")),
            None,
            (
                DiffLine(" ", "def clean(flights):", 1, 1),
                DiffLine(" ", '    """One row a flight, no duplicates."""', 2, 2),
                DiffLine("-", '    return flights.dropna(subset=["dep_time"])', 3),
                DiffLine("+", '    flights = flights.drop_duplicates(["time_hour", "carrier", "flight"])', None, 3),
                DiffLine("+", '    return flights[flights["sched_dep_time"].notna()]', None, 4),
            ),
            "The same edit leaves 331 more partitions of daily_flights stale.",
        ),
        Reason(
            (
                Word("daily_flights", asset="daily_flights"),
                Word(" was made again with it, today 10:51, for "),
                Word("2013-06-01...2013-06-17", mono=True),
                Word("; data changed in 17 of 17: "),
                Word("+204 rows", run="5be017"),
            ),
            "fresh",
        ),
        Reason((Word("delays_by_carrier", asset="delays_by_carrier"), Word(" still holds values made from the earlier rows")), "stale"),
    ),
    (Word("own code, "), Word("airlines", mono=True), Word(", configuration, pandas 2.3.3")),
    17,
    119,
)
DIFF = DiffView(
    "daily_flights",
    entry("a1f3d0", 2.8, partition="2013-06-01"),
    entry("c09e41", 0.003, partition="2013-06-01"),
    "2013-06-01",
    (
        DiffFact("Rows", "742", "754"),
        DiffFact("Added", "", "+ 12", "+"),
        DiffFact("Removed", "", "0"),
        DiffFact("Changed in place", "", "0"),
        DiffFact("Columns", "", "19, same types"),
        DiffFact("Size", "58.9", "59.6 kB"),
    ),
    (
        ColumnDiff("dep_time", "float", ("0", "12"), ("1 341", "1 341"), 12, (0, 0.12)),
        ColumnDiff("dep_delay", "float", ("0", "12"), ("9.31", "9.31"), 12, (0, 0.12)),
        ColumnDiff("air_time", "float", ("3", "15"), ("152.6", "152.6"), 12, (0.04, 0.15)),
        ColumnDiff("arr_delay", "float", ("3", "15"), ("4.02", "4.02"), 12, (0.04, 0.15)),
    ),
    (
        RowDiff("+", "2013-06-01  MQ 4413  LGA-RDU  sched 06:30  dep_time null"),
        RowDiff("+", "2013-06-01  EV 4322  EWR-MCI  sched 08:00  dep_time null"),
    ),
    "10 more rows added; 15 columns without change",
)
