"""What is stale, against a plain model: every action of a random history is judged by what each partition read, one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbasset import (
    AssetIn,
    AssetSpec,
    DailyPartitionsDefinition,
    DataVersion,
    FreshnessPolicy,
    Instance,
    Output,
    TimeWindowPartitionMapping,
    asset,
    materialize,
)
from nbasset.commands.scope import Scope, scope_of
from nbasset.commands.states import standing
from nbasset.definitions.definitions import Definitions
from nbasset.events.facts import AssetMaterialized, AssetObserved
from nbasset.events.kinds import AssetReported
from nbasset.io_managers.memory import InMemoryIOManager
from nbasset.keys import AssetKey
from nbasset.ordinals import OrdinalSet
from nbasset.planning.states import AssetState

DAYS = [f"2013-01-{day:02}" for day in range(1, 7)]
daily = DailyPartitionsDefinition("2013-01-01", end_date="2013-01-07")
PARTITIONED = ("source", "doubled", "window", "joined", "chain")
READS: dict[str, Callable[[int], list[tuple[str, int | None]]]] = {
    "source": lambda day: [],
    "doubled": lambda day: [("source", day)],
    "window": lambda day: [("doubled", one) for one in range(max(0, day - 1), day + 1)],
    "joined": lambda day: [("doubled", day), ("lookup", None)],
    "chain": lambda day: [("source", day), *([("chain", day - 1)] if day else [])],
    "lookup": lambda day: [],
    "total": lambda day: [("joined", one) for one in range(len(DAYS))],
    "notified": lambda day: [("lookup", None)],
}
ORDER = ("source", "lookup", "doubled", "window", "joined", "chain", "total", "notified")


@dataclass
class World:
    """What the functions return, and the versions of their code."""

    source: list[int] = field(default_factory=lambda: [0] * len(DAYS))
    lookup: int = 0
    code: dict[str, int] = field(default_factory=lambda: dict.fromkeys(READS, 0))

    def assets(self) -> list[Any]:
        """The definitions as they are now."""

        def version(name: str) -> str:
            return str(self.code[name])

        def given(value: Any) -> Output[Any]:
            return Output(value, data_version=DataVersion(repr(value)))

        @asset(partitions_def=daily, code_version=version("source"))
        def source(context: Any) -> Output[Any]:
            return given(self.source[DAYS.index(context.partition_key)])

        @asset(code_version=version("lookup"))
        def lookup() -> Output[Any]:
            return given(self.lookup)

        @asset(partitions_def=daily, code_version=version("doubled"))
        def doubled(source: Any) -> Output[Any]:
            return given(source // 2)

        @asset(
            partitions_def=daily, code_version=version("window"),
            ins={"doubled": AssetIn(partition_mapping=TimeWindowPartitionMapping(-1, 0))},
        )  # fmt: skip
        def window(doubled: dict[str, Any]) -> Output[Any]:
            return given(sorted(doubled.items()))

        @asset(partitions_def=daily, code_version=version("joined"))
        def joined(doubled: Any, lookup: Any) -> Output[Any]:
            return given((doubled, lookup // 2))

        @asset(
            partitions_def=daily, code_version=version("chain"),
            ins={"chain": AssetIn(partition_mapping=TimeWindowPartitionMapping(-1, -1))},
        )  # fmt: skip
        def chain(source: Any, chain: Any) -> Output[Any]:
            return given((source + chain) % 5 if chain is not None else source)

        @asset(code_version=version("total"))
        def total(joined: dict[str, Any]) -> Output[Any]:
            return given(sorted(joined.items()))

        @asset(deps=["lookup"], code_version=version("notified"))
        def notified() -> Output[Any]:
            return given("told")

        return [source, lookup, doubled, window, joined, chain, total, notified]


@dataclass
class Model:
    """What was read and made, partition by partition: (data version, code version, versions read)."""

    made: dict[tuple[str, int | None], tuple[str, int, dict[tuple[str, int | None], str]]] = field(default_factory=dict)

    def version(self, spot: tuple[str, int | None]) -> str:
        return self.made[spot][0] if spot in self.made else ""

    def note(self, name: str, day: int | None, version: str, code: int) -> None:
        self.made[name, day] = (version, code, {one: self.version(one) for one in READS[name](day or 0)})

    def is_direct(self, name: str, day: int | None, world: World) -> bool:
        _, code, read = self.made[name, day]
        return code != world.code[name] or any(self.version(one) != version for one, version in read.items())

    def is_stale(self, name: str, day: int | None, world: World) -> bool:
        if (name, day) not in self.made:
            return False
        if self.is_direct(name, day, world):
            return True
        return any(self.is_stale(*one, world) for one in READS[name](day or 0))


spots = st.tuples(st.sampled_from(ORDER), st.integers(0, len(DAYS) - 1))
actions = st.one_of(
    st.tuples(st.just("source"), st.integers(0, len(DAYS) - 1), st.integers(0, 3)),
    st.tuples(st.just("lookup"), st.just(0), st.integers(0, 3)),
    st.tuples(st.just("code"), spots, st.integers(0, 1)),
    st.tuples(st.just("run"), spots, st.just(0)),
    st.tuples(st.just("run"), spots, st.just(0)),
)


@settings(max_examples=15, deadline=None)
@given(history=st.lists(actions, min_size=1, max_size=6))
def test_what_is_stale_is_what_a_reckoning_partition_by_partition_says(history: list[tuple[Any, ...]]) -> None:
    world, model = World(), Model()
    manager = InMemoryIOManager()
    with Instance.ephemeral() as instance:
        _run(world, model, instance, manager, [(name, list(range(len(DAYS)))) for name in ORDER])
        _judge(world, model, instance, manager)
        for kind, where, value in history:
            if kind == "source":
                world.source[where] = value
            elif kind == "lookup":
                world.lookup = value
            elif kind == "code":
                world.code[where[0]] = value
            else:
                _run(world, model, instance, manager, [(where[0], [where[1]])])
            _judge(world, model, instance, manager)


def _run(world: World, model: Model, instance: Instance, manager: Any, wanted: list[tuple[str, list[int]]]) -> None:
    resources = {"io_manager": manager}
    for name, days in wanted:
        keys = [DAYS[day] for day in days] if name in PARTITIONED else None
        done = materialize(world.assets(), instance=instance, resources=resources, selection=name, partition_keys=keys)
        for fact in done.get_asset_materialization_events():
            day = DAYS.index(fact.partition.key) if fact.partition is not None else None
            model.note(name, day, fact.data_version, world.code[name])


def _judge(world: World, model: Model, instance: Instance, manager: Any) -> None:
    states = states_of(scope_of(world.assets(), instance=instance, resources={"io_manager": manager}))
    first = daily.ordinals(instance.partitions_view()).runs[0][0]
    for name in ORDER:
        state = states[name]
        if name not in PARTITIONED:
            assert (state.status == "stale") == model.is_stale(name, None, world), name
            assert bool(state.own_reasons) == model.is_direct(name, None, world), name
            continue
        assert [one - first for one in state.stale] == [day for day in range(len(DAYS)) if model.is_stale(name, day, world)], name
        assert [one - first for one in state.direct] == [day for day in range(len(DAYS)) if model.is_direct(name, day, world)], name


def states_of(scope: Scope, **options: Any) -> dict[str, AssetState]:
    return {str(key): state for key, state in standing(scope, files=0, **options).states.items()}


# -- single cases ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def instance() -> Iterator[Instance]:
    with Instance.ephemeral() as made:
        yield made


def source_of(value: int) -> Any:
    @asset(name="a")
    def one() -> Output[int]:
        return Output(value, data_version=DataVersion(str(value)))

    return one


@asset
def b(a: int) -> int:
    return a


@asset
def c(b: int) -> int:
    return b


def test_the_direct_view_asks_only_what_an_asset_was_made_from(instance: Instance) -> None:
    materialize([source_of(1), b, c], instance=instance)
    materialize([source_of(2), b, c], instance=instance, selection="a")
    scope = scope_of([source_of(2), b, c], instance=instance)
    assert {name: state.status for name, state in states_of(scope).items()} == {"a": "fresh", "b": "stale", "c": "stale"}
    assert {name: state.status for name, state in states_of(scope, direct=True).items()} == {"a": "fresh", "b": "stale", "c": "fresh"}


def test_a_reason_above_names_the_root_cause_not_the_neighbour(instance: Instance) -> None:
    materialize([source_of(1), b, c], instance=instance)
    materialize([source_of(2), b, c], instance=instance, selection="a")
    (reason,) = states_of(scope_of([source_of(2), b, c], instance=instance))["c"].reasons
    assert (reason.kind, reason.subject, reason.text) == ("upstream", "b", "'b' is stale: the data of 'a' changed")


def test_another_version_of_something_made_elsewhere_makes_its_readers_stale(instance: Instance) -> None:
    @asset(deps=["outside"])
    def reader() -> int:
        return 1

    def observed(version: str) -> AssetReported:
        return AssetReported(1, AssetObserved(AssetKey("outside"), None, version))

    assets = [AssetSpec("outside"), reader]
    instance.storage.append([observed("1")])
    materialize(assets, instance=instance)
    assert states_of(scope_of(assets, instance=instance))["reader"].status == "fresh"
    instance.storage.append([observed("2")])
    assert states_of(scope_of(assets, instance=instance))["reader"].reasons[0].text == "the data of 'outside' changed"
    instance.storage.append([observed("1")])
    assert states_of(scope_of(assets, instance=instance))["reader"].status == "fresh"


def test_a_version_reported_from_outside_is_stale_only_when_something_newer_comes(instance: Instance) -> None:
    materialize([source_of(1)], instance=instance)
    instance.storage.append([AssetReported(1, AssetMaterialized(AssetKey("b")))])
    scope = scope_of([source_of(1), b], instance=instance)
    assert states_of(scope)["b"].status == "fresh"
    materialize([source_of(2)], instance=instance)
    assert states_of(scope_of([source_of(2), b], instance=instance))["b"].status == "stale"


def test_what_is_older_than_its_policy_allows_is_stale_and_so_is_what_reads_it(instance: Instance) -> None:
    policy = FreshnessPolicy.time_window(fail_window=timedelta(hours=1))

    @asset(freshness_policy=policy)
    def hourly() -> int:
        return 1

    @asset
    def after(hourly: int) -> int:
        return hourly

    materialize([hourly, after], instance=instance)
    scope = scope_of([hourly, after], instance=instance)
    view = instance.partitions_view(instance.partitions_view().now + timedelta(hours=3))
    states = states_of(scope, view=view)
    assert (states["hourly"].status, states["after"].status) == ("stale", "stale")
    assert states["hourly"].reasons[0].kind == "expired"
    assert states_of(scope)["hourly"].status == "fresh"


def test_an_input_replaced_by_another_run_while_a_step_ran_is_noticed(instance: Instance) -> None:
    day = DailyPartitionsDefinition("2013-01-01", end_date="2013-01-02")
    value = {"now": 1}

    @asset(partitions_def=day)
    def above() -> Output[int]:
        return Output(value["now"], data_version=DataVersion(str(value["now"])))

    @asset(partitions_def=day)
    def below(above: int) -> int:
        if value["now"] == 1:  # while this step runs, somebody else makes what it has read already
            value["now"] = 2
            materialize([above_def], instance=instance, partition_key="2013-01-01")
        return above

    above_def = above
    materialize([above, below], instance=instance, partition_key="2013-01-01")
    assert len(states_of(scope_of([above, below], instance=instance))["below"].stale) == 1


def test_each_partition_of_a_call_for_many_remembers_what_it_alone_read(instance: Instance) -> None:
    from nbasset import BackfillPolicy

    world = World()

    @asset(partitions_def=daily, backfill_policy=BackfillPolicy.single_run())
    def at_once(context: Any, doubled: dict[str, Any]) -> dict[str, Any]:
        return {key: doubled[key] for key in context.partition_keys}

    def assets() -> list[Any]:
        return [*world.assets()[:3], at_once]

    materialize(assets(), instance=instance, partition_range=(DAYS[0], DAYS[-1]))
    world.source[2] = 3
    materialize(assets(), instance=instance, selection="source,doubled", partition_key=DAYS[2])
    first = daily.ordinals(instance.partitions_view()).runs[0][0]
    assert states_of(scope_of(assets(), instance=instance))["at_once"].stale == OrdinalSet.of([first + 2])


def test_more_than_a_hundred_partitions_are_compared_like_few(instance: Instance) -> None:
    year = DailyPartitionsDefinition("2013-01-01", end_date="2014-01-01")
    value = {"now": 0}

    @asset(partitions_def=year)
    def days() -> Output[int]:
        return Output(value["now"], data_version=DataVersion(str(value["now"])))

    @asset
    def summary(days: dict[str, int]) -> int:
        return len(days)

    materialize([days, summary], instance=instance, partition_range=("2013-01-01", "2013-12-31"))
    assert states_of(scope_of([days, summary], instance=instance))["summary"].status == "fresh"
    value["now"] = 1
    materialize([days, summary], instance=instance, selection="days", partition_key="2013-11-30")
    (reason,) = states_of(scope_of([days, summary], instance=instance))["summary"].reasons
    assert reason.text == "the data of 'days' changed (1 partition)"


def test_a_second_look_gives_the_very_same_states(instance: Instance) -> None:
    materialize([source_of(1), b, c], instance=instance)
    scope = Scope(scope_of(Definitions([source_of(1), b, c]), instance=instance).location, instance)
    first, second = standing(scope).states, standing(scope).states
    assert all(first[key] is second[key] for key in first)
