"""The copy of a notebook that a job runs. Pure: the same notebook gives the same bytes.

It is the notebook as it was saved, for people to read in a review: text and code stay, in order, with their ids. Outputs, counts and what
editors note go; so do cells tagged `scratch` and what an earlier run put in. Which cells take part is decided when it runs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from nbasset.locations.document import INJECTED, NotebookDocument
from nbasset.promotion.prepare import ERROR_TAG, GENERATED_TAG, Part, spans_of
from nbasset.promotion.written import SKIP_TAG, saved_text
from nbasset.source.program import Cell

_DROPPED = frozenset({"scratch", SKIP_TAG, GENERATED_TAG, ERROR_TAG, INJECTED})


def copy_of(notebook: Mapping[str, Any]) -> dict[str, Any]:
    """The notebook without what is no part of a job. The notebook itself is not changed."""
    metadata = notebook.get("metadata") or {}
    kernel = metadata.get("kernelspec") or {}
    kept = {name: kernel[name] for name in ("display_name", "language", "name") if kernel.get(name)}
    taken: set[str] = set()
    cells = [_copied(cell, number, taken) for number, cell in enumerate(notebook["cells"], start=1) if not _DROPPED & _tags(cell)]
    about = {"language_info": {"name": "python"}, **({"kernelspec": kept} if kept else {})}
    return {"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": max(5, int(notebook.get("nbformat_minor") or 5))}


def copy_text(copy: Mapping[str, Any]) -> str:
    """The text of the copy's file."""
    return saved_text(copy, str)


def cells_digest(notebook: Mapping[str, Any]) -> str:
    """A digest of what a notebook's cells say: two that differ in layout, outputs or metadata alone have the same."""
    said = [[cell.get("cell_type"), cell.get("id"), _text(cell.get("source")), sorted(_tags(cell))] for cell in notebook["cells"]]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()


def left_out(document: NotebookDocument, part: Part, others: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What of a notebook a job does not run: the place in words, and why. The parameters cell and lines such as ``%load_ext`` run.

    `others` says of cells, by their ids, what they define that is not in the job.
    """
    places = part.places
    for cell in document.cells():
        magics = {magic.line: magic.name for magic in document.magics.get(cell.id, ())}
        if cell.role == "parameters" or not (cell.text.strip() or cell.role == "opaque"):
            continue
        if cell.role == "scratch":
            yield cell.label, "scratch, and not in the copy"
        elif cell.id not in places:
            why = f"defines {others[cell.id]}" if cell.id in others else _why(cell, magics)
            if why:
                yield cell.label, why
        elif cell.role == "code":
            kept = {line for place in places[cell.id] for line in range(place.first_line, place.last_line + 1)} | set(magics)
            for first, last in spans_of(cell):
                if kept.isdisjoint(range(first, last + 1)):
                    yield f"{cell.label}, line {first}", "not needed"


def _why(cell: Cell, magics: Mapping[int, str]) -> str:
    if cell.role == "opaque":
        return "another language"
    names = [magics.get(first) for first, _ in spans_of(cell)]
    if names and all(name in ("load_ext", "reload_ext", "autoreload", "matplotlib", "config") for name in names):
        return ""
    return "acts on assets" if names and all(name == "asset" for name in names) else "not needed"


def _copied(cell: Mapping[str, Any], number: int, taken: set[str]) -> dict[str, Any]:
    kind = cell.get("cell_type") or "raw"
    cell_id = str(cell.get("id") or f"cell-{number}")
    while cell_id in taken:
        cell_id = f"{cell_id[:50]}-{number}"
    taken.add(cell_id)
    tags = sorted(_tags(cell))
    made: dict[str, Any] = {
        "cell_type": kind,
        "id": cell_id,
        "metadata": {"tags": tags} if tags else {},
        "source": _text(cell.get("source")),
    }
    if kind == "code":
        made |= {"outputs": [], "execution_count": None}
    elif cell.get("attachments"):
        made["attachments"] = cell["attachments"]
    return made


def _tags(cell: Mapping[str, Any]) -> frozenset[str]:
    tags = (cell.get("metadata") or {}).get("tags")
    return frozenset(map(str, tags)) if isinstance(tags, list) else frozenset()


def _text(source: Any) -> str:
    return "".join(map(str, source)) if isinstance(source, list) else str(source or "")
