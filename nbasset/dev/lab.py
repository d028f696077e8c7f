"""JupyterLab as a part of what is served: how it is started, and which of its many lines people are shown."""

from __future__ import annotations

import os
import re
from pathlib import Path

from nbasset.errors import InvalidInvocationError

_LEVEL = re.compile(r"^\[(?P<level>[DIWEC]) [\d: .-]+(?P<source>\w+)\] ?(?P<text>.*)$")
_ADDRESS = re.compile(r"https?://\S+")


def lab_command(folder: Path, host: str, port: int) -> list[str]:
    """What starts JupyterLab in a folder, after the Python that it runs with. It makes a token of its own where none is configured."""
    command = [
        "-m", "jupyterlab", "--no-browser", f"--ServerApp.ip={host}", f"--port={port}", "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={folder}",
    ]  # fmt: skip
    return [*command, "--allow-root"] if os.geteuid() == 0 else command


def missing_lab(is_there: bool) -> None:
    """Say what to install where JupyterLab is not there.

    Raises
    ------
    InvalidInvocationError
        If it is not.
    """
    if not is_there:
        raise InvalidInvocationError(
            "JupyterLab is not installed here. Install it: pip install 'nbasset[lab]'. Or serve without it: nbasset dev --no-lab"
        )


class LabLines:
    """Of what JupyterLab writes, what people are shown: its address once, warnings and errors, and whatever else is none of its chatter.

    >>> lines = LabLines()
    >>> lines.shown("[I 2026-11-25 08:08:20.804 LabApp] Extension Manager is 'pypi'.")
    []
    >>> lines.shown("[I 2026-11-25 08:08:20.804 ServerApp] http://127.0.0.1:8888/lab?token=a1")
    ['JupyterLab: http://127.0.0.1:8888/lab?token=a1']
    >>> lines.shown("[W 2026-11-25 08:09:00.000 ServerApp] Notebook a.ipynb is not trusted")
    ['Notebook a.ipynb is not trusted']
    """

    def __init__(self) -> None:
        self._is_announced = False
        self._follows = True  # a line without a level belongs to the one before

    def shown(self, line: str) -> list[str]:
        """What is shown of a line: nothing, or one text."""
        found = _LEVEL.match(line)
        if found is None:
            return [line] if self._follows and line.strip() else []
        text = found["text"].strip()
        self._follows = found["level"] != "C"  # of these is only how to end it, and its address again
        if found["level"] in "WE":
            return [text]
        address = _ADDRESS.fullmatch(text)
        if address is None or self._is_announced:
            return []
        self._is_announced = True
        return [f"JupyterLab: {address[0]}"]
