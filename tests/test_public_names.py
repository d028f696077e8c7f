"""The public names: what type checkers see is what the package gives, and nothing of it is loaded before it is asked for."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import nbasset

TREE = ast.parse(Path(nbasset.__file__).read_text(encoding="utf-8"))


def _seen_by_type_checkers() -> dict[str, str]:
    block = next(node for node in TREE.body if isinstance(node, ast.If))
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_type_checkers_see_exactly_the_names_that_are_given() -> None:
    given = {name: f"nbasset.{module}.{name}" for name, module in nbasset._PLACES.items()}
    assert _seen_by_type_checkers() == given


def test_every_name_is_found_where_the_table_says() -> None:
    assert [name for name in nbasset.__all__ if not hasattr(nbasset, name)] == []
    assert set(nbasset.__all__) <= set(dir(nbasset))


def test_a_misspelt_name_gets_the_nearest_one() -> None:
    with pytest.raises(AttributeError, match="Did you mean 'materialize'"):
        _ = nbasset.materialise  # type: ignore[attr-defined]
