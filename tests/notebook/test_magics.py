"""``%asset VERB`` and ``%%asset NAME``: what they do, what they say when something is wrong, what they leave behind."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.error import StdinNotImplementedError

from nbasset.notebook.magics import load_ipython_extension, unload_ipython_extension

ORDERS = "%%asset orders\npd.DataFrame({'n': [1, 2, 3]})"
TOTAL = "@asset\ndef total(orders: pd.DataFrame) -> pd.DataFrame:\n    return pd.DataFrame({'total': [orders.n.sum()]})"


def _is_usage_error(error: BaseException | None) -> bool:
    return type(error).__name__ == "UsageError"


# -- loading ------------------------------------------------------------------------------------------------------------------


def test_loading_says_one_line_and_creates_nothing(bare: Any) -> None:
    ran = bare.ok("%load_ext nbasset", "load")
    assert ran.printed.startswith("nbasset ")
    assert str(bare.folder) in ran.printed
    assert ran.printed.count("\n") == 1
    assert list(bare.folder.iterdir()) == []


def test_loading_twice_and_unloading_twice_changes_nothing_more(bare: Any) -> None:
    shell = bare.shell
    before = (len(shell.events.callbacks["post_run_cell"]), len(shell.Completer.custom_matchers), len(shell.input_transformers_cleanup))
    load_ipython_extension(shell)
    load_ipython_extension(shell)
    assert "asset" in shell.magics_manager.magics["line"]
    unload_ipython_extension(shell)
    unload_ipython_extension(shell)
    assert "asset" not in shell.magics_manager.magics["line"]
    assert "asset" not in shell.magics_manager.magics["cell"]
    assert shell.custom_exceptions == ()
    assert before == (
        len(shell.events.callbacks["post_run_cell"]), len(shell.Completer.custom_matchers), len(shell.input_transformers_cleanup)
    )  # fmt: skip


def test_it_can_be_reloaded(notebook: Any) -> None:
    notebook.ok("%reload_ext nbasset", "r")
    notebook.ok(ORDERS, "a")
    assert notebook.keys == ["orders"]


def test_what_was_defined_before_a_reload_is_still_there(notebook: Any) -> None:
    notebook.ok(ORDERS, "a")
    notebook.ok("%unload_ext nbasset", "u")
    notebook.ok("import pandas as pd\nfrom nbasset import asset\n" + TOTAL, "t")
    notebook.ok("%load_ext nbasset", "l")
    assert notebook.keys == ["orders", "total"]
    notebook.ok("%asset run total", "r")


def test_somebody_elses_error_handler_stays(bare: Any) -> None:
    bare.shell.set_custom_exc((ZeroDivisionError,), lambda shell, *error, **options: None)
    bare.ok("%load_ext nbasset", "load")
    bare.ok("%unload_ext nbasset", "load")
    assert bare.shell.custom_exceptions == (ZeroDivisionError,)


# -- verbs --------------------------------------------------------------------------------------------------------------------


def test_run_makes_everything_and_the_next_run_finds_nothing_to_do(notebook: Any) -> None:
    notebook.ok(ORDERS, "a")
    notebook.ok(TOTAL, "b")
    ran = notebook.ok("%asset run", "r")
    assert "Run done: everything out of date, 2 run" in ran.text
    assert (notebook.folder / "warehouse" / "total.parquet").exists()
    assert notebook.ok("%asset run", "r").text.strip() == "Nothing to do: 2 assets fresh."


def test_a_verb_sees_what_stands_above_it_in_the_same_cell(notebook: Any) -> None:
    notebook.ok(ORDERS, "a")
    ran = notebook.ok(f"{TOTAL}\n%asset run total", "b")
    assert "Run done: total" in ran.text
    assert notebook.keys == ["orders", "total"]


def test_the_plan_says_why_and_runs_nothing(notebook: Any) -> None:
    notebook.ok(ORDERS, "a")
    ran = notebook.ok("%asset plan", "p")
    assert "Plan: 1 step would make 1 asset." in ran.text
    assert "never run" in ran.text
    assert not (notebook.folder / "warehouse").exists()


def test_load_binds_the_one_name_that_was_given(notebook: Any) -> None:
    notebook.ok(ORDERS, "a")
    notebook.ok("%asset run", "r")
    before = set(notebook.shell.user_ns)
    ran = notebook.ok("%asset load orders --into df", "l")
    assert "df = DataFrame, 3 rows, 1 column" in ran.text
    assert {name for name in set(notebook.shell.user_ns) - before if not name.startswith("_")} == {"df"}
    assert notebook.run("df.n.sum()", "x").result.result == 6


def test_load_without_a_name_is_a_value(notebook: Any) -> None:
    notebook.ok(ORDERS, "a")
    notebook.ok("%asset run", "r")
    assert notebook.ok("value = %asset load orders", "l").outputs == []
    assert notebook.ok("len(value)", "x").result.result == 3


def test_load_refuses_what_no_variable_can_be_called(notebook: Any) -> None:
    notebook.ok(ORDERS, "a")
    notebook.ok("%asset run", "r")
    assert "no name a variable can have" in str(notebook.run("%asset load orders --into class", "l").error)


def test_show_tells_columns_rows_and_where_it_is_defined(notebook: Any) -> None:
    notebook.ok(TOTAL.replace("orders: pd.DataFrame", "").replace("orders.n.sum()", "6"), "b")
    notebook.ok("%asset run", "r")
    ran = notebook.ok("%asset show total", "s")
    assert "defined in:  In[3]" in ran.text
    assert "1 row, 1 column" in ran.text
    assert "Code in In[3]" in ran.html
    assert "int64" in ran.html


def test_drop_asks_first_and_keeps_everything_when_nobody_says_yes(notebook: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook.ok(ORDERS, "a")
    notebook.ok("%asset run", "r")
    monkeypatch.setattr("builtins.input", lambda prompt: "")
    assert "Nothing was dropped" in notebook.ok("%asset drop orders", "d").text
    assert "orders dropped, 0 files deleted." in notebook.ok("%asset drop orders --yes", "d").text
    assert "missing" in notebook.ok("%asset list", "l").text


def test_drop_where_nobody_can_be_asked_says_what_to_add(notebook: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: str = "") -> str:
        raise StdinNotImplementedError("raw_input was called, but this frontend does not support input requests.")

    notebook.ok(ORDERS, "c1")
    monkeypatch.setattr("builtins.input", refuse)
    ran = notebook.run("%asset drop orders", "c2")
    assert type(ran.error).__name__ == "InvalidInvocationError"
    assert ran.text.rstrip().endswith("Nobody is there to confirm it. Add --yes.")


def test_a_cell_that_names_no_asset_spoils_nothing_else(notebook: Any) -> None:
    notebook.ok(ORDERS, "c1")
    assert notebook.run("%%asset\n3", "c2").error is not None
    notebook.ok("%asset run orders", "c3")


def test_several_problems_are_a_list_with_what_to_do_under_each(notebook: Any) -> None:
    notebook.ok("%%asset a\nfx", "c1")
    notebook.ok("%%asset b\nfy", "c2")
    said = str(notebook.run("%asset run", "c3").error).split("\n")
    assert said[0] == "2 problems stand in the way:"
    assert [line[:4] for line in said[1:]] == ["- In", "  De", "- In", "  De"]


def test_the_graph_can_be_written_to_a_file(notebook: Any) -> None:
    notebook.ok(ORDERS, "a")
    notebook.ok("%asset graph -o lineage.svg", "g")
    assert (notebook.folder / "lineage.svg").read_text().startswith("<svg")


def test_a_partition_is_run_and_loaded(notebook: Any) -> None:
    notebook.ok("%%asset days --partitions static:a,b\n[context.partition_key]", "a")
    notebook.ok("%asset run days -p b", "r")
    assert notebook.run("assets['days'].load('b')", "x").result.result == ["b"]
    assert "1 of 2" in notebook.ok("%asset graph", "g").text


def test_await_works_in_the_body_of_an_asset(notebook: Any) -> None:
    notebook.ok("%%asset late\nimport asyncio\nawait asyncio.sleep(0)\n[1]", "a")
    notebook.ok("%asset run late", "r")
    assert notebook.run("assets['late'].load()", "x").result.result == [1]


def test_what_a_step_prints_is_shown(notebook: Any) -> None:
    notebook.ok("%%asset loud\nprint('hello from the step')\n[1]", "a")
    assert "hello from the step" in notebook.ok("%asset run loud", "r").printed


def test_an_asset_that_ends_a_cell_shows_its_card(notebook: Any) -> None:
    notebook.ok(TOTAL, "b")
    ran = notebook.ok("total", "x")
    assert "total: problem" in ran.text
    assert "no asset 'orders' for input 'orders'" in ran.text


def test_help_is_asked_for_as_everywhere_in_a_notebook(notebook: Any) -> None:
    assert "Materialize assets" in notebook.ok("%asset run?", "h").printed
    assert "Verbs:" in notebook.ok("%asset --help", "h").printed
    assert "--partitions" in notebook.ok("%%asset --help\n ", "h").printed
    assert "graph" in notebook.shell.find_line_magic("asset").__doc__
    assert "--group" in notebook.shell.find_cell_magic("asset").__doc__


# -- mistakes -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("%asset rnu", "Did you mean 'run'?"),
        ("%asset run --stael", "--stale"),
        ("%asset run -s 2013-01-01", "half a range"),
        ("%asset show", "ASSET"),
        ('%asset run "a', "quote"),
        ("%%asset orders --gruop x\n[1]", "--group"),
        ("%%asset\n[1]", "an asset needs a name"),
    ],
)
def test_wrong_words_are_usage_errors_without_a_traceback(notebook: Any, line: str, said: str) -> None:
    ran = notebook.run(line, "x")
    assert _is_usage_error(ran.error)
    assert said in str(ran.error)
    assert "Traceback" not in ran.text


def test_an_unknown_asset_is_an_error_of_one_line_with_the_nearest_name(notebook: Any) -> None:
    notebook.ok(ORDERS, "a")
    ran = notebook.run("%asset run ordes", "r")
    assert type(ran.error).__name__ == "UnknownAsset"
    assert ran.text.strip() == "UnknownAsset: no asset 'ordes' is defined. Did you mean 'orders'?"


def test_an_asset_name_that_cannot_be_one_says_why(notebook: Any) -> None:
    ran = notebook.run("%%asset ../x\n[1]", "a")
    assert ran.error is not None
    assert notebook.keys == []


def test_a_syntax_error_in_an_asset_cell_shows_the_right_line(notebook: Any) -> None:
    ran = notebook.run("%%asset orders\nx = 1\ny = (2\nz = 3", "a")
    assert ran.error is not None
    assert "'(' was never closed (In[3], line 3" in ran.text
    assert ">    3 | y = (2" in ran.text


def test_an_asset_without_a_value_says_what_to_write(notebook: Any) -> None:
    ran = notebook.run("%%asset orders\nx = 1", "a")
    assert "has no value" in str(ran.error)


def test_a_failing_asset_shows_the_cell_and_line_first(notebook: Any) -> None:
    notebook.ok("%%asset broken\nrows = [1]\nrows[5]", "a")
    ran = notebook.run("%asset run broken", "r")
    assert type(ran.error).__name__ == "RunFailure"
    lines = ran.printed.strip().splitlines()
    assert lines[0].startswith("In[3] of this session, line 3")
    assert "IndexError: list index out of range" in lines[-1]
    assert "site-packages" not in ran.text
    assert "run_line_magic" not in ran.text
    assert "rows[5]" in ran.text


def test_a_missing_column_is_told_once_and_without_the_insides_of_pandas(notebook: Any) -> None:
    notebook.ok("%%asset a\npd.DataFrame({'x': [1]})['y']", "a")
    text = notebook.run("%asset run a", "r").text
    assert "caused by" not in text
    assert ".pyx" not in text


def test_a_failure_of_several_lines_is_one_line_of_the_list(notebook: Any) -> None:
    notebook.ok("%%asset a\nobject()", "a")
    assert notebook.run("%asset run a", "r").error is not None
    assert len(notebook.ok("%asset list", "l").text.strip().split("\n")) == 2


def test_a_failing_function_shows_the_cell_of_the_helper_that_raised(notebook: Any) -> None:
    notebook.ok("def helper(rows):\n    return rows[5]", "h")
    notebook.ok("@asset\ndef broken():\n    return helper([1])", "a")
    ran = notebook.run("%asset run broken", "r")
    assert ran.printed.strip().splitlines()[0].startswith("In[3] of this session, line 2")
    assert "helper, In[3]" in ran.text


def test_a_failure_in_python_shows_the_users_lines_first(notebook: Any) -> None:
    notebook.ok("from nbasset import materialize, Instance", "i")
    notebook.ok("@asset\ndef broken():\n    return 1 / 0", "a")
    ran = notebook.run("result = 1\nmaterialize([broken])", "r")
    assert type(ran.error).__name__ == "ZeroDivisionError"
    assert "In[4]" in ran.text
    assert "----> 3     return 1 / 0" in ran.text
    assert "carrying_out" not in ran.text


def test_what_depends_on_a_failed_asset_is_skipped_and_said(notebook: Any) -> None:
    notebook.ok("%%asset orders\n1 / 0", "a")
    notebook.ok("%%asset total\nsum(orders)", "b")
    text = notebook.run("%asset run", "r").text
    assert "orders  failed" in text
    assert "total   skipped" in text


def test_an_interrupt_is_one_line_and_keeps_what_was_stored(notebook: Any) -> None:
    notebook.ok("%%asset slow\n[1]", "a")
    notebook.ok("%asset run slow", "r")
    notebook.ok("import signal", "s")
    notebook.ok("%%asset slow\nimport os\nos.kill(os.getpid(), signal.SIGINT)\nwhile True:\n    pass\n[2]", "a")
    ran = notebook.run("%asset run slow", "r")
    assert isinstance(ran.error, KeyboardInterrupt)
    assert ran.printed.strip().splitlines() == [
        "KeyboardInterrupt: the run was cancelled; 0 of 1 step had finished, and what was stored before is kept."
    ]
    assert "Run canceled" in ran.text
    assert notebook.run("assets['slow'].load()", "x").result.result == [1]
    assert notebook.session.instance.get_runs()[0].status == "canceled"


def test_a_secret_is_masked_in_everything_that_is_shown(notebook: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from nbasset.secrets import KNOWN

    monkeypatch.setenv("DB_PASSWORD", "hunter2hunter2")
    notebook.ok("from nbasset import EnvVar\nsecret = EnvVar('DB_PASSWORD').get_value()", "s")
    notebook.ok("%%asset leak\nprint(secret)\nraise ValueError(f'no access with {secret}')", "a")
    shown = [notebook.run(line, "x") for line in ("%asset run leak", "%asset list", "%asset graph", "%asset show leak")]
    KNOWN.forget()
    for ran in shown:
        assert "hunter2hunter2" not in ran.text + ran.html + str(ran.outputs)
    assert "***DB_PASSWORD***" in shown[0].text


# -- what it is used with -----------------------------------------------------------------------------------------------------


def test_assets_is_a_mapping_of_what_the_notebook_defines(notebook: Any) -> None:
    notebook.ok(ORDERS, "a")
    notebook.ok("%asset run", "r")
    assert notebook.ok("list(assets), len(assets)", "x").result.result == (["orders"], 1)
    assert notebook.ok("assets._ipython_key_completions_()", "x").result.result == ["orders"]
    assert "orders  fresh" in notebook.ok("assets", "x").text
    assert "Did you mean 'orders'?" in str(notebook.run("assets['ordres']", "x").error)


def test_assets_outside_a_notebook_says_that_there_is_none() -> None:
    from IPython.core.interactiveshell import InteractiveShell

    from nbasset import assets
    from nbasset.errors import InvalidInvocationError

    InteractiveShell.clear_instance()
    with pytest.raises(InvalidInvocationError, match="%load_ext nbasset"):
        len(assets)


def test_a_figure_that_an_asset_draws_is_kept_with_its_run(notebook: Any) -> None:
    source = "%%asset drawn\nfrom IPython.display import display, HTML\ndisplay(HTML('<b>kept</b>'))\n[1]"
    notebook.ok(source, "a")
    ran = notebook.ok("%asset run drawn", "r")
    assert any("<b>kept</b>" in output.get("text/html", "") for output in ran.outputs)
    kept = list((notebook.folder / ".nbasset" / "runs").glob("*/shown/*.html"))
    assert [path.read_text() for path in kept] == ["<b>kept</b>"]


def test_a_verb_may_run_in_a_kernels_event_loop(notebook: Any) -> None:
    import asyncio

    notebook.ok("%%asset late\nimport asyncio\nawait asyncio.sleep(0)\n[1]", "a")

    async def as_in_jupyter() -> Any:
        line = "%asset run late"
        return await notebook.shell.run_cell_async(
            line, store_history=True, cell_id="r", transformed_cell=notebook.shell.transform_cell(line)
        )

    result = asyncio.run(as_in_jupyter())
    assert result.error_in_exec is None


def test_completion_knows_verbs_options_keys_and_partitions(notebook: Any) -> None:
    from nbasset.notebook.completion import candidates

    notebook.ok("%%asset days --partitions static:a1,a2,b --group shop\n[1]", "a")
    session = notebook.session
    runs = ("%asset doc", "%asset run d", "%asset run days -p a", "%asset run --mis", "%asset run group:s")
    lines = (*runs, "%%asset x --gr", "x = %asset load da")
    offered = {line: candidates(session, line, line) for line in lines}
    assert offered == {
        "%asset doc": ("doc", ["doctor"]),
        "%asset run d": ("d", ["days"]),
        "%asset run days -p a": ("a", ["a1", "a2"]),
        "%asset run --mis": ("--mis", ["--missing"]),
        "%asset run group:s": ("group:s", ["group:shop"]),
        "%%asset x --gr": ("--gr", ["--group"]),
        "x = %asset load da": ("da", ["days"]),
    }


def test_completion_reaches_the_shell(notebook: Any) -> None:
    notebook.ok(ORDERS, "a")
    completer = notebook.shell.Completer
    line, body = "%asset run ord", "%%asset total\nsum(ord"
    with provisionalcompleter():
        assert [one.text for one in completer.completions(line, len(line))] == ["orders"]
        assert "orders" in [one.text for one in completer.completions(body, len(body))]


def test_typing_completes_also_when_the_home_cannot_be_read(notebook: Any) -> None:
    from nbasset.notebook.completion import candidates

    notebook.ok("%%asset days --partitions static:a,b\n[1]", "a")
    (notebook.folder / "nbasset.toml").write_text("this is = no [toml")
    assert candidates(notebook.session, "", "%asset run d") == ("d", ["days"])


def test_verbs_of_other_threads_see_whole_states(notebook: Any) -> None:
    notebook.ok(ORDERS, "a")
    seen: list[list[str]] = []

    def look() -> None:
        seen.append(notebook.keys)

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    notebook.ok("%%asset more\n[1]", "b")
    for thread in threads:
        thread.join()
    assert all(keys in (["orders"], ["orders", "more"]) for keys in seen)


def test_every_verb_that_can_be_typed_does_something() -> None:
    from nbasset.arguments.verbs import VERBS
    from nbasset.notebook.verbs import VERB_FACES

    assert set(VERB_FACES) == set(VERBS)


def test_a_backfill_shows_how_it_stands_and_raises_when_a_partition_failed(notebook: Any) -> None:
    notebook.ok(
        "%%asset days --partitions static:a,b,c\nif context.partition_key == 'b': raise ValueError('no b')\n[context.partition_key]", "a"
    )
    assert "days: 3 partitions of 1 asset" in notebook.ok("%asset backfill days --all --dry-run", "r").text
    ran = notebook.run("%asset backfill days --all", "r")
    assert "done, with failures, 3 of 3 partitions" in str(ran.error)
    assert "days: 2 of 3 done, 1 failed (b)" in ran.text
    listed = notebook.ok("%asset backfill --list", "r").text
    assert "done, with failures" in listed
    assert "2 of 3 done" in notebook.ok(f"%asset backfill --status {listed[:8]}", "r").text
