"""Modules of the user's project: where they are, their text, which of them a process has imported.

A project module is one that an import finds below the project: in the folder of the notebook or module that is loaded, or in a folder of
``sys.path`` inside the home. Whatever is installed is none.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path

_NOT_OURS = frozenset({"site-packages", "dist-packages", ".venv", "venv", "node_modules"})


class ProjectFiles:
    """Texts of project modules below some folders. A file is read again only when its size or time changed.

    Instead of the folders may be given what finds them: it is asked when somebody first looks for a module.
    """

    def __init__(self, roots: Iterable[Path] | Callable[[], Iterable[Path]]) -> None:
        self._given = roots
        self._read: dict[Path, tuple[tuple[int, int], str]] = {}

    @cached_property
    def roots(self) -> tuple[Path, ...]:
        """The folders, each once."""
        return tuple(dict.fromkeys(self._given() if callable(self._given) else self._given))

    def text(self, dotted: str) -> str | None:
        """Text of a module, or of a package's ``__init__``; None when the project has none of that name."""
        path = self.find(dotted)
        if path is None:
            return None
        try:
            stat = path.stat()
            mark = (stat.st_mtime_ns, stat.st_size)
            kept = self._read.get(path)
            if kept is None or kept[0] != mark:
                kept = self._read[path] = (mark, path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            return None
        return kept[1]

    def find(self, dotted: str) -> Path | None:
        """The file of a module."""
        parts = dotted.split(".")
        if not all(part.isidentifier() for part in parts):
            return None
        # As text: asked for every import of a notebook each time it is looked at, mostly in vain.
        for root in self.roots:
            base = "/".join([str(root), *parts])
            for candidate in (f"{base}.py", f"{base}/__init__.py"):
                if os.path.isfile(candidate):  # noqa: PTH113
                    return Path(candidate)
        return None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ProjectFiles) and other.roots == self.roots

    def __hash__(self) -> int:
        return hash(self.roots)


def project_roots(folder: Path, home: Path | None = None) -> tuple[Path, ...]:
    """Folders whose modules belong to the project of a file in `folder`."""
    roots = [folder.resolve()]
    top = (home or folder).resolve()
    for entry in sys.path:
        path = Path(entry or ".").resolve()
        if path.is_relative_to(top) and not _NOT_OURS.intersection(path.relative_to(top).parts) and path.is_dir():
            roots.append(path)
    return tuple(dict.fromkeys(roots))


def on_path(folder: Path) -> None:
    """Let imports find the modules of a folder, as a kernel started there would."""
    text = str(folder.resolve())
    if text not in sys.path:
        sys.path.insert(0, text)


def forget_modules(roots: Iterable[Path]) -> None:
    """Drop the imported modules of a project, so that the next import reads their files again."""
    folders = tuple(root.resolve() for root in roots)
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not file or name == "__main__" or name.partition(".")[0] == "nbasset":
            continue
        path = Path(file)
        for folder in folders:
            if path.is_relative_to(folder) and not _NOT_OURS.intersection(path.relative_to(folder).parts):
                del sys.modules[name]
                break
