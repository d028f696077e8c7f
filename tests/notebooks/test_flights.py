"""The flights notebook as its users run it: by the command line, into a home of its own, read back by tools that know no nbasset."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

from nbasset.events.facts import AssetMaterialized
from nbasset.events.kinds import StepSucceeded
from nbasset.instance import Instance

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "notebooks" / "flights.ipynb"
WHOLE = {
    "raw_flights", "weather", "airlines", "airports", "planes",
    "cancellations", "delays_by_carrier", "worst_routes", "plane_age_delays", "storm_days", "delays_by_hour",
    "model_features", "delay_model", "model_scores",
}  # fmt: skip
PARTITIONED = {"daily_flights": 365, "carriers_by_day": 365, "flight_weather": 365, "airport_hours": 1095, "monthly_cancellations": 12}

# The same words as in the expected rows, asked of the Parquet files. Of an asset with partitions, `partition` is the name of the file.
STORED = {
    "raw_flights": "select count(*), count(dep_time), sum(dep_delay), count(distinct date) from raw_flights",
    "daily_flights": """
        select partition, count(*), count(*) filter (cancelled), sum(dep_delay) from daily_flights
        where date = partition::date group by all order by all""",
    "carriers_by_day": "select partition, carrier, flights, cancelled, late, delay from carriers_by_day order by all",
    "flight_weather": "select partition, count(*), count(visib) from flight_weather where date = partition::date group by all order by all",
    "airport_hours": "select day::varchar, origin, hour, flights, cancelled, delay from airport_hours order by all",
    "monthly_cancellations": "select partition, origin, flights, cancelled, cancelled_pct from monthly_cancellations order by all",
    "cancellations": "select month, EWR, JFK, LGA from cancellations order by month",
    "delays_by_carrier": "select carrier, name, flights, late_pct, mean_delay from delays_by_carrier order by carrier",
    "worst_routes": "select origin, dest, flights, mean_arr_delay from worst_routes",
    "plane_age_delays": "select sum(flights) from plane_age_delays",
    "storm_days": "select day, flights, cancelled_pct from storm_days limit 2",
    "delays_by_hour": "select hour, EWR from delays_by_hour order by hour",
    "model_features": "select count(*), count(*) filter (held_out) from model_features",
}

# One worker runs them all: the year is made once and again in a kernel, on a machine that may have much else to do.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("flights"), pytest.mark.timeout(600)]


def _nbasset(*arguments: str, home: Path) -> str:
    """What the command prints; it must end well."""
    command = [str(Path(sys.executable).with_name("nbasset")), *arguments, "--home", str(home)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=home)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _demo(home: Path) -> list[str]:
    """What each command of ``make demo`` that makes tables prints, into a home of its own."""
    recipe = re.findall(r"^\t@\$\(BIN\)/nbasset ((?:run|backfill) .*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert [line.split()[0] for line in recipe] == ["backfill", "run"]
    place = str(home / "executed.ipynb")
    words = [line.replace("notebooks/flights.ipynb", str(NOTEBOOK)).replace("out/flights.ipynb", place).split() for line in recipe]
    return [_nbasset(*line, home=home) for line in words]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the demo has run once."""
    place = tmp_path_factory.mktemp("flights")
    _demo(place)
    return place


def _view(home: Path, asset: str) -> duckdb.DuckDBPyConnection:
    """A database that reads the files of an asset as they lie there."""
    whole = home / "warehouse" / f"{asset}.parquet"
    files = str(whole) if whole.exists() else str(home / "warehouse" / asset / "**" / "*.parquet")
    database = duckdb.connect()
    database.execute(f"""
        create view {asset} as select *, parse_filename(filename, true) as partition
        from read_parquet('{files}', filename = true, hive_partitioning = true)""")
    return database


def _files(home: Path) -> dict[Path, int]:
    return {path: path.stat().st_ino for path in (home / "warehouse").glob("[!.]*/**/*.parquet")} | {
        path: path.stat().st_ino for path in (home / "warehouse").glob("*.parquet")
    }


def test_a_run_leaves_a_parquet_file_for_each_asset_and_for_each_of_its_partitions(home: Path) -> None:
    warehouse = home / "warehouse"
    assert {path.stem for path in warehouse.glob("*.parquet")} == WHOLE
    assert {name: len(list((warehouse / name).rglob("*.parquet"))) for name in PARTITIONED} == PARTITIONED


def test_folders_name_the_dimensions(home: Path) -> None:
    folder = home / "warehouse" / "airport_hours"
    days = sorted(path.name for path in folder.iterdir())
    assert (len(days), days[0], days[-1]) == (365, "day=2013-01-01", "day=2013-12-31")
    files = {path.relative_to(path.parents[1]).as_posix() for path in folder.rglob("*.parquet")}
    assert files == {f"origin={origin}/part.parquet" for origin in ("EWR", "JFK", "LGA")}


@pytest.mark.parametrize("asset", STORED)
def test_what_is_stored_equals_what_the_published_files_give(asset: str, home: Path, expected: dict[str, list[tuple[object, ...]]]) -> None:
    assert _view(home, asset).sql(STORED[asset]).fetchall() == expected[asset]


def test_days_months_and_the_year_add_up(home: Path) -> None:
    totals = {
        name: _view(home, name).sql(f"select {sums} from {name}").fetchall()
        for name, sums in {
            "daily_flights": "count(*), count(*) filter (cancelled)",
            "carriers_by_day": "sum(flights), sum(cancelled)",
            "airport_hours": "sum(flights), sum(cancelled)",
            "monthly_cancellations": "sum(flights), sum(cancelled)",
        }.items()
    }
    assert set(map(tuple, totals.values())) == {((336_776, 8_255),)}


