"""The web server: from its start to the first answer, what an answer costs, and how it ends.

    python benchmarks/server.py [--rounds 5] [--assets 1000]

"raw" is `http.server` of the standard library with one small page: what any server in Python takes. "start" is until a page is answered, in
seconds of CPU and megabytes of memory of the program at that moment; the API and the code of the project, which has a process of its own,
are loaded behind it. Answers are measured as CPU of the server per request, after the first ones: made anew, and asked for again while
nothing has changed. The asset graph is ten fields of every asset, beside `json.dumps` of the same answer in this process. "end" is from
SIGTERM to the exit, with a websocket open. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time

from websockets.sync.client import connect

RAW = """
import http.server
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"page")
    def log_message(self, *args): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Page)
print(f"http://127.0.0.1:{server.server_port}/", flush=True)
server.serve_forever()
"""
PROJECT = """
import nbasset as nb

def made(number):
    @nb.asset(name=f"a{number}", deps=[f"a{other}" for other in (number - 10, number - 11) if other >= 0], group_name=f"g{number // 100}")
    def one():
        return [number]
    return one

assets = [made(number) for number in range(COUNT)]
nightly = nb.define_asset_job("nightly", [f"a{number}" for number in range(3)])
defs = nb.Definitions(assets, jobs=[nightly])
"""
QUERIES = {
    "a trifle": "{ version }",
    "25 runs with step statistics": (
        "{ runsOrError(limit: 25) { ... on Runs { results { runId status startTime stepStats { stepKey status startTime endTime } } } } }"
    ),
    "asset graph, ten fields of each": (
        "{ assetNodes { id groupName description isPartitioned isExecutable isObservable computeKind opNames "
        "assetKey { path } dependencyKeys { path } } }"
    ),
}
_CLOCK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A server that runs."""

    process: subprocess.Popen[str]
    address: str

    @property
    def cpu_s(self) -> float:
        """What it has used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _CLOCK

    @property
    def peak_mb(self) -> float:
        """The most memory that it had."""
        found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text())
        assert found is not None, "the kernel tells no peak"
        return int(found[1]) / 1024

    def get(self, path: str = "") -> bytes:
        """A page."""
        request = urllib.request.Request(f"{self.address}{path}", headers={"Accept": "text/html"})
        with urllib.request.urlopen(request) as answer:
            return bytes(answer.read())

    def ask(self, query: str, number: int = 0) -> bytes:
        """The answer to a document. With another `number` it is another question, which cannot be answered with what is kept."""
        body = json.dumps({"query": query, "variables": {"number": number}}).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{self.address}graphql", body, {"Content-Type": "application/json"})) as answer:
            return bytes(answer.read())


@contextmanager
def started(command: list[str], folder: Path) -> Iterator[Server]:
    """A server as it says its address."""
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}) as process:
        assert process.stdout is not None
        found = re.search(r"http://\S+/", process.stdout.readline())
        assert found is not None
        try:
            yield Server(process, found[0])
        finally:
            process.terminate()


def project_of(folder: Path, count: int) -> None:
    """A project of so many assets in which 25 runs were made."""
    (folder / "nbasset.toml").write_text("")
    (folder / "graph.py").write_text(PROJECT.replace("COUNT", str(count)))
    code = (
        "import nbasset as nb, graph\n"
        "with nb.Instance.open('.') as instance:\n"
        "    for _ in range(25): nb.materialize(graph.assets[:3], instance=instance)\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, env={**os.environ, "PYTHONPATH": str(folder)})


def start_costs(command: list[str], folder: Path, rounds: int) -> tuple[float, float]:
    """CPU and memory until the first answer; medians."""
    costs = []
    for _ in range(rounds + 1):  # the first one writes bytecode
        with started(command, folder) as server:
            server.get()
            costs.append((server.cpu_s, server.peak_mb))
    return statistics.median(cpu for cpu, _ in costs[1:]), statistics.median(memory for _, memory in costs[1:])


def answer_costs(server: Server, rounds: int) -> None:
    """Print what each answer costs."""
    for name, query in QUERIES.items():
        answer = [server.ask(query) for _ in range(5)][-1]
        count = 20 * rounds
        costs = []
        for is_new in (True, False):
            before = server.cpu_s
            for number in range(count):
                server.ask(query, number + 1 if is_new else 0)
            costs.append((server.cpu_s - before) / count * 1e3)
        data = json.loads(answer)
        assert "errors" not in data, data["errors"]
        began = process_time()
        for _ in range(count):
            json.dumps(data)
        raw = (process_time() - began) / count
        print(
            f"{name:34} {costs[0]:8.2f} ms   again {costs[1]:6.2f} ms   json.dumps of it {raw * 1e3:6.2f} ms   {len(answer) / 1024:7.1f} kB"
        )
    print(f"memory then                        {server.peak_mb:8.1f} MB")


def end_costs(server: Server) -> float:
    """Seconds from the signal to the exit, while a websocket is open."""
    with connect(f"{server.address.replace('http', 'ws')}graphql", proxy=None) as socket:
        socket.send('{"type": "connection_init"}')
        socket.recv()
        began = perf_counter()
        server.process.send_signal(signal.SIGTERM)
        server.process.wait()
        return perf_counter() - began


def main() -> None:
    """Measure and print."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--rounds", type=int, default=5)
    reader.add_argument("--assets", type=int, default=1000)
    given = reader.parse_args()
    ours = [sys.executable, "-m", "nbasset.cli", "ui", "--port", "0", "--no-open"]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        project_of(folder, given.assets)
        for name, command in (("raw", [sys.executable, "-c", RAW]), ("nbasset ui", ours)):
            cpu_s, memory_mb = start_costs(command, folder, given.rounds)
            print(f"{name:11} start to the first answer {cpu_s:6.3f} s CPU {memory_mb:6.1f} MB")
        with started(ours, folder) as server:
            answer_costs(server, given.rounds)
            print(f"end, with a websocket open         {end_costs(server):8.2f} s")


if __name__ == "__main__":
    main()
