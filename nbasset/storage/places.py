"""Where state may live: folders for one person alone, on a file system that keeps SQLite's promises."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from nbasset.errors import StorageUnavailable

NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afs", "ceph", "glusterfs", "lustre", "gpfs", "beegfs", "9p", "davfs"}
    | {"fuse.sshfs", "fuse.glusterfs", "fuse.s3fs", "fuse.gcsfuse", "fuse.rclone", "fuse.davfs2", "fuse.ceph"}
)
_MOUNTS = Path("/proc/self/mountinfo")


def file_system_of(path: str, mounts: str) -> str:
    """Type of the file system that holds an absolute path, from the text of ``/proc/self/mountinfo``; empty when unknown.

    >>> file_system_of("/home/ada/p", "1 0 0:1 / / rw - ext4 /dev/a rw\\n2 1 0:2 / /home rw shared:1 - nfs4 host:/h rw")
    'nfs4'
    """
    longest, kind = -1, ""
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        fields = left.split(" ")
        if len(fields) < 5 or not right:
            continue
        point = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), fields[4])
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= longest:  # a later mount on the same point hides the earlier one
            longest, kind = len(point), right.split(" ")[0]
    return kind


def refuse_network(path: Path) -> None:
    """Refuse a database on a network file system, where its write-ahead log loses commits and locks.

    Raises
    ------
    StorageUnavailable
        With the ways out. Where the system does not tell (no /proc), nothing is refused.
    """
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return
    kind = file_system_of(str(path.parent.resolve()), mounts)
    if kind in NETWORK_FILE_SYSTEMS:
        raise StorageUnavailable(
            f"{path} is on a network file system ({kind}), where SQLite's write-ahead log is not safe: commits could be lost. "
            "Keep the state on a local disk (set NBASSET_HOME to a folder there), or use PostgreSQL (storage = 'postgresql://...')."
        )


def private_folder(folder: Path) -> None:
    """Make the folder if it is missing, for its owner alone; refuse one that everybody may write to.

    Raises
    ------
    StorageUnavailable
        If others could swap files there, or the folder cannot be made.
    """
    try:
        if not folder.is_dir():
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
        mode = folder.stat().st_mode
    except OSError as error:
        raise StorageUnavailable(
            f"the folder {folder} cannot be made: {error.strerror}. Choose another place with NBASSET_HOME."
        ) from error
    if mode & stat.S_IWOTH:
        raise StorageUnavailable(
            f"{folder} can be written to by everybody, so state there is not safe. Run 'chmod 700 {folder}' or choose another folder."
        )


def private_file(path: Path) -> None:
    """Make an empty file that only its owner may read, unless it is there.

    Raises
    ------
    StorageUnavailable
        If it cannot be made.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0), 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise StorageUnavailable(f"{path} cannot be made: {error.strerror}. Choose another place with NBASSET_HOME.") from error
