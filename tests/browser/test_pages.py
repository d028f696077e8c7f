"""The stand-alone pages over a real server: what a person does and sees, nothing that axe-core finds, and no error on the console."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lab_page import PATIENCE_S

import nbasset.web

AXE = Path(__file__).parents[2] / "extension" / "ui" / "node_modules" / "axe-core" / "axe.min.js"
Open = Callable[..., Any]

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


@pytest.fixture(scope="module")
def address(project: Path) -> Iterator[str]:
    """Where `nbasset ui` serves it."""
    if not (Path(nbasset.web.__file__).parent / "static" / "index.html").is_file():
        pytest.skip("the pages were not built")
    command = [sys.executable, "-m", "nbasset.cli", "ui", "--port", "0", "--no-open"]
    with subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}) as server:
        assert server.stdout is not None
        said = ""
        while (found := re.search(r"http://\S+?(?=/?\s)", said)) is None:
            line = server.stdout.readline()
            assert line, said
            said += line
        yield found[0]
        server.terminate()
        server.wait(30)


@pytest.fixture
def show(chromium: Any, address: str) -> Iterator[Open]:
    """Open a page; at the end of the test the console must be clean."""
    found: list[str] = []
    pages: list[Any] = []

    def open_page(path: str, *, theme: str = "light", width: int = 1440) -> Any:
        page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion="reduce", bypass_csp=True)
        page.set_default_timeout(PATIENCE_S * 1000)
        pages.append(page)
        page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: found.append(str(error)))
        page.goto(f"{address}{path}")
        return page

    yield open_page
    for page in pages:
        page.close()
    assert found == []


def axe(page: Any) -> list[str]:
    """What axe-core finds, one line each. A name of a node that is cut to fit into it is said in full, which is no other name."""
    page.add_script_tag(path=AXE)
    cut = "{'label-content-name-mismatch': {enabled: !document.querySelector('.node')}}"
    results = page.evaluate(f"axe.run(document, {{resultTypes: ['violations'], rules: {cut}}})")
    return [f"{rule['id']}: {node['html'][:160]}" for rule in results["violations"] for node in rule["nodes"]]


LOADED = {
    "/assets": "[role=row] >> text=visits",
    "/lineage": ".node >> nth=3",
    "/assets/orders": ".nb-asset-numbers",
    "/assets/orders?view=checks": "text=three are few",
    "/assets/orders?view=events": "text=newest first",
    "/assets/visits?view=partitions": "text=30 days",
    "/assets/sales?view=lineage": ".node >> nth=1",
    "/nowhere": "text=No such page",
}


@pytest.mark.node
@pytest.mark.parametrize(("theme", "width", "paths"), [("light", 1440, [*LOADED]), ("dark", 900, ["/assets", "/assets/orders"])])
def test_axe_finds_nothing_on_any_page_and_none_is_wider_than_its_window(show: Open, theme: str, width: int, paths: list[str]) -> None:
    page = show("/assets", theme=theme, width=width)
    found = {}
    for path in paths:
        page.evaluate("(path) => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')); }", path)
        page.wait_for_selector(LOADED[path])
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        found[path] = [*axe(page), *([f"{wide} px too wide"] if wide > 0 else [])]
    assert {path: seen for path, seen in found.items() if seen} == {}


def test_the_catalogue_filters_by_address_and_the_way_back_leads_through_what_was_seen(show: Open, address: str) -> None:
    page = show("/")
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
    page.get_by_text("its code changed").first.wait_for(state="detached")


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
