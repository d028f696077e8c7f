"""Progress of a run as a fold: what may start, what a failure or a skip takes with it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from nbasset.definitions.catalog import NodeOutput, OutputRef
from nbasset.events.facts import AssetMaterialized, CheckEvaluated, CheckKey, ErrorInfo, OutputStored
from nbasset.events.kinds import Event, StepFailed, StepSkipped, StepSucceeded
from nbasset.keys import AssetKey, PartitionRef, RunId
from nbasset.ordinals import OrdinalSet
from nbasset.planning.plan import RunPlan, Step, StepInput
from nbasset.planning.progress import DONE, RunProgress, Skip

RUN = RunId("r")
BROKEN = ErrorInfo("ValueError", "no")


def step(key: str, *after: str, **options: object) -> Step:
    return Step(key, key, key, assets=(AssetKey(key),), after=frozenset(after), **options)  # type: ignore[arg-type]


def plan(*steps: Step) -> RunPlan:
    return RunPlan(RUN, steps)


def succeeded(key: str, *facts: object) -> StepSucceeded:
    return StepSucceeded(1, RUN, key, facts or (AssetMaterialized(AssetKey(key)),))  # type: ignore[arg-type]


def start_all(progress: RunProgress) -> list[str]:
    started = []
    while (found := progress.ready()) is not None:
        started.append(found.key)
    return started


def test_a_step_is_ready_when_everything_it_waits_for_has_ended_well() -> None:
    progress = RunProgress(plan(step("a"), step("b"), step("c", "a", "b")))
    assert start_all(progress) == ["a", "b"]
    progress.apply(succeeded("a"))
    assert start_all(progress) == []
    progress.apply(succeeded("b"))
    assert start_all(progress) == ["c"]


def test_a_failed_step_skips_everything_downstream_of_it_and_nothing_else() -> None:
    progress = RunProgress(plan(step("a"), step("b"), step("c", "a"), step("d", "c"), step("e", "b")))
    start_all(progress)
    skips = progress.apply(StepFailed(1, RUN, "a", BROKEN))
    assert [(skip.step.key, skip.reason, skip.because) for skip in skips] == [
        ("c", "upstream-failed", "a"),
        ("d", "upstream-failed", "c"),
    ]
    progress.apply(succeeded("b"))
    assert start_all(progress) == ["e"]


def test_a_failed_blocking_check_keeps_what_it_blocks_from_running_and_says_so() -> None:
    check = CheckKey(AssetKey("a"), "not_empty")
    blocked = step("b", "a", blocked_by=frozenset({check}))
    progress = RunProgress(plan(step("a"), blocked, step("c", "a")))
    start_all(progress)
    verdict = CheckEvaluated(check, passed=False, blocking=True)
    assert progress.apply(succeeded("a", AssetMaterialized(AssetKey("a")), verdict)) == [Skip(blocked, "check-failed", "a:not_empty")]
    assert start_all(progress) == ["c"]


def test_a_check_that_only_warns_blocks_nothing() -> None:
    check = CheckKey(AssetKey("a"), "not_empty")
    progress = RunProgress(plan(step("a"), step("b", "a", blocked_by=frozenset({check}))))
    start_all(progress)
    progress.apply(succeeded("a", CheckEvaluated(check, passed=False, blocking=True, severity="WARN")))
    assert start_all(progress) == ["b"]


def test_an_output_that_was_not_yielded_skips_what_reads_it_on_purpose() -> None:
    source = Step("a", "a", "a", outputs=(NodeOutput("left", is_required=False), NodeOutput("right", is_required=False)))
    left = step("b", "a", inputs=(StepInput("x", "output", outputs=(OutputRef("a", "left"),)),))
    right = step("c", "a", inputs=(StepInput("x", "output", outputs=(OutputRef("a", "right"),)),))
    after = step("d", "c")
    progress = RunProgress(plan(source, left, right, after))
    start_all(progress)
    skips = progress.apply(succeeded("a", OutputStored("left")))
    assert [(skip.step.key, skip.reason) for skip in skips] == [("c", "not-yielded"), ("d", "upstream-skipped")]
    assert start_all(progress) == ["b"]


def test_a_fan_in_runs_with_what_came_and_is_skipped_only_when_nothing_did() -> None:
    sources = [Step(name, name, name, outputs=(NodeOutput("result", is_required=False),)) for name in ("a", "b")]
    item = StepInput("xs", "fan_in", outputs=(OutputRef("a"), OutputRef("b")))
    progress = RunProgress(plan(*sources, step("c", "a", "b", inputs=(item,))))
    start_all(progress)
    assert progress.apply(succeeded("a", CheckEvaluated(CheckKey(AssetKey("a"), "x"), True))) == []
    assert progress.apply(succeeded("b", OutputStored("result"))) == []
    assert start_all(progress) == ["c"]


def test_partitions_that_may_be_missing_do_not_skip_their_reader_as_long_as_one_is_there() -> None:
    key = AssetKey("day")
    out = NodeOutput("result", key, is_required=False)
    days = [Step(f"day[{at}]", "day", "day", assets=(key,), partitions=OrdinalSet.between(at, at + 1), outputs=(out,)) for at in range(3)]
    three = StepInput("days", "asset", key, OrdinalSet.between(0, 3), several=True, missing_allowed=True)
    two = StepInput("days", "asset", key, OrdinalSet.between(0, 2), several=True, missing_allowed=True)
    all_days = ("day[0]", "day[1]", "day[2]")
    last = step("last", "month", inputs=(StepInput("m", "asset", AssetKey("month"), OrdinalSet.between(0, 1)),))
    progress = RunProgress(
        plan(
            *days,
            step("strict", *all_days, inputs=(replace(three, missing_allowed=False),)),
            step("month", *all_days, inputs=(three,)),
            step("weekend", "day[0]", "day[1]", inputs=(two,)),
            last,
        )
    )
    start_all(progress)
    assert [skip.step.key for skip in progress.apply(StepSucceeded(1, RUN, "day[0]"))] == ["strict"]
    assert [skip.step.key for skip in progress.apply(StepSkipped(1, RUN, "day[1]", "upstream-skipped"))] == ["weekend"]
    assert progress.apply(StepSucceeded(1, RUN, "day[2]", (AssetMaterialized(key, PartitionRef("2", 2)),))) == []
    assert start_all(progress) == ["month"]


def test_a_fresh_step_lets_its_successors_run() -> None:
    progress = RunProgress(plan(step("a"), step("b", "a")))
    start_all(progress)
    assert progress.apply(StepSkipped(1, RUN, "a", "fresh")) == []
    assert start_all(progress) == ["b"]


@st.composite
def plans(draw: st.DrawFn) -> RunPlan:
    size = draw(st.integers(1, 12))
    steps = []
    for at in range(size):
        after = draw(st.frozensets(st.integers(0, max(0, at - 1)), max_size=3)) if at else frozenset()
        steps.append(step(f"s{at}", *(f"s{one}" for one in after)))
    return plan(*steps)


@given(plans(), st.data())
def test_every_step_ends_exactly_once_and_never_before_what_it_waits_for(plan: RunPlan, data: st.DataObject) -> None:
    progress = RunProgress(plan)
    running: list[Step] = []
    ended: dict[str, str] = {}
    while not progress.is_over:
        while (found := progress.ready()) is not None:
            assert all(ended[one] == "succeeded" for one in found.after)
            running.append(found)
        assert running
        current = running.pop(data.draw(st.integers(0, len(running) - 1)))
        if data.draw(st.booleans()):
            skips = progress.apply(succeeded(current.key))
            ended[current.key] = "succeeded"
        else:
            skips = progress.apply(StepFailed(1, RUN, current.key, BROKEN))
            ended[current.key] = "failed"
        for skip in skips:
            assert skip.step.key not in ended
            ended[skip.step.key] = "skipped"
    assert set(ended) == set(plan.by_key)
    assert all(status in DONE for status in progress.status.values())


@given(plans(), st.data())
def test_steps_taken_one_by_one_come_and_end_as_where_it_is_known_from_the_first_who_waits_for_whom(
    plan: RunPlan, data: st.DataObject
) -> None:
    optional = (NodeOutput("result", is_required=False),)
    some = tuple(replace(one, outputs=optional if data.draw(st.booleans()) else ()) for one in plan.steps)
    in_line, all_along = RunProgress(RunPlan(RUN, some)), RunProgress(RunPlan(RUN, some))
    all_along.put_back(all_along.ready() or some[0])
    while not in_line.is_over:
        current = in_line.ready()
        assert current is not None
        assert all_along.ready() == current
        at = data.draw(st.sampled_from(["gives", "gives", "gives nothing", "fails", "is fresh"]))
        if at == "fails":
            event: Event = StepFailed(1, RUN, current.key, BROKEN)
        elif at == "is fresh":
            event = StepSkipped(1, RUN, current.key, "fresh")
        else:
            event = StepSucceeded(1, RUN, current.key, (OutputStored("result"),) if at == "gives" else ())
        assert in_line.apply(event) == all_along.apply(event)
        assert in_line.status == all_along.status
        assert in_line.unfinished() == all_along.unfinished()
    assert in_line.ready() is all_along.ready() is None
    assert in_line.steps == all_along.steps
