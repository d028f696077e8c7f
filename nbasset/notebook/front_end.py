"""What can be learned of the front end: which cell runs, where its notebook is saved, whether anybody watches.

JupyterLab, Notebook 7 and VS Code send an id with each cell. nbclient and papermill send none: there a prepared copy carries the id as a
comment, and else the number of the execution has to do.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import Any

from nbasset.errors import InvalidInvocationError
from nbasset.locations.syntax import plain_python

NOTEBOOK_VARIABLE = "NBASSET_NOTEBOOK"
FOLDER_VARIABLE = "NBASSET_NOTEBOOK_FOLDER"
"""Names the notebook file where no front end does: set by the papermill engine."""
BATCH_VARIABLE = "NBASSET_PAPERMILL"
"""Set to 1 by the papermill engine: nobody watches, and what is displayed is kept as it is."""
WIDGETS_VARIABLE = "NBASSET_WIDGETS"
"""0 shows cards without scripts only, 1 widgets also where the front end does not name its cells."""
_FLUSH_S = 1.0
_NAMES = ("__vsc_ipynb_file__", "__session__")


def is_batch() -> bool:
    """Whether this kernel runs a notebook from top to bottom for the papermill engine."""
    return os.environ.get(BATCH_VARIABLE, "") not in ("", "0")


def widgets_wish() -> bool | None:
    """What the variable ``NBASSET_WIDGETS`` says; None when it says nothing."""
    said = os.environ.get(WIDGETS_VARIABLE, "")
    return None if not said else said != "0"


def names_cells(shell: Any) -> bool:
    """Whether the front end says which cell runs: those that people sit before do."""
    return parent_id(shell) is not None


def running_cell(shell: Any) -> str:
    """What tells this run of this cell from others: ``id#number``."""
    number = execution_number(shell)
    return f"{parent_id(shell) or numbered(number)}#{number}"


def confirmed(question: str) -> bool:
    """Ask the person before the notebook; only a yes counts.

    Raises
    ------
    InvalidInvocationError
        If nobody can be asked: under papermill, nbclient and front ends without a field to type into.
    """
    from IPython.core.error import StdinNotImplementedError

    try:
        if not is_batch():
            return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except (EOFError, StdinNotImplementedError):
        pass
    raise InvalidInvocationError(f"{question} Nobody is there to confirm it. Add --yes.")


def shorten_exit() -> None:
    """Let the exit of a kernel wait one second, not ten, for a thread of its own that has ended.

    ipykernel sometimes stops the thread that sends output while the one that answers the request to stop still flushes; the latter then
    waits until its time is up.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "flush_timeout"):
            stream.flush_timeout = _FLUSH_S


def keep_what_is_loaded() -> None:
    """Let the garbage collector pass over what the kernel has loaded so far: in a kernel that runs one notebook it stays to the end.

    The notebook's own imports make the collector look through everything several times; that cost as much as loading the extension.
    """
    gc.freeze()


def cell_id_of(shell: Any, info: Any) -> str:
    """The id of the cell that is about to run: the front end's, else the one a prepared copy carries, else ``In[7]``."""
    given = getattr(info, "cell_id", None) or parent_id(shell)
    if given:
        return str(given)
    marked = plain_python(info.raw_cell).cell_id
    return marked or numbered(execution_number(shell))


def execution_number(shell: Any) -> int:
    """The number of the cell that is about to run, ``In[number]``. IPython 9 counts before a cell, IPython 8 after it; both keep its source
    only later.
    """
    history = getattr(shell, "history_manager", None)
    kept = len(getattr(history, "input_hist_raw", ()))
    count = int(shell.execution_count)
    return kept if count - 1 <= kept <= count else count


def numbered(number: int) -> str:
    """The id of a cell that has no other.

    >>> numbered(7)
    'In[7]'
    """
    return f"In[{number}]"


def is_numbered(cell_id: str) -> bool:
    """Whether the id is only the number of an execution, so that the next run of the same cell has another one."""
    return cell_id.startswith("In[")


def parent_id(shell: Any) -> str | None:
    """The id in the request's metadata, for versions of ipykernel that do not pass it on."""
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return None
    try:
        found = kernel.get_parent("shell").get("metadata", {}).get("cellId")
    except (AttributeError, LookupError, TypeError):
        return None
    return str(found) if found else None


def notebook_path(shell: Any) -> Path | None:
    """The saved file of this session's notebook, if the front end tells and the file is there."""
    candidates = [os.environ.get(NOTEBOOK_VARIABLE), *(shell.user_ns.get(name) for name in _NAMES), os.environ.get("JPY_SESSION_NAME")]
    for candidate in candidates:
        if isinstance(candidate, str) and candidate.endswith(".ipynb"):
            path = Path(candidate).expanduser()
            if path.is_file():
                return path.resolve()
    return None


def notebook_folder(path: Path | None) -> Path:
    """Where this session's notebook runs: where its file is, unless whoever executes a copy of it says otherwise."""
    given = os.environ.get(FOLDER_VARIABLE)
    if path is not None and given and Path(given).is_dir():
        return Path(given)
    return path.parent if path is not None else Path.cwd()


def has_prompt(shell: Any) -> bool:
    """Whether this is a terminal: each line is typed anew, so typing a definition again is no second one."""
    return any(cls.__name__ == "TerminalInteractiveShell" for cls in type(shell).__mro__)
