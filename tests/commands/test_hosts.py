"""Processes of locations side by side: libraries come loaded, what code does in one is not seen in another."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nbasset.commands.hosts import Host
from nbasset.execution import template
from nbasset.home import Home
from nbasset.locations.workspace import Place

CODE = """
import os
import sys
from pathlib import Path
loaded = "pandas" in sys.modules and not hasattr(sys.modules["pandas"], "mark")
import numpy as np
import pandas as pd
from nbasset import asset
pd.mark = True
Path(__file__).with_suffix(".txt").write_text(f"{loaded} {np.random.random()} {os.getpid()}")

@asset
def NAME():
    return [1]
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="templates are there on Linux")
def test_locations_begin_with_libraries_loaded_and_share_neither_chance_nor_marks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(template, "_FIRST", [])
    hosts = {}
    for name in ("apples", "pears"):
        (tmp_path / f"{name}.py").write_text(CODE.replace("NAME", name))
        hosts[name] = Host(Place(tmp_path / f"{name}.py"), Home(tmp_path), whole=True)
    try:
        found = {name: host.load() for name, host in hosts.items()}
        assert [str(one.key) for host in found.values() if host.whole is not None for one in host.whole.assets] == ["apples", "pears"]
        told = [(tmp_path / f"{name}.txt").read_text().split() for name in hosts]
        assert [one[0] for one in told] == ["True", "True"]
        assert told[0][1] != told[1][1]
        assert [int(one[2]) for one in told] == [host.pid for host in hosts.values()]
    finally:
        for host in hosts.values():
            host.end()
