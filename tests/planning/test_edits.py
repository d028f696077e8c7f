"""A table of edits to a small project, each with exactly what must be out of date afterwards, and what `why` says of it.

The project is materialized once; each edit happens in a copy of it, to real files, and is judged by the same functions that the verbs use.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nbasset import clock
from nbasset.arguments import parse
from nbasset.commands.code_story import facts_in
from nbasset.commands.scope import Scope
from nbasset.commands.states import Standing, standing
from nbasset.definitions.partition_ranges import format_ranges
from nbasset.errors import RunFailure
from nbasset.instance import Instance
from nbasset.keys import AssetKey
from nbasset.locations.notebook import load_notebook
from nbasset.locations.project_files import forget_modules

HERE = Path(__file__).parent
EDITS: list[dict[str, Any]] = tomllib.loads((HERE / "edits.toml").read_text())["edit"]
PANDAS = pd.__version__
PROJECT = HERE / "edits_project.toml"


class Project:
    """A folder with a notebook, a module, a table and a home."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notebook = folder / "project.ipynb"
        self.instance = Instance.open(folder)
        self.config: dict[str, Any] = {}
        self.later = timedelta()

    def scope(self) -> Scope:
        """The notebook as it is now."""
        forget_modules([self.folder])
        os.chdir(self.folder)
        return Scope(load_notebook(self.notebook, home=self.folder), self.instance)

    def run(self, words: str) -> None:
        """What `nbasset run` would do."""
        from nbasset.commands.carrying_out import Manner, raise_failure
        from nbasset.commands.run import run

        done = run(self.scope(), parse(f"run {words}")[1], Manner(kind="command", echo=False))
        if done.result is not None:
            raise_failure(done.result)

    def verb(self, words: str) -> Any:
        """Any other verb."""
        return do(self.scope(), words)

    def standing(self, scope: Scope) -> Standing:
        """How things stand, so many days later."""
        return standing(scope, run_config=self.config, view=scope.view(clock.now() + self.later))

    def stale(self) -> set[str]:
        """What is not fresh: names, with partitions where only some are concerned."""
        scope = self.scope()
        now = self.standing(scope)
        found = set()
        for key, state in now.states.items():
            if state.status in ("fresh", "external"):
                continue
            definition = scope.catalog.by_key[key].partitions_def
            for word, ordinals in (("", state.stale), ("missing ", state.missing), ("failed ", state.failed)):
                if definition is not None and ordinals:
                    everything = ordinals == definition.ordinals(now.view)
                    found.add(f"{word}{key}" + ("" if everything else f"[{format_ranges(ordinals, definition, now.view)}]"))
            if definition is None:
                found.add(str(key) if state.status == "stale" else f"{state.status} {key}")
        return found

    def why(self, asset: str) -> str:
        """What `why` says first."""
        from nbasset.commands.why import why

        scope = self.scope()
        now = self.standing(scope)
        said = why(scope, parse(f"why {asset}")[1], now=now).sentence.replace(PANDAS, "1.2.3")
        return re.sub(r"(\d+ h) \d+ min", r"\1", said)  # minutes go by while the table is worked through

    # -- edits ----------------------------------------------------------------------------------------------------------------

    def cells(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.notebook.read_text())["cells"]
        return found

    def write(self, cells: list[dict[str, Any]]) -> None:
        self.notebook.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))

    def edit(self, step: dict[str, Any]) -> None:
        """One step of an edit; its first key says which."""
        cells = self.cells()
        by_id = {cell["id"]: cell for cell in cells}
        kind = next(iter(step))
        if kind == "cell":
            self._edit_cell(by_id[step["cell"]], step, cells)
        elif kind == "insert":
            at = next(place for place, cell in enumerate(cells) if cell["id"] == step["before"])
            cells.insert(at, cell_of(step["insert"], step["source"], step.get("tags", [])))
        elif kind == "delete":
            cells.remove(by_id[step["delete"]])
        elif kind == "move":
            cells.remove(by_id[step["move"]])
            at = next(place for place, cell in enumerate(cells) if cell["id"] == step["before"])
            cells.insert(at, by_id[step["move"]])
        elif kind == "file":
            path = self.folder / step["file"]
            text = path.read_text()
            assert step["old"] in text, text
            path.write_text(text.replace(step["old"], step["new"]))
        elif kind == "run":
            self.run(step["run"])
        elif kind == "fails":
            with pytest.raises(RunFailure):
                self.run(f"{step['fails']} --only")
        elif kind == "do":
            self.verb(self._with_versions(step["do"]))
        elif kind == "later":
            self.later = timedelta(days=step["later"])
        elif kind == "config":
            self.config = json.loads(step["config"])
        else:
            getattr(self, f"_{kind}")(step)
        self.write(cells)

    def _with_versions(self, words: str) -> str:
        """``@raw:2`` is the id of the second newest version of raw."""

        def version(found: re.Match[str]) -> str:
            entries = self.instance.reader.materializations(AssetKey(found[1]), None, limit=int(found[2]))
            return next(fact.version_id for fact in facts_in(entries[-1].event))

        return re.sub(r"@(\w+):(\d+)", version, words)

    def _edit_cell(self, cell: dict[str, Any], step: dict[str, Any], cells: list[dict[str, Any]]) -> None:
        if "tags" in step:
            cell["metadata"]["tags"] = step["tags"]
        elif "source" in step:
            cell["source"] = step["source"]
        else:
            assert step["old"] in cell["source"], cell["source"]
            cell["source"] = cell["source"].replace(step["old"], step["new"])

    def _parquet(self, step: dict[str, Any]) -> None:
        """Something is done to a stored file by hand."""
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        path = self.folder / "warehouse" / step["parquet"]
        later = path.stat().st_mtime_ns + 60_000_000_000
        how = step["how"]
        if how == "delete":
            path.unlink()
            return
        table = pq.read_table(path)
        if how == "change":
            table = table.set_column(0, table.schema.names[0], pc.add(table.column(0), 1))
        if how == "pandas":
            table.to_pandas().head(1).to_parquet(path)
        elif how != "touch":
            pq.write_table(table, path, compression="zstd" if how == "compress" else "snappy")
        os.utime(path, ns=(later, later))

    def _bytes(self, step: dict[str, Any]) -> None:
        """A file that is no table is touched, or one byte of it changed."""
        path = self.folder / "warehouse" / step["bytes"]
        later = path.stat().st_mtime_ns + 60_000_000_000
        data = path.read_bytes()
        if step["how"] == "change":
            path.write_bytes(bytes([data[0], data[1], data[2] ^ 1, *data[3:]]))
        os.utime(path, ns=(later, later))

    def _settings(self, step: dict[str, Any]) -> None:
        (self.folder / "nbasset.toml").write_text(step["settings"])
        self.instance.close()
        self.instance = Instance.open(self.folder)

    def _package(self, step: dict[str, Any]) -> None:
        """Another version of an installed package, as far as anybody can tell."""
        from nbasset.locations import packages

        packages.version_of_package.cache_clear()
        sys.modules[step["package"]].__dict__["__version__"] = step["version"]


