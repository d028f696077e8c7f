"""Runs of notebooks through papermill, from the saved file to tables, records and the executed notebook."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbasset import clock
from nbasset.arguments.options import RunArguments
from nbasset.commands.carrying_out import DEFAULT, Manner
from nbasset.commands.notebook_run import run_by_papermill
from nbasset.commands.run import RunResult, run
from nbasset.commands.scope import Scope
from nbasset.errors import HiddenState, InvalidConfigError, KernelUnavailable, StorageUnavailable
from nbasset.events.kinds import Event, RunCancelRequested, StepStarted
from nbasset.execution.cancel import CancelToken
from nbasset.instance import Instance
from nbasset.keys import AssetKey
from nbasset.locations.notebook import load_notebook

from .conftest import KERNEL, WriteNotebook, code

pytestmark = pytest.mark.slow
LOAD = "%load_ext nbasset\nfrom nbasset import asset, asset_check, AssetCheckResult"
FRESH = RunArguments(force=True)


class Home:
    """A home on disk, and notebooks that run in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        self.instance = Instance.open(root)

    def papermill(self, path: Path, arguments: RunArguments = FRESH, manner: Manner = DEFAULT, **options: Any) -> RunResult:
        return run_by_papermill(Scope(load_notebook(path, home=self.root), self.instance), arguments, manner, **options)

    def slices(self, path: Path) -> RunResult:
        return run(Scope(load_notebook(path, home=self.root), self.instance), FRESH)

    def versions(self) -> dict[str, tuple[str, str, str]]:
        latest = self.instance.reader.latest(self.instance.reader.assets())
        made = {str(key): record.materialization for key, record in latest.items()}
        return {key: (one.data_version, one.code_version, one.input_digest) for key, one in made.items() if one is not None}

    def texts(self) -> str:
        """Everything that any file of the state or warehouse holds."""
        files = [path for path in self.root.rglob("*") if path.is_file()]
        return "\n".join(f"{path}\n{path.read_bytes().decode('latin-1')}" for path in files)


@pytest.fixture
def new_home(tmp_path: Path) -> Iterator[Callable[[str], Home]]:
    made: list[Home] = []

    def new(name: str) -> Home:
        made.append(Home(tmp_path / name))
        return made[-1]

    yield new
    for one in made:
        one.instance.close()


@pytest.fixture
def home(new_home: Callable[[str], Home]) -> Home:
    return new_home("home")


def executed(result: RunResult) -> dict[str, Any]:
    assert result.notebook is not None
    found: dict[str, Any] = json.loads(result.notebook.read_text(encoding="utf-8"))
    return found


def statuses(result: RunResult) -> dict[str, str]:
    assert result.result is not None
    found = {fact["asset"]: "made" for fact in result.result.to_json()["materialized"]}
    found |= {step["step"]: "failed" for step in result.result.to_json()["failed"]}
    return found | {step["step"]: step["reason"] for step in result.result.to_json()["skipped"]}


def test_papermill_and_the_slice_runner_make_the_same_versions(new_home: Callable[[str], Home], write_notebook: WriteNotebook) -> None:
    """Also past a scratch cell that raises, a verb among definitions, and a helper that stands below what uses it."""
    path = write_notebook(
        "import pandas as pd\nfrom nbasset import asset, AssetOut, multi_asset\nimport csv",
        code("rate = 2", "parameters"),
        "%%asset numbers --group raw\npd.DataFrame({'n': range(5), 'day': pd.Timestamp('2013-01-01', tz='UTC')})",
        "raise RuntimeError('scratch')",
        "@asset\ndef doubled(numbers: pd.DataFrame) -> pd.DataFrame:\n    return twice(numbers)\n%asset run doubled\nprint(1 / 0)",
        "def twice(table):\n    return table.assign(n=table.n * rate)",
        "@multi_asset(outs={'small': AssetOut(), 'large': AssetOut()})\ndef both(doubled):\n"
        "    return doubled[doubled.n < 5], doubled[doubled.n >= 5]",
    )
    before = path.read_bytes()
    first, second = new_home("first"), new_home("second")
    made = first.papermill(path)
    assert made.success, made.to_json()
    second.slices(path)
    assert first.versions() == second.versions()
    assert set(first.versions()) == {"numbers", "doubled", "small", "large"}
    assert path.read_bytes() == before


