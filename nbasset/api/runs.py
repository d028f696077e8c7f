"""Runs: which there are, what became of them, step by step."""

from __future__ import annotations

from typing import Any


def _version(parent: Any, info: Any) -> str:
    from nbasset import __version__

    return __version__


RESOLVERS = {"Query.version": _version}
