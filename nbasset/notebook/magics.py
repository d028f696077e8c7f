"""The one magic of nbasset, ``asset``, in both forms: ``%%asset NAME`` defines an asset, ``%asset VERB`` acts.

Loading the extension registers it, its completion, the display of definitions and the hooks that follow the cells; unloading takes all of
that back. Loading reads the settings of the home and creates nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import field
from importlib import import_module
from typing import Any

import click

import nbasset
from nbasset.arguments import HelpArguments, help_text, parse
from nbasset.arguments.cell import cell_help
from nbasset.dataclass import dataclass
from nbasset.definitions.asset import AssetsDefinition
from nbasset.definitions.definitions import Definitions
from nbasset.errors import Error, ProblemsFound
from nbasset.keys import AssetKey, RunId
from nbasset.notebook import completion, front_end, tracebacks
from nbasset.notebook.display import show
from nbasset.notebook.session import Session
from nbasset.notebook.session_state import Change
from nbasset.storage.processes import end_with_parent

_LOADED = "_nbasset_extension"
_LEFT = "_nbasset_session"
_HELP_LINE = re.compile(r"^([ \t]*%asset[ \t]+[a-z]+)[ \t]*\?{1,2}[ \t]*(\n?)\Z")


@dataclass(slots=True)
class Extension:
    """What was registered in one shell, and how each piece is taken back."""

    session: Session
    undo: list[Callable[[], None]] = field(default_factory=list)


def load_ipython_extension(shell: Any) -> None:
    """What ``%load_ext nbasset`` calls. A second call only says the line again."""
    if getattr(shell, _LOADED, None) is None:
        left: Session | None = getattr(shell, _LEFT, None)
        if left is not None:
            left.resume()
        extension = Extension(left or Session(shell))
        setattr(shell, _LOADED, extension)
        _register(shell, extension)
        if front_end.is_batch():
            front_end.shorten_exit()
            front_end.keep_what_is_loaded()
            end_with_parent()
    print(_greeting(current_session(shell)))  # noqa: T201 - the one line that loading says


def unload_ipython_extension(shell: Any) -> None:
    """What ``%unload_ext nbasset`` calls; does nothing when it is not loaded.

    What the cells defined is kept for the next load: cells of ``%%asset`` could not be found again in the names of the kernel.
    """
    extension: Extension | None = getattr(shell, _LOADED, None)
    if extension is not None:
        for undo in reversed(extension.undo):
            undo()
        delattr(shell, _LOADED)
        setattr(shell, _LEFT, extension.session)


def current_session(shell: Any = None) -> Session | None:
    """The session of a shell, by default of the one that runs; None when the extension is not loaded there."""
    if shell is None:
        from IPython.core.getipython import get_ipython

        shell = get_ipython()
    extension: Extension | None = getattr(shell, _LOADED, None)
    return extension.session if extension is not None else None


def _greeting(session: Session | None) -> str:
    assert session is not None
    if front_end.is_batch():
        return f"nbasset {nbasset.__version__}"
    try:
        instance = session.instance
        known = len(instance.reader.assets(prefix="", limit=1_000_000))
    except Error as error:  # a home that cannot be read is told when it is needed; the cells can be run
        return f"nbasset {nbasset.__version__}, home not usable: {error}"
    defined = len(session.location().definitions.catalog.by_key)
    counts = (
        f"{defined} {'asset' if defined == 1 else 'assets'} defined"
        if defined
        else f"{known} {'asset' if known == 1 else 'assets'} recorded"
    )
    return f"nbasset {nbasset.__version__}, home {instance.home.root}, {counts}"


def _register(shell: Any, extension: Extension) -> None:
    session = extension.session
    magics = AssetMagics(session)
    manager = shell.magics_manager
    for kind, function in (("line", magics.line), ("cell", magics.cell)):
        manager.register_function(function, magic_kind=kind, magic_name="asset")
        extension.undo.append(lambda kind=kind: manager.magics[kind].pop("asset", None))  # type: ignore[misc]
    for event, callback in (("pre_run_cell", session.before_cell), ("post_run_cell", magics.after_cell)):
        shell.events.register(event, callback)
        extension.undo.append(lambda event=event, callback=callback: shell.events.unregister(event, callback))  # type: ignore[misc]
    shell.input_transformers_cleanup.append(_help_lines)
    extension.undo.append(lambda: shell.input_transformers_cleanup.remove(_help_lines))
    extension.undo.append(completion.install(shell, session))
    extension.undo.append(tracebacks.install(shell))
    extension.undo.append(_register_displays(shell, session))
    extension.undo.append(lambda: _close_panels(session))
    # The cell that loads the extension is running already, so what stands below in it has no beginning that the hooks have seen.
    session.begin_late()


def _help_lines(lines: list[str]) -> list[str]:
    """``%asset run?`` asks about the verb; IPython would take it for a question about the object ``run``."""
    return [_HELP_LINE.sub(r"\1 --help\2", line) for line in lines]


def _close_panels(session: Session) -> None:
    """End what watches for live panels, if there ever were any."""
    import sys

    desk = sys.modules.get("nbasset.notebook.desk")
    if desk is not None:
        desk.close_desk(session)


def _register_displays(shell: Any, session: Session) -> Callable[[], None]:
    """Definitions that end a cell show their card in place of a line of Python."""
    formatter = shell.display_formatter.mimebundle_formatter

    def bundle_of(value: Any, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return _bundle_of(session, value)

    for cls in (AssetsDefinition, Definitions):
        formatter.for_type(cls, bundle_of)

    def remove() -> None:
        for cls in (AssetsDefinition, Definitions):
            formatter.pop(cls, None)

    return remove


def _bundle_of(session: Session, value: AssetsDefinition | Definitions) -> dict[str, str]:
    session.catch_up()
    faces = _faces()
    found: dict[str, str] = (
        faces.definitions_bundle(session, value) if isinstance(value, Definitions) else faces.defined_bundle(session, value.keys)
    ).data()
    return found


def _do_part(session: Session, arguments: Any) -> None:
    """A part of a run: the faces of the verbs are not needed, and a kernel that nobody watches would wait for their import."""
    from nbasset.notebook.parts import do_part

    do_part(session, RunId(arguments.part_of), [AssetKey.from_user_string(word) for word in arguments.select.split(", ")])


class AssetMagics:
    """The two functions behind ``asset``, and what is shown below a cell that defines."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.line.__func__.__doc__ = help_text()  # type: ignore[attr-defined]
        self.cell.__func__.__doc__ = cell_help()  # type: ignore[attr-defined]

    # -- %asset --------------------------------------------------------------------------------------------------------------

    def line(self, line: str) -> Any:
        """Act on the assets of this notebook."""
        words = line.strip()
        if words.endswith("?"):
            words = f"{words.rstrip('?').strip()} --help" if words.rstrip("?").strip() else "--help"
        try:
            verb, arguments = parse(words)
        except click.UsageError as error:
            raise _usage(error.format_message()) from None
        if isinstance(arguments, HelpArguments):
            print(arguments.text)  # noqa: T201 - help is asked for as text
            return None

        session = self.session
        session.catch_up()
        session.sync()
        try:
            if getattr(arguments, "part_of", ""):
                return _do_part(session, arguments)
            return _faces().VERB_FACES[verb](session, arguments)
        except (Error, KeyboardInterrupt) as error:
            raise error if hasattr(error, "_render_traceback_") else tracebacks.told(error) from None

    # -- %%asset -------------------------------------------------------------------------------------------------------------

    def cell(self, line: str, body: str) -> None:
        """Define an asset: the cell's body makes it."""
        if line.strip() in ("?", "--help", "-h"):
            print(cell_help())  # noqa: T201 - help is asked for as text
            return
        session = self.session
        session.sync()
        compiled, change = session.define(f"%%asset {line}\n{body}")
        label = session.state.label(change.cell)
        usage = next((problem for problem in compiled.problems if problem.rule == "usage"), None)
        if usage is not None:
            raise _usage(usage.message)
        if compiled.definition is None:
            self._refuse(compiled.problems, label, f"%%asset {line}\n{body}")
        if not front_end.is_batch():
            self._show(change, label)

    def _refuse(self, problems: Any, label: str, raw: str) -> None:
        """Show why a cell makes no asset, and raise it.

        Raises
        ------
        ProblemsFound
            Always.
        """
        show(_faces().problems_card(problems, title=f"{label[:1].upper()}{label[1:]} defines no asset", lines=raw.rstrip().split("\n")))
        raise tracebacks.told(ProblemsFound(problems), is_shown=True) from None

    # -- below cells that define -----------------------------------------------------------------------------------------------

    def after_cell(self, result: Any) -> None:
        """Show what the cell that has just run defined, or gave up. Never raises: the cell is over."""
        change = self.session.after_cell(result)
        if change is None or front_end.is_batch() or result.error_in_exec is not None:
            return
        try:
            self.session.sync()
            self._show(change, self.session.state.label(change.cell))
        except Error as error:
            print(f"nbasset cannot show what this cell defines. {type(error).__name__}: {error}")  # noqa: T201

    def _show(self, change: Change, label: str) -> None:
        show(_faces().changed_bundle(self.session, change, label))


def _faces() -> Any:
    """What displays: it draws, so it is loaded with the first card and not with the extension, which has to be quick."""
    return import_module("nbasset.notebook.verbs")


def _usage(message: str) -> Exception:
    from IPython.core.error import UsageError

    made: Exception = UsageError(message)
    return made
