"""What an asset displayed while its newest version was made: figures, tables, text, read from the files that the run kept."""

from __future__ import annotations

from nbasset.commands.show import facts_in
from nbasset.dataclass import dataclass
from nbasset.events.facts import DisplayKept
from nbasset.events.kinds import Event
from nbasset.events.records import Entry
from nbasset.instance import Instance

_MOST = 12
_LARGEST_BYTES = 2_000_000


@dataclass(frozen=True, slots=True)
class ShownFile:
    """One display: its form, and what it holds."""

    mime: str
    data: bytes


def count_shown(event: Event) -> int:
    """How many displays of a step were kept, whether or not they are still there."""
    return sum(isinstance(one, DisplayKept) for one in facts_in(event))


def shown_in(instance: Instance, entry: Entry | None) -> tuple[ShownFile, ...]:
    """What the step of an entry of the log displayed, as far as it is kept: at most twelve, two megabytes in all.

    Nothing is read but files below the folder of runs.
    """
    if entry is None:
        return ()
    root = instance.home.runs.resolve()
    found: list[ShownFile] = []
    size = 0
    for one in facts_in(entry.event):
        if not isinstance(one, DisplayKept) or len(found) >= _MOST or size + one.size_bytes > _LARGEST_BYTES:
            continue
        path = (root / one.file).resolve()
        if not path.is_relative_to(root):
            continue
        try:
            data = path.read_bytes()
        except OSError:
            continue
        size += len(data)
        found.append(ShownFile(one.mime, data))
    return tuple(found)
