"""Where the steps of a job run: this process, threads, worker processes, an executor of one's own; and how many go at once."""

from __future__ import annotations

import importlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from nbasset import (
    DynamicOut,
    DynamicOutput,
    Instance,
    InvalidConfigError,
    execute_job,
    executor,
    in_process_executor,
    job,
    multi_or_in_process_executor,
    multiprocess_executor,
    op,
    reconstructable,
    thread_executor,
)
from nbasset.commands.carrying_out import Manner
from nbasset.commands.jobs import run_with_executor
from nbasset.commands.scope import Scope
from nbasset.locations.notebook import load_notebook
from nbasset.settings import QueueSettings, Settings

WORKING = """
import os
from nbasset import (
    Config, ConfigurableResource, DynamicOut, DynamicOutput, asset, define_asset_job, Definitions, graph_asset, job, multiprocess_executor,
    op, success_hook,
)

FACTOR = 2


class Size(Config):
    n: int = 3


def helper(x):
    return x * FACTOR


@op(out=DynamicOut())
def several(config: Size):
    return [DynamicOutput(at, f"k{at}") for at in range(config.n)]


@op
def double(x):
    return helper(x), os.getpid()


@op
def total(xs):
    return sum(x for x, _ in xs)


@success_hook
def tell(context):
    context.log.info("told of %s", context.step_key)


@job(executor_def=multiprocess_executor.configured({"max_concurrent": 2}), hooks={tell})
def sums():
    total(several().map(double).collect())


@asset
def orders():
    return [1, 2]


@op
def count(orders):
    return len(orders)


@op
def ten_times(n):
    return 10 * n


@graph_asset
def counted(orders):
    return ten_times(count(orders))


class Rate(ConfigurableResource):
    factor: int


@op
def rated(config: Size, rate: Rate):
    return config.n * rate.factor


@job(executor_def=multiprocess_executor)
def rating():
    rated()


defs = Definitions(
    [orders, counted],
    jobs=[define_asset_job("all_assets", executor_def=multiprocess_executor), sums, rating],
    resources={"rate": Rate(factor=5)},
)
"""


