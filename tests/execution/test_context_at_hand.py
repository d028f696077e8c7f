"""The context of the function that runs, for code that it calls: `AssetExecutionContext.get()` and its like."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path

import pytest

import nbasset as nb


@pytest.fixture(autouse=True)
def somewhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is nobody's project: what names no instance writes to the nearest home."""
    monkeypatch.chdir(tmp_path)


def helper_of_the_function_that_runs() -> str:
    return f"{nb.AssetExecutionContext.get().op_execution_context.op_name} in {nb.OpExecutionContext.get().job_name}"


def test_code_that_a_function_calls_finds_the_context_of_the_function() -> None:
    @nb.asset
    def orders(context: nb.AssetExecutionContext) -> str:
        return helper_of_the_function_that_runs()

    assert nb.materialize([orders]).output_for_node("orders") == "orders in __ephemeral_asset_job__"
    with pytest.raises(nb.InvariantViolationError, match=r"no OpExecutionContext is at hand: no step runs here"):
        nb.OpExecutionContext.get()


def tell_rows(rows: int) -> None:
    context = nb.AssetExecutionContext.get()
    assert context is nb.OpExecutionContext.get()
    context.add_output_metadata({"rows": rows})


def test_a_function_that_takes_no_context_can_be_told_about_by_code_it_calls() -> None:
    @nb.asset
    def plain() -> int:
        tell_rows(1)
        return 1

    @nb.asset
    async def awaited(plain: int) -> int:
        tell_rows(2)
        return 2

    @nb.asset
    def yielded(awaited: int) -> Iterator[nb.Output[int]]:
        tell_rows(3)
        yield nb.Output(3)

    @nb.asset
    def threaded() -> int:
        nb.build_asset_context()  # not the context of this step
        with ThreadPoolExecutor(1) as pool:
            pool.submit(copy_context().run, tell_rows, 4).result()
        return 4

    result = nb.materialize([plain, awaited, yielded, threaded])
    rows = {one.asset_key.to_user_string(): one.metadata["rows"].value for one in result.get_asset_materialization_events()}
    assert rows == {"plain": 1, "awaited": 2, "yielded": 3, "threaded": 4}


def test_the_context_of_a_check_is_not_asked_as_that_of_an_asset() -> None:
    @nb.asset_check(asset="orders")
    def enough() -> nb.AssetCheckResult:
        assert nb.AssetCheckExecutionContext.get() is nb.OpExecutionContext.get()
        with pytest.raises(nb.InvariantViolationError, match=r"Ask AssetCheckExecutionContext.get\(\)"):
            nb.AssetExecutionContext.get()
        return nb.AssetCheckResult(passed=True)

    @nb.asset
    def orders() -> None:
        with pytest.raises(nb.InvariantViolationError, match=r"Ask AssetExecutionContext.get\(\)"):
            nb.AssetCheckExecutionContext.get()

    assert nb.materialize([orders, enough]).success
