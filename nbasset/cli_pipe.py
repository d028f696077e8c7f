"""The child's side of a location in a process of its own (`cli_apart` is the parent's): what it tells through the pipe."""

from __future__ import annotations

import json
import os
from contextlib import suppress

from nbasset.dataclass import dataclass
from nbasset.errors import LocationError, UnknownAsset, UnknownJob

UNKNOWN_HERE = (UnknownAsset, UnknownJob)
"""What a call about a whole project may not find in one of its locations."""

VARIABLE = "NBASSET_APART"
"""Set for a child: the file descriptor of its pipe, and after a colon ``project`` or ``one``."""

NOT_HERE = 3
"""The exit code of a child that does not know what was named."""


@dataclass(slots=True)
class Telling:
    """A child's end of the pipe. `of_project`: the call is about all locations, so what is unknown here is no error yet."""

    pipe: int
    of_project: bool

    def tell(self, kind: str, text: str = "") -> None:
        """Say one thing to the parent; one that is gone does not matter."""
        with suppress(OSError):
            os.write(self.pipe, json.dumps([kind, text]).encode() + b"\n")

    def is_passed_on(self, error: Exception) -> bool:
        """Tell of a name that this location does not know, or of code that is broken; whether that is the parent's affair now."""
        if not self.of_project or not isinstance(error, (*UNKNOWN_HERE, LocationError)):
            return False
        self.tell("broken" if isinstance(error, LocationError) else "unknown", str(error))
        return True


_TELLING: list[Telling] = []


def begin() -> Telling | None:
    """For the command line as it starts: whether this process is such a child. What it starts itself is none."""
    text = os.environ.pop(VARIABLE, "")
    if text:
        pipe, _, manner = text.partition(":")
        os.set_inheritable(int(pipe), False)
        _TELLING[:] = [Telling(int(pipe), manner == "project")]
        _TELLING[0].tell("here")
    return telling()


def telling() -> Telling | None:
    """The pipe to the parent, if this process is a child."""
    return _TELLING[0] if _TELLING else None


def loaded() -> None:
    """Tell the parent, if there is one, that the code is loaded: from now on it may take its time."""
    for one in _TELLING:
        one.tell("loaded")
