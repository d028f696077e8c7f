"""A sample of the kill campaign of `kill_materialize.py`; `make faults` runs the whole of it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import kill_materialize as campaign


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return campaign.template(tmp_path_factory.mktemp("kills"))


@pytest.mark.parametrize("seconds", [0.0, 0.03, 0.08])
def test_a_kill_at_any_moment_leaves_the_old_table_or_the_new_one(home: Path, seconds: float) -> None:
    campaign.trial(home, 2, seconds)


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not on this machine")
@pytest.mark.parametrize("call", ["link", "rename", "fsync"])
def test_a_kill_inside_publishing_leaves_the_old_table_or_the_new_one(home: Path, call: str) -> None:
    assert campaign.trial(home, 2, (call, 1))
