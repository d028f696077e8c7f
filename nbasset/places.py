"""What people call a source file: ``cell 7 of flights.ipynb`` for the made-up file name that a notebook cell is compiled under.

Whoever compiles or runs a cell says so once (`name_file`); tracebacks and errors ask (`file_label`, `place_of`). A file nobody named is
called by its last path part.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

_LABELS: dict[str, tuple[str, str | None]] = {}
_DOCUMENTS: dict[str, str] = {}


def own_filename(filename: str, document: str) -> str:
    """The made-up file name for a cell of a document: as it is, or with the document's path if that of another document is called so.

    >>> own_filename("<cell 7 of own_filename.ipynb>", "a/own_filename.ipynb")
    '<cell 7 of own_filename.ipynb>'
    >>> own_filename("<cell 7 of own_filename.ipynb>", "b/own_filename.ipynb")
    '<cell 7 of own_filename.ipynb, b/own_filename.ipynb>'
    """
    if _DOCUMENTS.setdefault(filename, document) == document:
        return filename
    return f"{filename.removesuffix('>')}, {document}>"


def name_file(filename: str, label: str, *, cell: str | None = None) -> None:
    """From now on `filename` is called `label`; `cell` is the id of the cell it stands for."""
    _LABELS[filename] = (label, cell)


def file_label(filename: str) -> str:
    """What people call the file.

    >>> file_label("/srv/project/sales.py")
    'sales.py'
    """
    named = _LABELS.get(filename)
    return named[0] if named else _last_part(filename)


@cache
def _last_part(filename: str) -> str:
    return filename.replace("\\", "/").rsplit("/", 1)[-1]


def cell_of(filename: str) -> str | None:
    """Id of the cell that the file name stands for, None for an ordinary file."""
    named = _LABELS.get(filename)
    return named[1] if named else None


def is_cell(filename: str) -> bool:
    """Whether the file name was given to a notebook cell."""
    return filename in _LABELS


def place_of(fn: Callable[..., Any]) -> str | None:
    """Where a function is written, for people: ``cell 7 of flights.ipynb, line 2``; None for something without code."""
    code = getattr(fn, "__code__", None)
    return f"{file_label(code.co_filename)}, line {code.co_firstlineno}" if code is not None else None


def file_relative_path(dunderfile: str, relative_path: str) -> str:
    """The path of a file beside a module: pass ``__file__``.

    >>> file_relative_path("/project/assets.py", "data/orders.csv")
    '/project/data/orders.csv'
    """
    from pathlib import Path  # 1.5 MB with what it imports, for whoever only defines

    return str(Path(dunderfile).parent / relative_path)
