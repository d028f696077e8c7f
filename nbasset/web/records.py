"""Files of runs over HTTP: what steps printed, executed notebooks, and everything recorded of one run to pass on.

A file is found by the id of a run and one plain name, step by step below the folder of that run and never through a link; a notebook by
being one that a location or a run has. No path from outside is opened as it is.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from nbasset import __version__
from nbasset.errors import Error, PathOutsideHome
from nbasset.keys import RunId
from nbasset.secrets import mask_data, mask_secrets
from nbasset.web.security import RENDERED_POLICY
from nbasset.web.serving import Served, served_by

if TYPE_CHECKING:
    from nbasset.instance import Instance

LARGEST_NOTEBOOK_BYTES = 16 << 20
_CHUNK = 1 << 16
_PAGE = 1000
_IN_MEMORY = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,200}\.(?:out|err|log)")
_FOLDERS = {"steps": "steps", "compute_logs": "steps"}
_SCRIPT = re.compile(r"<script\b.*?</script\s*>", re.DOTALL | re.IGNORECASE)
_NOTHING = "there is no such file."


# -- what steps printed -----------------------------------------------------------------------------------------------------------


async def logs(request: Request) -> Response:
    """What a step printed or logged: ``RUN/steps/STEP.ATTEMPT.out``, ``.err`` or ``.log``."""
    served = served_by(request)
    try:
        file = await asyncio.to_thread(_captured, served.instance, request.path_params["path"])
    except (OSError, ValueError, PathOutsideHome):
        return PlainTextResponse(_NOTHING, 404)
    return StreamingResponse(_chunks(file), headers={"content-type": "text/plain; charset=utf-8", "cache-control": "no-cache"})


def _captured(instance: Instance, path: str) -> IO[bytes]:
    parts = path.split("/")
    if len(parts) != 3 or parts[1] not in _FOLDERS or not _NAME.fullmatch(parts[2]):
        raise ValueError(path)
    folder = instance.home.run_folder(parts[0])
    return opened_below(folder.parent, [folder.name, _FOLDERS[parts[1]], parts[2]])


def opened_below(root: Path, names: Sequence[str]) -> IO[bytes]:
    """A file below a folder, opened name by name: no name is a path, and none is followed to elsewhere, whoever moves things meanwhile.

    Raises
    ------
    OSError
        If it is not there, is a link, or is no plain file.
    """
    at = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for name in names[:-1]:
            at, before = os.open(_plain(name), os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=at), at
            os.close(before)
        file = os.open(_plain(names[-1]), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=at)
    finally:
        os.close(at)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(f"{names[-1]} is no file")
    return os.fdopen(file, "rb")


def _plain(name: str) -> str:
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise OSError(f"{name!r} is no name of a file")
    return name


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk


# -- everything about a run -------------------------------------------------------------------------------------------------------


async def download_debug(request: Request) -> Response:
    """All that is recorded of a run as packed JSON, without secrets: for a report about it."""
    served = served_by(request)
    run_id = request.path_params["run_id"]
    file = await asyncio.to_thread(_debug_file, served.instance, run_id)
    if file is None:
        return PlainTextResponse(f"there is no run {run_id[:40]!r}.", 404)
    name = re.sub(r"[^A-Za-z0-9_-]", "_", run_id)
    headers = {"content-disposition": f'attachment; filename="{name}.gz"', "content-encoding": "identity"}
    return StreamingResponse(_chunks(file), media_type="application/gzip", headers=headers)


def _debug_file(instance: Instance, run_id: str) -> IO[bytes] | None:
    from nbasset.commands.runs import run_json
    from nbasset.serde import to_json

    run = instance.reader.run(RunId(run_id))
    if run is None:
        return None
    file = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed by who sends it
    with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=5) as packed:
        packed.write(f'{{"nbasset_version": "{__version__}", "run": {_masked_json(run_json(run))}, "entries": ['.encode())
        before, after = b"\n", 0
        while page := instance.reader.entries(after=after, run=run.run_id, limit=_PAGE):
            for entry in page:
                packed.write(before + _masked_json({"seq": entry.seq, "event": to_json(entry.event)}).encode())
                before = b",\n"
            after = page[-1].seq
        packed.write(b"\n]}\n")
    file.seek(0)
    return file


def _masked_json(data: object) -> str:
    return json.dumps(mask_data(data), ensure_ascii=True)


# -- notebooks --------------------------------------------------------------------------------------------------------------------


async def notebook(request: Request) -> Response:
    """A notebook of a location, or the executed one of a run (``?run=``), as a page that can only be looked at."""
    served = served_by(request)
    run_id, path, location = (request.query_params.get(name, "") for name in ("run", "path", "repoLocName"))
    try:
        found = partial(_kept_notebook, served, run_id) if run_id else partial(_known_notebook, served, path, location)
        file = await asyncio.to_thread(found)
    except (OSError, ValueError, Error):
        return PlainTextResponse("no location and no run has this notebook.", 404)
    try:
        text = await asyncio.to_thread(_rendered, file, run_id or Path(path).stem)
    except _CannotRender as error:
        return PlainTextResponse(str(error), error.status)
    headers = {"content-type": "text/html; charset=utf-8", "content-security-policy": RENDERED_POLICY, "x-frame-options": "SAMEORIGIN"}
    return Response(text, headers={**headers, "cache-control": "no-cache"})


class _CannotRender(Exception):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def _kept_notebook(served: Served, run_id: str) -> IO[bytes]:
    from nbasset.promotion.notebook_run import NOTEBOOK_NAME

    folder = served.instance.home.run_folder(run_id)
    return opened_below(folder.parent, [folder.name, NOTEBOOK_NAME])


def _known_notebook(served: Served, path: str, location: str) -> IO[bytes]:
    """The notebook at a path, if it is one of those that are served."""
    home = served.instance.home
    wanted = Path(path) if Path(path).is_absolute() else home.root / path
    if "\0" in path or wanted.suffix != ".ipynb":
        raise ValueError(path)
    real = wanted.resolve(strict=True)
    runs = home.runs.resolve()
    if real.parent.parent == runs:
        return _kept_notebook(served, real.parent.name) if real == runs / real.parent.name / real.name else _refused(path)
    for name, known in _notebooks(served):
        if location in ("", name) and known.resolve() == real:
            return opened_below(real.parent, [real.name])
    return _refused(path)


def _refused(path: str) -> IO[bytes]:
    raise ValueError(path)


def _notebooks(served: Served) -> Iterator[tuple[str, Path]]:
    """The notebooks of all locations, those of promoted jobs too, each with the name of its location."""
    for one in served.workspace().snapshot().locations:
        path = Path(one.path) if one.path else None
        if path is None or not path.is_absolute():
            path = one.place.path if one.place is not None else None
        if path is not None:
            yield one.name, path.with_suffix(".ipynb") if path.suffix == ".toml" else path


def _rendered(file: IO[bytes], name: str) -> str:
    with file:
        if os.fstat(file.fileno()).st_size > LARGEST_NOTEBOOK_BYTES:
            raise _CannotRender(413, f"the notebook is larger than {LARGEST_NOTEBOOK_BYTES >> 20} MB. Open it in JupyterLab.")
        data = file.read(LARGEST_NOTEBOOK_BYTES + 1)
    try:
        nbformat: Any = import_module("nbformat")
        exporter: Any = import_module("nbconvert").HTMLExporter(sanitize_html=True)
    except ModuleNotFoundError:
        raise _CannotRender(501, "nbconvert, which makes pages of notebooks, is not installed here: pip install nbconvert") from None
    try:
        document = nbformat.reads(data.decode("utf-8"), as_version=4)
    except Exception as error:  # whatever a file that is no notebook makes of it
        raise _CannotRender(422, "the file cannot be read as a notebook.") from error
    document.metadata.pop("widgets", None)
    exporter.mathjax_url = exporter.require_js_url = exporter.mermaid_js_url = exporter.jquery_url = ""
    with suppress(AttributeError):
        exporter.widget_renderer_url = exporter.jupyter_widgets_base_url = ""
    body, _ = exporter.from_notebook_node(document, resources={"metadata": {"name": name}})
    return mask_secrets(_SCRIPT.sub("", body))
