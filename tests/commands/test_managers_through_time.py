"""Every manager that keeps files has a history: listed, loaded as of, brought back, renamed, tidied, and watched for changes by hand."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbasset import ConfigurableIOManagerFactory, DailyPartitionsDefinition, FilesystemIOManager, UPathIOManager, asset, materialize
from nbasset.arguments import parse
from nbasset.commands.diff import diff
from nbasset.commands.drop import drop
from nbasset.commands.gc import gc
from nbasset.commands.history import history
from nbasset.commands.load import load
from nbasset.commands.managers import managers_in
from nbasset.commands.rename import rename
from nbasset.commands.rollback import rollback
from nbasset.commands.scope import Scope, scope_of
from nbasset.commands.states import standing
from nbasset.commands.why import why
from nbasset.errors import MissingValue
from nbasset.instance import Instance, instance_for_test
from nbasset.keys import AssetKey

DAILY = DailyPartitionsDefinition("2013-01-01", end_date="2013-01-04")


class TextFiles(UPathIOManager):
    """Texts in files."""

    extension = ".txt"

    def dump_to_path(self, context: Any, obj: Any, path: Any) -> None:
        path.write_text(str(obj))

    def load_from_path(self, context: Any, path: Any) -> int:
        return int(path.read_text())


class TextFactory(ConfigurableIOManagerFactory):
    """Makes one."""

    folder: str

    def create_io_manager(self, context: Any) -> Any:
        return TextFiles(self.folder)


def _text(folder: Path) -> dict[str, Any]:
    return {"keeper": TextFiles(folder / "texts")}


def _factory(folder: Path) -> dict[str, Any]:
    return {"keeper": TextFactory(folder=str(folder / "made"))}


def _pickle(folder: Path) -> dict[str, Any]:
    return {"keeper": FilesystemIOManager(folder / "pickles")}


def _memory_store(folder: Path) -> dict[str, Any]:
    return {"keeper": FilesystemIOManager(f"memory://{folder.name}/objects")}


MANAGERS: dict[str, tuple[str, Callable[[Path], dict[str, Any]]]] = {
    "parquet": ("parquet", lambda _: {}), "pickle": ("pickle", lambda _: {}), "own pickles": ("keeper", _pickle),
    "texts": ("keeper", _text), "a factory": ("keeper", _factory), "an object store": ("keeper", _memory_store),
}  # fmt: skip
LOCAL = ["parquet", "pickle", "own pickles", "texts"]


class World:
    """A number, a number a day and a reader of both, kept by one manager."""

    def __init__(self, instance: Instance, kind: str, folder: Path, name: str = "number") -> None:
        key, resources = MANAGERS[kind]
        self.instance, self.resources, self.kind = instance, resources(folder), kind
        self.value = 0

        @asset(name=name, io_manager_key=key)
        def number() -> int:
            return self.value

        @asset(partitions_def=DAILY, io_manager_key=key)
        def days() -> int:
            return self.value

        @asset(deps=[number], io_manager_key=key)
        def reader() -> int:
            return self.value

        self.assets = [number, days, reader]

    def make(self, value: int, name: str = "number", partition: str | None = None) -> str:
        """Make something; its version."""
        self.value = value
        done = materialize(self.assets, instance=self.instance, selection=name, partition_key=partition, resources=self.resources)
        return done.get_asset_materialization_events()[0].version_id

    @property
    def scope(self) -> Scope:
        return scope_of(self.assets, instance=self.instance, resources=self.resources)

    def do(self, verb: Callable[..., Any], words: str) -> Any:
        return verb(self.scope, parse(words)[1])

    def value_of(self, words: str = "number") -> Any:
        return self.do(load, f"load {words}")

    def gc(self, words: str = "") -> Any:
        return gc(self.instance, parse(f"gc {words}")[1], [managers_in(self.scope)])

    def path(self, name: str = "number", partition: str = "") -> Path:
        """The file of the current value."""
        from nbasset.commands.managers import manager_of, place_of

        scope, key = self.scope, AssetKey(name)
        entries = self.instance.reader.materializations(key, None, limit=50)
        facts = [fact for entry in entries for fact in getattr(entry.event, "facts", ())]
        fact = next(one for one in facts if not partition or one.partition.key == partition)
        place = place_of(manager_of(scope, key), fact, key, scope.catalog.by_key[key].partitions_def)
        assert place is not None
        return Path(place)


@pytest.fixture(params=MANAGERS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with instance_for_test() as instance:
        yield World(instance, request.param, tmp_path)


def test_versions_are_listed_loaded_as_of_and_brought_back(world: World) -> None:
    first, second = world.make(1), world.make(2)
    entries = world.do(history, "history number").entries
    assert [(one.version_id, one.is_current, one.is_kept) for one in entries] == [(second, True, True), (first, False, True)]
    assert (world.value_of(), world.value_of(f"number --as-of {first}")) == (2, 1)
    world.do(rollback, f"rollback number --to {first}")
    assert world.value_of() == 1
    assert world.do(history, "history number").entries[0].what == "brought back"
    assert world.value_of(f"number --as-of {second}") == 2


def test_a_partition_has_a_history_of_its_own(world: World) -> None:
    first, _ = world.make(1, "days", "2013-01-02"), world.make(2, "days", "2013-01-02")
    world.make(7, "days", "2013-01-03")
    assert len(world.do(history, "history days -p 2013-01-02").entries) == 2
    assert world.value_of(f"days -p 2013-01-02 --as-of {first}") == 1
    world.do(rollback, f"rollback days --to {first} -p 2013-01-02")
    assert (world.value_of("days -p 2013-01-02"), world.value_of("days -p 2013-01-03")) == (1, 7)


def test_two_versions_are_compared_whoever_keeps_them(world: World) -> None:
    world.make(1)
    world.make(2)
    found = world.do(diff, "diff number").table
    assert (found.rows, found.changed, found.first.endswith(": 1 and 2")) == ((1, 1), 1, True)


def test_gc_finds_the_versions_that_a_manager_keeps(world: World) -> None:
    first, second, _ = world.make(1), world.make(2), world.make(3)
    assert {one.version_id for one in world.gc("--keep 1 --dry-run").gone} == {first}
    assert world.value_of(f"number --as-of {first}") == 1
    assert {one.version_id for one in world.gc("--keep 1").gone} == {first}
    with pytest.raises(MissingValue):
        world.value_of(f"number --as-of {first}")
    assert (world.value_of(), world.value_of(f"number --as-of {second}")) == (3, 2)


def test_one_version_is_given_up_alone(world: World) -> None:
    first, second, _ = world.make(1), world.make(2), world.make(3)
    world.do(drop, f"drop number --version {first} --data --yes")
    assert [one.is_kept for one in world.do(history, "history number").entries if one.version_id == first] == [False]
    assert (world.value_of(), world.value_of(f"number --as-of {second}")) == (3, 2)


def test_a_renamed_asset_is_loaded_under_its_new_name_and_as_of_old_versions(world: World) -> None:
    first = world.make(1)
    world.make(2)
    world.do(rename, "rename number count")
    renamed = World(world.instance, world.kind, Path(), name="count")
    renamed.resources = world.resources
    assert (renamed.value_of("count"), renamed.value_of(f"count --as-of {first}")) == (2, 1)
    assert standing(renamed.scope).states[AssetKey("count")].status == "fresh"


@pytest.mark.parametrize("kind", LOCAL)
def test_a_file_changed_by_hand_is_told_and_a_touched_one_is_not(kind: str, tmp_path: Path) -> None:
    with instance_for_test() as instance:
        world = World(instance, kind, tmp_path)
        world.make(1)
        world.make(2, "days", "2013-01-02")
        world.make(3, "days", "2013-01-03")
        for path in (world.path(), world.path("days", "2013-01-02")):
            later = path.stat().st_mtime_ns + 60_000_000_000
            os.utime(path, ns=(later, later))
        assert standing(world.scope).states[AssetKey("number")].status == "fresh"
        assert not standing(world.scope).states[AssetKey("days")].stale
        for path in (world.path(), world.path("days", "2013-01-02")):
            path.write_bytes(path.read_bytes()[:-1] + b"!")
            later = path.stat().st_mtime_ns + 120_000_000_000
            os.utime(path, ns=(later, later))
        told = "'days' is stale for 1 of 3 partitions: the file of 1 partition of 'days' was changed by hand."
        assert world.do(why, "why number").sentence == "'number' is stale: its file was changed by hand."
        assert world.do(why, "why days").sentence == told
        world.path().unlink()
        assert world.do(why, "why number").sentence == "'number' is stale: its file was deleted by hand."


class Broken(ConfigurableIOManagerFactory):
    """Makes none."""

    def create_io_manager(self, context: Any) -> Any:
        raise ValueError("no such server")


def test_a_manager_that_cannot_be_made_is_said_and_its_versions_are_left_alone(tmp_path: Path) -> None:
    with instance_for_test() as instance:
        world = World(instance, "texts", tmp_path)
        world.make(1)
        world.make(2)
        world.resources = {"keeper": Broken()}
        found = world.gc("--keep 0")
        assert found.gone == ()
        assert "no such server" in found.notes[0]


steps = st.lists(
    st.one_of(
        st.tuples(st.just("make"), st.sampled_from(["number", "reader", "days:2013-01-01", "days:2013-01-02"])),
        st.tuples(st.just("back"), st.integers(0, 3)),
        st.tuples(st.just("gc"), st.sampled_from(["--keep 0", "--keep 1", "--max-size 1", "--older-than 0s"])),
    ),
    min_size=4,
    max_size=14,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_whatever_happened_gc_leaves_what_is_current_and_what_that_was_made_from(steps: list[tuple[str, Any]], tmp_path: Path) -> None:
    with instance_for_test() as instance:
        world = World(instance, "parquet", tmp_path)
        current: dict[str, int] = {}
        made: dict[str, int] = {}
        from_version: list[str] = []  # what the reader's current version was made from
        newest = ""
        for value, (what, which) in enumerate(steps):
            if what == "make":
                name, _, partition = which.partition(":")
                if name == "reader" and "number" not in current:
                    continue
                version = world.make(value, name, partition or None)
                current[which] = value
                if name == "number":
                    made[version], newest = value, version
                if name == "reader":
                    from_version = [newest]
            elif what == "back" and made:
                version = list(made)[which % len(made)]
                if any(one.version_id == version and one.is_kept for one in world.do(history, "history number -n 99").entries):
                    world.do(rollback, f"rollback number --to {version} --yes")
                    current["number"], newest = made[version], version
            elif what == "gc":
                world.gc(which)
                for name, wanted in current.items():
                    key, _, partition = name.partition(":")
                    assert world.value_of(f"{key} -p {partition}" if partition else key) == wanted
                for version in from_version:
                    assert world.value_of(f"number --as-of {version}") == made[version]
