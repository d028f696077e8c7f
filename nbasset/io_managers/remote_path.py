"""A path behind an fsspec address, with the part of `pathlib.Path` that I/O managers use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO, Any


class RemotePath:
    """An address such as ``s3://bucket/warehouse/orders.parquet`` that joins, opens and lists like a path.

    >>> path = RemotePath("memory://w") / "a" / "b.csv"
    >>> str(path), path.suffix, str(path.with_suffix(".txt").parent)
    ('memory://w/a/b.csv', '.csv', 'memory://w/a')
    """

    def __init__(self, address: str, **storage_options: Any) -> None:
        self._scheme, _, rest = address.partition("://")
        self._path = PurePosixPath(rest)
        self.storage_options = storage_options

    def __str__(self) -> str:
        return f"{self._scheme}://{self._path}"

    def __repr__(self) -> str:
        return f"RemotePath({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RemotePath) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __truediv__(self, name: str) -> RemotePath:
        return self._with(self._path / name)

    def joinpath(self, *names: str) -> RemotePath:
        """This path and these below it."""
        return self._with(self._path.joinpath(*names))

    def with_suffix(self, suffix: str) -> RemotePath:
        """The same with another ending."""
        return self._with(self._path.with_suffix(suffix))

    def with_name(self, name: str) -> RemotePath:
        """The same with another last part."""
        return self._with(self._path.with_name(name))

    @property
    def name(self) -> str:
        """The last part."""
        return self._path.name

    @property
    def suffix(self) -> str:
        """The ending, with its dot."""
        return self._path.suffix

    @property
    def parent(self) -> RemotePath:
        """The path above."""
        return self._with(self._path.parent)

    @property
    def fs(self) -> Any:
        """The fsspec file system."""
        from fsspec.core import url_to_fs

        return url_to_fs(str(self), **self.storage_options)[0]

    def open(self, mode: str = "r", **options: Any) -> IO[Any]:
        """The object, open; text by default, as for a path."""
        opened: IO[Any] = self.fs.open(str(self), mode, **options)
        return opened

    def read_bytes(self) -> bytes:
        """The whole object."""
        return bytes(self.fs.cat_file(str(self)))

    def read_text(self, encoding: str = "utf-8") -> str:
        """The whole object as text."""
        return self.read_bytes().decode(encoding)

    def write_bytes(self, data: bytes) -> int:
        """Replace the object."""
        self.fs.pipe_file(str(self), data)
        return len(data)

    def write_text(self, text: str, encoding: str = "utf-8") -> int:
        """Replace the object by text."""
        return self.write_bytes(text.encode(encoding))

    def exists(self) -> bool:
        """Whether there is an object or a folder."""
        return bool(self.fs.exists(str(self)))

    def is_dir(self) -> bool:
        """Whether it is a folder."""
        return bool(self.fs.isdir(str(self)))

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        """Make the folder, where the store has folders; those above are made in any case."""
        self.fs.makedirs(str(self), exist_ok=exist_ok or parents)

    def unlink(self, missing_ok: bool = False) -> None:
        """Remove the object."""
        try:
            self.fs.rm_file(str(self))
        except FileNotFoundError:
            if not missing_ok:
                raise

    def iterdir(self) -> Iterator[RemotePath]:
        """What is directly below."""
        for name in self.fs.ls(str(self), detail=False):
            yield self / str(name).rstrip("/").rpartition("/")[2]

    def _with(self, path: PurePosixPath) -> RemotePath:
        return RemotePath(f"{self._scheme}://{path}", **self.storage_options)