def test_what_is_fresh_is_not_made_again_and_then_no_kernel_starts(home: Home, write_notebook: WriteNotebook) -> None:
    path = write_notebook(LOAD, "%%asset one\n[1]", "%%asset two\n[*one, 2]")
    assert statuses(home.papermill(path, RunArguments(stale=True))) == {"one": "made", "two": "made"}
    again = home.papermill(path, RunArguments(stale=True), kernel_name="no such kernel")
    assert (again.result, again.notebook, again.success) == (None, None, True)
    write_notebook(LOAD, "%%asset one\n[1]", "%%asset two\n[*one, 3]")
    assert statuses(home.papermill(path, RunArguments(stale=True))) == {"two": "made"}


def test_two_runs_leave_the_same_bytes_but_for_their_id(home: Home, write_notebook: WriteNotebook) -> None:
    path = write_notebook(LOAD, "%%asset one\nprint('made')\n[{'a': 1}]", "%%asset two\none", "3")
    first, second = home.papermill(path), home.papermill(path)
    assert first.result is not None
    assert second.result is not None
    assert first.notebook is not None
    assert second.notebook is not None
    one, two = first.notebook.read_text(), second.notebook.read_text()
    assert one.count(first.result.run_id) == 1
    assert one.replace(first.result.run_id, second.result.run_id) == two
    assert executed(first)["metadata"] == {
        "kernelspec": KERNEL, "language_info": {"name": "python"}, "nbasset": {"run_id": first.result.run_id},
    }  # fmt: skip
    shown = {cell["id"]: cell["outputs"] for cell in executed(first)["cells"]}
    assert shown["c2-run"][0]["text"] == ["made\n"]
    assert shown["c2-run"][1]["data"]["text/plain"][0].startswith("one: made, 1 row")


def test_a_failing_asset_ends_the_run_is_marked_and_what_was_made_stays(home: Home, write_notebook: WriteNotebook) -> None:
    path = write_notebook(LOAD, "%%asset one\n[1]", "%%asset two\nboom = one[0] / 0\nboom", "%%asset three\ntwo", "%%asset four\n[4]")
    done = home.papermill(path)
    assert statuses(done) == {"one": "made", "two": "failed", "three": "upstream-failed", "four": "cancelled"}
    assert done.result is not None
    record = home.instance.reader.run(done.result.run_id)
    assert record is not None
    assert (record.status, record.kind, record.reason) == ("failure", "papermill", "steps-failed")
    assert "cell 3" in record.message
    assert "ZeroDivisionError: division by zero" in record.message
    cells = executed(done)["cells"]
    assert [cell["id"] for cell in cells] == [
        "nbasset-run-ended", "c1", "c2", "c2-run", "c3", "nbasset-run-ended-here", "c3-run", "c4", "c4-run", "c5", "c5-run",
    ]  # fmt: skip
    write_notebook(LOAD, "%%asset one\n[1]", "%%asset two\none", "%%asset three\ntwo", "%%asset four\n[4]")
    assert statuses(home.papermill(path, RunArguments(stale=True))) == {"two": "made", "three": "made", "four": "made"}


def test_a_helper_that_raises_names_its_cell(home: Home, write_notebook: WriteNotebook) -> None:
    path = write_notebook(LOAD, "import os\nh = 1 / ('NBASSET_PAPERMILL' not in os.environ)", "%%asset one\n[h]")
    done = home.papermill(path)
    assert done.result is not None
    assert statuses(done) == {"one": "upstream-failed"}
    record = home.instance.reader.run(done.result.run_id)
    assert record is not None
    assert record.message == "cell 2: ZeroDivisionError: division by zero"


