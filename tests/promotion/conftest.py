"""Notebooks written by hand, executed for real."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbasset.secrets import KNOWN

WriteNotebook = Callable[..., Path]
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


@pytest.fixture(autouse=True)
def _no_secret_outlives_a_test() -> Iterator[None]:
    yield
    KNOWN.forget()


def code(source: str, *tags: str, **more: Any) -> dict[str, Any]:
    """A code cell that has run before."""
    metadata = {"tags": list(tags)} if tags else {}
    output = {"output_type": "stream", "name": "stdout", "text": "from before\n"}
    return {"cell_type": "code", "metadata": metadata, "source": source, "outputs": [output], "execution_count": 9, **more}


def text(source: str) -> dict[str, Any]:
    """A Markdown cell."""
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def notebook_of(*cells: dict[str, Any] | str) -> dict[str, Any]:
    """A notebook of these cells; a text is the source of a code cell. Ids are c1, c2 ..."""
    made = [code(cell) if isinstance(cell, str) else cell for cell in cells]
    with_ids = [{"id": f"c{number}", **cell} for number, cell in enumerate(made, 1)]
    return {"cells": with_ids, "metadata": {"kernelspec": KERNEL}, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture
def write_notebook(tmp_path: Path) -> WriteNotebook:
    """Writes a notebook file into a folder of its own and gives its path."""

    def write(*cells: dict[str, Any] | str, name: str = "job.ipynb") -> Path:
        path = tmp_path / "notebooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(notebook_of(*cells)), encoding="utf-8")
        return path

    return write
