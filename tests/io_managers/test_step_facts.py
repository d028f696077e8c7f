"""What I/O managers are told of the step around a value: the type that its function declares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nbasset as nb

if TYPE_CHECKING:
    from collections.abc import Sequence

Small = nb.Type(lambda value: value < 10, name="Small", typing_type=int)


class Asking(nb.IOManager):
    """Keeps values in memory, and the types it was told of."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}
        self.types: dict[str, Any] = {}

    def handle_output(self, context: nb.OutputContext, obj: Any) -> None:
        self.types[f"{context.step_key}.{context.name}"] = context.value_type.typing_type
        self.kept[f"{context.key}.{context.name}"] = obj

    def load_input(self, context: nb.InputContext) -> Any:
        made = context.upstream_output
        assert made is not None
        self.types[f"{made.name} as {context.name}"] = (made.value_type.typing_type, context.value_type.typing_type)
        return self.kept[f"{made.key}.{made.name}"]


def test_an_io_manager_is_told_the_resolved_types_of_outputs_and_inputs() -> None:
    @nb.asset
    def plain():  # type: ignore[no-untyped-def]
        return 1

    @nb.multi_asset(outs={"rows": nb.AssetOut(), "small": nb.AssetOut(value_type=Small)})
    def two() -> tuple[list[int], nb.Output[str]]:
        return [1], 2  # type: ignore[return-value]

    @nb.asset
    def total(plain: int | None, rows: Sequence[int], small) -> nb.MaterializeResult[int]:  # type: ignore[no-untyped-def]
        return nb.MaterializeResult(value=6)

    manager = Asking()
    assert nb.materialize([plain, two, total], resources={"io_manager": manager}, instance=nb.Instance.ephemeral()).success
    assert manager.types == {
        "plain.result": Any,
        "two.rows": list[int],
        "two.small": int,
        "total.result": int,
        "result as plain": (Any, int | None),
        "rows as rows": (list[int], Any),  # what names a module that is there for type checkers only cannot be read
        "small as small": (int, Any),
    }


def test_an_op_of_a_job_tells_its_types_too() -> None:
    @nb.op
    def count() -> int:
        return 1

    @nb.op
    def show(count: float, name: Any = "n") -> str:
        return f"{name} {count}"

    @nb.job
    def counting() -> None:
        show(count())

    manager = Asking()
    assert counting.execute_in_process(resources={"io_manager": manager}, instance=nb.Instance.ephemeral()).success
    assert manager.types == {"count.result": int, "show.result": str, "result as count": (int, float)}


def test_contexts_for_tests_know_types_as_well() -> None:
    assert nb.build_output_context(value_type=Small).value_type is Small
    assert nb.build_input_context(value_type=int).value_type.name == "Int"
    assert nb.build_input_context().value_type.name == "Any"
