"""What steps print, read from the files below the folders of runs: whole, or from where it was left.

A log key is ``[run, "compute_logs", file key]``. The file key is that of a `LogsCapturedEvent` (the name of a step with the number of its
attempt), or the key of a step, which stands for its newest attempt, or ``worker`` for what the run's process itself said.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nbasset.api.context import ApiContext
from nbasset.api.wire import Wire, typed
from nbasset.errors import InvalidInvocationError
from nbasset.execution.capture import stem_of
from nbasset.secrets import mask_secrets

KIND = "compute_logs"
WORKER = "worker"
_MOST_BYTES = 1_000_000
_MOST_ATTEMPTS = 50


def log_key(run_id: str, file_key: str) -> list[str]:
    """The log key of a file key."""
    return [run_id, KIND, file_key]


def read_logs(context: ApiContext, key: Sequence[str], cursor: str | None = None, limit: int | None = None) -> Wire:
    """What was printed from a cursor on, at most `limit` bytes of each stream; what is not there yet is None.

    Raises
    ------
    InvalidInvocationError
        If the key is none.
    """
    at = _positions(cursor)
    most = _MOST_BYTES if limit is None else max(0, min(limit, _MOST_BYTES))
    texts: list[str | None] = []
    ends: list[int] = []
    for path, start in zip(files_of(context, key), at, strict=True):
        text, end = _read(path, start, most)
        texts.append(text)
        ends.append(end)
    return typed("CapturedLogs", logKey=list(key), stdout=texts[0], stderr=texts[1], cursor=f"{ends[0]}:{ends[1]}")


def logs_metadata(context: ApiContext, key: Sequence[str]) -> Wire:
    """Where the streams are, and the addresses below this server under which they are given."""
    paths = files_of(context, key)
    runs = context.instance.home.runs
    found: Wire = {}
    for name, path in zip(("stdout", "stderr"), paths, strict=True):
        is_there = path is not None and path.exists()
        found[f"{name}Location"] = str(path) if is_there else None
        found[f"{name}DownloadUrl"] = f"{context.prefix}/logs/{quote(path.relative_to(runs).as_posix())}" if path and is_there else None
    return typed("CapturedLogsMetadata", **found)


def files_of(context: ApiContext, key: Sequence[str]) -> tuple[Path | None, Path | None]:
    """The files of stdout and stderr. They need not exist, and are never outside of the folder of runs.

    Raises
    ------
    InvalidInvocationError, PathOutsideHome
        If the key is none.
    """
    if len(key) < 2 or (len(key) > 2 and key[1] != KIND):
        raise InvalidInvocationError(f"{list(key)} is no log key. It reads [run id, {KIND!r}, file key of a LogsCapturedEvent].")
    folder = context.instance.home.run_folder(key[0])
    name = key[-1]
    if name == WORKER:
        return folder / "worker.log", None
    stem = _stem(folder / "steps", name)
    return folder / "steps" / f"{stem}.out", folder / "steps" / f"{stem}.err"


def _stem(folder: Path, name: str) -> str:
    """The beginning of the names of the files: the file key itself, or that of the newest attempt of a step."""
    if re.fullmatch(r"[A-Za-z0-9_.-]+\.\d+", name) and any((folder / f"{name}.{ending}").exists() for ending in ("out", "err")):
        return name
    newest = stem_of(name, 1)
    for attempt in range(1, _MOST_ATTEMPTS):
        stem = stem_of(name, attempt)
        if not any((folder / f"{stem}.{ending}").exists() for ending in ("out", "err", "log")):
            break
        newest = stem
    return newest


def _positions(cursor: str | None) -> tuple[int, int]:
    try:
        out, _, err = (cursor or "0:0").partition(":")
        return max(0, int(out)), max(0, int(err or 0))
    except ValueError:
        return 0, 0


def _read(path: Path | None, start: int, most: int) -> tuple[str | None, int]:
    if path is None:
        return None, start
    try:
        with path.open("rb") as file:
            file.seek(start)
            data = file.read(most)
    except OSError:
        return None, start
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(data, final=len(data) < most)
    cut = len(decoder.getstate()[0])  # bytes of a character that the page ends in: they come with the next one
    return mask_secrets(text), start + len(data) - cut


def _captured(parent: Any, info: Any, log_key: list[str], cursor: str | None = None, limit: int | None = None) -> Wire:
    return read_logs(info.context, log_key, cursor, limit)


def _metadata(parent: Any, info: Any, log_key: list[str]) -> Wire:
    return logs_metadata(info.context, log_key)


RESOLVERS = {"Query.capturedLogs": _captured, "Query.capturedLogsMetadata": _metadata}
