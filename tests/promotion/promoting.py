"""Projects with a notebook to promote, for tests of promotion."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nbasset.arguments.options_promotion import PromoteArguments
from nbasset.commands.promote import PromoteResult, promote
from nbasset.home import Home
from nbasset.locations.job_file import JobFile, read_job_file

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LOAD = "%load_ext nbasset\nfrom nbasset import asset"
PARAMETERS = "year = 2013\ncarrier = 'AA'"
CLEAN = "def clean(rows):\n    return [row for row in rows if row]"
ORDERS = "@asset\ndef orders() -> list:\n    return [{'n': year}]"
TOTALS = "%%asset totals\nclean(orders)"
LOOK = "print('never run')\n1 / 0"


def code(source: str, *tags: str) -> dict[str, Any]:
    output = {"output_type": "stream", "name": "stdout", "text": "from before\n"}
    metadata = {"tags": list(tags), "collapsed": True, "execution": {"iopub.status.busy": "2026-11-25T10:00:00Z"}}
    return {"cell_type": "code", "metadata": metadata, "source": source, "outputs": [output], "execution_count": 9}


CELLS: list[dict[str, Any] | str] = [
    {"cell_type": "markdown", "metadata": {}, "source": "# Orders"}, LOAD, code(PARAMETERS, "parameters"), CLEAN, ORDERS, TOTALS, LOOK,
    code("totals.head()", "scratch"),
]  # fmt: skip


class Project:
    """A folder with a notebook, as a user has it."""

    def __init__(self, root: Path, *cells: dict[str, Any] | str, name: str = "orders.ipynb") -> None:
        self.root = root
        (root / "nbasset.toml").touch()
        self.home = Home(root)
        self.notebook = root / "notebooks" / name
        self.save(*(cells or CELLS))

    def save(self, *cells: dict[str, Any] | str) -> None:
        """Save the notebook with these cells; ids are c1, c2 ..."""
        made = [code(cell) if isinstance(cell, str) else cell for cell in cells]
        with_ids = [{"id": f"c{number}", **cell} for number, cell in enumerate(made, 1)]
        about = {"kernelspec": KERNEL, "language_info": {"name": "python", "version": "3.11.4"}}
        self.notebook.parent.mkdir(exist_ok=True)
        text = json.dumps({"cells": with_ids, "metadata": about, "nbformat": 4, "nbformat_minor": 5}, indent=1)
        self.notebook.write_text(text, encoding="utf-8")

    def promote(self, select: str = "totals", *, apart: bool = False, **options: Any) -> PromoteResult:
        return promote(self.home, self.notebook, PromoteArguments(select, **options), apart=apart)

    def file(self, name: str = "totals") -> Path:
        return self.root / "jobs" / f"{name}.toml"

    def job(self, name: str = "totals") -> JobFile:
        return read_job_file(self.file(name))

    def copy(self, name: str = "totals") -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.root / "jobs" / f"{name}.ipynb").read_text(encoding="utf-8"))
        return found

    def bytes(self) -> dict[str, bytes]:
        """All of the project, but for its state."""
        files = [path for path in sorted(self.root.rglob("*")) if path.is_file() and ".nbasset" not in path.parts]
        return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in files}