def do(scope: Scope, words: str) -> Any:
    """A verb on a scope, as the command line would do it."""
    name, arguments = parse(words)
    from importlib import import_module

    module = import_module(f"nbasset.commands.{name}")
    return getattr(module, name)(scope, arguments)


def cell_of(name: str, source: str, tags: list[str]) -> dict[str, Any]:
    """A code cell of a notebook file."""
    return {"cell_type": "code", "id": name, "metadata": {"tags": tags}, "outputs": [], "execution_count": None, "source": source}


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project after everything in it was made."""
    folder = tmp_path_factory.mktemp("edits")
    content = tomllib.loads(PROJECT.read_text())
    for name, text in content["files"].items():
        (folder / name).write_text(text)
    before = Path.cwd()
    project = Project(folder)
    project.write([cell_of(one["id"], one["source"], one.get("tags", [])) for one in content["cell"]])
    try:
        project.run("")
        assert project.stale() == set()
    finally:
        _forget(project, before)
    return folder


@pytest.fixture
def project(finished: Path, tmp_path: Path) -> Iterator[Project]:
    """A copy of it."""
    folder = tmp_path / "edits"
    shutil.copytree(finished, folder)
    before = Path.cwd()
    copied = Project(folder)
    try:
        yield copied
    finally:
        _forget(copied, before)


def _forget(project: Project, folder: Path) -> None:
    os.chdir(folder)
    project.instance.close()
    forget_modules([project.folder])
    sys.path[:] = [entry for entry in sys.path if entry != str(project.folder)]


@pytest.fixture(autouse=True)
def packages_stay() -> Iterator[None]:
    """Versions that a test makes up are taken back."""
    from nbasset.locations import packages

    yield
    pd.__version__ = PANDAS
    packages.version_of_package.cache_clear()


def test_the_table_is_long_enough_and_each_edit_has_a_name_of_its_own() -> None:
    assert len(EDITS) >= 80
    assert len({edit["name"] for edit in EDITS}) == len(EDITS)


@pytest.mark.parametrize("edit", EDITS, ids=[edit["name"] for edit in EDITS])
def test_exactly_what_an_edit_touches_is_out_of_date_and_why_says_it(project: Project, edit: dict[str, Any]) -> None:
    for step in edit["steps"]:
        project.edit(step)
    if os.environ.get("DUMP"):
        (Path(os.environ["DUMP"]) / f"{EDITS.index(edit)}.json").write_text(
            json.dumps([edit["name"], sorted(project.stale()), {a: project.why(a) for a in edit.get("why", {})}])
        )
    assert project.stale() == set(edit["stale"])
    assert {asset: project.why(asset) for asset in edit.get("why", {})} == edit.get("why", {})
