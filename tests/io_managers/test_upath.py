"""The class to derive from: paths, hooks, and errors of formats."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from nbasset.errors import MissingValue, PathOutsideHome
from nbasset.io_managers.protocol import build_input_context, build_output_context
from nbasset.io_managers.remote_path import RemotePath
from nbasset.io_managers.upath import UPathIOManager
from nbasset.metadata import MetadataValue


class ArrayIOManager(UPathIOManager):
    """`numpy.save` adds its ending to names without it: the staging path has to carry it."""

    extension = ".npy"

    def dump_to_path(self, context: Any, obj: Any, path: Any) -> None:
        np.save(path, obj)

    def load_from_path(self, context: Any, path: Any) -> Any:
        return np.load(path)

    def get_metadata(self, context: Any, obj: Any) -> dict[str, Any]:
        return {"shape": list(obj.shape)}


class TextIOManager(UPathIOManager):
    def dump_to_path(self, context: Any, obj: Any, path: Any) -> None:
        path.write_text(obj)

    def load_from_path(self, context: Any, path: Any) -> Any:
        return path.read_text()


def test_a_format_that_looks_at_the_ending_works_also_for_earlier_versions(tmp_path: Path) -> None:
    manager = ArrayIOManager(tmp_path)
    first = manager.stage(build_output_context(asset_key="raw/a"), np.arange(3))
    manager.publish(first, None)
    manager.publish(manager.stage(build_output_context(asset_key="raw/a"), np.arange(4)), first.version_id)
    assert (tmp_path / "raw" / "a.npy").is_file()
    assert len(manager.load_input(build_input_context(asset_key="raw/a"))) == 4
    assert len(manager.load_input(build_input_context(asset_key="raw/a", version_ids=[first.version_id]))) == 3
    assert not list(tmp_path.glob(".stage-*"))


def test_path_and_facts_are_recorded(tmp_path: Path) -> None:
    context = build_output_context(asset_key="a", partition_key="x")
    ArrayIOManager(tmp_path).handle_output(context, np.ones((2, 3)))
    assert context.added_metadata == {"path": MetadataValue.text(str(tmp_path / "a" / "x.npy")), "shape": MetadataValue.json([2, 3])}


def test_a_path_may_be_chosen_but_not_outside(tmp_path: Path) -> None:
    class Elsewhere(TextIOManager):
        where = "year"

        def get_path_for_partition(self, context: Any, path: Any, partition: str) -> Any:
            return path / self.where / partition

    manager = Elsewhere(tmp_path / "w")
    manager.handle_output(build_output_context(asset_key="a", partition_key="p"), "text")
    assert (tmp_path / "w" / "a" / "year" / "p").read_text() == "text"
    manager.where = "../../.."
    with pytest.raises(PathOutsideHome, match="leads out of"):
        manager.handle_output(build_output_context(asset_key="a", partition_key="p"), "text")


def test_an_asset_that_gets_partitions_keeps_its_old_file_as_a_version(tmp_path: Path) -> None:
    manager = TextIOManager(tmp_path)
    manager.handle_output(build_output_context(asset_key="a"), "whole")
    manager.handle_output(build_output_context(asset_key="a", partition_key="x"), "part")
    assert manager.load_input(build_input_context(asset_key="a", partition_key="x")) == "part"
    manager.handle_output(build_output_context(asset_key="a"), "whole again")
    assert manager.load_input(build_input_context(asset_key="a")) == "whole again"
    assert len(manager.folder.versions()) == 2


def test_an_error_of_the_format_leaves_nothing_behind(tmp_path: Path) -> None:
    class Broken(TextIOManager):
        def dump_to_path(self, context: Any, obj: Any, path: Any) -> None:
            path.write_text("half")
            raise ZeroDivisionError("in the format")

    with pytest.raises(ZeroDivisionError, match="in the format"):
        Broken(tmp_path).handle_output(build_output_context(asset_key="a"), "x")
    assert list(tmp_path.iterdir()) == []


def test_a_format_that_writes_nothing_is_told(tmp_path: Path) -> None:
    class Silent(TextIOManager):
        def dump_to_path(self, context: Any, obj: Any, path: Any) -> None:
            pass

    with pytest.raises(MissingValue, match=r"Silent\.dump_to_path wrote nothing"):
        Silent(tmp_path).handle_output(build_output_context(asset_key="a"), "x")


def test_has_output_asks_the_path(tmp_path: Path) -> None:
    manager = TextIOManager(tmp_path)
    context = build_output_context(asset_key="a")
    assert not manager.has_output(context)
    manager.handle_output(context, "x")
    assert manager.has_output(context)
    manager.unlink(manager.path_of(context))
    assert not manager.has_output(context)


def test_a_remote_path_does_what_a_path_does() -> None:
    base = RemotePath(f"memory://{uuid4().hex}")
    path = base.joinpath("a", "b.txt")
    path.parent.mkdir(parents=True)
    assert path.write_text("hällo") == 6
    assert (path.exists(), path.read_text(), path.name, path.with_name("c.txt").name) == (True, "hällo", "b.txt", "c.txt")
    assert list(base.iterdir()) == [base / "a"]
    assert base.is_dir()
    path.unlink()
    path.unlink(missing_ok=True)
    with pytest.raises(FileNotFoundError):
        path.unlink()
    assert hash(path) == hash(base / "a" / "b.txt")
