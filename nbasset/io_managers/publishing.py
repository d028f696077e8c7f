"""How a file takes the place of another so that a reader, and a crash, always meets a whole one.

In a local folder: the value is written to ``.stage-<id>`` and synced; the superseded file gets a second name, ``.versions/<its id>``; the
staged file is renamed over the stable path; the folder is synced. The current file has one name only, so somebody who writes into it by
hand cannot reach a kept version through a link. In an object store, which has neither rename nor links: the value is written as the
immutable object ``.versions/<id>``, then copied to the stable path.

Neither name ends in ``.parquet``: readers that take all Parquet files below a folder see current data only.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import IO, Any, Protocol

from nbasset.dataclass import dataclass
from nbasset.errors import CorruptData, MissingValue, PathOutsideHome, StorageUnavailable
from nbasset.io_managers.paths import OPS, without_clash

VERSIONS = ".versions"
STAGE = ".stage-"
Identify = Callable[[str], str | None]
IsPublished = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A version file as the folder lists it. `modified_us` is when it was written, in microseconds since 1970."""

    version_id: str
    size_bytes: int
    modified_us: int


class Folder(Protocol):
    """A warehouse: files under stable names, and their earlier versions."""

    base: str

    def place(self, relative: str) -> str:
        """Path or address of a file below the base; refuses to lead out of it."""

    def staging_place(self, version_id: str, name: str = "") -> str:
        """Where to write a value that is not yet visible."""

    def version_place(self, version_id: str, name: str = "") -> str:
        """Where an earlier version is kept; with a name, as a file of that name."""

    def exists(self, place: str) -> bool:
        """Whether there is a file."""

    def size(self, place: str) -> int:
        """Its size in bytes, with all that is in it."""

    def open_to_read(self, place: str) -> Any:
        """An open binary file; the caller closes it."""

    def writing(self, place: str) -> Any:
        """An open binary file that is durable once the context ends."""

    def sync(self, place: str) -> None:
        """Make durable what somebody else wrote at a staging place."""

    def publish(
        self, staged: str, place: str, version_id: str, *, previous: str | None, identify: Identify, is_published: IsPublished | None = None
    ) -> None:
        """Make a staged file the visible one and keep the superseded one.

        `identify` tells the version of a file, if the file says it; `is_published` whether a file without such a word is the staged one.
        """

    def discard(self, staged: str) -> None:
        """Remove a staged file, if it is there."""

    def versions(self) -> list[StoredVersion]:
        """All kept versions, in no order."""

    def remove_version(self, version_id: str) -> None:
        """Remove a kept version, if it is there."""

    def outputs(self) -> list[StoredVersion]:
        """What runs kept of the outputs of their ops, by the id of the run."""

    def remove_outputs(self, run_id: str) -> None:
        """Remove what a run kept of the outputs of its ops, if there is anything."""

    def leftovers(self) -> list[StoredVersion]:
        """Staged files that were neither published nor discarded, by version id."""


def open_folder(base: str | os.PathLike[str], storage_options: dict[str, Any] | None = None) -> LocalFolder | RemoteFolder:
    """The folder at a path or at any address that fsspec knows. Nothing is created yet."""
    text = os.fspath(base)
    if "://" not in text or text.startswith(("file://", "local://")):
        return LocalFolder(text.partition("://")[2] if "://" in text else text)
    return RemoteFolder(text, storage_options)


