"""Live panels without a page: what they say first, what they say when something changes, what they answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, get_args

import pytest

from nbasset.keys import AssetKey, RunId
from nbasset.notebook.desk import Desk
from nbasset.notebook.panel import GridSource, LineageSource, LivePanel, run_source
from nbasset.notebook.panel_lineage import Wanted
from nbasset.notebook.wire import Message, Panel
from nbasset.notebook.wire_commands import Command, Target
from nbasset.notebook.wire_json import parse_message, parse_panel, to_wire
from nbasset.notebook.wire_views import STATES, GridView, LineageView, RunView

START = "%load_ext nbasset\nimport pandas as pd\nfrom nbasset import DailyPartitionsDefinition, asset"
ORDERS = "%%asset orders --group sales\n'''All orders.'''\npd.DataFrame({'delay': [1, 20, 30]})"
LATE = "@asset(group_name='sales')\ndef late(orders: pd.DataFrame) -> pd.DataFrame:\n    return orders[orders.delay > 15]"
DAYS = (
    "@asset(partitions_def=DailyPartitionsDefinition('2013-01-01', end_date='2013-01-11'))\ndef days(context) -> pd.DataFrame:\n"
    "    if context.partition_key == '2013-01-05':\n        raise ValueError('no such day')\n    return pd.DataFrame({'n': [1]})"
)


class Watched:
    """A panel whose messages are kept, read back as the page would read them."""

    def __init__(self, desk: Desk, live: LivePanel) -> None:
        self.desk = desk
        self.live = live
        self.messages: list[Any] = []
        self.first = parse_panel(to_wire(live.panel))
        live.send = lambda message: self.messages.append(parse_message(message))

    @property
    def view(self) -> Any:
        return self.first.view

    def refresh(self) -> list[Message]:
        self.messages.clear()
        self.desk.refresh()
        return list(self.messages)

    def ask(self, command: dict[str, Any]) -> Any:
        """The answer to a command; what follows it is done too."""
        self.messages.clear()
        self.desk.hear(self.live, {"id": 7, "command": command})
        item = self.desk._queue.get(timeout=60) if command["type"] not in ("cancel_run", "cancel_backfill") else None
        if item is not None:
            self.desk._queue.put(item)
            self.desk._queue.put(None)
            self.desk._work()
        return next(message.result for message in self.messages if message.type == "answered")


@pytest.fixture
def desk(notebook: Any) -> Iterator[Desk]:
    notebook.ok(START, "c1")
    made = Desk(notebook.session)
    yield made
    made.close()


def watch(desk: Desk, source: Any) -> Watched:
    return Watched(desk, desk.open(source if callable(source) else lambda at: source, cell="c9#1"))


def test_a_lineage_is_sent_whole_once_and_then_only_what_changed(notebook: Any, desk: Desk) -> None:
    notebook.ok(ORDERS, "c2")
    notebook.ok(LATE, "c3")
    panel = watch(desk, LineageSource(Wanted()))
    assert isinstance(panel.view, LineageView)
    assert [(node.key, node.state, node.cell and node.cell.id) for node in panel.view.nodes] == [
        ("orders", "missing", "c2"),
        ("late", "missing", "c3"),
    ]
    assert panel.view.edges == ((0, 1),)
    assert panel.refresh() == []
    notebook.ok("%asset run orders", "c4")
    (changed,) = panel.refresh()
    assert (changed.type, changed.seq, [(node.key, node.state, node.fact) for node in changed.nodes]) == (
        "nodes",
        1,
        [("orders", "fresh", "3 rows")],
    )


def test_another_definition_draws_the_lineage_anew(notebook: Any, desk: Desk) -> None:
    notebook.ok(ORDERS, "c2")
    panel = watch(desk, LineageSource(Wanted()))
    notebook.ok(LATE, "c3")
    (drawn,) = panel.refresh()
    assert (drawn.type, [node.key for node in drawn.lineage.nodes]) == ("drawn", ["orders", "late"])


def test_an_asset_whose_partitions_are_all_to_come_is_missing(notebook: Any, desk: Desk) -> None:
    notebook.ok("from nbasset import DynamicPartitionsDefinition", "c1")
    notebook.ok("@asset(partitions_def=DynamicPartitionsDefinition(name='files'))\ndef by_file():\n    return 1", "c2")
    panel = watch(desk, LineageSource(Wanted()))
    assert isinstance(panel.view, LineageView)
    assert [(node.key, node.state) for node in panel.view.nodes] == [("by_file", "missing")]


def test_a_grid_says_which_partitions_changed_and_how_far_the_run_is(notebook: Any, desk: Desk) -> None:
    notebook.ok(DAYS, "c2")
    panel = watch(desk, GridSource(AssetKey("days")))
    assert isinstance(panel.view, GridView)
    assert (panel.view.unit, panel.view.states.stops, panel.view.states.states) == ("days", (10,), (STATES.index("missing"),))
    notebook.run("%asset run days -s 2013-01-03 -e 2013-01-06", "c3")
    (message,) = panel.refresh()
    fresh, failed = STATES.index("fresh"), STATES.index("failed")
    states = message.changes if message.type == "states" else ()
    view = message.panel.view if message.type == "replaced" else None
    assert states == ((2, 4, fresh), (4, 5, failed), (5, 6, fresh)) or view.states.states == (2, fresh, failed, fresh, 2)


def test_the_facts_of_a_partition_tell_its_error(notebook: Any, desk: Desk) -> None:
    notebook.ok(DAYS, "c2")
    notebook.run("%asset run days -s 2013-01-04 -e 2013-01-05", "c3")
    panel = watch(desk, GridSource(AssetKey("days")))
    made = panel.ask({"type": "fetch_key", "asset": "days", "position": 3})
    assert (made.key, made.state, made.lines[0].split(",")[0]) == ("2013-01-04", "fresh", "1 row")
    broken = panel.ask({"type": "fetch_key", "asset": "days", "position": 4})
    assert (broken.key, broken.state, broken.lines[0].endswith("ValueError: no such day")) == ("2013-01-05", "failed", True)


def test_a_run_is_told_step_by_step_with_its_errors_and_its_log(notebook: Any, desk: Desk) -> None:
    notebook.ok(DAYS, "c2")
    notebook.run("%asset run days -s 2013-01-04 -e 2013-01-06", "c3")
    run_id = notebook.session.instance.reader.runs(_newest()).items[0].run_id
    panel = watch(desk, run_source(run_id))
    view = panel.view
    assert isinstance(view, RunView)
    assert [(step.partition, step.state) for step in view.steps] == [
        ("2013-01-04", "fresh"),
        ("2013-01-05", "failed"),
        ("2013-01-06", "fresh"),
    ]
    (error,) = view.errors
    assert (error.name, error.message, error.frames[-1].cell and error.frames[-1].cell.id) == ("ValueError", "no such day", "c2")
    assert [line.text for line in error.frames[-1].lines if line.hit] == ["        raise ValueError('no such day')"]
    texts = [line.text for line in view.log]
    assert texts[-1].startswith("run failed")
    page = panel.ask({"type": "fetch_log", "run": str(run_id), "levels": ["error"]})
    assert page.total == 2
    assert [line.number for line in view.log] == list(range(len(view.log)))


def test_a_run_that_made_many_partitions_in_one_step_shows_that_step(notebook: Any, desk: Desk) -> None:
    whole = "backfill_policy=BackfillPolicy.single_run()"
    notebook.ok("from nbasset import BackfillPolicy", "c1")
    notebook.ok(
        f"@asset(partitions_def=DailyPartitionsDefinition('2013-01-01', end_date='2013-01-11'), {whole})\ndef days(context):\n"
        "    return {key: pd.DataFrame({'n': [1]}) for key in context.partition_keys}", "c2",
    )  # fmt: skip
    notebook.ok("from nbasset import materialize\nresult = materialize([days], partition_keys=['2013-01-01', '2013-01-02'])", "c3")
    (record,) = notebook.session.instance.get_runs()
    view = watch(desk, run_source(record.run_id)).view
    assert isinstance(view, RunView)
    assert (view.state, [step.state for step in view.steps]) == ("fresh", ["fresh"])


def test_a_run_that_has_not_begun_is_shown_as_waiting_and_whole_when_it_has(notebook: Any, desk: Desk) -> None:
    notebook.ok(ORDERS, "c2")
    from nbasset.commands.planning import Wish, make_plan
    from nbasset.notebook.verbs import scope_of

    scope = scope_of(notebook.session)
    planned = make_plan(scope, Wish("orders"))
    panel = watch(desk, run_source(planned.plan.run_id, title="orders"))
    assert (panel.view.state, panel.view.steps) == ("queued", ())
    from nbasset.commands.carrying_out import carry_out

    carry_out(scope, planned.plan, planned.standing.view)
    (whole,) = panel.refresh()
    assert (whole.type, whole.panel.view.state, len(whole.panel.view.steps)) == ("replaced", "fresh", 1)


def test_what_is_asked_again_is_sent_only_when_something_was_missed(notebook: Any, desk: Desk) -> None:
    notebook.ok(ORDERS, "c2")
    panel = watch(desk, LineageSource(Wanted()))
    panel.live.resync(0)
    assert panel.messages == []
    notebook.ok("%asset run orders", "c4")
    panel.refresh()
    panel.messages.clear()
    panel.live.resync(0)
    (whole,) = panel.messages
    assert (whole.seq, whole.panel.view.nodes[0].state) == (panel.live.panel.seq, "fresh")


def test_a_plan_is_shown_and_another_one_is_not_run(notebook: Any, desk: Desk) -> None:
    notebook.ok(ORDERS, "c2")
    notebook.ok(LATE, "c3")
    panel = watch(desk, LineageSource(Wanted()))
    target = {"selection": 'key:"late"'}
    plan = panel.ask({"type": "make_plan", "target": target})
    assert [(row.asset, row.why) for row in plan.rows] == [("orders", "it was never materialized"), ("late", "you asked for it")]
    notebook.ok("%asset run orders", "c4")
    refused = panel.ask({"type": "materialize", "target": target, "digest": plan.digest})
    assert (refused.type, "something has changed" in refused.text) == ("refused", True)


def test_it_runs_in_the_background_and_what_failed_can_run_again(notebook: Any, desk: Desk) -> None:
    notebook.ok(DAYS, "c2")
    panel = watch(desk, GridSource(AssetKey("days")))
    started = panel.ask({"type": "materialize", "target": to_wire(Target('key:"days"', ((3, 6),)))})
    assert (started.type, started.text) == ("started", "1 asset, 3 steps")
    storage = notebook.session.instance.storage
    _end(storage, started.run)
    again = panel.ask({"type": "run_again", "run": started.run, "what": "failed"})
    assert again.text == "1 asset, 1 step"
    _end(storage, again.run)
    record = storage.run(RunId(again.run))
    assert (record.parent_run_id, record.status, record.steps) == (started.run, "failure", 1)
    compared = panel.ask({"type": "compare_runs", "run": again.run, "other": started.run})
    assert sorted(step.step for step in compared.steps) == ["days[2013-01-04]", "days[2013-01-05]", "days[2013-01-06]"]


def test_one_view_leads_to_another_and_back(notebook: Any, desk: Desk) -> None:
    notebook.ok(DAYS, "c2")
    panel = watch(desk, LineageSource(Wanted()))
    assert panel.ask({"type": "open_grid", "asset": "days"}).type == "done"
    assert panel.messages[-1].panel.view.type == "grid"
    assert panel.ask({"type": "go_back"}).type == "done"
    assert panel.messages[-1].panel.view.type == "lineage"
    assert panel.ask({"type": "go_back"}).text == "there is nothing to go back to."


def test_every_command_is_answered_and_a_wrong_one_is_refused_in_words(notebook: Any, desk: Desk) -> None:
    notebook.ok(ORDERS, "c2")
    notebook.ok(DAYS, "c3")
    notebook.ok("%asset run orders", "c4")
    panel = watch(desk, LineageSource(Wanted()))
    asset, run, backfill = {"asset": "orders"}, {"run": "nothing"}, {"backfill": "nothing"}
    given: dict[str, dict[str, Any]] = {
        "make_plan": {"target": {"selection": "orders"}}, "materialize": {"target": {"selection": "nothing"}}, "cancel_run": run,
        "run_again": run, "pause_backfill": backfill, "resume_backfill": backfill, "cancel_backfill": backfill,
        "retry_backfill": backfill, "fetch_asset": asset, "fetch_key": {"asset": "days", "position": 99},
        "fetch_metric": {"asset": "days", "metric": "rows"}, "fetch_why": asset, "fetch_history": asset,
        "fetch_diff": {**asset, "before": "a", "after": "b"}, "fetch_preview": asset, "fetch_log": run,
        "fetch_shown": {**asset, "version": "nothing"},
        "fetch_output": {**run, "step": "a"}, "compare_runs": {**run, "other": "b"}, "roll_back": {**asset, "version": "nothing"},
        "open_run": run, "open_grid": asset, "draw": {"selection": "nothing:x"},
    }  # fmt: skip
    names = {cls.__dataclass_fields__["type"].default for cls in get_args(Command)} - {"resync"}
    for name in sorted(names):
        result = panel.ask({"type": name, **given.get(name, {})})
        assert result.type != "refused" or (result.text and "Traceback" not in result.text), name
        assert "does not know" not in getattr(result, "text", ""), name


def test_something_that_is_no_command_is_left_alone(desk: Desk) -> None:
    panel = watch(desk, LineageSource(Wanted()))
    desk.hear(panel.live, {"id": 1, "command": {"type": "rm -rf"}})
    desk.hear(panel.live, "hello")
    assert panel.messages == []
    assert desk._queue.empty()


def test_an_asset_card_has_code_rows_history_and_what_it_showed(notebook: Any, desk: Desk) -> None:
    notebook.ok("%%asset drawn\nfrom IPython.display import HTML, display\ndisplay(HTML('<b>bold</b>'))\npd.DataFrame({'a': [1, 2]})", "c2")
    notebook.ok("%asset run drawn", "c3")
    notebook.ok("%asset run drawn", "c4")
    panel = watch(desk, LineageSource(Wanted()))
    view = panel.ask({"type": "fetch_asset", "asset": "drawn"})
    assert view.code.text.startswith("%%asset drawn")
    assert (view.preview.rows, len(view.history), view.history[0].is_current) == ((("1",), ("2",)), 2, True)
    assert [(one.mime, one.data) for one in view.shown] == [("text/html", "<b>bold</b>")]
    assert [series.label for series in view.plots] == ["rows", "seconds"]


def test_earlier_versions_show_their_rows_and_what_they_displayed_and_can_come_back(notebook: Any, desk: Desk) -> None:
    cell = "%%asset drawn\nfrom IPython.display import HTML, display\ndisplay(HTML('<b>{0}</b>'))\npd.DataFrame({{'a': [{0}]}})"
    for number in (1, 2):
        notebook.ok(cell.format(number), "c2")
        notebook.ok("%asset run drawn", "c3")
    panel = watch(desk, LineageSource(Wanted()))
    now, then = panel.ask({"type": "fetch_history", "asset": "drawn"}).entries
    assert [(entry.shown, entry.is_current) for entry in (now, then)] == [(1, True), (1, False)]
    shown = [panel.ask({"type": "fetch_shown", "asset": "drawn", "version": entry.version}) for entry in (now, then)]
    assert [[one.data for one in view.shown] for view in shown] == [["<b>2</b>"], ["<b>1</b>"]]
    rows = [panel.ask({"type": "fetch_preview", "asset": "drawn", "version": entry.version}).rows for entry in (now, then)]
    assert rows == [(("2",),), (("1",),)]
    done = panel.ask({"type": "roll_back", "asset": "drawn", "version": then.version})
    assert (done.type, done.text) == ("done", f"drawn is as it was in version {then.version[:8]}. The version it had is kept.")
    (changed, *_) = panel.refresh()
    assert [(node.key, node.state) for node in changed.nodes] == [("drawn", "stale")]
    entries = panel.ask({"type": "fetch_history", "asset": "drawn"}).entries
    assert (entries[0].what, entries[0].is_current) == ("rolled back", True)
    assert panel.ask({"type": "fetch_preview", "asset": "drawn"}).rows == (("1",),)


def test_the_lineage_that_is_shown_is_written_in_the_languages_for_graphs(notebook: Any, desk: Desk) -> None:
    notebook.ok(ORDERS, "c2")
    notebook.ok(LATE, "c3")
    panel = watch(desk, LineageSource(Wanted("orders")))
    assert [panel.ask({"type": "fetch_dot", "form": form}).text.split()[0] for form in ("dot", "mmd")] == ["digraph", "flowchart"]
    assert "late" not in panel.ask({"type": "fetch_dot", "form": "mmd"}).text


def test_a_view_whose_asset_is_gone_says_so_once_and_stays(notebook: Any, desk: Desk) -> None:
    notebook.ok(DAYS, "c2")
    panel = watch(desk, GridSource(AssetKey("days")))
    notebook.ok("days = 1", "c2")
    (told,) = panel.refresh()
    assert (told.type, "no longer defined" in told.text) == ("told", True)
    assert panel.refresh() == []


def test_a_cell_that_runs_again_closes_the_panel_of_before(notebook: Any, desk: Desk) -> None:
    notebook.ok(ORDERS, "c2")
    first = desk.open(lambda at: LineageSource(Wanted()), cell="c9#1")
    beside = desk.open(lambda at: LineageSource(Wanted()), cell="c9#1")
    later = desk.open(lambda at: LineageSource(Wanted()), cell="c9#2")
    assert [live for live, _, _ in desk._panels] == [later]
    assert first is not beside


def test_what_the_page_holds_is_what_the_kernel_would_send_whole(notebook: Any, desk: Desk) -> None:
    """A fold of the messages over the first panel gives the panel of now."""
    notebook.ok(ORDERS, "c2")
    notebook.ok(LATE, "c3")
    panel = watch(desk, LineageSource(Wanted()))
    held: Panel = panel.first
    for cell in ("%asset run orders", "%asset run late", ORDERS.replace("30", "40"), "%asset run"):
        notebook.ok(cell, "c2" if cell.startswith("%%") else "c5")
        for message in panel.refresh():
            held = _after(held, message)
    whole = panel.live.whole()
    assert isinstance(held.view, LineageView)
    assert isinstance(whole.view, LineageView)
    assert (held.seq, held.view.nodes, held.view.edges) == (whole.seq, whole.view.nodes, whole.view.edges)


def _after(panel: Panel, message: Any) -> Panel:
    if message.type == "replaced":
        return message.panel  # type: ignore[no-any-return]
    if message.type == "drawn":
        return replace(panel, view=message.lineage, seq=message.seq)
    fresh = {node.key: node for node in message.nodes}
    view: Any = panel.view
    return replace(panel, seq=message.seq, view=replace(view, nodes=tuple(fresh.get(node.key, node) for node in view.nodes)))


def _newest() -> Any:
    from nbasset.events.records import RunQuery

    return RunQuery(limit=1)


def _end(storage: Any, run: str) -> None:
    seq = 0
    while not storage.run(RunId(run)).is_over:
        seq = storage.wait(max(seq, storage.last_seq()), 30)
