"""The papermill engine: executes as papermill's own does, and leaves a file that can be kept."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from papermill.exceptions import PapermillExecutionError

from nbasset.errors import KernelUnavailable
from nbasset.execution.cancel import CancelToken
from nbasset.promotion.written import SKIP_TAG
from nbasset.secrets import remember_secret

from .conftest import WriteNotebook, code, notebook_of

pytestmark = pytest.mark.slow
Execute = Callable[..., dict[str, Any]]


@pytest.fixture
def execute(tmp_path: Path) -> Execute:
    """Executes cells with the engine and gives the file that it wrote; an error is that of papermill."""

    def run(*cells: Any, parameters: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        out = tmp_path / "out.ipynb"
        node = nbformat.from_dict(notebook_of(*cells))
        papermill.execute_notebook(node, None, parameters, engine_name="nbasset", progress_bar=False, save_to=out, **options)
        return read(out)

    return run


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def printed(cell: dict[str, Any]) -> str:
    return "".join("".join(output.get("text", "")) for output in cell["outputs"])


def test_papermill_finds_the_engine_by_its_name_and_importing_it_loads_nothing_of_ours() -> None:
    script = (
        "import sys, papermill.engines as engines\n"
        "print(engines.papermill_engines.get_engine('nbasset').__name__, sorted(name for name in sys.modules if 'nbasset' in name))"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "NbassetEngine ['nbasset', 'nbasset.promotion', 'nbasset.promotion.engine', 'nbasset.public_names']"


def test_cells_run_in_order_and_know_where_they_run(execute: Execute, tmp_path: Path) -> None:
    made = execute(
        "import os\nprint(os.environ['NBASSET_PAPERMILL'], os.environ['ANSWER'], os.getcwd())",
        "get_ipython().events.register('pre_run_cell', lambda info: print(info.cell_id))",
        "1 + 1",
        environment={"ANSWER": "42"},
        kernel_cwd=str(tmp_path),
    )
    assert printed(made["cells"][0]) == f"1 42 {tmp_path.resolve()}\n"
    assert printed(made["cells"][2]) == "c3\n"
    assert made["cells"][2]["outputs"][-1]["data"] == {"text/plain": ["2"]}
    assert [cell["execution_count"] for cell in made["cells"]] == [1, 2, 3]


def test_a_secret_never_reaches_the_file(execute: Execute, tmp_path: Path) -> None:
    """Not in a print, also one that comes in two pieces, a value, an error, a page, a parameter or the source."""
    secret = "tok-123456-xyz"
    remember_secret("API_TOKEN", secret)
    file = tmp_path / "out.ipynb"
    seen: list[bool] = []
    with pytest.raises(PapermillExecutionError) as raised:
        execute(
            code("token = ''", "parameters"),
            "import sys, time\nprint(token[:5], end='', flush=True); time.sleep(0.1); print(token[5:], flush=True)",
            "token",
            "from IPython.display import HTML\nHTML('<p>' + token + '</p>')",
            f"print('{secret}', file=sys.stderr)",
            "raise ValueError(token)",
            parameters={"token": secret},
            on_cell=lambda index, cell: seen.append(secret in file.read_text()),
        )
    text = file.read_text()
    assert (secret in text, seen) == (False, [False] * 7)
    assert text.count("***API_TOKEN***") >= 7
    assert secret not in str(raised.value)


def test_equal_notebooks_give_equal_bytes(execute: Execute, tmp_path: Path) -> None:
    cells = (
        code("n = 1", "parameters"),
        "import warnings\nprint(n)\nprint('to stderr', file=__import__('sys').stderr)",
        "object()",
        "import ipywidgets\nipywidgets.IntSlider()",
        "from IPython.display import display\nhandle = display('a', display_id=True)\nhandle.update('b')",
    )
    execute(*cells, parameters={"n": 3})
    first = (tmp_path / "out.ipynb").read_bytes()
    execute(*cells, parameters={"n": 3})
    assert (tmp_path / "out.ipynb").read_bytes() == first


def test_times_versions_paths_and_widgets_are_left_out(execute: Execute) -> None:
    made = execute("import ipywidgets\nipywidgets.IntSlider()")
    assert made["metadata"] == {"kernelspec": notebook_of()["metadata"]["kernelspec"], "language_info": {"name": "python"}}
    assert made["cells"][0]["metadata"] == {}
    assert made["cells"][0]["outputs"][0]["data"] == {"text/plain": ["IntSlider(value=0)"]}
    assert execute("object()")["cells"][0]["outputs"][0]["data"] == {"text/plain": ["<object at 0x…>"]}


def test_a_failing_cell_is_the_last_one_and_keeps_its_error(execute: Execute, tmp_path: Path) -> None:
    with pytest.raises(PapermillExecutionError, match="ZeroDivisionError"):
        execute("print('before')", "1/0", "print('after')")
    cells = read(tmp_path / "out.ipynb")["cells"]
    assert [cell["execution_count"] for cell in cells] == [1, 2, None]
    assert cells[1]["outputs"][0]["ename"] == "ZeroDivisionError"
    assert cells[2]["outputs"] == []


def test_a_kernel_that_dies_leaves_an_error_under_its_cell(execute: Execute, tmp_path: Path) -> None:
    with pytest.raises(PapermillExecutionError, match="signal 9"):
        execute("print('before', flush=True)", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "print('after')")
    cells = read(tmp_path / "out.ipynb")["cells"]
    assert [printed(cell) for cell in cells] == ["before\n", "", ""]
    assert (cells[1]["outputs"][0]["ename"], "signal 9" in cells[1]["outputs"][0]["evalue"]) == ("DeadKernel", True)


def test_a_request_to_stop_interrupts_the_running_cell_and_starts_no_other(execute: Execute, tmp_path: Path) -> None:
    cancel = CancelToken()

    def stop(index: int, cell: Any) -> None:
        if index == 1:
            threading.Timer(0.3, cancel.cancel, ["interrupt"]).start()

    with pytest.raises(PapermillExecutionError, match="KeyboardInterrupt"):
        execute("print('before')", "import time\ntime.sleep(60)", "print('after')", cancel=cancel, on_cell=stop)
    cells = read(tmp_path / "out.ipynb")["cells"]
    assert cells[1]["outputs"][0]["ename"] == "KeyboardInterrupt"
    assert cells[2]["outputs"] == []


def test_skipped_cells_keep_what_was_written_under_them(execute: Execute) -> None:
    made = execute(code("1/0", SKIP_TAG), "2")
    assert [cell["execution_count"] for cell in made["cells"]] == [None, 1]
    assert printed(made["cells"][0]) == "from before\n"


def test_the_file_is_whole_after_every_cell(execute: Execute, tmp_path: Path) -> None:
    seen: list[list[int | None]] = []

    def look(index: int, cell: Any) -> None:
        seen.append([one["execution_count"] for one in read(tmp_path / "out.ipynb")["cells"]])

    execute("1", "2", "3", on_cell=look)
    assert seen == [[None, None, None], [1, None, None], [1, 2, None]]


def test_a_kernel_that_is_not_installed_is_named_with_those_that_are(execute: Execute) -> None:
    with pytest.raises(KernelUnavailable, match=r"kernel 'python4', and none of that name is installed here\. Did you mean 'python3'\?"):
        execute("1", kernel_name="python4")


def test_a_kernel_that_does_not_start_is_said(execute: Execute, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = tmp_path / "share" / "kernels" / "broken"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(json.dumps({"argv": ["false"], "display_name": "Broken", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share"))
    with pytest.raises(KernelUnavailable, match="the kernel 'broken' did not start"):
        execute("1", kernel_name="broken")


def test_a_kernel_that_finds_its_port_taken_is_started_again(execute: Execute, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    starts = tmp_path / "starts"
    program = (
        "import json, pathlib, runpy, socket, sys\n"
        f"starts = pathlib.Path({str(starts)!r})\n"
        "starts.write_text(starts.read_text() + 'x' if starts.exists() else 'x')\n"
        "if len(starts.read_text()) == 1:\n"
        "    ports = json.loads(pathlib.Path(sys.argv[2]).read_text())\n"
        "    taken = socket.create_server((ports['ip'], ports['shell_port']))\n"
        "sys.argv[0] = 'ipykernel_launcher'\n"
        "runpy.run_module('ipykernel_launcher', run_name='__main__', alter_sys=True)\n"
    )
    spec = tmp_path / "share" / "kernels" / "crowded"
    spec.mkdir(parents=True)
    argv = [sys.executable, "-c", program, "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Crowded", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share"))
    assert printed(execute("print(1 + 1)", kernel_name="crowded")["cells"][0]) == "2\n"
    assert starts.read_text() == "xx"


def test_as_papermills_command_uses_it_the_output_is_masked_too(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    source = write_notebook(code("token = ''", "parameters"), "import os\nprint(token, os.path.basename(os.environ['NBASSET_NOTEBOOK']))")
    remember_secret("TOKEN", "tok-123456")
    out = tmp_path / "out.ipynb"
    papermill.execute_notebook(str(source), str(out), {"token": "tok-123456"}, engine_name="nbasset", progress_bar=False)
    assert "tok-123456" not in out.read_text()
    assert printed(read(out)["cells"][-1]) == "***TOKEN*** job.ipynb\n"
