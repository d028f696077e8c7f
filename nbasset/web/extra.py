"""Whether what the server is made of is installed: it comes with the extra ``web``."""

from __future__ import annotations

from importlib.util import find_spec

NEEDED = ("starlette", "uvicorn", "websockets", "graphql")
HOW = "pip install 'nbasset[web]'"


def has_web_extra() -> bool:
    """Whether all of it is there. Nothing is loaded."""
    return all(find_spec(name) is not None for name in NEEDED)
