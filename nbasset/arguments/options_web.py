"""What ``ui`` was told, as a frozen value."""

from __future__ import annotations

from typing import Literal

from nbasset.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class UiArguments:
    """``ui``. A `port` of 0 is a free one; a `token` of ``auto`` is one that is made."""

    locations: tuple[str, ...] = ()
    host: str = "127.0.0.1"
    port: int = 3000
    token: str = ""
    prefix: str = ""
    known_as: tuple[str, ...] = ()
    read_only: bool = False
    opens_browser: bool = True
    log_format: Literal["text", "json"] = "text"
