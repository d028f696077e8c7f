"""The same through real kernels, as nbclient, papermill and nbconvert see it."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

SOURCES = (
    "%load_ext nbasset\nimport pandas as pd\nfrom nbasset import asset",
    '%%asset orders --group sales\nprint("made")\npd.DataFrame({"n": [1, 2, 3]})',
    "@asset(group_name='sales')\ndef total(orders: pd.DataFrame) -> pd.DataFrame:\n    return pd.DataFrame({'total': [orders.n.sum()]})",
    "%asset run",
    "%asset graph",
)


def _notebook(*sources: str) -> Any:
    cells = [nbformat.v4.new_code_cell(source, id=f"c{at}") for at, source in enumerate(sources)]  # type: ignore[no-untyped-call]
    return nbformat.v4.new_notebook(cells=cells)  # type: ignore[no-untyped-call]


def _execute(notebook: Any, folder: Path, **options: Any) -> Any:
    from jupyter_client.manager import AsyncKernelManager

    manager = AsyncKernelManager(kernel_name="python3")
    client = NotebookClient(notebook, km=manager, timeout=90, resources={"metadata": {"path": str(folder)}}, **options)
    return client.execute()


def _texts(cell: Any) -> str:
    return "\n".join(output.get("text", "") + str(output.get("data", {}).get("text/plain", "")) for output in cell.outputs)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("NBASSET_HOME", "NBASSET_NOTEBOOK", "NBASSET_PAPERMILL", "JPY_SESSION_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    made = tmp_path / "project"
    made.mkdir()
    return made


@pytest.fixture
def executed(folder: Path) -> Any:
    return _execute(_notebook(*SOURCES), folder)


def test_a_notebook_runs_from_top_to_bottom_and_keeps_static_outputs(executed: Any, folder: Path) -> None:
    load, orders, total, run, graph = executed.cells
    assert "nbasset" in _texts(load)
    assert "orders: missing" in _texts(orders)
    assert "reads orders" in _texts(total)
    assert "Run done: everything out of date, 2 run" in _texts(run)
    assert "made" in _texts(run)
    (picture,) = graph.outputs
    assert {"image/svg+xml", "text/html", "text/plain"} == set(picture.data)
    for cell in executed.cells:
        for output in cell.outputs:
            assert "application/vnd.jupyter.widget-view+json" not in output.get("data", {})
    assert (folder / "warehouse" / "total.parquet").exists()
    assert "widgets" not in executed.metadata


def test_the_card_of_a_run_is_one_output_that_was_updated_in_place(executed: Any) -> None:
    cards = [output for output in executed.cells[3].outputs if "text/html" in output.get("data", {})]
    assert len(cards) == 1
    assert "running" not in cards[0].data["text/plain"]


def test_an_exported_page_shows_the_cards_and_needs_no_script_of_ours(executed: Any) -> None:
    from nbconvert import HTMLExporter

    page, _ = HTMLExporter().from_notebook_node(executed)
    assert "nbasset-lineage" in page
    assert 'aria-label="Asset orders"' in page


def test_run_all_stops_at_a_failing_asset(folder: Path) -> None:
    notebook = _notebook(SOURCES[0], "%%asset broken\nrows = [1]\nrows[5]", "%asset run broken", "open('reached', 'w').close()")
    with pytest.raises(CellExecutionError, match="IndexError: list index out of range"):
        _execute(notebook, folder)
    assert not (folder / "reached").exists()
    error = notebook.cells[2].outputs[-1]
    assert error.ename == "RunFailure"
    assert "In[2] of" in error.traceback[0]


def test_run_all_stops_at_wrong_words(folder: Path) -> None:
    notebook = _notebook(SOURCES[0], "%asset rnu", "open('reached', 'w').close()")
    with pytest.raises(CellExecutionError):
        _execute(notebook, folder)
    assert not (folder / "reached").exists()


def test_the_stop_button_cancels_and_the_kernel_goes_on(folder: Path) -> None:
    """An interrupt as the front end sends it, while a step waits in a blocking call."""
    import time

    from jupyter_client.manager import KernelManager

    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(folder))
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)

        def run(source: str, *, interrupt_at: str = "") -> tuple[dict[str, Any], list[dict[str, Any]]]:
            request = client.execute(source)
            messages: list[dict[str, Any]] = []
            while True:
                message = client.get_iopub_msg(timeout=60)
                if message["parent_header"].get("msg_id") != request:
                    continue
                messages.append(message)
                if interrupt_at and interrupt_at in json.dumps(message["content"]):
                    interrupt_at = ""
                    manager.interrupt_kernel()
                if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                    return reply_to(request), messages

        def reply_to(request: str) -> dict[str, Any]:
            while True:
                reply: dict[str, Any] = client.get_shell_msg(timeout=60)
                if reply["parent_header"].get("msg_id") == request:
                    return reply

        run(SOURCES[0])
        run("%%asset slow\nimport time\nprint('sleeping', flush=True)\ntime.sleep(600)\n[1]")
        began = time.monotonic()
        reply, messages = run("%asset run slow", interrupt_at="sleeping")
        assert time.monotonic() - began < 60
        assert reply["content"]["ename"] == "KeyboardInterrupt"
        assert len(reply["content"]["traceback"]) == 1
        assert "the run was cancelled" in reply["content"]["evalue"]
        shown = [message["content"]["data"]["text/plain"] for message in messages if "data" in message["content"]]
        assert shown[-1].startswith("Run canceled")
        reply, _ = run("1 + 1")
        assert reply["content"]["status"] == "ok"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


WIDGET = "application/vnd.jupyter.widget-view+json"


def _displayed(folder: Path, *sources: str, **environment: str) -> list[dict[str, Any]]:
    """What each cell displays to a front end that names the cells it runs, as JupyterLab does."""
    import os

    from jupyter_client.manager import KernelManager

    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(folder), env={**os.environ, **environment})
    client = manager.client()
    client.start_channels()
    found: list[dict[str, Any]] = []
    try:
        client.wait_for_ready(timeout=60)
        for at, source in enumerate(sources):
            content = {"code": source, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
            message = client.session.msg("execute_request", content, metadata={"cellId": f"c{at}"})
            client.shell_channel.send(message)
            while True:
                heard = client.get_iopub_msg(timeout=60)
                if heard["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                    continue
                if heard["msg_type"] in ("display_data", "error"):
                    found.append(heard["content"].get("data", heard["content"]))
                if heard["msg_type"] == "status" and heard["content"]["execution_state"] == "idle":
                    break
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return found


GRID = "%asset partitions days"
DAYS = (
    "from nbasset import DailyPartitionsDefinition\n@asset(partitions_def=DailyPartitionsDefinition('2013-01-01', end_date='2014-01-01'))\n"
    "def days():\n    return [1]"
)


def test_a_front_end_that_runs_widgets_gets_them_with_their_twins_and_the_same_bytes_each_time(folder: Path) -> None:
    shown = _displayed(folder, SOURCES[0] + "\n" + DAYS, "%asset graph", "%asset graph", GRID)
    first, second, grid = ((before, after) for before, after in pairwise(shown) if WIDGET in after)
    assert [set(twin) for twin, _ in (first, second, grid)] == [{"image/svg+xml", "text/html", "text/plain"}] * 3
    assert [set(live) for _, live in (first, second, grid)] == [{WIDGET, "text/plain"}] * 3
    assert first[1][WIDGET]["model_id"] != second[1][WIDGET]["model_id"]
    assert first[0] == second[0]


@pytest.mark.parametrize("name", ["NBASSET_PAPERMILL=1", "NBASSET_WIDGETS=0"])
def test_where_nobody_runs_widgets_there_is_none(folder: Path, name: str) -> None:
    variable, _, value = name.partition("=")
    shown = _displayed(folder, SOURCES[0] + "\n" + DAYS, "%asset graph", GRID, **{variable: value})
    assert [WIDGET in data for data in shown] == [False] * len(shown)
    assert ["image/svg+xml" in data for data in shown][-2:] == [True, True]


def test_a_run_through_papermill_shows_each_asset_under_its_cell(folder: Path) -> None:
    from nbasset.arguments.options import RunArguments
    from nbasset.commands.notebook_run import run_by_papermill
    from nbasset.commands.scope import Scope
    from nbasset.instance import Instance
    from nbasset.locations.notebook import load_notebook

    path = folder / "sales.ipynb"
    nbformat.write(_notebook(*SOURCES[:3]), path)  # type: ignore[no-untyped-call]
    with Instance.open(folder) as instance:
        done = run_by_papermill(Scope(load_notebook(path, home=folder), instance), RunArguments())
        assert done.success
        assert done.notebook is not None
        executed = nbformat.read(done.notebook, as_version=4)  # type: ignore[no-untyped-call]
        text = {cell.id: _texts(cell) for cell in executed.cells}
        assert text["c1"] == ""  # the definition shows nothing: what it made stands below
        assert "orders: made, 3 rows" in text["c1-run"]
        assert "made\n" in text["c1-run"]
        assert "total: made, 1 row" in text["c2-run"]
        assert "6" in text["c2-run"]
        again = run_by_papermill(Scope(load_notebook(path, home=folder), instance), RunArguments(select="orders, total"))
        assert again.notebook is not None
        second = nbformat.read(again.notebook, as_version=4)  # type: ignore[no-untyped-call]
        assert [cell.outputs for cell in second.cells] == [cell.outputs for cell in executed.cells]


def test_a_failing_asset_under_papermill_is_told_with_its_cell(folder: Path) -> None:
    from nbasset.arguments.options import RunArguments
    from nbasset.commands.notebook_run import run_by_papermill
    from nbasset.commands.scope import Scope
    from nbasset.instance import Instance
    from nbasset.locations.notebook import load_notebook

    path = folder / "sales.ipynb"
    nbformat.write(_notebook(SOURCES[0], "%%asset broken\nrows = [1]\nrows[5]"), path)  # type: ignore[no-untyped-call]
    with Instance.open(folder) as instance:
        done = run_by_papermill(Scope(load_notebook(path, home=folder), instance), RunArguments())
        assert not done.success
        assert done.notebook is not None
        executed = nbformat.read(done.notebook, as_version=4)  # type: ignore[no-untyped-call]
        errors = [output for cell in executed.cells for output in cell.get("outputs", ()) if output.output_type == "error"]
        assert "cell 2 of sales.ipynb, line 3" in errors[0].traceback[0]
