"""A project that is served for real, in a thread of the test: one server of each kind for all tests of a module."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import httpx
import nbformat
import pytest
from websockets.sync.client import ClientConnection, connect

from nbasset.api.workspace import Here, Workspace
from nbasset.commands.materialize import materialize_in
from nbasset.commands.scope import Scope
from nbasset.home import Home
from nbasset.instance import Instance
from nbasset.locations.module import load_module_file
from nbasset.locations.notebook import load_notebook
from nbasset.web.security import access_for
from nbasset.web.server import listen, make_server, run
from nbasset.web.serving import Served

SHOP = """
import sys
import nbasset as nb

days = nb.DailyPartitionsDefinition("2026-01-01", end_date="2026-02-01")

@nb.asset
def orders():
    print("three orders <script>")
    print("and a word aside", file=sys.stderr)
    return [1, 2, 3]

@nb.asset(partitions_def=days)
def sales():
    return [1]

@nb.asset_check(asset=orders)
def some_rows(orders):
    return nb.AssetCheckResult(passed=True)

nightly = nb.define_asset_job("nightly", ["orders"])
defs = nb.Definitions([orders, sales], asset_checks=[some_rows], jobs=[nightly])
"""
NOTEBOOK_CELLS = ("%load_ext nbasset", "%%asset\ncounted\n[1]")
HOSTILE = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
PAGE = '<!doctype html><meta name="nbasset-base" content="{{base}}"><script type="module" src="{{base}}/_static/page-AB12CD34.js"></script>'

Ask = Callable[..., dict[str, Any]]


class Project:
    """A home with a module and a notebook, whose code is in this process, one run of it, and pages that were built."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "home"
        (folder / "home").mkdir()
        (self.folder / "nbasset.toml").write_text("")
        (self.folder / "kiosk.py").write_text(SHOP)
        self.notebook = self.folder / "counting.ipynb"
        cells = [nbformat.v4.new_code_cell(source) for source in NOTEBOOK_CELLS]
        cells[1].outputs = [nbformat.v4.new_output("display_data", {"text/html": HOSTILE, "text/plain": "a figure"})]
        nbformat.write(nbformat.v4.new_notebook(cells=[*cells, nbformat.v4.new_markdown_cell(f"# Counting\n\n{HOSTILE}")]), self.notebook)
        self.pages = folder / "pages"
        (self.pages / "assets").mkdir(parents=True)
        (self.pages / "index.html").write_text(PAGE)
        script = self.pages / "assets" / "page-AB12CD34.js"
        script.write_text("export const long = 1;\n" * 100)
        script.with_name(f"{script.name}.br").write_bytes(b"packed by brotli")
        self.instance = Instance(Home(self.folder))
        self.locations = [load_module_file(self.folder / "kiosk.py", home=self.folder), load_notebook(self.notebook, home=self.folder)]
        self.run_id = str(materialize_in(Scope(self.locations[0], self.instance), selection="orders").run_id)


class Running:
    """A server that listens, and ways to ask it."""

    def __init__(self, served: Served, port: int, loop: asyncio.AbstractEventLoop) -> None:
        self.served = served
        self.loop = loop
        self.port = port
        self.prefix = served.access.prefix
        self.address = f"http://127.0.0.1:{port}"
        self.http = httpx.Client(base_url=self.address, timeout=30, trust_env=False)

    def graphql(self, query: str, **options: Any) -> dict[str, Any]:
        """The answer to a document, which is one."""
        answer = self.http.post(f"{self.prefix}/graphql", json={"query": query, **options})
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    def socket(self, protocol: str | None = None, path: str = "/graphql", **options: Any) -> ClientConnection:
        """A websocket."""
        protocols: Any = [protocol] if protocol else None
        return connect(f"ws://127.0.0.1:{self.port}{self.prefix}{path}", subprotocols=protocols, proxy=None, **options)


@contextmanager
def serving(project: Project, *, head_s: float = 20.0, **options: Any) -> Iterator[Running]:
    """Serve a project while the block lasts."""
    listening = listen("127.0.0.1", 0)
    port = int(listening.getsockname()[1])
    access = access_for("127.0.0.1", port, **options)
    instance = Instance(Home(project.folder))
    workspace = Workspace(instance, [Here(Scope(location, instance)) for location in project.locations])
    served = Served(instance, access, workspace=workspace, pages=project.pages)
    server = make_server(served, head_s=head_s)
    loops: SimpleQueue[asyncio.AbstractEventLoop] = SimpleQueue()

    def announce() -> None:
        loops.put(asyncio.get_running_loop())

    thread = threading.Thread(target=lambda: asyncio.run(run(server, served, listening, announce)))
    thread.start()
    running = Running(served, port, loops.get(timeout=60))
    try:
        yield running
    finally:
        running.http.close()
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The project that all tests look at."""
    project = Project(tmp_path_factory.mktemp("web"))
    yield project
    project.instance.close()


@pytest.fixture
def new_shop(tmp_path: Path) -> Iterator[Project]:
    """The same for one test, which may change it. Nothing that is asked for is started: it waits in the queue."""
    project = Project(tmp_path)
    (project.folder / "nbasset.toml").write_text("[queue]\nmax_concurrent_runs = 0\n")
    yield project
    project.instance.close()


@pytest.fixture(scope="module")
def server(shop: Project) -> Iterator[Running]:
    """As ``nbasset ui`` serves it: this machine alone, without a token."""
    with serving(shop) as running:
        yield running


@pytest.fixture(scope="module")
def guarded(shop: Project) -> Iterator[Running]:
    """With a token, behind a prefix."""
    with serving(shop, token="a-long-token", prefix="/team/nb") as running:
        yield running


@pytest.fixture(scope="module")
def read_only(shop: Project) -> Iterator[Running]:
    """Read-only."""
    with serving(shop, read_only=True) as running:
        yield running


def heard(socket: ClientConnection) -> dict[str, Any]:
    """The next message of a websocket."""
    message: dict[str, Any] = json.loads(socket.recv(timeout=30))
    return message
