"""The card of a run while it runs: what each event changes, how often it is shown, what is shown last."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbasset import clock
from nbasset.commands.plan import PlannedNode, PlanResult
from nbasset.events.facts import AssetMaterialized, CheckEvaluated, CheckKey, ErrorInfo
from nbasset.events.kinds import (
    RunCancelled,
    RunFailed,
    RunStarted,
    RunSucceeded,
    StepFailed,
    StepRetried,
    StepSkipped,
    StepStarted,
    StepSucceeded,
)
from nbasset.keys import AssetKey, RunId
from nbasset.notebook.progress import LEAST_PAUSE_S, RunDisplay, RunFold
from nbasset.planning.plan import MADE_ALONG, Reason

RUN = RunId("8c41f2")
KERNEL = SimpleNamespace(kernel=object())
TERMINAL = SimpleNamespace()


def _fold(**nodes: int) -> RunFold:
    return RunFold("title", [(name, name, steps) for name, steps in nodes.items()])


def _counts(fold: RunFold) -> dict[str, int]:
    return {state: count for state, count in fold.picture().counts.items() if count}


def _made(step: str, **facts: Any) -> StepSucceeded:
    return StepSucceeded(3_000_000, RUN, step, (AssetMaterialized(AssetKey("a"), **facts),), started_us=1_000_000)


def test_everything_waits_until_something_happens() -> None:
    assert _counts(_fold(a=1, b=3)) == {"queued": 4}


@pytest.mark.parametrize(
    ("event", "state"),
    [
        (StepStarted(1, RUN, "a"), "running"),
        (_made("a"), "fresh"),
        (StepRetried(1, RUN, "a"), "retrying"),
        (StepFailed(1, RUN, "a", ErrorInfo("E", "m")), "failed"),
        (StepFailed(1, RUN, "a", ErrorInfo("E", "m"), cancelled=True), "canceled"),
        (StepSkipped(1, RUN, "a", "upstream-failed"), "skipped"),
        (StepSkipped(1, RUN, "a", "fresh"), "external"),
        (StepSkipped(1, RUN, "a", "cancelled"), "canceled"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else value,
)
def test_a_step_is_in_the_state_of_its_last_event(event: Any, state: str) -> None:
    fold = _fold(a=1)
    fold.add(StepStarted(1, RUN, "a"))
    fold.add(event)
    assert _counts(fold) == {state: 1}


def test_partitions_and_ops_count_for_their_node() -> None:
    fold = _fold(days=3, graph=2)
    for step in ("days[2013-01-01]", "days[2013-01-02]", "graph.first"):
        fold.add(_made(step, rows=10, size_bytes=500))
    days, graph = fold.picture().nodes
    assert days.counts == (("queued", 1), ("fresh", 2))
    assert days.note == "20 rows, 1.0 kB"
    assert graph.counts == (("queued", 1), ("fresh", 1))


def test_steps_that_a_dynamic_output_brought_are_counted_too() -> None:
    fold = _fold(a=1)
    fold.add(_made("a[x]"))
    fold.add(_made("a[y]"))
    fold.add(_made("new"))
    assert [(node.name, node.steps) for node in fold.picture().nodes] == [("a", 2), ("new", 1)]


def test_a_step_that_was_retried_and_came_is_no_failure() -> None:
    fold = _fold(a=1)
    fold.add(StepRetried(1, RUN, "a", ErrorInfo("E", "m")))
    fold.add(_made("a"))
    assert fold.picture().errors == ()


@pytest.mark.parametrize(
    ("event", "status"),
    [(RunSucceeded(9, RUN), "success"), (RunFailed(9, RUN, message="the disk is full"), "failure"), (RunCancelled(9, RUN), "canceled")],
)
def test_the_run_ends_as_it_was_recorded(event: Any, status: str) -> None:
    fold = _fold(a=1)
    fold.add(RunStarted(1, RUN))
    fold.add(event)
    picture = fold.picture()
    assert (picture.status, picture.started_us, picture.ended_us) == (status, 1, 9)


def test_a_run_that_fails_outside_its_steps_says_why() -> None:
    fold = _fold(a=1)
    fold.add(RunFailed(9, RUN, message="the disk is full"))
    assert fold.picture().messages == ("the disk is full",)


def test_names_of_hidden_state_are_told_once() -> None:
    fold = _fold(a=2)
    for step in ("a[1]", "a[2]"):
        fold.add(_made(step, hidden_state=("'x' from cell 9, not cell 4",)))
    assert fold.picture().hidden_state == ("'x' from cell 9, not cell 4",)


@given(st.lists(st.sampled_from("abc"), max_size=40), st.data())
def test_no_step_is_lost_whatever_happens(steps: list[str], data: st.DataObject) -> None:
    fold = _fold(a=2, b=1)
    for at, step in enumerate(steps):
        kind = data.draw(st.sampled_from([StepStarted, StepRetried, _made]))
        fold.add(kind(step) if kind is _made else kind(at, RUN, step))
    picture = fold.picture()
    assert sum(count for node in picture.nodes for _, count in node.counts) == sum(node.steps for node in picture.nodes) >= 3


# -- showing ------------------------------------------------------------------------------------------------------------------

PLAN = PlanResult("x", (PlannedNode("a", (AssetKey("a"),), 10_000),), (), 10_000)


def _shown(shell: Any, *, live: bool = True, events: int = 0, error: type[BaseException] | None = None) -> list[tuple[str, dict[str, Any]]]:
    shown: list[tuple[str, dict[str, Any]]] = []
    try:
        with RunDisplay(shell, "t", live=live, publish=lambda bundle, **options: shown.append((bundle.text, options))) as display:
            display.on_plan(PLAN)
            for at in range(events):
                display.on_event(_made(f"a[{at}]"))
            if error is not None:
                raise error
            display.on_event(RunSucceeded(9, RUN))
    except (KeyboardInterrupt, RuntimeError):
        pass
    return shown


def test_it_is_updated_in_place_and_at_most_ten_times_a_second() -> None:
    began = clock.monotonic()
    shown = _shown(KERNEL, events=10_000)
    took = clock.monotonic() - began
    ids = {options["display_id"] for _, options in shown}
    assert len(ids) == 1
    assert [options["update"] for _, options in shown] == [False] + [True] * (len(shown) - 1)
    assert len(shown) <= 3 + took / LEAST_PAUSE_S
    assert shown[-1][0].startswith("Run done")


def test_a_terminal_and_a_quiet_run_show_the_end_alone() -> None:
    for shell, live in ((TERMINAL, True), (KERNEL, False)):
        shown = _shown(shell, live=live, events=10)
        assert [text.split(":")[0] for text, _ in shown] == ["Run done"]
        assert "display_id" not in shown[0][1]


def test_an_interrupt_before_anything_was_recorded_still_ends_the_card() -> None:
    assert _shown(KERNEL, error=KeyboardInterrupt)[-1][0].startswith("Run canceled")
    assert _shown(KERNEL, error=RuntimeError)[-1][0].startswith("Run failed")


def test_what_the_plan_does_that_nobody_may_expect_is_said() -> None:
    why = (
        Reason("asked", "a", "you asked for it"),
        Reason("layout", "a", "it is partitioned now (daily); the whole table of before can still be read: load a --as-of 8c41f2aa"),
        Reason("asked", "b", MADE_ALONG),
    )
    planned = PlanResult("x", (PlannedNode("a", (AssetKey("a"), AssetKey("b")), 1, why=why),), (), 1)
    for timed, said in ((True, f"a: {why[1].text}"), (False, "a: it is partitioned now (daily)")):
        shown: list[str] = []
        with RunDisplay(TERMINAL, "t", timed=timed, publish=lambda bundle: shown.append(bundle.text)) as display:  # noqa: B023
            display.on_plan(planned)
            display.on_event(RunSucceeded(9, RUN))
        assert shown[0].splitlines()[-2:] == [f"note: {said}", f"note: b: {MADE_ALONG}"]


def test_a_plan_with_nothing_in_it_shows_no_card() -> None:
    shown: list[Any] = []
    with RunDisplay(KERNEL, "t", publish=lambda *given, **options: shown.append(given)) as display:
        display.on_plan(PlanResult("x", (), (AssetKey("a"),), 0))
        assert display.picture is None
    assert shown == []


def test_a_check_of_severity_warn_reads_as_a_warning() -> None:
    fold = _fold(a=1)
    checks = (
        CheckEvaluated(CheckKey(AssetKey("a"), "large"), passed=False, severity="WARN"),
        CheckEvaluated(CheckKey(AssetKey("a"), "positive"), passed=False),
        CheckEvaluated(CheckKey(AssetKey("a"), "known"), passed=True),
    )
    fold.add(StepSucceeded(1, RUN, "a", facts=checks))
    assert fold.picture().nodes[0].note == "check warned: large, check failed: positive"
