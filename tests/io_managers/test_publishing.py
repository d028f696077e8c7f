"""Folders: how files take each other's place, on file systems of all kinds."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from nbasset.errors import StorageUnavailable
from nbasset.io_managers.parquet import ParquetIOManager
from nbasset.io_managers.protocol import build_input_context, build_output_context
from nbasset.io_managers.publishing import LocalFolder, RemoteFolder, open_folder, told


class WithoutCase(LocalFolder):
    """A folder that acts as if its file system did not tell upper from lower case."""

    _tells_case = False


class WithoutLinks(LocalFolder):
    """A folder on a file system that gives a file one name only."""

    def _link(self, place: Path, kept: Path) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))


def test_an_address_opens_the_folder_it_names(tmp_path: Path) -> None:
    assert isinstance(open_folder(tmp_path), LocalFolder)
    assert open_folder(f"file://{tmp_path}").base == str(tmp_path)
    assert isinstance(open_folder("memory://somewhere"), RemoteFolder)
    assert open_folder("some/where").base == str(Path.cwd() / "some" / "where")


def test_opening_a_folder_makes_nothing(tmp_path: Path) -> None:
    manager = ParquetIOManager(tmp_path / "not" / "there")
    assert manager.folder.versions() == []
    assert manager.folder.leftovers() == []
    assert list(tmp_path.iterdir()) == []


def test_names_that_differ_in_case_have_files_of_their_own_where_the_file_system_does_not_tell_case(tmp_path: Path) -> None:
    manager = ParquetIOManager(tmp_path)
    manager.folder = WithoutCase(tmp_path)
    keys = ["Jan", "jan", "JAN"]
    for round_number in range(2):
        for number, key in enumerate(keys):
            manager.handle_output(build_output_context(asset_key="a", partition_key=key), [number, round_number])
    read = [manager.load_input(build_input_context(asset_key="a", partition_key=key)) for key in keys]
    assert read == [[0, 1], [1, 1], [2, 1]]
    assert sorted(file.name for file in (tmp_path / "a").iterdir()) == ["%4A%41%4E.parquet", "%6Aan.parquet", "Jan.parquet"]


def test_this_file_system_is_asked_whether_it_tells_case(tmp_path: Path) -> None:
    (tmp_path / "probe").touch()
    assert LocalFolder(tmp_path / "not" / "there")._tells_case is not (tmp_path / "PROBE").exists()


def test_without_links_an_earlier_version_is_kept_as_a_copy(tmp_path: Path) -> None:
    manager = ParquetIOManager(tmp_path)
    manager.folder = WithoutLinks(tmp_path)
    first = build_output_context(asset_key="a")
    manager.handle_output(first, [1])
    manager.handle_output(build_output_context(asset_key="a"), [2])
    assert manager.load_input(build_input_context(asset_key="a", version_ids=[first.version_id])) == [1]
    assert manager.load_input(build_input_context(asset_key="a")) == [2]
    assert not manager.folder.leftovers()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO, errno.EDQUOT, errno.ENAMETOOLONG, errno.ELOOP])
def test_an_error_of_the_file_system_is_told_with_path_and_remedy(number: int) -> None:
    with pytest.raises(StorageUnavailable, match=r"cannot use /w/a\.parquet: .+\. .+\.") as caught, told("/w/a.parquet"):
        raise OSError(number, os.strerror(number))
    assert isinstance(caught.value.__cause__, OSError)


def test_a_missing_file_stays_a_missing_file() -> None:
    with pytest.raises(FileNotFoundError), told("/w/a.parquet"):
        raise FileNotFoundError(errno.ENOENT, "no such file")
