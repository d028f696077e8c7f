"""What is asked of libraries that somebody else loads."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from nbasset.loaded import loaded

SLOW = """import sys
sys.began.set()
assert sys.go_on.wait(60)
class Table: ...
"""


def test_a_module_that_another_thread_is_loading_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slow_library.py").write_text(SLOW)
    monkeypatch.syspath_prepend(tmp_path)
    sys.modules.pop("slow_library", None)
    began, go_on = threading.Event(), threading.Event()
    monkeypatch.setattr(sys, "began", began, raising=False)
    monkeypatch.setattr(sys, "go_on", go_on, raising=False)
    found: list[bool] = []
    loading = threading.Thread(target=lambda: __import__("slow_library"))
    asking = threading.Thread(target=lambda: found.append(hasattr(loaded("slow_library"), "Table")))
    loading.start()
    assert began.wait(60)
    assert not hasattr(sys.modules["slow_library"], "Table")
    asking.start()
    go_on.set()
    loading.join(60)
    asking.join(60)
    assert found == [True]


def test_nothing_is_loaded_by_asking() -> None:
    assert loaded("this") is None
    assert "this" not in sys.modules
