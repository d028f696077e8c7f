"""A parameter named `config` without a config class: an annotation that describes configuration makes it one."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Any, Literal

import pytest

import nbasset as nb


@pytest.fixture(autouse=True)
def somewhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is nobody's project: what names no instance writes to the nearest home."""
    monkeypatch.chdir(tmp_path)


class Colour(Enum):
    RED = 1


class Part(nb.Config):
    n: int = 1


def given_to(annotation: Any, data: Any, *default: Any) -> Any:
    def show(config):  # type: ignore[no-untyped-def]
        return config

    show.__annotations__["config"], show.__defaults__ = annotation, default or None
    shown = nb.op(show)
    assert not shown.ins

    @nb.job
    def showing() -> None:
        shown()

    run_config = {"ops": {"show": {"config": data}}} if data is not ... else {}
    return showing.execute_in_process(run_config=run_config).output_for_node("show")


@pytest.mark.parametrize(
    ("annotation", "data", "value"),
    [
        (int, 3, 3), (float, 1, 1.0), (str, "a", "a"), (bool, False, False), (list, [1], [1]), (list[int], [1], [1]), (Any, 5, 5),
        (dict, {"a": 1}, {"a": 1}), (dict, ..., {}), (dict[str, list[int]], {"a": [1]}, {"a": [1]}), (int | None, 4, 4),
        (int | None, ..., None), (int | str, "a", "a"), (Literal["x", "y"], "y", "y"), (Colour, "RED", Colour.RED), (nb.Int, 3, 3),
        (list[Part], [{"n": 2}], [Part(n=2)]), (nb.Permissive({"a": int}), {"a": 1, "b": 2}, {"a": 1, "b": 2}),
        ({"a": nb.Noneable(int)}, {"a": None}, {"a": None}),
    ],
)  # fmt: skip
def test_an_annotation_that_describes_configuration_makes_the_parameter_configuration(annotation: Any, data: Any, value: Any) -> None:
    found = given_to(annotation, data)
    assert (found, type(found) is float) == (value, type(value) is float)


def test_its_default_is_used_where_nothing_is_configured() -> None:
    assert given_to(int, ..., 7) == 7
    assert given_to(int, 8, 7) == 8
    assert given_to({"a": int}, ..., {"a": 1}) == {"a": 1}


def test_what_is_missing_or_of_another_type_is_refused_before_the_run() -> None:
    with pytest.raises(nb.InvalidConfigError, match=r"ops.show.config: missing; int is required. Example: config: 1"):
        given_to(int, ...)
    with pytest.raises(nb.InvalidConfigError, match=r"ops.show.config\[0\]: expected int, got 'a'"):
        given_to(list[int], ["a"])


def test_assets_and_checks_are_configured_by_one_value_too() -> None:
    @nb.asset
    def delays(context: nb.AssetExecutionContext, config: int) -> int:
        assert context.op_config == config
        return config

    @nb.asset_check(asset=delays)
    def enough(delays: int, config: int = 3) -> nb.AssetCheckResult:
        return nb.AssetCheckResult(passed=delays > config)

    result = nb.materialize([delays, enough], run_config={"ops": {"delays": {"config": 5}}})
    assert (result.output_for_node("delays"), result.get_asset_check_evaluations()[0].passed) == (5, True)


def test_called_directly_it_is_given_by_name_in_order_or_by_the_context() -> None:
    @nb.op
    def show(context, rows: list[str], config: int):  # type: ignore[no-untyped-def]
        return rows, config

    context = nb.build_op_context()
    assert show(context, ["a"], 3) == show(context, ["a"], config=3) == show(nb.build_op_context(op_config=3), ["a"]) == (["a"], 3)
    with pytest.raises(nb.InvalidConfigError, match=r"expected int, got '3' \(str\)"):
        show(context, ["a"], config="3")
    with pytest.raises(nb.InvalidInvocationError, match=r"op 'show' needs config. Pass it: config=1."):
        show(context, ["a"])


def test_it_can_be_fixed() -> None:
    @nb.op
    def show(config: int) -> int:
        return config

    @nb.job
    def showing() -> None:
        show.configured(3, name="show_three")()

    assert showing.execute_in_process().output_for_node("show_three") == 3


def test_other_annotations_none_and_those_that_ins_names_make_it_an_input() -> None:
    class Frame:
        pass

    @nb.asset
    def config() -> int:
        return 3

    @nb.asset
    def bare(config):  # type: ignore[no-untyped-def]
        return config

    @nb.asset(ins={"config": nb.AssetIn("config")})
    def named(config: int) -> int:
        return config

    @nb.op
    def framed(config: Frame) -> None:
        pass

    assert nb.materialize([config, bare, named]).output_for_node("named") == 3
    assert list(framed.ins) == ["config"]


def test_an_asset_named_config_and_a_parameter_that_is_configuration_are_a_problem() -> None:
    @nb.asset
    def config() -> dict[str, int]:
        return {"n": 1}

    @nb.asset
    def rows(config: dict[str, int]) -> int:
        return len(config)

    [problem] = nb.Definitions(assets=[config, rows]).problems
    assert (problem.rule, problem.asset) == ("ambiguous-config", "rows")
    assert problem.hint == "To read the asset: ins={'config': AssetIn('config')}. Else give the asset another name."


def test_config_is_described_once() -> None:
    with pytest.raises(nb.InvalidDefinitionError, match="op 'show' says twice what its configuration is"):

        @nb.op(config_schema={"n": int})
        def show(config: int) -> None:
            pass
