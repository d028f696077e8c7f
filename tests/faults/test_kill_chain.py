"""A sample of the kill campaign of `kill_chain.py`; `make faults` runs the whole of it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import kill_chain as campaign


@pytest.mark.parametrize("seconds", [0.05, 0.4])
def test_a_kill_at_any_moment_loses_nothing_that_was_told(seconds: float) -> None:
    campaign.trial(seconds)