class LocalFolder:
    """A warehouse in a file system of this machine."""

    def __init__(self, base: str | os.PathLike[str]) -> None:
        self.base = str(Path(base).expanduser().absolute())
        self._real_base = Path(self.base).resolve()

    def place(self, relative: str) -> str:
        """The absolute path of a file below the base.

        Raises
        ------
        PathOutsideHome
            If the path, or a symbolic link on its way, leads out of the base.
        """
        if PurePosixPath(relative).is_absolute() or ".." in relative.split("/") or "\0" in relative:
            raise PathOutsideHome(f"{relative!r} leads out of {self.base}. Only names below it can be stored.")
        path = f"{self.base}/{relative}"
        if not Path(path).resolve().is_relative_to(self._real_base):
            raise PathOutsideHome(
                f"{path} leads out of {self.base} by a symbolic link. Mount the other place there, or move the warehouse."
            )
        return path if self._tells_case else self._without_clashes(relative)

    def staging_place(self, version_id: str, name: str = "") -> str:
        """``.stage-<id>`` below the base; with a name, a file of that name in it."""
        with told(self.base):
            self._make_folder(Path(self.base))
            if name:
                Path(f"{self.base}/{STAGE}{version_id}").mkdir()
        return f"{self.base}/{STAGE}{version_id}" + (f"/{name}" if name else "")

    def version_place(self, version_id: str, name: str = "") -> str:
        """``.versions/<id>`` below the base, or ``.versions/<id>/<name>``."""
        return self.place(f"{VERSIONS}/{version_id}" + (f"/{name}" if name else ""))

    def exists(self, place: str) -> bool:
        """Whether there is a file or folder."""
        return Path(place).exists()

    def size(self, place: str) -> int:
        """Bytes of a file, or of all files in a folder."""
        return _bytes_below(Path(place))

    def open_to_read(self, place: str) -> IO[bytes]:
        """The file, open to read."""
        with told(place):
            return Path(place).open("rb")

    @contextmanager
    def writing(self, place: str) -> Iterator[IO[bytes]]:
        """The file, open to write; synced when the context ends, removed when it ends with an error."""
        try:
            with told(place), Path(place).open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            self.discard(place)
            raise

    def sync(self, place: str) -> None:
        """Make a file, or all files below a folder, durable that somebody else wrote."""
        top = Path(place)
        with told(place):
            for path in [*top.rglob("*"), top] if top.is_dir() else [top, top.parent]:
                _sync(path)

    def publish(
        self, staged: str, place: str, version_id: str, *, previous: str | None, identify: Identify, is_published: IsPublished | None = None
    ) -> None:
        """Link the superseded file to its version, rename the staged one over it, sync the folder.

        Raises
        ------
        StorageUnavailable
            If the file system refuses; the visible file is then still the old one.
        MissingValue
            If the staged file is gone.
        """
        target, source = Path(place), Path(staged)
        with told(place):
            if not source.exists():
                if target.exists() and (is_published(place) if is_published else identify(place) == version_id):
                    return  # published before, and the acknowledgement was lost
                raise MissingValue(f"the staged file {staged} is gone, so version {version_id} cannot be published. Run the step again.")
            self._clear_way(target.parent)
            self._make_folder(target.parent)
            is_named = source.parent.name.startswith(STAGE)
            if target.exists():
                old_id = identify(place) or previous or _name_of_unknown(target)
                if old_id != version_id:
                    self._keep(target, Path(self.version_place(old_id, target.name if is_named else "")), old_id)
                _make_room(source, target)
            source.rename(target)
            _sync(target.parent)
            if is_named:
                source.parent.rmdir()

    def discard(self, staged: str) -> None:
        """Remove a staged file or folder, and the folder made for it."""
        file = Path(staged)
        path = file.parent if file.parent.name.startswith(STAGE) else file
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink()

    def versions(self) -> list[StoredVersion]:
        """All kept versions."""
        return _listed(f"{self.base}/{VERSIONS}", "")

    def remove_version(self, version_id: str) -> None:
        """Remove a kept version, if it is there."""
        path = Path(self.version_place(version_id))
        with told(str(path)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def outputs(self) -> list[StoredVersion]:
        """Outputs of ops, by run."""
        return _listed(f"{self.base}/{OPS}", "")

    def remove_outputs(self, run_id: str) -> None:
        """Remove the outputs of a run's ops."""
        path = Path(self.place(f"{OPS}/{run_id}"))
        with told(str(path)), suppress(FileNotFoundError):
            shutil.rmtree(path)

    def leftovers(self) -> list[StoredVersion]:
        """Staged files that nobody finished with."""
        return _listed(self.base, STAGE)

    @cached_property
    def _tells_case(self) -> bool:
        """Whether the file system tells ``a`` from ``A``: asked of the nearest folder that exists and has letters in its name."""
        for folder in (Path(self.base), *Path(self.base).parents):
            twin = folder.with_name(folder.name.swapcase()) if folder.name else folder
            if folder.exists() and twin.name != folder.name:
                return not (twin.exists() and twin.samefile(folder))
        return True

    def _without_clashes(self, relative: str) -> str:
        """The path with each part that differs from a neighbour only in case escaped."""
        folder = Path(self.base)
        for part in relative.split("/"):
            taken = [file.name for file in folder.iterdir()] if folder.is_dir() else []
            folder = folder / without_clash(part, taken)
        return str(folder)

    def _keep(self, place: Path, kept: Path, old_id: str) -> None:
        """Give the superseded file its version name as well."""
        self._make_folder(kept.parent)
        if place.is_dir():
            if not kept.exists():
                place.rename(kept)  # a folder has no second name: for an instant there is no current one
            return
        try:
            self._link(place, kept)
        except FileExistsError:
            pass  # linked before a crash, or the version was brought back from there
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.EXDEV, errno.EMLINK, errno.ENOSYS):
                raise
            partly = Path(f"{self.base}/{STAGE}{old_id}")
            shutil.copyfile(place, partly)
            partly.rename(kept)

    def _link(self, place: Path, kept: Path) -> None:
        kept.hardlink_to(place)

    def _clear_way(self, folder: Path) -> None:
        """Move a file away that stands where a folder is needed: the asset was one file and now has partitions."""
        while len(str(folder)) > len(self.base):
            if folder.is_file():
                self._make_folder(Path(self.base, VERSIONS))
                folder.rename(self.version_place(_name_of_unknown(folder)))
                return
            folder = folder.parent

    def _make_folder(self, folder: Path) -> None:
        if folder.is_dir():
            return
        self._make_folder(folder.parent)
        with suppress(FileExistsError):
            folder.mkdir()
            _sync(folder.parent)


