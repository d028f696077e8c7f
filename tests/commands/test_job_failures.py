"""What happens when steps fail: retries, events, hooks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import nbasset as nb
from nbasset import (
    AssetKey,
    ExpectationResult,
    Failure,
    InvalidInvocationError,
    OpExecutionContext,
    Output,
    ResourceParam,
    RetryPolicy,
    RetryRequested,
    asset,
    build_hook_context,
    failure_hook,
    job,
    op,
    success_hook,
)
from nbasset.events.facts import AssetMaterialized, AssetObserved, ExpectationEvaluated


@op
def one() -> int:
    return 1


@op
def double(x: int) -> int:
    return 2 * x


@op
def total(values: list[int]) -> int:
    return sum(values)


# -- failures, retries, events --------------------------------------------------------------------------------------------


def test_a_failure_raises_the_users_own_error_with_the_users_frames_first() -> None:
    @op
    def broken() -> int:
        return {}["rows"]  # type: ignore[no-any-return]

    @job
    def fails() -> None:
        double(broken())

    with pytest.raises(KeyError) as caught:
        fails.execute_in_process()
    assert caught.traceback[-1].name == "broken"
    assert caught.value.__notes__[0].startswith("Step 'broken' of run ")


def test_without_raising_the_result_tells_what_failed_and_what_did_not_run() -> None:
    @op
    def broken() -> int:
        raise Failure("no rows", metadata={"rows": 0})

    @job
    def fails() -> None:
        double(broken())
        one()

    result = fails.execute_in_process(raise_on_error=False)
    assert (result.success, result.get_failed_step_keys(), result.get_skipped_step_keys()) == (False, {"broken"}, {"double"})
    failure = result.failure_data_for_node("broken")
    assert failure is not None
    assert (failure.cls, failure.message, failure.metadata["rows"].value) == ("Failure", "no rows", 0)
    assert (result.is_node_failed("broken"), result.is_node_skipped("double"), result.is_node_success("one")) == (True, True, True)
    assert result.failure_data_for_node("one") is None


def test_retries_come_from_the_call_the_op_and_the_job_in_this_order() -> None:
    tries: list[str] = []

    def attempt(name: str, times: int) -> None:
        tries.append(name)
        if tries.count(name) < times:
            raise ValueError(name)

    @op
    def from_job() -> None:
        attempt("job", 2)

    @op(retry_policy=RetryPolicy(max_retries=2))
    def from_op() -> None:
        attempt("op", 3)

    @op(retry_policy=RetryPolicy(max_retries=0))
    def from_call() -> None:
        attempt("call", 4)

    @job(op_retry_policy=RetryPolicy(max_retries=1))
    def retried() -> None:
        from_job()
        from_op()
        from_call.with_retry_policy(RetryPolicy(max_retries=3))()

    assert retried.execute_in_process().success
    assert {name: tries.count(name) for name in tries} == {"job": 2, "op": 3, "call": 4}


def test_code_may_ask_for_a_retry_and_knows_which_attempt_it_is() -> None:
    @op
    def asks(context: OpExecutionContext) -> int:
        if context.retry_number < 2:
            raise RetryRequested(max_retries=3)
        return context.retry_number

    @job
    def retried() -> None:
        asks()

    assert retried.execute_in_process().output_for_node("asks") == 2


def test_a_failure_that_forbids_retries_ends_the_step_at_once() -> None:
    tries: list[int] = []

    @op(retry_policy=RetryPolicy(max_retries=5))
    def hopeless() -> None:
        tries.append(1)
        raise Failure("no", allow_retries=False)

    @job
    def once() -> None:
        hopeless()

    with pytest.raises(Failure):
        once.execute_in_process()
    assert len(tries) == 1


def test_events_that_an_op_yields_or_logs_are_recorded_with_its_step() -> None:
    @op
    def tells(context: OpExecutionContext) -> Iterator[Any]:
        yield nb.AssetMaterialization("table", metadata={"rows": 3})
        yield ExpectationResult(False, label="positive")
        context.log_event(nb.AssetObservation("file"))
        context.add_output_metadata({"n": 1})
        yield Output(1)

    @job
    def events() -> None:
        tells()

    result = events.execute_in_process()
    facts = [fact for event in result.get_step_success_events() for fact in event.facts]
    assert [fact.asset for fact in facts if isinstance(fact, AssetMaterialized)] == [AssetKey("table")]
    assert [fact.asset for fact in facts if isinstance(fact, AssetObserved)] == [AssetKey("file")]
    assert [(fact.label, fact.success) for fact in facts if isinstance(fact, ExpectationEvaluated)] == [("positive", False)]


# -- hooks ----------------------------------------------------------------------------------------------------------------


def test_hooks_run_after_each_step_with_what_came_of_it() -> None:
    seen: list[Any] = []

    @success_hook
    def good(context: nb.HookContext) -> None:
        seen.append((context.op.name, context.step_key, dict(context.op_output_values)))  # type: ignore[union-attr]

    @failure_hook
    def bad(context: nb.HookContext) -> None:
        seen.append((context.step_key, str(context.op_exception)))

    @op
    def broken(x: int) -> int:
        raise ValueError(f"no {x}")

    @job(hooks={good, bad})
    def hooked() -> None:
        broken(one.alias("first")())

    result = hooked.execute_in_process(raise_on_error=False)
    assert seen == [("one", "first", {"result": 1}), ("broken", "no 1")]
    assert [hook.hook for hook in result.get_hook_events()] == ["good", "bad"]


def test_a_hook_that_fails_is_recorded_and_the_run_goes_on() -> None:
    @success_hook
    def breaks(context: nb.HookContext) -> None:
        raise RuntimeError("the chat is down")

    @job
    def hooked() -> None:
        double(one())

    result = hooked.with_hooks({breaks}).execute_in_process()
    assert result.success
    assert [str(hook.error) for hook in result.get_hook_events()] == ["RuntimeError: the chat is down"] * 2


def test_a_failure_hook_waits_until_nothing_more_is_tried() -> None:
    seen: list[int] = []

    @failure_hook
    def bad(context: nb.HookContext) -> None:
        seen.append(1)

    @op(retry_policy=RetryPolicy(max_retries=2))
    def broken() -> int:
        raise ValueError

    @job(hooks={bad})
    def hooked() -> None:
        broken()

    hooked.execute_in_process(raise_on_error=False)
    assert seen == [1]


def test_hooks_of_an_op_call_and_of_an_asset_have_resources() -> None:
    chat: list[str] = []

    @success_hook(required_resource_keys={"chat"})
    def tell(context: nb.HookContext) -> None:
        context.resources.chat.append(context.step_key)

    @success_hook
    def tell_too(context: nb.HookContext, chat: ResourceParam[list[str]]) -> None:
        chat.append(f"{context.step_key} too")

    @job(resource_defs={"chat": chat})
    def hooked() -> None:
        double.with_hooks({tell, tell_too})(one())

    hooked.execute_in_process()

    @asset(hooks={tell})
    def orders() -> int:
        return 1

    nb.materialize_to_memory([orders], resources={"chat": chat})
    assert chat == ["double", "double too", "orders"]


def test_a_hook_is_tested_by_calling_it() -> None:
    chat: list[str] = []

    @failure_hook(required_resource_keys={"chat"})
    def tell(context: nb.HookContext) -> None:
        context.resources.chat.append(f"{context.op.name}: {context.op_exception}")  # type: ignore[union-attr]

    tell(build_hook_context(resources={"chat": chat}, op=one, op_exception=ValueError("no")))
    assert chat == ["one: no"]
    with pytest.raises(InvalidInvocationError, match="needs the resource 'chat'"):
        tell(build_hook_context(op=one))
    with pytest.raises(InvalidInvocationError, match="takes a context"):
        tell()


def test_a_hook_stands_above_a_job_as_a_decorator() -> None:
    seen: list[str] = []

    @success_hook
    def tell(context: nb.HookContext) -> None:
        seen.append(context.step_key)

    @tell
    @job
    def hooked() -> None:
        one()

    hooked.execute_in_process()
    assert seen == ["one"]


def test_a_hook_that_is_called_gives_back_what_its_function_does() -> None:
    @failure_hook
    def text_of(context: nb.HookContext) -> str:
        return f"{context.op_exception}"

    assert text_of(build_hook_context(op=one, op_exception=ValueError("no"))) == "no"
