"""`why` and `check`: chains, code that changed, what is the same, what it takes; what a notebook leans on, and the proof."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nbasset.arguments import parse
from nbasset.commands.carrying_out import raise_failure
from nbasset.commands.check import CheckResult, check, check_text
from nbasset.commands.plan import plan
from nbasset.commands.run import run
from nbasset.commands.scope import Scope
from nbasset.commands.why import WhyResult, why, why_text
from nbasset.errors import UnknownAsset, UnknownPartitionError
from nbasset.instance import Instance, instance_for_test
from nbasset.locations.notebook import load_notebook

Write = Callable[..., Path]
Cells = Callable[..., Scope]
CELLS = [
    "import pandas as pd",
    "RATE = 2",
    "def clean(table):\n    return table[table['n'] > 0]",
    "%%asset raw\npd.DataFrame({'n': [1, 2, 3]})",
    "%%asset days --partitions daily:2013-01-01..2013-01-04\nclean(raw).assign(day=context.partition_key)",
    "%%asset total\npd.DataFrame({'n': [RATE * sum(len(day) for day in days.values())]})",
]


@pytest.fixture
def instance() -> Iterator[Instance]:
    with instance_for_test() as made:
        yield made


@pytest.fixture
def cells(instance: Instance, write_notebook: Write) -> Cells:
    return lambda *sources: Scope(load_notebook(write_notebook(*sources)), instance)


@pytest.fixture
def made(cells: Cells) -> Scope:
    """Everything was made once."""
    scope = cells(*CELLS)
    _run(scope)
    return scope


def _run(scope: Scope, words: str = "run") -> None:
    done = run(scope, parse(words)[1])
    if done.result is not None:
        raise_failure(done.result)


def _why(scope: Scope, words: str) -> WhyResult:
    return why(scope, parse(f"why {words}")[1])


def _check(scope: Scope, words: str = "") -> CheckResult:
    return check(scope, parse(f"check {words}")[1])


def edited(old: str, new: str) -> list[str]:
    return [cell.replace(old, new) for cell in CELLS]


# -- why ------------------------------------------------------------------------------------------------------------------------


def test_the_chain_leads_from_the_root_cause_with_its_code_to_the_asset(made: Scope, cells: Cells) -> None:
    result = _why(cells(*edited("> 0", "> 1")), "total")
    (cause,) = result.causes
    assert [(str(link.asset), link.text, link.count) for link in cause.links] == [
        ("days", "`clean()` in cell 3 changed", 4), ("total", "reads 'days'", 0),
    ]  # fmt: skip
    assert result.sentence == "'total' is stale: `clean()` in cell 3 changed, which 'days' needs."
    assert "-    return table[table['n'] > 0]\n+    return table[table['n'] > 1]" in result.diff


def test_a_partitioned_asset_says_for_how_many_of_its_partitions(made: Scope, cells: Cells) -> None:
    result = _why(cells(*edited("> 0", "> 1")), "days")
    assert (dict(result.counts), result.partitions) == ({"stale": 4}, "2013-01-01..2013-01-04")
    assert result.sentence == "'days' is stale: `clean()` in cell 3 changed."


def test_one_partition_is_asked_about_alone(made: Scope, cells: Cells) -> None:
    scope = cells(*edited("> 0", "> 1"))
    _run(scope, "run days -p 2013-01-02")
    assert _why(scope, "days -p 2013-01-02").sentence == "'days' for 2013-01-02 is fresh: nothing that it was made from has changed."
    assert _why(scope, "days -p 2013-01-03").sentence == "'days' for 2013-01-03 is stale: `clean()` in cell 3 changed."
    assert _why(scope, "days").sentence.startswith("'days' is stale for 3 of 4 partitions: ")
    with pytest.raises(UnknownPartitionError):
        _why(scope, "days -p 2014-01-01")


def test_what_is_the_same_is_said_too(made: Scope) -> None:
    assert _why(made, "total").same[:3] == ("own code", "'days'", "configuration")
    assert any(one.startswith("pandas ") for one in _why(made, "total").same)


def test_what_it_takes_is_told_by_what_it_took(made: Scope, cells: Cells) -> None:
    found = _why(cells(*edited("> 0", "> 1")), "total").estimate
    assert found is not None
    assert found.seconds is not None
    assert (found.partitions, found.unknown) == (5, ())


def test_the_answer_is_data_and_text(made: Scope, cells: Cells) -> None:
    result = _why(cells(*edited("> 0", "> 1")), "total")
    data = json.loads(json.dumps(result.to_json()))
    assert data["causes"][0]["chain"][0]["changes"][0]["name"] == "clean"
    assert data["state"] == "stale"
    lines = why_text(result).split("\n")
    assert lines[0] == result.sentence
    assert "  1. days: `clean()` in cell 3 changed [4 partitions: 2013-01-01..2013-01-04]" in lines


def test_the_direct_view_stops_at_what_it_was_made_from(made: Scope, cells: Cells) -> None:
    assert _why(cells(*edited("> 0", "> 1")), "total --direct").state == "fresh"


def test_an_asset_that_nobody_defines_is_named_with_the_nearest(made: Scope) -> None:
    with pytest.raises(UnknownAsset, match="'total'"):
        _why(made, "totl")


# -- plans ----------------------------------------------------------------------------------------------------------------------


def test_a_plan_after_an_edit_is_its_blast_radius_with_the_code_by_name(made: Scope, cells: Cells) -> None:
    result = plan(cells(*edited("> 0", "> 1")), parse("plan")[1])
    assert [(node.name, node.partition_count, node.perhaps, node.why[0].text) for node in result.nodes] == [
        ("days", 4, False, "`clean()` in cell 3 changed"),
        ("total", 0, True, "'days' is stale: `clean()` in cell 3 changed"),
    ]
    assert [str(key) for key in result.fresh] == ["raw"]
    assert (result.nodes[0].reads[0].last, result.nodes[0].writes, result.files) == ("raw", 4, 5)
    assert result.estimate is not None
    assert result.cost.startswith("About ")


def test_a_plan_never_runs_anything(made: Scope, cells: Cells, instance: Instance) -> None:
    before = instance.reader.last_seq()
    plan(cells(*edited("> 0", "> 1")), parse("plan --force")[1])
    assert instance.reader.last_seq() == before


def test_a_run_of_what_is_stale_stops_where_nothing_changed(made: Scope, cells: Cells) -> None:
    scope = cells(*edited("> 0", ">= 1"))  # other code, the same rows
    done = run(scope, parse("run --stale")[1])
    assert done.result is not None
    assert sorted({str(fact.asset) for fact in done.result.get_asset_materialization_events()}) == ["days"]
    assert [event.reason for event in done.result.get_step_skipped_events()] == ["fresh"]
    assert plan(scope, parse("plan")[1]).is_empty


def test_a_run_of_everything_stale_leaves_nothing_stale(made: Scope, cells: Cells) -> None:
    scope = cells(*edited("2013-01-04", "2013-01-05"))
    _run(scope, "run --stale")
    assert plan(scope, parse("plan")[1]).is_empty


# -- check ----------------------------------------------------------------------------------------------------------------------


def test_a_notebook_that_says_all_is_clean(made: Scope) -> None:
    result = _check(made)
    assert (result.is_clean, result.remarks) == (True, ())


def test_a_name_that_no_cell_defines_is_a_problem_with_its_cell(cells: Cells) -> None:
    result = _check(cells("%%asset one\n[fx]"))
    assert [(one.kind, one.weight) for one in result.remarks] == [("hidden-state", "problem")]
    assert "cell 1 uses `fx`, which no cell defines" in check_text(result)
    assert not result.is_clean


def test_cells_in_an_order_that_is_none_of_the_graph_are_named(cells: Cells) -> None:
    result = _check(cells("%%asset late\nlen(early)", "%%asset early\n[1]"))
    assert [one.text for one in result.remarks] == ["cell 1 reads `early`, which stands below it, in cell 2"]


def test_a_change_of_another_cells_object_is_named(cells: Cells) -> None:
    result = _check(cells("NAMES = ['a']", "NAMES.append('b')", "%%asset one\nNAMES"))
    assert [one.text for one in result.remarks] == ["cell 2 changes `NAMES`, which cell 1 makes"]


def test_a_file_that_only_a_scratch_cell_writes_is_named(cells: Cells) -> None:
    result = _check(cells("import pandas as pd", "pd.DataFrame({'n': [1]}).to_csv('n.csv')", "%%asset one\npd.read_csv('n.csv')"))
    assert [one.text for one in result.remarks] == [
        "cell 3 reads 'n.csv', which cell 2 writes, and that is no part of what the asset needs"
    ]


@pytest.mark.parametrize("how", ["pd.read_csv(PLACE)", "pd.read_csv(Path(PLACE))", "[Path(PLACE).read_text()]", "[open(PLACE).read()]"])
def test_a_file_is_known_by_a_constant_that_names_it_too(cells: Cells, how: str) -> None:
    head = "from pathlib import Path\nimport pandas as pd\nPLACE = 'n.csv'"
    result = _check(cells(head, "pd.DataFrame({'n': [1]}).to_csv(PLACE)", f"%%asset one\n{how}"))
    assert [one.text for one in result.remarks] == [
        "cell 3 reads 'n.csv', which cell 2 writes, and that is no part of what the asset needs"
    ]


def test_lines_that_change_the_surroundings_are_named(cells: Cells) -> None:
    result = _check(cells("%env RATE=3", "import os", "%%asset one\n[os.environ['RATE']]"))
    assert [one.kind for one in result.remarks if one.weight == "warning"] == ["environment"]


@pytest.mark.slow
def test_a_clean_process_proves_it_or_names_the_first_difference(cells: Cells, instance: Instance) -> None:
    scope = cells(
        "import pandas as pd",
        "VALUES = [1, 2]",
        "%%asset steady\npd.DataFrame({'id': [1, 2], 'n': VALUES})",
        "%%asset reader\nsteady.assign(n=steady['n'] + 1)",
        "import os\n\n%env FACTOR=2",
        "%%asset leaning\npd.DataFrame({'id': [1, 2], 'n': [1, int(os.environ.get('FACTOR', 1))]})",
    )
    import os

    os.environ["FACTOR"] = "2"
    try:
        _run(scope)
        del os.environ["FACTOR"]
        result = _check(scope, "--clean-kernel")
    finally:
        os.environ.pop("FACTOR", None)
    assert {str(one.asset): (one.verdict, one.first) for one in result.proofs} == {
        "steady": ("same", ""), "reader": ("same", ""), "leaning": ("different", "column `n` at id=2: 2 and 1"),
    }  # fmt: skip
    assert not result.is_clean
    folder = instance.manager("parquet").folder
    assert folder.leftovers() == []


@pytest.mark.slow
def test_the_first_difference_of_pickled_values_is_named_too(cells: Cells) -> None:
    import os

    scope = cells(
        "import os\nfrom nbasset import asset",
        "@asset(io_manager_key='pickle')\ndef pair():\n    return [1, int(os.environ.get('FACTOR', 1))]",
    )
    os.environ["FACTOR"] = "2"
    try:
        _run(scope)
        del os.environ["FACTOR"]
        (proof,) = _check(scope, "--clean-kernel").proofs
    finally:
        os.environ.pop("FACTOR", None)
    assert (proof.verdict, proof.first.partition(" at ")[2]) == ("different", "row 2: 2 and 1")


@pytest.mark.slow
def test_a_proof_on_first_rows_of_the_inputs_leaves_nothing_behind(made: Scope, instance: Instance) -> None:
    before = instance.reader.last_seq()
    result = _check(made, "days --clean-kernel -p 2013-01-03 --rows 2")
    assert [(one.partition, one.verdict) for one in result.proofs] == [("2013-01-03", "same")]
    assert instance.reader.last_seq() == before
    assert instance.manager("parquet").folder.leftovers() == []