class RemoteFolder:
    """A warehouse behind an fsspec address: object stores, memory, anything with a registered scheme."""

    def __init__(self, base: str, storage_options: dict[str, Any] | None = None) -> None:
        self.base = base.rstrip("/")
        self._options = storage_options or {}

    @cached_property
    def _fs(self) -> Any:
        from fsspec.core import url_to_fs

        fs, _ = url_to_fs(self.base, **self._options)
        return fs

    def place(self, relative: str) -> str:
        """The address of a file below the base.

        Raises
        ------
        PathOutsideHome
            If the path leads out of the base.
        """
        if relative.startswith("/") or ".." in relative.split("/") or "://" in relative:
            raise PathOutsideHome(f"{relative!r} leads out of {self.base}. Only names below it can be stored.")
        return f"{self.base}/{relative}"

    def staging_place(self, version_id: str, name: str = "") -> str:
        """The version object itself: nobody reads it before the stable copy or an event names it."""
        return self.version_place(version_id, name)

    def version_place(self, version_id: str, name: str = "") -> str:
        """``.versions/<id>`` below the base, or ``.versions/<id>/<name>``."""
        return self.place(f"{VERSIONS}/{version_id}" + (f"/{name}" if name else ""))

    def exists(self, place: str) -> bool:
        """Whether there is an object or folder."""
        with told(place):
            return bool(self._fs.exists(place))

    def size(self, place: str) -> int:
        """Bytes of the object, or of all below a folder."""
        with told(place):
            return int(self._fs.du(place))

    def open_to_read(self, place: str) -> Any:
        """The object, open to read."""
        with told(place):
            return self._fs.open(place, "rb")

    @contextmanager
    def writing(self, place: str) -> Iterator[IO[bytes]]:
        """The object, open to write; there for readers once the context ends, removed when it ends with an error."""
        try:
            with told(place):
                self._fs.makedirs(place.rpartition("/")[0], exist_ok=True)
                with self._fs.open(place, "wb") as file:
                    yield file
        except BaseException:
            self.discard(place)
            raise

    def sync(self, place: str) -> None:
        """Nothing: an object is durable when it is there."""

    def publish(
        self, staged: str, place: str, version_id: str, *, previous: str | None, identify: Identify, is_published: IsPublished | None = None
    ) -> None:
        """Copy the version object to the stable path. The superseded one needs no care: it is a version object already.

        Raises
        ------
        MissingValue
            If the version object is gone.
        """
        with told(place):
            if not self._fs.exists(staged):
                raise MissingValue(f"the object {staged} is gone, so version {version_id} cannot be published. Run the step again.")
            if self._fs.isdir(place):
                self._fs.rm(place, recursive=True)
            self._fs.makedirs(place.rpartition("/")[0], exist_ok=True)
            self._fs.copy(staged, place, recursive=self._fs.isdir(staged))

    def discard(self, staged: str) -> None:
        """Remove a version object that will not be published."""
        with suppress(OSError):
            self._fs.rm(staged, recursive=True)

    def versions(self) -> list[StoredVersion]:
        """All version objects."""
        return self._below(VERSIONS)

    def outputs(self) -> list[StoredVersion]:
        """Outputs of ops, by run; an object store does not say how large a folder is, nor since when it is there."""
        return self._below(OPS)

    def remove_outputs(self, run_id: str) -> None:
        """Remove the outputs of a run's ops."""
        self.discard(self.place(f"{OPS}/{run_id}"))

    def _below(self, name: str) -> list[StoredVersion]:
        folder = f"{self.base}/{name}"
        with told(folder):
            found = self._fs.ls(folder, detail=True) if self._fs.exists(folder) else []
        return [StoredVersion(str(one["name"]).rstrip("/").rpartition("/")[2], int(one.get("size") or 0), _moment_us(one)) for one in found]

    def remove_version(self, version_id: str) -> None:
        """Remove a version object, if it is there."""
        self.discard(self.version_place(version_id))

    def leftovers(self) -> list[StoredVersion]:
        """None: a staged value is a version object from the start, and shows up as a version that no record knows."""
        return []


