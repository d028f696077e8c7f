"""What a notebook's code may expect of IPython where there is none: `display` and `get_ipython`, for code that names them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


def shell_in_use() -> Any:
    """The shell through which code displays here: the one that runs, or a bare one where code brought IPython along; else None."""
    if "IPython" not in sys.modules:
        return None
    return _shell()


def shell_names() -> dict[str, Any]:
    """The names, ready for a namespace. The shell behind them is made when it is first asked for, and keeps no history."""
    from IPython.display import display

    return {"display": display, "get_ipython": _shell}


def _shell() -> Any:
    from IPython.core.getipython import get_ipython

    running = get_ipython()
    return running if running is not None else _bare_shell()


def _bare_shell() -> Any:
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    make: Callable[..., Any] = InteractiveShell.instance
    return make(config=config)
