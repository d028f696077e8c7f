"""Completion behind ``%asset``: verbs, options, keys, partitions, selections; and names of assets in the body of an ``%%asset`` cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from nbasset.arguments import Known, complete
from nbasset.errors import Error
from nbasset.notebook.session import Session

_LINE = re.compile(r"^[ \t]*(?:[^\W\d]\w*[ \t]*=[ \t]*)?%asset[ \t]+(.*)\Z", re.DOTALL)
_HEADER = re.compile(r"^%%asset[ \t]+(.*)\Z", re.DOTALL)
_WORD = re.compile(r"[^\W\d]\w*\Z")
_MOST_PARTITIONS = 200


def install(shell: Any, session: Session) -> Callable[[], None]:
    """Let the shell complete; the function that takes it back."""
    from IPython.core import completer as ipython

    @ipython.context_matcher()  # type: ignore[untyped-decorator]
    def nbasset_matcher(context: Any) -> Any:
        line = context.line_with_cursor[: context.cursor_position]
        fragment, found = candidates(session, context.full_text, line)
        if not found:
            return {"completions": [], "suppress": False}
        return {
            "completions": [ipython.SimpleCompletion(text=text, type="asset") for text in found],
            "suppress": fragment is not None,
            "matched_fragment": fragment if fragment is not None else context.token,
            "ordered": True,
        }

    matchers: list[Any] = shell.Completer.custom_matchers
    matchers.append(nbasset_matcher)

    def remove() -> None:
        if nbasset_matcher in matchers:
            matchers.remove(nbasset_matcher)

    return remove


def candidates(session: Session, text: str, line: str) -> tuple[str | None, list[str]]:
    """What could stand at the end of `line`, the part of a cell's line before the cursor; with the text that it would replace.

    The text is None for names in a cell's body: there they stand beside what else is known.
    """
    header = _HEADER.match(line)
    found = header or _LINE.match(line)
    try:
        if found is not None:
            typed = found[1].lstrip()
            return typed.rpartition(" ")[2], complete(typed, known(session), is_cell=header is not None)
        word = _WORD.search(line)
        if word is not None and text.lstrip().startswith("%%asset"):
            names = session.location().code.asset_names
            return None, sorted(name for name in names if name.startswith(word[0]))
    except Error:  # a home that cannot be read must not break typing
        return "", []
    return "", []


def known(session: Session) -> Known:
    """What this session could name."""
    catalog = session.location().definitions.catalog
    specs = [asset.spec for asset in catalog.assets]

    def partitions(name: str) -> Sequence[str]:
        for key, asset in catalog.by_key.items():
            if str(key) == name and asset.partitions_def is not None:
                view = session.instance.partitions_view()
                keys = asset.partitions_def.keys_of(asset.partitions_def.ordinals(view), view.table)
                return keys if len(keys) <= _MOST_PARTITIONS else [*keys[-_MOST_PARTITIONS:]][::-1]
        return ()

    return Known(
        [str(key) for key in catalog.by_key],
        sorted({spec.group for spec in specs}),
        sorted({kind for spec in specs for kind in spec.kinds}),
        sorted({owner for spec in specs for owner in spec.owners}),
        sorted({f"{key}={value}" if value else key for spec in specs for key, value in spec.tags.items()}),
        partitions,
        [one.name for one in catalog.jobs],
        [one.name for one in catalog.schedules],
        [one.name for one in catalog.sensors],
    )
