"""``pytest notebook.ipynb``: what is collected, what a failure shows, and that the user's home stays as it is."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parent.parent
IS_INSTALLED = any(one.value == "nbasset.pytest_plugin" for one in entry_points(group="pytest11"))
CELLS = (
    "import pytest\nfrom nbasset import asset, asset_check, AssetCheckResult, AssetCheckSeverity, Instance, materialize",
    "FACTOR = 2\n\ndef helper(x):\n    return x * FACTOR",
    "%%asset orders\n[1, 2, 3]",
    "@asset\ndef total(orders: list[int]) -> int:\n    return helper(sum(orders))",
    """@asset_check(asset='total')
def positive(total: int) -> AssetCheckResult:
    return AssetCheckResult(total > 0, metadata={'total': total})
""",
    """@asset_check(asset='total')
def large(total: int) -> AssetCheckResult:
    return AssetCheckResult(total > 100, severity=AssetCheckSeverity.WARN)
""",
    "@pytest.fixture\ndef few():\n    return [1, 1]",
    """def test_total_adds_up(few):
    assert total(few) == 4


@pytest.mark.parametrize('n', [1, 2])
def test_helper(n):
    assert helper(n) == 2 * n
""",
    "class TestOrders:\n    def test_there_are_some(self):\n        assert len(orders()) == 3",
    "raise RuntimeError('scratch')",
)


@pytest.fixture
def notebook(pytester: pytest.Pytester) -> Callable[..., Path]:
    """Write a notebook into the tests' folder."""

    def write(*cells: str, name: str = "sales.ipynb") -> Path:
        made: list[dict[str, Any]] = [
            {"id": f"c{at}", "cell_type": "code", "metadata": {}, "source": text, "outputs": [], "execution_count": None}
            for at, text in enumerate(cells, 1)
        ]
        path = pytester.path / name
        path.write_text(json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")
        return path

    return write


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run pytest in a process of its own."""
    monkeypatch.delenv("NBASSET_HOME", raising=False)

    def start(*words: str) -> Any:
        plugin = () if IS_INSTALLED else ("-p", "nbasset.pytest_plugin")
        return pytester.runpytest_subprocess(*plugin, "-p", "no:cacheprovider", *words)

    return start


def test_the_plugin_is_an_entry_point() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["entry-points"]["pytest11"] == {"nbasset": "nbasset.pytest_plugin"}


def test_tests_fixtures_classes_and_checks_of_a_notebook_are_collected_and_scratch_cells_do_not_run(notebook: Any, run: Any) -> None:
    notebook(*CELLS)
    found = run("sales.ipynb", "--collect-only", "-q")
    assert found.ret == 0
    found.stdout.fnmatch_lines([
        "sales.ipynb::test_total_adds_up", "sales.ipynb::test_helper[[]1[]]", "sales.ipynb::test_helper[[]2[]]",
        "sales.ipynb::TestOrders::test_there_are_some", "sales.ipynb::check[[]total:positive[]]", "sales.ipynb::check[[]total:large[]]",
    ])  # fmt: skip
    ran = run("sales.ipynb", "-rs")
    ran.assert_outcomes(passed=4, skipped=2)
    ran.stdout.fnmatch_lines(["*'total' was never materialized in*"])


def test_checks_read_what_is_stored_and_record_nothing(notebook: Any, run: Any, pytester: pytest.Pytester) -> None:
    notebook(*CELLS)
    (pytester.path / "nbasset.toml").write_text("")
    subprocess.run([sys.executable, "-m", "nbasset.cli", "run", "sales.ipynb"], check=True, cwd=pytester.path, capture_output=True)
    before = _entries(pytester.path)
    ran = run("sales.ipynb", "-k", "check")
    ran.assert_outcomes(passed=2, deselected=4, warnings=1)
    ran.stdout.fnmatch_lines(["*check 'large' of total did not pass*"])
    assert _entries(pytester.path) == before


def test_fresh_checks_make_their_assets_in_a_home_of_their_own(notebook: Any, run: Any, pytester: pytest.Pytester) -> None:
    cells = list(CELLS)
    cells[4] = cells[4].replace("total > 0", "total < 0, description='too much'")
    notebook(*cells)
    ran = run("sales.ipynb", "-k", "check", "--nbasset-checks=fresh")
    ran.assert_outcomes(passed=1, failed=1, deselected=4, warnings=1)
    ran.stdout.fnmatch_lines(["check 'positive' of total did not pass: too much", "  total: 12", "  cell 5 of sales.ipynb, line *"])
    assert not (pytester.path / ".nbasset").exists()
    assert not (pytester.path / "warehouse").exists()


def test_a_failure_shows_the_cell_the_line_and_both_sides(notebook: Any, run: Any) -> None:
    notebook(
        *CELLS[:4],
        "def test_wrong():\n    found = total([1])\n    assert found == 3",
        "@asset_check(asset='total')\ndef raising(total: int) -> AssetCheckResult:\n    return AssetCheckResult(total / 0 > 1)",
    )
    ran = run("sales.ipynb", "--nbasset-checks=fresh")
    ran.assert_outcomes(failed=2)
    ran.stdout.fnmatch_lines([">       assert found == 3", "E       assert 2 == 3", "*cell 5 of sales.ipynb*:3: AssertionError"])
    ran.stdout.fnmatch_lines(
        ["cell 6 of sales.ipynb, line 3", "*ZeroDivisionError: division by zero", "*>    3 |     return AssetCheckResult(total / 0 > 1)"]
    )


def test_what_tests_record_does_not_reach_the_users_home(notebook: Any, run: Any, pytester: pytest.Pytester) -> None:
    notebook(
        *CELLS[:4],
        "def test_records():\n    materialize([total, orders])\n    assert Instance.get().get_runs()[0].status == 'success'",
        "def test_alone():\n    assert Instance.get().get_runs() == []",
    )
    run("sales.ipynb").assert_outcomes(passed=2)
    assert not (pytester.path / ".nbasset").exists()
    named = run("sales.ipynb", "-k", "records", "--nbasset-home", "kept")
    named.assert_outcomes(passed=1, deselected=1)
    assert (pytester.path / "kept" / ".nbasset").exists()


def test_a_cell_that_cannot_run_fails_and_breaks_no_other(notebook: Any, run: Any) -> None:
    notebook("import nothing_like_this", "def test_one():\n    assert nothing_like_this", "def test_two():\n    pass")
    ran = run("sales.ipynb")
    ran.assert_outcomes(passed=1, failed=1)
    ran.stdout.fnmatch_lines(["*cell 2, line 1 (sales.ipynb) defines tests, but it cannot run: *nothing_like_this*"])


def test_a_file_that_is_no_notebook_is_told(run: Any, pytester: pytest.Pytester) -> None:
    (pytester.path / "x.ipynb").write_text("{")
    ran = run("x.ipynb")
    ran.assert_outcomes(errors=1)
    ran.stdout.fnmatch_lines(["*InvalidNotebook: *"])


def test_notebooks_that_are_not_named_are_left_alone_unless_the_configuration_says_so(
    notebook: Any, run: Any, pytester: pytest.Pytester
) -> None:
    notebook("def test_one():\n    pass")
    (pytester.path / "test_plain.py").write_text("def test_plain(): pass")
    run().assert_outcomes(passed=1)
    pytester.makeini("[pytest]\nnbasset_notebooks = sales*.ipynb")
    run().assert_outcomes(passed=2)


def test_workers_share_the_tests(notebook: Any, run: Any) -> None:
    notebook(*CELLS)
    run("sales.ipynb", "-n", "2").assert_outcomes(passed=4, skipped=2)


def test_without_a_notebook_nothing_of_nbasset_is_loaded_but_the_plugin(run: Any, pytester: pytest.Pytester) -> None:
    (pytester.path / "test_light.py").write_text(
        "import sys\n\ndef test_light():\n"
        "    heavy = {'pandas', 'pyarrow', 'pydantic', 'IPython', 'nbformat', 'papermill', 'numpy', 'sqlite3', 'click'}\n"
        "    assert not heavy & set(sys.modules)\n"
        "    assert {name for name in sys.modules if name.startswith('nbasset.')} <= {'nbasset.pytest_plugin', 'nbasset.public_names'}\n"
    )
    run("test_light.py").assert_outcomes(passed=1)


def _entries(home: Path) -> int:
    from nbasset.instance import Instance

    with Instance.open(home) as instance:
        return instance.reader.last_seq()