def test_a_secret_of_the_environment_is_in_no_file(home: Home, write_notebook: WriteNotebook, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its name, by a reference in the code, as a parameter; printed, logged, raised."""
    for name, value in (("API_TOKEN", "alpha-secret-1"), ("PLAIN_NAME", "beta-secret-2")):
        monkeypatch.setenv(name, value)
    path = write_notebook(
        LOAD,
        code("password = 'none'", "parameters"),
        "import os\nfrom nbasset import EnvVar\nplain = EnvVar('PLAIN_NAME')",
        "%%asset one\nprint(os.environ['API_TOKEN'], plain.get_value())\ncontext.log.info(password)\n[1]",
        "%%asset two\nraise ValueError(os.environ['API_TOKEN'] + plain.get_value() + password)\n[1]",
    )
    done = home.papermill(path, parameters={"password": "gamma-secret-3"})
    assert statuses(done) == {"one": "made", "two": "failed"}
    home.instance.close()
    text = home.texts()
    assert [secret for secret in ("alpha-secret-1", "beta-secret-2", "gamma-secret-3") if secret in text] == []
    assert "***API_TOKEN***" in text


def test_parameters_reach_the_assets_and_wrong_ones_are_refused(home: Home, write_notebook: WriteNotebook) -> None:
    path = write_notebook(LOAD, code("year = 2013\nname = 'x'", "parameters"), "%%asset one\n[{'year': year, 'name': name}]")
    with pytest.raises(InvalidConfigError, match=r"yaer: the notebook has no such parameter\. Did you mean 'year'\?"):
        home.papermill(path, parameters={"yaer": 1})
    assert home.instance.reader.last_seq() == 0
    done = home.papermill(path, parameters={"year": "2014"})
    assert done.result is not None
    assert done.result.asset_value("one") == [{"year": 2014, "name": "x"}]
    cells = {cell["id"]: "".join(cell["source"]) for cell in executed(done)["cells"]}
    assert cells["injected-parameters"] == "# Parameters\nyear = 2014\n"
    assert executed(done)["metadata"]["papermill"] == {"parameters": {"year": 2014}}


def test_parameters_count_as_configuration(home: Home, write_notebook: WriteNotebook) -> None:
    path = write_notebook(LOAD, code("year = 2013\nname = 'x'", "parameters"), "%%asset one\n[year]", "%%asset two\n[name]")
    stale = RunArguments(stale=True)
    assert statuses(home.papermill(path, stale, parameters={"year": 2014})) == {"one": "made", "two": "made"}
    assert home.papermill(path, stale, parameters={"year": 2014}).result is None
    assert statuses(home.papermill(path, stale)) == {"one": "made"}


def test_an_executed_notebook_runs_again_with_other_parameters(home: Home, write_notebook: WriteNotebook) -> None:
    path = write_notebook(LOAD, code("year = 2013", "parameters"), "%%asset one\n[year]")
    first = home.papermill(path, parameters={"year": 2014})
    assert first.notebook is not None
    path.write_bytes(first.notebook.read_bytes())
    again = home.papermill(path, parameters={"year": 2015})
    assert again.result is not None
    assert again.result.asset_value("one") == [2015]
    assert [cell["id"] for cell in executed(again)["cells"]] == [cell["id"] for cell in executed(first)["cells"]]


def test_modules_and_files_beside_the_notebook_are_found(home: Home, write_notebook: WriteNotebook) -> None:
    path = write_notebook(LOAD, "from beside import VALUE", "%%asset one\n[{'text': open('data.txt').read(), 'value': VALUE}]")
    (path.parent / "beside.py").write_text("VALUE = 7\n")
    (path.parent / "data.txt").write_text("hello")
    done = home.papermill(path)
    assert done.result is not None
    assert done.result.asset_value("one") == [{"text": "hello", "value": 7}]


def test_a_failed_blocking_check_skips_what_waits_for_it(home: Home, write_notebook: WriteNotebook) -> None:
    path = write_notebook(
        LOAD,
        "%%asset one\n[1]",
        "@asset_check(asset='one', blocking=True)\ndef positive():\n    return AssetCheckResult(passed=False)",
        "%%asset two\none",
        "%%asset three\n[3]",
    )
    done = home.papermill(path)
    assert statuses(done) == {"one": "made", "two": "check-failed", "three": "cancelled"}
    assert done.result is not None
    record = home.instance.reader.run(done.result.run_id)
    assert record is not None
    assert record.message == "the blocking check 'one:positive' failed. 1 downstream step did not run."


@pytest.mark.parametrize("by", ["interrupt", "request"])
def test_a_stop_cancels_the_run_and_keeps_what_is_there(home: Home, write_notebook: WriteNotebook, by: str) -> None:
    path = write_notebook(LOAD, "%%asset one\n[1]", "import time", "%%asset two\ntime.sleep(100)\none", "%%asset three\n[3]")
    cancel = CancelToken()

    def hear(event: Event) -> None:
        if isinstance(event, StepStarted) and event.step == "two":
            if by == "interrupt":
                cancel.cancel("interrupt")
            else:
                home.instance.storage.append([RunCancelRequested(clock.now_us(), event.run_id, "somebody")])

    done = home.papermill(path, manner=Manner(cancel=cancel, on_event=hear))
    assert statuses(done) == {"one": "made", "two": "failed", "three": "cancelled"}
    assert done.result is not None
    assert done.result.status == "canceled"
    assert "nbasset-run-ended-here" in [cell["id"] for cell in executed(done)["cells"]]


def test_a_kernel_that_dies_fails_the_run_and_its_step(home: Home, write_notebook: WriteNotebook) -> None:
    path = write_notebook(LOAD, "%%asset one\n[1]", "import os, signal", "%%asset two\nos.kill(os.getpid(), signal.SIGKILL)\none")
    done = home.papermill(path)
    assert statuses(done) == {"one": "made", "two": "failed"}
    assert done.result is not None
    record = home.instance.reader.run(done.result.run_id)
    assert record is not None
    assert (record.status, record.reason) == ("failure", "kernel-died")
    assert "signal 9" in record.message
    assert home.instance.load_asset_value(Scope(load_notebook(path), home.instance).resolved, AssetKey("one")) == [1]


def test_a_kernel_that_is_not_there_is_a_failed_run_with_a_remedy(home: Home, write_notebook: WriteNotebook) -> None:
    path = write_notebook(LOAD, "%%asset one\n[1]")
    with pytest.raises(KernelUnavailable, match="Choose one that is"):
        home.papermill(path, kernel_name="python4")
    assert [record.status for record in home.instance.get_run_records()] == ["failure"]


def test_an_executed_notebook_that_cannot_be_kept_is_a_failed_run(home: Home, write_notebook: WriteNotebook) -> None:
    path = write_notebook(LOAD, "%%asset one\n[1]")
    before = path.read_bytes()
    home.instance.home.make_state()
    home.instance.home.runs.write_text("a file where a folder should be")
    with pytest.raises(StorageUnavailable, match="the executed notebook cannot be kept"):
        home.papermill(path)
    assert [record.status for record in home.instance.get_run_records()] == ["failure"]
    assert path.read_bytes() == before


def test_hidden_state_is_refused_before_anything_runs(home: Home, write_notebook: WriteNotebook) -> None:
    path = write_notebook(LOAD, "%%asset one\n[rate]")
    with pytest.raises(HiddenState, match="`rate`, which no cell defines"):
        home.papermill(path)
    assert home.instance.reader.last_seq() == 0


def test_a_run_beside_the_main_thread_works_too(home: Home, write_notebook: WriteNotebook) -> None:
    path = write_notebook(LOAD, "%%asset one\n[1]")
    results: list[RunResult] = []
    thread = threading.Thread(target=lambda: results.append(home.papermill(path)))
    thread.start()
    thread.join()
    assert statuses(results[0]) == {"one": "made"}
