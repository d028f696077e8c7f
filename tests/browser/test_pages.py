"""The stand-alone pages over a real server: what a person does and sees, nothing that axe-core finds, and no error on the console."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from site_page import Open, wrong_with

CODE = '''
import nbasset as nb

days = nb.DailyPartitionsDefinition("2026-01-01", end_date="2026-01-31")

@nb.asset(group_name="raw")
def orders():
    """What was bought."""
    return [1, 2, 3]

@nb.asset(group_name="raw", partitions_def=days)
def visits(context):
    return [context.partition_key]

@nb.asset(group_name="reports")
def sales(orders):
    return orders

@nb.asset(group_name="reports")
def unsold(sales):
    raise ValueError("nothing is left")

@nb.asset_check(asset=orders)
def some_rows(orders):
    return nb.AssetCheckResult(passed=False, severity=nb.AssetCheckSeverity.WARN, description="three are few")
'''


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with something fresh, something missing, something that failed."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "nbasset.toml").write_text("")
    (folder / "shop.py").write_text(CODE)
    subprocess.run([sys.executable, "-m", "nbasset.cli", "run", "orders,sales,unsold", "-q"], cwd=folder, capture_output=True, check=False)
    return folder


LOADED = {
    "/": "text=Needs attention",
    "/assets": "[role=row] >> text=visits",
    "/lineage": ".node >> nth=3",
    "/assets/orders": ".nb-asset-numbers",
    "/assets/orders?view=checks": "text=three are few",
    "/assets/visits?view=partitions": "text=30 days",
    "/nowhere": "text=No such page",
}


@pytest.mark.node
@pytest.mark.parametrize(("theme", "width", "paths"), [("light", 1440, [*LOADED]), ("dark", 900, ["/assets/orders"])])
def test_axe_finds_nothing_on_any_page_and_none_is_wider_than_its_window(show: Open, theme: str, width: int, paths: list[str]) -> None:
    page = show("/assets", theme=theme, width=width)
    assert wrong_with(page, {path: LOADED[path] for path in paths}) == {}


def test_the_catalogue_filters_by_address_and_the_way_back_leads_through_what_was_seen(show: Open, address: str) -> None:
    page = show("/assets")
    rows = page.locator(".nb-dt-row")
    rows.filter(has_text="visits").wait_for()
    page.get_by_role("button", name=re.compile("failed 1")).click()
    assert page.url == f"{address}/assets?state=failed"
    assert rows.count() == 1
    rows.first.press("Enter")
    page.wait_for_selector("h1 >> text=unsold")
    page.get_by_role("tab", name="Code").click()
    page.wait_for_selector("text=nothing is left")
    assert page.url == f"{address}/assets/unsold?view=code"
    page.go_back()
    page.go_back()
    page.wait_for_selector("h1 >> text=Catalogue")
    assert (page.url, rows.count()) == (f"{address}/assets?state=failed", 1)


def test_slash_finds_by_a_few_letters_and_a_question_mark_tells_the_keys(show: Open, address: str) -> None:
    page = show("/assets")
    page.locator(".nb-dt-row").first.wait_for()
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("vis")
    page.get_by_role("option", name="visits").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_selector("h1 >> text=visits")
    assert page.url == f"{address}/assets/visits"


def test_what_is_materialized_from_one_page_is_seen_on_another_while_it_runs(show: Open) -> None:
    watching = show("/lineage")
    watching.wait_for_selector('.node[data-key="visits"][data-state="missing"]')
    page = show("/assets")
    page.get_by_label("Pick visits").check()
    page.get_by_role("button", name="Materialize (1)").click()
    page.get_by_role("button", name=re.compile("^Run 1 asset")).click()
    page.get_by_role("button", name="Follow it").wait_for()
    watching.wait_for_selector('.node[data-key="visits"][data-state="fresh"]')
    page.keyboard.press("Escape")
    page.locator(".nb-dt-row").filter(has_text="30 fresh").wait_for()


def test_code_that_is_saved_is_drawn_anew_by_itself(show: Open, project: Path) -> None:
    page = show("/assets/sales?view=code")
    page.wait_for_selector("text=return orders")
    (project / "shop.py").write_text(CODE.replace("return orders\n", "return orders[:2]\n"))
    page.wait_for_selector("text=return orders[:2]")
    page.get_by_text("its code changed").first.wait_for()
    (project / "shop.py").write_text(CODE)


def test_reporting_and_wiping_by_hand_change_the_records(show: Open) -> None:
    page = show("/assets/orders")
    page.get_by_label("More about this asset").click()
    page.get_by_role("menuitem", name="Report a materialization").click()
    page.get_by_label("Description").fill("made by hand")
    page.get_by_role("button", name="Report", exact=True).click()
    page.get_by_role("tab", name="Events").click()
    page.get_by_text("reported").first.wait_for()
    page.get_by_label("More about this asset").click()
    page.get_by_role("menuitem", name="Wipe").click()
    page.get_by_label("Give up its records").check()
    page.get_by_role("button", name="Wipe it").click()
    page.get_by_text("never run").first.wait_for()