def test_pandas_reads_the_files_with_their_types(home: Path) -> None:
    flights = pd.read_parquet(home / "warehouse" / "daily_flights" / "2013-02-08.parquet")
    assert (flights["date"].dtype.kind, str(flights["time_hour"].dt.tz), flights["carrier"].dtype) == (
        "M",
        "UTC",
        pd.StringDtype(na_value=float("nan")),
    )


def test_a_second_demo_has_nothing_to_do(home: Path) -> None:
    before = _files(home)
    assert len(before) == len(WHOLE) + sum(PARTITIONED.values())
    assert [said.splitlines()[-1] for said in _demo(home)] == ["Nothing to do: 4 assets fresh.", "Nothing to do: 19 assets fresh."]
    assert _nbasset("plan", str(NOTEBOOK), home=home) == "Nothing to do: 19 assets fresh.\n"
    assert _files(home) == before


def test_the_executed_notebook_reads_as_a_report(home: Path) -> None:
    """Each table that was made under its definition, a line for the others, both figures, and the scratch cells left out."""
    executed = nbformat.read(home / "executed.ipynb", as_version=4)
    shown = {cell.id: [output for output in cell.outputs if "data" in output] for cell in executed.cells if cell.cell_type == "code"}
    texts = {cell: [output.data["text/plain"].partition("\n")[0] for output in outputs] for cell, outputs in shown.items()}
    assert texts["monthly-cancellations-run"][0].startswith("monthly_cancellations: made, 12 partitions, 36 rows")
    assert [line.partition(":")[0] for line in texts["lookups-run"]] == ["airlines", "airports", "planes"]
    assert texts["scratch-look"] == ["Not part of this run."]
    said = {cell.id: cell.source for cell in executed.cells if cell.id.endswith("-kept")}
    assert [cell.removesuffix("-kept") for cell in said] == [
        "raw-flights", "weather", "daily-flights", "carriers-by-day", "flight-weather", "airport-hours",
    ]  # fmt: skip
    assert said["daily-flights-kept"] == "<small>`daily_flights`: not made in this run, which reads what is stored.</small>"
    assert [cell for cell, outputs in shown.items() if any("image/png" in output.data for output in outputs)] == [
        "delays-by-hour-run", "model-scores-run",
    ]  # fmt: skip


def test_another_limit_for_late_flights_makes_stale_what_counts_them_and_nothing_else(home: Path, tmp_path: Path) -> None:
    """What the notebook's last cell promises to whoever edits the constant."""
    text = NOTEBOOK.read_text()
    assert "LATE_MINUTES = 15" in text
    edited = tmp_path / "flights.ipynb"
    edited.write_text(text.replace("LATE_MINUTES = 15", "LATE_MINUTES = 30"))
    said = _nbasset("plan", str(edited), home=home)
    assert re.findall(r"^ +\d+\. +(.*)$", said, re.MULTILINE) == [
        "carriers_by_day  365 partitions: 2013-01-01..2013-12-31", "delays_by_carrier  perhaps", "plane_age_delays",
    ]  # fmt: skip
    assert "`LATE_MINUTES` in cell 5 changed" in said
    assert "16 assets fresh" in said


# -- other ways to run it -----------------------------------------------------------------------------------------------------------


Versions = dict[str, dict[str, tuple[str, str, str]]]


def _versions(home: Path) -> Versions:
    """Data version, code version and digest of inputs of each asset, of each of its partitions, as they were recorded last."""
    found: Versions = {}
    after = 0
    with Instance.open(home) as instance:
        while entries := instance.reader.entries(after=after, limit=1000):
            after = entries[-1].seq
            for fact in (fact for entry in entries if isinstance(entry.event, StepSucceeded) for fact in entry.event.facts):
                if isinstance(fact, AssetMaterialized):
                    partition = fact.partition.key if fact.partition is not None else ""
                    found.setdefault(str(fact.asset), {})[partition] = (fact.data_version, fact.code_version, fact.input_digest)
    return found


def test_run_all_in_a_plain_kernel_makes_the_same_data(home: Path, tmp_path: Path) -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    environment = {**os.environ, "NBASSET_HOME": str(tmp_path)}
    NotebookClient(notebook, resources={"metadata": {"path": str(NOTEBOOK.parent)}}, timeout=240).execute(env=environment)
    here, there = _versions(tmp_path), _versions(home)
    assert {name: len(parts) for name, parts in here.items() if name in PARTITIONED} == PARTITIONED
    assert here == there


def test_a_job_of_a_few_days_through_papermill_makes_them_and_what_follows_and_no_others(home: Path) -> None:
    before, versions = _files(home), _versions(home)
    days = {f"2013-12-{day}" for day in (24, 25, 26)}
    _nbasset("run", str(NOTEBOOK), "--papermill", "daily_flights+", "-s", "2013-12-24", "-e", "2013-12-26", home=home)
    written = {path.relative_to(home / "warehouse").as_posix() for path, inode in _files(home).items() if before.get(path) != inode}
    assert written == {
        *(f"{name}/{day}.parquet" for name in ("daily_flights", "carriers_by_day", "flight_weather") for day in days),
        *(f"airport_hours/day={day}/origin={origin}/part.parquet" for day in days for origin in ("EWR", "JFK", "LGA")),
        "monthly_cancellations/2013-12-01.parquet",
        *(f"{name}.parquet" for name in WHOLE - {"raw_flights", "weather", "airlines", "airports", "planes"}),
    }
    assert _versions(home) == versions
