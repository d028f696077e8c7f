"""A sample of the campaign of `kill_backfill.py`, and how a backfill stops in the middle of a step."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import kill_backfill as campaign

from nbasset.commands.backfill import cancel_backfill
from nbasset.instance import Instance

SLOW = """
import threading
from nbasset import DailyPartitionsDefinition, asset


@asset(partitions_def=DailyPartitionsDefinition("2013-01-01", "2013-02-01"))
def day(context):
    if context.partition_key == "2013-01-03":
        threading.Event().wait()
    return 1
"""


@pytest.mark.parametrize(("workers", "concurrency"), [(1, 1), (2, 1), (1, 2)])
def test_a_backfill_that_is_killed_again_and_again_makes_each_partition_once(tmp_path: Path, workers: int, concurrency: int) -> None:
    campaign.campaign(tmp_path, kills=3, partitions=40, seed=workers, workers=workers, concurrency=concurrency)


@pytest.mark.parametrize(
    ("cut", "entries"),
    [
        ([], 5),  # asked for, handed over, run requested and begun, two days done
        (["--workers", "2"], 4),  # a worker has begun
        (["--concurrency", "2", "--chunk", "2"], 8),  # two runs were handed over, requested and begun, and one of them has ended
    ],
)
def test_a_backfill_stops_in_the_middle_of_a_step_when_another_process_asks(tmp_path: Path, cut: list[str], entries: int) -> None:
    (tmp_path / "days.py").write_text(SLOW)
    (tmp_path / "nbasset.toml").touch()
    instance = Instance(Instance.open(tmp_path).home)
    _ = instance.storage
    child = campaign.start(tmp_path, "day", "--all", *cut)
    instance.storage.wait(entries, 60.0)
    (record,) = instance.storage.backfills()
    cancel_backfill(instance, record.backfill_id, by="ada")
    assert child.wait(60) == 130
    record = instance.storage.backfills()[0]
    assert record.status == "cancelled"
    runs = [instance.storage.run(run_id) for run_id in record.run_ids]
    assert "canceled" in [run.status for run in runs if run is not None]
    assert instance.storage.active_runs() == []
    instance.close()
