"""A process killed anywhere in a write leaves the old value or the new one, whole, and the next write succeeds.

One process forks a child for each point. The child kills itself just before the n-th time it changes the file system, as Python's audit
events tell; the parent then looks at what is there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import json, os, signal, sys
import numpy as np
from nbasset.errors import MissingValue
from nbasset.io_managers.parquet import ParquetIOManager
from nbasset.io_managers.pickled import FilesystemIOManager
from nbasset.io_managers.protocol import build_input_context, build_output_context

manager = KIND(sys.argv[1])
CHANGES = {"open", "os.rename", "os.link", "os.mkdir", "os.remove", "os.rmdir"}

def read(**options):
    return len(manager.load_input(build_input_context(asset_key="a", partition_key="p", **options)))

def write(length, previous):
    context = build_output_context(asset_key="a", partition_key="p")
    staged = manager.stage(context, np.arange(length))
    manager.publish(staged, previous)
    return context.version_id

def die_before(number):
    left = [number]
    def hook(event, arguments):
        if event in CHANGES and sys.argv[1] in str(arguments[0]):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)

points, recorded, length = 0, write(1, None), 1
while True:
    points += 1
    child = os.fork()
    if not child:
        die_before(points)
        write(length + 1, recorded)
        os._exit(0)
    killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
    assert read() in (length, length + 1), (points, read())
    if not killed:
        break
    assert read(version_ids=[recorded]) == length, points
    length += 2
    recorded = write(length, recorded)
    assert read() == length
print(json.dumps({"points": points - 1, "leftovers": len(manager.folder.leftovers())}))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("kind", ["ParquetIOManager", "FilesystemIOManager"])
def test_a_kill_at_any_change_of_the_file_system_leaves_a_whole_value(kind: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT.replace("KIND", kind), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["points"] >= 4
    assert said["leftovers"] <= said["points"]
