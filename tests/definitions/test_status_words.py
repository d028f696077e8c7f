"""Words for states are members of enumerations and the text that is recorded, both."""

from __future__ import annotations

import json

from nbasset import AssetCheckResult, AssetCheckSeverity, Instance, RunStatus, asset, asset_check, materialize
from nbasset.serde import dumps, loads


def test_the_status_of_a_run_is_a_member_and_a_text() -> None:
    @asset
    def orders():
        return 1

    with Instance.ephemeral() as instance:
        run_id = materialize([orders], instance=instance).run_id
        statuses = [instance.get_runs()[0].status, instance.get_run_by_id(run_id).status, instance.get_run_records()[0].status]

    assert [(one is RunStatus.SUCCESS, one == "success", str(one), repr(one), json.dumps(one)) for one in statuses] == [
        (True, True, "success", "'success'", '"success"')
    ] * 3
    assert statuses[0].name == "SUCCESS"
    assert statuses[0].value == "success"


def test_the_severity_of_a_verdict_is_a_member_and_a_text() -> None:
    @asset
    def orders():
        return 1

    @asset_check(asset=orders)
    def few():
        return AssetCheckResult(passed=False, severity=AssetCheckSeverity.WARN)

    (verdict,) = materialize([orders, few], instance=Instance.ephemeral()).get_asset_check_evaluations()

    assert (verdict.severity is AssetCheckSeverity.WARN, verdict.severity == "WARN", verdict.severity.value) == (True, True, "WARN")
    assert '"severity":"WARN"' in dumps(verdict)
    assert loads(dumps(verdict)) == verdict
    assert loads(dumps(verdict)).severity is AssetCheckSeverity.WARN
