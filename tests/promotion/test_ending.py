"""How a notebook run is recorded to have ended, from the events of its kernel and the cell that stopped it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from nbasset.events.facts import ErrorInfo
from nbasset.events.kinds import Event, RunCancelled, RunFailed, RunSucceeded, StepFailed, StepSkipped, StepStarted, StepSucceeded
from nbasset.instance import Instance
from nbasset.keys import AssetKey, RunId
from nbasset.locations.document import NotebookDocument
from nbasset.locations.notebook import load_notebook
from nbasset.planning.plan import PlanRequest, RunPlan
from nbasset.planning.run_plan import plan_run
from nbasset.promotion.ending import Stop, ending
from nbasset.promotion.prepare import Part
from nbasset.promotion.taking_part import part_of

from .conftest import WriteNotebook

RUN = RunId("r1")
ERROR = ErrorInfo("ValueError", "no")


@dataclass
class Case:
    """A run of four assets: two and three read one, four stands alone."""

    plan: RunPlan
    part: Part
    document: NotebookDocument

    def end(self, *events: Event, stop: Stop | None = None, cancelled_by: str = "") -> list[Event]:
        return ending(self.plan, events, stop or Stop(), self.part, self.document, cancelled_by=cancelled_by, at_us=5)

    def made(self, *steps: str) -> list[StepSucceeded]:
        return [StepSucceeded(1, RUN, step) for step in steps]


@pytest.fixture
def case(write_notebook: WriteNotebook) -> Case:
    path = write_notebook("%%asset one\n[1]", "%%asset two\none", "%%asset three\ntwo", "h = 1", "%%asset four\n[h]")
    location = load_notebook(path)
    catalog = location.definitions.resolve().catalog
    with Instance.ephemeral() as instance:
        keys = frozenset(map(AssetKey, ("one", "two", "three", "four")))
        plan = plan_run(catalog, PlanRequest(RUN, keys), instance.partitions_view())
    assert isinstance(location.source, NotebookDocument)
    return Case(plan, part_of(location, catalog, plan), location.source)


def skipped(events: list[Event]) -> dict[str, tuple[str, str]]:
    return {event.step: (event.reason, event.because) for event in events if isinstance(event, StepSkipped)}


def test_when_everything_was_made_the_run_succeeded(case: Case) -> None:
    assert case.end(*case.made("one", "two", "three", "four")) == [RunSucceeded(5, RUN)]


def test_a_failed_step_skips_what_depends_on_it_and_the_rest_is_not_started(case: Case) -> None:
    ends = case.end(*case.made("one"), StepFailed(2, RUN, "two", ERROR), stop=Stop(3, "c2-run", "ValueError", "no"))
    assert skipped(ends) == {"three": ("upstream-failed", "two"), "four": ("cancelled", "cell 2")}
    assert ends[-1] == RunFailed(5, RUN, "steps-failed", "1 of 4 steps failed. two: ValueError: no", ERROR)


def test_what_is_recorded_is_not_recorded_again(case: Case) -> None:
    events = [*case.made("one", "four"), StepFailed(2, RUN, "two", ERROR), StepSkipped(2, RUN, "three", "upstream-failed", "two")]
    assert [type(event) for event in case.end(*events, stop=Stop(3, "c2-run", "ValueError", "no"))] == [RunFailed]


def test_a_helper_that_raises_fails_the_run_and_what_needs_it(case: Case) -> None:
    ends = case.end(*case.made("one", "two", "three"), stop=Stop(6, "c4", "NameError", "q"))
    assert skipped(ends) == {"four": ("upstream-failed", "cell 4")}
    assert ends[-1] == RunFailed(5, RUN, "error", "cell 4: NameError: q", ErrorInfo("NameError", "q"))


def test_a_kernel_that_dies_fails_the_step_that_ran(case: Case) -> None:
    ends = case.end(*case.made("one"), StepStarted(2, RUN, "two"), stop=Stop(3, "c2-run", "DeadKernel", "the kernel died"))
    dead = ErrorInfo("DeadKernel", "the kernel died")
    assert ends[0] == StepFailed(5, RUN, "two", dead, case.plan.by_key["two"].targets)
    assert skipped(ends) == {"three": ("upstream-failed", "two"), "four": ("cancelled", "cell 2")}
    assert ends[-1] == RunFailed(5, RUN, "kernel-died", "cell 2: the kernel died", dead)


def test_a_generated_cell_that_fails_by_itself_fails_its_step(case: Case) -> None:
    ends = case.end(*case.made("one"), stop=Stop(3, "c2-run", "UnknownAsset", "no asset 'two'"))
    assert [event.step for event in ends if isinstance(event, StepFailed)] == ["two"]


@pytest.mark.parametrize("reason", ["KeyboardInterrupt", "Stopped"])
def test_a_stopped_run_is_cancelled_and_so_are_its_open_steps(case: Case, reason: str) -> None:
    ends = case.end(*case.made("one"), StepStarted(2, RUN, "two"), stop=Stop(3, "c2-run", reason, ""), cancelled_by="interrupt")
    assert [(event.step, event.cancelled) for event in ends if isinstance(event, StepFailed)] == [("two", True)]
    assert isinstance(ends[-1], RunCancelled)


def test_a_request_to_stop_that_came_too_late_changes_nothing(case: Case) -> None:
    assert case.end(*case.made("one", "two", "three", "four"), cancelled_by="request") == [RunSucceeded(5, RUN)]


def test_a_stop_between_two_cells_cancels_the_rest(case: Case) -> None:
    ends = case.end(*case.made("one", "two"), cancelled_by="request")
    assert skipped(ends) == {"three": ("cancelled", ""), "four": ("cancelled", "")}
    assert ends[-1] == RunCancelled(5, RUN, "cancelled by request")
