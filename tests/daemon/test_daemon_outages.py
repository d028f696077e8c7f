"""What a daemon survives: a database server that goes away and comes back, and a disk that is full for a while."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

EAGER = """
@sensor(job=job, minimum_interval_seconds=1, default_status=ON)
def eager(context):
    number = int(context.cursor or 0) + 1
    context.update_cursor(str(number))
    return RunRequest(run_key=str(number))

defs = Definitions([numbers], jobs=[job], sensors=[eager])
"""


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"{path.parent.name}_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HERE = Path(__file__).parent
conftest = _module(HERE / "conftest.py")


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A PostgreSQL server that this test may stop."""
    storage = _module(HERE.parent / "storage" / "conftest.py")
    programs = storage._programs()
    if programs is None:
        pytest.skip("needs a PostgreSQL server's programs (apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="nbasset-pg-"))
    folder.chmod(0o755)
    running = storage.Server(programs, folder)
    yield running
    with contextlib.suppress(subprocess.CalledProcessError):
        running.stop("immediate")
    shutil.rmtree(folder, ignore_errors=True)


def keys_are_whole(project: Any) -> int:
    keys = [run.tags["nbasset/run_key"] for run in project.runs()]
    assert keys == [str(number + 1) for number in range(len(keys))]
    return len(keys)


@pytest.mark.postgres
def test_a_database_server_that_was_away_loses_and_doubles_nothing(project: Any, start: Any, server: Any) -> None:
    project.configure(f'storage = "{server.new_database()}"\n[queue]\nmax_concurrent_runs = 0\n')
    project.write("code.py", EAGER)
    running = start()
    running.hears("asks for run")
    server.stop("immediate")
    running.hears("waits, and tries again")
    server.start()
    told = running.hears("can be read and written again")
    told_before = told.count("asks for run")
    project.wait(lambda: len(project.runs()) > told_before)
    assert running.end() == 0
    assert keys_are_whole(project) > told_before


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare (util-linux)")
def test_a_disk_that_was_full_loses_and_doubles_nothing(tmp_path: Path) -> None:
    state = tmp_path / ".nbasset"
    state.mkdir(mode=0o700)
    script = f'mount -t tmpfs -o size=2m,mode=700 none "{state}" && exec "{sys.executable}" "{__file__}" "{tmp_path}"'
    command = ["unshare", "--mount", *([] if os.getuid() == 0 else ["--map-root-user"]), "sh", "-c", script]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=100)
    if done.returncode and "mount" in done.stderr and "Traceback" not in done.stderr:
        pytest.skip("needs the right to mount a file system")
    assert done.returncode == 0, done.stderr


def fill_the_disk_and_mend_it(folder: Path) -> None:
    """What the test does where the home's state is on a small disk of its own."""
    project = conftest.Project(folder)
    project.write("code.py", EAGER)
    running = conftest.Process(folder)
    running.hears("asks for run")
    filler = folder / ".nbasset" / "filler"
    with filler.open("ab", 0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            continue
    running.hears("waits, and tries again")
    filler.unlink()
    running.hears("can be read and written again")
    before = len(project.runs())
    project.wait(lambda: len(project.runs()) > before)
    assert running.end() == 0
    keys_are_whole(project)
    project.instance.close()


if __name__ == "__main__":
    fill_the_disk_and_mend_it(Path(sys.argv[1]))
