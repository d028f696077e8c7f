"""What an instance tells of schedules, sensors and ticks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nbasset.arguments.options_time import GcArguments
from nbasset.commands.gc import gc
from nbasset.commands.looking import LookingStore
from nbasset.commands.old_runs import forget_ticks
from nbasset.errors import InvalidInvocationError
from nbasset.events.facts import InstigatorId
from nbasset.events.kinds import CursorSet, InstigatorSet, TickEvaluated, TickMissed
from nbasset.instance import Instance, instance_for_test
from nbasset.settings import RetentionSettings, Settings

NIGHTLY = InstigatorId("flights", "schedule", "nightly")
INBOX = InstigatorId("flights", "sensor", "inbox")
TWIN = InstigatorId("trains", "sensor", "inbox")
SECOND, DAY = 1_000_000, 86_400_000_000


@pytest.fixture
def instance() -> Iterator[Instance]:
    with instance_for_test(Settings(retention=RetentionSettings(ticks_days=2))) as made:
        yield made


def test_states_are_listed_by_kind_and_by_what_was_set(instance: Instance) -> None:
    assert instance.all_instigator_state() == []
    instance.storage.append([InstigatorSet(1, NIGHTLY, "RUNNING"), CursorSet(2, INBOX, "c"), InstigatorSet(3, TWIN, "STOPPED")])
    assert [one.instigator for one in instance.all_instigator_state()] == [NIGHTLY, INBOX, TWIN]
    assert [one.instigator for one in instance.all_instigator_state("sensor")] == [INBOX, TWIN]
    assert [one.instigator for one in instance.all_instigator_state(instigator_statuses=["STOPPED"])] == [TWIN]


def test_a_name_that_two_locations_have_must_be_told_apart(instance: Instance) -> None:
    instance.storage.append([CursorSet(1, INBOX, "c"), CursorSet(2, TWIN, "d"), CursorSet(3, NIGHTLY)])
    with pytest.raises(InvalidInvocationError, match=r"inbox \(sensor of flights\), inbox \(sensor of trains\)"):
        instance.get_instigator_state("inbox")
    record = instance.get_instigator_state(TWIN)
    assert record is not None
    assert record.cursor == "d"
    assert instance.get_instigator_state("nightly") is not None
    assert (instance.get_instigator_state("nobody"), instance.get_ticks("nobody")) == (None, [])


def test_ticks_are_found_by_time_status_and_number_over_pages(instance: Instance) -> None:
    instance.storage.append([TickEvaluated(at * SECOND, INBOX, "failure" if at % 400 == 0 else "skipped", at) for at in range(1, 1201)])
    assert len(instance.get_ticks(INBOX)) == 1200
    assert [tick.started_us for tick in instance.get_ticks("inbox", before=1100, after=1097)] == [1099, 1098]
    assert [tick.started_us for tick in instance.get_ticks("inbox", statuses=["failure"], limit=2)] == [1200, 800]
    assert instance.get_ticks("inbox", limit=0) == []


def test_ticks_older_than_the_settings_say_go_and_the_newest_of_each_stays(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    assert forget_ticks(instance, 9 * DAY) == 0
    instance.storage.append([TickEvaluated(day * DAY, INBOX, "skipped", day * DAY) for day in range(1, 10)])
    instance.storage.append([TickMissed(DAY, NIGHTLY, 3, 1, 2)])
    monkeypatch.setattr("nbasset.commands.gc.clock.now_us", lambda: 9 * DAY)
    said = gc(instance, GcArguments(dry_run=True))
    assert (said.ticks, len(instance.get_ticks("inbox"))) == (6, 9)
    assert "6 old ticks would go" in said.sentence
    done = gc(instance, GcArguments())
    assert done.to_json()["ticks"] == 6
    assert [tick.started_us // DAY for tick in instance.get_ticks("inbox")] == [9, 8, 7]
    assert len(instance.get_ticks("nightly")) == 1
    assert "tick" not in gc(instance, GcArguments()).sentence


def test_ticks_are_kept_for_ever_where_the_settings_say_so() -> None:
    with instance_for_test(Settings(retention=RetentionSettings(ticks_days=0))) as instance:
        instance.storage.append([TickEvaluated(at, INBOX, "skipped", at) for at in (1, 2)])
        assert forget_ticks(instance, 900 * DAY) == 0
        assert instance.purge_ticks(5.0) == 1


def test_who_only_looks_sees_ticks_and_forgets_none(instance: Instance) -> None:
    instance.storage.append([TickEvaluated(1, INBOX, "skipped", 1), TickEvaluated(2, INBOX, "skipped", 2)])
    store = LookingStore(instance.reader)
    assert (len(store.ticks(INBOX)), list(store.instigators()), store.lease("daemon")) == (2, [INBOX], None)
    assert store.delete_ticks(99) == 0
    assert len(store.ticks(INBOX)) == 2
