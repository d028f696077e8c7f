"""The flights notebook as its users run it: by the command line, into a home of its own, read back by tools that know no nbasset."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pandas as pd
import pytest

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "flights.ipynb"
GROUPS = {
    "raw": {"raw_flights", "weather", "airlines", "airports", "planes"},
    "flights": {
        "daily_flights", "delays_by_carrier", "cancellations", "worst_routes", "plane_age_delays", "flight_weather", "storm_days",
    },
    "reports": {"delays_by_hour"},
    "model": {"model_features", "delay_model", "model_scores"},
}  # fmt: skip
ASSETS = set().union(*GROUPS.values())

# The same words as in the expected rows, asked of the Parquet files.
STORED = {
    "raw_flights": "select count(*), count(dep_time), sum(dep_delay), count(distinct date) from raw_flights",
    "daily_flights": "select count(*), count(*) filter (cancelled), count(*) filter (late), sum(dep_delay) from daily_flights",
    "delays_by_carrier": "select carrier, name, flights, late_pct from delays_by_carrier order by carrier",
    "cancellations": "select month, EWR, JFK, LGA from cancellations order by month",
    "worst_routes": "select origin, dest, flights, mean_arr_delay from worst_routes",
    "plane_age_delays": "select sum(flights) from plane_age_delays",
    "flight_weather": "select count(*), count(*) filter (cancelled) from flight_weather",
    "storm_days": "select date::date, flights, cancelled_pct from storm_days limit 2",
    "delays_by_hour": "select hour, EWR from delays_by_hour order by hour",
    "model_features": "select count(*), count(*) filter (held_out) from model_features",
}

# One worker runs them all: the notebook runs once.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("flights"),
    pytest.mark.skipif(find_spec("nbasset.cli") is None, reason="no command line yet"),
]


def _nbasset(*arguments: str, home: Path) -> str:
    """What the command prints; it must end well."""
    command = [str(Path(sys.executable).with_name("nbasset")), *arguments, "--home", str(home)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=home)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the notebook has run once."""
    place = tmp_path_factory.mktemp("flights")
    _nbasset("run", str(NOTEBOOK), home=place)
    return place


def _stored(home: Path) -> dict[str, Path]:
    return {path.stem: path for path in (home / "warehouse").glob("*.parquet")}


def test_a_run_leaves_one_parquet_file_for_each_asset(home: Path) -> None:
    assert set(_stored(home)) == ASSETS


@pytest.mark.parametrize("asset", STORED)
def test_totals_equal_those_computed_straight_from_the_published_files(
    asset: str, home: Path, expected: dict[str, list[tuple[object, ...]]]
) -> None:
    warehouse = duckdb.connect()
    warehouse.read_parquet(str(_stored(home)[asset])).to_view(asset)
    assert warehouse.sql(STORED[asset]).fetchall() == expected[asset]


def test_pandas_reads_the_files_with_their_types(home: Path) -> None:
    flights = pd.read_parquet(_stored(home)["raw_flights"])
    assert (flights["date"].dtype.kind, str(flights["time_hour"].dt.tz), flights["carrier"].dtype) == (
        "M",
        "UTC",
        pd.StringDtype(na_value=float("nan")),
    )


def test_a_second_run_writes_nothing(home: Path) -> None:
    before = {name: path.stat().st_ino for name, path in _stored(home).items()}
    _nbasset("run", str(NOTEBOOK), home=home)
    assert {name: path.stat().st_ino for name, path in _stored(home).items()} == before


def test_papermill_makes_the_same_tables(home: Path, tmp_path: Path) -> None:
    _nbasset("run", str(NOTEBOOK), "--papermill", home=tmp_path)
    executed = {name: pd.read_parquet(path) for name, path in _stored(tmp_path).items()}
    assert set(executed) == ASSETS
    for name, path in _stored(home).items():
        pd.testing.assert_frame_equal(executed[name], pd.read_parquet(path))
