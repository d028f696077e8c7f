"""Stores to test: in memory, SQLite, and PostgreSQL on a server of its own that lives as long as the test session."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nbasset.storage.opening import open_storage
from nbasset.storage.protocol import Storage

Open = Callable[[], Storage]


def _programs() -> Path | None:
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    kept = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return kept[-1].parent if kept else None


class Server:
    """A PostgreSQL server in a scratch folder. It does not run as root, so root becomes the user `postgres` for it."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
        self._databases = 0
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        if self._as_user:
            shutil.chown(folder, "postgres", "postgres")
        self._run("initdb", "-D", f"{folder}/data", "-A", "trust", "-U", "postgres", "-N", "--locale=C.UTF-8", "-E", "UTF8")
        self.start()

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._folder} -c fsync=off"
        self._run("pg_ctl", "-D", f"{self._folder}/data", "-w", "-l", f"{self._folder}/log", "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        self._run("pg_ctl", "-D", f"{self._folder}/data", "-w", "-m", mode, "stop")

    def new_database(self) -> str:
        """The URL of an empty database."""
        import psycopg

        self._databases += 1
        name = f"home{self._databases}"
        with psycopg.connect(f"postgresql://postgres@127.0.0.1:{self.port}/postgres", autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as_user, str(self._programs / program), *arguments]
        subprocess.run(command, check=True, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=60)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    programs = _programs()
    if programs is None:
        pytest.skip("needs a PostgreSQL server's programs (apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="nbasset-pg-"))
    folder.chmod(0o755)
    running = Server(programs, folder)
    try:
        yield running
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            running.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A database file that is not there yet."""
    return tmp_path / "home" / "nbasset.db"


KINDS = ["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest) -> str:
    if request.param == "memory":
        return "memory://"
    if request.param == "sqlite":
        return str(request.getfixturevalue("home"))
    return str(request.getfixturevalue("server").new_database())


@pytest.fixture
def store(url: str) -> Iterator[Storage]:
    opened = open_storage(url)
    yield opened
    opened.close()


@pytest.fixture(params=KINDS[1:])
def shared(request: pytest.FixtureRequest) -> Iterator[Open]:
    """Opens the same store once more, as another process would; all are closed in the end."""
    url = str(request.getfixturevalue("home")) if request.param == "sqlite" else request.getfixturevalue("server").new_database()
    opened: list[Storage] = []

    def again() -> Storage:
        opened.append(open_storage(url))
        return opened[-1]

    yield again
    for one in opened:
        one.close()
