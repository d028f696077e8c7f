"""Automation conditions as values: said, changed, compared, kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from nbasset import AssetSelection, AssetSpec, AutomationCondition, InvalidDefinitionError, asset
from nbasset.serde import dumps, loads

C = AutomationCondition
READY_MADE = (C.eager(), C.on_cron("0 6 * * *", "Europe/Berlin"), C.on_missing())


def test_conditions_read_as_they_are_written() -> None:
    assert str(C.missing() & ~(C.run_in_progress() | C.newly_updated())) == "missing & ~(run_in_progress | newly_updated)"
    assert str(C.missing().newly_true().since(C.newly_requested())) == "missing.newly_true.since(newly_requested)"
    assert str(C.any_deps_match(C.missing())) == "any_deps(missing)"
    assert str(C.cron_tick_passed("0 6 * * *")) == "cron_tick_passed('0 6 * * *', 'UTC')"
    assert str(C.asset_matches("a/b", C.missing())) == "asset_matches('a/b', missing)"


@pytest.mark.parametrize("condition", READY_MADE)
def test_a_condition_goes_through_json(condition: AutomationCondition) -> None:
    assert loads(dumps(condition)) == condition
    spec = AssetSpec("a", automation_condition=condition.ignore("group:raw"))
    assert loads(dumps(spec)) == spec


def test_all_ready_made_conditions_look_at_the_newest_window() -> None:
    for condition in READY_MADE:
        assert C.in_latest_time_window() in condition.operands


def test_labels_are_for_people_and_change_nothing() -> None:
    labelled = C.missing().with_label("lacking") & C.newly_updated()
    assert (labelled.operands[0].name, labelled.operands[0].get_label()) == ("lacking", "lacking")
    assert labelled.digest == (C.missing() & C.newly_updated()).digest
    assert C.missing().digest != C.newly_updated().digest


def test_a_part_is_replaced_by_its_label_name_or_value() -> None:
    every_hour = C.cron_tick_passed("@hourly")
    by_label = C.eager().replace("any_deps_updated", every_hour)
    by_value = C.eager().replace(C.any_deps_updated(), every_hour)
    assert by_label == by_value
    assert "cron_tick_passed" in str(by_label.operands[1])
    assert C.missing().replace("missing", every_hour) == every_hour
    assert C.eager().label == by_label.label == "eager"


def test_a_part_of_a_conjunction_can_be_left_out() -> None:
    without = C.on_missing().without(C.in_latest_time_window())
    assert len(without.operands) == len(C.on_missing().operands) - 1
    assert C.on_missing().without("missing_since_last_handled") != C.on_missing()
    with pytest.raises(InvalidDefinitionError, match="is no part of 'on_missing'"):
        C.on_missing().without(C.newly_updated())
    with pytest.raises(InvalidDefinitionError, match="leaves out a part of an '&'"):
        C.missing().without(C.missing())


def test_selections_reach_every_part_that_looks_upstream() -> None:
    limited = C.eager().allow(AssetSelection.groups("raw")).ignore("a")
    found = [one for one in _parts(limited) if one.op == "any_deps"]
    assert {(str(one.allowed), str(one.ignored)) for one in found} == {('group:"raw"', 'key:"a"')}
    assert len(found) == 3
    with pytest.raises(InvalidDefinitionError, match="'missing' looks at none"):
        C.missing().ignore("a")


def _parts(condition: AutomationCondition) -> list[AutomationCondition]:
    found = [condition]
    for one in found:
        found.extend(one.operands)
    return found


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: C.missing() & C.eager, r"Call it: AutomationCondition.missing\(\)"),
        (lambda: C.missing() | "missing", "takes an AutomationCondition, not 'missing'"),
        (lambda: C.cron_tick_passed("every day"), "every day"),
        (lambda: C.on_cron("@daily", "Berlin"), "Berlin"),
        (lambda: C.executed_with_tags(), "needs a tag"),
        (lambda: C.in_latest_time_window(timedelta(0)), "looks back at nothing"),
        (lambda: C("eagre"), "there is no automation condition 'eagre'"),
        (lambda: AssetSpec("a", automation_condition=C.eager), r"Call it: AutomationCondition.eager\(\)"),
    ],
)
def test_what_is_no_condition_is_refused(make: Any, text: str) -> None:
    with pytest.raises(InvalidDefinitionError, match=text):
        make()


def test_an_asset_carries_its_condition() -> None:
    @asset(automation_condition=C.eager())
    def orders() -> int:
        return 1

    assert orders.get_asset_spec().automation_condition == C.eager()
