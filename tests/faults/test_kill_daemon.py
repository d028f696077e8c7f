"""A sample of the kill campaign of `kill_daemon.py`; `make faults` runs the whole of it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import kill_daemon as campaign

pytestmark = pytest.mark.slow


def test_daemons_killed_at_random_moments_double_no_tick_and_lose_none(tmp_path: Path) -> None:
    assert campaign.kill_at_random(tmp_path / "home", kills=4, seed=11) > 0


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_daemons_killed_at_their_writes_double_no_tick_and_lose_none(tmp_path: Path) -> None:
    assert campaign.kill_at_calls(tmp_path, most=1) > 0
