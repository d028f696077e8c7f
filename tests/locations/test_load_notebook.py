"""Loading a notebook by slice: what runs, what does not, what is said of what is wrong."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from nbasset.errors import HiddenState, InvalidNotebook, MissingValue
from nbasset.execution.result import ExecuteInProcessResult
from nbasset.instance import Instance
from nbasset.keys import AssetKey
from nbasset.locations.location import Location
from nbasset.locations.notebook import load_notebook, refuse_hidden_state
from nbasset.locations.slice import load_slice_text
from nbasset.places import file_label

Write = Callable[..., Path]


def _keys(location: Location) -> list[str]:
    return [str(asset.key) for asset in location.definitions.catalog.assets]


def _run(location: Location) -> ExecuteInProcessResult:
    from nbasset.commands.materialize import materialize_in
    from nbasset.commands.scope import Scope

    return materialize_in(Scope(location, Instance.ephemeral()))


def test_cells_and_decorated_functions_are_assets_and_find_each_other(write_notebook: Write) -> None:
    location = load_notebook(
        write_notebook(
            "from nbasset import asset\nRATE = 2",
            "%%asset orders --group raw\n[1, 2, 3]",
            "@asset\ndef total(orders) -> int:\n    return RATE * sum(orders)",
            "%%asset report\nf'{total} in all'",
        )
    )
    assert _keys(location) == ["orders", "total", "report"]
    assert location.definitions.problems == ()
    assert _run(location).asset_value("report") == "12 in all"


def test_definitions_are_found_behind_a_star_import_unless_something_else_has_their_name(write_notebook: Write) -> None:
    location = load_notebook(
        write_notebook(
            "from nbasset import *",
            "@asset\ndef orders():\n    return [1, 2]",
            "def op(fn):\n    return fn",
            "@op\ndef no_op():\n    raise RuntimeError",
            "@asset\ndef total(orders):\n    return sum(orders)",
            "nightly = define_asset_job('nightly')",
        )
    )
    assert _keys(location) == ["orders", "total"]
    assert [job.name for job in location.definitions.catalog.jobs] == ["nightly"]
    assert location.definitions.problems == ()


def test_scratch_and_raising_cells_outside_the_slices_never_run(write_notebook: Write) -> None:
    location = load_notebook(
        write_notebook(
            "%%asset orders\n[1]",
            "raise RuntimeError('scratch work')",
            ("import sys\nsys.modules['it ran'] = sys", ["scratch"]),
            "%%bash\nexit 1",
            "%asset run orders",
            "%%asset total\nsum(orders)",
        )
    )
    assert _keys(location) == ["orders", "total"]
    assert location.definitions.problems == ()
    assert "it ran" not in sys.modules


def test_a_needed_cell_that_raises_spoils_only_what_needs_it(write_notebook: Write) -> None:
    location = load_notebook(
        write_notebook("limit = int('many')", "%%asset small\n[x for x in [1] if x < limit]", "%%asset other\n[1]")
    )  # fmt: skip
    (problem,) = location.definitions.problems
    assert (problem.asset, problem.rule) == ("small", "needs-failed-cell")
    assert "cell 1" in problem.message
    assert "ValueError" in problem.message
    assert _keys(location) == ["small", "other"]


def test_a_decorated_cell_that_raises_is_told_with_its_line(write_notebook: Write) -> None:
    location = load_notebook(
        write_notebook("from nbasset import asset", "@asset(nmae='x')\ndef orders():\n    return 1", "%%asset other\n[1]")
    )  # fmt: skip
    (problem,) = location.definitions.problems
    assert (problem.asset, problem.rule) == ("orders", "cell-raises")
    assert problem.message.startswith("cell 2 of notebook.ipynb, line 1: TypeError")
    assert _keys(location) == ["other"]


def test_hidden_state_is_refused_with_the_cell_and_the_name(write_notebook: Write) -> None:
    location = load_notebook(write_notebook("%%asset rates\n[1.1]", "%%asset total\n[rate * fx for rate in rates]"))
    with pytest.raises(HiddenState, match=r"cell 2 uses `fx`, which no cell defines"):
        refuse_hidden_state(location.definitions.problems)
    assert {problem.asset for problem in location.definitions.problems} == {"total"}


def test_hidden_state_in_a_helper_is_found_too(write_notebook: Write) -> None:
    location = load_notebook(write_notebook("def clean(x):\n    return x * factor", "%%asset total\nclean(1)"))
    (problem,) = location.definitions.problems
    assert (problem.rule, problem.asset) == ("hidden-state", "total")
    assert "`factor`" in problem.message


def test_a_cell_with_a_syntax_error_is_a_problem_and_the_others_load(write_notebook: Write) -> None:
    location = load_notebook(
        write_notebook("def half_written(:", "%%asset orders\n[1]", "%%asset bad\nx =", "@asset\ndef worse(:\n    pass")
    )  # fmt: skip
    assert _keys(location) == ["orders"]
    assert {(problem.asset, problem.severity) for problem in location.definitions.problems} == {
        (None, "note"), ("bad", "error"), ("worse", "error"),
    }  # fmt: skip


def test_an_empty_notebook_has_no_assets(write_notebook: Write) -> None:
    location = load_notebook(write_notebook())
    assert _keys(location) == []
    assert [problem.severity for problem in location.definitions.problems] == ["note"]


@pytest.mark.parametrize(("text", "message"), [("{", "JSON breaks at line 1"), ("", "is empty"), ("[]", "no notebook")])
def test_a_file_that_is_no_notebook_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "x.ipynb"
    path.write_text(text)
    with pytest.raises(InvalidNotebook, match=message):
        load_notebook(path)


def test_two_cells_with_one_key_are_both_named(write_notebook: Write) -> None:
    location = load_notebook(write_notebook("%%asset orders\n[1]", "%%asset orders\n[2]"))
    (problem,) = location.definitions.problems
    assert problem.rule == "duplicate-asset"
    assert "cell 1 of notebook.ipynb" in problem.message
    assert "cell 2 of notebook.ipynb" in problem.message


def test_resources_of_a_definitions_object_join_the_cells(write_notebook: Write) -> None:
    location = load_notebook(
        write_notebook(
            "from nbasset import Definitions, asset\ndefs = Definitions(resources={'db': 'the base'})",
            "%%asset orders --resource db\n[context.resources.db]",
        )
    )
    assert location.definitions.problems == ()
    assert list(location.definitions.resources) == ["db"]
    assert _run(location).asset_value("orders") == ["the base"]


def test_an_asset_keeps_the_helper_that_stands_above_it(write_notebook: Write) -> None:
    location = load_notebook(
        write_notebook(
            "def label():\n    return 'first'", "%%asset a\nlabel()", "def label():\n    return 'second'", "%%asset b\nlabel()",
        )
    )  # fmt: skip
    result = _run(location)
    assert (result.asset_value("a"), result.asset_value("b")) == ("first", "second")


def test_a_factory_in_a_loop_makes_assets_that_share_their_slice(write_notebook: Write) -> None:
    location = load_notebook(
        write_notebook(
            "from nbasset import asset",
            "def make(name):\n    @asset(name=name)\n    def made():\n        return name\n    return made\n\n"
            "tables = [make(name) for name in ('a', 'b')]",
        )
    )
    assert _keys(location) == ["a", "b"]
    assert location.code.version("a") == location.code.version("b") != ""
    assert _run(location).asset_value("b") == "b"


def test_a_changed_helper_changes_the_version_and_a_comment_does_not(write_notebook: Write) -> None:
    def version(helper: str) -> str:
        return load_notebook(write_notebook(helper, "%%asset a\nclean(1)")).code.version("a")

    before = version("def clean(x):\n    return x")
    assert version("def clean(x):  # as it is\n    return x") == before
    assert version("def clean(x):\n    return x + 1") != before


def test_a_version_given_by_hand_goes_before_the_slice(write_notebook: Write) -> None:
    location = load_notebook(write_notebook("%%asset a --code-version 7\n1"))
    assert (location.code.version("a"), location.code.version_of(AssetKey("a"))) == ("7", "7")


def test_project_modules_beside_the_notebook_can_be_imported_and_count(write_notebook: Write, tmp_path: Path) -> None:
    module = tmp_path / "cleaning_of_nb.py"
    module.write_text("def clean(x):\n    return x + 1\n")
    path = write_notebook("from cleaning_of_nb import clean", "%%asset a\nclean(1)")
    location = load_notebook(path)
    assert _run(location).asset_value("a") == 2
    module.write_text("def clean(x):\n    return x + 10\n")
    again = location.reload()
    assert again.code.version("a") != location.code.version("a")
    assert _run(again).asset_value("a") == 11


def test_a_traceback_names_the_cell_and_shows_its_line(write_notebook: Write) -> None:
    location = load_notebook(write_notebook("%%asset a\n\nvalue = {}\nvalue['missing']"))
    with pytest.raises(KeyError) as caught:
        location.definitions.resolve().nodes["a"]()
    frame = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert frame.filename.startswith("<cell 1 of notebook.ipynb")
    assert (file_label(frame.filename), frame.lineno, frame.line) == ("cell 1 of notebook.ipynb", 4, "value['missing']")


def test_two_notebooks_of_one_name_have_their_own_lines_in_tracebacks(tmp_path: Path, write_notebook: Write) -> None:
    shown = []
    paths = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        paths.append(write_notebook(f"%%asset a\n\nraise ValueError('{name}')").rename(folder / "same.ipynb"))
    locations = [load_notebook(path) for path in paths]
    for location in locations:
        with pytest.raises(ValueError, match=r"first|second") as caught:
            location.definitions.resolve().nodes["a"]()
        frame = traceback.extract_tb(caught.value.__traceback__)[-1]
        shown.append((file_label(frame.filename), frame.line))
    assert shown == [("cell 1 of same.ipynb", "raise ValueError('first')"), ("cell 1 of same.ipynb", "raise ValueError('second')")]


def test_code_that_names_display_gets_it(write_notebook: Write) -> None:
    location = load_notebook(write_notebook("%%asset a\ndisplay(1)\n[1]"))
    assert location.definitions.problems == ()
    assert callable(location.namespace["display"])


def test_everything_an_asset_line_says_is_in_the_definition(write_notebook: Write) -> None:
    header = (
        "%%asset eu/orders --group sales --description 'What was sold' --deps other --partitions static:a,b --kind csv --owner team:data "
        "--tag team=x -m rows=3 --io-manager-key pickle --retries 2 --retry-delay 1 --backoff linear --pool db --optional --single-run"
    )
    location = load_notebook(write_notebook(f"{header}\n[context.partition_keys]"))
    assert location.definitions.problems == ()
    spec = location.definitions.get_assets_def("eu/orders").specs[0]
    (step,) = location.definitions.catalog.nodes_by_name["eu__orders"].steps
    assert (spec.group, spec.description, spec.kinds, spec.owners, spec.io_manager_key, spec.skippable) == (
        "sales", "What was sold", ("csv",), ("team:data",), "pickle", True,
    )  # fmt: skip
    assert (spec.tags["team"], spec.deps[0].asset, step.pool) == ("x", AssetKey("other"), "db")
    assert step.retry is not None
    assert (step.retry.max_retries, step.retry.delay) == (2, 1.0)
    assert spec.partitions_def is not None
    assert spec.partitions_def.get_partition_keys() == ["a", "b"]


@pytest.mark.parametrize(
    ("header", "rule", "text"),
    [("a --gruop x", "usage", "--group"), ("a/b c", "usage", "unexpected extra"), ("class", "invalid-name", "class"),
     ("a --owner nobody", "invalid-definition", "team:data"), ("a --partitions dayly:x", "invalid-definition", "daily")],
)  # fmt: skip
def test_a_wrong_asset_line_is_a_problem_of_that_cell(write_notebook: Write, header: str, rule: str, text: str) -> None:
    location = load_notebook(write_notebook(f"%%asset {header}\n1", "%%asset other\n1"))
    (problem,) = location.definitions.problems
    assert (problem.rule, problem.where) == (rule, "cell 1 (notebook.ipynb)")
    assert text in problem.message
    assert _keys(location) == ["other"]


def test_a_slice_text_makes_the_same_asset_in_a_process_that_knows_nothing_else(write_notebook: Write) -> None:
    location = load_notebook(
        write_notebook("from nbasset import asset\nRATE = 2", "%%asset orders\n[1, 2]", "%%asset total\nRATE * sum(orders)")
    )  # fmt: skip
    worker = load_slice_text(location.code.text("total"))
    assert worker.code.version("total") == location.code.version("total")
    assert worker.definitions.problems == ()
    assert worker.definitions.catalog.by_key[AssetKey("orders")].execution == "external"
    assert worker.definitions.resolve().nodes["total"](orders=[1, 2]) == 6


def test_a_slice_text_brings_the_resources_along(write_notebook: Write) -> None:
    location = load_notebook(
        write_notebook(
            "from nbasset import Definitions\ndefs = Definitions(resources={'db': 'base'})", "%%asset a --resource db\ncontext.resources.db"
        )
    )
    worker = load_slice_text(location.code.text("a"))
    assert (worker.definitions.resources, worker.definitions.problems) == ({"db": "base"}, ())
    assert worker.code.version("a") == location.code.version("a")


def test_loading_writes_nothing(write_notebook: Write, tmp_path: Path) -> None:
    load_notebook(write_notebook("%%asset a\n1"))
    assert [path.name for path in tmp_path.iterdir()] == ["notebook.ipynb"]


def test_a_value_that_was_never_made_is_told_with_the_next_step(write_notebook: Write) -> None:
    location = load_notebook(write_notebook("%%asset a\n1"))
    with pytest.raises(MissingValue, match="asset 'a' was never materialized"):
        Instance.ephemeral().load_asset_value(location.definitions.resolve(), AssetKey("a"))
