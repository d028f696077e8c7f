"""Data that passes for numbers: written as data it must be one, made by Python code it becomes one."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BeforeValidator, Field, ValidationError, create_model, field_validator

import nbasset as nb
from nbasset.definitions.config_ports import ConfigSchema
from nbasset.definitions.config_written import config_data


class Inner(nb.Config):
    rate: float = 1.0
    days: list[int] = Field([])


FIELDS: tuple[Any, ...] = (
    int, float, bool, str, int | None, int | str, float | bool, list[int], list[float | None], dict[str, int], dict[int, bool],
    tuple[int, str], tuple[float, ...], set[int], list[dict[str, int]], Inner, list[Inner], dict[str, Inner | None],
    Annotated[int, Field(ge=0)],
)  # fmt: skip


def config_with(annotation: Any) -> Any:
    return create_model("Delays", __base__=nb.Config, n=(annotation, ...))


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (int, "3"), (int, 3.0), (int, True), (float, "1.5"), (bool, "true"), (bool, 1), (int | None, "3"), (list[int], [1, "2"]),
        (dict[str, float], {"a": "1"}), (tuple[int, str], [True, "a"]), (Inner, {"rate": "1"}), (list[Inner], [{"days": ["1"]}]),
    ],
)  # fmt: skip
def test_text_flags_and_fractions_are_no_numbers_in_data_but_in_code(annotation: Any, value: Any) -> None:
    cls = config_with(annotation)
    checked = ConfigSchema(cls).validate({"n": value})
    assert [error.rule for error in checked.errors] == ["type"]
    assert str(checked.errors[0]).startswith("config.n")
    assert ConfigSchema(cls).validate(config_data(cls(n=value))).ok


@pytest.mark.parametrize(
    ("annotation", "value", "becomes"),
    [
        (float, 1, 1.0), (float, True, 1.0), (int | list[int], [3], [3]), (int | str, "3", "3"), (float | bool, True, True),
        (Any, "3", "3"), (dict[int, int], {"1": 2}, {1: 2}),
    ],
)  # fmt: skip
def test_what_has_no_other_form_in_data_still_passes(annotation: Any, value: Any, becomes: Any) -> None:
    made = ConfigSchema(config_with(annotation)).resolve({"n": value}).n
    assert (type(made), made) == (type(becomes), becomes)


def test_each_misfit_is_told_at_its_place() -> None:
    cls = create_model("Delays", __base__=nb.Config, n=(int, ...), rates=(dict[str, list[float]], ...))
    errors = ConfigSchema(cls).validate({"n": "3", "rates": {"a": [1, "2"], "b": ["x"]}}).errors
    assert [str(error).partition(".  ")[0].partition(" Example")[0] for error in errors] == [
        "config.n: expected int, got '3' (str).",
        "config.rates.a[1]: expected float, got '2' (str).",
        "config.rates.b[0]: expected float, got 'x' (str).",
    ]


def test_a_function_of_the_users_that_reads_the_value_first_decides_itself() -> None:
    class Delays(nb.Config):
        n: Annotated[int, BeforeValidator(lambda value: str(value).removesuffix(" min"))]
        m: int = 0
        days: list[Annotated[int, BeforeValidator(str)]] = Field([])

        @field_validator("m", mode="before")
        @classmethod
        def _minutes(cls, value: Any) -> Any:
            return str(value).removesuffix(" min")

    made = ConfigSchema(Delays).resolve({"n": "3 min", "m": "4 min", "days": ["1"]})
    assert (made.n, made.m, made.days) == (3, 4, [1])


def test_the_environment_knows_only_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DELAYS_N", "3")
    schema = ConfigSchema(create_model("Delays", __base__=nb.Config, n=(int, ...), days=(list[int], ...)))
    made = schema.resolve({"n": {"env": "DELAYS_N"}, "days": [1, {"env": "DELAYS_N"}]})
    assert (made.n, made.days) == (3, [1, 3])


def test_a_class_that_holds_itself_is_looked_through() -> None:
    class Node(nb.Config):
        size: int = 0
        inner: list[Node] = Field([])

    Node.model_rebuild(_types_namespace={"Node": Node})
    errors = ConfigSchema(Node).validate({"inner": [{"inner": [{"size": "1"}]}]}).errors
    assert [".".join(map(str, error.path)) for error in errors] == ["config.inner.0.inner.0.size"]


SCALARS = st.one_of(st.integers(0, 9), st.floats(0, 9).map(lambda value: float(int(value))), st.booleans(), st.integers(0, 9).map(str))
VALUES = st.recursive(
    SCALARS | st.none(),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["a", "1"]), inner, max_size=2),
        st.fixed_dictionaries({}, optional={"rate": inner, "days": st.lists(SCALARS, max_size=2)}),
    ),
    max_leaves=6,
)


@given(st.sampled_from(FIELDS), VALUES)
def test_the_data_of_a_config_made_in_code_makes_the_same_config(annotation: Any, value: Any) -> None:
    cls = config_with(annotation)
    try:
        made = cls(n=value)
    except (nb.InvalidConfigError, ValidationError):
        return
    again = ConfigSchema(cls).validate(config_data(made))
    assert again.ok, again.errors
    assert ConfigSchema(cls).resolve(again.data) == made
