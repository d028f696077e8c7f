"""The helpers for tests of pipelines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import nbasset.testing as testing
from nbasset import AssetKey, ProblemsFound
from nbasset.errors import UnknownAsset

CELLS = (
    "from nbasset import asset, asset_check, AssetCheckResult, graph_asset, op",
    "FACTOR = 2\ndef helper(x):\n    return x * FACTOR",
    "%%asset orders\n[1, 2, 3]",
    "@asset\ndef total(orders: list[int]) -> int:\n    return helper(sum(orders))",
    "%%asset large\n[one for one in orders if one > helper(1)]",
    "@asset_check(asset='total')\ndef positive(total: int) -> AssetCheckResult:\n    return AssetCheckResult(total > 0)",
    "raise RuntimeError('scratch')",
)


def written(folder: Path, *cells: str) -> Path:
    path = folder / "sales.ipynb"
    made = [
        {"id": f"c{at}", "cell_type": "code", "metadata": {}, "source": text, "outputs": [], "execution_count": None}
        for at, text in enumerate(cells)
    ]
    path.write_text(json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")
    return path


def test_assets_and_checks_of_a_notebook_are_called_with_values_of_the_test(tmp_path: Path) -> None:
    notebook = testing.load_notebook(written(tmp_path, *CELLS))
    assert notebook.total([1, 1]) == 4
    assert notebook.large(orders=[1, 5]) == [5]
    assert notebook.orders() == [1, 2, 3]
    assert notebook["total_positive"](3).passed
    assert notebook.helper(4) == 8
    assert notebook.asset("total").key == AssetKey("total")
    assert {"orders", "total", "large", "helper"} <= set(notebook)


def test_a_notebook_runs_in_memory_as_a_whole(tmp_path: Path) -> None:
    notebook = testing.load_notebook(written(tmp_path, *CELLS))
    assert testing.materialize_to_memory(notebook.definitions).asset_value("total") == 12


def test_a_name_that_is_not_there_is_told_with_the_nearest(tmp_path: Path) -> None:
    notebook = testing.load_notebook(written(tmp_path, *CELLS))
    with pytest.raises(UnknownAsset, match="Did you mean 'total'"):
        _ = notebook.totals
    with pytest.raises(KeyError):
        _ = notebook["totals"]


def test_a_notebook_with_problems_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProblemsFound, match="ordres"):
        testing.load_notebook(written(tmp_path, *CELLS[:3], "@asset\ndef total(ordres):\n    return 1"))


def test_every_name_of_the_module_is_there() -> None:
    assert [name for name in testing.__all__ if not hasattr(testing, name)] == []
