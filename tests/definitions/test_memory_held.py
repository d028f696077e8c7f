"""How much memory definitions hold: counted allocations, not the size of a process."""

from __future__ import annotations

import gc
import inspect
import sys
import tracemalloc
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from nbasset import Definitions, asset, materialize_to_memory
from nbasset.commands import scope
from nbasset.keys import _IN_USE

MANY = 500


def layers() -> list[Callable[..., Any]]:
    """Functions that read up to three of those before them."""

    def inputs(number: int) -> str:
        return ", ".join(f"held_{one}: int" for one in (number - 1, number - 8, number - 15) if one >= 0)

    names: dict[str, Any] = {}
    exec("\n".join(f"def held_{number}({inputs(number)}) -> int:\n    return {number}" for number in range(MANY)), names)
    return [names[f"held_{number}"] for number in range(MANY)]


def held_by(make: Callable[[], object]) -> float:
    """Bytes for each function that are still allocated when what was made is all that is left of it."""
    names = [sys.intern(f"held_{number}") for number in range(4 * MANY)]  # the table of all names grows in steps: not now
    gc.collect()
    tracemalloc.start()
    try:
        made = make()
        gc.collect()
        held: float = tracemalloc.get_traced_memory()[0] / MANY
    finally:
        tracemalloc.stop()
    del made, names
    return held


def signatures() -> object:
    """The least that a program could keep: the functions, and the names of what each reads."""
    functions = layers()
    return functions, {fn.__name__: list(inspect.signature(fn).parameters) for fn in functions}


def resolved() -> object:
    functions = layers()
    definitions = Definitions([asset(fn) for fn in functions])
    assert not definitions.problems
    return functions, definitions


@pytest.mark.skipif(sys.gettrace() is not None, reason="a tracer holds what it saw")
def test_an_asset_holds_little_more_than_half_as_much_again_as_its_function_and_the_names_it_reads() -> None:
    resolved()  # what is kept once for all
    assert held_by(resolved) <= 1.6 * held_by(signatures)  # 1.5 of many; of a few hundred what is kept for a while counts, too


def test_definitions_that_were_listed_planned_and_run_are_freed_with_the_last_that_holds_them() -> None:
    functions = layers()[:20]
    assets = [asset(fn) for fn in functions]
    definitions = Definitions(assets)
    assert len(definitions.catalog.nodes) == len(definitions.resolve().makers) == 20
    assert materialize_to_memory(assets).success
    scope._LAST.clear()
    seen: list[Callable[[], object]] = [weakref.ref(functions[0]), weakref.ref(definitions)]
    del functions, assets, definitions
    gc.collect()
    assert [ref() for ref in seen] == [None, None]
    assert "held_3" not in _IN_USE


def test_a_cell_that_is_run_again_and_again_holds_no_more_in_the_end() -> None:
    def cell() -> Any:
        names: dict[str, Any] = {}
        exec("def held_once() -> int:\n    return 1\ndef held_twice(held_once: int) -> int:\n    return 2", names)
        definitions = Definitions([asset(names["held_once"]), asset(names["held_twice"])])
        return len(definitions.catalog.nodes), len(definitions.resolve().nodes)

    def traced(times: int) -> int:
        for _ in range(times):
            cell()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = traced(20)
        assert traced(300) - before < 300 * 16  # less than one smallest object for each time
    finally:
        tracemalloc.stop()
