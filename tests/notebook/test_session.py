"""Cells that define, are run again, renamed and deleted: the session follows."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ORDERS = "@asset\ndef orders():\n    return [1, 2, 3]"
TOTAL = "%%asset total\nsum(orders)"


def test_a_cell_defines_an_asset_and_shows_its_card(notebook: Any) -> None:
    ran = notebook.ok(ORDERS, "a")
    assert notebook.keys == ["orders"]
    assert "orders: missing" in ran.text
    assert set(ran.outputs[0]) == {"text/html", "text/plain"}


def test_an_asset_cell_reads_the_assets_that_its_body_names(notebook: Any) -> None:
    notebook.ok(ORDERS, "a")
    ran = notebook.ok(TOTAL, "b")
    assert "reads orders" in ran.text
    catalog = notebook.session.location().definitions.catalog
    assert [(str(key), list(map(str, up))) for key, up in catalog.upstream.items()] == [("orders", []), ("total", ["orders"])]


def test_an_asset_cell_finds_its_inputs_whichever_cell_ran_first(notebook: Any) -> None:
    notebook.ok("orders = 5", "early")
    notebook.ok("%%asset total\nsum(purchases)", "b")
    notebook.ok("@asset\ndef purchases():\n    return [1]", "a")
    catalog = notebook.session.location().definitions.catalog
    assert {str(key): list(map(str, up)) for key, up in catalog.upstream.items()}["total"] == ["purchases"]


def test_the_body_of_an_asset_cell_leaves_nothing_in_the_namespace(notebook: Any) -> None:
    notebook.ok("%%asset orders\nlocal = [1, 2]\nlocal", "a")
    notebook.ok("%asset run orders", "r")
    assert "local" not in notebook.shell.user_ns
    assert "orders" not in notebook.shell.user_ns


def test_running_a_cell_again_replaces_what_it_defined_without_a_word(notebook: Any) -> None:
    notebook.ok(ORDERS, "a")
    ran = notebook.ok(ORDERS.replace("3]", "4]"), "a")
    assert notebook.keys == ["orders"]
    assert "note" not in ran.text
    notebook.ok("%asset run orders", "r")
    assert notebook.session.shell.run_cell("assets['orders'].load()").result == [1, 2, 4]


def test_a_second_cell_with_the_same_key_names_both_cells_and_the_last_counts(notebook: Any) -> None:
    notebook.ok(ORDERS, "a")
    ran = notebook.ok("%%asset orders\n[7]", "b")
    assert "'orders' is defined in In[3] and in In[4]; In[4] counts" in ran.text
    notebook.ok("%asset run orders", "r")
    assert notebook.session.shell.run_cell("assets['orders'].load()").result == [7]


def test_a_cell_that_defines_something_else_now_gives_up_the_old_key(notebook: Any) -> None:
    notebook.ok(ORDERS, "a")
    ran = notebook.ok(ORDERS.replace("orders", "purchases"), "a")
    assert notebook.keys == ["purchases"]
    assert "'orders' is no longer defined by In[4]; its data and history stay" in ran.text


def test_a_cell_that_defines_nothing_any_more_says_so(notebook: Any) -> None:
    notebook.ok(ORDERS, "a")
    ran = notebook.ok("x = 1", "a")
    assert notebook.keys == []
    assert "no longer defined" in ran.text


def test_an_asset_cell_that_is_no_python_any_more_gives_up_its_asset(notebook: Any) -> None:
    notebook.ok("%%asset orders\n[1]", "a")
    ran = notebook.run("%%asset orders\n[1", "a")
    assert ran.error is not None
    assert notebook.keys == []


def test_a_cell_that_is_no_python_keeps_what_it_defined_when_it_last_ran(notebook: Any) -> None:
    notebook.ok(ORDERS, "a")
    assert isinstance(notebook.run("def orders(:", "a").error, SyntaxError)
    assert notebook.keys == ["orders"]


def test_another_name_for_an_asset_does_not_define_it_again(notebook: Any) -> None:
    notebook.ok(ORDERS, "a")
    ran = notebook.ok("same = orders\nboth = [orders, orders]", "b")
    assert ran.outputs == []
    notebook.ok("other = 1", "b")
    assert notebook.keys == ["orders"]


def test_assets_made_by_a_function_belong_to_the_cell_that_calls_it(notebook: Any) -> None:
    notebook.ok("def make(name):\n    @asset(name=name)\n    def made():\n        return 1\n    return made", "factory")
    ran = notebook.ok("several = [make(name) for name in ('x', 'y')]", "call")
    assert notebook.keys == ["x", "y"]
    assert "x: missing" in ran.text
    notebook.ok("several = []", "call")
    assert notebook.keys == []


def test_an_import_of_an_asset_defines_it_and_shows_no_card(notebook: Any) -> None:
    (notebook.folder / "shop_assets.py").write_text("from nbasset import asset\n\n@asset\ndef stock():\n    return [1]\n")
    notebook.ok("import sys; sys.path.insert(0, '.')", "p")
    ran = notebook.ok("from shop_assets import stock", "i")
    assert notebook.keys == ["stock"]
    assert ran.outputs == []
    notebook.ok("from shop_assets import stock", "i")
    assert notebook.keys == ["stock"]
    notebook.ok("pass", "i")
    assert notebook.keys == []


def test_the_code_that_goes_to_another_process_brings_resources_and_hooks_of_jobs(notebook: Any) -> None:
    notebook.ok(ORDERS, "a")
    notebook.ok("from nbasset import Definitions, define_asset_job, success_hook\n@success_hook\ndef tell(context): ...", "hook")
    notebook.ok("nightly = define_asset_job('nightly', selection='*', hooks={tell})", "job")
    notebook.ok("defs = Definitions(resources={'rate': 3})", "defs")
    text = notebook.session.location().code.text("orders")
    assert "define_asset_job('nightly'" in text
    assert "resources={'rate': 3}" in text


def test_definitions_in_a_cell_bring_their_resources_and_the_newest_asset_counts(notebook: Any) -> None:
    notebook.ok("from nbasset import Definitions", "d")
    notebook.ok("@asset(required_resource_keys={'rate'})\ndef orders(context):\n    return [context.resources.rate]", "a")
    notebook.ok("defs = Definitions(assets=[orders], resources={'rate': 3})", "defs")
    notebook.ok("@asset(required_resource_keys={'rate'})\ndef orders(context):\n    return [context.resources.rate * 2]", "a")
    notebook.ok("%asset run orders", "r")
    assert notebook.session.shell.run_cell("assets['orders'].load()").result == [6]


def test_definitions_that_list_an_asset_change_neither_its_version_nor_its_cell(notebook: Any) -> None:
    notebook.ok("from nbasset import Definitions", "d")
    notebook.ok("@asset\ndef orders():\n    return [1]", "a")
    before = notebook.session.location().code.version("orders")
    notebook.ok("defs = Definitions(assets=[orders])", "defs")
    code = notebook.session.location().code
    assert code.version("orders") == before
    assert [root.cell for root in code.place("orders").roots] == ["a"]


def test_names_bound_before_the_extension_was_loaded_count(bare: Any) -> None:
    bare.ok("from nbasset import asset\nx = 3", "a")
    bare.ok("@asset\ndef orders():\n    return [x]", "b")
    bare.ok("%load_ext nbasset", "load")
    assert bare.keys == ["orders"]
    location = bare.session.location()
    assert location.code.version("orders").startswith("n1:")
    assert "x = 3" in location.code.slice("orders").text


def test_what_stands_below_load_ext_in_its_cell_counts(bare: Any) -> None:
    ran = bare.ok("%load_ext nbasset\nfrom nbasset import asset\n@asset\ndef orders():\n    return [1]", "a")
    assert bare.keys == ["orders"]
    assert "orders: missing" in ran.text


def test_a_huge_list_is_not_searched_for_assets(notebook: Any) -> None:
    notebook.ok("class Loud(list):\n    def __iter__(self):\n        raise RuntimeError('searched')\nbig = Loud(range(20000))", "a")
    notebook.ok("other = [big, [big]]", "b")


# -- code and hidden state ----------------------------------------------------------------------------------------------------


def test_a_changed_helper_in_another_cell_makes_an_asset_stale(notebook: Any) -> None:
    notebook.ok("def clean(rows):\n    return rows", "h")
    notebook.ok("%%asset orders\nclean([1])", "a")
    notebook.ok("%asset run", "r")
    notebook.ok("def clean(rows):\n    return rows * 2", "h")
    assert "orders  stale" in " ".join(notebook.ok("%asset list", "l").text.split(" ")).replace("   ", "  ")


def test_the_code_version_is_that_of_the_saved_notebook(notebook: Any) -> None:
    from nbasset.locations.notebook import load_notebook

    cells = [("imports", "from nbasset import asset"), ("h", "RATE = 2"), ("a", "%%asset orders\n[RATE]"),
             ("b", "@asset\ndef total(orders):\n    return sum(orders) * RATE")]  # fmt: skip
    for cell, source in cells:
        notebook.ok(source, cell)
    saved = load_notebook(notebook.save(*cells))
    session = notebook.session.location()
    for node in ("orders", "total"):
        assert session.code.version(node) == saved.code.version(node) != ""


def test_a_name_from_another_cell_than_the_notebook_says_is_hidden_state(notebook: Any) -> None:
    notebook.ok("x = 1", "first")
    notebook.ok("%%asset orders\n[x]", "a")
    notebook.ok("x = 2", "later")
    assert notebook.session.location().hidden_state("orders") == ("'x' from In[5], not In[3]",)
    ran = notebook.ok("%asset run orders", "r")
    assert "leaned on hidden state: 'x' from In[5], not In[3]" in ran.text


def test_a_name_that_nobody_binds_is_a_problem_with_the_nearest_name(notebook: Any) -> None:
    notebook.ok(ORDERS, "a")
    ran = notebook.ok("%%asset total\nsum(order)", "b")
    assert "In[4] uses `order`, which is neither an asset nor defined by a cell that ran" in ran.text
    assert "Did you mean 'orders'?" in ran.text
    assert "Did you mean 'orders'?" in str(notebook.run("%asset run total", "r").error)


def test_a_ring_is_drawn_and_raises_only_when_it_is_planned(notebook: Any) -> None:
    notebook.ok("@asset\ndef a(b):\n    return b", "a")
    ran = notebook.ok("@asset\ndef b(a):\n    return a", "b")
    assert "need each other in a ring" in ran.text
    notebook.ok("%asset graph", "g")
    assert "ring" in str(notebook.run("%asset run a", "r").error)


# -- the saved file -----------------------------------------------------------------------------------------------------------


def test_cells_are_called_by_their_place_in_the_saved_notebook(notebook: Any) -> None:
    notebook.save(("intro", "pass"), ("a", ORDERS))
    ran = notebook.ok(ORDERS, "a")
    notebook.ok("%asset list", "l")
    assert "cell 2" in ran.text
    assert notebook.session.location().definitions.catalog.assets[0].place == "cell 2 of flights.ipynb, line 1"


def test_a_cell_that_moves_takes_its_label_along(notebook: Any) -> None:
    notebook.save(("a", ORDERS))
    notebook.ok(ORDERS, "a")
    notebook.ok("%%asset total\nsum(orders)", "b")
    notebook.save(("intro", "pass"), ("a", ORDERS), ("b", TOTAL))
    notebook.ok("%asset list", "l")
    places = [asset.place for asset in notebook.session.location().definitions.catalog.assets]
    assert places == ["cell 2 of flights.ipynb, line 1", "cell 3 of flights.ipynb"]


def test_a_deleted_cell_takes_its_asset_along_at_the_next_verb(notebook: Any) -> None:
    notebook.save(("a", ORDERS), ("b", TOTAL))
    notebook.ok(ORDERS, "a")
    notebook.ok(TOTAL, "b")
    notebook.save(("a", ORDERS))
    notebook.ok("%asset list", "l")
    assert notebook.keys == ["orders"]


def test_a_front_end_may_tell_of_a_deleted_cell_at_once(notebook: Any) -> None:
    notebook.ok(ORDERS, "a")
    assert [str(key) for key in notebook.session.deleted("a")] == ["orders"]
    assert notebook.keys == []


def test_a_name_from_a_deleted_cell_is_hidden_state(notebook: Any) -> None:
    notebook.ok("x = 1", "gone")
    notebook.ok("%%asset orders\n[x]", "a")
    notebook.session.deleted("gone")
    (said,) = notebook.session.location().hidden_state("orders")
    assert said.startswith("'x' from gone, which is gone")


def test_a_cell_that_was_never_saved_is_not_taken_for_deleted(notebook: Any) -> None:
    notebook.save(("a", ORDERS))
    notebook.ok(ORDERS, "a")
    notebook.ok(TOTAL, "new")
    notebook.save(("a", ORDERS))
    notebook.ok("%asset list", "l")
    assert notebook.keys == ["orders", "total"]


def test_a_cell_that_ran_after_the_save_is_not_taken_for_deleted(notebook: Any) -> None:
    notebook.save(("a", ORDERS), ("b", TOTAL), newer=False)
    notebook.ok(ORDERS, "a")
    notebook.ok("%asset list", "l")
    notebook.save(("b", TOTAL), newer=False)
    notebook.ok("%asset list", "l")
    assert notebook.keys == ["orders"]


def test_a_broken_notebook_file_disturbs_nobody(notebook: Any) -> None:
    path = notebook.save(("a", ORDERS))
    notebook.ok(ORDERS, "a")
    path.write_text('{"cells": [')
    notebook.ok("%asset list", "l")
    assert notebook.keys == ["orders"]


def test_a_front_end_without_cell_ids_defines_too(notebook: Any) -> None:
    notebook.ok(ORDERS)
    notebook.ok(TOTAL)
    assert notebook.keys == ["orders", "total"]
    assert notebook.session.cell_of(notebook.session.location().definitions.assets[0].key) == "In[3]"


def test_a_cell_can_carry_its_id_as_a_comment(notebook: Any) -> None:
    notebook.ok("# nbasset-cell: a\n" + ORDERS)
    notebook.ok("# nbasset-cell: a\n" + ORDERS.replace("orders", "purchases"))
    assert notebook.keys == ["purchases"]


# -- any order of running -----------------------------------------------------------------------------------------------------


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from("pqr"), st.sets(st.sampled_from("abc"), max_size=2), st.booleans()), min_size=1, max_size=8))
def test_the_session_holds_what_the_cells_define_in_the_version_that_ran_last(bare: Any, runs: list[tuple[str, set[str], bool]]) -> None:
    from nbasset.notebook.session import Session

    shell = bare.shell
    shell.run_cell("from nbasset import asset", store_history=True)
    session = Session(shell)
    shell.events.register("pre_run_cell", session.before_cell)
    shell.events.register("post_run_cell", session.after_cell)
    cells: dict[str, tuple[int, set[str]]] = {}
    try:
        for number, (cell, keys, in_list) in enumerate(runs):
            lines = [f"@asset(name='{key}', tags={{'run': '{number}'}})\ndef {key}(): return {number}" for key in sorted(keys)]
            source = "\n".join([*lines, f"held_{cell} = [{', '.join(sorted(keys))}]" if in_list else "", "pass"])
            assert shell.run_cell(source, store_history=True, cell_id=cell).success
            cells[cell] = (number, keys)
        expected = {key: str(number) for number, keys in sorted(cells.values(), key=lambda item: item[0]) for key in keys}
        found = {str(asset.key): asset.spec.tags["run"] for asset in session.location().definitions.catalog.assets}
        assert found == expected
        assert [one for one in session.location().definitions.problems if one.severity == "error"] == []
    finally:
        shell.events.unregister("pre_run_cell", session.before_cell)
        shell.events.unregister("post_run_cell", session.after_cell)
        shell.reset(new_session=False)
