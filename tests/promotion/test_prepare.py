"""What papermill gets to execute: the cells that the plan needs, each asset made under its definition, everything else left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from nbasset.instance import Instance
from nbasset.keys import AssetKey, RunId
from nbasset.locations.notebook import load_notebook
from nbasset.planning.plan import PlanRequest
from nbasset.planning.run_plan import plan_run
from nbasset.promotion.prepare import GENERATED_TAG, is_generated, marked, prepare
from nbasset.promotion.taking_part import part_of
from nbasset.promotion.written import SKIP_TAG

from .conftest import code, notebook_of, text

RUN = RunId("r1")
LOAD = "%load_ext nbasset"
SETUP = "%load_ext nbasset\nfrom nbasset import asset"
Prepared = Callable[..., dict[str, Any]]


@pytest.fixture
def prepared(write_notebook: Callable[..., Path]) -> Prepared:
    """The prepared copy of a notebook for some of its assets (all without names)."""

    def make(*cells: Any, only: str = "") -> dict[str, Any]:
        path = write_notebook(*cells)
        location = load_notebook(path)
        catalog = location.definitions.resolve().catalog
        with Instance.ephemeral() as instance:
            keys = [AssetKey.from_user_string(name) for name in only.split()] or [one.key for one in catalog.assets if one.node]
            plan = plan_run(catalog, PlanRequest(RUN, frozenset(keys)), instance.partitions_view())
        part = part_of(location, catalog, plan)
        assert location.source is not None
        return prepare(json.loads(path.read_text()), location.source.cells(), part, plan)

    return make


def running(notebook: dict[str, Any]) -> list[str]:
    """Sources of the cells that papermill executes, in order."""
    return [
        cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code" and SKIP_TAG not in cell["metadata"].get("tags", ())
    ]


def test_a_generated_cell_makes_each_asset_right_below_its_definition(prepared: Prepared) -> None:
    made = prepared(SETUP, "%%asset one\n[1]", text("between"), "@asset\ndef two(one):\n    return one")
    assert [cell["source"] for cell in made["cells"]] == [
        SETUP,
        "%%asset one\n[1]",
        "%asset run one --run r1",
        "between",
        "@asset\ndef two(one):\n    return one",
        "%asset run two --run r1",
    ]
    assert [cell["id"] for cell in made["cells"]] == ["c1", "c2", "c2-run", "c3", "c4", "c4-run"]


def test_preparing_twice_gives_the_same(prepared: Prepared) -> None:
    cells = (SETUP, "x = 1", "%%asset one\n[x]", "1/0")
    assert prepared(*cells) == prepared(*cells)


def test_cells_that_no_asset_needs_are_skipped_and_say_so(prepared: Prepared) -> None:
    made = prepared(LOAD, "1/0", "x = 1", "%%asset one\n[x]", code("x = 2", "scratch"))
    assert running(made) == [LOAD, "x = 1", "%%asset one\n[x]", "%asset run one --run r1"]
    skipped = [cell for cell in made["cells"] if SKIP_TAG in cell["metadata"].get("tags", ())]
    assert [cell["source"] for cell in skipped] == ["1/0", "x = 2"]
    assert [cell["outputs"][0]["data"]["text/plain"] for cell in skipped] == ["Not part of this run."] * 2
    assert skipped[1]["metadata"]["tags"] == ["scratch", SKIP_TAG]


def test_verbs_of_the_notebook_do_not_run(prepared: Prepared) -> None:
    made = prepared(LOAD, "%%asset one\n[1]", "%asset run one", "%asset graph", "%asset load one --into df", "df.sum()", "!ls", "%pwd")
    assert running(made) == [LOAD, "%%asset one\n[1]", "%asset run one --run r1"]


def test_of_a_cell_that_is_needed_in_part_the_rest_is_a_comment(prepared: Prepared) -> None:
    cell = "import time\n%matplotlib inline\nx = 1\n%asset run one\nfor i in range(9):\n    time.sleep(i)\ny = x + 1; z = 2"
    made = prepared(SETUP, cell, "%%asset one\n[y]")
    assert running(made)[1] == (
        "# not part of this run: import time\n%matplotlib inline\nx = 1\n# not part of this run: %asset run one\n"
        "# not part of this run: for i in range(9):\n#     time.sleep(i)\ny = x + 1; z = 2"
    )


def test_what_is_left_out_of_a_decorated_function_takes_its_decorators_along(prepared: Prepared) -> None:
    cell = "from functools import cache\nx = 1\n@cache\ndef unused():\n    return x"
    assert running(prepared(SETUP, cell, "%%asset one\n[x]"))[1] == (
        "# not part of this run: from functools import cache\nx = 1\n# not part of this run: @cache\n# def unused():\n#     return x"
    )


def test_lines_that_load_extensions_run_wherever_they_stand(prepared: Prepared) -> None:
    made = prepared("%load_ext nbasset", "%matplotlib inline\n%config InlineBackend.figure_formats = ['svg']", "%%asset one\n[1]")
    assert running(made)[:2] == ["%load_ext nbasset", "%matplotlib inline\n%config InlineBackend.figure_formats = ['svg']"]


def test_a_cell_that_loads_extensions_runs_without_what_no_asset_needs(prepared: Prepared) -> None:
    made = prepared("%load_ext nbasset\nimport turtle", "%%asset one\n[1]")
    assert running(made)[0] == "%load_ext nbasset\n# not part of this run: import turtle"


def test_the_extension_is_loaded_first_where_the_notebook_does_not(prepared: Prepared) -> None:
    for cells in (
        ["%%asset one\n[1]"],
        ["%%asset one\n[1]", "%load_ext nbasset"],
        [code("%load_ext nbasset", "scratch"), "%%asset one\n[1]"],
    ):
        made = prepared(*cells)
        assert (made["cells"][0]["source"], made["cells"][0]["id"]) == ("%load_ext nbasset", "nbasset-load")
        assert is_generated(made["cells"][0])


def test_an_asset_defined_above_what_it_reads_is_made_below_it(prepared: Prepared) -> None:
    made = prepared(SETUP, "@asset\ndef two(one):\n    return helper(one)", "%%asset one\n[1]", "def helper(x):\n    return x")
    assert running(made)[-2:] == ["def helper(x):\n    return x", "%asset run two --run r1"]
    assert running(made)[3] == "%asset run one --run r1"


def test_a_selection_brings_only_its_own_cells_and_the_definitions_it_reads_from(prepared: Prepared) -> None:
    made = prepared(LOAD, "%%asset one\n[1]", "%%asset two\none", "h = 1", "%%asset three\n[h]", only="two")
    assert running(made) == [LOAD, "%%asset one\n[1]", "%%asset two\none", "%asset run two --run r1"]


def test_a_line_says_what_is_read_and_not_made_and_goes_when_the_notebook_is_prepared_again(prepared: Prepared) -> None:
    both = "@multi_asset(outs={'a': AssetOut(key_prefix='sales'), 'b': AssetOut()})\ndef two():\n    return 1, 2"
    cells = ("%load_ext nbasset\nfrom nbasset import AssetOut, multi_asset", both, "%%asset c\n[b]")
    made = prepared(*cells, only="c")
    [note] = [cell for cell in made["cells"] if cell["cell_type"] == "markdown"]
    assert (note["source"], is_generated(note)) == (
        "<small>`sales/a`, `b`: not made in this run, which reads what is stored.</small>",
        True,
    )
    again = prepared(*made["cells"])
    assert [cell["cell_type"] for cell in again["cells"]] == ["code"] * 5


def test_one_generated_cell_makes_all_that_a_cell_defines(prepared: Prepared) -> None:
    cell = "from nbasset import AssetOut, multi_asset\n@multi_asset(outs={'a': AssetOut(), 'b': AssetOut()})\ndef both():\n    return 1, 2"
    assert running(prepared(SETUP, cell))[-1] == "%asset run a b --run r1"


def test_parameters_stay_and_definitions_objects_too(prepared: Prepared) -> None:
    objects = "from nbasset import Definitions\ndefs = Definitions(resources={'answer': 42})"
    made = prepared(SETUP, code("year = 2013", "parameters"), objects, "%%asset one\n[1]")
    assert running(made)[1:3] == ["year = 2013", objects]


def test_outputs_of_earlier_runs_go_and_ids_come_where_there_are_none(prepared: Prepared) -> None:
    cells = [{**code(source), "id": ""} for source in (LOAD, "%%asset one\n[1]")]
    made = prepared(*cells)
    assert [cell["id"] for cell in made["cells"]] == ["cell-1", "cell-2", "cell-2-run"]
    assert [(cell["outputs"], cell["execution_count"]) for cell in made["cells"]] == [([], None)] * 3
    nbformat.validate(nbformat.from_dict(made))


def test_a_generated_id_never_takes_one_that_is_there(prepared: Prepared) -> None:
    made = prepared(LOAD, "%%asset one\n[1]", {**code("2"), "id": "c2-run"})
    assert [cell["id"] for cell in made["cells"]] == ["c1", "c2", "c2-run-2", "c2-run"]


def test_a_prepared_notebook_prepares_to_itself(prepared: Prepared) -> None:
    first = prepared("%%asset one\n[1]", "1/0")
    assert first["cells"][0]["id"] == "nbasset-load"
    assert prepared(*marked(first, 2, "The run failed")["cells"]) == first


def test_the_notebook_itself_is_not_changed(write_notebook: Callable[..., Path]) -> None:
    path = write_notebook(SETUP, "%%asset one\n[1]", "1/0")
    before = path.read_bytes()
    location = load_notebook(path)
    catalog = location.definitions.resolve().catalog
    with Instance.ephemeral() as instance:
        plan = plan_run(catalog, PlanRequest(RUN, frozenset({AssetKey("one")})), instance.partitions_view())
    data = json.loads(before)
    assert location.source is not None
    prepare(data, location.source.cells(), part_of(location, catalog, plan), plan)
    assert data == json.loads(before)
    assert path.read_bytes() == before


def test_the_cell_where_a_run_ended_is_marked_once() -> None:
    notebook = notebook_of("1", "2/0", "3")
    once = marked(notebook, 1, "The run failed")
    assert [cell["id"] for cell in once["cells"]] == ["nbasset-run-ended", "c1", "nbasset-run-ended-here", "c2", "c3"]
    assert marked(once, 3, "The run failed") == once
    assert GENERATED_TAG not in str(once)
