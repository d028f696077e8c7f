"""A notebook as it is written to a file: masked, in one form, in one move."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

SKIP_TAG = "skip-execution"
_SPLIT = ("text/", "application/javascript", "image/svg+xml")


def saved_text(nb: Any, rewrite: Callable[[str], str], known: dict[str, str] | None = None) -> str:
    """The text of a notebook's file, in the form that Jupyter writes: keys sorted, long texts as lists of lines.

    `rewrite` is applied to each source. What papermill notes for itself while it runs is left out. `known` keeps the texts of cells from
    one call to the next: a notebook is written after each cell, and laying text out costs ten times as much as seeing that it is the same.
    """
    metadata = {key: value for key, value in nb["metadata"].items() if key not in ("papermill", "widgets")}
    papermill = nb["metadata"].get("papermill") or {}
    if set(papermill) == {"parameters"}:
        metadata["papermill"] = papermill
    plain = [(cell, json.dumps(cell, ensure_ascii=False, sort_keys=True)) for cell in (_cell(cell, rewrite) for cell in nb["cells"])]
    found = {text: (known or {}).get(text) or _laid_out(cell).replace("\n", "\n  ") for cell, text in plain}
    if known is not None:
        known.clear()  # of a cell that still runs only the newest text is kept
        known.update(found)
    others = {"cells": [], "metadata": metadata, "nbformat": nb["nbformat"], "nbformat_minor": nb["nbformat_minor"]}
    cells = "[\n  " + ",\n  ".join(found[text] for _, text in plain) + "\n ]" if plain else "[]"
    return _laid_out(others).replace('"cells": []', f'"cells": {cells}', 1) + "\n"


def _laid_out(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True)


def _cell(cell: Any, rewrite: Callable[[str], str]) -> dict[str, Any]:
    metadata = {key: value for key, value in cell["metadata"].items() if key not in ("papermill", "execution")}
    if not metadata.get("tags", True):
        del metadata["tags"]
    written = {**cell, "metadata": metadata, "source": _lines(rewrite(cell["source"]))}
    if "outputs" in cell:
        written["outputs"] = [_output(output) for output in cell["outputs"]]
    return written


def _output(output: Any) -> dict[str, Any]:
    written = dict(output)
    if "text" in written:
        written["text"] = _lines(written["text"])
    if "data" in written:
        written["data"] = {
            kind: _lines(part) if isinstance(part, str) and kind.startswith(_SPLIT) else part for kind, part in written["data"].items()
        }
    return written


def _lines(text: str | list[str]) -> list[str]:
    """Lines with their ends, cut at newlines alone: a form feed in a line is no end of it."""
    whole = "".join(text) if isinstance(text, list) else text
    lines = whole.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def write_whole(path: Path, text: str, *, durable: bool = True) -> None:
    """Write a file in one move: whoever reads it sees the text before or this one, and a kill leaves no half.

    A `durable` one survives the loss of power, too. A new file is for everybody whom the user's mask lets read it.

    Raises
    ------
    OSError
        If it cannot be written; what was there before is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.parent / f".{path.name}.{uuid4().hex[:12]}"
    handle = os.open(staged, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0), 0o666)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        staged.replace(path)
    except BaseException:
        with suppress(OSError):
            staged.unlink()
        raise
