"""A process that works for another one.

``python -m nbasset.worker --serve IN OUT`` runs functions by name, one at a time: it reads JSON lines from the file descriptor IN and
answers on OUT. Only functions of nbasset can be named. The parent's death ends it, since its requests end then.

``python -m nbasset.worker --run ID HOME`` carries out one run that was recorded in a home, ``--backfill ID HOME`` one backfill; neither
depends on anybody.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from typing import IO, Any

from nbasset import serde


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer requests until there are no more. A function that raises gives an error text; the process lives on."""
    for line in requests:
        try:
            request = json.loads(line)
            result = _function(request["do"])(serde.from_json(request["with"]))
            answer: dict[str, Any] = {"result": serde.to_json(result)}
        except KeyboardInterrupt:
            answer = {"error": "interrupted between two steps"}
        except Exception as error:  # noqa: BLE001 - the parent is told, and decides
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


def serve_on(requests: int, answers: int) -> int:
    """Answer what comes on one file descriptor on another one; the exit code."""
    with os.fdopen(requests, "rb") as heard, os.fdopen(answers, "wb") as said:
        serve(heard, said)
    return 0


def _function(name: str) -> Any:
    module, _, path = name.partition(":")
    if module.partition(".")[0] != "nbasset":
        raise ValueError(f"a worker runs functions of nbasset only, not {name!r}")
    found: Any = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    return found


def main(arguments: list[str]) -> int:
    """The command line: ``--serve IN OUT``, ``--run ID HOME`` or ``--backfill ID HOME``."""
    if len(arguments) != 3 or arguments[0] not in ("--serve", "--run", "--backfill"):
        sys.stderr.write("usage: python -m nbasset.worker --serve IN OUT (file descriptors), --run ID HOME or --backfill ID HOME\n")
        return 2
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if arguments[0] == "--run":
        from nbasset.commands.background import run_background

        signal.signal(signal.SIGTERM, signal.default_int_handler)
        return run_background(arguments[1], arguments[2])
    if arguments[0] == "--backfill":
        from nbasset.commands.background_backfill import run_backfill

        signal.signal(signal.SIGTERM, signal.default_int_handler)
        return run_backfill(arguments[1], arguments[2])
    return serve_on(int(arguments[1]), int(arguments[2]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
