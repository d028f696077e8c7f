"""Dynamic outputs: the steps of their values take the place of templates, and every law of progress holds for them too."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nbasset.definitions.catalog import NodeOutput, OutputRef
from nbasset.events.facts import ErrorInfo, OutputStored
from nbasset.events.kinds import Event, StepFailed, StepReused, StepSkipped, StepSucceeded
from nbasset.keys import RunId
from nbasset.planning.plan import RunPlan, Step, StepInput
from nbasset.planning.progress import DONE, RunProgress

RUN = RunId("r")
BROKEN = ErrorInfo("ValueError", "no")
DYNAMIC = (NodeOutput("result", is_dynamic=True),)
OPTIONAL = (NodeOutput("result", is_required=False),)
PLAIN = (NodeOutput("result"),)


def origin(key: str = "many") -> Step:
    return Step(key, "job:j", key, outputs=DYNAMIC)


def mapped(key: str, *reads: str, over: str = "many", optional: bool = False) -> Step:
    """A template that reads the value, and outputs of other steps."""
    value = StepInput("x", "mapped", outputs=(OutputRef(over),))
    others = tuple(StepInput(f"y{at}", "output", outputs=(OutputRef(one),)) for at, one in enumerate(reads))
    return Step(
        key, "job:j", key, inputs=(value, *others), outputs=OPTIONAL if optional else PLAIN, after=frozenset({over, *reads}),
        mapped_over=OutputRef(over),
    )  # fmt: skip


def plain(key: str, *reads: str, optional: bool = False) -> Step:
    inputs = tuple(StepInput(f"y{at}", "output", outputs=(OutputRef(one),)) for at, one in enumerate(reads))
    return Step(key, "job:j", key, inputs=inputs, outputs=OPTIONAL if optional else PLAIN, after=frozenset(reads))


def collect(key: str, source: str) -> Step:
    item = StepInput("xs", "collected", outputs=(OutputRef(source),))
    return Step(key, "job:j", key, inputs=(item,), outputs=PLAIN, after=frozenset({source}))


def gave(key: str, *mapping_keys: str) -> StepSucceeded:
    facts = tuple(OutputStored("result", one) for one in mapping_keys)
    return StepSucceeded(1, RUN, key, facts)


def ended(key: str) -> StepSucceeded:
    return StepSucceeded(1, RUN, key, (OutputStored("result"),))


def start_all(progress: RunProgress) -> list[str]:
    started = []
    while (found := progress.ready()) is not None:
        started.append(found.key)
    return started


def of(*steps: Step) -> RunProgress:
    return RunProgress(RunPlan(RUN, steps))


def test_a_template_waits_for_the_dynamic_output_and_then_runs_once_for_each_value() -> None:
    progress = of(origin(), mapped("double"), collect("total", "double"))
    assert start_all(progress) == ["many"]
    assert progress.apply(gave("many", "a", "b")) == []
    assert start_all(progress) == ["double[a]", "double[b]"]
    assert [(progress.step(f"double[{key}]").mapping_key, progress.step(f"double[{key}]").handle) for key in "ab"] == [
        ("a", "double"), ("b", "double"),
    ]  # fmt: skip
    progress.apply(ended("double[b]"))
    assert start_all(progress) == []
    progress.apply(ended("double[a]"))
    assert start_all(progress) == ["total"]
    assert [ref.step for ref in progress.step("total").inputs[0].outputs] == ["double[a]", "double[b]"]
    progress.apply(ended("total"))
    assert progress.is_over
    assert [step.key for step in progress.steps] == ["many", "double[a]", "double[b]", "total"]


def test_no_values_give_an_empty_list() -> None:
    progress = of(origin(), mapped("double"), mapped("again", "double"), collect("total", "again"), collect("keys", "many"))
    start_all(progress)
    progress.apply(gave("many"))
    assert start_all(progress) == ["total", "keys"]
    assert progress.step("total").inputs[0].outputs == ()
    assert progress.step("keys").inputs[0].mapping_keys == ()


def test_a_dynamic_output_can_be_collected_as_it_is() -> None:
    progress = of(origin(), collect("keys", "many"))
    start_all(progress)
    progress.apply(gave("many", "b", "a"))
    assert start_all(progress) == ["keys"]
    assert progress.step("keys").inputs[0].mapping_keys == ("b", "a")


def test_each_value_reads_its_own_step_of_another_template_and_the_one_step_of_all() -> None:
    progress = of(origin(), plain("one"), mapped("double"), mapped("add", "double", "one"))
    start_all(progress)
    progress.apply(gave("many", "a", "b"))
    assert start_all(progress) == ["double[a]", "double[b]"]
    progress.apply(ended("double[a]"))
    progress.apply(ended("double[b]"))
    assert start_all(progress) == []
    progress.apply(ended("one"))
    assert start_all(progress) == ["add[a]", "add[b]"]
    assert [ref.step for item in progress.step("add[b]").inputs for ref in item.outputs] == ["many", "double[b]", "one"]


def test_one_failed_value_skips_what_collects_and_lets_the_others_end() -> None:
    progress = of(origin(), mapped("double"), mapped("again", "double"), collect("total", "again"))
    start_all(progress)
    progress.apply(gave("many", "a", "b"))
    start_all(progress)
    skips = progress.apply(StepFailed(1, RUN, "double[a]", BROKEN))
    assert [(skip.step.key, skip.reason) for skip in skips] == [("again[a]", "upstream-failed"), ("total", "upstream-failed")]
    progress.apply(ended("double[b]"))
    assert start_all(progress) == ["again[b]"]


def test_a_value_that_is_left_out_on_purpose_is_left_out_of_the_list() -> None:
    progress = of(origin(), mapped("some", optional=True), mapped("next", "some"), collect("total", "next"))
    start_all(progress)
    progress.apply(gave("many", "a", "b"))
    start_all(progress)
    assert [skip.step.key for skip in progress.apply(StepSucceeded(1, RUN, "some[a]"))] == ["next[a]"]
    progress.apply(ended("some[b]"))
    assert start_all(progress) == ["next[b]"]
    progress.apply(ended("next[b]"))
    assert start_all(progress) == ["total"]
    assert [ref.step for ref in progress.step("total").inputs[0].outputs] == ["next[b]"]


def test_when_every_value_is_left_out_so_is_what_collects() -> None:
    progress = of(origin(), mapped("some", optional=True), mapped("next", "some"), collect("total", "next"))
    start_all(progress)
    progress.apply(gave("many", "a"))
    start_all(progress)
    skips = progress.apply(StepSucceeded(1, RUN, "some[a]"))
    assert [(skip.step.key, skip.reason) for skip in skips] == [("next[a]", "not-yielded"), ("total", "upstream-skipped")]
    assert progress.is_over


def test_a_failed_origin_skips_the_templates_and_what_collects_them() -> None:
    progress = of(origin(), mapped("double"), collect("total", "double"))
    start_all(progress)
    skips = progress.apply(StepFailed(1, RUN, "many", BROKEN))
    assert [(skip.step.key, skip.reason) for skip in skips] == [("double", "upstream-failed"), ("total", "upstream-failed")]
    assert progress.is_over


def test_a_template_behind_another_failed_step_is_skipped_and_never_expanded() -> None:
    progress = of(plain("one"), origin(), mapped("add", "one"), collect("total", "add"))
    start_all(progress)
    assert [skip.step.key for skip in progress.apply(StepFailed(1, RUN, "one", BROKEN))] == ["add", "total"]
    progress.apply(gave("many", "a"))
    assert start_all(progress) == []
    assert progress.is_over


def test_a_value_whose_other_input_was_never_given_is_skipped_whenever_that_was_known() -> None:
    progress = of(plain("maybe", optional=True), origin(), mapped("add", "maybe"))
    start_all(progress)
    assert [skip.step.key for skip in progress.apply(StepSucceeded(1, RUN, "maybe"))] == ["add"]
    late = of(plain("maybe", optional=True), origin(), mapped("add", "maybe"))
    start_all(late)
    late.apply(gave("many", "a", "b"))
    assert [skip.step.key for skip in late.apply(StepSucceeded(1, RUN, "maybe"))] == ["add[a]", "add[b]"]


def test_keys_of_a_reused_origin_bring_the_same_steps() -> None:
    progress = of(origin(), mapped("double"), collect("total", "double"))
    start_all(progress)
    progress.apply(StepReused(1, RUN, "many", RunId("before"), (OutputStored("result", "a"), OutputStored("result", "b"))))
    progress.apply(StepReused(1, RUN, "double[a]", RunId("before"), (OutputStored("result"),)))
    assert start_all(progress) == ["double[b]"]


@st.composite
def dynamic_plans(draw: st.DrawFn) -> RunPlan:
    """Up to two dynamic outputs, templates over them that read each other and plain steps, and steps that collect."""
    steps: list[Step] = []
    kinds: dict[str, str] = {}
    for at in range(draw(st.integers(1, 10))):
        key = f"s{at}"
        plains = [one for one, kind in kinds.items() if kind == "plain"]
        origins = [one for one, kind in kinds.items() if kind == "origin"]
        over = {one: kind.removeprefix("mapped:") for one, kind in kinds.items() if kind.startswith("mapped:")}
        choices = [
            "plain",
            *(["origin"] if len(origins) < 2 else []),
            *(["mapped", "collect"] if origins else []),
            *(["list"] if over else []),
        ]
        kind = draw(st.sampled_from(choices))
        optional = draw(st.booleans())
        if kind == "plain":
            reads = draw(st.lists(st.sampled_from(plains), max_size=2, unique=True)) if plains else []
            steps.append(plain(key, *reads, optional=optional))
            kinds[key] = "plain"
        elif kind == "origin":
            steps.append(origin(key))
            kinds[key] = "origin"
        elif kind == "mapped":
            source = draw(st.sampled_from(origins))
            possible = [*plains, *(one for one, its in over.items() if its == source)]
            reads = draw(st.lists(st.sampled_from(possible), max_size=2, unique=True)) if possible else []
            steps.append(mapped(key, *reads, over=source, optional=optional))
            kinds[key] = f"mapped:{source}"
        else:
            steps.append(collect(key, draw(st.sampled_from(sorted(over) if kind == "list" else origins))))
            kinds[key] = "plain"
    return RunPlan(RUN, tuple(steps))


@given(dynamic_plans(), st.data())
def test_every_step_and_every_value_ends_exactly_once_after_what_it_reads(plan: RunPlan, data: st.DataObject) -> None:
    progress = RunProgress(plan)
    running: list[Step] = []
    ends: dict[str, str] = {}
    log: list[Event] = []
    while not progress.is_over:
        while (found := progress.ready()) is not None:
            assert not found.is_template
            for item in found.inputs:
                for ref in item.outputs:
                    assert ends[ref.step] == "succeeded"
                    assert progress.status[ref.step] == "succeeded"
            running.append(found)
        assert running
        current = running.pop(data.draw(st.integers(0, len(running) - 1)))
        event: Event = _end(current, data)
        log.append(event)
        skips = progress.apply(event)
        ends[current.key] = "failed" if isinstance(event, StepFailed) else "succeeded"
        for skip in skips:
            assert skip.step.key not in ends
            ends[skip.step.key] = "skipped"
            log.append(StepSkipped(1, RUN, skip.step.key, skip.reason, skip.because))
    assert all(status in DONE for status in progress.status.values())
    assert {step.key for step in progress.steps} == set(ends)
    _check_values(progress, ends)
    _check_refold(plan, log, progress)


def _end(step: Step, data: st.DataObject) -> Event:
    how = data.draw(st.sampled_from(["fails", "gives", "gives", "gives", "nothing"]))
    if how == "fails":
        return StepFailed(1, RUN, step.key, BROKEN)
    if step.outputs[0].is_dynamic:
        return gave(step.key, *data.draw(st.lists(st.sampled_from("abcd"), unique=True, max_size=3)))
    if how == "nothing" and not step.outputs[0].is_required:
        return StepSucceeded(1, RUN, step.key)
    return ended(step.key)


def _check_values(progress: RunProgress, ends: dict[str, str]) -> None:
    """Each template that was expanded has one step for each key of its origin, in their order."""
    known = [step.key for step in progress.steps]
    for step in progress.plan.steps:
        if not step.is_template or step.mapped_over is None or step.key in ends:
            continue
        keys = progress.mapping_keys[step.mapped_over.step, "result"]
        assert [one for one in known if one.startswith(f"{step.key}[")] == [f"{step.key}[{key}]" for key in keys]


def _check_refold(plan: RunPlan, log: list[Event], progress: RunProgress) -> None:
    """Folding the events that a run left behind comes to the same state."""
    again = RunProgress(plan)
    for event in log:
        again.apply(event)
    assert again.status == progress.status
    assert again.is_over
