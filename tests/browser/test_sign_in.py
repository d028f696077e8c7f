"""What only a browser shows of the server's doors: cookies, origins, the policy for scripts, and texts that would be code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from lab_page import PATIENCE_S
from site_page import IS_BUILT, served

import nbasset as nb

OWNED = "window.owned = true; new Image().src = 'http://evil.example/'"
HOSTILE = f'<img src=x onerror="{OWNED}"><script>{OWNED}</script><svg onload="{OWNED}"></svg>[a](javascript:{OWNED})'
MODULE = f"""
import nbasset as nb

HOSTILE = {HOSTILE!r}

@nb.asset(description=HOSTILE, tags={{"note": "a"}}, owners=["ann@example.org"], group_name="raw", metadata={{"note": HOSTILE}})
def orders(context):
    print(HOSTILE)
    context.log.info(HOSTILE)
    return nb.MaterializeResult(value=[1], metadata={{
        "text": HOSTILE, "md": nb.MetadataValue.md(HOSTILE), "json": {{HOSTILE: HOSTILE}},
        "link": nb.MetadataValue.url("javascript:" + HOSTILE),
    }})

@nb.asset
def broken(orders):
    raise ValueError(HOSTILE)

@nb.schedule(cron_schedule="0 6 * * *", target="orders", description=HOSTILE)
def mornings(context):
    return nb.SkipReason(HOSTILE)

nightly = nb.define_asset_job("nightly", ["orders"], description=HOSTILE, tags={{"note": HOSTILE}})
defs = nb.Definitions([orders, broken], jobs=[nightly], schedules=[mornings])
"""
PAGES = ("assets", "assets/orders", "lineage", "runs", "runs/{run}", "jobs/nightly", "schedules/mornings", "launchpad?job=nightly")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Where a project is served to those who know the token, and the run that failed in it. Wherever it has a text, that is code."""
    if not IS_BUILT:
        pytest.skip("the pages were not built")
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "nbasset.toml").write_text("")
    (folder / "kiosk.py").write_text(MODULE)
    space: dict[str, Any] = {}
    exec(compile(MODULE, str(folder / "kiosk.py"), "exec"), space)
    with nb.Instance.open(folder) as instance:
        run_id = nb.materialize([space["orders"], space["broken"]], instance=instance, raise_on_error=False).run_id
    with served(folder, "--token", "auto", "--prefix", "/team") as address:
        yield address, run_id


@pytest.fixture(scope="module")
def visitor(chromium: Any, guarded: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A browser that came from a file with the address in it, as the program opens it, and was let in."""
    door = tmp_path_factory.mktemp("door") / "open.html"
    door.write_text(f"<!doctype html><meta http-equiv='refresh' content='0;url={guarded[0]}'>")
    context = chromium.new_context()
    context.set_default_timeout(PATIENCE_S * 1000)
    page = context.new_page()
    page.goto(door.as_uri())
    page.wait_for_selector("text=orders")
    page.close()
    yield context
    context.close()


def _base(guarded: tuple[str, str]) -> str:
    return guarded[0].partition("?token=")[0].rstrip("/") + "/"


def test_texts_are_nowhere_code_and_nothing_comes_from_elsewhere(visitor: Any, guarded: tuple[str, str]) -> None:
    base = _base(guarded)
    page = visitor.new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith((base, "data:", "blob:")) else wrong.append(request.url))
    shown: list[str] = []
    for path in PAGES:
        page.goto(base + path.format(run=guarded[1]))
        page.wait_for_load_state("networkidle")
        assert not page.evaluate("window.owned"), path
        shown += [path] if "onerror" in page.inner_text("body") else []
    assert wrong == []
    assert {"assets/orders", "runs/{run}", "jobs/nightly", "schedules/mornings"} <= {*shown}
    assert "token" not in page.url
    page.close()


def test_the_console_asks_and_follows(visitor: Any, guarded: tuple[str, str]) -> None:
    page = visitor.new_page()
    page.goto(f"{_base(guarded)}graphql")
    page.click("#run")
    page.wait_for_selector("#result:has-text('version')")
    page.wait_for_selector("#schema summary:has-text('Mutation')")
    page.fill("#query", "subscription { runs(limit: 1) { results { runId } } }")
    page.click("#run")
    page.wait_for_selector(f"#result:has-text('{guarded[1]}')")
    page.close()


def test_a_page_elsewhere_can_lead_here_and_do_nothing_else(visitor: Any, guarded: tuple[str, str]) -> None:
    base = _base(guarded)
    page = visitor.new_page()
    page.goto(f"data:text/html,<a href='{base}runs'>look</a>")
    told = page.evaluate(
        """async (base) => {
          const post = await fetch(base + "graphql", {method: "POST", mode: "no-cors", credentials: "include", body: "{}"}).then(
            (answer) => answer.type, (error) => error.name);
          const read = await fetch(base + "server_info", {credentials: "include"}).then((answer) => answer.type, (error) => error.name);
          const socket = await new Promise((done) => {
            const tried = new WebSocket(base.replace("http", "ws") + "graphql", "graphql-ws");
            tried.onopen = () => done("open");
            tried.onerror = () => done("refused");
          });
          return {post, read, socket};
        }""",
        base,
    )
    assert told == {"post": "TypeError", "read": "TypeError", "socket": "refused"}
    page.click("a")
    page.click("text=Go on")  # the cookie does not come along from elsewhere, only from a page of ours
    page.wait_for_selector("text=broken")
    page.close()
