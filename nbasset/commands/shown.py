"""What an asset displayed while a version was made: figures, tables, text, read from the files that the run kept."""

from __future__ import annotations

from collections.abc import Iterable

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
    return len(kept_of(event))


def shown_in(instance: Instance, entry: Entry | None) -> tuple[ShownFile, ...]:
    """What the step of an entry of the log displayed, as far as it is kept: at most twelve, two megabytes in all.

    Nothing is read but files below the folder of runs.
    """
    return read_shown(instance, kept_of(entry.event)) if entry is not None else ()


def kept_of(event: Event) -> tuple[DisplayKept, ...]:
    """What is known of the displays of a step."""
    return tuple(one for one in facts_in(event) if isinstance(one, DisplayKept))


def read_shown(instance: Instance, displays: Iterable[DisplayKept]) -> tuple[ShownFile, ...]:
    """The same of displays that are known."""
    root = instance.home.runs.resolve()
    found: list[ShownFile] = []
    size = 0
    for one in displays:
        if len(found) >= _MOST or size + one.size_bytes > _LARGEST_BYTES:
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
