"""Which queued runs start, for any queue and any limits."""

from __future__ import annotations

from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from nbasset.events.records import RunRecord
from nbasset.keys import RunId
from nbasset.planning.run_queue import PRIORITY_TAG, decide, priority_of
from nbasset.settings import QueueSettings, TagLimit

TAGS = st.dictionaries(st.sampled_from(["team", "db"]), st.sampled_from(["a", "b"]))
PRIORITIES = st.sampled_from([{}, {PRIORITY_TAG: "2"}, {PRIORITY_TAG: "-1"}, {PRIORITY_TAG: "soon"}])
LIMITS = st.builds(
    TagLimit,
    key=st.sampled_from(["team", "db"]),
    limit=st.integers(0, 3),
    value=st.sampled_from(["", "a"]),
    per_value=st.booleans(),
)
SETTINGS = st.builds(QueueSettings, max_concurrent_runs=st.integers(0, 8), tag_limits=st.lists(LIMITS, max_size=3).map(tuple))


@st.composite
def runs(draw: st.DrawFn, status: Literal["queued", "started"], prefix: str) -> list[RunRecord]:
    """Up to ten runs with tags and priorities."""
    tags = draw(st.lists(st.tuples(TAGS, PRIORITIES), max_size=10))
    return [RunRecord(RunId(f"{prefix}{number}"), status, tags={**one, **two}) for number, (one, two) in enumerate(tags)]


def is_counted(run: RunRecord, limit: TagLimit) -> bool:
    """Whether the limit touches the run."""
    return limit.key in run.tags and limit.value in ("", run.tags[limit.key])


def would_exceed(going: list[RunRecord], run: RunRecord, settings: QueueSettings) -> bool:
    """Whether the run beside those would be too much, counted anew."""
    if len(going) + 1 > settings.max_concurrent_runs:
        return True
    for limit in settings.tag_limits:
        if is_counted(run, limit):
            same = [
                each for each in going if is_counted(each, limit) and (not limit.per_value or each.tags[limit.key] == run.tags[limit.key])
            ]
            if len(same) + 1 > limit.limit:
                return True
    return False


@given(runs("queued", "q"), runs("started", "a"), SETTINGS)
def test_no_start_exceeds_a_limit_and_nothing_that_could_start_waits(
    queued: list[RunRecord], active: list[RunRecord], settings: QueueSettings
) -> None:
    found = decide(queued, active, settings)
    going = list(active)
    for run in found.start:
        assert not would_exceed(going, run, settings)
        going.append(run)
    assert all(would_exceed(going, each.run, settings) for each in found.waiting)
    assert sorted(run.run_id for run in queued) == sorted([run.run_id for run in found.start] + [each.run.run_id for each in found.waiting])


@given(runs("queued", "q"), runs("started", "a"), SETTINGS)
def test_runs_are_taken_by_priority_and_inside_one_first_come_first_served(
    queued: list[RunRecord], active: list[RunRecord], settings: QueueSettings
) -> None:
    found = decide(queued, active, settings)
    place = {run.run_id: (-priority_of(run.tags), number) for number, run in enumerate(queued)}
    for some in ([run.run_id for run in found.start], [each.run.run_id for each in found.waiting]):
        assert some == sorted(some, key=place.__getitem__)
    for each in found.waiting:
        before = [run for run in found.start if place[run.run_id] < place[each.run.run_id]]
        assert would_exceed([*active, *before], each.run, settings)


def test_a_waiting_run_names_the_limit_that_holds_it() -> None:
    settings = QueueSettings(3, (TagLimit("team", 1, per_value=True), TagLimit("db", 0, "a"), TagLimit("db", 1)))
    tags: tuple[dict[str, str], ...] = ({"team": "x"}, {"team": "x"}, {"db": "a"}, {"db": "b"}, {"db": "b"}, {"team": "y"}, {})
    queued = [RunRecord(RunId(f"q{number}"), "queued", tags=each) for number, each in enumerate(tags)]
    found = decide(queued, [], settings)
    assert [run.run_id for run in found.start] == ["q0", "q3", "q5"]
    assert {each.run.run_id: each.why for each in found.waiting} == {
        "q1": "1 run is going on with tag team=x; limit tag_limits team = 1 for each value",
        "q2": "0 runs are going on with tag db=a; limit tag_limits db = 0",
        "q4": "1 run is going on with tag db; limit tag_limits db = 1",
        "q6": "3 runs are going on; limit max_concurrent_runs = 3",
    }


def test_each_run_is_looked_at_a_fixed_number_of_times() -> None:
    looked = 0

    class Tags(dict[str, str]):
        def items(self):  # type: ignore[no-untyped-def]
            nonlocal looked
            looked += 1
            return super().items()

    queued = [RunRecord(RunId(f"q{number}"), "queued", tags=Tags(team=str(number % 7))) for number in range(1000)]
    found = decide(queued, [], QueueSettings(10, (TagLimit("team", 1, per_value=True),)))
    assert (len(found.start), len(found.waiting)) == (7, 993)
    assert looked == 1000
