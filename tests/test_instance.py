"""An instance: what it creates and when, the API that users of the field know, runs of dead processes."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nbasset.definitions.results import AssetCheckResult, AssetMaterialization, AssetObservation
from nbasset.definitions.time_partitions import DailyPartitionsDefinition
from nbasset.errors import InvalidConfigError, InvalidInvocationError, UnknownPartitionError, UnknownResource
from nbasset.events.facts import AssetMaterialized, ErrorInfo, InputUsed
from nbasset.events.kinds import Owner, RunCancelRequested, RunRequested, RunStarted, RunSucceeded, StepFailed, StepSucceeded, Target
from nbasset.home import Home
from nbasset.instance import Instance, instance_for_test, location_text
from nbasset.io_managers.memory import InMemoryIOManager
from nbasset.io_managers.parquet import ParquetIOManager
from nbasset.keys import AssetKey, PartitionRef, RunId
from nbasset.ordinals import OrdinalSet
from nbasset.record_filters import AssetPartitionStatus, AssetRecordsFilter, EventRecordsFilter, EventType, RunsFilter
from nbasset.secrets import EnvVar
from nbasset.settings import Settings, StorageSettings, WarehouseSettings
from nbasset.storage.processes import this_process

A, B = AssetKey("a"), AssetKey("b")
DAILY = DailyPartitionsDefinition("2025-01-01")


@pytest.fixture
def instance() -> Instance:
    return Instance.ephemeral()


def _made(key: AssetKey, seq: int, partition: PartitionRef | None = None, **more: object) -> StepSucceeded:
    fact = AssetMaterialized(key, partition, version_id=f"v{seq}", data_version=f"d{seq}", **more)  # type: ignore[arg-type]
    return StepSucceeded(seq * 1_000_000, RunId("r1"), str(key), (fact,))


def _day(key: str) -> PartitionRef:
    from nbasset.ordinals import MemoryKeyTable

    return PartitionRef(key, DAILY.ordinal_of(key, MemoryKeyTable()))


def test_a_temporary_home_is_named_when_somebody_asks_and_gone_at_the_end() -> None:
    with Instance.ephemeral() as instance:
        home = instance.home
        (home.runs / "r").mkdir(parents=True)
        assert instance.home is home
    assert not home.root.exists()


def test_reading_a_home_where_nothing_was_written_creates_nothing(tmp_path: Path) -> None:
    with Instance(Home(tmp_path)) as instance:
        assert instance.get_runs() == []
        assert instance.get_asset_records() == []
        assert instance.partitions_view().table is instance.key_table
        assert list(tmp_path.iterdir()) == []


def test_one_home_has_one_instance_in_a_process(tmp_path: Path) -> None:
    with Instance.open(tmp_path) as instance:
        assert Instance.open(tmp_path / ".") is instance
    assert Instance.open(tmp_path) is not instance


def test_the_first_write_makes_a_private_state_folder_and_another_instance_reads_it(tmp_path: Path) -> None:
    with Instance(Home(tmp_path)) as instance:
        instance.add_dynamic_partitions("customers", ["ada"])
        assert (tmp_path / ".nbasset").stat().st_mode & 0o777 == 0o700
        assert instance.home.database.stat().st_mode & 0o777 == 0o600
    with Instance(Home(tmp_path)) as again:
        assert again.get_dynamic_partitions("customers") == ["ada"]


def test_a_temporary_instance_leaves_nothing() -> None:
    with instance_for_test() as instance:
        instance.add_dynamic_partitions("customers", ["ada"])
        root = instance.home.root
        assert root.exists()
    assert not root.exists()


def test_built_in_managers_are_made_once_and_know_the_warehouse(tmp_path: Path) -> None:
    instance = Instance(Home(tmp_path), Settings(warehouse=WarehouseSettings("data")))
    manager = instance.manager("io_manager")
    assert isinstance(manager, ParquetIOManager)
    assert manager is instance.manager("parquet")
    assert instance.warehouse == str(tmp_path / "data")
    assert isinstance(instance.manager("memory"), InMemoryIOManager)
    with pytest.raises(UnknownResource, match="Did you mean 'parquet'"):
        instance.manager("paquet")


def test_a_setting_that_stands_in_the_environment_names_the_variable_when_it_is_not_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = Instance(Home(tmp_path), Settings(storage=StorageSettings(EnvVar("NO_SUCH_DB"))))
    with pytest.raises(InvalidConfigError, match="NO_SUCH_DB"):
        _ = instance.storage_url
    monkeypatch.setenv("NO_SUCH_DB", "postgresql://ada:secret@db/x")
    assert location_text(instance.storage_url) == "postgresql://ada@db/x"


def test_runs_are_found_by_what_is_known_of_them(instance: Instance) -> None:
    for number in range(5):
        run_id = RunId(f"r{number}")
        tags = {"team": "x" if number % 2 else "y"}
        instance.storage.append([RunRequested(number, run_id, (Target(A),), tags=tags), RunStarted(number, run_id)])
    instance.storage.append([RunSucceeded(9, RunId("r1"))])
    assert [run.run_id for run in instance.get_runs()] == ["r4", "r3", "r2", "r1", "r0"]
    assert [run.run_id for run in instance.get_runs(RunsFilter(tags={"team": "x"}))] == ["r3", "r1"]
    assert [run.run_id for run in instance.get_runs(RunsFilter(statuses=["success"]))] == ["r1"]
    assert [run.run_id for run in instance.get_runs(limit=2, cursor="r3")] == ["r2", "r1"]
    assert [type(event).__name__ for event in instance.all_logs("r1")] == ["RunRequested", "RunStarted", "RunSucceeded"]
    assert [type(event).__name__ for event in instance.all_logs("r1", RunStarted)] == ["RunStarted"]
    instance.delete_run("r1")
    assert instance.get_run_by_id("r1") is None


def test_runs_are_counted_and_found_by_several_values_of_a_tag_and_by_when_they_were_heard_of(instance: Instance) -> None:
    for number, team in enumerate("xyz", start=1):
        run_id = RunId(f"r{team}")
        instance.storage.append([RunRequested(number * 1_000_000, run_id, (Target(A),), tags={"team": team}), RunStarted(number, run_id)])
    instance.storage.append([RunSucceeded(9_000_000, RunId("rx"))])
    several = RunsFilter(tags={"team": ["x", "z"]})
    assert (instance.get_run_ids(several), instance.get_runs_count(several)) == (["rz", "rx"], 2)
    assert (instance.get_run_ids(several, limit=1), instance.get_runs_count()) == (["rz"], 3)
    moment = datetime.fromtimestamp(5, UTC)
    assert instance.get_run_ids(RunsFilter(updated_after=moment)) == ["rx"]
    assert instance.get_run_ids(RunsFilter(updated_before=moment)) == ["rz", "ry"]
    assert (instance.has_run("rx"), instance.has_run("nobody")) == (True, False)


def test_a_run_tells_how_it_ended_when_and_what_it_was_to_make(instance: Instance) -> None:
    run_id = RunId("r1")
    instance.storage.append([RunRequested(1_000_000, run_id, (Target(A),)), RunStarted(2_000_000, run_id)])
    run = instance.get_run_by_id("r1")
    assert run is not None
    assert (run.is_success, run.is_failure, run.is_failure_or_canceled, run.start_time, run.end_time) == (False, False, False, 2.0, None)
    assert (run.create_timestamp, run.asset_selection) == (datetime.fromtimestamp(1, UTC), {A})
    instance.storage.append([RunSucceeded(4_000_000, run_id)])
    (ended,) = instance.get_run_records()
    assert (ended.is_success, ended.is_failure_or_canceled, ended.end_time) == (True, False, 4.0)


def test_events_are_asked_for_under_the_names_of_the_field(instance: Instance) -> None:
    run_id = RunId("r1")
    instance.storage.append([_made(A, 1), _made(A, 3), RunRequested(4, run_id), RunStarted(5, run_id), RunSucceeded(6, run_id)])
    wanted = EventRecordsFilter(EventType.ASSET_MATERIALIZATION, asset_key=A)
    newest = instance.get_event_records(wanted, limit=1)[0]
    assert (newest.event_type, newest.event_log_entry.asset_materialization) == (EventType.ASSET_MATERIALIZATION, newest.fact)
    assert len(instance.get_event_records(replace(wanted, before_timestamp=2.0))) == 1
    (late,) = instance.get_event_records(replace(wanted, after_timestamp=2.0), limit=1, ascending=True)
    assert late.timestamp == 3.0
    assert [type(one).__name__ for one in instance.all_logs("r1", EventType.RUN_START)] == ["RunStarted"]
    both = instance.all_logs("r1", of_type={EventType.RUN_START, EventType.RUN_SUCCESS})
    assert [type(one).__name__ for one in both] == ["RunStarted", "RunSucceeded"]


def test_materializations_come_newest_first_in_pages(instance: Instance) -> None:
    instance.storage.append([_made(A, 1), _made(A, 2), _made(B, 3), _made(A, 4)])
    page = instance.fetch_materializations(A, limit=2)
    assert [record.asset_materialization.version_id for record in page.records if record.asset_materialization] == ["v4", "v2"]
    assert page.has_more
    rest = instance.fetch_materializations(A, limit=2, cursor=page.cursor)
    assert ([record.timestamp for record in rest.records], rest.has_more) == ([1.0], False)
    oldest = instance.fetch_materializations(AssetRecordsFilter(A, before_timestamp=4.0), ascending=True)
    assert [record.timestamp for record in oldest.records] == [1.0, 2.0]
    newest = instance.get_latest_materialization_event("a")
    assert newest is not None
    assert (newest.run_id, newest.asset_key, newest.timestamp) == ("r1", A, 4.0)
    records = instance.get_event_records(EventRecordsFilter(AssetMaterialized, A), limit=2)
    assert [record.timestamp for record in records] == [4.0, 2.0]


def test_what_is_reported_from_outside_is_recorded(instance: Instance) -> None:
    instance.report_runless_asset_event(AssetMaterialization("a", metadata={"rows": 3}, description="by hand"))
    instance.report_runless_asset_event(AssetObservation("a", metadata={"rows": 4}))
    instance.report_runless_asset_event(AssetCheckResult(True, "a", "has_rows"))
    assert instance.get_asset_keys() == [A]
    newest = instance.get_latest_materialization_event(A)
    assert newest is not None
    assert newest.asset_materialization is not None
    assert newest.asset_materialization.description == "by hand"
    assert len(instance.fetch_observations(A).records) == 1
    with pytest.raises(InvalidInvocationError, match="cannot be reported"):
        instance.report_runless_asset_event("a")  # type: ignore[arg-type]
    with pytest.raises(InvalidInvocationError, match="asset_key and check_name"):
        instance.report_runless_asset_event(AssetCheckResult(True))


def test_partitions_are_named_by_key_when_their_definition_or_their_history_is_known(instance: Instance) -> None:
    days = [_day("2025-01-01"), _day("2025-01-02")]
    instance.storage.append([_made(A, 1, days[0]), _made(A, 2, days[1])])
    assert instance.get_materialized_partitions(A) == {"2025-01-01", "2025-01-02"}
    assert instance.get_materialized_partitions(A, partitions_def=DAILY) == {"2025-01-01", "2025-01-02"}
    with pytest.raises(UnknownPartitionError, match="partitions_def"):
        instance.get_status_by_partition(A, ["2025-01-03"])
    failed = StepFailed(3, RunId("r1"), "a", ErrorInfo("E", ""), (Target(A, OrdinalSet.of([_day("2025-01-03").ordinal])),))
    running = RunRequested(4, RunId("r2"), (Target(A, OrdinalSet.of([_day("2025-01-04").ordinal])),))
    instance.storage.append([failed, running])
    assert instance.get_status_by_partition(A, [f"2025-01-0{day}" for day in (1, 3, 4, 5)], DAILY) == {
        "2025-01-01": AssetPartitionStatus.MATERIALIZED,
        "2025-01-03": AssetPartitionStatus.FAILED,
        "2025-01-04": AssetPartitionStatus.IN_PROGRESS,
        "2025-01-05": None,
    }
    instance.wipe_asset_partitions(A, ["2025-01-01"])
    assert instance.get_materialized_partitions(A) == {"2025-01-02"}
    instance.wipe_assets(["a"])
    assert instance.get_materialized_partitions(A) == set()


def test_provenance_says_what_a_version_was_made_from(instance: Instance) -> None:
    assert instance.get_provenance(B) is None
    instance.storage.append([_made(B, 1, code_version="n1:x", inputs=(InputUsed(A, None, "d7", 5),))])
    provenance = instance.get_provenance("b")
    assert provenance is not None
    assert (provenance.code_version, provenance.input_data_versions[A].value, provenance.input_storage_ids[A]) == ("n1:x", "d7", 5)


def test_dynamic_partitions_are_added_once_and_deleted(instance: Instance) -> None:
    instance.add_dynamic_partitions("customers", ["ada", "bob", "ada"])
    instance.add_dynamic_partitions("customers", ["bob", "eve"])
    assert instance.get_dynamic_partitions("customers") == ["ada", "bob", "eve"]
    instance.delete_dynamic_partition("customers", "bob")
    instance.delete_dynamic_partition("customers", "nobody")
    assert not instance.has_dynamic_partition("customers", "bob")
    assert list(instance.partitions_view().dynamic["customers"]) == ["ada", "eve"]
    with pytest.raises(InvalidInvocationError, match="list"):
        instance.add_dynamic_partitions("customers", "ada")


def test_runs_of_dead_processes_are_closed_and_those_of_others_left_alone(instance: Instance) -> None:
    dead = replace(this_process(), started=this_process().started + 1)
    owners = {"dead": dead, "asked": dead, "worker": dead, "mine": this_process(), "far": Owner("elsewhere", 1, 1)}
    for name, owner in owners.items():
        kind = "background" if name == "worker" else "interactive"
        instance.storage.append([RunRequested(1, RunId(name), kind=kind), RunStarted(1, RunId(name), owner)])  # type: ignore[arg-type]
    instance.storage.append([RunCancelRequested(2, RunId("asked")), RunRequested(3, RunId("waiting"))])
    assert {run.run_id for run in instance.close_lost_runs()} == {"dead", "asked", "worker"}
    ends = {run.run_id: (run.status, run.reason) for run in instance.get_runs()}
    assert ends["dead"] == ("failure", "kernel-died")
    assert ends["worker"] == ("failure", "worker-lost")
    assert ends["asked"][0] == "canceled"
    assert {ends[name][0] for name in ("mine", "far")} == {"started"}
    assert instance.close_lost_runs() == []


def test_opening_a_home_closes_the_run_of_a_killed_process(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from nbasset.home import Home\n"
        "from nbasset.instance import Instance\n"
        "from nbasset.events.kinds import RunRequested, RunStarted\n"
        "from nbasset.storage.processes import this_process\n"
        "storage = Instance(Home(Path(sys.argv[1]))).storage\n"
        "storage.append([RunRequested(1, 'r1'), RunStarted(1, 'r1', this_process())])\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == -9, done.stderr
    with Instance(Home(tmp_path)) as instance:
        run = instance.get_run_by_id("r1")
        assert run is not None
        assert (run.status, run.reason) == ("failure", "kernel-died")
