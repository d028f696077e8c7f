"""What programs elsewhere tell of assets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from nbasset import AssetCheckKey, AssetKey
from nbasset.instance import Instance
from nbasset.secrets import KNOWN

from .conftest import Project, Running, serving


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server of a project of this module's own."""
    project = Project(tmp_path_factory.mktemp("told"))
    with serving(project) as running:
        yield running
    project.instance.close()


def _newest(instance: Instance, key: str) -> Any:
    record = instance.get_latest_materialization_event(AssetKey(key.split("/")))
    assert record is not None
    return record


def test_a_materialization_is_told_as_json_or_in_the_address(told: Running) -> None:
    body = {"metadata": {"rows": 3}, "data_version": "v1", "description": "from elsewhere"}
    answer = told.http.post("/report_asset_materialization/raw/orders", json=body)
    assert (answer.status_code, answer.json()) == (200, {})
    event = _newest(told.served.instance, "raw/orders").event.fact
    assert (event.data_version, event.description, event.metadata["rows"].value) == ("v1", "from elsewhere", 3)
    told.http.post("/report_asset_materialization/raw/orders", params={"metadata": '{"rows": 4}', "data_version": "v2"})
    event = _newest(told.served.instance, "raw/orders").event.fact
    assert (event.data_version, event.metadata["rows"].value) == ("v2", 4)
    told.http.post("/report_asset_materialization/", json={"asset_key": "raw/orders", "data_version": "v3"})
    assert _newest(told.served.instance, "raw/orders").event.fact.data_version == "v3"


def test_a_partition_is_one_that_the_code_knows(told: Running) -> None:
    assert told.http.post("/report_asset_materialization/sales", json={"partition": "2026-01-05"}).json() == {}
    assert told.served.instance.get_materialized_partitions("sales") == {"2026-01-05"}
    answer = told.http.post("/report_asset_materialization/sales", json={"partition": "1999-01-05"})
    assert answer.status_code == 400
    assert "1999-01-05" in answer.json()["error"]


def test_an_observation_and_a_check_are_told(told: Running) -> None:
    assert told.http.post("/report_asset_observation/raw/orders", json={"metadata": {"seen": True}}).json() == {}
    assert len(told.served.instance.fetch_observations(AssetKey(["raw", "orders"]), limit=5).records) == 1
    answer = told.http.post("/report_asset_check/raw/orders", json={"check_name": "small", "passed": False, "severity": "WARN"})
    assert answer.json() == {}
    told_in_address = {"check_name": "named", "passed": "true"}
    assert told.http.post("/report_asset_check/raw/orders", params=told_in_address).json() == {}
    checks = [AssetCheckKey(AssetKey(["raw", "orders"]), name) for name in ("small", "named")]
    found = [one.evaluation for check in checks if (one := told.served.instance.get_latest_check_evaluation(check))]
    assert [(one.passed, one.severity.value) for one in found] == [(False, "WARN"), (True, "ERROR")]


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("check/orders", {"passed": True}, "check_name"),
        ("check/orders", {"check_name": "a"}, "passed"),
        ("check/orders", {"check_name": "a", "passed": "maybe"}, "passed"),
        ("check/orders", {"check_name": "a", "passed": True, "severity": "BAD"}, "severity"),
        ("materialization/orders", {"metadata": [1]}, "metadata"),
        ("materialization/orders", {"metadata": "{"}, "metadata"),
        ("materialization/orders", {"partition": 7}, "partition"),
        ("materialization/orders", {"data_version": {"a": 1}}, "data_version"),
        ("materialization/orders", [1], "JSON object"),
        ("materialization/", {}, ""),
        ("materialization/..%2f..%2fetc", {}, ""),
        ("materialization/a%00b", {}, ""),
        ("observation/a.b/%3Cscript%3E", {}, ""),
    ],
)
def test_what_cannot_be_recorded_is_refused_and_said(told: Running, path: str, body: Any, said: str) -> None:
    before = told.served.instance.reader.last_seq()
    answer = told.http.post(f"/report_asset_{path}", json=body)
    assert answer.status_code == 400
    assert said in answer.json()["error"]
    assert told.served.instance.reader.last_seq() == before


def test_a_body_that_is_no_json_is_refused(told: Running) -> None:
    headers = {"Content-Type": "application/json"}
    for content in (b"{", b"\xff", b"[" * 50_000):
        assert told.http.post("/report_asset_materialization/orders", content=content, headers=headers).status_code == 400


def test_nothing_is_told_by_get_or_to_a_server_that_only_shows(told: Running, read_only: Running) -> None:
    assert told.http.get("/report_asset_materialization/orders").status_code == 404
    before = read_only.served.instance.reader.last_seq()
    for kind in ("materialization", "observation", "check"):
        assert read_only.http.post(f"/report_asset_{kind}/orders", json={"check_name": "a", "passed": True}).status_code == 403
    assert read_only.served.instance.reader.last_seq() == before


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The value of a secret in the environment."""
    monkeypatch.setenv("WAREHOUSE_PASSWORD", "canary-7f3a91")
    yield "canary-7f3a91"
    KNOWN.forget()


def test_secrets_of_the_environment_are_in_no_record_and_no_answer(new_shop: Project, secret: str) -> None:
    with serving(new_shop) as running:
        body = {"description": f"made with {secret}", "metadata": {"url": f"https://x/?key={secret}"}}
        assert running.http.post("/report_asset_materialization/orders", json=body).json() == {}
        assert secret not in repr(running.served.instance.get_latest_materialization_event("orders"))
        refused = running.http.post("/graphql", json={"query": f'{{ assetNodes(pipeline: "{secret}") {{ id }} }}'})
        assert (refused.status_code, secret in refused.text) == (400, False)