@pytest.fixture
def working(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A module of the user's."""
    (tmp_path / "working_jobs.py").write_text(WORKING, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    yield importlib.import_module("working_jobs")
    sys.modules.pop("working_jobs", None)


def test_steps_of_a_job_run_in_worker_processes_and_hand_values_on_through_the_io_manager(working: Any) -> None:
    with Instance.local_temp() as instance, execute_job(reconstructable(working.sums), instance) as result:
        assert (result.success, result.error) == (True, None)
        assert result.output_for_node("total") == 6
        doubled = result.output_for_node("double")
        assert [value[0] for value in doubled.values()] == [0, 2, 4]
        assert os.getpid() not in {value[1] for value in doubled.values()}
        assert len(result.get_hook_events()) == 5


def test_graph_backed_assets_run_in_worker_processes(working: Any) -> None:
    with Instance.local_temp() as instance:
        result = execute_job(working.defs.get_job_def("all_assets"), instance)
        assert (result.success, result.error) == (True, None)
        assert result.asset_value("counted") == 20


def test_resources_of_a_script_are_opened_in_worker_processes(working: Any) -> None:
    with Instance.local_temp() as instance:
        result = execute_job(working.defs.get_job_def("rating"), instance, {"ops": {"rated": {"config": {"n": 4}}}})
        assert (result.success, result.error) == (True, None)
        assert result.output_for_node("rated") == 20


class Busy:
    """Counts how many steps are inside at once; each stays until the others had their chance to come in, or nobody may."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self.lock = threading.Lock()
        self.met = threading.Event()

    def __enter__(self) -> None:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
            if self.now > 1:
                self.met.set()

    def __exit__(self, *problem: object) -> None:
        with self.lock:
            self.now -= 1


def busy_job(busy: Busy, *, wait: bool, tags: dict[str, str] | None = None, pool: str | None = None, executor_def: Any = None) -> Any:
    @op(out=DynamicOut())
    def several() -> list[DynamicOutput[int]]:
        return [DynamicOutput(at, f"k{at}") for at in range(4)]

    @op(tags=tags, pool=pool)
    def work(x: int) -> int:
        with busy:
            if wait:
                assert busy.met.wait(60)
        return x

    @job(executor_def=executor_def)
    def working() -> None:
        several().map(work)

    return working


def test_threads_run_steps_at_once() -> None:
    busy = Busy()
    with Instance.ephemeral() as instance:
        made = busy_job(busy, wait=True, executor_def=thread_executor.configured({"max_concurrent": 2}))
        assert execute_job(made, instance).success
    assert busy.most == 2


def test_the_executor_is_ignored_in_process() -> None:
    busy = Busy()
    assert busy_job(busy, wait=False, executor_def=thread_executor).execute_in_process().success
    assert busy.most == 1


@pytest.mark.parametrize(
    ("tags", "limit"),
    [({"db": "a"}, {"key": "db", "limit": 1}), ({"db": "a"}, {"key": "db", "value": "a", "limit": 1})],
)
def test_a_limit_on_a_tag_holds_steps_back(tags: dict[str, str], limit: dict[str, Any]) -> None:
    busy = Busy()
    chosen = thread_executor.configured({"max_concurrent": 4, "tag_concurrency_limits": [limit]})
    with Instance.ephemeral() as instance:
        assert execute_job(busy_job(busy, wait=False, tags=tags, executor_def=chosen), instance).success
    assert busy.most == 1


def test_a_limit_on_another_tag_does_not() -> None:
    busy = Busy()
    limit = {"key": "db", "value": "b", "limit": 1}
    chosen = thread_executor.configured({"max_concurrent": 4, "tag_concurrency_limits": [limit]})
    with Instance.ephemeral() as instance:
        assert execute_job(busy_job(busy, wait=True, tags={"db": "a"}, executor_def=chosen), instance).success
    assert busy.most > 1


def test_a_pool_holds_steps_back() -> None:
    busy = Busy()
    with Instance.ephemeral(settings=Settings(queue=QueueSettings(pools={"db": 1}))) as instance:
        made = busy_job(busy, wait=False, pool="db", executor_def=thread_executor.configured({"max_concurrent": 4}))
        assert execute_job(made, instance).success
    assert busy.most == 1


def test_an_executor_of_ones_own_is_any_executor_of_the_standard_library() -> None:
    seen: list[str] = []

    @executor(name="named", config_schema={"name": str})
    def named(config: dict[str, str]) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(1, thread_name_prefix=config["name"])

    @op
    def where() -> None:
        seen.append(threading.current_thread().name)

    @job(executor_def=named.configured({"name": "mine"}))
    def working() -> None:
        where()

    with Instance.ephemeral() as instance:
        assert execute_job(working, instance).success
        assert execute_job(working, instance, {"execution": {"config": {"name": "yours"}}}).success
    assert [name.split("_")[0] for name in seen] == ["mine", "yours"]


def test_the_run_config_chooses_and_configures_the_executor() -> None:
    assert multi_or_in_process_executor.choice({}).kind == "default"
    assert multi_or_in_process_executor.choice({"in_process": {}}).kind == "inline"
    chosen = multi_or_in_process_executor.choice({"multiprocess": {"max_concurrent": 3}})
    assert (chosen.kind, chosen.max_workers) == ("processes", 3)
    assert multiprocess_executor.choice({"max_concurrent": 2}).max_workers == 2
    assert in_process_executor.choice().kind == "inline"


def test_a_wrong_configuration_of_an_executor_is_told_at_once() -> None:
    with pytest.raises(InvalidConfigError, match=r"execution\.config\.max_conc: unknown entry\. Did you mean 'max_concurrent'"):
        multiprocess_executor.configured({"max_conc": 3})
    with pytest.raises(InvalidConfigError, match="expected a whole number from 0 up, got 'x'"):
        multiprocess_executor.configured({"max_concurrent": "x"})
    with pytest.raises(InvalidConfigError, match=r"expected \{key: \.\.\., limit"):
        thread_executor.configured({"tag_concurrency_limits": [{"key": "db"}]})


def test_hooks_of_an_asset_job_run_in_workers_that_have_the_slice_of_an_asset_only(
    tmp_path: Path, write_notebook: Callable[..., Path]
) -> None:
    path = write_notebook(
        "from pathlib import Path\nfrom nbasset import asset, define_asset_job, success_hook\nHERE = Path.cwd()",
        "@success_hook\ndef tell(context):\n    context.log.info('told of %s', context.step_key)",
        "@asset\ndef a():\n    return 1",
        "%%asset b\na + 1",
        "both = define_asset_job('both', selection='*', hooks={tell})",
    )
    instance = Instance.open(path.parent)
    with instance:
        scope = Scope(load_notebook(path, home=path.parent), instance)
        result = run_with_executor(scope, scope.resolved.jobs["both"], manner=Manner(executor="processes"))
        assert (result.success, result.asset_value("b")) == (True, 2)
        assert [(hook.hook, hook.error) for hook in result.get_hook_events()] == [("tell", None)] * 2
