"""The flights notebook as its users run it: by the command line, into a home of its own, read back by tools that know no nbasset."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

from nbasset.instance import Instance

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
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("flights")]


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


@pytest.fixture(scope="module")
def papermill(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which papermill has executed the notebook once, as the demo does."""
    place = tmp_path_factory.mktemp("papermill")
    _nbasset("run", str(NOTEBOOK), "--papermill", "--stale", "--output", str(place / "executed.ipynb"), home=place)
    return place


def _versions(home: Path) -> dict[str, tuple[str, str, str]]:
    """Data version, code version and digest of inputs of each asset as it is recorded."""
    with Instance.open(home) as instance:
        latest = instance.reader.latest(instance.reader.assets())
    made = {str(key): record.materialization for key, record in latest.items()}
    return {key: (fact.data_version, fact.code_version, fact.input_digest) for key, fact in made.items() if fact is not None}


def test_papermill_makes_the_same_tables(home: Path, papermill: Path) -> None:
    executed = {name: pd.read_parquet(path) for name, path in _stored(papermill).items()}
    assert set(executed) == ASSETS
    for name, path in _stored(home).items():
        pd.testing.assert_frame_equal(executed[name], pd.read_parquet(path))
    assert _versions(papermill) == _versions(home)


def test_after_papermill_there_is_nothing_to_do(papermill: Path) -> None:
    assert _nbasset("run", str(NOTEBOOK), "--papermill", "--stale", home=papermill) == "Nothing to do: 16 assets fresh.\n"
    assert _nbasset("plan", str(NOTEBOOK), home=papermill) == "Nothing to do: 16 assets fresh.\n"


def test_the_executed_notebook_reads_as_a_report(papermill: Path) -> None:
    """Each table under its definition, both figures, and the scratch cells left out."""
    executed = nbformat.read(papermill / "executed.ipynb", as_version=4)
    shown = {cell.id: [output for output in cell.outputs if "data" in output] for cell in executed.cells if cell.cell_type == "code"}
    texts = {cell: [output.data["text/plain"].partition("\n")[0] for output in outputs] for cell, outputs in shown.items()}
    assert texts["raw-flights-run"][0].startswith("raw_flights: made, 336,776 rows")
    assert [line.partition(":")[0] for line in texts["lookups-run"]] == ["airlines", "airports", "planes"]
    assert texts["scratch-look"] == ["Not part of this run."]
    assert [cell for cell, outputs in shown.items() if any("image/png" in output.data for output in outputs)] == [
        "delays-by-hour-run", "model-scores-run",
    ]  # fmt: skip


def test_the_notebook_runs_from_top_to_bottom_in_a_plain_kernel(home: Path, tmp_path: Path) -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    environment = {**os.environ, "NBASSET_HOME": str(tmp_path)}
    NotebookClient(notebook, resources={"metadata": {"path": str(NOTEBOOK.parent)}}, timeout=120).execute(env=environment)
    assert _versions(tmp_path) == _versions(home)
