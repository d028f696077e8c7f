"""What changed between a notebook and the job that was made of it.

Code is compared as everywhere: by the version of what each asset needs. So a comment, a moved cell or a scratch cell is no drift, and a
changed helper is. What it was before is read from the copy beside the job file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from nbasset.dataclass import dataclass
from nbasset.definitions.selection import AssetSelection
from nbasset.errors import Error, InvalidConfigError, InvalidNotebook
from nbasset.locations.code_index import CodeIndex
from nbasset.locations.document import NotebookDocument
from nbasset.locations.job_file import JobFile, beside
from nbasset.locations.location import Location
from nbasset.locations.parameters import parameters_of
from nbasset.promotion.copied import cells_digest, copy_of
from nbasset.promotion.environment import differences
from nbasset.serde import serializable
from nbasset.source.diff import changes_between, unified_diff
from nbasset.source.slices import CodeReader

Kind = Literal["source", "copy", "code", "selection", "parameters", "environment"]


@serializable
@dataclass(frozen=True, slots=True)
class Drift:
    """One thing that is not as it was promoted. `diff` shows the code before and after, where code changed."""

    kind: Kind
    text: str
    diff: str = ""


def drift(file: Path, job: JobFile, source: Location | Error) -> tuple[Drift, ...]:
    """All that changed since a job was promoted; `source` is its notebook as it is now, or why it cannot be loaded."""
    found = [*_copy(file, job)]
    if isinstance(source, Error):
        found.append(Drift("source", f"its notebook {job.source} cannot be loaded: {source}"))
    else:
        found += [*_selection(job, source), *code_changes(file, job, source), *_parameters(job, source)]
    return (*found, *(Drift("environment", text) for text in differences(job)))


def glance(file: Path, job: JobFile) -> str:
    """What can be seen without running anything: why the job should be looked at, or nothing. Text counts here, not what it means."""
    try:
        copy = _read(beside(file, job.notebook))
        if job.code.notebook and cells_digest(copy) != job.code.notebook:
            return f"{job.notebook} was edited since it was promoted"
        if job.source and cells_digest(copy_of(_read(beside(file, job.source)))) != cells_digest(copy):
            return f"{Path(job.source).name} was edited since it was promoted"
    except InvalidNotebook as error:
        return str(error)
    return ""


def code_changes(file: Path, job: JobFile, source: Location) -> Iterator[Drift]:
    """The assets of the job whose code is not what was promoted, each change of a helper told once."""
    catalog = source.definitions.catalog
    told: dict[tuple[str, str], list[str]] = {}
    before = _texts_of_copy(file, job, source.code)
    for key, version in job.code.assets.items():
        asset = next((one for one in catalog.assets if str(one.key) == key), None)
        if asset is None or asset.node is None or source.code.version_of(asset.key) == version:
            continue
        old, new = before.get(version), source.code.slice(asset.node)
        if old is None or new is None:
            told.setdefault(("its code changed", ""), []).append(key)
            continue
        sentences = ", ".join(change.sentence for change in changes_between(old, new.text)) or "the order of what it needs changed"
        told.setdefault((sentences, unified_diff(old, new.text)), []).append(key)
    for (sentences, diff), keys in told.items():
        yield Drift("code", f"{', '.join(keys)}: {sentences}", diff)


def _texts_of_copy(file: Path, job: JobFile, code: CodeIndex) -> dict[str, str]:
    """What was promoted, by code version: read from the copy, of which nothing is run."""
    try:
        document = NotebookDocument.read(beside(file, job.notebook), folder=beside(file, job.folder))
    except InvalidNotebook:
        return {}
    reader = CodeReader()
    found = (reader.slice(document, [root], assets=code.asset_names) for root in reader.definitions(document))
    return {one.version: one.text for one in found if one.version}


def _copy(file: Path, job: JobFile) -> Iterator[Drift]:
    try:
        copy = _read(beside(file, job.notebook))
    except InvalidNotebook as error:
        yield Drift("copy", str(error))
        return
    if job.code.notebook and cells_digest(copy) != job.code.notebook:
        yield Drift("copy", f"{job.notebook} was edited by hand; the job runs what stands there, and promoting again overwrites it")


def _selection(job: JobFile, source: Location) -> Iterator[Drift]:
    catalog = source.definitions.catalog
    try:
        keys = AssetSelection.from_string(job.select).resolve(catalog)
    except Error as error:
        yield Drift("selection", f"{job.select!r} means nothing in {job.source} any more: {error}")
        return
    now = {str(key) for key in keys if catalog.by_key[key].node is not None}
    before = set(job.code.assets)
    if before and now - before:
        yield Drift("selection", f"{job.select!r} means {_listed(now - before)} now, too")
    if before - now:
        yield Drift("selection", f"{job.select!r} no longer means {_listed(before - now)}")


def _listed(keys: set[str]) -> str:
    return ", ".join(sorted(keys))


def _parameters(job: JobFile, source: Location) -> Iterator[Drift]:
    document = source.source
    if not isinstance(document, NotebookDocument):
        return
    try:
        parameters_of(document.cells(), job.parameters)
    except InvalidConfigError as error:
        yield from (Drift("parameters", f"parameter {one}") for one in error.errors)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise InvalidNotebook(f"the notebook {path.name} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("cells"), list):
        raise InvalidNotebook(f"{path.name} is no notebook")
    return found
