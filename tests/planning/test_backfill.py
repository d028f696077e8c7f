"""Laws of backfills: how they are cut, in which order they may run, and that a killed one makes each partition exactly once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbasset import (
    AllPartitionMapping,
    AssetDep,
    AssetIn,
    AssetSpec,
    BackfillPolicy,
    DailyPartitionsDefinition,
    Definitions,
    MonthlyPartitionsDefinition,
    PartitionKeyRange,
    StaticPartitionsDefinition,
    TimeWindowPartitionMapping,
    asset,
    multi_asset,
)
from nbasset.definitions.catalog import Catalog
from nbasset.definitions.partitions import PartitionsView
from nbasset.errors import InvalidDefinitionError
from nbasset.events.facts import AssetMaterialized, ErrorInfo
from nbasset.events.kinds import Event, StepFailed, StepSkipped, StepStarted, StepSucceeded
from nbasset.keys import AssetKey, PartitionRef, RunId, new_run_id
from nbasset.ordinals import OrdinalSet
from nbasset.planning.backfill import (
    EMPTY,
    WHOLE,
    BackfillOptions,
    BackfillPlan,
    Outcomes,
    ending,
    next_chunks,
    plan_backfill,
    standing,
    united,
)
from nbasset.planning.backfill_outcomes import interrupted, outcomes_of_events
from nbasset.planning.plan import PlanRequest, Step
from nbasset.planning.progress import RunProgress
from nbasset.planning.run_plan import plan_run

DAILY = DailyPartitionsDefinition("2013-01-01", "2013-03-01")
MONTHLY = MonthlyPartitionsDefinition("2013-01-01", "2013-03-01")
LETTERS = StaticPartitionsDefinition(["e", "d", "c", "b", "a"])
KINDS = {"daily": DAILY, "monthly": MONTHLY, "static": LETTERS, "whole": None}
BY_TIME = {"daily", "monthly"}


def view() -> PartitionsView:
    return PartitionsView(datetime(2013, 6, 1, tzinfo=UTC))


@st.composite
def catalogs(draw: st.DrawFn) -> Catalog:
    made = []
    kinds: list[str] = []
    for number in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(sorted(KINDS)))
        above = draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set()
        deps = [AssetDep(f"a{one}", partition_mapping=_mapping(kinds[one], kind)) for one in sorted(above)]
        if kind in BY_TIME and draw(st.integers(0, 3)) == 0:
            deps.append(AssetDep(f"a{number}", partition_mapping=TimeWindowPartitionMapping(-1, -1)))
        policy = draw(st.sampled_from([None, None, BackfillPolicy.single_run(), BackfillPolicy.multi_run(4)]))
        made.append(asset(name=f"a{number}", partitions_def=KINDS[kind], deps=deps, backfill_policy=policy)(lambda: None))
        kinds.append(kind)
    return Definitions(made).resolve().catalog


def _mapping(above: str, kind: str) -> AllPartitionMapping | None:
    return AllPartitionMapping() if above != kind and {above, kind} != BY_TIME and "whole" not in (above, kind) else None


@st.composite
def plans(draw: st.DrawFn) -> BackfillPlan:
    catalog, now = draw(catalogs()), view()
    wanted = {}
    for key, one in catalog.by_key.items():
        if draw(st.integers(0, 4)) == 0:
            continue
        if one.partitions_def is None:
            wanted[key] = WHOLE
        else:
            existing = list(one.partitions_def.ordinals(now))
            wanted[key] = OrdinalSet.of(draw(st.sets(st.sampled_from(existing), min_size=1)) if draw(st.booleans()) else existing)
    options = BackfillOptions(draw(st.integers(0, 9)), draw(st.integers(1, 3)), draw(st.booleans()))
    return plan_backfill(catalog, wanted, options, now)


@given(plans())
@settings(max_examples=150, deadline=None)
def test_chunks_are_disjoint_and_together_exactly_what_was_asked_for(plan: BackfillPlan) -> None:
    together: dict[AssetKey, OrdinalSet] = {}
    for chunk in plan.chunks:
        for key, ordinals in chunk.sets.items():
            assert ordinals
            assert not together.get(key, EMPTY) & ordinals
            together[key] = together.get(key, EMPTY) | ordinals
    assert together == dict(plan.wanted)


@given(plans())
@settings(max_examples=150, deadline=None)
def test_what_a_chunk_reads_stands_in_it_or_in_an_earlier_one(plan: BackfillPlan) -> None:
    before: dict[AssetKey, OrdinalSet] = {}
    for at, chunk in enumerate(plan.chunks):
        for key, ordinals in chunk.sets.items():
            for upstream, mapping in plan.edges[key]:
                read = plan.reads(upstream, key, mapping, ordinals)
                assert not read - before.get(upstream, EMPTY) - chunk.sets.get(upstream, EMPTY)
        assert at == 0 or plan.chunks[at - 1].group <= chunk.group
        before = dict(united(before, chunk.sets))


@given(plans())
@settings(max_examples=100, deadline=None)
def test_the_standing_of_an_asset_splits_what_was_asked_for(plan: BackfillPlan) -> None:
    chance = random.Random(1)
    done, failed, blocked, skipped, running = (
        {key: OrdinalSet.of(one for one in ordinals if chance.random() < 0.3) for key, ordinals in plan.wanted.items()} for _ in range(5)
    )
    for one in standing(plan, Outcomes(done, failed, blocked, skipped, running)).values():
        parts = [one.done, one.failed, one.blocked, one.skipped, one.running, one.waiting]
        assert sum(map(len, parts)) == len(one.requested)
        union = EMPTY
        for part in parts:
            union = union | part
        assert union == one.requested


@given(plans(), st.randoms(use_true_random=False), st.integers(2, 5))
@settings(max_examples=100, deadline=None)
def test_chunks_that_may_start_together_read_nothing_of_each_other(plan: BackfillPlan, chance: random.Random, at_most: int) -> None:
    known = Outcomes()
    while ending(now := standing(plan, known), known) is None:
        chunks = next_chunks(plan, now, at_most=at_most)
        assert 0 < len(chunks) <= at_most
        for at, chunk in enumerate(chunks):
            others: dict[AssetKey, OrdinalSet] = {}
            for other in chunks[:at] + chunks[at + 1 :]:
                others = dict(united(others, other.sets))
            for key, ordinals in chunk.sets.items():
                assert not ordinals & others.get(key, EMPTY)
                assert not any(plan.reads(up, key, mapping, ordinals) & others[up] for up, mapping in plan.edges[key] if up in others)
        known = known | Outcomes(done=chance.choice(chunks).sets)  # any of them may be the first to end


class Killed(Exception):
    """The process that carried a run out is gone."""


class Machine:
    """Carries out runs of a backfill as the run loop does, without anything to run, and dies when told to.

    `fate` decides what becomes of a step: ``ok``, ``fails`` or ``nothing`` (it leaves its output out on purpose).
    """

    def __init__(self, plan: BackfillPlan, fates: dict[tuple[AssetKey, int], str], deaths: set[int]) -> None:
        self.plan = plan
        self.fates = fates
        self.deaths = deaths
        self.clock = 0
        self.known = Outcomes()
        self.successes: Counter[tuple[AssetKey, int]] = Counter()

    def tick(self) -> None:
        self.clock += 1
        if self.clock in self.deaths:
            raise Killed

    def drive(self) -> str:
        while True:
            now = standing(self.plan, self.known)
            end = ending(now, self.known)
            if end is not None:
                return end
            chunks = next_chunks(self.plan, now, at_most=self.plan.options.at_once)
            assert chunks, "nothing may start, and nothing runs"
            for chunk in chunks:
                events: list[Event] = []
                try:
                    self.tick()
                    self._run(chunk.sets, events)
                    self.tick()
                except Killed:
                    self.known = self.known | outcomes_of_events(events, chunk.sets, is_over=False)
                    raise
                self.known = self.known | outcomes_of_events(events, chunk.sets)

    def _run(self, sets: Mapping[AssetKey, OrdinalSet], events: list[Event]) -> None:
        catalog = self.plan.catalog
        partitions = {key: ordinals for key, ordinals in sets.items() if catalog.by_key[key].partitions_def is not None}
        plan = plan_run(catalog, PlanRequest(new_run_id(), frozenset(sets), partitions), self.plan.view)
        progress = RunProgress(plan)
        while (step := progress.ready()) is not None:
            event = self._step(step, plan.run_id)
            self.tick()  # what was made and not recorded is made again
            events.append(event)
            if isinstance(event, StepSucceeded):
                self.successes.update((key, ordinal) for key in step.assets for ordinal in step.partitions or WHOLE)
            for skip in progress.apply(event):
                events.append(StepSkipped(0, plan.run_id, skip.step.key, skip.reason, skip.because, skip.step.targets))
        assert progress.is_over

    def _step(self, step: Step, run_id: RunId) -> Event:
        ordinals = step.partitions if step.partitions is not None else WHOLE
        fates = {self.fates.get((key, ordinal), "ok") for key in step.assets for ordinal in ordinals}
        if "fails" in fates:
            return StepFailed(0, run_id, step.key, ErrorInfo("ValueError", "no"), step.targets)
        facts = []
        for key in step.assets:
            for ordinal in ordinals:
                facts.append(AssetMaterialized(key, None if step.partitions is None else PartitionRef(str(ordinal), ordinal)))
        return StepSucceeded(0, run_id, step.key, tuple(facts))


@given(plans(), st.integers(0, 2**32), st.sets(st.integers(1, 120), max_size=12), st.sampled_from([0.0, 0.05, 0.3]))
@settings(max_examples=120, deadline=None)
def test_a_backfill_that_is_killed_and_resumed_makes_each_partition_once(
    plan: BackfillPlan, seed: int, deaths: set[int], failing: float
) -> None:
    chance = random.Random(seed)
    each = [(key, ordinal) for key, ordinals in plan.wanted.items() for ordinal in ordinals]
    machine = Machine(plan, {one: "fails" for one in each if chance.random() < failing}, deaths)
    end = None
    while end is None:
        try:
            end = machine.drive()
        except Killed:
            continue
    now = standing(plan, machine.known)
    for key, one in now.items():
        assert not one.open
        assert not one.skipped
        assert {ordinal for made, ordinal in machine.successes if made == key} == set(one.done)
        for upstream, mapping in plan.edges[key]:  # whatever reads a failed or blocked partition did not run, unless it failed by itself
            bad = now[upstream].failed | now[upstream].blocked
            assert not plan.readers(upstream, key, mapping, bad) & one.done
        for ordinal in one.blocked:  # ... and nothing else was kept from running
            alone = OrdinalSet.between(ordinal, ordinal + 1)
            read = [plan.reads(upstream, key, mapping, alone) & (now[upstream].failed | now[upstream].blocked)
                    for upstream, mapping in plan.edges[key]]  # fmt: skip
            assert any(read) or _is_with_others(plan, key)
    assert end == ("completed_failed" if any(one.failed or one.blocked for one in now.values()) else "completed_success")
    assert all(count == 1 for count in machine.successes.values())


def _is_with_others(plan: BackfillPlan, key: AssetKey) -> bool:
    """Whether one call makes several partitions of the asset, so that one bad input keeps all of them from running."""
    policy = plan.catalog.nodes_by_name[str(plan.catalog.by_key[key].node)].backfill_policy
    return policy is not None and policy.max_partitions_per_run != 1


def _plan(assets: list[object], options: BackfillOptions = BackfillOptions(), **wanted: list[str]) -> BackfillPlan:  # noqa: B008
    catalog, now = Definitions(assets).resolve().catalog, view()
    sets = {}
    for key, one in catalog.by_key.items():
        if one.partitions_def is None:
            sets[key] = WHOLE
        else:
            keys = wanted.get(str(key))
            sets[key] = one.partitions_def.ordinals_of(keys, now) if keys is not None else one.partitions_def.ordinals(now)
    return plan_backfill(catalog, sets, options, now)


def _keys(plan: BackfillPlan, at: int) -> dict[str, list[str]]:
    found = {}
    for key, ordinals in plan.chunks[at].sets.items():
        definition = plan.catalog.by_key[key].partitions_def
        found[str(key)] = definition.keys_of(ordinals, plan.view.table) if definition is not None else []
    return found


@asset(partitions_def=DAILY)
def day() -> int:
    return 1


@asset(partitions_def=DAILY)
def report(day: int) -> int:
    return day


@asset(partitions_def=MONTHLY)
def month(report: dict[str, int]) -> int:
    return sum(report.values())


@asset
def total(month: dict[str, int]) -> int:
    return sum(month.values())


@asset(partitions_def=DAILY, deps=[AssetDep("balance", partition_mapping=TimeWindowPartitionMapping(-1, -1))])
def balance(report: int) -> int:
    return report


def test_partitions_of_one_key_share_a_run_and_a_roll_up_has_runs_of_its_own() -> None:
    plan = _plan([day, report, month, total], BackfillOptions(chunk=40))
    assert [sorted(map(str, chunk.sets)) for chunk in plan.chunks] == [["day", "report"], ["day", "report"], ["month"], ["total"]]
    assert _keys(plan, 0)["day"][::39] == ["2013-01-01", "2013-02-09"]


def test_newest_first_turns_the_runs_around_but_not_those_of_an_asset_that_reads_itself() -> None:
    plan = _plan([day, report, balance], BackfillOptions(chunk=30, newest_first=True))
    assert [next(iter(_keys(plan, at).values()))[0] for at in range(4)] == ["2013-01-30", "2013-01-01", "2013-01-01", "2013-01-31"]
    assert [sorted(map(str, chunk.sets)) for chunk in plan.chunks[2:]] == [["balance"], ["balance"]]


def test_an_asset_that_reads_itself_stops_at_a_failure_and_its_later_partitions_are_told_apart() -> None:
    plan = _plan([day, report, balance], BackfillOptions(chunk=30))
    key = AssetKey("balance")
    bad = DAILY.ordinals_of(["2013-01-10"], plan.view)
    known = Outcomes({AssetKey("day"): DAILY.ordinals(plan.view), AssetKey("report"): DAILY.ordinals(plan.view)}, {key: bad})
    now = standing(plan, known)[key]
    assert len(now.blocked) == 59 - 10
    assert len(now.waiting) == 9


def test_a_month_waits_for_its_days_only() -> None:
    plan = _plan([day, report, month], BackfillOptions(chunk=31, at_once=2))
    january = DAILY.ordinals_in_range(PartitionKeyRange("2013-01-01", "2013-01-31"), plan.view)
    rest = DAILY.ordinals(plan.view) - january
    known = Outcomes({AssetKey("day"): january, AssetKey("report"): january}, running={AssetKey("day"): rest, AssetKey("report"): rest})
    assert next_chunks(plan, standing(plan, known)) == []  # one run makes both months, so it waits for all days
    plan = _plan([day, report, month], BackfillOptions(chunk=1))
    (chunk,) = next_chunks(plan, standing(plan, known))
    assert [sorted(map(str, chunk.sets)), MONTHLY.keys_of(chunk.sets[AssetKey("month")], plan.view.table)] == [["month"], ["2013-01-01"]]


def test_an_asset_made_in_one_call_for_all_partitions_is_one_run() -> None:
    @asset(partitions_def=DAILY, backfill_policy=BackfillPolicy.single_run())
    def all_days() -> int:
        return 1

    assert len(_plan([all_days], BackfillOptions(chunk=7)).chunks) == 1


def test_runs_hold_whole_calls_of_several_partitions() -> None:
    @asset(partitions_def=DAILY, backfill_policy=BackfillPolicy.multi_run(6))
    def weeks() -> int:
        return 1

    sizes = [len(chunk.sets[AssetKey("weeks")]) for chunk in _plan([weeks], BackfillOptions(chunk=20)).chunks]
    assert sizes == [18, 18, 18, 5]


def test_assets_that_one_function_makes_come_along() -> None:
    @multi_asset(specs=[AssetSpec("left", partitions_def=LETTERS), AssetSpec("right", partitions_def=LETTERS)])
    def both() -> None:
        return None

    catalog, now = Definitions([both]).resolve().catalog, view()
    one = LETTERS.ordinals_of(["c"], now)
    assert dict(plan_backfill(catalog, {AssetKey("left"): one}, BackfillOptions(), now).wanted) == {
        AssetKey("left"): one, AssetKey("right"): one,
    }  # fmt: skip


def test_keys_of_a_list_are_taken_in_the_order_of_the_list() -> None:
    @asset(partitions_def=LETTERS)
    def letter() -> int:
        return 1

    now = view()
    now.table.ordinals(["a", "b", "c", "d", "e"])  # numbered the other way round
    plan = plan_backfill(
        Definitions([letter]).resolve().catalog, {AssetKey("letter"): LETTERS.ordinals(now)}, BackfillOptions(chunk=2), now
    )
    assert [_keys(plan, at)["letter"] for at in range(3)] == [["e", "d"], ["c", "b"], ["a"]]


def test_what_was_left_out_on_purpose_is_no_failure_and_its_readers_are_left_out_too() -> None:
    plan = _plan([day, report, month], BackfillOptions(chunk=59))
    days = DAILY.ordinals(plan.view)
    one = DAILY.ordinals_of(["2013-01-05"], plan.view)
    facts = tuple(AssetMaterialized(AssetKey("day"), PartitionRef("x", ordinal)) for ordinal in days - one)
    more = tuple(replace(fact, asset=AssetKey("report")) for fact in facts)
    events = [StepSucceeded(0, new_run_id(), "all", facts + more)]
    known = outcomes_of_events(events, plan.chunks[0].sets)
    now = standing(plan, known)
    assert now[AssetKey("day")].skipped == one
    assert len(now[AssetKey("month")].skipped) == 1
    february = {AssetKey("month"): now[AssetKey("month")].waiting}
    known = known | outcomes_of_events([StepSucceeded(0, new_run_id(), "m", (AssetMaterialized(
        AssetKey("month"), PartitionRef("2013-02-01", next(iter(february[AssetKey("month")])))),))], february)  # fmt: skip
    assert ending(standing(plan, known), known) == "completed_success"


def test_a_reader_that_allows_missing_partitions_is_made_of_those_that_were_not_left_out() -> None:
    @asset(partitions_def=MONTHLY, ins={"day": AssetIn(metadata={"allow_missing_partitions": True})})
    def content(day: dict[str, int]) -> int:
        return len(day)

    plan = _plan([day, content], BackfillOptions(chunk=59))
    january = DAILY.ordinals_in_range(PartitionKeyRange("2013-01-01", "2013-01-31"), plan.view)
    one = DAILY.ordinals_of(["2013-02-05"], plan.view)
    now = standing(
        plan, Outcomes({AssetKey("day"): plan.wanted[AssetKey("day")] - january - one}, skipped={AssetKey("day"): january | one})
    )
    assert MONTHLY.keys_of(now[AssetKey("content")].skipped, plan.view.table) == ["2013-01-01"]
    assert MONTHLY.keys_of(now[AssetKey("content")].waiting, plan.view.table) == ["2013-02-01"]


def test_what_a_cancelled_run_did_not_get_to_counts_as_failed() -> None:
    plan = _plan([day], BackfillOptions(chunk=50))
    known = outcomes_of_events([], plan.chunks[0].sets, was_cancelled=True)
    assert len(standing(plan, known)[AssetKey("day")].failed) == 50


def test_a_step_that_began_and_never_ended_is_known_when_its_process_died() -> None:
    run = new_run_id()
    events: list[Event] = [StepStarted(0, run, "a"), StepStarted(0, run, "b"), StepSucceeded(0, run, "a")]
    assert interrupted(events) == {"b"}


def test_an_external_asset_cannot_be_backfilled() -> None:
    catalog = Definitions([AssetSpec("outside", partitions_def=DAILY)]).resolve().catalog
    with pytest.raises(InvalidDefinitionError, match="'outside' is external"):
        plan_backfill(catalog, {AssetKey("outside"): DAILY.ordinals(view())}, BackfillOptions(), view())


def test_a_hundred_thousand_partitions_are_cut_and_stand_as_sets() -> None:
    hours = DailyPartitionsDefinition("1750-01-01", "2024-01-01")

    @asset(partitions_def=hours)
    def long() -> int:
        return 1

    now = PartitionsView(datetime(2025, 1, 1, tzinfo=UTC))
    plan = plan_backfill(Definitions([long]).resolve().catalog, {AssetKey("long"): hours.ordinals(now)}, BackfillOptions(chunk=100), now)
    assert len(plan.chunks) == 1001
    one = standing(plan, Outcomes({AssetKey("long"): plan.chunks[0].sets[AssetKey("long")]}))[AssetKey("long")]
    assert (len(one.waiting.runs), len(one.done.runs)) == (1, 1)