_REMEDIES = {
    errno.ENOSPC: "The disk is full. Free some space and run again; nothing that was stored before is touched.",
    errno.EDQUOT: "Your quota of disk space is used up. Free some space and run again; nothing that was stored before is touched.",
    errno.EROFS: "The file system is read-only. Mount it writable, or choose another warehouse in nbasset.toml.",
    errno.EACCES: "Permission is denied. Give yourself the right to write there, or choose another warehouse in nbasset.toml.",
    errno.EPERM: "The file system forbids it. Check the owner and the attributes of the file, or choose another warehouse in nbasset.toml.",
    errno.EIO: "The disk reports an error of input or output. Check the disk before running again.",
    errno.EMFILE: "Too many files are open in this process. Close some, or raise the limit (ulimit -n).",
    errno.ENAMETOOLONG: "The name is too long for this file system. Shorten the asset key or the path of the warehouse.",
    errno.ENOTDIR: "A file stands where a folder is needed. Move it away.",
    errno.ESTALE: "The network file system lost the file. Check the mount and run again.",
}


@contextmanager
def told(place: str) -> Iterator[None]:
    """Turn errors of the file system into `StorageUnavailable`, with the path and what to do. A missing file stays what it is."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (OSError, BlockingIOError) as error:
        if isinstance(error, (StorageUnavailable, CorruptData)) or error.errno is None:
            raise
        remedy = _REMEDIES.get(error.errno, "Check the path and the file system.")
        raise StorageUnavailable(f"cannot use {place}: {os.strerror(error.errno)}. {remedy}") from error


def _make_room(source: Path, target: Path) -> None:
    """Remove what a rename cannot replace: a folder, or a file where a folder goes. A plain file is replaced in one step."""
    if target.is_dir():
        shutil.rmtree(target)
    elif target.exists() and source.is_dir():
        target.unlink()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EBADF):  # some network file systems cannot sync a folder and need not
            raise
    finally:
        os.close(handle)


def _name_of_unknown(place: Path) -> str:
    """A version name for a file that says nothing of itself: the same each time it is asked, so that a repeated publish adds nothing."""
    found = place.stat()
    return f"unknown-{found.st_ino:x}-{found.st_mtime_ns:x}"


def _listed(folder: str, prefix: str) -> list[StoredVersion]:
    try:
        found = [(one.name, _bytes_below(one), one.stat().st_mtime_ns) for one in Path(folder).iterdir() if one.name.startswith(prefix)]
    except FileNotFoundError:
        return []
    return [StoredVersion(name.removeprefix(prefix), size, modified_ns // 1000) for name, size, modified_ns in found]


def _bytes_below(path: Path) -> int:
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size


def _moment_us(listed: dict[str, Any]) -> int:
    moment = listed.get("LastModified") or listed.get("last_modified") or listed.get("mtime") or listed.get("created") or 0
    return int((moment.timestamp() if hasattr(moment, "timestamp") else float(moment)) * 1_000_000)
