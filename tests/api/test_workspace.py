"""The locations of a project as a server knows them: loaded once, loaded anew behind the reader, and never in each other's way."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from nbasset import AssetSpec, Definitions, asset
from nbasset.api.workspace import Here, Snapshot, Workspace
from nbasset.commands.answering import Answer, Question
from nbasset.commands.hosting import HostCatalog
from nbasset.commands.scope import scope_of
from nbasset.errors import LocationError
from nbasset.events.kinds import Owner, RunRequested, RunStarted
from nbasset.home import Home
from nbasset.instance import Instance
from nbasset.keys import AssetKey, RunId
from nbasset.storage.processes import host, start_time


class Part:
    """A location that is told what to say."""

    def __init__(self, name: str, *definitions: Any, error: str = "") -> None:
        self.label = name
        self.definitions = definitions
        self.error = error
        self.loads = 0
        self.is_outdated = True
        self.loaded = threading.Event()
        self.asked: list[str] = []
        self.has_ended = False

    def load(self) -> HostCatalog:
        self.loads += 1
        self.is_outdated = False
        self.loaded.set()
        if self.error:
            return HostCatalog(self.label, error=self.error)
        return HostCatalog(self.label, whole=Definitions(list(self.definitions)).catalog, kind="module", path=f"{self.label}.py")

    def answer(self, question: Question, *, within_s: float) -> Answer:
        self.asked.append(question.function)
        return Answer("done")

    def rest(self) -> None:
        pass

    def end(self) -> None:
        self.has_ended = True


@asset
def orders() -> int:
    return 1


@asset
def total(orders: int) -> int:
    return orders


def workspace_of(*parts: Part, look_s: float = 1.0) -> Workspace:
    return Workspace(Instance.ephemeral(), parts, look_s=look_s)


def test_code_is_loaded_once_when_it_is_first_asked_for() -> None:
    part = Part("sales", orders)
    workspace = workspace_of(part)
    assert part.loads == 0
    assert workspace.snapshot() is workspace.snapshot()
    assert part.loads == 1


def test_changed_code_is_loaded_anew_behind_who_reads() -> None:
    part = Part("sales", orders)
    workspace = workspace_of(part, look_s=0.0)
    before = workspace.snapshot()
    part.loaded.clear()
    part.definitions = (orders, total)
    part.is_outdated = True
    assert workspace.snapshot() is before
    assert part.loaded.wait(10)
    while workspace.snapshot() is before:
        part.loaded.wait(0.01)
    after = workspace.snapshot()
    assert (list(map(str, before.assets)), list(map(str, after.assets))) == (["orders"], ["orders", "total"])
    assert after.number > before.number


def test_what_is_asked_is_asked_of_code_as_it_is_now() -> None:
    part = Part("sales", orders)
    workspace = workspace_of(part)
    (location,) = workspace.snapshot().locations
    part.is_outdated = True
    assert location.ask("launch_requests:launch", None).value == "done"
    assert (part.loads, part.asked) == (2, ["launch_requests:launch"])


def test_a_broken_location_stands_there_with_its_error_and_disturbs_no_other() -> None:
    workspace = workspace_of(Part("bad", error="bad cannot be loaded."), Part("good", orders))
    snapshot = workspace.snapshot()
    assert [(one.name, one.error) for one in snapshot.locations] == [("bad", "bad cannot be loaded."), ("good", "")]
    assert list(snapshot.assets) == [AssetKey("orders")]
    with pytest.raises(LocationError, match="bad cannot be loaded"):
        snapshot.by_name["bad"].ask("anything:at_all")


def test_a_location_that_takes_long_is_there_as_loading_and_nobody_waits_for_it() -> None:
    class Slow(Part):
        goes_on = threading.Event()

        def load(self) -> HostCatalog:
            assert self.goes_on.wait(20)
            return super().load()

    slow = Slow("slow", total)
    workspace = Workspace(Instance.ephemeral(), [slow, Part("good", orders)], look_s=0.0, patience_s=0.05)
    first = workspace.snapshot()
    assert [(one.name, one.is_loading, one.error) for one in first.locations] == [
        ("slow", True, "slow is still being loaded."), ("good", False, ""),
    ]  # fmt: skip
    slow.goes_on.set()
    assert first.by_name["slow"].ask("asked_config:config_facts").value == "done"
    assert [(one.name, one.is_loading, one.error) for one in workspace.snapshot().locations] == [("slow", False, ""), ("good", False, "")]
    assert slow.loads == 1


def test_the_location_that_makes_an_asset_goes_before_those_that_read_it() -> None:
    snapshot = workspace_of(Part("reader", AssetSpec("orders"), total), Part("maker", orders)).snapshot()
    assert snapshot.assets[AssetKey("orders")].location.name == "maker"
    assert snapshot.downstream == {AssetKey("orders"): (AssetKey("total"),)}
    assert snapshot.collisions == {}


def test_an_asset_that_two_locations_make_is_a_collision() -> None:
    snapshot = workspace_of(Part("a", orders), Part("b", orders)).snapshot()
    assert {str(key): [one.name for one in found] for key, found in snapshot.collisions.items()} == {"orders": ["a", "b"]}


def test_one_location_is_loaded_anew_by_its_name_or_ended() -> None:
    first, second = Part("a", orders), Part("b", total)
    workspace = workspace_of(first, second)
    number = workspace.snapshot().number
    assert workspace.reload("b").number > number
    assert (first.loads, second.loads) == (1, 2)
    workspace.shut_down("a")
    assert (first.has_ended, second.has_ended) == (True, False)
    with pytest.raises(LocationError, match="there is no location 'c'"):
        workspace.reload("c")
    workspace.close()
    assert second.has_ended


def test_code_of_this_process_answers_here_and_refusals_are_data() -> None:
    with Instance.ephemeral() as instance:
        workspace = Workspace(instance, [Here(scope_of([orders, total], instance=instance))])
        (location,) = workspace.snapshot().locations
        answer = location.ask("asked_config:config_facts", _asked("none"))
        assert answer.refusal is not None
        assert (answer.refusal.cls, "none" in answer.refusal.message) == ("UnknownJob", True)


def _asked(job: str) -> Any:
    from nbasset.commands.asked_config import JobConfig

    return JobConfig(job)


def test_a_run_whose_process_was_killed_ends_while_somebody_looks(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as gone:
        owner = Owner(host(), gone.pid, start_time(gone.pid))
    with Instance(Home(tmp_path)) as instance:
        instance.storage.append([RunRequested(1, RunId("lost")), RunStarted(2, RunId("lost"), owner)])
        workspace = Workspace(instance, [], look_s=0.0)
        workspace.snapshot()
        workspace.snapshot()
        assert instance.storage.wait(2, 10.0) > 2
        run = instance.get_run_by_id("lost")
        assert run is not None
        assert (run.status, run.reason) == ("failure", "kernel-died")


def test_nothing_is_there_before_anything_is_written(tmp_path: Path) -> None:
    workspace = Workspace(Instance(Home(tmp_path)))
    assert workspace.snapshot() == Snapshot((), 1)
    assert list(tmp_path.iterdir()) == []
