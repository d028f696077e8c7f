"""A full, read-only or forbidden disk: a typed error with path and remedy, the old value untouched, and work goes on once it is mended.

Each case runs in a process with a file system of its own, which needs the right to mount.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PRELUDE = """
import json, os, subprocess, sys
import numpy as np
from nbasset.errors import StorageUnavailable
from nbasset.io_managers.parquet import ParquetIOManager
from nbasset.io_managers.pickled import FilesystemIOManager
from nbasset.io_managers.protocol import build_input_context, build_output_context

folder = sys.argv[1]
said = {}

def mount(*options):
    subprocess.run(["mount", *options], check=True)

def attempt(name, function):
    try:
        function()
    except StorageUnavailable as error:
        said[name] = str(error)
    else:
        said[name] = "no error"

def write(manager, value, key="a"):
    context = build_output_context(asset_key=key)
    manager.handle_output(context, value)
    return context.version_id

def read(manager, key="a", **options):
    return manager.load_input(build_input_context(asset_key=key, **options))

def files():
    return sorted(name for _, _, names in os.walk(folder) for name in names)
"""

FULL = """
mount("-t", "tmpfs", "-o", "size=3m", "none", folder)
manager = KIND(folder)
small, large = np.arange(1_000), np.random.default_rng(0).random(2_000_000)
first = write(manager, small)
said["before"] = files()
attempt("full", lambda: write(manager, large))
said["after"] = files()
said["previous"] = bool((read(manager, version_ids=[first]) == small).all())
mount("-o", "remount,size=60m", folder)
write(manager, large)
said["next"] = len(read(manager))
said["kept"] = len(read(manager, version_ids=[first]))
"""

NO_INODES = """
mount("-t", "tmpfs", "-o", "size=20m,nr_inodes=4", "none", folder)
manager = KIND(folder)
first = write(manager, np.arange(10))
staged = manager.stage(build_output_context(asset_key="a"), np.arange(20))
open(folder + "/filler", "w").close()
attempt("publish", lambda: manager.publish(staged, first))
said["previous"] = len(read(manager, version_ids=[first]))
os.unlink(folder + "/filler")
mount("-o", "remount,nr_inodes=20", folder)
manager.publish(staged, first)
said["next"] = [len(read(manager)), len(read(manager, version_ids=[first]))]
"""

READ_ONLY = """
mount("-t", "tmpfs", "-o", "size=20m", "none", folder)
manager = KIND(folder)
first = write(manager, np.arange(10))
staged = manager.stage(build_output_context(asset_key="a"), np.arange(20))
mount("-o", "remount,ro", folder)
attempt("stage", lambda: write(manager, np.arange(30)))
attempt("publish", lambda: manager.publish(staged, first))
said["previous"] = len(read(manager, version_ids=[first]))
mount("-o", "remount,rw", folder)
manager.publish(staged, first)
said["next"] = len(read(manager))
"""

FORBIDDEN = """
manager = KIND(folder)
first = write(manager, np.arange(10))
for path, _, _ in os.walk(folder):
    os.chmod(path, 0o555)
os.seteuid(65534)
attempt("stage", lambda: write(manager, np.arange(30)))
said["previous"] = len(read(manager, version_ids=[first]))
"""


def can_mount() -> bool:
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return False
    tried = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False)
    return tried.returncode == 0


needs_mount = pytest.mark.skipif(not can_mount(), reason="mounting is not allowed here")
both = pytest.mark.parametrize("kind", ["ParquetIOManager", "FilesystemIOManager"])


def run(script: str, kind: str, folder: Path) -> dict[str, object]:
    text = PRELUDE + script.replace("KIND", kind) + "\nos.seteuid(0) if os.getuid() == 0 else None\nprint(json.dumps(said))"
    done = subprocess.run(
        ["unshare", "-m", sys.executable, "-c", text, str(folder)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


@needs_mount
@both
def test_a_full_disk_is_told_and_the_next_write_succeeds_when_there_is_room_again(kind: str, tmp_path: Path) -> None:
    said = run(FULL, kind, tmp_path)
    full = str(said["full"])
    assert "No space left on device" in full
    assert "The disk is full. Free some space and run again" in full
    assert str(tmp_path) in full
    assert said["before"] == said["after"]
    assert (said["previous"], said["next"], said["kept"]) == (True, 2_000_000, 1_000)


@needs_mount
@both
def test_a_disk_without_room_for_another_name_leaves_the_old_value(kind: str, tmp_path: Path) -> None:
    said = run(NO_INODES, kind, tmp_path)
    assert "No space left on device" in str(said["publish"])
    assert (said["previous"], said["next"]) == (10, [20, 10])


@needs_mount
@both
def test_a_read_only_disk_is_told_and_the_old_value_stays_readable(kind: str, tmp_path: Path) -> None:
    said = run(READ_ONLY, kind, tmp_path)
    for step in ("stage", "publish"):
        assert "Read-only file system" in str(said[step])
        assert "Mount it writable, or choose another warehouse in nbasset.toml" in str(said[step])
    assert (said["previous"], said["next"]) == (10, 20)


@needs_mount
@both
def test_a_forbidden_folder_is_told(kind: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents:
        if parent.name.startswith(("pytest-", "popen-")):
            parent.chmod(0o755)
    said = run(FORBIDDEN, kind, tmp_path)
    assert "Permission denied" in str(said["stage"])
    assert "Give yourself the right to write there" in str(said["stage"])
    assert said["previous"] == 10
